/* A message's recipients: ModifyRecipients, the recipient table, the display names (declared in message.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "base/propvalue.h"
#include "store/message_table.h"

/* The entry's PR_ROWID, or NULL. */
static const SPropValue *find_row(const ADRENTRY *entry)
{
    ULONG i;

    for (i = 0; i < entry->cValues; i++)
        if (entry->rgPropVals[i].ulPropTag == PR_ROWID)
            return &entry->rgPropVals[i];
    return NULL;
}

/* imessage-modifyrecipients.md: PT_NULL is an error; PR_ROWID belongs to changing and removing, and to nothing else. */
static HRESULT check_entry(const ADRENTRY *entry, bool existing)
{
    ULONG i;

    if (entry->cValues == 0)
        return S_OK;
    if (entry->rgPropVals == NULL)
        return MAPI_E_INVALID_PARAMETER;
    for (i = 0; i < entry->cValues; i++) {
        const SPropValue *value = &entry->rgPropVals[i];
        ULONG type = PROP_TYPE(value->ulPropTag);
        HRESULT hr;

        if (type == PT_ERROR)
            continue;
        if (type == PT_NULL || !prop_type_is_storable(value->ulPropTag))
            return fail(MAPI_E_INVALID_PARAMETER, "A recipient has a property of a type that cannot be stored.");
        if (PROP_ID(value->ulPropTag) == PROP_ID(PR_RECIPIENT_TYPE) && type != PT_LONG)
            return fail(MAPI_E_INVALID_PARAMETER, "PR_RECIPIENT_TYPE must be a PT_LONG.");
        hr = prop_value_check(value);
        if (FAILED(hr))
            return hr;
    }
    if ((find_row(entry) != NULL) != existing)
        return fail(MAPI_E_INVALID_PARAMETER, existing ? "A recipient to be changed or removed has no PR_ROWID."
                                                       : "A recipient to be added already has a PR_ROWID.");
    return S_OK;
}

static HRESULT check_list(ULONG flags, const ADRLIST *list)
{
    bool existing = (flags & (MODRECIP_MODIFY | MODRECIP_REMOVE)) != 0;
    HRESULT hr = S_OK;
    ULONG i;

    if ((flags & ~(MODRECIP_ADD | MODRECIP_MODIFY | MODRECIP_REMOVE)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (list == NULL || (flags & (flags - 1)) != 0)
        return MAPI_E_INVALID_PARAMETER;
    for (i = 0; i < list->cEntries && SUCCEEDED(hr); i++)
        hr = check_entry(&list->aEntries[i], existing);
    return hr;
}

static HRESULT fill_recipient(const ADRENTRY *entry, struct prop_bag *props)
{
    static const unsigned char to[4] = {MAPI_TO, 0, 0, 0};
    HRESULT hr = prop_bag_set_payload(props, PR_RECIPIENT_TYPE, to, sizeof to);
    ULONG i;

    for (i = 0; i < entry->cValues && SUCCEEDED(hr); i++) {
        const SPropValue *value = &entry->rgPropVals[i];
        ULONG id = PROP_ID(value->ulPropTag);

        if (PROP_TYPE(value->ulPropTag) != PT_ERROR && id != PROP_ID(PR_ROWID) && id != PROP_ID(PR_INSTANCE_KEY))
            hr = prop_bag_set(props, value);
    }
    return hr;
}

/* Appends the entries; what was appended before a failure is taken away again. */
static HRESULT add(struct body *body, const ADRLIST *list, uint64_t stamp)
{
    struct recipient_list *recipients = &body->recipients;
    size_t before = recipients->count;
    ULONG next_row = recipients->next_row;
    HRESULT hr = S_OK;
    ULONG i;

    for (i = 0; i < list->cEntries && SUCCEEDED(hr); i++) {
        if (list->aEntries[i].cValues == 0)
            continue;
        hr = body_reserve_recipient(body);
        if (FAILED(hr))
            break;
        recipients->items[recipients->count].row = recipients->next_row++;
        recipients->items[recipients->count].edited = stamp;
        hr = fill_recipient(&list->aEntries[i], &recipients->items[recipients->count++].props);
    }
    if (FAILED(hr)) {
        while (recipients->count > before)
            recipient_clear(&recipients->items[--recipients->count]);
        recipients->next_row = next_row;
    }
    return hr;
}

static HRESULT replace(struct body *body, const ADRLIST *list, uint64_t stamp)
{
    struct body fresh;
    struct recipient_list keep;
    HRESULT hr;

    body_init_new(&fresh);
    hr = add(&fresh, list, stamp);
    keep = body->recipients;
    if (SUCCEEDED(hr)) {
        body->recipients = fresh.recipients;
        fresh.recipients = keep;
    }
    body_clear(&fresh);
    return hr;
}

static HRESULT check_rows(struct body *body, const ADRLIST *list)
{
    ULONG i;

    for (i = 0; i < list->cEntries; i++) {
        const ADRENTRY *entry = &list->aEntries[i];

        if (entry->cValues != 0 && body_recipient(body, find_row(entry)->Value.ul) == NULL)
            return fail(MAPI_E_NOT_FOUND, "The message has no recipient with PR_ROWID %u.",
                        (unsigned)find_row(entry)->Value.ul);
    }
    return S_OK;
}

/* Replaces whole rows; all new ones are made before the first is put in place. */
static HRESULT change(struct body *body, const ADRLIST *list, uint64_t stamp)
{
    struct prop_bag *bags = calloc(list->cEntries + 1, sizeof *bags);
    HRESULT hr = bags == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : check_rows(body, list);
    ULONG i;

    for (i = 0; i < list->cEntries && SUCCEEDED(hr); i++)
        if (list->aEntries[i].cValues != 0)
            hr = fill_recipient(&list->aEntries[i], &bags[i]);
    for (i = 0; i < list->cEntries && bags != NULL; i++) {
        if (SUCCEEDED(hr) && list->aEntries[i].cValues != 0) {
            struct recipient *recipient = body_recipient(body, find_row(&list->aEntries[i])->Value.ul);
            struct prop_bag old = recipient->props;

            recipient->props = bags[i];
            recipient->edited = stamp;
            bags[i] = old;
        }
        prop_bag_clear(&bags[i]);
    }
    free(bags);
    return hr;
}

static HRESULT take_away(struct body *body, const ADRLIST *list)
{
    struct recipient_list *recipients = &body->recipients;
    HRESULT hr = check_rows(body, list);
    ULONG i;

    for (i = 0; i < list->cEntries && SUCCEEDED(hr); i++) {
        struct recipient *recipient =
            list->aEntries[i].cValues == 0 ? NULL : body_recipient(body, find_row(&list->aEntries[i])->Value.ul);

        if (recipient == NULL)
            continue;
        recipient_clear(recipient);
        memmove(recipient, recipient + 1,
                (size_t)(recipients->items + recipients->count - (recipient + 1)) * sizeof *recipient);
        recipients->count--;
    }
    return hr;
}

HRESULT recipients_modify(struct message *message, ULONG flags, const ADRLIST *list)
{
    struct body *body = &message->body;
    HRESULT hr = check_list(flags, list);

    if (FAILED(hr))
        return hr;
    if (!message->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The message was opened for reading.");
    if (flags != 0)
        hr = body_load_recipients(body, message->host.store, message->host.place.row);
    if (FAILED(hr))
        return hr;
    if (flags == 0)
        hr = replace(body, list, message->edits + 1);
    else if (flags == MODRECIP_ADD)
        hr = add(body, list, message->edits + 1);
    else if (flags == MODRECIP_MODIFY)
        hr = change(body, list, message->edits + 1);
    else
        hr = take_away(body, list);
    if (SUCCEEDED(hr)) {
        body->recipients.changed = true;
        message_touch(message);
    }
    return hr;
}

static ULONG type_of(const struct recipient *recipient)
{
    const struct prop_entry *entry = prop_bag_find(&recipient->props, PR_RECIPIENT_TYPE);

    /* The high bits say how far delivery has come (P1, submitted). */
    return entry == NULL ? MAPI_TO : bytes_get_u32(entry->bytes) & 0x0FFFFFFF;
}

/* The name to show: the display name, else the address. */
static const struct prop_entry *name_of(const struct recipient *recipient)
{
    const struct prop_entry *entry = prop_bag_find(&recipient->props, PR_DISPLAY_NAME_W);

    if (entry == NULL || entry->tag != PR_DISPLAY_NAME_W || entry->size == 0)
        entry = prop_bag_find(&recipient->props, PR_EMAIL_ADDRESS_W);
    return entry == NULL || PROP_TYPE(entry->tag) != PT_UNICODE || entry->size == PROP_EXTERNAL ? NULL : entry;
}

static HRESULT set_display(struct message *message, ULONG tag, ULONG type)
{
    const struct recipient_list *list = &message->body.recipients;
    struct byte_buffer text;
    HRESULT hr = S_OK;
    size_t i;

    byte_buffer_init(&text);
    for (i = 0; i < list->count && SUCCEEDED(hr); i++) {
        const struct prop_entry *name = type_of(&list->items[i]) == type ? name_of(&list->items[i]) : NULL;

        if (name == NULL)
            continue;
        if (text.size > 0)
            hr = byte_buffer_append(&text, "; ", 2);
        if (SUCCEEDED(hr))
            hr = byte_buffer_append(&text, name->bytes, name->size);
    }
    if (SUCCEEDED(hr))
        hr = holder_set_payload(&message->host.props, tag, text.size == 0 ? (const void *)"" : text.bytes, text.size);
    byte_buffer_free(&text);
    return hr;
}

/* PR_DISPLAY_TO, _CC and _BCC follow the recipients at each save. */
HRESULT recipients_display(struct message *message)
{
    HRESULT hr;

    if (!message->body.recipients.changed && message->host.place.row != 0)
        return S_OK;
    hr = set_display(message, PR_DISPLAY_TO_W, MAPI_TO);
    if (SUCCEEDED(hr))
        hr = set_display(message, PR_DISPLAY_CC_W, MAPI_CC);
    if (SUCCEEDED(hr))
        hr = set_display(message, PR_DISPLAY_BCC_W, MAPI_BCC);
    return hr;
}

/* ---- the recipient table ---- */

static HRESULT list_recipients(struct live_table *table, struct list_items *out)
{
    struct message *message = message_of_table(table);
    const struct recipient_list *recipients = &message->body.recipients;
    HRESULT hr = body_load_recipients(&message->body, table->store, message->host.place.row);
    size_t i;

    for (i = 0; i < recipients->count && SUCCEEDED(hr); i++)
        hr = list_items_add(out, recipients->items[i].row, (int64_t)recipients->items[i].edited);
    return hr;
}

static HRESULT fill_row(struct live_table *table, const struct list_item *item)
{
    struct row_builder *row = &table->row;
    const struct recipient *recipient = body_recipient(&message_of_table(table)->body, (ULONG)item->id);
    unsigned char key[4];

    if (recipient == NULL)
        return MAPI_E_NOT_FOUND;
    bytes_put_u32(key, recipient->row);
    row_long(row, PR_ROWID, recipient->row);
    row_binary(row, PR_INSTANCE_KEY, key, sizeof key);
    row_bag(row, &recipient->props);
    row_long(row, PR_OBJECT_TYPE, MAPI_MAILUSER);
    row_long(row, PR_DISPLAY_TYPE, 0);
    row_boolean(row, PR_RESPONSIBILITY, false);
    return S_OK;
}

HRESULT recipients_table(struct message *message, ULONG flags, LPMAPITABLE *out)
{
    static const struct live_class class = {
        .key_size = 4,
        .version = message_table_version,
        .list = list_recipients,
        .fill = fill_row,
        .concerns = message_table_concerns,
        .check = message_table_check,
        .release = message_table_release,
    };
    static const ULONG columns[] = {PR_ROWID,           PR_RECIPIENT_TYPE, PR_DISPLAY_NAME_W, PR_ADDRTYPE_W,
                                    PR_EMAIL_ADDRESS_W, PR_ENTRYID,        PR_SEARCH_KEY,     PR_SMTP_ADDRESS_W,
                                    PR_OBJECT_TYPE,     PR_DISPLAY_TYPE,   PR_RESPONSIBILITY, PR_SEND_RICH_INFO,
                                    PR_INSTANCE_KEY};
    HRESULT hr;

    if ((flags & ~(MAPI_UNICODE | MAPI_DEFERRED_ERRORS)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = body_load_recipients(&message->body, message->host.store, message->host.place.row);
    return FAILED(hr) ? hr
                      : message_table_create(message, &class, columns, sizeof columns / sizeof columns[0], flags, out);
}
