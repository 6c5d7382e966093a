/* store/logon.h - one logon on one store: the connection, and what all objects opened through it share.
 *
 * A struct store is counted: the IMSLogon, the IMsgStore and every object below them hold a reference. Its lifeline
 * ends with IMSLogon::Logoff, or when the last object a client could hold has been released; from then on the
 * connection is closed, nothing unsaved is kept (L15), and the objects only count references.
 */
#ifndef STORE_LOGON_H
#define STORE_LOGON_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mapispi.h>

#include "base/database.h"
#include "base/lifeline.h"
#include "store/changes.h"
#include "store/schema.h"

struct message;

struct store {
    atomic_uint refs;
    atomic_uint clients; /* objects that a client may hold; not the IMSLogon */
    struct lifeline *life;
    struct database *db; /* NULL once the lifeline has ended */
    LPMAPISUP support;   /* our reference; NULL once ended */
    struct changes *changes;
    MAPIUID uid;
    bool writable;      /* opened with MDB_WRITE or the best access there was */
    ULONG logoff_flags; /* of the last StoreLogoff, for StoreLogoffTransports */
    int64_t folders[STANDARD_FOLDER_COUNT];
    ULONG entryid_size; /* the store's own entry identifier, wrapped by MAPI */
    unsigned char *entryid;

    /* Protected by list_lock, because the last Release of a message needs no lifeline. */
    pthread_mutex_t list_lock;
    struct message *open_messages; /* those opened with MAPI_MODIFY, which must not be deleted meanwhile */

    atomic_uint unsaved; /* open objects with changes that were not saved */

    unsigned depth; /* of nested transactions */
    bool doomed;    /* an inner one failed */
};

/* Opens a store file for a support object (of which a reference is kept). write: MDB_WRITE; best: fall back to reading.
 * One reference, no client. Results as database_open, MAPI_E_CORRUPT_DATA; *out is NULL on failure. */
HRESULT store_open(const char *path, const MAPIUID *uid, bool write, bool best, LPMAPISUP support, struct store **out);

struct store *store_ref(struct store *store);
void store_unref(struct store *store);

/* A client's object comes to life or dies; both count a reference too. When the last one dies the store logs itself
 * off: StoreLogoffTransports, the support object released last (imsgstore-storelogoff.md, 06 N16). */
struct store *store_attach(struct store *store);
void store_detach(struct store *store);

/* Ends the lifeline: connection closed, support object released. Does nothing when it has ended. */
void store_end(struct store *store);

/* Around every method of every object of the store: lifeline_enter and lifeline_leave. */
HRESULT store_enter(struct store *store);
void store_leave(struct store *store);

/* A transaction that may write; nests, an inner one is part of the outer. Every begin that succeeded is followed by
 * one end; what its hr says decides: end commits when it is a success and answers how that went, else it rolls back
 * (the outer transaction too) and answers hr. MAPI_E_NO_ACCESS when the store was opened for reading. A commit is
 * told to the other logons. */
HRESULT store_begin(struct store *store);
HRESULT store_end_transaction(struct store *store, HRESULT hr);

#endif
