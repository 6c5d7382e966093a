/* Where queued notifications wait for somebody to deliver them.
 *
 * Every registration (notify_queue.h) belongs to a port, and whoever dispatches a port calls the sinks of its registrations, on his
 * own thread, without any lock held. There is one port for the process, which HrDispatchNotifications dispatches; one for each
 * thread that called HrThisThreadAdviseSink (N8); and one for each Lua state. Nothing is ever delivered by itself: no thread of
 * ours runs (N1).
 */
#ifndef CORE_NOTIFY_PORT_H
#define CORE_NOTIFY_PORT_H

#include <stdbool.h>

#include <mapidefs.h>

struct notify_port;

/* A new port, counted. MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT notify_port_create(struct notify_port **out);
struct notify_port *notify_port_ref(struct notify_port *port);
void notify_port_unref(struct notify_port *port);

/* For a port that nobody uses yet: a sink of it that answers CALLBACK_DISCONTINUE ends the dispatch. What waits goes on waiting. */
void notify_port_make_stoppable(struct notify_port *port);

/* The process's port; needs no reference. */
struct notify_port *notify_port_of_process(void);

/* Nobody will dispatch the port again: what waits is dropped, and so is what would come. */
void notify_port_abandon(struct notify_port *port);

/* Calls the sinks, one notification a call and each sink's in their order; at most `max` of them, 0: as many as there are now.
 * *delivered (may be NULL): how many. Within a sink that a dispatch has called it delivers nothing. Threads that dispatch the same
 * port share the work; a sink is never called by two at once. */
void notify_port_dispatch(struct notify_port *port, ULONG max, ULONG *delivered);

/* Has the port's descriptor polled readable, and its waits ended, until it is called with false: something waits that is no
 * notification. */
void notify_port_wake(struct notify_port *port, bool woken);

/* Whether something waits that a dispatch now would deliver. */
bool notify_port_has_work(struct notify_port *port);

/* A descriptor that polls readable while something waits, or a doorbell has been rung (then slot_pump and a dispatch find out
 * whether there is something). The same one for the life of the port, to which it belongs; made at the first call, and also valid
 * in a forked child, for the child's own events. MAPI_E_NO_SUPPORT where the system has no epoll; MAPI_E_NOT_ENOUGH_RESOURCES. */
HRESULT notify_port_descriptor(struct notify_port *port, int *descriptor);

/* Waits until that descriptor is readable, at most `ms` milliseconds, negative: without end; a signal ends it as well, and then
 * *signalled (may be NULL) is true. */
HRESULT notify_port_wait(struct notify_port *port, int ms, bool *signalled);

/* Descriptors (doorbells) that every port's descriptor is to watch. MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_NOT_ENOUGH_RESOURCES, and then
 * no port watches it. */
HRESULT notify_watch(int descriptor);
void notify_unwatch(int descriptor);

#endif
