/* Shared sessions of many processes that come, go, are killed and stopped, and of processes whom the surroundings are not kind to:
 * 02, sections 2, 6 and 7; decisions L7 to L10, O1, R8, R9. Two or three processes and the order of things are shared_test's; the
 * slot without sessions is slot_test's.
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapisub.h>
#include <mapiutil.h>

#include "core/slot.h"
#include "core/slot_lock.h"
#include "support/guest.h"
#include "support/mapi.h"
#include "support/processes.h"
#include "support/temp_home.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW_TOOL 1
#else
#define SLOW_TOOL (getenv("MAPI_SLOW_TOOL") != NULL)
#endif

enum { DEADLINE_MS = 120000, STRANGER = 65534 };

/* ---- what is left behind ---- */

static int count_entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    for (const struct dirent *each = readdir(directory); each; each = readdir(directory))
        count += each->d_name[0] != '.';
    closedir(directory);
    return count;
}

static const char *run_dir(void)
{
    return getenv("MAPI_RUNTIME_DIR");
}

static int shared_files(void)
{
    return count_entries(run_dir());
}

/* Descriptors that sharing needs: sockets, and what is in the runtime directory. */
static int shared_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    int count = 0;
    for (const struct dirent *each = readdir(list); each; each = readdir(list)) {
        char target[600] = "";
        if (readlinkat(dirfd(list), each->d_name, target, sizeof target - 1) > 0)
            count += strncmp(target, "socket:", 7) == 0 || strstr(target, run_dir());
    }
    closedir(list);
    return count;
}

static int setup(void **state)
{
    int result = mapi_setup(state);
    return result ? result : create_profile("work") != S_OK;
}

/* The profile is nobody's any more, the next logon works, and after it nothing is left. */
static int teardown(void **state)
{
    slot_set_patience(SLOT_PATIENCE_MS);
    IMAPISession *last = NULL;
    assert_int_equal(try_log_on("work", MAPI_ALLOW_OTHERS | MAPI_EXTENDED, &last), S_OK);
    log_off(last);
    assert_int_equal(shared_files(), 0);
    assert_int_equal(delete_profile("work"), S_OK);
    assert_int_equal(try_log_on("work", MAPI_EXTENDED, &last), MAPI_E_LOGON_FAILED);
    return mapi_teardown(state);
}

static struct guest mine;

/* A descriptor of the slot's file of this process. */
static int slot_descriptor(void)
{
    for (int fd = 0; fd < 1024; fd++) {
        char link[40], target[600] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof target - 1) > 0 && strstr(target, ".slot"))
            return fd;
    }
    return -1;
}

static long serve(char command)
{
    HRESULT hr;
    switch (command) {
    case 'j':
        hr = guest_come(&mine, MAPI_ALLOW_OTHERS);
        hr = hr == S_OK ? guest_listen(&mine) : hr;
        return hr == S_OK ? session_state(mine.session) : hr;
    case 'w':
        return guest_wait(&mine);
    case 'c': /* once more, and how often it was told by now */
        MapiNotifyPortDispatch(mine.port, 0, NULL);
        return (long)mine.criticals;
    case 'l':
        return guest_go(&mine, 0);
    case 'L':
        return guest_go(&mine, MAPI_LOGOFF_SHARED);
    case 's':
        return session_state(mine.session);
    case 'd':
        return shared_descriptors();
    case 'h': /* takes the slot's lock, and keeps it until 'H' */
        return slot_lock_take(slot_descriptor(), slot_lock_deadline(1000));
    case 'H':
        slot_lock_drop(slot_descriptor());
        return S_OK;
    case 'f': { /* a child that lives on */
        pid_t pid = fork();
        if (pid == 0) {
            alarm(600);
            for (;;)
                pause();
        }
        return pid;
    }
    default:
        return -3;
    }
}

/* ---- one logoff, many to tell ---- */

enum fate { TOLD, LEAVES, KILLED, STOPPED };

static enum fate fate_of(int i)
{
    return i % 10 == 9 ? LEAVES : i == 3 ? KILLED : i == 5 ? STOPPED : TOLD;
}

static void one_shared_logoff(struct process *all, int count)
{
    struct guest host;
    assert_int_equal(guest_come(&host, MAPI_ALLOW_OTHERS), S_OK);
    assert_int_equal(guest_listen(&host), S_OK);
    assert_int_equal(session_state(host.session), 1);
    for (int i = 0; i < count; i++)
        process_send(&all[i], 'j');
    for (int i = 0; i < count; i++)
        assert_int_equal(process_answer(&all[i]), 3);
    assert_int_equal(session_others(host.session), count);
    kill(all[5].pid, SIGSTOP);
    waitpid(all[5].pid, NULL, WUNTRACED);
    for (int i = 0; i < count; i++)
        if (fate_of(i) == TOLD)
            process_send(&all[i], 'w');
    for (int i = 0; i < count; i++) /* these are on their way while the others are told */
        if (fate_of(i) == LEAVES)
            process_send(&all[i], 'l');
        else if (fate_of(i) == KILLED)
            kill(all[i].pid, SIGKILL);
    assert_int_equal(guest_go(&host, MAPI_LOGOFF_SHARED), S_OK);
    assert_int_equal(host.criticals, 0); /* L10 */
    for (int i = 0; i < count; i++)
        if (fate_of(i) == TOLD)
            assert_int_equal(process_answer(&all[i]), 1);
        else if (fate_of(i) == LEAVES)
            assert_int_equal(process_answer(&all[i]), S_OK);
    kill(all[5].pid, SIGCONT);
    assert_int_equal(process_do(&all[5], 'w'), 1);
    process_kill(&all[3]);
    all[3] = process_start(serve);
    for (int i = 0; i < count; i++)
        if (fate_of(i) == TOLD || fate_of(i) == STOPPED) {
            assert_int_equal(process_do(&all[i], 's'), 7);
            process_send(&all[i], 'l');
        }
    for (int i = 0; i < count; i++)
        if (fate_of(i) == TOLD ||
            fate_of(i) == STOPPED) /* while they were leaving, each of the rest heard of it: once */
            assert_int_equal(process_answer(&all[i]), S_OK);
    assert_int_equal(shared_files(), 0);
}

/* Twice by the same processes: the second time as a new shared session, and with nothing left open from the first. */
static void L7_two_hundred_processes_are_each_told_once(void **state)
{
    int count = SLOW_TOOL ? 8 : 200;
    struct process *all = calloc((size_t)count, sizeof *all);
    long before;
    (void)state;
    for (int i = 0; i < count; i++)
        all[i] = process_start(serve);
    before = process_do(&all[0], 'd');
    one_shared_logoff(all, count);
    one_shared_logoff(all, count);
    for (int i = 0; i < count; i++)
        if (fate_of(i) == TOLD)
            assert_true(process_do(&all[i], 'd') <= before + i); /* each has inherited the pipes of those before it */
    assert_int_equal(process_do(&all[0], 'd'), before);
    for (int i = 0; i < count; i++)
        process_end(&all[i]);
    free(all);
}

/* Told once, however often it looks, whoever leaves, and whoever asks again. */
static void L7_nobody_is_told_twice(void **state)
{
    struct process all[6];
    (void)state;
    for (int i = 0; i < 6; i++) {
        all[i] = process_start(serve);
        assert_int_equal(process_do(&all[i], 'j'), i == 0 ? 1 : 3);
    }
    assert_int_equal(process_do(&all[0], 'L'), S_OK);
    assert_int_equal(process_do(&all[1], 'L'), S_OK); /* a second one, of a session that is closed already */
    assert_int_equal(process_do(&all[0], 'j'), 1);    /* a new session, of which the old one's members hear nothing */
    assert_int_equal(process_do(&all[2], 'w'), 1);
    assert_int_equal(process_do(&all[2], 'L'), S_OK);
    process_kill(&all[3]);
    assert_int_equal(process_do(&all[4], 'w'), 1);
    assert_int_equal(process_do(&all[1], 'j'), 3);
    assert_int_equal(process_do(&all[1], 'L'), S_OK);
    assert_int_equal(process_do(&all[0], 'w'), 1);
    for (int i = 0; i < 6; i++)
        if (i == 0 || i >= 4) {
            assert_int_equal(process_do(&all[i], 'c'), 1);
            assert_int_equal(process_do(&all[i], 'l'), S_OK);
        }
    for (int i = 0; i < 6; i++)
        if (i != 3)
            process_end(&all[i]);
}

/* ---- coming and going ---- */

static unsigned dice;

static unsigned throw_dice(unsigned sides)
{
    dice = dice * 1103515245u + 12345u;
    return (dice >> 16) % sides;
}

/* One logon or two and one way of leaving each; 0, or what went wrong. */
static long visit(char command)
{
    static const FLAGS ways[] = {MAPI_ALLOW_OTHERS, MAPI_ALLOW_OTHERS, MAPI_ALLOW_OTHERS, 0,
                                 MAPI_ALLOW_OTHERS | MAPI_NEW_SESSION};
    struct guest guests[2];
    unsigned count = 1;
    if (command == 'f')
        return serve('f');
    dice = dice ? dice + (unsigned char)command : (unsigned)getpid();
    count += throw_dice(4) == 0;
    for (unsigned i = 0; i < count; i++) {
        HRESULT hr = guest_come(&guests[i], ways[throw_dice(5)]);
        if (hr == S_OK && throw_dice(2))
            hr = guest_listen(&guests[i]);
        if (hr != S_OK)
            return hr;
    }
    for (unsigned i = 0; i < count; i++) {
        HRESULT hr = S_OK;
        if (guests[i].port)
            MapiNotifyPortDispatch(guests[i].port, 0, NULL);
        if (guests[i].criticals > 1)
            return -2;
        unsigned way = throw_dice(20);
        if (way < 3) {
            release(guests[i].session);
            MapiNotifyPortRelease(guests[i].port);
        } else {
            hr = guest_go(&guests[i], way == 3 ? MAPI_LOGOFF_SHARED : 0);
        }
        if (hr != S_OK)
            return hr;
    }
    if (throw_dice(30) == 0) {
        MAPIUninitialize();
        if (MAPIInitialize(NULL) != S_OK)
            return -4;
    }
    return slot_descriptor() < 0 ? 0 : -5;
}

static void R9_a_thousand_visits_of_fifty_processes_that_may_be_killed(void **state)
{
    enum { CHILDREN = 20 };
    int count = SLOW_TOOL ? 8 : 50, visits = SLOW_TOOL ? 200 : 1000, killed = 0, done = 0;
    struct process *all = calloc((size_t)count, sizeof *all);
    struct pollfd *polled = calloc((size_t)count, sizeof *polled);
    pid_t living[CHILDREN]; /* children of processes that may have been killed */
    int living_count = 0;
    int before = shared_descriptors();
    (void)state;
    dice = 20261120;
    for (int i = 0; i < count; i++) {
        all[i] = process_start(visit);
        process_send(&all[i], 'v');
    }
    while (done < visits) {
        for (int i = 0; i < count; i++)
            polled[i] = (struct pollfd){all[i].pipe, POLLIN, 0};
        assert_true(poll(polled, (nfds_t)count, DEADLINE_MS) > 0);
        for (int i = 0; i < count; i++) {
            if (!(polled[i].revents & POLLIN))
                continue;
            assert_int_equal(process_answer(&all[i]), 0);
            done++;
            if (living_count < CHILDREN && throw_dice(20) == 0)
                living[living_count++] = (pid_t)process_do(&all[i], 'f');
            process_send(&all[i], (char)('A' + throw_dice(20)));
            if (throw_dice(8) == 0) { /* whatever that one is doing */
                unsigned victim = throw_dice((unsigned)count);
                process_kill(&all[victim]);
                all[victim] = process_start(visit);
                process_send(&all[victim], 'v');
                polled[victim].revents = 0;
                killed++;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        assert_int_equal(process_answer(&all[i]), 0);
        process_end(&all[i]);
    }
    assert_true(killed > 10);
    assert_int_equal(shared_descriptors(), before);
    IMAPISession *next = NULL; /* with the children of the dead still there */
    assert_int_equal(try_log_on("work", MAPI_ALLOW_OTHERS | MAPI_EXTENDED, &next), S_OK);
    assert_int_equal(session_state(next), 1);
    assert_int_equal(session_others(next), 0);
    assert_int_equal(shared_files(), 2); /* the record and our own bell */
    log_off(next);
    assert_int_equal(shared_files(), 0);
    for (int i = 0; i < living_count; i++)
        kill(living[i], SIGKILL);
    free(polled);
    free(all);
}

/* ---- stopped with the lock ---- */

static void stop(const struct process *process)
{
    kill(process->pid, SIGSTOP);
    waitpid(process->pid, NULL, WUNTRACED);
}

/* Whoever wants to share is told to try again; who does not is not concerned; nothing has changed. */
static void a_member_is_stopped_while_it_holds_the_lock(void **state)
{
    for (int killed = 0; killed < 2; killed++) {
        struct process holder = process_start(serve);
        struct guest a, b, c;
        IMAPISession *none = NULL;
        (void)state;
        assert_int_equal(guest_come(&a, MAPI_ALLOW_OTHERS), S_OK);
        assert_int_equal(guest_come(&b, 0), S_OK);
        assert_int_equal(guest_listen(&b), S_OK);
        assert_int_equal(process_do(&holder, 'j'), 3);
        assert_int_equal(process_do(&holder, 'h'), S_OK);
        stop(&holder);
        assert_int_equal(try_log_on("work", MAPI_TIMEOUT_SHORT | MAPI_EXTENDED, &none), MAPI_E_TIMEOUT);
        assert_null(none);
        assert_non_null(MapiErrorDetail(MAPI_E_TIMEOUT));
        assert_int_equal(guest_come(&c, MAPI_NEW_SESSION), S_OK);
        assert_int_equal(session_state(c.session), 0);
        assert_int_equal(guest_go(&c, MAPI_LOGOFF_SHARED), S_OK);
        slot_set_patience(20);
        assert_int_equal(guest_go(&a, MAPI_LOGOFF_SHARED), MAPI_E_TIMEOUT);
        assert_int_equal(session_state(a.session), 1); /* nothing was undone */
        assert_int_equal(session_state(b.session), 3);
        assert_int_equal(session_others(b.session), 2);
        assert_int_equal(guest_go(&a, 0), S_OK); /* needs nobody */
        assert_int_equal(MapiNotifyPortDispatch(b.port, 0, NULL), S_OK);
        assert_int_equal(b.criticals, 0);
        if (killed) {
            process_kill(&holder);
        } else {
            kill(holder.pid, SIGCONT);
            assert_int_equal(process_do(&holder, 'H'), S_OK);
        }
        slot_set_patience(SLOT_PATIENCE_MS);
        assert_int_equal(guest_come(&c, MAPI_TIMEOUT_SHORT), S_OK);
        assert_int_equal(session_state(c.session), 3);
        assert_int_equal(session_others(c.session), killed ? 1 : 2);
        assert_int_equal(guest_go(&b, MAPI_LOGOFF_SHARED), S_OK);
        assert_int_equal(session_state(c.session), 7);
        assert_int_equal(guest_go(&c, 0), S_OK);
        if (!killed) {
            assert_int_equal(process_do(&holder, 'w'), 1);
            assert_int_equal(process_do(&holder, 'l'), S_OK);
            process_end(&holder);
        }
        assert_int_equal(shared_files(), 0);
    }
}

/* ---- unkind runtime directories ---- */

/* Logons in a directory with something wrong with it: sharing is refused with a sentence that names it, and everybody else has a
 * private session. In a child process, so that mounts and identities are its own; 77: cannot be done here. */
static int logons_in(const char *directory, HRESULT code)
{
    IMAPISession *session = NULL;
    setenv("MAPI_RUNTIME_DIR", directory, 1);
    HRESULT hr = try_log_on("work", MAPI_ALLOW_OTHERS | MAPI_EXTENDED, &session);
    if (hr != code || (hr == S_OK) != (session != NULL))
        return 1;
    if (hr != S_OK && (!MapiErrorDetail(hr) || !strstr(MapiErrorDetail(hr), directory)))
        return 2;
    if (session && (session_state(session) != 1 || session->lpVtbl->Logoff(session, 0, 0, 0) != S_OK))
        return 3;
    const FLAGS others_of[] = {0, MAPI_NEW_SESSION};
    for (int i = 0; i < 2; i++) {
        if (try_log_on("work", others_of[i] | MAPI_EXTENDED, &session) != S_OK || session_state(session) != 0 ||
            session->lpVtbl->Logoff(session, 0, MAPI_LOGOFF_SHARED, 0) != S_OK)
            return 4 + i;
        release(session);
    }
    return 0;
}

struct trouble {
    const char *name;
    int (*prepare)(const char *directory); /* 0, or 77 */
    HRESULT code;
};

static int missing(const char *directory)
{
    return rmdir(directory);
}

static int a_file(const char *directory)
{
    int fd = rmdir(directory) == 0 ? open(directory, O_CREAT | O_WRONLY, 0600) : -1;
    return fd < 0 || close(fd) != 0;
}

static int a_symbolic_link(const char *directory)
{
    char real[600];
    snprintf(real, sizeof real, "%s.real", directory);
    return rename(directory, real) != 0 || symlink(real, directory) != 0;
}

static int writable_by_others(const char *directory)
{
    return chmod(directory, 0777);
}

static int readable_by_others(const char *directory)
{
    return chmod(directory, 0750);
}

static int not_writable(const char *directory)
{
    return chmod(directory, 0500);
}

static int another_users(const char *directory)
{
    return geteuid() == 0 ? chown(directory, STRANGER, STRANGER) : 77;
}

static int mounted(const char *directory, unsigned long flags, const char *options)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("test", directory, "tmpfs", flags, options) != 0)
        return 77;
    return 0;
}

static int read_only(const char *directory)
{
    return mounted(directory, MS_RDONLY, "mode=0700,size=1m");
}

static int full(const char *directory)
{
    static char block[65536];
    char path[600];
    int result = mounted(directory, 0, "mode=0700,size=64k");
    snprintf(path, sizeof path, "%s/filler", directory);
    int fd = result == 0 ? open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) : -1;
    while (fd >= 0 && write(fd, block, sizeof block) > 0) {
    }
    if (fd >= 0)
        close(fd);
    return result;
}

static int without_inodes(const char *directory)
{
    return mounted(directory, 0, "mode=0700,size=1m,nr_inodes=2"); /* room for the record, none for the socket */
}

static int as_it_should_be(const char *directory)
{
    (void)directory;
    return 0;
}

static void unkind_runtime_directories(void **state)
{
    static const struct trouble troubles[] = {
        {"missing", missing, MAPI_E_NO_ACCESS},
        {"a file", a_file, MAPI_E_NO_ACCESS},
        {"a symbolic link", a_symbolic_link, MAPI_E_NO_ACCESS},
        {"writable by others", writable_by_others, MAPI_E_NO_ACCESS},
        {"readable by others", readable_by_others, MAPI_E_NO_ACCESS},
        {"not writable", not_writable, MAPI_E_NO_ACCESS},
        {"another user's", another_users, MAPI_E_NO_ACCESS},
        {"read-only", read_only, MAPI_E_NO_ACCESS},
        {"full", full, MAPI_E_NOT_ENOUGH_DISK},
        {"without inodes", without_inodes, MAPI_E_NOT_ENOUGH_DISK},
        {"as it should be", as_it_should_be, S_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        char directory[600], deep[700];
        int status = -1;
        snprintf(directory, sizeof directory - 8, "%s/%zu", run_dir(), i);
        assert_int_equal(mkdir(directory, 0700), 0);
        pid_t pid = fork();
        if (pid == 0) {
            int result = troubles[i].prepare(directory);
            _exit(result != 0 ? (result == 77 ? 77 : 99) : logons_in(directory, troubles[i].code));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 77))
            fail_msg("a runtime directory that is %s: status 0x%x", troubles[i].name, (unsigned)status);
        snprintf(deep, sizeof deep, "%s.real", directory);
        unlink(directory);
        rmdir(directory);
        rmdir(deep);
    }
}

/* Longer than a socket's address can be; two processes meet there all the same. */
static void a_path_too_long_for_a_socket(void **state)
{
    char directory[700];
    char *usual = strdup(run_dir());
    (void)state;
    snprintf(directory, sizeof directory, "%s/%0120d", usual, 0);
    assert_int_equal(mkdir(directory, 0700), 0);
    setenv("MAPI_RUNTIME_DIR", directory, 1);
    struct process all[2];
    for (int i = 0; i < 2; i++) {
        all[i] = process_start(serve);
        assert_int_equal(process_do(&all[i], 'j'), i == 0 ? 1 : 3);
    }
    assert_int_equal(process_do(&all[0], 'L'), S_OK);
    assert_int_equal(process_do(&all[1], 'w'), 1);
    assert_int_equal(process_do(&all[1], 'l'), S_OK);
    for (int i = 0; i < 2; i++)
        process_end(&all[i]);
    assert_int_equal(shared_files(), 0);
    assert_int_equal(rmdir(directory), 0);
    setenv("MAPI_RUNTIME_DIR", usual, 1);
    free(usual);
}

/* ---- strangers ---- */

/* Connects to every member's bell. */
static int connect_to_all(int *sockets, int most)
{
    DIR *list = opendir(run_dir());
    int count = 0;
    for (const struct dirent *each = readdir(list); each; each = readdir(list)) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct stat info;
        if (fstatat(dirfd(list), each->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISSOCK(info.st_mode) ||
            count == most)
            continue;
        sockets[count] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", run_dir(), each->d_name);
        assert_in_range(length, 1, sizeof address.sun_path - 1);
        assert_int_equal(connect(sockets[count++], (struct sockaddr *)&address, sizeof address), 0);
    }
    closedir(list);
    return count;
}

/* Random, empty, oversized, with descriptors, and more of them than fit. */
static void send_rubbish(const int *sockets, int count)
{
    static unsigned char bytes[100000];
    for (int i = 0; i < count; i++) {
        for (int round = 0; round < 500; round++) {
            size_t size = round % 50 == 0 ? sizeof bytes : throw_dice(40);
            for (size_t at = 0; at < 40; at++)
                bytes[at] = (unsigned char)throw_dice(256);
            if (round % 7 == 0)
                memcpy(bytes, "LMRING1\n", 8);
            ssize_t sent = send(sockets[i], bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
            (void)sent; /* full: the more the better */
        }
    }
}

static void datagrams_are_never_obeyed(void **state)
{
    struct process other = process_start(serve);
    struct guest a;
    int sockets[8];
    (void)state;
    dice = 4711;
    assert_int_equal(guest_come(&a, MAPI_ALLOW_OTHERS), S_OK);
    assert_int_equal(guest_listen(&a), S_OK);
    assert_int_equal(process_do(&other, 'j'), 3);
    int count = connect_to_all(sockets, 8);
    assert_int_equal(count, 2);
    for (int round = 0; round < 5; round++) {
        send_rubbish(sockets, count);
        for (int i = 0; i < 40; i++)
            assert_int_equal(MapiNotifyPortDispatch(a.port, 0, NULL), S_OK);
        assert_int_equal(a.criticals + a.logoffs, 0);
        assert_int_equal(process_do(&other, 'c'), 0);
    }
    if (geteuid() == 0) { /* a stranger who has been handed the connections */
        pid_t pid = fork();
        if (pid == 0) {
            if (setgroups(0, NULL) != 0 || setresgid(STRANGER, STRANGER, STRANGER) != 0 ||
                setresuid(STRANGER, STRANGER, STRANGER) != 0)
                _exit(1);
            send_rubbish(sockets, count);
            IMAPISession *session = NULL; /* neither the profiles nor the shared session are his */
            _exit(try_log_on("work", MAPI_ALLOW_OTHERS | MAPI_EXTENDED, &session) == S_OK ? 2 : 0);
        }
        int status = -1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    send_rubbish(sockets, count); /* both bells are full: the ring of the logoff is lost, the news is not */
    assert_int_equal(process_do(&other, 'L'), S_OK);
    assert_int_equal(guest_wait(&a), 1);
    MapiNotifyPortDispatch(a.port, 0, NULL);
    assert_int_equal(a.criticals, 1);
    assert_int_equal(guest_go(&a, 0), S_OK);
    process_end(&other);
    for (int i = 0; i < count; i++)
        close(sockets[i]);
}

/* Somebody of ours writes into the record, or takes it away: whoever is a member goes on as one. */
static void a_record_that_was_destroyed(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct process other = process_start(serve);
        struct guest a;
        char path[700];
        assert_int_equal(guest_come(&a, MAPI_ALLOW_OTHERS), S_OK);
        assert_int_equal(guest_listen(&a), S_OK);
        assert_int_equal(process_do(&other, 'j'), 3);
        DIR *list = opendir(run_dir());
        for (const struct dirent *each = readdir(list); each; each = readdir(list))
            if (strstr(each->d_name, ".slot"))
                snprintf(path, sizeof path, "%s/%s", run_dir(), each->d_name);
        closedir(list);
        if (how == 0) {
            assert_int_equal(truncate(path, 0), 0);
        } else if (how == 1) {
            /* A descriptor of its own, closed again, would drop this process's locks: so another process does it. */
            pid_t pid = fork();
            if (pid == 0) {
                unsigned char bytes[4096];
                for (size_t i = 0; i < sizeof bytes; i++)
                    bytes[i] = (unsigned char)throw_dice(256);
                int fd = open(path, O_WRONLY);
                _exit(fd >= 0 && write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes ? 0 : 1);
            }
            int status = -1;
            assert_int_equal(waitpid(pid, &status, 0), pid);
            assert_int_equal(status, 0);
        } else {
            assert_int_equal(unlink(path), 0);
        }
        MapiNotifyPortDispatch(a.port, 0, NULL);
        assert_int_equal(a.criticals, 0);
        assert_int_equal(process_do(&other, 's') & 1, 1);
        assert_int_equal(process_do(&other, 'L'), S_OK);
        for (double end = MapiNow() + DEADLINE_MS / 1000.0;
             a.criticals == 0 && MapiNow() < end;) /* perhaps nobody rang */
            MapiNotifyPortDispatch(a.port, 0, NULL);
        assert_int_equal(a.criticals, 1);
        assert_int_equal(guest_go(&a, 0), S_OK);
        process_end(&other);
    }
}

#define IN_PROFILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PROFILE(L7_two_hundred_processes_are_each_told_once),
        IN_PROFILE(L7_nobody_is_told_twice),
        IN_PROFILE(R9_a_thousand_visits_of_fifty_processes_that_may_be_killed),
        IN_PROFILE(a_member_is_stopped_while_it_holds_the_lock),
        IN_PROFILE(unkind_runtime_directories),
        IN_PROFILE(a_path_too_long_for_a_socket),
        IN_PROFILE(datagrams_are_never_obeyed),
        IN_PROFILE(a_record_that_was_destroyed),
    };
    signal(SIGPIPE, SIG_IGN);
    alarm(580); /* a deadlock is a failure, too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
