/* See account/account_store.h. */
#include "account/account_store.h"

#include <stdlib.h>
#include <string.h>

#include "account/account_store_private.h"
#include "base/failure.h"

static const char what[] = "The accounts could not be used";

/* ---- reading ---- */

HRESULT account_store_find(struct profile *profile, DWORD id, struct account_record **out)
{
    struct database *db;
    int64_t row;
    *out = NULL;
    HRESULT hr = book_enter(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = book_load(db, row, id, out);
    profile_database_leave();
    return hr;
}

HRESULT account_store_find_exchange(struct profile *profile, bool exchange, struct account_record **out)
{
    struct database *db;
    int64_t row;
    sqlite3_stmt *statement = NULL;
    *out = NULL;
    HRESULT hr = book_enter(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = book_prepare(db,
                      "SELECT " ACCOUNT_COLUMNS " FROM account WHERE profile = ?1 AND exchange = ?2 "
                      "ORDER BY mail_order IS NULL, mail_order, id LIMIT 1",
                      row, exchange, &statement);
    if (hr == S_OK)
        hr = book_step(db, statement, out);
    database_done(statement);
    profile_database_leave();
    if (hr == S_FALSE)
        return fail(E_ACCT_NOT_FOUND,
                    exchange ? "The profile has no Exchange account." : "The profile has Exchange accounts only.");
    return hr;
}

/* The category of place[i]. */
static unsigned category_bit(int i)
{
    return 1u << i;
}

static int compare_places(const struct account_record *a, const struct account_record *b, int i)
{
    return a->place[i] < b->place[i] ? -1 : a->place[i] > b->place[i];
}

static int compare_books(const void *left, const void *right)
{
    return compare_places(*(struct account_record *const *)left, *(struct account_record *const *)right, 1);
}

static int compare_stores(const void *left, const void *right)
{
    return compare_places(*(struct account_record *const *)left, *(struct account_record *const *)right, 2);
}

/* Keeps what was asked for, in its order; all of a list come in the order of mail accounts. */
static void choose(struct account_list *list, unsigned category, enum account_type type)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct account_record *each = list->items[i];
        if ((category == 0 || (each->categories & category)) && (type == 0 || each->type == type))
            list->items[kept++] = each;
        else
            account_record_unref(each);
    }
    list->count = kept;
    if (kept > 1 && category == category_bit(1))
        qsort(list->items, kept, sizeof *list->items, compare_books);
    else if (kept > 1 && category == category_bit(2))
        qsort(list->items, kept, sizeof *list->items, compare_stores);
}

HRESULT account_store_list(struct profile *profile, unsigned category, enum account_type type, struct account_list *out)
{
    struct database *db;
    int64_t row;
    *out = (struct account_list){0};
    HRESULT hr = book_enter(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = book_list(db, row, out);
    profile_database_leave();
    if (hr == S_OK)
        choose(out, category, type);
    return hr;
}

/* ---- order ---- */

struct order {
    DWORD *ids;
    size_t count;
    size_t capacity;
};

static HRESULT append_id(struct order *order, DWORD id)
{
    if (order->count == order->capacity) {
        size_t capacity = order->capacity == 0 ? 16 : order->capacity * 2;
        DWORD *ids = realloc(order->ids, capacity * sizeof *ids);
        if (ids == NULL)
            return fail(E_OUTOFMEMORY, "There is not enough memory for the order of the accounts.");
        order->ids = ids;
        order->capacity = capacity;
    }
    order->ids[order->count++] = id;
    return S_OK;
}

static const char *order_sql(enum account_category category)
{
    switch (category) {
    case CATEGORY_MAIL:
        return "SELECT id FROM account WHERE profile = ?1 AND mail_order IS NOT NULL ORDER BY mail_order";
    case CATEGORY_ADDRESS_BOOK:
        return "SELECT id FROM account WHERE profile = ?1 AND book_order IS NOT NULL ORDER BY book_order";
    default:
        return "SELECT id FROM account WHERE profile = ?1 AND store_order IS NOT NULL ORDER BY store_order";
    }
}

static HRESULT read_order(struct database *db, int64_t row, enum account_category category, struct order *out)
{
    sqlite3_stmt *statement;
    HRESULT hr = book_prepare(db, order_sql(category), row, 0, &statement);
    int rc = SQLITE_DONE;
    while (hr == S_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        hr = append_id(out, (DWORD)sqlite3_column_int64(statement, 0));
    if (hr == S_OK)
        hr = database_error(db, rc, what);
    database_done(statement);
    return hr;
}

HRESULT account_store_order(struct profile *profile, enum account_category category, DWORD **ids, DWORD *count)
{
    struct database *db;
    int64_t row;
    struct order order = {0};
    *ids = NULL;
    *count = 0;
    HRESULT hr = book_enter(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = read_order(db, row, category, &order);
    profile_database_leave();
    if (hr == S_OK) {
        *ids = account_memory_new(MEMORY_OF_MANAGER, order.count * sizeof **ids);
        hr = *ids != NULL ? S_OK : E_OUTOFMEMORY;
    }
    if (hr == S_OK) {
        if (order.count > 0)
            memcpy(*ids, order.ids, order.count * sizeof **ids);
        *count = (DWORD)order.count;
    }
    free(order.ids);
    return hr;
}

static int compare_ids(const void *left, const void *right)
{
    DWORD a = *(const DWORD *)left;
    DWORD b = *(const DWORD *)right;
    return a < b ? -1 : a > b;
}

/* Whether both name the same ids, each once. The current order does. */
static HRESULT check_order(const struct order *now, const DWORD *ids, size_t count)
{
    if (count != now->count)
        return fail(E_ACCT_WRONG_SORT_ORDER, "The order has %lu accounts, the category %lu.", (unsigned long)count,
                    (unsigned long)now->count);
    if (count == 0)
        return S_OK;
    DWORD *sorted = malloc(2 * count * sizeof *sorted);
    if (sorted == NULL)
        return fail(E_OUTOFMEMORY, "There is not enough memory for the order of the accounts.");
    memcpy(sorted, now->ids, count * sizeof *sorted);
    memcpy(sorted + count, ids, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_ids);
    qsort(sorted + count, count, sizeof *sorted, compare_ids);
    bool same = memcmp(sorted, sorted + count, count * sizeof *sorted) == 0;
    free(sorted);
    return same ? S_OK : fail(E_INVALIDARG, "The order names an account twice, or one that is not in the category.");
}

static HRESULT write_order(struct database *db, int64_t row, enum account_category category, const DWORD *ids,
                           size_t count)
{
    const char *sql = category == CATEGORY_ADDRESS_BOOK
                          ? "UPDATE account SET book_order = ?3 WHERE profile = ?1 AND id = ?2"
                          : "UPDATE account SET store_order = ?3 WHERE profile = ?1 AND id = ?2";
    HRESULT hr = S_OK;
    for (size_t i = 0; i < count && hr == S_OK; i++) {
        sqlite3_stmt *statement;
        hr = book_prepare(db, sql, row, ids[i], &statement);
        if (hr != S_OK)
            break;
        int rc = sqlite3_bind_int64(statement, 3, (int64_t)i + 1);
        hr = rc == SQLITE_OK ? database_run(db, statement, what) : database_error(db, rc, what);
        database_done(statement);
    }
    return hr;
}

HRESULT account_store_set_order(struct profile *profile, enum account_category category, const DWORD *ids, DWORD count)
{
    struct database *db;
    int64_t row;
    struct order now = {0};
    HRESULT hr = book_begin(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = read_order(db, row, category, &now);
    if (hr == S_OK)
        hr = check_order(&now, ids, count);
    if (hr == S_OK)
        hr = write_order(db, row, category, ids, count);
    if (hr == S_OK)
        hr = book_note(db, row, NOTIFY_ACCT_ORDER_CHANGED, 0);
    free(now.ids);
    return book_end(db, hr);
}

/* ---- changing ---- */

HRESULT account_store_create(struct profile *profile, struct account_record *record)
{
    struct database *db;
    int64_t row;
    HRESULT hr = book_begin(profile, &db, &row);
    return hr == S_OK ? book_end(db, book_insert(db, row, record)) : hr;
}

/* An empty value of bytes is none: an entry identifier cannot be empty. An empty string is a string. */
static HRESULT apply(struct prop_bag *props, const struct account_edit *edit)
{
    if (edit->size == 0 && PROP_TYPE(edit->tag) == PT_BINARY) {
        prop_bag_remove(props, edit->tag);
        return S_OK;
    }
    return prop_bag_set_payload(props, edit->tag, edit->bytes, edit->size);
}

static HRESULT save(struct database *db, int64_t row, DWORD id, struct account_edit *const *edits, size_t count,
                    struct account_record **out)
{
    HRESULT hr = book_load(db, row, id, out);
    for (size_t i = 0; i < count && hr == S_OK; i++)
        hr = apply(&(*out)->props, edits[i]);
    if (count == 0 || hr != S_OK)
        return hr;
    account_record_check(*out);
    hr = book_write(db, row, *out);
    return hr == S_OK ? book_note(db, row, NOTIFY_ACCT_CHANGED, id) : hr;
}

HRESULT account_store_save(struct profile *profile, DWORD id, struct account_edit *const *edits, size_t count,
                           struct account_record **out)
{
    struct database *db;
    int64_t row;
    *out = NULL;
    HRESULT hr = book_begin(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = book_end(db, save(db, row, id, edits, count, out));
    if (hr != S_OK) {
        account_record_unref(*out);
        *out = NULL;
    }
    return hr;
}

HRESULT account_store_delete(struct profile *profile, DWORD id, struct secret_owner *owner)
{
    struct database *db;
    int64_t row;
    struct account_record *record = NULL;
    HRESULT hr = book_begin(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = book_load(db, row, id, &record);
    if (hr == S_OK) {
        *owner = record->owner;
        hr = book_remove(db, row, record);
    }
    account_record_unref(record);
    return book_end(db, hr);
}

/* ---- changes ---- */

HRESULT account_store_last_change(struct profile *profile, uint64_t *number)
{
    struct database *db;
    int64_t row;
    *number = 0;
    HRESULT hr = book_enter(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = book_last_change(db, row, number);
    profile_database_leave();
    return hr;
}

/* Reads what there is, whether or not it follows upon `after` without a gap. */
static HRESULT read_changes(struct database *db, int64_t row, uint64_t after, size_t room, struct account_change *out,
                            size_t *count)
{
    sqlite3_stmt *statement;
    HRESULT hr = book_prepare(
        db, "SELECT number, kind, account FROM account_change WHERE profile = ?1 AND number > ?2 ORDER BY number", row,
        (int64_t)after, &statement);
    if (hr != S_OK)
        return hr;
    int rc = SQLITE_DONE;
    while (*count < room && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        out[*count].number = (uint64_t)sqlite3_column_int64(statement, 0);
        out[*count].kind = (DWORD)sqlite3_column_int64(statement, 1);
        out[*count].id = (DWORD)sqlite3_column_int64(statement, 2);
        ++*count;
    }
    hr = database_error(db, rc, what);
    database_done(statement);
    return hr;
}

HRESULT account_store_changes(struct profile *profile, uint64_t after, size_t room, struct account_change *out,
                              size_t *count, uint64_t *last, bool *missed)
{
    struct database *db;
    int64_t row;
    *count = 0;
    *last = after;
    *missed = false;
    HRESULT hr = book_enter(profile, &db, &row);
    if (hr != S_OK)
        return hr;
    hr = book_last_change(db, row, last);
    if (hr == S_OK && *last > after)
        hr = read_changes(db, row, after, room, out, count);
    profile_database_leave();
    if (hr != S_OK)
        return hr;
    /* Other processes may have gone on between the two statements: a first change that does not follow, or none where
     * there should be some, tells that what we want has been dropped from the log. */
    *missed = *last < after || (*last > after && room > 0 && (*count == 0 || out[0].number != after + 1));
    if (*missed)
        *count = 0;
    return S_OK;
}
