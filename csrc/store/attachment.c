/* IAttach (declared in message.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/message.h"
#include "store/tree.h"

static const struct object_type attach_type;
static const struct host_class attach_class;

const GUID *const attach_iids[] = {&IID_IAttachment, &IID_IMAPIProp, NULL};

static struct attach *from_host(void *host)
{
    return host;
}

void attach_touch(struct attach *attach)
{
    if (!attach->changed)
        atomic_fetch_add(&attach->host.store->unsaved, 1);
    attach->changed = true;
}

static void untouch(struct attach *attach)
{
    if (attach->changed)
        atomic_fetch_sub(&attach->host.store->unsaved, 1);
    attach->changed = false;
}

static void come_alive(struct attach *attach, struct message *owner, ULONG number, int64_t row, bool writable)
{
    host_init(&attach->host, &attach_type, &attach_vtbl, &attach_class, owner->host.store, CHUNKS_OF_ATTACHMENT, row,
              writable);
    attach->owner = owner;
    attach->number = number;
    object_addref(&owner->host.object);
}

static void discard(struct attach *attach)
{
    holder_clear(&attach->host.props);
    message_node_unref(attach->embedded);
    free(attach);
}

static HRESULT fill_new(struct attach *attach)
{
    struct holder *props = &attach->host.props;
    HRESULT hr = holder_set_time(props, PR_CREATION_TIME, filetime_now());

    if (SUCCEEDED(hr))
        hr = holder_set_time(props, PR_LAST_MODIFICATION_TIME, filetime_now());
    if (SUCCEEDED(hr))
        hr = holder_set_long(props, PR_RENDERING_POSITION, 0xFFFFFFFF);
    if (SUCCEEDED(hr))
        hr = holder_set_long(props, PR_ATTACH_METHOD, NO_ATTACHMENT);
    return hr;
}

HRESULT attach_create(struct message *owner, struct attach **out)
{
    struct attach *attach;
    struct slot *slot;
    HRESULT hr;

    *out = NULL;
    hr = body_load_slots(&owner->body, owner->host.store, owner->host.place.row);
    if (FAILED(hr))
        return hr;
    attach = calloc(1, sizeof *attach);
    if (attach == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hr = fill_new(attach);
    if (SUCCEEDED(hr))
        hr = body_add_slot(&owner->body, &slot);
    if (FAILED(hr)) {
        discard(attach);
        return hr;
    }
    come_alive(attach, owner, slot->number, 0, true);
    *out = attach;
    return S_OK;
}

static HRESULT load(struct store *store, int64_t row, struct attach *attach)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT props FROM attachment WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The attachment could not be opened");
    if (rc == SQLITE_ROW)
        hr = prop_bag_decode(&attach->host.props.bag, sqlite3_column_blob(statement, 0),
                             (size_t)sqlite3_column_bytes(statement, 0));
    else if (rc == SQLITE_DONE)
        hr = fail(MAPI_E_NOT_FOUND, "The attachment does not exist any more.");
    database_done(statement);
    return hr;
}

static HRESULT fill_from_node(struct attach *attach, struct attachment_node *node)
{
    HRESULT hr = holder_copy(&attach->host.props, &node->props);

    if (SUCCEEDED(hr) && node->embedded != NULL)
        attach->embedded = message_node_ref(node->embedded);
    attach->embedded_dropped = node->embedded_dropped;
    return hr;
}

HRESULT attach_open(struct message *owner, ULONG number, bool writable, struct attach **out)
{
    struct attach *attach;
    struct slot *slot;
    int64_t row;
    HRESULT hr = body_load_slots(&owner->body, owner->host.store, owner->host.place.row);

    *out = NULL;
    if (FAILED(hr))
        return hr;
    slot = body_slot(&owner->body, number);
    if (slot == NULL || (slot->row == 0 && slot->node == NULL))
        return fail(MAPI_E_NOT_FOUND, "The message has no attachment with number %u.", (unsigned)number);
    attach = calloc(1, sizeof *attach);
    if (attach == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    row = slot->node != NULL ? slot->node->row : slot->row;
    hr = slot->node != NULL ? fill_from_node(attach, slot->node) : load(owner->host.store, slot->row, attach);
    if (FAILED(hr)) {
        discard(attach);
        return hr;
    }
    come_alive(attach, owner, number, row, writable);
    *out = attach;
    return S_OK;
}

static void attach_destroy(struct object *object)
{
    struct attach *attach = (struct attach *)(void *)object;
    struct message *owner = attach->owner;

    untouch(attach);
    message_node_unref(attach->embedded);
    host_destroy(&attach->host);
    object_release(&owner->host.object);
}

static const struct object_type attach_type = {OBJECT_ATTACHMENT, attach_iids, attach_destroy, host_lifeline, NULL};

static bool is_computed(ULONG tag)
{
    switch (PROP_ID(tag)) {
    case PROP_ID(PR_ATTACH_NUM):
    case PROP_ID(PR_ATTACH_SIZE):
    case PROP_ID(PR_INSTANCE_KEY):
    case PROP_ID(PR_RECORD_KEY):
    case PROP_ID(PR_ACCESS):
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

HRESULT attachment_computed(ULONG tag, ULONG number, uint64_t size, void *head, SPropValue *out)
{
    unsigned char key[4];

    switch (PROP_ID(tag)) {
    case PROP_ID(PR_ATTACH_NUM):
        return value_long(tag, number, out);
    case PROP_ID(PR_ATTACH_SIZE):
        return value_long(tag, size > UINT32_MAX ? UINT32_MAX : (ULONG)size, out);
    case PROP_ID(PR_INSTANCE_KEY):
    case PROP_ID(PR_RECORD_KEY):
        bytes_put_u32(key, number);
        return value_binary(tag, key, sizeof key, head, out);
    default:
        return MAPI_E_NOT_FOUND;
    }
}

static uint64_t size_of(const struct attach *attach)
{
    return holder_size(&attach->host.props) + (attach->embedded != NULL ? attach->embedded->size : 0);
}

static HRESULT attach_get(void *self, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    struct attach *attach = from_host(self);
    struct host *host = &attach->host;
    HRESULT hr;

    if (!is_computed(tag))
        return holder_get(&host->props, host->store, host->place, tag, flags, head, out);
    if (PROP_ID(tag) == PROP_ID(PR_ACCESS))
        hr = value_long(tag, host->writable ? MAPI_ACCESS_MODIFY | MAPI_ACCESS_READ : MAPI_ACCESS_READ, out);
    else
        hr = value_common(host, tag, MAPI_ATTACH, head, out);
    if (hr == MAPI_E_NOT_FOUND)
        hr = attachment_computed(tag, attach->number, size_of(attach), head, out);
    return value_checked(hr, tag, out);
}

static HRESULT has_embedded(struct attach *attach, bool *has)
{
    int64_t row = 0;
    HRESULT hr = S_OK;

    if (attach->embedded == NULL && !attach->embedded_dropped && attach->host.place.row != 0)
        hr = tree_embedded(attach->host.store, attach->host.place.row, &row);
    *has = attach->embedded != NULL || row != 0;
    return hr;
}

static HRESULT attach_list(void *self, struct prop_tag_list *out)
{
    static const ULONG always[] = {PR_ATTACH_NUM,    PR_ATTACH_SIZE,     PR_INSTANCE_KEY,      PR_RECORD_KEY,
                                   PR_ACCESS,        PR_OBJECT_TYPE,     PR_MAPPING_SIGNATURE, PR_ACCESS_LEVEL,
                                   PR_STORE_ENTRYID, PR_STORE_RECORD_KEY};
    struct attach *attach = from_host(self);
    const struct prop_bag *bag = &attach->host.props.bag;
    bool has = false;
    HRESULT hr = has_embedded(attach, &has);
    size_t i;

    for (i = 0; i < bag->count && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, bag->items[i].tag);
    for (i = 0; i < sizeof always / sizeof always[0] && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, always[i]);
    if (SUCCEEDED(hr) && has)
        hr = prop_tag_list_add(out, PR_ATTACH_DATA_OBJ);
    return hr;
}

static HRESULT attach_set(void *self, const SPropValue *value)
{
    struct attach *attach = from_host(self);

    return is_computed(value->ulPropTag) ? MAPI_E_COMPUTED : holder_set(&attach->host.props, value);
}

static HRESULT attach_remove(void *self, ULONG tag)
{
    struct attach *attach = from_host(self);
    bool has = false;
    HRESULT hr;

    if (is_computed(tag))
        return MAPI_E_COMPUTED;
    hr = holder_remove(&attach->host.props, tag);
    if (hr != MAPI_E_NOT_FOUND || PROP_ID(tag) != PROP_ID(PR_ATTACH_DATA_OBJ))
        return hr;
    hr = has_embedded(attach, &has);
    if (FAILED(hr) || !has)
        return FAILED(hr) ? hr : MAPI_E_NOT_FOUND;
    message_node_unref(attach->embedded);
    attach->embedded = NULL;
    attach->embedded_dropped = true;
    return S_OK;
}

static void touched(struct host *host)
{
    attach_touch(from_host(host));
}

/* Publishes the working copy as a node of the message, which has to be saved in turn (imessage-createattach.md). */
static HRESULT save(struct host *host, ULONG flags)
{
    struct attach *attach = from_host(host);
    struct message *owner = attach->owner;
    struct attachment_node *node;
    HRESULT hr;

    (void)flags;
    if (!host->writable)
        return fail(MAPI_E_NO_ACCESS, "The attachment was opened for reading.");
    if (owner->submitted)
        return fail(MAPI_E_INVALID_OBJECT, "The message has been submitted.");
    node = calloc(1, sizeof *node);
    if (node == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    atomic_init(&node->refs, 1);
    hr = holder_copy(&node->props, &host->props);
    if (SUCCEEDED(hr)) {
        node->row = host->place.row;
        node->size = size_of(attach);
        node->embedded = attach->embedded != NULL ? message_node_ref(attach->embedded) : NULL;
        node->embedded_dropped = attach->embedded_dropped;
        hr = message_take_attachment(owner, attach->number, node);
    }
    if (FAILED(hr)) {
        attachment_node_unref(node);
        return hr;
    }
    untouch(attach);
    return S_OK;
}

HRESULT message_take_attachment(struct message *message, ULONG number, struct attachment_node *node)
{
    struct slot *slot = body_slot(&message->body, number);

    if (slot == NULL)
        return fail(MAPI_E_OBJECT_DELETED, "The attachment has been deleted from its message.");
    attachment_node_unref(slot->node);
    slot->node = node;
    message->body.slots.changed = true;
    message_touch(message);
    slot->edited = message->edits;
    return S_OK;
}

static HRESULT open_embedded(struct attach *attach, bool writable, struct message **out)
{
    struct store *store = attach->host.store;
    struct access access = {writable, false};
    int64_t row = 0;
    HRESULT hr;

    if (attach->embedded != NULL)
        return message_open_node(store, attach->embedded, attach, writable, out);
    if (attach->host.place.row == 0 || attach->embedded_dropped)
        return MAPI_E_NOT_FOUND;
    hr = tree_embedded(store, attach->host.place.row, &row);
    if (FAILED(hr) || row == 0)
        return FAILED(hr) ? hr : MAPI_E_NOT_FOUND;
    return message_open(store, row, attach, access, out);
}

static HRESULT open_object(struct host *host, ULONG tag, REFIID iid, ULONG options, ULONG flags, LPUNKNOWN *out)
{
    struct attach *attach = from_host(host);
    struct message *message = NULL;
    HRESULT hr;

    (void)options;
    if (PROP_ID(tag) != PROP_ID(PR_ATTACH_DATA_OBJ))
        return MAPI_E_NOT_FOUND;
    if (memcmp(iid, &IID_IMessage, sizeof *iid) != 0)
        return fail(MAPI_E_INTERFACE_NOT_SUPPORTED,
                    "An attached object can be opened as a message (IID_IMessage) only.");
    if ((flags & MAPI_CREATE) != 0)
        hr = message_create(host->store, 0, false, attach, &message);
    else
        hr = open_embedded(attach, (flags & MAPI_MODIFY) != 0, &message);
    if (SUCCEEDED(hr))
        *out = (LPUNKNOWN)(void *)message;
    return hr;
}

static HRESULT check(struct host *host)
{
    return from_host(host)->owner->submitted ? fail(MAPI_E_INVALID_OBJECT, "The message has been submitted.") : S_OK;
}

static const struct host_class attach_class = {
    {attach_get, attach_list, attach_set, attach_remove},
    is_computed,
    NULL,
    NULL,
    touched,
    save,
    open_object,
    attach_iids,
    attach_copy_object,
    check,
};

HOST_METHODS(attach, IAttach)

const IAttachVtbl attach_vtbl = {HOST_SLOTS(attach)};
