/* base/memtable.h: every slot of IMAPITable over rows in memory; HrQueryAllRows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "base/buffer.h"
#include "base/memtable.h"
#include "base/object.h"
#include "support/fault.h"

#define NAME PROP_TAG(PT_UNICODE, 0x6801)
#define SIZE PROP_TAG(PT_LONG, 0x6802)
#define NOTE PROP_TAG(PT_STRING8, 0x6803)
#define LIST PROP_TAG(PT_MV_LONG, 0x6804)

static SizedSPropTagArray(2, name_and_size) = {2, {NAME, SIZE}};

struct row {
    const WCHAR *name;
    LONG size; /* 0: absent */
};

static const struct row rows[] = {{u"delta", 4}, {u"Alpha", 1}, {u"charlie", 0}, {u"bravo", 4}, {u"alpha", 2}};
enum { ROWS = sizeof rows / sizeof rows[0] };

static HRESULT append_row(struct memtable *table, const struct row *row)
{
    SPropValue values[3];
    ULONG count = 0;
    memset(values, 0, sizeof values);
    values[count].ulPropTag = NAME;
    values[count++].Value.lpszW = (WCHAR *)(uintptr_t)row->name;
    values[count].ulPropTag = row->size != 0 ? SIZE : CHANGE_PROP_TYPE(SIZE, PT_ERROR);
    values[count++].Value.l = row->size;
    values[count].ulPropTag = NOTE;
    values[count++].Value.lpszA = (char *)(uintptr_t) "h\xC3\xA9";
    return memtable_append(table, count, values);
}

static HRESULT build(struct lifeline *life, IMAPITable **out)
{
    struct memtable *table;
    HRESULT hr = memtable_create(life, (LPSPropTagArray)&name_and_size, &table);
    if (hr != S_OK) {
        assert_null(table);
        return hr;
    }
    for (int i = 0; hr == S_OK && i < ROWS; i++)
        hr = append_row(table, &rows[i]);
    if (hr != S_OK) {
        memtable_release(table);
        return hr;
    }
    *out = memtable_as_table(table);
    return S_OK;
}

static IMAPITable *make(void)
{
    IMAPITable *table;
    assert_int_equal(build(NULL, &table), S_OK);
    return table;
}

static void drop(IMAPITable *table)
{
    assert_int_equal(table->lpVtbl->Release(table), 0);
}

/* The first letters of the names of so many rows from the cursor. */
static const char *letters(IMAPITable *table, LONG count, ULONG flags)
{
    static char text[16];
    SRowSet *set;
    assert_int_equal(table->lpVtbl->QueryRows(table, count, flags, &set), S_OK);
    assert_true(set->cRows < sizeof text);
    for (ULONG i = 0; i < set->cRows; i++)
        text[i] = (char)set->aRow[i].lpProps[0].Value.lpszW[0];
    text[set->cRows] = '\0';
    FreeProws(set);
    return text;
}

static ULONG position(IMAPITable *table)
{
    ULONG row;
    ULONG numerator;
    ULONG denominator;
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, numerator);
    assert_true(denominator > 0);
    return row;
}

static void rows_are_read_in_both_directions(void **state)
{
    (void)state;
    IMAPITable *table = make();
    assert_string_equal(letters(table, 2, 0), "dA");
    assert_string_equal(letters(table, 2, TBL_NOADVANCE), "cb");
    assert_int_equal(position(table), 2);
    assert_string_equal(letters(table, 100, 0), "cba");
    assert_string_equal(letters(table, 1, 0), "");
    assert_string_equal(letters(table, -2, TBL_NOADVANCE), "ba");
    assert_int_equal(position(table), 3);
    assert_string_equal(letters(table, -2, 0), "Ac");
    assert_int_equal(position(table), 3);
    assert_string_equal(letters(table, INT32_MIN, TBL_NOADVANCE), "dAc");
    assert_string_equal(letters(table, -1, 0), "");
    SRowSet *set;
    assert_int_equal(table->lpVtbl->QueryRows(table, 0, 0, &set), MAPI_E_INVALID_PARAMETER);
    assert_null(set);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 8, &set), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, NULL), MAPI_E_INVALID_PARAMETER);
    drop(table);
}

static void columns_are_as_asked_for(void **state)
{
    (void)state;
    IMAPITable *table = make();
    SizedSPropTagArray(8, tags) = {8,
                                   {CHANGE_PROP_TYPE(NAME, PT_STRING8), PR_NULL, CHANGE_PROP_TYPE(SIZE, PT_UNSPECIFIED),
                                    CHANGE_PROP_TYPE(SIZE, PT_I8), CHANGE_PROP_TYPE(NOTE, PT_UNICODE), NOTE,
                                    PR_INSTANCE_KEY, LIST}};
    assert_int_equal(table->lpVtbl->SetColumns(table, (LPSPropTagArray)&tags, TBL_BATCH), S_OK);
    SRowSet *set;
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &set), S_OK);
    const SPropValue *row = set->aRow[0].lpProps;
    assert_int_equal(set->aRow[0].cValues, 8);
    assert_int_equal(row[0].ulPropTag, CHANGE_PROP_TYPE(NAME, PT_STRING8));
    assert_string_equal(row[0].Value.lpszA, "delta");
    assert_int_equal(row[1].ulPropTag, PR_NULL);
    assert_int_equal(row[2].ulPropTag, SIZE);
    assert_int_equal(row[2].Value.l, 4);
    assert_int_equal(row[3].ulPropTag, CHANGE_PROP_TYPE(SIZE, PT_ERROR));
    assert_int_equal(row[3].Value.err, MAPI_E_NOT_FOUND);
    assert_int_equal(row[4].ulPropTag, CHANGE_PROP_TYPE(NOTE, PT_UNICODE));
    assert_memory_equal(row[4].Value.lpszW, u"h\u00E9", 6);
    assert_string_equal(row[5].Value.lpszA, "h\xC3\xA9");
    assert_int_equal(row[6].ulPropTag, PR_INSTANCE_KEY);
    assert_int_equal(row[7].Value.err, MAPI_E_NOT_FOUND);
    FreeProws(set);
    SPropTagArray *asked;
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &asked), S_OK);
    assert_memory_equal(asked, &tags, sizeof tags);
    MAPIFreeBuffer(asked);
    assert_int_equal(table->lpVtbl->QueryColumns(table, TBL_ALL_COLUMNS, &asked), S_OK);
    assert_int_equal(asked->cValues, 4);
    assert_int_equal(asked->aulPropTag[2], PR_INSTANCE_KEY);
    assert_int_equal(asked->aulPropTag[3], NOTE);
    MAPIFreeBuffer(asked);
    tags.cValues = 0;
    assert_int_equal(table->lpVtbl->SetColumns(table, (LPSPropTagArray)&tags, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->SetColumns(table, NULL, 0), MAPI_E_INVALID_PARAMETER);
    tags.cValues = 1;
    assert_int_equal(table->lpVtbl->SetColumns(table, (LPSPropTagArray)&tags, 4), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(table->lpVtbl->QueryColumns(table, 2, &asked), MAPI_E_UNKNOWN_FLAGS);
    assert_null(asked);
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, NULL), MAPI_E_INVALID_PARAMETER);
    drop(table);
}

static void the_cursor_goes_where_it_is_sent(void **state)
{
    (void)state;
    IMAPITable *table = make();
    LONG sought;
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 3, &sought), S_OK);
    assert_int_equal(sought, 3);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_CURRENT, -9, &sought), S_OK);
    assert_int_equal(sought, -3);
    assert_int_equal(position(table), 0);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_END, -1, NULL), S_OK);
    assert_int_equal(position(table), 4);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_CURRENT, INT32_MAX, &sought), S_OK);
    assert_int_equal(sought, 1);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_CURRENT, INT32_MIN, &sought), S_OK);
    assert_int_equal(sought, -5);
    assert_int_equal(table->lpVtbl->SeekRow(table, 77, 0, &sought), MAPI_E_INVALID_BOOKMARK);
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 1, 2), S_OK);
    assert_int_equal(position(table), 2);
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 7, 7), S_OK);
    assert_int_equal(position(table), ROWS);
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 0, 7), S_OK);
    assert_int_equal(position(table), 0);
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 0, 0), MAPI_E_INVALID_PARAMETER);
    ULONG count;
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    assert_int_equal(count, ROWS);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 1, &count), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->QueryPosition(table, &count, &count, NULL), MAPI_E_INVALID_PARAMETER);
    drop(table);
}

static void bookmarks_hold_until_the_view_changes(void **state)
{
    (void)state;
    IMAPITable *table = make();
    BOOKMARK first;
    BOOKMARK second;
    table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 2, NULL);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &first), S_OK);
    table->lpVtbl->SeekRow(table, BOOKMARK_END, 0, NULL);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &second), S_OK);
    assert_int_not_equal(first, second);
    assert_int_equal(table->lpVtbl->SeekRow(table, first, 1, NULL), S_OK);
    assert_int_equal(position(table), 3);
    assert_int_equal(table->lpVtbl->FreeBookmark(table, first), S_OK);
    assert_int_equal(table->lpVtbl->FreeBookmark(table, first), MAPI_E_INVALID_BOOKMARK);
    assert_int_equal(table->lpVtbl->SeekRow(table, second, 0, NULL), S_OK);
    assert_int_equal(table->lpVtbl->FreeBookmark(table, BOOKMARK_BEGINNING), S_OK);
    assert_int_equal(table->lpVtbl->FreeBookmark(table, BOOKMARK_END), S_OK);
    assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0), S_OK);
    assert_int_equal(position(table), 0);
    assert_int_equal(table->lpVtbl->SeekRow(table, second, 0, NULL), MAPI_E_INVALID_BOOKMARK);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &first), S_OK);
    assert_int_not_equal(first, second); /* a discarded one does not come back to life */
    HRESULT hr = S_OK;
    for (int i = 0; hr == S_OK && i < 5000; i++)
        hr = table->lpVtbl->CreateBookmark(table, &first);
    assert_int_equal(hr, MAPI_E_UNABLE_TO_COMPLETE);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, NULL), MAPI_E_INVALID_PARAMETER);
    drop(table);
}

static void sorting_is_stable_and_takes_many_keys(void **state)
{
    (void)state;
    IMAPITable *table = make();
    SizedSSortOrderSet(2, order) = {1, 0, 0, {{NAME, TABLE_SORT_ASCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), S_OK);
    assert_string_equal(letters(table, 9, 0), "Aabcd"); /* Alpha was there before alpha */
    order.aSort[0].ulOrder = TABLE_SORT_DESCEND;
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, TBL_BATCH), S_OK);
    assert_int_equal(position(table), 0);
    assert_string_equal(letters(table, 9, 0), "dcbAa");
    order = (__typeof__(order)){2, 0, 0, {{SIZE, TABLE_SORT_ASCEND}, {NAME, TABLE_SORT_ASCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), S_OK);
    assert_string_equal(letters(table, 9, 0), "cAabd"); /* without a size first */
    SSortOrderSet *asked;
    assert_int_equal(table->lpVtbl->QuerySortOrder(table, &asked), S_OK);
    assert_int_equal(asked->cSorts, 2);
    assert_int_equal(asked->aSort[1].ulPropTag, NAME);
    MAPIFreeBuffer(asked);
    order.cSorts = 0;
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), S_OK);
    assert_string_equal(letters(table, 9, 0), "dAcba");
    assert_int_equal(table->lpVtbl->QuerySortOrder(table, &asked), S_OK);
    assert_int_equal(asked->cSorts, 0);
    MAPIFreeBuffer(asked);
    drop(table);
}

static void orders_that_are_too_much_change_nothing(void **state)
{
    (void)state;
    IMAPITable *table = make();
    SizedSSortOrderSet(2, order) = {2, 0, 0, {{SIZE, TABLE_SORT_DESCEND}, {NAME, TABLE_SORT_ASCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), S_OK);
    order.cCategories = 1;
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), MAPI_E_TOO_COMPLEX);
    order.cCategories = 3;
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), MAPI_E_INVALID_PARAMETER);
    order.cCategories = 0;
    order.aSort[0].ulOrder = TABLE_SORT_COMBINE;
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), MAPI_E_TOO_COMPLEX);
    order.aSort[0] = (SSortOrder){PROP_TAG(PT_OBJECT, 1), TABLE_SORT_ASCEND};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), MAPI_E_TOO_COMPLEX);
    order.aSort[0].ulPropTag = MVI_PROP(SIZE);
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), MAPI_E_TOO_COMPLEX);
    assert_int_equal(table->lpVtbl->SortTable(table, NULL, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 8), MAPI_E_UNKNOWN_FLAGS);
    assert_string_equal(letters(table, 9, 0), "bdaAc");
    drop(table);
}

static SRestriction size_is(SPropValue *value, ULONG relop, LONG size)
{
    *value = (SPropValue){.ulPropTag = SIZE, .Value.l = size};
    SRestriction res = {.rt = RES_PROPERTY};
    res.res.resProperty = (SPropertyRestriction){relop, SIZE, value};
    return res;
}

static void restrictions_and_orders_combine(void **state)
{
    (void)state;
    IMAPITable *table = make();
    SPropValue value;
    SRestriction res = size_is(&value, RELOP_GE, 2);
    assert_int_equal(table->lpVtbl->Restrict(table, &res, TBL_BATCH), S_OK);
    value.Value.l = 0; /* the table has a copy */
    assert_string_equal(letters(table, 9, 0), "dba");
    SizedSSortOrderSet(1, order) = {1, 0, 0, {{NAME, TABLE_SORT_ASCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0), S_OK);
    assert_string_equal(letters(table, 9, 0), "abd");
    ULONG count;
    table->lpVtbl->GetRowCount(table, 0, &count);
    assert_int_equal(count, 3);
    assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0), S_OK);
    assert_string_equal(letters(table, 9, 0), "Aabcd");
    res.rt = RES_COUNT;
    assert_int_equal(table->lpVtbl->Restrict(table, &res, 0), MAPI_E_TOO_COMPLEX);
    assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0x20), MAPI_E_UNKNOWN_FLAGS);
    drop(table);
}

static void FindRow_searches_both_ways(void **state)
{
    (void)state;
    IMAPITable *table = make();
    SPropValue value;
    SRestriction four = size_is(&value, RELOP_EQ, 4);
    assert_int_equal(table->lpVtbl->FindRow(table, &four, BOOKMARK_BEGINNING, 0), S_OK);
    assert_int_equal(position(table), 0);
    table->lpVtbl->SeekRow(table, BOOKMARK_CURRENT, 1, NULL);
    assert_int_equal(table->lpVtbl->FindRow(table, &four, BOOKMARK_CURRENT, 0), S_OK);
    assert_int_equal(position(table), 3);
    assert_int_equal(table->lpVtbl->FindRow(table, &four, BOOKMARK_CURRENT, DIR_BACKWARD), S_OK);
    assert_int_equal(position(table), 0); /* begins in front of the cursor */
    assert_int_equal(table->lpVtbl->FindRow(table, &four, BOOKMARK_END, DIR_BACKWARD), S_OK);
    assert_int_equal(position(table), 3);
    value.Value.l = 99;
    assert_int_equal(table->lpVtbl->FindRow(table, &four, BOOKMARK_BEGINNING, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(position(table), 3);
    assert_int_equal(table->lpVtbl->FindRow(table, &four, 99, 0), MAPI_E_INVALID_BOOKMARK);
    assert_int_equal(table->lpVtbl->FindRow(table, NULL, BOOKMARK_BEGINNING, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->FindRow(table, &four, BOOKMARK_BEGINNING, 2), MAPI_E_UNKNOWN_FLAGS);
    drop(table);
}

static void FindRow_knows_instance_keys(void **state)
{
    (void)state;
    IMAPITable *table = make();
    SizedSPropTagArray(1, key) = {1, {PR_INSTANCE_KEY}};
    SPropTagArray *columns;
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &columns), S_OK);
    table->lpVtbl->SetColumns(table, (LPSPropTagArray)&key, 0);
    table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 3, NULL);
    SRowSet *set;
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &set), S_OK);
    SRestriction res = {.rt = RES_PROPERTY};
    res.res.resProperty = (SPropertyRestriction){RELOP_EQ, PR_INSTANCE_KEY, set->aRow[0].lpProps};
    assert_int_equal(table->lpVtbl->FindRow(table, &res, BOOKMARK_BEGINNING, 0), S_OK);
    assert_int_equal(position(table), 3);
    FreeProws(set);
    MAPIFreeBuffer(columns);
    drop(table);
}

static void the_rest_answers_as_documented(void **state)
{
    (void)state;
    IMAPITable *table = make();
    ULONG status = 99;
    ULONG type = 99;
    assert_int_equal(table->lpVtbl->GetStatus(table, &status, &type), S_OK);
    assert_int_equal(status, TBLSTAT_COMPLETE);
    assert_int_equal(type, TBLTYPE_SNAPSHOT);
    assert_int_equal(table->lpVtbl->GetStatus(table, &status, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->Abort(table), S_OK);
    assert_int_equal(table->lpVtbl->WaitForCompletion(table, 0, 0xFFFFFFFF, &status), S_OK);
    assert_int_equal(table->lpVtbl->WaitForCompletion(table, 0, 0, NULL), S_OK);
    assert_int_equal(table->lpVtbl->WaitForCompletion(table, 1, 0, NULL), MAPI_E_UNKNOWN_FLAGS);
    ULONG_PTR connection = 1;
    assert_int_equal(table->lpVtbl->Advise(table, 0, NULL, &connection), MAPI_E_NO_SUPPORT);
    assert_int_equal(connection, 0);
    assert_int_equal(table->lpVtbl->Unadvise(table, 1), MAPI_E_NO_SUPPORT);
    SRowSet *set = (SRowSet *)&status;
    BYTE key[1] = {0};
    assert_int_equal(table->lpVtbl->ExpandRow(table, 1, key, 1, 0, &set, &status), MAPI_E_NOT_FOUND);
    assert_null(set);
    assert_int_equal(table->lpVtbl->CollapseRow(table, 1, key, 0, &status), MAPI_E_NOT_FOUND);
    BYTE *collapsed = key;
    assert_int_equal(table->lpVtbl->GetCollapseState(table, 0, 1, key, &status, &collapsed), MAPI_E_NO_SUPPORT);
    assert_null(collapsed);
    BOOKMARK where;
    assert_int_equal(table->lpVtbl->SetCollapseState(table, 0, 1, key, &where), MAPI_E_NO_SUPPORT);
    MAPIERROR *error;
    assert_int_equal(table->lpVtbl->GetLastError(table, MAPI_E_NO_SUPPORT, MAPI_UNICODE, &error), S_OK);
    assert_non_null(error->lpszError);
    MAPIFreeBuffer(error);
    assert_int_equal(table->lpVtbl->GetLastError(table, MAPI_E_NO_SUPPORT, 1, &error), MAPI_E_UNKNOWN_FLAGS);
    assert_null(error);
    void *found;
    assert_int_equal(table->lpVtbl->QueryInterface(table, &IID_IMAPITable, &found), S_OK);
    assert_int_equal(table->lpVtbl->Release(table), 1);
    drop(table);
}

static void L13_an_ended_table_refuses_and_rows_outlive_it(void **state)
{
    (void)state;
    struct lifeline *life = lifeline_create();
    IMAPITable *table;
    assert_int_equal(build(life, &table), S_OK);
    SRowSet *set;
    assert_int_equal(table->lpVtbl->QueryRows(table, 2, 0, &set), S_OK);
    assert_true(lifeline_begin_end(life));
    lifeline_finish_end(life);
    lifeline_unref(life);
    ULONG n;
    LONG l;
    BOOKMARK b;
    ULONG_PTR c;
    BYTE *p;
    SRowSet *more = set;
    SPropTagArray *tags;
    SSortOrderSet *order;
    MAPIERROR *error;
    SRestriction res = {.rt = RES_AND};
    assert_int_equal(table->lpVtbl->GetLastError(table, 0, 0, &error), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->Advise(table, 0, NULL, &c), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->Unadvise(table, 1), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->GetStatus(table, &n, &n), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->SetColumns(table, (LPSPropTagArray)&name_and_size, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &tags), MAPI_E_INVALID_OBJECT);
    assert_null(tags);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &n), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->SeekRow(table, 0, 0, &l), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 0, 1), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->QueryPosition(table, &n, &n, &n), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->FindRow(table, &res, 0, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &b), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->FreeBookmark(table, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->SortTable(table, NULL, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->QuerySortOrder(table, &order), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &more), MAPI_E_INVALID_OBJECT);
    assert_null(more);
    assert_int_equal(table->lpVtbl->Abort(table), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->ExpandRow(table, 0, NULL, 0, 0, &more, &n), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->CollapseRow(table, 0, NULL, 0, &n), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->WaitForCompletion(table, 0, 0, &n), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->GetCollapseState(table, 0, 0, NULL, &n, &p), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->SetCollapseState(table, 0, 0, NULL, &b), MAPI_E_INVALID_OBJECT);
    drop(table);
    assert_memory_equal(set->aRow[0].lpProps[0].Value.lpszW, u"delta", 12);
    FreeProws(set);
}

static void rows_are_freed_one_by_one(void **state)
{
    (void)state;
    ULONG before = buffer_live();
    IMAPITable *table = make();
    assert_int_equal(buffer_live(), before); /* the table's own rows are not the client's buffers */
    SRowSet *set;
    assert_int_equal(table->lpVtbl->QueryRows(table, 9, 0, &set), S_OK);
    assert_int_equal(buffer_live(), before + 1 + ROWS);
    FreeProws(set);
    assert_int_equal(table->lpVtbl->QueryRows(table, 9, 0, &set), S_OK);
    assert_int_equal(set->cRows, 0);
    assert_int_equal(buffer_live(), before + 1);
    MAPIFreeBuffer(set);
    drop(table);
}

static void malformed_rows_are_refused(void **state)
{
    (void)state;
    struct memtable *table;
    assert_int_equal(memtable_create(NULL, NULL, &table), MAPI_E_INVALID_PARAMETER);
    assert_null(table);
    assert_int_equal(memtable_create(NULL, (LPSPropTagArray)&name_and_size, &table), S_OK);
    SPropValue value = {.ulPropTag = NAME};
    assert_int_equal(memtable_append(table, 1, &value), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(memtable_append(table, 1, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(memtable_append(table, 0, NULL), S_OK);
    memtable_release(table);
    memtable_release(NULL);
}

static void HrQueryAllRows_reads_sorts_and_limits(void **state)
{
    (void)state;
    struct memtable *memtable;
    assert_int_equal(memtable_create(NULL, (LPSPropTagArray)&name_and_size, &memtable), S_OK);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(append_row(memtable, &rows[i % ROWS]), S_OK);
    IMAPITable *table = memtable_as_table(memtable);
    SRowSet *set;
    assert_int_equal(HrQueryAllRows(table, NULL, NULL, NULL, 0, &set), S_OK);
    assert_int_equal(set->cRows, 3000);
    assert_int_equal(set->aRow[2].lpProps[1].ulPropTag, PR_NULL); /* undefined there */
    FreeProws(set);
    assert_int_equal(HrQueryAllRows(table, NULL, NULL, NULL, 3000, &set), S_OK);
    FreeProws(set);
    assert_int_equal(HrQueryAllRows(table, NULL, NULL, NULL, 2999, &set), MAPI_E_TABLE_TOO_BIG);
    assert_null(set);
    SPropValue value;
    SRestriction res = size_is(&value, RELOP_EQ, 4);
    SizedSSortOrderSet(1, order) = {1, 0, 0, {{NAME, TABLE_SORT_ASCEND}}};
    SPropTagArray column = {1, {SIZE}};
    assert_int_equal(HrQueryAllRows(table, &column, &res, (LPSSortOrderSet)&order, 0, &set), S_OK);
    assert_int_equal(set->cRows, 1200);
    assert_int_equal(set->aRow[0].lpProps[0].Value.l, 4);
    FreeProws(set);
    value.Value.l = 99;
    assert_int_equal(HrQueryAllRows(table, NULL, &res, NULL, 0, &set), S_OK);
    assert_int_equal(set->cRows, 0);
    FreeProws(set);
    assert_int_equal(HrQueryAllRows(NULL, NULL, NULL, NULL, 0, &set), MAPI_E_INVALID_PARAMETER);
    drop(table);
}

static HRESULT use_table(void *context)
{
    (void)context;
    IMAPITable *table;
    SRowSet *set = NULL;
    SPropValue value;
    SRestriction res = size_is(&value, RELOP_GE, 2);
    SizedSSortOrderSet(1, order) = {1, 0, 0, {{NAME, TABLE_SORT_ASCEND}}};
    SizedSPropTagArray(2, columns) = {2, {CHANGE_PROP_TYPE(NAME, PT_STRING8), NOTE}};
    HRESULT hr = build(NULL, &table);
    if (hr != S_OK)
        return hr;
    BOOKMARK bookmark;
    SPropTagArray *all = NULL;
    hr = table->lpVtbl->CreateBookmark(table, &bookmark);
    if (hr == S_OK)
        hr = table->lpVtbl->QueryColumns(table, TBL_ALL_COLUMNS, &all);
    MAPIFreeBuffer(all);
    if (hr == S_OK)
        hr = HrQueryAllRows(table, (LPSPropTagArray)&columns, &res, (LPSSortOrderSet)&order, 0, &set);
    if (hr == S_OK)
        assert_int_equal(set->cRows, 3);
    FreeProws(set);
    table->lpVtbl->Release(table);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    ULONG before = buffer_live();
    assert_true(fault_sweep(use_table, NULL) > 20);
    assert_int_equal(buffer_live(), before);
    assert_int_equal(object_live(OBJECT_TABLE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_in_both_directions),
        cmocka_unit_test(columns_are_as_asked_for),
        cmocka_unit_test(the_cursor_goes_where_it_is_sent),
        cmocka_unit_test(bookmarks_hold_until_the_view_changes),
        cmocka_unit_test(sorting_is_stable_and_takes_many_keys),
        cmocka_unit_test(orders_that_are_too_much_change_nothing),
        cmocka_unit_test(restrictions_and_orders_combine),
        cmocka_unit_test(FindRow_searches_both_ways),
        cmocka_unit_test(FindRow_knows_instance_keys),
        cmocka_unit_test(the_rest_answers_as_documented),
        cmocka_unit_test(L13_an_ended_table_refuses_and_rows_outlive_it),
        cmocka_unit_test(rows_are_freed_one_by_one),
        cmocka_unit_test(malformed_rows_are_refused),
        cmocka_unit_test(HrQueryAllRows_reads_sorts_and_limits),
        cmocka_unit_test(failing_memory),
    };
    return cmocka_run_group_tests_name("memtable", tests, NULL, NULL);
}
