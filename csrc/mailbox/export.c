/* MapiExportMail (mapimailbox.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapimailbox.h>
#include <mapitags.h>

#include "base/failure.h"
#include "base/utf.h"
#include "mailbox/convert.h"
#include "mailbox/encoder.h"
#include "mailbox/from_line.h"
#include "mailbox/listing.h"
#include "mailbox/maildir_target.h"
#include "mailbox/report.h"
#include "mailbox/stream.h"
#include "mailbox/target.h"
#include "mailbox/tree.h"

struct exporter {
    const struct mapi_mail_export *what;
    struct reporter reporter;
    struct target target;          /* of an mbox file */
    struct maildir_target maildir; /* of the folder at hand */
    struct output output;
    struct encoder encoder;
    uint64_t before; /* sizes of the messages before the one at hand */
    uint64_t size;   /* of that one, as the store has it */
    uint64_t made;   /* bytes of it so far */
    HRESULT cancelled;
};

/* One message ---------------------------------------------------------------------------------------------------- */

static HRESULT write_bytes(void *context, const void *bytes, size_t size)
{
    struct exporter *self = context;

    encoder_write(&self->encoder, bytes, size);
    self->made += size;
    if (SUCCEEDED(self->cancelled))
        self->cancelled =
            reporter_tell(&self->reporter, self->before + (self->made < self->size ? self->made : self->size), false);
    return FAILED(self->cancelled) ? self->cancelled : self->output.failure;
}

static HRESULT convert(struct exporter *self, IMessage *message)
{
    const struct stream_owner owner = {self, 0, NULL, write_bytes};
    IConverterSession *converter = self->what->converter;
    ULONG flags = CCSF_SMTP | (self->what->without_bcc ? 0 : CCSF_INCLUDE_BCC);
    IStream *stream;
    HRESULT hr = stream_create(&owner, &stream);

    if (FAILED(hr))
        return hr;
    hr = converter->lpVtbl->MAPIToMIMEStm(converter, message, stream, flags);
    stream_detach(stream);
    stream->lpVtbl->Release(stream);
    return FAILED(self->cancelled) ? self->cancelled : FAILED(self->output.failure) ? self->output.failure : hr;
}

static void put_text(struct exporter *self, const char *text)
{
    output_put(&self->output, text, strlen(text));
}

/* Status and X-Status as mutt and Dovecot write them, and Thunderbird reads them. */
static void put_status(struct exporter *self, unsigned flags)
{
    char text[64];

    if ((flags & MAIL_READ) != 0)
        put_text(self, "Status: RO\n");
    flags &= MAIL_REPLIED | MAIL_FLAGGED | MAIL_DRAFT | MAIL_DELETED;
    if (flags == 0)
        return;
    snprintf(text, sizeof text, "X-Status: %s%s%s%s\n", (flags & MAIL_REPLIED) != 0 ? "A" : "",
             (flags & MAIL_DELETED) != 0 ? "D" : "", (flags & MAIL_FLAGGED) != 0 ? "F" : "",
             (flags & MAIL_DRAFT) != 0 ? "T" : "");
    put_text(self, text);
}

/* The address of the sender, for the From_ line; *sender is NULL where there is none. */
static HRESULT read_sender(IMessage *message, char **sender)
{
    static const SizedSPropTagArray(3, tags) = {
        3, {PR_SENDER_SMTP_ADDRESS_W, PR_SENDER_EMAIL_ADDRESS_W, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W}};
    SPropValue *values = NULL;
    ULONG count = 0;
    HRESULT hr = message->lpVtbl->GetProps(message, (LPSPropTagArray)(uintptr_t)&tags, MAPI_UNICODE, &count, &values);

    *sender = NULL;
    for (ULONG i = 0; SUCCEEDED(hr) && i < count && *sender == NULL; i++)
        if (PROP_TYPE(values[i].ulPropTag) == PT_UNICODE && values[i].Value.lpszW[0] != 0)
            hr = utf16_to_utf8_new(values[i].Value.lpszW, utf16_length(values[i].Value.lpszW), UTF_REPLACE, sender,
                                   NULL);
    MAPIFreeBuffer(values);
    return hr;
}

static HRESULT begin_mbox(struct exporter *self, IMessage *message, const struct listed *listed)
{
    char line[512], *sender;
    HRESULT hr = read_sender(message, &sender);

    if (FAILED(hr))
        return hr;
    from_line_write(line, sizeof line, sender, listed->date);
    free(sender);
    put_text(self, line);
    put_status(self, listed->flags);
    return hr;
}

static HRESULT write_message(struct exporter *self, IMessage *message, const struct listed *listed)
{
    bool mbox = self->what->kind == MAPI_MAIL_MBOX;
    uint64_t start = self->output.written;
    HRESULT hr = mbox ? begin_mbox(self, message, listed) : maildir_target_begin(&self->maildir, &self->output);

    self->made = 0;
    encoder_begin(&self->encoder, &self->output, mbox);
    if (SUCCEEDED(hr))
        hr = convert(self, message);
    encoder_end(&self->encoder);
    if (SUCCEEDED(hr))
        hr = mbox ? self->output.failure
                  : maildir_target_commit(&self->maildir, &self->output, listed->flags, listed->date);
    if (SUCCEEDED(hr))
        return hr;
    if (!mbox)
        maildir_target_abandon(&self->maildir);
    else if (SUCCEEDED(self->output.failure))
        output_take_back(&self->output, start);
    return hr;
}

/* It could not be converted: it is remembered, and the next one is taken. */
static HRESULT refused(struct exporter *self, HRESULT hr, const SBinary *entryid)
{
    const char *reason = failure_detail(hr);

    if (self->reporter.report->counts.failed++ < MAPI_MAIL_FAILURES) {
        struct mapi_mail_failure *failure = reporter_failure(&self->reporter, hr, NULL, 0, entryid);

        if (failure == NULL)
            return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the export.");
        reporter_add(&self->reporter, failure);
    }
    return self->what->strict
               ? fail(hr, "A message could not be exported: %s", reason != NULL ? reason : "it is damaged.")
               : S_OK;
}

static HRESULT export_message(struct exporter *self, IMAPIFolder *folder, const struct listed *listed)
{
    IMessage *message = NULL;
    ULONG kind = 0;
    HRESULT hr = folder->lpVtbl->OpenEntry(folder, listed->entryid.cb, (LPENTRYID)(void *)listed->entryid.lpb, NULL, 0,
                                           &kind, (LPUNKNOWN *)&message);

    if (hr == MAPI_E_NOT_FOUND || hr == MAPI_E_OBJECT_DELETED)
        return S_OK; /* it has gone since it was listed */
    if (FAILED(hr))
        return hr;
    hr = write_message(self, message, listed);
    message->lpVtbl->Release(message);
    if (SUCCEEDED(hr))
        self->reporter.report->counts.messages++;
    else if (convert_is_refusal(hr) && SUCCEEDED(self->output.failure))
        hr = refused(self, hr, &listed->entryid);
    return hr;
}

/* Folders --------------------------------------------------------------------------------------------------------- */

static HRESULT export_messages(struct exporter *self, IMAPIFolder *folder)
{
    struct listing listing;
    struct listed listed;
    HRESULT hr = listing_open(&listing, folder);

    while (SUCCEEDED(hr)) {
        hr = listing_next(&listing, &listed);
        if (hr != S_OK)
            break;
        self->size = listed.size;
        hr = export_message(self, folder, &listed);
        self->before += listed.size;
        if (SUCCEEDED(hr))
            hr = reporter_tell(&self->reporter, self->before, false);
    }
    listing_close(&listing);
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT measure_folder(void *context, IMAPIFolder *folder, const char *name)
{
    uint64_t *total = context, size = 0;
    struct listing listing;
    HRESULT hr = listing_open(&listing, folder);

    (void)name;
    if (SUCCEEDED(hr))
        hr = listing_measure(&listing, &size);
    listing_close(&listing);
    *total += size;
    return hr;
}

static HRESULT export_folder(void *context, IMAPIFolder *folder, const char *name)
{
    struct exporter *self = context;
    char *path = maildir_tree_path(self->what->path, name);
    HRESULT hr = path == NULL ? fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the export.")
                              : maildir_target_open(&self->maildir, path);

    if (SUCCEEDED(hr))
        hr = export_messages(self, folder);
    if (path != NULL)
        maildir_target_close(&self->maildir);
    free(path);
    return hr;
}

static HRESULT export_mbox(struct exporter *self)
{
    const struct mapi_mail_export *what = self->what;
    HRESULT hr = target_open(&self->target, what->path, what->append, what->overwrite);

    if (FAILED(hr))
        return hr;
    output_begin(&self->output, self->target.file, self->target.path);
    hr = export_messages(self, what->folder);
    if (SUCCEEDED(hr))
        hr = target_commit(&self->target, &self->output);
    else
        target_abandon(&self->target);
    if (FAILED(hr))
        self->reporter.report->counts.messages = 0;
    return hr;
}

static HRESULT export_all(struct exporter *self, struct mapi_mail_report **report)
{
    const struct mapi_mail_export *what = self->what;
    uint64_t total = 0;
    HRESULT hr = tree_walk(what->folder, what->recursive, measure_folder, &total);

    if (SUCCEEDED(hr))
        hr = reporter_begin(&self->reporter, what->progress, what->context, total, report);
    if (SUCCEEDED(hr))
        hr = what->kind == MAPI_MAIL_MBOX ? export_mbox(self)
                                          : tree_walk(what->folder, what->recursive, export_folder, self);
    if (SUCCEEDED(hr))
        reporter_tell(&self->reporter, total, true); /* there is nothing left to be cancelled */
    return hr;
}

static HRESULT check(const struct mapi_mail_export *what, struct mapi_mail_report **report)
{
    if (report == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *report = NULL;
    if (what == NULL || what->size < sizeof *what || what->kind > MAPI_MAIL_MAILDIR || what->path == NULL ||
        what->folder == NULL || what->converter == NULL || (what->append && what->overwrite) ||
        (what->recursive && what->kind == MAPI_MAIL_MBOX))
        return fail(MAPI_E_INVALID_PARAMETER, "A folder, a converter, a path and options that fit are needed.");
    return S_OK;
}

HRESULT MapiExportMail(const struct mapi_mail_export *what, struct mapi_mail_report **report)
{
    HRESULT hr = check(what, report);
    struct exporter *self = FAILED(hr) ? NULL : calloc(1, sizeof *self);

    if (self == NULL)
        return FAILED(hr) ? hr : fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the export.");
    self->what = what;
    hr = export_all(self, report);
    free(self);
    return hr == S_OK && (*report)->counts.failed > 0 ? MAPI_W_PARTIAL_COMPLETION : hr;
}
