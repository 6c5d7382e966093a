/* base/restriction.c - see base/restriction.h. This file checks and decides; restriction_copy.c copies. */
#include "base/restriction.h"

#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "base/proptext.h"
#include "base/propvalue.h"

/* ---- checking ---- */

static HRESULT malformed(const char *what)
{
    return fail(MAPI_E_INVALID_PARAMETER, "The restriction is malformed: %s.", what);
}

static bool is_text(ULONG type)
{
    return type == PT_STRING8 || type == PT_UNICODE;
}

static ULONG single_type(ULONG tag)
{
    return PROP_TYPE(tag) & ~(ULONG)MVI_FLAG;
}

/* Whether a value can be compared with a property of the tag: the same type, or both text; a single value for an MV
 * property. */
static bool value_fits(const SPropValue *value, ULONG tag)
{
    ULONG value_type = PROP_TYPE(value->ulPropTag) & ~(ULONG)MV_INSTANCE;
    if ((value_type & MV_FLAG) && !(PROP_TYPE(tag) & MV_FLAG))
        return false;
    ULONG left = single_type(value->ulPropTag);
    ULONG right = single_type(tag);
    return left == right || (is_text(left) && is_text(right));
}

static HRESULT check_relation(ULONG relop)
{
    if (relop == RELOP_RE)
        return fail(MAPI_E_TOO_COMPLEX, "Regular expressions are not supported in restrictions.");
    return relop <= RELOP_NE ? S_OK : malformed("a relation is unknown");
}

static HRESULT check_value(const SPropValue *value, ULONG tag)
{
    if (value == NULL || prop_value_check(value) != S_OK)
        return malformed("the value to compare with is missing");
    if (!value_fits(value, tag))
        return malformed("the value to compare with is of another type than the property");
    return S_OK;
}

static HRESULT check_property(const SPropertyRestriction *res)
{
    HRESULT hr = check_relation(res->relop);
    return hr == S_OK ? check_value(res->lpProp, res->ulPropTag) : hr;
}

static HRESULT check_content(const SContentRestriction *res)
{
    if ((res->ulFuzzyLevel & 0xFFFF) > FL_PREFIX ||
        (res->ulFuzzyLevel & ~(FL_IGNORECASE | FL_IGNORENONSPACE | FL_LOOSE | 0xFFFF)) != 0)
        return malformed("a fuzzy level is unknown");
    HRESULT hr = check_value(res->lpProp, res->ulPropTag);
    if (hr != S_OK)
        return hr;
    ULONG type = PROP_TYPE(res->lpProp->ulPropTag);
    return is_text(type) || type == PT_BINARY ? S_OK : malformed("only strings and binary values have content");
}

static HRESULT check_at(const SRestriction *res, unsigned depth);

static HRESULT check_list(ULONG count, const SRestriction *list, unsigned depth)
{
    if (count > 0 && list == NULL)
        return malformed("a list of restrictions is missing");
    for (ULONG i = 0; i < count; i++) {
        HRESULT hr = check_at(&list[i], depth);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

static HRESULT check_comment(const SCommentRestriction *res, unsigned depth)
{
    if (res->cValues > 0 && res->lpProp == NULL)
        return malformed("a comment's properties are missing");
    for (ULONG i = 0; i < res->cValues; i++)
        if (prop_value_check(&res->lpProp[i]) != S_OK)
            return malformed("a comment's property is malformed");
    return check_list(res->lpRes != NULL, res->lpRes, depth);
}

static HRESULT check_leaf(const SRestriction *res)
{
    switch (res->rt) {
    case RES_CONTENT:
        return check_content(&res->res.resContent);
    case RES_PROPERTY:
        return check_property(&res->res.resProperty);
    case RES_COMPAREPROPS:
        return check_relation(res->res.resCompareProps.relop);
    case RES_SIZE:
        return check_relation(res->res.resSize.relop);
    case RES_BITMASK:
        if (res->res.resBitMask.relBMR > BMR_NEZ)
            return malformed("a bit mask's relation is unknown");
        return PROP_TYPE(res->res.resBitMask.ulPropTag) == PT_LONG ? S_OK
                                                                   : malformed("a bit mask needs a PT_LONG property");
    case RES_EXIST:
        if (res->res.resExist.ulReserved1 != 0 || res->res.resExist.ulReserved2 != 0)
            return malformed("a reserved member is not 0");
        return S_OK;
    case RES_COUNT:
        return fail(MAPI_E_TOO_COMPLEX, "Restrictions that count are not supported.");
    default:
        return fail(MAPI_E_TOO_COMPLEX, "A restriction of kind %lu is not known.", (unsigned long)res->rt);
    }
}

static HRESULT check_at(const SRestriction *res, unsigned depth)
{
    if (depth >= RESTRICTION_DEPTH)
        return fail(MAPI_E_TOO_COMPLEX, "The restriction is nested more than %d deep.", RESTRICTION_DEPTH);
    switch (res->rt) {
    case RES_AND:
        return check_list(res->res.resAnd.cRes, res->res.resAnd.lpRes, depth + 1);
    case RES_OR:
        return check_list(res->res.resOr.cRes, res->res.resOr.lpRes, depth + 1);
    case RES_NOT:
        if (res->res.resNot.ulReserved != 0)
            return malformed("a reserved member is not 0");
        return check_list(1, res->res.resNot.lpRes, depth + 1);
    case RES_SUBRESTRICTION:
        if (PROP_ID(res->res.resSub.ulSubObject) != PROP_ID(PR_MESSAGE_RECIPIENTS) &&
            PROP_ID(res->res.resSub.ulSubObject) != PROP_ID(PR_MESSAGE_ATTACHMENTS))
            return fail(MAPI_E_TOO_COMPLEX, "A sub-restriction can ask about recipients or attachments only.");
        return check_list(1, res->res.resSub.lpRes, depth + 1);
    case RES_COMMENT:
    case RES_ANNOTATION:
        return check_comment(&res->res.resComment, depth + 1);
    default:
        return check_leaf(res);
    }
}

HRESULT restriction_check(const SRestriction *restriction)
{
    return restriction == NULL ? S_OK : check_at(restriction, 0);
}

/* ---- deciding ---- */

static bool satisfies(ULONG relop, int order)
{
    switch (relop) {
    case RELOP_LT:
        return order < 0;
    case RELOP_LE:
        return order <= 0;
    case RELOP_GT:
        return order > 0;
    case RELOP_GE:
        return order >= 0;
    case RELOP_EQ:
        return order == 0;
    case RELOP_NE:
        return order != 0;
    default:
        return false;
    }
}

static const SPropValue *property_of(const struct row_source *row, ULONG tag)
{
    const SPropValue *value = row->property(row->self, tag);
    return value != NULL && PROP_TYPE(value->ulPropTag) != PT_ERROR ? value : NULL;
}

/* Asks test about a single value, or about each element of an MV until one passes. */
static bool any_element(const SPropValue *value, bool (*test)(const void *context, const SPropValue *element),
                        const void *context)
{
    if (!(value->ulPropTag & MV_FLAG))
        return test(context, value);
    SPropValue element;
    for (ULONG i = 0; prop_value_element(value, i, &element); i++)
        if (test(context, &element))
            return true;
    return false;
}

static bool property_test(const void *context, const SPropValue *value)
{
    const SPropertyRestriction *res = context;
    int order;
    return prop_value_compare(value, res->lpProp, 0, &order) && satisfies(res->relop, order);
}

static bool match_property(const SPropertyRestriction *res, const struct row_source *row)
{
    const SPropValue *value = property_of(row, res->ulPropTag);
    if (value == NULL)
        return false;
    if (res->lpProp->ulPropTag & MV_FLAG)
        return property_test(res, value);
    return any_element(value, property_test, res);
}

static bool bytes_contain(const SBinary *all, const SBinary *part)
{
    if (part->cb == 0)
        return true;
    for (ULONG i = 0; part->cb <= all->cb && i <= all->cb - part->cb; i++)
        if (memcmp(all->lpb + i, part->lpb, part->cb) == 0)
            return true;
    return false;
}

static bool match_bytes(ULONG level, const SBinary *all, const SBinary *part)
{
    if (part->cb > all->cb || (level == FL_FULLSTRING && part->cb != all->cb))
        return false;
    if (level == FL_SUBSTRING)
        return bytes_contain(all, part);
    return part->cb == 0 || memcmp(all->lpb, part->lpb, part->cb) == 0;
}

static bool content_test(const void *context, const SPropValue *value)
{
    const SContentRestriction *res = context;
    ULONG level = res->ulFuzzyLevel & 0xFFFF;
    if (PROP_TYPE(value->ulPropTag) == PT_BINARY)
        return PROP_TYPE(res->lpProp->ulPropTag) == PT_BINARY &&
               match_bytes(level, &value->Value.bin, &res->lpProp->Value.bin);
    unsigned flags = 0;
    if (res->ulFuzzyLevel & (FL_IGNORECASE | FL_LOOSE))
        flags |= PROP_TEXT_IGNORE_CASE;
    if (res->ulFuzzyLevel & (FL_IGNORENONSPACE | FL_LOOSE))
        flags |= PROP_TEXT_IGNORE_MARKS;
    struct prop_text text;
    struct prop_text wanted;
    if (!prop_text_of(value, flags, &text) || !prop_text_of(res->lpProp, flags, &wanted))
        return false;
    switch (level) {
    case FL_SUBSTRING:
        return prop_text_contains(text, wanted);
    case FL_PREFIX:
        return prop_text_starts_with(text, wanted);
    default:
        return prop_text_compare(text, wanted) == 0;
    }
}

static bool match_content(const SContentRestriction *res, const struct row_source *row)
{
    const SPropValue *value = property_of(row, res->ulPropTag);
    return value != NULL && any_element(value, content_test, res);
}

static bool match_compare(const SComparePropsRestriction *res, const struct row_source *row)
{
    const SPropValue *left = property_of(row, res->ulPropTag1);
    const SPropValue *right = left != NULL ? property_of(row, res->ulPropTag2) : NULL;
    int order;
    return right != NULL && prop_value_compare(left, right, 0, &order) && satisfies(res->relop, order);
}

static bool match_bits(const SBitMaskRestriction *res, const struct row_source *row)
{
    const SPropValue *value = property_of(row, res->ulPropTag);
    if (value == NULL || PROP_TYPE(value->ulPropTag) != PT_LONG)
        return false;
    return ((value->Value.ul & res->ulMask) != 0) == (res->relBMR == BMR_NEZ);
}

static bool match_size(const SSizeRestriction *res, const struct row_source *row)
{
    size_t size;
    if (row->size != NULL) {
        if (!row->size(row->self, res->ulPropTag, &size))
            return false;
    } else {
        const SPropValue *value = property_of(row, res->ulPropTag);
        if (value == NULL)
            return false;
        size = prop_value_data_size(value);
    }
    return satisfies(res->relop, (size > res->cb) - (size < res->cb));
}

static bool match_exist(const SExistRestriction *res, const struct row_source *row)
{
    if (row->exists != NULL)
        return row->exists(row->self, res->ulPropTag);
    return property_of(row, res->ulPropTag) != NULL;
}

static bool sub_row_test(void *context, const struct row_source *row)
{
    return restriction_matches(context, row);
}

bool restriction_matches(const SRestriction *restriction, const struct row_source *row)
{
    if (restriction == NULL)
        return true;
    const SRestriction *res = restriction;
    switch (res->rt) {
    case RES_AND:
        for (ULONG i = 0; i < res->res.resAnd.cRes; i++)
            if (!restriction_matches(&res->res.resAnd.lpRes[i], row))
                return false;
        return true;
    case RES_OR:
        for (ULONG i = 0; i < res->res.resOr.cRes; i++)
            if (restriction_matches(&res->res.resOr.lpRes[i], row))
                return true;
        return false;
    case RES_NOT:
        return !restriction_matches(res->res.resNot.lpRes, row);
    case RES_CONTENT:
        return match_content(&res->res.resContent, row);
    case RES_PROPERTY:
        return match_property(&res->res.resProperty, row);
    case RES_COMPAREPROPS:
        return match_compare(&res->res.resCompareProps, row);
    case RES_BITMASK:
        return match_bits(&res->res.resBitMask, row);
    case RES_SIZE:
        return match_size(&res->res.resSize, row);
    case RES_EXIST:
        return match_exist(&res->res.resExist, row);
    case RES_SUBRESTRICTION:
        return row->any_sub_row != NULL &&
               row->any_sub_row(row->self, res->res.resSub.ulSubObject, sub_row_test, res->res.resSub.lpRes);
    case RES_COMMENT:
    case RES_ANNOTATION:
        return restriction_matches(res->res.resComment.lpRes, row);
    default:
        return false;
    }
}
