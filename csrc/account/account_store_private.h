/* What the files of the account store share. All functions want the database entered. */
#ifndef ACCOUNT_ACCOUNT_STORE_PRIVATE_H
#define ACCOUNT_ACCOUNT_STORE_PRIVATE_H

#include "account/account_store.h"
#include "base/database.h"
#include "core/profile_database.h"

/* Enters the database and finds the profile's row; leave with profile_database_leave. */
HRESULT book_enter(struct profile *profile, struct database **db, int64_t *row);

/* The same, beginning a transaction; book_end ends it, by committing if hr is S_OK, leaves, and answers the result of
 * all. */
HRESULT book_begin(struct profile *profile, struct database **db, int64_t *row);
HRESULT book_end(struct database *db, HRESULT hr);

/* The codes of the profile database as those of the account interfaces. */
HRESULT book_failure(HRESULT hr);

/* Prepares a statement and binds the profile to ?1 and a number to ?2. */
HRESULT book_prepare(struct database *db, const char *sql, int64_t row, int64_t number, sqlite3_stmt **out);
/* The same for a statement that returns nothing, and runs it. */
HRESULT book_run(struct database *db, const char *sql, int64_t row, int64_t number);
/* The same for one that returns a single number, or nothing: then *found is false. */
HRESULT book_number(struct database *db, const char *sql, int64_t row, int64_t number, int64_t *out, bool *found);

#define ACCOUNT_COLUMNS "id, type, exchange, mini_uid, identity, service, mail_order, book_order, store_order, props"

/* Steps a statement with ACCOUNT_COLUMNS. S_OK; S_FALSE after the last row. */
HRESULT book_step(struct database *db, sqlite3_stmt *statement, struct account_record **out);

/* All rows of such a statement, which is then done; on failure *out is empty. */
HRESULT book_read_list(struct database *db, sqlite3_stmt *statement, struct account_list *out);

/* All accounts of a profile, in Mail order first, from the database or from what it had the last time: records that others
 * may have too. account_list.c. */
HRESULT book_list(struct database *db, int64_t row, struct account_list *out);

/* The number of the profile's last change; 0 where there was none. */
HRESULT book_last_change(struct database *db, int64_t row, uint64_t *number);

/* One account. E_ACCT_NOT_FOUND with a sentence. */
HRESULT book_load(struct database *db, int64_t row, DWORD id, struct account_record **out);

/* Within a transaction: write an account's properties, add one, remove one, note a change. */
HRESULT book_write(struct database *db, int64_t row, const struct account_record *record);
HRESULT book_insert(struct database *db, int64_t row, struct account_record *record);
HRESULT book_remove(struct database *db, int64_t row, const struct account_record *record);
HRESULT book_renumber(struct database *db, int64_t row, DWORD id); /* a new MINI_UID, for a copy */
HRESULT book_note(struct database *db, int64_t row, DWORD kind, DWORD id);

#endif
