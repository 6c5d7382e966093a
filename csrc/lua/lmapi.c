/* The table of functions for programs that embed Lua (lmapi.h), and the hooks they set.
 *
 * What may raise runs in functions of the module that are kept in the registry, made when the module is opened, so that
 * calling one of them takes no memory: pushing it and lua_pcall cannot fail outside protected mode. */
#include "lmapi_host.h"

#include "args.h"
#include "failure.h"
#include "session.h"
#include "types.h"

#include <stdio.h>
#include <string.h>

#include <mapisub.h>

#include "base/hresult.h"

/* Registry keys, by address: the functions (a table), and the copy of the host's struct (a userdata). */
static const char functions_key = 'f';
static const char host_key = 'h';

enum function { GIVE = 1, LEND, RECALL, DISPATCH, DESCRIPTOR };

/* --- the host's hooks --------------------------------------------------------------------------------------------- */

/* The first version has everything up to `permissions`. */
enum { LEAST_HOST = offsetof(struct lmapi_host, permissions) + sizeof(uint32_t) };

static void read_host(lua_State *L)
{
    struct lmapi_host *copy = (struct lmapi_host *)lua_newuserdatauv(L, sizeof *copy, 0);
    const struct lmapi_host *host;

    memset(copy, 0, sizeof *copy);
    lua_getfield(L, LUA_REGISTRYINDEX, LMAPI_HOST_KEY);
    host = (const struct lmapi_host *)lua_touserdata(L, -1);
    if (host != NULL) {
        if (host->version != LMAPI_VERSION || host->size < LEAST_HOST) {
            luaL_error(
                L,
                "The program around Lua announces struct lmapi_host in version %d with %d bytes, but this module "
                "knows version %d with at least %d; compile the program with the module's own lmapi.h.",
                (int)host->version, (int)host->size, LMAPI_VERSION, (int)LEAST_HOST);
        }
        memcpy(copy, host, host->size < sizeof *copy ? host->size : sizeof *copy);
    }
    lua_pop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &host_key);
}

/* The state's host; one without any hooks where there is none. Needs a stack slot, and takes no memory. */
static const struct lmapi_host *host_of(lua_State *L)
{
    static const struct lmapi_host nobody = {0};
    const struct lmapi_host *host;

    if (!lua_checkstack(L, 1)) {
        return &nobody;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key);
    host = (const struct lmapi_host *)lua_touserdata(L, -1); /* the registry keeps it */
    lua_pop(L, 1);
    return host != NULL ? host : &nobody;
}

bool lm_host_asks(lua_State *L)
{
    return host_of(L)->ask != NULL;
}

static uint32_t field_count(lua_State *L, const char *key)
{
    lua_Integer count;

    lua_getfield(L, 1, key);
    count = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return (uint32_t)count;
}

int lm_host_ask(lua_State *L)
{
    const struct lmapi_host *host = host_of(L);
    struct lmapi_question question = {.size = sizeof question};
    int top;

    lua_settop(L, 1);
    question.unsent = field_count(L, "unsent");
    question.unsaved = field_count(L, "unsaved");
    question.clients = field_count(L, "clients");
    lua_getfield(L, 1, "window");
    question.window = (uintptr_t)lua_tointeger(L, -1);
    lua_getfield(L, 1, "kind");
    question.kind = lua_tostring(L, -1);
    lua_getfield(L, 1, "profile");
    question.profile = lua_tostring(L, -1); /* both stay on the stack */
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    top = lua_gettop(L);
    {
        enum lmapi_answer answer = host->ask(host->context, L, &question);

        lua_settop(L, top);
        lua_pushboolean(L, answer == LMAPI_ANSWER_GO_ON);
    }
    return 1;
}

bool lm_host_warns(lua_State *L)
{
    return host_of(L)->warn != NULL;
}

void lm_host_warn(lua_State *L, const char *sentence)
{
    const struct lmapi_host *host = host_of(L);

    host->warn(host->context, sentence);
}

bool lm_host_permits(lua_State *L, enum lmapi_permission permission)
{
    return (host_of(L)->permissions & (uint32_t)permission) != 0;
}

/* --- what runs protected ------------------------------------------------------------------------------------------ */

/* Argument 1 of give and lend as an IMAPISession. The caller's reference keeps it: it is the same object. */
static IMAPISession *check_native(lua_State *L, const char *what)
{
    IUnknown *native = (IUnknown *)lua_touserdata(L, 1);
    IMAPISession *session = NULL;
    HRESULT hr;

    if (lm_state(L)->closing) {
        luaL_error(L, "The session cannot be %s to a Lua state that is being closed.", what);
    }
    if (native == NULL || FAILED(native->lpVtbl->QueryInterface(native, &IID_IMAPISession,
                                                                (void **)&session)) /* L16: or it has ended */) {
        luaL_error(L,
                   "What was to be %s to the Lua state is no session, or one that has been logged off; pass an open "
                   "IMAPISession.",
                   what);
    }
    session->lpVtbl->Release(session);
    hr = lm_state_need(L);
    if (FAILED(hr)) {
        lm_raise(L, "lmapi", hr);
    }
    return session;
}

/* The loan of a host, not of a helper: the object has no lender. */
static bool is_loan(const struct lm_session *self)
{
    return self->lent && self->object.parent == NULL;
}

/* Pushes a new object with a reference of its own. */
static struct lm_session *push_new(lua_State *L, IMAPISession *session, bool lent)
{
    struct lm_session *self = lm_session_of(lm_new(L, &lm_session_type, 0, 0));

    self->lent = lent;
    session->lpVtbl->AddRef(session);
    lm_session_open(self, session);
    lm_session_enter(L, self);
    return self;
}

static int protected_give(lua_State *L)
{
    IMAPISession *session = check_native(L, "given");
    IUnknown *given = (IUnknown *)lua_touserdata(L, 1);

    if (!lm_session_push_known(L, session)) {
        push_new(L, session, false);
    } else {
        struct lm_session *self = lm_session_of(lm_test(L, -1, &lm_session_type));

        if (!is_loan(self)) {
            return luaL_error(L, "The session cannot be given to the Lua state, which has it already.");
        }
        self->lent = false;
    }
    given->lpVtbl->Release(given);
    return 1;
}

static int protected_lend(lua_State *L)
{
    IMAPISession *session = check_native(L, "lent");

    if (!lm_session_push_known(L, session)) {
        push_new(L, session, true);
    }
    return 1;
}

/* Also of a session that has been logged off, and then is only the pointer it was entered with. */
static int protected_recall(lua_State *L)
{
    IUnknown *native = (IUnknown *)lua_touserdata(L, 1);
    IMAPISession *session = NULL;

    if (native == NULL) {
        return 0;
    }
    if (SUCCEEDED(native->lpVtbl->QueryInterface(native, &IID_IMAPISession, (void **)&session))) {
        session->lpVtbl->Release(session);
    } else {
        session = (IMAPISession *)native;
    }
    if (lm_session_push_known(L, session)) {
        struct lm_session *self = lm_session_of(lm_test(L, -1, &lm_session_type));

        if (is_loan(self)) {
            if (self->asking) {
                return luaL_error(L,
                                  "The session cannot be recalled while the dialog handler is being asked whether it "
                                  "may be logged off; try again when the handler has answered.");
            }
            lm_end(&self->object, LM_EXPLICIT);
        }
    }
    return 0;
}

/* mapi.dispatch and mapi.fd (upvalue 2) with the arguments as they are; what they report as nil, message, name becomes
 * an error. */
static int protected_call(lua_State *L)
{
    int arguments = lua_gettop(L);

    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, arguments, 2);
    if (lua_isnil(L, 1)) {
        return lua_error(L); /* the message */
    }
    lua_settop(L, 1);
    return 1;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static int not_required(lua_State *L)
{
    return luaL_error(L, "This state has not required the module \"mapi\"; call lmapi_api for it.");
}

/* Pushes a protected function, or one that says why there is none. */
static void push_function(lua_State *L, enum function which)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key) == LUA_TTABLE) {
        lua_rawgeti(L, -1, which);
        lua_remove(L, -2);
    } else {
        lua_pop(L, 1);
        lua_pushcfunction(L, not_required);
    }
}

static int call_with_session(lua_State *L, enum function which, IMAPISession *session, int results)
{
    push_function(L, which);
    lua_pushlightuserdata(L, session);
    return lua_pcall(L, 1, results, 0);
}

static int api_give_session(lua_State *L, IMAPISession *session)
{
    return call_with_session(L, GIVE, session, 1);
}

static int api_lend_session(lua_State *L, IMAPISession *session)
{
    return call_with_session(L, LEND, session, 1);
}

static int api_recall_session(lua_State *L, IMAPISession *session)
{
    return call_with_session(L, RECALL, session, 0);
}

static enum lmapi_found api_test_session(lua_State *L, int index)
{
    const struct lm_object *object = lm_test(L, index, &lm_session_type);

    if (object == NULL) {
        return LMAPI_NO_SESSION;
    }
    return object->native == NULL ? LMAPI_CLOSED_SESSION : LMAPI_OPEN_SESSION;
}

static IMAPISession *api_fetch_session(lua_State *L, int index)
{
    const struct lm_object *object = lm_test(L, index, &lm_session_type);

    if (object == NULL || object->native == NULL) {
        return NULL;
    }
    object->native->lpVtbl->AddRef(object->native);
    return (IMAPISession *)object->native;
}

static int api_dispatch(lua_State *L, double timeout, unsigned *delivered)
{
    int status;

    if (delivered != NULL) {
        *delivered = 0;
    }
    push_function(L, DISPATCH);
    lua_pushnumber(L, timeout);
    status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_OK) {
        if (delivered != NULL) {
            *delivered = (unsigned)lua_tointeger(L, -1);
        }
        lua_pop(L, 1);
    }
    return status;
}

static int api_descriptor(lua_State *L, int *descriptor)
{
    int status;

    *descriptor = -1;
    push_function(L, DESCRIPTOR);
    status = lua_pcall(L, 0, 1, 0);
    if (status == LUA_OK) {
        *descriptor = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    return status;
}

static const struct lmapi_mapi mapi = {
    .size = sizeof mapi,
    .MAPIInitialize = MAPIInitialize,
    .MAPIUninitialize = MAPIUninitialize,
    .MAPILogonEx = MAPILogonEx,
    .MAPIAdminProfiles = MAPIAdminProfiles,
    .MAPIAllocateBuffer = MAPIAllocateBuffer,
    .MAPIAllocateMore = MAPIAllocateMore,
    .MAPIFreeBuffer = MAPIFreeBuffer,
    .error_detail = MapiErrorDetail,
    .error_name = hresult_name,
    .HrAllocAdviseSink = HrAllocAdviseSink,
    .HrDispatchNotifications = HrDispatchNotifications,
    .set_dialog = MapiSetDialog,
};

static const struct lmapi_api api = {
    .size = sizeof api,
    .version = LMAPI_VERSION,
    .mapi = &mapi,
    .give_session = api_give_session,
    .lend_session = api_lend_session,
    .recall_session = api_recall_session,
    .test_session = api_test_session,
    .fetch_session = api_fetch_session,
    .dispatch = api_dispatch,
    .descriptor = api_descriptor,
};

void lm_host_open(lua_State *L)
{
    static const luaL_Reg sessions[] = {
        {"give", protected_give}, {"lend", protected_lend}, {"recall", protected_recall}};
    static const char *const calls[] = {"dispatch", "fd"};
    int module = lua_gettop(L);
    int i;

    luaL_checkstack(L, 6, NULL);
    read_host(L);
    lua_createtable(L, DESCRIPTOR, 0);
    for (i = 0; i < 3; i++) {
        lua_pushlightuserdata(L, lm_state_push(L));
        lua_remove(L, -2);
        lua_pushcclosure(L, sessions[i].func, 1);
        lua_rawseti(L, -2, GIVE + i);
    }
    for (i = 0; i < 2; i++) {
        lua_pushlightuserdata(L, lm_state_push(L));
        lua_remove(L, -2);
        lua_getfield(L, module, calls[i]);
        lua_pushcclosure(L, protected_call, 2);
        lua_rawseti(L, -2, DISPATCH + i);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &functions_key);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&api);
    lua_setfield(L, LUA_REGISTRYINDEX, LMAPI_API_KEY); /* last: who finds it finds the rest */
}
