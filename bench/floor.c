/*
 * The floor of an import: GMime and SQLite with nothing around them. Each message of an mbox file is parsed by GMime, what a list
 * shows and the text are taken out, and one row is inserted, with the bytes of the message so that nothing is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmime/gmime.h>
#include <lauxlib.h>
#include <lua.h>
#include <sqlite3.h>

#define FLOOR "mapi.bench.floor"

enum { BATCH = 1000 };

struct target {
    sqlite3 *db;
    sqlite3_stmt *insert;
    int rc; /* the first failure */
};

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;"
    "CREATE TABLE message (id INTEGER PRIMARY KEY, subject TEXT, sender TEXT, recipients TEXT, cc TEXT, date INTEGER,"
    " message_id TEXT, body TEXT, source BLOB);"
    "CREATE INDEX message_date ON message (date);";

static const char insertion[] = "INSERT INTO message (subject, sender, recipients, cc, date, message_id, body, source)"
                                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

static int fail(lua_State *L, const struct target *target)
{
    return luaL_error(L, "sqlite: %s", sqlite3_errmsg(target->db));
}

static int target_gc(lua_State *L)
{
    struct target *target = luaL_checkudata(L, 1, FLOOR);
    sqlite3_finalize(target->insert);
    sqlite3_close(target->db);
    target->insert = NULL;
    target->db = NULL;
    return 0;
}

static void bind_addresses(struct target *target, int index, InternetAddressList *list)
{
    char *text = list == NULL ? NULL : internet_address_list_to_string(list, NULL, FALSE);
    sqlite3_bind_text(target->insert, index, text, -1, SQLITE_TRANSIENT);
    g_free(text);
}

/* The text of the part that GMime takes for the body, as UTF-8. */
static char *body_text(GMimeMessage *message)
{
    GMimeObject *body = g_mime_message_get_body(message);
    return body != NULL && GMIME_IS_TEXT_PART(body) ? g_mime_text_part_get_text(GMIME_TEXT_PART(body)) : NULL;
}

static void insert(struct target *target, GMimeMessage *message, const char *source, gint64 size)
{
    GDateTime *date = g_mime_message_get_date(message);
    char *body = body_text(message);
    sqlite3_bind_text(target->insert, 1, g_mime_message_get_subject(message), -1, SQLITE_STATIC);
    bind_addresses(target, 2, g_mime_message_get_from(message));
    bind_addresses(target, 3, g_mime_message_get_to(message));
    bind_addresses(target, 4, g_mime_message_get_cc(message));
    if (date != NULL)
        sqlite3_bind_int64(target->insert, 5, g_date_time_to_unix(date));
    sqlite3_bind_text(target->insert, 6, g_mime_message_get_message_id(message), -1, SQLITE_STATIC);
    sqlite3_bind_text(target->insert, 7, body, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(target->insert, 8, source, (sqlite3_uint64)size, SQLITE_STATIC);
    if (sqlite3_step(target->insert) != SQLITE_DONE)
        target->rc = sqlite3_errcode(target->db);
    sqlite3_reset(target->insert);
    sqlite3_clear_bindings(target->insert);
    g_free(body);
}

static void run(struct target *target, const char *sql)
{
    if (target->rc == SQLITE_OK)
        target->rc = sqlite3_exec(target->db, sql, NULL, NULL, NULL);
}

/* All messages of the stream, whose bytes are at `bytes`: how many there were. */
static lua_Integer import_stream(struct target *target, GMimeStream *stream, const char *bytes)
{
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    lua_Integer count = 0;
    g_mime_parser_set_format(parser, GMIME_FORMAT_MBOX);
    while (!g_mime_parser_eos(parser) && target->rc == SQLITE_OK) {
        GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
        gint64 start = g_mime_parser_get_headers_begin(parser);
        if (message == NULL)
            break;
        if (count % BATCH == 0)
            run(target, count == 0 ? "BEGIN" : "COMMIT; BEGIN");
        insert(target, message, bytes + start, g_mime_parser_tell(parser) - start);
        g_object_unref(message);
        count++;
    }
    if (count > 0)
        run(target, "COMMIT");
    g_object_unref(parser);
    return count;
}

/* target:import(path): how many messages the mbox file has. */
static int target_import(lua_State *L)
{
    struct target *target = luaL_checkudata(L, 1, FLOOR);
    const char *path = luaL_checkstring(L, 2);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes = MAP_FAILED;
    if (file >= 0 && fstat(file, &status) == 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        int error = errno;
        if (file >= 0)
            close(file);
        return luaL_error(L, "%s: %s", path, strerror(error));
    }
    GMimeStream *stream = g_mime_stream_mmap_new(file, PROT_READ, MAP_PRIVATE); /* takes the descriptor */
    lua_Integer count = import_stream(target, stream, bytes);
    g_object_unref(stream);
    munmap(bytes, (size_t)status.st_size);
    if (target->rc != SQLITE_OK)
        return fail(L, target);
    lua_pushinteger(L, count);
    return 1;
}

/* floor.create(path): a new database. */
static int floor_create(lua_State *L)
{
    struct target *target = lua_newuserdatauv(L, sizeof *target, 0);
    const char *path = luaL_checkstring(L, 1);
    memset(target, 0, sizeof *target);
    luaL_setmetatable(L, FLOOR);
    g_mime_init();
    if (sqlite3_open_v2(path, &target->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(target->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(target->db, insertion, -1, &target->insert, NULL) != SQLITE_OK)
        return fail(L, target);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_mapi_floor(lua_State *L);

int luaopen_mapi_floor(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"import", target_import}, {"close", target_gc}, {"__gc", target_gc}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"create", floor_create}, {NULL, NULL}};
    luaL_newmetatable(L, FLOOR);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    luaL_newlib(L, functions);
    return 1;
}
