#include "core/advise_sink.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>

#include "base/failure.h"
#include "core/bell.h"
#include "core/notify_queue.h"
#include "core/process.h"
#include "core/profile_watch.h"
#include "core/slot.h"
#include "core/stores_table.h"

struct sink {
    const IMAPIAdviseSinkVtbl *vtbl;
    atomic_uint refs;
    /* HrAllocAdviseSink */
    LPNOTIFCALLBACK callback;
    LPVOID context;
    /* advise_sink_wrap; `set` has one registration, on the port, for the wrapped sink, which is for those who call OnNotify
     * themselves */
    struct notify_set *set;
    struct notify_port *port;
    LPMAPIADVISESINK wrapped; /* lives as long as the registration */
};

static struct sink *of(IMAPIAdviseSink *This)
{
    return (struct sink *)(void *)This;
}

static ULONG STDMETHODCALLTYPE addref(IMAPIAdviseSink *This)
{
    return atomic_fetch_add(&of(This)->refs, 1) + 1;
}

static ULONG STDMETHODCALLTYPE release(IMAPIAdviseSink *This)
{
    struct sink *self = of(This);
    ULONG left = atomic_fetch_sub(&self->refs, 1) - 1;
    if (left == 0) {
        if (self->set) {
            notify_set_end(self->set);
            notify_set_unref(self->set);
            notify_port_unref(self->port);
            self->wrapped->lpVtbl->Release(self->wrapped);
        }
        free(self);
    }
    return left;
}

static HRESULT STDMETHODCALLTYPE query_interface(IMAPIAdviseSink *This, REFIID iid, void **out)
{
    if (!out) {
        return MAPI_E_INVALID_PARAMETER;
    }
    *out = NULL;
    if (!iid) {
        return MAPI_E_INVALID_PARAMETER;
    }
    if (memcmp(iid, &IID_IUnknown, sizeof *iid) != 0 && memcmp(iid, &IID_IMAPIAdviseSink, sizeof *iid) != 0) {
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    }
    addref(This);
    *out = This;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE call_back(IMAPIAdviseSink *This, ULONG count, LPNOTIFICATION notifications)
{
    return of(This)->callback(of(This)->context, count, notifications);
}

/* Whichever thread this is, the wrapped sink is called when its port is next dispatched. */
static ULONG STDMETHODCALLTYPE pass_on(IMAPIAdviseSink *This, ULONG count, LPNOTIFICATION notifications)
{
    notify_set_post(of(This)->set, NULL, 0, count, notifications, NULL);
    return S_OK;
}

static const IMAPIAdviseSinkVtbl callback_vtbl = {query_interface, addref, release, call_back};
static const IMAPIAdviseSinkVtbl port_vtbl = {query_interface, addref, release, pass_on};

static struct sink *make(const IMAPIAdviseSinkVtbl *vtbl)
{
    struct sink *self = calloc(1, sizeof *self);
    if (!self) {
        fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for an advise sink.");
        return NULL;
    }
    self->vtbl = vtbl;
    atomic_init(&self->refs, 1);
    return self;
}

HRESULT STDAPICALLTYPE HrAllocAdviseSink(LPNOTIFCALLBACK callback, LPVOID context, LPMAPIADVISESINK *out)
{
    if (!out) {
        return fail(MAPI_E_INVALID_PARAMETER, "HrAllocAdviseSink needs a place for the sink.");
    }
    *out = NULL;
    if (!callback) {
        return fail(MAPI_E_INVALID_PARAMETER, "HrAllocAdviseSink needs a function to call.");
    }
    struct sink *self = make(&callback_vtbl);
    if (!self) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    self->callback = callback;
    self->context = context;
    *out = (LPMAPIADVISESINK)(void *)self;
    return S_OK;
}

/* ---- wrappers ---- */

HRESULT advise_sink_wrap(struct notify_port *port, LPMAPIADVISESINK sink, LPMAPIADVISESINK *out)
{
    ULONG_PTR number;
    *out = NULL;
    struct notify_registration wrapped = {.mask = ~(ULONG)0, .port = port, .sink = sink};
    struct sink *self = make(&port_vtbl);
    if (!self) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    HRESULT hr = notify_set_create(&self->set);
    if (hr == S_OK) {
        self->port = notify_port_ref(port);
        self->wrapped = sink;
        sink->lpVtbl->AddRef(sink);
        hr = notify_set_add(self->set, &wrapped, &number);
    }
    if (hr != S_OK) {
        release((IMAPIAdviseSink *)(void *)self);
        return hr;
    }
    *out = (LPMAPIADVISESINK)(void *)self;
    return S_OK;
}

struct notify_port *advise_sink_unwrap(LPMAPIADVISESINK *sink)
{
    if ((*sink)->lpVtbl != &port_vtbl) {
        return NULL;
    }
    const struct sink *self = of(*sink);
    *sink = self->wrapped;
    return self->port;
}

/* ---- this thread ---- */

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool key_made;
static _Thread_local struct notify_port *thread_port; /* the key's value as well, whose destructor drops it */

static void end_thread(void *port)
{
    thread_port = NULL;
    notify_port_abandon(port);
    notify_port_unref(port);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, end_thread) == 0;
}

static HRESULT port_of_thread(struct notify_port **out)
{
    pthread_once(&key_once, make_key);
    *out = thread_port;
    if (*out) {
        return S_OK;
    }
    HRESULT hr = key_made ? notify_port_create(out) : MAPI_E_NOT_ENOUGH_RESOURCES;
    if (hr == S_OK && pthread_setspecific(key, *out) != 0) {
        notify_port_unref(*out);
        *out = NULL;
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    }
    thread_port = *out;
    return hr == S_OK ? hr : fail(hr, "This thread cannot be made to receive notifications.");
}

HRESULT STDAPICALLTYPE HrThisThreadAdviseSink(LPMAPIADVISESINK sink, LPMAPIADVISESINK *out)
{
    struct notify_port *port;
    if (!out) {
        return fail(MAPI_E_INVALID_PARAMETER, "HrThisThreadAdviseSink needs a place for the sink.");
    }
    *out = NULL;
    if (!sink) {
        return fail(MAPI_E_INVALID_PARAMETER, "HrThisThreadAdviseSink needs a sink to wrap.");
    }
    HRESULT hr = port_of_thread(&port);
    return hr == S_OK ? advise_sink_wrap(port, sink, out) : hr;
}

bool advise_sink_thread_has_work(void)
{
    return thread_port && notify_port_has_work(thread_port);
}

void advise_sink_pump_thread(void)
{
    if (advise_sink_thread_has_work()) {
        notify_port_dispatch(thread_port, 0, NULL);
    }
}

HRESULT STDAPICALLTYPE HrDispatchNotifications(ULONG flags)
{
    HRESULT hr = process_check();
    if (hr != S_OK) {
        return hr;
    }
    if (flags != 0) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "HrDispatchNotifications knows no flags, but was given 0x%08x.",
                    (unsigned)flags);
    }
    slot_pump();
    bell_pump();
    stores_table_look(profile_watch_pump());
    /* First what may be passed on to this thread, then that. */
    notify_port_dispatch(notify_port_of_process(), 0, NULL);
    advise_sink_pump_thread();
    return S_OK;
}
