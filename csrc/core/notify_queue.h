/* Registrations for notifications, and what is queued for each.
 *
 * A set is everything that has been registered with one source: a session, a store logon. Posting to it copies each notification
 * for every registration that wants it, and returns; the sinks are called when somebody dispatches their ports (notify_port.h).
 *
 * BOUNDED. A registration keeps at most NOTIFY_MOST notifications, of NOTIFY_MOST_BYTES together. Beyond that, and where memory
 * runs out, what waits is replaced by one notification that says so, and what follows is left out until that one has been
 * delivered: a table event TABLE_RELOAD ("read again") for stores; for sessions one extended event with the number of logoffs.
 * Critical errors are never left out.
 *
 * Any thread may call any of these; sinks are called, and released, without a lock held. A sink may register, unregister itself or
 * others, post, and end the set it belongs to (N2, L20).
 */
#ifndef CORE_NOTIFY_QUEUE_H
#define CORE_NOTIFY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

#include "core/notify_port.h"

enum { NOTIFY_MOST = 8192, NOTIFY_MOST_BYTES = 4 * 1024 * 1024 };

/* EXTENDED_NOTIFICATION::ulEvent when clients of a shared session have logged off (N7): cb is 0 for one, or sizeof(ULONG), and
 * pbEventParameters points to how many. */
#define NOTIFY_EVENT_LOGOFF ((ULONG)1)

struct notify_set;

enum notify_overflow {
    NOTIFY_SAYS_RELOAD,   /* stores */
    NOTIFY_COUNTS_LOGOFFS /* sessions */
};

struct notify_registration {
    const void *key; /* copied; what notify_set_post compares, byte for byte (IMAPISupport::Subscribe) */
    size_t key_size; /* 0 where a set needs no keys */
    ULONG mask;
    bool critical_errors; /* whatever the mask says, as sessions have it (imapisession-advise.md) */
    bool sync;            /* NOTIFY_SYNC: called by notify_set_post itself */
    enum notify_overflow overflow;
    const void *owner;        /* who may unregister it; NULL: nobody in particular */
    struct notify_port *port; /* NULL: that of a sink that was wrapped for one (advise_sink.h), else the process's */
    LPMAPIADVISESINK sink;    /* gets a reference of its own */
};

HRESULT notify_set_create(struct notify_set **out); /* MAPI_E_NOT_ENOUGH_MEMORY */
struct notify_set *notify_set_ref(struct notify_set *set);
void notify_set_unref(struct notify_set *set); /* NULL is allowed; its owner has ended it before */

/* Registers. *number is not 0 and is not used again in this process. MAPI_E_INVALID_OBJECT: the set has ended;
 * MAPI_E_INVALID_PARAMETER: no sink; MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_NOT_ENOUGH_RESOURCES. */
HRESULT notify_set_add(struct notify_set *set, const struct notify_registration *registration, ULONG_PTR *number);

/* Unregisters what this owner (NULL: nobody) has registered under the number: what is queued for it is dropped (N3), a call that is
 * under way is not waited for (N2). MAPI_E_NOT_FOUND. */
HRESULT notify_set_remove(struct notify_set *set, ULONG_PTR number);
HRESULT notify_set_remove_of(struct notify_set *set, const void *owner, ULONG_PTR number);

/* Unregisters what this owner has registered. */
void notify_set_remove_owner(struct notify_set *set, const void *owner);

/* A number that no registration of this process has or will get. */
ULONG_PTR notify_number(void);

/* Unregisters all and refuses new ones; what is posted later is dropped. Does not wait. For a logoff, with its locks held. */
void notify_set_end(struct notify_set *set);

/* Before notify_set_end, when a session ends: wakes the ports of those that wait for its notifications, perhaps without end. */
void notify_set_tell_end(struct notify_set *set);

/* After notify_set_end: waits until no other thread is in one of the set's sinks, so that no callback comes after Logoff has
 * returned (N5). Within a sink it returns at once (L20). Call it with no lock held: a sink may be waiting for it. */
void notify_set_wait(struct notify_set *set);

/* Whether somebody wants events of the mask under the key; spares making them. */
bool notify_set_wants(struct notify_set *set, const void *key, size_t key_size, ULONG mask);

/* Posts to all registrations with the key. *flags (may be NULL) is NOTIFY_CANCELED if a synchronous sink answered
 * CALLBACK_DISCONTINUE, which ends the posting. S_OK, also when some had no room; MAPI_E_INVALID_PARAMETER: one of the notifications
 * is not good, and nothing has been posted; MAPI_E_NOT_ENOUGH_MEMORY: the synchronous sinks were not called. */
HRESULT notify_set_post(struct notify_set *set, const void *key, size_t key_size, ULONG count,
                        const NOTIFICATION *notifications, ULONG *flags);

/* The same for the registrations with the key in all sets of the process (IMAPISupport::Notify). The key is not empty. */
HRESULT notify_post_everywhere(const void *key, size_t key_size, ULONG count, const NOTIFICATION *notifications,
                               ULONG *flags);

/* What a session tells those registered without a key, its clients (N7): a critical error MAPI_E_END_OF_SESSION if it was closed by a sharer, an extended event if
 * others have logged off. Cannot fail. */
void notify_set_post_session(struct notify_set *set, bool closed, uint64_t logoffs);

#endif
