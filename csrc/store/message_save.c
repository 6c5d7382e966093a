/* IMessage::SaveChanges (declared in message.h): a message in a folder goes to the database with everything below it
 * in one transaction; an embedded one becomes a node of its attachment. */
#include "store/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "store/columns.h"
#include "store/receive_folder.h"
#include "store/tree.h"

/* What the database says about the row before it is written. */
struct stored_state {
    int64_t version;
    int64_t delivery_time;
    ULONG flags;
};

static HRESULT read_state(struct store *store, int64_t row, struct stored_state *state)
{
    sqlite3_stmt *statement;
    HRESULT hr =
        database_prepare(store->db, "SELECT version, delivery_time, flags FROM message WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The message could not be saved");
    if (rc == SQLITE_ROW) {
        state->version = sqlite3_column_int64(statement, 0);
        state->delivery_time = sqlite3_column_int64(statement, 1);
        state->flags = (ULONG)sqlite3_column_int64(statement, 2);
    } else if (rc == SQLITE_DONE) {
        hr = fail(MAPI_E_OBJECT_DELETED, "The message has been deleted since it was opened.");
    }
    database_done(statement);
    return hr;
}

static HRESULT check_folder(struct store *store, int64_t folder)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT 1 FROM folder WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, folder);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The message could not be saved");
    if (rc == SQLITE_DONE)
        hr = fail(MAPI_E_OBJECT_DELETED, "The folder of the message has been deleted.");
    database_done(statement);
    return hr;
}

/* Whether the row may be overwritten (imapiprop-savechanges.md): nothing overrides a deletion or a submission. */
static HRESULT check_state(struct message *message, ULONG flags, struct stored_state *state)
{
    struct store *store = message->host.store;
    HRESULT hr;

    memset(state, 0, sizeof *state);
    state->delivery_time = NO_TIME;
    if (message->host.place.row == 0)
        return check_folder(store, message->folder);
    hr = read_state(store, message->host.place.row, state);
    if (FAILED(hr))
        return hr;
    if ((state->flags & MSGFLAG_SUBMIT) != 0 && !store->spooler)
        return fail(MAPI_E_SUBMITTED, "The message has been submitted since it was opened.");
    if (state->version != message->version && (flags & FORCE_SAVE) == 0)
        return fail(
            MAPI_E_OBJECT_CHANGED,
            "Somebody else has saved the message since it was opened; FORCE_SAVE would overwrite those changes.");
    return S_OK;
}

static bool has_attachments(const struct message *message)
{
    const struct slot_list *list = &message->body.slots;
    size_t i;

    if (!list->loaded)
        return (holder_long(&message->host.props, PR_MESSAGE_FLAGS, 0) & MSGFLAG_HASATTACH) != 0;
    for (i = 0; i < list->count; i++)
        if (!list->items[i].removed && (list->items[i].row != 0 || list->items[i].node != NULL))
            return true;
    return false;
}

/* The flags as a save leaves them: MSGFLAG_UNMODIFIED until the second one. */
static ULONG saved_flags(const struct message *message, bool submit)
{
    ULONG flags = holder_long(&message->host.props, PR_MESSAGE_FLAGS, 0) & ~(MSGFLAG_UNMODIFIED | MSGFLAG_HASATTACH);

    if (message->host.place.row == 0)
        flags |= MSGFLAG_UNMODIFIED;
    if (has_attachments(message))
        flags |= MSGFLAG_HASATTACH;
    if (message->associated)
        flags |= MSGFLAG_ASSOCIATED;
    if (submit)
        flags |= MSGFLAG_SUBMIT | MSGFLAG_UNSENT;
    return flags;
}

/* After the commit: what is in memory becomes what was written. Cannot fail. */
static void settle(struct message *message, const struct tree_message *written, const int64_t *slot_rows)
{
    struct slot_list *list = &message->body.slots;
    struct holder *props = &message->host.props;
    size_t kept = 0;
    size_t i;

    for (i = 0; i < list->count; i++) {
        struct slot slot = list->items[i];

        attachment_node_unref(slot.node);
        slot.node = NULL;
        slot.row = slot_rows[i];
        /* A slot that is numbered but not saved yet waits for its attachment. */
        if (!slot.removed)
            list->items[kept++] = slot;
    }
    list->count = kept;
    list->changed = false;
    message->body.recipients.changed = false;
    holder_settle(props);
    holder_poke_long(props, PR_MESSAGE_SIZE, written->size > UINT32_MAX ? UINT32_MAX : (ULONG)written->size);
    holder_poke_long(props, PR_MESSAGE_FLAGS, written->flags);
    holder_poke_time(props, PR_LAST_MODIFICATION_TIME, written->modified);
    message->host.place.row = written->row;
    message->edits++;
    message->seen = 0; /* others may have changed the read flag: look when asked */
}

/* New mail is a message that has come from elsewhere: one saved for the first time, in the folder that receives its
 * class, and not as something still to be sent (docs/decisions.md). */
static HRESULT announce_mail(const struct message *message, const struct tree_message *written)
{
    struct store *store = message->host.store;
    const struct prop_entry *class = prop_bag_find(&message->host.props.bag, PR_MESSAGE_CLASS_W);
    bool receives = false;
    HRESULT hr;

    if (written->associated || (written->flags & MSGFLAG_UNSENT) != 0)
        return S_OK;
    hr = receive_folder_is(store, written->folder, class != NULL ? class->bytes : NULL, class != NULL ? class->size : 0,
                           &receives);
    return SUCCEEDED(hr) && receives ? event_new_mail(store, written->row) : hr;
}

static HRESULT write_message(struct message *message, ULONG flags, const ULONG *submit_flags,
                             struct tree_message *written, struct stored_state *state, int64_t *slot_rows)
{
    struct store *store = message->host.store;
    HRESULT hr = store_begin(store);
    bool fresh;

    if (FAILED(hr))
        return hr;
    fresh = written->row == 0;
    hr = check_state(message, flags, state);
    if (SUCCEEDED(hr) && !fresh && state->version != message->version)
        hr = message_force(message);
    if (SUCCEEDED(hr))
        hr = tree_write(store, written, slot_rows);
    if (SUCCEEDED(hr) && submit_flags != NULL)
        hr = outgoing_add(store, written->row, *submit_flags);
    if (SUCCEEDED(hr))
        hr = event_message(store, fresh ? fnevObjectCreated : fnevObjectModified, written->row);
    if (SUCCEEDED(hr) && fresh && submit_flags == NULL)
        hr = announce_mail(message, written);
    return store_end_transaction(store, hr);
}

static HRESULT save_in_folder(struct message *message, ULONG flags, const ULONG *submit_flags)
{
    struct store *store = message->host.store;
    struct tree_message written;
    struct stored_state state;
    int64_t delivery = holder_time(&message->host.props, PR_MESSAGE_DELIVERY_TIME, NO_TIME);
    int64_t *slot_rows = malloc((message->body.slots.count + 1) * sizeof *slot_rows);
    bool fresh = message->host.place.row == 0;
    HRESULT hr;

    if (slot_rows == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memset(&written, 0, sizeof written);
    written.props = &message->host.props;
    written.body = &message->body;
    written.row = message->host.place.row;
    written.folder = message->folder;
    written.associated = message->associated;
    written.flags = saved_flags(message, submit_flags != NULL);
    written.modified = filetime_now();
    hr = write_message(message, flags, submit_flags, &written, &state, slot_rows);
    if (SUCCEEDED(hr)) {
        settle(message, &written, slot_rows);
        message->version = fresh ? 1 : (int64_t)((uint64_t)state.version + 1);
        message_untouch(message);
        if (!fresh && state.delivery_time != delivery)
            changes_rekeyed(store->changes, written.row, state.delivery_time, delivery);
    }
    free(slot_rows);
    return hr;
}

/* Publishes the working copy as a node of the attachment. */
static HRESULT save_in_attachment(struct message *message)
{
    struct attach *owner = message->owner;
    struct message_node *node = calloc(1, sizeof *node);
    HRESULT hr;

    if (node == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    atomic_init(&node->refs, 1);
    holder_poke_long(&message->host.props, PR_MESSAGE_FLAGS, saved_flags(message, false));
    holder_poke_time(&message->host.props, PR_LAST_MODIFICATION_TIME, filetime_now());
    hr = holder_copy(&node->props, &message->host.props);
    if (SUCCEEDED(hr))
        hr = body_copy(&node->body, &message->body);
    if (SUCCEEDED(hr) && !owner->host.writable)
        hr = fail(MAPI_E_NO_ACCESS, "The attachment was opened for reading.");
    if (FAILED(hr)) {
        message_node_unref(node);
        return hr;
    }
    node->row = message->host.place.row;
    node->size = holder_size(&node->props) + body_size(&node->body);
    holder_poke_long(&message->host.props, PR_MESSAGE_SIZE, node->size > UINT32_MAX ? UINT32_MAX : (ULONG)node->size);
    message_node_unref(owner->embedded);
    owner->embedded = node;
    owner->embedded_dropped = false;
    attach_touch(owner);
    message_untouch(message);
    return S_OK;
}

/* Nothing to write: but a message that is gone has to say so. */
static HRESULT check_unchanged(struct message *message)
{
    struct stored_state state;

    return message->folder == 0 ? S_OK : read_state(message->host.store, message->host.place.row, &state);
}

static HRESULT save(struct message *message, ULONG flags, const ULONG *submit_flags)
{
    bool fresh = message->host.place.row == 0;
    HRESULT hr;

    if (!message->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The message was opened for reading.");
    if (!message->changed && !fresh && submit_flags == NULL)
        return check_unchanged(message);
    hr = recipients_display(message);
    if (FAILED(hr))
        return hr;
    return message->owner != NULL ? save_in_attachment(message) : save_in_folder(message, flags, submit_flags);
}

HRESULT message_save(struct message *message, ULONG flags)
{
    return save(message, flags, NULL);
}

HRESULT message_save_submitted(struct message *message, ULONG submit_flags)
{
    return save(message, 0, &submit_flags);
}
