/* base/database_fork.c - database_hold and database_release of base/database.h, and what happens at a fork.
 *
 * Who uses a connection counts himself in, then looks whether somebody is forking; who forks says so, then looks whether
 * somebody has counted himself in. With both in one total order, one of them sees the other, and using a connection costs two
 * atomic additions.
 */
#include "base/database_private.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"

enum { PATIENCE_SECONDS = 15 }; /* longer than a transaction waits for another process */

static atomic_bool forking;

/* Guards the list; held throughout a fork. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static HRESULT prepared;
static struct database *list;
static bool unsafe; /* this is a child, and a connection could not be closed before the fork */

/* The address of a thread's own variable says which thread it is. */
static _Thread_local char this_thread;

static uintptr_t self(void)
{
    return (uintptr_t)&this_thread;
}

static bool held_by_others(const struct database *db)
{
    return atomic_load(&db->holds) > 0 && atomic_load(&db->owner) != self();
}

/* Closes those that nobody is using; whether others are still using one. Who counts himself in now sees that a fork is under way and
 * steps back, so that a count of 0 seen once is enough; one that was seen to be used is not idle before it has been closed here, even if
 * it is given back meanwhile. One that this thread itself is in the middle of using (it forks in a callback) stays open. */
static bool close_idle(void)
{
    bool busy = false;
    for (struct database *db = list; db != NULL; db = db->next)
        if (atomic_load(&db->holds) == 0)
            database_close_handle(db);
        else if (atomic_load(&db->owner) != self()) /* perhaps only opening it */
            busy = true;
    return busy;
}

/* With ranks below all others this comes first: who is using a connection may need other locks to come to an end. */
static void before_fork(void)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_SECONDS;
    pthread_mutex_lock(&lock);
    atomic_store(&forking, true);
    int rc = 0;
    while (close_idle() && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&changed, &lock, &end);
}

static void go_on(void)
{
    atomic_store(&forking, false);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    pthread_cond_init(&changed, NULL); /* whoever waited for it is gone */
    for (struct database *db = list; db != NULL; db = db->next) {
        if (db->handle != NULL) {
            /* Neither to be used nor to be closed: either would take the parent's locks for ours. */
            db->handle = NULL;
            db->slots = NULL;
            db->slot_count = db->statements = 0;
            unsafe = true;
        }
        if (held_by_others(db)) /* by a thread that the child does not have */
            atomic_store(&db->holds, 0);
    }
    atomic_store(&forking, false);
    pthread_mutex_unlock(&lock);
}

static const struct fork_hooks hooks = {FORK_RANK_DATABASE, before_fork, go_on, after_fork_in_child};

static void prepare(void)
{
    prepared = fork_hooks_add(&hooks);
}

/* A fork is under way, and it may not have seen us: step back until it is over. */
static void step_back(struct database *db)
{
    pthread_mutex_lock(&lock);
    atomic_fetch_sub(&db->holds, 1);
    pthread_cond_broadcast(&changed);
    while (atomic_load(&forking))
        pthread_cond_wait(&changed, &lock);
    atomic_store(&db->owner, self());
    atomic_fetch_add(&db->holds, 1);
    pthread_mutex_unlock(&lock);
}

void database_hold_for_close(struct database *db)
{
    /* The caller's lock sees to it that only one thread at a time gets here with this database. */
    bool first = atomic_load_explicit(&db->holds, memory_order_relaxed) == 0;
    if (first)
        atomic_store(&db->owner, self());
    atomic_fetch_add(&db->holds, 1);
    if (first && atomic_load(&forking))
        step_back(db);
}

HRESULT database_hold(struct database *db)
{
    database_hold_for_close(db);
    HRESULT hr = S_OK;
    if (db->handle == NULL)
        hr = unsafe ? fail(MAPI_E_NOT_INITIALIZED,
                           "This process was forked while %s was being changed; it must run another program"
                           " before it can use the database.",
                           db->path)
                    : database_reopen(db);
    if (hr != S_OK)
        database_release(db);
    return hr;
}

void database_release(struct database *db)
{
    if (atomic_fetch_sub(&db->holds, 1) == 1 && atomic_load(&forking)) {
        pthread_mutex_lock(&lock);
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
}

bool database_is_held(const struct database *db)
{
    return atomic_load(&db->holds) > 0;
}

HRESULT database_register(struct database *db)
{
    pthread_once(&once, prepare);
    if (prepared != S_OK)
        return prepared;
    if (unsafe)
        return fail(MAPI_E_NOT_INITIALIZED,
                    "This process was forked while a database was being changed; it must run another program"
                    " before it can use one.");
    atomic_init(&db->holds, 1);
    atomic_init(&db->owner, self());
    pthread_mutex_lock(&lock);
    while (atomic_load(&forking))
        pthread_cond_wait(&changed, &lock);
    db->next = list;
    if (list != NULL)
        list->previous = db;
    list = db;
    pthread_mutex_unlock(&lock);
    return S_OK;
}

void database_unregister(struct database *db)
{
    pthread_mutex_lock(&lock);
    if (db->previous != NULL)
        db->previous->next = db->next;
    else
        list = db->next;
    if (db->next != NULL)
        db->next->previous = db->previous;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
