/* The list of a contents table that no index serves: its ids, sorted once by SQLite (declared in contents.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "store/contents.h"

static HRESULT append(struct byte_buffer *sql, const char *text)
{
    return byte_buffer_append(sql, text, strlen(text));
}

bool contents_sort_expression(const struct contents *table, ULONG tag, char *out, size_t size)
{
    const struct column *column = contents_column(table, tag);
    ULONG type = PROP_TYPE(tag) & ~(ULONG)MVI_FLAG;
    bool text = type == PT_UNICODE || type == PT_STRING8 || (column != NULL && column->kind == COLUMN_TEXT);
    const char *collation = text ? " COLLATE NOCASE" : "";

    if (column != NULL) {
        snprintf(out, size, "%s%s", column->sql, collation);
        return true;
    }
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
    snprintf(out, size, "mapi_prop(props, %lu)%s", (unsigned long)tag, collation);
    return true;
}

static HRESULT append_plain_order(const struct contents *table, struct byte_buffer *sql)
{
    HRESULT hr = S_OK;
    ULONG i;

    for (i = 0; i < table->sort->cSorts && SUCCEEDED(hr); i++) {
        char expression[128];

        if (!contents_sort_expression(table, table->sort->aSort[i].ulPropTag, expression, sizeof expression))
            continue;
        hr = append(sql, expression);
        if (SUCCEEDED(hr))
            hr = append(sql, table->sort->aSort[i].ulOrder == TABLE_SORT_DESCEND ? " DESC, " : ", ");
    }
    return hr;
}

/* The whole query; what a restriction has to look at comes first, then what makes the groups. */
static HRESULT append_query(const struct contents *table, const struct selection *selection, struct byte_buffer *sql)
{
    bool grouped = contents_levels(table) > 0;
    HRESULT hr = selection_sql(selection, sql);

    if (SUCCEEDED(hr) && grouped)
        hr = groups_append_columns(table, sql);
    if (SUCCEEDED(hr))
        hr = contents_append_source(table, false, sql);
    if (SUCCEEDED(hr))
        hr = filter_append(&table->filter, sql);
    if (SUCCEEDED(hr))
        hr = append(sql, " ORDER BY ");
    if (SUCCEEDED(hr))
        hr = grouped ? groups_append_order(table, sql) : append_plain_order(table, sql);
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

/* Steps through the sorted rows; groups: NULL without categories. */
static HRESULT collect(struct contents *table, const struct selection *selection, sqlite3_stmt *statement,
                       struct groups *groups, struct ids *ids)
{
    int first_group = 2 + selection->own_count + (selection->with_props ? 1 : 0);
    struct row_view view;
    HRESULT hr = S_OK;
    int rc = SQLITE_DONE;

    row_view_begin(&view, table, selection);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        bool yes;

        hr = row_view_matches(&view, statement, table->filter.exact ? NULL : table->restriction, &yes);
        if (FAILED(hr) || !yes)
            continue;
        if (groups != NULL)
            hr = groups_add(groups, statement, first_group);
        if (SUCCEEDED(hr))
            hr = add_id(ids, sqlite3_column_int64(statement, 0));
    }
    if (SUCCEEDED(hr))
        hr = database_error(table->store->db, rc, "The messages of the folder could not be sorted");
    row_view_end(&view);
    return hr;
}

static HRESULT sort_ids(struct contents *table, struct groups *groups, struct ids *ids)
{
    struct selection selection;
    struct byte_buffer sql;
    sqlite3_stmt *statement = NULL;
    HRESULT hr;

    memset(&selection, 0, sizeof selection);
    selection_add_own(&selection, table);
    byte_buffer_init(&sql);
    hr = append_query(table, &selection, &sql);
    if (SUCCEEDED(hr))
        hr = contents_prepare(table, &sql, &statement);
    byte_buffer_free(&sql);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, table->folder);
    sqlite3_bind_int(statement, 2, table->associated);
    filter_bind(&table->filter, statement);
    hr = collect(table, &selection, statement, groups, ids);
    sqlite3_finalize(statement);
    return hr;
}

HRESULT contents_build_list(struct contents *table)
{
    uint64_t seen;
    struct groups *groups = NULL;
    struct ids ids;
    HRESULT hr;

    if (table->list_built)
        return S_OK;
    memset(&ids, 0, sizeof ids);
    hr = store_version(table->store, &seen);
    if (SUCCEEDED(hr) && contents_levels(table) > 0)
        hr = groups_begin(table, &groups);
    if (SUCCEEDED(hr))
        hr = sort_ids(table, groups, &ids);
    if (SUCCEEDED(hr) && groups != NULL)
        hr = groups_finish(table, groups, ids.items, ids.count);
    if (FAILED(hr)) {
        groups_free(groups);
        free(ids.items);
        return hr;
    }
    if (groups == NULL) {
        free(table->list);
        table->list = ids.items;
        table->list_count = ids.count;
    }
    table->list_built = true;
    table->list_seen = seen;
    return S_OK;
}
