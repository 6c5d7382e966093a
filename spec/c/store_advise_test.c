/* Notifications of the store: imsgstore-advise.md, imslogon-advise.md, handling-message-store-notification.md; 06 N1 to N5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapiutil.h>

#include "support/fault.h"
#include "support/mapi.h"
#include "support/store_advise.h"

/* ---- arguments ---- */

static void arguments_are_checked_first(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIAdviseSink *sink = log_sink(&log);
    ULONG_PTR connection = 7;
    BYTE junk[4] = {0};
    SBinary malformed = {sizeof junk, junk};
    IMAPIFolder *folder = inbox();
    SBinary gone = add_message(folder, "gone");
    ENTRYLIST list = one_of(&gone);
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
    assert_int_equal(try_advise(the_store, whole, everything, NULL, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(connection, 0);
    assert_int_equal(try_advise(the_store, whole, everything, sink, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(the_store, whole, fnevReservedForMapi, sink, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(the_store, whole, fnevStatusObjectModified, sink, &connection),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(the_store, (SBinary){4, NULL}, everything, sink, &connection),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_advise(the_store, malformed, everything, sink, &connection), MAPI_E_INVALID_ENTRYID);
    assert_int_equal(try_advise(the_store, gone, everything, sink, &connection), MAPI_E_NOT_FOUND);
    assert_int_equal(bells(), 0); /* nothing has changed */
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 0);
    assert_int_equal(sink->lpVtbl->Release(sink), 0); /* nobody has kept it */
    assert_int_equal(the_store->lpVtbl->Unadvise(the_store, 5), MAPI_E_NOT_FOUND);
    assert_true(long_of(the_store, PR_STORE_SUPPORT_MASK) & STORE_NOTIFY_OK);
    release(folder);
}

static void connections_are_numbers_of_their_own(void **state)
{
    (void)state;
    struct event_log logs[2];
    ULONG_PTR first = advise(the_store, whole, everything, &logs[0]);
    ULONG_PTR second = advise(the_store, entryid(the_store), everything, &logs[1]);
    assert_int_not_equal(first, second);
    assert_int_equal(bells(), 1);
    unadvise(first);
    assert_int_equal(the_store->lpVtbl->Unadvise(the_store, first), MAPI_E_NOT_FOUND);
    assert_int_equal(bells(), 1);
    unadvise(second);
    assert_int_equal(bells(), 0);
    assert_int_equal(store_query("SELECT count(*) FROM listener"), 0);
    assert_int_equal(store_query("SELECT count(*) FROM event"), 0);
}

/* ---- the recommended matrix ---- */

static void messages(void **state)
{
    (void)state;
    struct event_log store, folder_log, message_log;
    IMAPIFolder *drafts = drafts_folder();
    IMAPIFolder *sent = open_named(the_store, PR_IPM_SENTMAIL_ENTRYID, MAPI_MODIFY);
    SBinary drafts_id = entryid(drafts), sent_id = entryid(sent);
    advise(the_store, whole, everything, &store);
    advise(the_store, drafts_id, everything, &folder_log);

    IMessage *message = new_message(drafts, "first");
    SBinary id = entryid(message);
    assert_string_equal(heard(&store), "created:M modified:F ");
    assert_true(is_id(&store.events[0].id, id));
    assert_true(is_id(&store.events[0].parent, drafts_id));
    assert_int_equal(store.events[0].old_id.size, 0);
    assert_true(is_id(&store.events[1].id, drafts_id));
    assert_string_equal(log_text(&folder_log), "modified:F "); /* its counts */

    advise(the_store, id, everything, &message_log);
    put_text(message, PR_SUBJECT_W, "second");
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(heard(&store), "modified:M ");
    assert_string_equal(log_text(&message_log), "modified:M ");
    assert_string_equal(log_text(&folder_log), ""); /* no notification to the parent folder */
    release(message);

    ENTRYLIST list = one_of(&id);
    assert_int_equal(drafts->lpVtbl->SetReadFlags(drafts, &list, 0, NULL, SUPPRESS_RECEIPT), S_OK);
    assert_string_equal(heard(&store), "modified:M modified:F ");
    assert_string_equal(log_text(&message_log), "modified:M ");
    assert_string_equal(log_text(&folder_log), "modified:F "); /* PR_CONTENT_UNREAD */

    assert_int_equal(drafts->lpVtbl->CopyMessages(drafts, &list, NULL, sent, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&store), "copied:M modified:F "); /* and no creation */
    assert_true(is_id(&store.events[0].old_id, id));
    assert_true(is_id(&store.events[0].old_parent, drafts_id));
    assert_true(is_id(&store.events[0].parent, sent_id));
    assert_false(is_id(&store.events[0].id, id));
    assert_string_equal(log_text(&message_log), "copied:M ");

    assert_int_equal(drafts->lpVtbl->CopyMessages(drafts, &list, NULL, sent, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_string_equal(heard(&store), "moved:M modified:F modified:F ");
    assert_true(is_id(&store.events[0].id, id));
    assert_true(is_id(&store.events[0].old_id, id));
    assert_true(is_id(&store.events[0].old_parent, drafts_id));
    assert_true(is_id(&store.events[0].parent, sent_id));
    assert_string_equal(log_text(&message_log), "moved:M ");
    assert_string_equal(log_text(&folder_log), "modified:F ");

    assert_int_equal(sent->lpVtbl->DeleteMessages(sent, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&store), "deleted:M modified:F ");
    assert_true(is_id(&store.events[0].id, id));
    assert_true(is_id(&store.events[0].parent, sent_id));
    assert_string_equal(log_text(&message_log), "deleted:M ");
    release(drafts);
    release(sent);
}

static void folders(void **state)
{
    (void)state;
    struct event_log store, log;
    IMAPIFolder *root = user_root(), *box = inbox(), *folder = NULL;
    SBinary root_id = entryid(root), box_id = entryid(box);
    advise(the_store, whole, everything, &store);

    assert_int_equal(
        root->lpVtbl->CreateFolder(root, FOLDER_GENERIC, (LPTSTR)(uintptr_t) "new", NULL, NULL, 0, &folder), S_OK);
    SBinary id = entryid(folder);
    assert_string_equal(heard(&store), "created:F modified:F ");
    assert_true(is_id(&store.events[0].id, id));
    assert_true(is_id(&store.events[0].parent, root_id));
    assert_true(is_id(&store.events[1].id, root_id));
    advise(the_store, id, everything, &log);

    put_text(folder, PR_DISPLAY_NAME_W, "renamed");
    assert_string_equal(heard(&store), "modified:F ");
    assert_string_equal(log_text(&log), "modified:F ");

    assert_int_equal(root->lpVtbl->CopyFolder(root, id.cb, (LPENTRYID)(void *)id.lpb, NULL, box, NULL, 0, NULL, 0),
                     S_OK);
    assert_string_equal(heard(&store), "copied:F modified:F ");
    assert_true(is_id(&store.events[0].old_id, id));
    assert_true(is_id(&store.events[0].parent, box_id));
    assert_string_equal(log_text(&log), "copied:F ");

    assert_int_equal(root->lpVtbl->CopyFolder(root, id.cb, (LPENTRYID)(void *)id.lpb, NULL, box,
                                              (LPTSTR)(uintptr_t) "moved", 0, NULL, FOLDER_MOVE),
                     S_OK);
    assert_string_equal(heard(&store), "moved:F modified:F modified:F ");
    assert_true(is_id(&store.events[0].old_parent, root_id));
    assert_string_equal(log_text(&log), "moved:F ");
    release(folder);

    assert_int_equal(box->lpVtbl->DeleteFolder(box, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&store), "deleted:F modified:F ");
    assert_string_equal(log_text(&log), "deleted:F ");

    put_text(the_store, PR_COMMENT_W, "mine");
    assert_string_equal(heard(&store), "modified:S ");
    assert_true(is_id(&store.events[0].id, entryid(the_store)));
    release(root);
    release(box);
}

static void only_what_was_asked_for(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectDeleted, &log);
    SBinary id = add_message(box, "a");
    ENTRYLIST list = one_of(&id);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "deleted:M ");
    release(box);
}

/* ---- new mail (docs/decisions.md) ---- */

static SBinary deliver(IMAPIFolder *folder, const char *class, ULONG flags)
{
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    put_text(message, PR_MESSAGE_CLASS_W, class);
    put_long(message, PR_MESSAGE_FLAGS, flags);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    SBinary id = entryid(message);
    put_text(message, PR_SUBJECT_W, "again");
    assert_int_equal(save(message, 0), S_OK); /* is not news */
    release(message);
    return id;
}

static void new_mail(void **state)
{
    (void)state;
    struct event_log log, folder_log;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder();
    SBinary drafts_id = entryid(drafts);
    advise(the_store, whole, fnevNewMail, &log);
    advise(the_store, entryid(box), fnevNewMail, &folder_log);
    SBinary id = deliver(box, "IPM.Note.Special", MSGFLAG_READ);
    assert_string_equal(heard(&log), "mail ");
    assert_true(is_id(&log.events[0].id, id));
    assert_true(is_id(&log.events[0].parent, entryid(box)));
    assert_string_equal(log.events[0].class, "IPM.Note.Special");
    assert_true(log.events[0].flags & MSGFLAG_READ);
    assert_string_equal(log_text(&folder_log), "mail ");
    deliver(box, "IPM.Note", MSGFLAG_UNSENT);  /* somebody is writing it */
    deliver(drafts, "IPM.Note", MSGFLAG_READ); /* not where its class is received */
    assert_string_equal(heard(&log), "");
    /* A class with a receive folder of its own. */
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, (LPTSTR)(uintptr_t) "REPORT", 0, drafts_id.cb,
                                                         (LPENTRYID)(void *)drafts_id.lpb),
                     S_OK);
    deliver(box, "REPORT.IPM.Note.DR", 0);
    assert_string_equal(heard(&log), "");
    SBinary report = deliver(drafts, "REPORT.IPM.Note.DR", 0);
    assert_string_equal(heard(&log), "mail ");
    assert_string_equal(log_text(&folder_log), "");
    /* What the spooler says (imsgstore-notifynewmail.md). */
    NOTIFICATION said = {.ulEventType = fnevNewMail};
    said.info.newmail.cbEntryID = report.cb;
    said.info.newmail.lpEntryID = (LPENTRYID)(void *)report.lpb;
    assert_int_equal(the_store->lpVtbl->NotifyNewMail(the_store, &said), S_OK);
    assert_string_equal(heard(&log), "mail ");
    said.ulEventType = fnevObjectCreated;
    assert_int_equal(the_store->lpVtbl->NotifyNewMail(the_store, &said), MAPI_E_INVALID_PARAMETER);
    release(box);
    release(drafts);
}

/* ---- when ---- */

static void N1_never_during_the_call(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectCreated, &log);
    add_message(box, "a");
    assert_int_equal(log.count, 0);
    assert_string_equal(heard(&log), "created:M ");
    release(box);
}

static void what_was_rolled_back_did_not_happen(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    IMessage *message = NULL;
    advise(the_store, whole, everything, &log);
    assert_int_equal(box->lpVtbl->CreateMessage(box, NULL, 0, &message), S_OK);
    put_text(message, PR_SUBJECT_W, "never");
    long long before = store_query("SELECT coalesce(max(seq), 0) FROM event");
    bool failed = true;
    unsigned long stopped = 0;
    for (unsigned long n = 1; failed; n++) {
        fault_start(n);
        HRESULT hr = message->lpVtbl->SaveChanges(message, KEEP_OPEN_READWRITE);
        fault_stop();
        failed = FAILED(hr);
        if (failed) {
            stopped++;
            assert_string_equal(heard(&log), "");
        }
    }
    assert_true(stopped > 0);
    /* Saved. Perhaps there was no memory to queue both, and one reload stands for them. */
    const char *text = heard(&log);
    assert_true(strcmp(text, "created:M modified:F ") == 0 || strcmp(text, "reload ") == 0);
    assert_int_equal(store_query("SELECT max(seq) FROM event"), before + 2);
    release(message);
    release(box);
}

static void N3_nothing_after_Unadvise(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    ULONG_PTR connection = advise(the_store, whole, everything, &log);
    add_message(box, "a");
    unadvise(connection);
    assert_string_equal(heard(&log), "");
    release(box);
}

static void N5_nothing_after_the_logoff(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, everything, &log);
    add_message(box, "a");
    assert_int_equal(the_session->lpVtbl->Logoff(the_session, 0, 0, 0), S_OK);
    assert_string_equal(heard(&log), "");
    assert_int_equal(bells(), 0);
    ULONG_PTR connection = 1;
    IMAPIAdviseSink *sink = log_sink(&log);
    assert_int_equal(try_advise(the_store, whole, everything, sink, &connection), MAPI_E_INVALID_OBJECT);
    assert_int_equal(connection, 0);
    assert_int_equal(the_store->lpVtbl->Unadvise(the_store, 1), MAPI_E_INVALID_OBJECT);
    release(sink);
    release(box);
    release(the_store);
    release(the_session);
    the_store = NULL;
    the_session = NULL;
}

static void registrations_end_with_the_store(void **state)
{
    (void)state;
    struct event_log log;
    IMsgStore *second = open_store(MDB_WRITE);
    IMAPIFolder *box = inbox();
    advise(second, whole, everything, &log);
    assert_int_equal(bells(), 1);
    release(second);
    assert_int_equal(bells(), 0);
    add_message(box, "a");
    assert_string_equal(heard(&log), "");
    assert_int_equal(store_query("SELECT count(*) FROM event"), 0);
    release(box);
}

static void another_logon_hears_it_too(void **state)
{
    (void)state;
    struct event_log log, own;
    IMsgStore *reader = open_store(0); /* for reading */
    IMAPIFolder *box = inbox();
    advise(reader, whole, fnevObjectCreated, &log);
    advise(the_store, whole, fnevObjectCreated, &own);
    assert_int_equal(bells(), 2);
    add_message(box, "a");
    assert_string_equal(heard(&log), "created:M ");
    assert_string_equal(log_text(&own), "created:M "); /* once */
    release(reader);
    release(box);
}

/* ---- what sinks do ---- */

static void open_and_save(struct event_log *log)
{
    IMessage *message = NULL;
    SBinary id = {log->events[0].id.size, log->events[0].id.bytes};
    log->then = NULL;
    assert_int_equal(try_open(the_store, id, MAPI_MODIFY, &message), S_OK);
    put_text(message, PR_SUBJECT_W, "from the sink");
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_int_equal(HrDispatchNotifications(0), S_OK); /* delivers nothing */
    assert_int_equal(log->count, 1);
}

static void a_sink_that_opens_and_changes_things(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectCreated | fnevObjectModified, &log);
    log.then = open_and_save;
    SBinary id = add_message(box, "a");
    IMAPIFolder *again = box;
    assert_string_equal(heard(&log), "created:M modified:F ");
    assert_string_equal(heard(&log), "modified:M ");
    IMessage *message = open_message(id, 0);
    assert_string_equal(text_of(message, PR_SUBJECT_W), "from the sink");
    release(message);
    release(again);
}

static void unadvise_itself(struct event_log *log)
{
    unadvise(*(ULONG_PTR *)log->context);
}

static void N2_a_sink_that_unadvises_itself(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    ULONG_PTR connection = advise(the_store, whole, everything, &log);
    log.then = unadvise_itself;
    log.context = &connection;
    add_message(box, "a");
    add_message(box, "b");
    assert_string_equal(heard(&log), "created:M ");
    assert_string_equal(heard(&log), "");
    release(box);
}

static void log_off_in_it(struct event_log *log)
{
    (void)log;
    assert_int_equal(the_session->lpVtbl->Logoff(the_session, 0, 0, 0), S_OK);
}

static void L20_a_sink_that_logs_off_its_session(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, everything, &log);
    log.then = log_off_in_it;
    add_message(box, "a");
    assert_string_equal(heard(&log), "created:M ");
    assert_int_equal(box->lpVtbl->DeleteMessages(box, NULL, 0, NULL, 0), MAPI_E_INVALID_OBJECT);
    release(box);
    release(the_store);
    release(the_session);
    the_store = NULL;
    the_session = NULL;
}

/* ---- through the session ---- */

static void the_session_routes_to_the_store(void **state)
{
    (void)state;
    struct event_log log, store_log;
    IMAPIFolder *box = inbox();
    ULONG_PTR folder = advise_session(entryid(box), fnevObjectModified, &log);
    ULONG_PTR store = advise_session(entryid(the_store), fnevObjectCreated, &store_log);
    assert_int_not_equal(folder, store);
    add_message(box, "a");
    assert_string_equal(heard(&log), "modified:F ");
    assert_string_equal(log_text(&store_log), "created:M ");
    /* Numbers are those of whoever gave them. */
    assert_int_equal(the_store->lpVtbl->Unadvise(the_store, folder), MAPI_E_NOT_FOUND);
    assert_int_equal(the_session->lpVtbl->Unadvise(the_session, folder), S_OK);
    assert_int_equal(the_session->lpVtbl->Unadvise(the_session, folder), MAPI_E_NOT_FOUND);
    add_message(box, "b");
    assert_string_equal(heard(&log), "");
    assert_string_equal(log_text(&store_log), "created:M ");
    assert_int_equal(the_session->lpVtbl->Unadvise(the_session, store), S_OK);
    release(box);
}

static void a_routed_registration_keeps_the_store_open(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    SBinary id = entryid(box);
    release(box);
    release(the_store); /* nothing of it is open */
    the_store = NULL;
    ULONG_PTR connection = advise_session(id, fnevObjectModified, &log);
    assert_int_equal(bells(), 1);
    the_store = open_store(MDB_WRITE);
    box = inbox();
    add_message(box, "a");
    assert_string_equal(heard(&log), "modified:F ");
    release(box);
    release(the_store);
    the_store = NULL;
    assert_int_equal(bells(), 1);
    assert_int_equal(the_session->lpVtbl->Unadvise(the_session, connection), S_OK);
    assert_int_equal(bells(), 0);
    assert_int_equal(live("store"), 0);
    /* The same, ended by the logoff. */
    advise_session(id, fnevObjectModified, &log);
}

/* ---- too much ---- */

static void what_is_too_much_becomes_one_reload(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectDeleted, &log); /* without fnevTableModified */
    store_query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
                " INSERT INTO message (folder, flags, size, delivery_time, created, modified, props)"
                " SELECT (SELECT value FROM meta WHERE name = 'folder.inbox'), 1, 1, 1, 1, 1, x'01' FROM n");
    assert_int_equal(box->lpVtbl->EmptyFolder(box, 0, NULL, 0), S_OK);
    assert_int_equal(store_query("SELECT count(*) FROM event"), 4096);
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_int_equal(log.count, 4096);
    assert_int_equal(log.events[4095 % LOG_KEPT].event, fnevTableModified);
    assert_int_equal(log.events[4095 % LOG_KEPT].kind, TABLE_RELOAD);
    assert_int_equal(log.events[4094 % LOG_KEPT].event, fnevObjectDeleted);
    log.count = 0;
    /* And goes on. */
    SBinary id = add_message(box, "a");
    ENTRYLIST list = one_of(&id);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "deleted:M ");
    release(box);
}

static void what_was_pruned_becomes_one_reload(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectCreated, &log);
    /* Another process has written more than are kept. */
    store_query("INSERT INTO event VALUES (10000, 4, 5, 1, 1, 0, 0, 0)");
    assert_string_equal(heard(&log), "reload ");
    add_message(box, "a");
    assert_string_equal(heard(&log), "created:M ");
    release(box);
}

static void a_listener_that_was_taken_for_dead_comes_back(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectCreated, &log);
    store_query("DELETE FROM listener");
    add_message(box, "missed");
    assert_string_equal(heard(&log), "reload ");
    add_message(box, "a");
    assert_string_equal(heard(&log), "created:M ");
    release(box);
}

static void changes_that_make_no_sense_mean_a_reload(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, everything, &log);
    /* A critical error would have pointers where an object has its parent's identifier. */
    store_query("INSERT INTO event (event, kind, row, parent, old_row, old_parent, associated)"
                " VALUES (1, 5, 7, 8, 9, 10, 0)");
    assert_string_equal(heard(&log), "reload ");
    store_query("INSERT INTO event (event, kind, row, parent, old_row, old_parent, associated)"
                " VALUES (2, 1, 7, 8, 9, 10, 0), (4, 99, 1, 1, 1, 1, 1), (-1, 'x', 'y', x'00', 1.5, 1, 1)");
    assert_string_equal(heard(&log), "reload reload reload ");
    store_query("INSERT INTO event (event, kind, row, parent, old_row, old_parent, associated)"
                " VALUES (4, 5, 12345, 0, 0, 0, 0)");
    assert_string_equal(heard(&log), "created:M "); /* nobody can say that it did not happen */
    store_query("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'event'");
    store_query("INSERT INTO event VALUES (500, 4, 5, 1, 1, 0, 0, 0), (501, 4, 5, 1, 1, 0, 0, 0)");
    store_query("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'event'");
    assert_string_equal(heard(&log), "reload created:M ");
    release(box);
}
/* ---- the file ---- */

static void a_store_of_the_older_version_is_upgraded(void **state)
{
    (void)state;
    struct event_log log;
    release(the_store);
    store_make_older(1);
    the_store = open_store(MDB_WRITE);
    assert_int_equal(store_query("PRAGMA user_version"), 3);
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectCreated, &log);
    add_message(box, "a");
    assert_string_equal(heard(&log), "created:M ");
    release(box);
    expect_integrity();
}
/* ---- faults ---- */

static HRESULT advise_once(void *context)
{
    ULONG_PTR connection = 0;
    HRESULT hr = try_advise(the_store, whole, everything, context, &connection);
    if (FAILED(hr)) {
        assert_int_equal(connection, 0);
        return hr;
    }
    return the_store->lpVtbl->Unadvise(the_store, connection);
}

static void memory_that_runs_out(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIAdviseSink *sink = log_sink(&log);
    fault_sweep(advise_once, sink);
    assert_int_equal(bells(), 0);
    assert_int_equal(sink->lpVtbl->Release(sink), 0);
}

static HRESULT change_and_dispatch(void *context)
{
    IMAPIFolder *box = context;
    IMessage *message = NULL;
    HRESULT hr = box->lpVtbl->CreateMessage(box, NULL, 0, &message);
    if (FAILED(hr))
        return hr;
    hr = message->lpVtbl->SaveChanges(message, 0);
    message->lpVtbl->Release(message);
    (void)HrDispatchNotifications(0);
    return hr;
}

static void memory_that_runs_out_while_telling(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    advise(the_store, whole, fnevObjectCreated, &log);
    fault_sweep(change_and_dispatch, box);
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_true(log.count > 0); /* what could not be read or queued then is read later, or a reload stands for it */
    log.count = 0;
    add_message(box, "a");
    assert_string_equal(heard(&log), "created:M ");
    release(box);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(arguments_are_checked_first),
        IN_STORE(connections_are_numbers_of_their_own),
        IN_STORE(messages),
        IN_STORE(folders),
        IN_STORE(only_what_was_asked_for),
        IN_STORE(new_mail),
        IN_STORE(N1_never_during_the_call),
        IN_STORE(what_was_rolled_back_did_not_happen),
        IN_STORE(N3_nothing_after_Unadvise),
        IN_STORE(N5_nothing_after_the_logoff),
        IN_STORE(registrations_end_with_the_store),
        IN_STORE(another_logon_hears_it_too),
        IN_STORE(a_sink_that_opens_and_changes_things),
        IN_STORE(N2_a_sink_that_unadvises_itself),
        IN_STORE(L20_a_sink_that_logs_off_its_session),
        IN_STORE(the_session_routes_to_the_store),
        IN_STORE(a_routed_registration_keeps_the_store_open),
        IN_STORE(what_is_too_much_becomes_one_reload),
        IN_STORE(what_was_pruned_becomes_one_reload),
        IN_STORE(a_listener_that_was_taken_for_dead_comes_back),
        IN_STORE(changes_that_make_no_sense_mean_a_reload),
        IN_STORE(a_store_of_the_older_version_is_upgraded),
        IN_STORE(memory_that_runs_out),
        IN_STORE(memory_that_runs_out_while_telling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
