/* Which folders the searches look through, as folders come, move and go (declared in search.h). */
#include <mapicode.h>

#include "base/failure.h"
#include "store/search.h"
#include "store/tree.h"

static const char failed[] = "The folders that are searched could not be recorded";

HRESULT search_scope_make(struct store *store, int64_t search, bool recursive)
{
    static const char shallow[] = "INSERT OR IGNORE INTO search_scope (folder, search)"
                                  " SELECT folder, search FROM search_root WHERE search = ?1";
    /* UNION: a ring, which only a damaged file has, ends where it began. */
    static const char deep[] = "INSERT OR IGNORE INTO search_scope (folder, search)"
                               " WITH RECURSIVE below (folder) AS (SELECT folder FROM search_root WHERE search = ?1"
                               "  UNION SELECT folder.id FROM below CROSS JOIN folder ON folder.parent = below.folder)"
                               " SELECT folder, ?1 FROM below";
    HRESULT hr = tree_run(store, "DELETE FROM search_scope WHERE search = ?1", search, failed);

    return SUCCEEDED(hr) ? tree_run(store, recursive ? deep : shallow, search, failed) : hr;
}

HRESULT search_folder_added(struct store *store, int64_t row, int64_t parent)
{
    static const char sql[] = "INSERT OR IGNORE INTO search_scope (folder, search)"
                              " SELECT ?1, search FROM search_scope JOIN search ON search.folder = search"
                              " WHERE search_scope.folder = ?2 AND flags & 4 <> 0"; /* SEARCH_RECURSIVE */
    sqlite3_stmt *statement;
    HRESULT hr;

    if (!store->searches.any)
        return S_OK;
    hr = database_prepare(store->db, sql, &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, parent);
    return database_run(store->db, statement, failed);
}

/* The messages below a folder that has moved may be looked at by other searches now, and are to be held against them. */
static HRESULT touch_below(struct store *store, int64_t row)
{
    static const char sql[] =
        "WITH RECURSIVE below (folder) AS (SELECT ?1"
        "  UNION SELECT folder.id FROM below CROSS JOIN folder ON folder.parent = below.folder)"
        " SELECT message.id FROM below CROSS JOIN message ON message.folder = below.folder AND associated = 0";
    struct row_list messages = {NULL, 0, 0};
    HRESULT hr = row_list_query(&messages, store, sql, row);
    size_t i;

    for (i = 0; i < messages.count && SUCCEEDED(hr); i++)
        hr = searches_touch(store, messages.rows[i]);
    row_list_free(&messages);
    return hr;
}

/* The recursive searches that look through one of the two parents and not the other. To all others nothing has changed: with
 * hundreds of searches and a large tree, making their folders anew would take minutes. */
static HRESULT searches_between(struct store *store, int64_t from, int64_t to, struct row_list *out)
{
    static const char sql[] = "SELECT search FROM search_scope JOIN search ON search.folder = search"
                              " WHERE search_scope.folder IN (?1, ?2) AND flags & 4 <> 0" /* SEARCH_RECURSIVE */
                              " GROUP BY search HAVING count(*) = 1";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc = SQLITE_OK;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, to);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        hr = row_list_add(out, sqlite3_column_int64(statement, 0));
    if (SUCCEEDED(hr))
        hr = database_error(store->db, rc, failed);
    database_done(statement);
    return hr;
}

HRESULT search_folder_moved(struct store *store, int64_t row, int64_t from, int64_t to)
{
    struct row_list searches = {NULL, 0, 0};
    HRESULT hr = S_OK;
    size_t i;

    if (store->searches.any)
        hr = searches_between(store, from, to, &searches);
    for (i = 0; i < searches.count && SUCCEEDED(hr); i++)
        hr = search_scope_make(store, searches.rows[i], true);
    if (SUCCEEDED(hr) && searches.count > 0)
        hr = touch_below(store, row);
    row_list_free(&searches);
    return hr;
}

HRESULT search_folder_removed(struct store *store, int64_t row)
{
    static const char *const statements[] = {
        "DELETE FROM search_scope WHERE folder = ?1", "DELETE FROM search_root WHERE folder = ?1",
        "DELETE FROM search_scope WHERE search = ?1", "DELETE FROM search_root WHERE search = ?1",
        "DELETE FROM found WHERE search = ?1",        "DELETE FROM found_date WHERE search = ?1",
        "DELETE FROM search WHERE folder = ?1"};
    HRESULT hr = S_OK;
    size_t i;

    /* A message that was touched before, in a batch, is held against the searches that were there. */
    if (store->searches.any)
        hr = searches_update(store);
    for (i = 0; store->searches.any && i < sizeof statements / sizeof statements[0] && SUCCEEDED(hr); i++)
        hr = tree_run(store, statements[i], row, failed);
    return hr;
}
