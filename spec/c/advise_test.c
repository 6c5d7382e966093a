/* IMAPISession::Advise and Unadvise: imapisession-advise.md, imapisession-unadvise.md; 06 N1 to N8, L10, L20; and the ports of
 * mapisub.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include <mapicode.h>
#include <mapiutil.h>

#include "support/fake_store.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/recording_sink.h"

static IMAPISession *session; /* on the profile "a" with one fake store */
static ULONG store_size;
static LPENTRYID store_id;

static int setup(void **state)
{
    int result = mapi_setup(state);
    if (result == 0) {
        create_profile_with("a", FAKE_SERVICE);
        session = log_on("a");
        first_store(session, &store_size, &store_id);
    }
    return result;
}

static int teardown(void **state)
{
    if (session)
        log_off(session);
    session = NULL;
    MAPIFreeBuffer(store_id);
    return mapi_teardown(state);
}

static HRESULT try_advise(IMAPISession *to, ULONG size, LPENTRYID id, ULONG mask, IMAPIAdviseSink *sink,
                          ULONG_PTR *connection)
{
    *connection = 99;
    HRESULT hr = to->lpVtbl->Advise(to, size, id, mask, sink, connection);
    if (hr != S_OK) {
        assert_int_equal(*connection, 0);
        assert_non_null(MapiErrorDetail(hr));
    } else {
        assert_int_not_equal(*connection, 0);
    }
    return hr;
}

static ULONG_PTR advise(IMAPISession *to, ULONG mask, struct record *record)
{
    ULONG_PTR connection;
    IMAPIAdviseSink *sink = make_sink(record);
    assert_int_equal(try_advise(to, 0, NULL, mask, sink, &connection), S_OK);
    release(sink);
    return connection;
}

static HRESULT unadvise(IMAPISession *from, ULONG_PTR connection)
{
    return from->lpVtbl->Unadvise(from, connection);
}

static void dispatch(void)
{
    assert_int_equal(HrDispatchNotifications(0), S_OK);
}

/* ---- arguments ---- */

static void arguments_are_checked_first(void **state)
{
    (void)state;
    static struct record record; /* until the sinks are released */
    ULONG_PTR connection;
    BYTE bytes[24] = {0};
    MAPIUID nobody = {{1, 2, 3}};
    IMAPIAdviseSink *sink = make_sink(&record);
    assert_int_equal(session->lpVtbl->Advise(session, 0, NULL, 0, sink, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(session, 0, NULL, fnevExtended, NULL, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(session, 0, NULL, fnevStatusObjectModified, sink, &connection),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(session, 0, NULL, fnevReservedForMapi, sink, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(session, 4, NULL, fnevExtended, sink, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(session, 0, (LPENTRYID)(void *)bytes, fnevExtended, sink, &connection),
                     MAPI_E_INVALID_ENTRYID);
    assert_int_equal(try_advise(session, 8, (LPENTRYID)(void *)bytes, fnevExtended, sink, &connection),
                     MAPI_E_INVALID_ENTRYID);
    fake_object_entryid(&nobody, bytes);
    assert_int_equal(try_advise(session, sizeof bytes, (LPENTRYID)(void *)bytes, fnevExtended, sink, &connection),
                     MAPI_E_UNKNOWN_ENTRYID);
    ULONG size = 0;
    LPENTRYID strange = NULL;
    fake_store_entryid(&nobody, &size, &strange);
    assert_int_equal(try_advise(session, size, strange, fnevExtended, sink, &connection), MAPI_E_UNKNOWN_ENTRYID);
    MAPIFreeBuffer(strange);
    assert_int_equal(unadvise(session, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(unadvise(session, 12345), MAPI_E_NOT_FOUND);
    assert_int_equal(sink->lpVtbl->Release(sink), 0); /* nobody kept it */
    assert_int_equal(live("store"), 0);
}

static void a_sink_is_kept_until_Unadvise(void **state)
{
    (void)state;
    static struct record a, b; /* until the sinks are released */
    ULONG_PTR first = advise(session, 0, &a), second = advise(session, fnevExtended, &b);
    assert_int_not_equal(first, second);
    assert_int_equal(a.freed, 0);
    IMAPISession *other = log_on("a");
    assert_int_equal(unadvise(other, first), MAPI_E_NOT_FOUND); /* somebody else's */
    log_off(other);
    assert_int_equal(unadvise(session, first), S_OK);
    assert_int_equal(a.freed, 1);
    assert_int_equal(unadvise(session, first), MAPI_E_NOT_FOUND);
    assert_int_equal(b.freed, 0); /* the logoff drops it */
    log_off(session);
    session = NULL;
    assert_int_equal(b.freed, 1);
}

static void after_the_logoff_there_is_nothing_to_register_with(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    ULONG_PTR connection;
    IMAPIAdviseSink *sink = make_sink(&a);
    assert_int_equal(session->lpVtbl->Logoff(session, 0, 0, 0), S_OK);
    assert_int_equal(try_advise(session, 0, NULL, fnevExtended, sink, &connection), MAPI_E_INVALID_OBJECT);
    assert_int_equal(unadvise(session, 1), MAPI_E_INVALID_OBJECT);
    release(sink);
    release(session);
    session = NULL;
}

/* ---- what a shared session tells ---- */

static IMAPISession *log_on_shared(void)
{
    IMAPISession *shared = NULL;
    assert_int_equal(try_log_on("a", MAPI_ALLOW_OTHERS | MAPI_EXTENDED, &shared), S_OK);
    return shared;
}

static void N6_critical_errors_come_whatever_the_mask(void **state)
{
    (void)state;
    static struct record a, b, own; /* until the sinks are released */
    IMAPISession *first = log_on_shared(), *second = log_on_shared(), *third = log_on_shared();
    advise(first, 0, &a);
    advise(second, fnevExtended, &b);
    advise(third, fnevExtended, &own);
    assert_int_equal(third->lpVtbl->Logoff(third, 0, MAPI_LOGOFF_SHARED, 0), S_OK);
    assert_int_equal(a.calls, 0); /* not before somebody dispatches (N1) */
    dispatch();
    dispatch();
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.events[0], fnevCriticalError);
    assert_int_equal(a.numbers[0], (ULONG)MAPI_E_END_OF_SESSION); /* N7 */
    assert_int_equal(b.calls, 2);
    assert_int_equal(b.events[1], fnevExtended);
    assert_int_equal(b.numbers[1], MAPI_EVENT_SESSION_LOGOFF);
    assert_int_equal(b.logoffs, 1);
    assert_int_equal(own.calls, 0); /* L10 */
    /* Pending, it can still be registered with (N4). */
    static struct record late; /* until the sinks are released */
    advise(first, fnevExtended, &late);
    release(third);
    log_off(second);
    dispatch();
    assert_int_equal(late.calls, 1);
    assert_int_equal(late.events[0], fnevExtended);
    log_off(first);
}

static void L7_a_plain_logoff_is_an_extended_event(void **state)
{
    (void)state;
    static struct record a, private; /* until the sinks are released */
    IMAPISession *first = log_on_shared(), *second = log_on_shared();
    advise(first, fnevExtended, &a);
    advise(session, fnevExtended, &private);
    log_off(second);
    dispatch();
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.events[0], fnevExtended);
    assert_int_equal(private.calls, 0);
    log_off(first);
}

static IMAPISession *mine; /* of the sink below */

static void log_off_in_it(struct record *record)
{
    record->then = NULL;
    assert_int_equal(mine->lpVtbl->Logoff(mine, 0, 0, 0), S_OK);
    release(mine);
}

static void L20_a_sink_that_logs_off_its_session(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    mine = log_on_shared();
    IMAPISession *second = log_on_shared();
    advise(mine, 0, &a);
    a.then = log_off_in_it;
    assert_int_equal(second->lpVtbl->Logoff(second, 0, MAPI_LOGOFF_SHARED, 0), S_OK);
    dispatch();
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.freed, 1);
    release(second);
}

static ULONG_PTR own_connection;

static void unadvise_in_it(struct record *record)
{
    (void)record;
    assert_int_equal(unadvise(mine, own_connection), S_OK);
}

static void N2_a_sink_that_unadvises_itself(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    mine = log_on_shared();
    IMAPISession *second = log_on_shared(), *third = log_on_shared();
    own_connection = advise(mine, fnevExtended, &a);
    a.then = unadvise_in_it;
    log_off(second);
    dispatch();
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.freed, 1); /* after its call had returned */
    log_off(third);
    dispatch();
    assert_int_equal(a.calls, 1);
    log_off(mine);
}

static void N5_nothing_comes_after_the_own_logoff(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    IMAPISession *first = log_on_shared(), *second = log_on_shared();
    advise(first, fnevExtended, &a);
    log_off(second);
    log_off(first);
    dispatch();
    assert_int_equal(a.calls, 0);
    assert_int_equal(a.freed, 1);
}

static struct record opened_by;

static void open_in_it(struct record *record)
{
    IMAPITable *table = NULL;
    (void)record;
    assert_int_equal(mine->lpVtbl->GetMsgStoresTable(mine, 0, &table), S_OK);
    release(table);
    opened_by.calls++;
}

static void a_sink_that_opens_things(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    mine = log_on_shared();
    IMAPISession *second = log_on_shared();
    advise(mine, fnevExtended, &a);
    a.then = open_in_it;
    opened_by.calls = 0;
    log_off(second);
    dispatch();
    assert_int_equal(opened_by.calls, 1);
    log_off(mine);
}

/* ---- threads ---- */

static void N8_a_threads_sink_is_called_at_its_next_MAPI_call(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    ULONG_PTR connection;
    IMAPISession *first = log_on_shared(), *second = log_on_shared();
    IMAPIAdviseSink *sink = make_sink(&a), *wrapped = NULL;
    assert_int_equal(HrThisThreadAdviseSink(sink, &wrapped), S_OK);
    assert_int_equal(try_advise(first, 0, NULL, fnevExtended, wrapped, &connection), S_OK);
    release(sink);
    release(wrapped);
    log_off(second);
    IMapiSessionInfo *info = NULL; /* has the news delivered without a dispatch of the process's port */
    assert_int_equal(first->lpVtbl->QueryInterface(first, &IID_IMapiSessionInfo, (void **)&info), S_OK);
    LPMAPINOTIFYPORT port = NULL;
    assert_int_equal(MapiNotifyPortCreate(&port), S_OK);
    assert_int_equal(MapiNotifyPortDispatch(port, 0, NULL), S_OK); /* somebody else's: looks, and queues */
    assert_int_equal(a.calls, 0);
    assert_int_equal(unadvise(session, 12345), MAPI_E_NOT_FOUND);
    assert_int_equal(a.calls, 1);
    assert_true(pthread_equal(a.thread, pthread_self()));
    MapiNotifyPortRelease(port);
    release(info);
    log_off(first);
}

/* ---- ports ---- */

static void a_port_has_its_sinks_called_and_no_others(void **state)
{
    (void)state;
    static struct record a, b, plain; /* until the sinks are released */
    LPMAPINOTIFYPORT ports[2] = {NULL, NULL};
    IMAPIAdviseSink *sinks[2] = {make_sink(&a), make_sink(&b)}, *wrapped[2];
    IMAPISession *first = log_on_shared(), *second = log_on_shared();
    ULONG_PTR connection;
    ULONG delivered = 9;
    int fds[2];
    assert_int_equal(MapiNotifyPortCreate(NULL), MAPI_E_INVALID_PARAMETER);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(MapiNotifyPortCreate(&ports[i]), S_OK);
        assert_int_equal(MapiNotifyPortDescriptor(ports[i], &fds[i]), S_OK);
        assert_int_equal(MapiNotifyPortWrap(ports[i], sinks[i], &wrapped[i]), S_OK);
        assert_int_equal(try_advise(first, 0, NULL, fnevExtended, wrapped[i], &connection), S_OK);
        release(sinks[i]);
        release(wrapped[i]);
    }
    assert_int_not_equal(fds[0], fds[1]);
    wrapped[0] = (IMAPIAdviseSink *)(uintptr_t)1;
    assert_int_equal(MapiNotifyPortWrap(ports[0], NULL, &wrapped[0]), MAPI_E_INVALID_PARAMETER);
    assert_null(wrapped[0]);
    assert_int_equal(MapiNotifyPortDispatch(NULL, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MapiNotifyPortDescriptor(NULL, &fds[0]), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MapiNotifyPortWait(NULL, 0, NULL), MAPI_E_INVALID_PARAMETER);
    advise(first, fnevExtended, &plain);
    log_off(second);
    assert_int_equal(MapiNotifyPortDispatch(ports[0], 0, &delivered), S_OK);
    assert_int_equal(delivered, 1);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls + plain.calls, 0);
    assert_int_equal(MapiNotifyPortWait(ports[1], -1, NULL), S_OK); /* the other has something */
    MapiNotifyPortRelease(ports[1]);                                /* which is dropped */
    dispatch();
    assert_int_equal(plain.calls, 1);
    assert_int_equal(b.calls, 0);
    MapiNotifyPortRelease(ports[0]);
    MapiNotifyPortRelease(NULL);
    log_off(first);
    assert_int_equal(a.freed + b.freed, 2);
}

static void a_sink_of_a_port_can_end_the_dispatch(void **state)
{
    (void)state;
    static struct record a, b; /* until the sinks are released */
    LPMAPINOTIFYPORT port = NULL;
    IMAPISession *first = log_on_shared(), *second = log_on_shared();
    ULONG_PTR connection;
    ULONG delivered = 0;
    assert_int_equal(MapiNotifyPortCreate(&port), S_OK);
    struct record *records[2] = {&a, &b};
    for (int i = 0; i < 2; i++) {
        IMAPIAdviseSink *sink = make_sink(records[i]), *wrapped;
        records[i]->answer = CALLBACK_DISCONTINUE;
        assert_int_equal(MapiNotifyPortWrap(port, sink, &wrapped), S_OK);
        assert_int_equal(try_advise(first, 0, NULL, fnevExtended, wrapped, &connection), S_OK);
        release(sink);
        release(wrapped);
    }
    log_off(second);
    assert_int_equal(MapiNotifyPortDispatch(port, 0, &delivered), S_OK);
    assert_int_equal(delivered, 1);
    assert_int_equal(a.calls + b.calls, 1);
    assert_int_equal(MapiNotifyPortDispatch(port, 0, &delivered), S_OK);
    assert_int_equal(delivered, 1);
    assert_int_equal(a.calls + b.calls, 2);
    log_off(first);
    MapiNotifyPortRelease(port);
}

/* ---- providers ---- */

static void an_entry_identifier_is_its_providers_business(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    ULONG_PTR connections[2];
    IMsgStore *store = NULL;
    IMAPIAdviseSink *sink = make_sink(&a);
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, store_size, store_id, NULL, 0, &store), S_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(try_advise(session, store_size, store_id, fnevNewMail, sink, &connections[i]), S_OK);
    assert_int_equal(fake_log.advised, 2);
    assert_int_equal(fake_log.advised_mask, fnevNewMail);
    assert_int_not_equal(connections[0], connections[1]); /* though the provider says 1 both times */
    assert_int_equal(unadvise(session, connections[1]), S_OK);
    assert_int_equal(fake_log.unadvised, 1);
    assert_int_equal(fake_log.unadvised_number, 1);
    assert_int_equal(unadvise(session, connections[1]), MAPI_E_NOT_FOUND);
    fake_plan.advise = MAPI_E_NO_SUPPORT;
    assert_int_equal(session->lpVtbl->Advise(session, store_size, store_id, fnevNewMail, sink, &connections[1]),
                     MAPI_E_NO_SUPPORT);
    assert_int_equal(connections[1], 0);
    /* The store goes, and with it the registration; its number does not. */
    release(store);
    assert_int_equal(unadvise(session, connections[0]), S_OK);
    assert_int_equal(fake_log.unadvised, 1);
    release(sink);
}

/* ---- faults ---- */

static HRESULT advise_both(void *context)
{
    ULONG_PTR connections[2];
    HRESULT hr = session->lpVtbl->Advise(session, 0, NULL, fnevExtended, context, &connections[0]);
    if (FAILED(hr))
        return hr;
    hr = session->lpVtbl->Advise(session, store_size, store_id, fnevNewMail, context, &connections[1]);
    if (SUCCEEDED(hr))
        unadvise(session, connections[1]);
    unadvise(session, connections[0]);
    return hr;
}

static void memory_that_runs_out(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    IMsgStore *store = NULL;
    IMAPIAdviseSink *sink = make_sink(&a);
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, store_size, store_id, NULL, 0, &store), S_OK);
    fault_sweep(advise_both, sink);
    assert_int_equal(fake_log.advised, fake_log.unadvised);
    release(store);
    assert_int_equal(sink->lpVtbl->Release(sink), 0);
}

static HRESULT make_and_wrap(void *context)
{
    LPMAPINOTIFYPORT port = NULL;
    IMAPIAdviseSink *wrapped = NULL;
    int fd;
    HRESULT hr = MapiNotifyPortCreate(&port);
    if (SUCCEEDED(hr))
        hr = MapiNotifyPortDescriptor(port, &fd);
    if (SUCCEEDED(hr))
        hr = MapiNotifyPortWrap(port, context, &wrapped);
    if (wrapped)
        release(wrapped);
    MapiNotifyPortRelease(port);
    return hr;
}

static void memory_that_runs_out_for_ports(void **state)
{
    (void)state;
    static struct record a; /* until the sinks are released */
    IMAPIAdviseSink *sink = make_sink(&a);
    fault_sweep(make_and_wrap, sink);
    assert_int_equal(sink->lpVtbl->Release(sink), 0);
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HERE(arguments_are_checked_first),
        HERE(a_sink_is_kept_until_Unadvise),
        HERE(after_the_logoff_there_is_nothing_to_register_with),
        HERE(N6_critical_errors_come_whatever_the_mask),
        HERE(L7_a_plain_logoff_is_an_extended_event),
        HERE(L20_a_sink_that_logs_off_its_session),
        HERE(N2_a_sink_that_unadvises_itself),
        HERE(N5_nothing_comes_after_the_own_logoff),
        HERE(a_sink_that_opens_things),
        HERE(N8_a_threads_sink_is_called_at_its_next_MAPI_call),
        HERE(a_port_has_its_sinks_called_and_no_others),
        HERE(a_sink_of_a_port_can_end_the_dispatch),
        HERE(an_entry_identifier_is_its_providers_business),
        HERE(memory_that_runs_out),
        HERE(memory_that_runs_out_for_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
