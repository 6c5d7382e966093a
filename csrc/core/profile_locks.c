#include "core/profile_locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/home.h"

/* The file begins with the counters, each of which has its first byte locked while it is changed; the bytes that are locked
 * for profiles lie beyond them and are never written. */
enum { COUNTER_BYTES = 8, CHANGES_AT = 8, LOCKED_FROM = 64 };

/* Twice, so that half a count, which a read during a write could see, is none. */
struct changes {
    uint64_t count;
    uint64_t inverse;
};

/* Guarded by profile.c's lock. Written only with the profile database's lock held as well, which is enough to
   read it. */
static int descriptor = -1;
static char *name; /* of the file, as long as there is a descriptor */
static dev_t device;
static ino_t inode;

/* Without memory, so that it can be asked at any time. Also true where the file could not be looked at: then there
 * is no reason to give its locks up. */
static bool is_current(void)
{
    struct stat now;
    return stat(name, &now) == 0 ? now.st_dev == device && now.st_ino == inode : errno != ENOENT && errno != ENOTDIR;
}

/* Takes the path over. */
static void remember_file(char *path)
{
    struct stat info;
    if (descriptor < 0) {
        free(path);
        return;
    }
    name = path;
    if (fstat(descriptor, &info) == 0) {
        device = info.st_dev;
        inode = info.st_ino;
    }
}

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
    remember_file(path);
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

static uint64_t changing; /* the odd count of the change that is being made; guarded by the database's lock */

static bool read_changes(int file, uint64_t *count)
{
    struct changes changes;
    if (file < 0 || pread(file, &changes, sizeof changes, CHANGES_AT) != (ssize_t)sizeof changes) {
        return false;
    }
    *count = changes.count;
    return changes.count == ~changes.inverse;
}

static bool write_changes(int file, uint64_t count)
{
    const struct changes changes = {count, ~count};
    errno = 0;
    return pwrite(file, &changes, sizeof changes, CHANGES_AT) == (ssize_t)sizeof changes;
}

bool profile_locks_changes(uint64_t *count)
{
    return read_changes(lock_file(false), count) && *count % 2 == 0;
}

static HRESULT cannot_count(int error)
{
    HRESULT hr = error == ENOSPC || error == EDQUOT   ? MAPI_E_NOT_ENOUGH_DISK
                 : error == EMFILE || error == ENFILE ? MAPI_E_NOT_ENOUGH_RESOURCES
                 : error == EAGAIN                    ? MAPI_E_TIMEOUT
                                                      : MAPI_E_NO_ACCESS;
    return fail(
        hr, "Cannot change the profiles: the file profiles.lock, which tells other processes of it, cannot be %s: %s.",
        error == EAGAIN ? "locked" : "written", strerror(error != 0 ? error : EIO));
}

/* Where no count can be read: in a new file, or one that somebody has damaged. There may be those who remember a
 * count of the file before, which must not come again. */
static uint64_t first_count(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec) & ~UINT64_C(1);
}

HRESULT profile_locks_begin_change(void)
{
    uint64_t count = 0;
    errno = 0;
    int file = lock_file(true);
    if (file < 0 || !change_lock(file, CHANGES_AT, F_WRLCK, F_SETLK)) {
        return cannot_count(errno == EACCES && file >= 0 ? EAGAIN : errno);
    }
    if (!read_changes(file, &count)) {
        count = first_count();
    }
    changing = count + 1 + count % 2; /* another odd one where somebody died */
    if (!write_changes(file, changing)) {
        int error = errno;
        change_lock(file, CHANGES_AT, F_UNLCK, F_SETLK);
        return cannot_count(error);
    }
    return S_OK;
}

/* Where it cannot be written it stays odd, until the next change. */
void profile_locks_end_change(void)
{
    int file = lock_file(false);
    write_changes(file, changing + 1);
    change_lock(file, CHANGES_AT, F_UNLCK, F_SETLK);
}

bool profile_locks_close(bool if_deleted)
{
    if (descriptor < 0 || (if_deleted && is_current())) {
        return false;
    }
    close(descriptor);
    descriptor = -1;
    free(name);
    name = NULL;
    return true;
}
