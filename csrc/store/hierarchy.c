/* The hierarchy table: the folders below one (declared in folder.h). */
#include <stdlib.h>

#include <mapicode.h>
#include <mapitags.h>

#include "store/entryid.h"
#include "store/folder.h"
#include "store/live_table.h"

struct hierarchy {
    struct live_table live;
    int64_t folder;
    bool deep; /* CONVENIENT_DEPTH; a row's note is its PR_DEPTH */
};

static const struct hierarchy *of(const struct live_table *table)
{
    return (const struct hierarchy *)(const void *)table;
}

static const char failed[] = "The folders could not be read";

/* Children by name; with CONVENIENT_DEPTH each is followed by what is below it. ORDER BY in the recursive part makes
 * SQLite go depth first, without recursion of its own; LIMIT keeps it from dropping that order. */
static HRESULT list(struct live_table *table, struct list_items *out)
{
    static const char flat[] = "SELECT id, 0 FROM folder WHERE parent = ?1 ORDER BY name";
    static const char deep[] =
        "WITH RECURSIVE tree (row, depth, title) AS ("
        "  SELECT id, 0, name FROM folder WHERE parent = ?1"
        "  UNION ALL SELECT folder.id, tree.depth + 1, folder.name FROM folder JOIN tree ON folder.parent = tree.row"
        "  WHERE tree.depth < (SELECT count(*) FROM folder)" /* a ring, which only a damaged file has, ends here */
        "  ORDER BY 2 DESC, 3 LIMIT -1)"
        " SELECT row, depth FROM tree";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(table->store->db, of(table)->deep ? deep : flat, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, of(table)->folder);
    return live_table_query(table, statement, failed, out);
}

static void add_columns(struct live_table *table, sqlite3_stmt *statement, const struct list_item *item)
{
    const struct store *store = table->store;
    struct row_builder *row = &table->row;
    ULONG kind = (ULONG)sqlite3_column_int64(statement, 2);
    unsigned char key[INSTANCE_KEY_SIZE];

    instance_key_make(item->id, key);
    row_text(row, PR_DISPLAY_NAME_W, (const char *)sqlite3_column_text(statement, 1),
             (size_t)sqlite3_column_bytes(statement, 1));
    row_entryid(row, table->store, PR_ENTRYID, MAPI_FOLDER, item->id);
    row_entryid(row, table->store, PR_RECORD_KEY, MAPI_FOLDER, item->id);
    row_entryid(row, table->store, PR_PARENT_ENTRYID, MAPI_FOLDER, sqlite3_column_int64(statement, 0));
    row_binary(row, PR_INSTANCE_KEY, key, sizeof key);
    row_binary(row, PR_STORE_ENTRYID, store->entryid, store->entryid_size);
    row_binary(row, PR_STORE_RECORD_KEY, store->uid.ab, sizeof store->uid.ab);
    row_binary(row, PR_MAPPING_SIGNATURE, store->uid.ab, sizeof store->uid.ab);
    row_long(row, PR_DEPTH, (ULONG)item->note);
    row_long(row, PR_OBJECT_TYPE, MAPI_FOLDER);
    row_long(row, PR_DISPLAY_TYPE, folder_display_type(kind));
    row_long(row, PR_STATUS, 0);
    row_long(row, PR_FOLDER_TYPE, kind);
    row_time(row, PR_CREATION_TIME, sqlite3_column_int64(statement, 3));
    row_time(row, PR_LAST_MODIFICATION_TIME, sqlite3_column_int64(statement, 4));
    row_long(row, PR_CONTENT_COUNT, (ULONG)sqlite3_column_int64(statement, 5));
    row_long(row, PR_CONTENT_UNREAD, (ULONG)sqlite3_column_int64(statement, 6));
    row_long(row, PR_ASSOC_CONTENT_COUNT, (ULONG)sqlite3_column_int64(statement, 7));
    row_boolean(row, PR_SUBFOLDERS, sqlite3_column_int(statement, 8) != 0);
}

static HRESULT add_row(struct live_table *table, sqlite3_stmt *statement, const struct list_item *item)
{
    struct prop_bag *bag = &table->read.bag;
    HRESULT hr;

    if (sqlite3_column_text(statement, 1) == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hr = prop_bag_decode(bag, sqlite3_column_blob(statement, 9), (size_t)sqlite3_column_bytes(statement, 9));
    if (FAILED(hr) && hr != MAPI_E_CORRUPT_DATA) /* a folder whose properties are damaged is still one */
        return hr;
    add_columns(table, statement, item);
    row_announce(&table->row, bag);
    table->props = &table->read;
    table->place.kind = CHUNKS_OF_FOLDER;
    table->place.row = item->id;
    return S_OK;
}

static HRESULT fill(struct live_table *table, const struct list_item *item)
{
    static const char sql[] =
        "SELECT parent, name, kind, created, modified, content_count, unread_count, associated_count,"
        " EXISTS (SELECT 1 FROM folder AS child WHERE child.parent = folder.id), props FROM folder WHERE id = ?1";

    return live_table_read(table, sql, failed, item, add_row);
}

static bool concerns(const struct live_table *table, const struct table_change *change, int64_t *row)
{
    const struct hierarchy *hierarchy = of(table);

    if (change->kind != MAPI_FOLDER ||
        (!hierarchy->deep && change->parent != hierarchy->folder && change->old_parent != hierarchy->folder))
        return false;
    *row = change->row;
    return true;
}

static const struct live_class hierarchy_class = {
    .key_size = INSTANCE_KEY_SIZE, .list = list, .fill = fill, .concerns = concerns};

HRESULT hierarchy_table(struct folder *folder, ULONG flags, LPMAPITABLE *out)
{
    static const ULONG columns[] = {PR_DISPLAY_NAME_W, PR_ENTRYID,      PR_INSTANCE_KEY,      PR_DEPTH,
                                    PR_OBJECT_TYPE,    PR_DISPLAY_TYPE, PR_COMMENT_W,         PR_STATUS,
                                    PR_FOLDER_TYPE,    PR_SUBFOLDERS,   PR_CONTENT_COUNT,     PR_CONTENT_UNREAD,
                                    PR_PARENT_ENTRYID, PR_RECORD_KEY,   PR_CONTAINER_CLASS_W, PR_ASSOC_CONTENT_COUNT};
    struct hierarchy *hierarchy = calloc(1, sizeof *hierarchy);

    if (hierarchy == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hierarchy->folder = folder->host.place.row;
    hierarchy->deep = (flags & CONVENIENT_DEPTH) != 0;
    return live_table_create(&hierarchy->live, &hierarchy_class, folder->host.store, columns,
                             sizeof columns / sizeof columns[0], flags, out);
}
