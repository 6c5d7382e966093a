/* What folder:rows, folder:messages and folder:folders iterate with: one native table, read row by row.
 *
 * A row is fetched when it is reached, never before: a row that the loop's body has deleted or moved, by whatever
 * means, is one the native table skips. What a batch held in advance could not be told from what is there. */
#include "folder.h"

#include <string.h>

#include <mapiguid.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "access.h"
#include "args.h"
#include "failure.h"
#include "table_args.h"
#include "types.h"

enum rows_kind { ROWS_TABLES, ROWS_MESSAGES, ROWS_FOLDERS };

/* The row at hand, in a userdata of its own that outlives the iterator's closing: making a row's strings may run a
 * finalizer written in Lua, and that may close anything, this iterator too. */
struct row_at_hand {
    SRowSet *set; /* NULL between steps */
    bool in_use;  /* closing the iterator must leave it alone; the next step, or the collector, frees it */
};

struct rows {
    struct lm_object object; /* native: IMAPITable */
    enum rows_kind kind;
    struct row_at_hand *hand; /* user value ROWS_HAND */
    lua_Integer left;         /* rows that may still come; negative: all */
    ULONG columns;
    bool finished; /* the last row has been handed out, or the iteration failed */
};

/* User value beyond LM_PARENT. */
enum { ROWS_HAND = LM_PARENT + 1, ROWS_USER_VALUES = 1 };

/* Upvalues of the `next` function beyond those of a method: the iterator, which saves every step the type check, and
 * the keys. */
enum { NEXT_ROWS = LM_UPVALUE_METATABLE + 1, NEXT_KEYS };

/* Key of the metatable of rows at hand in the registry. */
static const char hand_key = 'r';

static const char *operation_of(const struct rows *self)
{
    return self->kind == ROWS_MESSAGES  ? "folder:messages"
           : self->kind == ROWS_FOLDERS ? "folder:folders"
                                        : "folder:rows";
}

static void drop_row(struct row_at_hand *hand)
{
    SRowSet *set = hand->set;

    hand->set = NULL;
    hand->in_use = false;
    FreeProws(set);
}

static int hand_gc(lua_State *L)
{
    drop_row((struct row_at_hand *)lua_touserdata(L, 1));
    return 0;
}

static struct row_at_hand *push_hand(lua_State *L)
{
    struct row_at_hand *hand = (struct row_at_hand *)lua_newuserdatauv(L, sizeof *hand, 0);

    memset(hand, 0, sizeof *hand);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &hand_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushcfunction(L, hand_gc);
        lua_setfield(L, -2, "__gc");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &hand_key);
    }
    lua_setmetatable(L, -2);
    return hand;
}

/* Raises the error of a failed step, with everything released first. */
static int raise_step(lua_State *L, struct rows *self, HRESULT hr)
{
    lm_push_message(L, operation_of(self), hr, false);
    self->finished = true;
    lm_end(&self->object, LM_EXPLICIT);
    return lua_error(L);
}

/* Fetches the next row. S_OK with no row at hand: there is none. */
static HRESULT fetch(lua_State *L, struct rows *self)
{
    IMAPITable *table = (IMAPITable *)lm_native(L, &self->object);
    HRESULT hr;

    drop_row(self->hand);
    if (self->left == 0) {
        return S_OK;
    }
    hr = table->lpVtbl->QueryRows(table, 1, 0, &self->hand->set);
    if (SUCCEEDED(hr) && (self->hand->set == NULL || self->hand->set->cRows == 0)) {
        drop_row(self->hand);
    }
    if (self->left > 0) {
        self->left--;
    }
    return hr;
}

/* --- a row as a table ------------------------------------------------------------------------------------------- */

static int push_row(lua_State *L, struct rows *self)
{
    const SRow *row = &self->hand->set->aRow[0];
    int columns = (int)(row->cValues < self->columns ? row->cValues : self->columns);

    self->hand->in_use = true;
    lua_createtable(L, 0, columns);
    for (int i = 0; i < columns; i++) {
        const SPropValue *value = &row->lpProps[i];
        ULONG type = PROP_TYPE(value->ulPropTag);
        if (type != PT_ERROR && type != PT_NULL && type != PT_OBJECT) {
            lua_pushvalue(L, lua_upvalueindex(NEXT_KEYS + i));
            lm_value_push(L, value, 0);
            lua_rawset(L, -3);
        }
    }
    drop_row(self->hand);
    return 1;
}

/* --- a row as an object ----------------------------------------------------------------------------------------- */

/* Opens what the row at hand stands for; S_FALSE where it has gone since it was fetched. */
static HRESULT push_object(lua_State *L, struct rows *self)
{
    const SRow *row = &self->hand->set->aRow[0];
    const char *id;
    size_t length;
    HRESULT hr;

    if (row->cValues == 0 || PROP_TYPE(row->lpProps[0].ulPropTag) != PT_BINARY) {
        return MAPI_E_CORRUPT_DATA;
    }
    lua_pushvalue(L, lua_upvalueindex(NEXT_ROWS));
    lua_pushlstring(L, (const char *)row->lpProps[0].Value.bin.lpb, row->lpProps[0].Value.bin.cb);
    id = lua_tolstring(L, -1, &length);
    hr = lm_open_entry(L, &self->object, lua_gettop(L) - 1, id, length,
                       self->kind == ROWS_MESSAGES ? MAPI_MESSAGE : MAPI_FOLDER);
    return hr == MAPI_E_NOT_FOUND || hr == MAPI_E_OBJECT_DELETED ? S_FALSE : hr;
}

static int rows_next(lua_State *L)
{
    struct rows *self = (struct rows *)lua_touserdata(L, lua_upvalueindex(NEXT_ROWS));
    HRESULT hr;

    if (self->object.native == NULL) {
        return self->finished ? 0 : lm_closed_error(L, self->object.type);
    }
    do {
        hr = fetch(L, self);
        if (SUCCEEDED(hr) && self->hand->set != NULL) {
            if (self->kind == ROWS_TABLES) {
                return push_row(L, self);
            }
            hr = push_object(L, self);
        } else if (SUCCEEDED(hr)) {
            self->finished = true;
            lm_end(&self->object, LM_EXPLICIT);
            return 0;
        }
    } while (hr == S_FALSE);
    if (FAILED(hr)) {
        return raise_step(L, self, hr);
    }
    drop_row(self->hand);
    return 1;
}

static HRESULT rows_end(struct lm_object *object, IUnknown *native, enum lm_ending how)
{
    struct row_at_hand *hand = ((struct rows *)object)->hand;

    (void)native;
    (void)how;
    if (!hand->in_use) {
        drop_row(hand);
    }
    return S_OK;
}

static const luaL_Reg rows_methods[] = {{NULL, NULL}};

const struct lm_type lm_rows_type = {
    .name = "rows",
    .size = sizeof(struct rows),
    .weight = 4096,
    .methods = rows_methods,
    .end = rows_end,
};

/* --- making one ------------------------------------------------------------------------------------------------- */

struct request {
    SPropTagArray *columns;
    SRestriction *where;
    SSortOrderSet *sort;
    lua_Integer limit, offset;
    ULONG flags; /* of GetContentsTable or GetHierarchyTable */
    bool hierarchy;
};

static HRESULT set_up(IMAPITable *table, const struct request *request)
{
    HRESULT hr = table->lpVtbl->SetColumns(table, request->columns, 0);

    if (SUCCEEDED(hr)) {
        hr = lm_announce_loop(table, request->limit);
    }
    if (SUCCEEDED(hr) && request->where != NULL) {
        hr = table->lpVtbl->Restrict(table, request->where, 0);
    }
    if (SUCCEEDED(hr) && request->sort != NULL) {
        hr = table->lpVtbl->SortTable(table, request->sort, 0);
    }
    if (SUCCEEDED(hr) && request->offset > 0) {
        lua_Integer left = request->offset;
        LONG sought = 1;
        while (SUCCEEDED(hr) && left > 0 && sought > 0) {
            LONG step = left > INT32_MAX ? INT32_MAX : (LONG)left;
            hr = table->lpVtbl->SeekRow(table, BOOKMARK_CURRENT, step, &sought);
            left -= step;
        }
    }
    return hr;
}

/* Pushes what a generic for wants: the next function, the object it is about, no control value, what is to be closed.
 */
static int push_iterator(lua_State *L, int object, int keys, int count)
{
    luaL_checkstack(L, count + 6, NULL);
    lua_pushvalue(L, lua_upvalueindex(LM_UPVALUE_STATE));
    lua_rawgetp(L, LUA_REGISTRYINDEX, &lm_rows_type);
    lua_pushvalue(L, object);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, keys, i);
    }
    lua_pushcclosure(L, rows_next, NEXT_KEYS - 1 + count);
    lua_pushvalue(L, object);
    lua_pushnil(L);
    lua_pushvalue(L, object);
    return 4;
}

/* The stack: the folder at 1, the keys at `keys`. */
static int start(lua_State *L, struct lm_object *folder, enum rows_kind kind, int keys, const struct request *request)
{
    struct rows *self;
    IMAPITable *table = NULL;
    IMAPIFolder *native;
    HRESULT hr;

    lua_getiuservalue(L, 1, LM_PARENT);
    self = (struct rows *)lm_new(L, &lm_rows_type, lua_gettop(L), ROWS_USER_VALUES);
    self->kind = kind;
    self->columns = request->columns->cValues;
    self->left = request->limit;
    self->hand = push_hand(L);
    lua_setiuservalue(L, -2, ROWS_HAND);
    native = LM_FOLDER(L, folder);
    hr = request->hierarchy ? native->lpVtbl->GetHierarchyTable(native, request->flags, &table)
                            : native->lpVtbl->GetContentsTable(native, request->flags, &table);
    if (SUCCEEDED(hr)) {
        lm_open(&self->object, (IUnknown *)table);
        hr = set_up(table, request);
    }
    if (FAILED(hr)) {
        return raise_step(L, self, hr);
    }
    return push_iterator(L, lua_gettop(L), keys, (int)self->columns);
}

static lua_Integer count_option(lua_State *L, int index, lua_Integer fallback, const char *name)
{
    lua_Integer value = lm_option_integer(L, index, fallback);

    if (value < 0 && !lua_isnil(L, index)) {
        luaL_argerror(L, 2, lua_pushfstring(L, "option '%s' must not be negative", name));
    }
    return value;
}

enum { OPTION_WHERE, OPTION_SORT, OPTION_LIMIT, OPTION_OFFSET, OPTION_FLAG, OPTION_COLUMNS };

static const char *const no_columns[] = {NULL};

/* The part of the three that differs in nothing but its options. */
static int iterate(lua_State *L, enum rows_kind kind, const struct lm_option *options)
{
    struct lm_object *self = lm_self(L);
    struct request request = {.hierarchy = kind == ROWS_FOLDERS, .flags = MAPI_UNICODE};
    int first, anchor, keys;
    HRESULT hr;

    lua_settop(L, 2);
    first = lm_options(L, 2, options);
    lua_newtable(L);
    anchor = lua_gettop(L);
    request.limit = count_option(L, first + OPTION_LIMIT, -1, "limit");
    request.offset = count_option(L, first + OPTION_OFFSET, 0, "offset");
    if (lm_option_flag(L, first + OPTION_FLAG, false)) {
        request.flags |= kind == ROWS_FOLDERS ? CONVENIENT_DEPTH : MAPI_ASSOCIATED;
    }
    if (kind != ROWS_TABLES) {
        lua_pushnil(L); /* no columns but the entry id */
        hr = lm_columns_read(L, self, lua_gettop(L), 2, anchor, no_columns, &request.columns);
    } else {
        hr = lm_columns_read(L, self, first + OPTION_COLUMNS, 2, anchor, lm_message_columns, &request.columns);
    }
    keys = lua_gettop(L);
    if (SUCCEEDED(hr)) {
        hr = lm_where_read(L, self, first + OPTION_WHERE, 0, 2, anchor, &request.where);
    }
    if (SUCCEEDED(hr)) {
        hr = lm_sort_read(L, self, first + OPTION_SORT, 2, anchor, &request.sort);
    }
    if (FAILED(hr)) {
        struct rows naming = {.kind = kind};
        return lm_raise(L, operation_of(&naming), hr);
    }
    return start(L, self, kind, keys, &request);
}

int lm_folder_rows(lua_State *L)
{
    static const struct lm_option options[] = {
        {"where", LM_TABLE},        {"sort", LM_ANY},      {"limit", LM_INTEGER}, {"offset", LM_INTEGER},
        {"associated", LM_BOOLEAN}, {"columns", LM_TABLE}, {NULL, LM_ANY}};
    return iterate(L, ROWS_TABLES, options);
}

int lm_folder_messages(lua_State *L)
{
    static const struct lm_option options[] = {{"where", LM_TABLE},        {"sort", LM_ANY},
                                               {"limit", LM_INTEGER},      {"offset", LM_INTEGER},
                                               {"associated", LM_BOOLEAN}, {NULL, LM_ANY}};
    return iterate(L, ROWS_MESSAGES, options);
}

int lm_folder_folders(lua_State *L)
{
    static const struct lm_option options[] = {{"where", LM_TABLE},    {"sort", LM_ANY},          {"limit", LM_INTEGER},
                                               {"offset", LM_INTEGER}, {"recursive", LM_BOOLEAN}, {NULL, LM_ANY}};
    return iterate(L, ROWS_FOLDERS, options);
}
