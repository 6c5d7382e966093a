/* What needs the session: accounts and the message services they stand for, the stores they deliver into
 * (iolkaccountmanager-init.md). The session is borrowed from the helper for each of these and given back before it
 * ends; only documented interfaces of it are used, so that any helper's session will do.
 *
 * An account of type CLSID_OlkMAPIAccount stands for each message service that stores or transports mail. It comes
 * and goes with the service, and has its name; deleted, it takes the service with it. / */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapitags.h>
#include <mapiutil.h>

#include "account/account_manager.h"
#include "account/identity.h"
#include "base/failure.h"
#include "base/utf.h"
#include "core/section.h"

struct service_list {
    struct account_service *items;
    size_t count;
};

static void service_list_clear(struct service_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].store);
    }
    free(list->items);
    *list = (struct service_list){0};
}

/* A table's rows with these columns, for FreeProws. */
static HRESULT read_table(IMAPITable *table, const SPropTagArray *columns, SRowSet **rows)
{
    HRESULT hr = HrQueryAllRows(table, (SPropTagArray *)(uintptr_t)columns, NULL, NULL, 0, rows);
    table->lpVtbl->Release(table);
    return FAILED(hr) ? hr : S_OK;
}

static bool is_uid(const SPropValue *value, ULONG tag)
{
    return value->ulPropTag == tag && value->Value.bin.cb == sizeof(MAPIUID);
}

/* ---- what the profile has ---- */

enum { SERVICE_UID, SERVICE_NAME, SERVICE_DISPLAY_NAME, SERVICE_COLUMNS };

static HRESULT read_service(const SPropValue *row, struct account_service *out)
{
    const SPropValue *name =
        row[SERVICE_DISPLAY_NAME].ulPropTag == PR_DISPLAY_NAME_W ? &row[SERVICE_DISPLAY_NAME] : &row[SERVICE_NAME];
    LPCWSTR text =
        name->ulPropTag == PR_DISPLAY_NAME_W || name->ulPropTag == PR_SERVICE_NAME_W ? name->Value.lpszW : u"";
    memset(out, 0, sizeof *out);
    memcpy(&out->uid, row[SERVICE_UID].Value.bin.lpb, sizeof out->uid);
    if (row[SERVICE_NAME].ulPropTag == PR_SERVICE_NAME_W) {
        char narrow[sizeof "MSEMS"] = "";
        size_t units = utf16_length(row[SERVICE_NAME].Value.lpszW);
        if (utf16_to_utf8_length(row[SERVICE_NAME].Value.lpszW, units, UTF_REPLACE) < sizeof narrow)
            utf16_to_utf8(row[SERVICE_NAME].Value.lpszW, units, narrow, UTF_REPLACE);
        out->exchange = strcasecmp(narrow, "MSEMS") == 0; /* the message service of Exchange */
    }
    return utf16_to_utf8_new(text, utf16_length(text), UTF_REPLACE, &out->name, NULL);
}

static HRESULT list_services(IMsgServiceAdmin *admin, struct service_list *out)
{
    static const SizedSPropTagArray(SERVICE_COLUMNS, columns) = {
        SERVICE_COLUMNS, {PR_SERVICE_UID, PR_SERVICE_NAME_W, PR_DISPLAY_NAME_W}};
    IMAPITable *table = NULL;
    SRowSet *rows = NULL;
    HRESULT hr = admin->lpVtbl->GetMsgServiceTable(admin, 0, &table);
    if (SUCCEEDED(hr))
        hr = read_table(table, (const SPropTagArray *)(const void *)&columns, &rows);
    if (FAILED(hr))
        return hr;
    out->items = calloc(rows->cRows > 0 ? rows->cRows : 1, sizeof *out->items);
    hr = out->items != NULL ? S_OK : fail(E_OUTOFMEMORY, "There is not enough memory for the message services.");
    for (ULONG i = 0; i < rows->cRows && hr == S_OK; i++) {
        if (!is_uid(&rows->aRow[i].lpProps[SERVICE_UID], PR_SERVICE_UID))
            continue;
        hr = read_service(rows->aRow[i].lpProps, &out->items[out->count]);
        if (hr == S_OK)
            out->count++;
    }
    FreeProws(rows);
    return hr;
}

/* The entry identifier of a provider's store, from its profile section; none where there is none to be read. */
static HRESULT read_store(IMsgServiceAdmin *admin, const SPropValue *uid, struct account_service *service)
{
    MAPIUID section_uid;
    IProfSect *section = NULL;
    SPropValue *id = NULL;
    memcpy(&section_uid, uid->Value.bin.lpb, sizeof section_uid);
    HRESULT hr = admin->lpVtbl->OpenProfileSection(admin, &section_uid, NULL, MAPI_FORCE_ACCESS, &section);
    if (FAILED(hr))
        return hr == E_OUTOFMEMORY ? hr : S_OK;
    hr = HrGetOneProp((IMAPIProp *)section, PR_ENTRYID, &id);
    section->lpVtbl->Release(section);
    if (FAILED(hr))
        return hr == E_OUTOFMEMORY ? hr : S_OK;
    service->store = malloc(id->Value.bin.cb > 0 ? id->Value.bin.cb : 1);
    if (service->store != NULL) {
        memcpy(service->store, id->Value.bin.lpb, id->Value.bin.cb);
        service->store_size = id->Value.bin.cb;
    }
    MAPIFreeBuffer(id);
    return service->store != NULL ? S_OK : fail(E_OUTOFMEMORY, "There is not enough memory for the message services.");
}

enum { PROVIDER_SERVICE, PROVIDER_UID, PROVIDER_TYPE, PROVIDER_FLAGS, PROVIDER_COLUMNS };

static HRESULT read_provider(IMsgServiceAdmin *admin, const SPropValue *row, struct service_list *services)
{
    if (!is_uid(&row[PROVIDER_SERVICE], PR_SERVICE_UID) || row[PROVIDER_TYPE].ulPropTag != PR_RESOURCE_TYPE)
        return S_OK;
    size_t at = 0;
    while (at < services->count &&
           memcmp(&services->items[at].uid, row[PROVIDER_SERVICE].Value.bin.lpb, sizeof(MAPIUID)) != 0)
        at++;
    if (at == services->count)
        return S_OK;
    struct account_service *service = &services->items[at];
    ULONG flags = row[PROVIDER_FLAGS].ulPropTag == PR_RESOURCE_FLAGS ? row[PROVIDER_FLAGS].Value.ul : 0;
    switch (row[PROVIDER_TYPE].Value.l) {
    case MAPI_STORE_PROVIDER:
        service->categories |= CATEGORY_STORE;
        service->is_default = service->is_default || (flags & STATUS_DEFAULT_STORE);
        return service->store == NULL && is_uid(&row[PROVIDER_UID], PR_PROVIDER_UID)
                   ? read_store(admin, &row[PROVIDER_UID], service)
                   : S_OK;
    case MAPI_TRANSPORT_PROVIDER:
        service->categories |= CATEGORY_MAIL;
        return S_OK;
    default:
        return S_OK;
    }
}

static HRESULT read_providers(IMsgServiceAdmin *admin, struct service_list *services)
{
    static const SizedSPropTagArray(PROVIDER_COLUMNS, columns) = {
        PROVIDER_COLUMNS, {PR_SERVICE_UID, PR_PROVIDER_UID, PR_RESOURCE_TYPE, PR_RESOURCE_FLAGS}};
    IMAPITable *table = NULL;
    SRowSet *rows = NULL;
    HRESULT hr = admin->lpVtbl->GetProviderTable(admin, 0, &table);
    if (SUCCEEDED(hr))
        hr = read_table(table, (const SPropTagArray *)(const void *)&columns, &rows);
    if (FAILED(hr))
        return hr;
    for (ULONG i = 0; i < rows->cRows && hr == S_OK; i++)
        hr = read_provider(admin, rows->aRow[i].lpProps, services);
    FreeProws(rows);
    return hr;
}

/* The services that keep or carry mail; nobody has an account for the others. */
static HRESULT list_mail_services(IMAPISession *session, struct service_list *out)
{
    IMsgServiceAdmin *admin = NULL;
    HRESULT hr = session->lpVtbl->AdminServices(session, 0, &admin);
    if (FAILED(hr))
        return hr;
    hr = list_services(admin, out);
    if (hr == S_OK)
        hr = read_providers(admin, out);
    admin->lpVtbl->Release(admin);
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++) {
        struct account_service *service = &out->items[i];
        if (service->categories != 0) {
            out->items[kept++] = *service;
        } else {
            free(service->name);
            free(service->store);
            *service = (struct account_service){0};
        }
    }
    out->count = kept;
    return hr;
}

/* ---- stores ---- */

enum { STORE_ENTRYID, STORE_DEFAULT, STORE_COLUMNS };

static HRESULT list_stores(IMAPISession *session, SRowSet **rows)
{
    static const SizedSPropTagArray(STORE_COLUMNS, columns) = {STORE_COLUMNS, {PR_ENTRYID, PR_DEFAULT_STORE}};
    IMAPITable *table = NULL;
    HRESULT hr = session->lpVtbl->GetMsgStoresTable(session, 0, &table);
    return SUCCEEDED(hr) ? read_table(table, (const SPropTagArray *)(const void *)&columns, rows) : hr;
}

static bool has_store(IMAPISession *session, const SRowSet *stores, const struct prop_entry *id)
{
    for (ULONG i = 0; i < stores->cRows; i++) {
        const SPropValue *store = &stores->aRow[i].lpProps[STORE_ENTRYID];
        ULONG same = FALSE;
        if (store->ulPropTag == PR_ENTRYID &&
            SUCCEEDED(session->lpVtbl->CompareEntryIDs(session, id->size, (LPENTRYID)(void *)id->bytes,
                                                       store->Value.bin.cb, (LPENTRYID)(void *)store->Value.bin.lpb, 0,
                                                       &same)) &&
            same)
            return true;
    }
    return false;
}

/* The accounts that deliver into a store that the profile has no more: their ids, for free(). */
static HRESULT list_homeless(struct manager *self, IMAPISession *session, DWORD **ids, size_t *count)
{
    struct account_list accounts = {0};
    SRowSet *stores = NULL;
    HRESULT hr = account_store_list(self->profile, 0, (enum account_type)0, &accounts);
    if (hr == S_OK)
        hr = list_stores(session, &stores);
    if (hr == S_OK) {
        *ids = malloc((accounts.count > 0 ? accounts.count : 1) * sizeof **ids);
        hr =
            *ids != NULL ? S_OK : fail(E_OUTOFMEMORY, "There is not enough memory to look after the accounts' stores.");
    }
    for (size_t i = 0; i < accounts.count && hr == S_OK; i++) {
        const struct prop_entry *id = prop_bag_find(&accounts.items[i]->props, PROP_ACCT_DELIVERY_STORE);
        if (id != NULL && id->bytes != NULL && !has_store(session, stores, id))
            (*ids)[(*count)++] = accounts.items[i]->id;
    }
    FreeProws(stores);
    account_list_clear(&accounts);
    return hr;
}

/* ---- the sync ---- */

/* A session of another profile would bring that one's services in here. */
static HRESULT check_profile(struct manager *self, IMAPISession *session)
{
    LPWSTR wide = NULL;
    char *name = NULL;
    HRESULT hr = identity_of_session(session, &wide);
    if (FAILED(hr))
        return hr;
    hr = utf16_to_utf8_new(wide, utf16_length(wide), UTF_REPLACE, &name, NULL);
    MAPIFreeBuffer(wide);
    if (hr == S_OK && strcmp(name, self->profile->name) != 0)
        hr = fail(E_OLK_REGISTRY, "The account helper names the profile '%s', and its session is on '%s'.",
                  self->profile->name, name);
    free(name);
    return hr;
}

/* Gives a service the name in `service`. */
static HRESULT rename_service(IMAPISession *session, const MAPIUID *uid, const char *name)
{
    MAPIUID section_uid = *uid;
    IProfSect *section = NULL;
    WCHAR *wide = NULL;
    HRESULT hr = utf8_to_utf16_new(name, strlen(name), UTF_REPLACE, &wide, NULL);
    if (hr != S_OK)
        return hr;
    hr = session->lpVtbl->OpenProfileSection(session, &section_uid, NULL, MAPI_MODIFY, &section);
    if (SUCCEEDED(hr)) {
        SPropValue value = {.ulPropTag = PR_DISPLAY_NAME_W};
        value.Value.lpszW = wide;
        hr = section->lpVtbl->SetProps(section, 1, &value, NULL);
        if (SUCCEEDED(hr))
            hr = section->lpVtbl->SaveChanges(section, 0);
        section->lpVtbl->Release(section);
    }
    free(wide);
    return FAILED(hr) ? hr : S_OK;
}

/* Names that are newer on the account's side. What fails now is tried again by the next sync. */
static void rename_services(struct manager *self, IMAPISession *session, const struct service_list *services)
{
    for (size_t i = 0; i < services->count; i++) {
        const struct account_service *service = &services->items[i];
        HRESULT hr = service->rename ? rename_service(session, &service->uid, service->name) : S_FALSE;
        if (hr == S_OK)
            hr = account_store_agree(self->profile, &service->uid, service->name);
        if (FAILED(hr))
            manager_warn(self, hr,
                         "A message service could not be given the name of its account; the next synchronisation will "
                         "try again.");
    }
}

static HRESULT sync_with(struct manager *self, IMAPISession *session)
{
    struct service_list services = {0};
    DWORD *homeless = NULL;
    size_t homeless_count = 0;
    HRESULT hr = check_profile(self, session);
    if (hr == S_OK)
        hr = list_mail_services(session, &services);
    if (hr == S_OK && !(self->flags & ACCT_INIT_NO_STORES_CHECK))
        hr = list_homeless(self, session, &homeless, &homeless_count);
    if (hr == S_OK)
        hr = account_store_sync(self->profile, services.items, services.count, homeless, homeless_count);
    if (hr == S_OK)
        rename_services(self, session, &services);
    free(homeless);
    service_list_clear(&services);
    return hr;
}

HRESULT manager_sync(struct manager *self)
{
    IMAPISession *session = NULL;
    HRESULT hr = manager_session(self, &session);
    if (hr != S_OK)
        return hr;
    hr = sync_with(self, session);
    session->lpVtbl->Release(session);
    return hr;
}

static bool stands_for_service(const struct manager *self, const struct account_record *record)
{
    return !(self->flags & ACCT_INIT_NOSYNCH_MAPI_ACCTS) && !uid_equal(&record->service, &uid_none);
}

void manager_push_name(struct manager *self, const struct account_record *record)
{
    struct account_service service = {.uid = record->service, .rename = true};
    struct service_list services = {&service, 1};
    IMAPISession *session = NULL;
    if (!stands_for_service(self, record) || bag_text(&record->props, PROP_ACCT_NAME, &service.name) != S_OK ||
        service.name == NULL)
        return;
    if (manager_session(self, &session) == S_OK) {
        rename_services(self, session, &services);
        session->lpVtbl->Release(session);
    }
    free(service.name);
}

/* ---- the service goes with its account ---- */

static HRESULT delete_service(IMAPISession *session, const MAPIUID *uid)
{
    MAPIUID service_uid = *uid;
    IMsgServiceAdmin *admin = NULL;
    HRESULT hr = session->lpVtbl->AdminServices(session, 0, &admin);
    if (FAILED(hr))
        return hr;
    hr = admin->lpVtbl->DeleteMsgService(admin, &service_uid);
    admin->lpVtbl->Release(admin);
    return FAILED(hr) && hr != MAPI_E_NOT_FOUND ? hr : S_OK;
}

/* Deleting the service deletes its store, with the mail: not while it is the one that everything is delivered into. */
static HRESULT check_removable(IMAPISession *session, const MAPIUID *uid)
{
    struct service_list services = {0};
    HRESULT hr = list_mail_services(session, &services);
    for (size_t i = 0; i < services.count && hr == S_OK; i++)
        if (uid_equal(&services.items[i].uid, uid) && services.items[i].is_default)
            hr = fail(E_ACCESSDENIED,
                      "The account stands for the default message store; make another store the default first.");
    service_list_clear(&services);
    return hr;
}

HRESULT manager_remove_service(struct manager *self, const struct account_record *record)
{
    IMAPISession *session = NULL;
    if (!stands_for_service(self, record))
        return S_OK;
    HRESULT hr = manager_session(self, &session);
    if (hr != S_OK)
        return hr;
    hr = check_removable(session, &record->service);
    if (hr == S_OK)
        hr = delete_service(session, &record->service);
    session->lpVtbl->Release(session);
    return hr;
}

/* ---- where accounts deliver unless they say ---- */

static HRESULT give_binary(ULONG size, const void *bytes, ACCT_BIN *out)
{
    out->pb = account_memory_new(MEMORY_OF_ACCOUNT, size);
    if (out->pb == NULL)
        return E_OUTOFMEMORY;
    memcpy(out->pb, bytes, size);
    out->cb = size;
    return S_OK;
}

static HRESULT find_default_store(IMAPISession *session, ACCT_BIN *out)
{
    SRowSet *rows = NULL;
    HRESULT hr = list_stores(session, &rows);
    if (hr != S_OK)
        return hr;
    hr = E_ACCT_NOT_FOUND;
    for (ULONG i = 0; i < rows->cRows && hr == E_ACCT_NOT_FOUND; i++) {
        const SPropValue *row = rows->aRow[i].lpProps;
        if (row[STORE_DEFAULT].ulPropTag == PR_DEFAULT_STORE && row[STORE_DEFAULT].Value.b &&
            row[STORE_ENTRYID].ulPropTag == PR_ENTRYID)
            hr = give_binary(row[STORE_ENTRYID].Value.bin.cb, row[STORE_ENTRYID].Value.bin.lpb, out);
    }
    FreeProws(rows);
    return hr;
}

static HRESULT open_delivery_store(IMAPISession *session, const struct account_record *record, IMsgStore **out)
{
    const struct prop_entry *own = prop_bag_find(&record->props, PROP_ACCT_DELIVERY_STORE);
    ACCT_BIN id = {0, NULL};
    bool has_own = own != NULL && own->bytes != NULL;
    HRESULT hr = has_own ? S_OK : find_default_store(session, &id);
    if (hr == S_OK)
        hr = session->lpVtbl->OpenMsgStore(session, 0, has_own ? own->size : id.cb,
                                           (LPENTRYID)(void *)(has_own ? own->bytes : id.pb), NULL,
                                           MDB_NO_DIALOG | MDB_NO_MAIL, out);
    account_memory_free(MEMORY_OF_ACCOUNT, id.pb);
    return FAILED(hr) ? hr : S_OK;
}

/* "The default delivery folder is Inbox" (prop_acct_delivery_folder.md): the one that mail without a rule of its own
 * is received in. */
static HRESULT find_inbox(IMsgStore *store, ACCT_BIN *out)
{
    ULONG size = 0;
    ENTRYID *id = NULL;
    HRESULT hr = store->lpVtbl->GetReceiveFolder(store, NULL, 0, &size, &id, NULL);
    if (FAILED(hr))
        return hr;
    hr = give_binary(size, id, out);
    MAPIFreeBuffer(id);
    return hr;
}

static HRESULT find_sent_items(IMsgStore *store, ACCT_BIN *out)
{
    SPropValue *value = NULL;
    HRESULT hr = HrGetOneProp((IMAPIProp *)store, PR_IPM_SENTMAIL_ENTRYID, &value);
    if (FAILED(hr))
        return hr;
    hr = give_binary(value->Value.bin.cb, value->Value.bin.lpb, out);
    MAPIFreeBuffer(value);
    return hr;
}

static HRESULT find_default(IMAPISession *session, const struct account_record *record, DWORD tag, ACCT_BIN *out)
{
    IMsgStore *store = NULL;
    if (tag == PROP_ACCT_DELIVERY_STORE)
        return find_default_store(session, out);
    HRESULT hr = open_delivery_store(session, record, &store);
    if (hr != S_OK)
        return hr;
    hr = tag == PROP_ACCT_DELIVERY_FOLDER ? find_inbox(store, out) : find_sent_items(store, out);
    store->lpVtbl->Release(store);
    return hr;
}

HRESULT manager_default_entryid(struct manager *self, const struct account_record *record, DWORD tag, ACCT_BIN *out)
{
    IMAPISession *session = NULL;
    HRESULT hr = manager_session(self, &session);
    if (hr == S_OK) {
        hr = find_default(session, record, tag, out);
        session->lpVtbl->Release(session);
    }
    if (hr == S_OK || hr == E_OUTOFMEMORY)
        return hr;
    const char *why = failure_detail(hr);
    return fail(E_ACCT_NOT_FOUND, "The account names no store or folder, and its profile's could not be found: %s",
                why != NULL ? why : "there is none.");
}
