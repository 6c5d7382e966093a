/* base/text_needle.h - looking for a text in very many others: what prop_text_contains (base/proptext.h) decides, but
 * without decoding every character.
 *
 * A needle whose characters, as the flags make them, are ASCII is looked for byte by byte: in UTF-8 an ASCII byte is
 * always a character of its own, so what is found is found. What is not found may still be there in letters that only
 * become ASCII (a long s, an accented e): the answer is then that somebody has to look closer.
 */
#ifndef BASE_TEXT_NEEDLE_H
#define BASE_TEXT_NEEDLE_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

enum { TEXT_NEEDLE_MAX = 128 };

struct text_needle {
    unsigned flags; /* PROP_TEXT_... */
    size_t size;
    bool has_s;                           /* folding makes one of U+017F */
    unsigned char bytes[TEXT_NEEDLE_MAX]; /* as the flags make them */
    unsigned char shift[256];             /* how far to go on, by the byte under the needle's last one */
};

enum text_found { TEXT_ABSENT, TEXT_FOUND, TEXT_UNSURE };

/* Prepares a PT_STRING8 or PT_UNICODE value. false: not one for this kind of search (empty, too long, not ASCII). */
bool text_needle_make(const SPropValue *value, unsigned flags, struct text_needle *out);

/* Looks for it in UTF-8 of `size` bytes, which ends at the first NUL if there is one. */
enum text_found text_needle_search(const struct text_needle *needle, const unsigned char *text, size_t size);

#endif
