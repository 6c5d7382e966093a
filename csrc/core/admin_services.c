/* IMsgServiceAdmin and IMsgServiceAdmin2, one object (imsgserviceadminiunknown.md,
   imsgserviceadmin2-createmsgserviceex.md). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/admin.h"
#include "core/profile_database.h"
#include "core/profile_services.h"
#include "core/profsect.h"
#include "core/service_entry.h"
#include "core/session.h"
#include "core/text.h"

OBJECT_IUNKNOWN(service_admin, IMsgServiceAdmin2)

static struct admin *of(IMsgServiceAdmin2 *This)
{
    return (struct admin *)(void *)This;
}

static HRESULT STDMETHODCALLTYPE get_last_error(IMsgServiceAdmin2 *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    return admin_get_last_error(This, result, flags, out);
}

static HRESULT open_table(IMsgServiceAdmin2 *This, const char *method, ULONG flags, bool providers, LPMAPITABLE *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    if (!out) {
        hr = fail(MAPI_E_INVALID_PARAMETER, "%s needs a place for its result.", method);
    }
    hr = hr == S_OK ? admin_check_flags(method, flags, MAPI_UNICODE) : hr;
    if (hr == S_OK) {
        hr = providers ? admin_provider_table(of(This)->life, of(This)->profile, NULL, out)
                       : admin_service_table(of(This)->life, of(This)->profile, out);
    }
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE get_msg_service_table(IMsgServiceAdmin2 *This, ULONG flags, LPMAPITABLE *out)
{
    return open_table(This, "GetMsgServiceTable", flags, false, out);
}

static HRESULT STDMETHODCALLTYPE get_provider_table(IMsgServiceAdmin2 *This, ULONG flags, LPMAPITABLE *out)
{
    return open_table(This, "GetProviderTable", flags, true, out);
}

static HRESULT create_service(struct admin *self, const char *name, const char *display_name, ULONG_PTR ui, ULONG flags,
                              MAPIUID *uid)
{
    const struct service *service = name ? service_by_name(name) : NULL;
    const struct service_ui how = {flags & (SERVICE_UI_ALLOWED | SERVICE_UI_ALWAYS) ? ui : 0,
                                   flags & (SERVICE_UI_ALLOWED | SERVICE_UI_ALWAYS)};
    struct database *db;
    if (!service) {
        return fail(MAPI_E_NOT_FOUND, "There is no message service named '%s'.", name ? name : "");
    }
    HRESULT hr = profile_database_enter(&db);
    if (hr == S_OK) {
        hr = profile_service_add(db, self->profile, service, display_name, &how, &self->error, uid);
        self->error_is_new = hr != S_OK && self->error.hr == hr;
        profile_database_leave();
    }
    return hr;
}

static HRESULT STDMETHODCALLTYPE create_msg_service_ex(IMsgServiceAdmin2 *This, LPTSTR name, LPTSTR display_name,
                                                       ULONG_PTR ui, ULONG flags, LPMAPIUID uid)
{
    const ULONG known = SERVICE_UI_ALLOWED | SERVICE_UI_ALWAYS | SERVICE_NO_RESTART_WARNING | MAPI_UNICODE;
    bool wide = flags & MAPI_UNICODE;
    char *read_name = NULL, *read_display = NULL;
    MAPIUID made;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    last_error_clear(&of(This)->error);
    hr = admin_check_flags("CreateMsgService", flags, known);
    if (hr == S_OK && !name) {
        hr = fail(MAPI_E_INVALID_PARAMETER, "CreateMsgService needs the name of a message service.");
    }
    hr = hr == S_OK ? text_argument(name, wide, &read_name) : hr;
    hr = hr == S_OK ? text_argument(display_name, wide, &read_display) : hr;
    hr = hr == S_OK ? create_service(of(This), read_name, read_display, ui, flags, &made) : hr;
    if (hr == S_OK && uid) {
        *uid = made;
    }
    free(read_name);
    free(read_display);
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE create_msg_service(IMsgServiceAdmin2 *This, LPTSTR name, LPTSTR display_name,
                                                    ULONG_PTR ui, ULONG flags)
{
    return create_msg_service_ex(This, name, display_name, ui, flags, NULL);
}

static HRESULT no_uid(const char *method)
{
    return fail(MAPI_E_INVALID_PARAMETER, "%s needs the identifier of a message service.", method);
}

static HRESULT STDMETHODCALLTYPE delete_msg_service(IMsgServiceAdmin2 *This, LPMAPIUID uid)
{
    struct database *db;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = uid ? profile_database_enter(&db) : no_uid("DeleteMsgService");
    if (hr == S_OK) {
        hr = profile_service_remove(db, of(This)->profile, uid, &of(This)->error);
        profile_database_leave();
    }
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE copy_msg_service(IMsgServiceAdmin2 *This, LPMAPIUID uid, LPTSTR display_name,
                                                  LPCIID iid, LPCIID destination_iid, LPVOID destination, ULONG_PTR ui,
                                                  ULONG flags)
{
    struct profile *to = NULL;
    struct database *db;
    (void)display_name; /* deprecated (imsgserviceadmin-copymsgservice.md) */
    (void)ui;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = admin_check_flags("CopyMsgService", flags, SERVICE_UI_ALWAYS | MAPI_UNICODE);
    if (hr == S_OK && (!uid || !destination)) {
        hr = fail(MAPI_E_INVALID_PARAMETER, "CopyMsgService needs a message service and an object to copy it to.");
    }
    if (hr == S_OK && iid && !IsEqualIID(iid, &IID_IProfSect) && !IsEqualIID(iid, &IID_IMAPIProp)) {
        hr = fail(MAPI_E_INTERFACE_NOT_SUPPORTED, "Message services are copied as IProfSect.");
    }
    hr = hr == S_OK ? admin_profile_of(destination_iid, destination, &to) : hr;
    hr = hr == S_OK ? profile_database_enter(&db) : hr;
    if (hr == S_OK) {
        hr = profile_service_copy(db, of(This)->profile, uid, to, NULL);
        profile_database_leave();
    }
    profile_unref(to);
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE rename_msg_service(IMsgServiceAdmin2 *This, LPMAPIUID uid, ULONG flags,
                                                    LPTSTR display_name)
{
    (void)uid;
    (void)flags;
    (void)display_name;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    return admin_leave(
        This, fail(MAPI_E_NO_SUPPORT, "MAPI does not rename message services; set PR_DISPLAY_NAME in their section."));
}

static HRESULT load_service(struct admin *self, const MAPIUID *uid, const struct service **service)
{
    struct database *db;
    struct section section = {0};
    int64_t id;
    HRESULT hr = profile_database_enter(&db);
    if (hr == S_OK) {
        hr = profile_service_load(db, self->profile, uid, &id, &section, service);
        section_clear(&section);
        profile_database_leave();
    }
    return hr;
}

static HRESULT STDMETHODCALLTYPE configure_msg_service(IMsgServiceAdmin2 *This, LPMAPIUID uid, ULONG_PTR ui,
                                                       ULONG flags, ULONG count, LPSPropValue props)
{
    const struct service *service = NULL;
    const ULONG ui_flags = SERVICE_UI_ALLOWED | SERVICE_UI_ALWAYS | MSG_SERVICE_UI_READ_ONLY;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    last_error_clear(&of(This)->error);
    hr = admin_check_flags("ConfigureMsgService", flags, ui_flags | MAPI_UNICODE);
    if (hr == S_OK && (!uid || (count > 0 && !props))) {
        hr = no_uid("ConfigureMsgService");
    }
    hr = hr == S_OK ? load_service(of(This), uid, &service) : hr;
    if (hr == S_OK && (!service || !service->entry)) {
        hr = fail(MAPI_E_NOT_INITIALIZED, "The message service has no entry point that could configure it.");
    }
    if (hr == S_OK) {
        struct service_call call = {.profile = of(This)->profile,
                                    .service = service,
                                    .uid = uid,
                                    .context = MSG_SERVICE_CONFIGURE,
                                    .ui = ui,
                                    .flags = flags,
                                    .count = count,
                                    .props = props,
                                    .error = &of(This)->error};
        hr = service_call(&call);
        of(This)->error_is_new = hr != S_OK;
    }
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE open_profile_section(IMsgServiceAdmin2 *This, LPMAPIUID uid, LPCIID iid, ULONG flags,
                                                      LPPROFSECT *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    struct profsect_request request = {.profile = of(This)->profile,
                                       .life = of(This)->life,
                                       .opener = PROFSECT_SESSION,
                                       .uid = uid,
                                       .iid = iid,
                                       .flags = flags};
    return admin_leave(This, profsect_open(&request, out));
}

/* Gives the transports the ordinals of the places they have among themselves. In a transaction. */
static HRESULT order_transports(struct database *db, int64_t id, const struct section_list *transports,
                                const MAPIUID *order)
{
    HRESULT hr = S_OK;
    for (size_t i = 0; i < transports->count && hr == S_OK; i++) {
        struct section *moved = NULL;
        int64_t ordinal = transports->items[i].ordinal;
        for (size_t k = 0; k < transports->count && !moved; k++) {
            if (uid_equal(&transports->items[k].uid, &order[i])) {
                moved = &transports->items[k];
            }
        }
        if (!moved) {
            return fail(MAPI_E_NOT_FOUND,
                        "The list names something that is no transport of the profile, or one twice.");
        }
        struct section changed = *moved; /* the list keeps the ordinals that there are to give away */
        changed.ordinal = ordinal;
        hr = section_save(db, id, &changed);
    }
    return hr;
}

static HRESULT set_transport_order(struct database *db, struct profile *profile, ULONG count, const MAPIUID *order)
{
    struct section_list providers = {0};
    int64_t id = 0;
    HRESULT hr = profile_row(db, profile, &id);
    hr = hr == S_OK ? section_load_all(db, id, SECTION_PROVIDER, NULL, &providers) : hr;
    if (hr != S_OK) {
        return hr;
    }
    size_t kept = 0;
    for (size_t i = 0; i < providers.count; i++) {
        if (bag_long(&providers.items[i].props, PR_RESOURCE_TYPE, 0) == MAPI_TRANSPORT_PROVIDER) {
            struct section other = providers.items[kept];
            providers.items[kept++] = providers.items[i];
            providers.items[i] = other;
        }
    }
    struct section_list transports = {providers.items, kept};
    if (kept != count) {
        hr = fail(MAPI_E_BUSY, "The profile has %zu transports, and the list names %u.", kept, (unsigned)count);
    }
    for (ULONG i = 0; i < count && hr == S_OK; i++) {
        for (ULONG k = 0; k < i && hr == S_OK; k++) {
            hr = uid_equal(&order[i], &order[k]) ? fail(MAPI_E_NOT_FOUND, "The list names a transport twice.") : S_OK;
        }
    }
    hr = hr == S_OK ? profile_database_begin(db) : hr;
    if (hr == S_OK) {
        hr = order_transports(db, id, &transports, order);
        HRESULT ended = profile_database_end(db, hr == S_OK);
        hr = hr == S_OK ? ended : hr;
    }
    section_list_clear(&providers);
    return hr;
}

static HRESULT STDMETHODCALLTYPE msg_service_transport_order(IMsgServiceAdmin2 *This, ULONG count, LPMAPIUID order,
                                                             ULONG flags)
{
    struct database *db;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = admin_check_flags("MsgServiceTransportOrder", flags, 0);
    if (hr == S_OK && count > 0 && !order) {
        hr = fail(MAPI_E_INVALID_PARAMETER, "MsgServiceTransportOrder needs a list of transports.");
    }
    hr = hr == S_OK ? profile_database_enter(&db) : hr;
    if (hr == S_OK) {
        hr = set_transport_order(db, of(This)->profile, count, order);
        profile_database_leave();
    }
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE admin_providers(IMsgServiceAdmin2 *This, LPMAPIUID uid, ULONG flags,
                                                 LPPROVIDERADMIN *out)
{
    const struct service *service = NULL;
    if (out) {
        *out = NULL;
    }
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = uid && out ? admin_check_flags("AdminProviders", flags, 0) : no_uid("AdminProviders");
    hr = hr == S_OK ? load_service(of(This), uid, &service) : hr;
    hr = hr == S_OK ? provider_admin_create(of(This)->profile, uid, of(This)->life, false, out) : hr;
    return admin_leave(This, hr);
}

/* Sets or clears a flag in PR_RESOURCE_FLAGS and saves the section if that changed it. */
static HRESULT change_flags(struct database *db, int64_t id, struct section *section, ULONG set, ULONG clear)
{
    ULONG old = bag_long(&section->props, PR_RESOURCE_FLAGS, 0);
    ULONG flags = (old & ~clear) | set;
    if (flags == old) {
        return S_OK;
    }
    HRESULT hr = bag_set_long(&section->props, PR_RESOURCE_FLAGS, flags);
    return hr == S_OK ? section_save(db, id, section) : hr;
}

/* One service with its providers becomes the supplier of the primary identity, or does not. In a transaction. */
static HRESULT mark_identity(struct database *db, int64_t id, struct section *service, bool primary, bool cleared)
{
    struct section_list providers = {0};
    ULONG set = primary ? SERVICE_PRIMARY_IDENTITY : cleared ? 0 : SERVICE_NO_PRIMARY_IDENTITY;
    ULONG clear = primary ? 0 : SERVICE_PRIMARY_IDENTITY;
    HRESULT hr = change_flags(db, id, service, set, clear);
    hr = hr == S_OK ? section_load_all(db, id, SECTION_PROVIDER, &service->uid, &providers) : hr;
    for (size_t i = 0; i < providers.count && hr == S_OK; i++) {
        hr = change_flags(db, id, &providers.items[i], primary ? STATUS_PRIMARY_IDENTITY : 0,
                          primary ? 0 : STATUS_PRIMARY_IDENTITY);
    }
    section_list_clear(&providers);
    return hr;
}

static HRESULT set_identity(struct database *db, struct profile *profile, const MAPIUID *uid)
{
    struct section_list services = {0};
    int64_t id = 0;
    bool found = !uid;
    HRESULT hr = profile_row(db, profile, &id);
    hr = hr == S_OK ? section_load_all(db, id, SECTION_SERVICE, NULL, &services) : hr;
    for (size_t i = 0; i < services.count && hr == S_OK && !found; i++) {
        found = uid_equal(&services.items[i].uid, uid);
        if (found && (bag_long(&services.items[i].props, PR_RESOURCE_FLAGS, 0) & SERVICE_NO_PRIMARY_IDENTITY)) {
            hr = fail(MAPI_E_NO_ACCESS, "The message service cannot supply the primary identity.");
        }
    }
    if (hr == S_OK && !found) {
        hr = fail(MAPI_E_NOT_FOUND, "The profile '%s' has no such message service.", profile->name);
    }
    for (size_t i = 0; i < services.count && hr == S_OK; i++) {
        hr = mark_identity(db, id, &services.items[i], uid && uid_equal(&services.items[i].uid, uid), !uid);
    }
    section_list_clear(&services);
    return hr;
}

static HRESULT STDMETHODCALLTYPE set_primary_identity(IMsgServiceAdmin2 *This, LPMAPIUID uid, ULONG flags)
{
    struct database *db;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = admin_check_flags("SetPrimaryIdentity", flags, 0);
    hr = hr == S_OK ? profile_database_enter(&db) : hr;
    if (hr == S_OK) {
        hr = profile_database_begin(db);
        if (hr == S_OK) {
            hr = set_identity(db, of(This)->profile, uid);
            HRESULT ended = profile_database_end(db, hr == S_OK);
            hr = hr == S_OK ? ended : hr;
        }
        profile_database_leave();
    }
    return admin_leave(This, hr);
}

static const IMsgServiceAdmin2Vtbl vtbl = {
    service_admin_query_interface,
    service_admin_addref,
    service_admin_release,
    get_last_error,
    get_msg_service_table,
    create_msg_service,
    delete_msg_service,
    copy_msg_service,
    rename_msg_service,
    configure_msg_service,
    open_profile_section,
    msg_service_transport_order,
    admin_providers,
    set_primary_identity,
    get_provider_table,
    create_msg_service_ex,
};

static const GUID *const iids[] = {&IID_IMsgServiceAdmin2, &IID_IMsgServiceAdmin, NULL};
static const struct object_type type = {
    .kind = OBJECT_ADMIN, .iids = iids, .destroy = admin_destroy, .lifeline = admin_lifeline};

HRESULT service_admin_create(struct profile *profile, struct lifeline *life, LPSERVICEADMIN *out)
{
    struct admin *self;
    *out = NULL;
    HRESULT hr = admin_create(&type, &vtbl, profile, life, &self);
    if (hr == S_OK) {
        *out = (LPSERVICEADMIN)(void *)self;
    }
    return hr;
}

HRESULT admin_profile_of(LPCIID iid, void *object, struct profile **out)
{
    const void *vtable = *(const void *const *)object;
    bool session = !iid || IsEqualIID(iid, &IID_IMAPISession);
    bool services = iid && (IsEqualIID(iid, &IID_IMsgServiceAdmin) || IsEqualIID(iid, &IID_IMsgServiceAdmin2));
    *out = NULL;
    if (!session && !services) {
        return fail(MAPI_E_INTERFACE_NOT_SUPPORTED,
                    "Message services are copied to an IMAPISession or an IMsgServiceAdmin.");
    }
    if (session && vtable == &session_vtbl) {
        *out = profile_ref(session_of(object)->core->profile);
    } else if (services && vtable == &vtbl) {
        *out = profile_ref(of(object)->profile);
    }
    return *out ? S_OK : fail(MAPI_E_INVALID_PARAMETER, "The object to copy to is not one of this subsystem.");
}
