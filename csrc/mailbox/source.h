/* mailbox/source.h - the messages of an mbox file or a Maildir, one after the other. */
#ifndef MAILBOX_SOURCE_H
#define MAILBOX_SOURCE_H

#include <mapimailbox.h>

#include "mailbox/maildir.h"
#include "mailbox/mbox.h"

struct source {
    ULONG kind;
    struct input input; /* the file at hand */
    struct mbox mbox;
    struct maildir maildir;
    uint64_t total;  /* bytes in all */
    uint64_t before; /* bytes of other sources that came before this one */
};

/* An mbox file in that format, or a Maildir; `path` is kept. Close it in any case. */
HRESULT source_open(struct source *source, ULONG kind, const char *path, ULONG format);
void source_close(struct source *source);

/* S_FALSE: there is no more. The item is in source->input. */
HRESULT source_next(struct source *source, struct mail_item *item, content_tick tick, void *context);

/* The place of the next item, and going back to one. */
uint64_t source_place(const struct source *source);
void source_return(struct source *source, uint64_t place);

/* How many bytes lie before the next item. */
uint64_t source_done(const struct source *source);

#endif
