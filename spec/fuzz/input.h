/* fuzz/input.h - what a target takes, in turn, from the bytes it was given. Behind their end everything is 0. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t take_u8(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

static inline uint16_t take_u16(struct input *input)
{
    uint16_t low = take_u8(input);

    return (uint16_t)(low | take_u8(input) << 8);
}

static inline uint32_t take_u32(struct input *input)
{
    uint32_t low = take_u16(input);

    return low | (uint32_t)take_u16(input) << 16;
}

static inline uint64_t take_u64(struct input *input)
{
    uint64_t low = take_u32(input);

    return low | (uint64_t)take_u32(input) << 32;
}

/* Up to `size` bytes; how many there were. */
static inline size_t take_bytes(struct input *input, void *out, size_t size)
{
    if (size > input->left)
        size = input->left;
    if (size > 0)
        memcpy(out, input->at, size);
    input->at += size;
    input->left -= size;
    return size;
}

#endif
