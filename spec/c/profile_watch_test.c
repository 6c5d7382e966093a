/* core/profile_watch.h and the wake of core/notify_port.h, through the entry points of mapisub.h. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapisub.h>

#include "support/fault.h"
#include "support/processes.h"
#include "support/temp_home.h"

static bool readable(LPMAPINOTIFYPORT port)
{
    struct pollfd descriptor = {.events = POLLIN};
    assert_int_equal(MapiNotifyPortDescriptor(port, &descriptor.fd), S_OK);
    return poll(&descriptor, 1, 0) == 1;
}

static bool is_open(int descriptor)
{
    return fcntl(descriptor, F_GETFD) >= 0;
}

static HRESULT change(const char *name)
{
    IProfAdmin *admin = NULL;
    HRESULT hr = MAPIAdminProfiles(0, &admin);
    if (hr == S_OK) {
        hr = admin->lpVtbl->CreateProfile(admin, (LPTSTR)(void *)(uintptr_t)name, NULL, 0, 0);
        admin->lpVtbl->Release(admin);
    }
    return hr;
}

static void expect_change(const char *name)
{
    assert_int_equal(change(name), S_OK);
}

/* What a dispatch does for a Lua state. */
static bool looked(LPMAPINOTIFYPORT port)
{
    ULONG delivered;
    assert_int_equal(MapiNotifyPortDispatch(port, 0, &delivered), S_OK);
    assert_int_equal(delivered, 0);
    bool woken = readable(port);
    MapiNotifyPortWake(port, FALSE);
    return woken;
}

static LPMAPINOTIFYPORT new_port(void)
{
    LPMAPINOTIFYPORT port = NULL;
    assert_int_equal(MapiNotifyPortCreate(&port), S_OK);
    return port;
}

static void a_port_is_woken_until_it_is_told_otherwise(void **state)
{
    LPMAPINOTIFYPORT port = new_port();
    BOOL signalled = TRUE;
    (void)state;
    MapiNotifyPortWake(port, TRUE); /* also before there is a descriptor */
    assert_true(readable(port));
    assert_int_equal(MapiNotifyPortDispatch(port, 0, NULL), S_OK);
    assert_true(readable(port));
    assert_int_equal(MapiNotifyPortWait(port, -1, &signalled), S_OK);
    assert_false(signalled);
    MapiNotifyPortWake(port, FALSE);
    assert_false(readable(port));
    MapiNotifyPortWake(port, TRUE);
    MapiNotifyPortWake(port, TRUE);
    assert_true(readable(port));
    MapiNotifyPortWake(port, FALSE);
    assert_false(readable(port));
    MapiNotifyPortRelease(port);
    MapiNotifyPortWake(NULL, TRUE);
}

static void changes_wake_the_ports_that_watch(void **state)
{
    LPMAPINOTIFYPORT first = new_port(), second = new_port(), idle = new_port();
    (void)state;
    expect_change("before");
    assert_int_equal(MapiNotifyPortWatchAccounts(first, TRUE), S_OK);
    assert_int_equal(MapiNotifyPortWatchAccounts(first, TRUE), S_OK); /* counts once */
    assert_int_equal(MapiNotifyPortWatchAccounts(second, TRUE), S_OK);
    assert_false(readable(first));
    expect_change("one");
    assert_true(readable(first));
    assert_true(looked(first));
    assert_true(readable(second)); /* whose own look is still to come, though another one has read what came */
    assert_true(looked(second));
    assert_false(looked(idle));
    assert_false(readable(first));
    assert_int_equal(MapiNotifyPortWatchAccounts(first, FALSE), S_OK);
    assert_int_equal(MapiNotifyPortWatchAccounts(first, FALSE), S_OK); /* harmless */
    expect_change("two");
    assert_false(looked(first));
    assert_true(looked(second));
    MapiNotifyPortRelease(second); /* ends the watch */
    expect_change("three");
    assert_false(readable(first));
    MapiNotifyPortRelease(first);
    MapiNotifyPortRelease(idle);
}

static long in_child(char command)
{
    char name[] = {'c', command, '\0'};
    return change(name);
}

static void changes_of_other_processes_wake_as_well(void **state)
{
    struct process child = process_start(in_child);
    LPMAPINOTIFYPORT port = new_port();
    (void)state;
    expect_change("parent");
    assert_int_equal(MapiNotifyPortWatchAccounts(port, TRUE), S_OK);
    assert_int_equal(process_do(&child, '1'), S_OK);
    assert_true(looked(port));
    assert_false(looked(port));
    assert_int_equal(process_do(&child, '2'), S_OK);
    assert_true(looked(port));
    process_end(&child);
    MapiNotifyPortRelease(port);
}

static void a_file_that_is_replaced_is_watched_anew(void **state)
{
    LPMAPINOTIFYPORT port = new_port();
    char path[4096];
    (void)state;
    expect_change("here");
    assert_int_equal(MapiNotifyPortWatchAccounts(port, TRUE), S_OK);
    /* Somebody has put another directory's files in the place of ours. */
    static const char *const files[] = {"profiles.db", "profiles.db-wal", "profiles.db-shm", "profiles.lock"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", getenv("MAPI_HOME"), files[i]);
        unlink(path);
    }
    expect_change("anew");
    assert_true(looked(port));
    looked(port);
    expect_change("more");
    assert_true(looked(port));
    MapiNotifyPortRelease(port);
}

static void a_lock_file_that_alone_was_deleted_is_watched_anew(void **state)
{
    struct process child = process_start(in_child);
    LPMAPINOTIFYPORT port = new_port();
    char path[4096];
    (void)state;
    expect_change("here");
    assert_int_equal(MapiNotifyPortWatchAccounts(port, TRUE), S_OK);
    snprintf(path, sizeof path, "%s/profiles.lock", getenv("MAPI_HOME"));
    assert_int_equal(unlink(path), 0);
    assert_true(readable(port)); /* this process still has it open */
    looked(port);
    looked(port);
    assert_int_equal(process_do(&child, '1'), S_OK);
    assert_true(looked(port));
    looked(port);
    assert_int_equal(process_do(&child, '2'), S_OK);
    assert_true(looked(port));
    looked(port);
    expect_change("mine");
    assert_true(looked(port));
    process_end(&child);
    MapiNotifyPortRelease(port);
}

static void there_is_nothing_to_watch_without_profiles(void **state)
{
    LPMAPINOTIFYPORT port = new_port();
    (void)state;
    assert_int_equal(MapiNotifyPortWatchAccounts(NULL, TRUE), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MapiNotifyPortWatchAccounts(port, TRUE), MAPI_E_NOT_FOUND);
    assert_int_equal(MapiNotifyPortWatchAccounts(port, FALSE), S_OK);
    MapiNotifyPortRelease(port);
}

static int next_descriptor(void)
{
    int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(descriptor);
    return descriptor;
}

static HRESULT watch_and_stop(void *unused)
{
    LPMAPINOTIFYPORT port = NULL;
    HRESULT hr = MapiNotifyPortCreate(&port);
    (void)unused;
    hr = hr == S_OK ? MapiNotifyPortWatchAccounts(port, TRUE) : hr;
    MapiNotifyPortRelease(port);
    return hr;
}

static void nothing_stays_open_also_when_memory_runs_out(void **state)
{
    (void)state;
    expect_change("sweep");
    assert_int_equal(watch_and_stop(NULL), S_OK);
    int before = next_descriptor();
    assert_true(fault_sweep(watch_and_stop, NULL) > 0);
    assert_int_equal(next_descriptor(), before);
}

/* What the parent watches is not the child's, who watches for himself. */
static void R8_a_child_takes_nothing_from_its_parent(void **state)
{
    LPMAPINOTIFYPORT port = new_port();
    int status;
    (void)state;
    expect_change("fork");
    assert_int_equal(MapiNotifyPortWatchAccounts(port, TRUE), S_OK);
    int free_before = next_descriptor();
    expect_change("for the parent");
    pid_t pid = fork();
    if (pid == 0) {
        bool good = !looked(port) && MapiNotifyPortWatchAccounts(port, TRUE) == S_OK && change("child") == S_OK &&
                    looked(port) && MapiNotifyPortWatchAccounts(port, FALSE) == S_OK;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(looked(port));
    assert_false(is_open(free_before));
    MapiNotifyPortRelease(port);
}

static int setup(void **state)
{
    return temp_home_setup(state) == 0 && MAPIInitialize(NULL) == S_OK ? 0 : -1;
}

static int teardown(void **state)
{
    MAPIUninitialize();
    return temp_home_teardown(state);
}

#define IN_A_HOME(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOME(a_port_is_woken_until_it_is_told_otherwise),
        IN_A_HOME(changes_wake_the_ports_that_watch),
        IN_A_HOME(changes_of_other_processes_wake_as_well),
        IN_A_HOME(a_file_that_is_replaced_is_watched_anew),
        IN_A_HOME(changes_of_other_processes_wake_as_well),
        IN_A_HOME(a_lock_file_that_alone_was_deleted_is_watched_anew),
        IN_A_HOME(there_is_nothing_to_watch_without_profiles),
        IN_A_HOME(nothing_stays_open_also_when_memory_runs_out),
        IN_A_HOME(R8_a_child_takes_nothing_from_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
