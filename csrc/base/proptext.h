/* base/proptext.h - the characters of a string property, whichever width it has. */
#ifndef BASE_PROPTEXT_H
#define BASE_PROPTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

/* What makes no difference between two characters. */
enum prop_text_flags {
    PROP_TEXT_IGNORE_CASE = 1, /* = PROP_COMPARE_IGNORE_CASE */
    PROP_TEXT_IGNORE_MARKS = 2
};

#define PROP_TEXT_END 0xFFFFFFFFu

/* A place in a NUL-terminated string; exactly one pointer is set. Copy it to remember the place. */
struct prop_text {
    const unsigned char *narrow; /* UTF-8; a byte that is no part of a character counts as U+DC00 + byte */
    const WCHAR *wide;           /* UTF-16; a lone surrogate counts as itself */
    unsigned flags;
};

/* The beginning of a PT_STRING8 or PT_UNICODE value; false for any other type. */
bool prop_text_of(const SPropValue *value, unsigned flags, struct prop_text *out);

/* The next character that counts, or PROP_TEXT_END, again and again. */
uint32_t prop_text_next(struct prop_text *text);

/* Negative, zero, positive: by code point. */
int prop_text_compare(struct prop_text left, struct prop_text right);

/* Whether text starts with, or contains, the whole of needle. */
bool prop_text_starts_with(struct prop_text text, struct prop_text needle);
bool prop_text_contains(struct prop_text text, struct prop_text needle);

#endif
