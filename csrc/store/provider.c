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

/* What both logons have in common. */
struct logon_request {
    LPMAPISUP support;
    ULONG size;
    const ENTRYID *id; /* NULL: the profile says which store */
    ULONG flags;
    bool spooler;
};

static HRESULT find_uid(const struct logon_request *request, MAPIUID *uid)
{
    return request->id == NULL ? uid_from_profile(request->support, uid)
                               : store_entryid_parse(request->size, request->id, uid);
}

static HRESULT logon(struct provider *self, const struct logon_request *request, MAPIUID *uid, LPMSLOGON *logon_out,
                     LPMDB *mdb)
{
    struct store *store;
    HRESULT hr = request->support->lpVtbl->SetProviderUID(request->support, uid, 0);

    if (SUCCEEDED(hr))
        hr = open_store(self, request->support, uid, request->flags, &store);
    if (FAILED(hr))
        return hr;
    store->spooler = request->spooler;
    hr = make_objects(store, logon_out, mdb);
    store_unref(store);
    return hr;
}

/* What the spooler is to show when it logs on: the store it is for. */
static HRESULT give_security(const MAPIUID *uid, ULONG *size, LPBYTE *bytes)
{
    HRESULT hr;

    if (size == NULL || bytes == NULL)
        return S_OK;
    hr = MAPIAllocateBuffer(sizeof *uid, (void **)bytes);
    if (FAILED(hr))
        return hr;
    memcpy(*bytes, uid, sizeof *uid);
    *size = sizeof *uid;
    return S_OK;
}

static HRESULT check_security(const MAPIUID *uid, ULONG size, const BYTE *bytes)
{
    if (size == 0 || (bytes != NULL && size == sizeof *uid && memcmp(bytes, uid, sizeof *uid) == 0))
        return S_OK;
    return fail(MAPI_E_LOGON_FAILED, "The message spooler's credentials are for another message store.");
}

static const ULONG logon_flags = MAPI_DEFERRED_ERRORS | MAPI_UNICODE | MDB_NO_DIALOG | MDB_NO_MAIL | MDB_TEMPORARY |
                                 MDB_WRITE | MDB_ONLINE | MAPI_BEST_ACCESS;

static HRESULT check_logon(const struct logon_request *request, LPCIID iid, const LPMSLOGON *logon_out,
                           const LPMDB *mdb)
{
    if (request->support == NULL || logon_out == NULL || mdb == NULL || (request->id == NULL && request->size != 0))
        return MAPI_E_INVALID_PARAMETER;
    if ((request->flags & ~logon_flags) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    return check_interface(iid, msgstore_iids);
}

static void clear_results(LPMAPIERROR *error, LPMSLOGON *logon_out, LPMDB *mdb)
{
    if (error != NULL)
        *error = NULL;
    if (logon_out != NULL)
        *logon_out = NULL;
    if (mdb != NULL)
        *mdb = NULL;
}

static HRESULT STDMETHODCALLTYPE provider_logon(IMSProvider *This, LPMAPISUP support, ULONG_PTR ui, LPTSTR profile,
                                                ULONG size, LPENTRYID id, ULONG flags, LPCIID iid, ULONG *spool_size,
                                                LPBYTE *spool, LPMAPIERROR *error, LPMSLOGON *logon_out, LPMDB *mdb)
{
    const struct logon_request request = {support, size, id, flags, false};
    MAPIUID uid;
    HRESULT hr;

    (void)ui, (void)profile;
    if (spool_size != NULL)
        *spool_size = 0;
    if (spool != NULL)
        *spool = NULL;
    clear_results(error, logon_out, mdb);
    hr = check_logon(&request, iid, logon_out, mdb);
    if (SUCCEEDED(hr))
        hr = find_uid(&request, &uid);
    if (SUCCEEDED(hr))
        hr = give_security(&uid, spool_size, spool);
    if (SUCCEEDED(hr))
        hr = logon(of(This), &request, &uid, logon_out, mdb);
    if (FAILED(hr) && spool != NULL && *spool != NULL) {
        MAPIFreeBuffer(*spool);
        *spool = NULL;
        *spool_size = 0;
    }
    if (FAILED(hr) && error != NULL)
        (void)failure_describe(hr, flags & MAPI_UNICODE, "message store", error);
    return hr;
}

/* imsprovider-spoolerlogon.md: the same, for the message spooler, which has methods of its own. */
static HRESULT STDMETHODCALLTYPE provider_spooler_logon(IMSProvider *This, LPMAPISUP support, ULONG_PTR ui,
                                                        LPTSTR profile, ULONG size, LPENTRYID id, ULONG flags,
                                                        LPCIID iid, ULONG spool_size, LPBYTE spool, LPMAPIERROR *error,
                                                        LPMSLOGON *logon_out, LPMDB *mdb)
{
    const struct logon_request request = {support, size, id, flags, true};
    MAPIUID uid;
    HRESULT hr;

    (void)ui, (void)profile;
    clear_results(error, logon_out, mdb);
    hr = check_logon(&request, iid, logon_out, mdb);
    if (SUCCEEDED(hr))
        hr = find_uid(&request, &uid);
    if (SUCCEEDED(hr))
        hr = check_security(&uid, spool_size, spool);
    if (SUCCEEDED(hr))
        hr = logon(of(This), &request, &uid, logon_out, mdb);
    if (FAILED(hr) && error != NULL)
        (void)failure_describe(hr, flags & MAPI_UNICODE, "message store", error);
    return hr;
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
