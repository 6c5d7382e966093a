/* The list of all accounts of a profile (account/account_store_private.h), and the one that was read last: most
 * programs look at the same few accounts again and again. Two numbers tell whether they are still the same: any change of
 * the database by any process is counted where it can be seen without a query (core/profile_locks.h); where that one has
 * changed or cannot be relied upon, the number of the profile's last change of an account is asked for. */
#include <stdlib.h>

#include "account/account_store_private.h"
#include "base/failure.h"

enum { MOST_ACCOUNTS = 1024, MOST_BYTES = 1 << 20 };

/* The list that was read last; guarded by the lock of the profile database. */
static struct {
    unsigned generation; /* of the database; 0: there is no list */
    int64_t row;
    uint64_t number;  /* of the last change that is in it */
    bool counted;     /* there is a count: */
    uint64_t changes; /* of all changes of the database, before it was looked whether the list is still right */
    struct account_list list;
} last;

static HRESULT read_all(struct database *db, int64_t row, struct account_list *out)
{
    sqlite3_stmt *statement;
    HRESULT hr =
        book_prepare(db,
                     "SELECT " ACCOUNT_COLUMNS " FROM account WHERE profile = ?1 "
                     "ORDER BY mail_order IS NULL, mail_order, book_order IS NULL, book_order, store_order, id",
                     row, 0, &statement);
    return hr == S_OK ? book_read_list(db, statement, out) : hr;
}

static HRESULT copy_list(const struct account_list *from, struct account_list *to)
{
    if (from->count == 0)
        return S_OK;
    to->items = malloc(from->count * sizeof *to->items);
    if (to->items == NULL)
        return fail(E_OUTOFMEMORY, "There is not enough memory to list the accounts.");
    to->capacity = from->count;
    for (size_t i = 0; i < from->count; i++)
        to->items[to->count++] = account_record_ref(from->items[i]);
    return S_OK;
}

/* Large lists are read when they are wanted: they would take up memory for a gain that nobody notices. */
static bool is_worth_keeping(const struct account_list *list)
{
    size_t bytes = 0;
    for (size_t i = 0; i < list->count; i++)
        bytes += list->items[i]->size;
    return list->count <= MOST_ACCOUNTS && bytes <= MOST_BYTES;
}

/* What cannot be kept for want of memory is not kept. */
static void keep(int64_t row, uint64_t number, const struct account_list *list)
{
    account_list_clear(&last.list);
    last.generation = 0;
    if (!is_worth_keeping(list) || copy_list(list, &last.list) != S_OK)
        return;
    last.generation = profile_database_generation();
    last.row = row;
    last.number = number;
}

static bool is_last(int64_t row)
{
    return last.generation == profile_database_generation() && last.row == row;
}

/* Both numbers are read before the list: should somebody change an account in between, the list is newer than they say,
 * and is read anew next time. Within a transaction they mean nothing yet, because it may be rolled back. */
HRESULT book_list(struct database *db, int64_t row, struct account_list *out)
{
    uint64_t number = 0;
    uint64_t changes = 0;
    *out = (struct account_list){0};
    if (database_in_transaction(db))
        return read_all(db, row, out);
    bool counted = profile_changes(&changes);
    if (counted && is_last(row) && last.counted && last.changes == changes)
        return copy_list(&last.list, out);
    HRESULT hr = book_last_change(db, row, &number);
    if (hr != S_OK)
        return hr;
    if (is_last(row) && last.number == number) {
        hr = copy_list(&last.list, out);
    } else {
        hr = read_all(db, row, out);
        if (hr != S_OK)
            return hr;
        keep(row, number, out);
    }
    last.counted = counted;
    last.changes = changes;
    return hr;
}

/* So that tools that look for leaks find none. A thread that goes on while the process ends may be using the list,
 * or ask for it once more. */
__attribute__((destructor)) static void forget(void)
{
    if (!profile_database_try_lock())
        return;
    last.generation = 0;
    account_list_clear(&last.list);
    profile_database_unlock();
}
