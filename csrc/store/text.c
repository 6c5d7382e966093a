#include "store/text.h"

#include <stdbool.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/propcodec.h"
#include "base/utf.h"

HRESULT text_from_client(const void *string, ULONG flags, struct byte_buffer *out)
{
    union {
        const void *in;
        void *out;
    } cast = {string};
    SPropValue value;

    memset(&value, 0, sizeof value);
    if ((flags & MAPI_UNICODE) != 0) {
        value.ulPropTag = PROP_TAG(PT_UNICODE, 1);
        value.Value.lpszW = cast.out;
    } else {
        value.ulPropTag = PROP_TAG(PT_STRING8, 1);
        value.Value.lpszA = cast.out;
    }
    return prop_payload_from_value(&value, out);
}

HRESULT text_to_client(const char *text, size_t size, ULONG flags, void **out)
{
    bool wide = (flags & MAPI_UNICODE) != 0;
    HRESULT hr = MAPIAllocateBuffer((ULONG)(wide ? sizeof(WCHAR) * (size + 1) : size + 1), out);

    if (FAILED(hr)) {
        *out = NULL;
        return hr;
    }
    if (wide) {
        WCHAR *string = *out;
        size_t units = utf8_to_utf16(text, size, string, UTF_REPLACE);

        string[units] = 0;
    } else {
        char *string = *out;

        memcpy(string, text, size);
        string[size] = 0;
    }
    return S_OK;
}
