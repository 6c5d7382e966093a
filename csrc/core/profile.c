#include "core/profile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/profile_admin.h"
#include "core/profile_database.h"
#include "core/profile_locks.h"

/* Guards what follows, and the lock file. Taken after the database's lock where both are needed; never held
 * while waiting for anything, so that the last Release of a session can take it (R9).
 */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct profile *list; /* all there are; holds no references */
static struct profile
    *recent; /* the last one let go, with a reference: saves the next logon a second look at the disk */
static uint64_t finished_marks; /* the count of marks up to which nothing is left to carry out */
static bool unfinished = true;

struct profile *profile_ref(struct profile *profile)
{
    atomic_fetch_add_explicit(&profile->refs, 1, memory_order_relaxed);
    return profile;
}

/* A profile in the list may be found by another thread while its last reference goes: whoever takes the count
   from 0 loses. */
static bool ref_unless_dying(struct profile *profile)
{
    unsigned refs = atomic_load(&profile->refs);
    while (refs > 0 && !atomic_compare_exchange_weak(&profile->refs, &refs, refs + 1)) {
    }
    return refs > 0;
}

void profile_unref(struct profile *profile)
{
    if (!profile || atomic_fetch_sub(&profile->refs, 1) != 1) {
        return;
    }
    pthread_mutex_lock(&list_lock);
    struct profile **link = &list;
    while (*link != profile) {
        link = &(*link)->next;
    }
    *link = profile->next;
    pthread_mutex_unlock(&list_lock);
    free(profile);
}

/* A profile that somebody already holds, or NULL. */
static struct profile *find_listed(const char *name)
{
    pthread_mutex_lock(&list_lock);
    struct profile *found = list;
    while (found && (strcmp(found->name, name) != 0 || !ref_unless_dying(found))) {
        found = found->next;
    }
    pthread_mutex_unlock(&list_lock);
    return found;
}

static struct profile *make_listed(const char *name, int64_t id)
{
    size_t size = strlen(name) + 1;
    struct profile *profile = malloc(sizeof *profile + size);
    if (!profile) {
        return NULL;
    }
    atomic_init(&profile->refs, 1);
    profile->users = 0;
    profile->generation = profile_database_generation();
    profile->id = id;
    profile->found = false;
    memcpy(profile->name, name, size);
    pthread_mutex_lock(&list_lock);
    profile->next = list;
    list = profile;
    pthread_mutex_unlock(&list_lock);
    return profile;
}

/* Adds a user, and tells whether there was one before. Database entered, no statement running. */
static bool add_user(struct profile *profile)
{
    pthread_mutex_lock(&list_lock);
    bool used = profile->users > 0;
    while (profile->users == 0 && !profile_locks_share(profile->id)) {
        pthread_mutex_unlock(&list_lock);
        profile_locks_wait(profile->id);
        pthread_mutex_lock(&list_lock);
    }
    profile->users++;
    pthread_mutex_unlock(&list_lock);
    return used;
}

/* Whether another profile block stands for the same row: after a rename back and forth, or a database that
   was replaced. */
static bool has_namesake(const struct profile *profile)
{
    for (const struct profile *other = list; other; other = other->next) {
        if (other != profile && other->id == profile->id && other->users > 0) {
            return true;
        }
    }
    return false;
}

/* List lock held. */
static void remove_user(struct profile *profile)
{
    profile->users--;
    if (profile->users == 0 && !has_namesake(profile)) {
        profile_locks_unshare(profile->id);
    }
}

static void drop_user(struct profile *profile)
{
    pthread_mutex_lock(&list_lock);
    remove_user(profile);
    pthread_mutex_unlock(&list_lock);
}

static HRESULT no_such_profile(const char *name)
{
    if (!name) {
        return fail(MAPI_E_NOT_FOUND, "There is no default profile; name one, or choose one with SetDefaultProfile.");
    }
    return fail(MAPI_E_NOT_FOUND,
                "There is no profile named '%s'; names are compared exactly, upper and lower case included.", name);
}

/* The row of a name, or of the default profile for NULL. The default's name is copied to *name_out. */
static HRESULT look_up(struct database *db, const char *name, int64_t *id, char **name_out)
{
    static const char *const what = "Cannot look for a profile";
    sqlite3_stmt *statement = NULL;
    HRESULT hr =
        name ? database_prepare(db, "SELECT id FROM profile WHERE name = ?1 AND deleted = 0", &statement)
             : database_prepare(db, "SELECT id, name FROM profile WHERE is_default = 1 AND deleted = 0", &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = name ? sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC) : SQLITE_OK;
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    if (rc == SQLITE_ROW) {
        *id = sqlite3_column_int64(statement, 0);
        if (!name) {
            const char *text = (const char *)sqlite3_column_text(statement, 1);
            *name_out = text ? strdup(text) : NULL;
            hr = *name_out ? S_OK : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a profile's name.");
        }
    } else {
        hr = rc == SQLITE_DONE ? no_such_profile(name) : database_error(db, rc, what);
    }
    database_done(statement);
    return hr;
}

/* Finds or makes the block of a name whose row was just read. */
static HRESULT block_of(const char *name, int64_t id, struct profile **out)
{
    struct profile *profile = find_listed(name);
    if (profile && (profile->id != id || profile->generation != profile_database_generation())) {
        profile_unref(profile);
        profile = NULL;
    }
    if (!profile) {
        profile = make_listed(name, id);
    }
    *out = profile;
    return profile ? S_OK : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a profile.");
}

HRESULT profile_find(struct database *db, const char *name, struct profile **out)
{
    int64_t id = 0;
    *out = NULL;
    HRESULT hr = look_up(db, name, &id, NULL);
    return hr == S_OK ? block_of(name, id, out) : hr;
}

/* While others of this process use a profile, it need not be looked up again until the database changes. */
static bool is_found(const struct profile *profile)
{
    uint64_t now;
    return profile->found && profile_changes(&now) && now == profile->found_at;
}

/* look_up, remembering for how long the answer holds. */
static HRESULT find_again(struct database *db, const char *name, struct profile *profile, int64_t *id)
{
    uint64_t changes = 0;
    bool known = profile_changes(&changes);
    HRESULT hr = look_up(db, name, id, NULL);
    if (profile) {
        profile->found = known && hr == S_OK && profile->id == *id;
        profile->found_at = changes;
    }
    return hr;
}

/* The row must be looked at after the lock on it was taken, because another process may delete it in between;
 * and that lock needs the row's id. Where the block is still there from an earlier session, its id is taken
 * on trust first.
 */
static HRESULT acquire_named(struct database *db, const char *name, struct profile **out)
{
    struct profile *profile = find_listed(name);
    for (;;) {
        int64_t id = 0;
        bool trusted = profile && profile->generation == profile_database_generation();
        if (trusted && add_user(profile) && is_found(profile)) {
            *out = profile;
            return S_OK;
        }
        HRESULT hr = find_again(db, name, trusted ? profile : NULL, &id);
        if (hr == S_OK && trusted && profile->id == id) {
            *out = profile;
            return S_OK;
        }
        if (trusted) {
            drop_user(profile);
        }
        profile_unref(profile);
        if (hr == S_OK) {
            hr = block_of(name, id, &profile);
        }
        if (hr != S_OK) {
            return hr;
        }
    }
}

HRESULT profile_acquire(const char *name, struct profile **out)
{
    struct database *db;
    char *default_name = NULL;
    *out = NULL;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    if (!name) {
        int64_t id = 0;
        hr = look_up(db, NULL, &id, &default_name);
        name = default_name;
    }
    if (hr == S_OK) {
        hr = acquire_named(db, name, out);
    }
    profile_database_leave();
    free(default_name);
    return hr;
}

/* Whether the row is there, marked or not, and still called so. */
static HRESULT check_row(struct database *db, int64_t id, const char *name)
{
    sqlite3_stmt *statement = NULL;
    HRESULT hr = database_prepare(db, "SELECT 1 FROM profile WHERE id = ?1 AND name = ?2", &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_int64(statement, 1, id);
    rc = rc == SQLITE_OK ? sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC) : rc;
    rc = rc == SQLITE_OK ? sqlite3_step(statement) : rc;
    hr = rc == SQLITE_ROW    ? S_OK
         : rc == SQLITE_DONE ? no_such_profile(name)
                             : database_error(db, rc, "Cannot look for a profile");
    database_done(statement);
    return hr;
}

/* The block of a row, which several names can have had, and whose name another row can have by now. */
static struct profile *find_listed_row(int64_t id, const char *name)
{
    unsigned generation = profile_database_generation();
    pthread_mutex_lock(&list_lock);
    struct profile *found = list;
    while (found && (found->id != id || found->generation != generation || strcmp(found->name, name) != 0 ||
                     !ref_unless_dying(found))) {
        found = found->next;
    }
    pthread_mutex_unlock(&list_lock);
    return found;
}

HRESULT profile_acquire_row(int64_t id, const char *name, struct profile **out)
{
    struct database *db;
    *out = NULL;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    struct profile *profile = find_listed_row(id, name);
    profile = profile ? profile : make_listed(name, id);
    if (!profile) {
        hr = fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a profile.");
    } else {
        add_user(profile); /* before looking: from then on the row stays */
        hr = check_row(db, id, name);
        if (hr != S_OK) {
            drop_user(profile);
            profile_unref(profile);
            profile = NULL;
        }
    }
    profile_database_leave();
    *out = profile;
    return hr;
}

/* Whether a profile may be marked that nobody uses any more. List lock held. */
static bool marks_to_finish(void)
{
    return unfinished || profile_locks_marks() != finished_marks;
}

void profile_let_go(struct profile *profile, bool may_wait)
{
    pthread_mutex_lock(&list_lock);
    remove_user(profile);
    bool finish = profile->users == 0 && marks_to_finish();
    if (finish) {
        unfinished = true;
    }
    struct profile *previous = recent;
    recent = profile; /* with the caller's reference */
    pthread_mutex_unlock(&list_lock);
    profile_unref(previous);
    if (finish && may_wait) {
        profile_catch_up();
    }
}

void profile_catch_up(void)
{
    pthread_mutex_lock(&list_lock);
    bool due = unfinished;
    pthread_mutex_unlock(&list_lock);
    struct database *db;
    if (!due || profile_database_enter(&db) != S_OK) {
        return;
    }
    pthread_mutex_lock(&list_lock);
    uint64_t marks = profile_locks_marks();
    pthread_mutex_unlock(&list_lock);
    bool left = profile_admin_finish(db);
    pthread_mutex_lock(&list_lock);
    unfinished = left;
    finished_marks = marks;
    pthread_mutex_unlock(&list_lock);
    profile_database_leave();
}

HRESULT profile_row(struct database *db, struct profile *profile, int64_t *id)
{
    if (profile->generation != profile_database_generation()) {
        int64_t row = 0;
        HRESULT hr = look_up(db, profile->name, &row, NULL);
        if (hr != S_OK) {
            return hr;
        }
        pthread_mutex_lock(&list_lock);
        profile->id = row;
        profile->found = false;
        profile->generation = profile_database_generation();
        pthread_mutex_unlock(&list_lock);
    }
    *id = profile->id;
    return S_OK;
}

bool profile_claim(int64_t id)
{
    bool used = false;
    pthread_mutex_lock(&list_lock);
    for (const struct profile *profile = list; profile && !used; profile = profile->next) {
        used = profile->users > 0 && profile->id == id;
    }
    bool claimed = !used && profile_locks_claim(id);
    pthread_mutex_unlock(&list_lock);
    return claimed;
}

void profile_unclaim(int64_t id)
{
    pthread_mutex_lock(&list_lock);
    profile_locks_unshare(id);
    pthread_mutex_unlock(&list_lock);
}

void profile_announce_mark(void)
{
    pthread_mutex_lock(&list_lock);
    profile_locks_add_mark();
    unfinished = true;
    pthread_mutex_unlock(&list_lock);
}

/* Where somebody has deleted or replaced the file, the others see neither our locks nor our counts any more, nor we
 * theirs. True if so. List's lock held, database entered. */
static bool change_lock_file(void)
{
    if (!profile_locks_close(true)) {
        return false;
    }
    for (const struct profile *profile = list; profile; profile = profile->next) {
        if (profile->users > 0 && profile->generation == profile_database_generation()) {
            profile_locks_share(profile->id); /* who is deleting it at this moment could not know of us */
        }
    }
    return true;
}

/* The last change may have been committed and not been counted yet: for a moment, or, where its process was stopped right there, for
 * as long as SQLite would have waited for it. The list's lock is not held meanwhile (R9).
 */
HRESULT profile_begin_change(void)
{
    static const struct timespec moment = {0, 1000000};
    enum { PATIENCE_MS = 10000 };
    for (int waited = 0;; waited++) {
        pthread_mutex_lock(&list_lock);
        change_lock_file();
        HRESULT hr = profile_locks_begin_change();
        pthread_mutex_unlock(&list_lock);
        if (hr != MAPI_E_TIMEOUT || waited == PATIENCE_MS) {
            return hr;
        }
        nanosleep(&moment, NULL);
    }
}

void profile_end_change(void)
{
    pthread_mutex_lock(&list_lock);
    profile_locks_end_change();
    pthread_mutex_unlock(&list_lock);
}

bool profile_changes(uint64_t *count)
{
    pthread_mutex_lock(&list_lock);
    bool known = !change_lock_file() && profile_locks_changes(count);
    pthread_mutex_unlock(&list_lock);
    return known;
}

void profile_create_lock_file(void)
{
    pthread_mutex_lock(&list_lock);
    profile_locks_create();
    pthread_mutex_unlock(&list_lock);
}

void profile_check_lock_file(void)
{
    pthread_mutex_lock(&list_lock);
    profile_locks_close(true);
    pthread_mutex_unlock(&list_lock);
}

void profile_forget_all(void)
{
    pthread_mutex_lock(&list_lock);
    profile_locks_close(false);
    struct profile *previous = recent;
    recent = NULL;
    unfinished = true;
    pthread_mutex_unlock(&list_lock);
    profile_unref(previous);
}

/* ---- fork ---- */

void profile_before_fork(void)
{
    pthread_mutex_lock(&list_lock);
}

void profile_after_fork_in_parent(void)
{
    pthread_mutex_unlock(&list_lock);
}

/* The users are the parent's, and so are the locks that say so; the descriptor through which the child sees them would drop none, but
 * it would be one too many. The blocks stay: they are what inherited objects refer to, and as good as new ones. */
void profile_after_fork_in_child(void)
{
    for (struct profile *profile = list; profile; profile = profile->next) {
        profile->users = 0;
    }
    profile_locks_close(false);
    unfinished = true;
    pthread_mutex_unlock(&list_lock);
}
