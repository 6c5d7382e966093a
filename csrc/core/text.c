#include "core/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/utf.h"

bool text_is_empty(const void *text, bool wide)
{
    return !text || (wide ? *(const WCHAR *)text == 0 : *(const char *)text == 0);
}

bool text_is_utf8(const char *text)
{
    return utf8_valid(text, strlen(text));
}

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a string.");
}

HRESULT text_argument(const void *text, bool wide, char **out)
{
    *out = NULL;
    if (!text) {
        return S_OK;
    }
    if (!wide) {
        if (!text_is_utf8(text)) {
            return fail(MAPI_E_INVALID_PARAMETER, "A string is not valid UTF-8.");
        }
        *out = strdup(text);
        return *out ? S_OK : no_memory();
    }
    HRESULT hr = utf16_to_utf8_new(text, utf16_length(text), UTF_STRICT, out, NULL);
    if (hr == MAPI_E_INVALID_PARAMETER) {
        return fail(hr, "A string is not valid UTF-16.");
    }
    return hr == S_OK ? S_OK : no_memory();
}

HRESULT text_result(const char *utf8, bool wide, void *head, void **out)
{
    size_t bytes = strlen(utf8);
    size_t units = wide ? utf8_to_utf16_length(utf8, bytes, UTF_REPLACE) : bytes;
    size_t size = (units + 1) * (wide ? sizeof(WCHAR) : 1);
    void *block = NULL;
    *out = NULL;
    if (size > UINT32_MAX ||
        (head ? MAPIAllocateMore((ULONG)size, head, &block) : MAPIAllocateBuffer((ULONG)size, &block)) != S_OK) {
        return no_memory();
    }
    if (wide) {
        WCHAR *text = block;
        utf8_to_utf16(utf8, bytes, text, UTF_REPLACE);
        text[units] = 0;
    } else {
        memcpy(block, utf8, size);
    }
    *out = block;
    return S_OK;
}

static enum profile_name_kind read_wide(const WCHAR *text, struct profile_name *out)
{
    size_t units = 0;
    while (units <= PROFILE_NAME_UNITS && text[units]) {
        units++;
    }
    if (units > PROFILE_NAME_UNITS) {
        return PROFILE_NAME_TOO_LONG;
    }
    size_t bytes = utf16_to_utf8(text, units, out->text, UTF_STRICT);
    if (bytes == UTF_INVALID) {
        return PROFILE_NAME_NOT_TEXT;
    }
    out->text[bytes] = '\0';
    return PROFILE_NAME_GIVEN;
}

static enum profile_name_kind read_narrow(const char *text, struct profile_name *out)
{
    size_t bytes = strnlen(text, PROFILE_NAME_BYTES + 1);
    if (bytes > PROFILE_NAME_BYTES) {
        return PROFILE_NAME_TOO_LONG;
    }
    size_t units = utf8_to_utf16_length(text, bytes, UTF_STRICT);
    if (units == UTF_INVALID) {
        return PROFILE_NAME_NOT_TEXT;
    }
    if (units > PROFILE_NAME_UNITS) {
        return PROFILE_NAME_TOO_LONG;
    }
    memcpy(out->text, text, bytes);
    out->text[bytes] = '\0';
    return PROFILE_NAME_GIVEN;
}

enum profile_name_kind profile_name_read(const void *text, bool wide, struct profile_name *out)
{
    out->text[0] = '\0';
    if (text_is_empty(text, wide)) {
        return PROFILE_NAME_NONE;
    }
    return wide ? read_wide(text, out) : read_narrow(text, out);
}

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static bool is_blank(uint32_t c)
{
    static const struct range blanks[] = {{' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                                          {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
    return is_in(c, blanks, sizeof blanks / sizeof blanks[0]);
}

/* Controls and invisible characters of every script: two names that look the same should be the same. */
static bool is_invisible(uint32_t c)
{
    static const struct range invisible[] = {{0x80, 0x9F},     {0xAD, 0xAD},     {0x200B, 0x200F},
                                             {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF},
                                             {0xFFF0, 0xFFFF}, {0xFDD0, 0xFDEF}, {0xE0000, 0xE0FFF}};
    return is_in(c, invisible, sizeof invisible / sizeof invisible[0]);
}

static bool may_be_in_name(uint32_t c)
{
    if (c >= 0x80) {
        return !is_invisible(c);
    }
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr(" _-.@+'()&,#", (int)c));
}

/* The character at *at, which is valid UTF-8, and past it. */
static uint32_t next_character(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    unsigned length = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t c = length == 1 ? p[0] : p[0] & (0x7Fu >> length);
    for (unsigned i = 1; i < length; i++) {
        c = c << 6 | (p[i] & 0x3Fu);
    }
    *at += length;
    return c;
}

HRESULT profile_name_check_new(const struct profile_name *name)
{
    const char *at = name->text;
    uint32_t c = 0;
    bool first = true;
    while (*at) {
        const char *start = at;
        c = next_character(&at);
        if (!may_be_in_name(c)) {
            return c < 0x20 || c == 0x7F || is_invisible(c)
                       ? fail(MAPI_E_INVALID_PARAMETER, "A profile's name cannot contain the character U+%04X.",
                              (unsigned)c)
                       : fail(MAPI_E_INVALID_PARAMETER, "A profile's name cannot contain '%.*s'.", (int)(at - start),
                              start);
        }
        if (first && is_blank(c)) {
            return fail(MAPI_E_INVALID_PARAMETER, "A profile's name cannot begin with a blank.");
        }
        first = false;
    }
    if (first) {
        return fail(MAPI_E_INVALID_PARAMETER, "A profile's name cannot be empty.");
    }
    return is_blank(c) ? fail(MAPI_E_INVALID_PARAMETER, "A profile's name cannot end with a blank.") : S_OK;
}
