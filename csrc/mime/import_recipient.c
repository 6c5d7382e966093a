#include "mime/import.h"

#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

/*
 * The list and each row's values are separate allocations of the store's MAPI, because ModifyRecipients may replace a
 * row's values and free the old ones [imessage-modifyrecipients.md].
 */
static void free_list(const struct mime_allocators *allocators, ADRLIST *list)
{
    if (list == NULL)
        return;
    for (ULONG i = 0; i < list->cEntries; i++)
        allocators->free_buffer(list->aEntries[i].rgPropVals);
    allocators->free_buffer(list);
}

static size_t value_size(const SPropValue *value)
{
    size_t units = 0;

    if (PROP_TYPE(value->ulPropTag) == PT_BINARY)
        return value->Value.bin.cb;
    if (PROP_TYPE(value->ulPropTag) != PT_UNICODE)
        return 0;
    while (value->Value.lpszW[units] != 0)
        units++;
    return (units + 1) * sizeof(WCHAR);
}

/* One block holds the values and, behind them, what they point to. */
static HRESULT copy_row(const struct mime_allocators *allocators, const struct mime_draft *draft, ADRENTRY *entry)
{
    size_t size = draft->count * sizeof(SPropValue);
    SPropValue *values = NULL;
    BYTE *at;
    SCODE sc;

    for (ULONG i = 0; i < draft->count; i++)
        size += (value_size(&draft->items[i]) + 7) / 8 * 8;
    sc = allocators->allocate_buffer((ULONG)size, (void **)&values);
    if (FAILED(sc))
        return ResultFromScode(sc);
    memcpy(values, draft->items, draft->count * sizeof *values);
    at = (BYTE *)(values + draft->count);
    for (ULONG i = 0; i < draft->count; i++) {
        size_t length = value_size(&draft->items[i]);

        if (PROP_TYPE(values[i].ulPropTag) == PT_UNICODE) {
            memcpy(at, values[i].Value.lpszW, length);
            values[i].Value.lpszW = (LPWSTR)(void *)at;
        } else if (PROP_TYPE(values[i].ulPropTag) == PT_BINARY) {
            memcpy(at, values[i].Value.bin.lpb, length);
            values[i].Value.bin.lpb = at;
        }
        at += (length + 7) / 8 * 8;
    }
    entry->rgPropVals = values;
    entry->cValues = draft->count;
    return S_OK;
}

static HRESULT make_row(const struct mime_allocators *allocators, const struct mime_address *address, ADRENTRY *entry)
{
    struct mime_draft draft;
    HRESULT hr;

    mime_draft_init(&draft);
    mime_draft_long(&draft, PR_RECIPIENT_TYPE, address->type);
    mime_address_draft(&draft, &mime_recipient_tags, address);
    mime_draft_long(&draft, PR_OBJECT_TYPE, (LONG)MAPI_MAILUSER);
    mime_draft_boolean(&draft, PR_SEND_RICH_INFO, false);
    hr = draft.arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : copy_row(allocators, &draft, entry);
    mime_draft_clear(&draft);
    return hr;
}

HRESULT
mime_import_recipients(struct mime_import *import, const struct mime_addresses *recipients, IMessage *message)
{
    const struct mime_allocators *allocators = import->allocators;
    ADRLIST *list = NULL;
    HRESULT hr = S_OK;
    SCODE sc;

    if (recipients->count == 0)
        return S_OK;
    sc = allocators->allocate_buffer((ULONG)CbNewADRLIST(recipients->count), (void **)&list);
    if (FAILED(sc))
        return ResultFromScode(sc);
    memset(list, 0, CbNewADRLIST(recipients->count));
    for (size_t i = 0; i < recipients->count && SUCCEEDED(hr); i++) {
        hr = make_row(allocators, &recipients->items[i], &list->aEntries[i]);
        list->cEntries += SUCCEEDED(hr);
    }
    if (SUCCEEDED(hr))
        hr = message->lpVtbl->ModifyRecipients(message, 0, list);
    free_list(allocators, list);
    return hr;
}
