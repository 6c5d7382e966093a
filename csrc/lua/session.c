/* mapi.session: what a session tells about itself. Its ending is in session_ladder.c, what it opens in session_admin.c.
 */
#include "session.h"

#include "args.h"
#include "failure.h"
#include "helper.h"
#include "lmapi_host.h"
#include "notify.h"
#include "types.h"

#include <stdio.h>
#include <string.h>

#include <mapiguid.h>

/* --- making one -------------------------------------------------------------------------------------------------- */

/* The profile's name as UTF-8, cut at the end of the buffer (a foreign MAPI may know longer names), for tostring and
 * warnings. */
static void copy_profile(struct lm_session *self)
{
    LPWSTR name = NULL;

    if (self->info != NULL && SUCCEEDED(self->info->lpVtbl->GetProfileName(self->info, &name)) && name != NULL) {
        lm_narrow(name, self->profile, sizeof self->profile);
        MAPIFreeBuffer(name);
    }
}

void lm_session_open(struct lm_session *self, IMAPISession *native)
{
    IMapiSessionInfo *info = NULL;

    if (SUCCEEDED(native->lpVtbl->QueryInterface(native, &IID_IMapiSessionInfo, (void **)&info))) {
        self->info = info;
    }
    self->object.session = &self->object;
    lm_open(&self->object, (IUnknown *)native);
    copy_profile(self);
}

void lm_session_enter(lua_State *L, struct lm_session *self)
{
    luaL_checkstack(L, 3, NULL);
    lm_state_push_value(L, LM_STATE_SESSIONS);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, self->object.native);
    lua_pop(L, 1);
    self->established = true;
}

/* An entry whose object has been closed meanwhile does not
 * count: another native may live at the same address now. */
bool lm_session_push_known(lua_State *L, const void *native)
{
    struct lm_object *known;

    lm_state_push_value(L, LM_STATE_SESSIONS);
    lua_rawgetp(L, -1, native);
    lua_remove(L, -2);
    known = lm_test(L, -1, &lm_session_type);
    if (known != NULL && known->native == native) {
        return true;
    }
    lua_pop(L, 1);
    return false;
}

void lm_session_push_native(lua_State *L, IUnknown *native, int lender)
{
    struct lm_session *self;
    IMAPISession *session = NULL;

    lender = lua_absindex(L, lender);
    luaL_checkstack(L, 4, NULL);
    /* iolkaccounthelper-getmapisession.md promises an IUnknown; the map knows the IMAPISession. The caller's reference
     * on the one keeps the other. */
    if (FAILED(native->lpVtbl->QueryInterface(native, &IID_IMAPISession, (void **)&session))) {
        luaL_error(L, "what the helper calls its session is none");
    }
    session->lpVtbl->Release(session);
    if (lm_session_push_known(L, session)) {
        return;
    }
    self = lm_session_of(lm_new(L, &lm_session_type, lender, 0));
    self->lent = true;
    session->lpVtbl->AddRef(session);
    lm_session_open(self, session);
    lm_session_enter(L, self);
}

/* --- methods ----------------------------------------------------------------------------------------------------- */

int lm_session_fail(lua_State *L, struct lm_session *self, const char *operation, HRESULT hr)
{
    self->last_error = hr;
    return lm_fail(L, operation, hr);
}

/* Where a foreign MAPI cannot be asked. */
static int no_info(lua_State *L, const char *operation)
{
    return lm_fail_text(L, operation, MAPI_E_NO_SUPPORT, "this MAPI subsystem does not tell");
}

static int session_profile(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    void **name;
    HRESULT hr;

    if (self->info == NULL) {
        lua_pushstring(L, self->profile);
        return 1;
    }
    name = lm_box_buffer(L);
    lm_still_open(L, &self->object);
    hr = self->info->lpVtbl->GetProfileName(self->info, (LPWSTR *)name);
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:profile", hr);
    }
    lm_push_wide(L, (const WCHAR *)*name);
    return 1;
}

static int session_is_shared(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    BOOL shared = self->shared;

    if (self->info != NULL) {
        HRESULT hr = self->info->lpVtbl->IsShared(self->info, &shared);

        if (FAILED(hr)) {
            return lm_session_fail(L, self, "session:is_shared", hr);
        }
    }
    lua_pushboolean(L, shared);
    return 1;
}

static int session_joined(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    BOOL joined = FALSE;
    HRESULT hr;

    if (self->info == NULL) {
        return no_info(L, "session:joined");
    }
    hr = self->info->lpVtbl->WasJoined(self->info, &joined);
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:joined", hr);
    }
    lua_pushboolean(L, joined);
    return 1;
}

static int session_state(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    BOOL pending = FALSE;

    if (self->info != NULL) {
        HRESULT hr = self->info->lpVtbl->IsShutdownPending(self->info, &pending);

        if (FAILED(hr)) {
            return lm_session_fail(L, self, "session:state", hr);
        }
    }
    lua_pushstring(L, pending ? "shutdown pending" : "active");
    return 1;
}

/* imapisession-getlasterror.md: the details of the session's last failing call; there may be none, then the sentence of
 * its HRESULT has to do. */
static int session_last_error(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    void **box = lm_box_buffer(L);
    IMAPISession *session = lm_session_native(L, self);
    const MAPIERROR *error;
    HRESULT hr;

    if (self->last_error == S_OK) {
        lua_pushnil(L);
        return 1;
    }
    hr = session->lpVtbl->GetLastError(session, self->last_error, MAPI_UNICODE, (LPMAPIERROR *)box);
    if (FAILED(hr)) {
        return lm_fail(L, "session:last_error", hr);
    }
    error = (const MAPIERROR *)*box;
    lua_createtable(L, 0, 5);
    if (error != NULL && error->lpszError != NULL) {
        lm_push_wide(L, (const WCHAR *)error->lpszError);
    } else {
        lm_push_text(L, self->last_error);
    }
    lua_setfield(L, -2, "text");
    if (error != NULL && error->lpszComponent != NULL) {
        lm_push_wide(L, (const WCHAR *)error->lpszComponent);
        lua_setfield(L, -2, "component");
    }
    lua_pushinteger(L, error != NULL ? (lua_Integer)error->ulLowLevelError : 0);
    lua_setfield(L, -2, "low_level");
    lua_pushinteger(L, error != NULL ? (lua_Integer)error->ulContext : 0);
    lua_setfield(L, -2, "context");
    lm_push_name(L, self->last_error, false);
    lua_setfield(L, -2, "name");
    return 1;
}

static int session_helper(lua_State *L)
{
    lm_session_self(L);
    return lm_helper_borrow(L, 1, "session:helper");
}

/* Whether the process has more sessions than this Lua state, whose loans from the program around it are not its own. */
static bool others_have_sessions(const struct lm_state *state)
{
    const struct lm_object *each;
    const char *name;
    ULONG mine = 0;
    ULONG kind = 0;

    for (each = state->newest; each != NULL; each = each->older) {
        mine += each->type == &lm_session_type && !(((const struct lm_session *)each)->lent && each->parent == NULL);
    }
    while ((name = MapiObjectKindName(kind)) != NULL && strcmp(name, "session") != 0) {
        kind++;
    }
    return name != NULL && MapiObjectCount(kind) > mine;
}

/* fast-shutdown-overview.md: the client's side of fast shutdown is an interface of the session object. */
static int shutdown_step(lua_State *L, const char *operation, int step)
{
    struct lm_session *self = lm_session_self(L);
    void **box = lm_box_unknown(L);
    IMAPISession *session = lm_session_native(L, self);
    IMAPIClientShutdown *shutdown;
    HRESULT hr = session->lpVtbl->QueryInterface(session, &IID_IMAPIClientShutdown, box);

    if (FAILED(hr)) {
        /* Either this MAPI has no fast shutdown, or the session has ended: any method says which. */
        LPMAPIERROR nothing = NULL;
        HRESULT alive = session->lpVtbl->GetLastError(session, S_OK, 0, &nothing);
        MAPIFreeBuffer(nothing);
        return lm_session_fail(L, self, operation, FAILED(alive) ? alive : MAPI_E_NO_SUPPORT);
    }
    shutdown = (IMAPIClientShutdown *)*box;
    if (step == 2 && !lm_host_permits(L, LMAPI_MAY_FAST_SHUTDOWN) && others_have_sessions(self->object.state)) {
        self->last_error = MAPI_E_NO_SUPPORT;
        return lm_fail_text(
            L, operation, MAPI_E_NO_SUPPORT,
            "Another Lua state of this process, or the program itself, has sessions, which would end with "
            "this one's; the program around Lua has to permit that.");
    }
    if (step == 0) {
        hr = shutdown->lpVtbl->QueryFastShutdown(shutdown);
    } else if (step == 1) {
        hr = shutdown->lpVtbl->NotifyProcessShutdown(shutdown);
    } else {
        hr = shutdown->lpVtbl->DoFastShutdown(shutdown);
    }
    if (FAILED(hr)) {
        return lm_session_fail(L, self, operation, hr);
    }
    return lm_result(L, operation, hr);
}

static int session_query_fast_shutdown(lua_State *L)
{
    return shutdown_step(L, "session:query_fast_shutdown", 0);
}

static int session_notify_process_shutdown(lua_State *L)
{
    return shutdown_step(L, "session:notify_process_shutdown", 1);
}

static int session_do_fast_shutdown(lua_State *L)
{
    return shutdown_step(L, "session:do_fast_shutdown", 2);
}

struct object_row {
    const char *type;
    time_t opened;
    bool named;
    char what[LM_DESCRIPTION];
};

/* Newest first, as the ladder will end them. The list is walked without calling Lua, into memory made beforehand:
 * anything of Lua may collect garbage, and with it the objects the walk stands on. */
static int session_objects(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    struct object_row *rows;
    struct lm_object *at;
    time_t now = time(NULL);
    size_t room = 0;
    size_t count = 0;
    size_t i;

    for (at = self->state->newest; at != NULL && at != self; at = at->older) {
        room += at->session == self;
    }
    rows = (struct object_row *)lua_newuserdatauv(L, (room + 1) * sizeof *rows, 0);
    for (at = self->state->newest; at != NULL && at != self && count < room; at = at->older) {
        if (at->session == self) {
            struct object_row *row = &rows[count++];

            row->type = at->type->name;
            row->opened = at->opened;
            row->named = at->type->describe != NULL && at->type->describe(at, row->what, sizeof row->what);
        }
    }
    lua_createtable(L, count < 1000 ? (int)count : 1000, 0);
    for (i = 0; i < count; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, rows[i].type);
        lua_setfield(L, -2, "type");
        if (rows[i].named) {
            lua_pushstring(L, rows[i].what);
            lua_setfield(L, -2, "what");
        }
        lua_pushinteger(L, (lua_Integer)(now - rows[i].opened));
        lua_setfield(L, -2, "age");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static bool session_describe(struct lm_object *object, char *text, size_t size)
{
    const char *profile = lm_session_of(object)->profile;

    snprintf(text, size, "%s", profile);
    return *profile != '\0';
}

static const luaL_Reg session_methods[] = {
    {"logoff", lm_session_logoff},
    {"close", lm_session_close},
    {"profile", session_profile},
    {"is_shared", session_is_shared},
    {"joined", session_joined},
    {"state", session_state},
    {"stores", lm_session_stores},
    {"open_store", lm_session_open_store},
    {"set_default_store", lm_session_set_default_store},
    {"status", lm_session_status},
    {"query_identity", lm_session_query_identity},
    {"compare_entry_ids", lm_session_compare_entry_ids},
    {"open_entry", lm_session_open_entry},
    {"profile_section", lm_session_profile_section},
    {"services", lm_session_services},
    {"advise", lm_session_advise},
    {"last_error", session_last_error},
    {"helper", session_helper},
    {"query_fast_shutdown", session_query_fast_shutdown},
    {"notify_process_shutdown", session_notify_process_shutdown},
    {"do_fast_shutdown", session_do_fast_shutdown},
    {"objects", session_objects},
    {NULL, NULL},
};

static const luaL_Reg session_metas[] = {{"__close", lm_session_close_meta}, {NULL, NULL}};

const struct lm_type lm_session_type = {
    .name = "session",
    .size = sizeof(struct lm_session),
    .weight = 1024,
    .user_values = 1,
    .methods = session_methods,
    .metas = session_metas,
    .end = lm_session_end,
    .dropped = lm_session_dropped,
    .describe = session_describe,
};
