/* MAPIInitialize and MAPIUninitialize: mapiinitialize.md, mapiuninitialize.md, decisions R3 to R6; and the
   home directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include <mapisub.h>

#include "support/fault.h"
#include "support/fake_store.h"
#include "support/mapi.h"
#include "support/temp_home.h"

static HRESULT initialize(ULONG version, ULONG flags)
{
    MAPIINIT_0 init = {version, flags};
    return MAPIInitialize(&init);
}

/* Whether the subsystem takes calls. */
static HRESULT answer(void)
{
    IProfAdmin *admin = NULL;
    HRESULT hr = MAPIAdminProfiles(0, &admin);
    if (hr == S_OK)
        release(admin);
    else
        assert_null(admin);
    return hr;
}

static void counted(void **state)
{
    (void)state;
    assert_int_equal(answer(), MAPI_E_NOT_INITIALIZED);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(initialize(0, MAPI_MULTITHREAD_NOTIFICATIONS | MAPI_NO_COINIT | MAPI_NT_SERVICE), S_OK);
    MAPIUninitialize();
    assert_int_equal(answer(), S_OK);
    MAPIUninitialize();
    assert_int_equal(answer(), MAPI_E_NOT_INITIALIZED);
}

static void bad_arguments(void **state)
{
    (void)state;
    assert_int_equal(initialize(1, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(initialize(0, 0x2), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(initialize(0, 0x40000000), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(initialize(1, 0x2), MAPI_E_INVALID_PARAMETER); /* the version comes first */
    assert_non_null(MapiErrorDetail(MAPI_E_INVALID_PARAMETER));
}

/* R5: the flags of a later call are checked and change nothing. */
static void R5_nested_flags_are_checked(void **state)
{
    (void)state;
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(initialize(0, 0x4), MAPI_E_UNKNOWN_FLAGS);
    MAPIUninitialize();
    assert_int_equal(answer(), MAPI_E_NOT_INITIALIZED);
}

static void R4_underflow_does_nothing(void **state)
{
    (void)state;
    MAPIUninitialize();
    MAPIUninitialize();
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(answer(), S_OK);
    MAPIUninitialize();
}

static HRESULT initialize_once(void *context)
{
    (void)context;
    HRESULT hr = MAPIInitialize(NULL);
    if (hr == S_OK)
        MAPIUninitialize();
    return hr;
}

static void R6_failure_does_not_count(void **state)
{
    (void)state;
    fault_start(1);
    assert_int_equal(MAPIInitialize(NULL), MAPI_E_NOT_ENOUGH_MEMORY);
    assert_true(fault_stop());
    assert_int_equal(answer(), MAPI_E_NOT_INITIALIZED);
    fault_sweep(initialize_once, NULL);
    assert_int_equal(answer(), MAPI_E_NOT_INITIALIZED);
}

static void R3_live_sessions_are_logged_off(void **state)
{
    (void)state;
    IMAPISession *session;
    LPMAPITABLE table = NULL;
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(create_profile("work"), S_OK);
    session = log_on("work");
    IMAPISession *other = log_on("work");
    MAPIUninitialize();
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), MAPI_E_INVALID_OBJECT);
    assert_int_equal(session->lpVtbl->Logoff(session, 0, 0, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(other->lpVtbl->Logoff(other, 0, 0, 0), MAPI_E_INVALID_OBJECT);
    release(session);
    release(other);
}

/* R3: what was opened through them is as dead, and counts on. */
static void R3_children_are_invalid(void **state)
{
    (void)state;
    LPMAPITABLE table = NULL;
    ULONG rows = 0;
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(create_profile("work"), S_OK);
    IMAPISession *session = log_on("work");
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    MAPIUninitialize();
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &rows), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->AddRef(table), 2);
    release(table);
    release(table);
    release(session);
}

static void every_entry_point_wants_it(void **state)
{
    (void)state;
    IMAPISession *session = (IMAPISession *)state;
    assert_int_equal(MAPILogonEx(0, (LPSTR) "work", NULL, 0, &session), MAPI_E_NOT_INITIALIZED);
    assert_null(session);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    IProfAdmin *admin = prof_admin();
    assert_int_equal(create_profile("work"), S_OK);
    IMsgServiceAdmin2 *services = service_admin("work");
    LPPROFSECT section = NULL;
    MAPIUID uid = muidGlobalProfileSection;
    assert_int_equal(services->lpVtbl->OpenProfileSection(services, &uid, NULL, 0, &section), S_OK);
    MAPIUninitialize();
    LPMAPITABLE table = (LPMAPITABLE)state;
    assert_int_equal(admin->lpVtbl->GetProfileTable(admin, 0, &table), MAPI_E_NOT_INITIALIZED);
    assert_null(table);
    assert_int_equal(admin->lpVtbl->CreateProfile(admin, (LPSTR) "x", NULL, 0, 0), MAPI_E_NOT_INITIALIZED);
    assert_int_equal(services->lpVtbl->DeleteMsgService(services, &uid), MAPI_E_NOT_INITIALIZED);
    ULONG count = 0;
    LPSPropValue values = NULL;
    assert_int_equal(section->lpVtbl->GetProps(section, NULL, 0, &count, &values), MAPI_E_NOT_INITIALIZED);
    release(section);
    release(services);
    release(admin);
    void *block = NULL; /* not these */
    assert_int_equal(MAPIAllocateBuffer(8, &block), S_OK);
    MAPIFreeBuffer(block);
}

/* Which directory ---------------------------------------------------------------------------------------- */

static void expect_home(const char *directory)
{
    char file[512];
    struct stat info;
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(stat(directory, &info), -1); /* nothing is made before it is needed */
    assert_int_equal(create_profile("work"), S_OK);
    MAPIUninitialize();
    assert_int_equal(stat(directory, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    snprintf(file, sizeof file, "%s/profiles.db", directory);
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void home_is_MAPI_HOME_then_XDG_then_the_users(void **state)
{
    (void)state;
    char inner[512], xdg[512], home[512], old_home[512];
    snprintf(old_home, sizeof old_home, "%s", getenv("HOME") ? getenv("HOME") : "/");
    snprintf(inner, sizeof inner, "%s/a/b", temp_home_path());
    snprintf(xdg, sizeof xdg, "%s/xdg/lua-mapi", temp_home_path());
    snprintf(home, sizeof home, "%s/user/.local/share/lua-mapi", temp_home_path());
    char *xdg_base = strdup(temp_home_file("xdg")), *home_base = strdup(temp_home_file("user"));
    setenv("MAPI_HOME", inner, 1);
    expect_home(inner);
    setenv("MAPI_HOME", "", 1);
    setenv("XDG_DATA_HOME", xdg_base, 1);
    expect_home(xdg);
    setenv("XDG_DATA_HOME", "relative/is/ignored", 1);
    setenv("HOME", home_base, 1);
    expect_home(home);
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", old_home, 1);
    setenv("MAPI_HOME", temp_home_path(), 1);
    free(xdg_base);
    free(home_base);
}

static void a_relative_home_stays_where_it_was(void **state)
{
    (void)state;
    char *here = getcwd(NULL, 0);
    assert_int_equal(chdir(temp_home_path()), 0);
    setenv("MAPI_HOME", "sub", 1);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(create_profile("work"), S_OK);
    MAPIUninitialize();
    assert_int_equal(access(temp_home_file("sub/profiles.db"), F_OK), 0);
    assert_int_equal(chdir(here), 0);
    setenv("MAPI_HOME", temp_home_path(), 1);
    free(here);
}

/* The home is settled when the count leaves 0, and again the next time. */
static void home_is_looked_up_once(void **state)
{
    (void)state;
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    setenv("MAPI_HOME", "/nowhere/at/all", 1);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(create_profile("work"), S_OK);
    MAPIUninitialize();
    MAPIUninitialize();
    setenv("MAPI_HOME", temp_home_path(), 1);
}

/* Threads ------------------------------------------------------------------------------------------------ */

static void *live_and_die(void *context)
{
    (void)context;
    for (int i = 0; i < 50; i++) {
        IMAPISession *session = NULL;
        if (MAPIInitialize(NULL) != S_OK)
            return (void *)"initialize";
        if (try_log_on("work", MAPI_NEW_SESSION, &session) != S_OK)
            return (void *)"log on";
        /* While this thread counts, nobody else's leaving ends its session. */
        if (session->lpVtbl->Logoff(session, 0, 0, 0) != S_OK)
            return (void *)"log off";
        release(session);
        MAPIUninitialize();
    }
    return NULL;
}

static void threads_come_and_go(void **state)
{
    (void)state;
    pthread_t threads[4];
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(create_profile("work"), S_OK);
    MAPIUninitialize();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, live_and_die, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        if (failed)
            fail_msg("a thread could not %s", (const char *)failed);
    }
    assert_int_equal(answer(), MAPI_E_NOT_INITIALIZED);
}

static int setup(void **state)
{
    fake_store_reset();
    return temp_home_setup(state);
}

static int teardown(void **state)
{
    expect_nothing_alive();
    return temp_home_teardown(state);
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(counted),
        IN_HOME(bad_arguments),
        IN_HOME(R5_nested_flags_are_checked),
        IN_HOME(R4_underflow_does_nothing),
        IN_HOME(R6_failure_does_not_count),
        IN_HOME(R3_live_sessions_are_logged_off),
        IN_HOME(R3_children_are_invalid),
        IN_HOME(every_entry_point_wants_it),
        IN_HOME(home_is_MAPI_HOME_then_XDG_then_the_users),
        IN_HOME(a_relative_home_stays_where_it_was),
        IN_HOME(home_is_looked_up_once),
        IN_HOME(threads_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
