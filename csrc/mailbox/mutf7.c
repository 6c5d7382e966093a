#include "mailbox/mutf7.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/utf.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static HRESULT out_of_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the name of a folder.");
}

static int value_of(char digit)
{
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);

    return at == NULL ? -1 : (int)(at - digits);
}

/* One "&...-" from behind its "&": appends its units; moves *at behind it. False: it is not well formed. */
static bool decode_run(const char **at, const char *end, WCHAR *out, size_t *units)
{
    uint32_t bits = 0;
    unsigned count = 0;
    const char *from = *at;

    for (; *at < end && **at != '-'; (*at)++) {
        int value = value_of(**at);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 16) {
            count -= 16;
            out[(*units)++] = (WCHAR)(bits >> count);
        }
    }
    if (*at == end || (bits & ((1u << count) - 1)) != 0 || count >= 6)
        return false;
    if (*at == from)
        out[(*units)++] = '&';
    (*at)++;
    return true;
}

static bool decode(const char *text, size_t size, WCHAR *out, size_t *units)
{
    const char *at = text, *end = text + size;

    *units = 0;
    while (at < end) {
        char c = *at++;

        if (c < ' ' || c == 0x7F) /* signed or not: bytes beyond ASCII are not modified UTF-7 */
            return false;
        if ((unsigned char)c >= 0x80)
            return false;
        if (c != '&')
            out[(*units)++] = (WCHAR)c;
        else if (!decode_run(&at, end, out, units))
            return false;
    }
    return utf16_valid(out, *units);
}

HRESULT mutf7_decode(const char *text, size_t size, WCHAR **out)
{
    WCHAR *made = calloc(size + 1, sizeof *made);
    size_t units;

    *out = NULL;
    if (made == NULL)
        return out_of_memory();
    if (!decode(text, size, made, &units))
        units = utf8_to_utf16(text, size, made, UTF_REPLACE);
    for (size_t i = 0; i < units; i++)
        if (made[i] == 0)
            made[i] = 0xFFFD;
    made[units] = 0;
    *out = made;
    return S_OK;
}

static bool is_direct(WCHAR unit)
{
    return unit >= ' ' && unit < 0x7F && unit != '&' && unit != '.' && unit != '/';
}

HRESULT mutf7_encode(const WCHAR *text, char **out)
{
    size_t units = utf16_length(text), used = 0;
    char *made = malloc(units * 5 + 1); /* "&" three digits "-" for a unit that stands alone */

    *out = NULL;
    if (made == NULL)
        return out_of_memory();
    for (size_t i = 0; i < units;) {
        uint32_t bits = 0;
        unsigned count = 0;

        if (is_direct(text[i])) {
            made[used++] = (char)text[i++];
            continue;
        }
        made[used++] = '&';
        if (text[i] == '&' && (i + 1 == units || is_direct(text[i + 1]) || text[i + 1] == '&')) {
            made[used++] = '-';
            i++;
            continue;
        }
        for (; i < units && !is_direct(text[i]); i++) {
            bits = bits << 16 | text[i];
            for (count += 16; count >= 6; count -= 6)
                made[used++] = digits[bits >> (count - 6) & 63];
        }
        if (count > 0)
            made[used++] = digits[bits << (6 - count) & 63];
        made[used++] = '-';
    }
    made[used] = '\0';
    *out = made;
    return S_OK;
}
