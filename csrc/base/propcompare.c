/* base/propcompare.c - which of two property values comes first (declared in base/propvalue.h). */
#include "base/propvalue.h"

#include <stdint.h>
#include <string.h>

#include "base/proptext.h"

#define SIGN_OF(left, right) (((left) > (right)) - ((left) < (right)))

_Static_assert((int)PROP_COMPARE_IGNORE_CASE == (int)PROP_TEXT_IGNORE_CASE, "flags are passed through");

static bool compare_floating(double left, double right, int *order)
{
    if (left != left || right != right) /* not a number: neither before nor after nor the same */
        return false;
    *order = SIGN_OF(left, right);
    return true;
}

static uint64_t time_of(const FILETIME *time)
{
    return (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

static int compare_binary(const SBinary *left, const SBinary *right)
{
    ULONG shorter = left->cb < right->cb ? left->cb : right->cb;
    int order = shorter > 0 ? memcmp(left->lpb, right->lpb, shorter) : 0;
    return order != 0 ? order : SIGN_OF(left->cb, right->cb);
}

static bool is_string(ULONG tag)
{
    return PROP_TYPE(tag) == PT_STRING8 || PROP_TYPE(tag) == PT_UNICODE;
}

static bool compare_strings(const SPropValue *left, const SPropValue *right, unsigned flags, int *order)
{
    struct prop_text l;
    struct prop_text r;
    if (!prop_text_of(left, flags, &l) || !prop_text_of(right, flags, &r))
        return false;
    *order = prop_text_compare(l, r);
    return true;
}

static bool compare_single(const SPropValue *left, const SPropValue *right, unsigned flags, int *order)
{
    const union PV *l = &left->Value;
    const union PV *r = &right->Value;
    if (is_string(left->ulPropTag))
        return compare_strings(left, right, flags, order);
    if (PROP_TYPE(left->ulPropTag) != PROP_TYPE(right->ulPropTag))
        return false;
    switch (PROP_TYPE(left->ulPropTag)) {
    case PT_I2:
        *order = SIGN_OF(l->i, r->i);
        return true;
    case PT_LONG:
        *order = SIGN_OF(l->l, r->l);
        return true;
    case PT_ERROR:
        *order = SIGN_OF(l->err, r->err);
        return true;
    case PT_R4:
        return compare_floating((double)l->flt, (double)r->flt, order);
    case PT_DOUBLE:
        return compare_floating(l->dbl, r->dbl, order);
    case PT_APPTIME:
        return compare_floating(l->at, r->at, order);
    case PT_BOOLEAN:
        *order = (l->b != 0) - (r->b != 0);
        return true;
    case PT_CURRENCY:
        *order = SIGN_OF(l->cur.int64, r->cur.int64);
        return true;
    case PT_I8:
        *order = SIGN_OF(l->li.QuadPart, r->li.QuadPart);
        return true;
    case PT_SYSTIME:
        *order = SIGN_OF(time_of(&l->ft), time_of(&r->ft));
        return true;
    case PT_CLSID:
        *order = memcmp(l->lpguid, r->lpguid, sizeof(GUID));
        return true;
    case PT_BINARY:
        *order = compare_binary(&l->bin, &r->bin);
        return true;
    default:
        return false;
    }
}

bool prop_value_compare(const SPropValue *left, const SPropValue *right, unsigned flags, int *order)
{
    bool left_many = (left->ulPropTag & MV_FLAG) != 0;
    if (left_many != ((right->ulPropTag & MV_FLAG) != 0))
        return false;
    if (!left_many)
        return compare_single(left, right, flags, order);
    for (ULONG i = 0;; i++) {
        SPropValue l;
        SPropValue r;
        bool more_left = prop_value_element(left, i, &l);
        bool more_right = prop_value_element(right, i, &r);
        if (!more_left || !more_right) {
            *order = more_left - more_right;
            return true;
        }
        if (!compare_single(&l, &r, flags, order))
            return false;
        if (*order != 0)
            return true;
    }
}
