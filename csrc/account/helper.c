/* IOlkAccountHelper (iolkaccounthelper.md): how an account manager gets a profile and a session without
 * holding the session itself.
 *
 * An owning helper logs on when it is first asked for the session, and ends that session in HandsOffSession,
 * because it made it (iolkaccounthelper-handsoffsession.md). A borrowing helper was given a session:
 * HandsOffSession answers E_NOTIMPL and changes nothing. Only documented interfaces are used, so that both
 * work with any MAPI.
 */
#include <mapisub.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "account/identity.h"
#include "base/failure.h"
#include "base/fork.h"
#include "base/lifeline.h"
#include "base/object.h"
#include "base/utf.h"

struct helper {
    struct object object;
    bool owning;
    FLAGS flags; /* of MAPILogonEx; owning only, as the two that follow */
    ULONG_PTR ui;
    LPWSTR password;        /* NULL, or what will be refused */
    LPWSTR profile;         /* NULL: not named */
    struct fork_mutex lock; /* guards what follows */
    IMAPISession *session;  /* with a reference; NULL: none held */
    bool handed_off;        /* an owning one has ended a session in HandsOffSession */
};

OBJECT_IUNKNOWN(helper, IOlkAccountHelper)

static struct helper *of(IOlkAccountHelper *This)
{
    return (struct helper *)(void *)This;
}

static HRESULT STDMETHODCALLTYPE placeholder(IOlkAccountHelper *This, void *reserved)
{
    (void)This;
    (void)reserved;
    return E_NOTIMPL;
}

/* A session that has been logged off answers to IUnknown only, in this MAPI (06 L16). In another one a dead
 * session cannot be told from a live one, and is handed out.
 */
static IMAPISession *new_reference(IMAPISession *session)
{
    void *alive = NULL;
    if (!session || session->lpVtbl->QueryInterface(session, &IID_IMAPISession, &alive) != S_OK) {
        return NULL;
    }
    return alive;
}

/* The count includes the NUL; a buffer of exactly that many characters is large enough; one that is too small
   is not touched (H10). */
static HRESULT hand_out(LPCWSTR name, LPWSTR identity, DWORD *count)
{
    DWORD needed = (DWORD)utf16_length(name) + 1;
    if (*count < needed) {
        *count = needed;
        return fail(E_OUTOFMEMORY, "the buffer is too small for the profile's name, which needs %u characters",
                    (unsigned)needed);
    }
    if (!identity) {
        return fail(E_INVALIDARG, "GetIdentity needs a buffer");
    }
    memcpy(identity, name, needed * sizeof *identity);
    *count = needed;
    return S_OK;
}

/* The name in the session that is held, or of the default profile, which an owning helper without a name will
 * log on to. For MAPIFreeBuffer.
 */
static HRESULT find_identity(struct helper *self, LPWSTR *name)
{
    *name = NULL;
    fork_mutex_lock(&self->lock);
    IMAPISession *session = new_reference(self->session);
    fork_mutex_unlock(&self->lock);
    if (session) {
        HRESULT hr = identity_of_session(session, name);
        session->lpVtbl->Release(session);
        return hr;
    }
    return self->owning && (self->flags & MAPI_USE_DEFAULT) ? identity_of_default_profile(name) : MAPI_E_NOT_FOUND;
}

static HRESULT STDMETHODCALLTYPE get_identity(IOlkAccountHelper *This, LPWSTR identity, DWORD *count)
{
    if (lifeline_all_ended()) {
        return lifeline_over();
    }
    struct helper *self = of(This);
    LPWSTR name = NULL;
    if (!count) {
        return fail(E_INVALIDARG, "GetIdentity needs the size of the buffer");
    }
    if (self->profile) {
        return hand_out(self->profile, identity, count);
    }
    HRESULT hr = find_identity(self, &name);
    if (hr == MAPI_E_NOT_ENOUGH_MEMORY) {
        return MAPI_E_CALL_FAILED; /* E_OUTOFMEMORY would say that the buffer is too small */
    }
    hr = SUCCEEDED(hr) && name && *name ? hand_out(name, identity, count)
                                        : fail(E_INVALIDARG, "the helper does not know the profile's name"); /* H11 */
    MAPIFreeBuffer(name);
    return hr;
}

static HRESULT other_profile(LPCWSTR wanted, LPCWSTR found)
{
    char *asked = NULL;
    char *there = NULL;
    if (utf16_to_utf8_new(wanted, utf16_length(wanted), UTF_REPLACE, &asked, NULL) == S_OK) {
        utf16_to_utf8_new(found, utf16_length(found), UTF_REPLACE, &there, NULL);
    }
    HRESULT hr =
        fail(MAPI_E_LOGON_FAILED,
             "The helper was made for the profile '%s', but the shared session that exists is of the profile '%s'; "
             "ask for a session that is not shared, or for any profile.",
             asked ? asked : "?", there ? there : "?");
    free(asked);
    free(there);
    return hr;
}

/* MAPI joins an existing shared session whatever profile was named (mapilogonex.md). The helper says which profile is meant: its
 * manager would otherwise put the accounts of one into another. */
static HRESULT check_profile(const struct helper *self, IMAPISession *session)
{
    IMapiSessionInfo *info = NULL;
    BOOL joined = FALSE;
    LPWSTR name = NULL;
    HRESULT hr = S_OK;
    if (!self->profile || !*self->profile || (self->flags & OLK_HELPER_ANY_PROFILE) ||
        FAILED(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, (void **)&info))) {
        return S_OK;
    }
    if (info->lpVtbl->WasJoined(info, &joined) == S_OK && joined) {
        hr = info->lpVtbl->GetProfileName(info, &name);
        size_t units = utf16_length(self->profile) + 1;
        if (hr == S_OK && (utf16_length(name) + 1 != units || memcmp(name, self->profile, units * sizeof *name) != 0)) {
            hr = other_profile(self->profile, name);
        }
        MAPIFreeBuffer(name);
    }
    info->lpVtbl->Release(info);
    return hr;
}

static HRESULT log_on(struct helper *self)
{
    IMAPISession *session = NULL;
    HRESULT hr = MAPILogonEx(self->ui, (LPTSTR)(void *)self->profile, (LPTSTR)(void *)self->password,
                             (self->flags & ~OLK_HELPER_ANY_PROFILE) | MAPI_UNICODE | MAPI_EXTENDED, &session);
    if (FAILED(hr)) {
        return hr;
    }
    hr = check_profile(self, session);
    if (FAILED(hr)) {
        const char *why = failure_detail(hr);
        char *sentence = why ? strdup(why) : NULL; /* the logoff forgets it */
        session->lpVtbl->Logoff(session, 0, 0, 0);
        session->lpVtbl->Release(session);
        if (sentence) {
            fail(hr, "%s", sentence);
            free(sentence);
        }
        return hr;
    }
    self->session = session;
    return S_OK;
}

/* The caller's reference to a live session, or NULL with a reason. Lock held. *dead receives a session of
 * ours that somebody else has logged off; it is released without the lock.
 */
static HRESULT fetch(struct helper *self, IMAPISession **session, IMAPISession **dead)
{
    HRESULT hr = S_OK;
    *session = new_reference(self->session);
    if (*session) {
        return S_OK;
    }
    if (!self->owning) {
        return self->session ? fail(MAPI_E_END_OF_SESSION,
                                    "the session that was lent to the helper has been logged off") /* H12 */
                             : fail(MAPI_E_NOT_FOUND, "the helper has no session");                /* H8 */
    }
    *dead = self->session;
    self->session = NULL;
    hr = log_on(self);
    if (SUCCEEDED(hr)) {
        *session = new_reference(self->session);
        hr =
            *session ? S_OK : fail(MAPI_E_END_OF_SESSION, "the helper's session was logged off as soon as it was made");
    }
    return hr;
}

/* The same session as long as it lives, with a reference for the caller (H6, H7). */
static HRESULT STDMETHODCALLTYPE get_mapi_session(IOlkAccountHelper *This, LPUNKNOWN *out)
{
    struct helper *self = of(This);
    IMAPISession *session = NULL, *dead = NULL;
    if (!out) {
        return fail(E_INVALIDARG, "GetMapiSession needs a place for the session"); /* H9 */
    }
    *out = NULL;
    fork_mutex_lock(&self->lock);
    HRESULT hr = fetch(self, &session, &dead);
    fork_mutex_unlock(&self->lock);
    if (dead) {
        dead->lpVtbl->Release(dead);
    }
    *out = (LPUNKNOWN)(void *)session;
    return hr;
}

/* Ends a session of ours: never shared, for that would end it for others too (H3). One that somebody logged
 * off through a lent pointer says so, which is as good. Without the lock, because Logoff waits for calls in
 * which somebody may be asking us for the session.
 */
static void end_session(IMAPISession *session)
{
    if (session) {
        session->lpVtbl->Logoff(session, 0, 0, 0);
        session->lpVtbl->Release(session);
    }
}

/* Harmless when there is no session, or no longer (H1, H2). */
static HRESULT STDMETHODCALLTYPE hands_off_session(IOlkAccountHelper *This)
{
    struct helper *self = of(This);
    if (!self->owning) {
        return E_NOTIMPL;
    }
    fork_mutex_lock(&self->lock);
    IMAPISession *session = self->session;
    self->session = NULL;
    self->handed_off = self->handed_off || session != NULL;
    fork_mutex_unlock(&self->lock);
    end_session(session);
    return S_OK;
}

static const IOlkAccountHelperVtbl vtbl = {
    helper_query_interface, helper_addref,    helper_release,    placeholder,
    get_identity,           get_mapi_session, hands_off_session,
};

static void forget_password(LPWSTR password)
{
    volatile WCHAR *at = password;
    while (at && *at) {
        *at++ = 0;
    }
    free(password);
}

static void destroy(struct object *object)
{
    struct helper *self = (struct helper *)object;
    if (self->owning) {
        end_session(self->session);
    } else if (self->session) {
        self->session->lpVtbl->Release(self->session);
    }
    object_retire(object);
    fork_mutex_destroy(&self->lock);
    forget_password(self->password);
    free(self->profile);
    free(self);
}

static const GUID *const iids[] = {&IID_IOlkAccountHelper, NULL};
static const struct object_type type = {.kind = OBJECT_HELPER, .iids = iids, .destroy = destroy};

/* A malloc'd copy; false when there is no memory for it. */
static bool copy_wide(LPCWSTR text, LPWSTR *out)
{
    *out = NULL;
    if (!text || !*text) {
        return true; /* an empty string is none */
    }
    size_t size = (utf16_length(text) + 1) * sizeof *text;
    *out = malloc(size);
    if (*out) {
        memcpy(*out, text, size);
    }
    return *out != NULL;
}

static HRESULT create(bool owning, LPCWSTR profile, LPCWSTR password, struct helper **out)
{
    struct helper *self = calloc(1, sizeof *self);
    *out = NULL;
    if (self && copy_wide(profile, &self->profile) && copy_wide(password, &self->password)) {
        self->owning = owning;
        fork_mutex_init(&self->lock);
        object_init(&self->object, &type, &vtbl);
        *out = self;
        return S_OK;
    }
    if (self) {
        free(self->profile);
        free(self);
    }
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "no memory left for an account helper");
}

HRESULT OlkCreateOwningHelper(LPCWSTR profile, FLAGS flags, ULONG_PTR ui, LPCWSTR password, IOlkAccountHelper **helper)
{
    struct helper *self;
    if (!helper) {
        return fail(E_INVALIDARG, "an account helper needs a place");
    }
    *helper = NULL;
    HRESULT hr = create(true, profile, password, &self);
    if (hr == S_OK) {
        self->flags = flags;
        self->ui = ui;
        *helper = (IOlkAccountHelper *)(void *)self;
    }
    return hr;
}

ULONG OlkOwningHelperState(IOlkAccountHelper *helper)
{
    struct helper *self = of(helper);
    fork_mutex_lock(&self->lock);
    ULONG state = self->session != NULL ? OLK_HELPER_HOLDING
                  : self->handed_off    ? OLK_HELPER_HANDED_OFF
                                        : OLK_HELPER_IDLE;
    fork_mutex_unlock(&self->lock);
    return state;
}

HRESULT OlkCreateBorrowingHelper(IMAPISession *session, IOlkAccountHelper **helper)
{
    struct helper *self;
    if (!helper) {
        return fail(E_INVALIDARG, "an account helper needs a place");
    }
    *helper = NULL;
    HRESULT hr = create(false, NULL, NULL, &self);
    if (hr == S_OK) {
        self->session = session;
        if (session) {
            session->lpVtbl->AddRef(session);
        }
        *helper = (IOlkAccountHelper *)(void *)self;
    }
    return hr;
}
