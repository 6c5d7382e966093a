/* mailbox/maildir.h - the messages of a Maildir: files in its directories "new" and "cur", whose names say how they are.
 *
 * "unique:2,FLAGS": P passed on, R replied, S seen, T trashed, D draft, F flagged. What lies in "new" was not seen. Other
 * programs may rename and remove files at any time.
 */
#ifndef MAILBOX_MAILDIR_H
#define MAILBOX_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailbox/content.h"

struct maildir_entry {
    char *name;
    bool fresh;      /* in "new" */
    uint64_t size;   /* when it was listed */
    uint64_t before; /* the sizes of those before it */
};

struct maildir {
    const char *path; /* the caller's */
    struct maildir_entry *entries;
    size_t count, capacity;
    size_t at;      /* the next one; setting it back reads again */
    uint64_t total; /* the sizes of all */
    char *file;     /* the path of the one at hand */
};

/* Lists it, by name, which is by the time of delivery. MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_NOT_ENOUGH_MEMORY,
 * MAPI_E_DISK_ERROR; MAPI_E_CORRUPT_DATA: it is no Maildir. In any case clear it. */
HRESULT maildir_begin(struct maildir *maildir, const char *path);
void maildir_clear(struct maildir *maildir);

/*
 * Opens the next message as `input`, under whatever name it has by now. S_FALSE: there is no more; files that are gone are
 * passed over. item->failure says why a file cannot be read. MAPI_E_NOT_ENOUGH_MEMORY.
 */
HRESULT maildir_next(struct maildir *maildir, struct input *input, struct mail_item *item);

/* The flags (enum mail_flag) at the end of a name, and back: the letters, in the order of the alphabet, without a NUL if
 * there are more than `room` - 1. */
unsigned maildir_flags(const char *name);
void maildir_letters(unsigned flags, char *letters, size_t room);

#endif
