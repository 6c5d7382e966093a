#include "mailbox/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"

enum { PATIENCE_MS = 10000, PAUSE_MS = 20 };

static void pause_a_little(void)
{
    struct timespec time = {0, PAUSE_MS * 1000000L};

    nanosleep(&time, NULL);
}

static HRESULT in_use(const char *path)
{
    return fail(MAPI_E_TIMEOUT, "Another program has kept %s locked for %d seconds.", path, PATIENCE_MS / 1000);
}

static HRESULT lock(int file, short kind, const char *path)
{
    struct flock record = {.l_type = kind, .l_whence = SEEK_SET};

    for (int waited = 0; fcntl(file, F_SETLK, &record) != 0; waited += PAUSE_MS) {
        if (errno != EACCES && errno != EAGAIN && errno != EINTR)
            return S_OK;
        if (waited >= PATIENCE_MS)
            return in_use(path);
        pause_a_little();
    }
    return S_OK;
}

HRESULT mailbox_lock_shared(int file, const char *path)
{
    return lock(file, F_RDLCK, path);
}

HRESULT mailbox_lock_exclusive(int file, const char *path)
{
    return lock(file, F_WRLCK, path);
}

void mailbox_unlock(int file)
{
    struct flock record = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

    fcntl(file, F_SETLK, &record);
}

static char *dotlock_of(const char *path)
{
    size_t size = strlen(path) + sizeof ".lock";
    char *name = malloc(size);

    if (name != NULL)
        snprintf(name, size, "%s.lock", path);
    return name;
}

HRESULT mailbox_dotlock(const char *path, bool *made)
{
    char *name = dotlock_of(path);
    HRESULT hr = S_OK;
    int file = -1;

    *made = false;
    if (name == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (int waited = 0; SUCCEEDED(hr); waited += PAUSE_MS) {
        file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file >= 0 || (errno != EEXIST && errno != EINTR))
            break;
        if (waited >= PATIENCE_MS)
            hr = fail(MAPI_E_TIMEOUT, "Another program has kept %s locked for %d seconds; if there is none, remove %s.",
                      path, PATIENCE_MS / 1000, name);
        else
            pause_a_little();
    }
    if (file >= 0) {
        close(file);
        *made = true;
    }
    free(name);
    return hr;
}

void mailbox_dotunlock(const char *path)
{
    char *name = dotlock_of(path);

    if (name != NULL)
        unlink(name);
    free(name);
}
