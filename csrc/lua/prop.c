/* Property names. */
#include "prop.h"

#include <stdint.h>
#include <string.h>

#include "args.h"
#include "base/proptag.h"
#include "names.h"
#include "value.h"

/* --- property sets (commonly-used-property-sets.md) ------------------------------------------------------------- */

#define OUTLOOK_SET(n)                                                                                                 \
    {                                                                                                                  \
        (n), 0, 0,                                                                                                     \
        {                                                                                                              \
            0xC0, 0, 0, 0, 0, 0, 0, 0x46                                                                               \
        }                                                                                                              \
    }

static const struct {
    const char *name;
    GUID guid;
} property_sets[] = {
    {"PS_PUBLIC_STRINGS", OUTLOOK_SET(0x00020329)},
    {"PS_INTERNET_HEADERS", OUTLOOK_SET(0x00020386)},
    {"PS_MAPI", OUTLOOK_SET(0x00020328)},
    {"PSETID_Common", OUTLOOK_SET(0x00062008)},
    {"PSETID_Address", OUTLOOK_SET(0x00062004)},
    {"PSETID_Appointment", OUTLOOK_SET(0x00062002)},
    {"PSETID_Task", OUTLOOK_SET(0x00062003)},
    {"PSETID_Log", OUTLOOK_SET(0x0006200A)},
    {"PSETID_Note", OUTLOOK_SET(0x0006200E)},
    {"PSETID_Report", OUTLOOK_SET(0x00062013)},
    {"PSETID_Remote", OUTLOOK_SET(0x00062014)},
    {"PSETID_Sharing", OUTLOOK_SET(0x00062040)},
    {"PSETID_PostRss", OUTLOOK_SET(0x00062041)},
    {"PSETID_Meeting", {0x6ED8DA90, 0x450B, 0x101B, {0x98, 0xDA, 0x00, 0xAA, 0x00, 0x3F, 0x13, 0x05}}},
    {"PSETID_Attachment", {0x96357F7F, 0x59E1, 0x47D0, {0x99, 0xA7, 0x46, 0x51, 0x5C, 0x18, 0x3B, 0x54}}},
    {"PSETID_Messaging", {0x41F28F13, 0x83F4, 0x4114, {0xA5, 0x84, 0xEE, 0xDB, 0x5A, 0x6B, 0x0B, 0xFF}}},
    {"PSETID_AirSync", {0x71035549, 0x0739, 0x4DCB, {0x91, 0x63, 0x00, 0xF0, 0x58, 0x0D, 0xBB, 0xDF}}},
    {"PSETID_UnifiedMessaging", {0x4442858E, 0xA9E3, 0x4E80, {0xB9, 0x00, 0x31, 0x7A, 0x21, 0x0C, 0xC1, 0x5B}}},
    {"PSETID_CalendarAssistant", {0x11000E07, 0xB51B, 0x40D6, {0xAF, 0x21, 0xCA, 0xA8, 0x5E, 0xDA, 0xB1, 0xD0}}},
    {"PSETID_XmlExtractedEntities", {0x23239608, 0x685D, 0x4732, {0x9C, 0x55, 0x4C, 0x95, 0xCB, 0x4E, 0x8E, 0x33}}},
};

static bool is_text(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool find_set(const char *text, size_t length, GUID *guid)
{
    for (size_t i = 0; i < sizeof property_sets / sizeof property_sets[0]; i++) {
        if (is_text(text, length, property_sets[i].name)) {
            *guid = property_sets[i].guid;
            return true;
        }
    }
    return lm_guid_parse(text, length, guid);
}

/* --- property types --------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    ULONG type;
} property_types[] = {
    {"unicode", PT_UNICODE}, {"string", PT_UNICODE}, {"string8", PT_UNICODE},
    {"long", PT_LONG},       {"i4", PT_LONG},        {"boolean", PT_BOOLEAN},
    {"systime", PT_SYSTIME}, {"time", PT_SYSTIME},   {"binary", PT_BINARY},
    {"double", PT_DOUBLE},   {"r8", PT_DOUBLE},      {"i8", PT_I8},
    {"longlong", PT_I8},     {"i2", PT_I2},          {"short", PT_I2},
    {"r4", PT_R4},           {"float", PT_R4},       {"currency", PT_CURRENCY},
    {"apptime", PT_APPTIME}, {"clsid", PT_CLSID},    {"guid", PT_CLSID},
};

static bool find_type(const char *text, size_t length, ULONG *type)
{
    ULONG multiple = 0;

    if (length > 3 && memcmp(text, "mv_", 3) == 0) {
        multiple = MV_FLAG;
        text += 3;
        length -= 3;
    }
    for (size_t i = 0; i < sizeof property_types / sizeof property_types[0]; i++) {
        if (is_text(text, length, property_types[i].name)) {
            *type = property_types[i].type | multiple;
            return !(multiple && property_types[i].type == PT_BOOLEAN); /* there is no PT_MV_BOOLEAN */
        }
    }
    return false;
}

/* --- names ------------------------------------------------------------------------------------------------------ */

const char *lm_prop_text(lua_State *L, int index)
{
    if (lua_isinteger(L, index)) {
        char text[16];
        static const char digits[] = "0123456789ABCDEF";
        lua_Unsigned tag = (lua_Unsigned)lua_tointeger(L, index);
        memcpy(text, "0x", 2);
        for (int i = 0; i < 8; i++) {
            text[2 + i] = digits[tag >> (28 - 4 * i) & 15];
        }
        return lua_pushlstring(L, text, 10);
    }
    if (lua_type(L, index) == LUA_TSTRING) {
        lua_pushvalue(L, index);
        return lua_tostring(L, -1);
    }
    return lua_pushstring(L, luaL_typename(L, index));
}

static int bad_name(lua_State *L, int arg, const char *format, const char *text)
{
    return luaL_argerror(L, arg, lua_pushfstring(L, format, text));
}

static bool is_id(const char *name, size_t length)
{
    return length >= 2 && name[0] == '0' && (name[1] == 'x' || name[1] == 'X');
}

/* "0x8580": false where that is no number of 32 bits. */
static bool parse_id(const char *text, size_t length, LONG *id)
{
    uint32_t value = 0;

    if (length < 3 || length > 10) {
        return false;
    }
    for (size_t i = 2; i < length; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return false;
        }
        value = value << 4 | (uint32_t)digit;
    }
    *id = (LONG)value;
    return true;
}

static ULONG without_width(ULONG tag)
{
    ULONG type = PROP_TYPE(tag);

    return type == PT_STRING8 || type == PT_MV_STRING8 ? CHANGE_PROP_TYPE(tag, type + (PT_UNICODE - PT_STRING8)) : tag;
}

/* "<set>:<name>[;<type>]" */
static void parse_named(lua_State *L, const char *text, size_t length, int arg, int anchor, struct lm_prop *prop)
{
    const char *colon = memchr(text, ':', length);
    const char *name = colon + 1, *end = text + length;
    ULONG type = PT_UNSPECIFIED;

    if (!find_set(text, (size_t)(colon - text), &prop->set)) {
        bad_name(L, arg, "unknown property set in '%s'", text);
    }
    for (const char *at = end; at > name; at--) {
        if (at[-1] == ';') {
            if (!find_type(at, (size_t)(end - at), &type)) {
                bad_name(L, arg, "unknown property type in '%s'", text);
            }
            end = at - 1;
            break;
        }
    }
    if (end == name) {
        bad_name(L, arg, "no name in property '%s'", text);
    }
    prop->named = true;
    prop->tag = PROP_TAG(type, 0);
    if (is_id(name, (size_t)(end - name))) {
        /* A mistyped id must not become the name of a property that nobody else will find. */
        if (!parse_id(name, (size_t)(end - name), &prop->id)) {
            bad_name(L, arg, "an id is 0x and at most eight hexadecimal digits, unlike that of '%s'", text);
        }
        prop->kind = MNID_ID;
        return;
    }
    prop->kind = MNID_STRING;
    lua_pushlstring(L, name, (size_t)(end - name));
    prop->name = lm_check_wide_at(L, lua_gettop(L), arg, "property name", NULL);
    lua_rawseti(L, anchor, (lua_Integer)lua_rawlen(L, anchor) + 1);
    lua_pop(L, 1);
}

static void parse_text(lua_State *L, int index, int arg, int anchor, struct lm_prop *prop)
{
    size_t length;
    const char *text = lm_check_text_at(L, index, arg, "property name", &length);

    if (memchr(text, ':', length) != NULL) {
        parse_named(L, text, length, arg, anchor, prop);
        return;
    }
    if (!proptag_from_name(text, length, &prop->tag)) {
        bad_name(L, arg, "unknown property '%s'", text);
    }
    prop->tag = without_width(prop->tag);
    lm_name_keep(L, lm_state(L), LM_NAME_OF_PROPERTY, index, prop->tag);
}

void lm_prop_parse(lua_State *L, int index, int arg, int anchor, struct lm_prop *prop)
{
    prop->named = false;
    if (lua_type(L, index) == LUA_TSTRING) {
        if (lm_name_known(L, lm_state(L), LM_NAME_OF_PROPERTY, index, &prop->tag)) {
            return;
        }
        luaL_checkstack(L, 8, NULL);
        parse_text(L, index, arg, anchor, prop);
    } else if (lua_type(L, index) == LUA_TNUMBER) {
        int exact = 0;
        lua_Integer tag = lua_tointegerx(L, index, &exact);
        if (!exact || tag < 0x10000 || tag > UINT32_MAX || PROP_ID(tag) == PROP_ID_INVALID) {
            luaL_argerror(L, arg, "not a property tag");
        }
        prop->tag = without_width((ULONG)tag);
    } else {
        luaL_argerror(L, arg, lua_pushfstring(L, "property name or tag expected, got %s", luaL_typename(L, index)));
    }
}

HRESULT lm_prop_identify(lua_State *L, struct lm_object *self, struct lm_prop *prop, ULONG flags)
{
    MAPINAMEID name, *names = &name;
    SPropTagArray *tags = NULL;
    IMAPIProp *native;
    ULONG found;
    HRESULT hr;

    if (!prop->named || PROP_ID(prop->tag) != 0) {
        return S_OK;
    }
    name.lpguid = &prop->set;
    name.ulKind = prop->kind;
    if (prop->kind == MNID_ID) {
        name.Kind.lID = prop->id;
    } else {
        name.Kind.lpwstrName = prop->name;
    }
    native = LM_PROP(L, self);
    hr = native->lpVtbl->GetIDsFromNames(native, 1, &names, flags, &tags);
    if (FAILED(hr)) {
        return hr;
    }
    found = tags != NULL && tags->cValues == 1 ? tags->aulPropTag[0] : PROP_TAG(PT_ERROR, 0);
    MAPIFreeBuffer(tags);
    if (PROP_TYPE(found) == PT_ERROR || PROP_ID(found) == 0) {
        return MAPI_E_NOT_FOUND;
    }
    prop->tag = CHANGE_PROP_TYPE(found, PROP_TYPE(prop->tag));
    return S_OK;
}
