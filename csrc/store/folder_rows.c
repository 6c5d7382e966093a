/* Questions about the folder table (declared in folder.h). */
#include <mapicode.h>

#include "base/failure.h"
#include "store/folder.h"

bool folder_is_standard(const struct store *store, int64_t row)
{
    size_t i;

    for (i = 0; i < STANDARD_FOLDER_COUNT; i++)
        if (store->folders[i] == row)
            return true;
    return false;
}

ULONG folder_display_type(ULONG kind)
{
    return kind == FOLDER_SEARCH ? DT_FOLDER_LINK : DT_FOLDER;
}

HRESULT folder_find_child(struct store *store, int64_t parent, const char *name, size_t size, int64_t *row)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT id FROM folder WHERE parent = ?1 AND name = ?2", &statement);
    int rc;

    *row = 0;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, parent);
    sqlite3_bind_text(statement, 2, name, (int)size, SQLITE_STATIC);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *row = sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, "The folders could not be read");
    database_done(statement);
    return hr;
}

/* One number of a folder; `sql` has the folder as ?1. MAPI_E_NOT_FOUND: there is no such folder. */
static HRESULT folder_number(struct store *store, const char *sql, int64_t row, int64_t *number)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The folders could not be read");
    if (rc == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    else if (rc == SQLITE_DONE)
        hr = fail(MAPI_E_NOT_FOUND, "The folder does not exist any more.");
    database_done(statement);
    return hr;
}

HRESULT folder_parent(struct store *store, int64_t row, int64_t *parent)
{
    *parent = 0;
    return folder_number(store, "SELECT parent FROM folder WHERE id = ?1", row, parent);
}

HRESULT folder_kind(struct store *store, int64_t row, ULONG *kind)
{
    int64_t number = FOLDER_GENERIC;
    HRESULT hr = folder_number(store, "SELECT kind FROM folder WHERE id = ?1", row, &number);

    *kind = (ULONG)number;
    return hr;
}

HRESULT folder_check_exists(struct store *store, int64_t row)
{
    int64_t parent;
    HRESULT hr = folder_parent(store, row, &parent);

    return hr == MAPI_E_NOT_FOUND ? fail(MAPI_E_OBJECT_DELETED, "The folder does not exist any more.") : hr;
}

HRESULT folder_ring(void)
{
    return fail(MAPI_E_CORRUPT_DATA, "The message store is damaged: a folder is below itself.");
}

HRESULT folder_count(struct store *store, size_t *count)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT count(*) FROM folder", &statement);
    int rc;

    *count = 0;
    if (FAILED(hr))
        return hr;
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *count = (size_t)sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, "The folders could not be read");
    database_done(statement);
    return hr;
}

HRESULT folder_is_within(struct store *store, int64_t row, int64_t ancestor, bool *within)
{
    size_t count;
    HRESULT hr = folder_count(store, &count);

    *within = row == ancestor;
    while (SUCCEEDED(hr) && !*within && row != 0) {
        hr = count-- > 0 ? folder_parent(store, row, &row) : folder_ring();
        *within = row == ancestor;
    }
    return hr;
}

HRESULT folder_check_name(const void *name, size_t size)
{
    if (name == NULL || size == 0)
        return fail(MAPI_E_INVALID_PARAMETER, "A folder needs a name.");
    if (size > INLINE_LIMIT)
        return fail(MAPI_E_STRING_TOO_LONG, "The name of the folder is longer than %d bytes.", (int)INLINE_LIMIT);
    return S_OK;
}
