/* base/database_log.c - keeps the log of a database (its -wal file) short.
 *
 * A commit appends to the log; a checkpoint writes what the log has into the file, and once all of it is there and nobody
 * reads from the log any more, the next commit begins it anew. Somebody always reads from it where several processes read
 * all the time, each for a moment, and SQLite by itself then lets the log grow without end. So whoever has made it long
 * waits for a moment until those who read have come to the end of what they are reading; who begins to read then reads
 * from the file, and does not wait. Somebody who reads for longer, another program that looks into the file for one,
 * is waited for again only after the log has grown by as much again.
 */
#include "base/database_private.h"

enum {
    PAGES_TO_COPY = 1000,    /* what SQLite itself takes: 4 MB */
    PAGES_TO_RESTART = 4000, /* 16 MB */
    LONGEST_LOG = 16 << 20,  /* bytes; a longer file is cut when the log begins anew */
    PATIENCE_MS = 250
};

static int committed(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct database *db = context;
    if (pages < PAGES_TO_COPY)
        db->restart_at = PAGES_TO_RESTART;
    if (pages >= PAGES_TO_COPY && pages < db->restart_at)
        sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (pages < PAGES_TO_COPY || pages < db->restart_at)
        return SQLITE_OK;
    sqlite3_busy_timeout(handle, PATIENCE_MS);
    if (sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_RESTART, NULL, NULL) != SQLITE_OK)
        db->restart_at = pages + PAGES_TO_RESTART;
    database_set_patience(db, db->patient);
    return SQLITE_OK; /* the commit has succeeded, whatever came of this */
}

HRESULT database_keep_log_short(struct database *db)
{
    char sql[64];
    db->restart_at = PAGES_TO_RESTART;
    sqlite3_wal_hook(db->handle, committed, db);
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA journal_size_limit = %d", (int)LONGEST_LOG);
    return database_execute(db, sql, "The database could not be opened");
}
