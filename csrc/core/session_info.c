/* IMapiSessionInfo: what no documented interface tells about a session (mapisub.h). */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/session.h"
#include "core/slot.h"
#include "core/text.h"
#include "store/store.h"

static struct session *of(IMapiSessionInfo *This)
{
    return (struct session *)(void *)((char *)This - offsetof(struct session, info));
}

static HRESULT STDMETHODCALLTYPE query_interface(IMapiSessionInfo *This, REFIID iid, void **out)
{
    return object_query(&of(This)->object, iid, out);
}

static ULONG STDMETHODCALLTYPE addref(IMapiSessionInfo *This)
{
    return object_addref(&of(This)->object);
}

static ULONG STDMETHODCALLTYPE release(IMapiSessionInfo *This)
{
    return object_release(&of(This)->object);
}

static bool core_is_shared(const struct session_core *core)
{
    return core->slot != NULL;
}

static bool core_was_joined(const struct session_core *core)
{
    return core->joined;
}

static bool core_is_shutdown_pending(const struct session_core *core)
{
    return core->slot && slot_client_is_closed(core->slot);
}

static HRESULT answer(IMapiSessionInfo *This, bool (*question)(const struct session_core *core), BOOL *out)
{
    HRESULT hr = session_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    if (out) {
        *out = question(of(This)->core);
    } else {
        hr = fail(MAPI_E_INVALID_PARAMETER, "The answer needs a place.");
    }
    return session_leave(of(This), hr);
}

static HRESULT STDMETHODCALLTYPE is_shared(IMapiSessionInfo *This, BOOL *shared)
{
    return answer(This, core_is_shared, shared);
}

static HRESULT STDMETHODCALLTYPE was_joined(IMapiSessionInfo *This, BOOL *joined)
{
    return answer(This, core_was_joined, joined);
}

static HRESULT STDMETHODCALLTYPE is_shutdown_pending(IMapiSessionInfo *This, BOOL *pending)
{
    return answer(This, core_is_shutdown_pending, pending);
}

static HRESULT STDMETHODCALLTYPE get_profile_name(IMapiSessionInfo *This, LPWSTR *name)
{
    void *text = NULL;
    if (name) {
        *name = NULL;
    }
    HRESULT hr = session_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = name ? text_result(of(This)->core->profile->name, true, NULL, &text)
              : fail(MAPI_E_INVALID_PARAMETER, "The profile's name needs a place.");
    if (hr == S_OK) {
        *name = text;
    }
    return session_leave(of(This), hr);
}

/* The store knows; one that does not, or cannot be opened, has nothing waiting that anybody could see. */
static ULONG count_unsent(struct session_core *core, const struct section *section)
{
    static const SizedSPropTagArray(1, tags) = {1, {PR_STORE_UNSENT_COUNT}};
    const struct prop_entry *id = bag_binary(&section->props, PR_ENTRYID);
    LPMDB store = NULL;
    LPSPropValue value = NULL;
    ULONG count = 0, unsent = 0;
    if (!id || FAILED(session_open_store(core, 0, id->size, (LPENTRYID)id->bytes, NULL, MDB_NO_DIALOG | MDB_NO_MAIL,
                                         &store))) {
        return 0;
    }
    if (SUCCEEDED(store->lpVtbl->GetProps(store, (LPSPropTagArray)(uintptr_t)&tags, 0, &count, &value)) &&
        value[0].ulPropTag == PR_STORE_UNSENT_COUNT) {
        unsent = value[0].Value.ul;
    }
    MAPIFreeBuffer(value);
    store->lpVtbl->Release(store);
    return unsent;
}

/* Changes belong to one logon on a store, and what a logon lets reach is its root folder. */
static ULONG count_unsaved(IMSLogon *logon)
{
    static const SizedSPropTagArray(1, tags) = {1, {PR_STORE_UNSAVED_COUNT}};
    LPMAPIFOLDER root = NULL;
    LPSPropValue value = NULL;
    ULONG type, count = 0, unsaved = 0;
    if (FAILED(logon->lpVtbl->OpenEntry(logon, 0, NULL, &IID_IMAPIFolder, 0, &type, (LPUNKNOWN *)&root))) {
        return 0;
    }
    if (SUCCEEDED(root->lpVtbl->GetProps(root, (LPSPropTagArray)(uintptr_t)&tags, 0, &count, &value)) &&
        value[0].ulPropTag == PR_STORE_UNSAVED_COUNT) {
        unsaved = value[0].Value.ul;
    }
    MAPIFreeBuffer(value);
    root->lpVtbl->Release(root);
    return unsaved;
}

/* The session's logons, a reference on each; no provider is called with the lock held. */
static HRESULT list_logons(struct session_core *core, IMSLogon ***out, size_t *count)
{
    size_t room = 0;
    pthread_mutex_lock(&core->lock);
    for (struct store_logon *logon = core->logons; logon; logon = logon->next) {
        room++;
    }
    IMSLogon **list = malloc((room + 1) * sizeof *list);
    *count = 0;
    for (struct store_logon *logon = core->logons; list && logon; logon = logon->next) {
        if (logon->logon) {
            logon->logon->lpVtbl->AddRef(logon->logon);
            list[(*count)++] = logon->logon;
        }
    }
    pthread_mutex_unlock(&core->lock);
    *out = list;
    return list ? S_OK : fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is no memory to count what is pending.");
}

/* A session that never logged on to a store has left nothing in one: that common case opens none. */
static HRESULT count_left_in_stores(struct session_core *core, struct session_pending *out)
{
    struct section_list stores = {0};
    IMSLogon **logons = NULL;
    size_t count = 0;
    if (!core->store_used) {
        return S_OK;
    }
    HRESULT hr = list_logons(core, &logons, &count);
    for (size_t i = 0; i < count; i++) {
        out->unsaved += count_unsaved(logons[i]);
        logons[i]->lpVtbl->Release(logons[i]);
    }
    free(logons);
    if (hr == S_OK) {
        hr = session_store_sections(core, &stores);
    }
    for (size_t i = 0; hr == S_OK && i < stores.count; i++) {
        out->unsent += count_unsent(core, &stores.items[i]);
    }
    section_list_clear(&stores);
    return hr;
}

HRESULT session_count_pending(struct session_core *core, struct session_pending *out)
{
    memset(out, 0, sizeof *out);
    HRESULT hr = count_left_in_stores(core, out);
    return hr == S_OK && core->slot ? slot_client_others(core->slot, &out->clients) : hr;
}

static HRESULT STDMETHODCALLTYPE get_pending(IMapiSessionInfo *This, ULONG *unsent, ULONG *unsaved, ULONG *clients)
{
    struct session_pending pending;
    HRESULT hr = session_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = session_count_pending(of(This)->core, &pending);
    if (hr == S_OK && unsent) {
        *unsent = pending.unsent;
    }
    if (hr == S_OK && unsaved) {
        *unsaved = pending.unsaved;
    }
    if (hr == S_OK && clients) {
        *clients = pending.clients;
    }
    return session_leave(of(This), hr);
}

static HRESULT STDMETHODCALLTYPE open_spooler_store(IMapiSessionInfo *This, ULONG size, LPENTRYID id, ULONG flags,
                                                    LPMDB *store)
{
    if (store) {
        *store = NULL;
    }
    HRESULT hr = session_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = store ? session_open_spooler_store(of(This)->core, size, id, flags, store)
               : fail(MAPI_E_INVALID_PARAMETER, "OpenSpoolerStore needs a place for the store.");
    return session_leave(of(This), hr);
}

const IMapiSessionInfoVtbl session_info_vtbl = {
    query_interface,     addref,           release,     is_shared,          was_joined,
    is_shutdown_pending, get_profile_name, get_pending, open_spooler_store,
};
