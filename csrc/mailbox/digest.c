#include "mailbox/digest.h"

#include <string.h>

static const uint64_t initial[8] = {
    0x6A09E667F3BCC908u, 0xBB67AE8584CAA73Bu, 0x3C6EF372FE94F82Bu, 0xA54FF53A5F1D36F1u,
    0x510E527FADE682D1u, 0x9B05688C2B3E6C1Fu, 0x1F83D9ABFB41BD6Bu, 0x5BE0CD19137E2179u,
};

static const unsigned char order[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

/* Least byte first; written so that compilers make one load of it. */
static inline uint64_t word_at(const unsigned char *bytes)
{
    return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24 |
           (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40 | (uint64_t)bytes[6] << 48 | (uint64_t)bytes[7] << 56;
}

static inline uint64_t rotate(uint64_t word, unsigned by)
{
    return word >> by | word << (64 - by);
}

/* Within compress, where the compiler keeps what it mixes in registers. */
static inline __attribute__((always_inline)) void mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d, uint64_t x,
                                                      uint64_t y)
{
    *a += *b + x;
    *d = rotate(*d ^ *a, 32);
    *c += *d;
    *b = rotate(*b ^ *c, 24);
    *a += *b + y;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 63);
}

static void compress(struct digest *digest, const unsigned char *block, int last)
{
    uint64_t words[16], v[16];

    for (size_t i = 0; i < 16; i++)
        words[i] = word_at(block + i * 8);
    memcpy(v, digest->state, sizeof digest->state);
    memcpy(v + 8, initial, sizeof initial);
    v[12] ^= digest->counted;
    if (last)
        v[14] = ~v[14];
#pragma GCC unroll 12
    for (size_t round = 0; round < 12; round++) {
        const unsigned char *at = order[round % 10];

        mix(&v[0], &v[4], &v[8], &v[12], words[at[0]], words[at[1]]);
        mix(&v[1], &v[5], &v[9], &v[13], words[at[2]], words[at[3]]);
        mix(&v[2], &v[6], &v[10], &v[14], words[at[4]], words[at[5]]);
        mix(&v[3], &v[7], &v[11], &v[15], words[at[6]], words[at[7]]);
        mix(&v[0], &v[5], &v[10], &v[15], words[at[8]], words[at[9]]);
        mix(&v[1], &v[6], &v[11], &v[12], words[at[10]], words[at[11]]);
        mix(&v[2], &v[7], &v[8], &v[13], words[at[12]], words[at[13]]);
        mix(&v[3], &v[4], &v[9], &v[14], words[at[14]], words[at[15]]);
    }
    for (size_t i = 0; i < 8; i++)
        digest->state[i] ^= v[i] ^ v[i + 8];
}

void digest_begin(struct digest *digest)
{
    memset(digest, 0, sizeof *digest);
    memcpy(digest->state, initial, sizeof initial);
    digest->state[0] ^= 0x01010000u | DIGEST_SIZE; /* no key, a plain sequence of blocks */
}

void digest_add(struct digest *digest, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    while (size > 0) {
        size_t room, piece;

        if (digest->used == DIGEST_BLOCK) { /* only now is it known that this block is not the last one */
            digest->counted += DIGEST_BLOCK;
            compress(digest, digest->block, 0);
            digest->used = 0;
        }
        if (digest->used == 0)
            for (; size > DIGEST_BLOCK; at += DIGEST_BLOCK, size -= DIGEST_BLOCK) {
                digest->counted += DIGEST_BLOCK;
                compress(digest, at, 0);
            }
        room = DIGEST_BLOCK - digest->used;
        piece = size < room ? size : room;
        memcpy(digest->block + digest->used, at, piece);
        digest->used += piece;
        at += piece;
        size -= piece;
    }
}

void digest_end(struct digest *digest, unsigned char result[DIGEST_SIZE])
{
    digest->counted += digest->used;
    memset(digest->block + digest->used, 0, DIGEST_BLOCK - digest->used);
    compress(digest, digest->block, 1);
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        result[i] = (unsigned char)(digest->state[i / 8] >> 8 * (i % 8));
}

/* Messages ------------------------------------------------------------------------------------------------------ */

void message_digest_begin(struct message_digest *digest)
{
    digest_begin(&digest->digest);
    digest->line_ends = 0;
    digest->cr = 0;
}

/* Bytes with no CR in them. */
static void add_lines(struct message_digest *digest, const unsigned char *bytes, size_t size)
{
    static const char line_ends[64] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
                                      "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
    size_t end = size;

    while (end > 0 && bytes[end - 1] == '\n')
        end--;
    if (end > 0) {
        for (; digest->line_ends >= 63; digest->line_ends -= 63)
            digest_add(&digest->digest, line_ends, 63);
        digest_add(&digest->digest, line_ends, (size_t)digest->line_ends);
        digest_add(&digest->digest, bytes, end);
        digest->line_ends = 0;
    }
    digest->line_ends += size - end;
}

void message_digest_add(struct message_digest *digest, const unsigned char *bytes, size_t size)
{
    const unsigned char *end = bytes + size;

    if (size > 0 && digest->cr && *bytes != '\n')
        add_lines(digest, (const unsigned char *)"\r", 1);
    if (size > 0)
        digest->cr = 0;
    while (bytes < end) {
        const unsigned char *cr = memchr(bytes, '\r', (size_t)(end - bytes));

        if (cr == NULL) {
            add_lines(digest, bytes, (size_t)(end - bytes));
            return;
        }
        add_lines(digest, bytes, (size_t)(cr - bytes));
        if (cr + 1 == end)
            digest->cr = 1;
        else if (cr[1] != '\n')
            add_lines(digest, (const unsigned char *)"\r", 1);
        bytes = cr + 1;
    }
}

void message_digest_end(struct message_digest *digest, unsigned char result[DIGEST_SIZE])
{
    digest_end(&digest->digest, result);
}
