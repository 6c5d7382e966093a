/* base/byte_buffer.h - bytes that grow, and integers in the order in which we store them (little endian). */
#ifndef BASE_BYTE_BUFFER_H
#define BASE_BYTE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

/* All zero is a valid empty buffer. The bytes are malloc'd and belong to the buffer. */
struct byte_buffer {
    unsigned char *bytes;
    size_t size;
    size_t capacity;
};

/* A buffer's beginning and end. After byte_buffer_free it is empty and may be used again. */
void byte_buffer_init(struct byte_buffer *buffer);
void byte_buffer_free(struct byte_buffer *buffer);

/* Forgets the content, keeps the memory. */
void byte_buffer_clear(struct byte_buffer *buffer);

/* Makes room for `more` further bytes. S_OK or MAPI_E_NOT_ENOUGH_MEMORY, with the buffer as it was. */
HRESULT byte_buffer_reserve(struct byte_buffer *buffer, size_t more);

/* Appends; on failure (MAPI_E_NOT_ENOUGH_MEMORY) nothing has been appended. */
HRESULT byte_buffer_append(struct byte_buffer *buffer, const void *bytes, size_t size);
HRESULT byte_buffer_append_u8(struct byte_buffer *buffer, uint8_t value);
HRESULT byte_buffer_append_u16(struct byte_buffer *buffer, uint16_t value);
HRESULT byte_buffer_append_u32(struct byte_buffer *buffer, uint32_t value);
HRESULT byte_buffer_append_u64(struct byte_buffer *buffer, uint64_t value);

/* Appends `size` bytes of undefined content and returns their address (valid until the next append), or NULL. */
unsigned char *byte_buffer_extend(struct byte_buffer *buffer, size_t size);

/* Little-endian integers at any address. */
void bytes_put_u16(unsigned char *at, uint16_t value);
void bytes_put_u32(unsigned char *at, uint32_t value);
void bytes_put_u64(unsigned char *at, uint64_t value);
uint16_t bytes_get_u16(const unsigned char *at);
uint32_t bytes_get_u32(const unsigned char *at);
uint64_t bytes_get_u64(const unsigned char *at);

#endif
