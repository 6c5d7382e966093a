/* What the types behind a store share. */
#include "mail.h"

#include <mapiguid.h>
#include <mapitags.h>

#include "args.h"
#include "types.h"

void *lm_scratch(lua_State *L, int anchor, size_t bytes)
{
    void *memory;

    luaL_checkstack(L, 2, NULL);
    memory = lua_newuserdatauv(L, bytes > 0 ? bytes : 1, 0);
    lua_rawseti(L, anchor, (lua_Integer)lua_rawlen(L, anchor) + 1);
    return memory;
}

/* --- entries ---------------------------------------------------------------------------------------------------- */

struct lm_object *lm_new_entry(lua_State *L, ULONG kind, int parent)
{
    switch (kind) {
    case MAPI_FOLDER:
        return lm_new(L, &lm_folder_type, parent, 0);
    case MAPI_MESSAGE:
        return lm_new(L, &lm_message_type, parent, 0);
    default:
        return NULL;
    }
}

/* Pushes the object that opens entries for the one at a stack index: the nearest store above it, else its session. */
static struct lm_object *push_opener(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    for (;;) {
        struct lm_object *at = (struct lm_object *)lua_touserdata(L, -1);
        if (at->type == &lm_store_type || at->session == at || at->parent == NULL) {
            return at;
        }
        lua_getiuservalue(L, -1, LM_PARENT);
        lua_replace(L, -2);
    }
}

static HRESULT open_entry(lua_State *L, const struct lm_object *opener, const void *entryid, size_t length, ULONG *kind,
                          IUnknown **out)
{
    ENTRYID *id = (ENTRYID *)(uintptr_t)entryid; /* MAPI's declarations know no const */

    if (opener->type == &lm_store_type) {
        IMsgStore *store = LM_STORE(L, opener);
        return store->lpVtbl->OpenEntry(store, (ULONG)length, id, NULL, MAPI_BEST_ACCESS, kind, out);
    }
    if (opener->type == &lm_session_type) {
        IMAPISession *session = (IMAPISession *)lm_native(L, opener);
        return session->lpVtbl->OpenEntry(session, (ULONG)length, id, NULL, MAPI_BEST_ACCESS, kind, out);
    }
    return MAPI_E_NO_SUPPORT;
}

HRESULT lm_open_entry(lua_State *L, struct lm_object *self, int self_index, const void *entryid, size_t length,
                      ULONG kind)
{
    int base = lua_gettop(L);
    struct lm_object *opener, *made;
    void **box;
    ULONG found = 0;
    HRESULT hr;

    luaL_checkstack(L, 8, NULL);
    lm_still_open(L, self);
    if (length > 0xFFFF) {
        return MAPI_E_INVALID_ENTRYID;
    }
    opener = push_opener(L, lua_absindex(L, self_index));
    box = lm_box_unknown(L);
    hr = open_entry(L, opener, entryid, length, &found, (IUnknown **)box);
    if (lm_exhausted(L, hr)) {
        hr = open_entry(L, opener, entryid, length, &found, (IUnknown **)box);
    }
    if (SUCCEEDED(hr) && kind != 0 && found != kind) {
        hr = MAPI_E_INVALID_ENTRYID;
    }
    if (FAILED(hr)) {
        lua_settop(L, base);
        return hr;
    }
    made = lm_new_entry(L, found, base + 1);
    if (made == NULL) {
        lua_settop(L, base);
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    }
    lm_open(made, *box);
    *box = NULL;
    lua_closeslot(L, base + 2);
    lua_replace(L, base + 1);
    lua_settop(L, base + 1);
    return hr;
}

/* --- properties ------------------------------------------------------------------------------------------------- */

HRESULT lm_push_binary_prop(lua_State *L, struct lm_object *self, ULONG tag)
{
    SPropTagArray tags = {1, {tag}};
    IMAPIProp *native;
    const SPropValue *value;
    void **box;
    ULONG count = 0;
    int at;
    HRESULT hr;

    luaL_checkstack(L, 4, NULL);
    box = lm_box_buffer(L);
    at = lua_gettop(L);
    native = LM_PROP(L, self);
    hr = native->lpVtbl->GetProps(native, &tags, MAPI_UNICODE, &count, (SPropValue **)box);
    value = *box;
    if (SUCCEEDED(hr) && (value == NULL || count != 1)) {
        hr = MAPI_E_NOT_FOUND;
    }
    if (SUCCEEDED(hr) && PROP_TYPE(value->ulPropTag) != PT_BINARY) {
        hr = PROP_TYPE(value->ulPropTag) == PT_ERROR && FAILED(value->Value.err) ? value->Value.err : MAPI_E_NOT_FOUND;
    }
    if (FAILED(hr)) {
        lua_settop(L, at - 1);
        return hr;
    }
    lua_pushlstring(L, (const char *)value->Value.bin.lpb, value->Value.bin.cb);
    lua_closeslot(L, at);
    lua_remove(L, at);
    return S_OK;
}

/* One property into a buffer that the caller frees. Nothing of Lua is called but the check that the object is open. */
static HRESULT one_prop(IMAPIProp *native, ULONG tag, SPropValue **value)
{
    SPropTagArray tags = {1, {tag}};
    ULONG count = 0;
    HRESULT hr = native->lpVtbl->GetProps(native, &tags, MAPI_UNICODE, &count, value);

    if (FAILED(hr)) {
        return hr;
    }
    if (*value == NULL || count != 1) {
        return MAPI_E_NOT_FOUND;
    }
    if (PROP_TYPE((*value)->ulPropTag) == PT_ERROR) {
        return FAILED((*value)->Value.err) ? (*value)->Value.err : MAPI_E_NOT_FOUND;
    }
    return PROP_TYPE((*value)->ulPropTag) == PROP_TYPE(tag) ? S_OK : MAPI_E_UNEXPECTED_TYPE;
}

HRESULT lm_long_prop(lua_State *L, struct lm_object *self, ULONG tag, LONG *out)
{
    SPropValue *value = NULL;
    HRESULT hr = one_prop(LM_PROP(L, self), tag, &value);

    *out = SUCCEEDED(hr) ? value->Value.l : 0;
    MAPIFreeBuffer(value);
    return hr;
}

bool lm_describe_prop(struct lm_object *self, ULONG tag, char *text, size_t size)
{
    SPropValue *value = NULL;
    bool known = SUCCEEDED(one_prop((IMAPIProp *)self->native, tag, &value));

    if (known) {
        lm_narrow(value->Value.lpszW, text, size);
        known = text[0] != '\0';
    }
    MAPIFreeBuffer(value);
    return known;
}

/* --- odds and ends ---------------------------------------------------------------------------------------------- */

void lm_require(lua_State *L, const char *module)
{
    luaL_checkstack(L, 6, NULL);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, module) != LUA_TNIL) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    /* The `require` of the base library, whatever the script has done to the global of that name. */
    if (lua_getfield(L, -1, LUA_GNAME) != LUA_TTABLE || lua_getfield(L, -1, "require") != LUA_TFUNCTION) {
        luaL_error(L, "there is no 'require' to load '%s' with", module);
    }
    lua_pushstring(L, module);
    lua_call(L, 1, 1);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

void lm_require_field(lua_State *L, const char *module, const char *name)
{
    lm_require(L, module);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

/* Whether the value on the top of the stack is a row of folder:rows; its entry id takes its place. */
static bool row_to_entryid(lua_State *L)
{
    if (lua_type(L, -1) != LUA_TTABLE) {
        return false;
    }
    lua_pushliteral(L, "entryid");
    if (lua_rawget(L, -2) != LUA_TSTRING) {
        lua_pop(L, 1);
        return false;
    }
    lua_replace(L, -2);
    return true;
}

/* Pushes what a list of entry ids is made of. */
static const char *push_expected(lua_State *L, const struct lm_type *type)
{
    return lua_pushfstring(L, "entry id, %s, row, or an array of them expected", type->name);
}

/* Pushes the entry id that the value on the top of the stack stands for, in its place. */
static HRESULT to_entryid(lua_State *L, int arg, const struct lm_type *type)
{
    struct lm_object *object = lm_test(L, -1, type);
    HRESULT hr = S_OK;

    if (object != NULL) {
        if (object->native == NULL) {
            lm_closed_error(L, type);
        }
        hr = lm_push_binary_prop(L, object, PR_ENTRYID);
        if (hr == MAPI_E_NOT_FOUND) {
            luaL_argerror(L, arg, "this message has not been saved: it has no entry id yet");
        }
        if (SUCCEEDED(hr)) {
            lua_replace(L, -2);
        }
    } else if (!row_to_entryid(L) && lua_type(L, -1) != LUA_TSTRING) {
        const char *got = luaL_typename(L, -1); /* before anything is pushed: arguments of a call come in any order */
        luaL_argerror(L, arg, lua_pushfstring(L, "%s, got %s", push_expected(L, type), got));
    }
    return hr;
}

HRESULT lm_check_entry_list(lua_State *L, int index, int arg, const struct lm_type *type, int anchor, ENTRYLIST *list)
{
    int top = lua_gettop(L);
    bool array;
    lua_Unsigned count;

    luaL_checkstack(L, 8, NULL);
    lua_pushvalue(L, index);
    array = lua_type(L, index) == LUA_TTABLE && !row_to_entryid(L);
    count = array ? lm_check_array(L, index, arg, push_expected(L, type)) : 1;
    lua_settop(L, top);
    luaL_argcheck(L, count <= INT32_MAX / sizeof(SBinary), arg, "too many entry ids");
    list->cValues = (ULONG)count;
    list->lpbin = lm_scratch(L, anchor, (size_t)count * sizeof(SBinary));
    for (lua_Unsigned i = 0; i < count; i++) {
        size_t length;
        const char *bytes;
        HRESULT hr;
        if (array) {
            lua_rawgeti(L, index, (lua_Integer)i + 1);
        } else {
            lua_pushvalue(L, index);
        }
        hr = to_entryid(L, arg, type);
        if (FAILED(hr)) {
            return hr;
        }
        bytes = lua_tolstring(L, -1, &length);
        list->lpbin[i].cb = (ULONG)length;
        list->lpbin[i].lpb = (LPBYTE)(uintptr_t)bytes; /* never written to */
        lua_rawseti(L, anchor, (lua_Integer)lua_rawlen(L, anchor) + 1);
    }
    return S_OK;
}
