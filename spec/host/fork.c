/*
 * A host that forks under its scripts (06 R8): what the child has inherited answers MAPI_E_NOT_INITIALIZED and can be collected, its
 * own logon works, what it saves stays, and the parent's state goes on as if nothing had happened. Lua has no fork; the host gives
 * it one that runs a function in a child and waits for it.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "host.h"

enum { DEADLINE_SECONDS = 120 };

/* in_child(function): true, or an error with what the child said. */
static int in_child(lua_State *L)
{
    int ends[2], status = -1;
    char said[512];
    size_t size = 0;
    ssize_t got;
    pid_t pid;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (pipe(ends) != 0 || (pid = fork()) < 0)
        return luaL_error(L, "cannot fork: %s", strerror(errno));
    if (pid == 0) {
        alarm(DEADLINE_SECONDS);
        close(ends[0]);
        lua_settop(L, 1);
        if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
            const char *why = lua_tostring(L, -1);
            if (why == NULL || write(ends[1], why, strlen(why)) < 0)
                _exit(2);
            _exit(1);
        }
        lua_close(L); /* finalizes everything that was inherited */
        _exit(0);
    }
    close(ends[1]);
    while (size < sizeof said && (got = read(ends[0], said + size, sizeof said - size)) > 0)
        size += (size_t)got;
    close(ends[0]);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        return luaL_error(L, "the child (status %d) said: %s", status, lua_pushlstring(L, said, size));
    lua_pushboolean(L, 1);
    return 1;
}

static const char script[] =
    "local mapi = require 'mapi'\n"
    "assert(mapi.profiles.create 'forked')\n"
    "local session = assert(mapi.logon 'forked')\n"
    "local store = assert(session:open_store())\n"
    "local inbox = assert(store:inbox())\n"
    "local function add(where, subject)\n"
    "  local message = assert(where:new_message())\n"
    "  assert(message:set('subject', subject))\n"
    "  assert(message:save())\n"
    "  message:close()\n"
    "end\n"
    "local function subjects(where)\n"
    "  local found = {}\n"
    "  for row in where:rows { columns = { 'subject' } } do found[#found + 1] = row.subject end\n"
    "  table.sort(found)\n"
    "  return table.concat(found, ' ')\n"
    "end\n"
    "add(inbox, 'before')\n"
    "local function refused(what, ...)\n"
    "  local value, message, code = ...\n"
    "  assert(value == nil and type(message) == 'string' and code == 'MAPI_E_NOT_INITIALIZED',\n"
    "    what .. ': ' .. tostring(value) .. ', ' .. tostring(message) .. ', ' .. tostring(code))\n"
    "end\n"
    /* What was inherited. */
    "assert(in_child(function()\n"
    "  for _, name in ipairs { 'profile', 'is_shared', 'joined', 'state', 'open_store', 'query_identity', 'logoff' } "
    "do\n"
    "    refused(name, session[name](session))\n"
    "  end\n"
    "  refused('logoff shared', session:logoff { shared = true })\n"
    "  refused('store:inbox', store:inbox())\n"
    "  refused('new_message', inbox:new_message())\n"
    "  refused('get', inbox:get 'display_name')\n"
    "  assert(mapi.type(session) == 'session')\n"
    "  session, store, inbox = nil, nil, nil\n"
    "  collectgarbage() collectgarbage()\n"
    "end))\n"
    "assert(in_child(function() inbox:close() store:close() session:close() end))\n"
    "assert(in_child(function() end))\n" /* lua_close alone */
    /* A session of its own, beside and after the inherited one. */
    "for _, forget in ipairs { false, true } do\n"
    "  assert(in_child(function()\n"
    "    if forget then session, store, inbox = nil, nil, nil collectgarbage() end\n"
    "    local own <close> = assert(mapi.logon 'forked')\n"
    "    local box = assert(assert(own:open_store()):inbox())\n"
    "    add(box, 'child')\n"
    "    assert(subjects(box):find('before', 1, true))\n"
    "    assert(own:logoff { ui = false })\n"
    "  end))\n"
    "  add(inbox, 'parent')\n"
    "end\n"
    "assert(subjects(inbox) == 'before child child parent parent', subjects(inbox))\n"
    "assert(session:logoff { ui = false })\n";

int main(void)
{
    int before;
    alarm(4 * DEADLINE_SECONDS);
    host_make_home();
    before = host_descriptors();
    for (int state = 0; state < 2; state++) {
        lua_State *L = luaL_newstate();
        if (L == NULL)
            host_die("no memory for a state");
        luaL_openlibs(L);
        lua_register(L, "in_child", in_child);
        host_run(L, "fork",
                 state == 0 ? script
                            : "local mapi = require 'mapi' local session <close> = assert(mapi.logon 'forked')\n"
                              "local n = 0 for _ in assert(assert(session:open_store()):inbox()):rows() do "
                              "n = n + 1 end assert(n == 5)\n");
        lua_close(L);
    }
    if (host_descriptors() != before)
        host_die("%d descriptors were left open", host_descriptors() - before);
    host_remove_home();
    puts("parent and children: all as it should be");
    return 0;
}
