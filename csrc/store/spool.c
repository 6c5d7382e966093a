#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"

enum {
    MEMORY_LIMIT = 1 << 20, /* beyond this the bytes go to a file */
    COPY_SIZE = 65536
};

struct spool {
    atomic_uint refs;
    uint64_t size;
    unsigned char *bytes; /* while file is -1 */
    size_t capacity;
    int file; /* opened and unlinked */
};

struct spool *spool_create(void)
{
    struct spool *spool = calloc(1, sizeof *spool);

    if (spool != NULL) {
        atomic_init(&spool->refs, 1);
        spool->file = -1;
    }
    return spool;
}

struct spool *spool_ref(struct spool *spool)
{
    atomic_fetch_add(&spool->refs, 1);
    return spool;
}

void spool_unref(struct spool *spool)
{
    if (spool == NULL || atomic_fetch_sub(&spool->refs, 1) != 1)
        return;
    if (spool->file >= 0)
        close(spool->file);
    free(spool->bytes);
    free(spool);
}

bool spool_is_shared(const struct spool *spool)
{
    return atomic_load(&spool->refs) > 1;
}

uint64_t spool_size(const struct spool *spool)
{
    return spool->size;
}

const unsigned char *spool_bytes(const struct spool *spool)
{
    return spool->file < 0 ? spool->bytes : NULL;
}

static HRESULT file_error(const char *what)
{
    int error = errno;

    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return fail(MAPI_E_NOT_ENOUGH_DISK, "No room to %s the temporary file of a large value: %s.", what,
                    strerror(error));
    return fail(MAPI_E_DISK_ERROR, "Could not %s the temporary file of a large value: %s.", what, strerror(error));
}

static HRESULT write_file(int file, uint64_t offset, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = pwrite(file, bytes, size, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return file_error("write");
        bytes += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return S_OK;
}

/* Moves what is in memory into a file that vanishes with its descriptor. */
static HRESULT move_to_file(struct spool *spool)
{
    const char *directory = getenv("TMPDIR");
    char path[4096];
    HRESULT hr;
    int file;
    int length;

    if (directory == NULL || directory[0] != '/')
        directory = "/tmp";
    length = snprintf(path, sizeof path, "%s/mapi-XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof path)
        return fail(MAPI_E_DISK_ERROR, "TMPDIR is too long a path.");
    file = mkostemp(path, O_CLOEXEC);
    if (file < 0)
        return file_error("make");
    unlink(path);
    hr = write_file(file, 0, spool->bytes, (size_t)spool->size);
    if (FAILED(hr)) {
        close(file);
        return hr;
    }
    free(spool->bytes);
    spool->bytes = NULL;
    spool->capacity = 0;
    spool->file = file;
    return S_OK;
}

/* Makes room for `size` bytes in all, in memory or by moving to a file. */
static HRESULT reserve(struct spool *spool, uint64_t size)
{
    size_t capacity = spool->capacity == 0 ? 4096 : spool->capacity;
    unsigned char *bytes;

    if (spool->file >= 0 || size <= spool->capacity)
        return S_OK;
    if (size > MEMORY_LIMIT)
        return move_to_file(spool);
    while (capacity < size)
        capacity *= 2;
    bytes = realloc(spool->bytes, capacity);
    if (bytes == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    spool->bytes = bytes;
    spool->capacity = capacity;
    return S_OK;
}

HRESULT spool_read(struct spool *spool, uint64_t offset, void *bytes, size_t size, size_t *read)
{
    size_t done = 0;

    *read = 0;
    if (offset >= spool->size || size == 0)
        return S_OK;
    if (size > spool->size - offset)
        size = (size_t)(spool->size - offset);
    if (spool->file < 0) {
        memcpy(bytes, spool->bytes + offset, size);
        *read = size;
        return S_OK;
    }
    while (done < size) {
        ssize_t got = pread(spool->file, (unsigned char *)bytes + done, size - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return file_error("read");
        if (got == 0)
            return fail(MAPI_E_DISK_ERROR, "The temporary file of a large value has been cut short.");
        done += (size_t)got;
    }
    *read = size;
    return S_OK;
}

HRESULT spool_resize(struct spool *spool, uint64_t size)
{
    HRESULT hr = reserve(spool, size);

    if (FAILED(hr))
        return hr;
    if (spool->file >= 0) {
        if (ftruncate(spool->file, (off_t)size) != 0)
            return file_error("resize");
    } else if (size > spool->size) {
        memset(spool->bytes + spool->size, 0, (size_t)(size - spool->size));
    }
    spool->size = size;
    return S_OK;
}

HRESULT spool_write(struct spool *spool, uint64_t offset, const void *bytes, size_t size)
{
    uint64_t end = offset + size;
    HRESULT hr;

    if (size == 0)
        return S_OK;
    if (end < offset || end > INT64_MAX)
        return fail(MAPI_E_TOO_BIG, "The value is too large.");
    hr = reserve(spool, end);
    if (FAILED(hr))
        return hr;
    if (spool->file >= 0) {
        hr = write_file(spool->file, offset, bytes, size);
        if (FAILED(hr))
            return hr;
    } else {
        if (offset > spool->size)
            memset(spool->bytes + spool->size, 0, (size_t)(offset - spool->size));
        memcpy(spool->bytes + offset, bytes, size);
    }
    if (end > spool->size)
        spool->size = end;
    return S_OK;
}

HRESULT spool_copy(struct spool *spool, struct spool **out)
{
    struct spool *copy = spool_create();
    unsigned char *piece = malloc(COPY_SIZE);
    HRESULT hr = copy == NULL || piece == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
    uint64_t offset = 0;

    *out = NULL;
    while (SUCCEEDED(hr) && offset < spool->size) {
        size_t got;

        hr = spool_read(spool, offset, piece, COPY_SIZE, &got);
        if (SUCCEEDED(hr))
            hr = spool_write(copy, offset, piece, got);
        offset += got;
    }
    free(piece);
    if (FAILED(hr)) {
        spool_unref(copy);
        return hr;
    }
    *out = copy;
    return S_OK;
}
