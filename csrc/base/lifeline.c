/* base/lifeline.c - see base/lifeline.h. */
#include "base/lifeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"

struct lifeline {
    atomic_uint refs;
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
    pthread_mutex_destroy(&life->lock);
    free(life);
}

static HRESULT ended_failure(void)
{
    return fail(MAPI_E_INVALID_OBJECT,
                "The object can no longer be used: the session or store it belongs to has ended.");
}

HRESULT lifeline_enter(struct lifeline *life)
{
    if (life == NULL)
        return S_OK;
    /* Asked before the lock as well, so that a dead object answers without waiting for anybody. */
    if (lifeline_ended(life))
        return ended_failure();
    if (pthread_mutex_lock(&life->lock) != 0) /* the recursion count is full */
        return fail(MAPI_E_CALL_FAILED, "The session is entered too many times by one thread.");
    if (lifeline_ended(life)) {
        pthread_mutex_unlock(&life->lock);
        return ended_failure();
    }
    return S_OK;
}

void lifeline_leave(struct lifeline *life)
{
    if (life != NULL)
        pthread_mutex_unlock(&life->lock);
}

bool lifeline_begin_end(struct lifeline *life)
{
    if (life == NULL || lifeline_ended(life) || pthread_mutex_lock(&life->lock) != 0)
        return false;
    if (lifeline_ended(life) || life->ending) {
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
    return life != NULL && atomic_load_explicit(&life->ended, memory_order_acquire);
}
