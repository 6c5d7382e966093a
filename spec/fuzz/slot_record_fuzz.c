/*
 * fuzz/slot_record_fuzz.c - any bytes as the shared slot's file.
 *
 * A libFuzzer target. What is looked for: crashes, undefined behaviour, a record that was accepted although it says what cannot be,
 * and one that is not written back as it was read. Since nothing random has the right checksums, they are also put right.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_buffer.h"
#include "core/slot_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t checksum(const uint8_t *bytes, size_t size)
{
    uint64_t sum = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < size; i += 8) {
        sum = (sum ^ bytes_get_u64(bytes + i)) * UINT64_C(0x100000001B3);
        sum ^= sum >> 32;
    }
    return sum;
}

static void check(bool good)
{
    if (!good)
        abort();
}

static void try_record(const uint8_t *header, size_t header_size, const uint8_t *body, size_t body_size)
{
    static struct slot_member members[SLOT_MEMBERS];
    static uint8_t again[SLOT_MEMBERS * SLOT_MEMBER_SIZE];
    uint8_t head[SLOT_HEADER_SIZE];
    struct slot_header read;
    if (!slot_header_parse(header, header_size, &read))
        return;
    check(read.member_count <= SLOT_MEMBERS && read.name[0] && strlen(read.name) <= SLOT_NAME_BYTES);
    if (!slot_body_parse(&read, body, body_size, members))
        return;
    for (uint32_t i = 0; i < read.member_count; i++)
        check(members[i].id && members[i].lock < SLOT_MEMBERS && members[i].clients);
    slot_body_format(members, read.member_count, again);
    check(memcmp(again, body, (size_t)read.member_count * SLOT_MEMBER_SIZE) == 0);
    slot_header_format(&read, again, read.member_count, head);
    check(memcmp(head, header, sizeof head) == 0);
}

static void try_repaired(const uint8_t *data, size_t size)
{
    uint8_t header[SLOT_HEADER_SIZE];
    if (size < sizeof header)
        return;
    const uint8_t *body = data + sizeof header;
    size_t room = (size - sizeof header) / SLOT_MEMBER_SIZE;
    memcpy(header, data, sizeof header);
    memcpy(header, "LMAPISLT\1\0\0\0", 12);
    uint32_t count = bytes_get_u32(header + 12) % (uint32_t)(room + 1);
    bytes_put_u32(header + 12, count);
    bytes_put_u64(header + 64, checksum(body, (size_t)count * SLOT_MEMBER_SIZE));
    bytes_put_u64(header + SLOT_HEADER_SIZE - 8, checksum(header, SLOT_HEADER_SIZE - 8));
    try_record(header, sizeof header, body, size - sizeof header);
    bytes_put_u32(header + 12, UINT32_MAX);
    bytes_put_u64(header + SLOT_HEADER_SIZE - 8, checksum(header, SLOT_HEADER_SIZE - 8));
    try_record(header, sizeof header, body, size - sizeof header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_record(data, size < SLOT_HEADER_SIZE ? size : SLOT_HEADER_SIZE,
               data + (size < SLOT_HEADER_SIZE ? size : SLOT_HEADER_SIZE),
               size < SLOT_HEADER_SIZE ? 0 : size - SLOT_HEADER_SIZE);
    try_repaired(data, size);
    return 0;
}
