/* What was reported saved is there, whatever happens: memory that runs out, a disk that is full, other threads. kill -9 is
 * in store_kill_test.c. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include <mapiutil.h>

#include "support/fault.h"
#include "support/mapi.h"
#include "support/store_helper.h"

/* A message with a bit of everything. */
static HRESULT build(IMAPIFolder *folder, const char *subject, SBinary *id, unsigned char *id_bytes)
{
    static const char big[3000] = "body";
    SPropValue values[] = {string_value(PR_SUBJECT, subject), string_value(PR_BODY, "body"),
                           number_value(PR_SENSITIVITY, 1)};
    SPropValue recipient[] = {string_value(PR_DISPLAY_NAME, "Desk"), string_value(PR_EMAIL_ADDRESS, "desk@example.org"),
                              number_value(PR_RECIPIENT_TYPE, MAPI_TO)};
    ADRLIST list = {1, {{0, 3, recipient}}};
    SPropValue name = string_value(PR_ATTACH_LONG_FILENAME, "a.txt");
    SPropValue inner_subject = string_value(PR_SUBJECT, "inner");
    IMessage *message = NULL, *inner = NULL;
    IAttach *attach = NULL;
    IStream *stream = NULL;
    LPSPropValue value = NULL;
    LPSPropProblemArray problems = NULL;
    ULONG number;
    HRESULT hr = folder->lpVtbl->CreateMessage(folder, NULL, 0, &message);
    if (hr == S_OK)
        hr = message->lpVtbl->SetProps(message, 3, values, &problems);
    if (hr == S_OK && problems)
        hr = problems->aProblem[0].scode;
    MAPIFreeBuffer(problems);
    if (hr == S_OK)
        hr = message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD, &list);
    if (hr == S_OK)
        hr = message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach);
    if (hr == S_OK)
        hr = put_error(attach, &name);
    if (hr == S_OK)
        hr = try_stream(attach, PR_ATTACH_DATA_BIN, MAPI_CREATE | MAPI_MODIFY, &stream);
    if (hr == S_OK)
        hr = stream->lpVtbl->Write(stream, big, sizeof big, NULL);
    if (hr == S_OK)
        hr = stream->lpVtbl->Commit(stream, 0);
    if (hr == S_OK)
        hr = attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, MAPI_CREATE | MAPI_MODIFY,
                                          (LPUNKNOWN *)(void *)&inner);
    if (hr == S_OK)
        hr = put_error(inner, &inner_subject);
    if (hr == S_OK)
        hr = save(inner, 0);
    if (hr == S_OK)
        hr = save(attach, 0);
    if (hr == S_OK)
        hr = save(message, KEEP_OPEN_READWRITE);
    if (hr == S_OK && id)
        hr = HrGetOneProp((IMAPIProp *)message, PR_ENTRYID, &value);
    if (hr == S_OK && id) {
        memcpy(id_bytes, value->Value.bin.lpb, 32);
        id->cb = 32;
        id->lpb = id_bytes;
    }
    MAPIFreeBuffer(value);
    if (stream)
        release(stream);
    if (inner)
        release(inner);
    if (attach)
        release(attach);
    if (message)
        release(message);
    return hr;
}

/* Tasks for the sweep: each leaves things as they were when it failed. */
static HRESULT build_task(void *context)
{
    return build(context, "swept", NULL, NULL);
}

static HRESULT read_task(void *context)
{
    const SBinary *id = context;
    IMessage *message = NULL, *inner = NULL;
    IAttach *attach = NULL;
    IMAPITable *table = NULL;
    LPSRowSet rows = NULL;
    LPSPropValue values = NULL;
    LPSPropTagArray tags = NULL;
    IStream *stream = NULL;
    ULONG count = 0;
    char bytes[100];
    HRESULT hr = try_open(the_store, *id, 0, &message);
    if (hr == S_OK)
        hr = message->lpVtbl->GetProps(message, NULL, MAPI_UNICODE, &count, &values);
    if (hr == MAPI_W_ERRORS_RETURNED)
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    MAPIFreeBuffer(values);
    if (hr == S_OK)
        hr = message->lpVtbl->GetPropList(message, 0, &tags);
    MAPIFreeBuffer(tags);
    if (hr == S_OK)
        hr = message->lpVtbl->GetRecipientTable(message, 0, &table);
    if (hr == S_OK)
        hr = table->lpVtbl->QueryRows(table, 5, 0, &rows);
    if (rows)
        FreeProws(rows);
    if (table)
        release(table);
    table = NULL;
    if (hr == S_OK)
        hr = message->lpVtbl->GetAttachmentTable(message, 0, &table);
    if (table)
        release(table);
    if (hr == S_OK)
        hr = message->lpVtbl->OpenAttach(message, 0, NULL, 0, &attach);
    if (hr == S_OK)
        hr = try_stream(attach, PR_ATTACH_DATA_BIN, 0, &stream);
    if (hr == S_OK)
        hr = stream->lpVtbl->Read(stream, bytes, sizeof bytes, NULL);
    if (hr == S_OK)
        hr = attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, (LPUNKNOWN *)(void *)&inner);
    if (inner)
        release(inner);
    if (stream)
        release(stream);
    if (attach)
        release(attach);
    if (message)
        release(message);
    return hr;
}

static HRESULT table_task(void *context)
{
    IMAPIFolder *folder = context;
    SizedSPropTagArray(4, tags) = {4, {PR_SUBJECT_W, PR_ENTRYID, PR_SENSITIVITY, PR_BODY_W}};
    SizedSSortOrderSet(2, order) = {2, 0, 0, {{PR_SENSITIVITY, TABLE_SORT_ASCEND}, {PR_SUBJECT_A, TABLE_SORT_DESCEND}}};
    SPropValue value = string_value(PR_SUBJECT, "x");
    SRestriction find = {.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING, PR_SUBJECT_A, &value}};
    SPropValue desk = string_value(PR_DISPLAY_NAME, "desk");
    SRestriction named = {.rt = RES_CONTENT, .res.resContent = {FL_PREFIX | FL_IGNORECASE, PR_DISPLAY_NAME_A, &desk}};
    SRestriction recipient = {.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_RECIPIENTS, &named}};
    IMAPITable *table = NULL;
    LPSRowSet rows = NULL;
    BOOKMARK mark;
    ULONG count;
    HRESULT hr = folder->lpVtbl->GetContentsTable(folder, 0, &table);
    if (hr == S_OK)
        hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)&tags, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->QueryRows(table, 3, 0, &rows);
    if (rows)
        FreeProws(rows);
    rows = NULL;
    if (hr == S_OK)
        hr = table->lpVtbl->CreateBookmark(table, &mark);
    if (hr == S_OK)
        hr = table->lpVtbl->FindRow(table, &find, BOOKMARK_BEGINNING, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->Restrict(table, &recipient, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->GetRowCount(table, 0, &count);
    if (hr == S_OK && count != 2)
        hr = E_FAIL; /* a failure that looks like an answer */
    if (hr == S_OK)
        hr = table->lpVtbl->QueryRows(table, -1, 0, &rows);
    if (rows)
        FreeProws(rows);
    if (table)
        release(table);
    return hr;
}

static HRESULT folder_task(void *context)
{
    IMAPIFolder *folder = context, *made = NULL, *copy = NULL;
    SPropValue comment = string_value(PR_COMMENT, "c");
    LPSPropValue id = NULL, copy_id = NULL;
    IMAPITable *table = NULL;
    HRESULT hr = folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, (LPSTR)(uintptr_t) "made", NULL, NULL,
                                              OPEN_IF_EXISTS, &made);
    if (hr == S_OK)
        hr = put_error(made, &comment);
    if (hr == S_OK)
        hr = HrGetOneProp((IMAPIProp *)made, PR_ENTRYID, &id);
    if (hr == S_OK)
        hr = folder->lpVtbl->CopyFolder(folder, id->Value.bin.cb, (LPENTRYID)(void *)id->Value.bin.lpb, NULL, folder,
                                        (LPSTR)(uintptr_t) "copy", 0, NULL, COPY_SUBFOLDERS);
    if (hr == MAPI_E_COLLISION) /* of an earlier round that failed later */
        hr = S_OK;
    if (hr == S_OK)
        hr = folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, (LPSTR)(uintptr_t) "copy", NULL, NULL, OPEN_IF_EXISTS,
                                          &copy);
    if (hr == S_OK)
        hr = HrGetOneProp((IMAPIProp *)copy, PR_ENTRYID, &copy_id);
    if (hr == S_OK)
        hr = folder->lpVtbl->GetHierarchyTable(folder, CONVENIENT_DEPTH, &table);
    if (hr == S_OK)
        hr = folder->lpVtbl->DeleteFolder(folder, copy_id->Value.bin.cb, (LPENTRYID)(void *)copy_id->Value.bin.lpb, 0,
                                          NULL, DEL_FOLDERS | DEL_MESSAGES);
    if (table)
        release(table);
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(copy_id);
    if (copy)
        release(copy);
    if (made)
        release(made);
    return hr;
}

static HRESULT store_task(void *context)
{
    IMsgStore *store = NULL;
    GUID set = {1, 2, 3, {4}};
    MAPINAMEID name = {&set, MNID_STRING, {.lpwstrName = (LPWSTR)u"name"}};
    LPMAPINAMEID names[] = {&name};
    LPMAPINAMEID *found = NULL;
    LPSPropTagArray tags = NULL;
    LPENTRYID id = NULL;
    LPSTR class = NULL;
    ULONG size, count;
    const SBinary *store_id = context;
    HRESULT hr = the_session->lpVtbl->OpenMsgStore(the_session, 0, store_id->cb, (LPENTRYID)(void *)store_id->lpb, NULL,
                                                   MDB_WRITE, &store);
    if (hr == S_OK)
        hr = store->lpVtbl->GetIDsFromNames(store, 1, names, MAPI_CREATE, &tags);
    if (hr == S_OK)
        hr = store->lpVtbl->GetNamesFromIDs(store, &tags, NULL, 0, &count, &found);
    MAPIFreeBuffer(found);
    MAPIFreeBuffer(tags);
    if (hr == S_OK)
        hr = store->lpVtbl->GetReceiveFolder(store, (LPSTR)(uintptr_t) "IPM.Note", 0, &size, &id, &class);
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(class);
    if (store)
        release(store);
    return hr;
}

static void memory_that_runs_out(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMAPIFolder *work = child(folder, "work");
    unsigned char bytes[32];
    SBinary id;
    assert_int_equal(build(folder, "x1", &id, bytes), S_OK);
    assert_int_equal(build(folder, "x2", NULL, NULL), S_OK);
    add_message(folder, "y");
    fault_sweep(read_task, &id);
    fault_sweep(table_task, folder);
    fault_sweep(folder_task, folder);
    fault_sweep(build_task, work);
    SBinary store_id = entryid(the_store);
    fault_sweep(store_task, &store_id);
    release(work);
    release(folder);
    expect_integrity();
}

static void a_file_that_may_not_grow(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    for (int i = 0; i < 5; i++)
        add_message(folder, "kept");
    /* As near to a full disk (store_full_disk_test.c) as a test can get where it may not mount one. */
    struct rlimit limit, before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit = before;
    limit.rlim_cur = 300000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    char *big = calloc(1, 500000);
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    write_stream(message, PROP_TAG(PT_BINARY, 0x6600), big, 500000);
    HRESULT hr = save(message, KEEP_OPEN_READWRITE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(hr == MAPI_E_NOT_ENOUGH_DISK || hr == MAPI_E_DISK_ERROR); /* SQLite does not say which */
    assert_int_equal(long_of(folder, PR_CONTENT_COUNT), 5);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK); /* nothing was lost: with room it goes */
    assert_int_equal(read_stream(message, PROP_TAG(PT_BINARY, 0x6600), big, 500000), 500000);
    free(big);
    release(message);
    release(folder);
    expect_integrity();
}

/* Two threads, each with a session and a logon of its own, on one store. */
static void *busy_thread(void *context)
{
    unsigned char store_bytes[256];
    IMAPISession *session = NULL;
    IMsgStore *store = NULL;
    LPENTRYID id = NULL;
    LPSPropValue value = NULL;
    IMAPIFolder *folder = NULL, *other = NULL;
    ULONG size = 0, type;
    HRESULT hr = try_log_on("work", MAPI_NEW_SESSION, &session);
    (void)store_bytes;
    if (hr == S_OK) {
        LPENTRYID store_id = NULL;
        ULONG store_size;
        first_store(session, &store_size, &store_id);
        hr = session->lpVtbl->OpenMsgStore(session, 0, store_size, store_id, NULL, MDB_WRITE, &store);
        MAPIFreeBuffer(store_id);
    }
    if (hr == S_OK)
        hr = store->lpVtbl->GetReceiveFolder(store, NULL, 0, &size, &id, NULL);
    if (hr == S_OK)
        hr = store->lpVtbl->OpenEntry(store, size, id, NULL, MAPI_MODIFY, &type, (LPUNKNOWN *)&folder);
    MAPIFreeBuffer(id);
    if (hr == S_OK)
        hr = folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, (LPSTR)context, NULL, NULL, 0, &other);
    for (int i = 0; i < 20 && hr == S_OK; i++) {
        unsigned char bytes[32];
        SBinary message;
        IMAPITable *table = NULL;
        LPSRowSet rows = NULL;
        hr = build(folder, context, &message, bytes);
        ENTRYLIST list = {1, &message};
        if (hr == S_OK)
            hr = folder->lpVtbl->CopyMessages(folder, &list, NULL, other, 0, NULL, MESSAGE_MOVE);
        if (hr == S_OK)
            hr = folder->lpVtbl->GetContentsTable(folder, 0, &table);
        if (hr == S_OK)
            hr = table->lpVtbl->QueryRows(table, 50, 0, &rows);
        if (rows)
            FreeProws(rows);
        if (table)
            release(table);
    }
    if (hr == S_OK)
        hr = HrGetOneProp((IMAPIProp *)other, PR_CONTENT_COUNT, &value);
    if (hr == S_OK && value->Value.ul != 20)
        hr = E_FAIL;
    MAPIFreeBuffer(value);
    if (other)
        release(other);
    if (folder)
        release(folder);
    if (store)
        release(store);
    if (session) {
        session->lpVtbl->Logoff(session, 0, 0, 0);
        release(session);
    }
    return (void *)(intptr_t)hr;
}

static void two_threads_on_one_store(void **state)
{
    pthread_t threads[2];
    void *result;
    (void)state;
    assert_int_equal(pthread_create(&threads[0], NULL, busy_thread, (void *)(uintptr_t) "first"), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, busy_thread, (void *)(uintptr_t) "second"), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_int_equal((HRESULT)(intptr_t)result, S_OK);
    }
    expect_integrity();
}

/* One thread uses the objects of a session that another one logs off (L19). */
static void *reading_thread(void *context)
{
    IMAPIFolder *folder = context;
    for (;;) {
        IMAPITable *table = NULL;
        LPSRowSet rows = NULL;
        HRESULT hr = folder->lpVtbl->GetContentsTable(folder, 0, &table);
        if (hr == S_OK)
            hr = table->lpVtbl->QueryRows(table, 10, 0, &rows);
        if (rows)
            FreeProws(rows);
        if (table)
            release(table);
        if (hr != S_OK)
            return (void *)(intptr_t)hr;
    }
}

static void L19_logoff_while_another_thread_reads(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        IMAPIFolder *folder = inbox();
        pthread_t thread;
        void *result;
        add_message(folder, "x");
        assert_int_equal(pthread_create(&thread, NULL, reading_thread, folder), 0);
        usleep(2000 + 1000 * (unsigned)round);
        assert_int_equal(the_session->lpVtbl->Logoff(the_session, 0, 0, 0), S_OK);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_int_equal((HRESULT)(intptr_t)result, MAPI_E_INVALID_OBJECT);
        release(folder);
        release(the_store);
        release(the_session);
        the_session = log_on("work");
        the_store = open_store(MDB_WRITE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(memory_that_runs_out),
        IN_STORE(a_file_that_may_not_grow),
        IN_STORE(two_threads_on_one_store),
        IN_STORE(L19_logoff_while_another_thread_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
