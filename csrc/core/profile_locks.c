#include "core/profile_locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mapidefs.h>

#include "core/home.h"

/* The file begins with the counter; the bytes that are locked lie beyond it and are never written. */
enum { COUNTER_BYTES = 8, LOCKED_FROM = 64 };

/* Guarded by profile.c's lock. Written only with the profile database's lock held as well, which is enough to
   read it. */
static int descriptor = -1;

static int lock_file(bool create)
{
    if (descriptor >= 0) {
        return descriptor;
    }
    char *path = NULL;
    if (home_path("profiles.lock", &path) != S_OK) {
        return -1;
    }
    descriptor = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (descriptor < 0 && !create) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC); /* enough for a shared lock */
    }
    free(path);
    return descriptor;
}

static bool change_lock(int file, off_t at, short type, int command)
{
    struct flock region = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    int result;
    do {
        result = file < 0 ? -1 : fcntl(file, command, &region);
    } while (file >= 0 && result < 0 && errno == EINTR);
    return result == 0;
}

static off_t place_of(int64_t id)
{
    return (off_t)(LOCKED_FROM + id);
}

void profile_locks_create(void)
{
    lock_file(true);
}

bool profile_locks_share(int64_t id)
{
    int file = lock_file(false);
    return file < 0 || change_lock(file, place_of(id), F_RDLCK, F_SETLK) || (errno != EAGAIN && errno != EACCES);
}

void profile_locks_wait(int64_t id)
{
    change_lock(descriptor, place_of(id), F_RDLCK, F_SETLKW);
}

void profile_locks_unshare(int64_t id)
{
    change_lock(lock_file(false), place_of(id), F_UNLCK, F_SETLK);
}

bool profile_locks_claim(int64_t id)
{
    return change_lock(lock_file(true), place_of(id), F_WRLCK, F_SETLK);
}

uint64_t profile_locks_marks(void)
{
    uint64_t count = 0;
    int file = lock_file(false);
    return file >= 0 && pread(file, &count, COUNTER_BYTES, 0) == COUNTER_BYTES ? count : 0;
}

void profile_locks_add_mark(void)
{
    int file = lock_file(true);
    if (!change_lock(file, 0, F_WRLCK, F_SETLKW)) {
        return; /* then the mark is found by the next administration call instead of the next logoff */
    }
    uint64_t count = profile_locks_marks() + 1;
    ssize_t written = pwrite(file, &count, COUNTER_BYTES, 0);
    (void)written;
    change_lock(file, 0, F_UNLCK, F_SETLK);
}

void profile_locks_close(bool if_deleted)
{
    struct stat info;
    bool keep = if_deleted && descriptor >= 0 && fstat(descriptor, &info) == 0 && info.st_nlink > 0;
    if (descriptor >= 0 && !keep) {
        close(descriptor);
        descriptor = -1;
    }
}
