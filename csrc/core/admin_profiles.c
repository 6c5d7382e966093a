/* IProfAdmin (iprofadminiunknown.md). */
#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/admin.h"
#include "core/process.h"
#include "core/profile_admin.h"
#include "core/profile_database.h"
#include "core/text.h"

OBJECT_IUNKNOWN(prof_admin, IProfAdmin)

static struct admin *of(IProfAdmin *This)
{
    return (struct admin *)(void *)This;
}

static HRESULT STDMETHODCALLTYPE get_last_error(IProfAdmin *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    return admin_get_last_error(This, result, flags, out);
}

static HRESULT STDMETHODCALLTYPE get_profile_table(IProfAdmin *This, ULONG flags, LPMAPITABLE *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    if (!out) {
        hr = fail(MAPI_E_INVALID_PARAMETER, "GetProfileTable needs a place for its result.");
    }
    hr = hr == S_OK ? admin_check_flags("GetProfileTable", flags, MAPI_APP_PROFILE | MAPI_UNICODE) : hr;
    hr = hr == S_OK ? admin_profile_table(NULL, flags & MAPI_APP_PROFILE, out) : hr;
    return admin_leave(This, hr);
}

/* A profile's name as an argument: `otherwise` is the answer to one that no profile can have. */
static HRESULT read_name(const void *text, ULONG flags, HRESULT otherwise, struct profile_name *out)
{
    switch (profile_name_read(text, flags & MAPI_UNICODE, out)) {
    case PROFILE_NAME_GIVEN:
        return S_OK;
    case PROFILE_NAME_NONE:
        return fail(text ? otherwise : MAPI_E_INVALID_PARAMETER, "The name of a profile is missing.");
    case PROFILE_NAME_TOO_LONG:
        return fail(otherwise, "A profile's name has at most %d characters.", PROFILE_NAME_UNITS);
    default:
        return fail(otherwise, "A profile's name is not valid %s.", flags & MAPI_UNICODE ? "UTF-16" : "UTF-8");
    }
}

static HRESULT read_new_name(const void *text, ULONG flags, struct profile_name *out)
{
    HRESULT hr = read_name(text, flags, MAPI_E_INVALID_PARAMETER, out);
    return hr == S_OK ? profile_name_check_new(out) : hr;
}

/* Profiles have no passwords: NULL or "" (iprofadmin-createprofile.md). */
static HRESULT check_password(const void *password, ULONG flags)
{
    return text_is_empty(password, flags & MAPI_UNICODE)
               ? S_OK
               : fail(MAPI_E_LOGON_FAILED, "Profiles have no passwords; pass none, or an empty one.");
}

static HRESULT STDMETHODCALLTYPE create_profile(IProfAdmin *This, LPTSTR name, LPTSTR password, ULONG_PTR ui,
                                                ULONG flags)
{
    struct profile_name read;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = admin_check_flags("CreateProfile", flags,
                           MAPI_APP_PROFILE | MAPI_DEFAULT_SERVICES | MAPI_DIALOG | MAPI_UNICODE);
    hr = hr == S_OK ? read_new_name(name, flags, &read) : hr;
    hr = hr == S_OK ? check_password(password, flags) : hr;
    if (hr == S_OK) {
        const struct service_ui how = {flags & MAPI_DIALOG ? ui : 0, flags & MAPI_DIALOG ? SERVICE_UI_ALLOWED : 0};
        hr = profile_admin_create(read.text, flags & MAPI_APP_PROFILE ? PROFILE_APP : 0, flags & MAPI_DEFAULT_SERVICES,
                                  &how, &of(This)->error);
    }
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE delete_profile(IProfAdmin *This, LPTSTR name, ULONG flags)
{
    struct profile_name read;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = admin_check_flags("DeleteProfile", flags, MAPI_APP_PROFILE | MAPI_UNICODE);
    hr = hr == S_OK ? read_name(name, flags, MAPI_E_NOT_FOUND, &read) : hr;
    hr = hr == S_OK ? profile_admin_delete(read.text, flags & MAPI_APP_PROFILE) : hr;
    return admin_leave(This, hr);
}

/* Deprecated: answers S_OK and does nothing (iprofadmin-changeprofilepassword.md). */
static HRESULT STDMETHODCALLTYPE change_profile_password(IProfAdmin *This, LPTSTR name, LPTSTR old_password,
                                                         LPTSTR new_password, ULONG flags)
{
    (void)name;
    (void)old_password;
    (void)new_password;
    (void)flags;
    HRESULT hr = admin_enter(This);
    return hr == S_OK ? admin_leave(This, hr) : hr;
}

/* What CopyProfile and RenameProfile have in common. */
static HRESULT copy_or_rename(IProfAdmin *This, const char *method, ULONG known, const void *name, const void *password,
                              const void *new_name, ULONG flags,
                              HRESULT (*work)(const char *name, const char *new_name, bool app_profile))
{
    struct profile_name old_read, new_read;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = admin_check_flags(method, flags, known);
    hr = hr == S_OK ? read_name(name, flags, MAPI_E_NOT_FOUND, &old_read) : hr;
    hr = hr == S_OK ? read_new_name(new_name, flags, &new_read) : hr;
    hr = hr == S_OK ? check_password(password, flags) : hr;
    hr = hr == S_OK ? work(old_read.text, new_read.text, flags & MAPI_APP_PROFILE) : hr;
    return admin_leave(This, hr);
}

static HRESULT STDMETHODCALLTYPE copy_profile(IProfAdmin *This, LPTSTR name, LPTSTR password, LPTSTR new_name,
                                              ULONG_PTR ui, ULONG flags)
{
    (void)ui;
    return copy_or_rename(This, "CopyProfile", MAPI_APP_PROFILE | MAPI_DIALOG | MAPI_UNICODE, name, password, new_name,
                          flags, profile_admin_copy);
}

static HRESULT STDMETHODCALLTYPE rename_profile(IProfAdmin *This, LPTSTR name, LPTSTR password, LPTSTR new_name,
                                                ULONG_PTR ui, ULONG flags)
{
    (void)ui;
    return copy_or_rename(This, "RenameProfile", MAPI_APP_PROFILE | MAPI_DIALOG | MAPI_UNICODE, name, password,
                          new_name, flags, profile_admin_rename);
}

static HRESULT STDMETHODCALLTYPE set_default_profile(IProfAdmin *This, LPTSTR name, ULONG flags)
{
    struct profile_name read;
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    hr = admin_check_flags("SetDefaultProfile", flags, MAPI_UNICODE);
    hr = hr == S_OK && name ? read_name(name, flags, MAPI_E_NOT_FOUND, &read) : hr;
    hr = hr == S_OK ? profile_admin_set_default(name ? read.text : NULL) : hr;
    return admin_leave(This, hr);
}

static HRESULT open_services(const char *name, LPSERVICEADMIN *out)
{
    struct database *db;
    struct profile *profile = NULL;
    HRESULT hr = profile_database_enter(&db);
    if (hr == S_OK) {
        hr = profile_find(db, name, &profile);
        profile_database_leave();
    }
    if (hr == MAPI_E_NOT_FOUND) {
        const char *why = failure_detail(hr);
        return fail(MAPI_E_LOGON_FAILED, "%s", why ? why : "There is no such profile.");
    }
    hr = hr == S_OK ? service_admin_create(profile, NULL, out) : hr;
    profile_unref(profile);
    return hr;
}

static HRESULT STDMETHODCALLTYPE admin_services(IProfAdmin *This, LPTSTR name, LPTSTR password, ULONG_PTR ui,
                                                ULONG flags, LPSERVICEADMIN *out)
{
    struct profile_name read;
    (void)ui;
    if (out) {
        *out = NULL;
    }
    HRESULT hr = admin_enter(This);
    if (hr != S_OK) {
        return hr;
    }
    if (!out) {
        hr = fail(MAPI_E_INVALID_PARAMETER, "AdminServices needs a place for its result.");
    }
    hr = hr == S_OK ? admin_check_flags("AdminServices", flags, MAPI_DIALOG | MAPI_UNICODE) : hr;
    hr = hr == S_OK ? read_name(name, flags, MAPI_E_LOGON_FAILED, &read) : hr;
    hr = hr == S_OK ? check_password(password, flags) : hr;
    hr = hr == S_OK ? open_services(read.text, out) : hr;
    return admin_leave(This, hr);
}

static const IProfAdminVtbl vtbl = {
    prof_admin_query_interface,
    prof_admin_addref,
    prof_admin_release,
    get_last_error,
    get_profile_table,
    create_profile,
    delete_profile,
    change_profile_password,
    copy_profile,
    rename_profile,
    set_default_profile,
    admin_services,
};

static const GUID *const iids[] = {&IID_IProfAdmin, NULL};
static const struct object_type type = {
    .kind = OBJECT_ADMIN, .iids = iids, .destroy = admin_destroy, .lifeline = admin_lifeline};

HRESULT STDAPICALLTYPE MAPIAdminProfiles(ULONG flags, LPPROFADMIN *out)
{
    struct admin *self;
    if (!out) {
        return fail(MAPI_E_INVALID_PARAMETER, "MAPIAdminProfiles needs a place for its result.");
    }
    *out = NULL;
    HRESULT hr = process_check();
    hr = hr == S_OK ? admin_check_flags("MAPIAdminProfiles", flags, 0) : hr;
    hr = hr == S_OK ? admin_create(&type, &vtbl, NULL, NULL, &self) : hr;
    if (hr == S_OK) {
        *out = (LPPROFADMIN)(void *)self;
    }
    return hr;
}
