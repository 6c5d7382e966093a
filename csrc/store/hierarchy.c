/* The hierarchy table: the folders below one, as they are now (declared in folder.h). */
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "store/entryid.h"
#include "store/folder.h"
#include "store/row_builder.h"

static HRESULT append(struct store *store, struct memtable *table, struct row_builder *row, sqlite3_stmt *statement)
{
    int64_t id = sqlite3_column_int64(statement, 0);
    const char *name = (const char *)sqlite3_column_text(statement, 2);
    unsigned char key[INSTANCE_KEY_SIZE];
    struct prop_bag props;
    HRESULT hr;

    if (name == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    prop_bag_init(&props);
    hr = prop_bag_decode(&props, sqlite3_column_blob(statement, 10), (size_t)sqlite3_column_bytes(statement, 10));
    if (FAILED(hr) && hr != MAPI_E_CORRUPT_DATA) /* a folder whose properties are damaged is still one */
        return hr;
    instance_key_make(id, key);
    row_begin(row);
    row_text(row, PR_DISPLAY_NAME_W, name, (size_t)sqlite3_column_bytes(statement, 2));
    row_entryid(row, store, PR_ENTRYID, MAPI_FOLDER, id);
    row_entryid(row, store, PR_RECORD_KEY, MAPI_FOLDER, id);
    row_entryid(row, store, PR_PARENT_ENTRYID, MAPI_FOLDER, sqlite3_column_int64(statement, 1));
    row_binary(row, PR_INSTANCE_KEY, key, sizeof key);
    row_binary(row, PR_STORE_ENTRYID, store->entryid, store->entryid_size);
    row_binary(row, PR_STORE_RECORD_KEY, store->uid.ab, sizeof store->uid.ab);
    row_binary(row, PR_MAPPING_SIGNATURE, store->uid.ab, sizeof store->uid.ab);
    row_long(row, PR_DEPTH, (ULONG)sqlite3_column_int64(statement, 11));
    row_long(row, PR_OBJECT_TYPE, MAPI_FOLDER);
    row_long(row, PR_DISPLAY_TYPE, folder_display_type((ULONG)sqlite3_column_int64(statement, 3)));
    row_long(row, PR_STATUS, 0);
    row_long(row, PR_FOLDER_TYPE, (ULONG)sqlite3_column_int64(statement, 3));
    row_time(row, PR_CREATION_TIME, sqlite3_column_int64(statement, 4));
    row_time(row, PR_LAST_MODIFICATION_TIME, sqlite3_column_int64(statement, 5));
    row_long(row, PR_CONTENT_COUNT, (ULONG)sqlite3_column_int64(statement, 6));
    row_long(row, PR_CONTENT_UNREAD, (ULONG)sqlite3_column_int64(statement, 7));
    row_long(row, PR_ASSOC_CONTENT_COUNT, (ULONG)sqlite3_column_int64(statement, 8));
    row_boolean(row, PR_SUBFOLDERS, sqlite3_column_int(statement, 9) != 0);
    row_bag(row, &props);
    hr = row_end(row, table);
    prop_bag_clear(&props);
    return hr;
}

/* Children by name; with CONVENIENT_DEPTH each is followed by what is below it. ORDER BY in the recursive part makes
 * SQLite go depth first, without recursion of its own; LIMIT and CROSS JOIN keep it from dropping or changing that
 * order. */
#define FOLDER_COLUMNS                                                                                                 \
    "id, parent, name, kind, created, modified, content_count, unread_count, associated_count,"                        \
    " EXISTS (SELECT 1 FROM folder AS child WHERE child.parent = folder.id), props"

HRESULT hierarchy_table(struct folder *folder, ULONG flags, LPMAPITABLE *out)
{
    static const char flat[] = "SELECT " FOLDER_COLUMNS ", 0 FROM folder WHERE parent = ?1 ORDER BY name";
    static const char deep[] =
        "WITH RECURSIVE tree (row, depth, title) AS ("
        "  SELECT id, 0, name FROM folder WHERE parent = ?1"
        "  UNION ALL SELECT folder.id, tree.depth + 1, folder.name FROM folder JOIN tree ON folder.parent = tree.row"
        "  WHERE tree.depth < (SELECT count(*) FROM folder)" /* a ring, which only a damaged file has, ends here */
        "  ORDER BY 2 DESC, 3 LIMIT -1)"
        " SELECT " FOLDER_COLUMNS ", depth FROM tree CROSS JOIN folder ON folder.id = tree.row";
    static const ULONG columns[] = {PR_DISPLAY_NAME_W, PR_ENTRYID,      PR_INSTANCE_KEY,      PR_DEPTH,
                                    PR_OBJECT_TYPE,    PR_DISPLAY_TYPE, PR_COMMENT_W,         PR_STATUS,
                                    PR_FOLDER_TYPE,    PR_SUBFOLDERS,   PR_CONTENT_COUNT,     PR_CONTENT_UNREAD,
                                    PR_PARENT_ENTRYID, PR_RECORD_KEY,   PR_CONTAINER_CLASS_W, PR_ASSOC_CONTENT_COUNT};
    struct store *store = folder->host.store;
    struct row_builder row;
    struct memtable *table;
    sqlite3_stmt *statement;
    HRESULT hr = table_create(store, columns, sizeof columns / sizeof columns[0], flags, &table);
    int rc = SQLITE_OK;

    if (FAILED(hr))
        return hr;
    memset(&row, 0, sizeof row);
    hr = database_prepare(store->db, (flags & CONVENIENT_DEPTH) != 0 ? deep : flat, &statement);
    if (SUCCEEDED(hr)) {
        sqlite3_bind_int64(statement, 1, folder->host.place.row);
        while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW)
            hr = append(store, table, &row, statement);
        if (SUCCEEDED(hr))
            hr = database_error(store->db, rc, "The folders could not be read");
        database_done(statement);
    }
    row_free(&row);
    return table_finish(table, hr, out);
}
