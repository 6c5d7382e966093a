#include "mailbox/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <mapicode.h>

#include "base/failure.h"
#include "mailbox/header.h"

static HRESULT out_of_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to list the Maildir.");
}

/* Flags ---------------------------------------------------------------------------------------------------------- */

static const struct {
    char letter;
    unsigned flag;
} letter_flags[] = {{'D', MAIL_DRAFT},   {'F', MAIL_FLAGGED}, {'P', MAIL_FORWARDED},
                    {'R', MAIL_REPLIED}, {'S', MAIL_READ},    {'T', MAIL_DELETED}};

unsigned maildir_flags(const char *name)
{
    const char *info = strrchr(name, ':');
    unsigned flags = 0;

    if (info == NULL || strncmp(info, ":2,", 3) != 0)
        return 0;
    for (size_t i = 0; i < sizeof letter_flags / sizeof letter_flags[0]; i++)
        if (strchr(info + 3, letter_flags[i].letter) != NULL)
            flags |= letter_flags[i].flag;
    return flags;
}

void maildir_letters(unsigned flags, char *letters, size_t room)
{
    size_t used = 0;

    for (size_t i = 0; i < sizeof letter_flags / sizeof letter_flags[0] && used + 1 < room; i++)
        if ((flags & letter_flags[i].flag) != 0)
            letters[used++] = letter_flags[i].letter;
    letters[used] = '\0';
}

/* Listing -------------------------------------------------------------------------------------------------------- */

static HRESULT add_entry(struct maildir *maildir, const char *name, bool fresh, uint64_t size)
{
    struct maildir_entry *entry;

    if (maildir->count == maildir->capacity) {
        size_t capacity = maildir->capacity == 0 ? 64 : maildir->capacity * 2;
        struct maildir_entry *entries = realloc(maildir->entries, capacity * sizeof *entries);

        if (entries == NULL)
            return out_of_memory();
        maildir->entries = entries;
        maildir->capacity = capacity;
    }
    entry = &maildir->entries[maildir->count];
    entry->name = strdup(name);
    if (entry->name == NULL)
        return out_of_memory();
    entry->fresh = fresh;
    entry->size = size;
    maildir->count++;
    return S_OK;
}

/* Where names begin with a dot, or are of directories, there is no message. */
static HRESULT list_entry(struct maildir *maildir, DIR *directory, const char *name, bool fresh)
{
    struct stat status;

    if (name[0] == '.')
        return S_OK;
    if (fstatat(dirfd(directory), name, &status, 0) != 0)
        return add_entry(maildir, name, fresh, 0); /* opening it will tell */
    return S_ISDIR(status.st_mode) ? S_OK : add_entry(maildir, name, fresh, (uint64_t)status.st_size);
}

static char *join(const char *path, const char *sub, const char *name)
{
    size_t size = strlen(path) + strlen(sub) + strlen(name) + 3;
    char *joined = malloc(size);

    if (joined != NULL)
        snprintf(joined, size, "%s/%s%s%s", path, sub, *name != '\0' ? "/" : "", name);
    return joined;
}

static HRESULT directory_error(const char *path)
{
    int error = errno;
    HRESULT hr = error == EACCES || error == EPERM    ? MAPI_E_NO_ACCESS
                 : error == ENOMEM                    ? MAPI_E_NOT_ENOUGH_MEMORY
                 : error == EMFILE || error == ENFILE ? MAPI_E_NOT_ENOUGH_RESOURCES
                                                      : MAPI_E_DISK_ERROR;

    return fail(hr, "Could not read the directory %s: %s.", path, strerror(error));
}

static HRESULT list_directory(struct maildir *maildir, const char *path, bool fresh)
{
    DIR *directory = opendir(path);
    HRESULT hr = S_OK;

    if (directory == NULL)
        return directory_error(path);
    while (SUCCEEDED(hr)) {
        const struct dirent *found;

        errno = 0;
        found = readdir(directory);
        if (found == NULL && errno != 0)
            hr = directory_error(path);
        if (found == NULL)
            break;
        hr = list_entry(maildir, directory, found->d_name, fresh);
    }
    closedir(directory);
    return hr;
}

static HRESULT list(struct maildir *maildir, const char *sub, bool *is_there)
{
    char *path = join(maildir->path, sub, "");
    struct stat status;
    HRESULT hr;

    if (path == NULL)
        return out_of_memory();
    *is_there = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    hr = *is_there ? list_directory(maildir, path, strcmp(sub, "new") == 0) : S_OK;
    free(path);
    return hr;
}

/* Names without their flags. */
static int compare_names(const char *one, const char *other)
{
    size_t first = strcspn(one, ":"), second = strcspn(other, ":");
    int order = memcmp(one, other, first < second ? first : second);

    return order != 0 ? order : (first > second) - (first < second);
}

static int by_name(const void *one, const void *other)
{
    const struct maildir_entry *first = one, *second = other;
    int order = compare_names(first->name, second->name);

    return order != 0 ? order : second->fresh - first->fresh;
}

/* Puts the list in order. What another program has moved from "new" to "cur" in between is listed twice: once is taken out. */
static void arrange(struct maildir *maildir)
{
    struct maildir_entry *entries = maildir->entries;
    size_t kept = 0;

    if (maildir->count > 0)
        qsort(entries, maildir->count, sizeof *entries, by_name);
    for (size_t i = 0; i < maildir->count; i++) {
        if (i + 1 < maildir->count && entries[i].fresh && !entries[i + 1].fresh &&
            compare_names(entries[i].name, entries[i + 1].name) == 0) {
            free(entries[i].name);
            continue;
        }
        entries[kept] = entries[i];
        entries[kept].before = maildir->total;
        maildir->total += entries[kept++].size;
    }
    maildir->count = kept;
}

static HRESULT check_directory(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? fail(MAPI_E_NOT_FOUND, "Could not open %s: %s.", path, strerror(errno))
                   : directory_error(path);
    return S_ISDIR(status.st_mode) ? S_OK
                                   : fail(MAPI_E_INVALID_PARAMETER, "%s is a file; a Maildir is a directory.", path);
}

HRESULT maildir_begin(struct maildir *maildir, const char *path)
{
    bool has_new = false, has_cur = false;
    HRESULT hr;

    memset(maildir, 0, sizeof *maildir);
    maildir->path = path;
    hr = check_directory(path);
    if (SUCCEEDED(hr))
        hr = list(maildir, "new", &has_new);
    if (SUCCEEDED(hr))
        hr = list(maildir, "cur", &has_cur);
    if (SUCCEEDED(hr) && !has_new && !has_cur)
        hr = fail(MAPI_E_CORRUPT_DATA, "%s is not a Maildir: there is neither \"cur\" nor \"new\" in it.", path);
    if (SUCCEEDED(hr))
        arrange(maildir);
    return hr;
}

void maildir_clear(struct maildir *maildir)
{
    for (size_t i = 0; i < maildir->count; i++)
        free(maildir->entries[i].name);
    free(maildir->entries);
    free(maildir->file);
    memset(maildir, 0, sizeof *maildir);
}

/* Opening -------------------------------------------------------------------------------------------------------- */

/* Finds the file whose name has changed, in "cur". S_FALSE: it is not there. */
static HRESULT find_again(const struct maildir *maildir, const char *name, char **found)
{
    char *path = join(maildir->path, "cur", "");
    DIR *directory = path == NULL ? NULL : opendir(path);
    const struct dirent *entry = NULL;
    HRESULT hr = path == NULL ? out_of_memory() : S_FALSE;

    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (compare_names(name, entry->d_name) == 0)
            break;
    if (entry != NULL) {
        *found = strdup(entry->d_name);
        hr = *found == NULL ? out_of_memory() : S_OK;
    }
    if (directory != NULL)
        closedir(directory);
    free(path);
    return hr;
}

static HRESULT open_entry(struct maildir *maildir, struct maildir_entry *entry, struct input *input)
{
    free(maildir->file);
    maildir->file = join(maildir->path, entry->fresh ? "new" : "cur", entry->name);
    return maildir->file == NULL ? out_of_memory() : input_open(input, maildir->file, false);
}

/* S_FALSE: it is gone. A link that leads to nothing is there, and a failure. */
static HRESULT open_anyhow(struct maildir *maildir, struct maildir_entry *entry, struct input *input)
{
    char *name = NULL;
    struct stat status;
    HRESULT hr = open_entry(maildir, entry, input), again;

    if (hr != MAPI_E_NOT_FOUND || lstat(maildir->file, &status) == 0)
        return hr;
    again = find_again(maildir, entry->name, &name);
    if (again != S_OK)
        return again;
    free(entry->name);
    entry->name = name;
    entry->fresh = false;
    return open_entry(maildir, entry, input);
}

static HRESULT describe(const struct maildir_entry *entry, struct input *input, struct mail_item *item)
{
    struct header header;
    HRESULT hr = header_read(input, 0, input->size, &header);

    item->end = input->size;
    item->flags = entry->fresh ? maildir_flags(entry->name) & ~(unsigned)MAIL_READ : maildir_flags(entry->name);
    item->received = header.received;
    item->apart = header.of_mailbox || header.changing;
    item->dated = true;
    item->date = input->modified;
    return hr;
}

HRESULT maildir_next(struct maildir *maildir, struct input *input, struct mail_item *item)
{
    HRESULT hr = S_FALSE;

    input_close(input);
    memset(item, 0, sizeof *item);
    while (hr == S_FALSE && maildir->at < maildir->count) {
        struct maildir_entry *entry = &maildir->entries[maildir->at];

        item->place = maildir->at++;
        item->before = entry->before;
        hr = open_anyhow(maildir, entry, input);
        if (hr == S_OK)
            hr = describe(entry, input, item);
    }
    if (FAILED(hr) && hr != MAPI_E_NOT_ENOUGH_MEMORY && hr != MAPI_E_NOT_ENOUGH_RESOURCES) {
        item->failure = hr;
        hr = S_OK;
    }
    return hr;
}
