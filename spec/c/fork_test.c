/* base/fork.h and what base/database.h does at a fork. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapicode.h>

#include "base/database.h"
#include "base/failure.h"
#include "base/fork.h"
#include "support/temp_home.h"

static atomic_uint opened;

static HRESULT count_opened(struct database *db)
{
    (void)db;
    opened++;
    return S_OK;
}

static const char *const upgrades[] = {"CREATE TABLE line(who INTEGER)"};
static const struct database_schema schema = {0x54455354, 1, upgrades, count_opened};

static char path[600];

static int setup(void **state)
{
    temp_home_setup(state);
    snprintf(path, sizeof path, "%s", temp_home_file("test.db"));
    return 0;
}

static HRESULT open_it(struct database **db)
{
    return database_open(path, &schema, DATABASE_CREATE, db);
}

/* Adds a line in a transaction. */
static HRESULT write_line(struct database *db, int who)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_hold(db);
    if (hr != S_OK)
        return hr;
    hr = database_begin(db);
    if (hr == S_OK)
        hr = database_prepare(db, "INSERT INTO line VALUES(?)", &statement);
    if (hr == S_OK) {
        sqlite3_bind_int(statement, 1, who);
        hr = database_run(db, statement, "test");
    }
    if (hr == S_OK)
        hr = database_commit(db);
    database_release(db);
    return hr;
}

static int count_lines(struct database *db)
{
    sqlite3_stmt *statement;
    if (database_hold(db) != S_OK)
        return -1;
    int count = -1;
    if (database_prepare(db, "SELECT count(*) FROM line", &statement) == S_OK) {
        if (sqlite3_step(statement) == SQLITE_ROW)
            count = sqlite3_column_int(statement, 0);
        database_done(statement);
    }
    database_release(db);
    return count;
}

static void expect_child(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* What is lost with SQLite alone: the child opens the file while its copy of SQLite believes to have the parent's locks; the parent's
 * last connection removes the journal under the child's. */
static void R8_what_a_child_saves_stays(void **state)
{
    struct database *db;
    int go[2], done[2];
    char c;
    (void)state;
    assert_int_equal(open_it(&db), S_OK);
    assert_int_equal(write_line(db, 1), S_OK);
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(done), 0);
    unsigned generation = fork_generation();
    pid_t pid = fork();
    if (pid == 0) {
        struct database *own;
        if (fork_generation() != generation + 1 || open_it(&own) != S_OK || write_line(own, 2) != S_OK)
            _exit(1);
        if (write(done[1], "x", 1) != 1 || read(go[0], &c, 1) != 1) /* the parent closes and goes */
            _exit(2);
        if (write_line(own, 3) != S_OK || count_lines(own) != 4)
            _exit(3);
        _exit(0); /* without closing: what was committed is in the file */
    }
    assert_int_equal(fork_generation(), generation);
    assert_int_equal(read(done[0], &c, 1), 1);
    assert_int_equal(write_line(db, 4), S_OK);
    assert_int_equal(count_lines(db), 3);
    database_close(db);
    assert_int_equal(write(go[1], "x", 1), 1);
    expect_child(pid);
    assert_int_equal(open_it(&db), S_OK);
    assert_int_equal(count_lines(db), 4);
    database_close(db);
    for (int i = 0; i < 2; i++) {
        close(go[i]);
        close(done[i]);
    }
}

static void parent_and_child_open_again(void **state)
{
    struct database *db;
    (void)state;
    assert_int_equal(open_it(&db), S_OK);
    assert_int_equal(write_line(db, 1), S_OK);
    unsigned before = opened;
    pid_t pid = fork();
    if (pid == 0) {
        if (database_handle(db) != NULL || write_line(db, 2) != S_OK || opened != before + 1)
            _exit(1);
        database_close(db);
        _exit(0);
    }
    expect_child(pid);
    assert_null(database_handle(db));
    assert_int_equal(count_lines(db), 2);
    assert_int_equal(opened, before + 1); /* `opened` was called again, and only once */
    assert_int_equal(count_lines(db), 2);
    assert_int_equal(opened, before + 1);
    database_close(db);
}

static void a_file_that_was_replaced_is_not_taken_for_the_old_one(void **state)
{
    struct database *db, *other;
    (void)state;
    assert_int_equal(open_it(&db), S_OK);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    expect_child(pid);
    assert_int_equal(rename(temp_home_file("test.db"), temp_home_file("old.db")), 0);
    assert_int_equal(database_hold(db), MAPI_E_NOT_FOUND);
    assert_int_equal(open_it(&other), S_OK);
    assert_int_equal(database_hold(db), MAPI_E_NOT_FOUND);
    assert_non_null(strstr(failure_detail(MAPI_E_NOT_FOUND), "replaced"));
    assert_int_equal(write_line(db, 1), MAPI_E_NOT_FOUND);
    assert_int_equal(count_lines(other), 0);
    database_close(other);
    database_close(db);
}

static void a_fork_in_the_middle_of_a_change_leaves_the_change_to_the_parent(void **state)
{
    struct database *db;
    (void)state;
    assert_int_equal(open_it(&db), S_OK);
    assert_int_equal(database_hold(db), S_OK);
    assert_int_equal(database_begin(db), S_OK);
    assert_int_equal(database_execute(db, "INSERT INTO line VALUES(1)", "test"), S_OK);
    pid_t pid = fork();
    if (pid == 0) {
        struct database *own;
        if (open_it(&own) != MAPI_E_NOT_INITIALIZED || database_hold(db) != MAPI_E_NOT_INITIALIZED)
            _exit(1);
        database_release(db);
        database_close(db);
        _exit(0);
    }
    expect_child(pid);
    assert_int_equal(database_commit(db), S_OK);
    database_release(db);
    assert_int_equal(count_lines(db), 1);
    database_close(db);
}

/* ---- threads ---- */

static atomic_bool stop;
static atomic_bool quiet; /* SQLite's queue is not fair: a child among busy writers might wait in vain */
static atomic_uint written;

static void *write_often(void *context)
{
    struct database *db;
    (void)context;
    if (open_it(&db) != S_OK)
        return (void *)1;
    while (!atomic_load(&stop)) {
        if (write_line(db, 5) != S_OK)
            return (void *)2;
        atomic_fetch_add(&written, 1);
        while (atomic_load(&quiet))
            sched_yield();
    }
    database_close(db);
    return NULL;
}

static void *open_often(void *context)
{
    (void)context;
    while (!atomic_load(&stop)) {
        struct database *db;
        if (open_it(&db) != S_OK || count_lines(db) < 0)
            return (void *)1;
        database_close(db);
        while (atomic_load(&quiet))
            sched_yield();
    }
    return NULL;
}

static void threads_work_while_others_fork(void **state)
{
    void *(*const jobs[3])(void *) = {write_often, write_often, open_often};
    pthread_t threads[3];
    struct database *db;
    unsigned by_children = 0;
    (void)state;
    assert_int_equal(open_it(&db), S_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, jobs[i], NULL), 0);
    for (int i = 0; i < 10; i++) {
        pid_t pid = fork();
        atomic_store(&quiet, true);
        if (pid == 0) {
            struct database *own;
            if (open_it(&own) != S_OK)
                _exit(1);
            if (write_line(own, 6) != S_OK)
                _exit(2);
            _exit(write_line(db, 7) == S_OK ? 0 : 3);
        }
        expect_child(pid);
        by_children += 2;
        unsigned before = atomic_load(&written);
        atomic_store(&quiet, false);
        while (atomic_load(&written) == before)
            sched_yield();
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_int_equal(count_lines(db), atomic_load(&written) + by_children);
    database_close(db);
}

/* ---- hooks ---- */

static char order[16];

static void note(char what)
{
    size_t n = strlen(order);
    if (n + 1 < sizeof order)
        order[n] = what;
}

static void a_prepare(void)
{
    note('a');
}

static void a_parent(void)
{
    note('A');
}

static void b_prepare(void)
{
    note('b');
}

static void b_parent(void)
{
    note('B');
}

static void b_child(void)
{
    note('c');
}

static void hooks_nest(void **state)
{
    static const struct fork_hooks first = {1, a_prepare, a_parent, NULL}, second = {2, b_prepare, b_parent, b_child};
    (void)state;
    assert_int_equal(fork_hooks_add(&second), S_OK);
    assert_int_equal(fork_hooks_add(&first), S_OK);
    assert_int_equal(fork_hooks_add(&first), S_OK);
    pid_t pid = fork();
    if (pid == 0)
        _exit(strcmp(order, "abc") == 0 ? 0 : 1);
    expect_child(pid);
    assert_string_equal(order, "abBA");
}

/* ---- locks ---- */

static pthread_mutex_t leaf = PTHREAD_MUTEX_INITIALIZER;
FORK_KEEPS_WHOLE(leaf);
static int left, right; /* guarded by the leaf: the same */

static struct fork_mutex kept;
static atomic_bool has_both, fork_begun, let_go;

static void begun(void)
{
    atomic_store(&fork_begun, true);
}

/* Holds both until a fork is under way; then makes whole what the leaf guards and gives that back, but not the other one. */
static void *hold_both(void *context)
{
    (void)context;
    pthread_mutex_lock(&leaf);
    fork_mutex_lock(&kept);
    left++;
    atomic_store(&has_both, true);
    while (!atomic_load(&fork_begun))
        sched_yield();
    right++;
    pthread_mutex_unlock(&leaf);
    while (!atomic_load(&let_go))
        sched_yield();
    fork_mutex_unlock(&kept);
    return NULL;
}

static void a_child_finds_leaves_whole_and_other_locks_free(void **state)
{
    static const struct fork_hooks hooks = {3, begun, NULL, NULL};
    pthread_t thread;
    (void)state;
    assert_int_equal(fork_mutex_init(&kept), 0);
    assert_int_equal(fork_hooks_add(&hooks), S_OK);
    assert_int_equal(pthread_create(&thread, NULL, hold_both, NULL), 0);
    while (!atomic_load(&has_both))
        sched_yield();
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        pthread_mutex_lock(&leaf);
        bool whole = left == 1 && right == 1;
        pthread_mutex_unlock(&leaf);
        fork_mutex_lock(&kept);
        fork_mutex_unlock(&kept);
        fork_mutex_lock(&kept);
        fork_mutex_unlock(&kept);
        fork_mutex_destroy(&kept);
        _exit(whole ? 0 : 1);
    }
    expect_child(pid);
    atomic_store(&let_go, true);
    pthread_join(thread, NULL);
    fork_mutex_lock(&kept); /* the parent's is what it was */
    fork_mutex_unlock(&kept);
    fork_mutex_destroy(&kept);
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, setup, temp_home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(R8_what_a_child_saves_stays),
        IN_HOME(parent_and_child_open_again),
        IN_HOME(a_file_that_was_replaced_is_not_taken_for_the_old_one),
        IN_HOME(a_fork_in_the_middle_of_a_change_leaves_the_change_to_the_parent),
        IN_HOME(threads_work_while_others_fork),
        IN_HOME(hooks_nest),
        cmocka_unit_test(a_child_finds_leaves_whole_and_other_locks_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
