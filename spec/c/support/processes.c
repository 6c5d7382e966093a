#include "support/processes.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct process process_start(long (*serve)(char command))
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char command;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        while (read(ends[1], &command, 1) == 1) {
            long answer = serve(command);
            if (write(ends[1], &answer, sizeof answer) != (ssize_t)sizeof answer)
                break;
        }
        _exit(0);
    }
    close(ends[1]);
    return (struct process){pid, ends[0]};
}

void process_send(const struct process *process, char command)
{
    assert_int_equal(send(process->pipe, &command, 1, MSG_NOSIGNAL), 1);
}

long process_answer(const struct process *process)
{
    long answer = 0;
    assert_int_equal(recv(process->pipe, &answer, sizeof answer, MSG_WAITALL), sizeof answer);
    return answer;
}

long process_do(const struct process *process, char command)
{
    process_send(process, command);
    return process_answer(process);
}

void process_end(struct process *process)
{
    int status = -1;
    shutdown(process->pipe, SHUT_RDWR); /* whoever else has inherited it */
    close(process->pipe);
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void process_kill(struct process *process)
{
    kill(process->pid, SIGKILL);
    assert_int_equal(waitpid(process->pid, NULL, 0), process->pid);
    close(process->pipe);
}
