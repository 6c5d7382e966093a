#include "core/slot_record.h"

#include <string.h>

#include "base/byte_buffer.h"
#include "base/utf.h"

enum {
    AT_VERSION = 8,
    AT_MEMBERS = 12,
    AT_EPOCH = 16,
    AT_GENERATION = 24,
    AT_FLAGS = 40,
    AT_NAME_LENGTH = 44,
    AT_LOGOFFS = 48,
    AT_PROFILE = 56,
    AT_BODY_CHECKSUM = 64,
    AT_NAME = 72,
    AT_CHECKSUM = AT_NAME + SLOT_NAME_BYTES,
    VERSION = 1,
    FLAG_CLOSED = 1
};

_Static_assert(AT_CHECKSUM + 8 == SLOT_HEADER_SIZE, "the header's layout");

static const unsigned char magic[8] = {'L', 'M', 'A', 'P', 'I', 'S', 'L', 'T'};

/* `size` is a multiple of eight. */
static uint64_t checksum(const unsigned char *bytes, size_t size)
{
    uint64_t sum = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < size; i += 8) {
        sum = (sum ^ bytes_get_u64(bytes + i)) * UINT64_C(0x100000001B3);
        sum ^= sum >> 32; /* or the highest bits would never reach the others */
    }
    return sum;
}

static bool all_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool parse_name(const unsigned char *bytes, uint32_t length, char *name)
{
    if (length == 0 || length > SLOT_NAME_BYTES || memchr(bytes, 0, length) != NULL ||
        !all_zero(bytes + length, SLOT_NAME_BYTES - length) || !utf8_valid((const char *)bytes, length)) {
        return false;
    }
    memcpy(name, bytes, length);
    name[length] = '\0';
    return true;
}

uint64_t slot_header_epoch(const void *bytes)
{
    return bytes_get_u64((const unsigned char *)bytes + AT_EPOCH);
}

bool slot_header_parse(const void *bytes, size_t size, struct slot_header *out)
{
    const unsigned char *at = bytes;
    if (size < SLOT_HEADER_SIZE || memcmp(at, magic, sizeof magic) != 0 ||
        bytes_get_u64(at + AT_CHECKSUM) != checksum(at, AT_CHECKSUM) || bytes_get_u32(at + AT_VERSION) != VERSION) {
        return false;
    }
    uint32_t flags = bytes_get_u32(at + AT_FLAGS);
    out->epoch = bytes_get_u64(at + AT_EPOCH);
    memcpy(out->generation, at + AT_GENERATION, SLOT_GENERATION_SIZE);
    out->closed = flags & FLAG_CLOSED;
    out->logoffs = bytes_get_u64(at + AT_LOGOFFS);
    out->profile = bytes_get_u64(at + AT_PROFILE);
    out->member_count = bytes_get_u32(at + AT_MEMBERS);
    out->body_checksum = bytes_get_u64(at + AT_BODY_CHECKSUM);
    return (flags & ~(uint32_t)FLAG_CLOSED) == 0 && out->member_count <= SLOT_MEMBERS && out->epoch != 0 &&
           parse_name(at + AT_NAME, bytes_get_u32(at + AT_NAME_LENGTH), out->name);
}

/* Ids are random and come in no order; a small table of those seen keeps this from being quadratic. */
static bool ids_differ(const struct slot_member *members, uint32_t count)
{
    static const uint64_t mixer = UINT64_C(0x9E3779B97F4A7C15);
    enum { PLACES = 2 * SLOT_MEMBERS };
    uint16_t seen[PLACES] = {0}; /* number of the member, from 1 */
    for (uint32_t i = 0; i < count; i++) {
        size_t at = (size_t)((members[i].id * mixer) >> 32) % PLACES;
        for (; seen[at] != 0; at = (at + 1) % PLACES) {
            if (members[seen[at] - 1].id == members[i].id) {
                return false;
            }
        }
        seen[at] = (uint16_t)(i + 1);
    }
    return true;
}

bool slot_body_parse(const struct slot_header *header, const void *bytes, size_t size, struct slot_member *members)
{
    const unsigned char *at = bytes;
    unsigned char taken[SLOT_MEMBERS / 8] = {0};
    size_t wanted = (size_t)header->member_count * SLOT_MEMBER_SIZE;
    if (header->member_count > SLOT_MEMBERS || size < wanted || checksum(at, wanted) != header->body_checksum) {
        return false;
    }
    for (uint32_t i = 0; i < header->member_count; i++, at += SLOT_MEMBER_SIZE) {
        struct slot_member *member = &members[i];
        member->id = bytes_get_u64(at);
        member->lock = bytes_get_u32(at + 8);
        member->clients = bytes_get_u32(at + 12);
        if (member->id == 0 || member->lock >= SLOT_MEMBERS || member->clients == 0 ||
            (taken[member->lock / 8] & (1u << member->lock % 8))) {
            return false;
        }
        taken[member->lock / 8] |= (unsigned char)(1u << member->lock % 8);
    }
    return ids_differ(members, header->member_count);
}

void slot_body_format(const struct slot_member *members, uint32_t count, unsigned char *bytes)
{
    for (uint32_t i = 0; i < count; i++, bytes += SLOT_MEMBER_SIZE) {
        bytes_put_u64(bytes, members[i].id);
        bytes_put_u32(bytes + 8, members[i].lock);
        bytes_put_u32(bytes + 12, members[i].clients);
    }
}

void slot_header_format(struct slot_header *header, const unsigned char *body, uint32_t count, unsigned char *bytes)
{
    uint32_t length = (uint32_t)strnlen(header->name, SLOT_NAME_BYTES);
    header->member_count = count;
    header->body_checksum = checksum(body, (size_t)count * SLOT_MEMBER_SIZE);
    memset(bytes, 0, SLOT_HEADER_SIZE);
    memcpy(bytes, magic, sizeof magic);
    bytes_put_u32(bytes + AT_VERSION, VERSION);
    bytes_put_u32(bytes + AT_MEMBERS, count);
    bytes_put_u64(bytes + AT_EPOCH, header->epoch);
    memcpy(bytes + AT_GENERATION, header->generation, SLOT_GENERATION_SIZE);
    bytes_put_u32(bytes + AT_FLAGS, header->closed ? FLAG_CLOSED : 0);
    bytes_put_u32(bytes + AT_NAME_LENGTH, length);
    bytes_put_u64(bytes + AT_LOGOFFS, header->logoffs);
    bytes_put_u64(bytes + AT_PROFILE, header->profile);
    bytes_put_u64(bytes + AT_BODY_CHECKSUM, header->body_checksum);
    memcpy(bytes + AT_NAME, header->name, length);
    bytes_put_u64(bytes + AT_CHECKSUM, checksum(bytes, AT_CHECKSUM));
}
