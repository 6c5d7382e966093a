/* IMessage::SubmitMessage (declared in outgoing.h). */
#include <string.h>

#include <mapicode.h>
#include <mapispi.h>
#include <mapitags.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/outgoing.h"
#include "store/search.h"
#include "store/tree.h"

/* No transport has taken a recipient over yet (pidtagresponsibility-canonical-property.md). */
static HRESULT clear_responsibility(struct message *message)
{
    static const unsigned char no = 0;
    struct recipient_list *list = &message->body.recipients;
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < list->count && SUCCEEDED(hr); i++) {
        const struct prop_entry *entry = prop_bag_find(&list->items[i].props, PR_RESPONSIBILITY);

        if (entry != NULL && entry->tag == PR_RESPONSIBILITY && entry->bytes[0] == 0)
            continue;
        hr = prop_bag_set_payload(&list->items[i].props, PR_RESPONSIBILITY, &no, sizeof no);
        list->changed = true;
    }
    return hr;
}

/* imapisupport-preparesubmit.md is for messages that are sent again; imapisupport-expandrecips.md says whether somebody wants to
 * see the message before. */
static HRESULT prepare(struct message *message, ULONG *submit_flags)
{
    struct store *store = message->host.store;
    LPMAPISUP support = store->support;
    ULONG needs = 0;
    HRESULT hr = S_OK;

    if ((holder_long(&message->host.props, PR_MESSAGE_FLAGS, 0) & MSGFLAG_RESEND) != 0) {
        if (!store->ready_to_send)
            hr = support->lpVtbl->SpoolerNotify(support, NOTIFY_READYTOSEND, NULL);
        store->ready_to_send = SUCCEEDED(hr);
        if (SUCCEEDED(hr))
            hr = support->lpVtbl->PrepareSubmit(support, (LPMESSAGE)(void *)message, &needs);
    } else {
        hr = clear_responsibility(message);
    }
    needs = 0;
    if (SUCCEEDED(hr))
        hr = support->lpVtbl->ExpandRecips(support, (LPMESSAGE)(void *)message, &needs);
    *submit_flags = (needs & NEEDS_PREPROCESSING) != 0 ? SUBMITFLAG_PREPROCESS : 0;
    return hr;
}

static HRESULT check(struct message *message, ULONG flags)
{
    HRESULT hr;

    if ((flags & ~FORCE_SUBMIT) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (!message->host.writable || message->folder == 0)
        return fail(MAPI_E_NO_ACCESS, "The message was opened for reading, or is embedded in another one.");
    hr = body_load_recipients(&message->body, message->host.store, message->host.place.row);
    if (FAILED(hr))
        return hr;
    return message->body.recipients.count > 0
               ? S_OK
               : fail(MAPI_E_NO_RECIPIENTS, "A message needs a recipient before it can be submitted.");
}

/* The client's submission. The time is part of what is saved; if that fails, the message is as it was. */
static HRESULT enqueue(struct message *message)
{
    struct holder *props = &message->host.props;
    const struct prop_entry *before = prop_bag_find(&props->bag, PR_CLIENT_SUBMIT_TIME);
    bool had_time = before != NULL && before->tag == PR_CLIENT_SUBMIT_TIME;
    int64_t time = holder_time(props, PR_CLIENT_SUBMIT_TIME, 0);
    ULONG submit_flags;
    HRESULT hr = prepare(message, &submit_flags);

    if (SUCCEEDED(hr))
        hr = holder_set_time(props, PR_CLIENT_SUBMIT_TIME, filetime_now());
    if (FAILED(hr))
        return hr;
    hr = message_save_submitted(message, submit_flags);
    if (FAILED(hr) && had_time)
        holder_poke_time(props, PR_CLIENT_SUBMIT_TIME, time);
    else if (FAILED(hr))
        (void)holder_remove(props, PR_CLIENT_SUBMIT_TIME);
    return hr;
}

/* The spooler's: it has preprocessed the message (pidtagsubmitflags-canonical-property.md). */
static HRESULT continue_submission(struct message *message)
{
    struct store *store = message->host.store;
    int64_t row = message->host.place.row;
    ULONG state;
    HRESULT hr = message_save(message, 0);

    if (SUCCEEDED(hr))
        hr = store_begin(store);
    if (FAILED(hr))
        return hr;
    hr = outgoing_flags(store, row, &state);
    if (hr == MAPI_E_NOT_FOUND)
        hr = fail(MAPI_E_NOT_IN_QUEUE, "The submission of the message has been taken back.");
    if (SUCCEEDED(hr))
        hr = tree_run(store, "UPDATE outgoing SET flags = flags & ~2 WHERE message = ?1", row,
                      "The message could not be submitted");
    if (SUCCEEDED(hr))
        hr = searches_touch(store, row);
    if (SUCCEEDED(hr))
        hr = event_message(store, fnevObjectModified, row);
    return store_end_transaction(store, hr);
}

HRESULT outgoing_submit(struct message *message, ULONG flags)
{
    bool queued = (holder_long(&message->host.props, PR_MESSAGE_FLAGS, 0) & MSGFLAG_SUBMIT) != 0;
    HRESULT hr = check(message, flags);

    if (SUCCEEDED(hr))
        hr = queued ? continue_submission(message) : enqueue(message);
    if (SUCCEEDED(hr))
        message->submitted = true;
    return hr;
}
