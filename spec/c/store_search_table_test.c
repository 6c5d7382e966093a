/* The contents table of a search folder: that it can do whatever a folder's can, and what it says besides of where its
 * messages are (mapi-search-folders.md, pidtagparentdisplay-canonical-property.md). */
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

#include "support/mapi.h"
#include "support/processes.h"
#include "support/searches.h"
#include "support/store_advise.h"

#define DAY   INT64_C(864000000000)
#define EPOCH INT64_C(132000000000000000)

static SRestriction all_there = {.rt = RES_AND};

/* ---- the same moves in two tables ---- */

static uint64_t seed;

static unsigned below(unsigned limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % limit;
}

enum { MESSAGES = 150, MOVES = 1500 };

static void fill(IMAPIFolder *folder)
{
    for (int i = 0; i < MESSAGES; i++) {
        IMessage *message = NULL;
        char subject[32];
        snprintf(subject, sizeof subject, "%s %u", i % 3 ? "plan" : "Lunch", below(20));
        assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
        put_text(message, PR_SUBJECT, subject);
        put_long(message, PR_IMPORTANCE, below(3));
        put_long(message, PR_SENSITIVITY, below(3));
        if (below(8) != 0)
            put_time(message, PR_MESSAGE_DELIVERY_TIME, EPOCH + below(12) * DAY);
        assert_int_equal(save(message, 0), S_OK);
        release(message);
    }
}

struct pair {
    IMAPITable *table[2]; /* of the folder, of the search */
    BOOKMARK mark[2];
};

#define BOTH(pair, call)                                                                                               \
    do {                                                                                                               \
        HRESULT both[2];                                                                                               \
        for (int which = 0; which < 2; which++) {                                                                      \
            IMAPITable *table = (pair)->table[which];                                                                  \
            both[which] = table->lpVtbl->call;                                                                         \
        }                                                                                                              \
        assert_int_equal(both[0], both[1]);                                                                            \
    } while (0)

static void expect_same_value(const SPropValue *left, const SPropValue *right)
{
    assert_int_equal(left->ulPropTag, right->ulPropTag);
    if (PROP_TYPE(left->ulPropTag) == PT_BINARY) {
        assert_int_equal(left->Value.bin.cb, right->Value.bin.cb);
        assert_memory_equal(left->Value.bin.lpb, right->Value.bin.lpb, left->Value.bin.cb);
    } else if (PROP_TYPE(left->ulPropTag) == PT_STRING8) {
        assert_string_equal(left->Value.lpszA, right->Value.lpszA);
    } else if (PROP_TYPE(left->ulPropTag) == PT_LONG || PROP_TYPE(left->ulPropTag) == PT_ERROR) {
        assert_int_equal(left->Value.l, right->Value.l);
    } else {
        assert_memory_equal(&left->Value, &right->Value, 8);
    }
}

static void expect_same_rows(struct pair *pair, LONG count)
{
    LPSRowSet rows[2] = {NULL, NULL};
    for (int which = 0; which < 2; which++)
        assert_int_equal(pair->table[which]->lpVtbl->QueryRows(pair->table[which], count, 0, &rows[which]), S_OK);
    assert_int_equal(rows[0]->cRows, rows[1]->cRows);
    for (ULONG i = 0; i < rows[0]->cRows; i++)
        for (ULONG k = 0; k < rows[0]->aRow[i].cValues; k++)
            expect_same_value(&rows[0]->aRow[i].lpProps[k], &rows[1]->aRow[i].lpProps[k]);
    FreeProws(rows[0]);
    FreeProws(rows[1]);
}

static void expect_same_place(struct pair *pair)
{
    ULONG row[2], numerator[2], denominator[2], count[2];
    BOTH(pair, QueryPosition(table, &row[which], &numerator[which], &denominator[which]));
    BOTH(pair, GetRowCount(table, 0, &count[which]));
    assert_int_equal(row[0], row[1]);
    assert_int_equal(denominator[0], denominator[1]);
    assert_int_equal(count[0], count[1]);
}

static void sort_both(struct pair *pair)
{
    static const ULONG tags[] = {PR_SUBJECT, PR_IMPORTANCE, PR_SENSITIVITY, PR_MESSAGE_DELIVERY_TIME};
    SizedSSortOrderSet(3, set) = {below(4), 0, 0, {{0, 0}}};
    for (ULONG i = 0; i < set.cSorts; i++) {
        set.aSort[i].ulPropTag = tags[below(4)];
        set.aSort[i].ulOrder = below(2);
    }
    if (below(2) == 0 && set.cSorts > 0) { /* an index serves this one */
        set.cSorts = 1;
        set.aSort[0].ulPropTag = PR_MESSAGE_DELIVERY_TIME;
    }
    set.cCategories = set.cSorts > 1 ? below(set.cSorts) : 0;
    set.cExpanded = set.cCategories > 0 ? below(set.cCategories + 1) : 0;
    BOTH(pair, SortTable(table, (LPSSortOrderSet)&set, 0));
    pair->mark[0] = 0;
}

static void restrict_both(struct pair *pair)
{
    SPropValue number = number_value(PR_SENSITIVITY, 1);
    SRestriction sensitive = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_SENSITIVITY, &number}};
    SRestriction *choice[] = {NULL, subject_has("lunch"), &sensitive};
    SRestriction *restriction = choice[below(3)];
    BOTH(pair, Restrict(table, restriction, 0));
    pair->mark[0] = 0;
}

static void move_both(struct pair *pair)
{
    char text[8];
    LONG sought[2] = {0, 0};
    BOOKMARK from[2] = {below(3), 0};
    LONG by = (LONG)below(60) - 30;
    ULONG backward = below(2) ? DIR_BACKWARD : 0;
    from[1] = from[0];
    if (pair->mark[0] != 0 && below(3) == 0)
        memcpy(from, pair->mark, sizeof from);
    snprintf(text, sizeof text, "%u", below(20));
    switch (below(8)) {
    case 0:
        BOTH(pair, SeekRow(table, from[which], by, &sought[which]));
        assert_int_equal(sought[0], sought[1]);
        break;
    case 1:
        BOTH(pair, SeekRowApprox(table, (ULONG)(by + 30), 60));
        break;
    case 2:
        BOTH(pair, FindRow(table, subject_has(text), from[which], backward));
        break;
    case 3:
        if (pair->mark[0] == 0)
            BOTH(pair, CreateBookmark(table, &pair->mark[which]));
        break;
    case 4:
        sort_both(pair);
        break;
    case 5:
        restrict_both(pair);
        break;
    default:
        if (by != 0)
            expect_same_rows(pair, by);
        break;
    }
}

static void it_does_what_a_folders_table_does(void **state)
{
    (void)state;
    static const ULONG columns[] = {
        PR_INSTANCE_KEY, PR_ENTRYID,  PR_SUBJECT_A, PR_IMPORTANCE,    PR_SENSITIVITY,          PR_PARENT_ENTRYID,
        PR_RECORD_KEY,   PR_ROW_TYPE, PR_DEPTH,     PR_MESSAGE_FLAGS, PR_MESSAGE_DELIVERY_TIME};
    seed = 20;
    IMAPIFolder *box = inbox(), *search = new_search("s");
    fill(box);
    look_for(search, &all_there, box, 0);
    struct pair pair = {{contents(box, 0), contents(search, 0)}, {0, 0}};
    for (int which = 0; which < 2; which++)
        set_columns(pair.table[which], 11, columns);
    for (int i = 0; i < MOVES; i++) {
        move_both(&pair);
        expect_same_place(&pair);
    }
    release(pair.table[0]);
    release(pair.table[1]);
    release(search);
    release(box);
}

/* ---- where the messages are ---- */

static void the_rows_say_where_their_messages_are(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_SUBJECT_A, PR_PARENT_ENTRYID, PR_PARENT_DISPLAY_A, PR_ENTRYID};
    IMAPIFolder *box = inbox(), *drafts = drafts_folder(), *search = new_search("s");
    add_message(box, "one");
    add_message(drafts, "two");
    assert_int_equal(try_search(search, &all_there, box, drafts, 0), S_OK);
    IMAPITable *table = contents(search, 0);
    LPSPropTagArray tags = NULL;
    bool display = false;
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &tags), S_OK);
    for (ULONG i = 0; i < tags->cValues; i++)
        display = display || tags->aulPropTag[i] == PR_PARENT_DISPLAY_A;
    assert_true(display);
    MAPIFreeBuffer(tags);
    LPSRowSet rows = all_rows(table, 4, columns);
    SBinary box_id = entryid(box), drafts_id = entryid(drafts);
    assert_int_equal(rows->cRows, 2);
    assert_memory_equal(rows->aRow[0].lpProps[1].Value.bin.lpb, box_id.lpb, 32);
    assert_string_equal(rows->aRow[0].lpProps[2].Value.lpszA, "Inbox");
    assert_memory_equal(rows->aRow[1].lpProps[1].Value.bin.lpb, drafts_id.lpb, 32);
    assert_string_equal(rows->aRow[1].lpProps[2].Value.lpszA, "Drafts");
    /* What is opened is the message itself. */
    IMessage *message = open_message(rows->aRow[1].lpProps[3].Value.bin, 0);
    assert_memory_equal(binary(message, PR_PARENT_ENTRYID).lpb, drafts_id.lpb, 32);
    assert_int_equal(error_of(message, PR_PARENT_DISPLAY_A), MAPI_E_NOT_FOUND);
    release(message);
    FreeProws(rows);
    release(search);
    release(drafts);
    release(box);
}

static void sorted_grouped_and_restricted_by_folder(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_ROW_TYPE, PR_PARENT_DISPLAY_A, PR_SUBJECT_A, PR_CONTENT_COUNT,
                                    PR_PARENT_ENTRYID};
    IMAPIFolder *box = inbox(), *drafts = drafts_folder(), *search = new_search("s");
    add_message(box, "one");
    add_message(drafts, "two");
    add_message(box, "three");
    assert_int_equal(try_search(search, &all_there, box, drafts, 0), S_OK);
    IMAPITable *table = contents(search, 0);
    SizedSSortOrderSet(1, by_name) = {1, 0, 0, {{PR_PARENT_DISPLAY, TABLE_SORT_ASCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&by_name, 0), S_OK);
    assert_string_equal(subjects(table), "two|one|three");
    SPropValue name = string_value(PR_PARENT_DISPLAY, "inbox"), id = {PR_PARENT_ENTRYID, 0, {0}};
    id.Value.bin = entryid(drafts);
    SRestriction named = {.rt = RES_CONTENT,
                          .res.resContent = {FL_FULLSTRING | FL_IGNORECASE, PR_PARENT_DISPLAY, &name}};
    SRestriction there = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_PARENT_ENTRYID, &id}};
    assert_int_equal(table->lpVtbl->Restrict(table, &named, 0), S_OK);
    assert_string_equal(subjects(table), "one|three");
    assert_int_equal(table->lpVtbl->Restrict(table, &there, 0), S_OK);
    assert_string_equal(subjects(table), "two");
    assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0), S_OK);
    for (int by_id = 0; by_id < 2; by_id++) {
        SizedSSortOrderSet(1, grouped) = {1, 1, 1, {{by_id ? PR_PARENT_ENTRYID : PR_PARENT_DISPLAY, 0}}};
        assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&grouped, 0), S_OK);
        set_columns(table, 5, columns);
        LPSRowSet rows = NULL;
        assert_int_equal(table->lpVtbl->QueryRows(table, 10, 0, &rows), S_OK);
        assert_int_equal(rows->cRows, 5);
        ULONG drafts_at = by_id ? 3 : 0;
        SPropValue *heading = rows->aRow[drafts_at].lpProps;
        assert_int_equal(heading[0].Value.l, TBL_EXPANDED_CATEGORY);
        assert_int_equal(heading[3].Value.l, 1);
        if (by_id)
            assert_memory_equal(heading[4].Value.bin.lpb, id.Value.bin.lpb, 32);
        else
            assert_string_equal(heading[1].Value.lpszA, "Drafts");
        assert_string_equal(rows->aRow[drafts_at + 1].lpProps[2].Value.lpszA, "two");
        FreeProws(rows);
    }
    release(table);
    release(search);
    release(drafts);
    release(box);
}

/* A restriction on the folder is about where a message is, in a search too. */
static void a_search_by_folder(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder(), *search = new_search("s");
    SPropValue id = {PR_PARENT_ENTRYID, 0, {0}};
    SRestriction not_there = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_NE, PR_PARENT_ENTRYID, &id}};
    unsigned char bytes[32];
    SBinary moved;
    memcpy(bytes, entryid(drafts).lpb, 32);
    id.Value.bin = (SBinary){32, bytes};
    moved = add_message(box, "one");
    add_message(drafts, "two");
    assert_int_equal(try_search(search, &not_there, box, drafts, 0), S_OK);
    assert_string_equal(subjects_of(search), "one");
    ENTRYLIST list = one_of(&moved);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, drafts, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_string_equal(subjects_of(search), "");
    release(search);
    release(drafts);
    release(box);
    expect_searches_right();
}

/* ---- notifications ---- */

static void rename_message(SBinary id, const char *subject)
{
    IMessage *message = open_message(id, MAPI_MODIFY);
    put_text(message, PR_SUBJECT, subject);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
}

static void rows_come_and_go_as_they_are_found(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder(), *search = new_search("s");
    unsigned char bytes[32];
    SBinary id = {32, bytes};
    ENTRYLIST list = one_of(&id);
    look_for(search, subject_has("plan"), box, 0);
    IMAPITable *table = contents(search, 0);
    advise_table(table, &log);
    memcpy(bytes, add_message(box, "plan").lpb, 32);
    add_message(box, "lunch");
    assert_string_equal(heard(&log), "added ");
    assert_true(is_id(&log.events[0].id, key_of(id)));
    rename_message(id, "plan 2");
    assert_string_equal(heard(&log), "rowmodified ");
    rename_message(id, "dinner");
    assert_string_equal(heard(&log), "rowdeleted ");
    rename_message(id, "dinner 2");
    assert_string_equal(heard(&log), "");
    rename_message(id, "plan");
    assert_string_equal(heard(&log), "added ");
    assert_int_equal(box->lpVtbl->SetReadFlags(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "rowmodified ");
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, drafts, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_int_equal(drafts->lpVtbl->CopyMessages(drafts, &list, NULL, box, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "added ");
    assert_int_equal(box->lpVtbl->EmptyFolder(box, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    look_for(search, NULL, drafts, 0);
    assert_string_equal(heard(&log), "changed ");
    assert_int_equal(drafts->lpVtbl->DeleteMessages(drafts, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    release(table);
    release(search);
    release(drafts);
    release(box);
}

/* Messages that nobody has touched: their folder has come below what is searched. */
static void rows_come_with_a_folder(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *top = user_root(), *one = child(top, "one"), *two = child(top, "two"), *inner = child(two, "inner");
    IMAPIFolder *search = new_search("s");
    unsigned char bytes[32];
    LPENTRYID id = (LPENTRYID)(void *)bytes;
    memcpy(bytes, entryid(inner).lpb, 32);
    add_message(inner, "plan");
    look_for(search, subject_has("plan"), one, RECURSIVE_SEARCH);
    IMAPITable *table = contents(search, 0);
    advise_table(table, &log);
    assert_int_equal(two->lpVtbl->CopyFolder(two, 32, id, NULL, one, NULL, 0, NULL, FOLDER_MOVE), S_OK);
    assert_string_equal(heard(&log), "added ");
    assert_int_equal(one->lpVtbl->CopyFolder(one, 32, id, NULL, one, (LPTSTR)(uintptr_t) "copy", 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "added ");
    assert_int_equal(one->lpVtbl->CopyFolder(one, 32, id, NULL, two, NULL, 0, NULL, FOLDER_MOVE), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_string_equal(subjects_of(search), "plan");
    release(table);
    release(search);
    release(inner);
    release(two);
    release(one);
    release(top);
}

static void sorted_and_restricted_tables_hear_too(void **state)
{
    (void)state;
    struct event_log sorted_log, restricted_log;
    IMAPIFolder *box = inbox(), *search = new_search("s");
    look_for(search, subject_has("plan"), box, 0);
    IMAPITable *sorted = contents(search, 0), *restricted = contents(search, 0);
    SizedSSortOrderSet(1, by_subject) = {1, 0, 0, {{PR_SUBJECT, 0}}};
    assert_int_equal(sorted->lpVtbl->SortTable(sorted, (LPSSortOrderSet)&by_subject, 0), S_OK);
    advise_table(sorted, &sorted_log);
    advise_table(restricted, &restricted_log);
    assert_int_equal(restricted->lpVtbl->Restrict(restricted, subject_has("b"), 0), S_OK);
    add_message(box, "plan a");
    assert_string_equal(heard(&sorted_log), "changed ");
    assert_string_equal(heard(&restricted_log), "");
    SBinary id = add_message(box, "plan b");
    assert_string_equal(heard(&restricted_log), "added ");
    rename_message(id, "b");
    assert_string_equal(heard(&restricted_log), "rowdeleted ");
    assert_string_equal(heard(&sorted_log), "changed rowdeleted ");
    release(sorted);
    release(restricted);
    release(search);
    release(box);
}

static void the_store_tells_of_searches(void **state)
{
    (void)state;
    struct event_log log, own;
    IMAPIFolder *box = inbox(), *search = new_search("s"), *other = new_search("t");
    IMAPIFolder *root = open_named(the_store, PR_FINDER_ENTRYID, 0);
    SBinary id = add_message(box, "plan");
    add_message(box, "plan");
    advise(the_store, whole, fnevSearchComplete, &log);
    advise(the_store, entryid(search), fnevSearchComplete | fnevObjectModified, &own);
    look_for(search, subject_has("plan"), box, 0);
    assert_string_equal(heard(&log), "searched:F ");
    assert_true(is_id(&log.events[0].id, entryid(search)));
    assert_true(is_id(&log.events[0].parent, entryid(root)));
    assert_string_equal(heard(&own), "searched:F modified:F ");
    look_for(search, NULL, NULL, FOREGROUND_SEARCH);
    look_for(search, NULL, NULL, STOP_SEARCH);
    assert_string_equal(heard(&log), "");
    look_for(search, NULL, NULL, RESTART_SEARCH);
    assert_string_equal(heard(&log), "searched:F ");
    heard(&own);
    look_for(other, subject_has("plan"), box, 0);
    assert_string_equal(heard(&own), "");
    rename_message(id, "lunch"); /* its counts are another */
    assert_string_equal(heard(&own), "modified:F ");
    add_message(box, "lunch");
    assert_string_equal(heard(&own), "");
    release(root);
    release(other);
    release(search);
    release(box);
}

/* ---- other processes ---- */

static IMAPIFolder *childs_box;

static long act(char command)
{
    if (childs_box == NULL) {
        IMAPISession *session = NULL;
        if (try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &session) != S_OK)
            return -1;
        the_session = session;
        the_store = open_store(MDB_WRITE);
        childs_box = inbox();
    }
    if (command == 'a')
        add_message(childs_box, "plan of another");
    else if (command == 'n')
        add_message(childs_box, "nothing");
    else
        return childs_box->lpVtbl->EmptyFolder(childs_box, 0, NULL, 0) == S_OK ? 0 : -1;
    return 0;
}

static void other_processes_keep_it_up_to_date(void **state)
{
    (void)state;
    struct event_log log;
    struct process other = process_start(act);
    IMAPIFolder *box = inbox(), *search = new_search("s");
    look_for(search, subject_has("plan"), box, 0);
    assert_int_equal(process_do(&other, 'a'), 0); /* nobody listens, and it has never seen the search folder */
    assert_string_equal(subjects_of(search), "plan of another");
    IMAPITable *table = contents(search, 0);
    advise_table(table, &log);
    assert_int_equal(process_do(&other, 'n'), 0);
    assert_string_equal(heard(&log), "");
    assert_int_equal(process_do(&other, 'a'), 0);
    assert_string_equal(heard(&log), "added ");
    assert_int_equal(process_do(&other, 'e'), 0);
    assert_string_equal(heard(&log), "rowdeleted rowdeleted ");
    process_kill(&other);
    release(table);
    release(search);
    release(box);
    expect_integrity();
}

/* A row of a closed category is not to be seen: nothing was told when one had gone. */
static void what_goes_from_a_category_changes_the_table(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox(), *search = new_search("s");
    SizedSSortOrderSet(1, closed) = {1, 1, 0, {{PR_SUBJECT_W, TABLE_SORT_ASCEND}}};
    SBinary id = add_message(box, "a");
    ENTRYLIST list = one_of(&id);
    look_for(search, &all_there, box, 0);
    IMAPITable *table = contents(search, 0);
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&closed, 0), S_OK);
    advise_table(table, &log);
    assert_int_equal(box->lpVtbl->DeleteMessages(box, &list, 0, NULL, 0), S_OK);
    assert_string_equal(heard(&log), "changed ");
    release(table);
    release(search);
    release(box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(it_does_what_a_folders_table_does),       IN_STORE(the_rows_say_where_their_messages_are),
        IN_STORE(sorted_grouped_and_restricted_by_folder), IN_STORE(a_search_by_folder),
        IN_STORE(rows_come_and_go_as_they_are_found),      IN_STORE(rows_come_with_a_folder),
        IN_STORE(sorted_and_restricted_tables_hear_too),   IN_STORE(the_store_tells_of_searches),
        IN_STORE(other_processes_keep_it_up_to_date),      IN_STORE(what_goes_from_a_category_changes_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
