#include "store/body.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

void body_init_new(struct body *body)
{
    memset(body, 0, sizeof *body);
    body->recipients.loaded = true;
    body->slots.loaded = true;
}

void recipient_clear(struct recipient *recipient)
{
    prop_bag_clear(&recipient->props);
}

static void clear_recipients(struct recipient_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        recipient_clear(&list->items[i]);
    free(list->items);
    memset(list, 0, sizeof *list);
}

void body_clear(struct body *body)
{
    size_t i;

    clear_recipients(&body->recipients);
    for (i = 0; i < body->slots.count; i++)
        attachment_node_unref(body->slots.items[i].node);
    free(body->slots.items);
    memset(&body->slots, 0, sizeof body->slots);
}

static HRESULT copy_recipients(struct recipient_list *to, const struct recipient_list *from)
{
    HRESULT hr = S_OK;
    size_t i;

    *to = *from;
    to->items = NULL;
    to->count = to->capacity = 0;
    if (from->count == 0)
        return S_OK;
    to->items = calloc(from->count, sizeof *to->items);
    if (to->items == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    to->capacity = from->count;
    for (i = 0; i < from->count && SUCCEEDED(hr); i++) {
        to->items[i].row = from->items[i].row;
        hr = prop_bag_copy(&to->items[i].props, &from->items[i].props);
        to->count = i + 1;
    }
    return hr;
}

static HRESULT copy_slots(struct slot_list *to, const struct slot_list *from)
{
    size_t i;

    *to = *from;
    to->items = NULL;
    to->count = to->capacity = 0;
    if (from->count == 0)
        return S_OK;
    to->items = malloc(from->count * sizeof *to->items);
    if (to->items == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memcpy(to->items, from->items, from->count * sizeof *to->items);
    to->count = to->capacity = from->count;
    for (i = 0; i < to->count; i++)
        if (to->items[i].node != NULL)
            attachment_node_ref(to->items[i].node);
    return S_OK;
}

HRESULT body_copy(struct body *to, const struct body *from)
{
    struct body copy;
    HRESULT hr;

    memset(&copy, 0, sizeof copy);
    hr = copy_recipients(&copy.recipients, &from->recipients);
    if (SUCCEEDED(hr))
        hr = copy_slots(&copy.slots, &from->slots);
    if (FAILED(hr)) {
        body_clear(&copy);
        return hr;
    }
    body_clear(to);
    *to = copy;
    return S_OK;
}

HRESULT body_reserve_recipient(struct body *body)
{
    struct recipient_list *list = &body->recipients;
    size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
    struct recipient *items;

    if (list->count == list->capacity) {
        items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        list->items = items;
        list->capacity = capacity;
    }
    memset(&list->items[list->count], 0, sizeof *list->items);
    return S_OK;
}

static HRESULT reserve_slot(struct slot_list *list)
{
    size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
    struct slot *items;

    if (list->count < list->capacity)
        return S_OK;
    items = realloc(list->items, capacity * sizeof *items);
    if (items == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    list->items = items;
    list->capacity = capacity;
    return S_OK;
}

HRESULT body_add_slot(struct body *body, struct slot **out)
{
    struct slot_list *list = &body->slots;
    HRESULT hr = reserve_slot(list);

    if (FAILED(hr))
        return hr;
    *out = &list->items[list->count++];
    memset(*out, 0, sizeof **out);
    (*out)->number = list->next_number++;
    return S_OK;
}

/* The place of a number among items of a size that begin with theirs and ascend by it; count where it is not there. */
static size_t find_number(const void *items, size_t count, size_t size, ULONG number)
{
    size_t low = 0;
    size_t high = count;
    ULONG found = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        memcpy(&found, (const char *)items + middle * size, sizeof found);
        if (found < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < count)
        memcpy(&found, (const char *)items + low * size, sizeof found);
    return low < count && found == number ? low : count;
}

struct slot *body_slot(struct body *body, ULONG number)
{
    struct slot_list *list = &body->slots;
    size_t at = find_number(list->items, list->count, sizeof *list->items, number);

    return at < list->count && !list->items[at].removed ? &list->items[at] : NULL;
}

struct recipient *body_recipient(struct body *body, ULONG row)
{
    struct recipient_list *list = &body->recipients;
    size_t at = find_number(list->items, list->count, sizeof *list->items, row);

    return at < list->count ? &list->items[at] : NULL;
}

/* A text column of a recipient as the entry of its bag, with the text where SQLite has it; *count counts the entries that
 * are there. */
static HRESULT take_text(sqlite3_stmt *statement, int column, ULONG tag, struct prop_entry *entries, size_t *count)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    uint32_t size = (uint32_t)sqlite3_column_bytes(statement, column);

    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return S_OK;
    if (text == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    entries[(*count)++] = (struct prop_entry){tag, size, 0, size > 0 ? (unsigned char *)(uintptr_t)text : NULL};
    return S_OK;
}

static HRESULT take_recipient(sqlite3_stmt *statement, struct recipient *recipient)
{
    unsigned char type[4];
    struct prop_entry entries[3] = {{PR_RECIPIENT_TYPE, sizeof type, 0, type}};
    size_t count = 1;
    HRESULT hr = take_text(statement, 2, PR_DISPLAY_NAME_W, entries, &count);

    recipient->row = (ULONG)sqlite3_column_int64(statement, 0);
    bytes_put_u32(type, (uint32_t)sqlite3_column_int64(statement, 1));
    if (SUCCEEDED(hr))
        hr = take_text(statement, 3, PR_EMAIL_ADDRESS_W, entries, &count);
    return FAILED(hr) ? hr
                      : prop_bag_load(&recipient->props, sqlite3_column_blob(statement, 4),
                                      (size_t)sqlite3_column_bytes(statement, 4), entries, count);
}

HRESULT body_load_recipients(struct body *body, struct store *store, int64_t row)
{
    static const char sql[] = "SELECT row, type, name, address, props FROM recipient WHERE message = ?1 ORDER BY row";
    struct body fresh;
    struct recipient_list *list = &fresh.recipients;
    sqlite3_stmt *statement;
    HRESULT hr;
    int rc = SQLITE_OK;

    if (body->recipients.loaded)
        return S_OK;
    memset(&fresh, 0, sizeof fresh);
    hr = database_prepare(store->db, sql, &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        hr = body_reserve_recipient(&fresh);
        if (FAILED(hr))
            break;
        hr = take_recipient(statement, &list->items[list->count]);
        list->count++;
        list->next_row = list->items[list->count - 1].row + 1;
    }
    if (SUCCEEDED(hr))
        hr = database_error(store->db, rc, "The recipients could not be read");
    database_done(statement);
    if (FAILED(hr)) {
        clear_recipients(list);
        return hr;
    }
    list->loaded = true;
    body->recipients = *list;
    return S_OK;
}

HRESULT body_load_slots(struct body *body, struct store *store, int64_t row)
{
    struct slot_list list;
    sqlite3_stmt *statement;
    HRESULT hr;
    int rc = SQLITE_OK;

    if (body->slots.loaded)
        return S_OK;
    memset(&list, 0, sizeof list);
    hr =
        database_prepare(store->db, "SELECT id, number FROM attachment WHERE message = ?1 ORDER BY number", &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        hr = reserve_slot(&list);
        if (FAILED(hr))
            break;
        memset(&list.items[list.count], 0, sizeof *list.items);
        list.items[list.count].row = sqlite3_column_int64(statement, 0);
        list.items[list.count].number = (ULONG)sqlite3_column_int64(statement, 1);
        list.next_number = list.items[list.count++].number + 1;
    }
    if (SUCCEEDED(hr))
        hr = database_error(store->db, rc, "The attachments could not be read");
    database_done(statement);
    if (FAILED(hr)) {
        free(list.items);
        return hr;
    }
    list.loaded = true;
    body->slots = list;
    return S_OK;
}

uint64_t body_size(const struct body *body)
{
    uint64_t size = 0;
    size_t i;
    size_t j;

    for (i = 0; i < body->recipients.count; i++)
        for (j = 0; j < body->recipients.items[i].props.count; j++)
            size += body->recipients.items[i].props.items[j].size;
    for (i = 0; i < body->slots.count; i++)
        if (!body->slots.items[i].removed && body->slots.items[i].node != NULL)
            size += body->slots.items[i].node->size;
    return size;
}

struct attachment_node *attachment_node_ref(struct attachment_node *node)
{
    atomic_fetch_add(&node->refs, 1);
    return node;
}

struct message_node *message_node_ref(struct message_node *node)
{
    atomic_fetch_add(&node->refs, 1);
    return node;
}

/* Drops a message node's references to its attachments; those that nobody else holds are put before the chain, which is
 * returned. */
static struct attachment_node *unlink_attachments(struct message_node *node, struct attachment_node *chain)
{
    size_t i;

    for (i = 0; i < node->body.slots.count; i++) {
        struct attachment_node *child = node->body.slots.items[i].node;

        node->body.slots.items[i].node = NULL;
        if (child != NULL && atomic_fetch_sub(&child->refs, 1) == 1) {
            child->next = chain;
            chain = child;
        }
    }
    return chain;
}

/* Frees a message node that nobody refers to, but for the attachments it leaves to the chain. */
static struct attachment_node *free_message(struct message_node *node, struct attachment_node *chain)
{
    chain = unlink_attachments(node, chain);
    holder_clear(&node->props);
    body_clear(&node->body);
    free(node);
    return chain;
}

static void free_chain(struct attachment_node *chain)
{
    while (chain != NULL) {
        struct attachment_node *node = chain;
        struct message_node *embedded = node->embedded;

        chain = node->next;
        holder_clear(&node->props);
        free(node);
        if (embedded != NULL && atomic_fetch_sub(&embedded->refs, 1) == 1)
            chain = free_message(embedded, chain);
    }
}

void attachment_node_unref(struct attachment_node *node)
{
    if (node == NULL || atomic_fetch_sub(&node->refs, 1) != 1)
        return;
    node->next = NULL;
    free_chain(node);
}

void message_node_unref(struct message_node *node)
{
    if (node != NULL && atomic_fetch_sub(&node->refs, 1) == 1)
        free_chain(free_message(node, NULL));
}
