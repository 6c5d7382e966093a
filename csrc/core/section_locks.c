#include "core/section_locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/home.h"

/* Opened once: closing any descriptor of the file would drop all locks that this process has on it. */
static int descriptor = -1;
static char *name; /* of the file, as long as there is a descriptor */
static dev_t device;
static ino_t inode;

bool section_locks_close_if_replaced(void)
{
    struct stat now;
    if (descriptor < 0) {
        return false;
    }
    bool current =
        stat(name, &now) == 0 ? now.st_dev == device && now.st_ino == inode : errno != ENOENT && errno != ENOTDIR;
    if (!current) {
        section_locks_close();
    }
    return !current;
}

static int lock_file(void)
{
    char *path = NULL;
    struct stat info;
    if (descriptor >= 0 || home_path("sections.lock", &path) != S_OK) {
        return descriptor;
    }
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        free(path);
        return -1;
    }
    name = path;
    if (fstat(descriptor, &info) == 0) {
        device = info.st_dev;
        inode = info.st_ino;
    }
    return descriptor;
}

/* FNV-1a, within what an offset can be. Two sections at one place would only exclude each other needlessly. */
static off_t place_of(int64_t profile, const MAPIUID *uid)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < sizeof uid->ab + sizeof profile; i++) {
        unsigned byte = i < sizeof uid->ab ? uid->ab[i] : (unsigned)((uint64_t)profile >> (8 * (i - sizeof uid->ab)));
        hash = (hash ^ (byte & 0xFF)) * UINT64_C(0x100000001B3);
    }
    return (off_t)(hash >> 2);
}

static bool change_lock(int file, off_t at, short type)
{
    struct flock region = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    int result;
    do {
        result = fcntl(file, F_SETLK, &region);
    } while (result < 0 && errno == EINTR);
    return result == 0;
}

bool section_lock(int64_t profile, const MAPIUID *uid, bool write)
{
    int file = lock_file();
    return file < 0 || change_lock(file, place_of(profile, uid), write ? F_WRLCK : F_RDLCK) ||
           (errno != EAGAIN && errno != EACCES);
}

void section_unlock(int64_t profile, const MAPIUID *uid)
{
    if (descriptor >= 0) {
        change_lock(descriptor, place_of(profile, uid), F_UNLCK);
    }
}

void section_locks_close(void)
{
    if (descriptor >= 0) {
        close(descriptor);
        descriptor = -1;
        free(name);
        name = NULL;
    }
}
