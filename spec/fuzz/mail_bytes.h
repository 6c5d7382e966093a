/* fuzz/mail_bytes.h - what targets that convert mail share: the converter's memory, and what it has written. */
#ifndef FUZZ_MAIL_BYTES_H
#define FUZZ_MAIL_BYTES_H

#include <stdlib.h>
#include <string.h>

#include "mime/converter.h"

static const struct mime_allocators allocators = {sizeof allocators, MAPIAllocateBuffer, MAPIAllocateMore,
                                                  MAPIFreeBuffer, NULL};

struct bytes {
    unsigned char *at;
    size_t size;
};

/* For memstream_create_writer: keeps the latest content. */
static HRESULT keep(void *context, const void *bytes, size_t size)
{
    struct bytes *kept = context;

    free(kept->at);
    kept->at = malloc(size + 1);
    if (kept->at == NULL)
        abort();
    memcpy(kept->at, bytes, size);
    kept->size = size;
    return S_OK;
}

#endif
