/* base/database.h - SQLite as we use it.
 *
 * One file, one connection without a mutex of its own: the caller holds a lifeline or a lock of its own around
 * every call. Files are created 0600 whatever the umask. WAL (except on network file systems), synchronous=FULL,
 * foreign keys. Readers never wait for writers; writers wait for their turn, DATABASE_PATIENCE seconds at most. Statements
 * are prepared once and kept.
 *
 * FORK. SQLite's locks do not survive a fork, and what a child commits through an inherited connection, or through one
 * of its own while its copy of SQLite still counts the inherited ones, can vanish. So every connection is closed before
 * a fork and opened again when it is next used (database_hold). A fork waits until nobody else is using one; no
 * statement and no transaction may therefore be kept between two uses.
 */
#ifndef BASE_DATABASE_H
#define BASE_DATABASE_H

#include <stdbool.h>

#include <sqlite3.h>

#include <mapidefs.h>

struct database;

/* How many seconds a change waits for its turn with other processes and threads. */
#define DATABASE_PATIENCE 10

/* What belongs in the file. upgrades[i] is the SQL that takes version i to version i + 1; a new file starts at
 * version 0. */
struct database_schema {
    int application_id; /* not 0: tells our files from other people's */
    int version;        /* number of upgrades */
    const char *const *upgrades;

    /* Optional: called each time the file has been opened, for what a connection does not keep in the file (functions
     * of ours). The database is held. */
    HRESULT (*opened)(struct database *db);
};

enum database_flags {
    DATABASE_CREATE = 1,  /* make the file if it is missing (its directory must exist) */
    DATABASE_READONLY = 2 /* nothing is written; an older version is not upgraded but answered MAPI_E_VERSION */
};

/* Opens a database, upgrading it in one transaction if it is older. S_OK; MAPI_E_NOT_FOUND: no such file;
 * MAPI_E_NO_ACCESS: not readable or, without DATABASE_READONLY, not writable; MAPI_E_CORRUPT_DATA: not a database,
 * or not one of ours; MAPI_E_VERSION: from a newer version, and left untouched; MAPI_E_TIMEOUT,
 * MAPI_E_NOT_ENOUGH_DISK, MAPI_E_DISK_ERROR, MAPI_E_NOT_ENOUGH_MEMORY. *out is NULL on failure. */
HRESULT database_open(const char *path, const struct database_schema *schema, unsigned flags, struct database **out);

/* Everything below wants the connection to be held: from database_hold to database_release it stays open, whoever forks.
 * For the beginning and the end of whatever the caller's lock is held for; may be nested. The connection is opened
 * again if a fork has closed it: what database_open answers, MAPI_E_NOT_FOUND also if the path now leads to another
 * file. On failure nothing is held. database_open, database_close and database_is_current hold it by themselves. */
HRESULT database_hold(struct database *db);
void database_release(struct database *db);
bool database_is_held(const struct database *db); /* for who has the caller's lock: by itself, further up the stack */

/* Rolls back what is open and closes. NULL is allowed. */
void database_close(struct database *db);

sqlite3 *database_handle(struct database *db);
const char *database_path(const struct database *db);

/* Whether the path still names the file that is open: false once it was deleted or replaced. One stat call. */
bool database_is_current(const struct database *db);

/* A statement ready to be bound: prepared at its first use, kept afterwards. `sql` must be a string constant: its
 * address is the key. Nothing is bound after database_done. Give it back with database_done as soon as its rows are
 * read: an unfinished statement holds a read transaction. A statement still running (nested use) is not disturbed,
 * another one is handed out. *out is NULL on failure. */
HRESULT database_prepare(struct database *db, const char *sql, sqlite3_stmt **out);

/* The same for SQL that was made at run time, of which the first few are kept by their text; *out is NULL, and the
 * result S_OK, for one that is not: the caller prepares and finalizes it himself. */
HRESULT database_prepare_text(struct database *db, const void *sql, size_t size, sqlite3_stmt **out);

/* Resets a statement. NULL is allowed. Its bound strings and blobs are forgotten. */
void database_done(sqlite3_stmt *statement);

/* Steps a statement that returns no rows and resets it. `what` as for database_error. */
HRESULT database_run(struct database *db, sqlite3_stmt *statement, const char *what);

/* Executes SQL that is used rarely and returns no rows (several statements are allowed). */
HRESULT database_execute(struct database *db, const char *sql, const char *what);

/* SQLITE_* to MAPI_E_*, with a sentence: "<what>: <reason> (<path>)". `what` says what could not be done, in words
 * for the user. SQLITE_OK, SQLITE_ROW and SQLITE_DONE are S_OK. */
HRESULT database_error(struct database *db, int rc, const char *what);

/* A transaction that may write. Begin waits up to DATABASE_PATIENCE seconds for other writers (MAPI_E_TIMEOUT); inside a
 * transaction it answers MAPI_E_CALL_FAILED and leaves that one alone. A commit that fails has rolled back.
 * Rollback cannot fail; without a transaction it does nothing. Commit without one: MAPI_E_CALL_FAILED. */
HRESULT database_begin(struct database *db);
HRESULT database_commit(struct database *db);
void database_rollback(struct database *db);
bool database_in_transaction(const struct database *db);

/* Whether to wait for other writers, as it is in the beginning; without that, MAPI_E_TIMEOUT comes at once. */
void database_set_patience(struct database *db, bool patient);

#endif
