/* What the searches have found, kept up to date with the messages (declared in search.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "store/search.h"
#include "store/sieve.h"
#include "store/tree.h"

static const char failed[] = "The search folders could not be brought up to date";

/* ---- which messages a transaction touches ---- */

HRESULT searches_touch(struct store *store, int64_t message)
{
    struct searches_pending *pending = &store->searches;
    size_t capacity = pending->capacity == 0 ? 16 : pending->capacity * 2;
    int64_t *touched;

    if (!pending->any)
        return S_OK;
    if (pending->count > 0 && pending->touched[pending->count - 1] == message)
        return S_OK;
    if (pending->count == pending->capacity) {
        touched = realloc(pending->touched, capacity * sizeof *touched);
        if (touched == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        pending->touched = touched;
        pending->capacity = capacity;
    }
    pending->touched[pending->count++] = message;
    return S_OK;
}

/* SQLite's update hook. It may not use the connection, and what goes wrong can only be told at the commit. A save that
 * changes only recipients or attachments counts the version of the message up, and so is seen too. */
static void on_change(void *context, int operation, const char *database, const char *table, sqlite3_int64 row)
{
    struct store *store = context;

    (void)operation, (void)database;
    if (strcmp(table, "message") == 0 && FAILED(searches_touch(store, row)))
        store->searches.lost = true;
}

static void watch(struct store *store)
{
    store->searches.any = true;
    sqlite3_update_hook(database_handle(store->db), on_change, store);
}

HRESULT searches_begin(struct store *store)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT 1 FROM search LIMIT 1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, failed);
    database_done(statement);
    if (rc == SQLITE_ROW)
        watch(store);
    return hr;
}

static void close_sieves(struct store *store)
{
    struct searches_pending *pending = &store->searches;
    size_t i;

    for (i = 0; i < pending->sieve_count; i++) {
        sieve_close(pending->sieves[i]);
        free(pending->sieves[i]);
    }
    free(pending->sieves);
    pending->sieves = NULL;
    pending->sieve_count = 0;
}

void searches_changed(struct store *store)
{
    close_sieves(store);
    watch(store);
}

void searches_end(struct store *store)
{
    if (!store->searches.any)
        return;
    sqlite3_update_hook(database_handle(store->db), NULL, NULL);
    close_sieves(store);
    free(store->searches.touched);
    memset(&store->searches, 0, sizeof store->searches);
}

/* ---- one message and one search ---- */

static HRESULT update_one(struct sieve *sieve, int64_t message)
{
    struct store *store = sieve->table.store;
    int64_t search = sieve->table.folder;
    struct sifted before;
    struct sifted now = {false, 0, false};
    HRESULT hr = found_read(store, search, message, &before);

    if (SUCCEEDED(hr))
        hr = sieve_one(sieve, message, &now);
    if (FAILED(hr) || (!before.found && !now.found))
        return hr;
    if (!before.found || !now.found || now.received != before.received || now.unread != before.unread)
        hr = found_change(store, search, message, &before, &now);
    if (SUCCEEDED(hr) && now.found != before.found)
        return event_found(store, search, message);
    return SUCCEEDED(hr) && now.unread != before.unread ? event_counts(store, search) : hr;
}

/* ---- all of them ---- */

/* Where the sieve of a search is, or belongs. */
static size_t sieve_place(const struct searches_pending *pending, int64_t search)
{
    size_t low = 0;
    size_t high = pending->sieve_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pending->sieves[middle]->table.folder < search)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static HRESULT find_sieve(struct store *store, int64_t search, struct sieve **out)
{
    struct searches_pending *pending = &store->searches;
    struct sieve **sieves;
    size_t at = sieve_place(pending, search);

    if (at < pending->sieve_count && pending->sieves[at]->table.folder == search) {
        *out = pending->sieves[at];
        return S_OK;
    }
    sieves = realloc(pending->sieves, (pending->sieve_count + 1) * sizeof(struct sieve *));
    if (sieves == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    pending->sieves = sieves;
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memmove(sieves + at + 1, sieves + at, (pending->sieve_count++ - at) * sizeof(struct sieve *));
    sieves[at] = *out;
    return sieve_open(*out, store, search);
}

/* The searches that look through the message's folder, and those that have found it. */
static HRESULT update_message(struct store *store, struct row_list *searches, int64_t message)
{
    static const char sql[] = "SELECT search FROM search_scope WHERE folder ="
                              " (SELECT folder FROM message WHERE id = ?1 AND associated = 0)"
                              " UNION SELECT search FROM found WHERE message = ?1";
    HRESULT hr;
    size_t i;

    searches->count = 0;
    hr = row_list_query(searches, store, sql, message);
    for (i = 0; i < searches->count && SUCCEEDED(hr); i++) {
        struct sieve *sieve;

        hr = find_sieve(store, searches->rows[i], &sieve);
        if (SUCCEEDED(hr))
            hr = update_one(sieve, message);
    }
    return hr;
}

static int by_row(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

HRESULT searches_update(struct store *store)
{
    struct searches_pending *pending = &store->searches;
    struct row_list searches = {NULL, 0, 0};
    HRESULT hr = pending->lost ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
    size_t i;

    if (pending->count > 1)
        qsort(pending->touched, pending->count, sizeof *pending->touched, by_row);
    for (i = 0; i < pending->count && SUCCEEDED(hr); i++)
        if (i == 0 || pending->touched[i] != pending->touched[i - 1])
            hr = update_message(store, &searches, pending->touched[i]);
    pending->count = 0;
    row_list_free(&searches);
    return hr;
}
