#include "mime/import_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapitags.h>

#include "mime/header.h"

/* No report worth reading is larger, in its machine-readable part. */
enum { MOST_STATUS = 256 * 1024 };

static bool is_type(GMimeObject *part, const char *type, const char *subtype)
{
    return g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype);
}

/* The first part of the report with this type, or NULL. */
static GMimeObject *part_of(GMimeObject *report, const char *type, const char *subtype)
{
    GMimeMultipart *multipart = GMIME_MULTIPART(report);

    for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
        if (is_type(g_mime_multipart_get_part(multipart, i), type, subtype))
            return g_mime_multipart_get_part(multipart, i);
    return NULL;
}

/* A part's content as text in the arena, CRs taken out; "" where there is none. */
static char *content_of(struct mime_draft *draft, GMimeObject *part)
{
    GMimeStream *stream = part == NULL ? NULL : mime_import_content(part);
    char *text = mime_arena_alloc(&draft->arena, stream == NULL ? 1 : MOST_STATUS + 1), *out = text;
    ssize_t got;
    size_t size = 0;

    while (stream != NULL && text != NULL && size < MOST_STATUS &&
           (got = g_mime_stream_read(stream, text + size, MOST_STATUS - size)) > 0)
        size += (size_t)got;
    if (stream != NULL)
        g_object_unref(stream);
    for (size_t i = 0; i < size; i++)
        if (text[i] != '\r' && text[i] != '\0')
            *out++ = text[i];
    if (text != NULL)
        *out = '\0';
    return text;
}

/* A field of a block of fields, unfolded and decoded, or NULL. The block ends at an empty line. */
static const char *field_of(struct mime_import *import, struct mime_draft *draft, const char *block, const char *name)
{
    size_t size = strlen(name);

    while (*block != '\0' && *block != '\n') {
        const char *end = block;

        do {
            end += strcspn(end, "\n");
            end += *end == '\n';
        } while (*end == ' ' || *end == '\t');
        if (strncasecmp(block, name, size) == 0 && block[size] == ':') {
            char *raw = mime_arena_text(&draft->arena, block + size + 1, (size_t)(end - block) - size - 1);

            return raw == NULL ? NULL : mime_header_text(import->options, &draft->arena, raw);
        }
        block = end;
    }
    return NULL;
}

static const char *next_block(const char *block)
{
    const char *end = strstr(block, "\n\n");

    return end == NULL ? block + strlen(block) : end + 2 + strspn(end + 2, "\n");
}

/* "rfc822; somebody@example.org" without its type. */
static const char *without_type(const char *text)
{
    const char *semicolon = text == NULL ? NULL : strchr(text, ';');

    return semicolon == NULL ? text : semicolon + 1 + strspn(semicolon + 1, " \t");
}

/* Why an enhanced status code says that delivery failed [RFC 3463], in the words of pidtagndrdiagcode. */
static LONG diagnostic_of(int subject, int detail)
{
    enum { NONE = -1, NAME_UNRECOGNIZED = 0, CONGESTED = 2, LOOP = 3, UNAVAILABLE = 4, EXPIRED = 5, TOO_LONG = 7 };

    if (subject == 1)
        return NAME_UNRECOGNIZED;
    if ((subject == 2 && detail == 3) || (subject == 3 && detail == 4))
        return TOO_LONG;
    if (subject == 2)
        return UNAVAILABLE;
    if (subject == 4)
        return detail == 6 ? LOOP : detail == 7 ? EXPIRED : detail == 5 ? CONGESTED : NONE;
    return NONE;
}

static void draft_codes(struct mime_draft *draft, const char *status, const char *diagnostic)
{
    enum { TRANSFER_FAILED = 0, TRANSFER_IMPOSSIBLE = 1 };
    int class = 0, subject = 0, detail = 0;

    if (status != NULL && sscanf(status, "%1d.%3d.%3d", &class, &subject, &detail) == 3) {
        mime_draft_long(draft, PR_NDR_REASON_CODE, class == 5 ? TRANSFER_IMPOSSIBLE : TRANSFER_FAILED);
        mime_draft_long(draft, PR_NDR_DIAG_CODE, diagnostic_of(subject, detail));
    }
    mime_draft_text(draft, PR_SUPPLEMENTARY_INFO_W, diagnostic);
}

struct report_text {
    char *text; /* malloc'ed */
    size_t size;
};

static void add_line(struct mime_draft *draft, struct report_text *report, const char *recipient, const char *action,
                     const char *status, const char *diagnostic)
{
    char *line = NULL, *text;
    int size = asprintf(&line, "%s: %s%s%s%s%s%s\r\n", recipient, action, status == NULL ? "" : ", ",
                        status == NULL ? "" : status, diagnostic == NULL ? "" : " (",
                        diagnostic == NULL ? "" : diagnostic, diagnostic == NULL ? "" : ")");

    text = size < 0 ? NULL : realloc(report->text, report->size + (size_t)size + 1);
    if (text == NULL) {
        draft->arena.failed = true;
    } else {
        memcpy(text + report->size, line, (size_t)size + 1);
        report->text = text;
        report->size += (size_t)size;
    }
    if (size >= 0)
        free(line);
}

/* What the report says of the message that it is about, from the copy or the header that came with it. */
static void draft_original(struct mime_import *import, GMimeObject *report, struct mime_draft *draft)
{
    static const struct mime_address_tags tags = {PR_ORIGINAL_SENDER_NAME_W,          PR_ORIGINAL_SENDER_ADDRTYPE_W,
                                                  PR_ORIGINAL_SENDER_EMAIL_ADDRESS_W, 0,
                                                  PR_ORIGINAL_SENDER_SEARCH_KEY,      PR_ORIGINAL_SENDER_ENTRYID};
    GMimeObject *part = part_of(report, "message", "rfc822"), *fields = part_of(report, "text", "rfc822-headers");
    struct mime_addresses from = {NULL, 0, 0};
    const char *block = NULL, *text;
    char *copied = NULL;
    int64_t seconds;

    if (part != NULL && GMIME_IS_MESSAGE_PART(part) &&
        g_mime_message_part_get_message(GMIME_MESSAGE_PART(part)) != NULL) {
        copied =
            g_mime_object_get_headers(GMIME_OBJECT(g_mime_message_part_get_message(GMIME_MESSAGE_PART(part))), NULL);
        block = copied;
    } else if (fields != NULL) {
        block = content_of(draft, fields);
    }
    if (block != NULL) {
        mime_draft_text(draft, PR_ORIGINAL_SUBJECT_W, field_of(import, draft, block, "Subject"));
        mime_draft_text(draft, PR_ORIGINAL_DISPLAY_TO_W, field_of(import, draft, block, "To"));
        mime_draft_text(draft, PR_ORIGINAL_DISPLAY_CC_W, field_of(import, draft, block, "Cc"));
        text = field_of(import, draft, block, "Date");
        if (text != NULL && mime_header_date(text, &seconds))
            mime_draft_time(draft, PR_ORIGINAL_SUBMIT_TIME, seconds);
        text = field_of(import, draft, block, "From");
        if (text != NULL && mime_addresses_parse(&from, &draft->arena, import->options, text, 0) != 0)
            mime_address_draft(draft, &tags, &from.items[0]);
        mime_addresses_clear(&from);
    }
    g_free(copied);
}

static bool is_action(const char *action, const char *word)
{
    return strncasecmp(action, word, strlen(word)) == 0;
}

static const char *delivery_class(struct mime_import *import, GMimeObject *report, struct mime_draft *draft)
{
    const char *block = content_of(draft, part_of(report, "message", "delivery-status")), *arrived;
    struct report_text text = {NULL, 0};
    bool failed = false, codes = false;
    int64_t seconds;

    if (block == NULL)
        return "IPM.Note";
    arrived = field_of(import, draft, block, "Arrival-Date");
    for (; *block != '\0'; block = next_block(block)) {
        const char *recipient = without_type(field_of(import, draft, block, "Final-Recipient"));
        const char *action = field_of(import, draft, block, "Action");
        const char *status = field_of(import, draft, block, "Status");
        const char *diagnostic = field_of(import, draft, block, "Diagnostic-Code");

        if (action == NULL)
            continue;
        if (recipient == NULL)
            recipient = without_type(field_of(import, draft, block, "Original-Recipient"));
        add_line(draft, &text, recipient == NULL ? "" : recipient, action, status, diagnostic);
        if (!is_action(action, "failed") && !is_action(action, "delayed"))
            continue;
        failed = true;
        if (!codes)
            draft_codes(draft, status, diagnostic);
        codes = true;
    }
    mime_draft_text(draft, PR_REPORT_TEXT_W, text.text);
    free(text.text);
    if (arrived != NULL && mime_header_date(arrived, &seconds))
        mime_draft_time(draft, PR_REPORT_TIME, seconds);
    draft_original(import, report, draft);
    return failed ? "REPORT.IPM.Note.NDR" : "REPORT.IPM.Note.DR";
}

static const char *read_class(struct mime_import *import, GMimeObject *report, struct mime_draft *draft)
{
    const char *block = content_of(draft, part_of(report, "message", "disposition-notification"));
    const char *disposition, *what, *recipient;
    struct report_text text = {NULL, 0};

    if (block == NULL)
        return "IPM.Note";
    while ((disposition = field_of(import, draft, block, "Disposition")) == NULL && *block != '\0')
        block = next_block(block);
    recipient = without_type(field_of(import, draft, block, "Final-Recipient"));
    what = without_type(disposition);
    if (disposition != NULL) {
        char *mode = mime_arena_text(&draft->arena, disposition, strcspn(disposition, ";"));

        mime_draft_text(draft, PR_REPORT_DISPOSITION_W, what);
        mime_draft_text(draft, PR_REPORT_DISPOSITION_MODE_W, mode);
        add_line(draft, &text, recipient == NULL ? "" : recipient, what, NULL, NULL);
        mime_draft_text(draft, PR_REPORT_TEXT_W, text.text);
        free(text.text);
    }
    draft_original(import, report, draft);
    return what != NULL && strcasestr(what, "deleted") != NULL ? "REPORT.IPM.Note.IPNNRN" : "REPORT.IPM.Note.IPNRN";
}

const char *mime_import_report(struct mime_import *import, GMimeObject *report, struct mime_draft *draft)
{
    const char *type = g_mime_object_get_content_type_parameter(report, "report-type");

    if (type != NULL && strcasecmp(type, "disposition-notification") == 0)
        return read_class(import, report, draft);
    if (type != NULL && strcasecmp(type, "delivery-status") == 0)
        return delivery_class(import, report, draft);
    return "IPM.Note";
}
