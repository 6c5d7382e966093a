/* IOlkAccountManager from the inside.
 *
 * Accounts and enumerators may outlive their manager. They hold a reference on its link, never on the manager: its
 * last Release is its end, whatever a client has forgotten. An account that needs the manager takes a reference for
 * as long as the call lasts, so the end waits for nobody: whoever drops the last reference is the one who ends it.
 *
 * Locks: the link's lock guards what is said below. The profile database's lock may be taken while it is held, never
 * the other way round. Nobody else's code is called with either of them held: not the helper's, not a client's Notify
 * or Release. / */
#ifndef ACCOUNT_ACCOUNT_MANAGER_H
#define ACCOUNT_ACCOUNT_MANAGER_H

#include <stdatomic.h>
#include <stdbool.h>

#include <mapisub.h>
#include <mapix.h>

#include "account/account_store.h"
#include "base/fork.h"
#include "base/object.h"

struct account;
struct manager;

struct manager_link {
    atomic_uint refs;
    unsigned generation; /* base/fork.h: what is from before a fork can only be released */
    struct fork_mutex lock;
    struct manager *manager; /* not counted; NULL once its end has begun; guarded by the lock */
};

struct manager_link *manager_link_ref(struct manager_link *link);
void manager_link_unref(struct manager_link *link);
bool manager_link_inherited(const struct manager_link *link);

/* The manager with a reference, or NULL once its end has begun. */
struct manager *manager_link_acquire(struct manager_link *link);
void manager_release(struct manager *manager);

/* A client that is to be told. */
struct sink {
    DWORD cookie;
    uint64_t since; /* the last change before it was registered */
    IOlkAccountNotify *notify;
};

enum manager_state { MANAGER_CREATED, MANAGER_BEGINNING, MANAGER_READY };

struct manager {
    struct object object;
    IOlkAccountManagerEmbedded embedded; /* the second interface; counts with the object */
    struct manager_link *link;
    atomic_int state; /* of enum manager_state; what follows is set before it says READY and stays until the end */
    DWORD flags;
    IOlkAccountHelper *helper;
    struct profile *profile;  /* with a user, so that it stays while the manager is there */
    atomic_bool used_session; /* GetMapiSession has succeeded at least once */

    /* Guarded by the link's lock. */
    struct account *edited; /* accounts with edits that were not saved; not counted */
    uint64_t last_stamp;    /* of an edit */
    struct olk_host host;
    struct sink *sinks; /* by increasing cookie */
    size_t sink_count;
    size_t sink_capacity;
    DWORD last_cookie;
    uint64_t delivered; /* the last change that all were told of */
    uint64_t telling;   /* the change that not all of them were told of yet */
    DWORD told;         /* of that one, all with a cookie up to this one were */
    uint64_t reload;    /* the change that stands for all those that are no longer known; 0: none has been missed */
    bool delivering;
    bool manual;
};

struct manager *manager_of(IOlkAccountManager *This);

/* How each method begins: E_OLK_NOT_INITIALIZED before Init, and where the manager is the one of a parent process. */
HRESULT manager_check(struct manager *self);
/* How each method ends: unless delivery is manual, clients are told what has been committed. Returns hr. */
HRESULT manager_leave(struct manager *self, HRESULT hr);

/* A sentence for the log; it is also the thread's sentence for hr. */
void manager_warn(struct manager *self, HRESULT hr, const char *sentence);

/* The helper's session, on loan: to be released as soon as it has been used, and never kept (H6, H7, H8). */
HRESULT manager_session(struct manager *self, IMAPISession **out);

/* account_methods.c and account_embedded.c: the vtables. */
extern const IOlkAccountManagerVtbl manager_vtbl;
extern const IOlkAccountManagerEmbeddedVtbl manager_embedded_vtbl;
HRESULT manager_init(struct manager *self, IOlkAccountHelper *helper, DWORD flags);

/* account_create.c */
HRESULT manager_create_account(struct manager *self, enum account_type type, ULONG count, const DWORD *tags,
                               const ACCT_VARIANT *values, DWORD *id);

/* account_save.c: saves the edits of all account objects of this manager that show the account; or of one only,
 * unless NULL. */
HRESULT manager_save(struct manager *self, DWORD id, struct account *only);

/* account_sync.c: message services and stores, through the helper's session. */
HRESULT manager_sync(struct manager *self);
/* After a save: the service gets the name of the account that stands for it. What cannot be done now is left for the
 * next sync. */
void manager_push_name(struct manager *self, const struct account_record *record);
/* Before a deletion: removes the message service that the account stands for. E_ACCESSDENIED when that has the
 * default store. */
HRESULT manager_remove_service(struct manager *self, const struct account_record *record);
/* The delivery store, delivery folder or folder of sent mail of an account that has none of its own: a block of
 * MEMORY_OF_ACCOUNT. E_ACCT_NOT_FOUND. */
HRESULT manager_default_entryid(struct manager *self, const struct account_record *record, DWORD tag, ACCT_BIN *out);

/* account_notify.c */
HRESULT manager_advise(struct manager *self, IOlkAccountNotify *notify, DWORD *cookie);
HRESULT manager_unadvise(struct manager *self, DWORD cookie);
void manager_unadvise_all(struct manager *self); /* at the end, when nobody else is there */
HRESULT manager_dispatch(struct manager *self, ULONG max, ULONG *delivered);
HRESULT manager_pending(struct manager *self, ULONG *waiting);

#endif
