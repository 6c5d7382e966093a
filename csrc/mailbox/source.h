/* mailbox/source.h - the messages of an mbox file or a Maildir, one after the other. */
#ifndef MAILBOX_SOURCE_H
#define MAILBOX_SOURCE_H

#include <mapimailbox.h>

#include "mailbox/mbox.h"

struct source {
    ULONG kind;
    struct input input; /* the file at hand */
    struct mbox mbox;
    uint64_t total; /* bytes in all */
};

/* Close it in any case. */
HRESULT source_open(struct source *source, const struct mapi_mail_import *import);
void source_close(struct source *source);

/* S_FALSE: there is no more. The item is in source->input. */
HRESULT source_next(struct source *source, struct mail_item *item, content_tick tick, void *context);

/* The place of the next item, and going back to one. */
uint64_t source_place(const struct source *source);
void source_return(struct source *source, uint64_t place);

/* How many of the bytes lie before. */
uint64_t source_done(const struct source *source);

#endif
