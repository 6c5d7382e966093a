/* mapi.account_enum: IOlkEnum (iolkenum.md), a snapshot of the accounts; and the iterator over it. */
#include "account.h"

#include "args.h"
#include "failure.h"
#include "types.h"

#include <stdint.h>

#include <mapiguid.h>

static IOlkEnum *native_of(const struct lm_object *self)
{
    return (IOlkEnum *)self->native;
}

static int raise(lua_State *L, const char *operation, HRESULT hr)
{
    luaL_checkstack(L, 2, NULL);
    lm_push_message(L, operation, hr, true);
    return lua_error(L);
}

/* --- making one -------------------------------------------------------------------------------------------------- */

enum { OPT_CATEGORY, OPT_TYPE };

static const struct lm_option enumerate_options[] = {{"category", LM_TEXT}, {"type", LM_TEXT}, {NULL, LM_ANY}};

static const CLSID *known(lua_State *L, int index, const char *what, const CLSID *(*find)(const char *name))
{
    const CLSID *found;

    if (lua_isnil(L, index)) {
        return NULL;
    }
    found = find(lua_tostring(L, index));
    if (found == NULL) {
        luaL_argerror(L, 2, lua_pushfstring(L, "unknown %s '%s'", what, lua_tostring(L, index)));
    }
    return found;
}

/* Pushes an open enumerator, or answers why not. */
static HRESULT enumerate(lua_State *L)
{
    struct lm_object *manager = lm_self(L), *made;
    const CLSID *category, *type;
    IOlkAccountManager *native;
    IOlkEnum *list = NULL;
    HRESULT hr;
    int base;

    lua_settop(L, 2);
    base = lm_options(L, 2, enumerate_options);
    category = known(L, base + OPT_CATEGORY, "category", OlkCategoryFromName);
    type = known(L, base + OPT_TYPE, "type of account", OlkTypeFromName);
    made = lm_new(L, &lm_account_enum_type, 1, 0);
    lm_forget();
    native = (IOlkAccountManager *)manager->native;
    hr = native->lpVtbl->EnumerateAccounts(native, category, type, OLK_ACCOUNT_NO_FLAGS, &list);
    if (FAILED(hr) && lm_exhausted(L, hr)) {
        lm_still_open(L, manager);
        hr = native->lpVtbl->EnumerateAccounts(native, category, type, OLK_ACCOUNT_NO_FLAGS, &list);
    }
    if (SUCCEEDED(hr)) {
        lm_open(made, (IUnknown *)list);
    }
    return hr;
}

int lm_manager_enumerate(lua_State *L)
{
    HRESULT hr = enumerate(L);

    return FAILED(hr) ? lm_fail_olk(L, "manager:enumerate", hr) : 1;
}

/* --- walking ----------------------------------------------------------------------------------------------------- */

/* Pushes the next account, a child of the manager: it stays open when the enumerator is closed. S_FALSE: nil, the end.
 */
static HRESULT push_next(lua_State *L, struct lm_object *self)
{
    struct lm_object *account;
    IOlkAccount *native;
    HRESULT hr;

    if (OlkEnumAtEnd(native_of(self))) {
        lua_pushnil(L);
        return S_FALSE;
    }
    lua_getiuservalue(L, 1, LM_PARENT);
    account = lm_account_new(L, -1);
    lm_still_open(L, self);
    lm_forget();
    hr = OlkEnumNext(native_of(self), &native);
    if (hr == S_OK) {
        lm_open(account, (IUnknown *)native);
    } else if (SUCCEEDED(hr)) {
        lua_pushnil(L);
        hr = S_FALSE;
    }
    return hr;
}

static int accounts_next(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr;

    lua_settop(L, 1);
    hr = push_next(L, self);
    if (FAILED(hr)) {
        return raise(L, "manager:accounts", hr);
    }
    if (hr == S_FALSE) {
        lm_end(self, LM_EXPLICIT);
    }
    return 1;
}

int lm_manager_accounts(lua_State *L)
{
    HRESULT hr = enumerate(L);

    return FAILED(hr) ? raise(L, "manager:accounts", hr) : lm_iterate(L, accounts_next);
}

/* --- methods ----------------------------------------------------------------------------------------------------- */

static int enum_count(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    DWORD count = 0;
    HRESULT hr;

    lm_forget();
    hr = native_of(self)->lpVtbl->GetCount(native_of(self), &count);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "enumerator:count", hr);
    }
    lua_pushinteger(L, (lua_Integer)count);
    return 1;
}

static int enum_reset(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr;

    lm_forget();
    hr = native_of(self)->lpVtbl->Reset(native_of(self));
    if (FAILED(hr)) {
        return lm_fail_olk(L, "enumerator:reset", hr);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int enum_next(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr;

    lua_settop(L, 1);
    hr = push_next(L, self);
    return FAILED(hr) ? lm_fail_olk(L, "enumerator:next", hr) : 1;
}

/* iolkenum-skip.md: past the end is no failure, and says so. */
static int enum_skip(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    lua_Integer count = luaL_checkinteger(L, 2);
    HRESULT hr;

    luaL_argcheck(L, count >= 0, 2, "a number of accounts expected");
    lm_forget();
    hr = native_of(self)->lpVtbl->Skip(native_of(self), count <= UINT32_MAX ? (DWORD)count : UINT32_MAX);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "enumerator:skip", hr);
    }
    lua_pushboolean(L, 1);
    return lm_value(L, hr);
}

static const luaL_Reg enum_methods[] = {
    {"count", enum_count}, {"reset", enum_reset}, {"next", enum_next}, {"skip", enum_skip}, {NULL, NULL}};

const struct lm_type lm_account_enum_type = {
    .name = "account_enum",
    .size = sizeof(struct lm_object),
    .weight = 2048,
    .methods = enum_methods,
};
