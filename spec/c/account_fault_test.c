/* Accounts with failing memory: every allocation of every task fails once, and from then on; what fails has changed
 * nothing, and what has changed nothing is told nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/accounts.h"
#include "support/fault.h"

#define WORK u"work"

static IOlkAccountManager *manager;
static IOlkAccountManagerEmbedded *embedded;
static DWORD account_id;
static DWORD other_id;

static int setup(void **state)
{
    accounts_setup_with_mail(state);
    manager = open_manager(WORK);
    embedded = embedded_of(manager);
    account_id = make_account(manager, &CLSID_OlkIMAP4Account, u"account");
    other_id = make_account(manager, &CLSID_OlkMAPIAccount, u"other");
    return 0;
}

static int teardown(void **state)
{
    close_manager(manager);
    return accounts_teardown(state);
}

/* ---- tasks ---- */

static HRESULT life_of_a_manager(void *context)
{
    DWORD flags = *(DWORD *)context;
    IOlkAccountHelper *helper = NULL;
    IOlkAccountManager *m = NULL;
    HRESULT hr = OlkCreateOwningHelper(WORK, MAPI_NEW_SESSION, 0, NULL, &helper);
    if (hr != S_OK)
        return hr;
    hr = OlkCreateAccountManager(&m);
    if (hr == S_OK) {
        hr = m->lpVtbl->Init(m, helper, flags);
        m->lpVtbl->Release(m);
    }
    helper->lpVtbl->Release(helper);
    return hr;
}

static HRESULT find_and_read(void *context)
{
    static const DWORD tags[] = {PROP_ACCT_NAME, PROP_ACCT_STAMP, PROP_ACCT_ID, PROP_ACCT_PREFERENCES_UID};
    (void)context;
    ACCT_VARIANT id = acct_long(account_id);
    IOlkAccount *account = NULL;
    HRESULT hr = manager->lpVtbl->FindAccount(manager, PROP_ACCT_ID, &id, &account);
    if (hr != S_OK)
        return hr;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0] && hr == S_OK; i++)
        hr = acct_get_result(account, tags[i]);
    CLSID type;
    DWORD count = 0;
    CLSID *categories = NULL;
    if (hr == S_OK)
        hr = account->lpVtbl->GetAccountInfo(account, &type, &count, &categories);
    account->lpVtbl->FreeMemory(account, (BYTE *)categories);
    LPWSTR text = NULL;
    if (hr == S_OK)
        hr = account->lpVtbl->GetLastError(account, E_FAIL, &text);
    account->lpVtbl->FreeMemory(account, (BYTE *)text);
    account->lpVtbl->Release(account);
    return hr;
}

/* An answer that there is none would be a lie here. */
static HRESULT read_defaults(void *context)
{
    static const DWORD tags[] = {PROP_ACCT_DELIVERY_STORE, PROP_ACCT_DELIVERY_FOLDER, PROP_ACCT_SENTITEMS_EID};
    IOlkAccount *account = context;
    HRESULT hr = S_OK;
    for (size_t i = 0; i < 3 && hr == S_OK; i++)
        hr = acct_get_result(account, tags[i]);
    return hr;
}

static HRESULT enumerate_all(void *context)
{
    (void)context;
    IOlkEnum *list = NULL;
    HRESULT hr = manager->lpVtbl->EnumerateAccounts(manager, NULL, NULL, 0, &list);
    while (hr == S_OK) {
        LPUNKNOWN account = NULL;
        hr = list->lpVtbl->GetNext(list, &account);
        if (hr == S_OK)
            account->lpVtbl->Release(account);
    }
    if (list != NULL)
        list->lpVtbl->Release(list);
    return hr == S_FALSE ? S_OK : hr;
}

static HRESULT order_round(void *context)
{
    (void)context;
    DWORD count = 0;
    DWORD *ids = NULL;
    HRESULT hr = manager->lpVtbl->GetOrder(manager, &CLSID_OlkStore, &count, &ids);
    if (hr == S_OK) {
        DWORD first = ids[0];
        memmove(ids, ids + 1, (count - 1) * sizeof *ids);
        ids[count - 1] = first;
        hr = manager->lpVtbl->SetOrder(manager, &CLSID_OlkStore, count, ids);
    }
    manager->lpVtbl->FreeMemory(manager, (BYTE *)ids);
    return hr;
}

static HRESULT create_and_delete(void *context)
{
    (void)context;
    static const DWORD tags[] = {PROP_ACCT_USER_EMAIL_ADDR, PROP_INET_SERVER, PROP_INET_PORT, PROP_INET_PASSWORD,
                                 PROP_SMTP_PASSWORD};
    const ACCT_VARIANT values[] = {acct_text(u"a@example.org"), acct_text(u"mail.example.org"), acct_long(993),
                                   acct_text(u"one"), acct_text(u"two")};
    DWORD id = 0;
    HRESULT hr = embedded->lpVtbl->CreateAccount(embedded, &CLSID_OlkIMAP4Account, 5, tags, values, &id);
    if (hr != S_OK) {
        assert_int_equal(id, 0);
        return hr;
    }
    hr = manager->lpVtbl->DeleteAccount(manager, id);
    if (hr != S_OK) { /* it is still there */
        fault_stop();
        assert_int_equal(manager->lpVtbl->DeleteAccount(manager, id), S_OK);
    }
    return hr;
}

static HRESULT edit_and_save(void *context)
{
    IOlkAccount *account = context;
    ACCT_VARIANT name = acct_text(u"edited");
    ACCT_VARIANT flags = acct_binary("\1\0\0\0", 4);
    HRESULT hr = account->lpVtbl->SetProp(account, PROP_ACCT_NAME, &name);
    if (hr == S_OK)
        hr = account->lpVtbl->SetProp(account, PROP_MAPI_TRANSPORT_FLAGS, &flags);
    if (hr == S_OK)
        hr = account->lpVtbl->SaveChanges(account, 0);
    return hr;
}

static HRESULT hold_and_fetch(void *context)
{
    (void)context;
    HRESULT hr = embedded->lpVtbl->HoldSecret(embedded, account_id, PROP_INET_PASSWORD, u"secret");
    if (hr == S_OK)
        hr = embedded->lpVtbl->FetchSecret(embedded, account_id, PROP_SMTP_PASSWORD);
    if (hr == S_OK)
        hr = embedded->lpVtbl->HoldSecret(embedded, account_id, PROP_INET_PASSWORD, NULL);
    return hr;
}

static HRESULT watch(void *context)
{
    struct test_client *client = context;
    DWORD cookie = 0;
    HRESULT hr = manager->lpVtbl->Advise(manager, &client->interface, &cookie);
    if (hr != S_OK) {
        assert_int_equal(cookie, 0);
        return hr;
    }
    hr = order_round(NULL);
    ULONG delivered = 0;
    if (hr == S_OK)
        hr = embedded->lpVtbl->Dispatch(embedded, 0, &delivered);
    manager->lpVtbl->Unadvise(manager, cookie);
    return hr;
}

/* ---- sweeps ---- */

static void a_manager_with_and_without_synchronisation(void **state)
{
    (void)state;
    DWORD flags = ACCT_INIT_NOSYNCH_MAPI_ACCTS;
    assert_true(fault_sweep(life_of_a_manager, &flags) > 3);
    flags = OLK_ACCOUNT_NO_FLAGS;
    assert_true(fault_sweep(life_of_a_manager, &flags) > 30);
}

static void reading(void **state)
{
    (void)state;
    fault_sweep(find_and_read, NULL);
    fault_sweep(enumerate_all, NULL);
    IOlkAccount *account = find_account(manager, account_id);
    fault_sweep(read_defaults, account);
    release_account(account);
}

static void changing(void **state)
{
    (void)state;
    fault_sweep(order_round, NULL);
    fault_sweep(create_and_delete, NULL);
    IOlkAccount *account = find_account(manager, account_id);
    fault_sweep(edit_and_save, account);
    acct_set_text(account, PROP_INET_PASSWORD_COMMAND, u"echo secret");
    acct_set_text(account, PROP_SMTP_PASSWORD_COMMAND, u"echo secret");
    save_account(account);
    release_account(account);
    fault_sweep(hold_and_fetch, NULL);
    assert_int_equal(find_account_result(manager, other_id), S_OK);
}

static void a_failed_save_keeps_what_was_set(void **state)
{
    (void)state;
    IOlkAccount *account = find_account(manager, account_id);
    acct_set_text(account, PROP_ACCT_NAME, u"kept");
    for (unsigned long n = 1;; n++) {
        fault_start(n);
        HRESULT hr = account->lpVtbl->SaveChanges(account, 0);
        bool failed = fault_stop();
        assert_true(acct_has_text(account, PROP_ACCT_NAME, u"kept"));
        assert_true(stored_name_is(manager, account_id, hr == S_OK ? u"kept" : u"account"));
        if (hr == S_OK) {
            assert_false(failed);
            break;
        }
    }
    release_account(account);
}

static void telling(void **state)
{
    (void)state;
    struct test_client client;
    test_client_init(&client);
    fault_sweep(watch, &client);
    assert_int_equal(client.refs, 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_manager_with_and_without_synchronisation), test(reading), test(changing),
        test(a_failed_save_keeps_what_was_set),           test(telling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
