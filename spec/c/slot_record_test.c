/* core/slot_record.h: what is written is read; anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/byte_buffer.h"
#include "core/slot_record.h"

enum { MEMBERS = 3 };

static struct slot_member members[MEMBERS] = {{11, 0, 1}, {UINT64_MAX, 4095, 7}, {12, 5, UINT32_MAX}};

static struct slot_header sample(void)
{
    struct slot_header header = {.epoch = 42, .closed = true, .logoffs = 9, .profile = 77, .name = "Grüße"};
    memset(header.generation, 0xA5, sizeof header.generation);
    return header;
}

static void format(struct slot_header *header, unsigned char *bytes, unsigned char *body)
{
    slot_body_format(members, MEMBERS, body);
    slot_header_format(header, body, MEMBERS, bytes);
}

static void round_trip(void **state)
{
    unsigned char bytes[SLOT_HEADER_SIZE], body[MEMBERS * SLOT_MEMBER_SIZE];
    struct slot_header header = sample(), read;
    struct slot_member got[MEMBERS];
    (void)state;
    format(&header, bytes, body);
    assert_true(slot_header_parse(bytes, sizeof bytes, &read));
    assert_int_equal(read.epoch, 42);
    assert_true(read.closed);
    assert_int_equal(read.logoffs, 9);
    assert_int_equal(read.profile, 77);
    assert_string_equal(read.name, "Grüße");
    assert_memory_equal(read.generation, header.generation, sizeof read.generation);
    assert_int_equal(read.member_count, MEMBERS);
    assert_true(slot_body_parse(&read, body, sizeof body, got));
    assert_memory_equal(got, members, sizeof got);
}

/* Every bit of both, turned. */
static void damage_is_found(void **state)
{
    unsigned char bytes[SLOT_HEADER_SIZE], body[MEMBERS * SLOT_MEMBER_SIZE];
    struct slot_header header = sample(), read;
    struct slot_member got[MEMBERS];
    (void)state;
    format(&header, bytes, body);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_false(slot_header_parse(bytes, sizeof bytes, &read));
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_true(slot_header_parse(bytes, sizeof bytes, &read));
    for (size_t bit = 0; bit < 8 * sizeof body; bit++) {
        body[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_false(slot_body_parse(&read, body, sizeof body, got));
        body[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    for (size_t size = 0; size < sizeof bytes; size++)
        assert_false(slot_header_parse(bytes, size, &read));
    for (size_t size = 0; size < sizeof body; size++)
        assert_false(slot_body_parse(&read, body, size, got));
}

/* Records whose checksums are right and that say what cannot be. */
static void expect_bad_member(size_t index, struct slot_member bad)
{
    unsigned char bytes[SLOT_HEADER_SIZE], body[MEMBERS * SLOT_MEMBER_SIZE];
    struct slot_header header = sample(), read;
    struct slot_member got[MEMBERS], kept = members[index];
    members[index] = bad;
    format(&header, bytes, body);
    members[index] = kept;
    assert_true(slot_header_parse(bytes, sizeof bytes, &read));
    assert_false(slot_body_parse(&read, body, sizeof body, got));
}

static void impossible_members_are_refused(void **state)
{
    (void)state;
    expect_bad_member(1, (struct slot_member){0, 1, 1});             /* no id */
    expect_bad_member(1, (struct slot_member){11, 1, 1});            /* an id twice */
    expect_bad_member(1, (struct slot_member){13, 0, 1});            /* a lock twice */
    expect_bad_member(1, (struct slot_member){13, SLOT_MEMBERS, 1}); /* no such lock */
    expect_bad_member(1, (struct slot_member){13, 1, 0});            /* no clients */
}

static void impossible_headers_are_refused(void **state)
{
    unsigned char bytes[SLOT_HEADER_SIZE], body[1] = {0};
    struct slot_header header, read;
    (void)state;
    header = sample();
    slot_header_format(&header, body, 0, bytes);
    assert_true(slot_header_parse(bytes, sizeof bytes, &read));
    header = sample();
    header.epoch = 0;
    slot_header_format(&header, body, 0, bytes);
    assert_false(slot_header_parse(bytes, sizeof bytes, &read));
    header = sample();
    strcpy(header.name, "");
    slot_header_format(&header, body, 0, bytes);
    assert_false(slot_header_parse(bytes, sizeof bytes, &read));
    header = sample();
    strcpy(header.name, "no \xFF text");
    slot_header_format(&header, body, 0, bytes);
    assert_false(slot_header_parse(bytes, sizeof bytes, &read));
}

static void the_longest_name_and_the_most_members_fit(void **state)
{
    struct slot_header header = sample(), read;
    unsigned char bytes[SLOT_HEADER_SIZE];
    size_t size = (size_t)SLOT_MEMBERS * SLOT_MEMBER_SIZE;
    unsigned char *body = malloc(size);
    struct slot_member *all = malloc(SLOT_MEMBERS * sizeof *all);
    (void)state;
    for (uint32_t i = 0; i < SLOT_MEMBERS; i++)
        all[i] = (struct slot_member){(uint64_t)(i + 1) << 32, i, 1};
    memset(header.name, 'x', SLOT_NAME_BYTES);
    slot_body_format(all, SLOT_MEMBERS, body);
    slot_header_format(&header, body, SLOT_MEMBERS, bytes);
    assert_true(slot_header_parse(bytes, sizeof bytes, &read));
    assert_int_equal(strlen(read.name), SLOT_NAME_BYTES);
    assert_true(slot_body_parse(&read, body, size, all));
    slot_header_format(&header, body, SLOT_MEMBERS, bytes);
    free(all);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(impossible_members_are_refused),
        cmocka_unit_test(impossible_headers_are_refused),
        cmocka_unit_test(the_longest_name_and_the_most_members_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
