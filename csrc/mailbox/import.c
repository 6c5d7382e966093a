/* MapiImportMail (mapimailbox.h).
 *
 * Messages are converted first and saved afterwards, many in one transaction: others can write while the next ones are
 * converted, which takes longer. A transaction that fails has changed nothing, so what it was to save is read again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapimailbox.h>
#include <mapisub.h>

#include "base/failure.h"
#include "mailbox/convert.h"
#include "mailbox/keys.h"
#include "mailbox/tree.h"
#include "mailbox/report.h"
#include "mailbox/source.h"

enum { BATCH_MESSAGES = 1000, BATCH_BYTES = 16 << 20, BATCH_MS = 1000 };

/* A message that waits to be saved. */
struct converted {
    IMessage *message;
    size_t number; /* among those looked at */
    unsigned flags;
};

struct batch {
    struct converted items[BATCH_MESSAGES];
    size_t count;
    size_t saved; /* of them, in the transaction */
    unsigned char met[BATCH_MESSAGES][DIGEST_SIZE];
    size_t looked_at; /* messages of the source, each of which was met */
    uint64_t bytes;
    ULONG skipped;
    ULONG refused;
    struct mapi_mail_failure *failures; /* of those that are to be listed; newest first */
};

struct importer {
    struct mapi_mail_import import; /* with the folder at hand */
    struct reporter reporter;
    struct source source;
    struct content content;
    struct keys keys;
    IMapiStoreBatch *together; /* NULL: one by one */
    struct batch batch;
    struct mail_item item; /* the one at hand */
    bool held;             /* it has been read already, for the next batch */
    bool finished;         /* there are no more */
    HRESULT stop;          /* why to end when this batch has been saved */
    char why[FAILURE_LENGTH];
};

static HRESULT tick(void *context, uint64_t done, uint64_t total)
{
    struct importer *self = context;
    double size = (double)(self->item.end - self->item.offset);

    return reporter_tell(&self->reporter, self->item.before + (uint64_t)(size * (double)done / (double)total), false);
}

/* Ends the import after this batch; saving that forgets the sentence. */
static void stop(struct importer *self, HRESULT hr)
{
    const char *sentence = failure_detail(hr);

    if (FAILED(self->stop) || SUCCEEDED(hr))
        return;
    self->stop = hr;
    snprintf(self->why, sizeof self->why, "%s", sentence != NULL ? sentence : "");
}

/* One message ---------------------------------------------------------------------------------------------------- */

/* It could not be converted: it is remembered, and the next one is taken. */
static HRESULT refused(struct importer *self, HRESULT hr)
{
    struct batch *batch = &self->batch;
    const char *path = self->source.input.path, *reason = failure_detail(hr);

    if (self->reporter.report->counts.failed + batch->refused < MAPI_MAIL_FAILURES) {
        struct mapi_mail_failure *failure = reporter_failure(&self->reporter, hr, path, self->item.offset, NULL);

        if (failure == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        failure->next = batch->failures;
        batch->failures = failure;
    }
    batch->refused++;
    if (self->import.strict)
        stop(self, fail(hr, "The message at byte %llu of %s could not be imported: %s",
                        (unsigned long long)self->item.offset, path, reason != NULL ? reason : "it is not valid."));
    return S_OK;
}

static HRESULT convert_item(struct importer *self)
{
    struct batch *batch = &self->batch;
    struct converted *made = &batch->items[batch->count];
    HRESULT hr = self->item.failure;

    if (FAILED(hr)) {
        memset(batch->met[batch->looked_at++], 0, DIGEST_SIZE);
        return refused(self, hr);
    }
    hr = content_load(&self->content, &self->source.input, &self->item, tick, self);
    if (FAILED(hr))
        return hr;
    memcpy(batch->met[batch->looked_at++], self->content.digest, DIGEST_SIZE);
    batch->bytes += self->content.size;
    if (keys_meet(&self->keys, self->content.digest)) {
        batch->skipped++;
        return S_OK;
    }
    hr = convert_message(&self->import, &self->content, &made->message);
    if (FAILED(hr))
        return convert_is_refusal(hr) && SUCCEEDED(self->content.failure) ? refused(self, hr) : hr;
    made->flags = self->item.flags;
    made->number = batch->looked_at - 1;
    batch->count++;
    if (hr == S_FALSE && self->import.skip_duplicates)
        return fail(
            MAPI_E_NO_SUPPORT,
            "This store does not take the search key that would tell which messages have been imported before.");
    return S_OK;
}

/* A batch -------------------------------------------------------------------------------------------------------- */

static void clear_batch(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->items[i].message->lpVtbl->Release(batch->items[i].message);
    batch->count = batch->saved = batch->looked_at = 0;
    batch->bytes = 0;
    batch->skipped = batch->refused = 0;
    batch->failures = NULL;
}

static HRESULT save_all(void *context)
{
    struct importer *self = context;
    struct batch *batch = &self->batch;
    HRESULT hr = S_OK;

    for (batch->saved = 0; batch->saved < batch->count; batch->saved++) {
        const struct converted *item = &batch->items[batch->saved];

        hr = convert_save(self->import.folder, item->message, item->flags);
        if (FAILED(hr))
            break;
    }
    return hr;
}

static HRESULT save_batch(struct importer *self)
{
    if (self->batch.count == 0)
        return S_OK;
    return self->together != NULL ? self->together->lpVtbl->Together(self->together, save_all, self) : save_all(self);
}

/* It has been saved: now it counts. */
static void count_batch(struct importer *self)
{
    struct mapi_mail_progress *counts = &self->reporter.report->counts;
    struct mapi_mail_failure *failure = self->batch.failures, *oldest = NULL;

    counts->messages += (ULONG)self->batch.count;
    counts->skipped += self->batch.skipped;
    counts->failed += self->batch.refused;
    while (failure != NULL) {
        struct mapi_mail_failure *next = failure->next;

        failure->next = oldest;
        oldest = failure;
        failure = next;
    }
    while (oldest != NULL) {
        struct mapi_mail_failure *next = oldest->next;

        oldest->next = NULL;
        reporter_add(&self->reporter, oldest);
        oldest = next;
    }
}

static HRESULT next_item(struct importer *self)
{
    HRESULT hr;

    if (self->held) {
        self->held = false;
        return S_OK;
    }
    hr = source_next(&self->source, &self->item, tick, self);
    self->finished = hr == S_FALSE;
    return hr;
}

/* Converts messages until there are as many as a transaction should have. A large one has a batch of its own. */
static HRESULT fill_batch(struct importer *self, size_t most)
{
    struct batch *batch = &self->batch;
    int64_t began = reporter_now();
    HRESULT hr = S_OK;

    while (batch->looked_at < most && batch->bytes < BATCH_BYTES && self->stop == S_OK) {
        hr = next_item(self);
        if (hr != S_OK)
            break;
        if (content_is_large(&self->item) && batch->looked_at > 0) {
            self->held = true;
            break;
        }
        hr = convert_item(self);
        if (FAILED(hr) || reporter_now() - began >= BATCH_MS)
            break;
        stop(self, reporter_tell(&self->reporter, source_done(&self->source), false));
    }
    return FAILED(hr) ? hr : S_OK;
}

/* A transaction has failed: as if nothing of the batch had been read. */
static void undo_batch(struct importer *self, uint64_t place)
{
    for (size_t i = 0; i < self->batch.looked_at; i++)
        keys_unmeet(&self->keys, self->batch.met[i]);
    clear_batch(&self->batch);
    source_return(&self->source, place);
    self->held = self->finished = false;
    self->stop = S_OK;
}

/* Saves the batch that began at `place`. Where a message cannot be saved for what it is, those before it are taken
 * again without it (*most), then it alone; alone it is refused. */
static HRESULT finish_batch(struct importer *self, uint64_t place, size_t *most)
{
    struct batch *batch = &self->batch;
    HRESULT hr = save_batch(self);

    *most = self->together != NULL ? BATCH_MESSAGES : 1;
    if (hr == MAPI_E_TOO_BIG && batch->looked_at > 1) {
        *most = batch->items[batch->saved].number > 0 ? batch->items[batch->saved].number : 1;
        undo_batch(self, place);
        return S_OK;
    }
    if (hr == MAPI_E_TOO_BIG) {
        keys_unmeet(&self->keys, batch->met[0]);
        hr = refused(self, hr);
        batch->items[0].message->lpVtbl->Release(batch->items[0].message);
        batch->count = 0;
    }
    if (SUCCEEDED(hr))
        count_batch(self);
    clear_batch(batch);
    return hr;
}

static HRESULT run(struct importer *self)
{
    size_t most = self->together != NULL ? BATCH_MESSAGES : 1;
    HRESULT hr = S_OK;

    while (SUCCEEDED(hr) && SUCCEEDED(self->stop) && !self->finished) {
        uint64_t place = self->held ? self->item.place : source_place(&self->source);

        hr = fill_batch(self, most);
        if (FAILED(hr)) /* what was read before is imported all the same */
            stop(self, hr);
        hr = finish_batch(self, place, &most);
        if (SUCCEEDED(hr) && SUCCEEDED(self->stop) && !self->finished)
            hr = reporter_tell(&self->reporter, self->held ? self->item.before : source_done(&self->source), true);
    }
    if (FAILED(self->stop))
        return self->why[0] != '\0' ? fail(self->stop, "%s", self->why) : self->stop;
    return hr;
}

/* Sources -------------------------------------------------------------------------------------------------------- */

/* Imports what is in one file or Maildir to the folder at hand. */
static HRESULT import_source(struct importer *self, const char *path)
{
    struct mapi_mail_progress *counts = &self->reporter.report->counts;
    uint64_t before = self->source.before + self->source.total;
    HRESULT hr = source_open(&self->source, self->import.kind, path, self->import.format);

    self->source.before = before;
    if (counts->total < before + self->source.total)
        counts->total = before + self->source.total;
    if (SUCCEEDED(hr) && self->import.skip_duplicates)
        hr = keys_read(&self->keys, self->import.folder);
    if (SUCCEEDED(hr))
        hr = run(self);
    keys_clear(&self->keys);
    source_close(&self->source);
    self->held = self->finished = false;
    return hr;
}

static HRESULT import_folder(struct importer *self, const char *name)
{
    const struct mapi_mail_import whole = self->import;
    char *path = maildir_tree_path(whole.path, name);
    HRESULT hr = path == NULL ? fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the import.")
                              : maildir_tree_folder(whole.folder, name, &self->import.folder);

    if (SUCCEEDED(hr))
        hr = import_source(self, path);
    if (path != NULL && self->import.folder != NULL)
        self->import.folder->lpVtbl->Release(self->import.folder);
    self->import.folder = whole.folder;
    free(path);
    return hr;
}

/* The bytes of several sources, for progress. */
static HRESULT measure(const struct mapi_mail_import *import, const struct maildir_tree *tree, uint64_t *total)
{
    HRESULT hr = S_OK;

    *total = 0;
    for (size_t i = 0; i < tree->count && SUCCEEDED(hr); i++) {
        char *path = maildir_tree_path(import->path, tree->names[i]);
        struct source source;

        if (path == NULL)
            return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the import.");
        hr = source_open(&source, import->kind, path, import->format);
        *total += source.total;
        source_close(&source);
        free(path);
    }
    return hr;
}

static HRESULT import_all(struct importer *self, struct mapi_mail_report **report)
{
    const struct mapi_mail_import *import = &self->import;
    struct maildir_tree tree;
    uint64_t total = 0;
    HRESULT hr = maildir_tree_read(&tree, import->path, import->recursive && import->kind == MAPI_MAIL_MAILDIR);

    if (SUCCEEDED(hr) && tree.count > 1)
        hr = measure(import, &tree, &total);
    if (SUCCEEDED(hr))
        hr = reporter_begin(&self->reporter, import->progress, import->context, total, report);
    if (SUCCEEDED(hr))
        import->folder->lpVtbl->QueryInterface(import->folder, &IID_IMapiStoreBatch, (void **)&self->together);
    for (size_t i = 0; i < tree.count && SUCCEEDED(hr); i++) {
        if (i > 0)
            hr = reporter_tell(&self->reporter, self->source.before + self->source.total, true);
        if (SUCCEEDED(hr))
            hr = import_folder(self, tree.names[i]);
    }
    maildir_tree_clear(&tree);
    if (SUCCEEDED(hr))
        reporter_tell(&self->reporter, (*report)->counts.total, true); /* there is nothing left to be cancelled */
    return hr;
}

static HRESULT check(const struct mapi_mail_import *import, struct mapi_mail_report **report)
{
    if (report == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *report = NULL;
    if (import == NULL || import->size < sizeof *import || import->kind > MAPI_MAIL_MAILDIR ||
        import->format > MAPI_MBOX_CL2 || import->path == NULL || import->folder == NULL || import->converter == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "A folder, a converter, a path and known options are needed.");
    return S_OK;
}

HRESULT MapiImportMail(const struct mapi_mail_import *import, struct mapi_mail_report **report)
{
    HRESULT hr = check(import, report);
    struct importer *self = FAILED(hr) ? NULL : calloc(1, sizeof *self);

    if (self == NULL)
        return FAILED(hr) ? hr : fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the import.");
    self->import = *import;
    hr = import_all(self, report);
    if (self->together != NULL)
        self->together->lpVtbl->Release(self->together);
    content_clear(&self->content);
    free(self);
    return hr == S_OK && (*report)->counts.failed > 0 ? MAPI_W_PARTIAL_COMPLETION : hr;
}
