/* Message services and providers in a profile: adding, copying, removing their sections, and telling the
 * service. Functions want the database entered. `error` receives what the service said and may be NULL.
 */
#ifndef CORE_PROFILE_SERVICES_H
#define CORE_PROFILE_SERVICES_H

#include <mapispi.h>

#include "core/last_error.h"
#include "core/profile.h"
#include "core/section.h"
#include "core/services.h"

/* How a user may be asked; passed on to entry points. */
struct service_ui {
    ULONG_PTR window;
    ULONG flags;
};

/* Adds a service: its section, one per provider, then MSG_SERVICE_CREATE, all or nothing. display_name is
 * used where the service has none of its own. MAPI_E_NO_ACCESS when the service allows one copy and has it;
 * the entry point's errors.
 */
HRESULT profile_service_add(struct database *db, struct profile *profile, const struct service *service,
                            const char *display_name, const struct service_ui *ui, struct last_error *error,
                            MAPIUID *out);

/* Tells the service (MSG_SERVICE_DELETE) and removes all its sections. MAPI_E_NOT_FOUND. */
HRESULT profile_service_remove(struct database *db, struct profile *profile, const MAPIUID *uid,
                               struct last_error *error);

/* Copies a service's sections under new identifiers into a profile, maybe the same; the entry point is not called
 * (imsgserviceadmin-copymsgservice.md). MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS. */
HRESULT profile_service_copy(struct database *db, struct profile *from, const MAPIUID *uid, struct profile *to,
                             MAPIUID *out);

/* A service's section, and what the table of services knows about it (NULL for a service this subsystem does
 * not have). For section_clear. MAPI_E_NOT_FOUND with a sentence.
 */
HRESULT profile_service_load(struct database *db, struct profile *profile, const MAPIUID *uid, int64_t *id,
                             struct section *section, const struct service **service);

/* Tells every service of a profile that it goes; errors are of no consequence. */
void profile_services_say_delete(struct database *db, struct profile *profile);

/* Adds one more provider to a service; `props` are set on its section after what the service's description says. */
HRESULT profile_provider_add(struct database *db, struct profile *profile, const MAPIUID *service_uid, const char *name,
                             ULONG count, const SPropValue *props, MAPIUID *out);

/* S_OK when the service has such a provider, else MAPI_E_NOT_FOUND. */
HRESULT profile_provider_check(struct database *db, struct profile *profile, const MAPIUID *service_uid,
                               const MAPIUID *uid);

/* Removes a provider of a service, or marks it while the profile is in use. MAPI_E_NOT_FOUND. */
HRESULT profile_provider_remove(struct database *db, struct profile *profile, const MAPIUID *service_uid,
                                const MAPIUID *uid);

/* Removes the providers that were marked, of a profile that is no longer used. */
HRESULT profile_providers_finish(struct database *db, int64_t profile);

#endif
