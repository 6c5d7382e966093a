/* See account/account_memory.h. */
#include "account/account_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/hresult.h"
#include "base/utf.h"

/* Before each block; as large as the strictest alignment. */
union header {
    struct {
        uint32_t mark;
        size_t size;
    } is;
    max_align_t alignment;
};

enum { MARK = 0x4F4C4B00 }; /* plus the owner */

static union header *header_of(void *block)
{
    return (union header *)block - 1;
}

void *account_memory_new(enum account_memory_owner owner, size_t size)
{
    union header *header = malloc(sizeof *header + size);
    if (header == NULL) {
        fail(E_OUTOFMEMORY, "There is not enough memory for what an account has to say.");
        return NULL;
    }
    header->is.mark = (uint32_t)MARK + (uint32_t)owner;
    header->is.size = size;
    return header + 1;
}

HRESULT account_memory_free(enum account_memory_owner owner, void *block)
{
    if (block == NULL)
        return S_OK;
    union header *header = header_of(block);
    if (header->is.mark != (uint32_t)MARK + (uint32_t)owner)
        return fail(E_INVALIDARG, "This memory did not come from here; each interface frees what it handed out.");
    explicit_bzero(header, sizeof *header + header->is.size);
    free(header);
    return S_OK;
}

HRESULT account_error_text(enum account_memory_owner owner, HRESULT hr, LPWSTR *out)
{
    if (out == NULL)
        return fail(E_INVALIDARG, "GetLastError needs a place for the text.");
    *out = NULL;
    const char *text = hresult_text(hr);
    if (text == NULL)
        return fail(E_INVALIDARG, "There is no text for the code 0x%08lX.", (unsigned long)(ULONG)hr);
    size_t bytes = strlen(text);
    WCHAR *wide = account_memory_new(owner, (UTF16_MAX(bytes) + 1) * sizeof *wide);
    if (wide == NULL)
        return E_OUTOFMEMORY;
    wide[utf8_to_utf16(text, bytes, wide, UTF_REPLACE)] = 0;
    *out = wide;
    return S_OK;
}
