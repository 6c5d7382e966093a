/* The accounts of all profiles, in the profile database. Every change is one transaction, and the notification of it
 * is written in that same transaction: the log of changes that all processes read holds what was committed and
 * nothing else.
 *
 * Functions take the lock of the profile database by themselves. A failing one has changed nothing. Beside what is
 * said of each they answer E_OLK_NOT_INITIALIZED when MAPI is no longer initialised, E_OLK_REGISTRY when the profile
 * is gone, E_OUTOFMEMORY, and what the database has to say (MAPI_E_NOT_ENOUGH_DISK, MAPI_E_TIMEOUT,
 * MAPI_E_CORRUPT_DATA, ...). / */
#ifndef ACCOUNT_ACCOUNT_STORE_H
#define ACCOUNT_ACCOUNT_STORE_H

#include <stdint.h>

#include "account/account_record.h"
#include "core/profile.h"
#include "core/profile_admin.h" /* account_store_copy */

/* E_ACCT_NOT_FOUND. */
HRESULT account_store_find(struct profile *profile, DWORD id, struct account_record **out);

/* The first in Mail order that is, or is not, an Exchange account. E_ACCT_NOT_FOUND. */
HRESULT account_store_find_exchange(struct profile *profile, bool exchange, struct account_record **out);

/* The accounts of a category in its order, of all categories (0) in Mail order first; of one type, or of all (0). */
HRESULT account_store_list(struct profile *profile, unsigned category, enum account_type type,
                           struct account_list *out);

/* The ids of a category in its order; *ids for FreeMemory of the manager. */
HRESULT account_store_order(struct profile *profile, enum account_category category, DWORD **ids, DWORD *count);

/* E_ACCT_WRONG_SORT_ORDER: another number of accounts; E_INVALIDARG: an id twice, or one of no account of the
 * category. */
HRESULT account_store_set_order(struct profile *profile, enum account_category category, const DWORD *ids, DWORD count);

/* Adds an account at the end of its categories' orders. Of the record, type, exchange, categories, service and props
 * are looked at; id and owner are filled in. MAPI_E_NOT_ENOUGH_RESOURCES: no ids are left. */
HRESULT account_store_create(struct profile *profile, struct account_record *record);

/* A value that was set and is to be stored; empty ones remove what is there, except strings. */
struct account_edit {
    struct account_edit *next;
    DWORD tag;
    uint64_t stamp; /* by the order of SetProp: of two edits of one property the later one counts */
    size_t size;
    unsigned char bytes[];
};

/* Applies edits (oldest first) to what the account is now, whoever changed it meanwhile: other properties stay as
 * others have set them. *out is the account as it is then. E_ACCT_NOT_FOUND. */
HRESULT account_store_save(struct profile *profile, DWORD id, struct account_edit *const *edits, size_t count,
                           struct account_record **out);

/* E_ACCT_NOT_FOUND. *owner: whose secrets are to be forgotten. */
HRESULT account_store_delete(struct profile *profile, DWORD id, struct secret_owner *owner);

/* ---- changes ---- */

struct account_change {
    uint64_t number; /* 1, 2, ... within a profile */
    DWORD kind;      /* NOTIFY_ACCT_* */
    DWORD id;        /* 0 for NOTIFY_ACCT_ORDER_CHANGED */
};

/* The number of the last change. */
HRESULT account_store_last_change(struct profile *profile, uint64_t *number);

/* The changes after `after`, at most `room` of them, and the number of the last one of all. *missed: some of them are
 * no longer kept, or the numbers have begun anew; nothing is read then. */
HRESULT account_store_changes(struct profile *profile, uint64_t after, size_t room, struct account_change *out,
                              size_t *count, uint64_t *last, bool *missed);

/* ---- message services ---- */

/* A message service that an account stands for. */
struct account_service {
    MAPIUID uid;
    char *name; /* UTF-8, malloc'd */
    bool exchange;
    bool is_default; /* it has the default store */
    unsigned categories;
    unsigned char *store; /* entry identifier of its store, malloc'd; NULL: none */
    size_t store_size;
    bool rename; /* result: the account's name is the newer one, and is in `name` now */
};

/* Makes accounts and services agree, in one transaction: accounts without their service go, services without an
 * account get one, and of the two names the one that was changed since they last agreed wins. In the accounts of
 * `homeless` the delivery store is forgotten. */
HRESULT account_store_sync(struct profile *profile, struct account_service *services, size_t count,
                           const DWORD *homeless, size_t homeless_count);

/* Notes the name under which account and service agree now. */
HRESULT account_store_agree(struct profile *profile, const MAPIUID *service, const char *name);

#endif
