/* store/value_stream.h - a property's value in pieces, and the conversions between the stored form of text (UTF-8)
 * and what a stream of a PT_UNICODE property shows (UTF-16), for values of any size. */
#ifndef STORE_VALUE_STREAM_H
#define STORE_VALUE_STREAM_H

#include "store/host.h"
#include "store/spool.h"

/* The payload of the host's property as a spool: shared when it is staged, else filled. `wide`: as UTF-16.
 * MAPI_E_NOT_FOUND; MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_CORRUPT_DATA and the codes of the database and of spool_write. */
HRESULT value_to_spool(struct host *host, ULONG tag, bool wide, struct spool **out);

/* What a stream's content is stored as: text without its final NUL, as UTF-8. MAPI_E_INVALID_PARAMETER for 8-bit text
 * that is not UTF-8. The result may be the same spool. */
HRESULT spool_to_payload(struct spool *content, ULONG tag, struct spool **out);

#endif
