/* base/database_private.h - what database.c and its companions share. */
#ifndef BASE_DATABASE_PRIVATE_H
#define BASE_DATABASE_PRIVATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/database.h"

/* An entry of the table of prepared statements, a hash table by the address of the SQL; sql is NULL in a free one. */
struct database_slot {
    const char *sql;
    sqlite3_stmt *statement;
};

/* SQL that was made at run time and has become the address of a kept statement. */
struct database_text {
    struct database_text *next;
    size_t size;
    char sql[]; /* ends with a NUL that size does not count */
};

struct database {
    sqlite3 *handle; /* NULL after a fork, until it is next used */
    const struct database_schema *schema;
    unsigned flags;
    atomic_uint holds;      /* database_fork.c */
    atomic_uintptr_t owner; /* the thread that holds it */
    struct database *next;
    struct database *previous;
    char *path;
    dev_t device; /* of the file that is open */
    ino_t inode;
    struct database_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t statements;
    struct database_text *texts;
    size_t text_count;
    bool patient;   /* with other writers */
    int restart_at; /* database_log.c: how many pages in the log make it worth waiting for those who read it */
    bool changing;  /* between database_begin and the end of the change */
    HRESULT lost;   /* why SQLite has undone that change by itself meanwhile; else S_OK */
};

/* Opens the file of a database that has been opened before (database_open.c). */
HRESULT database_reopen(struct database *db);

/* Sees to it that the log is copied into the file and begun anew (database_log.c). */
HRESULT database_keep_log_short(struct database *db);

/* Finalizes the statements and closes the connection: SQLITE_OK, or SQLITE_BUSY where something is still using it. */
int database_close_handle(struct database *db);

/* Enters a new database, held once, into the list of those that a fork closes; takes it out again, with its last hold. */
HRESULT database_register(struct database *db);
void database_unregister(struct database *db);

/* database_hold, without opening anything. */
void database_hold_for_close(struct database *db);

#endif
