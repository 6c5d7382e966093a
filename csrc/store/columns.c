#include "store/columns.h"

#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"

/* In the order of MESSAGE_COLUMNS, which is that of the property ids, as loading wants them. A text longer than
 * INLINE_LIMIT is kept as a large value; its column then holds the beginning, which is what tables show. */
static const struct column stored[] = {
    {PR_IMPORTANCE, COLUMN_LONG, "importance"},
    {PR_MESSAGE_CLASS_W, COLUMN_TEXT, "message_class"},
    {PR_SUBJECT_W, COLUMN_TEXT, "subject"},
    {PR_CLIENT_SUBMIT_TIME, COLUMN_TIME, "submit_time"},
    {PR_SENT_REPRESENTING_NAME_W, COLUMN_TEXT, "representing_name"},
    {PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, COLUMN_TEXT, "representing_address"},
    {PR_SENDER_NAME_W, COLUMN_TEXT, "sender_name"},
    {PR_SENDER_EMAIL_ADDRESS_W, COLUMN_TEXT, "sender_address"},
    {PR_DISPLAY_BCC_W, COLUMN_TEXT, "display_bcc"},
    {PR_DISPLAY_CC_W, COLUMN_TEXT, "display_cc"},
    {PR_DISPLAY_TO_W, COLUMN_TEXT, "display_to"},
    {PR_MESSAGE_DELIVERY_TIME, COLUMN_TIME, "delivery_time"},
    {PR_MESSAGE_FLAGS, COLUMN_LONG, "flags"},
    {PR_MESSAGE_SIZE, COLUMN_LONG, "size"},
    {PR_MSG_STATUS, COLUMN_LONG, "status"},
    {PR_INTERNET_MESSAGE_ID_W, COLUMN_TEXT, "internet_message_id"},
    {PR_CREATION_TIME, COLUMN_TIME, "created"},
    {PR_LAST_MODIFICATION_TIME, COLUMN_TIME, "modified"},
    {PR_SEARCH_KEY, COLUMN_BINARY, "search_key"},
    {PR_SUBJECT_PREFIX_LENGTH, COLUMN_LONG, "prefix"},
};

/* Worked out from the others. */
static const struct column derived[] = {
    {PR_SUBJECT_PREFIX_W, COLUMN_TEXT, "substr(subject, 1, prefix)"},
    {PR_NORMALIZED_SUBJECT_W, COLUMN_TEXT, "substr(subject, prefix + 1)"},
    {PR_HASATTACH, COLUMN_BOOLEAN, "(flags >> 4) & 1"},
    {PR_SUBMIT_FLAGS, COLUMN_LONG, "(SELECT outgoing.flags FROM outgoing WHERE outgoing.message = message.id)"},
};

_Static_assert(sizeof stored / sizeof stored[0] == MESSAGE_PROPS_COLUMN, "MESSAGE_COLUMNS and the table differ");

static const struct column *search(const struct column *columns, size_t count, ULONG tag)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (PROP_ID(columns[i].tag) == PROP_ID(tag))
            return &columns[i];
    return NULL;
}

const struct column *column_find(ULONG tag)
{
    const struct column *column = search(stored, sizeof stored / sizeof stored[0], tag);

    return column != NULL ? column : search(derived, sizeof derived / sizeof derived[0], tag);
}

bool column_is_derived(const struct column *column)
{
    return column < stored || column >= stored + sizeof stored / sizeof stored[0];
}

/* A character of UTF-8 that does not fit takes up to three bytes with it. */
bool column_may_be_cut(size_t size)
{
    return size > INLINE_LIMIT - 4 && size <= INLINE_LIMIT;
}

HRESULT column_whole_text(struct store *store, int64_t message, ULONG tag, struct byte_buffer *out)
{
    struct place place = {CHUNKS_OF_MESSAGE, message};
    HRESULT hr = S_OK;
    size_t before;
    int64_t seq = 0;

    do {
        before = out->size;
        hr = chunk_read(store, place, tag, seq++, out);
    } while (SUCCEEDED(hr) && out->size - before == CHUNK_SIZE && out->size < LONGEST_SEARCHED);
    if (FAILED(hr) || out->size == 0)
        return hr;
    return byte_buffer_append_u8(out, 0);
}

/* A column's value as the entry of a bag, with the payload where SQLite has it or, of a number, in `number`; *there is
 * false where there is none. The connection is this thread's alone, which is what sqlite3_column_value asks for. */
static HRESULT read_column(sqlite3_stmt *statement, int index, const struct column *column, unsigned char *number,
                           struct prop_entry *entry, bool *there)
{
    sqlite3_value *value = sqlite3_column_value(statement, index);
    const void *bytes = number;

    *entry = (struct prop_entry){column->tag, 0, 0, NULL};
    *there = sqlite3_value_type(value) != SQLITE_NULL;
    if (!*there)
        return S_OK;
    switch (column->kind) {
    case COLUMN_LONG:
        bytes_put_u32(number, (uint32_t)sqlite3_value_int64(value));
        entry->size = 4;
        break;
    case COLUMN_TIME:
        bytes_put_u64(number, (uint64_t)sqlite3_value_int64(value));
        entry->size = 8;
        *there = sqlite3_value_int64(value) != NO_TIME;
        break;
    case COLUMN_TEXT:
        bytes = sqlite3_value_text(value);
        entry->size = (uint32_t)sqlite3_value_bytes(value);
        break;
    default:
        bytes = sqlite3_value_blob(value);
        entry->size = (uint32_t)sqlite3_value_bytes(value);
        break;
    }
    if (entry->size > 0)
        entry->bytes = (unsigned char *)(uintptr_t)bytes; /* only read, until it is copied */
    return bytes == NULL && entry->size > 0 ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
}

HRESULT message_props_read(sqlite3_stmt *statement, int first, struct holder *props)
{
    enum { COUNT = sizeof stored / sizeof stored[0] };
    struct prop_entry entries[COUNT];
    unsigned char numbers[COUNT][8];
    size_t count = 0;
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < COUNT && SUCCEEDED(hr); i++) {
        bool there;

        hr = read_column(statement, first + (int)i, &stored[i], numbers[i], &entries[count], &there);
        count += there;
    }
    if (FAILED(hr))
        return hr;
    return prop_bag_load(&props->bag, sqlite3_column_blob(statement, first + MESSAGE_PROPS_COLUMN),
                         (size_t)sqlite3_column_bytes(statement, first + MESSAGE_PROPS_COLUMN), entries, count);
}

/* How much of a text its column holds: all, or at most INLINE_LIMIT bytes of whole characters. */
static size_t shown(const unsigned char *text, size_t size)
{
    if (size > INLINE_LIMIT)
        for (size = INLINE_LIMIT; size > 0 && (text[size] & 0xC0) == 0x80; size--)
            continue;
    return size;
}

/* The same for a text that is not in memory. */
static HRESULT bind_external(sqlite3_stmt *statement, int index, ULONG tag, const struct holder *props,
                             struct store *store, struct place place)
{
    struct spool *spool = holder_staged(props, tag);
    struct byte_buffer text;
    HRESULT hr;

    byte_buffer_init(&text);
    if (spool != NULL) {
        unsigned char *room = byte_buffer_extend(&text, INLINE_LIMIT + 1);
        size_t got = 0;

        hr = room == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : spool_read(spool, 0, room, INLINE_LIMIT + 1, &got);
        text.size = got;
    } else {
        hr = chunk_read(store, place, tag, 0, &text);
    }
    if (SUCCEEDED(hr))
        sqlite3_bind_text(statement, index, (const char *)text.bytes, (int)shown(text.bytes, text.size),
                          SQLITE_TRANSIENT);
    byte_buffer_free(&text);
    return hr;
}

static void bind_column(sqlite3_stmt *statement, int index, const struct column *column, const struct prop_entry *entry)
{
    switch (column->kind) {
    case COLUMN_LONG:
        sqlite3_bind_int64(statement, index, bytes_get_u32(entry->bytes));
        break;
    case COLUMN_TIME:
        sqlite3_bind_int64(statement, index, (int64_t)bytes_get_u64(entry->bytes));
        break;
    case COLUMN_TEXT:
        sqlite3_bind_text(statement, index, entry->size == 0 ? "" : (const char *)entry->bytes,
                          (int)shown(entry->bytes, entry->size), SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_blob(statement, index, entry->size == 0 ? (const void *)"" : entry->bytes, (int)entry->size,
                          SQLITE_STATIC);
        break;
    }
}

/* What is complete in its column. A property of another type than the column's is not. */
static bool in_column(const struct prop_entry *entry)
{
    const struct column *column = search(stored, sizeof stored / sizeof stored[0], entry->tag);

    return column != NULL && column->tag == entry->tag && !entry_is_large(entry);
}

HRESULT message_props_bind(sqlite3_stmt *statement, int first, const struct holder *props, struct store *store,
                           struct place place, struct byte_buffer *blob)
{
    HRESULT hr = holder_encode(props, in_column, blob);
    size_t i;

    for (i = 0; i < sizeof stored / sizeof stored[0] && SUCCEEDED(hr); i++) {
        const struct prop_entry *entry = prop_bag_find(&props->bag, stored[i].tag);
        int index = first + (int)i;

        if (entry != NULL && entry->tag != stored[i].tag)
            entry = NULL;
        if (entry != NULL && entry->size == PROP_EXTERNAL && stored[i].kind == COLUMN_TEXT)
            hr = bind_external(statement, index, entry->tag, props, store, place);
        else if (entry != NULL && (stored[i].kind == COLUMN_TEXT || !entry_is_large(entry)))
            bind_column(statement, index, &stored[i], entry);
        else if (stored[i].tag == PR_MESSAGE_DELIVERY_TIME)
            sqlite3_bind_int64(statement, index, NO_TIME);
        else
            sqlite3_bind_null(statement, index);
    }
    if (SUCCEEDED(hr))
        sqlite3_bind_blob(statement, first + MESSAGE_PROPS_COLUMN, blob->bytes, (int)blob->size, SQLITE_STATIC);
    return hr;
}
