#include "mailbox/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <mapicode.h>

#include "base/failure.h"
#include "mailbox/lock.h"

static HRESULT out_of_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the name of a file.");
}

static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
}

/* The directory of a path; NULL without memory. */
static char *directory_of(const char *path)
{
    size_t length = directory_length(path);

    return length == 0 ? strdup(".") : strndup(path, length);
}

/* The name of the file itself, where `path` is a link to it: what is replaced or added to is the file. */
static char *follow(const char *path)
{
    char *real = realpath(path, NULL), *copy;

    if (real == NULL)
        return errno == ENOMEM ? NULL : strdup(path);
    copy = strdup(real); /* one kind of memory for the whole structure */
    free(real);
    return copy;
}

static HRESULT check_kind(const char *path, const struct stat *status)
{
    if (S_ISDIR(status->st_mode))
        return fail(MAPI_E_INVALID_PARAMETER, "%s is a directory; an mbox file is a file.", path);
    return S_ISREG(status->st_mode) ? S_OK : fail(MAPI_E_INVALID_PARAMETER, "%s is not a regular file.", path);
}

/* A new file ------------------------------------------------------------------------------------------------------ */

static HRESULT collision(const char *path)
{
    return fail(MAPI_E_COLLISION,
                "%s is there already; nothing was written. Choose another name, or overwrite or append.", path);
}

/* A file without a name in the directory of the target. -1 and errno. */
static int open_nameless(struct target *target)
{
    int file = -1;
#ifdef O_TMPFILE
    char *directory = directory_of(target->path);

    if (directory != NULL)
        file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    free(directory);
    if (file < 0)
        return -1;
    snprintf(target->temporary, strlen(target->path) + sizeof ".XXXXXX" + 24, "/proc/self/fd/%d", file);
    if (access(target->temporary, F_OK) != 0) {
        close(file);
        file = -1;
    }
#endif
    return file;
}

static HRESULT open_new(struct target *target)
{
    size_t size = strlen(target->path) + sizeof ".XXXXXX" + 24;
    struct stat status;

    if (stat(target->path, &status) == 0) {
        HRESULT hr = check_kind(target->path, &status);

        if (FAILED(hr) || !target->overwrite)
            return FAILED(hr) ? hr : collision(target->path);
    } else {
        status.st_mode = S_IRUSR | S_IWUSR;
    }
    target->temporary = malloc(size);
    if (target->temporary == NULL)
        return out_of_memory();
    target->file = open_nameless(target);
    if (target->file < 0) {
        snprintf(target->temporary, size, "%s.XXXXXX", target->path);
        target->file = mkostemp(target->temporary, O_CLOEXEC);
    }
    if (target->file < 0)
        return output_error("create", target->path);
    if (fchmod(target->file, status.st_mode & 0777) != 0) /* mail is private, unless the file it replaces is not */
        return output_error("create", target->path);
    return S_OK;
}

static bool is_nameless(const struct target *target)
{
    return strncmp(target->temporary, "/proc/", 6) == 0;
}

/* Gives the file a name that nobody else has, so that it can take the place of another one. */
static HRESULT give_name(struct target *target)
{
    size_t size = strlen(target->path) + 32;
    char *name = malloc(size);
    unsigned attempt = 0;
    int failed;

    if (name == NULL)
        return out_of_memory();
    do {
        snprintf(name, size, "%s.%ld.%u", target->path, (long)getpid(), attempt++);
        failed = linkat(AT_FDCWD, target->temporary, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
    } while (failed != 0 && errno == EEXIST && attempt < 1000);
    if (failed != 0) {
        free(name);
        return output_error("create", target->path);
    }
    free(target->temporary);
    target->temporary = name;
    return S_OK;
}

static HRESULT put_in_place(struct target *target)
{
    HRESULT hr;

    if (!target->overwrite) {
        if (linkat(AT_FDCWD, target->temporary, AT_FDCWD, target->path, AT_SYMLINK_FOLLOW) == 0)
            return S_OK;
        if (errno == EEXIST)
            return collision(target->path);
        /* A file system without links: looking and renaming is all that can be done. */
        if (!is_nameless(target) && access(target->path, F_OK) == 0)
            return collision(target->path);
        if (is_nameless(target) || rename(target->temporary, target->path) != 0)
            return output_error("create", target->path);
        return S_OK;
    }
    hr = is_nameless(target) ? give_name(target) : S_OK;
    if (SUCCEEDED(hr) && rename(target->temporary, target->path) != 0)
        hr = output_error("replace", target->path);
    return hr;
}

/* The directory's entry is on the disk, too; where a directory cannot be written out, nothing can be done. */
static void sync_directory(const struct target *target)
{
    char *directory = directory_of(target->path);
    int file = directory == NULL ? -1 : open(directory, O_RDONLY | O_CLOEXEC);

    if (file >= 0) {
        fsync(file);
        close(file);
    }
    free(directory);
}

/* A file that is added to ----------------------------------------------------------------------------------------- */

/* Checks that it is an mbox file, and ends what was there with an empty line. */
static HRESULT prepare(struct target *target)
{
    char bytes[5] = "";
    const char *missing = "";

    if (target->size == 0)
        return S_OK;
    if (pread(target->file, bytes, 5, 0) != 5 || memcmp(bytes, "From ", 5) != 0)
        return fail(MAPI_E_CORRUPT_DATA, "%s is not an mbox file: it does not begin with a line \"From ...\".",
                    target->path);
    if (pread(target->file, bytes, 2, (off_t)target->size - 2) != 2)
        return output_error("read", target->path);
    if (bytes[1] != '\n')
        missing = "\n\n";
    else if (bytes[0] != '\n')
        missing = "\n";
    if (write(target->file, missing, strlen(missing)) != (ssize_t)strlen(missing))
        return output_error("write to", target->path);
    return S_OK;
}

static HRESULT open_old(struct target *target)
{
    struct stat status;
    HRESULT hr = mailbox_dotlock(target->path, &target->dotlock);

    if (FAILED(hr))
        return hr;
    target->file = open(target->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR);
    target->fresh = target->file >= 0;
    if (target->file < 0 && errno == EEXIST)
        target->file = open(target->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (target->file < 0)
        return output_error("open", target->path);
    if (fstat(target->file, &status) != 0)
        return output_error("look at", target->path);
    hr = check_kind(target->path, &status);
    if (SUCCEEDED(hr))
        hr = mailbox_lock_exclusive(target->file, target->path);
    if (FAILED(hr))
        return hr;
    /* Somebody may have added something while we waited. */
    if (fstat(target->file, &status) != 0 || lseek(target->file, 0, SEEK_END) < 0)
        return output_error("look at", target->path);
    target->size = (uint64_t)status.st_size;
    target->locked = true;
    return prepare(target);
}

/* ---------------------------------------------------------------------------------------------------------------- */

HRESULT target_open(struct target *target, const char *path, bool append, bool overwrite)
{
    HRESULT hr;

    memset(target, 0, sizeof *target);
    target->file = -1;
    target->overwrite = overwrite;
    target->path = follow(path);
    if (target->path == NULL)
        return out_of_memory();
    hr = append ? open_old(target) : open_new(target);
    if (FAILED(hr))
        target_abandon(target);
    return hr;
}

static void finish(struct target *target)
{
    if (target->file >= 0)
        close(target->file); /* and its lock */
    if (target->dotlock)
        mailbox_dotunlock(target->path);
    free(target->temporary);
    free(target->path);
    memset(target, 0, sizeof *target);
    target->file = -1;
}

HRESULT target_commit(struct target *target, struct output *output)
{
    HRESULT hr = output_sync(output);

    if (SUCCEEDED(hr) && target->temporary != NULL)
        hr = put_in_place(target);
    if (FAILED(hr)) {
        target_abandon(target);
        return hr;
    }
    if (target->temporary != NULL && !target->overwrite && !is_nameless(target))
        unlink(target->temporary);
    sync_directory(target);
    finish(target);
    return hr;
}

void target_abandon(struct target *target)
{
    int saved = errno;

    if (target->locked) {
        if (target->fresh && target->size == 0)
            unlink(target->path);
        else if (ftruncate(target->file, (off_t)target->size) != 0)
            fail(MAPI_E_DISK_ERROR, "%s could not be cut back to what it was: %s.", target->path, strerror(errno));
    }
    if (target->temporary != NULL && target->file >= 0 && !is_nameless(target))
        unlink(target->temporary);
    finish(target);
    errno = saved;
}
