/* base/database.c - see base/database.h. Opening is in database_open.c. */
#include "base/database_private.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mapicode.h>

#include "base/failure.h"

/* ---- errors ---- */

/* SQLITE_CANTOPEN and SQLITE_IOERR say little; errno says why. */
static HRESULT from_errno(int error, HRESULT otherwise)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return MAPI_E_NO_ACCESS;
    case ENOENT:
        return MAPI_E_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return MAPI_E_NOT_ENOUGH_DISK;
    case EMFILE:
    case ENFILE:
        return MAPI_E_NOT_ENOUGH_RESOURCES;
    case ENOMEM:
        return MAPI_E_NOT_ENOUGH_MEMORY;
    default:
        return otherwise;
    }
}

static HRESULT code_of(int rc, int error)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    switch (rc & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return S_OK;
    case SQLITE_FULL:
        return MAPI_E_NOT_ENOUGH_DISK;
    case SQLITE_NOMEM:
        return MAPI_E_NOT_ENOUGH_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return MAPI_E_TIMEOUT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return MAPI_E_CORRUPT_DATA;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return MAPI_E_NO_ACCESS;
    case SQLITE_CANTOPEN:
        return from_errno(error, MAPI_E_NO_ACCESS);
    case SQLITE_IOERR:
        return from_errno(error, MAPI_E_DISK_ERROR);
    case SQLITE_TOOBIG:
        return MAPI_E_TOO_BIG;
    case SQLITE_CONSTRAINT:
        return MAPI_E_COLLISION;
    default:
        return MAPI_E_CALL_FAILED;
    }
}

#define IN_WORDS(number) #number
#define SPELL(number)    IN_WORDS(number)
#define WAITED           SPELL(DATABASE_PATIENCE)

/* The reason in words; SQLite's own where ours would say no more. */
static const char *reason_of(const struct database *db, HRESULT hr, int rc, int error)
{
    switch (hr) {
    case MAPI_E_NOT_ENOUGH_DISK:
        return "the disk is full";
    case MAPI_E_TIMEOUT:
        return db->patient ? "another process has kept it locked for " WAITED " seconds; try again later"
                           : "another process is writing to it";
    case MAPI_E_CORRUPT_DATA:
        return "the file is damaged or is not a database of this program";
    case MAPI_E_NO_ACCESS:
        return "the file or its directory may not be read or written by this user";
    case MAPI_E_NOT_FOUND:
        return "the file does not exist";
    case MAPI_E_NOT_ENOUGH_RESOURCES:
        return "too many files are open";
    case MAPI_E_DISK_ERROR:
        if (error != 0)
            return strerror(error);
        break;
    default:
        break;
    }
    if (db->handle != NULL && (sqlite3_extended_errcode(db->handle) & 0xFF) == (rc & 0xFF))
        return sqlite3_errmsg(db->handle);
    return sqlite3_errstr(rc);
}

HRESULT database_error(struct database *db, int rc, const char *what)
{
    int error = db->handle != NULL ? sqlite3_system_errno(db->handle) : 0;
    HRESULT hr = code_of(rc, error);
    if (hr == S_OK)
        return S_OK;
    /* Out of memory or disk, SQLite undoes the whole change; whoever goes on after an error learns why at the commit. */
    if (db->changing && db->lost == S_OK && !database_in_transaction(db))
        db->lost = hr;
    return fail(hr, "%s: %s (%s).", what, reason_of(db, hr, rc, error), db->path);
}

/* ---- statements ---- */

enum { FIRST_SLOTS = 64 };

static size_t slot_of(const char *sql, size_t slots)
{
    uint64_t mixed = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(mixed >> 32) & (slots - 1);
}

static void place(struct database_slot *slots, size_t count, const struct database_slot *entry)
{
    size_t at = slot_of(entry->sql, count);
    while (slots[at].sql != NULL)
        at = (at + 1) & (count - 1);
    slots[at] = *entry;
}

/* Keeps the table of statements at most half full. */
static HRESULT make_room(struct database *db)
{
    if (db->statements * 2 < db->slot_count)
        return S_OK;
    size_t count = db->slot_count == 0 ? FIRST_SLOTS : db->slot_count * 2;
    struct database_slot *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the database.");
    for (size_t i = 0; i < db->slot_count; i++)
        if (db->slots[i].sql != NULL)
            place(slots, count, &db->slots[i]);
    free(db->slots);
    db->slots = slots;
    db->slot_count = count;
    return S_OK;
}

static HRESULT prepare_new(struct database *db, const char *sql, sqlite3_stmt **out)
{
    HRESULT hr = make_room(db);
    if (hr != S_OK)
        return hr;
    struct database_slot entry = {sql, NULL};
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &entry.statement, NULL);
    if (rc != SQLITE_OK)
        return database_error(db, rc, "The database could not be queried");
    place(db->slots, db->slot_count, &entry);
    db->statements++;
    *out = entry.statement;
    return S_OK;
}

HRESULT database_prepare(struct database *db, const char *sql, sqlite3_stmt **out)
{
    *out = NULL;
    if (db->slot_count > 0)
        for (size_t at = slot_of(sql, db->slot_count); db->slots[at].sql != NULL; at = (at + 1) & (db->slot_count - 1))
            if (db->slots[at].sql == sql && !sqlite3_stmt_busy(db->slots[at].statement)) {
                sqlite3_reset(db->slots[at].statement);
                *out = db->slots[at].statement;
                return S_OK;
            }
    return prepare_new(db, sql, out);
}

/* As many texts as lists of mail that are shown in different ways, and none of the long ones. */
enum { TEXTS_KEPT = 32, LONGEST_TEXT = 2048 };

static const char *keep_text(struct database *db, const void *sql, size_t size)
{
    struct database_text *text;
    for (text = db->texts; text != NULL; text = text->next)
        if (text->size == size && memcmp(text->sql, sql, size) == 0)
            return text->sql;
    if (db->text_count == TEXTS_KEPT || size > LONGEST_TEXT)
        return NULL;
    text = malloc(sizeof *text + size + 1);
    if (text == NULL)
        return NULL;
    memcpy(text->sql, sql, size);
    text->sql[size] = 0;
    text->size = size;
    text->next = db->texts;
    db->texts = text;
    db->text_count++;
    return text->sql;
}

HRESULT database_prepare_text(struct database *db, const void *sql, size_t size, sqlite3_stmt **out)
{
    const char *kept = keep_text(db, sql, size);
    *out = NULL;
    return kept == NULL ? S_OK : database_prepare(db, kept, out);
}

void database_done(sqlite3_stmt *statement)
{
    if (statement == NULL)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

HRESULT database_run(struct database *db, sqlite3_stmt *statement, const char *what)
{
    int rc = sqlite3_step(statement);
    while (rc == SQLITE_ROW)
        rc = sqlite3_step(statement);
    HRESULT hr = database_error(db, rc, what);
    database_done(statement);
    return hr;
}

HRESULT database_execute(struct database *db, const char *sql, const char *what)
{
    return database_error(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL), what);
}

static void reset_statements(struct database *db)
{
    for (size_t i = 0; i < db->slot_count; i++)
        if (db->slots[i].sql != NULL)
            sqlite3_reset(db->slots[i].statement);
}

/* ---- transactions ---- */

static HRESULT run_cached(struct database *db, const char *sql, const char *what)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, sql, &statement);
    return hr == S_OK ? database_run(db, statement, what) : hr;
}

static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";

HRESULT database_begin(struct database *db)
{
    if (database_in_transaction(db) && !db->changing)
        database_rollback(db); /* what an earlier rollback had no memory for */
    if (database_in_transaction(db))
        return fail(MAPI_E_CALL_FAILED, "A change of the database was begun inside another one (%s).", db->path);
    db->changing = false;
    db->lost = S_OK;
    sqlite3_stmt *rollback; /* prepared before it is needed: undoing a change must not need memory */
    HRESULT hr = database_prepare(db, sql_rollback, &rollback);
    if (hr != S_OK)
        return hr;
    hr = run_cached(db, sql_begin, "The database could not be changed");
    db->changing = hr == S_OK;
    return hr;
}

HRESULT database_commit(struct database *db)
{
    db->changing = false;
    if (db->lost != S_OK)
        return fail(db->lost, "The change could not be saved; an error on the way has undone it (%s).", db->path);
    if (!database_in_transaction(db))
        return fail(MAPI_E_CALL_FAILED, "There is no change of the database to complete (%s).", db->path);
    HRESULT hr = run_cached(db, sql_commit, "The change could not be saved");
    if (hr != S_OK)
        database_rollback(db);
    return hr;
}

void database_rollback(struct database *db)
{
    db->changing = false;
    db->lost = S_OK;
    reset_statements(db);
    if (!database_in_transaction(db)) /* SQLite rolls back by itself when a disk is full, for one */
        return;
    sqlite3_stmt *rollback;
    if (database_prepare(db, sql_rollback, &rollback) == S_OK) {
        sqlite3_step(rollback);
        sqlite3_reset(rollback);
    }
    if (database_in_transaction(db))
        sqlite3_exec(db->handle, sql_rollback, NULL, NULL, NULL);
}

void database_set_patience(struct database *db, bool patient)
{
    db->patient = patient;
    sqlite3_busy_timeout(db->handle, patient ? DATABASE_PATIENCE * 1000 : 0);
}

bool database_in_transaction(const struct database *db)
{
    return db->handle != NULL && sqlite3_get_autocommit(db->handle) == 0;
}

/* ---- the rest ---- */

sqlite3 *database_handle(struct database *db)
{
    return db->handle;
}

const char *database_path(const struct database *db)
{
    return db->path;
}

bool database_is_current(const struct database *db)
{
    struct stat now;
    return stat(db->path, &now) == 0 && now.st_dev == db->device && now.st_ino == db->inode;
}

int database_close_handle(struct database *db)
{
    for (size_t i = 0; i < db->slot_count; i++)
        sqlite3_finalize(db->slots[i].statement);
    if (db->slot_count > 0)
        memset(db->slots, 0, db->slot_count * sizeof *db->slots);
    db->statements = 0;
    int rc = sqlite3_close(db->handle); /* rolls back what is open; NULL is allowed */
    if (rc == SQLITE_OK)
        db->handle = NULL;
    return rc;
}

void database_close(struct database *db)
{
    if (db == NULL)
        return;
    database_hold_for_close(db);
    if (database_close_handle(db) != SQLITE_OK)
        sqlite3_close_v2(db->handle);
    database_unregister(db);
    free(db->slots);
    while (db->texts != NULL) {
        struct database_text *text = db->texts;
        db->texts = text->next;
        free(text);
    }
    free(db->path);
    free(db);
}
