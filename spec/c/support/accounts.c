/* support/accounts.c - see support/accounts.h. */
#include "support/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mapix.h>

#include "base/utf.h"
#include "support/temp_home.h"

IProfAdmin *accounts_profile_admin(void)
{
    IProfAdmin *admin = NULL;
    assert_int_equal(MAPIAdminProfiles(0, &admin), S_OK);
    return admin;
}

void accounts_make_profile(const char *name, bool with_mail)
{
    IProfAdmin *admin = accounts_profile_admin();
    assert_int_equal(
        admin->lpVtbl->CreateProfile(admin, (LPTSTR)(uintptr_t)name, NULL, 0, with_mail ? MAPI_DEFAULT_SERVICES : 0),
        S_OK);
    admin->lpVtbl->Release(admin);
}

static int set_up(bool with_mail)
{
    temp_home_make();
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    accounts_make_profile("work", with_mail);
    return 0;
}

int accounts_setup(void **state)
{
    (void)state;
    return set_up(false);
}

int accounts_setup_with_mail(void **state)
{
    (void)state;
    return set_up(true);
}

int accounts_teardown(void **state)
{
    (void)state;
    MAPIUninitialize();
    for (ULONG kind = 0; MapiObjectKindName(kind) != NULL; kind++)
        if (MapiObjectCount(kind) != 0)
            fail_msg("%u objects of kind %s are left", (unsigned)MapiObjectCount(kind), MapiObjectKindName(kind));
    temp_home_remove();
    return 0;
}

/* ---- a helper ---- */

static struct test_helper *helper_of(IOlkAccountHelper *This)
{
    return (struct test_helper *)(void *)This;
}

static HRESULT STDMETHODCALLTYPE helper_query(IOlkAccountHelper *This, REFIID iid, void **out)
{
    *out = NULL;
    if (memcmp(iid, &IID_IUnknown, sizeof *iid) != 0 && memcmp(iid, &IID_IOlkAccountHelper, sizeof *iid) != 0)
        return E_NOINTERFACE;
    helper_of(This)->refs++;
    *out = This;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE helper_addref(IOlkAccountHelper *This)
{
    return ++helper_of(This)->refs;
}

static ULONG STDMETHODCALLTYPE helper_release(IOlkAccountHelper *This)
{
    return --helper_of(This)->refs;
}

static HRESULT STDMETHODCALLTYPE helper_placeholder(IOlkAccountHelper *This, void *pv)
{
    (void)pv;
    helper_of(This)->placeholder_calls++;
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE helper_identity(IOlkAccountHelper *This, LPWSTR name, DWORD *pcch)
{
    struct test_helper *self = helper_of(This);
    self->identity_calls++;
    if (self->identity == NULL)
        return self->identity_result;
    DWORD length = (DWORD)utf16_length(self->identity) + (self->forgets_nul ? 0 : 1);
    if (*pcch < length) {
        *pcch = length;
        return E_OUTOFMEMORY;
    }
    memcpy(name, self->identity, length * sizeof *name);
    *pcch = length;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE helper_session(IOlkAccountHelper *This, LPUNKNOWN *out)
{
    struct test_helper *self = helper_of(This);
    self->session_calls++;
    *out = NULL;
    if (self->on_session != NULL)
        self->on_session(self);
    if (self->keeps_silent)
        return S_OK;
    if (self->owns && self->session == NULL) {
        HRESULT hr = MAPILogonEx(0, (LPTSTR)(uintptr_t)self->identity, NULL,
                                 MAPI_UNICODE | MAPI_EXTENDED | MAPI_NEW_SESSION, &self->session);
        if (FAILED(hr))
            return hr;
    }
    if (self->session == NULL)
        return self->session_result;
    self->session->lpVtbl->AddRef(self->session);
    *out = (LPUNKNOWN)self->session;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE helper_hands_off(IOlkAccountHelper *This)
{
    struct test_helper *self = helper_of(This);
    self->hands_off_calls++;
    if (!self->owns)
        return self->hands_off_result;
    if (self->session != NULL) {
        self->session->lpVtbl->Logoff(self->session, 0, 0, 0);
        self->session_at_hands_off = self->session->lpVtbl->Release(self->session) != 0;
        self->session = NULL;
    }
    return S_OK;
}

static const IOlkAccountHelperVtbl helper_vtbl = {helper_query,    helper_addref,  helper_release,  helper_placeholder,
                                                  helper_identity, helper_session, helper_hands_off};

void test_helper_init(struct test_helper *helper, LPCWSTR identity)
{
    memset(helper, 0, sizeof *helper);
    helper->interface.lpVtbl = &helper_vtbl;
    helper->refs = 1;
    helper->identity = identity;
    helper->identity_result = E_INVALIDARG;
    helper->session_result = MAPI_E_NOT_FOUND;
    helper->hands_off_result = E_NOTIMPL;
}

/* ---- a client ---- */

static struct test_client *client_of(IOlkAccountNotify *This)
{
    return (struct test_client *)(void *)This;
}

static HRESULT STDMETHODCALLTYPE client_query(IOlkAccountNotify *This, REFIID iid, void **out)
{
    *out = NULL;
    if (memcmp(iid, &IID_IUnknown, sizeof *iid) != 0 && memcmp(iid, &IID_IOlkAccountNotify, sizeof *iid) != 0)
        return E_NOINTERFACE;
    client_of(This)->refs++;
    *out = This;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE client_addref(IOlkAccountNotify *This)
{
    return ++client_of(This)->refs;
}

static ULONG STDMETHODCALLTYPE client_release(IOlkAccountNotify *This)
{
    return --client_of(This)->refs;
}

/* The manager never asks a client for a text. */
static HRESULT STDMETHODCALLTYPE client_last_error(IOlkAccountNotify *This, HRESULT hr, LPWSTR *out)
{
    (void)This;
    (void)hr;
    (void)out;
    fail_msg("GetLastError of a client was called");
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE client_notify(IOlkAccountNotify *This, DWORD kind, DWORD id, DWORD flags)
{
    struct test_client *self = client_of(This);
    if (self->count < HEARD_MAX)
        self->heard[self->count] = (struct heard){kind, id, flags};
    self->count++;
    if (self->on_notify != NULL)
        self->on_notify(self, kind, id);
    return E_FAIL; /* is ignored */
}

static const IOlkAccountNotifyVtbl client_vtbl = {client_query, client_addref, client_release, client_last_error,
                                                  client_notify};

void test_client_init(struct test_client *client)
{
    memset(client, 0, sizeof *client);
    client->interface.lpVtbl = &client_vtbl;
    client->refs = 1;
}

/* ---- shorthands ---- */

IOlkAccountManager *new_manager(void)
{
    IOlkAccountManager *manager = NULL;
    assert_int_equal(OlkCreateAccountManager(&manager), S_OK);
    return manager;
}

IOlkAccountManager *open_manager_with(IOlkAccountHelper *helper, DWORD flags)
{
    IOlkAccountManager *manager = new_manager();
    assert_int_equal(manager->lpVtbl->Init(manager, helper, flags), S_OK);
    return manager;
}

IOlkAccountManager *open_manager(LPCWSTR profile)
{
    IOlkAccountHelper *helper = NULL;
    assert_int_equal(OlkCreateOwningHelper(profile, MAPI_NEW_SESSION, 0, NULL, &helper), S_OK);
    IOlkAccountManager *manager = open_manager_with(helper, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
    helper->lpVtbl->Release(helper);
    return manager;
}

IOlkAccountManagerEmbedded *embedded_of(IOlkAccountManager *manager)
{
    IOlkAccountManagerEmbedded *embedded = NULL;
    assert_int_equal(manager->lpVtbl->QueryInterface(manager, &IID_IOlkAccountManagerEmbedded, (void **)&embedded),
                     S_OK);
    embedded->lpVtbl->Release(embedded);
    return embedded;
}

void close_manager(IOlkAccountManager *manager)
{
    assert_int_equal(manager->lpVtbl->Release(manager), 0);
}

DWORD make_account(IOlkAccountManager *manager, const CLSID *type, LPCWSTR name)
{
    IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
    const DWORD tag = PROP_ACCT_NAME;
    ACCT_VARIANT value = acct_text(name);
    DWORD id = 0;
    assert_int_equal(embedded->lpVtbl->CreateAccount(embedded, type, 1, &tag, &value, &id), S_OK);
    assert_int_not_equal(id, 0);
    return id;
}

static HRESULT find(IOlkAccountManager *manager, DWORD id, IOlkAccount **account)
{
    ACCT_VARIANT value = acct_long(id);
    return manager->lpVtbl->FindAccount(manager, PROP_ACCT_ID, &value, account);
}

IOlkAccount *find_account(IOlkAccountManager *manager, DWORD id)
{
    IOlkAccount *account = NULL;
    assert_int_equal(find(manager, id, &account), S_OK);
    return account;
}

HRESULT find_account_result(IOlkAccountManager *manager, DWORD id)
{
    IOlkAccount *account = NULL;
    HRESULT hr = find(manager, id, &account);
    if (SUCCEEDED(hr))
        release_account(account);
    else
        assert_null(account);
    return hr;
}

void release_account(IOlkAccount *account)
{
    assert_int_equal(account->lpVtbl->Release(account), 0);
}

void acct_set_text(IOlkAccount *account, DWORD tag, LPCWSTR text)
{
    ACCT_VARIANT value = acct_text(text);
    assert_int_equal(account->lpVtbl->SetProp(account, tag, &value), S_OK);
}

void save_account(IOlkAccount *account)
{
    assert_int_equal(account->lpVtbl->SaveChanges(account, 0), S_OK);
}

bool acct_has_text(IOlkAccount *account, DWORD tag, LPCWSTR text)
{
    ACCT_VARIANT value;
    assert_int_equal(account->lpVtbl->GetProp(account, tag, &value), S_OK);
    assert_int_equal(value.dwType, PT_UNICODE);
    size_t length = utf16_length(text);
    bool same = utf16_length(value.Val.pwsz) == length && memcmp(value.Val.pwsz, text, length * sizeof *text) == 0;
    assert_int_equal(account->lpVtbl->FreeMemory(account, (BYTE *)value.Val.pwsz), S_OK);
    return same;
}

DWORD acct_get_long(IOlkAccount *account, DWORD tag)
{
    ACCT_VARIANT value;
    assert_int_equal(account->lpVtbl->GetProp(account, tag, &value), S_OK);
    assert_int_equal(value.dwType, PT_LONG);
    return value.Val.dw;
}

HRESULT acct_get_result(IOlkAccount *account, DWORD tag)
{
    ACCT_VARIANT value;
    memset(&value, 0xAA, sizeof value);
    HRESULT hr = account->lpVtbl->GetProp(account, tag, &value);
    if (SUCCEEDED(hr)) {
        BYTE *block = value.dwType == PT_UNICODE  ? (BYTE *)value.Val.pwsz
                      : value.dwType == PT_BINARY ? value.Val.bin.pb
                                                  : NULL;
        assert_int_equal(account->lpVtbl->FreeMemory(account, block), S_OK);
    } else {
        assert_int_equal(value.dwType, 0);
        assert_int_equal(value.Val.bin.cb, 0);
        assert_null(value.Val.bin.pb);
    }
    return hr;
}

bool stored_name_is(IOlkAccountManager *manager, DWORD id, LPCWSTR name)
{
    IOlkAccount *account = find_account(manager, id);
    bool same = acct_has_text(account, PROP_ACCT_NAME, name);
    release_account(account);
    return same;
}

IOlkEnum *acct_enumerate(IOlkAccountManager *manager, const CLSID *category, const CLSID *type)
{
    IOlkEnum *list = NULL;
    assert_int_equal(manager->lpVtbl->EnumerateAccounts(manager, category, type, 0, &list), S_OK);
    return list;
}

DWORD acct_enum_count(IOlkEnum *list)
{
    DWORD count = UINT32_MAX;
    assert_int_equal(list->lpVtbl->GetCount(list, &count), S_OK);
    return count;
}

IOlkAccount *acct_enum_next(IOlkEnum *list)
{
    LPUNKNOWN unknown = (LPUNKNOWN)(void *)&list;
    IOlkAccount *account = NULL;
    HRESULT hr = list->lpVtbl->GetNext(list, &unknown);
    if (hr == S_FALSE) {
        assert_null(unknown);
        return NULL;
    }
    assert_int_equal(hr, S_OK);
    assert_int_equal(unknown->lpVtbl->QueryInterface(unknown, &IID_IOlkAccount, (void **)&account), S_OK);
    unknown->lpVtbl->Release(unknown);
    return account;
}

DWORD acct_advise(IOlkAccountManager *manager, struct test_client *client)
{
    DWORD cookie = 0;
    assert_int_equal(manager->lpVtbl->Advise(manager, &client->interface, &cookie), S_OK);
    assert_int_not_equal(cookie, 0);
    return cookie;
}

ULONG acct_dispatch(IOlkAccountManager *manager)
{
    IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
    ULONG delivered = UINT32_MAX;
    assert_int_equal(embedded->lpVtbl->Dispatch(embedded, 0, &delivered), S_OK);
    return delivered;
}

ACCT_VARIANT acct_long(DWORD value)
{
    ACCT_VARIANT variant = {.dwType = PT_LONG};
    variant.Val.dw = value;
    return variant;
}

ACCT_VARIANT acct_text(LPCWSTR text)
{
    ACCT_VARIANT variant = {.dwType = PT_UNICODE};
    variant.Val.pwsz = (LPWSTR)(uintptr_t)text;
    return variant;
}

ACCT_VARIANT acct_binary(const void *bytes, DWORD size)
{
    ACCT_VARIANT variant = {.dwType = PT_BINARY};
    variant.Val.bin.cb = size;
    variant.Val.bin.pb = (BYTE *)(uintptr_t)bytes;
    return variant;
}
