/* core/runtime_dir.h and core/doorbell.h: directories that are refused, and what arrives on a socket. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/doorbell.h"
#include "core/runtime_dir.h"
#include "core/slot.h"
#include "support/fault.h"
#include "support/temp_home.h"

enum { STRANGER = 65534 };

static const char *run_dir(void)
{
    return getenv("MAPI_RUNTIME_DIR");
}

/* Opens `path` as MAPI_RUNTIME_DIR and expects it to be refused with a sentence that contains `why`. */
static void expect_refused(const char *path, HRESULT code, const char *why)
{
    struct runtime_dir dir;
    const struct runtime_place place = {path, NULL, temp_home_path()};
    HRESULT hr = runtime_dir_open_at(&place, true, &dir);
    assert_int_equal(hr, code);
    assert_int_equal(dir.fd, -1);
    assert_null(dir.path);
    assert_non_null(failure_detail(code));
    if (!strstr(failure_detail(code), why) || !strstr(failure_detail(code), path))
        print_error("%s\n", failure_detail(code));
    assert_non_null(strstr(failure_detail(code), why));
    assert_non_null(strstr(failure_detail(code), path));
}

static void a_directory_of_ours_is_taken(void **state)
{
    struct runtime_dir dir;
    (void)state;
    assert_int_equal(runtime_dir_open(temp_home_path(), false, &dir), S_OK);
    assert_string_equal(dir.path, run_dir());
    runtime_dir_close(&dir);
    runtime_dir_close(&dir);
}

static void a_missing_directory_is_refused(void **state)
{
    char path[600];
    (void)state;
    snprintf(path, sizeof path, "%s/none", run_dir());
    expect_refused(path, MAPI_E_NO_ACCESS, "No such file");
    assert_int_equal(access(path, F_OK), -1); /* and not made */
}

static void a_symbolic_link_is_refused(void **state)
{
    char path[600], behind[610];
    (void)state;
    snprintf(path, sizeof path, "%s/../link", run_dir());
    assert_int_equal(symlink(run_dir(), path), 0);
    expect_refused(path, MAPI_E_NO_ACCESS, "symbolic link");
    snprintf(behind, sizeof behind, "%s//", path);
    struct runtime_dir dir;
    const struct runtime_place place = {behind, NULL, temp_home_path()};
    assert_int_equal(runtime_dir_open_at(&place, true, &dir), MAPI_E_NO_ACCESS);
    unlink(path);
}

static void a_file_is_refused(void **state)
{
    char path[600];
    (void)state;
    snprintf(path, sizeof path, "%s/file", run_dir());
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    expect_refused(path, MAPI_E_NO_ACCESS, "not a directory");
}

static void modes_for_others_are_refused(void **state)
{
    static const mode_t modes[] = {0777, 0701, 0710, 0770, 01777, 0500, 0000, 0750};
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        chmod(run_dir(), modes[i]);
        if (geteuid() == 0 || modes[i] & 0400)
            expect_refused(run_dir(), MAPI_E_NO_ACCESS, "mode");
    }
    chmod(run_dir(), 0700);
}

static void another_users_directory_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(run_dir(), STRANGER, STRANGER), 0);
    expect_refused(run_dir(), MAPI_E_NO_ACCESS, "another user");
    assert_int_equal(chown(run_dir(), 0, 0), 0);
}

static void a_relative_path_is_refused(void **state)
{
    (void)state;
    expect_refused("run", MAPI_E_NO_ACCESS, "absolute");
}

static void the_users_run_directory_is_taken_where_it_is_fine(void **state)
{
    struct runtime_dir dir;
    const struct runtime_place place = {NULL, run_dir(), temp_home_path()};
    (void)state;
    assert_int_equal(runtime_dir_open_at(&place, true, &dir), S_OK);
    assert_string_equal(dir.path, run_dir());
    runtime_dir_close(&dir);
    chmod(run_dir(), 0755);
    assert_int_equal(runtime_dir_open_at(&place, true, &dir), S_OK);
    assert_string_equal(dir.path, temp_home_file("run"));
    runtime_dir_close(&dir);
    chmod(run_dir(), 0700);
}

static void the_homes_run_directory_is_made_when_asked(void **state)
{
    struct runtime_dir dir;
    struct stat info;
    const struct runtime_place place = {NULL, NULL, temp_home_path()};
    (void)state;
    assert_int_equal(runtime_dir_open_at(&place, false, &dir), MAPI_E_NOT_FOUND);
    assert_int_equal(access(temp_home_file("run"), F_OK), -1);
    mode_t before = umask(0777);
    assert_int_equal(runtime_dir_open_at(&place, true, &dir), S_OK);
    umask(before);
    assert_int_equal(stat(temp_home_file("run"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    runtime_dir_close(&dir);
    assert_int_equal(runtime_dir_open_at(&place, false, &dir), S_OK);
    runtime_dir_close(&dir);
}

static HRESULT open_and_close(void *context)
{
    struct runtime_dir dir;
    HRESULT hr = runtime_dir_open_at(context, true, &dir);
    runtime_dir_close(&dir);
    return hr;
}

static void failing_memory(void **state)
{
    struct runtime_place places[3] = {
        {run_dir(), NULL, temp_home_path()}, {NULL, run_dir(), temp_home_path()}, {NULL, NULL, temp_home_path()}};
    (void)state;
    for (int i = 0; i < 3; i++)
        fault_sweep(open_and_close, &places[i]);
}

/* ---- file systems, in a process with mounts of its own ---- */

static const char *prepare_mount(const char *type, unsigned long flags, const char *options)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("test", run_dir(), type, flags, options) != 0)
        return NULL;
    return run_dir();
}

/* What slot_create answers on such a file system: 0 if it is `code`, 77 if nothing can be mounted here. */
static int create_on(unsigned long flags, const char *options, bool fill, HRESULT code)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct slot_client *client;
        struct slot_profile profile = {1, "p"};
        if (!prepare_mount("tmpfs", 0, options))
            _exit(77);
        char path[600];
        static char block[65536];
        snprintf(path, sizeof path, "%s/filler", run_dir());
        if (fill) {
            int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
            while (write(file, block, sizeof block) > 0) {
            }
            close(file);
        }
        if (flags && mount("none", run_dir(), "none", MS_REMOUNT | flags, options) != 0)
            _exit(77);
        HRESULT hr = slot_create(temp_home_path(), &profile, 1000, NULL, &client);
        if (hr == S_OK)
            slot_leave(client, SLOT_LEAVE);
        else if (!failure_detail(hr))
            _exit(2);
        if (fill && rmdir(path) == 0)
            _exit(3);
        snprintf(path, sizeof path, "ls -A %s | grep -qv filler", run_dir());
        if (system(path) == 0) /* something was left behind */
            _exit(4);
        _exit(hr == code ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_creating(unsigned long flags, const char *options, bool fill, HRESULT code)
{
    int result = create_on(flags, options, fill, code);
    if (result == 77)
        skip();
    assert_int_equal(result, 0);
}

static void a_read_only_file_system(void **state)
{
    (void)state;
    expect_creating(MS_RDONLY, "mode=0700,size=1m", false, MAPI_E_NO_ACCESS);
}

static void a_full_file_system(void **state)
{
    (void)state;
    expect_creating(0, "mode=0700,size=64k", true, MAPI_E_NOT_ENOUGH_DISK);
}

static void a_file_system_without_inodes(void **state)
{
    (void)state;
    expect_creating(0, "mode=0700,size=1m,nr_inodes=1", false, MAPI_E_NOT_ENOUGH_DISK);
    expect_creating(0, "mode=0700,size=1m,nr_inodes=2", false, MAPI_E_NOT_ENOUGH_DISK); /* no room for the socket */
}

/* ---- doorbells ---- */

static struct runtime_dir dir;
static int bell;

static int bell_setup(void **state)
{
    temp_home_setup(state);
    return runtime_dir_open(temp_home_path(), false, &dir) == S_OK && doorbell_open(&dir, "bell", &bell) == S_OK ? 0
                                                                                                                 : -1;
}

static int bell_teardown(void **state)
{
    close(bell);
    runtime_dir_close(&dir);
    return temp_home_teardown(state);
}

static bool is_readable(void)
{
    struct pollfd one = {bell, POLLIN, 0};
    return poll(&one, 1, 0) == 1;
}

static int connected(void)
{
    struct sockaddr_un address;
    socklen_t size;
    int caller = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(runtime_dir_address(&dir, "bell", &address, &size), S_OK);
    assert_int_equal(connect(caller, (struct sockaddr *)&address, size), 0);
    return caller;
}

static void a_ring_is_heard(void **state)
{
    int other;
    (void)state;
    assert_false(is_readable());
    assert_false(doorbell_drain(bell));
    assert_int_equal(doorbell_open(&dir, "other", &other), S_OK);
    doorbell_ring(other, &dir, "bell");
    doorbell_ring(other, &dir, "nobody");
    assert_true(is_readable());
    assert_true(doorbell_drain(bell));
    assert_false(is_readable());
    assert_false(doorbell_drain(bell));
    close(other);
}

static void names_are_not_taken_over(void **state)
{
    int other;
    (void)state;
    assert_int_equal(doorbell_open(&dir, "bell", &other), MAPI_E_NO_ACCESS);
    assert_int_equal(other, -1);
}

static void the_dead_are_known(void **state)
{
    int other;
    (void)state;
    assert_false(doorbell_is_dead(&dir, "bell"));
    assert_int_equal(doorbell_open(&dir, "other", &other), S_OK);
    close(other);
    assert_true(doorbell_is_dead(&dir, "other"));
    assert_false(doorbell_is_dead(&dir, "nobody"));
}

static void other_text_is_no_ring(void **state)
{
    static const char *const texts[] = {"", "L", "LMRING1", "LMRING1\n\n", "LMRING2\n", "lmring1\n"};
    static char large[60000];
    int caller = connected();
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(send(caller, texts[i], strlen(texts[i]), 0), strlen(texts[i]));
    memcpy(large, "LMRING1\n", 8);
    assert_int_equal(send(caller, large, sizeof large, 0), sizeof large);
    assert_false(doorbell_drain(bell));
    assert_false(is_readable());
    assert_int_equal(send(caller, "LMRING1\n", 8, 0), 8);
    assert_true(doorbell_drain(bell));
    close(caller);
}

static void descriptors_that_are_sent_do_not_stay(void **state)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(8 * sizeof(int))];
    } control = {0};
    char text[] = "LMRING1\n";
    struct iovec place = {text, 8};
    struct msghdr message = {
        .msg_iov = &place, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int caller = connected();
    (void)state;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(8 * sizeof(int));
    for (int i = 0; i < 8; i++)
        memcpy(CMSG_DATA(header) + (size_t)i * sizeof(int), &bell, sizeof bell);
    int before = dup(bell);
    close(before);
    assert_int_equal(sendmsg(caller, &message, 0), 8);
    doorbell_drain(bell);
    int after = dup(bell);
    close(after);
    assert_int_equal(after, before);
    close(caller);
}

static void a_flood_is_drained_in_bounded_steps(void **state)
{
    int caller = connected(), sent = 0, drained = 0;
    (void)state;
    while (send(caller, "flood", 5, MSG_DONTWAIT) == 5)
        sent++;
    assert_true(sent > 0);
    doorbell_ring(caller, &dir, "bell"); /* the bell is full: neither waits nor fails */
    while (is_readable()) {
        assert_false(doorbell_drain(bell));
        drained++;
    }
    assert_int_equal(drained, (sent + DOORBELL_DRAINED - 1) / DOORBELL_DRAINED);
    close(caller);
}

/* Another user's process cannot reach the socket through the directory; here it has even been handed a connected one. */
static void another_users_datagrams_are_no_rings(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    int caller = connected();
    pid_t pid = fork();
    if (pid == 0) {
        struct sockaddr_un address;
        socklen_t size;
        if (setgroups(0, NULL) != 0 || setresgid(STRANGER, STRANGER, STRANGER) != 0 ||
            setresuid(STRANGER, STRANGER, STRANGER) != 0)
            _exit(1);
        if (send(caller, "LMRING1\n", 8, 0) != 8)
            _exit(2);
        runtime_dir_address(&dir, "bell", &address, &size);
        int own = socket(AF_UNIX, SOCK_DGRAM, 0);
        _exit(connect(own, (struct sockaddr *)&address, size) != 0 && errno == EACCES ? 0 : 3);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(is_readable());
    assert_false(doorbell_drain(bell));
    assert_false(is_readable());
    close(caller);
}

static void a_long_path_works_through_the_descriptor(void **state)
{
    char path[700];
    struct runtime_dir deep;
    struct sockaddr_un address;
    socklen_t size;
    int far, near;
    (void)state;
    snprintf(path, sizeof path, "%s/%0100d", run_dir(), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    const struct runtime_place place = {path, NULL, temp_home_path()};
    assert_int_equal(runtime_dir_open_at(&place, false, &deep), S_OK);
    assert_int_equal(runtime_dir_address(&deep, "far", &address, &size), S_OK);
    assert_int_equal(doorbell_open(&deep, "far", &far), S_OK);
    assert_int_equal(doorbell_open(&deep, "near", &near), S_OK);
    assert_int_equal(faccessat(deep.fd, "far", F_OK, 0), 0);
    doorbell_ring(near, &deep, "far");
    assert_true(doorbell_drain(far));
    close(far);
    assert_true(doorbell_is_dead(&deep, "far"));
    close(near);
    snprintf(path, sizeof path, "%0100d", 0); /* a name that fits nowhere */
    assert_int_equal(runtime_dir_address(&deep, path, &address, &size), MAPI_E_NO_SUPPORT);
    assert_non_null(strstr(failure_detail(MAPI_E_NO_SUPPORT), "too long"));
    runtime_dir_close(&deep);
}

#define IN_DIR(test)  cmocka_unit_test_setup_teardown(test, temp_home_setup, temp_home_teardown)
#define AT_BELL(test) cmocka_unit_test_setup_teardown(test, bell_setup, bell_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_directory_of_ours_is_taken),
        IN_DIR(a_missing_directory_is_refused),
        IN_DIR(a_symbolic_link_is_refused),
        IN_DIR(a_file_is_refused),
        IN_DIR(modes_for_others_are_refused),
        IN_DIR(another_users_directory_is_refused),
        IN_DIR(a_relative_path_is_refused),
        IN_DIR(the_users_run_directory_is_taken_where_it_is_fine),
        IN_DIR(the_homes_run_directory_is_made_when_asked),
        IN_DIR(failing_memory),
        IN_DIR(a_read_only_file_system),
        IN_DIR(a_full_file_system),
        IN_DIR(a_file_system_without_inodes),
        AT_BELL(a_ring_is_heard),
        AT_BELL(names_are_not_taken_over),
        AT_BELL(the_dead_are_known),
        AT_BELL(other_text_is_no_ring),
        AT_BELL(descriptors_that_are_sent_do_not_stay),
        AT_BELL(a_flood_is_drained_in_bounded_steps),
        AT_BELL(another_users_datagrams_are_no_rings),
        AT_BELL(a_long_path_works_through_the_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
