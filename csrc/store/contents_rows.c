/* Walking through a contents table, counting and seeking in it (declared in contents.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/contents.h"

static const char read_failed[] = "The messages of the folder could not be read";

/* Batches grow from the first to the second as long as nothing changes in between. */
enum { FIRST_BATCH = 32, LARGEST_BATCH = 1024, TRUSTED_MS = 5 };

/* Statements that depend on a restriction are prepared for one call. */
HRESULT contents_prepare(struct contents *table, struct byte_buffer *sql, sqlite3_stmt **out)
{
    sqlite3 *handle = database_handle(table->store->db);
    int rc = sqlite3_prepare_v2(handle, (const char *)sql->bytes, (int)sql->size, out, NULL);

    return rc == SQLITE_OK ? S_OK : database_error(table->store->db, rc, read_failed);
}

static HRESULT append(struct byte_buffer *sql, const char *text)
{
    return byte_buffer_append(sql, text, strlen(text));
}

/* By date, what lies on one side of a place is read in two parts, each a range of the index: the rows of the same date,
 * then those of other dates. (A comparison of pairs would step over all rows of the same date at every continuation.)
 */
enum part { PART_WHOLE, PART_SAME_KEY, PART_OTHER_KEYS };

/* Which index serves is ours to say, not SQLite's to guess: rows come in the order in which they lie in the file unless
 * the table is sorted by date, and what the restriction says of ids and dates must not lead to another. */
HRESULT contents_append_source(const struct contents *table, bool by_date, struct byte_buffer *sql)
{
    static const char *const sources[][2] = {
        [OF_FOLDER] = {" FROM message INDEXED BY message_contents WHERE folder = ?1 AND associated = ?2",
                       " FROM message INDEXED BY message_date WHERE folder = ?1 AND associated = ?2"},
        [OF_SEARCH] = {" FROM found CROSS JOIN message ON message.id = found.message WHERE search = ?1",
                       " FROM found_date CROSS JOIN message ON message.id = found_date.message WHERE search = ?1"},
        [OF_SCOPE] = {" FROM search_scope CROSS JOIN message INDEXED BY message_contents"
                      " ON message.folder = search_scope.folder AND associated = 0 WHERE search = ?1",
                      NULL}};

    return append(sql, sources[table->source][by_date]);
}

static HRESULT append_one(const struct contents *table, struct byte_buffer *sql)
{
    static const char *const sources[] = {
        [OF_FOLDER] = " FROM message WHERE id = ?3 AND folder = ?1 AND associated = ?2",
        [OF_SEARCH] = " FROM message WHERE id = ?3"
                      " AND EXISTS (SELECT 1 FROM found WHERE search = ?1 AND found.message = ?3)",
        [OF_SCOPE] = " FROM message WHERE id = ?3 AND associated = 0"
                     " AND EXISTS (SELECT 1 FROM search_scope WHERE search_scope.folder = message.folder"
                     " AND search = ?1)"};

    return append(sql, sources[table->source]);
}

/* What the rows are continued by, where the index has it. */
static const char *id_of(const struct contents *table)
{
    if (table->source != OF_SEARCH)
        return "id";
    return table->order == ORDER_BY_DATE ? "found_date.message" : "found.message";
}

static const char *date_of(const struct contents *table)
{
    return table->source == OF_SEARCH ? "received" : "delivery_time";
}

/* The rows of the folder, and of it those on one side of a place. ?1 folder, ?2 associated, ?3 key, ?4 id. Rows that are
 * newer than the table wants are left out by whoever steps. */
static HRESULT append_range(const struct contents *table, const struct cursor *from, bool backward, enum part part,
                            struct byte_buffer *sql)
{
    const char *relation = backward != table->descending ? "<" : ">";
    HRESULT hr = contents_append_source(table, table->order == ORDER_BY_DATE, sql);

    if (FAILED(hr) || (from->kind != PLACE_AT && from->kind != PLACE_AFTER))
        return hr;
    if (part != PART_WHOLE)
        hr = append(sql, " AND ");
    if (SUCCEEDED(hr) && part != PART_WHOLE)
        hr = append(sql, date_of(table));
    if (SUCCEEDED(hr) && part == PART_OTHER_KEYS) {
        hr = append(sql, relation);
        return SUCCEEDED(hr) ? append(sql, " ?3") : hr;
    }
    if (SUCCEEDED(hr) && part == PART_SAME_KEY)
        hr = append(sql, "= ?3");
    if (SUCCEEDED(hr))
        hr = append(sql, " AND ");
    if (SUCCEEDED(hr))
        hr = append(sql, id_of(table));
    if (SUCCEEDED(hr))
        hr = append(sql, relation);
    /* The row at PLACE_AT is in front; the one of PLACE_AFTER is behind. */
    if (SUCCEEDED(hr) && (from->kind == PLACE_AT) != backward)
        hr = append(sql, "=");
    return SUCCEEDED(hr) ? append(sql, " ?4") : hr;
}

static HRESULT append_order(const struct contents *table, bool backward, struct byte_buffer *sql)
{
    const char *direction = backward != table->descending ? " DESC" : "";
    HRESULT hr = append(sql, " ORDER BY ");

    if (SUCCEEDED(hr) && table->order == ORDER_BY_DATE)
        hr = append(sql, date_of(table));
    if (SUCCEEDED(hr) && table->order == ORDER_BY_DATE)
        hr = append(sql, direction);
    if (SUCCEEDED(hr) && table->order == ORDER_BY_DATE)
        hr = append(sql, ", ");
    if (SUCCEEDED(hr))
        hr = append(sql, id_of(table));
    return SUCCEEDED(hr) ? append(sql, direction) : hr;
}

static void bind_range(const struct contents *table, sqlite3_stmt *statement, const struct cursor *from)
{
    sqlite3_bind_int64(statement, 1, table->folder);
    sqlite3_bind_int(statement, 2, table->associated);
    sqlite3_bind_int64(statement, 3, from->key);
    sqlite3_bind_int64(statement, 4, from->id);
}

static bool is_skipped(const struct contents *table, int64_t id)
{
    size_t i;

    for (i = 0; i < table->skipped_count; i++)
        if (table->skipped[i] == id)
            return true;
    return false;
}

/* Whether the row under the statement is one of the table's and accepted. */
static HRESULT accept(struct contents *table, sqlite3_stmt *statement, struct row_view *view, const SRestriction *also,
                      bool *yes)
{
    HRESULT hr;

    *yes = false;
    if (is_skipped(table, sqlite3_column_int64(statement, 0)))
        return S_OK;
    hr = row_view_matches(view, statement, table->filter.exact ? NULL : table->restriction, yes);
    if (SUCCEEDED(hr) && *yes)
        hr = row_view_matches(view, statement, also, yes);
    return hr;
}

/* A walk over ranges: what is asked for, and how far it has come. */
struct walk {
    const struct cursor *from;
    bool backward;
    const struct selection *selection;
    struct filter filter;       /* of what is asked for besides the table's own restriction */
    const SRestriction *sought; /* the same */
    const SRestriction *also;   /* the same, as far as the filter leaves anything to be looked at */
    int64_t limit;
    visit function;
    void *context;
    int64_t visited;
    bool stop;
};

static bool is_over(const struct walk *walk)
{
    return walk->stop || (walk->limit != 0 && walk->visited >= walk->limit);
}

static HRESULT visit_row(struct contents *table, struct walk *walk, struct row_view *view, sqlite3_stmt *statement,
                         bool looked_at)
{
    struct cursor row = {PLACE_AT, 0, sqlite3_column_int64(statement, 0)};
    bool yes = true;
    HRESULT hr = S_OK;

    if (row.id > table->newest)
        return S_OK;
    if (table->order == ORDER_BY_DATE)
        row.key = sqlite3_column_int64(statement, 1);
    if (looked_at)
        hr = accept(table, statement, view, walk->also, &yes);
    if (FAILED(hr) || !yes)
        return hr;
    walk->visited++;
    return walk->function(table, statement, &row, walk->context, &walk->stop);
}

/* From the range on: what both filters say, and the order. */
static HRESULT append_filters(struct contents *table, const struct walk *walk, struct byte_buffer *sql)
{
    HRESULT hr = filter_append(&table->filter, sql);

    return SUCCEEDED(hr) ? filter_append(&walk->filter, sql) : hr;
}

static void bind_filters(struct contents *table, const struct walk *walk, sqlite3_stmt *statement)
{
    filter_bind(&table->filter, statement);
    filter_bind(&walk->filter, statement);
}

/* The statements of tables without a restriction are few, and come again and again. */
static bool has_filter(const struct contents *table, const struct walk *walk)
{
    return table->filter.sql.size > 0 || walk->filter.sql.size > 0;
}

static HRESULT walk_part(struct contents *table, struct walk *walk, enum part part)
{
    bool looked_at = !table->filter.exact || walk->also != NULL || table->skipped_count > 0;
    struct row_view view;
    struct byte_buffer sql;
    sqlite3_stmt *statement = NULL;
    bool kept = false;
    HRESULT hr;
    int rc = SQLITE_ROW;

    byte_buffer_init(&sql);
    hr = selection_sql(walk->selection, &sql);
    if (SUCCEEDED(hr))
        hr = append_range(table, walk->from, walk->backward, part, &sql);
    if (SUCCEEDED(hr))
        hr = append_filters(table, walk, &sql);
    if (SUCCEEDED(hr))
        hr = append_order(table, walk->backward, &sql);
    if (SUCCEEDED(hr) && !has_filter(table, walk))
        hr = database_prepare_text(table->store->db, sql.bytes, sql.size, &statement);
    kept = statement != NULL;
    if (SUCCEEDED(hr) && !kept)
        hr = contents_prepare(table, &sql, &statement);
    byte_buffer_free(&sql);
    if (FAILED(hr))
        return hr;
    bind_range(table, statement, walk->from);
    bind_filters(table, walk, statement);
    row_view_begin(&view, table, walk->selection);
    while (SUCCEEDED(hr) && !is_over(walk) && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        hr = visit_row(table, walk, &view, statement, looked_at);
    if (SUCCEEDED(hr))
        hr = database_error(table->store->db, rc, read_failed);
    row_view_end(&view);
    if (kept)
        database_done(statement);
    else
        sqlite3_finalize(statement);
    return hr;
}

static HRESULT walk_range(struct contents *table, struct walk *walk)
{
    bool inside = walk->from->kind == PLACE_AT || walk->from->kind == PLACE_AFTER;
    HRESULT hr;

    walk->stop = walk->from->kind == (walk->backward ? PLACE_START : PLACE_END);
    if (walk->stop)
        return S_OK;
    if (table->order != ORDER_BY_DATE || !inside)
        return walk_part(table, walk, PART_WHOLE);
    hr = walk_part(table, walk, PART_SAME_KEY);
    return FAILED(hr) || is_over(walk) ? hr : walk_part(table, walk, PART_OTHER_KEYS);
}

static HRESULT count_part(struct contents *table, const struct cursor *from, bool backward, enum part part,
                          int64_t *count)
{
    struct byte_buffer sql;
    sqlite3_stmt *statement = NULL;
    HRESULT hr;
    int rc;

    byte_buffer_init(&sql);
    hr = append(&sql, "SELECT count(*)");
    if (SUCCEEDED(hr))
        hr = append_range(table, from, backward, part, &sql);
    if (SUCCEEDED(hr) && table->newest != NEWEST_ANY)
        hr = append(&sql, " AND +id <= ?5");
    if (SUCCEEDED(hr))
        hr = filter_append(&table->filter, &sql);
    if (SUCCEEDED(hr))
        hr = contents_prepare(table, &sql, &statement);
    byte_buffer_free(&sql);
    if (FAILED(hr))
        return hr;
    bind_range(table, statement, from);
    sqlite3_bind_int64(statement, 5, table->newest);
    filter_bind(&table->filter, statement);
    rc = sqlite3_step(statement);
    hr = database_error(table->store->db, rc, read_failed);
    *count += sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return hr;
}

bool contents_can_count(const struct contents *table)
{
    return table->order != ORDER_BY_LIST && table->filter.exact && table->skipped_count == 0;
}

HRESULT contents_count_range(struct contents *table, const struct cursor *from, bool backward, int64_t *count)
{
    bool inside = from->kind == PLACE_AT || from->kind == PLACE_AFTER;
    HRESULT hr;

    *count = 0;
    if (from->kind == (backward ? PLACE_START : PLACE_END))
        return S_OK;
    if (table->order != ORDER_BY_DATE || !inside)
        return count_part(table, from, backward, PART_WHOLE, count);
    hr = count_part(table, from, backward, PART_SAME_KEY, count);
    return SUCCEEDED(hr) ? count_part(table, from, backward, PART_OTHER_KEYS, count) : hr;
}

HRESULT contents_prepare_one(struct contents *table, const struct selection *selection, const struct filter *also,
                             sqlite3_stmt **out)
{
    struct byte_buffer sql;
    HRESULT hr;

    byte_buffer_init(&sql);
    hr = selection_sql(selection, &sql);
    if (SUCCEEDED(hr))
        hr = append_one(table, &sql);
    if (SUCCEEDED(hr) && also != NULL)
        hr = filter_append(also, &sql);
    if (SUCCEEDED(hr))
        hr = contents_prepare(table, &sql, out);
    byte_buffer_free(&sql);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(*out, 1, table->folder);
    sqlite3_bind_int(*out, 2, table->associated);
    if (also != NULL)
        filter_bind(also, *out);
    return S_OK;
}

/* By list: row after row by id, those that are gone left out. The restriction was applied when the list was made. */
static HRESULT walk_list(struct contents *table, struct walk *walk)
{
    struct row_view view;
    sqlite3_stmt *statement = NULL;
    int64_t index = walk->backward ? walk->from->id - 1 : walk->from->id;
    HRESULT hr = contents_prepare_one(table, walk->selection, &walk->filter, &statement);

    if (FAILED(hr))
        return hr;
    row_view_begin(&view, table, walk->selection);
    for (; SUCCEEDED(hr) && !is_over(walk) && index >= 0 && (size_t)index < table->list_count;
         index += walk->backward ? -1 : 1) {
        struct cursor row = {PLACE_AT, 0, index};
        bool yes = false;
        int rc;

        if (walk->filter.row != 0 && walk->filter.row != table->list[index])
            continue;
        if (table->list[index] < 0) {
            hr = contents_heading_matches(table, table->list[index], walk->sought, &yes);
        } else {
            sqlite3_reset(statement);
            sqlite3_bind_int64(statement, 3, table->list[index]);
            rc = sqlite3_step(statement);
            hr = database_error(table->store->db, rc, read_failed);
            if (rc == SQLITE_ROW)
                hr = row_view_matches(&view, statement, walk->also, &yes);
        }
        if (FAILED(hr) || !yes)
            continue;
        walk->visited++;
        hr = walk->function(table, statement, &row, walk->context, &walk->stop);
    }
    row_view_end(&view);
    sqlite3_finalize(statement);
    return hr;
}

/* Parameters 1 to 5 are the range's; then come those of the table's filter, then those of the walk's. */
enum { FIRST_FILTER = 6 };

HRESULT contents_filter(struct store *store, const SRestriction *restriction, struct filter *out)
{
    return filter_make(store, restriction, FIRST_FILTER, out);
}

HRESULT contents_walk(struct contents *table, const struct cursor *from, bool backward,
                      const struct selection *selection, const SRestriction *also, int64_t limit, visit function,
                      void *context)
{
    struct walk walk;
    HRESULT hr;

    memset(&walk, 0, sizeof walk);
    walk.from = from;
    walk.backward = backward;
    walk.selection = selection;
    walk.limit = limit;
    walk.function = function;
    walk.context = context;
    walk.sought = also;
    hr = filter_make(table->store, also, FIRST_FILTER + (int)table->filter.test_count, &walk.filter);
    if (SUCCEEDED(hr) && table->order == ORDER_BY_LIST)
        hr = contents_build_list(table);
    if (FAILED(hr)) {
        filter_clear(&walk.filter);
        return hr;
    }
    walk.also = walk.filter.exact ? NULL : also;
    hr = table->order == ORDER_BY_LIST ? walk_list(table, &walk) : walk_range(table, &walk);
    filter_clear(&walk.filter);
    return hr;
}

void contents_drop_ahead(struct contents *table)
{
    while (table->ahead_count > 0) {
        MAPIFreeBuffer(table->ahead[table->ahead_first].values);
        table->ahead_first++;
        table->ahead_count--;
    }
    table->ahead_first = 0;
    table->ahead_last = false;
    table->batch = FIRST_BATCH;
}

bool contents_is_past(const struct contents *table, uint64_t version)
{
    uint64_t now;

    return FAILED(store_version(table->store, &now)) || now != version;
}

static uint64_t milliseconds(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Whether the rows read ahead are what the store says. What other processes do is looked for now and then only: somebody
 * who reads a million rows in a breath need not ask a million times, and who takes his time with each row has it looked
 * at before each. */
static bool is_ahead_good(struct contents *table)
{
    uint64_t now;

    if (table->ahead_seen != changes_count(table->store->changes))
        return false;
    now = milliseconds();
    if (now - table->ahead_looked < TRUSTED_MS)
        return true;
    table->ahead_looked = now;
    return !contents_is_past(table, table->ahead_version);
}

void contents_restart(struct contents *table)
{
    contents_drop_ahead(table);
    table->cursor.kind = table->order == ORDER_BY_LIST ? PLACE_AT : PLACE_START;
    table->cursor.key = 0;
    table->cursor.id = 0;
    table->position = 0;
    table->batch = FIRST_BATCH;
    table->skipped_count = 0;
    table->rekeyed_seen = changes_rekeyed_count(table->store->changes);
    if (table->list_built && contents_is_past(table, table->list_seen))
        table->list_built = false;
}

/* By date, whether a key lies before the place. */
static bool is_behind(const struct contents *table, int64_t key, int64_t id)
{
    const struct cursor *at = &table->cursor;
    int order = key != at->key ? (key < at->key ? -1 : 1) : id != at->id ? (id < at->id ? -1 : 1) : 0;

    if (table->descending)
        order = -order;
    return at->kind == PLACE_END || (at->kind == PLACE_AFTER && order <= 0) || (at->kind == PLACE_AT && order < 0);
}

static HRESULT skip_row(struct contents *table, int64_t id)
{
    int64_t *skipped = realloc(table->skipped, (table->skipped_count + 1) * sizeof *skipped);

    if (skipped == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    skipped[table->skipped_count++] = id;
    table->skipped = skipped;
    return S_OK;
}

/* Rows that were delivered under their old date and would come again under the new one. */
static HRESULT look_at_rekeyed(struct contents *table)
{
    uint64_t count = changes_rekeyed_count(table->store->changes);
    HRESULT hr = S_OK;

    for (; table->order == ORDER_BY_DATE && SUCCEEDED(hr) && table->rekeyed_seen < count; table->rekeyed_seen++) {
        struct rekeyed event;

        if (changes_rekeyed_at(table->store->changes, table->rekeyed_seen, &event) &&
            is_behind(table, event.old_key, event.row) && !is_behind(table, event.new_key, event.row))
            hr = skip_row(table, event.row);
    }
    return hr;
}

static HRESULT reserve_ahead(struct contents *table, size_t more)
{
    size_t capacity = table->ahead_capacity == 0 ? FIRST_BATCH : table->ahead_capacity;
    struct ahead *ahead;

    if (table->ahead_count == 0)
        table->ahead_first = 0;
    while (capacity < table->ahead_first + table->ahead_count + more)
        capacity *= 2;
    if (capacity == table->ahead_capacity)
        return S_OK;
    ahead = realloc(table->ahead, capacity * sizeof *ahead);
    if (ahead == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    table->ahead = ahead;
    table->ahead_capacity = capacity;
    return S_OK;
}

static HRESULT keep_row(struct contents *table, sqlite3_stmt *statement, const struct cursor *row, void *context,
                        bool *stop)
{
    struct ahead *ahead;
    int64_t id;
    HRESULT hr = reserve_ahead(table, 1);

    (void)context, (void)stop;
    if (FAILED(hr))
        return hr;
    ahead = &table->ahead[table->ahead_first + table->ahead_count];
    id = table->order == ORDER_BY_LIST ? table->list[row->id] : row->id;
    hr = id < 0 ? contents_read_heading(table, id, &ahead->values)
                : contents_read_row(table, statement, id, &ahead->values);
    if (FAILED(hr))
        return hr;
    ahead->key = row->key;
    ahead->id = row->id;
    table->ahead_count++;
    return S_OK;
}

HRESULT contents_fill(struct contents *table, size_t wanted)
{
    /* At the beginning nothing has been read that could be out of date. */
    bool good = (table->ahead_count == 0 && table->position == 0) || is_ahead_good(table);
    uint64_t now;
    HRESULT hr;

    if (table->ahead_count > 0 && good)
        return S_OK;
    if (table->ahead_count > 0 || !good) {
        contents_drop_ahead(table);
        table->batch = FIRST_BATCH;
        if (table->position > 0)
            table->position = -1; /* rows before the place may have gone */
    }
    if (table->ahead_last) {
        /* That was the last row a moment ago. Whoever asks once more may want to know whether it still is. */
        table->ahead_last = false;
        return S_OK;
    }
    now = changes_count(table->store->changes);
    hr = store_version(table->store, &table->ahead_version);
    if (SUCCEEDED(hr))
        hr = look_at_rekeyed(table);
    if (FAILED(hr))
        return hr;
    table->ahead_looked = milliseconds();
    if (table->expected > wanted)
        wanted = table->expected;
    else if (wanted < table->batch)
        wanted = table->batch;
    if (wanted > LARGEST_BATCH)
        wanted = LARGEST_BATCH;
    hr = contents_walk(table, &table->cursor, false, &table->selection, NULL, (int64_t)wanted, keep_row, NULL);
    if (FAILED(hr)) {
        contents_drop_ahead(table);
        return hr;
    }
    table->ahead_seen = now;
    table->expected -= table->ahead_count < table->expected ? table->ahead_count : table->expected;
    table->ahead_last = table->ahead_count > 0 && table->ahead_count < wanted;
    if (table->batch < LARGEST_BATCH)
        table->batch *= 2;
    return S_OK;
}

bool contents_take(struct contents *table, struct ahead *row)
{
    if (table->ahead_count == 0)
        return false;
    *row = table->ahead[table->ahead_first++];
    table->ahead_count--;
    if (table->order == ORDER_BY_LIST) {
        table->cursor.id = row->id + 1;
    } else {
        table->cursor.kind = PLACE_AFTER;
        table->cursor.key = row->key;
        table->cursor.id = row->id;
    }
    if (table->position >= 0)
        table->position++;
    return true;
}
