#include "core/doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mapicode.h>

static const char ring[DOORBELL_TEXT] = {'L', 'M', 'R', 'I', 'N', 'G', '1', '\n'};

int doorbell_caller(void)
{
#ifdef SOCK_CLOEXEC
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
    int bell = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (bell >= 0) {
        fcntl(bell, F_SETFD, FD_CLOEXEC);
        fcntl(bell, F_SETFL, O_NONBLOCK);
    }
    return bell;
#endif
}

HRESULT doorbell_open(const struct runtime_dir *dir, const char *name, int *out)
{
    struct sockaddr_un address;
    socklen_t size;
    *out = -1;
    HRESULT hr = runtime_dir_address(dir, name, &address, &size);
    if (hr != S_OK) {
        return hr;
    }
    int bell = doorbell_caller();
    if (bell < 0) {
        return runtime_dir_failure(dir, "Cannot make the socket", name, errno);
    }
#ifdef SO_PASSCRED
    int on = 1;
    setsockopt(bell, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
#endif
    fchmod(bell, S_IRUSR | S_IWUSR); /* what bind makes of it, whatever the umask is */
    if (bind(bell, (const struct sockaddr *)&address, size) != 0) {
        int error = errno;
        close(bell);
        return runtime_dir_failure(dir, "Cannot make the socket", name, error);
    }
    *out = bell;
    return S_OK;
}

bool doorbell_ring(int bell, const struct runtime_dir *dir, const char *name)
{
    struct sockaddr_un address;
    socklen_t size;
    if (bell < 0 || runtime_dir_address(dir, name, &address, &size) != S_OK) {
        return true;
    }
    struct iovec text = {(void *)(uintptr_t)ring, sizeof ring};
    struct msghdr message = {.msg_name = &address, .msg_namelen = size, .msg_iov = &text, .msg_iovlen = 1};
#ifdef SCM_CREDENTIALS
    /* The effective user, whom the directory belongs to; left to itself the kernel names the real one. */
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    memset(&control, 0, sizeof control);
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof(struct ucred));
    const struct ucred us = {getpid(), geteuid(), getegid()};
    memcpy(CMSG_DATA(header), &us, sizeof us);
#endif
    ssize_t sent;
    do {
        sent = sendmsg(bell, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 || (errno != ECONNREFUSED && errno != ENOENT);
}

/* A descriptor that somebody sent along is nothing we want to hold. */
static void close_sent(const struct cmsghdr *header)
{
    size_t size = header->cmsg_len - CMSG_LEN(0);
    for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
        int fd;
        memcpy(&fd, (const char *)CMSG_DATA(header) + at, sizeof fd);
        if (fd >= 0) {
            close(fd);
        }
    }
}

bool doorbell_is_ring(struct msghdr *message, const void *text, size_t size, uid_t user)
{
#ifdef SCM_CREDENTIALS
    bool ours = false;
#else
    bool ours = true; /* the directory's mode has seen to it */
    (void)user;
#endif
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        size_t left = message->msg_controllen - (size_t)((const char *)header - (const char *)message->msg_control);
        if (header->cmsg_len < CMSG_LEN(0) || header->cmsg_len > left) {
            break;
        }
        if (header->cmsg_level != SOL_SOCKET) {
            continue;
        }
        if (header->cmsg_type == SCM_RIGHTS) {
            close_sent(header);
        }
#ifdef SCM_CREDENTIALS
        if (header->cmsg_type == SCM_CREDENTIALS && header->cmsg_len == CMSG_LEN(sizeof(struct ucred))) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(header), sizeof sender);
            ours = sender.uid == user;
        }
#endif
    }
    return ours && !(message->msg_flags & MSG_TRUNC) && size == sizeof ring && memcmp(text, ring, sizeof ring) == 0;
}

bool doorbell_drain(int bell)
{
    bool rung = false;
    for (int i = 0; bell >= 0 && i < DOORBELL_DRAINED; i++) {
        unsigned char text[DOORBELL_TEXT + 1]; /* the one byte more shows what is too long */
        union {
            struct cmsghdr align;
#ifdef SCM_CREDENTIALS
            char bytes[CMSG_SPACE(sizeof(struct ucred))]; /* no room for descriptors: the kernel drops them */
#else
            char bytes[CMSG_SPACE(0)];
#endif
        } control;
        struct iovec place = {text, sizeof text};
        struct msghdr message = {
            .msg_iov = &place, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(bell, &message,
                               MSG_DONTWAIT
#ifdef MSG_CMSG_CLOEXEC
                                   | MSG_CMSG_CLOEXEC
#endif
        );
        if (size < 0 && errno != EINTR) {
            break;
        }
        if (size >= 0 && doorbell_is_ring(&message, text, (size_t)size, geteuid())) {
            rung = true;
        }
    }
    return rung;
}

bool doorbell_is_dead(const struct runtime_dir *dir, const char *name)
{
    struct sockaddr_un address;
    socklen_t size;
    if (runtime_dir_address(dir, name, &address, &size) != S_OK) {
        return false;
    }
    int caller = doorbell_caller();
    if (caller < 0) {
        return false;
    }
    bool dead = connect(caller, (const struct sockaddr *)&address, size) != 0 && errno == ECONNREFUSED;
    close(caller);
    return dead;
}
