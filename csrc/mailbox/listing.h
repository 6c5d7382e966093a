/* mailbox/listing.h - the messages of a folder, for an export: one after the other, by the time of delivery. */
#ifndef MAILBOX_LISTING_H
#define MAILBOX_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

struct listing {
    IMAPITable *table;
    SRowSet *rows; /* a few at a time */
    ULONG at;      /* in them */
};

/* A message of the list; its pointers hold until the next. */
struct listed {
    SBinary entryid;
    uint64_t size;  /* PR_MESSAGE_SIZE */
    unsigned flags; /* enum mail_flag */
    int64_t date;   /* Unix seconds */
};

/* Fails as the table. In any case close it. */
HRESULT listing_open(struct listing *listing, IMAPIFolder *folder);
void listing_close(struct listing *listing);

/* The sizes of all messages; before the first listing_next. */
HRESULT listing_measure(struct listing *listing, uint64_t *total);

/* S_FALSE: there is no more. */
HRESULT listing_next(struct listing *listing, struct listed *listed);

#endif
