#include "mime/text.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapicode.h>

#include "base/utf.h"
#include "mime/codepage.h"
#include "mime/source.h"

enum { REPLACEMENT = 0xFFFD, PIECE = 4096, CHARSET_NAME = 64 };

/* UTF-8 and UTF-16 ---------------------------------------------------------------------------------------------- */

LPWSTR
mime_text_wide(struct mime_arena *arena, const char *utf8, size_t size)
{
    LPWSTR wide = size > SIZE_MAX / 4 ? NULL : mime_arena_alloc(arena, (UTF16_MAX(size) + 1) * sizeof *wide);
    size_t units;

    if (wide == NULL)
        return NULL;
    units = utf8_to_utf16(utf8, size, wide, UTF_REPLACE);
    for (size_t i = 0; i < units; i++)
        if (wide[i] == 0 || wide[i] == MIME_SUBSTITUTE)
            wide[i] = REPLACEMENT;
    wide[units] = 0;
    return wide;
}

size_t mime_text_encode(char *out, LPCWSTR wide, size_t units, WCHAR *pending)
{
    size_t size = 0;

    if (*pending != 0 && units != 0) {
        WCHAR pair[2] = {*pending, *wide};
        bool paired = (*wide & 0xFC00) == 0xDC00;

        size = utf16_to_utf8(pair, paired ? 2 : 1, out, UTF_REPLACE);
        wide += paired;
        units -= paired;
        *pending = 0;
    }
    if (units != 0 && (wide[units - 1] & 0xFC00) == 0xD800)
        *pending = wide[--units];
    return size + utf16_to_utf8(wide, units, out + size, UTF_REPLACE);
}

char *mime_text_utf8(struct mime_arena *arena, LPCWSTR wide, size_t units)
{
    char *text = units > SIZE_MAX / 8 ? NULL : mime_arena_alloc(arena, UTF8_MAX(units) + 1);

    if (text != NULL)
        text[utf16_to_utf8(wide, units, text, UTF_REPLACE)] = '\0';
    return text;
}

bool mime_text_is_ascii(const char *text, size_t size)
{
    size_t i = 0;

    for (; size - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, text + i, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            return false;
    }
    for (; i < size; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

/* Charsets ------------------------------------------------------------------------------------------------------ */

/* Names that mail uses and iconv does not know, or knows as something else. */
static const char *const aliases[][2] = {
    {"x-sjis", "shift_jis"},      {"ks_c_5601-1987", "euc-kr"},
    {"x-unknown", "us-ascii"},    {"unicode-1-1-utf-7", "utf-7"},
    {"x-euc-jp", "euc-jp"},       {"x-gbk", "gbk"},
    {"x-big5", "big5"},           {"iso-8859-8-i", "iso-8859-8"},
    {"x-mac-roman", "macintosh"}, {"utf8", "utf-8"},
    {"ascii", "us-ascii"},        {"windows-31j", "cp932"},
    {"hz-gb-2312", "hz"},         {"unicode", "utf-16"},
};

/* Only a plain name may reach iconv_open, which takes "//" and what follows for orders. */
static const char *plain_name(const char *declared)
{
    if (declared == NULL || *declared == '\0' || strlen(declared) >= CHARSET_NAME)
        return NULL;
    if (strspn(declared, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+()") != strlen(declared))
        return NULL;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcasecmp(aliases[i][0], declared) == 0)
            return aliases[i][1];
    return declared;
}

bool mime_charset_is_plain(const char *name)
{
    return plain_name(name) != NULL;
}

struct decoding {
    struct mime_charset *charset;
    mime_wide_sink *put; /* NULL: only count */
    void *context;
    size_t errors;
    bool nul;
};

static HRESULT put_piece(struct decoding *decoding, LPWSTR wide, size_t units)
{
    for (size_t i = 0; i < units; i++) {
        if (wide[i] == 0) {
            wide[i] = REPLACEMENT;
            decoding->nul = true;
        } else if (decoding->charset->japanese_yen && (wide[i] == 0xA5 || wide[i] == 0x203E)) {
            wide[i] = wide[i] == 0xA5 ? '\\' : '~';
        }
    }
    return decoding->put == NULL || units == 0 ? S_OK : decoding->put(decoding->context, wide, units);
}

static HRESULT run_iconv(iconv_t converter, struct decoding *decoding, const void *bytes, size_t size)
{
    char *in = (char *)(uintptr_t)bytes;
    size_t left = size;
    bool flushed = false;

    while (!flushed) {
        WCHAR piece[PIECE];
        char *out = (char *)piece;
        size_t room = sizeof piece - sizeof(WCHAR), result;
        HRESULT hr;
        int error;

        flushed = left == 0;
        errno = 0;
        result = flushed ? iconv(converter, NULL, NULL, &out, &room) : iconv(converter, &in, &left, &out, &room);
        error = result == (size_t)-1 ? errno : 0;
        if (error == EILSEQ || error == EINVAL) {
            WCHAR instead = decoding->charset->reversible ? (unsigned char)*in : REPLACEMENT;

            decoding->errors += !decoding->charset->reversible;
            memcpy(out, &instead, sizeof instead);
            out += sizeof instead;
            in++;
            left--;
        }
        hr = put_piece(decoding, piece, (size_t)(out - (char *)piece) / sizeof(WCHAR));
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

/* Well-formed UTF-8 without NULs, which most mail is, in pieces that end with a character. */
static HRESULT put_utf8(struct decoding *decoding, const char *text, size_t size)
{
    HRESULT hr = S_OK;

    if (decoding->put == NULL)
        return S_OK;
    while (size != 0 && SUCCEEDED(hr)) {
        WCHAR piece[PIECE];
        size_t some = size < PIECE ? size : PIECE;

        while (some < size && (text[some] & 0xC0) == 0x80)
            some--;
        hr = decoding->put(decoding->context, piece, utf8_to_utf16(text, some, piece, UTF_STRICT));
        text += some;
        size -= some;
    }
    return hr;
}

static HRESULT put_latin1(struct decoding *decoding, const unsigned char *text, size_t size)
{
    HRESULT hr = S_OK;

    while (size != 0 && SUCCEEDED(hr)) {
        WCHAR piece[PIECE];
        size_t some = 0;

        do {
            piece[some] = text[some];
        } while (++some < size && some < PIECE);
        hr = put_piece(decoding, piece, some);
        text += some;
        size -= some;
    }
    return hr;
}

/* MAPI_E_NOT_FOUND where iconv does not know the charset. The two that are most common do without it: glibc's loads a module
 * for UTF-16 and unloads it again. */
static HRESULT decode(struct decoding *decoding, const void *bytes, size_t size)
{
    iconv_t converter;
    HRESULT hr;

    if (strcasecmp(decoding->charset->name, "utf-8") == 0 && memchr(bytes, 0, size) == NULL && utf8_valid(bytes, size))
        return put_utf8(decoding, bytes, size);
    if (strcasecmp(decoding->charset->name, "iso-8859-1") == 0)
        return put_latin1(decoding, bytes, size);
    converter = iconv_open("UTF-16LE", decoding->charset->name);
    if (converter == (iconv_t)-1)
        return errno == EINVAL ? MAPI_E_NOT_FOUND : MAPI_E_NOT_ENOUGH_MEMORY;
    hr = run_iconv(converter, decoding, bytes, size);
    iconv_close(converter);
    return hr;
}

static HRESULT try_charset(const char *name, const void *bytes, size_t size, struct mime_charset *charset,
                           size_t *errors)
{
    struct decoding decoding = {charset, NULL, NULL, 0, false};
    HRESULT hr;

    memset(charset, 0, sizeof *charset);
    charset->name = name;
    charset->codepage = mime_codepage_from_charset(name);
    charset->japanese_yen =
        strcasecmp(name, "shift_jis") == 0 || strcasecmp(name, "shift-jis") == 0 || strcasecmp(name, "sjis") == 0;
    hr = decode(&decoding, bytes, size);
    *errors = decoding.errors;
    charset->lossy = decoding.errors != 0 || decoding.nul;
    return hr;
}

static void use_utf8_or_latin1(const void *bytes, size_t size, struct mime_charset *charset)
{
    memset(charset, 0, sizeof *charset);
    charset->lossy = memchr(bytes, 0, size) != NULL;
    if (mime_text_is_ascii(bytes, size)) {
        charset->name = "utf-8";
        charset->codepage = CODEPAGE_ASCII;
    } else if (utf8_valid(bytes, size)) {
        charset->name = "utf-8";
        charset->codepage = CODEPAGE_UTF8;
    } else {
        charset->name = "windows-1252";
        charset->codepage = CODEPAGE_LATIN1;
        charset->reversible = true;
    }
}

HRESULT
mime_charset_choose(const char *declared, const void *bytes, size_t size, struct mime_charset *charset)
{
    const char *name = plain_name(declared), *wider;
    struct mime_charset second;
    size_t errors, second_errors;
    HRESULT hr;

    if (size == 0)
        bytes = "";
    if (name == NULL || strcasecmp(name, "us-ascii") == 0) {
        use_utf8_or_latin1(bytes, size, charset);
        return S_OK;
    }
    if (strcasecmp(name, "utf-8") == 0 && utf8_valid(bytes, size)) {
        use_utf8_or_latin1(bytes, size, charset);
        charset->codepage = CODEPAGE_UTF8;
        return S_OK;
    }
    hr = try_charset(name, bytes, size, charset, &errors);
    if (hr == MAPI_E_NOT_FOUND) {
        use_utf8_or_latin1(bytes, size, charset);
        return S_OK;
    }
    wider = mime_codepage_superset(name);
    if (SUCCEEDED(hr) && errors != 0 && wider != NULL) {
        ULONG codepage = charset->codepage;

        hr = try_charset(wider, bytes, size, &second, &second_errors);
        if (SUCCEEDED(hr) && second_errors == 0) {
            *charset = second;
            charset->codepage = charset->codepage == 0 ? codepage : charset->codepage;
        }
        hr = hr == MAPI_E_NOT_FOUND ? S_OK : hr;
    }
    return hr;
}

HRESULT
mime_charset_decode(struct mime_charset *charset, const void *bytes, size_t size, mime_wide_sink *put, void *context)
{
    struct decoding decoding = {charset, put, context, 0, false};

    return decode(&decoding, size == 0 ? "" : bytes, size);
}

struct growing {
    char *text;
    size_t size, capacity;
    WCHAR pending;
};

static HRESULT grow(void *context, LPCWSTR wide, size_t units)
{
    struct growing *growing = context;

    if (growing->capacity - growing->size < UTF8_MAX(units) + 8) {
        size_t capacity = 2 * growing->capacity + UTF8_MAX(units) + 8;
        char *moved = realloc(growing->text, capacity);

        if (moved == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        growing->text = moved;
        growing->capacity = capacity;
    }
    growing->size += mime_text_encode(growing->text + growing->size, wide, units, &growing->pending);
    return S_OK;
}

HRESULT
mime_charset_to_utf8(const struct mime_charset *charset, const void *bytes, size_t size, char **text, size_t *length)
{
    struct growing growing = {NULL, 0, 0, 0};
    struct mime_charset used = *charset;
    HRESULT hr = grow(&growing, NULL, 0);

    *text = NULL;
    *length = 0;
    if (SUCCEEDED(hr))
        hr = mime_charset_decode(&used, bytes, size, grow, &growing);
    if (FAILED(hr)) {
        free(growing.text);
        return hr;
    }
    growing.text[growing.size] = '\0';
    *text = growing.text;
    *length = growing.size;
    return S_OK;
}

/* Encoding ------------------------------------------------------------------------------------------------------ */

/* The bytes of a charset that grow as they come. */
struct encoding {
    iconv_t converter;
    char *bytes;
    size_t size, capacity;
};

/* Runs iconv over all of the input, or flushes without any: 0, E2BIG, EILSEQ and what else errno may be. */
static int run_encoder(struct encoding *encoding, char **in, size_t *left)
{
    char *out = encoding->bytes + encoding->size;
    size_t room = encoding->capacity - encoding->size, result;

    result = iconv(encoding->converter, in, left, &out, &room);
    encoding->size = (size_t)(out - encoding->bytes);
    return result == (size_t)-1 ? errno
           : result != 0        ? EILSEQ
                                : 0; /* what iconv only approximates is not of the charset */
}

/* A character that stands for the byte of its number; how many bytes of UTF-8 it takes, or 0. */
static size_t reversed(const struct mime_charset *charset, const char *in, size_t left, char *byte)
{
    if (!charset->reversible || left < 2 || (unsigned char)in[0] != 0xC2 || ((unsigned char)in[1] & 0xE0) != 0x80)
        return 0;
    *byte = in[1];
    return 2;
}

static HRESULT encode(const struct mime_charset *charset, struct encoding *encoding, char *in, size_t left)
{
    bool flushed = false;

    while (!flushed) {
        size_t skipped;
        char byte;
        int error;

        if (encoding->capacity - encoding->size < 64) {
            size_t capacity = encoding->capacity + encoding->capacity / 2 + left + 256;
            char *bytes = realloc(encoding->bytes, capacity);

            if (bytes == NULL)
                return MAPI_E_NOT_ENOUGH_MEMORY;
            encoding->bytes = bytes;
            encoding->capacity = capacity;
        }
        flushed = left == 0;
        error = flushed ? run_encoder(encoding, NULL, NULL) : run_encoder(encoding, &in, &left);
        if (error == E2BIG)
            flushed = false;
        else if (error != 0 && !flushed && (skipped = reversed(charset, in, left, &byte)) != 0) {
            encoding->bytes[encoding->size++] = byte;
            in += skipped;
            left -= skipped;
        } else if (error != 0)
            return S_FALSE;
    }
    return S_OK;
}

/* What glibc calls Shift_JIS has the yen sign and the overline where mail means the backslash and the tilde. */
static char *japanese(const char *utf8, size_t size, size_t *changed)
{
    char *text = malloc(3 * size + 1), *out = text;

    for (size_t i = 0; i < size && text != NULL; i++) {
        if (utf8[i] == '\\')
            out = stpcpy(out, "\xC2\xA5");
        else if (utf8[i] == '~')
            out = stpcpy(out, "\xE2\x80\xBE");
        else
            *out++ = utf8[i];
    }
    *changed = (size_t)(out - text);
    return text;
}

HRESULT
mime_charset_encode(const struct mime_charset *charset, const char *utf8, size_t size, char **bytes, size_t *encoded)
{
    struct encoding encoding = {iconv_open(charset->name, "UTF-8"), NULL, 0, 0};
    char *changed = NULL;
    HRESULT hr = S_OK;

    *bytes = NULL;
    *encoded = 0;
    if (encoding.converter == (iconv_t)-1)
        return errno == EINVAL ? S_FALSE : MAPI_E_NOT_ENOUGH_MEMORY;
    if (charset->japanese_yen && (changed = japanese(utf8, size, &size)) == NULL)
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    if (SUCCEEDED(hr))
        hr = encode(charset, &encoding, changed != NULL ? changed : (char *)(uintptr_t)utf8, size);
    iconv_close(encoding.converter);
    free(changed);
    if (hr != S_OK) {
        free(encoding.bytes);
        return hr;
    }
    *bytes = encoding.bytes;
    *encoded = encoding.size;
    return S_OK;
}

HRESULT
mime_charset_returns(const struct mime_charset *charset, const void *bytes, size_t size)
{
    char *text, *again = NULL;
    size_t length, encoded;
    HRESULT hr = mime_charset_to_utf8(charset, bytes, size, &text, &length);

    if (hr == S_OK)
        hr = mime_charset_encode(charset, text, length, &again, &encoded);
    if (hr == S_OK && (encoded != size || (size != 0 && memcmp(again, bytes, size) != 0)))
        hr = S_FALSE;
    free(again);
    free(text);
    return hr;
}

bool mime_charset_has_lines(const char *name)
{
    return strncasecmp(name, "utf-16", 6) != 0 && strncasecmp(name, "utf-32", 6) != 0 &&
           strncasecmp(name, "ucs-", 4) != 0 && strncasecmp(name, "iso-10646", 9) != 0;
}
