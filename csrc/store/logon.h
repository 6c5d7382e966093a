/* store/logon.h - one logon on one store: the connection, and what all objects opened through it share.
 *
 * A struct store is counted: the IMSLogon, the IMsgStore and every object below them hold a reference. Its lifeline
 * ends with IMSLogon::Logoff, or when the last object a client could hold has been released; from then on the
 * connection is closed, nothing unsaved is kept (L15), and the objects only count references.
 */
#ifndef STORE_LOGON_H
#define STORE_LOGON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mapispi.h>

#include "base/database.h"
#include "base/fork.h"
#include "base/lifeline.h"
#include "store/changes.h"
#include "store/events.h"
#include "store/name_table.h"
#include "store/schema.h"
#include "store/search.h"

struct message;

/* The stores that were opened through one provider object, for its DoFastShutdown. Counted: stores outlive the provider object. */
struct store_family {
    atomic_uint refs;
    struct fork_mutex lock;
    struct store *first; /* not counted */
};

struct store_family *store_family_create(void); /* NULL: no memory */
void store_family_unref(struct store_family *family);

/* Closes all of them for good, each when the calls that other threads are in have come to an end. What was reported saved is in the
 * file; nothing else is saved (L15). A store that this thread itself is in the middle of using is left for SQLite to recover. */
void store_family_shut_down(struct store_family *family);

struct store {
    atomic_uint refs;
    atomic_uint clients; /* objects that a client may hold; not the IMSLogon */
    struct lifeline *life;
    struct database *db; /* NULL once the lifeline has ended */
    LPMAPISUP support;   /* our reference; NULL once ended */
    struct changes *changes;
    MAPIUID uid;
    bool writable;      /* opened with MDB_WRITE or the best access there was */
    bool spooler;       /* by IMSProvider::SpoolerLogon: some methods are for the spooler only */
    bool ready_to_send; /* the spooler has been told so (imapisupport-spoolernotify.md) */
    ULONG logoff_flags; /* of the last StoreLogoff, for StoreLogoffTransports */
    int64_t folders[STANDARD_FOLDER_COUNT];
    ULONG entryid_size; /* the store's own entry identifier, wrapped by MAPI */
    unsigned char *entryid;

    /* Protected by list_lock, because the last Release of a message needs no lifeline. */
    struct fork_mutex list_lock;
    struct message *open_messages; /* those opened with MAPI_MODIFY, which must not be deleted meanwhile */

    struct store_family *family;
    struct store *next_of_family; /* guarded by its lock, as the next is */
    bool shut_down;

    atomic_uint unsaved; /* open objects with changes that were not saved */

    struct name_table names; /* guarded by the lifeline */

    unsigned depth; /* of nested transactions */
    bool doomed;    /* an inner one failed */
    struct events_pending pending;
    struct searches_pending searches;

    struct events *events; /* NULL: nobody is registered through this logon; guarded by the lifeline */
    atomic_bool look;      /* there may be changes to be read */
    unsigned entered;      /* how often; guarded by the lifeline */
    atomic_size_t orphans; /* clients that were registrations, and ended with the logon */
};

/* Opens a store file for a support object (of which a reference is kept). write: MDB_WRITE; best: fall back to reading.
 * One reference, no client. Results as database_open, MAPI_E_CORRUPT_DATA; *out is NULL on failure. */
HRESULT store_open(struct store_family *family, const char *path, const MAPIUID *uid, bool write, bool best,
                   LPMAPISUP support, struct store **out);

struct store *store_ref(struct store *store);
void store_unref(struct store *store);

/* A client's object comes to life or dies; both count a reference too. When the last one dies the store logs itself
 * off: StoreLogoffTransports, the support object released last (imsgstore-storelogoff.md, 06 N16). */
struct store *store_attach(struct store *store);
void store_detach(struct store *store);

/* Ends the lifeline: connection closed, support object released. Does nothing when it has ended. */
void store_end(struct store *store);

/* Around every method of every object of the store: the lifeline is entered, and the connection held. Nothing of the
 * connection, be it a statement or a transaction, is kept beyond store_leave: a fork may close it. What store_enter
 * answers then: also what database_hold does. */
HRESULT store_enter(struct store *store);
void store_leave(struct store *store);

/* Two stores at once, in the same order whichever is named first, so that two threads that copy in opposite directions cannot
 * wait for each other for good. Where this thread is in a store already that order may be another; then, as with store_enter, it
 * waits for ten seconds at most: MAPI_E_TIMEOUT. */
HRESULT store_enter_both(struct store *one, struct store *two);

/* A number that is another one after every change of the store, by whichever process; entered. */
HRESULT store_version(struct store *store, uint64_t *version);

/* For events_look: does not wait (MAPI_E_BUSY); leaves without looking. */
HRESULT store_try_enter(struct store *store);
void store_leave_quietly(struct store *store);

/* A transaction that may write; nests, an inner one is part of the outer. Every begin that succeeded is followed by
 * one end; what its hr says decides: end commits when it is a success and answers how that went, else it rolls back
 * (the outer transaction too) and answers hr. MAPI_E_NO_ACCESS when the store was opened for reading. A commit is
 * told to the other logons, and what it changed to those who are registered (events.h). */
HRESULT store_begin(struct store *store);
HRESULT store_end_transaction(struct store *store, HRESULT hr);

#endif
