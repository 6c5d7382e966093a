/*
 * SQLite with nothing around it: what a C program would do that knows the store's file. A query is prepared, its rows
 * are stepped through and every column is read in its own type; nothing is made of the values.
 */
#include <lauxlib.h>
#include <lua.h>
#include <sqlite3.h>

#define DATABASE  "mapi.bench.raw"
#define STATEMENT "mapi.bench.raw.statement"

static int raise(lua_State *L, sqlite3 *db)
{
    return luaL_error(L, "sqlite: %s", sqlite3_errmsg(db));
}

static sqlite3 *database(lua_State *L)
{
    return *(sqlite3 **)luaL_checkudata(L, 1, DATABASE);
}

static int database_gc(lua_State *L)
{
    sqlite3 **db = luaL_checkudata(L, 1, DATABASE);
    sqlite3_close(*db);
    *db = NULL;
    return 0;
}

/* Reads all columns of a row; the sum keeps the compiler from leaving anything out. */
static lua_Integer read_row(sqlite3_stmt *statement)
{
    lua_Integer sum = 0;
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        switch (sqlite3_column_type(statement, i)) {
        case SQLITE_INTEGER:
            sum += sqlite3_column_int64(statement, i) & 1;
            break;
        case SQLITE_TEXT:
            sum += *sqlite3_column_text(statement, i) + sqlite3_column_bytes(statement, i);
            break;
        case SQLITE_BLOB:
            sum += sqlite3_column_blob(statement, i) != NULL;
            sum += sqlite3_column_bytes(statement, i);
            break;
        default:
            break;
        }
    }
    return sum;
}

/* db:scan(sql): how many rows; and a sum of what was in them. */
static int database_scan(lua_State *L)
{
    sqlite3 *db = database(L);
    sqlite3_stmt *statement;
    lua_Integer rows = 0, sum = 0;
    int rc;
    if (sqlite3_prepare_v2(db, luaL_checkstring(L, 2), -1, &statement, NULL) != SQLITE_OK)
        return raise(L, db);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        sum += read_row(statement);
        rows++;
    }
    sqlite3_finalize(statement);
    if (rc != SQLITE_DONE)
        return raise(L, db);
    lua_pushinteger(L, rows);
    lua_pushinteger(L, sum);
    return 2;
}

/* db:first(sql): the first column of the first row as an integer, or nil. */
static int database_first(lua_State *L)
{
    sqlite3 *db = database(L);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, luaL_checkstring(L, 2), -1, &statement, NULL) != SQLITE_OK)
        return raise(L, db);
    if (sqlite3_step(statement) == SQLITE_ROW)
        lua_pushinteger(L, sqlite3_column_int64(statement, 0));
    else
        lua_pushnil(L);
    sqlite3_finalize(statement);
    return 1;
}

/* db:execute(sql): no rows. */
static int database_execute(lua_State *L)
{
    sqlite3 *db = database(L);
    if (sqlite3_exec(db, luaL_checkstring(L, 2), NULL, NULL, NULL) != SQLITE_OK)
        return raise(L, db);
    return 0;
}

static int database_prepare(lua_State *L)
{
    sqlite3 *db = database(L);
    sqlite3_stmt **statement = lua_newuserdatauv(L, sizeof *statement, 1);
    *statement = NULL;
    luaL_setmetatable(L, STATEMENT);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    if (sqlite3_prepare_v2(db, luaL_checkstring(L, 2), -1, statement, NULL) != SQLITE_OK)
        return raise(L, db);
    return 1;
}

static int statement_gc(lua_State *L)
{
    sqlite3_stmt **statement = luaL_checkudata(L, 1, STATEMENT);
    sqlite3_finalize(*statement);
    *statement = NULL;
    return 0;
}

/* statement:rows(id, ...): selects one row for each id. */
static int statement_rows(lua_State *L)
{
    sqlite3_stmt *statement = *(sqlite3_stmt **)luaL_checkudata(L, 1, STATEMENT);
    lua_Integer sum = 0;
    for (int i = 2; i <= lua_gettop(L); i++) {
        sqlite3_bind_int64(statement, 1, luaL_checkinteger(L, i));
        if (sqlite3_step(statement) != SQLITE_ROW)
            return luaL_error(L, "no such row");
        sum += read_row(statement);
        sqlite3_reset(statement);
    }
    lua_pushinteger(L, sum);
    return 1;
}

static int raw_open(lua_State *L)
{
    sqlite3 **db = lua_newuserdatauv(L, sizeof *db, 0);
    *db = NULL;
    luaL_setmetatable(L, DATABASE);
    if (sqlite3_open_v2(luaL_checkstring(L, 1), db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return raise(L, *db);
    return 1;
}

static void new_type(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

__attribute__((visibility("default"))) int luaopen_mapi_raw(lua_State *L);

int luaopen_mapi_raw(lua_State *L)
{
    static const luaL_Reg database_methods[] = {{"scan", database_scan},
                                                {"execute", database_execute},
                                                {"first", database_first},
                                                {"prepare", database_prepare},
                                                {"close", database_gc},
                                                {"__gc", database_gc},
                                                {NULL, NULL}};
    static const luaL_Reg statement_methods[] = {{"rows", statement_rows}, {"__gc", statement_gc}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"open", raw_open}, {NULL, NULL}};
    new_type(L, DATABASE, database_methods);
    new_type(L, STATEMENT, statement_methods);
    luaL_newlib(L, functions);
    return 1;
}
