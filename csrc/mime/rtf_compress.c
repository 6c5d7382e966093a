#include "mime/rtf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

/*
 * The format: four 32-bit numbers (what follows the first in bytes, the size of the text, a signature, a checksum), then
 * runs of up to eight items, each run behind a byte whose bits say, the lowest first, which items are references: two
 * bytes, the high twelve bits a place in a ring of 4,096 bytes and the low four a length less two. Other items are bytes of
 * the text. All text also goes into the ring, which begins with words that RTF is likely to have; a reference to the
 * place where the next byte will go ends it all.
 */
enum {
    HEAD = 16,
    RING = 4096,
    LONGEST = 17,
    SHORTEST = 2,
    SIGNATURE_COMPRESSED = 0x75465A4C, /* "LZFu" */
    SIGNATURE_PLAIN = 0x414C454D,      /* "MELA" */
    MOST = 256 * 1024 * 1024
};

static const char words[] = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
                            "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
                            "\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

struct ring {
    unsigned char bytes[RING];
    size_t at;     /* where the next byte goes */
    size_t filled; /* places that have been written */
};

static void begin(struct ring *ring)
{
    memset(ring, 0, sizeof *ring);
    memcpy(ring->bytes, words, sizeof words - 1);
    ring->at = ring->filled = sizeof words - 1;
}

static void put(struct ring *ring, unsigned char byte)
{
    ring->bytes[ring->at] = byte;
    ring->at = (ring->at + 1) % RING;
    if (ring->filled < RING)
        ring->filled++;
}

static uint32_t get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

/* The usual polynomial, but nothing is inverted before or after. */
static uint32_t checksum(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
    }
    return crc;
}

/* Decompression ------------------------------------------------------------------------------------------------- */

/* Appends a byte to the text; false beyond its size. */
static bool emit(char *text, size_t *used, size_t size, struct ring *ring, unsigned char byte)
{
    if (*used == size)
        return false;
    text[(*used)++] = (char)byte;
    put(ring, byte);
    return true;
}

static bool expand(const unsigned char *at, const unsigned char *end, char *text, size_t size, size_t *used)
{
    struct ring ring;

    begin(&ring);
    while (at < end) {
        unsigned control = *at++;

        for (int bit = 0; bit < 8 && at < end; bit++) {
            size_t from, length;

            if ((control >> bit & 1) == 0) {
                if (!emit(text, used, size, &ring, *at++))
                    return true;
                continue;
            }
            if (end - at < 2)
                return false;
            from = (size_t)at[0] << 4 | at[1] >> 4;
            length = (at[1] & 15u) + SHORTEST;
            at += 2;
            if (from == ring.at)
                return true;
            for (; length != 0; length--, from = (from + 1) % RING)
                if (!emit(text, used, size, &ring, ring.bytes[from]))
                    return true;
        }
    }
    return true;
}

HRESULT
mime_rtf_decompress(const unsigned char *bytes, size_t size, char **rtf, size_t *decompressed)
{
    uint32_t raw, signature;
    char *text;

    *rtf = NULL;
    *decompressed = 0;
    if (size < HEAD)
        return MAPI_E_CORRUPT_DATA;
    if (get_u32(bytes) >= HEAD - 4 && get_u32(bytes) < size - 4)
        size = get_u32(bytes) + 4;
    raw = get_u32(bytes + 4);
    signature = get_u32(bytes + 8);
    if (raw > MOST)
        return MAPI_E_TOO_BIG;
    /* one item of two bytes and an eighth gives at most 17 */
    if ((signature == SIGNATURE_COMPRESSED && raw / 8 > size) || (signature == SIGNATURE_PLAIN && raw > size - HEAD) ||
        (signature != SIGNATURE_COMPRESSED && signature != SIGNATURE_PLAIN))
        return MAPI_E_CORRUPT_DATA;
    if (signature == SIGNATURE_COMPRESSED && get_u32(bytes + 12) != checksum(bytes + HEAD, size - HEAD))
        return MAPI_E_CORRUPT_DATA;
    text = malloc((size_t)raw + 1);
    if (text == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    if (signature == SIGNATURE_PLAIN) {
        memcpy(text, bytes + HEAD, raw);
        *decompressed = raw;
    } else if (!expand(bytes + HEAD, bytes + size, text, raw, decompressed)) {
        free(text);
        *decompressed = 0;
        return MAPI_E_CORRUPT_DATA;
    }
    text[*decompressed] = '\0';
    *rtf = text;
    return S_OK;
}

/* Compression --------------------------------------------------------------------------------------------------- */

/* The last places where each pair of bytes began, to find a match without looking everywhere. */
struct finder {
    int16_t head[256 * 256];
    int16_t before[RING]; /* the place before with the same pair, or -1 */
};

enum { PLACES_TRIED = 32 };

static unsigned pair_at(const struct ring *ring, size_t place)
{
    return (unsigned)ring->bytes[place] << 8 | ring->bytes[(place + 1) % RING];
}

/* The pair that the last byte has completed is known from now on. */
static void remember(struct finder *finder, const struct ring *ring)
{
    size_t place = (ring->at + RING - 2) % RING;
    unsigned pair = pair_at(ring, place);

    finder->before[place] = finder->head[pair];
    finder->head[pair] = (int16_t)place;
}

static size_t match_length(const struct ring *ring, size_t place, const unsigned char *text, size_t left)
{
    size_t length = 0;

    while (length < LONGEST && length < left && (place + length) % RING != ring->at &&
           ring->bytes[(place + length) % RING] == text[length])
        length++;
    return length;
}

static size_t longest_match(const struct finder *finder, const struct ring *ring, const unsigned char *text,
                            size_t left, size_t *found)
{
    size_t best = 0;
    int place = left < 2 ? -1 : finder->head[(unsigned)text[0] << 8 | text[1]];

    for (int tried = 0; place >= 0 && tried < PLACES_TRIED && best < LONGEST; tried++) {
        size_t length = (size_t)place == ring->at ? 0 : match_length(ring, (size_t)place, text, left);

        if (length > best) {
            best = length;
            *found = (size_t)place;
        }
        place = finder->before[place];
    }
    return best;
}

struct packer {
    unsigned char *bytes;
    size_t used, control_at;
    int bit;
};

static void begin_item(struct packer *packer, bool reference)
{
    if (packer->bit == 8) {
        packer->control_at = packer->used;
        packer->bytes[packer->used++] = 0;
        packer->bit = 0;
    }
    packer->bytes[packer->control_at] |= (unsigned char)((unsigned)reference << packer->bit++);
}

static void put_reference(struct packer *packer, size_t place, size_t length)
{
    begin_item(packer, true);
    packer->bytes[packer->used++] = (unsigned char)(place >> 4);
    packer->bytes[packer->used++] = (unsigned char)((place & 15) << 4 | (length - SHORTEST));
}

static void pack(struct packer *packer, struct finder *finder, const unsigned char *text, size_t size)
{
    struct ring ring;

    memset(finder->head, 0xFF, sizeof finder->head);
    memset(finder->before, 0xFF, sizeof finder->before);
    begin(&ring);
    for (size_t i = 0; i + 1 < sizeof words - 1; i++) {
        finder->before[i] = finder->head[pair_at(&ring, i)];
        finder->head[pair_at(&ring, i)] = (int16_t)i;
    }
    while (size != 0) {
        size_t place = 0, length = longest_match(finder, &ring, text, size, &place);

        if (length >= SHORTEST) {
            put_reference(packer, place, length);
        } else {
            length = 1;
            begin_item(packer, false);
            packer->bytes[packer->used++] = *text;
        }
        for (size_t i = 0; i < length; i++) {
            put(&ring, text[i]);
            remember(finder, &ring);
        }
        text += length;
        size -= length;
    }
    put_reference(packer, ring.at, SHORTEST);
}

HRESULT
mime_rtf_compress(const char *rtf, size_t size, unsigned char **bytes, size_t *compressed)
{
    struct finder *finder = malloc(sizeof *finder);
    struct packer packer = {malloc(HEAD + size + size / 8 + 16), HEAD, 0, 8};

    *bytes = NULL;
    *compressed = 0;
    if (finder == NULL || packer.bytes == NULL || size > MOST) {
        free(finder);
        free(packer.bytes);
        return size > MOST ? MAPI_E_TOO_BIG : MAPI_E_NOT_ENOUGH_MEMORY;
    }
    pack(&packer, finder, (const unsigned char *)rtf, size);
    free(finder);
    put_u32(packer.bytes, (uint32_t)(packer.used - 4));
    put_u32(packer.bytes + 4, (uint32_t)size);
    put_u32(packer.bytes + 8, SIGNATURE_COMPRESSED);
    put_u32(packer.bytes + 12, checksum(packer.bytes + HEAD, packer.used - HEAD));
    *bytes = packer.bytes;
    *compressed = packer.used;
    return S_OK;
}
