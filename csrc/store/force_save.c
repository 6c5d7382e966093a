/* FORCE_SAVE of a message that somebody else has saved since it was opened (declared in message.h).
 *
 * Everything that is in memory overwrites what they have saved. Large values that were not touched are not in memory: they
 * are in the chunk table, and so is what has taken their place. Of the message itself those values are taken over as they
 * are now. What was changed in an attachment cannot be saved without the rest of it, so if that is not there any more
 * the save fails. */
#include "store/message.h"

#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "store/columns.h"
#include "store/tree.h"

static HRESULT read_theirs(struct store *store, int64_t row, struct holder *theirs)
{
    static const char sql[] = "SELECT " MESSAGE_COLUMNS " FROM message WHERE id = ?1";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The message could not be saved");
    if (rc == SQLITE_ROW)
        hr = message_props_read(statement, 0, theirs);
    database_done(statement);
    return hr;
}

static HRESULT take_over(struct store *store, int64_t row, struct holder *ours)
{
    struct holder theirs;
    HRESULT hr;

    memset(&theirs, 0, sizeof theirs);
    hr = read_theirs(store, row, &theirs);
    if (SUCCEEDED(hr))
        hr = holder_take_over(ours, &theirs);
    holder_clear(&theirs);
    return hr;
}

static HRESULT gone(void)
{
    return fail(MAPI_E_OBJECT_CHANGED, "Somebody else has changed or deleted an attachment that was changed here as"
                                       " well; what there was of it cannot be saved again.");
}

static HRESULT size_in_chunks(struct store *store, struct place place, ULONG tag, int64_t *size)
{
    static const char sql[] =
        "SELECT sum(length(data)) FROM chunk WHERE kind = ?1 AND owner = ?2 AND tag = ?3 AND seq >= 0";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    *size = 0;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int(statement, 1, (int)place.kind);
    sqlite3_bind_int64(statement, 2, place.row);
    sqlite3_bind_int64(statement, 3, (int64_t)PROP_ID(tag));
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *size = sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, "The attachments could not be read");
    database_done(statement);
    return hr;
}

/* Whether the large values that were not touched are in the chunk table as they were. */
static HRESULT check_values(struct store *store, const struct holder *holder, struct place place)
{
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < holder->bag.count && SUCCEEDED(hr); i++) {
        const struct prop_entry *entry = &holder->bag.items[i];
        int64_t size = 0;

        if (entry->size != PROP_EXTERNAL || holder_staged(holder, entry->tag) != NULL)
            continue;
        hr = size_in_chunks(store, place, entry->tag, &size);
        if (SUCCEEDED(hr) && (uint64_t)size != entry->external_size)
            hr = gone();
    }
    return hr;
}

static HRESULT exists(struct store *store, int64_t message, int64_t attachment, bool *yes)
{
    struct row_list found = {NULL, 0, 0};
    HRESULT hr = row_list_query(&found, store, "SELECT message FROM attachment WHERE id = ?1", attachment);

    *yes = found.count > 0 && found.rows[0] == message;
    row_list_free(&found);
    return hr;
}

static HRESULT check_attachment(struct store *store, int64_t message, const struct slot *slot)
{
    const struct attachment_node *node = slot->node;
    struct place place = {CHUNKS_OF_ATTACHMENT, slot->row};
    int64_t embedded = 0;
    bool there = false;
    HRESULT hr = exists(store, message, slot->row, &there);

    if (SUCCEEDED(hr) && !there)
        hr = gone();
    if (SUCCEEDED(hr))
        hr = check_values(store, &node->props, place);
    if (FAILED(hr) || node->embedded == NULL || node->embedded->row == 0)
        return hr;
    hr = tree_embedded(store, slot->row, &embedded);
    if (SUCCEEDED(hr) && embedded != node->embedded->row)
        hr = gone();
    place.kind = CHUNKS_OF_MESSAGE;
    place.row = embedded;
    return SUCCEEDED(hr) ? check_values(store, &node->embedded->props, place) : hr;
}

HRESULT message_force(struct message *message)
{
    struct store *store = message->host.store;
    int64_t row = message->host.place.row;
    const struct slot_list *slots = &message->body.slots;
    HRESULT hr = take_over(store, row, &message->host.props);
    size_t i;

    for (i = 0; i < slots->count && SUCCEEDED(hr); i++)
        if (slots->items[i].node != NULL && slots->items[i].row != 0 && !slots->items[i].removed)
            hr = check_attachment(store, row, &slots->items[i]);
    return hr;
}
