/* IMAPISession::OpenMsgStore and OpenEntry (imapisession-openmsgstore.md, imapisession-openentry.md). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/profile_database.h"
#include "core/session.h"
#include "core/status.h"

/* Whether a section of the profile is the store that the entry identifier means. Two identifiers of one store
 * may differ, so its provider is asked; it is loaded by then.
 */
static bool is_store(struct store_provider *provider, const struct store_entryid *wanted, const struct section *section)
{
    const struct prop_entry *id = bag_binary(&section->props, PR_ENTRYID);
    MAPIUID uid;
    struct store_entryid own;
    ULONG same = FALSE;
    if (!id || entryid_parse(id->size, (const ENTRYID *)(const void *)id->bytes, &uid, &own) != ENTRYID_STORE ||
        service_by_dll(own.dll_name) != provider->service) {
        return false;
    }
    if (own.size == wanted->size && memcmp(own.inner, wanted->inner, own.size) == 0) {
        return true;
    }
    return provider->provider->lpVtbl->CompareStoreIDs(provider->provider, own.size, own.inner, wanted->size,
                                                       wanted->inner, 0, &same) == S_OK &&
           same;
}

/* A store that is not in the profile gets a section of its own, in no message service, which is kept only if
 * the provider calls ModifyProfile (opening-a-message-store.md).
 */
static HRESULT make_loose(const struct service *service, ULONG size, const ENTRYID *id, struct section *section)
{
    struct prop_bag *bag = &section->props;
    *section = (struct section){.kind = SECTION_PROVIDER};
    HRESULT hr = uid_create(&section->uid);
    hr = hr == S_OK ? bag_set_text(bag, PR_PROVIDER_DLL_NAME, service->dll_name) : hr;
    hr = hr == S_OK ? bag_set_binary(bag, PR_PROVIDER_UID, section->uid.ab, sizeof section->uid.ab) : hr;
    hr = hr == S_OK ? bag_set_long(bag, PR_RESOURCE_TYPE, MAPI_STORE_PROVIDER) : hr;
    hr = hr == S_OK ? bag_set_long(bag, PR_RESOURCE_FLAGS, STATUS_NO_DEFAULT_STORE) : hr;
    return hr == S_OK ? bag_set_binary(bag, PR_ENTRYID, id, size) : hr;
}

static HRESULT logon_loose(struct session_core *core, const struct store_request *request, ULONG size, LPENTRYID id,
                           LPMDB *out)
{
    struct section section;
    HRESULT hr = make_loose(request->service, size, id, &section);
    MAPIUID uid = section.uid;
    struct loose_section *loose = hr == S_OK ? loose_section_create(&section) : NULL; /* has the properties now */
    if (!loose) {
        section_clear(&section);
        return hr == S_OK ? fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to open a message store.") : hr;
    }
    struct section named = {.uid = uid, .kind = SECTION_PROVIDER};
    struct store_request complete = *request;
    complete.section = &named;
    complete.loose = loose;
    hr = session_logon_store(core, &complete, out);
    loose_section_unref(loose);
    return hr;
}

/* The profile's section of a store, or NULL. */
static const struct section *find_section(struct store_provider *provider, const struct store_entryid *id,
                                          const struct section_list *sections)
{
    for (size_t i = 0; i < sections->count; i++) {
        if (is_store(provider, id, &sections->items[i])) {
            return &sections->items[i];
        }
    }
    return NULL;
}

static HRESULT check_arguments(ULONG size, const ENTRYID *id, ULONG flags, struct store_entryid *store)
{
    const ULONG known =
        MDB_NO_DIALOG | MDB_WRITE | MAPI_DEFERRED_ERRORS | MAPI_BEST_ACCESS | MDB_TEMPORARY | MDB_NO_MAIL | MDB_ONLINE;
    MAPIUID uid;
    if (!id || size == 0) {
        return fail(MAPI_E_INVALID_PARAMETER, "OpenMsgStore needs the entry identifier of a store.");
    }
    if (flags & ~known) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "OpenMsgStore does not know the flags 0x%08x.", (unsigned)(flags & ~known));
    }
    if (entryid_parse(size, id, &uid, store) != ENTRYID_STORE) {
        return fail(MAPI_E_INVALID_ENTRYID, "The entry identifier is not one of a message store.");
    }
    return S_OK;
}

static HRESULT open_store(struct session_core *core, struct store_request request, ULONG size, LPENTRYID id, LPMDB *out)
{
    struct section_list sections = {0};
    struct store_provider *provider = NULL;
    *out = NULL;
    HRESULT hr = check_arguments(size, id, request.flags, &request.id);
    if (hr != S_OK) {
        return hr;
    }
    request.service = service_by_dll(request.id.dll_name);
    if (!request.service) {
        return fail(MAPI_E_NOT_FOUND, "The store belongs to the provider '%.64s', which is not installed.",
                    request.id.dll_name);
    }
    if (core->flags & MAPI_NO_MAIL) {
        request.flags |= MDB_NO_MAIL; /* 02, 2.4 */
    }
    hr = session_store_sections(core, &sections);
    hr = hr == S_OK ? session_provider_acquire(core, request.service, &provider) : hr;
    if (hr == S_OK) {
        request.section = find_section(provider, &request.id, &sections);
        hr = request.section ? session_logon_store(core, &request, out) : logon_loose(core, &request, size, id, out);
        session_provider_release(core, provider);
    }
    section_list_clear(&sections);
    return hr;
}

HRESULT session_open_store(struct session_core *core, ULONG_PTR ui, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                           LPMDB *out)
{
    const struct store_request request = {.ui = ui, .iid = iid, .flags = flags};
    return open_store(core, request, size, id, out);
}

HRESULT session_open_spooler_store(struct session_core *core, ULONG size, LPENTRYID id, ULONG flags, LPMDB *out)
{
    const struct store_request request = {.flags = flags, .spooler = true};
    *out = NULL;
    if (core->flags & MAPI_NO_MAIL) {
        return fail(MAPI_E_NO_SUPPORT, "The session was logged on with MAPI_NO_MAIL, so it sends nothing.");
    }
    return open_store(core, request, size, id, out);
}

/* A store's entry identifier: as OpenMsgStore without dialogs, MAPI_MODIFY standing for MDB_WRITE. */
static HRESULT open_store_entry(struct session_core *core, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                                ULONG *type, LPUNKNOWN *out)
{
    ULONG store_flags =
        MDB_NO_DIALOG | (flags & (MAPI_DEFERRED_ERRORS | MAPI_BEST_ACCESS)) | (flags & MAPI_MODIFY ? MDB_WRITE : 0);
    LPMDB store = NULL;
    HRESULT hr = session_open_store(core, 0, size, id, iid, store_flags, &store);
    if (SUCCEEDED(hr)) {
        *out = (LPUNKNOWN)(void *)store;
        if (type) {
            *type = MAPI_STORE;
        }
    }
    return hr;
}

/* Stores are logged on to when they are first opened (O13); to a client it must look as if that had happened
 * at the start. So the store of an object is opened here if its profile section names it.
 */
static HRESULT open_in_closed_store(struct session_core *core, const MAPIUID *uid, ULONG size, LPENTRYID id, LPCIID iid,
                                    ULONG flags, ULONG *type, LPUNKNOWN *out)
{
    struct section_list sections = {0};
    LPMDB store = NULL;
    HRESULT hr = session_store_sections(core, &sections);
    HRESULT opened = MAPI_E_UNKNOWN_ENTRYID;
    for (size_t i = 0; i < sections.count && hr == S_OK && !store; i++) {
        MAPIUID key;
        const struct prop_entry *store_id = bag_binary(&sections.items[i].props, PR_ENTRYID);
        if (store_id && bag_uid(&sections.items[i].props, PR_RECORD_KEY, &key) && uid_equal(&key, uid)) {
            ULONG store_flags = MDB_NO_DIALOG | (flags & (MAPI_MODIFY | MAPI_BEST_ACCESS) ? MAPI_BEST_ACCESS : 0);
            opened = session_open_store(core, 0, store_id->size, (LPENTRYID)store_id->bytes, NULL, store_flags, &store);
        }
    }
    section_list_clear(&sections);
    if (hr != S_OK) {
        return hr;
    }
    if (!store) {
        return opened != MAPI_E_UNKNOWN_ENTRYID
                   ? opened
                   : fail(opened, "The entry identifier belongs to no store of the profile '%s'.", core->profile->name);
    }
    hr = session_open_routed(core, size, id, iid, flags, type, out);
    store->lpVtbl->Release(store); /* what was opened keeps it */
    return hr;
}

HRESULT session_open_entry(struct session_core *core, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags, ULONG *type,
                           LPUNKNOWN *out)
{
    const ULONG known =
        MAPI_MODIFY | SHOW_SOFT_DELETES | MAPI_DEFERRED_ERRORS | MAPI_BEST_ACCESS | MAPI_NO_CACHE | MAPI_CACHE_ONLY;
    MAPIUID uid;
    struct store_entryid store;
    *out = NULL;
    if (!id || size == 0) {
        return fail(MAPI_E_INVALID_PARAMETER, "OpenEntry needs an entry identifier.");
    }
    if (flags & ~known) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "OpenEntry does not know the flags 0x%08x.", (unsigned)(flags & ~known));
    }
    if (status_entryid_is(size, id)) {
        return session_open_status(core, size, id, iid, flags, type, out);
    }
    switch (entryid_parse(size, id, &uid, &store)) {
    case ENTRYID_STORE:
        return open_store_entry(core, size, id, iid, flags, type, out);
    case ENTRYID_MALFORMED:
        return fail(MAPI_E_UNKNOWN_ENTRYID, "The entry identifier is too short or cut off.");
    default:
        break;
    }
    IMSLogon *logon = session_logon_of(core, &uid);
    if (!logon) {
        return open_in_closed_store(core, &uid, size, id, iid, flags, type, out);
    }
    logon->lpVtbl->Release(logon);
    HRESULT hr = session_open_routed(core, size, id, iid, flags, type, out);
    if (hr == MAPI_E_NO_ACCESS && flags & MAPI_MODIFY) {
        /* A client that has the store open for reading only must not keep this one from writing. */
        HRESULT again = open_in_closed_store(core, &uid, size, id, iid, flags, type, out);
        hr = again == MAPI_E_UNKNOWN_ENTRYID
                 ? fail(hr, "The message store was opened for reading, so nothing in it can be opened for writing.")
                 : again;
    }
    return hr;
}

/* The section of the store whose objects carry this identifier. */
static const struct section *section_of_key(const struct section_list *sections, const MAPIUID *key)
{
    for (size_t i = 0; i < sections->count; i++) {
        MAPIUID own;
        if (bag_uid(&sections->items[i].props, PR_RECORD_KEY, &own) && uid_equal(&own, key)) {
            return &sections->items[i];
        }
    }
    return NULL;
}

static HRESULT find_store_section(struct session_core *core, const struct store_entryid *id,
                                  const struct section_list *sections, const struct section **out)
{
    struct store_provider *provider = NULL;
    const struct service *service = service_by_dll(id->dll_name);
    *out = NULL;
    HRESULT hr = service ? session_provider_acquire(core, service, &provider) : S_OK;
    if (hr == S_OK && service) {
        *out = find_section(provider, id, sections);
        session_provider_release(core, provider);
    }
    return hr;
}

static HRESULT open_section(struct session_core *core, const struct section *section, IMSLogon **logon, LPMDB *store)
{
    const struct prop_entry *id = bag_binary(&section->props, PR_ENTRYID);
    *logon = session_logon_of_section(core, &section->uid);
    if (*logon) {
        return S_OK;
    }
    HRESULT hr =
        id ? session_open_store(core, 0, id->size, (LPENTRYID)id->bytes, NULL, MDB_NO_DIALOG | MAPI_BEST_ACCESS, store)
           : MAPI_E_UNKNOWN_ENTRYID;
    *logon = SUCCEEDED(hr) ? session_logon_of_section(core, &section->uid) : NULL;
    if (SUCCEEDED(hr) && !*logon) {
        (*store)->lpVtbl->Release(*store);
        *store = NULL;
        hr = fail(MAPI_E_CALL_FAILED, "The provider has opened the store without a logon.");
    }
    return SUCCEEDED(hr) ? S_OK : hr;
}

HRESULT session_logon_for(struct session_core *core, ULONG size, LPENTRYID id, IMSLogon **logon, LPMDB *store)
{
    MAPIUID uid;
    struct store_entryid store_id;
    struct section_list sections = {0};
    const struct section *section = NULL;
    *logon = NULL;
    *store = NULL;
    enum entryid_kind kind = entryid_parse(size, id, &uid, &store_id);
    if (kind == ENTRYID_MALFORMED) {
        return fail(MAPI_E_INVALID_ENTRYID, "The entry identifier is too short or cut off.");
    }
    if (kind == ENTRYID_OBJECT && (*logon = session_logon_of(core, &uid)) != NULL) {
        return S_OK;
    }
    HRESULT hr = session_store_sections(core, &sections);
    if (hr == S_OK && kind == ENTRYID_STORE) {
        hr = find_store_section(core, &store_id, &sections, &section);
    } else if (hr == S_OK) {
        section = section_of_key(&sections, &uid);
    }
    if (hr == S_OK) {
        hr = section ? open_section(core, section, logon, store)
                     : fail(MAPI_E_UNKNOWN_ENTRYID, "The entry identifier belongs to no store of the profile '%s'.",
                            core->profile->name);
    }
    section_list_clear(&sections);
    return hr;
}
