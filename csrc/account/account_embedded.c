/* IOlkAccountManagerEmbedded (mapisub.h): the second interface of the manager. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "account/account_manager.h"
#include "account/account_props.h"
#include "base/failure.h"
#include "base/utf.h"
#include "core/section.h"

static struct manager *of(IOlkAccountManagerEmbedded *This)
{
    return (struct manager *)(void *)((char *)This - offsetof(struct manager, embedded));
}

static HRESULT STDMETHODCALLTYPE query_interface(IOlkAccountManagerEmbedded *This, REFIID iid, void **out)
{
    return object_query(&of(This)->object, iid, out);
}

static ULONG STDMETHODCALLTYPE addref(IOlkAccountManagerEmbedded *This)
{
    return object_addref(&of(This)->object);
}

static ULONG STDMETHODCALLTYPE release(IOlkAccountManagerEmbedded *This)
{
    return object_release(&of(This)->object);
}

static HRESULT STDMETHODCALLTYPE create_account(IOlkAccountManagerEmbedded *This, const CLSID *clsid, ULONG cProps,
                                                const DWORD *rgProps, const ACCT_VARIANT *rgValues, DWORD *pdwAcctID)
{
    struct manager *self = of(This);
    DWORD id = 0;
    if (pdwAcctID != NULL)
        *pdwAcctID = 0;
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    enum account_type type = account_type_of(clsid);
    if (type == 0)
        return fail(E_INVALIDARG, "CreateAccount needs the class identifier of a type of accounts.");
    if (cProps != 0 && (rgProps == NULL || rgValues == NULL))
        return fail(E_INVALIDARG, "CreateAccount needs the properties and their values.");
    hr = manager_create_account(self, type, cProps, rgProps, rgValues, &id);
    if (hr == S_OK && pdwAcctID != NULL)
        *pdwAcctID = id;
    return manager_leave(self, hr);
}

static HRESULT STDMETHODCALLTYPE dispatch(IOlkAccountManagerEmbedded *This, ULONG max, ULONG *delivered)
{
    if (delivered != NULL)
        *delivered = 0;
    HRESULT hr = manager_check(of(This));
    return hr == S_OK ? manager_dispatch(of(This), max, delivered) : hr;
}

static HRESULT STDMETHODCALLTYPE set_manual_dispatch(IOlkAccountManagerEmbedded *This, BOOL manual)
{
    struct manager *self = of(This);
    fork_mutex_lock(&self->link->lock);
    self->manual = manual != FALSE;
    fork_mutex_unlock(&self->link->lock);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_pending(IOlkAccountManagerEmbedded *This, ULONG *waiting)
{
    HRESULT hr = manager_check(of(This));
    if (hr != S_OK)
        return hr;
    if (waiting == NULL)
        return fail(E_INVALIDARG, "GetPending needs a place for the number.");
    return manager_pending(of(This), waiting);
}

static HRESULT STDMETHODCALLTYPE set_host(IOlkAccountManagerEmbedded *This, const struct olk_host *host)
{
    struct manager *self = of(This);
    if (host != NULL && host->size < sizeof *host)
        return fail(E_INVALIDARG, "The structure of the host says that it is smaller than it has to be.");
    fork_mutex_lock(&self->link->lock);
    self->host = host != NULL ? *host : (struct olk_host){0};
    fork_mutex_unlock(&self->link->lock);
    return S_OK;
}

/* ---- secrets ---- */

static HRESULT check_secret(struct manager *self, DWORD tag)
{
    HRESULT hr = manager_check(self);
    if (hr != S_OK)
        return hr;
    if (tag != PROP_INET_PASSWORD && tag != PROP_SMTP_PASSWORD)
        return fail(E_INVALIDARG, "Passwords are kept in PROP_INET_PASSWORD and PROP_SMTP_PASSWORD.");
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE hold_secret(IOlkAccountManagerEmbedded *This, DWORD dwAcctID, DWORD dwProp,
                                             LPCWSTR text)
{
    struct manager *self = of(This);
    struct account_record *record = NULL;
    struct secret *secret = NULL;
    HRESULT hr = check_secret(self, dwProp);
    if (hr != S_OK)
        return hr;
    if (text != NULL && !utf16_valid(text, utf16_length(text)))
        return fail(E_INVALIDARG, "A password is a well-formed string.");
    hr = account_store_find(self->profile, dwAcctID, &record);
    if (hr == S_OK && text != NULL && (secret = secret_new(dwProp, text)) == NULL)
        hr = E_OUTOFMEMORY;
    if (hr == S_OK && secret != NULL)
        secret_hold(&record->owner, secret);
    else if (hr == S_OK)
        secret_forget(&record->owner, dwProp);
    account_record_unref(record);
    return manager_leave(self, hr);
}

static HRESULT run_command(const struct account_record *record, DWORD tag)
{
    char *command = NULL;
    struct secret *secret = NULL;
    HRESULT hr = bag_text(
        &record->props, tag == PROP_INET_PASSWORD ? PROP_INET_PASSWORD_COMMAND : PROP_SMTP_PASSWORD_COMMAND, &command);
    if (hr == S_OK && (command == NULL || *command == '\0'))
        hr = fail(E_ACCT_NOT_FOUND, "The account has no command that knows the password.");
    if (hr == S_OK)
        hr = secret_from_command(tag, command, &secret);
    if (hr == S_OK)
        secret_hold(&record->owner, secret);
    free(command);
    return hr;
}

static HRESULT STDMETHODCALLTYPE fetch_secret(IOlkAccountManagerEmbedded *This, DWORD dwAcctID, DWORD dwProp)
{
    struct manager *self = of(This);
    struct account_record *record = NULL;
    HRESULT hr = check_secret(self, dwProp);
    if (hr != S_OK)
        return hr;
    hr = account_store_find(self->profile, dwAcctID, &record);
    if (hr == S_OK)
        hr = run_command(record, dwProp);
    account_record_unref(record);
    return manager_leave(self, hr);
}

const IOlkAccountManagerEmbeddedVtbl manager_embedded_vtbl = {
    .QueryInterface = query_interface,
    .AddRef = addref,
    .Release = release,
    .CreateAccount = create_account,
    .Dispatch = dispatch,
    .SetManualDispatch = set_manual_dispatch,
    .GetPending = get_pending,
    .SetHost = set_host,
    .HoldSecret = hold_secret,
    .FetchSecret = fetch_secret,
};
