/* message:text and message:html. */
#include "message.h"

#include <mapisub.h>
#include <mapitags.h>
#include <mapix.h>

#include "access.h"
#include "args.h"
#include "base/utf.h"
#include "luastream.h"

/* --- code pages ------------------------------------------------------------------------------------------------- */

enum { CODEPAGE_UTF8 = 65001, CODEPAGE_1252 = 1252, CODEPAGE_LATIN1 = 28591, CODEPAGE_ASCII = 20127 };

/* Replaces the string on the top of the stack by what the veneer's function makes of it; `argument` is passed on. */
static void convert_top(lua_State *L, const char *function, lua_Integer argument)
{
    lm_require_field(L, "mapi.bodies", function);
    lua_insert(L, -2);
    lua_pushinteger(L, argument);
    lua_call(L, 2, 1);
}

/* The veneer knows these by itself, and guesses where nothing is said; the others are the converter's. */
static bool is_plain(LONG codepage)
{
    return codepage <= 0 || codepage == CODEPAGE_UTF8 || codepage == CODEPAGE_1252 || codepage == CODEPAGE_LATIN1 ||
           codepage == CODEPAGE_ASCII;
}

static HRESULT put_wide(void *context, LPCWSTR wide, size_t units)
{
    IStream *to = (IStream *)context;
    HRESULT hr = S_OK;

    while (SUCCEEDED(hr) && units > 0) {
        char piece[UTF8_MAX(256)];
        size_t part = units < 256 ? units : 256;

        if (part < units && (wide[part - 1] & 0xFC00) == 0xD800) {
            part--; /* not between the halves of a character */
        }
        hr = lm_stream_write(to, piece, utf16_to_utf8(wide, part, piece, UTF_REPLACE));
        wide += part;
        units -= part;
    }
    return hr;
}

/* Replaces the bytes on the top of the stack by their text as the converter reads them. MAPI_E_NOT_FOUND: it does not
 * know the code page, or is not there. */
static HRESULT decode_top(lua_State *L, LONG codepage)
{
    int top = lua_gettop(L);
    const struct mime_module *module = lm_mime_push(L, "message:html");
    const char *bytes, *text;
    size_t size, length;
    void **box;
    HRESULT hr;

    if (module == NULL) {
        lua_settop(L, top);
        return MAPI_E_NOT_FOUND;
    }
    box = lm_box_unknown(L);
    bytes = lua_tolstring(L, top, &size);
    hr = lm_writer_create((IStream **)box);
    if (SUCCEEDED(hr)) {
        hr = module->decode((ULONG)codepage, bytes, size, put_wide, *box);
    }
    if (SUCCEEDED(hr)) {
        text = lm_writer_content((IStream *)*box, &length);
        lua_pushlstring(L, length > 0 ? text : "", length);
        lua_replace(L, top);
    }
    lua_settop(L, top);
    return hr;
}

/* --- bodies ----------------------------------------------------------------------------------------------------- */

/* The HTML body as UTF-8: PR_HTML is bytes in the code page that PR_INTERNET_CPID names
 * [pidtaghtml-canonical-property.md]. */
static HRESULT push_html(lua_State *L, struct lm_object *self)
{
    LONG codepage = 0;
    HRESULT hr = lm_prop_push(L, self, PR_HTML, 0);

    if (hr == MAPI_E_NOT_FOUND || hr == MAPI_E_UNEXPECTED_TYPE) {
        return lm_prop_push(L, self, PR_BODY_HTML_W, 0); /* the same property as text */
    }
    if (FAILED(hr)) {
        return hr;
    }
    hr = lm_long_prop(L, self, PR_INTERNET_CPID, &codepage);
    if (SUCCEEDED(hr) && !is_plain(codepage)) {
        hr = decode_top(L, codepage);
        if (hr == S_OK) {
            return hr;
        }
    }
    if (FAILED(hr) && hr != MAPI_E_NOT_FOUND) {
        lua_pop(L, 1);
        return hr;
    }
    convert_top(L, "decode", codepage);
    return S_OK;
}

static HRESULT put_text(void *context, const char *utf8, size_t length)
{
    return lm_stream_write((IStream *)context, utf8, length);
}

/* The body as RTF: the HTML that it was made of, or else its text. MAPI_E_NO_SUPPORT: the converter is not there. */
static HRESULT push_rtf(lua_State *L, struct lm_object *self, bool *is_html)
{
    HRESULT hr = lm_prop_push(L, self, PR_RTF_COMPRESSED, 0);
    int top = lua_gettop(L);
    const struct mime_module *module;
    BOOL html = FALSE;
    void **box;

    if (FAILED(hr)) {
        return hr;
    }
    module = lm_mime_push(L, "message:html");
    hr = module == NULL ? MAPI_E_NO_SUPPORT : S_OK;
    if (SUCCEEDED(hr)) {
        size_t size, length;
        const char *bytes = lua_tolstring(L, top, &size), *text;
        box = lm_box_unknown(L);
        hr = lm_writer_create((IStream **)box);
        if (SUCCEEDED(hr)) {
            hr = module->read_rtf(bytes, size, put_text, *box, &html);
        }
        if (SUCCEEDED(hr)) {
            text = lm_writer_content((IStream *)*box, &length);
            lua_pushlstring(L, length > 0 ? text : "", length);
            lua_replace(L, top);
        }
    }
    *is_html = html != FALSE;
    lua_settop(L, SUCCEEDED(hr) ? top : top - 1);
    return hr;
}

static int answer(lua_State *L, const char *operation, HRESULT hr)
{
    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, operation, hr, "the message has no body");
    }
    if (hr == MAPI_E_CORRUPT_DATA) {
        return lm_fail_text(L, operation, hr, "the body is damaged and cannot be read");
    }
    return FAILED(hr) ? lm_fail(L, operation, hr) : 1;
}

int lm_message_text(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    bool is_html = true;
    HRESULT hr = lm_prop_push(L, self, PR_BODY_W, 0);

    if (hr == MAPI_E_NOT_FOUND) {
        hr = push_html(L, self);
        if (hr == MAPI_E_NOT_FOUND) {
            hr = push_rtf(L, self, &is_html);
        }
        if (SUCCEEDED(hr) && is_html) {
            convert_top(L, "to_text", 0);
        }
    }
    return answer(L, "message:text", hr);
}

/* The HTML in an RTF body is better than what is made of the text beside it; its text is not. */
int lm_message_html(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    bool is_html = true;
    HRESULT hr = push_html(L, self);

    if (hr == MAPI_E_NOT_FOUND) {
        hr = push_rtf(L, self, &is_html);
        if (FAILED(hr) || !is_html) {
            HRESULT text = lm_prop_push(L, self, PR_BODY_W, 0);
            is_html = false;
            hr = text == MAPI_E_NOT_FOUND ? hr : text;
        }
        if (SUCCEEDED(hr) && !is_html) {
            convert_top(L, "to_html", 0);
        }
    }
    return answer(L, "message:html", hr);
}
