/*
 * What the C hosts of the tests share: a home of their own, Lua scripts run to the end, descriptors and memory counted.
 * A host is an ordinary program with Lua in it; it finds the modules through LUA_PATH and LUA_CPATH, which ctest sets.
 */
#ifndef SPEC_HOST_H
#define SPEC_HOST_H

#include <dirent.h>
#include <ftw.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ends the program with a sentence; a host has nothing to save. */
__attribute__((format(printf, 1, 2), noreturn)) static inline void host_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static char host_directory[256];

/* A fresh MAPI_HOME and MAPI_RUNTIME_DIR below one temporary directory. */
static inline void host_make_home(void)
{
    const char *where = getenv("TMPDIR");
    char path[sizeof host_directory + 8];
    snprintf(host_directory, sizeof host_directory, "%s/lua-mapi-host.XXXXXX",
             where != NULL && *where ? where : "/tmp");
    if (mkdtemp(host_directory) == NULL)
        host_die("no temporary directory");
    snprintf(path, sizeof path, "%s/home", host_directory);
    if (mkdir(path, 0700) != 0 || setenv("MAPI_HOME", path, 1) != 0)
        host_die("no home");
    snprintf(path, sizeof path, "%s/run", host_directory);
    if (mkdir(path, 0700) != 0 || setenv("MAPI_RUNTIME_DIR", path, 1) != 0)
        host_die("no runtime directory");
}

static inline int host_remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void host_remove_home(void)
{
    nftw(host_directory, host_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Open descriptors of this process, the one that counts them left out. */
static inline int host_descriptors(void)
{
    int count = -1;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return -1;
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        if (entry->d_name[0] != '.')
            count++;
    closedir(directory);
    return count;
}

/* Runs `script` (named `name` in messages) in `L` and ends the program if it fails. */
static inline void host_run(lua_State *L, const char *name, const char *script)
{
    if (luaL_loadbuffer(L, script, strlen(script), name) != LUA_OK || lua_pcall(L, 0, 0, 0) != LUA_OK)
        host_die("%s: %s", name, lua_tostring(L, -1));
}

static inline int host_setting(const char *name, int fallback)
{
    const char *text = getenv(name);
    int value = text != NULL ? atoi(text) : 0;
    return value > 0 ? value : fallback;
}

#endif
