/* Writing a message and the nodes below it (declared in store/tree.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "store/columns.h"
#include "store/tree.h"

static const char save_failed[] = "The message could not be saved";

/* Where MESSAGE_COLUMNS begin among the parameters, and three of them that are given separately. */
enum { FIRST = 4, FLAGS_AT = FIRST + 12, SIZE_AT = FIRST + 13, MODIFIED_AT = FIRST + 17 };

/* The message nodes still to be written: each with the attachment it belongs to, and the row it replaces, or 0. */
struct work_item {
    struct message_node *node;
    int64_t attachment;
    int64_t row;
};

struct work {
    struct work_item *items;
    size_t count;
    size_t capacity;
};

static HRESULT add_work(struct work *work, struct message_node *node, int64_t attachment, int64_t row)
{
    size_t capacity = work->capacity == 0 ? 8 : work->capacity * 2;
    struct work_item *items;

    if (work->count == work->capacity) {
        items = realloc(work->items, capacity * sizeof *items);
        if (items == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        work->items = items;
        work->capacity = capacity;
    }
    work->items[work->count].node = node;
    work->items[work->count].attachment = attachment;
    work->items[work->count++].row = row;
    return S_OK;
}

/* Binds what inserting and updating have in common. */
static HRESULT bind_message(sqlite3_stmt *statement, const struct tree_message *message, struct store *store,
                            struct byte_buffer *blob)
{
    struct place place = {CHUNKS_OF_MESSAGE, message->row};
    HRESULT hr = message_props_bind(statement, FIRST, message->props, store, place, blob);

    sqlite3_bind_int64(statement, FLAGS_AT, (int64_t)message->flags);
    sqlite3_bind_int64(statement, SIZE_AT, (int64_t)message->size);
    sqlite3_bind_int64(statement, MODIFIED_AT, message->modified);
    return hr;
}

static HRESULT insert_message(struct store *store, struct tree_message *message)
{
    static const char sql[] = "INSERT INTO message (folder, attachment, associated, " MESSAGE_COLUMNS
                              ") VALUES (nullif(?1, 0), nullif(?2, 0), ?3,"
                              " ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, coalesce(?18, 0), ?19, "
                              "?20, ?21, ?22, ?23, ?24)";
    struct byte_buffer blob;
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    byte_buffer_init(&blob);
    sqlite3_bind_int64(statement, 1, message->folder);
    sqlite3_bind_int64(statement, 2, message->attachment);
    sqlite3_bind_int(statement, 3, message->associated);
    hr = bind_message(statement, message, store, &blob);
    if (SUCCEEDED(hr)) {
        hr = database_run(store->db, statement, save_failed);
        message->row = sqlite3_last_insert_rowid(database_handle(store->db));
    } else {
        database_done(statement);
    }
    byte_buffer_free(&blob);
    return hr;
}

/* The read flag and the status belong to SetReadFlag and SetMessageStatus, whoever else has the message open; a save
 * changes MSGFLAG_UNMODIFIED and MSGFLAG_HASATTACH only (2 and 16), the latter to what is there: somebody else may have
 * saved it, too. */
static HRESULT update_message(struct store *store, const struct tree_message *message)
{
    static const char sql[] =
        "UPDATE message SET (" MESSAGE_COLUMNS ") = (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
        " (flags & ~18) | (?16 & 2) | (EXISTS (SELECT 1 FROM attachment WHERE message = ?1) << 4), ?17, status, ?19, "
        "?20, ?21, ?22, ?23, ?24), version = version + 1 WHERE id = ?1";
    struct byte_buffer blob;
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    byte_buffer_init(&blob);
    sqlite3_bind_int64(statement, 1, message->row);
    hr = bind_message(statement, message, store, &blob);
    if (SUCCEEDED(hr))
        hr = database_run(store->db, statement, save_failed);
    else
        database_done(statement);
    byte_buffer_free(&blob);
    return hr;
}

static bool is_recipient_column(const struct prop_entry *entry)
{
    return entry->tag == PR_RECIPIENT_TYPE || entry->tag == PR_DISPLAY_NAME_W || entry->tag == PR_EMAIL_ADDRESS_W;
}

/* Recipients are never split into chunks: whatever they hold is in their blob. */
static HRESULT encode_recipient(const struct prop_bag *props, struct byte_buffer *blob)
{
    HRESULT hr = byte_buffer_append_u8(blob, 1);
    size_t i;

    for (i = 0; i < props->count && SUCCEEDED(hr); i++) {
        const struct prop_entry *entry = &props->items[i];

        if (is_recipient_column(entry) || entry->size == PROP_EXTERNAL)
            continue;
        hr = byte_buffer_append_u32(blob, entry->tag);
        if (SUCCEEDED(hr))
            hr = byte_buffer_append_u32(blob, entry->size);
        if (SUCCEEDED(hr))
            hr = byte_buffer_append(blob, entry->bytes, entry->size);
    }
    return hr;
}

static void bind_text(sqlite3_stmt *statement, int index, const struct prop_bag *props, ULONG tag)
{
    const struct prop_entry *entry = prop_bag_find(props, tag);

    if (entry == NULL || entry->tag != tag)
        sqlite3_bind_null(statement, index);
    else
        sqlite3_bind_text(statement, index, entry->size == 0 ? "" : (const char *)entry->bytes, (int)entry->size,
                          SQLITE_STATIC);
}

static HRESULT write_recipient(struct store *store, int64_t message, const struct recipient *recipient,
                               struct byte_buffer *blob)
{
    static const char sql[] =
        "INSERT INTO recipient (message, row, type, name, address, props) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    const struct prop_entry *type = prop_bag_find(&recipient->props, PR_RECIPIENT_TYPE);
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    byte_buffer_clear(blob);
    hr = encode_recipient(&recipient->props, blob);
    if (FAILED(hr)) {
        database_done(statement);
        return hr;
    }
    sqlite3_bind_int64(statement, 1, message);
    sqlite3_bind_int64(statement, 2, (int64_t)recipient->row);
    sqlite3_bind_int64(statement, 3, type == NULL ? MAPI_TO : (int64_t)bytes_get_u32(type->bytes));
    bind_text(statement, 4, &recipient->props, PR_DISPLAY_NAME_W);
    bind_text(statement, 5, &recipient->props, PR_EMAIL_ADDRESS_W);
    sqlite3_bind_blob(statement, 6, blob->bytes, (int)blob->size, SQLITE_STATIC);
    return database_run(store->db, statement, save_failed);
}

static HRESULT write_recipients(struct store *store, int64_t message, const struct recipient_list *list, bool fresh)
{
    struct byte_buffer blob;
    HRESULT hr = S_OK;
    size_t i;

    if (!list->loaded || (!fresh && !list->changed))
        return S_OK;
    if (!fresh)
        hr = tree_run(store, "DELETE FROM recipient WHERE message = ?1", message, save_failed);
    byte_buffer_init(&blob);
    for (i = 0; i < list->count && SUCCEEDED(hr); i++)
        hr = write_recipient(store, message, &list->items[i], &blob);
    byte_buffer_free(&blob);
    return hr;
}

/* A slot saved before under the same number keeps its row. */
static HRESULT find_attachment(struct store *store, int64_t message, ULONG number, int64_t *row)
{
    static const char sql[] = "SELECT id FROM attachment WHERE message = ?1 AND number = ?2";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, message);
    sqlite3_bind_int64(statement, 2, (int64_t)number);
    rc = sqlite3_step(statement);
    *row = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    hr = database_error(store->db, rc, "The attachments could not be read");
    database_done(statement);
    return hr;
}

static HRESULT put_attachment(struct store *store, int64_t message, const struct slot *slot, int64_t *row)
{
    static const char insert[] = "INSERT INTO attachment (size, props, message, number) VALUES (?1, ?2, ?3, ?4)";
    static const char update[] = "UPDATE attachment SET size = ?1, props = ?2 WHERE id = ?3";
    struct byte_buffer blob;
    sqlite3_stmt *statement;
    HRESULT hr;

    byte_buffer_init(&blob);
    hr = holder_encode(&slot->node->props, NULL, &blob);
    if (SUCCEEDED(hr))
        hr = database_prepare(store->db, *row == 0 ? insert : update, &statement);
    if (SUCCEEDED(hr)) {
        sqlite3_bind_int64(statement, 1, (int64_t)slot->node->size);
        sqlite3_bind_blob(statement, 2, blob.bytes, (int)blob.size, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, *row == 0 ? message : *row);
        if (*row == 0)
            sqlite3_bind_int64(statement, 4, (int64_t)slot->number);
        hr = database_run(store->db, statement, "An attachment could not be saved");
        if (SUCCEEDED(hr) && *row == 0)
            *row = sqlite3_last_insert_rowid(database_handle(store->db));
    }
    byte_buffer_free(&blob);
    return hr;
}

/* An attachment's embedded message: replaced, dropped, or left as it is. */
static HRESULT put_embedded(struct store *store, struct attachment_node *node, int64_t attachment, bool fresh,
                            struct work *work)
{
    int64_t old = 0;
    HRESULT hr = S_OK;

    if (node->embedded == NULL && !node->embedded_dropped)
        return S_OK;
    if (!fresh)
        hr = tree_embedded(store, attachment, &old);
    if (SUCCEEDED(hr) && old != 0 && (node->embedded == NULL || node->embedded->row != old)) {
        hr = tree_delete_message(store, old);
        old = 0;
    }
    if (SUCCEEDED(hr) && node->embedded != NULL)
        hr = add_work(work, node->embedded, attachment, old);
    return hr;
}

static HRESULT write_slot(struct store *store, int64_t message, const struct slot *slot, bool fresh, struct work *work,
                          int64_t *row)
{
    struct place place = {CHUNKS_OF_ATTACHMENT, 0};
    bool fresh_row;
    HRESULT hr = S_OK;

    *row = slot->row;
    if (!fresh && *row == 0)
        hr = find_attachment(store, message, slot->number, row);
    if (FAILED(hr))
        return hr;
    if (slot->removed) {
        if (*row != 0)
            hr = tree_delete_attachment(store, *row);
        *row = 0;
        return hr;
    }
    if (slot->node == NULL)
        return S_OK;
    fresh_row = *row == 0;
    hr = put_attachment(store, message, slot, row);
    place.row = *row;
    if (SUCCEEDED(hr))
        hr = holder_write_chunks(&slot->node->props, store, place, fresh_row);
    if (SUCCEEDED(hr))
        hr = put_embedded(store, slot->node, *row, fresh_row, work);
    return hr;
}

static HRESULT write_slots(struct store *store, int64_t message, const struct slot_list *list, bool fresh,
                           struct work *work, int64_t *slot_rows)
{
    HRESULT hr = S_OK;
    size_t i;

    if (!list->loaded)
        return S_OK;
    for (i = 0; i < list->count && SUCCEEDED(hr); i++) {
        int64_t row;

        hr = write_slot(store, message, &list->items[i], fresh, work, &row);
        if (slot_rows != NULL)
            slot_rows[i] = row;
    }
    return hr;
}

/* What a message's recipients and attachments take, as they are in the database. */
static HRESULT size_of_parts(struct store *store, int64_t row, uint64_t *size)
{
    static const char sql[] =
        "SELECT (SELECT coalesce(sum(coalesce(length(name), 0) + coalesce(length(address), 0) + length(props)), 0)"
        "        FROM recipient WHERE message = ?1)"
        "     + (SELECT coalesce(sum(size), 0) FROM attachment WHERE message = ?1)";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    *size = 0;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *size = (uint64_t)sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, "The store could not be read");
    database_done(statement);
    return hr;
}

static HRESULT write_one(struct store *store, struct tree_message *message, struct work *work, int64_t *slot_rows)
{
    struct place place = {CHUNKS_OF_MESSAGE, message->row};
    bool fresh = message->row == 0;
    HRESULT hr = S_OK;

    message->size = holder_size(message->props);
    if (fresh) {
        message->size += body_size(message->body);
        hr = insert_message(store, message);
        place.row = message->row;
    }
    if (SUCCEEDED(hr))
        hr = write_recipients(store, message->row, &message->body->recipients, fresh);
    if (SUCCEEDED(hr))
        hr = write_slots(store, message->row, &message->body->slots, fresh, work, slot_rows);
    if (SUCCEEDED(hr) && !fresh) {
        uint64_t parts;

        hr = size_of_parts(store, message->row, &parts);
        message->size += parts;
        if (SUCCEEDED(hr))
            hr = update_message(store, message);
    }
    if (SUCCEEDED(hr))
        hr = holder_write_chunks(message->props, store, place, fresh);
    return hr;
}

HRESULT tree_write(struct store *store, struct tree_message *message, int64_t *slot_rows)
{
    struct work work;
    HRESULT hr;

    memset(&work, 0, sizeof work);
    hr = write_one(store, message, &work, slot_rows);
    while (SUCCEEDED(hr) && work.count > 0) {
        struct work_item item = work.items[--work.count];
        struct tree_message embedded;

        memset(&embedded, 0, sizeof embedded);
        embedded.props = &item.node->props;
        embedded.body = &item.node->body;
        embedded.row = item.row;
        embedded.attachment = item.attachment;
        embedded.flags = holder_long(&item.node->props, PR_MESSAGE_FLAGS, 0);
        embedded.modified = holder_time(&item.node->props, PR_LAST_MODIFICATION_TIME, 0);
        hr = write_one(store, &embedded, &work, NULL);
    }
    free(work.items);
    return hr;
}
