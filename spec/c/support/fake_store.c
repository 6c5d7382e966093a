#include "support/fake_store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiutil.h>

#include "base/object.h"
#include "core/entryid.h"
#include "core/services.h"

struct fake_log fake_log;
struct fake_plan fake_plan;

static const MAPIUID provider_uid = {{0xFA, 0xCE, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}};

/* A provider's own entry identifier of a store. */
struct own_entryid {
    BYTE flags[4];
    MAPIUID provider;
    MAPIUID store;
};

static void note(char event)
{
    size_t n = strlen(fake_log.order);
    if (n + 1 < sizeof fake_log.order)
        fake_log.order[n] = event;
}

/* The logon object and the store object refer to one store. */
struct store {
    atomic_uint refs; /* both objects' */
    MAPIUID uid;
    atomic_bool ended; /* a client may release while another of its threads logs off */
    bool writable;
    IMAPISupport *support;
    struct provider *provider;
    struct store *next;
    struct store_object *object; /* not counted; NULL when the client has released it */
};

struct provider {
    struct object object;
    IMAPIProviderShutdown shutdown;
    unsigned number; /* from 1 */
    struct store *stores;
};

static unsigned providers_made;
static IMAPISupport *last_support;

struct store_object {
    struct object object;
    struct store *store;
};

static void store_unref(struct store *store)
{
    if (atomic_fetch_sub(&store->refs, 1) == 1)
        free(store);
}

static void leave_provider(struct store *store)
{
    if (store->provider) {
        struct store **link = &store->provider->stores;
        while (*link != store)
            link = &(*link)->next;
        *link = store->next;
        store->provider = NULL;
    }
}

/* What both endings do: the logon's Logoff and the client's last Release. The support object is released last. */
static void end_store(struct store *store)
{
    if (atomic_exchange(&store->ended, true))
        return;
    IMAPISupport *support = store->support;
    store->support = NULL;
    last_support = support == last_support ? NULL : last_support;
    leave_provider(store);
    if (support) {
        ULONG flags = LOGOFF_ABORT;
        support->lpVtbl->StoreLogoffTransports(support, &flags);
        support->lpVtbl->Release(support);
    }
}

/* IMsgStore ---------------------------------------------------------------------------------------------- */

OBJECT_IUNKNOWN(store, IMsgStore)

static HRESULT STDMETHODCALLTYPE store_get_props(IMsgStore *This, LPSPropTagArray tags, ULONG flags, ULONG *count,
                                                 LPSPropValue *values)
{
    struct store *store = ((struct store_object *)(void *)This)->store;
    (void)flags;
    if (store->ended)
        return MAPI_E_INVALID_OBJECT;
    if (tags->cValues != 1 || tags->aulPropTag[0] != PR_STORE_SUPPORT_MASK)
        return MAPI_E_NO_SUPPORT;
    SCODE sc = MAPIAllocateBuffer(sizeof(SPropValue), (LPVOID *)values);
    if (sc != S_OK)
        return sc;
    **values = (SPropValue){.ulPropTag = PR_STORE_SUPPORT_MASK};
    (*values)->Value.ul =
        (store->writable ? STORE_MODIFY_OK | STORE_CREATE_OK : 0) | (fake_plan.cannot_submit ? 0 : STORE_SUBMIT_OK);
    *count = 1;
    return S_OK;
}

static const IMsgStoreVtbl store_vtbl = {
    .QueryInterface = store_query_interface,
    .AddRef = store_addref,
    .Release = store_release,
    .GetProps = store_get_props,
};

static void destroy_store_object(struct object *object)
{
    struct store_object *self = (struct store_object *)object;
    struct store *store = self->store;
    object_retire(object);
    free(self);
    store->object = NULL;
    end_store(store);
    store_unref(store);
}

static const GUID *const store_iids[] = {&IID_IMsgStore, &IID_IMAPIProp, NULL};
static const struct object_type store_type = {
    .kind = OBJECT_STORE, .iids = store_iids, .destroy = destroy_store_object};

/* IMSLogon ----------------------------------------------------------------------------------------------- */

OBJECT_IUNKNOWN(logon, IMSLogon)

static HRESULT STDMETHODCALLTYPE logon_logoff(IMSLogon *This, ULONG *flags)
{
    struct store *store = ((struct store_object *)(void *)This)->store;
    note('o');
    fake_log.logoffs++;
    *flags = 0;
    end_store(store);
    return MAPI_E_CALL_FAILED; /* is of no consequence */
}

static HRESULT STDMETHODCALLTYPE logon_open_entry(IMSLogon *This, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                                                  ULONG *type, LPUNKNOWN *out)
{
    struct store *store = ((struct store_object *)(void *)This)->store;
    (void)size;
    (void)id;
    (void)iid;
    (void)flags;
    if (!store->object)
        return MAPI_E_NOT_FOUND;
    object_addref(&store->object->object);
    *type = MAPI_FOLDER;
    *out = (LPUNKNOWN)(void *)store->object;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE logon_compare(IMSLogon *This, ULONG size1, LPENTRYID id1, ULONG size2, LPENTRYID id2,
                                               ULONG flags, ULONG *result)
{
    (void)This;
    (void)flags;
    *result = size1 == size2 && memcmp(id1, id2, size1) == 0;
    return S_OK;
}

/* The provider's own status object is the store object under another name: QueryInterface and counting are all it can do. */
static HRESULT STDMETHODCALLTYPE logon_open_status(IMSLogon *This, LPCIID iid, ULONG flags, ULONG *type, LPVOID *entry)
{
    struct store *store = ((struct store_object *)(void *)This)->store;
    (void)iid;
    fake_log.status_flags = flags;
    *entry = NULL;
    if (fake_plan.status_object != S_FALSE || !store->object)
        return FAILED(fake_plan.status_object) ? fake_plan.status_object : MAPI_E_NO_SUPPORT;
    object_addref(&store->object->object);
    *entry = store->object;
    *type = MAPI_STATUS;
    return S_OK;
}

/* The number is the same for all, as it may be: providers know nothing of each other. */
static HRESULT STDMETHODCALLTYPE logon_advise(IMSLogon *This, ULONG size, LPENTRYID id, ULONG mask,
                                              LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    (void)This, (void)size, (void)id, (void)sink;
    if (FAILED(fake_plan.advise))
        return fake_plan.advise;
    fake_log.advised++;
    fake_log.advised_mask = mask;
    *connection = 1;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE logon_unadvise(IMSLogon *This, ULONG_PTR connection)
{
    (void)This;
    fake_log.unadvised++;
    fake_log.unadvised_number = connection;
    return S_OK;
}

static const IMSLogonVtbl logon_vtbl = {
    .QueryInterface = logon_query_interface,
    .AddRef = logon_addref,
    .Release = logon_release,
    .Logoff = logon_logoff,
    .OpenEntry = logon_open_entry,
    .CompareEntryIDs = logon_compare,
    .Advise = logon_advise,
    .Unadvise = logon_unadvise,
    .OpenStatusEntry = logon_open_status,
};

static void destroy_logon(struct object *object)
{
    struct store_object *self = (struct store_object *)object;
    note('f');
    object_retire(object);
    store_unref(self->store);
    free(self);
}

static const GUID *const logon_iids[] = {&IID_IMSLogon, NULL};
static const struct object_type logon_type = {.kind = OBJECT_PROVIDER, .iids = logon_iids, .destroy = destroy_logon};

/* IMSProvider -------------------------------------------------------------------------------------------- */

OBJECT_IUNKNOWN(provider, IMSProvider)

static HRESULT STDMETHODCALLTYPE provider_shutdown(IMSProvider *This, ULONG *flags)
{
    (void)This;
    note('S');
    fake_log.shutdowns++;
    *flags = 0;
    return S_OK;
}

static struct store_object *make_object(struct store *store, const struct object_type *type, const void *vtbl)
{
    struct store_object *self = calloc(1, sizeof *self);
    if (self) {
        self->store = store;
        store->refs++;
        object_init(&self->object, type, vtbl);
    }
    return self;
}

static HRESULT announce(IMAPISupport *support, const struct store *store)
{
    SPropValue row[5] = {{.ulPropTag = PR_DISPLAY_NAME_A}};
    row[0].Value.lpszA = (LPSTR) "a fake store";
    memcpy(row + 1, fake_plan.status, sizeof fake_plan.status);
    HRESULT hr = support->lpVtbl->SetProviderUID(support, (LPMAPIUID)(uintptr_t)&store->uid, 0);
    if (hr == S_OK)
        hr = support->lpVtbl->ModifyStatusRow(support, 1 + fake_plan.status_count, row, 0);
    if (hr == S_OK && fake_plan.modify_profile)
        hr = support->lpVtbl->ModifyProfile(support, 0);
    return hr;
}

static HRESULT open_store(struct provider *provider, IMAPISupport *support, const struct own_entryid *id, ULONG flags,
                          struct store_object **logon, struct store_object **object)
{
    for (struct store *store = provider->stores; store; store = store->next)
        if (memcmp(&store->uid, &id->store, sizeof id->store) == 0 && store->object) {
            object_addref(&store->object->object);
            *object = store->object;
            return S_OK;
        }
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    store->uid = id->store;
    store->writable = flags & MDB_WRITE;
    store->refs = 1;
    HRESULT hr = announce(support, store);
    if (hr == S_OK) {
        *logon = make_object(store, &logon_type, &logon_vtbl);
        *object = *logon ? make_object(store, &store_type, &store_vtbl) : NULL;
        hr = *object ? S_OK : MAPI_E_NOT_ENOUGH_MEMORY;
    }
    if (hr == S_OK) {
        store->object = *object;
        store->support = support;
        last_support = support;
        support->lpVtbl->AddRef(support);
        store->provider = provider;
        store->next = provider->stores;
        provider->stores = store;
    } else if (*logon) {
        object_release(&(*logon)->object);
        *logon = NULL;
    }
    store_unref(store);
    return hr;
}

static HRESULT say(LPMAPIERROR *error)
{
    if (!fake_plan.said || !error)
        return S_OK;
    LPMAPIERROR made = NULL;
    if (MAPIAllocateBuffer(sizeof *made, (LPVOID *)&made) != S_OK)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    *made = (MAPIERROR){.ulLowLevelError = 42, .ulContext = 7};
    if (MAPIAllocateMore((ULONG)strlen(fake_plan.said) + 1, made, (LPVOID *)&made->lpszError) != S_OK) {
        MAPIFreeBuffer(made);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    strcpy(made->lpszError, fake_plan.said);
    made->lpszComponent = made->lpszError;
    *error = made;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE provider_logon(IMSProvider *This, LPMAPISUP support, ULONG_PTR ui, LPTSTR profile,
                                                ULONG size, LPENTRYID id, ULONG flags, LPCIID iid, ULONG *security_size,
                                                LPBYTE *security, LPMAPIERROR *error, LPMSLOGON *logon_out,
                                                LPMDB *store_out)
{
    struct provider *self = (struct provider *)(void *)This;
    struct store_object *logon = NULL, *object = NULL;
    unsigned call = fake_log.logons++;
    (void)ui;
    (void)iid;
    (void)security_size;
    (void)security;
    note('L');
    fake_log.logon_flags = flags;
    snprintf(fake_log.profile, sizeof fake_log.profile, "%s", profile);
    HRESULT planned = call < 4 ? fake_plan.logon[call] : S_OK;
    if (planned != S_OK && say(error) != S_OK)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    if (FAILED(planned))
        return planned;
    if (size != sizeof(struct own_entryid))
        return MAPI_E_INVALID_ENTRYID;
    if (fake_plan.read_only && (flags & MDB_WRITE))
        return MAPI_E_NO_ACCESS;
    HRESULT hr = open_store(self, support, (const struct own_entryid *)(const void *)id, flags, &logon, &object);
    if (hr != S_OK)
        return hr;
    *logon_out = (LPMSLOGON)(void *)logon;
    *store_out = (LPMDB)(void *)object;
    if (fake_plan.during_logon)
        fake_plan.during_logon(support, fake_plan.context);
    return planned;
}

static HRESULT STDMETHODCALLTYPE provider_compare(IMSProvider *This, ULONG size1, LPENTRYID id1, ULONG size2,
                                                  LPENTRYID id2, ULONG flags, ULONG *result)
{
    (void)This;
    (void)flags;
    if (size1 != sizeof(struct own_entryid) || size2 != sizeof(struct own_entryid))
        return MAPI_E_INVALID_ENTRYID;
    /* The first flag byte differs between the short and the long form of one identifier. */
    *result = memcmp((const char *)id1 + 4, (const char *)id2 + 4, size1 - 4) == 0;
    return S_OK;
}

static const IMSProviderVtbl provider_vtbl = {
    .QueryInterface = provider_query_interface,
    .AddRef = provider_addref,
    .Release = provider_release,
    .Shutdown = provider_shutdown,
    .Logon = provider_logon,
    .CompareStoreIDs = provider_compare,
};

/* IMAPIProviderShutdown ---------------------------------------------------------------------------------- */

static struct provider *of_shutdown(IMAPIProviderShutdown *This)
{
    return (struct provider *)(void *)((char *)This - offsetof(struct provider, shutdown));
}

static HRESULT STDMETHODCALLTYPE shutdown_query(IMAPIProviderShutdown *This, REFIID iid, void **out)
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

static void note_step(char step, const struct provider *provider)
{
    note(step);
    note((char)('0' + provider->number));
}

static HRESULT STDMETHODCALLTYPE query_fast_shutdown(IMAPIProviderShutdown *This)
{
    unsigned number = of_shutdown(This)->number;
    note_step('q', of_shutdown(This));
    if (fake_plan.during_query)
        fake_plan.during_query(fake_plan.context);
    return number <= 4 ? fake_plan.query[number - 1] : S_OK;
}

static HRESULT STDMETHODCALLTYPE notify_process_shutdown(IMAPIProviderShutdown *This)
{
    note_step('n', of_shutdown(This));
    return fake_plan.notify;
}

static HRESULT STDMETHODCALLTYPE do_fast_shutdown(IMAPIProviderShutdown *This)
{
    note_step('d', of_shutdown(This));
    if (fake_plan.during_shutdown)
        fake_plan.during_shutdown(fake_plan.context);
    return fake_plan.shut_down;
}

static const IMAPIProviderShutdownVtbl shutdown_vtbl = {
    shutdown_query, shutdown_addref, shutdown_release, query_fast_shutdown, notify_process_shutdown, do_fast_shutdown,
};

static HRESULT query_provider(struct object *object, REFIID iid, void **out)
{
    struct provider *self = (struct provider *)object;
    if (!IsEqualIID(iid, &IID_IMAPIProviderShutdown) || (fake_plan.no_shutdown >> self->number & 1))
        return E_NOINTERFACE;
    object_addref(object);
    *out = &self->shutdown;
    return S_OK;
}

static void destroy_provider(struct object *object)
{
    note('F');
    fake_log.providers_freed++;
    object_retire(object);
    free(object);
}

static const GUID *const provider_iids[] = {&IID_IMSProvider, NULL};
static const struct object_type provider_type = {
    .kind = OBJECT_PROVIDER, .iids = provider_iids, .destroy = destroy_provider, .query = query_provider};

static HRESULT STDMETHODCALLTYPE init(HINSTANCE instance, LPMALLOC allocator, LPALLOCATEBUFFER allocate_buffer,
                                      LPALLOCATEMORE allocate_more, LPFREEBUFFER free_buffer, ULONG flags,
                                      ULONG version, ULONG *provider_version, LPMSPROVIDER *out)
{
    (void)instance;
    (void)flags;
    fake_log.inits++;
    if (FAILED(fake_plan.init))
        return fake_plan.init;
    if (!allocator || allocate_buffer != MAPIAllocateBuffer || allocate_more != MAPIAllocateMore ||
        free_buffer != MAPIFreeBuffer || version != CURRENT_SPI_VERSION)
        return MAPI_E_VERSION;
    struct provider *self = calloc(1, sizeof *self);
    if (!self)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    self->shutdown.lpVtbl = &shutdown_vtbl;
    self->number = ++providers_made;
    object_init(&self->object, &provider_type, &provider_vtbl);
    *provider_version = CURRENT_SPI_VERSION;
    *out = (LPMSPROVIDER)(void *)self;
    return S_OK;
}

/* The entry point ---------------------------------------------------------------------------------------- */

static HRESULT describe_store(IMAPISupport *support, IProfSect *section)
{
    struct own_entryid own = {.provider = provider_uid};
    SPropValue values[3] = {{.ulPropTag = PR_DISPLAY_NAME_A}, {.ulPropTag = PR_RECORD_KEY}, {.ulPropTag = PR_ENTRYID}};
    ULONG size = 0;
    LPENTRYID wrapped = NULL;
    HRESULT hr = support->lpVtbl->NewUID(support, &own.store);
    if (hr == S_OK)
        hr = support->lpVtbl->WrapStoreEntryID(support, sizeof own, (LPENTRYID)(void *)&own, &size, &wrapped);
    if (hr == S_OK) {
        values[0].Value.lpszA = (LPSTR) "Fake";
        values[1].Value.bin = (SBinary){sizeof own.store, own.store.ab};
        values[2].Value.bin = (SBinary){size, (LPBYTE)wrapped};
        hr = section->lpVtbl->SetProps(section, 3, values, NULL);
        MAPIFreeBuffer(wrapped);
    }
    return hr;
}

static HRESULT describe_stores(IMAPISupport *support, IProviderAdmin *admin)
{
    static const SizedSPropTagArray(1, columns) = {1, {PR_PROVIDER_UID}};
    LPMAPITABLE table = NULL;
    LPSRowSet rows = NULL;
    HRESULT hr = admin->lpVtbl->GetProviderTable(admin, 0, &table);
    if (hr == S_OK) {
        hr = HrQueryAllRows(table, (LPSPropTagArray)(uintptr_t)&columns, NULL, NULL, 0, &rows);
        table->lpVtbl->Release(table);
    }
    for (ULONG i = 0; hr == S_OK && i < rows->cRows; i++) {
        LPPROFSECT section = NULL;
        MAPIUID uid;
        memcpy(&uid, rows->aRow[i].lpProps[0].Value.bin.lpb, sizeof uid);
        hr = admin->lpVtbl->OpenProfileSection(admin, &uid, NULL, MAPI_MODIFY, &section);
        if (hr == S_OK) {
            hr = describe_store(support, section);
            section->lpVtbl->Release(section);
        }
    }
    FreeProws(rows);
    return hr;
}

static HRESULT STDMETHODCALLTYPE entry(HINSTANCE instance, LPMALLOC allocator, LPMAPISUP support, ULONG_PTR ui,
                                       ULONG flags, ULONG context, ULONG count, LPSPropValue props,
                                       LPPROVIDERADMIN admin, LPMAPIERROR *error)
{
    (void)instance;
    (void)allocator;
    (void)ui;
    (void)props;
    fake_log.entries[context]++;
    fake_log.entry_flags = flags;
    fake_log.entry_values = count;
    if (fake_plan.during_entry)
        fake_plan.during_entry(support, admin, context, fake_plan.context);
    HRESULT hr = context == MSG_SERVICE_CREATE ? describe_stores(support, admin) : S_OK;
    if (hr == S_OK && FAILED(fake_plan.entry[context]))
        hr = say(error) == S_OK ? fake_plan.entry[context] : MAPI_E_NOT_ENOUGH_MEMORY;
    return hr;
}

static void remove_resource(const char *home, const MAPIUID *record_key)
{
    (void)home;
    (void)record_key;
    fake_log.removed++;
}

static const struct service_provider store_provider[] = {{
    .name = "FAKE_MDB",
    .display_name = "Fake",
    .provider_display = "Fake provider",
    .resource_type = MAPI_STORE_PROVIDER,
    .resource_flags = STATUS_DEFAULT_STORE,
    .mdb_provider = &provider_uid,
    .ms_init = init,
}};

static const struct service_provider second_provider[] = {{
    .name = "FAKE2_MDB",
    .display_name = "Fake 2",
    .provider_display = "Second fake provider",
    .resource_type = MAPI_STORE_PROVIDER,
    .resource_flags = STATUS_NO_DEFAULT_STORE,
    .mdb_provider = &provider_uid,
    .ms_init = init,
}};

static const struct service_provider transports[] = {
    {.name = "XP1", .display_name = "First", .provider_display = "First", .resource_type = MAPI_TRANSPORT_PROVIDER},
    {.name = "XP2", .display_name = "Second", .provider_display = "Second", .resource_type = MAPI_TRANSPORT_PROVIDER},
};

static const struct service services[] = {
    {.name = FAKE_SERVICE,
     .dll_name = "fake",
     .entry_name = "FakeEntry",
     .entry = entry,
     .resource_flags = SERVICE_DEFAULT_STORE,
     .providers = store_provider,
     .provider_count = 1,
     .remove_resource = remove_resource},
    {.name = FAKE_SECOND_SERVICE,
     .dll_name = "fake2",
     .entry_name = "FakeEntry",
     .entry = entry,
     .providers = second_provider,
     .provider_count = 1,
     .remove_resource = remove_resource},
    {.name = FAKE_SINGLE_SERVICE,
     .display_name = "Single",
     .dll_name = "fakesingle",
     .entry_name = "FakeEntry",
     .entry = entry,
     .resource_flags = SERVICE_SINGLE_COPY | SERVICE_NO_PRIMARY_IDENTITY},
    {.name = FAKE_BARE_SERVICE,
     .display_name = "Bare",
     .dll_name = "fakebare",
     .entry_name = "",
     .providers = transports,
     .provider_count = 2},
};

void fake_store_reset(void)
{
    fake_log = (struct fake_log){0};
    fake_plan = (struct fake_plan){0};
    providers_made = 0;
    last_support = NULL;
    if (!service_by_name(FAKE_SERVICE))
        for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
            service_register(&services[i]);
}

IMAPISupport *fake_support(void)
{
    return last_support;
}

void fake_store_entryid(const MAPIUID *uid, ULONG *size, LPENTRYID *id)
{
    struct own_entryid own = {.provider = provider_uid, .store = *uid};
    if (entryid_wrap_store("fake", sizeof own, (const ENTRYID *)(const void *)&own, size, id) != S_OK)
        abort();
}

void fake_object_entryid(const MAPIUID *uid, unsigned char *id)
{
    memset(id, 0, 24);
    memcpy(id + 4, uid, sizeof *uid);
    id[20] = 1;
}
