#include "store/name_table.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

enum { FIRST_CAPACITY = 32 };

void name_table_clear(struct name_table *table)
{
    size_t i;

    for (i = 0; i < table->capacity; i++)
        free(table->slots[i].key);
    free(table->slots);
    memset(table, 0, sizeof *table);
}

static uint32_t hash_of(const unsigned char *key, size_t size)
{
    uint32_t hash = 2166136261u;
    size_t i;

    for (i = 0; i < size; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return hash;
}

/* The slot of a key, or the free one where it would be. */
static struct known_name *slot_of(const struct name_table *table, const void *key, size_t size, uint32_t hash)
{
    size_t at = hash & (table->capacity - 1);

    for (;; at = (at + 1) & (table->capacity - 1)) {
        struct known_name *slot = &table->slots[at];

        if (slot->id == 0 || (slot->hash == hash && slot->size == size && memcmp(slot->key, key, size) == 0))
            return slot;
    }
}

ULONG name_table_find(const struct name_table *table, const void *key, size_t size)
{
    return table->capacity == 0 ? 0 : slot_of(table, key, size, hash_of(key, size))->id;
}

static HRESULT reserve(struct name_table *table)
{
    struct name_table grown = *table;
    size_t i;

    if (table->count * 2 < table->capacity)
        return S_OK;
    grown.capacity = table->capacity == 0 ? FIRST_CAPACITY : table->capacity * 2;
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (i = 0; i < table->capacity; i++) {
        const struct known_name *name = &table->slots[i];

        if (name->id != 0)
            *slot_of(&grown, name->key, name->size, name->hash) = *name;
    }
    free(table->slots);
    *table = grown;
    return S_OK;
}

HRESULT name_table_add(struct name_table *table, const void *key, size_t size, ULONG id)
{
    uint32_t hash = hash_of(key, size);
    struct known_name *slot;
    unsigned char *copy;

    if (FAILED(reserve(table)))
        return MAPI_E_NOT_ENOUGH_MEMORY;
    slot = slot_of(table, key, size, hash);
    if (slot->id != 0)
        return S_OK;
    copy = malloc(size);
    if (copy == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memcpy(copy, key, size);
    slot->id = id;
    slot->hash = hash;
    slot->size = size;
    slot->key = copy;
    table->count++;
    return S_OK;
}
