/* fuzz/fuzz_store.h - a message store for targets that need one, made once and used again by every input.
 *
 * It lives in memory where the machine has a file system for that (/dev/shm), else in TMPDIR, and goes when the target
 * ends by itself; `.ci/fuzz` removes what one leaves that was stopped. Whatever fails here aborts: it is no find. */
#ifndef FUZZ_STORE_H
#define FUZZ_STORE_H

#include <mapix.h>

extern IMAPISession *fuzz_session;
extern IMsgStore *fuzz_store; /* writable */
extern IMAPIFolder *fuzz_inbox;

/* MAPI, a profile with the default services, a session on it, its store and the folder that receives mail. */
void fuzz_store_open(void);

/* Logs on to the store anew: for who has changed its file behind its back. Nothing else of it may be open. */
void fuzz_store_reopen(void);

/* Where the store's file is. */
const char *fuzz_store_path(void);

/* Ends the target with a word about why. */
void fuzz_check(int holds, const char *what);

/* Saves a message with these properties, recipients (NULL: none) and so many attachments; it is released by the
 * caller. */
IMessage *fuzz_message(ULONG count, SPropValue *values, LPADRLIST recipients, ULONG attachments);

#endif
