/* base/fork.c - see base/fork.h. */
#include "base/fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"

enum { MOST_HOOKS = 16 };

atomic_uint fork_generation_now;

/* Guards the table. Not held while hooks wait for others, who may be about to register some. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct fork_hooks *table[MOST_HOOKS];
static size_t count;
static bool installed;

/* Held throughout a fork: one at a time. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const struct fork_hooks *called[MOST_HOOKS]; /* for this fork */
static size_t called_count;

/* Filled before main, so without a lock. */
static struct fork_leaf *leaves;

/* Guards the making of fork_mutexes anew. */
static pthread_mutex_t anew = PTHREAD_MUTEX_INITIALIZER;
FORK_KEEPS_WHOLE(anew);
FORK_KEEPS_WHOLE(lock);

static void prepare(void)
{
    pthread_mutex_lock(&turn);
    pthread_mutex_lock(&lock);
    memcpy(called, table, sizeof called);
    called_count = count;
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < called_count; i++)
        if (called[i]->prepare != NULL)
            called[i]->prepare();
    for (struct fork_leaf *each = leaves; each != NULL; each = each->next)
        pthread_mutex_lock(each->lock);
}

static void give_back_leaves(void)
{
    for (struct fork_leaf *each = leaves; each != NULL; each = each->next)
        pthread_mutex_unlock(each->lock);
}

static void parent(void)
{
    give_back_leaves();
    for (size_t i = called_count; i-- > 0;)
        if (called[i]->parent != NULL)
            called[i]->parent();
    pthread_mutex_unlock(&turn);
}

static void child(void)
{
    atomic_fetch_add(&fork_generation_now, 1);
    give_back_leaves();
    for (size_t i = called_count; i-- > 0;)
        if (called[i]->child != NULL)
            called[i]->child();
    pthread_mutex_unlock(&turn); /* this thread took it, so the child may give it back */
}

static bool is_known(const struct fork_hooks *hooks)
{
    for (size_t i = 0; i < count; i++)
        if (table[i] == hooks)
            return true;
    return false;
}

static void insert(const struct fork_hooks *hooks)
{
    size_t at = count++;
    for (; at > 0 && table[at - 1]->rank > hooks->rank; at--)
        table[at] = table[at - 1];
    table[at] = hooks;
}

HRESULT fork_hooks_add(const struct fork_hooks *hooks)
{
    HRESULT hr = S_OK;
    pthread_mutex_lock(&lock);
    if (!installed) {
        /* pthread_atfork keeps no lock of ours while it calls us, and knows nothing that we would have to undo. */
        installed = pthread_atfork(prepare, parent, child) == 0;
    }
    if (!installed || count == MOST_HOOKS)
        hr = fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to be prepared for a fork.");
    else if (!is_known(hooks))
        insert(hooks);
    pthread_mutex_unlock(&lock);
    return hr;
}

void fork_leaf_add(struct fork_leaf *leaf)
{
    leaf->next = leaves;
    leaves = leaf;
}

int fork_mutex_init(struct fork_mutex *self)
{
    atomic_init(&self->generation, fork_generation());
    return pthread_mutex_init(&self->mutex, NULL);
}

void fork_mutex_destroy(struct fork_mutex *self)
{
    if (atomic_load(&self->generation) == fork_generation()) /* else it may be held, for ever */
        pthread_mutex_destroy(&self->mutex);
}

static void make_anew(struct fork_mutex *self)
{
    pthread_mutex_lock(&anew);
    if (atomic_load(&self->generation) != fork_generation()) {
        pthread_mutex_init(&self->mutex, NULL);
        atomic_store(&self->generation, fork_generation());
    }
    pthread_mutex_unlock(&anew);
}

void fork_mutex_lock(struct fork_mutex *self)
{
    if (atomic_load_explicit(&self->generation, memory_order_acquire) != fork_generation())
        make_anew(self);
    pthread_mutex_lock(&self->mutex);
}

void fork_mutex_unlock(struct fork_mutex *self)
{
    pthread_mutex_unlock(&self->mutex);
}
