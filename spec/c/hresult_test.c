/* hresult_test.c - names, values and sentences of status codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the headers above. */
#include <actmgmt.h>
#include <cmocka.h>
#include <mapicode.h>
#include <string.h>

#include "base/hresult.h"

static uint32_t value_of(const char *name)
{
    HRESULT hr = 0x7777;
    assert_true(hresult_from_name(name, &hr));
    return (uint32_t)hr;
}

static void table_is_sorted_and_complete(void **state)
{
    (void)state;
    HRESULT hr;
    const char *mapi_name;
    const char *e_name;
    uint32_t last = 0;
    size_t count = 0;
    for (; hresult_at(count, &hr, &mapi_name, &e_name); count++) {
        assert_true(count == 0 || (uint32_t)hr > last);
        last = (uint32_t)hr;
        assert_true(mapi_name != NULL || e_name != NULL);
        if (mapi_name != NULL) {
            assert_memory_equal(mapi_name, "MAPI_", 5);
            assert_int_equal(value_of(mapi_name), (uint32_t)hr);
            assert_string_equal(hresult_name(hr), mapi_name);
        } else {
            assert_string_equal(hresult_name(hr), e_name);
        }
        if (e_name != NULL) {
            assert_int_equal(value_of(e_name), (uint32_t)hr);
            assert_string_equal(hresult_account_name(hr), e_name);
        } else {
            assert_string_equal(hresult_account_name(hr), mapi_name);
        }
        const char *text = hresult_text(hr);
        assert_non_null(text);
        assert_int_equal(text[strlen(text) - 1], '.');
    }
    assert_true(count > 100);
}

/* Values as the documentation has them, written out again. */
static void values_are_the_documented_ones(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t value;
    } known[] = {
        {"S_OK", 0},
        {"S_FALSE", 1},
        {"SUCCESS_SUCCESS", 0},
        {"MAPI_W_NO_SERVICE", 0x00040203},
        {"MAPI_W_ERRORS_RETURNED", 0x00040380},
        {"MAPI_W_POSITION_CHANGED", 0x00040481},
        {"MAPI_W_APPROX_COUNT", 0x00040482},
        {"MAPI_W_CANCEL_MESSAGE", 0x00040580},
        {"MAPI_W_PARTIAL_COMPLETION", 0x00040680},
        {"MAPI_E_CALL_FAILED", 0x80004005},
        {"E_FAIL", 0x80004005},
        {"MAPI_E_NOT_ENOUGH_MEMORY", 0x8007000E},
        {"E_OUTOFMEMORY", 0x8007000E},
        {"MAPI_E_INVALID_PARAMETER", 0x80070057},
        {"E_INVALIDARG", 0x80070057},
        {"MAPI_E_INTERFACE_NOT_SUPPORTED", 0x80004002},
        {"E_NOINTERFACE", 0x80004002},
        {"MAPI_E_NO_ACCESS", 0x80070005},
        {"E_NOTIMPL", 0x80004001},
        {"E_UNEXPECTED", 0x8000FFFF},
        {"RPC_E_WRONG_THREAD", 0x8001010E},
        {"MAPI_E_NO_SUPPORT", 0x80040102},
        {"MAPI_E_BAD_CHARWIDTH", 0x80040103},
        {"MAPI_E_UNKNOWN_FLAGS", 0x80040106},
        {"MAPI_E_INVALID_ENTRYID", 0x80040107},
        {"MAPI_E_INVALID_OBJECT", 0x80040108},
        {"MAPI_E_BUSY", 0x8004010B},
        {"MAPI_E_NOT_ENOUGH_DISK", 0x8004010D},
        {"MAPI_E_NOT_FOUND", 0x8004010F},
        {"MAPI_E_VERSION", 0x80040110},
        {"MAPI_E_LOGON_FAILED", 0x80040111},
        {"MAPI_E_USER_CANCEL", 0x80040113},
        {"MAPI_E_DISK_ERROR", 0x80040116},
        {"MAPI_E_COMPUTED", 0x8004011A},
        {"MAPI_E_UNKNOWN_LCID", 0x8004011F},
        {"MAPI_E_ACCOUNT_DISABLED", 0x80040124},
        {"MAPI_E_RECONNECTED", 0x80040125},
        {"MAPI_E_OFFLINE", 0x80040126},
        {"MAPI_E_END_OF_SESSION", 0x80040200},
        {"MAPI_E_UNKNOWN_ENTRYID", 0x80040201},
        {"MAPI_E_PROFILE_DELETED", 0x80040204},
        {"MAPI_E_BAD_VALUE", 0x80040301},
        {"MAPI_E_UNEXPECTED_ID", 0x80040307},
        {"MAPI_E_TIMEOUT", 0x80040401},
        {"MAPI_E_INVALID_BOOKMARK", 0x80040405},
        {"MAPI_E_NOT_ME", 0x80040502},
        {"MAPI_E_COLLISION", 0x80040604},
        {"MAPI_E_NOT_INITIALIZED", 0x80040605},
        {"MAPI_E_FOLDER_CYCLE", 0x8004060B},
        {"MAPI_E_STORE_FULL", 0x8004060C},
        {"MAPI_E_AMBIGUOUS_RECIP", 0x80040700},
        {"MAPI_E_NAMED_PROP_QUOTA_EXCEEDED", 0x80040900},
        {"HRESULT_FROM_WIN32(ERROR_TIMEOUT)", 0x800705B4},
        {"E_OLK_REGISTRY", 0x800C8001}, /* H20: the documentation's value, not the public header's */
        {"E_OLK_ALREADY_INITIALIZED", 0x800C8002},
        {"E_OLK_PARAM_NOT_SUPPORTED", 0x800C8003},
        {"E_OLK_NOT_INITIALIZED", 0x800C8005},
        {"E_OLK_PROP_READ_ONLY", 0x800C800D},
        {"E_ACCT_NOT_FOUND", 0x800C8101},
        {"E_ACCT_UI_BUSY", 0x800C8102},
        {"E_ACCT_WRONG_SORT_ORDER", 0x800C8105},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(value_of(known[i].name), known[i].value);
}

static void one_value_has_the_name_of_its_world(void **state)
{
    (void)state;
    assert_string_equal(hresult_name(E_INVALIDARG), "MAPI_E_INVALID_PARAMETER");
    assert_string_equal(hresult_account_name(MAPI_E_INVALID_PARAMETER), "E_INVALIDARG");
    assert_string_equal(hresult_name(E_OUTOFMEMORY), "MAPI_E_NOT_ENOUGH_MEMORY");
    assert_string_equal(hresult_account_name(E_OUTOFMEMORY), "E_OUTOFMEMORY");
    assert_string_equal(hresult_name(E_NOTIMPL), "E_NOTIMPL");
    assert_string_equal(hresult_name(E_ACCT_NOT_FOUND), "E_ACCT_NOT_FOUND");
    assert_string_equal(hresult_account_name(MAPI_E_NOT_FOUND), "MAPI_E_NOT_FOUND");
    assert_string_equal(hresult_account_name(S_OK), "S_OK");
}

static void names_never_defined_are_unknown(void **state)
{
    (void)state;
    static const char *const names[] = {
        "MAPI_E_ACCESS_DENIED",
        "MAPI_E_INVALID_FLAGS",
        "MAPI_E_BAD_CHAR_WIDTH",
        "MAPI_E_NO_INTERFACE",
        "MAPI_E_UNEXPECTED",
        "MAPI_E_USER_CANCELED",
        "mapi_e_not_found",
        "MAPI_E_NOT_FOUND ",
        "NOT_FOUND",
        "0x8004010F",
        "",
        "MAPI_",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        HRESULT hr = 42;
        assert_false(hresult_from_name(names[i], &hr));
        assert_int_equal(hr, 42);
    }
    assert_null(hresult_name((HRESULT)0x8004ABCDu));
    assert_null(hresult_account_name((HRESULT)0x8004ABCDu));
    assert_null(hresult_text((HRESULT)0xFFFFFFFFu));
    assert_null(hresult_text(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sorted_and_complete),
        cmocka_unit_test(values_are_the_documented_ones),
        cmocka_unit_test(one_value_has_the_name_of_its_world),
        cmocka_unit_test(names_never_defined_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
