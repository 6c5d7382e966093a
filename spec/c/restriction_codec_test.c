/* base/restriction_codec.h: what is kept of a restriction comes back, and anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/restriction.h"
#include "base/restriction_codec.h"
#include "support/fault.h"

#define NUMBERS PROP_TAG(PT_MV_LONG, 0x6802)

static LONG numbers[] = {3, 5};
static BYTE key[] = {1, 2, 3, 4};

/* One of each kind there is. */
static SRestriction *everything(void)
{
    static SPropValue text, bytes, number, list, comment[2];
    static SRestriction leaves[10], inner[4], whole;
    text = (SPropValue){PR_SUBJECT_W, 0, {.lpszW = (LPWSTR)(uintptr_t)u"\u00E9t\u00E9"}};
    bytes = (SPropValue){PR_SEARCH_KEY, 0, {.bin = {4, key}}};
    number = (SPropValue){PR_IMPORTANCE, 0, {.l = -1}};
    list = (SPropValue){NUMBERS, 0, {.MVl = {2, numbers}}};
    comment[0] = (SPropValue){PR_COMMENT_A, 0, {.lpszA = (LPSTR)(uintptr_t) "why"}};
    comment[1] = number;
    leaves[0] = (SRestriction){.rt = RES_CONTENT, .res.resContent = {FL_PREFIX | FL_LOOSE, PR_SUBJECT_A, &text}};
    leaves[1] = (SRestriction){.rt = RES_PROPERTY, .res.resProperty = {RELOP_GE, PR_SEARCH_KEY, &bytes}};
    leaves[2] = (SRestriction){.rt = RES_PROPERTY, .res.resProperty = {RELOP_NE, NUMBERS, &list}};
    leaves[3] =
        (SRestriction){.rt = RES_COMPAREPROPS, .res.resCompareProps = {RELOP_LT, PR_SUBJECT_W, PR_SENDER_NAME_A}};
    leaves[4] = (SRestriction){.rt = RES_BITMASK, .res.resBitMask = {BMR_NEZ, PR_MESSAGE_FLAGS, 0x80000001}};
    leaves[5] = (SRestriction){.rt = RES_SIZE, .res.resSize = {RELOP_GT, PR_BODY_W, 4096}};
    leaves[6] = (SRestriction){.rt = RES_EXIST, .res.resExist = {0, PR_BODY_A, 0}};
    inner[0] = (SRestriction){.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_IMPORTANCE, &number}};
    inner[1] = (SRestriction){.rt = RES_NOT, .res.resNot = {0, &inner[0]}};
    inner[2] = (SRestriction){.rt = RES_COMMENT, .res.resComment = {2, &inner[1], comment}};
    inner[3] = (SRestriction){.rt = RES_ANNOTATION, .res.resComment = {0, NULL, NULL}};
    leaves[7] = (SRestriction){.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_ATTACHMENTS, &inner[2]}};
    leaves[8] = (SRestriction){.rt = RES_OR, .res.resOr = {0, NULL}};
    leaves[9] = inner[3];
    whole = (SRestriction){.rt = RES_AND, .res.resAnd = {10, leaves}};
    return &whole;
}

static void what_is_kept_comes_back(void **state)
{
    static const ULONG widths[] = {0, MAPI_UNICODE};
    (void)state;
    struct byte_buffer kept;
    byte_buffer_init(&kept);
    assert_int_equal(restriction_encode(everything(), &kept), S_OK);
    for (int i = 0; i < 2; i++) {
        LPSRestriction copy = NULL;
        ULONG type = i ? PT_UNICODE : PT_STRING8;
        assert_int_equal(restriction_decode(kept.bytes, kept.size, widths[i], &copy), S_OK);
        const SRestriction *leaf = copy->res.resAnd.lpRes;
        assert_int_equal(leaf[0].res.resContent.ulFuzzyLevel, FL_PREFIX | FL_LOOSE);
        assert_int_equal(leaf[0].res.resContent.ulPropTag, CHANGE_PROP_TYPE(PR_SUBJECT_W, type));
        assert_int_equal(leaf[0].res.resContent.lpProp->ulPropTag, CHANGE_PROP_TYPE(PR_SUBJECT_W, type));
        if (i)
            assert_int_equal(leaf[0].res.resContent.lpProp->Value.lpszW[2], 0xE9);
        else
            assert_string_equal(leaf[0].res.resContent.lpProp->Value.lpszA, "\xC3\xA9t\xC3\xA9");
        assert_int_equal(leaf[2].res.resProperty.lpProp->Value.MVl.cValues, 2);
        assert_int_equal(leaf[3].res.resCompareProps.ulPropTag2, CHANGE_PROP_TYPE(PR_SENDER_NAME_W, type));
        assert_int_equal(leaf[4].res.resBitMask.ulMask, 0x80000001);
        assert_int_equal(leaf[7].res.resSub.lpRes->res.resComment.cValues, 2);
        assert_int_equal(leaf[9].rt, RES_ANNOTATION);
        assert_null(leaf[9].res.resComment.lpRes);
        MAPIFreeBuffer(copy);
    }
    byte_buffer_free(&kept);
}

/* Once in one width it stays as it is. */
static void a_copy_is_kept_like_the_original(void **state)
{
    (void)state;
    struct byte_buffer first, second;
    LPSRestriction copy = NULL, another = NULL;
    byte_buffer_init(&first);
    byte_buffer_init(&second);
    assert_int_equal(restriction_encode(everything(), &first), S_OK);
    assert_int_equal(restriction_decode(first.bytes, first.size, MAPI_UNICODE, &copy), S_OK);
    byte_buffer_clear(&first);
    assert_int_equal(restriction_encode(copy, &first), S_OK);
    assert_int_equal(restriction_decode(first.bytes, first.size, MAPI_UNICODE, &another), S_OK);
    assert_int_equal(restriction_encode(another, &second), S_OK);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.bytes, second.bytes, first.size);
    MAPIFreeBuffer(copy);
    MAPIFreeBuffer(another);
    byte_buffer_free(&first);
    byte_buffer_free(&second);
}

static void what_cannot_be_kept(void **state)
{
    (void)state;
    struct byte_buffer kept;
    SPropValue nothing = {PR_NULL, 0, {0}};
    SRestriction null = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_NULL, &nothing}};
    SRestriction malformed = {.rt = RES_NOT, .res.resNot = {0, NULL}}, deep[RESTRICTION_DEPTH + 1];
    SRestriction both[2] = {*everything(), null};
    SRestriction whole = {.rt = RES_AND, .res.resAnd = {2, both}};
    byte_buffer_init(&kept);
    assert_int_equal(restriction_encode(NULL, &kept), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(restriction_encode(&malformed, &kept), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(restriction_encode(&whole, &kept), MAPI_E_TOO_COMPLEX);
    assert_int_equal(kept.size, 0);
    for (int i = 0; i < RESTRICTION_DEPTH; i++)
        deep[i] = (SRestriction){.rt = RES_NOT, .res.resNot = {0, &deep[i + 1]}};
    deep[RESTRICTION_DEPTH] = (SRestriction){.rt = RES_AND};
    assert_int_equal(restriction_encode(deep, &kept), MAPI_E_TOO_COMPLEX);
    LPSRestriction copy = NULL;
    assert_int_equal(restriction_encode(deep + 1, &kept), S_OK);
    assert_int_equal(restriction_decode(kept.bytes, kept.size, 0, &copy), S_OK);
    MAPIFreeBuffer(copy);
    byte_buffer_free(&kept);
}

static void damage_is_noticed(void **state)
{
    (void)state;
    struct byte_buffer kept;
    LPSRestriction copy = (LPSRestriction)8;
    byte_buffer_init(&kept);
    assert_int_equal(restriction_encode(everything(), &kept), S_OK);
    for (size_t size = 0; size < kept.size; size++) { /* cut */
        assert_int_equal(restriction_decode(kept.bytes, size, 0, &copy), MAPI_E_CORRUPT_DATA);
        assert_null(copy);
    }
    assert_int_equal(byte_buffer_append_u8(&kept, 0), S_OK); /* something behind it */
    assert_int_equal(restriction_decode(kept.bytes, kept.size, 0, &copy), MAPI_E_CORRUPT_DATA);
    kept.size--;
    for (size_t at = 0; at < kept.size; at++) /* any byte another: refused, or another restriction */
        for (int flip = 1; flip < 256; flip += 37) {
            kept.bytes[at] ^= (unsigned char)flip;
            HRESULT hr = restriction_decode(kept.bytes, kept.size, 0, &copy);
            assert_true(hr == S_OK ? restriction_check(copy) == S_OK : copy == NULL);
            MAPIFreeBuffer(copy);
            kept.bytes[at] ^= (unsigned char)flip;
        }
    /* A count that nothing follows takes no memory; nodes in nodes take no stack. */
    static const unsigned char many[] = {1, RES_AND, 0xFF, 0xFF, 0xFF, 0xFF, RES_AND};
    assert_int_equal(restriction_decode(many, sizeof many, 0, &copy), MAPI_E_CORRUPT_DATA);
    unsigned char *nested = malloc(1 << 20);
    memset(nested, RES_NOT, 1 << 20);
    nested[0] = 1;
    assert_int_equal(restriction_decode(nested, 1 << 20, 0, &copy), MAPI_E_CORRUPT_DATA);
    free(nested);
    byte_buffer_free(&kept);
}

static HRESULT there_and_back(void *context)
{
    struct byte_buffer kept;
    LPSRestriction copy = NULL;
    (void)context;
    byte_buffer_init(&kept);
    HRESULT hr = restriction_encode(everything(), &kept);
    if (SUCCEEDED(hr))
        hr = restriction_decode(kept.bytes, kept.size, MAPI_UNICODE, &copy);
    MAPIFreeBuffer(copy);
    byte_buffer_free(&kept);
    return hr;
}

static void memory_that_runs_out(void **state)
{
    (void)state;
    assert_true(fault_sweep(there_and_back, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_comes_back), cmocka_unit_test(a_copy_is_kept_like_the_original),
        cmocka_unit_test(what_cannot_be_kept),     cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
