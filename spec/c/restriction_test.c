/* base/restriction.h: checking, copying, deciding (contract of the pages types-of-restrictions.md and below it). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapix.h>

#include "base/failure.h"
#include "base/fold.h"
#include "base/propvalue.h"
#include "base/restriction.h"
#include "support/fault.h"

#define SUBJECT PROP_TAG(PT_UNICODE, 0x0037)
#define SIZE    PROP_TAG(PT_LONG, 0x0E08)
#define LIMIT   PROP_TAG(PT_LONG, 0x6801)
#define NUMBERS PROP_TAG(PT_MV_LONG, 0x6802)
#define KEY     PROP_TAG(PT_BINARY, 0x6803)
#define NAMES   PROP_TAG(PT_MV_UNICODE, 0x6804)
#define NARROW  PROP_TAG(PT_STRING8, 0x6805)
#define ABSENT  PROP_TAG(PT_LONG, 0x6806)

/* ---- a row, and two recipients below it ---- */

struct test_row {
    SPropValue values[8];
    ULONG count;
};

static LONG numbers[] = {3, 5};
static BYTE key[] = {1, 2, 3, 4};
static LPWSTR names[2];
static struct test_row row;
static struct test_row recipients[2];

static const SPropValue *find(void *self, ULONG tag)
{
    struct test_row *in = self;
    for (ULONG i = 0; i < in->count; i++)
        if (PROP_ID(in->values[i].ulPropTag) == PROP_ID(tag))
            return &in->values[i];
    return NULL;
}

static bool any_recipient(void *self, ULONG object, bool (*test)(void *, const struct row_source *), void *context)
{
    (void)self;
    if (object != PR_MESSAGE_RECIPIENTS)
        return false;
    for (int i = 0; i < 2; i++) {
        const struct row_source source = {.self = &recipients[i], .property = find};
        if (test(context, &source))
            return true;
    }
    return false;
}

static const struct row_source source = {.self = &row, .property = find, .any_sub_row = any_recipient};

static WCHAR *wide(const WCHAR *text)
{
    return (WCHAR *)(uintptr_t)text;
}

static int make_rows(void **state)
{
    (void)state;
    names[0] = wide(u"Archive");
    names[1] = wide(u"B\u00FCro");
    row = (struct test_row){{
                                {.ulPropTag = SUBJECT, .Value.lpszW = wide(u"Caf\u00E9 Sch\u00F6n \u0416")},
                                {.ulPropTag = SIZE, .Value.l = 6},
                                {.ulPropTag = LIMIT, .Value.l = 10},
                                {.ulPropTag = NUMBERS, .Value.MVl = {2, numbers}},
                                {.ulPropTag = KEY, .Value.bin = {4, key}},
                                {.ulPropTag = NAMES, .Value.MVszW = {2, names}},
                                {.ulPropTag = NARROW, .Value.lpszA = (char *)(uintptr_t) "\xC3\x84rger"},
                                {.ulPropTag = CHANGE_PROP_TYPE(ABSENT, PT_ERROR), .Value.err = MAPI_E_NOT_FOUND},
                            },
                            8};
    recipients[0] = (struct test_row){{{.ulPropTag = SIZE, .Value.l = 1}}, 1};
    recipients[1] = (struct test_row){{{.ulPropTag = SIZE, .Value.l = 2}}, 1};
    return 0;
}

/* ---- making restrictions; the values live in statics until the next test row ---- */

static SPropValue value_pool[32];
static unsigned values_used;

static SPropValue *number(ULONG tag, LONG n)
{
    SPropValue *value = &value_pool[values_used++ % 32];
    *value = (SPropValue){.ulPropTag = tag, .Value.l = n};
    return value;
}

static SPropValue *text(const WCHAR *characters)
{
    SPropValue *value = &value_pool[values_used++ % 32];
    *value = (SPropValue){.ulPropTag = SUBJECT, .Value.lpszW = wide(characters)};
    return value;
}

static SPropValue *narrow_text(const char *characters)
{
    SPropValue *value = &value_pool[values_used++ % 32];
    *value = (SPropValue){.ulPropTag = NARROW, .Value.lpszA = (char *)(uintptr_t)characters};
    return value;
}

static SPropValue *binary(BYTE *bytes, ULONG size)
{
    SPropValue *value = &value_pool[values_used++ % 32];
    *value = (SPropValue){.ulPropTag = KEY, .Value.bin = {size, bytes}};
    return value;
}

static SRestriction property(ULONG relop, ULONG tag, SPropValue *value)
{
    SRestriction res = {.rt = RES_PROPERTY};
    res.res.resProperty = (SPropertyRestriction){relop, tag, value};
    return res;
}

static SRestriction content(ULONG level, ULONG tag, SPropValue *value)
{
    SRestriction res = {.rt = RES_CONTENT};
    res.res.resContent = (SContentRestriction){level, tag, value};
    return res;
}

static SRestriction exist(ULONG tag)
{
    SRestriction res = {.rt = RES_EXIST};
    res.res.resExist.ulPropTag = tag;
    return res;
}

static SRestriction both(ULONG rt, SRestriction *list, ULONG count)
{
    SRestriction res = {.rt = rt};
    res.res.resAnd = (SAndRestriction){count, list};
    return res;
}

static SRestriction not(SRestriction * of)
{
    SRestriction res = {.rt = RES_NOT};
    res.res.resNot.lpRes = of;
    return res;
}

/* Checks, copies, and decides with the copy: so every test of meaning is one of copying too. */
static bool matches(SRestriction res)
{
    assert_int_equal(restriction_check(&res), S_OK);
    SRestriction *copy;
    SRestriction *kept;
    assert_int_equal(restriction_copy(&res, &copy), S_OK);
    assert_int_equal(restriction_keep(&res, &kept), S_OK);
    bool answer = restriction_matches(&res, &source);
    assert_int_equal(restriction_matches(copy, &source), answer);
    assert_int_equal(restriction_matches(kept, &source), answer);
    MAPIFreeBuffer(copy);
    free(kept);
    return answer;
}

/* ---- deciding ---- */

static void relations_compare(void **state)
{
    (void)state;
    assert_true(matches(property(RELOP_LT, SIZE, number(SIZE, 7))));
    assert_false(matches(property(RELOP_LT, SIZE, number(SIZE, 6))));
    assert_true(matches(property(RELOP_LE, SIZE, number(SIZE, 6))));
    assert_true(matches(property(RELOP_GT, SIZE, number(SIZE, 5))));
    assert_false(matches(property(RELOP_GT, SIZE, number(SIZE, 6))));
    assert_true(matches(property(RELOP_GE, SIZE, number(SIZE, 6))));
    assert_true(matches(property(RELOP_EQ, SIZE, number(SIZE, 6))));
    assert_true(matches(property(RELOP_NE, SIZE, number(SIZE, 5))));
    assert_true(matches(property(RELOP_EQ, SUBJECT, text(u"Caf\u00E9 Sch\u00F6n \u0416"))));
    assert_false(matches(property(RELOP_EQ, SUBJECT, text(u"caf\u00E9 sch\u00F6n \u0416"))));
    assert_true(matches(property(RELOP_EQ, NARROW, text(u"\u00C4rger")))); /* widths do not matter */
    assert_true(matches(property(RELOP_EQ, KEY, binary(key, 4))));
    assert_true(matches(property(RELOP_GT, KEY, binary(key, 3))));
}

static void absent_properties_match_nothing(void **state)
{
    (void)state;
    for (ULONG relop = RELOP_LT; relop <= RELOP_NE; relop++) {
        assert_false(matches(property(relop, ABSENT, number(ABSENT, 0))));
        assert_false(matches(property(relop, PROP_TAG(PT_LONG, 0x7000), number(ABSENT, 0))));
    }
    assert_false(matches(content(FL_SUBSTRING, PROP_TAG(PT_UNICODE, 0x7000), text(u""))));
    assert_false(matches(exist(ABSENT)));
    assert_true(matches(exist(SUBJECT)));
    assert_true(matches(exist(CHANGE_PROP_TYPE(SUBJECT, PT_UNSPECIFIED))));
    SRestriction of = property(RELOP_EQ, ABSENT, number(ABSENT, 0));
    assert_true(matches(not(&of)));
}

static void MV_matches_any_element(void **state)
{
    (void)state;
    assert_true(matches(property(RELOP_EQ, NUMBERS, number(SIZE, 5))));
    assert_false(matches(property(RELOP_EQ, NUMBERS, number(SIZE, 4))));
    assert_true(matches(property(RELOP_GT, MVI_PROP(NUMBERS), number(SIZE, 4))));
    assert_true(matches(content(FL_PREFIX | FL_LOOSE, NAMES, text(u"BUR"))));
    assert_false(matches(content(FL_FULLSTRING, NAMES, text(u"B\u00FC"))));
    SPropValue whole = {.ulPropTag = NUMBERS, .Value.MVl = {2, numbers}};
    assert_true(matches(property(RELOP_EQ, NUMBERS, &whole)));
    whole.Value.MVl.cValues = 1;
    assert_false(matches(property(RELOP_EQ, NUMBERS, &whole)));
}

static void content_is_searched(void **state)
{
    (void)state;
    assert_true(matches(content(FL_SUBSTRING, SUBJECT, text(u"Sch\u00F6n"))));
    assert_false(matches(content(FL_SUBSTRING, SUBJECT, text(u"sch\u00F6n"))));
    assert_true(matches(content(FL_SUBSTRING | FL_IGNORECASE, SUBJECT, text(u"SCH\u00D6N \u0436"))));
    assert_false(matches(content(FL_SUBSTRING | FL_IGNORECASE, SUBJECT, text(u"schon"))));
    assert_true(matches(content(FL_SUBSTRING | FL_IGNORENONSPACE, SUBJECT, text(u"Schon"))));
    assert_true(matches(content(FL_SUBSTRING | FL_IGNORENONSPACE, SUBJECT, text(u"Scho\u0308n")))); /* combining mark */
    assert_true(matches(content(FL_SUBSTRING | FL_LOOSE, SUBJECT, text(u"CAFE SCHON"))));
    assert_true(matches(content(FL_PREFIX, SUBJECT, text(u"Caf"))));
    assert_false(matches(content(FL_PREFIX, SUBJECT, text(u"af"))));
    assert_true(matches(content(FL_SUBSTRING, SUBJECT, text(u"\u0416")))); /* at the very end */
    assert_false(matches(content(FL_SUBSTRING, SUBJECT, text(u"\u0416x"))));
    assert_true(matches(content(FL_SUBSTRING, SUBJECT, text(u""))));
    assert_false(matches(content(FL_FULLSTRING, SUBJECT, text(u"Caf\u00E9")))); /* FULLSTRING is equality */
    assert_true(matches(content(FL_FULLSTRING | FL_LOOSE, SUBJECT, text(u"CAFE SCHON \u0436"))));
    assert_true(matches(content(FL_SUBSTRING | FL_IGNORECASE, NARROW, text(u"\u00E4RG"))));
    assert_true(matches(content(FL_PREFIX, SUBJECT, narrow_text("Caf\xC3\xA9"))));
}

static void bytes_are_searched(void **state)
{
    (void)state;
    BYTE other[] = {2, 4};
    assert_true(matches(content(FL_SUBSTRING, KEY, binary(key + 1, 2))));
    assert_true(matches(content(FL_SUBSTRING, KEY, binary(key + 3, 1))));
    assert_false(matches(content(FL_SUBSTRING, KEY, binary(other, 2))));
    assert_true(matches(content(FL_PREFIX, KEY, binary(key, 2))));
    assert_false(matches(content(FL_PREFIX, KEY, binary(key + 1, 2))));
    assert_false(matches(content(FL_FULLSTRING, KEY, binary(key, 3))));
    assert_true(matches(content(FL_FULLSTRING | FL_IGNORECASE, KEY, binary(key, 4))));
    assert_true(matches(content(FL_SUBSTRING, KEY, binary(NULL, 0))));
}

static void logic_combines(void **state)
{
    (void)state;
    SRestriction list[2] = {property(RELOP_EQ, SIZE, number(SIZE, 6)), property(RELOP_EQ, SIZE, number(SIZE, 7))};
    assert_false(matches(both(RES_AND, list, 2)));
    assert_true(matches(both(RES_OR, list, 2)));
    assert_true(matches(both(RES_AND, list, 1)));
    assert_true(matches(both(RES_AND, NULL, 0)));
    assert_false(matches(both(RES_OR, NULL, 0)));
    assert_false(matches(not(&list[0])));
    assert_true(matches(not(&list[1])));
    assert_true(restriction_matches(NULL, &source));
}

static void the_other_kinds(void **state)
{
    (void)state;
    SRestriction res = {.rt = RES_COMPAREPROPS};
    res.res.resCompareProps = (SComparePropsRestriction){RELOP_LT, SIZE, LIMIT};
    assert_true(matches(res));
    res.res.resCompareProps = (SComparePropsRestriction){RELOP_LT, LIMIT, SIZE};
    assert_false(matches(res));
    res.res.resCompareProps = (SComparePropsRestriction){RELOP_NE, SIZE, ABSENT};
    assert_false(matches(res));
    res.res.resCompareProps = (SComparePropsRestriction){RELOP_NE, SIZE, SUBJECT};
    assert_false(matches(res));
    res = (SRestriction){.rt = RES_BITMASK};
    res.res.resBitMask = (SBitMaskRestriction){BMR_NEZ, SIZE, 4};
    assert_true(matches(res));
    res.res.resBitMask.ulMask = 1;
    assert_false(matches(res));
    res.res.resBitMask.relBMR = BMR_EQZ;
    assert_true(matches(res));
    res.res.resBitMask.ulPropTag = ABSENT;
    assert_false(matches(res));
    res = (SRestriction){.rt = RES_SIZE};
    res.res.resSize = (SSizeRestriction){RELOP_EQ, KEY, 4};
    assert_true(matches(res));
    res.res.resSize = (SSizeRestriction){RELOP_GT, NUMBERS, 7};
    assert_true(matches(res));
    res.res.resSize = (SSizeRestriction){RELOP_GE, ABSENT, 0};
    assert_false(matches(res));
    SRestriction inner = property(RELOP_EQ, SIZE, number(SIZE, 2));
    res = (SRestriction){.rt = RES_SUBRESTRICTION};
    res.res.resSub = (SSubRestriction){PR_MESSAGE_RECIPIENTS, &inner};
    assert_true(matches(res));
    inner.res.resProperty.lpProp = number(SIZE, 6); /* the message's own size, no recipient's */
    assert_false(matches(res));
    res.res.resSub.ulSubObject = PR_MESSAGE_ATTACHMENTS;
    assert_false(matches(res));
    SPropValue comments[2] = {*text(u"why"), *number(SIZE, 1)};
    res = (SRestriction){.rt = RES_COMMENT};
    res.res.resComment = (SCommentRestriction){2, &inner, comments};
    assert_true(matches(res));
    res.rt = RES_ANNOTATION;
    res.res.resComment.lpRes = NULL;
    assert_true(matches(res));
}

static bool exists_only(void *self, ULONG tag)
{
    (void)self;
    return tag == SUBJECT;
}

static bool large_size(void *self, ULONG tag, size_t *size)
{
    (void)self;
    *size = 0x80000000u;
    return tag == SUBJECT;
}

static void cheap_callbacks_are_asked_first(void **state)
{
    (void)state;
    const struct row_source cheap = {.self = &row, .property = find, .exists = exists_only, .size = large_size};
    SRestriction res = exist(SIZE);
    assert_false(restriction_matches(&res, &cheap));
    res = (SRestriction){.rt = RES_SIZE};
    res.res.resSize = (SSizeRestriction){RELOP_GT, SUBJECT, 0x7FFFFFFF};
    assert_true(restriction_matches(&res, &cheap));
    res.res.resSize.ulPropTag = SIZE;
    assert_false(restriction_matches(&res, &cheap));
}

/* ---- checking ---- */

static void assert_refused(SRestriction res, HRESULT expected)
{
    failure_clear();
    assert_int_equal(restriction_check(&res), expected);
    assert_non_null(failure_detail(expected));
    SRestriction *copy = &res;
    assert_int_equal(restriction_copy(&res, &copy), expected);
    assert_null(copy);
    copy = &res;
    assert_int_equal(restriction_keep(&res, &copy), expected);
    assert_null(copy);
}

static void malformed_restrictions_are_refused(void **state)
{
    (void)state;
    SRestriction ok = exist(SIZE);
    assert_refused(property(RELOP_EQ, SIZE, NULL), MAPI_E_INVALID_PARAMETER);
    assert_refused(property(7, SIZE, number(SIZE, 1)), MAPI_E_INVALID_PARAMETER);
    assert_refused(property(RELOP_EQ, SIZE, text(u"6")), MAPI_E_INVALID_PARAMETER);
    assert_refused(property(RELOP_EQ, SUBJECT, text(NULL)), MAPI_E_INVALID_PARAMETER);
    SPropValue many = {.ulPropTag = NUMBERS, .Value.MVl = {2, numbers}};
    assert_refused(property(RELOP_EQ, SIZE, &many), MAPI_E_INVALID_PARAMETER);
    assert_refused(content(3, SUBJECT, text(u"x")), MAPI_E_INVALID_PARAMETER);
    assert_refused(content(0x80000, SUBJECT, text(u"x")), MAPI_E_INVALID_PARAMETER);
    assert_refused(content(0, SIZE, number(SIZE, 1)), MAPI_E_INVALID_PARAMETER);
    assert_refused(both(RES_AND, NULL, 1), MAPI_E_INVALID_PARAMETER);
    assert_refused(both(RES_OR, NULL, 2), MAPI_E_INVALID_PARAMETER);
    assert_refused(not(NULL), MAPI_E_INVALID_PARAMETER);
    SRestriction res = not(&ok);
    res.res.resNot.ulReserved = 1;
    assert_refused(res, MAPI_E_INVALID_PARAMETER);
    res = ok;
    res.res.resExist.ulReserved1 = 1;
    assert_refused(res, MAPI_E_INVALID_PARAMETER);
    res = ok;
    res.res.resExist.ulReserved2 = 1;
    assert_refused(res, MAPI_E_INVALID_PARAMETER);
    res = (SRestriction){.rt = RES_BITMASK};
    res.res.resBitMask = (SBitMaskRestriction){2, SIZE, 1};
    assert_refused(res, MAPI_E_INVALID_PARAMETER);
    res.res.resBitMask = (SBitMaskRestriction){BMR_EQZ, SUBJECT, 1};
    assert_refused(res, MAPI_E_INVALID_PARAMETER);
    res = (SRestriction){.rt = RES_SUBRESTRICTION};
    res.res.resSub.ulSubObject = PR_MESSAGE_RECIPIENTS;
    assert_refused(res, MAPI_E_INVALID_PARAMETER);
    res = (SRestriction){.rt = RES_COMMENT};
    res.res.resComment.cValues = 1;
    assert_refused(res, MAPI_E_INVALID_PARAMETER);
}

static void restrictions_too_complex_are_told(void **state)
{
    (void)state;
    assert_refused((SRestriction){.rt = 13}, MAPI_E_TOO_COMPLEX);
    assert_refused((SRestriction){.rt = RES_COUNT}, MAPI_E_TOO_COMPLEX);
    assert_refused(property(RELOP_RE, SUBJECT, text(u".*")), MAPI_E_TOO_COMPLEX);
    SRestriction ok = exist(SIZE);
    SRestriction res = {.rt = RES_SUBRESTRICTION};
    res.res.resSub = (SSubRestriction){PR_CONTAINER_CONTENTS, &ok};
    assert_refused(res, MAPI_E_TOO_COMPLEX);
    SRestriction chain[RESTRICTION_DEPTH + 1];
    chain[0] = exist(SIZE);
    for (int i = 1; i <= RESTRICTION_DEPTH; i++)
        chain[i] = not(&chain[i - 1]);
    assert_true(matches(not(&chain[RESTRICTION_DEPTH - 3])) == (RESTRICTION_DEPTH % 2 == 0));
    assert_int_equal(restriction_check(&chain[RESTRICTION_DEPTH - 1]), S_OK);
    assert_refused(chain[RESTRICTION_DEPTH], MAPI_E_TOO_COMPLEX);
    SRestriction endless = not(&endless);
    assert_int_equal(restriction_check(&endless), MAPI_E_TOO_COMPLEX);
}

static void no_restriction_stays_none(void **state)
{
    (void)state;
    SRestriction *copy;
    assert_int_equal(restriction_check(NULL), S_OK);
    assert_int_equal(restriction_copy(NULL, &copy), S_OK);
    assert_null(copy);
    assert_int_equal(restriction_keep(NULL, &copy), S_OK);
    assert_null(copy);
}

static HRESULT copy_task(void *context)
{
    SRestriction *copy;
    HRESULT hr = restriction_copy(context, &copy);
    MAPIFreeBuffer(copy);
    if (hr != S_OK)
        return hr;
    hr = restriction_keep(context, &copy);
    free(copy);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    SRestriction list[2] = {content(FL_SUBSTRING, SUBJECT, text(u"x")), exist(SIZE)};
    SRestriction res = both(RES_OR, list, 2);
    assert_true(fault_sweep(copy_task, &res) >= 2);
}

/* ---- letters ---- */

static void letters_fold(void **state)
{
    (void)state;
    static const uint32_t pairs[][2] = {
        {'A', 'a'},     {'Z', 'z'},     {'[', '['},       {0xC0, 0xE0},     {0xD7, 0xD7},     {0xDE, 0xFE},
        {0xDF, 0xDF},   {0x100, 0x101}, {0x101, 0x101},   {0x130, 0x130},   {0x131, 0x131},   {0x139, 0x13A},
        {0x148, 0x148}, {0x178, 0xFF},  {0x17D, 0x17E},   {0x17F, 's'},     {0x386, 0x3AC},   {0x38F, 0x3CE},
        {0x391, 0x3B1}, {0x3A3, 0x3C3}, {0x3C2, 0x3C3},   {0x400, 0x450},   {0x42F, 0x44F},   {0x4C0, 0x4CF},
        {0x531, 0x561}, {0x1E9E, 0xDF}, {0x1EA0, 0x1EA1}, {0xFF21, 0xFF41}, {0x4E00, 0x4E00}, {0x10FFFF, 0x10FFFF},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(fold_character(pairs[i][0]), pairs[i][1]);
        assert_int_equal(fold_character(pairs[i][1]), pairs[i][1]); /* folding twice changes nothing */
    }
    assert_int_equal(strip_marks(0xE9), 'e');
    assert_int_equal(strip_marks(0xC5), 'A');
    assert_int_equal(strip_marks(0x17E), 'z');
    assert_int_equal(strip_marks(0x142), 'l');
    assert_int_equal(strip_marks(0xDF), 0xDF);
    assert_int_equal(strip_marks(0x416), 0x416);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(relations_compare, make_rows),
        cmocka_unit_test_setup(absent_properties_match_nothing, make_rows),
        cmocka_unit_test_setup(MV_matches_any_element, make_rows),
        cmocka_unit_test_setup(content_is_searched, make_rows),
        cmocka_unit_test_setup(bytes_are_searched, make_rows),
        cmocka_unit_test_setup(logic_combines, make_rows),
        cmocka_unit_test_setup(the_other_kinds, make_rows),
        cmocka_unit_test_setup(cheap_callbacks_are_asked_first, make_rows),
        cmocka_unit_test_setup(malformed_restrictions_are_refused, make_rows),
        cmocka_unit_test_setup(restrictions_too_complex_are_told, make_rows),
        cmocka_unit_test(no_restriction_stays_none),
        cmocka_unit_test_setup(failing_memory, make_rows),
        cmocka_unit_test(letters_fold),
    };
    return cmocka_run_group_tests_name("restriction", tests, NULL, NULL);
}
