/* store/text.h - strings as clients pass them (UTF-16 with MAPI_UNICODE, else UTF-8) and as the store keeps them
 * (UTF-8). */
#ifndef STORE_TEXT_H
#define STORE_TEXT_H

#include <stddef.h>

#include <mapidefs.h>

#include "base/byte_buffer.h"

/* Appends the string, without its NUL, as UTF-8. MAPI_E_INVALID_PARAMETER for 8-bit text that is not UTF-8. */
HRESULT text_from_client(const void *string, ULONG flags, struct byte_buffer *out);

/* A copy of UTF-8 text in a block of its own (MAPIFreeBuffer), in the width that flags ask for. */
HRESULT text_to_client(const char *text, size_t size, ULONG flags, void **out);

#endif
