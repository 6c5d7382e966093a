#include "mime/export.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "mime/codepage.h"
#include "mime/text.h"

enum { DOCUMENTED_LINE = 140, STANDARD_LINE = 998 }; /* [message-text.md], RFC 5322 2.1.1 */

/* What a text is made of, as far as transfer encodings care. */
struct shape {
    size_t longest;   /* line */
    size_t eight_bit; /* bytes */
    bool crlf;        /* some line ends in CRLF, so that a bare LF is data */
    bool awkward;     /* NUL, a bare CR, other controls, a line that could be a boundary of ours */
};

static void look_at(const char *text, size_t size, struct shape *shape)
{
    size_t line = 0;

    memset(shape, 0, sizeof *shape);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\n') {
            shape->crlf |= i != 0 && text[i - 1] == '\r';
            line = 0;
            continue;
        }
        shape->awkward |= c == 0 || (c == '\r' && (i + 1 == size || text[i + 1] != '\n')) ||
                          (line == 0 && c == '-' && i + 2 < size && text[i + 1] == '-' && text[i + 2] == '=');
        shape->eight_bit += c >= 0x80;
        if (++line > shape->longest)
            shape->longest = line;
    }
    for (size_t i = 0; i < size && shape->crlf && !shape->awkward; i++)
        shape->awkward = text[i] == '\n' && (i == 0 || text[i - 1] != '\r');
}

enum transfer { SEVEN_BIT, EIGHT_BIT, QUOTED, BASE64, UUENCODED };

static const char *const transfer_names[] = {"7bit", "8bit", "quoted-printable", "base64", "x-uuencode"};

static enum transfer choose_transfer(const struct mime_export *export, const struct shape *shape, size_t size,
                                     bool outermost)
{
    bool lines_fit = shape->longest <= STANDARD_LINE && !shape->awkward;
    enum transfer compact = shape->eight_bit * 6 > size ? BASE64 : QUOTED;

    switch (outermost ? export->settings->encoding : IET_UNKNOWN) {
    case IET_BASE64:
        return BASE64;
    case IET_QP:
        return QUOTED;
    case IET_UUENCODE:
        return UUENCODED;
    case IET_7BIT:
        return lines_fit && shape->eight_bit == 0 ? SEVEN_BIT : compact;
    case IET_8BIT:
        return lines_fit ? (shape->eight_bit == 0 ? SEVEN_BIT : EIGHT_BIT) : compact;
    default:
        return lines_fit && shape->eight_bit == 0 && shape->longest <= DOCUMENTED_LINE ? SEVEN_BIT : compact;
    }
}

/* Texts in UTF-8 go out as another charset only whole; NULL where that cannot hold them. */
static char *recode(const char *charset, const char *text, size_t size, size_t *recoded, HRESULT *hr)
{
    iconv_t converter = iconv_open(charset, "UTF-8");
    size_t room = 4 * size + 16, left = size;
    char *out = converter == (iconv_t)-1 ? NULL : malloc(room), *at = out, *in = (char *)(uintptr_t)text;
    bool done = false;

    *hr = converter != (iconv_t)-1 && out == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
    if (out != NULL) {
        size_t before = room;

        done = iconv(converter, &in, &left, &at, &room) == 0 && iconv(converter, NULL, NULL, &at, &room) == 0;
        *recoded = before - room;
    }
    if (converter != (iconv_t)-1)
        iconv_close(converter);
    if (!done) {
        free(out);
        out = NULL;
    }
    return out;
}

static void put_text(struct mime_output *out, enum transfer transfer, const struct shape *shape, const char *text,
                     size_t size)
{
    struct mime_encoder encoder = {{0}, 0};

    switch (transfer) {
    case SEVEN_BIT:
    case EIGHT_BIT:
        mime_output_lines(out, text, size);
        break;
    case QUOTED:
        mime_output_quoted(out, text, size, shape->crlf);
        break;
    case UUENCODED:
        mime_output_text(out, "begin 644 body.txt\r\n");
        mime_output_uuencode(out, &encoder, text, size, true);
        mime_output_text(out, "end\r\n");
        break;
    case BASE64:
        while (size != 0) { /* text under base64 has CRLF line ends, too [RFC 2045 6.8] */
            const char *newline = shape->crlf ? NULL : memchr(text, '\n', size);
            size_t line = newline == NULL ? size : (size_t)(newline - text);

            mime_output_base64(out, &encoder, text, line, false);
            if (newline != NULL)
                mime_output_base64(out, &encoder, "\r\n", 2, false);
            line += newline != NULL;
            text += line;
            size -= line;
        }
        mime_output_base64(out, &encoder, "", 0, true);
        break;
    }
}

/*
 * SetTextWrapping: long lines are broken after a blank, which stays before the new line; a word longer than a line is
 * broken with two blanks [message-text.md]. malloc'ed; NULL where memory ran out.
 */
static char *wrap(const char *text, size_t size, size_t width, size_t *wrapped)
{
    char *out = malloc(2 * size + 16);      /* at most six more bytes for each `width` of 8 or more */
    size_t used = 0, column = 0, blank = 0; /* blank: offset behind the last one of the line, 0 for none */

    for (size_t i = 0; i < size && out != NULL; i++) {
        out[used++] = text[i];
        column++;
        if (text[i] == '\n') {
            column = blank = 0;
        } else if (text[i] == ' ') {
            blank = used;
        }
        if (column < width || i + 1 == size || text[i + 1] == '\r' || text[i + 1] == '\n' ||
            ((unsigned char)text[i + 1] & 0xC0) == 0x80)
            continue;
        if (blank == 0) {
            memcpy(out + used, "  \r\n", 4);
            used += 4;
            column = 0;
        } else {
            memmove(out + blank + 2, out + blank, used - blank);
            memcpy(out + blank, "\r\n", 2);
            column = used - blank;
            used += 2;
            blank = 0;
        }
    }
    *wrapped = used;
    return out;
}

HRESULT
mime_export_text_part(struct mime_export *export, const char *subtype, const char *text, size_t size, bool outermost)
{
    const struct mime_settings *settings = export->settings;
    const char *charset = mime_text_is_ascii(text, size) ? "us-ascii" : "utf-8";
    const char *wanted = settings->codepage == 0 ? NULL : mime_codepage_charset(settings->codepage);
    char *recoded = NULL, *wrapped = NULL, type[32];
    enum transfer transfer;
    struct shape shape;
    HRESULT hr = S_OK;

    if (settings->wrap && settings->wrap_width >= 8 && strcmp(subtype, "plain") == 0) {
        wrapped = wrap(text, size, settings->wrap_width, &size);
        if (wrapped == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        text = wrapped;
    }
    if (wanted != NULL && (recoded = recode(wanted, text, size, &size, &hr)) != NULL) {
        text = recoded;
        charset = wanted;
    }
    look_at(text, size, &shape);
    transfer = choose_transfer(export, &shape, size, outermost);
    snprintf(type, sizeof type, "text/%s", subtype);
    mime_output_begin(export->out, "Content-Type", type);
    mime_output_parameter(export->out, "charset", charset);
    mime_output_end(export->out);
    mime_output_field(export->out, "Content-Transfer-Encoding", transfer_names[transfer]);
    mime_output_text(export->out, "\r\n");
    if (SUCCEEDED(hr))
        put_text(export->out, transfer, &shape, text, size);
    free(recoded);
    free(wrapped);
    return hr;
}
