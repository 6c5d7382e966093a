/* IMAPISupport: what providers and message services see of the subsystem. */
#ifndef CORE_SUPPORT_H
#define CORE_SUPPORT_H

#include <mapispi.h>

#include "core/profile.h"
#include "core/session.h"

struct support {
    struct object object;
    IMAPIGetSession get_session; /* the second interface */
    struct session_core *core;   /* NULL for a message service's outside a session */
    struct profile *profile;
    MAPIUID section; /* the caller's own: the store provider's or the service's */
    struct loose_section *loose;
    const struct service *service; /* whose DLL name wrapped entry identifiers carry */
    struct store_logon *logon;     /* guarded by core->lock; NULL once that is gone */
    pthread_mutex_t error_lock;
    struct last_error error;
};

/* For a message service's entry point. */
HRESULT support_create_for_service(struct profile *profile, const struct service *service, const MAPIUID *section,
                                   LPMAPISUP *out);

/* For a store logon, which it is bound to. The result's one reference belongs to the caller. */
HRESULT support_create_for_store(struct session_core *core, const struct service *service, const MAPIUID *section,
                                 struct loose_section *loose, struct store_logon *logon, struct support **out);

/* Between support.c, which has the methods that do something, and its siblings. */
struct support *support_of(IMAPISupport *This);
HRESULT support_result(struct support *self, HRESULT hr); /* remembers a failure; returns hr */
HRESULT support_check_flags(const char *method, ULONG flags, ULONG known);

/* support_copy.c: DoCopyTo, DoCopyProps and CopyMessages for providers that leave copying to MAPI. */
HRESULT support_copy_to(LPCIID source_iid, LPVOID source, ULONG excluded_count, LPCIID excluded_iids,
                        LPSPropTagArray excluded_tags, LPCIID iid, LPVOID destination, ULONG flags,
                        LPSPropProblemArray *problems);
HRESULT support_copy_props(LPCIID source_iid, LPVOID source, LPSPropTagArray tags, LPCIID iid, LPVOID destination,
                           ULONG flags, LPSPropProblemArray *problems);
HRESULT support_copy_messages(LPVOID source, LPENTRYLIST messages, LPVOID destination, ULONG flags);

/* support_submit.c: PrepareSubmit. *flags must be 0, and is. */
HRESULT support_prepare_submit(LPMESSAGE message, ULONG *flags);

/* support_receipt.c: ReadReceipt. *report is the empty message that is filled. */
HRESULT support_read_receipt(ULONG flags, LPMESSAGE message, LPMESSAGE *report);

/* support_notify.c: Subscribe, Unsubscribe and Notify. */
HRESULT support_subscribe(struct support *self, const NOTIFKEY *key, ULONG mask, ULONG flags, LPMAPIADVISESINK sink,
                          ULONG_PTR *connection);
HRESULT support_unsubscribe(struct support *self, ULONG_PTR connection);
HRESULT support_notify(const NOTIFKEY *key, ULONG count, const NOTIFICATION *notifications, ULONG *flags);

/* support_invalid.c: MakeInvalid. */
HRESULT support_make_invalid(ULONG flags, void *object, ULONG refs, ULONG methods);

#endif
