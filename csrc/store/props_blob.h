/* store/props_blob.h - looking up one property in an encoded bag (base/propbag.h) without decoding the others. */
#ifndef STORE_PROPS_BLOB_H
#define STORE_PROPS_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

struct blob_entry {
    ULONG tag;
    bool external;
    uint64_t external_size;
    const unsigned char *bytes; /* inside the blob */
    size_t size;
};

/* The entry with the tag's id; false when there is none, or when it or the blob is damaged (a fixed type of another
 * width). */
bool props_blob_find(const unsigned char *blob, size_t size, ULONG tag, struct blob_entry *out);

#endif
