/* secret_from_command of account/account_secret.h: the command that knows a password, as msmtp and mbsync have it. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/account_secret.h"
#include "base/failure.h"
#include "base/utf.h"

extern char **environ;

enum { LINE_LIMIT = 4096 };

/* Starts the command: no input, its output into the pipe, its complaints where ours go. The number of an error, or 0.
 */
static int start(const char *command, int output, pid_t *pid)
{
    /* posix_spawn wants strings it could write to, and leaves them alone. */
    char shell[] = "sh";
    char option[] = "-c";
    char *arguments[] = {shell, option, (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    /* In this order: where the host has closed its standard input, the pipe may have taken its place. */
    error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn(pid, "/bin/sh", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Reads to the end, so that the command is not killed by a closed pipe; keeps the first LINE_LIMIT bytes. */
static size_t read_output(int input, char *line)
{
    char rest[256] = {0};
    size_t size = 0;
    for (;;) {
        bool room = size < LINE_LIMIT;
        ssize_t n = read(input, room ? line + size : rest, room ? LINE_LIMIT - size : sizeof rest);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (room)
            size += (size_t)n;
    }
    explicit_bzero(rest, sizeof rest);
    return size;
}

/* Whether the command ended well. A host that ignores SIGCHLD leaves no status behind: then its output decides. */
static bool ended_well(pid_t pid)
{
    int status = 0;
    pid_t done;
    do
        done = waitpid(pid, &status, 0);
    while (done < 0 && errno == EINTR);
    return done < 0 ? errno == ECHILD : WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static HRESULT secret_from_line(DWORD tag, const char *line, size_t size, struct secret **out)
{
    const char *end = memchr(line, '\n', size);
    if (end == NULL && size == LINE_LIMIT)
        return fail(E_ACCT_NOT_FOUND, "The password command wrote a first line of %d bytes or more.", LINE_LIMIT);
    size_t length = end != NULL ? (size_t)(end - line) : size;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 0)
        return fail(E_ACCT_NOT_FOUND, "The password command wrote no password.");
    WCHAR wide[LINE_LIMIT + 1];
    size_t units = memchr(line, '\0', length) == NULL ? utf8_to_utf16(line, length, wide, UTF_STRICT) : UTF_INVALID;
    if (units == UTF_INVALID) {
        explicit_bzero(wide, sizeof wide); /* the part that was well-formed */
        return fail(E_ACCT_NOT_FOUND, "What the password command wrote is not UTF-8.");
    }
    wide[units] = 0;
    *out = secret_new(tag, wide);
    explicit_bzero(wide, sizeof wide);
    return *out != NULL ? S_OK : E_OUTOFMEMORY;
}

HRESULT secret_from_command(DWORD tag, const char *command, struct secret **out)
{
    char line[LINE_LIMIT];
    int ends[2];
    pid_t pid = 0;
    *out = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(E_ACCT_NOT_FOUND, "The password command could not be run: %s.", strerror(errno));
    int error = start(command, ends[1], &pid);
    close(ends[1]);
    size_t size = error == 0 ? read_output(ends[0], line) : 0;
    close(ends[0]);
    HRESULT hr;
    if (error != 0)
        hr = fail(E_ACCT_NOT_FOUND, "The password command could not be run: %s.", strerror(error));
    else if (!ended_well(pid))
        hr = fail(E_ACCT_NOT_FOUND, "The password command failed.");
    else
        hr = secret_from_line(tag, line, size, out);
    explicit_bzero(line, sizeof line);
    return hr;
}
