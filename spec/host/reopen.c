/*
 * Closing a state and opening another that imports mail, again and again, in one process. The ways of ending alternate:
 * everything closed by the script, everything left to lua_close, the parent closed before its children, an abandoned
 * coroutine. Lua's own memory is counted to the byte, descriptors to the last one.
 */
#include "host.h"

static const char *const begin =
    "local mapi = require 'mapi'\n"
    "assert(_VERSION == 'Lua 5.4')\n"
    "for kind, count in pairs(mapi.stats()) do\n"
    "  assert(count == 0, 'left over from the state before: ' .. count .. ' ' .. kind)\n"
    "end\n"
    "local found = false\n"
    "for profile in mapi.profiles.each() do found = found or profile.name == 'again' end\n"
    "if not found then assert(mapi.profiles.create 'again') end\n"
    "function open()\n"
    "  local session = assert(mapi.logon 'again')\n"
    "  local store = assert(session:open_store())\n"
    "  local inbox = assert(store:inbox())\n"
    "  local message = assert(inbox:import(table.concat({\n"
    "    'From: =?iso-8859-1?Q?B=FCro?= <buero@example.org>', 'To: team@example.org',\n"
    "    'Subject: =?utf-8?B?w4Rww6lsIPCfmoI=?=', 'Date: Fri, 20 Nov 2026 10:00:00 +0100',\n"
    "    'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '',\n"
    "    '--b', 'Content-Type: text/plain; charset=windows-1252', 'Content-Transfer-Encoding: 8bit', '', "
    "'gr\\xfc\\xdfe',\n"
    "    '--b', 'Content-Type: application/octet-stream', 'Content-Disposition: attachment; filename=x.bin', '', "
    "'abc',\n"
    "    '--b--', '' }, '\\r\\n')))\n"
    "  assert(message:get 'subject' == '\\u{c4}p\\u{e9}l \\u{1F682}')\n"
    "  assert(message:text():find('gr\\u{fc}\\u{df}e', 1, true))\n"
    "  assert(#assert(message:export()) > 100)\n"
    "  return session, store, inbox, message\n"
    "end\n";

static const char *const endings[] = {
    /* everything closed by the script, children first */
    "local session, store, inbox, message = open()\n"
    "message:close() inbox:close() store:close() assert(session:logoff { ui = false }) session:close()\n",
    /* everything left open */
    "session, store, inbox, message = open()\n",
    /* the parent first; the children stay reachable */
    "session, store, inbox, message = open()\n"
    "session:close()\n",
    /* an iterator in an abandoned coroutine */
    "session, store, inbox = open()\n"
    "thread = coroutine.create(function()\n"
    "  for row in inbox:rows { columns = { 'subject' } } do coroutine.yield(row) end\n"
    "end)\n"
    "assert(coroutine.resume(thread))\n",
    /* a lent session, never handed off */
    "local mapi = require 'mapi'\n"
    "helper = assert(mapi.helper { profile = 'again' })\n"
    "lent = assert(helper:get_session())\n",
};

struct memory {
    size_t used;
};

static void *counted(void *context, void *block, size_t old_size, size_t new_size)
{
    struct memory *memory = context;
    void *moved = NULL;
    if (block == NULL)
        old_size = 0; /* Lua passes the kind of object here */
    if (new_size == 0)
        free(block);
    else if ((moved = realloc(block, new_size)) == NULL)
        return NULL;
    memory->used += new_size - old_size;
    return moved;
}

int main(void)
{
    const int rounds = host_setting("MAPI_REOPEN", 40);
    int descriptors = -1;
    host_make_home();
    for (int round = 0; round < rounds; round++) {
        struct memory memory = {0};
        lua_State *L = lua_newstate(counted, &memory);
        if (L == NULL)
            host_die("no state");
        luaL_openlibs(L);
        host_run(L, "=begin", begin);
        host_run(L, "=ending", endings[(size_t)round % (sizeof endings / sizeof *endings)]);
        lua_close(L);
        if (memory.used != 0)
            host_die("round %d: %zu bytes of Lua's memory were not given back", round, memory.used);
        /* The first rounds may load modules and open what libraries keep. */
        if (round == 4)
            descriptors = host_descriptors();
        else if (round > 4 && host_descriptors() != descriptors)
            host_die("round %d: %d descriptors, %d before", round, host_descriptors(), descriptors);
    }
    host_remove_home();
    printf("%d states opened, used and closed\n", rounds);
    return 0;
}
