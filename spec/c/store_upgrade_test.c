/* Stores of earlier versions of the schema, as the programs of their time have left them (spec/data): each is opened, brought
 * up to date and complete; whoever is killed meanwhile, or does it at the same time, does no harm; and one of a later
 * version is refused without a byte of it being touched. The tests hold for whatever version is the current one. */
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
#include <sqlite3.h>

#include <mapiutil.h>

#include "base/database.h"
#include "store/schema.h"
#include "support/mapi.h"
#include "support/store_check.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

static char path[512];

/* ---- the stores ---- */

static void name_beside(const char *suffix, char out[600])
{
    snprintf(out, 600, "%s%s", path, suffix);
}

static void remove_store(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[600];
        name_beside(suffixes[i], name);
        unlink(name);
    }
}

static char *read_all(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return NULL;
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (1 << 20) - 1, file);
    bytes[*size] = 0;
    fclose(file);
    return bytes;
}

static void execute(const char *sql)
{
    sqlite3 *db = NULL;
    char *problem = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_exec(db, sql, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s", problem);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Puts the store of that version in the place of the profile's: under its name, and with its identity. */
static void put_store(int version)
{
    char name[600], uid[128];
    size_t size;
    const char *root = getenv("MAPI_SOURCE_DIR");
    snprintf(name, sizeof name, "%s/spec/data/store_%d.sql", root != NULL ? root : ".", version);
    char *sql = read_all(name, &size);
    assert_non_null(sql);
    remove_store();
    execute(sql);
    free(sql);
    snprintf(uid, sizeof uid, "UPDATE meta SET value = x'%.32s' WHERE name = 'uid'", strrchr(path, '/') + 1);
    execute(uid);
}

static int version_of_file(void)
{
    return (int)store_query("PRAGMA user_version");
}

enum { OLDEST = 1, NEWEST_KEPT = 2 };

/* ---- what is in them ---- */

static LPSRowSet table_rows(IMAPITable *table, ULONG first, ULONG second)
{
    const ULONG columns[] = {first, second};
    return all_rows(table, 2, columns);
}

static void expect_names(IMessage *message)
{
    WCHAR colour[] = u"colour", count[] = u"count";
    MAPINAMEID all[] = {{(LPGUID)(uintptr_t)&PS_PUBLIC_STRINGS, MNID_STRING, {.lpwstrName = colour}},
                        {(LPGUID)(uintptr_t)&PS_PUBLIC_STRINGS, MNID_STRING, {.lpwstrName = count}}};
    LPMAPINAMEID names[] = {&all[0], &all[1]};
    LPSPropTagArray tags = NULL;
    assert_int_equal(message->lpVtbl->GetIDsFromNames(message, 2, names, 0, &tags), S_OK);
    assert_string_equal(text_of(message, CHANGE_PROP_TYPE(tags->aulPropTag[0], PT_STRING8)), "blue");
    assert_int_equal(long_of(message, CHANGE_PROP_TYPE(tags->aulPropTag[1], PT_LONG)), 42);
    MAPIFreeBuffer(tags);
}

static void expect_plain(IMessage *message)
{
    IMAPITable *table = NULL;
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0, &table), S_OK);
    LPSRowSet rows = table_rows(table, PR_EMAIL_ADDRESS_A, PR_RECIPIENT_TYPE);
    assert_int_equal(rows->cRows, 2);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, "desk@example.org");
    assert_string_equal(rows->aRow[1].lpProps[0].Value.lpszA, "night@example.com");
    assert_int_equal(rows->aRow[1].lpProps[1].Value.l, MAPI_CC);
    FreeProws(rows);
    assert_string_equal(text_of(message, PR_BODY_A), "Good morning,\r\nthis is one.\r\n");
    assert_int_equal(long_of(message, PR_IMPORTANCE), 2);
    expect_names(message);
}

static void expect_large(IMessage *message)
{
    char bytes[4000];
    IAttach *attach = NULL;
    assert_int_equal(read_stream(message, PR_BODY_A, bytes, sizeof bytes), 60 * 26);
    assert_memory_equal(bytes + 59 * 26, "A line of the long body.\r\n", 26);
    assert_int_equal(message->lpVtbl->OpenAttach(message, 0, NULL, 0, &attach), S_OK);
    assert_string_equal(text_of(attach, PR_ATTACH_LONG_FILENAME_A), "notes.txt");
    assert_int_equal(read_stream(attach, PR_ATTACH_DATA_BIN, bytes, sizeof bytes), 1600);
    assert_memory_equal(bytes + 1584, "0123456789abcdef", 16);
    release(attach);
    assert_int_equal(message->lpVtbl->OpenAttach(message, 1, NULL, 0, &attach), S_OK);
    assert_int_equal(read_stream(attach, PR_ATTACH_DATA_BIN, bytes, sizeof bytes), 3);
    release(attach);
}

static void expect_embedded(IMessage *message)
{
    IAttach *attach = NULL;
    IMessage *inner = NULL;
    assert_string_equal(text_of(message, PR_INTERNET_MESSAGE_ID_A), "<one@example.org>");
    assert_int_equal(message->lpVtbl->OpenAttach(message, 0, NULL, 0, &attach), S_OK);
    assert_int_equal(
        attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, (LPUNKNOWN *)(void *)&inner),
        S_OK);
    assert_string_equal(text_of(inner, PR_SUBJECT_A), "Inside");
    release(inner);
    release(attach);
}

/* Logs on, which brings the store up to date, and reads all that it held. */
static void expect_content(void)
{
    static const char *const subjects_in[] = {"A plain message", "Re: A long body", "With a message inside"};
    static void (*const expect[])(IMessage * message) = {expect_plain, expect_large, expect_embedded};
    the_session = log_on("work");
    the_store = open_store(MDB_WRITE);
    IMAPIFolder *folder = inbox();
    LPSRowSet rows = table_rows(contents(folder, 0), PR_SUBJECT_A, PR_ENTRYID);
    assert_int_equal(rows->cRows, 3);
    for (unsigned i = 0; i < 3; i++) {
        IMessage *message = open_message(rows->aRow[i].lpProps[1].Value.bin, 0);
        assert_string_equal(rows->aRow[i].lpProps[0].Value.lpszA, subjects_in[i]);
        expect[i](message);
        release(message);
    }
    FreeProws(rows);
    assert_int_equal(long_of(folder, PR_CONTENT_COUNT), 3);
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 3);
    IMAPIFolder *projects = child(folder, "Projects");
    IMAPIFolder *summer = child(projects, "\xC3\x89t\xC3\xA9");
    assert_string_equal(subjects_of(summer), "Filed");
    assert_int_equal(long_of(summer, PR_CONTENT_UNREAD), 0);
    add_message(summer, "New");
    assert_string_equal(subjects_of(summer), "Filed|New");
    release(summer);
    release(projects);
    release(folder);
    release(the_store);
    log_off(the_session);
    the_store = NULL;
    the_session = NULL;
    expect_integrity();
    assert_int_equal(version_of_file(), store_schema.version);
}

/* ---- fixtures: a profile, and nobody in this process who uses MAPI, so that children may ---- */

static int setup(void **state)
{
    if (mapi_setup(state) != 0)
        return -1;
    HRESULT hr = store_make_profile();
    snprintf(path, sizeof path, "%s", store_path());
    return hr == S_OK ? 0 : -1;
}

#define OF_OLD(test) cmocka_unit_test_setup_teardown(test, setup, mapi_teardown)

/* ---- the tests ---- */

static void old_stores_are_upgraded_with_all_they_hold(void **state)
{
    (void)state;
    for (int version = OLDEST; version <= NEWEST_KEPT; version++) {
        put_store(version);
        assert_int_equal(version_of_file(), version);
        expect_content();
    }
}

static char *schema_of_file(void)
{
    static const char sql[] = "SELECT group_concat(type || name || tbl_name || coalesce(sql, ''), char(10)) FROM"
                              " (SELECT * FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY type, name)";
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    char *schema = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return schema;
}

/* An upgraded store is what a new one is, to the last index and trigger. */
static void an_upgraded_store_is_like_a_new_one(void **state)
{
    (void)state;
    char *made = schema_of_file();
    for (int version = OLDEST; version <= NEWEST_KEPT; version++) {
        put_store(version);
        struct database *db = NULL;
        assert_int_equal(database_open(path, &store_schema, 0, &db), S_OK);
        database_close(db);
        char *upgraded = schema_of_file();
        assert_string_equal(upgraded, made);
        free(upgraded);
    }
    free(made);
}

static pid_t start_opening(int ready, int go)
{
    pid_t child_id = fork();
    if (child_id != 0)
        return child_id;
    IMAPISession *session = NULL;
    char byte = 1;
    if (try_log_on("work", MAPI_NEW_SESSION, &session) != S_OK || write(ready, &byte, 1) != 1 || read(go, &byte, 1) < 0)
        _exit(1);
    the_session = session;
    IMsgStore *store = NULL;
    HRESULT hr = try_open_store(MDB_WRITE, &store);
    if (hr != S_OK)
        print_error("0x%08x\n", (unsigned)hr);
    _exit(hr == S_OK ? 0 : 2);
}

/* Everybody waits in a read until the pipe `go` is closed. */
static void children_that_open(pid_t *children, int count, int *go)
{
    int ready[2], start[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < count; i++) {
        fflush(NULL);
        children[i] = fork();
        if (children[i] == 0) {
            close(start[1]);
            pid_t inner = start_opening(ready[1], start[0]);
            int status;
            waitpid(inner, &status, 0);
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 9);
        }
    }
    char byte;
    for (int i = 0; i < count; i++)
        assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    close(start[0]);
    *go = start[1];
}

/* Each upgrade makes tables: done twice it would fail. */
static void processes_that_open_it_at_once_upgrade_it_once(void **state)
{
    enum { PROCESSES = 4, ROUNDS = 8 };
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t children[PROCESSES];
        int go, status;
        put_store(OLDEST + round % NEWEST_KEPT);
        children_that_open(children, PROCESSES, &go);
        close(go);
        for (int i = 0; i < PROCESSES; i++) {
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        expect_content();
    }
}

static void a_kill_during_the_upgrade_does_no_harm(void **state)
{
    enum { ROUNDS = 40, STEP = 61 };
    (void)state;
    int killed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int ready[2], start[2], status;
        char byte = 1;
        put_store(OLDEST + round % NEWEST_KEPT);
        assert_int_equal(pipe(ready), 0);
        assert_int_equal(pipe(start), 0);
        pid_t child_id = start_opening(ready[1], start[0]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(write(start[1], &byte, 1), 1);
        usleep((useconds_t)(round * STEP));
        kill(child_id, SIGKILL);
        assert_int_equal(waitpid(child_id, &status, 0), child_id);
        killed += WIFSIGNALED(status);
        for (int i = 0; i < 2; i++) {
            close(ready[i]);
            close(start[i]);
        }
        int version = version_of_file();
        assert_true(version == OLDEST + round % NEWEST_KEPT || version == store_schema.version);
        assert_int_equal(store_query("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
        expect_content(); /* which brings it up to date, where that has not been done */
        expect_integrity();
    }
    assert_true(killed > 0);
}

/* Who may only read cannot bring it up to date: that is said, and nothing is changed. */
static void an_old_store_that_may_only_be_read_is_refused(void **state)
{
    struct database *db = NULL;
    size_t size, again;
    (void)state;
    if (store_schema.version == OLDEST)
        return;
    put_store(OLDEST);
    char *before = read_all(path, &size);
    assert_int_equal(database_open(path, &store_schema, DATABASE_READONLY, &db), MAPI_E_VERSION);
    assert_null(db);
    char *after = read_all(path, &again);
    assert_int_equal(size, again);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
    assert_int_equal(database_open(path, &store_schema, 0, &db), S_OK);
    database_close(db);
    assert_int_equal(database_open(path, &store_schema, DATABASE_READONLY, &db), S_OK);
    database_close(db);
}

/* ---- a later version ---- */

static void expect_untouched(void)
{
    char wal[600], shm[600];
    struct stat file_before, file_after, other;
    size_t size = 0, wal_size = 0, again = 0;
    IMsgStore *store = NULL;
    name_beside("-wal", wal);
    name_beside("-shm", shm);
    char *before = read_all(path, &size), *wal_before = read_all(wal, &wal_size);
    bool had_shm = stat(shm, &other) == 0;
    assert_int_equal(stat(path, &file_before), 0);
    the_session = log_on("work");
    assert_int_equal(try_open_store(MDB_WRITE, &store), MAPI_E_VERSION);
    assert_null(store);
    assert_int_equal(try_open_store(0, &store), MAPI_E_VERSION);
    log_off(the_session);
    the_session = NULL;
    char *after = read_all(path, &again), *wal_after = NULL;
    assert_int_equal(size, again);
    assert_memory_equal(before, after, size);
    assert_int_equal(stat(path, &file_after), 0);
    assert_int_equal(file_before.st_mtim.tv_sec, file_after.st_mtim.tv_sec);
    assert_int_equal(file_before.st_mtim.tv_nsec, file_after.st_mtim.tv_nsec);
    again = 0;
    wal_after = read_all(wal, &again);
    assert_int_equal(wal_before == NULL, wal_after == NULL);
    assert_int_equal(wal_size, again);
    if (wal_size > 0)
        assert_memory_equal(wal_before, wal_after, wal_size);
    if (!had_shm)
        assert_int_equal(wal_before != NULL, stat(shm, &other) == 0); /* where there is a log, reading it needs that */
    free(before);
    free(after);
    free(wal_before);
    free(wal_after);
}

static void make_newer(const char *more)
{
    char sql[200];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d; CREATE TABLE later (x); %s", store_schema.version + 1, more);
    put_store(NEWEST_KEPT);
    execute(sql);
}

/* One of a program that was killed: what it has saved is in the log still, and none of our business. */
static void make_newer_and_die(void)
{
    put_store(NEWEST_KEPT);
    pid_t writer = fork();
    if (writer == 0) {
        sqlite3 *db = NULL;
        char sql[200];
        snprintf(sql, sizeof sql, "PRAGMA journal_mode = WAL; PRAGMA user_version = %d; CREATE TABLE later (x)",
                 store_schema.version + 1);
        _exit(sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_newer_store_is_refused_untouched(void **state)
{
    char wal[600], shm[600];
    struct stat file;
    (void)state;
    make_newer("");
    expect_untouched();
    make_newer("PRAGMA journal_mode = WAL");
    expect_untouched();
    make_newer_and_die();
    name_beside("-wal", wal);
    name_beside("-shm", shm);
    assert_int_equal(stat(wal, &file), 0);
    assert_true(file.st_size > 0);
    expect_untouched();
    unlink(shm);
    expect_untouched();
    assert_int_equal(version_of_file(), store_schema.version + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OF_OLD(old_stores_are_upgraded_with_all_they_hold),     OF_OLD(an_upgraded_store_is_like_a_new_one),
        OF_OLD(processes_that_open_it_at_once_upgrade_it_once), OF_OLD(a_kill_during_the_upgrade_does_no_harm),
        OF_OLD(an_old_store_that_may_only_be_read_is_refused),  OF_OLD(a_newer_store_is_refused_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
