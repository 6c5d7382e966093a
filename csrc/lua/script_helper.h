/* A helper written in Lua: a native IOlkAccountHelper whose methods call functions of a script.
 *
 * The native may outlive its Lua object and even the Lua state (an account manager holds it), and may be called from a
 * finalizer. So it never keeps a lua_State: a call that comes while a method of this module is running uses that
 * method's thread (lm_state.current); a HandsOffSession that comes at any other time waits for mapi.dispatch; every
 * other call is answered as if the function were missing. When the Lua state ends, its finalizer cuts the native off.
 */
#ifndef LM_SCRIPT_HELPER_H
#define LM_SCRIPT_HELPER_H

#include "state.h"

#include <mapisub.h>

struct lm_helper;
struct lm_script_helper;

/* A new native with one reference; MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT lm_script_helper_new(struct lm_state *state, struct lm_script_helper **out);
static inline IOlkAccountHelper *lm_script_helper_native(struct lm_script_helper *script)
{
    return (IOlkAccountHelper *)script;
}

/* Makes the helper object at a stack index findable for the native, and room for a deferred call. Raises on memory. */
void lm_script_helper_enter(lua_State *L, int index, struct lm_script_helper *script);
/* The object is being closed. */
void lm_script_helper_leave(lua_State *L, struct lm_script_helper *script);

/* Whether a session was fetched through it and not handed off since. */
bool lm_script_helper_holding(const struct lm_script_helper *script);

/* In the helper object's finalizer, with the object at stack index 1 unless the state is closing: defers its hands_off
 * when it is still holding. Never raises. */
void lm_script_helper_dropped(lua_State *L, struct lm_script_helper *script);

/* Runs the deferred calls; pushes nothing; answers how many were run. A function's error is raised, the rest stays
 * queued. */
lua_Integer lm_deferred_run(lua_State *L, struct lm_state *state);
/* Whether there is one. */
bool lm_deferred_waits(struct lm_state *state);
/* The state is closing: warns about what was not called, and cuts every native off. */
void lm_deferred_drop(lua_State *L, struct lm_state *state);

/* Around native calls that may call a helper back: makes L the thread for callbacks. Nothing in between may raise. */
static inline lua_State *lm_enter(lua_State *L, struct lm_state *state)
{
    lua_State *before = state->current;

    state->current = L;
    return before;
}
static inline void lm_leave(struct lm_state *state, lua_State *before)
{
    state->current = before;
}

/* After a native call that succeeded although a function called back raised: its message goes to warn. */
void lm_callback_flush(lua_State *L, struct lm_state *state);

#endif
