/*
 * One session of the host's, lent to two states that run in two threads at the same time: each opens what it wants through it, is
 * told of what the other one makes, and gives the loan back, again and again. Exists for ThreadSanitizer, and to show that what one
 * state closes is closed in that state only.
 */
#include "host.h"

#include <pthread.h>
#include <uchar.h>

#include "lua/lmapi.h"

static const char *const work = "local mapi = require 'mapi'\n"
                                "local store = assert(session:open_store { write = true })\n"
                                "local inbox = assert(store:inbox())\n"
                                "local told = 0\n"
                                "assert(store:advise(function(event)\n"
                                "  if event.object_type == 'message' then told = told + 1 end\n"
                                "end, { events = { 'object_created' } }))\n"
                                "assert(assert(inbox:new_message { subject = NAME }):save())\n"
                                /* At least its own; the other state's as they come. */
                                "while told == 0 do assert(mapi.dispatch(20) > 0) end\n"
                                "assert(session:profile() == 'host' and session:joined() == false)\n";

static const struct lmapi_api *api;
static IMAPISession *session;
static int rounds;

static void *worker(void *name)
{
    lua_State *L = luaL_newstate();
    if (L == NULL)
        host_die("no state");
    luaL_openlibs(L);
    if (lmapi_api(L) != api)
        host_die("no api: %s", lua_tostring(L, -1));
    lua_pushstring(L, name);
    lua_setglobal(L, "NAME");
    for (int round = 0; round < rounds; round++) {
        if (api->lend_session(L, session) != LUA_OK)
            host_die("not lent: %s", lua_tostring(L, -1));
        lua_setglobal(L, "session");
        host_run(L, "=work", work);
        if (round % 3 == 0)
            host_run(L, "=close", "assert(session:close())");
        else if (round % 3 == 1 && api->recall_session(L, session) != LUA_OK)
            host_die("not recalled: %s", lua_tostring(L, -1));
        else if (round % 3 == 2)
            host_run(L, "=drop", "session = nil collectgarbage() collectgarbage()");
    }
    lua_close(L);
    return NULL;
}

int main(void)
{
    static char first_name[] = "first", second_name[] = "second";
    char16_t profile[] = u"host";
    pthread_t first, second;
    lua_State *L;
    rounds = host_setting("MAPI_THREAD_ROUNDS", 40);
    host_make_home();
    L = luaL_newstate();
    if (L == NULL)
        host_die("no state");
    luaL_openlibs(L);
    api = lmapi_api(L);
    if (api == NULL)
        host_die("no api: %s", lua_tostring(L, -1));
    host_run(L, "=profile", "assert(require 'mapi'.profiles.create 'host')");
    if (api->mapi->MAPIInitialize(NULL) != S_OK ||
        api->mapi->MAPILogonEx(0, (LPTSTR)(void *)profile, NULL, MAPI_UNICODE | MAPI_EXTENDED | MAPI_NEW_SESSION,
                               &session) != S_OK)
        host_die("no session");
    if (pthread_create(&first, NULL, worker, first_name) != 0 ||
        pthread_create(&second, NULL, worker, second_name) != 0)
        host_die("no threads");
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    if (session->lpVtbl->Logoff(session, 0, 0, 0) != S_OK || session->lpVtbl->Release(session) != 0)
        host_die("the session is still held");
    host_run(L, "=count",
             "local mapi = require 'mapi'\n"
             "local session <close> = assert(mapi.logon 'host')\n"
             "local store <close> = assert(session:open_store())\n"
             "local inbox <close> = assert(store:inbox())\n"
             "MESSAGES = inbox:count()\n");
    lua_getglobal(L, "MESSAGES");
    if (lua_tointeger(L, -1) != 2 * (lua_Integer)rounds)
        host_die("there are %d messages", (int)lua_tointeger(L, -1));
    lua_close(L);
    api->mapi->MAPIUninitialize();
    host_remove_home();
    printf("two states, %d loans each\n", rounds);
    return 0;
}
