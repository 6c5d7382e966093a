/* IProviderAdmin (iprovideradminiunknown.md). */
#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/propvalue.h"
#include "core/admin.h"
#include "core/profile_database.h"
#include "core/profile_services.h"
#include "core/profsect.h"
#include "core/service_entry.h"
#include "core/text.h"

OBJECT_IUNKNOWN(provider_admin, IProviderAdmin)

static struct admin *of(IProviderAdmin *This)
{
    return (struct admin *)(void *)This;
}

static HRESULT STDMETHODCALLTYPE get_last_error(IProviderAdmin *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    return admin_get_last_error(This, result, flags, out);
}

static HRESULT STDMETHODCALLTYPE get_provider_table(IProviderAdmin *This, ULONG flags, LPMAPITABLE *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    if (!out) {
        hr = fail(MAPI_E_INVALID_PARAMETER, "GetProviderTable needs a place for its result.");
    }
    hr = hr == S_OK ? admin_check_flags("GetProviderTable", flags, MAPI_UNICODE) : hr;
    hr = hr == S_OK ? admin_provider_table(of(This)->life, of(This)->profile, &of(This)->service, out) : hr;
    return admin_leave(This, hr);
}

/* Tells the service about one provider more or less; within its entry point it knows. */
static HRESULT call_entry(struct database *db, struct admin *self, ULONG context, ULONG_PTR ui, ULONG flags)
{
    struct section section = {0};
    const struct service *service = NULL;
    int64_t id;
    HRESULT hr = profile_service_load(db, self->profile, &self->service, &id, &section, &service);
    if (hr != S_OK) {
        return hr;
    }
    section_clear(&section);
    if (self->within_entry || !service) {
        return S_OK;
    }
    struct service_call call = {.profile = self->profile,
                                .service = service,
                                .uid = &self->service,
                                .context = context,
                                .ui = ui,
                                .flags = flags,
                                .error = &self->error};
    hr = service_call(&call);
    self->error_is_new = hr != S_OK;
    return hr;
}

static HRESULT create_in(struct database *db, struct admin *self, const char *name, ULONG count,
                         const SPropValue *props, ULONG_PTR ui, ULONG flags, MAPIUID *uid)
{
    HRESULT hr = profile_database_begin(db);
    if (hr != S_OK) {
        return hr;
    }
    hr = profile_provider_add(db, self->profile, &self->service, name, count, props, uid);
    if (hr == S_OK) {
        hr = call_entry(db, self, MSG_SERVICE_PROVIDER_CREATE, flags & MAPI_DIALOG ? ui : 0,
                        flags & MAPI_DIALOG ? SERVICE_UI_ALLOWED : 0);
    }
    HRESULT ended = profile_database_end(db, hr == S_OK);
    return hr == S_OK ? ended : hr;
}

static HRESULT check_values(ULONG count, const SPropValue *props)
{
    HRESULT hr = count > 0 && !props ? MAPI_E_INVALID_PARAMETER : S_OK;
    for (ULONG i = 0; i < count && hr == S_OK; i++) {
        ULONG type = PROP_TYPE(props[i].ulPropTag);
        hr = type == PT_NULL || type == PT_ERROR ? S_OK : prop_value_check(&props[i]);
    }
    return hr == S_OK ? hr : fail(hr, "The properties of the new provider are not valid.");
}

static HRESULT STDMETHODCALLTYPE create_provider(IProviderAdmin *This, LPTSTR name, ULONG count, LPSPropValue props,
                                                 ULONG_PTR ui, ULONG flags, LPMAPIUID uid)
{
    char *read = NULL;
    struct database *db;
    MAPIUID made;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = admin_check_flags("CreateProvider", flags, MAPI_DIALOG | MAPI_UNICODE);
    if (hr == S_OK && !name) {
        hr = fail(MAPI_E_INVALID_PARAMETER, "CreateProvider needs the name of a provider.");
    }
    hr = hr == S_OK ? check_values(count, props) : hr;
    hr = hr == S_OK ? text_argument(name, flags & MAPI_UNICODE, &read) : hr;
    hr = hr == S_OK ? profile_database_enter(&db) : hr;
    if (hr == S_OK) {
        hr = create_in(db, of(This), read, count, props, ui, flags, &made);
        profile_database_leave();
    }
    if (hr == S_OK && uid) {
        *uid = made;
    }
    free(read);
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE delete_provider(IProviderAdmin *This, LPMAPIUID uid)
{
    struct database *db;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = uid ? profile_database_enter(&db)
             : fail(MAPI_E_INVALID_PARAMETER, "DeleteProvider needs the identifier of a provider.");
    if (hr == S_OK) {
        hr = profile_provider_check(db, of(This)->profile, &of(This)->service, uid);
        hr = hr == S_OK ? call_entry(db, of(This), MSG_SERVICE_PROVIDER_DELETE, 0, 0) : hr;
        hr = hr == S_OK ? profile_provider_remove(db, of(This)->profile, &of(This)->service, uid) : hr;
        profile_database_leave();
    }
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE open_profile_section(IProviderAdmin *This, LPMAPIUID uid, LPCIID iid, ULONG flags,
                                                      LPPROFSECT *out)
{
    struct admin *self = of(This);
    if (out) {
        *out = NULL;
    }
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    struct profsect_request request = {.profile = self->profile,
                                       .life = self->life,
                                       .opener = self->within_entry ? PROFSECT_PROVIDER : PROFSECT_PROVIDER_ADMIN,
                                       .uid = uid,
                                       .iid = iid,
                                       .flags = flags};
    if (self->within_entry) {
        request.flags &= ~MAPI_FORCE_ACCESS; /* it has all access there is */
        request.uid = uid ? uid : &self->service;
    }
    return admin_leave(This, profsect_open(&request, out));
}

static const IProviderAdminVtbl vtbl = {
    provider_admin_query_interface,
    provider_admin_addref,
    provider_admin_release,
    get_last_error,
    get_provider_table,
    create_provider,
    delete_provider,
    open_profile_section,
};

static const GUID *const iids[] = {&IID_IProviderAdmin, NULL};
static const struct object_type type = {
    .kind = OBJECT_ADMIN, .iids = iids, .destroy = admin_destroy, .lifeline = admin_lifeline};

HRESULT provider_admin_create(struct profile *profile, const MAPIUID *service, struct lifeline *life, bool within_entry,
                              LPPROVIDERADMIN *out)
{
    struct admin *self;
    *out = NULL;
    HRESULT hr = admin_create(&type, &vtbl, profile, life, &self);
    if (hr == S_OK) {
        self->service = *service;
        self->within_entry = within_entry;
        *out = (LPPROVIDERADMIN)(void *)self;
    }
    return hr;
}
