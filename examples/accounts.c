/*
 * accounts.c - the mail accounts of a profile, from C: how a program that was written for the documented interfaces of
 * Outlook's account manager uses this one.
 *
 *     accounts [profile]        the profile (default: work) must exist
 *
 * It lists the accounts, makes one (the documented interface cannot: that is an extension), watches while it changes
 * and deletes it, and ends. Everything goes through vtables; the helper that the manager wants is our own.
 *
 *     gcc -Icsrc/include examples/accounts.c build/libmapi.a -lsqlite3 -lpthread -o accounts
 */
#include <mapisub.h>
#include <mapix.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text is UTF-16 in these interfaces. For this example's purposes a character is a byte, or it is a question mark. */
static void print_text(const WCHAR *text)
{
    for (; *text != 0; text++)
        putchar(*text < 0x80 ? (int)*text : '?');
}

static void report(const char *what, HRESULT hr)
{
    const char *why = MapiErrorDetail(hr); /* an extension: the sentence that goes with the code */
    fprintf(stderr, "%s: 0x%08lX %s\n", what, (unsigned long)(ULONG)hr, why != NULL ? why : "");
}

/* ---- the helper --------------------------------------------------------------------------------------------- *
 * The manager asks it which profile it is about (at once), and for a session (when it needs one, maybe never). The
 * helper keeps the session's reference on the manager's behalf: a manager that held the session itself would be part of
 * a circle. It made the session, so in HandsOffSession it ends it, and says S_OK. A helper that was given a session
 * would say E_NOTIMPL there.
 */
struct helper {
    IOlkAccountHelper interface; /* first: its address is the interface pointer */
    ULONG references;            /* this program has one thread; otherwise count atomically */
    const WCHAR *profile;
    IMAPISession *session;
};

static HRESULT STDMETHODCALLTYPE helper_QueryInterface(IOlkAccountHelper *This, REFIID riid, void **ppv)
{
    if (memcmp(riid, &IID_IUnknown, sizeof *riid) != 0 && memcmp(riid, &IID_IOlkAccountHelper, sizeof *riid) != 0) {
        *ppv = NULL;
        return E_NOINTERFACE;
    }
    This->lpVtbl->AddRef(This);
    *ppv = This;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE helper_AddRef(IOlkAccountHelper *This)
{
    return ++((struct helper *)(void *)This)->references;
}

static HRESULT STDMETHODCALLTYPE helper_HandsOffSession(IOlkAccountHelper *This)
{
    struct helper *self = (struct helper *)(void *)This;
    if (self->session != NULL) {
        self->session->lpVtbl->Logoff(self->session, 0, 0, 0);
        self->session->lpVtbl->Release(self->session);
        self->session = NULL;
        puts("  (helper: the session has been handed off)");
    }
    return S_OK;
}

static ULONG STDMETHODCALLTYPE helper_Release(IOlkAccountHelper *This)
{
    ULONG left = --((struct helper *)(void *)This)->references;
    if (left == 0) {
        helper_HandsOffSession(This);
        free(This);
    }
    return left;
}

static HRESULT STDMETHODCALLTYPE helper_Placeholder1(IOlkAccountHelper *This, void *pv)
{
    (void)This;
    (void)pv;
    return E_NOTIMPL; /* always */
}

/* The count includes the NUL both ways. Too small a buffer is E_OUTOFMEMORY, and stays as it is. */
static HRESULT STDMETHODCALLTYPE helper_GetIdentity(IOlkAccountHelper *This, LPWSTR pwszIdentity, DWORD *pcch)
{
    const WCHAR *profile = ((struct helper *)(void *)This)->profile;
    DWORD needed = 1;
    if (pcch == NULL)
        return E_INVALIDARG;
    while (profile[needed - 1] != 0)
        needed++;
    DWORD room = *pcch;
    *pcch = needed;
    if (room < needed)
        return E_OUTOFMEMORY;
    memcpy(pwszIdentity, profile, needed * sizeof *profile);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE helper_GetMapiSession(IOlkAccountHelper *This, LPUNKNOWN *ppmsess)
{
    struct helper *self = (struct helper *)(void *)This;
    *ppmsess = NULL;
    if (self->session == NULL) {
        HRESULT hr = MAPILogonEx(0, (LPTSTR)(void *)self->profile, NULL,
                                 MAPI_UNICODE | MAPI_EXTENDED | MAPI_NEW_SESSION, &self->session);
        if (FAILED(hr))
            return hr;
        puts("  (helper: logged on)");
    }
    self->session->lpVtbl->AddRef(self->session); /* the caller's reference; ours stays */
    *ppmsess = (LPUNKNOWN)self->session;
    return S_OK;
}

static const IOlkAccountHelperVtbl helper_vtbl = {
    helper_QueryInterface, helper_AddRef,         helper_Release,         helper_Placeholder1,
    helper_GetIdentity,    helper_GetMapiSession, helper_HandsOffSession,
};

static IOlkAccountHelper *new_helper(const WCHAR *profile)
{
    struct helper *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->interface.lpVtbl = &helper_vtbl;
    self->references = 1;
    self->profile = profile;
    return &self->interface;
}

/* ---- who is told -------------------------------------------------------------------------------------------- */

static HRESULT STDMETHODCALLTYPE watcher_QueryInterface(IOlkAccountNotify *This, REFIID riid, void **ppv)
{
    bool known =
        memcmp(riid, &IID_IUnknown, sizeof *riid) == 0 || memcmp(riid, &IID_IOlkAccountNotify, sizeof *riid) == 0;
    *ppv = known ? This : NULL;
    return known ? S_OK : E_NOINTERFACE;
}

/* There is one watcher, and it lives as long as the program. */
static ULONG STDMETHODCALLTYPE watcher_AddRef(IOlkAccountNotify *This)
{
    (void)This;
    return 2;
}

static ULONG STDMETHODCALLTYPE watcher_Release(IOlkAccountNotify *This)
{
    (void)This;
    return 1;
}

static HRESULT STDMETHODCALLTYPE watcher_GetLastError(IOlkAccountNotify *This, HRESULT hr, LPWSTR *ppwszError)
{
    (void)This;
    (void)hr;
    *ppwszError = NULL;
    return E_INVALIDARG;
}

static HRESULT STDMETHODCALLTYPE watcher_Notify(IOlkAccountNotify *This, DWORD dwNotify, DWORD dwAcctID, DWORD dwFlags)
{
    (void)This;
    (void)dwFlags;
    printf("  (told: %s, account %lu)\n", OlkNotifyName(dwNotify), (unsigned long)dwAcctID);
    return S_OK;
}

static const IOlkAccountNotifyVtbl watcher_vtbl = {
    watcher_QueryInterface, watcher_AddRef, watcher_Release, watcher_GetLastError, watcher_Notify,
};

static IOlkAccountNotify watcher = {&watcher_vtbl};

/* ---- accounts ----------------------------------------------------------------------------------------------- */

/* What GetProp allocates, the account's own FreeMemory frees. */
static void print_account(IOlkAccount *account)
{
    ACCT_VARIANT id, name, address;
    if (SUCCEEDED(account->lpVtbl->GetProp(account, PROP_ACCT_ID, &id)))
        printf("  %3lu  ", (unsigned long)id.Val.dw);
    if (SUCCEEDED(account->lpVtbl->GetProp(account, PROP_ACCT_NAME, &name))) {
        print_text(name.Val.pwsz);
        account->lpVtbl->FreeMemory(account, (BYTE *)name.Val.pwsz);
    }
    /* Not every account has an address: E_ACCT_NOT_FOUND is an everyday answer. */
    if (SUCCEEDED(account->lpVtbl->GetProp(account, PROP_ACCT_USER_EMAIL_ADDR, &address))) {
        fputs("  <", stdout);
        print_text(address.Val.pwsz);
        putchar('>');
        account->lpVtbl->FreeMemory(account, (BYTE *)address.Val.pwsz);
    }
    putchar('\n');
}

static HRESULT list_accounts(IOlkAccountManager *manager)
{
    IOlkEnum *list = NULL;
    LPUNKNOWN next = NULL;
    DWORD count = 0;
    HRESULT hr = manager->lpVtbl->EnumerateAccounts(manager, &CLSID_OlkMail, NULL, OLK_ACCOUNT_NO_FLAGS, &list);
    if (FAILED(hr))
        return hr;
    list->lpVtbl->GetCount(list, &count);
    printf("%lu mail accounts:\n", (unsigned long)count);
    /* The end is S_FALSE, which is a success: ask for S_OK. */
    while ((hr = list->lpVtbl->GetNext(list, &next)) == S_OK) {
        IOlkAccount *account = NULL;
        if (SUCCEEDED(next->lpVtbl->QueryInterface(next, &IID_IOlkAccount, (void **)&account))) {
            print_account(account);
            account->lpVtbl->Release(account);
        }
        next->lpVtbl->Release(next);
    }
    list->lpVtbl->Release(list);
    return FAILED(hr) ? hr : S_OK;
}

/* The extension, for which this manager is asked by QueryInterface; another implementation does not have it. */
static HRESULT add_account(IOlkAccountManager *manager, DWORD *id)
{
    static WCHAR name[] = u"The mill's office";
    static WCHAR address[] = u"office@mill.example";
    static WCHAR server[] = u"imap.mill.example";
    static WCHAR command[] = u"pass show mail/mill"; /* its output's first line is the password */
    const DWORD props[] = {PROP_ACCT_NAME, PROP_ACCT_USER_EMAIL_ADDR, PROP_INET_SERVER, PROP_INET_PORT,
                           PROP_INET_PASSWORD_COMMAND};
    const ACCT_VARIANT values[] = {
        {.dwType = PT_UNICODE, .Val = {.pwsz = name}},    {.dwType = PT_UNICODE, .Val = {.pwsz = address}},
        {.dwType = PT_UNICODE, .Val = {.pwsz = server}},  {.dwType = PT_LONG, .Val = {.dw = 993}},
        {.dwType = PT_UNICODE, .Val = {.pwsz = command}},
    };
    IOlkAccountManagerEmbedded *embedded = NULL;
    HRESULT hr = manager->lpVtbl->QueryInterface(manager, &IID_IOlkAccountManagerEmbedded, (void **)&embedded);
    if (FAILED(hr))
        return hr;
    hr = embedded->lpVtbl->CreateAccount(embedded, &CLSID_OlkIMAP4Account, sizeof props / sizeof props[0], props,
                                         values, id);
    embedded->lpVtbl->Release(embedded);
    return hr;
}

/* What is set is kept with the account object until it is saved. */
static HRESULT rename_account(IOlkAccount *account)
{
    static WCHAR name[] = u"The mill";
    ACCT_VARIANT value = {.dwType = PT_UNICODE, .Val = {.pwsz = name}};
    HRESULT hr = account->lpVtbl->SetProp(account, PROP_ACCT_NAME, &value);
    return FAILED(hr) ? hr : account->lpVtbl->SaveChanges(account, OLK_ACCOUNT_NO_FLAGS);
}

/* Where its mail goes. The account names no store of its own: the manager asks the profile's session, and for that
 * the helper. */
static void print_delivery_store(IOlkAccount *account)
{
    ACCT_VARIANT store;
    HRESULT hr = account->lpVtbl->GetProp(account, PROP_ACCT_DELIVERY_STORE, &store);
    if (SUCCEEDED(hr)) {
        printf("it delivers into a store with an entry identifier of %lu bytes\n", (unsigned long)store.Val.bin.cb);
        account->lpVtbl->FreeMemory(account, store.Val.bin.pb);
    } else {
        puts("it delivers nowhere: the profile has no message store");
    }
}

static HRESULT use_account(IOlkAccountManager *manager, DWORD id)
{
    ACCT_VARIANT key = {.dwType = PT_LONG, .Val = {.dw = id}};
    IOlkAccount *account = NULL;
    HRESULT hr = manager->lpVtbl->FindAccount(manager, PROP_ACCT_ID, &key, &account);
    if (FAILED(hr))
        return hr;
    print_delivery_store(account);
    hr = rename_account(account);
    account->lpVtbl->Release(account);
    return hr;
}

static HRESULT walk_through(IOlkAccountManager *manager)
{
    DWORD cookie = 0;
    DWORD id = 0;
    HRESULT hr = list_accounts(manager);
    if (SUCCEEDED(hr))
        hr = manager->lpVtbl->Advise(manager, &watcher, &cookie);
    if (FAILED(hr))
        return hr;
    puts("adding one");
    hr = add_account(manager, &id);
    if (SUCCEEDED(hr))
        hr = list_accounts(manager);
    if (SUCCEEDED(hr)) {
        puts("renaming it");
        hr = use_account(manager, id);
    }
    if (SUCCEEDED(hr)) {
        puts("deleting it");
        hr = manager->lpVtbl->DeleteAccount(manager, id);
    }
    manager->lpVtbl->Unadvise(manager, cookie);
    return hr;
}

static HRESULT run(const WCHAR *profile)
{
    IOlkAccountManager *manager = NULL;
    IOlkAccountHelper *helper = new_helper(profile);
    HRESULT hr = helper != NULL ? OlkCreateAccountManager(&manager) : E_OUTOFMEMORY; /* CoCreateInstance elsewhere */
    if (SUCCEEDED(hr)) {
        /* Synchronising accounts with message services takes a session at once; there is seldom a reason to. */
        hr = manager->lpVtbl->Init(manager, helper, ACCT_INIT_NOSYNCH_MAPI_ACCTS);
        if (SUCCEEDED(hr))
            hr = walk_through(manager);
        puts("the manager ends");
        manager->lpVtbl->Release(manager); /* hands off the session, if it ever asked for it */
    }
    if (helper != NULL)
        helper->lpVtbl->Release(helper);
    return hr;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "work";
    WCHAR profile[65];
    size_t length = 0;
    for (; name[length] != '\0' && length < 64; length++)
        profile[length] = (WCHAR)(unsigned char)name[length];
    profile[length] = 0;
    HRESULT hr = MAPIInitialize(NULL);
    if (SUCCEEDED(hr)) {
        hr = run(profile);
        if (FAILED(hr))
            report("accounts", hr);
        MAPIUninitialize();
    }
    return SUCCEEDED(hr) ? EXIT_SUCCESS : EXIT_FAILURE;
}
