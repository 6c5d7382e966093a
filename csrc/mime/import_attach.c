#include "mime/import.h"

#include <ctype.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "mime/header.h"
#include "mime/sink.h"
#include "mime/text.h"

/* One attachment from its creation until it is saved. */
struct attaching {
    struct mime_import *import;
    IAttach *attach;
    IMAPIProp *object; /* the same */
    struct mime_draft draft;
    struct mime_names *names;
};

static HRESULT begin(struct attaching *attaching, struct mime_import *import, IMessage *message)
{
    ULONG number = 0;
    HRESULT hr;

    memset(attaching, 0, sizeof *attaching);
    attaching->import = import;
    mime_draft_init(&attaching->draft);
    attaching->names = mime_names_create();
    if (attaching->names == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hr = message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attaching->attach);
    attaching->object = (IMAPIProp *)(void *)attaching->attach;
    if (SUCCEEDED(hr))
        mime_draft_long(&attaching->draft, PR_RENDERING_POSITION, -1);
    return hr;
}

static HRESULT apply(struct attaching *attaching)
{
    HRESULT hr =
        mime_names_draft(attaching->names, attaching->object, &attaching->draft, attaching->import->allocators);

    if (SUCCEEDED(hr))
        hr = mime_draft_apply(&attaching->draft, attaching->object, attaching->import->allocators);
    return hr;
}

static HRESULT finish(struct attaching *attaching, HRESULT hr)
{
    if (SUCCEEDED(hr))
        hr = attaching->attach->lpVtbl->SaveChanges(attaching->attach, 0);
    mime_draft_clear(&attaching->draft);
    mime_names_free(attaching->names);
    if (attaching->attach != NULL)
        attaching->attach->lpVtbl->Release(attaching->attach);
    return hr;
}

/* Names --------------------------------------------------------------------------------------------------------- */

/* Copies what DOS allows in a name, in upper case; returns how much there was. */
static size_t put_dos(char *out, size_t most, const char *text, const char *end)
{
    size_t length = 0;

    for (; text < end; text++) {
        unsigned char c = (unsigned char)*text;

        if (!isalnum(c) && (c == '\0' || strchr("_-~$!#%&{}()@'^", c) == NULL))
            continue;
        if (length < most)
            out[length] = (char)toupper(c);
        length++;
    }
    return length;
}

/* PR_ATTACH_FILENAME is a name of the form 8.3 [pidtagattachfilename]. */
static void short_name(const char *name, char out[13])
{
    const char *dot = strrchr(name, '.'), *end = name + strlen(name);
    char extension[3];
    size_t base, rest;

    if (dot == NULL || dot == name)
        dot = end;
    base = put_dos(out, 8, name, dot);
    if (base > 8)
        memcpy(out + 6, "~1", 2);
    if (base == 0)
        memcpy(out, "ATTACHED", base = 8);
    base = base > 8 ? 8 : base;
    rest = dot == end ? 0 : put_dos(extension, 3, dot + 1, end);
    if (rest != 0) {
        out[base++] = '.';
        rest = rest > 3 ? 3 : rest;
        memcpy(out + base, extension, rest);
        base += rest;
    }
    out[base] = '\0';
}

static void draft_name(struct mime_draft *draft, const char *name)
{
    const char *dot = strrchr(name, '.');
    char dos[13];

    short_name(name, dos);
    mime_draft_text(draft, PR_ATTACH_LONG_FILENAME_W, name);
    mime_draft_text(draft, PR_ATTACH_FILENAME_W, dos);
    mime_draft_text(draft, PR_DISPLAY_NAME_W, name);
    if (dot != NULL && dot != name)
        mime_draft_text(draft, PR_ATTACH_EXTENSION_W, dot);
}

/* Header fields of a part --------------------------------------------------------------------------------------- */

static const char *field_text(struct attaching *attaching, GMimeObject *part, const char *name)
{
    const char *raw = mime_header_raw(part, name);

    return raw == NULL ? NULL : mime_import_text(attaching->import, &attaching->draft.arena, raw);
}

static void draft_field(struct attaching *attaching, GMimeObject *part, const char *name, ULONG tag)
{
    const char *text = field_text(attaching, part, name);

    if (text != NULL && *text != '\0')
        mime_draft_text(&attaching->draft, tag, text);
}

static void draft_date(struct attaching *attaching, GMimeObject *part, const char *parameter, ULONG tag)
{
    const char *text = g_mime_object_get_content_disposition_parameter(part, parameter);
    GDateTime *date = text == NULL || *text == '\0' ? NULL : g_mime_utils_header_decode_date(text);

    if (date != NULL) {
        mime_draft_time(&attaching->draft, tag, g_date_time_to_unix(date));
        g_date_time_unref(date);
    }
}

static char *type_of(struct attaching *attaching, GMimeObject *part)
{
    char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part));
    char *lower = g_ascii_strdown(type, -1);
    char *copy = mime_arena_text(&attaching->draft.arena, lower, strlen(lower));

    g_free(lower);
    g_free(type);
    return copy;
}

/* A field in its own words, unfolded. */
static void keep_field(struct attaching *attaching, const char *name, const char *raw)
{
    char *copy = raw == NULL ? NULL : mime_arena_text(&attaching->draft.arena, raw, strlen(raw)), *out = copy;

    if (copy == NULL)
        return;
    for (const char *at = copy + strspn(copy, " \t\r\n"); *at != '\0'; at++)
        if (*at != '\r' && *at != '\n')
            *out++ = (char)(*at == '\t' ? ' ' : *at);
    *out = '\0';
    if (*copy != '\0')
        mime_names_add_header(attaching->names, name, copy, true);
}

/* Where the part itself says nothing. The name is kept under the field's, for an export not to give it to the part. */
static void draft_hint(struct attaching *attaching, const struct mime_hint *hint)
{
    struct mime_draft *draft = &attaching->draft;

    if (mime_draft_find(draft, PR_LAST_MODIFICATION_TIME) == NULL)
        mime_draft_time(draft, PR_LAST_MODIFICATION_TIME, hint->unix_seconds);
    if (mime_draft_find(draft, PR_ATTACH_LONG_FILENAME_W) == NULL) {
        draft_name(draft, hint->name);
        mime_names_add_header(attaching->names, "x-ms-attachment", hint->name, true);
    }
}

/*
 * What every kind of attachment has. The fields Content-Type and Content-Disposition, whose parameters no property has a
 * place for, are kept under their own names, for an export to say them again.
 */
static void draft_common(struct attaching *attaching, GMimeObject *part, enum mime_attach_kind kind)
{
    struct mime_draft *draft = &attaching->draft;
    const char *type = mime_header_raw(part, "Content-Type"),
               *disposition = mime_header_raw(part, "Content-Disposition");
    const char *name = mime_header_part_name(attaching->import->options, &draft->arena, disposition, type);
    const char *id = g_mime_object_get_content_id(part), *kind_named = g_mime_object_get_disposition(part);
    bool attached = kind_named != NULL && g_ascii_strcasecmp(kind_named, "attachment") == 0;

    mime_draft_text(draft, PR_ATTACH_MIME_TAG_W, type_of(attaching, part));
    if (name != NULL)
        draft_name(draft, name);
    mime_draft_text(draft, PR_ATTACH_CONTENT_ID_W, id);
    draft_field(attaching, part, "Content-Location", PR_ATTACH_CONTENT_LOCATION_W);
    draft_field(attaching, part, "Content-Base", PR_ATTACH_CONTENT_BASE_W);
    draft_field(attaching, part, "Content-Description", PR_COMMENT_W);
    draft_field(attaching, part, "X-Payload-Class", PR_ATTACH_PAYLOAD_CLASS_W);
    draft_date(attaching, part, "creation-date", PR_CREATION_TIME);
    draft_date(attaching, part, "modification-date", PR_LAST_MODIFICATION_TIME);
    if (kind == MIME_ATTACH_INLINE) {
        mime_draft_long(draft, PR_ATTACH_FLAGS, ATT_MHTML_REF);
        if (id != NULL && !attached)
            mime_draft_boolean(draft, PR_ATTACHMENT_HIDDEN, true);
    }
    keep_field(attaching, "content-type", type);
    keep_field(attaching, "content-disposition", disposition);
}

/* Content ------------------------------------------------------------------------------------------------------- */

static HRESULT put_writer(void *context, const void *bytes, size_t size)
{
    return mime_writer_put(context, bytes, size);
}

/* An object as it stands, with CRLF between its header fields. */
static HRESULT write_object(struct attaching *attaching, GMimeObject *object)
{
    struct mime_writer writer = {attaching->object, PR_ATTACH_DATA_BIN, &attaching->draft, NULL, 0, 0, NULL};
    struct mime_sink sink = {put_writer, &writer, S_OK};
    GMimeFormatOptions *format = g_mime_format_options_new();
    GMimeStream *stream = mime_sink_stream(&sink);

    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    g_mime_object_write_to_stream(object, format, stream);
    g_object_unref(stream);
    g_mime_format_options_free(format);
    if (SUCCEEDED(sink.failure))
        sink.failure = attaching->import->source->failure;
    return mime_writer_finish(&writer, sink.failure);
}

static HRESULT write_content(struct attaching *attaching, GMimeObject *part)
{
    struct mime_writer writer = {attaching->object, PR_ATTACH_DATA_BIN, &attaching->draft, NULL, 0, 0, NULL};
    GMimeStream *stream = mime_import_content(part);
    HRESULT hr = S_OK;

    if (stream != NULL) {
        hr = mime_writer_copy(&writer, attaching->import->source, stream);
        g_object_unref(stream);
    }
    return mime_writer_finish(&writer, hr);
}

/* An embedded message is a message; S_FALSE where the store has none of these. */
static HRESULT write_message(struct attaching *attaching, GMimeMessage *parsed, unsigned depth)
{
    IUnknown *unknown = NULL;
    IMessage *message;
    HRESULT hr = attaching->object->lpVtbl->OpenProperty(attaching->object, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0,
                                                         MAPI_CREATE | MAPI_MODIFY, &unknown);

    if (hr == MAPI_E_NO_SUPPORT || hr == MAPI_E_INTERFACE_NOT_SUPPORTED)
        return S_FALSE;
    if (FAILED(hr))
        return hr;
    message = (IMessage *)(void *)unknown;
    hr = mime_import_message(attaching->import, parsed, message, depth);
    if (SUCCEEDED(hr))
        hr = message->lpVtbl->SaveChanges(message, 0);
    message->lpVtbl->Release(message);
    return hr;
}

static HRESULT attach_message(struct attaching *attaching, GMimeMessage *parsed, unsigned depth)
{
    const char *subject = g_mime_message_get_subject(parsed);
    HRESULT hr;

    mime_draft_long(&attaching->draft, PR_ATTACH_METHOD, ATTACH_EMBEDDED_MSG);
    if (mime_draft_find(&attaching->draft, PR_DISPLAY_NAME_W) == NULL && subject != NULL && *subject != '\0')
        mime_draft_text(&attaching->draft, PR_DISPLAY_NAME_W, subject);
    hr = apply(attaching);
    if (SUCCEEDED(hr))
        hr = write_message(attaching, parsed, depth);
    if (hr != S_FALSE)
        return hr;
    attaching->draft.count = 0;
    mime_draft_long(&attaching->draft, PR_ATTACH_METHOD, ATTACH_BY_VALUE);
    hr = write_object(attaching, GMIME_OBJECT(parsed));
    return FAILED(hr) ? hr : mime_draft_apply(&attaching->draft, attaching->object, attaching->import->allocators);
}

HRESULT
mime_import_attachment(struct mime_import *import, GMimeObject *part, IMessage *message, enum mime_attach_kind kind,
                       const struct mime_hint *hint, unsigned depth)
{
    GMimeMessage *embedded =
        GMIME_IS_MESSAGE_PART(part) ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(part)) : NULL;
    struct attaching attaching;
    HRESULT hr;

    if (embedded != NULL && depth >= MIME_MAX_DEPTH)
        return mime_import_entity(import, part, message, "application/octet-stream", "beyond-limit.eml",
                                  "Beyond the limit of 1,000 levels");
    if (GMIME_IS_MULTIPART(part))
        return mime_import_entity(import, part, message, "application/octet-stream", NULL, NULL);
    hr = begin(&attaching, import, message);
    if (SUCCEEDED(hr)) {
        draft_common(&attaching, part, kind);
        if (hint != NULL)
            draft_hint(&attaching, hint);
        if (embedded != NULL) {
            hr = attach_message(&attaching, embedded, depth + 1);
        } else {
            mime_draft_long(&attaching.draft, PR_ATTACH_METHOD, ATTACH_BY_VALUE);
            hr = write_content(&attaching, part);
            if (SUCCEEDED(hr))
                hr = apply(&attaching);
        }
    }
    return finish(&attaching, hr);
}

/* Attachments that are not parts -------------------------------------------------------------------------------- */

static void draft_entity(struct attaching *attaching, const char *type, const char *filename, const char *description)
{
    mime_draft_long(&attaching->draft, PR_ATTACH_METHOD, ATTACH_BY_VALUE);
    mime_draft_text(&attaching->draft, PR_ATTACH_MIME_TAG_W, type);
    mime_draft_text(&attaching->draft, PR_COMMENT_W, description);
    if (filename != NULL)
        draft_name(&attaching->draft, filename);
}

HRESULT
mime_import_entity(struct mime_import *import, GMimeObject *entity, IMessage *message, const char *type,
                   const char *filename, const char *description)
{
    struct attaching attaching;
    HRESULT hr = begin(&attaching, import, message);

    if (SUCCEEDED(hr)) {
        draft_entity(&attaching, type, filename, description);
        hr = write_object(&attaching, entity);
    }
    if (SUCCEEDED(hr))
        hr = apply(&attaching);
    return finish(&attaching, hr);
}

/* The parser has the fields, the source the rest: GMime writes boundaries anew, without the blanks behind them. */
static HRESULT write_source(struct attaching *attaching, GMimeObject *body)
{
    struct mime_writer writer = {attaching->object, PR_ATTACH_DATA_BIN, &attaching->draft, NULL, 0, 0, NULL};
    struct mime_import *import = attaching->import;
    GMimeStream *stream = mime_source_stream(import->source, import->scan.header_end, import->source->size);
    char *fields = g_mime_object_get_headers(body, NULL);
    HRESULT hr = mime_writer_put(&writer, fields, strlen(fields));

    if (SUCCEEDED(hr))
        hr = mime_writer_put(&writer, "\n", 1);
    if (SUCCEEDED(hr))
        hr = mime_writer_copy(&writer, import->source, stream);
    g_free(fields);
    g_object_unref(stream);
    return mime_writer_finish(&writer, hr);
}

HRESULT
mime_import_signed(struct mime_import *import, GMimeObject *body, IMessage *message, unsigned depth)
{
    struct attaching attaching;
    HRESULT hr;

    if (depth != 0 || import->scan.beyond != NULL)
        return mime_import_entity(import, body, message, "multipart/signed", "smime.p7m", NULL);
    hr = begin(&attaching, import, message);
    if (SUCCEEDED(hr)) {
        draft_entity(&attaching, "multipart/signed", "smime.p7m", NULL);
        hr = write_source(&attaching, body);
    }
    if (SUCCEEDED(hr))
        hr = apply(&attaching);
    return finish(&attaching, hr);
}

HRESULT
mime_import_remainder(struct mime_import *import, uint64_t start, IMessage *message, const char *description)
{
    struct attaching attaching;
    struct mime_writer writer;
    HRESULT hr = begin(&attaching, import, message);

    if (SUCCEEDED(hr)) {
        GMimeStream *stream = mime_source_stream(import->source, start, import->source->size);

        draft_entity(&attaching, "application/octet-stream", "beyond-limit.mime", description);
        writer = (struct mime_writer){attaching.object, PR_ATTACH_DATA_BIN, &attaching.draft, NULL, 0, 0, NULL};
        hr = mime_writer_finish(&writer, mime_writer_copy(&writer, import->source, stream));
        g_object_unref(stream);
    }
    if (SUCCEEDED(hr))
        hr = apply(&attaching);
    return finish(&attaching, hr);
}
