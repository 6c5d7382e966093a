/* MAPILogonEx: mapilogonex.md, the decision procedure, decisions O1 to O16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "core/logon.h"
#include "support/fake_store.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/temp_home.h"

#define ALL_FLAGS ((ULONG)0x8033B07F)

static HRESULT logon_with(const void *name, const void *password, FLAGS flags)
{
    IMAPISession *session = (IMAPISession *)(uintptr_t)1;
    HRESULT hr = MAPILogonEx(0, (LPSTR)(uintptr_t)name, (LPSTR)(uintptr_t)password, flags, &session);
    if (hr == S_OK) {
        log_off(session);
    } else {
        assert_null(session); /* on every failure */
        assert_non_null(MapiErrorDetail(hr));
    }
    return hr;
}

static HRESULT logon(const char *name, FLAGS flags)
{
    return logon_with(name, NULL, flags);
}

static void set_default(const char *name)
{
    IProfAdmin *admin = prof_admin();
    assert_int_equal(admin->lpVtbl->SetDefaultProfile(admin, (LPSTR)(uintptr_t)name, 0), S_OK);
    release(admin);
}

static int setup(void **state)
{
    int result = mapi_setup(state);
    return result ? result : create_profile("work") == S_OK ? 0 : -1;
}

static void row2_a_named_profile(void **state)
{
    (void)state;
    assert_int_equal(logon("work", MAPI_NEW_SESSION), S_OK);
    assert_int_equal(logon("work", 0), S_OK);
    assert_int_equal(logon_with(u"work", NULL, MAPI_UNICODE | MAPI_NEW_SESSION), S_OK);
    assert_int_equal(logon_with(u"work", u"", MAPI_UNICODE), S_OK);
}

static void row3_the_default_profile(void **state)
{
    (void)state;
    assert_int_equal(logon(NULL, MAPI_USE_DEFAULT), MAPI_E_LOGON_FAILED);
    assert_int_equal(logon("", MAPI_USE_DEFAULT | MAPI_LOGON_UI), MAPI_E_LOGON_FAILED);
    set_default("work");
    assert_int_equal(logon(NULL, MAPI_USE_DEFAULT), S_OK);
    assert_int_equal(logon("", MAPI_USE_DEFAULT), S_OK);
    assert_int_equal(logon_with(u"", NULL, MAPI_USE_DEFAULT | MAPI_UNICODE), S_OK);
    set_default(NULL);
    assert_int_equal(logon(NULL, MAPI_USE_DEFAULT), MAPI_E_LOGON_FAILED);
}

static void row5_no_name_no_default_flag(void **state)
{
    (void)state;
    set_default("work");
    assert_int_equal(logon(NULL, 0), MAPI_E_LOGON_FAILED);
    assert_int_equal(logon("", MAPI_NEW_SESSION | MAPI_EXTENDED), MAPI_E_LOGON_FAILED);
}

static void O3_bad_parameters(void **state)
{
    (void)state;
    assert_int_equal(MAPILogonEx(0, (LPSTR) "work", NULL, 0, NULL), MAPI_E_INVALID_PARAMETER);
    for (int bit = 0; bit < 32; bit++) {
        ULONG flag = (ULONG)1 << bit;
        if (!(ALL_FLAGS & flag))
            assert_int_equal(logon("work", flag), MAPI_E_UNKNOWN_FLAGS);
    }
}

static void every_known_flag_is_taken(void **state)
{
    (void)state;
    for (int bit = 0; bit < 31; bit++) { /* 31 is MAPI_UNICODE */
        ULONG flag = (ULONG)1 << bit;
        if (ALL_FLAGS & flag)
            assert_int_equal(logon("work", flag), S_OK);
    }
}

static void O4_explicit_profile(void **state)
{
    (void)state;
    set_default("work");
    assert_int_equal(logon("work", MAPI_EXPLICIT_PROFILE), S_OK);
    assert_int_equal(logon(NULL, MAPI_EXPLICIT_PROFILE), MAPI_E_LOGON_FAILED);
    assert_int_equal(logon(NULL, MAPI_EXPLICIT_PROFILE | MAPI_USE_DEFAULT), S_OK);
}

static void O5_O6_dialog_flags_without_dialogs(void **state)
{
    (void)state;
    assert_int_equal(logon("work", MAPI_LOGON_UI | MAPI_PASSWORD_UI | MAPI_SERVICE_UI_ALWAYS), S_OK);
}

static void O10_passwords(void **state)
{
    (void)state;
    assert_int_equal(logon_with("work", "", MAPI_NEW_SESSION), S_OK);
    assert_int_equal(logon_with("work", "x", MAPI_NEW_SESSION), MAPI_E_LOGON_FAILED);
    assert_int_equal(logon_with(u"work", u"x", MAPI_UNICODE), MAPI_E_LOGON_FAILED);
}

static void O11_unknown_profile(void **state)
{
    (void)state;
    assert_int_equal(logon("nobody", MAPI_NEW_SESSION), MAPI_E_LOGON_FAILED);
    assert_non_null(strstr(MapiErrorDetail(MAPI_E_LOGON_FAILED), "nobody"));
    assert_int_equal(logon("Work", MAPI_NEW_SESSION), MAPI_E_LOGON_FAILED); /* case matters */
    assert_int_equal(logon("work ", MAPI_NEW_SESSION), MAPI_E_LOGON_FAILED);
}

static void O12_nobody_to_ask(void **state)
{
    (void)state;
    set_default("work");
    assert_int_equal(logon(NULL, MAPI_LOGON_UI), MAPI_E_LOGON_FAILED);
    assert_int_equal(logon("nobody", MAPI_LOGON_UI), MAPI_E_LOGON_FAILED);
}

static void O14_without_MAPI_EXTENDED(void **state)
{
    (void)state;
    assert_int_equal(logon("work", MAPI_NEW_SESSION), S_OK);
    assert_int_equal(logon("work", MAPI_NEW_SESSION | MAPI_EXTENDED), S_OK);
}

static void O15_the_name_beats_the_default(void **state)
{
    (void)state;
    IMAPISession *session = NULL;
    void *info = NULL;
    LPWSTR name = NULL;
    assert_int_equal(create_profile("other"), S_OK);
    set_default("other");
    assert_int_equal(try_log_on("work", MAPI_USE_DEFAULT, &session), S_OK);
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, &info), S_OK);
    assert_int_equal(((LPMAPISESSIONINFO)info)->lpVtbl->GetProfileName(info, &name), S_OK);
    assert_memory_equal(name, u"work", sizeof u"work");
    MAPIFreeBuffer(name);
    release(info);
    log_off(session);
}

/* O13: stores are logged on to when they are opened, and then the profile's existence is all there is to a logon. */
static void O13_no_provider_starts_at_logon(void **state)
{
    (void)state;
    IMsgServiceAdmin2 *services = service_admin("work");
    assert_int_equal(services->lpVtbl->CreateMsgService(services, (LPSTR)FAKE_SERVICE, NULL, 0, 0), S_OK);
    release(services);
    fake_plan.init = MAPI_E_CALL_FAILED; /* O16: it would not matter either */
    assert_int_equal(logon("work", MAPI_NEW_SESSION), S_OK);
    assert_int_equal(fake_log.inits, 0);
}

static void each_logon_is_a_session_of_its_own(void **state)
{
    (void)state;
    IMAPISession *a = log_on("work"), *b = log_on("work");
    assert_ptr_not_equal(a, b);
    log_off(a);
    LPMAPITABLE table = NULL;
    assert_int_equal(b->lpVtbl->GetMsgStoresTable(b, 0, &table), S_OK);
    release(table);
    log_off(b);
}

/* Names -------------------------------------------------------------------------------------------------- */

static void names_up_to_64_units(void **state)
{
    (void)state;
    WCHAR wide[66];
    for (int i = 0; i < 65; i++)
        wide[i] = u'ä';
    wide[64] = 0;
    IProfAdmin *admin = prof_admin();
    assert_int_equal(admin->lpVtbl->CreateProfile(admin, (LPSTR)(void *)wide, NULL, 0, MAPI_UNICODE), S_OK);
    release(admin);
    assert_int_equal(logon_with(wide, NULL, MAPI_UNICODE), S_OK);
    wide[64] = u'ä';
    wide[65] = 0;
    assert_int_equal(logon_with(wide, NULL, MAPI_UNICODE), MAPI_E_LOGON_FAILED);
    assert_int_equal(create_profile(name_64), S_OK);
    assert_int_equal(logon(name_64, 0), S_OK);
    assert_int_equal(logon(name_65, 0), MAPI_E_LOGON_FAILED);
}

/* A name of 64 units that takes 192 bytes, and one outside the basic plane: two units, four bytes each. */
static void names_are_counted_in_units(void **state)
{
    (void)state;
    char euros[64 * 3 + 1] = "", clefs[32 * 4 + 1] = "", clefs_and_one[32 * 4 + 2];
    for (int i = 0; i < 64; i++)
        strcat(euros, "\xE2\x82\xAC");
    for (int i = 0; i < 32; i++)
        strcat(clefs, "\xF0\x9D\x84\x9E");
    strcpy(clefs_and_one, clefs);
    strcat(clefs_and_one, "x");
    assert_int_equal(create_profile(euros), S_OK);
    assert_int_equal(logon(euros, 0), S_OK);
    assert_int_equal(create_profile(clefs), S_OK);
    assert_int_equal(logon(clefs, 0), S_OK);
    assert_int_equal(create_profile(clefs_and_one), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(logon(clefs_and_one, 0), MAPI_E_LOGON_FAILED);
}

static void names_that_are_no_text(void **state)
{
    (void)state;
    static const WCHAR lone[] = {0xD800, 0};
    assert_int_equal(logon("\xFF", 0), MAPI_E_LOGON_FAILED);
    assert_int_equal(logon("\xC3", 0), MAPI_E_LOGON_FAILED);
    assert_int_equal(logon("\xED\xA0\x80", 0), MAPI_E_LOGON_FAILED);
    assert_int_equal(logon_with(lone, NULL, MAPI_UNICODE), MAPI_E_LOGON_FAILED);
}

/* The mutex ---------------------------------------------------------------------------------------------- */

static void *hold_the_mutex(void *context)
{
    pthread_barrier_t *barriers = context;
    logon_lock();
    pthread_barrier_wait(&barriers[0]);
    pthread_barrier_wait(&barriers[1]);
    logon_unlock();
    return NULL;
}

static void MAPI_TIMEOUT_SHORT_gives_up(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_barrier_t barriers[2];
    pthread_barrier_init(&barriers[0], NULL, 2);
    pthread_barrier_init(&barriers[1], NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, hold_the_mutex, barriers), 0);
    pthread_barrier_wait(&barriers[0]);
    assert_int_equal(logon("work", MAPI_TIMEOUT_SHORT), MAPI_E_TIMEOUT);
    pthread_barrier_wait(&barriers[1]);
    pthread_join(thread, NULL);
    assert_int_equal(logon("work", MAPI_TIMEOUT_SHORT), S_OK);
    pthread_barrier_destroy(&barriers[0]);
    pthread_barrier_destroy(&barriers[1]);
}

/* The disk ----------------------------------------------------------------------------------------------- */

static void existence_is_read_from_the_disk(void **state)
{
    (void)state;
    assert_int_equal(logon("work", 0), S_OK);
    assert_int_equal(unlink(temp_home_file("profiles.db")), 0);
    assert_int_equal(logon("work", 0), MAPI_E_LOGON_FAILED);
    assert_int_equal(access(temp_home_file("profiles.db"), F_OK), -1); /* a logon makes nothing */
    assert_int_equal(create_profile("work"), S_OK);
    assert_int_equal(logon("work", 0), S_OK);
}

static HRESULT whole_cycle(void *context)
{
    (void)context;
    IMAPISession *session = NULL;
    HRESULT hr = try_log_on("work", MAPI_NEW_SESSION, &session);
    if (FAILED(hr)) {
        assert_null(session);
        return hr;
    }
    hr = session->lpVtbl->Logoff(session, 0, 0, 0);
    release(session);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    fault_sweep(whole_cycle, NULL);
    MAPIUninitialize(); /* with the connection to be opened, too */
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    fault_sweep(whole_cycle, NULL);
}

static void many_sessions(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    IMAPISession *sessions[COUNT];
    for (int i = 0; i < COUNT; i++)
        sessions[i] = log_on("work");
    assert_int_equal(live("session"), COUNT);
    for (int i = 0; i < COUNT; i++)
        log_off(sessions[i]);
}

static void *cycles(void *context)
{
    for (int i = 0; i < 300; i++)
        if (whole_cycle(context) != S_OK)
            return (void *)"log on";
    return NULL;
}

static void two_threads_on_one_profile(void **state)
{
    (void)state;
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, cycles, NULL), 0);
    for (int i = 0; i < 2; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, setup, mapi_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(row2_a_named_profile),
        IN_HOME(row3_the_default_profile),
        IN_HOME(row5_no_name_no_default_flag),
        IN_HOME(O3_bad_parameters),
        IN_HOME(every_known_flag_is_taken),
        IN_HOME(O4_explicit_profile),
        IN_HOME(O5_O6_dialog_flags_without_dialogs),
        IN_HOME(O10_passwords),
        IN_HOME(O11_unknown_profile),
        IN_HOME(O12_nobody_to_ask),
        IN_HOME(O13_no_provider_starts_at_logon),
        IN_HOME(O14_without_MAPI_EXTENDED),
        IN_HOME(O15_the_name_beats_the_default),
        IN_HOME(each_logon_is_a_session_of_its_own),
        IN_HOME(names_up_to_64_units),
        IN_HOME(names_are_counted_in_units),
        IN_HOME(names_that_are_no_text),
        IN_HOME(MAPI_TIMEOUT_SHORT_gives_up),
        IN_HOME(existence_is_read_from_the_disk),
        IN_HOME(failing_memory),
        IN_HOME(many_sessions),
        IN_HOME(two_threads_on_one_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
