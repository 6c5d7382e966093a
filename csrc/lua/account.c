/* mapi.account: one account, IOlkAccount (iolkaccount.md). */
#include "account.h"

#include "account_value.h"
#include "args.h"
#include "failure.h"
#include "names.h"
#include "script_helper.h"
#include "types.h"

#include "base/utf.h"

#include <stdlib.h>
#include <string.h>

#include <mapiguid.h>

static IOlkAccount *native_of(const struct lm_object *self)
{
    return (IOlkAccount *)self->native;
}

/* --- making one -------------------------------------------------------------------------------------------------- */

struct lm_object *lm_account_new(lua_State *L, int manager)
{
    struct lm_object *made = lm_new(L, &lm_account_type, manager, 0);

    *lm_account_place(made->state, made) = made;
    return made;
}

int lm_account_push_id(lua_State *L, DWORD id, const char *operation)
{
    struct lm_object *made = lm_account_new(L, 1);
    IOlkAccountManager *manager = (IOlkAccountManager *)made->parent->native;
    ACCT_VARIANT value = {PT_LONG, {id}};
    IOlkAccount *native = NULL;
    HRESULT hr;

    lm_forget();
    hr = manager->lpVtbl->FindAccount(manager, PROP_ACCT_ID, &value, &native);
    if (FAILED(hr)) {
        return lm_fail_olk(L, operation, hr);
    }
    lm_open(made, (IUnknown *)native);
    return 1;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static int fail(lua_State *L, struct lm_object *self, const char *operation, HRESULT hr)
{
    int count = lm_fail_olk(L, operation, hr);

    lm_callback_flush(L, self->state);
    return count;
}

/* Pushes a table with the values of those listed in the table at stack index 2 that the account has, keyed as they were
 * written; or the failure. */
static int get_many(lua_State *L, struct lm_object *self)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
    lua_Integer i;

    lua_createtable(L, 0, (int)(count < 64 ? count : 64));
    for (i = 1; i <= count; i++) {
        HRESULT hr;

        lua_rawgeti(L, 2, i);
        hr = lm_account_value_push(L, self, lm_account_tag(L, -1, 2));
        if (FAILED(hr) && hr != E_ACCT_NOT_FOUND) {
            return fail(L, self, "account:get", hr);
        }
        if (FAILED(hr)) {
            lua_pushnil(L);
        }
        lua_rawset(L, 3);
        lm_still_open(L, self);
    }
    lm_callback_flush(L, self->state);
    return 1;
}

/* lm_self, for the call that is made more often than all others together. */
static struct lm_object *quick_self(lua_State *L)
{
    struct lm_object *self = (struct lm_object *)lua_touserdata(L, 1);
    struct lm_object **place = lm_account_place(lm_state(L), self);

    if (self == NULL || *place != self || self->native == NULL) {
        *place = self = lm_self(L);
    }
    return self;
}

static int account_get(lua_State *L)
{
    struct lm_object *self = quick_self(L);
    DWORD tag;
    HRESULT hr;

    if (!lm_name_known(L, self->state, LM_NAME_OF_ACCOUNT, 2, &tag)) {
        if (lua_type(L, 2) == LUA_TTABLE) {
            lua_settop(L, 2);
            return get_many(L, self);
        }
        tag = lm_account_tag(L, 2, 2);
    }
    hr = lm_account_value_push(L, self, tag);
    if (FAILED(hr)) {
        return fail(L, self, "account:get", hr);
    }
    if (self->state->callback_message != NULL) {
        lm_callback_flush(L, self->state);
    }
    return 1;
}

/* The first property of the catalogue behind the one of the control variable that the account has. Passwords are not
 * listed, held or not. */
static int next_prop(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    DWORD last = (DWORD)lua_tointeger(L, 2);
    struct olk_property property;
    ULONG i;

    for (i = 0; OlkPropAt(i, &property); i++) {
        HRESULT hr;

        if (PROP_ID(property.tag) <= PROP_ID(last) || (property.access & OLK_PROP_SECRET)) {
            continue;
        }
        lua_pushinteger(L, (lua_Integer)property.tag);
        hr = lm_account_value_push(L, self, property.tag);
        if (SUCCEEDED(hr)) {
            lm_callback_flush(L, self->state);
            lua_pushstring(L, property.name);
            return 3;
        }
        lua_pop(L, 1);
        if (hr != E_ACCT_NOT_FOUND) {
            lm_push_message(L, "account:props", hr, true);
            return lua_error(L);
        }
        lm_callback_flush(L, self->state);
        lm_still_open(L, self);
    }
    lua_pushnil(L);
    return 1;
}

/* Nothing is held between two steps: there is nothing to close. */
static int account_props(lua_State *L)
{
    lm_self(L);
    lua_pushvalue(L, lua_upvalueindex(LM_UPVALUE_STATE));
    lua_pushvalue(L, lua_upvalueindex(LM_UPVALUE_METATABLE));
    lua_pushcclosure(L, next_prop, 2);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int account_id(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_account_value_push(L, self, PROP_ACCT_ID);

    return FAILED(hr) ? fail(L, self, "account:id", hr) : 1;
}

/* More categories than there are. */
enum { CATEGORIES = 8 };

static int account_info(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IOlkAccount *native = native_of(self);
    CLSID type, categories[CATEGORIES];
    CLSID *list = NULL;
    DWORD count = 0, i;
    HRESULT hr;

    lm_forget();
    hr = native->lpVtbl->GetAccountInfo(native, &type, &count, &list);
    if (FAILED(hr)) {
        return fail(L, self, "account:info", hr);
    }
    count = count < CATEGORIES ? count : CATEGORIES;
    if (count > 0) {
        memcpy(categories, list, count * sizeof *categories);
    }
    native->lpVtbl->FreeMemory(native, (BYTE *)list);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, OlkTypeName(&type));
    lua_setfield(L, -2, "type");
    lua_createtable(L, (int)count, 0);
    for (i = 0; i < count; i++) {
        lua_pushstring(L, OlkCategoryName(&categories[i]));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "categories");
    return 1;
}

/* --- changing ---------------------------------------------------------------------------------------------------- */

/* Sets the property at stack index `key` to the value at `value`; `arg` is to blame for it. A password never gets as far
 * as a copy: nobody can set one. */
static HRESULT set_prop(lua_State *L, struct lm_object *self, int key, int value, int arg)
{
    DWORD tag = lm_account_tag(L, key, 2);
    ACCT_VARIANT variant = {0};
    WCHAR nothing[] = {0};

    lm_account_value_check(L, value, arg, tag);
    if (lm_account_secret(tag)) {
        variant.dwType = lm_account_value_type(tag);
        variant.Val.pwsz = nothing;
    } else {
        WCHAR *room = (WCHAR *)lua_newuserdatauv(L, lm_account_value_room(L, value, tag), 0);

        lm_account_value_read(L, value, tag, room, &variant);
    }
    lm_still_open(L, self);
    lm_forget();
    return native_of(self)->lpVtbl->SetProp(native_of(self), tag, &variant);
}

/* Stack: 1 account, 2 table, 3 the message of the first failure, 4 key, 5 value. All names and values are looked at
 * before the first is set. What is refused does not keep the others from being set: a table has no order. */
static int set_many(lua_State *L, struct lm_object *self)
{
    HRESULT failure = S_OK;

    for (lua_pushnil(L); lua_next(L, 2) != 0; lua_settop(L, 4)) {
        lm_account_value_check(L, 5, 2, lm_account_tag(L, 4, 2));
    }
    for (lua_pushnil(L); lua_next(L, 2) != 0; lua_settop(L, 4)) {
        HRESULT hr = set_prop(L, self, 4, 5, 2);

        if (FAILED(hr) && SUCCEEDED(failure)) {
            failure = hr;
            lm_push_message(L, "account:set", hr, true);
            lua_replace(L, 3);
        }
    }
    if (FAILED(failure)) {
        lua_pushnil(L);
        lua_pushvalue(L, 3);
        lm_push_name(L, failure, true);
        return 3;
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int account_set(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr;

    lua_settop(L, 3);
    if (lua_type(L, 2) == LUA_TTABLE) {
        return set_many(L, self);
    }
    hr = set_prop(L, self, 2, 3, 3);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "account:set", hr);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* With a message service behind the account, saving its name needs the session, and so the helper. */
static int account_save(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IOlkAccount *native = native_of(self);
    lua_State *before;
    HRESULT hr;

    lm_callback_flush(L, self->state);
    lm_forget();
    native->lpVtbl->AddRef(native);
    before = lm_enter(L, self->state);
    hr = native->lpVtbl->SaveChanges(native, OLK_ACCOUNT_NO_FLAGS);
    native->lpVtbl->Release(native);
    lm_leave(self->state, before);
    if (FAILED(hr)) {
        return fail(L, self, "account:save", hr);
    }
    lm_callback_flush(L, self->state);
    lua_pushboolean(L, 1);
    return 1;
}

/* --- passwords --------------------------------------------------------------------------------------------------- */

/* The embedded manager and the id of an account, or the failure. */
static HRESULT find_keeper(const struct lm_object *self, IOlkAccountManagerEmbedded **keeper, DWORD *id)
{
    IOlkAccount *native = native_of(self);
    ACCT_VARIANT value = {0};
    HRESULT hr = native->lpVtbl->GetProp(native, PROP_ACCT_ID, &value);

    *keeper = lm_manager_of(self->parent)->embedded;
    *id = value.Val.dw;
    return FAILED(hr) || *keeper != NULL ? hr : MAPI_E_NO_SUPPORT;
}

/* account:hold_secret(property, text or nil) */
static int account_hold_secret(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    DWORD tag = lm_account_tag(L, 2, 2);
    IOlkAccountManagerEmbedded *keeper;
    const char *text = NULL;
    size_t length = 0, size;
    WCHAR *wide = NULL;
    HRESULT hr;
    DWORD id;

    luaL_checkany(L, 3);
    if (!lua_isnil(L, 3)) {
        text = lm_check_text(L, 3, &length);
    }
    lm_still_open(L, self);
    lm_forget();
    hr = find_keeper(self, &keeper, &id);
    size = (UTF16_MAX(length) + 1) * sizeof *wide;
    if (SUCCEEDED(hr) && text != NULL) {
        wide = (WCHAR *)malloc(size);
        hr = wide != NULL ? S_OK : E_OUTOFMEMORY;
    }
    if (SUCCEEDED(hr)) {
        if (wide != NULL) {
            wide[utf8_to_utf16(text, length, wide, UTF_STRICT)] = 0;
        }
        hr = keeper->lpVtbl->HoldSecret(keeper, id, tag, wide);
    }
    if (wide != NULL) {
        lm_wipe(wide, size);
        free(wide);
    }
    if (FAILED(hr)) {
        return lm_fail_olk(L, "account:hold_secret", hr);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* account:fetch_secret(property): runs the password command, and waits for it. */
static int account_fetch_secret(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    DWORD tag = lm_account_tag(L, 2, 2);
    IOlkAccountManagerEmbedded *keeper;
    HRESULT hr;
    DWORD id;

    lm_still_open(L, self);
    lm_forget();
    hr = find_keeper(self, &keeper, &id);
    if (SUCCEEDED(hr)) {
        hr = keeper->lpVtbl->FetchSecret(keeper, id, tag);
    }
    if (FAILED(hr)) {
        return lm_fail_olk(L, "account:fetch_secret", hr);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* --- the type ---------------------------------------------------------------------------------------------------- */

static bool account_describe(struct lm_object *self, char *text, size_t size)
{
    IOlkAccount *native = native_of(self);
    ACCT_VARIANT value;

    if (FAILED(native->lpVtbl->GetProp(native, PROP_ACCT_NAME, &value))) {
        return false;
    }
    lm_narrow(value.Val.pwsz, text, size);
    native->lpVtbl->FreeMemory(native, (BYTE *)value.Val.pwsz);
    return *text != '\0';
}

static const luaL_Reg account_methods[] = {
    {"get", account_get},
    {"set", account_set},
    {"props", account_props},
    {"info", account_info},
    {"save", account_save},
    {"id", account_id},
    {"hold_secret", account_hold_secret},
    {"fetch_secret", account_fetch_secret},
    {NULL, NULL},
};

const struct lm_type lm_account_type = {
    .name = "account",
    .size = sizeof(struct lm_object),
    .weight = 512,
    .methods = account_methods,
    .describe = account_describe,
};
