/* A session from the inside. Clients see an IMAPISession (struct session, the handle); everything that must
 * outlive it or is shared with support objects is in its block (struct session_core), so that nothing refers
 * back to the handle and its last Release always logs off (R1, R2).
 *
 * Locks, in the order in which they may be taken: the session's lifeline (held during each of its methods), a
 * store's lifeline, the profile database, core->lock. A provider calls its support object while it holds its
 * store's lifeline, so no method of the support object waits for the session's.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <mapispi.h>
#include <mapisub.h>

#include "base/lifeline.h"
#include "base/object.h"
#include "core/entryid.h"
#include "core/last_error.h"
#include "core/profile.h"
#include "core/profsect.h"
#include "core/services.h"

struct notify_set;
struct session;
struct session_advice;
struct slot_client;
struct support;

/* A provider that this session has loaded. One for all stores of the provider (loading-message-store-providers.md). */
struct store_provider {
    struct store_provider *next;
    const struct service *service;
    IMSProvider *provider;
    unsigned users; /* logons and calls in progress; at 0 it is shut down */
    struct {
        unsigned round; /* the last one in which it was visited; guarded by the session's lock */
        bool told;      /* to do it; guarded likewise */
        bool agreed;    /* to the last question; guarded by having the turn (fast_shutdown.c), as the next is */
        bool notified;
    } shutdown;
};

/* A store that this session is logged on to. */
struct store_logon {
    struct store_logon *next;
    struct store_provider *provider;
    IMSLogon *logon;         /* NULL while IMSProvider::Logon is running */
    struct support *support; /* the provider holds the references; NULL once it has released it */
    MAPIUID section;         /* its profile section */
    bool writes;             /* logged on with MDB_WRITE */
    ULONG security_size;     /* what the provider wants to see when the spooler logs on */
    BYTE *security;          /* malloc'd; NULL: nothing */
    MAPIUID *uids;           /* registered with SetProviderUID */
    size_t uid_count;
    struct prop_bag status; /* the row set with ModifyStatusRow */
};

struct disabled_service {
    struct disabled_service *next;
    MAPIUID service;
    HRESULT reason;
};

struct session_core {
    atomic_uint refs;
    ULONG flags; /* of MAPILogonEx */
    struct lifeline *life;
    struct profile *profile;           /* with a user, until the end */
    struct notify_set *notify;         /* what is registered with the session and its providers; until the block goes */
    struct slot_client *slot;          /* NULL: a private session, or none any more; guarded by the lifeline */
    bool joined;                       /* the shared session was there before */
    bool asking;                       /* Logoff is asking the user; guarded by the lifeline */
    struct last_error error;           /* guarded by the lifeline */
    bool error_is_new;                 /* filled in during this call, by a provider; guarded by the lifeline */
    struct disabled_service *disabled; /* guarded by the lifeline */
    size_t stores_watched;             /* tables that somebody is registered with; guarded by the lifeline */
    struct session *session;           /* the handle, not counted; guarded by the registry's lock */
    unsigned round;                    /* of fast_shutdown.c, the last one; guarded likewise */
    struct session_core *next;         /* live sessions; guarded by the registry's lock */
    struct session_core *previous;
    pthread_mutex_t lock; /* guards what follows; no provider is called with it held, but for AddRef */
    struct store_provider *providers;
    struct store_logon *logons;
    struct session_advice *advices; /* registrations with providers */
    bool simple_chosen;             /* SetDefaultStore(MAPI_SIMPLE_STORE_TEMPORARY) */
    MAPIUID simple_store;           /* its section; all zero for none */
    unsigned simple_choice;         /* how often it has changed */
    bool store_used;                /* a store was logged on to, now or before */
    bool ending;
};

struct session {
    struct object object;
    IMapiSessionInfo info;        /* the second interface; counts with the object */
    IMAPIClientShutdown shutdown; /* the third */
    struct session_core *core;
};

/* session_core.c: the block, and the list of live sessions. A new block is not among them and has no profile; session_core_start
 * takes over the profile's user and makes it a live one, which cannot fail. */
HRESULT session_core_create(ULONG flags, struct session_core **out);
void session_core_start(struct session_core *core, struct profile *profile);
struct session_core *session_core_ref(struct session_core *core);
void session_core_unref(struct session_core *core);
void session_core_bind(struct session_core *core, struct session *session); /* NULL: the handle is going */
/* A new reference on the handle, or NULL when it is going or gone. */
IMAPISession *session_core_handle(struct session_core *core);
/* Ends a session: providers, children, its place in the shared session, profile. `may_wait` is false for the last Release (R9).
 * False when it has ended, or is being ended further up the stack.
 */
bool session_core_end(struct session_core *core, bool may_wait);
/* For Logoff, `shared`: with MAPI_LOGOFF_SHARED. S_OK; MAPI_E_INVALID_OBJECT as above; where the others cannot be told
 * (MAPI_E_TIMEOUT, MAPI_E_NOT_ENOUGH_DISK and the like) nothing has changed.
 */
HRESULT session_core_log_off(struct session_core *core, bool shared);
/* Ends all live sessions, for the last MAPIUninitialize (R3). What it answers is for session_wait_for_callbacks, which sees to it that
 * no callback of theirs comes any more (N5), and may be called when others are not kept waiting by it.
 */
struct session_core *session_end_all(void);
void session_wait_for_callbacks(struct session_core *ended);
/* The oldest live session that has not been handed out in this round, with a reference; NULL when all have. Rounds are numbered by
 * one caller at a time. */
struct session_core *session_core_next(unsigned round);
/* For process_fork.c: the child has no sessions. */
void session_after_fork_in_child(void);

/* session.c */
extern const IMAPISessionVtbl session_vtbl;
extern const IMapiSessionInfoVtbl session_info_vtbl;
HRESULT session_create(struct session_core *core, LPMAPISESSION *out); /* takes over the reference on success */
void session_discard(LPMAPISESSION session);                           /* one whose block was not started */
struct session *session_of(IMAPISession *This);
/* The frame of every method: MAPI_E_INVALID_OBJECT after the logoff; leave remembers a failure for
   GetLastError and returns hr. */
HRESULT session_enter(struct session *self);
HRESULT session_leave(struct session *self, HRESULT hr);

/* session_logoff.c */
HRESULT session_logoff(struct session *self, ULONG_PTR ui, ULONG flags, ULONG reserved);

/* session_info.c: what a logoff would leave behind; each at most once counted. Lifeline entered. */
struct session_pending {
    ULONG unsent;  /* messages in the Outbox */
    ULONG unsaved; /* objects with changes */
    ULONG clients; /* others that share the session */
};
HRESULT session_count_pending(struct session_core *core, struct session_pending *out);

/* session_shared.c: the place in the shared slot (slot.h) of a session that is being made; core->slot is set. */
/* MAPI_E_NOT_FOUND: there is none; otherwise what slot_join answers. *profile gets a user. */
HRESULT session_join(struct session_core *core, unsigned patience, struct profile **profile);
/* MAPI_E_COLLISION: there is one already; otherwise what slot_create answers. */
HRESULT session_share(struct session_core *core, unsigned patience, const struct profile *profile);

/* session_stores.c: providers and logons. Lifeline entered. */
struct store_request {
    ULONG_PTR ui;
    const struct service *service; /* whose provider */
    const struct section *section; /* of the profile, or of `loose` */
    struct loose_section *loose;   /* NULL: the section is in the profile */
    struct store_entryid id;
    LPCIID iid;
    ULONG flags;  /* MDB_*, MAPI_DEFERRED_ERRORS, MAPI_BEST_ACCESS */
    bool spooler; /* SpoolerLogon */
};
HRESULT session_logon_store(struct session_core *core, const struct store_request *request, LPMDB *out);
HRESULT session_provider_acquire(struct session_core *core, const struct service *service, struct store_provider **out);
void session_provider_release(struct session_core *core, struct store_provider *provider);
void session_end_stores(struct session_core *core);
/* The provider let go of its support object: the store has closed on its own (imslogon-logoff.md). */
void session_support_gone(struct session_core *core, struct support *support);

/* session_route.c: whose an entry identifier is; also called by support objects, without the lifeline. */
/* The logon object that registered a MAPIUID, with a reference, or NULL. Of several logons on a store, which one was
   opened last is nobody's concern: one that may write is preferred. */
IMSLogon *session_logon_of(struct session_core *core, const MAPIUID *uid);
HRESULT session_compare(struct session_core *core, ULONG size1, LPENTRYID id1, ULONG size2, LPENTRYID id2, ULONG flags,
                        ULONG *result);
HRESULT session_open_routed(struct session_core *core, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags, ULONG *type,
                            LPUNKNOWN *out);
/* The same for the logon on the store with that profile section. */
IMSLogon *session_logon_of_section(struct session_core *core, const MAPIUID *section);

/* session_advise.c: Advise and Unadvise. Lifeline entered. */
HRESULT session_advise(struct session_core *core, ULONG size, LPENTRYID id, ULONG mask, LPMAPIADVISESINK sink,
                       ULONG_PTR *connection);
HRESULT session_unadvise(struct session_core *core, ULONG_PTR connection);
/* A logon goes, and with it what was registered through it; its numbers stay good for Unadvise. core->lock held. */
void session_advices_detach(struct session_core *core, const struct store_logon *logon);
void session_advices_free(struct session_core *core);

/* session_open.c */
/* The logon that an entry identifier of a store, or of something in a store, belongs to, with a reference. A store of the profile
 * that is not open is opened, as well as it can be; *store, the client's object of that, is NULL if it was open. MAPI_E_INVALID_ENTRYID;
 * MAPI_E_UNKNOWN_ENTRYID: nobody in the profile knows it. */
HRESULT session_logon_for(struct session_core *core, ULONG size, LPENTRYID id, IMSLogon **logon, LPMDB *store);
HRESULT session_open_store(struct session_core *core, ULONG_PTR ui, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                           LPMDB *out);
/* The same for the message spooler (imsprovider-spoolerlogon.md). MAPI_E_NO_SUPPORT in a session with MAPI_NO_MAIL. */
HRESULT session_open_spooler_store(struct session_core *core, ULONG size, LPENTRYID id, ULONG flags, LPMDB *out);
HRESULT session_open_entry(struct session_core *core, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags, ULONG *type,
                           LPUNKNOWN *out);

/* stores_table.c. Lifeline entered. */
HRESULT session_stores_table(struct session_core *core, ULONG flags, LPMAPITABLE *out);

/* session_profile.c: what the profile says about the session. Lifeline entered. */
HRESULT session_provider_sections(struct session_core *core, struct section_list *out);
HRESULT session_store_sections(struct session_core *core, struct section_list *out);
/* PR_RESOURCE_FLAGS of a provider as this session sees it: with a temporary choice of the simple store. */
ULONG session_resource_flags(struct session_core *core, const struct section *section);
/* Another number whenever that choice has changed. Both without the lifeline too. */
unsigned session_simple_choice(struct session_core *core);
HRESULT session_set_default_store(struct session_core *core, ULONG flags, ULONG size, LPENTRYID id);
HRESULT session_query_identity(struct session_core *core, ULONG *size, LPENTRYID *out);

#endif
