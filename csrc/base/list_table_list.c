/* base/list_table_list.c - which rows a list table has, in which order, and what becomes of places in it when they change. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/byte_buffer.h"
#include "base/list_table_private.h"
#include "base/propvalue.h"

HRESULT list_items_add(struct list_items *list, int64_t id, int64_t note)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct list_item *grown = realloc(list->items, capacity * sizeof *grown);
        if (grown == NULL)
            return list_table_no_memory();
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct list_item){id, note};
    return S_OK;
}

void list_items_free(struct list_items *list)
{
    free(list->items);
    *list = (struct list_items){NULL, 0, 0};
}

void list_key_make(int64_t id, unsigned char out[LIST_KEY_SIZE])
{
    bytes_put_u64(out, (uint64_t)id);
}

/* ---- sorting ---- */

/* A row while it is being sorted: its name and the values of the sort columns, one of MAPIAllocateBuffer's blocks. */
struct keyed {
    struct list_item item;
    SPropValue *keys;
};

static const SPropValue *key_of(const struct keyed *row, ULONG i)
{
    return PROP_TYPE(row->keys[i].ulPropTag) == PT_ERROR ? NULL : &row->keys[i];
}

/* Rows without the property come first when ascending (imapitable-sorttable.md speaks of a null value). */
static int compare_by_key(const struct keyed *left, const struct keyed *right, ULONG i, ULONG direction)
{
    const SPropValue *l = key_of(left, i);
    const SPropValue *r = key_of(right, i);
    int order = 0;
    if (l == NULL || r == NULL)
        order = (l != NULL) - (r != NULL);
    else if (!prop_value_compare(l, r, PROP_COMPARE_IGNORE_CASE, &order))
        order = 0;
    return direction == TABLE_SORT_DESCEND ? -(order > 0) + (order < 0) : order;
}

static int compare_rows(const SSortOrderSet *by, const struct keyed *left, const struct keyed *right)
{
    int order = 0;
    for (ULONG i = 0; order == 0 && i < by->cSorts; i++)
        order = compare_by_key(left, right, i, by->aSort[i].ulOrder);
    return order;
}

static void merge(const SSortOrderSet *by, const struct keyed *from, struct keyed *to, size_t first, size_t middle,
                  size_t end)
{
    size_t left = first;
    size_t right = middle;
    for (size_t i = first; i < end; i++) {
        bool take_left = right >= end || (left < middle && compare_rows(by, &from[left], &from[right]) <= 0);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

/* Merge sort from the bottom up, because rows that compare equal must keep their order. `rows` and `spare` change roles; the
 * result's place is returned. */
static struct keyed *sort_rows(const SSortOrderSet *by, struct keyed *rows, struct keyed *spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t first = 0; first < count; first += 2 * width) {
            size_t middle = first + width < count ? first + width : count;
            size_t end = first + 2 * width < count ? first + 2 * width : count;
            merge(by, rows, spare, first, middle, end);
        }
        struct keyed *sorted = spare;
        spare = rows;
        rows = sorted;
    }
    return rows;
}

/* The sort columns, in whatever type they have. */
static SPropTagArray *sort_columns(const SSortOrderSet *order)
{
    SPropTagArray *tags = malloc(CbNewSPropTagArray((size_t)order->cSorts));
    if (tags == NULL)
        return NULL;
    tags->cValues = order->cSorts;
    for (ULONG i = 0; i < order->cSorts; i++)
        tags->aulPropTag[i] = CHANGE_PROP_TYPE(order->aSort[i].ulPropTag, PT_UNSPECIFIED);
    return tags;
}

static HRESULT read_keys(struct list_table *table, const struct list_items *list, const SPropTagArray *columns,
                         struct keyed *rows, size_t *count)
{
    struct list_source *source = table->source;
    HRESULT hr = S_OK;
    *count = 0;
    for (size_t i = 0; hr == S_OK && i < list->count; i++) {
        const struct list_row *row;
        hr = source->class->read(source, &list->items[i], &row);
        if (hr == S_OK)
            hr = list_row_read(row, columns, &rows[*count].keys);
        if (hr == S_OK)
            rows[(*count)++].item = list->items[i];
        if (hr == MAPI_E_NOT_FOUND)
            hr = S_OK; /* gone since the list was made */
    }
    return hr;
}

static HRESULT sort_list(struct list_table *table, const SSortOrderSet *order, struct list_items *list)
{
    SPropTagArray *columns = sort_columns(order);
    struct keyed *rows = malloc((list->count + 1) * sizeof *rows);
    struct keyed *spare = malloc((list->count + 1) * sizeof *spare);
    size_t count = 0;
    HRESULT hr = columns == NULL || rows == NULL || spare == NULL ? list_table_no_memory()
                                                                  : read_keys(table, list, columns, rows, &count);
    struct keyed *sorted = hr == S_OK ? sort_rows(order, rows, spare, count) : rows;
    for (size_t i = 0; i < count; i++) {
        if (hr == S_OK)
            list->items[i] = sorted[i].item;
        MAPIFreeBuffer(sorted[i].keys);
    }
    if (hr == S_OK)
        list->count = count;
    free(columns);
    free(rows);
    free(spare);
    return hr;
}

/* ---- making a list ---- */

static HRESULT filter_list(struct list_table *table, const SRestriction *restriction, struct list_items *list)
{
    struct list_source *source = table->source;
    size_t kept = 0;
    HRESULT hr = S_OK;
    for (size_t i = 0; hr == S_OK && i < list->count; i++) {
        const struct list_row *row;
        hr = source->class->read(source, &list->items[i], &row);
        if (hr == S_OK && list_row_matches(row, restriction))
            list->items[kept++] = list->items[i];
        if (hr == MAPI_E_NOT_FOUND)
            hr = S_OK;
    }
    list->count = kept;
    return hr;
}

HRESULT list_table_make(struct list_table *table, const SRestriction *restriction, const SSortOrderSet *order,
                        struct list_items *out)
{
    *out = (struct list_items){NULL, 0, 0};
    HRESULT hr = table->source->class->list(table->source, out);
    if (hr == S_OK && restriction != NULL)
        hr = filter_list(table, restriction, out);
    if (hr == S_OK && order != NULL && order->cSorts > 0 && out->count > 1)
        hr = sort_list(table, order, out);
    if (hr != S_OK)
        list_items_free(out);
    return hr;
}

HRESULT list_table_list(struct list_table *table, struct list_items *out)
{
    return list_table_make(table, table->restriction, table->order, out);
}

/* ---- a new list in the place of the old one ---- */

static int by_id(const void *left, const void *right)
{
    const struct list_place *l = left;
    const struct list_place *r = right;
    return (l->id > r->id) - (l->id < r->id);
}

struct list_place *list_places(const struct list_items *list)
{
    struct list_place *places = malloc((list->count + 1) * sizeof *places);
    if (places == NULL)
        return NULL;
    for (size_t i = 0; i < list->count; i++)
        places[i] = (struct list_place){list->items[i].id, i};
    qsort(places, list->count, sizeof *places, by_id);
    return places;
}

const struct list_place *list_place_find(const struct list_place *places, size_t count, int64_t id)
{
    const struct list_place sought = {id, 0};
    return bsearch(&sought, places, count, sizeof *places, by_id);
}

/* The place in the new list of one in the old: before the row that it was before, else before the next that is still there;
 * at the end behind the last one that is. */
static size_t carry(const struct list_items *old, const struct list_place *places, size_t count, size_t position)
{
    const struct list_place *found = NULL;
    for (size_t i = position; found == NULL && i < old->count; i++)
        found = list_place_find(places, count, old->items[i].id);
    if (found != NULL)
        return found->at;
    for (size_t i = position; found == NULL && i > 0; i--)
        found = list_place_find(places, count, old->items[i - 1].id);
    return found != NULL ? found->at + 1 : 0;
}

static bool is_same(const struct list_items *left, const struct list_items *right)
{
    return left->count == right->count &&
           (left->count == 0 || memcmp(left->items, right->items, left->count * sizeof *left->items) == 0);
}

static HRESULT carry_over(struct list_table *table, const struct list_items *fresh)
{
    const struct list_items *old = &table->list;
    if (is_same(old, fresh))
        return S_OK;
    struct list_place *places = list_places(fresh);
    if (places == NULL)
        return list_table_no_memory();
    table->position = carry(old, places, fresh->count, table->position);
    for (size_t i = 0; i < table->bookmark_count; i++) {
        struct bookmark *bookmark = &table->bookmarks[i];
        size_t before = bookmark->position;
        bookmark->position = carry(old, places, fresh->count, before);
        if (before < old->count &&
            (bookmark->position >= fresh->count || fresh->items[bookmark->position].id != old->items[before].id))
            bookmark->moved = true;
    }
    free(places);
    return S_OK;
}

HRESULT list_table_refresh(struct list_table *table)
{
    struct list_source *source = table->source;
    if (table->listed && table->kept)
        return S_OK;
    uint64_t version = 0;
    HRESULT hr = source->class->version != NULL ? source->class->version(source, &version) : S_OK;
    if (hr != S_OK || (table->listed && version == table->version))
        return hr;
    struct list_items fresh;
    hr = list_table_list(table, &fresh);
    if (hr == S_OK && table->listed)
        hr = carry_over(table, &fresh);
    if (hr != S_OK) {
        list_items_free(&fresh);
        return hr;
    }
    list_items_free(&table->list);
    table->list = fresh;
    table->listed = true;
    table->version = version;
    return S_OK;
}
