/* Walking through a contents table, counting and seeking in it (declared in contents.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/contents.h"
#include "store/sql_functions.h"

static const char read_failed[] = "The messages of the folder could not be read";

/* Batches grow from the first to the second as long as nothing changes in between. */
enum { FIRST_BATCH = 32, LARGEST_BATCH = 1024 };

/* Statements that depend on the columns are prepared for one call: finalized, so that no read transaction stays open.
 */
static HRESULT prepare(struct contents *table, struct byte_buffer *sql, sqlite3_stmt **out)
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

/* The rows of the folder, and of it those on one side of a place. ?1 folder, ?2 associated, ?3 key, ?4 id, ?5 limit,
 * ?6 newest id. */
static HRESULT append_range(const struct contents *table, const struct cursor *from, bool backward, enum part part,
                            struct byte_buffer *sql)
{
    const char *relation = backward != table->descending ? "<" : ">";
    HRESULT hr = append(sql, " FROM message WHERE folder = ?1 AND associated = ?2");

    if (SUCCEEDED(hr) && table->newest != NEWEST_ANY)
        hr = append(sql, " AND id <= ?6");
    if (FAILED(hr) || (from->kind != PLACE_AT && from->kind != PLACE_AFTER))
        return hr;
    if (part != PART_WHOLE)
        hr = append(sql, " AND delivery_time ");
    if (SUCCEEDED(hr) && part == PART_OTHER_KEYS) {
        hr = append(sql, relation);
        return SUCCEEDED(hr) ? append(sql, " ?3") : hr;
    }
    if (SUCCEEDED(hr) && part == PART_SAME_KEY)
        hr = append(sql, "= ?3");
    if (SUCCEEDED(hr))
        hr = append(sql, " AND id ");
    if (SUCCEEDED(hr))
        hr = append(sql, relation);
    /* The row at PLACE_AT is in front; the one of PLACE_AFTER is behind. */
    if (SUCCEEDED(hr) && (from->kind == PLACE_AT) != backward)
        hr = append(sql, "=");
    return SUCCEEDED(hr) ? append(sql, " ?4") : hr;
}

static HRESULT append_order(const struct contents *table, bool backward, struct byte_buffer *sql)
{
    bool down = backward != table->descending;

    if (table->order == ORDER_BY_DATE)
        return append(sql,
                      down ? " ORDER BY delivery_time DESC, id DESC LIMIT ?5" : " ORDER BY delivery_time, id LIMIT ?5");
    return append(sql, down ? " ORDER BY id DESC LIMIT ?5" : " ORDER BY id LIMIT ?5");
}

static void bind_range(const struct contents *table, sqlite3_stmt *statement, const struct cursor *from, int64_t limit)
{
    sqlite3_bind_int64(statement, 1, table->folder);
    sqlite3_bind_int(statement, 2, table->associated);
    sqlite3_bind_int64(statement, 3, from->key);
    sqlite3_bind_int64(statement, 4, from->id);
    sqlite3_bind_int64(statement, 5, limit == 0 ? -1 : limit);
    if (table->newest != NEWEST_ANY)
        sqlite3_bind_int64(statement, 6, table->newest);
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
    hr = row_view_matches(view, statement, table->restriction, yes);
    if (SUCCEEDED(hr) && *yes)
        hr = row_view_matches(view, statement, also, yes);
    return hr;
}

/* A walk over ranges: what is asked for, and how far it has come. */
struct walk {
    const struct cursor *from;
    bool backward;
    const struct selection *selection;
    const SRestriction *also;
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
                         bool filtered)
{
    struct cursor row = {PLACE_AT, 0, sqlite3_column_int64(statement, 0)};
    bool yes = true;
    HRESULT hr = S_OK;

    if (table->order == ORDER_BY_DATE)
        row.key = sqlite3_column_int64(statement, 1);
    if (filtered)
        hr = accept(table, statement, view, walk->also, &yes);
    if (FAILED(hr) || !yes)
        return hr;
    walk->visited++;
    return walk->function(table, statement, &row, walk->context, &walk->stop);
}

static HRESULT walk_part(struct contents *table, struct walk *walk, enum part part)
{
    bool filtered = table->restriction != NULL || walk->also != NULL || table->skipped_count > 0;
    struct row_view view;
    struct byte_buffer sql;
    sqlite3_stmt *statement = NULL;
    HRESULT hr;
    int rc = SQLITE_ROW;

    byte_buffer_init(&sql);
    hr = selection_sql(walk->selection, &sql);
    if (SUCCEEDED(hr))
        hr = append_range(table, walk->from, walk->backward, part, &sql);
    if (SUCCEEDED(hr))
        hr = append_order(table, walk->backward, &sql);
    if (SUCCEEDED(hr))
        hr = prepare(table, &sql, &statement);
    byte_buffer_free(&sql);
    if (FAILED(hr))
        return hr;
    bind_range(table, statement, walk->from, filtered || walk->limit == 0 ? 0 : walk->limit - walk->visited);
    row_view_begin(&view, table, walk->selection);
    while (SUCCEEDED(hr) && !is_over(walk) && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        hr = visit_row(table, walk, &view, statement, filtered);
    if (SUCCEEDED(hr))
        hr = database_error(table->store->db, rc, read_failed);
    row_view_end(&view);
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

/* By list: row after row by id, those that are gone left out. The restriction was applied when the list was made. */
static HRESULT walk_list(struct contents *table, const struct cursor *from, bool backward,
                         const struct selection *selection, const SRestriction *also, int64_t limit, visit function,
                         void *context)
{
    struct row_view view;
    struct byte_buffer sql;
    sqlite3_stmt *statement = NULL;
    int64_t index = backward ? from->id - 1 : from->id;
    int64_t visited = 0;
    bool stop = false;
    HRESULT hr;

    byte_buffer_init(&sql);
    hr = selection_sql(selection, &sql);
    if (SUCCEEDED(hr))
        hr = append(&sql, " FROM message WHERE id = ?3 AND folder = ?1 AND associated = ?2");
    if (SUCCEEDED(hr))
        hr = prepare(table, &sql, &statement);
    byte_buffer_free(&sql);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, table->folder);
    sqlite3_bind_int(statement, 2, table->associated);
    row_view_begin(&view, table, selection);
    for (; SUCCEEDED(hr) && !stop && (limit == 0 || visited < limit) && index >= 0 && (size_t)index < table->list_count;
         index += backward ? -1 : 1) {
        struct cursor row = {PLACE_AT, 0, index};
        bool yes = false;
        int rc;

        sqlite3_reset(statement);
        sqlite3_bind_int64(statement, 3, table->list[index]);
        rc = sqlite3_step(statement);
        hr = database_error(table->store->db, rc, read_failed);
        if (rc == SQLITE_ROW)
            hr = row_view_matches(&view, statement, also, &yes);
        if (FAILED(hr) || !yes)
            continue;
        visited++;
        hr = function(table, statement, &row, context, &stop);
    }
    row_view_end(&view);
    sqlite3_finalize(statement);
    return hr;
}

HRESULT contents_walk(struct contents *table, const struct cursor *from, bool backward,
                      const struct selection *selection, const SRestriction *also, int64_t limit, visit function,
                      void *context)
{
    struct walk walk = {from, backward, selection, also, limit, function, context, 0, false};
    HRESULT hr;

    if (table->order != ORDER_BY_LIST)
        return walk_range(table, &walk);
    hr = contents_build_list(table);
    return FAILED(hr) ? hr : walk_list(table, from, backward, selection, also, limit, function, context);
}

/* What a sort key is in SQL; false when all rows have the same. */
static bool sort_expression(ULONG tag, char *out, size_t size)
{
    const struct column *column = column_find(tag);
    ULONG type = PROP_TYPE(tag) & ~(ULONG)MVI_FLAG;
    bool text = type == PT_UNICODE || type == PT_STRING8 || (column != NULL && column->kind == COLUMN_TEXT);
    const char *collation = text ? " COLLATE NOCASE" : "";

    switch (PROP_ID(tag)) {
    case PROP_ID(PR_ENTRYID):
    case PROP_ID(PR_RECORD_KEY):
    case PROP_ID(PR_INSTANCE_KEY):
        snprintf(out, size, "id");
        return true;
    case PROP_ID(PR_PARENT_ENTRYID):
    case PROP_ID(PR_STORE_ENTRYID):
    case PROP_ID(PR_STORE_RECORD_KEY):
    case PROP_ID(PR_MAPPING_SIGNATURE):
    case PROP_ID(PR_OBJECT_TYPE):
    case PROP_ID(PR_ACCESS):
    case PROP_ID(PR_ACCESS_LEVEL):
        return false;
    default:
        break;
    }
    if (column != NULL)
        snprintf(out, size, "%s%s", column->sql, collation);
    else
        snprintf(out, size, "mapi_prop(props, %lu)%s", (unsigned long)tag, collation);
    return true;
}

static HRESULT append_sort(const struct contents *table, struct byte_buffer *sql)
{
    HRESULT hr = append(sql, " FROM message WHERE folder = ?1 AND associated = ?2 ORDER BY ");
    ULONG i;

    for (i = 0; i < table->sort->cSorts && SUCCEEDED(hr); i++) {
        char expression[128];

        if (!sort_expression(table->sort->aSort[i].ulPropTag, expression, sizeof expression))
            continue;
        hr = append(sql, expression);
        if (SUCCEEDED(hr))
            hr = append(sql, table->sort->aSort[i].ulOrder == TABLE_SORT_DESCEND ? " DESC, " : ", ");
    }
    return SUCCEEDED(hr) ? append(sql, "id") : hr;
}

/* A list of ids that grows. */
struct ids {
    int64_t *items;
    size_t count;
    size_t capacity;
};

static HRESULT add_id(struct ids *ids, int64_t id)
{
    size_t capacity = ids->capacity == 0 ? 256 : ids->capacity * 2;
    int64_t *items;

    if (ids->count == ids->capacity) {
        items = realloc(ids->items, capacity * sizeof *items);
        if (items == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        ids->items = items;
        ids->capacity = capacity;
    }
    ids->items[ids->count++] = id;
    return S_OK;
}

static HRESULT sort_ids(struct contents *table, struct ids *ids)
{
    struct selection selection;
    struct row_view view;
    struct byte_buffer sql;
    sqlite3_stmt *statement = NULL;
    HRESULT hr;
    int rc = SQLITE_DONE;

    memset(&selection, 0, sizeof selection);
    selection_add_restriction(&selection, table->restriction);
    byte_buffer_init(&sql);
    hr = sql_functions_register(table->store->db);
    if (SUCCEEDED(hr))
        hr = selection_sql(&selection, &sql);
    if (SUCCEEDED(hr))
        hr = append_sort(table, &sql);
    if (SUCCEEDED(hr))
        hr = prepare(table, &sql, &statement);
    byte_buffer_free(&sql);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, table->folder);
    sqlite3_bind_int(statement, 2, table->associated);
    row_view_begin(&view, table, &selection);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        bool yes;

        hr = row_view_matches(&view, statement, table->restriction, &yes);
        if (SUCCEEDED(hr) && yes)
            hr = add_id(ids, sqlite3_column_int64(statement, 0));
    }
    if (SUCCEEDED(hr))
        hr = database_error(table->store->db, rc, "The messages of the folder could not be sorted");
    row_view_end(&view);
    sqlite3_finalize(statement);
    return hr;
}

HRESULT contents_build_list(struct contents *table)
{
    uint64_t seen = changes_count(table->store->changes);
    struct ids ids;
    HRESULT hr;

    if (table->list_built)
        return S_OK;
    memset(&ids, 0, sizeof ids);
    hr = sort_ids(table, &ids);
    if (FAILED(hr)) {
        free(ids.items);
        return hr;
    }
    free(table->list);
    table->list = ids.items;
    table->list_count = ids.count;
    table->list_built = true;
    table->list_seen = seen;
    return S_OK;
}

void contents_drop_ahead(struct contents *table)
{
    while (table->ahead_count > 0) {
        MAPIFreeBuffer(table->ahead[table->ahead_first].values);
        table->ahead_first++;
        table->ahead_count--;
    }
    table->ahead_first = 0;
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
    if (table->list_built && table->list_seen != changes_count(table->store->changes))
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
    HRESULT hr = reserve_ahead(table, 1);

    (void)context, (void)stop;
    if (FAILED(hr))
        return hr;
    ahead = &table->ahead[table->ahead_first + table->ahead_count];
    hr = contents_read_row(table, statement, table->order == ORDER_BY_LIST ? table->list[row->id] : row->id,
                           &ahead->values);
    if (FAILED(hr))
        return hr;
    ahead->key = row->key;
    ahead->id = row->id;
    table->ahead_count++;
    return S_OK;
}

HRESULT contents_fill(struct contents *table, size_t wanted)
{
    uint64_t now = changes_count(table->store->changes);
    HRESULT hr;

    if (table->ahead_count > 0 && table->ahead_seen == now)
        return S_OK;
    if (table->ahead_count > 0 || table->ahead_seen != now) {
        contents_drop_ahead(table);
        table->batch = FIRST_BATCH;
        if (table->position > 0)
            table->position = -1; /* rows before the place may have gone */
    }
    hr = look_at_rekeyed(table);
    if (FAILED(hr))
        return hr;
    if (wanted < table->batch)
        wanted = table->batch;
    if (wanted > LARGEST_BATCH)
        wanted = LARGEST_BATCH;
    hr = contents_walk(table, &table->cursor, false, &table->selection, NULL, (int64_t)wanted, keep_row, NULL);
    if (FAILED(hr)) {
        contents_drop_ahead(table);
        return hr;
    }
    table->ahead_seen = now;
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
