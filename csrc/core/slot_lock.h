/* The locks on the shared slot's file: byte ranges beyond its content, locked with fcntl.
 *
 * These are the classic POSIX locks, which belong to the process: they go when it dies, however it dies, and a child that it has
 * forked does not keep them. (Locks of an open file description would live on in the child, and with them the dead member.) The
 * price: closing any descriptor of the file drops all locks of the process on it, so slot.c opens each file once; and threads of
 * one process do not exclude each other, so slot.c does that as well.
 */
#ifndef CORE_SLOT_LOCK_H
#define CORE_SLOT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

/* The moment `patience` milliseconds from now, in nanoseconds of the monotonic clock. */
int64_t slot_lock_deadline(unsigned patience);

/* Takes the slot's lock: S_OK; MAPI_E_TIMEOUT when another process (a stopped one, perhaps) still has it at the deadline, which is
 * tried at least once; MAPI_E_NOT_ENOUGH_RESOURCES. Tries again after pauses that grow from microseconds to a few milliseconds. */
HRESULT slot_lock_take(int file, int64_t deadline);
void slot_lock_drop(int file);

/* A member's own lock: true if it is ours now. Never waits. */
bool slot_lock_claim(int file, uint32_t member);

/* Whether another process holds the member's lock. True also where that cannot be found out. */
bool slot_lock_held(int file, uint32_t member);

/* Whether another process holds any member's lock. */
bool slot_lock_any_held(int file);

#endif
