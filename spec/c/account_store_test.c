/* Where accounts are kept: copies of profiles, databases of an older version, damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "account/account_store.h"
#include "core/profile_database.h"
#include "support/accounts.h"
#include "support/temp_home.h"

#define WORK u"work"

static int64_t row_of(struct database *db, const char *name)
{
    struct profile *profile = NULL;
    int64_t row = 0;
    assert_int_equal(profile_find(db, name, &profile), S_OK);
    assert_int_equal(profile_row(db, profile, &row), S_OK);
    profile_unref(profile);
    return row;
}

/* What a copy of the profile comes with. */
static void copy_accounts(const char *from, const char *to)
{
    struct database *db;
    assert_int_equal(profile_database_enter(&db), S_OK);
    assert_int_equal(profile_database_begin(db), S_OK);
    assert_int_equal(account_store_copy(db, row_of(db, from), row_of(db, to)), S_OK);
    assert_int_equal(profile_database_end(db, true), S_OK);
    profile_database_leave();
}

/* With the database closed, as another program would. */
static void change_database(const char *sql)
{
    sqlite3 *db = NULL;
    MAPIUninitialize();
    assert_int_equal(sqlite3_open(temp_home_file("profiles.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
}

static void a_copy_has_the_same_ids_and_other_identities(void **state)
{
    (void)state;
    IOlkAccountManager *original = open_manager(WORK);
    for (int i = 0; i < 3; i++)
        make_account(original, &CLSID_OlkIMAP4Account, u"account");
    assert_int_equal(original->lpVtbl->DeleteAccount(original, 3), S_OK);
    IOlkAccountManagerEmbedded *embedded = embedded_of(original);
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, 2, PROP_INET_PASSWORD, u"secret"), S_OK);
    DWORD order[] = {2, 1};
    assert_int_equal(original->lpVtbl->SetOrder(original, &CLSID_OlkStore, 2, order), S_OK);
    accounts_make_profile("copy", false);
    copy_accounts("work", "copy");
    IOlkAccountManager *copy = open_manager(u"copy");
    for (DWORD id = 1; id <= 2; id++) {
        IOlkAccount *a = find_account(original, id);
        IOlkAccount *b = find_account(copy, id);
        assert_true(acct_has_text(b, PROP_ACCT_NAME, u"account"));
        assert_int_not_equal(acct_get_long(a, PROP_ACCT_MINI_UID), acct_get_long(b, PROP_ACCT_MINI_UID));
        assert_int_equal(acct_get_result(b, PROP_INET_PASSWORD), E_ACCT_NOT_FOUND);
        release_account(a);
        release_account(b);
    }
    DWORD count = 0;
    DWORD *ids = NULL;
    assert_int_equal(copy->lpVtbl->GetOrder(copy, &CLSID_OlkStore, &count, &ids), S_OK);
    assert_int_equal(count, 2);
    assert_memory_equal(ids, order, sizeof order);
    assert_int_equal(copy->lpVtbl->FreeMemory(copy, (BYTE *)ids), S_OK);
    assert_int_equal(make_account(copy, &CLSID_OlkIMAP4Account, u"next"),
                     4); /* an id that was used there is used here */
    assert_int_equal(copy->lpVtbl->DeleteAccount(copy, 1), S_OK);
    assert_int_equal(find_account_result(original, 1), S_OK);
    close_manager(copy);
    close_manager(original);
}

static void a_profile_without_accounts_can_be_copied(void **state)
{
    (void)state;
    accounts_make_profile("copy", false);
    copy_accounts("work", "copy");
    IOlkAccountManager *copy = open_manager(u"copy");
    assert_int_equal(make_account(copy, &CLSID_OlkLDAPAccount, u"first"), 1);
    close_manager(copy);
}

static void a_database_from_before_there_were_accounts_is_upgraded(void **state)
{
    (void)state;
    change_database("DROP TABLE account_change; DROP TABLE account; DROP TABLE account_book; PRAGMA user_version = 1");
    IOlkAccountManager *manager = open_manager(WORK);
    assert_int_equal(make_account(manager, &CLSID_OlkIMAP4Account, u"first"), 1);
    close_manager(manager);
}

static void damaged_rows_are_an_error_and_no_crash(void **state)
{
    (void)state;
    static const char *const damages[] = {
        "UPDATE account SET type = 77", "UPDATE account SET type = 2, props = x'01FFFF'",
        "UPDATE account SET props = x'09'", "UPDATE account SET props = x'01' || zeroblob(7)"};
    IOlkAccountManager *manager = open_manager(WORK);
    make_account(manager, &CLSID_OlkIMAP4Account, u"first");
    close_manager(manager);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        IOlkEnum *list = (IOlkEnum *)(void *)&list;
        change_database(damages[i]);
        manager = open_manager(WORK);
        assert_int_equal(find_account_result(manager, 1), MAPI_E_CORRUPT_DATA);
        assert_int_equal(manager->lpVtbl->EnumerateAccounts(manager, NULL, NULL, 0, &list), MAPI_E_CORRUPT_DATA);
        assert_null(list);
        close_manager(manager);
    }
    change_database("UPDATE account SET props = x'01', identity = x'00', service = x'FF', mini_uid = -5");
    manager = open_manager(WORK);
    IOlkAccount *account = find_account(manager, 1); /* odd, but an account */
    assert_int_equal(acct_get_result(account, PROP_ACCT_NAME), E_ACCT_NOT_FOUND);
    assert_int_equal(acct_get_result(account, PROP_ACCT_STAMP), S_OK);
    assert_int_equal(acct_get_result(account, PROP_ACCT_PREFERENCES_UID), S_OK);
    release_account(account);
    close_manager(manager);
}

static void ids_come_to_an_end(void **state)
{
    (void)state;
    IOlkAccountManager *manager = open_manager(WORK);
    make_account(manager, &CLSID_OlkIMAP4Account, u"first");
    close_manager(manager);
    change_database("UPDATE account_book SET last_id = 2147483646");
    manager = open_manager(WORK);
    IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
    assert_int_equal(make_account(manager, &CLSID_OlkIMAP4Account, u"last"), 0x7FFFFFFF);
    DWORD id = 5;
    assert_int_equal(embedded->lpVtbl->CreateAccount(embedded, &CLSID_OlkIMAP4Account, 0, NULL, NULL, &id),
                     MAPI_E_NOT_ENOUGH_RESOURCES);
    assert_int_equal(id, 0);
    close_manager(manager);
}

#define test(name) cmocka_unit_test_setup_teardown(name, accounts_setup, accounts_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_copy_has_the_same_ids_and_other_identities),
        test(a_profile_without_accounts_can_be_copied),
        test(a_database_from_before_there_were_accounts_is_upgraded),
        test(damaged_rows_are_an_error_and_no_crash),
        test(ids_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
