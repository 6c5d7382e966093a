/* support/accounts.h - what the tests of the account manager share: a profile, managers, accounts, and a helper and a
 * client to be told written as any program would write them, that count what is done to them. */
#ifndef SPEC_SUPPORT_ACCOUNTS_H
#define SPEC_SUPPORT_ACCOUNTS_H

#include <stdbool.h>

#include <mapisub.h>

/* cmocka's fixtures: a home of its own with the profile "work"; afterwards nothing may be left alive. With mail: the
 * profile has a message store. */
int accounts_setup(void **state);
int accounts_setup_with_mail(void **state);
int accounts_teardown(void **state);

void accounts_make_profile(const char *name, bool with_mail);
IProfAdmin *accounts_profile_admin(void);

/* ---- a helper ---- */

struct test_helper {
    IOlkAccountHelper interface;
    unsigned refs;
    LPCWSTR identity;        /* NULL: GetIdentity fails */
    HRESULT identity_result; /* what it fails with */
    bool forgets_nul;        /* counts the name without its NUL, as helpers in the wild do */
    IMAPISession *session;   /* borrowed from the test; NULL: session_result with NULL */
    HRESULT session_result;
    bool owns;                /* logs on by itself, and HandsOffSession logs off */
    bool keeps_silent;        /* S_OK and NULL from GetMapiSession */
    HRESULT hands_off_result; /* unless it owns */
    unsigned identity_calls;
    unsigned session_calls;
    unsigned hands_off_calls;
    unsigned placeholder_calls;
    bool session_at_hands_off; /* whether others still held a reference on the session when it was handed off */
    void (*on_session)(struct test_helper *self); /* called from GetMapiSession */
    void *context;
};

/* With one reference, the test's; it may live on the test's stack. */
void test_helper_init(struct test_helper *helper, LPCWSTR identity);

/* ---- a client ---- */

enum { HEARD_MAX = 64 };

struct heard {
    DWORD kind;
    DWORD id;
    DWORD flags;
};

struct test_client {
    IOlkAccountNotify interface;
    unsigned refs;
    unsigned count;
    struct heard heard[HEARD_MAX];
    void (*on_notify)(struct test_client *self, DWORD kind, DWORD id);
    void *context;
};

void test_client_init(struct test_client *client);

/* ---- shorthands; each asserts that it succeeds ---- */

IOlkAccountManager *new_manager(void);
/* On the profile, without synchronisation, with the embedded owning helper. */
IOlkAccountManager *open_manager(LPCWSTR profile);
IOlkAccountManager *open_manager_with(IOlkAccountHelper *helper, DWORD flags);
IOlkAccountManagerEmbedded *embedded_of(IOlkAccountManager *manager); /* no reference of its own */
void close_manager(IOlkAccountManager *manager);                      /* asserts that it was the last reference */

DWORD make_account(IOlkAccountManager *manager, const CLSID *type, LPCWSTR name);
IOlkAccount *find_account(IOlkAccountManager *manager, DWORD id);
HRESULT find_account_result(IOlkAccountManager *manager, DWORD id);
void release_account(IOlkAccount *account);

void acct_set_text(IOlkAccount *account, DWORD tag, LPCWSTR text);
void save_account(IOlkAccount *account);
bool acct_has_text(IOlkAccount *account, DWORD tag, LPCWSTR text);
DWORD acct_get_long(IOlkAccount *account, DWORD tag);
HRESULT acct_get_result(IOlkAccount *account, DWORD tag);
/* The name of the account as it is stored now. */
bool stored_name_is(IOlkAccountManager *manager, DWORD id, LPCWSTR name);

IOlkEnum *acct_enumerate(IOlkAccountManager *manager, const CLSID *category, const CLSID *type);
DWORD acct_enum_count(IOlkEnum *list);
IOlkAccount *acct_enum_next(IOlkEnum *list); /* NULL at the end */

DWORD acct_advise(IOlkAccountManager *manager, struct test_client *client);
ULONG acct_dispatch(IOlkAccountManager *manager);

ACCT_VARIANT acct_long(DWORD value);
ACCT_VARIANT acct_text(LPCWSTR text);
ACCT_VARIANT acct_binary(const void *bytes, DWORD size);

#endif
