/* MAPILogonEx (mapilogonex.md). */
#include "core/logon.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include <mapix.h>

#include "base/failure.h"
#include "core/dialog.h"
#include "core/process.h"
#include "core/session.h"
#include "core/slot.h"
#include "core/text.h"

static const ULONG known_flags = MAPI_LOGON_UI | MAPI_NEW_SESSION | MAPI_APP_PROFILE | MAPI_ALLOW_OTHERS |
                                 MAPI_EXPLICIT_PROFILE | MAPI_EXTENDED | MAPI_USE_DEFAULT | MAPI_FORCE_DOWNLOAD |
                                 MAPI_SERVICE_UI_ALWAYS | MAPI_NO_MAIL | MAPI_NT_SERVICE | MAPI_PASSWORD_UI |
                                 MAPI_TIMEOUT_SHORT | MAPI_BG_SESSION | MAPI_UNICODE;

/* "A few seconds" of MAPI_TIMEOUT_SHORT. */
enum { SHORT_TIMEOUT_SECONDS = 3 };

/* Times that a shared session may appear and vanish again while one logon looks for it. */
enum { RACES = 16 };

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

void logon_after_fork_in_child(void)
{
    pthread_once(&mutex_once, make_mutex);
    make_mutex();
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

/* A call of MAPILogonEx. */
struct logon {
    ULONG flags;
    unsigned patience; /* with the lock of the shared session */
    struct profile_name name;
    bool named;
    bool must_ask; /* it has failed for want of a name that the user could give */
};

/* Reads a profile's name, and checks what can be checked without a look at the disk. */
static HRESULT read_name(struct logon *logon, const void *text, bool wide)
{
    switch (profile_name_read(text, wide, &logon->name)) {
    case PROFILE_NAME_TOO_LONG:
        return fail(MAPI_E_LOGON_FAILED, "The profile's name has more than %d characters.", PROFILE_NAME_UNITS);
    case PROFILE_NAME_NOT_TEXT:
        return fail(MAPI_E_LOGON_FAILED, "The profile's name is not valid %s.", wide ? "UTF-16" : "UTF-8");
    case PROFILE_NAME_GIVEN:
        logon->named = true;
        return S_OK;
    default:
        return S_OK;
    }
}

/* Rows 2 to 5 of 02's truth table (O4, O12, O15). What can go wrong with a profile is a failed logon; what is wrong
 * with its file keeps its own code.
 */
static HRESULT open_profile(struct logon *logon, struct profile **profile)
{
    HRESULT hr;
    if (logon->named || (logon->flags & MAPI_USE_DEFAULT)) {
        hr = profile_acquire(logon->named ? logon->name.text : NULL, profile);
        if (hr == MAPI_E_NOT_FOUND) {
            const char *why = failure_detail(hr);
            hr = fail(MAPI_E_LOGON_FAILED, "%s", why ? why : "There is no such profile.");
        }
    } else {
        hr = fail(MAPI_E_LOGON_FAILED, "No profile was named; name one, or ask for the default profile.");
    }
    logon->must_ask = hr == MAPI_E_LOGON_FAILED && !logon->named && (logon->flags & MAPI_LOGON_UI);
    return hr;
}

/* The profile of the session to be, and its place in the shared one where it gets one: row 1 of the truth table and the
 * eight outcomes of 02, section 2.2. Whoever comes first creates the shared session; who loses that race joins it.
 */
static HRESULT find_place(struct logon *logon, struct session_core *core, struct profile **profile)
{
    for (int i = 0; i < RACES; i++) {
        if (!(logon->flags & MAPI_NEW_SESSION)) {
            HRESULT hr = session_join(core, logon->patience, profile);
            if (hr != MAPI_E_NOT_FOUND) {
                return hr;
            }
        }
        HRESULT hr = open_profile(logon, profile);
        if (hr != S_OK || !(logon->flags & MAPI_ALLOW_OTHERS)) {
            return hr;
        }
        hr = session_share(core, logon->patience, *profile);
        if (hr == MAPI_E_COLLISION && (logon->flags & MAPI_NEW_SESSION)) {
            return S_OK; /* private: the one there is keeps its place (O2) */
        }
        if (hr == S_OK) {
            return S_OK;
        }
        profile_let_go(*profile, true);
        if (hr != MAPI_E_COLLISION) {
            return hr;
        }
    }
    return fail(MAPI_E_TIMEOUT, "The shared session comes and goes all the time; try again.");
}

/* Everything that can fail for want of memory is made first, so that nobody is told of a client that never was. */
static HRESULT start_session(struct logon *logon, LPMAPISESSION *out)
{
    struct session_core *core = NULL;
    struct profile *profile = NULL;
    LPMAPISESSION session = NULL;
    HRESULT hr = session_core_create(logon->flags, &core);
    if (hr != S_OK) {
        return hr;
    }
    hr = session_create(core, &session);
    if (hr != S_OK) {
        session_core_unref(core);
        return hr;
    }
    hr = find_place(logon, core, &profile);
    if (hr != S_OK) {
        session_discard(session);
        return hr;
    }
    session_core_start(core, profile);
    *out = session;
    return S_OK;
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
    return S_OK;
}

/* One attempt, with the mutex that serialises all logons and logoffs. */
static HRESULT attempt(struct logon *logon, LPMAPISESSION *out)
{
    if (!(logon->flags & MAPI_TIMEOUT_SHORT)) {
        logon_lock();
    } else if (!logon_lock_within_limit()) {
        return fail(MAPI_E_TIMEOUT, "Another thread has been logging on for %d seconds.", SHORT_TIMEOUT_SECONDS);
    }
    profile_catch_up();
    HRESULT hr = start_session(logon, out);
    logon_unlock();
    return hr;
}

HRESULT STDAPICALLTYPE MAPILogonEx(ULONG_PTR ui, LPTSTR name, LPTSTR password, FLAGS flags, LPMAPISESSION *out)
{
    if (!out) {
        return fail(MAPI_E_INVALID_PARAMETER, "MAPILogonEx needs a place for the session.");
    }
    *out = NULL;
    HRESULT hr = check_arguments(password, flags);
    if (hr != S_OK) {
        return hr;
    }
    struct logon logon;
    logon.flags = flags;
    logon.patience = flags & MAPI_TIMEOUT_SHORT ? SLOT_SHORT_PATIENCE_MS : SLOT_PATIENCE_MS;
    logon.named = logon.must_ask = false;
    hr = read_name(&logon, name, flags & MAPI_UNICODE);
    hr = hr == S_OK ? attempt(&logon, out) : hr;
    if (hr == MAPI_E_LOGON_FAILED && logon.must_ask) {
        char answer[PROFILE_NAME_BYTES + 2];
        hr = dialog_ask_profile(ui, flags, answer, sizeof answer);
        hr = hr == S_OK ? read_name(&logon, answer, false) : hr;
        hr = hr == S_OK ? attempt(&logon, out) : hr;
    }
    return hr;
}
