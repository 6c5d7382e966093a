/* What the binding's own IStreams have in common. */
#include "istream.h"

#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>

static struct lm_istream *self_of(IStream *stream)
{
    return (struct lm_istream *)stream;
}

void lm_istream_init(struct lm_istream *self, const IStreamVtbl *vtbl)
{
    self->stream.lpVtbl = (IStreamVtbl *)(uintptr_t)vtbl; /* Windows' headers declare it without const */
    self->references = 1;
}

HRESULT STDMETHODCALLTYPE lm_istream_QueryInterface(IStream *stream, REFIID iid, void **out)
{
    if (out == NULL) {
        return E_INVALIDARG;
    }
    *out = NULL;
    if (iid == NULL) {
        return E_INVALIDARG;
    }
    if (memcmp(iid, &IID_IUnknown, sizeof *iid) != 0 && memcmp(iid, &IID_ISequentialStream, sizeof *iid) != 0 &&
        memcmp(iid, &IID_IStream, sizeof *iid) != 0) {
        return E_NOINTERFACE;
    }
    self_of(stream)->references++;
    *out = stream;
    return S_OK;
}

ULONG STDMETHODCALLTYPE lm_istream_AddRef(IStream *stream)
{
    return ++self_of(stream)->references;
}

HRESULT STDMETHODCALLTYPE lm_istream_Revert(IStream *stream)
{
    (void)stream;
    return S_OK;
}

HRESULT STDMETHODCALLTYPE lm_istream_LockRegion(IStream *stream, ULARGE_INTEGER offset, ULARGE_INTEGER size, DWORD type)
{
    (void)stream;
    (void)offset;
    (void)size;
    (void)type;
    return STG_E_INVALIDFUNCTION;
}

HRESULT STDMETHODCALLTYPE lm_istream_Clone(IStream *stream, IStream **out)
{
    (void)stream;
    if (out == NULL) {
        return STG_E_INVALIDPOINTER;
    }
    *out = NULL;
    return E_NOTIMPL;
}

HRESULT lm_istream_stat(STATSTG *stat, uint64_t size, DWORD mode)
{
    if (stat == NULL) {
        return STG_E_INVALIDPOINTER;
    }
    memset(stat, 0, sizeof *stat); /* a stream of ours has no name */
    stat->type = STGTY_STREAM;
    stat->cbSize.QuadPart = size;
    stat->grfMode = mode;
    return S_OK;
}
