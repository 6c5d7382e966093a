/*
 * csrc/lua/lmapi.h, as a host uses it: sessions given and lent, tested and fetched, recalled; its hooks; dispatch; and all that
 * outside any protected call, where an error that was raised would end the program.
 */
#include "host.h"

#include <math.h>
#include <mapisub.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <uchar.h>

#include "lua/lmapi.h"

#define CHECK(condition) ((condition) ? (void)0 : host_die("%s:%d: not so: %s", __FILE__, __LINE__, #condition))

static int raised_outside(lua_State *L)
{
    host_die("an error was raised outside protected mode: %s", lua_tostring(L, -1));
}

/* Fails the allocation after so many; negative: none. */
static long allocations_left = -1;

static void *allocate(void *context, void *block, size_t old_size, size_t new_size)
{
    (void)context;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    if (allocations_left == 0 && (block == NULL || new_size > old_size))
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return realloc(block, new_size);
}

static lua_State *new_state(const struct lmapi_host *host)
{
    lua_State *L = lua_newstate(allocate, NULL);
    if (L == NULL)
        host_die("no state");
    lua_atpanic(L, raised_outside);
    luaL_openlibs(L);
    if (host != NULL) {
        /* A copy that is gone before anybody reads it. */
        struct lmapi_host *brief = malloc(host->size > sizeof *host ? host->size : sizeof *host);
        memcpy(brief, host, host->size > sizeof *host ? host->size : sizeof *host);
        CHECK(lmapi_set_host(L, brief) == LUA_OK && lua_gettop(L) == 0);
        memset(brief, 0xFF, sizeof *brief);
        free(brief);
    }
    return L;
}

static const struct lmapi_api *api_of(lua_State *L)
{
    const struct lmapi_api *api = lmapi_api(L);
    if (api == NULL)
        host_die("no api: %s", lua_tostring(L, -1));
    return api;
}

/* The error on the top says so; pops it. */
static void check_error(lua_State *L, const char *part)
{
    const char *message = lua_tostring(L, -1);
    if (message == NULL || strstr(message, part) == NULL)
        host_die("\"%s\" expected, but it was: %s", part, message != NULL ? message : "no sentence");
    lua_pop(L, 1);
}

static const struct lmapi_api *api; /* the same for all states */

static IMAPISession *logon(void)
{
    char16_t profile[] = u"host";
    IMAPISession *session = NULL;
    HRESULT hr =
        api->mapi->MAPILogonEx(0, (LPTSTR)(void *)profile, NULL,
                               MAPI_UNICODE | MAPI_EXTENDED | MAPI_NEW_SESSION | MAPI_EXPLICIT_PROFILE, &session);
    if (hr != S_OK)
        host_die("no session: %s", api->mapi->error_detail(hr));
    return session;
}

static void logoff(IMAPISession *session)
{
    CHECK(session->lpVtbl->Logoff(session, 0, 0, 0) == S_OK);
    CHECK(session->lpVtbl->Release(session) == 0);
}

static ULONG references(IMAPISession *session)
{
    session->lpVtbl->AddRef(session);
    return session->lpVtbl->Release(session);
}

static void lend_as(lua_State *L, IMAPISession *session, const char *name)
{
    if (api->lend_session(L, session) != LUA_OK)
        host_die("not lent: %s", lua_tostring(L, -1));
    lua_setglobal(L, name);
}

static void give_as(lua_State *L, IMAPISession *session, const char *name)
{
    if (api->give_session(L, session) != LUA_OK)
        host_die("not given: %s", lua_tostring(L, -1));
    lua_setglobal(L, name);
}

static enum lmapi_found found(lua_State *L, const char *name)
{
    enum lmapi_found what;
    lua_getglobal(L, name);
    what = api->test_session(L, -1);
    lua_pop(L, 1);
    return what;
}

/* Objects still alive, by the module's own count. */
static void check_nothing_left(void)
{
    lua_State *L = new_state(NULL);
    host_run(L, "=stats",
             "for kind, count in pairs(require 'mapi'.stats()) do\n"
             "  assert(count == 0, count .. ' ' .. kind)\n"
             "end\n");
    lua_close(L);
}

/* --- getting at the table ---------------------------------------------------------------------------------------- */

static void without_require_there_is_no_table(void)
{
    lua_State *L = lua_newstate(allocate, NULL);
    lua_atpanic(L, raised_outside);
    CHECK(lmapi_api(L) == NULL);
    check_error(L, "luaL_openlibs");
    CHECK(lua_gettop(L) == 0);
    lua_close(L);
}

static void other_versions_are_refused(void)
{
    struct lmapi_host host = {.size = sizeof host, .version = LMAPI_VERSION + 1};
    struct lmapi_api other = {.size = sizeof other, .version = LMAPI_VERSION + 1};
    lua_State *L = new_state(&host);
    CHECK(lmapi_api(L) == NULL);
    check_error(L, "version 2");
    lua_close(L);

    host.version = LMAPI_VERSION;
    host.size = sizeof host.size + sizeof host.version; /* ends before the hooks */
    L = new_state(&host);
    CHECK(lmapi_api(L) == NULL);
    check_error(L, "lmapi.h");
    lua_close(L);

    /* A module of another version, or with fewer functions than we were compiled for. */
    L = new_state(NULL);
    lua_pushlightuserdata(L, &other);
    lua_setfield(L, LUA_REGISTRYINDEX, LMAPI_API_KEY);
    CHECK(lmapi_api(L) == NULL);
    check_error(L, "version 2");
    other.version = LMAPI_VERSION;
    other.size = sizeof other - 1;
    CHECK(lmapi_api(L) == NULL);
    check_error(L, "compiled for");
    other.size = sizeof other + 64; /* it can do more: no harm */
    CHECK(lmapi_api(L) == &other);
    CHECK(lua_gettop(L) == 0);
    lua_close(L);
}

static void a_larger_host_is_read_as_far_as_it_is_known(void)
{
    struct {
        struct lmapi_host host;
        char more[256];
    } later = {.host = {.size = sizeof later, .version = LMAPI_VERSION}};
    lua_State *L = new_state(&later.host);
    CHECK(lmapi_api(L) == api);
    lua_close(L);
}

static void a_state_that_has_not_required_says_so(void)
{
    lua_State *L = new_state(NULL);
    IMAPISession *session = logon();
    int descriptor = 7;
    unsigned count = 7;
    CHECK(api->lend_session(L, session) == LUA_ERRRUN);
    check_error(L, "lmapi_api");
    CHECK(api->give_session(L, session) == LUA_ERRRUN);
    check_error(L, "lmapi_api");
    CHECK(api->recall_session(L, session) == LUA_ERRRUN);
    check_error(L, "lmapi_api");
    CHECK(api->dispatch(L, 0, &count) == LUA_ERRRUN && count == 0);
    check_error(L, "lmapi_api");
    CHECK(api->descriptor(L, &descriptor) == LUA_ERRRUN && descriptor == -1);
    check_error(L, "lmapi_api");
    CHECK(lua_gettop(L) == 0 && references(session) == 1);
    logoff(session);
    lua_close(L);
}

/* --- what is no session ------------------------------------------------------------------------------------------- */

static HRESULT STDMETHODCALLTYPE no_interface(IUnknown *This, REFIID iid, void **out)
{
    (void)This;
    (void)iid;
    *out = NULL;
    return E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE count_nothing(IUnknown *This)
{
    (void)This;
    return 1;
}

static void what_is_no_session_is_refused(void)
{
    static const IUnknownVtbl vtbl = {no_interface, count_nothing, count_nothing};
    IUnknown other = {&vtbl};
    lua_State *L = new_state(NULL);
    api_of(L);
    for (int round = 0; round < 2; round++) {
        IMAPISession *session = round == 0 ? NULL : (IMAPISession *)(void *)&other;
        CHECK(api->lend_session(L, session) == LUA_ERRRUN);
        check_error(L, "is no session");
        CHECK(api->give_session(L, session) == LUA_ERRRUN);
        check_error(L, "is no session");
        CHECK(api->recall_session(L, session) == LUA_OK);
    }
    CHECK(lua_gettop(L) == 0);

    lua_pushnil(L);
    lua_pushinteger(L, 3);
    lua_pushlightuserdata(L, &other);
    lua_newuserdatauv(L, 200, 0);
    lua_newuserdatauv(L, 200, 0); /* with the name of ours, by another module */
    luaL_newmetatable(L, "mapi.session");
    lua_setmetatable(L, -2);
    host_run(L, "=helper", "helper = require 'mapi'.helper { profile = 'host' }");
    lua_getglobal(L, "helper");
    for (int index = 1; index <= 7; index++) /* the last one is no value */
        CHECK(api->test_session(L, index) == LMAPI_NO_SESSION && api->fetch_session(L, index) == NULL);
    lua_close(L);
    check_nothing_left();
}

/* A session that has been logged off is none any more (L16). */
static void a_session_that_was_logged_off_is_refused(void)
{
    lua_State *L = new_state(NULL);
    IMAPISession *session = logon();
    api_of(L);
    CHECK(session->lpVtbl->Logoff(session, 0, 0, 0) == S_OK);
    CHECK(api->lend_session(L, session) == LUA_ERRRUN);
    check_error(L, "logged off");
    CHECK(api->give_session(L, session) == LUA_ERRRUN);
    check_error(L, "logged off");
    CHECK(session->lpVtbl->Release(session) == 0);
    lua_close(L);
}

/* --- loans -------------------------------------------------------------------------------------------------------- */

static void a_loan_ends_without_the_session(void)
{
    lua_State *L = new_state(NULL);
    IMAPISession *session = logon(), *fetched;
    api_of(L);
    lend_as(L, session, "session");
    lend_as(L, session, "again");
    CHECK(references(session) >= 2 && found(L, "session") == LMAPI_OPEN_SESSION);
    host_run(L, "=loan",
             "assert(session == again)\n"
             "assert(session:profile() == 'host')\n"
             "store = assert(session:open_store())\n"
             "local ok, message, name = session:logoff { ui = false }\n"
             "assert(ok == nil and name == 'MAPI_E_NO_ACCESS', message)\n"
             "assert(store:inbox())\n");
    lua_getglobal(L, "session");
    fetched = api->fetch_session(L, -1);
    CHECK(fetched == session);
    fetched->lpVtbl->Release(fetched);
    lua_pop(L, 1);

    host_run(L, "=close", "assert(session:close()) assert(require 'mapi'.type(store) == 'closed store')\n");
    CHECK(found(L, "session") == LMAPI_CLOSED_SESSION);
    lua_getglobal(L, "session");
    CHECK(api->fetch_session(L, -1) == NULL);
    lua_pop(L, 1);

    /* Lent once more it is another object; dropped to the collector, it ends as well. */
    lend_as(L, session, "session");
    host_run(L, "=drop",
             "assert(session ~= again and session:profile() == 'host') session, again, store = nil\n"
             "collectgarbage() collectgarbage()\n");
    CHECK(references(session) == 1);
    lend_as(L, session, "session");
    CHECK(lua_gettop(L) == 0);
    lua_close(L);
    CHECK(references(session) == 1);
    logoff(session);
    check_nothing_left();
}

static void a_script_may_keep_a_loan_longer_than_the_session_lives(void)
{
    lua_State *L = new_state(NULL);
    IMAPISession *session = logon();
    api_of(L);
    lend_as(L, session, "session");
    host_run(L, "=open", "inbox = assert(assert(session:open_store()):inbox())\n");
    CHECK(session->lpVtbl->Logoff(session, 0, 0, 0) == S_OK);
    session->lpVtbl->Release(session);
    CHECK(found(L, "session") == LMAPI_OPEN_SESSION); /* only a call can tell */
    host_run(L, "=after",
             "local function ended(value, message, name)\n"
             "  assert(value == nil and name == 'MAPI_E_INVALID_OBJECT', message)\n"
             "end\n"
             "ended(session:open_store())\n"
             "ended(session:is_shared())\n"
             "ended(inbox:name())\n"
             "assert(session:close()) assert(session:close())\n");
    lua_close(L);
    check_nothing_left();
}

static void a_loan_can_be_recalled(void)
{
    lua_State *L = new_state(NULL), *other = new_state(NULL);
    IMAPISession *session = logon();
    api_of(L);
    api_of(other);
    lend_as(L, session, "session");
    lend_as(other, session, "session");
    host_run(L, "=open", "store = assert(session:open_store())\n");
    CHECK(api->recall_session(L, session) == LUA_OK);
    CHECK(found(L, "session") == LMAPI_CLOSED_SESSION && found(other, "session") == LMAPI_OPEN_SESSION);
    host_run(L, "=closed",
             "assert(require 'mapi'.type(store) == 'closed store')\n"
             "local ok, message = pcall(session.profile, session)\n"
             "assert(not ok and message:find('closed session', 1, true), message)\n");
    CHECK(api->recall_session(L, session) == LUA_OK); /* there is none any more */
    host_run(other, "=works", "assert(session:profile() == 'host')\n");
    /* Also when it has been logged off meanwhile. */
    CHECK(session->lpVtbl->Logoff(session, 0, 0, 0) == S_OK);
    CHECK(api->recall_session(other, session) == LUA_OK);
    CHECK(found(other, "session") == LMAPI_CLOSED_SESSION);
    CHECK(session->lpVtbl->Release(session) == 0);
    lua_close(L);
    lua_close(other);
    check_nothing_left();
}

static void two_states_are_lent_one_session_and_close_in_either_order(void)
{
    for (int round = 0; round < 2; round++) {
        lua_State *states[2] = {new_state(NULL), new_state(NULL)};
        IMAPISession *session = logon();
        for (int i = 0; i < 2; i++) {
            api_of(states[i]);
            lend_as(states[i], session, "session");
            host_run(states[i], "=use", "inbox = assert(assert(session:open_store()):inbox())\n");
        }
        lua_close(states[round]);
        host_run(states[1 - round], "=still", "assert(inbox:name() == 'Inbox' and session:profile() == 'host')\n");
        lua_close(states[1 - round]);
        CHECK(references(session) == 1);
        logoff(session);
    }
    check_nothing_left();
}

/* --- gifts -------------------------------------------------------------------------------------------------------- */

static char warned[512];

static void note_warning(void *context, const char *sentence)
{
    CHECK(context == warned);
    snprintf(warned, sizeof warned, "%s", sentence);
}

static void a_gift_is_given_back_when_the_state_closes(void)
{
    const struct lmapi_host host = {
        .size = sizeof host, .version = LMAPI_VERSION, .context = warned, .warn = note_warning};
    lua_State *L = new_state(&host);
    IMAPISession *session = logon();
    api_of(L);
    *warned = '\0';
    give_as(L, session, "session");
    host_run(L, "=use", "inbox = assert(assert(session:open_store()):inbox())\n");
    lua_close(L);
    CHECK(strstr(warned, "'host'") != NULL && strstr(warned, "without logoff") != NULL);
    check_nothing_left();
}

static void a_gift_is_logged_off_by_the_script(void)
{
    lua_State *L = new_state(NULL);
    IMAPISession *session = logon(), *kept;
    api_of(L);
    give_as(L, session, "session");
    lua_getglobal(L, "session");
    kept = api->fetch_session(L, -1); /* ours, whatever the script does to the object */
    CHECK(kept == session);
    lua_pop(L, 1);
    host_run(L, "=logoff", "assert(session:logoff { ui = false })\n");
    CHECK(found(L, "session") == LMAPI_CLOSED_SESSION);
    CHECK(kept->lpVtbl->Logoff(kept, 0, 0, 0) == MAPI_E_INVALID_OBJECT);
    CHECK(kept->lpVtbl->Release(kept) == 0);
    lua_close(L);
    check_nothing_left();
}

static void a_session_is_given_once(void)
{
    lua_State *L = new_state(NULL);
    IMAPISession *session = logon(), *fetched;
    ULONG before;
    api_of(L);
    lend_as(L, session, "session");
    before = references(session);
    give_as(L, session, "given"); /* the loan becomes the state's own */
    CHECK(references(session) == before - 1);
    CHECK(api->give_session(L, session) == LUA_ERRRUN);
    check_error(L, "has it already");
    CHECK(references(session) == before - 1);
    CHECK(api->recall_session(L, session) == LUA_OK); /* it is no loan any more */
    CHECK(found(L, "session") == LMAPI_OPEN_SESSION);
    /* What the script got from a helper is not the host's to give. */
    host_run(L, "=helper",
             "assert(given == session)\n"
             "helper = assert(require 'mapi'.helper { profile = 'host' })\n"
             "lent = assert(helper:get_session())\n");
    lua_getglobal(L, "lent");
    fetched = api->fetch_session(L, -1);
    CHECK(fetched != NULL && fetched != session);
    CHECK(api->give_session(L, fetched) == LUA_ERRRUN);
    check_error(L, "has it already");
    CHECK(api->lend_session(L, fetched) == LUA_OK && lua_rawequal(L, -1, -2));
    fetched->lpVtbl->Release(fetched);
    lua_settop(L, 0);
    host_run(L, "=logoff", "assert(session:logoff { ui = false }) assert(helper:hands_off())\n");
    lua_close(L);
    check_nothing_left();
}

/* --- hooks -------------------------------------------------------------------------------------------------------- */

struct asked {
    int times;
    enum lmapi_answer answer;
    IMAPISession *session;
};

static enum lmapi_answer ask(void *context, lua_State *L, const struct lmapi_question *question)
{
    struct asked *asked = context;
    asked->times++;
    CHECK(question->size == sizeof *question && strcmp(question->kind, "logoff") == 0);
    CHECK(strcmp(question->profile, "host") == 0 && question->window == 77);
    CHECK(question->unsaved == 1 && question->unsent == 0 && question->clients == 0);
    CHECK(api->recall_session(L, asked->session) == LUA_ERRRUN);
    check_error(L, "dialog handler");
    lua_pushliteral(L, "left on the stack");
    return asked->answer;
}

static void the_host_is_asked_before_a_logoff(void)
{
    struct asked asked = {.answer = LMAPI_ANSWER_CANCEL};
    const struct lmapi_host host = {.size = sizeof host,
                                    .version = LMAPI_VERSION,
                                    .context = &asked,
                                    .ask = ask,
                                    .permissions = LMAPI_MAY_LOGOFF_LOANS};
    lua_State *L = new_state(&host);
    IMAPISession *session = logon();
    api_of(L);
    asked.session = session;
    lend_as(L, session, "session");
    host_run(L, "=cancel",
             "store = assert(session:open_store { write = true })\n"
             "inbox = assert(store:inbox())\n"
             "message = assert(inbox:new_message { subject = 'not saved' })\n"
             "local ok, text, name = session:logoff { window = 77 }\n"
             "assert(ok == nil and name == 'MAPI_E_USER_CANCEL', text)\n"
             "assert(message:get 'subject' == 'not saved')\n");
    CHECK(asked.times == 1);
    asked.answer = LMAPI_ANSWER_GO_ON;
    /* The script's own handler comes first; false asks nobody, as ever. */
    host_run(L, "=own",
             "local mapi = require 'mapi'\n"
             "local times = 0\n"
             "mapi.set_dialog(function() times = times + 1 return false end)\n"
             "assert(not session:logoff { window = 77 } and times == 1)\n"
             "mapi.set_dialog(nil)\n");
    CHECK(asked.times == 1);
    /* A loan may be logged off here: the host has permitted it. */
    host_run(L, "=logoff", "assert(session:logoff { window = 77 })\n");
    CHECK(asked.times == 2);
    CHECK(session->lpVtbl->Logoff(session, 0, 0, 0) == MAPI_E_INVALID_OBJECT);
    CHECK(session->lpVtbl->Release(session) == 0);
    lua_close(L);
    check_nothing_left();
}

/* --- notifications ------------------------------------------------------------------------------------------------ */

static void dispatch_delivers_and_hands_on_errors(void)
{
    lua_State *L = new_state(NULL);
    struct pollfd poller = {.events = POLLIN};
    IMAPISession *session = logon();
    unsigned count = 7;
    int same = -1;
    api_of(L);
    CHECK(api->dispatch(L, 0, &count) == LUA_OK && count == 0);
    CHECK(api->descriptor(L, &poller.fd) == LUA_OK && poller.fd >= 0);
    CHECK(api->descriptor(L, &same) == LUA_OK && same == poller.fd);
    CHECK(poll(&poller, 1, 0) == 0);
    lend_as(L, session, "session");
    host_run(L, "=advise",
             "store = assert(session:open_store { write = true })\n"
             "inbox = assert(store:inbox())\n"
             "told = 0\n"
             "connection = assert(store:advise(function(event)\n"
             "  told = told + 1\n"
             "  if told == 2 then error { told = told } end\n"
             "end, { events = { 'object_created' } }))\n"
             "for i = 1, 3 do assert(assert(inbox:new_message { subject = 'new' }):save()) end\n");
    CHECK(poll(&poller, 1, 10000) == 1);
    CHECK(api->dispatch(L, 0, &count) == LUA_ERRRUN && count == 0);
    CHECK(lua_istable(L, -1) && lua_getfield(L, -1, "told") == LUA_TNUMBER); /* the script's own, unchanged */
    lua_settop(L, 0);
    CHECK(api->dispatch(L, 10, &count) == LUA_OK && count == 1); /* the rest stayed queued */
    CHECK(api->dispatch(L, 0, NULL) == LUA_OK);
    host_run(L, "=told", "assert(told == 3)\n");
    CHECK(poll(&poller, 1, 0) == 0);
    CHECK(api->dispatch(L, -1, &count) == LUA_ERRRUN);
    check_error(L, "number of seconds");
    CHECK(api->dispatch(L, (double)NAN, &count) == LUA_ERRRUN);
    lua_settop(L, 0);
    lua_close(L);
    logoff(session);
    check_nothing_left();
}

static void *log_off_in_a_while(void *session)
{
    poll(NULL, 0, 200);
    CHECK(((IMAPISession *)session)->lpVtbl->Logoff(session, 0, 0, 0) == S_OK);
    return NULL;
}

/* There is nothing left to wait for then. */
static void an_endless_wait_ends_with_a_session_that_another_thread_logs_off(void)
{
    lua_State *L = new_state(NULL);
    IMAPISession *session = logon();
    struct pollfd poller = {.events = POLLIN};
    unsigned count = 7;
    pthread_t other;
    api_of(L);
    lend_as(L, session, "session");
    host_run(L, "=advise", "assert(session:advise(error))\n");
    CHECK(pthread_create(&other, NULL, log_off_in_a_while, session) == 0);
    CHECK(api->dispatch(L, (double)INFINITY, &count) == LUA_OK && count == 0);
    CHECK(pthread_join(other, NULL) == 0);
    CHECK(api->dispatch(L, (double)INFINITY, &count) == LUA_OK && count == 0);
    CHECK(api->descriptor(L, &poller.fd) == LUA_OK && poll(&poller, 1, 0) == 0);
    session->lpVtbl->Release(session);
    lua_close(L);
    check_nothing_left();
}

static void a_script_shuts_nothing_down_that_it_was_only_lent(void)
{
    lua_State *L = new_state(NULL);
    IMAPISession *session = logon();
    api_of(L);
    lend_as(L, session, "session");
    host_run(L, "=shutdown",
             "local done, message, name = session:do_fast_shutdown()\n"
             "assert(done == nil and name == 'MAPI_E_NO_SUPPORT', message)\n"
             "assert(session:state() == 'active')\n");
    lua_close(L);
    logoff(session);
    check_nothing_left();
}

/* --- without memory, in coroutines, while the state closes -------------------------------------------------------- */

static int run_with_memory(lua_State *L, int which, IMAPISession *session)
{
    unsigned count;
    int descriptor;
    switch (which) {
    case 0:
        return lmapi_api(L) == NULL ? LUA_ERRMEM : LUA_OK;
    case 1:
        return api->lend_session(L, session);
    case 2:
        session->lpVtbl->AddRef(session);
        if (api->give_session(L, session) == LUA_OK)
            return LUA_OK;
        session->lpVtbl->Release(session); /* still ours */
        return LUA_ERRMEM;
    case 3:
        return api->recall_session(L, session);
    case 4:
        return api->dispatch(L, 0, &count);
    case 5:
        return api->descriptor(L, &descriptor);
    default:
        return lmapi_set_host(L, &(struct lmapi_host){.size = sizeof(struct lmapi_host), .version = LMAPI_VERSION});
    }
}

static void every_function_survives_want_of_memory(void)
{
    IMAPISession *session = logon();
    for (int which = 0; which <= 6; which++) {
        long allowed = 0;
        for (bool done = false; !done; allowed++) {
            lua_State *L = new_state(NULL);
            ULONG before = references(session);
            if (which > 0)
                api_of(L);
            lua_gc(L, LUA_GCSTOP);
            allocations_left = allowed;
            done = run_with_memory(L, which, session) == LUA_OK;
            allocations_left = -1;
            if (!done)
                CHECK(lua_gettop(L) == 1);
            lua_close(L);
            CHECK(references(session) == before);
            if (allowed > 100000)
                host_die("function %d never succeeds", which);
        }
    }
    logoff(session);
    check_nothing_left();
}

static void coroutines_will_do(void)
{
    lua_State *L = new_state(NULL), *thread;
    IMAPISession *session = logon();
    api_of(L);
    thread = lua_newthread(L);
    CHECK(api->lend_session(thread, session) == LUA_OK && api->test_session(thread, -1) == LMAPI_OPEN_SESSION);
    lua_xmove(thread, L, 1);
    CHECK(api->test_session(L, -1) == LMAPI_OPEN_SESSION);
    lua_close(L);
    logoff(session);
}

static IMAPISession *late;
static int late_calls;

static int too_late(lua_State *L)
{
    CHECK(api->lend_session(L, late) == LUA_ERRRUN);
    check_error(L, "being closed");
    CHECK(api->give_session(L, late) == LUA_ERRRUN);
    check_error(L, "being closed");
    CHECK(api->recall_session(L, late) == LUA_OK);
    late_calls++;
    return 0;
}

static void nothing_is_lent_to_a_state_that_is_closing(void)
{
    lua_State *L = new_state(NULL);
    late = logon();
    lua_newuserdatauv(L, 0, 0); /* older than the module, so its finalizer runs after that of the module */
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, too_late);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    api_of(L);
    lend_as(L, late, "session");
    lua_close(L);
    CHECK(late_calls == 1);
    logoff(late);
    check_nothing_left();
}

int main(void)
{
    lua_State *L;
    host_make_home();
    L = new_state(NULL);
    api = api_of(L);
    CHECK(api->version == LMAPI_VERSION && api->size >= sizeof *api && api->mapi->size >= sizeof *api->mapi);
    host_run(L, "=profile", "assert(require 'mapi'.profiles.create 'host')");
    lua_close(L);

    CHECK(api->mapi->MAPIInitialize(NULL) == S_OK); /* the table outlives the state it came from */
    without_require_there_is_no_table();
    other_versions_are_refused();
    a_larger_host_is_read_as_far_as_it_is_known();
    a_state_that_has_not_required_says_so();
    what_is_no_session_is_refused();
    a_session_that_was_logged_off_is_refused();
    a_loan_ends_without_the_session();
    a_script_may_keep_a_loan_longer_than_the_session_lives();
    a_loan_can_be_recalled();
    two_states_are_lent_one_session_and_close_in_either_order();
    a_gift_is_given_back_when_the_state_closes();
    a_gift_is_logged_off_by_the_script();
    a_session_is_given_once();
    the_host_is_asked_before_a_logoff();
    coroutines_will_do();
    nothing_is_lent_to_a_state_that_is_closing();
    every_function_survives_want_of_memory();
    dispatch_delivers_and_hands_on_errors();
    an_endless_wait_ends_with_a_session_that_another_thread_logs_off();
    a_script_shuts_nothing_down_that_it_was_only_lent();
    api->mapi->MAPIUninitialize();
    host_remove_home();
    puts("20 passed");
    return 0;
}
