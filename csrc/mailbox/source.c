#include "mailbox/source.h"

#include <string.h>

HRESULT source_open(struct source *source, ULONG kind, const char *path, ULONG format)
{
    HRESULT hr;

    memset(source, 0, sizeof *source);
    source->kind = kind;
    source->input.file = -1;
    if (kind == MAPI_MAIL_MAILDIR) {
        hr = maildir_begin(&source->maildir, path);
        source->total = source->maildir.total;
        return hr;
    }
    hr = input_open(&source->input, path, true);
    if (SUCCEEDED(hr))
        hr = mbox_begin(&source->mbox, &source->input, format);
    source->total = source->input.size;
    return hr;
}

void source_close(struct source *source)
{
    input_free(&source->input);
    maildir_clear(&source->maildir);
}

HRESULT source_next(struct source *source, struct mail_item *item, content_tick tick, void *context)
{
    HRESULT hr = source->kind == MAPI_MAIL_MAILDIR ? maildir_next(&source->maildir, &source->input, item)
                                                   : mbox_next(&source->mbox, item, tick, context);

    item->before += source->before;
    return hr;
}

uint64_t source_place(const struct source *source)
{
    return source->kind == MAPI_MAIL_MAILDIR ? source->maildir.at : source->mbox.at;
}

void source_return(struct source *source, uint64_t place)
{
    source->maildir.at = (size_t)place;
    source->mbox.at = place;
}

uint64_t source_done(const struct source *source)
{
    const struct maildir *maildir = &source->maildir;
    uint64_t done = source->mbox.at;

    if (source->kind == MAPI_MAIL_MAILDIR)
        done = maildir->at < maildir->count ? maildir->entries[maildir->at].before : maildir->total;
    return source->before + done;
}
