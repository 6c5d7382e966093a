/* profiles.db: the one connection this process has to it, and the lock around that connection.
 *
 * Opened at its first use and kept until MAPIUninitialize. At every use one stat tells whether the file is
 * still the same one; if it was deleted or replaced, it is opened anew. Nothing here creates a file but
 * profile_database_enter_creating.
 */
#ifndef CORE_PROFILE_DATABASE_H
#define CORE_PROFILE_DATABASE_H

#include <mapidefs.h>

#include "base/database.h"

/* Takes the lock (which the thread that holds it may take again) and opens the database. S_OK, and then
 * profile_database_leave must follow. Otherwise nothing is locked and *out is NULL: MAPI_E_NOT_INITIALIZED;
 * MAPI_E_NOT_FOUND when there is no database yet; what database_open answers, with a sentence that names the
 * file.
 */
HRESULT profile_database_enter(struct database **out);

/* The same, making the home directory and the database if they are missing. */
HRESULT profile_database_enter_creating(struct database **out);

void profile_database_leave(void);

/* How often a database was opened; row ids kept from an earlier opening are to be looked up anew. Lock held. */
unsigned profile_database_generation(void);

/* Transactions that nest: an inner one that is rolled back leaves what the outer one did. Every begin that
 * succeeded is followed by exactly one end; end(commit = false) cannot fail and answers S_OK. A commit that
 * fails has rolled back. Lock held.
 */
HRESULT profile_database_begin(struct database *db);
HRESULT profile_database_end(struct database *db, bool commit);

/* The lock without the connection; for the end of the process, only where no other thread has it. */
void profile_database_lock(void);
bool profile_database_try_lock(void);
void profile_database_unlock(void);

/* The same, but for the time that another thread is changing the database, maybe asking its user how: then false, and when it is
 * done, profile_watch_pump will hear of it. */
bool profile_database_lock_unless_changing(void);

/* Whether this thread is between the two. */
bool profile_database_changing(void);

/* Closes the connection and the lock file, for MAPIUninitialize. */
void profile_database_close(void);

/* The same for a fast shutdown; where this thread is in the middle of using the connection, it stays as it is, for whoever opens the
 * file next to recover. */
void profile_database_give_up(void);

/* For process_fork.c. */
void profile_database_before_fork(void);
void profile_database_after_fork_in_parent(void);
void profile_database_after_fork_in_child(void);

#endif
