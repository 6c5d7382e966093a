/* The methods of IOlkAccountManager; each comment names the page where it is more than the method's own. */
#include <stddef.h>

#include "account/account_manager.h"
#include "account/account_object.h"
#include "base/failure.h"

OBJECT_IUNKNOWN(unknown, IOlkAccountManager)

/* The slots without a documented meaning: on the calling conventions of this interface it does not matter which
 * arguments a caller thinks they have. */
static HRESULT STDMETHODCALLTYPE manager_placeholder(IOlkAccountManager *This)
{
    (void)This;
    return E_NOTIMPL;
}

/* In any state. */
static HRESULT STDMETHODCALLTYPE manager_get_last_error(IOlkAccountManager *This, HRESULT hr, LPWSTR *ppwszError)
{
    (void)This;
    return account_error_text(MEMORY_OF_MANAGER, hr, ppwszError); /* H19 */
}

static HRESULT STDMETHODCALLTYPE manager_init_method(IOlkAccountManager *This, IOlkAccountHelper *pAcctHelper,
                                                     DWORD dwFlags)
{
    return manager_init(manager_of(This), pAcctHelper, dwFlags);
}

/* The dialog is the host's; what it answers becomes one of the documented codes. */
static HRESULT display(struct manager *self, HWND window, DWORD flags)
{
    fork_mutex_lock(&self->link->lock);
    struct olk_host host = self->host;
    fork_mutex_unlock(&self->link->lock);
    HRESULT hr = host.show_accounts != NULL ? host.show_accounts(host.context, window, flags) : E_ACCT_UI_BUSY;
    if (SUCCEEDED(hr))
        return S_OK;
    if (hr == E_ACCT_UI_BUSY)
        return fail(hr, "There is no dialog for accounts here.");
    if (flags & ACCTUI_SHOW_ACCTWIZARD)
        return fail(MAPI_E_CALL_FAILED, "The dialog for a new account has failed.");
    return fail(MAPI_E_USER_CANCEL, "The dialog for the accounts was cancelled or has failed.");
}

static HRESULT STDMETHODCALLTYPE manager_display_account_list(IOlkAccountManager *This, HWND hwnd, DWORD dwFlags,
                                                              LPCWSTR wszTitle, DWORD cCategories,
                                                              const CLSID *rgclsidCategories, const CLSID *pclsidType)
{
    const DWORD known = ACCTUI_NO_WARNING | ACCTUI_SHOW_DATA_TAB | ACCTUI_SHOW_ACCTWIZARD;
    struct manager *self = manager_of(This);
    (void)wszTitle; /* not used; that it should be NULL is no condition */
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    if (cCategories != 0 || rgclsidCategories != NULL || pclsidType != NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "DisplayAccountList takes no categories and no type.");
    if ((dwFlags & ~known) || ((dwFlags & ACCTUI_SHOW_DATA_TAB) && (dwFlags & ACCTUI_SHOW_ACCTWIZARD)))
        return fail(MAPI_E_INVALID_PARAMETER, "DisplayAccountList does not take the flags 0x%08lX.",
                    (unsigned long)dwFlags);
    return manager_leave(self, display(self, hwnd, dwFlags));
}

/* Every argument that is not as it should be is E_OLK_PARAM_NOT_SUPPORTED: the page has no other code for it. */
static HRESULT STDMETHODCALLTYPE manager_find_account(IOlkAccountManager *This, DWORD dwProp, ACCT_VARIANT *pVar,
                                                      IOlkAccount **ppAccount)
{
    struct manager *self = manager_of(This);
    struct account_record *record = NULL;
    if (ppAccount != NULL)
        *ppAccount = NULL;
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    if (ppAccount == NULL || pVar == NULL || pVar->dwType != PT_LONG ||
        (dwProp != PROP_ACCT_ID && dwProp != PROP_ACCT_IS_EXCH))
        return fail(E_OLK_PARAM_NOT_SUPPORTED,
                    "Accounts are found by PROP_ACCT_ID or PROP_ACCT_IS_EXCH, with a PT_LONG value.");
    hr = dwProp == PROP_ACCT_ID ? account_store_find(self->profile, pVar->Val.dw, &record)
                                : account_store_find_exchange(self->profile, pVar->Val.dw != 0, &record);
    if (hr == S_OK)
        hr = account_create(self->link, record, ppAccount);
    account_record_unref(record);
    return manager_leave(self, hr);
}

static HRESULT STDMETHODCALLTYPE manager_delete_account(IOlkAccountManager *This, DWORD dwAcctID)
{
    struct manager *self = manager_of(This);
    struct account_record *record = NULL;
    struct secret_owner owner;
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    if (!(self->flags & ACCT_INIT_NOSYNCH_MAPI_ACCTS)) {
        hr = account_store_find(self->profile, dwAcctID, &record);
        if (hr == S_OK)
            hr = manager_remove_service(self, record);
        account_record_unref(record);
    }
    if (hr == S_OK)
        hr = account_store_delete(self->profile, dwAcctID, &owner);
    if (hr == S_OK)
        secret_forget(&owner, 0);
    return manager_leave(self, hr);
}

static HRESULT STDMETHODCALLTYPE manager_save_changes(IOlkAccountManager *This, DWORD dwAcctID, DWORD dwFlags)
{
    struct manager *self = manager_of(This);
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    if (dwFlags != OLK_ACCOUNT_NO_FLAGS)
        return fail(E_INVALIDARG, "SaveChanges takes no flags.");
    return manager_leave(self, manager_save(self, dwAcctID, NULL));
}

static HRESULT STDMETHODCALLTYPE manager_get_order(IOlkAccountManager *This, const CLSID *pclsidCategory,
                                                   DWORD *pcAccts, DWORD **prgAccts)
{
    struct manager *self = manager_of(This);
    if (pcAccts != NULL)
        *pcAccts = 0;
    if (prgAccts != NULL)
        *prgAccts = NULL;
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    enum account_category category = account_category_of(pclsidCategory);
    if (category == 0 || pcAccts == NULL || prgAccts == NULL)
        return fail(E_INVALIDARG, "GetOrder needs a category, and places for the ids and their number.");
    return manager_leave(self, account_store_order(self->profile, category, prgAccts, pcAccts));
}

/* H21: count and array by value. H22: the order of mail accounts cannot be set. */
static HRESULT STDMETHODCALLTYPE manager_set_order(IOlkAccountManager *This, const CLSID *pclsidCategory, DWORD cAccts,
                                                   DWORD *rgAccts)
{
    struct manager *self = manager_of(This);
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    enum account_category category = account_category_of(pclsidCategory);
    if (category != CATEGORY_ADDRESS_BOOK && category != CATEGORY_STORE)
        return fail(E_INVALIDARG, "The order of address books and of stores can be set, and no other.");
    if (rgAccts == NULL && cAccts != 0)
        return fail(E_INVALIDARG, "SetOrder needs the ids of the accounts.");
    return manager_leave(self, account_store_set_order(self->profile, category, rgAccts, cAccts));
}

/* NULL is any category, or any type; both NULL are all accounts. What fits no account is an empty enumerator. */
static HRESULT STDMETHODCALLTYPE manager_enumerate_accounts(IOlkAccountManager *This, const CLSID *pclsidCategory,
                                                            const CLSID *pclsidType, DWORD dwFlags, IOlkEnum **ppEnum)
{
    struct manager *self = manager_of(This);
    struct account_list list;
    if (ppEnum != NULL)
        *ppEnum = NULL;
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    enum account_category category = account_category_of(pclsidCategory);
    enum account_type type = account_type_of(pclsidType);
    if (ppEnum == NULL || (pclsidCategory != NULL && category == 0) || (pclsidType != NULL && type == 0))
        return fail(E_INVALIDARG,
                    "EnumerateAccounts needs a place for the enumerator, and categories and types that there are.");
    if (dwFlags != OLK_ACCOUNT_NO_FLAGS)
        return fail(E_INVALIDARG, "EnumerateAccounts takes no flags.");
    hr = account_store_list(self->profile, category, type, &list);
    if (hr == S_OK)
        hr = account_enum_create(self->link, &list, ppEnum);
    return manager_leave(self, hr);
}

/* In any state. */
static HRESULT STDMETHODCALLTYPE manager_free_memory(IOlkAccountManager *This, BYTE *pv)
{
    (void)This;
    return account_memory_free(MEMORY_OF_MANAGER, pv);
}

static HRESULT STDMETHODCALLTYPE manager_advise_method(IOlkAccountManager *This, IOlkAccountNotify *pNotify,
                                                       DWORD *pdwCookie)
{
    struct manager *self = manager_of(This);
    if (pdwCookie != NULL)
        *pdwCookie = 0;
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    if (pNotify == NULL || pdwCookie == NULL)
        return fail(E_INVALIDARG, "Advise needs somebody to tell, and a place for the cookie.");
    return manager_leave(self, manager_advise(self, pNotify, pdwCookie));
}

/* H21: the cookie by value. */
static HRESULT STDMETHODCALLTYPE manager_unadvise_method(IOlkAccountManager *This, DWORD dwCookie)
{
    struct manager *self = manager_of(This);
    HRESULT hr = manager_check(self);
    return hr == S_OK ? manager_leave(self, manager_unadvise(self, dwCookie)) : hr;
}

const IOlkAccountManagerVtbl manager_vtbl = {
    .QueryInterface = unknown_query_interface,
    .AddRef = unknown_addref,
    .Release = unknown_release,
    .GetLastError = manager_get_last_error,
    .Init = manager_init_method,
    .DisplayAccountList = manager_display_account_list,
    .PlaceHolder1 = manager_placeholder,
    .PlaceHolder2 = manager_placeholder,
    .PlaceHolder3 = manager_placeholder,
    .PlaceHolder4 = manager_placeholder,
    .PlaceHolder5 = manager_placeholder,
    .FindAccount = manager_find_account,
    .PlaceHolder6 = manager_placeholder,
    .PlaceHolder7 = manager_placeholder,
    .PlaceHolder8 = manager_placeholder,
    .DeleteAccount = manager_delete_account,
    .PlaceHolder9 = manager_placeholder,
    .SaveChanges = manager_save_changes,
    .GetOrder = manager_get_order,
    .SetOrder = manager_set_order,
    .EnumerateAccounts = manager_enumerate_accounts,
    .PlaceHolder10 = manager_placeholder,
    .PlaceHolder11 = manager_placeholder,
    .FreeMemory = manager_free_memory,
    .Advise = manager_advise_method,
    .Unadvise = manager_unadvise_method,
    .PlaceHolder12 = manager_placeholder,
    .PlaceHolder13 = manager_placeholder,
    .PlaceHolder14 = manager_placeholder,
};
