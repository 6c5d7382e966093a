/* Asking a yes-or-no question on the controlling terminal. */
#include <mapisub.h>

#ifdef _WIN32

int MapiAskTerminal(const char *question)
{
    (void)question;
    return MAPI_TERMINAL_NOBODY;
}

#else

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* The conditions under which a question on standard error can be answered on standard input: one terminal, lines (in
 * raw mode some program draws on it), and us in its foreground (in the background reading would stop the process). */
static bool somebody_there(void)
{
    struct stat in, out;
    struct termios mode;

    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && fstat(STDIN_FILENO, &in) == 0 &&
           fstat(STDERR_FILENO, &out) == 0 && in.st_rdev == out.st_rdev && in.st_ino == out.st_ino &&
           in.st_dev == out.st_dev && tcgetattr(STDIN_FILENO, &mode) == 0 && (mode.c_lflag & ICANON) != 0 &&
           tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static bool put(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t done = write(STDERR_FILENO, text, length);

        if (done < 0) {
            return false;
        }
        text += done;
        length -= (size_t)done;
    }
    return true;
}

/* A profile's name must not be able to move the cursor about. */
static bool put_question(const char *question)
{
    for (; *question != '\0'; question++) {
        unsigned char c = (unsigned char)*question;

        if (!put(c < 0x20 || c == 0x7F ? "?" : question, 1)) {
            return false;
        }
    }
    return put(" ", 1);
}

/* Reads one byte; false at the end of input, on an error, and when a signal came: never restarted after one, whatever
 * SA_RESTART says, so Ctrl-C ends the question even where the program catches it. Signals are let in only while waiting,
 * so one that comes a moment earlier is not lost. */
static bool get(char *c, const sigset_t *let_in)
{
    fd_set wait;

    FD_ZERO(&wait);
    FD_SET(STDIN_FILENO, &wait);
    return pselect(STDIN_FILENO + 1, &wait, NULL, NULL, NULL, let_in) == 1 && read(STDIN_FILENO, c, 1) == 1;
}

static int get_answer(const sigset_t *let_in)
{
    char first = '\0';
    char c;
    bool started = false;

    do {
        if (!get(&c, let_in)) {
            (void)put("\n", 1);
            return MAPI_TERMINAL_NO;
        }
        if (!started && c != ' ' && c != '\t') {
            first = c;
            started = true;
        }
    } while (c != '\n');
    return first == 'y' || first == 'Y' ? MAPI_TERMINAL_YES : MAPI_TERMINAL_NO;
}

int MapiAskTerminal(const char *question)
{
    sigset_t hold, before;
    int answer = MAPI_TERMINAL_NO;

    if (!somebody_there()) {
        return MAPI_TERMINAL_NOBODY;
    }
    (void)sigemptyset(&hold);
    (void)sigaddset(&hold, SIGINT);
    (void)sigaddset(&hold, SIGTERM);
    (void)sigaddset(&hold, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &hold, &before);
    if (put_question(question)) {
        answer = get_answer(&before);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return answer;
}

#endif
