/* The attachment table, and CopyTo's way with recipients, attachments and embedded messages (declared in message.h). */
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/propvalue.h"
#include "store/message.h"
#include "store/row_builder.h"

static void add_values(struct row_builder *row, const struct prop_bag *props, ULONG number, uint64_t size)
{
    unsigned char key[4];

    bytes_put_u32(key, number);
    row_begin(row);
    row_long(row, PR_ATTACH_NUM, number);
    row_long(row, PR_ATTACH_SIZE, size > UINT32_MAX ? UINT32_MAX : (ULONG)size);
    row_binary(row, PR_INSTANCE_KEY, key, sizeof key);
    row_binary(row, PR_RECORD_KEY, key, sizeof key);
    row_long(row, PR_OBJECT_TYPE, MAPI_ATTACH);
    row_bag(row, props);
}

static HRESULT add_stored(struct store *store, struct memtable *table, struct row_builder *row, const struct slot *slot)
{
    struct prop_bag props;
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT size, props FROM attachment WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    prop_bag_init(&props);
    sqlite3_bind_int64(statement, 1, slot->row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The attachments could not be read");
    if (rc == SQLITE_ROW)
        hr = prop_bag_decode(&props, sqlite3_column_blob(statement, 1), (size_t)sqlite3_column_bytes(statement, 1));
    if (rc == SQLITE_ROW && (SUCCEEDED(hr) || hr == MAPI_E_CORRUPT_DATA)) { /* damaged, but there */
        add_values(row, &props, slot->number, (uint64_t)sqlite3_column_int64(statement, 0));
        hr = row_end(row, table);
    }
    database_done(statement);
    prop_bag_clear(&props);
    return hr;
}

HRESULT attachments_table(struct message *message, ULONG flags, LPMAPITABLE *out)
{
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
    struct store *store = message->host.store;
    struct row_builder row;
    struct memtable *table;
    HRESULT hr;
    size_t i;

    if ((flags & ~(MAPI_UNICODE | MAPI_DEFERRED_ERRORS)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = body_load_slots(&message->body, store, message->host.place.row);
    if (SUCCEEDED(hr))
        hr = table_create(store, columns, sizeof columns / sizeof columns[0], flags, &table);
    if (FAILED(hr))
        return hr;
    memtable_refuse_bookmarks(table);
    memset(&row, 0, sizeof row);
    for (i = 0; i < message->body.slots.count && SUCCEEDED(hr); i++) {
        const struct slot *slot = &message->body.slots.items[i];

        if (slot->removed)
            continue;
        if (slot->node != NULL) {
            add_values(&row, &slot->node->props.bag, slot->number, slot->node->size);
            hr = row_end(&row, table);
        } else if (slot->row != 0) {
            hr = add_stored(store, table, &row, slot);
        }
    }
    row_free(&row);
    return table_finish(table, hr, out);
}

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
