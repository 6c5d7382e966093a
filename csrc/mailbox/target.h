/* mailbox/target.h - the mbox file that an export writes.
 *
 * A new one is written beside its place and put there when all of it is on the disk: whatever happens before, there is no
 * half a file. It has no name until then, where the system can do that, so that a process that is killed leaves nothing. One
 * that is added to is locked as mail programs do it, and cut back where the export does not come to its end.
 */
#ifndef MAILBOX_TARGET_H
#define MAILBOX_TARGET_H

#include <stdbool.h>

#include "mailbox/output.h"

struct target {
    char *path;      /* links followed, where there is a file already */
    char *temporary; /* the new file's name, in /proc where it has none; NULL: it is added to */
    bool overwrite, dotlock;
    bool fresh;  /* the file that is added to was made for it */
    bool locked; /* it is ours to change, and had this size: */
    uint64_t size;
    int file;
};

/*
 * `append`: adds to what is there; `overwrite`: replaces what is there; neither: MAPI_E_COLLISION if there is something.
 * MAPI_E_NO_ACCESS, MAPI_E_NOT_FOUND (the directory), MAPI_E_CORRUPT_DATA (what is there is no mbox file), MAPI_E_TIMEOUT
 * (it is locked), MAPI_E_INVALID_PARAMETER (it is no regular file), ...
 */
HRESULT target_open(struct target *target, const char *path, bool append, bool overwrite);

/* Ends it: all that was written is there for good, or nothing. The output is that of target->file. */
HRESULT target_commit(struct target *target, struct output *output);
void target_abandon(struct target *target);

#endif
