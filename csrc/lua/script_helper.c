/* A helper written in Lua: the native half. See script_helper.h for when its functions may be called. */
#include "script_helper.h"

#include "args.h"
#include "failure.h"
#include "helper.h"
#include "session.h"
#include "types.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mapiguid.h>

struct lm_script_helper {
    IOlkAccountHelper helper; /* first: a pointer to one is a pointer to the other */
    atomic_uint refs;
    struct lm_state *state;                   /* NULL once the Lua state is gone */
    bool holding;                             /* a session was fetched and not handed off since */
    bool wanted;                              /* hands_off waits for dispatch; one reference is held for that */
    struct lm_script_helper *next, *previous; /* in state->scripts */
};

static struct lm_script_helper *script_of(IOlkAccountHelper *This)
{
    return (struct lm_script_helper *)(void *)This;
}

/* --- calling the script ------------------------------------------------------------------------------------------ */

struct call {
    struct lm_script_helper *script;
    int function;    /* which: LM_HELPER_GET_IDENTITY, ... */
    bool called;     /* it exists and has returned */
    bool truth;      /* its result was true */
    WCHAR *identity; /* malloc'd copy of a string result */
    size_t identity_units;
    IUnknown *session; /* of a session result, one reference */
};

/* Pushes the helper object and its function, or returns false. */
static bool push_function(lua_State *L, const struct lm_script_helper *script, int function)
{
    struct lm_object *helper;

    lm_state_push_value(L, LM_STATE_HELPERS);
    lua_rawgetp(L, -1, script);
    lua_remove(L, -2);
    helper = lm_test(L, -1, &lm_helper_type);
    if (helper == NULL) {
        return false;
    }
    lua_getiuservalue(L, -1, LM_HELPER_SOURCE);
    if (!lua_istable(L, -1)) {
        return false;
    }
    lua_rawgeti(L, -1, function);
    lua_remove(L, -2);
    return !lua_isnil(L, -1);
}

/* Takes a session object that get_session returned: the helper keeps it, so that the script gets this very object
 * again. */
static void take_session(lua_State *L, int helper, struct call *call)
{
    struct lm_object *session = lm_test(L, -1, &lm_session_type);

    if (session == NULL || session->native == NULL) {
        return;
    }
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, helper, LM_HELPER_SESSION);
    call->session = session->native;
    call->session->lpVtbl->AddRef(call->session);
}

static void take_identity(lua_State *L, struct call *call)
{
    size_t units;
    WCHAR *wide;

    if (lua_type(L, -1) != LUA_TSTRING) {
        return;
    }
    wide = lm_check_wide_at(L, -1, 0, "the name that get_identity returned", &units);
    call->identity = (WCHAR *)malloc((units + 1) * sizeof *wide);
    if (call->identity != NULL) {
        memcpy(call->identity, wide, (units + 1) * sizeof *wide);
        call->identity_units = units;
    }
}

/* Runs under lua_pcall, so that nothing is thrown through the native frames. Argument: struct call. */
static int call_protected(lua_State *L)
{
    struct call *call = (struct call *)lua_touserdata(L, 1);
    int helper;

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (!push_function(L, call->script, call->function)) {
        return 0;
    }
    helper = lua_gettop(L) - 1;
    lua_call(L, 0, 1);
    call->called = true;
    call->truth = lua_isboolean(L, -1) && lua_toboolean(L, -1);
    if (call->script->state == NULL) {
        return 0;
    }
    if (call->function == LM_HELPER_GET_SESSION) {
        take_session(L, helper, call);
    } else if (call->function == LM_HELPER_GET_IDENTITY) {
        take_identity(L, call);
    } else if (call->truth) {
        lua_pushnil(L);
        lua_setiuservalue(L, helper, LM_HELPER_SESSION);
    }
    return 0;
}

/* Turns an error object into a string, protected: __tostring may raise too. */
static int to_string_protected(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Keeps a copy of the error object on the top of the stack for the outer call's message, and pops it. */
static void keep_message(lua_State *L, struct lm_state *state)
{
    const char *text;
    size_t length;

    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pushcfunction(L, to_string_protected);
        lua_insert(L, -2);
        if (lua_pcall(L, 1, 1, 0) != LUA_OK || lua_type(L, -1) != LUA_TSTRING) {
            lua_pop(L, 1);
            lua_pushnil(L);
        }
    }
    text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
    free(state->callback_message);
    state->callback_message = NULL;
    if (text != NULL) {
        state->callback_message = (char *)malloc(length + 1);
        if (state->callback_message != NULL) {
            memcpy(state->callback_message, text, length + 1);
        }
    }
    lua_pop(L, 1);
}

/* Whether the function was called and returned. What it returned is in `call`. */
static bool call_script(struct lm_script_helper *script, int function, struct call *call)
{
    lua_State *L = script->state != NULL ? script->state->current : NULL;

    memset(call, 0, sizeof *call);
    call->script = script;
    call->function = function;
    if (L == NULL || !lua_checkstack(L, 3)) {
        return false;
    }
    lua_pushcfunction(L, call_protected);
    lua_pushlightuserdata(L, call);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        keep_message(L, script->state);
        return false;
    }
    return call->called;
}

/* --- IOlkAccountHelper ------------------------------------------------------------------------------------------- */

static void link_script(struct lm_state *state, struct lm_script_helper *script)
{
    script->next = state->scripts;
    script->previous = NULL;
    if (state->scripts != NULL) {
        state->scripts->previous = script;
    }
    state->scripts = script;
    script->state = state;
}

static void unlink_script(struct lm_state *state, struct lm_script_helper *script)
{
    if (script->next != NULL) {
        script->next->previous = script->previous;
    }
    if (state->scripts == script) {
        state->scripts = script->next;
    } else {
        script->previous->next = script->next;
    }
    script->state = NULL;
}

static ULONG STDMETHODCALLTYPE script_AddRef(IOlkAccountHelper *This)
{
    return (ULONG)(atomic_fetch_add(&script_of(This)->refs, 1) + 1);
}

static ULONG STDMETHODCALLTYPE script_Release(IOlkAccountHelper *This)
{
    struct lm_script_helper *script = script_of(This);
    unsigned left = atomic_fetch_sub(&script->refs, 1) - 1;

    if (left == 0) {
        if (script->state != NULL) {
            unlink_script(script->state, script);
        }
        free(script);
    }
    return (ULONG)left;
}

/* H17: one identity, and NULL for what is not there. */
static HRESULT STDMETHODCALLTYPE script_QueryInterface(IOlkAccountHelper *This, REFIID iid, void **out)
{
    if (out == NULL) {
        return E_INVALIDARG;
    }
    *out = NULL;
    if (memcmp(iid, &IID_IUnknown, sizeof *iid) != 0 && memcmp(iid, &IID_IOlkAccountHelper, sizeof *iid) != 0) {
        return E_NOINTERFACE;
    }
    script_AddRef(This);
    *out = This;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE script_Placeholder1(IOlkAccountHelper *This, void *pv)
{
    (void)This;
    (void)pv;
    return E_NOTIMPL;
}

/* iolkaccounthelper-getidentity.md: the count includes the NUL; a buffer too small is left alone and the count says
 * what it takes. */
static HRESULT give_identity(const struct call *call, LPWSTR identity, DWORD *count)
{
    DWORD room = *count;

    if (call->identity_units == 0) {
        return E_INVALIDARG; /* H11 */
    }
    *count = (DWORD)(call->identity_units + 1);
    if (room < *count || identity == NULL) {
        return E_OUTOFMEMORY;
    }
    memcpy(identity, call->identity, *count * sizeof *identity);
    return S_OK;
}

/* The functions may close the helper they belong to: the native stays until they have returned. */
static HRESULT STDMETHODCALLTYPE script_GetIdentity(IOlkAccountHelper *This, LPWSTR identity, DWORD *count)
{
    struct call call;
    HRESULT hr = E_INVALIDARG;

    if (count == NULL) {
        return hr;
    }
    script_AddRef(This);
    if (call_script(script_of(This), LM_HELPER_GET_IDENTITY, &call) && call.identity != NULL) {
        hr = give_identity(&call, identity, count);
        free(call.identity);
    }
    script_Release(This);
    return hr;
}

static HRESULT STDMETHODCALLTYPE script_GetMapiSession(IOlkAccountHelper *This, IUnknown **session)
{
    struct call call;

    if (session == NULL) {
        return E_INVALIDARG; /* H9 */
    }
    *session = NULL;
    script_AddRef(This);
    if (call_script(script_of(This), LM_HELPER_GET_SESSION, &call) && call.session != NULL) {
        script_of(This)->holding = true;
        *session = call.session;
    }
    script_Release(This);
    return *session != NULL ? S_OK : MAPI_E_NOT_FOUND; /* H8 */
}

static void defer(struct lm_script_helper *script)
{
    if (!script->wanted) {
        script->wanted = true;
        script_AddRef(&script->helper);
        if (script->state != NULL) {
            MapiNotifyPortWake(script->state->port, TRUE);
        }
    }
}

static HRESULT STDMETHODCALLTYPE script_HandsOffSession(IOlkAccountHelper *This)
{
    struct lm_script_helper *script = script_of(This);
    struct call call;
    HRESULT hr = E_NOTIMPL;

    script_AddRef(This);
    if (script->state != NULL && script->state->current == NULL) {
        if (script->holding) {
            defer(script); /* a finalizer, or C code outside any call of ours */
        }
    } else {
        script->holding = false; /* asked once, whatever it answers */
        if (call_script(script, LM_HELPER_HANDS_OFF, &call) && call.truth) {
            hr = S_OK;
        }
    }
    script_Release(This);
    return hr;
}

static const IOlkAccountHelperVtbl script_vtbl = {
    script_QueryInterface, script_AddRef,         script_Release,         script_Placeholder1,
    script_GetIdentity,    script_GetMapiSession, script_HandsOffSession,
};

/* --- life -------------------------------------------------------------------------------------------------------- */

HRESULT lm_script_helper_new(struct lm_state *state, struct lm_script_helper **out)
{
    struct lm_script_helper *script = (struct lm_script_helper *)calloc(1, sizeof *script);

    *out = script;
    if (script == NULL) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    script->helper.lpVtbl = &script_vtbl;
    atomic_init(&script->refs, 1);
    link_script(state, script);
    return S_OK;
}

bool lm_script_helper_holding(const struct lm_script_helper *script)
{
    return script->holding;
}

void lm_script_helper_enter(lua_State *L, int index, struct lm_script_helper *script)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 4, NULL);
    lm_state_push_value(L, LM_STATE_DEFERRED);
    lua_pushboolean(L, 0);
    lua_rawsetp(L, -2, script);
    lm_state_push_value(L, LM_STATE_HELPERS);
    lua_pushvalue(L, index);
    lua_rawsetp(L, -2, script);
    lua_pop(L, 2);
}

/* Sets this native's entry of one of the state's tables to nil: an existing key, so nothing is allocated and nothing
 * raised. */
static void forget(lua_State *L, int which, const struct lm_script_helper *script)
{
    lm_state_push_value(L, which);
    if (lua_rawgetp(L, -1, script) != LUA_TNIL) {
        lua_pushnil(L);
        lua_rawsetp(L, -3, script);
    }
    lua_pop(L, 2);
}

void lm_script_helper_leave(lua_State *L, struct lm_script_helper *script)
{
    luaL_checkstack(L, 4, NULL);
    forget(L, LM_STATE_HELPERS, script);
    if (!script->wanted) {
        forget(L, LM_STATE_DEFERRED, script);
    }
}

void lm_script_helper_dropped(lua_State *L, struct lm_script_helper *script)
{
    if (script->state == NULL || script->state->closing) {
        if (script->holding && script->state != NULL) {
            defer(script); /* the state's finalizer will say that it is never called */
        }
        return;
    }
    /* No stack check: a finalizer has LUA_MINSTACK free slots. */
    if (!script->holding && !script->wanted) {
        forget(L, LM_STATE_DEFERRED, script);
        return;
    }
    lm_state_push_value(L, LM_STATE_DEFERRED);
    lua_getiuservalue(L, 1, LM_HELPER_SOURCE);
    lua_rawgeti(L, -1, LM_HELPER_HANDS_OFF);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 0);
    }
    lua_rawsetp(L, -3, script); /* into the room that lm_script_helper_enter made */
    lua_pop(L, 2);
    defer(script);
}

/* --- deferred calls ---------------------------------------------------------------------------------------------- */

static struct lm_script_helper *next_wanted(struct lm_state *state)
{
    struct lm_script_helper *script = state->scripts;

    /* What is freed takes itself out of the list first, which the analyzer cannot follow. */
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    while (script != NULL && !script->wanted) {
        script = script->next;
    }
    return script;
}

bool lm_deferred_waits(struct lm_state *state)
{
    return next_wanted(state) != NULL;
}

/* Pushes the function that waits: kept by the finalizer, or still in its helper object. False: there is none. */
static bool push_deferred(lua_State *L, struct lm_script_helper *script)
{
    lm_state_push_value(L, LM_STATE_DEFERRED);
    lua_rawgetp(L, -1, script);
    lua_remove(L, -2);
    return lua_toboolean(L, -1) || push_function(L, script, LM_HELPER_HANDS_OFF);
}

lua_Integer lm_deferred_run(lua_State *L, struct lm_state *state)
{
    lua_Integer count = 0;
    struct lm_script_helper *script;
    int top = lua_gettop(L);

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (state->dispatching) {
        return 0;
    }
    state->dispatching = true;
    while ((script = next_wanted(state)) != NULL) {
        bool there = push_deferred(L, script);
        int function = lua_gettop(L);

        script->wanted = false;
        script->holding = false;
        if (atomic_load(&script->refs) == 1) {
            forget(L, LM_STATE_DEFERRED, script); /* only the queue held it */
        }
        script_Release(&script->helper);
        if (there) {
            lua_pushvalue(L, function);
            if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
                state->dispatching = false;
                MapiNotifyPortWake(state->port, TRUE); /* what waits behind it */
                lua_error(L);
            }
            count++;
        }
        lua_settop(L, top);
    }
    state->dispatching = false;
    return count;
}

void lm_deferred_drop(lua_State *L, struct lm_state *state)
{
    while (state->scripts != NULL) {
        struct lm_script_helper *script = state->scripts;

        unlink_script(state, script);
        if (script->wanted) {
            script->wanted = false;
            lm_warn_text(L, "mapi.helper: hands_off of a helper written in Lua was not called: ",
                         "the Lua state closed before mapi.dispatch", (const char *)NULL);
            script_Release(&script->helper);
        }
    }
}

void lm_callback_flush(lua_State *L, struct lm_state *state)
{
    if (state->callback_message != NULL) {
        lm_warn_text(L, "mapi.helper: ", state->callback_message, (const char *)NULL);
        free(state->callback_message);
        state->callback_message = NULL;
    }
}
