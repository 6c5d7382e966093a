#include "core/entryid.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/byte_buffer.h"
#include "base/failure.h"
#include "core/text.h"

/* abFlags, MAPIUID, then of a wrapped one: version, flags, the DLL's name with its NUL, padding to a multiple
   of four. */
enum { UID_AT = 4, HEADER_SIZE = 20, NAME_AT = 22, INNER_MINIMUM = 4 };

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

enum entryid_kind entryid_parse(ULONG size, const ENTRYID *id, MAPIUID *uid, struct store_entryid *store)
{
    if (!id || size < HEADER_SIZE) {
        return ENTRYID_MALFORMED;
    }
    const unsigned char *bytes = (const unsigned char *)id;
    memcpy(uid->ab, bytes + UID_AT, sizeof uid->ab);
    if (memcmp(uid, &muidStoreWrap, sizeof *uid) != 0) {
        return ENTRYID_OBJECT;
    }
    const unsigned char *end = size > NAME_AT ? memchr(bytes + NAME_AT, 0, size - NAME_AT) : NULL;
    if (!end || end == bytes + NAME_AT || bytes[HEADER_SIZE] != 0 || bytes[HEADER_SIZE + 1] != 0) {
        return ENTRYID_MALFORMED; /* a later version, or a wide name: nobody writes these */
    }
    size_t inner_at = padded((size_t)(end + 1 - bytes));
    if (inner_at + INNER_MINIMUM > size) {
        return ENTRYID_MALFORMED;
    }
    store->dll_name = (const char *)bytes + NAME_AT;
    store->size = (ULONG)(size - inner_at);
    store->inner = (LPENTRYID)(bytes + inner_at);
    return ENTRYID_STORE;
}

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for an entry identifier.");
}

/* Hands a buffer's content out as a block for MAPIFreeBuffer. */
static HRESULT hand_out(struct byte_buffer *bytes, HRESULT hr, ULONG *size_out, LPENTRYID *out)
{
    void *block = NULL;
    if (hr == S_OK && MAPIAllocateBuffer((ULONG)bytes->size, &block) != S_OK) {
        hr = no_memory();
    }
    if (hr == S_OK) {
        memcpy(block, bytes->bytes, bytes->size);
        *size_out = (ULONG)bytes->size;
        *out = block;
    }
    byte_buffer_free(bytes);
    return hr;
}

static HRESULT append_header(struct byte_buffer *bytes, const MAPIUID *uid)
{
    static const unsigned char long_term[4];
    HRESULT hr = byte_buffer_append(bytes, long_term, sizeof long_term);
    return hr == S_OK ? byte_buffer_append(bytes, uid->ab, sizeof uid->ab) : hr;
}

HRESULT entryid_wrap_store(const char *dll_name, ULONG size, const ENTRYID *inner, ULONG *size_out, LPENTRYID *out)
{
    static const unsigned char zeroes[4];
    struct byte_buffer bytes = {0};
    size_t name_end = NAME_AT + strlen(dll_name) + 1;
    HRESULT hr = append_header(&bytes, &muidStoreWrap);
    hr = hr == S_OK ? byte_buffer_append(&bytes, zeroes, 2) : hr;
    hr = hr == S_OK ? byte_buffer_append(&bytes, dll_name, strlen(dll_name) + 1) : hr;
    hr = hr == S_OK ? byte_buffer_append(&bytes, zeroes, padded(name_end) - name_end) : hr;
    hr = hr == S_OK ? byte_buffer_append(&bytes, inner, size) : hr;
    return hand_out(&bytes, hr, size_out, out);
}

static HRESULT append_wide(struct byte_buffer *bytes, const char *utf8)
{
    void *block = NULL;
    HRESULT hr = text_result(utf8, true, NULL, &block);
    if (hr != S_OK) {
        return hr;
    }
    const WCHAR *wide = block;
    size_t units = 0;
    while (wide[units]) {
        units++;
    }
    hr = byte_buffer_append(bytes, wide, (units + 1) * sizeof *wide);
    MAPIFreeBuffer(block);
    return hr;
}

HRESULT entryid_one_off(const char *name, const char *address_type, const char *address, ULONG flags, ULONG *size_out,
                        LPENTRYID *out)
{
    struct byte_buffer bytes = {0};
    uint16_t word = MAPI_ONE_OFF_UNICODE;
    if (flags & MAPI_SEND_NO_RICH_INFO) {
        word |= MAPI_ONE_OFF_NO_RICH_INFO;
    }
    HRESULT hr = append_header(&bytes, &muidOneOff);
    hr = hr == S_OK ? byte_buffer_append_u16(&bytes, 0) : hr;
    hr = hr == S_OK ? byte_buffer_append_u16(&bytes, word) : hr;
    hr = hr == S_OK ? append_wide(&bytes, name) : hr;
    hr = hr == S_OK ? append_wide(&bytes, address_type) : hr;
    hr = hr == S_OK ? append_wide(&bytes, address) : hr;
    return hand_out(&bytes, hr, size_out, out);
}
