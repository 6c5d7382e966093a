/* The properties of an open message: which are worked out, which hang together, which may be set (declared in
 * message.h). */
#include <mapicode.h>
#include <mapitags.h>

#include "store/columns.h"
#include "store/entryid.h"
#include "store/outgoing.h"
#include "store/subject.h"

/* The flags and the status can be changed by others without touching the version; they are read anew after any
 * change. */
void message_refresh_flags(struct message *message)
{
    struct store *store = message->host.store;
    uint64_t now = changes_count(store->changes);
    sqlite3_stmt *statement;

    if (message->host.place.row == 0 || message->folder == 0 || message->seen == now)
        return;
    if (FAILED(database_prepare(store->db, "SELECT flags, status FROM message WHERE id = ?1", &statement)))
        return;
    sqlite3_bind_int64(statement, 1, message->host.place.row);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        holder_poke_long(&message->host.props, PR_MESSAGE_FLAGS, (ULONG)sqlite3_column_int64(statement, 0));
        holder_poke_long(&message->host.props, PR_MSG_STATUS, (ULONG)sqlite3_column_int64(statement, 1));
        message->seen = now;
    }
    database_done(statement);
}

HRESULT message_folder(struct store *store, int64_t row, int64_t *folder)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT folder FROM message WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The message's folder could not be read");
    if (rc == SQLITE_ROW)
        *folder = sqlite3_column_int64(statement, 0);
    database_done(statement);
    return rc == SQLITE_DONE ? MAPI_E_NOT_FOUND : hr;
}

/* The folder of a saved message may have become another (imapifolder-copymessages.md, MESSAGE_MOVE). Other processes
 * move messages too, so only the database knows. A message that has been deleted was last where it was last seen. */
static HRESULT find_folder(struct message *message)
{
    HRESULT hr = S_OK;

    if (message->host.place.row != 0)
        hr = message_folder(message->host.store, message->host.place.row, &message->folder);
    return hr == MAPI_E_NOT_FOUND ? S_OK : hr;
}

/* Properties of a message that is in a folder and saved. */
static HRESULT get_identity(struct message *message, ULONG tag, void *head, SPropValue *out)
{
    struct host *host = &message->host;
    unsigned char key[INSTANCE_KEY_SIZE];

    if (message->folder == 0)
        return MAPI_E_NOT_FOUND;
    if (PROP_ID(tag) == PROP_ID(PR_PARENT_ENTRYID)) {
        HRESULT hr = find_folder(message);

        return FAILED(hr) ? hr : value_entryid(host->store, tag, MAPI_FOLDER, message->folder, head, out);
    }
    if (host->place.row == 0)
        return MAPI_E_NOT_FOUND;
    if (PROP_ID(tag) != PROP_ID(PR_INSTANCE_KEY))
        return value_entryid(host->store, tag, MAPI_MESSAGE, host->place.row, head, out);
    instance_key_make(host->place.row, key);
    return value_binary(tag, key, sizeof key, head, out);
}

/* Only what is in the outgoing queue has them. */
static HRESULT get_submit_flags(struct message *message, ULONG tag, SPropValue *out)
{
    ULONG flags;
    HRESULT hr = outgoing_flags(message->host.store, message->host.place.row, &flags);

    return FAILED(hr) ? hr : value_long(tag, flags, out);
}

static HRESULT get_computed(struct message *message, ULONG tag, void *head, SPropValue *out)
{
    struct host *host = &message->host;

    switch (PROP_ID(tag)) {
    case PROP_ID(PR_ENTRYID):
    case PROP_ID(PR_RECORD_KEY):
    case PROP_ID(PR_INSTANCE_KEY):
    case PROP_ID(PR_PARENT_ENTRYID):
        return get_identity(message, tag, head, out);
    case PROP_ID(PR_ACCESS):
        return value_long(
            tag, host->store->writable ? MAPI_ACCESS_MODIFY | MAPI_ACCESS_READ | MAPI_ACCESS_DELETE : MAPI_ACCESS_READ,
            out);
    case PROP_ID(PR_HASATTACH):
        return value_boolean(tag, (holder_long(&host->props, PR_MESSAGE_FLAGS, 0) & MSGFLAG_HASATTACH) != 0, out);
    case PROP_ID(PR_SUBMIT_FLAGS):
        return get_submit_flags(message, tag, out);
    default:
        return value_common(host, tag, MAPI_MESSAGE, head, out);
    }
}

static bool is_computed_here(ULONG tag)
{
    switch (PROP_ID(tag)) {
    case PROP_ID(PR_ENTRYID):
    case PROP_ID(PR_RECORD_KEY):
    case PROP_ID(PR_INSTANCE_KEY):
    case PROP_ID(PR_PARENT_ENTRYID):
    case PROP_ID(PR_ACCESS):
    case PROP_ID(PR_HASATTACH):
    case PROP_ID(PR_SUBMIT_FLAGS):
    case PROP_ID(PR_STORE_ENTRYID):
    case PROP_ID(PR_STORE_RECORD_KEY):
    case PROP_ID(PR_MAPPING_SIGNATURE):
    case PROP_ID(PR_OBJECT_TYPE):
    case PROP_ID(PR_ACCESS_LEVEL):
        return true;
    default:
        return false;
    }
}

bool message_is_computed(ULONG tag)
{
    switch (PROP_ID(tag)) {
    case PROP_ID(PR_MESSAGE_SIZE):
    case PROP_ID(PR_MSG_STATUS):
    case PROP_ID(PR_DISPLAY_TO_W):
    case PROP_ID(PR_DISPLAY_CC_W):
    case PROP_ID(PR_DISPLAY_BCC_W):
    case PROP_ID(PR_SEARCH_KEY):
    case PROP_ID(PR_CREATION_TIME):
    case PROP_ID(PR_LAST_MODIFICATION_TIME):
    case PROP_ID(PR_SUBJECT_PREFIX_LENGTH):
        return true;
    default:
        return is_computed_here(tag);
    }
}

HRESULT message_get(void *self, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    struct message *message = self;
    struct host *host = &message->host;
    ULONG id = PROP_ID(tag);

    if (is_computed_here(tag))
        return value_checked(get_computed(message, tag, head, out), tag, out);
    if (id == PROP_ID(PR_SUBJECT_PREFIX_W) || id == PROP_ID(PR_NORMALIZED_SUBJECT_W))
        return subject_get(&host->props, host->store, host->place, tag, flags, head, out);
    if (id == PROP_ID(PR_MESSAGE_FLAGS) || id == PROP_ID(PR_MSG_STATUS))
        message_refresh_flags(message);
    return holder_get(&host->props, host->store, host->place, tag, flags, head, out);
}

HRESULT message_list(void *self, struct prop_tag_list *out)
{
    static const ULONG always[] = {
        PR_ACCESS,        PR_ACCESS_LEVEL,     PR_HASATTACH,          PR_MAPPING_SIGNATURE,  PR_OBJECT_TYPE,
        PR_STORE_ENTRYID, PR_STORE_RECORD_KEY, PR_MESSAGE_RECIPIENTS, PR_MESSAGE_ATTACHMENTS};
    static const ULONG saved[] = {PR_ENTRYID, PR_RECORD_KEY, PR_INSTANCE_KEY};
    struct message *message = self;
    const struct prop_bag *bag = &message->host.props.bag;
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < bag->count && SUCCEEDED(hr); i++)
        if (PROP_ID(bag->items[i].tag) < PROP_ID_SECURE_MIN || PROP_ID(bag->items[i].tag) > PROP_ID_SECURE_MAX)
            hr = prop_tag_list_add(out, bag->items[i].tag);
    for (i = 0; i < sizeof always / sizeof always[0] && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, always[i]);
    for (i = 0;
         i < sizeof saved / sizeof saved[0] && SUCCEEDED(hr) && message->folder != 0 && message->host.place.row != 0;
         i++)
        hr = prop_tag_list_add(out, saved[i]);
    if (SUCCEEDED(hr) && message->folder != 0)
        hr = prop_tag_list_add(out, PR_PARENT_ENTRYID);
    if (SUCCEEDED(hr) && holder_has(&message->host.props, PR_SUBJECT_W)) {
        hr = prop_tag_list_add(out, PR_SUBJECT_PREFIX_W);
        if (SUCCEEDED(hr))
            hr = prop_tag_list_add(out, PR_NORMALIZED_SUBJECT_W);
    }
    return hr;
}

/* Clients say what the flags are until the first save; then they are the store's
 * (pidtagmessageflags-canonical-property.md). Importing sets the report flags, too. */
static HRESULT set_flags(struct message *message, const SPropValue *value)
{
    static const ULONG theirs =
        MSGFLAG_READ | MSGFLAG_UNSENT | MSGFLAG_FROMME | MSGFLAG_RESEND | MSGFLAG_RN_PENDING | MSGFLAG_NRN_PENDING;
    struct holder *props = &message->host.props;
    ULONG flags = holder_long(props, PR_MESSAGE_FLAGS, 0);

    if (PROP_TYPE(value->ulPropTag) != PT_LONG)
        return MAPI_E_INVALID_TYPE;
    if (message->host.place.row != 0)
        return MAPI_E_COMPUTED;
    holder_poke_long(props, PR_MESSAGE_FLAGS, (flags & ~theirs) | (value->Value.ul & theirs));
    return S_OK;
}

/* A search key is the store's choice, but who files a message away may say which one it is a copy of, until it is saved for
 * the first time (docs/decisions.md). */
static HRESULT set_search_key(struct message *message, const SPropValue *value)
{
    if (value->ulPropTag != PR_SEARCH_KEY)
        return MAPI_E_INVALID_TYPE;
    if (message->host.place.row != 0 || value->Value.bin.cb == 0)
        return MAPI_E_COMPUTED;
    return holder_set(&message->host.props, value);
}

/* A property with a column has that column's type; of any other the client may change the type
 * (imapiprop-setprops.md). */
static HRESULT check_type(const SPropValue *value)
{
    const struct column *column = column_find(value->ulPropTag);
    ULONG type = PROP_TYPE(value->ulPropTag);

    if (column == NULL || type == PROP_TYPE(column->tag) ||
        (type == PT_STRING8 && PROP_TYPE(column->tag) == PT_UNICODE))
        return S_OK;
    return MAPI_E_UNEXPECTED_TYPE;
}

HRESULT message_set(void *self, const SPropValue *value)
{
    struct message *message = self;
    struct host *host = &message->host;
    HRESULT hr;

    if (PROP_ID(value->ulPropTag) == PROP_ID(PR_SEARCH_KEY))
        return set_search_key(message, value);
    if (message_is_computed(value->ulPropTag))
        return MAPI_E_COMPUTED;
    if (subject_is(value->ulPropTag))
        return subject_set(&host->props, host->store, host->place, value);
    if (PROP_ID(value->ulPropTag) == PROP_ID(PR_MESSAGE_FLAGS))
        return set_flags(message, value);
    hr = check_type(value);
    return FAILED(hr) ? hr : holder_set(&host->props, value);
}

HRESULT message_remove(void *self, ULONG tag)
{
    struct message *message = self;
    struct host *host = &message->host;

    if (message_is_computed(tag) || PROP_ID(tag) == PROP_ID(PR_MESSAGE_FLAGS))
        return MAPI_E_COMPUTED;
    if (subject_is(tag))
        return subject_remove(&host->props, host->store, host->place, tag);
    return holder_remove(&host->props, tag);
}
