#include "mime/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "mime/codepage.h"
#include "mime/text.h"

enum { DOCUMENTED_LINE = 140, STANDARD_LINE = 998 }; /* [message-text.md], RFC 5322 2.1.1 */

/* What a text is made of, as far as transfer encodings care. */
struct shape {
    size_t longest;   /* line */
    size_t eight_bit; /* bytes */
    bool crlf;        /* some line ends in CRLF, so that a bare LF is data */
    bool kept;        /* base64 takes the line ends as they are: those that came, or of a charset with others */
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
            const char *newline = shape->crlf || shape->kept ? NULL : memchr(text, '\n', size);
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

/* The bytes of a body as they are to leave, and what is said of them. */
struct content {
    const char *bytes;
    size_t size;
    char *owned;         /* malloc'ed bytes, or NULL */
    const char *charset; /* NULL: none is named */
    bool kept;           /* the field came so */
    bool lines;          /* line ends are those of ASCII */
};

/* Takes the text in a charset; false where that does not have it all. */
static bool use_charset(struct content *content, const struct mime_charset *charset, HRESULT *hr)
{
    char *bytes;
    size_t size;

    *hr = mime_charset_encode(charset, content->bytes, content->size, &bytes, &size);
    if (*hr != S_OK) {
        *hr = FAILED(*hr) ? *hr : S_OK;
        return false;
    }
    free(content->owned);
    content->bytes = content->owned = bytes;
    content->size = size;
    content->lines = mime_charset_has_lines(charset->name);
    return true;
}

/* How the outline says that the body was read. */
static bool charset_of(struct mime_export *export, const struct mime_outline_node *node, struct mime_charset *charset)
{
    char *name = node == NULL || node->charset == NULL
                     ? NULL
                     : mime_arena_text(&export->arena, node->charset, strlen(node->charset));
    size_t size = name == NULL ? 0 : strlen(name);

    memset(charset, 0, sizeof *charset);
    charset->reversible = size > 1 && name[size - 1] == '!';
    charset->japanese_yen = size > 1 && name[size - 1] == '~';
    if (charset->reversible || charset->japanese_yen)
        name[size - 1] = '\0';
    charset->name = name;
    return name != NULL && mime_charset_is_plain(name);
}

/* Decoding had lost something: the bytes themselves, where they still decode to the text that the message has. */
static HRESULT use_raw(struct mime_export *export, struct content *content, bool html,
                       const struct mime_charset *charset)
{
    char *raw, *text;
    size_t size, length;
    HRESULT hr = mime_export_kept(export, (LPCWSTR)(html ? u"raw-html" : u"raw-text"), &raw, &size);

    if (hr != S_OK)
        return hr;
    hr = mime_charset_to_utf8(charset, raw, size, &text, &length);
    if (hr == S_OK && length == content->size && memcmp(text, content->bytes, length) == 0) {
        free(content->owned);
        content->bytes = content->owned = raw;
        content->size = size;
        content->lines = mime_charset_has_lines(charset->name);
        raw = NULL;
    } else if (SUCCEEDED(hr)) {
        hr = S_FALSE;
    }
    free(raw);
    free(text);
    return hr;
}

/*
 * The charset: the one that was set, else the one that the text came in, else us-ascii where that is enough, or UTF-8.
 * CSET_APPLY_UNTAGGED is about texts that name none, CSET_APPLY_ALL about all, CSET_APPLY_TAG_ALL changes what is said and
 * not the bytes [mimeole.h].
 */
static HRESULT choose_charset(struct mime_export *export, const struct mime_outline_node *node, bool html,
                              struct content *content)
{
    const struct mime_settings *settings = export->settings;
    const char *set = settings->codepage == 0 ? NULL : mime_codepage_charset(settings->codepage);
    const char *type = node == NULL ? NULL : mime_outline_get(node, "Content-Type");
    struct mime_charset came, chosen = {.name = set};
    bool has_came = charset_of(export, node, &came), ascii = mime_text_is_ascii(content->bytes, content->size);
    HRESULT hr = S_OK;

    content->charset = ascii ? "us-ascii" : "utf-8";
    content->lines = true;
    content->kept = type != NULL && !has_came && ascii; /* whatever it was called, it still is that */
    if (set != NULL && settings->apply == CSET_APPLY_UNTAGGED && (has_came || type != NULL))
        set = NULL;
    if (set != NULL) {
        content->kept = false;
        if (settings->apply == CSET_APPLY_TAG_ALL || use_charset(content, &chosen, &hr))
            content->charset = set;
        return hr;
    }
    if (!has_came || content->owned != NULL) /* wrapped: no longer what came */
        return hr;
    hr = use_raw(export, content, html, &came);
    if (hr == S_OK || (SUCCEEDED(hr) && use_charset(content, &came, &hr)))
        content->kept = true;
    return FAILED(hr) ? hr : S_OK;
}

/* The Content-Type and the other fields that the part came with. */
static void put_fields(struct mime_export *export, const struct mime_outline_node *node, const char *subtype,
                       const struct content *content)
{
    const char *kept = node == NULL ? NULL : mime_outline_get(node, "Content-Type");
    char type[32];

    if (content->kept && kept == NULL) {
        /* it came without one */
    } else if (!content->kept || !mime_output_verbatim(export->out, "Content-Type", kept)) {
        snprintf(type, sizeof type, "text/%s", subtype);
        mime_output_begin(export->out, "Content-Type", type);
        mime_export_parameters(export, kept, "charset", NULL);
        if (content->charset != NULL)
            mime_output_parameter(export->out, "charset", content->charset);
        mime_output_end(export->out);
    }
    mime_export_fields(export, node);
    if (node == NULL && (strcmp(subtype, "plain") != 0 || export->bodies.html == NULL)) {
        mime_export_identifier(export, "Content-ID", mime_export_text(export, PR_BODY_CONTENT_ID_W));
        mime_output_field(export->out, "Content-Location", mime_export_text(export, PR_BODY_CONTENT_LOCATION_W));
    }
}

HRESULT
mime_export_text_part(struct mime_export *export, const char *subtype, const struct mime_outline_node *node,
                      bool outermost)
{
    const struct mime_settings *settings = export->settings;
    bool html = strcmp(subtype, "plain") != 0; /* or made of it */
    const char *text = html ? export->bodies.html : export->bodies.text;
    struct content content = {.bytes = text == NULL ? "" : text,
                              .size = html ? export->bodies.html_size : export->bodies.text_size};
    enum transfer transfer;
    struct shape shape;
    HRESULT hr;

    if (settings->wrap && settings->wrap_width >= 8 && !html) {
        content.bytes = content.owned = wrap(content.bytes, content.size, settings->wrap_width, &content.size);
        if (content.owned == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    hr = choose_charset(export, node, html, &content);
    look_at(content.bytes, content.size, &shape);
    shape.kept = !content.lines || export->originals != NULL;
    transfer = content.lines ? choose_transfer(export, &shape, content.size, outermost) : BASE64;
    /* A text with a disposition is a file as well, whose line ends are its own. */
    if (node != NULL && mime_outline_get(node, "Content-Disposition") != NULL && !shape.crlf &&
        settings->encoding == IET_UNKNOWN)
        transfer = BASE64;
    put_fields(export, node, subtype, &content);
    mime_output_field(export->out, "Content-Transfer-Encoding", transfer_names[transfer]);
    mime_output_text(export->out, "\r\n");
    if (SUCCEEDED(hr))
        put_text(export->out, transfer, &shape, content.bytes, content.size);
    free(content.owned);
    return hr;
}
