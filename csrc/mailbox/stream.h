/* mailbox/stream.h - an IStream that reads or writes what its owner says, which the converter is given. */
#ifndef MAILBOX_STREAM_H
#define MAILBOX_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

/* Either function may be NULL: STG_E_ACCESSDENIED. */
struct stream_owner {
    void *context;
    uint64_t size; /* of what can be read */
    HRESULT (*read)(void *context, uint64_t position, unsigned char *out, size_t room, size_t *got);
    HRESULT (*write)(void *context, const void *bytes, size_t size); /* in order: the position does not matter */
};

/* MAPI_E_NOT_ENOUGH_MEMORY. Once detached it answers STG_E_REVERTED. */
HRESULT stream_create(const struct stream_owner *owner, IStream **stream);
void stream_detach(IStream *stream);

#endif
