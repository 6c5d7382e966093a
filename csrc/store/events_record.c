/* Writing changes down (declared in events.h). */
#include "store/events.h"

#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "store/folder.h"
#include "store/logon.h"

static const char failed[] = "The change could not be recorded for those who are registered";

struct change {
    ULONG event;
    ULONG kind;
    int64_t row;
    int64_t parent;
    int64_t old_row;
    int64_t old_parent;
    bool associated;
};

/* Asked once in a transaction: nobody becomes a listener while it lasts. */
static HRESULT is_listened(struct store *store, bool *yes)
{
    struct events_pending *pending = &store->pending;
    sqlite3_stmt *statement;
    HRESULT hr = S_OK;
    int rc;

    if (pending->listened == LISTENED_UNKNOWN) {
        hr = database_prepare(store->db, "SELECT 1 FROM listener LIMIT 1", &statement);
        if (FAILED(hr))
            return hr;
        rc = sqlite3_step(statement);
        hr = database_error(store->db, rc, failed);
        if (SUCCEEDED(hr))
            pending->listened = rc == SQLITE_ROW ? LISTENED_YES : LISTENED_NO;
        database_done(statement);
    }
    *yes = pending->listened == LISTENED_YES;
    return hr;
}

static HRESULT insert(struct store *store, const struct change *change)
{
    static const char sql[] = "INSERT INTO event (event, kind, row, parent, old_row, old_parent, associated)"
                              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, (int64_t)change->event);
    sqlite3_bind_int64(statement, 2, (int64_t)change->kind);
    sqlite3_bind_int64(statement, 3, change->row);
    sqlite3_bind_int64(statement, 4, change->parent);
    sqlite3_bind_int64(statement, 5, change->old_row);
    sqlite3_bind_int64(statement, 6, change->old_parent);
    sqlite3_bind_int(statement, 7, change->associated);
    return database_run(store->db, statement, failed);
}

/* More than are kept would only push each other out: then one row stands for the rest. */
static HRESULT record(struct store *store, const struct change *change)
{
    static const struct change too_many = {.event = fnevTableModified};
    struct events_pending *pending = &store->pending;

    if (pending->summed_up)
        return S_OK;
    pending->summed_up = ++pending->count >= EVENTS_KEPT;
    return insert(store, pending->summed_up ? &too_many : change);
}

HRESULT event_counts(struct store *store, int64_t folder)
{
    struct events_pending *pending = &store->pending;
    bool listened;
    HRESULT hr = is_listened(store, &listened);
    size_t i;

    if (FAILED(hr) || !listened || folder == 0)
        return hr;
    for (i = pending->folder_count; i > 0; i--)
        if (pending->folders[i - 1] == folder)
            return S_OK;
    if (pending->folder_count == pending->folder_capacity) {
        size_t capacity = pending->folder_capacity == 0 ? 8 : pending->folder_capacity * 2;
        int64_t *folders = realloc(pending->folders, capacity * sizeof *folders);

        if (folders == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        pending->folders = folders;
        pending->folder_capacity = capacity;
    }
    pending->folders[pending->folder_count++] = folder;
    return S_OK;
}

/* The folder of a message; 0 for one that is embedded, of which nobody is told, or gone. */
static HRESULT folder_of(struct store *store, int64_t row, int64_t *folder, bool *associated)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT folder, associated FROM message WHERE id = ?1", &statement);
    int rc;

    *folder = 0;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        *folder = sqlite3_column_int64(statement, 0);
        *associated = sqlite3_column_int(statement, 1) != 0;
    }
    hr = database_error(store->db, rc, failed);
    database_done(statement);
    return hr;
}

static HRESULT record_message(struct store *store, ULONG event, int64_t row, int64_t old_row, int64_t old_parent,
                              bool counts)
{
    struct change change = {event, MAPI_MESSAGE, row, 0, old_row, old_parent, false};
    HRESULT hr = folder_of(store, row, &change.parent, &change.associated);

    if (FAILED(hr) || change.parent == 0)
        return hr;
    hr = record(store, &change);
    if (SUCCEEDED(hr) && counts)
        hr = event_counts(store, change.parent);
    return hr;
}

HRESULT event_message(struct store *store, ULONG event, int64_t row)
{
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    return FAILED(hr) || !listened ? hr : record_message(store, event, row, 0, 0, event != fnevObjectModified);
}

HRESULT event_message_marked(struct store *store, int64_t row, bool counts)
{
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    return FAILED(hr) || !listened ? hr : record_message(store, fnevObjectModified, row, 0, 0, counts);
}

HRESULT event_new_mail(struct store *store, int64_t row)
{
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    return FAILED(hr) || !listened ? hr : record_message(store, fnevNewMail, row, 0, 0, false);
}

HRESULT event_message_moved(struct store *store, int64_t row, int64_t from)
{
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    if (FAILED(hr) || !listened)
        return hr;
    hr = record_message(store, fnevObjectMoved, row, row, from, true);
    return SUCCEEDED(hr) ? event_counts(store, from) : hr;
}

HRESULT event_message_copied(struct store *store, int64_t copy, int64_t source)
{
    int64_t from;
    bool associated;
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    if (FAILED(hr) || !listened)
        return hr;
    hr = folder_of(store, source, &from, &associated);
    return SUCCEEDED(hr) ? record_message(store, fnevObjectCopied, copy, source, from, true) : hr;
}

HRESULT event_folder(struct store *store, ULONG event, int64_t row, int64_t parent, int64_t old_row, int64_t old_parent)
{
    const struct change change = {event, MAPI_FOLDER, row, parent, old_row, old_parent, false};
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    if (FAILED(hr) || !listened)
        return hr;
    hr = record(store, &change);
    if (SUCCEEDED(hr) && event != fnevObjectModified)
        hr = event_counts(store, parent);
    if (SUCCEEDED(hr) && event == fnevObjectMoved)
        hr = event_counts(store, old_parent);
    return hr;
}

HRESULT event_found(struct store *store, int64_t search, int64_t row)
{
    const struct change change = {EVENT_FOUND, MAPI_MESSAGE, row, search, 0, 0, false};
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    if (FAILED(hr) || !listened)
        return hr;
    hr = record(store, &change);
    return SUCCEEDED(hr) ? event_counts(store, search) : hr;
}

HRESULT event_searched(struct store *store, int64_t search)
{
    const struct change searched = {EVENT_SEARCHED, MAPI_MESSAGE, 0, search, 0, 0, false};
    struct change complete = {fnevSearchComplete, MAPI_FOLDER, search, 0, 0, 0, false};
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    if (FAILED(hr) || !listened)
        return hr;
    hr = folder_parent(store, search, &complete.parent);
    if (SUCCEEDED(hr))
        hr = record(store, &searched);
    if (SUCCEEDED(hr))
        hr = record(store, &complete);
    return SUCCEEDED(hr) ? event_counts(store, search) : hr;
}

HRESULT event_store(struct store *store)
{
    const struct change change = {fnevObjectModified, MAPI_STORE, 0, 0, 0, 0, false};
    bool listened;
    HRESULT hr = is_listened(store, &listened);

    return FAILED(hr) || !listened ? hr : record(store, &change);
}

/* ---- the transaction ---- */

void events_begin(struct store *store)
{
    store->pending.listened = LISTENED_UNKNOWN;
    store->pending.count = 0;
    store->pending.summed_up = false;
    store->pending.folder_count = 0;
}

/* A folder that is gone by now is not there to have changed. */
static HRESULT record_counts(struct store *store, int64_t folder)
{
    struct change change = {fnevObjectModified, MAPI_FOLDER, folder, 0, 0, 0, false};
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT parent FROM folder WHERE id = ?1", &statement);
    bool found;
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, folder);
    rc = sqlite3_step(statement);
    found = rc == SQLITE_ROW;
    if (found)
        change.parent = sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, failed);
    database_done(statement);
    return SUCCEEDED(hr) && found ? record(store, &change) : hr;
}

static HRESULT prune(struct store *store)
{
    static const char sql[] = "DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?1";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, EVENTS_KEPT);
    return database_run(store->db, statement, failed);
}

HRESULT events_before_commit(struct store *store)
{
    struct events_pending *pending = &store->pending;
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < pending->folder_count && SUCCEEDED(hr) && !pending->summed_up; i++)
        hr = record_counts(store, pending->folders[i]);
    return SUCCEEDED(hr) && pending->count > 0 ? prune(store) : hr;
}
