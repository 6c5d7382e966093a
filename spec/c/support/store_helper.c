#include "support/store_helper.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <mapiutil.h>

#include "support/mapi.h"
#include "support/store_check.h"
#include "support/temp_home.h"

IMAPISession *the_session;
IMsgStore *the_store;

#define PROP(object) ((IMAPIProp *)(object))

HRESULT store_make_profile(void)
{
    IProfAdmin *admin = prof_admin();
    HRESULT hr = admin->lpVtbl->CreateProfile(admin, (LPSTR)(uintptr_t) "work", NULL, 0, MAPI_DEFAULT_SERVICES);
    release(admin);
    return hr;
}

void store_make_profile_elsewhere(void)
{
    int status = -1;
    pid_t maker = fork();
    if (maker == 0) {
        if (MAPIInitialize(NULL) != S_OK)
            _exit(1);
        HRESULT hr = store_make_profile();
        MAPIUninitialize();
        _exit(hr == S_OK ? 0 : 1);
    }
    waitpid(maker, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int open_first(void)
{
    IMAPISession *session = NULL;
    if (store_make_profile() != S_OK || try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &session) != S_OK)
        return -1;
    the_session = session;
    return try_open_store(MDB_WRITE, &the_store) == S_OK ? 0 : -1;
}

int store_setup(void **state)
{
    int result = mapi_setup(state);
    return result != 0 ? result : open_first();
}

int store_setup_beside_processes(void)
{
    return MAPIInitialize(NULL) == S_OK ? open_first() : -1;
}

int store_teardown(void **state)
{
    if (the_store)
        release(the_store);
    if (the_session)
        log_off(the_session);
    the_store = NULL;
    the_session = NULL;
    return mapi_teardown(state);
}

/* The name of the file of the store that was opened last: a profile may have others. */
static char opened[33];

static void note_opened(IMsgStore *store)
{
    SPropValue *key = NULL;
    if (HrGetOneProp((IMAPIProp *)(void *)store, PR_RECORD_KEY, &key) != S_OK)
        return;
    for (ULONG i = 0; i < key->Value.bin.cb && i < 16; i++)
        snprintf(opened + 2 * (size_t)i, 3, "%02x", key->Value.bin.lpb[i]);
    MAPIFreeBuffer(key);
}

HRESULT try_open_store(ULONG flags, IMsgStore **store)
{
    LPENTRYID id = NULL;
    ULONG size = 0;
    first_store(the_session, &size, &id);
    HRESULT hr = the_session->lpVtbl->OpenMsgStore(the_session, 0, size, id, NULL, flags, store);
    MAPIFreeBuffer(id);
    if (hr == S_OK)
        note_opened(*store);
    return hr;
}

IMsgStore *open_store(ULONG flags)
{
    IMsgStore *store = NULL;
    assert_int_equal(try_open_store(flags, &store), S_OK);
    return store;
}

SBinary binary(void *object, ULONG tag)
{
    static unsigned char kept[8][256];
    static unsigned next;
    unsigned char *to = kept[next++ % 8];
    LPSPropValue value = NULL;
    assert_int_equal(HrGetOneProp(PROP(object), tag, &value), S_OK);
    assert_true(value->Value.bin.cb <= sizeof kept[0]);
    memcpy(to, value->Value.bin.lpb, value->Value.bin.cb);
    SBinary result = {value->Value.bin.cb, to};
    MAPIFreeBuffer(value);
    return result;
}

SBinary entryid(void *object)
{
    return binary(object, PR_ENTRYID);
}

HRESULT try_open(IMsgStore *store, SBinary id, ULONG flags, void *out)
{
    ULONG type = 0;
    return store->lpVtbl->OpenEntry(store, id.cb, (LPENTRYID)(void *)id.lpb, NULL, flags, &type, (LPUNKNOWN *)out);
}

IMessage *open_message(SBinary id, ULONG flags)
{
    IMessage *message = NULL;
    assert_int_equal(try_open(the_store, id, flags, &message), S_OK);
    return message;
}

IMAPIFolder *open_named(void *object, ULONG tag, ULONG flags)
{
    IMAPIFolder *folder = NULL;
    assert_int_equal(try_open(the_store, binary(object, tag), flags, &folder), S_OK);
    return folder;
}

IMAPIFolder *inbox(void)
{
    LPENTRYID id = NULL;
    ULONG size = 0;
    IMAPIFolder *folder = NULL;
    assert_int_equal(the_store->lpVtbl->GetReceiveFolder(the_store, NULL, 0, &size, &id, NULL), S_OK);
    SBinary bin = {size, (LPBYTE)id};
    assert_int_equal(try_open(the_store, bin, MAPI_MODIFY, &folder), S_OK);
    MAPIFreeBuffer(id);
    return folder;
}

IMAPIFolder *user_root(void)
{
    return open_named(the_store, PR_IPM_SUBTREE_ENTRYID, MAPI_MODIFY);
}

IMAPIFolder *child(IMAPIFolder *folder, const char *name)
{
    IMAPIFolder *result = NULL;
    assert_int_equal(folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, (LPSTR)(uintptr_t)name, NULL, NULL,
                                                  OPEN_IF_EXISTS, &result),
                     S_OK);
    return result;
}

static LPSPropValue get(void *object, ULONG tag)
{
    SizedSPropTagArray(1, tags) = {1, {tag}};
    LPSPropValue value = NULL;
    ULONG count = 0;
    HRESULT hr = PROP(object)->lpVtbl->GetProps(PROP(object), (LPSPropTagArray)&tags, 0, &count, &value);
    assert_true(hr == S_OK || hr == MAPI_W_ERRORS_RETURNED);
    return value;
}

HRESULT error_of(void *object, ULONG tag)
{
    LPSPropValue value = get(object, tag);
    HRESULT hr = PROP_TYPE(value->ulPropTag) == PT_ERROR ? value->Value.err : S_OK;
    MAPIFreeBuffer(value);
    return hr;
}

const char *text_of(void *object, ULONG tag)
{
    static char kept[8][8192];
    static unsigned next;
    char *to = kept[next++ % 8];
    LPSPropValue value = get(object, CHANGE_PROP_TYPE(tag, PT_STRING8));
    const char *result = NULL;
    if (PROP_TYPE(value->ulPropTag) == PT_STRING8) {
        snprintf(to, sizeof kept[0], "%s", value->Value.lpszA);
        result = to;
    }
    MAPIFreeBuffer(value);
    return result;
}

ULONG long_of(void *object, ULONG tag)
{
    LPSPropValue value = get(object, tag);
    assert_int_equal(value->ulPropTag, tag);
    ULONG result = PROP_TYPE(tag) == PT_BOOLEAN ? value->Value.b : value->Value.ul;
    MAPIFreeBuffer(value);
    return result;
}

int64_t time_of(void *object, ULONG tag)
{
    LPSPropValue value = get(object, tag);
    assert_int_equal(value->ulPropTag, tag);
    int64_t result = (int64_t)(((uint64_t)value->Value.ft.dwHighDateTime << 32) | value->Value.ft.dwLowDateTime);
    MAPIFreeBuffer(value);
    return result;
}

HRESULT put_error(void *object, const SPropValue *value)
{
    LPSPropProblemArray problems = NULL;
    SPropValue copy = *value;
    HRESULT hr = PROP(object)->lpVtbl->SetProps(PROP(object), 1, &copy, &problems);
    if (hr == S_OK && problems)
        hr = problems->aProblem[0].scode;
    MAPIFreeBuffer(problems);
    return hr;
}

SPropValue string_value(ULONG tag, const char *text)
{
    SPropValue value = {CHANGE_PROP_TYPE(tag, PT_STRING8), 0, {.lpszA = (LPSTR)(uintptr_t)text}};
    return value;
}

SPropValue number_value(ULONG tag, ULONG number)
{
    SPropValue value = {tag, 0, {.ul = number}};
    return value;
}

void put_text(void *object, ULONG tag, const char *text)
{
    SPropValue value = string_value(tag, text);
    assert_int_equal(put_error(object, &value), S_OK);
}

void put_long(void *object, ULONG tag, ULONG number)
{
    SPropValue value = number_value(tag, number);
    assert_int_equal(put_error(object, &value), S_OK);
}

void put_time(void *object, ULONG tag, int64_t ticks)
{
    SPropValue value = {tag, 0, {.ft = {(DWORD)ticks, (DWORD)(ticks >> 32)}}};
    assert_int_equal(put_error(object, &value), S_OK);
}

HRESULT save(void *object, ULONG flags)
{
    return PROP(object)->lpVtbl->SaveChanges(PROP(object), flags);
}

IMessage *new_message(IMAPIFolder *folder, const char *subject)
{
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    put_text(message, PR_SUBJECT, subject);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    return message;
}

SBinary add_message(IMAPIFolder *folder, const char *subject)
{
    IMessage *message = new_message(folder, subject);
    SBinary id = entryid(message);
    release(message);
    return id;
}

void add_recipient(IMessage *message, const char *name, const char *address, ULONG type)
{
    SPropValue values[] = {string_value(PR_DISPLAY_NAME, name), string_value(PR_EMAIL_ADDRESS, address),
                           string_value(PR_ADDRTYPE, "SMTP"), number_value(PR_RECIPIENT_TYPE, type)};
    ADRLIST list = {1, {{0, 4, values}}};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD, &list), S_OK);
}

ULONG count_rows(IMAPITable *table)
{
    ULONG count = 0;
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    release(table);
    return count;
}

HRESULT try_stream(void *object, ULONG tag, ULONG flags, IStream **out)
{
    return PROP(object)->lpVtbl->OpenProperty(PROP(object), tag, &IID_IStream, 0, flags, (LPUNKNOWN *)(void *)out);
}

void write_stream(void *object, ULONG tag, const void *bytes, size_t size)
{
    IStream *stream = NULL;
    ULONG written = 0;
    assert_int_equal(try_stream(object, tag, MAPI_CREATE | MAPI_MODIFY, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Write(stream, bytes, (ULONG)size, &written), S_OK);
    assert_int_equal(written, size);
    assert_int_equal(stream->lpVtbl->Commit(stream, 0), S_OK);
    release(stream);
}

size_t read_stream(void *object, ULONG tag, void *bytes, size_t size)
{
    IStream *stream = NULL;
    ULONG got = 0;
    assert_int_equal(try_stream(object, tag, 0, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Read(stream, bytes, (ULONG)size, &got), S_OK);
    release(stream);
    return got;
}

ULONG attach_bytes(IMessage *message, const char *name, const void *bytes, size_t size)
{
    IAttach *attach = NULL;
    ULONG number = 0;
    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach), S_OK);
    put_text(attach, PR_ATTACH_LONG_FILENAME, name);
    put_long(attach, PR_ATTACH_METHOD, ATTACH_BY_VALUE);
    write_stream(attach, PR_ATTACH_DATA_BIN, bytes, size);
    assert_int_equal(save(attach, 0), S_OK);
    release(attach);
    return number;
}

IMAPITable *contents(IMAPIFolder *folder, ULONG flags)
{
    IMAPITable *table = NULL;
    assert_int_equal(folder->lpVtbl->GetContentsTable(folder, flags, &table), S_OK);
    return table;
}

void set_columns(IMAPITable *table, ULONG count, const ULONG *tags)
{
    SizedSPropTagArray(32, array) = {count, {0}};
    assert_true(count <= 32);
    memcpy(array.aulPropTag, tags, count * sizeof *tags);
    assert_int_equal(table->lpVtbl->SetColumns(table, (LPSPropTagArray)&array, 0), S_OK);
}

const char *subjects(IMAPITable *table)
{
    static char kept[4][65536];
    static unsigned next;
    static const ULONG column = PR_SUBJECT_A;
    char *to = kept[next++ % 4];
    size_t used = 0;
    to[0] = 0;
    set_columns(table, 1, &column);
    for (;;) {
        LPSRowSet rows = NULL;
        assert_int_equal(table->lpVtbl->QueryRows(table, 7, 0, &rows), S_OK);
        ULONG count = rows->cRows;
        for (ULONG i = 0; i < count; i++)
            used += (size_t)snprintf(
                to + used, sizeof kept[0] - used, "%s%s", used ? "|" : "",
                rows->aRow[i].lpProps[0].ulPropTag == PR_SUBJECT_A ? rows->aRow[i].lpProps[0].Value.lpszA : "-");
        FreeProws(rows);
        if (count == 0)
            return to;
    }
}

const char *subjects_of(IMAPIFolder *folder)
{
    IMAPITable *table = contents(folder, 0);
    const char *result = subjects(table);
    release(table);
    return result;
}

const char *store_path(void)
{
    static char path[4096];
    DIR *directory = opendir(temp_home_file("stores"));
    const struct dirent *entry;
    assert_non_null(directory);
    path[0] = 0;
    while ((entry = readdir(directory)) != NULL)
        if (strlen(entry->d_name) == 35 && (path[0] == 0 || strncmp(entry->d_name, opened, 32) == 0))
            snprintf(path, sizeof path, "%s/stores/%s", temp_home_path(), entry->d_name);
    closedir(directory);
    assert_true(path[0] != 0);
    return path;
}

long long store_query(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open_v2(store_path(), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int rc = sqlite3_step(statement);
    assert_true(rc == SQLITE_ROW || rc == SQLITE_DONE);
    long long value = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

void store_make_older(int version)
{
    static const struct {
        int version;
        const char *undone; /* what it brought */
    } steps[] = {
        {2, "DROP TABLE listener"},
        {2, "DROP TABLE event"},
        {3, "DROP TABLE search"},
        {3, "DROP TABLE search_root"},
        {3, "DROP TABLE search_scope"},
        {3, "DROP TABLE found"},
        {3, "DROP TABLE found_date"},
        {3, "CREATE TABLE older (kind INTEGER NOT NULL, owner INTEGER NOT NULL, tag INTEGER NOT NULL, seq INTEGER NOT "
            "NULL,"
            " data BLOB NOT NULL, PRIMARY KEY (kind, owner, tag, seq)) WITHOUT ROWID"},
        {3, "INSERT INTO older SELECT kind, owner, tag, seq, data FROM chunk"},
        {3, "DROP TABLE chunk"},
        {3, "ALTER TABLE older RENAME TO chunk"},
        {3, "DROP TRIGGER message_unqueued"},
        {3, "DROP TABLE outgoing"},
        {3, "CREATE TABLE older (class TEXT PRIMARY KEY COLLATE NOCASE, folder INTEGER NOT NULL) WITHOUT ROWID"},
        {3, "INSERT INTO older SELECT class, folder FROM receive_folder"},
        {3, "DROP TABLE receive_folder"},
        {3, "ALTER TABLE older RENAME TO receive_folder"},
    };
    char sql[64];
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i].version > version)
            store_query(steps[i].undone);
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version);
    store_query(sql);
}

void expect_integrity(void)
{
    const char *wrong = store_check(store_path());
    if (wrong != NULL)
        fail_msg("%s", wrong);
}
