#include "store/row_builder.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/propcodec.h"
#include "store/entryid.h"
#include "store/holder.h"
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

static void add_entry(struct row_builder *row, const struct prop_entry *entry)
{
    SPropValue *out = next(row, entry->tag);

    if (out != NULL)
        added(row, bag_value(entry, row->head, out));
}

void row_bag(struct row_builder *row, const struct prop_bag *bag)
{
    size_t i;

    for (i = 0; i < bag->count; i++)
        if (bag->items[i].size != PROP_EXTERNAL)
            add_entry(row, &bag->items[i]);
}

void row_announce(struct row_builder *row, const struct prop_bag *bag)
{
    size_t i;

    for (i = 0; i < bag->count; i++) {
        SPropValue *out = entry_is_large(&bag->items[i]) ? next(row, bag->items[i].tag) : NULL;

        if (out != NULL) {
            out->ulPropTag = CHANGE_PROP_TYPE(bag->items[i].tag, PT_ERROR);
            out->Value.err = MAPI_E_NOT_ENOUGH_MEMORY;
            row->count++;
        } else if (!entry_is_large(&bag->items[i])) {
            add_entry(row, &bag->items[i]);
        }
    }
}
