#include "store/batch.h"

#include <mapicode.h>

static struct host *host_of(IMapiStoreBatch *This)
{
    return ((struct store_batch *)(void *)This)->host;
}

static HRESULT STDMETHODCALLTYPE batch_query_interface(IMapiStoreBatch *This, REFIID iid, void **out)
{
    return object_query(&host_of(This)->object, iid, out);
}

static ULONG STDMETHODCALLTYPE batch_addref(IMapiStoreBatch *This)
{
    return object_addref(&host_of(This)->object);
}

static ULONG STDMETHODCALLTYPE batch_release(IMapiStoreBatch *This)
{
    return object_release(&host_of(This)->object);
}

static HRESULT STDMETHODCALLTYPE batch_together(IMapiStoreBatch *This, MAPIBATCHWORK work, void *context)
{
    struct host *host = host_of(This);
    HRESULT hr = host_enter(host);

    if (FAILED(hr))
        return hr;
    hr = work == NULL ? MAPI_E_INVALID_PARAMETER : store_begin(host->store);
    if (SUCCEEDED(hr))
        hr = store_end_transaction(host->store, work(context));
    host_leave(host);
    return hr;
}

static const IMapiStoreBatchVtbl batch_vtbl = {
    batch_query_interface,
    batch_addref,
    batch_release,
    batch_together,
};

void store_batch_init(struct store_batch *batch, struct host *host)
{
    batch->face.lpVtbl = &batch_vtbl;
    batch->host = host;
}
