/* base/byte_buffer.c - see base/byte_buffer.h. */
#include "base/byte_buffer.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

void byte_buffer_init(struct byte_buffer *buffer)
{
    buffer->bytes = NULL;
    buffer->size = 0;
    buffer->capacity = 0;
}

void byte_buffer_free(struct byte_buffer *buffer)
{
    free(buffer->bytes);
    byte_buffer_init(buffer);
}

void byte_buffer_clear(struct byte_buffer *buffer)
{
    buffer->size = 0;
}

HRESULT byte_buffer_reserve(struct byte_buffer *buffer, size_t more)
{
    if (more <= buffer->capacity - buffer->size)
        return S_OK;
    if (more > SIZE_MAX / 2 - buffer->size)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < buffer->size + more)
        capacity *= 2;
    unsigned char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return S_OK;
}

unsigned char *byte_buffer_extend(struct byte_buffer *buffer, size_t size)
{
    if (byte_buffer_reserve(buffer, size == 0 ? 1 : size) != S_OK)
        return NULL;
    unsigned char *at = buffer->bytes + buffer->size;
    buffer->size += size;
    return at;
}

HRESULT byte_buffer_append(struct byte_buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0)
        return S_OK;
    unsigned char *at = byte_buffer_extend(buffer, size);
    if (at == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memcpy(at, bytes, size);
    return S_OK;
}

HRESULT byte_buffer_append_u8(struct byte_buffer *buffer, uint8_t value)
{
    return byte_buffer_append(buffer, &value, 1);
}

HRESULT byte_buffer_append_u16(struct byte_buffer *buffer, uint16_t value)
{
    unsigned char bytes[2];
    bytes_put_u16(bytes, value);
    return byte_buffer_append(buffer, bytes, sizeof bytes);
}

HRESULT byte_buffer_append_u32(struct byte_buffer *buffer, uint32_t value)
{
    unsigned char bytes[4];
    bytes_put_u32(bytes, value);
    return byte_buffer_append(buffer, bytes, sizeof bytes);
}

HRESULT byte_buffer_append_u64(struct byte_buffer *buffer, uint64_t value)
{
    unsigned char bytes[8];
    bytes_put_u64(bytes, value);
    return byte_buffer_append(buffer, bytes, sizeof bytes);
}

void bytes_put_u16(unsigned char *at, uint16_t value)
{
    at[0] = (unsigned char)(value & 0xFF);
    at[1] = (unsigned char)(value >> 8);
}

void bytes_put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i) & 0xFF);
}

void bytes_put_u64(unsigned char *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(value >> (8 * i) & 0xFF);
}

uint16_t bytes_get_u16(const unsigned char *at)
{
    return (uint16_t)(at[0] | (unsigned)at[1] << 8);
}

uint32_t bytes_get_u32(const unsigned char *at)
{
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

uint64_t bytes_get_u64(const unsigned char *at)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}
