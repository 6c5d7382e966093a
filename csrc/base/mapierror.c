/* base/mapierror.c - failure_describe of base/failure.h. */
#include "base/failure.h"

#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/utf.h"

/* A string of a MAPIERROR, chained to it, in the width that the flags ask for. */
static HRESULT add_string(void *head, const char *text, ULONG flags, LPTSTR *out)
{
    size_t size = strlen(text);
    void *memory;
    HRESULT hr = MAPIAllocateMore((ULONG)((size + 1) * (flags & MAPI_UNICODE ? sizeof(WCHAR) : 1)), head, &memory);
    if (hr != S_OK)
        return hr;
    if (flags & MAPI_UNICODE) {
        WCHAR *wide = memory;
        size_t units = utf8_to_utf16(text, size, wide, UTF_REPLACE);
        wide[units] = 0;
    } else {
        memcpy(memory, text, size + 1);
    }
    *out = memory;
    return S_OK;
}

HRESULT failure_describe(HRESULT hr, ULONG flags, const char *component, LPMAPIERROR *out)
{
    *out = NULL;
    const char *detail = failure_detail(hr);
    if (detail == NULL)
        return S_OK;
    char sentence[FAILURE_LENGTH]; /* a failure below would replace it */
    memcpy(sentence, detail, strlen(detail) + 1);
    void *memory;
    HRESULT result = MAPIAllocateBuffer(sizeof(MAPIERROR), &memory);
    if (result != S_OK)
        return result;
    MAPIERROR *error = memory;
    *error = (MAPIERROR){.ulVersion = MAPI_ERROR_VERSION};
    result = add_string(error, sentence, flags, &error->lpszError);
    if (result == S_OK)
        result = add_string(error, component, flags, &error->lpszComponent);
    if (result != S_OK) {
        MAPIFreeBuffer(error);
        return result;
    }
    *out = error;
    return S_OK;
}
