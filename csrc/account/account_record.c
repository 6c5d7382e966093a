/* See account/account_record.h. */
#include "account/account_record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/failure.h"
#include "base/utf.h"

static HRESULT no_memory(void)
{
    return fail(E_OUTOFMEMORY, "There is not enough memory to read the accounts.");
}

struct account_record *account_record_new(void)
{
    struct account_record *record = calloc(1, sizeof *record);
    if (record == NULL) {
        no_memory();
        return NULL;
    }
    atomic_init(&record->refs, 1);
    prop_bag_init(&record->props);
    return record;
}

struct account_record *account_record_ref(struct account_record *record)
{
    atomic_fetch_add_explicit(&record->refs, 1, memory_order_relaxed);
    return record;
}

void account_record_unref(struct account_record *record)
{
    if (record == NULL || atomic_fetch_sub_explicit(&record->refs, 1, memory_order_acq_rel) != 1)
        return;
    prop_bag_clear(&record->props);
    free(record);
}

void account_record_check(struct account_record *record)
{
    record->well_formed = true;
    for (size_t i = 0; i < record->props.count; i++) {
        const struct prop_entry *entry = &record->props.items[i];
        if (PROP_TYPE(entry->tag) == PT_UNICODE && entry->size != PROP_EXTERNAL)
            record->well_formed = record->well_formed && utf8_valid((const char *)entry->bytes, entry->size);
    }
}

HRESULT account_list_append(struct account_list *list, struct account_record *record)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct account_record **items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL)
            return no_memory();
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = record;
    return S_OK;
}

void account_list_clear(struct account_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        account_record_unref(list->items[i]);
    free(list->items);
    *list = (struct account_list){0};
}

bool account_record_long(const struct account_record *record, DWORD tag, DWORD *out)
{
    switch (tag) {
    case PROP_ACCT_ID:
        *out = record->id;
        return true;
    case PROP_ACCT_MINI_UID:
        *out = record->owner.mini_uid;
        return true;
    case PROP_ACCT_IS_EXCH:
        *out = record->exchange;
        return true;
    default:
        return false;
    }
}

/* Both stamps say which account it was, in any profile, and nothing that could change (prop_acct_stamp.md,
 * prop_acct_send_stamp.md). */
bool account_record_stamp(const struct account_record *record, DWORD tag, char out[STAMP_LENGTH + 1])
{
    if (tag != PROP_ACCT_STAMP && tag != PROP_ACCT_SEND_STAMP)
        return false;
    for (int i = 0; i < STAMP_LENGTH; i++)
        out[i] = "0123456789abcdef"[record->owner.mini_uid >> (4 * (STAMP_LENGTH - 1 - i)) & 15];
    out[STAMP_LENGTH] = '\0';
    return true;
}
