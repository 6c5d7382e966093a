#include "core/unfinished.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/home.h"
#include "core/profile_database.h"
#include "core/resources.h"

static const char directory[] = "unfinished";

/* Of the change that is under way; guarded by the database's lock. */
static struct resource_list noted;

/* ---- names: <dll>.<record key in hexadecimal> ---- */

enum { KEY_DIGITS = 2 * sizeof(MAPIUID) };

/* A path, for free(); NULL for want of memory. */
static char *path_of(const char *home, const struct resource *resource)
{
    const char *dll = resource->service->dll_name;
    size_t size = strlen(home) + sizeof directory + strlen(dll) + KEY_DIGITS + 4;
    char *path = malloc(size);
    if (!path) {
        return NULL;
    }
    int at = snprintf(path, size, "%s/%s/%s.", home, directory, dll);
    for (size_t i = 0; i < sizeof resource->record_key.ab; i++) {
        at += snprintf(path + at, size - (size_t)at, "%02x", resource->record_key.ab[i]);
    }
    return path;
}

static bool read_key(const char *digits, MAPIUID *out)
{
    if (strlen(digits) != KEY_DIGITS || strspn(digits, "0123456789abcdef") != KEY_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < sizeof out->ab; i++) {
        const char byte[] = {digits[2 * i], digits[2 * i + 1], '\0'};
        out->ab[i] = (BYTE)strtoul(byte, NULL, 16);
    }
    return true;
}

/* False for what is no note of ours, or of a service that this program does not have: that one is another's to settle. */
static bool read_name(const char *name, struct resource *out)
{
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name || !read_key(dot + 1, &out->record_key)) {
        return false;
    }
    char *dll = strndup(name, (size_t)(dot - name));
    out->service = dll ? service_by_dll(dll) : NULL;
    free(dll);
    return out->service && out->service->remove_resource;
}

/* ---- noting ---- */

static HRESULT cannot_note(const char *path, int error)
{
    HRESULT hr = error == ENOSPC || error == EDQUOT                    ? MAPI_E_NOT_ENOUGH_DISK
                 : error == EACCES || error == EPERM || error == EROFS ? MAPI_E_NO_ACCESS
                 : error == EMFILE || error == ENFILE                  ? MAPI_E_NOT_ENOUGH_RESOURCES
                                                                       : MAPI_E_DISK_ERROR;
    return fail(hr, "Cannot make a note of a new store: %s cannot be created: %s.", path, strerror(error));
}

static HRESULT make_note(const struct resource *resource)
{
    char *home = NULL;
    HRESULT hr = home_make(directory);
    hr = hr == S_OK ? home_directory(&home) : hr;
    if (hr != S_OK) {
        return hr;
    }
    char *path = path_of(home, resource);
    free(home);
    if (!path) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to make a note of a new store.");
    }
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    hr = file >= 0 ? S_OK : cannot_note(path, errno);
    if (file >= 0) {
        close(file);
    }
    free(path);
    return hr;
}

HRESULT home_note_unfinished(const char *dll_name, const MAPIUID *record_key)
{
    struct resource resource = {service_by_dll(dll_name), *record_key};
    if (!profile_database_changing() || !resource.service || !resource.service->remove_resource ||
        strchr(dll_name, '/')) {
        return S_OK;
    }
    struct resource *items = realloc(noted.items, (noted.count + 1) * sizeof *items);
    if (!items) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to make a note of a new store.");
    }
    noted.items = items;
    HRESULT hr = make_note(&resource);
    if (hr == S_OK) {
        items[noted.count++] = resource;
    }
    return hr;
}

/* ---- settling ---- */

/* What cannot be settled now stays noted. */
static void settle(struct database *db, const char *home, const struct resource *resource)
{
    char *path = path_of(home, resource);
    if (path && resources_remove_if_unused(db, resource)) {
        unlink(path);
    }
    free(path);
}

void unfinished_settle(struct database *db)
{
    char *home = NULL;
    if (noted.count > 0 && home_directory(&home) == S_OK) {
        for (size_t i = 0; i < noted.count; i++) {
            settle(db, home, &noted.items[i]);
        }
    }
    free(home);
    resource_list_clear(&noted);
}

static bool is_note(const struct dirent *entry)
{
    struct resource ignored;
    return read_name(entry->d_name, &ignored);
}

/* Read anew: what was noted a moment ago may have been settled by its maker meanwhile. */
static void settle_all(struct database *db, const char *home, DIR *notes)
{
    struct resource resource;
    struct dirent *entry;
    rewinddir(notes);
    while ((entry = readdir(notes))) {
        if (read_name(entry->d_name, &resource)) {
            settle(db, home, &resource);
        }
    }
}

static bool has_notes(DIR *notes)
{
    struct dirent *entry;
    while ((entry = readdir(notes))) {
        if (is_note(entry)) {
            return true;
        }
    }
    return false;
}

void unfinished_recover(struct database *db)
{
    char *home = NULL;
    char *path = NULL;
    DIR *notes = NULL;
    if (!profile_database_changing() && home_directory(&home) == S_OK && home_path(directory, &path) == S_OK) {
        notes = opendir(path);
    }
    if (notes && has_notes(notes) && profile_database_begin(db) == S_OK) {
        settle_all(db, home, notes);
        HRESULT ended = profile_database_end(db, false); /* there was nothing to change: it was for being alone */
        (void)ended;
    }
    if (notes) {
        closedir(notes);
    }
    free(path);
    free(home);
}
