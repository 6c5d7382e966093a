#include "core/section.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"

const MAPIUID uid_none;

bool uid_equal(const MAPIUID *a, const MAPIUID *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

HRESULT uid_create(MAPIUID *out)
{
    if (getrandom(out->ab, sizeof out->ab, 0) != (ssize_t)sizeof out->ab) {
        return fail(MAPI_E_CALL_FAILED, "The system gives no random bytes for a new identifier.");
    }
    out->ab[7] = (BYTE)((out->ab[7] & 0x0F) | 0x40); /* the high byte of Data3, little endian */
    out->ab[8] = (BYTE)((out->ab[8] & 0x3F) | 0x80);
    return S_OK;
}

ULONG bag_long(const struct prop_bag *bag, ULONG tag, ULONG otherwise)
{
    const struct prop_entry *entry = prop_bag_find(bag, tag);
    return entry && entry->tag == tag && entry->size == 4 ? bytes_get_u32(entry->bytes) : otherwise;
}

const struct prop_entry *bag_binary(const struct prop_bag *bag, ULONG tag)
{
    const struct prop_entry *entry = prop_bag_find(bag, tag);
    return entry && entry->tag == tag && entry->size != PROP_EXTERNAL && entry->size > 0 ? entry : NULL;
}

bool bag_uid(const struct prop_bag *bag, ULONG tag, MAPIUID *out)
{
    const struct prop_entry *entry = bag_binary(bag, tag);
    if (!entry || entry->size != sizeof *out) {
        return false;
    }
    memcpy(out, entry->bytes, sizeof *out);
    return true;
}

HRESULT bag_text(const struct prop_bag *bag, ULONG tag, char **out)
{
    const struct prop_entry *entry = prop_bag_find(bag, tag);
    *out = NULL;
    if (!entry || PROP_TYPE(entry->tag) != PT_UNICODE || entry->size == PROP_EXTERNAL) {
        return S_OK;
    }
    char *text = malloc((size_t)entry->size + 1);
    if (!text) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to read a profile section.");
    }
    if (entry->size > 0) {
        memcpy(text, entry->bytes, entry->size);
    }
    text[entry->size] = '\0';
    *out = text;
    return S_OK;
}

HRESULT bag_set_long(struct prop_bag *bag, ULONG tag, ULONG value)
{
    unsigned char bytes[4];
    bytes_put_u32(bytes, value);
    return prop_bag_set_payload(bag, tag, bytes, sizeof bytes);
}

HRESULT bag_set_binary(struct prop_bag *bag, ULONG tag, const void *bytes, size_t size)
{
    return prop_bag_set_payload(bag, tag, bytes, size);
}

HRESULT bag_set_text(struct prop_bag *bag, ULONG tag, const char *utf8)
{
    return prop_bag_set_payload(bag, CHANGE_PROP_TYPE(tag, PT_UNICODE), utf8, strlen(utf8));
}

void section_clear(struct section *section)
{
    prop_bag_clear(&section->props);
}

void section_list_clear(struct section_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        section_clear(&list->items[i]);
    }
    free(list->items);
    list->items = NULL;
    list->count = 0;
}

static void column_uid(sqlite3_stmt *row, int column, MAPIUID *out)
{
    *out = uid_none;
    if (sqlite3_column_bytes(row, column) == (int)sizeof *out) {
        memcpy(out, sqlite3_column_blob(row, column), sizeof *out);
    }
}

#define SECTION_COLUMNS "uid, kind, service, ordinal, marked, props"

static HRESULT read_row(sqlite3_stmt *row, struct section *out)
{
    column_uid(row, 0, &out->uid);
    out->kind = (enum section_kind)sqlite3_column_int(row, 1);
    column_uid(row, 2, &out->service);
    out->ordinal = sqlite3_column_int64(row, 3);
    out->marked = sqlite3_column_int(row, 4) != 0;
    prop_bag_init(&out->props);
    const void *blob = sqlite3_column_blob(row, 5);
    return prop_bag_decode(&out->props, blob, (size_t)sqlite3_column_bytes(row, 5));
}

/* Binds the parameters that are blobs of a MAPIUID; an all-zero one is NULL. */
static int bind_uid(sqlite3_stmt *statement, int index, const MAPIUID *uid)
{
    return uid_equal(uid, &uid_none) ? sqlite3_bind_null(statement, index)
                                     : sqlite3_bind_blob(statement, index, uid->ab, (int)sizeof uid->ab, SQLITE_STATIC);
}

HRESULT section_load(struct database *db, int64_t profile, const MAPIUID *uid, struct section *out)
{
    static const char *const what = "Cannot read a profile section";
    sqlite3_stmt *statement;
    HRESULT hr =
        database_prepare(db, "SELECT " SECTION_COLUMNS " FROM section WHERE profile = ?1 AND uid = ?2", &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_int64(statement, 1, profile);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_blob(statement, 2, uid->ab, (int)sizeof uid->ab, SQLITE_STATIC);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    if (rc == SQLITE_ROW) {
        hr = read_row(statement, out);
    } else {
        hr = rc == SQLITE_DONE ? MAPI_E_NOT_FOUND : database_error(db, rc, what);
    }
    database_done(statement);
    return hr;
}

static HRESULT append_row(struct section_list *list, sqlite3_stmt *row)
{
    struct section *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to read the profile's sections.");
    }
    list->items = items;
    HRESULT hr = read_row(row, &items[list->count]);
    if (hr == S_OK) {
        list->count++;
    }
    return hr;
}

/* Reads all rows of a statement whose parameters but the first are bound, and gives the statement back. */
static HRESULT read_list(struct database *db, sqlite3_stmt *statement, int64_t profile, int rc,
                         struct section_list *out)
{
    HRESULT hr = S_OK;
    rc = rc ? rc : sqlite3_bind_int64(statement, 1, profile);
    while (rc == SQLITE_OK && hr == S_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            hr = append_row(out, statement);
            rc = SQLITE_OK;
        }
    }
    if (hr == S_OK && rc != SQLITE_DONE) {
        hr = database_error(db, rc, "Cannot read the profile's sections");
    }
    database_done(statement);
    if (hr != S_OK) {
        section_list_clear(out);
    }
    return hr;
}

HRESULT section_load_all(struct database *db, int64_t profile, enum section_kind kind, const MAPIUID *service,
                         struct section_list *out)
{
    sqlite3_stmt *statement;
    out->items = NULL;
    out->count = 0;
    HRESULT hr =
        database_prepare(db,
                         "SELECT " SECTION_COLUMNS " FROM section WHERE profile = ?1 AND kind = ?2 AND marked = 0"
                         " AND (?3 IS NULL OR service = ?3) ORDER BY ordinal",
                         &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_int(statement, 2, (int)kind);
    rc = rc ? rc : bind_uid(statement, 3, service ? service : &uid_none);
    return read_list(db, statement, profile, rc, out);
}

HRESULT section_load_marked(struct database *db, int64_t profile, struct section_list *out)
{
    sqlite3_stmt *statement;
    out->items = NULL;
    out->count = 0;
    HRESULT hr =
        database_prepare(db, "SELECT " SECTION_COLUMNS " FROM section WHERE profile = ?1 AND marked = 1", &statement);
    return hr == S_OK ? read_list(db, statement, profile, SQLITE_OK, out) : hr;
}

/* What both writing statements bind: ?1 profile, ?2 uid, ?3 marked, ?4 record key, ?5 properties. The record
 * key has a column of its own so that a store's last reference can be found.
 */
static HRESULT bind_section(struct database *db, sqlite3_stmt *statement, int64_t profile,
                            const struct section *section, struct byte_buffer *blob, const char *what)
{
    HRESULT hr = prop_bag_encode(&section->props, blob);
    if (hr != S_OK) {
        return hr;
    }
    const struct prop_entry *key =
        section->kind == SECTION_PROVIDER ? bag_binary(&section->props, PR_RECORD_KEY) : NULL;
    int rc = sqlite3_bind_int64(statement, 1, profile);
    rc = rc ? rc : sqlite3_bind_blob(statement, 2, section->uid.ab, (int)sizeof section->uid.ab, SQLITE_STATIC);
    rc = rc ? rc : sqlite3_bind_int(statement, 3, section->marked);
    rc = rc    ? rc
         : key ? sqlite3_bind_blob(statement, 4, key->bytes, (int)key->size, SQLITE_STATIC)
               : sqlite3_bind_null(statement, 4);
    rc = rc ? rc : sqlite3_bind_blob64(statement, 5, blob->bytes, blob->size, SQLITE_STATIC);
    return rc ? database_error(db, rc, what) : S_OK;
}

HRESULT section_add(struct database *db, int64_t profile, struct section *section)
{
    static const char *const what = "Cannot add a section to the profile";
    struct byte_buffer blob = {0};
    sqlite3_stmt *statement;
    HRESULT hr =
        database_prepare(db,
                         "INSERT INTO section(profile, uid, marked, record_key, props, kind, service, ordinal) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7,"
                         " (SELECT coalesce(max(ordinal), 0) + 1 FROM section WHERE profile = ?1)) RETURNING ordinal",
                         &statement);
    if (hr != S_OK) {
        return hr;
    }
    hr = bind_section(db, statement, profile, section, &blob, what);
    if (hr == S_OK) {
        int rc = sqlite3_bind_int(statement, 6, (int)section->kind);
        rc = rc ? rc : bind_uid(statement, 7, &section->service);
        rc = rc ? rc : sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            section->ordinal = sqlite3_column_int64(statement, 0);
            rc = sqlite3_step(statement); /* the change is complete once the statement is done */
        }
        if ((rc & 0xFF) == SQLITE_CONSTRAINT) {
            hr = fail(MAPI_E_NO_ACCESS, "The profile has a section under this identifier already.");
        } else if (rc != SQLITE_DONE) {
            hr = database_error(db, rc, what);
        }
    }
    database_done(statement);
    byte_buffer_free(&blob);
    return hr;
}

HRESULT section_save(struct database *db, int64_t profile, const struct section *section)
{
    static const char *const what = "Cannot write a profile section";
    struct byte_buffer blob = {0};
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db,
                                  "UPDATE section SET marked = ?3, record_key = ?4, props = ?5, ordinal = ?6 "
                                  "WHERE profile = ?1 AND uid = ?2",
                                  &statement);
    if (hr != S_OK) {
        return hr;
    }
    hr = bind_section(db, statement, profile, section, &blob, what);
    if (hr == S_OK) {
        int rc = sqlite3_bind_int64(statement, 6, section->ordinal);
        hr = rc ? database_error(db, rc, what) : S_OK;
    }
    if (hr == S_OK) {
        hr = database_run(db, statement, what);
    } else {
        database_done(statement);
    }
    byte_buffer_free(&blob);
    return hr;
}

HRESULT section_delete(struct database *db, int64_t profile, const MAPIUID *uid)
{
    static const char *const what = "Cannot delete a profile section";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, "DELETE FROM section WHERE profile = ?1 AND uid = ?2", &statement);
    if (hr != S_OK) {
        return hr;
    }
    int rc = sqlite3_bind_int64(statement, 1, profile);
    rc = rc ? rc : sqlite3_bind_blob(statement, 2, uid->ab, (int)sizeof uid->ab, SQLITE_STATIC);
    if (rc) {
        database_done(statement);
        return database_error(db, rc, what);
    }
    return database_run(db, statement, what);
}
