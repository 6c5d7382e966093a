/* base/restriction_codec.h - SRestriction as bytes, for who keeps one in a file.
 *
 * u8 version (1), then the tree from its root down. A node: u8 kind, then what it has, integers as u32:
 *   AND, OR             count, nodes
 *   NOT                 node
 *   CONTENT, PROPERTY   fuzzy level or relation, tag, value
 *   COMPAREPROPS        relation, tag, tag
 *   BITMASK             relation, tag, mask
 *   SIZE                relation, tag, size
 *   EXIST               tag
 *   SUBRESTRICTION      tag of the sub-object, node
 *   COMMENT, ANNOTATION count, values, u8 whether a node follows
 * A value: the tag it is stored under, size, payload (base/propcodec.h).
 */
#ifndef BASE_RESTRICTION_CODEC_H
#define BASE_RESTRICTION_CODEC_H

#include <stddef.h>

#include <mapidefs.h>

#include "base/byte_buffer.h"

/* Appends a restriction, which is checked first: what restriction_check answers; MAPI_E_TOO_COMPLEX also for a value
 * that has no stored form. NULL is MAPI_E_INVALID_PARAMETER. */
HRESULT restriction_encode(const SRestriction *restriction, struct byte_buffer *out);

/* Makes a restriction, checked, in one block (MAPIFreeBuffer); strings and the tags that speak of them are PT_UNICODE
 * with MAPI_UNICODE in flags, else PT_STRING8. MAPI_E_CORRUPT_DATA; MAPI_E_NOT_ENOUGH_MEMORY. *out is NULL on
 * failure. */
HRESULT restriction_decode(const void *bytes, size_t size, ULONG flags, LPSRestriction *out);

#endif
