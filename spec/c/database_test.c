/* base/database.h: files, versions, statements, transactions. */
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapicode.h>

#include "base/database.h"
#include "base/failure.h"
#include "support/fault.h"
#include "support/temp_home.h"

enum { OURS = 0x4D415049 };

static const char *const upgrades[] = {
    "CREATE TABLE thing(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE part(thing INTEGER NOT NULL REFERENCES thing(id) ON DELETE CASCADE); CREATE INDEX part_of ON "
    "part(thing)",
    "INSERT INTO thing(name) VALUES('first')",
};
static const struct database_schema first_schema = {OURS, 1, upgrades, NULL};
static const struct database_schema second_schema = {OURS, 2, upgrades, NULL};
static const struct database_schema third_schema = {OURS, 3, upgrades, NULL};

static const char sql_insert[] = "INSERT INTO thing(name) VALUES(?1)";
static const char sql_count[] = "SELECT count(*) FROM thing";
static const char sql_names[] = "SELECT name FROM thing ORDER BY id";

static struct database *open_at(const char *path, const struct database_schema *schema, unsigned flags)
{
    struct database *db;
    HRESULT hr = database_open(path, schema, flags, &db);
    if (hr != S_OK)
        print_error("cannot open %s: %s\n", path, failure_detail(hr));
    assert_int_equal(hr, S_OK);
    return db;
}

static struct database *open_thing(unsigned flags)
{
    return open_at(temp_home_file("thing.db"), &second_schema, flags);
}

static void assert_refused(const char *path, const struct database_schema *schema, unsigned flags, HRESULT expected)
{
    struct database *db = (struct database *)(uintptr_t)path;
    failure_clear();
    assert_int_equal(database_open(path, schema, flags, &db), expected);
    assert_null(db);
    assert_non_null(failure_detail(expected));
    if (expected != MAPI_E_NOT_ENOUGH_MEMORY)
        assert_non_null(strstr(failure_detail(expected), path));
}

static HRESULT insert(struct database *db, const char *name)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, sql_insert, &statement);
    if (hr != S_OK)
        return hr;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    return database_run(db, statement, "The thing could not be saved");
}

static int count(struct database *db)
{
    sqlite3_stmt *statement;
    assert_int_equal(database_prepare(db, sql_count, &statement), S_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int n = sqlite3_column_int(statement, 0);
    database_done(statement);
    return n;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- files ---- */

static void files_are_private_whatever_the_umask(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 0777, 0277};
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "mode%d.db", i);
        mode_t before = umask(masks[i]);
        struct database *db = open_at(temp_home_file(name), &second_schema, DATABASE_CREATE);
        assert_int_equal(insert(db, "x"), S_OK);
        umask(before);
        struct stat file;
        char wal[1200];
        assert_int_equal(stat(database_path(db), &file), 0);
        assert_int_equal(file.st_mode & 07777, 0600);
        snprintf(wal, sizeof wal, "%s-wal", database_path(db));
        assert_int_equal(stat(wal, &file), 0);
        assert_int_equal(file.st_mode & 07777, 0600);
        database_close(db);
    }
}

static void a_missing_file_is_made_only_if_asked(void **state)
{
    (void)state;
    const char *path = temp_home_file("missing.db");
    assert_refused(path, &second_schema, 0, MAPI_E_NOT_FOUND);
    assert_refused(path, &second_schema, DATABASE_READONLY, MAPI_E_NOT_FOUND);
    assert_int_not_equal(access(path, F_OK), 0);
    database_close(open_at(path, &second_schema, DATABASE_CREATE));
    database_close(open_at(path, &second_schema, 0));
    assert_refused(temp_home_file("no/such/dir.db"), &second_schema, DATABASE_CREATE, MAPI_E_NOT_FOUND);
    database_close(NULL);
}

static void it_is_set_up_as_promised(void **state)
{
    (void)state;
    struct database *db = open_thing(DATABASE_CREATE);
    static const struct {
        const char *sql;
        const char *value;
    } settings[] = {{"PRAGMA journal_mode", "wal"},
                    {"PRAGMA synchronous", "2"},
                    {"PRAGMA foreign_keys", "1"},
                    {"PRAGMA user_version", "2"},
                    {"PRAGMA trusted_schema", "0"}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        sqlite3_stmt *statement;
        assert_int_equal(database_prepare(db, settings[i].sql, &statement), S_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_string_equal((const char *)sqlite3_column_text(statement, 0), settings[i].value);
        database_done(statement);
    }
    database_close(db);
}

static void other_peoples_files_are_left_alone(void **state)
{
    (void)state;
    char noise[5000];
    memset(noise, 'x', sizeof noise);
    const char *path = temp_home_file("noise.db");
    write_file(path, noise, sizeof noise);
    assert_refused(path, &second_schema, DATABASE_CREATE, MAPI_E_CORRUPT_DATA);
    path = temp_home_file("short.db");
    write_file(path, "hi", 2);
    assert_refused(path, &second_schema, DATABASE_CREATE, MAPI_E_CORRUPT_DATA);
    path = temp_home_file("foreign.db");
    sqlite3 *foreign;
    assert_int_equal(sqlite3_open(path, &foreign), SQLITE_OK);
    assert_int_equal(sqlite3_exec(foreign, "CREATE TABLE theirs(x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(foreign);
    assert_refused(path, &second_schema, DATABASE_CREATE, MAPI_E_CORRUPT_DATA);
    static const struct database_schema another = {OURS + 1, 1, upgrades, NULL};
    database_close(open_thing(DATABASE_CREATE));
    assert_refused(temp_home_file("thing.db"), &another, 0, MAPI_E_CORRUPT_DATA);
    path = temp_home_file("directory.db");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(path, &second_schema, DATABASE_CREATE, MAPI_E_CORRUPT_DATA);
}

static void a_damaged_file_is_told(void **state)
{
    (void)state;
    const char *path = temp_home_file("damaged.db");
    struct database *db = open_at(path, &second_schema, DATABASE_CREATE);
    assert_int_equal(insert(db, "x"), S_OK);
    database_close(db);
    int file = open(path, O_WRONLY);
    char noise[4096];
    memset(noise, 0xA5, sizeof noise);
    assert_int_equal(pwrite(file, noise, sizeof noise - 200, 200), (ssize_t)sizeof noise - 200);
    close(file);
    assert_refused(path, &second_schema, 0, MAPI_E_CORRUPT_DATA);
}

/* Root may read and write everything, so another user has to try. */
static void in_another_users_hands(void (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        body();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void expect_no_access(void)
{
    struct database *db;
    const char *path = temp_home_file("thing.db");
    if (database_open(path, &second_schema, 0, &db) != MAPI_E_NO_ACCESS || failure_detail(MAPI_E_NO_ACCESS) == NULL)
        _exit(1);
    if (database_open(temp_home_file("new.db"), &second_schema, DATABASE_CREATE, &db) != MAPI_E_NO_ACCESS)
        _exit(1);
}

static void files_that_may_not_be_written_are_told(void **state)
{
    (void)state;
    database_close(open_thing(DATABASE_CREATE));
    chmod(temp_home_file("thing.db"), 0444);
    char root[1200];
    snprintf(root, sizeof root, "%s/..", temp_home_path());
    chmod(root, 0711);
    chmod(temp_home_path(), 0555);
    in_another_users_hands(expect_no_access);
    chmod(temp_home_path(), 0700);
    chmod(temp_home_file("thing.db"), 0600);
}

static void a_replaced_file_is_noticed(void **state)
{
    (void)state;
    const char *path = temp_home_file("replaced.db");
    struct database *db = open_at(path, &second_schema, DATABASE_CREATE);
    assert_true(database_is_current(db));
    char aside[1200];
    snprintf(aside, sizeof aside, "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    assert_false(database_is_current(db));
    write_file(path, "", 0);
    assert_false(database_is_current(db));
    assert_int_equal(rename(aside, path), 0);
    assert_true(database_is_current(db));
    database_close(db);
}

/* ---- versions ---- */

static void older_versions_are_upgraded_in_place(void **state)
{
    (void)state;
    const char *path = temp_home_file("old.db");
    struct database *db = open_at(path, &first_schema, DATABASE_CREATE);
    assert_int_equal(insert(db, "kept"), S_OK);
    database_close(db);
    assert_refused(path, &third_schema, DATABASE_READONLY, MAPI_E_VERSION);
    db = open_at(path, &third_schema, 0);
    assert_int_equal(count(db), 2);
    database_close(db);
    db = open_at(path, &third_schema, 0); /* not a second time */
    assert_int_equal(count(db), 2);
    database_close(db);
    db = open_at(path, &third_schema, DATABASE_READONLY);
    assert_int_equal(count(db), 2);
    assert_int_equal(insert(db, "no"), MAPI_E_NO_ACCESS);
    database_close(db);
}

static void an_upgrade_that_fails_changes_nothing(void **state)
{
    (void)state;
    const char *path = temp_home_file("broken.db");
    struct database *db = open_at(path, &second_schema, DATABASE_CREATE);
    assert_int_equal(insert(db, "first"), S_OK); /* the third upgrade will collide with it */
    database_close(db);
    assert_refused(path, &third_schema, 0, MAPI_E_COLLISION);
    db = open_at(path, &second_schema, 0);
    assert_int_equal(count(db), 1);
    database_close(db);
}

static void newer_versions_are_left_untouched(void **state)
{
    (void)state;
    const char *path = temp_home_file("newer.db");
    database_close(open_at(path, &third_schema, DATABASE_CREATE));
    struct stat before;
    struct stat after;
    assert_int_equal(stat(path, &before), 0);
    assert_refused(path, &second_schema, DATABASE_CREATE, MAPI_E_VERSION);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void open_and_close(void)
{
    struct database *db;
    HRESULT hr = database_open(temp_home_file("race.db"), &third_schema, DATABASE_CREATE, &db);
    if (hr != S_OK) {
        print_error("%s\n", failure_detail(hr));
        _exit(1);
    }
    sqlite3_stmt *statement;
    if (database_prepare(db, sql_count, &statement) != S_OK || sqlite3_step(statement) != SQLITE_ROW ||
        sqlite3_column_int(statement, 0) != 1)
        _exit(1);
    database_close(db);
}

static void processes_that_create_at_once_agree(void **state)
{
    (void)state;
    enum { PROCESSES = 6, ROUNDS = 5 };
    for (int round = 0; round < ROUNDS; round++) {
        pid_t children[PROCESSES];
        for (int i = 0; i < PROCESSES; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                open_and_close();
                _exit(0);
            }
        }
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        unlink(temp_home_file("race.db"));
    }
}

/* ---- statements ---- */

static void statements_are_kept_by_address(void **state)
{
    (void)state;
    struct database *db = open_thing(DATABASE_CREATE);
    sqlite3_stmt *first;
    sqlite3_stmt *second;
    assert_int_equal(database_prepare(db, sql_names, &first), S_OK);
    database_done(first);
    assert_int_equal(database_prepare(db, sql_names, &second), S_OK);
    assert_ptr_equal(first, second);
    database_done(second);
    database_done(NULL);
    assert_int_equal(database_prepare(db, "SELECT nothing FROM nowhere", &first), MAPI_E_CALL_FAILED);
    assert_null(first);
    database_close(db);
}

static void nested_uses_get_statements_of_their_own(void **state)
{
    (void)state;
    struct database *db = open_thing(DATABASE_CREATE);
    assert_int_equal(insert(db, "a"), S_OK);
    assert_int_equal(insert(db, "b"), S_OK);
    sqlite3_stmt *outer;
    sqlite3_stmt *inner;
    assert_int_equal(database_prepare(db, sql_names, &outer), S_OK);
    assert_int_equal(sqlite3_step(outer), SQLITE_ROW);
    assert_int_equal(database_prepare(db, sql_names, &inner), S_OK);
    assert_ptr_not_equal(outer, inner);
    assert_int_equal(sqlite3_step(inner), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(inner, 0), "a");
    assert_int_equal(sqlite3_step(outer), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(outer, 0), "b");
    database_done(inner);
    database_done(outer);
    database_close(db);
}

static void many_statements_fit(void **state)
{
    (void)state;
    enum { MANY = 500 };
    static char sql[MANY][32];
    struct database *db = open_thing(DATABASE_CREATE);
    sqlite3_stmt *statements[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(sql[i], sizeof sql[i], "SELECT %d", i);
        assert_int_equal(database_prepare(db, sql[i], &statements[i]), S_OK);
    }
    for (int i = 0; i < MANY; i++) {
        sqlite3_stmt *again;
        assert_int_equal(database_prepare(db, sql[i], &again), S_OK);
        assert_ptr_equal(again, statements[i]);
        assert_int_equal(sqlite3_step(again), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int(again, 0), i);
        database_done(again);
    }
    database_close(db);
}

static void errors_have_codes_and_sentences(void **state)
{
    (void)state;
    struct database *db = open_thing(DATABASE_CREATE);
    assert_int_equal(insert(db, "same"), S_OK);
    assert_int_equal(insert(db, "same"), MAPI_E_COLLISION);
    assert_non_null(strstr(failure_detail(MAPI_E_COLLISION), "The thing could not be saved: "));
    assert_int_equal(database_error(db, SQLITE_OK, "x"), S_OK);
    assert_int_equal(database_error(db, SQLITE_ROW, "x"), S_OK);
    assert_int_equal(database_error(db, SQLITE_DONE, "x"), S_OK);
    assert_int_equal(database_error(db, SQLITE_FULL, "x"), MAPI_E_NOT_ENOUGH_DISK);
    assert_int_equal(database_error(db, SQLITE_NOMEM, "x"), MAPI_E_NOT_ENOUGH_MEMORY);
    assert_int_equal(database_error(db, SQLITE_IOERR_NOMEM, "x"), MAPI_E_NOT_ENOUGH_MEMORY);
    assert_int_equal(database_error(db, SQLITE_BUSY_SNAPSHOT, "x"), MAPI_E_TIMEOUT);
    assert_int_equal(database_error(db, SQLITE_LOCKED, "x"), MAPI_E_TIMEOUT);
    assert_int_equal(database_error(db, SQLITE_CORRUPT_VTAB, "x"), MAPI_E_CORRUPT_DATA);
    assert_int_equal(database_error(db, SQLITE_NOTADB, "x"), MAPI_E_CORRUPT_DATA);
    assert_int_equal(database_error(db, SQLITE_READONLY_DBMOVED, "x"), MAPI_E_NO_ACCESS);
    assert_int_equal(database_error(db, SQLITE_IOERR_WRITE, "x"), MAPI_E_DISK_ERROR);
    assert_int_equal(database_error(db, SQLITE_TOOBIG, "x"), MAPI_E_TOO_BIG);
    assert_int_equal(database_error(db, SQLITE_MISUSE, "x"), MAPI_E_CALL_FAILED);
    database_close(db);
}

/* ---- transactions ---- */

static void transactions_commit_and_roll_back(void **state)
{
    (void)state;
    struct database *db = open_thing(DATABASE_CREATE);
    int before = count(db);
    assert_int_equal(database_begin(db), S_OK);
    assert_true(database_in_transaction(db));
    assert_int_equal(database_begin(db), MAPI_E_CALL_FAILED);
    assert_int_equal(insert(db, "one"), S_OK);
    assert_int_equal(database_commit(db), S_OK);
    assert_false(database_in_transaction(db));
    assert_int_equal(count(db), before + 1);
    assert_int_equal(database_begin(db), S_OK);
    assert_int_equal(insert(db, "two"), S_OK);
    sqlite3_stmt *running;
    assert_int_equal(database_prepare(db, sql_names, &running), S_OK);
    assert_int_equal(sqlite3_step(running), SQLITE_ROW);
    database_rollback(db); /* also with a statement half read */
    assert_false(database_in_transaction(db));
    assert_int_equal(count(db), before + 1);
    database_rollback(db);
    assert_int_equal(database_commit(db), MAPI_E_CALL_FAILED);
    assert_int_equal(database_begin(db), S_OK);
    database_close(db); /* rolls back */
    db = open_thing(0);
    assert_int_equal(count(db), before + 1);
    database_close(db);
}

static void a_commit_that_fails_has_rolled_back(void **state)
{
    (void)state;
    struct database *db = open_thing(DATABASE_CREATE);
    int before = count(db);
    assert_int_equal(database_begin(db), S_OK);
    assert_int_equal(database_execute(db, "PRAGMA defer_foreign_keys = ON; INSERT INTO part VALUES(12345)", "x"), S_OK);
    assert_int_equal(insert(db, "lost"), S_OK);
    assert_int_equal(database_commit(db), MAPI_E_COLLISION);
    assert_false(database_in_transaction(db));
    assert_int_equal(count(db), before);
    database_close(db);
}

/* Undoing a change must not need memory: a connection left in the middle of one would block everybody else. */
static void a_rollback_needs_no_memory(void **state)
{
    (void)state;
    struct database *db = open_thing(DATABASE_CREATE);
    int before = count(db);
    assert_int_equal(sqlite3_db_config(database_handle(db), SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0), SQLITE_OK);
    assert_int_equal(database_begin(db), S_OK);
    assert_int_equal(insert(db, "lost"), S_OK);
    sqlite3_hard_heap_limit64(sqlite3_memory_used() > 0 ? sqlite3_memory_used() : 1);
    database_rollback(db);
    bool stuck = database_in_transaction(db);
    sqlite3_hard_heap_limit64(0);
    assert_false(stuck);
    assert_int_equal(count(db), before);
    database_close(db);
}

static void a_busy_database_is_given_up_in_time(void **state)
{
    (void)state;
    struct database *holder = open_thing(DATABASE_CREATE);
    struct database *waiter = open_thing(0);
    sqlite3_busy_timeout(database_handle(waiter), 20); /* not the ten seconds of a user */
    assert_int_equal(database_begin(holder), S_OK);
    assert_int_equal(database_begin(waiter), MAPI_E_TIMEOUT);
    assert_false(database_in_transaction(waiter));
    assert_int_equal(count(waiter) >= 0, 1); /* reading goes on */
    assert_int_equal(database_commit(holder), S_OK);
    assert_int_equal(database_begin(waiter), S_OK);
    assert_int_equal(database_commit(waiter), S_OK);
    database_close(holder);
    database_close(waiter);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct database *db = open_thing(DATABASE_CREATE);
    assert_int_equal(database_execute(db, "PRAGMA max_page_count = 1", "x"), S_OK);
    assert_int_equal(database_begin(db), S_OK);
    HRESULT hr = S_OK;
    for (int i = 0; hr == S_OK && i < 100000; i++) {
        char name[64];
        snprintf(name, sizeof name, "some rather long name, number %d", i);
        hr = insert(db, name);
    }
    assert_int_equal(hr, MAPI_E_NOT_ENOUGH_DISK);
    database_rollback(db);
    assert_false(database_in_transaction(db));
    database_close(db);
}

static void what_was_committed_survives_a_kill(void **state)
{
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct database *db;
        if (database_open(temp_home_file("killed.db"), &second_schema, DATABASE_CREATE, &db) != S_OK)
            _exit(1);
        for (int i = 0;; i++) {
            char name[32];
            snprintf(name, sizeof name, "%d", i);
            if (database_begin(db) != S_OK || insert(db, name) != S_OK || database_commit(db) != S_OK ||
                write(pipes[1], "x", 1) != 1)
                _exit(1);
        }
    }
    close(pipes[1]);
    char acknowledged[50];
    size_t told = 0;
    while (told < sizeof acknowledged) {
        ssize_t n = read(pipes[0], acknowledged, sizeof acknowledged - told);
        assert_true(n > 0);
        told += (size_t)n;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    for (ssize_t n; (n = read(pipes[0], acknowledged, sizeof acknowledged)) > 0;)
        told += (size_t)n;
    close(pipes[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    struct database *db = open_at(temp_home_file("killed.db"), &second_schema, 0);
    assert_true((size_t)count(db) >= told);
    sqlite3_stmt *check;
    assert_int_equal(database_prepare(db, "PRAGMA integrity_check", &check), S_OK);
    assert_int_equal(sqlite3_step(check), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(check, 0), "ok");
    database_done(check);
    database_close(db);
}

/* ---- failing memory ---- */

static HRESULT open_and_use(void *context)
{
    struct database *db;
    HRESULT hr = database_open(context, &second_schema, DATABASE_CREATE, &db);
    if (hr != S_OK) {
        assert_null(db);
        return hr;
    }
    hr = database_begin(db);
    if (hr == S_OK)
        hr = insert(db, "x");
    database_close(db);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    char path[1200];
    snprintf(path, sizeof path, "%s", temp_home_file("failing.db"));
    assert_true(fault_sweep(open_and_use, path) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_private_whatever_the_umask),
        cmocka_unit_test(a_missing_file_is_made_only_if_asked),
        cmocka_unit_test(it_is_set_up_as_promised),
        cmocka_unit_test(other_peoples_files_are_left_alone),
        cmocka_unit_test(a_damaged_file_is_told),
        cmocka_unit_test(files_that_may_not_be_written_are_told),
        cmocka_unit_test(a_replaced_file_is_noticed),
        cmocka_unit_test(older_versions_are_upgraded_in_place),
        cmocka_unit_test(an_upgrade_that_fails_changes_nothing),
        cmocka_unit_test(newer_versions_are_left_untouched),
        cmocka_unit_test(processes_that_create_at_once_agree),
        cmocka_unit_test(statements_are_kept_by_address),
        cmocka_unit_test(nested_uses_get_statements_of_their_own),
        cmocka_unit_test(many_statements_fit),
        cmocka_unit_test(errors_have_codes_and_sentences),
        cmocka_unit_test(transactions_commit_and_roll_back),
        cmocka_unit_test(a_commit_that_fails_has_rolled_back),
        cmocka_unit_test(a_rollback_needs_no_memory),
        cmocka_unit_test(a_busy_database_is_given_up_in_time),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(what_was_committed_survives_a_kill),
        cmocka_unit_test(failing_memory),
    };
    return cmocka_run_group_tests_name("database", tests, temp_home_setup, temp_home_teardown);
}
