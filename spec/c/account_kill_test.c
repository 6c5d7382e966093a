/* Two processes edit the accounts of one profile at random, and are killed again and again; a third one watches. What
 * was reported as saved is there, no account is half of this and half of that, no id comes twice, and the watcher is
 * told of what was committed, all of it and nothing else.
 *
 * Five seconds; MAPI_STRESS_SECONDS says otherwise. / */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/accounts.h"
#include "support/temp_home.h"

#define WORK u"work"

enum { WORKERS = 2, IDS = 1 << 17, SENTENCE = 200 };

/* What is known of an id, by those who asked for it. */
enum fate { UNKNOWN, MADE, BEING_DELETED, DELETED };

/* In memory that all processes share and that no kill can take away. */
struct ledger {
    atomic_bool stop;
    atomic_bool watching;
    atomic_uint highest; /* id that was made */
    atomic_uint operations;
    atomic_bool failed;
    char sentence[SENTENCE];
    atomic_int fate[IDS];
    atomic_uint asked[WORKERS][IDS]; /* the number that a worker last wanted to save */
    atomic_uint saved[WORKERS][IDS]; /* and the last one that was reported as saved */
};

static struct ledger *ledger;

/* Each worker writes two properties of its own, with the same number in both. */
static const DWORD text_tags[WORKERS] = {PROP_ACCT_NAME, PROP_ACCT_USER_DISPLAY_NAME};
static const DWORD binary_tags[WORKERS] = {PROP_ACCT_DELIVERY_STORE, PROP_ACCT_DELIVERY_FOLDER};

__attribute__((noreturn)) static void give_up(const char *what, HRESULT hr, DWORD id)
{
    bool first = false;
    if (atomic_compare_exchange_strong(&ledger->failed, &first, true))
        snprintf(ledger->sentence, SENTENCE, "%s: 0x%08lX, account %lu (%s)", what, (unsigned long)(ULONG)hr,
                 (unsigned long)id, MapiErrorDetail(hr) != NULL ? MapiErrorDetail(hr) : "no details");
    _exit(1);
}

static void want(bool good, const char *what, HRESULT hr, DWORD id)
{
    if (!good)
        give_up(what, hr, id);
}

static void number_text(unsigned n, WCHAR out[12])
{
    char digits[12];
    snprintf(digits, sizeof digits, "%u", n);
    for (size_t i = 0; (out[i] = (WCHAR)(unsigned char)digits[i]) != 0; i++)
        continue;
}

static unsigned text_number(const WCHAR *text)
{
    unsigned n = 0;
    for (; *text >= u'0' && *text <= u'9'; text++)
        n = n * 10 + (unsigned)(*text - u'0');
    return n;
}

/* ---- a worker ---- */

struct worker {
    unsigned number;
    unsigned seed;
    IOlkAccountManager *manager;
    IOlkAccountManagerEmbedded *embedded;
};

static unsigned choose(struct worker *self, unsigned below)
{
    return (unsigned)rand_r(&self->seed) % below;
}

static void create(struct worker *self)
{
    static const CLSID *const types[] = {&CLSID_OlkIMAP4Account, &CLSID_OlkPOP3Account, &CLSID_OlkMAPIAccount,
                                         &CLSID_OlkLDAPAccount};
    DWORD id = 0;
    HRESULT hr = self->embedded->lpVtbl->CreateAccount(self->embedded, types[choose(self, 4)], 0, NULL, NULL, &id);
    want(hr == S_OK && id < IDS, "creating", hr, id);
    int unknown = UNKNOWN;
    want(atomic_compare_exchange_strong(&ledger->fate[id], &unknown, MADE), "an id came twice", S_OK, id);
    unsigned highest = atomic_load(&ledger->highest);
    while (id > highest && !atomic_compare_exchange_weak(&ledger->highest, &highest, id))
        continue;
}

static DWORD choose_id(struct worker *self)
{
    unsigned highest = atomic_load(&ledger->highest);
    return highest == 0 ? 0 : highest - choose(self, highest < 200 ? highest : 200);
}

/* Whoever may still count on the account: somebody else may be deleting it. */
static bool is_made(DWORD id)
{
    return atomic_load(&ledger->fate[id]) == MADE;
}

static void change(struct worker *self)
{
    DWORD id = choose_id(self);
    IOlkAccount *account = NULL;
    ACCT_VARIANT key = acct_long(id);
    if (id == 0)
        return;
    HRESULT hr = self->manager->lpVtbl->FindAccount(self->manager, PROP_ACCT_ID, &key, &account);
    if (hr == E_ACCT_NOT_FOUND) {
        want(!is_made(id), "an account is lost", hr, id);
        return;
    }
    want(hr == S_OK, "finding", hr, id);
    unsigned n = atomic_fetch_add(&ledger->asked[self->number][id], 1) + 1;
    WCHAR text[12];
    number_text(n, text);
    ACCT_VARIANT name = acct_text(text);
    ACCT_VARIANT bytes = acct_binary(&n, sizeof n);
    hr = account->lpVtbl->SetProp(account, text_tags[self->number], &name);
    want(hr == S_OK, "setting a name", hr, id);
    hr = account->lpVtbl->SetProp(account, binary_tags[self->number], &bytes);
    want(hr == S_OK, "setting bytes", hr, id);
    hr = choose(self, 2) ? account->lpVtbl->SaveChanges(account, 0)
                         : self->manager->lpVtbl->SaveChanges(self->manager, id, 0);
    if (hr == S_OK)
        atomic_store(&ledger->saved[self->number][id], n);
    else
        want(hr == E_ACCT_NOT_FOUND && !is_made(id), "saving", hr, id);
    account->lpVtbl->Release(account);
}

static void delete_one(struct worker *self)
{
    DWORD id = choose_id(self);
    int made = MADE;
    if (id == 0 || !atomic_compare_exchange_strong(&ledger->fate[id], &made, BEING_DELETED))
        return;
    HRESULT hr = self->manager->lpVtbl->DeleteAccount(self->manager, id);
    want(hr == S_OK, "deleting", hr, id);
    atomic_store(&ledger->fate[id], DELETED);
}

static void reorder(struct worker *self)
{
    const CLSID *category = choose(self, 2) ? &CLSID_OlkStore : &CLSID_OlkAddressBook;
    DWORD count = 0;
    DWORD *ids = NULL;
    HRESULT hr = self->manager->lpVtbl->GetOrder(self->manager, category, &count, &ids);
    want(hr == S_OK, "getting the order", hr, 0);
    for (DWORD i = 1; i < count; i++) {
        DWORD k = choose(self, i + 1);
        DWORD id = ids[i];
        ids[i] = ids[k];
        ids[k] = id;
    }
    hr = self->manager->lpVtbl->SetOrder(self->manager, category, count, ids);
    /* The other one may have added or deleted accounts. */
    want(hr == S_OK || hr == E_ACCT_WRONG_SORT_ORDER || hr == E_INVALIDARG, "setting the order", hr, 0);
    self->manager->lpVtbl->FreeMemory(self->manager, (BYTE *)ids);
}

static IOlkAccountManager *manager_of_process(void)
{
    struct test_helper *helper = malloc(sizeof *helper);
    IOlkAccountManager *manager = NULL;
    HRESULT hr = MAPIInitialize(NULL);
    want(hr == S_OK && helper != NULL, "initialising", hr, 0);
    test_helper_init(helper, WORK);
    hr = OlkCreateAccountManager(&manager);
    if (hr == S_OK)
        hr = manager->lpVtbl->Init(manager, &helper->interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    want(hr == S_OK, "opening the accounts", hr, 0);
    return manager;
}

__attribute__((noreturn)) static void work(unsigned number, unsigned seed)
{
    struct worker self = {.number = number, .seed = seed};
    self.manager = manager_of_process();
    self.embedded = embedded_of(self.manager);
    while (!atomic_load(&ledger->stop)) {
        unsigned what = choose(&self, 100);
        if (what < 20)
            create(&self);
        else if (what < 75)
            change(&self);
        else if (what < 92)
            delete_one(&self);
        else
            reorder(&self);
        atomic_fetch_add(&ledger->operations, 1);
    }
    _exit(0);
}

/* ---- the watcher ---- */

static unsigned char seen[IDS]; /* by enum fate; the watcher's own */

static void watch_one(struct test_client *self, DWORD kind, DWORD id)
{
    (void)self;
    want(id < IDS, "told of an id that there is not", S_OK, id);
    switch (kind) {
    case NOTIFY_ACCT_CREATED:
        want(seen[id] == UNKNOWN, "created twice", S_OK, id);
        seen[id] = MADE;
        break;
    case NOTIFY_ACCT_CHANGED:
        want(seen[id] == MADE, "changed, and not there", S_OK, id);
        break;
    case NOTIFY_ACCT_PREDELETED:
        want(seen[id] == MADE, "predeleted, and not there", S_OK, id);
        seen[id] = BEING_DELETED;
        break;
    case NOTIFY_ACCT_DELETED:
        want(seen[id] == BEING_DELETED, "deleted without notice", S_OK, id);
        seen[id] = DELETED;
        break;
    default:
        want(kind == NOTIFY_ACCT_ORDER_CHANGED && id == 0, "told of something else", S_OK, id);
        break;
    }
}

static void compare_with_accounts(IOlkAccountManager *manager)
{
    IOlkEnum *list = NULL;
    LPUNKNOWN next = NULL;
    HRESULT hr = manager->lpVtbl->EnumerateAccounts(manager, NULL, NULL, 0, &list);
    want(hr == S_OK, "enumerating", hr, 0);
    while ((hr = list->lpVtbl->GetNext(list, &next)) == S_OK) {
        IOlkAccount *account = (IOlkAccount *)next;
        ACCT_VARIANT id;
        hr = account->lpVtbl->GetProp(account, PROP_ACCT_ID, &id);
        want(hr == S_OK && seen[id.Val.dw] == MADE, "an account that nobody was told of", hr, id.Val.dw);
        seen[id.Val.dw] = UNKNOWN;
        account->lpVtbl->Release(account);
    }
    list->lpVtbl->Release(list);
    for (DWORD id = 0; id < IDS; id++)
        want(seen[id] != MADE && seen[id] != BEING_DELETED, "told of an account that is not there", S_OK, id);
}

__attribute__((noreturn)) static void watch(void)
{
    static struct test_client client;
    IOlkAccountManager *manager = manager_of_process();
    IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
    DWORD cookie = 0;
    test_client_init(&client);
    client.on_notify = watch_one;
    embedded->lpVtbl->SetManualDispatch(embedded, TRUE);
    HRESULT hr = manager->lpVtbl->Advise(manager, &client.interface, &cookie);
    want(hr == S_OK, "watching", hr, 0);
    atomic_store(&ledger->watching, true);
    for (bool last = false; !last;) {
        ULONG waiting = 0;
        last = atomic_load(&ledger->stop) && poll(NULL, 0, 200) == 0; /* the workers have come to their end */
        hr = embedded->lpVtbl->GetPending(embedded, &waiting);
        want(hr == S_OK && waiting < OLK_CHANGES_KEPT, "falling behind", hr, waiting);
        hr = embedded->lpVtbl->Dispatch(embedded, 0, NULL);
        want(hr == S_OK, "dispatching", hr, 0);
        poll(NULL, 0, 1);
    }
    compare_with_accounts(manager);
    _exit(0);
}

/* ---- the test ---- */

static pid_t start(void (*what)(unsigned, unsigned), unsigned number, unsigned seed)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        what(number, seed);
    return child;
}

static void start_watch(unsigned number, unsigned seed)
{
    (void)number;
    (void)seed;
    watch();
}

static void check_exit(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (atomic_load(&ledger->failed))
        fail_msg("%s", ledger->sentence);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static unsigned stored_number(IOlkAccount *account, DWORD text_tag, DWORD binary_tag)
{
    ACCT_VARIANT text, bytes;
    unsigned n = 0;
    HRESULT hr = account->lpVtbl->GetProp(account, binary_tag, &bytes);
    if (hr == E_ACCT_NOT_FOUND)
        return 0;
    assert_int_equal(hr, S_OK);
    assert_int_equal(bytes.Val.bin.cb, sizeof n);
    memcpy(&n, bytes.Val.bin.pb, sizeof n);
    assert_int_equal(account->lpVtbl->FreeMemory(account, bytes.Val.bin.pb), S_OK);
    assert_int_equal(account->lpVtbl->GetProp(account, text_tag, &text), S_OK);
    assert_int_equal(text_number(text.Val.pwsz), n); /* not torn */
    assert_int_equal(account->lpVtbl->FreeMemory(account, (BYTE *)text.Val.pwsz), S_OK);
    return n;
}

static void check_account(IOlkAccountManager *manager, DWORD id)
{
    int fate = atomic_load(&ledger->fate[id]);
    ACCT_VARIANT key = acct_long(id);
    IOlkAccount *account = NULL;
    HRESULT hr = manager->lpVtbl->FindAccount(manager, PROP_ACCT_ID, &key, &account);
    if (fate == MADE)
        assert_int_equal(hr, S_OK);
    if (fate == DELETED)
        assert_int_equal(hr, E_ACCT_NOT_FOUND);
    if (hr == E_ACCT_NOT_FOUND)
        return;
    for (unsigned i = 0; i < WORKERS; i++) {
        unsigned n = stored_number(account, text_tags[i], binary_tags[i]);
        assert_true(n >= atomic_load(&ledger->saved[i][id])); /* nothing saved is lost */
        assert_true(n <= atomic_load(&ledger->asked[i][id]));
    }
    release_account(account);
}

static void check_order(IOlkAccountManager *manager, const CLSID *category)
{
    IOlkEnum *list = acct_enumerate(manager, category, NULL);
    DWORD count = 0;
    DWORD *ids = NULL;
    assert_int_equal(manager->lpVtbl->GetOrder(manager, category, &count, &ids), S_OK);
    assert_int_equal(count, acct_enum_count(list));
    for (DWORD i = 0; i < count; i++) {
        IOlkAccount *account = acct_enum_next(list);
        assert_int_equal(acct_get_long(account, PROP_ACCT_ID), ids[i]);
        release_account(account);
    }
    assert_int_equal(manager->lpVtbl->FreeMemory(manager, (BYTE *)ids), S_OK);
    list->lpVtbl->Release(list);
}

static long stress_seconds(void)
{
    const char *text = getenv("MAPI_STRESS_SECONDS");
    long seconds = text != NULL ? strtol(text, NULL, 10) : 0;
    return seconds > 0 ? seconds : 5;
}

static void two_processes_edit_at_random_and_are_killed(void **state)
{
    (void)state;
    unsigned seed = (unsigned)time(NULL) ^ (unsigned)getpid();
    pid_t workers[WORKERS];
    unsigned kills = 0;
    print_message("seed %u\n", seed);
    MAPIUninitialize(); /* nothing of it may be open across a fork */
    pid_t watcher = start(start_watch, 0, 0);
    while (!atomic_load(&ledger->watching) && !atomic_load(&ledger->failed))
        poll(NULL, 0, 1);
    for (unsigned i = 0; i < WORKERS; i++)
        workers[i] = start(work, i, seed + i);
    for (time_t end = time(NULL) + stress_seconds(); time(NULL) < end && !atomic_load(&ledger->failed);) {
        unsigned victim = (unsigned)rand_r(&seed) % WORKERS;
        poll(NULL, 0, 5 + rand_r(&seed) % 60);
        kill(workers[victim], SIGKILL);
        waitpid(workers[victim], NULL, 0);
        workers[victim] = start(work, victim, (unsigned)rand_r(&seed));
        kills++;
    }
    atomic_store(&ledger->stop, true);
    for (unsigned i = 0; i < WORKERS; i++)
        check_exit(workers[i]);
    check_exit(watcher);
    print_message("%u operations, %u accounts, %u kills\n", atomic_load(&ledger->operations),
                  atomic_load(&ledger->highest), kills);
    assert_true(kills > 3);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    IOlkAccountManager *manager = open_manager(WORK);
    for (DWORD id = 1; id <= atomic_load(&ledger->highest) + 2; id++)
        check_account(manager, id);
    check_order(manager, &CLSID_OlkMail);
    check_order(manager, &CLSID_OlkStore);
    check_order(manager, &CLSID_OlkAddressBook);
    close_manager(manager);
}

static int setup(void **state)
{
    ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ledger == MAP_FAILED)
        return -1;
    return accounts_setup(state);
}

static int teardown(void **state)
{
    munmap(ledger, sizeof *ledger);
    return accounts_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_processes_edit_at_random_and_are_killed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
