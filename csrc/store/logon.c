#include "store/logon.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/entryid.h"

/* What a store costs beyond memory. Safe to call twice. */
static void close_resources(struct store *store)
{
    bool held = store->db != NULL && !lifeline_inherited(store->life) && SUCCEEDED(database_hold(store->db));

    atomic_fetch_add(&store->orphans, events_end(store, held));
    if (held)
        database_release(store->db);
    database_close(store->db);
    store->db = NULL;
    changes_detach(store->changes);
    store->changes = NULL;
}

struct store_family *store_family_create(void)
{
    struct store_family *family = calloc(1, sizeof *family);

    if (family == NULL)
        return NULL;
    atomic_init(&family->refs, 1);
    fork_mutex_init(&family->lock);
    return family;
}

void store_family_unref(struct store_family *family)
{
    if (atomic_fetch_sub(&family->refs, 1) != 1)
        return;
    fork_mutex_destroy(&family->lock);
    free(family);
}

static void join_family(struct store *store, struct store_family *family)
{
    atomic_fetch_add(&family->refs, 1);
    store->family = family;
    fork_mutex_lock(&family->lock);
    store->next_of_family = family->first;
    family->first = store;
    fork_mutex_unlock(&family->lock);
}

static void leave_family(struct store *store)
{
    struct store_family *family = store->family;
    struct store **link = &family->first;

    fork_mutex_lock(&family->lock);
    while (*link != store)
        link = &(*link)->next_of_family;
    *link = store->next_of_family;
    fork_mutex_unlock(&family->lock);
    store_family_unref(family);
}

/* One that has not been ended, with a reference; one that is being destroyed cannot be had any more. */
static struct store *next_alive(struct store_family *family)
{
    struct store *store;

    fork_mutex_lock(&family->lock);
    for (store = family->first; store != NULL; store = store->next_of_family) {
        unsigned refs = atomic_load(&store->refs);

        while (!store->shut_down && refs > 0 && !atomic_compare_exchange_weak(&store->refs, &refs, refs + 1)) {
        }
        if (!store->shut_down && refs > 0)
            break;
    }
    if (store != NULL)
        store->shut_down = true;
    fork_mutex_unlock(&family->lock);
    return store;
}

void store_family_shut_down(struct store_family *family)
{
    struct store *store;

    while ((store = next_alive(family)) != NULL) {
        if (lifeline_begin_end(store->life)) {
            if (!database_is_held(store->db))
                close_resources(store);
            lifeline_finish_end(store->life);
        }
        store_unref(store);
    }
}

/* The registrations that kept the store open are gone; their references must not be the last. */
static void drop_orphans(struct store *store)
{
    size_t left = atomic_exchange(&store->orphans, 0);

    for (; left > 0; left--) {
        atomic_fetch_sub(&store->clients, 1);
        store_unref(store);
    }
}

static void destroy(struct store *store)
{
    if (store->family != NULL)
        leave_family(store);
    close_resources(store);
    if (store->support != NULL)
        store->support->lpVtbl->Release(store->support);
    lifeline_unref(store->life);
    fork_mutex_destroy(&store->list_lock);
    free(store->pending.folders);
    name_table_clear(&store->names);
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

static HRESULT identify(struct store *store)
{
    HRESULT hr = database_hold(store->db);

    if (SUCCEEDED(hr)) {
        hr = store_file_identify(store->db, &store->uid, store->folders);
        database_release(store->db);
    }
    return hr;
}

static HRESULT set_up(struct store *store, const char *path, const MAPIUID *uid, bool write, bool best)
{
    HRESULT hr = open_database(store, path, write, best);

    if (SUCCEEDED(hr))
        hr = identify(store);
    if (SUCCEEDED(hr) && !IsEqualMAPIUID(&store->uid, uid))
        hr = fail(MAPI_E_CORRUPT_DATA, "The file %s holds another store than its name says.", path);
    if (FAILED(hr))
        return hr;
    store->changes = changes_attach(path);
    if (store->changes == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    return wrap_entryid(store);
}

HRESULT store_open(struct store_family *family, const char *path, const MAPIUID *uid, bool write, bool best,
                   LPMAPISUP support, struct store **out)
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
    fork_mutex_init(&store->list_lock);
    store->support = support;
    support->lpVtbl->AddRef(support);
    hr = set_up(store, path, uid, write, best);
    if (FAILED(hr)) {
        destroy(store);
        return hr;
    }
    join_family(store, family);
    *out = store;
    return S_OK;
}

void store_end(struct store *store)
{
    LPMAPISUP support;

    if (!lifeline_begin_end(store->life)) {
        if (lifeline_inherited(store->life)) /* memory is all that is left to be given back (R8) */
            atomic_fetch_add(&store->orphans, events_end(store, false));
        drop_orphans(store);
        return;
    }
    close_resources(store);
    support = store->support;
    store->support = NULL;
    lifeline_finish_end(store->life);
    /* Last, and outside the lock: its release may release whoever called us (shutting-down-a-service-provider.md). */
    if (support != NULL)
        support->lpVtbl->Release(support);
    drop_orphans(store);
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

/* How often this thread has entered stores. */
static _Thread_local unsigned inside;

/* The lifeline has been entered. */
static HRESULT enter(struct store *store)
{
    HRESULT hr = store->db != NULL ? database_hold(store->db) : S_OK; /* NULL: called back while the store is ending */

    if (FAILED(hr)) {
        lifeline_leave(store->life);
        return hr;
    }
    store->entered++;
    inside++;
    return S_OK;
}

/* further: this thread is in a store, and is not to wait for good for somebody who may be waiting for it. */
static HRESULT enter_from(struct store *store, bool further)
{
    HRESULT hr = further ? lifeline_enter_further(store->life) : lifeline_enter(store->life);

    return FAILED(hr) ? hr : enter(store);
}

HRESULT store_enter(struct store *store)
{
    return enter_from(store, inside > 0);
}

HRESULT store_enter_both(struct store *one, struct store *two)
{
    bool further = inside > 0;
    struct store *first = (uintptr_t)one < (uintptr_t)two ? one : two;
    HRESULT hr = enter_from(first, further);

    if (FAILED(hr))
        return hr;
    hr = enter_from(first == one ? two : one, further);
    if (FAILED(hr))
        store_leave(first);
    return hr;
}

HRESULT store_try_enter(struct store *store)
{
    HRESULT hr = lifeline_try_enter(store->life);

    return FAILED(hr) ? hr : enter(store);
}

void store_leave_quietly(struct store *store)
{
    store->entered--;
    inside--;
    if (store->db != NULL)
        database_release(store->db);
    lifeline_leave(store->life);
}

void store_leave(struct store *store)
{
    bool outermost = store->entered == 1;

    store_leave_quietly(store);
    /* Asked after the lock was given back: who wanted to look has set the flag before he found us here. */
    if (outermost && atomic_load(&store->look))
        events_look(store);
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
        events_begin(store);
        hr = searches_begin(store);
        if (FAILED(hr)) {
            database_rollback(store->db);
            return hr;
        }
    }
    store->depth++;
    return S_OK;
}

HRESULT store_end_transaction(struct store *store, HRESULT hr)
{
    store->depth--;
    if (SUCCEEDED(hr) && !store->doomed) {
        HRESULT updated = searches_update(store);

        if (FAILED(updated))
            hr = updated;
    }
    if (FAILED(hr))
        store->doomed = true;
    if (store->depth > 0) {
        changes_bump(store->changes); /* what this logon reads, tables included, has changed already */
        return hr;
    }
    if (!store->doomed) {
        HRESULT recorded = events_before_commit(store);

        if (FAILED(recorded)) {
            store->doomed = true;
            hr = recorded;
        }
    }
    searches_end(store);
    if (store->doomed) {
        database_rollback(store->db);
        changes_bump(store->changes); /* it may have been read */
        return FAILED(hr) ? hr : MAPI_E_CALL_FAILED;
    }
    {
        HRESULT committed = database_commit(store->db);

        if (FAILED(committed))
            return committed;
    }
    changes_bump(store->changes);
    events_after_commit(store);
    return hr;
}

/* Changes by this process are counted; those by others SQLite tells of, for our connection. */
HRESULT store_version(struct store *store, uint64_t *version)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "PRAGMA data_version", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    rc = sqlite3_step(statement);
    *version = (changes_count(store->changes) << 32) | (uint32_t)sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, "The store could not be read");
    database_done(statement);
    return hr;
}
