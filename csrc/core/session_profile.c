/* What a session knows from its profile: its stores, the default store, the primary identity. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/profile_database.h"
#include "core/session.h"
#include "core/stores_table.h"

HRESULT session_provider_sections(struct session_core *core, struct section_list *out)
{
    struct database *db;
    int64_t id = 0;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    hr = profile_row(db, core->profile, &id);
    hr = hr == S_OK ? section_load_all(db, id, SECTION_PROVIDER, NULL, out) : hr;
    profile_database_leave();
    return hr;
}

HRESULT session_store_sections(struct session_core *core, struct section_list *out)
{
    HRESULT hr = session_provider_sections(core, out);
    if (hr != S_OK) {
        return hr;
    }
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (bag_long(&out->items[i].props, PR_RESOURCE_TYPE, 0) == MAPI_STORE_PROVIDER) {
            out->items[kept++] = out->items[i];
        } else {
            section_clear(&out->items[i]);
        }
    }
    out->count = kept;
    return S_OK;
}

ULONG session_resource_flags(struct session_core *core, const struct section *section)
{
    ULONG flags = bag_long(&section->props, PR_RESOURCE_FLAGS, 0);
    pthread_mutex_lock(&core->lock);
    if (core->simple_chosen) {
        flags &= ~STATUS_SIMPLE_STORE;
        flags |= uid_equal(&core->simple_store, &section->uid) ? STATUS_SIMPLE_STORE : 0;
    }
    pthread_mutex_unlock(&core->lock);
    return flags;
}

unsigned session_simple_choice(struct session_core *core)
{
    pthread_mutex_lock(&core->lock);
    unsigned choice = core->simple_choice;
    pthread_mutex_unlock(&core->lock);
    return choice;
}

/* A temporary choice, or the end of one, which those who watch the tables of this session cannot see in the profile. */
static void choose_simple(struct session_core *core, bool chosen, const MAPIUID *section)
{
    pthread_mutex_lock(&core->lock);
    core->simple_chosen = chosen;
    core->simple_store = *section;
    core->simple_choice++;
    pthread_mutex_unlock(&core->lock);
    stores_table_look(true);
}

/* The flag of PR_RESOURCE_FLAGS that a call of SetDefaultStore moves to the store, 0 for an unknown one. */
static ULONG store_flag(ULONG flags)
{
    switch (flags) {
    case MAPI_DEFAULT_STORE:
        return STATUS_DEFAULT_STORE;
    case MAPI_SIMPLE_STORE_TEMPORARY:
    case MAPI_SIMPLE_STORE_PERMANENT:
        return STATUS_SIMPLE_STORE;
    case MAPI_PRIMARY_STORE:
        return STATUS_PRIMARY_STORE;
    case MAPI_SECONDARY_STORE:
        return STATUS_SECONDARY_STORE;
    default:
        return 0;
    }
}

/* A store that can be the default can be written to and sent from (imapisession-setdefaultstore.md). */
static HRESULT check_capable(struct session_core *core, ULONG size, LPENTRYID id)
{
    static const SizedSPropTagArray(1, tags) = {1, {PR_STORE_SUPPORT_MASK}};
    const ULONG needed = STORE_SUBMIT_OK | STORE_CREATE_OK | STORE_MODIFY_OK;
    LPMDB store = NULL;
    LPSPropValue values = NULL;
    ULONG count = 0;
    HRESULT hr = session_open_store(core, 0, size, id, NULL, MDB_NO_DIALOG | MDB_WRITE, &store);
    if (FAILED(hr)) {
        return hr;
    }
    hr = store->lpVtbl->GetProps(store, (LPSPropTagArray)(uintptr_t)&tags, 0, &count, &values);
    if (SUCCEEDED(hr)) {
        bool capable =
            count == 1 && values[0].ulPropTag == PR_STORE_SUPPORT_MASK && (values[0].Value.ul & needed) == needed;
        hr = capable ? S_OK
                     : fail(MAPI_E_NO_ACCESS,
                            "The store cannot be the default: it must allow changes, new messages and sending.");
    }
    MAPIFreeBuffer(values);
    store->lpVtbl->Release(store);
    return hr;
}

/* Sets the flag on one store's section and clears it on the others. */
static HRESULT move_flag(struct session_core *core, const struct section_list *stores, size_t chosen, ULONG flag)
{
    struct database *db;
    int64_t id = 0;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    hr = profile_row(db, core->profile, &id);
    hr = hr == S_OK ? profile_database_begin(db) : hr;
    if (hr == S_OK) {
        for (size_t i = 0; i < stores->count && hr == S_OK; i++) {
            ULONG old = bag_long(&stores->items[i].props, PR_RESOURCE_FLAGS, 0);
            ULONG wanted = i == chosen ? old | flag : old & ~flag;
            if (wanted != old) {
                hr = bag_set_long(&stores->items[i].props, PR_RESOURCE_FLAGS, wanted);
                hr = hr == S_OK ? section_save(db, id, &stores->items[i]) : hr;
            }
        }
        HRESULT ended = profile_database_end(db, hr == S_OK);
        hr = hr == S_OK ? ended : hr;
    }
    profile_database_leave();
    return hr;
}

static HRESULT find_store(struct session_core *core, const struct section_list *stores, ULONG size, LPENTRYID id,
                          size_t *found)
{
    for (*found = 0; *found < stores->count; ++*found) {
        const struct prop_entry *own = bag_binary(&stores->items[*found].props, PR_ENTRYID);
        ULONG same = FALSE;
        if (own && (SUCCEEDED(session_compare(core, own->size, (LPENTRYID)own->bytes, size, id, 0, &same)) && same)) {
            return S_OK;
        }
    }
    return fail(MAPI_E_NOT_FOUND, "The profile '%s' has no such store.", core->profile->name);
}

HRESULT session_set_default_store(struct session_core *core, ULONG flags, ULONG size, LPENTRYID id)
{
    struct section_list stores = {0};
    ULONG flag = store_flag(flags);
    size_t chosen = 0;
    MAPIUID uid;
    struct store_entryid store;
    if (flag == 0) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "SetDefaultStore needs exactly one of its flags, not 0x%08x.",
                    (unsigned)flags);
    }
    if (id && entryid_parse(size, id, &uid, &store) != ENTRYID_STORE) {
        return fail(MAPI_E_INVALID_ENTRYID, "The entry identifier is not one of a message store.");
    }
    HRESULT hr = session_store_sections(core, &stores);
    if (hr == S_OK && id) {
        hr = find_store(core, &stores, size, id, &chosen);
        hr = hr == S_OK ? check_capable(core, size, id) : hr;
    }
    /* A temporary choice is for the tables of this session only (imapisession-setdefaultstore.md). */
    if (hr == S_OK && flags != MAPI_SIMPLE_STORE_TEMPORARY) {
        hr = move_flag(core, &stores, id ? chosen : stores.count, flag);
    }
    if (hr == S_OK && flag == STATUS_SIMPLE_STORE) {
        choose_simple(core, flags == MAPI_SIMPLE_STORE_TEMPORARY, id ? &stores.items[chosen].uid : &uid_none);
    }
    section_list_clear(&stores);
    return hr;
}

/* Hands out PR_IDENTITY_ENTRYID of a bag, or a one-off made from PR_IDENTITY_DISPLAY; MAPI_E_NOT_FOUND where
   it has neither. */
static HRESULT identity_of(const struct prop_bag *bag, bool make_one_off, ULONG *size, LPENTRYID *out)
{
    const struct prop_entry *id = bag_binary(bag, PR_IDENTITY_ENTRYID);
    char *name = NULL;
    if (id) {
        void *block = NULL;
        if (MAPIAllocateBuffer(id->size, &block) != S_OK) {
            return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for an entry identifier.");
        }
        *out = memcpy(block, id->bytes, id->size);
        *size = id->size;
        return S_OK;
    }
    if (!make_one_off) {
        return MAPI_E_NOT_FOUND;
    }
    HRESULT hr = bag_text(bag, PR_IDENTITY_DISPLAY, &name);
    if (hr == S_OK) {
        hr = name ? entryid_one_off(name, "MAPI", name, 0, size, out) : MAPI_E_NOT_FOUND;
    }
    free(name);
    return hr;
}

/* What is said for the user where no provider knows one: always the same (imapisession-queryidentity.md, 06 N18). */
static HRESULT nobody(ULONG *size, LPENTRYID *out)
{
    HRESULT hr = entryid_one_off("Unknown", "NONE", "Unknown", 0, size, out);
    return hr == S_OK ? MAPI_W_NO_SERVICE : hr;
}

/* Copies of the status rows that the open stores have set, for looking at them without the lock. */
static HRESULT copy_status_rows(struct session_core *core, struct section_list *out)
{
    HRESULT hr = S_OK;
    pthread_mutex_lock(&core->lock);
    for (struct store_logon *logon = core->logons; logon && hr == S_OK; logon = logon->next) {
        struct section *items = realloc(out->items, (out->count + 1) * sizeof *items);
        if (!items) {
            hr = fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to look for the user's identity.");
            break;
        }
        out->items = items;
        items[out->count] = (struct section){.uid = logon->section};
        hr = prop_bag_copy(&items[out->count].props, &logon->status);
        out->count += hr == S_OK;
    }
    pthread_mutex_unlock(&core->lock);
    return hr;
}

/* The one flagged as primary first, then any that has an identity. */
static HRESULT search(const struct section_list *list, bool primary, ULONG *size, LPENTRYID *out)
{
    HRESULT hr = MAPI_E_NOT_FOUND;
    for (size_t i = 0; i < list->count && hr == MAPI_E_NOT_FOUND; i++) {
        const struct prop_bag *bag = &list->items[i].props;
        if (!primary || (bag_long(bag, PR_RESOURCE_FLAGS, 0) & STATUS_PRIMARY_IDENTITY)) {
            hr = identity_of(bag, primary, size, out);
        }
    }
    return hr;
}

HRESULT session_query_identity(struct session_core *core, ULONG *size, LPENTRYID *out)
{
    struct section_list status = {0}, sections = {0};
    HRESULT hr = copy_status_rows(core, &status);
    hr = hr == S_OK ? session_provider_sections(core, &sections) : hr;
    if (hr == S_OK) {
        hr = search(&status, true, size, out);
        hr = hr == MAPI_E_NOT_FOUND ? search(&sections, true, size, out) : hr;
        hr = hr == MAPI_E_NOT_FOUND ? search(&status, false, size, out) : hr;
        hr = hr == MAPI_E_NOT_FOUND ? search(&sections, false, size, out) : hr;
        hr = hr == MAPI_E_NOT_FOUND ? nobody(size, out) : hr;
    }
    section_list_clear(&status);
    section_list_clear(&sections);
    return hr;
}
