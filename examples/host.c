/*
 * host.c - a program that embeds Lua and hands its scripts a MAPI session.
 *
 *     host                          plays the two scripts below
 *     host watcher.lua writer.lua   plays yours, each in a Lua state of its own
 *
 * The program logs on once and lends the session to both states. One script asks to be told of new messages and waits; the
 * other puts a message into the Inbox. Between them stands nothing but the event loop of the program, a plain poll(): each
 * state has a descriptor that says when there is something to be dispatched to its scripts. A script says that it is done
 * by setting the global `finished`.
 *
 *     gcc -Icsrc/include -Icsrc/lua $(pkg-config --cflags lua5.4) examples/host.c $(pkg-config --libs lua5.4) -o host
 *
 * It links Lua and nothing of lua-mapi: require finds the module (LUA_PATH, LUA_CPATH), and lmapi.h gets at what it offers.
 */
#include <lauxlib.h>
#include <lmapi.h>
#include <lua.h>
#include <lualib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPTS = 2, PATIENCE_MS = 20000 };

static const char *const names[SCRIPTS] = {"watcher", "writer"};

static const char *const scripts[SCRIPTS] = {
    /* The store is kept open: a registration ends with the store it was made with. */
    "store = assert(session:open_store())\n"
    "print('watcher: on profile ' .. session:profile() .. ', waiting for a message')\n"
    "assert(store:advise(function(event)\n"
    "  if event.object_type ~= 'message' then return end\n"
    "  local message <close> = assert(store:open(event.entryid))\n"
    "  print('watcher: there is a new one: ' .. message:get 'subject')\n"
    "  finished = true\n"
    "end, { events = { 'object_created' } }))\n",

    "local store <close> = assert(session:open_store { write = true })\n"
    "local inbox <close> = assert(store:inbox())\n"
    "print('writer: putting a message into ' .. inbox:name())\n"
    "local message <close> = assert(inbox:new_message { subject = 'Hello from the other state' })\n"
    "assert(message:save())\n"
    "finished = true\n",
};

/* What the module tells nobody else. Here that goes to standard error; a program with a log has a better place. */
static void warn(void *context, const char *sentence)
{
    (void)context;
    fprintf(stderr, "warning: %s\n", sentence);
}

/* Ends the program. The error of a failed call is on the top of the stack. */
static void die(const char *what, lua_State *L)
{
    const char *why = L != NULL ? lua_tostring(L, -1) : NULL;
    fprintf(stderr, "host: %s%s%s\n", what, why != NULL ? ": " : "", why != NULL ? why : "");
    exit(1);
}

/* A state is told about its host before any script can require the module. */
static lua_State *open_state(void)
{
    const struct lmapi_host host = {.size = sizeof host, .version = LMAPI_VERSION, .warn = warn};
    lua_State *L = luaL_newstate();
    if (L == NULL)
        die("no memory for a Lua state", NULL);
    luaL_openlibs(L);
    if (lmapi_set_host(L, &host) != LUA_OK)
        die("the host cannot be announced", L);
    return L;
}

static void run(lua_State *L, const char *name, const char *script, const char *file)
{
    int status = file != NULL ? luaL_loadfile(L, file) : luaL_loadbuffer(L, script, strlen(script), name);
    if (status != LUA_OK || lua_pcall(L, 0, 0, 0) != LUA_OK)
        die(name, L);
}

/* Profiles are made with the script's own means here; MAPIAdminProfiles of the table would do as well. */
static void make_profile(lua_State *L)
{
    run(L, "=profile",
        "local mapi = require 'mapi'\n"
        "for profile in mapi.profiles.each() do\n"
        "  if profile.name == 'host' then return end\n"
        "end\n"
        "assert(mapi.profiles.create 'host')\n",
        NULL);
}

/* The session is the program's: made with the documented function, which the module's table leads to. */
static IMAPISession *logon(const struct lmapi_mapi *mapi)
{
    WCHAR profile[] = {'h', 'o', 's', 't', 0};
    IMAPISession *session = NULL;
    HRESULT hr = mapi->MAPILogonEx(0, (LPTSTR)(void *)profile, NULL,
                                   MAPI_EXTENDED | MAPI_UNICODE | MAPI_NEW_SESSION | MAPI_EXPLICIT_PROFILE, &session);
    if (hr != S_OK) {
        const char *why = mapi->error_detail(hr);
        die(why != NULL ? why : "MAPILogonEx failed", NULL);
    }
    return session;
}

static bool is_finished(lua_State *L)
{
    bool finished = lua_getglobal(L, "finished") != LUA_TNIL && lua_toboolean(L, -1);
    lua_pop(L, 1);
    return finished;
}

/* The event loop. A program that has one adds the descriptors to it and dispatches when they are readable. */
static void loop(const struct lmapi_api *api, lua_State *const *states)
{
    struct pollfd waiting[SCRIPTS];
    for (int i = 0; i < SCRIPTS; i++) {
        waiting[i].events = POLLIN;
        if (api->descriptor(states[i], &waiting[i].fd) != LUA_OK)
            die("no descriptor", states[i]);
    }
    while (!is_finished(states[0]) || !is_finished(states[1])) {
        if (poll(waiting, SCRIPTS, PATIENCE_MS) <= 0)
            die("nothing has happened for too long", NULL);
        for (int i = 0; i < SCRIPTS; i++)
            if ((waiting[i].revents & POLLIN) && api->dispatch(states[i], 0, NULL) != LUA_OK)
                die(names[i], states[i]); /* what a function of the script raised */
    }
}

int main(int argc, char **argv)
{
    lua_State *states[SCRIPTS];
    const struct lmapi_api *api = NULL;
    IMAPISession *session;
    if (argc != 1 && argc != 1 + SCRIPTS)
        die("usage: host [watcher.lua writer.lua]", NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);

    for (int i = 0; i < SCRIPTS; i++) {
        states[i] = open_state();
        api = lmapi_api(states[i]); /* the same table for all states */
        if (api == NULL)
            die("no MAPI", states[i]);
    }
    make_profile(states[0]);

    /* The subsystem stays for as long as the program wants it, whatever the states do. */
    if (api->mapi->MAPIInitialize(NULL) != S_OK)
        die("MAPIInitialize failed", NULL);
    session = logon(api->mapi);

    for (int i = 0; i < SCRIPTS; i++) {
        if (api->lend_session(states[i], session) != LUA_OK)
            die("the session cannot be lent", states[i]);
        lua_setglobal(states[i], "session");
        run(states[i], names[i], scripts[i], argc > 1 ? argv[1 + i] : NULL);
    }
    loop(api, states);

    /* First the loans end, and with them what the scripts have opened through them; then the session; then MAPI. */
    for (int i = 0; i < SCRIPTS; i++) {
        if (api->recall_session(states[i], session) != LUA_OK)
            die("the session cannot be recalled", states[i]);
        lua_close(states[i]);
    }
    if (session->lpVtbl->Logoff(session, 0, 0, 0) != S_OK)
        die("Logoff failed", NULL);
    session->lpVtbl->Release(session);
    api->mapi->MAPIUninitialize(); /* the table is still there: the module is never unloaded */
    puts("host: both are done, and the session has been logged off");
    return 0;
}
