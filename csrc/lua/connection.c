/* mapi.connection. */
#include "connection.h"

#include "failure.h"
#include "types.h"

struct lm_connection *lm_connection_new(lua_State *L, int parent, const struct lm_connection_kind *kind)
{
    struct lm_connection *self = lm_connection_of(lm_new(L, &lm_connection_type, parent, 0));

    self->kind = kind;
    return self;
}

void lm_check_callable(lua_State *L, int arg)
{
    if (!lua_isfunction(L, arg)) {
        if (luaL_getmetafield(L, arg, "__call") == LUA_TNIL) {
            luaL_typeerror(L, arg, "function");
        }
        lua_pop(L, 1);
    }
}

static HRESULT connection_end(struct lm_object *object, IUnknown *native, enum lm_ending how)
{
    struct lm_connection *self = lm_connection_of(object);

    return self->kind->end(self, native, how);
}

static HRESULT unadvise(lua_State *L, struct lm_object *self)
{
    if (self->native == NULL) {
        return S_OK;
    }
    luaL_checkstack(L, 6, NULL);
    lm_connection_of(self)->kind->forget(L, lm_connection_of(self));
    return lm_end(self, LM_EXPLICIT);
}

static int connection_unadvise(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);
    HRESULT hr;

    lm_forget();
    hr = unadvise(L, self);
    if (FAILED(hr)) {
        return lm_connection_of(self)->kind->account ? lm_fail_olk(L, "connection:unadvise", hr)
                                                     : lm_fail(L, "connection:unadvise", hr);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int connection_close_meta(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);
    HRESULT hr = unadvise(L, self);

    if (FAILED(hr)) {
        lm_warn(L, "connection", "close", hr);
    }
    return 0;
}

static const luaL_Reg connection_methods[] = {
    {"unadvise", connection_unadvise}, {"close", connection_unadvise}, {NULL, NULL}};

static const luaL_Reg connection_metas[] = {{"__close", connection_close_meta}, {NULL, NULL}};

const struct lm_type lm_connection_type = {
    .name = "connection",
    .size = sizeof(struct lm_connection),
    .weight = 256,
    .methods = connection_methods,
    .metas = connection_metas,
    .end = connection_end,
};
