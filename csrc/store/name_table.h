/* store/name_table.h - the named properties of the store that a logon has met.
 *
 * A name keeps its id for as long as there is the store, and ids only grow. So what has been read once needs no reading again, and
 * whether there is more is one question: is there a greater id?
 */
#ifndef STORE_NAME_TABLE_H
#define STORE_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

struct known_name {
    ULONG id; /* 0: a free slot */
    uint32_t hash;
    size_t size;
    unsigned char *key;
};

/* All zero is a valid empty table. */
struct name_table {
    struct known_name *slots; /* at most half of them are used */
    size_t capacity;          /* 0, or a power of two */
    size_t count;
    int64_t newest; /* the greatest id that has been read */
};

void name_table_clear(struct name_table *table);

/* The id of a name, or 0. A key is what the caller makes of a name. */
ULONG name_table_find(const struct name_table *table, const void *key, size_t size);

/* Adds one; the key is copied. MAPI_E_NOT_ENOUGH_MEMORY leaves the table unchanged. */
HRESULT name_table_add(struct name_table *table, const void *key, size_t size, ULONG id);

#endif
