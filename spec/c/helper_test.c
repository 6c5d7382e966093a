/* IOlkAccountHelper, owning and borrowing: the contract of iolkaccounthelper.md and decisions H1 to H17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mapisub.h>
#include <mapitags.h>

#include "base/utf.h"
#include "support/fault.h"
#include "support/temp_home.h"

#define PROFILE u"work"
enum { NAME_UNITS = 5 }; /* with the NUL */

static void make_profile(LPCWSTR name)
{
    static char narrow[65];
    size_t n = utf16_to_utf8(name, utf16_length(name), narrow, UTF_STRICT);
    narrow[n] = 0;
    IProfAdmin *admin = NULL;
    assert_int_equal(MAPIAdminProfiles(0, &admin), S_OK);
    assert_int_equal(admin->lpVtbl->CreateProfile(admin, (LPTSTR)narrow, NULL, 0, MAPI_DEFAULT_SERVICES), S_OK);
    admin->lpVtbl->Release(admin);
}

static int setup(void **state)
{
    (void)state;
    temp_home_make();
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    make_profile(PROFILE);
    return 0;
}

/* Whatever a test did, nothing may be left alive. */
static int teardown(void **state)
{
    (void)state;
    MAPIUninitialize();
    for (ULONG kind = 0; MapiObjectKindName(kind) != NULL; kind++)
        if (MapiObjectCount(kind) != 0)
            fail_msg("%u objects of kind %s are left", (unsigned)MapiObjectCount(kind), MapiObjectKindName(kind));
    temp_home_remove();
    return 0;
}

static IOlkAccountHelper *owning(void)
{
    IOlkAccountHelper *helper = NULL;
    assert_int_equal(OlkCreateOwningHelper(PROFILE, MAPI_NEW_SESSION, 0, NULL, &helper), S_OK);
    return helper;
}

static IMAPISession *logon(void)
{
    IMAPISession *session = NULL;
    assert_int_equal(MAPILogonEx(0, (LPSTR)(void *)(uintptr_t)PROFILE, NULL,
                                 MAPI_UNICODE | MAPI_EXTENDED | MAPI_NEW_SESSION, &session),
                     S_OK);
    return session;
}

static IOlkAccountHelper *borrowing(IMAPISession *session)
{
    IOlkAccountHelper *helper = NULL;
    assert_int_equal(OlkCreateBorrowingHelper(session, &helper), S_OK);
    return helper;
}

static IMAPISession *session_of(IOlkAccountHelper *helper)
{
    LPUNKNOWN session = NULL;
    assert_int_equal(helper->lpVtbl->GetMapiSession(helper, &session), S_OK);
    return (IMAPISession *)session;
}

static void make_it_log_on(IOlkAccountHelper *helper)
{
    IMAPISession *session = session_of(helper);
    session->lpVtbl->Release(session);
}

static HRESULT call_session(IMAPISession *session)
{
    IMAPITable *table = NULL;
    HRESULT hr = session->lpVtbl->GetMsgStoresTable(session, 0, &table);
    if (SUCCEEDED(hr))
        table->lpVtbl->Release(table);
    return hr;
}

static void end(IMAPISession *session)
{
    assert_int_equal(session->lpVtbl->Logoff(session, 0, 0, 0), S_OK);
    session->lpVtbl->Release(session);
}

static void H1_hands_off_without_a_session(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), S_OK);
    helper->lpVtbl->Release(helper);
    IMAPISession *session = logon();
    helper = borrowing(session);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), E_NOTIMPL);
    helper->lpVtbl->Release(helper);
    end(session);
}

static void H2_hands_off_twice_answers_the_same(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    make_it_log_on(helper);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), S_OK);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), S_OK);
    helper->lpVtbl->Release(helper);
    IMAPISession *session = logon();
    helper = borrowing(session);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), E_NOTIMPL);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), E_NOTIMPL);
    helper->lpVtbl->Release(helper);
    end(session);
}

static void H3_owning_logs_off_and_releases(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    IMAPISession *session = session_of(helper);
    assert_int_equal(call_session(session), S_OK);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), S_OK);
    assert_int_equal(call_session(session), MAPI_E_INVALID_OBJECT);
    assert_int_equal(MapiObjectCount(0), 1); /* ours is the last reference */
    session->lpVtbl->Release(session);
    assert_int_equal(MapiObjectCount(0), 0);
    helper->lpVtbl->Release(helper);
}

static void H3_borrowing_changes_nothing(void **state)
{
    (void)state;
    IMAPISession *session = logon();
    IOlkAccountHelper *helper = borrowing(session);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), E_NOTIMPL);
    assert_int_equal(call_session(session), S_OK);
    helper->lpVtbl->Release(helper);
    assert_int_equal(call_session(session), S_OK);
    end(session);
}

static void H5_owning_logs_on_anew_after_hands_off(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    IMAPISession *first = session_of(helper);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), S_OK);
    IMAPISession *second = session_of(helper);
    assert_ptr_not_equal(first, second);
    assert_int_equal(call_session(second), S_OK);
    first->lpVtbl->Release(first);
    second->lpVtbl->Release(second);
    helper->lpVtbl->Release(helper);
}

static void H6_H7_the_session_pointer_with_a_reference(void **state)
{
    (void)state;
    IMAPISession *session = logon();
    IOlkAccountHelper *helper = borrowing(session);
    assert_ptr_equal(session_of(helper), session);
    assert_ptr_equal(session_of(helper), session);
    session->lpVtbl->Release(session);
    session->lpVtbl->Release(session);
    helper->lpVtbl->Release(helper);
    assert_int_equal(call_session(session), S_OK);
    end(session);
}

static void H8_no_session_available(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = borrowing(NULL);
    LPUNKNOWN session = (LPUNKNOWN)(void *)&helper;
    assert_int_equal(helper->lpVtbl->GetMapiSession(helper, &session), MAPI_E_NOT_FOUND);
    assert_null(session);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), E_NOTIMPL);
    helper->lpVtbl->Release(helper);
}

static void a_failed_logon_is_answered_and_leaves_the_helper_idle(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = NULL;
    assert_int_equal(OlkCreateOwningHelper(u"nobody", MAPI_NEW_SESSION, 0, NULL, &helper), S_OK);
    LPUNKNOWN session = (LPUNKNOWN)(void *)&helper;
    assert_int_equal(helper->lpVtbl->GetMapiSession(helper, &session), MAPI_E_LOGON_FAILED);
    assert_null(session);
    make_profile(u"nobody");
    make_it_log_on(helper);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), S_OK);
    helper->lpVtbl->Release(helper);
}

static void H9_null_pointers(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    assert_int_equal(helper->lpVtbl->GetMapiSession(helper, NULL), E_INVALIDARG);
    assert_int_equal(helper->lpVtbl->GetIdentity(helper, NULL, NULL), E_INVALIDARG);
    helper->lpVtbl->Release(helper);
    assert_int_equal(OlkCreateOwningHelper(PROFILE, 0, 0, NULL, NULL), E_INVALIDARG);
    assert_int_equal(OlkCreateBorrowingHelper(NULL, NULL), E_INVALIDARG);
}

/* What is there before a call must be there afterwards. */
static void expect_untouched(const WCHAR *buffer, size_t units)
{
    for (size_t i = 0; i < units; i++)
        assert_int_equal(buffer[i], 0xAAAA);
}

static void check_identity(IOlkAccountHelper *helper)
{
    WCHAR buffer[NAME_UNITS + 1];
    memset(buffer, 0xAA, sizeof buffer);

    DWORD count = 0;
    assert_int_equal(helper->lpVtbl->GetIdentity(helper, NULL, &count), E_OUTOFMEMORY);
    assert_int_equal(count, NAME_UNITS);

    count = NAME_UNITS - 1; /* the name without its NUL */
    assert_int_equal(helper->lpVtbl->GetIdentity(helper, buffer, &count), E_OUTOFMEMORY);
    assert_int_equal(count, NAME_UNITS);
    expect_untouched(buffer, NAME_UNITS + 1);

    assert_int_equal(helper->lpVtbl->GetIdentity(helper, buffer, &count), S_OK); /* exact fit */
    assert_int_equal(count, NAME_UNITS);
    assert_memory_equal(buffer, PROFILE, NAME_UNITS * sizeof(WCHAR));
    expect_untouched(buffer + NAME_UNITS, 1);

    count = 1000;
    WCHAR wide[1000];
    assert_int_equal(helper->lpVtbl->GetIdentity(helper, wide, &count), S_OK);
    assert_int_equal(count, NAME_UNITS);
    assert_int_equal(helper->lpVtbl->GetIdentity(helper, NULL, &count), E_INVALIDARG);
}

static void H10_identity_counts_the_NUL(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    check_identity(helper);
    helper->lpVtbl->Release(helper);
    IMAPISession *session = logon();
    helper = borrowing(session);
    check_identity(helper);
    helper->lpVtbl->Release(helper);
    end(session);
}

static void H11_no_profile_to_name(void **state)
{
    (void)state;
    WCHAR buffer[65];
    DWORD count = 65;
    IOlkAccountHelper *helper = borrowing(NULL);
    assert_int_equal(helper->lpVtbl->GetIdentity(helper, buffer, &count), E_INVALIDARG);
    helper->lpVtbl->Release(helper);
    assert_int_equal(OlkCreateOwningHelper(u"", MAPI_USE_DEFAULT, 0, NULL, &helper), S_OK);
    assert_int_equal(helper->lpVtbl->GetIdentity(helper, buffer, &count), E_INVALIDARG);
    helper->lpVtbl->Release(helper);
    assert_int_equal(count, 65);
}

static void identity_of_an_owning_helper_without_a_name_is_the_default_profile(void **state)
{
    (void)state;
    IProfAdmin *admin = NULL;
    assert_int_equal(MAPIAdminProfiles(0, &admin), S_OK);
    assert_int_equal(admin->lpVtbl->SetDefaultProfile(admin, (LPTSTR) "work", 0), S_OK);
    admin->lpVtbl->Release(admin);
    IOlkAccountHelper *helper = NULL;
    assert_int_equal(OlkCreateOwningHelper(NULL, MAPI_USE_DEFAULT | MAPI_NEW_SESSION, 0, NULL, &helper), S_OK);
    check_identity(helper);
    IMAPISession *session = session_of(helper);
    check_identity(helper);
    session->lpVtbl->Release(session);
    helper->lpVtbl->Release(helper);
}

static void H12_a_borrowed_session_that_has_ended(void **state)
{
    (void)state;
    IMAPISession *session = logon();
    IOlkAccountHelper *helper = borrowing(session);
    end(session);
    LPUNKNOWN lent = (LPUNKNOWN)(void *)&helper;
    assert_int_equal(helper->lpVtbl->GetMapiSession(helper, &lent), MAPI_E_END_OF_SESSION);
    assert_null(lent);
    assert_int_equal(helper->lpVtbl->HandsOffSession(helper), E_NOTIMPL);
    DWORD count = 0;
    assert_int_equal(helper->lpVtbl->GetIdentity(helper, NULL, &count), E_INVALIDARG);
    helper->lpVtbl->Release(helper);
}

static void an_owned_session_that_its_borrower_logged_off_is_replaced(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    end(session_of(helper));
    IMAPISession *second = session_of(helper);
    assert_int_equal(call_session(second), S_OK);
    second->lpVtbl->Release(second);
    helper->lpVtbl->Release(helper);
}

static void H14_last_release_hands_off(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    IMAPISession *session = session_of(helper);
    helper->lpVtbl->Release(helper);
    assert_int_equal(call_session(session), MAPI_E_INVALID_OBJECT);
    session->lpVtbl->Release(session);
}

static void H16_placeholder1_is_never_implemented(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    assert_int_equal(helper->lpVtbl->Placeholder1(helper, NULL), E_NOTIMPL);
    assert_int_equal(helper->lpVtbl->Placeholder1(helper, helper), E_NOTIMPL);
    helper->lpVtbl->Release(helper);
}

static void H17_identity_of_QueryInterface(void **state)
{
    (void)state;
    IOlkAccountHelper *helper = owning();
    void *found = NULL;
    assert_int_equal(helper->lpVtbl->QueryInterface(helper, &IID_IUnknown, &found), S_OK);
    assert_ptr_equal(found, helper);
    assert_int_equal(helper->lpVtbl->QueryInterface(helper, &IID_IOlkAccountHelper, &found), S_OK);
    assert_ptr_equal(found, helper);
    assert_int_equal(helper->lpVtbl->QueryInterface(helper, &IID_IMAPISession, &found), E_NOINTERFACE);
    assert_null(found);
    for (int i = 0; i < 3; i++)
        helper->lpVtbl->Release(helper);
}

static HRESULT whole_life(void *context)
{
    (void)context;
    IOlkAccountHelper *helper = NULL;
    HRESULT hr = OlkCreateOwningHelper(PROFILE, MAPI_NEW_SESSION, 0, NULL, &helper);
    if (FAILED(hr))
        return hr;
    LPUNKNOWN session = NULL;
    WCHAR buffer[65];
    DWORD count = 65;
    hr = helper->lpVtbl->GetIdentity(helper, buffer, &count);
    if (SUCCEEDED(hr))
        hr = helper->lpVtbl->GetMapiSession(helper, &session);
    if (SUCCEEDED(hr)) {
        session->lpVtbl->Release(session);
        hr = helper->lpVtbl->HandsOffSession(helper);
    }
    helper->lpVtbl->Release(helper);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    fault_sweep(whole_life, NULL);
}

#define IN_A_HOME(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOME(H1_hands_off_without_a_session),
        IN_A_HOME(H2_hands_off_twice_answers_the_same),
        IN_A_HOME(H3_owning_logs_off_and_releases),
        IN_A_HOME(H3_borrowing_changes_nothing),
        IN_A_HOME(H5_owning_logs_on_anew_after_hands_off),
        IN_A_HOME(H6_H7_the_session_pointer_with_a_reference),
        IN_A_HOME(H8_no_session_available),
        IN_A_HOME(a_failed_logon_is_answered_and_leaves_the_helper_idle),
        IN_A_HOME(H9_null_pointers),
        IN_A_HOME(H10_identity_counts_the_NUL),
        IN_A_HOME(H11_no_profile_to_name),
        IN_A_HOME(identity_of_an_owning_helper_without_a_name_is_the_default_profile),
        IN_A_HOME(H12_a_borrowed_session_that_has_ended),
        IN_A_HOME(an_owned_session_that_its_borrower_logged_off_is_replaced),
        IN_A_HOME(H14_last_release_hands_off),
        IN_A_HOME(H16_placeholder1_is_never_implemented),
        IN_A_HOME(H17_identity_of_QueryInterface),
        IN_A_HOME(failing_memory),
    };
    return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}
