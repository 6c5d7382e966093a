/* Which profiles other processes are using: POSIX record locks on MAPI_HOME/profiles.lock, one byte per
 * profile row.
 *
 * A process that has sessions on a profile holds a shared lock on its byte; who wants to delete or rename a
 * profile needs it exclusively, for a moment. The locks go with their process, so a crash leaves nothing
 * behind. Closing any descriptor of the file would drop them all: it is opened once. The file also holds a
 * counter of the profiles that were marked because they were in use; comparing it costs one read at logoff.
 * All functions but profile_locks_wait are called with the lock of profile.c's list held.
 */
#ifndef CORE_PROFILE_LOCKS_H
#define CORE_PROFILE_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the lock file where it is missing; a failure is not one: profiles work, other processes just do not see us. */
void profile_locks_create(void);

/* Marks a profile as used by this process, and no more. False where another process is deleting it at this
 * moment; true also where there is no lock file.
 */
bool profile_locks_share(int64_t id);
void profile_locks_unshare(int64_t id);

/* Waits until profile_locks_share can succeed. */
void profile_locks_wait(int64_t id);

/* Takes a profile for ourselves alone: true when no other process uses it; then followed by
   profile_locks_unshare. Never waits. */
bool profile_locks_claim(int64_t id);

/* The number of times any process has marked a profile; 0 where there is no lock file. */
uint64_t profile_locks_marks(void);
void profile_locks_add_mark(void);

/* Drops all locks and the descriptor; with `if_deleted`, only where the file is no longer the one of that name. */
void profile_locks_close(bool if_deleted);

#endif
