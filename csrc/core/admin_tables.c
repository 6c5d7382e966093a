/* The static tables of profiles, message services and providers (profile-tables.md,
   message-service-tables.md, provider-tables.md). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/memtable.h"
#include "core/admin.h"
#include "core/profile_admin.h"
#include "core/profile_database.h"
#include "core/table_row.h"
#include "core/text.h"

static HRESULT finish(HRESULT hr, struct memtable *table, LPMAPITABLE *out)
{
    if (hr != S_OK) {
        memtable_release(table);
        return hr;
    }
    *out = memtable_as_table(table);
    return S_OK;
}

static HRESULT append_profile(struct memtable *table, sqlite3_stmt *row)
{
    SPropValue values[3];
    void *name = NULL;
    const char *text = (const char *)sqlite3_column_text(row, 1);
    HRESULT hr = text_result(text ? text : "", true, NULL, &name);
    if (hr != S_OK) {
        return hr;
    }
    memset(values, 0, sizeof values);
    int64_t id = sqlite3_column_int64(row, 0);
    values[0].ulPropTag = PR_DISPLAY_NAME_W;
    values[0].Value.lpszW = name;
    values[1].ulPropTag = PR_DEFAULT_PROFILE;
    values[1].Value.b = sqlite3_column_int(row, 2) != 0;
    values[2].ulPropTag = PR_INSTANCE_KEY;
    values[2].Value.bin.cb = sizeof id;
    values[2].Value.bin.lpb = (LPBYTE)&id;
    hr = memtable_append(table, 3, values);
    MAPIFreeBuffer(name);
    return hr;
}

/* No database is no profiles (iprofadmin-getprofiletable.md); a broken one is an error. */
static HRESULT append_profiles(struct memtable *table, bool app_profiles)
{
    static const char *const what = "Cannot list the profiles";
    struct database *db;
    sqlite3_stmt *statement = NULL;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr == MAPI_E_NOT_FOUND ? S_OK : hr;
    }
    hr = database_prepare(db,
                          "SELECT id, name, is_default FROM profile WHERE deleted = 0 AND (flags & ?1) = 0 "
                          "ORDER BY name",
                          &statement);
    if (hr == S_OK) {
        int rc = sqlite3_bind_int(statement, 1, app_profiles ? 0 : PROFILE_APP);
        while (rc == SQLITE_OK && hr == S_OK) {
            rc = sqlite3_step(statement);
            if (rc == SQLITE_ROW) {
                hr = append_profile(table, statement);
                rc = SQLITE_OK;
            }
        }
        if (hr == S_OK && rc != SQLITE_DONE) {
            hr = database_error(db, rc, what);
        }
        database_done(statement);
    }
    profile_database_leave();
    return hr;
}

HRESULT admin_profile_table(struct lifeline *life, bool app_profiles, LPMAPITABLE *out)
{
    static const SizedSPropTagArray(2, columns) = {2, {PR_DISPLAY_NAME_W, PR_DEFAULT_PROFILE}};
    struct memtable *table = NULL;
    HRESULT hr = memtable_create(life, (const SPropTagArray *)(const void *)&columns, &table);
    hr = hr == S_OK ? append_profiles(table, app_profiles) : hr;
    return finish(hr, table, out);
}

/* The rows of a table over sections: what their bags have of the columns, and PR_INSTANCE_KEY. */
static HRESULT append_sections(struct memtable *table, const SPropTagArray *columns,
                               const struct section_list *sections)
{
    HRESULT hr = S_OK;
    ULONG ordinals[MAPI_HOOK_PROVIDER + 1] = {0}; /* place among the providers of the same type */
    for (size_t i = 0; i < sections->count && hr == S_OK; i++) {
        const struct section *section = &sections->items[i];
        struct table_row row;
        hr = table_row_begin(&row, columns->cValues + 2);
        if (hr != S_OK) {
            return hr;
        }
        table_row_add_bag(&row, columns, &section->props);
        table_row_add_binary(&row, PR_INSTANCE_KEY, section->uid.ab, sizeof section->uid.ab);
        ULONG type = bag_long(&section->props, PR_RESOURCE_TYPE, 0);
        if (section->kind == SECTION_PROVIDER && type <= MAPI_HOOK_PROVIDER) {
            table_row_add_long(&row, PR_PROVIDER_ORDINAL, ordinals[type]++);
        }
        hr = table_row_append(&row, table);
    }
    return hr;
}

static HRESULT append_kind(struct memtable *table, const SPropTagArray *columns, struct profile *profile,
                           enum section_kind kind, const MAPIUID *service)
{
    struct database *db;
    struct section_list sections = {0};
    int64_t id = 0;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    hr = profile_row(db, profile, &id);
    hr = hr == S_OK ? section_load_all(db, id, kind, service, &sections) : hr;
    profile_database_leave();
    hr = hr == S_OK ? append_sections(table, columns, &sections) : hr;
    section_list_clear(&sections);
    return hr;
}

HRESULT admin_service_table(struct lifeline *life, struct profile *profile, LPMAPITABLE *out)
{
    static const SizedSPropTagArray(8, list) = {8,
                                                {PR_SERVICE_UID, PR_SERVICE_NAME_W, PR_DISPLAY_NAME_W,
                                                 PR_RESOURCE_FLAGS, PR_SERVICE_DLL_NAME_W, PR_SERVICE_ENTRY_NAME,
                                                 PR_SERVICE_SUPPORT_FILES_W, PR_INSTANCE_KEY}};
    const SPropTagArray *columns = (const SPropTagArray *)(const void *)&list;
    struct memtable *table = NULL;
    HRESULT hr = memtable_create(life, columns, &table);
    hr = hr == S_OK ? append_kind(table, columns, profile, SECTION_SERVICE, NULL) : hr;
    return finish(hr, table, out);
}

HRESULT admin_provider_table(struct lifeline *life, struct profile *profile, const MAPIUID *service, LPMAPITABLE *out)
{
    static const SizedSPropTagArray(10, list) = {
        10,
        {PR_PROVIDER_UID, PR_DISPLAY_NAME_W, PR_PROVIDER_DISPLAY_W, PR_PROVIDER_DLL_NAME_W, PR_PROVIDER_ORDINAL,
         PR_RESOURCE_FLAGS, PR_RESOURCE_TYPE, PR_SERVICE_NAME_W, PR_SERVICE_UID, PR_INSTANCE_KEY}};
    const SPropTagArray *columns = (const SPropTagArray *)(const void *)&list;
    struct memtable *table = NULL;
    HRESULT hr = memtable_create(life, columns, &table);
    hr = hr == S_OK ? append_kind(table, columns, profile, SECTION_PROVIDER, service) : hr;
    if (hr == S_OK && service) {
        hr = append_kind(table, columns, profile, SECTION_EXTRA, service);
    }
    return finish(hr, table, out);
}
