#include <string.h>

#include "mime/output.h"

/* Base64 and uuencode ------------------------------------------------------------------------------------------- */

static void put_base64_line(struct mime_output *out, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char line[78];
    size_t length = 0;

    for (size_t i = 0; i < size; i += 3) {
        size_t have = size - i < 3 ? size - i : 3;
        unsigned group = (unsigned)bytes[i] << 16;

        if (have > 1)
            group |= (unsigned)bytes[i + 1] << 8;
        if (have > 2)
            group |= bytes[i + 2];
        line[length++] = digits[group >> 18];
        line[length++] = digits[group >> 12 & 63];
        line[length++] = have > 1 ? digits[group >> 6 & 63] : '=';
        line[length++] = have > 2 ? digits[group & 63] : '=';
    }
    line[length++] = '\r';
    line[length++] = '\n';
    mime_output_bytes(out, line, length);
}

static void put_uuencoded_line(struct mime_output *out, const unsigned char *bytes, size_t size)
{
    char line[64];
    size_t length = 0;

    line[length++] = (char)(size == 0 ? '`' : ' ' + size);
    for (size_t i = 0; i < size; i += 3) {
        unsigned group = 0;

        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (i + j < size ? bytes[i + j] : 0u);
        for (int shift = 18; shift >= 0; shift -= 6)
            line[length++] = (char)((group >> shift & 63) == 0 ? '`' : ' ' + (group >> shift & 63));
    }
    line[length++] = '\r';
    line[length++] = '\n';
    mime_output_bytes(out, line, length);
}

static void encode(struct mime_output *out, struct mime_encoder *encoder, const unsigned char *bytes, size_t size,
                   bool last, size_t line, void (*put_line)(struct mime_output *, const unsigned char *, size_t))
{
    while (size != 0) {
        size_t room = line - encoder->count, some = size < room ? size : room;

        memcpy(encoder->held + encoder->count, bytes, some);
        encoder->count += some;
        bytes += some;
        size -= some;
        if (encoder->count == line) {
            put_line(out, encoder->held, line);
            encoder->count = 0;
        }
    }
    if (last && encoder->count != 0)
        put_line(out, encoder->held, encoder->count);
    if (last)
        encoder->count = 0;
}

void mime_output_base64(struct mime_output *out, struct mime_encoder *encoder, const void *bytes, size_t size,
                        bool last)
{
    encode(out, encoder, bytes, size, last, 57, put_base64_line);
}

void mime_output_uuencode(struct mime_output *out, struct mime_encoder *encoder, const void *bytes, size_t size,
                          bool last)
{
    encode(out, encoder, bytes, size, last, 45, put_uuencoded_line);
    if (last)
        put_uuencoded_line(out, NULL, 0);
}

/* Lines --------------------------------------------------------------------------------------------------------- */

void mime_output_lines(struct mime_output *out, const char *text, size_t size)
{
    const char *end = text + size;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text)), *stop = newline == NULL ? end : newline;

        if (newline != NULL && stop > text && stop[-1] == '\r')
            stop--;
        mime_output_bytes(out, text, (size_t)(stop - text));
        if (newline == NULL)
            return;
        mime_output_text(out, "\r\n");
        text = newline + 1;
    }
}

/* Does a line end at `text`? How many bytes that takes. */
static size_t line_end(const char *text, const char *end, bool crlf_only)
{
    if (text + 1 < end && text[0] == '\r' && text[1] == '\n')
        return 2;
    return *text == '\n' && !crlf_only ? 1 : 0;
}

/* A dot, two hyphens or "From " at the beginning of a line would mean something on the way. */
static bool means_something(const char *text, const char *end)
{
    size_t left = (size_t)(end - text);

    return *text == '.' || (left >= 2 && memcmp(text, "--", 2) == 0) || (left >= 5 && memcmp(text, "From ", 5) == 0);
}

void mime_output_quoted(struct mime_output *out, const char *text, size_t size, bool crlf_only)
{
    enum { LINE = 76 };
    static const char digits[] = "0123456789ABCDEF";
    const char *end = text + size;
    size_t column = 0;

    while (text < end) {
        unsigned char c = (unsigned char)*text;
        size_t ends = line_end(text, end, crlf_only);
        bool last, blank, encoded;

        if (ends != 0) {
            mime_output_text(out, "\r\n");
            text += ends;
            column = 0;
            continue;
        }
        last = text + 1 == end || line_end(text + 1, end, crlf_only) != 0;
        blank = c == ' ' || c == '\t';
        encoded = c < ' ' ? c != '\t' : c >= 0x7F || c == '=' || (column == 0 && means_something(text, end));
        encoded = encoded || (blank && last);
        if (column + (encoded ? 3u : 1u) > LINE - (last ? 0u : 1u)) {
            mime_output_text(out, "=\r\n");
            column = 0;
        }
        if (encoded) {
            char hex[3] = {'=', digits[c >> 4], digits[c & 15]};

            mime_output_bytes(out, hex, 3);
        } else {
            mime_output_bytes(out, text, 1);
        }
        column += encoded ? 3 : 1;
        text++;
    }
}
