/* Several processes on one store: who reads never waits for who writes, and sees what was last committed; who writes waits
 * for his turn, as long as it is said, and is then told why; and the log does not grow for ever, whoever reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <mapicode.h>
#include <mapisub.h>
#include <mapiutil.h>

#include "support/mapi.h"
#include "support/processes.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

enum { CHILDREN = 4, SAVES = 150, LOG_MAX = 64 << 20 };

static struct process theirs[CHILDREN];
static IMAPIFolder *box;
static sqlite3 *raw;

/* ---- what a child does ---- */

static long open_everything(void)
{
    if (MAPIInitialize(NULL) != S_OK || try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &the_session) != S_OK)
        return -1;
    the_store = open_store(MDB_WRITE);
    box = inbox();
    return 0;
}

static long close_everything(void)
{
    if (the_session == NULL)
        return 0;
    release(box);
    release(the_store);
    log_off(the_session);
    MAPIUninitialize();
    the_session = NULL;
    return 0;
}

/* Saves so many messages of so many bytes; how many of the saves have failed. */
static long save_many(int count, ULONG size)
{
    static BYTE bytes[100000];
    long failures = 0;
    for (int i = 0; i < count; i++) {
        SPropValue values[] = {string_value(PR_SUBJECT, "theirs"),
                               {PROP_TAG(PT_BINARY, 0x6600), 0, {.bin = {size, bytes}}}};
        IMessage *message = NULL;
        HRESULT hr = box->lpVtbl->CreateMessage(box, NULL, 0, &message);
        if (hr == S_OK)
            hr = message->lpVtbl->SetProps(message, 2, values, NULL);
        if (hr == S_OK)
            hr = save(message, 0);
        failures += hr != S_OK;
        if (message != NULL)
            release(message);
    }
    return failures;
}

static long hold_transaction(void)
{
    if (sqlite3_open(store_path(), &raw) != SQLITE_OK)
        return -1;
    sqlite3_busy_timeout(raw, 10000);
    return sqlite3_exec(raw,
                        "BEGIN IMMEDIATE; UPDATE message SET subject = 'not yet'; UPDATE folder SET name = name || 'x'"
                        " WHERE name = 'child'",
                        NULL, NULL, NULL);
}

static long end_transaction(const char *sql)
{
    int rc = sqlite3_exec(raw, sql, NULL, NULL, NULL);
    sqlite3_close(raw);
    raw = NULL;
    return rc;
}

/* Reads all messages over and over, until the parent has made a file. */
static long read_until_told(void)
{
    static const ULONG columns[] = {PR_SUBJECT_A, PR_MESSAGE_SIZE, PROP_TAG(PT_BINARY, 0x6600)};
    long rounds = 0;
    while (access(temp_home_file("enough"), F_OK) != 0) {
        IMAPITable *table = contents(box, 0);
        LPSRowSet rows = NULL;
        set_columns(table, 3, columns);
        while (table->lpVtbl->QueryRows(table, 20, 0, &rows) == S_OK && rows->cRows > 0)
            FreeProws(rows);
        FreeProws(rows);
        release(table);
        rounds++;
    }
    return rounds;
}

static long serve(char command)
{
    switch (command) {
    case 'o':
        return open_everything();
    case 'c':
        return close_everything();
    case 's': /* saves, small ones */
        return save_many(SAVES, 100);
    case 'l': /* saves, large ones */
        return save_many(1000, 60000);
    case 'h':
        return hold_transaction();
    case 'e':
        return end_transaction("COMMIT");
    case 'b':
        return end_transaction("ROLLBACK");
    case 'r':
        return read_until_told();
    default:
        return -1;
    }
}

/* ---- fixtures ---- */

static int setup(void **state)
{
    (void)state;
    temp_home_make();
    for (int i = 0; i < CHILDREN; i++)
        theirs[i] = process_start(serve);
    if (store_setup_beside_processes() != 0)
        return -1;
    box = inbox();
    for (int i = 0; i < CHILDREN; i++)
        if (process_do(&theirs[i], 'o') != 0)
            return -1;
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < CHILDREN; i++)
        if (theirs[i].pid != 0) {
            process_do(&theirs[i], 'c');
            process_end(&theirs[i]);
        }
    release(box);
    return store_teardown(state);
}

#define WITH_PROCESSES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* ---- tests ---- */

static size_t log_size(void)
{
    char path[4200];
    struct stat file;
    snprintf(path, sizeof path, "%s-wal", store_path());
    return stat(path, &file) == 0 ? (size_t)file.st_size : 0;
}

/* Three processes that read all the time, each for a moment, and one that saves 60 MB: SQLite left to itself makes a log of
 * 92 MB of that, and would go on. */
static void the_log_does_not_grow_for_ever(void **state)
{
    (void)state;
    for (int i = 1; i < CHILDREN; i++)
        process_send(&theirs[i], 'r');
    assert_int_equal(process_do(&theirs[0], 'l'), 0);
    size_t size = log_size();
    fclose(fopen(temp_home_file("enough"), "w"));
    for (int i = 1; i < CHILDREN; i++)
        assert_true(process_answer(&theirs[i]) > 0);
    assert_in_range(size, 1, LOG_MAX);
    expect_integrity();
}

/* Nor does it keep the size that one large change has given it. */
static void a_large_change_leaves_no_large_log(void **state)
{
    enum { SIZE = 40 << 20 };
    (void)state;
    char *bytes = calloc(1, SIZE);
    IMessage *message = new_message(box, "large");
    attach_bytes(message, "large", bytes, SIZE);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    free(bytes);
    assert_true(log_size() > SIZE);
    add_message(box, "small");
    assert_true(log_size() <= 16 << 20);
}

/* Everything that reads, while another process is in the middle of changing it: the answer comes though that process does
 * not go on before it has been given, and is what was there before. */
static void readers_never_wait(void **state)
{
    IMsgStore *again = NULL;
    IMessage *message = NULL;
    SPropValue value = string_value(PR_SUBJECT, "befo");
    SRestriction restriction = {.rt = RES_CONTENT, .res.resContent = {FL_PREFIX, PR_SUBJECT_A, &value}};
    (void)state;
    IMAPIFolder *sub = child(box, "child");
    SBinary id = add_message(box, "before");
    assert_int_equal(process_do(&theirs[0], 'h'), SQLITE_OK);
    assert_string_equal(subjects_of(box), "before");
    assert_string_equal(text_of(sub, PR_DISPLAY_NAME_A), "child");
    message = open_message(id, 0);
    assert_string_equal(text_of(message, PR_SUBJECT_A), "before");
    release(message);
    IMAPITable *table = contents(box, 0);
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_int_equal(count_rows(table), 1);
    assert_int_equal(box->lpVtbl->GetHierarchyTable(box, 0, &table), S_OK);
    assert_int_equal(count_rows(table), 1);
    /* A session that begins now, and a store that is opened. */
    IMAPISession *session = log_on("work"), *first = the_session;
    the_session = session;
    again = open_store(0);
    message = NULL;
    assert_int_equal(try_open(again, id, 0, &message), S_OK);
    assert_string_equal(text_of(message, PR_SUBJECT_A), "before");
    release(message);
    release(again);
    log_off(session);
    the_session = first;
    assert_int_equal(process_do(&theirs[0], 'e'), SQLITE_OK);
    assert_string_equal(subjects_of(box), "not yet");
    release(sub);
}

/* Who writes waits as long as it is said, and no longer, and is told which store, and how long. */
static void a_writer_is_told_in_time(void **state)
{
    IMessage *message = NULL;
    (void)state;
    assert_int_equal(box->lpVtbl->CreateMessage(box, NULL, 0, &message), S_OK);
    put_text(message, PR_SUBJECT, "mine");
    assert_int_equal(process_do(&theirs[0], 'h'), SQLITE_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), MAPI_E_TIMEOUT);
    const char *detail = MapiErrorDetail(MAPI_E_TIMEOUT);
    assert_non_null(detail);
    assert_non_null(strstr(detail, "another process has kept it locked for 10 seconds"));
    assert_non_null(strstr(detail, store_path()));
    assert_int_equal(process_do(&theirs[0], 'b'), SQLITE_OK);
    assert_int_equal(save(message, 0), S_OK); /* nothing of it was lost */
    release(message);
    assert_string_equal(subjects_of(box), "mine");
}

static void a_writer_that_is_killed_is_not_waited_for(void **state)
{
    (void)state;
    add_message(box, "before");
    assert_int_equal(process_do(&theirs[0], 'h'), SQLITE_OK);
    process_kill(&theirs[0]);
    theirs[0].pid = 0;
    assert_string_equal(subjects_of(box), "before");
    add_message(box, "after");
    assert_string_equal(subjects_of(box), "before|after");
    expect_integrity();
}

static void writers_wait_for_their_turn(void **state)
{
    (void)state;
    for (int i = 0; i < CHILDREN; i++)
        process_send(&theirs[i], 's');
    long failures = save_many(SAVES, 100);
    for (int i = 0; i < CHILDREN; i++)
        failures += process_answer(&theirs[i]);
    assert_int_equal(failures, 0);
    assert_int_equal(long_of(box, PR_CONTENT_COUNT), SAVES * (CHILDREN + 1));
    expect_integrity();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PROCESSES(the_log_does_not_grow_for_ever),
        WITH_PROCESSES(a_large_change_leaves_no_large_log),
        WITH_PROCESSES(readers_never_wait),
        WITH_PROCESSES(writers_wait_for_their_turn),
        WITH_PROCESSES(a_writer_is_told_in_time),
        WITH_PROCESSES(a_writer_that_is_killed_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
