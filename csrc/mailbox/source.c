#include "mailbox/source.h"

#include <string.h>

HRESULT source_open(struct source *source, const struct mapi_mail_import *import)
{
    HRESULT hr;

    memset(source, 0, sizeof *source);
    source->kind = import->kind;
    source->input.file = -1;
    hr = input_open(&source->input, import->path, true);
    if (SUCCEEDED(hr))
        hr = mbox_begin(&source->mbox, &source->input, import->format);
    source->total = source->input.size;
    return hr;
}

void source_close(struct source *source)
{
    input_free(&source->input);
}

HRESULT source_next(struct source *source, struct mail_item *item, content_tick tick, void *context)
{
    return mbox_next(&source->mbox, item, tick, context);
}

uint64_t source_place(const struct source *source)
{
    return source->mbox.at;
}

void source_return(struct source *source, uint64_t place)
{
    source->mbox.at = place;
}

uint64_t source_done(const struct source *source)
{
    return source->mbox.at;
}
