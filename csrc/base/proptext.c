/* base/proptext.c - see base/proptext.h. */
#include "base/proptext.h"

#include <stddef.h>

#include "base/fold.h"

bool prop_text_of(const SPropValue *value, unsigned flags, struct prop_text *out)
{
    *out = (struct prop_text){NULL, NULL, flags};
    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_STRING8:
        out->narrow = (const unsigned char *)value->Value.lpszA;
        return true;
    case PT_UNICODE:
        out->wide = value->Value.lpszW;
        return true;
    default:
        return false;
    }
}

/* One character of UTF-8. The terminating NUL is no continuation byte, so nothing behind it is read. */
static uint32_t next_narrow(const unsigned char **at)
{
    const unsigned char *p = *at;
    unsigned lead = *p++;
    unsigned more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : lead >= 0xE0 && lead < 0xF0 ? 2 : 3;
    if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) {
        *at = p;
        return 0xDC00 + lead;
    }
    uint32_t character = more == 0 ? lead : lead & (0x3Fu >> more);
    for (unsigned i = 0; i < more; i++, p++) {
        if ((*p & 0xC0) != 0x80) {
            (*at)++;
            return 0xDC00 + lead;
        }
        character = character << 6 | (*p & 0x3Fu);
    }
    *at = p;
    return character;
}

static uint32_t next_wide(const WCHAR **at)
{
    uint32_t unit = *(*at)++;
    if (unit < 0xD800 || unit > 0xDBFF || **at < 0xDC00 || **at > 0xDFFF)
        return unit;
    return 0x10000 + ((unit - 0xD800) << 10) + (*(*at)++ - 0xDC00u);
}

uint32_t prop_text_next(struct prop_text *text)
{
    for (;;) {
        if (text->narrow != NULL ? *text->narrow == 0 : *text->wide == 0)
            return PROP_TEXT_END;
        uint32_t character = text->narrow != NULL ? next_narrow(&text->narrow) : next_wide(&text->wide);
        if (text->flags & PROP_TEXT_IGNORE_MARKS) {
            if (is_nonspacing(character))
                continue;
            character = strip_marks(character);
        }
        return text->flags & PROP_TEXT_IGNORE_CASE ? fold_character(character) : character;
    }
}

int prop_text_compare(struct prop_text left, struct prop_text right)
{
    for (;;) {
        uint32_t l = prop_text_next(&left);
        uint32_t r = prop_text_next(&right);
        if (l == r) {
            if (l == PROP_TEXT_END)
                return 0;
            continue;
        }
        if (l == PROP_TEXT_END || r == PROP_TEXT_END)
            return l == PROP_TEXT_END ? -1 : 1;
        return l < r ? -1 : 1;
    }
}

bool prop_text_starts_with(struct prop_text text, struct prop_text needle)
{
    for (;;) {
        uint32_t wanted = prop_text_next(&needle);
        if (wanted == PROP_TEXT_END)
            return true;
        if (prop_text_next(&text) != wanted)
            return false;
    }
}

bool prop_text_contains(struct prop_text text, struct prop_text needle)
{
    struct prop_text rest = needle;
    uint32_t first = prop_text_next(&rest);
    if (first == PROP_TEXT_END)
        return true;
    for (;;) {
        uint32_t character = prop_text_next(&text);
        if (character == PROP_TEXT_END)
            return false;
        if (character == first && prop_text_starts_with(text, rest))
            return true;
    }
}
