#include "store/changes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/fork.h"

enum { REKEYED_KEPT = 1024 };

struct changes {
    struct changes *next;
    unsigned users;
    atomic_uint_fast64_t count;
    atomic_uint_fast64_t rekeyed_count;
    struct rekeyed rekeyed[REKEYED_KEPT]; /* a ring; protected by registry_lock */
    char path[];
};

/* One list for the process, since stores are shared by sessions that know nothing of each other. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct changes *registry;
FORK_KEEPS_WHOLE(registry_lock);

struct changes *changes_attach(const char *path)
{
    size_t size = strlen(path) + 1;
    struct changes *entry;

    pthread_mutex_lock(&registry_lock);
    for (entry = registry; entry != NULL; entry = entry->next)
        if (strcmp(entry->path, path) == 0)
            break;
    if (entry == NULL) {
        entry = calloc(1, sizeof *entry + size);
        if (entry != NULL) {
            memcpy(entry->path, path, size);
            entry->next = registry;
            registry = entry;
        }
    }
    if (entry != NULL)
        entry->users++;
    pthread_mutex_unlock(&registry_lock);
    return entry;
}

void changes_detach(struct changes *changes)
{
    struct changes **link;

    if (changes == NULL)
        return;
    pthread_mutex_lock(&registry_lock);
    if (--changes->users == 0) {
        for (link = &registry; *link != changes; link = &(*link)->next)
            continue;
        *link = changes->next;
        free(changes);
    }
    pthread_mutex_unlock(&registry_lock);
}

void changes_bump(struct changes *changes)
{
    atomic_fetch_add(&changes->count, 1);
}

uint64_t changes_count(const struct changes *changes)
{
    return atomic_load(&changes->count);
}

void changes_rekeyed(struct changes *changes, int64_t row, int64_t old_key, int64_t new_key)
{
    struct rekeyed *slot;

    pthread_mutex_lock(&registry_lock);
    slot = &changes->rekeyed[atomic_load(&changes->rekeyed_count) % REKEYED_KEPT];
    slot->row = row;
    slot->old_key = old_key;
    slot->new_key = new_key;
    atomic_fetch_add(&changes->rekeyed_count, 1);
    pthread_mutex_unlock(&registry_lock);
}

uint64_t changes_rekeyed_count(const struct changes *changes)
{
    return atomic_load(&changes->rekeyed_count);
}

bool changes_rekeyed_at(struct changes *changes, uint64_t index, struct rekeyed *out)
{
    uint64_t count;
    bool kept;

    pthread_mutex_lock(&registry_lock);
    count = atomic_load(&changes->rekeyed_count);
    kept = index < count && count - index <= REKEYED_KEPT;
    if (kept)
        *out = changes->rekeyed[index % REKEYED_KEPT];
    pthread_mutex_unlock(&registry_lock);
    return kept;
}
