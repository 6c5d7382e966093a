#include "core/bell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"
#include "core/doorbell.h"
#include "core/notify_port.h"
#include "core/process.h"
#include "core/runtime_dir.h"
#include "core/section.h"

enum {
    NAME_SIZE = 80,
    FORK_RANK_BELL = 35, /* after the slot's, before the lock of notifications, which is taken under ours */
    FRESH_SECONDS = 10   /* a socket can be seen a moment before its process listens on it */
};

static const char prefix[] = "mapi-store-";

struct mapi_bell {
    struct mapi_bell *next;
    struct mapi_bell *previous;
    uint64_t looked; /* the last pump that has seen it */
    int fd;          /* -1 in a child */
    struct mapi_bell_owner owner;
    char path[]; /* the directory's and the name */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Guarded by the lock. */
static struct mapi_bell *bells;
static uint64_t pumps;
static atomic_size_t bell_count; /* also read without it */

/* ---- fork: a child has no bells; what it has inherited is given back by whoever has it ---- */

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    for (struct mapi_bell *bell = bells; bell; bell = bell->next) {
        close(bell->fd);
        bell->fd = -1;
    }
    bells = NULL;
    atomic_store(&bell_count, 0);
    pthread_mutex_unlock(&lock);
}

static const struct fork_hooks hooks = {FORK_RANK_BELL, before_fork, after_fork_in_parent, after_fork_in_child};

/* ---- the directory ---- */

/* Removes the name if it is a socket of ours that nobody listens on. `age`: how old it must be, in seconds. */
static void remove_dead(const struct runtime_dir *dir, const char *name, time_t age)
{
    struct stat info;
    if (fstatat(dir->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(info.st_mode) && info.st_uid == geteuid() &&
        time(NULL) - info.st_ctime >= age && doorbell_is_dead(dir, name)) {
        unlinkat(dir->fd, name, 0);
    }
}

/* What killed processes have left. Their stores may never be opened again, so whoever has to do with bells looks for all. */
static void sweep(const struct runtime_dir *dir)
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
    if (!names) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    for (const struct dirent *entry = readdir(names); entry; entry = readdir(names)) {
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0) {
            remove_dead(dir, entry->d_name, FRESH_SECONDS);
        }
    }
    closedir(names);
}

static HRESULT open_dir(struct runtime_dir *out)
{
    char *home = NULL;
    HRESULT hr = process_home(&home);
    hr = hr == S_OK ? runtime_dir_open(home, true, out) : hr;
    free(home);
    return hr;
}

/* The directory and the name of a bell's path, if it can be one; dir->fd is -1 if the directory cannot be opened, for *error. */
static bool open_dir_of(const char *path, struct runtime_dir *dir, const char **name, int *error)
{
    const char *slash = strrchr(path, '/');
    dir->fd = -1;
    dir->path = NULL;
    if (!slash || strncmp(slash + 1, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    *name = slash + 1;
    dir->path = strndup(path, (size_t)(slash - path));
    dir->fd = dir->path ? open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    *error = dir->path ? errno : ENOMEM;
    return true;
}

/* ---- opening and closing ---- */

static char *put_hex(char *out, const BYTE *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out += sprintf(out, "%02x", bytes[i]);
    }
    return out;
}

static HRESULT make_name(const MAPIUID *store, char *out)
{
    MAPIUID id;
    HRESULT hr = uid_create(&id);
    if (hr == S_OK) {
        out = put_hex(stpcpy(out, prefix), store->ab, sizeof store->ab);
        *out++ = '.';
        put_hex(out, id.ab, sizeof id.ab / 2);
    }
    return hr;
}

static void link_bell(struct mapi_bell *bell)
{
    pthread_mutex_lock(&lock);
    bell->next = bells;
    if (bells) {
        bells->previous = bell;
    }
    bells = bell;
    atomic_fetch_add(&bell_count, 1);
    pthread_mutex_unlock(&lock);
}

static void unlink_bell(struct mapi_bell *bell)
{
    if (bell->previous) {
        bell->previous->next = bell->next;
    } else {
        bells = bell->next;
    }
    if (bell->next) {
        bell->next->previous = bell->previous;
    }
    atomic_fetch_sub(&bell_count, 1);
}

static HRESULT hang_up(struct mapi_bell *bell, const struct runtime_dir *dir, const char *name)
{
    HRESULT hr = doorbell_open(dir, name, &bell->fd);
    if (hr != S_OK) {
        return hr;
    }
    hr = notify_watch(bell->fd);
    if (hr != S_OK) {
        unlinkat(dir->fd, name, 0);
        close(bell->fd);
    }
    return hr;
}

HRESULT MapiBellOpen(const MAPIUID *store, const struct mapi_bell_owner *owner, struct mapi_bell **out)
{
    struct runtime_dir dir;
    char name[NAME_SIZE];
    *out = NULL;
    HRESULT hr = fork_hooks_add(&hooks);
    hr = hr == S_OK ? make_name(store, name) : hr;
    if (hr != S_OK) {
        return hr;
    }
    hr = open_dir(&dir);
    if (hr != S_OK) {
        const char *why = failure_detail(hr);
        return fail(hr, "There is no place to hear of what other processes do to the store. %s", why ? why : "");
    }
    struct mapi_bell *bell = calloc(1, sizeof *bell + strlen(dir.path) + 1 + sizeof name);
    if (bell) {
        bell->owner = *owner;
        stpcpy(stpcpy(stpcpy(bell->path, dir.path), "/"), name);
        sweep(&dir);
        hr = hang_up(bell, &dir, name);
    } else {
        hr = fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to listen for changes of a store.");
    }
    runtime_dir_close(&dir);
    if (hr != S_OK) {
        free(bell);
        return hr;
    }
    link_bell(bell);
    *out = bell;
    return S_OK;
}

void MapiBellClose(struct mapi_bell *bell)
{
    struct runtime_dir dir;
    const char *name;
    int error;
    if (!bell) {
        return;
    }
    pthread_mutex_lock(&lock);
    bool inherited = bell->fd < 0; /* the name is the parent's, which is still listening */
    if (!inherited) {
        unlink_bell(bell);
    }
    pthread_mutex_unlock(&lock);
    if (!inherited) {
        notify_unwatch(bell->fd);
        unlink(bell->path);
        close(bell->fd);
        if (open_dir_of(bell->path, &dir, &name, &error) && dir.fd >= 0) {
            sweep(&dir);
        }
        runtime_dir_close(&dir);
    }
    free(bell);
}

const char *MapiBellPath(const struct mapi_bell *bell)
{
    return bell->path;
}

/* ---- ringing ---- */

BOOL MapiBellRing(const char *path)
{
    struct runtime_dir dir;
    const char *name;
    int error;
    if (!open_dir_of(path, &dir, &name, &error)) {
        return FALSE; /* nothing that we would listen to */
    }
    bool alive = dir.fd >= 0 || error != ENOENT;
    int caller = dir.fd >= 0 ? doorbell_caller() : -1;
    if (caller >= 0) {
        alive = doorbell_ring(caller, &dir, name);
        close(caller);
    }
    if (dir.fd >= 0 && !alive) {
        remove_dead(&dir, name, 0); /* whoever told us this name was listening when he did */
    }
    runtime_dir_close(&dir);
    return alive;
}

/* Each bell once, whoever comes and goes meanwhile. The reference keeps the owner, not the bell, which is not touched outside the
 * lock. */
void bell_pump(void)
{
    if (atomic_load_explicit(&bell_count, memory_order_relaxed) == 0) {
        return;
    }
    pthread_mutex_lock(&lock);
    uint64_t pump = ++pumps;
    for (;;) {
        struct mapi_bell *bell = bells;
        while (bell && bell->looked >= pump) {
            bell = bell->next;
        }
        if (!bell) {
            break;
        }
        bell->looked = pump;
        doorbell_drain(bell->fd);
        struct mapi_bell_owner owner = bell->owner;
        if (owner.ref(owner.context)) {
            pthread_mutex_unlock(&lock);
            owner.look(owner.context);
            owner.unref(owner.context);
            pthread_mutex_lock(&lock);
        }
    }
    pthread_mutex_unlock(&lock);
}
