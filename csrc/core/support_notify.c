/* Subscribe, Unsubscribe and Notify (supporting-event-notification.md): the registrations of a support object are in its session's
 * set, and end with the object at the latest. Notify reaches those of all sessions of the process, since a key says which object
 * is meant, and nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/advise_sink.h"
#include "core/notify_queue.h"
#include "core/support.h"

static HRESULT missing(const char *method)
{
    return fail(MAPI_E_INVALID_PARAMETER, "IMAPISupport::%s lacks an argument.", method);
}

HRESULT support_subscribe(struct support *self, const NOTIFKEY *key, ULONG mask, ULONG flags, LPMAPIADVISESINK sink,
                          ULONG_PTR *connection)
{
    const ULONG reserved = fnevStatusObjectModified | fnevReservedForMapi;
    if (!key || key->cb == 0 || !sink || !connection) {
        return missing("Subscribe");
    }
    HRESULT hr = support_check_flags("Subscribe", flags, NOTIFY_SYNC);
    if (hr != S_OK) {
        return hr;
    }
    if (mask & reserved) {
        return fail(MAPI_E_INVALID_PARAMETER, "The events 0x%08x are MAPI's own.", (unsigned)(mask & reserved));
    }
    LPMAPIADVISESINK wrapped = sink;
    if (flags & NOTIFY_SYNC && advise_sink_unwrap(&wrapped)) {
        return fail(MAPI_E_INVALID_PARAMETER, "A sink that is called on its own thread only cannot be called"
                                              " synchronously; subscribe without NOTIFY_SYNC.");
    }
    if (!self->core) {
        return fail(MAPI_E_NO_SUPPORT, "Outside a session there is nobody to be notified.");
    }
    const struct notify_registration registration = {
        .key = key->ab,
        .key_size = key->cb,
        .mask = mask,
        .sync = flags & NOTIFY_SYNC,
        .overflow = NOTIFY_SAYS_RELOAD,
        .owner = self,
        .sink = sink,
    };
    return notify_set_add(self->core->notify, &registration, connection);
}

HRESULT support_unsubscribe(struct support *self, ULONG_PTR connection)
{
    return self->core ? notify_set_remove_of(self->core->notify, self, connection)
                      : fail(MAPI_E_NOT_FOUND, "There is no such registration.");
}

/* The flag is for all of the strings; from here on each notification says it itself. */
static void say_wide(ULONG count, NOTIFICATION *notifications)
{
    for (ULONG i = 0; i < count; i++) {
        if (notifications[i].ulEventType == fnevNewMail) {
            notifications[i].info.newmail.ulFlags |= MAPI_UNICODE;
        } else if (notifications[i].ulEventType == fnevCriticalError) {
            notifications[i].info.err.ulFlags |= MAPI_UNICODE;
        }
    }
}

HRESULT support_notify(const NOTIFKEY *key, ULONG count, const NOTIFICATION *notifications, ULONG *flags)
{
    ULONG given = flags ? *flags : 0;
    if (flags) {
        *flags = 0;
    }
    if (!key || key->cb == 0 || !notifications || count == 0) {
        return missing("Notify");
    }
    HRESULT hr = support_check_flags("Notify", given, MAPI_UNICODE);
    if (hr != S_OK || !(given & MAPI_UNICODE)) {
        return hr == S_OK ? notify_post_everywhere(key->ab, key->cb, count, notifications, flags) : hr;
    }
    NOTIFICATION *copies = malloc(count * sizeof *copies);
    if (!copies) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for notifications.");
    }
    memcpy(copies, notifications, count * sizeof *copies);
    say_wide(count, copies);
    hr = notify_post_everywhere(key->ab, key->cb, count, copies, flags);
    free(copies);
    return hr;
}
