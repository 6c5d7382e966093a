/* require "mapi.core": { module = what require "mapi" answers, types = the methods tables, and what the Lua half needs
 * besides }.
 *
 * The public functions are in a table of their own, so that Lua's error messages call them mapi.logon and not
 * mapi.core.logon. */
#include "account.h"
#include "args.h"
#include "dispatch.h"
#include "failure.h"
#include "helper.h"
#include "hresult.h"
#include "lmapi_host.h"
#include "logon.h"
#include "profiles.h"
#include "script_helper.h"
#include "session.h"
#include "types.h"

#include <mapisub.h>

#ifdef _WIN32
#define LM_EXPORT __declspec(dllexport)
#else
#define LM_EXPORT __attribute__((visibility("default")))
#endif

LM_EXPORT int luaopen_mapi_core(lua_State *L);

static const struct lm_type *const types[] = {
    &lm_session_type, &lm_helper_type,          &lm_profile_section_type, &lm_listing_type,      &lm_store_type,
    &lm_folder_type,  &lm_message_type,         &lm_attachment_type,      &lm_rows_type,         &lm_stream_type,
    &lm_table_type,   &lm_account_manager_type, &lm_account_type,         &lm_account_enum_type, &lm_connection_type,
};

/* mapi.type(v): "session", "closed session", or nil. */
static int core_type(lua_State *L)
{
    const struct lm_object *object;

    luaL_checkany(L, 1);
    object = lm_test_any(L, 1);
    if (object == NULL) {
        lua_pushnil(L);
    } else if (object->native == NULL) {
        lua_pushfstring(L, "closed %s", object->type->name);
    } else {
        lua_pushstring(L, object->type->name);
    }
    return 1;
}

static int core_stats(lua_State *L)
{
    const char *name;
    ULONG kind;

    lua_createtable(L, 0, 16);
    for (kind = 0; (name = MapiObjectKindName(kind)) != NULL; kind++) {
        lua_pushinteger(L, (lua_Integer)MapiObjectCount(kind));
        lua_setfield(L, -2, name);
    }
    return 1;
}

/* mapi.set_dialog(handler | false | nil): returns the old one. */
static int core_set_dialog(lua_State *L)
{
    luaL_checkany(L, 1);
    if (!lua_isnil(L, 1) && !lua_isfunction(L, 1) && !(lua_isboolean(L, 1) && !lua_toboolean(L, 1))) {
        if (luaL_getmetafield(L, 1, "__call") == LUA_TNIL) {
            return luaL_typeerror(L, 1, "function, false or nil");
        }
    }
    lua_settop(L, 1);
    lm_state_push_value(L, LM_STATE_DIALOG);
    lua_insert(L, 1);
    lm_state_push(L);
    lua_insert(L, 2);
    lua_setiuservalue(L, 2, LM_STATE_DIALOG);
    lua_settop(L, 1);
    return 1;
}

/* ask_terminal(question): true or false as the user says, nil where nobody can be asked. For lua/mapi/dialog.lua. */
static int core_ask_terminal(lua_State *L)
{
    switch (MapiAskTerminal(luaL_checkstring(L, 1))) {
    case MAPI_TERMINAL_YES:
        lua_pushboolean(L, 1);
        break;
    case MAPI_TERMINAL_NO:
        lua_pushboolean(L, 0);
        break;
    default:
        lua_pushnil(L);
        break;
    }
    return 1;
}

static const luaL_Reg core_functions[] = {
    {"logon", lm_logon},
    {"helper", lm_helper_create},
    {"account_manager", lm_account_manager_create},
    {"dispatch", lm_dispatch},
    {"fd", lm_fd},
    {"set_dialog", core_set_dialog},
    {"type", core_type},
    {"stats", core_stats},
    {NULL, NULL},
};

static const luaL_Reg private_functions[] = {{"ask_terminal", core_ask_terminal}, {NULL, NULL}};

LM_EXPORT int luaopen_mapi_core(lua_State *L)
{
    size_t i;

    luaL_checkversion(L);
    luaL_checkstack(L, 10, NULL);
    lm_state_push(L);
    lm_boxes_open(L);
    lm_session_ladder_open(L);

    lua_createtable(L, 0, 4);
    lm_register(L, private_functions);

    lua_createtable(L, 0, 16);
    lm_register(L, core_functions);
    lua_createtable(L, 0, 8);
    lm_register(L, lm_profiles_functions);
    lua_setfield(L, -2, "profiles");
    lm_hresult_push(L);
    lua_setfield(L, -2, "hresult");
    lua_pushliteral(L, "mapi 0.1");
    lua_setfield(L, -2, "_VERSION");
    lm_host_open(L);
    lua_setfield(L, -2, "module");

    lua_createtable(L, 0, (int)(sizeof types / sizeof *types));
    for (i = 0; i < sizeof types / sizeof *types; i++) {
        lm_type_open(L, types[i]);
        lua_setfield(L, -2, types[i]->name);
    }
    lua_setfield(L, -2, "types");
    return 1;
}
