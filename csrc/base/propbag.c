/* base/propbag.c - see base/propbag.h. */
#include "base/propbag.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/propcodec.h"

enum { BLOB_VERSION = 1, RECORD_HEAD = 8, EXTERNAL_SIZE = 8 };

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the properties.");
}

void prop_bag_init(struct prop_bag *bag)
{
    *bag = (struct prop_bag){NULL, 0, 0, NULL, 0};
}

/* Frees an entry's payload unless it was loaded with others. */
static void free_payload(const struct prop_bag *bag, unsigned char *bytes)
{
    if ((uintptr_t)bytes - (uintptr_t)bag->block >= bag->block_size)
        free(bytes);
}

void prop_bag_clear(struct prop_bag *bag)
{
    for (size_t i = 0; i < bag->count; i++)
        free_payload(bag, bag->items[i].bytes);
    free(bag->items);
    free(bag->block);
    prop_bag_init(bag);
}

/* Where the entry with the id is, or would be. */
static size_t position_of(const struct prop_bag *bag, ULONG id)
{
    size_t low = 0;
    size_t high = bag->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (PROP_ID(bag->items[middle].tag) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct prop_bag *bag, size_t position, ULONG id)
{
    return position < bag->count && PROP_ID(bag->items[position].tag) == id;
}

const struct prop_entry *prop_bag_find(const struct prop_bag *bag, ULONG tag)
{
    size_t position = position_of(bag, PROP_ID(tag));
    return is_at(bag, position, PROP_ID(tag)) ? &bag->items[position] : NULL;
}

static HRESULT reserve(struct prop_bag *bag, size_t count)
{
    if (count <= bag->capacity)
        return S_OK;
    size_t capacity = bag->capacity == 0 ? 8 : bag->capacity * 2;
    if (capacity < count)
        capacity = count;
    struct prop_entry *items = realloc(bag->items, capacity * sizeof *items);
    if (items == NULL)
        return no_memory();
    bag->items = items;
    bag->capacity = capacity;
    return S_OK;
}

/* Puts the entry in its place; its bytes become the bag's on success. */
static HRESULT put(struct prop_bag *bag, const struct prop_entry *entry)
{
    size_t position = position_of(bag, PROP_ID(entry->tag));
    if (is_at(bag, position, PROP_ID(entry->tag))) {
        free_payload(bag, bag->items[position].bytes);
        bag->items[position] = *entry;
        return S_OK;
    }
    HRESULT hr = reserve(bag, bag->count + 1);
    if (hr != S_OK)
        return hr;
    memmove(&bag->items[position + 1], &bag->items[position], (bag->count - position) * sizeof *entry);
    bag->items[position] = *entry;
    bag->count++;
    return S_OK;
}

static HRESULT check_stored_tag(ULONG tag)
{
    if (!prop_type_is_storable(tag) || prop_stored_tag(tag) != tag)
        return fail(MAPI_E_INVALID_TYPE, "Property 0x%08lX is of a type that cannot be stored.", (unsigned long)tag);
    return S_OK;
}

HRESULT prop_bag_set_payload(struct prop_bag *bag, ULONG tag, const void *bytes, size_t size)
{
    HRESULT hr = check_stored_tag(tag);
    if (hr != S_OK)
        return hr;
    if (size >= PROP_EXTERNAL)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "Property 0x%08lX is larger than 4 GB.", (unsigned long)tag);
    struct prop_entry entry = {.tag = tag, .size = (uint32_t)size};
    if (size > 0) {
        entry.bytes = malloc(size);
        if (entry.bytes == NULL)
            return no_memory();
        memcpy(entry.bytes, bytes, size);
    }
    hr = put(bag, &entry);
    if (hr != S_OK)
        free(entry.bytes);
    return hr;
}

HRESULT prop_bag_set_external(struct prop_bag *bag, ULONG tag, uint64_t size)
{
    HRESULT hr = check_stored_tag(tag);
    if (hr != S_OK)
        return hr;
    const struct prop_entry entry = {.tag = tag, .size = PROP_EXTERNAL, .external_size = size};
    return put(bag, &entry);
}

HRESULT prop_bag_set(struct prop_bag *bag, const SPropValue *value)
{
    struct byte_buffer payload;
    byte_buffer_init(&payload);
    HRESULT hr = prop_payload_from_value(value, &payload);
    if (hr == S_OK)
        hr = prop_bag_set_payload(bag, prop_stored_tag(value->ulPropTag), payload.bytes, payload.size);
    byte_buffer_free(&payload);
    return hr;
}

bool prop_bag_remove(struct prop_bag *bag, ULONG tag)
{
    size_t position = position_of(bag, PROP_ID(tag));
    if (!is_at(bag, position, PROP_ID(tag)))
        return false;
    free_payload(bag, bag->items[position].bytes);
    bag->count--;
    memmove(&bag->items[position], &bag->items[position + 1], (bag->count - position) * sizeof bag->items[0]);
    return true;
}

bool prop_needs_stream(ULONG tag, uint64_t size)
{
    ULONG type = PROP_TYPE(tag);
    return size > PROP_INLINE_LIMIT && (type == PT_UNICODE || type == PT_STRING8 || type == PT_BINARY);
}

HRESULT prop_bag_get(const struct prop_bag *bag, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    const struct prop_entry *entry = prop_bag_find(bag, tag);
    return entry == NULL ? MAPI_E_NOT_FOUND : prop_entry_get(entry, tag, flags, head, out);
}

HRESULT prop_entry_get(const struct prop_entry *entry, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    ULONG wanted;
    HRESULT hr = prop_wanted_tag(entry->tag, tag, flags, &wanted);
    if (hr != S_OK)
        return hr;
    if (entry->size == PROP_EXTERNAL || prop_needs_stream(entry->tag, entry->size))
        return MAPI_E_NOT_ENOUGH_MEMORY;
    return prop_value_from_payload(wanted, flags, entry->bytes, entry->size, head, out);
}

/* ---- many at once ---- */

/* What a bag is going to hold. */
struct extent {
    size_t count;
    size_t bytes;
};

static void add_extent(struct extent *extent, const struct prop_entry *entry)
{
    extent->count++;
    extent->bytes += entry->size == PROP_EXTERNAL ? 0 : entry->size;
}

static HRESULT reserve_extent(struct prop_bag *bag, const struct extent *extent)
{
    HRESULT hr = extent->count > 0 ? reserve(bag, extent->count) : S_OK;
    if (hr != S_OK || extent->bytes == 0)
        return hr;
    bag->block = malloc(extent->bytes);
    if (bag->block == NULL)
        return no_memory();
    return S_OK;
}

/* Puts an entry, for which there is room, behind the others. */
static void append(struct prop_bag *bag, const struct prop_entry *entry)
{
    struct prop_entry *item = &bag->items[bag->count++];
    *item = *entry;
    if (entry->bytes == NULL)
        return;
    item->bytes = bag->block + bag->block_size;
    memcpy(item->bytes, entry->bytes, entry->size);
    bag->block_size += entry->size;
}

HRESULT prop_bag_copy(struct prop_bag *dst, const struct prop_bag *src)
{
    struct extent extent = {0, 0};
    for (size_t i = 0; i < src->count; i++)
        add_extent(&extent, &src->items[i]);
    struct prop_bag copy;
    prop_bag_init(&copy);
    HRESULT hr = reserve_extent(&copy, &extent);
    for (size_t i = 0; hr == S_OK && i < src->count; i++)
        append(&copy, &src->items[i]);
    if (hr != S_OK) {
        prop_bag_clear(&copy);
        return hr;
    }
    prop_bag_clear(dst);
    *dst = copy;
    return S_OK;
}

/* ---- the blob ---- */

HRESULT prop_bag_encode(const struct prop_bag *bag, struct byte_buffer *out)
{
    size_t total = 1;
    for (size_t i = 0; i < bag->count; i++)
        total += RECORD_HEAD + (bag->items[i].size == PROP_EXTERNAL ? (size_t)EXTERNAL_SIZE : bag->items[i].size);
    unsigned char *at = byte_buffer_extend(out, total);
    if (at == NULL)
        return no_memory();
    *at++ = BLOB_VERSION;
    for (size_t i = 0; i < bag->count; i++) {
        const struct prop_entry *entry = &bag->items[i];
        bytes_put_u32(at, entry->tag);
        bytes_put_u32(at + 4, entry->size);
        at += RECORD_HEAD;
        if (entry->size == PROP_EXTERNAL) {
            bytes_put_u64(at, entry->external_size);
            at += EXTERNAL_SIZE;
        } else if (entry->size > 0) {
            memcpy(at, entry->bytes, entry->size);
            at += entry->size;
        }
    }
    return S_OK;
}

static HRESULT corrupt(void)
{
    return fail(MAPI_E_CORRUPT_DATA, "Stored properties are damaged and cannot be read.");
}

/* A value of fixed width is inside the blob and of that width: whoever reads the entry relies on it. */
static bool fits(ULONG tag, uint32_t size)
{
    size_t width = prop_stored_width(PROP_TYPE(tag));
    return width == 0 || size == width;
}

/* Reads the record at *at, which moves behind it; the payload stays where it is. */
static HRESULT read_record(const unsigned char **at, const unsigned char *end, struct prop_entry *entry)
{
    *entry = (struct prop_entry){0, 0, 0, NULL};
    if ((size_t)(end - *at) < RECORD_HEAD)
        return corrupt();
    entry->tag = bytes_get_u32(*at);
    entry->size = bytes_get_u32(*at + 4);
    *at += RECORD_HEAD;
    size_t length = entry->size == PROP_EXTERNAL ? (size_t)EXTERNAL_SIZE : entry->size;
    if (!prop_type_is_storable(entry->tag) || prop_stored_tag(entry->tag) != entry->tag ||
        !fits(entry->tag, entry->size) || (size_t)(end - *at) < length)
        return corrupt();
    if (entry->size == PROP_EXTERNAL)
        entry->external_size = bytes_get_u64(*at);
    else if (length > 0)
        entry->bytes = (unsigned char *)(uintptr_t)*at; /* only read, until it is copied */
    *at += length;
    return S_OK;
}

/* Looks at all records of a blob before anything is made of them. */
static HRESULT measure(const unsigned char *at, const unsigned char *end, struct extent *extent)
{
    HRESULT hr = S_OK;
    ULONG last = 0;
    while (hr == S_OK && at < end) {
        struct prop_entry entry;
        hr = read_record(&at, end, &entry);
        if (hr == S_OK && extent->count > 0 && PROP_ID(entry.tag) <= last)
            hr = corrupt();
        last = PROP_ID(entry.tag);
        add_extent(extent, &entry);
    }
    return hr;
}

/* The records, which have been looked at, and the entries, in one order. */
static void merge(struct prop_bag *bag, const unsigned char *at, const unsigned char *end,
                  const struct prop_entry *further, const struct prop_entry *further_end)
{
    while (at < end) {
        struct prop_entry entry;
        (void)read_record(&at, end, &entry);
        for (; further < further_end && PROP_ID(further->tag) < PROP_ID(entry.tag); further++)
            append(bag, further);
        if (further < further_end && PROP_ID(further->tag) == PROP_ID(entry.tag))
            further++;
        append(bag, &entry);
    }
    for (; further < further_end; further++)
        append(bag, further);
}

HRESULT prop_bag_load(struct prop_bag *bag, const void *bytes, size_t size, const struct prop_entry *further,
                      size_t further_count)
{
    const unsigned char *at = bytes;
    const unsigned char *end = size > 0 ? at + size : at;
    if (size > 0 && *at++ != BLOB_VERSION)
        return corrupt();
    struct extent extent = {0, 0};
    HRESULT hr = measure(at, end, &extent);
    for (size_t i = 0; i < further_count; i++)
        add_extent(&extent, &further[i]);
    struct prop_bag loaded;
    prop_bag_init(&loaded);
    if (hr == S_OK)
        hr = reserve_extent(&loaded, &extent);
    if (hr != S_OK) {
        prop_bag_clear(&loaded);
        return hr;
    }
    merge(&loaded, at, end, further, further_count > 0 ? further + further_count : further);
    prop_bag_clear(bag);
    *bag = loaded;
    return S_OK;
}

HRESULT prop_bag_decode(struct prop_bag *bag, const void *bytes, size_t size)
{
    return prop_bag_load(bag, bytes, size, NULL, 0);
}
