/* Messages: imessageimapiprop.md, imapiprop-savechanges.md and the pages of the properties named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/mapi.h"
#include "support/store_helper.h"

static void a_saved_message_comes_back(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    put_text(message, PR_SUBJECT,
             "Gr\xC3\xBC\xC3\x9F"
             "e");
    put_text(message, PR_BODY, "text");
    put_long(message, PR_IMPORTANCE, IMPORTANCE_HIGH);
    put_time(message, PR_MESSAGE_DELIVERY_TIME, 132000000000000000);
    put_long(message, PR_SENSITIVITY, SENSITIVITY_PRIVATE);
    assert_int_equal(error_of(message, PR_ENTRYID), MAPI_E_NOT_FOUND);
    assert_string_equal(subjects_of(folder), "");
    assert_int_equal(save(message, 0), S_OK);
    SBinary id = entryid(message);
    release(message);

    message = open_message(id, 0);
    assert_string_equal(text_of(message, PR_SUBJECT), "Gr\xC3\xBC\xC3\x9F"
                                                      "e");
    assert_string_equal(text_of(message, PR_BODY), "text");
    assert_int_equal(long_of(message, PR_IMPORTANCE), IMPORTANCE_HIGH);
    assert_int_equal(long_of(message, PR_SENSITIVITY), SENSITIVITY_PRIVATE);
    assert_true(time_of(message, PR_MESSAGE_DELIVERY_TIME) == 132000000000000000);
    assert_string_equal(text_of(message, PR_MESSAGE_CLASS), "IPM.Note");
    assert_int_equal(long_of(message, PR_OBJECT_TYPE), MAPI_MESSAGE);
    assert_int_equal(long_of(message, PR_ACCESS_LEVEL), 0);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS), MSGFLAG_UNSENT | MSGFLAG_UNMODIFIED);
    assert_true(long_of(message, PR_MESSAGE_SIZE) > 0);
    assert_int_equal(binary(message, PR_PARENT_ENTRYID).cb, 32);
    assert_memory_equal(binary(message, PR_PARENT_ENTRYID).lpb, entryid(folder).lpb, 32);
    assert_memory_equal(binary(message, PR_STORE_ENTRYID).lpb, entryid(the_store).lpb, entryid(the_store).cb);
    assert_int_equal(binary(message, PR_SEARCH_KEY).cb, 16);
    release(message);
    release(folder);
    expect_integrity();
}

static void computed_properties_cannot_be_set(void **state)
{
    static const ULONG tags[] = {PR_OBJECT_TYPE, PR_ACCESS, PR_ACCESS_LEVEL, PR_MESSAGE_SIZE, PR_MSG_STATUS};
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        SPropValue value = number_value(tags[i], 1);
        assert_int_equal(put_error(message, &value), MAPI_E_COMPUTED);
    }
    SPropValue display = string_value(PR_DISPLAY_TO, "x");
    assert_int_equal(put_error(message, &display), MAPI_E_COMPUTED);
    SPropValue flags = number_value(PR_MESSAGE_FLAGS, MSGFLAG_READ);
    assert_int_equal(put_error(message, &flags), MAPI_E_COMPUTED); /* it has been saved */
    SPropValue type = number_value(CHANGE_PROP_TYPE(PR_MESSAGE_CLASS, PT_LONG), 1);
    assert_int_equal(put_error(message, &type), MAPI_E_UNEXPECTED_TYPE);
    release(message);
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    put_long(message, PR_MESSAGE_FLAGS, MSGFLAG_READ | MSGFLAG_SUBMIT);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS), MSGFLAG_READ);
    release(message);
    release(folder);
}

static void the_subject_is_prefix_and_normalized_subject(void **state)
{
    static const struct {
        const char *subject, *prefix, *normalized;
    } cases[] = {{"Re: hello", "Re: ", "hello"},
                 {"hello", "", "hello"},
                 {"FWD: x", "FWD: ", "x"},
                 {"Abcd: x", "", "Abcd: x"},
                 {"R2: x", "", "R2: x"},
                 {"a b: x", "", "a b: x"},
                 {"", "", ""},
                 {": x", "", ": x"},
                 {"Re:x", "", "Re:x"},
                 {"\xC3\x84w: x", "\xC3\x84w: ", "x"},
                 {"Re: Re: x", "Re: ", "Re: x"}};
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_text(message, PR_SUBJECT, cases[i].subject);
        assert_string_equal(text_of(message, PR_SUBJECT_PREFIX), cases[i].prefix);
        assert_string_equal(text_of(message, PR_NORMALIZED_SUBJECT), cases[i].normalized);
    }
    put_text(message, PR_SUBJECT, "Antwort: hello");
    put_text(message, PR_SUBJECT_PREFIX, "Antwort: ");
    assert_string_equal(text_of(message, PR_NORMALIZED_SUBJECT), "hello");
    assert_string_equal(text_of(message, PR_SUBJECT), "Antwort: hello");
    put_text(message, PR_SUBJECT_PREFIX, "Re: ");
    assert_string_equal(text_of(message, PR_SUBJECT), "Re: hello");
    put_text(message, PR_NORMALIZED_SUBJECT, "world");
    assert_string_equal(text_of(message, PR_SUBJECT), "Re: world");
    assert_int_equal(save(message, 0), S_OK);
    SBinary id = entryid(message);
    release(message);
    message = open_message(id, MAPI_MODIFY);
    assert_string_equal(text_of(message, PR_SUBJECT_PREFIX), "Re: ");
    assert_string_equal(text_of(message, PR_NORMALIZED_SUBJECT), "world");
    SizedSPropTagArray(1, tags) = {1, {PR_SUBJECT}};
    assert_int_equal(message->lpVtbl->DeleteProps(message, (LPSPropTagArray)&tags, NULL), S_OK);
    assert_int_equal(error_of(message, PR_NORMALIZED_SUBJECT), MAPI_E_NOT_FOUND);
    release(message);
    release(folder);
}

/* A second save changes MSGFLAG_UNMODIFIED and MSGFLAG_HASATTACH, and once changed all of them. */
static void a_save_keeps_the_other_flags(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    SBinary id = add_message(folder, "one");
    IMessage *message = open_message(id, MAPI_MODIFY);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, 0), S_OK);
    put_text(message, PR_SUBJECT, "two");
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS), MSGFLAG_UNSENT | MSGFLAG_READ);
    attach_bytes(message, "a", "b", 1);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    message = open_message(id, 0);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS), MSGFLAG_UNSENT | MSGFLAG_READ | MSGFLAG_HASATTACH);
    release(message);
    release(folder);
}

static void two_writers_collide(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    SBinary id = add_message(folder, "one");
    IMessage *first = open_message(id, MAPI_BEST_ACCESS);
    IMessage *second = open_message(id, MAPI_BEST_ACCESS);
    put_text(first, PR_SUBJECT, "first");
    put_text(second, PR_SUBJECT, "second");
    assert_int_equal(save(first, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(save(second, KEEP_OPEN_READWRITE), MAPI_E_OBJECT_CHANGED);
    assert_string_equal(subjects_of(folder), "first");
    assert_int_equal(save(second, FORCE_SAVE | KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(subjects_of(folder), "second");
    put_text(second, PR_SUBJECT, "again");
    assert_int_equal(save(second, 0), S_OK); /* it has the version it wrote */
    put_text(first, PR_SUBJECT, "late");
    assert_int_equal(save(first, 0), MAPI_E_OBJECT_CHANGED);
    ENTRYLIST list = {1, &id};
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
    assert_int_equal(save(first, 0), MAPI_E_OBJECT_DELETED);
    assert_int_equal(save(first, FORCE_SAVE), MAPI_E_OBJECT_DELETED);
    assert_int_equal(save(second, 0), MAPI_E_OBJECT_DELETED); /* also with nothing to write */
    release(first);
    release(second);
    release(folder);
}

static void what_is_not_saved_is_gone(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    SBinary id = add_message(folder, "kept");
    IMessage *message = open_message(id, MAPI_MODIFY);
    put_text(message, PR_SUBJECT, "lost");
    assert_int_equal(long_of(the_store, PROP_TAG(PT_LONG, 0x67F0)), 1);
    release(message);
    assert_int_equal(long_of(the_store, PROP_TAG(PT_LONG, 0x67F0)), 0);
    assert_string_equal(subjects_of(folder), "kept");
    release(folder);
}

static void reading_is_the_default(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    SBinary id = add_message(folder, "x");
    IMessage *message = open_message(id, 0);
    SPropValue value = string_value(PR_SUBJECT, "y");
    IStream *stream = NULL;
    ULONG number;
    IAttach *attach = NULL;
    ADRLIST list = {0, {{0, 0, NULL}}};
    assert_int_equal(put_error(message, &value), MAPI_E_NO_ACCESS);
    SizedSPropTagArray(1, tags) = {1, {PR_SUBJECT}};
    assert_int_equal(message->lpVtbl->DeleteProps(message, (LPSPropTagArray)&tags, NULL), MAPI_E_NO_ACCESS);
    assert_int_equal(save(message, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(try_stream(message, PR_BODY, MAPI_CREATE | MAPI_MODIFY, &stream), MAPI_E_NO_ACCESS);
    assert_null(stream);
    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach), MAPI_E_NO_ACCESS);
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, 0, &list), MAPI_E_NO_ACCESS);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), MAPI_E_NO_ACCESS);
    release(message);
    message = open_message(id, MAPI_BEST_ACCESS);
    assert_int_equal(long_of(message, PR_ACCESS_LEVEL), MAPI_MODIFY);
    release(message);
    release(folder);
}

static void a_store_opened_for_reading_gives_nothing_else(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    SBinary id = add_message(folder, "x");
    IMsgStore *store = open_store(0);
    IMessage *message = NULL;
    assert_int_equal(try_open(store, id, MAPI_MODIFY, &message), MAPI_E_NO_ACCESS);
    assert_null(message);
    assert_int_equal(try_open(store, id, MAPI_BEST_ACCESS, &message), S_OK);
    assert_int_equal(long_of(message, PR_ACCESS_LEVEL), 0);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(long_of(store, PR_STORE_SUPPORT_MASK) & (STORE_READONLY | STORE_MODIFY_OK), STORE_READONLY);
    SPropValue name = string_value(PR_DISPLAY_NAME, "n");
    assert_int_equal(put_error(store, &name), MAPI_E_NO_ACCESS);
    release(message);
    release(store);
    release(folder);
}

static void arguments_are_checked(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    IStream *stream = NULL;
    IMAPITable *table = NULL;
    IAttach *attach = NULL;
    ULONG number;
    SizedSPropTagArray(1, none) = {0, {0}};
    LPSPropValue values = (LPSPropValue)(uintptr_t)1;
    ULONG count = 7;
    assert_int_equal(save(message, 0x40000000), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->GetProps(message, (LPSPropTagArray)&none, 0, &count, &values),
                     MAPI_E_INVALID_PARAMETER);
    assert_null(values);
    assert_int_equal(count, 0);
    assert_int_equal(try_stream(message, CHANGE_PROP_TYPE(PR_BODY, PT_UNSPECIFIED), 0, &stream),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(message->lpVtbl->OpenProperty(message, PR_BODY, NULL, 0, 0, (LPUNKNOWN *)&stream),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(message->lpVtbl->OpenProperty(message, PR_BODY, &IID_IMessage, 0, 0, (LPUNKNOWN *)&stream),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(try_stream(message, PR_BODY, 0, &stream), MAPI_E_NOT_FOUND);
    assert_int_equal(try_stream(message, PR_IMPORTANCE, 0, &stream), MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(try_stream(message, PR_BODY, 0x100, &stream), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->GetAttachmentTable(message, 0x100, &table), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0x100, &table), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->OpenAttach(message, 5, NULL, 0, &attach), MAPI_E_NOT_FOUND);
    assert_int_equal(message->lpVtbl->OpenAttach(message, 5, &IID_IMessage, 0, &attach),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0x100, &number, &attach), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->DeleteAttach(message, 0, 0, NULL, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, 0x1000), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, SUPPRESS_RECEIPT | CLEAR_READ_FLAG),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, GENERATE_RECEIPT_ONLY | CLEAR_READ_FLAG),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0x100), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), MAPI_E_NO_RECIPIENTS);
    release(message);
    release(folder);
}

/* SQLite's operators << and | are of one rank: all flags of a message that was saved again were shifted, once. */
static void a_save_leaves_the_other_flags_alone(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    put_long(message, PR_MESSAGE_FLAGS, MSGFLAG_READ | MSGFLAG_FROMME);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    put_text(message, PR_SUBJECT_W, "again");
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS), MSGFLAG_READ | MSGFLAG_FROMME);
    attach_bytes(message, "a.txt", "abc", 3);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS), MSGFLAG_READ | MSGFLAG_FROMME | MSGFLAG_HASATTACH);
    release(message);
    release(folder);
}

static void the_read_flag(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 1);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, 0), S_OK);
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 0);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS) & MSGFLAG_READ, MSGFLAG_READ);
    put_text(message, PR_SUBJECT, "y");
    assert_int_equal(message->lpVtbl->SetReadFlag(message, CLEAR_READ_FLAG), S_OK);
    assert_int_equal(save(message, 0), S_OK); /* marking is no change that a save would collide with */
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS) & MSGFLAG_READ, 0);
    SBinary id = entryid(message);
    ENTRYLIST list = {1, &id};
    assert_int_equal(folder->lpVtbl->SetReadFlags(folder, &list, 0, NULL, 0), S_OK);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS) & MSGFLAG_READ,
                     MSGFLAG_READ); /* seen through the open object */
    release(message);
    release(folder);
    expect_integrity();
}

static void submitting(void **state)
{
    (void)state;
    IMAPIFolder *folder = open_named(the_store, PR_IPM_OUTBOX_ENTRYID, MAPI_MODIFY);
    IMessage *message = new_message(folder, "out");
    SBinary id = entryid(message);
    add_recipient(message, "Desk", "desk@example.org", MAPI_TO);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), S_OK);
    assert_int_equal(save(message, 0), MAPI_E_INVALID_OBJECT); /* only Release is left */
    release(message);
    assert_int_equal(long_of(the_store, PROP_TAG(PT_LONG, 0x67F1)), 1);
    assert_int_equal(try_open(the_store, id, MAPI_MODIFY, &message), MAPI_E_SUBMITTED);
    message = open_message(id, MAPI_BEST_ACCESS);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS) & (MSGFLAG_SUBMIT | MSGFLAG_UNSENT),
                     MSGFLAG_SUBMIT | MSGFLAG_UNSENT);
    assert_int_equal(long_of(message, PR_ACCESS_LEVEL), 0);
    assert_string_equal(text_of(message, PR_DISPLAY_TO), "Desk");
    release(message);
    ENTRYLIST list = {1, &id};
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(the_store->lpVtbl->AbortSubmit(the_store, id.cb, (LPENTRYID)(void *)id.lpb, 0), S_OK);
    assert_int_equal(the_store->lpVtbl->AbortSubmit(the_store, id.cb, (LPENTRYID)(void *)id.lpb, 0),
                     MAPI_E_NOT_IN_QUEUE);
    message = open_message(id, MAPI_MODIFY);
    release(message);
    release(folder);
}

static void recipients(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    IMAPITable *table = NULL;
    add_recipient(message, "Desk", "desk@example.org", MAPI_TO);
    add_recipient(message, "B\xC3\xBCro", "b@example.org", MAPI_CC);
    add_recipient(message, "Caretaker", "c@example.org", MAPI_TO);
    add_recipient(message, "Lending", "d@example.org", MAPI_BCC);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(text_of(message, PR_DISPLAY_TO), "Desk; Caretaker");
    assert_string_equal(text_of(message, PR_DISPLAY_CC), "B\xC3\xBCro");
    assert_string_equal(text_of(message, PR_DISPLAY_BCC), "Lending");
    SBinary id = entryid(message);
    release(message);

    message = open_message(id, MAPI_MODIFY);
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0, &table), S_OK);
    static const ULONG columns[] = {PR_ROWID, PR_DISPLAY_NAME_A, PR_EMAIL_ADDRESS_W, PR_RECIPIENT_TYPE, PR_ADDRTYPE_A};
    LPSRowSet rows = all_rows(table, 5, columns);
    assert_int_equal(rows->cRows, 4);
    assert_string_equal(rows->aRow[1].lpProps[1].Value.lpszA, "B\xC3\xBCro");
    assert_int_equal(rows->aRow[1].lpProps[3].Value.ul, MAPI_CC);
    assert_string_equal(rows->aRow[3].lpProps[4].Value.lpszA, "SMTP");
    assert_int_equal(rows->aRow[2].lpProps[2].Value.lpszW[0], 'c');

    /* Changing replaces the whole row; removing goes by PR_ROWID. */
    SPropValue change[] = {number_value(PR_ROWID, rows->aRow[0].lpProps[0].Value.ul),
                           string_value(PR_DISPLAY_NAME, "Front Desk"), number_value(PR_RECIPIENT_TYPE, MAPI_TO)};
    ADRLIST list = {1, {{0, 3, change}}};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_MODIFY, &list), S_OK);
    SPropValue gone = number_value(PR_ROWID, rows->aRow[1].lpProps[0].Value.ul);
    ADRLIST removal = {1, {{0, 1, &gone}}};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_REMOVE, &removal), S_OK);
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_REMOVE, &removal), MAPI_E_NOT_FOUND);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(text_of(message, PR_DISPLAY_TO), "Front Desk; Caretaker");
    assert_string_equal(text_of(message, PR_DISPLAY_CC), "");
    FreeProws(rows);

    /* Mistakes change nothing. */
    ADRLIST add_with_row = {1, {{0, 3, change}}};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD, &add_with_row), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, 0, &add_with_row), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD | MODRECIP_REMOVE, &list),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, 0x100, &list), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, 0, NULL), MAPI_E_INVALID_PARAMETER);
    SPropValue null = number_value(PROP_TAG(PT_NULL, 0x3001), 0);
    ADRLIST with_null = {1, {{0, 1, &null}}};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD, &with_null), MAPI_E_INVALID_PARAMETER);
    SPropValue error[] = {number_value(PROP_TAG(PT_ERROR, 0x3001), 0), string_value(PR_EMAIL_ADDRESS, "e@example.org")};
    ADRLIST with_error = {2, {{0, 2, error}}}; /* the second entry is what follows: none */
    with_error.cEntries = 1;
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, 0, &with_error), S_OK); /* replaces all */
    ADRLIST empty = {1, {{0, 0, NULL}}};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD, &empty),
                     S_OK); /* a NULL recipient is skipped */
    assert_int_equal(save(message, 0), S_OK);
    assert_string_equal(text_of(message, PR_DISPLAY_TO), "e@example.org");
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0, &table), S_OK);
    assert_int_equal(count_rows(table), 1);
    assert_int_equal(message->lpVtbl->OpenProperty(message, PR_MESSAGE_RECIPIENTS, &IID_IMAPITable, MAPI_UNICODE, 0,
                                                   (LPUNKNOWN *)&table),
                     S_OK);
    assert_int_equal(count_rows(table), 1);
    release(message);
    release(folder);
    expect_integrity();
}

static void ten_thousand_recipients(void **state)
{
    enum { COUNT = 10000 };
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "many");
    ADRLIST *list = calloc(1, CbNewADRLIST(COUNT));
    SPropValue *values = calloc(COUNT * 2, sizeof *values);
    char(*names)[32] = calloc(COUNT, sizeof *names);
    list->cEntries = COUNT;
    for (ULONG i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "name %05u", (unsigned)i);
        values[2 * i] = string_value(PR_DISPLAY_NAME, names[i]);
        values[2 * i + 1] = number_value(PR_RECIPIENT_TYPE, MAPI_TO);
        list->aEntries[i].cValues = 2;
        list->aEntries[i].rgPropVals = &values[2 * i];
    }
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, 0, list), S_OK);
    assert_int_equal(save(message, 0), S_OK);
    SBinary id = entryid(message);
    release(message);
    free(names);
    free(values);
    free(list);
    message = open_message(id, 0);
    IMAPITable *table = NULL;
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0, &table), S_OK);
    assert_int_equal(count_rows(table), COUNT);
    IStream *stream = NULL;
    STATSTG stat;
    assert_int_equal(error_of(message, PR_DISPLAY_TO_A), MAPI_E_NOT_ENOUGH_MEMORY);
    assert_int_equal(try_stream(message, PR_DISPLAY_TO_A, 0, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Stat(stream, &stat, STATFLAG_NONAME), S_OK);
    assert_int_equal(stat.cbSize.QuadPart, COUNT * 10 + (COUNT - 1) * 2);
    release(stream);
    release(message);
    release(folder);
}

static void copying_to_another_message(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *from = new_message(folder, "Re: source");
    IMessage *to = NULL;
    char bytes[2000];
    memset(bytes, 'q', sizeof bytes);
    put_text(from, PR_BODY, "body");
    add_recipient(from, "Desk", "desk@example.org", MAPI_TO);
    attach_bytes(from, "a.bin", bytes, sizeof bytes);
    assert_int_equal(save(from, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &to), S_OK);
    assert_int_equal(from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, &IID_IMessage, from, 0, NULL),
                     MAPI_E_NO_ACCESS);
    assert_int_equal(from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, &IID_IMessage, to, 0, NULL), S_OK);
    assert_int_equal(save(to, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(text_of(to, PR_SUBJECT), "Re: source");
    assert_string_equal(text_of(to, PR_BODY), "body");
    assert_string_equal(text_of(to, PR_DISPLAY_TO), "Desk");
    assert_int_equal(long_of(to, PR_HASATTACH), 1);
    IMAPITable *table = NULL;
    assert_int_equal(to->lpVtbl->GetAttachmentTable(to, 0, &table), S_OK);
    assert_int_equal(count_rows(table), 1);
    assert_int_equal(memcmp(binary(from, PR_ENTRYID).lpb, binary(to, PR_ENTRYID).lpb, 32) != 0, 1);
    release(from);
    release(to);
    release(folder);
    expect_integrity();
}

static void every_listed_property_can_be_had(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    void *objects[] = {message, folder, the_store};
    for (size_t i = 0; i < 3; i++) {
        IMAPIProp *object = objects[i];
        LPSPropTagArray tags = NULL;
        LPSPropValue values = NULL;
        ULONG count = 0;
        assert_int_equal(object->lpVtbl->GetPropList(object, MAPI_UNICODE, &tags), S_OK);
        for (ULONG k = 0; k < tags->cValues; k++) {
            ULONG tag = tags->aulPropTag[k];
            assert_false(PROP_ID(tag) >= PROP_ID_SECURE_MIN && PROP_ID(tag) <= PROP_ID_SECURE_MAX);
            for (ULONG m = 0; m < k; m++)
                assert_int_not_equal(PROP_ID(tag), PROP_ID(tags->aulPropTag[m]));
            if (PROP_TYPE(tag) != PT_OBJECT && error_of(object, tag) != S_OK)
                fail_msg("object %u: property %08x", (unsigned)i, (unsigned)tag);
        }
        assert_int_equal(object->lpVtbl->GetProps(object, NULL, MAPI_UNICODE, &count, &values), S_OK);
        assert_true(count > 10);
        MAPIFreeBuffer(values);
        MAPIFreeBuffer(tags);
    }
    release(message);
    release(folder);
}

/* A failure without a sentence of its own used to get that of an earlier one. */
static void GetLastError_does_not_speak_of_an_earlier_failure(void **state)
{
    (void)state;
    LPMAPIERROR error = NULL;
    ULONG type;
    assert_int_equal(the_session->lpVtbl->Logoff(the_session, 0, 0, 1), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(the_store->lpVtbl->OpenEntry(the_store, 0, NULL, NULL, 0, &type, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(the_store->lpVtbl->GetLastError(the_store, MAPI_E_INVALID_PARAMETER, 0, &error), S_OK);
    assert_true(error == NULL || strstr((const char *)(const void *)error->lpszError, "Logoff") == NULL);
    MAPIFreeBuffer(error);
}

static void SetReadFlag_has_no_dialog(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    assert_int_equal(message->lpVtbl->SetReadFlag(message, MESSAGE_DIALOG), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, 0), S_OK);
    release(message);
    release(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(GetLastError_does_not_speak_of_an_earlier_failure),
        IN_STORE(SetReadFlag_has_no_dialog),
        IN_STORE(a_saved_message_comes_back),
        IN_STORE(computed_properties_cannot_be_set),
        IN_STORE(the_subject_is_prefix_and_normalized_subject),
        IN_STORE(a_save_keeps_the_other_flags),
        IN_STORE(two_writers_collide),
        cmocka_unit_test_setup_teardown(what_is_not_saved_is_gone, store_setup, store_teardown),
        IN_STORE(reading_is_the_default),
        IN_STORE(a_store_opened_for_reading_gives_nothing_else),
        IN_STORE(arguments_are_checked),
        IN_STORE(a_save_leaves_the_other_flags_alone),
        IN_STORE(the_read_flag),
        IN_STORE(submitting),
        IN_STORE(recipients),
        IN_STORE(ten_thousand_recipients),
        IN_STORE(copying_to_another_message),
        IN_STORE(every_listed_property_can_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
