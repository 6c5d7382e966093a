/* base/propbag.h - a set of properties in memory, each kept as its payload (base/propcodec.h), and the set as one
 * blob.
 *
 * A blob is the byte 1 (its version), then records [u32 tag][u32 length][payload]. The length PROP_EXTERNAL means
 * that the value is kept elsewhere (large values live in a table of chunks): instead of a payload follows its size
 * as u64. The records are in the order of the property ids.
 */
#ifndef BASE_PROPBAG_H
#define BASE_PROPBAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

#include "base/byte_buffer.h"

#define PROP_EXTERNAL 0xFFFFFFFFu

/* Text and binary values larger than this are not handed out by GetProps: MAPI_E_NOT_ENOUGH_MEMORY in their slot,
 * OpenProperty reads them. Values of other types have no stream, so GetProps gives them however large they are. */
#define PROP_INLINE_LIMIT 0x10000u

/* Whether a value with a payload of `size` bytes is one that only a stream reads. */
bool prop_needs_stream(ULONG tag, uint64_t size);

struct prop_entry {
    ULONG tag;              /* as stored: never PT_STRING8 */
    uint32_t size;          /* of the payload, or PROP_EXTERNAL */
    uint64_t external_size; /* of the payload when external, else 0 */
    unsigned char *bytes;   /* malloc'd, or in the bag's block; NULL when external or empty */
};

/* Sorted by property id, one entry per id. All zero is a valid empty bag. */
struct prop_bag {
    struct prop_entry *items;
    size_t count;
    size_t capacity;
    unsigned char *block; /* the payloads that were loaded together; freed with the bag */
    size_t block_size;
};

void prop_bag_init(struct prop_bag *bag);

/* Frees everything; the bag is empty and may be used again. */
void prop_bag_clear(struct prop_bag *bag);

/* Replaces the content of dst by a copy of src. MAPI_E_NOT_ENOUGH_MEMORY leaves dst unchanged. */
HRESULT prop_bag_copy(struct prop_bag *dst, const struct prop_bag *src);

/* The entry with the tag's id, whatever its type, or NULL. Valid until the bag changes. */
const struct prop_entry *prop_bag_find(const struct prop_bag *bag, ULONG tag);

/* Adds or replaces a property; a value of another type under the same id is replaced. Errors as
 * prop_payload_from_value; on failure the bag is unchanged. */
HRESULT prop_bag_set(struct prop_bag *bag, const SPropValue *value);

/* The same with the payload at hand (it is copied). The tag's type must be a stored one; the payload is not
 * examined. */
HRESULT prop_bag_set_payload(struct prop_bag *bag, ULONG tag, const void *bytes, size_t size);

/* The same for a value that is kept elsewhere and is `size` bytes long. */
HRESULT prop_bag_set_external(struct prop_bag *bag, ULONG tag, uint64_t size);

/* Removes the property with the tag's id; false when there was none. Cannot fail otherwise. */
bool prop_bag_remove(struct prop_bag *bag, ULONG tag);

/* A property as GetProps hands it out, allocated on head. S_OK; MAPI_E_NOT_FOUND when there is none of the wanted
 * type; MAPI_E_NOT_ENOUGH_MEMORY when only a stream reads it, its payload is external, or there is no
 * memory; MAPI_E_CORRUPT_DATA. *out is unchanged on failure. Stores no sentence for MAPI_E_NOT_FOUND, which is an
 * everyday answer. */
HRESULT prop_bag_get(const struct prop_bag *bag, ULONG tag, ULONG flags, void *head, SPropValue *out);

/* The same of an entry that has been found by the tag's id. */
HRESULT prop_entry_get(const struct prop_entry *entry, ULONG tag, ULONG flags, void *head, SPropValue *out);

/* Appends the bag as a blob; on failure nothing has been appended. */
HRESULT prop_bag_encode(const struct prop_bag *bag, struct byte_buffer *out);

/* Replaces the bag's content by that of a blob. Reads no byte beyond size, whatever the bytes are:
 * MAPI_E_CORRUPT_DATA leaves the bag unchanged, and so does MAPI_E_NOT_ENOUGH_MEMORY. A blob of 0 bytes is an empty
 * bag. */
HRESULT prop_bag_decode(struct prop_bag *bag, const void *bytes, size_t size);

/* The same with further entries, which are copied with their payloads: in the order of their ids, none of them external.
 * What the blob has wins over an entry with the same id. Two blocks of memory hold all of it. */
HRESULT prop_bag_load(struct prop_bag *bag, const void *bytes, size_t size, const struct prop_entry *further,
                      size_t further_count);

#endif
