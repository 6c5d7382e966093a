/* What the binding's own IStreams have in common: identity, references, and what none of them does.
 *
 * Each begins with a struct lm_istream. They are for the calling thread, during one native call, so references are counted
 * without a lock. */
#ifndef LM_ISTREAM_H
#define LM_ISTREAM_H

#include <stdint.h>

#include <mapidefs.h>

struct lm_istream {
    IStream stream; /* first: the interface pointer is the object's */
    ULONG references;
};

/* One reference, which is the caller's. The table of methods must be static. */
void lm_istream_init(struct lm_istream *self, const IStreamVtbl *vtbl);

/* Methods for that table; LockRegion is UnlockRegion, too. Release is each stream's own. */
HRESULT STDMETHODCALLTYPE lm_istream_QueryInterface(IStream *stream, REFIID iid, void **out);
ULONG STDMETHODCALLTYPE lm_istream_AddRef(IStream *stream);
HRESULT STDMETHODCALLTYPE lm_istream_Revert(IStream *stream);
HRESULT STDMETHODCALLTYPE lm_istream_LockRegion(IStream *stream, ULARGE_INTEGER offset, ULARGE_INTEGER size,
                                                DWORD type);
HRESULT STDMETHODCALLTYPE lm_istream_Clone(IStream *stream, IStream **out);

/* The work of Stat; mode: STGM_... */
HRESULT lm_istream_stat(STATSTG *stat, uint64_t size, DWORD mode);

#endif
