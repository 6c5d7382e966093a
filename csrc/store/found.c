#include "store/found.h"

#include <string.h>

#include "store/logon.h"
#include "store/tree.h"

static const char failed[] = "The search folders could not be brought up to date";

/* Runs a statement whose parameters are numbers. */
static HRESULT run(struct store *store, const char *sql, size_t count, const int64_t *numbers)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    size_t i;

    if (FAILED(hr))
        return hr;
    for (i = 0; i < count; i++)
        sqlite3_bind_int64(statement, (int)i + 1, numbers[i]);
    return database_run(store->db, statement, failed);
}

HRESULT found_read(struct store *store, int64_t search, int64_t message, struct sifted *out)
{
    static const char sql[] = "SELECT received, unread FROM found WHERE search = ?1 AND message = ?2";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    memset(out, 0, sizeof *out);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, search);
    sqlite3_bind_int64(statement, 2, message);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, failed);
    if (rc == SQLITE_ROW) {
        out->found = true;
        out->received = sqlite3_column_int64(statement, 0);
        out->unread = sqlite3_column_int(statement, 1) != 0;
    }
    database_done(statement);
    return hr;
}

static HRESULT change_date(struct store *store, int64_t search, int64_t message, const struct sifted *before,
                           const struct sifted *now)
{
    static const char remove[] = "DELETE FROM found_date WHERE search = ?1 AND received = ?2 AND message = ?3";
    static const char add[] = "INSERT INTO found_date (search, received, message) VALUES (?1, ?2, ?3)";
    const int64_t old_row[] = {search, before->received, message};
    const int64_t new_row[] = {search, now->received, message};
    HRESULT hr = S_OK;

    if (before->found && now->found && before->received == now->received)
        return S_OK;
    if (before->found)
        hr = run(store, remove, 3, old_row);
    return SUCCEEDED(hr) && now->found ? run(store, add, 3, new_row) : hr;
}

static HRESULT change_counts(struct store *store, int64_t search, const struct sifted *before, const struct sifted *now)
{
    static const char sql[] = "UPDATE folder SET content_count = content_count + ?2, unread_count = unread_count + ?3"
                              " WHERE id = ?1";
    const int64_t numbers[] = {search, now->found - before->found,
                               (now->found && now->unread) - (before->found && before->unread)};

    return numbers[1] == 0 && numbers[2] == 0 ? S_OK : run(store, sql, 3, numbers);
}

HRESULT found_change(struct store *store, int64_t search, int64_t message, const struct sifted *before,
                     const struct sifted *now)
{
    static const char remove[] = "DELETE FROM found WHERE search = ?1 AND message = ?2";
    static const char update[] = "UPDATE found SET received = ?3, unread = ?4 WHERE search = ?1 AND message = ?2";
    const int64_t row[] = {search, message, now->received, now->unread};
    HRESULT hr = S_OK;

    if (!now->found)
        hr = run(store, remove, 2, row);
    else if (before->found)
        hr = run(store, update, 4, row);
    else
        hr = found_add(store, search, message, now);
    if (SUCCEEDED(hr))
        hr = change_date(store, search, message, before, now);
    return SUCCEEDED(hr) ? change_counts(store, search, before, now) : hr;
}

HRESULT found_clear(struct store *store, int64_t search)
{
    HRESULT hr = tree_run(store, "DELETE FROM found_date WHERE search = ?1", search, failed);

    return SUCCEEDED(hr) ? tree_run(store, "DELETE FROM found WHERE search = ?1", search, failed) : hr;
}

HRESULT found_add(struct store *store, int64_t search, int64_t message, const struct sifted *sifted)
{
    static const char sql[] = "INSERT INTO found (search, message, received, unread) VALUES (?1, ?2, ?3, ?4)";
    const int64_t row[] = {search, message, sifted->received, sifted->unread};

    return run(store, sql, 4, row);
}

HRESULT found_settle(struct store *store, int64_t search)
{
    static const char dates[] =
        "INSERT INTO found_date (search, received, message)"
        " SELECT search, received, message FROM found WHERE search = ?1 ORDER BY received, message";
    static const char counts[] =
        "UPDATE folder SET (content_count, unread_count) ="
        " (SELECT count(*), coalesce(sum(unread), 0) FROM found WHERE search = ?1) WHERE id = ?1";
    HRESULT hr = tree_run(store, dates, search, failed);

    return SUCCEEDED(hr) ? tree_run(store, counts, search, failed) : hr;
}
