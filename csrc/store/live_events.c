/* What a live table tells of changes (declared in live_table.h): how the rows that are to be seen now differ from those that were
 * told last. Whoever takes the events in turn, each row before its propPrior's successor, ends with the table as it is. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "store/live_table.h"

/* ---- which rows keep their places ---- */

/* What is in `fresh` and what was in `told`: for each row of the first its place in the second, or NOWHERE. */
#define NOWHERE SIZE_MAX

struct difference {
    const struct list_items *told;
    const struct list_items *fresh;
    size_t *was;  /* by place in fresh */
    bool *stays;  /* the same: it does not have to be moved */
    bool *is_now; /* by place in told: it is in fresh */
};

static void difference_free(struct difference *difference)
{
    free(difference->was);
    free(difference->stays);
    free(difference->is_now);
}

static HRESULT difference_make(const struct list_items *told, const struct list_items *fresh, struct difference *out)
{
    struct list_place *places = list_places(told);
    size_t i;

    out->told = told;
    out->fresh = fresh;
    out->was = malloc((fresh->count + 1) * sizeof *out->was);
    out->stays = calloc(fresh->count + 1, sizeof *out->stays);
    out->is_now = calloc(told->count + 1, sizeof *out->is_now);
    if (places == NULL || out->was == NULL || out->stays == NULL || out->is_now == NULL) {
        free(places);
        difference_free(out);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    for (i = 0; i < fresh->count; i++) {
        const struct list_place *place = list_place_find(places, told->count, fresh->items[i].id);

        out->was[i] = place != NULL ? place->at : NOWHERE;
        if (place != NULL)
            out->is_now[place->at] = true;
    }
    free(places);
    return S_OK;
}

/* The most rows that can stay where they are: the longest part of `was` that ascends. ends[k] is the row with which one of
 * length k + 1 ends that ends lowest, before[i] the row in front of i in its own. */
static HRESULT find_staying(struct difference *difference)
{
    size_t count = difference->fresh->count;
    size_t *ends = malloc((count + 1) * sizeof *ends);
    size_t *before = malloc((count + 1) * sizeof *before);
    size_t length = 0;
    size_t i;

    if (ends == NULL || before == NULL) {
        free(ends);
        free(before);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    for (i = 0; i < count; i++) {
        size_t low = 0;
        size_t high = length;

        if (difference->was[i] == NOWHERE)
            continue;
        while (low < high) {
            size_t middle = low + (high - low) / 2;

            if (difference->was[ends[middle]] < difference->was[i])
                low = middle + 1;
            else
                high = middle;
        }
        before[i] = low > 0 ? ends[low - 1] : NOWHERE;
        ends[low] = i;
        if (low == length)
            length++;
    }
    for (i = length > 0 ? ends[length - 1] : NOWHERE; i != NOWHERE; i = before[i])
        difference->stays[i] = true;
    free(ends);
    free(before);
    return S_OK;
}

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

static int by_row(const void *left, const void *right)
{
    int64_t l = *(const int64_t *)left;
    int64_t r = *(const int64_t *)right;

    return (l > r) - (l < r);
}

static bool is_touched(const struct live_table *table, int64_t row)
{
    return table->touched.count > 0 &&
           bsearch(&row, table->touched.rows, table->touched.count, sizeof row, by_row) != NULL;
}

static HRESULT post_row(struct live_table *table, const struct difference *difference, size_t at)
{
    const struct list_item *item = &difference->fresh->items[at];
    const struct table_key row = key_of(table, item);
    const struct table_key prior = key_of(table, at > 0 ? item - 1 : NULL);
    ULONG what = difference->was[at] == NOWHERE ? TABLE_ROW_ADDED : TABLE_ROW_MODIFIED;
    LPSPropValue values;
    HRESULT hr = list_table_read(table->source.table, item, &values);

    if (hr == MAPI_E_NOT_FOUND) /* gone by now, which comes next */
        return S_OK;
    if (SUCCEEDED(hr))
        table_post(table->listening, what, &row, &prior, list_table_width(table->source.table), values);
    MAPIFreeBuffer(values);
    return hr;
}

static bool has_changed(const struct live_table *table, const struct difference *difference, size_t at)
{
    const struct list_item *item = &difference->fresh->items[at];
    size_t was = difference->was[at];

    return was == NOWHERE || !difference->stays[at] || difference->told->items[was].note != item->note ||
           is_touched(table, item->id);
}

static HRESULT post_difference(struct live_table *table, const struct difference *difference)
{
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < difference->told->count; i++) {
        const struct table_key row = key_of(table, &difference->told->items[i]);

        if (!difference->is_now[i])
            table_post(table->listening, TABLE_ROW_DELETED, &row, NULL, 0, NULL);
    }
    for (i = 0; i < difference->fresh->count && SUCCEEDED(hr); i++)
        if (has_changed(table, difference, i))
            hr = post_row(table, difference, i);
    return hr;
}

static HRESULT tell_difference(struct live_table *table, const struct list_items *fresh)
{
    struct difference difference;
    HRESULT hr = difference_make(&table->told, fresh, &difference);

    if (FAILED(hr))
        return hr;
    hr = find_staying(&difference);
    if (SUCCEEDED(hr) && table->touched.count > 0)
        qsort(table->touched.rows, table->touched.count, sizeof *table->touched.rows, by_row);
    if (SUCCEEDED(hr))
        hr = post_difference(table, &difference);
    difference_free(&difference);
    return hr;
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
    struct list_items fresh;
    HRESULT hr = S_OK;

    if (!table->dirty)
        return S_OK;
    table->dirty = false;
    hr = list_table_list(table->source.table, &fresh);
    if (SUCCEEDED(hr)) {
        hr = table->told_lost ? MAPI_E_NOT_ENOUGH_MEMORY : tell_difference(table, &fresh);
        list_items_free(&table->told);
        table->told = fresh;
        table->told_lost = false;
    } else {
        table->told_lost = true;
    }
    table->touched.count = 0;
    return hr;
}

static void begin(void *context)
{
    struct live_table *table = context;

    list_items_free(&table->told);
    table->told_lost = FAILED(list_table_list(table->source.table, &table->told));
    table->dirty = false;
    table->touched.count = 0;
}

static void end(void *context)
{
    struct live_table *table = context;

    list_items_free(&table->told);
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
