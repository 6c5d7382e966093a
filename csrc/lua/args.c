/* Arguments: strings, option tables, boxes. */
#include "args.h"

#include "base/utf.h"

#include <lauxlib.h>

#include <string.h>

#include <mapiutil.h>

/* --- text -------------------------------------------------------------------------------------------------------- */

/* Raises about one value: an argument, or something inside one. arg 0: nothing of the caller's is to blame. */
static void refuse(lua_State *L, int arg, const char *what, const char *why)
{
    if (arg == 0) {
        luaL_error(L, "%s %s", what, why);
    }
    luaL_argerror(L, arg, what != NULL ? lua_pushfstring(L, "%s %s", what, why) : why);
}

static const char *text_at(lua_State *L, int index, int arg, const char *what, size_t *length)
{
    const char *text;

    if (lua_type(L, index) != LUA_TSTRING) {
        if (what == NULL) {
            luaL_typeerror(L, arg, "string");
        }
        refuse(L, arg, what, lua_pushfstring(L, "is not a string but a %s", luaL_typename(L, index)));
    }
    text = lua_tolstring(L, index, length);
    if (memchr(text, 0, *length) != NULL) {
        refuse(L, arg, what, what != NULL ? "contains a NUL character" : "string contains a NUL character");
    }
    if (!utf8_valid(text, *length)) {
        refuse(L, arg, what, what != NULL ? "is not valid UTF-8" : "string is not valid UTF-8");
    }
    return text;
}

static WCHAR *widen(lua_State *L, const char *text, size_t length, size_t *units)
{
    WCHAR *wide = (WCHAR *)lua_newuserdatauv(L, (UTF16_MAX(length) + 1) * sizeof *wide, 0);
    size_t count = utf8_to_utf16(text, length, wide, UTF_STRICT);

    wide[count] = 0;
    if (units != NULL) {
        *units = count;
    }
    return wide;
}

const char *lm_check_text(lua_State *L, int arg, size_t *length)
{
    return lm_check_text_at(L, arg, arg, NULL, length);
}

const char *lm_check_text_at(lua_State *L, int index, int arg, const char *what, size_t *length)
{
    size_t unused;

    return text_at(L, index, arg, what, length != NULL ? length : &unused);
}

WCHAR *lm_check_wide(lua_State *L, int arg, size_t *units)
{
    return lm_check_wide_at(L, arg, arg, NULL, units);
}

WCHAR *lm_check_wide_at(lua_State *L, int index, int arg, const char *what, size_t *units)
{
    size_t length;
    const char *text = text_at(L, index, arg, what, &length);

    luaL_checkstack(L, 1, NULL);
    return widen(L, text, length, units);
}

const char *lm_check_binary(lua_State *L, int arg, size_t *length)
{
    if (lua_type(L, arg) != LUA_TSTRING) {
        luaL_typeerror(L, arg, "string");
    }
    return lua_tolstring(L, arg, length);
}

void lm_push_wide(lua_State *L, const WCHAR *text)
{
    lm_push_wide_n(L, text, utf16_length(text));
}

void lm_push_wide_n(lua_State *L, const WCHAR *text, size_t units)
{
    char small[256];
    luaL_Buffer buffer;
    char *out;

    if (UTF8_MAX(units) <= sizeof small) {
        lua_pushlstring(L, small, utf16_to_utf8(text, units, small, UTF_REPLACE));
        return;
    }
    out = luaL_buffinitsize(L, &buffer, UTF8_MAX(units));
    luaL_pushresultsize(&buffer, utf16_to_utf8(text, units, out, UTF_REPLACE));
}

/* Three bytes always hold what one unit becomes, so as many units as fit threefold are converted. */
void lm_narrow(const WCHAR *text, char *buffer, size_t size)
{
    size_t units = utf16_length(text);

    if (units > (size - 1) / 3) {
        units = (size - 1) / 3;
        if (units > 0 && (text[units - 1] & 0xFC00) == 0xD800) {
            units--; /* not between the halves of a character */
        }
    }
    buffer[utf16_to_utf8(text, units, buffer, UTF_REPLACE)] = '\0';
}

lua_Unsigned lm_check_array(lua_State *L, int index, int arg, const char *wanted)
{
    lua_Unsigned count = lua_rawlen(L, index);

    if (count == 0) {
        luaL_checkstack(L, 2, NULL);
        lua_pushnil(L);
        if (lua_next(L, index) != 0) {
            luaL_argerror(L, arg, wanted);
        }
    }
    return count;
}

/* --- option tables ----------------------------------------------------------------------------------------------- */

static const struct lm_option *find_option(const struct lm_option *list, const char *name)
{
    while (list->name != NULL && strcmp(list->name, name) != 0) {
        list++;
    }
    return list->name != NULL ? list : NULL;
}

/* NULL: the value at `index` is what the option wants; else what it wants. */
static const char *wrong_kind(lua_State *L, int index, enum lm_option_kind kind)
{
    int is_integer;

    switch (kind) {
    case LM_BOOLEAN:
        return lua_isboolean(L, index) ? NULL : "boolean";
    case LM_INTEGER:
        lua_tointegerx(L, index, &is_integer);
        return is_integer && lua_type(L, index) == LUA_TNUMBER ? NULL : "integer";
    case LM_TEXT:
    case LM_BYTES:
        return lua_type(L, index) == LUA_TSTRING ? NULL : "string";
    case LM_FUNCTION:
        if (lua_isfunction(L, index)) {
            return NULL;
        }
        if (luaL_getmetafield(L, index, "__call") != LUA_TNIL) {
            lua_pop(L, 1);
            return NULL;
        }
        return "function";
    case LM_TABLE:
        return lua_istable(L, index) ? NULL : "table";
    case LM_ANY:
    default:
        return NULL;
    }
}

/* Keys that are not in the list are mistakes, not wishes for later versions. */
static void refuse_unknown(lua_State *L, int arg, const struct lm_option *list)
{
    lua_pushnil(L);
    while (lua_next(L, arg) != 0) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING || find_option(list, lua_tostring(L, -1)) == NULL) {
            luaL_tolstring(L, -1, NULL);
            luaL_argerror(L, arg, lua_pushfstring(L, "unknown option '%s'", lua_tostring(L, -1)));
        }
    }
}

int lm_options(lua_State *L, int arg, const struct lm_option *list)
{
    int base = lua_gettop(L) + 1;
    bool given = !lua_isnoneornil(L, arg);
    int count = 0;

    while (list[count].name != NULL) {
        count++;
    }
    luaL_checkstack(L, count + 4, "too many options");
    if (given) {
        luaL_checktype(L, arg, LUA_TTABLE);
        refuse_unknown(L, arg, list);
    }
    for (; list->name != NULL; list++) {
        const char *wanted;

        if (!given) {
            lua_pushnil(L);
            continue;
        }
        lua_pushstring(L, list->name);
        lua_rawget(L, arg);
        wanted = lua_isnil(L, -1) ? NULL : wrong_kind(L, lua_gettop(L), list->kind);
        if (wanted != NULL) {
            luaL_argerror(
                L, arg,
                lua_pushfstring(L, "option '%s': %s expected, got %s", list->name, wanted, luaL_typename(L, -1)));
        }
    }
    return base;
}

bool lm_option_flag(lua_State *L, int index, bool fallback)
{
    return lua_isnil(L, index) ? fallback : lua_toboolean(L, index) != 0;
}

lua_Integer lm_option_integer(lua_State *L, int index, lua_Integer fallback)
{
    return lua_isnil(L, index) ? fallback : lua_tointeger(L, index);
}

/* --- boxes ------------------------------------------------------------------------------------------------------- */

struct box {
    void *pointer;
};

static const char buffer_key = 'b';
static const char unknown_key = 'u';
static const char rows_key = 'r';

static void *take(lua_State *L)
{
    struct box *box = (struct box *)lua_touserdata(L, 1);
    void *pointer = box->pointer;

    box->pointer = NULL;
    return pointer;
}

static int close_buffer(lua_State *L)
{
    MAPIFreeBuffer(take(L));
    return 0;
}

static int close_unknown(lua_State *L)
{
    IUnknown *native = (IUnknown *)take(L);

    if (native != NULL) {
        native->lpVtbl->Release(native);
    }
    return 0;
}

static int close_rows(lua_State *L)
{
    FreeProws((LPSRowSet)take(L));
    return 0;
}

static void open_box(lua_State *L, const char *key, lua_CFunction end)
{
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, end);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, end);
    lua_setfield(L, -2, "__close");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void lm_boxes_open(lua_State *L)
{
    open_box(L, &buffer_key, close_buffer);
    open_box(L, &unknown_key, close_unknown);
    open_box(L, &rows_key, close_rows);
}

static void **push_box(lua_State *L, const char *key)
{
    struct box *box;

    luaL_checkstack(L, 2, NULL);
    box = (struct box *)lua_newuserdatauv(L, sizeof *box, 0);
    box->pointer = NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    return &box->pointer;
}

void **lm_box_buffer(lua_State *L)
{
    return push_box(L, &buffer_key);
}

void **lm_box_unknown(lua_State *L)
{
    return push_box(L, &unknown_key);
}

void **lm_box_rows(lua_State *L)
{
    return push_box(L, &rows_key);
}
