#include "mailbox/stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>

#include "base/failure.h"
#include "base/object.h"

struct mail_stream {
    struct object object;
    struct stream_owner owner;
    bool detached;
    uint64_t position; /* may be behind the end */
};

static const GUID *const stream_iids[] = {&IID_ISequentialStream, &IID_IStream, NULL};

static struct mail_stream *self_of(IStream *This)
{
    return (struct mail_stream *)(void *)This;
}

OBJECT_IUNKNOWN(stream, IStream)

static HRESULT STDMETHODCALLTYPE stream_read(IStream *This, void *to, ULONG wanted, ULONG *got)
{
    struct mail_stream *self = self_of(This);
    size_t count = 0;
    HRESULT hr;

    if (got != NULL)
        *got = 0;
    if (to == NULL && wanted > 0)
        return STG_E_INVALIDPOINTER;
    if (self->detached)
        return STG_E_REVERTED;
    if (self->owner.read == NULL)
        return STG_E_ACCESSDENIED;
    hr = self->owner.read(self->owner.context, self->position, to, wanted, &count);
    self->position += count;
    if (got != NULL)
        *got = (ULONG)count;
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_seek(IStream *This, LARGE_INTEGER by, DWORD origin, ULARGE_INTEGER *position)
{
    struct mail_stream *self = self_of(This);
    uint64_t from = 0, to = (uint64_t)by.QuadPart;

    if (self->detached)
        return STG_E_REVERTED;
    if (origin > STREAM_SEEK_END)
        return STG_E_INVALIDFUNCTION;
    if (origin != STREAM_SEEK_SET)
        from = origin == STREAM_SEEK_CUR ? self->position : self->owner.size;
    if (by.QuadPart < 0 ? 0 - to > from : to > INT64_MAX - from)
        return STG_E_INVALIDFUNCTION;
    self->position = from + to;
    if (position != NULL)
        position->QuadPart = self->position;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE stream_copy_to(IStream *This, IStream *target, ULARGE_INTEGER size,
                                                ULARGE_INTEGER *read, ULARGE_INTEGER *written)
{
    unsigned char piece[4096];
    uint64_t done = 0, put = 0;
    HRESULT hr = target == NULL ? STG_E_INVALIDPOINTER : S_OK;

    while (SUCCEEDED(hr) && done < size.QuadPart) {
        uint64_t left = size.QuadPart - done;
        ULONG got = 0, taken = 0;

        hr = stream_read(This, piece, left < sizeof piece ? (ULONG)left : (ULONG)sizeof piece, &got);
        if (FAILED(hr) || got == 0)
            break;
        done += got;
        hr = target->lpVtbl->Write(target, piece, got, &taken);
        put += taken;
        if (SUCCEEDED(hr) && taken != got)
            hr = STG_E_WRITEFAULT;
    }
    if (read != NULL)
        read->QuadPart = done;
    if (written != NULL)
        written->QuadPart = put;
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_write(IStream *This, const void *bytes, ULONG size, ULONG *written)
{
    struct mail_stream *self = self_of(This);
    HRESULT hr;

    if (written != NULL)
        *written = 0;
    if (bytes == NULL && size > 0)
        return STG_E_INVALIDPOINTER;
    if (self->detached)
        return STG_E_REVERTED;
    if (self->owner.write == NULL)
        return STG_E_ACCESSDENIED;
    hr = self->owner.write(self->owner.context, bytes, size);
    if (SUCCEEDED(hr) && written != NULL)
        *written = size;
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_set_size(IStream *This, ULARGE_INTEGER size)
{
    (void)This, (void)size;
    return STG_E_ACCESSDENIED;
}

static HRESULT STDMETHODCALLTYPE stream_commit(IStream *This, DWORD flags)
{
    (void)This, (void)flags;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE stream_revert(IStream *This)
{
    (void)This;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE stream_lock_region(IStream *This, ULARGE_INTEGER offset, ULARGE_INTEGER size,
                                                    DWORD type)
{
    (void)This, (void)offset, (void)size, (void)type;
    return STG_E_INVALIDFUNCTION;
}

static HRESULT STDMETHODCALLTYPE stream_stat(IStream *This, STATSTG *stat, DWORD flags)
{
    struct mail_stream *self = self_of(This);

    (void)flags; /* it has no name in any case */
    if (stat == NULL)
        return STG_E_INVALIDPOINTER;
    if (self->detached)
        return STG_E_REVERTED;
    memset(stat, 0, sizeof *stat);
    stat->type = STGTY_STREAM;
    stat->cbSize.QuadPart = self->owner.size;
    stat->grfMode = self->owner.write != NULL ? STGM_WRITE : STGM_READ;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE stream_clone(IStream *This, IStream **out)
{
    (void)This;
    if (out == NULL)
        return STG_E_INVALIDPOINTER;
    *out = NULL;
    return E_NOTIMPL;
}

static const IStreamVtbl stream_vtbl = {
    stream_query_interface,
    stream_addref,
    stream_release,
    stream_read,
    stream_write,
    stream_seek,
    stream_set_size,
    stream_copy_to,
    stream_commit,
    stream_revert,
    stream_lock_region,
    /* UnlockRegion */ stream_lock_region,
    stream_stat,
    stream_clone,
};

static void stream_destroy(struct object *object)
{
    object_retire(object);
    free(object);
}

static const struct object_type stream_type = {OBJECT_STREAM, stream_iids, stream_destroy, NULL, NULL};

HRESULT stream_create(const struct stream_owner *owner, IStream **stream)
{
    struct mail_stream *self = calloc(1, sizeof *self);

    *stream = NULL;
    if (self == NULL)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to read or write a message.");
    object_init(&self->object, &stream_type, &stream_vtbl);
    self->owner = *owner;
    *stream = (IStream *)(void *)self;
    return S_OK;
}

void stream_detach(IStream *stream)
{
    self_of(stream)->detached = true;
}
