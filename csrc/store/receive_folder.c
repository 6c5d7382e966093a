#include "store/receive_folder.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/folder.h"
#include "store/live_table.h"
#include "store/text.h"

/* pidtagmessageclass-canonical-property.md */
enum { CLASS_LENGTH = 255 };

static const char read_failed[] = "The receive folders could not be read";

static HRESULT read_class(const void *class, ULONG flags, struct byte_buffer *out)
{
    HRESULT hr = S_OK;

    if ((flags & ~MAPI_UNICODE) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (class != NULL)
        hr = text_from_client(class, flags, out);
    if (SUCCEEDED(hr) && out->size > CLASS_LENGTH)
        hr = fail(MAPI_E_INVALID_PARAMETER, "A message class is at most %d characters long.", (int)CLASS_LENGTH);
    return hr;
}

static void bind_class(sqlite3_stmt *statement, const struct byte_buffer *class, size_t size)
{
    sqlite3_bind_text(statement, 1, size == 0 ? "" : (const char *)class->bytes, (int)size, SQLITE_STATIC);
}

static HRESULT remove_mapping(struct store *store, const struct byte_buffer *class)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "DELETE FROM receive_folder WHERE class = ?1", &statement);

    if (FAILED(hr))
        return hr;
    bind_class(statement, class, class->size);
    return database_run(store->db, statement, "The receive folder could not be removed");
}

static HRESULT put_mapping(struct store *store, const struct byte_buffer *class, ULONG size, const ENTRYID *id)
{
    sqlite3_stmt *statement;
    ULONG folder_type = 0;
    int64_t row;
    ULONG kind;
    HRESULT hr = object_entryid_parse(&store->uid, size, id, &kind, &row);

    if (SUCCEEDED(hr) && kind != MAPI_FOLDER)
        hr = fail(MAPI_E_INVALID_ENTRYID, "Only a folder can receive messages.");
    if (SUCCEEDED(hr))
        hr = folder_kind(store, row, &folder_type);
    if (SUCCEEDED(hr) && folder_type == FOLDER_SEARCH)
        hr = fail(MAPI_E_NO_ACCESS, "A search folder cannot receive messages.");
    if (SUCCEEDED(hr))
        hr = database_prepare(store->db,
                              "INSERT INTO receive_folder (class, folder) VALUES (?1, ?2)"
                              " ON CONFLICT (class) DO UPDATE SET class = ?1, folder = ?2",
                              &statement);
    if (FAILED(hr))
        return hr;
    bind_class(statement, class, class->size);
    sqlite3_bind_int64(statement, 2, row);
    return database_run(store->db, statement, "The receive folder could not be set");
}

static HRESULT set_mapping(struct host *host, const struct byte_buffer *class, ULONG size, const ENTRYID *id)
{
    HRESULT hr;

    if (id == NULL && (class->size == 0 || size != 0))
        return fail(MAPI_E_INVALID_PARAMETER, "The default receive folder cannot be removed.");
    hr = store_begin(host->store);
    if (FAILED(hr))
        return hr;
    hr = id == NULL ? remove_mapping(host->store, class) : put_mapping(host->store, class, size, id);
    if (SUCCEEDED(hr))
        hr = event_store(host->store);
    return store_end_transaction(host->store, hr);
}

HRESULT receive_folder_set(struct host *host, const void *class, ULONG flags, ULONG size, const ENTRYID *id)
{
    struct byte_buffer text;
    HRESULT hr;

    byte_buffer_init(&text);
    hr = read_class(class, flags, &text);
    if (SUCCEEDED(hr))
        hr = set_mapping(host, &text, size, id);
    byte_buffer_free(&text);
    return hr;
}

/* Looks for ever shorter prefixes; the empty one is the default, and the Inbox where even that is missing. */
static HRESULT find_mapping(struct store *store, const struct byte_buffer *class, size_t *prefix, int64_t *row)
{
    HRESULT hr = S_OK;

    *row = 0;
    *prefix = class->size;
    while (SUCCEEDED(hr) && *row == 0) {
        sqlite3_stmt *statement;
        int rc;

        hr = database_prepare(store->db, "SELECT folder FROM receive_folder WHERE class = ?1", &statement);
        if (FAILED(hr))
            break;
        bind_class(statement, class, *prefix);
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW)
            *row = sqlite3_column_int64(statement, 0);
        hr = database_error(store->db, rc, read_failed);
        database_done(statement);
        if (*row == 0 && *prefix == 0)
            *row = store->folders[FOLDER_OF_INBOX];
        if (*row != 0)
            break;
        do
            --*prefix;
        while (*prefix > 0 && class->bytes[*prefix] != '.');
    }
    return hr;
}

HRESULT receive_folder_is(struct store *store, int64_t folder, const void *class, size_t size, bool *receives)
{
    struct byte_buffer text;
    size_t prefix;
    int64_t row = 0;
    HRESULT hr;

    byte_buffer_init(&text);
    hr = byte_buffer_append(&text, class, size);
    if (SUCCEEDED(hr))
        hr = find_mapping(store, &text, &prefix, &row);
    byte_buffer_free(&text);
    *receives = row == folder;
    return hr;
}

static HRESULT give(struct store *store, int64_t row, const struct byte_buffer *class, size_t prefix, ULONG flags,
                    ULONG *size, LPENTRYID *id, void **explicit_class)
{
    HRESULT hr = MAPIAllocateBuffer(OBJECT_ENTRYID_SIZE, (void **)id);

    if (FAILED(hr))
        return hr;
    object_entryid_make(&store->uid, MAPI_FOLDER, row, (unsigned char *)*id);
    if (explicit_class != NULL)
        hr = text_to_client(prefix == 0 ? "" : (const char *)class->bytes, prefix, flags, explicit_class);
    if (FAILED(hr)) {
        MAPIFreeBuffer(*id);
        *id = NULL;
        return hr;
    }
    *size = OBJECT_ENTRYID_SIZE;
    return S_OK;
}

HRESULT receive_folder_get(struct host *host, const void *class, ULONG flags, ULONG *size, LPENTRYID *id,
                           void **explicit_class)
{
    struct byte_buffer text;
    size_t prefix;
    int64_t row;
    HRESULT hr;

    if (size == NULL || id == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *size = 0;
    byte_buffer_init(&text);
    hr = read_class(class, flags, &text);
    if (SUCCEEDED(hr))
        hr = find_mapping(host->store, &text, &prefix, &row);
    if (SUCCEEDED(hr))
        hr = give(host->store, row, &text, prefix, flags, size, id, explicit_class);
    byte_buffer_free(&text);
    return hr;
}

/* ---- the table ---- */

static HRESULT list(struct live_table *table, struct list_items *out)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(table->store->db, "SELECT id, folder FROM receive_folder ORDER BY class", &statement);

    return FAILED(hr) ? hr : live_table_query(table, statement, read_failed, out);
}

static HRESULT add_row(struct live_table *table, sqlite3_stmt *statement, const struct list_item *item)
{
    struct row_builder *row = &table->row;
    unsigned char key[INSTANCE_KEY_SIZE];

    if (sqlite3_column_text(statement, 0) == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    instance_key_make(item->id, key);
    row_text(row, PR_MESSAGE_CLASS_W, (const char *)sqlite3_column_text(statement, 0),
             (size_t)sqlite3_column_bytes(statement, 0));
    row_entryid(row, table->store, PR_ENTRYID, MAPI_FOLDER, sqlite3_column_int64(statement, 1));
    row_entryid(row, table->store, PR_RECORD_KEY, MAPI_FOLDER, sqlite3_column_int64(statement, 1));
    row_binary(row, PR_INSTANCE_KEY, key, sizeof key);
    return S_OK;
}

static HRESULT fill(struct live_table *table, const struct list_item *item)
{
    return live_table_read(table, "SELECT class, folder FROM receive_folder WHERE id = ?1", read_failed, item, add_row);
}

/* A mapping is told as a change of the store. */
static bool concerns(const struct live_table *table, const struct table_change *change, int64_t *row)
{
    (void)table, (void)row; /* the rows' notes say which */
    return change->kind == MAPI_STORE;
}

HRESULT receive_folder_table(struct host *host, ULONG flags, LPMAPITABLE *out)
{
    static const struct live_class class = {
        .key_size = INSTANCE_KEY_SIZE, .list = list, .fill = fill, .concerns = concerns};
    static const ULONG columns[] = {PR_ENTRYID, PR_MESSAGE_CLASS_W, PR_RECORD_KEY, PR_INSTANCE_KEY};
    struct live_table *table;

    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(MAPI_UNICODE | MAPI_DEFERRED_ERRORS)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    table = calloc(1, sizeof *table);
    if (table == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    return live_table_create(table, &class, host->store, columns, sizeof columns / sizeof columns[0], flags, out);
}
