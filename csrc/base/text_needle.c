/* base/text_needle.c - Horspool's search; see base/text_needle.h. */
#include "base/text_needle.h"

#include <string.h>

#include "base/proptext.h"

static unsigned char fold_byte(const struct text_needle *needle, unsigned char byte)
{
    bool upper = byte >= 'A' && byte <= 'Z';

    return upper && (needle->flags & PROP_TEXT_IGNORE_CASE) != 0 ? (unsigned char)(byte + 32) : byte;
}

static void make_shifts(struct text_needle *needle)
{
    size_t last = needle->size - 1;

    memset(needle->shift, (int)needle->size, sizeof needle->shift);
    for (size_t i = 0; i < last; i++)
        needle->shift[needle->bytes[i]] = (unsigned char)(last - i);
    for (unsigned byte = 'A'; byte <= 'Z'; byte++)
        needle->shift[byte] = needle->shift[fold_byte(needle, (unsigned char)byte)];
}

bool text_needle_make(const SPropValue *value, unsigned flags, struct text_needle *out)
{
    struct prop_text text;

    memset(out, 0, sizeof *out);
    out->flags = flags;
    if (!prop_text_of(value, flags, &text))
        return false;
    for (;;) {
        uint32_t character = prop_text_next(&text);

        if (character == PROP_TEXT_END)
            break;
        if (character >= 0x80 || out->size == TEXT_NEEDLE_MAX)
            return false;
        out->has_s = out->has_s || character == 's';
        out->bytes[out->size++] = (unsigned char)character;
    }
    if (out->size == 0)
        return false;
    make_shifts(out);
    return true;
}

static bool is_here(const struct text_needle *needle, const unsigned char *at)
{
    for (size_t i = 0; i < needle->size; i++)
        if (fold_byte(needle, at[i]) != needle->bytes[i])
            return false;
    return true;
}

/* Whether a text may hold letters that only become ASCII by what the flags leave out. */
static bool may_become_ascii(const struct text_needle *needle, const unsigned char *text, size_t size)
{
    if ((needle->flags & PROP_TEXT_IGNORE_MARKS) != 0) {
        for (size_t i = 0; i < size; i++)
            if (text[i] >= 0x80)
                return true;
        return false;
    }
    return (needle->flags & PROP_TEXT_IGNORE_CASE) != 0 && needle->has_s && memchr(text, 0xC5, size) != NULL;
}

enum text_found text_needle_search(const struct text_needle *needle, const unsigned char *text, size_t size)
{
    size_t last = needle->size - 1;
    unsigned char end = needle->bytes[last];

    for (size_t i = last; i < size; i += needle->shift[text[i]])
        if (fold_byte(needle, text[i]) == end && is_here(needle, text + i - last))
            return memchr(text, 0, i) == NULL ? TEXT_FOUND : TEXT_UNSURE;
    return size > 0 && may_become_ascii(needle, text, size) ? TEXT_UNSURE : TEXT_ABSENT;
}
