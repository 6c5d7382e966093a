/* `where` tables become restrictions, and restrictions `where` tables (API.md; types-of-restrictions.md). */
#include "table_args.h"

#include <math.h>
#include <string.h>

#include <mapitags.h>

#include "args.h"
#include "base/proptag.h"
#include "value.h"

/* A table that contains itself ends here, and so does what no table takes. */
enum { WHERE_DEPTH = 60 };

struct where {
    lua_State *L;
    struct lm_object *self;
    int arg, anchor;
    ULONG flags; /* for named properties */
};

static HRESULT read_where(const struct where *at, int index, int depth, SRestriction *out);

static int bad_where(const struct where *at, const char *text)
{
    return luaL_argerror(at->L, at->arg, lua_pushfstring(at->L, "where: %s", text));
}

static SRestriction *new_restrictions(const struct where *at, size_t count)
{
    SRestriction *list = lm_scratch(at->L, at->anchor, count * sizeof *list);
    memset(list, 0, count * sizeof *list);
    return list;
}

/* Matches no row. */
static void set_never(SRestriction *out)
{
    out->rt = RES_OR;
    out->res.resOr.cRes = 0;
    out->res.resOr.lpRes = NULL;
}

static void set_property(SRestriction *out, ULONG relop, ULONG tag, SPropValue *value)
{
    out->rt = RES_PROPERTY;
    out->res.resProperty.relop = relop;
    out->res.resProperty.ulPropTag = tag;
    out->res.resProperty.lpProp = value;
}

/* { "and", r1, r2, ... }: the elements from the second on. */
static HRESULT read_list(const struct where *at, int index, int depth, SRestriction *out)
{
    lua_Unsigned count = lua_rawlen(at->L, index) - 1;
    SRestriction *list;

    if (count > 10000) {
        bad_where(at, "too many conditions");
    }
    list = new_restrictions(at, (size_t)count + 1);
    for (lua_Unsigned i = 0; i < count; i++) {
        HRESULT hr;
        lua_rawgeti(at->L, index, (lua_Integer)i + 2);
        hr = read_where(at, lua_gettop(at->L), depth + 1, &list[i]);
        lua_pop(at->L, 1);
        if (FAILED(hr)) {
            return hr;
        }
    }
    out->res.resAnd.cRes = (ULONG)count; /* resOr is laid out alike */
    out->res.resAnd.lpRes = count == 0 ? NULL : list;
    return S_OK;
}

/* The single restriction of not, any_recipient and any_attachment. */
static HRESULT read_inner(const struct where *at, int index, int depth, SRestriction **inner)
{
    HRESULT hr;

    if (lua_rawlen(at->L, index) != 2) {
        bad_where(at, "one condition expected after 'not', 'any_recipient' and 'any_attachment'");
    }
    *inner = new_restrictions(at, 1);
    lua_rawgeti(at->L, index, 2);
    hr = read_where(at, lua_gettop(at->L), depth + 1, *inner);
    lua_pop(at->L, 1);
    return hr;
}

static HRESULT read_prop(const struct where *at, int index, int place, struct lm_prop *prop)
{
    HRESULT hr;

    lua_rawgeti(at->L, index, place);
    lm_prop_parse(at->L, lua_gettop(at->L), at->arg, at->anchor, prop);
    lua_pop(at->L, 1);
    hr = lm_prop_identify(at->L, at->self, prop, at->flags);
    return hr == MAPI_E_NOT_FOUND ? S_OK : hr; /* its id stays 0 */
}

static HRESULT read_exists(const struct where *at, int index, SRestriction *out)
{
    struct lm_prop prop;
    HRESULT hr;

    if (lua_rawlen(at->L, index) != 2) {
        bad_where(at, "one property expected after 'exists'");
    }
    hr = read_prop(at, index, 2, &prop);
    if (PROP_ID(prop.tag) == 0) {
        set_never(out);
    } else {
        out->rt = RES_EXIST;
        out->res.resExist.ulPropTag = prop.tag;
    }
    return hr;
}

/* --- { property, operator, value } ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    ULONG relop;
} comparisons[] = {
    {"=", RELOP_EQ},  {"<", RELOP_LT},  {"<=", RELOP_LE}, {">", RELOP_GT},
    {">=", RELOP_GE}, {"~=", RELOP_NE}, {"==", RELOP_EQ}, {"!=", RELOP_NE},
};

static const struct {
    const char *name;
    ULONG fuzzy;
} contents[] = {
    {"contains", FL_SUBSTRING | FL_IGNORECASE},
    {"prefix", FL_PREFIX | FL_IGNORECASE},
    {"contains_exact", FL_SUBSTRING},
    {"prefix_exact", FL_PREFIX},
};

/* Scripts see times rounded down to seconds, so a comparison with a second must treat the whole second as that one
 * value: t is the second's first tick, next the first of the next one. */
static void compare_time(const struct where *at, ULONG relop, ULONG tag, SPropValue *value, SRestriction *out)
{
    SPropValue *next = lm_scratch(at->L, at->anchor, sizeof *next);
    SRestriction *pair = new_restrictions(at, 2);
    lua_Integer second = lm_time_from_ticks(value->Value.ft);

    *next = *value;
    if (!lm_time_to_ticks(second + 1, &next->Value.ft)) {
        set_property(out, relop, tag, value); /* the last second there is */
        return;
    }
    switch (relop) {
    case RELOP_LT:
        set_property(out, RELOP_LT, tag, value);
        break;
    case RELOP_LE:
        set_property(out, RELOP_LT, tag, next);
        break;
    case RELOP_GT:
        set_property(out, RELOP_GE, tag, next);
        break;
    case RELOP_GE:
        set_property(out, RELOP_GE, tag, value);
        break;
    default:
        set_property(&pair[0], relop == RELOP_EQ ? RELOP_GE : RELOP_LT, tag, value);
        set_property(&pair[1], relop == RELOP_EQ ? RELOP_LT : RELOP_GE, tag, next);
        out->rt = relop == RELOP_EQ ? RES_AND : RES_OR;
        out->res.resAnd.cRes = 2;
        out->res.resAnd.lpRes = pair;
        break;
    }
}

/* The value on the top of the stack, as single values of the tag's type want it. */
static SPropValue *read_top(const struct where *at, int index, ULONG tag)
{
    SPropValue *value = lm_scratch(at->L, at->anchor, sizeof *value);
    int top = lua_gettop(at->L);
    const char *text;

    lua_rawgeti(at->L, index, 1);
    text = lm_prop_text(at->L, top + 1);
    lm_value_read(at->L, top, tag & ~(ULONG)MVI_FLAG, 0, at->arg, text, at->anchor, value);
    lua_settop(at->L, top);
    return value;
}

/* The value at place 3. */
static SPropValue *read_operand(const struct where *at, int index, const struct lm_prop *prop)
{
    SPropValue *value;

    lua_rawgeti(at->L, index, 3);
    value = read_top(at, index, prop->tag);
    lua_pop(at->L, 1);
    if (PROP_TYPE(value->ulPropTag) & MV_FLAG) {
        bad_where(at, "a single value expected");
    }
    return value;
}

static void read_mask(const struct where *at, int index, const struct lm_prop *prop, SRestriction *out)
{
    int exact = 0;
    lua_Integer mask;

    lua_rawgeti(at->L, index, 3);
    mask = lua_type(at->L, -1) == LUA_TNUMBER ? lua_tointegerx(at->L, -1, &exact) : 0;
    lua_pop(at->L, 1);
    if (!exact || mask < INT32_MIN || mask > UINT32_MAX) {
        bad_where(at, "'&' wants a mask of 32 bits");
    }
    if (PROP_TYPE(prop->tag) != PT_LONG && PROP_TYPE(prop->tag) != PT_UNSPECIFIED) {
        bad_where(at, "'&' wants a property that is a 32-bit integer");
    }
    out->rt = RES_BITMASK;
    out->res.resBitMask.relBMR = BMR_NEZ;
    out->res.resBitMask.ulPropTag = CHANGE_PROP_TYPE(prop->tag, PT_LONG);
    out->res.resBitMask.ulMask = (ULONG)mask;
}

/* --- properties without a type ---------------------------------------------------------------------------------- */

/* A named property that is written without a type is compared as whatever it is on each message: one condition for
 * each type that can be compared with the value, of which at most one meets a property of its type. */

static const struct whole_type {
    ULONG type;
    lua_Integer least, most;
} whole_types[] = {
    {PT_I2, INT16_MIN, INT16_MAX},
    {PT_LONG, INT32_MIN, INT32_MAX},
    {PT_I8, LUA_MININTEGER, LUA_MAXINTEGER},
    {PT_CURRENCY, LUA_MININTEGER, LUA_MAXINTEGER},
    {PT_SYSTIME, LM_TIME_LEAST, LM_TIME_MOST},
};

static const ULONG floating_types[] = {PT_DOUBLE, PT_R4, PT_APPTIME};
static const ULONG string_types[] = {PT_UNICODE, PT_BINARY, PT_CLSID};

enum { MOST_CANDIDATES = 8 };

struct candidates {
    const struct where *at;
    int index;
    const struct lm_prop *prop;
    SRestriction *list; /* room for MOST_CANDIDATES */
    ULONG count;
};

/* Adds a comparison with the value on the top of the stack. */
static void add_comparison(struct candidates *to, ULONG relop, ULONG type)
{
    ULONG tag = CHANGE_PROP_TYPE(to->prop->tag, type);
    SPropValue *value = read_top(to->at, to->index, tag);
    SRestriction *out = &to->list[to->count++];

    if (type == PT_SYSTIME) {
        compare_time(to->at, relop, tag, value, out);
    } else {
        set_property(out, relop, tag, value);
    }
}

/* The comparison of whole numbers that a comparison with any number comes down to; false where none is ever true. */
static bool whole_comparison(const struct whole_type *type, lua_Number number, bool exact, lua_Integer whole,
                             ULONG *relop, lua_Integer *value)
{
    lua_Number down = floor(number);
    bool below = exact ? whole < type->least : down < (lua_Number)type->least;
    bool above = exact ? whole > type->most : down >= (lua_Number)type->most;

    if (isnan(number) || (*relop == RELOP_EQ && (below || above || !exact))) {
        return false;
    }
    if (below || (!exact && *relop == RELOP_NE)) {
        *value = type->least;
        *relop = *relop == RELOP_LT || *relop == RELOP_LE ? RELOP_LT : RELOP_GE;
    } else if (above) {
        *value = type->most;
        *relop = *relop == RELOP_GT || *relop == RELOP_GE ? RELOP_GT : RELOP_LE;
    } else if (exact) {
        *value = whole;
    } else {
        *value = (lua_Integer)down;
        *relop = *relop == RELOP_LT || *relop == RELOP_LE ? RELOP_LE : RELOP_GT;
    }
    return true;
}

static void add_numbers(struct candidates *to, ULONG relop)
{
    lua_State *L = to->at->L;
    int exact;
    lua_Integer whole = lua_tointegerx(L, -1, &exact);
    lua_Number number = lua_tonumber(L, -1);

    for (size_t i = 0; i < sizeof whole_types / sizeof whole_types[0]; i++) {
        ULONG narrowed = relop;
        lua_Integer value;
        if (whole_comparison(&whole_types[i], number, exact, whole, &narrowed, &value)) {
            lua_pushinteger(L, value);
            add_comparison(to, narrowed, whole_types[i].type);
            lua_pop(L, 1);
        }
    }
    for (size_t i = 0; i < sizeof floating_types / sizeof floating_types[0]; i++) {
        /* What is beyond a float is compared with infinity. */
        bool beyond = floating_types[i] == PT_R4 && isfinite(number) && !isfinite((float)number);
        lua_pushnumber(L, beyond ? (number < 0 ? -HUGE_VAL : HUGE_VAL) : number);
        add_comparison(to, relop, floating_types[i]);
        lua_pop(L, 1);
    }
}

static void add_strings(struct candidates *to, ULONG relop)
{
    for (size_t i = 0; i < sizeof string_types / sizeof string_types[0]; i++) {
        size_t length;
        const char *text = lua_tolstring(to->at->L, -1, &length);
        GUID guid;
        if (string_types[i] != PT_CLSID || lm_guid_parse(text, length, &guid)) {
            add_comparison(to, relop, string_types[i]);
        }
    }
}

static void begin_candidates(struct candidates *to, const struct where *at, int index, const struct lm_prop *prop,
                             SRestriction *out)
{
    to->at = at;
    to->index = index;
    to->prop = prop;
    to->list = new_restrictions(at, MOST_CANDIDATES);
    to->count = 0;
    out->rt = RES_OR;
    out->res.resOr.lpRes = to->list;
}

static void compare_untyped(const struct where *at, int index, const struct lm_prop *prop, ULONG relop,
                            SRestriction *out)
{
    struct candidates candidates;

    begin_candidates(&candidates, at, index, prop, out);
    lua_rawgeti(at->L, index, 3);
    switch (lua_type(at->L, -1)) {
    case LUA_TNUMBER:
        add_numbers(&candidates, relop);
        break;
    case LUA_TSTRING:
        add_strings(&candidates, relop);
        break;
    case LUA_TBOOLEAN:
        add_comparison(&candidates, relop, PT_BOOLEAN);
        break;
    default:
        bad_where(at, "a boolean, a number or a string expected as value");
    }
    lua_pop(at->L, 1);
    out->res.resOr.cRes = candidates.count;
}

/* --- the other operators ---------------------------------------------------------------------------------------- */

static void set_content(SRestriction *out, ULONG fuzzy, ULONG tag, SPropValue *value)
{
    out->rt = RES_CONTENT;
    out->res.resContent.ulFuzzyLevel = fuzzy;
    out->res.resContent.ulPropTag = tag;
    out->res.resContent.lpProp = value;
}

static void content_untyped(const struct where *at, int index, const struct lm_prop *prop, ULONG fuzzy,
                            SRestriction *out)
{
    struct candidates candidates;

    begin_candidates(&candidates, at, index, prop, out);
    lua_rawgeti(at->L, index, 3);
    for (size_t i = 0; i < 2; i++) { /* text and bytes */
        ULONG tag = CHANGE_PROP_TYPE(prop->tag, string_types[i]);
        set_content(&candidates.list[i], fuzzy, tag, read_top(at, index, tag));
    }
    lua_pop(at->L, 1);
    out->res.resOr.cRes = 2;
}

static void read_content(const struct where *at, int index, const struct lm_prop *prop, ULONG fuzzy, SRestriction *out)
{
    SPropValue *value;
    ULONG type;

    if (PROP_TYPE(prop->tag) == PT_UNSPECIFIED) {
        content_untyped(at, index, prop, fuzzy, out);
        return;
    }
    value = read_operand(at, index, prop);
    type = PROP_TYPE(value->ulPropTag);
    if (type != PT_UNICODE && type != PT_BINARY) {
        bad_where(at, "'contains' and 'prefix' want a property that is text or binary");
    }
    set_content(out, fuzzy, prop->tag, value);
}

static void read_comparison(const struct where *at, int index, const struct lm_prop *prop, ULONG relop,
                            SRestriction *out)
{
    SPropValue *value;

    if (PROP_TYPE(prop->tag) == PT_UNSPECIFIED) {
        compare_untyped(at, index, prop, relop, out);
        return;
    }
    value = read_operand(at, index, prop);
    if (PROP_TYPE(value->ulPropTag) == PT_SYSTIME) {
        compare_time(at, relop, prop->tag, value, out);
    } else {
        set_property(out, relop, prop->tag, value);
    }
}

static void read_operation(const struct where *at, int index, const struct lm_prop *prop, const char *name,
                           SRestriction *out)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
        if (strcmp(name, comparisons[i].name) == 0) {
            read_comparison(at, index, prop, comparisons[i].relop, out);
            return;
        }
    }
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        if (strcmp(name, contents[i].name) == 0) {
            read_content(at, index, prop, contents[i].fuzzy, out);
            return;
        }
    }
    if (strcmp(name, "&") == 0) {
        read_mask(at, index, prop, out);
        return;
    }
    bad_where(at, lua_pushfstring(at->L, "unknown operator '%s'", name));
}

static HRESULT read_condition(const struct where *at, int index, SRestriction *out)
{
    struct lm_prop prop;
    HRESULT hr;

    if (lua_rawlen(at->L, index) != 3) {
        bad_where(at, "{ property, operator, value } expected");
    }
    hr = read_prop(at, index, 1, &prop);
    if (FAILED(hr)) {
        return hr;
    }
    lua_rawgeti(at->L, index, 2);
    if (lua_type(at->L, -1) != LUA_TSTRING) {
        bad_where(at, "the operator must be a string");
    }
    read_operation(at, index, &prop, lua_tostring(at->L, -1), out);
    lua_pop(at->L, 1);
    if (PROP_ID(prop.tag) == 0) {
        set_never(out);
    }
    return S_OK;
}

static HRESULT read_where(const struct where *at, int index, int depth, SRestriction *out)
{
    lua_State *L = at->L;
    const char *word;
    HRESULT hr;

    luaL_checkstack(L, 16, NULL);
    if (lua_type(L, index) != LUA_TTABLE) {
        bad_where(at, lua_pushfstring(L, "table expected, got %s", luaL_typename(L, index)));
    }
    if (depth > WHERE_DEPTH) {
        bad_where(at, "nested too deeply");
    }
    if (lua_rawgeti(L, index, 1) != LUA_TSTRING) {
        word = "";
    } else {
        word = lua_tostring(L, -1);
    }
    if (strcmp(word, "and") == 0 || strcmp(word, "or") == 0) {
        out->rt = word[0] == 'a' ? RES_AND : RES_OR;
        hr = read_list(at, index, depth, out);
    } else if (strcmp(word, "not") == 0) {
        out->rt = RES_NOT;
        hr = read_inner(at, index, depth, &out->res.resNot.lpRes);
    } else if (strcmp(word, "any_recipient") == 0 || strcmp(word, "any_attachment") == 0) {
        out->rt = RES_SUBRESTRICTION;
        out->res.resSub.ulSubObject = word[4] == 'r' ? PR_MESSAGE_RECIPIENTS : PR_MESSAGE_ATTACHMENTS;
        hr = read_inner(at, index, depth, &out->res.resSub.lpRes);
    } else if (strcmp(word, "exists") == 0) {
        hr = read_exists(at, index, out);
    } else {
        hr = read_condition(at, index, out);
    }
    lua_pop(L, 1);
    return hr;
}

HRESULT lm_where_read(lua_State *L, struct lm_object *self, int index, ULONG flags, int arg, int anchor,
                      SRestriction **out)
{
    struct where at = {.L = L, .self = self, .arg = arg, .anchor = anchor, .flags = flags};

    *out = NULL;
    if (lua_isnoneornil(L, index)) {
        return S_OK;
    }
    *out = new_restrictions(&at, 1);
    return read_where(&at, index, 1, *out);
}

/* --- the other way ---------------------------------------------------------------------------------------------- */

/* Each pushes one table, or nothing and answers false. */
static bool push_node(lua_State *L, const SRestriction *node, int depth);

static void push_prop(lua_State *L, ULONG tag)
{
    const char *name = proptag_name(tag);

    if (name != NULL) {
        lua_pushstring(L, name);
    } else {
        lua_pushinteger(L, (lua_Integer)tag);
    }
}

/* { word, node, ... } */
static bool push_words(lua_State *L, const char *word, const SRestriction *nodes, ULONG count, int depth)
{
    int top = lua_gettop(L);

    lua_createtable(L, count < INT16_MAX ? (int)count + 1 : 0, 0);
    lua_pushstring(L, word);
    lua_rawseti(L, -2, 1);
    for (ULONG i = 0; i < count; i++) {
        if (!push_node(L, &nodes[i], depth)) {
            lua_settop(L, top);
            return false;
        }
        lua_rawseti(L, -2, (lua_Integer)i + 2);
    }
    return true;
}

/* { property, operator, value }, the value being on the top of the stack. */
static bool push_condition(lua_State *L, ULONG tag, const char *name)
{
    lua_createtable(L, 3, 0);
    push_prop(L, tag);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, name);
    lua_rawseti(L, -2, 2);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 3);
    return true;
}

/* A time is compared by whole seconds: of the relations with a moment, two mean the same to a script. */
static bool is_sayable(const SPropertyRestriction *res)
{
    ULONG type = PROP_TYPE(res->lpProp->ulPropTag);
    const FILETIME *time = &res->lpProp->Value.ft;
    uint64_t ticks;

    if (type != PT_SYSTIME) {
        return (type & MV_FLAG) == 0 && type != PT_ERROR && type != PT_NULL && type != PT_OBJECT;
    }
    ticks = (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
    return ticks % 10000000 == 0 && (res->relop == RELOP_LT || res->relop == RELOP_GE);
}

static bool push_comparison(lua_State *L, const SPropertyRestriction *res)
{
    for (size_t i = 0; is_sayable(res) && i < sizeof comparisons / sizeof comparisons[0]; i++) {
        if (comparisons[i].relop == res->relop) {
            lm_value_push(L, res->lpProp, 0);
            return push_condition(L, res->ulPropTag, comparisons[i].name);
        }
    }
    return false;
}

static bool push_content(lua_State *L, const SContentRestriction *res)
{
    const char *name = res->ulFuzzyLevel == FL_FULLSTRING ? "=" : NULL;

    for (size_t i = 0; name == NULL && i < sizeof contents / sizeof contents[0]; i++) {
        name = contents[i].fuzzy == res->ulFuzzyLevel ? contents[i].name : NULL;
    }
    if (name == NULL) {
        return false;
    }
    lm_value_push(L, res->lpProp, 0);
    return push_condition(L, res->ulPropTag, name);
}

static bool push_mask(lua_State *L, const SBitMaskRestriction *res)
{
    if (res->relBMR != BMR_NEZ) {
        return false;
    }
    lua_pushinteger(L, (lua_Integer)res->ulMask);
    return push_condition(L, res->ulPropTag, "&");
}

static bool push_exists(lua_State *L, const SExistRestriction *res)
{
    lua_createtable(L, 2, 0);
    lua_pushliteral(L, "exists");
    lua_rawseti(L, -2, 1);
    push_prop(L, res->ulPropTag);
    lua_rawseti(L, -2, 2);
    return true;
}

static bool push_node(lua_State *L, const SRestriction *node, int depth)
{
    luaL_checkstack(L, 8, NULL);
    if (depth > WHERE_DEPTH) {
        return false;
    }
    switch (node->rt) {
    case RES_AND:
        return push_words(L, "and", node->res.resAnd.lpRes, node->res.resAnd.cRes, depth + 1);
    case RES_OR:
        return push_words(L, "or", node->res.resOr.lpRes, node->res.resOr.cRes, depth + 1);
    case RES_NOT:
        return push_words(L, "not", node->res.resNot.lpRes, 1, depth + 1);
    case RES_SUBRESTRICTION:
        return push_words(L,
                          PROP_ID(node->res.resSub.ulSubObject) == PROP_ID(PR_MESSAGE_RECIPIENTS) ? "any_recipient"
                                                                                                  : "any_attachment",
                          node->res.resSub.lpRes, 1, depth + 1);
    case RES_PROPERTY:
        return push_comparison(L, &node->res.resProperty);
    case RES_CONTENT:
        return push_content(L, &node->res.resContent);
    case RES_BITMASK:
        return push_mask(L, &node->res.resBitMask);
    case RES_EXIST:
        return push_exists(L, &node->res.resExist);
    default:
        return false;
    }
}

bool lm_where_push(lua_State *L, const SRestriction *restriction)
{
    return push_node(L, restriction, 1);
}
