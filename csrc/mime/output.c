#include "mime/output.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mapicode.h>

enum {
    LINE = 76,          /* where fields are folded [RFC 5322 2.1.1] */
    LONGEST_WORD = 900, /* what cannot be folded must still fit a line of 998 */
    ENCODED_BYTES = 45  /* of one encoded word, which may have 75 characters [RFC 2047 2] */
};

/* Bytes --------------------------------------------------------------------------------------------------------- */

void mime_output_flush(struct mime_output *out)
{
    const unsigned char *at = out->buffer;

    while (out->used != 0 && SUCCEEDED(out->failure)) {
        ULONG written = 0;

        out->failure = out->stream->lpVtbl->Write(out->stream, at, (ULONG)out->used, &written);
        if (SUCCEEDED(out->failure) && written == 0)
            out->failure = MAPI_E_DISK_ERROR;
        at += written;
        out->used -= written;
    }
    out->used = 0;
}

void mime_output_bytes(struct mime_output *out, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    while (size != 0 && SUCCEEDED(out->failure)) {
        size_t room = sizeof out->buffer - out->used, some = size < room ? size : room;

        memcpy(out->buffer + out->used, at, some);
        out->used += some;
        at += some;
        size -= some;
        if (out->used == sizeof out->buffer)
            mime_output_flush(out);
    }
}

void mime_output_text(struct mime_output *out, const char *text)
{
    mime_output_bytes(out, text, strlen(text));
}

/* Header fields ------------------------------------------------------------------------------------------------- */

static void put(struct mime_output *out, const char *text, size_t size)
{
    mime_output_bytes(out, text, size);
    out->column += size;
}

static void fold(struct mime_output *out)
{
    mime_output_text(out, "\r\n");
    out->column = 0;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

static bool is_plain(const struct mime_output *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (is_control(text[i]) || (!out->eight_bit && (unsigned char)text[i] >= 0x80))
            return false;
    return memmem(text, size, "=?", 2) == NULL;
}

/* Bytes of the longest piece of at most `most` bytes that ends between characters. */
static size_t whole_characters(const char *text, size_t size, size_t most)
{
    if (size <= most)
        return size;
    while (most > 1 && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--;
    return most;
}

static void put_base64_word(struct mime_output *out, const char *text, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char word[12 + ENCODED_BYTES / 3 * 4 + 4];
    size_t length = 10;

    memcpy(word, "=?utf-8?B?", 10);
    for (size_t i = 0; i < size; i += 3) {
        unsigned group = 0;

        for (size_t j = 0; j < 3; j++) {
            unsigned char c = i + j < size ? (unsigned char)text[i + j] : 0;

            group = group << 8 | (is_control((char)c) && c != '\t' && i + j < size ? ' ' : c);
        }
        for (size_t j = 0; j < 4; j++)
            word[length++] = j <= size - i || i + 3 <= size ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    memcpy(word + length, "?=", 2);
    put(out, word, length + 2);
}

/* Encoded words, one a line after the first. */
static void put_encoded(struct mime_output *out, const char *text, size_t size)
{
    bool first = true;

    while (size != 0) {
        size_t room = out->column + 14 < LINE ? (LINE - out->column - 12) / 4 * 3 : 0, some;

        if (!first || room < 6) {
            fold(out);
            put(out, " ", 1);
            room = ENCODED_BYTES;
        }
        some = whole_characters(text, size, room < ENCODED_BYTES ? room : ENCODED_BYTES);
        put_base64_word(out, text, some);
        text += some;
        size -= some;
        first = false;
    }
}

/* Words and the blanks between them; a fold comes before blanks, which stay. The first word follows directly. */
static void put_folded(struct mime_output *out, const char *text, size_t size)
{
    size_t at = 0;

    while (at < size) {
        size_t blanks = 0, word;

        while (at + blanks < size && text[at + blanks] == ' ')
            blanks++;
        word = at + blanks;
        while (word < size && text[word] != ' ')
            word++;
        word -= at;
        if (blanks != 0 && out->column + word > LINE)
            fold(out);
        put(out, text + at, word);
        at += word;
    }
}

static bool can_fold(const char *text, size_t size)
{
    size_t word = 0;

    for (size_t i = 0; i < size; i++) {
        word = text[i] == ' ' ? 0 : word + 1;
        if (word > LONGEST_WORD)
            return false;
    }
    return size == 0 || (text[0] != ' ' && text[size - 1] != ' ');
}

static void begin_field(struct mime_output *out, const char *name)
{
    out->column = 0;
    put(out, name, strlen(name));
    put(out, ": ", 2);
}

void mime_output_field(struct mime_output *out, const char *name, const char *value)
{
    size_t size = value == NULL ? 0 : strlen(value);

    if (size == 0)
        return;
    begin_field(out, name);
    if (is_plain(out, value, size) && can_fold(value, size))
        put_folded(out, value, size);
    else
        put_encoded(out, value, size);
    fold(out);
}

bool mime_output_can_be_verbatim(const struct mime_output *out, const char *value)
{
    size_t word = 0;
    bool something = false;

    for (; *value != '\0'; value++) {
        bool blank = *value == ' ' || *value == '\t', newline = *value == '\n' || (*value == '\r' && value[1] == '\n');

        if (*value == '\n' && value[1] != ' ' && value[1] != '\t' && value[1] != '\0')
            return false;
        if (!newline && !blank && (is_control(*value) || (!out->eight_bit && (unsigned char)*value >= 0x80)))
            return false;
        word = newline || blank ? 0 : word + 1;
        if (word > LONGEST_WORD)
            return false;
        something |= word != 0;
    }
    return something;
}

/* How much of the text is blanks, and where its folds are does not matter. */
static size_t blanks_of(const char *text)
{
    return strspn(text, " \t\r\n");
}

static void put_blanks(struct mime_output *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != '\r' && text[i] != '\n')
            put(out, text + i, 1);
}

/* Words keep the lines they are on, unless such a line would be too long. A fold comes before a word's blanks, never
 * behind the last word: a line of nothing but blanks could be taken for the end of the header. */
bool mime_output_verbatim(struct mime_output *out, const char *name, const char *value)
{
    enum { LONGEST_LINE = 900 };

    if (!mime_output_can_be_verbatim(out, value))
        return false;
    out->column = 0;
    put(out, name, strlen(name));
    put(out, ":", 1);
    if (blanks_of(value) == 0)
        put(out, " ", 1);
    while (*value != '\0') {
        size_t blanks = blanks_of(value), word = strcspn(value + blanks, " \t\r\n");

        if (word != 0 && blanks != 0 && (memchr(value, '\n', blanks) != NULL || out->column + word > LONGEST_LINE))
            fold(out);
        put_blanks(out, value, blanks);
        put(out, value + blanks, word);
        value += blanks + word;
    }
    fold(out);
    return true;
}

void mime_output_ids(struct mime_output *out, const char *name, const char *value)
{
    bool first = true;

    if (value == NULL || *(value += strspn(value, " \t\r\n")) == '\0')
        return;
    if (!is_plain(out, value, strlen(value)) || !can_fold(value, strlen(value))) {
        mime_output_field(out, name, value);
        return;
    }
    begin_field(out, name);
    while (*value != '\0') {
        size_t size = strcspn(value, " \t\r\n");

        if (!first && out->column + size + 1 > LINE)
            fold(out);
        if (!first)
            put(out, " ", 1);
        put(out, value, size);
        first = false;
        value += size;
        value += strspn(value, " \t\r\n");
    }
    fold(out);
}

void mime_output_date(struct mime_output *out, const char *name, int64_t unix_seconds)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)unix_seconds;
    struct tm tm;
    char text[64];

    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    snprintf(text, sizeof text, "%s, %d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    mime_output_field(out, name, text);
}

/* Addresses ----------------------------------------------------------------------------------------------------- */

static bool is_atom_text(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static void put_quoted(struct mime_output *out, const char *text, size_t size)
{
    put(out, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\')
            put(out, "\\", 1);
        put(out, is_control(text[i]) ? " " : text + i, 1);
    }
    put(out, "\"", 1);
}

static void put_phrase(struct mime_output *out, const char *name)
{
    size_t size = strlen(name);
    bool atoms = true;

    for (size_t i = 0; i < size; i++)
        atoms = atoms && (is_atom_text(name[i]) || name[i] == ' ');
    if (!is_plain(out, name, size) || size > LONGEST_WORD)
        put_encoded(out, name, size);
    else if (atoms && can_fold(name, size))
        put_folded(out, name, size);
    else
        put_quoted(out, name, size);
}

/* Text in quotes with its escapes, as an address keeps it: nothing in it ends the quotes early. */
static bool is_quoted(const char *text, size_t size)
{
    if (size < 2 || text[0] != '"' || text[size - 1] != '"')
        return false;
    for (size_t i = 1; i < size - 1; i++) {
        if (text[i] == '"' || is_control(text[i]) || (text[i] == '\\' && ++i == size - 1))
            return false;
        if (is_control(text[i]))
            return false;
    }
    return true;
}

/* The mailbox part before '@': as it is where it may stand so, else quoted. */
static void put_local_part(struct mime_output *out, const char *text, size_t size)
{
    bool plain = size != 0;

    for (size_t i = 0; i < size; i++)
        plain = plain && (is_atom_text(text[i]) || text[i] == '.');
    if (plain || is_quoted(text, size))
        put(out, text, size);
    else
        put_quoted(out, text, size);
}

static bool is_ascii(const char *text, const char *end)
{
    while (text < end && (unsigned char)*text < 0x80)
        text++;
    return text >= end;
}

static void put_mailbox(struct mime_output *out, const char *address)
{
    const char *at = strrchr(address, '@');
    char *ascii = NULL;

    if (at == NULL) {
        put_local_part(out, address, strlen(address));
        return;
    }
    put_local_part(out, address, (size_t)(at - address));
    put(out, "@", 1);
    if (!out->eight_bit && is_ascii(address, at) && !is_ascii(at + 1, at + strlen(at)))
        ascii = g_hostname_to_ascii(at + 1); /* a mailbox part beyond ASCII needs a transport that takes both */
    for (const char *c = ascii != NULL ? ascii : at + 1; *c != '\0'; c++)
        if (!is_control(*c) && strchr(" <>(),;\"\\", *c) == NULL)
            put(out, c, 1);
    g_free(ascii);
}

static void put_address(struct mime_output *out, const struct mime_address *address)
{
    bool named = *address->name != '\0' && strcmp(address->name, address->address) != 0;

    if (*address->address == '\0') { /* somebody without an address: an empty group says the name */
        put_phrase(out, address->name);
        put(out, ":;", 2);
    } else if (named) {
        put_phrase(out, address->name);
        if (out->column + strlen(address->address) + 3 > LINE)
            fold(out);
        put(out, " <", 2);
        put_mailbox(out, address->address);
        put(out, ">", 1);
    } else {
        put_mailbox(out, address->address);
    }
}

void mime_output_addresses(struct mime_output *out, const char *name, const struct mime_address *items, size_t count)
{
    if (count == 0)
        return;
    begin_field(out, name);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(items[i].name) + strlen(items[i].address) + 4;

        if (i != 0) {
            put(out, ",", 1);
            if (out->column + length > LINE)
                fold(out);
            put(out, " ", 1);
        }
        put_address(out, &items[i]);
    }
    fold(out);
}

/* Parameters [RFC 2231] ----------------------------------------------------------------------------------------- */

void mime_output_begin(struct mime_output *out, const char *name, const char *value)
{
    begin_field(out, name);
    for (; *value != '\0'; value++)
        if (*value > ' ' && *value < 0x7F)
            put(out, value, 1);
}

void mime_output_end(struct mime_output *out)
{
    fold(out);
}

/* The value as extended-other-values, a piece a line; the charset is said once. */
static void put_extended(struct mime_output *out, const char *name, const char *value)
{
    enum { PIECE = 54 };
    static const char digits[] = "0123456789ABCDEF";
    bool several = strlen(value) > PIECE / 3;

    for (unsigned number = 0; number == 0 || *value != '\0'; number++) {
        char piece[PIECE + 4], head[16] = "";
        size_t size = 0;

        while (*value != '\0' && size < PIECE) {
            unsigned char c = is_control(*value) ? (unsigned char)'_' : (unsigned char)*value;

            if (c < 0x80 && is_atom_text((char)c) && strchr("*'%=?/", (char)c) == NULL) {
                piece[size++] = (char)c;
            } else if (c == '.') {
                piece[size++] = '.';
            } else {
                piece[size++] = '%';
                piece[size++] = digits[c >> 4];
                piece[size++] = digits[c & 15];
            }
            value++;
        }
        if (several)
            snprintf(head, sizeof head, "*%u", number);
        put(out, ";", 1);
        fold(out);
        put(out, " ", 1);
        put(out, name, strlen(name));
        put(out, head, strlen(head));
        put(out, "*=", 2);
        if (number == 0)
            put(out, "utf-8''", 7);
        put(out, piece, size);
    }
}

void mime_output_parameter(struct mime_output *out, const char *name, const char *value)
{
    size_t size = strlen(value);
    bool plain = size <= 60;

    for (size_t i = 0; i < size; i++)
        plain = plain && value[i] >= ' ' && value[i] < 0x7F;
    if (!plain || strstr(value, "=?") != NULL) {
        put_extended(out, name, value);
        return;
    }
    put(out, ";", 1);
    if (out->column + size + strlen(name) + 4 > LINE)
        fold(out);
    put(out, " ", 1);
    put(out, name, strlen(name));
    put(out, "=", 1);
    put_quoted(out, value, size);
}
