#include "mime/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapicode.h>
#include <mapitags.h>

#include "mime/html.h"
#include "mime/rtf.h"
#include "mime/runtime.h"
#include "mime/scan.h"

enum { NATIVE_PLAIN = 1, NATIVE_HTML = 3, EDITOR_PLAIN = 1, UUENCODE_WIDTH = 78 };

static HRESULT refuse(const struct mime_allocators *allocators, HRESULT hr, const char *sentence)
{
    if (allocators->set_error_detail != NULL)
        allocators->set_error_detail(hr, sentence);
    return hr;
}

/* Boundaries ---------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 1099511628211u;
    return hash;
}

/* A number from the content, so that the same message gives the same bytes. */
static uint64_t seed_of(struct mime_export *export)
{
    static const ULONG tags[] = {PR_INTERNET_MESSAGE_ID_W, PR_SUBJECT_W, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W};
    const SPropValue *time = mime_export_prop(export, PR_CLIENT_SUBMIT_TIME),
                     *key = mime_export_prop(export, PR_SEARCH_KEY);
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        const char *text = mime_export_text(export, tags[i]);

        if (text != NULL)
            hash = mix(hash, text, strlen(text) + 1);
    }
    if (time != NULL)
        hash = mix(hash, &time->Value.ft, sizeof time->Value.ft);
    if (key != NULL)
        hash = mix(hash, key->Value.bin.lpb, key->Value.bin.cb);
    for (size_t i = 0; i < export->recipients.count; i++)
        hash = mix(hash, export->recipients.items[i].address, strlen(export->recipients.items[i].address));
    hash = mix(hash, export->bodies.text, export->bodies.text_size);
    return mix(hash, export->bodies.html, export->bodies.html_size);
}

/* "=_" stands neither in base64 nor in quoted-printable text, and other texts are looked at for it. */
void mime_export_begin_multipart(struct mime_export *export, const char *subtype, mime_put_parameters *parameters,
                                 const void *context, char boundary[MIME_BOUNDARY_ROOM])
{
    char type[80];

    snprintf(boundary, MIME_BOUNDARY_ROOM, "=_%016llx_%u", (unsigned long long)export->seed, ++*export->boundaries);
    snprintf(type, sizeof type, "multipart/%s", subtype);
    mime_output_begin(export->out, "Content-Type", type);
    if (parameters != NULL)
        parameters(export->out, context);
    mime_output_parameter(export->out, "boundary", boundary);
    mime_output_end(export->out);
}

void mime_export_boundary(struct mime_export *export, const char *boundary, bool last)
{
    mime_output_text(export->out, "\r\n--");
    mime_output_text(export->out, boundary);
    mime_output_text(export->out, last ? "--\r\n" : "\r\n");
}

static void put_related_type(struct mime_output *out, const void *type)
{
    mime_output_parameter(out, "type", type);
}

static void put_report_type(struct mime_output *out, const void *report)
{
    mime_output_parameter(out, "report-type", report);
}

static void begin_multipart(struct mime_export *export, const char *subtype, mime_put_parameters *parameters,
                            const void *context, char boundary[MIME_BOUNDARY_ROOM])
{
    mime_export_begin_multipart(export, subtype, parameters, context, boundary);
    mime_output_text(export->out, "\r\n");
}

/* Structure ----------------------------------------------------------------------------------------------------- */

static bool has_inside(const struct mime_export *export)
{
    for (size_t i = 0; i < export->attached_count; i++)
        if (export->attached[i].inside)
            return true;
    return false;
}

/* The HTML body, with the attachments that belong inside it. */
static HRESULT put_html(struct mime_export *export, bool outermost)
{
    const char *type = strcmp(export->html_subtype, "rtf") == 0 ? "text/rtf" : "text/html";
    char boundary[MIME_BOUNDARY_ROOM];
    HRESULT hr;

    if (!has_inside(export))
        return mime_export_text_part(export, export->html_subtype, NULL, outermost);
    begin_multipart(export, "related", put_related_type, type, boundary);
    mime_export_boundary(export, boundary, false);
    hr = mime_export_text_part(export, export->html_subtype, NULL, false);
    for (size_t i = 0; i < export->attached_count && SUCCEEDED(hr); i++) {
        if (!export->attached[i].inside)
            continue;
        mime_export_boundary(export, boundary, false);
        hr = mime_export_attachment(export, &export->attached[i], NULL);
    }
    mime_export_boundary(export, boundary, true);
    return hr;
}

static HRESULT put_bodies(struct mime_export *export, bool outermost)
{
    char boundary[MIME_BOUNDARY_ROOM];
    HRESULT hr;

    if (export->bodies.html == NULL)
        return mime_export_text_part(export, "plain", NULL, outermost);
    if (export->bodies.text == NULL)
        return put_html(export, outermost);
    begin_multipart(export, "alternative", NULL, NULL, boundary);
    mime_export_boundary(export, boundary, false);
    hr = mime_export_text_part(export, "plain", NULL, false);
    mime_export_boundary(export, boundary, false);
    if (SUCCEEDED(hr))
        hr = put_html(export, false);
    mime_export_boundary(export, boundary, true);
    return hr;
}

/* "delivery-status" or "disposition-notification" for the classes of reports, else NULL. */
static const char *report_type(struct mime_export *export)
{
    const char *class = mime_export_text(export, PR_MESSAGE_CLASS_W), *dot;

    if (class == NULL || strncasecmp(class, "REPORT.", 7) != 0)
        return NULL;
    dot = strrchr(class, '.');
    if (export->transformed)
        return NULL;
    if (strcasecmp(dot, ".NDR") == 0 || strcasecmp(dot, ".DR") == 0)
        return "delivery-status";
    return strcasecmp(dot, ".IPNRN") == 0 || strcasecmp(dot, ".IPNNRN") == 0 ? "disposition-notification" : NULL;
}

/* A report without a part that machines read: one is made of what the properties say. */
static void put_status(struct mime_export *export, const char *report)
{
    const char *class = mime_export_text(export, PR_MESSAGE_CLASS_W), *dot = strrchr(class, '.');
    const char *diagnostic = mime_export_text(export, PR_SUPPLEMENTARY_INFO_W);
    bool delivery = strcmp(report, "delivery-status") == 0, failed = strcasecmp(dot, ".NDR") == 0;

    mime_output_text(export->out, "Content-Type: message/");
    mime_output_text(export->out, report);
    mime_output_text(export->out, "\r\n\r\n");
    if (delivery)
        mime_output_field(export->out, "Reporting-MTA", "dns; localhost");
    for (size_t i = 0; i < export->recipients.count; i++) {
        const char *address = export->recipients.items[i].address;
        char *recipient = mime_arena_alloc(&export->arena, strlen(address) + 16);

        if (recipient == NULL || *address == '\0')
            continue;
        stpcpy(stpcpy(recipient, "rfc822; "), address);
        mime_output_text(export->out, delivery ? "\r\n" : "");
        mime_output_field(export->out, "Final-Recipient", recipient);
        mime_output_field(export->out, "Action", !delivery ? NULL : failed ? "failed" : "delivered");
        mime_output_field(export->out, "Status", !delivery ? NULL : failed ? "5.0.0" : "2.0.0");
        if (delivery && failed)
            mime_output_field(export->out, "Diagnostic-Code", diagnostic);
        if (!delivery)
            break; /* a read report is about one reader */
    }
    if (!delivery)
        mime_output_field(export->out, "Disposition",
                          strcasecmp(dot, ".IPNNRN") == 0 ? "automatic-action/MDN-sent-automatically; deleted"
                                                          : "manual-action/MDN-sent-automatically; displayed");
}

static bool has_status(const struct mime_export *export, const char *report)
{
    for (size_t i = 0; i < export->attached_count; i++)
        if (export->attached[i].type != NULL && strncasecmp(export->attached[i].type, "message/", 8) == 0 &&
            strcasecmp(export->attached[i].type + 8, report) == 0)
            return true;
    return false;
}

static HRESULT put_mixed(struct mime_export *export, bool inside_too)
{
    const char *report = report_type(export);
    char boundary[MIME_BOUNDARY_ROOM];
    HRESULT hr = S_OK;

    begin_multipart(export, report != NULL ? "report" : "mixed", report != NULL ? put_report_type : NULL, report,
                    boundary);
    if (export->bodies.text != NULL || export->bodies.html != NULL) {
        mime_export_boundary(export, boundary, false);
        hr = put_bodies(export, false);
    }
    if (report != NULL && !has_status(export, report)) {
        mime_export_boundary(export, boundary, false);
        put_status(export, report);
    }
    for (size_t i = 0; i < export->attached_count && SUCCEEDED(hr); i++) {
        if (export->attached[i].inside && !inside_too)
            continue;
        mime_export_boundary(export, boundary, false);
        hr = mime_export_attachment(export, &export->attached[i], NULL);
    }
    mime_export_boundary(export, boundary, true);
    return hr;
}

static bool is_signed(struct mime_export *export)
{
    const char *class = mime_export_text(export, PR_MESSAGE_CLASS_W);

    return class != NULL && strcasecmp(class, "IPM.Note.SMIME.MultipartSigned") == 0 && export->attached_count == 1 &&
           export->attached[0].method == (LONG)ATTACH_BY_VALUE;
}

/* The text for receivers that know nothing of TNEF, and the rest. */
static HRESULT put_tnef(struct mime_export *export)
{
    char boundary[MIME_BOUNDARY_ROOM];
    HRESULT hr;

    begin_multipart(export, "mixed", NULL, NULL, boundary);
    mime_export_boundary(export, boundary, false);
    hr = mime_export_text_part(export, "plain", NULL, false);
    mime_export_boundary(export, boundary, false);
    if (SUCCEEDED(hr))
        hr = mime_export_tnef(export);
    mime_export_boundary(export, boundary, true);
    return hr;
}

static HRESULT put_structure(struct mime_export *export)
{
    bool body = export->bodies.text != NULL || export->bodies.html != NULL, html = export->bodies.html != NULL;
    size_t outside = 0;
    HRESULT hr = S_FALSE;

    if (export->tnef)
        return put_tnef(export);
    for (size_t i = 0; i < export->attached_count; i++)
        outside += !export->attached[i].inside || !html;
    if (is_signed(export))
        hr = mime_export_signed_entity(export);
    if (hr == S_FALSE && !export->transformed)
        hr = mime_export_outline(export);
    if (hr != S_FALSE)
        return hr;
    if (!body && export->attached_count == 1 && report_type(export) == NULL)
        return mime_export_attachment(export, &export->attached[0], NULL);
    return outside == 0 && report_type(export) == NULL ? put_bodies(export, true) : put_mixed(export, !html);
}

/* SAVE_RFC822: text, and after it the attachments in uuencode. */
static HRESULT put_uuencoded(struct mime_export *export)
{
    HRESULT hr = S_OK;

    mime_output_text(export->out, "\r\n");
    if (export->bodies.text != NULL)
        mime_output_lines(export->out, export->bodies.text, export->bodies.text_size);
    for (size_t i = 0; i < export->attached_count && SUCCEEDED(hr); i++) {
        if (export->attached[i].method == (LONG)ATTACH_EMBEDDED_MSG)
            return refuse(export->allocators, MAPI_E_NO_SUPPORT,
                          "An embedded message cannot be written in uuencode; use SAVE_RFC1521.");
        hr = mime_export_uuencoded(export, &export->attached[i]);
    }
    return hr;
}

/* Which bodies are written -------------------------------------------------------------------------------------- */

static void drop(char **text, size_t *size)
{
    free(*text);
    *text = NULL;
    *size = 0;
}

static HRESULT choose_bodies(struct mime_export *export)
{
    struct mime_bodies *bodies = &export->bodies;
    LONG native = mime_export_long(export, PR_NATIVE_BODY_INFO, 0);
    LONG editor = mime_export_long(export, PR_MSG_EDITOR_FORMAT, 0);
    bool rtf = (export->flags & CCSF_USE_RTF) != 0;
    bool plain = (export->flags & CCSF_PLAIN_TEXT_ONLY) != 0 || export->settings->save_format == SAVE_RFC822;
    bool only_text = plain || (export->tnef = mime_export_wants_tnef(export));

    if (only_text && bodies->text == NULL && bodies->html != NULL) {
        bodies->text = mime_html_to_text(bodies->html, bodies->html_size, &bodies->text_size);
        if (bodies->text == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    if (only_text || (bodies->text != NULL && (native == NATIVE_PLAIN || editor == EDITOR_PLAIN)))
        drop(&bodies->html, &bodies->html_size);
    if (bodies->html != NULL && native == NATIVE_HTML)
        drop(&bodies->text, &bodies->text_size);
    if ((export->flags & CCSF_PLAIN_TEXT_ONLY) != 0)
        export->attached_count = 0;
    export->transformed = only_text || rtf;
    export->html_subtype = "html";
    if (rtf && bodies->html != NULL) {
        char *made;
        size_t size;
        HRESULT hr = mime_rtf_from_html(bodies->html, bodies->html_size, &made, &size);

        if (FAILED(hr))
            return hr;
        drop(&bodies->html, &bodies->html_size);
        bodies->html = made;
        bodies->html_size = size;
        export->html_subtype = "rtf";
    }
    return S_OK;
}

static HRESULT put_message(struct mime_export *export)
{
    bool uuencode = export->settings->save_format == SAVE_RFC822;
    HRESULT hr = mime_export_read(export);

    if (SUCCEEDED(hr))
        hr = choose_bodies(export);
    if (FAILED(hr))
        return hr;
    export->seed = seed_of(export);
    if ((export->flags & CCSF_NOHEADERS) == 0)
        hr = mime_export_headers(export);
    if (FAILED(hr))
        return hr;
    if (!uuencode && (export->flags & CCSF_NOHEADERS) == 0)
        mime_output_text(export->out, "MIME-Version: 1.0\r\n");
    hr = uuencode ? put_uuencoded(export) : put_structure(export);
    return SUCCEEDED(hr) && export->arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : hr;
}

HRESULT
mime_export_message(const struct mime_export *outer, IMessage *message)
{
    struct mime_export inner;
    HRESULT hr;

    if (outer->depth >= MIME_MAX_DEPTH)
        return refuse(outer->allocators, MAPI_E_TOO_BIG, "Messages are nested deeper than 1,000 levels.");
    memset(&inner, 0, sizeof inner);
    inner.allocators = outer->allocators;
    inner.settings = outer->settings;
    inner.flags = outer->flags & ~(ULONG)(CCSF_NOHEADERS | CCSF_NO_MSGID | CCSF_USE_TNEF);
    inner.out = outer->out;
    inner.message = message;
    inner.depth = outer->depth + 1;
    inner.boundaries = outer->boundaries;
    inner.options = outer->options;
    hr = put_message(&inner);
    mime_export_forget(&inner);
    return hr;
}

HRESULT
mime_export_stream(const struct mime_allocators *allocators, const struct mime_settings *settings, IMessage *message,
                   IStream *stream, ULONG flags)
{
    struct mime_output *out = calloc(1, sizeof *out);
    struct mime_settings chosen = *settings;
    unsigned boundaries = 0;
    struct mime_export export;
    HRESULT hr;

    if (out == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    mime_runtime_start();
    out->stream = stream;
    out->eight_bit = (flags & (CCSF_8BITHEADERS | CCSF_GLOBAL_MESSAGE)) != 0;
    if (settings->save_format == SAVE_RFC822 && !settings->wrap) {
        chosen.wrap = TRUE; /* uuencode mode wraps at 78 [message-text.md] */
        chosen.wrap_width = UUENCODE_WIDTH;
    }
    memset(&export, 0, sizeof export);
    export.allocators = allocators;
    export.settings = &chosen;
    export.flags = flags;
    export.out = out;
    export.message = message;
    export.boundaries = &boundaries;
    export.options = mime_runtime_parser_options();
    hr = put_message(&export);
    mime_export_forget(&export);
    g_mime_parser_options_free(export.options);
    if (SUCCEEDED(hr))
        mime_output_flush(out);
    hr = FAILED(hr) ? hr : out->failure;
    free(out);
    return FAILED(hr) ? hr : S_OK;
}
