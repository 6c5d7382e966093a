#include "core/slot_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/slot_record.h"

/* Beyond the largest record, and within the reach of a 32-bit offset. */
enum { SLOT_BYTE = 0x40000000, MEMBER_BYTES = SLOT_BYTE + 1 };

enum { FIRST_PAUSE_NS = 20000, LONGEST_PAUSE_NS = 4000000 };

static int change(int file, int command, short type, off_t start, off_t length)
{
    struct flock region = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    int result;
    do {
        result = fcntl(file, command, &region);
    } while (result < 0 && errno == EINTR);
    return result;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t slot_lock_deadline(unsigned patience)
{
    return now_ns() + (int64_t)patience * 1000000;
}

HRESULT slot_lock_take(int file, int64_t deadline)
{
    for (long pause = FIRST_PAUSE_NS;; pause = pause * 2 > LONGEST_PAUSE_NS ? LONGEST_PAUSE_NS : pause * 2) {
        if (change(file, F_SETLK, F_WRLCK, SLOT_BYTE, 1) == 0) {
            return S_OK;
        }
        if (errno != EAGAIN && errno != EACCES) {
            return fail(MAPI_E_NOT_ENOUGH_RESOURCES, "The shared session's file cannot be locked: %s.",
                        strerror(errno));
        }
        int64_t now = now_ns();
        if (now >= deadline) {
            return fail(MAPI_E_TIMEOUT,
                        "Another process holds the lock of the shared session and does not let go of it; it may be"
                        " stopped (lslocks tells which one).");
        }
        /* Those who wait should not all come back at the same moment. */
        const struct timespec wait = {0, pause / 2 + (now >> 4) % (pause / 2)};
        nanosleep(&wait, NULL);
    }
}

void slot_lock_drop(int file)
{
    change(file, F_SETLK, F_UNLCK, SLOT_BYTE, 1);
}

bool slot_lock_claim(int file, uint32_t member)
{
    return change(file, F_SETLK, F_WRLCK, (off_t)MEMBER_BYTES + (off_t)member, 1) == 0;
}

static bool held(int file, off_t start, off_t length)
{
    struct flock region = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(file, F_GETLK, &region) != 0 || region.l_type != F_UNLCK;
}

bool slot_lock_held(int file, uint32_t member)
{
    return held(file, (off_t)MEMBER_BYTES + (off_t)member, 1);
}

bool slot_lock_any_held(int file)
{
    return held(file, MEMBER_BYTES, SLOT_MEMBERS);
}
