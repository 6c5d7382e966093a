#include "store/holder.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/propcodec.h"

void holder_clear(struct holder *holder)
{
    size_t i;

    prop_bag_clear(&holder->bag);
    for (i = 0; i < holder->staged_count; i++)
        spool_unref(holder->staged[i].spool);
    free(holder->staged);
    free(holder->stale);
    memset(holder, 0, sizeof *holder);
}

HRESULT holder_copy(struct holder *to, const struct holder *from)
{
    struct holder copy;
    HRESULT hr;
    size_t i;

    memset(&copy, 0, sizeof copy);
    hr = prop_bag_copy(&copy.bag, &from->bag);
    if (SUCCEEDED(hr) && from->staged_count > 0) {
        copy.staged = malloc(from->staged_count * sizeof *copy.staged);
        if (copy.staged == NULL)
            hr = MAPI_E_NOT_ENOUGH_MEMORY;
    }
    if (SUCCEEDED(hr) && from->stale_count > 0) {
        copy.stale = malloc(from->stale_count * sizeof *copy.stale);
        if (copy.stale == NULL)
            hr = MAPI_E_NOT_ENOUGH_MEMORY;
    }
    if (FAILED(hr)) {
        holder_clear(&copy);
        return hr;
    }
    for (i = 0; i < from->staged_count; i++) {
        copy.staged[i].id = from->staged[i].id;
        copy.staged[i].spool = spool_ref(from->staged[i].spool);
    }
    copy.staged_count = from->staged_count;
    if (from->stale_count > 0)
        memcpy(copy.stale, from->stale, from->stale_count * sizeof *copy.stale);
    copy.stale_count = copy.stale_capacity = from->stale_count;
    holder_clear(to);
    *to = copy;
    return S_OK;
}

static size_t staged_index(const struct holder *holder, ULONG tag)
{
    size_t i;

    for (i = 0; i < holder->staged_count; i++)
        if (holder->staged[i].id == PROP_ID(tag))
            break;
    return i;
}

struct spool *holder_staged(const struct holder *holder, ULONG tag)
{
    size_t i = staged_index(holder, tag);

    return i < holder->staged_count ? holder->staged[i].spool : NULL;
}

/* Whether the value in force is the one in the chunk table. */
static bool is_stored(const struct holder *holder, ULONG tag)
{
    const struct prop_entry *entry = prop_bag_find(&holder->bag, tag);

    return entry != NULL && entry->size == PROP_EXTERNAL && holder_staged(holder, tag) == NULL;
}

static HRESULT reserve_stale(struct holder *holder)
{
    size_t capacity = holder->stale_capacity == 0 ? 4 : holder->stale_capacity * 2;
    ULONG *stale;

    if (holder->stale_count < holder->stale_capacity)
        return S_OK;
    stale = realloc(holder->stale, capacity * sizeof *stale);
    if (stale == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    holder->stale = stale;
    holder->stale_capacity = capacity;
    return S_OK;
}

static void unstage(struct holder *holder, ULONG tag)
{
    size_t i = staged_index(holder, tag);

    if (i < holder->staged_count) {
        spool_unref(holder->staged[i].spool);
        holder->staged[i] = holder->staged[--holder->staged_count];
    }
}

/* Around each change of one property: room for remembering first, so that nothing can fail after the bag has changed.
 */
static HRESULT change_begin(struct holder *holder, ULONG tag, bool *was_stored)
{
    *was_stored = is_stored(holder, tag);
    return *was_stored ? reserve_stale(holder) : S_OK;
}

static void change_done(struct holder *holder, ULONG tag, bool was_stored)
{
    if (was_stored)
        holder->stale[holder->stale_count++] = PROP_ID(tag);
    unstage(holder, tag);
}

HRESULT holder_set(struct holder *holder, const SPropValue *value)
{
    bool was_stored;
    HRESULT hr = change_begin(holder, value->ulPropTag, &was_stored);

    if (SUCCEEDED(hr))
        hr = prop_bag_set(&holder->bag, value);
    if (SUCCEEDED(hr))
        change_done(holder, value->ulPropTag, was_stored);
    return hr;
}

HRESULT holder_set_payload(struct holder *holder, ULONG tag, const void *bytes, size_t size)
{
    bool was_stored;
    HRESULT hr = change_begin(holder, tag, &was_stored);

    if (SUCCEEDED(hr))
        hr = prop_bag_set_payload(&holder->bag, tag, bytes, size);
    if (SUCCEEDED(hr))
        change_done(holder, tag, was_stored);
    return hr;
}

HRESULT holder_set_long(struct holder *holder, ULONG tag, ULONG value)
{
    unsigned char bytes[4];

    bytes_put_u32(bytes, value);
    return holder_set_payload(holder, tag, bytes, sizeof bytes);
}

HRESULT holder_set_time(struct holder *holder, ULONG tag, int64_t ticks)
{
    unsigned char bytes[8];

    bytes_put_u64(bytes, (uint64_t)ticks);
    return holder_set_payload(holder, tag, bytes, sizeof bytes);
}

void holder_poke_long(struct holder *holder, ULONG tag, ULONG value)
{
    const struct prop_entry *entry = prop_bag_find(&holder->bag, tag);

    if (entry != NULL && entry->tag == tag && entry->size == 4)
        bytes_put_u32(entry->bytes, value);
}

void holder_poke_time(struct holder *holder, ULONG tag, int64_t ticks)
{
    const struct prop_entry *entry = prop_bag_find(&holder->bag, tag);

    if (entry != NULL && entry->tag == tag && entry->size == 8)
        bytes_put_u64(entry->bytes, (uint64_t)ticks);
}

HRESULT holder_set_spool(struct holder *holder, ULONG tag, struct spool *spool)
{
    struct staged *staged;
    bool was_stored;
    HRESULT hr = change_begin(holder, tag, &was_stored);

    if (FAILED(hr))
        return hr;
    staged = realloc(holder->staged, (holder->staged_count + 1) * sizeof *staged);
    if (staged == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    holder->staged = staged;
    hr = prop_bag_set_external(&holder->bag, tag, spool_size(spool));
    if (FAILED(hr))
        return hr;
    change_done(holder, tag, was_stored);
    holder->staged[holder->staged_count].id = PROP_ID(tag);
    holder->staged[holder->staged_count++].spool = spool_ref(spool);
    return S_OK;
}

HRESULT holder_remove(struct holder *holder, ULONG tag)
{
    bool was_stored;
    HRESULT hr;

    if (prop_bag_find(&holder->bag, tag) == NULL)
        return MAPI_E_NOT_FOUND;
    hr = change_begin(holder, tag, &was_stored);
    if (FAILED(hr))
        return hr;
    prop_bag_remove(&holder->bag, tag);
    change_done(holder, tag, was_stored);
    return S_OK;
}

bool holder_has(const struct holder *holder, ULONG tag)
{
    return prop_bag_find(&holder->bag, tag) != NULL;
}

ULONG holder_long(const struct holder *holder, ULONG tag, ULONG otherwise)
{
    const struct prop_entry *entry = prop_bag_find(&holder->bag, tag);

    return entry != NULL && entry->tag == tag && entry->size == 4 ? bytes_get_u32(entry->bytes) : otherwise;
}

int64_t holder_time(const struct holder *holder, ULONG tag, int64_t otherwise)
{
    const struct prop_entry *entry = prop_bag_find(&holder->bag, tag);

    return entry != NULL && entry->tag == tag && entry->size == 8 ? (int64_t)bytes_get_u64(entry->bytes) : otherwise;
}

HRESULT holder_payload(const struct holder *holder, struct store *store, struct place place, ULONG tag,
                       struct byte_buffer *out)
{
    const struct prop_entry *entry = prop_bag_find(&holder->bag, tag);
    struct spool *spool;
    unsigned char *room;
    size_t got;

    if (entry == NULL)
        return MAPI_E_NOT_FOUND;
    if (entry->size != PROP_EXTERNAL)
        return prop_needs_stream(entry->tag, entry->size) ? MAPI_E_NOT_ENOUGH_MEMORY
                                                          : byte_buffer_append(out, entry->bytes, entry->size);
    if (prop_needs_stream(entry->tag, entry->external_size))
        return MAPI_E_NOT_ENOUGH_MEMORY;
    spool = holder_staged(holder, tag);
    if (spool == NULL)
        return entry->external_size > CHUNK_SIZE ? chunks_read(store, place, tag, entry->external_size, out)
                                                 : chunk_read(store, place, tag, 0, out);
    room = byte_buffer_extend(out, (size_t)entry->external_size);
    return room == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : spool_read(spool, 0, room, (size_t)entry->external_size, &got);
}

HRESULT holder_get(const struct holder *holder, struct store *store, struct place place, ULONG tag, ULONG flags,
                   void *head, SPropValue *out)
{
    const struct prop_entry *entry = prop_bag_find(&holder->bag, tag);
    struct byte_buffer bytes;
    ULONG wanted;
    HRESULT hr;

    if (entry == NULL)
        return MAPI_E_NOT_FOUND;
    if (entry->size != PROP_EXTERNAL || prop_needs_stream(entry->tag, entry->external_size))
        return prop_entry_get(entry, tag, flags, head, out);
    hr = prop_wanted_tag(entry->tag, tag, flags, &wanted);
    if (FAILED(hr))
        return hr;
    byte_buffer_init(&bytes);
    hr = holder_payload(holder, store, place, tag, &bytes);
    if (SUCCEEDED(hr))
        hr = prop_value_from_payload(wanted, flags, bytes.bytes, bytes.size, head, out);
    byte_buffer_free(&bytes);
    return hr;
}

/* What an entry that stands for chunks has become. */
static HRESULT take_entry(struct holder *ours, ULONG tag, const struct prop_entry *now)
{
    if (now == NULL) {
        prop_bag_remove(&ours->bag, tag);
        return S_OK;
    }
    if (now->size == PROP_EXTERNAL)
        return prop_bag_set_external(&ours->bag, now->tag, now->external_size);
    return prop_bag_set_payload(&ours->bag, now->tag, now->bytes, now->size);
}

HRESULT holder_take_over(struct holder *ours, const struct holder *theirs)
{
    HRESULT hr = S_OK;
    size_t i;

    for (i = ours->bag.count; i > 0 && SUCCEEDED(hr); i--) {
        ULONG tag = ours->bag.items[i - 1].tag;

        if (is_stored(ours, tag))
            hr = take_entry(ours, tag, prop_bag_find(&theirs->bag, tag));
    }
    for (i = 0; i < theirs->bag.count && SUCCEEDED(hr); i++) {
        const struct prop_entry *entry = &theirs->bag.items[i];

        if (entry->size != PROP_EXTERNAL || is_stored(ours, entry->tag))
            continue;
        hr = reserve_stale(ours);
        if (SUCCEEDED(hr))
            ours->stale[ours->stale_count++] = PROP_ID(entry->tag);
    }
    return hr;
}

bool entry_is_large(const struct prop_entry *entry)
{
    return entry->size == PROP_EXTERNAL || entry->size > INLINE_LIMIT;
}

uint64_t holder_size(const struct holder *holder)
{
    uint64_t size = 0;
    size_t i;

    for (i = 0; i < holder->bag.count; i++) {
        const struct prop_entry *entry = &holder->bag.items[i];

        size += entry->size == PROP_EXTERNAL ? entry->external_size : entry->size;
    }
    return size;
}

HRESULT holder_encode(const struct holder *holder, bool (*skip)(const struct prop_entry *entry),
                      struct byte_buffer *out)
{
    HRESULT hr = byte_buffer_append_u8(out, 1);
    size_t i;

    for (i = 0; i < holder->bag.count && SUCCEEDED(hr); i++) {
        const struct prop_entry *entry = &holder->bag.items[i];
        bool external = entry_is_large(entry);

        if (skip != NULL && skip(entry))
            continue;
        hr = byte_buffer_append_u32(out, entry->tag);
        if (SUCCEEDED(hr))
            hr = byte_buffer_append_u32(out, external ? PROP_EXTERNAL : entry->size);
        if (FAILED(hr))
            break;
        if (external)
            hr = byte_buffer_append_u64(out, entry->size == PROP_EXTERNAL ? entry->external_size : entry->size);
        else
            hr = byte_buffer_append(out, entry->bytes, entry->size);
    }
    return hr;
}

void holder_settle(struct holder *holder)
{
    size_t i;

    for (i = 0; i < holder->bag.count; i++) {
        const struct prop_entry *entry = &holder->bag.items[i];

        if (entry->size != PROP_EXTERNAL && entry->size > INLINE_LIMIT)
            (void)prop_bag_set_external(&holder->bag, entry->tag, entry->size); /* replacing one cannot fail */
    }
    while (holder->staged_count > 0)
        spool_unref(holder->staged[--holder->staged_count].spool);
    holder->stale_count = 0;
}
