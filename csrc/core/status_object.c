/* IMAPIStatus (imapistatusimapiprop.md): the subsystem's, the spooler's and the address book's status objects, and one for every
 * provider that has none of its own. Read-only; every call looks at the row as it is then.
 */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/propobject.h"
#include "core/last_error.h"
#include "core/status.h"

struct status {
    struct object object;
    struct session_core *core;
    struct status_key key;
    struct last_error error; /* guarded by the lifeline */
};

OBJECT_IUNKNOWN(status, IMAPIStatus)

static struct status *of(IMAPIStatus *This)
{
    return (struct status *)(void *)This;
}

static HRESULT enter(IMAPIStatus *This)
{
    failure_clear();
    return lifeline_enter(of(This)->core->life);
}

static HRESULT leave(IMAPIStatus *This, HRESULT hr)
{
    if (FAILED(hr)) {
        last_error_set(&of(This)->error, hr);
    }
    lifeline_leave(of(This)->core->life);
    return hr;
}

/* The row as it is now, for status_rows_clear. */
static HRESULT load(const struct status *self, struct status_rows *rows, const struct status_row **row)
{
    HRESULT hr = status_rows_load(self->core, rows);
    if (hr != S_OK) {
        return hr;
    }
    *row = status_rows_find(rows, &self->key);
    if (*row) {
        return S_OK;
    }
    status_rows_clear(rows);
    return fail(MAPI_E_OBJECT_DELETED, "The provider that the status object tells of is not there any more.");
}

/* What is a column of the table and no property of the object (pidtagidentityentryid-canonical-property.md, pidtagrowid-...). */
static bool is_column_only(ULONG tag)
{
    switch (PROP_ID(tag)) {
    case PROP_ID(PR_IDENTITY_DISPLAY):
    case PROP_ID(PR_IDENTITY_ENTRYID):
    case PROP_ID(PR_IDENTITY_SEARCH_KEY):
    case PROP_ID(PR_ROWID):
    case PROP_ID(PR_INSTANCE_KEY):
        return true;
    default:
        return false;
    }
}

static HRESULT get_one(void *context, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    const struct prop_bag *bag = context;
    return is_column_only(tag) ? MAPI_E_NOT_FOUND : prop_bag_get(bag, tag, flags, head, out);
}

static HRESULT list_all(void *context, struct prop_tag_list *out)
{
    const struct prop_bag *bag = context;
    HRESULT hr = S_OK;
    for (size_t i = 0; i < bag->count && hr == S_OK; i++) {
        if (!is_column_only(bag->items[i].tag)) {
            hr = prop_tag_list_add(out, bag->items[i].tag);
        }
    }
    return hr;
}

static const struct prop_source source = {get_one, list_all, NULL, NULL};

static const GUID *const iids[] = {&IID_IMAPIStatus, &IID_IMAPIProp, NULL};
static const struct prop_copy_rules copy_rules = {.iids = iids};

static HRESULT STDMETHODCALLTYPE get_last_error(IMAPIStatus *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = enter(This);
    if (hr == S_OK) {
        hr = last_error_get(&of(This)->error, result, flags, out);
        lifeline_leave(of(This)->core->life);
    }
    return hr;
}

/* Status objects are not transacted. */
static HRESULT STDMETHODCALLTYPE save_changes(IMAPIStatus *This, ULONG flags)
{
    const ULONG known = KEEP_OPEN_READONLY | KEEP_OPEN_READWRITE | FORCE_SAVE | MAPI_DEFERRED_ERRORS |
                        SPAMFILTER_ONSAVE | NON_EMS_XP_SAVE;
    HRESULT hr = enter(This);
    if (hr != S_OK) {
        return hr;
    }
    if (flags & ~known) {
        hr = fail(MAPI_E_UNKNOWN_FLAGS, "SaveChanges does not know the flags 0x%08x.", (unsigned)(flags & ~known));
    }
    return leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE get_props(IMAPIStatus *This, LPSPropTagArray tags, ULONG flags, ULONG *count,
                                           LPSPropValue *values)
{
    struct status_rows rows = {0};
    const struct status_row *row = NULL;
    if (count) {
        *count = 0;
    }
    if (values) {
        *values = NULL;
    }
    HRESULT hr = enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = load(of(This), &rows, &row);
    if (hr == S_OK) {
        hr = prop_object_get_props(&source, (void *)(uintptr_t)&row->props, tags, flags, count, values);
        status_rows_clear(&rows);
    }
    return leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE get_prop_list(IMAPIStatus *This, ULONG flags, LPSPropTagArray *tags)
{
    struct status_rows rows = {0};
    const struct status_row *row = NULL;
    if (tags) {
        *tags = NULL;
    }
    HRESULT hr = enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = load(of(This), &rows, &row);
    if (hr == S_OK) {
        hr = prop_object_get_prop_list(&source, (void *)(uintptr_t)&row->props, flags, tags);
        status_rows_clear(&rows);
    }
    return leave(This, hr);
}

static HRESULT unsupported(IMAPIStatus *This, const char *what)
{
    HRESULT hr = enter(This);
    if (hr != S_OK) {
        return hr;
    }
    return leave(This, fail(MAPI_E_NO_SUPPORT, "This status object has no %s.", what));
}

static HRESULT STDMETHODCALLTYPE open_property(IMAPIStatus *This, ULONG tag, LPCIID iid, ULONG options, ULONG flags,
                                               LPUNKNOWN *out)
{
    (void)tag;
    (void)iid;
    (void)options;
    (void)flags;
    if (out) {
        *out = NULL;
    }
    return unsupported(This, "properties that could be opened");
}

static HRESULT STDMETHODCALLTYPE set_props(IMAPIStatus *This, ULONG count, LPSPropValue values,
                                           LPSPropProblemArray *problems)
{
    HRESULT hr = enter(This);
    return hr == S_OK ? leave(This, prop_object_set_props(&source, NULL, count, values, problems)) : hr;
}

static HRESULT STDMETHODCALLTYPE delete_props(IMAPIStatus *This, LPSPropTagArray tags, LPSPropProblemArray *problems)
{
    HRESULT hr = enter(This);
    return hr == S_OK ? leave(This, prop_object_delete_props(&source, NULL, tags, problems)) : hr;
}

static HRESULT STDMETHODCALLTYPE copy_to(IMAPIStatus *This, ULONG excluded_count, LPCIID excluded_iids,
                                         LPSPropTagArray excluded_tags, ULONG_PTR ui, LPMAPIPROGRESS progress,
                                         LPCIID iid, LPVOID destination, ULONG flags, LPSPropProblemArray *problems)
{
    (void)ui;
    (void)progress;
    HRESULT hr = enter(This);
    if (hr != S_OK) {
        return hr;
    }
    return leave(This, prop_object_copy_to((IMAPIProp *)(void *)This, &copy_rules, excluded_count, excluded_iids,
                                           excluded_tags, iid, destination, flags, problems));
}

static HRESULT STDMETHODCALLTYPE copy_props(IMAPIStatus *This, LPSPropTagArray tags, ULONG_PTR ui,
                                            LPMAPIPROGRESS progress, LPCIID iid, LPVOID destination, ULONG flags,
                                            LPSPropProblemArray *problems)
{
    (void)ui;
    (void)progress;
    HRESULT hr = enter(This);
    if (hr != S_OK) {
        return hr;
    }
    return leave(
        This, prop_object_copy_props((IMAPIProp *)(void *)This, &copy_rules, tags, iid, destination, flags, problems));
}

static HRESULT STDMETHODCALLTYPE get_names(IMAPIStatus *This, LPSPropTagArray *tags, LPGUID set, ULONG flags,
                                           ULONG *count, LPMAPINAMEID **names)
{
    (void)tags;
    (void)set;
    (void)flags;
    if (count) {
        *count = 0;
    }
    if (names) {
        *names = NULL;
    }
    return unsupported(This, "named properties");
}

static HRESULT STDMETHODCALLTYPE get_ids(IMAPIStatus *This, ULONG count, LPMAPINAMEID *names, ULONG flags,
                                         LPSPropTagArray *tags)
{
    (void)count;
    (void)names;
    (void)flags;
    if (tags) {
        *tags = NULL;
    }
    return unsupported(This, "named properties");
}

/* Whether the store of a row can be opened. One that is open without being in the profile has shown that. */
static HRESULT validate_store(struct session_core *core, const struct section *section)
{
    const struct prop_entry *id = bag_binary(&section->props, PR_ENTRYID);
    LPMDB store = NULL;
    if (!id) {
        return fail(MAPI_E_UNCONFIGURED, "The profile does not say which message store is meant.");
    }
    HRESULT hr = session_open_store(core, 0, id->size, (LPENTRYID)id->bytes, NULL, MDB_NO_DIALOG | MDB_NO_MAIL, &store);
    if (store) {
        store->lpVtbl->Release(store);
    }
    return FAILED(hr) ? hr : S_OK;
}

/* One provider's resources, or with NULL those of all stores: the first that cannot be used answers. */
static HRESULT validate_stores(struct session_core *core, const MAPIUID *section)
{
    struct section_list stores = {0};
    HRESULT hr = session_store_sections(core, &stores);
    for (size_t i = 0; i < stores.count && hr == S_OK; i++) {
        if (!section || uid_equal(&stores.items[i].uid, section)) {
            hr = validate_store(core, &stores.items[i]);
        }
    }
    section_list_clear(&stores);
    return hr;
}

/* What each kind looks at (imapistatus-validatestate.md). The spooler logs on to all transports, of which there are none; the address
 * book reads its profile section, for which the profile must be readable, as it has been by now.
 */
static HRESULT validate(struct status *self)
{
    struct status_rows rows = {0};
    const struct status_row *row = NULL;
    HRESULT hr = load(self, &rows, &row);
    if (hr != S_OK) {
        return hr;
    }
    status_rows_clear(&rows);
    switch (self->key.type) {
    case MAPI_SUBSYSTEM:
        return validate_stores(self->core, NULL);
    case MAPI_SPOOLER:
    case MAPI_AB:
        return S_OK;
    case MAPI_STORE_PROVIDER:
        return validate_stores(self->core, &self->key.section);
    default:
        return fail(MAPI_E_NO_SUPPORT, "This MAPI does not load providers of this kind.");
    }
}

static HRESULT STDMETHODCALLTYPE validate_state(IMAPIStatus *This, ULONG_PTR ui, ULONG flags)
{
    const ULONG remote = REFRESH_XP_HEADER_CACHE | PROCESS_XP_HEADER_CACHE | FORCE_XP_CONNECT | FORCE_XP_DISCONNECT |
                         ABORT_XP_HEADER_OPERATION | SHOW_XP_SESSION_UI;
    const ULONG known = SUPPRESS_UI | CONFIG_CHANGED | remote;
    (void)ui;
    HRESULT hr = enter(This);
    if (hr != S_OK) {
        return hr;
    }
    if (flags & ~known) {
        hr = fail(MAPI_E_UNKNOWN_FLAGS, "ValidateState does not know the flags 0x%08x.", (unsigned)(flags & ~known));
    } else if (flags & remote) {
        hr = fail(MAPI_E_NO_SUPPORT, "Only remote transports have headers and connections to look after.");
    } else {
        hr = validate(of(This));
    }
    return leave(This, hr);
}

/* Not supported in status objects that MAPI implements (imapistatus-settingsdialog.md, imapistatus-changepassword.md). */
static HRESULT STDMETHODCALLTYPE settings_dialog(IMAPIStatus *This, ULONG_PTR ui, ULONG flags)
{
    (void)ui;
    (void)flags;
    return unsupported(This, "settings dialog");
}

static HRESULT STDMETHODCALLTYPE change_password(IMAPIStatus *This, LPTSTR old_password, LPTSTR new_password,
                                                 ULONG flags)
{
    (void)old_password;
    (void)new_password;
    (void)flags;
    return unsupported(This, "password");
}

/* There are no transports, so after the arguments there is nothing to flush; what is sent waits in the Outbox (L21). */
static HRESULT STDMETHODCALLTYPE flush_queues(IMAPIStatus *This, ULONG_PTR ui, ULONG size, LPENTRYID transport,
                                              ULONG flags)
{
    const ULONG known = FLUSH_UPLOAD | FLUSH_DOWNLOAD | FLUSH_FORCE | FLUSH_NO_UI | FLUSH_ASYNC_OK;
    (void)ui;
    if (of(This)->key.type != MAPI_SPOOLER || (of(This)->core->flags & MAPI_NO_MAIL)) {
        return unsupported(This, "queues");
    }
    HRESULT hr = enter(This);
    if (hr != S_OK) {
        return hr;
    }
    if (flags & ~known) {
        hr = fail(MAPI_E_UNKNOWN_FLAGS, "FlushQueues does not know the flags 0x%08x.", (unsigned)(flags & ~known));
    } else if ((size > 0) != (transport != NULL)) {
        hr = fail(MAPI_E_INVALID_PARAMETER,
                  "FlushQueues needs a transport's entry identifier with its size, or neither.");
    } else if (size > 0) {
        hr = fail(MAPI_E_UNKNOWN_ENTRYID, "The session has no such transport.");
    }
    return leave(This, hr);
}

static const IMAPIStatusVtbl vtbl = {
    status_query_interface, status_addref,   status_release,  get_last_error, save_changes, get_props, get_prop_list,
    open_property,          set_props,       delete_props,    copy_to,        copy_props,   get_names, get_ids,
    validate_state,         settings_dialog, change_password, flush_queues,
};

static void destroy(struct object *object)
{
    struct status *self = (struct status *)object;
    object_retire(object);
    last_error_clear(&self->error);
    session_core_unref(self->core);
    free(self);
}

static struct lifeline *lifeline_of(struct object *object)
{
    return ((struct status *)object)->core->life;
}

static const struct object_type type = {
    .kind = OBJECT_STATUS, .iids = iids, .destroy = destroy, .lifeline = lifeline_of};

HRESULT status_object_create(struct session_core *core, const struct status_key *key, LPCIID iid, LPUNKNOWN *out)
{
    if (iid && !IsEqualIID(iid, &IID_IMAPIStatus) && !IsEqualIID(iid, &IID_IMAPIProp) &&
        !IsEqualIID(iid, &IID_IUnknown)) {
        return fail(MAPI_E_INTERFACE_NOT_SUPPORTED, "A status object offers IMAPIStatus and IMAPIProp only.");
    }
    struct status *self = calloc(1, sizeof *self);
    if (!self) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a status object.");
    }
    self->core = session_core_ref(core);
    self->key = *key;
    object_init(&self->object, &type, &vtbl);
    *out = (LPUNKNOWN)(void *)self;
    return S_OK;
}
