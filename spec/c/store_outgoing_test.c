/* Submission and the outgoing queue: imessage-submitmessage.md, imsgstore-abortsubmit.md, imsgstore-getoutgoingqueue.md,
 * imsgstore-setlockstate.md, imsgstore-finishedmsg.md, imsprovider-spoolerlogon.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapispi.h>
#include <mapisub.h>
#include <mapiutil.h>

#include "store/schema.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/processes.h"
#include "support/store_advise.h"
#include "support/temp_home.h"

/* The store as the spooler has it. */
static IMsgStore *spooler;

static HRESULT try_spooler(ULONG flags, IMsgStore **store)
{
    IMapiSessionInfo *info = NULL;
    LPENTRYID id = NULL;
    ULONG size = 0;
    assert_int_equal(the_session->lpVtbl->QueryInterface(the_session, &IID_IMapiSessionInfo, (void **)&info), S_OK);
    first_store(the_session, &size, &id);
    HRESULT hr = info->lpVtbl->OpenSpoolerStore(info, size, id, flags, store);
    MAPIFreeBuffer(id);
    release(info);
    return hr;
}

static int spooler_setup(void **state)
{
    int result = store_setup(state);
    return result != 0 ? result : try_spooler(MDB_WRITE, &spooler) == S_OK ? 0 : -1;
}

static int spooler_teardown(void **state)
{
    if (spooler)
        release(spooler);
    spooler = NULL;
    return store_teardown(state);
}

#define WITH_SPOOLER(test) cmocka_unit_test_setup_teardown(test, spooler_setup, spooler_teardown)

static IMAPIFolder *outbox(void)
{
    return open_named(the_store, PR_IPM_OUTBOX_ENTRYID, MAPI_MODIFY);
}

static IMessage *draft(const char *subject)
{
    IMAPIFolder *box = outbox();
    IMessage *message = new_message(box, subject);
    add_recipient(message, "Front Desk", "desk@example.org", MAPI_TO);
    release(box);
    return message;
}

static SBinary submit(IMessage *message)
{
    SBinary id = entryid(message);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), S_OK);
    release(message);
    return id;
}

static SBinary submitted(const char *subject)
{
    return submit(draft(subject));
}

static HRESULT abort_submit(SBinary id)
{
    return the_store->lpVtbl->AbortSubmit(the_store, id.cb, (LPENTRYID)(void *)id.lpb, 0);
}

static HRESULT finished(SBinary id)
{
    return spooler->lpVtbl->FinishedMsg(spooler, 0, id.cb, (LPENTRYID)(void *)id.lpb);
}

static IMAPITable *queue(void)
{
    IMAPITable *table = NULL;
    assert_int_equal(spooler->lpVtbl->GetOutgoingQueue(spooler, 0, &table), S_OK);
    return table;
}

/* Subjects with their PR_SUBMIT_FLAGS: "a0|b1". */
static const char *queued(void)
{
    static const ULONG columns[] = {PR_SUBJECT_A, PR_SUBMIT_FLAGS};
    static char text[256];
    IMAPITable *table = queue();
    LPSRowSet rows = all_rows(table, 2, columns);
    size_t length = 0;
    text[0] = '\0';
    for (ULONG i = 0; i < rows->cRows; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%u", i > 0 ? "|" : "",
                                   rows->aRow[i].lpProps[0].Value.lpszA, (unsigned)rows->aRow[i].lpProps[1].Value.ul);
    FreeProws(rows);
    return text;
}

static IMessage *as_spooler(SBinary id, ULONG flags)
{
    IMessage *message = NULL;
    assert_int_equal(try_open(spooler, id, flags, &message), S_OK);
    return message;
}

static HRESULT lock(SBinary id, ULONG state)
{
    IMessage *message = as_spooler(id, MAPI_MODIFY);
    HRESULT hr = spooler->lpVtbl->SetLockState(spooler, message, state);
    release(message);
    return hr;
}

static ULONG flags_of(SBinary id)
{
    IMessage *message = open_message(id, 0);
    ULONG flags = long_of(message, PR_MESSAGE_FLAGS);
    release(message);
    return flags;
}

static SBinary add_elsewhere(const char *subject)
{
    IMAPIFolder *box = inbox();
    SBinary id = add_message(box, subject);
    release(box);
    return id;
}

static SBinary drafted(const char *subject)
{
    IMessage *message = draft(subject);
    SBinary id = entryid(message);
    release(message);
    return id;
}

/* ---- what a client may do ---- */

static void only_the_spooler_has_a_queue(void **state)
{
    (void)state;
    SBinary id = submitted("a");
    IMAPITable *table = (IMAPITable *)(uintptr_t)1;
    IMessage *message = open_message(id, 0);
    assert_int_equal(the_store->lpVtbl->GetOutgoingQueue(the_store, 0, &table), MAPI_E_NO_SUPPORT);
    assert_null(table);
    assert_int_equal(the_store->lpVtbl->SetLockState(the_store, message, MSG_LOCKED), MAPI_E_NO_SUPPORT);
    assert_int_equal(the_store->lpVtbl->FinishedMsg(the_store, 0, id.cb, (LPENTRYID)(void *)id.lpb), MAPI_E_NO_SUPPORT);
    assert_int_equal(flags_of(id) & MSGFLAG_SUBMIT, MSGFLAG_SUBMIT);
    release(message);
}

static void the_spoolers_arguments(void **state)
{
    (void)state;
    SBinary id = submitted("a"), other = add_elsewhere("not submitted");
    IMAPITable *table = NULL;
    IMessage *message = as_spooler(id, MAPI_MODIFY), *foreign = open_message(id, 0);
    assert_int_equal(spooler->lpVtbl->GetOutgoingQueue(spooler, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(spooler->lpVtbl->GetOutgoingQueue(spooler, 1, &table), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(spooler->lpVtbl->SetLockState(spooler, NULL, MSG_LOCKED), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(spooler->lpVtbl->SetLockState(spooler, message, 2), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(spooler->lpVtbl->SetLockState(spooler, foreign, MSG_LOCKED), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(lock(other, MSG_LOCKED), MAPI_E_NOT_IN_QUEUE);
    assert_int_equal(spooler->lpVtbl->FinishedMsg(spooler, 1, id.cb, (LPENTRYID)(void *)id.lpb), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(spooler->lpVtbl->FinishedMsg(spooler, 0, 3, (LPENTRYID)(void *)id.lpb), MAPI_E_INVALID_ENTRYID);
    assert_int_equal(finished(other), MAPI_E_NOT_IN_QUEUE);
    assert_string_equal(queued(), "a0");
    release(message);
    release(foreign);
}

static void what_SubmitMessage_leaves(void **state)
{
    (void)state;
    IMessage *message = draft("a");
    IAttach *attach = NULL;
    IStream *stream = NULL;
    IMAPITable *table = NULL, *attachments = NULL;
    ULONG number = attach_bytes(message, "a.txt", "abc", 3), count;
    write_stream(message, PR_BODY_W, "b\0", 2);
    SPropValue yes = {.ulPropTag = PR_RESPONSIBILITY};
    yes.Value.b = TRUE;
    SPropValue values[3] = {string_value(PR_DISPLAY_NAME_W, "Archive"), number_value(PR_RECIPIENT_TYPE, MAPI_CC), yes};
    struct {
        ULONG count;
        ADRENTRY entry;
    } list = {1, {0, 3, values}};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD, (LPADRLIST)(void *)&list), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(message->lpVtbl->OpenAttach(message, number, NULL, MAPI_MODIFY, &attach), S_OK);
    assert_int_equal(try_stream(message, PR_BODY_W, 0, &stream), S_OK);
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0, &table), S_OK);
    assert_int_equal(message->lpVtbl->GetAttachmentTable(message, 0, &attachments), S_OK);
    SBinary id = entryid(message);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), S_OK);

    /* Only Release is left, of the message and of what was opened through it. */
    SPropTagArray tags = {1, {PR_SUBJECT_W}};
    SPropValue *got = NULL;
    char byte;
    assert_int_equal(message->lpVtbl->GetProps(message, &tags, 0, &count, &got), MAPI_E_INVALID_OBJECT);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(message->lpVtbl->SaveChanges(message, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(attach->lpVtbl->GetProps(attach, &tags, 0, &count, &got), MAPI_E_INVALID_OBJECT);
    assert_int_equal(attach->lpVtbl->SaveChanges(attach, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->Read(stream, &byte, 1, NULL), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), MAPI_E_INVALID_OBJECT);
    assert_int_equal(attachments->lpVtbl->GetRowCount(attachments, 0, &count), MAPI_E_INVALID_OBJECT);
    release(stream);
    release(attachments);
    release(table);
    release(attach);
    release(message);

    assert_int_equal(try_open(the_store, id, MAPI_MODIFY, &message), MAPI_E_SUBMITTED);
    message = open_message(id, MAPI_BEST_ACCESS);
    assert_int_equal(long_of(message, PR_ACCESS_LEVEL), 0);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS) & (MSGFLAG_SUBMIT | MSGFLAG_UNSENT),
                     MSGFLAG_SUBMIT | MSGFLAG_UNSENT);
    assert_int_equal(long_of(message, PR_SUBMIT_FLAGS), 0);
    assert_true(time_of(message, PR_CLIENT_SUBMIT_TIME) > 0);
    static const ULONG columns[] = {PR_RESPONSIBILITY, PR_ADDRTYPE_W, PR_ROWID, PR_RECIPIENT_TYPE, PR_DISPLAY_NAME_W};
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, MAPI_UNICODE, &table), S_OK);
    LPSRowSet rows = all_rows(table, 5, columns);
    assert_int_equal(rows->cRows, 2);
    for (ULONG i = 0; i < 2; i++) {
        assert_int_equal(rows->aRow[i].lpProps[0].ulPropTag, PR_RESPONSIBILITY);
        assert_int_equal(rows->aRow[i].lpProps[0].Value.b, FALSE);
    }
    FreeProws(rows);
    release(message);
    message = draft("b");
    SPropValue flag = number_value(PR_SUBMIT_FLAGS, 1);
    assert_int_equal(put_error(message, &flag), MAPI_E_COMPUTED);
    release(message);
}

static void a_failed_submission_changes_nothing(void **state)
{
    (void)state;
    IMAPIFolder *box = outbox();
    IMessage *message = new_message(box, "a");
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 2), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, FORCE_SUBMIT), MAPI_E_NO_RECIPIENTS);
    assert_int_equal(error_of(message, PR_CLIENT_SUBMIT_TIME), MAPI_E_NOT_FOUND);
    add_recipient(message, "Front Desk", "desk@example.org", MAPI_TO);
    /* Somebody else has saved it meanwhile. */
    IMessage *other = open_message(entryid(message), MAPI_MODIFY);
    put_text(other, PR_SUBJECT_W, "b");
    assert_int_equal(save(other, 0), S_OK);
    release(other);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), MAPI_E_OBJECT_CHANGED);
    assert_int_equal(error_of(message, PR_CLIENT_SUBMIT_TIME), MAPI_E_NOT_FOUND);
    assert_string_equal(text_of(message, PR_SUBJECT_W), "a");
    assert_string_equal(queued(), "");
    release(message);
    release(box);
}

static void submitted_messages_stay(void **state)
{
    (void)state;
    SBinary id = submitted("a");
    IMAPIFolder *box = outbox(), *in = inbox();
    ENTRYLIST list = one_of(&id);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, in, 0, NULL, MESSAGE_MOVE), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(box->lpVtbl->SetReadFlags(box, &list, 0, NULL, 0), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(box->lpVtbl->EmptyFolder(box, 0, NULL, 0), MAPI_W_PARTIAL_COMPLETION);
    assert_string_equal(queued(), "a0");
    /* A copy of it has not been submitted. */
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, in, 0, NULL, 0), S_OK);
    assert_int_equal(store_query("SELECT count(*) FROM message WHERE flags & 4 <> 0"), 1);
    assert_string_equal(queued(), "a0");
    release(box);
    release(in);
}

/* ---- the queue ---- */

static void the_queue_is_in_the_order_of_submission(void **state)
{
    (void)state;
    struct event_log log;
    IMAPITable *table = queue();
    SPropTagArray *columns;
    static const ULONG wanted[] = {
        PR_CLIENT_SUBMIT_TIME, PR_DISPLAY_BCC_W, PR_DISPLAY_CC_W,  PR_DISPLAY_TO_W, PR_ENTRYID,     PR_MESSAGE_FLAGS,
        PR_MESSAGE_SIZE,       PR_PRIORITY,      PR_SENDER_NAME_W, PR_SUBJECT_W,    PR_SUBMIT_FLAGS};
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &columns), S_OK);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        ULONG at = 0;
        while (at < columns->cValues && columns->aulPropTag[at] != wanted[i])
            at++;
        assert_true(at < columns->cValues);
    }
    MAPIFreeBuffer(columns);
    advise_table(table, &log);
    IMessage *first = draft("first"), *second = draft("second");
    put_text(second, PR_SENDER_NAME_W, "Records");
    SBinary second_id = submit(second), first_id = submit(first);
    assert_string_equal(heard(&log), "added added ");
    assert_true(is_id(&log.events[0].id, key_of(second_id)));
    assert_true(is_id(&log.events[1].parent, key_of(second_id)));
    assert_string_equal(queued(), "second0|first0");
    assert_int_equal(lock(second_id, MSG_LOCKED), S_OK);
    assert_string_equal(heard(&log), "rowmodified ");
    set_columns(table, sizeof wanted / sizeof wanted[0], wanted);
    SRowSet *rows;
    assert_int_equal(table->lpVtbl->QueryRows(table, 5, 0, &rows), S_OK);
    assert_int_equal(rows->cRows, 2);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_int_equal(rows->aRow[0].lpProps[i].ulPropTag, wanted[i]);
    assert_int_equal(rows->aRow[0].lpProps[7].Value.l, PRIO_NORMAL);
    assert_int_equal(rows->aRow[0].lpProps[10].Value.l, SUBMITFLAG_LOCKED);
    assert_int_equal(rows->aRow[1].lpProps[10].Value.l, 0);
    FreeProws(rows);
    SizedSSortOrderSet(1, order) = {1, 0, 0, {{PR_CLIENT_SUBMIT_TIME, TABLE_SORT_DESCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&order, 0), S_OK);
    assert_int_equal(abort_submit(first_id), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_true(is_id(&log.events[0].id, key_of(first_id)));
    assert_int_equal(finished(second_id), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    release(table);
}

/* Contents tables show whether a message is in the queue, and can be restricted by it. In a store without search folders each lock
 * leaked a list of messages to be searched. */
static void PR_SUBMIT_FLAGS_is_a_column_of_contents_tables(void **state)
{
    (void)state;
    SBinary id = submitted("locked");
    submitted("waiting");
    release(draft("draft"));
    assert_int_equal(lock(id, MSG_LOCKED), S_OK);
    IMAPIFolder *box = outbox();
    IMAPITable *table = contents(box, 0);
    SRestriction restriction = {.rt = RES_BITMASK};
    restriction.res.resBitMask.relBMR = BMR_NEZ;
    restriction.res.resBitMask.ulPropTag = PR_SUBMIT_FLAGS;
    restriction.res.resBitMask.ulMask = SUBMITFLAG_LOCKED;
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_string_equal(subjects(table), "locked");
    restriction.rt = RES_EXIST;
    memset(&restriction.res, 0, sizeof restriction.res);
    restriction.res.resExist.ulPropTag = PR_SUBMIT_FLAGS;
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_string_equal(subjects(table), "locked|waiting");
    release(table);
    release(box);
}

/* ---- taking it back, locking ---- */

static void AbortSubmit_until_it_is_locked(void **state)
{
    (void)state;
    SBinary id = submitted("a"), never = drafted("never"), box = binary(the_store, PR_IPM_OUTBOX_ENTRYID);
    assert_int_equal(the_store->lpVtbl->AbortSubmit(the_store, id.cb, (LPENTRYID)(void *)id.lpb, 1),
                     MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(abort_submit(never), MAPI_E_NOT_IN_QUEUE);
    assert_int_equal(abort_submit(box), MAPI_E_NOT_IN_QUEUE);
    assert_int_equal(lock(id, MSG_LOCKED), S_OK);
    assert_int_equal(abort_submit(id), MAPI_E_UNABLE_TO_ABORT);
    assert_string_equal(queued(), "a1");
    assert_int_equal(lock(id, MSG_UNLOCKED), S_OK);
    assert_int_equal(abort_submit(id), S_OK);
    assert_int_equal(abort_submit(id), MAPI_E_NOT_IN_QUEUE);
    assert_string_equal(queued(), "");
    assert_int_equal(flags_of(id) & (MSGFLAG_SUBMIT | MSGFLAG_UNSENT), MSGFLAG_UNSENT);
    IMessage *message = open_message(id, MAPI_MODIFY); /* a draft again, which can be submitted again */
    assert_int_equal(error_of(message, PR_SUBMIT_FLAGS), MAPI_E_NOT_FOUND);
    submit(message);
    assert_string_equal(queued(), "a0");
}

static void SetLockState_saves_the_message(void **state)
{
    (void)state;
    SBinary id = submitted("a");
    IMessage *message = as_spooler(id, MAPI_MODIFY);
    put_text(message, PR_SENDER_NAME_W, "Mail room");
    assert_int_equal(spooler->lpVtbl->SetLockState(spooler, message, MSG_LOCKED), S_OK);
    release(message);
    message = open_message(id, 0);
    assert_string_equal(text_of(message, PR_SENDER_NAME_W), "Mail room");
    assert_int_equal(long_of(message, PR_SUBMIT_FLAGS), SUBMITFLAG_LOCKED);
    release(message);
}

/* What has been preprocessed goes on with the spooler's SubmitMessage. */
static void the_spoolers_SubmitMessage_ends_the_preprocessing(void **state)
{
    (void)state;
    SBinary id = submitted("a");
    store_query("UPDATE outgoing SET flags = 3");
    IMessage *message = as_spooler(id, MAPI_MODIFY);
    put_text(message, PR_SUBJECT_W, "b");
    submit(message);
    assert_string_equal(queued(), "b1");
    assert_int_equal(store_query("SELECT count(*) FROM outgoing"), 1);
}

static ULONG type_of_row(IMessage *message, ULONG row, BOOL *responsibility)
{
    static const ULONG columns[] = {PR_RECIPIENT_TYPE, PR_RESPONSIBILITY};
    IMAPITable *table = NULL;
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 2, columns);
    ULONG type = rows->aRow[row].lpProps[0].Value.ul;
    *responsibility = rows->aRow[row].lpProps[1].Value.b;
    FreeProws(rows);
    return type;
}

static void a_message_that_is_sent_again_goes_to_who_did_not_get_it(void **state)
{
    (void)state;
    IMAPIFolder *box = outbox();
    IMessage *message = NULL;
    BOOL responsibility;
    assert_int_equal(box->lpVtbl->CreateMessage(box, NULL, 0, &message), S_OK);
    put_long(message, PR_MESSAGE_FLAGS, MSGFLAG_UNSENT | MSGFLAG_RESEND);
    add_recipient(message, "Front Desk", "desk@example.org", (ULONG)MAPI_SUBMITTED | MAPI_TO);
    add_recipient(message, "Archive", "archive@example.org", MAPI_CC);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    SBinary id = submit(message);
    message = open_message(id, 0);
    assert_int_equal(type_of_row(message, 0, &responsibility), MAPI_TO);
    assert_int_equal(responsibility, FALSE);
    assert_int_equal(type_of_row(message, 1, &responsibility), MAPI_P1 | MAPI_CC);
    assert_int_equal(responsibility, TRUE);
    release(message);
    release(box);
}

/* ---- sent ---- */

/* A message with these two properties that is in the queue, locked. */
static SBinary sent(const char *subject, const SBinary *folder, BOOL deleted)
{
    IMessage *message = draft(subject);
    SPropValue value;
    if (folder) {
        value.ulPropTag = PR_SENTMAIL_ENTRYID;
        value.Value.bin = *folder;
        assert_int_equal(put_error(message, &value), S_OK);
    }
    if (deleted) {
        value.ulPropTag = PR_DELETE_AFTER_SUBMIT;
        value.Value.b = TRUE;
        assert_int_equal(put_error(message, &value), S_OK);
    }
    SBinary id = submit(message);
    assert_int_equal(lock(id, MSG_LOCKED), S_OK);
    return id;
}

static void FinishedMsg_does_as_the_message_says(void **state)
{
    (void)state;
    struct event_log log;
    SBinary folder = binary(the_store, PR_IPM_SENTMAIL_ENTRYID);
    IMAPIFolder *box = outbox(), *filed = open_named(the_store, PR_IPM_SENTMAIL_ENTRYID, 0);
    SBinary stays = sent("stays", NULL, FALSE), moved = sent("moved", &folder, FALSE);
    SBinary gone = sent("gone", NULL, TRUE), both = sent("both", &folder, TRUE);
    assert_string_equal(queued(), "stays1|moved1|gone1|both1");
    assert_int_equal(finished(stays), S_OK);
    assert_int_equal(finished(stays), MAPI_E_NOT_IN_QUEUE);
    advise(the_store, whole, everything, &log);
    assert_int_equal(finished(moved), S_OK);
    assert_string_equal(heard(&log), "moved:M modified:M modified:F modified:F ");
    assert_int_equal(finished(gone), S_OK);
    assert_string_equal(heard(&log), "deleted:M modified:F ");
    assert_int_equal(finished(both), S_OK);
    assert_string_equal(queued(), "");
    assert_string_equal(subjects_of(box), "stays");
    assert_string_equal(subjects_of(filed), "moved");
    assert_int_equal(flags_of(stays) & (MSGFLAG_SUBMIT | MSGFLAG_UNSENT | MSGFLAG_READ), MSGFLAG_READ);
    assert_int_equal(flags_of(moved) & (MSGFLAG_SUBMIT | MSGFLAG_UNSENT | MSGFLAG_READ), MSGFLAG_READ);
    assert_int_equal(long_of(filed, PR_CONTENT_UNREAD), 0);
    IMessage *message = NULL;
    assert_int_equal(try_open(the_store, both, 0, &message), MAPI_E_NOT_FOUND);
    assert_int_equal(try_open(the_store, gone, 0, &message), MAPI_E_NOT_FOUND);
    release(box);
    release(filed);
    expect_integrity();
}

/* What has been sent must leave the queue, else it would be sent again. */
static void a_folder_that_is_gone_keeps_nothing_in_the_queue(void **state)
{
    (void)state;
    IMAPIFolder *root = user_root(), *folder = NULL, *box = outbox();
    assert_int_equal(
        root->lpVtbl->CreateFolder(root, FOLDER_GENERIC, (LPTSTR)(uintptr_t) "sent", NULL, NULL, 0, &folder), S_OK);
    SBinary id = entryid(folder), message;
    release(folder);
    message = sent("a", &id, FALSE);
    assert_int_equal(root->lpVtbl->DeleteFolder(root, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL, 0), S_OK);
    assert_int_equal(finished(message), S_OK);
    assert_string_equal(queued(), "");
    assert_string_equal(subjects_of(box), "a");
    release(root);
    release(box);
}

/* Nothing is put into a search folder; the message was, and was to be seen nowhere. */
static void a_search_folder_gets_no_message_that_was_sent(void **state)
{
    (void)state;
    IMAPIFolder *root = user_root(), *folder = NULL, *box = outbox();
    assert_int_equal(root->lpVtbl->CreateFolder(root, FOLDER_SEARCH, (LPTSTR)(uintptr_t) "s", NULL, NULL, 0, &folder),
                     S_OK);
    SBinary id = entryid(folder);
    assert_int_equal(finished(sent("a", &id, FALSE)), S_OK);
    assert_string_equal(queued(), "");
    assert_string_equal(subjects_of(box), "a");
    release(folder);
    release(root);
    release(box);
    expect_integrity();
}

/* The spooler was told that it would be sent. */
static void a_submission_that_was_taken_back_is_not_continued(void **state)
{
    (void)state;
    SBinary id = submitted("a");
    IMessage *message = as_spooler(id, MAPI_MODIFY);
    assert_int_equal(abort_submit(id), S_OK);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), MAPI_E_NOT_IN_QUEUE);
    assert_int_equal(flags_of(id) & MSGFLAG_SUBMIT, 0);
    assert_string_equal(queued(), "");
    release(message);
}

/* ---- logging on as the spooler ---- */

static void the_spoolers_logon(void **state)
{
    (void)state;
    IMsgStore *store = (IMsgStore *)(uintptr_t)1;
    IMapiSessionInfo *info = NULL;
    SBinary id = submitted("a");
    IMAPITable *table = NULL;
    assert_int_equal(the_session->lpVtbl->QueryInterface(the_session, &IID_IMapiSessionInfo, (void **)&info), S_OK);
    assert_int_equal(info->lpVtbl->OpenSpoolerStore(info, 0, NULL, 0, &store), MAPI_E_INVALID_PARAMETER);
    assert_null(store);
    assert_int_equal(info->lpVtbl->OpenSpoolerStore(info, 0, NULL, 0, NULL), MAPI_E_INVALID_PARAMETER);
    release(info);
    assert_int_equal(try_spooler(0x4000, &store), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(try_spooler(0, &store), S_OK); /* for reading: it can look */
    assert_int_equal(store->lpVtbl->GetOutgoingQueue(store, 0, &table), S_OK);
    assert_int_equal(count_rows(table), 1);
    assert_int_equal(store->lpVtbl->FinishedMsg(store, 0, id.cb, (LPENTRYID)(void *)id.lpb), MAPI_E_NO_ACCESS);
    release(store);
    IMAPISession *session = NULL, *before = the_session;
    assert_int_equal(try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED | MAPI_NO_MAIL, &session), S_OK);
    the_session = session;
    assert_int_equal(try_spooler(0, &store), MAPI_E_NO_SUPPORT);
    assert_null(store);
    the_session = before;
    log_off(session);
}

/* ---- a process that is killed ---- */

static SBinary theirs_id;

/* In the child: o opens, d drafts, s submits, l locks, f finishes, a takes back. */
static long serve(char command)
{
    static IMessage *message;
    switch (command) {
    case 'o':
        if (MAPIInitialize(NULL) != S_OK || try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &the_session) != S_OK)
            return -1;
        the_store = open_store(MDB_WRITE);
        return try_spooler(MDB_WRITE, &spooler);
    case 'd':
        message = draft("theirs");
        return save(message, KEEP_OPEN_READWRITE);
    case 's':
        theirs_id = submit(message);
        return 0;
    case 'l':
        return lock(theirs_id, MSG_LOCKED);
    case 'f':
        return finished(theirs_id);
    case 'a':
        return abort_submit(theirs_id);
    default:
        return -1;
    }
}

static const char *after(struct process *process, const char *commands)
{
    assert_int_equal(process_do(process, 'o'), S_OK);
    for (; *commands; commands++)
        assert_int_equal(process_do(process, *commands), S_OK);
    process_kill(process);
    expect_integrity();
    return queued();
}

static struct process children[5];

static int killed_setup(void **state)
{
    (void)state;
    temp_home_make(); /* the children are started before anything of MAPI is */
    for (int i = 0; i < 5; i++)
        children[i] = process_start(serve);
    if (store_setup_beside_processes() != 0)
        return -1;
    return try_spooler(MDB_WRITE, &spooler) == S_OK ? 0 : -1;
}

static int killed_teardown(void **state)
{
    release(spooler);
    spooler = NULL;
    release(the_store);
    the_store = NULL;
    log_off(the_session);
    the_session = NULL;
    MAPIUninitialize();
    expect_nothing_alive();
    temp_home_remove();
    (void)state;
    return 0;
}

static void the_queue_survives_kill_9_in_each_state(void **state)
{
    (void)state;
    IMAPIFolder *box = outbox();
    assert_string_equal(after(&children[0], "d"), "");
    assert_string_equal(after(&children[1], "ds"), "theirs0");
    assert_string_equal(after(&children[2], "dsl"), "theirs0|theirs1");
    assert_string_equal(after(&children[3], "dsa"), "theirs0|theirs1");
    assert_string_equal(after(&children[4], "dslf"), "theirs0|theirs1");
    assert_string_equal(subjects_of(box), "theirs|theirs|theirs|theirs|theirs");
    /* The next spooler may unlock what the killed one had locked, or be done with it. */
    static const ULONG columns[] = {PR_ENTRYID};
    LPSRowSet rows = all_rows(queue(), 1, columns);
    assert_int_equal(lock(rows->aRow[1].lpProps[0].Value.bin, MSG_UNLOCKED), S_OK);
    assert_int_equal(abort_submit(rows->aRow[1].lpProps[0].Value.bin), S_OK);
    assert_int_equal(finished(rows->aRow[0].lpProps[0].Value.bin), S_OK);
    FreeProws(rows);
    assert_string_equal(queued(), "");
    release(box);
}

/* ---- an older store, and faults ---- */

/* What was submitted before there was a queue is in it, in its order; receive folders are as they were. */
static void a_store_of_version_2_is_upgraded(void **state)
{
    (void)state;
    SBinary first = submitted("first");
    submitted("second");
    add_elsewhere("no");
    release(spooler);
    release(the_store);
    store_query("UPDATE receive_folder SET folder = (SELECT id FROM folder WHERE name = 'Drafts')");
    store_query("UPDATE message SET submit_time = 1000 WHERE subject = 'second'");
    store_make_older(2);
    the_store = open_store(MDB_WRITE);
    assert_int_equal(try_spooler(MDB_WRITE, &spooler), S_OK);
    assert_int_equal(store_query("PRAGMA user_version"), store_schema.version);
    assert_string_equal(queued(), "second0|first0");
    assert_int_equal(finished(first), S_OK);
    IMAPIFolder *box = inbox();
    assert_string_equal(text_of(box, PR_DISPLAY_NAME_W), "Drafts");
    release(box);
    expect_integrity();
}

static HRESULT submit_and_finish(void *context)
{
    IMAPIFolder *box = context;
    IMessage *message = NULL;
    SPropValue values[2] = {string_value(PR_DISPLAY_NAME_W, "Front Desk"), number_value(PR_RECIPIENT_TYPE, MAPI_TO)};
    struct {
        ULONG count;
        ADRENTRY entry;
    } list = {1, {0, 2, values}};
    SPropValue *id = NULL;
    HRESULT hr = box->lpVtbl->CreateMessage(box, NULL, 0, &message);
    if (FAILED(hr))
        return hr;
    hr = message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD, (LPADRLIST)(void *)&list);
    if (SUCCEEDED(hr))
        hr = message->lpVtbl->SaveChanges(message, KEEP_OPEN_READWRITE);
    if (SUCCEEDED(hr))
        hr = HrGetOneProp((IMAPIProp *)message, PR_ENTRYID, &id);
    if (SUCCEEDED(hr))
        hr = message->lpVtbl->SubmitMessage(message, 0);
    release(message);
    if (SUCCEEDED(hr))
        hr = spooler->lpVtbl->FinishedMsg(spooler, 0, id->Value.bin.cb, (LPENTRYID)(void *)id->Value.bin.lpb);
    MAPIFreeBuffer(id);
    return hr;
}

static void when_memory_runs_out(void **state)
{
    (void)state;
    IMAPIFolder *box = outbox();
    fault_sweep(submit_and_finish, box);
    assert_int_equal(store_query("SELECT count(*) FROM outgoing WHERE message NOT IN (SELECT id FROM message"
                                 " WHERE flags & 4 <> 0)"),
                     0);
    assert_int_equal(store_query("SELECT count(*) FROM message WHERE flags & 4 <> 0 AND id NOT IN (SELECT message FROM"
                                 " outgoing)"),
                     0);
    release(box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SPOOLER(only_the_spooler_has_a_queue),
        WITH_SPOOLER(the_spoolers_arguments),
        WITH_SPOOLER(what_SubmitMessage_leaves),
        WITH_SPOOLER(a_failed_submission_changes_nothing),
        WITH_SPOOLER(submitted_messages_stay),
        WITH_SPOOLER(the_queue_is_in_the_order_of_submission),
        WITH_SPOOLER(PR_SUBMIT_FLAGS_is_a_column_of_contents_tables),
        WITH_SPOOLER(AbortSubmit_until_it_is_locked),
        WITH_SPOOLER(SetLockState_saves_the_message),
        WITH_SPOOLER(the_spoolers_SubmitMessage_ends_the_preprocessing),
        WITH_SPOOLER(a_message_that_is_sent_again_goes_to_who_did_not_get_it),
        WITH_SPOOLER(FinishedMsg_does_as_the_message_says),
        WITH_SPOOLER(a_folder_that_is_gone_keeps_nothing_in_the_queue),
        WITH_SPOOLER(a_submission_that_was_taken_back_is_not_continued),
        WITH_SPOOLER(a_search_folder_gets_no_message_that_was_sent),
        WITH_SPOOLER(the_spoolers_logon),
        cmocka_unit_test_setup_teardown(the_queue_survives_kill_9_in_each_state, killed_setup, killed_teardown),
        WITH_SPOOLER(a_store_of_version_2_is_upgraded),
        WITH_SPOOLER(when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
