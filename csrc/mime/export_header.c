#include "mime/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/utf.h"
#include "mime/header.h"
#include "mime/language.h"
#include "mime/names.h"
#include "mime/text.h"

static bool is_unsent(const struct mime_export *export)
{
    return (mime_export_long(export, PR_MESSAGE_FLAGS, (LONG)MSGFLAG_UNSENT) & (LONG)MSGFLAG_UNSENT) != 0;
}

/* Correspondents ------------------------------------------------------------------------------------------------ */

static void put_from(struct mime_export *export)
{
    struct mime_address from, sender;
    bool has_from = mime_export_correspondent(export, &mime_representing_tags, &from);
    bool has_sender = mime_export_correspondent(export, &mime_sender_tags, &sender);

    if (!has_from && has_sender)
        from = sender;
    if (has_from && has_sender && strcmp(from.address, sender.address) == 0 && strcmp(from.name, sender.name) == 0 &&
        mime_original(export, "From", 0) == NULL &&
        mime_original_put_addresses(export, "Sender", &sender, 1, false, true))
        return; /* it came without a From */
    if ((has_from || has_sender) && !mime_original_put_addresses(export, "From", &from, 1, false, true))
        mime_output_addresses(export->out, "From", &from, 1);
    if (!has_sender || mime_original_put_addresses(export, "Sender", &sender, 1, false, true))
        return;
    if (has_from && (strcasecmp(from.address, sender.address) != 0 ||
                     (*from.address == '\0' && strcmp(from.name, sender.name) != 0)))
        mime_output_addresses(export->out, "Sender", &sender, 1);
}

static void put_reply_to(struct mime_export *export)
{
    const SPropValue *entries = mime_export_prop(export, PR_REPLY_RECIPIENT_ENTRIES);
    struct mime_addresses list = {NULL, 0, 0};

    if (entries != NULL)
        mime_addresses_from_flat_list(&list, &export->arena, entries->Value.bin.lpb, entries->Value.bin.cb);
    if (!mime_original_put_addresses(export, "Reply-To", list.items, list.count, false, false))
        mime_output_addresses(export->out, "Reply-To", list.items, list.count);
    mime_addresses_clear(&list);
}

/* The recipients of one type, in the order of the table. */
static void put_recipients(struct mime_export *export, const char *name, LONG type)
{
    enum { RECIPIENT_TYPES = 0xF }; /* what is above are flags */
    struct mime_addresses list = {NULL, 0, 0};

    for (size_t i = 0; i < export->recipients.count; i++) {
        const struct mime_address *address = &export->recipients.items[i];

        if ((address->type & RECIPIENT_TYPES) == type && (address->type & MAPI_P1) == 0)
            mime_addresses_add(&list, &export->arena, address->name, address->address, type);
    }
    if (!mime_original_put_addresses(export, name, list.items, list.count, true, false))
        mime_output_addresses(export->out, name, list.items, list.count);
    mime_addresses_clear(&list);
}

/* Identification ------------------------------------------------------------------------------------------------ */

static void put_time(struct mime_export *export, const char *name, ULONG tag)
{
    const SPropValue *value = mime_export_prop(export, tag);

    if (value != NULL && !mime_original_put_date(export, name, mime_unix_time(value->Value.ft)))
        mime_output_date(export->out, name, mime_unix_time(value->Value.ft));
}

static void put_date(struct mime_export *export)
{
    if (mime_export_prop(export, PR_CLIENT_SUBMIT_TIME) != NULL)
        put_time(export, "Date", PR_CLIENT_SUBMIT_TIME);
    else if (is_unsent(export))
        mime_output_date(export->out, "Date", (int64_t)time(NULL));
}

static void put_ids(struct mime_export *export, const char *name, const char *ids)
{
    if (ids != NULL && !mime_original_put_ids(export, name, ids))
        mime_output_ids(export->out, name, ids);
}

static void put_message_id(struct mime_export *export)
{
    const char *id = mime_export_text(export, PR_INTERNET_MESSAGE_ID_W);
    struct mime_address from;
    const char *domain = NULL;
    char text[256];

    if ((export->flags & CCSF_NO_MSGID) != 0)
        return;
    if (id == NULL && is_unsent(export)) {
        if (mime_export_correspondent(export, &mime_representing_tags, &from) ||
            mime_export_correspondent(export, &mime_sender_tags, &from))
            domain = strrchr(from.address, '@');
        if (domain == NULL || domain[1] == '\0' || strlen(domain) > 200)
            domain = "@localhost";
        snprintf(text, sizeof text, "<%016llx.mapi%s>", (unsigned long long)export->seed, domain);
        id = text;
    }
    put_ids(export, "Message-ID", id);
}

static void put_text(struct mime_export *export, const char *name, const char *text)
{
    if (text != NULL && !mime_original_put(export, name, text))
        mime_output_field(export->out, name, text);
}

/* An empty subject is not the same as none. */
static void put_subject(struct mime_export *export)
{
    const char *subject = mime_export_text(export, PR_SUBJECT_W);

    if (subject != NULL && *subject == '\0')
        mime_output_text(export->out, "Subject: \r\n");
    else
        put_text(export, "Subject", subject);
}

static void put_thread(struct mime_export *export)
{
    const SPropValue *index = mime_export_prop(export, PR_CONVERSATION_INDEX);
    const char *topic = mime_export_text(export, PR_CONVERSATION_TOPIC_W);
    gchar *encoded;

    if (index == NULL || index->Value.bin.cb == 0 || index->Value.bin.cb > 4096) {
        if (topic != NULL) /* without an index only where it came so: every message has a topic */
            mime_original_put(export, "Thread-Topic", topic);
        return;
    }
    put_text(export, "Thread-Topic", topic);
    encoded = g_base64_encode(index->Value.bin.lpb, index->Value.bin.cb);
    mime_output_ids(export->out, "Thread-Index", encoded);
    g_free(encoded);
}

/* What is not the default --------------------------------------------------------------------------------------- */

static void put_addresses(struct mime_export *export, const char *name, const struct mime_address *address)
{
    if (!mime_original_put_addresses(export, name, address, 1, false, true))
        mime_output_addresses(export->out, name, address, 1);
}

/* Who wants the delivery report; the address is "" where nothing is said. */
static bool report_address(struct mime_export *export, struct mime_address *address)
{
    const SPropValue *id = mime_export_prop(export, PR_REPORT_ENTRYID);

    if (id != NULL && mime_address_from_entry_id(&export->arena, id->Value.bin.lpb, id->Value.bin.cb, address))
        return true;
    address->name = address->address = "";
    return false;
}

static void put_receipts(struct mime_export *export)
{
    struct mime_address address, receiver;
    bool from = mime_export_correspondent(export, &mime_representing_tags, &address) ||
                mime_export_correspondent(export, &mime_sender_tags, &address);

    if (mime_export_long(export, PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED, 0) != 0 &&
        (report_address(export, &receiver) || from))
        put_addresses(export, "Return-Receipt-To", *receiver.address != '\0' ? &receiver : &address);
    if (mime_export_long(export, PR_READ_RECEIPT_REQUESTED, 0) != 0 &&
        (mime_export_correspondent(export, &mime_receipt_tags, &address) || from))
        put_addresses(export, "Disposition-Notification-To", &address);
}

static void put_suppress(struct mime_export *export)
{
    static const char *const words[] = {"DR", "NDR", "RN", "NRN", "OOF", "AutoReply"};
    enum { OOF_AND_AUTOREPLY = 16 | 32 };
    LONG bits = mime_export_long(export, PR_AUTO_RESPONSE_SUPPRESS, 0);
    char text[64] = "All", *at = text;

    for (size_t i = 0; i < 6 && bits != -1; i++)
        if ((bits & (1 << i)) != 0)
            at = stpcpy(stpcpy(at, at == text ? "" : ", "), words[i]);
    if (bits != -1)
        *at = '\0';
    if (bits == OOF_AND_AUTOREPLY && mime_original(export, "X-Auto-Response-Suppress", 0) == NULL &&
        mime_original(export, "Auto-Submitted", 0) != NULL)
        return; /* what the importer has read from that field, which says it again */
    mime_output_field(export->out, "X-Auto-Response-Suppress", text);
}

static void put_language(struct mime_export *export)
{
    ULONG locale = (ULONG)mime_export_long(export, PR_MESSAGE_LOCALE_ID, 0);
    const char *original = mime_original(export, "Content-Language", 0), *tag = mime_language_tag(locale);
    const char *text = original == NULL ? NULL : mime_header_text(export->options, &export->arena, original);

    if (tag != NULL && text != NULL && mime_language_locale(text) == locale)
        mime_output_field(export->out, "Content-Language", text);
    else
        mime_output_field(export->out, "Content-Language", tag);
}

static void put_options(struct mime_export *export)
{
    static const char *const sensitivities[] = {NULL, "Personal", "Private", "Company-Confidential"};
    LONG importance = mime_export_long(export, PR_IMPORTANCE, 1),
         sensitivity = mime_export_long(export, PR_SENSITIVITY, 0);

    if (importance == 0 || importance == 2)
        mime_output_field(export->out, "Importance", importance == 0 ? "Low" : "High");
    if (sensitivity >= 1 && sensitivity <= 3)
        mime_output_field(export->out, "Sensitivity", sensitivities[sensitivity]);
    put_receipts(export);
    put_time(export, "Expires", PR_EXPIRY_TIME);
    put_time(export, "Reply-By", PR_REPLY_TIME);
    put_suppress(export);
    put_language(export);
    put_text(export, "Precedence", mime_export_text(export, PR_INTERNET_PRECEDENCE_W));
    put_text(export, "List-Help", mime_export_text(export, PR_LIST_HELP_W));
    put_text(export, "List-Subscribe", mime_export_text(export, PR_LIST_SUBSCRIBE_W));
    put_text(export, "List-Unsubscribe", mime_export_text(export, PR_LIST_UNSUBSCRIBE_W));
    if ((export->flags & CCSF_EMBEDDED_MESSAGE) != 0 && is_unsent(export))
        mime_output_field(export->out, "X-Unsent", "1");
}

/* Named properties ---------------------------------------------------------------------------------------------- */

/* Fields that other properties write, or that belong to one transport only. */
static bool is_ours(struct mime_export *export, const char *name)
{
    static const char *const names[] = {"from",
                                        "sender",
                                        "reply-to",
                                        "to",
                                        "cc",
                                        "bcc",
                                        "subject",
                                        "message-id",
                                        "in-reply-to",
                                        "references",
                                        "mime-version",
                                        "importance",
                                        "sensitivity",
                                        "return-receipt-to",
                                        "disposition-notification-to",
                                        "expires",
                                        "reply-by",
                                        "x-auto-response-suppress",
                                        "precedence",
                                        "list-help",
                                        "list-subscribe",
                                        "list-unsubscribe",
                                        "x-unsent",
                                        "thread-topic",
                                        "thread-index",
                                        "keywords",
                                        "x-message-flag",
                                        "x-ms-has-attach",
                                        "x-ms-tnef-correlator",
                                        "resent-bcc"};

    if (strncasecmp(name, "content-", 8) == 0 && strcasecmp(name, "content-base") != 0 &&
        strcasecmp(name, "content-class") != 0 &&
        (strcasecmp(name, "content-language") != 0 || mime_export_prop(export, PR_MESSAGE_LOCALE_ID) != NULL))
        return true;
    if (strcasecmp(name, "date") == 0)
        return mime_export_prop(export, PR_CLIENT_SUBMIT_TIME) != NULL || is_unsent(export);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

/* "x-mailer" is written as "X-Mailer". */
static bool field_name(const char *name, char *out, size_t room)
{
    size_t size = strlen(name);
    bool begins = true;

    if (size == 0 || size >= room)
        return false;
    for (size_t i = 0; i <= size; i++) {
        char c = name[i];

        if (i < size && (c <= ' ' || c >= 0x7F || c == ':'))
            return false;
        out[i] = (char)(begins && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        begins = c == '-';
    }
    return true;
}

static void put_named(struct mime_export *export, const char *name, char *value)
{
    char field[128];

    if (is_ours(export, name) || !field_name(name, field, sizeof field))
        return;
    for (char *line = value; line != NULL;) { /* several fields of one name are lines of one value */
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end++ = '\0';
        put_text(export, field, line);
        line = end;
    }
}

static void put_keywords(struct mime_export *export, const SWStringArray *words)
{
    size_t size = 1;
    char *text, *at;

    for (ULONG i = 0; i < words->cValues; i++)
        size += UTF8_MAX(utf16_length(words->lppszW[i])) + 2;
    at = text = mime_arena_alloc(&export->arena, size);
    for (ULONG i = 0; i < words->cValues && text != NULL; i++) {
        at = stpcpy(at, i == 0 ? "" : ", ");
        at += utf16_to_utf8(words->lppszW[i], utf16_length(words->lppszW[i]), at, UTF_REPLACE);
    }
    put_text(export, "Keywords", text);
}

static bool is_trace(const char *name)
{
    return strcasecmp(name, "received") == 0 || strcasecmp(name, "return-path") == 0;
}

static void put_named_value(struct mime_export *export, const MAPINAMEID *id, const SPropValue *value, bool trace)
{
    const char *name;

    if (id == NULL || id->ulKind != MNID_STRING || id->lpguid == NULL)
        return;
    name = mime_text_utf8(&export->arena, id->Kind.lpwstrName, utf16_length(id->Kind.lpwstrName));
    if (name == NULL || is_trace(name) != trace)
        return;
    if (memcmp(id->lpguid, &PS_INTERNET_HEADERS, sizeof(GUID)) == 0 && PROP_TYPE(value->ulPropTag) == PT_UNICODE) {
        char *text = mime_text_utf8(&export->arena, value->Value.lpszW, utf16_length(value->Value.lpszW));

        if (text != NULL)
            put_named(export, name, text);
    } else if (memcmp(id->lpguid, &PS_PUBLIC_STRINGS, sizeof(GUID)) == 0 && strcmp(name, "Keywords") == 0 &&
               PROP_TYPE(value->ulPropTag) == PT_MV_UNICODE) {
        put_keywords(export, &value->Value.MVszW);
    }
}

/* The named strings of the message, as many as one array holds. */
struct named_strings {
    SPropTagArray *tags;
    MAPINAMEID **ids;
    SPropValue *values;
    ULONG count;
};

static HRESULT read_names(struct mime_export *export, struct named_strings *named)
{
    IMAPIProp *object = (IMAPIProp *)(void *)export->message;
    HRESULT hr = object->lpVtbl->GetPropList(object, MAPI_UNICODE, &named->tags);
    ULONG kept = 0;

    if (FAILED(hr))
        return hr;
    for (ULONG i = 0; i < named->tags->cValues; i++)
        if (PROP_ID(named->tags->aulPropTag[i]) >= PROP_ID_NAMED_MIN &&
            (PROP_TYPE(named->tags->aulPropTag[i]) == PT_UNICODE ||
             PROP_TYPE(named->tags->aulPropTag[i]) == PT_MV_UNICODE))
            named->tags->aulPropTag[kept++] = named->tags->aulPropTag[i];
    named->tags->cValues = kept;
    if (kept == 0)
        return S_OK;
    hr = mime_read_props(export->allocators, object, named->tags->aulPropTag, kept, &named->values);
    if (SUCCEEDED(hr) &&
        FAILED(object->lpVtbl->GetNamesFromIDs(object, &named->tags, NULL, 0, &named->count, &named->ids)))
        named->count = 0;
    if (named->count > kept)
        named->count = kept;
    return FAILED(hr) ? hr : S_OK;
}

static void free_names(const struct mime_allocators *allocators, struct named_strings *named)
{
    allocators->free_buffer(named->ids);
    allocators->free_buffer(named->values);
    allocators->free_buffer(named->tags);
}

/* What the way has added stands above all else. */
static void put_names(struct mime_export *export, const struct named_strings *named, bool trace)
{
    for (ULONG i = 0; i < named->count; i++)
        put_named_value(export, named->ids[i], &named->values[i], trace);
}

/* What was asked for, where a task number says so [pidlidflagrequest]. */
static void put_flag(struct mime_export *export)
{
    enum { FLAG_REQUEST = 0x8530 };
    IMAPIProp *object = (IMAPIProp *)(void *)export->message;
    ULONG tag = mime_number_tag(object, &PSETID_Common, FLAG_REQUEST, PT_UNICODE, export->allocators);
    SPropValue *values = NULL;

    if (tag == 0 || FAILED(mime_read_props(export->allocators, object, &tag, 1, &values)))
        return;
    if (values[0].ulPropTag == tag) {
        const char *text = mime_text_utf8(&export->arena, values[0].Value.lpszW, utf16_length(values[0].Value.lpszW));

        put_text(export, "X-Message-Flag", text);
    }
    export->allocators->free_buffer(values);
}

/* What Exchange's transports say of a message's parts; mail that came is left as it came. */
static void put_hints(struct mime_export *export)
{
    const SPropValue *key = mime_export_prop(export, PR_TNEF_CORRELATION_KEY);
    const char *text = key == NULL ? NULL
                                   : mime_arena_text(&export->arena, (const char *)key->Value.bin.lpb,
                                                     key->Value.bin.cb < 512 ? key->Value.bin.cb : 0);

    if (export->attached_count != 0 &&
        (export->originals == NULL || mime_original(export, "X-MS-Has-Attach", 0) != NULL))
        mime_output_field(export->out, "X-MS-Has-Attach", "yes");
    if (text == NULL && export->tnef)
        text = mime_export_text(export, PR_INTERNET_MESSAGE_ID_W);
    if (text != NULL && mime_text_is_ascii(text, strlen(text)))
        mime_output_ids(export->out, "X-MS-TNEF-Correlator", text);
}

HRESULT
mime_export_headers(struct mime_export *export)
{
    struct named_strings named = {NULL, NULL, NULL, 0};
    HRESULT hr = read_names(export, &named);

    put_names(export, &named, true);
    put_date(export);
    put_from(export);
    put_reply_to(export);
    put_recipients(export, "To", MAPI_TO);
    put_recipients(export, "Cc", MAPI_CC);
    if ((export->flags & CCSF_INCLUDE_BCC) != 0)
        put_recipients(export, "Bcc", MAPI_BCC);
    put_subject(export);
    put_message_id(export);
    put_ids(export, "In-Reply-To", mime_export_text(export, PR_IN_REPLY_TO_ID_W));
    put_ids(export, "References", mime_export_text(export, PR_INTERNET_REFERENCES_W));
    put_thread(export);
    put_options(export);
    put_flag(export);
    put_hints(export);
    put_names(export, &named, false);
    free_names(export->allocators, &named);
    return SUCCEEDED(hr) && export->arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : hr;
}
