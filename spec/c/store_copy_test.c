/* Copying and moving between stores and with CopyTo, read reports, progress objects: imapifolder-copymessages.md,
 * imapifolder-copyfolder.md, imapiprop-copyto.md, imessage-setreadflag.md, imapifolder-setreadflags.md, imapisupport-readreceipt.md,
 * imapiprogress-progress.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapisub.h>
#include <mapiutil.h>

#include "support/fault.h"
#include "support/mapi.h"
#include "support/store_advise.h"

#define TEXT(text) ((LPTSTR)(uintptr_t)(text))
#define ID(id)     (id).cb, (LPENTRYID)(void *)(id).lpb

/* ---- a second store in the profile ---- */

static IMsgStore *other;
static IMAPIFolder *other_root;

static int two_setup(void **state)
{
    static const ULONG column = PR_ENTRYID;
    IMAPISession *session = NULL;
    int result = mapi_setup(state);
    if (result)
        return result;
    HRESULT hr = store_make_profile();
    IMsgServiceAdmin2 *services = service_admin("work");
    MAPIUID uid;
    if (hr == S_OK)
        hr = services->lpVtbl->CreateMsgServiceEx(services, TEXT("LUAMAPI"), TEXT("Second"), 0, 0, &uid);
    release(services);
    if (hr != S_OK || try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &session) != S_OK)
        return -1;
    the_session = session;
    the_store = open_store(MDB_WRITE);
    IMAPITable *table = NULL;
    if (session->lpVtbl->GetMsgStoresTable(session, 0, &table) != S_OK)
        return -1;
    LPSRowSet rows = all_rows(table, 1, &column);
    const SBinary *id = &rows->aRow[1].lpProps[0].Value.bin;
    hr = rows->cRows < 2 ? MAPI_E_NOT_FOUND
                         : session->lpVtbl->OpenMsgStore(session, 0, ID(*id), NULL, MDB_WRITE, &other);
    FreeProws(rows);
    SBinary top = binary(other, PR_IPM_SUBTREE_ENTRYID);
    return hr == S_OK ? try_open(other, top, MAPI_MODIFY, &other_root) : -1;
}

static int two_teardown(void **state)
{
    release(other_root);
    release(other);
    return store_teardown(state);
}

#define IN_TWO(test) cmocka_unit_test_setup_teardown(test, two_setup, two_teardown)

static IMAPIFolder *make(IMAPIFolder *parent, const char *name)
{
    IMAPIFolder *made = NULL;
    assert_int_equal(parent->lpVtbl->CreateFolder(parent, FOLDER_GENERIC, TEXT(name), NULL, NULL, 0, &made), S_OK);
    return made;
}

/* The folder of that name below one of either store. */
static IMAPIFolder *below(IMsgStore *store, IMAPIFolder *parent, const char *name)
{
    IMAPITable *table = NULL;
    IMAPIFolder *found = NULL;
    static const ULONG columns[] = {PR_ENTRYID, PR_DISPLAY_NAME_A};
    assert_int_equal(parent->lpVtbl->GetHierarchyTable(parent, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 2, columns);
    for (ULONG i = 0; i < rows->cRows; i++)
        if (strcmp(rows->aRow[i].lpProps[1].Value.lpszA, name) == 0)
            assert_int_equal(try_open(store, rows->aRow[i].lpProps[0].Value.bin, MAPI_MODIFY, &found), S_OK);
    FreeProws(rows);
    return found;
}

static SBinary add_associated(IMAPIFolder *folder, const char *subject)
{
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, MAPI_ASSOCIATED, &message), S_OK);
    put_text(message, PR_SUBJECT_W, subject);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    SBinary id = entryid(message);
    release(message);
    return id;
}

static const char *hidden_of(IMAPIFolder *folder)
{
    IMAPITable *table = contents(folder, MAPI_ASSOCIATED);
    const char *text = subjects(table);
    release(table);
    return text;
}

/* One > Two > Three, each with a message; a hidden one in One. */
static SBinary plant(IMAPIFolder *top)
{
    IMAPIFolder *one = make(top, "One"), *two = make(one, "Two"), *three = make(two, "Three");
    put_text(one, PR_COMMENT_W, "kept");
    add_message(one, "in one");
    add_message(two, "in two");
    add_message(three, "in three");
    add_associated(one, "hidden");
    SBinary id = entryid(one);
    release(three);
    release(two);
    release(one);
    return id;
}

static void expect_tree(IMsgStore *store, IMAPIFolder *parent, const char *name, bool deep)
{
    IMAPIFolder *one = below(store, parent, name);
    assert_non_null(one);
    assert_string_equal(text_of(one, PR_COMMENT_W), "kept");
    assert_string_equal(subjects_of(one), "in one");
    assert_string_equal(hidden_of(one), "hidden");
    IMAPIFolder *two = below(store, one, "Two");
    assert_int_equal(two != NULL, deep);
    if (two) {
        IMAPIFolder *three = below(store, two, "Three");
        assert_string_equal(subjects_of(two), "in two");
        assert_string_equal(subjects_of(three), "in three");
        release(three);
        release(two);
    }
    release(one);
}

static HRESULT copy_folder(IMAPIFolder *from, SBinary id, IMAPIFolder *to, const char *name, ULONG flags)
{
    return from->lpVtbl->CopyFolder(from, ID(id), NULL, to, TEXT(name), 0, NULL, flags);
}

/* ---- between stores ---- */

static void folders_are_copied_to_another_store(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root();
    SBinary one = plant(top);
    assert_int_equal(copy_folder(top, one, other_root, NULL, MAPI_DECLINE_OK), MAPI_E_DECLINE_COPY);
    assert_int_equal(copy_folder(top, one, other_root, NULL, COPY_SUBFOLDERS), S_OK);
    expect_tree(other, other_root, "One", true);
    expect_tree(the_store, top, "One", true);
    assert_int_equal(copy_folder(top, one, other_root, NULL, COPY_SUBFOLDERS), MAPI_E_COLLISION);
    assert_int_equal(copy_folder(top, one, other_root, "Flat", 0), S_OK);
    expect_tree(other, other_root, "Flat", false);
    IMAPIFolder *box = inbox();
    assert_int_equal(copy_folder(top, entryid(box), other_root, "x", FOLDER_MOVE), MAPI_E_NO_ACCESS);
    assert_int_equal(copy_folder(box, one, other_root, "x", 0), MAPI_E_NOT_FOUND);
    release(box);
    release(top);
    expect_integrity();
}

static void folders_are_moved_to_another_store(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root();
    SBinary one = plant(top);
    assert_int_equal(copy_folder(top, one, other_root, "Moved", FOLDER_MOVE), S_OK);
    expect_tree(other, other_root, "Moved", true);
    assert_null(below(the_store, top, "One"));
    /* What must stay keeps its folder. */
    IMAPIFolder *folder = make(top, "Held");
    SBinary held = add_message(folder, "held"), id = entryid(folder);
    add_message(folder, "free");
    IMessage *message = open_message(held, MAPI_MODIFY);
    assert_int_equal(copy_folder(top, id, other_root, NULL, FOLDER_MOVE), MAPI_W_PARTIAL_COMPLETION);
    assert_string_equal(subjects_of(folder), "held");
    IMAPIFolder *there = below(other, other_root, "Held");
    assert_string_equal(subjects_of(there), "free");
    release(there);
    release(message);
    release(folder);
    release(top);
    expect_integrity();
}

/* They are no part of what is copied, and neither copied nor moved themselves (mapi-folders.md). */
static void search_folders_stay(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root(), *to = make(top, "to"), *search = NULL, *one = NULL;
    SBinary id = plant(top);
    SPropTagArray name = {1, {PR_DISPLAY_NAME_W}};
    assert_int_equal(try_open(the_store, id, MAPI_MODIFY, &one), S_OK);
    assert_int_equal(one->lpVtbl->CreateFolder(one, FOLDER_SEARCH, TEXT("s"), NULL, NULL, 0, &search), S_OK);
    assert_int_equal(copy_folder(one, entryid(search), other_root, "x", 0), MAPI_E_NO_ACCESS);
    assert_int_equal(copy_folder(one, entryid(search), other_root, "x", FOLDER_MOVE), MAPI_E_NO_ACCESS);
    assert_int_equal(copy_folder(top, id, other_root, NULL, COPY_SUBFOLDERS), MAPI_W_PARTIAL_COMPLETION);
    expect_tree(other, other_root, "One", true);
    assert_int_equal(one->lpVtbl->CopyTo(one, 0, NULL, &name, 0, NULL, &IID_IMAPIFolder, to, 0, NULL), S_OK);
    expect_tree(the_store, top, "to", true);
    assert_int_equal(copy_folder(top, id, other_root, "Moved", FOLDER_MOVE), MAPI_W_PARTIAL_COMPLETION);
    expect_tree(other, other_root, "Moved", true);
    assert_string_equal(subjects_of(one), "");
    assert_int_equal(store_query("SELECT count(*) FROM folder WHERE kind = 2"), 1);
    release(search);
    release(one);
    release(to);
    release(top);
    expect_integrity();
}

static void messages_go_to_another_store(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *to = make(other_root, "to");
    IMessage *message = new_message(box, "a");
    put_text(message, PR_BODY_W, "body");
    add_recipient(message, "Front Desk", "desk@example.org", MAPI_TO);
    attach_bytes(message, "a.txt", "abc", 3);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    SBinary id = entryid(message), hidden = add_associated(box, "hidden");
    release(message);
    message = open_message(id, MAPI_MODIFY);
    SBinary both_ids[2] = {id, hidden};
    ENTRYLIST both = {2, both_ids}, one = one_of(&id);
    /* It is open for writing: it could not be deleted after it has been copied, and would be there twice. */
    assert_int_equal(box->lpVtbl->CopyMessages(box, &one, NULL, to, 0, NULL, MESSAGE_MOVE), MAPI_W_PARTIAL_COMPLETION);
    assert_string_equal(subjects_of(to), "");
    release(message);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &one, NULL, to, 0, NULL, MAPI_DECLINE_OK), MAPI_E_DECLINE_COPY);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &both, NULL, to, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_string_equal(subjects_of(box), "");
    assert_string_equal(hidden_of(box), "");
    assert_string_equal(subjects_of(to), "a");
    assert_string_equal(hidden_of(to), "hidden");
    release(box);
    release(to);
}

/* ---- two threads, two stores ---- */

enum { ROUNDS = 100 };

struct direction {
    IMAPIFolder *from;
    IMAPIFolder *to;
    IMapiStoreBatch *batch; /* of `from` */
    pthread_barrier_t *together;
    SBinary message;
    SBinary folder;
    HRESULT answer;
};

static void *copy_for_a_while(void *context)
{
    struct direction *way = context;
    ENTRYLIST one = one_of(&way->message);
    SPropTagArray comment = {1, {PR_COMMENT_W}};
    pthread_barrier_wait(way->together);
    for (int i = 0; i < ROUNDS && way->answer == S_OK; i++)
        way->answer = way->from->lpVtbl->CopyMessages(way->from, &one, NULL, way->to, 0, NULL, 0);
    for (int i = 0; i < ROUNDS && way->answer == S_OK; i++)
        way->answer = way->from->lpVtbl->CopyProps(way->from, &comment, 0, NULL, &IID_IMAPIFolder, way->to, 0, NULL);
    if (way->answer == S_OK)
        way->answer = way->from->lpVtbl->CopyFolder(way->from, ID(way->folder), NULL, way->to, NULL, 0, NULL, 0);
    return NULL;
}

static HRESULT write_across(void *context)
{
    struct direction *way = context;
    SPropValue comment = string_value(PR_COMMENT_W, "from the other one's batch");
    pthread_barrier_wait(way->together);
    return way->to->lpVtbl->SetProps(way->to, 1, &comment, NULL);
}

static void *batch_across(void *context)
{
    struct direction *way = context;
    way->answer = way->batch->lpVtbl->Together(way->batch, write_across, way);
    return NULL;
}

/* Each way in a thread of its own. */
static void in_both_directions(struct direction ways[2], void *(*run)(void *way))
{
    pthread_barrier_t together;
    pthread_t threads[2];
    assert_int_equal(pthread_barrier_init(&together, NULL, 2), 0);
    alarm(300); /* threads that wait for each other for good are a failure, too */
    for (int i = 0; i < 2; i++) {
        ways[i].together = &together;
        assert_int_equal(pthread_create(&threads[i], NULL, run, &ways[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    alarm(0);
    pthread_barrier_destroy(&together);
}

/* Each had entered the store that the other was waiting for. */
static void threads_that_copy_in_opposite_directions_do_not_wait_for_each_other(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *here = make(box, "here"), *there = make(other_root, "there");
    put_text(here, PR_COMMENT_W, "from here");
    put_text(there, PR_COMMENT_W, "from there");
    IMAPIFolder *sub[2] = {make(here, "from here"), make(there, "from there")};
    struct direction ways[2] = {
        {here, there, NULL, NULL, add_message(here, "here"), entryid(sub[0]), S_OK},
        {there, here, NULL, NULL, add_message(there, "there"), entryid(sub[1]), S_OK},
    };
    in_both_directions(ways, copy_for_a_while);
    assert_int_equal(ways[0].answer, S_OK);
    assert_int_equal(ways[1].answer, S_OK);
    assert_int_equal(long_of(here, PR_CONTENT_COUNT), ROUNDS + 1);
    assert_int_equal(long_of(there, PR_CONTENT_COUNT), ROUNDS + 1);
    release(sub[0]);
    release(sub[1]);
    release(there);
    release(here);
    release(box);
    expect_integrity();
}

/* Nobody can say beforehand where a batch will go: one of them gives up after ten seconds, and the other goes on. */
static void batches_that_need_each_other_s_store_end(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *there = make(other_root, "there");
    struct direction ways[2] = {{.from = box, .to = there}, {.from = there, .to = box}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            ways[i].from->lpVtbl->QueryInterface(ways[i].from, &IID_IMapiStoreBatch, (void **)&ways[i].batch), S_OK);
    in_both_directions(ways, batch_across);
    assert_true(ways[0].answer == MAPI_E_TIMEOUT || ways[1].answer == MAPI_E_TIMEOUT);
    for (int i = 0; i < 2; i++) {
        assert_true(ways[i].answer == S_OK || ways[i].answer == MAPI_E_TIMEOUT);
        assert_int_equal(error_of(ways[i].to, PR_COMMENT_W), ways[i].answer == S_OK ? S_OK : MAPI_E_NOT_FOUND);
        release(ways[i].batch);
    }
    release(there);
    release(box);
    expect_integrity();
}

/* ---- CopyTo of a folder ---- */

static void CopyTo_copies_what_is_in_a_folder(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root(), *to = make(top, "to"), *again = make(top, "again");
    SBinary id = plant(top);
    IMAPIFolder *one = NULL;
    SPropProblemArray *problems = NULL;
    SPropTagArray name = {1, {PR_DISPLAY_NAME_W}};
    SizedSPropTagArray(3, some) = {3, {PR_DISPLAY_NAME_W, PR_CONTAINER_HIERARCHY, PR_FOLDER_ASSOCIATED_CONTENTS}};
    assert_int_equal(try_open(the_store, id, MAPI_MODIFY, &one), S_OK);
    assert_int_equal(one->lpVtbl->CopyTo(one, 0, NULL, &name, 0, NULL, &IID_IMAPIFolder, to, 0, &problems), S_OK);
    MAPIFreeBuffer(problems);
    expect_tree(the_store, top, "to", true);
    assert_int_equal(
        one->lpVtbl->CopyTo(one, 0, NULL, (LPSPropTagArray)(void *)&some, 0, NULL, &IID_IMAPIFolder, again, 0, NULL),
        S_OK);
    assert_string_equal(subjects_of(again), "in one");
    assert_string_equal(hidden_of(again), "");
    assert_null(below(the_store, again, "Two"));
    IMAPIFolder *two = below(the_store, one, "Two");
    assert_int_equal(one->lpVtbl->CopyTo(one, 0, NULL, &name, 0, NULL, &IID_IMAPIFolder, two, 0, NULL),
                     MAPI_E_FOLDER_CYCLE);
    assert_string_equal(subjects_of(two), "in two");
    assert_int_equal(one->lpVtbl->CopyTo(one, 0, NULL, NULL, 0, NULL, &IID_IMAPIFolder, one, 0, NULL),
                     MAPI_E_NO_ACCESS);
    release(two);
    release(one);
    release(again);
    release(to);
    release(top);
    expect_integrity();
}

static void a_status_and_pending_reports_stay_behind(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder();
    IMessage *message = NULL;
    ULONG status, old;
    assert_int_equal(box->lpVtbl->CreateMessage(box, NULL, 0, &message), S_OK);
    put_long(message, PR_MESSAGE_FLAGS, MSGFLAG_RN_PENDING | MSGFLAG_NRN_PENDING);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    SBinary id = entryid(message);
    release(message);
    ENTRYLIST list = one_of(&id);
    assert_int_equal(box->lpVtbl->SetMessageStatus(box, ID(id), MSGSTATUS_TAGGED, MSGSTATUS_TAGGED, &old), S_OK);
    assert_int_equal(old, 0);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, box, 0, NULL, 0), S_OK);
    assert_int_equal(store_query("SELECT status FROM message ORDER BY id DESC LIMIT 1"), 0);
    assert_int_equal(store_query("SELECT flags & 768 FROM message ORDER BY id DESC LIMIT 1"), 0);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, drafts, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_int_equal(drafts->lpVtbl->GetMessageStatus(drafts, ID(id), 0, &status), S_OK);
    assert_int_equal(status, 0);
    assert_int_equal(box->lpVtbl->GetMessageStatus(box, ID(id), 0, &status), MAPI_E_NOT_FOUND);
    release(box);
    release(drafts);
}

/* ---- read reports ---- */

static SBinary add_asking(IMAPIFolder *box, const char *subject)
{
    IMessage *message = NULL;
    SPropValue yes = {.ulPropTag = PR_READ_RECEIPT_REQUESTED};
    yes.Value.b = TRUE;
    assert_int_equal(box->lpVtbl->CreateMessage(box, NULL, 0, &message), S_OK);
    put_text(message, PR_SUBJECT_W, subject);
    put_text(message, PR_SENDER_NAME_W, "Front Desk");
    put_text(message, PR_SENDER_EMAIL_ADDRESS_W, "desk@example.org");
    put_text(message, PR_INTERNET_MESSAGE_ID_W, "<1@example.org>");
    assert_int_equal(put_error(message, &yes), S_OK);
    put_long(message, PR_MESSAGE_FLAGS, MSGFLAG_RN_PENDING | MSGFLAG_NRN_PENDING);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    SBinary id = entryid(message);
    release(message);
    return id;
}

/* What SetReadFlag makes of a new message that asks for a report, and how many reports there are then. */
static ULONG flags_after(IMAPIFolder *box, ULONG first, ULONG flags, ULONG *reports)
{
    SBinary id = add_asking(box, "x");
    IMessage *message = open_message(id, 0);
    if (first != 0)
        assert_int_equal(message->lpVtbl->SetReadFlag(message, first), S_OK);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, flags), S_OK);
    ULONG after = long_of(message, PR_MESSAGE_FLAGS) & (MSGFLAG_READ | MSGFLAG_RN_PENDING | MSGFLAG_NRN_PENDING);
    release(message);
    *reports = (ULONG)store_query("SELECT count(*) FROM outgoing");
    store_query("DELETE FROM message WHERE id IN (SELECT message FROM outgoing)");
    return after;
}

static void reports_are_sent_when_they_are_to_be(void **state)
{
    (void)state;
    static const struct {
        ULONG first, flags, after, reports;
    } cases[] = {
        {0, 0, MSGFLAG_READ, 1},
        {0, SUPPRESS_RECEIPT, MSGFLAG_READ, 0},
        {0, GENERATE_RECEIPT_ONLY, 0, 1},
        {0, SUPPRESS_RECEIPT | GENERATE_RECEIPT_ONLY, 0, 0},
        {0, CLEAR_READ_FLAG, MSGFLAG_RN_PENDING | MSGFLAG_NRN_PENDING, 0},
        {0, CLEAR_RN_PENDING, MSGFLAG_NRN_PENDING, 0},
        {0, CLEAR_NRN_PENDING, MSGFLAG_RN_PENDING, 0},
        {0, CLEAR_READ_FLAG | CLEAR_RN_PENDING | CLEAR_NRN_PENDING, 0, 0},
        {MAPI_DEFERRED_ERRORS, 0, MSGFLAG_READ, 1}, /* once only */
        {MAPI_DEFERRED_ERRORS, CLEAR_READ_FLAG, 0, 1},
    };
    IMAPIFolder *box = inbox();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ULONG reports;
        assert_int_equal(flags_after(box, cases[i].first, cases[i].flags, &reports), cases[i].after);
        assert_int_equal(reports, cases[i].reports);
    }
    IMessage *message = open_message(add_asking(box, "y"), 0);
    assert_int_equal(message->lpVtbl->SetReadFlag(message, SUPPRESS_RECEIPT | CLEAR_READ_FLAG | GENERATE_RECEIPT_ONLY),
                     MAPI_E_INVALID_PARAMETER);
    release(message);
    release(box);
}

static void a_report_says_what_has_been_read(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *out = open_named(the_store, PR_IPM_OUTBOX_ENTRYID, 0);
    SBinary id = add_asking(box, "minutes");
    ENTRYLIST list = one_of(&id);
    static const ULONG columns[] = {PR_ENTRYID};
    assert_int_equal(box->lpVtbl->SetReadFlags(box, &list, 0, NULL, 0), S_OK);
    assert_int_equal(box->lpVtbl->SetReadFlags(box, NULL, 0, NULL, 0), S_OK);
    LPSRowSet rows = all_rows(contents(out, 0), 1, columns);
    assert_int_equal(rows->cRows, 1);
    IMessage *report = open_message(rows->aRow[0].lpProps[0].Value.bin, 0);
    FreeProws(rows);
    assert_string_equal(text_of(report, PR_MESSAGE_CLASS_W), "REPORT.IPM.Note.IPNRN");
    assert_string_equal(text_of(report, PR_SUBJECT_W), "Read: minutes");
    assert_string_equal(text_of(report, PR_ORIGINAL_SUBJECT_W), "minutes");
    assert_string_equal(text_of(report, PR_IN_REPLY_TO_ID_W), "<1@example.org>");
    assert_string_equal(text_of(report, PR_DISPLAY_TO_W), "Front Desk");
    assert_int_equal(long_of(report, PR_MESSAGE_FLAGS) & MSGFLAG_SUBMIT, MSGFLAG_SUBMIT);
    assert_true(time_of(report, PR_REPORT_TIME) > 0);
    assert_int_equal(report->lpVtbl->SetReadFlag(report, 0), MAPI_E_SUBMITTED);
    release(report);
    release(out);
    release(box);
}

static void a_report_that_is_refused_stays_refused(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox();
    SBinary id = add_asking(box, "x");
    IMessage *message = open_message(id, MAPI_MODIFY), *again;
    SPropValue *value = NULL;
    put_text(message, PR_SUBJECT_W, "y");
    assert_int_equal(message->lpVtbl->SetReadFlag(message, SUPPRESS_RECEIPT | GENERATE_RECEIPT_ONLY), S_OK);
    again = open_message(id, 0);
    assert_int_equal(HrGetOneProp((IMAPIProp *)again, PR_READ_RECEIPT_REQUESTED, &value), S_OK);
    assert_int_equal(value->Value.b, FALSE);
    MAPIFreeBuffer(value);
    release(again);
    assert_int_equal(save(message, 0), S_OK); /* marking is no change that a save would collide with */
    release(message);
    again = open_message(id, 0);
    assert_string_equal(text_of(again, PR_SUBJECT_W), "y");
    assert_int_equal(HrGetOneProp((IMAPIProp *)again, PR_READ_RECEIPT_REQUESTED, &value), S_OK);
    assert_int_equal(value->Value.b, FALSE);
    MAPIFreeBuffer(value);
    release(again);
    release(box);
}

/* ---- progress ---- */

struct watcher {
    IMAPIProgress progress;
    ULONG minimum, maximum, flags;
    ULONG calls, first, last, count, total;
    bool rises;
    IMAPIFolder *busy; /* a folder in which something is done at each call */
};

static HRESULT STDMETHODCALLTYPE watch(IMAPIProgress *This, ULONG value, ULONG count, ULONG total)
{
    struct watcher *self = (struct watcher *)This;
    if (self->calls++ == 0)
        self->first = value;
    else if (value < self->last)
        self->rises = false;
    self->last = value;
    self->count = count;
    self->total = total;
    if (self->busy)
        add_message(self->busy, "meanwhile");
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_flags(IMAPIProgress *This, ULONG *flags)
{
    *flags = ((struct watcher *)This)->flags;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_max(IMAPIProgress *This, ULONG *maximum)
{
    *maximum = ((struct watcher *)This)->maximum;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_min(IMAPIProgress *This, ULONG *minimum)
{
    *minimum = ((struct watcher *)This)->minimum;
    return S_OK;
}

static const IMAPIProgressVtbl watcher_vtbl = {
    .Progress = watch, .GetFlags = get_flags, .GetMax = get_max, .GetMin = get_min};

static struct watcher watcher(void)
{
    return (struct watcher){
        .progress = {&watcher_vtbl}, .minimum = 100, .maximum = 1000, .flags = MAPI_TOP_LEVEL, .rises = true};
}

static void expect_watched(const struct watcher *self, ULONG at_least, ULONG total)
{
    assert_true(self->calls >= at_least);
    assert_true(self->rises);
    assert_int_equal(self->first, 100);
    assert_int_equal(self->last, 1000);
    assert_int_equal(self->count, total);
    assert_int_equal(self->total, total);
}

static void progress_objects_are_called(void **state)
{
    (void)state;
    enum { MESSAGES = 250 };
    IMAPIFolder *top = user_root(), *box = make(top, "box"), *to = make(top, "to");
    SBinary ids[MESSAGES];
    unsigned char bytes[MESSAGES][32];
    for (int i = 0; i < MESSAGES; i++) {
        SBinary id = add_message(box, "m");
        ids[i].cb = id.cb;
        ids[i].lpb = memcpy(bytes[i], id.lpb, id.cb);
    }
    ENTRYLIST list = {MESSAGES, ids};
    struct watcher watched = watcher();
    watched.busy = top; /* nothing of the store is held meanwhile */
    assert_int_equal(box->lpVtbl->SetReadFlags(box, &list, 0, &watched.progress, MESSAGE_DIALOG), S_OK);
    expect_watched(&watched, 50, MESSAGES);
    assert_int_equal(long_of(box, PR_CONTENT_UNREAD), 0);
    watched = watcher();
    assert_int_equal(box->lpVtbl->SetReadFlags(box, NULL, 0, &watched.progress, MESSAGE_DIALOG | CLEAR_READ_FLAG),
                     S_OK);
    expect_watched(&watched, 2, 1);
    watched = watcher();
    assert_int_equal(
        box->lpVtbl->CopyMessages(box, &list, NULL, to, 0, &watched.progress, MESSAGE_DIALOG | MESSAGE_MOVE), S_OK);
    expect_watched(&watched, 50, MESSAGES);
    assert_int_equal(long_of(to, PR_CONTENT_COUNT), MESSAGES);
    watched = watcher();
    watched.flags = 0; /* part of something larger: items are not counted */
    assert_int_equal(to->lpVtbl->DeleteMessages(to, &list, 0, &watched.progress, MESSAGE_DIALOG), S_OK);
    assert_int_equal(watched.last, 1000);
    assert_int_equal(watched.total, 0);
    /* One that was moved away: the answer says so, as without anybody watching. */
    watched = watcher();
    assert_int_equal(to->lpVtbl->DeleteMessages(to, &list, 0, &watched.progress, MESSAGE_DIALOG),
                     MAPI_W_PARTIAL_COMPLETION);
    /* Without the flag it is ignored; what fails does not come to its end. */
    watched = watcher();
    assert_int_equal(to->lpVtbl->DeleteMessages(to, &list, 0, &watched.progress, 0), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(watched.calls, 0);
    assert_int_equal(to->lpVtbl->DeleteMessages(to, &list, 0, &watched.progress, MESSAGE_DIALOG | 0x1000),
                     MAPI_E_UNKNOWN_FLAGS);
    assert_true(watched.last < 1000);
    release(box);
    release(to);
    release(top);
}

static void progress_of_single_operations(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root(), *box = make(top, "box"), *in = make(box, "in");
    SBinary id = entryid(in);
    IMessage *message = new_message(box, "a"), *copy = new_message(box, "b");
    ULONG number = attach_bytes(message, "a.txt", "abc", 3);
    struct watcher watched = watcher();
    assert_int_equal(
        message->lpVtbl->CopyTo(message, 0, NULL, NULL, 0, &watched.progress, &IID_IMessage, copy, MAPI_DIALOG, NULL),
        S_OK);
    expect_watched(&watched, 2, 1);
    SPropTagArray subject = {1, {PR_SUBJECT_W}};
    watched = watcher();
    assert_int_equal(
        message->lpVtbl->CopyProps(message, &subject, 0, &watched.progress, &IID_IMessage, copy, MAPI_DIALOG, NULL),
        S_OK);
    expect_watched(&watched, 2, 1);
    watched = watcher();
    assert_int_equal(message->lpVtbl->DeleteAttach(message, number, 0, &watched.progress, ATTACH_DIALOG), S_OK);
    expect_watched(&watched, 2, 1);
    watched = watcher();
    assert_int_equal(box->lpVtbl->CopyFolder(box, ID(id), NULL, top, NULL, 0, &watched.progress, FOLDER_DIALOG), S_OK);
    expect_watched(&watched, 2, 1);
    watched = watcher();
    assert_int_equal(box->lpVtbl->DeleteFolder(box, ID(id), 0, &watched.progress, FOLDER_DIALOG), S_OK);
    expect_watched(&watched, 2, 1);
    watched = watcher();
    release(message);
    release(copy);
    assert_int_equal(box->lpVtbl->EmptyFolder(box, 0, &watched.progress, FOLDER_DIALOG), S_OK);
    expect_watched(&watched, 2, 1);
    release(in);
    release(box);
    release(top);
}

/* ---- faults ---- */

static SBinary swept_id;

static HRESULT mark_asking(void *context)
{
    IMAPIFolder *box = context;
    ENTRYLIST list = one_of(&swept_id);
    (void)store_query("UPDATE message SET flags = 768 WHERE subject = 'swept'");
    return box->lpVtbl->SetReadFlags(box, &list, 0, NULL, 0);
}

static IMAPIFolder *swept_top;

static HRESULT copy_tree_across(void *context)
{
    static unsigned next;
    char name[16];
    (void)context;
    snprintf(name, sizeof name, "copy %u", next++);
    return copy_folder(swept_top, swept_id, other_root, name, COPY_SUBFOLDERS);
}

static void when_memory_runs_out(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox();
    swept_top = make(box, "swept");
    IMAPIFolder *one = make(swept_top, "One");
    add_message(one, "in one");
    swept_id = entryid(one);
    release(one);
    fault_sweep(copy_tree_across, NULL);
    swept_id = add_asking(box, "swept");
    fault_sweep(mark_asking, box);
    release(swept_top);
    release(box);
    expect_integrity();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TWO(folders_are_copied_to_another_store),
        IN_TWO(folders_are_moved_to_another_store),
        IN_TWO(search_folders_stay),
        IN_TWO(messages_go_to_another_store),
        IN_TWO(threads_that_copy_in_opposite_directions_do_not_wait_for_each_other),
        IN_TWO(batches_that_need_each_other_s_store_end),
        IN_STORE(CopyTo_copies_what_is_in_a_folder),
        IN_STORE(a_status_and_pending_reports_stay_behind),
        IN_STORE(reports_are_sent_when_they_are_to_be),
        IN_STORE(a_report_says_what_has_been_read),
        IN_STORE(a_report_that_is_refused_stays_refused),
        IN_STORE(progress_objects_are_called),
        IN_STORE(progress_of_single_operations),
        IN_TWO(when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
