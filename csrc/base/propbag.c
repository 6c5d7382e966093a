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
    *bag = (struct prop_bag){NULL, 0, 0};
}

void prop_bag_clear(struct prop_bag *bag)
{
    for (size_t i = 0; i < bag->count; i++)
        free(bag->items[i].bytes);
    free(bag->items);
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
        free(bag->items[position].bytes);
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
    free(bag->items[position].bytes);
    bag->count--;
    memmove(&bag->items[position], &bag->items[position + 1], (bag->count - position) * sizeof bag->items[0]);
    return true;
}

HRESULT prop_bag_get(const struct prop_bag *bag, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    const struct prop_entry *entry = prop_bag_find(bag, tag);
    if (entry == NULL)
        return MAPI_E_NOT_FOUND;
    ULONG wanted;
    HRESULT hr = prop_wanted_tag(entry->tag, tag, flags, &wanted);
    if (hr != S_OK)
        return hr;
    if (entry->size > PROP_INLINE_LIMIT) /* PROP_EXTERNAL too */
        return MAPI_E_NOT_ENOUGH_MEMORY;
    return prop_value_from_payload(wanted, flags, entry->bytes, entry->size, head, out);
}

HRESULT prop_bag_copy(struct prop_bag *dst, const struct prop_bag *src)
{
    struct prop_bag copy;
    prop_bag_init(&copy);
    HRESULT hr = reserve(&copy, src->count);
    for (size_t i = 0; hr == S_OK && i < src->count; i++) {
        const struct prop_entry *entry = &src->items[i];
        hr = entry->size == PROP_EXTERNAL ? prop_bag_set_external(&copy, entry->tag, entry->external_size)
                                          : prop_bag_set_payload(&copy, entry->tag, entry->bytes, entry->size);
    }
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

/* Reads one record at *at, which moves behind it. */
static HRESULT decode_record(struct prop_bag *bag, const unsigned char **at, const unsigned char *end)
{
    if ((size_t)(end - *at) < RECORD_HEAD)
        return corrupt();
    ULONG tag = bytes_get_u32(*at);
    uint32_t size = bytes_get_u32(*at + 4);
    *at += RECORD_HEAD;
    if (!prop_type_is_storable(tag) || prop_stored_tag(tag) != tag || !fits(tag, size) ||
        prop_bag_find(bag, tag) != NULL)
        return corrupt();
    size_t length = size == PROP_EXTERNAL ? (size_t)EXTERNAL_SIZE : size;
    if ((size_t)(end - *at) < length)
        return corrupt();
    const unsigned char *payload = *at;
    *at += length;
    if (size == PROP_EXTERNAL)
        return prop_bag_set_external(bag, tag, bytes_get_u64(payload));
    return prop_bag_set_payload(bag, tag, payload, length);
}

HRESULT prop_bag_decode(struct prop_bag *bag, const void *bytes, size_t size)
{
    struct prop_bag decoded;
    prop_bag_init(&decoded);
    HRESULT hr = S_OK;
    if (size > 0) {
        const unsigned char *at = bytes;
        const unsigned char *end = at + size;
        if (*at++ != BLOB_VERSION)
            return corrupt();
        while (hr == S_OK && at < end)
            hr = decode_record(&decoded, &at, end);
    }
    if (hr != S_OK) {
        prop_bag_clear(&decoded);
        return hr;
    }
    prop_bag_clear(bag);
    *bag = decoded;
    return S_OK;
}
