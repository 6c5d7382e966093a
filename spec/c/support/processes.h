/* support/processes.h - child processes that do what a test tells them, one command at a time.
 *
 * A child runs a function of the test for every byte it is sent and answers with a number; so a test waits for answers, and never
 * for time to pass. Children are killed with the test.
 */
#ifndef SUPPORT_PROCESSES_H
#define SUPPORT_PROCESSES_H

#include <sys/types.h>

struct process {
    pid_t pid;
    int pipe; /* a stream socket to it */
};

/* Starts a child in which `serve` is called for each command; it ends (with _exit(0)) when its pipe is closed. */
struct process process_start(long (*serve)(char command));

void process_send(const struct process *process, char command);
long process_answer(const struct process *process); /* fails the test if the child has ended */
long process_do(const struct process *process, char command);

/* Closes the pipe and waits: the child must end by itself with _exit(0). */
void process_end(struct process *process);

/* kill -9, and waits. */
void process_kill(struct process *process);

#endif
