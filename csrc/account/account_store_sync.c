/* The accounts that stand for message services, and the accounts of copied profiles (account/account_store.h). */
#include <stdlib.h>
#include <string.h>

#include "account/account_store_private.h"
#include "base/failure.h"
#include "core/section.h"

static const char what[] = "The accounts could not be brought in line with the message services";

/* ---- one account and its service ---- */

/* Binds a service to ?2 and, unless NULL, a name to ?3. */
static HRESULT prepare_for_service(struct database *db, const char *sql, int64_t row, const MAPIUID *service,
                                   const char *name, sqlite3_stmt **out)
{
    HRESULT hr = database_prepare(db, sql, out);
    if (hr != S_OK)
        return hr;
    int rc = sqlite3_bind_int64(*out, 1, row);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(*out, 2, service->ab, (int)sizeof service->ab, SQLITE_STATIC);
    if (rc == SQLITE_OK && name != NULL)
        rc = sqlite3_bind_text(*out, 3, name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        return S_OK;
    database_done(*out);
    *out = NULL;
    return database_error(db, rc, what);
}

static HRESULT write_agreed(struct database *db, int64_t row, const MAPIUID *service, const char *name)
{
    sqlite3_stmt *statement;
    HRESULT hr = prepare_for_service(db, "UPDATE account SET service_name = ?3 WHERE profile = ?1 AND service = ?2",
                                     row, service, name, &statement);
    return hr == S_OK ? database_run(db, statement, what) : hr;
}

/* Whether the name that both agreed on last is this one. */
static HRESULT is_agreed(struct database *db, int64_t row, const MAPIUID *service, const char *name, bool *agreed)
{
    sqlite3_stmt *statement;
    HRESULT hr =
        prepare_for_service(db, "SELECT 1 FROM account WHERE profile = ?1 AND service = ?2 AND service_name = ?3", row,
                            service, name, &statement);
    if (hr != S_OK)
        return hr;
    int rc = sqlite3_step(statement);
    *agreed = rc == SQLITE_ROW;
    hr = database_error(db, rc, what);
    database_done(statement);
    return hr;
}

HRESULT account_store_agree(struct profile *profile, const MAPIUID *service, const char *name)
{
    struct database *db;
    int64_t row;
    HRESULT hr = book_begin(profile, &db, &row);
    return hr == S_OK ? book_end(db, write_agreed(db, row, service, name)) : hr;
}

static HRESULT take_service_name(struct database *db, int64_t row, struct account_record *account,
                                 const struct account_service *service)
{
    HRESULT hr = prop_bag_set_payload(&account->props, PROP_ACCT_NAME, service->name, strlen(service->name));
    if (hr == S_OK)
        hr = book_write(db, row, account);
    if (hr == S_OK)
        hr = write_agreed(db, row, &service->uid, service->name);
    return hr == S_OK ? book_note(db, row, NOTIFY_ACCT_CHANGED, account->id) : hr;
}

static HRESULT ask_for_rename(struct account_record *account, struct account_service *service)
{
    char *name = NULL;
    HRESULT hr = bag_text(&account->props, PROP_ACCT_NAME, &name);
    if (hr == S_OK && name != NULL) {
        free(service->name);
        service->name = name;
        service->rename = true;
    }
    return hr;
}

static HRESULT compare_names(struct database *db, int64_t row, struct account_record *account,
                             struct account_service *service)
{
    const struct prop_entry *name = prop_bag_find(&account->props, PROP_ACCT_NAME);
    if (name != NULL && name->size == strlen(service->name) && memcmp(name->bytes, service->name, name->size) == 0)
        return S_OK;
    bool agreed = false;
    HRESULT hr = is_agreed(db, row, &service->uid, service->name, &agreed);
    if (hr != S_OK)
        return hr;
    return agreed ? ask_for_rename(account, service) : take_service_name(db, row, account, service);
}

static HRESULT add_account(struct database *db, int64_t row, const struct account_service *service)
{
    struct account_record *account = account_record_new();
    if (account == NULL)
        return E_OUTOFMEMORY;
    account->type = ACCOUNT_EXCHANGE;
    account->exchange = service->exchange;
    account->categories = service->categories;
    account->service = service->uid;
    HRESULT hr = prop_bag_set_payload(&account->props, PROP_ACCT_NAME, service->name, strlen(service->name));
    if (hr == S_OK && service->store != NULL)
        hr = prop_bag_set_payload(&account->props, PROP_ACCT_DELIVERY_STORE, service->store, service->store_size);
    if (hr == S_OK && service->exchange)
        hr = prop_bag_set_payload(&account->props, PROP_MAPI_EMSMDB_UID, service->uid.ab, sizeof service->uid.ab);
    if (hr == S_OK)
        hr = book_insert(db, row, account);
    if (hr == S_OK)
        hr = write_agreed(db, row, &service->uid, service->name);
    account_record_unref(account);
    return hr;
}

/* ---- all of them ---- */

static HRESULT list_service_accounts(struct database *db, int64_t row, struct account_list *out)
{
    sqlite3_stmt *statement;
    HRESULT hr = book_prepare(db, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE profile = ?1 AND service IS NOT NULL",
                              row, 0, &statement);
    return hr == S_OK ? book_read_list(db, statement, out) : hr;
}

static const struct account_record *account_of(const struct account_list *accounts, const MAPIUID *service)
{
    for (size_t i = 0; i < accounts->count; i++)
        if (uid_equal(&accounts->items[i]->service, service))
            return accounts->items[i];
    return NULL;
}

static struct account_service *service_of(struct account_service *services, size_t count, const MAPIUID *uid)
{
    for (size_t i = 0; i < count; i++)
        if (uid_equal(&services[i].uid, uid))
            return &services[i];
    return NULL;
}

static HRESULT forget_store(struct database *db, int64_t row, DWORD id)
{
    struct account_record *record = NULL;
    HRESULT hr = book_load(db, row, id, &record);
    if (hr == E_ACCT_NOT_FOUND)
        return S_OK; /* somebody has deleted it meanwhile */
    if (hr == S_OK) {
        prop_bag_remove(&record->props, PROP_ACCT_DELIVERY_STORE);
        prop_bag_remove(&record->props, PROP_ACCT_DELIVERY_FOLDER);
        hr = book_write(db, row, record);
    }
    if (hr == S_OK)
        hr = book_note(db, row, NOTIFY_ACCT_CHANGED, id);
    account_record_unref(record);
    return hr;
}

static HRESULT sync_services(struct database *db, int64_t row, struct account_service *services, size_t count)
{
    struct account_list accounts = {0};
    HRESULT hr = list_service_accounts(db, row, &accounts);
    for (size_t i = 0; i < accounts.count && hr == S_OK; i++) {
        struct account_service *service = service_of(services, count, &accounts.items[i]->service);
        hr = service != NULL ? compare_names(db, row, accounts.items[i], service)
                             : book_remove(db, row, accounts.items[i]);
    }
    for (size_t i = 0; i < count && hr == S_OK; i++)
        if (account_of(&accounts, &services[i].uid) == NULL)
            hr = add_account(db, row, &services[i]);
    account_list_clear(&accounts);
    return hr;
}

HRESULT account_store_sync(struct profile *profile, struct account_service *services, size_t count,
                           const DWORD *homeless, size_t homeless_count)
{
    struct database *db;
    int64_t row;
    HRESULT hr = book_begin(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = sync_services(db, row, services, count);
    for (size_t i = 0; i < homeless_count && hr == S_OK; i++)
        hr = forget_store(db, row, homeless[i]);
    return book_end(db, hr);
}

/* ---- copied profiles ---- */

/* Everything but what must be unique: each new MINI_UID is the old one's negative, which no finished one is, until it
 * is chosen. */
static const char copy_sql[] = "INSERT INTO account(profile, id, type, exchange, mini_uid, identity, service, "
                               "service_name, mail_order, book_order, store_order,"
                               " props) SELECT ?2, id, type, exchange, -mini_uid, identity, service, service_name, "
                               "mail_order, book_order, store_order, props "
                               "FROM account WHERE profile = ?1";

static HRESULT choose_mini_uids(struct database *db, int64_t row)
{
    struct account_list accounts = {0};
    sqlite3_stmt *statement;
    HRESULT hr = book_prepare(db, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE profile = ?1", row, 0, &statement);
    if (hr == S_OK)
        hr = book_read_list(db, statement, &accounts);
    for (size_t i = 0; i < accounts.count && hr == S_OK; i++)
        hr = book_renumber(db, row, accounts.items[i]->id);
    account_list_clear(&accounts);
    return hr;
}

HRESULT account_store_copy(struct database *db, int64_t from, int64_t to)
{
    HRESULT hr = book_run(
        db, "INSERT INTO account_book(profile, last_id) SELECT ?2, last_id FROM account_book WHERE profile = ?1", from,
        to);
    if (hr == S_OK)
        hr = book_run(db, copy_sql, from, to);
    return hr == S_OK ? choose_mini_uids(db, to) : hr;
}
