#include "mailbox/maildir_target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#include <mapicode.h>

#include "base/failure.h"
#include "mailbox/header.h"
#include "mailbox/maildir.h"

enum { HOST_LENGTH = 64 };

static HRESULT out_of_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the names of files.");
}

/* Opening --------------------------------------------------------------------------------------------------------- */

/* Whether there is nothing in a directory, or nothing but what a Maildir consists of. */
static HRESULT check_content(const char *path)
{
    DIR *directory = opendir(path);
    bool maildir = false, other = false;
    const struct dirent *entry;

    if (directory == NULL)
        return output_error("read the directory", path);
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, "cur") == 0 || strcmp(entry->d_name, "new") == 0)
            maildir = true;
        else if (entry->d_name[0] != '.' && strcmp(entry->d_name, "tmp") != 0)
            other = true;
    }
    closedir(directory);
    if (maildir || !other)
        return S_OK;
    return fail(MAPI_E_COLLISION, "%s is a directory with other things in it, not a Maildir.", path);
}

static HRESULT make_directory(const char *path)
{
    if (mkdir(path, S_IRWXU) == 0)
        return S_OK;
    return errno == EEXIST ? S_FALSE : output_error("create", path);
}

static HRESULT make_directories(const char *path)
{
    static const char *const subs[] = {"tmp", "new", "cur"};
    size_t size = strlen(path) + 5;
    struct stat status;
    char *sub;
    HRESULT hr = make_directory(path);

    if (hr == S_FALSE && (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)))
        return fail(MAPI_E_COLLISION, "%s is a file; a Maildir is a directory.", path);
    if (hr == S_FALSE)
        hr = check_content(path);
    if (FAILED(hr))
        return hr;
    sub = malloc(size);
    if (sub == NULL)
        return out_of_memory();
    for (size_t i = 0; i < 3 && SUCCEEDED(hr); i++) {
        snprintf(sub, size, "%s/%s", path, subs[i]);
        hr = make_directory(sub);
    }
    free(sub);
    return hr;
}

/* The name of this machine, without what has a meaning in the names of messages. */
static char *read_host(void)
{
    char name[HOST_LENGTH] = "";

    if (gethostname(name, sizeof name) != 0 || name[0] == '\0')
        strcpy(name, "localhost");
    name[sizeof name - 1] = '\0';
    for (char *at = name; *at != '\0'; at++)
        if (*at == '/' || *at == ':' || *at <= ' ')
            *at = '_';
    return strdup(name);
}

HRESULT maildir_target_open(struct maildir_target *target, const char *path)
{
    memset(target, 0, sizeof *target);
    target->file = -1;
    target->path = strdup(path);
    target->host = read_host();
    return target->path == NULL || target->host == NULL ? out_of_memory() : make_directories(path);
}

static void sync_directory(const char *path, const char *sub)
{
    size_t size = strlen(path) + 5;
    char *name = malloc(size);
    int file = -1;

    if (name != NULL) {
        snprintf(name, size, "%s/%s", path, sub);
        file = open(name, O_RDONLY | O_CLOEXEC);
    }
    if (file >= 0) {
        fsync(file);
        close(file);
    }
    free(name);
}

void maildir_target_close(struct maildir_target *target)
{
    maildir_target_abandon(target);
    if (target->path != NULL && target->count > 0) {
        sync_directory(target->path, "new");
        sync_directory(target->path, "cur");
    }
    free(target->path);
    free(target->host);
    memset(target, 0, sizeof *target);
    target->file = -1;
}

/* Messages -------------------------------------------------------------------------------------------------------- */

/* A name that no other message has: the time, the process, a number, the machine. */
static char *unique_name(struct maildir_target *target)
{
    size_t size = strlen(target->path) + HOST_LENGTH + 128;
    char *name = malloc(size);
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (name != NULL)
        snprintf(name, size, "%s/tmp/%lld.M%06ldP%ldQ%llu.%s", target->path, (long long)now.tv_sec, now.tv_nsec / 1000,
                 (long)getpid(), (unsigned long long)++target->count, target->host);
    return name;
}

HRESULT maildir_target_begin(struct maildir_target *target, struct output *output)
{
    HRESULT hr = S_OK;

    do {
        free(target->temporary);
        target->temporary = unique_name(target);
        if (target->temporary == NULL)
            return out_of_memory();
        target->file = open(target->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    } while (target->file < 0 && errno == EEXIST);
    if (target->file < 0) {
        hr = output_error("create", target->temporary);
        free(target->temporary);
        target->temporary = NULL;
        return hr;
    }
    output_begin(output, target->file, target->temporary);
    return hr;
}

/* "path/new/name", or with flags "path/cur/name:2,FLAGS": a message is new until a program has looked at it. */
static char *final_name(const struct maildir_target *target, unsigned flags)
{
    size_t before = strlen(target->path), size = strlen(target->temporary) + 16;
    char *name = malloc(size), letters[8];

    if (name == NULL)
        return NULL;
    maildir_letters(flags, letters, sizeof letters);
    snprintf(name, size, "%s/%s%s%s%s", target->path, flags == 0 ? "new" : "cur",
             target->temporary + before + sizeof "/tmp" - 1, flags == 0 ? "" : ":2,", letters);
    return name;
}

static HRESULT move(struct maildir_target *target, unsigned flags)
{
    char *name = final_name(target, flags);
    HRESULT hr = S_OK;

    if (name == NULL)
        return out_of_memory();
    if (rename(target->temporary, name) != 0)
        hr = output_error("create", name);
    free(name);
    return hr;
}

HRESULT maildir_target_commit(struct maildir_target *target, struct output *output, unsigned flags, int64_t date)
{
    struct timespec times[2] = {{.tv_sec = (time_t)date}, {.tv_sec = (time_t)date}};
    HRESULT hr = output_flush(output);

    if (SUCCEEDED(hr))
        futimens(target->file, times); /* programs take it for the time of delivery; a file without it is no failure */
    if (SUCCEEDED(hr))
        hr = output_sync(output);
    if (SUCCEEDED(hr))
        hr = move(target, flags);
    if (FAILED(hr)) {
        maildir_target_abandon(target);
        return hr;
    }
    close(target->file);
    target->file = -1;
    free(target->temporary);
    target->temporary = NULL;
    return hr;
}

void maildir_target_abandon(struct maildir_target *target)
{
    if (target->file < 0)
        return;
    close(target->file);
    target->file = -1;
    unlink(target->temporary);
    free(target->temporary);
    target->temporary = NULL;
}
