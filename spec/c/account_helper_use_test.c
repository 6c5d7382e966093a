/* What the account manager does with its helper (iolkaccounthelper.md): when it asks for what, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mapix.h>

#include "base/utf.h"
#include "support/accounts.h"
#include "support/mapi.h"

#define WORK u"work"

static const DWORD no_sync = ACCT_INIT_NOSYNCH_MAPI_ACCTS;

/* What makes a manager need the session: the delivery store of an account that names none. */
static HRESULT ask_for_store(IOlkAccountManager *manager)
{
    IOlkEnum *list = acct_enumerate(manager, &CLSID_OlkMail, NULL);
    IOlkAccount *account = acct_enum_next(list);
    HRESULT hr = acct_get_result(account, PROP_ACCT_DELIVERY_STORE);
    release_account(account);
    list->lpVtbl->Release(list);
    return hr;
}

static IOlkAccountManager *open_with(struct test_helper *helper, DWORD flags)
{
    IOlkAccountManager *manager = open_manager_with(&helper->interface, flags);
    make_account(manager, &CLSID_OlkIMAP4Account, u"account");
    return manager;
}

static IMAPISession *work_session(void)
{
    return log_on("work");
}

/* ---- GetIdentity ---- */

static void Init_asks_for_the_identity_and_nothing_else(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    helper.owns = true;
    IOlkAccountManager *manager = open_with(&helper, no_sync);
    assert_int_equal(helper.identity_calls, 1);
    assert_int_equal(helper.session_calls, 0);
    assert_int_equal(live("session"), 0);
    close_manager(manager);
    assert_int_equal(helper.hands_off_calls, 0); /* the session was never fetched */
    assert_int_equal(helper.placeholder_calls, 0);
}

static void H10_helpers_that_do_not_count_the_NUL(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    helper.forgets_nul = true;
    close_manager(open_with(&helper, no_sync));
}

/* A helper for names of any length, that insists on exactly the room it asks for. */
static void H10_long_names_are_asked_for_again(void **state)
{
    (void)state;
    WCHAR name[201];
    struct test_helper helper;
    IOlkAccountManager *manager = new_manager();
    for (size_t i = 0; i < 200; i++)
        name[i] = u'n';
    name[200] = 0;
    test_helper_init(&helper, name);
    assert_int_equal(manager->lpVtbl->Init(manager, &helper.interface, no_sync),
                     E_OLK_REGISTRY); /* there cannot be such a profile */
    assert_int_equal(helper.identity_calls, 2);
    helper.forgets_nul = true;
    assert_int_equal(manager->lpVtbl->Init(manager, &helper.interface, no_sync), E_OLK_REGISTRY);
    name[64] = 0; /* the longest that there can be: one question is enough */
    helper.identity_calls = 0;
    assert_int_equal(manager->lpVtbl->Init(manager, &helper.interface, no_sync), E_OLK_REGISTRY);
    assert_int_equal(helper.identity_calls, 1);
    close_manager(manager);
    assert_int_equal(helper.refs, 1);
}

static void a_helper_without_an_identity_fails_Init(void **state)
{
    (void)state;
    static const HRESULT results[] = {E_INVALIDARG, E_OUTOFMEMORY, E_FAIL, E_NOTIMPL, MAPI_E_NOT_FOUND};
    struct test_helper helper;
    IOlkAccountManager *manager = new_manager();
    test_helper_init(&helper, NULL);
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        helper.identity_result = results[i];
        assert_int_equal(manager->lpVtbl->Init(manager, &helper.interface, no_sync), E_OLK_REGISTRY);
    }
    const WCHAR *const names[] = {u"", u"a/b", u"no such profile", (const WCHAR[]){0xD800, 0}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        helper.identity = names[i];
        assert_int_equal(manager->lpVtbl->Init(manager, &helper.interface, no_sync), E_OLK_REGISTRY);
    }
    assert_int_equal(helper.session_calls, 0);
    assert_int_equal(helper.hands_off_calls, 0);
    assert_int_equal(helper.refs, 1);
    close_manager(manager);
}

/* ---- GetMapiSession ---- */

static void the_session_is_fetched_when_it_is_needed_and_never_kept(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    helper.owns = true;
    IOlkAccountManager *manager = open_with(&helper, no_sync);
    assert_int_equal(ask_for_store(manager), S_OK);
    assert_int_equal(helper.session_calls, 1);
    assert_int_equal(live("session"), 1);
    assert_int_equal(live("store"), 0);
    assert_int_equal(live("table"), 0);
    /* One reference is the helper's, and there is no other. */
    assert_int_equal(helper.session->lpVtbl->AddRef(helper.session), 2);
    helper.session->lpVtbl->Release(helper.session);
    assert_int_equal(ask_for_store(manager), S_OK);
    assert_int_equal(helper.session_calls, 2);
    close_manager(manager);
}

/* H14: everything derived from the session is gone before it is handed off, and that happens once. */
static void H4_a_client_may_hand_off_under_the_manager(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    helper.owns = true;
    IOlkAccountManager *manager = open_with(&helper, no_sync);
    assert_int_equal(ask_for_store(manager), S_OK);
    assert_int_equal(helper.interface.lpVtbl->HandsOffSession(&helper.interface), S_OK);
    assert_int_equal(live("session"), 0); /* the manager had kept nothing of it */
    assert_int_equal(ask_for_store(manager), S_OK);
    assert_int_equal(helper.session_calls, 2); /* it asks again */
    assert_int_equal(helper.interface.lpVtbl->HandsOffSession(&helper.interface), S_OK);
    assert_int_equal(helper.hands_off_calls, 2);
    close_manager(manager);
    assert_int_equal(helper.hands_off_calls, 3); /* once by the manager, all the same (H2) */
    assert_int_equal(helper.refs, 1);
    assert_int_equal(live("session"), 0);
}

static void H14_the_end_hands_off_once_and_then_releases_the_helper(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    helper.owns = true;
    IOlkAccountManager *manager = open_with(&helper, no_sync);
    IOlkAccount *kept = find_account(manager, 1);
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    struct test_client client;
    test_client_init(&client);
    acct_advise(manager, &client);
    assert_int_equal(ask_for_store(manager), S_OK);
    assert_int_equal(helper.hands_off_calls, 0);
    close_manager(manager); /* accounts, enumerators and registrations do not keep it */
    assert_int_equal(helper.hands_off_calls, 1);
    assert_false(helper.session_at_hands_off);
    assert_int_equal(helper.refs, 1);
    assert_int_equal(client.refs, 1);
    assert_int_equal(live("session"), 0);
    release_account(kept);
    list->lpVtbl->Release(list);
    assert_int_equal(helper.hands_off_calls, 1);
}

/* The documentation's circle: session, something in it, manager, session. Counted, it is none. */
static void there_is_no_circle(void **state)
{
    (void)state;
    IOlkAccountManager *manager = open_manager(WORK); /* with the embedded owning helper */
    make_account(manager, &CLSID_OlkIMAP4Account, u"account");
    IOlkAccount *account = find_account(manager, 1);
    assert_int_equal(acct_get_result(account, PROP_ACCT_SENTITEMS_EID), S_OK);
    assert_int_equal(live("session"), 1);
    assert_int_equal(live("helper"), 1);
    assert_int_equal(live("account_manager"), 1);
    assert_int_equal(manager->lpVtbl->AddRef(manager), 2); /* neither session nor helper holds it */
    manager->lpVtbl->Release(manager);
    close_manager(manager);
    assert_int_equal(live("account_manager"), 0);
    assert_int_equal(live("helper"), 0);
    assert_int_equal(live("session"), 0);
    assert_int_equal(live("store"), 0);
    assert_int_equal(live("account"), 1);
    release_account(account);
}

static void H8_a_helper_without_a_session(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    IOlkAccountManager *manager = open_with(&helper, no_sync);
    assert_int_equal(ask_for_store(manager), E_ACCT_NOT_FOUND);
    helper.session_result = E_NOTIMPL;
    assert_int_equal(ask_for_store(manager), E_ACCT_NOT_FOUND);
    helper.keeps_silent = true; /* S_OK and NULL is a failure too */
    assert_int_equal(ask_for_store(manager), E_ACCT_NOT_FOUND);
    assert_int_equal(helper.session_calls, 3);
    assert_true(stored_name_is(manager, 1, u"account")); /* everything else works */
    close_manager(manager);
    assert_int_equal(helper.hands_off_calls, 0);
}

static void a_helper_without_a_session_fails_an_Init_that_synchronises(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    IOlkAccountManager *manager = new_manager();
    assert_int_equal(manager->lpVtbl->Init(manager, &helper.interface, OLK_ACCOUNT_NO_FLAGS), E_OLK_REGISTRY);
    assert_int_equal(helper.session_calls, 1);
    assert_int_equal(helper.hands_off_calls, 0);
    assert_int_equal(helper.refs, 1);
    /* One that lends the session of another profile would mix up two profiles; it gets its session back. */
    accounts_make_profile("home", true);
    helper.session = log_on("home");
    assert_int_equal(manager->lpVtbl->Init(manager, &helper.interface, OLK_ACCOUNT_NO_FLAGS), E_OLK_REGISTRY);
    assert_int_equal(helper.hands_off_calls, 1);
    log_off(helper.session);
    close_manager(manager);
    assert_int_equal(helper.refs, 1);
}

static void H12_a_borrowed_session_that_its_owner_logged_off(void **state)
{
    (void)state;
    IMAPISession *session = work_session();
    IOlkAccountHelper *helper = NULL;
    assert_int_equal(OlkCreateBorrowingHelper(session, &helper), S_OK);
    IOlkAccountManager *manager = open_manager_with(helper, no_sync);
    make_account(manager, &CLSID_OlkIMAP4Account, u"account");
    assert_int_equal(ask_for_store(manager), S_OK);
    log_off(session);
    assert_int_equal(ask_for_store(manager), E_ACCT_NOT_FOUND);
    assert_true(stored_name_is(manager, 1, u"account"));
    helper->lpVtbl->Release(helper);
    close_manager(manager);
}

static void H12_a_helper_that_lends_a_dead_session(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    helper.session = work_session();
    IOlkAccountManager *manager = open_with(&helper, no_sync);
    assert_int_equal(helper.session->lpVtbl->Logoff(helper.session, 0, 0, 0), S_OK);
    assert_int_equal(ask_for_store(manager), E_ACCT_NOT_FOUND);
    close_manager(manager);
    assert_int_equal(helper.session->lpVtbl->Release(helper.session), 0);
}

/* ---- HandsOffSession ---- */

static char warned[256];

static void keep_warning(void *context, const char *sentence)
{
    ++*(unsigned *)context;
    snprintf(warned, sizeof warned, "%s", sentence);
}

static void H15_another_answer_to_HandsOffSession_is_logged(void **state)
{
    (void)state;
    static const HRESULT results[] = {E_NOTIMPL, S_OK, E_FAIL, E_UNEXPECTED, S_FALSE};
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        struct test_helper helper;
        unsigned warnings = 0;
        struct olk_host host = {.size = sizeof host, .context = &warnings, .warn = keep_warning};
        test_helper_init(&helper, WORK);
        helper.session = work_session();
        helper.hands_off_result = results[i];
        IOlkAccountManager *manager = open_with(&helper, no_sync);
        IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
        assert_int_equal(embedded->lpVtbl->SetHost(embedded, &host), S_OK);
        assert_int_equal(ask_for_store(manager), S_OK);
        MapiClearErrorDetail();
        close_manager(manager);
        assert_int_equal(helper.hands_off_calls, 1);
        assert_int_equal(helper.refs, 1);
        assert_int_equal(warnings, i >= 2);
        if (i >= 2)
            assert_string_equal(MapiErrorDetail(results[i]), warned);
        log_off(helper.session);
    }
}

/* ---- a helper that does things while it is called ---- */

static void drop_the_manager(struct test_helper *self)
{
    IOlkAccountManager *manager = self->context;
    self->context = NULL;
    if (manager != NULL)
        manager->lpVtbl->Release(manager);
}

/* The end comes when the call is over: HandsOffSession is not called from inside a call of the helper, nor while what
 * came from the session is still used. */
static void a_helper_may_drop_the_last_reference_while_it_is_asked(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    helper.owns = true;
    IOlkAccountManager *manager = open_with(&helper, no_sync);
    IOlkAccount *account = find_account(manager, 1);
    helper.context = manager;
    helper.on_session = drop_the_manager;
    assert_int_equal(acct_get_result(account, PROP_ACCT_DELIVERY_FOLDER), S_OK);
    assert_int_equal(helper.hands_off_calls, 1);
    assert_false(helper.session_at_hands_off);
    assert_int_equal(helper.refs, 1);
    assert_int_equal(account->lpVtbl->SaveChanges(account, 0), E_OLK_NOT_INITIALIZED);
    release_account(account);
}

static void init_again(struct test_helper *self)
{
    IOlkAccountManager *manager = self->context;
    assert_int_equal(manager->lpVtbl->Init(manager, &self->interface, no_sync), E_OLK_ALREADY_INITIALIZED);
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, 1), E_OLK_NOT_INITIALIZED);
}

static void a_helper_may_call_the_manager_from_within_Init(void **state)
{
    (void)state;
    struct test_helper helper;
    IOlkAccountManager *manager = new_manager();
    test_helper_init(&helper, WORK);
    helper.owns = true;
    helper.context = manager;
    helper.on_session = init_again;
    assert_int_equal(manager->lpVtbl->Init(manager, &helper.interface, OLK_ACCOUNT_NO_FLAGS), S_OK);
    close_manager(manager);
}

/* ---- what the session is needed for ---- */

static void delivery_ids_come_from_the_session_unless_stores_are_not_checked(void **state)
{
    (void)state;
    static const DWORD tags[] = {PROP_ACCT_DELIVERY_STORE, PROP_ACCT_DELIVERY_FOLDER, PROP_ACCT_SENTITEMS_EID};
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    helper.owns = true;
    IOlkAccountManager *manager = open_with(&helper, no_sync);
    IOlkAccount *account = find_account(manager, 1);
    for (size_t i = 0; i < 3; i++) {
        ACCT_VARIANT value;
        LPUNKNOWN object = NULL;
        ULONG type = 0;
        assert_int_equal(account->lpVtbl->GetProp(account, tags[i], &value), S_OK);
        IMAPISession *session = helper.session;
        assert_int_equal(session->lpVtbl->OpenEntry(session, value.Val.bin.cb, (LPENTRYID)(void *)value.Val.bin.pb,
                                                    NULL, 0, &type, &object),
                         S_OK);
        assert_int_equal(type, i == 0 ? MAPI_STORE : MAPI_FOLDER);
        object->lpVtbl->Release(object);
        assert_int_equal(account->lpVtbl->FreeMemory(account, value.Val.bin.pb), S_OK);
    }
    release_account(account);
    close_manager(manager);
    test_helper_init(&helper, WORK);
    helper.owns = true;
    manager = open_manager_with(&helper.interface, no_sync | ACCT_INIT_NO_STORES_CHECK);
    account = find_account(manager, 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(acct_get_result(account, tags[i]), E_ACCT_NOT_FOUND);
    assert_int_equal(helper.session_calls, 0);
    release_account(account);
    close_manager(manager);
}

#define test(name) cmocka_unit_test_setup_teardown(name, accounts_setup_with_mail, accounts_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(Init_asks_for_the_identity_and_nothing_else),
        test(H10_helpers_that_do_not_count_the_NUL),
        test(H10_long_names_are_asked_for_again),
        test(a_helper_without_an_identity_fails_Init),
        test(the_session_is_fetched_when_it_is_needed_and_never_kept),
        test(H4_a_client_may_hand_off_under_the_manager),
        test(H14_the_end_hands_off_once_and_then_releases_the_helper),
        test(there_is_no_circle),
        test(H8_a_helper_without_a_session),
        test(a_helper_without_a_session_fails_an_Init_that_synchronises),
        test(H12_a_borrowed_session_that_its_owner_logged_off),
        test(H12_a_helper_that_lends_a_dead_session),
        test(H15_another_answer_to_HandsOffSession_is_logged),
        test(a_helper_may_drop_the_last_reference_while_it_is_asked),
        test(a_helper_may_call_the_manager_from_within_Init),
        test(delivery_ids_come_from_the_session_unless_stores_are_not_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
