#include "store/props_blob.h"

#include "base/byte_buffer.h"
#include "base/propbag.h"
#include "base/propcodec.h"

bool props_blob_find(const unsigned char *blob, size_t size, ULONG tag, struct blob_entry *out)
{
    const unsigned char *end = blob + size;
    const unsigned char *at = blob + 1;

    if (size == 0 || blob[0] != 1)
        return false;
    while (end - at >= 8) {
        ULONG found = bytes_get_u32(at);
        uint32_t length = bytes_get_u32(at + 4);
        size_t bytes = length == PROP_EXTERNAL ? 8 : length;

        at += 8;
        if ((size_t)(end - at) < bytes)
            return false;
        if (PROP_ID(found) == PROP_ID(tag)) {
            size_t width = prop_stored_width(PROP_TYPE(found));

            out->tag = found;
            out->external = length == PROP_EXTERNAL;
            out->external_size = out->external ? bytes_get_u64(at) : 0;
            out->bytes = at;
            out->size = out->external ? 0 : bytes;
            return out->external || width == 0 || width == bytes;
        }
        at += bytes;
    }
    return false;
}
