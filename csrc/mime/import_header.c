#include "mime/import.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include <mapiguid.h>
#include <mapitags.h>

#include "mime/header.h"
#include "mime/language.h"
#include "mime/text.h"

struct reader {
    struct mime_import *import;
    GMimeMessage *parsed;
    struct mime_draft *draft;
    struct mime_names *names;
    struct mime_addresses *recipients;
    struct mime_addresses from, sender, replies, receipt;
    const char *subject;
    bool has_from, has_sender, unsent, has_topic;
};

struct rule;
typedef void handler(struct reader *reader, const struct rule *rule, const char *raw);

struct rule {
    const char *name;
    handler *handle;
    ULONG tag;    /* or the recipient type */
    bool repeats; /* every field counts, not only the first */
};

char *mime_import_text(struct mime_import *import, struct mime_arena *arena, const char *raw)
{
    return mime_header_text(import->options, arena, raw);
}

static char *text_of(struct reader *reader, const char *raw)
{
    return mime_import_text(reader->import, &reader->draft->arena, raw);
}

/* An unstructured field that becomes a string; empty ones are left out, but for an empty subject. */
static void read_text(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);

    if (text == NULL || (*text == '\0' && rule->tag != PR_SUBJECT_W))
        return;
    if (rule->tag == PR_SUBJECT_W)
        reader->subject = text;
    reader->has_topic |= rule->tag == PR_CONVERSATION_TOPIC_W;
    mime_draft_text(reader->draft, rule->tag, text);
}

static void read_ids(struct reader *reader, const struct rule *rule, const char *raw)
{
    char *text = mime_arena_text(&reader->draft->arena, raw, strlen(raw));

    if (text != NULL && *mime_header_ids(text) != '\0')
        mime_draft_text(reader->draft, rule->tag, text);
}

/* A date that nobody can read is kept as it stands, under the name of its field. */
static void read_date(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);
    int64_t seconds;

    if (text == NULL || *text == '\0' || mime_draft_find(reader->draft, rule->tag) != NULL)
        return;
    if (mime_header_date(text, &seconds))
        mime_draft_time(reader->draft, rule->tag, seconds);
    else if (rule->tag == PR_CLIENT_SUBMIT_TIME)
        mime_names_add_header(reader->names, rule->name, text, true);
}

/* The topmost Received field with a date says when the message was delivered. */
static void read_received(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);
    const char *date = strrchr(raw, ';');
    int64_t seconds;

    if (mime_draft_find(reader->draft, rule->tag) == NULL && date != NULL && mime_header_date(date + 1, &seconds))
        mime_draft_time(reader->draft, rule->tag, seconds);
    if (text != NULL && *text != '\0')
        mime_names_add_header(reader->names, rule->name, text, true);
}

static void read_recipients(struct reader *reader, const struct rule *rule, const char *raw)
{
    if (rule->tag == MAPI_BCC && (reader->import->flags & CCSF_INCLUDE_BCC) == 0)
        return;
    mime_addresses_parse(reader->recipients, &reader->draft->arena, reader->import->options, raw, (LONG)rule->tag);
}

/* What no parser can read as an address is at least a name. */
static void parse_correspondents(struct reader *reader, struct mime_addresses *list, const char *raw)
{
    const char *text;

    if (mime_addresses_parse(list, &reader->draft->arena, reader->import->options, raw, 0) != 0)
        return;
    text = text_of(reader, raw);
    if (text != NULL && *text != '\0')
        mime_addresses_add(list, &reader->draft->arena, text, NULL, 0);
}

static void read_from(struct reader *reader, const struct rule *rule, const char *raw)
{
    (void)rule;
    parse_correspondents(reader, &reader->from, raw);
}

static void read_sender(struct reader *reader, const struct rule *rule, const char *raw)
{
    (void)rule;
    parse_correspondents(reader, &reader->sender, raw);
}

static void read_reply_to(struct reader *reader, const struct rule *rule, const char *raw)
{
    (void)rule;
    parse_correspondents(reader, &reader->replies, raw);
}

static void read_receipt_to(struct reader *reader, const struct rule *rule, const char *raw)
{
    (void)rule;
    if (mime_addresses_parse(&reader->receipt, &reader->draft->arena, reader->import->options, raw, 0) == 0)
        return;
    mime_draft_boolean(reader->draft, PR_READ_RECEIPT_REQUESTED, true);
    mime_draft_boolean(reader->draft, PR_NON_RECEIPT_NOTIFICATION_REQUESTED, true);
    mime_address_draft(reader->draft, &mime_receipt_tags, &reader->receipt.items[0]);
}

static void read_delivery_report(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);
    struct mime_addresses list = {NULL, 0, 0};

    if (text == NULL || *text == '\0')
        return;
    mime_draft_boolean(reader->draft, rule->tag, true);
    if (mime_addresses_parse(&list, &reader->draft->arena, reader->import->options, raw, 0) != 0) {
        SBinary id = mime_address_entry_id(&reader->draft->arena, &list.items[0]);

        mime_draft_text(reader->draft, PR_REPORT_NAME_W, list.items[0].name);
        if (id.lpb != NULL)
            mime_draft_binary(reader->draft, PR_REPORT_ENTRYID, id.lpb, id.cb);
    }
    mime_addresses_clear(&list);
}

/* A request to follow up: the flag, its text and a task that has not been begun [pidlidflagrequest]. */
static void read_flag(struct reader *reader, const struct rule *rule, const char *raw)
{
    enum {
        FLAG_REQUEST = 0x8530,
        TASK_STATUS = 0x8101,
        PERCENT_COMPLETE = 0x8102,
        TASK_COMPLETE = 0x811C,
        FLAGGED = 2
    };
    const char *text = text_of(reader, raw);
    SPropValue *value;

    (void)rule;
    if (text == NULL || *text == '\0')
        return;
    mime_draft_long(reader->draft, PR_FLAG_STATUS, FLAGGED);
    value = mime_names_add_number(reader->names, &PSETID_Common, FLAG_REQUEST, PT_UNICODE);
    if (value != NULL)
        value->Value.lpszW = mime_text_wide(&reader->names->arena, text, strlen(text));
    mime_names_add_number(reader->names, &PSETID_Task, TASK_STATUS, PT_LONG);
    mime_names_add_number(reader->names, &PSETID_Task, PERCENT_COMPLETE, PT_DOUBLE);
    mime_names_add_number(reader->names, &PSETID_Task, TASK_COMPLETE, PT_BOOLEAN);
}

/* What ties a message to its winmail.dat: the text, its NUL included. */
static void read_correlator(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);

    if (text != NULL && *text != '\0')
        mime_draft_binary(reader->draft, rule->tag, text, strlen(text) + 1);
}

/* Words and the numbers they stand for; the last entry's word is NULL and has the number for all others. */
struct word {
    const char *word;
    LONG value;
};

static LONG number_of(const struct word *words, const char *text)
{
    while (words->word != NULL && strncasecmp(words->word, text, strlen(words->word)) != 0)
        words++;
    return words->value;
}

static void add_once(struct reader *reader, ULONG tag, LONG value)
{
    if (mime_draft_find(reader->draft, tag) == NULL)
        mime_draft_long(reader->draft, tag, value);
}

static void read_importance(struct reader *reader, const struct rule *rule, const char *raw)
{
    static const struct word words[] = {{"low", 0}, {"high", 2}, {"non-urgent", 0}, {"urgent", 2}, {"1", 2},
                                        {"2", 2},   {"4", 0},    {"5", 0},          {NULL, 1}};
    const char *text = text_of(reader, raw);

    if (text != NULL && *text != '\0')
        add_once(reader, rule->tag, number_of(words, text));
}

static void read_sensitivity(struct reader *reader, const struct rule *rule, const char *raw)
{
    static const struct word words[] = {
        {"personal", 1}, {"private", 2}, {"company-confidential", 3}, {"companyconfidential", 3}, {NULL, 0}};
    const char *text = text_of(reader, raw);

    if (text != NULL && *text != '\0')
        add_once(reader, rule->tag, number_of(words, text));
}

static void read_thread_index(struct reader *reader, const struct rule *rule, const char *raw)
{
    gsize size = 0;
    const char *text = text_of(reader, raw);
    guchar *bytes;

    if (text == NULL || *text == '\0')
        return;
    bytes = g_base64_decode(text, &size);
    if (size != 0)
        mime_draft_binary(reader->draft, rule->tag, bytes, size);
    g_free(bytes);
}

static void read_language(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);
    ULONG locale = text == NULL ? 0 : mime_language_locale(text);

    if (locale != 0)
        mime_draft_long(reader->draft, rule->tag, (LONG)locale);
    else if (text != NULL && *text != '\0')
        mime_names_add_header(reader->names, "content-language", text, true);
}

static void read_keywords(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);

    (void)rule;
    if (text != NULL && *text != '\0')
        mime_names_add_keywords(reader->names, text);
}

/* Bits of PR_AUTO_RESPONSE_SUPPRESS [pidtagautoresponsesuppress]. */
static void read_suppress(struct reader *reader, const struct rule *rule, const char *raw)
{
    static const struct word bits[] = {{"DR", 1}, {"NDR", 2}, {"RN", 4}, {"NRN", 8}, {"OOF", 16}, {"AutoReply", 32}};
    SPropValue *guessed = mime_draft_get(reader->draft, rule->tag); /* from Auto-Submitted, above */
    const char *text = text_of(reader, raw);
    LONG value = 0;

    if (text == NULL || *text == '\0')
        return;
    if (strncasecmp(text, "all", 3) == 0)
        value = -1;
    while (value != -1 && *text != '\0') {
        size_t size = strcspn(text, ", ");

        for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
            if (strlen(bits[i].word) == size && strncasecmp(bits[i].word, text, size) == 0)
                value |= bits[i].value;
        text += size;
        text += strspn(text, ", ");
    }
    if (guessed != NULL)
        guessed->Value.l = value;
    else
        mime_draft_long(reader->draft, rule->tag, value);
}

static void read_auto_submitted(struct reader *reader, const struct rule *rule, const char *raw)
{
    enum { OOF_AND_AUTOREPLY = 16 | 32 };
    const char *text = text_of(reader, raw);

    mime_names_add_header(reader->names, rule->name, text == NULL ? "" : text, true);
    if (text != NULL && *text != '\0' && strcasecmp(text, "no") != 0)
        add_once(reader, rule->tag, OOF_AND_AUTOREPLY);
}

static void read_number(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);
    gint64 value;

    if (text == NULL || *text == '\0')
        return;
    value = g_ascii_strtoll(text, NULL, 10);
    if (value >= INT32_MIN && value <= INT32_MAX)
        add_once(reader, rule->tag, (LONG)value);
}

static void read_unsent(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);

    (void)rule;
    reader->unsent = text != NULL && strcmp(text, "1") == 0;
}

/* A well-known field without a tag: its name is worth a number in the store. */
static void read_named(struct reader *reader, const struct rule *rule, const char *raw)
{
    const char *text = text_of(reader, raw);

    if (text != NULL && *text != '\0')
        mime_names_add_header(reader->names, rule->name, text, true);
}

static void read_nothing(struct reader *reader, const struct rule *rule, const char *raw)
{
    (void)reader;
    (void)rule;
    (void)raw;
}

/* contract of the fields: each property's page and the mail gateway appendix [mapi-smtp mappings]. Fields that only
 * describe one transport are read by read_nothing: PR_TRANSPORT_MESSAGE_HEADERS has them. */
static const struct rule rules[] = {
    {"Subject", read_text, PR_SUBJECT_W, false},
    {"From", read_from, 0, false},
    {"Sender", read_sender, 0, false},
    {"To", read_recipients, MAPI_TO, true},
    {"Cc", read_recipients, MAPI_CC, true},
    {"Bcc", read_recipients, MAPI_BCC, true},
    {"Reply-To", read_reply_to, 0, false},
    {"Date", read_date, PR_CLIENT_SUBMIT_TIME, false},
    {"Received", read_received, PR_MESSAGE_DELIVERY_TIME, true},
    {"Message-ID", read_ids, PR_INTERNET_MESSAGE_ID_W, false},
    {"In-Reply-To", read_ids, PR_IN_REPLY_TO_ID_W, false},
    {"References", read_ids, PR_INTERNET_REFERENCES_W, false},
    {"Thread-Topic", read_text, PR_CONVERSATION_TOPIC_W, false},
    {"Thread-Index", read_thread_index, PR_CONVERSATION_INDEX, false},
    {"Importance", read_importance, PR_IMPORTANCE, false},
    {"X-MSMail-Priority", read_importance, PR_IMPORTANCE, false},
    {"Priority", read_importance, PR_IMPORTANCE, false},
    {"X-Priority", read_importance, PR_IMPORTANCE, false},
    {"Sensitivity", read_sensitivity, PR_SENSITIVITY, false},
    {"Return-Receipt-To", read_delivery_report, PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED, false},
    {"Disposition-Notification-To", read_receipt_to, 0, false},
    {"Reply-By", read_date, PR_REPLY_TIME, false},
    {"Expires", read_date, PR_EXPIRY_TIME, false},
    {"Expiry-Date", read_date, PR_EXPIRY_TIME, false},
    {"Keywords", read_keywords, 0, true},
    {"Content-Language", read_language, PR_MESSAGE_LOCALE_ID, false},
    {"X-Auto-Response-Suppress", read_suppress, PR_AUTO_RESPONSE_SUPPRESS, false},
    {"Auto-Submitted", read_auto_submitted, PR_AUTO_RESPONSE_SUPPRESS, false},
    {"Precedence", read_text, PR_INTERNET_PRECEDENCE_W, false},
    {"List-Help", read_text, PR_LIST_HELP_W, false},
    {"X-List-Help", read_text, PR_LIST_HELP_W, false},
    {"List-Subscribe", read_text, PR_LIST_SUBSCRIBE_W, false},
    {"X-List-Subscribe", read_text, PR_LIST_SUBSCRIBE_W, false},
    {"List-Unsubscribe", read_text, PR_LIST_UNSUBSCRIBE_W, false},
    {"X-List-Unsubscribe", read_text, PR_LIST_UNSUBSCRIBE_W, false},
    {"X-MS-Exchange-Organization-SCL", read_number, PR_CONTENT_FILTER_SCL, false},
    {"X-MS-Exchange-Organization-PRD", read_text, PR_PURPORTED_SENDER_DOMAIN_W, false},
    {"X-MS-Exchange-Organization-SenderIdResult", read_number, PR_SENDER_ID_STATUS, false},
    {"X-Unsent", read_unsent, 0, false},
    {"Accept-Language", read_named, 0, false},
    {"X-Accept-Language", read_named, 0, false},
    {"X-Mailer", read_named, 0, false},
    {"User-Agent", read_named, 0, false},
    {"Content-Base", read_named, 0, false},
    {"Organization", read_named, 0, false},
    {"Comments", read_named, 0, true},
    {"List-Id", read_named, 0, true},
    {"List-Post", read_named, 0, true},
    {"List-Owner", read_named, 0, true},
    {"List-Archive", read_named, 0, true},
    {"Archived-At", read_named, 0, true},
    {"Mail-Followup-To", read_named, 0, false},
    {"X-Original-To", read_named, 0, true},
    {"Return-Path", read_named, 0, true},
    {"X-Message-Flag", read_flag, 0, false},
    {"X-MS-TNEF-Correlator", read_correlator, PR_TNEF_CORRELATION_KEY, false},
    {"X-MS-Has-Attach", read_nothing, 0, true},
    {"MIME-Version", read_nothing, 0, true},
    {"Content-Type", read_nothing, 0, true},
    {"Content-Transfer-Encoding", read_nothing, 0, true},
    {"Content-Disposition", read_nothing, 0, true},
};

enum { RULES = sizeof rules / sizeof rules[0] };

/* A field whose first letter the source has changed, so that the parser does not look into it. */
static bool is_hidden(const struct mime_import *import, const char *name)
{
    static const char *const names[] = {"ontent-Type", "rom", "ender", "eply-To", "o", "c", "cc"};

    for (size_t i = 0; i < sizeof names / sizeof names[0] && import->source->renamed_count != 0 && *name == 'X'; i++)
        if (strcasecmp(names[i], name + 1) == 0)
            return true;
    return false;
}

/* One pass over a header list. A field of no rule becomes a property under its name. */
static void read_list(struct reader *reader, GMimeHeaderList *list, bool *seen)
{
    int count = g_mime_header_list_get_count(list);

    for (int i = 0; i < count; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *name = g_mime_header_get_name(header), *raw = g_mime_header_get_raw_value(header);
        size_t rule = 0;

        if (raw == NULL)
            continue;
        while (rule < RULES && (((*rules[rule].name ^ *name) & ~0x20) != 0 || strcasecmp(rules[rule].name, name) != 0))
            rule++;
        if (is_hidden(reader->import, name)) {
            mime_draft_note(reader->draft,
                            "A header field that no parser should see (a second Content-Type, or addresses in "
                            "too many groups) was left out; PR_TRANSPORT_MESSAGE_HEADERS has it.");
        } else if (rule == RULES) {
            const char *text = text_of(reader, raw);

            if (text != NULL && *text != '\0')
                mime_names_add_header(reader->names, name, text, false);
        } else if (rules[rule].repeats || !seen[rule]) {
            seen[rule] = true;
            rules[rule].handle(reader, &rules[rule], raw);
        }
    }
}

/* The subject without its prefix: one to three characters, no digit, blank or colon, then ": ". */
static const char *topic_of(const char *subject)
{
    size_t units = 0, size = 0;

    while (units < 4 && subject[size] != '\0' && subject[size] != ':' && subject[size] != ' ' &&
           (subject[size] < '0' || subject[size] > '9')) {
        unsigned char lead = (unsigned char)subject[size++];

        while (((unsigned char)subject[size] & 0xC0) == 0x80)
            size++;
        units += lead >= 0xF0 ? 2 : 1;
    }
    return units >= 1 && units <= 3 && subject[size] == ':' && subject[size + 1] == ' ' ? subject + size + 2 : subject;
}

/* From and Sender: when one is missing its group is that of the other [message-envelope.md wants both]. */
static void draft_correspondents(struct reader *reader)
{
    const struct mime_addresses *from = reader->from.count != 0 ? &reader->from : &reader->sender;
    const struct mime_addresses *sender = reader->sender.count != 0 ? &reader->sender : &reader->from;

    if (from->count != 0)
        mime_address_draft(reader->draft, &mime_representing_tags, &from->items[0]);
    if (sender->count != 0)
        mime_address_draft(reader->draft, &mime_sender_tags, &sender->items[0]);
    mime_address_draft_replies(reader->draft, &reader->replies);
}

static void draft_state(struct reader *reader)
{
    bool unsent = reader->unsent && (reader->import->flags & CCSF_EMBEDDED_MESSAGE) != 0;

    mime_draft_long(reader->draft, PR_MESSAGE_FLAGS, unsent ? (LONG)MSGFLAG_UNSENT : 0);
    if (mime_draft_find(reader->draft, PR_MESSAGE_DELIVERY_TIME) == NULL)
        mime_draft_time(reader->draft, PR_MESSAGE_DELIVERY_TIME, (int64_t)time(NULL));
    if (!reader->has_topic && reader->subject != NULL)
        mime_draft_text(reader->draft, PR_CONVERSATION_TOPIC_W, topic_of(reader->subject));
    add_once(reader, PR_IMPORTANCE, 1);
    add_once(reader, PR_SENSITIVITY, 0);
}

/* A field of the message that the parser takes for one of its body, for its name. */
static void read_content_field(struct reader *reader, GMimeHeaderList *list, const char *name)
{
    struct rule rule = {name, read_named, 0, false};
    GMimeHeader *header = g_mime_header_list_get_header(list, name);

    if (header != NULL)
        read_named(reader, &rule, g_mime_header_get_raw_value(header));
}

void mime_import_headers(struct mime_import *import, GMimeMessage *parsed, struct mime_draft *draft,
                         struct mime_names *names, struct mime_addresses *recipients)
{
    struct reader reader;
    bool seen[RULES] = {false};
    GMimeObject *body = g_mime_message_get_mime_part(parsed);

    memset(&reader, 0, sizeof reader);
    reader.import = import;
    reader.parsed = parsed;
    reader.draft = draft;
    reader.names = names;
    reader.recipients = recipients;
    read_list(&reader, g_mime_object_get_header_list(GMIME_OBJECT(parsed)), seen);
    if (body != NULL) {
        GMimeHeaderList *list = g_mime_object_get_header_list(body);
        const char *id = g_mime_object_get_content_id(body);
        GMimeHeader *location = g_mime_header_list_get_header(list, "Content-Location");
        GMimeHeader *language = g_mime_header_list_get_header(list, "Content-Language");
        bool has_body = GMIME_IS_MULTIPART(body) || GMIME_IS_TEXT_PART(body);
        static const struct rule location_rule = {"Content-Location", read_text, PR_BODY_CONTENT_LOCATION_W, false};
        static const struct rule language_rule = {"Content-Language", read_language, PR_MESSAGE_LOCALE_ID, false};

        mime_draft_text(draft, PR_BODY_CONTENT_ID_W, id);
        if (location != NULL)
            read_text(&reader, &location_rule, g_mime_header_get_raw_value(location));
        if (language != NULL)
            read_language(&reader, &language_rule, g_mime_header_get_raw_value(language));
        read_content_field(&reader, list, "Content-Class");
        if (has_body)
            read_content_field(&reader, list, "Content-Base");
    }
    draft_correspondents(&reader);
    draft_state(&reader);
    mime_addresses_clear(&reader.from);
    mime_addresses_clear(&reader.sender);
    mime_addresses_clear(&reader.replies);
    mime_addresses_clear(&reader.receipt);
}
