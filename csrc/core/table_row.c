#include "core/table_row.h"

#include <string.h>

#include <mapicode.h>

#include "base/failure.h"

HRESULT table_row_begin(struct table_row *row, ULONG capacity)
{
    void *block = NULL;
    *row = (struct table_row){.capacity = capacity};
    if (MAPIAllocateBuffer((ULONG)(capacity * sizeof(SPropValue)), &block) != S_OK) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a table.");
    }
    row->values = memset(block, 0, capacity * sizeof(SPropValue));
    return S_OK;
}

/* The place for a property: that of an earlier one with its id, else the next; NULL when the row is full. */
static SPropValue *place(struct table_row *row, ULONG tag)
{
    for (ULONG i = 0; i < row->count; i++) {
        if (PROP_ID(row->values[i].ulPropTag) == PROP_ID(tag)) {
            return &row->values[i];
        }
    }
    if (row->count == row->capacity) {
        row->hr = MAPI_E_CALL_FAILED;
        return NULL;
    }
    SPropValue *value = &row->values[row->count++];
    value->ulPropTag = tag;
    return value;
}

void table_row_add_bag(struct table_row *row, const SPropTagArray *tags, const struct prop_bag *bag)
{
    for (ULONG i = 0; i < tags->cValues && SUCCEEDED(row->hr); i++) {
        SPropValue value = {0};
        HRESULT hr = prop_bag_get(bag, tags->aulPropTag[i], 0, row->values, &value);
        if (hr == S_OK) {
            SPropValue *at = place(row, value.ulPropTag);
            if (at) {
                *at = value;
            }
        } else if (hr == MAPI_E_NOT_ENOUGH_MEMORY &&
                   prop_bag_find(bag, tags->aulPropTag[i])->size <= PROP_INLINE_LIMIT) {
            row->hr = hr; /* a value too large for a table is left out, like an absent one */
        }
    }
}

void table_row_add_long(struct table_row *row, ULONG tag, ULONG number)
{
    SPropValue *value = place(row, tag);
    if (value) {
        value->Value.ul = number;
    }
}

void table_row_add_boolean(struct table_row *row, ULONG tag, bool truth)
{
    SPropValue *value = place(row, tag);
    if (value) {
        value->Value.b = truth;
    }
}

void table_row_add_binary(struct table_row *row, ULONG tag, const void *bytes, size_t size)
{
    SPropValue *value = place(row, tag);
    if (value) {
        value->Value.bin.cb = (ULONG)size;
        value->Value.bin.lpb = (LPBYTE)(uintptr_t)bytes;
    }
}

HRESULT table_row_append(struct table_row *row, struct memtable *table)
{
    HRESULT hr = row->hr;
    if (hr == S_OK) {
        hr = memtable_append(table, row->count, row->values);
    }
    table_row_free(row);
    return hr;
}

void table_row_free(struct table_row *row)
{
    MAPIFreeBuffer(row->values);
    row->values = NULL;
}
