/* mailbox/content.h - the bytes of one message of a file, as a stream.
 *
 * A message of ordinary size is in memory. A large one is decoded as it is read, wherever that is: marks say how to go on
 * from places in it, so that the memory it takes has a bound, whatever its size.
 */
#ifndef MAILBOX_CONTENT_H
#define MAILBOX_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

#include "mailbox/decoder.h"
#include "mailbox/digest.h"

/* A message in a file. */
struct mail_item {
    uint64_t place;  /* in its source, to come back to it */
    uint64_t before; /* bytes of the source before it */
    uint64_t offset; /* where it begins in the file: in an mbox file its From_ line */
    uint64_t start, end;
    enum quoting quoting;
    bool leave_mailbox;
    bool apart;     /* has fields that do not count for its digest, but belong to it */
    unsigned flags; /* enum mail_flag */
    bool received;  /* has a Received field */
    bool dated;
    int64_t date;    /* when it was put there, Unix seconds */
    HRESULT failure; /* S_OK, or why it cannot be read */
};

/* Called now and then while a large message is read, with how far: a failure ends it. */
typedef HRESULT (*content_tick)(void *context, uint64_t done, uint64_t total);

struct content_mark;

struct content {
    struct input *input;
    struct mail_item item;
    uint64_t size; /* decoded */
    unsigned char digest[DIGEST_SIZE];
    unsigned char *memory; /* CONTENT_IN_MEMORY bytes */
    bool in_memory;
    bool verbatim; /* nothing is decoded: a range of the file */
    struct content_mark *marks;
    size_t mark_count;
    uint64_t stride;        /* between marks */
    struct decoder decoder; /* where the last read has ended */
    uint64_t decoded;       /* what it has put out */
    content_tick tick;
    void *context;
    HRESULT failure; /* of a read; whoever reads through the stream may only see that it ended */
};

enum { CONTENT_IN_MEMORY = INPUT_WINDOW };

/* Finds the size and digest of a message and makes it readable, until the next load or clear. Begins zeroed. `tick` may be
 * NULL. Fails as input_peek, as the tick, or with MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT content_load(struct content *content, struct input *input, const struct mail_item *item, content_tick tick,
                     void *context);
void content_clear(struct content *content);

/* A large message: one that is not kept in memory. */
bool content_is_large(const struct mail_item *item);

/* The first failure stays. */
HRESULT content_read(struct content *content, uint64_t position, unsigned char *out, size_t room, size_t *got);

#endif
