/* The administration objects: IProfAdmin, IMsgServiceAdmin (and 2), IProviderAdmin. One structure behind all three. */
#ifndef CORE_ADMIN_H
#define CORE_ADMIN_H

#include <stdbool.h>

#include <mapispi.h>

#include "base/lifeline.h"
#include "base/object.h"
#include "core/last_error.h"
#include "core/profile.h"
#include "core/section.h"

struct admin {
    struct object object;
    struct lifeline *life;   /* the session's (ends with it), or one of its own (a lock that never ends) */
    struct last_error error; /* guarded by the lifeline */
    bool error_is_new;       /* filled in during this call, by the message service */
    struct profile *profile; /* NULL for IProfAdmin */
    MAPIUID service;         /* IProviderAdmin: the message service */
    bool within_entry; /* IProviderAdmin: handed to the service's entry point, which may do what clients may not */
};

/* `life` as above; NULL makes one. *out is NULL on failure. */
HRESULT service_admin_create(struct profile *profile, struct lifeline *life, LPSERVICEADMIN *out);
HRESULT provider_admin_create(struct profile *profile, const MAPIUID *service, struct lifeline *life, bool within_entry,
                              LPPROVIDERADMIN *out);

/* For the files of the three interfaces: making and freeing, and the frame of every method. */
HRESULT admin_create(const struct object_type *type, const void *vtbl, struct profile *profile, struct lifeline *life,
                     struct admin **out);
void admin_destroy(struct object *object);
struct lifeline *admin_lifeline(struct object *object);
HRESULT admin_enter(void *This);
HRESULT admin_leave(void *This, HRESULT hr);
HRESULT admin_get_last_error(void *This, HRESULT hr, ULONG flags, LPMAPIERROR *out);

/* MAPI_E_UNKNOWN_FLAGS with a sentence unless all flags are known. */
HRESULT admin_check_flags(const char *method, ULONG flags, ULONG known);

/* The profile behind a service administration object or a session of ours, with a reference;
 * MAPI_E_INVALID_PARAMETER for an object of somebody else's. For CopyMsgService's destination.
 */
HRESULT admin_profile_of(LPCIID iid, void *object, struct profile **out);

/* admin_tables.c: static tables with the documented columns. `life` as for memtable_create. */
HRESULT admin_profile_table(struct lifeline *life, bool app_profiles, LPMAPITABLE *out);
HRESULT admin_service_table(struct lifeline *life, struct profile *profile, LPMAPITABLE *out);
/* service NULL: the providers of the whole profile; else those of the service and its extra sections. */
HRESULT admin_provider_table(struct lifeline *life, struct profile *profile, const MAPIUID *service, LPMAPITABLE *out);

#endif
