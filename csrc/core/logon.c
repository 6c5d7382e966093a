/* MAPILogonEx (mapilogonex.md). */
#include "core/logon.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include <mapix.h>

#include "base/failure.h"
#include "core/process.h"
#include "core/session.h"
#include "core/text.h"

static const ULONG known_flags = MAPI_LOGON_UI | MAPI_NEW_SESSION | MAPI_APP_PROFILE | MAPI_ALLOW_OTHERS |
                                 MAPI_EXPLICIT_PROFILE | MAPI_EXTENDED | MAPI_USE_DEFAULT | MAPI_FORCE_DOWNLOAD |
                                 MAPI_SERVICE_UI_ALWAYS | MAPI_NO_MAIL | MAPI_NT_SERVICE | MAPI_PASSWORD_UI |
                                 MAPI_TIMEOUT_SHORT | MAPI_BG_SESSION | MAPI_UNICODE;

/* "A few seconds" of MAPI_TIMEOUT_SHORT. */
enum { SHORT_TIMEOUT_SECONDS = 3 };

static pthread_mutex_t mutex;
static pthread_once_t mutex_once = PTHREAD_ONCE_INIT;

static void make_mutex(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

void logon_lock(void)
{
    pthread_once(&mutex_once, make_mutex);
    pthread_mutex_lock(&mutex);
}

void logon_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

static bool logon_lock_within_limit(void)
{
    struct timespec limit;
    pthread_once(&mutex_once, make_mutex);
    if (pthread_mutex_trylock(&mutex) == 0) {
        return true;
    }
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += SHORT_TIMEOUT_SECONDS;
    return pthread_mutex_timedlock(&mutex, &limit) == 0;
}

/* The profile's name, or NULL in *name for the default profile (02, truth table rows 2 to 5; O4, O10, O12, O15). */
static HRESULT choose_profile(const void *text, ULONG flags, struct profile_name *buffer, const char **name)
{
    *name = NULL;
    switch (profile_name_read(text, flags & MAPI_UNICODE, buffer)) {
    case PROFILE_NAME_GIVEN:
        *name = buffer->text;
        return S_OK;
    case PROFILE_NAME_TOO_LONG:
        return fail(MAPI_E_LOGON_FAILED, "The profile's name has more than %d characters.", PROFILE_NAME_UNITS);
    case PROFILE_NAME_NOT_TEXT:
        return fail(MAPI_E_LOGON_FAILED, "The profile's name is not valid %s.",
                    flags & MAPI_UNICODE ? "UTF-16" : "UTF-8");
    default:
        break;
    }
    if (flags & MAPI_USE_DEFAULT) {
        return S_OK;
    }
    return fail(MAPI_E_LOGON_FAILED, "No profile was named%s; name one, or ask for the default profile.",
                flags & MAPI_LOGON_UI ? ", and there is no dialog to ask with" : "");
}

/* What can go wrong with a profile is a failed logon; what is wrong with its file keeps its own code. */
static HRESULT open_profile(const char *name, struct profile **profile)
{
    HRESULT hr = profile_acquire(name, profile);
    if (hr == MAPI_E_NOT_FOUND) {
        const char *why = failure_detail(hr);
        hr = fail(MAPI_E_LOGON_FAILED, "%s", why ? why : "There is no such profile.");
    }
    return hr;
}

static HRESULT start_session(const char *name, ULONG flags, LPMAPISESSION *out)
{
    struct profile *profile = NULL;
    struct session_core *core = NULL;
    HRESULT hr = open_profile(name, &profile);
    if (hr != S_OK) {
        return hr;
    }
    hr = session_core_create(profile, flags, &core);
    if (hr != S_OK) {
        profile_let_go(profile, false);
        return hr;
    }
    hr = session_create(core, out);
    if (hr != S_OK) {
        session_core_end(core, false);
        session_core_unref(core);
    }
    return hr;
}

static HRESULT check_arguments(const void *password, ULONG flags)
{
    HRESULT hr = process_check();
    if (hr != S_OK) {
        return hr;
    }
    if (flags & ~known_flags) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "MAPILogonEx does not know the flags 0x%08x.",
                    (unsigned)(flags & ~known_flags));
    }
    if (!text_is_empty(password, flags & MAPI_UNICODE)) {
        return fail(MAPI_E_LOGON_FAILED, "Profiles have no passwords; pass none, or an empty one.");
    }
    if (flags & MAPI_ALLOW_OTHERS) {
        return fail(MAPI_E_NO_SUPPORT,
                    "Sessions that others can join are not supported yet; log on without MAPI_ALLOW_OTHERS.");
    }
    return S_OK;
}

HRESULT STDAPICALLTYPE MAPILogonEx(ULONG_PTR ui, LPTSTR name, LPTSTR password, FLAGS flags, LPMAPISESSION *out)
{
    struct profile_name buffer;
    const char *chosen;
    (void)ui;
    if (!out) {
        return fail(MAPI_E_INVALID_PARAMETER, "MAPILogonEx needs a place for the session.");
    }
    *out = NULL;
    HRESULT hr = check_arguments(password, flags);
    hr = hr == S_OK ? choose_profile(name, flags, &buffer, &chosen) : hr;
    if (hr != S_OK) {
        return hr;
    }
    if (!(flags & MAPI_TIMEOUT_SHORT)) {
        logon_lock();
    } else if (!logon_lock_within_limit()) {
        return fail(MAPI_E_TIMEOUT, "Another thread has been logging on for %d seconds.", SHORT_TIMEOUT_SECONDS);
    }
    profile_catch_up();
    hr = start_session(chosen, flags, out);
    logon_unlock();
    return hr;
}
