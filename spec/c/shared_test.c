/* Shared sessions through MAPILogonEx: mapi-sessions.md, mapilogonex.md; row 1 of the truth table, the eight outcomes, decisions O1,
 * O2, O7 to O9, O12, H13. What becomes of those who share is shared_life_test's, what the slot does underneath slot_test's.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/session.h"
#include "core/text.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/processes.h"
#include "support/shared.h"

/* ---- the truth table's row 1, and the decisions about joining ---- */

static BOOL never_to_be_asked(void *context, struct mapi_dialog *dialog)
{
    (void)dialog;
    ++*(unsigned *)context;
    return TRUE;
}

static void row1_joins_whatever_else_was_said(void **state)
{
    static const char *const names[] = {NULL, "", "work", "other", "nobody", "Not A Profile/"};
    static const FLAGS flags[] = {MAPI_USE_DEFAULT, MAPI_EXPLICIT_PROFILE, MAPI_LOGON_UI, MAPI_ALLOW_OTHERS,
                                  MAPI_PASSWORD_UI | MAPI_SERVICE_UI_ALWAYS | MAPI_EXTENDED | MAPI_TIMEOUT_SHORT};
    unsigned asked = 0;
    IMAPISession *first = share("work", MAPI_ALLOW_OTHERS);
    (void)state;
    MapiSetDialog(never_to_be_asked, &asked);
    for (unsigned combination = 0; combination < 1u << 5; combination++) {
        FLAGS all = 0;
        for (unsigned i = 0; i < 5; i++)
            all |= combination & 1u << i ? flags[i] : 0;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            IMAPISession *session = share(names[i], all);
            assert_int_equal(state_of(session), IS_SHARED | WAS_JOINED);
            assert_true(has_profile(session, u"work"));
            log_off(session);
        }
    }
    assert_int_equal(asked, 0);
    log_off(first);
}

static void what_is_wrong_without_looking_is_wrong_for_a_joiner_too(void **state)
{
    IMAPISession *first = share("work", MAPI_ALLOW_OTHERS), *session = NULL;
    (void)state;
    assert_int_equal(MAPILogonEx(0, NULL, NULL, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_log_on(NULL, 0x400, &session), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(MAPILogonEx(0, NULL, (LPSTR)(uintptr_t) "x", 0, &session), MAPI_E_LOGON_FAILED);
    assert_int_equal(try_log_on(name_65, 0, &session), MAPI_E_LOGON_FAILED);
    assert_null(session);
    assert_int_equal(others(first), 0);
    log_off(first);
}

static void O1_each_joiner_has_a_session_of_its_own(void **state)
{
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = share(NULL, 0), *c = share(NULL, 0);
    (void)state;
    assert_ptr_not_equal(a, b);
    assert_ptr_not_equal(b, c);
    assert_int_equal(logoff_with(b, 0), S_OK);
    assert_int_equal(use_session(b), MAPI_E_INVALID_OBJECT);
    assert_int_equal(use_session(a), S_OK);
    assert_int_equal(use_session(c), S_OK);
    assert_int_equal(logoff_with(b, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(others(a), 1);
    release(b);
    log_off(a); /* its creator; the session goes on */
    assert_int_equal(state_of(c), IS_SHARED | WAS_JOINED);
    a = share(NULL, 0);
    assert_int_equal(others(c), 1);
    log_off(c);
    log_off(a);
    assert_int_equal(shared_files(), 0);
}

static void O2_a_new_session_leaves_the_shared_one_its_place(void **state)
{
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = share("other", MAPI_ALLOW_OTHERS | MAPI_NEW_SESSION);
    (void)state;
    assert_int_equal(state_of(a), IS_SHARED);
    assert_int_equal(state_of(b), 0);
    assert_true(has_profile(b, u"other"));
    IMAPISession *c = share(NULL, 0);
    assert_true(has_profile(c, u"work"));
    assert_int_equal(logoff_with(b, MAPI_LOGOFF_SHARED), S_OK); /* L5: it is a private one */
    release(b);
    assert_int_equal(state_of(a), IS_SHARED);
    log_off(a);
    log_off(c);
    b = share("other", MAPI_ALLOW_OTHERS | MAPI_NEW_SESSION); /* now the place is free */
    assert_int_equal(state_of(b), IS_SHARED);
    log_off(b);
}

static void O7_a_name_does_not_keep_from_joining(void **state)
{
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = share("other", 0), *c = share(NULL, 0);
    (void)state;
    assert_true(has_profile(b, u"work"));
    assert_true(has_profile(c, u"work"));
    log_off(c);
    log_off(b);
    log_off(a);
}

static void O8_flags_are_each_members_own(void **state)
{
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS | MAPI_NO_MAIL), *b = share(NULL, MAPI_BG_SESSION),
                 *c = share(NULL, MAPI_NO_MAIL);
    (void)state;
    assert_int_equal(session_of(a)->core->flags, MAPI_ALLOW_OTHERS | MAPI_NO_MAIL);
    assert_int_equal(session_of(b)->core->flags, MAPI_BG_SESSION);
    assert_int_equal(session_of(c)->core->flags, MAPI_NO_MAIL);
    log_off(a);
    log_off(b);
    log_off(c);
}

static void O9_joining_needs_no_password(void **state)
{
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = NULL;
    (void)state;
    assert_int_equal(MAPILogonEx(0, NULL, (LPSTR)(uintptr_t) "", 0, &b), S_OK);
    assert_int_equal(state_of(b), IS_SHARED | WAS_JOINED);
    log_off(b);
    log_off(a);
}

static void set_default(const char *name)
{
    IProfAdmin *admin = prof_admin();
    assert_int_equal(admin->lpVtbl->SetDefaultProfile(admin, (LPSTR)(uintptr_t)name, 0), S_OK);
    release(admin);
}

static BOOL choose(void *context, struct mapi_dialog *dialog)
{
    assert_int_equal(dialog->size, sizeof *dialog);
    assert_int_equal(dialog->kind, MAPI_DIALOG_LOGON);
    assert_int_equal(dialog->window, 77);
    assert_true(dialog->flags & MAPI_LOGON_UI);
    assert_string_equal(dialog->name, "");
    assert_true(dialog->name_size > PROFILE_NAME_BYTES);
    const char *answer = context;
    if (answer)
        strcpy(dialog->name, answer);
    return answer != NULL;
}

static HRESULT log_on_asking(const char *answer, FLAGS flags)
{
    IMAPISession *session = NULL;
    MapiSetDialog(choose, (void *)(uintptr_t)answer);
    HRESULT hr = MAPILogonEx(77, NULL, NULL, flags | MAPI_LOGON_UI, &session);
    if (hr == S_OK) {
        assert_true(has_profile(session, u"other"));
        log_off(session);
    } else {
        assert_null(session);
    }
    return hr;
}

static void O12_a_host_that_asks(void **state)
{
    char longest[PROFILE_NAME_BYTES + 1];
    (void)state;
    assert_int_equal(log_on_asking("other", 0), S_OK);
    assert_int_equal(log_on_asking("other", MAPI_NEW_SESSION | MAPI_USE_DEFAULT), S_OK); /* there is no default */
    assert_int_equal(log_on_asking("other", MAPI_ALLOW_OTHERS | MAPI_EXPLICIT_PROFILE), S_OK);
    assert_int_equal(log_on_asking(NULL, 0), MAPI_E_USER_CANCEL);
    assert_non_null(MapiErrorDetail(MAPI_E_USER_CANCEL));
    assert_int_equal(log_on_asking("nobody", 0), MAPI_E_LOGON_FAILED);
    assert_int_equal(log_on_asking("", 0), MAPI_E_LOGON_FAILED);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(log_on_asking(longest, 0), MAPI_E_LOGON_FAILED);
    set_default("other");
    MapiSetDialog(choose, NULL); /* nothing to ask */
    IMAPISession *session = share(NULL, MAPI_LOGON_UI | MAPI_USE_DEFAULT);
    log_off(session);
    session = share("other", MAPI_LOGON_UI);
    log_off(session);
}

/* H13: what a helper has logged on, it logs off, also where that joined a shared session; the others stay. */
static void H13_a_helper_leaves_only_its_own_place(void **state)
{
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS);
    IOlkAccountHelper *helper = NULL;
    LPUNKNOWN session = NULL;
    (void)state;
    assert_int_equal(OlkCreateOwningHelper(u"work", 0, 0, NULL, &helper), S_OK);
    assert_int_equal(helper->lpVtbl->GetMapiSession(helper, &session), S_OK);
    assert_int_equal(state_of((IMAPISession *)session), IS_SHARED | WAS_JOINED);
    assert_int_equal(others(a), 1);
    release(session);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), S_OK);
    assert_int_equal(others(a), 0);
    assert_int_equal(state_of(a), IS_SHARED);
    release(helper);
    log_off(a);
}

/* ---- the eight outcomes (02, section 2.2) ---- */

/* What a logon is with and without a shared session that was there before. */
static const struct {
    FLAGS flags;
    int alone, beside;
    const WCHAR *beside_profile;
} outcomes[] = {
    {0, 0, IS_SHARED | WAS_JOINED, u"work"},
    {MAPI_ALLOW_OTHERS, IS_SHARED, IS_SHARED | WAS_JOINED, u"work"},
    {MAPI_NEW_SESSION, 0, 0, u"other"},
    {MAPI_NEW_SESSION | MAPI_ALLOW_OTHERS, IS_SHARED, 0, u"other"},
};

static void expect_outcomes(bool beside)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        IMAPISession *session = share("other", outcomes[i].flags);
        assert_int_equal(state_of(session), beside ? outcomes[i].beside : outcomes[i].alone);
        assert_true(has_profile(session, beside ? outcomes[i].beside_profile : u"other"));
        log_off(session);
    }
}

static void the_eight_outcomes_within_a_process(void **state)
{
    (void)state;
    expect_outcomes(false);
    assert_int_equal(shared_files(), 0);
    IMAPISession *first = share("work", MAPI_ALLOW_OTHERS);
    expect_outcomes(true);
    assert_int_equal(state_of(first), IS_SHARED);
    log_off(first);
    expect_outcomes(false);
}

static void the_eight_outcomes_between_processes(void **state)
{
    struct process p = process_start(shared_serve);
    (void)state;
    assert_int_equal(process_do(&p, 'c'), IS_SHARED);
    expect_outcomes(true);
    assert_int_equal(process_do(&p, 'o'), 0);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    expect_outcomes(false);
    assert_int_equal(process_do(&p, 'C'), IS_SHARED);
    expect_outcomes(true);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    assert_int_equal(process_do(&p, 'N'), 0);
    expect_outcomes(false);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    process_end(&p);
}

static void a_session_outlives_the_process_that_made_it(void **state)
{
    struct process p = process_start(shared_serve), q = process_start(shared_serve);
    (void)state;
    assert_int_equal(process_do(&p, 'c'), IS_SHARED);
    assert_int_equal(process_do(&q, 'j'), IS_SHARED | WAS_JOINED);
    assert_int_equal(process_do(&q, 'w'), TRUE);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    process_end(&p);
    IMAPISession *session = share("other", 0);
    assert_int_equal(state_of(session), IS_SHARED | WAS_JOINED);
    assert_true(has_profile(session, u"work"));
    assert_int_equal(others(session), 1);
    assert_int_equal(process_do(&q, 'o'), 1);
    log_off(session);
    assert_int_equal(process_do(&q, 'l'), S_OK);
    assert_int_equal(shared_files(), 0);
    process_end(&q);
}

/* Eight processes at once: one of them makes the session, and all are in it. */
static void who_loses_the_race_to_create_joins(void **state)
{
    enum { COUNT = 8, ROUNDS = 10 };
    struct process all[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++)
        all[i] = process_start(shared_serve);
    for (int round = 0; round < ROUNDS; round++) {
        int created = 0;
        for (int i = 0; i < COUNT; i++)
            process_send(&all[i], 'c');
        for (int i = 0; i < COUNT; i++) {
            long answer = process_answer(&all[i]);
            assert_true(answer == IS_SHARED || answer == (IS_SHARED | WAS_JOINED));
            created += answer == IS_SHARED;
        }
        assert_int_equal(created, 1);
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(process_do(&all[i], 'o'), COUNT - 1);
        for (int i = 0; i < COUNT; i++)
            process_send(&all[i], i % 2 ? 'l' : 'r');
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(process_answer(&all[i]), S_OK);
    }
    for (int i = 0; i < COUNT; i++)
        process_end(&all[i]);
    IMAPISession *last = share("work", MAPI_ALLOW_OTHERS);
    assert_int_equal(state_of(last), IS_SHARED);
    log_off(last);
}

static void *create_or_join(void *context)
{
    IMAPISession **session = context;
    for (int i = 0; i < 50; i++) {
        if (try_log_on("work", MAPI_ALLOW_OTHERS, session) != S_OK)
            return (void *)"log on";
        if (!(state_of(*session) & IS_SHARED))
            return (void *)"share";
        if (logoff_with(*session, i % 5 ? 0 : MAPI_LOGOFF_SHARED) != S_OK)
            return (void *)"log off";
        release(*session);
    }
    return NULL;
}

static void threads_create_and_join(void **state)
{
    enum { COUNT = 4 };
    pthread_t threads[COUNT];
    IMAPISession *sessions[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create_or_join, &sessions[i]), 0);
    for (int i = 0; i < COUNT; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        if (failed)
            fail_msg("a thread could not %s", (const char *)failed);
    }
}

/* ---- failing memory ---- */

static HRESULT come_and_go(void *context)
{
    const FLAGS *flags = context;
    IMAPISession *session = NULL;
    HRESULT hr = try_log_on("work", *flags, &session);
    if (FAILED(hr)) {
        assert_null(session);
        return hr;
    }
    for (int tries = 0; (hr = logoff_with(session, MAPI_LOGOFF_SHARED)) != S_OK && tries < 1; tries++)
        assert_int_equal(use_session(session) == S_OK || use_session(session) == MAPI_E_NOT_ENOUGH_MEMORY, TRUE);
    release(session);
    return hr;
}

static HRESULT join_and_leave(void *context)
{
    IMAPISession *session = NULL;
    HRESULT hr = try_log_on("other", 0, &session);
    (void)context;
    if (FAILED(hr)) {
        assert_null(session);
        return hr;
    }
    assert_int_equal(state_of(session), IS_SHARED | WAS_JOINED);
    hr = logoff_with(session, 0);
    release(session);
    return hr;
}

static void failing_memory(void **state)
{
    FLAGS create = MAPI_ALLOW_OTHERS, create_new = MAPI_ALLOW_OTHERS | MAPI_NEW_SESSION;
    struct process p = process_start(shared_serve);
    (void)state;
    log_off(share("work", MAPI_ALLOW_OTHERS));
    int before = descriptors();
    fault_sweep(come_and_go, &create);
    assert_int_equal(descriptors(), before);
    fault_sweep(come_and_go, &create_new);
    assert_int_equal(process_do(&p, 'c'), IS_SHARED);
    fault_sweep(join_and_leave, NULL); /* as a member among others */
    assert_int_equal(process_do(&p, 'o'), 0);
    assert_int_equal(descriptors(), before);
    IMAPISession *a = share(NULL, 0);
    fault_sweep(join_and_leave, NULL); /* as a second client of a member */
    assert_int_equal(process_do(&p, 'o'), 1);
    log_off(a);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    process_end(&p);
    assert_int_equal(shared_files(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(row1_joins_whatever_else_was_said),
        IN_HOME(what_is_wrong_without_looking_is_wrong_for_a_joiner_too),
        IN_HOME(O1_each_joiner_has_a_session_of_its_own),
        IN_HOME(O2_a_new_session_leaves_the_shared_one_its_place),
        IN_HOME(O7_a_name_does_not_keep_from_joining),
        IN_HOME(O8_flags_are_each_members_own),
        IN_HOME(O9_joining_needs_no_password),
        IN_HOME(O12_a_host_that_asks),
        IN_HOME(H13_a_helper_leaves_only_its_own_place),
        IN_HOME(the_eight_outcomes_within_a_process),
        IN_HOME(the_eight_outcomes_between_processes),
        IN_HOME(a_session_outlives_the_process_that_made_it),
        IN_HOME(who_loses_the_race_to_create_joins),
        IN_HOME(threads_create_and_join),
        IN_HOME(failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
