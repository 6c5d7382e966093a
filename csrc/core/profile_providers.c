/* One provider of a message service: added and removed on its own. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/profile_database.h"
#include "core/profile_services.h"
#include "core/profile_services_private.h"
#include "core/resources.h"

HRESULT profile_provider_add(struct database *db, struct profile *profile, const MAPIUID *service_uid, const char *name,
                             ULONG count, const SPropValue *props, MAPIUID *out)
{
    struct section owner = {0};
    const struct service *service = NULL;
    int64_t id = 0;
    HRESULT hr = profile_service_load(db, profile, service_uid, &id, &owner, &service);
    if (hr != S_OK) {
        return hr;
    }
    const struct service_provider *provider = service ? service_provider_by_name(service, name) : NULL;
    if (!provider) {
        hr = fail(MAPI_E_NOT_FOUND, "The message service has no provider named '%s'.", name);
    }
    if (hr == S_OK) {
        hr = profile_database_begin(db);
        if (hr == S_OK) {
            hr = service_section_add_provider(db, id, &owner, service, provider, count, props, out);
            hr = hr == S_OK ? section_save(db, id, &owner) : hr;
            HRESULT ended = profile_database_end(db, hr == S_OK);
            hr = hr == S_OK ? ended : hr;
        }
    }
    section_clear(&owner);
    return hr;
}

/* Deletes a provider's section, takes it out of its service's list, and writes down what it kept elsewhere.
   In a transaction. */
static HRESULT delete_provider(struct database *db, int64_t id, const struct section *section)
{
    struct section owner = {0};
    HRESULT hr = resources_note_section(db, section);
    hr = hr == S_OK ? section_delete(db, id, &section->uid) : hr;
    if (hr == S_OK) {
        hr = section_load(db, id, &section->service, &owner);
        if (hr == S_OK) {
            hr = service_section_edit_providers(
                &owner.props, bag_long(&section->props, PR_RESOURCE_TYPE, MAPI_STORE_PROVIDER), &section->uid, false);
            hr = hr == S_OK ? section_save(db, id, &owner) : hr;
            section_clear(&owner);
        } else if (hr == MAPI_E_NOT_FOUND) {
            hr = S_OK;
        }
    }
    return hr;
}

/* A provider's section, if it is the service's; for section_clear. */
static HRESULT load_provider(struct database *db, struct profile *profile, const MAPIUID *service_uid,
                             const MAPIUID *uid, int64_t *id, struct section *section)
{
    HRESULT hr = profile_row(db, profile, id);
    if (hr != S_OK) {
        return hr;
    }
    hr = section_load(db, *id, uid, section);
    if (hr == S_OK &&
        (section->kind != SECTION_PROVIDER || section->marked || !uid_equal(&section->service, service_uid))) {
        section_clear(section);
        hr = MAPI_E_NOT_FOUND;
    }
    return hr == MAPI_E_NOT_FOUND ? fail(hr, "The message service has no such provider.") : hr;
}

HRESULT profile_provider_check(struct database *db, struct profile *profile, const MAPIUID *service_uid,
                               const MAPIUID *uid)
{
    struct section section = {0};
    int64_t id = 0;
    HRESULT hr = load_provider(db, profile, service_uid, uid, &id, &section);
    section_clear(&section);
    return hr;
}

HRESULT profile_provider_remove(struct database *db, struct profile *profile, const MAPIUID *service_uid,
                                const MAPIUID *uid)
{
    struct section section = {0};
    int64_t id = 0;
    HRESULT hr = load_provider(db, profile, service_uid, uid, &id, &section);
    if (hr != S_OK) {
        return hr;
    }
    bool alone = profile_claim(id);
    hr = profile_database_begin(db);
    if (hr == S_OK) {
        section.marked = true;
        hr = alone ? delete_provider(db, id, &section) : section_save(db, id, &section);
        HRESULT ended = profile_database_end(db, hr == S_OK);
        hr = hr == S_OK ? ended : hr;
    }
    if (alone) {
        profile_unclaim(id);
    }
    if (hr == S_OK && alone) {
        resources_finish(db);
    } else if (hr == S_OK) {
        profile_announce_mark();
    }
    section_clear(&section);
    return hr;
}

HRESULT profile_providers_finish(struct database *db, int64_t profile)
{
    struct section_list marked = {0};
    HRESULT hr = section_load_marked(db, profile, &marked);
    for (size_t i = 0; i < marked.count && hr == S_OK; i++) {
        hr = delete_provider(db, profile, &marked.items[i]);
    }
    section_list_clear(&marked);
    return hr;
}
