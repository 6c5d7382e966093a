/* IMAPISession::Logoff with MAPI_LOGOFF_SHARED and MAPI_LOGOFF_UI: imapisession-logoff.md, ending-a-mapi-session.md,
 * decisions L6 to L12, L20, N4, N5. Between processes it is shared_test's.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "core/runtime_dir.h"
#include "core/slot.h"
#include "core/slot_file.h"
#include "core/slot_lock.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/processes.h"
#include "support/recording_sink.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

static HRESULT logoff(IMAPISession *session, ULONG flags)
{
    return session->lpVtbl->Logoff(session, 0, flags, 0);
}

static HRESULT use(IMAPISession *session)
{
    LPMAPITABLE table = NULL;
    HRESULT hr = session->lpVtbl->GetMsgStoresTable(session, 0, &table);
    if (hr == S_OK)
        release(table);
    return hr;
}

static IMAPISession *share(FLAGS flags)
{
    IMAPISession *session = NULL;
    assert_int_equal(try_log_on("work", flags, &session), S_OK);
    return session;
}

static LPMAPISESSIONINFO info_of(IMAPISession *session)
{
    void *info = NULL;
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, &info), S_OK);
    return info;
}

static bool is_closed(IMAPISession *session)
{
    BOOL pending = FALSE;
    LPMAPISESSIONINFO info = info_of(session);
    assert_int_equal(info->lpVtbl->IsShutdownPending(info, &pending), S_OK);
    release(info);
    return pending;
}

static bool was_joined(IMAPISession *session)
{
    BOOL joined = FALSE;
    LPMAPISESSIONINFO info = info_of(session);
    assert_int_equal(info->lpVtbl->WasJoined(info, &joined), S_OK);
    release(info);
    return joined;
}

static ULONG_PTR watch(IMAPISession *session, struct record *record)
{
    ULONG_PTR connection = 0;
    IMAPIAdviseSink *sink = make_sink(record);
    assert_int_equal(session->lpVtbl->Advise(session, 0, NULL, fnevExtended, sink, &connection), S_OK);
    release(sink);
    return connection;
}

static unsigned criticals(const struct record *record)
{
    unsigned count = 0;
    for (unsigned i = 0; i < record->calls && i < RECORD_KEPT; i++)
        count += record->events[i] == fnevCriticalError && record->numbers[i] == (ULONG)MAPI_E_END_OF_SESSION;
    return count;
}

static void dispatch(void)
{
    assert_int_equal(HrDispatchNotifications(0), S_OK);
}

/* ---- the fixture: a (who created it), b and c share the store's profile; each is listened to ---- */

static IMAPISession *a, *b, *c;
static struct record of_a, of_b, of_c;

static int setup(void **state)
{
    int result = store_setup(state);
    if (result)
        return result;
    a = share(MAPI_ALLOW_OTHERS);
    b = share(0);
    c = share(0);
    watch(a, &of_a);
    watch(b, &of_b);
    watch(c, &of_c);
    return 0;
}

static void end(IMAPISession **session)
{
    if (*session)
        release(*session);
    *session = NULL;
}

static int teardown(void **state)
{
    slot_set_patience(SLOT_PATIENCE_MS);
    MapiSetDialog(NULL, NULL);
    end(&a);
    end(&b);
    end(&c);
    return store_teardown(state);
}

static void log_off_and_end(IMAPISession **session, ULONG flags)
{
    assert_int_equal(logoff(*session, flags), S_OK);
    end(session);
}

static void L6_any_member_may_ask_for_a_shared_logoff(void **state)
{
    (void)state;
    log_off_and_end(&b, MAPI_LOGOFF_SHARED); /* one that joined */
    dispatch();
    assert_int_equal(criticals(&of_a), 1);
    assert_int_equal(criticals(&of_c), 1);
}

static void L6_also_who_created_the_session(void **state)
{
    (void)state;
    log_off_and_end(&a, MAPI_LOGOFF_SHARED);
    dispatch();
    assert_int_equal(criticals(&of_b), 1);
    assert_int_equal(criticals(&of_c), 1);
}

static void L7_others_hear_a_critical_error_only_of_a_shared_logoff(void **state)
{
    (void)state;
    log_off_and_end(&b, 0);
    dispatch();
    assert_int_equal(of_a.calls, 1);
    assert_int_equal(of_a.events[0], fnevExtended);
    assert_int_equal(of_a.numbers[0], MAPI_EVENT_SESSION_LOGOFF);
    assert_int_equal(of_a.logoffs, 1);
    assert_int_equal(of_c.logoffs, 1);
    log_off_and_end(&c, MAPI_LOGOFF_SHARED);
    dispatch();
    assert_int_equal(criticals(&of_a), 1);
    assert_int_equal(of_a.logoffs, 2); /* the extended event comes with it */
    assert_int_equal(of_a.calls, 3);
    dispatch();
    assert_int_equal(of_a.calls, 3);
}

static void L7_a_private_session_hears_nothing(void **state)
{
    static struct record record; /* until the session ends */
    (void)state;
    watch(the_session, &record);
    log_off_and_end(&a, MAPI_LOGOFF_SHARED);
    dispatch();
    assert_int_equal(record.calls, 0);
}

/* Everything, without a deadline; N4: registering too. Nobody joins any more, and the next logon is a fresh one. */
static void L8_who_has_been_told_goes_on(void **state)
{
    struct record record;
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = NULL;
    (void)state;
    log_off_and_end(&a, MAPI_LOGOFF_SHARED);
    dispatch();
    assert_int_equal(criticals(&of_b), 1);
    assert_true(is_closed(b));
    assert_int_equal(use(b), S_OK);
    first_store(b, &size, &id);
    assert_int_equal(b->lpVtbl->OpenMsgStore(b, 0, size, id, NULL, MDB_WRITE, &store), S_OK);
    MAPIFreeBuffer(id);
    release(store);
    watch(b, &record);
    a = share(0);
    assert_false(was_joined(a)); /* nobody's: it is private */
    log_off_and_end(&a, 0);
    a = share(MAPI_ALLOW_OTHERS);
    assert_false(was_joined(a));
    assert_false(is_closed(a));
    IMAPISession *d = share(0);
    assert_true(was_joined(d));
    log_off_and_end(&d, 0);
    dispatch();
    assert_int_equal(record.calls, 0); /* that is not its session */
    log_off_and_end(&c, 0);
    dispatch();
    assert_int_equal(record.logoffs, 1);
    log_off_and_end(&b, MAPI_LOGOFF_SHARED);
    dispatch();
    assert_false(is_closed(a));
}

static void L9_nobody_is_forced(void **state)
{
    (void)state;
    LPMDB store = NULL;
    ULONG size = 0;
    LPENTRYID id = NULL;
    first_store(c, &size, &id);
    assert_int_equal(c->lpVtbl->OpenMsgStore(c, 0, size, id, NULL, 0, &store), S_OK);
    MAPIFreeBuffer(id);
    log_off_and_end(&a, MAPI_LOGOFF_SHARED);
    assert_int_equal(use(b), S_OK);
    assert_int_equal(error_of(store, PR_STORE_SUPPORT_MASK), S_OK);
    dispatch();
    assert_int_equal(use(b), S_OK);
    assert_int_equal(error_of(store, PR_STORE_SUPPORT_MASK), S_OK);
    release(store);
}

static void L10_who_asked_for_it_is_not_told(void **state)
{
    (void)state;
    assert_int_equal(logoff(a, MAPI_LOGOFF_SHARED), S_OK);
    dispatch();
    assert_int_equal(of_a.calls, 0);
    assert_int_equal(of_a.freed, 1); /* N5: its sink has gone with it */
    assert_int_equal(criticals(&of_b), 1);
}

static void N5_what_was_queued_for_the_session_is_dropped(void **state)
{
    (void)state;
    log_off_and_end(&a, MAPI_LOGOFF_SHARED);
    slot_pump(); /* queued for b */
    log_off_and_end(&b, 0);
    assert_int_equal(of_b.freed, 1);
    dispatch();
    assert_int_equal(of_b.calls, 0);
}

/* ---- L20: from inside a callback ---- */

static HRESULT answered;

static void log_off_b(struct record *self)
{
    (void)self;
    answered = logoff(b, 0);
}

static void L20_a_sink_logs_its_session_off(void **state)
{
    (void)state;
    of_b.then = log_off_b;
    answered = MAPI_E_CALL_FAILED;
    log_off_and_end(&a, MAPI_LOGOFF_SHARED);
    dispatch();
    assert_int_equal(answered, S_OK);
    assert_int_equal(use(b), MAPI_E_INVALID_OBJECT);
    assert_int_equal(of_b.calls, 1); /* nothing more comes, though the extended event was waiting */
    assert_int_equal(of_b.freed, 1);
    dispatch();
    assert_int_equal(of_c.logoffs, 2);
}

static void log_off_b_for_all(struct record *self)
{
    (void)self;
    answered = logoff(b, MAPI_LOGOFF_SHARED);
    end(&b);
}

static void L20_a_sink_logs_its_session_off_for_all_and_releases_it(void **state)
{
    (void)state;
    of_b.then = log_off_b_for_all;
    answered = MAPI_E_CALL_FAILED;
    log_off_and_end(&a, 0);
    dispatch();
    assert_int_equal(answered, S_OK);
    dispatch();
    assert_int_equal(criticals(&of_c), 1);
    assert_int_equal(of_c.logoffs, 2);
}

static void release_b(struct record *self)
{
    (void)self;
    end(&b);
}

static void L20_a_sink_drops_its_session(void **state)
{
    (void)state;
    of_b.then = release_b;
    log_off_and_end(&a, 0);
    dispatch();
    assert_int_equal(of_b.calls, 1);
    assert_int_equal(of_b.freed, 1);
    IMAPISession *d = share(0);
    dispatch();
    assert_int_equal(of_c.logoffs, 2);
    log_off_and_end(&d, 0);
}

/* N5: a Logoff on another thread returns when the sink that is being called has returned, and not before. */
static pthread_barrier_t inside;
static atomic_int left_sink, logged_off;

static void stay_a_while(struct record *self)
{
    (void)self;
    pthread_barrier_wait(&inside);
    pthread_barrier_wait(&inside);
    assert_int_equal(atomic_load(&logged_off), 0);
    atomic_store(&left_sink, 1);
}

static void *dispatch_on_a_thread(void *context)
{
    HrDispatchNotifications(0);
    return context;
}

static void *log_b_off(void *context)
{
    HRESULT hr = logoff(b, 0);
    atomic_store(&logged_off, 1);
    (void)context;
    return hr == S_OK && atomic_load(&left_sink) ? NULL : (void *)"wait";
}

static void N5_a_logoff_waits_for_its_sinks(void **state)
{
    pthread_t dispatcher, ender;
    void *failed = NULL;
    (void)state;
    atomic_store(&left_sink, 0);
    atomic_store(&logged_off, 0);
    pthread_barrier_init(&inside, NULL, 2);
    of_b.then = stay_a_while;
    log_off_and_end(&a, 0);
    assert_int_equal(pthread_create(&dispatcher, NULL, dispatch_on_a_thread, NULL), 0);
    pthread_barrier_wait(&inside);
    assert_int_equal(pthread_create(&ender, NULL, log_b_off, NULL), 0);
    while (use(b) == S_OK) /* until it has ended, but for the sink */
        sched_yield();
    pthread_barrier_wait(&inside);
    pthread_join(dispatcher, NULL);
    pthread_join(ender, &failed);
    assert_null(failed);
    pthread_barrier_destroy(&inside);
    assert_int_equal(of_b.calls, 1);
}

/* ---- what can fail ---- */

/* A process that takes the slot's lock, and is told when to let it go again. */
static long hold(char command)
{
    static struct slot_place place;
    static struct slot_file file;
    if (command == 'h')
        return slot_place_open(temp_home_path(), false, &place) == S_OK && slot_file_open(&place, false, &file) == S_OK
                   ? slot_lock_take(file.fd, slot_lock_deadline(1000))
                   : -1;
    slot_lock_drop(file.fd);
    return S_OK;
}

static void a_shared_logoff_that_cannot_tell_has_done_nothing(void **state)
{
    struct process p = process_start(hold);
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = NULL;
    (void)state;
    first_store(a, &size, &id);
    assert_int_equal(a->lpVtbl->OpenMsgStore(a, 0, size, id, NULL, 0, &store), S_OK);
    MAPIFreeBuffer(id);
    assert_int_equal(process_do(&p, 'h'), S_OK);
    slot_set_patience(20);
    assert_int_equal(logoff(a, MAPI_LOGOFF_SHARED), MAPI_E_TIMEOUT);
    assert_non_null(MapiErrorDetail(MAPI_E_TIMEOUT));
    LPMAPIERROR error = NULL;
    assert_int_equal(a->lpVtbl->GetLastError(a, MAPI_E_TIMEOUT, 0, &error), S_OK);
    assert_non_null(error);
    MAPIFreeBuffer(error);
    assert_int_equal(use(a), S_OK);
    assert_int_equal(error_of(store, PR_STORE_SUPPORT_MASK), S_OK);
    assert_false(is_closed(b));
    dispatch();
    assert_int_equal(of_b.calls, 0);
    log_off_and_end(&c, 0); /* an ordinary one never fails */
    assert_int_equal(process_do(&p, 'd'), S_OK);
    process_end(&p);
    log_off_and_end(&a, MAPI_LOGOFF_SHARED);
    release(store);
    dispatch();
    assert_int_equal(criticals(&of_b), 1);
    assert_int_equal(of_b.logoffs, 2);
}

static struct record told;

static HRESULT log_off_for_all(void *sink)
{
    IMAPISession *first = NULL, *second = NULL;
    ULONG_PTR connection = 0;
    told.calls = 0;
    HRESULT hr = try_log_on("work", MAPI_ALLOW_OTHERS, &first);
    if (hr == S_OK)
        hr = try_log_on(NULL, 0, &second);
    if (hr == S_OK)
        hr = second->lpVtbl->Advise(second, 0, NULL, 0, sink, &connection);
    if (hr == S_OK) {
        hr = logoff(first, MAPI_LOGOFF_SHARED);
        HrDispatchNotifications(0);
        assert_int_equal(criticals(&told), hr == S_OK); /* all or nothing */
        assert_int_equal(use(first) == MAPI_E_INVALID_OBJECT, hr == S_OK);
    }
    if (second)
        release(second);
    if (first)
        release(first);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    log_off_and_end(&a, 0);
    log_off_and_end(&b, 0);
    log_off_and_end(&c, 0);
    IMAPIAdviseSink *sink = make_sink(&told);
    fault_sweep(log_off_for_all, sink);
    release(sink);
    assert_int_equal(told.freed, 1);
}

/* ---- asking first ---- */

static struct {
    unsigned times;
    BOOL answer;
    struct mapi_dialog last;
    char profile[64];
    void (*then)(void);
} asked;

static BOOL ask(void *context, struct mapi_dialog *dialog)
{
    assert_ptr_equal(context, &asked);
    asked.times++;
    asked.last = *dialog;
    snprintf(asked.profile, sizeof asked.profile, "%s", dialog->profile);
    if (asked.then)
        asked.then();
    return asked.answer;
}

static void set_dialog(BOOL answer)
{
    memset(&asked, 0, sizeof asked);
    asked.answer = answer;
    MapiSetDialog(ask, &asked);
}

static void L11_declined_and_nothing_was_undone(void **state)
{
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = NULL;
    (void)state;
    set_dialog(FALSE);
    first_store(a, &size, &id);
    assert_int_equal(a->lpVtbl->OpenMsgStore(a, 0, size, id, NULL, 0, &store), S_OK);
    MAPIFreeBuffer(id);
    assert_int_equal(a->lpVtbl->Logoff(a, 77, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED, 0), MAPI_E_USER_CANCEL);
    assert_non_null(MapiErrorDetail(MAPI_E_USER_CANCEL));
    assert_int_equal(asked.times, 1);
    assert_int_equal(asked.last.size, sizeof asked.last);
    assert_int_equal(asked.last.kind, MAPI_DIALOG_LOGOFF);
    assert_int_equal(asked.last.window, 77);
    assert_int_equal(asked.last.flags, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED);
    assert_string_equal(asked.profile, "work");
    assert_int_equal(asked.last.clients, 2);
    assert_int_equal(asked.last.unsent, 0);
    assert_int_equal(asked.last.unsaved, 0);
    assert_int_equal(use(a), S_OK);
    assert_int_equal(error_of(store, PR_STORE_SUPPORT_MASK), S_OK);
    assert_false(is_closed(b));
    dispatch();
    assert_int_equal(of_b.calls, 0);
    assert_int_equal(of_a.freed, 0);
    IMAPISession *d = share(0);
    assert_true(was_joined(d));
    log_off_and_end(&d, 0);
    set_dialog(TRUE);
    assert_int_equal(logoff(a, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED), S_OK);
    assert_int_equal(asked.times, 1);
    dispatch();
    assert_int_equal(criticals(&of_b), 1);
    release(store);
}

static void L11_asked_only_when_there_is_something_to_ask(void **state)
{
    (void)state;
    set_dialog(FALSE);
    log_off_and_end(&b, MAPI_LOGOFF_UI); /* the others stay as they are */
    log_off_and_end(&c, MAPI_LOGOFF_UI);
    log_off_and_end(&a, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED); /* there are no others */
    a = share(MAPI_NEW_SESSION);
    b = share(MAPI_NEW_SESSION);
    log_off_and_end(&a, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED); /* L5 */
    assert_int_equal(asked.times, 0);
}

static void L11_asked_about_what_would_be_lost(void **state)
{
    (void)state;
    IMAPIFolder *outbox = open_named(the_store, PR_IPM_OUTBOX_ENTRYID, MAPI_MODIFY);
    IMessage *message = new_message(outbox, "out");
    add_recipient(message, "Desk", "desk@example.org", MAPI_TO);
    set_dialog(FALSE);
    assert_int_equal(logoff(the_session, MAPI_LOGOFF_UI), MAPI_E_USER_CANCEL);
    assert_int_equal(asked.last.unsaved, 1);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), S_OK);
    release(message);
    assert_int_equal(logoff(the_session, MAPI_LOGOFF_UI), MAPI_E_USER_CANCEL);
    assert_int_equal(asked.last.unsaved, 0);
    assert_int_equal(asked.last.unsent, 1);
    assert_int_equal(asked.last.clients, 0);
    assert_int_equal(long_of(the_store, PR_OBJECT_TYPE), MAPI_STORE);
    release(outbox);
    set_dialog(TRUE);
    assert_int_equal(logoff(the_session, MAPI_LOGOFF_UI), S_OK);
    release(the_session);
    release(the_store);
    the_session = NULL;
    the_store = NULL;
}

static void L4_the_question_comes_last(void **state)
{
    (void)state;
    set_dialog(FALSE);
    const ULONG ui = MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED;
    assert_int_equal(a->lpVtbl->Logoff(a, 0, ui | 0x80, 1), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(a->lpVtbl->Logoff(a, 0, ui | 0x80, 0), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(logoff(b, 0), S_OK);
    assert_int_equal(logoff(b, ui), MAPI_E_INVALID_OBJECT);
    assert_int_equal(asked.times, 0);
}

static void L12_the_window_reaches_only_the_dialog(void **state)
{
    (void)state;
    set_dialog(TRUE);
    assert_int_equal(c->lpVtbl->Logoff(c, (ULONG_PTR)0xDEAD, 0, 0), S_OK);
    assert_int_equal(asked.times, 0);
    assert_int_equal(a->lpVtbl->Logoff(a, (ULONG_PTR)0xDEAD, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED, 0), S_OK);
    assert_int_equal(asked.last.window, 0xDEAD);
}

static void use_the_session_meanwhile(void)
{
    assert_int_equal(use(a), S_OK);
    assert_int_equal(logoff(a, 0), MAPI_E_BUSY);
    assert_int_equal(logoff(a, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED), MAPI_E_BUSY);
    assert_int_equal(use(a), S_OK);
    assert_int_equal(logoff(c, 0), S_OK); /* another one is another matter */
}

static void while_the_user_is_being_asked(void **state)
{
    (void)state;
    set_dialog(FALSE);
    asked.then = use_the_session_meanwhile;
    assert_int_equal(logoff(a, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED), MAPI_E_USER_CANCEL);
    assert_int_equal(asked.times, 1);
    log_off_and_end(&a, 0); /* it is not busy any more */
}

static void drop_the_session(void)
{
    release(a);
}

/* A dialog that releases what it was not given; there must be nothing left to fall over. */
static void a_dialog_that_drops_the_session(void **state)
{
    (void)state;
    set_dialog(TRUE);
    asked.then = drop_the_session;
    assert_int_equal(logoff(a, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED), S_OK);
    a = NULL;
    dispatch();
    assert_int_equal(criticals(&of_b), 1);
    assert_int_equal(live("session"), 3);
}

static void uninitialize(void)
{
    MAPIUninitialize();
}

/* R3: what ends everything also ends a session about which somebody is being asked. */
static void the_end_of_everything_while_asking(void **state)
{
    (void)state;
    set_dialog(TRUE);
    asked.then = uninitialize;
    assert_int_equal(logoff(a, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED), MAPI_E_INVALID_OBJECT);
    release(the_store);
    release(the_session);
    the_store = NULL;
    the_session = NULL;
    assert_int_equal(MAPIInitialize(NULL), S_OK); /* which the fixture undoes */
}

/* ---- on the terminal ---- */

/* The far end: answers what the near end, where the logoff happens, asks; and says what it was. */
static void on_a_terminal(const char *answer, int expected, char *seen, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    const char *name = ptsname(master);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        int slave = open(name, O_RDWR);
        if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0 || dup2(slave, 0) < 0 || dup2(slave, 2) < 0)
            _exit(3);
        IMAPISession *first = share(MAPI_ALLOW_OTHERS), *second = share(0);
        HRESULT hr = logoff(first, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED);
        bool alive = use(first) == S_OK;
        logoff(first, 0);
        logoff(second, 0);
        _exit(hr == S_OK && !alive ? 0 : hr == MAPI_E_USER_CANCEL && alive ? 1 : 2);
    }
    size_t length = 0;
    ssize_t got;
    seen[0] = '\0';
    while (!strstr(seen, "[y/N]") && length < size - 1 && (got = read(master, seen + length, size - 1 - length)) > 0) {
        length += (size_t)got;
        seen[length] = '\0';
    }
    assert_int_equal(write(master, answer, strlen(answer)), strlen(answer));
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
    close(master);
}

static void the_terminal_asks_where_nobody_else_does(void **state)
{
    char seen[400];
    (void)state;
    log_off_and_end(&a, 0);
    log_off_and_end(&b, 0);
    log_off_and_end(&c, 0);
    on_a_terminal("y\n", 0, seen, sizeof seen);
    assert_non_null(strstr(seen, "Profile work: 1 other client is logged on. Log off all the same? [y/N]"));
    on_a_terminal("n\n", 1, seen, sizeof seen);
    on_a_terminal("\n", 1, seen, sizeof seen);
    on_a_terminal("\004", 1, seen, sizeof seen); /* the end of input */
}

static void without_a_terminal_nobody_is_asked(void **state)
{
    (void)state;
    int input = dup(STDIN_FILENO), nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(dup2(nothing, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(logoff(a, MAPI_LOGOFF_UI | MAPI_LOGOFF_SHARED), S_OK);
    dup2(input, STDIN_FILENO);
    close(input);
    close(nothing);
    assert_true(is_closed(b));
}

#define SHARED_BY_THREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARED_BY_THREE(L6_any_member_may_ask_for_a_shared_logoff),
        SHARED_BY_THREE(L6_also_who_created_the_session),
        SHARED_BY_THREE(L7_others_hear_a_critical_error_only_of_a_shared_logoff),
        SHARED_BY_THREE(L7_a_private_session_hears_nothing),
        SHARED_BY_THREE(L8_who_has_been_told_goes_on),
        SHARED_BY_THREE(L9_nobody_is_forced),
        SHARED_BY_THREE(L10_who_asked_for_it_is_not_told),
        SHARED_BY_THREE(N5_what_was_queued_for_the_session_is_dropped),
        SHARED_BY_THREE(L20_a_sink_logs_its_session_off),
        SHARED_BY_THREE(L20_a_sink_logs_its_session_off_for_all_and_releases_it),
        SHARED_BY_THREE(L20_a_sink_drops_its_session),
        SHARED_BY_THREE(N5_a_logoff_waits_for_its_sinks),
        SHARED_BY_THREE(a_shared_logoff_that_cannot_tell_has_done_nothing),
        SHARED_BY_THREE(failing_memory),
        SHARED_BY_THREE(L11_declined_and_nothing_was_undone),
        SHARED_BY_THREE(L11_asked_only_when_there_is_something_to_ask),
        SHARED_BY_THREE(L11_asked_about_what_would_be_lost),
        SHARED_BY_THREE(L4_the_question_comes_last),
        SHARED_BY_THREE(L12_the_window_reaches_only_the_dialog),
        SHARED_BY_THREE(while_the_user_is_being_asked),
        SHARED_BY_THREE(a_dialog_that_drops_the_session),
        SHARED_BY_THREE(the_end_of_everything_while_asking),
        SHARED_BY_THREE(the_terminal_asks_where_nobody_else_does),
        SHARED_BY_THREE(without_a_terminal_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
