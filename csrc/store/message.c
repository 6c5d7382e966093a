#include "store/message.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/columns.h"
#include "store/outgoing.h"
#include "store/progress.h"
#include "store/read_flags.h"

static const struct object_type message_type;
static const struct host_class message_class;

const GUID *const message_iids[] = {&IID_IMessage, &IID_IMAPIProp, NULL};

static struct message *of(IMessage *This)
{
    return (struct message *)(void *)This;
}

static struct message *from_host(void *host)
{
    return host;
}

HRESULT access_from_flags(struct store *store, ULONG flags, struct access *out)
{
    out->exclusive = (flags & MAPI_MODIFY) != 0;
    out->writable = store->writable && (flags & (MAPI_MODIFY | MAPI_BEST_ACCESS)) != 0;
    if (out->exclusive && !store->writable)
        return fail(MAPI_E_NO_ACCESS,
                    "The message store was opened for reading, so nothing in it can be opened for writing.");
    return S_OK;
}

HRESULT check_interface(LPCIID iid, const GUID *const *iids)
{
    size_t i;

    if (iid == NULL || memcmp(iid, &IID_IUnknown, sizeof *iid) == 0)
        return S_OK;
    for (i = 0; iids[i] != NULL; i++)
        if (memcmp(iid, iids[i], sizeof *iid) == 0)
            return S_OK;
    return MAPI_E_INTERFACE_NOT_SUPPORTED;
}

HRESULT value_checked(HRESULT hr, ULONG tag, const SPropValue *value)
{
    ULONG type = PROP_TYPE(tag);

    if (SUCCEEDED(hr) && type != PT_UNSPECIFIED && type != PROP_TYPE(value->ulPropTag))
        return MAPI_E_NOT_FOUND;
    return hr;
}

/* The list of messages opened with MAPI_MODIFY. */
static void hold(struct message *message)
{
    struct store *store = message->host.store;

    fork_mutex_lock(&store->list_lock);
    message->next_open = store->open_messages;
    message->link_open = &store->open_messages;
    if (message->next_open != NULL)
        message->next_open->link_open = &message->next_open;
    store->open_messages = message;
    fork_mutex_unlock(&store->list_lock);
}

static void let_go(struct message *message)
{
    struct store *store = message->host.store;

    if (message->link_open == NULL)
        return;
    fork_mutex_lock(&store->list_lock);
    *message->link_open = message->next_open;
    if (message->next_open != NULL)
        message->next_open->link_open = message->link_open;
    fork_mutex_unlock(&store->list_lock);
    message->link_open = NULL;
}

bool message_is_held(struct store *store, int64_t row)
{
    const struct message *message;

    fork_mutex_lock(&store->list_lock);
    for (message = store->open_messages; message != NULL; message = message->next_open)
        if (message->host.place.row == row)
            break;
    fork_mutex_unlock(&store->list_lock);
    return message != NULL;
}

void message_touch(struct message *message)
{
    if (!message->changed)
        atomic_fetch_add(&message->host.store->unsaved, 1);
    message->changed = true;
    message->edits++;
}

void message_untouch(struct message *message)
{
    if (message->changed)
        atomic_fetch_sub(&message->host.store->unsaved, 1);
    message->changed = false;
}

struct message *message_of_store(struct store *store, LPMESSAGE message)
{
    struct message *found = (struct message *)(void *)message;

    return found != NULL && found->host.object.vtbl == &message_vtbl && found->host.store == store ? found : NULL;
}

static void discard(struct message *message)
{
    holder_clear(&message->host.props);
    body_clear(&message->body);
    free(message);
}

/* Makes a filled message an object. */
static void come_alive(struct message *message, struct store *store, int64_t row, struct attach *owner, bool writable)
{
    host_init(&message->host, &message_type, &message_vtbl, &message_class, store, CHUNKS_OF_MESSAGE, row, writable);
    message->seen = changes_count(store->changes);
    message->owner = owner;
    if (owner != NULL)
        object_addref(&owner->host.object);
}

/* What every new message has (pidtagmessageflags-canonical-property.md; a message's class is IPM.Note until somebody
 * says otherwise). */
static HRESULT fill_new(struct message *message, struct store *store)
{
    static const char note[] = "IPM.Note";
    struct holder *props = &message->host.props;
    MAPIUID key;
    HRESULT hr = store->support->lpVtbl->NewUID(store->support, &key);

    if (SUCCEEDED(hr))
        hr = holder_set_payload(props, PR_MESSAGE_CLASS_W, note, sizeof note - 1);
    if (SUCCEEDED(hr))
        hr = holder_set_long(props, PR_MESSAGE_FLAGS, MSGFLAG_UNSENT);
    if (SUCCEEDED(hr))
        hr = holder_set_long(props, PR_MESSAGE_SIZE, 0);
    if (SUCCEEDED(hr))
        hr = holder_set_long(props, PR_MSG_STATUS, 0);
    if (SUCCEEDED(hr))
        hr = holder_set_time(props, PR_CREATION_TIME, filetime_now());
    if (SUCCEEDED(hr))
        hr = holder_set_time(props, PR_LAST_MODIFICATION_TIME, filetime_now());
    if (SUCCEEDED(hr))
        hr = holder_set_payload(props, PR_SEARCH_KEY, key.ab, sizeof key.ab);
    return hr;
}

HRESULT message_create(struct store *store, int64_t folder, bool associated, struct attach *owner, struct message **out)
{
    struct message *message = calloc(1, sizeof *message);
    HRESULT hr;

    *out = NULL;
    if (message == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    body_init_new(&message->body);
    message->folder = folder;
    message->associated = associated;
    hr = fill_new(message, store);
    if (FAILED(hr)) {
        discard(message);
        return hr;
    }
    if (associated)
        holder_poke_long(&message->host.props, PR_MESSAGE_FLAGS, MSGFLAG_UNSENT | MSGFLAG_ASSOCIATED);
    come_alive(message, store, 0, owner, true);
    *out = message;
    return S_OK;
}

static HRESULT load(struct store *store, int64_t row, struct message *message)
{
    static const char sql[] = "SELECT folder, associated, version, " MESSAGE_COLUMNS " FROM message WHERE id = ?1";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The message could not be opened");
    if (rc == SQLITE_DONE)
        hr = fail(MAPI_E_NOT_FOUND, "The message does not exist any more.");
    if (rc == SQLITE_ROW) {
        message->folder = sqlite3_column_int64(statement, 0);
        message->associated = sqlite3_column_int(statement, 1) != 0;
        message->version = sqlite3_column_int64(statement, 2);
        hr = message_props_read(statement, 3, &message->host.props);
    }
    database_done(statement);
    return hr;
}

HRESULT message_open(struct store *store, int64_t row, struct attach *owner, struct access access, struct message **out)
{
    struct message *message = calloc(1, sizeof *message);
    HRESULT hr;

    *out = NULL;
    if (message == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hr = load(store, row, message);
    if (SUCCEEDED(hr) && (message->folder == 0) != (owner != NULL))
        hr = fail(MAPI_E_NOT_FOUND, "Embedded messages are opened through their attachment.");
    if (SUCCEEDED(hr) && (holder_long(&message->host.props, PR_MESSAGE_FLAGS, 0) & MSGFLAG_SUBMIT) != 0) {
        if (access.exclusive && !store->spooler)
            hr = fail(MAPI_E_SUBMITTED, "The message has been submitted and cannot be changed any more.");
        access.writable = access.writable && store->spooler;
    }
    if (FAILED(hr)) {
        discard(message);
        return hr;
    }
    come_alive(message, store, row, owner, access.writable);
    message->exclusive = access.exclusive && owner == NULL;
    if (message->exclusive)
        hold(message);
    *out = message;
    return S_OK;
}

HRESULT message_open_node(struct store *store, struct message_node *node, struct attach *owner, bool writable,
                          struct message **out)
{
    struct message *message = calloc(1, sizeof *message);
    HRESULT hr;

    *out = NULL;
    if (message == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hr = holder_copy(&message->host.props, &node->props);
    if (SUCCEEDED(hr))
        hr = body_copy(&message->body, &node->body);
    if (FAILED(hr)) {
        discard(message);
        return hr;
    }
    come_alive(message, store, node->row, owner, writable);
    *out = message;
    return S_OK;
}

static void message_destroy(struct object *object)
{
    struct message *message = (struct message *)(void *)object;
    struct attach *owner = message->owner;

    let_go(message);
    message_untouch(message);
    body_clear(&message->body);
    host_destroy(&message->host);
    if (owner != NULL)
        object_release(&owner->host.object);
}

static const struct object_type message_type = {OBJECT_MESSAGE, message_iids, message_destroy, host_lifeline, NULL};

static void touched(struct host *host)
{
    message_touch(from_host(host));
}

static HRESULT save(struct host *host, ULONG flags)
{
    return message_save(from_host(host), flags);
}

/* Only Release is left of a message that has been submitted, and of everything opened through it. */
static HRESULT check(struct host *host)
{
    const struct message *message = from_host(host);

    while (!message->submitted && message->owner != NULL)
        message = message->owner->owner;
    return message->submitted ? fail(MAPI_E_INVALID_OBJECT, "The message has been submitted.") : S_OK;
}

static HRESULT open_object(struct host *host, ULONG tag, REFIID iid, ULONG options, ULONG flags, LPUNKNOWN *out)
{
    (void)flags;
    if (PROP_ID(tag) != PROP_ID(PR_MESSAGE_RECIPIENTS) && PROP_ID(tag) != PROP_ID(PR_MESSAGE_ATTACHMENTS))
        return MAPI_E_NOT_FOUND;
    if (memcmp(iid, &IID_IMAPITable, sizeof *iid) != 0)
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    if (PROP_ID(tag) == PROP_ID(PR_MESSAGE_RECIPIENTS))
        return recipients_table(from_host(host), options & MAPI_UNICODE, (LPMAPITABLE *)(void *)out);
    return attachments_table(from_host(host), options & MAPI_UNICODE, (LPMAPITABLE *)(void *)out);
}

static const struct host_class message_class = {
    {message_get, message_list, message_set, message_remove},
    message_is_computed,
    NULL,
    NULL,
    touched,
    save,
    open_object,
    message_iids,
    message_copy_object,
    check,
};

HOST_METHODS(message, IMessage)

static HRESULT STDMETHODCALLTYPE message_get_attachment_table(IMessage *This, ULONG flags, LPMAPITABLE *out)
{
    struct message *message = of(This);
    HRESULT hr = host_enter(&message->host);

    if (out != NULL)
        *out = NULL;
    if (FAILED(hr))
        return hr;
    hr = out == NULL ? MAPI_E_INVALID_PARAMETER : attachments_table(message, flags, out);
    host_leave(&message->host);
    return hr;
}

static HRESULT open_attach(struct message *message, ULONG number, LPCIID iid, ULONG flags, LPATTACH *out)
{
    struct attach *attach;
    bool writable = message->host.writable && (flags & (MAPI_MODIFY | MAPI_BEST_ACCESS)) != 0;
    HRESULT hr;

    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(MAPI_MODIFY | MAPI_BEST_ACCESS | MAPI_DEFERRED_ERRORS)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = check_interface(iid, attach_iids);
    if (FAILED(hr))
        return hr;
    if ((flags & MAPI_MODIFY) != 0 && !message->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The message was opened for reading.");
    hr = attach_open(message, number, writable, &attach);
    if (SUCCEEDED(hr))
        *out = (LPATTACH)(void *)attach;
    return hr;
}

static HRESULT STDMETHODCALLTYPE message_open_attach(IMessage *This, ULONG number, LPCIID iid, ULONG flags,
                                                     LPATTACH *out)
{
    struct message *message = of(This);
    HRESULT hr = host_enter(&message->host);

    if (out != NULL)
        *out = NULL;
    if (FAILED(hr))
        return hr;
    hr = open_attach(message, number, iid, flags, out);
    host_leave(&message->host);
    return hr;
}

static HRESULT create_attach(struct message *message, LPCIID iid, ULONG flags, ULONG *number, LPATTACH *out)
{
    struct attach *attach;
    HRESULT hr;

    if (out == NULL || number == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~MAPI_DEFERRED_ERRORS) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = check_interface(iid, attach_iids);
    if (FAILED(hr))
        return hr;
    if (!message->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The message was opened for reading.");
    hr = attach_create(message, &attach);
    if (FAILED(hr))
        return hr;
    *number = attach->number;
    *out = (LPATTACH)(void *)attach;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE message_create_attach(IMessage *This, LPCIID iid, ULONG flags, ULONG *number,
                                                       LPATTACH *out)
{
    struct message *message = of(This);
    HRESULT hr = host_enter(&message->host);

    if (out != NULL)
        *out = NULL;
    if (FAILED(hr))
        return hr;
    hr = create_attach(message, iid, flags, number, out);
    host_leave(&message->host);
    return hr;
}

static HRESULT delete_attach(struct message *message, ULONG number, ULONG flags)
{
    struct slot *slot;
    HRESULT hr;

    if ((flags & ~ATTACH_DIALOG) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (!message->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The message was opened for reading.");
    hr = body_load_slots(&message->body, message->host.store, message->host.place.row);
    if (FAILED(hr))
        return hr;
    slot = body_slot(&message->body, number);
    if (slot == NULL || (slot->row == 0 && slot->node == NULL))
        return fail(MAPI_E_NOT_FOUND, "The message has no attachment with number %u.", (unsigned)number);
    attachment_node_unref(slot->node);
    slot->node = NULL;
    slot->removed = true;
    message->body.slots.changed = true;
    message_touch(message);
    return S_OK;
}

static HRESULT enter_and_delete(struct message *message, ULONG number, ULONG flags)
{
    HRESULT hr = host_enter(&message->host);

    if (FAILED(hr))
        return hr;
    hr = delete_attach(message, number, flags);
    host_leave(&message->host);
    return hr;
}

static HRESULT STDMETHODCALLTYPE message_delete_attach(IMessage *This, ULONG number, ULONG_PTR ui,
                                                       LPMAPIPROGRESS progress, ULONG flags)
{
    struct progress shown;

    (void)ui;
    progress_begin(&shown, (flags & ATTACH_DIALOG) != 0, progress, 1);
    return progress_end(&shown, enter_and_delete(of(This), number, flags));
}

static HRESULT STDMETHODCALLTYPE message_get_recipient_table(IMessage *This, ULONG flags, LPMAPITABLE *out)
{
    struct message *message = of(This);
    HRESULT hr = host_enter(&message->host);

    if (out != NULL)
        *out = NULL;
    if (FAILED(hr))
        return hr;
    hr = out == NULL ? MAPI_E_INVALID_PARAMETER : recipients_table(message, flags, out);
    host_leave(&message->host);
    return hr;
}

static HRESULT STDMETHODCALLTYPE message_modify_recipients(IMessage *This, ULONG flags, LPADRLIST list)
{
    struct message *message = of(This);
    HRESULT hr = host_enter(&message->host);

    if (FAILED(hr))
        return hr;
    hr = recipients_modify(message, flags, list);
    host_leave(&message->host);
    return hr;
}

static HRESULT STDMETHODCALLTYPE message_submit_message(IMessage *This, ULONG flags)
{
    struct message *message = of(This);
    HRESULT hr = host_enter(&message->host);

    if (FAILED(hr))
        return hr;
    hr = outgoing_submit(message, flags);
    host_leave(&message->host);
    return hr;
}

/* What is not in the database yet is marked in memory. */
static HRESULT mark_here(struct message *message, const struct read_flag_change *change)
{
    struct holder *props = &message->host.props;

    message_touch(message);
    holder_poke_long(props, PR_MESSAGE_FLAGS, (holder_long(props, PR_MESSAGE_FLAGS, 0) & ~change->clear) | change->set);
    return S_OK;
}

static HRESULT mark_saved(struct message *message, const struct read_flag_change *change)
{
    static const unsigned char no = 0;
    struct host *host = &message->host;
    HRESULT hr = read_flag_apply(host->store, host->place.row, change);

    if (SUCCEEDED(hr) && change->refused && holder_has(&host->props, PR_READ_RECEIPT_REQUESTED))
        hr = holder_set_payload(&host->props, PR_READ_RECEIPT_REQUESTED, &no, sizeof no);
    message->seen = 0;
    message_refresh_flags(message);
    return hr;
}

static HRESULT set_read_flag(struct message *message, ULONG flags)
{
    struct host *host = &message->host;
    struct read_flag_change change;
    /* The dialog is SetReadFlags' alone (imessage-setreadflag.md). */
    HRESULT hr = (flags & MESSAGE_DIALOG) != 0 ? MAPI_E_UNKNOWN_FLAGS : read_flag_parse(flags, &change);

    if (FAILED(hr))
        return hr;
    if (!host->store->writable)
        return fail(MAPI_E_NO_ACCESS, "The message store was opened for reading.");
    message_refresh_flags(message);
    if ((holder_long(&host->props, PR_MESSAGE_FLAGS, 0) & MSGFLAG_SUBMIT) != 0)
        return fail(MAPI_E_SUBMITTED, "The message has been submitted, so it cannot be marked.");
    return message->folder != 0 && host->place.row != 0 ? mark_saved(message, &change) : mark_here(message, &change);
}

static HRESULT STDMETHODCALLTYPE message_set_read_flag(IMessage *This, ULONG flags)
{
    struct message *message = of(This);
    HRESULT hr = host_enter(&message->host);

    if (FAILED(hr))
        return hr;
    hr = set_read_flag(message, flags);
    host_leave(&message->host);
    return hr;
}

const IMessageVtbl message_vtbl = {
    HOST_SLOTS(message),       message_get_attachment_table, message_open_attach,
    message_create_attach,     message_delete_attach,        message_get_recipient_table,
    message_modify_recipients, message_submit_message,       message_set_read_flag,
};
