/* See account_value.h. Passwords leave no copies behind but Lua's own strings. */
#include "account_value.h"

#include "args.h"
#include "base/utf.h"
#include "names.h"
#include "script_helper.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- names ------------------------------------------------------------------------------------------------------- */

static DWORD find_name(lua_State *L, int index, int arg)
{
    const char *name = lm_check_text_at(L, index, arg, "property name", NULL);
    DWORD tag;

    if (!OlkPropFromName(name, &tag)) {
        luaL_argerror(L, arg, lua_pushfstring(L, "unknown property '%s'", name));
    }
    lm_name_keep(L, lm_state(L), LM_NAME_OF_ACCOUNT, index, tag);
    return tag;
}

static DWORD check_number(lua_State *L, int index, int arg)
{
    int exact = 0;
    lua_Integer number = lua_tointegerx(L, index, &exact);

    if (!exact || number < 0 || number > UINT32_MAX) {
        luaL_argerror(L, arg, "not a property tag");
    }
    return (DWORD)number;
}

DWORD lm_account_tag(lua_State *L, int index, int arg)
{
    int type = lua_type(L, index);
    DWORD tag;

    if (type == LUA_TSTRING) {
        return lm_name_known(L, lm_state(L), LM_NAME_OF_ACCOUNT, index, &tag) ? tag : find_name(L, index, arg);
    }
    if (type != LUA_TNUMBER) {
        luaL_argerror(L, arg, lua_pushfstring(L, "property name or tag expected, got %s", luaL_typename(L, index)));
    }
    return check_number(L, index, arg);
}

DWORD lm_account_id(lua_State *L, int index, int arg)
{
    int exact = 0;
    lua_Integer id = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &exact) : 0;

    if (!exact) {
        luaL_argerror(L, arg,
                      lua_pushfstring(L, "id of an account expected, got %s",
                                      lua_type(L, index) == LUA_TNUMBER ? "a number that is no integer"
                                                                        : luaL_typename(L, index)));
    }
    return id >= 0 && id <= UINT32_MAX ? (DWORD)id : 0;
}

/* --- values of the script's -------------------------------------------------------------------------------------- */

static const char *name_of(lua_State *L, DWORD tag)
{
    const char *name = OlkPropName(tag);

    return lua_pushfstring(L, "the value of %s", name != NULL ? name : "this property");
}

static void expected(lua_State *L, int index, int arg, DWORD tag, const char *what)
{
    luaL_argerror(L, arg,
                  lua_pushfstring(L, "%s: %s expected, got %s", name_of(L, tag), what, luaL_typename(L, index)));
}

static void check_long(lua_State *L, int index, int arg, DWORD tag)
{
    int exact = 0;
    lua_Integer number;

    if (lua_isboolean(L, index)) {
        return;
    }
    if (lua_type(L, index) != LUA_TNUMBER) {
        expected(L, index, arg, tag, "integer");
    }
    number = lua_tointegerx(L, index, &exact);
    if (!exact || number < INT32_MIN || number > UINT32_MAX) {
        luaL_argerror(L, arg, lua_pushfstring(L, "%s is not a 32-bit integer", name_of(L, tag)));
    }
}

void lm_account_value_check(lua_State *L, int index, int arg, DWORD tag)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 4, NULL);
    switch (lm_account_value_type(tag)) {
    case PT_LONG:
        check_long(L, index, arg, tag);
        break;
    case PT_BINARY:
        if (lua_type(L, index) != LUA_TSTRING) {
            expected(L, index, arg, tag, "string");
        }
        break;
    case PT_UNICODE:
        if (lua_type(L, index) != LUA_TSTRING) {
            expected(L, index, arg, tag, "string");
        }
        lm_check_text_at(L, index, arg, name_of(L, tag), NULL);
        lua_pop(L, 1);
        break;
    default:
        if (lua_isnil(L, index)) {
            expected(L, index, arg, tag, "value");
        }
        break;
    }
}

size_t lm_account_value_room(lua_State *L, int index, DWORD tag)
{
    return lm_account_value_type(tag) == PT_UNICODE ? (UTF16_MAX((size_t)lua_rawlen(L, index)) + 1) * sizeof(WCHAR) : 0;
}

void lm_account_value_read(lua_State *L, int index, DWORD tag, WCHAR *room, ACCT_VARIANT *out)
{
    size_t length = 0;
    const char *bytes = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;

    memset(out, 0, sizeof *out);
    out->dwType = lm_account_value_type(tag);
    switch (out->dwType) {
    case PT_LONG:
        out->Val.dw = lua_isboolean(L, index) ? (DWORD)lua_toboolean(L, index) : (DWORD)lua_tointeger(L, index);
        break;
    case PT_UNICODE:
        room[utf8_to_utf16(bytes, length, room, UTF_STRICT)] = 0;
        out->Val.pwsz = room;
        break;
    case PT_BINARY:
        /* More than a count can say is more than any account takes: what is said is refused as too long. */
        out->Val.bin.cb = length <= UINT32_MAX ? (DWORD)length : UINT32_MAX;
        out->Val.bin.pb = (BYTE *)(uintptr_t)bytes;
        break;
    default: /* the subsystem will refuse the tag */
        break;
    }
}

/* --- values of the account's ------------------------------------------------------------------------------------- */

void lm_wipe(void *memory, size_t size)
{
    volatile char *at = (volatile char *)memory;

    while (size-- > 0) {
        *at++ = 0;
    }
}

static const char box_key = 'a';

void lm_account_box_empty(struct lm_account_box *box)
{
    IUnknown *owner = box->owner;

    box->owner = NULL;
    if (owner == NULL) {
        return;
    }
    if (box->memory != NULL) {
        box->release(owner, box->memory);
    }
    if (box->text != NULL) {
        lm_wipe(box->text, box->size);
        free(box->text);
    }
    owner->lpVtbl->Release(owner);
}

static int box_gc(lua_State *L)
{
    lm_account_box_empty((struct lm_account_box *)lua_touserdata(L, 1));
    return 0;
}

static void push_box_metatable(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &box_key) == LUA_TTABLE) {
        return;
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, box_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &box_key);
}

struct lm_account_box *lm_account_box(lua_State *L, IUnknown *owner, void (*release)(IUnknown *owner, void *memory))
{
    struct lm_account_box *box;

    luaL_checkstack(L, 4, NULL);
    box = (struct lm_account_box *)lua_newuserdatauv(L, sizeof *box, 0);
    memset(box, 0, sizeof *box);
    push_box_metatable(L);
    lua_setmetatable(L, -2);
    owner->lpVtbl->AddRef(owner);
    box->owner = owner;
    box->release = release;
    return box;
}

/* IOlkAccount::GetProp. What is missing among the places of delivery is looked for in the session, which may call a
 * helper of the script's; the caller's box holds the account meanwhile. */
static HRESULT get_prop(lua_State *L, struct lm_object *self, DWORD tag, ACCT_VARIANT *out)
{
    IOlkAccount *native = (IOlkAccount *)self->native;
    lua_State *before = lm_enter(L, self->state);
    HRESULT hr = native->lpVtbl->GetProp(native, tag, out);

    lm_leave(self->state, before);
    return hr;
}

static void free_memory(IUnknown *owner, void *memory)
{
    IOlkAccount *account = (IOlkAccount *)owner;

    account->lpVtbl->FreeMemory(account, (BYTE *)memory);
}

static void *memory_of(const ACCT_VARIANT *value)
{
    return value->dwType == PT_UNICODE  ? (void *)value->Val.pwsz
           : value->dwType == PT_BINARY ? (void *)value->Val.bin.pb
                                        : NULL;
}

static HRESULT push_memory(lua_State *L, struct lm_account_box *box, const ACCT_VARIANT *value)
{
    size_t units;

    box->memory = memory_of(value);
    if (value->dwType == PT_LONG) {
        lua_pushinteger(L, (lua_Integer)value->Val.dw);
        return S_OK;
    }
    if (value->dwType == PT_BINARY) {
        lua_pushlstring(L, (const char *)value->Val.bin.pb, value->Val.bin.cb);
        return S_OK;
    }
    units = utf16_length(value->Val.pwsz);
    box->size = UTF8_MAX(units) + 1;
    box->text = (char *)malloc(box->size);
    if (box->text == NULL) {
        return E_OUTOFMEMORY;
    }
    lua_pushlstring(L, box->text, utf16_to_utf8(value->Val.pwsz, units, box->text, UTF_REPLACE));
    return S_OK;
}

/* Strings that are long or secret, and bytes: whatever happens, nothing of them stays behind. */
static HRESULT push_boxed(lua_State *L, struct lm_object *self, DWORD tag)
{
    struct lm_account_box *box = lm_account_box(L, self->native, free_memory);
    ACCT_VARIANT value;
    HRESULT hr;

    lm_still_open(L, self);
    hr = get_prop(L, self, tag, &value);
    if (SUCCEEDED(hr)) {
        hr = push_memory(L, box, &value);
    }
    lm_account_box_empty(box);
    lua_remove(L, SUCCEEDED(hr) ? -2 : -1);
    return hr;
}

enum { SMALL = 1024 };

/* The native memory goes back before Lua is asked for any, so that nothing can be left lying about. */
HRESULT lm_account_value_push(lua_State *L, struct lm_object *account, DWORD tag)
{
    IOlkAccount *native;
    char small[SMALL];
    ULONG room = sizeof small;
    ACCT_VARIANT value;
    size_t units, size;
    HRESULT hr;

    lm_still_open(L, account);
    native = (IOlkAccount *)account->native;
    hr = OlkReadProp(native, tag, &value.Val.dw, small, &room);
    if (hr == S_OK) {
        if (PROP_TYPE(tag) == PT_LONG) {
            lua_pushinteger(L, (lua_Integer)value.Val.dw);
        } else {
            lua_pushlstring(L, small, room);
        }
        return hr;
    }
    if (PROP_TYPE(tag) == PT_BINARY || lm_account_secret(tag)) {
        return push_boxed(L, account, tag);
    }
    hr = native->lpVtbl->GetProp(native, tag, &value);
    if (FAILED(hr)) {
        return hr;
    }
    if (value.dwType == PT_LONG) {
        lua_pushinteger(L, (lua_Integer)value.Val.dw);
        return S_OK;
    }
    units = utf16_length(value.Val.pwsz);
    if (UTF8_MAX(units) > sizeof small) {
        native->lpVtbl->FreeMemory(native, (BYTE *)value.Val.pwsz);
        return push_boxed(L, account, tag);
    }
    size = utf16_to_utf8(value.Val.pwsz, units, small, UTF_REPLACE);
    native->lpVtbl->FreeMemory(native, (BYTE *)value.Val.pwsz);
    lua_pushlstring(L, small, size);
    return S_OK;
}
