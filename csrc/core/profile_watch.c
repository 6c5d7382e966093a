#include "core/profile_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#include <sys/stat.h>
#endif

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"
#include "core/home.h"

enum { FORK_RANK_WATCH = 36 }; /* before the lock of notifications, which is taken under ours */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Guarded by the lock. */
static int descriptor = -1;
static struct notify_port **ports; /* each counted */
static size_t count;
static size_t others;          /* who watch without a port */
static atomic_size_t watching; /* all of them, as far as they can be told; also read without the lock */

/* ---- fork: a descriptor is shared with the parent, down to what has been read from it ---- */

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
    if (descriptor >= 0) {
        close(descriptor);
        descriptor = -1;
    }
    others = 0;
    atomic_store(&watching, 0);
    pthread_mutex_unlock(&lock);
}

static const struct fork_hooks hooks = {FORK_RANK_WATCH, before_fork, after_fork_in_parent, after_fork_in_child};

/* ---- the descriptor; the lock is held ---- */

#ifdef __linux__

static HRESULT failed(void)
{
    switch (errno) {
    case ENOENT:
        return fail(MAPI_E_NOT_FOUND, "There is no profile yet that could change.");
    case ENOMEM:
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to watch for changes of profiles.");
    default:
        return fail(
            MAPI_E_NOT_ENOUGH_RESOURCES,
            "Changes of profiles cannot be watched: the system has no watches left; end programs that watch files, "
            "or raise fs.inotify.max_user_instances.");
    }
}

static HRESULT watch_file(int inotify)
{
    char *path = NULL;
    HRESULT hr = home_path("profiles.lock", &path);
    if (hr == S_OK && inotify_add_watch(inotify, path, IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) < 0) {
        hr = failed();
    }
    free(path);
    return hr;
}

static HRESULT open_watch(int *out)
{
    *out = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return *out >= 0 ? watch_file(*out) : failed();
}

/* Makes the file where it was deleted and the profiles were not: there would be nothing to watch until somebody
 * changes them, and then it would be too late. Not opened: see profile_locks.h. */
static void make_file(void)
{
    char *database = NULL;
    char *path = NULL;
    if (home_path("profiles.db", &database) == S_OK && home_path("profiles.lock", &path) == S_OK &&
        access(database, F_OK) == 0 && access(path, F_OK) != 0) {
        int made = mknod(path, S_IFREG | 0600, 0);
        (void)made;
    }
    free(database);
    free(path);
}

/* Reads what has come; true if there was anything. Where the file itself has gone, the one that took its place is watched. */
static bool drain(void)
{
    _Alignas(struct inotify_event) char buffer[2048];
    bool any = false;
    bool gone = false;
    ssize_t got;
    while ((got = read(descriptor, buffer, sizeof buffer)) > 0) {
        for (const char *at = buffer; at < buffer + got;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            /* A file that somebody has open is not gone when it is deleted: its number of links has changed. */
            gone = gone || (event->mask & (IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED));
            at += sizeof *event + event->len;
        }
        any = true;
    }
    if (gone) {
        make_file();
        HRESULT again = watch_file(descriptor);
        (void)again; /* no profiles, nothing to be told of them */
    }
    return any;
}

#else

static HRESULT open_watch(int *out)
{
    *out = -1;
    return fail(MAPI_E_NO_SUPPORT, "This system cannot tell of changes of files.");
}

static bool drain(void)
{
    return false;
}

#endif

static HRESULT need_descriptor(void)
{
    if (descriptor >= 0) {
        return S_OK;
    }
    int made = -1;
    HRESULT hr = open_watch(&made);
    hr = hr == S_OK ? notify_watch(made) : hr;
    if (hr == S_OK) {
        descriptor = made;
    } else if (made >= 0) {
        close(made);
    }
    return hr;
}

static void drop_descriptor(void)
{
    if (descriptor >= 0) {
        notify_unwatch(descriptor);
        close(descriptor);
        descriptor = -1;
    }
}

/* Who watches has changed. */
static void settle(void)
{
    if (count + others == 0) {
        drop_descriptor();
    }
    atomic_store(&watching, (descriptor >= 0 ? count : 0) + others);
}

/* ---- ports ---- */

static size_t find(const struct notify_port *port)
{
    size_t at = 0;
    while (at < count && ports[at] != port) {
        at++;
    }
    return at;
}

static HRESULT enter(struct notify_port *port)
{
    if (find(port) < count) {
        return S_OK;
    }
    struct notify_port **more = realloc(ports, (count + 1) * sizeof(struct notify_port *));
    if (!more) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to watch for changes of profiles.");
    }
    ports = more;
    ports[count++] = notify_port_ref(port);
    return S_OK;
}

HRESULT profile_watch_add(struct notify_port *port)
{
    HRESULT hr = fork_hooks_add(&hooks);
    if (hr != S_OK) {
        return hr;
    }
    pthread_mutex_lock(&lock);
    hr = need_descriptor();
    hr = hr == S_OK ? enter(port) : hr;
    settle();
    pthread_mutex_unlock(&lock);
    return hr;
}

void profile_watch_remove(struct notify_port *port)
{
    pthread_mutex_lock(&lock);
    size_t at = find(port);
    bool found = at < count;
    if (found) {
        ports[at] = ports[--count];
    }
    if (count == 0) {
        free(ports);
        ports = NULL;
    }
    settle();
    pthread_mutex_unlock(&lock);
    if (found) {
        notify_port_unref(port);
    }
}

HRESULT profile_watch_begin(void)
{
    HRESULT hr = fork_hooks_add(&hooks);
    if (hr != S_OK) {
        return hr;
    }
    pthread_mutex_lock(&lock);
    hr = need_descriptor();
    hr = hr == MAPI_E_NO_SUPPORT ? S_OK : hr; /* then whoever dispatches has to look */
    others += hr == S_OK;
    settle();
    pthread_mutex_unlock(&lock);
    return hr;
}

void profile_watch_end(void)
{
    pthread_mutex_lock(&lock);
    others--;
    settle();
    pthread_mutex_unlock(&lock);
}

bool profile_watch_pump(void)
{
    if (atomic_load_explicit(&watching, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&lock);
    bool changed = descriptor >= 0 ? drain() : others > 0;
    for (size_t i = 0; i < count && changed; i++) {
        notify_port_wake(ports[i], true);
    }
    pthread_mutex_unlock(&lock);
    return changed;
}
