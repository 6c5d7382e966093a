/* The shared slot: how the sessions of one user on one machine find each other. One slot per MAPI_HOME. This comment is the
 * protocol; slot_record.h has the bytes, slot_lock.h the locks, slot_file.h the names, doorbell.h the sockets.
 *
 * WORDS. A client is one logon on a shared session (each MAPILogonEx that creates or joins one; O1). A member is a process with
 * clients: however many it has, it is a member once. A generation is the life of one shared session, from the logon that creates it
 * to the end of its last client. The slot is the place where at most one generation can be joined.
 *
 * THE RECORD IS THE TRUTH. A generation is one file, mapi-<home>.slot in the runtime directory. It says which profile is open
 * (its row and name, so that joiners get that very profile even if it has been deleted or renamed meanwhile), who the members are,
 * how many clients have logged off so far, and whether the slot is closed. It has an epoch, which every change raises.
 *   - It is changed only by who holds the slot's lock, read by anybody at any time without a lock, and never mapped into memory
 *     (somebody may truncate it).
 *   - A change is written beside the current record and becomes it with its last bytes, so that being killed half-way changes
 *     nothing.
 *   - A record that makes no sense is treated as absent. A member that finds it so writes it anew from what it knows; so does a
 *     member whose own entry is missing.
 *   - The name leads to the generation that can be joined, or to nothing anybody is waiting for. Who has got the lock of a file
 *     checks that the name still leads to it, and otherwise starts over. Only who holds its lock removes the name.
 *
 * WHO IS ALIVE. A member holds a POSIX lock on a byte of its own beyond the file's end. The kernel drops it when the process ends,
 * however that comes about; neither a forked child (which does not inherit such locks) nor a reused process id can pretend to be
 * it. Whoever has the slot's lock first buries the dead: takes their entries out, counts their clients as logged off, removes their
 * sockets. A process opens the file once, because closing any of several descriptors would drop its locks.
 *
 * WAITING. The slot's lock is held for a few system calls. Nobody waits for it longer than 30 seconds (a member may be stopped
 * while it has the lock), then the answer is MAPI_E_TIMEOUT and nothing has changed. Nobody ever waits for a member.
 *
 * JOINING. Take the lock; bury the dead; if the slot is not closed and somebody is alive: take a byte, make the doorbell, write the
 * entry. Otherwise there is no shared session: a logon with MAPI_ALLOW_OTHERS creates the next generation in the same way.
 *
 * SHARED LOGOFF closes the slot: the record is marked, the name removed (in this order; a logon that finds a marked record under
 * the name removes it). So nobody joins any more, and the next logon that shares starts a new generation in a new file, while the
 * members of the closed one go on with theirs: it has no name, but their descriptors reach it, and its lock, entries and count work
 * as before. When the last of them ends, the kernel frees it. Closing happens once in a generation, so that nobody can be told
 * twice, and he who closed it leaves in the same change and is not told at all (L10).
 *
 * TELLING. After a change that concerns the others, a datagram is sent to each member's socket, without waiting: it rings, and
 * carries nothing. A member that has been rung, or that looks for any other reason (slot_pump: every dispatch), reads the current
 * header and compares: `closed` becomes one critical error for each client; the difference of the count of logoffs becomes one
 * extended event. What was lost or came too often therefore makes no difference, and what a stranger sends makes none at all.
 *
 * LEAVING. Take the lock, bury, count, take the entry out (or lower its number of clients); the last one out removes the name, and
 * sockets that were left by killed processes. An implicit logoff (the last Release) takes no lock that another process can hold
 * (R9): it closes its descriptor, by which its lock goes, removes its own socket, and leaves the rest to be buried. The same
 * happens when an explicit, not shared logoff could not get the lock in time.
 *
 * FORK. The child closes the inherited descriptors (which drops none of the parent's locks) and forgets its memberships; a client
 * from before the fork can only be given back. The child may join or create anew, as the process it is.
 *
 * THREADS. All functions may be called by any thread. One operation of this process at a time deals with files; it holds no mutex
 * while it waits. Listeners are called with this module's mutex held: they put something into a queue, and call nothing here.
 */
#ifndef CORE_SLOT_H
#define CORE_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

#include "core/slot_record.h"

struct slot_client;

/* The profile of a shared session. */
struct slot_profile {
    uint64_t row;
    char name[SLOT_NAME_BYTES + 1]; /* UTF-8, not empty */
};

/* What has happened since the client was last told. */
struct slot_news {
    bool closed;      /* a sharer has asked all to log off; true once in a client's life */
    uint64_t logoffs; /* that many other clients have logged off, or died */
};

struct slot_listener {
    void (*news)(void *context, const struct slot_news *news);
    void *context;
};

enum { SLOT_PATIENCE_MS = 30000, SLOT_SHORT_PATIENCE_MS = 3000 };

/* Joins the shared session of `home` (MAPI_HOME, absolute). S_OK: *out is the client, to be given back with slot_leave, and *profile
 * what is open. MAPI_E_NOT_FOUND: there is none, or no directory in which there could be one; the sentence says which.
 * MAPI_E_TIMEOUT: the lock could not be had in `patience` milliseconds. MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_NOT_ENOUGH_DISK,
 * MAPI_E_NOT_ENOUGH_RESOURCES, MAPI_E_NO_ACCESS (a file there is not ours), MAPI_E_DISK_ERROR. */
HRESULT slot_join(const char *home, unsigned patience, const struct slot_listener *listener, struct slot_client **out,
                  struct slot_profile *profile);

/* Creates a shared session. MAPI_E_COLLISION: there is one by now: join that, or stay private (O2). MAPI_E_NO_ACCESS and
 * MAPI_E_NO_SUPPORT also where the runtime directory is refused; otherwise as slot_join, but for MAPI_E_NOT_FOUND (MAPI_HOME is
 * missing). */
HRESULT slot_create(const char *home, const struct slot_profile *profile, unsigned patience,
                    const struct slot_listener *listener, struct slot_client **out);

enum slot_leave {
    SLOT_LEAVE,        /* explicit logoff */
    SLOT_LEAVE_SHARED, /* and all others are asked to log off too; the slot is closed */
    SLOT_LEAVE_SILENT  /* implicit logoff: waits for nobody (R9) */
};

/* Gives the client back. S_OK always but for SLOT_LEAVE_SHARED: MAPI_E_TIMEOUT, MAPI_E_NOT_ENOUGH_DISK and the like, and then
 * nothing has changed and the client is still there. After S_OK the listener is not called any more, and *client is gone. */
HRESULT slot_leave(struct slot_client *client, enum slot_leave how);

/* Whether a sharer has asked all to log off; read from the record now, told or not. */
bool slot_client_is_closed(struct slot_client *client);

/* Other clients of the same shared session, in this and in other processes, alive now. */
HRESULT slot_client_others(struct slot_client *client, ULONG *count);

/* Answers the doorbell, looks at the records, and tells all clients of this process what is new. Costs next to nothing where there
 * is no client. */
void slot_pump(void);

/* How long explicit logoffs wait for the lock, in milliseconds; returns what it was. For tests. */
unsigned slot_set_patience(unsigned patience);

#endif
