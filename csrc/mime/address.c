#include "mime/address.h"

#include <stdlib.h>
#include <string.h>

#include <mapitags.h>

#include "base/utf.h"
#include "mime/text.h"
#include "mime/words.h"

const struct mime_address_tags mime_sender_tags = {
    PR_SENDER_NAME_W,         PR_SENDER_ADDRTYPE_W, PR_SENDER_EMAIL_ADDRESS_W,
    PR_SENDER_SMTP_ADDRESS_W, PR_SENDER_SEARCH_KEY, PR_SENDER_ENTRYID,
};

const struct mime_address_tags mime_representing_tags = {
    PR_SENT_REPRESENTING_NAME_W,         PR_SENT_REPRESENTING_ADDRTYPE_W, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
    PR_SENT_REPRESENTING_SMTP_ADDRESS_W, PR_SENT_REPRESENTING_SEARCH_KEY, PR_SENT_REPRESENTING_ENTRYID,
};

const struct mime_address_tags mime_receipt_tags = {
    PR_READ_RECEIPT_NAME_W,         PR_READ_RECEIPT_ADDRTYPE_W, PR_READ_RECEIPT_EMAIL_ADDRESS_W,
    PR_READ_RECEIPT_SMTP_ADDRESS_W, PR_READ_RECEIPT_SEARCH_KEY, PR_READ_RECEIPT_ENTRYID,
};

const struct mime_address_tags mime_recipient_tags = {
    PR_DISPLAY_NAME_W, PR_ADDRTYPE_W, PR_EMAIL_ADDRESS_W, PR_SMTP_ADDRESS_W, PR_SEARCH_KEY, PR_ENTRYID,
};

/* MAPI_ONE_OFF_UID as it lies in memory [oneoff entry identifiers]. */
static const BYTE one_off_uid[16] = {0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19,
                                     0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02};

enum { ONE_OFF_HEAD = 4 + 16 + 2 + 2 };

void mime_addresses_clear(struct mime_addresses *list)
{
    free(list->items);
    memset(list, 0, sizeof *list);
}

void mime_addresses_add(struct mime_addresses *list, struct mime_arena *arena, const char *name, const char *address,
                        LONG type)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
        struct mime_address *items = realloc(list->items, capacity * sizeof *items);

        if (items == NULL) {
            arena->failed = true;
            return;
        }
        list->items = items;
        list->capacity = capacity;
    }
    if (address == NULL)
        address = "";
    if (name == NULL || *name == '\0')
        name = address;
    list->items[list->count].name = mime_arena_text(arena, name, strlen(name));
    list->items[list->count].address = mime_arena_text(arena, address, strlen(address));
    list->items[list->count].type = type;
    list->count += !arena->failed;
}

/* Groups within groups are not of any standard, and a hostile header could nest them as deep as it is long. */
enum { GROUPS_DEEP = 8 };

static void add_list(struct mime_addresses *list, struct mime_arena *arena, InternetAddressList *parsed, LONG type,
                     int depth)
{
    int count = internet_address_list_length(parsed);

    for (int i = 0; i < count; i++) {
        InternetAddress *address = internet_address_list_get_address(parsed, i);

        if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
            const char *name = internet_address_get_name(address);
            const char *mailbox = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));

            if ((name != NULL && *name != '\0') || (mailbox != NULL && *mailbox != '\0'))
                mime_addresses_add(list, arena, name, mailbox, type);
        } else if (INTERNET_ADDRESS_IS_GROUP(address) && depth < GROUPS_DEEP) {
            add_list(list, arena, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), type, depth + 1);
        }
    }
}

size_t mime_addresses_parse(struct mime_addresses *list, struct mime_arena *arena, GMimeParserOptions *options,
                            const char *value, LONG type)
{
    const char *joined = mime_words_join(arena, value);
    InternetAddressList *parsed = joined == NULL ? NULL : internet_address_list_parse(options, joined);
    size_t before = list->count;

    if (parsed == NULL)
        return 0;
    add_list(list, arena, parsed, type, 0);
    g_object_unref(parsed);
    return list->count - before;
}

/* Writing ------------------------------------------------------------------------------------------------------- */

static void put_wide(BYTE **at, LPCWSTR wide)
{
    do {
        *(*at)++ = (BYTE)(*wide & 0xFF);
        *(*at)++ = (BYTE)(*wide >> 8);
    } while (*wide++ != 0);
}

SBinary mime_address_entry_id(struct mime_arena *arena, const struct mime_address *address)
{
    SBinary entry_id = {0, NULL};
    LPWSTR name = mime_text_wide(arena, address->name, strlen(address->name));
    LPWSTR mailbox = mime_text_wide(arena, address->address, strlen(address->address));
    BYTE *at;

    if (name == NULL || mailbox == NULL)
        return entry_id;
    entry_id.cb = (ULONG)(ONE_OFF_HEAD + 2 * (utf16_length(name) + 1 + 5 + utf16_length(mailbox) + 1));
    at = entry_id.lpb = mime_arena_alloc(arena, entry_id.cb);
    if (at == NULL)
        return entry_id;
    memcpy(at + 4, one_off_uid, sizeof one_off_uid);
    at[22] = MAPI_ONE_OFF_NO_RICH_INFO;
    at[23] = MAPI_ONE_OFF_UNICODE >> 8;
    at += ONE_OFF_HEAD;
    put_wide(&at, name);
    put_wide(&at, (LPCWSTR)u"SMTP");
    put_wide(&at, mailbox);
    return entry_id;
}

SBinary mime_address_search_key(struct mime_arena *arena, const char *address)
{
    SBinary key = {(ULONG)(strlen(address) + sizeof "SMTP:"), NULL};
    BYTE *at = key.lpb = mime_arena_alloc(arena, key.cb);

    if (at == NULL)
        return key;
    memcpy(at, "SMTP:", 5);
    for (at += 5; *address != '\0'; address++)
        *at++ = (BYTE)(*address >= 'a' && *address <= 'z' ? *address - 'a' + 'A' : *address);
    return key;
}

static void add_binary(struct mime_draft *draft, ULONG tag, SBinary binary)
{
    SPropValue *item = binary.lpb == NULL ? NULL : mime_draft_add(draft, tag);

    if (item != NULL)
        item->Value.bin = binary;
}

void mime_address_draft(struct mime_draft *draft, const struct mime_address_tags *tags,
                        const struct mime_address *address)
{
    mime_draft_text(draft, tags->name, address->name);
    if (*address->address == '\0')
        return;
    mime_draft_text(draft, tags->addrtype, "SMTP");
    mime_draft_text(draft, tags->address, address->address);
    if (tags->smtp_address != 0)
        mime_draft_text(draft, tags->smtp_address, address->address);
    add_binary(draft, tags->search_key, mime_address_search_key(&draft->arena, address->address));
    add_binary(draft, tags->entry_id, mime_address_entry_id(&draft->arena, address));
}

static void put_long(BYTE *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (BYTE)(value >> (8 * i));
}

void mime_address_draft_replies(struct mime_draft *draft, const struct mime_addresses *list)
{
    SBinary *ids = mime_arena_alloc(&draft->arena, (list->count + 1) * sizeof *ids);
    size_t size = 8, length = 1;
    BYTE *flat, *at;
    char *names;

    if (ids == NULL || list->count == 0)
        return;
    for (size_t i = 0; i < list->count; i++) {
        ids[i] = mime_address_entry_id(&draft->arena, &list->items[i]);
        size += 4 + (ids[i].cb + 3u) / 4 * 4;
        length += strlen(list->items[i].name) + 1;
    }
    at = flat = mime_arena_alloc(&draft->arena, size);
    names = mime_arena_alloc(&draft->arena, length);
    if (draft->arena.failed)
        return;
    put_long(at, list->count);
    put_long(at + 4, size - 8);
    at += 8;
    for (size_t i = 0; i < list->count; i++) {
        put_long(at, ids[i].cb);
        memcpy(at + 4, ids[i].lpb, ids[i].cb);
        at += 4 + (ids[i].cb + 3u) / 4 * 4;
        names = stpcpy(stpcpy(names, i == 0 ? "" : ";"), list->items[i].name);
    }
    add_binary(draft, PR_REPLY_RECIPIENT_ENTRIES, (SBinary){(ULONG)size, flat});
    mime_draft_text_sized(draft, PR_REPLY_RECIPIENT_NAMES_W, names - (length - 2), length - 2);
}

/* Reading ------------------------------------------------------------------------------------------------------- */

/* The next NUL-terminated string of a one-off identifier as UTF-8, or NULL. */
static char *take_string(struct mime_arena *arena, const BYTE **at, const BYTE *end, bool wide)
{
    const BYTE *start = *at;
    size_t units = 0;
    LPWSTR copy;

    if (!wide) {
        const BYTE *stop = memchr(start, 0, (size_t)(end - start));

        if (stop == NULL)
            return NULL;
        *at = stop + 1;
        return mime_arena_text(arena, (const char *)start, (size_t)(stop - start));
    }
    while (start + 2 * units + 1 < end && (start[2 * units] != 0 || start[2 * units + 1] != 0))
        units++;
    if (start + 2 * units + 1 >= end)
        return NULL;
    copy = mime_arena_alloc(arena, (units + 1) * sizeof *copy);
    for (size_t i = 0; i < units && copy != NULL; i++)
        copy[i] = (WCHAR)(start[2 * i] | start[2 * i + 1] << 8);
    *at = start + 2 * units + 2;
    return copy == NULL ? NULL : mime_text_utf8(arena, copy, units);
}

bool mime_address_from_entry_id(struct mime_arena *arena, const void *bytes, size_t size, struct mime_address *address)
{
    const BYTE *at = bytes, *end = at + size;
    const char *name, *type, *mailbox;
    bool wide;

    if (size < ONE_OFF_HEAD || memcmp(at + 4, one_off_uid, sizeof one_off_uid) != 0)
        return false;
    wide = (at[23] & (MAPI_ONE_OFF_UNICODE >> 8)) != 0;
    at += ONE_OFF_HEAD;
    if ((name = take_string(arena, &at, end, wide)) == NULL || (type = take_string(arena, &at, end, wide)) == NULL ||
        (mailbox = take_string(arena, &at, end, wide)) == NULL || g_ascii_strcasecmp(type, "SMTP") != 0)
        return false;
    address->name = name;
    address->address = mailbox;
    address->type = 0;
    return true;
}

static size_t get_long(const BYTE *at)
{
    return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

void mime_addresses_from_flat_list(struct mime_addresses *list, struct mime_arena *arena, const void *bytes,
                                   size_t size)
{
    const BYTE *at = bytes;
    size_t count, left;

    if (size < 8)
        return;
    count = get_long(at);
    left = size - 8;
    at += 8;
    for (size_t i = 0; i < count && left >= 4; i++) {
        size_t length = get_long(at), step;
        struct mime_address address;

        if (length > left - 4)
            return;
        if (mime_address_from_entry_id(arena, at + 4, length, &address))
            mime_addresses_add(list, arena, address.name, address.address, 0);
        step = 4 + (length + 3) / 4 * 4;
        if (step > left)
            return;
        at += step;
        left -= step;
    }
}
