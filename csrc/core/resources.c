#include "core/resources.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "core/home.h"
#include "core/section.h"

static const char what[] = "Cannot tidy up after a deleted profile";

void resource_list_clear(struct resource_list *list)
{
    free(list->items);
    list->items = NULL;
    list->count = 0;
}

static HRESULT append(struct resource_list *list, const char *dll_name, const void *key, size_t key_size)
{
    const struct service *service = dll_name ? service_by_dll(dll_name) : NULL;
    if (!service || !service->remove_resource || key_size != sizeof(MAPIUID)) {
        return S_OK;
    }
    struct resource *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for the list of a profile's stores.");
    }
    list->items = items;
    items[list->count].service = service;
    memcpy(&items[list->count].record_key, key, sizeof(MAPIUID));
    list->count++;
    return S_OK;
}

static HRESULT append_section(struct resource_list *list, sqlite3_stmt *row)
{
    struct prop_bag props;
    char *dll_name = NULL;
    prop_bag_init(&props);
    HRESULT hr = prop_bag_decode(&props, sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1));
    if (hr == S_OK) {
        hr = bag_text(&props, PR_PROVIDER_DLL_NAME, &dll_name);
    }
    if (hr == S_OK) {
        hr = append(list, dll_name, sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    }
    free(dll_name);
    prop_bag_clear(&props);
    return hr == MAPI_E_CORRUPT_DATA ? S_OK
                                     : hr; /* a section that cannot be read must not keep its profile from going */
}

HRESULT resources_of_profile(struct database *db, int64_t profile, const MAPIUID *service, struct resource_list *out)
{
    sqlite3_stmt *statement;
    out->items = NULL;
    out->count = 0;
    HRESULT hr = database_prepare(db,
                                  "SELECT record_key, props FROM section WHERE profile = ?1 AND record_key IS NOT NULL"
                                  " AND (?2 IS NULL OR service = ?2)",
                                  &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_int64(statement, 1, profile);
    rc = rc        ? rc
         : service ? sqlite3_bind_blob(statement, 2, service->ab, (int)sizeof service->ab, SQLITE_STATIC)
                   : sqlite3_bind_null(statement, 2);
    while (rc == SQLITE_OK && hr == S_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            hr = append_section(out, statement);
            rc = SQLITE_OK;
        }
    }
    if (hr == S_OK && rc != SQLITE_DONE) {
        hr = database_error(db, rc, what);
    }
    database_done(statement);
    if (hr != S_OK) {
        resource_list_clear(out);
    }
    return hr;
}

/* Runs a statement whose parameters are a DLL's name and a record key; *found tells whether there was a row. */
static HRESULT run_with_resource(struct database *db, const char *sql, const struct resource *resource, bool *found)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, sql, &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_text(statement, 1, resource->service->dll_name, -1, SQLITE_STATIC);
    rc = rc ? rc
            : sqlite3_bind_blob(statement, 2, resource->record_key.ab, (int)sizeof resource->record_key.ab,
                                SQLITE_STATIC);
    rc = rc ? rc : sqlite3_step(statement);
    *found = rc == SQLITE_ROW;
    hr = *found || rc == SQLITE_DONE ? S_OK : database_error(db, rc, what);
    database_done(statement);
    return hr;
}

HRESULT resources_note(struct database *db, const struct resource_list *list)
{
    HRESULT hr = S_OK;
    bool ignored;
    for (size_t i = 0; i < list->count && hr == S_OK; i++) {
        hr = run_with_resource(db, "INSERT OR IGNORE INTO leftover(dll, record_key) VALUES(?1, ?2)", &list->items[i],
                               &ignored);
    }
    return hr;
}

HRESULT resources_note_section(struct database *db, const struct section *section)
{
    struct resource_list list = {0};
    char *dll_name = NULL;
    const struct prop_entry *key = bag_binary(&section->props, PR_RECORD_KEY);
    HRESULT hr = key ? bag_text(&section->props, PR_PROVIDER_DLL_NAME, &dll_name) : S_OK;
    if (hr == S_OK && key) {
        hr = append(&list, dll_name, key->bytes, key->size);
    }
    hr = hr == S_OK ? resources_note(db, &list) : hr;
    free(dll_name);
    resource_list_clear(&list);
    return hr;
}

bool resources_remove_if_unused(struct database *db, const struct resource *resource)
{
    bool used = true;
    char *home = NULL;
    /* The name of the DLL is bound and not looked at: a record key is unique whoever made it. */
    if (run_with_resource(db, "SELECT ?1 FROM section WHERE record_key = ?2 LIMIT 1", resource, &used) != S_OK ||
        home_directory(&home) != S_OK) {
        return false;
    }
    if (!used) {
        resource->service->remove_resource(home, &resource->record_key);
    }
    free(home);
    return true;
}

void resources_remove_unused(struct database *db, const struct resource_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        resources_remove_if_unused(db, &list->items[i]);
    }
}

void resources_finish(struct database *db)
{
    struct resource_list list = {0};
    sqlite3_stmt *statement;
    if (database_prepare(db, "SELECT dll, record_key FROM leftover", &statement) != S_OK) {
        return;
    }
    HRESULT hr = S_OK;
    while (hr == S_OK && sqlite3_step(statement) == SQLITE_ROW) {
        hr = append(&list, (const char *)sqlite3_column_text(statement, 0), sqlite3_column_blob(statement, 1),
                    (size_t)sqlite3_column_bytes(statement, 1));
    }
    database_done(statement);
    for (size_t i = 0; i < list.count; i++) {
        bool ignored;
        if (resources_remove_if_unused(db, &list.items[i]) &&
            run_with_resource(db, "DELETE FROM leftover WHERE dll = ?1 AND record_key = ?2", &list.items[i],
                              &ignored) != S_OK) {
            break; /* found again next time, and then there is nothing to remove any more */
        }
    }
    resource_list_clear(&list);
}
