/* Whose an entry identifier is: by the MAPIUID that its provider registered (imapisupport-setprovideruid.md),
 * or by the DLL's name in a wrapped store entry identifier. Nothing here takes the session's lifeline.
 */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/session.h"
#include "core/status.h"

static bool has_registered(const struct store_logon *logon, const MAPIUID *uid)
{
    for (size_t i = 0; i < logon->uid_count && logon->logon; i++) {
        if (uid_equal(&logon->uids[i], uid)) {
            return true;
        }
    }
    return false;
}

IMSLogon *session_logon_of(struct session_core *core, const MAPIUID *uid)
{
    const struct store_logon *best = NULL;
    IMSLogon *found = NULL;
    pthread_mutex_lock(&core->lock);
    for (const struct store_logon *logon = core->logons; logon && !(best && best->writes); logon = logon->next) {
        if (has_registered(logon, uid) && (!best || logon->writes)) {
            best = logon;
        }
    }
    if (best) {
        found = best->logon;
        found->lpVtbl->AddRef(found);
    }
    pthread_mutex_unlock(&core->lock);
    return found;
}

IMSLogon *session_logon_of_section(struct session_core *core, const MAPIUID *section)
{
    IMSLogon *found = NULL;
    pthread_mutex_lock(&core->lock);
    for (const struct store_logon *logon = core->logons; logon && !found; logon = logon->next) {
        found = uid_equal(&logon->section, section) ? logon->logon : NULL;
    }
    if (found) {
        found->lpVtbl->AddRef(found);
    }
    pthread_mutex_unlock(&core->lock);
    return found;
}

static HRESULT unknown(const char *what)
{
    return fail(MAPI_E_UNKNOWN_ENTRYID, "%s", what);
}

/* Two wrapped store entry identifiers: the provider compares what it wrapped (imsprovider-comparestoreids.md). */
static HRESULT compare_stores(struct session_core *core, const struct store_entryid *a, const struct store_entryid *b,
                              ULONG *result)
{
    const struct service *first = service_by_dll(a->dll_name);
    const struct service *second = service_by_dll(b->dll_name);
    struct store_provider *provider = NULL;
    if (!first || !second) {
        return unknown("An entry identifier belongs to a message store provider that is not installed.");
    }
    if (first != second) {
        *result = FALSE;
        return S_OK;
    }
    HRESULT hr = session_provider_acquire(core, first, &provider);
    if (hr == S_OK) {
        hr = provider->provider->lpVtbl->CompareStoreIDs(provider->provider, a->size, a->inner, b->size, b->inner, 0,
                                                         result);
        session_provider_release(core, provider);
    }
    return hr == MAPI_E_INVALID_ENTRYID ? unknown("An entry identifier is not one of a message store.") : hr;
}

static HRESULT compare_objects(struct session_core *core, ULONG size1, LPENTRYID id1, const MAPIUID *uid1, ULONG size2,
                               LPENTRYID id2, const MAPIUID *uid2, ULONG *result)
{
    IMSLogon *first = session_logon_of(core, uid1);
    IMSLogon *second = session_logon_of(core, uid2);
    HRESULT hr = S_OK;
    if (!first || !second) {
        hr = unknown("An entry identifier belongs to no store that is open; open its store first.");
    } else if (first != second) {
        *result = FALSE;
    } else {
        hr = first->lpVtbl->CompareEntryIDs(first, size1, id1, size2, id2, 0, result);
    }
    if (first) {
        first->lpVtbl->Release(first);
    }
    if (second) {
        second->lpVtbl->Release(second);
    }
    return hr;
}

/* Those of status rows are MAPI's own; any other is not the same. */
static HRESULT compare_status(ULONG size1, LPENTRYID id1, ULONG size2, LPENTRYID id2, ULONG *result)
{
    struct status_key key1, key2;
    HRESULT hr = status_entryid_is(size1, id1) ? status_entryid_parse(size1, id1, &key1) : S_FALSE;
    HRESULT hr2 = status_entryid_is(size2, id2) ? status_entryid_parse(size2, id2, &key2) : S_FALSE;
    if (FAILED(hr) || FAILED(hr2)) {
        return FAILED(hr) ? hr : hr2;
    }
    *result = hr == S_OK && hr2 == S_OK && key1.type == key2.type && uid_equal(&key1.section, &key2.section);
    return S_OK;
}

/* Malformed identifiers: MAPI_E_UNKNOWN_ENTRYID; of different providers: not the same (06 N17). */
HRESULT session_compare(struct session_core *core, ULONG size1, LPENTRYID id1, ULONG size2, LPENTRYID id2, ULONG flags,
                        ULONG *result)
{
    MAPIUID uid1, uid2;
    struct store_entryid store1, store2;
    if (!result) {
        return fail(MAPI_E_INVALID_PARAMETER, "CompareEntryIDs needs a place for its result.");
    }
    *result = FALSE;
    if (flags) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "CompareEntryIDs takes no flags, not 0x%08x.", (unsigned)flags);
    }
    enum entryid_kind kind1 = entryid_parse(size1, id1, &uid1, &store1);
    enum entryid_kind kind2 = entryid_parse(size2, id2, &uid2, &store2);
    if (kind1 == ENTRYID_MALFORMED || kind2 == ENTRYID_MALFORMED) {
        return unknown("An entry identifier is missing, too short or cut off.");
    }
    if (status_entryid_is(size1, id1) || status_entryid_is(size2, id2)) {
        return compare_status(size1, id1, size2, id2, result);
    }
    if (kind1 == ENTRYID_STORE && kind2 == ENTRYID_STORE) {
        return compare_stores(core, &store1, &store2, result);
    }
    if (kind1 != kind2) {
        const MAPIUID *uid =
            kind1 == ENTRYID_OBJECT ? &uid1 : &uid2; /* a store and something in a store, if anything */
        IMSLogon *logon = session_logon_of(core, uid);
        if (!logon) {
            return unknown("An entry identifier belongs to no store that is open; open its store first.");
        }
        logon->lpVtbl->Release(logon);
        return S_OK;
    }
    return compare_objects(core, size1, id1, &uid1, size2, id2, &uid2, result);
}

HRESULT session_open_routed(struct session_core *core, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags, ULONG *type,
                            LPUNKNOWN *out)
{
    MAPIUID uid;
    struct store_entryid store;
    ULONG ignored = 0;
    *out = NULL;
    if (entryid_parse(size, id, &uid, &store) != ENTRYID_OBJECT) {
        return unknown("The entry identifier is not one of an object in a store.");
    }
    IMSLogon *logon = session_logon_of(core, &uid);
    if (!logon) {
        return unknown("The entry identifier belongs to no store that is open; open its store first.");
    }
    HRESULT hr = logon->lpVtbl->OpenEntry(logon, size, id, iid, flags, type ? type : &ignored, out);
    logon->lpVtbl->Release(logon);
    return hr;
}
