/* Loading store providers, logging on to stores, and ending both (loading-message-store-providers.md,
 * imsprovider-logon.md, shutting-down-a-service-provider.md).
 */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/hresult.h"
#include "core/allocator.h"
#include "core/service_entry.h"
#include "core/session.h"
#include "core/support.h"

/* Drops a user of a provider; true when it was the last, and then the provider has left the list and is the
 * caller's to shut down. Lock held.
 */
static bool drop_provider(struct session_core *core, struct store_provider *provider)
{
    if (--provider->users > 0) {
        return false;
    }
    struct store_provider **link = &core->providers;
    while (*link != provider) {
        link = &(*link)->next;
    }
    *link = provider->next;
    return true;
}

/* After a fork providers are the parent's (R8), after a fast shutdown they have been told all there is: they are only released. */
static bool only_released(const struct session_core *core)
{
    return lifeline_inherited(core->life) || lifeline_all_ended();
}

static void shut_down(const struct session_core *core, struct store_provider *provider)
{
    ULONG flags = 0;
    if (!only_released(core)) {
        provider->provider->lpVtbl->Shutdown(provider->provider, &flags);
    }
    provider->provider->lpVtbl->Release(provider->provider);
    free(provider);
}

void session_provider_release(struct session_core *core, struct store_provider *provider)
{
    pthread_mutex_lock(&core->lock);
    bool last = drop_provider(core, provider);
    pthread_mutex_unlock(&core->lock);
    if (last) {
        shut_down(core, provider);
    }
}

static struct store_provider *find_provider(struct session_core *core, const struct service *service)
{
    pthread_mutex_lock(&core->lock);
    struct store_provider *provider = core->providers;
    while (provider && provider->service != service) {
        provider = provider->next;
    }
    if (provider) {
        provider->users++;
    }
    pthread_mutex_unlock(&core->lock);
    return provider;
}

HRESULT session_provider_acquire(struct session_core *core, const struct service *service, struct store_provider **out)
{
    const struct service_provider *described = service_store_provider(service);
    ULONG version = 0;
    *out = find_provider(core, service);
    if (*out) {
        return S_OK;
    }
    if (!described) {
        return fail(MAPI_E_NOT_FOUND, "The message service '%s' has no message store.", service->name);
    }
    struct store_provider *provider = calloc(1, sizeof *provider);
    if (!provider) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to load a message store provider.");
    }
    failure_clear();
    HRESULT hr = described->ms_init(NULL, allocator(), MAPIAllocateBuffer, MAPIAllocateMore, MAPIFreeBuffer,
                                    core->flags & MAPI_NT_SERVICE, CURRENT_SPI_VERSION, &version, &provider->provider);
    if (FAILED(hr) || !provider->provider) {
        free(provider);
        return FAILED(hr) ? hr : fail(MAPI_E_CALL_FAILED, "The provider of '%s' did not start.", service->name);
    }
    provider->service = service;
    provider->users = 1;
    pthread_mutex_lock(&core->lock);
    provider->next = core->providers;
    core->providers = provider;
    pthread_mutex_unlock(&core->lock);
    *out = provider;
    return S_OK;
}

static struct store_logon *make_logon(struct session_core *core, struct store_provider *provider,
                                      const MAPIUID *section)
{
    struct store_logon *logon = calloc(1, sizeof *logon);
    if (logon) {
        logon->provider = provider;
        logon->section = *section;
        pthread_mutex_lock(&core->lock);
        provider->users++;
        logon->next = core->logons;
        core->logons = logon;
        core->store_used = true;
        pthread_mutex_unlock(&core->lock);
    }
    return logon;
}

/* Takes a logon out of the session, and its support object away from it. Lock held. */
static void detach(struct session_core *core, struct store_logon *logon)
{
    struct store_logon **link = &core->logons;
    while (*link != logon) {
        link = &(*link)->next;
    }
    *link = logon->next;
    session_advices_detach(core, logon);
    if (logon->support) {
        logon->support->logon = NULL;
        logon->support = NULL;
    }
}

/* What Logoff answers changes nothing (06 L23). */
static void end_logon_object(const struct session_core *core, IMSLogon *logon)
{
    ULONG flags = 0;
    if (logon) {
        if (!only_released(core)) {
            logon->lpVtbl->Logoff(logon, &flags);
        }
        logon->lpVtbl->Release(logon);
    }
}

/* Ends a logon that has been detached: Logoff, Release, and the provider if this was its last. */
static void end_logon(struct session_core *core, struct store_logon *logon)
{
    end_logon_object(core, logon->logon);
    session_provider_release(core, logon->provider);
    prop_bag_clear(&logon->status);
    free(logon->security);
    free(logon->uids);
    free(logon);
}

void session_support_gone(struct session_core *core, struct support *support)
{
    pthread_mutex_lock(&core->lock);
    struct store_logon *logon = support->logon;
    support->logon = NULL;
    if (logon) {
        logon->support = NULL;
        if (logon->logon) {
            detach(core, logon);
        } else {
            logon = NULL; /* IMSProvider::Logon is still running, and its caller ends what it began */
        }
    }
    pthread_mutex_unlock(&core->lock);
    if (logon) {
        end_logon(core, logon);
    }
}

/* A logon that is still being made is ended by the call that makes it, further up this thread's stack. */
void session_end_stores(struct session_core *core)
{
    for (;;) {
        pthread_mutex_lock(&core->lock);
        core->ending = true;
        struct store_logon *logon = core->logons;
        while (logon && !logon->logon) {
            logon = logon->next;
        }
        if (logon) {
            detach(core, logon);
        }
        pthread_mutex_unlock(&core->lock);
        if (!logon) {
            return;
        }
        end_logon(core, logon);
    }
}

/* Failures that say something about the caller or the moment leave the service alone; others disable it for
 * the life of the session (imsprovider-logon.md, mapi-sessions.md, O16).
 */
static bool disables_service(HRESULT hr)
{
    switch (hr) {
    case MAPI_E_UNCONFIGURED:
    case MAPI_E_LOGON_FAILED:
    case MAPI_E_CORRUPT_DATA:
    case MAPI_E_CORRUPT_STORE:
    case MAPI_E_VERSION:
    case MAPI_E_CALL_FAILED:
    case MAPI_E_UNKNOWN_CPID:
    case MAPI_E_UNKNOWN_LCID:
    case MAPI_E_SESSION_LIMIT:
        return true;
    default:
        return false;
    }
}

static void disable_service(struct session_core *core, const MAPIUID *service, HRESULT reason)
{
    struct disabled_service *disabled = uid_equal(service, &uid_none) ? NULL : malloc(sizeof *disabled);
    if (disabled) {
        disabled->service = *service;
        disabled->reason = reason;
        disabled->next = core->disabled;
        core->disabled = disabled;
    }
}

static HRESULT check_enabled(const struct session_core *core, const MAPIUID *service)
{
    for (const struct disabled_service *disabled = core->disabled; disabled; disabled = disabled->next) {
        if (uid_equal(&disabled->service, service)) {
            return fail(disabled->reason,
                        "The store's message service failed before and is disabled until the next logon.");
        }
    }
    return S_OK;
}

/* A sentence for a failure that its provider or service has not explained. */
static void explain(HRESULT hr, const char *what)
{
    const char *why = hresult_text(hr);
    if (FAILED(hr) && !failure_detail(hr)) {
        fail(hr, "%s%s%s", what, why ? ": " : "", why ? why : "");
    }
}

/* What the provider gave out for the spooler when a client logged on to the store; nothing where no client has. Lock held. */
static const struct store_logon *logon_with_security(const struct session_core *core, const MAPIUID *section)
{
    const struct store_logon *logon = core->logons;
    while (logon && !(logon->security && uid_equal(&logon->section, section))) {
        logon = logon->next;
    }
    return logon;
}

/* A copy of it, malloc'd: the client's logon may end meanwhile. */
static HRESULT copy_security(struct session_core *core, const MAPIUID *section, BYTE **out, ULONG *size)
{
    HRESULT hr = S_OK;
    *out = NULL;
    *size = 0;
    pthread_mutex_lock(&core->lock);
    const struct store_logon *logon = logon_with_security(core, section);
    if (logon) {
        *out = malloc(logon->security_size);
        hr = *out ? S_OK : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to log on to a message store.");
    }
    if (logon && hr == S_OK) {
        memcpy(*out, logon->security, logon->security_size);
        *size = logon->security_size;
    }
    pthread_mutex_unlock(&core->lock);
    return hr;
}

/* Keeps what the provider gave out. Without memory for it the spooler shows nothing, and the provider decides about that. */
static void keep_security(struct session_core *core, struct store_logon *logon, LPBYTE given, ULONG size)
{
    BYTE *kept = given && size > 0 ? malloc(size) : NULL;
    if (kept) {
        memcpy(kept, given, size);
        pthread_mutex_lock(&core->lock);
        logon->security = kept;
        logon->security_size = size;
        pthread_mutex_unlock(&core->lock);
    }
    MAPIFreeBuffer(given);
}

/* IMSProvider::Logon or SpoolerLogon. */
static HRESULT call_logon(struct session_core *core, const struct store_request *request, struct store_logon *logon,
                          struct support *support, LPMAPIERROR *said, IMSLogon **made, LPMDB *out)
{
    IMSProvider *provider = logon->provider->provider;
    LPMAPISUP given = (LPMAPISUP)(void *)support;
    BYTE *security = NULL;
    ULONG size = 0;
    if (!request->spooler) {
        HRESULT hr =
            provider->lpVtbl->Logon(provider, given, request->ui, core->profile->name, request->id.size,
                                    request->id.inner, request->flags, request->iid, &size, &security, said, made, out);
        keep_security(core, logon, security, size);
        return hr;
    }
    HRESULT hr = copy_security(core, &request->section->uid, &security, &size);
    hr = hr == S_OK ? provider->lpVtbl->SpoolerLogon(provider, given, request->ui, core->profile->name,
                                                     request->id.size, request->id.inner, request->flags, request->iid,
                                                     size, security, said, made, out)
                    : hr;
    free(security);
    return hr;
}

/* One call of IMSProvider::Logon. On success the store is in *out. *kept tells whether `logon` has the logon
 * object: not where the store was open already. From then on `logon` may be ended by whoever releases the
 * store.
 */
static HRESULT try_logon(struct session_core *core, const struct store_request *request, struct store_logon *logon,
                         LPMDB *out, bool *kept)
{
    struct support *support = NULL;
    LPMAPIERROR said = NULL;
    IMSLogon *made = NULL;
    HRESULT hr =
        support_create_for_store(core, request->service, &request->section->uid, request->loose, logon, &support);
    if (hr != S_OK) {
        return hr;
    }
    *out = NULL;
    *kept = false;
    failure_clear();
    hr = call_logon(core, request, logon, support, &said, &made, out);
    if (SUCCEEDED(hr) && !*out) {
        hr = fail(MAPI_E_CALL_FAILED, "The provider of '%s' logged on without a store.", request->service->name);
    }
    if (FAILED(hr)) {
        *out = NULL;
        if (made) {
            made->lpVtbl->Release(made);
            made = NULL;
        }
    }
    if (hr != S_OK) {
        explain(hr, "The message store could not be opened");
        last_error_set_from(&core->error, hr, said, request->flags & MAPI_UNICODE);
        core->error_is_new = true;
    }
    MAPIFreeBuffer(said);
    object_release(&support->object);
    pthread_mutex_lock(&core->lock);
    bool ended = core->ending;
    logon->logon = ended ? NULL : made;
    logon->writes = request->flags & MDB_WRITE;
    pthread_mutex_unlock(&core->lock);
    *kept = made && !ended;
    if (ended && SUCCEEDED(hr)) { /* the provider has logged off its own session */
        (*out)->lpVtbl->Release(*out);
        *out = NULL;
        end_logon_object(core, made);
        hr = lifeline_all_ended() ? lifeline_over() : MAPI_E_INVALID_OBJECT;
    }
    return hr;
}

/* A logon that did not come about, or a second opening of a store, which has its first logon
   (loading-message-store-providers.md). */
static void abandon(struct session_core *core, struct store_logon *logon)
{
    pthread_mutex_lock(&core->lock);
    detach(core, logon);
    pthread_mutex_unlock(&core->lock);
    end_logon(core, logon);
}

static HRESULT attempt(struct session_core *core, struct store_provider *provider, const struct store_request *request,
                       LPMDB *out)
{
    struct store_logon *logon = make_logon(core, provider, &request->section->uid);
    if (!logon) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to log on to a message store.");
    }
    bool kept = false;
    HRESULT hr = try_logon(core, request, logon, out, &kept);
    if (!kept) {
        abandon(core, logon);
    }
    return hr;
}

/* The service is asked to configure itself, and the logon is tried once more (imsprovider-logon.md). */
static HRESULT configure(struct session_core *core, const struct store_request *request)
{
    if (uid_equal(&request->section->service, &uid_none) || !request->service->entry) {
        return MAPI_E_UNCONFIGURED;
    }
    struct service_call call = {
        .profile = core->profile,
        .service = request->service,
        .uid = &request->section->service,
        .context = MSG_SERVICE_CONFIGURE,
        .ui = request->ui,
        .flags = request->flags & MDB_NO_DIALOG ? SERVICE_LOGON_FAILED : SERVICE_LOGON_FAILED | SERVICE_UI_ALLOWED,
        .error = &core->error,
    };
    HRESULT hr = service_call(&call);
    explain(hr, "The message service could not be configured");
    core->error_is_new = core->error_is_new || FAILED(hr);
    return SUCCEEDED(hr) ? S_OK : hr;
}

HRESULT session_logon_store(struct session_core *core, const struct store_request *request, LPMDB *out)
{
    struct store_provider *provider = NULL;
    struct store_request again = *request;
    HRESULT hr = check_enabled(core, &request->section->service);
    if (hr == S_OK && core->ending) {
        hr = MAPI_E_INVALID_OBJECT; /* a provider that opens stores while its session is logging off */
    }
    hr = hr == S_OK ? session_provider_acquire(core, request->service, &provider) : hr;
    if (hr != S_OK) {
        return hr;
    }
    /* MAPI_BEST_ACCESS is MAPI's flag, not the provider's: writing is tried first. */
    bool best = request->flags & MAPI_BEST_ACCESS;
    again.flags &= ~(MAPI_BEST_ACCESS | MDB_ONLINE);
    again.flags |= best ? MDB_WRITE : 0;
    hr = attempt(core, provider, &again, out);
    if (hr == MAPI_E_UNCONFIGURED) {
        hr = configure(core, &again);
        hr = hr == S_OK ? attempt(core, provider, &again, out) : hr;
    }
    if (hr == MAPI_E_NO_ACCESS && best && !(request->flags & MDB_WRITE)) {
        again.flags &= ~MDB_WRITE;
        core->error_is_new = false;
        hr = attempt(core, provider, &again, out);
    }
    session_provider_release(core, provider);
    if (disables_service(hr)) {
        disable_service(core, &request->section->service, hr);
    }
    return hr;
}
