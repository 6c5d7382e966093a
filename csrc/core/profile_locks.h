/* Which profiles other processes are using: POSIX record locks on MAPI_HOME/profiles.lock, one byte per
 * profile row.
 *
 * A process that has sessions on a profile holds a shared lock on its byte; who wants to delete or rename a
 * profile needs it exclusively, for a moment. The locks go with their process, so a crash leaves nothing
 * behind. Closing any descriptor of the file would drop them all: it is opened once. The file also holds a
 * counter of the profiles that were marked because they were in use; comparing it costs one read at logoff.
 * And it counts the changes of the database, so that who has read something can tell whether it is still so, for
 * less than a query costs: the count is odd from before a commit until after it, and stays odd if the process
 * dies in between; then, as where there is no file, one has to look.
 * All functions but profile_locks_wait are called with the lock of profile.c's list held.
 */
#ifndef CORE_PROFILE_LOCKS_H
#define CORE_PROFILE_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

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

/* Before the commit of a change that this process alone can be making (the database is locked for writing), and after it
 * or its rollback. MAPI_E_NO_ACCESS, MAPI_E_NOT_ENOUGH_DISK, MAPI_E_NOT_ENOUGH_RESOURCES, MAPI_E_TIMEOUT: nobody could
 * be told, so it must not be made. Never waits: MAPI_E_TIMEOUT is to be tried again.
 */
HRESULT profile_locks_begin_change(void);
void profile_locks_end_change(void);

/* The count of changes, as long as none is being made. What was read from the database after this count is there as long
 * as it is the same. False: nobody knows. */
bool profile_locks_changes(uint64_t *count);

/* Drops all locks and the descriptor; with `if_deleted`, only where the file is no longer the one of that name. Tells
 * whether it did. */
bool profile_locks_close(bool if_deleted);

#endif
