#include "core/notify_private.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/advise_sink.h"
#include "core/notify_copy.h"

enum { MOST_CRITICAL = 64, FEW = 16 };

static atomic_uintptr_t last_number;
static struct notify_set *sets; /* all of them; guarded by the lock */

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for notifications.");
}

/* ---- what is queued; the lock is held ---- */

bool notify_connection_has_work(const struct notify_connection *connection)
{
    return connection->first || connection->merged || connection->critical_lost;
}

static void forget_items(struct notify_connection *connection, bool but_critical)
{
    struct notify_item *each = connection->first;
    struct notify_item **link = &connection->first;
    connection->last = NULL;
    connection->count = 0;
    connection->bytes = 0;
    while (each) {
        struct notify_item *next = each->next;
        if (but_critical && each->notification.ulEventType == fnevCriticalError) {
            *link = each;
            link = &each->next;
            connection->last = each;
            connection->count++;
            connection->bytes += each->size;
        } else {
            free(each);
        }
        each = next;
    }
    *link = NULL;
}

void notify_connection_drop(struct notify_connection *connection)
{
    forget_items(connection, false);
    connection->merged = false;
    connection->merged_logoffs = 0;
    connection->critical_lost = false;
}

static uint64_t logoffs_in(const NOTIFICATION *notification)
{
    const EXTENDED_NOTIFICATION *extended = &notification->info.ext;
    ULONG count = 1;
    if (notification->ulEventType != fnevExtended || extended->ulEvent != NOTIFY_EVENT_LOGOFF) {
        return 0;
    }
    if (extended->cb == sizeof count) {
        memcpy(&count, extended->pbEventParameters, sizeof count);
    }
    return count;
}

/* Replaces what waits, critical errors excepted, by the one notification that stands for it. */
static void merge(struct notify_connection *connection)
{
    for (const struct notify_item *each = connection->first; each; each = each->next) {
        connection->merged_logoffs += logoffs_in(&each->notification);
    }
    forget_items(connection, true);
    connection->merged = true;
}

static bool append(struct notify_connection *connection, const NOTIFICATION *notification)
{
    bool fits;
    size_t extra = notify_extra_size(notification, &fits);
    struct notify_item *item = NULL;
    if (fits && connection->bytes + sizeof *item + extra <= NOTIFY_MOST_BYTES) {
        item = malloc(sizeof *item + extra);
    }
    if (!item) {
        return false;
    }
    item->next = NULL;
    item->size = sizeof *item + extra;
    notify_copy(notification, &item->notification, item + 1);
    if (connection->last) {
        connection->last->next = item;
    } else {
        connection->first = item;
    }
    connection->last = item;
    connection->count++;
    connection->bytes += item->size;
    return true;
}

static void enqueue_critical(struct notify_connection *connection, const NOTIFICATION *notification)
{
    bool room = connection->count < (connection->merged ? MOST_CRITICAL : NOTIFY_MOST);
    if (!room || !append(connection, notification)) {
        if (!connection->merged && connection->count > 0) {
            merge(connection);
        }
        if (connection->count >= MOST_CRITICAL || !append(connection, notification)) {
            connection->critical_lost = true;
            connection->critical_scode = notification->info.err.scode;
        }
    }
}

static void enqueue(struct notify_connection *connection, const NOTIFICATION *notification)
{
    if (connection->closed || connection->port->abandoned) {
        return;
    }
    if (notification->ulEventType == fnevCriticalError) {
        enqueue_critical(connection, notification);
    } else if (!connection->merged && (connection->count >= NOTIFY_MOST || !append(connection, notification))) {
        merge(connection);
        connection->merged_logoffs += logoffs_in(notification);
    } else if (connection->merged) {
        connection->merged_logoffs += logoffs_in(notification);
    }
    notify_port_ready(connection);
}

static void make_critical(NOTIFICATION *out, SCODE scode)
{
    memset(out, 0, sizeof *out);
    out->ulEventType = fnevCriticalError;
    out->info.err.scode = scode;
}

static void make_logoffs(NOTIFICATION *out, uint64_t logoffs, ULONG *number)
{
    memset(out, 0, sizeof *out);
    out->ulEventType = fnevExtended;
    out->info.ext.ulEvent = NOTIFY_EVENT_LOGOFF;
    *number = logoffs > UINT32_MAX ? UINT32_MAX : (ULONG)logoffs;
    if (logoffs > 1) {
        out->info.ext.cb = sizeof *number;
        out->info.ext.pbEventParameters = (LPBYTE)(void *)number;
    }
}

static void make_reload(NOTIFICATION *out)
{
    memset(out, 0, sizeof *out);
    out->ulEventType = fnevTableModified;
    out->info.tab.ulTableEvent = TABLE_RELOAD;
    out->info.tab.propIndex.ulPropTag = PROP_TAG(PT_NULL, 0);
    out->info.tab.propPrior.ulPropTag = PROP_TAG(PT_NULL, 0);
}

void notify_connection_take(struct notify_connection *connection, struct notify_item **item, NOTIFICATION *made,
                            ULONG *count, NOTIFICATION **notification)
{
    *item = NULL;
    *notification = made;
    if (connection->critical_lost) {
        connection->critical_lost = false;
        make_critical(made, connection->critical_scode);
        return;
    }
    if (connection->first) {
        *item = connection->first;
        *notification = &(*item)->notification;
        connection->first = (*item)->next;
        connection->last = connection->first ? connection->last : NULL;
        connection->count--;
        connection->bytes -= (*item)->size;
        return;
    }
    if (connection->overflow == NOTIFY_COUNTS_LOGOFFS) {
        make_logoffs(made, connection->merged_logoffs, count);
    } else {
        make_reload(made);
    }
    connection->merged = false;
    connection->merged_logoffs = 0;
}

/* ---- connections ---- */

struct notify_connection *notify_connection_unref(struct notify_connection *connection)
{
    return --connection->refs == 0 ? connection : NULL;
}

void notify_connection_free(struct notify_connection *connection)
{
    if (!connection) {
        return;
    }
    connection->sink->lpVtbl->Release(connection->sink);
    notify_port_unref(connection->port);
    notify_set_unref(connection->set);
    free(connection);
}

/* Takes a connection out of everything but its set's list. Lock held; returns it if it is to be freed. */
static struct notify_connection *shut(struct notify_connection *connection)
{
    connection->closed = true;
    notify_connection_drop(connection);
    notify_port_detach(connection);
    return notify_connection_unref(connection);
}

static bool has_key(const struct notify_connection *connection, const void *key, size_t key_size)
{
    return connection->key_size == key_size && (key_size == 0 || memcmp(connection->key, key, key_size) == 0);
}

static bool wants(const struct notify_connection *connection, ULONG event)
{
    return (connection->mask & event) || (connection->critical_errors && (event & fnevCriticalError));
}

/* ---- sets ---- */

HRESULT notify_set_create(struct notify_set **out)
{
    struct notify_set *set = NULL;
    HRESULT hr = notify_prepare();
    if (hr == S_OK) {
        set = calloc(1, sizeof *set);
        hr = set ? S_OK : no_memory();
    }
    if (set) {
        atomic_init(&set->refs, 1);
        notify_lock();
        set->next_set = sets;
        if (sets) {
            sets->previous_set = set;
        }
        sets = set;
        notify_unlock();
    }
    *out = set;
    return hr;
}

struct notify_set *notify_set_ref(struct notify_set *set)
{
    atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

void notify_set_unref(struct notify_set *set)
{
    /* Connections count as well, so that none is left when nothing refers to the set any more. */
    if (!set || atomic_fetch_sub(&set->refs, 1) != 1) {
        return;
    }
    notify_lock();
    if (set->previous_set) {
        set->previous_set->next_set = set->next_set;
    } else {
        sets = set->next_set;
    }
    if (set->next_set) {
        set->next_set->previous_set = set->previous_set;
    }
    notify_unlock();
    free(set);
}

ULONG_PTR notify_number(void)
{
    return atomic_fetch_add(&last_number, 1) + 1;
}

HRESULT notify_set_add(struct notify_set *set, const struct notify_registration *registration, ULONG_PTR *number)
{
    *number = 0;
    if (!registration->sink) {
        return fail(MAPI_E_INVALID_PARAMETER, "A registration for notifications needs an advise sink.");
    }
    struct notify_connection *connection = calloc(1, sizeof *connection + registration->key_size);
    if (!connection) {
        return no_memory();
    }
    struct notify_port *port = registration->port;
    connection->refs = 1;
    connection->sink = registration->sink;
    if (!port && !registration->sync) {
        port = advise_sink_unwrap(&connection->sink);
    }
    connection->owner = registration->owner;
    connection->mask = registration->mask;
    connection->critical_errors = registration->critical_errors;
    connection->sync = registration->sync;
    connection->overflow = registration->overflow;
    connection->key_size = registration->key_size;
    if (registration->key_size) {
        memcpy(connection->key, registration->key, registration->key_size);
    }
    connection->number = notify_number();
    notify_lock();
    HRESULT hr = set->ended
                     ? fail(MAPI_E_INVALID_OBJECT, "There is nothing left to be notified of: the session has ended.")
                     : notify_port_attach(port ? port : notify_port_of_process(), connection);
    if (hr == S_OK) {
        connection->set = notify_set_ref(set);
        connection->next = set->connections;
        set->connections = connection;
        connection->sink->lpVtbl->AddRef(connection->sink);
        *number = connection->number;
    }
    notify_unlock();
    if (hr != S_OK) {
        free(connection);
    }
    return hr;
}

HRESULT notify_set_remove(struct notify_set *set, ULONG_PTR number)
{
    return notify_set_remove_of(set, NULL, number);
}

HRESULT notify_set_remove_of(struct notify_set *set, const void *owner, ULONG_PTR number)
{
    struct notify_connection *found = NULL, *dead = NULL;
    notify_lock();
    for (struct notify_connection **each = &set->connections; *each; each = &(*each)->next) {
        if ((*each)->number == number && (*each)->owner == owner) {
            found = *each;
            *each = found->next;
            dead = shut(found);
            break;
        }
    }
    notify_unlock();
    notify_connection_free(dead);
    return found ? S_OK : fail(MAPI_E_NOT_FOUND, "There is no registration for notifications with this number.");
}

/* Shuts the connections of one owner, or of all. */
static void shut_many(struct notify_set *set, bool all, const void *owner)
{
    struct notify_connection *dead = NULL;
    notify_lock();
    set->ended = set->ended || all;
    for (struct notify_connection **link = &set->connections; *link;) {
        struct notify_connection *each = *link;
        if (!all && each->owner != owner) {
            link = &each->next;
            continue;
        }
        *link = each->next;
        each = shut(each);
        if (each) {
            each->next = dead;
            dead = each;
        }
    }
    notify_unlock();
    while (dead) {
        struct notify_connection *next = dead->next;
        notify_connection_free(dead);
        dead = next;
    }
}

void notify_set_tell_end(struct notify_set *set)
{
    notify_lock();
    for (const struct notify_connection *each = set->connections; each; each = each->next) {
        notify_port_tell_end(each->port);
    }
    notify_unlock();
}

void notify_set_end(struct notify_set *set)
{
    shut_many(set, true, NULL);
}

void notify_set_remove_owner(struct notify_set *set, const void *owner)
{
    shut_many(set, false, owner);
}

bool notify_set_wants(struct notify_set *set, const void *key, size_t key_size, ULONG mask)
{
    bool found = false;
    notify_lock();
    for (const struct notify_connection *each = set->connections; each && !found; each = each->next) {
        found = wants(each, mask) && has_key(each, key, key_size);
    }
    notify_unlock();
    return found;
}

/* ---- posting ---- */

struct callees {
    struct notify_connection *few[FEW];
    struct notify_connection **all;
    size_t count;
};

static bool is_callee(const struct notify_connection *connection, const void *key, size_t key_size)
{
    return connection->sync && has_key(connection, key, key_size);
}

/* The sets to look at: one, or all. */
static struct notify_set *first_of(struct notify_set *only)
{
    return only ? only : sets;
}

static struct notify_set *next_of(const struct notify_set *only, const struct notify_set *set)
{
    return only ? NULL : set->next_set;
}

/* The synchronous registrations with the key, each with a reference and a call counted. Lock held. */
static HRESULT collect(struct notify_set *only, const void *key, size_t key_size, struct callees *out)
{
    out->count = 0;
    out->all = out->few;
    for (const struct notify_set *set = first_of(only); set; set = next_of(only, set)) {
        for (const struct notify_connection *each = set->connections; each; each = each->next) {
            out->count += is_callee(each, key, key_size);
        }
    }
    if (out->count > FEW) {
        out->all = malloc(out->count * sizeof *out->all);
        if (!out->all) {
            out->all = out->few;
            out->count = 0;
            return no_memory();
        }
    }
    size_t at = 0;
    for (struct notify_set *set = first_of(only); set; set = next_of(only, set)) {
        for (struct notify_connection *each = set->connections; each; each = each->next) {
            if (is_callee(each, key, key_size)) {
                each->refs++;
                set->calls++;
                out->all[at++] = each;
            }
        }
    }
    return S_OK;
}

/* One sink, all it wants, in order. */
static ULONG call(struct notify_connection *connection, ULONG count, const NOTIFICATION *notifications)
{
    ULONG answer = 0;
    for (ULONG i = 0; i < count && answer != CALLBACK_DISCONTINUE; i++) {
        if (wants(connection, notifications[i].ulEventType)) {
            NOTIFICATION copy = notifications[i];
            notify_depth++;
            answer = connection->sink->lpVtbl->OnNotify(connection->sink, 1, &copy);
            notify_depth--;
        }
    }
    return answer;
}

static ULONG call_all(struct callees *callees, ULONG count, const NOTIFICATION *notifications)
{
    ULONG answer = 0;
    for (size_t i = 0; i < callees->count; i++) {
        struct notify_connection *each = callees->all[i];
        notify_lock();
        bool closed = each->closed;
        notify_unlock();
        if (!closed && answer != CALLBACK_DISCONTINUE) {
            answer = call(each, count, notifications);
        }
        notify_lock();
        notify_call_over(each->set);
        struct notify_connection *dead = notify_connection_unref(each);
        notify_unlock();
        notify_connection_free(dead);
    }
    if (callees->all != callees->few) {
        free(callees->all);
    }
    return answer;
}

static void enqueue_all(struct notify_set *set, const void *key, size_t key_size, ULONG count,
                        const NOTIFICATION *notifications)
{
    for (struct notify_connection *each = set->connections; each; each = each->next) {
        if (each->sync || !has_key(each, key, key_size)) {
            continue;
        }
        for (ULONG i = 0; i < count; i++) {
            if (wants(each, notifications[i].ulEventType)) {
                enqueue(each, &notifications[i]);
            }
        }
    }
}

static HRESULT post(struct notify_set *only, const void *key, size_t key_size, ULONG count,
                    const NOTIFICATION *notifications, ULONG *flags)
{
    struct callees callees;
    if (flags) {
        *flags = 0;
    }
    for (ULONG i = 0; i < count; i++) {
        HRESULT hr = notify_check(&notifications[i]);
        if (hr != S_OK) {
            return hr;
        }
    }
    notify_lock();
    for (struct notify_set *set = first_of(only); set; set = next_of(only, set)) {
        enqueue_all(set, key, key_size, count, notifications);
    }
    HRESULT hr = collect(only, key, key_size, &callees);
    notify_unlock();
    if (call_all(&callees, count, notifications) == CALLBACK_DISCONTINUE && flags) {
        *flags = NOTIFY_CANCELED;
    }
    return hr;
}

HRESULT notify_set_post(struct notify_set *set, const void *key, size_t key_size, ULONG count,
                        const NOTIFICATION *notifications, ULONG *flags)
{
    return post(set, key, key_size, count, notifications, flags);
}

HRESULT notify_post_everywhere(const void *key, size_t key_size, ULONG count, const NOTIFICATION *notifications,
                               ULONG *flags)
{
    return post(NULL, key, key_size, count, notifications, flags);
}

void notify_set_post_session(struct notify_set *set, bool closed, uint64_t logoffs)
{
    NOTIFICATION both[2];
    ULONG number, count = 0;
    if (closed) {
        make_critical(&both[count++], MAPI_E_END_OF_SESSION);
    }
    if (logoffs > 0) {
        make_logoffs(&both[count++], logoffs, &number);
    }
    notify_lock();
    for (struct notify_connection *each = set->connections; each; each = each->next) {
        for (ULONG i = 0; i < count; i++) {
            if (each->key_size == 0 && wants(each, both[i].ulEventType)) {
                enqueue(each, &both[i]);
            }
        }
    }
    notify_unlock();
}
