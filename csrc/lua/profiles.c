/* mapi.profiles: IProfAdmin. Profile names are 8-bit strings there (iprofadmin-createprofile.md has no MAPI_UNICODE),
 * which means UTF-8 on the embedded subsystem. */
#include "profiles.h"

#include "args.h"
#include "failure.h"
#include "listing.h"
#include "state.h"

#include <mapiutil.h>

/* Opens the administration object into a box on the stack. */
static HRESULT open_admin(lua_State *L, IProfAdmin **admin)
{
    HRESULT hr = lm_state_need(L);
    void **box = lm_box_unknown(L);

    *admin = NULL;
    if (SUCCEEDED(hr)) {
        lm_forget();
        hr = MAPIAdminProfiles(0, (LPPROFADMIN *)box);
        *admin = (IProfAdmin *)*box;
    }
    return hr;
}

/* The interfaces take LPTSTR for strings they do not change. */
static LPTSTR tstr(const char *text)
{
    return (LPTSTR)(uintptr_t)text;
}

static const struct lm_option create_options[] = {{"default", LM_BOOLEAN}, {NULL, LM_ANY}};

/* A profile that is to be the default and cannot be made so is not left behind. */
static int profiles_create(lua_State *L)
{
    const char *name = lm_check_text(L, 1, NULL);
    IProfAdmin *admin;
    int base;
    HRESULT hr;

    lua_settop(L, 2);
    base = lm_options(L, 2, create_options);
    hr = open_admin(L, &admin);
    if (SUCCEEDED(hr)) {
        hr = admin->lpVtbl->CreateProfile(admin, tstr(name), NULL, 0, MAPI_DEFAULT_SERVICES);
        if (SUCCEEDED(hr) && lm_option_flag(L, base, false)) {
            hr = admin->lpVtbl->SetDefaultProfile(admin, tstr(name), 0);
            if (FAILED(hr)) {
                admin->lpVtbl->DeleteProfile(admin, tstr(name), 0);
            }
        }
    }
    return lm_result(L, "mapi.profiles.create", hr);
}

static int profiles_delete(lua_State *L)
{
    const char *name = lm_check_text(L, 1, NULL);
    IProfAdmin *admin;
    HRESULT hr = open_admin(L, &admin);

    if (SUCCEEDED(hr)) {
        hr = admin->lpVtbl->DeleteProfile(admin, tstr(name), 0);
    }
    return lm_result(L, "mapi.profiles.delete", hr);
}

static int profiles_copy(lua_State *L)
{
    const char *from = lm_check_text(L, 1, NULL);
    const char *to = lm_check_text(L, 2, NULL);
    IProfAdmin *admin;
    HRESULT hr = open_admin(L, &admin);

    if (SUCCEEDED(hr)) {
        hr = admin->lpVtbl->CopyProfile(admin, tstr(from), NULL, tstr(to), 0, 0);
    }
    return lm_result(L, "mapi.profiles.copy", hr);
}

static int profiles_rename(lua_State *L)
{
    const char *from = lm_check_text(L, 1, NULL);
    const char *to = lm_check_text(L, 2, NULL);
    IProfAdmin *admin;
    HRESULT hr = open_admin(L, &admin);

    if (SUCCEEDED(hr)) {
        hr = admin->lpVtbl->RenameProfile(admin, tstr(from), NULL, tstr(to), 0, 0);
    }
    return lm_result(L, "mapi.profiles.rename", hr);
}

/* iprofadmin-setdefaultprofile.md: NULL leaves no default profile. */
static int profiles_set_default(lua_State *L)
{
    const char *name = NULL;
    IProfAdmin *admin;
    HRESULT hr;

    luaL_checkany(L, 1);
    if (!lua_isnil(L, 1)) {
        name = lm_check_text(L, 1, NULL);
    }
    hr = open_admin(L, &admin);
    if (SUCCEEDED(hr)) {
        hr = admin->lpVtbl->SetDefaultProfile(admin, tstr(name), 0);
    }
    return lm_result(L, "mapi.profiles.set_default", hr);
}

static HRESULT read_profiles(IProfAdmin *admin, SRowSet **rows)
{
    static const SizedSPropTagArray(2, columns) = {2, {PR_DISPLAY_NAME_A, PR_DEFAULT_PROFILE}};
    IMAPITable *table = NULL;
    HRESULT hr = admin->lpVtbl->GetProfileTable(admin, 0, &table);

    if (SUCCEEDED(hr)) {
        hr = HrQueryAllRows(table, (LPSPropTagArray)(void *)(uintptr_t)&columns, NULL, NULL, 0, rows);
        table->lpVtbl->Release(table);
    }
    return hr;
}

static int profiles_default(lua_State *L)
{
    IProfAdmin *admin;
    HRESULT hr = open_admin(L, &admin);
    void **box = lm_box_rows(L);
    const SRowSet *rows;
    ULONG i;

    if (SUCCEEDED(hr)) {
        hr = read_profiles(admin, (SRowSet **)box);
    }
    if (FAILED(hr)) {
        return lm_fail(L, "mapi.profiles.default", hr);
    }
    rows = (const SRowSet *)*box;
    for (i = 0; i < rows->cRows; i++) {
        const SPropValue *props = rows->aRow[i].lpProps;

        if (props[1].ulPropTag == PR_DEFAULT_PROFILE && props[1].Value.b) {
            lua_pushstring(L, props[0].Value.lpszA);
            return 1;
        }
    }
    return lm_fail_text(L, "mapi.profiles.default", MAPI_E_NOT_FOUND, "there is no default profile");
}

static const struct lm_column profile_columns[] = {{PR_DISPLAY_NAME_A, "name"}, {PR_DEFAULT_PROFILE, "default"}};

static int profiles_each(lua_State *L)
{
    IProfAdmin *admin;
    struct lm_listing *listing;
    IMAPITable *table = NULL;
    HRESULT hr = open_admin(L, &admin);

    if (SUCCEEDED(hr)) {
        listing = lm_listing_new(L, 0, "mapi.profiles.each", profile_columns, 2);
        hr = admin->lpVtbl->GetProfileTable(admin, 0, &table);
        if (SUCCEEDED(hr)) {
            return lm_listing_start(L, listing, table);
        }
    }
    return lm_raise(L, "mapi.profiles.each", hr);
}

const luaL_Reg lm_profiles_functions[] = {
    {"create", profiles_create},
    {"delete", profiles_delete},
    {"copy", profiles_copy},
    {"rename", profiles_rename},
    {"set_default", profiles_set_default},
    {"default", profiles_default},
    {"each", profiles_each},
    {NULL, NULL},
};
