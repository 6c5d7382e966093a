/* Ten thousand accounts in a profile, and several threads at once. Nothing is timed here: what must not grow is
 * counted. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cmocka.h>

#include "base/utf.h"
#include "core/profile_database.h"
#include "support/accounts.h"
#include "support/fault.h"
#include "support/mapi.h"

#define WORK u"work"
enum { MANY = 10000, SOME = 1000 };

static IOlkAccountManager *manager;

static int setup(void **state)
{
    accounts_setup(state);
    manager = open_manager(WORK);
    return 0;
}

static int teardown(void **state)
{
    close_manager(manager);
    return accounts_teardown(state);
}

static void number(LPCWSTR prefix, int i, WCHAR *out)
{
    char digits[12];
    size_t n = utf16_length(prefix);
    memcpy(out, prefix, n * sizeof *out);
    snprintf(digits, sizeof digits, "%d", i);
    for (size_t k = 0; (out[n + k] = (WCHAR)(unsigned char)digits[k]) != 0; k++)
        continue;
}

/* As one transaction: what is measured here is not the disk. */
static void make_many(int count, const CLSID *type)
{
    struct database *db;
    assert_int_equal(profile_database_enter(&db), S_OK);
    assert_int_equal(profile_database_begin(db), S_OK);
    for (int i = 0; i < count; i++) {
        WCHAR name[24];
        number(u"account ", i, name);
        make_account(manager, type, name);
    }
    assert_int_equal(profile_database_end(db, true), S_OK);
    profile_database_leave();
}

static void enumeration_shows_each_once_and_in_order(void **state)
{
    (void)state;
    make_many(MANY, &CLSID_OlkIMAP4Account);
    IOlkEnum *list = acct_enumerate(manager, &CLSID_OlkMail, &CLSID_OlkIMAP4Account);
    assert_int_equal(acct_enum_count(list), MANY);
    DWORD last = 0;
    IOlkAccount *account;
    while ((account = acct_enum_next(list)) != NULL) {
        DWORD id = acct_get_long(account, PROP_ACCT_ID);
        assert_int_equal(id, last + 1);
        last = id;
        release_account(account);
    }
    assert_int_equal(last, MANY);
    list->lpVtbl->Release(list);
    assert_int_equal(find_account_result(manager, MANY), S_OK);
    assert_int_equal(find_account_result(manager, MANY + 1), E_ACCT_NOT_FOUND);
}

static void the_order_of_many_can_be_reversed(void **state)
{
    (void)state;
    make_many(MANY, &CLSID_OlkIMAP4Account);
    DWORD count = 0;
    DWORD *ids = NULL;
    assert_int_equal(manager->lpVtbl->GetOrder(manager, &CLSID_OlkStore, &count, &ids), S_OK);
    assert_int_equal(count, MANY);
    for (DWORD i = 0; i < count; i++)
        ids[i] = count - i;
    assert_int_equal(manager->lpVtbl->SetOrder(manager, &CLSID_OlkStore, count, ids), S_OK);
    DWORD again_count = 0;
    DWORD *again = NULL;
    assert_int_equal(manager->lpVtbl->GetOrder(manager, &CLSID_OlkStore, &again_count, &again), S_OK);
    assert_int_equal(again_count, count);
    assert_memory_equal(again, ids, count * sizeof *ids);
    ids[7] = ids[8];
    assert_int_equal(manager->lpVtbl->SetOrder(manager, &CLSID_OlkStore, count, ids), E_INVALIDARG);
    assert_int_equal(manager->lpVtbl->FreeMemory(manager, (BYTE *)ids), S_OK);
    assert_int_equal(manager->lpVtbl->FreeMemory(manager, (BYTE *)again), S_OK);
}

/* Allocations are a measure of work that does not depend on the machine. */
static unsigned long allocations_of_enumeration(void)
{
    fault_start(0);
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    IOlkAccount *account;
    while ((account = acct_enum_next(list)) != NULL)
        release_account(account);
    list->lpVtbl->Release(list);
    fault_stop();
    return fault_count();
}

static unsigned long allocations_of_find(DWORD id)
{
    fault_start(0);
    assert_int_equal(find_account_result(manager, id), S_OK);
    fault_stop();
    return fault_count();
}

static void work_grows_no_faster_than_the_number_of_accounts(void **state)
{
    (void)state;
    make_many(SOME, &CLSID_OlkIMAP4Account);
    unsigned long listing = allocations_of_enumeration();
    unsigned long finding = allocations_of_find(SOME);
    make_many(MANY - SOME, &CLSID_OlkIMAP4Account);
    assert_true(allocations_of_enumeration() <= listing * (MANY / SOME) + 16);
    assert_true(allocations_of_find(MANY) <= finding);
}

/* Where the allocator is the system's and can be asked; else nothing is compared. */
static size_t memory_in_use(void)
{
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if __GLIBC__ > 2 || __GLIBC_MINOR__ >= 33
    return mallinfo2().uordblks;
#endif
#endif
    return 0;
}

static void a_watcher_that_never_dispatches_costs_nothing(void **state)
{
    (void)state;
    IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
    static struct test_client client;
    test_client_init(&client);
    assert_int_equal(embedded->lpVtbl->SetManualDispatch(embedded, TRUE), S_OK);
    acct_advise(manager, &client);
    make_many(SOME, &CLSID_OlkIMAP4Account); /* every cache is warm now */
    size_t before = memory_in_use();
    make_many(2 * SOME, &CLSID_OlkIMAP4Account);
    size_t after = memory_in_use();
    /* SQLite's page cache has a bound of its own (2 MB); a queue of changes would have none. */
    assert_true(after < before + (3u << 20));
    assert_int_equal(client.count, 0);
    assert_int_equal(acct_dispatch(manager), 1); /* read everything again */
    assert_int_equal(client.heard[0].kind, NOTIFY_ACCT_ORDER_CHANGED);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 60 };

static atomic_uint told;

static HRESULT STDMETHODCALLTYPE count_notify(IOlkAccountNotify *This, DWORD kind, DWORD id, DWORD flags)
{
    (void)This;
    (void)kind;
    (void)id;
    (void)flags;
    atomic_fetch_add(&told, 1);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE no_query(IOlkAccountNotify *This, REFIID iid, void **out)
{
    (void)This;
    (void)iid;
    *out = NULL;
    return E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE no_count(IOlkAccountNotify *This)
{
    (void)This;
    return 1;
}

static const IOlkAccountNotifyVtbl counting_vtbl = {
    .QueryInterface = no_query, .AddRef = no_count, .Release = no_count, .Notify = count_notify};

struct worker {
    pthread_t thread;
    IOlkAccountManager *manager; /* the one that all share, or one of its own */
    IOlkAccountNotify client;
    bool failed;
};

static bool work_once(IOlkAccountManager *m, IOlkAccountNotify *client)
{
    IOlkAccountManagerEmbedded *e = NULL;
    IOlkAccount *account = NULL;
    IOlkEnum *list = NULL;
    DWORD tag = PROP_ACCT_NAME;
    DWORD id = 0;
    DWORD cookie = 0;
    ACCT_VARIANT name = acct_text(u"of a thread");
    ACCT_VARIANT value;
    if (FAILED(m->lpVtbl->QueryInterface(m, &IID_IOlkAccountManagerEmbedded, (void **)&e)))
        return false;
    bool good = SUCCEEDED(m->lpVtbl->Advise(m, client, &cookie)) &&
                SUCCEEDED(e->lpVtbl->CreateAccount(e, &CLSID_OlkIMAP4Account, 1, &tag, &name, &id));
    value = acct_long(id);
    good = good && SUCCEEDED(m->lpVtbl->FindAccount(m, PROP_ACCT_ID, &value, &account)) &&
           SUCCEEDED(account->lpVtbl->SetProp(account, PROP_ACCT_NAME, &name)) &&
           SUCCEEDED(account->lpVtbl->SaveChanges(account, 0)) &&
           SUCCEEDED(m->lpVtbl->EnumerateAccounts(m, NULL, NULL, 0, &list)) &&
           SUCCEEDED(m->lpVtbl->DeleteAccount(m, id)) && account->lpVtbl->SaveChanges(account, 0) == E_ACCT_NOT_FOUND &&
           SUCCEEDED(m->lpVtbl->Unadvise(m, cookie));
    if (account != NULL)
        account->lpVtbl->Release(account);
    if (list != NULL)
        list->lpVtbl->Release(list);
    e->lpVtbl->Release(e);
    return good;
}

static void *work(void *context)
{
    struct worker *worker = context;
    for (int i = 0; i < ROUNDS && !worker->failed; i++)
        worker->failed = !work_once(worker->manager, &worker->client);
    return NULL;
}

static void threads_share_a_manager_and_a_profile(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.manager = i < 2 ? manager : open_manager(WORK), .client = {&counting_vtbl}};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_false(workers[i].failed);
        if (workers[i].manager != manager)
            close_manager(workers[i].manager);
    }
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    assert_int_equal(acct_enum_count(list), 0);
    list->lpVtbl->Release(list);
    assert_int_equal(make_account(manager, &CLSID_OlkIMAP4Account, u"next"), THREADS * ROUNDS + 1); /* each id once */
    assert_true(atomic_load(&told) > 0);
}

/* The last reference of a manager goes on one thread while others use its accounts. */
static void *save_until_the_end(void *context)
{
    IOlkAccount *account = context;
    ACCT_VARIANT name = acct_text(u"edited");
    HRESULT hr = S_OK;
    while (hr == S_OK) {
        account->lpVtbl->SetProp(account, PROP_ACCT_NAME, &name);
        hr = account->lpVtbl->SaveChanges(account, 0);
    }
    account->lpVtbl->Release(account);
    return (void *)(intptr_t)(hr == E_OLK_NOT_INITIALIZED);
}

static void a_manager_ends_while_its_accounts_are_used(void **state)
{
    (void)state;
    DWORD id = make_account(manager, &CLSID_OlkIMAP4Account, u"account");
    for (int round = 0; round < 5; round++) {
        IOlkAccountManager *other = open_manager(WORK);
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, save_until_the_end, find_account(other, id)), 0);
        other->lpVtbl->Release(other);
        for (int i = 0; i < 2; i++) {
            void *ended = NULL;
            assert_int_equal(pthread_join(threads[i], &ended), 0);
            assert_true(ended != NULL);
        }
        assert_int_equal(live("account_manager"), 1);
    }
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(enumeration_shows_each_once_and_in_order),
        test(the_order_of_many_can_be_reversed),
        test(work_grows_no_faster_than_the_number_of_accounts),
        test(a_watcher_that_never_dispatches_costs_nothing),
        test(threads_share_a_manager_and_a_profile),
        test(a_manager_ends_while_its_accounts_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
