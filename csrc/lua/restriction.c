/* `where` tables become restrictions (API.md; types-of-restrictions.md). */
#include "table_args.h"

#include <string.h>

#include <mapitags.h>

#include "args.h"
#include "value.h"

/* A table that contains itself ends here, and so does what no table takes. */
enum { WHERE_DEPTH = 60 };

struct where {
    lua_State *L;
    struct lm_object *self;
    int arg, anchor;
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
    hr = lm_prop_identify(at->L, at->self, prop, 0);
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

/* The value at place 3, as the type of the property's single values wants it. */
static SPropValue *read_operand(const struct where *at, int index, const struct lm_prop *prop)
{
    SPropValue *value = lm_scratch(at->L, at->anchor, sizeof *value);
    const char *text;

    lua_rawgeti(at->L, index, 1);
    text = lm_prop_text(at->L, lua_gettop(at->L));
    lua_rawgeti(at->L, index, 3);
    lm_value_read(at->L, lua_gettop(at->L), prop->tag & ~(ULONG)MVI_FLAG, 0, at->arg, text, at->anchor, value);
    lua_pop(at->L, 3);
    if (PROP_TYPE(value->ulPropTag) & MV_FLAG) {
        bad_where(at, "a single value expected");
    }
    return value;
}

static ULONG tag_for(const struct lm_prop *prop, const SPropValue *value)
{
    return PROP_TYPE(prop->tag) == PT_UNSPECIFIED ? CHANGE_PROP_TYPE(prop->tag, PROP_TYPE(value->ulPropTag))
                                                  : prop->tag;
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

static void read_content(const struct where *at, int index, const struct lm_prop *prop, ULONG fuzzy, SRestriction *out)
{
    SPropValue *value = read_operand(at, index, prop);
    ULONG type = PROP_TYPE(value->ulPropTag);

    if (type != PT_UNICODE && type != PT_BINARY) {
        bad_where(at, "'contains' and 'prefix' want a property that is text or binary");
    }
    out->rt = RES_CONTENT;
    out->res.resContent.ulFuzzyLevel = fuzzy;
    out->res.resContent.ulPropTag = tag_for(prop, value);
    out->res.resContent.lpProp = value;
}

static void read_operation(const struct where *at, int index, const struct lm_prop *prop, const char *name,
                           SRestriction *out)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
        if (strcmp(name, comparisons[i].name) == 0) {
            SPropValue *value = read_operand(at, index, prop);
            if (PROP_TYPE(value->ulPropTag) == PT_SYSTIME) {
                compare_time(at, comparisons[i].relop, tag_for(prop, value), value, out);
            } else {
                set_property(out, comparisons[i].relop, tag_for(prop, value), value);
            }
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

HRESULT lm_where_read(lua_State *L, struct lm_object *self, int index, int arg, int anchor, SRestriction **out)
{
    struct where at = {.L = L, .self = self, .arg = arg, .anchor = anchor};

    *out = NULL;
    if (lua_isnoneornil(L, index)) {
        return S_OK;
    }
    *out = new_restrictions(&at, 1);
    return read_where(&at, index, 1, *out);
}
