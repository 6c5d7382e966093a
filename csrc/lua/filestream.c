/* IStream over an open C file. It seeks only when somebody really reads elsewhere: a seek empties the file's buffer. */
#include "filestream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <mapicode.h>

#include "istream.h"

struct file_stream {
    struct lm_istream base; /* first */
    FILE *file;
    bool writes;
    int64_t begin, size; /* what is read */
    int64_t position;    /* of the stream */
    int64_t stands;      /* of the file, in the same terms */
    int error;
};

static int64_t tell(FILE *file)
{
#if defined(_WIN32)
    return _ftelli64(file);
#else
    return ftello(file);
#endif
}

static bool seek(FILE *file, int64_t offset, int origin)
{
#if defined(_WIN32)
    return _fseeki64(file, offset, origin) == 0;
#else
    return fseeko(file, offset, origin) == 0;
#endif
}

int64_t lm_file_left(FILE *file)
{
    int64_t at = tell(file), end;

    if (at < 0 || !seek(file, 0, SEEK_END)) {
        return -1;
    }
    end = tell(file);
    if (!seek(file, at, SEEK_SET)) {
        return -1;
    }
    return end > at ? end - at : 0;
}

static struct file_stream *self_of(IStream *stream)
{
    return (struct file_stream *)stream;
}

/* A reader leaves the file behind what it was given, as reading it would have. */
static ULONG STDMETHODCALLTYPE file_Release(IStream *stream)
{
    struct file_stream *self = self_of(stream);
    ULONG left = --self->base.references;

    if (left == 0) {
        if (!self->writes) {
            seek(self->file, self->begin + self->size, SEEK_SET);
        }
        free(self);
    }
    return left;
}

static HRESULT failed(struct file_stream *self)
{
    self->error = errno != 0 ? errno : EIO;
    return self->error == ENOSPC ? MAPI_E_NOT_ENOUGH_DISK : MAPI_E_DISK_ERROR;
}

static HRESULT STDMETHODCALLTYPE file_Read(IStream *stream, void *to, ULONG size, ULONG *read)
{
    struct file_stream *self = self_of(stream);
    int64_t left = self->position < self->size ? self->size - self->position : 0;
    size_t got;

    if (read != NULL) {
        *read = 0;
    }
    if (self->writes) {
        return STG_E_ACCESSDENIED;
    }
    if (to == NULL && size > 0) {
        return STG_E_INVALIDPOINTER;
    }
    if ((int64_t)size > left) {
        size = (ULONG)left;
    }
    if (size == 0) {
        return S_OK;
    }
    errno = 0;
    if (self->stands != self->position && !seek(self->file, self->begin + self->position, SEEK_SET)) {
        return failed(self);
    }
    got = fread(to, 1, size, self->file);
    self->stands = self->position += (int64_t)got;
    if (got == 0 && ferror(self->file)) {
        return failed(self);
    }
    if (read != NULL) {
        *read = (ULONG)got;
    }
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE file_Write(IStream *stream, const void *from, ULONG size, ULONG *written)
{
    struct file_stream *self = self_of(stream);

    if (written != NULL) {
        *written = 0;
    }
    if (!self->writes) {
        return STG_E_ACCESSDENIED;
    }
    if (from == NULL && size > 0) {
        return STG_E_INVALIDPOINTER;
    }
    errno = 0;
    if (size > 0 && fwrite(from, 1, size, self->file) != size) {
        return failed(self);
    }
    if (written != NULL) {
        *written = size;
    }
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE file_Seek(IStream *stream, LARGE_INTEGER move, DWORD origin, ULARGE_INTEGER *position)
{
    struct file_stream *self = self_of(stream);
    int64_t from = origin == STREAM_SEEK_CUR ? self->position : origin == STREAM_SEEK_END ? self->size : 0;

    if (self->writes || origin > STREAM_SEEK_END || move.QuadPart < -from || move.QuadPart > INT64_MAX - from) {
        return STG_E_INVALIDFUNCTION;
    }
    self->position = from + move.QuadPart;
    if (position != NULL) {
        position->QuadPart = (uint64_t)self->position;
    }
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE file_SetSize(IStream *stream, ULARGE_INTEGER size)
{
    (void)stream;
    (void)size;
    return STG_E_INVALIDFUNCTION;
}

static HRESULT STDMETHODCALLTYPE file_CopyTo(IStream *stream, IStream *target, ULARGE_INTEGER size,
                                             ULARGE_INTEGER *read, ULARGE_INTEGER *written)
{
    (void)stream;
    (void)target;
    (void)size;
    (void)read;
    (void)written;
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE file_Commit(IStream *stream, DWORD flags)
{
    struct file_stream *self = self_of(stream);

    (void)flags;
    errno = 0;
    return self->writes && fflush(self->file) != 0 ? failed(self) : S_OK;
}

static HRESULT STDMETHODCALLTYPE file_Stat(IStream *stream, STATSTG *stat, DWORD flags)
{
    struct file_stream *self = self_of(stream);

    (void)flags;
    return lm_istream_stat(stat, (uint64_t)self->size, self->writes ? STGM_WRITE : STGM_READ);
}

static const IStreamVtbl file_vtbl = {
    lm_istream_QueryInterface,
    lm_istream_AddRef,
    file_Release,
    file_Read,
    file_Write,
    file_Seek,
    file_SetSize,
    file_CopyTo,
    file_Commit,
    lm_istream_Revert,
    lm_istream_LockRegion,
    lm_istream_LockRegion, /* UnlockRegion */
    file_Stat,
    lm_istream_Clone,
};

static HRESULT create(FILE *file, bool writes, IStream **out)
{
    struct file_stream *self = calloc(1, sizeof *self);

    *out = NULL;
    if (self == NULL) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    lm_istream_init(&self->base, &file_vtbl);
    self->file = file;
    self->writes = writes;
    if (!writes) {
        self->begin = tell(file);
        self->size = lm_file_left(file);
    }
    *out = &self->base.stream;
    return S_OK;
}

HRESULT lm_file_reader_create(FILE *file, IStream **out)
{
    return create(file, false, out);
}

HRESULT lm_file_writer_create(FILE *file, IStream **out)
{
    return create(file, true, out);
}

int lm_file_error(IStream *stream)
{
    return self_of(stream)->error;
}
