/* base/lifeline.c - see base/lifeline.h. */
#include "base/lifeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"

enum { PATIENCE = 10 }; /* seconds */

/* After DoFastShutdown no lifeline can be entered any more, and there is no way back: one more than the generation of the process
 * that this is about, because a child is another one. */
static atomic_uint over;

struct lifeline {
    atomic_uint refs;
    unsigned generation; /* base/fork.h: in a child, what it inherited has ended (R8) */
    atomic_bool ended;
    bool ending; /* under the lock: between lifeline_begin_end and lifeline_finish_end */
    pthread_mutex_t lock;
};

struct lifeline *lifeline_create(void)
{
    struct lifeline *life = malloc(sizeof *life);
    if (life == NULL)
        return NULL;
    pthread_mutexattr_t recursive;
    if (pthread_mutexattr_init(&recursive) != 0) {
        free(life);
        return NULL;
    }
    int failed = pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE) != 0 ||
                 pthread_mutex_init(&life->lock, &recursive) != 0;
    pthread_mutexattr_destroy(&recursive);
    if (failed) {
        free(life);
        return NULL;
    }
    atomic_init(&life->refs, 1);
    life->generation = fork_generation();
    atomic_init(&life->ended, false);
    life->ending = false;
    return life;
}

struct lifeline *lifeline_ref(struct lifeline *life)
{
    if (life != NULL)
        atomic_fetch_add_explicit(&life->refs, 1, memory_order_relaxed);
    return life;
}

void lifeline_unref(struct lifeline *life)
{
    if (life == NULL || atomic_fetch_sub_explicit(&life->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (!lifeline_inherited(life)) /* else another thread may have held it, and will not give it back */
        pthread_mutex_destroy(&life->lock);
    free(life);
}

bool lifeline_inherited(const struct lifeline *life)
{
    return life != NULL && life->generation != fork_generation();
}

static HRESULT ended_failure(const struct lifeline *life)
{
    if (!atomic_load(&life->ended))
        return fail(MAPI_E_NOT_INITIALIZED,
                    "The object belongs to a session of the process that this one was forked from;"
                    " it can only be released. Log on anew in this process.");
    return fail(MAPI_E_INVALID_OBJECT,
                "The object can no longer be used: the session or store it belongs to has ended.");
}

HRESULT lifeline_over(void)
{
    return fail(MAPI_E_END_OF_SESSION, "This process has shut MAPI down for good (DoFastShutdown);"
                                       " it can only release what it holds, and end.");
}

void lifeline_end_all(void)
{
    atomic_store(&over, fork_generation() + 1);
}

bool lifeline_all_ended(void)
{
    return atomic_load_explicit(&over, memory_order_acquire) == fork_generation() + 1;
}

HRESULT lifeline_refusal(const struct lifeline *life)
{
    if (lifeline_all_ended())
        return lifeline_over();
    return lifeline_ended(life) ? ended_failure(life)
                                : fail(MAPI_E_CALL_FAILED, "The session is entered too many times by one thread.");
}

/* 0, ETIMEDOUT, or that the recursion count is full. */
static int lock_for_a_while(struct lifeline *life)
{
    struct timespec limit;
    int result = pthread_mutex_trylock(&life->lock);
    if (result != EBUSY)
        return result;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE;
    return pthread_mutex_timedlock(&life->lock, &limit);
}

static HRESULT enter(struct lifeline *life, bool further)
{
    if (lifeline_all_ended())
        return lifeline_over();
    if (life == NULL)
        return S_OK;
    /* Asked before the lock as well, so that a dead object answers without waiting for anybody. */
    if (lifeline_ended(life))
        return lifeline_refusal(life);
    int result = further ? lock_for_a_while(life) : pthread_mutex_lock(&life->lock);
    if (result == ETIMEDOUT)
        return fail(MAPI_E_TIMEOUT,
                    "Another thread has been using the other message store for more than %d seconds,"
                    " perhaps waiting for this one.",
                    PATIENCE);
    if (result != 0) /* the recursion count is full */
        return lifeline_refusal(life);
    if (lifeline_ended(life)) {
        pthread_mutex_unlock(&life->lock);
        return lifeline_refusal(life);
    }
    return S_OK;
}

HRESULT lifeline_enter(struct lifeline *life)
{
    return enter(life, false);
}

HRESULT lifeline_enter_further(struct lifeline *life)
{
    return enter(life, true);
}

HRESULT lifeline_try_enter(struct lifeline *life)
{
    if (life == NULL)
        return S_OK;
    if (lifeline_ended(life))
        return ended_failure(life);
    if (pthread_mutex_trylock(&life->lock) != 0)
        return MAPI_E_BUSY;
    if (lifeline_ended(life)) {
        pthread_mutex_unlock(&life->lock);
        return ended_failure(life);
    }
    return S_OK;
}

void lifeline_leave(struct lifeline *life)
{
    if (life != NULL)
        pthread_mutex_unlock(&life->lock);
}

/* By itself: what is still to be cleaned up after DoFastShutdown is ended one by one. */
static bool has_ended(const struct lifeline *life)
{
    return atomic_load_explicit(&life->ended, memory_order_acquire) || lifeline_inherited(life);
}

bool lifeline_begin_end(struct lifeline *life)
{
    if (life == NULL || has_ended(life) || pthread_mutex_lock(&life->lock) != 0)
        return false;
    if (has_ended(life) || life->ending) {
        pthread_mutex_unlock(&life->lock);
        return false;
    }
    life->ending = true;
    return true;
}

void lifeline_finish_end(struct lifeline *life)
{
    atomic_store_explicit(&life->ended, true, memory_order_release);
    life->ending = false;
    pthread_mutex_unlock(&life->lock);
}

void lifeline_cancel_end(struct lifeline *life)
{
    life->ending = false;
    pthread_mutex_unlock(&life->lock);
}

bool lifeline_ended(const struct lifeline *life)
{
    return life != NULL && (has_ended(life) || lifeline_all_ended());
}
