/*
 * Two Lua states of one process that share a session, on one thread and on two: each has its own descriptor and its own
 * connections, what one does the other is told of, and either may be closed first, with everything open.
 */
#include "host.h"

#include <poll.h>
#include <stdbool.h>
#include <pthread.h>

static const char *const begin = "mapi = require 'mapi'\n"
                                 "function heard()\n"
                                 "  told = {}\n"
                                 "  while mapi.dispatch() > 0 do end\n"
                                 "  return table.concat(told, ', ')\n"
                                 "end\n"
                                 "function note(event)\n"
                                 "  told[#told + 1] = table.concat({ event.type, event.code or event.event }, ' ')\n"
                                 "end\n"
                                 "function log_on(options)\n"
                                 "  session = assert(mapi.logon(options))\n"
                                 "  connection = assert(session:advise(note))\n"
                                 "end\n";

static lua_State *new_state(void)
{
    lua_State *L = luaL_newstate();
    if (L == NULL)
        host_die("no Lua state");
    luaL_openlibs(L);
    host_run(L, "=begin", begin);
    return L;
}

static bool readable(lua_State *L)
{
    struct pollfd descriptor = {.events = POLLIN};
    host_run(L, "=fd", "fd = assert(mapi.fd())");
    lua_getglobal(L, "fd");
    descriptor.fd = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return poll(&descriptor, 1, 0) == 1;
}

static void expect(bool condition, const char *what)
{
    if (!condition)
        host_die("%s", what);
}

/* One state creates, the other joins; `first_closed`: which is closed first, with everything open. */
static void two_on_one_thread(int first_closed)
{
    lua_State *states[2] = {new_state(), new_state()};
    host_run(states[0], "=create", "log_on { profile = 'states', shared = true } assert(not session:joined())");
    host_run(states[1], "=join", "log_on { new_session = false } assert(session:joined())");
    expect(!readable(states[0]) && !readable(states[1]), "nothing waits, and a descriptor is readable");
    host_run(states[0], "=fd", "first = fd");
    lua_getglobal(states[0], "fd");
    lua_getglobal(states[1], "fd");
    expect(lua_tointeger(states[0], -1) != lua_tointeger(states[1], -1), "two states have one descriptor");
    lua_settop(states[0], 0);
    lua_settop(states[1], 0);

    /* The one is told of what the other does, and not of what it does itself. */
    host_run(states[1], "=leave", "assert(mapi.logon { new_session = false }):logoff { ui = false }");
    expect(readable(states[0]) && readable(states[1]), "something waits, and a descriptor is not readable");
    host_run(states[0], "=hear", "assert(heard() == 'extended logoff')");
    expect(readable(states[1]), "another state's dispatch took what waits for this one");
    host_run(states[1], "=hear", "assert(heard() == 'extended logoff')");
    expect(!readable(states[0]) && !readable(states[1]), "all was delivered, and a descriptor is readable");

    /* Events of the store, which both have open. */
    host_run(states[0], "=store",
             "store = assert(session:open_store())\n"
             "assert(store:advise(note, { events = { 'object_created' } }))");
    host_run(states[1], "=store",
             "store = assert(session:open_store())\n"
             "assert(assert(store:inbox()):new_message { subject = 'x' }:save())");
    expect(readable(states[0]), "a new message in the other state's store object does not wake this one");
    host_run(states[0], "=hear", "local text = heard() assert(text == 'object_created', text)");

    host_run(states[0], "=fast shutdown",
             "local done, _, why = session:do_fast_shutdown()\n"
             "assert(not done and why == 'MAPI_E_NO_SUPPORT')\n"
             "assert(session:state() == 'active')");

    host_run(states[0], "=dead", "gone = 0 assert(session:advise(function() gone = gone + 1 end))");
    host_run(states[1], "=end", "assert(session:logoff { shared = true, ui = false })");
    host_run(states[0], "=state", "assert(session:state() == 'shutdown pending')");
    host_run(states[1], "=again", "session = assert(mapi.logon 'states') assert(not session:is_shared())");
    lua_close(states[first_closed]); /* with what waits, and connections */
    host_run(states[!first_closed], "=after",
             "assert(session:profile() == 'states')\n"
             "while mapi.dispatch() > 0 do end\n"
             "assert(session:open_store()):close()");
    lua_close(states[!first_closed]);
}

/* --- two threads -------------------------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;

static void meet(void)
{
    pthread_barrier_wait(&barrier);
}

/* Joins and leaves, while the other thread dispatches. */
static void *come_and_go(void *unused)
{
    lua_State *L = new_state();
    (void)unused;
    for (int round = 0; round < 3; round++) {
        meet();
        host_run(L, "=come and go",
                 "for i = 1, 200 do\n"
                 "  log_on { new_session = false }\n"
                 "  assert(session:joined())\n"
                 "  assert(session:logoff { ui = false })\n"
                 "end");
        meet();
    }
    host_run(L, "=end", "log_on { new_session = false } assert(session:logoff { shared = true, ui = false })");
    lua_close(L);
    return NULL;
}

static void two_on_two_threads(void)
{
    pthread_t thread;
    lua_State *L = new_state();
    host_run(L, "=create",
             "session = assert(mapi.logon { profile = 'states', shared = true })\n"
             "count, ended = 0, 0\n"
             "assert(session:advise(function(event)\n"
             "  if event.type == 'extended' then count = count + event.count else ended = ended + 1 end\n"
             "end))");
    pthread_barrier_init(&barrier, NULL, 2);
    if (pthread_create(&thread, NULL, come_and_go, NULL) != 0)
        host_die("no thread");
    for (int round = 0; round < 3; round++) {
        meet();
        host_run(L, "=hear", "count = 0 while count < 200 do assert(mapi.dispatch(60) > 0) end assert(count == 200)");
        meet();
    }
    host_run(L, "=end",
             "count = 0 while ended < 1 or count < 1 do assert(mapi.dispatch(60) > 0) end\n"
             "assert(count == 1 and ended == 1 and mapi.dispatch() == 0)");
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
    lua_close(L);
}

int main(void)
{
    int descriptors = -1;
    lua_State *L;
    host_make_home();
    L = new_state();
    host_run(L, "=profile", "assert(mapi.profiles.create 'states')");
    for (int round = 0; round < 6; round++) {
        two_on_one_thread(round % 2);
        if (round == 1)
            descriptors = host_descriptors();
        else if (round > 1 && host_descriptors() != descriptors)
            host_die("round %d: %d descriptors, %d before", round, host_descriptors(), descriptors);
    }
    two_on_two_threads();
    host_run(L, "=left",
             "for kind, count in pairs(mapi.stats()) do assert(count == 0, kind .. ' left: ' .. count) end");
    lua_close(L);
    host_remove_home();
    puts("two states shared a session");
    return 0;
}
