/* The table of the queue (outgoing-queue-tables.md; declared in outgoing.h): what was submitted first comes first. */
#include <stdlib.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "store/columns.h"
#include "store/entryid.h"
#include "store/live_table.h"
#include "store/outgoing.h"

static const char failed[] = "The queue of outgoing messages could not be read";

static HRESULT list(struct live_table *table, struct list_items *out)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(table->store->db, "SELECT message, flags FROM outgoing ORDER BY id", &statement);

    return FAILED(hr) ? hr : live_table_query(table, statement, failed, out);
}

/* PR_PRIORITY of a message that has none is normal. */
static void add_values(struct live_table *table, const struct list_item *item, int64_t folder)
{
    struct row_builder *row = &table->row;
    unsigned char key[INSTANCE_KEY_SIZE];

    instance_key_make(item->id, key);
    row_long(row, PR_SUBMIT_FLAGS, (ULONG)item->note);
    row_entryid(row, table->store, PR_ENTRYID, MAPI_MESSAGE, item->id);
    row_entryid(row, table->store, PR_RECORD_KEY, MAPI_MESSAGE, item->id);
    row_entryid(row, table->store, PR_PARENT_ENTRYID, MAPI_FOLDER, folder);
    row_binary(row, PR_INSTANCE_KEY, key, sizeof key);
    row_binary(row, PR_STORE_ENTRYID, table->store->entryid, table->store->entryid_size);
    row_binary(row, PR_STORE_RECORD_KEY, table->store->uid.ab, sizeof table->store->uid.ab);
    row_binary(row, PR_MAPPING_SIGNATURE, table->store->uid.ab, sizeof table->store->uid.ab);
    row_long(row, PR_OBJECT_TYPE, MAPI_MESSAGE);
    row_boolean(row, PR_HASATTACH, (holder_long(&table->read, PR_MESSAGE_FLAGS, 0) & MSGFLAG_HASATTACH) != 0);
    row_announce(row, &table->read.bag);
    row_long(row, PR_PRIORITY, PRIO_NORMAL);
}

static HRESULT add_row(struct live_table *table, sqlite3_stmt *statement, const struct list_item *item)
{
    HRESULT hr = message_props_read(statement, 1, &table->read);

    if (FAILED(hr))
        return hr;
    table->props = &table->read;
    table->place.kind = CHUNKS_OF_MESSAGE;
    table->place.row = item->id;
    add_values(table, item, sqlite3_column_int64(statement, 0));
    return S_OK;
}

static HRESULT fill(struct live_table *table, const struct list_item *item)
{
    static const char sql[] = "SELECT folder, " MESSAGE_COLUMNS " FROM message WHERE id = ?1";

    return live_table_read(table, sql, failed, item, add_row);
}

static bool concerns(const struct live_table *table, const struct table_change *change, int64_t *row)
{
    (void)table;
    *row = change->row;
    return change->kind == MAPI_MESSAGE;
}

HRESULT outgoing_table(struct store *store, ULONG flags, LPMAPITABLE *out)
{
    static const struct live_class class = {
        .key_size = INSTANCE_KEY_SIZE, .list = list, .fill = fill, .concerns = concerns};
    static const ULONG columns[] = {PR_ENTRYID,       PR_CLIENT_SUBMIT_TIME, PR_DISPLAY_TO_W,   PR_DISPLAY_CC_W,
                                    PR_DISPLAY_BCC_W, PR_SUBJECT_W,          PR_SENDER_NAME_W,  PR_PRIORITY,
                                    PR_MESSAGE_FLAGS, PR_MESSAGE_SIZE,       PR_SUBMIT_FLAGS,   PR_INSTANCE_KEY,
                                    PR_RECORD_KEY,    PR_OBJECT_TYPE,        PR_PARENT_ENTRYID, PR_MESSAGE_CLASS_W};
    struct live_table *table;

    if (!store->spooler)
        return fail(MAPI_E_NO_SUPPORT, "Only the message spooler may see the queue of outgoing messages.");
    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    table = calloc(1, sizeof *table);
    if (table == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    return live_table_create(table, &class, store, columns, sizeof columns / sizeof columns[0], MAPI_UNICODE, out);
}
