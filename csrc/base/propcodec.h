/* base/propcodec.h - a property's value as bytes: the one stored form ("payload") of profiles and stores.
 *
 *   PT_I2 2, PT_LONG 4, PT_R4 4, PT_DOUBLE, PT_CURRENCY, PT_APPTIME, PT_I8, PT_SYSTIME 8 bytes, little endian
 *   PT_BOOLEAN          1 byte, 0 or 1
 *   PT_UNICODE          UTF-8 without NUL; lone surrogates as three bytes (WTF-8). PT_STRING8 is stored as PT_UNICODE
 *   PT_CLSID            16 bytes as in memory on a little-endian machine
 *   PT_BINARY           the bytes
 *   MV of fixed size    the elements one after the other
 *   MV string, binary   u32 count, then per element u32 length and the bytes
 *
 * PT_UNSPECIFIED, PT_NULL, PT_OBJECT, PT_ERROR, PT_PTR and anything with MV_INSTANCE have no stored form.
 */
#ifndef BASE_PROPCODEC_H
#define BASE_PROPCODEC_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

#include "base/byte_buffer.h"

/* The tag a value is stored under: PT_STRING8 and PT_MV_STRING8 become PT_UNICODE and PT_MV_UNICODE. */
ULONG prop_stored_tag(ULONG tag);

/* Whether values of the tag's type have a stored form. */
bool prop_type_is_storable(ULONG tag);

/* The width of the stored form of a type (without MV_FLAG) where that is fixed; 0 where it is not, or there is none. */
size_t prop_stored_width(ULONG type);

/* Appends the payload of a value. S_OK; MAPI_E_INVALID_TYPE for a type without stored form;
 * MAPI_E_INVALID_PARAMETER for a NULL pointer in the value, an MV without elements, or 8-bit text that is not
 * UTF-8; MAPI_E_NOT_ENOUGH_MEMORY (also for 4 GB and more). On failure nothing has been appended. */
HRESULT prop_payload_from_value(const SPropValue *value, struct byte_buffer *out);

/* Makes the value of a payload. The tag's type says how the bytes are to be read and, for strings, which width is
 * wanted: a stored PT_UNICODE payload is also read with PT_STRING8 (UTF-8). out->ulPropTag becomes tag. Whatever
 * the value points to is allocated with MAPIAllocateMore on head (which need not be the block that holds *out).
 * `flags` are those of GetProps and are not looked at: by now the width is in the tag. S_OK; MAPI_E_CORRUPT_DATA
 * when the bytes cannot be a value of the type; MAPI_E_INVALID_TYPE; MAPI_E_NOT_ENOUGH_MEMORY. On failure *out is
 * unchanged; memory already allocated on head stays with head. */
HRESULT prop_value_from_payload(ULONG tag, ULONG flags, const void *bytes, size_t size, void *head, SPropValue *out);

/* How many bytes of room (buffer_allocate_with_room) prop_value_from_payload takes at most for a payload that is
 * not MV; 0 for an MV, which gets blocks of its own. */
size_t prop_payload_room(ULONG tag, size_t size);

/* The tag to read a stored property with, given what the caller asked for: S_OK with *tag; MAPI_E_NOT_FOUND when
 * the wanted type is another. PT_UNSPECIFIED takes the stored type, strings as MAPI_UNICODE in flags says;
 * PT_STRING8 and PT_UNICODE are both served; every other type must be the same (imapiprop-getprops.md). */
HRESULT prop_wanted_tag(ULONG stored, ULONG wanted, ULONG flags, ULONG *tag);

#endif
