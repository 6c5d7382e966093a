/* Calling a message service's entry point (msgserviceentry.md). */
#ifndef CORE_SERVICE_ENTRY_H
#define CORE_SERVICE_ENTRY_H

#include <mapispi.h>

#include "core/last_error.h"
#include "core/profile.h"
#include "core/services.h"

struct service_call {
    struct profile *profile;
    const struct service *service;
    const MAPIUID *uid; /* the service's section in the profile */
    ULONG context;      /* MSG_SERVICE_* */
    ULONG_PTR ui;
    ULONG flags; /* SERVICE_UI_*, MSG_SERVICE_UI_READ_ONLY, MAPI_UNICODE */
    ULONG count; /* with MSG_SERVICE_CONFIGURE only */
    SPropValue *props;
    struct last_error *error; /* where what the service says goes; may be NULL */
};

/* The entry point's answer; S_OK for a service that has none. */
HRESULT service_call(const struct service_call *call);

#endif
