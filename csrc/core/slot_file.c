#include "core/slot_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/doorbell.h"

enum {
    HEADER_STEP = 512,
    BODIES = 4096,
    BODY_STEP = SLOT_MEMBERS * SLOT_MEMBER_SIZE,
    RESERVED_BODY = 4096,
    READ_TRIES = 16
};

HRESULT slot_place_open(const char *home, bool create, struct slot_place *out)
{
    struct stat info;
    out->dir.fd = -1;
    out->dir.path = NULL;
    if (stat(home, &info) != 0) {
        return fail(MAPI_E_NOT_FOUND, "No session is shared: %s does not exist.", home);
    }
    snprintf(out->prefix, sizeof out->prefix, "mapi-%" PRIx64 "-%" PRIx64 ".", (uint64_t)info.st_dev,
             (uint64_t)info.st_ino);
    return runtime_dir_open(home, create, &out->dir);
}

void slot_place_close(struct slot_place *place)
{
    runtime_dir_close(&place->dir);
}

void slot_place_file_name(const struct slot_place *place, char *name)
{
    snprintf(name, SLOT_FILE_NAME_SIZE, "%sslot", place->prefix);
}

void slot_place_bell_name(const struct slot_place *place, uint64_t id, char *name)
{
    snprintf(name, SLOT_FILE_NAME_SIZE, "%s%016" PRIx64, place->prefix, id);
}

bool slot_file_is_linked(const struct slot_file *file, const struct slot_place *place)
{
    char name[SLOT_FILE_NAME_SIZE];
    struct stat info;
    slot_place_file_name(place, name);
    return fstatat(place->dir.fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_dev == file->device &&
           info.st_ino == file->inode;
}

HRESULT slot_file_open(const struct slot_place *place, bool create, struct slot_file *file)
{
    static const char what[] = "The shared session's file cannot be opened:";
    char name[SLOT_FILE_NAME_SIZE];
    struct stat info;
    slot_place_file_name(place, name);
    memset(file, 0, sizeof *file);
    file->fd = openat(place->dir.fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (create ? O_CREAT : 0), 0600);
    if (file->fd < 0 && errno == ENOENT) {
        return fail(MAPI_E_NOT_FOUND, "No session is shared.");
    }
    if (file->fd < 0) {
        return runtime_dir_failure(&place->dir, what, name, errno);
    }
    if (fstat(file->fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
        (info.st_mode & 0077) != 0) {
        slot_file_close(file);
        return fail(MAPI_E_NO_ACCESS, "%s/%s is not a file of ours, or others may open it; remove it.", place->dir.path,
                    name);
    }
    file->device = info.st_dev;
    file->inode = info.st_ino;
    return S_OK;
}

void slot_file_close(struct slot_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    free(file->members);
    file->fd = -1;
    file->members = NULL;
    file->capacity = 0;
}

static ssize_t read_at(int fd, void *bytes, size_t size, off_t at)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(fd, (char *)bytes + done, size - done, at + (off_t)done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -1 : (ssize_t)done;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static bool write_at(int fd, const void *bytes, size_t size, off_t at)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pwrite(fd, (const char *)bytes + done, size - done, at + (off_t)done);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The current header and which pair it is of, or -1. */
static int read_current(int fd, struct slot_header *header)
{
    unsigned char bytes[HEADER_STEP + SLOT_HEADER_SIZE];
    /* A header can be torn only while it is being written, and the other one is not then; reading again finds it. */
    for (int i = 0; i < 3; i++) {
        if (read_at(fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
            return -1;
        }
        int first = slot_header_epoch(bytes) > slot_header_epoch(bytes + HEADER_STEP) ? 0 : 1;
        if (slot_header_parse(bytes + first * HEADER_STEP, SLOT_HEADER_SIZE, header)) {
            return first;
        }
        if (slot_header_parse(bytes + (1 - first) * HEADER_STEP, SLOT_HEADER_SIZE, header)) {
            return 1 - first;
        }
    }
    return -1;
}

bool slot_file_read_header(const struct slot_file *file, struct slot_header *header)
{
    return read_current(file->fd, header) >= 0;
}

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for the list of those who share a session.");
}

static HRESULT make_room(struct slot_file *file, uint32_t count)
{
    if (count <= file->capacity) {
        return S_OK;
    }
    struct slot_member *members = realloc(file->members, (count + 15) * sizeof *members);
    if (!members) {
        return no_memory();
    }
    file->members = members;
    file->capacity = count + 15;
    return S_OK;
}

HRESULT slot_file_grow(struct slot_file *file)
{
    return make_room(file, file->header.member_count + 1);
}

/* One attempt: false when the body is not the header's, as it is for a reader without the lock that was overtaken twice. */
static HRESULT read_once(struct slot_file *file, bool *good)
{
    struct slot_header header;
    *good = false;
    int which = read_current(file->fd, &header);
    if (which < 0) {
        return MAPI_E_CORRUPT_DATA;
    }
    size_t size = (size_t)header.member_count * SLOT_MEMBER_SIZE;
    unsigned char *body = malloc(size ? size : 1);
    HRESULT hr = body ? make_room(file, header.member_count) : no_memory();
    if (hr == S_OK) {
        *good = read_at(file->fd, body, size, BODIES + (off_t)which * BODY_STEP) == (ssize_t)size &&
                slot_body_parse(&header, body, size, file->members);
        file->header = header;
        file->current = which;
    }
    free(body);
    return hr;
}

HRESULT slot_file_read(struct slot_file *file)
{
    bool good = false;
    for (int i = 0; i < READ_TRIES && !good; i++) {
        HRESULT hr = read_once(file, &good);
        if (hr == MAPI_E_NOT_ENOUGH_MEMORY) {
            return hr;
        }
        if (hr != S_OK) {
            break;
        }
    }
    if (!good) {
        file->header.member_count = 0;
        return fail(MAPI_E_CORRUPT_DATA, "The shared session's file is damaged.");
    }
    return S_OK;
}

HRESULT slot_file_write(struct slot_file *file, const struct slot_place *place)
{
    unsigned char header[SLOT_HEADER_SIZE];
    size_t size = (size_t)file->header.member_count * SLOT_MEMBER_SIZE;
    unsigned char *body = malloc(size ? size : 1);
    if (!body) {
        return no_memory();
    }
    int which = 1 - file->current;
    file->header.epoch++;
    slot_body_format(file->members, file->header.member_count, body);
    slot_header_format(&file->header, body, file->header.member_count, header);
    bool written = write_at(file->fd, body, size, BODIES + (off_t)which * BODY_STEP) &&
                   write_at(file->fd, header, sizeof header, (off_t)which * HEADER_STEP);
    int error = errno;
    free(body);
    if (!written) {
        char name[SLOT_FILE_NAME_SIZE];
        slot_place_file_name(place, name);
        return runtime_dir_failure(&place->dir, "The shared session cannot be changed:", name, error);
    }
    file->current = which;
    return S_OK;
}

HRESULT slot_file_reserve(const struct slot_file *file, const struct slot_place *place)
{
    int error = posix_fallocate(file->fd, 0, BODIES + RESERVED_BODY);
    error = error ? error : posix_fallocate(file->fd, BODIES + BODY_STEP, RESERVED_BODY);
    if (error && error != EOPNOTSUPP && error != EINVAL) {
        char name[SLOT_FILE_NAME_SIZE];
        slot_place_file_name(place, name);
        return runtime_dir_failure(&place->dir, "The shared session's file cannot be made:", name, error);
    }
    return S_OK;
}

void slot_file_unlink(const struct slot_file *file, const struct slot_place *place)
{
    if (slot_file_is_linked(file, place)) {
        char name[SLOT_FILE_NAME_SIZE];
        slot_place_file_name(place, name);
        unlinkat(place->dir.fd, name, 0);
    }
}

void slot_place_sweep(const struct slot_place *place)
{
    size_t prefix = strlen(place->prefix);
    int again = openat(place->dir.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = again >= 0 ? fdopendir(again) : NULL;
    if (!list) {
        if (again >= 0) {
            close(again);
        }
        return;
    }
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        const char *rest = entry->d_name + prefix;
        if (strncmp(entry->d_name, place->prefix, prefix) == 0 && strlen(rest) == 16 &&
            strspn(rest, "0123456789abcdef") == 16 && doorbell_is_dead(&place->dir, entry->d_name)) {
            unlinkat(place->dir.fd, entry->d_name, 0);
        }
    }
    closedir(list);
}
