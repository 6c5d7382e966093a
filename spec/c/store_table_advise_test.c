/* Notifications of contents tables: imapitable-advise.md, about-table-notifications.md, table_notification.md. */
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
#include <mapisub.h>
#include <mapiutil.h>

#include "support/fault.h"
#include "support/mapi.h"
#include "support/store_advise.h"

/* ---- tables ---- */

static void a_tables_arguments(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    IMAPITable *table = contents(box, 0);
    IMAPIAdviseSink *sink = log_sink(&log);
    ULONG_PTR connection = 4;
    assert_int_equal(table->lpVtbl->Advise(table, fnevTableModified, NULL, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(connection, 0);
    assert_int_equal(table->lpVtbl->Advise(table, fnevTableModified, sink, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->Advise(table, fnevNewMail, sink, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->Unadvise(table, 3), MAPI_E_NOT_FOUND);
    release(sink);
    connection = advise_table(table, &log);
    assert_int_equal(bells(), 1);
    assert_int_equal(the_store->lpVtbl->Unadvise(the_store, connection), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->Unadvise(table, connection), S_OK);
    assert_int_equal(bells(), 0);
    advise_table(table, &log);
    release(table); /* and with it the registration */
    assert_int_equal(bells(), 0);
    release(box);
}

static IMAPITable *sinks_table;
static ULONG_PTR sinks_own, sinks_other;

static ULONG STDMETHODCALLTYPE addref_none(IMAPIAdviseSink *This)
{
    (void)This;
    return 2;
}

/* The table's reference is the only one. */
static ULONG STDMETHODCALLTYPE unadvise_other(IMAPIAdviseSink *This)
{
    (void)This;
    assert_int_equal(sinks_table->lpVtbl->Unadvise(sinks_table, sinks_other), S_OK);
    assert_int_equal(sinks_table->lpVtbl->Unadvise(sinks_table, sinks_own), MAPI_E_NOT_FOUND);
    sinks_own = 0;
    return 0;
}

static void a_sinks_last_release_unadvises_another(void **state)
{
    (void)state;
    static const IMAPIAdviseSinkVtbl vtbl = {NULL, addref_none, unadvise_other, NULL};
    IMAPIAdviseSink sink = {&vtbl};
    struct event_log log;
    IMAPIFolder *box = inbox();
    sinks_table = contents(box, 0);
    sinks_other = advise_table(sinks_table, &log);
    assert_int_equal(sinks_table->lpVtbl->Advise(sinks_table, fnevTableModified, &sink, &sinks_own), S_OK);
    assert_int_equal(sinks_table->lpVtbl->Unadvise(sinks_table, sinks_own), S_OK);
    assert_int_equal(sinks_own, 0);
    assert_int_equal(bells(), 0);
    release(sinks_table);
    release(box);
}

static void rows_that_come_and_go(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_SUBJECT_W, PR_INSTANCE_KEY, PR_ENTRYID};
    struct event_log log;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder();
    SBinary first = add_message(box, "first");
    IMAPITable *table = contents(box, 0);
    set_columns(table, 3, columns);
    advise_table(table, &log);
    SBinary second = add_message(box, "second");
    add_message(drafts, "elsewhere");
    assert_string_equal(heard(&log), "added ");
    assert_true(is_id(&log.events[0].id, key_of(second)));
    assert_true(is_id(&log.events[0].parent, key_of(first)));
    assert_int_equal(log.events[0].columns, 3);

    IMessage *message = open_message(first, MAPI_MODIFY);
    put_text(message, PR_SUBJECT_W, "changed");
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_string_equal(heard(&log), "rowmodified ");
    assert_true(is_id(&log.events[0].id, key_of(first)));
    assert_int_equal(log.events[0].parent.size, 0); /* PR_NULL: it is the first */

    ENTRYLIST list = one_of(&second);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, drafts, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_true(is_id(&log.events[0].id, key_of(second)));
    assert_int_equal(log.events[0].columns, 0);
    assert_int_equal(drafts->lpVtbl->CopyMessages(drafts, &list, NULL, box, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_string_equal(heard(&log), "added ");
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, box, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "added ");
    assert_true(is_id(&log.events[0].parent, key_of(second)));
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    SBinary third = add_message(box, "third");
    list = one_of(&third);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "added rowdeleted ");
    release(table);
    release(box);
    release(drafts);
}

static SBinary batched;

static HRESULT modify_and_delete(void *context)
{
    IMAPIFolder *box = context;
    IMessage *message = open_message(batched, MAPI_MODIFY);
    ENTRYLIST list = one_of(&batched);
    put_text(message, PR_SUBJECT_W, "changed");
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    return box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0);
}

static HRESULT create_and_delete(void *context)
{
    batched = add_message(context, "short");
    return modify_and_delete(context);
}

static HRESULT come_and_go(void *context)
{
    IMAPIFolder *box = context, *drafts = drafts_folder();
    ENTRYLIST list = one_of(&batched);
    assert_int_equal(drafts->lpVtbl->CopyMessages(drafts, &list, NULL, box, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, drafts, 0, NULL, MESSAGE_MOVE), S_OK);
    release(drafts);
    return S_OK;
}

static void at_once(IMAPIFolder *box, MAPIBATCHWORK work)
{
    IMapiStoreBatch *batch = NULL;
    assert_int_equal(box->lpVtbl->QueryInterface(box, &IID_IMapiStoreBatch, (void **)&batch), S_OK);
    assert_int_equal(batch->lpVtbl->Together(batch, work, box), S_OK);
    release(batch);
}

/* What is read when all has happened: a row that was changed and deleted was deleted twice, and rows were that nobody had been
 * told of. */
static void a_row_is_deleted_once_and_only_if_it_was_there(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder();
    SBinary going = add_message(box, "going");
    IMAPITable *table = contents(box, 0);
    advise_table(table, &log);
    batched = going;
    at_once(box, modify_and_delete);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_true(is_id(&log.events[0].id, key_of(going)));
    at_once(box, create_and_delete);
    assert_string_equal(heard(&log), "");
    batched = add_message(drafts, "passes");
    at_once(box, come_and_go);
    assert_string_equal(heard(&log), "");
    ENTRYLIST list = one_of(&batched);
    assert_int_equal(drafts->lpVtbl->CopyMessages(drafts, &list, NULL, box, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "added rowdeleted ");
    release(table);
    release(drafts);
    release(box);
}

/* The rows of a closed category are not to be seen, but its heading counts them: nothing was told when one had gone. */
static void what_goes_from_a_category_changes_the_table(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    SizedSSortOrderSet(1, closed) = {1, 1, 0, {{PR_SUBJECT_W, TABLE_SORT_ASCEND}}};
    SRestriction any = {.rt = RES_EXIST};
    any.res.resExist.ulPropTag = PR_MESSAGE_SIZE;
    for (int restricted = 0; restricted < 2; restricted++) {
        SBinary id = add_message(box, "a");
        ENTRYLIST list = one_of(&id);
        IMAPITable *table = contents(box, 0);
        assert_int_equal(table->lpVtbl->Restrict(table, restricted ? &any : NULL, 0), S_OK);
        assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&closed, 0), S_OK);
        advise_table(table, &log);
        assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
        assert_string_equal(heard(&log), "changed ");
        release(table);
    }
    release(box);
}

static void rows_outside_the_restriction_produce_nothing(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    SBinary outside = add_message(box, "no"), inside = add_message(box, "yes");
    IMAPITable *table = contents(box, 0);
    SPropValue yes = string_value(PR_SUBJECT_W, "yes");
    SRestriction restriction = {.rt = RES_PROPERTY};
    restriction.res.resProperty.relop = RELOP_EQ;
    restriction.res.resProperty.ulPropTag = PR_SUBJECT_W;
    restriction.res.resProperty.lpProp = &yes;
    advise_table(table, &log);
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    add_message(box, "neither");
    IMessage *message = open_message(outside, MAPI_MODIFY);
    put_text(message, PR_SENDER_NAME_W, "somebody");
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(heard(&log), "");
    put_text(message, PR_SUBJECT_W, "yes"); /* comes in */
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(heard(&log), "added ");
    assert_int_equal(log.events[0].parent.size, 0);
    put_text(message, PR_SENDER_NAME_W, "somebody else");
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(heard(&log), "rowmodified ");
    put_text(message, PR_SUBJECT_W, "no"); /* goes out */
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_true(is_id(&log.events[0].id, key_of(outside)));
    ENTRYLIST list = one_of(&outside);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "");
    list = one_of(&inside);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0), S_OK);
    add_message(box, "anything");
    assert_string_equal(heard(&log), "added ");
    release(table);
    release(box);
}

static SBinary add_dated(IMAPIFolder *folder, int64_t date)
{
    IMessage *message = new_message(folder, "dated");
    SBinary id = entryid(message);
    put_time(message, PR_MESSAGE_DELIVERY_TIME, date);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    return id;
}

static void the_order_says_what_is_before(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    SBinary late = add_dated(box, 300), early = add_dated(box, 100);
    IMAPITable *table = contents(box, 0);
    SizedSSortOrderSet(1, by_date) = {1, 0, 0, {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND}}};
    SizedSSortOrderSet(1, by_size) = {1, 0, 0, {{PR_MESSAGE_SIZE, TABLE_SORT_ASCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&by_date, 0), S_OK);
    advise_table(table, &log);
    SBinary middle = add_dated(box, 200);
    assert_string_equal(heard(&log), "added rowmodified ");
    assert_true(is_id(&log.events[1].id, key_of(middle)));
    assert_true(is_id(&log.events[1].parent, key_of(early)));
    by_date.aSort[0].ulOrder = TABLE_SORT_DESCEND;
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&by_date, 0), S_OK);
    IMessage *message = open_message(middle, MAPI_MODIFY);
    put_text(message, PR_SUBJECT_W, "x");
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_string_equal(heard(&log), "rowmodified ");
    assert_true(is_id(&log.events[0].parent, key_of(late)));
    /* An order that is made once. */
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&by_size, 0), S_OK);
    add_message(box, "new");
    assert_string_equal(heard(&log), "changed ");
    ENTRYLIST list = one_of(&middle);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    release(table);
    release(box);
}

static void a_table_is_told_to_reload(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    IMAPITable *table = contents(box, 0);
    advise_table(table, &log);
    store_query("INSERT INTO event VALUES (10000, 4, 5, 1, 1, 0, 0, 0)");
    assert_string_equal(heard(&log), "reload ");
    assert_int_equal(the_session->lpVtbl->Logoff(the_session, 0, 0, 0), S_OK);
    release(the_session);
    the_session = NULL;
    ULONG_PTR connection = 1;
    assert_int_equal(table->lpVtbl->Unadvise(table, connection), MAPI_E_INVALID_OBJECT);
    release(table);
    release(box);
}

static IMAPITable *swept_table;

static HRESULT advise_restricted(void *context)
{
    ULONG_PTR connection = 0;
    HRESULT hr = swept_table->lpVtbl->Advise(swept_table, fnevTableModified, context, &connection);
    if (SUCCEEDED(hr))
        assert_int_equal(swept_table->lpVtbl->Unadvise(swept_table, connection), S_OK);
    return hr;
}

static IMAPIFolder *swept;

static HRESULT change_row(void *context)
{
    struct event_log *log = context;
    IMessage *message = NULL;
    HRESULT hr = swept->lpVtbl->CreateMessage(swept, NULL, 0, &message);
    if (FAILED(hr))
        return hr;
    hr = message->lpVtbl->SaveChanges(message, 0);
    message->lpVtbl->Release(message);
    log->count = 0;
    (void)HrDispatchNotifications(0);
    return hr;
}

static void a_table_when_memory_runs_out(void **state)
{
    (void)state;
    struct event_log log;
    swept = inbox();
    IMAPITable *table = contents(swept, 0);
    SRestriction restriction = {.rt = RES_EXIST};
    restriction.res.resExist.ulPropTag = PR_MESSAGE_SIZE;
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    add_message(swept, "a");
    IMAPIAdviseSink *sink = log_sink(&log);
    swept_table = table;
    fault_sweep(advise_restricted, sink);
    assert_int_equal(sink->lpVtbl->Release(sink), 0);
    advise_table(table, &log);
    fault_sweep(change_row, &log);
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_true(log.count > 0);
    log.count = 0;
    add_message(swept, "b");
    const char *text = heard(&log);
    assert_true(strcmp(text, "added ") == 0 || strcmp(text, "changed ") == 0);
    release(table);
    release(swept);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_tables_arguments),
        IN_STORE(a_sinks_last_release_unadvises_another),
        IN_STORE(rows_that_come_and_go),
        IN_STORE(a_row_is_deleted_once_and_only_if_it_was_there),
        IN_STORE(what_goes_from_a_category_changes_the_table),
        IN_STORE(rows_outside_the_restriction_produce_nothing),
        IN_STORE(the_order_says_what_is_before),
        IN_STORE(a_table_is_told_to_reload),
        IN_STORE(a_table_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
