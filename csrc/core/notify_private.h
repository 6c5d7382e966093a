/* What notify_port.c and notify_queue.c share. One lock for all of it: it is held for a few instructions at a time, is a leaf (nothing
 * else is ever waited for or called with it held), and a fork can take it. */
#ifndef CORE_NOTIFY_PRIVATE_H
#define CORE_NOTIFY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/notify_queue.h"

/* A notification that waits; what it points to follows it in the same block. */
struct notify_item {
    struct notify_item *next;
    size_t size;
    NOTIFICATION notification;
};

struct notify_connection {
    unsigned refs;            /* the set's, and one for each call under way */
    struct notify_set *set;   /* counted */
    struct notify_port *port; /* counted */
    LPMAPIADVISESINK sink;
    const void *owner;
    ULONG_PTR number;
    ULONG mask;
    bool critical_errors;
    bool sync;
    enum notify_overflow overflow;
    struct notify_connection *next; /* in the set */
    struct notify_connection *next_on_port;
    struct notify_connection *previous_on_port;
    struct notify_connection *next_ready;

    bool closed; /* nothing is queued any more */
    bool ready;  /* in the port's list */
    bool busy;   /* a dispatch is calling the sink */

    struct notify_item *first;
    struct notify_item *last;
    size_t count;
    size_t bytes;
    bool merged; /* the one notification that stands for those left out waits behind the others */
    uint64_t merged_logoffs;
    bool critical_lost; /* there was no memory for a critical error; it comes first */
    SCODE critical_scode;

    size_t key_size;
    unsigned char key[];
};

struct notify_set {
    atomic_uint refs;
    struct notify_set *next_set; /* all sets */
    struct notify_set *previous_set;
    bool ended;
    unsigned calls;                        /* under way in its sinks */
    struct notify_connection *connections; /* each with a reference */
};

struct notify_port {
    atomic_uint refs;
    bool abandoned;
    bool stoppable;           /* a sink that answers CALLBACK_DISCONTINUE ends a dispatch */
    struct notify_port *next; /* all ports */
    struct notify_port *previous;
    struct notify_connection *connections;
    struct notify_connection *ready_first; /* those with something to deliver and no call under way, in turn */
    struct notify_connection *ready_last;
    atomic_size_t ready_count;
    int epoll; /* -1: not asked for */
    int wake;  /* in the epoll; there while the port has connections */
    bool awake;
    bool woken; /* notify_port_wake */
};

void notify_lock(void);
void notify_unlock(void);

/* The end of a call: wakes notify_set_wait. Lock held. */
void notify_call_over(struct notify_set *set);

/* Lock held, all of them. */
HRESULT notify_port_attach(struct notify_port *port, struct notify_connection *connection);
void notify_port_detach(struct notify_connection *connection);
void notify_port_tell_end(struct notify_port *port); /* before a session ends one of its connections */
void notify_port_ready(
    struct notify_connection *connection); /* has something; puts it into the list if it belongs there */
bool notify_connection_has_work(const struct notify_connection *connection);
void notify_connection_drop(struct notify_connection *connection); /* what is queued */
/* Takes the next notification: *item is to be freed, *notification points into it, or to *made. */
void notify_connection_take(struct notify_connection *connection, struct notify_item **item, NOTIFICATION *made,
                            ULONG *count, NOTIFICATION **notification);
/* Drops a reference; the connection to be freed with notify_connection_free after unlocking, or NULL. */
struct notify_connection *notify_connection_unref(struct notify_connection *connection);
void notify_connection_free(struct notify_connection *connection); /* without the lock; NULL is allowed */

/* Sinks of this thread's calls under way. */
extern _Thread_local unsigned notify_depth;

/* Registers the fork hooks; S_OK or MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT notify_prepare(void);

#endif
