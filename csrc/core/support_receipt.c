/* ReadReceipt: the report that a message has been read, or has not (imapisupport-readreceipt.md). It goes to whom the message names for
 * that, else to its author; it is deleted when it has been sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>
#include <mapix.h>

#include "base/failure.h"
#include "core/support.h"

/* What is read of the message. */
enum {
    CLASS,
    SUBJECT,
    SUBMITTED,
    REPORT_TAG,
    SEARCH_KEY,
    MESSAGE_ID,
    RECEIPT_NAME,
    RECEIPT_ADDRESS,
    AUTHOR_NAME,
    AUTHOR_ADDRESS,
    SENDER_NAME,
    SENDER_ADDRESS,
    READ_COUNT
};

static const SizedSPropTagArray(READ_COUNT, read_tags) = {
    READ_COUNT,
    {PR_MESSAGE_CLASS_A, PR_SUBJECT_A, PR_CLIENT_SUBMIT_TIME, PR_REPORT_TAG, PR_SEARCH_KEY, PR_INTERNET_MESSAGE_ID_A,
     PR_READ_RECEIPT_NAME_A, PR_READ_RECEIPT_EMAIL_ADDRESS_A, PR_SENT_REPRESENTING_NAME_A,
     PR_SENT_REPRESENTING_EMAIL_ADDRESS_A, PR_SENDER_NAME_A, PR_SENDER_EMAIL_ADDRESS_A}};

static const char *text(const SPropValue *value)
{
    return PROP_TYPE(value->ulPropTag) == PT_STRING8 ? value->Value.lpszA : NULL;
}

/* Two or three texts in one; malloc'd. */
static char *joined(const char *first, const char *second, const char *third)
{
    size_t size = strlen(first) + strlen(second) + strlen(third) + 1;
    char *out = malloc(size);
    if (out) {
        snprintf(out, size, "%s%s%s", first, second, third);
    }
    return out;
}

/* The values under construction. */
struct filling {
    SPropValue values[16];
    ULONG count;
};

static void add_text(struct filling *filling, ULONG tag, const char *value)
{
    union {
        const char *given;
        LPSTR text;
    } cast = {value};
    if (value) {
        filling->values[filling->count].ulPropTag = tag;
        filling->values[filling->count++].Value.lpszA = cast.text;
    }
}

static void add_as(struct filling *filling, ULONG tag, const SPropValue *value)
{
    if (PROP_TYPE(value->ulPropTag) == PROP_TYPE(tag)) {
        filling->values[filling->count] = *value;
        filling->values[filling->count++].ulPropTag = tag;
    }
}

static FILETIME now(void)
{
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    uint64_t ticks = ((uint64_t)clock.tv_sec + 11644473600u) * 10000000u + (uint64_t)clock.tv_nsec / 100;
    return (FILETIME){(DWORD)ticks, (DWORD)(ticks >> 32)};
}

static HRESULT set_properties(const SPropValue *read, const char *class, const char *subject, LPMESSAGE report)
{
    struct filling filling = {.count = 0};
    SPropValue time = {.ulPropTag = PR_REPORT_TIME};
    SPropValue yes = {.ulPropTag = PR_DELETE_AFTER_SUBMIT};
    time.Value.ft = now();
    yes.Value.b = TRUE;
    add_text(&filling, PR_MESSAGE_CLASS_A, class);
    add_text(&filling, PR_SUBJECT_A, subject);
    add_text(&filling, PR_ORIGINAL_SUBJECT_A, text(&read[SUBJECT]));
    add_text(&filling, PR_IN_REPLY_TO_ID_A, text(&read[MESSAGE_ID]));
    add_as(&filling, PR_ORIGINAL_SUBMIT_TIME, &read[SUBMITTED]);
    add_as(&filling, PR_REPORT_TAG, &read[REPORT_TAG]);
    add_as(&filling, PR_PARENT_KEY, &read[SEARCH_KEY]);
    add_as(&filling, PR_REPORT_TIME, &time);
    add_as(&filling, PR_RECEIPT_TIME, &time);
    add_as(&filling, PR_DELETE_AFTER_SUBMIT, &yes);
    return report->lpVtbl->SetProps(report, filling.count, filling.values, NULL);
}

static HRESULT set_recipient(const SPropValue *read, LPMESSAGE report)
{
    int who = text(&read[RECEIPT_ADDRESS]) ? RECEIPT_NAME : text(&read[AUTHOR_ADDRESS]) ? AUTHOR_NAME : SENDER_NAME;
    const char *address = text(&read[who + 1]);
    struct filling filling = {.count = 0};
    SPropValue type = {.ulPropTag = PR_RECIPIENT_TYPE};
    struct {
        ULONG count;
        ADRENTRY entry;
    } list = {1, {0, 0, filling.values}};
    if (!address) {
        return fail(MAPI_E_NO_RECIPIENTS, "The message does not say whom to tell that it has been read.");
    }
    type.Value.l = MAPI_TO;
    add_as(&filling, PR_RECIPIENT_TYPE, &type);
    add_text(&filling, PR_DISPLAY_NAME_A, text(&read[who]) ? text(&read[who]) : address);
    add_text(&filling, PR_ADDRTYPE_A, "SMTP");
    add_text(&filling, PR_EMAIL_ADDRESS_A, address);
    list.entry.cValues = filling.count;
    return report->lpVtbl->ModifyRecipients(report, 0, (LPADRLIST)(void *)&list);
}

HRESULT support_read_receipt(ULONG flags, LPMESSAGE message, LPMESSAGE *report)
{
    bool unread = flags & MAPI_NON_READ;
    SPropValue *read = NULL;
    ULONG count = 0;
    HRESULT hr = support_check_flags("ReadReceipt", flags, MAPI_NON_READ);
    if (hr == S_OK) {
        hr = message->lpVtbl->GetProps(message, (LPSPropTagArray)(uintptr_t)&read_tags, 0, &count, &read);
    }
    if (FAILED(hr)) {
        return hr;
    }
    const char *class = text(&read[CLASS]) ? text(&read[CLASS]) : "IPM.Note";
    char *report_class = joined("REPORT.", class, unread ? ".IPNNRN" : ".IPNRN");
    char *subject = joined(unread ? "Not read: " : "Read: ", text(&read[SUBJECT]) ? text(&read[SUBJECT]) : "", "");
    hr = report_class && subject ? set_recipient(read, *report)
                                 : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a report.");
    hr = hr == S_OK ? set_properties(read, report_class, subject, *report) : hr;
    free(report_class);
    free(subject);
    MAPIFreeBuffer(read);
    return FAILED(hr) ? hr : S_OK;
}
