#include "core/profile_admin.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/profile_database.h"
#include "core/resources.h"
#include "core/unfinished.h"

static const char what[] = "Cannot change the profiles";

/* A profile's row as administration needs it. */
struct row {
    int64_t id;
    unsigned flags;
};

static HRESULT find_row(struct database *db, const char *name, struct row *out)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, "SELECT id, flags FROM profile WHERE name = ?1 AND deleted = 0", &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        out->id = sqlite3_column_int64(statement, 0);
        out->flags = (unsigned)sqlite3_column_int(statement, 1);
    } else {
        hr = rc == SQLITE_DONE ? fail(MAPI_E_NOT_FOUND, "There is no profile named '%s'.", name)
                               : database_error(db, rc, what);
    }
    database_done(statement);
    return hr;
}

/* The row of a profile that may be administered by somebody who has said MAPI_APP_PROFILE or not. */
static HRESULT find_row_for(struct database *db, const char *name, bool app_profile, struct row *out)
{
    HRESULT hr = find_row(db, name, out);
    if (hr == S_OK && (out->flags & PROFILE_APP) && !app_profile) {
        hr = fail(MAPI_E_NO_ACCESS, "'%s' is an application's profile; MAPI_APP_PROFILE says that it is meant.", name);
    }
    return hr;
}

/* A name is taken by the profile that has it and by the one that will have it. */
static HRESULT check_name_free(struct database *db, const char *name)
{
    sqlite3_stmt *statement;
    HRESULT hr =
        database_prepare(db, "SELECT 1 FROM profile WHERE deleted = 0 AND (name = ?1 OR new_name = ?1)", &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        hr = fail(MAPI_E_NO_ACCESS, "There is a profile named '%s' already.", name);
    } else if (rc != SQLITE_DONE) {
        hr = database_error(db, rc, what);
    }
    database_done(statement);
    return hr;
}

/* Runs a statement with up to two texts or numbers bound: ?1 is a number, ?2 a text (NULL allowed). */
static HRESULT run(struct database *db, const char *sql, int64_t number, const char *text)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, sql, &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_int64(statement, 1, number);
    if (rc == SQLITE_OK && sqlite3_bind_parameter_count(statement) > 1) {
        rc = text ? sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC) : sqlite3_bind_null(statement, 2);
    }
    if (rc) {
        database_done(statement);
        return database_error(db, rc, what);
    }
    return database_run(db, statement, what);
}

/* PR_SEARCH_KEY is unique among all profiles ever made: a name can come back, this cannot. */
static HRESULT add_instance_section(struct database *db, int64_t id)
{
    struct section section = {.uid = MUID_PROFILE_INSTANCE, .kind = SECTION_PLAIN};
    MAPIUID key;
    HRESULT hr = uid_create(&key);
    hr = hr == S_OK ? bag_set_binary(&section.props, PR_SEARCH_KEY, key.ab, sizeof key.ab) : hr;
    hr = hr == S_OK ? section_add(db, id, &section) : hr;
    section_clear(&section);
    return hr;
}

static HRESULT add_default_services(struct database *db, const char *name, const struct service_ui *ui,
                                    struct last_error *error)
{
    struct profile *profile = NULL;
    HRESULT hr = profile_find(db, name, &profile);
    const struct service *service;
    for (size_t i = 0; hr == S_OK && (service = service_at(i)); i++) {
        if (service->is_default) {
            hr = profile_service_add(db, profile, service, NULL, ui, error, NULL);
        }
    }
    profile_unref(profile);
    return hr;
}

static HRESULT create_in(struct database *db, const char *name, unsigned flags, bool default_services,
                         const struct service_ui *ui, struct last_error *error)
{
    struct resource_list made = {0};
    int64_t id = 0;
    HRESULT hr = profile_database_begin(db);
    if (hr != S_OK) {
        return hr;
    }
    hr = check_name_free(db, name);
    hr = hr == S_OK ? run(db, "INSERT INTO profile(flags, name) VALUES(?1, ?2)", flags, name) : hr;
    if (hr == S_OK) {
        id = sqlite3_last_insert_rowid(database_handle(db));
        hr = add_instance_section(db, id);
    }
    if (hr == S_OK && default_services) {
        hr = add_default_services(db, name, ui, error);
    }
    if (hr != S_OK && id != 0 && resources_of_profile(db, id, NULL, &made) != S_OK) {
        made.count = 0;
    }
    HRESULT ended = profile_database_end(db, hr == S_OK);
    hr = hr == S_OK ? ended : hr;
    if (hr != S_OK) {
        resources_remove_unused(db, &made);
    }
    resource_list_clear(&made);
    return hr;
}

HRESULT profile_admin_create(const char *name, unsigned flags, bool default_services, const struct service_ui *ui,
                             struct last_error *error)
{
    struct database *db;
    HRESULT hr = profile_database_enter_creating(&db);
    if (hr == S_OK) {
        profile_admin_finish(db);
        unfinished_recover(db);
        hr = create_in(db, name, flags, default_services, ui, error);
        profile_database_leave();
    }
    return hr;
}

/* Removes a profile that nobody uses. */
static HRESULT delete_row(struct database *db, int64_t id)
{
    struct resource_list named = {0};
    HRESULT hr = profile_database_begin(db);
    if (hr != S_OK) {
        return hr;
    }
    hr = resources_of_profile(db, id, NULL, &named);
    hr = hr == S_OK ? resources_note(db, &named) : hr;
    hr = hr == S_OK ? run(db, "DELETE FROM section WHERE profile = ?1", id, NULL) : hr;
    hr = hr == S_OK ? run(db, "DELETE FROM profile WHERE id = ?1", id, NULL) : hr;
    HRESULT ended = profile_database_end(db, hr == S_OK);
    resource_list_clear(&named);
    return hr == S_OK ? ended : hr;
}

static HRESULT run_alone(struct database *db, const char *sql, int64_t number, const char *text)
{
    HRESULT hr = profile_database_begin(db);
    if (hr == S_OK) {
        hr = run(db, sql, number, text);
        HRESULT ended = profile_database_end(db, hr == S_OK);
        hr = hr == S_OK ? ended : hr;
    }
    return hr;
}

static HRESULT delete_in(struct database *db, const char *name, bool app_profile)
{
    struct row row;
    struct profile *profile = NULL;
    HRESULT hr = find_row_for(db, name, app_profile, &row);
    hr = hr == S_OK ? profile_find(db, name, &profile) : hr;
    if (hr != S_OK) {
        return hr;
    }
    profile_services_say_delete(db, profile);
    profile_unref(profile);
    if (profile_claim(row.id)) {
        hr = delete_row(db, row.id);
        profile_unclaim(row.id);
        if (hr == S_OK) {
            resources_finish(db);
        }
        return hr;
    }
    hr = run_alone(db, "UPDATE profile SET deleted = 1, is_default = 0, new_name = NULL WHERE id = ?1", row.id, NULL);
    if (hr == S_OK) {
        profile_announce_mark();
    }
    return hr;
}

HRESULT profile_admin_delete(const char *name, bool app_profile)
{
    struct database *db;
    HRESULT hr = profile_database_enter(&db);
    if (hr == S_OK) {
        profile_admin_finish(db);
        unfinished_recover(db);
        hr = delete_in(db, name, app_profile);
        profile_database_leave();
    }
    return hr;
}

static HRESULT copy_rows(struct database *db, const struct row *row, const char *new_name)
{
    struct section instance = {0};
    HRESULT hr = run(db, "INSERT INTO profile(flags, name) VALUES(?1, ?2)", row->flags, new_name);
    if (hr != S_OK) {
        return hr;
    }
    int64_t id = sqlite3_last_insert_rowid(database_handle(db));
    sqlite3_stmt *statement;
    hr = database_prepare(db,
                          "INSERT INTO section(profile, uid, kind, service, ordinal, marked, record_key, props) "
                          "SELECT ?2, uid, kind, service, ordinal, 0, record_key, props FROM section "
                          "WHERE profile = ?1 AND marked = 0 AND uid <> ?3",
                          &statement);
    if (hr == S_OK) {
        instance.uid = MUID_PROFILE_INSTANCE;
        int rc = sqlite3_bind_int64(statement, 1, row->id);
        rc = rc ? rc : sqlite3_bind_int64(statement, 2, id);
        rc = rc ? rc : sqlite3_bind_blob(statement, 3, instance.uid.ab, (int)sizeof instance.uid.ab, SQLITE_STATIC);
        if (rc) {
            database_done(statement);
            hr = database_error(db, rc, what);
        } else {
            hr = database_run(db, statement, what);
        }
    }
    hr = hr == S_OK ? add_instance_section(db, id) : hr;
    return hr == S_OK ? account_store_copy(db, row->id, id) : hr;
}

HRESULT profile_admin_copy(const char *name, const char *new_name, bool app_profile)
{
    struct database *db;
    struct row row;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    profile_admin_finish(db);
    hr = profile_database_begin(db);
    if (hr == S_OK) {
        hr = find_row_for(db, name, app_profile, &row);
        hr = hr == S_OK ? check_name_free(db, new_name) : hr;
        hr = hr == S_OK ? copy_rows(db, &row, new_name) : hr;
        HRESULT ended = profile_database_end(db, hr == S_OK);
        hr = hr == S_OK ? ended : hr;
    }
    profile_database_leave();
    return hr;
}

/* What is left to do once a rename has been committed. */
struct renaming {
    int64_t claimed; /* the profile that was claimed for it; 0: none */
    bool marked;     /* it is in use and gets its name later */
};

static HRESULT rename_in(struct database *db, const char *name, const char *new_name, bool app_profile,
                         struct renaming *after)
{
    struct row row;
    HRESULT hr = find_row_for(db, name, app_profile, &row);
    if (hr != S_OK) {
        return hr;
    }
    if (strcmp(name, new_name) == 0) {
        return run(db, "UPDATE profile SET new_name = NULL WHERE id = ?1", row.id, NULL);
    }
    hr = check_name_free(db, new_name);
    if (hr != S_OK) {
        return hr;
    }
    if (profile_claim(row.id)) {
        after->claimed = row.id;
        return run(db, "UPDATE profile SET name = ?2, new_name = NULL WHERE id = ?1", row.id, new_name);
    }
    after->marked = true;
    return run(db, "UPDATE profile SET new_name = ?2 WHERE id = ?1", row.id, new_name);
}

/* Looking whether the name is free and taking it are one transaction, so that no other process takes it in between. */
HRESULT profile_admin_rename(const char *name, const char *new_name, bool app_profile)
{
    struct database *db;
    struct renaming after = {0};
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    profile_admin_finish(db);
    hr = profile_database_begin(db);
    if (hr == S_OK) {
        hr = rename_in(db, name, new_name, app_profile, &after);
        HRESULT ended = profile_database_end(db, hr == S_OK);
        hr = hr == S_OK ? ended : hr;
    }
    if (after.claimed != 0) {
        profile_unclaim(after.claimed);
    }
    if (hr == S_OK && after.marked) {
        profile_announce_mark();
    }
    profile_database_leave();
    return hr;
}

HRESULT profile_admin_set_default(const char *name)
{
    struct database *db;
    struct row row = {0};
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr == MAPI_E_NOT_FOUND && !name ? S_OK : hr; /* no profiles, no default */
    }
    if (name) {
        hr = find_row(db, name, &row);
        if (hr == S_OK && (row.flags & PROFILE_APP)) {
            hr = fail(MAPI_E_CALL_FAILED, "'%s' is an application's profile and cannot be the default.", name);
        }
    }
    if (hr == S_OK) {
        hr = profile_database_begin(db);
    }
    if (hr == S_OK) {
        hr = run(db, "UPDATE profile SET is_default = 0 WHERE is_default = 1 AND id <> ?1", row.id, NULL);
        hr = hr == S_OK && name ? run(db, "UPDATE profile SET is_default = 1 WHERE id = ?1", row.id, NULL) : hr;
        HRESULT ended = profile_database_end(db, hr == S_OK);
        hr = hr == S_OK ? ended : hr;
    }
    profile_database_leave();
    return hr;
}

/* A change that was postponed while its profile was in use. */
struct postponed {
    int64_t id;
    bool delete;
    bool providers;
    char *new_name;
};

static HRESULT list_postponed(struct database *db, struct postponed **items, size_t *count)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(
        db,
        "SELECT id, deleted, new_name, id IN (SELECT profile FROM section WHERE marked = 1) FROM profile "
        "WHERE deleted = 1 OR new_name IS NOT NULL OR id IN (SELECT profile FROM section WHERE marked = 1)",
        &statement);
    int rc = SQLITE_DONE;
    while (hr == S_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct postponed *grown = realloc(*items, (*count + 1) * sizeof **items);
        if (!grown) {
            hr = MAPI_E_NOT_ENOUGH_MEMORY;
            break;
        }
        *items = grown;
        const char *name = (const char *)sqlite3_column_text(statement, 2);
        struct postponed *item = &grown[*count];
        item->id = sqlite3_column_int64(statement, 0);
        item->delete = sqlite3_column_int(statement, 1) != 0;
        item->providers = sqlite3_column_int(statement, 3) != 0;
        item->new_name = name ? strdup(name) : NULL;
        if (name && !item->new_name) {
            hr = MAPI_E_NOT_ENOUGH_MEMORY;
            break;
        }
        ++*count;
    }
    database_done(statement);
    return hr != S_OK ? hr : rc == SQLITE_DONE ? S_OK : MAPI_E_CALL_FAILED;
}

static HRESULT finish_providers(struct database *db, int64_t id)
{
    HRESULT hr = profile_database_begin(db);
    if (hr == S_OK) {
        hr = profile_providers_finish(db, id);
        HRESULT ended = profile_database_end(db, hr == S_OK);
        hr = hr == S_OK ? ended : hr;
    }
    return hr;
}

static HRESULT finish_one(struct database *db, const struct postponed *item)
{
    if (item->delete) {
        return delete_row(db, item->id);
    }
    HRESULT hr = item->providers ? finish_providers(db, item->id) : S_OK;
    if (hr == S_OK && item->new_name) {
        /* The name was kept free for it. */
        hr = run_alone(db, "UPDATE profile SET name = ?2, new_name = NULL WHERE id = ?1", item->id, item->new_name);
    }
    return hr;
}

bool profile_admin_finish(struct database *db)
{
    struct postponed *items = NULL;
    size_t count = 0;
    bool left = list_postponed(db, &items, &count) != S_OK;
    for (size_t i = 0; i < count; i++) {
        bool done = false;
        if (profile_claim(items[i].id)) {
            done = finish_one(db, &items[i]) == S_OK;
            profile_unclaim(items[i].id);
        }
        left = left || !done;
        free(items[i].new_name);
    }
    free(items);
    resources_finish(db);
    return left;
}
