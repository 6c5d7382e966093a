/*
 * fuzz/damage_fuzz.c - a store whose rows hold anything: what a disk has damaged, or another program has written.
 *
 * A libFuzzer target. The input says what is put into which columns of a small store behind the back of the session that
 * has it open; then all of it is read, changed and copied, and after that the rows are put right again. What is looked
 * for, beside crashes, leaks and loops without end: a failure of which an object comes, and one damaged message that makes
 * the others of its folder unreadable.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "fuzz_store.h"
#include "input.h"

enum { MESSAGES = 3, LONGEST = 200, ROWS = 16 };

static sqlite3 *db;
static struct {
    BYTE bytes[64];
    ULONG size;
} messages[MESSAGES];

/* What may be damaged: ?1 is the value, ?2 chooses among the rows. */
static const char *const damages[] = {
    "UPDATE OR IGNORE message SET props = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE recipient SET props = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE attachment SET props = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE folder SET props = ?1 WHERE id = 1 + ?2 % 12",
    "UPDATE OR IGNORE message SET flags = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET status = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET size = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET delivery_time = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET submit_time = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET created = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET modified = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET importance = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET message_class = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET subject = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET prefix = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET sender_name = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET display_to = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET search_key = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET version = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET associated = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET folder = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE message SET attachment = ?1 WHERE id = 1 + ?2 % 4",
    "UPDATE OR IGNORE recipient SET row = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE recipient SET type = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE recipient SET name = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE recipient SET address = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE attachment SET number = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE attachment SET size = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE attachment SET message = ?1 WHERE message = 1 + ?2 % 3",
    "UPDATE OR IGNORE folder SET parent = ?1 WHERE id = 1 + ?2 % 12",
    "UPDATE OR IGNORE folder SET name = ?1 WHERE id = 1 + ?2 % 12",
    "UPDATE OR IGNORE folder SET kind = ?1 WHERE id = 1 + ?2 % 12",
    "UPDATE OR IGNORE folder SET created = ?1 WHERE id = 1 + ?2 % 12",
    "UPDATE OR IGNORE folder SET content_count = ?1 WHERE id = 1 + ?2 % 12",
    "UPDATE OR IGNORE folder SET unread_count = ?1 WHERE id = 1 + ?2 % 12",
    "UPDATE OR IGNORE chunk SET data = ?1 WHERE owner = 1 + ?2 % 3",
    "UPDATE OR IGNORE chunk SET tag = ?1 WHERE owner = 1 + ?2 % 3",
    "UPDATE OR IGNORE chunk SET seq = ?1 WHERE owner = 1 + ?2 % 3",
    "UPDATE OR IGNORE receive_folder SET folder = ?1",
    "UPDATE OR IGNORE receive_folder SET class = ?1 WHERE class = ''",
    "UPDATE OR IGNORE named_property SET guid = ?1",
    "UPDATE OR IGNORE named_property SET kind = ?1",
    "UPDATE OR IGNORE named_property SET name = ?1",
    "UPDATE OR IGNORE meta SET value = ?1 WHERE name = 'name'",
    "UPDATE OR IGNORE meta SET value = ?1 WHERE name = 'props'",
    "INSERT OR IGNORE INTO meta (name, value) VALUES ('props', ?1)",
};

/* In an order in which the triggers that count do no harm. */
static const char *const tables[] = {"message",        "recipient",      "attachment", "chunk",
                                     "receive_folder", "named_property", "meta",       "folder"};

static void execute(const char *sql)
{
    char *problem = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &problem) == SQLITE_OK)
        return;
    fprintf(stderr, "%s: %s\n", sql, problem);
    fuzz_check(0, "the rows cannot be changed");
}

/* ---- damage ---- */

static void bind(struct input *input, sqlite3_stmt *statement)
{
    char bytes[LONGEST];
    uint8_t kind = take_u8(input);
    size_t size;

    switch (kind % 6) {
    case 0:
        sqlite3_bind_null(statement, 1);
        break;
    case 1:
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)take_u64(input));
        break;
    case 2:
        sqlite3_bind_int64(statement, 1, take_u8(input));
        break;
    case 3:
        sqlite3_bind_double(statement, 1, (double)take_u32(input) * 1e30);
        break;
    default:
        size = take_bytes(input, bytes, take_u8(input) % LONGEST);
        if (kind % 6 == 4)
            sqlite3_bind_text(statement, 1, bytes, (int)size, SQLITE_TRANSIENT);
        else
            sqlite3_bind_blob(statement, 1, bytes, (int)size, SQLITE_TRANSIENT);
        break;
    }
}

static void do_damage(struct input *input)
{
    static sqlite3_stmt *statements[sizeof damages / sizeof damages[0]];
    size_t which = take_u8(input) % (sizeof damages / sizeof damages[0]);

    if (statements[which] == NULL)
        fuzz_check(sqlite3_prepare_v2(db, damages[which], -1, &statements[which], NULL) == SQLITE_OK, damages[which]);
    bind(input, statements[which]);
    sqlite3_bind_int(statements[which], 2, take_u8(input));
    sqlite3_step(statements[which]);
    sqlite3_reset(statements[which]);
}

static void put_right(void)
{
    char sql[128];

    execute("BEGIN IMMEDIATE");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        snprintf(sql, sizeof sql, "DELETE FROM %s; INSERT INTO %s SELECT * FROM good.%s", tables[i], tables[i],
                 tables[i]);
        execute(sql);
    }
    execute("COMMIT");
}

static void keep_good(void)
{
    char sql[128];

    fuzz_check(sqlite3_open(fuzz_store_path(), &db) == SQLITE_OK, "no database");
    sqlite3_busy_timeout(db, 5000);
    execute("PRAGMA synchronous = OFF; ATTACH ':memory:' AS good");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        snprintf(sql, sizeof sql, "CREATE TABLE good.%s AS SELECT * FROM main.%s", tables[i], tables[i]);
        execute(sql);
    }
}

/* ---- reading all of it ---- */

static void release(void *object)
{
    IUnknown *unknown = object;

    if (unknown != NULL)
        unknown->lpVtbl->Release(unknown);
}

/* Every row, twice around in the order given. */
static void read_table(IMAPITable *table, const SSortOrderSet *order)
{
    SSortOrderSet sort;
    LPSRowSet rows = NULL;
    LPSPropTagArray columns = NULL;
    ULONG count;

    if (table->lpVtbl->QueryColumns(table, TBL_ALL_COLUMNS, &columns) == S_OK) {
        table->lpVtbl->SetColumns(table, columns, 0);
        MAPIFreeBuffer(columns);
    }
    if (order != NULL) {
        sort = *order;
        table->lpVtbl->SortTable(table, &sort, 0);
    }
    table->lpVtbl->GetRowCount(table, 0, &count);
    for (ULONG some = 1; some > 0;) {
        if (FAILED(table->lpVtbl->QueryRows(table, ROWS, 0, &rows)))
            break;
        some = rows->cRows;
        FreeProws(rows);
    }
    release(table);
}

static void read_stream(void *object, ULONG tag)
{
    IMAPIProp *props = object;
    IStream *stream = NULL;
    char bytes[512];
    ULONG got = 1;

    if (FAILED(props->lpVtbl->OpenProperty(props, tag, &IID_IStream, 0, 0, (LPUNKNOWN *)(void *)&stream)))
        return;
    for (unsigned i = 0; i < 40 && got > 0; i++)
        if (FAILED(stream->lpVtbl->Read(stream, bytes, sizeof bytes, &got)))
            break;
    release(stream);
}

static void read_props(void *object)
{
    static const ULONG streams[] = {PR_BODY_W, PR_SUBJECT_A, PR_ATTACH_DATA_BIN, PR_HTML, PR_COMMENT_W};
    IMAPIProp *props = object;
    LPSPropTagArray tags = NULL;
    LPSPropValue values = NULL;
    ULONG count = 0;

    if (SUCCEEDED(props->lpVtbl->GetPropList(props, MAPI_UNICODE, &tags)))
        MAPIFreeBuffer(tags);
    for (unsigned wide = 0; wide < 2; wide++) {
        values = NULL;
        if (SUCCEEDED(props->lpVtbl->GetProps(props, NULL, wide ? MAPI_UNICODE : 0, &count, &values)))
            MAPIFreeBuffer(values);
    }
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        read_stream(object, streams[i]);
}

static void read_attachments(IMessage *message)
{
    IMAPITable *table = NULL;
    IAttach *attach = NULL;
    IMessage *inner = NULL;

    if (message->lpVtbl->GetAttachmentTable(message, 0, &table) == S_OK)
        read_table(table, NULL);
    for (ULONG number = 0; number < 2; number++) {
        if (message->lpVtbl->OpenAttach(message, number, NULL, 0, &attach) != S_OK)
            continue;
        read_props(attach);
        if (attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0,
                                         (LPUNKNOWN *)(void *)&inner) == S_OK) {
            read_props(inner);
            release(inner);
        }
        release(attach);
    }
}

static IMessage *open_message(unsigned i, ULONG flags)
{
    IMessage *message = NULL;
    ULONG type = 0;
    HRESULT hr = fuzz_store->lpVtbl->OpenEntry(fuzz_store, messages[i].size, (LPENTRYID)(void *)messages[i].bytes, NULL,
                                               flags, &type, (LPUNKNOWN *)(void *)&message);

    fuzz_check(SUCCEEDED(hr) == (message != NULL), "a failure with a message, or a success without");
    return message;
}

static void read_message(unsigned i)
{
    IMessage *message = open_message(i, 0);
    IMAPITable *table = NULL;

    if (message == NULL)
        return;
    read_props(message);
    if (message->lpVtbl->GetRecipientTable(message, 0, &table) == S_OK)
        read_table(table, NULL);
    read_attachments(message);
    release(message);
}

static void change_message(unsigned i)
{
    static char comment[] = "changed";
    SPropValue value = {PR_COMMENT_A, 0, {.lpszA = comment}};
    IMessage *message = open_message(i, MAPI_MODIFY);

    if (message == NULL)
        return;
    if (message->lpVtbl->SetProps(message, 1, &value, NULL) == S_OK)
        message->lpVtbl->SaveChanges(message, 0);
    release(message);
}

static void copy_message(unsigned i)
{
    static char name[] = "copies";
    SBinary id = {messages[i].size, messages[i].bytes};
    ENTRYLIST list = {1, &id};
    IMAPIFolder *copies = NULL;

    if (fuzz_inbox->lpVtbl->CreateFolder(fuzz_inbox, FOLDER_GENERIC, name, NULL, NULL, OPEN_IF_EXISTS, &copies) != S_OK)
        return;
    fuzz_inbox->lpVtbl->CopyMessages(fuzz_inbox, &list, NULL, copies, 0, NULL, 0);
    fuzz_inbox->lpVtbl->SetReadFlags(fuzz_inbox, &list, 0, NULL, CLEAR_READ_FLAG);
    release(copies);
}

/* Folders that may be below themselves. */
static void use_folders(void)
{
    static char copy[] = "copy of it";
    LPSPropValue id = NULL;
    IMAPIFolder *user = NULL;
    LPENTRYID entry;
    ULONG type;

    if (HrGetOneProp((IMAPIProp *)fuzz_store, PR_IPM_SUBTREE_ENTRYID, &id) != S_OK)
        return;
    if (fuzz_store->lpVtbl->OpenEntry(fuzz_store, id->Value.bin.cb, (LPENTRYID)(void *)id->Value.bin.lpb, NULL,
                                      MAPI_MODIFY, &type, (LPUNKNOWN *)(void *)&user) == S_OK) {
        MAPIFreeBuffer(id);
        id = NULL;
        if (HrGetOneProp((IMAPIProp *)fuzz_inbox, PR_ENTRYID, &id) == S_OK) {
            entry = (LPENTRYID)(void *)id->Value.bin.lpb;
            user->lpVtbl->CopyFolder(user, id->Value.bin.cb, entry, NULL, user, copy, 0, NULL, COPY_SUBFOLDERS);
            user->lpVtbl->CopyFolder(user, id->Value.bin.cb, entry, NULL, fuzz_inbox, copy, 0, NULL, FOLDER_MOVE);
        }
        user->lpVtbl->EmptyFolder(user, 0, NULL, 0);
        release(user);
    }
    MAPIFreeBuffer(id);
}

static void read_folders(void)
{
    static const SSortOrderSet orders[] = {{1, 0, 0, {{PR_SUBJECT_W, TABLE_SORT_ASCEND}}},
                                           {1, 0, 0, {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND}}},
                                           {1, 1, 1, {{PR_SENDER_NAME_W, TABLE_SORT_ASCEND}}}};
    ULONG kinds[] = {0, MAPI_ASSOCIATED};
    IMAPITable *table = NULL;
    IMAPIFolder *root = NULL;
    ULONG type;

    for (size_t i = 0; i < 4; i++)
        if (fuzz_inbox->lpVtbl->GetContentsTable(fuzz_inbox, kinds[i / 3], &table) == S_OK)
            read_table(table, i < 3 ? &orders[i] : NULL);
    read_props(fuzz_inbox);
    read_props(fuzz_store);
    if (fuzz_store->lpVtbl->OpenEntry(fuzz_store, 0, NULL, NULL, 0, &type, (LPUNKNOWN *)(void *)&root) != S_OK)
        return;
    if (root->lpVtbl->GetHierarchyTable(root, CONVENIENT_DEPTH, &table) == S_OK)
        read_table(table, NULL);
    read_props(root);
    release(root);
}

static void use_names(void)
{
    LPMAPINAMEID *names = NULL;
    LPSPropTagArray tags = NULL;
    ULONG count;

    if (SUCCEEDED(fuzz_store->lpVtbl->GetNamesFromIDs(fuzz_store, &tags, NULL, 0, &count, &names)))
        MAPIFreeBuffer(names);
    MAPIFreeBuffer(tags);
}

/* The last message is not touched by what happens to the first. */
static void check_others(void)
{
    IMAPITable *table = NULL;
    SizedSPropTagArray(3, columns) = {3, {PR_ENTRYID, PR_COMMENT_W, PROP_TAG(PT_LONG, 0x6103)}};
    LPSRowSet rows = NULL;
    HRESULT hr = fuzz_inbox->lpVtbl->GetContentsTable(fuzz_inbox, 0, &table);

    fuzz_check(hr == S_OK && table->lpVtbl->SetColumns(table, (LPSPropTagArray)&columns, 0) == S_OK, "no table");
    hr = table->lpVtbl->QueryRows(table, ROWS, 0, &rows);
    if (FAILED(hr))
        fprintf(stderr, "0x%08x\n", (unsigned)hr);
    fuzz_check(hr == S_OK, "one message makes its folder unreadable");
    FreeProws(rows);
    release(table);
}

/* ---- the target ---- */

static void add_message(unsigned i)
{
    static char subject[] = "Re: plans", name[] = "Front Desk", address[] = "desk@example.org", body[3000];
    SPropValue values[] = {{PR_SUBJECT_A, 0, {.lpszA = subject}},
                           {PR_BODY_A, 0, {.lpszA = body}},
                           {PR_SENDER_NAME_A, 0, {.lpszA = name}},
                           {PR_COMMENT_A, 0, {.lpszA = name}},
                           {PROP_TAG(PT_LONG, 0x6103), 0, {.l = 7}}};
    SPropValue recipient[] = {{PR_DISPLAY_NAME_A, 0, {.lpszA = name}},
                              {PR_EMAIL_ADDRESS_A, 0, {.lpszA = address}},
                              {PR_RECIPIENT_TYPE, 0, {.l = MAPI_TO}}};
    ADRLIST list = {1, {{0, 3, recipient}}};
    LPSPropValue id = NULL;
    IMessage *message;

    memset(body, 'b', sizeof body - 1);
    message = fuzz_message(5, values, &list, 2);
    fuzz_check(HrGetOneProp((IMAPIProp *)message, PR_ENTRYID, &id) == S_OK, "no identifier");
    messages[i].size = id->Value.bin.cb;
    memcpy(messages[i].bytes, id->Value.bin.lpb, id->Value.bin.cb);
    MAPIFreeBuffer(id);
    release(message);
}

static void end(void)
{
    sqlite3_close_v2(db);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    WCHAR text[] = {'c', 'o', 'l', 'o', 'u', 'r', 0};
    MAPINAMEID name = {(GUID *)(uintptr_t)&PS_PUBLIC_STRINGS, MNID_STRING, {.lpwstrName = text}};
    LPMAPINAMEID names[] = {&name};
    LPSPropTagArray ids = NULL;

    (void)argc, (void)argv;
    fuzz_store_open();
    for (unsigned i = 0; i < MESSAGES; i++)
        add_message(i);
    fuzz_check(fuzz_inbox->lpVtbl->GetIDsFromNames(fuzz_inbox, 1, names, MAPI_CREATE, &ids) == S_OK, "no name");
    MAPIFreeBuffer(ids);
    keep_good();
    atexit(end);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};

    uint8_t how = take_u8(&input);

    for (unsigned count = 1 + how % 3; count > 0; count--)
        do_damage(&input);
    switch (how / 3 % 5) {
    case 0:
        for (unsigned i = 0; i < MESSAGES; i++)
            read_message(i);
        break;
    case 1:
        read_folders();
        use_names();
        break;
    case 2:
        change_message(0);
        copy_message(0);
        break;
    case 3:
        use_folders();
        break;
    default:
        break;
    }
    check_others();
    put_right();
    return 0;
}
