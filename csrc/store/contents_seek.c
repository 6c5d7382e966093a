/* Where a contents table is and how to get elsewhere (declared in contents.h). Without a restriction the folder's own
 * count and the indexes answer; with one the rows before have to be looked at. By list a position is an index. */
#include <string.h>

#include <mapicode.h>

#include "store/contents.h"

static const char read_failed[] = "The messages of the folder could not be counted";

static HRESULT count_row(struct contents *table, sqlite3_stmt *statement, const struct cursor *row, void *context,
                         bool *stop)
{
    int64_t *count = context;

    (void)table, (void)statement, (void)row, (void)stop;
    ++*count;
    return S_OK;
}

/* The rows after a place, or before it: counted by SQL, else by looking. */
static HRESULT count_rows(struct contents *table, const struct cursor *from, bool backward, int64_t *count)
{
    struct selection selection;

    if (contents_can_count(table))
        return contents_count_range(table, from, backward, count);
    memset(&selection, 0, sizeof selection);
    selection_add_own(&selection, table);
    *count = 0;
    return contents_walk(table, from, backward, &selection, NULL, 0, count_row, count);
}

static HRESULT query_number(struct contents *table, const char *sql, const struct cursor *cursor, int64_t *number)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(table->store->db, sql, &statement);
    int rc;

    *number = 0;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, table->folder);
    sqlite3_bind_int(statement, 2, table->associated);
    if (cursor != NULL) {
        sqlite3_bind_int64(statement, 3, cursor->key);
        sqlite3_bind_int64(statement, 4, cursor->id);
    }
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    hr = database_error(table->store->db, rc, read_failed);
    database_done(statement);
    return hr;
}

HRESULT contents_count(struct contents *table, int64_t *count)
{
    static const char sql[] =
        "SELECT CASE ?2 WHEN 0 THEN content_count ELSE associated_count END FROM folder WHERE id = ?1";
    static const struct cursor start = {PLACE_START, 0, 0};
    HRESULT hr;

    if (table->order == ORDER_BY_LIST) {
        hr = contents_build_list(table);
        *count = (int64_t)table->list_count;
        return hr;
    }
    if (table->restriction != NULL)
        return count_rows(table, &start, false, count);
    return query_number(table, sql, NULL, count);
}

/* The rows of a folder and of a search by their ids, and in the order of their dates. */
#define ROWS_OF_FOLDER  " FROM message WHERE folder = ?1 AND associated = ?2"
#define ROWS_OF_SEARCH  " FROM found WHERE search = ?1"
#define DATES_OF_SEARCH " FROM found_date WHERE search = ?1"

#define COUNT_BY_ID(rows, id, relation) "SELECT count(*)" rows " AND " id " " relation " ?4"

/* By date: the rows of dates before, and of those of the same date the ones before; each is a range of the index. */
#define COUNT_BY_DATE(rows, date, id, earlier, before)                                                                 \
    "SELECT (SELECT count(*)" rows " AND " date " " earlier " ?3)"                                                     \
    " + (SELECT count(*)" rows " AND " date " = ?3 AND " id " " before " ?4)"

/* Before a row and up to it: by id, by date, by date downwards. */
#define COUNTS(rows, dates, date, id)                                                                                  \
    {                                                                                                                  \
        {COUNT_BY_ID(rows, id, "<"), COUNT_BY_ID(rows, id, "<=")},                                                     \
            {COUNT_BY_DATE(dates, date, id, "<", "<"), COUNT_BY_DATE(dates, date, id, "<", "<=")},                     \
            {COUNT_BY_DATE(dates, date, id, ">", ">"), COUNT_BY_DATE(dates, date, id, ">", ">=")},                     \
    }

HRESULT contents_rank(struct contents *table, const struct cursor *cursor, int64_t *rank)
{
    static const char *const sql[][3][2] = {[OF_FOLDER] = COUNTS(ROWS_OF_FOLDER, ROWS_OF_FOLDER, "delivery_time", "id"),
                                            [OF_SEARCH] =
                                                COUNTS(ROWS_OF_SEARCH, DATES_OF_SEARCH, "received", "message")};
    int which = table->order == ORDER_BY_ID ? 0 : table->descending ? 2 : 1;

    if (table->order == ORDER_BY_LIST) {
        *rank = cursor->id;
        return S_OK;
    }
    if (cursor->kind == PLACE_START) {
        *rank = 0;
        return S_OK;
    }
    if (cursor->kind == PLACE_END)
        return contents_count(table, rank);
    if (table->restriction != NULL)
        return count_rows(table, cursor, true, rank);
    return query_number(table, sql[table->source][which][cursor->kind == PLACE_AFTER], cursor, rank);
}

HRESULT contents_position(struct contents *table, int64_t *position)
{
    HRESULT hr = S_OK;

    if (table->order == ORDER_BY_LIST) {
        *position = table->cursor.id;
        return S_OK;
    }
    if (table->position < 0)
        hr = contents_rank(table, &table->cursor, &table->position);
    *position = table->position;
    return hr;
}

#define NTHS(rows, dates, date, id)                                                                                    \
    {                                                                                                                  \
        "SELECT " id ", 0" rows " ORDER BY " id " LIMIT 1 OFFSET ?3",                                                  \
            "SELECT " id ", 0" rows " ORDER BY " id " DESC LIMIT 1 OFFSET ?3",                                         \
            "SELECT " id ", " date dates " ORDER BY " date ", " id " LIMIT 1 OFFSET ?3",                               \
            "SELECT " id ", " date dates " ORDER BY " date " DESC, " id " DESC LIMIT 1 OFFSET ?3"                      \
    }

/* A row's key and id without a restriction: the nth from either end, found in the index alone. */
static HRESULT find_nth(struct contents *table, int64_t position, int64_t count, struct cursor *found)
{
    static const char *const sql[][4] = {[OF_FOLDER] = NTHS(ROWS_OF_FOLDER, ROWS_OF_FOLDER, "delivery_time", "id"),
                                         [OF_SEARCH] = NTHS(ROWS_OF_SEARCH, DATES_OF_SEARCH, "received", "message")};
    bool from_end = position > count / 2;
    int which = (table->order == ORDER_BY_DATE ? 2 : 0) + (from_end != table->descending ? 1 : 0);
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(table->store->db, sql[table->source][which], &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, table->folder);
    sqlite3_bind_int(statement, 2, table->associated);
    sqlite3_bind_int64(statement, 3, from_end ? count - 1 - position : position);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        found->kind = PLACE_AT;
        found->id = sqlite3_column_int64(statement, 0);
        found->key = sqlite3_column_int64(statement, 1);
    } else {
        found->kind = PLACE_END; /* somebody has deleted rows since they were counted */
    }
    hr = database_error(table->store->db, rc, read_failed);
    database_done(statement);
    return hr;
}

struct nth {
    int64_t remaining;
    struct cursor found;
};

static HRESULT is_nth(struct contents *table, sqlite3_stmt *statement, const struct cursor *row, void *context,
                      bool *stop)
{
    struct nth *nth = context;

    (void)table, (void)statement;
    if (nth->remaining-- == 0) {
        nth->found = *row;
        *stop = true;
    }
    return S_OK;
}

/* The same with a restriction: by looking. */
static HRESULT walk_to_nth(struct contents *table, int64_t position, struct cursor *found)
{
    static const struct cursor start = {PLACE_START, 0, 0};
    struct nth nth = {position, {PLACE_END, 0, 0}};
    struct selection selection;
    HRESULT hr;

    memset(&selection, 0, sizeof selection);
    selection_add_own(&selection, table);
    hr = contents_walk(table, &start, false, &selection, NULL, 0, is_nth, &nth);
    *found = nth.found;
    return hr;
}

HRESULT contents_seek(struct contents *table, int64_t position)
{
    struct cursor found = {PLACE_END, 0, 0};
    int64_t count;
    HRESULT hr;

    if (position <= 0) {
        contents_restart(table);
        return S_OK;
    }
    hr = contents_count(table, &count);
    if (FAILED(hr))
        return hr;
    if (position > count)
        position = count;
    if (table->order == ORDER_BY_LIST) {
        found.kind = PLACE_AT;
        found.id = position;
    } else if (position < count) {
        hr = table->restriction == NULL ? find_nth(table, position, count, &found)
                                        : walk_to_nth(table, position, &found);
        if (FAILED(hr))
            return hr;
    }
    contents_drop_ahead(table);
    table->cursor = found;
    table->position = position;
    return S_OK;
}

HRESULT contents_has_row(struct contents *table, int64_t id, bool *has)
{
    static const char *const sql[] = {[OF_FOLDER] = "SELECT 1" ROWS_OF_FOLDER " AND id = ?4",
                                      [OF_SEARCH] = "SELECT 1" ROWS_OF_SEARCH " AND message = ?4"};
    struct cursor row = {PLACE_AT, 0, id};
    int64_t number;
    HRESULT hr = query_number(table, sql[table->source], &row, &number);

    *has = number != 0;
    return hr;
}
