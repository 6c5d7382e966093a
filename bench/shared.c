/*
 * What it takes to share a session, measured between processes; the Lua files beside this one run it.
 *
 *   shared logoff MEMBERS ROUNDS    one process logs off for all, MEMBERS processes blocked in poll are told
 *   shared join COUNT ROUNDS        joins and leaves with one other member in another process, COUNT in each round
 *
 * Prints one line for each round: seconds of ours, seconds of the reference. MAPI_HOME holds a profile "shared", MAPI_RUNTIME_DIR
 * is an empty directory. The processes are forked before MAPI is used.
 */
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <uchar.h>
#include <unistd.h>

#include <mapisub.h>
#include <mapiutil.h>
#include <mapix.h>

enum { MOST_MEMBERS = 1000, REPLY_WAIT_MS = 60000 };

enum command { JOIN, LISTEN, QUIT };

/* Shared by the processes. */
struct board {
    enum command command;
    sem_t go, ready, told, leave, left;
    double told_at[MOST_MEMBERS];
    atomic_int told_twice;
};

static struct board *board;

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "bench/shared: %s (%s)\n", what, strerror(errno));
    exit(1);
}

static void check(HRESULT hr, const char *what)
{
    if (hr != S_OK) {
        const char *why = MapiErrorDetail(hr);
        fprintf(stderr, "bench/shared: %s: 0x%08X: %s\n", what, (unsigned)hr, why ? why : "");
        exit(1);
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void wait_for(sem_t *semaphore, int count)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += REPLY_WAIT_MS / 1000;
    while (count > 0) {
        if (sem_timedwait(semaphore, &end) == 0)
            count--;
        else if (errno != EINTR)
            die("somebody does not answer");
    }
}

static void post(sem_t *semaphore, int count)
{
    while (count-- > 0)
        sem_post(semaphore);
}

static LPMAPISESSION logon(FLAGS how)
{
    char16_t profile[] = u"shared";
    LPMAPISESSION session = NULL;
    check(MAPILogonEx(0, (LPTSTR)(void *)profile, NULL, how | MAPI_EXTENDED | MAPI_UNICODE, &session), "logon");
    return session;
}

static void logoff(LPMAPISESSION session, ULONG flags)
{
    check(session->lpVtbl->Logoff(session, 0, flags, 0), "logoff");
    session->lpVtbl->Release(session);
}

/* ---- sockets of the bare program ---- */

static struct sockaddr_un address_of(const char *name, int number)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s%d", getenv("MAPI_RUNTIME_DIR"), name, number);
    return address;
}

static int bound(int type, const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        die("no socket");
    return fd;
}

static void send_to(int fd, const struct sockaddr_un *address)
{
    if (sendto(fd, "bare", 4, 0, (const struct sockaddr *)address, sizeof *address) != 4)
        die("no datagram sent");
}

static void block_in_poll(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&waiting, 1, REPLY_WAIT_MS);
    } while (ready < 0 && errno == EINTR);
    if (ready != 1)
        die("nothing came");
}

/* ---- a member ---- */

static ULONG STDAPICALLTYPE on_notify(LPVOID context, ULONG count, LPNOTIFICATION notifications)
{
    double *told_at = context;
    for (ULONG i = 0; i < count; i++)
        if (notifications[i].ulEventType == fnevCriticalError) {
            if (*told_at > 0)
                atomic_fetch_add(&board->told_twice, 1);
            *told_at = now();
        }
    return 0;
}

static void member_joins(int number, LPMAPINOTIFYPORT port)
{
    LPMAPIADVISESINK sink, wrapped;
    ULONG_PTR connection;
    int descriptor;
    LPMAPISESSION session = logon(MAPI_ALLOW_OTHERS);
    board->told_at[number] = 0;
    check(HrAllocAdviseSink(on_notify, &board->told_at[number], &sink), "sink");
    check(MapiNotifyPortWrap(port, sink, &wrapped), "sink");
    check(session->lpVtbl->Advise(session, 0, NULL, fnevCriticalError, wrapped, &connection), "Advise");
    check(MapiNotifyPortDescriptor(port, &descriptor), "descriptor");
    wrapped->lpVtbl->Release(wrapped);
    sink->lpVtbl->Release(sink);
    sem_post(&board->ready);
    while (board->told_at[number] == 0) {
        block_in_poll(descriptor);
        check(MapiNotifyPortDispatch(port, 0, NULL), "dispatch");
    }
    sem_post(&board->told);
    wait_for(&board->leave, 1);
    logoff(session, 0);
    sem_post(&board->left);
}

static void member_listens(int fd, const struct sockaddr_un *teller)
{
    char text[8];
    sem_post(&board->ready);
    block_in_poll(fd);
    if (recv(fd, text, sizeof text, 0) != 4)
        die("not what was sent");
    send_to(fd, teller);
}

static void member(int number)
{
    const struct sockaddr_un own = address_of("bare", number), teller = address_of("teller", 0);
    LPMAPINOTIFYPORT port;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = bound(SOCK_DGRAM, &own);
    check(MAPIInitialize(NULL), "MAPIInitialize");
    check(MapiNotifyPortCreate(&port), "port");
    for (;;) {
        wait_for(&board->go, 1);
        if (board->command == QUIT)
            break;
        if (board->command == JOIN)
            member_joins(number, port);
        else
            member_listens(fd, &teller);
    }
    MapiNotifyPortRelease(port);
    MAPIUninitialize();
    unlink(own.sun_path);
    exit(0);
}

/* Tells the members what to do, and waits until all of them do. */
static void command(enum command what, int members)
{
    const struct timespec settle = {0, 30000000};
    board->command = what;
    post(&board->go, members);
    if (what != QUIT) {
        wait_for(&board->ready, members);
        nanosleep(&settle, NULL); /* from there into poll */
    }
}

/* ---- logoff ---- */

static double ours_logoff(int members)
{
    LPMAPISESSION session = logon(MAPI_ALLOW_OTHERS);
    double last = 0;
    command(JOIN, members);
    double from = now();
    check(session->lpVtbl->Logoff(session, 0, MAPI_LOGOFF_SHARED, 0), "shared logoff");
    wait_for(&board->told, members);
    session->lpVtbl->Release(session);
    for (int i = 0; i < members; i++)
        last = board->told_at[i] > last ? board->told_at[i] : last;
    post(&board->leave, members);
    wait_for(&board->left, members);
    if (atomic_load(&board->told_twice) != 0)
        die("somebody was told twice");
    return last - from;
}

static double bare_logoff(int members, int fd, const struct sockaddr_un *addresses)
{
    char text[8];
    command(LISTEN, members);
    double from = now();
    for (int i = 0; i < members; i++)
        send_to(fd, &addresses[i]);
    for (int i = 0; i < members; i++)
        if (recv(fd, text, sizeof text, 0) != 4)
            die("not what was sent");
    return now() - from;
}

static void measure_logoff(int members, int rounds)
{
    static struct sockaddr_un addresses[MOST_MEMBERS];
    const struct sockaddr_un own = address_of("teller", 0);
    for (int i = 0; i < members; i++) {
        pid_t child = fork();
        if (child < 0)
            die("cannot fork");
        if (child == 0)
            member(i);
        addresses[i] = address_of("bare", i);
    }
    int fd = bound(SOCK_DGRAM, &own);
    check(MAPIInitialize(NULL), "MAPIInitialize");
    ours_logoff(members); /* warms both up */
    bare_logoff(members, fd, addresses);
    for (int i = 0; i < rounds; i++) {
        double bare = i % 2 ? bare_logoff(members, fd, addresses) : 0;
        double ours = ours_logoff(members);
        bare = i % 2 ? bare : bare_logoff(members, fd, addresses);
        printf("%.9f %.9f\n", ours, bare);
    }
    command(QUIT, members);
    while (wait(NULL) > 0) {
    }
    MAPIUninitialize();
    unlink(own.sun_path);
}

/* ---- join and leave ---- */

static double ours_join(int count)
{
    double from = now();
    for (int i = 0; i < count; i++)
        logoff(logon(MAPI_ALLOW_OTHERS), 0);
    return now() - from;
}

static void bare_socket(void)
{
    const struct sockaddr_un address = address_of("bare", 0);
    int server = bound(SOCK_STREAM, &address);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listen(server, 1) != 0 || connect(client, (const struct sockaddr *)&address, sizeof address) != 0)
        die("cannot connect");
    close(client);
    close(server);
    unlink(address.sun_path);
}

static double bare_join(int count)
{
    double from = now();
    for (int i = 0; i < count; i++) {
        logoff(logon(MAPI_NEW_SESSION | MAPI_EXPLICIT_PROFILE), 0);
        bare_socket();
    }
    return now() - from;
}

static void measure_join(int count, int rounds)
{
    pid_t other = fork();
    if (other < 0)
        die("cannot fork");
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        check(MAPIInitialize(NULL), "MAPIInitialize");
        LPMAPISESSION session = logon(MAPI_ALLOW_OTHERS);
        sem_post(&board->ready);
        wait_for(&board->leave, 1);
        logoff(session, 0);
        MAPIUninitialize();
        exit(0);
    }
    wait_for(&board->ready, 1);
    check(MAPIInitialize(NULL), "MAPIInitialize");
    ours_join(count);
    bare_join(count);
    for (int i = 0; i < rounds; i++) {
        double bare = i % 2 ? bare_join(count) : 0;
        double ours = ours_join(count);
        bare = i % 2 ? bare : bare_join(count);
        printf("%.9f %.9f\n", ours / count, bare / count);
    }
    post(&board->leave, 1);
    waitpid(other, NULL, 0);
    MAPIUninitialize();
}

int main(int argc, char **argv)
{
    int count = argc == 4 ? atoi(argv[2]) : 0, rounds = argc == 4 ? atoi(argv[3]) : 0;
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED || count < 1 || count > 100000 || rounds < 1 || !getenv("MAPI_RUNTIME_DIR"))
        die("usage: shared logoff|join COUNT ROUNDS, with MAPI_HOME and MAPI_RUNTIME_DIR");
    sem_t *all[] = {&board->go, &board->ready, &board->told, &board->leave, &board->left};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sem_init(all[i], 1, 0);
    if (strcmp(argv[1], "logoff") == 0 && count <= MOST_MEMBERS)
        measure_logoff(count, rounds);
    else if (strcmp(argv[1], "join") == 0)
        measure_join(count, rounds);
    else
        die("usage: shared logoff|join COUNT ROUNDS");
    return 0;
}
