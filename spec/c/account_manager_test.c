/* IOlkAccountManager: every row of the contract of its methods (iolkaccountmanager.md), and the decisions about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/accounts.h"
#include "support/temp_home.h"

#define WORK u"work"

static const CLSID *const types[] = {&CLSID_OlkPOP3Account, &CLSID_OlkIMAP4Account, &CLSID_OlkMAPIAccount,
                                     &CLSID_OlkHotmailAccount, &CLSID_OlkLDAPAccount};

/* ---- created, ready ---- */

static void creation_needs_a_place(void **state)
{
    (void)state;
    assert_int_equal(OlkCreateAccountManager(NULL), E_INVALIDARG);
}

static void query_interface_knows_the_documented_ones(void **state)
{
    (void)state;
    static const GUID *const known[] = {&IID_IUnknown, &IID_IOlkErrorUnknown, &IID_IOlkAccountManager};
    IOlkAccountManager *manager = new_manager();
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        void *same = NULL;
        assert_int_equal(manager->lpVtbl->QueryInterface(manager, known[i], &same), S_OK);
        assert_ptr_equal(same, manager);
        manager->lpVtbl->Release(manager);
    }
    void *none = manager;
    assert_int_equal(manager->lpVtbl->QueryInterface(manager, &IID_IOlkAccount, &none), E_NOINTERFACE);
    assert_null(none);
    IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
    void *unknown = NULL;
    assert_int_equal(embedded->lpVtbl->QueryInterface(embedded, &IID_IUnknown, &unknown), S_OK);
    assert_ptr_equal(unknown, manager); /* one identity */
    manager->lpVtbl->Release(manager);
    close_manager(manager);
}

static void before_Init_methods_answer_not_initialized(void **state)
{
    (void)state;
    IOlkAccountManager *m = new_manager();
    IOlkAccountManagerEmbedded *e = embedded_of(m);
    IOlkAccount *account = (IOlkAccount *)(void *)m;
    IOlkEnum *list = (IOlkEnum *)(void *)m;
    ACCT_VARIANT value = acct_long(1);
    DWORD *ids = &value.dwType;
    DWORD number = 7;
    struct test_client client;
    test_client_init(&client);
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_ID, &value, &account), E_OLK_NOT_INITIALIZED);
    assert_null(account);
    assert_int_equal(m->lpVtbl->DeleteAccount(m, 1), E_OLK_NOT_INITIALIZED);
    assert_int_equal(m->lpVtbl->SaveChanges(m, 1, 0), E_OLK_NOT_INITIALIZED);
    assert_int_equal(m->lpVtbl->GetOrder(m, &CLSID_OlkMail, &number, &ids), E_OLK_NOT_INITIALIZED);
    assert_null(ids);
    assert_int_equal(number, 0);
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 0, NULL), E_OLK_NOT_INITIALIZED);
    assert_int_equal(m->lpVtbl->EnumerateAccounts(m, NULL, NULL, 0, &list), E_OLK_NOT_INITIALIZED);
    assert_null(list);
    assert_int_equal(m->lpVtbl->Advise(m, &client.interface, &number), E_OLK_NOT_INITIALIZED);
    assert_int_equal(m->lpVtbl->Unadvise(m, 1), E_OLK_NOT_INITIALIZED);
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, 0, NULL, 0, NULL, NULL), E_OLK_NOT_INITIALIZED);
    assert_int_equal(e->lpVtbl->CreateAccount(e, &CLSID_OlkIMAP4Account, 0, NULL, NULL, &number),
                     E_OLK_NOT_INITIALIZED);
    assert_int_equal(e->lpVtbl->Dispatch(e, 0, NULL), E_OLK_NOT_INITIALIZED);
    assert_int_equal(e->lpVtbl->HoldSecret(e, 1, PROP_INET_PASSWORD, u"x"), E_OLK_NOT_INITIALIZED);
    assert_int_equal(e->lpVtbl->FetchSecret(e, 1, PROP_INET_PASSWORD), E_OLK_NOT_INITIALIZED);
    assert_int_equal(client.refs, 1);
    /* These need no Init. */
    LPWSTR text = NULL;
    assert_int_equal(m->lpVtbl->GetLastError(m, E_ACCT_NOT_FOUND, &text), S_OK);
    assert_int_equal(m->lpVtbl->FreeMemory(m, (BYTE *)text), S_OK);
    close_manager(m);
}

static void placeholders_answer_E_NOTIMPL(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    HRESULT(*const slots[])
    (IOlkAccountManager *) = {m->lpVtbl->PlaceHolder1,  m->lpVtbl->PlaceHolder2,  m->lpVtbl->PlaceHolder3,
                              m->lpVtbl->PlaceHolder4,  m->lpVtbl->PlaceHolder5,  m->lpVtbl->PlaceHolder6,
                              m->lpVtbl->PlaceHolder7,  m->lpVtbl->PlaceHolder8,  m->lpVtbl->PlaceHolder9,
                              m->lpVtbl->PlaceHolder10, m->lpVtbl->PlaceHolder11, m->lpVtbl->PlaceHolder12,
                              m->lpVtbl->PlaceHolder13, m->lpVtbl->PlaceHolder14};
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        assert_int_equal(slots[i](m), E_NOTIMPL);
    close_manager(m);
}

/* ---- Init ---- */

static void Init_adds_a_reference_to_the_helper_and_drops_it_at_the_end(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    IOlkAccountManager *m = open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    assert_int_equal(helper.refs, 2);
    close_manager(m);
    assert_int_equal(helper.refs, 1);
}

static void Init_twice_is_already_initialized(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    IOlkAccountManager *m = open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    assert_int_equal(m->lpVtbl->Init(m, &helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS), E_OLK_ALREADY_INITIALIZED);
    assert_int_equal(m->lpVtbl->Init(m, NULL, 0xFF), E_OLK_ALREADY_INITIALIZED);
    assert_int_equal(helper.refs, 2);
    close_manager(m);
}

static void H18_Init_without_a_helper_and_after_a_failure(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, u"no such profile");
    IOlkAccountManager *m = new_manager();
    assert_int_equal(m->lpVtbl->Init(m, NULL, ACCT_INIT_NOSYNCH_MAPI_ACCTS), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->Init(m, &helper.interface, 8), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->Init(m, &helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS), E_OLK_REGISTRY);
    assert_int_equal(helper.refs, 1);
    assert_int_equal(m->lpVtbl->DeleteAccount(m, 1), E_OLK_NOT_INITIALIZED);
    helper.identity = WORK;
    assert_int_equal(m->lpVtbl->Init(m, &helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS), S_OK);
    assert_int_equal(m->lpVtbl->DeleteAccount(m, 1), E_ACCT_NOT_FOUND);
    close_manager(m);
    assert_int_equal(helper.refs, 1);
}

static void H20_the_registry_error_has_its_documented_value(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, NULL);
    IOlkAccountManager *m = new_manager();
    assert_int_equal((uint32_t)m->lpVtbl->Init(m, &helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS), 0x800C8001u);
    close_manager(m);
}

static void Init_wants_MAPI_to_be_initialised(void **state)
{
    (void)state;
    struct test_helper helper;
    test_helper_init(&helper, WORK);
    IOlkAccountManager *ready = open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    MAPIUninitialize();
    IOlkAccountManager *m = new_manager();
    assert_int_equal(m->lpVtbl->Init(m, &helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS), E_OLK_REGISTRY);
    assert_int_equal(find_account_result(ready, 1), E_OLK_NOT_INITIALIZED);
    close_manager(m);
    close_manager(ready);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    m = open_manager_with(&helper.interface, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    close_manager(m);
}

/* ---- DisplayAccountList ---- */

struct dialog {
    unsigned calls;
    HWND window;
    DWORD flags;
    HRESULT result;
};

static HRESULT show_dialog(void *context, HWND window, DWORD flags)
{
    struct dialog *dialog = context;
    dialog->calls++;
    dialog->window = window;
    dialog->flags = flags;
    return dialog->result;
}

static void DisplayAccountList_refuses_what_must_be_null(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    const CLSID *category = &CLSID_OlkMail;
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, 0, NULL, 1, NULL, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, 0, NULL, 0, category, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, 0, NULL, 0, NULL, category), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, 1, NULL, 0, NULL, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(
        m->lpVtbl->DisplayAccountList(m, NULL, ACCTUI_SHOW_DATA_TAB | ACCTUI_SHOW_ACCTWIZARD, NULL, 0, NULL, NULL),
        MAPI_E_INVALID_PARAMETER);
    close_manager(m);
}

static void DisplayAccountList_without_a_dialog_is_busy(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, ACCTUI_NO_WARNING, u"a title is no error", 0, NULL, NULL),
                     E_ACCT_UI_BUSY);
    close_manager(m);
}

static void DisplayAccountList_gives_the_dialogs_answer(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    IOlkAccountManagerEmbedded *e = embedded_of(m);
    struct dialog dialog = {.result = S_OK};
    struct olk_host host = {.size = sizeof host, .context = &dialog, .show_accounts = show_dialog};
    assert_int_equal(e->lpVtbl->SetHost(e, &host), S_OK);
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, (HWND)&dialog, ACCTUI_SHOW_DATA_TAB, NULL, 0, NULL, NULL), S_OK);
    assert_int_equal(dialog.calls, 1);
    assert_ptr_equal(dialog.window, &dialog);
    assert_int_equal(dialog.flags, ACCTUI_SHOW_DATA_TAB);
    dialog.result = E_FAIL;
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, 0, NULL, 0, NULL, NULL), MAPI_E_USER_CANCEL);
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, ACCTUI_SHOW_ACCTWIZARD, NULL, 0, NULL, NULL),
                     MAPI_E_CALL_FAILED);
    dialog.result = E_ACCT_UI_BUSY;
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, 0, NULL, 0, NULL, NULL), E_ACCT_UI_BUSY);
    host.size = 1;
    assert_int_equal(e->lpVtbl->SetHost(e, &host), E_INVALIDARG);
    assert_int_equal(e->lpVtbl->SetHost(e, NULL), S_OK);
    assert_int_equal(m->lpVtbl->DisplayAccountList(m, NULL, 0, NULL, 0, NULL, NULL), E_ACCT_UI_BUSY);
    assert_int_equal(dialog.calls, 4);
    close_manager(m);
}

/* ---- FindAccount ---- */

static void FindAccount_by_id(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    DWORD id = make_account(m, &CLSID_OlkIMAP4Account, u"one");
    DWORD other = make_account(m, &CLSID_OlkPOP3Account, u"two");
    IOlkAccount *account = find_account(m, other);
    assert_int_equal(acct_get_long(account, PROP_ACCT_ID), other);
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"two"));
    release_account(account);
    assert_int_equal(find_account_result(m, id), S_OK);
    assert_int_equal(find_account_result(m, other + 1), E_ACCT_NOT_FOUND);
    assert_int_equal(find_account_result(m, 0), E_ACCT_NOT_FOUND);
    assert_int_equal(find_account_result(m, UINT32_MAX), E_ACCT_NOT_FOUND);
    close_manager(m);
}

static void FindAccount_by_exchange_takes_the_first_in_mail_order(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    IOlkAccount *account = NULL;
    ACCT_VARIANT yes = acct_long(5); /* any number but 0 */
    ACCT_VARIANT no = acct_long(0);
    make_account(m, &CLSID_OlkLDAPAccount, u"book");
    DWORD imap = make_account(m, &CLSID_OlkIMAP4Account, u"imap");
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_IS_EXCH, &yes, &account), E_ACCT_NOT_FOUND);
    assert_null(account);
    DWORD first = make_account(m, &CLSID_OlkMAPIAccount, u"first");
    make_account(m, &CLSID_OlkMAPIAccount, u"second");
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_IS_EXCH, &yes, &account), S_OK);
    assert_int_equal(acct_get_long(account, PROP_ACCT_ID), first);
    assert_int_equal(acct_get_long(account, PROP_ACCT_IS_EXCH), 1);
    release_account(account);
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_IS_EXCH, &no, &account), S_OK);
    assert_int_equal(acct_get_long(account, PROP_ACCT_ID), imap); /* the address book is in no mail order */
    assert_int_equal(acct_get_long(account, PROP_ACCT_IS_EXCH), 0);
    release_account(account);
    close_manager(m);
}

static void FindAccount_with_anything_else_is_not_supported(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    IOlkAccount *account = (IOlkAccount *)(void *)m;
    DWORD id = make_account(m, &CLSID_OlkIMAP4Account, u"one");
    ACCT_VARIANT value = acct_long(id);
    ACCT_VARIANT text = acct_text(u"one");
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_MINI_UID, &value, &account), E_OLK_PARAM_NOT_SUPPORTED);
    assert_null(account);
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_NAME, &text, &account), E_OLK_PARAM_NOT_SUPPORTED);
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_ID, &text, &account), E_OLK_PARAM_NOT_SUPPORTED);
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_TAG(PT_UNICODE, 1), &text, &account), E_OLK_PARAM_NOT_SUPPORTED);
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_ID, NULL, &account), E_OLK_PARAM_NOT_SUPPORTED);
    assert_int_equal(m->lpVtbl->FindAccount(m, PROP_ACCT_ID, &value, NULL), E_OLK_PARAM_NOT_SUPPORTED);
    close_manager(m);
}

/* ---- DeleteAccount ---- */

static void DeleteAccount_and_ids_are_never_used_again(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    DWORD first = make_account(m, &CLSID_OlkIMAP4Account, u"one");
    assert_int_equal(m->lpVtbl->DeleteAccount(m, first), S_OK);
    assert_int_equal(find_account_result(m, first), E_ACCT_NOT_FOUND);
    assert_int_equal(m->lpVtbl->DeleteAccount(m, first), E_ACCT_NOT_FOUND);
    DWORD second = make_account(m, &CLSID_OlkIMAP4Account, u"one");
    assert_true(second > first);
    assert_int_equal(m->lpVtbl->DeleteAccount(m, second), S_OK);
    close_manager(m);
    MAPIUninitialize(); /* nor does it start anew with the next process */
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    m = open_manager(WORK);
    assert_true(make_account(m, &CLSID_OlkPOP3Account, u"one") > second);
    close_manager(m);
}

/* ---- SaveChanges ---- */

static void SaveChanges_of_the_manager_saves_what_was_set(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    DWORD id = make_account(m, &CLSID_OlkIMAP4Account, u"old");
    DWORD other = make_account(m, &CLSID_OlkIMAP4Account, u"other");
    IOlkAccount *a = find_account(m, id);
    IOlkAccount *b = find_account(m, id);
    IOlkAccount *c = find_account(m, other);
    acct_set_text(a, PROP_ACCT_NAME, u"from a");
    acct_set_text(a, PROP_ACCT_USER_EMAIL_ADDR, u"a@example.org");
    acct_set_text(b, PROP_ACCT_NAME, u"from b"); /* was set last */
    acct_set_text(c, PROP_ACCT_NAME, u"not yet");
    assert_true(stored_name_is(m, id, u"old"));
    assert_true(acct_has_text(a, PROP_ACCT_NAME, u"from a"));
    assert_true(acct_has_text(b, PROP_ACCT_NAME, u"from b"));
    assert_int_equal(m->lpVtbl->SaveChanges(m, id, 0), S_OK);
    assert_true(stored_name_is(m, id, u"from b"));
    assert_true(stored_name_is(m, other, u"other"));
    assert_true(acct_has_text(a, PROP_ACCT_NAME, u"from b"));
    assert_true(acct_has_text(b, PROP_ACCT_USER_EMAIL_ADDR, u"a@example.org"));
    assert_int_equal(m->lpVtbl->SaveChanges(m, id, 0), S_OK); /* nothing left to save */
    release_account(a);
    release_account(b);
    release_account(c); /* and what it did not save is dropped */
    assert_true(stored_name_is(m, other, u"other"));
    assert_int_equal(m->lpVtbl->SaveChanges(m, other + 1, 0), E_ACCT_NOT_FOUND);
    assert_int_equal(m->lpVtbl->SaveChanges(m, id, 1), E_INVALIDARG);
    close_manager(m);
}

/* ---- GetOrder, SetOrder ---- */

static void GetOrder_by_category(void **state)
{
    (void)state;
    static const DWORD expected[3][5] = {{1, 2, 3, 4}, {5}, {2, 3, 4}}; /* by the order of creation */
    static const DWORD counts[3] = {4, 1, 3};
    static const CLSID *const categories[3] = {&CLSID_OlkMail, &CLSID_OlkAddressBook, &CLSID_OlkStore};
    IOlkAccountManager *m = open_manager(WORK);
    DWORD count = 9;
    DWORD *ids = &count;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(m->lpVtbl->GetOrder(m, categories[i], &count, &ids), S_OK);
        assert_int_equal(count, 0);
        assert_int_equal(m->lpVtbl->FreeMemory(m, (BYTE *)ids), S_OK);
    }
    for (size_t i = 0; i < 5; i++)
        make_account(m, types[i], u"account");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(m->lpVtbl->GetOrder(m, categories[i], &count, &ids), S_OK);
        assert_int_equal(count, counts[i]);
        assert_memory_equal(ids, expected[i], count * sizeof *ids);
        assert_int_equal(m->lpVtbl->FreeMemory(m, (BYTE *)ids), S_OK);
    }
    assert_int_equal(m->lpVtbl->GetOrder(m, NULL, &count, &ids), E_INVALIDARG);
    assert_null(ids);
    assert_int_equal(m->lpVtbl->GetOrder(m, &CLSID_OlkIMAP4Account, &count, &ids), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->GetOrder(m, &CLSID_OlkMail, NULL, &ids), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->GetOrder(m, &CLSID_OlkMail, &count, NULL), E_INVALIDARG);
    close_manager(m);
}

static void assert_order(IOlkAccountManager *m, const CLSID *category, const DWORD *expected, DWORD expected_count)
{
    DWORD count = 0;
    DWORD *ids = NULL;
    assert_int_equal(m->lpVtbl->GetOrder(m, category, &count, &ids), S_OK);
    assert_int_equal(count, expected_count);
    assert_memory_equal(ids, expected, count * sizeof *ids);
    assert_int_equal(m->lpVtbl->FreeMemory(m, (BYTE *)ids), S_OK);
}

static void SetOrder_of_stores_and_address_books(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    for (int i = 0; i < 3; i++)
        make_account(m, &CLSID_OlkIMAP4Account, u"store");
    for (int i = 0; i < 2; i++)
        make_account(m, &CLSID_OlkLDAPAccount, u"book");
    DWORD stores[] = {3, 1, 2};
    DWORD books[] = {5, 4};
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 3, stores), S_OK);
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkAddressBook, 2, books), S_OK);
    assert_order(m, &CLSID_OlkStore, stores, 3);
    assert_order(m, &CLSID_OlkAddressBook, books, 2);
    assert_order(m, &CLSID_OlkMail, (const DWORD[]){1, 2, 3}, 3);
    IOlkEnum *list = acct_enumerate(m, &CLSID_OlkStore, NULL); /* enumerators follow it */
    for (size_t i = 0; i < 3; i++) {
        IOlkAccount *account = acct_enum_next(list);
        assert_int_equal(acct_get_long(account, PROP_ACCT_ID), stores[i]);
        release_account(account);
    }
    list->lpVtbl->Release(list);
    assert_int_equal(m->lpVtbl->DeleteAccount(m, 1), S_OK);
    assert_int_equal(make_account(m, &CLSID_OlkMAPIAccount, u"last"), 6);
    assert_order(m, &CLSID_OlkStore, (const DWORD[]){3, 2, 6}, 3);
    close_manager(m);
}

static void SetOrder_refuses(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    for (int i = 0; i < 3; i++)
        make_account(m, &CLSID_OlkIMAP4Account, u"store");
    make_account(m, &CLSID_OlkPOP3Account, u"has no store"); /* 4 */
    const DWORD before[] = {1, 2, 3};
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 2, (DWORD[]){1, 2}), E_ACCT_WRONG_SORT_ORDER);
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 4, (DWORD[]){1, 2, 3, 4}), E_ACCT_WRONG_SORT_ORDER);
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 0, NULL), E_ACCT_WRONG_SORT_ORDER);
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 3, (DWORD[]){1, 2, 2}), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 3, (DWORD[]){1, 2, 4}), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 3, (DWORD[]){1, 2, 99}), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkStore, 3, NULL), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->SetOrder(m, NULL, 3, (DWORD[]){3, 2, 1}), E_INVALIDARG);
    assert_order(m, &CLSID_OlkStore, before, 3);
    close_manager(m);
}

static void H22_SetOrder_of_mail_accounts_is_refused(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    make_account(m, &CLSID_OlkIMAP4Account, u"one");
    make_account(m, &CLSID_OlkIMAP4Account, u"two");
    assert_int_equal(m->lpVtbl->SetOrder(m, &CLSID_OlkMail, 2, (DWORD[]){2, 1}), E_INVALIDARG);
    assert_order(m, &CLSID_OlkMail, (const DWORD[]){1, 2}, 2);
    close_manager(m);
}

static void H21_SetOrder_and_Unadvise_take_values(void **state)
{
    (void)state;
    HRESULT (*set_order)(IOlkAccountManager *, const CLSID *, DWORD, DWORD *);
    HRESULT (*unadvise)(IOlkAccountManager *, DWORD);
    IOlkAccountManager *m = new_manager();
    set_order = m->lpVtbl->SetOrder;
    unadvise = m->lpVtbl->Unadvise;
    assert_non_null(set_order);
    assert_non_null(unadvise);
    close_manager(m);
}

/* ---- EnumerateAccounts ---- */

static void EnumerateAccounts_by_category_and_type(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    IOlkEnum *list = acct_enumerate(m, NULL, NULL);
    assert_int_equal(acct_enum_count(list), 0); /* nothing is S_OK too */
    list->lpVtbl->Release(list);
    for (size_t i = 0; i < 5; i++) {
        make_account(m, types[i], u"first");
        make_account(m, types[i], u"second");
    }
    static const struct {
        const CLSID *category;
        const CLSID *type;
        DWORD count;
    } rows[] = {
        {NULL, NULL, 10},
        {&CLSID_OlkMail, NULL, 8},
        {&CLSID_OlkAddressBook, NULL, 2},
        {&CLSID_OlkStore, NULL, 6},
        {NULL, &CLSID_OlkPOP3Account, 2},
        {&CLSID_OlkMail, &CLSID_OlkIMAP4Account, 2},
        {&CLSID_OlkStore, &CLSID_OlkPOP3Account, 0},
        {&CLSID_OlkStore, &CLSID_OlkHotmailAccount, 2},
        {&CLSID_OlkAddressBook, &CLSID_OlkLDAPAccount, 2},
        {&CLSID_OlkAddressBook, &CLSID_OlkMAPIAccount, 0}, /* an Exchange account is never among the address books */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        list = acct_enumerate(m, rows[i].category, rows[i].type);
        assert_int_equal(acct_enum_count(list), rows[i].count);
        list->lpVtbl->Release(list);
    }
    close_manager(m);
}

static void EnumerateAccounts_refuses(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    IOlkEnum *list = (IOlkEnum *)(void *)m;
    assert_int_equal(m->lpVtbl->EnumerateAccounts(m, &CLSID_OlkPOP3Account, NULL, 0, &list), E_INVALIDARG);
    assert_null(list);
    assert_int_equal(m->lpVtbl->EnumerateAccounts(m, NULL, &CLSID_OlkMail, 0, &list), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->EnumerateAccounts(m, NULL, NULL, 1, &list), E_INVALIDARG);
    assert_int_equal(m->lpVtbl->EnumerateAccounts(m, NULL, NULL, 0, NULL), E_INVALIDARG);
    close_manager(m);
}

/* ---- FreeMemory, GetLastError ---- */

static void FreeMemory_takes_what_came_from_the_manager(void **state)
{
    (void)state;
    IOlkAccountManager *m = open_manager(WORK);
    DWORD id = make_account(m, &CLSID_OlkIMAP4Account, u"one");
    IOlkAccount *account = find_account(m, id);
    ACCT_VARIANT value;
    DWORD count = 0;
    DWORD *ids = NULL;
    assert_int_equal(m->lpVtbl->FreeMemory(m, NULL), S_OK);
    assert_int_equal(account->lpVtbl->FreeMemory(account, NULL), S_OK);
    assert_int_equal(account->lpVtbl->GetProp(account, PROP_ACCT_NAME, &value), S_OK);
    assert_int_equal(m->lpVtbl->GetOrder(m, &CLSID_OlkMail, &count, &ids), S_OK);
    assert_int_equal(m->lpVtbl->FreeMemory(m, (BYTE *)value.Val.pwsz), E_INVALIDARG); /* not mixed */
    assert_int_equal(account->lpVtbl->FreeMemory(account, (BYTE *)ids), E_INVALIDARG);
    assert_int_equal(account->lpVtbl->FreeMemory(account, (BYTE *)value.Val.pwsz), S_OK);
    assert_int_equal(m->lpVtbl->FreeMemory(m, (BYTE *)ids), S_OK);
    release_account(account);
    close_manager(m);
}

static void H19_GetLastError_looks_a_code_up_and_its_owner_frees_it(void **state)
{
    (void)state;
    static const HRESULT codes[] = {E_OLK_REGISTRY,
                                    E_OLK_ALREADY_INITIALIZED,
                                    E_OLK_PARAM_NOT_SUPPORTED,
                                    E_OLK_NOT_INITIALIZED,
                                    E_OLK_PROP_READ_ONLY,
                                    E_ACCT_NOT_FOUND,
                                    E_ACCT_UI_BUSY,
                                    E_ACCT_WRONG_SORT_ORDER,
                                    E_INVALIDARG,
                                    E_NOTIMPL,
                                    E_OUTOFMEMORY,
                                    S_OK};
    IOlkAccountManager *m = open_manager(WORK);
    IOlkAccount *account = find_account(m, make_account(m, &CLSID_OlkIMAP4Account, u"one"));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        LPWSTR text = NULL;
        assert_int_equal(m->lpVtbl->GetLastError(m, codes[i], &text), S_OK);
        assert_int_not_equal(*text, 0);
        assert_int_equal(m->lpVtbl->FreeMemory(m, (BYTE *)text), S_OK);
        assert_int_equal(account->lpVtbl->GetLastError(account, codes[i], &text), S_OK);
        assert_int_equal(account->lpVtbl->FreeMemory(account, (BYTE *)text), S_OK);
    }
    LPWSTR none = (LPWSTR)(void *)m;
    assert_int_equal(m->lpVtbl->GetLastError(m, (HRESULT)0x8004ABCDu, &none), E_INVALIDARG);
    assert_null(none);
    assert_int_equal(m->lpVtbl->GetLastError(m, E_FAIL, NULL), E_INVALIDARG);
    assert_int_equal(account->lpVtbl->GetLastError(account, E_FAIL, NULL), E_INVALIDARG);
    release_account(account);
    close_manager(m);
}

/* ---- several managers ---- */

static void two_managers_on_one_profile_see_the_same_accounts(void **state)
{
    (void)state;
    IOlkAccountManager *a = open_manager(WORK);
    IOlkAccountManager *b = open_manager(WORK);
    DWORD id = make_account(a, &CLSID_OlkIMAP4Account, u"old");
    IOlkAccount *account = find_account(b, id);
    acct_set_text(account, PROP_ACCT_NAME, u"new");
    save_account(account);
    assert_true(stored_name_is(a, id, u"new"));
    close_manager(a);
    assert_true(stored_name_is(b, id, u"new"));
    release_account(account);
    close_manager(b);
}

static void profiles_have_accounts_of_their_own(void **state)
{
    (void)state;
    accounts_make_profile("home", false);
    IOlkAccountManager *a = open_manager(WORK);
    IOlkAccountManager *b = open_manager(u"home");
    DWORD at_work = make_account(a, &CLSID_OlkIMAP4Account, u"work");
    assert_int_equal(find_account_result(b, at_work), E_ACCT_NOT_FOUND);
    DWORD at_home = make_account(b, &CLSID_OlkIMAP4Account, u"home");
    assert_int_equal(at_home, at_work); /* unique within a profile only */
    IOlkAccount *first = find_account(a, at_work);
    IOlkAccount *second = find_account(b, at_home);
    assert_int_not_equal(acct_get_long(first, PROP_ACCT_MINI_UID), acct_get_long(second, PROP_ACCT_MINI_UID));
    release_account(first);
    release_account(second);
    close_manager(a);
    close_manager(b);
}

static void a_deleted_profile_takes_its_accounts_along(void **state)
{
    (void)state;
    accounts_make_profile("home", false);
    IOlkAccountManager *m = open_manager(u"home");
    make_account(m, &CLSID_OlkIMAP4Account, u"one");
    IProfAdmin *admin = accounts_profile_admin();
    assert_int_equal(admin->lpVtbl->DeleteProfile(admin, (LPTSTR)(uintptr_t) "home", 0), S_OK);
    assert_int_equal(find_account_result(m, 1), S_OK); /* it is in use */
    close_manager(m);
    accounts_make_profile("home", false);
    m = open_manager(u"home");
    IOlkEnum *list = acct_enumerate(m, NULL, NULL);
    assert_int_equal(acct_enum_count(list), 0);
    list->lpVtbl->Release(list);
    close_manager(m);
    admin->lpVtbl->Release(admin);
}

#define test(name) cmocka_unit_test_setup_teardown(name, accounts_setup, accounts_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(creation_needs_a_place),
        test(query_interface_knows_the_documented_ones),
        test(before_Init_methods_answer_not_initialized),
        test(placeholders_answer_E_NOTIMPL),
        test(Init_adds_a_reference_to_the_helper_and_drops_it_at_the_end),
        test(Init_twice_is_already_initialized),
        test(H18_Init_without_a_helper_and_after_a_failure),
        test(H20_the_registry_error_has_its_documented_value),
        test(Init_wants_MAPI_to_be_initialised),
        test(DisplayAccountList_refuses_what_must_be_null),
        test(DisplayAccountList_without_a_dialog_is_busy),
        test(DisplayAccountList_gives_the_dialogs_answer),
        test(FindAccount_by_id),
        test(FindAccount_by_exchange_takes_the_first_in_mail_order),
        test(FindAccount_with_anything_else_is_not_supported),
        test(DeleteAccount_and_ids_are_never_used_again),
        test(SaveChanges_of_the_manager_saves_what_was_set),
        test(GetOrder_by_category),
        test(SetOrder_of_stores_and_address_books),
        test(SetOrder_refuses),
        test(H22_SetOrder_of_mail_accounts_is_refused),
        test(H21_SetOrder_and_Unadvise_take_values),
        test(EnumerateAccounts_by_category_and_type),
        test(EnumerateAccounts_refuses),
        test(FreeMemory_takes_what_came_from_the_manager),
        test(H19_GetLastError_looks_a_code_up_and_its_owner_frees_it),
        test(two_managers_on_one_profile_see_the_same_accounts),
        test(profiles_have_accounts_of_their_own),
        test(a_deleted_profile_takes_its_accounts_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
