#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"
#include "store/sql_functions.h"

/* Row ids are AUTOINCREMENT, so that the entry identifier of something deleted never comes to mean something else.
 *
 * Of a message, the columns are what lists show, sort by and search; columns.c maps them to property tags. `props`
 * holds the other properties (base/propbag.h), and comes last so that scans do not touch it; what is larger than
 * INLINE_LIMIT is in `chunk`, so that rows stay small and a million of them can be scanned. A message is in a folder
 * or, embedded, in an attachment, whose columns are NULL then.
 *
 * Indexes cost time at every import; there are two for lists. The default order continues by id, which
 * message_contents has as its implicit last column; mail is shown by date, which message_date serves, and absent
 * dates are a number, because NULLs cannot be continued by key. Every other order is sorted once per table
 * (contents_rows.c).
 *
 * Text sorts and compares with NOCASE, SQLite's own, so that any program can check the file's indexes. Counts of a
 * folder are kept by triggers: whatever changes a message, they are right in the same transaction. */
static const char schema_1[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE folder ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  parent INTEGER NOT NULL,"
    "  name TEXT NOT NULL COLLATE NOCASE,"
    "  kind INTEGER NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  modified INTEGER NOT NULL,"
    "  content_count INTEGER NOT NULL DEFAULT 0,"
    "  unread_count INTEGER NOT NULL DEFAULT 0,"
    "  associated_count INTEGER NOT NULL DEFAULT 0,"
    "  props BLOB NOT NULL DEFAULT x'');"
    "CREATE UNIQUE INDEX folder_name ON folder (parent, name);"
    "CREATE TABLE message ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  folder INTEGER,"
    "  associated INTEGER NOT NULL DEFAULT 0,"
    "  attachment INTEGER,"
    "  version INTEGER NOT NULL DEFAULT 1,"
    "  flags INTEGER NOT NULL,"
    "  status INTEGER NOT NULL DEFAULT 0,"
    "  size INTEGER NOT NULL,"
    "  delivery_time INTEGER NOT NULL,"
    "  submit_time INTEGER,"
    "  created INTEGER NOT NULL,"
    "  modified INTEGER NOT NULL,"
    "  importance INTEGER,"
    "  message_class TEXT,"
    "  subject TEXT,"
    "  prefix INTEGER," /* how many characters of subject are PR_SUBJECT_PREFIX */
    "  sender_name TEXT,"
    "  sender_address TEXT,"
    "  representing_name TEXT,"
    "  representing_address TEXT,"
    "  display_to TEXT,"
    "  display_cc TEXT,"
    "  display_bcc TEXT,"
    "  internet_message_id TEXT,"
    "  search_key BLOB,"
    "  props BLOB);"
    "CREATE INDEX message_contents ON message (folder, associated) WHERE folder IS NOT NULL;"
    "CREATE INDEX message_date ON message (folder, associated, delivery_time) WHERE folder IS NOT NULL;"
    "CREATE INDEX message_embedded ON message (attachment) WHERE attachment IS NOT NULL;"
    "CREATE TABLE recipient ("
    "  message INTEGER NOT NULL,"
    "  row INTEGER NOT NULL,"
    "  type INTEGER NOT NULL,"
    "  name TEXT,"
    "  address TEXT,"
    "  props BLOB,"
    "  PRIMARY KEY (message, row)) WITHOUT ROWID;"
    "CREATE TABLE attachment ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  message INTEGER NOT NULL,"
    "  number INTEGER NOT NULL,"
    "  size INTEGER NOT NULL,"
    "  props BLOB);"
    "CREATE UNIQUE INDEX attachment_message ON attachment (message, number);"
    "CREATE TABLE chunk ("
    "  kind INTEGER NOT NULL,"
    "  owner INTEGER NOT NULL,"
    "  tag INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  data BLOB NOT NULL,"
    "  PRIMARY KEY (kind, owner, tag, seq)) WITHOUT ROWID;"
    "CREATE TABLE receive_folder (class TEXT PRIMARY KEY COLLATE NOCASE, folder INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE named_property ("
    "  id INTEGER PRIMARY KEY," /* 0x8000 to 0xFFFE */
    "  guid BLOB NOT NULL,"
    "  kind INTEGER NOT NULL," /* MNID_ID, MNID_STRING */
    "  name NOT NULL,"         /* a number or a text */
    "  UNIQUE (guid, kind, name));"
    "CREATE TRIGGER message_added AFTER INSERT ON message WHEN new.folder IS NOT NULL BEGIN"
    "  UPDATE folder SET content_count = content_count + (new.associated = 0),"
    "    unread_count = unread_count + (new.associated = 0 AND new.flags & 1 = 0),"
    "    associated_count = associated_count + (new.associated <> 0) WHERE id = new.folder;"
    "END;"
    "CREATE TRIGGER message_removed AFTER DELETE ON message WHEN old.folder IS NOT NULL BEGIN"
    "  UPDATE folder SET content_count = content_count - (old.associated = 0),"
    "    unread_count = unread_count - (old.associated = 0 AND old.flags & 1 = 0),"
    "    associated_count = associated_count - (old.associated <> 0) WHERE id = old.folder;"
    "END;"
    "CREATE TRIGGER message_moved AFTER UPDATE OF folder ON message WHEN new.folder <> old.folder BEGIN"
    "  UPDATE folder SET content_count = content_count - (old.associated = 0),"
    "    unread_count = unread_count - (old.associated = 0 AND old.flags & 1 = 0),"
    "    associated_count = associated_count - (old.associated <> 0) WHERE id = old.folder;"
    "  UPDATE folder SET content_count = content_count + (new.associated = 0),"
    "    unread_count = unread_count + (new.associated = 0 AND new.flags & 1 = 0),"
    "    associated_count = associated_count + (new.associated <> 0) WHERE id = new.folder;"
    "END;"
    "CREATE TRIGGER message_read AFTER UPDATE OF flags ON message"
    "  WHEN new.folder = old.folder AND new.associated = 0 AND (new.flags & 1) <> (old.flags & 1) BEGIN"
    "  UPDATE folder SET unread_count = unread_count + (old.flags & 1) - (new.flags & 1) WHERE id = new.folder;"
    "END;";

/* Who is registered with the store, and what has happened while somebody was (events.h). */
static const char schema_2[] =
    "CREATE TABLE listener ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  bell TEXT NOT NULL);"
    "CREATE TABLE event ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  event INTEGER NOT NULL," /* fnev...; fnevTableModified: too many to be told one by one */
    "  kind INTEGER NOT NULL,"  /* MAPI_STORE, MAPI_FOLDER, MAPI_MESSAGE */
    "  row INTEGER NOT NULL,"
    "  parent INTEGER NOT NULL,"
    "  old_row INTEGER NOT NULL,"
    "  old_parent INTEGER NOT NULL,"
    "  associated INTEGER NOT NULL);";

/* Search folders (search.h): what each looks for and where, and what it has found. `found` repeats of a message what
 * the order by date and the counts of the search folder want; whoever changes a message keeps it right in the same
 * transaction (found.h). */
static const char schema_3[] =
    "CREATE TABLE search ("
    "  folder INTEGER PRIMARY KEY,"
    "  flags INTEGER NOT NULL,"     /* SEARCH_RUNNING, SEARCH_RECURSIVE, SEARCH_FOREGROUND */
    "  restriction BLOB NOT NULL);" /* base/restriction_codec.h */
    "CREATE TABLE search_root ("    /* the folders as they were given */
    "  search INTEGER NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  folder INTEGER NOT NULL,"
    "  PRIMARY KEY (search, position)) WITHOUT ROWID;"
    "CREATE TABLE search_scope (" /* the folders that are looked through: these, and perhaps all below them */
    "  folder INTEGER NOT NULL,"
    "  search INTEGER NOT NULL,"
    "  PRIMARY KEY (folder, search)) WITHOUT ROWID;"
    "CREATE INDEX search_scope_search ON search_scope (search);"
    "CREATE TABLE found ("
    "  search INTEGER NOT NULL,"
    "  message INTEGER NOT NULL,"
    "  received INTEGER NOT NULL," /* its delivery_time */
    "  unread INTEGER NOT NULL,"
    "  PRIMARY KEY (search, message)) WITHOUT ROWID;"
    "CREATE INDEX found_message ON found (message);"
    "CREATE TABLE found_date (" /* the same in the order of their dates */
    "  search INTEGER NOT NULL,"
    "  received INTEGER NOT NULL,"
    "  message INTEGER NOT NULL,"
    "  PRIMARY KEY (search, received, message)) WITHOUT ROWID;"
    /* Large values in a table of rows: most are bodies and headers of a few KB, of which a page of such a table holds two or
     * three, while one without row ids keeps no more than a quarter page of each and starts a page for the rest. */
    "CREATE TABLE value ("
    "  id INTEGER PRIMARY KEY,"
    "  kind INTEGER NOT NULL,"
    "  owner INTEGER NOT NULL,"
    "  tag INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  data BLOB NOT NULL);"
    "INSERT INTO value (kind, owner, tag, seq, data) SELECT kind, owner, tag, seq, data FROM chunk;"
    "DROP TABLE chunk;"
    "ALTER TABLE value RENAME TO chunk;"
    "CREATE UNIQUE INDEX chunk_place ON chunk (kind, owner, tag, seq);"
    /* What has been submitted and not been sent, in the order of submission, with PR_SUBMIT_FLAGS (outgoing.h). Receive folders
     * get ids, which rows of tables are known by. */
    "CREATE TABLE outgoing ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  message INTEGER NOT NULL UNIQUE,"
    "  flags INTEGER NOT NULL DEFAULT 0);"
    "INSERT INTO outgoing (message) SELECT id FROM message WHERE flags & 4 <> 0 AND folder IS NOT NULL"
    "  ORDER BY submit_time, id;"
    "CREATE TRIGGER message_unqueued AFTER DELETE ON message WHEN old.flags & 4 <> 0 BEGIN"
    "  DELETE FROM outgoing WHERE message = old.id;"
    "END;"
    "CREATE TABLE receive ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  class TEXT NOT NULL UNIQUE COLLATE NOCASE,"
    "  folder INTEGER NOT NULL);"
    "INSERT INTO receive (class, folder) SELECT class, folder FROM receive_folder ORDER BY class;"
    "DROP TABLE receive_folder;"
    "ALTER TABLE receive RENAME TO receive_folder;";

static const char *const upgrades[] = {schema_1, schema_2, schema_3};

const struct database_schema store_schema = {0x4C4D5331, (int)(sizeof upgrades / sizeof upgrades[0]), upgrades,
                                             sql_functions_register};

/* The standard folders: where each lives and what it is called. `meta` is the name under which its row is found. */
static const struct {
    const char *meta;
    const char *name;
    int parent; /* an enum standard_folder made before, or -1 */
    ULONG kind;
} standard_folders[STANDARD_FOLDER_COUNT] = {
    {"folder.root", "Root", -1, FOLDER_ROOT},
    {"folder.searches", "Search Root", FOLDER_OF_ROOT, FOLDER_GENERIC},
    {"folder.views", "Views", FOLDER_OF_ROOT, FOLDER_GENERIC},
    {"folder.common_views", "Common Views", FOLDER_OF_ROOT, FOLDER_GENERIC},
    {"folder.user", "Top of Personal Folders", FOLDER_OF_ROOT, FOLDER_GENERIC},
    {"folder.inbox", "Inbox", FOLDER_OF_USER, FOLDER_GENERIC},
    {"folder.outbox", "Outbox", FOLDER_OF_USER, FOLDER_GENERIC},
    {"folder.sent", "Sent Items", FOLDER_OF_USER, FOLDER_GENERIC},
    {"folder.deleted", "Deleted Items", FOLDER_OF_USER, FOLDER_GENERIC},
    {"folder.drafts", "Drafts", FOLDER_OF_USER, FOLDER_GENERIC},
};

int64_t filetime_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return ((int64_t)now.tv_sec + INT64_C(11644473600)) * 10000000 + now.tv_nsec / 100;
}

char *store_file_path(const char *home, const MAPIUID *uid)
{
    size_t length = strlen(home);
    char *path = malloc(length + sizeof "/stores/" + 32 + sizeof ".db");
    char *at;
    size_t i;

    if (path == NULL)
        return NULL;
    at = path + sprintf(path, "%s/stores/", home);
    for (i = 0; i < sizeof uid->ab; i++)
        at += sprintf(at, "%02x", uid->ab[i]);
    memcpy(at, ".db", sizeof ".db");
    return path;
}

static HRESULT put_meta(struct database *db, const char *name, const void *blob, size_t size, int64_t number)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, "INSERT INTO meta (name, value) VALUES (?1, ?2)", &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (blob != NULL)
        sqlite3_bind_blob(statement, 2, blob, (int)size, SQLITE_STATIC);
    else
        sqlite3_bind_int64(statement, 2, number);
    return database_run(db, statement, "The store could not be made");
}

static HRESULT add_standard_folder(struct database *db, size_t index, int64_t rows[STANDARD_FOLDER_COUNT])
{
    static const char sql[] = "INSERT INTO folder (parent, name, kind, created, modified) VALUES (?1, ?2, ?3, ?4, ?4)";
    int parent = standard_folders[index].parent;
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, parent < 0 ? 0 : rows[parent]);
    sqlite3_bind_text(statement, 2, standard_folders[index].name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)standard_folders[index].kind);
    sqlite3_bind_int64(statement, 4, filetime_now());
    hr = database_run(db, statement, "The store could not be made");
    if (FAILED(hr))
        return hr;
    rows[index] = sqlite3_last_insert_rowid(database_handle(db));
    return put_meta(db, standard_folders[index].meta, NULL, 0, rows[index]);
}

/* Everything a new store holds; the receive folder of all classes and of interpersonal mail is the Inbox. */
static HRESULT fill(struct database *db, const MAPIUID *uid, const char *name)
{
    static const char receive[] = "INSERT INTO receive_folder (class, folder) VALUES ('', ?1), ('IPM', ?1)";
    int64_t rows[STANDARD_FOLDER_COUNT];
    sqlite3_stmt *statement;
    size_t i;
    HRESULT hr = put_meta(db, "uid", uid->ab, sizeof uid->ab, 0);

    if (SUCCEEDED(hr))
        hr = put_meta(db, "name", name, strlen(name), 0);
    for (i = 0; i < STANDARD_FOLDER_COUNT && SUCCEEDED(hr); i++)
        hr = add_standard_folder(db, i, rows);
    if (FAILED(hr))
        return hr;
    hr = database_prepare(db, receive, &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, rows[FOLDER_OF_INBOX]);
    return database_run(db, statement, "The store could not be made");
}

HRESULT store_file_create(const char *path, const MAPIUID *uid, const char *name)
{
    struct database *db;
    HRESULT hr = database_open(path, &store_schema, DATABASE_CREATE, &db);

    if (FAILED(hr))
        return hr;
    hr = database_hold(db);
    if (SUCCEEDED(hr)) {
        hr = database_begin(db);
        if (SUCCEEDED(hr)) {
            hr = fill(db, uid, name);
            if (SUCCEEDED(hr))
                hr = database_commit(db);
            else
                database_rollback(db);
        }
        database_release(db);
    }
    database_close(db);
    if (FAILED(hr))
        unlink(path);
    return hr;
}

/* The value of one row of meta: a blob of exactly `size` bytes into out, or with out NULL a number. */
static HRESULT get_meta(struct database *db, const char *name, void *out, size_t size, int64_t *number)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(db, "SELECT value FROM meta WHERE name = ?1", &statement);
    bool found = false;
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW && out != NULL) {
        found = (size_t)sqlite3_column_bytes(statement, 0) == size;
        if (found)
            memcpy(out, sqlite3_column_blob(statement, 0), size);
    } else if (rc == SQLITE_ROW) {
        *number = sqlite3_column_int64(statement, 0);
        found = *number > 0;
    }
    hr = database_error(db, rc, "The store could not be read");
    database_done(statement);
    if (SUCCEEDED(hr) && !found)
        hr = fail(MAPI_E_CORRUPT_DATA, "The store %s is damaged: \"%s\" is missing from it.", database_path(db), name);
    return hr;
}

HRESULT store_file_identify(struct database *db, MAPIUID *uid, int64_t folders[STANDARD_FOLDER_COUNT])
{
    HRESULT hr = get_meta(db, "uid", uid->ab, sizeof uid->ab, NULL);
    size_t i;

    for (i = 0; i < STANDARD_FOLDER_COUNT && SUCCEEDED(hr); i++)
        hr = get_meta(db, standard_folders[i].meta, NULL, 0, &folders[i]);
    return hr;
}
