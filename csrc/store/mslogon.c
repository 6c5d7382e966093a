/* IMSLogon: MAPI's handle on a logon (declared in objects.h). */
#include <stdlib.h>

#include <mapicode.h>
#include <mapiguid.h>

#include "base/failure.h"
#include "base/object.h"
#include "store/objects.h"

struct mslogon {
    struct object object;
    struct store *store;
};

static struct store *of(IMSLogon *This)
{
    return ((struct mslogon *)(void *)This)->store;
}

OBJECT_IUNKNOWN(mslogon, IMSLogon)

#define LOGON_CALL(expression)                                                                                         \
    struct store *store = of(This);                                                                                    \
    HRESULT hr = store_enter(store);                                                                                   \
                                                                                                                       \
    if (FAILED(hr))                                                                                                    \
        return hr;                                                                                                     \
    hr = (expression);                                                                                                 \
    store_leave(store);                                                                                                \
    return hr

static HRESULT last_error(HRESULT result, ULONG flags, LPMAPIERROR *error)
{
    if (error == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~MAPI_UNICODE) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    return failure_describe(result, flags, "message store", error);
}

static HRESULT STDMETHODCALLTYPE mslogon_get_last_error(IMSLogon *This, HRESULT result, ULONG flags, LPMAPIERROR *error)
{
    if (error != NULL)
        *error = NULL;
    LOGON_CALL(last_error(result, flags, error));
}

/* imslogon-logoff.md: everything opened through the logon becomes invalid. Not under the lifeline: ending takes it
 * itself. */
static HRESULT STDMETHODCALLTYPE mslogon_logoff(IMSLogon *This, ULONG *flags)
{
    struct store *store = of(This);

    if (lifeline_ended(store->life))
        return lifeline_refusal(store->life);
    if (flags != NULL && *flags != 0)
        return MAPI_E_INVALID_PARAMETER;
    store_end(store);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE mslogon_open_entry(IMSLogon *This, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                                                    ULONG *type, LPUNKNOWN *out)
{
    if (out != NULL)
        *out = NULL;
    LOGON_CALL(store_open_entry(store, size, id, iid, flags, type, out));
}

static HRESULT STDMETHODCALLTYPE mslogon_compare_entry_ids(IMSLogon *This, ULONG size1, LPENTRYID id1, ULONG size2,
                                                           LPENTRYID id2, ULONG flags, ULONG *result)
{
    LOGON_CALL(store_compare_entryids(store, size1, id1, size2, id2, flags, result));
}

static HRESULT STDMETHODCALLTYPE mslogon_advise(IMSLogon *This, ULONG size, LPENTRYID id, ULONG mask,
                                                LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    if (connection != NULL)
        *connection = 0;
    LOGON_CALL(store_advise(store, true, size, id, mask, sink, connection));
}

/* Such a registration has kept the store open as a client's object does; it may have been the last. */
static HRESULT STDMETHODCALLTYPE mslogon_unadvise(IMSLogon *This, ULONG_PTR connection)
{
    struct store *store = of(This);
    HRESULT hr = store_enter(store);

    if (FAILED(hr))
        return hr;
    hr = store_unadvise(store, true, connection);
    store_leave(store);
    if (SUCCEEDED(hr))
        store_detach(store);
    return hr;
}

static HRESULT STDMETHODCALLTYPE mslogon_open_status_entry(IMSLogon *This, LPCIID iid, ULONG flags, ULONG *type,
                                                           LPVOID *entry)
{
    (void)iid, (void)flags, (void)type;
    if (entry != NULL)
        *entry = NULL;
    LOGON_CALL(MAPI_E_NO_SUPPORT);
}

static const IMSLogonVtbl mslogon_vtbl = {
    mslogon_query_interface,   mslogon_addref, mslogon_release,
    mslogon_get_last_error,    mslogon_logoff, mslogon_open_entry,
    mslogon_compare_entry_ids, mslogon_advise, mslogon_unadvise,
    mslogon_open_status_entry,
};

/* Release without Logoff is Logoff and Release (releasing-the-transport-provider.md). */
static void mslogon_destroy(struct object *object)
{
    struct mslogon *logon = (struct mslogon *)(void *)object;
    struct store *store = logon->store;

    object_retire(object);
    free(logon);
    store_end(store);
    store_unref(store);
}

static struct lifeline *mslogon_lifeline(struct object *object)
{
    return ((struct mslogon *)(void *)object)->store->life;
}

static const GUID *const mslogon_iids[] = {&IID_IMSLogon, NULL};
static const struct object_type mslogon_type = {OBJECT_PROVIDER, mslogon_iids, mslogon_destroy, mslogon_lifeline, NULL};

HRESULT mslogon_create(struct store *store, LPMSLOGON *out)
{
    struct mslogon *logon = calloc(1, sizeof *logon);

    *out = NULL;
    if (logon == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    object_init(&logon->object, &mslogon_type, &mslogon_vtbl);
    logon->store = store_ref(store);
    *out = (LPMSLOGON)(void *)logon;
    return S_OK;
}
