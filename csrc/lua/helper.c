/* mapi.helper: an IOlkAccountHelper of the subsystem (owning, borrowing) or of a script. contract:
 * iolkaccounthelper-*.md. */
#include "helper.h"

#include "args.h"
#include "failure.h"
#include "logon.h"
#include "script_helper.h"
#include "session.h"
#include "types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lm_helper *helper_of(struct lm_object *object)
{
    return (struct lm_helper *)object;
}

static IOlkAccountHelper *native_of(struct lm_helper *self)
{
    return (IOlkAccountHelper *)self->object.native;
}

/* --- calling the native ------------------------------------------------------------------------------------------ */

/* A function of the script may close the helper meanwhile: the native is held, and errors of earlier calls are
 * forgotten. */
static IOlkAccountHelper *begin(lua_State *L, struct lm_helper *self, lua_State **before)
{
    IOlkAccountHelper *native = native_of(self);

    lm_callback_flush(L, self->object.state);
    lm_forget();
    native->lpVtbl->AddRef(native);
    *before = lm_enter(L, self->object.state);
    return native;
}

static void finish(struct lm_helper *self, IOlkAccountHelper *native, lua_State *before)
{
    lm_leave(self->object.state, before);
    native->lpVtbl->Release(native);
}

static HRESULT hand_off(lua_State *L, struct lm_helper *self)
{
    lua_State *before;
    IOlkAccountHelper *native = begin(L, self, &before);
    HRESULT hr = native->lpVtbl->HandsOffSession(native);

    finish(self, native, before);
    return hr;
}

bool lm_helper_asking(const struct lm_object *helper)
{
    const struct lm_object *child;

    for (child = helper->children; child != NULL; child = child->sibling_older) {
        if (child->type == &lm_session_type && ((const struct lm_session *)child)->asking) {
            return true;
        }
    }
    return false;
}

void lm_helper_handed_off(struct lm_object *helper)
{
    struct lm_helper *self = helper_of(helper);

    if (helper->native == NULL || self->kind != LM_HELPER_OWNING ||
        OlkOwningHelperState(native_of(self)) == OLK_HELPER_HOLDING) {
        return;
    }
    while (helper->children != NULL) {
        lm_end(helper->children, LM_EXPLICIT);
    }
}

static int busy(lua_State *L, const char *operation)
{
    return lm_fail_text(L, operation, MAPI_E_BUSY,
                        "the dialog handler is being asked whether its session may be logged off");
}

/* --- methods ----------------------------------------------------------------------------------------------------- */

static int helper_get_identity(lua_State *L)
{
    struct lm_helper *self = helper_of(lm_self(L));
    WCHAR first[256];
    WCHAR *identity = first;
    DWORD count = sizeof first / sizeof *first;
    lua_State *before;
    IOlkAccountHelper *native = begin(L, self, &before);
    HRESULT hr = native->lpVtbl->GetIdentity(native, identity, &count);

    finish(self, native, before);
    if (hr == E_OUTOFMEMORY && count > sizeof first / sizeof *first && self->object.native != NULL) {
        /* Longer than any profile's name: one of a script's. One unit more: helpers in the wild do not count the NUL
         * (H10). */
        identity = (WCHAR *)lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *identity, 0);
        memset(identity, 0, ((size_t)count + 1) * sizeof *identity);
        lm_still_open(L, &self->object);
        native = begin(L, self, &before);
        hr = native->lpVtbl->GetIdentity(native, identity, &count);
        finish(self, native, before);
    }
    if (FAILED(hr)) {
        return lm_fail_olk(L, "helper:get_identity", hr);
    }
    lm_callback_flush(L, self->object.state);
    lm_push_wide(L, identity);
    return 1;
}

static int helper_get_session(lua_State *L)
{
    struct lm_helper *self = helper_of(lm_self(L));
    void **box = lm_box_unknown(L);
    lua_State *before;
    IOlkAccountHelper *native = begin(L, self, &before);
    HRESULT hr = native->lpVtbl->GetMapiSession(native, (IUnknown **)box);

    finish(self, native, before);
    if (FAILED(hr) && self->kind != LM_HELPER_SCRIPTED && lm_exhausted(L, hr)) {
        lm_still_open(L, &self->object);
        native = begin(L, self, &before);
        hr = native->lpVtbl->GetMapiSession(native, (IUnknown **)box);
        finish(self, native, before);
    }
    if (SUCCEEDED(hr) && *box == NULL) {
        hr = MAPI_E_NOT_FOUND; /* H8: success without a session is a failure */
    }
    if (FAILED(hr)) {
        return lm_fail_olk(L, "helper:get_session", hr);
    }
    lm_callback_flush(L, self->object.state);
    lm_session_push_native(L, (IUnknown *)*box, 1);
    return 1;
}

static int helper_hands_off(lua_State *L)
{
    struct lm_helper *self = helper_of(lm_self(L));
    HRESULT hr;

    if (lm_helper_asking(&self->object)) {
        return busy(L, "helper:hands_off");
    }
    if (self->kind == LM_HELPER_OWNING) {
        while (self->object.children != NULL) {
            lm_end(self->object.children,
                   LM_EXPLICIT); /* the lent session, and everything opened through it, before its logoff */
        }
    }
    hr = hand_off(L, self);
    if (FAILED(hr) && self->object.state->callback_message != NULL) {
        return lm_fail_olk(L, "helper:hands_off", hr);
    }
    lm_callback_flush(L, self->object.state);
    /* iolkaccounthelper-handsoffsession.md allows two answers only; H15: whatever else a helper says is the second. */
    lua_pushboolean(L, hr == S_OK);
    lua_pushstring(L, hr == S_OK ? "S_OK" : "E_NOTIMPL");
    return 2;
}

static int helper_placeholder1(lua_State *L)
{
    lm_self(L);
    lua_pushboolean(L, 0);
    lua_pushliteral(L, "E_NOTIMPL");
    return 2;
}

static int helper_state(lua_State *L)
{
    static const char *const states[] = {
        [OLK_HELPER_IDLE] = "idle", [OLK_HELPER_HOLDING] = "holding", [OLK_HELPER_HANDED_OFF] = "handed off"};
    struct lm_helper *self = helper_of(lm_self(L));

    if (self->kind == LM_HELPER_OWNING) {
        lua_pushstring(L, states[OlkOwningHelperState(native_of(self))]);
    } else {
        lua_pushstring(L, self->kind == LM_HELPER_BORROWING ? "borrowing" : "scripted");
    }
    return 1;
}

/* Hands off if it is still holding, then releases. */
static void close_helper(lua_State *L, struct lm_helper *self)
{
    if (self->object.native == NULL) {
        return;
    }
    while (self->object.children != NULL) {
        lm_end(self->object.children, LM_EXPLICIT);
    }
    if (self->kind == LM_HELPER_OWNING || (self->script != NULL && lm_script_helper_holding(self->script))) {
        hand_off(L, self);
        lm_callback_flush(L, self->object.state);
    }
    if (self->object.native != NULL && self->script != NULL) {
        lm_script_helper_leave(L, self->script);
    }
    lm_end(&self->object, LM_EXPLICIT);
}

static int helper_close(lua_State *L)
{
    struct lm_helper *self = helper_of(lm_self_any(L));

    if (lm_helper_asking(&self->object)) {
        return busy(L, "helper:close");
    }
    close_helper(L, self);
    lua_pushboolean(L, 1);
    return 1;
}

static int helper_close_meta(lua_State *L)
{
    struct lm_helper *self = helper_of(lm_self_any(L));

    if (lm_helper_asking(&self->object)) {
        lm_warn(L, "helper", "close", MAPI_E_BUSY);
    } else {
        close_helper(L, self);
    }
    return 0;
}

static void helper_dropped(lua_State *L, struct lm_object *object)
{
    struct lm_helper *self = helper_of(object);

    if (self->script != NULL) {
        lm_script_helper_dropped(L, self->script);
    }
}

void lm_helper_session_gone(lua_State *L, struct lm_object *lender)
{
    struct lm_helper *self = helper_of(lender);

    if (lender != NULL && lender->type == &lm_helper_type && lender->native != NULL && self->kind == LM_HELPER_OWNING) {
        hand_off(L, self);
    }
}

static bool helper_describe(struct lm_object *object, char *text, size_t size)
{
    static const char *const kinds[] = {"owning", "borrowing", "scripted"};

    snprintf(text, size, "%s", kinds[helper_of(object)->kind]);
    return true;
}

static const luaL_Reg helper_methods[] = {
    {"get_identity", helper_get_identity},
    {"get_session", helper_get_session},
    {"hands_off", helper_hands_off},
    {"placeholder1", helper_placeholder1},
    {"state", helper_state},
    {"close", helper_close},
    {NULL, NULL},
};

static const luaL_Reg helper_metas[] = {{"__close", helper_close_meta}, {NULL, NULL}};

const struct lm_type lm_helper_type = {
    .name = "helper",
    .size = sizeof(struct lm_helper),
    .weight = 1024,
    .methods = helper_methods,
    .metas = helper_metas,
    .dropped = helper_dropped,
    .describe = helper_describe,
};

/* --- mapi.helper ------------------------------------------------------------------------------------------------- */

int lm_helper_borrow(lua_State *L, int session, const char *operation)
{
    struct lm_helper *self;
    struct lm_object *source;
    IOlkAccountHelper *native = NULL;
    HRESULT hr;

    session = lua_absindex(L, session);
    source = (struct lm_object *)lua_touserdata(L, session);
    self = helper_of(lm_new(L, &lm_helper_type, 0, LM_HELPER_USER_VALUES));
    lua_pushvalue(L, session);
    lua_setiuservalue(L, -2, LM_HELPER_SOURCE);
    lm_still_open(L, source);
    self->kind = LM_HELPER_BORROWING;
    lm_forget();
    hr = OlkCreateBorrowingHelper((IMAPISession *)source->native, &native);
    if (FAILED(hr)) {
        return lm_fail_olk(L, operation, hr);
    }
    lm_open(&self->object, (IUnknown *)native);
    return 1;
}

static int create_owning(lua_State *L, int base)
{
    struct lm_logon logon;
    struct lm_helper *self;
    IOlkAccountHelper *native = NULL;
    HRESULT hr;

    lm_logon_read(L, base, 1, &logon);
    hr = lm_state_need(L);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "mapi.helper", hr);
    }
    self = helper_of(lm_new(L, &lm_helper_type, 0, LM_HELPER_USER_VALUES));
    self->kind = LM_HELPER_OWNING;
    lm_forget();
    if (logon.any_profile) {
        logon.flags |= OLK_HELPER_ANY_PROFILE;
    }
    hr = OlkCreateOwningHelper(logon.profile, logon.flags, logon.window, logon.password, &native);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "mapi.helper", hr);
    }
    lm_open(&self->object, (IUnknown *)native);
    return 1;
}

/* `functions`: index of the first of the three options. */
static int create_scripted(lua_State *L, int functions)
{
    struct lm_helper *self;
    HRESULT hr;
    int i;

    hr = lm_state_need(L);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "mapi.helper", hr);
    }
    self = helper_of(lm_new(L, &lm_helper_type, 0, LM_HELPER_USER_VALUES));
    self->kind = LM_HELPER_SCRIPTED;
    lua_createtable(L, 3, 0);
    for (i = LM_HELPER_GET_IDENTITY; i <= LM_HELPER_HANDS_OFF; i++) {
        lua_pushvalue(L, functions + i - LM_HELPER_GET_IDENTITY);
        lua_rawseti(L, -2, i);
    }
    lua_setiuservalue(L, -2, LM_HELPER_SOURCE);
    hr = lm_script_helper_new(self->object.state, &self->script);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "mapi.helper", hr);
    }
    lm_open(&self->object, (IUnknown *)lm_script_helper_native(self->script));
    lm_script_helper_enter(L, -1, self->script);
    return 1;
}

/* The options that choose the kind come first in the list, the logon options after them. */
enum { OPT_SESSION, OPT_GET_IDENTITY, OPT_GET_SESSION, OPT_HANDS_OFF, OPT_LOGON };

int lm_helper_create(lua_State *L)
{
    struct lm_option options[OPT_LOGON + LM_LOGON_OPTIONS + 1] = {
        {"session", LM_ANY}, {"get_identity", LM_FUNCTION}, {"get_session", LM_FUNCTION}, {"hands_off", LM_FUNCTION}};
    bool logon = false;
    bool script;
    int base;
    int i;

    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    memcpy(&options[OPT_LOGON], lm_logon_options, (LM_LOGON_OPTIONS + 1) * sizeof *options);
    base = lm_options(L, 1, options);
    for (i = 0; i < LM_LOGON_OPTIONS; i++) {
        logon = logon || !lua_isnil(L, base + OPT_LOGON + i);
    }
    script = !lua_isnil(L, base + OPT_GET_IDENTITY) || !lua_isnil(L, base + OPT_GET_SESSION) ||
             !lua_isnil(L, base + OPT_HANDS_OFF);
    if ((!lua_isnil(L, base + OPT_SESSION)) + script + logon != 1) {
        return luaL_argerror(L, 1, "a helper is made from a session, from functions or from logon options");
    }
    if (script) {
        return create_scripted(L, base + OPT_GET_IDENTITY);
    }
    if (logon) {
        return create_owning(L, base + OPT_LOGON);
    }
    if (lm_test(L, base + OPT_SESSION, &lm_session_type) == NULL) {
        return luaL_argerror(L, 1,
                             lua_pushfstring(L, "option 'session' is not a mapi.session but a %s",
                                             luaL_typename(L, base + OPT_SESSION)));
    }
    lm_check(L, base + OPT_SESSION, &lm_session_type);
    return lm_helper_borrow(L, base + OPT_SESSION, "mapi.helper");
}
