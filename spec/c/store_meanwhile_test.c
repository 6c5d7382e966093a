/* Messages, folders and tables that are open while another process deletes, moves or saves what they stand for. Each call
 * then answers as if it were the only one: with what there was, with what there is, or with a code that says what has
 * happened; what is saved is never half of the one and half of the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapiutil.h>

#include "support/mapi.h"
#include "support/processes.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

enum { LARGE = 300000 };

static struct process other;
static IMAPIFolder *box, *work;
static char their_body[100000]; /* t */

/* ---- the other process: what it does is to the messages of the folder "work", or to the folder ---- */

static long with_messages(IMAPIFolder *to)
{
    static const ULONG column = PR_ENTRYID;
    LPSRowSet rows = all_rows(contents(work, 0), 1, &column);
    SBinary ids[64];
    ENTRYLIST list = {rows->cRows, ids};
    for (ULONG i = 0; i < rows->cRows; i++)
        ids[i] = rows->aRow[i].lpProps[0].Value.bin;
    HRESULT hr = to != NULL ? work->lpVtbl->CopyMessages(work, &list, NULL, to, 0, NULL, MESSAGE_MOVE)
                            : work->lpVtbl->DeleteMessages(work, &list, 0, NULL, 0);
    FreeProws(rows);
    return hr;
}

/* Saves the first message with another subject, and perhaps another body. */
static long change_first(const char *body, size_t size)
{
    static const ULONG column = PR_ENTRYID;
    LPSRowSet rows = all_rows(contents(work, 0), 1, &column);
    IMessage *message = open_message(rows->aRow[0].lpProps[0].Value.bin, MAPI_MODIFY);
    put_text(message, PR_SUBJECT, "theirs");
    if (body != NULL)
        write_stream(message, PR_BODY_A, body, size);
    HRESULT hr = save(message, 0);
    release(message);
    FreeProws(rows);
    return hr;
}

static long remove_attachment(void)
{
    static const ULONG column = PR_ENTRYID;
    LPSRowSet rows = all_rows(contents(work, 0), 1, &column);
    IMessage *message = open_message(rows->aRow[0].lpProps[0].Value.bin, MAPI_MODIFY);
    HRESULT hr = message->lpVtbl->DeleteAttach(message, 0, 0, NULL, 0);
    if (hr == S_OK)
        hr = save(message, 0);
    release(message);
    FreeProws(rows);
    return hr;
}

static long with_folder(bool move)
{
    IMAPIFolder *to = child(box, "elsewhere");
    SBinary id = entryid(work);
    HRESULT hr =
        move ? box->lpVtbl->CopyFolder(box, id.cb, (LPENTRYID)(void *)id.lpb, NULL, to, NULL, 0, NULL, FOLDER_MOVE)
             : box->lpVtbl->DeleteFolder(box, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL, DEL_FOLDERS | DEL_MESSAGES);
    release(to);
    return hr;
}

static long serve(char command)
{
    switch (command) {
    case 'o':
        if (MAPIInitialize(NULL) != S_OK || try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &the_session) != S_OK)
            return -1;
        the_store = open_store(MDB_WRITE);
        box = inbox();
        work = child(box, "work");
        return 0;
    case 'd':
        return with_messages(NULL);
    case 'm':
        return with_messages(box);
    case 's':
        return change_first(NULL, 0);
    case 'b':
        return change_first("short", 5);
    case 'B':
        return change_first(their_body, sizeof their_body);
    case 'a':
        return remove_attachment();
    case 'D':
        return with_folder(false);
    case 'M':
        return with_folder(true);
    case 'c':
        release(work);
        release(box);
        release(the_store);
        log_off(the_session);
        MAPIUninitialize();
        return 0;
    default:
        return -1;
    }
}

/* ---- fixtures ---- */

static int setup(void **state)
{
    (void)state;
    temp_home_make();
    memset(their_body, 't', sizeof their_body);
    other = process_start(serve);
    if (store_setup_beside_processes() != 0)
        return -1;
    box = inbox();
    work = child(box, "work");
    return process_do(&other, 'o') == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    expect_integrity();
    process_do(&other, 'c');
    process_end(&other);
    release(work);
    release(box);
    return store_teardown(state);
}

#define MEANWHILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void they(char command)
{
    assert_int_equal(process_do(&other, command), S_OK);
}

/* A message in "work" with a large attachment, opened for reading or writing. */
static IMessage *message_there(ULONG flags)
{
    static char bytes[LARGE];
    IMessage *message = new_message(work, "ours");
    SBinary id;
    attach_bytes(message, "data", bytes, LARGE);
    add_recipient(message, "Front Desk", "desk@example.org", MAPI_TO);
    assert_int_equal(save(message, KEEP_OPEN_READONLY), S_OK);
    id = entryid(message);
    release(message);
    return open_message(id, flags);
}

/* Reads to the end, in pieces; the first that is not S_OK. */
static HRESULT read_on(IStream *stream, size_t *total)
{
    char bytes[10000];
    ULONG got = 1;
    HRESULT hr = S_OK;
    for (*total = 0; hr == S_OK && got > 0; *total += got)
        hr = stream->lpVtbl->Read(stream, bytes, sizeof bytes, &got);
    return hr;
}

/* ---- tests ---- */

static void a_message_deleted_while_it_is_read(void **state)
{
    IMessage *message = message_there(0);
    IAttach *attach = NULL;
    IStream *stream = NULL;
    IMAPITable *table = NULL;
    size_t total;
    (void)state;
    assert_int_equal(message->lpVtbl->OpenAttach(message, 0, NULL, 0, &attach), S_OK);
    assert_int_equal(try_stream(attach, PR_ATTACH_DATA_BIN, 0, &stream), S_OK);
    they('d');
    assert_string_equal(text_of(message, PR_SUBJECT_A), "ours"); /* it has been read */
    assert_int_equal(read_on(stream, &total), MAPI_E_OBJECT_CHANGED);
    assert_true(total < LARGE);
    HRESULT hr = message->lpVtbl->GetAttachmentTable(message, 0, &table);
    if (hr == S_OK)
        assert_true(count_rows(table) <= 1);
    release(stream);
    release(attach);
    release(message);
    assert_string_equal(subjects_of(work), "");
}

static void a_message_deleted_while_it_is_changed(void **state)
{
    IMessage *message = message_there(MAPI_MODIFY);
    (void)state;
    put_text(message, PR_SUBJECT, "too late");
    they('d');
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), MAPI_E_OBJECT_DELETED);
    assert_int_equal(save(message, FORCE_SAVE), MAPI_E_OBJECT_DELETED);
    assert_string_equal(text_of(message, PR_SUBJECT_A), "too late"); /* to be copied, say */
    release(message);
    assert_string_equal(subjects_of(work), "");
}

/* Moving keeps the message's identity: what is open stays open, and is saved where the message is now. */
static void a_message_moved_while_it_is_changed(void **state)
{
    IMessage *message = message_there(MAPI_MODIFY);
    (void)state;
    put_text(message, PR_SUBJECT, "changed");
    they('m');
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_string_equal(subjects_of(work), "");
    assert_string_equal(subjects_of(box), "changed");
}

static void a_message_saved_while_it_is_changed(void **state)
{
    IMessage *message = message_there(MAPI_MODIFY);
    (void)state;
    put_text(message, PR_SUBJECT, "changed");
    they('s');
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), MAPI_E_OBJECT_CHANGED);
    assert_string_equal(subjects_of(work), "theirs");
    assert_int_equal(save(message, FORCE_SAVE), S_OK);
    assert_string_equal(subjects_of(work), "changed");
    release(message);
}

static void an_attachment_deleted_while_it_is_open(void **state)
{
    IMessage *message = message_there(MAPI_MODIFY);
    IAttach *attach = NULL;
    IStream *stream = NULL;
    size_t total;
    (void)state;
    assert_int_equal(message->lpVtbl->OpenAttach(message, 0, NULL, MAPI_MODIFY, &attach), S_OK);
    assert_int_equal(try_stream(attach, PR_ATTACH_DATA_BIN, 0, &stream), S_OK);
    they('a');
    assert_int_equal(read_on(stream, &total), MAPI_E_OBJECT_CHANGED);
    put_text(attach, PR_ATTACH_LONG_FILENAME, "renamed");
    assert_int_equal(save(attach, 0), S_OK); /* as far as the message */
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), MAPI_E_OBJECT_CHANGED);
    release(stream);
    release(attach);
    release(message);
}

/* FORCE_SAVE over what somebody else has saved. What was not touched and is not in memory, is what it is there: a body was
 * lost, and pieces of others left, where it was large before or after. */
static void a_body_replaced_before_it_is_forced(const char *before, size_t size, char command, const char *after,
                                                size_t after_size)
{
    static char bytes[LARGE];
    IMessage *message = message_there(MAPI_MODIFY);
    SBinary id = entryid(message);
    write_stream(message, PR_BODY_A, before, size);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    message = open_message(id, MAPI_MODIFY);
    put_text(message, PR_SUBJECT, "forced");
    they(command);
    assert_int_equal(save(message, FORCE_SAVE), S_OK);
    release(message);
    message = open_message(id, 0);
    assert_string_equal(text_of(message, PR_SUBJECT_A), "forced");
    assert_int_equal(read_stream(message, PR_BODY_A, bytes, sizeof bytes), after_size);
    assert_memory_equal(bytes, after, after_size);
    release(message);
    expect_integrity();
    assert_int_equal(store_query("SELECT count(*) FROM chunk WHERE kind = 2 AND seq = 0"), after_size > 1024);
}

static void a_large_body_made_short_before_it_is_forced(void **state)
{
    static char ours[150000];
    (void)state;
    memset(ours, 'o', sizeof ours);
    a_body_replaced_before_it_is_forced(ours, sizeof ours, 'b', "short", 5);
}

static void a_large_body_made_another_before_it_is_forced(void **state)
{
    static char ours[150000];
    (void)state;
    memset(ours, 'o', sizeof ours);
    a_body_replaced_before_it_is_forced(ours, sizeof ours, 'B', their_body, sizeof their_body);
}

static void a_short_body_made_large_before_it_is_forced(void **state)
{
    (void)state;
    a_body_replaced_before_it_is_forced("ours", 4, 'B', "ours", 4);
}

/* The flag said that there were attachments. */
static void an_attachment_deleted_before_it_is_forced(void **state)
{
    IMessage *message = message_there(MAPI_MODIFY);
    IMAPITable *table = NULL;
    SBinary id = entryid(message);
    (void)state;
    put_text(message, PR_SUBJECT, "forced");
    they('a');
    assert_int_equal(save(message, FORCE_SAVE), S_OK);
    release(message);
    message = open_message(id, 0);
    assert_int_equal(message->lpVtbl->GetAttachmentTable(message, 0, &table), S_OK);
    assert_int_equal(count_rows(table), 0);
    assert_int_equal(long_of(message, PR_HASATTACH), 0);
    release(message);
}

/* Its content is not there any more: what was changed in it would have been saved without. */
static void a_changed_attachment_deleted_before_it_is_forced(void **state)
{
    IMessage *message = message_there(MAPI_MODIFY);
    IAttach *attach = NULL;
    (void)state;
    assert_int_equal(message->lpVtbl->OpenAttach(message, 0, NULL, MAPI_MODIFY, &attach), S_OK);
    put_text(attach, PR_ATTACH_LONG_FILENAME, "renamed");
    assert_int_equal(save(attach, 0), S_OK);
    they('a');
    assert_int_equal(save(message, FORCE_SAVE), MAPI_E_OBJECT_CHANGED);
    release(attach);
    release(message);
}

static void a_new_message_whose_folder_is_deleted(void **state)
{
    IMessage *message = NULL;
    (void)state;
    assert_int_equal(work->lpVtbl->CreateMessage(work, NULL, 0, &message), S_OK);
    put_text(message, PR_SUBJECT, "homeless");
    they('D');
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), MAPI_E_OBJECT_DELETED);
    release(message);
}

static void a_folder_deleted_while_it_is_listed(void **state)
{
    LPSRowSet rows = NULL;
    LPSPropValue values = NULL;
    ULONG count;
    (void)state;
    for (int i = 0; i < 40; i++)
        add_message(work, "x");
    IMAPITable *table = contents(work, 0);
    assert_int_equal(table->lpVtbl->QueryRows(table, 5, 0, &rows), S_OK);
    assert_int_equal(rows->cRows, 5);
    FreeProws(rows);
    they('D');
    /* What has been read ahead may still come; then it ends. */
    for (int calls = 0; calls < 10; calls++) {
        rows = NULL;
        if (table->lpVtbl->QueryRows(table, 10, 0, &rows) != S_OK || rows->cRows == 0)
            break;
        FreeProws(rows);
        rows = NULL;
        assert_true(calls < 9);
    }
    FreeProws(rows);
    release(table);
    assert_int_equal(work->lpVtbl->GetProps(work, NULL, 0, &count, &values), MAPI_E_OBJECT_DELETED);
    assert_int_equal(work->lpVtbl->GetContentsTable(work, 0, &table), MAPI_E_OBJECT_DELETED);
    assert_null(table);
}

static void a_folder_moved_while_it_is_used(void **state)
{
    (void)state;
    add_message(work, "before");
    IMAPITable *table = contents(work, 0);
    they('M');
    assert_string_equal(subjects(table), "before");
    release(table);
    add_message(work, "after");
    assert_string_equal(subjects_of(work), "before|after");
    assert_string_equal(text_of(work, PR_DISPLAY_NAME_A), "work");
}

/* Messages that leave while they are listed are left out, in the order of the table and in another. */
static void messages_moved_while_they_are_listed(void **state)
{
    static SSortOrderSet order = {1, 0, 0, {{PR_SUBJECT_A, TABLE_SORT_ASCEND}}};
    IMAPITable *tables[2];
    LPSRowSet rows = NULL;
    (void)state;
    for (int i = 0; i < 40; i++)
        add_message(work, "x");
    for (int i = 0; i < 2; i++) {
        tables[i] = contents(work, 0);
        if (i == 1)
            assert_int_equal(tables[i]->lpVtbl->SortTable(tables[i], &order, 0), S_OK);
        assert_int_equal(tables[i]->lpVtbl->QueryRows(tables[i], 1, 0, &rows), S_OK);
        FreeProws(rows);
    }
    they('m');
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tables[i]->lpVtbl->SeekRow(tables[i], BOOKMARK_BEGINNING, 0, NULL), S_OK);
        assert_int_equal(tables[i]->lpVtbl->QueryRows(tables[i], 100, 0, &rows), S_OK);
        assert_int_equal(rows->cRows, 0);
        FreeProws(rows);
        release(tables[i]);
    }
    assert_int_equal(long_of(box, PR_CONTENT_COUNT), 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEANWHILE(a_message_deleted_while_it_is_read),
        MEANWHILE(a_message_deleted_while_it_is_changed),
        MEANWHILE(a_message_moved_while_it_is_changed),
        MEANWHILE(a_message_saved_while_it_is_changed),
        MEANWHILE(an_attachment_deleted_while_it_is_open),
        MEANWHILE(a_large_body_made_short_before_it_is_forced),
        MEANWHILE(a_large_body_made_another_before_it_is_forced),
        MEANWHILE(a_short_body_made_large_before_it_is_forced),
        MEANWHILE(an_attachment_deleted_before_it_is_forced),
        MEANWHILE(a_changed_attachment_deleted_before_it_is_forced),
        MEANWHILE(a_new_message_whose_folder_is_deleted),
        MEANWHILE(a_folder_deleted_while_it_is_listed),
        MEANWHILE(a_folder_moved_while_it_is_used),
        MEANWHILE(messages_moved_while_they_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
