#include "mime/rtf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/utf.h"
#include "mime/codepage.h"
#include "mime/html.h"
#include "mime/text.h"

struct buffer {
    char *text; /* malloc'ed */
    size_t size, capacity;
    bool failed;
};

static void put(struct buffer *buffer, const char *bytes, size_t size)
{
    if (buffer->capacity - buffer->size < size + 1) {
        size_t capacity = 2 * buffer->capacity + size + 256;
        char *text = buffer->failed ? NULL : realloc(buffer->text, capacity);

        if (text == NULL) {
            buffer->failed = true;
            return;
        }
        buffer->text = text;
        buffer->capacity = capacity;
    }
    if (size != 0)
        memcpy(buffer->text + buffer->size, bytes, size);
    buffer->size += size;
    buffer->text[buffer->size] = '\0';
}

static void put_text(struct buffer *buffer, const char *text)
{
    put(buffer, text, strlen(text));
}

static HRESULT finish(struct buffer *buffer, char **text, size_t *size)
{
    put(buffer, "", 0);
    if (buffer->failed) {
        free(buffer->text);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    *text = buffer->text;
    *size = buffer->size;
    return S_OK;
}

/* Writing ------------------------------------------------------------------------------------------------------- */

/* One character of UTF-8 as RTF: its units of UTF-16, each with a question mark for readers that do not know them. */
static size_t put_unicode(struct buffer *buffer, const char *text, size_t size)
{
    size_t length = (unsigned char)*text >= 0xF0 ? 4 : (unsigned char)*text >= 0xE0 ? 3 : 2;
    WCHAR units[4];
    size_t count;
    char escape[16];

    if (length > size)
        length = size;
    count = utf8_to_utf16(text, length, units, UTF_REPLACE);
    for (size_t i = 0; i < count; i++) {
        snprintf(escape, sizeof escape, "\\u%d?", (int)(int16_t)units[i]);
        put_text(buffer, escape);
    }
    return length;
}

static void put_escaped(struct buffer *buffer, const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        unsigned char c = (unsigned char)text[i];
        char escape[8];

        if (c >= 0x80) {
            i += put_unicode(buffer, text + i, size - i);
            continue;
        }
        i++;
        if (c == '\\' || c == '{' || c == '}') {
            escape[0] = '\\';
            escape[1] = (char)c;
            put(buffer, escape, 2);
        } else if (c == '\t') {
            put_text(buffer, "\\tab ");
        } else if (c == '\r' && i < size && text[i] == '\n') {
            put_text(buffer, "\\par ");
            i++;
        } else if (c < ' ' || c == 0x7F) { /* a bare LF among them */
            snprintf(escape, sizeof escape, "\\'%02x", c);
            put_text(buffer, escape);
        } else {
            put(buffer, (const char *)&text[i - 1], 1);
        }
    }
}

HRESULT
mime_rtf_from_html(const char *html, size_t size, char **rtf, size_t *written)
{
    static const char head[] = "{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\uc1\\deff0{\\fonttbl{\\f0\\fswiss Arial;}}\r\n";
    enum { MOST_OF_A_GROUP = 4096 };
    struct buffer buffer = {NULL, 0, 0, false};
    size_t length;
    char *text = mime_html_to_text(html, size, &length);

    *rtf = NULL;
    *written = 0;
    if (text == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    put_text(&buffer, head);
    while (size != 0) { /* in groups, for readers keep each in memory; a character is not cut */
        size_t some = size < MOST_OF_A_GROUP ? size : MOST_OF_A_GROUP;

        while (some < size && some > 1 && (((unsigned char)html[some] & 0xC0) == 0x80 || html[some] == '\n'))
            some--;
        put_text(&buffer, "{\\*\\htmltag0 ");
        put_escaped(&buffer, html, some);
        put_text(&buffer, "}\r\n");
        html += some;
        size -= some;
    }
    put_text(&buffer, "\\htmlrtf ");
    put_escaped(&buffer, text, length);
    put_text(&buffer, "\\htmlrtf0 }\r\n");
    free(text);
    return finish(&buffer, rtf, written);
}

/* Reading ------------------------------------------------------------------------------------------------------- */

enum { DEEPEST = 256 };

struct state {
    bool skipped;  /* a destination whose content is no text */
    bool tag;      /* within \*\htmltag */
    bool rtf_only; /* between \htmlrtf and \htmlrtf0 */
    int skip;      /* \ucN: characters that stand in for a \u */
};

struct reader {
    const char *at, *end;
    struct state states[DEEPEST];
    size_t depth, too_deep;
    bool html;
    bool starred; /* \* has just been read: what comes may be skipped when it is not known */
    int pending;  /* characters still to be passed over behind a \u */
    WCHAR high;   /* a surrogate that waits for its other half */
    LONG codepage;
    struct buffer *out;
    char bytes[256]; /* of the code page, to be decoded together */
    size_t held;
};

static struct state *now(struct reader *reader)
{
    return &reader->states[reader->depth];
}

static bool is_written(struct reader *reader)
{
    const struct state *state = now(reader);

    if (state->skipped || reader->too_deep != 0)
        return false;
    return !reader->html || state->tag || !state->rtf_only;
}

static void flush_bytes(struct reader *reader)
{
    struct mime_charset charset;
    const char *name = mime_codepage_charset((ULONG)reader->codepage);
    char *text = NULL;
    size_t size;

    if (reader->held == 0)
        return;
    if (FAILED(mime_charset_choose(name, reader->bytes, reader->held, &charset)) ||
        FAILED(mime_charset_to_utf8(&charset, reader->bytes, reader->held, &text, &size)))
        reader->out->failed = true;
    else
        put(reader->out, text, size);
    free(text);
    reader->held = 0;
}

static void write_bytes(struct reader *reader, const char *bytes, size_t size)
{
    if (!is_written(reader))
        return;
    flush_bytes(reader);
    put(reader->out, bytes, size);
}

/* A character of the code page. */
static void write_byte(struct reader *reader, unsigned char byte)
{
    if (reader->pending > 0) {
        reader->pending--;
        return;
    }
    if (!is_written(reader))
        return;
    if (byte < 0x80 && reader->held == 0) {
        put(reader->out, (const char *)&byte, 1);
        return;
    }
    if (reader->held == sizeof reader->bytes)
        flush_bytes(reader);
    reader->bytes[reader->held++] = (char)byte;
}

static void write_unit(struct reader *reader, WCHAR unit)
{
    WCHAR pair[2] = {reader->high, unit};
    bool paired = reader->high != 0 && (unit & 0xFC00) == 0xDC00;
    char utf8[8];

    reader->pending = now(reader)->skip;
    reader->high = 0;
    if (!paired && (unit & 0xFC00) == 0xD800) {
        reader->high = unit;
        return;
    }
    if (unit == 0)
        return;
    write_bytes(reader, utf8, utf16_to_utf8(paired ? pair : &unit, paired ? 2 : 1, utf8, UTF_REPLACE));
}

static bool is_word(const char *word, size_t size, const char *name)
{
    return strlen(name) == size && memcmp(word, name, size) == 0;
}

static bool is_one_of(const char *word, size_t size, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(word, size, names[i]))
            return true;
    return false;
}

static void do_word(struct reader *reader, const char *word, size_t size, bool has_number, long number)
{
    static const char *const no_text[] = {"fonttbl", "colortbl", "stylesheet", "info",     "pict",
                                          "object",  "header",   "footer",     "generator"};
    struct state *state = now(reader);
    bool starred = reader->starred;

    reader->starred = false;
    if (is_word(word, size, "htmltag")) {
        state->tag = true;
    } else if (is_one_of(word, size, no_text, sizeof no_text / sizeof no_text[0]) || starred) {
        state->skipped = true;
    } else if (is_word(word, size, "htmlrtf")) {
        state->rtf_only = !has_number || number != 0;
    } else if (is_word(word, size, "fromhtml")) {
        reader->html = !has_number || number != 0;
    } else if (is_word(word, size, "ansicpg")) {
        reader->codepage = (LONG)number;
    } else if (is_word(word, size, "uc")) {
        state->skip = number < 0 || number > 16 ? 1 : (int)number;
    } else if (is_word(word, size, "u")) {
        write_unit(reader, (WCHAR)number);
    } else if (is_word(word, size, "par") || is_word(word, size, "line")) {
        write_bytes(reader, "\r\n", 2);
    } else if (is_word(word, size, "tab")) {
        write_bytes(reader, "\t", 1);
    }
}

/* `at` is behind a backslash. */
static void read_control(struct reader *reader)
{
    static const char digits[] = "0123456789abcdef";
    const char *word = reader->at;
    bool negative = false, has_number = false;
    size_t size = 0;
    long number = 0;

    while (reader->at < reader->end && ((*reader->at | 32) >= 'a' && (*reader->at | 32) <= 'z'))
        reader->at++;
    size = (size_t)(reader->at - word);
    if (size != 0) {
        negative = reader->at < reader->end && *reader->at == '-';
        reader->at += negative;
        while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
            number = number < 1000000 ? number * 10 + (*reader->at - '0') : number;
            has_number = true;
            reader->at++;
        }
        if (reader->at < reader->end && *reader->at == ' ')
            reader->at++;
        do_word(reader, word, size, has_number, negative ? -number : number);
        return;
    }
    if (reader->at == reader->end)
        return;
    if (*reader->at == '\'' && reader->end - reader->at > 2) {
        const char *high = strchr(digits, reader->at[1] | 32), *low = strchr(digits, reader->at[2] | 32);

        if (high != NULL && low != NULL && reader->at[1] != '\0' && reader->at[2] != '\0')
            write_byte(reader, (unsigned char)((high - digits) << 4 | (low - digits)));
        reader->at += 3;
        return;
    }
    if (*reader->at == '*')
        reader->starred = true;
    else if (*reader->at == '~')
        write_bytes(reader, "\xC2\xA0", 2);
    else if (*reader->at == '\r' || *reader->at == '\n')
        write_bytes(reader, "\r\n", 2);
    else if (strchr("\\{}", *reader->at) != NULL)
        write_byte(reader, (unsigned char)*reader->at);
    reader->at++;
}

static void open_group(struct reader *reader)
{
    if (reader->depth + 1 == DEEPEST) {
        reader->too_deep++;
        return;
    }
    reader->states[reader->depth + 1] = reader->states[reader->depth];
    reader->depth++;
    reader->starred = false;
}

static void close_group(struct reader *reader)
{
    if (reader->too_deep != 0)
        reader->too_deep--;
    else if (reader->depth != 0)
        reader->depth--;
    reader->pending = 0;
}

HRESULT
mime_rtf_read(const char *rtf, size_t size, char **text, size_t *read, bool *is_html)
{
    struct buffer out = {NULL, 0, 0, false};
    struct reader *reader = calloc(1, sizeof *reader);

    *text = NULL;
    *read = 0;
    *is_html = false;
    if (reader == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    reader->at = rtf;
    reader->end = rtf + size;
    reader->out = &out;
    reader->codepage = CODEPAGE_LATIN1;
    reader->states[0].skip = 1;
    while (reader->at < reader->end && !out.failed) {
        char c = *reader->at++;

        if (c != '\\' && (c == '{' || c == '}' || c == '\r' || c == '\n'))
            flush_bytes(reader);
        if (c == '\\')
            read_control(reader);
        else if (c == '{')
            open_group(reader);
        else if (c == '}')
            close_group(reader);
        else if (c != '\r' && c != '\n' && c != '\0')
            write_byte(reader, (unsigned char)c);
    }
    flush_bytes(reader);
    *is_html = reader->html;
    free(reader);
    return finish(&out, text, read);
}
