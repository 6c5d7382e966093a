/*
 * What a userdata method costs at the least: a full userdata with a metatable of its own, luaL_checkudata, one boolean
 * or one string pushed. The methods carry the names of ours, so that one and the same Lua loop can call either. Beside it
 * the monotonic clock, since os.clock does not count waiting.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define BARE "mapi.bench.bare"

struct bare {
    bool shared;
    char name[32];
};

static int bare_is_shared(lua_State *L)
{
    const struct bare *bare = luaL_checkudata(L, 1, BARE);
    lua_pushboolean(L, bare->shared);
    return 1;
}

static int bare_get(lua_State *L)
{
    const struct bare *bare = luaL_checkudata(L, 1, BARE);
    lua_pushstring(L, bare->name);
    return 1;
}

/* new([name]): what its get answers. */
static int baseline_new(lua_State *L)
{
    const char *name = luaL_optstring(L, 1, "");
    struct bare *bare = lua_newuserdatauv(L, sizeof *bare, 0);
    bare->shared = false;
    snprintf(bare->name, sizeof bare->name, "%s", name);
    luaL_setmetatable(L, BARE);
    return 1;
}

/* Seconds since an arbitrary moment, as a float. */
static int baseline_now(lua_State *L)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec * 1e-9);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_mapi_baseline(lua_State *L);

int luaopen_mapi_baseline(lua_State *L)
{
    static const luaL_Reg methods[] = {{"is_shared", bare_is_shared}, {"get", bare_get}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"new", baseline_new}, {"now", baseline_now}, {NULL, NULL}};
    luaL_newmetatable(L, BARE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
