/* The store provider: its entry point and IMSProvider (declared in store.h). */
#include "store/store.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/object.h"
#include "core/home.h"
#include "store/entryid.h"
#include "store/message.h"
#include "store/objects.h"

struct provider {
    struct object object;
    IMAPIProviderShutdown shutdown; /* the second interface */
    struct store_family *family;
};

static struct provider *of(IMSProvider *This)
{
    return (struct provider *)(void *)This;
}

OBJECT_IUNKNOWN(provider, IMSProvider)

/* MAPI has released all logons by now; the provider keeps nothing between them (imsprovider-shutdown.md). */
static HRESULT STDMETHODCALLTYPE provider_shutdown(IMSProvider *This, ULONG *flags)
{
    (void)This;
    return flags != NULL && *flags != 0 ? MAPI_E_INVALID_PARAMETER : S_OK;
}

/* Without an entry identifier the provider's own profile section says which store it is; MAPI_E_UNCONFIGURED when not
 * even that does (imsprovider-logon.md). */
static HRESULT uid_from_profile(LPMAPISUP support, MAPIUID *uid)
{
    SizedSPropTagArray(1, tags) = {1, {PR_RECORD_KEY}};
    LPPROFSECT section = NULL;
    LPSPropValue values = NULL;
    ULONG count = 0;
    HRESULT hr = support->lpVtbl->OpenProfileSection(support, NULL, 0, &section);

    if (FAILED(hr))
        return hr;
    hr = section->lpVtbl->GetProps(section, (LPSPropTagArray)(void *)&tags, 0, &count, &values);
    if (SUCCEEDED(hr) && values[0].ulPropTag == PR_RECORD_KEY && values[0].Value.bin.cb == sizeof *uid)
        memcpy(uid, values[0].Value.bin.lpb, sizeof *uid);
    else if (SUCCEEDED(hr))
        hr = fail(MAPI_E_UNCONFIGURED, "The profile does not say which message store is meant.");
    MAPIFreeBuffer(values);
    section->lpVtbl->Release(section);
    return hr;
}

static HRESULT open_store(struct provider *self, LPMAPISUP support, const MAPIUID *uid, ULONG flags, struct store **out)
{
    char *home = NULL;
    char *path;
    HRESULT hr = home_directory(&home);

    if (FAILED(hr))
        return hr;
    path = store_file_path(home, uid);
    free(home);
    if (path == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hr = store_open(self->family, path, uid, (flags & MDB_WRITE) != 0, (flags & MAPI_BEST_ACCESS) != 0, support, out);
    free(path);
    return hr;
}

static HRESULT make_objects(struct store *store, LPMSLOGON *logon, LPMDB *mdb)
{
    HRESULT hr = mslogon_create(store, logon);

    if (FAILED(hr))
        return hr;
    hr = msgstore_create(store, mdb);
    if (FAILED(hr)) {
        (*logon)->lpVtbl->Release(*logon);
        *logon = NULL;
    }
    return hr;
}

static HRESULT logon(struct provider *self, LPMAPISUP support, ULONG size, const ENTRYID *id, ULONG flags,
                     LPMSLOGON *logon_out, LPMDB *mdb)
{
    struct store *store;
    MAPIUID uid;
    HRESULT hr = id == NULL ? uid_from_profile(support, &uid) : store_entryid_parse(size, id, &uid);

    if (SUCCEEDED(hr))
        hr = support->lpVtbl->SetProviderUID(support, &uid, 0);
    if (SUCCEEDED(hr))
        hr = open_store(self, support, &uid, flags, &store);
    if (FAILED(hr))
        return hr;
    hr = make_objects(store, logon_out, mdb);
    store_unref(store);
    return hr;
}

static HRESULT STDMETHODCALLTYPE provider_logon(IMSProvider *This, LPMAPISUP support, ULONG_PTR ui, LPTSTR profile,
                                                ULONG size, LPENTRYID id, ULONG flags, LPCIID iid, ULONG *spool_size,
                                                LPBYTE *spool, LPMAPIERROR *error, LPMSLOGON *logon_out, LPMDB *mdb)
{
    static const ULONG known = MAPI_DEFERRED_ERRORS | MAPI_UNICODE | MDB_NO_DIALOG | MDB_NO_MAIL | MDB_TEMPORARY |
                               MDB_WRITE | MDB_ONLINE | MAPI_BEST_ACCESS;
    HRESULT hr;

    (void)ui, (void)profile;
    if (spool_size != NULL)
        *spool_size = 0;
    if (spool != NULL)
        *spool = NULL;
    if (error != NULL)
        *error = NULL;
    if (logon_out != NULL)
        *logon_out = NULL;
    if (mdb != NULL)
        *mdb = NULL;
    if (support == NULL || logon_out == NULL || mdb == NULL || (id == NULL && size != 0))
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~known) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = check_interface(iid, msgstore_iids);
    if (SUCCEEDED(hr))
        hr = logon(of(This), support, size, id, flags, logon_out, mdb);
    if (FAILED(hr) && error != NULL)
        (void)failure_describe(hr, flags & MAPI_UNICODE, "message store", error);
    return hr;
}

static HRESULT STDMETHODCALLTYPE provider_spooler_logon(IMSProvider *This, LPMAPISUP support, ULONG_PTR ui,
                                                        LPTSTR profile, ULONG size, LPENTRYID id, ULONG flags,
                                                        LPCIID iid, ULONG spool_size, LPBYTE spool, LPMAPIERROR *error,
                                                        LPMSLOGON *logon_out, LPMDB *mdb)
{
    (void)This, (void)support, (void)ui, (void)profile, (void)size, (void)id, (void)flags, (void)iid, (void)spool_size,
        (void)spool;
    if (error != NULL)
        *error = NULL;
    if (logon_out != NULL)
        *logon_out = NULL;
    if (mdb != NULL)
        *mdb = NULL;
    return MAPI_E_NO_SUPPORT;
}

static HRESULT STDMETHODCALLTYPE provider_compare_store_ids(IMSProvider *This, ULONG size1, LPENTRYID id1, ULONG size2,
                                                            LPENTRYID id2, ULONG flags, ULONG *result)
{
    MAPIUID uid1;
    MAPIUID uid2;
    HRESULT hr;

    (void)This;
    if (result == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *result = FALSE;
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = store_entryid_parse(size1, id1, &uid1);
    if (SUCCEEDED(hr))
        hr = store_entryid_parse(size2, id2, &uid2);
    if (SUCCEEDED(hr))
        *result = IsEqualMAPIUID(&uid1, &uid2);
    return hr;
}

static const IMSProviderVtbl provider_vtbl = {
    provider_query_interface, provider_addref,        provider_release,           provider_shutdown,
    provider_logon,           provider_spooler_logon, provider_compare_store_ids,
};

/* ---- IMAPIProviderShutdown (imapiprovidershutdowniunknown.md) ---- */

static struct provider *of_shutdown(IMAPIProviderShutdown *This)
{
    return (struct provider *)(void *)((char *)This - offsetof(struct provider, shutdown));
}

static HRESULT STDMETHODCALLTYPE shutdown_query_interface(IMAPIProviderShutdown *This, REFIID iid, void **out)
{
    return object_query(&of_shutdown(This)->object, iid, out);
}

static ULONG STDMETHODCALLTYPE shutdown_addref(IMAPIProviderShutdown *This)
{
    return object_addref(&of_shutdown(This)->object);
}

static ULONG STDMETHODCALLTYPE shutdown_release(IMAPIProviderShutdown *This)
{
    return object_release(&of_shutdown(This)->object);
}

/* What was reported saved is in the file, and nothing else is ever saved, so there is nothing that would take time. */
static HRESULT STDMETHODCALLTYPE shutdown_query(IMAPIProviderShutdown *This)
{
    (void)This;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE shutdown_notify(IMAPIProviderShutdown *This)
{
    (void)This;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE shutdown_do(IMAPIProviderShutdown *This)
{
    store_family_shut_down(of_shutdown(This)->family);
    return S_OK;
}

static const IMAPIProviderShutdownVtbl shutdown_vtbl = {
    shutdown_query_interface, shutdown_addref, shutdown_release, shutdown_query, shutdown_notify, shutdown_do,
};

/* ---- the object ---- */

static HRESULT provider_query(struct object *object, REFIID iid, void **out)
{
    if (!IsEqualIID(iid, &IID_IMAPIProviderShutdown))
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    object_addref(object);
    *out = &((struct provider *)object)->shutdown;
    return S_OK;
}

static void provider_destroy(struct object *object)
{
    object_retire(object);
    store_family_unref(((struct provider *)object)->family);
    free(object);
}

static const GUID *const provider_iids[] = {&IID_IMSProvider, NULL};
static const struct object_type provider_type = {OBJECT_PROVIDER, provider_iids, provider_destroy, NULL,
                                                 provider_query};

HRESULT STDAPICALLTYPE store_provider_init(HINSTANCE instance, LPMALLOC allocator, LPALLOCATEBUFFER allocate_buffer,
                                           LPALLOCATEMORE allocate_more, LPFREEBUFFER free_buffer, ULONG flags,
                                           ULONG mapi_version, ULONG *provider_version, LPMSPROVIDER *out)
{
    struct provider *provider;

    /* We are part of the subsystem: its memory functions are ours. */
    (void)instance, (void)allocator, (void)allocate_buffer, (void)allocate_more, (void)free_buffer;
    if (out == NULL || provider_version == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *out = NULL;
    *provider_version = CURRENT_SPI_VERSION;
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (mapi_version < CURRENT_SPI_VERSION)
        return fail(MAPI_E_VERSION, "The message store needs a newer version of the service provider interface.");
    provider = calloc(1, sizeof *provider);
    if (provider != NULL)
        provider->family = store_family_create();
    if (provider == NULL || provider->family == NULL) {
        free(provider);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    provider->shutdown.lpVtbl = &shutdown_vtbl;
    object_init(&provider->object, &provider_type, &provider_vtbl);
    *out = (LPMSPROVIDER)(void *)provider;
    return S_OK;
}

void store_remove(const char *home, const MAPIUID *record_key)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char *path = store_file_path(home, record_key);
    char *name;
    size_t length;
    size_t i;

    if (path == NULL)
        return;
    length = strlen(path);
    name = malloc(length + sizeof "-journal");
    for (i = 0; name != NULL && i < sizeof suffixes / sizeof suffixes[0]; i++) {
        memcpy(name, path, length);
        memcpy(name + length, suffixes[i], strlen(suffixes[i]) + 1);
        unlink(name);
    }
    free(name);
    free(path);
}
