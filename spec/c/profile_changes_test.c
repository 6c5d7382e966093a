/* What is remembered of the profile database is forgotten when any process changes it (core/profile_locks.h): whoever asks
 * next sees what was committed, however the one who committed it ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "account/account_store.h"
#include "core/profile.h"
#include "core/profile_database.h"
#include "support/accounts.h"
#include "support/processes.h"
#include "support/temp_home.h"

#define WORK u"work"

static IOlkAccountManager *manager;
static struct process other;

/* ---- the other process ---- */

static void add_account(IOlkAccountManager *accounts)
{
    make_account(accounts, &CLSID_OlkIMAP4Account, u"another's");
}

/* Commits, and gets no further. */
static long commit_and_say_nothing(void)
{
    struct profile *profile = NULL;
    struct database *db = NULL;
    struct account_record *record = account_record_new();
    record->type = ACCOUNT_IMAP;
    record->categories = CATEGORY_MAIL;
    if (profile_acquire("work", &profile) != S_OK || profile_database_enter(&db) != S_OK ||
        profile_database_begin(db) != S_OK || account_store_create(profile, record) != S_OK)
        return 0;
    return database_commit(db) == S_OK;
}

static long serve(char command)
{
    static IOlkAccountManager *accounts;
    if (accounts == NULL && command == 'a') {
        MAPIInitialize(NULL);
        accounts = open_manager(WORK);
    }
    switch (command) {
    case 'a':
        add_account(accounts);
        return 1;
    case 'p':
        MAPIInitialize(NULL);
        accounts_make_profile("work", false);
        return 1;
    case 's':
        MAPIInitialize(NULL);
        return commit_and_say_nothing();
    case 'd': {
        MAPIInitialize(NULL);
        IProfAdmin *admin = accounts_profile_admin();
        HRESULT hr = admin->lpVtbl->DeleteProfile(admin, (LPTSTR)(void *)(uintptr_t)WORK, MAPI_UNICODE);
        admin->lpVtbl->Release(admin);
        return hr == S_OK;
    }
    default:
        return 0;
    }
}

/* ---- this one ---- */

static int setup(void **state)
{
    int failed = accounts_setup(state);
    other = process_start(serve);
    manager = open_manager(WORK);
    return failed;
}

static int teardown(void **state)
{
    if (manager != NULL)
        close_manager(manager);
    manager = NULL;
    return accounts_teardown(state);
}

static DWORD count_accounts(void)
{
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    DWORD count = acct_enum_count(list);
    list->lpVtbl->Release(list);
    return count;
}

static HRESULT log_on(void)
{
    IMAPISession *session = NULL;
    HRESULT hr = MAPILogonEx(0, (LPTSTR)(void *)(uintptr_t)WORK, NULL,
                             MAPI_UNICODE | MAPI_EXTENDED | MAPI_NEW_SESSION | MAPI_NO_MAIL, &session);
    if (session != NULL) {
        session->lpVtbl->Logoff(session, 0, 0, 0);
        session->lpVtbl->Release(session);
    }
    return hr;
}

static void the_next_enumeration_shows_what_another_process_has_committed(void **state)
{
    (void)state;
    for (DWORD i = 0; i < 20; i++) {
        assert_int_equal(count_accounts(), i);
        assert_int_equal(count_accounts(), i);
        assert_int_equal(process_do(&other, 'a'), 1);
    }
    assert_int_equal(count_accounts(), 20);
    process_end(&other);
}

static void what_was_committed_is_seen_though_its_process_died_before_it_could_say_so(void **state)
{
    (void)state;
    uint64_t changes;
    assert_int_equal(count_accounts(), 0);
    assert_true(profile_changes(&changes));
    assert_int_equal(process_do(&other, 's'), 1);
    assert_false(profile_changes(&changes));
    process_kill(&other);
    assert_int_equal(count_accounts(), 1);
    assert_false(profile_changes(&changes));
    assert_int_equal(log_on(), S_OK);
    /* The next change puts it right. */
    add_account(manager);
    assert_true(profile_changes(&changes));
    assert_int_equal(count_accounts(), 2);
    assert_int_equal(count_accounts(), 2);
}

static void a_profile_that_another_process_has_deleted_is_not_logged_on_to(void **state)
{
    (void)state;
    assert_int_equal(log_on(), S_OK);
    assert_int_equal(log_on(), S_OK);
    assert_int_equal(process_do(&other, 'd'), 1);
    assert_int_equal(log_on(), MAPI_E_LOGON_FAILED);
    process_end(&other);
}

static void the_process_that_has_changed_something_sees_it_as_well(void **state)
{
    (void)state;
    uint64_t before, after;
    process_end(&other);
    assert_int_equal(count_accounts(), 0);
    assert_true(profile_changes(&before));
    add_account(manager);
    assert_true(profile_changes(&after));
    assert_true(after > before);
    assert_int_equal(count_accounts(), 1);
    /* Within a change nothing is relied upon, and one that was undone has left nothing. */
    struct database *db;
    assert_int_equal(profile_database_enter(&db), S_OK);
    assert_int_equal(profile_database_begin(db), S_OK);
    assert_false(profile_changes(&before));
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, 1), S_OK);
    assert_int_equal(count_accounts(), 0);
    assert_int_equal(profile_database_end(db, false), S_OK);
    profile_database_leave();
    assert_int_equal(count_accounts(), 1);
}

static void a_change_that_nobody_can_be_told_of_is_not_made(void **state)
{
    (void)state;
    process_end(&other);
    close_manager(manager);
    MAPIUninitialize();
    assert_int_equal(unlink(temp_home_file("profiles.lock")), 0);
    assert_int_equal(mkdir(temp_home_file("profiles.lock"), 0700), 0);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    manager = open_manager(WORK);
    IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
    DWORD id = 1;
    assert_int_equal(embedded->lpVtbl->CreateAccount(embedded, &CLSID_OlkIMAP4Account, 0, NULL, NULL, &id),
                     MAPI_E_NO_ACCESS);
    assert_int_equal(id, 0);
    assert_non_null(MapiErrorDetail(MAPI_E_NO_ACCESS));
    assert_int_equal(count_accounts(), 0);
    close_manager(manager);
    MAPIUninitialize();
    assert_int_equal(rmdir(temp_home_file("profiles.lock")), 0);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    manager = open_manager(WORK);
    add_account(manager);
    assert_int_equal(count_accounts(), 1);
}

/* The other process has not had the file open before. */
static void a_change_is_seen_though_the_lock_file_alone_was_deleted(void **state)
{
    (void)state;
    assert_int_equal(count_accounts(), 0);
    assert_int_equal(log_on(), S_OK);
    assert_int_equal(unlink(temp_home_file("profiles.lock")), 0);
    assert_int_equal(process_do(&other, 'a'), 1);
    assert_int_equal(count_accounts(), 1);
    assert_int_equal(count_accounts(), 1);
    assert_int_equal(process_do(&other, 'a'), 1);
    assert_int_equal(count_accounts(), 2);
    /* The other one sees that this one uses the profile: its row stays until the manager ends. */
    assert_int_equal(process_do(&other, 'd'), 1);
    assert_int_equal(count_accounts(), 2);
    process_end(&other);
}

static void a_change_is_seen_in_files_that_took_the_place_of_those_that_were_moved(void **state)
{
    static const char *const files[] = {"profiles.db", "profiles.db-wal", "profiles.db-shm", "profiles.lock"};
    (void)state;
    add_account(manager);
    add_account(manager);
    assert_int_equal(count_accounts(), 2);
    close_manager(manager);
    manager = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char to[4096];
        snprintf(to, sizeof to, "%s-moved", temp_home_file(files[i]));
        rename(temp_home_file(files[i]), to);
    }
    assert_int_equal(process_do(&other, 'p'), 1);
    manager = open_manager(WORK);
    assert_int_equal(count_accounts(), 0);
    assert_int_equal(process_do(&other, 'a'), 1);
    assert_int_equal(count_accounts(), 1);
    assert_int_equal(process_do(&other, 'a'), 1);
    assert_int_equal(count_accounts(), 2);
    process_end(&other);
}

static void a_counter_that_was_damaged_never_comes_to_a_count_that_it_had(void **state)
{
    (void)state;
    uint64_t before, after;
    add_account(manager);
    assert_int_equal(count_accounts(), 1);
    assert_true(profile_changes(&before));
    assert_int_equal(truncate(temp_home_file("profiles.lock"), 0), 0);
    assert_false(profile_changes(&after));
    assert_int_equal(count_accounts(), 1);
    add_account(manager);
    assert_true(profile_changes(&after));
    assert_true(after > before + 1000);                                 /* in nanoseconds: counted on, it would be 2 */
    assert_int_equal(truncate(temp_home_file("profiles.lock"), 20), 0); /* half of it */
    assert_false(profile_changes(&before));
    assert_int_equal(process_do(&other, 'a'), 1);
    assert_true(profile_changes(&before));
    assert_true(before > after);
    assert_int_equal(count_accounts(), 3);
    process_end(&other);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_next_enumeration_shows_what_another_process_has_committed),
        test(what_was_committed_is_seen_though_its_process_died_before_it_could_say_so),
        test(a_profile_that_another_process_has_deleted_is_not_logged_on_to),
        test(the_process_that_has_changed_something_sees_it_as_well),
        test(a_change_is_seen_though_the_lock_file_alone_was_deleted),
        test(a_change_is_seen_in_files_that_took_the_place_of_those_that_were_moved),
        test(a_counter_that_was_damaged_never_comes_to_a_count_that_it_had),
        test(a_change_that_nobody_can_be_told_of_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
