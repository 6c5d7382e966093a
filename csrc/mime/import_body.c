#include "mime/import_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapicode.h>
#include <mapitags.h>

#include "mime/codepage.h"

enum { NATIVE_PLAIN = 1, NATIVE_HTML = 3 }; /* PR_NATIVE_BODY_INFO */

/* Where a part is met. */
struct place {
    const GMimeObject *alternative; /* the innermost multipart/alternative around it */
    enum mime_attach_kind kind;
    bool outermost;
};

static void attach(struct mime_parts *parts, GMimeObject *part, enum mime_attach_kind kind, bool entity)
{
    if (parts->count == parts->capacity) {
        size_t capacity = parts->capacity == 0 ? 8 : 2 * parts->capacity;
        struct mime_attached_part *attached = realloc(parts->attached, capacity * sizeof *attached);

        if (attached == NULL) {
            parts->failed = true;
            return;
        }
        parts->attached = attached;
        parts->capacity = capacity;
    }
    parts->attached[parts->count++] = (struct mime_attached_part){part, kind, entity};
}

static bool is_type(GMimeObject *part, const char *type, const char *subtype)
{
    return g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype);
}

static bool is_attachment(GMimeObject *part, bool outermost)
{
    const char *disposition = g_mime_object_get_disposition(part);
    const char *name = g_mime_object_get_content_disposition_parameter(part, "filename");

    if (disposition != NULL && g_ascii_strcasecmp(disposition, "attachment") == 0)
        return true;
    if (name == NULL)
        name = g_mime_object_get_content_type_parameter(part, "name");
    return name != NULL && *name != '\0' && !outermost;
}

/* A text is a body if it is the first, or the other form of the first: a choice of the same multipart/alternative. */
static void sort_leaf(struct mime_parts *parts, GMimeObject *part, const struct place *place)
{
    bool plain = is_type(part, "text", "plain"), html = is_type(part, "text", "html");
    bool choice = place->alternative != NULL;

    if (GMIME_IS_PART(part) && !is_attachment(part, place->outermost)) {
        if (plain && parts->text == NULL &&
            (parts->html == NULL || (choice && parts->html_within == place->alternative))) {
            parts->text = part;
            parts->text_within = place->alternative;
            return;
        }
        if (html && parts->html == NULL &&
            (parts->text == NULL || (choice && parts->text_within == place->alternative))) {
            parts->html = part;
            parts->html_within = place->alternative;
            return;
        }
    }
    attach(parts, part, place->kind, false);
}

static void sort_part(struct mime_parts *parts, GMimeObject *part, const struct place *place, unsigned depth);

/* The root of a multipart/related is the part its "start" parameter names, else the first. */
static int root_of(GMimeMultipart *related)
{
    const char *start = g_mime_object_get_content_type_parameter(GMIME_OBJECT(related), "start");
    int count = g_mime_multipart_get_count(related);
    size_t size = start == NULL ? 0 : strlen(start);

    if (size > 2 && start[0] == '<' && start[size - 1] == '>') {
        start++;
        size -= 2;
    }
    for (int i = 0; i < count && size != 0; i++) {
        const char *id = g_mime_object_get_content_id(g_mime_multipart_get_part(related, i));

        if (id != NULL && strlen(id) == size && strncmp(id, start, size) == 0)
            return i;
    }
    return 0;
}

static void sort_multipart(struct mime_parts *parts, GMimeMultipart *multipart, const struct place *place,
                           unsigned depth)
{
    GMimeObject *object = GMIME_OBJECT(multipart);
    int count = g_mime_multipart_get_count(multipart);
    bool related = is_type(object, "multipart", "related");
    int root = related ? root_of(multipart) : -1;
    struct place within = *place;

    within.outermost = false;
    if (is_type(object, "multipart", "alternative"))
        within.alternative = object;
    else if (!related)
        within.alternative = NULL;
    if (count == 0) {
        if (parts->text == NULL && parts->html == NULL && parts->broken == NULL)
            parts->broken = multipart;
        else
            attach(parts, object, place->kind, true);
        return;
    }
    if (related)
        sort_part(parts, g_mime_multipart_get_part(multipart, root), &within, depth + 1);
    if (related)
        within.kind = MIME_ATTACH_INLINE;
    for (int i = 0; i < count; i++)
        if (i != root)
            sort_part(parts, g_mime_multipart_get_part(multipart, i), &within, depth + 1);
}

static void sort_part(struct mime_parts *parts, GMimeObject *part, const struct place *place, unsigned depth)
{
    if (part == NULL || parts->failed)
        return;
    if (depth >= MIME_MAX_DEPTH && GMIME_IS_MULTIPART(part))
        attach(parts, part, place->kind, true);
    else if (GMIME_IS_MULTIPART(part))
        sort_multipart(parts, GMIME_MULTIPART(part), place, depth);
    else
        sort_leaf(parts, part, place);
}

/* Message classes ----------------------------------------------------------------------------------------------- */

/* Whether the machine-readable part of a report has a field whose value begins with one of the words. */
static bool report_says(GMimeObject *report, const char *subtype, const char *field, const char *word)
{
    GMimeMultipart *multipart = GMIME_MULTIPART(report);
    bool found = false;

    for (int i = 0; i < g_mime_multipart_get_count(multipart) && !found; i++) {
        GMimeObject *part = g_mime_multipart_get_part(multipart, i);
        GMimeStream *stream = is_type(part, "message", subtype) ? mime_import_content(part) : NULL;
        char text[8192];
        ssize_t size = stream == NULL ? 0 : g_mime_stream_read(stream, text, sizeof text - 1);

        if (stream != NULL)
            g_object_unref(stream);
        text[size > 0 ? size : 0] = '\0';
        for (const char *at = strcasestr(text, field); at != NULL && !found; at = strcasestr(at + 1, field)) {
            const char *end = at + strcspn(at, "\r\n"), *value = strcasestr(at, word);

            found = value != NULL && value < end;
        }
    }
    return found;
}

static const char *report_class(GMimeObject *report)
{
    const char *type = g_mime_object_get_content_type_parameter(report, "report-type");

    if (type != NULL && g_ascii_strcasecmp(type, "disposition-notification") == 0)
        return report_says(report, "disposition-notification", "Disposition:", "deleted") ? "REPORT.IPM.Note.IPNNRN"
                                                                                          : "REPORT.IPM.Note.IPNRN";
    if (type == NULL || g_ascii_strcasecmp(type, "delivery-status") != 0)
        return "IPM.Note";
    if (report_says(report, "delivery-status", "Action:", "failed") ||
        report_says(report, "delivery-status", "Action:", "delayed"))
        return "REPORT.IPM.Note.NDR";
    return "REPORT.IPM.Note.DR";
}

static bool is_smime_signed(GMimeObject *body)
{
    const char *protocol =
        is_type(body, "multipart", "signed") ? g_mime_object_get_content_type_parameter(body, "protocol") : NULL;

    return protocol != NULL && (g_ascii_strcasecmp(protocol, "application/pkcs7-signature") == 0 ||
                                g_ascii_strcasecmp(protocol, "application/x-pkcs7-signature") == 0);
}

static const char *class_of(GMimeObject *body)
{
    if (body == NULL)
        return "IPM.Note";
    if (GMIME_IS_MULTIPART(body) && is_type(body, "multipart", "report"))
        return report_class(body);
    if (is_smime_signed(body))
        return "IPM.Note.SMIME.MultipartSigned";
    if (is_type(body, "application", "pkcs7-mime") || is_type(body, "application", "x-pkcs7-mime"))
        return "IPM.Note.SMIME";
    return "IPM.Note";
}

/* Bodies and attachments ---------------------------------------------------------------------------------------- */

/* Without its boundary all of a multipart is its preamble; the outermost one is read from the source, for the parser
 * keeps preambles in C strings. */
static HRESULT import_broken(struct mime_import *import, GMimeMultipart *broken, bool outermost, IMessage *message,
                             struct mime_draft *draft, struct mime_charset *charset)
{
    const char *prologue = g_mime_multipart_get_prologue(broken), *epilogue = g_mime_multipart_get_epilogue(broken);
    const char *text = prologue != NULL && *prologue != '\0' ? prologue : epilogue;
    uint64_t start = import->scan.header_end, size = import->scan.cutoff - start;
    char *bytes;
    HRESULT hr;

    if (text == NULL || text[strspn(text, " \t\r\n")] == '\0')
        return S_OK;
    if (!outermost || import->scan.cutoff < start) {
        return mime_import_text_bytes(import, text, strlen(text), NULL, message, PR_BODY_W, draft, charset);
    }
    bytes = malloc((size_t)size);
    if (bytes == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    size = mime_source_read(import->source, start, bytes, (size_t)size);
    hr = import->source->failure;
    if (SUCCEEDED(hr))
        hr = mime_import_text_bytes(import, bytes, (size_t)size, NULL, message, PR_BODY_W, draft, charset);
    free(bytes);
    return hr;
}

static HRESULT import_bodies(struct mime_import *import, struct mime_parts *parts, const GMimeObject *outermost,
                             IMessage *message, struct mime_draft *draft)
{
    ULONG codepage;
    HRESULT hr = S_OK;

    if (parts->text != NULL)
        hr = mime_import_text_part(import, parts->text, message, PR_BODY_W, draft, &parts->text_charset);
    else if (parts->broken != NULL)
        hr = import_broken(import, parts->broken, outermost == GMIME_OBJECT(parts->broken), message, draft,
                           &parts->text_charset);
    codepage = parts->text_charset.codepage;
    if (SUCCEEDED(hr) && parts->html != NULL) {
        hr = mime_import_text_part(import, parts->html, message, PR_HTML, draft, &parts->html_charset);
        codepage = CODEPAGE_UTF8; /* PR_HTML is always UTF-8, and PR_INTERNET_CPID is what it is in */
    }
    if (codepage != 0)
        mime_draft_long(draft, PR_INTERNET_CPID, (LONG)codepage);
    if ((parts->text != NULL) != (parts->html != NULL))
        mime_draft_long(draft, PR_NATIVE_BODY_INFO, parts->html != NULL ? NATIVE_HTML : NATIVE_PLAIN);
    return hr;
}

static HRESULT import_attached(struct mime_import *import, const struct mime_attached_part *attached, IMessage *message,
                               unsigned depth)
{
    bool beyond = attached->entity && g_mime_multipart_get_count(GMIME_MULTIPART(attached->part)) != 0;

    if (attached->entity)
        return mime_import_entity(import, attached->part, message, "application/octet-stream",
                                  beyond ? "beyond-limit.mime" : NULL,
                                  beyond ? "Beyond the limit of 1,000 levels" : "A multipart without parts");
    return mime_import_attachment(import, attached->part, message, attached->kind, depth);
}

HRESULT
mime_import_parts(struct mime_import *import, GMimeMessage *parsed, IMessage *message, struct mime_draft *draft,
                  unsigned depth)
{
    GMimeObject *body = g_mime_message_get_mime_part(parsed);
    struct place place = {NULL, MIME_ATTACH_PLAIN, true};
    struct mime_parts parts;
    bool whole = body != NULL && is_smime_signed(body) && GMIME_IS_MULTIPART(body);
    HRESULT hr;

    memset(&parts, 0, sizeof parts);
    mime_draft_text(draft, PR_MESSAGE_CLASS_W, class_of(body));
    sort_part(&parts, body, &place, depth);
    hr = parts.failed ? MAPI_E_NOT_ENOUGH_MEMORY
                      : import_bodies(import, &parts, depth == 0 ? body : NULL, message, draft);
    /* A signed message keeps the signed entity, byte for byte, as its only attachment; its bodies are copies. */
    if (SUCCEEDED(hr) && whole)
        hr = mime_import_entity(import, body, message, "multipart/signed", "smime.p7m", NULL);
    for (size_t i = 0; i < parts.count && SUCCEEDED(hr) && !whole; i++)
        hr = import_attached(import, &parts.attached[i], message, depth);
    if (SUCCEEDED(hr) && !whole)
        hr = mime_import_outline(import, &parts, body, message, draft, depth);
    free(parts.attached);
    return hr;
}
