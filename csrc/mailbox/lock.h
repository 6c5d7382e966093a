/* mailbox/lock.h - keeping out of the way of other programs that use an mbox file.
 *
 * What mail programs agree on is a record lock on the file (fcntl), and for who writes a file beside it whose name ends
 * in ".lock", made with O_EXCL. Nobody is waited for longer than ten seconds.
 */
#ifndef MAILBOX_LOCK_H
#define MAILBOX_LOCK_H

#include <stdbool.h>

#include <mapidefs.h>

/* MAPI_E_TIMEOUT with a sentence. Where the file system knows no locks, succeeds without. */
HRESULT mailbox_lock_shared(int file, const char *path);
HRESULT mailbox_lock_exclusive(int file, const char *path);
void mailbox_unlock(int file);

/*
 * "<path>.lock": *made says whether there is one now; where the directory does not let us make any, there is none, and
 * that is a success. MAPI_E_TIMEOUT, MAPI_E_NOT_ENOUGH_MEMORY.
 */
HRESULT mailbox_dotlock(const char *path, bool *made);
void mailbox_dotunlock(const char *path);

#endif
