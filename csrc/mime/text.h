/*
 * mime/text.h - the strings of MAPI (UTF-16) and the bytes of mail (any charset).
 *
 * Strings that GMime decoded are UTF-8; they become UTF-16 here, and back. In them a NUL, which the source hides as
 * MIME_SUBSTITUTE, becomes U+FFFD, and so does every byte that is not UTF-8.
 *
 * Bodies are decoded from the charset they name, with U+FFFD for what is not of it. Where they name none, or one that
 * nobody knows, or us-ascii while using eight bits, they are UTF-8 if they are valid UTF-8, else Windows-1252 with its
 * undefined bytes as the control characters of the same number, which loses nothing. Where the named charset has a
 * well-known wider form (Shift_JIS and code page 932, GB2312 and GB18030, ...) and only that fits, fully, it is used.
 */
#ifndef MIME_TEXT_H
#define MIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

#include "mime/arena.h"

/* UTF-16, NUL-terminated, in the arena; NULL where that failed. */
LPWSTR mime_text_wide(struct mime_arena *arena, const char *utf8, size_t size);

/* UTF-8, NUL-terminated, in the arena; lone surrogates become U+FFFD. NULL where that failed. */
char *mime_text_utf8(struct mime_arena *arena, LPCWSTR wide, size_t units);

bool mime_text_is_ascii(const char *text, size_t size);

/* Appends the UTF-8 of `units` UTF-16 units to `out` (room for 3 bytes a unit and 3 more); a high surrogate at the end
 * waits in *pending for the next call. Returns the bytes written. */
size_t mime_text_encode(char *out, LPCWSTR wide, size_t units, WCHAR *pending);

/* How the bytes of a body are to be read. */
struct mime_charset {
    const char *name;  /* for iconv */
    ULONG codepage;    /* 0 where Windows has no number for it */
    bool reversible;   /* undecodable bytes become the character of the same number, not U+FFFD */
    bool japanese_yen; /* glibc reads Shift_JIS' 5C and 7E as the yen sign and the overline; mail means \ and ~ */
    bool lossy;        /* U+FFFD was needed somewhere, or there was a NUL */
    bool irreversible; /* that, or other bytes would come back */
};

/* Only a plain name is one: iconv takes "//" and what follows it for orders. */
bool mime_charset_is_plain(const char *name);

/* Chooses for `size` bytes that say they are in `declared` (NULL: nothing said). MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT mime_charset_choose(const char *declared, const void *bytes, size_t size, struct mime_charset *charset);

/* Decodes and hands out UTF-16 in pieces, never splitting a surrogate pair. Stops at the first failure of `put`. */
typedef HRESULT mime_wide_sink(void *context, LPCWSTR wide, size_t units);
HRESULT mime_charset_decode(struct mime_charset *charset, const void *bytes, size_t size, mime_wide_sink *put,
                            void *context);

/* All of the text as UTF-8, malloc'ed and NUL-terminated. */
HRESULT mime_charset_to_utf8(const struct mime_charset *charset, const void *bytes, size_t size, char **text,
                             size_t *length);

/*
 * The way back, from UTF-8: what this charset would have been decoded from, malloc'ed. S_FALSE and NULL where it does not
 * have all of the characters; MAPI_E_NOT_ENOUGH_MEMORY. Only `name`, `reversible` and `japanese_yen` are looked at.
 */
HRESULT mime_charset_encode(const struct mime_charset *charset, const char *utf8, size_t size, char **bytes,
                            size_t *encoded);

/* S_OK where decoding and encoding give the same bytes again, else S_FALSE; MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT mime_charset_returns(const struct mime_charset *charset, const void *bytes, size_t size);

/* Are line ends and blanks in this charset the bytes that they are in ASCII? */
bool mime_charset_has_lines(const char *name);

#endif
