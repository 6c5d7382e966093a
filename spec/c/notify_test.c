/* core/notify_queue.h, core/notify_port.h: registrations, queues and who delivers. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapix.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "core/advise_sink.h"
#include "core/notify_copy.h"
#include "core/notify_queue.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/recording_sink.h"

/* ---- fixtures ---- */

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

/* Registers a sink, whose only references are then the set's. */
static ULONG_PTR advise_at(struct record *record, ULONG mask, struct notify_port *port, enum notify_overflow overflow)
{
    ULONG_PTR number = 0;
    IMAPIAdviseSink *sink = make_sink(record);
    struct notify_registration registration = {.mask = mask,
                                               .sink = sink,
                                               .port = port,
                                               .overflow = overflow,
                                               .critical_errors = overflow == NOTIFY_COUNTS_LOGOFFS};
    assert_int_equal(notify_set_add(set, &registration, &number), S_OK);
    sink->lpVtbl->Release(sink);
    assert_true(number != 0);
    return number;
}

static ULONG_PTR advise(struct record *record, ULONG mask)
{
    return advise_at(record, mask, NULL, NOTIFY_SAYS_RELOAD);
}

static HRESULT post(ULONG event, ULONG number)
{
    NOTIFICATION one = {.ulEventType = event};
    if (event == fnevExtended)
        one.info.ext.ulEvent = number;
    else if (event == fnevCriticalError)
        one.info.err.scode = (SCODE)number;
    else if (event == fnevTableModified)
        one.info.tab.ulTableEvent = number;
    else
        one.info.obj.ulObjType = number;
    return notify_set_post(set, NULL, 0, 1, &one, NULL);
}

static ULONG dispatch(void)
{
    ULONG delivered;
    notify_port_dispatch(notify_port_of_process(), 0, &delivered);
    return delivered;
}

/* ---- copies ---- */

static NOTIFICATION deep_object(void)
{
    static ENTRYID id;
    static SizedSPropTagArray(2, tags) = {2, {PR_SUBJECT_W, PR_BODY_W}};
    NOTIFICATION one = {.ulEventType = fnevObjectMoved};
    one.info.obj =
        (OBJECT_NOTIFICATION){sizeof id, &id, 5, sizeof id, &id, 0, NULL, sizeof id, &id, (LPSPropTagArray)&tags};
    return one;
}

static void copies_are_deep(void **state)
{
    static WCHAR text[] = u"IPM.Note";
    static char narrow[] = "IPM.Note";
    static ENTRYID id;
    static BYTE bytes[3] = {1, 2, 3};
    static SPropValue row[2];
    static MAPIERROR error = {0, (LPTSTR)text, NULL, 3, 4};
    (void)state;
    row[0].ulPropTag = PR_SUBJECT_W;
    row[0].Value.lpszW = text;
    row[1].ulPropTag = PR_ENTRYID;
    row[1].Value.bin = (SBinary){3, bytes};
    NOTIFICATION all[8] = {{.ulEventType = fnevNewMail},       {.ulEventType = fnevNewMail},
                           {.ulEventType = fnevTableModified}, {.ulEventType = fnevCriticalError},
                           {.ulEventType = fnevExtended},      {.ulEventType = fnevTableModified}};
    all[0].info.newmail = (NEWMAIL_NOTIFICATION){sizeof id, &id, 0, NULL, MAPI_UNICODE, (LPTSTR)text, 1};
    all[1].info.newmail = (NEWMAIL_NOTIFICATION){0, NULL, sizeof id, &id, 0, (LPTSTR)narrow, 1};
    all[2].info.tab =
        (TABLE_NOTIFICATION){TABLE_ROW_ADDED, S_OK, row[1], {.ulPropTag = PROP_TAG(PT_NULL, 0)}, {0, 2, row}, 0};
    all[3].info.err = (ERROR_NOTIFICATION){sizeof id, &id, MAPI_E_CALL_FAILED, MAPI_UNICODE, &error};
    all[4].info.ext = (EXTENDED_NOTIFICATION){9, 3, bytes};
    all[5].info.tab = (TABLE_NOTIFICATION){.ulTableEvent = TABLE_CHANGED};
    all[6] = deep_object();
    all[7] = (NOTIFICATION){.ulEventType = fnevSearchComplete};
    for (int i = 0; i < 8; i++) {
        bool fits;
        NOTIFICATION copy;
        assert_int_equal(notify_check(&all[i]), S_OK);
        size_t size = notify_extra_size(&all[i], &fits);
        assert_true(fits);
        void *extra = malloc(size + 1); /* a sanitizer sees what goes beyond */
        notify_copy(&all[i], &copy, extra);
        assert_int_equal(copy.ulEventType, all[i].ulEventType);
        if (i == 0) {
            assert_ptr_not_equal(copy.info.newmail.lpszMessageClass, text);
            assert_memory_equal(copy.info.newmail.lpszMessageClass, text, sizeof text);
        } else if (i == 1) {
            assert_string_equal((char *)copy.info.newmail.lpszMessageClass, narrow);
            assert_ptr_not_equal(copy.info.newmail.lpParentID, &id);
        } else if (i == 2) {
            assert_ptr_not_equal(copy.info.tab.propIndex.Value.bin.lpb, bytes);
            assert_memory_equal(copy.info.tab.propIndex.Value.bin.lpb, bytes, 3);
            assert_memory_equal(copy.info.tab.row.lpProps[0].Value.lpszW, text, sizeof text);
        } else if (i == 3) {
            assert_memory_equal(copy.info.err.lpMAPIError->lpszError, text, sizeof text);
            assert_int_equal(copy.info.err.lpMAPIError->ulLowLevelError, 3);
        } else if (i == 4) {
            assert_memory_equal(copy.info.ext.pbEventParameters, bytes, 3);
        } else if (i == 6) {
            assert_int_equal(copy.info.obj.lpPropTagArray->aulPropTag[1], PR_BODY_W);
            assert_null(copy.info.obj.lpOldID);
        }
        free(extra);
    }
}

static void what_points_nowhere_is_refused(void **state)
{
    SPropValue bad = {.ulPropTag = PR_SUBJECT_W};
    (void)state;
    NOTIFICATION one = {.ulEventType = fnevExtended};
    one.info.ext.cb = 1;
    assert_int_equal(notify_check(&one), MAPI_E_INVALID_PARAMETER);
    one = (NOTIFICATION){.ulEventType = fnevObjectCreated};
    one.info.obj.cbOldID = 1;
    assert_int_equal(notify_check(&one), MAPI_E_INVALID_PARAMETER);
    one = (NOTIFICATION){.ulEventType = fnevTableModified};
    one.info.tab.row = (SRow){0, 1, &bad};
    assert_int_equal(notify_check(&one), MAPI_E_INVALID_PARAMETER);
    one = (NOTIFICATION){.ulEventType = fnevStatusObjectModified};
    assert_int_equal(notify_check(&one), MAPI_E_INVALID_PARAMETER);
    one = (NOTIFICATION){.ulEventType = fnevNewMail | fnevObjectCreated};
    assert_int_equal(notify_set_post(set, NULL, 0, 1, &one, NULL), MAPI_E_INVALID_PARAMETER);
}

/* ---- queues ---- */

static void N1_nothing_comes_before_a_dispatch(void **state)
{
    static struct record a, b;
    (void)state;
    advise(&a, fnevObjectCreated | fnevObjectDeleted);
    advise(&b, fnevObjectDeleted);
    assert_true(notify_set_wants(set, NULL, 0, fnevObjectCreated));
    assert_false(notify_set_wants(set, NULL, 0, fnevNewMail));
    assert_int_equal(post(fnevObjectCreated, 1), S_OK);
    assert_int_equal(post(fnevObjectDeleted, 2), S_OK);
    assert_int_equal(post(fnevNewMail, 0), S_OK);
    assert_int_equal(a.calls + b.calls, 0);
    assert_int_equal(dispatch(), 3);
    assert_int_equal(a.calls, 2);
    assert_int_equal(a.numbers[0], 1);
    assert_int_equal(a.numbers[1], 2);
    assert_int_equal(b.calls, 1);
    assert_int_equal(dispatch(), 0);
    for (ULONG i = 0; i < 10; i++)
        post(fnevObjectCreated, i);
    ULONG delivered;
    notify_port_dispatch(notify_port_of_process(), 3, &delivered);
    assert_int_equal(delivered, 3);
    assert_int_equal(dispatch(), 7);
}

static ULONG_PTR current;

static void unadvise_current(struct record *self)
{
    (void)self;
    assert_int_equal(notify_set_remove(set, current), S_OK);
}

static void N2_a_sink_unregisters_itself(void **state)
{
    static struct record a;
    (void)state;
    current = advise(&a, fnevObjectCreated);
    a.then = unadvise_current;
    post(fnevObjectCreated, 1);
    post(fnevObjectCreated, 2);
    assert_int_equal(dispatch(), 1);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.freed, 1);
    assert_int_equal(notify_set_remove(set, current), MAPI_E_NOT_FOUND);
}

static void N3_unadvise_drops_what_is_queued(void **state)
{
    static struct record a, b;
    (void)state;
    ULONG_PTR first = advise(&a, fnevObjectCreated);
    ULONG_PTR second = advise(&b, fnevObjectCreated);
    post(fnevObjectCreated, 1);
    assert_int_equal(notify_set_remove(set, first), S_OK);
    assert_int_equal(a.freed, 1);
    assert_int_equal(dispatch(), 1);
    assert_int_equal(a.calls, 0);
    assert_int_equal(b.calls, 1);
    assert_int_equal(notify_set_remove(set, first), MAPI_E_NOT_FOUND);
    assert_int_equal(notify_set_remove(set, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(notify_set_remove(set, second), S_OK);
}

static void N5_the_end_of_a_set_ends_its_sinks(void **state)
{
    static struct record a;
    ULONG_PTR number;
    (void)state;
    advise(&a, fnevObjectCreated);
    post(fnevObjectCreated, 1);
    notify_set_end(set);
    notify_set_wait(set);
    assert_int_equal(a.freed, 1);
    assert_int_equal(dispatch(), 0);
    assert_int_equal(a.calls, 0);
    assert_int_equal(post(fnevObjectCreated, 1), S_OK);
    static struct record late;
    IMAPIAdviseSink *sink = make_sink(&late);
    struct notify_registration registration = {.mask = 1, .sink = sink};
    assert_int_equal(notify_set_add(set, &registration, &number), MAPI_E_INVALID_OBJECT);
    assert_int_equal(number, 0);
    sink->lpVtbl->Release(sink);
    assert_int_equal(late.freed, 1);
    registration.sink = NULL;
    assert_int_equal(notify_set_add(set, &registration, &number), MAPI_E_INVALID_PARAMETER);
    notify_set_end(set);
}

static void end_and_wait(struct record *self)
{
    (void)self;
    notify_set_end(set);
    notify_set_wait(set); /* does not wait for itself */
}

static void L20_a_sink_ends_its_own_set(void **state)
{
    static struct record a, b;
    (void)state;
    advise(&a, fnevObjectCreated);
    a.then = end_and_wait;
    advise(&b, fnevObjectCreated);
    b.then = end_and_wait;
    post(fnevObjectCreated, 1);
    post(fnevObjectCreated, 2);
    assert_int_equal(dispatch(), 1);
    assert_int_equal(a.freed + b.freed, 2);
    assert_int_equal(a.calls + b.calls, 1);
}

static void post_and_dispatch(struct record *self)
{
    ULONG delivered;
    post(fnevObjectCreated, self->calls);
    notify_port_dispatch(notify_port_of_process(), 0, &delivered);
    assert_int_equal(delivered, 0);
    assert_int_equal(HrDispatchNotifications(0), S_OK);
}

static void a_nested_dispatch_delivers_nothing(void **state)
{
    static struct record a;
    (void)state;
    advise(&a, fnevObjectCreated);
    a.then = post_and_dispatch;
    post(fnevObjectCreated, 7);
    assert_int_equal(dispatch(), 1); /* what is posted meanwhile waits for the next */
    assert_int_equal(dispatch(), 1);
    assert_int_equal(a.calls, 2);
    a.then = NULL;
    assert_int_equal(dispatch(), 1);
}

static void N7_what_a_session_tells(void **state)
{
    static struct record a, b;
    (void)state;
    advise_at(&a, 0, NULL, NOTIFY_COUNTS_LOGOFFS); /* critical errors whatever the mask */
    advise_at(&b, fnevExtended, NULL, NOTIFY_COUNTS_LOGOFFS);
    notify_set_post_session(set, false, 1);
    notify_set_post_session(set, true, 3);
    notify_set_post_session(set, false, 0);
    assert_int_equal(dispatch(), 4);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.events[0], fnevCriticalError);
    assert_int_equal(a.numbers[0], (ULONG)MAPI_E_END_OF_SESSION);
    assert_int_equal(b.calls, 3);
    assert_int_equal(b.events[0], fnevExtended);
    assert_int_equal(b.numbers[0], 1);
    assert_int_equal(b.events[1], fnevCriticalError);
    assert_int_equal(b.events[2], fnevExtended);
    assert_int_equal(b.logoffs, 4);
}

static void an_overflow_says_reload(void **state)
{
    static struct record a;
    (void)state;
    advise(&a, fnevObjectCreated | fnevCriticalError);
    post(fnevCriticalError, 99);
    for (ULONG i = 0; i < 10 * NOTIFY_MOST; i++)
        post(fnevObjectCreated, i);
    post(fnevCriticalError, 98);
    assert_int_equal(dispatch(), 3);
    assert_int_equal(a.numbers[0], 99);
    assert_int_equal(a.numbers[1], 98);
    assert_int_equal(a.events[2], fnevTableModified);
    assert_int_equal(a.numbers[2], TABLE_RELOAD);
    post(fnevObjectCreated, 5);
    assert_int_equal(dispatch(), 1);
    assert_int_equal(a.numbers[3], 5);
}

static void an_overflow_counts_logoffs(void **state)
{
    static struct record a;
    (void)state;
    advise_at(&a, fnevExtended, NULL, NOTIFY_COUNTS_LOGOFFS);
    for (int i = 0; i < 2 * NOTIFY_MOST; i++)
        notify_set_post_session(set, false, 2);
    assert_int_equal(dispatch(), 1);
    assert_int_equal(a.logoffs, 4 * NOTIFY_MOST);
}

static void large_ones_are_bounded_by_bytes(void **state)
{
    static struct record a;
    (void)state;
    BYTE *large = calloc(1, NOTIFY_MOST_BYTES);
    NOTIFICATION one = {.ulEventType = fnevExtended};
    one.info.ext.cb = NOTIFY_MOST_BYTES / 4;
    one.info.ext.pbEventParameters = large;
    advise(&a, fnevExtended);
    for (int i = 0; i < 3; i++)
        notify_set_post(set, NULL, 0, 1, &one, NULL);
    assert_int_equal(dispatch(), 3);
    for (int i = 0; i < 4; i++)
        notify_set_post(set, NULL, 0, 1, &one, NULL);
    assert_int_equal(dispatch(), 1);
    assert_int_equal(a.numbers[3], TABLE_RELOAD);
    free(large);
}

static void failing_memory_loses_no_critical_error(void **state)
{
    static struct record a;
    (void)state;
    advise(&a, fnevObjectCreated | fnevCriticalError);
    post(fnevObjectCreated, 1);
    fault_start_lasting(1);
    post(fnevObjectCreated, 2);
    post(fnevCriticalError, 99);
    fault_stop();
    assert_int_equal(dispatch(), 2);
    assert_int_equal(a.numbers[0], 99);
    assert_int_equal(a.events[1], fnevTableModified);
}

/* ---- keys and synchronous registrations ---- */

static void registrations_have_keys(void **state)
{
    static struct record a, b;
    IMAPIAdviseSink *sinks[2] = {make_sink(&a), make_sink(&b)};
    ULONG_PTR number;
    NOTIFICATION one = deep_object();
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct notify_registration registration = {.key = i ? "b" : "a", .key_size = 1, .mask = ~0u, .sink = sinks[i]};
        assert_int_equal(notify_set_add(set, &registration, &number), S_OK);
        sinks[i]->lpVtbl->Release(sinks[i]);
    }
    assert_int_equal(notify_set_post(set, "b", 1, 1, &one, NULL), S_OK);
    assert_int_equal(notify_set_post(set, "c", 1, 1, &one, NULL), S_OK);
    assert_int_equal(notify_set_post(set, "bb", 2, 1, &one, NULL), S_OK);
    assert_int_equal(notify_set_post(set, NULL, 0, 1, &one, NULL), S_OK);
    assert_int_equal(dispatch(), 1);
    assert_int_equal(a.calls, 0);
    assert_int_equal(b.numbers[0], 5);
}

static void synchronous_sinks_are_called_at_once(void **state)
{
    enum { MANY = 20 };
    static struct record all[MANY];
    ULONG_PTR number;
    ULONG flags = 1;
    (void)state;
    for (int i = 0; i < MANY; i++) {
        IMAPIAdviseSink *sink = make_sink(&all[i]);
        struct notify_registration registration = {.mask = fnevObjectMoved, .sync = true, .sink = sink};
        assert_int_equal(notify_set_add(set, &registration, &number), S_OK);
        sink->lpVtbl->Release(sink);
    }
    NOTIFICATION one = deep_object();
    assert_int_equal(notify_set_post(set, NULL, 0, 1, &one, &flags), S_OK);
    assert_int_equal(flags, 0);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(all[i].calls, 1);
    all[MANY - 1].answer = CALLBACK_DISCONTINUE; /* the youngest is asked first */
    assert_int_equal(notify_set_post(set, NULL, 0, 1, &one, &flags), S_OK);
    assert_int_equal(flags, NOTIFY_CANCELED);
    assert_int_equal(all[0].calls, 1);
    all[MANY - 1].answer = 0;
    all[MANY - 1].then = end_and_wait;
    assert_int_equal(notify_set_post(set, NULL, 0, 1, &one, &flags), S_OK);
    assert_int_equal(all[0].calls, 1);
    assert_int_equal(all[0].freed, 1);
}

/* ---- descriptors ---- */

static bool readable(int descriptor)
{
    struct pollfd one = {descriptor, POLLIN, 0};
    return poll(&one, 1, 0) == 1;
}

static void the_descriptor_says_that_something_waits(void **state)
{
    struct notify_port *port;
    static struct record a, b;
    int descriptor, again;
    (void)state;
    assert_int_equal(notify_port_create(&port), S_OK);
    advise_at(&a, fnevObjectCreated, port, NOTIFY_SAYS_RELOAD);
    post(fnevObjectCreated, 1);
    assert_int_equal(notify_port_descriptor(port, &descriptor), S_OK);
    assert_true(readable(descriptor));
    assert_int_equal(dispatch(), 0); /* another port's */
    notify_port_dispatch(port, 0, NULL);
    assert_int_equal(a.calls, 1);
    assert_false(readable(descriptor));
    ULONG_PTR number = advise_at(&b, fnevObjectCreated, port, NOTIFY_SAYS_RELOAD);
    post(fnevObjectCreated, 2);
    assert_true(readable(descriptor));
    assert_int_equal(notify_port_wait(port, -1, NULL), S_OK);
    notify_port_dispatch(port, 1, NULL);
    assert_true(readable(descriptor));
    notify_set_remove(set, number);
    assert_int_equal(notify_port_descriptor(port, &again), S_OK);
    assert_int_equal(again, descriptor);
    notify_set_end(set);
    assert_false(readable(descriptor));
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(notify_watch(ends[0]), S_OK);
    assert_false(readable(descriptor));
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_true(readable(descriptor));
    notify_unwatch(ends[0]);
    assert_false(readable(descriptor));
    close(ends[0]);
    close(ends[1]);
    notify_port_unref(port);
}

static void R8_a_child_has_a_descriptor_of_its_own(void **state)
{
    struct notify_port *port;
    static struct record a;
    int descriptor;
    (void)state;
    assert_int_equal(notify_port_create(&port), S_OK);
    assert_int_equal(notify_port_descriptor(port, &descriptor), S_OK);
    advise_at(&a, fnevObjectCreated, port, NOTIFY_SAYS_RELOAD);
    post(fnevObjectCreated, 1);
    pid_t pid = fork();
    if (pid == 0) {
        int same = -1;
        struct record b;
        post(fnevObjectCreated, 2); /* an inherited registration is dead */
        notify_port_dispatch(port, 0, NULL);
        if (a.calls != 0 || readable(descriptor) || notify_port_descriptor(port, &same) != S_OK || same != descriptor)
            _exit(1);
        notify_set_end(set);
        notify_set_unref(set);
        if (notify_set_create(&set) != S_OK)
            _exit(2);
        advise_at(&b, fnevObjectCreated, port, NOTIFY_SAYS_RELOAD);
        post(fnevObjectCreated, 3);
        if (!readable(descriptor))
            _exit(3);
        notify_port_dispatch(port, 0, NULL);
        _exit(b.calls == 1 && !readable(descriptor) ? 0 : 4);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(readable(descriptor)); /* the parent's is as it was */
    notify_port_dispatch(port, 0, NULL);
    assert_int_equal(a.calls, 1);
    assert_false(readable(descriptor));
    notify_port_unref(port);
}

/* ---- threads ---- */

static atomic_uint posted, heard;
static atomic_bool stop;

static ULONG STDAPICALLTYPE count_all(LPVOID context, ULONG count, LPNOTIFICATION notifications)
{
    (void)context, (void)notifications;
    atomic_fetch_add(&heard, count);
    return S_OK;
}

static void *post_often(void *context)
{
    (void)context;
    for (int i = 0; i < 2000; i++) {
        post(fnevObjectCreated, 1);
        atomic_fetch_add(&posted, 1);
    }
    return NULL;
}

static void *dispatch_often(void *context)
{
    (void)context;
    while (!atomic_load(&stop))
        notify_port_dispatch(notify_port_of_process(), 0, NULL);
    return NULL;
}

static void *come_and_go(void *context)
{
    (void)context;
    for (int i = 0; i < 300; i++) {
        IMAPIAdviseSink *sink;
        ULONG_PTR number;
        assert_int_equal(HrAllocAdviseSink(count_all, NULL, &sink), S_OK);
        struct notify_registration registration = {.mask = fnevObjectDeleted, .sink = sink};
        assert_int_equal(notify_set_add(set, &registration, &number), S_OK);
        sink->lpVtbl->Release(sink);
        post(fnevObjectCreated, 2);
        atomic_fetch_add(&posted, 1);
        assert_int_equal(notify_set_remove(set, number), S_OK);
    }
    return NULL;
}

static void threads_share_the_work(void **state)
{
    pthread_t threads[6];
    void *(*const jobs[6])(void *) = {post_often, post_often, come_and_go, come_and_go, dispatch_often, dispatch_often};
    IMAPIAdviseSink *sink;
    ULONG_PTR number;
    (void)state;
    assert_int_equal(HrAllocAdviseSink(count_all, NULL, &sink), S_OK);
    struct notify_registration registration = {.mask = fnevObjectCreated, .sink = sink, .overflow = NOTIFY_SAYS_RELOAD};
    assert_int_equal(notify_set_add(set, &registration, &number), S_OK);
    sink->lpVtbl->Release(sink);
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, jobs[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&stop, true);
    for (int i = 4; i < 6; i++)
        pthread_join(threads[i], NULL);
    dispatch();
    assert_int_equal(atomic_load(&heard), atomic_load(&posted)); /* fewer than NOTIFY_MOST: none was merged */
}

/* Ending while another thread is in a sink: the wait lasts as long as the call. */
static atomic_int stage;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static ULONG STDAPICALLTYPE stay_a_while(LPVOID context, ULONG count, LPNOTIFICATION notifications)
{
    (void)context, (void)count, (void)notifications;
    atomic_store(&stage, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    atomic_store(&stage, 2);
    return S_OK;
}

static void *dispatch_once(void *context)
{
    (void)context;
    dispatch();
    return NULL;
}

static void *end_it(void *context)
{
    (void)context;
    notify_set_end(set);
    atomic_store(&stop, true);
    notify_set_wait(set);
    assert_int_equal(atomic_load(&stage), 2);
    return NULL;
}

static void N5_the_end_waits_for_calls_under_way(void **state)
{
    pthread_t dispatcher, ender;
    IMAPIAdviseSink *sink;
    ULONG_PTR number;
    (void)state;
    atomic_store(&stop, false);
    assert_int_equal(HrAllocAdviseSink(stay_a_while, NULL, &sink), S_OK);
    struct notify_registration registration = {.mask = fnevObjectCreated, .sink = sink};
    assert_int_equal(notify_set_add(set, &registration, &number), S_OK);
    sink->lpVtbl->Release(sink);
    post(fnevObjectCreated, 1);
    pthread_mutex_lock(&gate);
    assert_int_equal(pthread_create(&dispatcher, NULL, dispatch_once, NULL), 0);
    while (atomic_load(&stage) != 1)
        sched_yield();
    assert_int_equal(pthread_create(&ender, NULL, end_it, NULL), 0);
    while (!atomic_load(&stop))
        sched_yield();
    assert_int_equal(atomic_load(&stage), 1);
    pthread_mutex_unlock(&gate);
    pthread_join(ender, NULL);
    pthread_join(dispatcher, NULL);
}

#define WITH_SET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_deep),
        WITH_SET(what_points_nowhere_is_refused),
        WITH_SET(N1_nothing_comes_before_a_dispatch),
        WITH_SET(N2_a_sink_unregisters_itself),
        WITH_SET(N3_unadvise_drops_what_is_queued),
        WITH_SET(N5_the_end_of_a_set_ends_its_sinks),
        WITH_SET(L20_a_sink_ends_its_own_set),
        WITH_SET(a_nested_dispatch_delivers_nothing),
        WITH_SET(N7_what_a_session_tells),
        WITH_SET(an_overflow_says_reload),
        WITH_SET(an_overflow_counts_logoffs),
        WITH_SET(large_ones_are_bounded_by_bytes),
        WITH_SET(failing_memory_loses_no_critical_error),
        WITH_SET(registrations_have_keys),
        WITH_SET(synchronous_sinks_are_called_at_once),
        WITH_SET(the_descriptor_says_that_something_waits),
        WITH_SET(R8_a_child_has_a_descriptor_of_its_own),
        WITH_SET(threads_share_the_work),
        WITH_SET(N5_the_end_waits_for_calls_under_way),
    };
    return cmocka_run_group_tests(tests, mapi_setup, mapi_teardown);
}
