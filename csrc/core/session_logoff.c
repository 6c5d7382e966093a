/* IMAPISession::Logoff (imapisession-logoff.md, ending-a-mapi-session.md; decisions L1 to L25). */
#include <mapicode.h>

#include "base/failure.h"
#include "core/dialog.h"
#include "core/session.h"

/* The checks in their order: the session's state, what is reserved, the flags (L1 to L4). Nothing has changed when one fails. */
static HRESULT check(const struct session_core *core, ULONG flags, ULONG reserved)
{
    if (reserved != 0) {
        return fail(MAPI_E_INVALID_PARAMETER, "The reserved argument of Logoff must be 0.");
    }
    if (flags & ~(MAPI_LOGOFF_SHARED | MAPI_LOGOFF_UI)) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "Logoff does not know the flags 0x%08x.",
                    (unsigned)(flags & ~(MAPI_LOGOFF_SHARED | MAPI_LOGOFF_UI)));
    }
    if (core->asking) {
        return fail(MAPI_E_BUSY,
                    "The user is being asked whether this session may be logged off; wait for the answer.");
    }
    return S_OK;
}

/* Whether there is something to ask, and what. A logoff that tells nobody leaves the others as they are. */
static HRESULT look_around(struct session_core *core, ULONG flags, struct session_pending *pending)
{
    HRESULT hr = session_count_pending(core, pending);
    if (!(flags & MAPI_LOGOFF_SHARED)) {
        pending->clients = 0;
    }
    return hr;
}

/* Asks, with the session as usable as ever and nothing undone (L11). It may have ended when the answer comes. */
static HRESULT ask(struct session *self, ULONG_PTR ui, ULONG flags, const struct session_pending *pending)
{
    struct session_core *core = self->core;
    bool go_on = dialog_ask_logoff(ui, flags, core->profile->name, pending->unsent, pending->unsaved, pending->clients);
    HRESULT hr = session_enter(self);
    if (hr != S_OK) {
        return hr;
    }
    core->asking = false;
    hr = go_on ? S_OK : fail(MAPI_E_USER_CANCEL, "The user declined; nothing was undone.");
    return session_leave(self, hr);
}

HRESULT session_logoff(struct session *self, ULONG_PTR ui, ULONG flags, ULONG reserved)
{
    struct session_pending pending = {0};
    HRESULT hr = session_enter(self);
    if (hr != S_OK) {
        return hr;
    }
    hr = check(self->core, flags, reserved);
    if (hr == S_OK && (flags & MAPI_LOGOFF_UI)) {
        hr = look_around(self->core, flags, &pending);
    }
    bool to_ask = hr == S_OK && (pending.unsent || pending.unsaved || pending.clients);
    self->core->asking |= to_ask;
    hr = session_leave(self, hr);
    if (hr != S_OK) {
        return hr;
    }
    object_addref(&self->object); /* a dialog, or a callback that is waited for, may drop the caller's reference */
    hr = to_ask ? ask(self, ui, flags, &pending) : S_OK;
    hr = hr == S_OK ? session_core_log_off(self->core, flags & MAPI_LOGOFF_SHARED) : hr;
    object_release(&self->object);
    return hr;
}
