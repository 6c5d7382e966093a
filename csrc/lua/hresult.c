/* mapi.hresult. Nothing is built at load: the table's __index asks base/hresult. */
#include "hresult.h"

#include "base/hresult.h"

#include <lauxlib.h>

#include <string.h>

static int hresult_index(lua_State *L)
{
    HRESULT hr;
    lua_Integer number;
    size_t length;
    const char *name;
    int is_integer;

    if (lua_type(L, 2) == LUA_TSTRING) {
        name = lua_tolstring(L, 2, &length);
        if (strlen(name) == length && hresult_from_name(name, &hr)) {
            lua_pushinteger(L, (lua_Integer)(ULONG)hr);
            return 1;
        }
        return 0;
    }
    number = lua_tointegerx(L, 2, &is_integer);
    /* Unsigned as this module gives them, or negative as C prints them. */
    if (is_integer && number >= -(lua_Integer)0x80000000 && number <= (lua_Integer)0xFFFFFFFF) {
        name = hresult_name((HRESULT)(ULONG)number);
        if (name != NULL) {
            lua_pushstring(L, name);
            return 1;
        }
    }
    return 0;
}

static int hresult_newindex(lua_State *L)
{
    return luaL_error(L, "mapi.hresult is read-only");
}

void lm_hresult_push(lua_State *L)
{
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, hresult_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, hresult_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}
