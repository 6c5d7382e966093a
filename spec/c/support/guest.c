#include "support/guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/mapi.h"

enum { DEADLINE_MS = 120000 };

static ULONG STDAPICALLTYPE hear(LPVOID context, ULONG count, LPNOTIFICATION notifications)
{
    struct guest *self = context;
    for (ULONG i = 0; i < count; i++) {
        if (notifications[i].ulEventType == fnevCriticalError)
            self->criticals += notifications[i].info.err.scode == MAPI_E_END_OF_SESSION ? 1 : 1000;
        if (notifications[i].ulEventType == fnevExtended)
            self->logoffs++;
    }
    return 0;
}

HRESULT guest_listen(struct guest *self)
{
    LPMAPIADVISESINK sink = NULL, wrapped = NULL;
    ULONG_PTR connection = 0;
    HRESULT hr = MapiNotifyPortCreate(&self->port);
    if (hr == S_OK)
        hr = HrAllocAdviseSink(hear, self, &sink);
    if (hr == S_OK)
        hr = MapiNotifyPortWrap(self->port, sink, &wrapped);
    if (hr == S_OK)
        hr = self->session->lpVtbl->Advise(self->session, 0, NULL, fnevCriticalError | fnevExtended, wrapped,
                                           &connection);
    if (wrapped)
        release(wrapped);
    if (sink)
        release(sink);
    return hr;
}

HRESULT guest_come(struct guest *self, FLAGS flags)
{
    memset(self, 0, sizeof *self);
    return try_log_on("work", flags | MAPI_EXTENDED, &self->session);
}

HRESULT guest_go(struct guest *self, ULONG flags)
{
    HRESULT hr = self->session->lpVtbl->Logoff(self->session, 0, flags, 0);
    if (hr != S_OK)
        return hr;
    release(self->session);
    MapiNotifyPortRelease(self->port);
    self->session = NULL;
    self->port = NULL;
    return S_OK;
}

long guest_wait(struct guest *self)
{
    double end = MapiNow() + DEADLINE_MS / 1000.0;
    while (self->criticals == 0 && MapiNow() < end) {
        if (MapiNotifyPortWait(self->port, DEADLINE_MS, NULL) != S_OK ||
            MapiNotifyPortDispatch(self->port, 0, NULL) != S_OK)
            return -2;
    }
    return self->criticals > 0 ? (long)self->criticals : -1;
}

long session_state(IMAPISession *session)
{
    LPMAPISESSIONINFO info = NULL;
    BOOL shared = FALSE, joined = FALSE, pending = FALSE;
    if (session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, (void **)&info) != S_OK)
        return -1;
    info->lpVtbl->IsShared(info, &shared);
    info->lpVtbl->WasJoined(info, &joined);
    info->lpVtbl->IsShutdownPending(info, &pending);
    info->lpVtbl->Release(info);
    return (shared ? 1 : 0) | (joined ? 2 : 0) | (pending ? 4 : 0);
}

ULONG session_others(IMAPISession *session)
{
    LPMAPISESSIONINFO info = NULL;
    ULONG clients = 9999;
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, (void **)&info), S_OK);
    assert_int_equal(info->lpVtbl->GetPending(info, NULL, NULL, &clients), S_OK);
    release(info);
    return clients;
}
