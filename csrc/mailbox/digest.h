/* mailbox/digest.h - BLAKE2b with a digest of 16 bytes [RFC 7693].
 *
 * What tells whether two messages are the same must not be made to lie by who writes one of them, so it has to be a
 * cryptographic hash; this one is as fast as a checksum, short, and made for digests of any length. No library that the
 * subsystem links has one.
 */
#ifndef MAILBOX_DIGEST_H
#define MAILBOX_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SIZE = 16, DIGEST_BLOCK = 128 };

struct digest {
    uint64_t state[8];
    uint64_t counted; /* bytes compressed so far */
    unsigned char block[DIGEST_BLOCK];
    size_t used; /* of the block */
};

void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t size);
void digest_end(struct digest *digest, unsigned char result[DIGEST_SIZE]);

/*
 * The digest of a message, the same whatever a program that kept it has done to the line ends: CRLF counts as LF, and
 * line ends at the end of the message do not count.
 */
struct message_digest {
    struct digest digest;
    uint64_t line_ends; /* seen, and not counted unless something follows */
    int cr;             /* the last byte was a CR */
};

void message_digest_begin(struct message_digest *digest);
void message_digest_add(struct message_digest *digest, const unsigned char *bytes, size_t size);
void message_digest_end(struct message_digest *digest, unsigned char result[DIGEST_SIZE]);

#endif
