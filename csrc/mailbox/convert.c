#include "mailbox/convert.h"

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "mailbox/header.h"
#include "mailbox/properties.h"
#include "mailbox/stream.h"

enum { MOST_VALUES = 8 };

struct values {
    SPropValue items[MOST_VALUES];
    ULONG count;
};

static SPropValue *add(struct values *values, ULONG tag)
{
    values->items[values->count].ulPropTag = tag;
    return &values->items[values->count++];
}

static void add_long(struct values *values, ULONG tag, LONG value)
{
    add(values, tag)->Value.l = value;
}

static void add_time(struct values *values, ULONG tag, int64_t unix_seconds)
{
    add(values, tag)->Value.ft = filetime_of(unix_seconds);
}

/* What the mailbox knows about the message (docs/decisions.md has the table). */
static void describe(const struct content *content, struct values *values)
{
    const struct mail_item *item = &content->item;
    unsigned flags = item->flags;
    SPropValue *key = add(values, PR_SEARCH_KEY);

    key->Value.bin.cb = DIGEST_SIZE;
    key->Value.bin.lpb = (LPBYTE)(uintptr_t)content->digest;
    if ((flags & (MAIL_READ | MAIL_DRAFT)) != 0)
        add_long(
            values, PR_MESSAGE_FLAGS,
            (LONG)(((flags & MAIL_READ) != 0 ? MSGFLAG_READ : 0) | ((flags & MAIL_DRAFT) != 0 ? MSGFLAG_UNSENT : 0)));
    if ((flags & (MAIL_REPLIED | MAIL_FORWARDED)) != 0) {
        add_long(values, PR_LAST_VERB_EXECUTED, (flags & MAIL_REPLIED) != 0 ? VERB_REPLY : VERB_FORWARD);
        add_long(values, PR_ICON_INDEX, (flags & MAIL_REPLIED) != 0 ? ICON_REPLIED : ICON_FORWARDED);
    }
    if ((flags & MAIL_FLAGGED) != 0) {
        add_long(values, PR_FLAG_STATUS, FLAG_STATUS_FLAGGED);
        add_long(values, PR_FOLLOWUP_ICON, FOLLOWUP_ICON_RED);
    }
    /* Without a Received field the converter has nothing to know it by, and the mailbox does. */
    if (!item->received && item->dated)
        add_time(values, PR_MESSAGE_DELIVERY_TIME, item->date);
}

static HRESULT set_values(IMessage *message, struct values *values)
{
    SPropProblemArray *problems = NULL;
    HRESULT hr = message->lpVtbl->SetProps(message, values->count, values->items, &problems);

    for (ULONG i = 0; SUCCEEDED(hr) && problems != NULL && i < problems->cProblem; i++)
        if (problems->aProblem[i].ulPropTag == PR_SEARCH_KEY)
            hr = S_FALSE;
    MAPIFreeBuffer(problems);
    return hr;
}

static HRESULT read_content(void *context, uint64_t position, unsigned char *out, size_t room, size_t *got)
{
    return content_read(context, position, out, room, got);
}

static HRESULT convert(const struct mapi_mail_import *import, struct content *content, IMessage *message)
{
    const struct stream_owner owner = {content, content->size, read_content, NULL};
    IConverterSession *converter = import->converter;
    IStream *stream;
    HRESULT hr = stream_create(&owner, &stream);

    if (FAILED(hr))
        return hr;
    /* As folder:import: a message that is filed away keeps its Bcc. */
    hr = converter->lpVtbl->MIMEToMAPI(converter, stream, message, NULL, CCSF_SMTP | CCSF_INCLUDE_BCC);
    stream_detach(stream);
    stream->lpVtbl->Release(stream);
    return FAILED(content->failure) ? content->failure : hr;
}

HRESULT convert_message(const struct mapi_mail_import *import, struct content *content, IMessage **message)
{
    struct values values = {.count = 0};
    HRESULT hr;

    *message = NULL;
    hr = import->folder->lpVtbl->CreateMessage(import->folder, NULL, 0, message);
    if (FAILED(hr))
        return hr;
    hr = convert(import, content, *message);
    if (SUCCEEDED(hr)) {
        describe(content, &values);
        hr = set_values(*message, &values);
    }
    if (FAILED(hr)) {
        (*message)->lpVtbl->Release(*message);
        *message = NULL;
    }
    return hr;
}

bool convert_is_refusal(HRESULT hr)
{
    switch (hr) {
    case MAPI_E_TOO_BIG:
    case MAPI_E_CORRUPT_DATA:
    case MAPI_E_TOO_COMPLEX:
    case MAPI_E_INVALID_PARAMETER:
    case MAPI_E_INVALID_TYPE:
    case MAPI_E_UNEXPECTED_TYPE:
    case MAPI_E_STRING_TOO_LONG:
    case MAPI_E_BAD_VALUE:
    case MAPI_E_NO_SUPPORT:
    case MAPI_E_CALL_FAILED:
        return true;
    default:
        return false;
    }
}

static HRESULT mark_deleted(IMAPIFolder *folder, IMessage *message)
{
    static const SizedSPropTagArray(1, tags) = {1, {PR_ENTRYID}};
    SPropValue *value = NULL;
    ULONG count = 0;
    HRESULT hr = message->lpVtbl->GetProps(message, (LPSPropTagArray)(uintptr_t)&tags, 0, &count, &value);

    if (hr == S_OK)
        hr = folder->lpVtbl->SetMessageStatus(folder, value->Value.bin.cb, (LPENTRYID)(void *)value->Value.bin.lpb,
                                              MSGSTATUS_DELMARKED, MSGSTATUS_DELMARKED, NULL);
    MAPIFreeBuffer(value);
    return hr;
}

HRESULT convert_save(IMAPIFolder *folder, IMessage *message, unsigned flags)
{
    bool marked = (flags & MAIL_DELETED) != 0;
    HRESULT hr = message->lpVtbl->SaveChanges(message, marked ? KEEP_OPEN_READWRITE : 0);

    return SUCCEEDED(hr) && marked ? mark_deleted(folder, message) : hr;
}
