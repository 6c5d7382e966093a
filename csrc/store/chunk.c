/* The chunk table: large values in pieces (declared in store/holder.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "store/holder.h"

/* The place of a value's mark: eight random bytes, written with the pieces of a value that has several, so that
 * whoever reads them one by one can tell that they are of one value. Earlier versions wrote none, and ignore it. */
enum { MARK = -1, MARK_SIZE = 8 };

static void bind_place(sqlite3_stmt *statement, struct place place)
{
    sqlite3_bind_int(statement, 1, (int)place.kind);
    sqlite3_bind_int64(statement, 2, place.row);
}

static HRESULT write_piece(struct store *store, struct place place, ULONG id, int64_t seq, const void *bytes,
                           size_t size)
{
    static const char sql[] = "INSERT INTO chunk (kind, owner, tag, seq, data) VALUES (?1, ?2, ?3, ?4, ?5)";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    bind_place(statement, place);
    sqlite3_bind_int64(statement, 3, (int64_t)id);
    sqlite3_bind_int64(statement, 4, seq);
    sqlite3_bind_blob(statement, 5, size == 0 ? "" : bytes, (int)size, SQLITE_STATIC);
    return database_run(store->db, statement, "A large value could not be saved");
}

static HRESULT write_mark(struct store *store, struct place place, ULONG id)
{
    static const char sql[] = "INSERT INTO chunk (kind, owner, tag, seq, data) VALUES (?1, ?2, ?3, ?4, randomblob(?5))";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    bind_place(statement, place);
    sqlite3_bind_int64(statement, 3, (int64_t)id);
    sqlite3_bind_int(statement, 4, MARK);
    sqlite3_bind_int(statement, 5, MARK_SIZE);
    return database_run(store->db, statement, "A large value could not be saved");
}

static HRESULT delete_value(struct store *store, struct place place, ULONG id)
{
    sqlite3_stmt *statement;
    HRESULT hr =
        database_prepare(store->db, "DELETE FROM chunk WHERE kind = ?1 AND owner = ?2 AND tag = ?3", &statement);

    if (FAILED(hr))
        return hr;
    bind_place(statement, place);
    sqlite3_bind_int64(statement, 3, (int64_t)id);
    return database_run(store->db, statement, "A large value could not be replaced");
}

static HRESULT write_bytes(struct store *store, struct place place, ULONG id, const unsigned char *bytes, uint64_t size)
{
    HRESULT hr = S_OK;
    int64_t seq = 0;

    while (SUCCEEDED(hr) && size > 0) {
        size_t piece = size > CHUNK_SIZE ? CHUNK_SIZE : (size_t)size;

        hr = write_piece(store, place, id, seq++, bytes, piece);
        bytes += piece;
        size -= piece;
    }
    return hr;
}

static HRESULT write_spool(struct store *store, struct place place, ULONG id, struct spool *spool)
{
    unsigned char *piece;
    uint64_t offset = 0;
    int64_t seq = 0;
    HRESULT hr = S_OK;

    if (spool_bytes(spool) != NULL)
        return write_bytes(store, place, id, spool_bytes(spool), spool_size(spool));
    piece = malloc(CHUNK_SIZE);
    if (piece == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    while (SUCCEEDED(hr) && offset < spool_size(spool)) {
        size_t got;

        hr = spool_read(spool, offset, piece, CHUNK_SIZE, &got);
        if (SUCCEEDED(hr))
            hr = write_piece(store, place, id, seq++, piece, got);
        offset += got;
    }
    free(piece);
    return hr;
}

HRESULT holder_write_chunks(const struct holder *holder, struct store *store, struct place place, bool fresh)
{
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; !fresh && i < holder->stale_count && SUCCEEDED(hr); i++)
        hr = delete_value(store, place, holder->stale[i]);
    for (i = 0; i < holder->bag.count && SUCCEEDED(hr); i++) {
        const struct prop_entry *entry = &holder->bag.items[i];
        ULONG id = PROP_ID(entry->tag);
        struct spool *spool = entry->size == PROP_EXTERNAL ? holder_staged(holder, entry->tag) : NULL;

        if (spool == NULL && (entry->size == PROP_EXTERNAL || entry->size <= INLINE_LIMIT))
            continue;
        if (!fresh)
            hr = delete_value(store, place, id);
        if (SUCCEEDED(hr) && (spool != NULL ? spool_size(spool) : entry->size) > CHUNK_SIZE)
            hr = write_mark(store, place, id);
        if (SUCCEEDED(hr))
            hr = spool != NULL ? write_spool(store, place, id, spool)
                               : write_bytes(store, place, id, entry->bytes, entry->size);
    }
    return hr;
}

HRESULT chunks_delete(struct store *store, struct place place)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "DELETE FROM chunk WHERE kind = ?1 AND owner = ?2", &statement);

    if (FAILED(hr))
        return hr;
    bind_place(statement, place);
    return database_run(store->db, statement, "large values could not be deleted");
}

HRESULT chunks_copy(struct store *store, struct place from, int64_t to_row)
{
    static const char sql[] = "INSERT INTO chunk (kind, owner, tag, seq, data)"
                              " SELECT kind, ?3, tag, seq, data FROM chunk WHERE kind = ?1 AND owner = ?2";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    bind_place(statement, from);
    sqlite3_bind_int64(statement, 3, to_row);
    return database_run(store->db, statement, "large values could not be copied");
}

HRESULT chunk_read(struct store *store, struct place place, ULONG tag, int64_t seq, struct byte_buffer *out)
{
    static const char sql[] = "SELECT data FROM chunk WHERE kind = ?1 AND owner = ?2 AND tag = ?3 AND seq = ?4";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    bind_place(statement, place);
    sqlite3_bind_int64(statement, 3, (int64_t)PROP_ID(tag));
    sqlite3_bind_int64(statement, 4, seq);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "A large value could not be read");
    if (rc == SQLITE_ROW) {
        const void *data = sqlite3_column_blob(statement, 0);
        int size = sqlite3_column_bytes(statement, 0);

        hr = data == NULL && size > 0 ? MAPI_E_NOT_ENOUGH_MEMORY : byte_buffer_append(out, data, (size_t)size);
    }
    database_done(statement);
    return hr;
}

HRESULT chunk_mark(struct store *store, struct place place, ULONG tag, uint64_t *mark)
{
    struct byte_buffer bytes;
    HRESULT hr;

    byte_buffer_init(&bytes);
    hr = chunk_read(store, place, tag, MARK, &bytes);
    *mark = 0;
    if (SUCCEEDED(hr) && bytes.size == MARK_SIZE)
        memcpy(mark, bytes.bytes, MARK_SIZE);
    byte_buffer_free(&bytes);
    return hr;
}

HRESULT chunk_check(struct store *store, struct place place, ULONG tag, uint64_t mark)
{
    uint64_t now;
    HRESULT hr = chunk_mark(store, place, tag, &now);

    if (SUCCEEDED(hr) && now != mark)
        hr = chunk_changed();
    return hr;
}

HRESULT chunk_changed(void)
{
    return fail(MAPI_E_OBJECT_CHANGED, "The value was changed by somebody else while it was read.");
}

HRESULT chunks_read(struct store *store, struct place place, ULONG tag, uint64_t size, struct byte_buffer *out)
{
    size_t start = out->size;
    uint64_t mark;
    HRESULT hr = chunk_mark(store, place, tag, &mark);
    int64_t seq;

    for (seq = 0; SUCCEEDED(hr) && out->size - start < size; seq++) {
        size_t before = out->size;

        hr = chunk_read(store, place, tag, seq, out);
        if (SUCCEEDED(hr) && out->size == before)
            break;
    }
    if (SUCCEEDED(hr) && out->size - start != size)
        hr = chunk_changed();
    return SUCCEEDED(hr) ? chunk_check(store, place, tag, mark) : hr;
}
