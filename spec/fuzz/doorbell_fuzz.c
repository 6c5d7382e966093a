/*
 * fuzz/doorbell_fuzz.c - any bytes as what arrives at a doorbell: the datagram, and the control data that came with it.
 *
 * A libFuzzer target. What is looked for: crashes, undefined behaviour, reading beyond what was received, and a ring that is
 * none: another text, a cut one, or one from another user.
 *
 * Input: a byte of flags, a byte that says how much of the rest is control data, then that, then the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/doorbell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUT = 1, CREDENTIALS = 2 };

static const uid_t user = 1000;

static void check(bool good)
{
    if (!good)
        abort();
}

/* Descriptors are left out: doorbell_is_ring would close them, and those are ours. */
static bool has_descriptors(struct msghdr *message)
{
    const char *end = (const char *)message->msg_control + message->msg_controllen;
    struct cmsghdr *each = CMSG_FIRSTHDR(message);
    for (; each && (const char *)(each + 1) <= end; each = CMSG_NXTHDR(message, each))
        if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_RIGHTS)
            return true;
    return false;
}

/* Whether the kernel would say that one of the users who may ring has sent it. */
static bool names_user(struct msghdr *message)
{
    const char *end = (const char *)message->msg_control + message->msg_controllen;
    for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each; each = CMSG_NXTHDR(message, each)) {
        struct ucred sender;
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_CREDENTIALS ||
            (size_t)(end - (const char *)CMSG_DATA(each)) < sizeof sender)
            continue;
        memcpy(&sender, CMSG_DATA(each), sizeof sender);
        if (sender.uid == user)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const unsigned flags = data[0];
    size_t length = data[1] < size - 2 ? data[1] : size - 2;
    const uint8_t *text = data + 2 + length;
    size_t text_size = size - 2 - length;
    /* A block of its own, so that a byte read beyond it is found; as aligned as the kernel's. */
    size_t room = length;
    if (flags & CREDENTIALS)
        room = CMSG_SPACE(sizeof(struct ucred));
    char *control = malloc(room ? room : 1);
    check(control != NULL);
    memset(control, 0, room);
    memcpy(control, data + 2, length < room ? length : room);
    struct msghdr message = {.msg_control = control, .msg_controllen = room, .msg_flags = flags & CUT ? MSG_TRUNC : 0};
    if (flags & CREDENTIALS) {
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_CREDENTIALS;
        header->cmsg_len = CMSG_LEN(sizeof(struct ucred)); /* the sender is whoever the data says */
    }
    if (!has_descriptors(&message)) {
        bool ring = doorbell_is_ring(&message, text, text_size, user);
        check(!ring || (text_size == DOORBELL_TEXT && memcmp(text, "LMRING1\n", DOORBELL_TEXT) == 0 && !(flags & CUT) &&
                        names_user(&message)));
        /* And the one thing that must be a ring is one. */
        check(ring || !(flags & CREDENTIALS) || (flags & CUT) || !names_user(&message) || text_size != DOORBELL_TEXT ||
              memcmp(text, "LMRING1\n", DOORBELL_TEXT) != 0);
    }
    free(control);
    return 0;
}
