#include "core/profile_services.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/profile_database.h"
#include "core/profile_services_private.h"
#include "core/resources.h"
#include "core/service_entry.h"

/* Where a service's section lists its providers of a kind. */
static ULONG provider_list_tag(ULONG resource_type)
{
    switch (resource_type) {
    case MAPI_STORE_PROVIDER:
        return PR_STORE_PROVIDERS;
    case MAPI_AB_PROVIDER:
        return PR_AB_PROVIDERS;
    default:
        return PR_TRANSPORT_PROVIDERS;
    }
}

HRESULT service_section_edit_providers(struct prop_bag *service, ULONG resource_type, const MAPIUID *uid, bool add)
{
    ULONG tag = provider_list_tag(resource_type);
    const struct prop_entry *old = bag_binary(service, tag);
    struct byte_buffer list = {0};
    HRESULT hr = S_OK;
    for (size_t at = 0; old && at + sizeof *uid <= old->size && hr == S_OK; at += sizeof *uid) {
        if (memcmp(old->bytes + at, uid, sizeof *uid) != 0) {
            hr = byte_buffer_append(&list, old->bytes + at, sizeof *uid);
        }
    }
    if (hr == S_OK && add) {
        hr = byte_buffer_append(&list, uid, sizeof *uid);
    }
    if (hr == S_OK && list.size > 0) {
        hr = bag_set_binary(service, tag, list.bytes, list.size);
    } else if (hr == S_OK) {
        prop_bag_remove(service, tag);
    }
    byte_buffer_free(&list);
    return hr;
}

static HRESULT describe_provider(struct section *section, const struct service *service,
                                 const struct service_provider *provider, bool has_default_store)
{
    ULONG flags = provider->resource_flags;
    if (has_default_store) {
        flags &= ~STATUS_DEFAULT_STORE;
    }
    struct prop_bag *bag = &section->props;
    HRESULT hr = bag_set_text(bag, PR_DISPLAY_NAME, provider->display_name);
    hr = hr == S_OK ? bag_set_text(bag, PR_PROVIDER_DISPLAY, provider->provider_display) : hr;
    hr = hr == S_OK ? bag_set_text(bag, PR_PROVIDER_DLL_NAME, service->dll_name) : hr;
    hr = hr == S_OK ? bag_set_text(bag, PR_SERVICE_NAME, service->name) : hr;
    hr = hr == S_OK ? bag_set_binary(bag, PR_SERVICE_UID, section->service.ab, sizeof section->service.ab) : hr;
    hr = hr == S_OK ? bag_set_binary(bag, PR_PROVIDER_UID, section->uid.ab, sizeof section->uid.ab) : hr;
    hr = hr == S_OK ? bag_set_long(bag, PR_RESOURCE_TYPE, provider->resource_type) : hr;
    hr = hr == S_OK ? bag_set_long(bag, PR_RESOURCE_FLAGS, flags) : hr;
    if (hr == S_OK && provider->mdb_provider) {
        hr = bag_set_binary(bag, PR_MDB_PROVIDER, provider->mdb_provider->ab, sizeof provider->mdb_provider->ab);
    }
    return hr;
}

static HRESULT describe_service(struct section *section, const struct service *service, const char *display_name)
{
    const char *shown = service->display_name ? service->display_name : display_name ? display_name : service->name;
    struct prop_bag *bag = &section->props;
    HRESULT hr = bag_set_text(bag, PR_DISPLAY_NAME, shown);
    hr = hr == S_OK ? bag_set_text(bag, PR_SERVICE_NAME, service->name) : hr;
    hr = hr == S_OK ? bag_set_text(bag, PR_SERVICE_DLL_NAME, service->dll_name) : hr;
    hr = hr == S_OK && service->entry ? bag_set_text(bag, PR_SERVICE_ENTRY_NAME, service->entry_name) : hr;
    hr = hr == S_OK ? bag_set_binary(bag, PR_SERVICE_UID, section->uid.ab, sizeof section->uid.ab) : hr;
    hr = hr == S_OK ? bag_set_long(bag, PR_RESOURCE_FLAGS, service->resource_flags) : hr;
    if (hr == S_OK) {
        LPSTR file = (LPSTR)(uintptr_t)service->dll_name;
        SPropValue files = {.ulPropTag = PR_SERVICE_SUPPORT_FILES_A};
        files.Value.MVszA.cValues = 1;
        files.Value.MVszA.lppszA = &file;
        hr = prop_bag_set(bag, &files);
    }
    return hr;
}

static HRESULT find_default_store(struct database *db, int64_t id, bool *found)
{
    struct section_list providers = {0};
    *found = false;
    HRESULT hr = section_load_all(db, id, SECTION_PROVIDER, NULL, &providers);
    for (size_t i = 0; i < providers.count && !*found; i++) {
        *found = bag_long(&providers.items[i].props, PR_RESOURCE_FLAGS, 0) & STATUS_DEFAULT_STORE;
    }
    section_list_clear(&providers);
    return hr;
}

HRESULT service_section_add_provider(struct database *db, int64_t id, struct section *owner,
                                     const struct service *service, const struct service_provider *provider,
                                     ULONG count, const SPropValue *props, MAPIUID *out)
{
    struct section section = {.service = owner->uid, .kind = SECTION_PROVIDER};
    bool has_default_store = false;
    HRESULT hr = uid_create(&section.uid);
    hr = hr == S_OK ? find_default_store(db, id, &has_default_store) : hr;
    hr = hr == S_OK ? describe_provider(&section, service, provider, has_default_store) : hr;
    for (ULONG i = 0; i < count && hr == S_OK; i++) {
        ULONG type = PROP_TYPE(props[i].ulPropTag);
        hr = type == PT_NULL || type == PT_ERROR ? S_OK : prop_bag_set(&section.props, &props[i]);
    }
    hr = hr == S_OK ? section_add(db, id, &section) : hr;
    hr = hr == S_OK ? service_section_edit_providers(&owner->props, provider->resource_type, &section.uid, true) : hr;
    if (hr == S_OK) {
        *out = section.uid;
    }
    section_clear(&section);
    return hr;
}

static HRESULT check_single_copy(struct database *db, int64_t id, const char *service_name, ULONG resource_flags)
{
    struct section_list services = {0};
    if (!(resource_flags & SERVICE_SINGLE_COPY)) {
        return S_OK;
    }
    HRESULT hr = section_load_all(db, id, SECTION_SERVICE, NULL, &services);
    for (size_t i = 0; i < services.count && hr == S_OK; i++) {
        char *name = NULL;
        hr = bag_text(&services.items[i].props, PR_SERVICE_NAME, &name);
        if (hr == S_OK && name && strcmp(name, service_name) == 0) {
            hr = fail(MAPI_E_NO_ACCESS,
                      "The profile has the message service '%s' already, and it allows one copy only.", name);
        }
        free(name);
    }
    section_list_clear(&services);
    return hr;
}

static HRESULT add_sections(struct database *db, int64_t id, struct section *section, const struct service *service,
                            const char *display_name)
{
    MAPIUID ignored;
    HRESULT hr = describe_service(section, service, display_name);
    hr = hr == S_OK ? section_add(db, id, section) : hr;
    for (size_t i = 0; i < service->provider_count && hr == S_OK; i++) {
        hr = service_section_add_provider(db, id, section, service, &service->providers[i], 0, NULL, &ignored);
    }
    return hr == S_OK ? section_save(db, id, section) : hr;
}

HRESULT profile_service_add(struct database *db, struct profile *profile, const struct service *service,
                            const char *display_name, const struct service_ui *ui, struct last_error *error,
                            MAPIUID *out)
{
    struct section section = {.kind = SECTION_SERVICE};
    struct resource_list made = {0};
    int64_t id = 0;
    HRESULT hr = profile_row(db, profile, &id);
    hr = hr == S_OK ? uid_create(&section.uid) : hr;
    hr = hr == S_OK ? check_single_copy(db, id, service->name, service->resource_flags) : hr;
    hr = hr == S_OK ? profile_database_begin(db) : hr;
    if (hr != S_OK) {
        return hr;
    }
    section.service = section.uid;
    hr = add_sections(db, id, &section, service, display_name);
    if (hr == S_OK) {
        struct service_call call = {.profile = profile,
                                    .service = service,
                                    .uid = &section.uid,
                                    .context = MSG_SERVICE_CREATE,
                                    .ui = ui->window,
                                    .flags = ui->flags,
                                    .error = error};
        hr = service_call(&call);
        hr = SUCCEEDED(hr) ? S_OK : hr;
    }
    if (hr != S_OK && resources_of_profile(db, id, &section.uid, &made) != S_OK) {
        made.count = 0; /* then a file may stay that nobody knows */
    }
    HRESULT ended = profile_database_end(db, hr == S_OK);
    hr = hr == S_OK ? ended : hr;
    if (hr != S_OK) {
        resources_remove_unused(db, &made);
    } else if (out) {
        *out = section.uid;
    }
    resource_list_clear(&made);
    section_clear(&section);
    return hr;
}

HRESULT profile_service_load(struct database *db, struct profile *profile, const MAPIUID *uid, int64_t *id,
                             struct section *section, const struct service **service)
{
    char *name = NULL;
    HRESULT hr = profile_row(db, profile, id);
    if (hr != S_OK) {
        return hr;
    }
    hr = section_load(db, *id, uid, section);
    if (hr == S_OK && section->kind != SECTION_SERVICE) {
        section_clear(section);
        hr = MAPI_E_NOT_FOUND;
    }
    if (hr == MAPI_E_NOT_FOUND) {
        return fail(hr, "The profile '%s' has no such message service.", profile->name);
    }
    if (hr != S_OK) {
        return hr;
    }
    hr = bag_text(&section->props, PR_SERVICE_NAME, &name);
    if (hr != S_OK) {
        section_clear(section);
        return hr;
    }
    *service = name ? service_by_name(name) : NULL;
    free(name);
    return S_OK;
}

static HRESULT delete_sections_of(struct database *db, int64_t id, const MAPIUID *service)
{
    static const char *const what = "Cannot remove a message service";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, "DELETE FROM section WHERE profile = ?1 AND service = ?2", &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_int64(statement, 1, id);
    rc = rc ? rc : sqlite3_bind_blob(statement, 2, service->ab, (int)sizeof service->ab, SQLITE_STATIC);
    if (rc) {
        database_done(statement);
        return database_error(db, rc, what);
    }
    return database_run(db, statement, what);
}

static void say_delete(struct profile *profile, const struct service *service, const MAPIUID *uid,
                       struct last_error *error)
{
    if (service) {
        struct service_call call = {
            .profile = profile, .service = service, .uid = uid, .context = MSG_SERVICE_DELETE, .error = error};
        service_call(&call); /* it is told, not asked (msgserviceentry.md) */
    }
}

HRESULT profile_service_remove(struct database *db, struct profile *profile, const MAPIUID *uid,
                               struct last_error *error)
{
    struct section section = {0};
    const struct service *service = NULL;
    struct resource_list named = {0};
    int64_t id = 0;
    HRESULT hr = profile_service_load(db, profile, uid, &id, &section, &service);
    if (hr != S_OK) {
        return hr;
    }
    section_clear(&section);
    say_delete(profile, service, uid, error);
    hr = profile_database_begin(db);
    if (hr != S_OK) {
        return hr;
    }
    hr = resources_of_profile(db, id, uid, &named);
    hr = hr == S_OK ? resources_note(db, &named) : hr;
    hr = hr == S_OK ? delete_sections_of(db, id, uid) : hr;
    HRESULT ended = profile_database_end(db, hr == S_OK);
    hr = hr == S_OK ? ended : hr;
    if (hr == S_OK) {
        resources_finish(db);
    }
    resource_list_clear(&named);
    return hr;
}

void profile_services_say_delete(struct database *db, struct profile *profile)
{
    struct section_list services = {0};
    int64_t id = 0;
    if (profile_row(db, profile, &id) != S_OK || section_load_all(db, id, SECTION_SERVICE, NULL, &services) != S_OK) {
        return;
    }
    for (size_t i = 0; i < services.count; i++) {
        char *name = NULL;
        if (bag_text(&services.items[i].props, PR_SERVICE_NAME, &name) == S_OK && name) {
            say_delete(profile, service_by_name(name), &services.items[i].uid, NULL);
        }
        free(name);
    }
    section_list_clear(&services);
}

/* One section of a copied service under its new identifier; a provider's joins the lists of `owner`. */
static HRESULT copy_section(struct database *db, int64_t to, struct section *section, struct section *owner)
{
    MAPIUID old = section->uid;
    HRESULT hr = uid_create(&section->uid);
    section->service = owner->uid;
    hr = hr == S_OK ? bag_set_binary(&section->props, PR_SERVICE_UID, owner->uid.ab, sizeof owner->uid.ab) : hr;
    if (hr == S_OK && section->kind == SECTION_PROVIDER) {
        ULONG type = bag_long(&section->props, PR_RESOURCE_TYPE, MAPI_STORE_PROVIDER);
        bool has_default = false;
        hr = bag_set_binary(&section->props, PR_PROVIDER_UID, section->uid.ab, sizeof section->uid.ab);
        hr = hr == S_OK ? service_section_edit_providers(&owner->props, type, &old, false) : hr;
        hr = hr == S_OK ? service_section_edit_providers(&owner->props, type, &section->uid, true) : hr;
        hr = hr == S_OK ? find_default_store(db, to, &has_default) : hr;
        if (hr == S_OK && has_default) {
            ULONG flags = bag_long(&section->props, PR_RESOURCE_FLAGS, 0);
            hr = bag_set_long(&section->props, PR_RESOURCE_FLAGS, flags & ~STATUS_DEFAULT_STORE);
        }
    }
    return hr == S_OK ? section_add(db, to, section) : hr;
}

static HRESULT copy_sections(struct database *db, int64_t from, const MAPIUID *uid, int64_t to, struct section *owner)
{
    static const enum section_kind kinds[] = {SECTION_PROVIDER, SECTION_EXTRA};
    HRESULT hr = uid_create(&owner->uid);
    owner->service = owner->uid;
    hr = hr == S_OK ? bag_set_binary(&owner->props, PR_SERVICE_UID, owner->uid.ab, sizeof owner->uid.ab) : hr;
    hr = hr == S_OK ? section_add(db, to, owner) : hr;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0] && hr == S_OK; k++) {
        struct section_list sections = {0};
        hr = section_load_all(db, from, kinds[k], uid, &sections);
        for (size_t i = 0; i < sections.count && hr == S_OK; i++) {
            hr = copy_section(db, to, &sections.items[i], owner);
        }
        section_list_clear(&sections);
    }
    return hr == S_OK ? section_save(db, to, owner) : hr;
}

HRESULT profile_service_copy(struct database *db, struct profile *from, const MAPIUID *uid, struct profile *to,
                             MAPIUID *out)
{
    struct section owner = {0};
    const struct service *service = NULL;
    char *name = NULL;
    int64_t source = 0, destination = 0;
    HRESULT hr = profile_service_load(db, from, uid, &source, &owner, &service);
    if (hr != S_OK) {
        return hr;
    }
    hr = profile_row(db, to, &destination);
    hr = hr == S_OK ? bag_text(&owner.props, PR_SERVICE_NAME, &name) : hr;
    if (hr == S_OK && name) {
        hr = check_single_copy(db, destination, name, bag_long(&owner.props, PR_RESOURCE_FLAGS, 0));
    }
    if (hr == S_OK) {
        hr = profile_database_begin(db);
        if (hr == S_OK) {
            hr = copy_sections(db, source, uid, destination, &owner);
            HRESULT ended = profile_database_end(db, hr == S_OK);
            hr = hr == S_OK ? ended : hr;
        }
    }
    if (hr == S_OK && out) {
        *out = owner.uid;
    }
    free(name);
    section_clear(&owner);
    return hr;
}
