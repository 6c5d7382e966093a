/* IMAPISession::Advise and Unadvise (imapisession-advise.md, imapisession-unadvise.md).
 *
 * Without an entry identifier the session itself is meant: the sink is registered in core->notify, for critical errors whatever the
 * mask says. With one, the provider's logon object registers it, and the number it answers is remembered under one of ours,
 * because the numbers of two providers may be the same.
 */
#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/notify_queue.h"
#include "core/session.h"

struct session_advice {
    struct session_advice *next;
    ULONG_PTR number;
    const struct store_logon *logon; /* NULL once it has gone, and the registration with it */
    ULONG_PTR its_number;
};

static const ULONG session_events = fnevCriticalError | fnevNewMail | fnevObjectCreated | fnevObjectDeleted |
                                    fnevObjectModified | fnevObjectMoved | fnevObjectCopied | fnevSearchComplete |
                                    fnevTableModified | fnevIndexing | fnevExtended;

static HRESULT check_arguments(ULONG size, const ENTRYID *id, ULONG mask, const IMAPIAdviseSink *sink)
{
    if (!sink) {
        return fail(MAPI_E_INVALID_PARAMETER, "Advise needs an advise sink.");
    }
    if (mask & ~session_events) {
        return fail(MAPI_E_INVALID_PARAMETER, "Advise does not know the events 0x%08x, or they are reserved.",
                    (unsigned)(mask & ~session_events));
    }
    if (!id && size != 0) {
        return fail(MAPI_E_INVALID_PARAMETER, "Advise was given the size of an entry identifier, but none.");
    }
    return S_OK;
}

static HRESULT advise_session(struct session_core *core, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    const struct notify_registration registration = {
        .mask = mask,
        .critical_errors = true,
        .overflow = NOTIFY_COUNTS_LOGOFFS,
        .sink = sink,
    };
    return notify_set_add(core->notify, &registration, connection);
}

/* Remembers what a provider has registered. The logon may have gone meanwhile; then the number is still the client's. */
static void remember(struct session_core *core, struct session_advice *advice, const IMSLogon *logon)
{
    pthread_mutex_lock(&core->lock);
    for (const struct store_logon *each = core->logons; each; each = each->next) {
        if (each->logon == logon) {
            advice->logon = each;
        }
    }
    advice->next = core->advices;
    core->advices = advice;
    pthread_mutex_unlock(&core->lock);
}

static HRESULT advise_object(struct session_core *core, ULONG size, LPENTRYID id, ULONG mask, LPMAPIADVISESINK sink,
                             ULONG_PTR *connection)
{
    IMSLogon *logon = NULL;
    LPMDB store = NULL;
    struct session_advice *advice = calloc(1, sizeof *advice);
    if (!advice) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a registration.");
    }
    HRESULT hr = session_logon_for(core, size, id, &logon, &store);
    if (hr != S_OK) {
        free(advice);
        return hr;
    }
    hr = logon->lpVtbl->Advise(logon, size, id, mask, sink, &advice->its_number);
    if (SUCCEEDED(hr)) {
        advice->number = notify_number();
        *connection = advice->number;
        remember(core, advice, logon);
    } else {
        free(advice);
    }
    if (store) {
        store->lpVtbl->Release(store); /* the registration keeps it open */
    }
    logon->lpVtbl->Release(logon);
    return hr;
}

HRESULT session_advise(struct session_core *core, ULONG size, LPENTRYID id, ULONG mask, LPMAPIADVISESINK sink,
                       ULONG_PTR *connection)
{
    HRESULT hr = check_arguments(size, id, mask, sink);
    if (hr != S_OK) {
        return hr;
    }
    return id ? advise_object(core, size, id, mask, sink, connection) : advise_session(core, mask, sink, connection);
}

HRESULT session_unadvise(struct session_core *core, ULONG_PTR connection)
{
    IMSLogon *logon = NULL;
    pthread_mutex_lock(&core->lock);
    struct session_advice **link = &core->advices;
    while (*link && (*link)->number != connection) {
        link = &(*link)->next;
    }
    struct session_advice *advice = *link;
    if (advice) {
        *link = advice->next;
        logon = advice->logon ? advice->logon->logon : NULL;
        if (logon) {
            logon->lpVtbl->AddRef(logon);
        }
    }
    pthread_mutex_unlock(&core->lock);
    if (!advice) {
        return notify_set_remove(core->notify, connection);
    }
    if (logon) {
        logon->lpVtbl->Unadvise(logon, advice->its_number);
        logon->lpVtbl->Release(logon);
    }
    free(advice);
    return S_OK;
}

void session_advices_detach(struct session_core *core, const struct store_logon *logon)
{
    for (struct session_advice *advice = core->advices; advice; advice = advice->next) {
        if (advice->logon == logon) {
            advice->logon = NULL;
        }
    }
}

void session_advices_free(struct session_core *core)
{
    while (core->advices) {
        struct session_advice *next = core->advices->next;
        free(core->advices);
        core->advices = next;
    }
}
