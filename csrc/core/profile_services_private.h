/* Shared by profile_services.c and profile_providers.c. */
#ifndef CORE_PROFILE_SERVICES_PRIVATE_H
#define CORE_PROFILE_SERVICES_PRIVATE_H

#include "core/section.h"
#include "core/services.h"

/* A provider's identifier joins or leaves the list in its service's section, which the caller saves. */
HRESULT service_section_edit_providers(struct prop_bag *service, ULONG resource_type, const MAPIUID *uid, bool add);

/* Adds a provider's section and names it in its service's, which the caller saves. */
HRESULT service_section_add_provider(struct database *db, int64_t profile, struct section *owner,
                                     const struct service *service, const struct service_provider *provider,
                                     ULONG count, const SPropValue *props, MAPIUID *out);

#endif
