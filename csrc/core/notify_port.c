#include "core/notify_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"

_Thread_local unsigned notify_depth;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t call_over = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static HRESULT prepared;

/* Guarded by the lock. */
static struct notify_port process_port = {.refs = 1, .epoll = -1, .wake = -1};
static struct notify_port *ports = &process_port;
static int *watched;
static size_t watched_count;

void notify_lock(void)
{
    pthread_mutex_lock(&lock);
}

void notify_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void notify_call_over(struct notify_set *set)
{
    if (set->calls > 0) { /* a child that was forked from within a sink has none */
        set->calls--;
    }
    if (set->ended && set->calls == 0) {
        pthread_cond_broadcast(&call_over);
    }
}

void notify_set_wait(struct notify_set *set)
{
    notify_lock();
    while (set->calls > 0 && notify_depth == 0) {
        pthread_cond_wait(&call_over, &lock);
    }
    notify_unlock();
}

/* ---- descriptors ---- */

#ifdef __linux__

static bool add_to(int epoll, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static void remove_from(int epoll, int descriptor)
{
    epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

static int make_epoll(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

static int make_wake(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* Puts `descriptor` in place of the number `number`, which it takes over. */
static void replace(int descriptor, int number)
{
    if (descriptor >= 0) {
        dup3(descriptor, number, O_CLOEXEC);
        close(descriptor);
    }
}

#else /* no epoll: notify_port_descriptor answers MAPI_E_NO_SUPPORT, and nothing below is reached with one */

static bool add_to(int epoll, int descriptor)
{
    (void)epoll, (void)descriptor;
    return false;
}

static void remove_from(int epoll, int descriptor)
{
    (void)epoll, (void)descriptor;
}

static int make_epoll(void)
{
    errno = ENOSYS;
    return -1;
}

static int make_wake(void)
{
    return -1;
}

static void replace(int descriptor, int number)
{
    (void)descriptor, (void)number;
}

#endif

/* The eventfd says whether the list of ready connections is empty, and nobody has woken the port. Lock held. */
static void show(struct notify_port *port)
{
    bool awake = port->ready_first != NULL || port->woken;
    if (port->wake < 0 || awake == port->awake) {
        return;
    }
    uint64_t value = 1;
    ssize_t done = awake ? write(port->wake, &value, sizeof value) : read(port->wake, &value, sizeof value);
    (void)done; /* a counter between 0 and 1 neither blocks nor fails */
    port->awake = awake;
}

static bool open_wake(struct notify_port *port)
{
    port->wake = make_wake();
    port->awake = false;
    if (port->wake >= 0 && add_to(port->epoll, port->wake)) {
        show(port);
        return true;
    }
    if (port->wake >= 0) {
        close(port->wake);
        port->wake = -1;
    }
    return false;
}

static void close_wake(struct notify_port *port)
{
    if (port->wake >= 0) {
        remove_from(port->epoll, port->wake);
        close(port->wake);
        port->wake = -1;
    }
}

static HRESULT no_descriptor(int error)
{
    return error == ENOSYS
               ? fail(MAPI_E_NO_SUPPORT, "This system has no descriptor that several others can be joined in.")
               : fail(MAPI_E_NOT_ENOUGH_RESOURCES, "Too many files are open to wait for notifications.");
}

static HRESULT open_epoll(struct notify_port *port)
{
    port->epoll = make_epoll();
    if (port->epoll < 0) {
        return no_descriptor(errno);
    }
    bool good = (!port->connections && !port->woken) || open_wake(port);
    for (size_t i = 0; i < watched_count && good; i++) {
        good = add_to(port->epoll, watched[i]);
    }
    if (!good) {
        HRESULT hr = no_descriptor(errno);
        close_wake(port);
        close(port->epoll);
        port->epoll = -1;
        return hr;
    }
    return S_OK;
}

HRESULT notify_port_descriptor(struct notify_port *port, int *descriptor)
{
    HRESULT hr = notify_prepare();
    notify_lock();
    if (hr == S_OK && port->epoll < 0) {
        hr = open_epoll(port);
    }
    *descriptor = port->epoll;
    notify_unlock();
    return hr;
}

HRESULT notify_port_wait(struct notify_port *port, int ms, bool *signalled)
{
    bool interrupted = false;
    struct pollfd descriptor = {.events = POLLIN};
    HRESULT hr = notify_port_descriptor(port, &descriptor.fd);
    if (hr == S_OK) {
        interrupted = poll(&descriptor, 1, ms) < 0 && errno == EINTR;
    }
    if (signalled) {
        *signalled = interrupted;
    }
    return hr;
}

HRESULT notify_watch(int descriptor)
{
    HRESULT hr = notify_prepare();
    if (hr != S_OK) {
        return hr;
    }
    notify_lock();
    int *more = realloc(watched, (watched_count + 1) * sizeof *more);
    if (more) {
        watched = more;
        struct notify_port *failed = NULL;
        struct notify_port *port = ports;
        for (; port && !failed; port = port->next) {
            failed = port->epoll >= 0 && !add_to(port->epoll, descriptor) ? port : NULL;
        }
        if (failed) {
            hr = no_descriptor(errno);
            for (port = ports; port != failed; port = port->next) {
                if (port->epoll >= 0) {
                    remove_from(port->epoll, descriptor);
                }
            }
        } else {
            watched[watched_count++] = descriptor;
        }
    } else {
        hr = fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to wait for notifications.");
    }
    notify_unlock();
    return hr;
}

void notify_unwatch(int descriptor)
{
    notify_lock();
    for (size_t i = 0; i < watched_count; i++) {
        if (watched[i] == descriptor) {
            watched[i] = watched[--watched_count];
            for (struct notify_port *port = ports; port; port = port->next) {
                if (port->epoll >= 0) {
                    remove_from(port->epoll, descriptor);
                }
            }
            break;
        }
    }
    if (watched_count == 0) {
        free(watched);
        watched = NULL;
    }
    notify_unlock();
}

/* ---- fork ---- */

static void before_fork(void)
{
    notify_lock();
}

static void after_fork_in_parent(void)
{
    notify_unlock();
}

/* The registrations are the parent's, and so are the descriptors behind ours: an epoll is shared with it, down to what it watches. The
 * port's number gets an epoll of the child's own. */
static void after_fork_in_child(void)
{
    pthread_cond_init(&call_over, NULL); /* whoever waited for it is gone */
    watched_count = 0;
    for (struct notify_port *port = ports; port; port = port->next) {
        for (struct notify_connection *each = port->connections; each; each = each->next_on_port) {
            notify_connection_drop(each);
            each->closed = true;
            each->set->ended = true;
            each->set->calls = 0;
            each->ready = false;
        }
        port->ready_first = port->ready_last = NULL;
        atomic_store(&port->ready_count, 0);
        port->woken = false;
        if (port->wake >= 0) {
            close(port->wake);
            port->wake = -1;
        }
        if (port->epoll >= 0) {
            replace(make_epoll(), port->epoll);
            if (port->connections) {
                open_wake(port);
            }
        }
    }
    notify_unlock();
}

static const struct fork_hooks hooks = {FORK_RANK_NOTIFY, before_fork, after_fork_in_parent, after_fork_in_child};

static void prepare(void)
{
    prepared = fork_hooks_add(&hooks);
}

HRESULT notify_prepare(void)
{
    pthread_once(&once, prepare);
    return prepared;
}

/* ---- ports ---- */

HRESULT notify_port_create(struct notify_port **out)
{
    *out = NULL;
    HRESULT hr = notify_prepare();
    if (hr != S_OK) {
        return hr;
    }
    struct notify_port *port = calloc(1, sizeof *port);
    if (!port) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for notifications.");
    }
    atomic_init(&port->refs, 1);
    port->epoll = -1;
    port->wake = -1;
    notify_lock();
    port->next = ports;
    ports->previous = port;
    ports = port;
    notify_unlock();
    *out = port;
    return S_OK;
}

void notify_port_make_stoppable(struct notify_port *port)
{
    port->stoppable = true;
}

struct notify_port *notify_port_of_process(void)
{
    return &process_port;
}

struct notify_port *notify_port_ref(struct notify_port *port)
{
    atomic_fetch_add_explicit(&port->refs, 1, memory_order_relaxed);
    return port;
}

void notify_port_unref(struct notify_port *port)
{
    if (!port || atomic_fetch_sub(&port->refs, 1) != 1) {
        return;
    }
    /* Connections hold references: there are none. The process's port keeps its own reference. */
    notify_lock();
    if (port->previous) {
        port->previous->next = port->next;
    } else {
        ports = port->next;
    }
    if (port->next) {
        port->next->previous = port->previous;
    }
    notify_unlock();
    close_wake(port);
    if (port->epoll >= 0) {
        close(port->epoll);
    }
    free(port);
}

void notify_port_abandon(struct notify_port *port)
{
    notify_lock();
    port->abandoned = true;
    for (struct notify_connection *each = port->connections; each; each = each->next_on_port) {
        notify_connection_drop(each);
        each->ready = false;
    }
    port->ready_first = port->ready_last = NULL;
    atomic_store(&port->ready_count, 0);
    show(port);
    notify_unlock();
}

HRESULT notify_port_attach(struct notify_port *port, struct notify_connection *connection)
{
    if (port->epoll >= 0 && port->wake < 0 && !open_wake(port)) {
        return no_descriptor(errno);
    }
    connection->port = notify_port_ref(port);
    connection->next_on_port = port->connections;
    if (port->connections) {
        port->connections->previous_on_port = connection;
    }
    port->connections = connection;
    return S_OK;
}

static void remove_ready(struct notify_port *port, struct notify_connection *connection)
{
    struct notify_connection *before = NULL;
    for (struct notify_connection *each = port->ready_first; each != connection; each = each->next_ready) {
        before = each;
    }
    if (before) {
        before->next_ready = connection->next_ready;
    } else {
        port->ready_first = connection->next_ready;
    }
    if (port->ready_last == connection) {
        port->ready_last = before;
    }
    connection->ready = false;
    atomic_fetch_sub(&port->ready_count, 1);
}

void notify_port_detach(struct notify_connection *connection)
{
    struct notify_port *port = connection->port;
    if (connection->ready) {
        remove_ready(port, connection);
    }
    if (connection->previous_on_port) {
        connection->previous_on_port->next_on_port = connection->next_on_port;
    } else {
        port->connections = connection->next_on_port;
    }
    if (connection->next_on_port) {
        connection->next_on_port->previous_on_port = connection->previous_on_port;
    }
    if (port->connections || port->woken) {
        show(port);
    } else {
        close_wake(port); /* with the last session only the port's own descriptor stays */
    }
}

/* Whoever waits on a port of its own, perhaps without end, may now be waiting for nothing. The other ports have nobody who would
 * take the mark away again. */
void notify_port_tell_end(struct notify_port *port)
{
    if (port->stoppable) {
        port->woken = true;
    }
}

void notify_port_ready(struct notify_connection *connection)
{
    struct notify_port *port = connection->port;
    if (connection->ready || connection->busy || !notify_connection_has_work(connection)) {
        return;
    }
    connection->next_ready = NULL;
    if (port->ready_last) {
        port->ready_last->next_ready = connection;
    } else {
        port->ready_first = connection;
    }
    port->ready_last = connection;
    connection->ready = true;
    atomic_fetch_add(&port->ready_count, 1);
    show(port);
}

void notify_port_wake(struct notify_port *port, bool woken)
{
    notify_lock();
    port->woken = woken;
    if (woken && port->epoll >= 0 && port->wake < 0) {
        open_wake(port); /* without descriptors to spare, whoever waits learns of it when he stops waiting */
    } else if (!woken && !port->connections) {
        close_wake(port);
    } else {
        show(port);
    }
    notify_unlock();
}

bool notify_port_has_work(struct notify_port *port)
{
    return atomic_load(&port->ready_count) > 0;
}

/* ---- dispatching ---- */

static size_t waiting(const struct notify_port *port)
{
    size_t sum = 0;
    for (const struct notify_connection *each = port->ready_first; each; each = each->next_ready) {
        sum += each->count + each->merged + each->critical_lost;
    }
    return sum;
}

/* Calls one sink with one notification; its answer. The lock is held, and given up meanwhile. */
static ULONG deliver(struct notify_connection *connection)
{
    struct notify_item *item = NULL;
    NOTIFICATION made;
    NOTIFICATION *notification;
    ULONG number;
    remove_ready(connection->port, connection);
    notify_connection_take(connection, &item, &made, &number, &notification);
    if (!notify_connection_has_work(connection)) {
        show(connection->port);
    }
    connection->busy = true;
    connection->refs++;
    connection->set->calls++;
    notify_unlock();
    notify_depth++;
    ULONG answer = connection->sink->lpVtbl->OnNotify(connection->sink, 1, notification);
    notify_depth--;
    free(item);
    notify_lock();
    connection->busy = false;
    if (!connection->closed) {
        notify_port_ready(connection);
    }
    notify_call_over(connection->set);
    struct notify_connection *dead = notify_connection_unref(connection);
    if (dead) {
        notify_unlock();
        notify_connection_free(dead);
        notify_lock();
    }
    return answer;
}

void notify_port_dispatch(struct notify_port *port, ULONG max, ULONG *delivered)
{
    ULONG done = 0;
    if (notify_depth == 0 && notify_port_has_work(port)) {
        notify_port_ref(port);
        notify_lock();
        size_t limit = max ? max : waiting(port);
        bool go_on = true;
        while (go_on && done < limit && port->ready_first) {
            go_on = deliver(port->ready_first) != CALLBACK_DISCONTINUE || !port->stoppable;
            done++;
        }
        show(port);
        notify_unlock();
        notify_port_unref(port);
    }
    if (delivered) {
        *delivered = done;
    }
}
