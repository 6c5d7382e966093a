/* core/advise_sink.h: sinks from callbacks, sinks of one thread, HrDispatchNotifications. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapix.h>
#include <mapiguid.h>

#include "core/advise_sink.h"
#include "core/notify_queue.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/recording_sink.h"

static struct notify_set *set;

static int setup(void **state)
{
    (void)state;
    return notify_set_create(&set) == S_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    notify_set_end(set);
    notify_set_wait(set);
    notify_set_unref(set);
    return notify_port_has_work(notify_port_of_process()) ? -1 : 0;
}

static void post(ULONG number)
{
    NOTIFICATION one = {.ulEventType = fnevObjectCreated};
    one.info.obj.ulObjType = number;
    assert_int_equal(notify_set_post(set, NULL, 0, 1, &one, NULL), S_OK);
}

static ULONG STDAPICALLTYPE count_them(LPVOID context, ULONG count, LPNOTIFICATION notifications)
{
    assert_int_equal(notifications->ulEventType, fnevObjectCreated);
    *(ULONG *)context += count;
    return S_OK;
}

static void a_callback_becomes_a_sink(void **state)
{
    IMAPIAdviseSink *sink;
    IUnknown *unknown;
    ULONG count = 0;
    ULONG_PTR number;
    (void)state;
    assert_int_equal(HrAllocAdviseSink(NULL, NULL, &sink), MAPI_E_INVALID_PARAMETER);
    assert_null(sink);
    assert_int_equal(HrAllocAdviseSink(count_them, NULL, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(HrAllocAdviseSink(count_them, &count, &sink), S_OK);
    assert_int_equal(sink->lpVtbl->QueryInterface(sink, &IID_IUnknown, (void **)&unknown), S_OK);
    assert_int_equal(unknown->lpVtbl->Release(unknown), 1);
    assert_int_equal(sink->lpVtbl->QueryInterface(sink, &IID_IMAPISession, (void **)&unknown),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_null(unknown);
    struct notify_registration registration = {.mask = fnevObjectCreated, .sink = sink};
    assert_int_equal(notify_set_add(set, &registration, &number), S_OK);
    assert_int_equal(sink->lpVtbl->Release(sink), 1);
    post(1);
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_int_equal(count, 1);
}

static void N9_dispatching_knows_no_flags(void **state)
{
    (void)state;
    assert_int_equal(HrDispatchNotifications(1), MAPI_E_UNKNOWN_FLAGS);
}

static void *dispatch_elsewhere(void *context)
{
    (void)context;
    HrDispatchNotifications(0);
    advise_sink_pump_thread();
    return NULL;
}

static void on_another_thread(void *(*function)(void *), void *context)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, function, context), 0);
    pthread_join(thread, NULL);
}

static void N8_wrapped_sinks_are_called_on_their_thread(void **state)
{
    static struct record a;
    IMAPIAdviseSink *plain = make_sink(&a), *wrapped;
    ULONG_PTR number;
    (void)state;
    assert_int_equal(HrThisThreadAdviseSink(NULL, &wrapped), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(HrThisThreadAdviseSink(plain, &wrapped), S_OK);
    plain->lpVtbl->Release(plain);
    struct notify_registration registration = {.mask = fnevObjectCreated, .sink = wrapped};
    assert_int_equal(notify_set_add(set, &registration, &number), S_OK);
    wrapped->lpVtbl->Release(wrapped);
    post(1);
    on_another_thread(dispatch_elsewhere, NULL);
    assert_int_equal(a.calls, 0);
    advise_sink_pump_thread(); /* a MAPI call begins */
    assert_int_equal(a.calls, 1);
    assert_true(pthread_equal(a.thread, pthread_self()));
    post(2);
    assert_int_equal(HrDispatchNotifications(0), S_OK); /* both steps at once */
    assert_int_equal(a.calls, 2);
    post(3);
    notify_set_remove(set, number);
    assert_int_equal(a.freed, 1);
}

static void *wrap_here(void *context)
{
    IMAPIAdviseSink **sinks = context;
    return HrThisThreadAdviseSink(sinks[0], &sinks[1]) == S_OK ? NULL : context;
}

static void a_thread_that_has_ended_receives_nothing(void **state)
{
    static struct record a;
    IMAPIAdviseSink *sinks[2] = {make_sink(&a), NULL};
    NOTIFICATION one = {.ulEventType = fnevObjectCreated};
    (void)state;
    on_another_thread(wrap_here, sinks);
    assert_int_equal(sinks[1]->lpVtbl->OnNotify(sinks[1], 1, &one), S_OK);
    sinks[0]->lpVtbl->Release(sinks[0]);
    sinks[1]->lpVtbl->Release(sinks[1]);
    assert_int_equal(a.calls, 0);
    assert_int_equal(a.freed, 1);
}

static ULONG STDAPICALLTYPE count_never(LPVOID context, ULONG count, LPNOTIFICATION notifications)
{
    (void)context, (void)count, (void)notifications;
    abort();
}

static HRESULT register_all(void *context)
{
    struct notify_set *own;
    struct notify_port *port = NULL;
    IMAPIAdviseSink *callback = NULL, *wrapped = NULL;
    ULONG_PTR number;
    (void)context;
    HRESULT hr = notify_set_create(&own);
    if (hr != S_OK)
        return hr;
    hr = notify_port_create(&port);
    if (hr == S_OK) {
        hr = HrAllocAdviseSink(count_never, NULL, &callback);
        if (hr == S_OK)
            hr = HrThisThreadAdviseSink(callback, &wrapped);
        if (hr == S_OK) {
            struct notify_registration registration = {
                .key = "key", .key_size = 3, .mask = 4, .sink = wrapped, .port = port};
            hr = notify_set_add(own, &registration, &number);
        }
    }
    notify_set_end(own);
    notify_set_unref(own);
    if (wrapped)
        wrapped->lpVtbl->Release(wrapped);
    if (callback)
        callback->lpVtbl->Release(callback);
    notify_port_unref(port);
    return hr;
}

static void failing_memory_when_registering(void **state)
{
    (void)state;
    fault_sweep(register_all, NULL);
}

#define WITH_SET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SET(a_callback_becomes_a_sink),
        WITH_SET(N9_dispatching_knows_no_flags),
        WITH_SET(N8_wrapped_sinks_are_called_on_their_thread),
        WITH_SET(a_thread_that_has_ended_receives_nothing),
        WITH_SET(failing_memory_when_registering),
    };
    return cmocka_run_group_tests(tests, mapi_setup, mapi_teardown);
}
