/* mapi.table: a contents table with a cursor (IMAPITable), what folder:table answers. */
#include "folder.h"

#include <string.h>

#include <mapiguid.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "args.h"
#include "failure.h"
#include "table_args.h"
#include "types.h"
#include "value.h"

enum { TABLE_KEYS = LM_PARENT + 1, TABLE_FOLDER, TABLE_USER_VALUES = 2 };

static IMAPITable *table_of(lua_State *L, const struct lm_object *self)
{
    return (IMAPITable *)lm_native(L, self);
}

/* Named properties in where and sort get their ids from the store, whose they are; where the table's folder was opened
 * without one, from the folder, which the table keeps: closed, it cannot tell. */
static struct lm_object *push_namer(lua_State *L)
{
    struct lm_object *folder;

    lua_getiuservalue(L, 1, LM_PARENT);
    folder = (struct lm_object *)lua_touserdata(L, -1);
    if (folder != NULL && folder->type == &lm_store_type) {
        return folder;
    }
    lua_pop(L, 1);
    lua_getiuservalue(L, 1, TABLE_FOLDER);
    folder = (struct lm_object *)lua_touserdata(L, -1);
    lm_still_open(L, folder);
    return folder;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

enum { OPTION_COLUMNS, OPTION_WHERE, OPTION_SORT, OPTION_ASSOCIATED };

int lm_folder_table(lua_State *L)
{
    static const struct lm_option options[] = {
        {"columns", LM_TABLE}, {"where", LM_TABLE}, {"sort", LM_ANY}, {"associated", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L), *made;
    SPropTagArray *columns;
    SRestriction *where = NULL;
    SSortOrderSet *sort = NULL;
    IMAPIFolder *folder;
    IMAPITable *table = NULL;
    int first, anchor, keys;
    HRESULT hr;

    lua_settop(L, 2);
    first = lm_options(L, 2, options);
    lua_newtable(L);
    anchor = lua_gettop(L);
    hr = lm_columns_read(L, self, first + OPTION_COLUMNS, 2, anchor, lm_message_columns, &columns);
    keys = lua_gettop(L);
    if (SUCCEEDED(hr)) {
        hr = lm_where_read(L, self, first + OPTION_WHERE, 2, anchor, &where);
    }
    if (SUCCEEDED(hr)) {
        hr = lm_sort_read(L, self, first + OPTION_SORT, 2, anchor, &sort);
    }
    if (FAILED(hr)) {
        return lm_fail(L, "folder:table", hr);
    }
    lua_getiuservalue(L, 1, LM_PARENT);
    made = lm_new(L, &lm_table_type, lua_gettop(L), TABLE_USER_VALUES);
    lua_pushvalue(L, keys);
    lua_setiuservalue(L, -2, TABLE_KEYS);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, TABLE_FOLDER);
    folder = LM_FOLDER(L, self);
    hr = folder->lpVtbl->GetContentsTable(
        folder, MAPI_UNICODE | (lm_option_flag(L, first + OPTION_ASSOCIATED, false) ? MAPI_ASSOCIATED : 0), &table);
    if (SUCCEEDED(hr)) {
        lm_open(made, (IUnknown *)table);
        hr = table->lpVtbl->SetColumns(table, columns, 0);
    }
    if (SUCCEEDED(hr) && where != NULL) {
        hr = table->lpVtbl->Restrict(table, where, 0);
    }
    if (SUCCEEDED(hr) && sort != NULL) {
        hr = table->lpVtbl->SortTable(table, sort, 0);
    }
    if (FAILED(hr)) {
        int failed = lm_fail(L, "folder:table", hr);
        lm_end(made, LM_EXPLICIT);
        return failed;
    }
    return 1;
}

/* --- methods ---------------------------------------------------------------------------------------------------- */

static int table_count(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IMAPITable *table = table_of(L, self);
    ULONG count = 0;
    HRESULT hr = table->lpVtbl->GetRowCount(table, 0, &count);

    if (FAILED(hr)) {
        return lm_fail(L, "table:count", hr);
    }
    lua_pushinteger(L, count);
    return lm_value(L, hr);
}

/* seek(row): the row to be read next, from 1; negative: from the end; a bookmark: where that was set. Answers the
 * rows passed over. */
static int table_seek(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IMAPITable *table;
    BOOKMARK origin = BOOKMARK_BEGINNING;
    LONG sought = 0, rows = 0;
    HRESULT hr;

    if (lua_islightuserdata(L, 2)) {
        origin = (BOOKMARK)(uintptr_t)lua_touserdata(L, 2);
    } else {
        lua_Integer row = luaL_checkinteger(L, 2);
        luaL_argcheck(L, row != 0 && row >= INT32_MIN && row <= INT32_MAX, 2,
                      "rows are counted from 1, or from -1 at the end");
        origin = row > 0 ? BOOKMARK_BEGINNING : BOOKMARK_END;
        rows = (LONG)(row > 0 ? row - 1 : row);
    }
    table = table_of(L, self);
    hr = table->lpVtbl->SeekRow(table, origin, rows, &sought);
    if (FAILED(hr)) {
        return lm_fail(L, "table:seek", hr);
    }
    lua_pushinteger(L, sought);
    return lm_value(L, hr);
}

static int table_bookmark(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IMAPITable *table = table_of(L, self);
    BOOKMARK bookmark = 0;
    HRESULT hr = table->lpVtbl->CreateBookmark(table, &bookmark);

    if (FAILED(hr)) {
        return lm_fail(L, "table:bookmark", hr);
    }
    lua_pushlightuserdata(L, (void *)(uintptr_t)bookmark);
    return 1;
}

static void push_row(lua_State *L, const SRow *row, int keys)
{
    lua_createtable(L, 0, (int)row->cValues);
    for (ULONG i = 0; i < row->cValues; i++) {
        ULONG type = PROP_TYPE(row->lpProps[i].ulPropTag);
        if (type != PT_ERROR && type != PT_NULL && type != PT_OBJECT &&
            lua_rawgeti(L, keys, (lua_Integer)i + 1) != LUA_TNIL) {
            lm_value_push(L, &row->lpProps[i], 0);
            lua_rawset(L, -3);
        }
    }
}

/* rows(n): an array of at most n rows from the cursor on; empty at the end. Negative: the rows before the cursor. */
static int table_rows(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    lua_Integer count = luaL_checkinteger(L, 2);
    IMAPITable *table;
    const SRowSet *set;
    void **rows;
    int keys;
    HRESULT hr;

    luaL_argcheck(L, count != 0 && count > INT32_MIN && count <= INT32_MAX, 2, "a number of rows expected");
    lua_getiuservalue(L, 1, TABLE_KEYS);
    keys = lua_gettop(L);
    rows = lm_box_rows(L);
    table = table_of(L, self);
    hr = table->lpVtbl->QueryRows(table, (LONG)count, 0, (SRowSet **)rows);
    if (FAILED(hr)) {
        return lm_fail(L, "table:rows", hr);
    }
    set = *rows;
    lua_createtable(L, set != NULL && set->cRows < 1024 ? (int)set->cRows : 0, 0);
    for (ULONG i = 0; set != NULL && i < set->cRows; i++) {
        push_row(L, &set->aRow[i], keys);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* find(where [, { backward = bool }]): moves the cursor to the next row that matches; MAPI_E_NOT_FOUND leaves it. */
static int table_find(lua_State *L)
{
    static const struct lm_option options[] = {{"backward", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L), *namer;
    SRestriction *where;
    IMAPITable *table;
    bool backward;
    HRESULT hr;

    luaL_checktype(L, 2, LUA_TTABLE);
    backward = lm_option_flag(L, lm_options(L, 3, options), false);
    namer = push_namer(L);
    lua_newtable(L);
    hr = lm_where_read(L, namer, 2, 2, lua_gettop(L), &where);
    if (SUCCEEDED(hr)) {
        table = table_of(L, self);
        hr = table->lpVtbl->FindRow(table, where, BOOKMARK_CURRENT, backward ? DIR_BACKWARD : 0);
    }
    return lm_result(L, "table:find", hr);
}

static int table_restrict(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    SRestriction *where;
    IMAPITable *table;
    HRESULT hr;

    lua_settop(L, 2);
    lua_newtable(L);
    hr = lm_where_read(L, push_namer(L), 2, 2, 3, &where);
    if (SUCCEEDED(hr)) {
        table = table_of(L, self);
        hr = table->lpVtbl->Restrict(table, where, 0);
    }
    return lm_result(L, "table:restrict", hr);
}

static int table_sort(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    SSortOrderSet none = {0, 0, 0, {{0, 0}}}, *sort;
    IMAPITable *table;
    HRESULT hr;

    lua_settop(L, 2);
    lua_newtable(L);
    hr = lm_sort_read(L, push_namer(L), 2, 2, 3, &sort);
    if (SUCCEEDED(hr)) {
        table = table_of(L, self);
        hr = table->lpVtbl->SortTable(table, sort != NULL ? sort : &none, 0);
    }
    return lm_result(L, "table:sort", hr);
}

static const luaL_Reg table_methods[] = {
    {"count", table_count}, {"seek", table_seek},         {"rows", table_rows},         {"find", table_find},
    {"sort", table_sort},   {"restrict", table_restrict}, {"bookmark", table_bookmark}, {NULL, NULL},
};

const struct lm_type lm_table_type = {
    .name = "table",
    .size = sizeof(struct lm_object),
    .weight = 4096,
    .methods = table_methods,
};
