/* Accounts and the message services that stand behind them (iolkaccountmanager-init.md, the flags). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>
#include <mapix.h>

#include "support/accounts.h"
#include "support/mapi.h"

#define WORK u"work"

/* The helper the managers of a test use; its session is what the test changes services with. */
static struct test_helper helper;

static int setup(void **state)
{
    accounts_setup_with_mail(state);
    test_helper_init(&helper, WORK);
    helper.session = log_on("work");
    return 0;
}

static int teardown(void **state)
{
    if (helper.session != NULL)
        log_off(helper.session);
    assert_int_equal(helper.refs, 1);
    return accounts_teardown(state);
}

static IOlkAccountManager *open_syncing(void)
{
    return open_manager_with(&helper.interface, OLK_ACCOUNT_NO_FLAGS);
}

static IMsgServiceAdmin *services(void)
{
    IMsgServiceAdmin *admin = NULL;
    assert_int_equal(helper.session->lpVtbl->AdminServices(helper.session, 0, &admin), S_OK);
    return admin;
}

static void add_service(void)
{
    IMsgServiceAdmin *admin = services();
    assert_int_equal(
        admin->lpVtbl->CreateMsgService(admin, (LPTSTR)(uintptr_t) "LUAMAPI", (LPTSTR)(uintptr_t) "Archive", 0, 0),
        S_OK);
    release(admin);
}

/* The services of the profile: display name and identifier of number `index`. */
static MAPIUID service_at(ULONG index, WCHAR *name, size_t room)
{
    static const ULONG columns[] = {PR_SERVICE_UID, PR_DISPLAY_NAME_W};
    IMsgServiceAdmin *admin = services();
    IMAPITable *table = NULL;
    MAPIUID uid;
    assert_int_equal(admin->lpVtbl->GetMsgServiceTable(admin, 0, &table), S_OK);
    SRowSet *rows = all_rows(table, 2, columns);
    assert_true(index < rows->cRows);
    memcpy(&uid, rows->aRow[index].lpProps[0].Value.bin.lpb, sizeof uid);
    for (size_t i = 0; i < room; i++)
        if ((name[i] = rows->aRow[index].lpProps[1].Value.lpszW[i]) == 0)
            break;
    FreeProws(rows);
    release(admin);
    return uid;
}

static ULONG service_count(void)
{
    static const ULONG columns[] = {PR_SERVICE_UID};
    IMsgServiceAdmin *admin = services();
    IMAPITable *table = NULL;
    assert_int_equal(admin->lpVtbl->GetMsgServiceTable(admin, 0, &table), S_OK);
    SRowSet *rows = all_rows(table, 1, columns);
    ULONG count = rows->cRows;
    FreeProws(rows);
    release(admin);
    return count;
}

static void rename_service(ULONG index, LPCWSTR name)
{
    WCHAR old[64];
    MAPIUID uid = service_at(index, old, 64);
    IProfSect *section = NULL;
    SPropValue value = {.ulPropTag = PR_DISPLAY_NAME_W};
    value.Value.lpszW = (LPWSTR)(uintptr_t)name;
    assert_int_equal(helper.session->lpVtbl->OpenProfileSection(helper.session, &uid, NULL, MAPI_MODIFY, &section),
                     S_OK);
    assert_int_equal(section->lpVtbl->SetProps(section, 1, &value, NULL), S_OK);
    assert_int_equal(section->lpVtbl->SaveChanges(section, 0), S_OK);
    release(section);
}

static void delete_service(ULONG index)
{
    WCHAR name[64];
    MAPIUID uid = service_at(index, name, 64);
    IMsgServiceAdmin *admin = services();
    assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, &uid), S_OK);
    release(admin);
}

static DWORD count_accounts(IOlkAccountManager *manager, const CLSID *category)
{
    IOlkEnum *list = acct_enumerate(manager, category, &CLSID_OlkMAPIAccount);
    DWORD count = acct_enum_count(list);
    list->lpVtbl->Release(list);
    return count;
}

static void assert_service_name(ULONG index, LPCWSTR expected)
{
    WCHAR name[64];
    service_at(index, name, 64);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(name[i], expected[i]);
        if (name[i] == 0)
            break;
    }
}

static void a_service_gets_an_account(void **state)
{
    (void)state;
    IOlkAccountManager *manager = open_syncing();
    assert_int_equal(count_accounts(manager, &CLSID_OlkStore), 1);
    assert_int_equal(count_accounts(manager, &CLSID_OlkMail), 0); /* it transports nothing */
    assert_int_equal(count_accounts(manager, &CLSID_OlkAddressBook), 0);
    IOlkAccount *account = find_account(manager, 1);
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"Message Store"));
    assert_int_equal(acct_get_long(account, PROP_ACCT_IS_EXCH), 0);
    assert_int_equal(acct_get_result(account, PROP_MAPI_EMSMDB_UID), E_ACCT_NOT_FOUND);
    ACCT_VARIANT store;
    ULONG size = 0;
    ULONG same = FALSE;
    LPENTRYID id = NULL;
    assert_int_equal(account->lpVtbl->GetProp(account, PROP_ACCT_DELIVERY_STORE, &store), S_OK);
    first_store(helper.session, &size, &id);
    assert_int_equal(helper.session->lpVtbl->CompareEntryIDs(helper.session, size, id, store.Val.bin.cb,
                                                             (LPENTRYID)(void *)store.Val.bin.pb, 0, &same),
                     S_OK);
    assert_true(same);
    MAPIFreeBuffer(id);
    assert_int_equal(account->lpVtbl->FreeMemory(account, store.Val.bin.pb), S_OK);
    release_account(account);
    close_manager(manager);
    manager = open_syncing(); /* once is enough */
    assert_int_equal(count_accounts(manager, NULL), 1);
    assert_int_equal(find_account_result(manager, 1), S_OK);
    close_manager(manager);
}

static void without_synchronisation_nothing_happens(void **state)
{
    (void)state;
    IOlkAccountManager *manager = open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    assert_int_equal(count_accounts(manager, NULL), 0);
    assert_int_equal(helper.session_calls, 0);
    close_manager(manager);
}

static void accounts_come_and_go_with_their_services(void **state)
{
    (void)state;
    IOlkAccountManager *watcher = open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    struct test_client client;
    test_client_init(&client);
    acct_advise(watcher, &client);
    close_manager(open_syncing());
    add_service();
    close_manager(open_syncing());
    assert_int_equal(acct_dispatch(watcher), 2);
    assert_int_equal(client.heard[1].kind, NOTIFY_ACCT_CREATED);
    DWORD id = client.heard[1].id;
    assert_int_equal(count_accounts(watcher, NULL), 2);
    delete_service(1);
    close_manager(open_syncing());
    assert_int_equal(acct_dispatch(watcher), 2);
    assert_int_equal(client.heard[2].kind, NOTIFY_ACCT_PREDELETED);
    assert_int_equal(client.heard[3].kind, NOTIFY_ACCT_DELETED);
    assert_int_equal(client.heard[3].id, id);
    assert_int_equal(count_accounts(watcher, NULL), 1);
    /* Accounts that stand for no service are left alone. */
    make_account(watcher, &CLSID_OlkMAPIAccount, u"of its own");
    close_manager(open_syncing());
    assert_int_equal(count_accounts(watcher, NULL), 2);
    close_manager(watcher);
    assert_int_equal(client.refs, 1);
}

static void the_name_that_was_changed_last_wins(void **state)
{
    (void)state;
    IOlkAccountManager *manager = open_syncing();
    rename_service(0, u"By the service");
    assert_true(stored_name_is(manager, 1, u"Message Store"));
    close_manager(manager);
    manager = open_syncing();
    assert_true(stored_name_is(manager, 1, u"By the service"));
    IOlkAccount *account = find_account(manager, 1);
    acct_set_text(account, PROP_ACCT_NAME, u"By the account");
    save_account(account); /* at once */
    release_account(account);
    assert_service_name(0, u"By the account");
    close_manager(manager);
    manager = open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    account = find_account(manager, 1);
    acct_set_text(account, PROP_ACCT_NAME, u"Without synchronisation");
    save_account(account);
    release_account(account);
    assert_service_name(0, u"By the account");
    close_manager(manager);
    close_manager(open_syncing()); /* with the next one */
    assert_service_name(0, u"Without synchronisation");
}

static void a_name_that_cannot_be_passed_on_is_passed_on_later(void **state)
{
    (void)state;
    WCHAR name[64];
    IOlkAccountManager *manager = open_syncing();
    MAPIUID uid = service_at(0, name, 64);
    IProfSect *section = NULL;
    assert_int_equal(helper.session->lpVtbl->OpenProfileSection(helper.session, &uid, NULL, MAPI_MODIFY, &section),
                     S_OK);
    IOlkAccount *account = find_account(manager, 1);
    acct_set_text(account, PROP_ACCT_NAME, u"New name");
    assert_int_equal(manager->lpVtbl->SaveChanges(manager, 1, 0), S_OK);
    release_account(account);
    release(section);
    assert_service_name(0, u"Message Store");
    close_manager(manager);
    close_manager(open_syncing());
    assert_service_name(0, u"New name");
}

static void a_deleted_account_takes_its_service_along(void **state)
{
    (void)state;
    add_service();
    IOlkAccountManager *manager = open_syncing();
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, 1),
                     E_ACCESSDENIED); /* the default store: all mail is in it */
    assert_int_equal(find_account_result(manager, 1), S_OK);
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, 2), S_OK);
    assert_int_equal(service_count(), 1);
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, 3), E_ACCT_NOT_FOUND);
    close_manager(manager);
    manager = open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, 1),
                     S_OK); /* without synchronisation the account goes alone */
    assert_int_equal(service_count(), 1);
    close_manager(manager);
    manager = open_syncing();
    assert_int_equal(find_account_result(manager, 1), E_ACCT_NOT_FOUND);
    assert_int_equal(find_account_result(manager, 3), S_OK); /* and comes back under an id of its own */
    close_manager(manager);
}

static void a_deletion_that_needs_a_session_fails_without_one(void **state)
{
    (void)state;
    add_service();
    IOlkAccountManager *manager = open_syncing();
    IMAPISession *session = helper.session;
    helper.session = NULL;
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, 2), MAPI_E_NOT_FOUND);
    assert_int_equal(find_account_result(manager, 2), S_OK);
    helper.session = session;
    close_manager(manager);
}

static void stores_that_are_gone_are_forgotten(void **state)
{
    (void)state;
    add_service();
    IOlkAccountManager *manager = open_syncing();
    DWORD id = make_account(manager, &CLSID_OlkIMAP4Account, u"imap");
    IOlkAccount *account = find_account(manager, id);
    IOlkAccount *archive = find_account(manager, 2);
    ACCT_VARIANT store;
    assert_int_equal(archive->lpVtbl->GetProp(archive, PROP_ACCT_DELIVERY_STORE, &store), S_OK);
    assert_int_equal(account->lpVtbl->SetProp(account, PROP_ACCT_DELIVERY_STORE, &store), S_OK);
    save_account(account);
    assert_int_equal(archive->lpVtbl->FreeMemory(archive, store.Val.bin.pb), S_OK);
    release_account(archive);
    release_account(account);
    delete_service(1);
    close_manager(manager);
    const DWORD unchecked = ACCT_INIT_NO_STORES_CHECK;
    manager = open_manager_with(&helper.interface, unchecked);
    account = find_account(manager, id);
    assert_int_equal(acct_get_result(account, PROP_ACCT_DELIVERY_STORE), S_OK);
    release_account(account);
    close_manager(manager);
    close_manager(open_syncing());
    manager = open_manager_with(&helper.interface, unchecked);
    account = find_account(manager, id);
    assert_int_equal(acct_get_result(account, PROP_ACCT_DELIVERY_STORE), E_ACCT_NOT_FOUND);
    release_account(account);
    close_manager(manager);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_service_gets_an_account),
        test(without_synchronisation_nothing_happens),
        test(accounts_come_and_go_with_their_services),
        test(the_name_that_was_changed_last_wins),
        test(a_name_that_cannot_be_passed_on_is_passed_on_later),
        test(a_deleted_account_takes_its_service_along),
        test(a_deletion_that_needs_a_session_fails_without_one),
        test(stores_that_are_gone_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
