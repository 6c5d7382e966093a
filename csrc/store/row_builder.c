#include "store/row_builder.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/propcodec.h"
#include "store/entryid.h"
#include "store/host.h"

void row_free(struct row_builder *row)
{
    free(row->values);
    MAPIFreeBuffer(row->head);
    memset(row, 0, sizeof *row);
}

void row_begin(struct row_builder *row)
{
    MAPIFreeBuffer(row->head);
    row->head = NULL;
    row->count = 0;
    row->hr = MAPIAllocateBuffer(8, &row->head);
}

/* Room for a value of the property, or NULL when it is there, or something has failed. */
static SPropValue *next(struct row_builder *row, ULONG tag)
{
    ULONG i;

    if (FAILED(row->hr))
        return NULL;
    for (i = 0; i < row->count; i++)
        if (PROP_ID(row->values[i].ulPropTag) == PROP_ID(tag))
            return NULL;
    if (row->count == row->capacity) {
        ULONG capacity = row->capacity == 0 ? 32 : row->capacity * 2;
        SPropValue *values = realloc(row->values, capacity * sizeof *values);

        if (values == NULL) {
            row->hr = MAPI_E_NOT_ENOUGH_MEMORY;
            return NULL;
        }
        row->values = values;
        row->capacity = capacity;
    }
    memset(&row->values[row->count], 0, sizeof row->values[row->count]);
    return &row->values[row->count];
}

static void added(struct row_builder *row, HRESULT hr)
{
    if (FAILED(hr))
        row->hr = hr;
    else
        row->count++;
}

void row_long(struct row_builder *row, ULONG tag, ULONG value)
{
    SPropValue *out = next(row, tag);

    if (out != NULL)
        added(row, value_long(tag, value, out));
}

void row_boolean(struct row_builder *row, ULONG tag, bool value)
{
    SPropValue *out = next(row, tag);

    if (out != NULL)
        added(row, value_boolean(tag, value, out));
}

void row_time(struct row_builder *row, ULONG tag, int64_t ticks)
{
    SPropValue *out = next(row, tag);

    if (out != NULL)
        added(row, value_time(tag, ticks, out));
}

void row_binary(struct row_builder *row, ULONG tag, const void *bytes, size_t size)
{
    SPropValue *out = next(row, tag);

    if (out != NULL)
        added(row, value_binary(tag, bytes, size, row->head, out));
}

void row_text(struct row_builder *row, ULONG tag, const char *utf8, size_t size)
{
    SPropValue *out = next(row, tag);

    if (out != NULL)
        added(row, prop_value_from_payload(CHANGE_PROP_TYPE(tag, PT_UNICODE), 0, utf8, size, row->head, out));
}

void row_entryid(struct row_builder *row, struct store *store, ULONG tag, ULONG kind, int64_t id)
{
    unsigned char bytes[OBJECT_ENTRYID_SIZE];

    object_entryid_make(&store->uid, kind, id, bytes);
    row_binary(row, tag, bytes, sizeof bytes);
}

/* A damaged value is an error in its place, and does not hide the row. */
static HRESULT bag_value(const struct prop_entry *entry, void *head, SPropValue *out)
{
    HRESULT hr = prop_value_from_payload(entry->tag, 0, entry->bytes, entry->size, head, out);

    if (hr != MAPI_E_CORRUPT_DATA)
        return hr;
    out->ulPropTag = CHANGE_PROP_TYPE(entry->tag, PT_ERROR);
    out->Value.err = hr;
    return S_OK;
}

void row_bag(struct row_builder *row, const struct prop_bag *bag)
{
    size_t i;

    for (i = 0; i < bag->count; i++) {
        const struct prop_entry *entry = &bag->items[i];
        SPropValue *out = entry->size == PROP_EXTERNAL ? NULL : next(row, entry->tag);

        if (out != NULL)
            added(row, bag_value(entry, row->head, out));
    }
}

HRESULT row_end(struct row_builder *row, struct memtable *table)
{
    return FAILED(row->hr) ? row->hr : memtable_append(table, row->count, row->values);
}

HRESULT table_create(struct store *store, const ULONG *tags, ULONG count, ULONG flags, struct memtable **out)
{
    SPropTagArray *columns = malloc(CbNewSPropTagArray(count));
    HRESULT hr;
    ULONG i;

    *out = NULL;
    if (columns == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    columns->cValues = count;
    for (i = 0; i < count; i++) {
        bool text = PROP_TYPE(tags[i]) == PT_UNICODE;

        columns->aulPropTag[i] = text && (flags & MAPI_UNICODE) == 0 ? CHANGE_PROP_TYPE(tags[i], PT_STRING8) : tags[i];
    }
    hr = memtable_create(store->life, columns, out);
    free(columns);
    return hr;
}

HRESULT table_finish(struct memtable *table, HRESULT hr, LPMAPITABLE *out)
{
    if (FAILED(hr)) {
        memtable_release(table);
        return hr;
    }
    *out = memtable_as_table(table);
    return S_OK;
}
