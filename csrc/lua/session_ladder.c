/* How a session ends: session:logoff, session:close, <close>, and the collector.
 *
 * With `ui`, the script's dialog handler is asked first, while nothing has been undone: a declined logoff leaves
 * everything as it was. Then comes the ladder (lm_end): what was opened through the session in reverse order of
 * opening, IMAPISession::Logoff, Release [ending-a-mapi-session.md]. The handler may yield, which is why this is
 * written with continuations.
 */
#include "args.h"
#include "failure.h"
#include "helper.h"
#include "notify.h"
#include "lmapi_host.h"
#include "session.h"
#include "types.h"

/* --- the last rung ----------------------------------------------------------------------------------------------- */

HRESULT lm_session_end(struct lm_object *object, IUnknown *native, enum lm_ending how)
{
    struct lm_session *self = lm_session_of(object);
    IMAPISession *session = (IMAPISession *)native;
    HRESULT hr = S_OK;

    /* Explicitly they have been unadvised before. The last Release of a session of ours ends its own. */
    lm_registrations_end_all(object, self->lent ? native : NULL);
    /* A loan is given back by the Release alone. So is what the collector found: the subsystem's last Release logs off
     * (R1). */
    if (how == LM_EXPLICIT && !self->lent) {
        hr = session->lpVtbl->Logoff(session, 0, 0, 0);
    }
    if (self->info != NULL) {
        self->info->lpVtbl->Release(self->info);
        self->info = NULL;
    }
    /* Ended by the core before, the parent's of a fork, or gone with a fast shutdown: closing it is harmless. */
    return hr == MAPI_E_INVALID_OBJECT || hr == MAPI_E_NOT_INITIALIZED || hr == MAPI_E_END_OF_SESSION ? S_OK : hr;
}

void lm_session_dropped(lua_State *L, struct lm_object *object)
{
    struct lm_session *self = lm_session_of(object);
    BOOL shared;

    if (self->lent || !self->established) {
        return;
    }
    if (self->info != NULL && self->info->lpVtbl->IsShared(self->info, &shared) != S_OK) {
        return; /* the core ended it, or it is the parent's: nobody forgot it */
    }
    lm_warn_text(L, "mapi.session: a session of profile '", self->profile, "' was dropped without logoff",
                 (const char *)NULL);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

/* While the handler runs, session->asking is set. It is cleared when the handler returns or raises. A handler that
 * yields may never come back: then the coroutine is closed or collected, and with it this guard, which clears the mark.
 */
struct guard {
    struct lm_session *session; /* kept alive by the guard's user value; NULL: done */
};

static const char guard_key = 'g';

static int guard_gc(lua_State *L)
{
    struct guard *guard = (struct guard *)lua_touserdata(L, 1);

    if (guard->session != NULL) {
        guard->session->asking = false;
        guard->session = NULL;
    }
    return 0;
}

void lm_session_ladder_open(lua_State *L)
{
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, guard_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, guard_gc);
    lua_setfield(L, -2, "__close");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &guard_key);
}

/* Pushes a guard that will be closed with the running function; it keeps the session (stack index 1) alive. */
static struct guard *push_guard(lua_State *L)
{
    struct guard *guard = (struct guard *)lua_newuserdatauv(L, sizeof *guard, 1);

    guard->session = NULL;
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &guard_key);
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    return guard;
}

static int busy(lua_State *L, const char *operation)
{
    return lm_fail_text(L, operation, MAPI_E_BUSY,
                        "the dialog handler is being asked whether this session may be logged off");
}

/* --- logoff ------------------------------------------------------------------------------------------------------ */

enum { OPT_SHARED, OPT_UI, OPT_WINDOW };

static const struct lm_option logoff_options[] = {
    {"shared", LM_BOOLEAN}, {"ui", LM_BOOLEAN}, {"window", LM_INTEGER}, {NULL, LM_ANY}};

/* Stack of logoff and its continuation: 1 session, 2 option table, 3 to 5 the options, above them what asking needs. */
enum { SLOT_OPTIONS = 3 };

/* Climbs down: the objects opened through the session, Logoff, Release. A foreign MAPI is left to ask itself, if
 * anybody shall. */
static int climb_down(lua_State *L, struct lm_session *self)
{
    IMAPISession *session = lm_session_native(L, self);
    bool ask_there = self->info == NULL && lm_option_flag(L, SLOT_OPTIONS + OPT_UI, true);
    bool lent = self->lent;
    struct lm_object *lender = self->object.parent;
    ULONG flags = (lm_option_flag(L, SLOT_OPTIONS + OPT_SHARED, false) ? MAPI_LOGOFF_SHARED : 0) |
                  (ask_there ? MAPI_LOGOFF_UI : 0);
    ULONG_PTR window = (ULONG_PTR)lm_option_integer(L, SLOT_OPTIONS + OPT_WINDOW, 0);
    HRESULT hr;

    lm_forget();
    lm_end_descendants(&self->object);
    hr = session->lpVtbl->Logoff(session, window, flags, 0);
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:logoff", hr);
    }
    self->lent = true; /* logged off above: what is left is the Release */
    lm_end(&self->object, LM_EXPLICIT);
    lm_registrations_forget_session(L);
    if (lent) {
        lm_helper_session_gone(L, lender);
    }
    return lm_result(L, "session:logoff", hr);
}

/* After the handler: its one result is on the top. */
static int logoff_answered(lua_State *L, int status, lua_KContext context)
{
    struct lm_session *self = lm_session_of((struct lm_object *)lua_touserdata(L, 1));
    bool go_on;

    (void)context;
    self->asking = false;
    if (status != LUA_OK && status != LUA_YIELD) {
        return lua_error(L); /* the handler's own error, unchanged */
    }
    lm_still_open(L, &self->object);
    go_on = lua_isboolean(L, -1) && lua_toboolean(L, -1);
    if (!go_on) {
        return lm_fail_text(L, "session:logoff", MAPI_E_USER_CANCEL,
                            "the user or the dialog handler declined; nothing was undone");
    }
    return climb_down(L, self);
}

static void set_count(lua_State *L, const char *key, ULONG count)
{
    lua_pushinteger(L, (lua_Integer)count);
    lua_setfield(L, -2, key);
}

/* Pushes the handler: the script's, or the default, which is loaded when it is first needed. */
static void push_handler(lua_State *L)
{
    lm_state_push_value(L, LM_STATE_DIALOG);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        if (lm_host_asks(L)) {
            lua_pushcfunction(L, lm_host_ask);
            return;
        }
        lua_getglobal(L, "require");
        lua_pushliteral(L, "mapi.dialog");
        lua_call(L, 1, 1);
    }
}

static bool never_ask(lua_State *L)
{
    bool never;

    lm_state_push_value(L, LM_STATE_DIALOG);
    never = lua_isboolean(L, -1);
    lua_pop(L, 1);
    return never;
}

int lm_session_logoff(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    ULONG unsent = 0, unsaved = 0, clients = 0;
    struct guard *guard;
    bool shared;
    HRESULT hr;

    lua_settop(L, 2);
    lm_options(L, 2, logoff_options);
    if (self->asking) {
        return busy(L, "session:logoff");
    }
    if (self->lent && self->object.parent == NULL && !lm_host_permits(L, LMAPI_MAY_LOGOFF_LOANS)) {
        self->last_error = MAPI_E_NO_ACCESS;
        return lm_fail_text(
            L, "session:logoff", MAPI_E_NO_ACCESS,
            "the session belongs to the program around Lua, which has only lent it; close ends the loan");
    }
    if (!lm_option_flag(L, SLOT_OPTIONS + OPT_UI, true) || self->info == NULL || never_ask(L)) {
        return climb_down(L, self);
    }
    hr = self->info->lpVtbl->GetPending(self->info, &unsent, &unsaved, &clients);
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:logoff", hr);
    }
    shared = lm_option_flag(L, SLOT_OPTIONS + OPT_SHARED, false);
    if (unsent == 0 && unsaved == 0 && !(shared && clients != 0)) {
        return climb_down(L, self);
    }
    guard = push_guard(L);
    push_handler(L);
    lua_createtable(L, 0, 6);
    lua_pushliteral(L, "logoff");
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, self->profile);
    lua_setfield(L, -2, "profile");
    set_count(L, "unsent", unsent);
    set_count(L, "unsaved", unsaved);
    set_count(L, "clients", clients);
    lua_pushvalue(L, SLOT_OPTIONS + OPT_WINDOW);
    lua_setfield(L, -2, "window");
    lm_still_open(L, &self->object);
    guard->session = self;
    self->asking = true;
    return logoff_answered(L, lua_pcallk(L, 1, 1, 0, 0, logoff_answered), 0);
}

/* --- close ------------------------------------------------------------------------------------------------------- */

int lm_session_close(lua_State *L)
{
    struct lm_session *self = lm_session_of(lm_self_any(L));
    HRESULT hr;

    if (self->asking) {
        return busy(L, "session:close");
    }
    lm_forget();
    hr = lm_end(&self->object, LM_EXPLICIT);
    lm_registrations_forget_session(L);
    return lm_result(L, "session:close", hr);
}

int lm_session_close_meta(lua_State *L)
{
    struct lm_session *self = lm_session_of(lm_self_any(L));
    HRESULT hr = self->asking ? MAPI_E_BUSY : lm_end(&self->object, LM_EXPLICIT);

    if (FAILED(hr)) {
        lm_warn(L, "session", "close", hr);
    } else {
        lm_registrations_forget_session(L);
    }
    return 0;
}
