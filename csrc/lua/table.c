/* mapi.table, and folder:table and folder:hierarchy_table, which open one. */
#include "table.h"

#include <string.h>

#include <mapiguid.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "args.h"
#include "failure.h"
#include "folder.h"
#include "notify.h"
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

enum { OPTION_COLUMNS, OPTION_WHERE, OPTION_SORT, OPTION_FLAG };

HRESULT lm_table_request(lua_State *L, struct lm_object *self, int first, const char *const *defaults,
                         struct lm_table_request *out)
{
    HRESULT hr;

    out->where = NULL;
    out->sort = NULL;
    lua_newtable(L);
    out->anchor = lua_gettop(L);
    hr = lm_columns_read(L, self, first + OPTION_COLUMNS, 2, out->anchor, defaults, &out->columns);
    out->keys = lua_gettop(L);
    if (SUCCEEDED(hr)) {
        hr = lm_where_read(L, self, first + OPTION_WHERE, 0, 2, out->anchor, &out->where);
    }
    return SUCCEEDED(hr) ? lm_sort_read(L, self, first + OPTION_SORT, 2, out->anchor, &out->sort) : hr;
}

static HRESULT set_up(IMAPITable *table, const struct lm_table_request *request)
{
    HRESULT hr = table->lpVtbl->SetColumns(table, request->columns, 0);

    if (SUCCEEDED(hr) && request->where != NULL) {
        hr = table->lpVtbl->Restrict(table, request->where, 0);
    }
    if (SUCCEEDED(hr) && request->sort != NULL) {
        hr = table->lpVtbl->SortTable(table, request->sort, 0);
    }
    return hr;
}

int lm_table_open(lua_State *L, const char *operation, int parent, const struct lm_table_request *request,
                  HRESULT (*open)(IUnknown *native, ULONG flags, IMAPITable **out), ULONG flags)
{
    struct lm_object *self = (struct lm_object *)lua_touserdata(L, 1);
    struct lm_object *made = lm_new(L, &lm_table_type, parent, TABLE_USER_VALUES);
    IMAPITable *table = NULL;
    HRESULT hr;

    lua_pushvalue(L, request->keys);
    lua_setiuservalue(L, -2, TABLE_KEYS);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, TABLE_FOLDER);
    hr = open((IUnknown *)lm_native(L, self), flags, &table);
    if (SUCCEEDED(hr)) {
        lm_open(made, (IUnknown *)table);
        hr = set_up(table, request);
    }
    if (FAILED(hr)) {
        int failed = lm_fail(L, operation, hr);
        lm_end(made, LM_EXPLICIT);
        return failed;
    }
    return 1;
}

static HRESULT open_contents(IUnknown *native, ULONG flags, IMAPITable **out)
{
    IMAPIFolder *folder = (IMAPIFolder *)native;

    return folder->lpVtbl->GetContentsTable(folder, flags, out);
}

static HRESULT open_hierarchy(IUnknown *native, ULONG flags, IMAPITable **out)
{
    IMAPIFolder *folder = (IMAPIFolder *)native;

    return folder->lpVtbl->GetHierarchyTable(folder, flags, out);
}

/* A table of the folder at argument 1; `flag` is set by the last option. */
static int folder_table(lua_State *L, const char *operation, const struct lm_option *options,
                        const char *const *defaults, ULONG flag,
                        HRESULT (*open)(IUnknown *native, ULONG flags, IMAPITable **out))
{
    struct lm_object *self = lm_self(L);
    struct lm_table_request request;
    int first;
    HRESULT hr;

    lua_settop(L, 2);
    first = lm_options(L, 2, options);
    hr = lm_table_request(L, self, first, defaults, &request);
    if (FAILED(hr)) {
        return lm_fail(L, operation, hr);
    }
    lua_getiuservalue(L, 1, LM_PARENT);
    return lm_table_open(L, operation, lua_gettop(L), &request, open,
                         MAPI_UNICODE | (lm_option_flag(L, first + OPTION_FLAG, false) ? flag : 0));
}

int lm_folder_table(lua_State *L)
{
    static const struct lm_option options[] = {
        {"columns", LM_TABLE}, {"where", LM_TABLE}, {"sort", LM_ANY}, {"associated", LM_BOOLEAN}, {NULL, LM_ANY}};

    return folder_table(L, "folder:table", options, lm_message_columns, MAPI_ASSOCIATED, open_contents);
}

int lm_folder_hierarchy_table(lua_State *L)
{
    static const struct lm_option options[] = {
        {"columns", LM_TABLE}, {"where", LM_TABLE}, {"sort", LM_ANY}, {"recursive", LM_BOOLEAN}, {NULL, LM_ANY}};

    return folder_table(L, "folder:hierarchy_table", options, lm_folder_columns, CONVENIENT_DEPTH, open_hierarchy);
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
    hr = lm_where_read(L, namer, 2, 0, 2, lua_gettop(L), &where);
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
    hr = lm_where_read(L, push_namer(L), 2, 0, 2, 3, &where);
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

/* --- being told ------------------------------------------------------------------------------------------------- */

void lm_table_name_row(lua_State *L, int table, const SRow *row)
{
    if (row->cValues == 0 || row->lpProps == NULL) {
        return;
    }
    lua_getiuservalue(L, table, TABLE_KEYS);
    push_row(L, row, lua_gettop(L));
    lua_setfield(L, -3, "row");
    lua_pop(L, 1);
}

/* Ends what was registered with it. */
static HRESULT table_end(struct lm_object *self, IUnknown *native, enum lm_ending how)
{
    (void)how;
    lm_registrations_end(self, native);
    return S_OK;
}

static HRESULT close_table(lua_State *L, struct lm_object *self)
{
    if (self->native != NULL) {
        lm_registrations_forget_source(L);
    }
    return lm_end(self, LM_EXPLICIT);
}

static int table_close(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);

    lm_forget();
    return lm_result(L, "table:close", close_table(L, self));
}

static int table_close_meta(lua_State *L)
{
    close_table(L, lm_self_any(L));
    return 0;
}

static const luaL_Reg table_methods[] = {
    {"count", table_count},       {"seek", table_seek},
    {"rows", table_rows},         {"find", table_find},
    {"sort", table_sort},         {"restrict", table_restrict},
    {"bookmark", table_bookmark}, {"advise", lm_table_advise},
    {"close", table_close},       {NULL, NULL},
};

static const luaL_Reg table_metas[] = {{"__close", table_close_meta}, {NULL, NULL}};

const struct lm_type lm_table_type = {
    .name = "table",
    .size = sizeof(struct lm_object),
    .weight = 4096,
    .methods = table_methods,
    .metas = table_metas,
    .end = table_end,
};
