/* base/database_private.h - what database.c and database_open.c share. */
#ifndef BASE_DATABASE_PRIVATE_H
#define BASE_DATABASE_PRIVATE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/database.h"

/* An entry of the table of prepared statements, a hash table by the address of the SQL; sql is NULL in a free one. */
struct database_slot {
    const char *sql;
    sqlite3_stmt *statement;
};

struct database {
    sqlite3 *handle;
    char *path;
    dev_t device; /* of the file that is open */
    ino_t inode;
    struct database_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t statements;
    bool changing; /* between database_begin and the end of the change */
    HRESULT lost;  /* why SQLite has undone that change by itself meanwhile; else S_OK */
};

#endif
