/* base/fold.h - characters as comparisons see them that ignore case or marks.
 *
 * Our own small tables, because the C library's depend on the process's locale, which belongs to the host.
 */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include <stdbool.h>
#include <stdint.h>

/* The character without its case: simple folding of Latin, Greek, Cyrillic, Armenian and full-width letters; every
 * other character is itself. */
uint32_t fold_character(uint32_t character);

/* The letter under the mark ('e' for U+00E9) for Latin-1 and Latin Extended-A; every other character is itself. */
uint32_t strip_marks(uint32_t character);

/* Whether the character is a combining mark. */
bool is_nonspacing(uint32_t character);

#endif
