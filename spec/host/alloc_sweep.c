/* Memory that runs out, anywhere: the 1st, 2nd, 3rd ... allocation of a task fails, until the task succeeds.
 *
 * Lua's allocations fail through the state's own allocator; those of the modules and of SQLite through the malloc of
 * this program, which takes the place of the C library's and looks at who is calling. Everybody else's succeed: GLib
 * ends the process when its own fail. Every run must end in success or in an error that names the want of memory;
 * afterwards nothing may be left, neither native objects (mapi.stats) nor blocks.
 *
 * Two sweeps: in the first one allocation fails and the next succeed again; in the second all fail from there on, so
 * that what cleans up has no memory either. */
#include "host.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
int main(void)
{
    puts("skipped: malloc is the sanitizer's, or not of glibc");
    return 0;
}
#else

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

/* --- who is calling --------------------------------------------------------------------------------------------- */

enum { MODULES = 8 };
static struct {
    uintptr_t from, to;
} modules[MODULES];
static int module_count;

static int note_module(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (strstr(info->dlpi_name, "mapi/core.so") == NULL && strstr(info->dlpi_name, "mapi/mime.so") == NULL &&
        strstr(info->dlpi_name, "libsqlite3") == NULL)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && (header->p_flags & PF_X) && module_count < MODULES) {
            modules[module_count].from = info->dlpi_addr + header->p_vaddr;
            modules[module_count].to = info->dlpi_addr + header->p_vaddr + header->p_memsz;
            module_count++;
        }
    }
    return 0;
}

static bool is_ours(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    for (int i = 0; i < module_count; i++)
        if (at >= modules[i].from && at < modules[i].to)
            return true;
    return false;
}

/* --- failing ---------------------------------------------------------------------------------------------------- */

static bool armed, for_good;
static long countdown; /* allocations that still succeed */
static long failed;

static bool fails(void)
{
    if (!armed)
        return false;
    if (countdown > 0) {
        countdown--;
        return false;
    }
    if (failed > 0 && !for_good)
        return false;
    failed++;
    return true;
}

/* --- blocks that our modules have and have not given back ------------------------------------------------------- */

enum { SLOTS = 1 << 20 };
static void *blocks[SLOTS]; /* open addressing; a removed block leaves a grave */
static long block_count;
static char grave;

static size_t slot_of(const void *block)
{
    return (size_t)(((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u >> 44) & (SLOTS - 1);
}

static void remember(void *block)
{
    size_t at = slot_of(block);
    if (block == NULL)
        return;
    while (blocks[at] != NULL && blocks[at] != &grave)
        at = (at + 1) & (SLOTS - 1);
    blocks[at] = block;
    block_count++;
}

static bool forget(const void *block)
{
    size_t at = slot_of(block);
    while (blocks[at] != NULL) {
        if (blocks[at] == block) {
            /* A grave is needed only inside a run of taken slots. */
            blocks[at] = blocks[(at + 1) & (SLOTS - 1)] == NULL ? NULL : (void *)&grave;
            block_count--;
            return true;
        }
        at = (at + 1) & (SLOTS - 1);
    }
    return false;
}

/* Everything is compiled with hidden symbols; these four must be found by the modules. */
#pragma GCC visibility push(default)

void *malloc(size_t size)
{
    void *block;
    if (!is_ours(__builtin_return_address(0)))
        return __libc_malloc(size);
    if (fails())
        return NULL;
    block = __libc_malloc(size);
    remember(block);
    return block;
}

void *calloc(size_t count, size_t size)
{
    void *block;
    if (!is_ours(__builtin_return_address(0)))
        return __libc_calloc(count, size);
    if (fails())
        return NULL;
    block = __libc_calloc(count, size);
    remember(block);
    return block;
}

void *realloc(void *old, size_t size)
{
    void *block;
    bool known;
    bool ours = is_ours(__builtin_return_address(0));
    if (ours && fails())
        return NULL;
    known = old != NULL && forget(old);
    block = __libc_realloc(old, size);
    if (block != NULL ? known || ours : known && size > 0)
        remember(block != NULL ? block : old);
    return block;
}

void free(void *block)
{
    if (block != NULL)
        forget(block);
    __libc_free(block);
}

#pragma GCC visibility pop

static void *lua_allocate(void *unused, void *block, size_t old, size_t size)
{
    (void)unused;
    (void)old;
    if (size == 0) {
        __libc_free(block);
        return NULL;
    }
    /* Lua takes for granted that shrinking succeeds. */
    if ((block == NULL || size > old) && fails())
        return NULL;
    return __libc_realloc(block, size);
}

/* --- tasks ------------------------------------------------------------------------------------------------------ */

/* Each has a preparation, which has all the memory it wants, and the task itself. */
static const char script_of_mail[] =
    "local mapi = require 'mapi'\n"
    "local mail = table.concat({ 'From: =?UTF-8?Q?B=C3=BCro?= <j@example.com>', 'To: a@example.com, B "
    "<b@example.com>',\n"
    "  'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=', 'Date: Tue, 14 Nov 2023 22:13:20 +0000', 'MIME-Version: 1.0',\n"
    "  'Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain; charset=iso-8859-1', '',\n"
    "  'Gr\\xfc\\xdfe', '--b', 'Content-Type: text/html', '', '<p>x</p>', '--b',\n"
    "  'Content-Type: application/octet-stream; name=a.bin', 'Content-Transfer-Encoding: base64', '', 'AAEC', '--b--', "
    "'' }, '\\r\\n')\n"
    "local c\n"
    "local function logon() c.session = assert(mapi.logon 'sweep') end\n"
    "local function open()\n"
    "  logon()\n"
    "  c.store = assert(c.session:open_store { write = true })\n"
    "  c.inbox = assert(c.store:inbox())\n"
    "  for row in c.inbox:rows { columns = {} } do assert(c.inbox:delete_messages(row.entryid)) end\n"
    "  for folder in c.inbox:folders() do assert(folder:delete { recursive = true }) end\n"
    "end\n"
    "local function import() open(); c.message = assert(c.inbox:import(mail)) end\n"
    "local tasks = {\n"
    "  { 'logon', function() end, logon },\n"
    "  { 'open', logon, function()\n"
    "      c.store = assert(c.session:open_store { write = true })\n"
    "      c.inbox = assert(c.store:inbox())\n"
    "      assert(c.store:folder 'Inbox')\n"
    "    end },\n"
    "  { 'import', open, function() c.message = assert(c.inbox:import(mail)) end },\n"
    "  { 'read', import, function()\n"
    "      for row in c.inbox:rows { where = { 'subject', 'contains', 'g' }, sort = '-subject' } do "
    "assert(row.entryid) end\n"
    "      assert(c.message:get { 'subject', 'message_size', 'client_submit_time' })\n"
    "      assert(c.message:text()); assert(c.message:html()); assert(c.message:headers()); assert(c.message:from())\n"
    "      assert(#assert(c.message:recipients()) == 2)\n"
    "      local count = 0\n"
    "      for attachment in c.message:attachments() do\n"
    "        count = count + 1\n"
    "        assert(attachment:data())\n"
    "      end\n"
    "      assert(count >= 1)\n"
    "      for tag, value in c.message:props() do assert(tag and value ~= nil) end\n"
    "    end },\n"
    "  { 'write', open, function()\n"
    "      local new <close> = assert(c.inbox:new_message { subject = 'new', ['PS_PUBLIC_STRINGS:Keywords;mv_unicode'] "
    "= { 'k' } })\n"
    "      assert(new:set('body', ('x'):rep(70000)))\n"
    "      assert(new:set_recipients { { name = 'A', address = 'a@example.com' } })\n"
    "      assert(new:attach { name = 'a', data = 'x' })\n"
    "      assert(new:save())\n"
    "      local work = assert(c.inbox:create 'Work')\n"
    "      assert(c.inbox:move_messages({ new }, work))\n"
    "      assert(work:rename 'Play')\n"
    "      assert(c.store:folder 'Inbox/Play')\n"
    "      assert(work:path())\n"
    "      for folder in c.inbox:folders() do assert(folder:name()) end\n"
    "      for message in work:messages { where = { 'any_recipient', { 'smtp_address', '=', 'a@example.com' } } } do\n"
    "        assert(message:set_recipients {})\n"
    "      end\n"
    "      local stream <close> = assert(new:stream('body', 'r+'))\n"
    "      assert(stream:write(('y'):rep(100))); assert(stream:commit())\n"
    "      local rows = assert(c.inbox:table { columns = { 'subject' }, sort = '-subject' })\n"
    "      assert(rows:count()); assert(rows:rows(5)); assert(rows:seek(1)); assert(rows:sort 'subject')\n"
    "      assert(work:delete_messages(new))\n"
    "      assert(work:delete { recursive = true })\n"
    "    end },\n"
    "  { 'export', import, function() assert(c.message:export()) end },\n";

/* A string of its own: compilers need not take one that is longer than 4,095 characters. */
static const char script_of_accounts[] =
    "  { 'hand-off', function() end, function()\n"
    "      c.helper = assert(mapi.helper { profile = 'sweep' })\n"
    "      assert(c.helper:get_identity() == 'sweep')\n"
    "      assert(c.helper:get_session())\n"
    "      local ok, why = c.helper:hands_off()\n"
    "      if not ok then error(why) end\n"
    "    end },\n"
    "  { 'accounts', function()\n"
    "      local helper <close> = assert(mapi.helper { profile = 'sweep' })\n"
    "      local manager <close> = assert(mapi.account_manager(helper))\n"
    "      for account in manager:accounts() do assert(manager:delete(account:id())) end\n"
    "    end, function()\n"
    "      c.helper = assert(mapi.helper { profile = 'sweep' })\n"
    "      c.manager = assert(mapi.account_manager(c.helper))\n"
    "      local told = 0\n"
    "      local connection = assert(c.manager:advise(function() told = told + 1 end))\n"
    "      local account = assert(c.manager:create { type = 'imap', name = ('n'):rep(2000), password = 'secret' })\n"
    "      assert(account:get 'acct_delivery_store'); assert(account:get { 'acct_name', 'inet_password' })\n"
    "      assert(account:set { acct_name = 'x', acct_delivery_folder = 'y' }); assert(account:save())\n"
    "      assert(account:hold_secret('smtp_password', 'secret')); assert(account:info())\n"
    "      for tag, value in account:props() do assert(tag and value) end\n"
    "      for each in c.manager:accounts { category = 'mail' } do assert(each:id()) end\n"
    "      assert(c.manager:set_order('store', assert(c.manager:order 'store')))\n"
    "      assert(c.manager:error_text 'E_ACCT_NOT_FOUND'); assert(tostring(c.manager) and tostring(account))\n"
    "      assert(c.manager:delete(account:id()))\n"
    "      while told < 5 do assert(assert(mapi.dispatch()) > 0) end\n"
    "      assert(connection:unadvise())\n"
    "    end },\n"
    "  { 'logoff', import, function() assert(c.session:logoff { ui = false }) end },\n"
    "  { 'share', function() end, function()\n"
    "      c.session = assert(mapi.logon { profile = 'sweep', shared = true })\n"
    "      c.joiner = assert(mapi.logon { new_session = false })\n"
    "      local told = 0\n"
    "      assert(c.session:advise(function(event) assert(event.type); told = told + 1 end))\n"
    "      assert(mapi.fd())\n"
    "      for row in c.session:status() do assert(row.display_name) end\n"
    "      assert(c.joiner:logoff { shared = true, ui = false })\n"
    "      assert(c.session:state() == 'shutdown pending')\n"
    "      while told < 2 do assert(assert(mapi.dispatch()) > 0) end\n"
    "      assert(c.session:logoff { ui = false })\n"
    "    end },\n"
    "  { 'stream', open, function()\n"
    "      local new <close> = assert(c.inbox:new_message { body = 'one\\ntwo' })\n"
    "      local stream = assert(new:stream('body', 'r+'))\n"
    "      assert(stream:read('l', 1, 'a')); assert(stream:write 'x'); assert(stream:close())\n"
    "      assert(new:set { html = '\\xCF', internet_cpid = 1251 }); assert(new:html())\n"
    "    end },\n"
    "  { 'where', open, function()\n"
    "      local name = 'PS_PUBLIC_STRINGS:Keywords'\n"
    "      local where = { 'or', { name, '=', 'k' }, { name, '>=', 2.5 }, { name, 'contains', 'k' } }\n"
    "      for row in c.inbox:rows { where = where } do assert(c.inbox:set_read(row, true)) end\n"
    "      assert(c.store:folder 'inbox')\n"
    "    end },\n"
    "  { 'advise', open, function()\n"
    "      local told = 0\n"
    "      local function note(event) assert(event.type); told = told + 1 end\n"
    "      local connection = assert(c.store:advise(note, { events = { 'object_created' } }))\n"
    "      assert(c.store:advise(note, { events = { 'object_modified' }, entryid = c.inbox:entryid() }))\n"
    "      assert(assert(c.inbox:new_message { subject = 'new' }):save())\n"
    "      while told < 2 do assert(assert(mapi.dispatch()) > 0) end\n"
    "      assert(connection:unadvise())\n"
    "    end },\n"
    "}\n"
    "return tasks, function() c = {} end, function()\n"
    "  if c.session then c.session:close() end\n"
    "  if c.joiner then c.joiner:close() end\n"
    /* Passwords live as long as the process or their account, a list of accounts until there is another one. */
    "  if c.manager then\n"
    "    for account in c.manager:accounts() do assert(c.manager:delete(account:id())) end\n"
    "    for account in c.manager:accounts() do error(account:id()) end\n"
    "    c.manager:close()\n"
    "  end\n"
    "  if c.helper then c.helper:close() end\n"
    "  c = nil\n"
    "  collectgarbage(); collectgarbage()\n"
    "  local left = {}\n"
    "  for kind, count in pairs(mapi.stats()) do if count ~= 0 then left[#left + 1] = count .. ' ' .. kind end end\n"
    "  return table.concat(left, ', ')\n"
    "end\n";

enum { AT_TASKS = 1, AT_BEGIN, AT_END };

static void ignore_warning(void *unused, const char *text, int more)
{
    (void)unused;
    (void)text;
    (void)more;
}

static lua_State *new_state(void)
{
    lua_State *L = lua_newstate(lua_allocate, NULL);
    if (L == NULL)
        host_die("no Lua state");
    lua_setwarnf(L, ignore_warning, NULL);
    luaL_openlibs(L);
    lua_pushstring(L, script_of_mail);
    lua_pushstring(L, script_of_accounts);
    lua_concat(L, 2);
    if (luaL_loadstring(L, lua_tostring(L, -1)) != LUA_OK || lua_pcall(L, 0, 3, 0) != LUA_OK)
        host_die("%s", lua_tostring(L, -1));
    lua_remove(L, 1);
    return L;
}

static void call(lua_State *L, const char *what)
{
    if (lua_pcall(L, 0, 1, 0) != LUA_OK)
        host_die("%s: %s", what, lua_tostring(L, -1));
}

static bool is_want_of_memory(const char *message)
{
    return strstr(message, "not enough memory") != NULL || strstr(message, "NOT_ENOUGH_MEMORY") != NULL ||
           strstr(message, "E_OUTOFMEMORY") != NULL;
}

/* Runs task `number` with the allocation after `free_allocations` failing; true when it succeeded. */
static bool run(lua_State *L, int number, long free_allocations, const char **name)
{
    int status;
    lua_settop(L, AT_END);
    lua_pushvalue(L, AT_BEGIN);
    call(L, "begin");
    lua_settop(L, AT_END);
    lua_rawgeti(L, AT_TASKS, number);
    lua_rawgeti(L, -1, 1);
    *name = lua_tostring(L, -1);
    lua_rawgeti(L, -2, 2);
    call(L, *name);
    lua_settop(L, AT_END);
    lua_rawgeti(L, AT_TASKS, number);
    lua_rawgeti(L, -1, 3);
    lua_remove(L, -2);
    countdown = free_allocations;
    failed = 0;
    armed = true;
    status = lua_pcall(L, 0, 0, 0);
    armed = false;
    if (status != LUA_OK) {
        const char *message = luaL_tolstring(L, -1, NULL);
        if (status != LUA_ERRMEM && !is_want_of_memory(message))
            host_die("%s, allocation %ld: unclear error: %s", *name, free_allocations + 1, message);
        if (failed == 0)
            host_die("%s: fails of itself: %s", *name, message);
    }
    lua_settop(L, AT_END);
    lua_pushvalue(L, AT_END);
    call(L, "end");
    if (lua_rawlen(L, -1) != 0)
        host_die("%s, allocation %ld: still alive: %s", *name, free_allocations + 1, lua_tostring(L, -1));
    lua_settop(L, AT_END);
    return status == LUA_OK && failed == 0;
}

/* Sweeps one task, each run in a state of its own, so that also what is made once is made anew. Afterwards no block
 * may be left that an untroubled run would not leave. */
static void sweep(int number)
{
    long allocation = 0, before = 0;
    bool done = false;
    const char *name = NULL;

    for (int untroubled = 0; untroubled < 2; untroubled++) {
        lua_State *L = new_state();
        run(L, number, 1000000000, &name);
        lua_close(L);
        before = block_count;
    }
    while (!done) {
        lua_State *L = new_state();
        done = run(L, number, allocation, &name);
        lua_close(L);
        if (block_count > before)
            host_die("task %d, allocation %ld: %ld blocks leaked", number, allocation + 1, block_count - before);
        allocation++;
    }
    printf("task %d, %s: %ld allocations\n", number, for_good ? "all from the n-th on fail" : "the n-th fails",
           allocation);
}

int main(int argc, char **argv)
{
    lua_State *L;
    int tasks;

    setvbuf(stdout, NULL, _IOLBF, 0);
    /* Every run opens the store anew; in memory that takes no time. */
    if (access("/dev/shm", W_OK) == 0)
        memcpy(host_directory, "/dev/shm/lua-mapi.XXXXXX", sizeof "/dev/shm/lua-mapi.XXXXXX");
    host_make_home();
    L = new_state();
    tasks = (int)lua_rawlen(L, AT_TASKS);
    host_run(L, "profile", "assert(require 'mapi'.profiles.create 'sweep')");
    /* The converter, so that its module can be found among those loaded. */
    host_run(L, "converter", "assert(require 'mapi.mime')");
    dl_iterate_phdr(note_module, NULL);
    if (module_count < 2)
        host_die("the modules are not to be found");
    lua_close(L);
    for (int mode = 0; mode < 2; mode++) {
        for_good = mode == 1;
        for (int number = 1; number <= tasks; number++)
            if (argc < 2 || atoi(argv[1]) == number)
                sweep(number);
    }
    host_remove_home();
    puts("ok");
    return 0;
}
#endif
