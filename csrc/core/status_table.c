/* IMAPISession::GetStatusTable (imapisession-getstatustable.md), and opening what its rows stand for. */
#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/memtable.h"
#include "core/status.h"
#include "core/table_row.h"

/* The columns to begin with: what every row has, and what many have. A provider may have added others, for SetColumns. Strings are as
 * wide as was asked for.
 */
static const SizedSPropTagArray(15, wide_columns) = {
    15,
    {PR_DISPLAY_NAME_W, PR_STATUS_CODE, PR_RESOURCE_METHODS, PR_PROVIDER_DLL_NAME_W, PR_RESOURCE_FLAGS,
     PR_RESOURCE_TYPE, PR_ENTRYID, PR_INSTANCE_KEY, PR_OBJECT_TYPE, PR_ROWID, PR_PROVIDER_DISPLAY_W, PR_STATUS_STRING_W,
     PR_IDENTITY_DISPLAY_W, PR_IDENTITY_ENTRYID, PR_IDENTITY_SEARCH_KEY}};
static const SizedSPropTagArray(15, narrow_columns) = {
    15,
    {PR_DISPLAY_NAME_A, PR_STATUS_CODE, PR_RESOURCE_METHODS, PR_PROVIDER_DLL_NAME_A, PR_RESOURCE_FLAGS,
     PR_RESOURCE_TYPE, PR_ENTRYID, PR_INSTANCE_KEY, PR_OBJECT_TYPE, PR_ROWID, PR_PROVIDER_DISPLAY_A, PR_STATUS_STRING_A,
     PR_IDENTITY_DISPLAY_A, PR_IDENTITY_ENTRYID, PR_IDENTITY_SEARCH_KEY}};

/* All that a bag has, for table_row_add_bag. */
static SPropTagArray *tags_of(const struct prop_bag *bag)
{
    SPropTagArray *tags = malloc(CbNewSPropTagArray(bag->count + 1));
    if (tags) {
        tags->cValues = (ULONG)bag->count;
        for (size_t i = 0; i < bag->count; i++) {
            tags->aulPropTag[i] = bag->items[i].tag;
        }
    }
    return tags;
}

static HRESULT append_row(struct memtable *table, const struct prop_bag *bag)
{
    struct table_row row;
    SPropTagArray *tags = tags_of(bag);
    HRESULT hr = tags ? table_row_begin(&row, tags->cValues)
                      : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for the status table.");
    if (hr == S_OK) {
        table_row_add_bag(&row, tags, bag);
        hr = table_row_append(&row, table);
    }
    free(tags);
    return hr;
}

HRESULT session_status_table(struct session_core *core, ULONG flags, LPMAPITABLE *out)
{
    struct status_rows rows = {0};
    struct memtable *table = NULL;
    *out = NULL;
    if (flags & ~MAPI_UNICODE) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "GetStatusTable takes the flag MAPI_UNICODE only, not 0x%08x.",
                    (unsigned)flags);
    }
    HRESULT hr = status_rows_load(core, &rows);
    const void *columns = flags & MAPI_UNICODE ? (const void *)&wide_columns : (const void *)&narrow_columns;
    hr = hr == S_OK ? memtable_create(core->life, columns, &table) : hr;
    for (size_t i = 0; i < rows.count && hr == S_OK; i++) {
        hr = append_row(table, &rows.items[i].props);
    }
    status_rows_clear(&rows);
    if (hr != S_OK) {
        memtable_release(table);
        return hr;
    }
    *out = memtable_as_table(table);
    return S_OK;
}

/* The logon that has set the row of a section, with a reference; else any logon on it, else NULL. */
static IMSLogon *logon_on(struct session_core *core, const MAPIUID *section)
{
    const struct store_logon *found = NULL;
    IMSLogon *logon = NULL;
    pthread_mutex_lock(&core->lock);
    for (const struct store_logon *each = core->logons; each && !(found && found->status.count > 0);
         each = each->next) {
        if (each->logon && uid_equal(&each->section, section) && (!found || each->status.count > 0)) {
            found = each;
        }
    }
    if (found) {
        logon = found->logon;
        logon->lpVtbl->AddRef(logon);
    }
    pthread_mutex_unlock(&core->lock);
    return logon;
}

/* The provider's own status object. MAPI_E_NO_SUPPORT where it has none (stores may choose, status-tables.md) or is not logged on. */
static HRESULT open_at_provider(struct session_core *core, const struct status_key *key, LPCIID iid, ULONG flags,
                                ULONG *type, LPUNKNOWN *out)
{
    IMSLogon *logon = logon_on(core, &key->section);
    LPVOID object = NULL;
    if (!logon) {
        return MAPI_E_NO_SUPPORT;
    }
    HRESULT hr = logon->lpVtbl->OpenStatusEntry(logon, iid, flags & MAPI_MODIFY, type, &object);
    logon->lpVtbl->Release(logon);
    if (SUCCEEDED(hr) && !object) {
        return fail(MAPI_E_CALL_FAILED, "The provider answered without a status object.");
    }
    *out = SUCCEEDED(hr) ? object : NULL;
    return hr;
}

HRESULT session_open_status(struct session_core *core, ULONG size, const ENTRYID *id, LPCIID iid, ULONG flags,
                            ULONG *type, LPUNKNOWN *out)
{
    struct status_key key;
    struct status_rows rows = {0};
    ULONG opened = MAPI_STATUS;
    *out = NULL;
    HRESULT hr = status_entryid_parse(size, id, &key);
    hr = hr == S_OK ? status_rows_load(core, &rows) : hr;
    if (hr != S_OK) {
        return hr;
    }
    const struct status_row *row = status_rows_find(&rows, &key);
    if (!row) {
        hr = fail(MAPI_E_NOT_FOUND,
                  "The status table has no such row; its provider may have been removed or logged off.");
    } else {
        hr = uid_equal(&key.section, &uid_none) ? MAPI_E_NO_SUPPORT
                                                : open_at_provider(core, &key, iid, flags, &opened, out);
        if (hr == MAPI_E_NO_SUPPORT) {
            opened = MAPI_STATUS;
            hr = status_object_create(core, &key, iid, out);
        }
    }
    status_rows_clear(&rows);
    if (SUCCEEDED(hr) && type) {
        *type = opened;
    }
    return hr;
}
