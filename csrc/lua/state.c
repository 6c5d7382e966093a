/* The binding's context: creation, the tables it keeps, MAPIInitialize, and the end of the Lua state. */
#include "state.h"

#include "failure.h"
#include "object.h"
#include "script_helper.h"

#include <stdlib.h>
#include <string.h>

/* Its address is the registry key. Const: the binding has no mutable statics. */
static const char state_key = 's';

/* Runs last of the module's finalizers at lua_close, because it was created first. Objects that are still open were
 * made by other finalizers of the script during lua_close; Lua never finalizes those, so they are released here. */
static int state_gc(lua_State *L)
{
    struct lm_state *state = (struct lm_state *)lua_touserdata(L, 1);

    state->closing = true;
    while (state->newest != NULL) {
        lm_drop(L, state->newest);
    }
    MapiNotifyPortRelease(state->port);
    state->port = NULL;
    lm_deferred_drop(L, state);
    free(state->callback_message);
    state->callback_message = NULL;
    if (state->initialized) {
        state->initialized = false;
        MAPIUninitialize();
    }
    return 0;
}

/* Pushes a table; with `weak`, its values are weak. */
static void push_table(lua_State *L, bool weak)
{
    lua_createtable(L, 0, 0);
    if (weak) {
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "v");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
}

struct lm_state *lm_state_push(lua_State *L)
{
    struct lm_state *state;

    luaL_checkstack(L, 4, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key) == LUA_TUSERDATA) {
        return (struct lm_state *)lua_touserdata(L, -1);
    }
    lua_pop(L, 1);
    state = (struct lm_state *)lua_newuserdatauv(L, sizeof *state, LM_STATE_USER_VALUES);
    memset(state, 0, sizeof *state);
    state->native_limit = LM_NATIVE_FLOOR;
    push_table(L, true);
    lua_setiuservalue(L, -2, LM_STATE_SESSIONS);
    push_table(L, true);
    lua_setiuservalue(L, -2, LM_STATE_HELPERS);
    push_table(L, false);
    lua_setiuservalue(L, -2, LM_STATE_DEFERRED);
    push_table(L, true);
    lua_setiuservalue(L, -2, LM_STATE_MANAGERS);
    push_table(L, false);
    lua_setiuservalue(L, -2, LM_STATE_NAMES);
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, "mapi.state");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushcfunction(L, state_gc);
    lua_setfield(L, -2, "__gc");
    /* First the registry, then the finalizer: when the registry has no room, nothing has to be undone. */
    lua_pushvalue(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
    lua_setmetatable(L, -2);
    return state;
}

void lm_state_push_value(lua_State *L, int which)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
    lua_getiuservalue(L, -1, which);
    lua_remove(L, -2);
}

HRESULT lm_state_need(lua_State *L)
{
    struct lm_state *state = lm_state(L);
    HRESULT hr;
    MAPIINIT_0 init = {MAPI_INIT_VERSION, MAPI_MULTITHREAD_NOTIFICATIONS};

    if (state->closing) {
        return MAPI_E_NOT_INITIALIZED;
    }
    if (state->initialized) {
        return S_OK;
    }
    hr = MAPIInitialize(&init);
    if (SUCCEEDED(hr)) {
        state->initialized = true;
    }
    return hr;
}

void lm_register(lua_State *L, const luaL_Reg *list)
{
    lua_pushlightuserdata(L, lm_state_push(L));
    lua_remove(L, -2);
    luaL_setfuncs(L, list, LM_UPVALUE_STATE);
}
