/* mailbox/mbox.h - finding the messages of an mbox file.
 *
 * A message begins with a From_ line at the beginning of the file or behind an empty line. One that says no date
 * separates messages only in a file whose first one says none either, and only before what looks like a header: so a
 * paragraph that begins with "From " is text, also where nobody has quoted it. The empty line before a From_ line, and one
 * at the end of the file, belong to the file.
 *
 * Content-Length is believed where it was asked for (mboxcl, mboxcl2) and it leads to a From_ line or the end; or where
 * nothing was asked for and every message of the file has one that does: no message can then hide those after it, unless it
 * is older than the file.
 */
#ifndef MAILBOX_MBOX_H
#define MAILBOX_MBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "mailbox/content.h"

struct mbox {
    struct input *input;
    uint64_t at; /* the next From_ line, or the end; setting it back reads again */
    enum quoting quoting;
    bool lengths; /* Content-Length is believed */
    bool undated; /* From_ lines need no date */
};

/* `format`: MAPI_MBOX_* (mapimailbox.h). MAPI_E_CORRUPT_DATA: it does not begin with "From ". An empty file is a mailbox
 * without messages. Fails as input_peek. */
HRESULT mbox_begin(struct mbox *mbox, struct input *input, ULONG format);

/* S_FALSE: there is no more. `tick` as for content_load, for a message whose end is far. */
HRESULT mbox_next(struct mbox *mbox, struct mail_item *item, content_tick tick, void *context);

#endif
