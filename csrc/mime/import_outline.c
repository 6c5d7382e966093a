#include "mime/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mime/import_parts.h"
#include "mime/outline.h"

struct outliner {
    const struct mime_parts *parts;
    struct mime_outline outline;
    const GMimeObject *outermost; /* the body of the message */
    size_t attached;              /* the one that comes next, most likely */
    bool complete;                /* every part was found among the bodies and attachments */
    bool simple;                  /* nothing that an exporter would not do of itself */
};

/* Fields that an attachment has properties for, or that say how it was encoded. */
static bool is_represented(const char *name, char what)
{
    static const char *const names[] = {
        "Content-Transfer-Encoding", "Content-Type",        "Content-Disposition", "Content-ID",
        "Content-Location",          "Content-Description", "Content-Base",        "X-Payload-Class"};
    size_t count = what == 'a' ? sizeof names / sizeof names[0] : 1;

    for (size_t i = 0; i < count; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

/* Fields of the body that say something of the message, and are kept with its header. */
static bool is_of_the_message(const char *name)
{
    return strcasecmp(name, "Content-Language") == 0 || strcasecmp(name, "Content-Class") == 0 ||
           strcasecmp(name, "Content-Base") == 0;
}

static void put_fields(struct outliner *outliner, GMimeObject *part, char what)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(part);
    int count = g_mime_header_list_get_count(list);

    for (int i = 0; i < count; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *name = g_mime_header_get_name(header), *value = g_mime_header_get_raw_value(header);

        if (value == NULL || is_represented(name, what) || (part == outliner->outermost && is_of_the_message(name)))
            continue;
        outliner->simple = outliner->simple && strcasecmp(name, "Content-Type") == 0;
        mime_outline_field(&outliner->outline, name, value);
    }
}

/* A text that names us-ascii or UTF-8, being that, and nothing more needs no charset kept. ASCII bytes under any other name
 * may mean something else there, as those of HZ do. */
static bool is_simple_text(GMimeObject *part, const struct mime_charset *charset)
{
    GMimeParamList *list = g_mime_content_type_get_parameters(g_mime_object_get_content_type(part));
    const char *name = g_mime_object_get_content_type_parameter(part, "charset");

    if (g_mime_param_list_length(list) > (name != NULL) || charset->irreversible ||
        strcasecmp(charset->name, "utf-8") != 0)
        return false;
    return name == NULL ? charset->codepage == 20127
                        : strcasecmp(name, "utf-8") == 0 || strcasecmp(name, "us-ascii") == 0;
}

static void put_body(struct outliner *outliner, GMimeObject *part, char what, const struct mime_charset *charset)
{
    mime_outline_line(&outliner->outline, what, "");
    put_fields(outliner, part, what);
    if (is_simple_text(part, charset))
        return;
    outliner->simple = false;
    mime_outline_charset(&outliner->outline, charset);
}

/* The place of a part among the attachments, or their number. They come in order, but for the root of a related. */
static size_t place_of(struct outliner *outliner, const GMimeObject *part)
{
    const struct mime_parts *parts = outliner->parts;
    size_t place = outliner->attached;

    if (place >= parts->count || parts->attached[place].part != part)
        for (place = 0; place < parts->count && parts->attached[place].part != part;)
            place++;
    outliner->attached = place + 1;
    return place;
}

static void put_attached(struct outliner *outliner, GMimeObject *part)
{
    size_t place = place_of(outliner, part);
    char number[24];

    snprintf(number, sizeof number, "%zu", place);
    mime_outline_line(&outliner->outline, 'a', number);
    put_fields(outliner, part, 'a');
    outliner->complete = outliner->complete && place < outliner->parts->count;
}

static void put_part(struct outliner *outliner, GMimeObject *part, unsigned depth);

static void put_multipart(struct outliner *outliner, GMimeMultipart *multipart, unsigned depth)
{
    const char *before = g_mime_multipart_get_prologue(multipart), *behind = g_mime_multipart_get_epilogue(multipart);

    outliner->simple = false;
    mime_outline_line(&outliner->outline, '(', "");
    put_fields(outliner, GMIME_OBJECT(multipart), '(');
    if (before != NULL && *before != '\0')
        mime_outline_line(&outliner->outline, 'P', before);
    if (behind != NULL && *behind != '\0')
        mime_outline_line(&outliner->outline, 'E', behind);
    for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
        put_part(outliner, g_mime_multipart_get_part(multipart, i), depth + 1);
    mime_outline_line(&outliner->outline, ')', "");
}

static void put_part(struct outliner *outliner, GMimeObject *part, unsigned depth)
{
    const struct mime_parts *parts = outliner->parts;

    if (part == NULL || !outliner->complete) {
        outliner->complete = false;
    } else if (part == parts->text) {
        put_body(outliner, part, 't', &parts->text_charset);
    } else if (part == parts->html) {
        put_body(outliner, part, 'h', &parts->html_charset);
    } else if (!GMIME_IS_MULTIPART(part)) {
        put_attached(outliner, part);
    } else if (depth >= MIME_MAX_DEPTH || g_mime_multipart_get_count(GMIME_MULTIPART(part)) == 0) {
        outliner->complete = false; /* kept as one attachment */
    } else {
        put_multipart(outliner, GMIME_MULTIPART(part), depth);
    }
}

HRESULT
mime_import_outline(struct mime_import *import, const struct mime_parts *parts, GMimeObject *body, IMessage *message,
                    struct mime_draft *draft, unsigned depth)
{
    IMAPIProp *object = (IMAPIProp *)(void *)message;
    struct outliner outliner;
    HRESULT hr = S_OK;

    memset(&outliner, 0, sizeof outliner);
    outliner.parts = parts;
    outliner.outermost = body;
    outliner.complete = outliner.simple = true;
    put_part(&outliner, body, depth);
    if (outliner.outline.failed)
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    if (SUCCEEDED(hr) && outliner.complete && !outliner.simple) {
        struct mime_writer writer = {object, 0, draft, NULL, 0, 0, NULL};

        writer.tag = mime_name_tag(object, &mime_kept_set, (LPCWSTR)u"outline", PT_BINARY, true, import->allocators);
        if (writer.tag != 0)
            hr = mime_writer_finish(&writer, mime_writer_put(&writer, outliner.outline.text, outliner.outline.size));
    }
    free(outliner.outline.text);
    return hr;
}
