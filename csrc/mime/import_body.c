#include "mime/import_parts.h"
#include "mime/import_calendar.h"
#include "mime/import_report.h"
#include "mime/import_tnef.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapicode.h>
#include <mapitags.h>

#include "mime/codepage.h"

enum { NATIVE_PLAIN = 1, NATIVE_RTF = 2, NATIVE_HTML = 3 }; /* PR_NATIVE_BODY_INFO */

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
    parts->attached[parts->count++] = (struct mime_attached_part){part, kind, entity, NULL};
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

/* Whoever signed it, and by what protocol: one changed byte, and nobody can verify it any more. */
static bool is_signed(GMimeObject *body)
{
    return GMIME_IS_MULTIPART(body) && is_type(body, "multipart", "signed") &&
           g_mime_multipart_get_count(GMIME_MULTIPART(body)) != 0;
}

/* What a Content-Class says of the message's class, in the arena; NULL: nothing. */
static const char *content_class(struct mime_arena *arena, GMimeObject *body)
{
    static const char *const classes[][2] = {
        {"fax", "IPM.Note.Microsoft.Fax"},
        {"fax-ca", "IPM.Note.Microsoft.Fax.CA"},
        {"missedcall", "IPM.Note.Microsoft.Missed.Voice"},
        {"voice-uc", "IPM.Note.Microsoft.Conversation.Voice"},
        {"voice-ca", "IPM.Note.Microsoft.Voicemail.UM.CA"},
        {"voice", "IPM.Note.Microsoft.Voicemail.UM"},
    };
    static const char *const prefixes[][2] = {{"urn:content-class:custom.", "IPM.Note."},
                                              {"InfoPathForm.", "IPM.InfoPathForm."}};
    GMimeHeader *header = g_mime_header_list_get_header(g_mime_object_get_header_list(body), "Content-Class");
    const char *text = header == NULL ? NULL : g_mime_header_get_value(header);

    for (size_t i = 0; i < sizeof classes / sizeof classes[0] && text != NULL; i++)
        if (strcasecmp(classes[i][0], text) == 0)
            return classes[i][1];
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0] && text != NULL; i++) {
        size_t size = strlen(prefixes[i][0]), begin = strlen(prefixes[i][1]), rest;
        char *class;

        if (strncasecmp(prefixes[i][0], text, size) != 0 || text[size] == '\0')
            continue;
        rest = strlen(text + size);
        class = mime_arena_alloc(arena, begin + rest + 1);
        if (class == NULL)
            return NULL;
        memcpy(class, prefixes[i][1], begin);
        memcpy(class + begin, text + size, rest + 1);
        return class;
    }
    return NULL;
}

static const char *class_of(struct mime_import *import, struct mime_draft *draft, GMimeObject *body)
{
    const char *named = body == NULL ? NULL : content_class(&draft->arena, body);

    if (body == NULL)
        return "IPM.Note";
    if (named != NULL)
        return named;
    if (GMIME_IS_MULTIPART(body) && is_type(body, "multipart", "report"))
        return mime_import_report(import, body, draft);
    if (is_signed(body))
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
        mime_draft_long(draft, PR_NATIVE_BODY_INFO,
                        parts->html == NULL                   ? NATIVE_PLAIN
                        : (import->flags & CCSF_USE_RTF) != 0 ? NATIVE_RTF
                                                              : NATIVE_HTML);
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
    return mime_import_attachment(import, attached->part, message, attached->kind, attached->hint, depth);
}

/* The first calendar that is about a meeting makes the message one. */
static HRESULT import_meeting(struct mime_import *import, const struct mime_parts *parts, IMessage *message,
                              struct mime_draft *draft)
{
    const char *class = NULL;
    struct mime_names *names = NULL;
    HRESULT hr = S_OK;

    for (size_t i = 0; i < parts->count && class == NULL && SUCCEEDED(hr); i++) {
        if (!is_type(parts->attached[i].part, "text", "calendar"))
            continue;
        if (names == NULL && (names = mime_names_create()) == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        class = mime_import_calendar(import, parts->attached[i].part, draft, names);
    }
    if (class != NULL) {
        SPropValue *value = mime_draft_get(draft, PR_MESSAGE_CLASS_W);

        if (value != NULL)
            value->Value.lpszW = mime_text_wide(&draft->arena, class, strlen(class));
        hr = mime_names_draft(names, (IMAPIProp *)(void *)message, draft, import->allocators);
    }
    mime_names_free(names);
    return draft->arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : hr;
}

HRESULT
mime_import_parts(struct mime_import *import, GMimeMessage *parsed, IMessage *message, struct mime_draft *draft,
                  unsigned depth)
{
    GMimeObject *body = g_mime_message_get_mime_part(parsed);
    struct place place = {NULL, MIME_ATTACH_PLAIN, true};
    struct mime_parts parts;
    bool whole = body != NULL && is_signed(body);
    HRESULT hr;

    memset(&parts, 0, sizeof parts);
    mime_draft_text(draft, PR_MESSAGE_CLASS_W, class_of(import, draft, body));
    sort_part(&parts, body, &place, depth);
    hr = parts.failed ? MAPI_E_NOT_ENOUGH_MEMORY
                      : import_bodies(import, &parts, depth == 0 ? body : NULL, message, draft);
    /* A signed message keeps the signed entity, byte for byte, as its only attachment; its bodies are copies. */
    if (SUCCEEDED(hr) && whole)
        hr = mime_import_signed(import, body, message, depth);
    if (SUCCEEDED(hr) && !whole)
        hr = mime_import_hints(import, parsed, &parts, &draft->arena);
    for (size_t i = 0; i < parts.count && SUCCEEDED(hr) && !whole; i++) {
        if (parts.attached[i].entity)
            mime_draft_note(draft,
                            "A part that cannot be taken apart is an attachment as it stands, its header included.");
        hr = import_attached(import, &parts.attached[i], message, depth);
    }
    if (SUCCEEDED(hr) && !whole)
        hr = import_meeting(import, &parts, message, draft);
    for (size_t i = 0; i < parts.count && SUCCEEDED(hr) && !whole; i++)
        if (mime_is_tnef(parts.attached[i].part))
            hr = mime_import_tnef(import, parts.attached[i].part, message, draft);
    if (SUCCEEDED(hr) && !whole)
        hr = mime_import_outline(import, &parts, body, message, draft, depth);
    free(parts.attached);
    return hr;
}
