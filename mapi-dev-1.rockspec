rockspec_format = "3.0"
package = "mapi"
version = "dev-1"

source = {
    url = "git+https://github.com/lua-mapi/lua-mapi.git",
}

description = {
    summary = "MAPI sessions for Lua 5.4, with a MAPI subsystem of their own",
    detailed = [[
        Profiles on disk, private sessions, the helper of the Outlook account manager and a message store in SQLite,
        behind the documented MAPI interfaces. No server, no Outlook. When a session ends, it has ended.]],
    license = "MIT",
    labels = { "mail", "mapi", "outlook" },
}

supported_platforms = { "unix" }

dependencies = {
    "lua >= 5.4, < 5.5",
}

external_dependencies = {
    SQLITE3 = { header = "sqlite3.h", library = "sqlite3" },
    GMIME = { library = "gmime-3.0" },
}

build = {
    type = "cmake",
    variables = {
        CMAKE_BUILD_TYPE = "RelWithDebInfo",
        CMAKE_INSTALL_PREFIX = "$(PREFIX)",
        INSTALL_LMOD = "$(LUADIR)",
        INSTALL_CMOD = "$(LIBDIR)",
        LUA_INCDIR = "$(LUA_INCDIR)",
        BUILD_TESTING = "OFF",
        WERROR = "OFF",
    },
}

test_dependencies = {
    "busted >= 2.1",
    "luv >= 1.44",
    "luasql-sqlite3 >= 2.6",
}

test = {
    type = "busted",
}
