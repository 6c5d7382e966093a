/*
 * Two states in two threads, each with its own sessions on one profile, at work at the same time. Says nothing about
 * speed: it exists for ThreadSanitizer, and for what two writers of one store do to each other.
 */
#include "host.h"

#include <pthread.h>

static const char *const prepare = "local mapi = require 'mapi'\n"
                                   "assert(mapi.profiles.create('both'))\n";

static const char *const work =
    "local mapi = require 'mapi'\n"
    "for round = 1, ROUNDS do\n"
    "  local session = assert(mapi.logon 'both')\n"
    "  assert(session:profile() == 'both' and not session:is_shared())\n"
    "  local inbox = assert(assert(session:open_store()):inbox())\n"
    "  local message = assert(inbox:import('From: a@example.org\\r\\nTo: b@example.org\\r\\nSubject: ' .. NAME ..\n"
    "    ' ' .. round .. '\\r\\n\\r\\nhello\\r\\n'))\n"
    "  assert(message:get 'subject' == NAME .. ' ' .. round)\n"
    "  assert(message:set('subject', NAME .. ' changed') and message:save())\n"
    "  local seen = 0\n"
    "  for row in inbox:rows { columns = { 'subject', 'message_size' }, sort = '-message_delivery_time' } do\n"
    "    seen = seen + 1\n"
    "  end\n"
    "  assert(seen >= round)\n"
    "  if round % 3 == 0 then session = nil collectgarbage() else assert(session:logoff { ui = false }) end\n"
    "  local helper <close> = assert(mapi.helper { profile = 'both' })\n"
    "  assert(helper:get_session())\n"
    "  assert(helper:hands_off())\n"
    "  assert(not mapi.logon 'nobody')\n"
    "end\n";

static const char *const finish =
    "local mapi = require 'mapi'\n"
    "local session <close> = assert(mapi.logon 'both')\n"
    "local store <close> = assert(session:open_store())\n"
    "local inbox <close> = assert(store:inbox())\n"
    "assert(inbox:count() == TOTAL, 'the store holds ' .. inbox:count() .. ' messages')\n";

static int rounds;

static void *worker(void *name)
{
    lua_State *L = luaL_newstate();
    if (L == NULL)
        host_die("no state");
    luaL_openlibs(L);
    lua_pushinteger(L, rounds);
    lua_setglobal(L, "ROUNDS");
    lua_pushstring(L, name);
    lua_setglobal(L, "NAME");
    host_run(L, "=work", work);
    lua_close(L);
    return NULL;
}

static void alone(const char *name, const char *script)
{
    lua_State *L = luaL_newstate();
    if (L == NULL)
        host_die("no state");
    luaL_openlibs(L);
    lua_pushinteger(L, 2 * (lua_Integer)rounds);
    lua_setglobal(L, "TOTAL");
    host_run(L, name, script);
    lua_close(L);
}

int main(void)
{
    static char first_name[] = "first", second_name[] = "second";
    pthread_t first, second;
    rounds = host_setting("MAPI_THREAD_ROUNDS", 40);
    host_make_home();
    alone("=prepare", prepare);
    if (pthread_create(&first, NULL, worker, first_name) != 0 ||
        pthread_create(&second, NULL, worker, second_name) != 0)
        host_die("no threads");
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    alone("=finish", finish);
    host_remove_home();
    printf("two states, %d rounds each\n", rounds);
    return 0;
}
