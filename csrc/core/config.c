#include "core/config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/home.h"

enum { LINE_BYTES = 512 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without the blanks around it, in place. */
static char *trim(char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1])) {
        length--;
    }
    text[length] = '\0';
    return text;
}

static HRESULT copy_value(const char *value, const char *name, char *out, size_t size)
{
    if (strlen(value) >= size) {
        return fail(MAPI_E_CORRUPT_DATA, "The value of %s is too long.", name);
    }
    memcpy(out, value, strlen(value) + 1);
    return S_OK;
}

/* S_FALSE for a line about something else. */
static HRESULT read_line(char *line, const char *key, char *out, size_t size)
{
    char *comment = strchr(line, '#');
    if (comment) {
        *comment = '\0';
    }
    char *value = strchr(line, '=');
    if (!value) {
        return S_FALSE;
    }
    *value++ = '\0';
    return strcmp(trim(line), key) == 0 ? copy_value(trim(value), key, out, size) : S_FALSE;
}

static HRESULT read_file(FILE *file, const char *path, const char *key, char *out, size_t size)
{
    char line[LINE_BYTES];
    HRESULT found = MAPI_E_NOT_FOUND;
    while (fgets(line, sizeof line, file)) {
        bool whole = strchr(line, '\n') || feof(file);
        HRESULT hr = whole ? read_line(line, key, out, size)
                           : fail(MAPI_E_CORRUPT_DATA, "%s has a line that is too long.", path);
        if (hr != S_FALSE) {
            found = hr;
        }
        if (FAILED(hr)) {
            return hr;
        }
    }
    return ferror(file) ? fail(MAPI_E_DISK_ERROR, "%s cannot be read.", path) : found;
}

HRESULT config_value(const char *variable, const char *key, char *out, size_t size, const char **source)
{
    const char *value = getenv(variable);
    char *path = NULL;
    *source = variable;
    if (value) {
        return copy_value(value, variable, out, size);
    }
    *source = "config";
    HRESULT hr = home_path("config", &path);
    if (hr != S_OK) {
        return hr;
    }
    FILE *file = fopen(path, "re");
    if (file) {
        hr = read_file(file, path, key, out, size);
        fclose(file);
    } else if (errno == ENOENT || errno == ENOTDIR) {
        hr = MAPI_E_NOT_FOUND;
    } else {
        hr = fail(errno == EACCES ? MAPI_E_NO_ACCESS : MAPI_E_DISK_ERROR, "%s cannot be read: %s.", path,
                  strerror(errno));
    }
    free(path);
    return hr;
}
