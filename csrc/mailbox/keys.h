/* mailbox/keys.h - how often a digest has been met: the messages of a folder against those of a source. */
#ifndef MAILBOX_KEYS_H
#define MAILBOX_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

#include "mailbox/digest.h"

struct key {
    unsigned char bytes[DIGEST_SIZE];
    uint32_t present; /* in the folder */
    uint32_t met;     /* in the source */
};

/* A table with open addressing; begins zeroed. */
struct keys {
    struct key *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

/* Counts one in the folder. MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT keys_add(struct keys *keys, const unsigned char digest[DIGEST_SIZE]);

/* Meets one in the source: true if the folder had as many. Only what the folder has is counted. */
bool keys_meet(struct keys *keys, const unsigned char digest[DIGEST_SIZE]);

/* As if it had not been met the last time. */
void keys_unmeet(struct keys *keys, const unsigned char digest[DIGEST_SIZE]);

void keys_clear(struct keys *keys);

/* Reads what a folder has. Fails as its table. */
HRESULT keys_read(struct keys *keys, IMAPIFolder *folder);

#endif
