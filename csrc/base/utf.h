/*
 * utf.h - UTF-8 and UTF-16, both ways, exactly.
 *
 * Lengths are given and returned in code units of their encoding (bytes, 16-bit units), never counting a NUL; text
 * may contain NULs. A conversion comes as a pair: the ..._length function computes exactly what the other writes.
 * Callers that would rather not read the text twice give the writing function a buffer of UTF8_MAX or UTF16_MAX.
 * Nothing here keeps state.
 */
#ifndef LUAMAPI_BASE_UTF_H
#define LUAMAPI_BASE_UTF_H

#include <mapiwin.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What to do about text that is not well formed.
 *
 * Well formed is what the Unicode standard says: no overlong form, no surrogate in UTF-8, no unpaired surrogate in
 * UTF-16, nothing above U+10FFFF, nothing cut short.
 */
enum utf_policy {
    UTF_STRICT,  /* the conversion fails */
    UTF_REPLACE, /* each ill-formed part becomes U+FFFD: the maximal subpart, as the standard recommends, but the
                    three bytes that WTF-8 has for a surrogate together */
    UTF_WTF8     /* unpaired surrogates are kept, in UTF-8 as three bytes (WTF-8); anything else ill-formed fails.
                    16-bit strings of any content survive the way to UTF-8 and back */
};

/* The result of a conversion that failed. The output buffer then holds nothing of use. */
#define UTF_INVALID SIZE_MAX

/* Room that always suffices for the conversion of so many units or bytes. */
#define UTF8_MAX(units)  ((size_t)(units)*3)
#define UTF16_MAX(bytes) ((size_t)(bytes))

/* The length of a NUL-terminated UTF-16 string; 0 for NULL. */
size_t utf16_length(const WCHAR *text);

size_t utf16_to_utf8_length(const WCHAR *text, size_t units, enum utf_policy policy);
size_t utf16_to_utf8(const WCHAR *text, size_t units, char *out, enum utf_policy policy);

size_t utf8_to_utf16_length(const char *text, size_t bytes, enum utf_policy policy);
size_t utf8_to_utf16(const char *text, size_t bytes, WCHAR *out, enum utf_policy policy);

/* Is the text well formed? utf8_valid_wtf8: or only because of surrogates not? */
bool utf8_valid(const char *text, size_t bytes);
bool utf8_valid_wtf8(const char *text, size_t bytes);
bool utf16_valid(const WCHAR *text, size_t units);

/*
 * UTF-8 to UTF-8 as with UTF_REPLACE. Needs at most UTF8_MAX(bytes) bytes of room; `out` must not overlap `text`.
 */
size_t utf8_repair_length(const char *text, size_t bytes);
size_t utf8_repair(const char *text, size_t bytes, char *out);

/*
 * The same conversions into a new NUL-terminated block, which the caller frees with free(). `length` may be NULL.
 *
 * S_OK; MAPI_E_NOT_ENOUGH_MEMORY; MAPI_E_INVALID_PARAMETER for text that the policy refuses. *out is NULL on
 * failure.
 */
HRESULT utf16_to_utf8_new(const WCHAR *text, size_t units, enum utf_policy policy, char **out, size_t *length);
HRESULT utf8_to_utf16_new(const char *text, size_t bytes, enum utf_policy policy, WCHAR **out, size_t *length);

#endif
