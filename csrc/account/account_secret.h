/* Passwords: in this process's memory and nowhere else. One table for the process, because a password lives as long
 * as the process does, whichever manager was told it; its values are wiped when they are replaced or taken away, when
 * their account is deleted, and at the end of the process. */
#ifndef ACCOUNT_ACCOUNT_SECRET_H
#define ACCOUNT_ACCOUNT_SECRET_H

#include <mapidefs.h>

#include "account/account_memory.h"

/* Whose secret, among all profiles: MINI_UID is unique in a database, the account's identifier everywhere. */
struct secret_owner {
    MAPIUID identity;
    DWORD mini_uid;
};

/* A secret that is ready to be held, so that holding it cannot fail. NULL: no memory. */
struct secret;
struct secret *secret_new(DWORD tag, LPCWSTR text);
void secret_free(struct secret *secret); /* wiped; NULL is allowed */

/* Takes the secret over, in place of an older one under its tag. */
void secret_hold(const struct secret_owner *owner, struct secret *secret);

/* A copy to be freed with FreeMemory. E_ACCT_NOT_FOUND (without a sentence) where this process holds none;
 * E_OUTOFMEMORY. */
HRESULT secret_get(const struct secret_owner *owner, DWORD tag, LPWSTR *out);

/* Wipes one secret; tag 0: all of the account. */
void secret_forget(const struct secret_owner *owner, DWORD tag);

/* Runs a command (UTF-8) with /bin/sh and makes a secret of the first line it writes. E_ACCT_NOT_FOUND with a
 * sentence, that says how it failed and nothing of what it wrote; E_OUTOFMEMORY. */
HRESULT secret_from_command(DWORD tag, const char *command, struct secret **out);

#endif
