#include "store/sieve.h"

#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/restriction_codec.h"

static const char failed[] = "The messages could not be held against the searches";

/* Criteria that a damaged file cannot tell any more make the search one that does not run; the rest of the store stays
 * usable. */
static HRESULT read_criteria(struct sieve *sieve, sqlite3_stmt *statement)
{
    HRESULT hr = S_OK;

    if ((sqlite3_column_int64(statement, 0) & SEARCH_RUNNING) == 0)
        return S_OK;
    hr = restriction_decode(sqlite3_column_blob(statement, 1), (size_t)sqlite3_column_bytes(statement, 1), MAPI_UNICODE,
                            &sieve->criteria);
    if (SUCCEEDED(hr))
        sieve->table.source = OF_SCOPE;
    return hr == MAPI_E_CORRUPT_DATA ? S_OK : hr;
}

static HRESULT load(struct sieve *sieve, struct store *store, int64_t search)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT flags, restriction FROM search WHERE folder = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, search);
    rc = sqlite3_step(statement);
    hr = rc == SQLITE_ROW ? read_criteria(sieve, statement)
                          : database_error(store->db, rc, "The search could not be read");
    database_done(statement);
    return hr;
}

HRESULT sieve_open(struct sieve *sieve, struct store *store, int64_t search)
{
    struct contents *table = &sieve->table;
    HRESULT hr;

    memset(sieve, 0, sizeof *sieve);
    table->store = store;
    table->source = OF_SEARCH;
    table->folder = search;
    table->newest = NEWEST_ANY;
    hr = load(sieve, store, search);
    table->restriction = sieve->criteria;
    if (SUCCEEDED(hr))
        hr = contents_filter(store, table->restriction, &table->filter);
    if (FAILED(hr))
        return hr;
    selection_add(&sieve->selection, table, PR_MESSAGE_FLAGS);
    selection_add_own(&sieve->selection, table);
    row_view_begin(&sieve->view, table, &sieve->selection);
    return contents_prepare_one(table, &sieve->selection, &table->filter, &sieve->statement);
}

void sieve_close(struct sieve *sieve)
{
    sqlite3_finalize(sieve->statement);
    row_view_end(&sieve->view);
    filter_clear(&sieve->table.filter);
    MAPIFreeBuffer(sieve->criteria);
    memset(sieve, 0, sizeof *sieve);
}

/* The message under a statement that has the sieve's selection and filter. */
static HRESULT sift(struct sieve *sieve, sqlite3_stmt *statement, struct sifted *out)
{
    const struct contents *table = &sieve->table;
    int flags = selection_find(&sieve->selection, PR_MESSAGE_FLAGS)->index;
    bool matches = false;
    HRESULT hr = row_view_matches(&sieve->view, statement, table->filter.exact ? NULL : table->restriction, &matches);

    out->found = SUCCEEDED(hr) && matches;
    out->received = sqlite3_column_int64(statement, 1);
    out->unread = (sqlite3_column_int64(statement, flags) & MSGFLAG_READ) == 0;
    return hr == MAPI_E_CORRUPT_DATA || hr == MAPI_E_TOO_BIG ? S_OK : hr;
}

HRESULT sieve_one(struct sieve *sieve, int64_t message, struct sifted *out)
{
    HRESULT hr;
    int rc;

    memset(out, 0, sizeof *out);
    sqlite3_bind_int64(sieve->statement, 3, message);
    rc = sqlite3_step(sieve->statement);
    hr = rc == SQLITE_ROW ? sift(sieve, sieve->statement, out) : database_error(sieve->table.store->db, rc, failed);
    sqlite3_reset(sieve->statement);
    return hr;
}

static HRESULT prepare_all(struct sieve *sieve, sqlite3_stmt **out)
{
    struct contents *table = &sieve->table;
    struct byte_buffer sql;
    HRESULT hr;

    byte_buffer_init(&sql);
    hr = selection_sql(&sieve->selection, &sql);
    if (SUCCEEDED(hr))
        hr = contents_append_source(table, false, &sql);
    if (SUCCEEDED(hr))
        hr = filter_append(&table->filter, &sql);
    if (SUCCEEDED(hr))
        hr = contents_prepare(table, &sql, out);
    byte_buffer_free(&sql);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(*out, 1, table->folder);
    filter_bind(&table->filter, *out);
    return S_OK;
}

HRESULT sieve_all(struct sieve *sieve, sifted_each each, void *context)
{
    sqlite3_stmt *statement = NULL;
    HRESULT hr = prepare_all(sieve, &statement);
    int rc = SQLITE_DONE;

    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct sifted sifted;

        hr = sift(sieve, statement, &sifted);
        if (SUCCEEDED(hr) && sifted.found)
            hr = each(context, sqlite3_column_int64(statement, 0), &sifted);
    }
    if (SUCCEEDED(hr))
        hr = database_error(sieve->table.store->db, rc, failed);
    sqlite3_finalize(statement);
    return hr;
}
