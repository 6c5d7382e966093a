/*
 * Notifications to a function of a script, within one process; notify.lua beside this file runs it.
 *
 *   notify COUNT ROUNDS
 *
 * Prints one line for each round: seconds of ours, seconds of the reference. Ours: COUNT notifications are posted to a session that
 * a function is registered with, a few thousand at a time (at most NOTIFY_MOST wait), and mapi.dispatch delivers them. The
 * reference: as many lua_pcalls of the same function, each with a fresh table of the same fields. The binding is linked in, so that
 * the subsystem can be told to post.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/notify_queue.h"
#include "core/session.h"
#include "lua/lmapi.h"

enum { BATCH = 4096 };

int luaopen_mapi_core(lua_State *L);

static const char prepare[] = "local mapi = require 'mapi'\n"
                              "assert(mapi.profiles.create 'notify')\n"
                              "session = assert(mapi.logon 'notify')\n"
                              "dispatch, count = mapi.dispatch, 0\n"
                              "function callback(event)\n"
                              "    count = count + event.count\n"
                              "end\n"
                              "assert(session:advise(callback, { events = { 'extended' } }))\n";

__attribute__((noreturn)) static void die(const char *why)
{
    fprintf(stderr, "bench/notify: %s\n", why ? why : "failed");
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void start(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    lua_pushinteger(L, 0);
    lua_setglobal(L, "count");
}

static void check_count(lua_State *L, int count)
{
    lua_getglobal(L, "count");
    if (lua_tointeger(L, -1) != count)
        die("the function was not called for each notification");
    lua_pop(L, 1);
}

static double ours(lua_State *L, struct notify_set *set, int count)
{
    start(L);
    double from = now();
    for (int done = 0; done < count;) {
        int batch = count - done < BATCH ? count - done : BATCH;
        for (int i = 0; i < batch; i++)
            notify_set_post_session(set, false, 1);
        done += batch;
        lua_getglobal(L, "dispatch");
        if (lua_pcall(L, 0, 1, 0) != LUA_OK || lua_tointeger(L, -1) != batch)
            die(lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    double seconds = now() - from;
    check_count(L, count);
    return seconds;
}

static double bare(lua_State *L, int count)
{
    start(L);
    lua_getglobal(L, "callback");
    double from = now();
    for (int i = 0; i < count; i++) {
        lua_pushvalue(L, -1);
        lua_createtable(L, 0, 3);
        lua_pushliteral(L, "extended");
        lua_setfield(L, -2, "type");
        lua_pushliteral(L, "logoff");
        lua_setfield(L, -2, "event");
        lua_pushinteger(L, 1);
        lua_setfield(L, -2, "count");
        if (lua_pcall(L, 1, 0, 0) != LUA_OK)
            die(lua_tostring(L, -1));
    }
    double seconds = now() - from;
    lua_pop(L, 1);
    check_count(L, count);
    return seconds;
}

int main(int argc, char **argv)
{
    int count = argc == 3 ? atoi(argv[1]) : 0, rounds = argc == 3 ? atoi(argv[2]) : 0;
    lua_State *L = luaL_newstate();
    if (!L || count < 1 || rounds < 1)
        die("usage: notify COUNT ROUNDS");
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_mapi_core);
    lua_setfield(L, -2, "mapi.core");
    lua_pop(L, 1);
    if (luaL_dostring(L, prepare) != LUA_OK)
        die(lua_tostring(L, -1));
    const struct lmapi_api *api = lmapi_api(L);
    if (!api)
        die(lua_tostring(L, -1));
    lua_getglobal(L, "session");
    IMAPISession *session = api->fetch_session(L, -1);
    lua_pop(L, 1);
    struct notify_set *set = session_of(session)->core->notify;

    ours(L, set, count); /* warms both up */
    bare(L, count);
    for (int i = 0; i < rounds; i++) {
        double reference = i % 2 ? bare(L, count) : 0;
        double mine = ours(L, set, count);
        printf("%.9f %.9f\n", mine, i % 2 ? reference : bare(L, count));
    }
    session->lpVtbl->Release(session);
    lua_getglobal(L, "session");
    lua_getfield(L, -1, "close");
    lua_insert(L, -2);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        die(lua_tostring(L, -1));
    lua_close(L);
    return 0;
}
