#include "core/runtime_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include <mapicode.h>

#include "base/failure.h"

enum { FINE_MODE = 0700, MODE_BITS = 0777 };

static const char nobody_shares[] = "Sessions cannot be shared";

/* The kind of network file system that a descriptor is on, or NULL. */
static const char *network_of(int fd)
{
#ifdef __linux__
    static const struct {
        uint32_t magic;
        const char *name;
    } kinds[] = {
        {0x00006969, "NFS"}, {0x0000517B, "SMB"},  {0xFF534D42, "CIFS"},   {0xFE534D42, "SMB"},
        {0x5346414F, "AFS"}, {0x73757245, "Coda"}, {0x00C36400, "CephFS"}, {0x01021997, "9P"},
    };
    struct statfs fs;
    if (fstatfs(fd, &fs) == 0) {
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            if ((uint32_t)fs.f_type == kinds[i].magic) {
                return kinds[i].name;
            }
        }
    }
#else
    (void)fd;
#endif
    return NULL;
}

static HRESULT code_of(int error)
{
    switch (error) {
    case ENOENT:
        return MAPI_E_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return MAPI_E_NOT_ENOUGH_DISK;
    case EMFILE:
    case ENFILE:
    case ENOLCK:
    case ENOBUFS:
        return MAPI_E_NOT_ENOUGH_RESOURCES;
    case ENOMEM:
        return MAPI_E_NOT_ENOUGH_MEMORY;
    case EIO:
        return MAPI_E_DISK_ERROR;
    default:
        return MAPI_E_NO_ACCESS;
    }
}

HRESULT runtime_dir_failure(const struct runtime_dir *dir, const char *what, const char *name, int error)
{
    return fail(code_of(error), "%s %s/%s: %s.", what, dir->path, name, strerror(error));
}

/* Opens `path` and looks at what was opened. `source` says in a sentence where the path comes from. */
static HRESULT open_checked(const char *path, const char *source, int *out)
{
    struct stat info;
    *out = -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        int error = errno;
        if (error == ELOOP || error == ENOTDIR) {
            bool link = lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
            return fail(MAPI_E_NO_ACCESS, "%s: %s %s is %s; it must be a directory of yours with the mode 0700.",
                        nobody_shares, source, path, link ? "a symbolic link" : "not a directory");
        }
        return fail(code_of(error), "%s: %s %s cannot be opened: %s%s.", nobody_shares, source, path, strerror(error),
                    error == ENOENT ? "; make it with the mode 0700" : "");
    }
    HRESULT hr = S_OK;
    const char *network = NULL;
    if (fstat(fd, &info) != 0) {
        hr = fail(code_of(errno), "%s: %s %s cannot be looked at: %s.", nobody_shares, source, path, strerror(errno));
    } else if (info.st_uid != geteuid()) {
        hr = fail(MAPI_E_NO_ACCESS, "%s: %s %s belongs to another user (uid %lu).", nobody_shares, source, path,
                  (unsigned long)info.st_uid);
    } else if ((info.st_mode & MODE_BITS) != FINE_MODE) {
        hr = fail(MAPI_E_NO_ACCESS, "%s: %s %s has the mode %04o; nobody else may have access: chmod 0700 it.",
                  nobody_shares, source, path, (unsigned)(info.st_mode & MODE_BITS));
    } else if ((network = network_of(fd)) != NULL) {
        hr = fail(MAPI_E_NO_SUPPORT,
                  "%s: %s %s is on a network file system (%s), whose locks do not reach other machines; set "
                  "MAPI_RUNTIME_DIR to a"
                  " directory on this machine.",
                  nobody_shares, source, path, network);
    }
    if (hr != S_OK) {
        close(fd);
        return hr;
    }
    *out = fd;
    return S_OK;
}

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a path.");
}

static HRESULT finish(char *path, HRESULT hr, int fd, struct runtime_dir *out)
{
    if (hr != S_OK) {
        free(path);
        return hr;
    }
    out->fd = fd;
    out->path = path;
    return S_OK;
}

static HRESULT open_variable(const char *value, struct runtime_dir *out)
{
    if (*value != '/') {
        return fail(MAPI_E_NO_ACCESS, "%s: MAPI_RUNTIME_DIR is '%s'; it must be an absolute path.", nobody_shares,
                    value);
    }
    char *path = strdup(value);
    if (!path) {
        return no_memory();
    }
    /* With a slash behind it, a symbolic link would be followed. */
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--) {
        path[n - 1] = '\0';
    }
    int fd;
    HRESULT hr = open_checked(path, "MAPI_RUNTIME_DIR", &fd);
    if (hr == MAPI_E_NOT_FOUND) {
        /* Somebody wants it there: that it is missing is a mistake, and no sign that nobody is there. */
        const char *why = failure_detail(hr);
        hr = fail(MAPI_E_NO_ACCESS, "%s", why ? why : "Sessions cannot be shared.");
    }
    return finish(path, hr, fd, out);
}

static HRESULT make_run(const char *path)
{
    if (mkdir(path, FINE_MODE) != 0) {
        int error = errno;
        return error == EEXIST ? S_OK
                               : fail(code_of(error),
                                      "%s: cannot make the directory %s: %s; set MAPI_RUNTIME_DIR to a directory"
                                      " of yours with the mode 0700.",
                                      nobody_shares, path, strerror(error));
    }
    /* The umask may have taken more away than we want. Whoever made it is us, a moment ago. */
    return chmod(path, FINE_MODE) == 0 ? S_OK : fail(MAPI_E_NO_ACCESS, "%s: cannot chmod %s.", nobody_shares, path);
}

static HRESULT open_home(const char *home, bool create, struct runtime_dir *out)
{
    size_t size = strlen(home) + sizeof "/run";
    char *path = malloc(size);
    if (!path) {
        return no_memory();
    }
    snprintf(path, size, "%s/run", home);
    int fd = -1;
    HRESULT hr = open_checked(path, "the directory", &fd);
    if (hr == MAPI_E_NOT_FOUND && create) {
        hr = make_run(path);
        hr = hr == S_OK ? open_checked(path, "the directory", &fd) : hr;
    }
    return finish(path, hr, fd, out);
}

HRESULT runtime_dir_open_at(const struct runtime_place *place, bool create, struct runtime_dir *out)
{
    out->fd = -1;
    out->path = NULL;
    if (place->variable) {
        return open_variable(place->variable, out);
    }
    if (place->user_run) {
        int fd;
        if (open_checked(place->user_run, "the directory", &fd) == S_OK) {
            char *path = strdup(place->user_run);
            if (!path) {
                close(fd);
                return no_memory();
            }
            return finish(path, S_OK, fd, out);
        }
        failure_clear();
    }
    return open_home(place->home, create, out);
}

HRESULT runtime_dir_open(const char *home, bool create, struct runtime_dir *out)
{
    char user_run[40];
    snprintf(user_run, sizeof user_run, "/run/user/%lu", (unsigned long)geteuid());
    const char *variable = getenv("MAPI_RUNTIME_DIR");
    const struct runtime_place place = {variable && *variable ? variable : NULL, user_run, home};
    return runtime_dir_open_at(&place, create, out);
}

void runtime_dir_close(struct runtime_dir *dir)
{
    if (dir->fd >= 0) {
        close(dir->fd);
    }
    free(dir->path);
    dir->fd = -1;
    dir->path = NULL;
}

HRESULT runtime_dir_address(const struct runtime_dir *dir, const char *name, struct sockaddr_un *address,
                            socklen_t *size)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    *size = (socklen_t)sizeof *address;
    size_t room = sizeof address->sun_path;
    if (strlen(dir->path) + 1 + strlen(name) < room) {
        stpcpy(stpcpy(stpcpy(address->sun_path, dir->path), "/"), name);
        return S_OK;
    }
    char link[40];
    struct stat info;
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir->fd);
    int length = snprintf(address->sun_path, room, "%s/%s", link, name);
    if (stat(link, &info) != 0 || length < 0 || (size_t)length >= room) {
        return fail(MAPI_E_NO_SUPPORT,
                    "%s: the path %s/%s is too long for a socket; set MAPI_RUNTIME_DIR to a shorter one.",
                    nobody_shares, dir->path, name);
    }
    return S_OK;
}
