/* Contents and hierarchy tables: imapitableiunknown.md, contents-tables.md, hierarchy-tables.md. */
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

#define DAY   INT64_C(864000000000)
#define EPOCH INT64_C(132000000000000000)

/* Five messages: subject, importance, delivery day (-1: none). */
static const struct {
    const char *subject;
    ULONG importance;
    int day;
} mails[] = {{"delta", 1, 3}, {"Alpha", 2, 1}, {"charlie", 0, 2}, {"bravo", 2, -1}, {"echo", 1, 2}};

static SBinary ids[5];
static unsigned char id_bytes[5][32];

static IMAPIFolder *filled_inbox(void)
{
    IMAPIFolder *folder = inbox();
    for (int i = 0; i < 5; i++) {
        IMessage *message = NULL;
        assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
        put_text(message, PR_SUBJECT, mails[i].subject);
        put_long(message, PR_IMPORTANCE, mails[i].importance);
        put_long(message, PR_SENSITIVITY, mails[i].importance);
        if (mails[i].day >= 0)
            put_time(message, PR_MESSAGE_DELIVERY_TIME, EPOCH + mails[i].day * DAY);
        if (i == 2)
            add_recipient(message, "Lending", "lending@example.org", MAPI_TO);
        if (i == 3)
            attach_bytes(message, "plan.pdf", "x", 1);
        assert_int_equal(save(message, 0), S_OK);
        memcpy(id_bytes[i], entryid(message).lpb, 32);
        ids[i].cb = 32;
        ids[i].lpb = id_bytes[i];
        release(message);
    }
    return folder;
}

static void sort_by(IMAPITable *table, ULONG count, const SSortOrder *orders)
{
    SizedSSortOrderSet(4, set) = {count, 0, 0, {{0, 0}}};
    if (count)
        memcpy(set.aSort, orders, count * sizeof *orders);
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&set, 0), S_OK);
}

static void sort_one(IMAPITable *table, ULONG tag, ULONG order)
{
    SSortOrder one = {tag, order};
    sort_by(table, 1, &one);
}

static SRestriction contains(SPropValue *value, const char *text, ULONG level)
{
    *value = string_value(PR_SUBJECT, text);
    SRestriction restriction = {.rt = RES_CONTENT, .res.resContent = {level, PR_SUBJECT_A, value}};
    return restriction;
}

static void the_columns_are_there(void **state)
{
    static const ULONG required[] = {PR_DISPLAY_CC,        PR_DISPLAY_TO,    PR_ENTRYID,
                                     PR_HASATTACH,         PR_INSTANCE_KEY,  PR_LAST_MODIFICATION_TIME,
                                     PR_MAPPING_SIGNATURE, PR_MESSAGE_CLASS, PR_MESSAGE_FLAGS,
                                     PR_MESSAGE_SIZE,      PR_MSG_STATUS,    PR_OBJECT_TYPE,
                                     PR_PARENT_ENTRYID,    PR_RECORD_KEY,    PR_STORE_ENTRYID,
                                     PR_STORE_RECORD_KEY};
    (void)state;
    IMAPIFolder *folder = filled_inbox();
    IMAPITable *table = contents(folder, 0);
    LPSPropTagArray tags = NULL;
    LPSRowSet rows = NULL;
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &tags), S_OK);
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        ULONG k = 0;
        while (k < tags->cValues && tags->aulPropTag[k] != required[i])
            k++;
        assert_true(k < tags->cValues);
    }
    MAPIFreeBuffer(tags);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    const SRow *row = &rows->aRow[0];
    const SPropValue *value = PpropFindProp(row->lpProps, row->cValues, PR_ENTRYID);
    assert_int_equal(value->Value.bin.cb, 32);
    assert_memory_equal(value->Value.bin.lpb, ids[0].lpb, 32);
    value = PpropFindProp(row->lpProps, row->cValues, PR_PARENT_ENTRYID);
    assert_memory_equal(value->Value.bin.lpb, entryid(folder).lpb, 32);
    FreeProws(rows);

    /* What a row does not have is an error in its place; PR_NULL holds a place; any property can be a column. */
    static const ULONG columns[] = {PR_SUBJECT_W,
                                    PR_NULL,
                                    PR_MESSAGE_DELIVERY_TIME,
                                    PR_SENSITIVITY,
                                    PR_BODY_A,
                                    CHANGE_PROP_TYPE(PR_SUBJECT, PT_LONG),
                                    CHANGE_PROP_TYPE(PR_IMPORTANCE, PT_UNSPECIFIED)};
    set_columns(table, 7, columns);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 3, NULL), S_OK);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    const SPropValue *values = rows->aRow[0].lpProps;
    assert_int_equal(values[0].ulPropTag, PR_SUBJECT_W);
    assert_int_equal(values[0].Value.lpszW[0], 'b');
    assert_int_equal(values[1].ulPropTag, PR_NULL);
    assert_int_equal(values[2].ulPropTag, CHANGE_PROP_TYPE(PR_MESSAGE_DELIVERY_TIME, PT_ERROR));
    assert_int_equal(values[2].Value.err, MAPI_E_NOT_FOUND);
    assert_int_equal(values[3].Value.ul, 2);
    assert_int_equal(values[4].Value.err, MAPI_E_NOT_FOUND);
    assert_int_equal(values[5].Value.err, MAPI_E_NOT_FOUND);
    assert_int_equal(values[6].ulPropTag, PR_IMPORTANCE);
    FreeProws(rows);
    release(table);
    release(folder);
}

static void orders(void **state)
{
    (void)state;
    IMAPIFolder *folder = filled_inbox();
    IMAPITable *table = contents(folder, 0);
    LPSSortOrderSet set = NULL;
    ULONG status, type;
    assert_string_equal(subjects(table), "delta|Alpha|charlie|bravo|echo");
    assert_int_equal(table->lpVtbl->QuerySortOrder(table, &set), S_OK);
    assert_int_equal(set->cSorts, 0);
    MAPIFreeBuffer(set);
    sort_one(table, PR_SUBJECT_A, TABLE_SORT_ASCEND);
    assert_string_equal(subjects(table), "Alpha|bravo|charlie|delta|echo");
    assert_int_equal(table->lpVtbl->GetStatus(table, &status, &type), S_OK);
    assert_int_equal(type, TBLTYPE_KEYSET);
    sort_one(table, PR_SUBJECT_W, TABLE_SORT_DESCEND);
    assert_string_equal(subjects(table), "echo|delta|charlie|bravo|Alpha");
    sort_one(table, PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND);
    assert_string_equal(subjects(table), "bravo|Alpha|charlie|echo|delta");
    sort_one(table, PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND);
    assert_string_equal(subjects(table), "delta|echo|charlie|Alpha|bravo");
    SSortOrder two[] = {{PR_IMPORTANCE, TABLE_SORT_DESCEND}, {PR_SUBJECT_A, TABLE_SORT_ASCEND}};
    sort_by(table, 2, two);
    assert_string_equal(subjects(table), "Alpha|bravo|delta|echo|charlie");
    assert_int_equal(table->lpVtbl->QuerySortOrder(table, &set), S_OK);
    assert_int_equal(set->cSorts, 2);
    assert_int_equal(set->aSort[1].ulPropTag, PR_SUBJECT_A);
    MAPIFreeBuffer(set);
    two[0].ulPropTag = PR_SENSITIVITY; /* no column of its own */
    sort_by(table, 2, two);
    assert_string_equal(subjects(table), "Alpha|bravo|delta|echo|charlie");
    sort_one(table, PR_INSTANCE_KEY, TABLE_SORT_DESCEND);
    assert_string_equal(subjects(table), "echo|bravo|charlie|Alpha|delta");
    sort_one(table, PR_STORE_ENTRYID, TABLE_SORT_DESCEND);
    assert_string_equal(subjects(table), "delta|Alpha|charlie|bravo|echo");
    sort_by(table, 0, two);
    assert_string_equal(subjects(table), "delta|Alpha|charlie|bravo|echo");
    SizedSSortOrderSet(1, bad) = {1, 2, 0, {{PR_SUBJECT_A, TABLE_SORT_ASCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&bad, 0), MAPI_E_INVALID_PARAMETER);
    bad.cCategories = 0;
    bad.aSort[0].ulOrder = TABLE_SORT_COMBINE;
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&bad, 0), MAPI_E_TOO_COMPLEX);
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&bad, 0x100), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(table->lpVtbl->SortTable(table, NULL, 0), MAPI_E_INVALID_PARAMETER);
    release(table);
    release(folder);
}

static void positions(IMAPITable *table, const char *const *expected)
{
    ULONG count, row, numerator, denominator;
    LONG sought;
    LPSRowSet rows;
    static const ULONG column = PR_SUBJECT_A;
    set_columns(table, 1, &column);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    assert_int_equal(count, 5);
    for (LONG at = 0; at < 5; at++) {
        assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, at, &sought), S_OK);
        assert_int_equal(sought, at);
        assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
        assert_int_equal(row, at);
        assert_int_equal(numerator, at);
        assert_int_equal(denominator, 5);
        assert_int_equal(table->lpVtbl->QueryRows(table, 1, TBL_NOADVANCE, &rows), S_OK);
        assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, expected[at]);
        FreeProws(rows);
        assert_int_equal(table->lpVtbl->QueryRows(table, 2, 0, &rows), S_OK);
        assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, expected[at]);
        assert_int_equal(rows->cRows, at < 4 ? 2 : 1);
        FreeProws(rows);
        assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_END, at - 5, &sought), S_OK);
        assert_int_equal(sought, at - 5);
        assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
        assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, expected[at]);
        FreeProws(rows);
    }
    /* Ends stop the cursor. */
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 99, &sought), S_OK);
    assert_int_equal(sought, 5);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    assert_int_equal(rows->cRows, 0);
    FreeProws(rows);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_CURRENT, -99, &sought), S_OK);
    assert_int_equal(sought, -5);
    /* Backwards: step back, then read forward, and be where one was. */
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 4, NULL), S_OK);
    assert_int_equal(table->lpVtbl->QueryRows(table, -3, 0, &rows), S_OK);
    assert_int_equal(rows->cRows, 3);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, expected[1]);
    assert_string_equal(rows->aRow[2].lpProps[0].Value.lpszA, expected[3]);
    FreeProws(rows);
    assert_int_equal(table->lpVtbl->QueryRows(table, -9, TBL_NOADVANCE, &rows), S_OK);
    assert_int_equal(rows->cRows, 4);
    FreeProws(rows);
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, 4);
    /* Fractions. */
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 3, 5), S_OK);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, expected[3]);
    FreeProws(rows);
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 7, 7), S_OK);
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, 5);
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 0, 7), S_OK);
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, 0);
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 0, 0), MAPI_E_INVALID_PARAMETER);
    /* Bookmarks. */
    BOOKMARK mark = 0;
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 2, NULL), S_OK);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &mark), S_OK);
    assert_true(mark > BOOKMARK_END);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_END, 0, NULL), S_OK);
    assert_int_equal(table->lpVtbl->SeekRow(table, mark, 1, &sought), S_OK);
    assert_int_equal(sought, 1);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, expected[3]);
    FreeProws(rows);
    assert_int_equal(table->lpVtbl->FreeBookmark(table, mark), S_OK);
    assert_int_equal(table->lpVtbl->FreeBookmark(table, mark), MAPI_E_INVALID_BOOKMARK);
    assert_int_equal(table->lpVtbl->SeekRow(table, mark, 0, NULL), MAPI_E_INVALID_BOOKMARK);
    assert_int_equal(table->lpVtbl->FreeBookmark(table, BOOKMARK_END), S_OK);
    /* Finding. */
    SPropValue value;
    for (int at = 0; at < 5; at++) {
        SRestriction restriction = contains(&value, expected[at], FL_FULLSTRING | FL_IGNORECASE);
        assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_BEGINNING, 0), S_OK);
        assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
        assert_int_equal(row, at);
        assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_CURRENT, 0),
                         S_OK); /* from the row itself on */
        assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_CURRENT, DIR_BACKWARD), MAPI_E_NOT_FOUND);
        assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_END, DIR_BACKWARD), S_OK);
        assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
        assert_int_equal(row, at);
    }
    SRestriction nothing = contains(&value, "zulu", FL_SUBSTRING);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 2, NULL), S_OK);
    assert_int_equal(table->lpVtbl->FindRow(table, &nothing, BOOKMARK_BEGINNING, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, 2); /* where it was */
    assert_int_equal(table->lpVtbl->FindRow(table, NULL, BOOKMARK_BEGINNING, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->FindRow(table, &nothing, BOOKMARK_BEGINNING, 4), MAPI_E_UNKNOWN_FLAGS);
}

static void moving_about_in_every_order(void **state)
{
    static const char *const by_id[] = {"delta", "Alpha", "charlie", "bravo", "echo"};
    static const char *const by_subject[] = {"Alpha", "bravo", "charlie", "delta", "echo"};
    static const char *const by_date[] = {"bravo", "Alpha", "charlie", "echo", "delta"};
    static const char *const by_date_down[] = {"delta", "echo", "charlie", "Alpha", "bravo"};
    (void)state;
    IMAPIFolder *folder = filled_inbox();
    IMAPITable *table = contents(folder, 0);
    SRestriction all = {.rt = RES_EXIST, .res.resExist = {0, PR_SUBJECT_A, 0}};
    for (int restricted = 0; restricted < 2; restricted++) {
        assert_int_equal(table->lpVtbl->Restrict(table, restricted ? &all : NULL, 0), S_OK);
        sort_by(table, 0, NULL);
        positions(table, by_id);
        sort_one(table, PR_SUBJECT_A, TABLE_SORT_ASCEND);
        positions(table, by_subject);
        sort_one(table, PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND);
        positions(table, by_date);
        sort_one(table, PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND);
        positions(table, by_date_down);
    }
    release(table);
    release(folder);
}

static void restrictions(void **state)
{
    (void)state;
    IMAPIFolder *folder = filled_inbox();
    IMAPITable *table = contents(folder, 0);
    SPropValue value;
    ULONG count;
    SRestriction one = contains(&value, "ALPHA", FL_FULLSTRING | FL_IGNORECASE);
    assert_int_equal(table->lpVtbl->Restrict(table, &one, 0), S_OK);
    assert_string_equal(subjects(table), "Alpha");
    one = contains(&value, "a", FL_SUBSTRING | FL_IGNORECASE);
    assert_int_equal(table->lpVtbl->Restrict(table, &one, 0), S_OK);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    assert_int_equal(count, 4);
    assert_string_equal(subjects(table), "delta|Alpha|charlie|bravo");
    sort_one(table, PR_SUBJECT_A, TABLE_SORT_ASCEND);
    assert_string_equal(subjects(table), "Alpha|bravo|charlie|delta");
    sort_by(table, 0, NULL);

    value = number_value(PR_SENSITIVITY, 2);
    SRestriction property = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_SENSITIVITY, &value}};
    assert_int_equal(table->lpVtbl->Restrict(table, &property, 0), S_OK);
    assert_string_equal(subjects(table), "Alpha|bravo");
    SRestriction exists = {.rt = RES_EXIST, .res.resExist = {0, PR_MESSAGE_DELIVERY_TIME, 0}};
    SRestriction not = {.rt = RES_NOT, .res.resNot = {0, &exists}};
    assert_int_equal(table->lpVtbl->Restrict(table, &not, 0), S_OK);
    assert_string_equal(subjects(table), "bravo");
    SRestriction attached = {.rt = RES_BITMASK, .res.resBitMask = {BMR_NEZ, PR_MESSAGE_FLAGS, MSGFLAG_HASATTACH}};
    assert_int_equal(table->lpVtbl->Restrict(table, &attached, 0), S_OK);
    assert_string_equal(subjects(table), "bravo");

    SPropValue lending = string_value(PR_DISPLAY_NAME, "lending");
    SRestriction named = {.rt = RES_CONTENT,
                          .res.resContent = {FL_PREFIX | FL_IGNORECASE, PR_DISPLAY_NAME_A, &lending}};
    SRestriction recipient = {.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_RECIPIENTS, &named}};
    assert_int_equal(table->lpVtbl->Restrict(table, &recipient, 0), S_OK);
    assert_string_equal(subjects(table), "charlie");
    SPropValue pdf = string_value(PR_ATTACH_LONG_FILENAME, ".pdf");
    SRestriction file = {.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING, PR_ATTACH_LONG_FILENAME_A, &pdf}};
    SRestriction attachment = {.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_ATTACHMENTS, &file}};
    assert_int_equal(table->lpVtbl->Restrict(table, &attachment, 0), S_OK);
    assert_string_equal(subjects(table), "bravo");

    SPropValue key = {PR_ENTRYID, 0, {.bin = ids[4]}};
    SRestriction identity = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_ENTRYID, &key}};
    assert_int_equal(table->lpVtbl->Restrict(table, &identity, 0), S_OK);
    assert_string_equal(subjects(table), "echo");
    assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0), S_OK);
    SPropValue instance = {PR_INSTANCE_KEY, 0, {.bin = {8, ids[3].lpb + 24}}};
    SRestriction by_key = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_INSTANCE_KEY, &instance}};
    assert_int_equal(table->lpVtbl->FindRow(table, &by_key, BOOKMARK_BEGINNING, 0), S_OK);
    LPSRowSet rows = NULL;
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, "bravo");
    FreeProws(rows);

    SRestriction bad = {.rt = 99};
    assert_int_equal(table->lpVtbl->Restrict(table, &bad, 0), MAPI_E_TOO_COMPLEX);
    property.res.resProperty.relop = RELOP_RE;
    assert_int_equal(table->lpVtbl->Restrict(table, &property, 0), MAPI_E_TOO_COMPLEX);
    assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0x100), MAPI_E_UNKNOWN_FLAGS);
    release(table);
    release(folder);
}

static void a_long_body_is_searched_to_its_end(void **state)
{
    enum { SIZE = 200000 };
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "long");
    char *body = malloc(SIZE);
    memset(body, 'n', SIZE);
    memcpy(body + SIZE - 7, "needle", 7);
    write_stream(message, PR_BODY_A, body, SIZE);
    free(body);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    add_message(folder, "short");
    IMAPITable *table = contents(folder, 0);
    SPropValue value = string_value(PR_BODY, "needle");
    SRestriction restriction = {.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING, PR_BODY_A, &value}};
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_string_equal(subjects(table), "long");
    release(table);
    release(folder);
}

static void the_body_of_a_loop_may_move_and_delete(void **state)
{
    enum { COUNT = 150 };
    (void)state;
    IMAPIFolder *folder = inbox();
    IMAPIFolder *target = child(folder, "target");
    char seen[COUNT] = {0};
    char subject[16];
    for (int order = 0; order < 3; order++) {
        for (int i = 0; i < COUNT; i++) {
            snprintf(subject, sizeof subject, "%03d", i);
            IMessage *message = NULL;
            assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
            put_text(message, PR_SUBJECT, subject);
            put_time(message, PR_MESSAGE_DELIVERY_TIME, EPOCH + i % 7 * DAY);
            assert_int_equal(save(message, 0), S_OK);
            release(message);
        }
        IMAPITable *table = contents(folder, 0);
        static const ULONG columns[] = {PR_SUBJECT_A, PR_ENTRYID};
        set_columns(table, 2, columns);
        if (order > 0)
            sort_one(table, order == 1 ? PR_MESSAGE_DELIVERY_TIME : PR_SUBJECT_A, TABLE_SORT_DESCEND);
        memset(seen, 0, sizeof seen);
        for (int n = 0;; n++) {
            LPSRowSet rows = NULL;
            assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
            if (rows->cRows == 0) {
                FreeProws(rows);
                assert_int_equal(n, COUNT);
                break;
            }
            int number = atoi(rows->aRow[0].lpProps[0].Value.lpszA);
            assert_int_equal(seen[number]++, 0);
            ENTRYLIST list = {1, &rows->aRow[0].lpProps[1].Value.bin};
            if (number % 2)
                assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, target, 0, NULL, MESSAGE_MOVE),
                                 S_OK);
            else
                assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
            FreeProws(rows);
        }
        assert_int_equal(long_of(folder, PR_CONTENT_COUNT), 0);
        release(table);
    }
    assert_int_equal(long_of(target, PR_CONTENT_COUNT), 3 * (COUNT / 2));
    release(target);
    release(folder);
    expect_integrity();
}

static void rows_gone_meanwhile_are_skipped(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        IMAPIFolder *folder = filled_inbox();
        IMAPITable *table = contents(folder, 0);
        static const ULONG column = PR_SUBJECT_A;
        LPSRowSet rows = NULL;
        set_columns(table, 1, &column);
        if (order == 1)
            sort_one(table, PR_SUBJECT_A, TABLE_SORT_ASCEND);
        assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows),
                         S_OK); /* the others have been read ahead by now */
        FreeProws(rows);
        ENTRYLIST list = {1, &ids[2]};
        assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
        assert_string_equal(subjects(table), order == 0 ? "Alpha|bravo|echo" : "bravo|delta|echo");
        assert_int_equal(folder->lpVtbl->EmptyFolder(folder, 0, NULL, 0), S_OK);
        release(table);
        release(folder);
    }
}

static void a_row_comes_at_most_once_also_when_its_date_changes(void **state)
{
    (void)state;
    IMAPIFolder *folder = filled_inbox();
    IMAPITable *table = contents(folder, 0);
    static const ULONG column = PR_SUBJECT_A;
    LPSRowSet rows = NULL;
    set_columns(table, 1, &column);
    sort_one(table, PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND); /* bravo Alpha charlie echo delta */
    assert_int_equal(table->lpVtbl->QueryRows(table, 2, 0, &rows), S_OK);
    FreeProws(rows);
    IMessage *message = open_message(ids[1], MAPI_MODIFY); /* Alpha, which has been delivered, moves to the end */
    put_time(message, PR_MESSAGE_DELIVERY_TIME, EPOCH + 9 * DAY);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    message = open_message(ids[0], MAPI_MODIFY); /* delta, which has not, moves as well */
    put_time(message, PR_MESSAGE_DELIVERY_TIME, EPOCH + 8 * DAY);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_string_equal(subjects(table), "charlie|echo|delta");
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 0, NULL), S_OK);
    assert_string_equal(subjects(table), "bravo|charlie|echo|delta|Alpha");
    release(table);
    release(folder);
}

static void a_bookmark_whose_row_is_gone(void **state)
{
    (void)state;
    IMAPIFolder *folder = filled_inbox();
    IMAPITable *table = contents(folder, 0);
    BOOKMARK mark = 0;
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 2, NULL), S_OK);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &mark), S_OK);
    ENTRYLIST list = {1, &ids[2]};
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
    assert_int_equal(table->lpVtbl->SeekRow(table, mark, 0, NULL), MAPI_W_POSITION_CHANGED);
    assert_string_equal(subjects(table), "bravo|echo");
    release(table);
    release(folder);
}

static void associated_messages_are_apart(void **state)
{
    (void)state;
    IMAPIFolder *folder = filled_inbox();
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, MAPI_ASSOCIATED, &message), S_OK);
    put_text(message, PR_SUBJECT, "hidden");
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(long_of(message, PR_MESSAGE_FLAGS) & MSGFLAG_ASSOCIATED, MSGFLAG_ASSOCIATED);
    release(message);
    assert_int_equal(long_of(folder, PR_CONTENT_COUNT), 5);
    assert_int_equal(long_of(folder, PR_ASSOC_CONTENT_COUNT), 1);
    IMAPITable *table = contents(folder, MAPI_ASSOCIATED);
    assert_string_equal(subjects(table), "hidden");
    release(table);
    assert_int_equal(
        folder->lpVtbl->OpenProperty(folder, PR_FOLDER_ASSOCIATED_CONTENTS, &IID_IMAPITable, 0, 0, (LPUNKNOWN *)&table),
        S_OK);
    assert_int_equal(count_rows(table), 1);
    assert_int_equal(
        folder->lpVtbl->OpenProperty(folder, PR_CONTAINER_CONTENTS, &IID_IMAPITable, 0, 0, (LPUNKNOWN *)&table), S_OK);
    assert_int_equal(count_rows(table), 5);
    release(folder);
    expect_integrity();
}

static void the_rest_of_the_methods(void **state)
{
    (void)state;
    IMAPIFolder *folder = filled_inbox();
    IMAPITable *table = contents(folder, 0);
    LPSRowSet rows = (LPSRowSet)(uintptr_t)1;
    LPMAPIERROR error = NULL;
    ULONG status = 9, more;
    ULONG_PTR connection = 9;
    BOOKMARK mark;
    LPBYTE bytes = NULL;
    SizedSPropTagArray(1, none) = {0, {0}};
    assert_int_equal(table->lpVtbl->QueryRows(table, 0, 0, &rows), MAPI_E_INVALID_PARAMETER);
    assert_null(rows);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0x100, &rows), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->SetColumns(table, (LPSPropTagArray)&none, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->SetColumns(table, NULL, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 1, &status), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(table->lpVtbl->Advise(table, fnevTableModified, NULL, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->Unadvise(table, 1), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->Abort(table), S_OK);
    assert_int_equal(table->lpVtbl->WaitForCompletion(table, 0, 0xFFFFFFFF, &status), S_OK);
    assert_int_equal(status, TBLSTAT_COMPLETE);
    assert_int_equal(table->lpVtbl->ExpandRow(table, 32, id_bytes[0], 0, 0, &rows, &more), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->CollapseRow(table, 32, id_bytes[0], 0, &more), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->ExpandRow(table, 0, NULL, 0, 0, &rows, &more), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->GetCollapseState(table, 0, 0, NULL, &more, &bytes), MAPI_E_NO_SUPPORT);
    assert_int_equal(table->lpVtbl->SetCollapseState(table, 0, 0, NULL, &mark), MAPI_E_NO_SUPPORT);
    assert_int_equal(table->lpVtbl->GetLastError(table, MAPI_E_INVALID_BOOKMARK, 0, &error), S_OK);
    MAPIFreeBuffer(error);
    assert_int_equal(table->lpVtbl->SeekRow(table, 77, 0, NULL), MAPI_E_INVALID_BOOKMARK);
    assert_int_equal(table->lpVtbl->GetLastError(table, MAPI_E_INVALID_BOOKMARK, MAPI_UNICODE, &error), S_OK);
    assert_non_null(error);
    MAPIFreeBuffer(error);
    assert_int_equal(table->lpVtbl->GetLastError(table, S_OK, 1, &error), MAPI_E_UNKNOWN_FLAGS);
    release(table);
    release(folder);
}

static const char *names(IMAPITable *table, ULONG *depths)
{
    static char text[1024];
    static const ULONG columns[] = {PR_DISPLAY_NAME_A, PR_DEPTH};
    text[0] = 0;
    LPSRowSet rows = all_rows(table, 2, columns);
    for (ULONG i = 0; i < rows->cRows; i++) {
        strcat(text, i ? "|" : "");
        strcat(text, rows->aRow[i].lpProps[0].Value.lpszA);
        if (depths)
            depths[i] = rows->aRow[i].lpProps[1].Value.ul;
    }
    FreeProws(rows);
    return text;
}

static void the_hierarchy(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root();
    IMAPIFolder *one = child(top, "One");
    IMAPIFolder *two = child(one, "Two");
    IMAPIFolder *three = child(two, "Three");
    IMAPIFolder *zwei = child(one, "Zwei");
    IMAPITable *table = NULL;
    ULONG depths[32];
    assert_int_equal(top->lpVtbl->GetHierarchyTable(top, 0, &table), S_OK);
    assert_string_equal(names(table, NULL), "Deleted Items|Drafts|Inbox|One|Outbox|Sent Items");
    assert_int_equal(one->lpVtbl->GetHierarchyTable(one, CONVENIENT_DEPTH, &table), S_OK);
    assert_string_equal(names(table, depths), "Two|Three|Zwei");
    assert_int_equal(depths[0], 0);
    assert_int_equal(depths[1], 1);
    assert_int_equal(depths[2], 0);
    assert_int_equal(one->lpVtbl->GetHierarchyTable(one, 0x100, &table), MAPI_E_UNKNOWN_FLAGS);
    static const ULONG columns[] = {PR_COMMENT_A,   PR_DEPTH,        PR_DISPLAY_NAME_W, PR_DISPLAY_TYPE,
                                    PR_ENTRYID,     PR_INSTANCE_KEY, PR_OBJECT_TYPE,    PR_STATUS,
                                    PR_FOLDER_TYPE, PR_SUBFOLDERS,   PR_CONTENT_COUNT,  PR_CONTENT_UNREAD};
    assert_int_equal(one->lpVtbl->GetHierarchyTable(one, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 12, columns);
    assert_int_equal(rows->cRows, 2);
    for (ULONG i = 1; i < 12; i++)
        assert_int_equal(rows->aRow[0].lpProps[i].ulPropTag, columns[i]);
    assert_int_equal(rows->aRow[0].lpProps[9].Value.b, 1);
    assert_int_equal(rows->aRow[1].lpProps[9].Value.b, 0);
    FreeProws(rows);
    release(zwei);
    release(three);
    release(two);
    release(one);
    release(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(the_columns_are_there),
        IN_STORE(orders),
        IN_STORE(moving_about_in_every_order),
        IN_STORE(restrictions),
        IN_STORE(a_long_body_is_searched_to_its_end),
        IN_STORE(the_body_of_a_loop_may_move_and_delete),
        IN_STORE(rows_gone_meanwhile_are_skipped),
        IN_STORE(a_row_comes_at_most_once_also_when_its_date_changes),
        IN_STORE(a_bookmark_whose_row_is_gone),
        IN_STORE(associated_messages_are_apart),
        IN_STORE(the_rest_of_the_methods),
        IN_STORE(the_hierarchy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
