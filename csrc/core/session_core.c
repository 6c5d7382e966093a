/* The block behind a session, the list of live sessions, and the end of one. */
#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/logon.h"
#include "core/session.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct session_core *registry;

HRESULT session_core_create(struct profile *profile, ULONG flags, struct session_core **out)
{
    struct session_core *core = calloc(1, sizeof *core);
    struct lifeline *life = lifeline_create();
    *out = NULL;
    if (!core || !life) {
        free(core);
        lifeline_unref(life);
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a session.");
    }
    atomic_init(&core->refs, 1);
    pthread_mutex_init(&core->lock, NULL);
    core->life = life;
    core->flags = flags;
    core->profile = profile;
    pthread_mutex_lock(&registry_lock);
    core->next = registry;
    if (registry) {
        registry->previous = core;
    }
    registry = core;
    pthread_mutex_unlock(&registry_lock);
    *out = core;
    return S_OK;
}

struct session_core *session_core_ref(struct session_core *core)
{
    atomic_fetch_add_explicit(&core->refs, 1, memory_order_relaxed);
    return core;
}

void session_core_unref(struct session_core *core)
{
    if (!core || atomic_fetch_sub(&core->refs, 1) != 1) {
        return;
    }
    /* Only a session that has ended gets here: the list of live ones is left in session_core_end. */
    last_error_clear(&core->error);
    profile_unref(core->profile);
    pthread_mutex_destroy(&core->lock);
    lifeline_unref(core->life);
    free(core);
}

void session_core_bind(struct session_core *core, struct session *session)
{
    pthread_mutex_lock(&registry_lock);
    core->session = session;
    pthread_mutex_unlock(&registry_lock);
}

IMAPISession *session_core_handle(struct session_core *core)
{
    IMAPISession *handle = NULL;
    pthread_mutex_lock(&registry_lock);
    if (core->session) {
        /* The handle's last Release waits for this lock before it frees anything; a count of 0 is not raised again. */
        unsigned refs = atomic_load(&core->session->object.refs);
        while (refs > 0 && !atomic_compare_exchange_weak(&core->session->object.refs, &refs, refs + 1)) {
        }
        handle = refs > 0 ? (IMAPISession *)(void *)core->session : NULL;
    }
    pthread_mutex_unlock(&registry_lock);
    return handle;
}

static void leave_registry(struct session_core *core)
{
    pthread_mutex_lock(&registry_lock);
    if (core->previous) {
        core->previous->next = core->next;
    } else {
        registry = core->next;
    }
    if (core->next) {
        core->next->previous = core->previous;
    }
    pthread_mutex_unlock(&registry_lock);
}

bool session_core_end(struct session_core *core, bool may_wait)
{
    if (!lifeline_begin_end(core->life)) {
        return false;
    }
    session_end_stores(core);
    while (core->disabled) {
        struct disabled_service *next = core->disabled->next;
        free(core->disabled);
        core->disabled = next;
    }
    leave_registry(core);
    lifeline_finish_end(core->life);
    /* An explicit logoff and logons take turns (L25); what it carries out may wait for other processes, and
     * nothing else may wait for it meanwhile. The implicit one takes no lock for that (R9).
     */
    if (may_wait) {
        logon_lock();
    }
    profile_let_go(profile_ref(core->profile), may_wait);
    if (may_wait) {
        logon_unlock();
    }
    return true;
}

void session_end_all(void)
{
    for (;;) {
        pthread_mutex_lock(&registry_lock);
        struct session_core *core = registry ? session_core_ref(registry) : NULL;
        pthread_mutex_unlock(&registry_lock);
        if (!core) {
            return;
        }
        if (!session_core_end(core, true)) {
            /* Another thread is ending it, or this one further up its stack: then it cannot be waited for. */
            bool waited = lifeline_enter(core->life) == S_OK;
            if (waited) {
                lifeline_leave(core->life);
                session_core_unref(core);
                return;
            }
        }
        session_core_unref(core);
    }
}
