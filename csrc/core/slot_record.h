/* What the shared slot's file says, as bytes: pure functions, no file. slot.h describes what the fields mean.
 *
 * The file has two headers, one after the other, and two bodies. A change is written into the pair that is not the current one,
 * the body first; the current pair is the one whose header is whole and has the higher epoch. So a writer that is killed at any
 * moment leaves what was there before, and readers need no lock. Integers are little endian.
 *
 *   header (SLOT_HEADER_SIZE bytes)              body: a member each (SLOT_MEMBER_SIZE bytes)
 *     0  magic "LMAPISLT"                          0  id, random, not 0 (u64)
 *     8  version 1 (u32)                           8  index of its lock (u32)
 *    12  number of members (u32)                  12  clients: its open sessions, at least 1 (u32)
 *    16  epoch (u64)
 *    24  generation (16 random bytes)
 *    40  flags: 1 closed (u32)
 *    44  length of the profile's name (u32)
 *    48  clients that have logged off so far (u64)
 *    56  the profile's row (u64)
 *    64  checksum of the body (u64)
 *    72  the profile's name, UTF-8, zeros behind it
 *   264  checksum of the bytes before (u64)
 *
 * The checksums (FNV-1a over words of eight bytes, each step folded, since the header is read at every dispatch) find what was torn
 * or damaged. They prove nothing about who wrote it: the directory's mode does that.
 */
#ifndef CORE_SLOT_RECORD_H
#define CORE_SLOT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SLOT_HEADER_SIZE = 272,
    SLOT_MEMBER_SIZE = 16,
    SLOT_MEMBERS = 4096,   /* processes; more are refused */
    SLOT_NAME_BYTES = 192, /* 64 UTF-16 units take no more */
    SLOT_GENERATION_SIZE = 16
};

struct slot_header {
    uint64_t epoch;
    unsigned char generation[SLOT_GENERATION_SIZE];
    bool closed;
    uint64_t logoffs;
    uint64_t profile;
    char name[SLOT_NAME_BYTES + 1];
    uint32_t member_count;
    uint64_t body_checksum;
};

struct slot_member {
    uint64_t id;
    uint32_t lock;
    uint32_t clients;
};

/* What a header of SLOT_HEADER_SIZE bytes says is its epoch, good or not: which of two to look at first. */
uint64_t slot_header_epoch(const void *bytes);

/* Reads a header. False, and *out undefined, for anything that slot_header_format does not write. */
bool slot_header_parse(const void *bytes, size_t size, struct slot_header *out);

/* Reads the body that goes with a header into `members`, which has room for header->member_count. False when it is not that
 * body, or says what cannot be: an id or a lock twice, a lock that there is not, a member without clients. */
bool slot_body_parse(const struct slot_header *header, const void *bytes, size_t size, struct slot_member *members);

/* Writes SLOT_MEMBER_SIZE * count bytes. */
void slot_body_format(const struct slot_member *members, uint32_t count, unsigned char *bytes);

/* Writes SLOT_HEADER_SIZE bytes; `body` is what slot_body_format wrote, member_count and body_checksum of *header are set here. */
void slot_header_format(struct slot_header *header, const unsigned char *body, uint32_t count, unsigned char *bytes);

#endif
