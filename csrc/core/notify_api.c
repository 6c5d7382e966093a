/* The ports of mapisub.h: what hosts and Lua states dispatch. */
#include <stdbool.h>

#include <mapisub.h>
#include <mapicode.h>

#include "base/failure.h"
#include "core/advise_sink.h"
#include "core/bell.h"
#include "core/notify_port.h"
#include "core/profile_watch.h"
#include "core/slot.h"
#include "core/stores_table.h"

static HRESULT missing(const char *function)
{
    return fail(MAPI_E_INVALID_PARAMETER, "%s lacks an argument.", function);
}

HRESULT MapiNotifyPortCreate(LPMAPINOTIFYPORT *port)
{
    if (!port) {
        return missing("MapiNotifyPortCreate");
    }
    HRESULT hr = notify_port_create(port);
    if (hr == S_OK) {
        notify_port_make_stoppable(*port);
    }
    return hr;
}

void MapiNotifyPortRelease(LPMAPINOTIFYPORT port)
{
    if (port) {
        profile_watch_remove(port);
        notify_port_abandon(port);
        notify_port_unref(port);
    }
}

HRESULT MapiNotifyPortWrap(LPMAPINOTIFYPORT port, LPMAPIADVISESINK sink, LPMAPIADVISESINK *wrapped)
{
    if (wrapped) {
        *wrapped = NULL;
    }
    return port && sink && wrapped ? advise_sink_wrap(port, sink, wrapped) : missing("MapiNotifyPortWrap");
}

HRESULT MapiNotifyPortDispatch(LPMAPINOTIFYPORT port, ULONG max, ULONG *delivered)
{
    if (delivered) {
        *delivered = 0;
    }
    if (!port) {
        return missing("MapiNotifyPortDispatch");
    }
    slot_pump();
    bell_pump();
    stores_table_look(profile_watch_pump());
    notify_port_dispatch(port, max, delivered);
    return S_OK;
}

HRESULT MapiNotifyPortDescriptor(LPMAPINOTIFYPORT port, int *descriptor)
{
    if (descriptor) {
        *descriptor = -1;
    }
    return port && descriptor ? notify_port_descriptor(port, descriptor) : missing("MapiNotifyPortDescriptor");
}

void MapiNotifyPortWake(LPMAPINOTIFYPORT port, BOOL awake)
{
    if (port) {
        notify_port_wake(port, awake != FALSE);
    }
}

HRESULT MapiNotifyPortWatchAccounts(LPMAPINOTIFYPORT port, BOOL watch)
{
    if (!port) {
        return missing("MapiNotifyPortWatchAccounts");
    }
    if (watch) {
        return profile_watch_add(port);
    }
    profile_watch_remove(port);
    return S_OK;
}

HRESULT MapiNotifyPortWait(LPMAPINOTIFYPORT port, LONG milliseconds, BOOL *signalled)
{
    bool interrupted = false;
    HRESULT hr = port ? notify_port_wait(port, milliseconds < 0 ? -1 : milliseconds, &interrupted)
                      : missing("MapiNotifyPortWait");
    if (signalled) {
        *signalled = interrupted;
    }
    return hr;
}
