/* base/propcodec.c - see base/propcodec.h. */
#include "base/propcodec.h"

#include <stdint.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propvalue.h"
#include "base/utf.h"

ULONG prop_stored_tag(ULONG tag)
{
    switch (PROP_TYPE(tag)) {
    case PT_STRING8:
        return CHANGE_PROP_TYPE(tag, PT_UNICODE);
    case PT_MV_STRING8:
        return CHANGE_PROP_TYPE(tag, PT_MV_UNICODE);
    default:
        return tag;
    }
}

size_t prop_stored_width(ULONG type)
{
    switch (type) {
    case PT_BOOLEAN:
        return 1;
    case PT_I2:
        return 2;
    case PT_LONG:
    case PT_R4:
        return 4;
    case PT_DOUBLE:
    case PT_CURRENCY:
    case PT_APPTIME:
    case PT_I8:
    case PT_SYSTIME:
        return 8;
    case PT_CLSID:
        return sizeof(GUID);
    default:
        return 0;
    }
}

bool prop_type_is_storable(ULONG tag)
{
    ULONG type = PROP_TYPE(tag);
    if (type == PT_BOOLEAN)
        return true;
    type &= ~(ULONG)MV_FLAG;
    return type == PT_STRING8 || type == PT_UNICODE || type == PT_BINARY ||
           (type != PT_BOOLEAN && prop_stored_width(type) > 0);
}

HRESULT prop_wanted_tag(ULONG stored, ULONG wanted, ULONG flags, ULONG *tag)
{
    ULONG type = PROP_TYPE(stored);
    ULONG asked = PROP_TYPE(wanted);
    bool text = (type & ~(ULONG)MV_FLAG) == PT_UNICODE;
    if (asked == PT_UNSPECIFIED)
        asked = text && !(flags & MAPI_UNICODE) ? (type & MV_FLAG) | PT_STRING8 : type;
    else if (asked != type && !(text && asked == ((type & MV_FLAG) | PT_STRING8)))
        return MAPI_E_NOT_FOUND;
    *tag = CHANGE_PROP_TYPE(stored, asked);
    return S_OK;
}

/* ---- values to payloads ---- */

static HRESULT no_memory(ULONG tag)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for property 0x%08lX.", (unsigned long)tag);
}

static HRESULT append_wide(ULONG tag, const WCHAR *text, struct byte_buffer *out)
{
    size_t units = utf16_length(text);
    HRESULT hr = units > SIZE_MAX / 4 ? MAPI_E_NOT_ENOUGH_MEMORY : byte_buffer_reserve(out, UTF8_MAX(units) + 1);
    if (hr != S_OK)
        return no_memory(tag);
    out->size += utf16_to_utf8(text, units, (char *)out->bytes + out->size, UTF_WTF8);
    return S_OK;
}

static HRESULT append_narrow(ULONG tag, const char *text, struct byte_buffer *out)
{
    size_t bytes = strlen(text);
    if (!utf8_valid_wtf8(text, bytes))
        return fail(MAPI_E_INVALID_PARAMETER, "The text of property 0x%08lX is not UTF-8.", (unsigned long)tag);
    return byte_buffer_append(out, text, bytes) == S_OK ? S_OK : no_memory(tag);
}

static uint32_t bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t bits_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static HRESULT append_guid(const GUID *guid, struct byte_buffer *out)
{
    unsigned char *at = byte_buffer_extend(out, sizeof *guid);
    if (at == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    bytes_put_u32(at, guid->Data1);
    bytes_put_u16(at + 4, guid->Data2);
    bytes_put_u16(at + 6, guid->Data3);
    memcpy(at + 8, guid->Data4, sizeof guid->Data4);
    return S_OK;
}

/* A value that is not MV, without a length. */
static HRESULT append_single(const SPropValue *value, struct byte_buffer *out)
{
    const union PV *v = &value->Value;
    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_BOOLEAN:
        return byte_buffer_append_u8(out, v->b != 0);
    case PT_I2:
        return byte_buffer_append_u16(out, (uint16_t)v->i);
    case PT_LONG:
        return byte_buffer_append_u32(out, v->ul);
    case PT_R4:
        return byte_buffer_append_u32(out, bits_of_float(v->flt));
    case PT_DOUBLE:
        return byte_buffer_append_u64(out, bits_of_double(v->dbl));
    case PT_APPTIME:
        return byte_buffer_append_u64(out, bits_of_double(v->at));
    case PT_CURRENCY:
        return byte_buffer_append_u64(out, (uint64_t)v->cur.int64);
    case PT_I8:
        return byte_buffer_append_u64(out, (uint64_t)v->li.QuadPart);
    case PT_SYSTIME:
        return byte_buffer_append_u64(out, (uint64_t)v->ft.dwHighDateTime << 32 | v->ft.dwLowDateTime);
    case PT_CLSID:
        return append_guid(v->lpguid, out);
    case PT_STRING8:
        return append_narrow(value->ulPropTag, v->lpszA, out);
    case PT_UNICODE:
        return append_wide(value->ulPropTag, v->lpszW, out);
    default:
        return byte_buffer_append(out, v->bin.lpb, v->bin.cb);
    }
}

/* Elements of fixed width one after the other; others with a count in front of all and a length in front of each. */
static HRESULT append_elements(const SPropValue *value, struct byte_buffer *out)
{
    bool counted = prop_stored_width(PROP_TYPE(value->ulPropTag) & ~(ULONG)MV_FLAG) == 0;
    HRESULT hr = counted ? byte_buffer_append_u32(out, value->Value.MVbin.cValues) : S_OK;
    SPropValue element;
    for (ULONG i = 0; hr == S_OK && prop_value_element(value, i, &element); i++) {
        size_t length_at = out->size;
        if (counted)
            hr = byte_buffer_append_u32(out, 0);
        if (hr == S_OK)
            hr = append_single(&element, out);
        if (hr != S_OK || !counted)
            continue;
        size_t length = out->size - length_at - 4;
        if (length > 0xFFFFFFFFu)
            return no_memory(value->ulPropTag);
        bytes_put_u32(out->bytes + length_at, (uint32_t)length);
    }
    return hr;
}

HRESULT prop_payload_from_value(const SPropValue *value, struct byte_buffer *out)
{
    ULONG tag = value->ulPropTag;
    if (!prop_type_is_storable(tag))
        return fail(MAPI_E_INVALID_TYPE, "Property 0x%08lX is of a type that cannot be stored.", (unsigned long)tag);
    HRESULT hr = prop_value_check(value);
    if (hr != S_OK)
        return fail(hr, "Property 0x%08lX has no value, or is multi-valued without any value.", (unsigned long)tag);
    size_t before = out->size;
    hr = tag & MV_FLAG ? append_elements(value, out) : append_single(value, out);
    if (hr == S_OK && out->size - before >= 0xFFFFFFFFu)
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    if (hr == S_OK)
        return S_OK;
    out->size = before;
    return hr == MAPI_E_NOT_ENOUGH_MEMORY ? no_memory(tag) : hr;
}

/* ---- payloads to values ---- */

static HRESULT corrupt(ULONG tag)
{
    return fail(MAPI_E_CORRUPT_DATA, "The stored value of property 0x%08lX is damaged.", (unsigned long)tag);
}

static float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void read_guid(const unsigned char *at, GUID *out)
{
    out->Data1 = bytes_get_u32(at);
    out->Data2 = bytes_get_u16(at + 4);
    out->Data3 = bytes_get_u16(at + 6);
    memcpy(out->Data4, at + 8, sizeof out->Data4);
}

static HRESULT allocate(void *head, size_t size, void **out)
{
    if (size > 0xFFFFFFFFu)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    return MAPIAllocateMore((ULONG)size, head, out);
}

/* Values of fixed width up to eight bytes, into the union or an array's element. */
static void read_fixed(ULONG type, const unsigned char *at, void *out)
{
    switch (type) {
    case PT_BOOLEAN:
        *(unsigned short *)out = at[0] != 0;
        break;
    case PT_I2:
        *(short *)out = (short)bytes_get_u16(at);
        break;
    case PT_LONG:
        *(LONG *)out = (LONG)bytes_get_u32(at);
        break;
    case PT_R4:
        *(float *)out = float_of_bits(bytes_get_u32(at));
        break;
    case PT_DOUBLE:
    case PT_APPTIME:
        *(double *)out = double_of_bits(bytes_get_u64(at));
        break;
    case PT_CURRENCY:
        ((CURRENCY *)out)->int64 = (LONGLONG)bytes_get_u64(at);
        break;
    case PT_I8:
        ((LARGE_INTEGER *)out)->QuadPart = (LONGLONG)bytes_get_u64(at);
        break;
    case PT_SYSTIME:
        ((FILETIME *)out)->dwLowDateTime = bytes_get_u32(at);
        ((FILETIME *)out)->dwHighDateTime = bytes_get_u32(at + 4);
        break;
    default:
        read_guid(at, out);
        break;
    }
}

static HRESULT read_wide(ULONG tag, const unsigned char *bytes, size_t size, void *head, WCHAR **out)
{
    void *memory;
    if (size > SIZE_MAX / 2 - 1)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    HRESULT hr = allocate(head, (UTF16_MAX(size) + 1) * sizeof(WCHAR), &memory);
    if (hr != S_OK)
        return hr;
    size_t units = utf8_to_utf16((const char *)bytes, size, memory, UTF_WTF8);
    if (units == UTF_INVALID)
        return corrupt(tag);
    *out = memory;
    (*out)[units] = 0;
    return S_OK;
}

static HRESULT read_narrow(ULONG tag, const unsigned char *bytes, size_t size, void *head, char **out)
{
    if (!utf8_valid_wtf8((const char *)bytes, size))
        return corrupt(tag);
    void *memory;
    HRESULT hr = size == SIZE_MAX ? MAPI_E_NOT_ENOUGH_MEMORY : allocate(head, size + 1, &memory);
    if (hr != S_OK)
        return hr;
    *out = memory;
    if (size > 0)
        memcpy(*out, bytes, size);
    (*out)[size] = '\0';
    return S_OK;
}

static HRESULT read_binary(const unsigned char *bytes, size_t size, void *head, SBinary *out)
{
    void *memory;
    HRESULT hr = allocate(head, size, &memory);
    if (hr != S_OK)
        return hr;
    if (size > 0)
        memcpy(memory, bytes, size);
    *out = (SBinary){(ULONG)size, memory};
    return S_OK;
}

static HRESULT read_single(ULONG tag, const unsigned char *bytes, size_t size, void *head, union PV *out)
{
    switch (PROP_TYPE(tag)) {
    case PT_UNICODE:
        return read_wide(tag, bytes, size, head, &out->lpszW);
    case PT_STRING8:
        return read_narrow(tag, bytes, size, head, &out->lpszA);
    case PT_BINARY:
        return read_binary(bytes, size, head, &out->bin);
    default:
        break;
    }
    if (size != prop_stored_width(PROP_TYPE(tag)))
        return corrupt(tag);
    if (PROP_TYPE(tag) == PT_CLSID) {
        void *memory;
        HRESULT hr = allocate(head, sizeof(GUID), &memory);
        if (hr != S_OK)
            return hr;
        out->lpguid = memory;
        read_guid(bytes, out->lpguid);
        return S_OK;
    }
    read_fixed(PROP_TYPE(tag), bytes, out);
    return S_OK;
}

/* An MV of fixed width. Every array structure of the union has its count and its pointer in the same place. */
static HRESULT read_fixed_elements(ULONG tag, const unsigned char *bytes, size_t size, void *head, union PV *out)
{
    ULONG type = PROP_TYPE(tag) & ~(ULONG)MV_FLAG;
    size_t width = prop_stored_width(type); /* in memory too: PT_MV_BOOLEAN does not exist */
    if (size == 0 || size % width != 0)
        return corrupt(tag);
    void *memory;
    HRESULT hr = allocate(head, size, &memory);
    if (hr != S_OK)
        return hr;
    for (size_t at = 0; at < size; at += width)
        read_fixed(type, bytes + at, (unsigned char *)memory + at);
    out->MVbin.cValues = (ULONG)(size / width);
    out->MVbin.lpbin = memory;
    return S_OK;
}

/* One element of an MV string or binary, into element `index` of the array in *out. */
static HRESULT read_counted_element(ULONG tag, const unsigned char *bytes, size_t size, void *head, union PV *out,
                                    ULONG index)
{
    switch (PROP_TYPE(tag)) {
    case PT_MV_UNICODE:
        return read_wide(tag, bytes, size, head, &out->MVszW.lppszW[index]);
    case PT_MV_STRING8:
        return read_narrow(tag, bytes, size, head, &out->MVszA.lppszA[index]);
    default:
        return read_binary(bytes, size, head, &out->MVbin.lpbin[index]);
    }
}

static HRESULT read_counted_elements(ULONG tag, const unsigned char *bytes, size_t size, void *head, union PV *out)
{
    if (size < 4)
        return corrupt(tag);
    ULONG count = bytes_get_u32(bytes);
    if (count == 0 || count > (size - 4) / 4)
        return corrupt(tag);
    size_t width = PROP_TYPE(tag) == PT_MV_BINARY ? sizeof(SBinary) : sizeof(void *);
    void *memory;
    HRESULT hr = allocate(head, count * width, &memory);
    if (hr != S_OK)
        return hr;
    out->MVbin.cValues = count;
    out->MVbin.lpbin = memory;
    size_t at = 4;
    for (ULONG i = 0; i < count; i++) {
        if (size - at < 4 || size - at - 4 < bytes_get_u32(bytes + at))
            return corrupt(tag);
        size_t length = bytes_get_u32(bytes + at);
        hr = read_counted_element(tag, bytes + at + 4, length, head, out, i);
        if (hr != S_OK)
            return hr;
        at += 4 + length;
    }
    return at == size ? S_OK : corrupt(tag);
}

HRESULT prop_value_from_payload(ULONG tag, ULONG flags, const void *bytes, size_t size, void *head, SPropValue *out)
{
    (void)flags;
    if (!prop_type_is_storable(tag))
        return fail(MAPI_E_INVALID_TYPE, "Property 0x%08lX is of a type that cannot be stored.", (unsigned long)tag);
    SPropValue value;
    memset(&value, 0, sizeof value);
    value.ulPropTag = tag;
    HRESULT hr;
    if (!(tag & MV_FLAG))
        hr = read_single(tag, bytes, size, head, &value.Value);
    else if (prop_stored_width(PROP_TYPE(tag) & ~(ULONG)MV_FLAG) > 0)
        hr = read_fixed_elements(tag, bytes, size, head, &value.Value);
    else
        hr = read_counted_elements(tag, bytes, size, head, &value.Value);
    if (hr == S_OK)
        *out = value;
    else if (hr == MAPI_E_NOT_ENOUGH_MEMORY)
        no_memory(tag);
    return hr;
}

size_t prop_payload_room(ULONG tag, size_t size)
{
    size_t needed;
    switch (PROP_TYPE(tag)) {
    case PT_UNICODE:
        needed = (UTF16_MAX(size) + 1) * sizeof(WCHAR);
        break;
    case PT_STRING8:
        needed = size + 1;
        break;
    case PT_BINARY:
        needed = size;
        break;
    case PT_CLSID:
        needed = sizeof(GUID);
        break;
    default:
        return 0;
    }
    return 8 + ((needed + 7) & ~(size_t)7);
}
