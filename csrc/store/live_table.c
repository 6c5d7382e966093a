#include "store/live_table.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"

static struct live_table *of(struct list_source *source)
{
    return (struct live_table *)(void *)source;
}

/* ---- as a source ---- */

static HRESULT enter(struct list_source *source)
{
    struct live_table *table = of(source);
    HRESULT hr = store_enter(table->store);

    if (SUCCEEDED(hr) && table->class->check != NULL) {
        hr = table->class->check(table);
        if (FAILED(hr))
            store_leave(table->store);
    }
    return hr;
}

static void leave(struct list_source *source)
{
    store_leave(of(source)->store);
}

static HRESULT version(struct list_source *source, uint64_t *out)
{
    struct live_table *table = of(source);

    return table->class->version != NULL ? table->class->version(table, out) : store_version(table->store, out);
}

static HRESULT list(struct list_source *source, struct list_items *out)
{
    return of(source)->class->list(of(source), out);
}

static void fetch(void *context, SPropValue *value)
{
    struct live_table *table = context;
    SPropValue fetched;

    if (table->props != NULL && SUCCEEDED(holder_get(table->props, table->store, table->place,
                                                     CHANGE_PROP_TYPE(value->ulPropTag, PT_UNSPECIFIED), MAPI_UNICODE,
                                                     table->row.head, &fetched)))
        *value = fetched;
}

static HRESULT read_row(struct list_source *source, const struct list_item *item, const struct list_row **out)
{
    struct live_table *table = of(source);
    HRESULT hr;

    row_begin(&table->row);
    holder_clear(&table->read);
    table->props = NULL;
    hr = table->class->fill(table, item);
    if (SUCCEEDED(hr))
        hr = table->row.hr;
    table->shown.count = table->row.count;
    table->shown.values = table->row.values;
    *out = &table->shown;
    return hr;
}

static HRESULT advise(struct list_source *source, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    struct live_table *table = of(source);

    if (table->class->concerns == NULL)
        return fail(MAPI_E_NO_SUPPORT, "This table sends no notifications.");
    return live_table_advise(table, mask, sink, connection);
}

static HRESULT unadvise(struct list_source *source, ULONG_PTR connection)
{
    return live_table_unadvise(of(source), connection);
}

static void rearranged(struct list_source *source)
{
    live_table_rearranged(of(source));
}

static void free_parts(struct live_table *table)
{
    row_free(&table->row);
    holder_clear(&table->read);
    list_items_free(&table->told.rows);
    row_list_free(&table->touched);
    if (table->class->release != NULL)
        table->class->release(table);
    free(table);
}

static void end(struct list_source *source)
{
    struct live_table *table = of(source);
    struct store *store = table->store;

    live_table_forget(table);
    free_parts(table);
    store_detach(store);
}

static const struct list_source_class live_source = {
    .type = TBLTYPE_DYNAMIC,
    .enter = enter,
    .leave = leave,
    .version = version,
    .list = list,
    .read = read_row,
    .advise = advise,
    .unadvise = unadvise,
    .rearranged = rearranged,
    .end = end,
};

/* ---- making one ---- */

static SPropTagArray *in_width(const ULONG *tags, ULONG count, ULONG flags)
{
    SPropTagArray *columns = malloc(CbNewSPropTagArray(count));
    ULONG i;

    if (columns == NULL)
        return NULL;
    columns->cValues = count;
    for (i = 0; i < count; i++) {
        bool narrow = PROP_TYPE(tags[i]) == PT_UNICODE && (flags & MAPI_UNICODE) == 0;

        columns->aulPropTag[i] = narrow ? CHANGE_PROP_TYPE(tags[i], PT_STRING8) : tags[i];
    }
    return columns;
}

HRESULT live_table_create(struct live_table *table, const struct live_class *class, struct store *store,
                          const ULONG *tags, ULONG count, ULONG flags, LPMAPITABLE *out)
{
    SPropTagArray *columns = in_width(tags, count, flags);
    struct list_table *made;
    HRESULT hr;

    table->source.class = &live_source;
    table->source.no_bookmarks = class->no_bookmarks;
    table->source.life = store->life;
    table->class = class;
    table->store = store;
    table->shown.fetch = fetch;
    table->shown.context = table;
    hr = columns == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : list_table_create(&table->source, columns, &made);
    free(columns);
    if (FAILED(hr)) {
        free_parts(table);
        return hr;
    }
    store_attach(store);
    *out = list_table_as_table(made);
    return S_OK;
}

HRESULT live_table_read(struct live_table *table, const char *sql, const char *what, const struct list_item *item,
                        HRESULT (*read)(struct live_table *table, sqlite3_stmt *statement,
                                        const struct list_item *item))
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(table->store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, item->id);
    rc = sqlite3_step(statement);
    hr = database_error(table->store->db, rc, what);
    if (rc == SQLITE_ROW)
        hr = read(table, statement, item);
    database_done(statement);
    return rc == SQLITE_DONE ? MAPI_E_NOT_FOUND : hr;
}

HRESULT live_table_query(struct live_table *table, sqlite3_stmt *statement, const char *what, struct list_items *out)
{
    HRESULT hr = S_OK;
    int rc = SQLITE_DONE;

    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        hr = list_items_add(out, sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1));
    if (SUCCEEDED(hr))
        hr = database_error(table->store->db, rc, what);
    database_done(statement);
    return hr;
}
