/* What a live table tells of changes (declared in live_table.h), and when: as the changes of the store are read. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "store/live_table.h"

/* ---- telling ---- */

static struct table_key key_of(const struct live_table *table, const struct list_item *item)
{
    struct table_key key = {0, {0}};

    _Static_assert(sizeof key.bytes == LIST_KEY_SIZE, "a key has room for a list's");
    if (item != NULL) {
        key.size = table->class->key_size;
        list_key_make(item->id, key.bytes);
    }
    return key;
}

static void post(void *context, ULONG event, const struct list_item *item, const struct list_item *prior, ULONG count,
                 LPSPropValue values)
{
    const struct live_table *table = context;
    const struct table_key row = key_of(table, item);
    const struct table_key before = key_of(table, prior);

    table_post(table->listening, event, &row, &before, count, values);
}

static int by_row(const void *left, const void *right)
{
    int64_t l = *(const int64_t *)left;
    int64_t r = *(const int64_t *)right;

    return (l > r) - (l < r);
}

static bool is_touched(void *context, int64_t row)
{
    const struct live_table *table = context;

    return table->touched.count > 0 &&
           bsearch(&row, table->touched.rows, table->touched.count, sizeof row, by_row) != NULL;
}

/* ---- changes as they are read ---- */

static HRESULT tell(void *context, const struct table_change *change)
{
    struct live_table *table = context;
    int64_t row = 0;

    if (!table->class->concerns(table, change, &row))
        return S_OK;
    table->dirty = true;
    return row != 0 ? row_list_add(&table->touched, row) : S_OK;
}

/* What cannot be told row by row has changed nevertheless; the answer says so. */
static HRESULT settle(void *context)
{
    struct live_table *table = context;
    const struct list_teller teller = {table, post, is_touched};
    HRESULT hr;

    if (!table->dirty)
        return S_OK;
    table->dirty = false;
    if (table->touched.count > 0)
        qsort(table->touched.rows, table->touched.count, sizeof *table->touched.rows, by_row);
    hr = list_table_tell(table->source.table, &table->told, &teller);
    table->touched.count = 0;
    return hr;
}

static void begin(void *context)
{
    struct live_table *table = context;

    list_table_begin_telling(table->source.table, &table->told);
    table->dirty = false;
    table->touched.count = 0;
}

static void end(void *context)
{
    struct live_table *table = context;

    list_items_free(&table->told.rows);
    row_list_free(&table->touched);
}

static const struct table_listener live_listener = {tell, settle, begin, end};

HRESULT live_table_advise(struct live_table *table, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    return table_advise(table->store, &table->listening, &live_listener, table, mask, sink, connection);
}

HRESULT live_table_unadvise(struct live_table *table, ULONG_PTR connection)
{
    return table_unadvise(table->store, &table->listening, connection);
}

void live_table_rearranged(struct live_table *table)
{
    if (table->listening != NULL)
        begin(table);
}

void live_table_forget(struct live_table *table)
{
    table_events_forget(table->store, &table->listening);
}
