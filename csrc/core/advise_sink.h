/* HrAllocAdviseSink, HrThisThreadAdviseSink and HrDispatchNotifications (mapiutil.h), and what they have to do with this thread. */
#ifndef CORE_ADVISE_SINK_H
#define CORE_ADVISE_SINK_H

#include <stdbool.h>

#include <mapiutil.h>

#include "core/notify_port.h"

/* A sink whose OnNotify reaches `sink` only where `port` is dispatched; registered with us, it is not even called (advise_sink_unwrap).
 * With one reference. MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_NOT_ENOUGH_RESOURCES. */
HRESULT advise_sink_wrap(struct notify_port *port, LPMAPIADVISESINK sink, LPMAPIADVISESINK *out);

/* The port of a sink that advise_sink_wrap has made, and what it wraps in place of *sink; NULL for other sinks. The wrapper keeps
 * both alive. */
struct notify_port *advise_sink_unwrap(LPMAPIADVISESINK *sink);

/* Delivers what waits for sinks that were wrapped on this thread; for the beginning of MAPI calls, with no lock held (N8). Costs a
 * load where there is nothing. */
void advise_sink_pump_thread(void);

/* Whether there is any of that. */
bool advise_sink_thread_has_work(void);

#endif
