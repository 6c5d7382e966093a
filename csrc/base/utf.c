/* utf.c - conversions between UTF-8 and UTF-16. See utf.h. */
#include "base/utf.h"

#include <mapicode.h>
#include <stdlib.h>
#include <string.h>

/*
 * Reading tables converts mostly ASCII, so every loop first takes blocks of it: sixteen units are looked at as four
 * machine words, and copied by a loop of fixed length that compilers turn into vector instructions.
 */
enum { BLOCK = 16 };

#define REPLACEMENT     0xFFFDu
#define NOT_A_CHARACTER 0xFFFFFFFFu /* from the decoders: ill-formed here */

static bool ascii_block8(const unsigned char *text)
{
    uint64_t words[2];
    memcpy(words, text, sizeof words);
    return ((words[0] | words[1]) & UINT64_C(0x8080808080808080)) == 0;
}

static bool ascii_block16(const WCHAR *text)
{
    uint64_t words[4];
    memcpy(words, text, sizeof words);
    return ((words[0] | words[1] | words[2] | words[3]) & UINT64_C(0xFF80FF80FF80FF80)) == 0;
}

static bool is_surrogate(uint32_t unit)
{
    return (unit & 0xF800u) == 0xD800u;
}

/*
 * Decodes one character of UTF-8 that does not start with an ASCII byte; `left` is at least 1. Sets *used to the
 * bytes it takes; of ill-formed text that is the maximal subpart, and the result NOT_A_CHARACTER. The three bytes of a
 * surrogate are one such character if `surrogates`, and one ill-formed part if not: replacing what WTF-8 has
 * kept then yields one U+FFFD for each unit, as it does coming from UTF-16.
 */
static uint32_t decode_utf8(const unsigned char *p, size_t left, bool surrogates, size_t *used)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = p[0];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

    *used = 1;
    if (lead < 0xC2 || lead > 0xF4)
        return NOT_A_CHARACTER;
    uint32_t c = lead & (0x7Fu >> need);
    for (size_t i = 1; i < need; i++) {
        if (i == left || (p[i] & 0xC0) != 0x80)
            return NOT_A_CHARACTER;
        c = c << 6 | (p[i] & 0x3Fu);
        /* The second byte already tells overlong forms and values above U+10FFFF. */
        if (i == 1 && need > 2) {
            uint32_t first = c << (6 * (need - 2));
            if (first + (need == 3 ? 0x3F : 0xFFF) < smallest[need] || first > 0x10FFFF)
                return NOT_A_CHARACTER;
        }
        *used = i + 1;
    }
    if (is_surrogate(c) && c < 0x10000 && !surrogates)
        return NOT_A_CHARACTER;
    return c;
}

/* Decodes one character of UTF-16, `left` at least 1; an unpaired surrogate is returned as it is. */
static uint32_t decode_utf16(const WCHAR *p, size_t left, size_t *used)
{
    uint32_t c = p[0];
    *used = 1;
    if ((c & 0xFC00u) == 0xD800u && left > 1 && (p[1] & 0xFC00u) == 0xDC00u) {
        *used = 2;
        c = 0x10000u + ((c & 0x3FFu) << 10) + (p[1] & 0x3FFu);
    }
    return c;
}

static size_t utf8_size(uint32_t c)
{
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static size_t encode_utf8(uint32_t c, char *out)
{
    size_t size = utf8_size(c);
    if (size == 1) {
        out[0] = (char)c;
        return 1;
    }
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80u | (c & 0x3Fu));
    out[0] = (char)(((0xF00u >> size) & 0xF0u) | c);
    return size;
}

size_t utf16_length(const WCHAR *text)
{
    size_t length = 0;
    if (text != NULL)
        while (text[length] != 0)
            length++;
    return length;
}

/* Applies the policy to a character decoded from UTF-16. */
static uint32_t settle(uint32_t c, enum utf_policy policy)
{
    if (c < 0x10000 && is_surrogate(c)) {
        if (policy == UTF_STRICT)
            return NOT_A_CHARACTER;
        if (policy == UTF_REPLACE)
            return REPLACEMENT;
    }
    return c;
}

size_t utf16_to_utf8_length(const WCHAR *text, size_t units, enum utf_policy policy)
{
    size_t length = 0;
    size_t i = 0;
    while (i < units) {
        while (units - i >= BLOCK && ascii_block16(text + i)) {
            i += BLOCK;
            length += BLOCK;
        }
        for (size_t stop = units - i > BLOCK ? i + BLOCK : units; i < stop;) {
            size_t used;
            uint32_t c = settle(decode_utf16(text + i, units - i, &used), policy);
            if (c == NOT_A_CHARACTER)
                return UTF_INVALID;
            length += utf8_size(c);
            i += used;
        }
    }
    return length;
}

size_t utf16_to_utf8(const WCHAR *text, size_t units, char *out, enum utf_policy policy)
{
    char *start = out;
    size_t i = 0;
    while (i < units) {
        while (units - i >= BLOCK && ascii_block16(text + i)) {
            for (size_t k = 0; k < BLOCK; k++)
                out[k] = (char)text[i + k];
            i += BLOCK;
            out += BLOCK;
        }
        for (size_t stop = units - i > BLOCK ? i + BLOCK : units; i < stop;) {
            if (text[i] < 0x80) {
                *out++ = (char)text[i++];
                continue;
            }
            size_t used;
            uint32_t c = settle(decode_utf16(text + i, units - i, &used), policy);
            if (c == NOT_A_CHARACTER)
                return UTF_INVALID;
            out += encode_utf8(c, out);
            i += used;
        }
    }
    return (size_t)(out - start);
}

/*
 * The next character of UTF-8 text under the policy: NOT_A_CHARACTER only where the conversion must fail.
 * ASCII, the common case, does not reach the decoder.
 */
static uint32_t next_utf8(const unsigned char *p, size_t left, enum utf_policy policy, size_t *used)
{
    if (p[0] < 0x80) {
        *used = 1;
        return p[0];
    }
    uint32_t c = decode_utf8(p, left, policy == UTF_WTF8, used);
    return c == NOT_A_CHARACTER && policy == UTF_REPLACE ? REPLACEMENT : c;
}

size_t utf8_to_utf16_length(const char *text, size_t bytes, enum utf_policy policy)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t length = 0;
    size_t i = 0;
    while (i < bytes) {
        while (bytes - i >= BLOCK && ascii_block8(p + i)) {
            i += BLOCK;
            length += BLOCK;
        }
        for (size_t stop = bytes - i > BLOCK ? i + BLOCK : bytes; i < stop;) {
            size_t used;
            uint32_t c = next_utf8(p + i, bytes - i, policy, &used);
            if (c == NOT_A_CHARACTER)
                return UTF_INVALID;
            length += c < 0x10000 ? 1 : 2;
            i += used;
        }
    }
    return length;
}

size_t utf8_to_utf16(const char *text, size_t bytes, WCHAR *out, enum utf_policy policy)
{
    const unsigned char *p = (const unsigned char *)text;
    WCHAR *start = out;
    size_t i = 0;
    while (i < bytes) {
        while (bytes - i >= BLOCK && ascii_block8(p + i)) {
            for (size_t k = 0; k < BLOCK; k++)
                out[k] = p[i + k];
            i += BLOCK;
            out += BLOCK;
        }
        for (size_t stop = bytes - i > BLOCK ? i + BLOCK : bytes; i < stop;) {
            if (p[i] < 0x80) {
                *out++ = p[i++];
                continue;
            }
            size_t used;
            uint32_t c = next_utf8(p + i, bytes - i, policy, &used);
            if (c == NOT_A_CHARACTER)
                return UTF_INVALID;
            if (c >= 0x10000) {
                *out++ = (WCHAR)(0xD7C0u + (c >> 10));
                c = 0xDC00u | (c & 0x3FFu);
            }
            *out++ = (WCHAR)c;
            i += used;
        }
    }
    return (size_t)(out - start);
}

bool utf8_valid(const char *text, size_t bytes)
{
    return utf8_to_utf16_length(text, bytes, UTF_STRICT) != UTF_INVALID;
}

bool utf8_valid_wtf8(const char *text, size_t bytes)
{
    return utf8_to_utf16_length(text, bytes, UTF_WTF8) != UTF_INVALID;
}

bool utf16_valid(const WCHAR *text, size_t units)
{
    return utf16_to_utf8_length(text, units, UTF_STRICT) != UTF_INVALID;
}

/* Repairs into `out`, or only measures if that is NULL. */
static size_t repair(const char *text, size_t bytes, char *out)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t length = 0;
    for (size_t i = 0; i < bytes;) {
        size_t used;
        uint32_t c = next_utf8(p + i, bytes - i, UTF_REPLACE, &used);
        if (out != NULL)
            encode_utf8(c, out + length);
        length += utf8_size(c);
        i += used;
    }
    return length;
}

size_t utf8_repair_length(const char *text, size_t bytes)
{
    return repair(text, bytes, NULL);
}

size_t utf8_repair(const char *text, size_t bytes, char *out)
{
    return repair(text, bytes, out);
}

HRESULT utf16_to_utf8_new(const WCHAR *text, size_t units, enum utf_policy policy, char **out, size_t *length)
{
    *out = NULL;
    size_t size = utf16_to_utf8_length(text, units, policy);
    if (size == UTF_INVALID)
        return MAPI_E_INVALID_PARAMETER;
    char *block = malloc(size + 1);
    if (block == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    utf16_to_utf8(text, units, block, policy);
    block[size] = '\0';
    *out = block;
    if (length != NULL)
        *length = size;
    return S_OK;
}

HRESULT utf8_to_utf16_new(const char *text, size_t bytes, enum utf_policy policy, WCHAR **out, size_t *length)
{
    *out = NULL;
    size_t units = utf8_to_utf16_length(text, bytes, policy);
    if (units == UTF_INVALID)
        return MAPI_E_INVALID_PARAMETER;
    if (units >= SIZE_MAX / sizeof(WCHAR))
        return MAPI_E_NOT_ENOUGH_MEMORY;
    WCHAR *block = malloc((units + 1) * sizeof(WCHAR));
    if (block == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    utf8_to_utf16(text, bytes, block, policy);
    block[units] = 0;
    *out = block;
    if (length != NULL)
        *length = units;
    return S_OK;
}
