/* mailbox/maildir_target.h - the Maildir that an export adds messages to.
 *
 * A message is written to "tmp" and moved to "new" or "cur" when all of it is on the disk, so that it is there as a whole or
 * not at all, and other programs may use the Maildir meanwhile.
 */
#ifndef MAILBOX_MAILDIR_TARGET_H
#define MAILBOX_MAILDIR_TARGET_H

#include <stdint.h>

#include "mailbox/output.h"

struct maildir_target {
    char *path;
    char *host;      /* as it stands in names */
    char *temporary; /* the message at hand, in "tmp" */
    uint64_t count;  /* messages begun */
    int file;        /* -1: none is at hand */
};

/* Makes the Maildir if there is none. MAPI_E_COLLISION: there is something else; MAPI_E_NO_ACCESS, MAPI_E_NOT_FOUND, ... In
 * any case close it. */
HRESULT maildir_target_open(struct maildir_target *target, const char *path);
void maildir_target_close(struct maildir_target *target);

/* Begins a message: target->file is to be written to. */
HRESULT maildir_target_begin(struct maildir_target *target, struct output *output);
/* Ends it. `flags`: enum mail_flag; `date`: when it was delivered, in Unix seconds. */
HRESULT maildir_target_commit(struct maildir_target *target, struct output *output, unsigned flags, int64_t date);
void maildir_target_abandon(struct maildir_target *target);

#endif
