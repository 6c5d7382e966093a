#include "store/logon.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/sql_functions.h"

/* What a store costs beyond memory. Safe to call twice. */
static void close_resources(struct store *store)
{
    database_close(store->db);
    store->db = NULL;
    changes_detach(store->changes);
    store->changes = NULL;
}

static void destroy(struct store *store)
{
    close_resources(store);
    if (store->support != NULL)
        store->support->lpVtbl->Release(store->support);
    lifeline_unref(store->life);
    pthread_mutex_destroy(&store->list_lock);
    free(store->entryid);
    free(store);
}

struct store *store_ref(struct store *store)
{
    atomic_fetch_add(&store->refs, 1);
    return store;
}

void store_unref(struct store *store)
{
    if (atomic_fetch_sub(&store->refs, 1) == 1)
        destroy(store);
}

/* Clients only ever see the wrapped form, from which MAPI finds the provider (imapisupport-wrapstoreentryid.md). */
static HRESULT wrap_entryid(struct store *store)
{
    unsigned char own[STORE_ENTRYID_SIZE];
    LPENTRYID wrapped = NULL;
    ULONG size = 0;
    HRESULT hr;

    store_entryid_make(&store->uid, own);
    hr = store->support->lpVtbl->WrapStoreEntryID(store->support, sizeof own, (LPENTRYID)(void *)own, &size, &wrapped);
    if (FAILED(hr))
        return hr;
    store->entryid = malloc(size);
    if (store->entryid == NULL)
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    else
        memcpy(store->entryid, wrapped, size);
    store->entryid_size = size;
    MAPIFreeBuffer(wrapped);
    return hr;
}

static HRESULT open_database(struct store *store, const char *path, bool write, bool best)
{
    HRESULT hr = database_open(path, &store_schema, 0, &store->db);

    store->writable = write || best;
    if (hr == MAPI_E_NO_ACCESS && !write) {
        hr = database_open(path, &store_schema, DATABASE_READONLY, &store->db);
        store->writable = false;
    }
    return hr;
}

static HRESULT set_up(struct store *store, const char *path, const MAPIUID *uid, bool write, bool best)
{
    HRESULT hr = open_database(store, path, write, best);

    if (SUCCEEDED(hr))
        hr = sql_functions_register(store->db);
    if (SUCCEEDED(hr))
        hr = store_file_identify(store->db, &store->uid, store->folders);
    if (SUCCEEDED(hr) && !IsEqualMAPIUID(&store->uid, uid))
        hr = fail(MAPI_E_CORRUPT_DATA, "The file %s holds another store than its name says.", path);
    if (FAILED(hr))
        return hr;
    store->changes = changes_attach(path);
    if (store->changes == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    return wrap_entryid(store);
}

HRESULT store_open(const char *path, const MAPIUID *uid, bool write, bool best, LPMAPISUP support, struct store **out)
{
    struct store *store = calloc(1, sizeof *store);
    HRESULT hr;

    *out = NULL;
    if (store == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    store->life = lifeline_create();
    if (store->life == NULL) {
        free(store);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    atomic_init(&store->refs, 1);
    store->logoff_flags = LOGOFF_ABORT;
    pthread_mutex_init(&store->list_lock, NULL);
    store->support = support;
    support->lpVtbl->AddRef(support);
    hr = set_up(store, path, uid, write, best);
    if (FAILED(hr)) {
        destroy(store);
        return hr;
    }
    *out = store;
    return S_OK;
}

void store_end(struct store *store)
{
    LPMAPISUP support;

    if (!lifeline_begin_end(store->life))
        return;
    close_resources(store);
    support = store->support;
    store->support = NULL;
    lifeline_finish_end(store->life);
    /* Last, and outside the lock: its release may release whoever called us (shutting-down-a-service-provider.md). */
    if (support != NULL)
        support->lpVtbl->Release(support);
}

/* The store closes on its own: its flags go to the transports, then the support object, and with it MAPI's interest
 * in us. */
static void end_by_client(struct store *store)
{
    LPMAPISUP support = NULL;
    ULONG flags = LOGOFF_ABORT;

    if (FAILED(lifeline_enter(store->life)))
        return;
    support = store->support;
    if (support != NULL)
        support->lpVtbl->AddRef(support);
    flags = store->logoff_flags;
    lifeline_leave(store->life);
    if (support != NULL) {
        (void)support->lpVtbl->StoreLogoffTransports(support, &flags);
        support->lpVtbl->Release(support);
    }
    store_end(store);
}

struct store *store_attach(struct store *store)
{
    atomic_fetch_add(&store->clients, 1);
    return store_ref(store);
}

void store_detach(struct store *store)
{
    if (atomic_fetch_sub(&store->clients, 1) == 1)
        end_by_client(store);
    store_unref(store);
}

HRESULT store_enter(struct store *store)
{
    return lifeline_enter(store->life);
}

void store_leave(struct store *store)
{
    lifeline_leave(store->life);
}

HRESULT store_begin(struct store *store)
{
    HRESULT hr;

    if (!store->writable)
        return fail(MAPI_E_NO_ACCESS, "The message store was opened for reading.");
    if (store->depth == 0) {
        hr = database_begin(store->db);
        if (FAILED(hr))
            return hr;
        store->doomed = false;
    }
    store->depth++;
    return S_OK;
}

HRESULT store_end_transaction(struct store *store, HRESULT hr)
{
    store->depth--;
    if (FAILED(hr))
        store->doomed = true;
    if (store->depth > 0)
        return hr;
    if (store->doomed) {
        database_rollback(store->db);
        return FAILED(hr) ? hr : MAPI_E_CALL_FAILED;
    }
    {
        HRESULT committed = database_commit(store->db);

        if (FAILED(committed))
            return committed;
    }
    changes_bump(store->changes);
    return hr;
}
