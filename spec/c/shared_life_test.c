/* What becomes of those who share a session: telling, being killed and stopped, and profiles that go meanwhile (02, sections 4 to 6;
 * L7 to L9, R3). Many processes at once are shared_many_test's.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "core/slot.h"
#include "core/slot_file.h"
#include "core/slot_lock.h"
#include "support/fake_store.h"
#include "support/mapi.h"
#include "support/processes.h"
#include "support/shared.h"
#include "support/temp_home.h"

static bool profile_exists(const char *name)
{
    IProfAdmin *admin = prof_admin();
    LPSERVICEADMIN services = NULL;
    HRESULT hr = admin->lpVtbl->AdminServices(admin, (LPSTR)(uintptr_t)name, NULL, 0, 0, &services);
    if (hr == S_OK)
        release(services);
    release(admin);
    return hr == S_OK;
}

/* ---- telling ---- */

static void the_others_hear_of_every_logoff(void **state)
{
    struct process p = process_start(shared_serve);
    struct record a_heard, b_heard;
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = share(NULL, 0);
    (void)state;
    watch(a, &a_heard);
    watch(b, &b_heard);
    assert_int_equal(process_do(&p, 'j'), IS_SHARED | WAS_JOINED);
    assert_int_equal(process_do(&p, 'a'), S_OK);
    log_off(b);
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_int_equal(a_heard.logoffs, 1);
    assert_int_equal(b_heard.calls, 0);
    assert_int_equal(process_do(&p, 'p'), 1);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    HrDispatchNotifications(0);
    assert_int_equal(a_heard.logoffs, 2);
    assert_int_equal(criticals(&a_heard), 0);
    process_end(&p);
    log_off(a);
}

static void a_shared_logoff_reaches_other_processes_once(void **state)
{
    enum { MOST = 60 };
    int count = SLOW_TOOL ? 8 : MOST;
    struct process all[MOST];
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS);
    (void)state;
    for (int i = 0; i < count; i++)
        all[i] = process_start(shared_serve);
    for (int i = 0; i < count; i++)
        process_send(&all[i], 'j');
    for (int i = 0; i < count; i++)
        assert_int_equal(process_answer(&all[i]), IS_SHARED | WAS_JOINED);
    for (int i = 0; i < count; i++)
        assert_int_equal(process_do(&all[i], 'a'), S_OK);
    for (int i = 0; i < count; i++)
        process_send(&all[i], i % 10 == 9 ? 'l' : 'W'); /* some log off meanwhile */
    log_off_for_all(a);
    for (int i = 0; i < count; i++)
        assert_int_equal(process_answer(&all[i]), i % 10 == 9 ? S_OK : 1);
    for (int i = 0; i < count; i++)
        if (i % 10 != 9)
            assert_int_equal(process_do(&all[i], 'p') / 1000, 1);
    for (int i = 0; i < count; i++)
        if (i % 10 != 9)
            assert_int_equal(process_do(&all[i], 'l'), S_OK);
    for (int i = 0; i < count; i++)
        process_end(&all[i]);
}

/* L8, L9: who has been told works on, for as long as it likes; the next logon begins a new session beside it. */
static void a_closed_session_and_the_next_one(void **state)
{
    struct process p = process_start(shared_serve), q = process_start(shared_serve);
    (void)state;
    assert_int_equal(process_do(&p, 'c'), IS_SHARED);
    assert_int_equal(process_do(&q, 'j'), IS_SHARED | WAS_JOINED);
    assert_int_equal(process_do(&q, 'a'), S_OK);
    assert_int_equal(process_do(&p, 'L'), S_OK);
    assert_int_equal(process_do(&q, 's'), IS_SHARED | WAS_JOINED | IS_PENDING);
    assert_int_equal(process_do(&q, 'U'), S_OK);
    assert_int_equal(process_do(&q, 'o'), 0);
    IMAPISession *alone = share("other", 0);
    assert_int_equal(state_of(alone), 0);
    assert_int_equal(process_do(&p, 'c'), IS_SHARED); /* a fresh one */
    IMAPISession *beside = share("other", 0);
    assert_int_equal(state_of(beside), IS_SHARED | WAS_JOINED);
    assert_int_equal(process_do(&q, 'o'), 0);
    assert_int_equal(process_do(&p, 'o'), 1);
    assert_int_equal(process_do(&q, 'L'), S_OK); /* closing what is closed tells nobody of the new one */
    struct record record;
    watch(beside, &record);
    HrDispatchNotifications(0);
    assert_int_equal(record.calls, 0);
    assert_int_equal(state_of(beside), IS_SHARED | WAS_JOINED);
    log_off(alone);
    log_off(beside);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    process_end(&p);
    process_end(&q);
}

/* R3: the last MAPIUninitialize leaves the shared session as a logoff does. */
static void R3_MAPIUninitialize_leaves(void **state)
{
    struct process p = process_start(shared_serve);
    struct record record;
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS);
    (void)state;
    watch(a, &record);
    assert_int_equal(process_do(&p, 'j'), IS_SHARED | WAS_JOINED);
    assert_int_equal(others(a), 1);
    assert_int_equal(process_do(&p, 'u'), S_OK);
    assert_int_equal(others(a), 0);
    HrDispatchNotifications(0);
    assert_int_equal(record.logoffs, 1);
    assert_int_equal(shared_files(), 2);
    process_end(&p);
    log_off(a);
}

/* ---- sinks that do what comes to their minds ---- */

static IMAPISession *leaving;
static HRESULT initialized;
static sem_t called_back, others_begin;

/* As a critical error asks for (implementing-an-advise-sink-object.md). */
static void leave(struct record *record)
{
    (void)record;
    log_off(leaving);
}

/* N8, L20: the method that delivers it had that reference only. */
static void a_sink_of_this_thread_releases_the_session_that_is_called(void **state)
{
    struct record record;
    ULONG_PTR connection = 0;
    LPMAPITABLE table = NULL;
    IMAPIAdviseSink *sink = make_sink(&record), *here = NULL;
    IMAPISession *other = share("work", MAPI_ALLOW_OTHERS);
    (void)state;
    leaving = share(NULL, 0);
    record.then = leave;
    assert_int_equal(HrThisThreadAdviseSink(sink, &here), S_OK);
    assert_int_equal(leaving->lpVtbl->Advise(leaving, 0, NULL, 0, here, &connection), S_OK);
    release(here);
    release(sink);
    log_off_for_all(other);
    assert_int_equal(HrDispatchNotifications(0), S_OK); /* hears of it, and the sink is called at once */
    assert_int_equal(record.calls, 1);

    other = share("work", MAPI_ALLOW_OTHERS);
    leaving = share(NULL, 0);
    sink = make_sink(&record);
    record.then = leave;
    assert_int_equal(HrThisThreadAdviseSink(sink, &here), S_OK);
    assert_int_equal(leaving->lpVtbl->Advise(leaving, 0, NULL, 0, here, &connection), S_OK);
    release(here);
    release(sink);
    log_off_for_all(other); /* within this process the others hear of it at once */
    assert_int_equal(leaving->lpVtbl->GetMsgStoresTable(leaving, 0, &table), MAPI_E_INVALID_OBJECT);
    assert_int_equal(record.calls, 1);
    assert_int_equal(live("session"), 0);
}

struct balanced_sink {
    IMAPIAdviseSink sink;
    unsigned refs;
};

static ULONG STDMETHODCALLTYPE addref_balanced(IMAPIAdviseSink *This)
{
    return ++((struct balanced_sink *)This)->refs;
}

/* A component that initialises MAPI for itself, wherever it is called. */
static void be_balanced(void)
{
    initialized = MAPIInitialize(NULL);
    MAPIUninitialize();
}

static ULONG STDMETHODCALLTYPE release_balanced(IMAPIAdviseSink *This)
{
    struct balanced_sink *self = (struct balanced_sink *)This;
    if (--self->refs > 0)
        return self->refs;
    be_balanced();
    free(self);
    return 0;
}

static const IMAPIAdviseSinkVtbl balanced_vtbl = {NULL, addref_balanced, release_balanced, NULL};

static void R4_a_sink_may_call_MAPIUninitialize_while_it_runs(void **state)
{
    ULONG_PTR connection = 0;
    struct balanced_sink *sink = calloc(1, sizeof *sink);
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS);
    (void)state;
    sink->sink.lpVtbl = &balanced_vtbl;
    assert_int_equal(a->lpVtbl->Advise(a, 0, NULL, 0, &sink->sink, &connection), S_OK);
    MAPIUninitialize();
    assert_int_equal(initialized, MAPI_E_BUSY);
    assert_int_equal(use_session(a), MAPI_E_INVALID_OBJECT);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    release(a);
}

static void wait_and_be_balanced(struct record *record)
{
    (void)record;
    sem_post(&called_back);
    sem_wait(&others_begin);
    be_balanced();
}

static void *dispatch(void *unused)
{
    HrDispatchNotifications(0);
    return unused;
}

static void *begin_others(void *session)
{
    while (use_session(session) != MAPI_E_INVALID_OBJECT)
        sched_yield();
    sem_post(&others_begin);
    return NULL;
}

/* N5: the callbacks of other threads are waited for, but not with what they may be waiting for. */
static void R3_a_callback_may_call_MAPIInitialize_meanwhile(void **state)
{
    pthread_t dispatcher, beginner;
    struct record record;
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = share(NULL, 0);
    (void)state;
    sem_init(&called_back, 0, 0);
    sem_init(&others_begin, 0, 0);
    watch(a, &record);
    record.then = wait_and_be_balanced;
    log_off(b);
    assert_int_equal(pthread_create(&dispatcher, NULL, dispatch, NULL), 0);
    sem_wait(&called_back);
    assert_int_equal(pthread_create(&beginner, NULL, begin_others, a), 0);
    MAPIUninitialize();
    assert_int_equal(record.calls, 1);
    assert_int_equal(initialized, S_OK);
    pthread_join(dispatcher, NULL);
    pthread_join(beginner, NULL);
    sem_destroy(&called_back);
    sem_destroy(&others_begin);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    release(a);
}

/* ---- killed, stopped ---- */

static void a_killed_member_is_a_member_that_left(void **state)
{
    struct process p = process_start(shared_serve), q = process_start(shared_serve);
    struct record record;
    IMAPISession *a;
    (void)state;
    assert_int_equal(process_do(&p, 'c'), IS_SHARED);
    a = share(NULL, 0);
    watch(a, &record);
    long survivor = process_do(&p, 'f');
    assert_true(survivor > 0);
    process_kill(&p);
    assert_int_equal(others(a), 0);
    assert_int_equal(process_do(&q, 'j'), IS_SHARED | WAS_JOINED); /* who comes next notices */
    HrDispatchNotifications(0);
    assert_int_equal(record.logoffs, 1);
    process_kill(&q);
    log_off(a);
    assert_int_equal(shared_files(), 0);
    kill((pid_t)survivor, SIGKILL);
    a = share("other", MAPI_ALLOW_OTHERS);
    assert_int_equal(state_of(a), IS_SHARED);
    log_off(a);
}

static void all_are_killed_and_the_next_logon_works(void **state)
{
    struct process all[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        all[i] = process_start(shared_serve);
        assert_int_equal(process_do(&all[i], 'c'), i ? IS_SHARED | WAS_JOINED : IS_SHARED);
    }
    for (int i = 0; i < 4; i++)
        process_kill(&all[i]);
    IMAPISession *a = share("other", 0);
    assert_int_equal(state_of(a), 0);
    log_off(a);
    a = share("other", MAPI_ALLOW_OTHERS);
    assert_int_equal(state_of(a), IS_SHARED);
    log_off(a);
}

/* A stopped member holds nobody up: it is told when it goes on. */
static void a_stopped_member_is_told_when_it_goes_on(void **state)
{
    struct process p = process_start(shared_serve);
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS);
    (void)state;
    assert_int_equal(process_do(&p, 'j'), IS_SHARED | WAS_JOINED);
    assert_int_equal(process_do(&p, 'a'), S_OK);
    kill(p.pid, SIGSTOP);
    waitpid(p.pid, NULL, WUNTRACED);
    assert_int_equal(others(a), 1);
    log_off_for_all(a);
    kill(p.pid, SIGCONT);
    assert_int_equal(process_do(&p, 'W'), 1);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    process_end(&p);
}

/* A process that takes the slot's lock, and is stopped with it. */
static long hold(char command)
{
    static struct slot_place place;
    static struct slot_file file;
    (void)command;
    return slot_place_open(temp_home_path(), false, &place) == S_OK && slot_file_open(&place, false, &file) == S_OK
               ? slot_lock_take(file.fd, slot_lock_deadline(1000))
               : -1;
}

static void a_stopped_holder_of_the_lock(void **state)
{
    struct process p = process_start(hold);
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = NULL;
    (void)state;
    assert_int_equal(process_do(&p, 'h'), S_OK);
    kill(p.pid, SIGSTOP);
    waitpid(p.pid, NULL, WUNTRACED);
    assert_int_equal(try_log_on(NULL, MAPI_TIMEOUT_SHORT, &b), MAPI_E_TIMEOUT);
    assert_null(b);
    assert_non_null(MapiErrorDetail(MAPI_E_TIMEOUT));
    b = share("other", MAPI_NEW_SESSION); /* needs no lock */
    log_off(b);
    assert_int_equal(use_session(a), S_OK);
    assert_int_equal(others(a), 0);
    process_kill(&p);
    b = share(NULL, MAPI_TIMEOUT_SHORT);
    assert_int_equal(state_of(b), IS_SHARED | WAS_JOINED);
    log_off(b);
    log_off(a);
}

/* ---- where there is no sharing ---- */

/* Private sessions never need the runtime directory; who wants to share is told what is wrong with it. */
static void a_bad_runtime_directory(void **state)
{
    const char *directory = getenv("MAPI_RUNTIME_DIR");
    IMAPISession *session = NULL;
    (void)state;
    assert_int_equal(chmod(directory, 0755), 0);
    session = share("work", 0);
    log_off(session);
    session = share("work", MAPI_NEW_SESSION);
    log_off(session);
    assert_int_equal(try_log_on("work", MAPI_ALLOW_OTHERS, &session), MAPI_E_NO_ACCESS);
    assert_null(session);
    assert_non_null(strstr(MapiErrorDetail(MAPI_E_NO_ACCESS), directory));
    assert_int_equal(chmod(directory, 0700), 0);
    session = share("work", MAPI_ALLOW_OTHERS);
    assert_int_equal(state_of(session), IS_SHARED);
    log_off(session);
}

static void a_logon_that_fails_shares_nothing(void **state)
{
    IMAPISession *session = NULL;
    (void)state;
    assert_int_equal(try_log_on("nobody", MAPI_ALLOW_OTHERS, &session), MAPI_E_LOGON_FAILED);
    assert_int_equal(try_log_on(NULL, MAPI_ALLOW_OTHERS, &session), MAPI_E_LOGON_FAILED);
    assert_int_equal(shared_files(), 0);
    assert_null(session);
}

static void nothing_is_left_open(void **state)
{
    (void)state;
    log_off(share("work", MAPI_ALLOW_OTHERS)); /* the profile database stays open */
    int before = descriptors();
    for (int i = 0; i < 20; i++) {
        IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = share(NULL, 0);
        log_off(i % 2 ? a : b);
        if (i % 3)
            log_off_for_all(i % 2 ? b : a);
        else
            release(i % 2 ? b : a);
        assert_int_equal(shared_files(), i % 3 ? 0 : 1); /* the record of an implicit logoff waits for the next */
        assert_int_equal(descriptors(), before);
    }
    log_off(share("work", MAPI_ALLOW_OTHERS));
}

/* ---- profiles that go while they are shared ---- */

static void a_deleted_profile_stays_until_its_last_member_has_gone(void **state)
{
    struct process p = process_start(shared_serve);
    (void)state;
    assert_int_equal(process_do(&p, 'c'), IS_SHARED);
    assert_int_equal(delete_profile("work"), S_OK);
    assert_false(profile_exists("work"));
    IMAPISession *a = share("other", 0); /* joins what is there all the same */
    assert_int_equal(state_of(a), IS_SHARED | WAS_JOINED);
    assert_true(has_profile(a, u"work"));
    assert_int_equal(use_session(a), S_OK);
    assert_int_equal(create_profile("work"), S_OK); /* the name is free; that is another profile */
    assert_int_equal(process_do(&p, 'l'), S_OK);
    assert_int_equal(use_session(a), S_OK);
    IMAPISession *b = share(NULL, 0);
    assert_int_equal(use_session(b), S_OK);
    ULONG size = 0;
    LPENTRYID id = NULL;
    first_store(b, &size, &id); /* the new one has no store */
    MAPIFreeBuffer(id);
    log_off(a);
    log_off(b);
    assert_true(profile_exists("work"));
    assert_int_equal(fake_log.removed, 1);
    process_end(&p);
}

static void a_renamed_profile_keeps_its_name_until_its_last_member_has_gone(void **state)
{
    struct process p = process_start(shared_serve), q = process_start(shared_serve);
    (void)state;
    assert_int_equal(process_do(&p, 'c'), IS_SHARED);
    assert_int_equal(process_do(&q, 'm'), S_OK); /* in a third process */
    IMAPISession *a = share(NULL, 0);
    assert_true(has_profile(a, u"work"));
    assert_int_equal(process_do(&p, 'l'), S_OK);
    assert_false(profile_exists("renamed"));
    log_off(a);
    assert_true(profile_exists("renamed"));
    assert_false(profile_exists("work"));
    process_end(&p);
    process_end(&q);
}

/* The process that used it last was killed: whoever logs on next, or off, carries it out. */
static void a_deleted_profile_whose_last_user_was_killed(void **state)
{
    struct process p = process_start(shared_serve), q = process_start(shared_serve);
    (void)state;
    IMAPISession *beside = log_on("other");
    assert_int_equal(process_do(&p, 'c'), IS_SHARED);
    assert_int_equal(process_do(&q, 'd'), S_OK);
    log_off(beside);
    assert_int_equal(fake_log.removed, 0);
    process_kill(&p);
    beside = share("other", MAPI_ALLOW_OTHERS);
    assert_int_equal(fake_log.removed, 1);
    log_off(beside);
    process_end(&q);
}

/* Between joining and opening, somebody took the whole database away. */
static void the_profiles_are_gone(void **state)
{
    struct record record;
    IMAPISession *a = share("work", MAPI_ALLOW_OTHERS), *b = NULL;
    (void)state;
    watch(a, &record);
    assert_int_equal(unlink(temp_home_file("profiles.db")), 0);
    assert_int_equal(create_profile("other"), S_OK);
    assert_int_equal(try_log_on("other", 0, &b), MAPI_E_LOGON_FAILED);
    assert_null(b);
    assert_non_null(strstr(MapiErrorDetail(MAPI_E_LOGON_FAILED), "work"));
    assert_int_equal(others(a), 0);
    b = share("other", MAPI_NEW_SESSION);
    log_off(b);
    log_off(a);
    assert_int_equal(shared_files(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(the_others_hear_of_every_logoff),
        IN_HOME(a_shared_logoff_reaches_other_processes_once),
        IN_HOME(a_closed_session_and_the_next_one),
        IN_HOME(R3_MAPIUninitialize_leaves),
        IN_HOME(a_sink_of_this_thread_releases_the_session_that_is_called),
        IN_HOME(R4_a_sink_may_call_MAPIUninitialize_while_it_runs),
        IN_HOME(R3_a_callback_may_call_MAPIInitialize_meanwhile),
        IN_HOME(a_killed_member_is_a_member_that_left),
        IN_HOME(all_are_killed_and_the_next_logon_works),
        IN_HOME(a_stopped_member_is_told_when_it_goes_on),
        IN_HOME(a_stopped_holder_of_the_lock),
        IN_HOME(a_bad_runtime_directory),
        IN_HOME(a_logon_that_fails_shares_nothing),
        IN_HOME(nothing_is_left_open),
        IN_HOME(a_deleted_profile_stays_until_its_last_member_has_gone),
        IN_HOME(a_renamed_profile_keeps_its_name_until_its_last_member_has_gone),
        IN_HOME(a_deleted_profile_whose_last_user_was_killed),
        IN_HOME(the_profiles_are_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
