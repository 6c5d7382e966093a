/* IStream over memory: one implementation for the reader, whose bytes are the caller's, and the writer, which grows. */
#include "luastream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mapix.h>

#include "istream.h"

struct memory {
    struct lm_istream base; /* first */
    bool writable;
    unsigned char *bytes; /* of the writer: malloc'd */
    size_t length, capacity, position;
};

static struct memory *memory_of(IStream *stream)
{
    return (struct memory *)stream;
}

static ULONG STDMETHODCALLTYPE memory_Release(IStream *stream)
{
    struct memory *self = memory_of(stream);
    ULONG left = --self->base.references;

    if (left == 0) {
        if (self->writable) {
            free(self->bytes);
        }
        free(self);
    }
    return left;
}

static HRESULT STDMETHODCALLTYPE memory_Read(IStream *stream, void *to, ULONG size, ULONG *read)
{
    struct memory *self = memory_of(stream);
    size_t left = self->position < self->length ? self->length - self->position : 0;
    size_t piece = size < left ? size : left;

    if (read != NULL) {
        *read = 0;
    }
    if (to == NULL && size > 0) {
        return STG_E_INVALIDPOINTER;
    }
    if (piece > 0) {
        memcpy(to, self->bytes + self->position, piece);
        self->position += piece;
    }
    if (read != NULL) {
        *read = (ULONG)piece;
    }
    return S_OK;
}

/* Makes room for `size` bytes in all. */
static HRESULT reserve(struct memory *self, size_t size)
{
    size_t capacity = self->capacity == 0 ? 4096 : self->capacity;
    unsigned char *bytes;

    if (size <= self->capacity) {
        return S_OK;
    }
    while (capacity < size) {
        capacity = capacity > SIZE_MAX / 2 ? size : capacity * 2;
    }
    bytes = realloc(self->bytes, capacity);
    if (bytes == NULL) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    self->bytes = bytes;
    self->capacity = capacity;
    return S_OK;
}

static HRESULT set_length(struct memory *self, size_t length)
{
    HRESULT hr = reserve(self, length);

    if (SUCCEEDED(hr)) {
        if (length > self->length) {
            memset(self->bytes + self->length, 0, length - self->length);
        }
        self->length = length;
    }
    return hr;
}

static HRESULT STDMETHODCALLTYPE memory_Write(IStream *stream, const void *from, ULONG size, ULONG *written)
{
    struct memory *self = memory_of(stream);
    HRESULT hr = S_OK;

    if (written != NULL) {
        *written = 0;
    }
    if (!self->writable) {
        return STG_E_ACCESSDENIED;
    }
    if (from == NULL && size > 0) {
        return STG_E_INVALIDPOINTER;
    }
    if (size == 0) {
        return S_OK;
    }
    if (self->position > SIZE_MAX - size) {
        return STG_E_MEDIUMFULL;
    }
    if (self->position + size > self->length) {
        /* What a seek beyond the end has left between is zero. */
        hr = reserve(self, self->position + size);
        if (SUCCEEDED(hr) && self->position > self->length) {
            memset(self->bytes + self->length, 0, self->position - self->length);
        }
    }
    if (FAILED(hr)) {
        return hr;
    }
    memcpy(self->bytes + self->position, from, size);
    self->position += size;
    if (self->position > self->length) {
        self->length = self->position;
    }
    if (written != NULL) {
        *written = size;
    }
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE memory_Seek(IStream *stream, LARGE_INTEGER move, DWORD origin,
                                             ULARGE_INTEGER *position)
{
    struct memory *self = memory_of(stream);
    uint64_t from = origin == STREAM_SEEK_CUR ? self->position : origin == STREAM_SEEK_END ? self->length : 0;
    uint64_t distance = move.QuadPart < 0 ? 0 - (uint64_t)move.QuadPart : (uint64_t)move.QuadPart;
    uint64_t to;

    if (origin > STREAM_SEEK_END) {
        return STG_E_INVALIDFUNCTION;
    }
    if (move.QuadPart < 0 ? distance > from : distance > SIZE_MAX / 2 - from) {
        return STG_E_INVALIDFUNCTION;
    }
    to = move.QuadPart < 0 ? from - distance : from + distance;
    self->position = (size_t)to;
    if (position != NULL) {
        position->QuadPart = to;
    }
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE memory_SetSize(IStream *stream, ULARGE_INTEGER size)
{
    struct memory *self = memory_of(stream);

    if (!self->writable) {
        return STG_E_ACCESSDENIED;
    }
    return size.QuadPart > SIZE_MAX / 2 ? STG_E_MEDIUMFULL : set_length(self, (size_t)size.QuadPart);
}

static HRESULT STDMETHODCALLTYPE memory_CopyTo(IStream *stream, IStream *target, ULARGE_INTEGER size,
                                               ULARGE_INTEGER *read, ULARGE_INTEGER *written)
{
    struct memory *self = memory_of(stream);
    size_t left = self->position < self->length ? self->length - self->position : 0;
    uint64_t total = size.QuadPart < left ? size.QuadPart : left, done = 0;
    HRESULT hr = S_OK;

    if (target == NULL) {
        return STG_E_INVALIDPOINTER;
    }
    while (SUCCEEDED(hr) && done < total) {
        ULONG piece = total - done > 0x10000000u ? 0x10000000u : (ULONG)(total - done), put = 0;
        hr = target->lpVtbl->Write(target, self->bytes + self->position, piece, &put);
        if (SUCCEEDED(hr) && (put == 0 || put > piece)) {
            hr = STG_E_WRITEFAULT;
        } else {
            self->position += put;
            done += put;
        }
    }
    if (read != NULL) {
        read->QuadPart = done;
    }
    if (written != NULL) {
        written->QuadPart = done;
    }
    return hr;
}

static HRESULT STDMETHODCALLTYPE memory_Commit(IStream *stream, DWORD flags)
{
    (void)stream;
    (void)flags;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE memory_Stat(IStream *stream, STATSTG *stat, DWORD flags)
{
    struct memory *self = memory_of(stream);

    (void)flags;
    return lm_istream_stat(stat, self->length, self->writable ? STGM_READWRITE : STGM_READ);
}

static const IStreamVtbl memory_vtbl = {
    lm_istream_QueryInterface,
    lm_istream_AddRef,
    memory_Release,
    memory_Read,
    memory_Write,
    memory_Seek,
    memory_SetSize,
    memory_CopyTo,
    memory_Commit,
    lm_istream_Revert,
    lm_istream_LockRegion,
    lm_istream_LockRegion, /* UnlockRegion */
    memory_Stat,
    lm_istream_Clone,
};

static HRESULT create(bool writable, const void *bytes, size_t length, IStream **out)
{
    struct memory *self = calloc(1, sizeof *self);

    *out = NULL;
    if (self == NULL) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    lm_istream_init(&self->base, &memory_vtbl);
    self->writable = writable;
    self->bytes = (unsigned char *)(uintptr_t)bytes; /* never written to unless writable */
    self->length = length;
    *out = &self->base.stream;
    return S_OK;
}

HRESULT lm_reader_create(const void *bytes, size_t length, IStream **out)
{
    return create(false, bytes, length, out);
}

HRESULT lm_writer_create(IStream **out)
{
    return create(true, NULL, 0, out);
}

const void *lm_writer_content(IStream *writer, size_t *length)
{
    *length = memory_of(writer)->length;
    return memory_of(writer)->bytes;
}
