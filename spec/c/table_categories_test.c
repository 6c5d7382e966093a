/* Categories of a contents table: sorting-and-categorization.md, ssortorderset.md, imapitable-expandrow.md and its
 * siblings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/fault.h"
#include "support/mapi.h"
#include "support/store_helper.h"

#define DAY   INT64_C(864000000000)
#define EPOCH INT64_C(132000000000000000)

/* Subject, sender, delivery day. */
static const struct {
    const char *subject;
    const char *sender;
    int day;
} mails[] = {
    {"boats", "Ada", 1}, {"apples", "Ben", 2}, {"BOATS", "ada", 9}, {"cups", "Cleo", 4},
    {"boats", "Ben", 5}, {"apples", "Ada", 6}, {"cups", NULL, 3},
};

enum { COUNT = sizeof mails / sizeof mails[0] };

static SBinary ids[COUNT];
static unsigned char id_bytes[COUNT][32];

static IMAPITable *filled_table(IMAPIFolder **folder)
{
    static const ULONG columns[] = {PR_SUBJECT_A,     PR_SENDER_NAME_A,  PR_ROW_TYPE,     PR_DEPTH,
                                    PR_CONTENT_COUNT, PR_CONTENT_UNREAD, PR_INSTANCE_KEY, PR_MESSAGE_DELIVERY_TIME};
    *folder = inbox();
    for (int i = 0; i < COUNT; i++) {
        IMessage *message = NULL;
        assert_int_equal((*folder)->lpVtbl->CreateMessage(*folder, NULL, 0, &message), S_OK);
        put_text(message, PR_SUBJECT, mails[i].subject);
        if (mails[i].sender != NULL)
            put_text(message, PR_SENDER_NAME, mails[i].sender);
        put_time(message, PR_MESSAGE_DELIVERY_TIME, EPOCH + mails[i].day * DAY);
        assert_int_equal(save(message, 0), S_OK);
        memcpy(id_bytes[i], entryid(message).lpb, 32);
        ids[i].cb = 32;
        ids[i].lpb = id_bytes[i];
        release(message);
    }
    IMAPITable *table = contents(*folder, 0);
    set_columns(table, 8, columns);
    return table;
}

/* A table's rows from the cursor on, a heading as "+apples(2)" or "-apples(2)", a message as its day. */
static const char *drawn(const LPSRowSet rows)
{
    static char text[1024];
    text[0] = 0;
    for (ULONG i = 0; i < rows->cRows; i++) {
        const SPropValue *values = rows->aRow[i].lpProps;
        size_t at = strlen(text);
        if (i > 0)
            text[at++] = ' ';
        for (ULONG depth = values[3].Value.ul; depth > 0; depth--)
            text[at++] = '.';
        if (values[2].Value.ul == TBL_LEAF_ROW) {
            uint64_t ticks = (uint64_t)values[7].Value.ft.dwHighDateTime << 32 | values[7].Value.ft.dwLowDateTime;
            sprintf(text + at, "%d", (int)(((int64_t)ticks - EPOCH) / DAY));
            continue;
        }
        const char *name = PROP_TYPE(values[1].ulPropTag) != PT_ERROR   ? values[1].Value.lpszA
                           : PROP_TYPE(values[0].ulPropTag) != PT_ERROR ? values[0].Value.lpszA
                                                                        : "none";
        sprintf(text + at, "%c%s(%u/%u)", values[2].Value.ul == TBL_EXPANDED_CATEGORY ? '-' : '+', name,
                values[5].Value.ul, values[4].Value.ul);
    }
    for (char *at = text; *at != 0; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + 32); /* of BOATS and boats whichever comes first is shown */
    return text;
}

static const char *read_on(IMAPITable *table, LONG count)
{
    LPSRowSet rows = NULL;
    assert_int_equal(table->lpVtbl->QueryRows(table, count, 0, &rows), S_OK);
    const char *text = drawn(rows);
    FreeProws(rows);
    return text;
}

static const char *whole(IMAPITable *table)
{
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 0, NULL), S_OK);
    return read_on(table, 100);
}

/* The instance key of the row at the cursor. */
static SBinary key_here(IMAPITable *table)
{
    static unsigned char keys[8][16];
    static int next;
    LPSRowSet rows = NULL;
    SBinary key;
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, TBL_NOADVANCE, &rows), S_OK);
    assert_int_equal(rows->cRows, 1);
    key.cb = rows->aRow[0].lpProps[6].Value.bin.cb;
    key.lpb = keys[next++ % 8];
    memcpy(key.lpb, rows->aRow[0].lpProps[6].Value.bin.lpb, key.cb);
    FreeProws(rows);
    return key;
}

static SBinary key_of(IMAPITable *table, LONG row)
{
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, row, NULL), S_OK);
    return key_here(table);
}

static void categorize(IMAPITable *table, ULONG sorts, ULONG categories, ULONG expanded, const SSortOrder *orders)
{
    SizedSSortOrderSet(4, set) = {sorts, categories, expanded, {{0, 0}}};
    memcpy(set.aSort, orders, sorts * sizeof *orders);
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&set, 0), S_OK);
}

static void headings_and_their_rows(void **state)
{
    static const SSortOrder orders[] = {{PR_SUBJECT_A, TABLE_SORT_ASCEND},
                                        {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND}};
    (void)state;
    IMAPIFolder *folder;
    IMAPITable *table = filled_table(&folder);
    ULONG count, more, row, numerator, denominator;
    LPSRowSet rows = NULL;
    LONG sought;
    categorize(table, 2, 1, 0, orders);
    assert_string_equal(whole(table), "+apples(2/2) +boats(3/3) +cups(2/2)");
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    assert_int_equal(count, 3);
    SBinary boats = key_of(table, 1);
    assert_int_equal(table->lpVtbl->ExpandRow(table, boats.cb, boats.lpb, 2, 0, &rows, &more), S_OK);
    assert_int_equal(more, 3);
    assert_string_equal(drawn(rows), ".9 .5");
    FreeProws(rows);
    assert_string_equal(read_on(table, 10), ".1 +cups(2/2)"); /* the cursor was behind what came */
    assert_string_equal(whole(table), "+apples(2/2) -boats(3/3) .9 .5 .1 +cups(2/2)");
    assert_int_equal(table->lpVtbl->ExpandRow(table, boats.cb, boats.lpb, 0, 0, NULL, &more), S_OK);
    assert_int_equal(more, 0);
    assert_string_equal(read_on(table, 2), ".9 .5"); /* the cursor is behind the heading */
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_END, -2, &sought), S_OK);
    assert_string_equal(read_on(table, 10), ".1 +cups(2/2)");
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 1, 2), S_OK);
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, 3);
    assert_int_equal(denominator, 6);
    assert_int_equal(table->lpVtbl->CollapseRow(table, boats.cb, boats.lpb, 0, &more), S_OK);
    assert_int_equal(more, 3);
    assert_string_equal(read_on(table, 10), "+cups(2/2)"); /* the cursor's row has gone: the next one visible */
    assert_int_equal(table->lpVtbl->CollapseRow(table, boats.cb, boats.lpb, 0, &more), S_OK);
    assert_int_equal(more, 0);
    categorize(table, 2, 1, 1, orders);
    assert_string_equal(whole(table), "-apples(2/2) .6 .2 -boats(3/3) .9 .5 .1 -cups(2/2) .4 .3");
    /* What is no heading cannot be opened. */
    SBinary leaf = key_of(table, 1);
    assert_int_equal(table->lpVtbl->ExpandRow(table, leaf.cb, leaf.lpb, 0, 0, &rows, &more), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->CollapseRow(table, leaf.cb, leaf.lpb, 0, &more), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->CollapseRow(table, leaf.cb, leaf.lpb, 1, &more), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(table->lpVtbl->ExpandRow(table, leaf.cb, leaf.lpb, 1, 0, NULL, &more), MAPI_E_INVALID_PARAMETER);
    release(table);
    release(folder);
}

static void categories_within_categories(void **state)
{
    static const SSortOrder orders[] = {{PR_SUBJECT_A, TABLE_SORT_DESCEND},
                                        {PR_SENDER_NAME_A, TABLE_SORT_ASCEND},
                                        {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND}};
    (void)state;
    IMAPIFolder *folder;
    IMAPITable *table = filled_table(&folder);
    ULONG more;
    categorize(table, 3, 2, 1, orders);
    assert_string_equal(whole(table), "-cups(2/2) .+cups(1/1) .+cleo(1/1) -boats(3/3) .+ada(2/2) .+ben(1/1) "
                                      "-apples(2/2) .+ada(1/1) .+ben(1/1)");
    SBinary ada = key_of(table, 4);
    assert_int_equal(table->lpVtbl->ExpandRow(table, ada.cb, ada.lpb, 0, 0, NULL, &more), S_OK);
    assert_int_equal(more, 2);
    assert_string_equal(read_on(table, 3), "..1 ..9 .+ben(1/1)");
    /* What is open inside stays so while what is around it is closed. */
    SBinary boats = key_of(table, 3);
    assert_int_equal(table->lpVtbl->CollapseRow(table, boats.cb, boats.lpb, 0, &more), S_OK);
    assert_int_equal(more, 4);
    assert_int_equal(table->lpVtbl->ExpandRow(table, boats.cb, boats.lpb, 0, 0, NULL, &more), S_OK);
    assert_int_equal(more, 4);
    assert_string_equal(read_on(table, 4), ".-ada(2/2) ..1 ..9 .+ben(1/1)");
    categorize(table, 3, 2, 2, orders);
    assert_string_equal(whole(table),
                        "-cups(2/2) .-cups(1/1) ..3 .-cleo(1/1) ..4 -boats(3/3) .-ada(2/2) ..1 ..9 .-ben(1/1) ..5 "
                        "-apples(2/2) .-ada(1/1) ..6 .-ben(1/1) ..2");
    /* Combined they are one category. */
    SSortOrder combined[3];
    memcpy(combined, orders, sizeof orders);
    combined[1].ulOrder = TABLE_SORT_COMBINE;
    categorize(table, 3, 2, 0, combined);
    assert_string_equal(whole(table), "+cups(1/1) +cleo(1/1) +ada(2/2) +ben(1/1) +ada(1/1) +ben(1/1)");
    release(table);
    release(folder);
}

static void categories_by_their_newest_message(void **state)
{
    static const SSortOrder newest[] = {{PR_SUBJECT_A, TABLE_SORT_DESCEND},
                                        {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_CATEG_MAX}};
    static const SSortOrder oldest[] = {{PR_SUBJECT_A, TABLE_SORT_ASCEND},
                                        {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_CATEG_MIN}};
    (void)state;
    IMAPIFolder *folder;
    IMAPITable *table = filled_table(&folder);
    categorize(table, 2, 1, 1, newest);
    assert_string_equal(whole(table), "-boats(3/3) .9 .5 .1 -apples(2/2) .6 .2 -cups(2/2) .4 .3");
    categorize(table, 2, 1, 1, oldest);
    assert_string_equal(whole(table), "-boats(3/3) .1 .5 .9 -apples(2/2) .2 .6 -cups(2/2) .3 .4");
    SizedSSortOrderSet(3, bad) = {2, 1, 0, {{PR_SUBJECT_A, TABLE_SORT_COMBINE}, {PR_SENDER_NAME_A, 0}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&bad, 0), MAPI_E_TOO_COMPLEX);
    bad.aSort[0].ulOrder = TABLE_SORT_CATEG_MAX;
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&bad, 0), MAPI_E_TOO_COMPLEX);
    release(table);
    release(folder);
}

static void finding_marking_restricting(void **state)
{
    static const SSortOrder orders[] = {{PR_SUBJECT_A, TABLE_SORT_ASCEND},
                                        {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND}};
    (void)state;
    IMAPIFolder *folder;
    IMAPITable *table = filled_table(&folder);
    BOOKMARK mark, inner;
    ULONG more;
    categorize(table, 2, 1, 1, orders);
    SBinary boats = key_of(table, 3);
    SPropValue key = {PR_INSTANCE_KEY, 0, {.bin = boats}};
    SRestriction by_key = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_INSTANCE_KEY, &key}};
    assert_int_equal(table->lpVtbl->FindRow(table, &by_key, BOOKMARK_BEGINNING, 0), S_OK);
    assert_string_equal(read_on(table, 2), "-boats(3/3) .1");
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &inner), S_OK); /* before day 5 */
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_END, -3, NULL), S_OK);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &mark), S_OK); /* before the cups */
    assert_int_equal(table->lpVtbl->CollapseRow(table, boats.cb, boats.lpb, 0, &more), S_OK);
    assert_int_equal(table->lpVtbl->SeekRow(table, mark, 0, NULL), S_OK);
    assert_string_equal(read_on(table, 10), "-cups(2/2) .3 .4");
    assert_true(SUCCEEDED(table->lpVtbl->SeekRow(table, inner, 0, NULL)));
    assert_string_equal(read_on(table, 1), "-cups(2/2)");
    SPropValue value = string_value(PR_SENDER_NAME, "ada");
    SRestriction by_ada = {.rt = RES_CONTENT,
                           .res.resContent = {FL_FULLSTRING | FL_IGNORECASE, PR_SENDER_NAME_A, &value}};
    assert_int_equal(table->lpVtbl->Restrict(table, &by_ada, 0), S_OK);
    assert_string_equal(whole(table), "-apples(1/1) .6 -boats(2/2) .1 .9");
    release(table);
    release(folder);
}

static void what_is_open_can_be_kept(void **state)
{
    static const SSortOrder orders[] = {{PR_SUBJECT_A, TABLE_SORT_ASCEND},
                                        {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND}};
    (void)state;
    IMAPIFolder *folder;
    IMAPITable *table = filled_table(&folder);
    IMAPITable *other = contents(folder, 0);
    BOOKMARK mark;
    LPBYTE kept = NULL;
    ULONG size = 0, more;
    LPSPropTagArray columns = NULL;
    categorize(table, 2, 1, 0, orders);
    SBinary boats = key_of(table, 1);
    assert_int_equal(table->lpVtbl->ExpandRow(table, boats.cb, boats.lpb, 0, 0, NULL, &more), S_OK);
    SBinary day5 = key_of(table, 3);
    assert_int_equal(table->lpVtbl->GetCollapseState(table, 0, day5.cb, day5.lpb, &size, &kept), S_OK);
    MAPIFreeBuffer(kept);
    assert_int_equal(table->lpVtbl->GetCollapseState(table, 1, day5.cb, day5.lpb, &size, &kept), MAPI_E_UNKNOWN_FLAGS);
    assert_null(kept);
    assert_int_equal(table->lpVtbl->GetCollapseState(table, 0, day5.cb, day5.lpb, &size, &kept), S_OK);
    /* Another table of the same order. */
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &columns), S_OK);
    assert_int_equal(other->lpVtbl->SetColumns(other, columns, 0), S_OK);
    MAPIFreeBuffer(columns);
    assert_int_equal(other->lpVtbl->SetCollapseState(other, 0, size, kept, &mark), MAPI_E_NO_SUPPORT);
    categorize(other, 2, 1, 1, orders);
    assert_int_equal(other->lpVtbl->SetCollapseState(other, 0, size, kept, &mark), MAPI_E_UNABLE_TO_COMPLETE);
    categorize(other, 2, 1, 0, orders);
    assert_int_equal(other->lpVtbl->SetCollapseState(other, 0, size - 1, kept, &mark), MAPI_E_UNABLE_TO_COMPLETE);
    assert_int_equal(other->lpVtbl->SetCollapseState(other, 0, 3, kept, &mark), MAPI_E_UNABLE_TO_COMPLETE);
    assert_int_equal(other->lpVtbl->SetCollapseState(other, 0, size, kept, &mark), S_OK);
    assert_int_equal(other->lpVtbl->SeekRow(other, mark, 0, NULL), S_OK);
    assert_string_equal(read_on(other, 2), ".5 .9");
    assert_string_equal(whole(other), "+apples(2/2) -boats(3/3) .1 .5 .9 +cups(2/2)");
    MAPIFreeBuffer(kept);
    /* A message that comes makes no difference to what is open. */
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    put_text(message, PR_SUBJECT, "Boats");
    put_time(message, PR_MESSAGE_DELIVERY_TIME, EPOCH + 7 * DAY);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_string_equal(whole(table), "+apples(2/2) -boats(4/4) .1 .5 .7 .9 +cups(2/2)");
    release(other);
    release(table);
    release(folder);
}

static void rows_gone_meanwhile_are_skipped(void **state)
{
    static const SSortOrder orders[] = {{PR_SUBJECT_A, TABLE_SORT_ASCEND},
                                        {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND}};
    (void)state;
    IMAPIFolder *folder;
    IMAPITable *table = filled_table(&folder);
    categorize(table, 2, 1, 1, orders);
    assert_string_equal(read_on(table, 1), "-apples(2/2)");
    ENTRYLIST list = {1, &ids[4]}; /* boats of day 5 */
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
    assert_string_equal(read_on(table, 10), ".2 .6 -boats(3/3) .1 .9 -cups(2/2) .3 .4");
    assert_string_equal(whole(table), "-apples(2/2) .2 .6 -boats(2/2) .1 .9 -cups(2/2) .3 .4");
    release(table);
    release(folder);
}

static HRESULT task(void *context)
{
    static const ULONG columns[] = {PR_SUBJECT_W, PR_INSTANCE_KEY, PR_SENSITIVITY};
    IMAPIFolder *folder = context;
    SizedSSortOrderSet(3, set) = {
        2, 1, 0, {{PR_SUBJECT_A, TABLE_SORT_ASCEND}, {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_CATEG_MAX}}};
    SizedSPropTagArray(3, tags) = {3, {0}};
    SPropValue value = string_value(PR_SUBJECT, "o");
    SRestriction with_o = {.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING | FL_IGNORECASE, PR_SUBJECT_A, &value}};
    IMAPITable *table = NULL;
    LPSRowSet rows = NULL;
    LPSRowSet come = NULL;
    LPBYTE state = NULL;
    BOOKMARK mark;
    ULONG size, more;
    HRESULT hr = folder->lpVtbl->GetContentsTable(folder, 0, &table);
    memcpy(tags.aulPropTag, columns, sizeof columns);
    if (hr == S_OK)
        hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)&tags, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->Restrict(table, &with_o, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->SortTable(table, (LPSSortOrderSet)&set, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->QueryRows(table, 5, 0, &rows);
    if (hr == S_OK) {
        SBinary key = rows->aRow[0].lpProps[1].Value.bin;
        hr = table->lpVtbl->ExpandRow(table, key.cb, key.lpb, 2, 0, &come, &more);
        if (hr == S_OK && (more != 3 || come->cRows != 2))
            hr = MAPI_E_CALL_FAILED;
        if (hr == S_OK)
            hr = table->lpVtbl->GetCollapseState(table, 0, key.cb, key.lpb, &size, &state);
        if (hr == S_OK)
            hr = table->lpVtbl->SetCollapseState(table, 0, size, state, &mark);
        if (hr == S_OK)
            hr = table->lpVtbl->CollapseRow(table, key.cb, key.lpb, 0, &more);
        if (hr == S_OK && more != 3)
            hr = MAPI_E_CALL_FAILED;
    }
    MAPIFreeBuffer(state);
    if (come)
        FreeProws(come);
    if (rows)
        FreeProws(rows);
    if (table)
        table->lpVtbl->Release(table);
    return hr;
}

static void memory_that_runs_out(void **state)
{
    (void)state;
    IMAPIFolder *folder;
    release(filled_table(&folder));
    assert_true(fault_sweep(task, folder) > 10);
    release(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(headings_and_their_rows),
        IN_STORE(categories_within_categories),
        IN_STORE(categories_by_their_newest_message),
        IN_STORE(finding_marking_restricting),
        IN_STORE(what_is_open_can_be_kept),
        IN_STORE(rows_gone_meanwhile_are_skipped),
        IN_STORE(memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
