/* Profiles: which there are, which are being used, and how they come and go.
 *
 * A profile is a row of profiles.db; struct profile is what this process keeps about one while somebody is
 * interested in it. Names are UTF-8, checked by profile_name.h, and compare exactly.
 */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

#include "base/database.h"

struct profile {
    atomic_uint refs;
    unsigned users;      /* sessions of this process on it; guarded by the list's lock */
    unsigned generation; /* of the database that `id` belongs to; guarded by the database's lock, as id is */
    int64_t id;
    bool found;           /* the row was found under this name; guarded by the database's lock, as the count is: */
    uint64_t found_at;    /* how many changes of the database there had been before */
    struct profile *next; /* in the list; guarded by its lock */
    char name[];
};

struct profile *profile_ref(struct profile *profile);
void profile_unref(struct profile *profile);

/* For MAPILogonEx: the profile named, or the default one for NULL, read from the disk, with a user added to
 * it. MAPI_E_NOT_FOUND when there is none; otherwise what profile_database_enter answers. profile_let_go
 * drops the user and the reference.
 */
HRESULT profile_acquire(const char *name, struct profile **out);

/* The same for who joins a shared session: the profile of that row, also when it has been deleted or is to be renamed. `name` is its
 * name as the members know it. MAPI_E_NOT_FOUND when it is gone.
 */
HRESULT profile_acquire_row(int64_t id, const char *name, struct profile **out);

/* Ends a session's use of its profile. `may_wait`: an explicit logoff, which also carries out what was
 * postponed while the profile was in use; an implicit one leaves that to the next logon or logoff, because it
 * may wait for nothing outside the process (R9).
 */
void profile_let_go(struct profile *profile, bool may_wait);

/* What an implicit logoff left; for the next logon. */
void profile_catch_up(void);

/* The profile named, without a user. Database entered. MAPI_E_NOT_FOUND. */
HRESULT profile_find(struct database *db, const char *name, struct profile **out);

/* The profile's row id, looked up anew if the database was replaced. Database entered. MAPI_E_NOT_FOUND when
   it is gone. */
HRESULT profile_row(struct database *db, struct profile *profile, int64_t *id);

/* Whether sessions of this or another process use the profile. When they do not, it is claimed: no other
 * process can start to use it until profile_unclaim. Database entered.
 */
bool profile_claim(int64_t id);
void profile_unclaim(int64_t id);

/* Tells the other processes that something waits for the end of a session. Database entered, no transaction open. */
void profile_announce_mark(void);

/* Around a change of the database: see profile_locks.h. Database entered. */
HRESULT profile_begin_change(void);
void profile_end_change(void);
bool profile_changes(uint64_t *count);

/* What is kept about the lock file: made for the first profile; dropped where the file was deleted; dropped
 * for good, with what is cached, at MAPIUninitialize. Database locked.
 */
void profile_create_lock_file(void);
void profile_check_lock_file(void);
void profile_forget_all(void);

/* For process_fork.c. */
void profile_before_fork(void);
void profile_after_fork_in_parent(void);
void profile_after_fork_in_child(void);

#endif
