/* MAPIInitialize and MAPIUninitialize (mapiinitialize.md, mapiuninitialize.md). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mapix.h>

#include "base/failure.h"
#include "base/fork.h"
#include "base/lifeline.h"
#include "core/home.h"
#include "core/process.h"
#include "core/profile_database.h"
#include "core/profsect.h"
#include "core/session.h"

/* Guards changes of the count. Who initialises while the last user is leaving waits until everything has been taken down, so that its
 * sessions are not among those that are logged off. The lock is not held meanwhile: what is taken down calls sinks and providers, and
 * those may call us.
 */
static pthread_mutex_t transition = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static bool leaving; /* the last user, on the thread `leaver` */
static pthread_t leaver;
static atomic_uint count; /* read without a lock by process_check */

/* Guards the path alone. */
static pthread_mutex_t home_lock = PTHREAD_MUTEX_INITIALIZER;
static char *home;
FORK_KEEPS_WHOLE(home_lock);

HRESULT process_check(void)
{
    if (lifeline_all_ended()) {
        return lifeline_over();
    }
    return atomic_load_explicit(&count, memory_order_acquire) > 0
               ? S_OK
               : fail(MAPI_E_NOT_INITIALIZED, "MAPI is not initialised; call MAPIInitialize first.");
}

HRESULT process_home(char **out)
{
    pthread_mutex_lock(&home_lock);
    *out = home ? strdup(home) : NULL;
    bool initialized = home != NULL;
    pthread_mutex_unlock(&home_lock);
    if (!initialized) {
        return fail(MAPI_E_NOT_INITIALIZED, "MAPI is not initialised; call MAPIInitialize first.");
    }
    return *out ? S_OK : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a path.");
}

static void set_home(char *path)
{
    pthread_mutex_lock(&home_lock);
    free(home);
    home = path;
    pthread_mutex_unlock(&home_lock);
}

static HRESULT check(const MAPIINIT_0 *init)
{
    const ULONG known = MAPI_MULTITHREAD_NOTIFICATIONS | MAPI_NO_COINIT | MAPI_NT_SERVICE;
    if (init && init->ulVersion != MAPI_INIT_VERSION) {
        return fail(MAPI_E_INVALID_PARAMETER, "MAPIInitialize knows version %d of its structure, not %u.",
                    MAPI_INIT_VERSION, (unsigned)init->ulVersion);
    }
    if (init && (init->ulFlags & ~known)) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "MAPIInitialize does not know the flags 0x%08x.",
                    (unsigned)(init->ulFlags & ~known));
    }
    return S_OK;
}

/* Later calls only count: their flags are checked and change nothing (R5). A failure does not count (R6). */
HRESULT STDAPICALLTYPE MAPIInitialize(LPVOID init)
{
    HRESULT hr = lifeline_all_ended() ? lifeline_over() : check(init);
    if (hr != S_OK) {
        return hr;
    }
    pthread_mutex_lock(&transition);
    while (leaving && !pthread_equal(leaver, pthread_self())) {
        pthread_cond_wait(&left, &transition);
    }
    if (leaving) {
        hr = fail(MAPI_E_BUSY, "This thread is just taking MAPI down; it can be initialised when that is done.");
    } else if (atomic_load(&count) == 0) {
        char *path = NULL;
        hr = process_prepare_fork();
        hr = hr == S_OK ? home_resolve(&path) : hr;
        set_home(path);
    }
    if (hr == S_OK) {
        atomic_fetch_add(&count, 1);
    }
    pthread_mutex_unlock(&transition);
    return hr;
}

/* The child counts those who have initialised MAPI as its parent did, since it has inherited them too. */
void process_after_fork_in_child(void)
{
    pthread_mutex_init(&transition, NULL); /* a thread that is gone may have been in the middle of one */
    pthread_cond_init(&left, NULL);
    leaving = leaving && pthread_equal(leaver, pthread_self());
}

/* What the last one takes down. The callbacks of other threads are waited for when others can initialise MAPI again, for that may
 * be what they are waiting for themselves (N5).
 */
static void take_down(void)
{
    struct session_core *ended = session_end_all();
    profile_database_close();
    profsect_forget_locks();
    pthread_mutex_lock(&transition);
    atomic_store(&count, 0);
    set_home(NULL);
    leaving = false;
    pthread_cond_broadcast(&left);
    pthread_mutex_unlock(&transition);
    session_wait_for_callbacks(ended);
}

/* The sessions still open are logged off while everything they need is still there (R3); a call too many, also one that what is
 * taken down makes, does nothing (R4).
 */
void STDAPICALLTYPE MAPIUninitialize(void)
{
    if (lifeline_all_ended()) {
        return; /* DoFastShutdown was the end (best-practices-for-fast-shutdown.md) */
    }
    pthread_mutex_lock(&transition);
    unsigned before = leaving ? 0 : atomic_load(&count);
    if (before == 1) {
        leaving = true;
        leaver = pthread_self();
    } else if (before > 1) {
        atomic_store(&count, before - 1);
    }
    pthread_mutex_unlock(&transition);
    if (before == 1) {
        take_down();
    }
}
