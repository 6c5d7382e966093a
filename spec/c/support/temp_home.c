/* support/temp_home.c - see support/temp_home.h. */
#include "support/temp_home.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { PATH_LENGTH = 512 };

static char root[PATH_LENGTH];
static char home[PATH_LENGTH + 16];
static char run[PATH_LENGTH + 16];

void temp_home_make(void)
{
    const char *where = getenv("TMPDIR");
    int length =
        snprintf(root, sizeof root, "%s/lua-mapi-test.XXXXXX", where != NULL && *where != '\0' ? where : "/tmp");
    assert_true(length > 0 && (size_t)length < sizeof root);
    assert_non_null(mkdtemp(root));
    snprintf(home, sizeof home, "%s/home", root);
    snprintf(run, sizeof run, "%s/run", root);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(mkdir(run, 0700), 0);
    assert_int_equal(setenv("MAPI_HOME", home, 1), 0);
    assert_int_equal(setenv("MAPI_RUNTIME_DIR", run, 1), 0);
}

const char *temp_home_path(void)
{
    return home;
}

const char *temp_home_file(const char *name)
{
    static char paths[2][2 * PATH_LENGTH];
    static unsigned next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", home, name);
    return path;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    remove(path);
    return 0;
}

void temp_home_remove(void)
{
    if (root[0] != '\0')
        nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    root[0] = '\0';
    unsetenv("MAPI_HOME");
    unsetenv("MAPI_RUNTIME_DIR");
}

int temp_home_setup(void **state)
{
    (void)state;
    temp_home_make();
    return 0;
}

int temp_home_teardown(void **state)
{
    (void)state;
    temp_home_remove();
    return 0;
}
