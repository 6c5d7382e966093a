#include "core/home.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/process.h"

/* A copy of `a` followed by `b`, for free(). */
static char *joined(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    char *text = malloc(na + nb + 1);
    if (text) {
        memcpy(text, a, na);
        memcpy(text + na, b, nb + 1);
    }
    return text;
}

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a path.");
}

/* Only a name that is set counts: an empty variable is the same as none (XDG base directory specification). */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* MAPI_HOME may be relative; the working directory may change later, so it is settled now. */
static HRESULT absolute(const char *path, char **out)
{
    if (*path == '/') {
        *out = joined(path, "");
        return *out ? S_OK : no_memory();
    }
    char *here = getcwd(NULL, 0);
    if (!here) {
        return fail(errno == ENOMEM ? MAPI_E_NOT_ENOUGH_MEMORY : MAPI_E_NOT_INITIALIZED,
                    "MAPI_HOME is the relative path '%s', and the working directory cannot be read; set it to an "
                    "absolute path.",
                    path);
    }
    char *base = joined(here, "/");
    free(here);
    if (base) {
        *out = joined(base, path);
        free(base);
    }
    return *out ? S_OK : no_memory();
}

/* The user's home directory: $HOME, else what the user database says. */
static HRESULT user_home(char **out)
{
    const char *home = variable("HOME");
    if (home && *home == '/') {
        *out = joined(home, "");
        return *out ? S_OK : no_memory();
    }
    char buffer[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found && found->pw_dir &&
        found->pw_dir[0] == '/') {
        *out = joined(found->pw_dir, "");
        return *out ? S_OK : no_memory();
    }
    return fail(MAPI_E_NOT_INITIALIZED,
                "There is no home directory to keep profiles in; set MAPI_HOME to a directory.");
}

HRESULT home_resolve(char **out)
{
    *out = NULL;
    const char *path = variable("MAPI_HOME");
    HRESULT hr;
    if (path) {
        hr = absolute(path, out);
    } else if ((path = variable("XDG_DATA_HOME")) && *path == '/') { /* a relative one is to be ignored */
        *out = joined(path, "/lua-mapi");
        hr = *out ? S_OK : no_memory();
    } else {
        char *home = NULL;
        hr = user_home(&home);
        if (hr == S_OK) {
            *out = joined(home, "/.local/share/lua-mapi");
            hr = *out ? S_OK : no_memory();
        }
        free(home);
    }
    if (hr == S_OK) {
        for (size_t n = strlen(*out); n > 1 && (*out)[n - 1] == '/'; n--) {
            (*out)[n - 1] = '\0';
        }
    }
    return hr;
}

HRESULT home_directory(char **out)
{
    return home_path("", out);
}

HRESULT home_path(const char *name, char **out)
{
    *out = NULL;
    char *home = NULL;
    HRESULT hr = process_home(&home);
    if (hr != S_OK) {
        return hr;
    }
    if (!*name) {
        *out = home;
        return S_OK;
    }
    char *base = joined(home, "/");
    free(home);
    if (base) {
        *out = joined(base, name);
        free(base);
    }
    return *out ? S_OK : no_memory();
}

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static HRESULT make_directory(const char *path)
{
    if (mkdir(path, 0700) == 0 || (errno == EEXIST && is_directory(path))) {
        return S_OK;
    }
    int error = errno;
    HRESULT hr = error == ENOSPC || error == EDQUOT ? MAPI_E_NOT_ENOUGH_DISK
                 : error == EIO                     ? MAPI_E_DISK_ERROR
                 : error == ENOMEM                  ? MAPI_E_NOT_ENOUGH_MEMORY
                                                    : MAPI_E_NO_ACCESS;
    return fail(hr,
                "Cannot make the directory %s: %s; make it yourself or set MAPI_HOME to a directory you may write in.",
                path, strerror(error));
}

HRESULT home_make(const char *name)
{
    char *path = NULL;
    HRESULT hr = home_path(name ? name : "", &path);
    if (hr != S_OK) {
        return hr;
    }
    /* What exists already is left alone, so that a parent we may not write in does no harm. */
    for (char *slash = strchr(path + 1, '/'); slash && hr == S_OK; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!is_directory(path)) {
            hr = make_directory(path);
        }
        *slash = '/';
    }
    if (hr == S_OK && !is_directory(path)) {
        hr = make_directory(path);
    }
    free(path);
    return hr;
}
