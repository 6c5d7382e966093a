/* core/slot.h: the shared slot, between clients of one process and between processes. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
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

#include "base/failure.h"
#include "core/notify_port.h"
#include "core/slot.h"
#include "core/slot_file.h"
#include "core/slot_lock.h"
#include "support/fault.h"
#include "support/processes.h"
#include "support/temp_home.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW_TOOL 1
#else
#define SLOW_TOOL (getenv("MAPI_SLOW_TOOL") != NULL)
#endif

static const struct slot_profile profile_p = {7, "P"};

/* ---- a client that remembers what it was told ---- */

struct listener {
    struct slot_client *client;
    unsigned closed;
    uint64_t logoffs;
};

static void hear(void *context, const struct slot_news *news)
{
    struct listener *self = context;
    self->closed += news->closed;
    self->logoffs += news->logoffs;
}

static HRESULT try_create(struct listener *self, unsigned patience)
{
    memset(self, 0, sizeof *self);
    return slot_create(temp_home_path(), &profile_p, patience, &(struct slot_listener){hear, self}, &self->client);
}

static HRESULT try_join(struct listener *self, unsigned patience)
{
    struct slot_profile profile;
    memset(self, 0, sizeof *self);
    HRESULT hr = slot_join(temp_home_path(), patience, &(struct slot_listener){hear, self}, &self->client, &profile);
    if (hr == S_OK && (profile.row != profile_p.row || strcmp(profile.name, profile_p.name) != 0))
        abort();
    return hr;
}

static void create(struct listener *self)
{
    assert_int_equal(try_create(self, SLOT_PATIENCE_MS), S_OK);
}

static void join(struct listener *self)
{
    assert_int_equal(try_join(self, SLOT_PATIENCE_MS), S_OK);
}

static void leave(struct listener *self, enum slot_leave how)
{
    assert_int_equal(slot_leave(self->client, how), S_OK);
    self->client = NULL;
}

static ULONG others(struct listener *self)
{
    ULONG count = 12345;
    assert_int_equal(slot_client_others(self->client, &count), S_OK);
    return count;
}

/* Entries of the runtime directory. */
static int files(void)
{
    DIR *list = opendir(getenv("MAPI_RUNTIME_DIR"));
    int count = -2;
    while (list && readdir(list))
        count++;
    closedir(list);
    return count;
}

static int descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    int count = 0;
    while (list && readdir(list))
        count++;
    closedir(list);
    return count;
}

/* Open descriptors of what is in the runtime directory, and of sockets. */
static int shared_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char target[600] = "";
        if (readlinkat(dirfd(list), entry->d_name, target, sizeof target - 1) > 0)
            count += strncmp(target, "socket:", 7) == 0 || strstr(target, getenv("MAPI_RUNTIME_DIR"));
    }
    closedir(list);
    return count;
}

static int setup(void **state)
{
    temp_home_setup(state);
    slot_set_patience(SLOT_PATIENCE_MS);
    return 0;
}

/* Nothing may be left, but for what a killed process left, which the next logon clears. */
static int teardown(void **state)
{
    struct listener last;
    create(&last);
    leave(&last, SLOT_LEAVE);
    assert_int_equal(files(), 0);
    return temp_home_teardown(state);
}

/* ---- within a process ---- */

static void without_a_slot_there_is_nothing_to_join(void **state)
{
    struct listener a;
    (void)state;
    assert_int_equal(try_join(&a, 0), MAPI_E_NOT_FOUND);
    assert_null(a.client);
    assert_int_equal(files(), 0);
    assert_int_equal(chmod(getenv("MAPI_RUNTIME_DIR"), 0755), 0);
    assert_int_equal(try_join(&a, 0), MAPI_E_NOT_FOUND);
    assert_non_null(strstr(failure_detail(MAPI_E_NOT_FOUND), "0755"));
    assert_int_equal(try_create(&a, 0), MAPI_E_NO_ACCESS);
    assert_non_null(strstr(failure_detail(MAPI_E_NO_ACCESS), "0755"));
    assert_int_equal(chmod(getenv("MAPI_RUNTIME_DIR"), 0700), 0);
}

static void O1_joiners_are_clients_of_their_own(void **state)
{
    struct listener a, b, c;
    (void)state;
    create(&a);
    assert_int_equal(others(&a), 0);
    join(&b);
    join(&c);
    assert_true(a.client != b.client && b.client != c.client);
    assert_int_equal(others(&a), 2);
    leave(&a, SLOT_LEAVE); /* the creator: the slot outlives it */
    join(&a);
    assert_int_equal(others(&b), 2);
    leave(&b, SLOT_LEAVE);
    leave(&c, SLOT_LEAVE_SILENT);
    assert_int_equal(others(&a), 0);
    leave(&a, SLOT_LEAVE);
    assert_int_equal(files(), 0);
    assert_int_equal(try_join(&a, 0), MAPI_E_NOT_FOUND);
}

static void O2_a_slot_that_is_taken_stays_with_its_owner(void **state)
{
    struct listener a, b;
    (void)state;
    create(&a);
    assert_int_equal(try_create(&b, 0), MAPI_E_COLLISION);
    assert_null(b.client);
    leave(&a, SLOT_LEAVE);
    create(&b);
    leave(&b, SLOT_LEAVE);
}

static void L7_others_hear_of_a_logoff(void **state)
{
    struct listener a, b, c;
    (void)state;
    create(&a);
    join(&b);
    join(&c);
    slot_pump();
    assert_int_equal(a.logoffs + b.logoffs + c.logoffs, 0);
    leave(&b, SLOT_LEAVE);
    slot_pump();
    slot_pump();
    assert_int_equal(a.logoffs, 1);
    assert_int_equal(c.logoffs, 1);
    assert_int_equal(b.logoffs, 0);
    assert_int_equal(a.closed + b.closed + c.closed, 0);
    leave(&a, SLOT_LEAVE_SILENT); /* left to the next logon or logoff */
    slot_pump();
    assert_int_equal(c.logoffs, 1);
    join(&b);
    slot_pump();
    assert_int_equal(c.logoffs, 2);
    assert_int_equal(b.logoffs, 0); /* it was before its time */
    leave(&b, SLOT_LEAVE);
    leave(&c, SLOT_LEAVE);
}

static void L8_a_shared_logoff_closes_the_slot(void **state)
{
    struct listener a, b, c, d;
    (void)state;
    create(&a);
    join(&b);
    join(&c);
    assert_false(slot_client_is_closed(b.client));
    leave(&a, SLOT_LEAVE_SHARED);
    assert_true(slot_client_is_closed(b.client));
    slot_pump();
    slot_pump();
    assert_int_equal(b.closed, 1);
    assert_int_equal(c.closed, 1);
    assert_int_equal(a.closed, 0); /* L10 */
    assert_int_equal(b.logoffs, 1);
    assert_int_equal(files(), 1); /* the doorbell */
    assert_int_equal(try_join(&d, 0), MAPI_E_NOT_FOUND);
    create(&d); /* the next generation */
    assert_int_equal(others(&d), 0);
    assert_int_equal(others(&b), 1);
    leave(&b, SLOT_LEAVE_SHARED); /* once more: nobody is told twice */
    slot_pump();
    assert_int_equal(c.closed, 1);
    assert_int_equal(c.logoffs, 2);
    assert_int_equal(d.closed + d.logoffs, 0);
    assert_false(slot_client_is_closed(d.client));
    leave(&d, SLOT_LEAVE_SHARED); /* alone */
    leave(&c, SLOT_LEAVE);
    assert_int_equal(files(), 0);
}

static void each_home_has_its_own_slot(void **state)
{
    struct listener a;
    struct slot_client *other;
    (void)state;
    create(&a);
    assert_int_equal(slot_create(getenv("MAPI_RUNTIME_DIR"), &profile_p, 0, NULL, &other), S_OK);
    assert_int_equal(slot_leave(other, SLOT_LEAVE_SHARED), S_OK);
    assert_false(slot_client_is_closed(a.client));
    assert_int_equal(slot_create("/nonexistent", &profile_p, 0, NULL, &other), MAPI_E_NOT_FOUND);
    leave(&a, SLOT_LEAVE);
}

static void no_descriptor_is_leaked(void **state)
{
    struct listener a, b;
    (void)state;
    int before = descriptors();
    for (int i = 0; i < 20; i++) {
        create(&a);
        join(&b);
        leave(&a, i % 3 ? SLOT_LEAVE : SLOT_LEAVE_SHARED);
        leave(&b, i % 2 ? SLOT_LEAVE : SLOT_LEAVE_SILENT);
        assert_int_equal(try_join(&a, 0), MAPI_E_NOT_FOUND);
    }
    assert_int_equal(descriptors(), before);
}

static HRESULT come_and_go(void *context)
{
    struct listener a, b, c;
    (void)context;
    HRESULT hr = try_create(&a, 0);
    if (hr != S_OK)
        return hr;
    hr = try_join(&b, 0);
    if (hr == S_OK) {
        hr = slot_leave(b.client, SLOT_LEAVE_SHARED);
        if (hr == S_OK)
            hr = try_create(&c, 0);
        else
            slot_leave(b.client, SLOT_LEAVE_SILENT);
        if (hr == S_OK)
            slot_leave(c.client, SLOT_LEAVE);
    }
    slot_leave(a.client, SLOT_LEAVE);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    int before = descriptors();
    fault_sweep(come_and_go, NULL);
    assert_int_equal(descriptors(), before);
}

/* ---- a file that makes no sense ---- */

static void file_path(char *path)
{
    struct slot_place place;
    char name[SLOT_FILE_NAME_SIZE];
    assert_int_equal(slot_place_open(temp_home_path(), false, &place), S_OK);
    slot_place_file_name(&place, name);
    snprintf(path, 600, "%s/%s", place.dir.path, name);
    slot_place_close(&place);
}

/* Does something to the file, which is $f in the shell command: in a child, because closing a descriptor of the file here would drop
 * our locks. */
static void damage(const char *how)
{
    char path[600], command[1400];
    file_path(path);
    snprintf(command, sizeof command, "f='%s'; %s", path, how);
    assert_int_equal(system(command), 0);
}

static void what_is_left_of_nothing_is_replaced(void **state)
{
    static const char *const kinds[] = {"umask 077; : > $f", "umask 077; echo nonsense > $f",
                                        "umask 077; head -c 200000 /dev/urandom > $f"};
    struct listener a;
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        damage(kinds[i]);
        assert_int_equal(try_join(&a, 0), MAPI_E_NOT_FOUND);
        assert_int_equal(files(), 0);
        damage(kinds[i]);
        create(&a);
        leave(&a, SLOT_LEAVE);
    }
    damage("umask 000; echo > $f");
    assert_int_equal(try_create(&a, 0), MAPI_E_NO_ACCESS); /* others could have written it */
    assert_int_equal(try_join(&a, 0), MAPI_E_NO_ACCESS);
    damage("rm $f");
    damage("ln -s /etc/passwd $f");
    assert_int_equal(try_create(&a, 0), MAPI_E_NO_ACCESS);
    damage("rm $f");
    damage("mkfifo -m 600 $f");
    assert_int_equal(try_create(&a, 0), MAPI_E_NO_ACCESS);
    damage("rm $f");
    damage("mkdir $f");
    assert_int_equal(try_create(&a, 0), MAPI_E_NO_ACCESS);
    damage("rmdir $f");
}

static void members_write_a_damaged_record_anew(void **state)
{
    static const char *const kinds[] = {": > $f", "head -c 5000 /dev/urandom > $f",
                                        "dd if=/dev/urandom of=$f conv=notrunc bs=1 seek=4096 count=100000 2>/dev/null",
                                        "rm $f"};
    struct listener a, b;
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        create(&a);
        join(&b);
        damage(kinds[i]);
        slot_pump();
        assert_int_equal(a.closed + a.logoffs, 0);
        assert_false(slot_client_is_closed(a.client));
        assert_int_equal(others(&a), 1);
        leave(&b, SLOT_LEAVE_SHARED);
        slot_pump();
        assert_int_equal(a.closed, 1);
        leave(&a, SLOT_LEAVE);
        assert_int_equal(files(), 0);
    }
}

/* ---- processes ---- */

static struct listener mine; /* in a child */

static long serve(char command)
{
    switch (command) {
    case 'c':
        return try_create(&mine, SLOT_PATIENCE_MS);
    case 'j':
        return try_join(&mine, SLOT_PATIENCE_MS);
    case 'l':
        return slot_leave(mine.client, SLOT_LEAVE);
    case 'L':
        return slot_leave(mine.client, SLOT_LEAVE_SHARED);
    case 's':
        return slot_leave(mine.client, SLOT_LEAVE_SILENT);
    case 'p':
        slot_pump();
        return (long)(1000 * mine.closed + mine.logoffs);
    case 'w': /* until told of the shutdown; only the doorbell wakes us */
        while (mine.closed == 0) {
            notify_port_wait(notify_port_of_process(), -1, NULL);
            slot_pump();
        }
        return (long)mine.closed;
    case 'o': {
        ULONG count = 0;
        return slot_client_others(mine.client, &count) == S_OK ? (long)count : -1;
    }
    case 'f': { /* forks a child that lives on, with all that it inherits */
        pid_t pid = fork();
        if (pid == 0) {
            alarm(300); /* should the test not come to kill it */
            for (;;)
                pause();
        }
        return pid;
    }
    case 'h': { /* takes the slot's lock, and is stopped with it */
        struct slot_place place;
        struct slot_file file;
        if (slot_place_open(temp_home_path(), false, &place) != S_OK || slot_file_open(&place, false, &file) != S_OK)
            return -1;
        return slot_lock_take(file.fd, slot_lock_deadline(1000));
    }
    default:
        return -1;
    }
}

static void a_second_process_joins_and_hears(void **state)
{
    struct process p = process_start(serve);
    struct listener a;
    (void)state;
    assert_int_equal(process_do(&p, 'j'), MAPI_E_NOT_FOUND);
    create(&a);
    assert_int_equal(process_do(&p, 'c'), MAPI_E_COLLISION);
    assert_int_equal(process_do(&p, 'j'), S_OK);
    assert_int_equal(others(&a), 1);
    assert_int_equal(process_do(&p, 'o'), 1);
    assert_int_equal(process_do(&p, 'p'), 0);
    leave(&a, SLOT_LEAVE);
    assert_int_equal(process_do(&p, 'p'), 1);
    join(&a);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    slot_pump();
    assert_int_equal(a.logoffs, 1);
    assert_int_equal(process_do(&p, 'j'), S_OK);
    process_send(&p, 'w');
    leave(&a, SLOT_LEAVE_SHARED);
    assert_int_equal(process_answer(&p), 1);
    assert_int_equal(process_do(&p, 'p'), 1001);
    assert_int_equal(process_do(&p, 'L'), S_OK);
    assert_int_equal(files(), 0);
    process_end(&p);
}

/* A join that fails has left no trace that others would take for a member that left. */
static void nobody_hears_of_a_join_that_failed(void **state)
{
    struct process p = process_start(serve);
    struct listener a;
    HRESULT hr = MAPI_E_NOT_ENOUGH_MEMORY;
    bool failed = true;
    (void)state;
    assert_int_equal(process_do(&p, 'c'), S_OK);
    for (unsigned long n = 1; failed; n++) {
        fault_start(n);
        hr = try_join(&a, SLOT_PATIENCE_MS);
        failed = fault_stop();
        assert_int_equal(hr, failed ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK);
        assert_int_equal(process_do(&p, 'p'), 0);
    }
    leave(&a, SLOT_LEAVE);
    assert_int_equal(process_do(&p, 'p'), 1);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    process_end(&p);
}

static void the_slot_outlives_its_creator(void **state)
{
    struct process p = process_start(serve);
    struct listener a;
    (void)state;
    assert_int_equal(process_do(&p, 'c'), S_OK);
    join(&a);
    process_end(&p); /* without logging off */
    assert_int_equal(others(&a), 0);
    struct process q = process_start(serve);
    assert_int_equal(process_do(&q, 'j'), S_OK);
    slot_pump();
    assert_int_equal(a.logoffs, 1); /* the dead one was buried */
    leave(&a, SLOT_LEAVE);
    assert_int_equal(process_do(&q, 's'), S_OK);
    assert_int_equal(files(), 1); /* the record, without anybody alive in it */
    process_end(&q);
    assert_int_equal(try_join(&a, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(files(), 0);
}

static void a_killed_member_is_buried_though_its_child_lives(void **state)
{
    struct process p = process_start(serve);
    struct listener a, b;
    (void)state;
    create(&a);
    assert_int_equal(process_do(&p, 'j'), S_OK);
    long survivor = process_do(&p, 'f');
    assert_true(survivor > 0);
    process_kill(&p);
    assert_int_equal(others(&a), 0);
    join(&b);
    slot_pump();
    assert_int_equal(a.logoffs, 1);
    assert_int_equal(files(), 2); /* the file and our doorbell */
    leave(&a, SLOT_LEAVE);
    leave(&b, SLOT_LEAVE);
    kill((pid_t)survivor, SIGKILL);
}

static void the_last_member_of_a_closed_generation_is_killed(void **state)
{
    struct process p = process_start(serve);
    struct listener a;
    (void)state;
    create(&a);
    assert_int_equal(process_do(&p, 'j'), S_OK);
    leave(&a, SLOT_LEAVE_SHARED);
    process_kill(&p);
    assert_int_equal(files(), 1);
    /* the teardown's logon clears it */
}

static void a_stopped_holder_of_the_lock_stops_nobody_for_long(void **state)
{
    struct process p = process_start(serve);
    struct listener a, b, c;
    (void)state;
    create(&a);
    join(&b);
    assert_int_equal(process_do(&p, 'h'), S_OK);
    kill(p.pid, SIGSTOP);
    waitpid(p.pid, NULL, WUNTRACED);
    assert_int_equal(try_join(&c, 20), MAPI_E_TIMEOUT);
    assert_int_equal(try_create(&c, 20), MAPI_E_TIMEOUT);
    slot_set_patience(20);
    assert_int_equal(slot_leave(a.client, SLOT_LEAVE_SHARED), MAPI_E_TIMEOUT);
    assert_non_null(failure_detail(MAPI_E_TIMEOUT));
    slot_pump(); /* needs no lock */
    assert_int_equal(b.closed, 0);
    assert_false(slot_client_is_closed(b.client));
    leave(&a, SLOT_LEAVE); /* as if silently */
    assert_int_equal(others(&b), 0);
    kill(p.pid, SIGCONT);
    process_end(&p);
    slot_set_patience(SLOT_PATIENCE_MS);
    join(&c);
    slot_pump();
    assert_int_equal(b.logoffs, 1);
    leave(&b, SLOT_LEAVE);
    leave(&c, SLOT_LEAVE);
}

static void R8_a_forked_child_disturbs_nobody(void **state)
{
    struct listener a, b;
    struct process p = process_start(serve);
    (void)state;
    create(&a);
    join(&b);
    assert_int_equal(process_do(&p, 'j'), S_OK);
    int before = shared_descriptors();
    pid_t pid = fork();
    if (pid == 0) {
        ULONG count = 0;
        struct listener c;
        slot_pump();
        if (shared_descriptors() != before - 3) /* directory, file, doorbell */
            _exit(1);
        slot_client_is_closed(a.client);
        slot_client_others(a.client, &count);
        if (slot_leave(a.client, SLOT_LEAVE_SHARED) != S_OK || slot_leave(b.client, SLOT_LEAVE) != S_OK)
            _exit(2);
        if (try_join(&c, 1000) != S_OK || slot_client_others(c.client, &count) != S_OK || count != 3)
            _exit(3);
        _exit(slot_leave(c.client, SLOT_LEAVE) == S_OK ? 0 : 4);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    slot_pump();
    assert_int_equal(a.closed, 0);
    assert_int_equal(a.logoffs, 1); /* the child's own client */
    assert_int_equal(others(&a), 2);
    assert_int_equal(process_do(&p, 'o'), 2);
    leave(&a, SLOT_LEAVE);
    leave(&b, SLOT_LEAVE);
    assert_int_equal(process_do(&p, 'l'), S_OK);
    process_end(&p);
}

static void one_shared_logoff_reaches_two_hundred_processes_once(void **state)
{
    int count = SLOW_TOOL ? 8 : 200;
    struct process *all = calloc((size_t)count, sizeof *all);
    struct listener a;
    (void)state;
    create(&a);
    for (int i = 0; i < count; i++)
        all[i] = process_start(serve);
    for (int i = 0; i < count; i++)
        process_send(&all[i], 'j');
    for (int i = 0; i < count; i++)
        assert_int_equal(process_answer(&all[i]), S_OK);
    assert_int_equal(others(&a), count);
    for (int i = 0; i < count; i++)
        process_send(&all[i], i % 10 == 9 ? 'l' : 'w'); /* some log off meanwhile */
    leave(&a, SLOT_LEAVE_SHARED);
    for (int i = 0; i < count; i++)
        assert_int_equal(process_answer(&all[i]), i % 10 == 9 ? S_OK : 1);
    for (int i = 0; i < count; i++)
        if (i % 10 != 9)
            assert_int_equal(process_do(&all[i], 'p') / 1000, 1);
    for (int i = 0; i < count; i++)
        if (i % 10 != 9)
            process_send(&all[i], 'L');
    for (int i = 0; i < count; i++)
        if (i % 10 != 9)
            assert_int_equal(process_answer(&all[i]), S_OK);
    for (int i = 0; i < count; i++)
        process_end(&all[i]);
    assert_int_equal(files(), 0);
    free(all);
}

/* ---- coming and going at random ---- */

static unsigned dice;

static unsigned throw_dice(unsigned sides)
{
    dice = dice * 1103515245u + 12345u;
    return (dice >> 16) % sides;
}

/* One join or creation and one way of leaving; 0, or what went wrong. Started by any command. */
static long visit(char command)
{
    struct listener guest;
    HRESULT hr = MAPI_E_NOT_FOUND;
    dice = dice ? dice + (unsigned char)command : (unsigned)getpid();
    for (int i = 0; i < 1000 && (hr == MAPI_E_NOT_FOUND || hr == MAPI_E_COLLISION); i++)
        hr = i % 2 == 0 ? try_join(&guest, SLOT_PATIENCE_MS) : try_create(&guest, SLOT_PATIENCE_MS);
    if (hr != S_OK)
        return hr;
    slot_pump();
    if (throw_dice(2))
        sched_yield();
    slot_pump();
    if (guest.closed > 1)
        return -2;
    unsigned way = throw_dice(20);
    hr = slot_leave(guest.client, way == 0 ? SLOT_LEAVE_SHARED : way < 4 ? SLOT_LEAVE_SILENT : SLOT_LEAVE);
    return hr;
}

static long visit_with_child(char command)
{
    if (command == 'f')
        return serve('f');
    return visit(command);
}

static void coming_and_going_and_being_killed(void **state)
{
    int count = SLOW_TOOL ? 8 : 50, visits = SLOW_TOOL ? 200 : 1000, killed = 0, done = 0;
    struct process *all = calloc((size_t)count, sizeof *all);
    struct pollfd *polled = calloc((size_t)count, sizeof *polled);
    pid_t survivors[1000];
    int survivor_count = 0;
    (void)state;
    dice = 20261120;
    for (int i = 0; i < count; i++) {
        all[i] = process_start(visit_with_child);
        process_send(&all[i], 'v');
    }
    while (done < visits) {
        for (int i = 0; i < count; i++)
            polled[i] = (struct pollfd){all[i].pipe, POLLIN, 0};
        assert_true(poll(polled, (nfds_t)count, -1) > 0);
        for (int i = 0; i < count; i++) {
            if (!(polled[i].revents & POLLIN))
                continue;
            assert_int_equal(process_answer(&all[i]), 0);
            done++;
            if (survivor_count < 20 && throw_dice(20) == 0)
                survivors[survivor_count++] = (pid_t)process_do(&all[i], 'f');
            process_send(&all[i], (char)('A' + throw_dice(20)));
        }
        if (throw_dice(4) == 0) { /* whatever that one is doing */
            unsigned victim = throw_dice((unsigned)count);
            process_kill(&all[victim]);
            all[victim] = process_start(visit_with_child);
            process_send(&all[victim], 'v');
            killed++;
        }
    }
    for (int i = 0; i < count; i++) {
        assert_int_equal(process_answer(&all[i]), 0);
        process_end(&all[i]);
    }
    assert_true(killed > 10);
    for (int i = 0; i < survivor_count; i++)
        kill(survivors[i], SIGKILL);
    free(polled);
    free(all);
}

/* ---- threads ---- */

static void *visit_often(void *context)
{
    (void)context;
    for (int i = 0; i < 50; i++) {
        struct listener guest;
        HRESULT hr = try_join(&guest, SLOT_PATIENCE_MS);
        if (hr != S_OK)
            hr = try_create(&guest, SLOT_PATIENCE_MS);
        if (hr == S_OK) {
            ULONG count;
            slot_pump();
            slot_client_others(guest.client, &count);
            slot_client_is_closed(guest.client);
            slot_leave(guest.client, i % 10 == 0 ? SLOT_LEAVE_SHARED : i % 3 ? SLOT_LEAVE : SLOT_LEAVE_SILENT);
        } else if (hr != MAPI_E_COLLISION) {
            return (void *)(uintptr_t)1;
        }
    }
    return NULL;
}

static void threads_come_and_go(void **state)
{
    pthread_t threads[8];
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, visit_often, NULL), 0);
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
}

#define WITH_SLOT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SLOT(without_a_slot_there_is_nothing_to_join),
        WITH_SLOT(O1_joiners_are_clients_of_their_own),
        WITH_SLOT(O2_a_slot_that_is_taken_stays_with_its_owner),
        WITH_SLOT(L7_others_hear_of_a_logoff),
        WITH_SLOT(L8_a_shared_logoff_closes_the_slot),
        WITH_SLOT(each_home_has_its_own_slot),
        WITH_SLOT(no_descriptor_is_leaked),
        WITH_SLOT(failing_memory),
        WITH_SLOT(what_is_left_of_nothing_is_replaced),
        WITH_SLOT(members_write_a_damaged_record_anew),
        WITH_SLOT(a_second_process_joins_and_hears),
        WITH_SLOT(nobody_hears_of_a_join_that_failed),
        WITH_SLOT(the_slot_outlives_its_creator),
        WITH_SLOT(a_killed_member_is_buried_though_its_child_lives),
        WITH_SLOT(the_last_member_of_a_closed_generation_is_killed),
        WITH_SLOT(a_stopped_holder_of_the_lock_stops_nobody_for_long),
        WITH_SLOT(R8_a_forked_child_disturbs_nobody),
        WITH_SLOT(one_shared_logoff_reaches_two_hundred_processes_once),
        WITH_SLOT(coming_and_going_and_being_killed),
        WITH_SLOT(threads_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
