/* base/database_open.c - database_open of base/database.h.
 *
 * No existing database is ever opened by us with open(): closing any descriptor of a file drops every POSIX lock
 * that this process has on it, also those of other SQLite connections. A new file is therefore made under another
 * name and linked into place, which also settles who made it when two processes try.
 */
#include "base/database_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include <mapicode.h>

#include "base/failure.h"

/* Room for a name beside `path`, or for one in /proc. */
#define TEMPORARY_SIZE(path) (strlen(path) + sizeof "/proc/self/fd/-2147483648")

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to open the database.");
}

/* ---- the file ---- */

static HRESULT file_failure(const char *path, int error)
{
    HRESULT hr;
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        hr = MAPI_E_NO_ACCESS;
        break;
    case ENOENT:
    case ENOTDIR:
        hr = MAPI_E_NOT_FOUND;
        break;
    case ENOSPC:
    case EDQUOT:
        hr = MAPI_E_NOT_ENOUGH_DISK;
        break;
    case EMFILE:
    case ENFILE:
        hr = MAPI_E_NOT_ENOUGH_RESOURCES;
        break;
    default:
        hr = MAPI_E_DISK_ERROR;
        break;
    }
    return fail(hr, "The database %s could not be opened: %s.", path, strerror(error));
}

/* A file without a name, so that who dies before the end leaves none; where the file system cannot do that, one with a name
 * that nobody else has. -1 and errno. *temporary tells which. */
static int open_new(const char *path, char *temporary)
{
#ifdef O_TMPFILE
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL && slash != path ? (size_t)(slash - path) : 1;
    memcpy(temporary, slash != NULL ? path : ".", length);
    temporary[length] = '\0';
    int file = open(temporary, O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file >= 0) {
        snprintf(temporary, TEMPORARY_SIZE(path), "/proc/self/fd/%d", file);
        if (access(temporary, F_OK) == 0)
            return file;
        close(file);
    }
#endif
    snprintf(temporary, TEMPORARY_SIZE(path), "%s.XXXXXX", path);
    return mkostemp(temporary, O_CLOEXEC);
}

/* Makes an empty file, 0600 whatever the umask. That it exists by now is no failure. Where this one has become the database,
 * it is closed before anybody in this process can have opened it: the file is the caller's, who is still making it. */
static HRESULT create_file(const char *path)
{
    char *temporary = malloc(TEMPORARY_SIZE(path));
    if (temporary == NULL)
        return no_memory();
    HRESULT hr = S_OK;
    int file = open_new(path, temporary);
    if (file < 0 || fchmod(file, S_IRUSR | S_IWUSR) != 0)
        hr = file_failure(path, errno);
    else if (linkat(AT_FDCWD, temporary, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST)
        hr = file_failure(path, errno);
    if (file >= 0) {
        if (strncmp(temporary, "/proc/", 6) != 0)
            unlink(temporary);
        if (close(file) != 0 && hr == S_OK)
            hr = file_failure(path, errno);
    }
    free(temporary);
    return hr;
}

static HRESULT check_file(const char *path, unsigned flags)
{
    struct stat file;
    if (stat(path, &file) != 0) {
        if (errno != ENOENT || !(flags & DATABASE_CREATE))
            return file_failure(path, errno);
        return create_file(path);
    }
    if (!S_ISREG(file.st_mode))
        return fail(MAPI_E_CORRUPT_DATA, "%s is not a file and so cannot be a database.", path);
    int wanted = flags & DATABASE_READONLY ? R_OK : R_OK | W_OK;
    if (faccessat(AT_FDCWD, path, wanted, AT_EACCESS) != 0)
        return fail(MAPI_E_NO_ACCESS, "The database %s may not be %s by this user.", path,
                    flags & DATABASE_READONLY ? "read" : "read and written");
    return S_OK;
}

/* WAL needs memory shared between all who use the file, which no network file system gives. */
static bool on_network(const char *path)
{
#ifdef __linux__
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return false;
    switch ((uint32_t)fs.f_type) {
    case 0x00006969: /* NFS */
    case 0x0000517B: /* SMB */
    case 0xFF534D42: /* CIFS */
    case 0xFE534D42: /* SMB2 */
    case 0x5346414F: /* AFS */
    case 0x73757245: /* Coda */
    case 0x00C36400: /* Ceph */
    case 0x01021997: /* 9P */
        return true;
    default:
        return false;
    }
#else
    (void)path;
    return false;
#endif
}

/* ---- the content ---- */

static const char cannot_open[] = "The database could not be opened";

/* The first column of the first row of a statement that is used once. */
static HRESULT read_number(struct database *db, const char *sql, int *out)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return database_error(db, rc, cannot_open);
    rc = sqlite3_step(statement);
    *out = rc == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
    HRESULT hr = database_error(db, rc, cannot_open);
    sqlite3_finalize(statement);
    return hr;
}

/* What the file says of itself. */
struct contents {
    int application_id;
    int version;
    int tables;
};

static HRESULT read_contents(struct database *db, struct contents *out)
{
    HRESULT hr = read_number(db, "PRAGMA application_id", &out->application_id);
    if (hr == S_OK)
        hr = read_number(db, "PRAGMA user_version", &out->version);
    if (hr == S_OK)
        hr = read_number(db, "SELECT count(*) FROM sqlite_master", &out->tables);
    return hr;
}

/* The same as of one moment, for another process may be filling the file right now. */
static HRESULT read_contents_at_once(struct database *db, struct contents *out)
{
    HRESULT hr = database_execute(db, "BEGIN", cannot_open);
    if (hr != S_OK)
        return hr;
    hr = read_contents(db, out);
    database_rollback(db);
    return hr;
}

/* Whether the file is empty or one of ours, and how old. *upgrade tells whether there is something to do. */
static HRESULT check_contents(struct database *db, const struct database_schema *schema, unsigned flags, bool *upgrade)
{
    struct contents contents;
    HRESULT hr = database_in_transaction(db) ? read_contents(db, &contents) : read_contents_at_once(db, &contents);
    if (hr != S_OK)
        return hr;
    bool empty = contents.application_id == 0 && contents.version == 0 && contents.tables == 0;
    if (!empty && contents.application_id != schema->application_id)
        return fail(MAPI_E_CORRUPT_DATA, "%s is a database of another program; it was left as it is.", db->path);
    if (contents.version > schema->version)
        return fail(
            MAPI_E_VERSION,
            "%s was written by a newer version of this program (format %d, this one knows %d); it was left as it is.",
            db->path, contents.version, schema->version);
    *upgrade = contents.version < schema->version;
    if (*upgrade && (flags & DATABASE_READONLY))
        return fail(MAPI_E_VERSION,
                    "%s is of an older version (format %d of %d) and may only be read; open it for writing once.",
                    db->path, contents.version, schema->version);
    return S_OK;
}

static HRESULT run_upgrades(struct database *db, const struct database_schema *schema)
{
    /* Read again: another process may have upgraded the file while we waited for the lock. */
    bool upgrade;
    HRESULT hr = check_contents(db, schema, 0, &upgrade);
    if (hr != S_OK || !upgrade)
        return hr;
    int version;
    hr = read_number(db, "PRAGMA user_version", &version);
    for (; hr == S_OK && version < schema->version; version++)
        hr = database_execute(db, schema->upgrades[version], "The database could not be brought up to date");
    if (hr != S_OK)
        return hr;
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", schema->application_id,
             schema->version);
    return database_execute(db, sql, "The database could not be brought up to date");
}

static HRESULT upgrade_contents(struct database *db, const struct database_schema *schema)
{
    HRESULT hr = database_begin(db);
    if (hr != S_OK)
        return hr;
    hr = run_upgrades(db, schema);
    if (hr == S_OK)
        return database_commit(db);
    database_rollback(db);
    return hr;
}

/* Changing the journal needs the file for oneself for a moment, and SQLite does not wait for that by itself. */
static HRESULT set_journal(struct database *db, const char *sql)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    for (int waited = 0; (rc & 0xFF) == SQLITE_BUSY && waited < DATABASE_PATIENCE * 1000; waited += 5) {
        sqlite3_sleep(5);
        rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    }
    return database_error(db, rc, cannot_open);
}

static HRESULT configure(struct database *db)
{
    HRESULT hr = set_journal(db, on_network(db->path) ? "PRAGMA journal_mode = DELETE" : "PRAGMA journal_mode = WAL");
    if (hr == S_OK)
        hr = database_execute(db, "PRAGMA synchronous = FULL", cannot_open);
    /* Kilobytes of pages kept, and only as they are read: a folder of ten thousand messages is listed again from memory. */
    if (hr == S_OK)
        hr = database_execute(db, "PRAGMA cache_size = -16000", cannot_open);
    return hr == S_OK ? database_keep_log_short(db) : hr;
}

/* Whether the file's log holds changes that are not in it yet: somebody was killed, or is using it. */
static bool has_log(const char *path)
{
    struct stat file;
    char *log = malloc(strlen(path) + sizeof "-wal");
    if (log == NULL)
        return true;
    sprintf(log, "%s-wal", path);
    bool has = stat(log, &file) == 0 && file.st_size > 0;
    free(log);
    return has;
}

/* Whoever closes a file last writes the log into it. Where the file turns out to be none of ours to touch, that must not
 * happen. */
static void keep_log(struct database *db, bool keep)
{
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, NULL);
}

static HRESULT open_handle(struct database *db, unsigned flags)
{
    int how = (flags & DATABASE_READONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX |
              SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(db->path, &db->handle, how, NULL);
    if (rc != SQLITE_OK)
        return database_error(db, rc, cannot_open);
    database_set_patience(db, true);
    /* The file may be anybody's: what it contains must not be able to do more than be read. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    keep_log(db, has_log(db->path));
    return S_OK;
}

static HRESULT identify(const char *path, dev_t *device, ino_t *inode)
{
    struct stat file;
    if (stat(path, &file) != 0)
        return file_failure(path, errno);
    *device = file.st_dev;
    *inode = file.st_ino;
    return S_OK;
}

static HRESULT open_database(struct database *db, const struct database_schema *schema, unsigned flags)
{
    HRESULT hr = check_file(db->path, flags);
    if (hr == S_OK)
        hr = open_handle(db, flags);
    if (hr == S_OK)
        hr = identify(db->path, &db->device, &db->inode);
    bool upgrade = false;
    if (hr == S_OK)
        hr = check_contents(db, schema, flags, &upgrade);
    if (hr == S_OK)
        keep_log(db, false);
    if (hr == S_OK && !(flags & DATABASE_READONLY))
        hr = configure(db);
    if (hr == S_OK && upgrade)
        hr = upgrade_contents(db, schema);
    if (hr == S_OK && schema->opened != NULL)
        hr = schema->opened(db);
    return hr;
}

HRESULT database_reopen(struct database *db)
{
    dev_t device = 0;
    ino_t inode = 0;
    HRESULT hr = identify(db->path, &device, &inode);
    if (hr == S_OK && (device != db->device || inode != db->inode))
        hr = fail(MAPI_E_NOT_FOUND, "The database %s was replaced by another one while it was in use.", db->path);
    if (hr == S_OK)
        hr = open_database(db, db->schema, db->flags & ~(unsigned)DATABASE_CREATE);
    if (hr != S_OK && database_close_handle(db) != SQLITE_OK) {
        sqlite3_close_v2(db->handle);
        db->handle = NULL;
    }
    return hr;
}

HRESULT database_open(const char *path, const struct database_schema *schema, unsigned flags, struct database **out)
{
    *out = NULL;
    struct database *db = calloc(1, sizeof *db);
    if (db == NULL)
        return no_memory();
    HRESULT hr = database_register(db);
    if (hr != S_OK) {
        free(db);
        return hr;
    }
    db->schema = schema;
    db->flags = flags;
    db->path = strdup(path);
    hr = db->path != NULL ? open_database(db, schema, flags) : no_memory();
    database_release(db);
    if (hr != S_OK) {
        database_close(db);
        return hr;
    }
    *out = db;
    return S_OK;
}
