/* The template of every userdata type: creation, the type check, the lists of open objects, endings, and the memory
 * behind them. */
#include "object.h"

#include "account.h"
#include "failure.h"
#include "notify.h"
#include "types.h"

#include <string.h>

/* Key in a metatable of ours; the value is the type. Another module's metatable cannot have it, whatever its __name
 * says. */
static const char type_key = 't';

/* --- memory that the collector cannot see ------------------------------------------------------------------------ */

/* A full collection costs time in proportion to the Lua heap. It is paid for when the native bytes have doubled since
 * the last one and are at least an eighth of that heap, so its cost per native byte is bounded, and so is what can be
 * left lying about: an eighth of the heap, or LM_NATIVE_FLOOR beside a small one. */
static size_t next_limit(lua_State *L, size_t native)
{
    int kilobytes = lua_gc(L, LUA_GCCOUNT);
    size_t limit = LM_NATIVE_FLOOR;

    if (kilobytes > 0 && (size_t)kilobytes * 128 > limit) {
        limit = (size_t)kilobytes * 128; /* 1024 / 8 */
    }
    return limit > native * 2 ? limit : native * 2;
}

void lm_pressure(lua_State *L, struct lm_state *state, size_t bytes)
{
    if (state->native_bytes + bytes <= state->native_limit || lua_gc(L, LUA_GCISRUNNING) != 1) {
        return;
    }
    lua_gc(L, LUA_GCCOLLECT);
    state->native_limit = next_limit(L, state->native_bytes + bytes);
}

bool lm_exhausted(lua_State *L, HRESULT hr)
{
    switch (hr) {
    case MAPI_E_NOT_ENOUGH_MEMORY:
    case MAPI_E_NOT_ENOUGH_RESOURCES:
    case MAPI_E_SESSION_LIMIT:
        return lm_state(L)->newest != NULL && lua_gc(L, LUA_GCISRUNNING) == 1 && lua_gc(L, LUA_GCCOLLECT) == 0;
    default:
        return false;
    }
}

void lm_weigh(struct lm_object *self, size_t bytes)
{
    if (self->native != NULL) {
        self->state->native_bytes -= self->weight;
        self->state->native_bytes += bytes;
        self->weight = bytes;
    }
}

/* --- the lists --------------------------------------------------------------------------------------------------- */

static void link_object(struct lm_object *self)
{
    struct lm_state *state = self->state;

    self->older = state->newest;
    if (state->newest != NULL) {
        state->newest->newer = self;
    }
    state->newest = self;
    if (self->parent != NULL) {
        self->sibling_older = self->parent->children;
        if (self->parent->children != NULL) {
            self->parent->children->sibling_newer = self;
        }
        self->parent->children = self;
    }
    state->native_bytes += self->weight;
}

static void unlink_object(struct lm_object *self)
{
    struct lm_state *state = self->state;

    *(self->newer != NULL ? &self->newer->older : &state->newest) = self->older;
    if (self->older != NULL) {
        self->older->newer = self->newer;
    }
    self->newer = self->older = NULL;
    if (self->parent != NULL) {
        *(self->sibling_newer != NULL ? &self->sibling_newer->sibling_older : &self->parent->children) =
            self->sibling_older;
        if (self->sibling_older != NULL) {
            self->sibling_older->sibling_newer = self->sibling_newer;
        }
        self->sibling_newer = self->sibling_older = NULL;
    }
    state->native_bytes -= self->weight;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

int lm_closed_error(lua_State *L, const struct lm_type *type)
{
    return luaL_error(L, "attempt to use a closed %s", type->name);
}

static struct lm_metatable *metatable_place(struct lm_state *state, const struct lm_type *type)
{
    return &state->metatables[((uintptr_t)type >> 4) % LM_METATABLES];
}

/* By its number where it has one: that is found faster. */
static void push_metatable(lua_State *L, struct lm_state *state, const struct lm_type *type)
{
    const struct lm_metatable *place = metatable_place(state, type);

    if (place->type == type) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, place->number);
    } else {
        lua_rawgetp(L, LUA_REGISTRYINDEX, type);
    }
}

struct lm_object *lm_new(lua_State *L, const struct lm_type *type, int parent, int user_values)
{
    struct lm_state *state = lm_state(L);
    struct lm_object *self;

    luaL_checkstack(L, 4, NULL);
    if (parent != 0) {
        parent = lua_absindex(L, parent);
    }
    lm_pressure(L, state, type->weight);
    self = (struct lm_object *)lua_newuserdatauv(L, type->size, LM_PARENT + type->user_values + user_values);
    memset(self, 0, type->size);
    self->type = type;
    self->state = state;
    self->weight = type->weight;
    if (parent != 0) {
        self->parent = (struct lm_object *)lua_touserdata(L, parent);
        self->session = self->parent->session;
        lua_pushvalue(L, parent);
        lua_setiuservalue(L, -2, LM_PARENT);
    }
    push_metatable(L, state, type);
    lua_setmetatable(L, -2);
    if (parent != 0) {
        lm_still_open(L, self->parent);
    }
    return self;
}

void lm_open(struct lm_object *self, IUnknown *native)
{
    self->native = native;
    self->opened = time(NULL);
    link_object(self);
}

/* The ladder: everything opened through a session is newer than the session, so the walk from the newest object stops
 * there. What an ending closes beside its own object is newer than that object, hence closed already: `older` stays
 * valid. */
void lm_end_descendants(struct lm_object *session)
{
    struct lm_object *at = session->state->newest;

    lm_registrations_end_all(session, session->native);
    while (at != NULL && at != session && session->children != NULL) {
        struct lm_object *older = at->older;

        if (at->session == session) {
            lm_end(at, LM_EXPLICIT);
        }
        at = older;
    }
}

HRESULT lm_end(struct lm_object *self, enum lm_ending how)
{
    IUnknown *native;
    HRESULT hr = S_OK;

    if (self->native != NULL && how == LM_EXPLICIT) {
        if (self->session == self) {
            lm_end_descendants(self);
        }
        while (self->children != NULL) {
            lm_end(self->children, LM_EXPLICIT);
        }
    }
    native = self->native;
    if (native == NULL) {
        return S_OK;
    }
    unlink_object(self);
    self->native = NULL;
    if (self->type->end != NULL) {
        hr = self->type->end(self, native, how);
    }
    native->lpVtbl->Release(native);
    return hr;
}

void lm_drop(lua_State *L, struct lm_object *self)
{
    struct lm_state *state = self->state;
    lua_State *current = state->current;
    struct lm_object **place = lm_account_place(state, self);

    if (*place == self) {
        *place = NULL;
    }
    state->current = NULL; /* a finalizer calls nothing of a script, wherever it runs */
    if (self->native != NULL && self->type->dropped != NULL) {
        self->type->dropped(L, self);
    }
    lm_end(self, LM_COLLECTED);
    state->current = current;
}

void lm_still_open(lua_State *L, const struct lm_object *self)
{
    if (self->native == NULL) {
        lm_closed_error(L, self->type);
    }
}

/* --- the type check ---------------------------------------------------------------------------------------------- */

/* Raises what luaL_typeerror would, of a type whose name is on the top of the stack. Where the argument is missing, the
 * name has taken its place. */
static void type_error(lua_State *L, int arg)
{
    const char *name = lua_tostring(L, -1);

    if (arg >= lua_gettop(L)) {
        luaL_argerror(L, arg, lua_pushfstring(L, "%s expected, got no value", name));
    }
    luaL_typeerror(L, arg, name);
}

struct lm_object *lm_self_any(lua_State *L)
{
    void *self = lua_touserdata(L, 1);

    if (self != NULL && lua_getmetatable(L, 1)) {
        int same = lua_rawequal(L, -1, lua_upvalueindex(LM_UPVALUE_METATABLE));

        lua_pop(L, 1);
        if (same) {
            return (struct lm_object *)self;
        }
    }
    lua_getfield(L, lua_upvalueindex(LM_UPVALUE_METATABLE), "__name");
    type_error(L, 1);
    return NULL;
}

struct lm_object *lm_self(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);

    if (self->native == NULL) {
        lm_closed_error(L, self->type);
    }
    return self;
}

struct lm_object *lm_test(lua_State *L, int index, const struct lm_type *type)
{
    struct lm_object *self = lm_test_any(L, index);

    return self != NULL && self->type == type ? self : NULL;
}

struct lm_object *lm_check(lua_State *L, int arg, const struct lm_type *type)
{
    struct lm_object *self = lm_test(L, arg, type);

    if (self == NULL) {
        lua_pushfstring(L, LM_PREFIX "%s", type->name);
        type_error(L, arg);
    } else if (self->native == NULL) {
        lm_closed_error(L, type);
    }
    return self;
}

struct lm_object *lm_test_any(lua_State *L, int index)
{
    void *self = lua_touserdata(L, index);
    bool ours;

    if (self == NULL || !lua_getmetatable(L, index)) {
        return NULL;
    }
    ours = lua_rawgetp(L, -1, &type_key) == LUA_TLIGHTUSERDATA;
    lua_pop(L, 2);
    return ours ? (struct lm_object *)self : NULL;
}

/* --- methods and metamethods of all types ------------------------------------------------------------------------ */

static int object_close(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);
    HRESULT hr = lm_end(self, LM_EXPLICIT);

    if (FAILED(hr)) {
        lua_pushfstring(L, "%s:close", self->type->name);
        return lm_fail(L, lua_tostring(L, -1), hr);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int object_close_meta(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);
    HRESULT hr = lm_end(self, LM_EXPLICIT);

    if (FAILED(hr)) {
        lm_warn(L, self->type->name, "close", hr);
    }
    return 0;
}

static int object_gc(lua_State *L)
{
    lm_drop(L, (struct lm_object *)lua_touserdata(L, 1));
    return 0;
}

static int object_tostring(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);
    char text[LM_DESCRIPTION];

    if (self->native == NULL) {
        lua_pushfstring(L, LM_PREFIX "%s (closed)", self->type->name);
    } else if (self->type->describe != NULL && self->type->describe(self, text, sizeof text)) {
        lua_pushfstring(L, LM_PREFIX "%s: %s (%p)", self->type->name, text, (void *)self);
    } else {
        lua_pushfstring(L, LM_PREFIX "%s (%p)", self->type->name, (void *)self);
    }
    return 1;
}

int lm_iterate(lua_State *L, lua_CFunction next)
{
    int object = lua_gettop(L);

    luaL_checkstack(L, 5, NULL);
    lua_pushlightuserdata(L, lm_state(L));
    lua_getmetatable(L, object);
    lua_pushcclosure(L, next, 2);
    lua_pushvalue(L, object);
    lua_pushnil(L);
    lua_pushvalue(L, object);
    return 4;
}

/* Sets functions with the two upvalues into the table at `into`. */
static void set_functions(lua_State *L, int into, int metatable, const luaL_Reg *list)
{
    lua_pushvalue(L, into);
    lua_pushlightuserdata(L, lm_state_push(L));
    lua_remove(L, -2);
    lua_pushvalue(L, metatable);
    luaL_setfuncs(L, list, 2);
    lua_pop(L, 1);
}

/* The first of those that share a place. */
static void number_metatable(lua_State *L, const struct lm_type *type, int metatable)
{
    struct lm_metatable *place = metatable_place(lm_state_push(L), type);

    lua_pop(L, 1);
    if (place->type == NULL || place->type == type) {
        lua_pushvalue(L, metatable);
        if (place->type == NULL) {
            place->number = luaL_ref(L, LUA_REGISTRYINDEX);
            place->type = type;
        } else { /* the module was loaded anew */
            lua_rawseti(L, LUA_REGISTRYINDEX, place->number);
        }
    }
}

void lm_type_open(lua_State *L, const struct lm_type *type)
{
    static const luaL_Reg plain_close[] = {{"close", object_close}, {NULL, NULL}};
    static const luaL_Reg metas[] = {
        {"__close", object_close_meta}, {"__gc", object_gc}, {"__tostring", object_tostring}, {NULL, NULL}};
    int methods, metatable;

    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 0, 8);
    methods = lua_gettop(L);
    lua_createtable(L, 0, 8);
    metatable = lua_gettop(L);

    lua_pushfstring(L, LM_PREFIX "%s", type->name);
    lua_setfield(L, metatable, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, metatable, "__metatable");
    lua_pushvalue(L, methods);
    lua_setfield(L, metatable, "__index");
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_rawsetp(L, metatable, &type_key);

    set_functions(L, methods, metatable, plain_close);
    set_functions(L, methods, metatable, type->methods);
    set_functions(L, metatable, metatable, metas);
    if (type->metas != NULL) {
        set_functions(L, metatable, metatable, type->metas);
    }
    number_metatable(L, type, metatable);
    lua_rawsetp(L, LUA_REGISTRYINDEX, type); /* pops the metatable */
}
