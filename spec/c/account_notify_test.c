/* IOlkEnum and IOlkAccountNotify: every row of their contracts (iolkenum.md, iolkaccountnotify.md), Advise and
 * Unadvise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/accounts.h"
#include "support/temp_home.h"

#define WORK u"work"

static IOlkAccountManager *manager;
static IOlkAccountManagerEmbedded *embedded;
static struct test_client client;

static int setup(void **state)
{
    accounts_setup(state);
    manager = open_manager(WORK);
    embedded = embedded_of(manager);
    test_client_init(&client);
    return 0;
}

static int teardown(void **state)
{
    close_manager(manager);
    assert_int_equal(client.refs, 1);
    return accounts_teardown(state);
}

static DWORD make(void)
{
    return make_account(manager, &CLSID_OlkIMAP4Account, u"account");
}

static void rename_account(IOlkAccountManager *by, DWORD id, LPCWSTR name)
{
    IOlkAccount *account = find_account(by, id);
    acct_set_text(account, PROP_ACCT_NAME, name);
    save_account(account);
    release_account(account);
}

static void assert_heard(const struct test_client *who, unsigned index, DWORD kind, DWORD id)
{
    assert_true(index < who->count);
    assert_int_equal(who->heard[index].kind, kind);
    assert_int_equal(who->heard[index].id, id);
    assert_int_equal(who->heard[index].flags, OLK_ACCOUNT_NO_FLAGS);
}

/* ---- IOlkEnum ---- */

static void enum_query_interface(void **state)
{
    (void)state;
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    void *same = NULL;
    assert_int_equal(list->lpVtbl->QueryInterface(list, &IID_IOlkEnum, &same), S_OK);
    assert_ptr_equal(same, list);
    list->lpVtbl->Release(list);
    assert_int_equal(list->lpVtbl->QueryInterface(list, &IID_IOlkErrorUnknown, &same), E_NOINTERFACE);
    assert_null(same);
    assert_int_equal(list->lpVtbl->Release(list), 0);
}

static void GetCount_is_independent_of_the_cursor(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        make();
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    assert_int_equal(acct_enum_count(list), 3);
    release_account(acct_enum_next(list));
    assert_int_equal(acct_enum_count(list), 3);
    assert_int_equal(list->lpVtbl->Skip(list, 10), S_FALSE);
    assert_int_equal(acct_enum_count(list), 3);
    assert_int_equal(list->lpVtbl->GetCount(list, NULL), E_INVALIDARG);
    list->lpVtbl->Release(list);
}

static void GetNext_ends_with_S_FALSE_and_NULL(void **state)
{
    (void)state;
    DWORD id = make();
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    assert_int_equal(list->lpVtbl->GetNext(list, NULL), E_INVALIDARG);
    IOlkAccount *account = acct_enum_next(list);
    assert_int_equal(acct_get_long(account, PROP_ACCT_ID), id);
    release_account(account);
    for (int i = 0; i < 2; i++) {
        LPUNKNOWN unknown = (LPUNKNOWN)(void *)list;
        assert_int_equal(list->lpVtbl->GetNext(list, &unknown), S_FALSE);
        assert_null(unknown);
    }
    list->lpVtbl->Release(list);
}

static void Reset_and_Skip_move_the_cursor(void **state)
{
    (void)state;
    DWORD first = make();
    make();
    DWORD third = make();
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    assert_int_equal(list->lpVtbl->Skip(list, 2), S_OK);
    IOlkAccount *account = acct_enum_next(list);
    assert_int_equal(acct_get_long(account, PROP_ACCT_ID), third);
    release_account(account);
    assert_int_equal(list->lpVtbl->Skip(list, 0), S_OK);
    assert_int_equal(list->lpVtbl->Skip(list, 1), S_FALSE);
    assert_null(acct_enum_next(list));
    assert_int_equal(list->lpVtbl->Reset(list), S_OK);
    account = acct_enum_next(list);
    assert_int_equal(acct_get_long(account, PROP_ACCT_ID), first);
    release_account(account);
    assert_int_equal(list->lpVtbl->Skip(list, UINT32_MAX), S_FALSE);
    assert_null(acct_enum_next(list));
    list->lpVtbl->Release(list);
}

static void an_enumerator_is_a_snapshot(void **state)
{
    (void)state;
    DWORD first = make();
    DWORD second = make();
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    make();
    rename_account(manager, first, u"renamed");
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, second), S_OK);
    assert_int_equal(acct_enum_count(list), 2);
    IOlkAccount *account = acct_enum_next(list);
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"account"));
    release_account(account);
    account = acct_enum_next(list);
    assert_int_equal(acct_get_long(account, PROP_ACCT_ID), second);
    assert_int_equal(account->lpVtbl->SaveChanges(account, 0), E_ACCT_NOT_FOUND);
    release_account(account);
    assert_null(acct_enum_next(list));
    list->lpVtbl->Release(list);
}

static void accounts_outlive_enumerators_and_both_the_manager(void **state)
{
    (void)state;
    make();
    make();
    IOlkAccountManager *other = open_manager(WORK);
    IOlkEnum *list = acct_enumerate(other, NULL, NULL);
    IOlkAccount *first = acct_enum_next(list);
    close_manager(other);
    IOlkAccount *second = acct_enum_next(list);
    list->lpVtbl->Release(list);
    assert_true(acct_has_text(first, PROP_ACCT_NAME, u"account"));
    assert_true(acct_has_text(second, PROP_ACCT_NAME, u"account"));
    assert_int_equal(second->lpVtbl->SaveChanges(second, 0), E_OLK_NOT_INITIALIZED);
    release_account(first);
    release_account(second);
}

/* ---- Advise and Unadvise ---- */

static void Advise_and_Unadvise(void **state)
{
    (void)state;
    DWORD cookie = 5;
    assert_int_equal(manager->lpVtbl->Advise(manager, NULL, &cookie), E_INVALIDARG);
    assert_int_equal(cookie, 0);
    assert_int_equal(manager->lpVtbl->Advise(manager, &client.interface, NULL), E_INVALIDARG);
    assert_int_equal(client.refs, 1);
    cookie = acct_advise(manager, &client);
    assert_int_equal(client.refs, 2);
    DWORD second = acct_advise(manager, &client);
    assert_int_not_equal(second, cookie);
    assert_int_equal(client.refs, 3);
    assert_int_equal(manager->lpVtbl->Unadvise(manager, cookie), S_OK);
    assert_int_equal(client.refs, 2);
    assert_int_equal(manager->lpVtbl->Unadvise(manager, cookie), E_INVALIDARG);
    assert_int_equal(manager->lpVtbl->Unadvise(manager, 0), E_INVALIDARG);
    assert_int_equal(manager->lpVtbl->Unadvise(manager, UINT32_MAX), E_INVALIDARG);
    make();
    assert_int_equal(client.count, 1);
    /* The manager's end releases what is left (H14). */
}

static void each_kind_of_change_is_told(void **state)
{
    (void)state;
    acct_advise(manager, &client);
    DWORD first = make();
    DWORD second = make();
    rename_account(manager, first, u"renamed");
    DWORD order[] = {second, first};
    assert_int_equal(manager->lpVtbl->SetOrder(manager, &CLSID_OlkStore, 2, order), S_OK);
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, first), S_OK);
    assert_int_equal(client.count, 6);
    assert_heard(&client, 0, NOTIFY_ACCT_CREATED, first);
    assert_heard(&client, 1, NOTIFY_ACCT_CREATED, second);
    assert_heard(&client, 2, NOTIFY_ACCT_CHANGED, first);
    assert_heard(&client, 3, NOTIFY_ACCT_ORDER_CHANGED, 0);
    assert_heard(&client, 4, NOTIFY_ACCT_PREDELETED, first);
    assert_heard(&client, 5, NOTIFY_ACCT_DELETED, first);
}

static void what_fails_is_not_told(void **state)
{
    (void)state;
    acct_advise(manager, &client);
    DWORD id = make();
    client.count = 0;
    DWORD wrong[] = {id, id};
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, id + 1), E_ACCT_NOT_FOUND);
    assert_int_equal(manager->lpVtbl->SetOrder(manager, &CLSID_OlkStore, 2, wrong), E_ACCT_WRONG_SORT_ORDER);
    assert_int_equal(manager->lpVtbl->SaveChanges(manager, id, 0), S_OK); /* there is nothing to save */
    assert_int_equal(acct_dispatch(manager), 0);
    assert_int_equal(client.count, 0);
}

static void who_comes_later_hears_only_what_comes_later(void **state)
{
    (void)state;
    struct test_client late;
    test_client_init(&late);
    assert_int_equal(embedded->lpVtbl->SetManualDispatch(embedded, TRUE), S_OK);
    acct_advise(manager, &client);
    DWORD first = make();
    DWORD cookie = acct_advise(manager, &late);
    DWORD second = make();
    assert_int_equal(acct_dispatch(manager), 3);
    assert_int_equal(client.count, 2);
    assert_heard(&client, 0, NOTIFY_ACCT_CREATED, first);
    assert_int_equal(late.count, 1);
    assert_heard(&late, 0, NOTIFY_ACCT_CREATED, second);
    assert_int_equal(manager->lpVtbl->Unadvise(manager, cookie), S_OK);
    assert_int_equal(late.refs, 1);
}

static void manual_dispatch_calls_nobody_from_other_methods(void **state)
{
    (void)state;
    ULONG waiting = 9;
    ULONG delivered = 9;
    assert_int_equal(embedded->lpVtbl->SetManualDispatch(embedded, TRUE), S_OK);
    acct_advise(manager, &client);
    assert_int_equal(embedded->lpVtbl->GetPending(embedded, &waiting), S_OK);
    assert_int_equal(waiting, 0);
    DWORD ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = make();
    assert_int_equal(client.count, 0);
    assert_int_equal(embedded->lpVtbl->GetPending(embedded, &waiting), S_OK);
    assert_int_equal(waiting, 3);
    assert_int_equal(embedded->lpVtbl->GetPending(embedded, NULL), E_INVALIDARG);
    assert_int_equal(embedded->lpVtbl->Dispatch(embedded, 2, &delivered), S_OK);
    assert_int_equal(delivered, 2);
    assert_int_equal(client.count, 2);
    assert_int_equal(embedded->lpVtbl->Dispatch(embedded, 2, NULL), S_OK);
    assert_int_equal(client.count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_heard(&client, i, NOTIFY_ACCT_CREATED, ids[i]);
    assert_int_equal(acct_dispatch(manager), 0);
}

static void a_limit_may_fall_between_two_clients_of_one_change(void **state)
{
    (void)state;
    struct test_client other;
    test_client_init(&other);
    assert_int_equal(embedded->lpVtbl->SetManualDispatch(embedded, TRUE), S_OK);
    acct_advise(manager, &client);
    DWORD cookie = acct_advise(manager, &other);
    make();
    make();
    for (unsigned i = 1; i <= 4; i++) {
        ULONG delivered = 0;
        assert_int_equal(embedded->lpVtbl->Dispatch(embedded, 1, &delivered), S_OK);
        assert_int_equal(delivered, 1);
        assert_int_equal(client.count + other.count, i);
        assert_true(client.count >= other.count);
    }
    assert_int_equal(acct_dispatch(manager), 0);
    assert_int_equal(other.count, 2);
    assert_int_equal(manager->lpVtbl->Unadvise(manager, cookie), S_OK);
}

/* ---- clients that do things while they are told ---- */

static void call_everything(struct test_client *self, DWORD kind, DWORD id)
{
    (void)kind;
    if (self->count > 1)
        return;
    assert_int_equal(find_account_result(manager, id), S_OK);
    DWORD another = make(); /* is told afterwards, not within */
    assert_int_equal(self->count, 1);
    assert_int_equal(acct_dispatch(manager), 0);
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, another), S_OK);
}

static void a_client_may_use_the_manager(void **state)
{
    (void)state;
    client.on_notify = call_everything;
    acct_advise(manager, &client);
    DWORD id = make();
    assert_int_equal(acct_dispatch(manager), 3); /* the one that was made meanwhile comes, and goes */
    assert_int_equal(client.count, 4);
    assert_heard(&client, 1, NOTIFY_ACCT_CREATED, id + 1);
    assert_heard(&client, 3, NOTIFY_ACCT_DELETED, id + 1);
}

static void unadvise_itself(struct test_client *self, DWORD kind, DWORD id)
{
    (void)kind;
    (void)id;
    assert_int_equal(manager->lpVtbl->Unadvise(manager, *(DWORD *)self->context), S_OK);
    assert_true(self->refs >= 2); /* the call under way still holds it */
}

static void a_client_may_unadvise_itself(void **state)
{
    (void)state;
    DWORD cookie = acct_advise(manager, &client);
    client.context = &cookie;
    client.on_notify = unadvise_itself;
    make();
    make();
    assert_int_equal(client.count, 1);
    assert_int_equal(client.refs, 1);
}

static void drop_manager(struct test_client *self, DWORD kind, DWORD id)
{
    (void)kind;
    (void)id;
    IOlkAccountManager *theirs = self->context;
    self->context = NULL;
    if (theirs != NULL)
        theirs->lpVtbl->Release(theirs);
}

static void a_client_may_drop_the_last_reference_to_the_manager(void **state)
{
    (void)state;
    struct test_client last;
    test_client_init(&last);
    IOlkAccountManager *other = open_manager(WORK);
    IOlkAccountManagerEmbedded *theirs = embedded_of(other);
    last.context = other;
    last.on_notify = drop_manager;
    acct_advise(other, &last);
    make();
    make();
    assert_int_equal(theirs->lpVtbl->Dispatch(theirs, 0, NULL), S_OK);
    assert_int_equal(last.refs, 1);
    assert_int_equal(last.count, 2); /* what was under way was completed */
}

static void each_told_makes_another(struct test_client *self, DWORD kind, DWORD id)
{
    (void)self;
    (void)id;
    if (kind == NOTIFY_ACCT_CREATED)
        make();
}

static void delivery_comes_to_an_end_though_each_change_causes_another(void **state)
{
    (void)state;
    assert_int_equal(embedded->lpVtbl->SetManualDispatch(embedded, TRUE), S_OK);
    client.on_notify = each_told_makes_another;
    acct_advise(manager, &client);
    make();
    for (int i = 0; i < 3; i++)
        assert_int_equal(acct_dispatch(manager), 1);
}

/* ---- other managers and processes ---- */

static void all_managers_of_a_profile_are_told(void **state)
{
    (void)state;
    struct test_client theirs;
    test_client_init(&theirs);
    IOlkAccountManager *other = open_manager(WORK);
    acct_advise(other, &theirs);
    acct_advise(manager, &client);
    DWORD id = make();
    assert_int_equal(client.count, 1);
    assert_int_equal(theirs.count, 0); /* never on somebody else's thread or stack */
    assert_int_equal(acct_dispatch(other), 1);
    assert_heard(&theirs, 0, NOTIFY_ACCT_CREATED, id);
    rename_account(other, id, u"renamed");
    assert_int_equal(theirs.count, 2);
    assert_int_equal(find_account_result(manager, id), S_OK); /* any method will do */
    assert_int_equal(client.count, 2);
    assert_heard(&client, 1, NOTIFY_ACCT_CHANGED, id);
    close_manager(other);
    assert_int_equal(theirs.refs, 1);
}

static void other_profiles_are_not_told(void **state)
{
    (void)state;
    accounts_make_profile("home", false);
    IOlkAccountManager *home = open_manager(u"home");
    acct_advise(manager, &client);
    make_account(home, &CLSID_OlkIMAP4Account, u"account");
    assert_int_equal(acct_dispatch(manager), 0);
    close_manager(home);
}

static void without_notifications_nobody_is_told(void **state)
{
    (void)state;
    struct test_helper helper;
    ULONG waiting = 9;
    test_helper_init(&helper, WORK);
    IOlkAccountManager *deaf =
        open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS | ACCT_INIT_NO_NOTIFICATIONS);
    IOlkAccountManagerEmbedded *theirs = embedded_of(deaf);
    DWORD cookie = acct_advise(deaf, &client);
    make();
    assert_int_equal(theirs->lpVtbl->GetPending(theirs, &waiting), S_OK);
    assert_int_equal(waiting, 0);
    assert_int_equal(acct_dispatch(deaf), 0);
    assert_int_equal(deaf->lpVtbl->Unadvise(deaf, cookie), S_OK);
    close_manager(deaf);
}

static void make_one_and_delete_one(void *context)
{
    if (FAILED(MAPIInitialize(NULL)))
        _exit(1);
    IOlkAccountManager *theirs = open_manager(WORK);
    make_account(theirs, &CLSID_OlkPOP3Account, u"from another process");
    if (theirs->lpVtbl->DeleteAccount(theirs, *(DWORD *)context) != S_OK)
        _exit(2);
    close_manager(theirs);
    MAPIUninitialize();
    MAPIUninitialize(); /* the one that was inherited */
}

static void changes_of_other_processes_are_told(void **state)
{
    (void)state;
    DWORD id = make();
    /* No connection may be open across a fork. */
    close_manager(manager);
    MAPIUninitialize();
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    int ready[2], go[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char byte;
        if (read(go[0], &byte, 1) != 1)
            _exit(3);
        make_one_and_delete_one(&id);
        if (write(ready[1], "x", 1) != 1)
            _exit(4);
        _exit(0);
    }
    manager = open_manager(WORK);
    embedded = embedded_of(manager);
    acct_advise(manager, &client);
    char byte;
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(acct_dispatch(manager), 3);
    assert_heard(&client, 0, NOTIFY_ACCT_CREATED, id + 1);
    assert_heard(&client, 1, NOTIFY_ACCT_PREDELETED, id);
    assert_heard(&client, 2, NOTIFY_ACCT_DELETED, id);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

/* ---- falling behind ---- */

static void a_client_that_missed_too_much_is_told_to_read_again(void **state)
{
    (void)state;
    struct test_client other;
    ULONG waiting = 0;
    test_client_init(&other);
    assert_int_equal(embedded->lpVtbl->SetManualDispatch(embedded, TRUE), S_OK);
    DWORD id = make();
    acct_advise(manager, &client);
    DWORD cookie = acct_advise(manager, &other);
    for (int i = 0; i < OLK_CHANGES_KEPT; i++)
        rename_account(manager, id, i % 2 ? u"one" : u"two");
    assert_int_equal(embedded->lpVtbl->GetPending(embedded, &waiting), S_OK);
    assert_int_equal(waiting, OLK_CHANGES_KEPT);
    ULONG delivered = 0;
    assert_int_equal(embedded->lpVtbl->Dispatch(embedded, 3, &delivered), S_OK); /* nothing is missed so far */
    assert_heard(&client, 0, NOTIFY_ACCT_CHANGED, id);
    for (int i = 0; i < 5; i++)
        rename_account(manager, id, u"five more");
    assert_int_equal(embedded->lpVtbl->GetPending(embedded, &waiting), S_OK);
    assert_int_equal(waiting, 1);
    client.count = other.count = 0;
    assert_int_equal(acct_dispatch(manager), 2);
    assert_int_equal(client.count, 1);
    assert_heard(&client, 0, NOTIFY_ACCT_ORDER_CHANGED, 0);
    assert_heard(&other, 0, NOTIFY_ACCT_ORDER_CHANGED, 0);
    rename_account(manager, id, u"from here on all is well");
    assert_int_equal(acct_dispatch(manager), 2);
    assert_heard(&client, 1, NOTIFY_ACCT_CHANGED, id);
    assert_int_equal(manager->lpVtbl->Unadvise(manager, cookie), S_OK);
}

/* However many changes come between: each client has its turn, and none is told twice before the others were. */
static void all_clients_have_their_turn_to_read_again(void **state)
{
    (void)state;
    struct test_client other;
    test_client_init(&other);
    assert_int_equal(embedded->lpVtbl->SetManualDispatch(embedded, TRUE), S_OK);
    DWORD id = make();
    acct_advise(manager, &client);
    DWORD cookie = acct_advise(manager, &other);
    for (unsigned round = 1; round <= 3; round++) {
        for (unsigned turn = 0; turn < 2; turn++) {
            ULONG delivered = 0;
            for (int i = 0; i < OLK_CHANGES_KEPT + 10; i++)
                rename_account(manager, id, i % 2 ? u"one" : u"two");
            assert_int_equal(embedded->lpVtbl->Dispatch(embedded, 1, &delivered), S_OK);
            assert_int_equal(delivered, 1);
            assert_int_equal(client.count, round);
            assert_int_equal(other.count, turn == 0 ? round - 1 : round);
        }
        assert_heard(&client, round - 1, NOTIFY_ACCT_ORDER_CHANGED, 0);
        assert_heard(&other, round - 1, NOTIFY_ACCT_ORDER_CHANGED, 0);
    }
    assert_int_equal(manager->lpVtbl->Unadvise(manager, cookie), S_OK);
}

static void a_database_that_was_replaced_begins_anew(void **state)
{
    (void)state;
    static const char *const names[] = {"profiles.db", "profiles.db-wal", "profiles.db-shm"};
    acct_advise(manager, &client);
    for (int i = 0; i < 5; i++)
        make();
    client.count = 0;
    for (size_t i = 0; i < 3; i++)
        unlink(temp_home_file(names[i]));
    accounts_make_profile("work", false);
    DWORD id = make_account(manager, &CLSID_OlkIMAP4Account, u"account");
    assert_int_equal(id, 1);
    assert_int_equal(client.count, 1);
    assert_heard(&client, 0, NOTIFY_ACCT_ORDER_CHANGED, 0);
    assert_int_equal(make_account(manager, &CLSID_OlkIMAP4Account, u"account"), 2);
    assert_heard(&client, 1, NOTIFY_ACCT_CREATED, 2);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(enum_query_interface),
        test(GetCount_is_independent_of_the_cursor),
        test(GetNext_ends_with_S_FALSE_and_NULL),
        test(Reset_and_Skip_move_the_cursor),
        test(an_enumerator_is_a_snapshot),
        test(accounts_outlive_enumerators_and_both_the_manager),
        test(Advise_and_Unadvise),
        test(each_kind_of_change_is_told),
        test(what_fails_is_not_told),
        test(who_comes_later_hears_only_what_comes_later),
        test(manual_dispatch_calls_nobody_from_other_methods),
        test(a_limit_may_fall_between_two_clients_of_one_change),
        test(a_client_may_use_the_manager),
        test(a_client_may_unadvise_itself),
        test(a_client_may_drop_the_last_reference_to_the_manager),
        test(delivery_comes_to_an_end_though_each_change_causes_another),
        test(all_managers_of_a_profile_are_told),
        test(other_profiles_are_not_told),
        test(without_notifications_nobody_is_told),
        test(changes_of_other_processes_are_told),
        test(a_client_that_missed_too_much_is_told_to_read_again),
        test(all_clients_have_their_turn_to_read_again),
        test(a_database_that_was_replaced_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
