/* The attachment table, and CopyTo's way with recipients, attachments and embedded messages (declared in message.h). */
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/propvalue.h"
#include "store/message_table.h"

/* ---- the attachment table ---- */

/* What has been saved into the message, be the message saved or not; what has not is not listed (imessage-createattach.md). */
static HRESULT list_slots(struct live_table *table, struct list_items *out)
{
    struct message *message = message_of_table(table);
    const struct slot_list *slots = &message->body.slots;
    HRESULT hr = body_load_slots(&message->body, table->store, message->host.place.row);
    size_t i;

    for (i = 0; i < slots->count && SUCCEEDED(hr); i++)
        if (!slots->items[i].removed && (slots->items[i].node != NULL || slots->items[i].row != 0))
            hr = list_items_add(out, slots->items[i].number, (int64_t)slots->items[i].edited);
    return hr;
}

static void add_values(struct live_table *table, ULONG number, uint64_t size, int64_t chunks)
{
    struct row_builder *row = &table->row;
    unsigned char key[4];

    bytes_put_u32(key, number);
    row_long(row, PR_ATTACH_NUM, number);
    row_long(row, PR_ATTACH_SIZE, size > UINT32_MAX ? UINT32_MAX : (ULONG)size);
    row_binary(row, PR_INSTANCE_KEY, key, sizeof key);
    row_binary(row, PR_RECORD_KEY, key, sizeof key);
    row_long(row, PR_OBJECT_TYPE, MAPI_ATTACH);
    row_announce(row, &table->props->bag);
    table->place.kind = CHUNKS_OF_ATTACHMENT;
    table->place.row = chunks;
}

static HRESULT add_stored(struct live_table *table, const struct slot *slot)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(table->store->db, "SELECT size, props FROM attachment WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, slot->row);
    rc = sqlite3_step(statement);
    hr = database_error(table->store->db, rc, "The attachments could not be read");
    if (rc == SQLITE_ROW)
        hr = prop_bag_decode(&table->read.bag, sqlite3_column_blob(statement, 1),
                             (size_t)sqlite3_column_bytes(statement, 1));
    table->props = &table->read;
    if (hr == MAPI_E_CORRUPT_DATA) /* damaged, but there */
        hr = S_OK;
    if (rc == SQLITE_ROW && SUCCEEDED(hr))
        add_values(table, slot->number, (uint64_t)sqlite3_column_int64(statement, 0), slot->row);
    database_done(statement);
    return rc == SQLITE_DONE ? MAPI_E_NOT_FOUND : hr;
}

static HRESULT fill_row(struct live_table *table, const struct list_item *item)
{
    const struct slot *slot = body_slot(&message_of_table(table)->body, (ULONG)item->id);

    if (slot == NULL || (slot->node == NULL && slot->row == 0))
        return MAPI_E_NOT_FOUND;
    if (slot->node == NULL)
        return add_stored(table, slot);
    table->props = &slot->node->props;
    add_values(table, slot->number, slot->node->size, slot->node->row);
    return S_OK;
}

HRESULT attachments_table(struct message *message, ULONG flags, LPMAPITABLE *out)
{
    static const struct live_class class = {
        .no_bookmarks = true,
        .key_size = 4,
        .version = message_table_version,
        .list = list_slots,
        .fill = fill_row,
        .concerns = message_table_concerns,
        .check = message_table_check,
        .release = message_table_release,
    };
    static const ULONG columns[] = {PR_ATTACH_NUM,
                                    PR_INSTANCE_KEY,
                                    PR_RECORD_KEY,
                                    PR_RENDERING_POSITION,
                                    PR_ATTACH_METHOD,
                                    PR_ATTACH_FILENAME_W,
                                    PR_ATTACH_LONG_FILENAME_W,
                                    PR_DISPLAY_NAME_W,
                                    PR_ATTACH_EXTENSION_W,
                                    PR_ATTACH_MIME_TAG_W,
                                    PR_ATTACH_SIZE,
                                    PR_ATTACH_CONTENT_ID_W,
                                    PR_ATTACH_FLAGS,
                                    PR_CREATION_TIME,
                                    PR_LAST_MODIFICATION_TIME,
                                    PR_OBJECT_TYPE};
    HRESULT hr;

    if ((flags & ~(MAPI_UNICODE | MAPI_DEFERRED_ERRORS)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = body_load_slots(&message->body, message->host.store, message->host.place.row);
    return FAILED(hr) ? hr
                      : message_table_create(message, &class, columns, sizeof columns / sizeof columns[0], flags, out);
}

/* ---- copying ---- */

/* The destination's IMessage, or MAPI_E_INTERFACE_NOT_SUPPORTED. */
static HRESULT as_message(IMAPIProp *destination, LPMESSAGE *out)
{
    return destination->lpVtbl->QueryInterface(destination, &IID_IMessage, (void **)out);
}

/* A recipient as ModifyRecipients wants one, without its row number; entry->rgPropVals is one block. */
static HRESULT copy_recipient(const struct recipient *recipient, struct row_builder *row, ADRENTRY *entry)
{
    HRESULT hr;

    row_begin(row);
    row_bag(row, &recipient->props);
    if (FAILED(row->hr))
        return row->hr;
    hr = prop_values_duplicate(row->count, row->values, &entry->rgPropVals);
    if (SUCCEEDED(hr))
        entry->cValues = row->count;
    return hr;
}

static HRESULT copy_recipients(struct message *message, LPMESSAGE to)
{
    LPADRLIST list = NULL;
    struct row_builder row;
    HRESULT hr = body_load_recipients(&message->body, message->host.store, message->host.place.row);
    size_t count = message->body.recipients.count;
    size_t i;

    if (SUCCEEDED(hr))
        hr = MAPIAllocateBuffer((ULONG)CbNewADRLIST(count + 1), (void **)&list);
    if (FAILED(hr))
        return hr;
    memset(list, 0, CbNewADRLIST(count + 1));
    memset(&row, 0, sizeof row);
    list->cEntries = (ULONG)count;
    for (i = 0; i < count && SUCCEEDED(hr); i++)
        hr = copy_recipient(&message->body.recipients.items[i], &row, &list->aEntries[i]);
    row_free(&row);
    if (SUCCEEDED(hr))
        hr = to->lpVtbl->ModifyRecipients(to, 0, list);
    for (i = 0; i < count; i++)
        MAPIFreeBuffer(list->aEntries[i].rgPropVals);
    MAPIFreeBuffer(list);
    return hr;
}

static HRESULT copy_attachment(LPMESSAGE from, ULONG number, LPMESSAGE to)
{
    LPATTACH source = NULL;
    LPATTACH target = NULL;
    ULONG target_number;
    HRESULT hr = from->lpVtbl->OpenAttach(from, number, NULL, 0, &source);

    if (SUCCEEDED(hr))
        hr = to->lpVtbl->CreateAttach(to, NULL, 0, &target_number, &target);
    if (SUCCEEDED(hr))
        hr = source->lpVtbl->CopyTo(source, 0, NULL, NULL, 0, NULL, &IID_IAttachment, target, 0, NULL);
    if (SUCCEEDED(hr))
        hr = target->lpVtbl->SaveChanges(target, 0);
    if (target != NULL)
        target->lpVtbl->Release(target);
    if (source != NULL)
        source->lpVtbl->Release(source);
    return hr;
}

static HRESULT copy_attachments(struct message *message, LPMESSAGE to)
{
    HRESULT hr = body_load_slots(&message->body, message->host.store, message->host.place.row);
    size_t i;

    for (i = 0; i < message->body.slots.count && SUCCEEDED(hr); i++) {
        const struct slot *slot = &message->body.slots.items[i];

        if (!slot->removed && (slot->row != 0 || slot->node != NULL))
            hr = copy_attachment((LPMESSAGE)(void *)message, slot->number, to);
    }
    return hr;
}

HRESULT message_copy_object(void *host, ULONG tag, IMAPIProp *destination, ULONG flags)
{
    struct message *message = host;
    LPMESSAGE to = NULL;
    HRESULT hr = as_message(destination, &to);

    (void)flags;
    if (FAILED(hr))
        return hr;
    if (PROP_ID(tag) == PROP_ID(PR_MESSAGE_RECIPIENTS))
        hr = copy_recipients(message, to);
    else if (PROP_ID(tag) == PROP_ID(PR_MESSAGE_ATTACHMENTS))
        hr = copy_attachments(message, to);
    else
        hr = MAPI_E_NO_SUPPORT;
    to->lpVtbl->Release(to);
    return hr;
}

HRESULT attach_copy_object(void *host, ULONG tag, IMAPIProp *destination, ULONG flags)
{
    IMAPIProp *attach = host;
    LPMESSAGE from = NULL;
    LPMESSAGE to = NULL;
    HRESULT hr;

    (void)flags;
    if (PROP_ID(tag) != PROP_ID(PR_ATTACH_DATA_OBJ))
        return MAPI_E_NO_SUPPORT;
    hr = attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, (LPUNKNOWN *)(void *)&from);
    if (SUCCEEDED(hr))
        hr = destination->lpVtbl->OpenProperty(destination, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0,
                                               MAPI_CREATE | MAPI_MODIFY, (LPUNKNOWN *)(void *)&to);
    if (SUCCEEDED(hr))
        hr = from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, &IID_IMessage, to, 0, NULL);
    if (SUCCEEDED(hr))
        hr = to->lpVtbl->SaveChanges(to, 0);
    if (to != NULL)
        to->lpVtbl->Release(to);
    if (from != NULL)
        from->lpVtbl->Release(from);
    return hr;
}
