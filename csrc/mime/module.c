/*
 * mime/module.c - the converter as the Lua module "mapi.mime".
 *
 * The module is a light userdata to a struct mime_module (mapisub.h). It is for the binding, which loads it when a
 * message is first imported or exported; scripts have no use for it. This is the only file of the converter that
 * knows Lua.
 */
#include <stdint.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>

#include "mime/codepage.h"
#include "mime/converter.h"
#include "mime/rtf.h"
#include "mime/text.h"

#include <mapicode.h>

#if defined(_WIN32)
#define MIME_EXPORT __declspec(dllexport)
#else
#define MIME_EXPORT __attribute__((visibility("default")))
#endif

static HRESULT decode(ULONG codepage, const void *bytes, size_t size, mime_wide_sink *put, void *context)
{
    const char *name = mime_codepage_charset(codepage);
    struct mime_charset charset;
    HRESULT hr = name == NULL ? MAPI_E_NOT_FOUND : mime_charset_choose(name, bytes, size, &charset);

    return FAILED(hr) ? hr : mime_charset_decode(&charset, bytes, size, put, context);
}

static HRESULT read_rtf(const void *bytes, size_t size, HRESULT (*put)(void *context, const char *utf8, size_t length),
                        void *context, BOOL *is_html)
{
    char *rtf = NULL, *text = NULL;
    size_t rtf_size, length;
    bool html = false;
    HRESULT hr = mime_rtf_decompress(bytes, size, &rtf, &rtf_size);

    if (SUCCEEDED(hr))
        hr = mime_rtf_read(rtf, rtf_size, &text, &length, &html);
    if (SUCCEEDED(hr))
        hr = put(context, text, length);
    *is_html = html;
    free(text);
    free(rtf);
    return hr;
}

static const struct mime_module module = {
    .size = sizeof module,
    .version = MIME_MODULE_VERSION,
    .create_converter = mime_converter_create,
    .decode = decode,
    .read_rtf = read_rtf,
};

MIME_EXPORT int luaopen_mapi_mime(lua_State *L);

int luaopen_mapi_mime(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)&module);
    return 1;
}
