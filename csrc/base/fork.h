/* base/fork.h - what a fork means to us.
 *
 * A child inherits our memory but none of our record locks, and threads that were in the middle of something are gone. So nothing
 * that was open survives: the parts of the program that hold descriptors, connections or locks register hooks here, and everything
 * that was made before the fork carries the generation it was made in. A call looks at the generation, never at getpid.
 */
#ifndef BASE_FORK_H
#define BASE_FORK_H

#include <pthread.h>
#include <stdatomic.h>

#include <mapidefs.h>

/* Of fork.c alone. */
extern atomic_uint fork_generation_now;

/* 0 in the first process, one more in each child, and the same for the life of a process. */
static inline unsigned fork_generation(void)
{
    return atomic_load_explicit(&fork_generation_now, memory_order_relaxed);
}

/* Called by fork: prepare before it, by increasing rank; then parent in the one process and child in the other, by decreasing
 * rank, the generation having changed before the first child hook. Each may be NULL. Prepare hooks may wait for other threads, so
 * those that do have the lowest ranks; locks that are taken for the fork are leaves and have the highest. A child hook
 * gives back what its prepare hook took, makes conditions anew (those who waited are gone), closes descriptors, and calls nothing
 * that belongs to others. */
struct fork_hooks {
    int rank;
    void (*prepare)(void);
    void (*parent)(void);
    void (*child)(void);
};

enum { FORK_RANK_DATABASE = 10, FORK_RANK_SESSIONS = 20, FORK_RANK_SLOT = 30, FORK_RANK_NOTIFY = 40 };

/* Registers hooks, which stay registered and must be static; the second time for the same ones does nothing.
 * MAPI_E_NOT_ENOUGH_MEMORY. Any thread. */
HRESULT fork_hooks_add(const struct fork_hooks *hooks);

/* A static lock that is taken for each fork, after the prepare hooks, so that the child finds whole what it guards. For leaves: who
 * has it may wait for nothing and take nothing else. FORK_KEEPS_WHOLE(lock) at file level is all there is to do. */
struct fork_leaf {
    pthread_mutex_t *lock;
    struct fork_leaf *next;
};

void fork_leaf_add(struct fork_leaf *leaf);

#define FORK_KEEPS_WHOLE(mutex)                                                                                        \
    static struct fork_leaf fork_leaf_of_##mutex = {&(mutex), NULL};                                                   \
    __attribute__((constructor)) static void fork_add_leaf_of_##mutex(void)                                            \
    {                                                                                                                  \
        fork_leaf_add(&fork_leaf_of_##mutex);                                                                          \
    }                                                                                                                  \
    _Static_assert(1, "for the semicolon")

/* The lock of an object that a child can inherit while a thread it does not have is holding it: there it begins anew. */
struct fork_mutex {
    pthread_mutex_t mutex;
    atomic_uint generation;
};

int fork_mutex_init(struct fork_mutex *self); /* as pthread_mutex_init */
void fork_mutex_destroy(struct fork_mutex *self);
void fork_mutex_lock(struct fork_mutex *self);
void fork_mutex_unlock(struct fork_mutex *self);

#endif
