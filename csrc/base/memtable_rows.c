/* base/memtable_rows.c - see base/memtable_rows.h. */
#include "base/memtable_rows.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/byte_buffer.h"
#include "base/failure.h"
#include "base/propcodec.h"
#include "base/propvalue.h"
#include "base/restriction.h"

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the table.");
}

static HRESULT make_room(struct memrows *rows)
{
    if (rows->count < rows->capacity)
        return S_OK;
    size_t capacity = rows->capacity == 0 ? 8 : rows->capacity * 2;
    struct memrow **grown = realloc(rows->rows, capacity * sizeof *grown);
    if (grown == NULL)
        return no_memory();
    rows->rows = grown;
    rows->capacity = capacity;
    return S_OK;
}

/* A row of its own out of the values. */
static struct memrow *copy_row(ULONG count, const SPropValue *values)
{
    size_t size = prop_values_size(count, values);
    if (size == 0 && count > 0)
        return NULL;
    struct memrow *row = malloc(sizeof *row + size);
    if (row == NULL)
        return NULL;
    row->count = count;
    row->values = prop_values_copy(count, values, row + 1);
    return row;
}

static struct memrow *copy_row_with_key(ULONG count, const SPropValue *values, size_t number)
{
    unsigned char key[8];
    bytes_put_u64(key, number + 1);
    SPropValue *all = malloc(((size_t)count + 1) * sizeof *all);
    if (all == NULL)
        return NULL;
    if (count > 0)
        memcpy(all, values, (size_t)count * sizeof *all);
    memset(&all[count], 0, sizeof *all);
    all[count].ulPropTag = PR_INSTANCE_KEY;
    all[count].Value.bin.cb = sizeof key;
    all[count].Value.bin.lpb = key;
    struct memrow *row = copy_row(count + 1, all);
    free(all);
    return row;
}

HRESULT memrows_append(struct memrows *rows, ULONG count, const SPropValue *values)
{
    HRESULT hr = make_room(rows);
    if (hr != S_OK)
        return hr;
    struct memrow given = {count, (SPropValue *)(uintptr_t)values};
    struct memrow *row = memrow_find(&given, PR_INSTANCE_KEY) != NULL ? copy_row(count, values)
                                                                      : copy_row_with_key(count, values, rows->count);
    if (row == NULL)
        return no_memory();
    rows->rows[rows->count++] = row;
    return S_OK;
}

void memrows_free(struct memrows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->rows[i]);
    free(rows->rows);
    *rows = (struct memrows){NULL, 0, 0};
}

const SPropValue *memrow_find(const struct memrow *row, ULONG tag)
{
    for (ULONG i = 0; i < row->count; i++)
        if (PROP_ID(row->values[i].ulPropTag) == PROP_ID(tag))
            return PROP_TYPE(row->values[i].ulPropTag) != PT_ERROR ? &row->values[i] : NULL;
    return NULL;
}

static const SPropValue *row_property(void *self, ULONG tag)
{
    return memrow_find(self, tag);
}

bool memrow_matches(const struct memrow *row, const SRestriction *restriction)
{
    const struct row_source source = {.self = (void *)(uintptr_t)row, .property = row_property};
    return restriction_matches(restriction, &source);
}

/* ---- reading ---- */

/* Whether the two tags differ in nothing but the width of their strings. */
static bool differs_in_width(ULONG stored, ULONG wanted)
{
    return PROP_TYPE(stored) != PROP_TYPE(wanted) && prop_stored_tag(stored) == prop_stored_tag(wanted);
}

static void set_absent(SPropValue *out, ULONG tag)
{
    memset(out, 0, sizeof *out);
    if (PROP_TYPE(tag) == PT_NULL) {
        out->ulPropTag = tag;
        return;
    }
    out->ulPropTag = PROP_TAG(PT_ERROR, PROP_ID(tag));
    out->Value.err = MAPI_E_NOT_FOUND;
}

/* What each column shows of the row, pointing into the row. True when a string has to be converted to another
 * width. */
static bool select_columns(const struct memrow *row, const SPropTagArray *columns, SPropValue *out)
{
    bool convert = false;
    for (ULONG i = 0; i < columns->cValues; i++) {
        ULONG wanted = columns->aulPropTag[i];
        const SPropValue *value = PROP_TYPE(wanted) == PT_NULL ? NULL : memrow_find(row, wanted);
        if (value != NULL && (PROP_TYPE(wanted) == PT_UNSPECIFIED || value->ulPropTag == wanted)) {
            out[i] = *value;
        } else if (value != NULL && differs_in_width(value->ulPropTag, wanted)) {
            out[i] = *value;
            convert = true;
        } else {
            set_absent(&out[i], wanted);
        }
    }
    return convert;
}

/* Gives a string the width of its column, by way of its stored form. */
static HRESULT convert_width(SPropValue *value, ULONG wanted, void *head)
{
    struct byte_buffer payload;
    byte_buffer_init(&payload);
    HRESULT hr = prop_payload_from_value(value, &payload);
    if (hr == S_OK)
        hr = prop_value_from_payload(wanted, 0, payload.bytes, payload.size, head, value);
    byte_buffer_free(&payload);
    return hr;
}

static HRESULT convert_columns(const SPropTagArray *columns, SPropValue *values)
{
    for (ULONG i = 0; i < columns->cValues; i++) {
        if (!differs_in_width(values[i].ulPropTag, columns->aulPropTag[i]) ||
            PROP_TYPE(columns->aulPropTag[i]) == PT_UNSPECIFIED || PROP_TYPE(values[i].ulPropTag) == PT_ERROR)
            continue;
        HRESULT hr = convert_width(&values[i], columns->aulPropTag[i], values);
        if (hr == MAPI_E_NOT_ENOUGH_MEMORY)
            return hr;
        if (hr != S_OK) {
            set_absent(&values[i], columns->aulPropTag[i]);
            values[i].Value.err = MAPI_E_BAD_CHARWIDTH;
        }
    }
    return S_OK;
}

HRESULT memrow_read(const struct memrow *row, const SPropTagArray *columns, SPropValue **out)
{
    enum { ON_STACK = 32 };
    SPropValue few[ON_STACK] = {{0}};
    *out = NULL;
    SPropValue *selected = columns->cValues <= ON_STACK ? few : malloc((size_t)columns->cValues * sizeof *selected);
    if (selected == NULL)
        return no_memory();
    bool convert = select_columns(row, columns, selected);
    HRESULT hr = prop_values_duplicate(columns->cValues, selected, out);
    if (selected != few)
        free(selected);
    if (hr == S_OK && convert)
        hr = convert_columns(columns, *out);
    if (hr != S_OK) {
        MAPIFreeBuffer(*out);
        *out = NULL;
    }
    return hr;
}

/* ---- views ---- */

struct sorting {
    const struct memrows *rows;
    const SSortOrderSet *order;
};

/* Rows without the property come first when ascending (imapitable-sorttable.md speaks of a null value). */
static int compare_by_key(const struct memrow *left, const struct memrow *right, const SSortOrder *key)
{
    const SPropValue *l = memrow_find(left, key->ulPropTag);
    const SPropValue *r = memrow_find(right, key->ulPropTag);
    int order = 0;
    if (l == NULL || r == NULL)
        order = (l != NULL) - (r != NULL);
    else if (!prop_value_compare(l, r, PROP_COMPARE_IGNORE_CASE, &order))
        order = 0;
    return key->ulOrder == TABLE_SORT_DESCEND ? -(order > 0) + (order < 0) : order;
}

static int compare_rows(const struct sorting *sorting, size_t left, size_t right)
{
    for (ULONG i = 0; i < sorting->order->cSorts; i++) {
        int order = compare_by_key(sorting->rows->rows[left], sorting->rows->rows[right], &sorting->order->aSort[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

static void merge(const struct sorting *sorting, const size_t *from, size_t *to, size_t first, size_t middle,
                  size_t end)
{
    size_t left = first;
    size_t right = middle;
    for (size_t i = first; i < end; i++) {
        bool take_left = right >= end || (left < middle && compare_rows(sorting, from[left], from[right]) <= 0);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

/* Merge sort from the bottom up, because rows that compare equal must keep their order. `view` and `spare` change
 * roles; the result's place is returned. */
static size_t *sort_view(const struct sorting *sorting, size_t *view, size_t *spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t first = 0; first < count; first += 2 * width) {
            size_t middle = first + width < count ? first + width : count;
            size_t end = first + 2 * width < count ? first + 2 * width : count;
            merge(sorting, view, spare, first, middle, end);
        }
        size_t *sorted = spare;
        spare = view;
        view = sorted;
    }
    return view;
}

HRESULT memrows_view(const struct memrows *rows, const SRestriction *restriction, const SSortOrderSet *order,
                     size_t **view, size_t *count)
{
    *view = NULL;
    *count = 0;
    size_t *matching = malloc((rows->count + 1) * sizeof *matching);
    if (matching == NULL)
        return no_memory();
    size_t found = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (memrow_matches(rows->rows[i], restriction))
            matching[found++] = i;
    if (order != NULL && order->cSorts > 0 && found > 1) {
        size_t *spare = malloc(found * sizeof *spare);
        if (spare == NULL) {
            free(matching);
            return no_memory();
        }
        const struct sorting sorting = {rows, order};
        size_t *sorted = sort_view(&sorting, matching, spare, found);
        free(sorted == matching ? spare : matching);
        matching = sorted;
    }
    *view = matching;
    *count = found;
    return S_OK;
}
