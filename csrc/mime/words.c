#include "mime/words.h"

#include <string.h>
#include <strings.h>

#include "base/utf.h"
#include "mime/text.h"

enum { CHARSET_ROOM = 64 };

struct word {
    char charset[CHARSET_ROOM];
    bool base64;
    const char *text, *text_end; /* the encoded text */
    const char *end;             /* behind "?=" */
};

/* Reads "=?charset*language?B?text?="; false where there is no such word. */
static bool read_word(const char *at, struct word *word)
{
    const char *charset = at + 2, *end;
    size_t size;

    if (strncmp(at, "=?", 2) != 0)
        return false;
    end = strchr(charset, '?');
    if (end == NULL || end[1] == '\0' || end[2] != '?')
        return false;
    if ((end[1] | 32) != 'b' && (end[1] | 32) != 'q')
        return false;
    size = strcspn(charset, "*?");
    if (size == 0 || size >= CHARSET_ROOM || strcspn(charset, " \t\r\n") < size)
        return false;
    memcpy(word->charset, charset, size);
    word->charset[size] = '\0';
    word->base64 = (end[1] | 32) == 'b';
    word->text = end + 3;
    word->text_end = word->text + strcspn(word->text, "?\r\n");
    if (word->text_end[0] != '?' || word->text_end[1] != '=')
        return false;
    word->end = word->text_end + 2;
    return true;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Appends the bytes of one word, never more than its text is long. */
static size_t decode_word(const struct word *word, char *out)
{
    size_t size = 0;
    unsigned group = 0, bits = 0;

    for (const char *at = word->text; at < word->text_end; at++) {
        if (word->base64) {
            int value = base64_value(*at);

            if (*at == '=')
                break;
            if (value < 0)
                continue;
            group = (group << 6 | (unsigned)value) & 0xFFFFFF;
            bits += 6;
            if (bits >= 8) {
                bits -= 8;
                out[size++] = (char)(group >> bits & 0xFF);
            }
        } else if (*at == '=' && word->text_end - at > 2 && hex_value(at[1]) >= 0 && hex_value(at[2]) >= 0) {
            out[size++] = (char)(hex_value(at[1]) << 4 | hex_value(at[2]));
            at += 2;
        } else {
            out[size++] = *at == '_' ? ' ' : *at;
        }
    }
    return size;
}

/* UTF-8 in the arena, growing. */
struct text {
    struct mime_arena *arena;
    char *bytes;
    size_t size, capacity;
    WCHAR pending;
};

static char *room_for(struct text *text, size_t more)
{
    if (text->capacity - text->size < more) {
        size_t capacity = 2 * text->capacity + more;
        char *moved = mime_arena_alloc(text->arena, capacity);

        if (moved == NULL)
            return NULL;
        if (text->size != 0)
            memcpy(moved, text->bytes, text->size);
        text->bytes = moved;
        text->capacity = capacity;
    }
    return text->bytes + text->size;
}

static HRESULT put_wide(void *context, LPCWSTR wide, size_t units)
{
    struct text *text = context;
    char *out = room_for(text, UTF8_MAX(units) + 3);

    if (out != NULL)
        text->size += mime_text_encode(out, wide, units, &text->pending);
    return S_OK;
}

/* The bytes of words of one charset, as UTF-8. */
static void put_decoded(struct text *text, const char *charset_name, const char *bytes, size_t size)
{
    struct mime_charset charset;

    if (FAILED(mime_charset_choose(charset_name, bytes, size, &charset)) ||
        FAILED(mime_charset_decode(&charset, bytes, size, put_wide, text)))
        text->arena->failed = true;
}

static void put_base64(struct text *out, const char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = room_for(out, 10 + (size + 2) / 3 * 4 + 2), *start = at;

    if (at == NULL)
        return;
    at = stpcpy(at, "=?utf-8?B?");
    for (size_t i = 0; i < size; i += 3) {
        size_t have = size - i < 3 ? size - i : 3;
        unsigned group = 0;

        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (j < have ? (unsigned char)bytes[i + j] : 0u);
        for (size_t j = 0; j < 4; j++)
            *at++ = j <= have ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    memcpy(at, "?=", 2);
    out->size += (size_t)(at + 2 - start);
}

/* Where the next word could begin, blanks and folds passed over. */
static const char *behind_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Rewrites the row of two and more words that begins with `word`; returns what is behind it. */
static const char *join_row(struct text *out, struct word word, char *scratch)
{
    struct text row = {out->arena, NULL, 0, 0, 0};
    struct word following;
    size_t size = decode_word(&word, scratch);

    while (read_word(behind_blanks(word.end), &following)) {
        if (strcasecmp(word.charset, following.charset) != 0) {
            put_decoded(&row, word.charset, scratch, size);
            size = 0;
        }
        size += decode_word(&following, scratch + size);
        word = following;
    }
    put_decoded(&row, word.charset, scratch, size);
    put_base64(out, row.bytes, row.size);
    return word.end;
}

static void put_bytes(struct text *out, const char *bytes, size_t size)
{
    char *room = room_for(out, size + 1);

    if (room == NULL)
        return;
    memcpy(room, bytes, size);
    room[size] = '\0';
    out->size += size;
}

const char *mime_words_join(struct mime_arena *arena, const char *raw)
{
    struct text out = {arena, NULL, 0, 0, 0};
    const char *at = strstr(raw, "=?"), *copied = raw;
    char *scratch = NULL;

    while (at != NULL && !arena->failed) {
        struct word word, following;

        if (!read_word(at, &word)) {
            at += 2;
        } else if (!read_word(behind_blanks(word.end), &following)) {
            at = word.end;
        } else {
            if (scratch == NULL)
                scratch = mime_arena_alloc(arena, strlen(raw));
            put_bytes(&out, copied, (size_t)(at - copied));
            if (!arena->failed)
                at = copied = join_row(&out, word, scratch);
        }
        at = strstr(at, "=?");
    }
    if (copied != raw)
        put_bytes(&out, copied, strlen(copied));
    if (arena->failed)
        return NULL;
    return copied == raw ? raw : out.bytes;
}
