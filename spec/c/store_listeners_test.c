/* A store that several processes, forks and threads are registered with, and where they meet; 06 R8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <mapicode.h>
#include <mapiutil.h>

#include "support/mapi.h"
#include "support/processes.h"
#include "support/store_advise.h"
#include "support/temp_home.h"

/* ---- several processes ---- */

static IMAPIFolder *their_box;
static struct event_log their_log;

/* What a child does: o opens the store, m makes a message, l listens, h dispatches and says how much it has heard, w waits until it
 * hears something, c closes everything. */
static long serve(char command)
{
    struct event_log *log = &their_log;
    switch (command) {
    case 'o':
        if (MAPIInitialize(NULL) != S_OK || try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &the_session) != S_OK)
            return -1;
        the_store = open_store(MDB_WRITE);
        their_box = inbox();
        return 0;
    case 'm':
        add_message(their_box, "theirs");
        return 0;
    case 'l':
        return (long)(advise(the_store, whole, fnevObjectCreated, log) != 0);
    case 'h':
        return heard(log) ? (long)0 : -1;
    case 'n':
        HrDispatchNotifications(0);
        return (long)log->count;
    case 'c':
        if (!the_session)
            return 0;
        release(their_box);
        release(the_store);
        log_off(the_session);
        the_session = NULL;
        MAPIUninitialize();
        return 0;
    default:
        return -1;
    }
}

static struct process theirs[2];

static int processes_setup(void **state)
{
    (void)state;
    temp_home_make();
    for (int i = 0; i < 2; i++)
        theirs[i] = process_start(serve);
    if (store_setup_beside_processes() != 0)
        return -1;
    return process_do(&theirs[0], 'o') == 0 && process_do(&theirs[1], 'o') == 0 ? 0 : -1;
}

static int processes_teardown(void **state)
{
    for (int i = 0; i < 2; i++) {
        if (theirs[i].pid) {
            process_do(&theirs[i], 'c');
            process_end(&theirs[i]);
        }
    }
    return store_teardown(state);
}

#define WITH_PROCESSES(test) cmocka_unit_test_setup_teardown(test, processes_setup, processes_teardown)

static void other_processes_are_heard(void **state)
{
    (void)state;
    struct event_log log;
    LPMAPINOTIFYPORT port = NULL;
    IMAPIAdviseSink *sink = log_sink(&log), *wrapped = NULL;
    ULONG_PTR connection;
    ULONG delivered = 9;
    assert_int_equal(MapiNotifyPortCreate(&port), S_OK);
    assert_int_equal(MapiNotifyPortWrap(port, sink, &wrapped), S_OK);
    assert_int_equal(try_advise(the_store, whole, fnevObjectCreated, wrapped, &connection), S_OK);
    release(sink);
    release(wrapped);
    assert_int_equal(process_do(&theirs[0], 'm'), 0);
    assert_int_equal(MapiNotifyPortWait(port, -1, NULL), S_OK); /* the bell has been rung */
    assert_int_equal(MapiNotifyPortDispatch(port, 0, &delivered), S_OK);
    assert_int_equal(delivered, 1);
    assert_string_equal(log_text(&log), "created:M ");
    IMessage *message = NULL;
    SBinary id = {log.events[0].id.size, log.events[0].id.bytes};
    assert_int_equal(try_open(the_store, id, 0, &message), S_OK);
    assert_string_equal(text_of(message, PR_SUBJECT_W), "theirs");
    release(message);
    /* Both ways, and in between. */
    assert_int_equal(process_do(&theirs[0], 'l'), 1);
    assert_int_equal(process_do(&theirs[1], 'l'), 1);
    assert_int_equal(bells(), 3);
    IMAPIFolder *box = inbox();
    add_message(box, "ours");
    assert_int_equal(process_do(&theirs[1], 'm'), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(process_do(&theirs[i], 'n'), 2);
    assert_int_equal(MapiNotifyPortDispatch(port, 1, &delivered), S_OK);
    assert_int_equal(delivered, 1);
    assert_int_equal(MapiNotifyPortDispatch(port, 0, &delivered), S_OK);
    assert_int_equal(delivered, 1);
    assert_int_equal(MapiNotifyPortDispatch(port, 0, &delivered), S_OK);
    assert_int_equal(delivered, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(process_do(&theirs[i], 'c'), 0);
    assert_int_equal(bells(), 1);
    unadvise(connection);
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 0);
    assert_int_equal(store_query("SELECT count(*) FROM event"), 0);
    MapiNotifyPortRelease(port);
    release(box);
}

static void a_killed_listener_leaves_nothing(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox();
    assert_int_equal(process_do(&theirs[0], 'l'), 1);
    assert_int_equal(process_do(&theirs[1], 'l'), 1);
    process_kill(&theirs[0]);
    theirs[0].pid = 0;
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 2);
    add_message(box, "a"); /* finds out */
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 1);
    assert_int_equal(bells(), 1);
    assert_int_equal(process_do(&theirs[1], 'n'), 1);
    process_kill(&theirs[1]);
    theirs[1].pid = 0;
    struct event_log log;
    unadvise(advise(the_store, whole, everything, &log)); /* finds out as well */
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 0);
    assert_int_equal(store_query("SELECT count(*) FROM event"), 0);
    assert_int_equal(bells(), 0);
    release(box);
}

/* Where the bells hang. */
static void a_runtime_directory_that_is_refused(void **state)
{
    (void)state;
    struct event_log log;
    char *good = strdup(getenv("MAPI_RUNTIME_DIR"));
    char missing[200];
    ULONG_PTR connection = 1;
    IMAPIAdviseSink *sink = log_sink(&log);
    snprintf(missing, sizeof missing, "%s/missing", good);
    setenv("MAPI_RUNTIME_DIR", missing, 1);
    assert_int_equal(try_advise(the_store, whole, everything, sink, &connection), MAPI_E_NO_ACCESS);
    assert_int_equal(connection, 0);
    assert_non_null(strstr(MapiErrorDetail(MAPI_E_NO_ACCESS), missing));
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 0);
    setenv("MAPI_RUNTIME_DIR", good, 1);
    release(sink);
    unadvise(advise(the_store, whole, everything, &log));
    free(good);
}

static void a_runtime_directory_with_a_long_path(void **state)
{
    (void)state;
    struct event_log log;
    char *good = strdup(getenv("MAPI_RUNTIME_DIR"));
    char path[300];
    int size = snprintf(path, sizeof path, "%s/%0150d", good, 7);
    assert_true(size > 108);
    assert_int_equal(mkdir(path, 0700), 0);
    setenv("MAPI_RUNTIME_DIR", path, 1);
    advise(the_store, whole, fnevObjectCreated, &log);
    assert_int_equal(bells(), 1);
    assert_int_equal(process_do(&theirs[0], 'm'), 0); /* who has another directory finds it all the same */
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 1);
    assert_string_equal(heard(&log), "created:M ");
    release(the_store);
    the_store = NULL;
    assert_int_equal(bells(), 0);
    assert_int_equal(rmdir(path), 0);
    setenv("MAPI_RUNTIME_DIR", good, 1);
    free(good);
}

/* Its sockets are gone, as when the user's directory is removed at his last logout. */
static void a_listener_that_cannot_be_rung_hears_of_it(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectCreated, &log);
    DIR *names = opendir(getenv("MAPI_RUNTIME_DIR"));
    for (const struct dirent *entry = readdir(names); entry; entry = readdir(names))
        if (entry->d_type == DT_SOCK)
            assert_int_equal(unlinkat(dirfd(names), entry->d_name, 0), 0);
    closedir(names);
    assert_int_equal(process_do(&theirs[0], 'm'), 0); /* told, but it is taken for dead */
    assert_int_equal(process_do(&theirs[0], 'm'), 0); /* not told */
    assert_string_equal(heard(&log), "reload ");
    add_message(box, "a");
    assert_string_equal(heard(&log), "created:M ");
    release(box);
}

/* What is not a ring of ours rings nothing, and what floods the bell is not waited for. */
static void datagrams_from_anybody(void **state)
{
    (void)state;
    struct event_log log;
    advise(the_store, whole, fnevObjectCreated, &log);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    DIR *names = opendir(getenv("MAPI_RUNTIME_DIR"));
    for (const struct dirent *entry = readdir(names); entry; entry = readdir(names))
        if (entry->d_type == DT_SOCK)
            snprintf(address.sun_path, sizeof address.sun_path, "%s/%.80s", getenv("MAPI_RUNTIME_DIR"), entry->d_name);
    closedir(names);
    int caller = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    char noise[4096];
    memset(noise, 'x', sizeof noise);
    while (sendto(caller, noise, sizeof noise, 0, (struct sockaddr *)&address, sizeof address) > 0)
        continue;
    assert_string_equal(heard(&log), "");
    assert_int_equal(process_do(&theirs[0], 'm'), 0); /* whatever is in front of its ring */
    assert_string_equal(heard(&log), "created:M ");
    close(caller);
}

static void nothing_is_written_where_nobody_listens(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox();
    add_message(box, "a");
    assert_int_equal(process_do(&theirs[0], 'm'), 0);
    assert_int_equal(store_query("SELECT count(*) FROM event"), 0);
    assert_int_equal(store_query("SELECT count(*) FROM sqlite_sequence WHERE name = 'event'"), 0);
    release(box);
}

/* ---- a fork, and threads ---- */

/* In the child: what it inherited only wants to be released, and is the parent's. */
static long give_back(char command)
{
    (void)command;
    ULONG_PTR connection = 0;
    struct event_log log;
    IMAPIAdviseSink *sink = log_sink(&log);
    if (try_advise(the_store, whole, everything, sink, &connection) != MAPI_E_NOT_INITIALIZED)
        return 1;
    release(sink);
    release(their_box);
    release(the_store);
    release(the_session);
    MAPIUninitialize();
    return 0;
}

static void R8_a_childs_ending_leaves_the_parents_registrations(void **state)
{
    (void)state;
    struct event_log log, routed, rows;
    their_box = inbox();
    IMAPITable *table = contents(their_box, 0);
    advise(the_store, whole, fnevObjectCreated, &log);
    advise_session(entryid(their_box), fnevObjectModified, &routed);
    advise_table(table, &rows);
    struct process child = process_start(give_back);
    assert_int_equal(process_do(&child, 'g'), 0);
    process_end(&child);
    assert_int_equal(bells(), 1);
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 1);
    add_message(their_box, "a");
    assert_string_equal(heard(&log), "created:M ");
    assert_string_equal(log_text(&routed), "modified:F ");
    assert_string_equal(log_text(&rows), "added ");
    release(table);
    release(their_box);
}

enum { WRITES = 40 };

static void *write_messages(void *context)
{
    IMAPIFolder *box = context;
    for (int i = 0; i < WRITES; i++) {
        IMessage *message = NULL;
        if (box->lpVtbl->CreateMessage(box, NULL, 0, &message) != S_OK ||
            message->lpVtbl->SaveChanges(message, 0) != S_OK)
            return context;
        message->lpVtbl->Release(message);
    }
    return NULL;
}

static void *register_and_leave(void *context)
{
    IMAPIAdviseSink *sink = context;
    for (int i = 0; i < WRITES; i++) {
        ULONG_PTR connection;
        if (try_advise(the_store, whole, fnevObjectCreated, sink, &connection) != S_OK ||
            the_store->lpVtbl->Unadvise(the_store, connection) != S_OK)
            return context;
    }
    return NULL;
}

static void several_threads(void **state)
{
    (void)state;
    struct event_log log, other;
    IMsgStore *second = open_store(MDB_WRITE);
    IMAPIFolder *boxes[2] = {inbox(), NULL};
    assert_int_equal(try_open(second, entryid(boxes[0]), MAPI_MODIFY, &boxes[1]), S_OK);
    IMAPIAdviseSink *sink = log_sink(&other);
    pthread_t threads[3];
    void *result;
    advise(the_store, whole, fnevObjectCreated, &log);
    unsigned count = 0;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_messages, boxes[i]), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, register_and_leave, sink), 0);
    while (count < 2 * WRITES) {
        assert_int_equal(HrDispatchNotifications(0), S_OK);
        count += log.count;
        log.count = 0;
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    assert_string_equal(heard(&log), "");
    assert_int_equal(count, 2 * WRITES);
    assert_int_equal(sink->lpVtbl->Release(sink), 0);
    release(boxes[1]);
    release(boxes[0]);
    release(second);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PROCESSES(other_processes_are_heard),
        WITH_PROCESSES(a_killed_listener_leaves_nothing),
        IN_STORE(a_runtime_directory_that_is_refused),
        WITH_PROCESSES(a_runtime_directory_with_a_long_path),
        WITH_PROCESSES(a_listener_that_cannot_be_rung_hears_of_it),
        WITH_PROCESSES(datagrams_from_anybody),
        WITH_PROCESSES(nothing_is_written_where_nobody_listens),
        IN_STORE(R8_a_childs_ending_leaves_the_parents_registrations),
        IN_STORE(several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
