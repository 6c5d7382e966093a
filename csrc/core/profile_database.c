#include "core/profile_database.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/home.h"
#include "core/process.h"
#include "core/profile.h"
#include "core/unfinished.h"

/* profile: one row per profile. A profile marked for deletion keeps its row until its last session ends, and
 * its name is free meanwhile. section: the sections of all profiles, the properties of each as one blob
 * (base/propbag.h). leftover: what a deleted profile's providers kept outside it and what is still to be
 * removed. account_book, account, account_change: the accounts of the account manager, the numbers given out
 * so far, and the last changes for those who watch (account/account_store.h).
 */
static const char *const upgrades[] = {
    "CREATE TABLE profile("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " name TEXT NOT NULL,"
    " flags INTEGER NOT NULL DEFAULT 0,"
    " is_default INTEGER NOT NULL DEFAULT 0,"
    " deleted INTEGER NOT NULL DEFAULT 0,"
    " new_name TEXT);"
    "CREATE UNIQUE INDEX profile_name ON profile(name) WHERE deleted = 0;"
    "CREATE UNIQUE INDEX profile_default ON profile(is_default) WHERE is_default = 1;"
    "CREATE TABLE section("
    " profile INTEGER NOT NULL REFERENCES profile(id) ON DELETE CASCADE,"
    " uid BLOB NOT NULL,"
    " kind INTEGER NOT NULL,"
    " service BLOB,"
    " ordinal INTEGER NOT NULL,"
    " marked INTEGER NOT NULL DEFAULT 0,"
    " record_key BLOB,"
    " props BLOB NOT NULL,"
    " PRIMARY KEY(profile, uid)) WITHOUT ROWID;"
    "CREATE INDEX section_record_key ON section(record_key) WHERE record_key IS NOT NULL;"
    "CREATE TABLE leftover("
    " dll TEXT NOT NULL,"
    " record_key BLOB NOT NULL,"
    " PRIMARY KEY(dll, record_key)) WITHOUT ROWID;",
    "CREATE TABLE account_book("
    " profile INTEGER PRIMARY KEY REFERENCES profile(id) ON DELETE CASCADE,"
    " last_id INTEGER NOT NULL DEFAULT 0,"
    " last_change INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE account("
    " profile INTEGER NOT NULL REFERENCES profile(id) ON DELETE CASCADE,"
    " id INTEGER NOT NULL,"
    " type INTEGER NOT NULL,"
    " exchange INTEGER NOT NULL,"
    " mini_uid INTEGER NOT NULL UNIQUE,"
    " identity BLOB NOT NULL,"
    " service BLOB,"
    " service_name TEXT,"
    " mail_order INTEGER,"
    " book_order INTEGER,"
    " store_order INTEGER,"
    " props BLOB NOT NULL,"
    " PRIMARY KEY(profile, id)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX account_service ON account(profile, service) WHERE service IS NOT NULL;"
    "CREATE INDEX account_mail ON account(profile, mail_order) WHERE mail_order IS NOT NULL;"
    "CREATE INDEX account_book_order ON account(profile, book_order) WHERE book_order IS NOT NULL;"
    "CREATE INDEX account_store ON account(profile, store_order) WHERE store_order IS NOT NULL;"
    "CREATE TABLE account_change("
    " profile INTEGER NOT NULL REFERENCES profile(id) ON DELETE CASCADE,"
    " number INTEGER NOT NULL,"
    " kind INTEGER NOT NULL,"
    " account INTEGER NOT NULL,"
    " PRIMARY KEY(profile, number)) WITHOUT ROWID;"};

static const struct database_schema schema = {
    .application_id = 0x4D415050, /* "MAPP" */
    .version = (int)(sizeof upgrades / sizeof upgrades[0]),
    .upgrades = upgrades,
};

/* Recursive: a service's entry point runs inside the transaction that adds the service, and opens sections there. */
static pthread_mutex_t lock;
static pthread_once_t lock_once = PTHREAD_ONCE_INIT;

/* Everything below is guarded by the lock. */
static struct database *connection;
static unsigned generation;
static unsigned entered; /* how often the thread that has the lock has entered, each time holding the connection */
static unsigned depth;   /* of transactions */

/* Written with the lock, read without: from before a change is begun until before others are told that it has ended. */
static atomic_bool changing;

static void make_lock(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

void profile_database_lock(void)
{
    pthread_once(&lock_once, make_lock);
    pthread_mutex_lock(&lock);
}

void profile_database_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void profile_database_leave(void)
{
    entered--;
    if (connection) { /* gone where MAPIUninitialize was called meanwhile, by this thread */
        database_release(connection);
    }
    profile_database_unlock();
}

unsigned profile_database_generation(void)
{
    return generation;
}

static void forget_connection(void)
{
    database_close(connection);
    connection = NULL;
}

static HRESULT open_connection(bool create)
{
    char *path = NULL;
    HRESULT hr = create ? home_make(NULL) : S_OK;
    if (hr == S_OK) {
        hr = home_path("profiles.db", &path);
    }
    if (hr != S_OK) {
        return hr;
    }
    hr = database_open(path, &schema, create ? DATABASE_CREATE : 0, &connection);
    if (hr == MAPI_E_NO_ACCESS && !create) {
        /* On a disk we may only read from, profiles can still be used. */
        hr = database_open(path, &schema, DATABASE_READONLY, &connection);
    }
    if (hr == S_OK) {
        generation++;
    } else if (hr == MAPI_E_NOT_FOUND) {
        fail(hr,
             "There is no profile yet: %s does not exist; create a profile, or set MAPI_HOME to the directory that has "
             "them.",
             path);
    }
    free(path);
    return hr;
}

static HRESULT enter(bool create, struct database **out)
{
    *out = NULL;
    profile_database_lock();
    HRESULT hr = process_check();
    if (hr == S_OK && connection && entered == 0 && !database_is_current(connection)) {
        forget_connection();
        profile_check_lock_file();
    }
    if (hr == S_OK && !connection) {
        hr = open_connection(create);
    }
    hr = hr == S_OK ? database_hold(connection) : hr;
    if (hr != S_OK) {
        profile_database_unlock();
        return hr;
    }
    entered++;
    *out = connection;
    return S_OK;
}

HRESULT profile_database_enter(struct database **out)
{
    return enter(false, out);
}

HRESULT profile_database_enter_creating(struct database **out)
{
    HRESULT hr = enter(true, out);
    if (hr == S_OK) {
        profile_create_lock_file();
    }
    return hr;
}

/* Other processes are told of a change before it can be committed, and after it (profile_locks.h). */
static HRESULT begin_outer(struct database *db)
{
    atomic_store(&changing, true);
    HRESULT hr = database_begin(db);
    if (hr == S_OK) {
        hr = profile_begin_change();
        if (hr != S_OK) {
            database_rollback(db);
        }
    }
    if (hr != S_OK) {
        atomic_store(&changing, false);
    }
    return hr;
}

static HRESULT end_outer(struct database *db, bool commit)
{
    HRESULT hr = S_OK;
    if (commit) {
        hr = database_commit(db);
    } else {
        database_rollback(db);
    }
    atomic_store(&changing, false);
    profile_end_change();
    unfinished_settle(db);
    return hr;
}

HRESULT profile_database_begin(struct database *db)
{
    HRESULT hr = depth == 0 ? begin_outer(db) : database_execute(db, "SAVEPOINT inner", "Cannot change the profiles");
    if (hr == S_OK) {
        depth++;
    }
    return hr;
}

HRESULT profile_database_end(struct database *db, bool commit)
{
    static const char *const what = "Cannot change the profiles";
    HRESULT hr = S_OK;
    depth--;
    if (depth == 0) {
        return end_outer(db, commit);
    }
    if (commit) {
        hr = database_execute(db, "RELEASE inner", what);
    }
    if (!commit || hr != S_OK) {
        /* Where even this fails (SQLite has rolled everything back on a full disk), the outer commit fails too. */
        HRESULT undone = database_execute(db, "ROLLBACK TO inner; RELEASE inner", what);
        (void)undone;
    }
    return hr;
}

bool profile_database_try_lock(void)
{
    return pthread_once(&lock_once, make_lock) == 0 && pthread_mutex_trylock(&lock) == 0;
}

bool profile_database_lock_unless_changing(void)
{
    static const struct timespec moment = {0, 1000000};
    while (!profile_database_try_lock()) {
        if (atomic_load(&changing)) {
            return false;
        }
        nanosleep(&moment, NULL);
    }
    return true;
}

bool profile_database_changing(void)
{
    if (!profile_database_try_lock()) {
        return false; /* another thread has it */
    }
    bool inside = depth > 0;
    profile_database_unlock();
    return inside;
}

void profile_database_close(void)
{
    profile_database_lock();
    forget_connection();
    profile_forget_all();
    profile_database_unlock();
}

void profile_database_give_up(void)
{
    profile_database_lock();
    if (entered == 0) {
        forget_connection();
        profile_forget_all();
    }
    profile_database_unlock();
}

/* ---- fork ---- */

static bool locked_for_fork;

/* Not waited for: whoever has it is not using the connection (that has been waited for), or is this thread itself. */
void profile_database_before_fork(void)
{
    pthread_once(&lock_once, make_lock);
    locked_for_fork = pthread_mutex_trylock(&lock) == 0;
}

void profile_database_after_fork_in_parent(void)
{
    if (locked_for_fork) {
        profile_database_unlock();
    }
}

void profile_database_after_fork_in_child(void)
{
    if (locked_for_fork) {
        profile_database_unlock(); /* refused: the lock takes the child for another thread */
    } else {                       /* by one that is not here */
        entered = 0;
        depth = 0;
        atomic_store(&changing, false);
    }
    make_lock();
}
