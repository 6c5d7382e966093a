/* See account/account_store_private.h: the rows of the account store. */
#include <string.h>
#include <sys/random.h>

#include <mapisub.h>

#include "account/account_store_private.h"
#include "base/failure.h"
#include "core/section.h"

static const char what[] = "The accounts could not be used";

enum { LAST_ID = 0x7FFFFFFF };

HRESULT book_failure(HRESULT hr)
{
    const char *why = failure_detail(hr);
    if (hr == MAPI_E_NOT_INITIALIZED)
        return fail(E_OLK_NOT_INITIALIZED, "%s", why != NULL ? why : "MAPI is no longer initialised.");
    if (hr == MAPI_E_NOT_FOUND)
        return fail(E_OLK_REGISTRY, "%s", why != NULL ? why : "The profile of the accounts is gone.");
    return hr;
}

HRESULT book_enter(struct profile *profile, struct database **db, int64_t *row)
{
    HRESULT hr = profile_database_enter(db);
    if (hr != S_OK)
        return book_failure(hr);
    hr = profile_row(*db, profile, row);
    if (hr != S_OK)
        profile_database_leave();
    return book_failure(hr);
}

HRESULT book_begin(struct profile *profile, struct database **db, int64_t *row)
{
    HRESULT hr = book_enter(profile, db, row);
    if (hr != S_OK)
        return hr;
    hr = profile_database_begin(*db);
    if (hr != S_OK)
        profile_database_leave();
    return hr;
}

HRESULT book_end(struct database *db, HRESULT hr)
{
    HRESULT ended = profile_database_end(db, hr == S_OK);
    profile_database_leave();
    return hr == S_OK ? ended : hr;
}

HRESULT book_prepare(struct database *db, const char *sql, int64_t row, int64_t number, sqlite3_stmt **out)
{
    HRESULT hr = database_prepare(db, sql, out);
    if (hr != S_OK)
        return hr;
    int rc = sqlite3_bind_int64(*out, 1, row);
    if (rc == SQLITE_OK && sqlite3_bind_parameter_count(*out) > 1)
        rc = sqlite3_bind_int64(*out, 2, number);
    if (rc == SQLITE_OK)
        return S_OK;
    database_done(*out);
    *out = NULL;
    return database_error(db, rc, what);
}

HRESULT book_run(struct database *db, const char *sql, int64_t row, int64_t number)
{
    sqlite3_stmt *statement;
    HRESULT hr = book_prepare(db, sql, row, number, &statement);
    return hr == S_OK ? database_run(db, statement, what) : hr;
}

HRESULT book_number(struct database *db, const char *sql, int64_t row, int64_t number, int64_t *out, bool *found)
{
    sqlite3_stmt *statement;
    HRESULT hr = book_prepare(db, sql, row, number, &statement);
    if (hr != S_OK)
        return hr;
    int rc = sqlite3_step(statement);
    *found = rc == SQLITE_ROW;
    if (*found) {
        *out = sqlite3_column_int64(statement, 0);
        rc = sqlite3_step(statement); /* a change that returns something is complete once the statement is */
    }
    hr = database_error(db, rc, what);
    database_done(statement);
    return hr;
}

/* ---- reading ---- */

static void read_uid(sqlite3_stmt *row, int column, MAPIUID *out)
{
    if (sqlite3_column_bytes(row, column) == (int)sizeof *out)
        memcpy(out, sqlite3_column_blob(row, column), sizeof *out);
}

/* The columns of ACCOUNT_COLUMNS. */
static HRESULT read_row(sqlite3_stmt *row, struct account_record *record)
{
    int type = sqlite3_column_int(row, 1);
    if (type < ACCOUNT_POP3 || type > ACCOUNT_LDAP)
        return fail(MAPI_E_CORRUPT_DATA, "An account in the profile is of a type that there is not.");
    record->id = (DWORD)sqlite3_column_int64(row, 0);
    record->type = (enum account_type)type;
    record->exchange = sqlite3_column_int(row, 2) != 0;
    record->owner.mini_uid = (DWORD)sqlite3_column_int64(row, 3);
    read_uid(row, 4, &record->owner.identity);
    read_uid(row, 5, &record->service);
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        record->place[i] = sqlite3_column_int64(row, 6 + i);
        record->categories |= record->place[i] != 0 ? 1u << i : 0;
    }
    const void *props = sqlite3_column_blob(row, 9);
    record->size = (size_t)sqlite3_column_bytes(row, 9);
    HRESULT hr = prop_bag_decode(&record->props, props, record->size);
    account_record_check(record);
    return hr;
}

HRESULT book_step(struct database *db, sqlite3_stmt *statement, struct account_record **out)
{
    *out = NULL;
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_DONE)
        return S_FALSE;
    if (rc != SQLITE_ROW)
        return database_error(db, rc, what);
    struct account_record *record = account_record_new();
    if (record == NULL)
        return E_OUTOFMEMORY;
    HRESULT hr = read_row(statement, record);
    if (hr != S_OK)
        account_record_unref(record);
    else
        *out = record;
    return hr;
}

HRESULT book_read_list(struct database *db, sqlite3_stmt *statement, struct account_list *out)
{
    struct account_record *record;
    HRESULT hr;
    while ((hr = book_step(db, statement, &record)) == S_OK) {
        hr = account_list_append(out, record);
        if (hr != S_OK) {
            account_record_unref(record);
            break;
        }
    }
    database_done(statement);
    if (hr != S_FALSE) {
        account_list_clear(out);
        return hr;
    }
    return S_OK;
}

HRESULT book_load(struct database *db, int64_t row, DWORD id, struct account_record **out)
{
    sqlite3_stmt *statement;
    *out = NULL;
    HRESULT hr =
        book_prepare(db, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE profile = ?1 AND id = ?2", row, id, &statement);
    if (hr != S_OK)
        return hr;
    hr = book_step(db, statement, out);
    database_done(statement);
    return hr == S_FALSE ? fail(E_ACCT_NOT_FOUND, "The profile has no account with the id %lu.", (unsigned long)id)
                         : hr;
}

HRESULT book_last_change(struct database *db, int64_t row, uint64_t *number)
{
    int64_t last = 0;
    bool found = false;
    HRESULT hr = book_number(db, "SELECT last_change FROM account_book WHERE profile = ?1", row, 0, &last, &found);
    *number = found ? (uint64_t)last : 0;
    return hr;
}

/* ---- writing ---- */

HRESULT book_note(struct database *db, int64_t row, DWORD kind, DWORD id)
{
    int64_t number = 0;
    bool found = false;
    HRESULT hr = book_run(db, "INSERT OR IGNORE INTO account_book(profile) VALUES(?1)", row, 0);
    if (hr == S_OK)
        hr = book_number(
            db, "UPDATE account_book SET last_change = last_change + 1 WHERE profile = ?1 RETURNING last_change", row,
            0, &number, &found);
    sqlite3_stmt *statement = NULL;
    if (hr == S_OK)
        hr = book_prepare(db, "INSERT INTO account_change(profile, number, kind, account) VALUES(?1, ?2, ?3, ?4)", row,
                          number, &statement);
    if (hr != S_OK)
        return hr;
    int rc = sqlite3_bind_int64(statement, 3, kind);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, 4, id);
    if (rc != SQLITE_OK) {
        database_done(statement);
        return database_error(db, rc, what);
    }
    hr = database_run(db, statement, what);
    if (hr != S_OK)
        return hr;
    return book_run(db, "DELETE FROM account_change WHERE profile = ?1 AND number <= ?2", row,
                    number - OLK_CHANGES_KEPT);
}

/* Binds ?3, the properties, and runs. */
static HRESULT run_with_props(struct database *db, sqlite3_stmt *statement, const struct prop_bag *props)
{
    struct byte_buffer blob = {0};
    HRESULT hr = prop_bag_encode(props, &blob);
    if (hr == S_OK) {
        int rc = sqlite3_bind_blob64(statement, 3, blob.bytes, blob.size, SQLITE_STATIC);
        hr = rc == SQLITE_OK ? database_run(db, statement, what) : database_error(db, rc, what);
    }
    database_done(statement);
    byte_buffer_free(&blob);
    return hr;
}

HRESULT book_write(struct database *db, int64_t row, const struct account_record *record)
{
    sqlite3_stmt *statement;
    HRESULT hr =
        book_prepare(db, "UPDATE account SET props = ?3 WHERE profile = ?1 AND id = ?2", row, record->id, &statement);
    return hr == S_OK ? run_with_props(db, statement, &record->props) : hr;
}

/* A number that no account of any profile of this database has, and that accounts elsewhere are unlikely to have
 * (prop_acct_mini_uid.md). */
static HRESULT choose_mini_uid(struct database *db, DWORD *out)
{
    for (;;) {
        int64_t ignored = 0;
        bool taken = false;
        if (getrandom(out, sizeof *out, 0) != (ssize_t)sizeof *out)
            return fail(E_FAIL, "The system gives no random bytes for a new account.");
        if (*out == 0)
            continue;
        HRESULT hr = book_number(db, "SELECT 1 FROM account WHERE mini_uid = ?1", *out, 0, &ignored, &taken);
        if (hr != S_OK || !taken)
            return hr;
    }
}

HRESULT book_renumber(struct database *db, int64_t row, DWORD id)
{
    DWORD mini_uid = 0;
    sqlite3_stmt *statement;
    HRESULT hr = choose_mini_uid(db, &mini_uid);
    if (hr == S_OK)
        hr = book_prepare(db, "UPDATE account SET mini_uid = ?3 WHERE profile = ?1 AND id = ?2", row, id, &statement);
    if (hr != S_OK)
        return hr;
    int rc = sqlite3_bind_int64(statement, 3, mini_uid);
    if (rc != SQLITE_OK) {
        database_done(statement);
        return database_error(db, rc, what);
    }
    return database_run(db, statement, what);
}

/* Ids count upwards and are never given twice, whatever is deleted. */
static HRESULT choose_id(struct database *db, int64_t row, DWORD *out)
{
    int64_t id = 0;
    bool found = false;
    HRESULT hr = book_run(db, "INSERT OR IGNORE INTO account_book(profile) VALUES(?1)", row, 0);
    if (hr == S_OK)
        hr = book_number(db, "UPDATE account_book SET last_id = last_id + 1 WHERE profile = ?1 RETURNING last_id", row,
                         0, &id, &found);
    if (hr == S_OK && id > LAST_ID)
        return fail(MAPI_E_NOT_ENOUGH_RESOURCES, "The profile has used up its account ids; create another profile.");
    *out = (DWORD)id;
    return hr;
}

static int bind_uid(sqlite3_stmt *statement, int index, const MAPIUID *uid)
{
    static const MAPIUID none;
    return memcmp(uid, &none, sizeof none) == 0
               ? sqlite3_bind_null(statement, index)
               : sqlite3_bind_blob(statement, index, uid->ab, (int)sizeof uid->ab, SQLITE_STATIC);
}

/* ?9 to ?11 say to which categories it belongs; it comes last in each. */
static const char insert_sql[] = "INSERT INTO account(profile, id, props, type, exchange, mini_uid, identity, service, "
                                 "mail_order, book_order, store_order) "
                                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                                 " CASE WHEN ?9 THEN 1 + coalesce((SELECT max(mail_order) FROM account WHERE profile = "
                                 "?1 AND mail_order IS NOT NULL), 0) END,"
                                 " CASE WHEN ?10 THEN 1 + coalesce((SELECT max(book_order) FROM account WHERE profile "
                                 "= ?1 AND book_order IS NOT NULL), 0) END,"
                                 " CASE WHEN ?11 THEN 1 + coalesce((SELECT max(store_order) FROM account WHERE profile "
                                 "= ?1 AND store_order IS NOT NULL), 0) END)";

HRESULT book_insert(struct database *db, int64_t row, struct account_record *record)
{
    HRESULT hr = choose_id(db, row, &record->id);
    if (hr == S_OK)
        hr = choose_mini_uid(db, &record->owner.mini_uid);
    if (hr == S_OK)
        hr = uid_create(&record->owner.identity);
    sqlite3_stmt *statement = NULL;
    if (hr == S_OK)
        hr = book_prepare(db, insert_sql, row, record->id, &statement);
    if (hr != S_OK)
        return hr;
    int rc = sqlite3_bind_int(statement, 4, (int)record->type);
    rc = rc ? rc : sqlite3_bind_int(statement, 5, record->exchange);
    rc = rc ? rc : sqlite3_bind_int64(statement, 6, record->owner.mini_uid);
    rc = rc ? rc : bind_uid(statement, 7, &record->owner.identity);
    rc = rc ? rc : bind_uid(statement, 8, &record->service);
    rc = rc ? rc : sqlite3_bind_int(statement, 9, (record->categories & CATEGORY_MAIL) != 0);
    rc = rc ? rc : sqlite3_bind_int(statement, 10, (record->categories & CATEGORY_ADDRESS_BOOK) != 0);
    rc = rc ? rc : sqlite3_bind_int(statement, 11, (record->categories & CATEGORY_STORE) != 0);
    if (rc != SQLITE_OK) {
        database_done(statement);
        return database_error(db, rc, what);
    }
    hr = run_with_props(db, statement, &record->props);
    return hr == S_OK ? book_note(db, row, NOTIFY_ACCT_CREATED, record->id) : hr;
}

/* With the section of its preferences, if somebody has made one. */
HRESULT book_remove(struct database *db, int64_t row, const struct account_record *record)
{
    HRESULT hr = book_note(db, row, NOTIFY_ACCT_PREDELETED, record->id);
    if (hr == S_OK)
        hr = book_run(db, "DELETE FROM account WHERE profile = ?1 AND id = ?2", row, record->id);
    if (hr == S_OK)
        hr = section_delete(db, row, &record->owner.identity);
    return hr == S_OK ? book_note(db, row, NOTIFY_ACCT_DELETED, record->id) : hr;
}
