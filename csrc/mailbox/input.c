#include "mailbox/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <mapicode.h>

#include "base/failure.h"
#include "mailbox/lock.h"

static HRESULT open_error(const char *path)
{
    int error = errno;
    HRESULT hr = error == ENOENT || error == ENOTDIR    ? MAPI_E_NOT_FOUND
                 : error == EACCES || error == EPERM    ? MAPI_E_NO_ACCESS
                 : error == ENOMEM                      ? MAPI_E_NOT_ENOUGH_MEMORY
                 : error == EMFILE || error == ENFILE   ? MAPI_E_NOT_ENOUGH_RESOURCES
                 : error == ENXIO || error == EOVERFLOW ? MAPI_E_INVALID_PARAMETER
                                                        : MAPI_E_DISK_ERROR;

    return fail(hr, "Could not open %s: %s.", path, strerror(error));
}

static HRESULT look_at(struct input *input, const char *path, bool locked)
{
    struct stat status;
    HRESULT hr = S_OK;

    if (fstat(input->file, &status) != 0)
        return fail(MAPI_E_DISK_ERROR, "Could not look at %s: %s.", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fail(MAPI_E_INVALID_PARAMETER, "%s is a directory, not a file.", path);
    if (!S_ISREG(status.st_mode))
        return fail(MAPI_E_INVALID_PARAMETER, "%s is not a regular file.", path);
    if (locked)
        hr = mailbox_lock_shared(input->file, path);
    if (FAILED(hr))
        return hr;
    if (fstat(input->file, &status) != 0)
        hr = fail(MAPI_E_DISK_ERROR, "Could not look at %s: %s.", path, strerror(errno));
    if (locked)
        mailbox_unlock(input->file);
    input->size = (uint64_t)status.st_size;
    input->modified = (int64_t)status.st_mtime;
    return hr;
}

HRESULT input_open(struct input *input, const char *path, bool locked)
{
    HRESULT hr;

    input->path = path;
    input->window_size = 0;
    input->window_at = 0;
    if (input->window == NULL && (input->window = malloc(INPUT_WINDOW)) == NULL) {
        input->file = -1;
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    /* O_NONBLOCK: a FIFO must not keep us waiting for somebody to write to it. */
    do
        input->file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    while (input->file < 0 && errno == EINTR);
    if (input->file < 0)
        return open_error(path);
    hr = look_at(input, path, locked);
    if (FAILED(hr))
        input_close(input);
    return hr;
}

void input_close(struct input *input)
{
    if (input->file >= 0)
        close(input->file);
    input->file = -1;
    input->window_size = 0;
}

void input_free(struct input *input)
{
    input_close(input);
    free(input->window);
    input->window = NULL;
}

/* Reads the window anew from an offset: up to the end, or as much as there is room for. */
static HRESULT fill(struct input *input, uint64_t offset, uint64_t end)
{
    size_t wanted = end - offset < INPUT_WINDOW ? (size_t)(end - offset) : INPUT_WINDOW;

    input->window_at = offset;
    input->window_size = 0;
    while (input->window_size < wanted) {
        ssize_t got = pread(input->file, input->window + input->window_size, wanted - input->window_size,
                            (off_t)(offset + input->window_size));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(MAPI_E_DISK_ERROR, "Could not read %s: %s.", input->path, strerror(errno));
        if (got == 0)
            return fail(MAPI_E_OBJECT_CHANGED, "%s has become shorter while it was read.", input->path);
        input->window_size += (size_t)got;
    }
    return S_OK;
}

HRESULT input_peek(struct input *input, uint64_t offset, size_t wanted, uint64_t end, const unsigned char **bytes,
                   size_t *available)
{
    HRESULT hr = S_OK;

    *bytes = NULL;
    *available = 0;
    if (offset >= end)
        return S_OK;
    if (wanted > end - offset)
        wanted = (size_t)(end - offset);
    if (offset < input->window_at || offset + wanted > input->window_at + input->window_size)
        hr = fill(input, offset, input->size);
    if (FAILED(hr)) {
        input->window_size = 0;
        return hr;
    }
    *bytes = input->window + (offset - input->window_at);
    *available = input->window_size - (size_t)(offset - input->window_at);
    if (*available > end - offset)
        *available = (size_t)(end - offset);
    return S_OK;
}
