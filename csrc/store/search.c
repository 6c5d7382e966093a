/* SetSearchCriteria and GetSearchCriteria of a folder (declared in search.h). */
#include "store/search.h"

#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/restriction_codec.h"
#include "store/entryid.h"
#include "store/folder.h"
#include "store/sieve.h"
#include "store/tree.h"

static const char read_failed[] = "The search criteria could not be read";
static const char write_failed[] = "The search criteria could not be set";

HRESULT search_refuse(const struct folder *folder, const char *what)
{
    if (folder->kind != FOLDER_SEARCH)
        return S_OK;
    return fail(MAPI_E_NO_ACCESS, "%s: a search folder only shows messages that are in other folders.", what);
}

/* ---- what is stored ---- */

struct criteria {
    bool set; /* there are any */
    ULONG flags;
    struct byte_buffer restriction;
};

static HRESULT read_criteria(struct store *store, int64_t search, struct criteria *out)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT flags, restriction FROM search WHERE folder = ?1", &statement);
    int rc;

    memset(out, 0, sizeof *out);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, search);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, read_failed);
    if (rc == SQLITE_ROW) {
        out->set = true;
        out->flags = (ULONG)sqlite3_column_int64(statement, 0);
        hr = byte_buffer_append(&out->restriction, sqlite3_column_blob(statement, 1),
                                (size_t)sqlite3_column_bytes(statement, 1));
    }
    database_done(statement);
    return hr;
}

static HRESULT write_criteria(struct store *store, int64_t search, const struct criteria *criteria)
{
    static const char sql[] = "INSERT OR REPLACE INTO search (folder, flags, restriction) VALUES (?1, ?2, ?3)";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, search);
    sqlite3_bind_int64(statement, 2, (int64_t)criteria->flags);
    sqlite3_bind_blob64(statement, 3, criteria->restriction.bytes, criteria->restriction.size, SQLITE_STATIC);
    return database_run(store->db, statement, write_failed);
}

/* mapi-search-folders.md: a search folder cannot be the subject of a search. */
static HRESULT check_root(struct store *store, const SBinary *id, int64_t *row)
{
    ULONG type = 0;
    ULONG kind = FOLDER_GENERIC;
    HRESULT hr = object_entryid_parse(&store->uid, id->cb, (const ENTRYID *)(const void *)id->lpb, &type, row);

    if (SUCCEEDED(hr) && type != MAPI_FOLDER)
        hr = fail(MAPI_E_INVALID_ENTRYID, "Only folders can be searched; an entry identifier is a message's.");
    if (SUCCEEDED(hr))
        hr = folder_kind(store, *row, &kind);
    if (SUCCEEDED(hr) && kind == FOLDER_SEARCH)
        hr = fail(MAPI_E_TOO_COMPLEX, "A search folder cannot be searched itself; name the folders it looks through.");
    return hr;
}

static HRESULT put_root(struct store *store, int64_t search, ULONG position, int64_t row)
{
    static const char sql[] = "INSERT INTO search_root (search, position, folder) SELECT ?1, ?2, ?3"
                              " WHERE NOT EXISTS (SELECT 1 FROM search_root WHERE search = ?1 AND folder = ?3)";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, search);
    sqlite3_bind_int64(statement, 2, (int64_t)position);
    sqlite3_bind_int64(statement, 3, row);
    return database_run(store->db, statement, write_failed);
}

static HRESULT write_roots(struct store *store, int64_t search, const ENTRYLIST *list)
{
    HRESULT hr = tree_run(store, "DELETE FROM search_root WHERE search = ?1", search, write_failed);
    ULONG i;

    for (i = 0; i < list->cValues && SUCCEEDED(hr); i++) {
        int64_t row;

        hr = check_root(store, &list->lpbin[i], &row);
        if (SUCCEEDED(hr))
            hr = put_root(store, search, i, row);
    }
    return hr;
}

/* ---- SetSearchCriteria ---- */

static HRESULT check_flags(ULONG flags)
{
    static const ULONG exclusive[] = {STOP_SEARCH | RESTART_SEARCH, RECURSIVE_SEARCH | SHALLOW_SEARCH,
                                      FOREGROUND_SEARCH | BACKGROUND_SEARCH};
    ULONG known = 0;
    size_t i;

    for (i = 0; i < sizeof exclusive / sizeof exclusive[0]; i++)
        known |= exclusive[i];
    if ((flags & ~known) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    for (i = 0; i < sizeof exclusive / sizeof exclusive[0]; i++)
        if ((flags & exclusive[i]) == exclusive[i])
            return fail(MAPI_E_INVALID_PARAMETER, "A search can be stopped or restarted, recursive or shallow, in the "
                                                  "foreground or the background, but not both at once.");
    return S_OK;
}

/* A state flag as one of two flags of the call makes it; neither leaves it. */
static ULONG switched(ULONG state, ULONG bit, ULONG flags, ULONG on, ULONG off)
{
    if ((flags & on) != 0)
        return state | bit;
    return (flags & off) != 0 ? state & ~bit : state;
}

/* The first call begins the search unless it says otherwise; after that only RESTART_SEARCH begins one that was
 * stopped. */
static ULONG new_state(const struct criteria *before, ULONG flags)
{
    ULONG state = before->set ? before->flags : SEARCH_RUNNING;

    state = switched(state, SEARCH_RUNNING, flags, RESTART_SEARCH, STOP_SEARCH);
    state = switched(state, SEARCH_RECURSIVE, flags, RECURSIVE_SEARCH, SHALLOW_SEARCH);
    return switched(state, SEARCH_FOREGROUND, flags, FOREGROUND_SEARCH, BACKGROUND_SEARCH);
}

struct filling {
    struct store *store;
    int64_t search;
};

static HRESULT fill_one(void *context, int64_t message, const struct sifted *sifted)
{
    const struct filling *filling = context;

    return found_add(filling->store, filling->search, message, sifted);
}

/* Finds everything anew. */
static HRESULT fill(struct store *store, int64_t search)
{
    struct filling filling = {store, search};
    struct sieve sieve;
    HRESULT hr = found_clear(store, search);

    if (SUCCEEDED(hr)) {
        hr = sieve_open(&sieve, store, search);
        if (SUCCEEDED(hr))
            hr = sieve_all(&sieve, fill_one, &filling);
        sieve_close(&sieve);
    }
    if (SUCCEEDED(hr))
        hr = found_settle(store, search);
    return SUCCEEDED(hr) ? event_searched(store, search) : hr;
}

static HRESULT set_criteria(struct folder *folder, const struct byte_buffer *restriction, const ENTRYLIST *list,
                            ULONG flags, struct criteria *criteria)
{
    struct store *store = folder->host.store;
    int64_t search = folder->host.place.row;
    ULONG before;
    bool moved;
    HRESULT hr = folder_check_exists(store, search);

    if (SUCCEEDED(hr))
        hr = searches_update(store); /* in a batch: with what was in force until now */
    if (SUCCEEDED(hr))
        hr = read_criteria(store, search, criteria);
    if (SUCCEEDED(hr) && !criteria->set && (restriction->size == 0 || list == NULL))
        hr = fail(MAPI_E_NOT_INITIALIZED,
                  "The search folder has no criteria yet: the first call has to say what is looked for, and where.");
    if (FAILED(hr))
        return hr;
    before = criteria->set ? criteria->flags : 0;
    criteria->flags = new_state(criteria, flags);
    moved = list != NULL || ((before ^ criteria->flags) & SEARCH_RECURSIVE) != 0;
    if (restriction->size > 0) {
        byte_buffer_clear(&criteria->restriction);
        hr = byte_buffer_append(&criteria->restriction, restriction->bytes, restriction->size);
    }
    if (SUCCEEDED(hr))
        hr = write_criteria(store, search, criteria);
    searches_changed(store);
    if (SUCCEEDED(hr) && list != NULL)
        hr = write_roots(store, search, list);
    if (SUCCEEDED(hr) && moved)
        hr = search_scope_make(store, search, (criteria->flags & SEARCH_RECURSIVE) != 0);
    if (FAILED(hr) || (criteria->flags & SEARCH_RUNNING) == 0)
        return hr;
    /* imapicontainer-setsearchcriteria.md: another priority alone does not search anew. */
    return moved || restriction->size > 0 || (flags & RESTART_SEARCH) != 0 ? fill(store, search) : S_OK;
}

/* Everything that can be checked before the transaction. */
static HRESULT check_call(const struct folder *folder, const ENTRYLIST *list, ULONG flags)
{
    HRESULT hr = check_flags(flags);

    if (FAILED(hr))
        return hr;
    if (folder->kind != FOLDER_SEARCH)
        return fail(MAPI_E_NO_SUPPORT, "Only a search folder has search criteria.");
    if (list != NULL && (list->cValues == 0 || list->lpbin == NULL))
        return fail(MAPI_E_INVALID_PARAMETER, "A search needs at least one folder to look in.");
    return folder->host.writable ? S_OK : fail(MAPI_E_NO_ACCESS, "The folder was opened for reading.");
}

HRESULT search_set_criteria(struct folder *folder, const SRestriction *restriction, const ENTRYLIST *list, ULONG flags)
{
    struct store *store = folder->host.store;
    struct byte_buffer encoded;
    struct criteria criteria;
    HRESULT hr = check_call(folder, list, flags);

    if (FAILED(hr))
        return hr;
    byte_buffer_init(&encoded);
    memset(&criteria, 0, sizeof criteria);
    if (restriction != NULL)
        hr = restriction_encode(restriction, &encoded);
    if (SUCCEEDED(hr))
        hr = store_begin(store);
    if (SUCCEEDED(hr))
        hr = store_end_transaction(store, set_criteria(folder, &encoded, list, flags, &criteria));
    byte_buffer_free(&criteria.restriction);
    byte_buffer_free(&encoded);
    return hr;
}

/* ---- GetSearchCriteria ---- */

static HRESULT read_roots(struct store *store, int64_t search, LPENTRYLIST *out)
{
    static const char sql[] = "SELECT folder FROM search_root WHERE search = ?1 ORDER BY position";
    struct row_list rows = {NULL, 0, 0};
    unsigned char *ids;
    LPENTRYLIST list = NULL;
    HRESULT hr = row_list_query(&rows, store, sql, search);
    size_t i;

    if (SUCCEEDED(hr))
        hr = MAPIAllocateBuffer((ULONG)(sizeof *list + rows.count * (sizeof(SBinary) + OBJECT_ENTRYID_SIZE)),
                                (void **)&list);
    if (SUCCEEDED(hr)) {
        list->cValues = (ULONG)rows.count;
        list->lpbin = (SBinary *)(void *)(list + 1);
        ids = (unsigned char *)(list->lpbin + rows.count);
        for (i = 0; i < rows.count; i++, ids += OBJECT_ENTRYID_SIZE) {
            object_entryid_make(&store->uid, MAPI_FOLDER, rows.rows[i], ids);
            list->lpbin[i].cb = OBJECT_ENTRYID_SIZE;
            list->lpbin[i].lpb = ids;
        }
        *out = list;
    }
    row_list_free(&rows);
    return hr;
}

static HRESULT give_criteria(struct folder *folder, ULONG flags, const struct criteria *criteria,
                             LPSRestriction *restriction, LPENTRYLIST *list, ULONG *state)
{
    HRESULT hr = S_OK;

    if (!criteria->set)
        return fail(MAPI_E_NOT_INITIALIZED, "The folder has no search criteria.");
    if (restriction != NULL)
        hr = restriction_decode(criteria->restriction.bytes, criteria->restriction.size, flags, restriction);
    if (SUCCEEDED(hr) && list != NULL)
        hr = read_roots(folder->host.store, folder->host.place.row, list);
    if (FAILED(hr) && restriction != NULL) {
        MAPIFreeBuffer(*restriction);
        *restriction = NULL;
    }
    if (SUCCEEDED(hr) && state != NULL)
        *state = criteria->flags;
    return hr;
}

HRESULT search_get_criteria(struct folder *folder, ULONG flags, LPSRestriction *restriction, LPENTRYLIST *list,
                            ULONG *state)
{
    struct criteria criteria;
    HRESULT hr;

    if ((flags & ~MAPI_UNICODE) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = folder_check_exists(folder->host.store, folder->host.place.row);
    if (FAILED(hr))
        return hr;
    hr = read_criteria(folder->host.store, folder->host.place.row, &criteria);
    if (SUCCEEDED(hr))
        hr = give_criteria(folder, flags, &criteria, restriction, list, state);
    byte_buffer_free(&criteria.restriction);
    return hr;
}

HRESULT search_any_running(struct store *store, bool *running)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT 1 FROM search WHERE flags & 1 <> 0 LIMIT 1", &statement);
    int rc;

    *running = false;
    if (FAILED(hr))
        return hr;
    rc = sqlite3_step(statement);
    *running = rc == SQLITE_ROW;
    hr = database_error(store->db, rc, read_failed);
    database_done(statement);
    return hr;
}
