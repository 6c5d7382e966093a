/* The block behind a session, the list of live sessions, and the end of one. */
#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"
#include "core/fast_shutdown.h"
#include "core/logon.h"
#include "core/notify_queue.h"
#include "core/profsect.h"
#include "core/session.h"
#include "core/slot.h"
#include "core/stores_table.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct session_core *registry;
FORK_KEEPS_WHOLE(registry_lock);

HRESULT session_core_create(ULONG flags, struct session_core **out)
{
    struct session_core *core = calloc(1, sizeof *core);
    struct lifeline *life = lifeline_create();
    *out = NULL;
    if (!core || !life || notify_set_create(&core->notify) != S_OK) {
        free(core);
        lifeline_unref(life);
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a session.");
    }
    atomic_init(&core->refs, 1);
    pthread_mutex_init(&core->lock, NULL);
    core->life = life;
    core->flags = flags;
    *out = core;
    return S_OK;
}

void session_core_start(struct session_core *core, struct profile *profile)
{
    core->profile = profile;
    pthread_mutex_lock(&registry_lock);
    core->next = registry;
    if (registry) {
        registry->previous = core;
    }
    registry = core;
    pthread_mutex_unlock(&registry_lock);
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
    /* Only a session that has ended, or never began, gets here: the list of live ones is left in session_core_end. */
    last_error_clear(&core->error);
    profile_unref(core->profile);
    session_advices_free(core);
    notify_set_end(core->notify);
    notify_set_unref(core->notify);
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

static void free_disabled(struct session_core *core)
{
    while (core->disabled) {
        struct disabled_service *next = core->disabled->next;
        free(core->disabled);
        core->disabled = next;
    }
}

/* What a session from before a fork has comes to an end as memory: its providers are only released, the profile's user and the place
 * in the shared session are the parent's. Does nothing the second time.
 */
static void discard(struct session_core *core)
{
    session_end_stores(core);
    free_disabled(core);
    if (core->slot) {
        slot_leave(core->slot, SLOT_LEAVE_SILENT);
        core->slot = NULL;
    }
}

/* What is done with the lifeline held; ends it. In a fast shutdown providers are not logged off: they are told, and released with
 * the handle, if it comes to that.
 */
static struct slot_client *take_down(struct session_core *core)
{
    struct slot_client *slot = core->slot;
    core->slot = NULL;
    notify_set_tell_end(core->notify);
    notify_set_end(core->notify);
    stores_table_end_session(core);
    if (lifeline_all_ended()) {
        pthread_mutex_lock(&core->lock);
        core->ending = true;
        pthread_mutex_unlock(&core->lock);
        fast_shutdown_tell(core);
    } else {
        session_end_stores(core);
    }
    free_disabled(core);
    leave_registry(core);
    lifeline_finish_end(core->life);
    profsect_end(core->life);
    return slot;
}

/* The rest, for which no lock of the session's is held: it may wait for other processes, and for callbacks of other threads, which
 * may be waiting for the session.
 */
static void depart(struct session_core *core, struct slot_client *slot, bool may_wait)
{
    if (slot) {
        slot_leave(slot, may_wait ? SLOT_LEAVE : SLOT_LEAVE_SILENT);
    }
    /* An explicit logoff and logons take turns (L25); what it carries out may wait for other processes, and
     * nothing else may wait for it meanwhile. The implicit one takes no lock for that (R9), nor does a fast shutdown.
     */
    bool carry_out = may_wait && !lifeline_all_ended();
    if (carry_out) {
        logon_lock();
    }
    profile_let_go(profile_ref(core->profile), carry_out);
    if (carry_out) {
        logon_unlock();
    }
}

/* All but the wait for callbacks. */
static bool end(struct session_core *core, bool may_wait)
{
    if (lifeline_inherited(core->life)) {
        discard(core);
        return false;
    }
    bool ended = lifeline_begin_end(core->life);
    if (ended) {
        depart(core, take_down(core), may_wait);
    }
    if (!may_wait && lifeline_all_ended()) {
        session_end_stores(core); /* the handle is going: what is left of the providers is memory */
    }
    return ended;
}

bool session_core_end(struct session_core *core, bool may_wait)
{
    bool ended = end(core, may_wait);
    if (ended && may_wait) {
        notify_set_wait(core->notify); /* no callback comes after Logoff has returned (N5) */
    }
    return ended;
}

struct session_core *session_core_next(unsigned round)
{
    struct session_core *oldest = NULL;
    pthread_mutex_lock(&registry_lock);
    for (struct session_core *each = registry; each; each = each->next) {
        if (each->round != round) {
            oldest = each; /* new ones come to the front */
        }
    }
    if (oldest) {
        oldest->round = round;
        session_core_ref(oldest);
    }
    pthread_mutex_unlock(&registry_lock);
    return oldest;
}

HRESULT session_core_log_off(struct session_core *core, bool shared)
{
    if (!lifeline_begin_end(core->life)) {
        return lifeline_ended(core->life) ? lifeline_refusal(core->life)
                                          : fail(MAPI_E_INVALID_OBJECT, "The session is being logged off already.");
    }
    /* Telling the others is the one thing that can fail, so it comes first. */
    if (shared && core->slot) {
        HRESULT hr = slot_leave(core->slot, SLOT_LEAVE_SHARED);
        if (hr != S_OK) {
            last_error_set(&core->error, hr);
            lifeline_cancel_end(core->life);
            return hr;
        }
        core->slot = NULL;
    }
    depart(core, take_down(core), true);
    notify_set_wait(core->notify);
    return S_OK;
}

struct session_core *session_end_all(void)
{
    struct session_core *all = NULL;
    for (;;) {
        pthread_mutex_lock(&registry_lock);
        struct session_core *core = registry ? session_core_ref(registry) : NULL;
        pthread_mutex_unlock(&registry_lock);
        if (!core) {
            return all;
        }
        if (end(core, true)) {
            core->next = all; /* it has left the list of live ones */
            all = core;
            continue;
        }
        /* Another thread is ending it, or this one further up its stack: then it cannot be waited for. */
        bool waited = lifeline_enter(core->life) == S_OK;
        if (waited) {
            lifeline_leave(core->life);
        }
        session_core_unref(core);
        if (waited) {
            return all;
        }
    }
}

void session_wait_for_callbacks(struct session_core *ended)
{
    while (ended) {
        struct session_core *next = ended->next;
        notify_set_wait(ended->notify);
        session_core_unref(ended);
        ended = next;
    }
}

void session_after_fork_in_child(void)
{
    for (struct session_core *core = registry; core; core = core->next) {
        pthread_mutex_init(&core->lock, NULL); /* a thread that is gone may have held it */
    }
    registry = NULL;
}
