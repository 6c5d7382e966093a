/* Property values between Lua and MAPI. */
#include "value.h"

#include <math.h>
#include <string.h>

#include "args.h"

/* --- times ------------------------------------------------------------------------------------------------------ */

#define TICKS_PER_SECOND   INT64_C(10000000)
#define UNIX_EPOCH_SECONDS (-LM_TIME_LEAST) /* 1970-01-01, in seconds since 1601-01-01 [filetime.md] */

_Static_assert(LM_TIME_MOST == INT64_MAX / TICKS_PER_SECOND - UNIX_EPOCH_SECONDS,
               "the seconds that FILETIME ticks can say");

static uint64_t ticks_of(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static FILETIME from_ticks(uint64_t ticks)
{
    FILETIME time = {.dwLowDateTime = (DWORD)(ticks & 0xFFFFFFFFu), .dwHighDateTime = (DWORD)(ticks >> 32)};
    return time;
}

lua_Integer lm_time_from_ticks(FILETIME time)
{
    return (lua_Integer)(ticks_of(time) / TICKS_PER_SECOND) - UNIX_EPOCH_SECONDS;
}

bool lm_time_to_ticks(lua_Integer seconds, FILETIME *time)
{
    if (seconds < LM_TIME_LEAST || seconds > LM_TIME_MOST) {
        return false;
    }
    *time = from_ticks((uint64_t)(seconds + UNIX_EPOCH_SECONDS) * TICKS_PER_SECOND);
    return true;
}

/* --- GUIDs ------------------------------------------------------------------------------------------------------ */

/* Where each byte of the 16 stands in the text: the first three fields are numbers, the last eight bytes a sequence. */
static const unsigned char guid_places[16] = {1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35};

void lm_guid_format(const GUID *guid, char text[LM_GUID_TEXT + 1])
{
    static const char digits[] = "0123456789ABCDEF";
    static const char frame[] = "{00000000-0000-0000-0000-000000000000}";
    unsigned char bytes[16] = {(unsigned char)(guid->Data1 >> 24), (unsigned char)(guid->Data1 >> 16),
                               (unsigned char)(guid->Data1 >> 8),  (unsigned char)guid->Data1,
                               (unsigned char)(guid->Data2 >> 8),  (unsigned char)guid->Data2,
                               (unsigned char)(guid->Data3 >> 8),  (unsigned char)guid->Data3};
    memcpy(bytes + 8, guid->Data4, 8);
    memcpy(text, frame, sizeof frame);
    for (unsigned i = 0; i < 16; i++) {
        text[guid_places[i]] = digits[bytes[i] >> 4];
        text[guid_places[i] + 1] = digits[bytes[i] & 15];
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

bool lm_guid_parse(const char *text, size_t length, GUID *guid)
{
    unsigned char bytes[16];

    if (length != LM_GUID_TEXT || text[0] != '{' || text[9] != '-' || text[14] != '-' || text[19] != '-' ||
        text[24] != '-' || text[37] != '}') {
        return false;
    }
    for (unsigned i = 0; i < 16; i++) {
        int high = hex_digit(text[guid_places[i]]), low = hex_digit(text[guid_places[i] + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    guid->Data1 = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    guid->Data2 = (uint16_t)(bytes[4] << 8 | bytes[5]);
    guid->Data3 = (uint16_t)(bytes[6] << 8 | bytes[7]);
    memcpy(guid->Data4, bytes + 8, 8);
    return true;
}

/* --- MAPI to Lua ------------------------------------------------------------------------------------------------ */

void lm_value_push_text(lua_State *L, const WCHAR *text)
{
    char ascii[512];

    for (size_t i = 0; i < sizeof ascii; i++) {
        WCHAR unit = text[i];
        if (unit == 0) {
            lua_pushlstring(L, ascii, i);
            return;
        }
        if (unit >= 0x80) {
            break;
        }
        ascii[i] = (char)unit;
    }
    lm_push_wide(L, text);
}

static void push_time(lua_State *L, FILETIME time, unsigned flags)
{
    lua_pushinteger(L, flags & LM_VALUE_EXACT ? (lua_Integer)ticks_of(time) : lm_time_from_ticks(time));
}

static void push_guid(lua_State *L, const GUID *guid)
{
    char text[LM_GUID_TEXT + 1];
    lm_guid_format(guid, text);
    lua_pushlstring(L, text, LM_GUID_TEXT);
}

static void push_binary(lua_State *L, const SBinary *binary)
{
    lua_pushlstring(L, (const char *)binary->lpb, binary->lpb == NULL ? 0 : binary->cb);
}

/* Element `i` of a multi-valued property. */
static void push_element(lua_State *L, const SPropValue *value, ULONG i, unsigned flags)
{
    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_MV_I2:
        lua_pushinteger(L, value->Value.MVi.lpi[i]);
        break;
    case PT_MV_LONG:
        lua_pushinteger(L, value->Value.MVl.lpl[i]);
        break;
    case PT_MV_R4:
        lua_pushnumber(L, (lua_Number)value->Value.MVflt.lpflt[i]);
        break;
    case PT_MV_DOUBLE:
        lua_pushnumber(L, value->Value.MVdbl.lpdbl[i]);
        break;
    case PT_MV_APPTIME:
        lua_pushnumber(L, value->Value.MVat.lpat[i]);
        break;
    case PT_MV_CURRENCY:
        lua_pushinteger(L, value->Value.MVcur.lpcur[i].int64);
        break;
    case PT_MV_I8:
        lua_pushinteger(L, value->Value.MVli.lpli[i].QuadPart);
        break;
    case PT_MV_SYSTIME:
        push_time(L, value->Value.MVft.lpft[i], flags);
        break;
    case PT_MV_CLSID:
        push_guid(L, &value->Value.MVguid.lpguid[i]);
        break;
    case PT_MV_BINARY:
        push_binary(L, &value->Value.MVbin.lpbin[i]);
        break;
    case PT_MV_STRING8:
        lua_pushstring(L, value->Value.MVszA.lppszA[i]);
        break;
    case PT_MV_UNICODE:
        lm_value_push_text(L, value->Value.MVszW.lppszW[i]);
        break;
    default:
        lua_pushnil(L);
        break;
    }
}

static void push_array(lua_State *L, const SPropValue *value, unsigned flags)
{
    ULONG count = value->Value.MVl.cValues; /* the counter is in the same place in every MV member */

    luaL_checkstack(L, 2, NULL);
    lua_createtable(L, count < 1024 ? (int)count : 1024, 0);
    for (ULONG i = 0; i < count; i++) {
        push_element(L, value, i, flags);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void lm_value_push(lua_State *L, const SPropValue *value, unsigned flags)
{
    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_I2:
        lua_pushinteger(L, value->Value.i);
        break;
    case PT_LONG:
        lua_pushinteger(L, value->Value.l);
        break;
    case PT_R4:
        lua_pushnumber(L, (lua_Number)value->Value.flt);
        break;
    case PT_DOUBLE:
        lua_pushnumber(L, value->Value.dbl);
        break;
    case PT_APPTIME:
        lua_pushnumber(L, value->Value.at);
        break;
    case PT_CURRENCY:
        lua_pushinteger(L, value->Value.cur.int64);
        break;
    case PT_BOOLEAN:
        lua_pushboolean(L, value->Value.b != 0);
        break;
    case PT_I8:
        lua_pushinteger(L, value->Value.li.QuadPart);
        break;
    case PT_SYSTIME:
        push_time(L, value->Value.ft, flags);
        break;
    case PT_CLSID:
        push_guid(L, value->Value.lpguid);
        break;
    case PT_BINARY:
        push_binary(L, &value->Value.bin);
        break;
    case PT_STRING8:
        lua_pushstring(L, value->Value.lpszA);
        break;
    case PT_UNICODE:
        lm_value_push_text(L, value->Value.lpszW);
        break;
    default:
        if (value->ulPropTag & MV_FLAG) {
            push_array(L, value, flags);
        } else {
            lua_pushnil(L);
        }
        break;
    }
}

/* --- Lua to MAPI ------------------------------------------------------------------------------------------------ */

/* Where a value comes from, for error messages. */
struct source {
    lua_State *L;
    const char *what; /* the property as the script wrote it */
    int arg, anchor;
    unsigned flags;
};

static int refuse(const struct source *from, int index, const char *wanted)
{
    const char *text =
        lua_pushfstring(from->L, "property '%s' wants %s, not %s", from->what, wanted, luaL_typename(from->L, index));
    return luaL_argerror(from->L, from->arg, text);
}

static int refuse_range(const struct source *from, const char *wanted)
{
    return luaL_argerror(
        from->L, from->arg,
        lua_pushfstring(from->L, "property '%s' wants %s; this value is out of range", from->what, wanted));
}

/* An integer from `least` to `most`: one that does not fit is never cut down. */
static lua_Integer read_integer(const struct source *from, int index, lua_Integer least, lua_Integer most,
                                const char *wanted)
{
    int exact = 0;
    lua_Integer value = lua_type(from->L, index) == LUA_TNUMBER ? lua_tointegerx(from->L, index, &exact) : 0;

    if (!exact) {
        refuse(from, index, wanted);
    }
    if (value < least || value > most) {
        refuse_range(from, lua_pushfstring(from->L, "%s from %I to %I", wanted, (LUAI_UACINT)least, (LUAI_UACINT)most));
    }
    return value;
}

static lua_Number read_number(const struct source *from, int index)
{
    if (lua_type(from->L, index) != LUA_TNUMBER) {
        refuse(from, index, "a number");
    }
    return lua_tonumber(from->L, index);
}

/* A finite number stays finite: what a float cannot hold is refused. Infinities and NaN are values like others. */
static float read_float(const struct source *from, int index)
{
    lua_Number value = read_number(from, index);
    float narrow = (float)value;

    if (isfinite(value) && !isfinite(narrow)) {
        refuse_range(from, "a number from -3.4028235e+38 to 3.4028235e+38");
    }
    return narrow;
}

static FILETIME read_time(const struct source *from, int index)
{
    FILETIME time = {0, 0};

    if (from->flags & LM_VALUE_EXACT) {
        time = from_ticks((uint64_t)read_integer(from, index, 0, LUA_MAXINTEGER, "an integer of FILETIME ticks"));
    } else if (!lm_time_to_ticks(
                   read_integer(from, index, LUA_MININTEGER, LUA_MAXINTEGER, "an integer of Unix seconds"), &time)) {
        refuse_range(from, "an integer of Unix seconds from the year 1601 to 30828");
    }
    return time;
}

static GUID read_guid(const struct source *from, int index)
{
    GUID guid = {0, 0, 0, {0}};
    size_t length = 0;
    const char *text = lua_type(from->L, index) == LUA_TSTRING ? lua_tolstring(from->L, index, &length) : NULL;

    if (text == NULL) {
        refuse(from, index, "a GUID as \"{...}\"");
    } else if (!lm_guid_parse(text, length, &guid)) {
        luaL_argerror(from->L, from->arg,
                      lua_pushfstring(from->L, "property '%s' wants a GUID as \"{...}\"", from->what));
    }
    return guid;
}

static SBinary read_binary(const struct source *from, int index)
{
    SBinary binary = {0, NULL};
    size_t length = 0;
    const char *bytes;

    if (lua_type(from->L, index) != LUA_TSTRING) {
        refuse(from, index, "a string");
    }
    bytes = lua_tolstring(from->L, index, &length);
    if (length > UINT32_MAX) {
        refuse_range(from, "a string of less than 4 GB");
    }
    binary.cb = (ULONG)length;
    /* MAPI's structures know no const; nothing behind them writes to what it is given. */
    binary.lpb = (LPBYTE)(uintptr_t)bytes;
    return binary;
}

static WCHAR *read_text(const struct source *from, int index)
{
    lua_State *L = from->L;
    WCHAR *text;

    if (lua_type(L, index) != LUA_TSTRING) {
        refuse(from, index, "a string");
    }
    text = lm_check_wide_at(L, index, from->arg, lua_pushfstring(L, "property '%s'", from->what), NULL);
    lua_rawseti(L, from->anchor, (lua_Integer)lua_rawlen(L, from->anchor) + 1); /* the buffer; its name follows */
    lua_pop(L, 1);
    return text;
}

/* One element of an array, or a single value: the same types, stored at `place`. */
static void read_scalar(const struct source *from, int index, ULONG type, void *place)
{
    switch (type) {
    case PT_I2:
        *(short *)place = (short)read_integer(from, index, INT16_MIN, INT16_MAX, "an integer of 16 bits");
        break;
    case PT_LONG:
        /* Colors, flags and tags are written unsigned. */
        *(LONG *)place = (LONG)read_integer(from, index, INT32_MIN, UINT32_MAX, "an integer of 32 bits");
        break;
    case PT_R4:
        *(float *)place = read_float(from, index);
        break;
    case PT_DOUBLE:
    case PT_APPTIME:
        *(double *)place = read_number(from, index);
        break;
    case PT_CURRENCY:
        ((CURRENCY *)place)->int64 =
            read_integer(from, index, LUA_MININTEGER, LUA_MAXINTEGER, "an integer, the amount times 10,000");
        break;
    case PT_I8:
        ((LARGE_INTEGER *)place)->QuadPart = read_integer(from, index, LUA_MININTEGER, LUA_MAXINTEGER, "an integer");
        break;
    case PT_SYSTIME:
        *(FILETIME *)place = read_time(from, index);
        break;
    case PT_CLSID:
        *(GUID *)place = read_guid(from, index);
        break;
    case PT_BINARY:
        *(SBinary *)place = read_binary(from, index);
        break;
    case PT_UNICODE:
        *(WCHAR **)place = read_text(from, index);
        break;
    default:
        luaL_argerror(
            from->L, from->arg,
            lua_pushfstring(from->L, "property '%s' is of a type that a value cannot be given to", from->what));
        break;
    }
}

static size_t scalar_size(ULONG type)
{
    switch (type) {
    case PT_I2:
        return sizeof(short);
    case PT_LONG:
    case PT_R4:
        return sizeof(LONG);
    case PT_CLSID:
        return sizeof(GUID);
    case PT_BINARY:
        return sizeof(SBinary);
    default:
        return 8; /* DOUBLE, APPTIME, CURRENCY, I8, SYSTIME, and a pointer */
    }
}

static void read_array(const struct source *from, int index, ULONG type, SPropValue *out)
{
    lua_State *L = from->L;
    lua_Unsigned count;
    size_t size = scalar_size(type);
    unsigned char *elements;

    if (lua_type(L, index) != LUA_TTABLE) {
        refuse(from, index, "an array");
    }
    count = lua_rawlen(L, index);
    if (count == 0 || count > INT32_MAX / sizeof(SPropValue)) {
        /* A multi-valued property without a value cannot exist [imapiprop-setprops.md]. */
        luaL_argerror(L, from->arg,
                      lua_pushfstring(L, "property '%s' wants an array of at least one value", from->what));
    }
    elements = lm_scratch(L, from->anchor, (size_t)count * size);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        read_scalar(from, lua_gettop(L), type, elements + i * size);
        /* An 8-bit string is used in place: it stays alive even if the script's table changes. */
        lua_rawseti(L, from->anchor, (lua_Integer)lua_rawlen(L, from->anchor) + 1);
    }
    out->Value.MVl.cValues = (ULONG)count;
    out->Value.MVbin.lpbin = (SBinary *)elements; /* the pointer is in the same place in every MV member */
}

ULONG lm_value_type(lua_State *L, int index)
{
    ULONG type;

    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        return PT_BOOLEAN;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            lua_Integer value = lua_tointeger(L, index);
            return value >= INT32_MIN && value <= INT32_MAX ? PT_LONG : PT_I8;
        }
        return PT_DOUBLE;
    case LUA_TSTRING:
        return PT_UNICODE;
    case LUA_TTABLE: {
        /* An array of numbers takes the widest type among them. */
        lua_Unsigned count = lua_rawlen(L, index);
        type = PT_UNSPECIFIED;
        for (lua_Unsigned i = 1; i <= count; i++) {
            ULONG one;
            lua_rawgeti(L, index, (lua_Integer)i);
            one = lua_type(L, -1) == LUA_TTABLE ? PT_UNSPECIFIED : lm_value_type(L, -1);
            lua_pop(L, 1);
            if (one == PT_BOOLEAN || one == PT_UNSPECIFIED) {
                return PT_UNSPECIFIED;
            }
            if (type == PT_UNSPECIFIED || one == PT_DOUBLE || (one == PT_I8 && type == PT_LONG)) {
                type = one;
            }
        }
        return type == PT_UNSPECIFIED ? PT_UNSPECIFIED : MV_FLAG | type;
    }
    default:
        return PT_UNSPECIFIED;
    }
}

void lm_value_read(lua_State *L, int index, ULONG tag, unsigned flags, int arg, const char *what, int anchor,
                   SPropValue *out)
{
    struct source from = {.L = L, .what = what, .arg = arg, .anchor = anchor, .flags = flags};
    ULONG type = PROP_TYPE(tag);

    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, NULL);
    if (type == PT_UNSPECIFIED) {
        type = lm_value_type(L, index);
        if (type == PT_UNSPECIFIED) {
            refuse(&from, index, "a boolean, a number, a string or an array of numbers or of strings");
        }
    }
    memset(out, 0, sizeof *out);
    out->ulPropTag = CHANGE_PROP_TYPE(tag, type);
    if (type & MV_FLAG) {
        read_array(&from, index, type & ~(ULONG)MVI_FLAG, out);
    } else if (type == PT_BOOLEAN) {
        if (lua_type(L, index) != LUA_TBOOLEAN) {
            refuse(&from, index, "a boolean");
        }
        out->Value.b = lua_toboolean(L, index) ? 1 : 0;
    } else if (type == PT_CLSID) {
        out->Value.lpguid = lm_scratch(L, anchor, sizeof(GUID));
        read_scalar(&from, index, type, out->Value.lpguid);
    } else {
        read_scalar(&from, index, type, &out->Value);
        if (type == PT_BINARY) {
            lua_pushvalue(L, index);
            lua_rawseti(L, anchor, (lua_Integer)lua_rawlen(L, anchor) + 1);
        }
    }
}

size_t lm_value_bytes(const SPropValue *value)
{
    size_t units = 0;

    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_BINARY:
        return value->Value.bin.cb;
    case PT_UNICODE:
        while (value->Value.lpszW[units] != 0) {
            units++;
        }
        return units * sizeof(WCHAR);
    default:
        return 0;
    }
}
