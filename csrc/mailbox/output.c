#include "mailbox/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"

HRESULT output_error(const char *what, const char *path)
{
    int error = errno;
    HRESULT hr = error == ENOSPC || error == EDQUOT || error == EFBIG         ? MAPI_E_NOT_ENOUGH_DISK
                 : error == EACCES || error == EPERM || error == EROFS        ? MAPI_E_NO_ACCESS
                 : error == ENOENT || error == ENOTDIR                        ? MAPI_E_NOT_FOUND
                 : error == EEXIST                                            ? MAPI_E_COLLISION
                 : error == ENOMEM                                            ? MAPI_E_NOT_ENOUGH_MEMORY
                 : error == EMFILE || error == ENFILE                         ? MAPI_E_NOT_ENOUGH_RESOURCES
                 : error == ENAMETOOLONG || error == EISDIR || error == ELOOP ? MAPI_E_INVALID_PARAMETER
                                                                              : MAPI_E_DISK_ERROR;

    return fail(hr, "Could not %s %s: %s.", what, path, strerror(error));
}

void output_begin(struct output *output, int file, const char *path)
{
    output->path = path;
    output->file = file;
    output->written = 0;
    output->failure = S_OK;
    output->used = 0;
}

HRESULT output_flush(struct output *output)
{
    size_t done = 0;

    while (SUCCEEDED(output->failure) && done < output->used) {
        ssize_t put = write(output->file, output->buffer + done, output->used - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            output->failure = output_error("write to", output->path);
        else
            done += (size_t)put;
    }
    output->used = 0;
    return output->failure;
}

void output_put(struct output *output, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0 && SUCCEEDED(output->failure)) {
        size_t room = sizeof output->buffer - output->used, piece = size < room ? size : room;

        memcpy(output->buffer + output->used, at, piece);
        output->used += piece;
        output->written += piece;
        at += piece;
        size -= piece;
        if (output->used == sizeof output->buffer)
            output_flush(output);
    }
}

HRESULT output_sync(struct output *output)
{
    HRESULT hr = output_flush(output);

    if (SUCCEEDED(hr) && fsync(output->file) != 0)
        hr = output->failure = output_error("write to", output->path);
    return hr;
}

HRESULT output_take_back(struct output *output, uint64_t written)
{
    uint64_t back = output->written - written;
    off_t end;

    if (FAILED(output->failure))
        return output->failure;
    output->written = written;
    if (back <= output->used) {
        output->used -= (size_t)back;
        return S_OK;
    }
    end = lseek(output->file, -(off_t)(back - output->used), SEEK_CUR);
    output->used = 0;
    if (end < 0 || ftruncate(output->file, end) != 0)
        output->failure = output_error("write to", output->path);
    return output->failure;
}
