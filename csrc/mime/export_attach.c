#include "mime/export.h"

#include <string.h>
#include <strings.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/utf.h"
#include "mime/header.h"
#include "mime/names.h"
#include "mime/text.h"

static const ULONG attach_tags[] = {
    PR_ATTACH_METHOD,          PR_ATTACH_MIME_TAG_W,
    PR_ATTACH_LONG_FILENAME_W, PR_ATTACH_FILENAME_W,
    PR_ATTACH_CONTENT_ID_W,    PR_ATTACH_CONTENT_LOCATION_W,
    PR_ATTACH_FLAGS,           PR_COMMENT_W,
    PR_ATTACH_DATA_BIN,        PR_CREATION_TIME,
    PR_LAST_MODIFICATION_TIME, PR_ATTACH_CONTENT_BASE_W,
    PR_ATTACH_PAYLOAD_CLASS_W,
};

enum { ATTACH_TAGS = sizeof attach_tags / sizeof attach_tags[0] };

/* One attachment while it is written. */
struct writing {
    struct mime_export *export;
    IAttach *attach;
    IMAPIProp *object;
    SPropValue *props;
    const char *type, *disposition;       /* Content-Type and Content-Disposition as they came, or NULL */
    const struct mime_outline_node *node; /* what the outline keeps of it, or NULL */
};

static const char *kept_field(struct writing *writing, LPCWSTR name);

static HRESULT open_attachment(struct mime_export *export, const struct mime_attached *attached,
                               struct writing *writing)
{
    HRESULT hr;

    memset(writing, 0, sizeof *writing);
    writing->export = export;
    hr = export->message->lpVtbl->OpenAttach(export->message, attached->number, NULL, 0, &writing->attach);
    if (FAILED(hr))
        return hr;
    writing->object = (IMAPIProp *)(void *)writing->attach;
    writing->type = kept_field(writing, (LPCWSTR)u"content-type");
    writing->disposition = kept_field(writing, (LPCWSTR)u"content-disposition");
    return mime_read_props(export->allocators, writing->object, attach_tags, ATTACH_TAGS, &writing->props);
}

static void close_attachment(struct writing *writing)
{
    writing->export->allocators->free_buffer(writing->props);
    if (writing->attach != NULL)
        writing->attach->lpVtbl->Release(writing->attach);
}

static const char *text_of(struct writing *writing, ULONG tag)
{
    const SPropValue *value = mime_find_prop(writing->props, ATTACH_TAGS, tag);

    if (value == NULL || *value->Value.lpszW == 0)
        return NULL;
    return mime_text_utf8(&writing->export->arena, value->Value.lpszW, utf16_length(value->Value.lpszW));
}

/* A header field of the part that the importer kept under its name. */
static const char *kept_field(struct writing *writing, LPCWSTR name)
{
    const struct mime_allocators *allocators = writing->export->allocators;
    ULONG tag = mime_name_tag(writing->object, &PS_INTERNET_HEADERS, name, PT_UNICODE, false, allocators);
    SPropValue *values = NULL;
    const char *text = NULL;

    if (tag != 0 && SUCCEEDED(mime_read_props(allocators, writing->object, &tag, 1, &values)) &&
        values[0].ulPropTag == tag)
        text = mime_text_utf8(&writing->export->arena, values[0].Value.lpszW, utf16_length(values[0].Value.lpszW));
    allocators->free_buffer(values);
    return text;
}

/* Content ------------------------------------------------------------------------------------------------------- */

typedef void take_piece(struct mime_output *out, void *context, const void *bytes, size_t size);

/* Hands out PR_ATTACH_DATA_BIN in pieces. */
static HRESULT read_content(struct writing *writing, take_piece *take, void *context)
{
    const SPropValue *value = mime_find_prop(writing->props, ATTACH_TAGS, PR_ATTACH_DATA_BIN);
    struct mime_output *out = writing->export->out;
    IUnknown *unknown = NULL;
    IStream *stream;
    HRESULT hr;

    if (value != NULL) {
        take(out, context, value->Value.bin.lpb, value->Value.bin.cb);
        return S_OK;
    }
    hr = writing->object->lpVtbl->OpenProperty(writing->object, PR_ATTACH_DATA_BIN, &IID_IStream, STGM_READ, 0,
                                               &unknown);
    if (hr == MAPI_E_NOT_FOUND)
        return S_OK; /* an attachment without content */
    if (FAILED(hr))
        return hr;
    stream = (IStream *)(void *)unknown;
    for (;;) {
        unsigned char piece[8192];
        ULONG got = 0;

        hr = stream->lpVtbl->Read(stream, piece, sizeof piece, &got);
        if (FAILED(hr) || got == 0 || FAILED(out->failure))
            break;
        take(out, context, piece, got);
    }
    stream->lpVtbl->Release(stream);
    return FAILED(hr) ? hr : S_OK;
}

static void take_base64(struct mime_output *out, void *context, const void *bytes, size_t size)
{
    mime_output_base64(out, context, bytes, size, false);
}

static void take_uuencoded(struct mime_output *out, void *context, const void *bytes, size_t size)
{
    mime_output_uuencode(out, context, bytes, size, false);
}

/* Raw lines, with CRLF at the end of each; whether a CR was the last byte so far. */
static void take_lines(struct mime_output *out, void *context, const void *bytes, size_t size)
{
    const char *at = bytes, *end = at + size;
    bool *held_cr = context;

    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop == NULL ? end : stop) - at);

        if (length != 0 || stop == NULL) {
            mime_output_bytes(out, at, length);
            *held_cr = length != 0 && at[length - 1] == '\r';
        }
        if (stop == NULL)
            return;
        mime_output_text(out, *held_cr ? "\n" : "\r\n");
        *held_cr = false;
        at = stop + 1;
    }
}

/* Header fields ------------------------------------------------------------------------------------------------- */

static bool is_media_type(const char *type)
{
    const char *slash = strchr(type, '/');

    return slash != NULL && slash != type && slash[1] != '\0' && strchr(slash + 1, '/') == NULL &&
           strpbrk(type, " \t\r\n;,()<>@:\\\"[]?=") == NULL && mime_text_is_ascii(type, strlen(type));
}

/* Is the attachment still called what the fields that it came with say? */
static bool keeps_name(struct writing *writing, const char *name)
{
    const char *kept =
        mime_header_part_name(writing->export->options, &writing->export->arena, writing->disposition, writing->type);

    return kept == NULL ? name == NULL : name != NULL && strcmp(kept, name) == 0;
}

/* The type, in the words or else with the parameters it came with as long as it is still the same type. */
static void put_type(struct writing *writing, const char *type, const char *name)
{
    GMimeContentType *parsed = writing->type == NULL ? NULL : g_mime_content_type_parse(NULL, writing->type);
    char *kept_type = parsed == NULL ? NULL : g_mime_content_type_get_mime_type(parsed);
    bool same = kept_type != NULL && strcasecmp(kept_type, type) == 0, renamed = !keeps_name(writing, name);

    g_free(kept_type);
    if (parsed != NULL)
        g_object_unref(parsed);
    if (same && !renamed && mime_output_verbatim(writing->export->out, "Content-Type", writing->type))
        return;
    mime_output_begin(writing->export->out, "Content-Type", type);
    mime_export_parameters(writing->export, same ? writing->type : NULL, renamed ? "name" : NULL, NULL);
    if (name != NULL && (renamed || !same))
        mime_output_parameter(writing->export->out, "name", name);
    mime_output_end(writing->export->out);
}

static void put_disposition(struct writing *writing, const struct mime_attached *attached, const char *name)
{
    const char *kept = writing->disposition, *disposition = attached->inside ? "inline" : "attachment";
    bool renamed = !keeps_name(writing, name), came = kept != NULL || writing->type != NULL || writing->node != NULL;
    char token[64];
    size_t size;

    if (kept != NULL && !renamed && mime_output_verbatim(writing->export->out, "Content-Disposition", kept))
        return;
    if (kept == NULL && came && (name == NULL || !renamed))
        return; /* the part came without one */
    size = kept == NULL ? 0 : strcspn(kept, " \t;");
    if (size != 0 && size < sizeof token) {
        memcpy(token, kept, size);
        token[size] = '\0';
        disposition = token;
    }
    mime_output_begin(writing->export->out, "Content-Disposition", disposition);
    if (name != NULL)
        mime_output_parameter(writing->export->out, "filename", name);
    mime_export_parameters(writing->export, kept, "filename", NULL);
    mime_output_end(writing->export->out);
}

void mime_export_identifier(struct mime_export *export, const char *name, const char *id)
{
    char text[512];
    size_t size = 0;

    if (id == NULL || strlen(id) > sizeof text - 3)
        return;
    text[size++] = '<';
    for (; *id != '\0'; id++)
        if ((unsigned char)*id > ' ' && *id != '<' && *id != '>' && *id != 0x7F)
            text[size++] = *id;
    text[size++] = '>';
    text[size] = '\0';
    mime_output_ids(export->out, name, text);
}

/* The name that the part's fields are to say. One that it has from an X-MS-Attachment field of the message leaves there. */
static const char *name_of(struct writing *writing)
{
    const char *name = text_of(writing, PR_ATTACH_LONG_FILENAME_W), *hint;

    if (name == NULL)
        return text_of(writing, PR_ATTACH_FILENAME_W);
    hint = keeps_name(writing, NULL) ? kept_field(writing, (LPCWSTR)u"x-ms-attachment") : NULL;
    return hint != NULL && strcmp(hint, name) == 0 ? NULL : name;
}

static void put_fields(struct writing *writing, const struct mime_attached *attached, const char *type)
{
    struct mime_export *export = writing->export;
    const char *name = name_of(writing);

    put_type(writing, type, name);
    put_disposition(writing, attached, name);
    mime_export_identifier(export, "Content-ID", text_of(writing, PR_ATTACH_CONTENT_ID_W));
    mime_output_field(export->out, "Content-Location", text_of(writing, PR_ATTACH_CONTENT_LOCATION_W));
    mime_output_field(export->out, "Content-Base", text_of(writing, PR_ATTACH_CONTENT_BASE_W));
    mime_output_field(export->out, "Content-Description", text_of(writing, PR_COMMENT_W));
    mime_output_field(export->out, "X-Payload-Class", text_of(writing, PR_ATTACH_PAYLOAD_CLASS_W));
    mime_export_fields(export, writing->node);
}

/* Is it one of the types of RFC 6532 and 6533, which say in UTF-8 what others say in ASCII? */
static bool is_global(const char *type)
{
    return strncasecmp(type, "message/global", 14) == 0 && (type[14] == '\0' || type[14] == '-');
}

/* Can the content stand as lines of a part that must not be encoded? Small, ASCII if that is asked for, no line that could be
 * a boundary. */
static bool is_lines(const SPropValue *value, bool ascii)
{
    const char *text = value == NULL ? NULL : (const char *)value->Value.bin.lpb;
    size_t size = value == NULL ? 0 : value->Value.bin.cb, line = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\n') {
            line = 0;
            continue;
        }
        if (c == 0 || (ascii && c >= 0x80) || (c == '\r' && (i + 1 == size || text[i + 1] != '\n')) || ++line > 998 ||
            (line == 1 && size - i > 3 && memcmp(text + i, "--=", 3) == 0))
            return false;
    }
    return value != NULL;
}

/* Kinds --------------------------------------------------------------------------------------------------------- */

static HRESULT put_by_value(struct writing *writing, const struct mime_attached *attached)
{
    struct mime_output *out = writing->export->out;
    const char *type = text_of(writing, PR_ATTACH_MIME_TAG_W);
    struct mime_encoder encoder = {{0}, 0};
    HRESULT hr;

    /* A multipart needs parts, and what is message/... must not be encoded; otherwise their bytes are only bytes. */
    if (type == NULL || !is_media_type(type) || strncasecmp(type, "multipart/", 10) == 0 ||
        (strncasecmp(type, "message/", 8) == 0 &&
         !is_lines(mime_find_prop(writing->props, ATTACH_TAGS, PR_ATTACH_DATA_BIN), !is_global(type))))
        type = "application/octet-stream";
    put_fields(writing, attached, type);
    if (strncasecmp(type, "message/", 8) == 0) {
        bool held_cr = false;

        mime_output_text(out, is_global(type) ? "Content-Transfer-Encoding: 8bit\r\n\r\n" : "\r\n");
        return read_content(writing, take_lines, &held_cr);
    }
    mime_output_text(out, "Content-Transfer-Encoding: base64\r\n\r\n");
    hr = read_content(writing, take_base64, &encoder);
    mime_output_base64(out, &encoder, "", 0, true);
    return hr;
}

static HRESULT put_message(struct writing *writing, const struct mime_attached *attached)
{
    struct mime_export *export = writing->export;
    const char *kept = text_of(writing, PR_ATTACH_MIME_TAG_W), *type = "message/rfc822";
    IUnknown *unknown = NULL;
    HRESULT hr =
        writing->object->lpVtbl->OpenProperty(writing->object, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, &unknown);

    if (FAILED(hr))
        return hr;
    if (kept != NULL && (strcasecmp(kept, "message/global") == 0 || strcasecmp(kept, "message/news") == 0))
        type = kept;
    put_fields(writing, attached, type);
    mime_output_text(export->out, "\r\n");
    hr = mime_export_message(export, (IMessage *)(void *)unknown);
    unknown->lpVtbl->Release(unknown);
    return hr;
}

HRESULT
mime_export_attachment(struct mime_export *export, const struct mime_attached *attached,
                       const struct mime_outline_node *node)
{
    struct writing writing;
    HRESULT hr = open_attachment(export, attached, &writing);

    writing.node = node;
    if (SUCCEEDED(hr))
        hr = attached->method == ATTACH_EMBEDDED_MSG ? put_message(&writing, attached)
                                                     : put_by_value(&writing, attached);
    close_attachment(&writing);
    return hr;
}

/* The beginning of an entity: header fields and more. */
struct head {
    size_t size;
    char text[4096];
};

static void take_head(struct mime_output *out, void *context, const void *bytes, size_t size)
{
    struct head *head = context;
    size_t room = sizeof head->text - head->size, some = size < room ? size : room;

    (void)out;
    memcpy(head->text + head->size, bytes, some);
    head->size += some;
}

/* A header block of nothing but Content- fields? Any other would be taken for one of the message. */
static bool is_entity_head(const char *text, size_t size)
{
    const char *end = text + size;
    bool some = false;

    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));

        if (stop == NULL)
            return false;
        if (*text == '\n' || (*text == '\r' && text + 1 == stop))
            return some;
        if (!((*text == ' ' || *text == '\t') && some) && (stop - text < 8 || strncasecmp(text, "Content-", 8) != 0))
            return false;
        if (memchr(text, '\r', (size_t)(stop - text)) != NULL && memchr(text, '\r', (size_t)(stop - text)) != stop - 1)
            return false;
        some = true;
        text = stop + 1;
    }
    return false;
}

/*
 * The entity of a signed message: its own header fields and content, not a byte of them changed but line ends. S_FALSE
 * where the attachment is none; nothing has been written then.
 */
HRESULT
mime_export_signed_entity(struct mime_export *export)
{
    struct head head = {0, {0}};
    struct writing writing;
    bool held_cr = false;
    HRESULT hr = open_attachment(export, &export->attached[0], &writing);

    if (SUCCEEDED(hr))
        hr = read_content(&writing, take_head, &head);
    if (SUCCEEDED(hr))
        hr = is_entity_head(head.text, head.size) ? read_content(&writing, take_lines, &held_cr) : S_FALSE;
    close_attachment(&writing);
    return hr;
}

HRESULT
mime_export_uuencoded(struct mime_export *export, const struct mime_attached *attached)
{
    struct mime_encoder encoder = {{0}, 0};
    struct writing writing;
    const char *name;
    HRESULT hr = open_attachment(export, attached, &writing);

    if (SUCCEEDED(hr)) {
        name = text_of(&writing, PR_ATTACH_FILENAME_W);
        mime_output_text(export->out, "\r\nbegin 644 ");
        for (name = name == NULL ? "ATTACHED.DAT" : name; *name != '\0'; name++)
            mime_output_bytes(export->out, *name > ' ' && *name < 0x7F ? name : "_", 1);
        mime_output_text(export->out, "\r\n");
        hr = read_content(&writing, take_uuencoded, &encoder);
        mime_output_uuencode(export->out, &encoder, "", 0, true);
        mime_output_text(export->out, "end\r\n");
    }
    close_attachment(&writing);
    return hr;
}
