#include "store/tree.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "store/columns.h"

HRESULT row_list_add(struct row_list *list, int64_t row)
{
    size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
    int64_t *rows;

    if (list->count == list->capacity) {
        rows = realloc(list->rows, capacity * sizeof *rows);
        if (rows == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        list->rows = rows;
        list->capacity = capacity;
    }
    list->rows[list->count++] = row;
    return S_OK;
}

void row_list_free(struct row_list *list)
{
    free(list->rows);
    memset(list, 0, sizeof *list);
}

HRESULT row_list_query(struct row_list *list, struct store *store, const char *sql, int64_t parameter)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc = SQLITE_OK;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, parameter);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        hr = row_list_add(list, sqlite3_column_int64(statement, 0));
    if (SUCCEEDED(hr))
        hr = database_error(store->db, rc, "The store could not be read");
    database_done(statement);
    return hr;
}

HRESULT tree_flags(struct store *store, const char *sql, int64_t parameter, const char *what, ULONG *flags)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, parameter);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *flags = (ULONG)sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, what);
    database_done(statement);
    return rc == SQLITE_DONE ? MAPI_E_NOT_FOUND : hr;
}

HRESULT tree_message_flags(struct store *store, int64_t row, ULONG *flags)
{
    HRESULT hr =
        tree_flags(store, "SELECT flags FROM message WHERE id = ?1", row, "The message could not be read", flags);

    return hr == MAPI_E_NOT_FOUND ? fail(hr, "The message does not exist any more.") : hr;
}

HRESULT tree_run(struct store *store, const char *sql, int64_t parameter, const char *what)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, parameter);
    return database_run(store->db, statement, what);
}

/* One that is in a folder is not embedded, whatever a damaged file says: it could be inside itself. */
HRESULT tree_embedded(struct store *store, int64_t attachment, int64_t *row)
{
    sqlite3_stmt *statement;
    HRESULT hr =
        database_prepare(store->db, "SELECT id FROM message WHERE attachment = ?1 AND folder IS NULL", &statement);
    int rc;

    *row = 0;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, attachment);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *row = sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, "The store could not be read");
    database_done(statement);
    return hr;
}

static const char delete_failed[] = "The message could not be deleted";

/* An attachment's own rows; the messages embedded in it are appended to the list. */
static HRESULT delete_attachment_row(struct store *store, int64_t row, struct row_list *messages)
{
    struct place place = {CHUNKS_OF_ATTACHMENT, row};
    HRESULT hr =
        row_list_query(messages, store, "SELECT id FROM message WHERE attachment = ?1 AND folder IS NULL", row);

    if (SUCCEEDED(hr))
        hr = chunks_delete(store, place);
    if (SUCCEEDED(hr))
        hr = tree_run(store, "DELETE FROM attachment WHERE id = ?1", row, delete_failed);
    return hr;
}

static HRESULT delete_message_row(struct store *store, int64_t row, struct row_list *messages)
{
    struct place place = {CHUNKS_OF_MESSAGE, row};
    struct row_list attachments = {NULL, 0, 0};
    HRESULT hr = row_list_query(&attachments, store, "SELECT id FROM attachment WHERE message = ?1", row);
    size_t i;

    for (i = 0; i < attachments.count && SUCCEEDED(hr); i++)
        hr = delete_attachment_row(store, attachments.rows[i], messages);
    row_list_free(&attachments);
    if (SUCCEEDED(hr))
        hr = chunks_delete(store, place);
    if (SUCCEEDED(hr))
        hr = tree_run(store, "DELETE FROM recipient WHERE message = ?1", row, delete_failed);
    if (SUCCEEDED(hr))
        hr = tree_run(store, "DELETE FROM message WHERE id = ?1", row, delete_failed);
    return hr;
}

/* Works the list off from its end; the list is freed. */
static HRESULT delete_messages(struct store *store, struct row_list *messages, HRESULT hr)
{
    while (SUCCEEDED(hr) && messages->count > 0)
        hr = delete_message_row(store, messages->rows[--messages->count], messages);
    row_list_free(messages);
    return hr;
}

HRESULT tree_delete_message(struct store *store, int64_t row)
{
    struct row_list messages = {NULL, 0, 0};

    return delete_messages(store, &messages, row_list_add(&messages, row));
}

HRESULT tree_delete_attachment(struct store *store, int64_t row)
{
    struct row_list messages = {NULL, 0, 0};

    return delete_messages(store, &messages, delete_attachment_row(store, row, &messages));
}

/* What remains to be copied: a message, and the attachment its copy will be embedded in. */
struct copy_list {
    struct row_list from;
    struct row_list into;
};

static HRESULT copy_attachment(struct store *store, int64_t row, int64_t message, struct copy_list *list)
{
    static const char sql[] = "INSERT INTO attachment (message, number, size, props)"
                              " SELECT ?2, number, size, props FROM attachment WHERE id = ?1";
    struct place place = {CHUNKS_OF_ATTACHMENT, row};
    sqlite3_stmt *statement;
    int64_t copy;
    int64_t embedded = 0;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, message);
    hr = database_run(store->db, statement, "An attachment could not be copied");
    if (FAILED(hr))
        return hr;
    copy = sqlite3_last_insert_rowid(database_handle(store->db));
    hr = chunks_copy(store, place, copy);
    if (SUCCEEDED(hr))
        hr = tree_embedded(store, row, &embedded);
    if (FAILED(hr) || embedded == 0)
        return hr;
    hr = row_list_add(&list->from, embedded);
    return SUCCEEDED(hr) ? row_list_add(&list->into, copy) : hr;
}

static HRESULT copy_row(struct store *store, int64_t row, int64_t folder, int64_t attachment, int64_t *copy)
{
    static const char sql[] =
        "INSERT INTO message (folder, attachment, associated, " MESSAGE_COLUMNS ")"
        " SELECT nullif(?2, 0), nullif(?3, 0), associated, " MESSAGE_COLUMNS " FROM message WHERE id = ?1";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, folder);
    sqlite3_bind_int64(statement, 3, attachment);
    hr = database_run(store->db, statement, "The message could not be copied");
    if (FAILED(hr))
        return hr;
    if (sqlite3_changes(database_handle(store->db)) == 0)
        return fail(MAPI_E_NOT_FOUND, "The message to be copied does not exist any more.");
    *copy = sqlite3_last_insert_rowid(database_handle(store->db));
    /* The copy of something submitted has not been submitted, a status is not copied (imapifolder-copymessages.md), and of a copy
     * no report is sent (providing-read-and-nonread-reports-for-message-store-providers.md). */
    return tree_run(
        store,
        "UPDATE message SET flags = flags & ~772, status = 0 WHERE id = ?1 AND (flags & 772 <> 0 OR status <> 0)",
        *copy, "The message could not be copied");
}

static HRESULT copy_one(struct store *store, int64_t row, int64_t folder, int64_t attachment, int64_t *copy,
                        struct copy_list *list)
{
    static const char sql[] = "INSERT INTO recipient (message, row, type, name, address, props)"
                              " SELECT ?2, row, type, name, address, props FROM recipient WHERE message = ?1";
    struct place place = {CHUNKS_OF_MESSAGE, row};
    struct row_list attachments = {NULL, 0, 0};
    sqlite3_stmt *statement;
    HRESULT hr = copy_row(store, row, folder, attachment, copy);
    size_t i;

    if (SUCCEEDED(hr))
        hr = chunks_copy(store, place, *copy);
    if (SUCCEEDED(hr))
        hr = database_prepare(store->db, sql, &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, *copy);
    hr = database_run(store->db, statement, "The recipients could not be copied");
    if (SUCCEEDED(hr))
        hr = row_list_query(&attachments, store, "SELECT id FROM attachment WHERE message = ?1 ORDER BY number", row);
    for (i = 0; i < attachments.count && SUCCEEDED(hr); i++)
        hr = copy_attachment(store, attachments.rows[i], *copy, list);
    row_list_free(&attachments);
    return hr;
}

HRESULT tree_copy_message(struct store *store, int64_t row, int64_t folder, int64_t *copy)
{
    struct copy_list list;
    HRESULT hr;

    memset(&list, 0, sizeof list);
    hr = copy_one(store, row, folder, 0, copy, &list);
    while (SUCCEEDED(hr) && list.from.count > 0) {
        int64_t embedded;

        list.from.count--;
        list.into.count--;
        hr = copy_one(store, list.from.rows[list.from.count], 0, list.into.rows[list.into.count], &embedded, &list);
    }
    row_list_free(&list.from);
    row_list_free(&list.into);
    return hr;
}
