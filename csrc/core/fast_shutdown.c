#include "core/fast_shutdown.h"

#include <stddef.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"
#include "base/hresult.h"
#include "core/config.h"
#include "core/profile_database.h"
#include "core/slot.h"

/* What the user wants (fast-shutdown-user-options.md, 06 N13). */
enum policy { UNLESS_REFUSED = 0, IF_ALL_AGREE = 1, NEVER = 2 };

/* One operation of this process at a time, for each is about all of its sessions. A thread that waits for its turn may be in the
 * middle of a call of a session, which DoFastShutdown waits for: so it waits for the end of the process's MAPI too.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool busy;
static unsigned busy_in; /* which process: a thread that a forked child does not have is not busy in it */
static pthread_t busy_thread;
FORK_KEEPS_WHOLE(lock);

static HRESULT take_turn(void)
{
    HRESULT hr = S_OK;
    pthread_mutex_lock(&lock);
    if (busy && busy_in != fork_generation()) {
        busy = false;
        pthread_cond_init(&changed, NULL); /* those who waited are gone */
    }
    if (busy && pthread_equal(busy_thread, pthread_self())) {
        hr = fail(MAPI_E_NO_SUPPORT, "A provider cannot shut down the process that is just asking it about that.");
    }
    while (hr == S_OK && busy && !lifeline_all_ended()) {
        pthread_cond_wait(&changed, &lock);
    }
    if (hr == S_OK && lifeline_all_ended()) {
        hr = lifeline_over();
    }
    if (hr == S_OK) {
        busy = true;
        busy_in = fork_generation();
        busy_thread = pthread_self();
    }
    pthread_mutex_unlock(&lock);
    return hr;
}

static void wake_others(bool done)
{
    pthread_mutex_lock(&lock);
    busy = busy && !done;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* A value that is none of the three allows nothing: who wrote it wanted something else than the default. */
static HRESULT read_policy(enum policy *policy)
{
    char text[16];
    const char *source = NULL;
    *policy = UNLESS_REFUSED;
    HRESULT hr = config_value("MAPI_FAST_SHUTDOWN", "fast_shutdown", text, sizeof text, &source);
    if (hr == MAPI_E_NOT_FOUND || (hr == S_OK && strcmp(text, "0") == 0)) {
        return S_OK;
    }
    if (hr == S_OK && strcmp(text, "1") == 0) {
        *policy = IF_ALL_AGREE;
        return S_OK;
    }
    *policy = NEVER;
    if (hr == S_OK && strcmp(text, "2") != 0) {
        return fail(MAPI_E_NO_SUPPORT, "Fast shutdown is off because the setting %s is '%s'; it must be 0, 1 or 2.",
                    strcmp(source, "config") == 0 ? "fast_shutdown" : source, text);
    }
    if (hr == S_OK) {
        return fail(MAPI_E_NO_SUPPORT, "Fast shutdown has been turned off (fast_shutdown = 2); log off instead.");
    }
    const char *why = failure_detail(hr);
    return fail(MAPI_E_NO_SUPPORT, "Fast shutdown is off because its setting cannot be read: %s",
                why ? why : hresult_text(hr));
}

/* Going round ------------------------------------------------------------------------------------------------- */

/* The provider's interface, with a reference. S_OK with NULL where it has none; another failure than that is one. */
static HRESULT interface_of(const struct store_provider *provider, IMAPIProviderShutdown **out)
{
    void *found = NULL;
    HRESULT hr = provider->provider->lpVtbl->QueryInterface(provider->provider, &IID_IMAPIProviderShutdown, &found);
    *out = SUCCEEDED(hr) ? found : NULL;
    return SUCCEEDED(hr) || hr == MAPI_E_INTERFACE_NOT_SUPPORTED ? S_OK : hr;
}

/* The one that was loaded first of those that have not had their turn in this round, with a user added. */
static struct store_provider *next_provider(struct session_core *core, unsigned round)
{
    struct store_provider *oldest = NULL;
    pthread_mutex_lock(&core->lock);
    for (struct store_provider *each = core->providers; each; each = each->next) {
        if (each->shutdown.round != round) {
            oldest = each; /* new ones come to the front */
        }
    }
    if (oldest) {
        oldest->shutdown.round = round;
        oldest->users++;
    }
    pthread_mutex_unlock(&core->lock);
    return oldest;
}

static unsigned rounds; /* so far; guarded by having the turn */

/* Calls `visit` for each provider of each session. No lock is held. */
static void go_round(void (*visit)(struct store_provider *provider, void *context), void *context)
{
    struct session_core *core;
    struct store_provider *provider;
    unsigned round = ++rounds;
    while ((core = session_core_next(round)) != NULL) {
        while ((provider = next_provider(core, round)) != NULL) {
            visit(provider, context);
            session_provider_release(core, provider);
        }
        session_core_unref(core);
    }
}

/* Asking ------------------------------------------------------------------------------------------------------ */

struct question {
    enum policy policy;
    bool all; /* also those that have agreed before */
    HRESULT answer;
};

/* Everybody is asked, also when somebody has refused already. */
static void ask(struct store_provider *provider, void *context)
{
    struct question *question = context;
    IMAPIProviderShutdown *shutdown = NULL;
    if (provider->shutdown.agreed && !question->all) {
        return;
    }
    HRESULT hr = interface_of(provider, &shutdown);
    const char *how = "cannot be asked";
    if (hr == S_OK && shutdown) {
        hr = shutdown->lpVtbl->QueryFastShutdown(shutdown);
        shutdown->lpVtbl->Release(shutdown);
        how = "refuses";
    } else if (hr == S_OK && question->policy == IF_ALL_AGREE) {
        hr = MAPI_E_NO_SUPPORT;
        how = "does not support it, and fast_shutdown = 1 wants all to";
    }
    provider->shutdown.agreed = shutdown && SUCCEEDED(hr);
    if (FAILED(hr)) {
        question->answer = fail(MAPI_E_NO_SUPPORT, "No fast shutdown: the provider of '%s' %s. Log off instead.",
                                provider->service->name, how);
    }
}

static HRESULT ask_all(bool all)
{
    struct question question = {.all = all, .answer = S_OK};
    HRESULT hr = read_policy(&question.policy);
    if (hr != S_OK) {
        return hr; /* with the policy NEVER nobody is asked */
    }
    go_round(ask, &question);
    return question.answer;
}

/* Telling ----------------------------------------------------------------------------------------------------- */

/* What a provider answers changes nothing. */
static void notify_one(struct store_provider *provider, void *context)
{
    IMAPIProviderShutdown *shutdown = NULL;
    (void)context;
    if (!provider->shutdown.notified && interface_of(provider, &shutdown) == S_OK && shutdown) {
        shutdown->lpVtbl->NotifyProcessShutdown(shutdown);
        shutdown->lpVtbl->Release(shutdown);
    }
    provider->shutdown.notified = true;
}

/* The first that has not been told, with a user added. */
static struct store_provider *next_untold(struct session_core *core)
{
    struct store_provider *oldest = NULL;
    pthread_mutex_lock(&core->lock);
    for (struct store_provider *each = core->providers; each; each = each->next) {
        if (!each->shutdown.told) {
            oldest = each;
        }
    }
    if (oldest) {
        oldest->shutdown.told = true;
        oldest->users++;
    }
    pthread_mutex_unlock(&core->lock);
    return oldest;
}

/* A provider that was loaded since all were asked is told as well. */
void fast_shutdown_tell(struct session_core *core)
{
    struct store_provider *provider;
    while ((provider = next_untold(core)) != NULL) {
        IMAPIProviderShutdown *shutdown = NULL;
        notify_one(provider, NULL);
        if (interface_of(provider, &shutdown) == S_OK && shutdown) {
            shutdown->lpVtbl->DoFastShutdown(shutdown);
            shutdown->lpVtbl->Release(shutdown);
        }
        session_provider_release(core, provider);
    }
}

/* No call begins any more; those under way are waited for, session by session (L19); then each session's providers do what is left to
 * do, and it leaves the shared one, so that the others hear of it.
 */
static void shut_down(void)
{
    struct session_core *core;
    lifeline_end_all();
    wake_others(false);
    slot_set_patience(SLOT_SHORT_PATIENCE_MS);
    unsigned round = ++rounds;
    while ((core = session_core_next(round)) != NULL) {
        session_core_end(core, true);
        session_core_unref(core);
    }
    profile_database_give_up();
}

/* IMAPIClientShutdown ----------------------------------------------------------------------------------------- */

static struct session *of(IMAPIClientShutdown *This)
{
    return (struct session *)(void *)((char *)This - offsetof(struct session, shutdown));
}

static HRESULT STDMETHODCALLTYPE query_interface(IMAPIClientShutdown *This, REFIID iid, void **out)
{
    return object_query(&of(This)->object, iid, out);
}

static ULONG STDMETHODCALLTYPE addref(IMAPIClientShutdown *This)
{
    return object_addref(&of(This)->object);
}

static ULONG STDMETHODCALLTYPE release(IMAPIClientShutdown *This)
{
    return object_release(&of(This)->object);
}

/* The frame of the three: the session must be there, but it is not entered meanwhile, because what is done concerns all sessions, and
 * nobody may have two.
 */
static HRESULT begin(struct session *self)
{
    HRESULT hr = session_enter(self);
    if (hr != S_OK) {
        return hr;
    }
    lifeline_leave(self->core->life);
    hr = take_turn();
    if (hr == S_OK) {
        object_addref(&self->object);
    }
    return hr;
}

static HRESULT finish(struct session *self, HRESULT hr)
{
    wake_others(true);
    if (FAILED(hr) && lifeline_enter(self->core->life) == S_OK) {
        session_leave(self, hr); /* remembers it */
    }
    object_release(&self->object);
    return hr;
}

static HRESULT STDMETHODCALLTYPE query_fast_shutdown(IMAPIClientShutdown *This)
{
    HRESULT hr = begin(of(This));
    return hr == S_OK ? finish(of(This), ask_all(true)) : hr;
}

/* "Has attempted to notify" is all that is promised (imapiclientshutdown-notifyprocessshutdown.md). Where the user has turned fast
 * shutdown off, providers hear nothing of it (best-practices-for-fast-shutdown.md).
 */
static HRESULT STDMETHODCALLTYPE notify_process_shutdown(IMAPIClientShutdown *This)
{
    enum policy policy;
    HRESULT hr = begin(of(This));
    if (hr != S_OK) {
        return hr == MAPI_E_NO_SUPPORT ? S_OK : hr; /* from within a provider: it has been told, or is about to be */
    }
    read_policy(&policy);
    if (policy != NEVER) {
        go_round(notify_one, NULL);
    }
    return finish(of(This), S_OK);
}

/* Without the two steps before it, it makes them by itself (N10). */
static HRESULT STDMETHODCALLTYPE do_fast_shutdown(IMAPIClientShutdown *This)
{
    HRESULT hr = begin(of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = ask_all(false);
    if (hr == S_OK) {
        go_round(notify_one, NULL);
        shut_down();
    }
    return finish(of(This), hr);
}

const IMAPIClientShutdownVtbl session_shutdown_vtbl = {
    query_interface, addref, release, query_fast_shutdown, notify_process_shutdown, do_fast_shutdown,
};
