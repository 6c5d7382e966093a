#include "store/outgoing.h"

#include <stdlib.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/folder.h"
#include "store/search.h"
#include "store/tree.h"

static const char failed[] = "The queue of outgoing messages could not be changed";

/* ---- the queue ---- */

HRESULT outgoing_add(struct store *store, int64_t row, ULONG flags)
{
    sqlite3_stmt *statement;
    HRESULT hr = tree_run(store, "UPDATE message SET flags = flags | 12 WHERE id = ?1", row, failed);

    if (SUCCEEDED(hr))
        hr = database_prepare(store->db, "INSERT INTO outgoing (message, flags) VALUES (?1, ?2)", &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, (int64_t)flags);
    return database_run(store->db, statement, failed);
}

HRESULT outgoing_flags(struct store *store, int64_t row, ULONG *flags)
{
    return tree_flags(store, "SELECT flags FROM outgoing WHERE message = ?1", row,
                      "The queue of outgoing messages could not be read", flags);
}

static HRESULT find_queued(struct store *store, ULONG size, const ENTRYID *id, int64_t *row, ULONG *flags)
{
    ULONG kind;
    HRESULT hr = object_entryid_parse(&store->uid, size, id, &kind, row);

    if (SUCCEEDED(hr))
        hr = kind == MAPI_MESSAGE ? outgoing_flags(store, *row, flags) : MAPI_E_NOT_FOUND;
    return hr == MAPI_E_NOT_FOUND ? fail(MAPI_E_NOT_IN_QUEUE, "The message is not waiting to be sent.") : hr;
}

/* Out of the queue, with MSGFLAG_SUBMIT gone; `sql` sets what else is to become of the flags. */
static HRESULT take_out(struct store *store, int64_t row, const char *sql)
{
    HRESULT hr = tree_run(store, "DELETE FROM outgoing WHERE message = ?1", row, failed);

    return SUCCEEDED(hr) ? tree_run(store, sql, row, failed) : hr;
}

/* ---- taking a submission back ---- */

static HRESULT take_back(struct store *store, ULONG size, const ENTRYID *id)
{
    int64_t row;
    ULONG flags = 0;
    HRESULT hr = find_queued(store, size, id, &row, &flags);

    if (SUCCEEDED(hr) && (flags & SUBMITFLAG_LOCKED) != 0)
        hr = fail(MAPI_E_UNABLE_TO_ABORT, "The message is being sent already.");
    if (SUCCEEDED(hr))
        hr = take_out(store, row, "UPDATE message SET flags = flags & ~4 WHERE id = ?1");
    return SUCCEEDED(hr) ? event_message(store, fnevObjectModified, row) : hr;
}

HRESULT outgoing_abort(struct store *store, ULONG size, const ENTRYID *id, ULONG flags)
{
    HRESULT hr = flags != 0 ? MAPI_E_UNKNOWN_FLAGS : store_begin(store);

    return FAILED(hr) ? hr : store_end_transaction(store, take_back(store, size, id));
}

/* ---- the spooler's methods ---- */

static HRESULT check_spooler(const struct store *store)
{
    return store->spooler ? S_OK : fail(MAPI_E_NO_SUPPORT, "Only the message spooler may do that.");
}

static HRESULT set_lock(struct store *store, int64_t row, ULONG state)
{
    static const char lock[] = "UPDATE outgoing SET flags = flags | 1 WHERE message = ?1";
    static const char unlock[] = "UPDATE outgoing SET flags = flags & ~1 WHERE message = ?1";
    ULONG flags;
    HRESULT hr = outgoing_flags(store, row, &flags);

    if (hr == MAPI_E_NOT_FOUND)
        hr = fail(MAPI_E_NOT_IN_QUEUE, "The message is not waiting to be sent.");
    if (SUCCEEDED(hr))
        hr = tree_run(store, state == MSG_LOCKED ? lock : unlock, row, failed);
    if (SUCCEEDED(hr))
        hr = searches_touch(store, row);
    return SUCCEEDED(hr) ? event_message(store, fnevObjectModified, row) : hr;
}

HRESULT outgoing_lock(struct store *store, LPMESSAGE message, ULONG state)
{
    struct message *locked = message_of_store(store, message);
    HRESULT hr = check_spooler(store);

    if (SUCCEEDED(hr) && (locked == NULL || (state != MSG_LOCKED && state != MSG_UNLOCKED)))
        hr = fail(MAPI_E_INVALID_PARAMETER, "SetLockState needs a message of this store and one of its two states.");
    if (SUCCEEDED(hr) && locked->host.writable && locked->folder != 0)
        hr = message_save(locked, KEEP_OPEN_READWRITE); /* imsgstore-setlockstate.md */
    if (SUCCEEDED(hr))
        hr = store_begin(store);
    return FAILED(hr) ? hr : store_end_transaction(store, set_lock(store, locked->host.place.row, state));
}

/* What is to become of a message that has been sent. */
struct aftermath {
    int64_t folder; /* PR_SENTMAIL_ENTRYID: where it goes; 0: it stays */
    bool deleted;   /* PR_DELETE_AFTER_SUBMIT */
};

/* A folder of another store, one that is gone, or a search folder is none to go to: the message stays where it is. */
static HRESULT read_destination(struct message *message, struct aftermath *out)
{
    struct store *store = message->host.store;
    struct byte_buffer id;
    ULONG type = FOLDER_SEARCH;
    ULONG kind;
    HRESULT hr;

    byte_buffer_init(&id);
    hr = holder_payload(&message->host.props, store, message->host.place, PR_SENTMAIL_ENTRYID, &id);
    if (SUCCEEDED(hr)) {
        hr = object_entryid_parse(&store->uid, (ULONG)id.size, (const ENTRYID *)(const void *)id.bytes, &kind,
                                  &out->folder);
        if (SUCCEEDED(hr))
            hr = kind == MAPI_FOLDER ? folder_kind(store, out->folder, &type) : MAPI_E_NOT_FOUND;
        if (FAILED(hr) || type == FOLDER_SEARCH)
            out->folder = 0;
    }
    byte_buffer_free(&id);
    return hr == MAPI_E_NOT_ENOUGH_MEMORY ? hr : S_OK;
}

static HRESULT read_aftermath(struct store *store, int64_t row, struct aftermath *out)
{
    struct access access = {false, false};
    const struct prop_entry *deleted;
    struct message *message;
    HRESULT hr = message_open(store, row, NULL, access, &message);

    out->folder = 0;
    out->deleted = false;
    if (FAILED(hr))
        return hr;
    deleted = prop_bag_find(&message->host.props.bag, PR_DELETE_AFTER_SUBMIT);
    out->deleted = deleted != NULL && deleted->tag == PR_DELETE_AFTER_SUBMIT && deleted->bytes[0] != 0;
    hr = read_destination(message, out);
    object_release(&message->host.object);
    return hr;
}

static HRESULT move(struct store *store, int64_t row, int64_t folder)
{
    sqlite3_stmt *statement;
    int64_t from = 0;
    HRESULT hr = message_folder(store, row, &from);

    if (SUCCEEDED(hr))
        hr = database_prepare(store->db, "UPDATE message SET folder = ?2 WHERE id = ?1", &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, folder);
    hr = database_run(store->db, statement, "The message that was sent could not be moved");
    return SUCCEEDED(hr) && from != folder ? event_message_moved(store, row, from) : hr;
}

/* imsgstore-finishedmsg.md. Both properties: it is moved, and then deleted. What has been sent is nobody's draft any more, and its
 * sender has read it. */
static HRESULT finish(struct store *store, int64_t row, const struct aftermath *aftermath)
{
    HRESULT hr = take_out(store, row, "UPDATE message SET flags = (flags & ~12) | 1 WHERE id = ?1");

    if (SUCCEEDED(hr) && aftermath->folder != 0)
        hr = move(store, row, aftermath->folder);
    if (SUCCEEDED(hr) && !aftermath->deleted)
        return event_message_marked(store, row, true);
    if (SUCCEEDED(hr))
        hr = event_message(store, fnevObjectDeleted, row);
    return SUCCEEDED(hr) ? tree_delete_message(store, row) : hr;
}

/* The support object is given the message where it is still there, and releases it (imapisupport-dosentmail.md). The message has
 * been sent and filed: what comes of this changes nothing about that. */
static void do_sent_mail(struct store *store, int64_t row)
{
    struct access access = {false, false};
    struct message *message;

    if (SUCCEEDED(message_open(store, row, NULL, access, &message)) &&
        FAILED(store->support->lpVtbl->DoSentMail(store->support, 0, (LPMESSAGE)(void *)message)))
        object_release(&message->host.object);
}

HRESULT outgoing_finish(struct store *store, ULONG flags, ULONG size, const ENTRYID *id)
{
    struct aftermath aftermath = {0, false};
    int64_t row = 0;
    ULONG state;
    HRESULT hr = check_spooler(store);

    if (SUCCEEDED(hr) && flags != 0)
        hr = MAPI_E_UNKNOWN_FLAGS;
    if (SUCCEEDED(hr))
        hr = store_begin(store);
    if (FAILED(hr))
        return hr;
    hr = find_queued(store, size, id, &row, &state);
    if (SUCCEEDED(hr))
        hr = read_aftermath(store, row, &aftermath);
    if (SUCCEEDED(hr))
        hr = finish(store, row, &aftermath);
    hr = store_end_transaction(store, hr);
    if (SUCCEEDED(hr) && !aftermath.deleted)
        do_sent_mail(store, row);
    return hr;
}
