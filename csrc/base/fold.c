/* base/fold.c - letters without their case and without their marks; see base/fold.h. */
#include "base/fold.h"

#include <stddef.h>

/* A range in which every upper-case letter is `distance` below its lower-case one. With step 2 upper and lower case
 * alternate, beginning with upper case. */
struct case_range {
    uint32_t first;
    uint32_t last;
    uint32_t step;
    uint32_t distance;
};

static const struct case_range upper_ranges[] = {
    {0x00C0, 0x00D6, 1, 32}, {0x00D8, 0x00DE, 1, 32}, {0x0100, 0x012E, 2, 1},  {0x0132, 0x0136, 2, 1},
    {0x0139, 0x0147, 2, 1},  {0x014A, 0x0176, 2, 1},  {0x0179, 0x017D, 2, 1},  {0x01CD, 0x01DB, 2, 1},
    {0x01DE, 0x01EE, 2, 1},  {0x01F8, 0x021E, 2, 1},  {0x0222, 0x0232, 2, 1},  {0x0370, 0x0372, 2, 1},
    {0x0376, 0x0376, 2, 1},  {0x0388, 0x038A, 1, 37}, {0x038E, 0x038F, 1, 63}, {0x0391, 0x03A1, 1, 32},
    {0x03A3, 0x03AB, 1, 32}, {0x03D8, 0x03EE, 2, 1},  {0x0400, 0x040F, 1, 80}, {0x0410, 0x042F, 1, 32},
    {0x0460, 0x0480, 2, 1},  {0x048A, 0x04BE, 2, 1},  {0x04C1, 0x04CD, 2, 1},  {0x04D0, 0x052E, 2, 1},
    {0x0531, 0x0556, 1, 48}, {0x1E00, 0x1E94, 2, 1},  {0x1EA0, 0x1EFE, 2, 1},  {0xFF21, 0xFF3A, 1, 32},
};

struct case_pair {
    uint32_t from;
    uint32_t to;
};

static const struct case_pair upper_pairs[] = {
    {0x00B5, 0x03BC}, {0x0178, 0x00FF}, {0x017F, 0x0073}, {0x0386, 0x03AC}, {0x038C, 0x03CC}, {0x03C2, 0x03C3},
    {0x03D0, 0x03B2}, {0x03D1, 0x03B8}, {0x03D5, 0x03C6}, {0x03D6, 0x03C0}, {0x04C0, 0x04CF}, {0x1E9E, 0x00DF},
};

uint32_t fold_character(uint32_t character)
{
    if (character < 0x80)
        return character >= 'A' && character <= 'Z' ? character + 32 : character;
    for (size_t i = 0; i < sizeof upper_pairs / sizeof upper_pairs[0]; i++)
        if (upper_pairs[i].from == character)
            return upper_pairs[i].to;
    for (size_t i = 0; i < sizeof upper_ranges / sizeof upper_ranges[0]; i++) {
        const struct case_range *range = &upper_ranges[i];
        if (character < range->first)
            break;
        if (character <= range->last)
            return (character - range->first) % range->step == 0 ? character + range->distance : character;
    }
    return character;
}

/* The letter under the mark for U+00C0 to U+017F; '.' where there is none to take off. */
static const char base_letters[] = "AAAAAA.CEEEEIIII.NOOOOO.OUUUUY.."
                                   "aaaaaa.ceeeeiiii.nooooo.ouuuuy.y"
                                   "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg"
                                   "GgGgHhHhIiIiIiIiI...JjKk.LlLlLlL"
                                   "lLlNnNnNn...OoOoOo..RrRrRrSsSsSs"
                                   "SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZz.";

_Static_assert(sizeof base_letters == 0x180 - 0xC0 + 1, "one letter for each character of the range");

bool is_nonspacing(uint32_t character)
{
    return (character >= 0x0300 && character <= 0x036F) || (character >= 0x1AB0 && character <= 0x1AFF) ||
           (character >= 0x1DC0 && character <= 0x1DFF) || (character >= 0x20D0 && character <= 0x20FF) ||
           (character >= 0xFE20 && character <= 0xFE2F);
}

uint32_t strip_marks(uint32_t character)
{
    if (character < 0xC0 || character >= 0x180)
        return character;
    char letter = base_letters[character - 0xC0];
    return letter == '.' ? character : (uint32_t)(unsigned char)letter;
}
