#include "support/searches.h"

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

IMAPIFolder *new_search(const char *name)
{
    IMAPIFolder *root = open_named(the_store, PR_FINDER_ENTRYID, MAPI_MODIFY);
    IMAPIFolder *search = NULL;
    assert_int_equal(root->lpVtbl->CreateFolder(root, FOLDER_SEARCH, (LPTSTR)(uintptr_t)name, NULL, NULL, 0, &search),
                     S_OK);
    release(root);
    return search;
}

HRESULT try_search(IMAPIFolder *search, SRestriction *restriction, IMAPIFolder *one, IMAPIFolder *two, ULONG flags)
{
    SBinary ids[2];
    ENTRYLIST list = {0, ids};
    if (one)
        ids[list.cValues++] = entryid(one);
    if (two)
        ids[list.cValues++] = entryid(two);
    return search->lpVtbl->SetSearchCriteria(search, restriction, list.cValues > 0 ? &list : NULL, flags);
}

void look_for(IMAPIFolder *search, SRestriction *restriction, IMAPIFolder *where, ULONG flags)
{
    assert_int_equal(try_search(search, restriction, where, NULL, flags), S_OK);
}

ULONG search_state(IMAPIFolder *search)
{
    ULONG state = 0xFFFF;
    assert_int_equal(search->lpVtbl->GetSearchCriteria(search, 0, NULL, NULL, &state), S_OK);
    return state;
}

SRestriction *subject_has(const char *text)
{
    static SRestriction kept[8];
    static SPropValue values[8];
    static unsigned next;
    unsigned at = next++ % 8;
    values[at] = string_value(PR_SUBJECT, text);
    kept[at] =
        (SRestriction){.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING | FL_IGNORECASE, PR_SUBJECT, &values[at]}};
    return &kept[at];
}

/* ---- brute force ---- */

struct keys {
    int64_t *rows;
    size_t count;
    ULONG unread;
};

static void add_rows(struct keys *keys, IMAPITable *table)
{
    static const ULONG columns[] = {PR_INSTANCE_KEY, PR_MESSAGE_FLAGS};
    LPSRowSet rows = NULL;
    ULONG count;
    set_columns(table, 2, columns);
    do {
        assert_int_equal(table->lpVtbl->QueryRows(table, 1000, 0, &rows), S_OK);
        count = rows->cRows;
        keys->rows = realloc(keys->rows, (keys->count + count + 1) * sizeof *keys->rows);
        for (ULONG i = 0; i < count; i++) {
            memcpy(&keys->rows[keys->count++], rows->aRow[i].lpProps[0].Value.bin.lpb, sizeof *keys->rows);
            keys->unread += (rows->aRow[i].lpProps[1].Value.ul & MSGFLAG_READ) == 0;
        }
        FreeProws(rows);
    } while (count > 0);
    release(table);
}

static void add_folder(struct keys *keys, IMAPIFolder *folder, SRestriction *restriction, BOOL below)
{
    static const ULONG column = PR_ENTRYID;
    IMAPITable *table = contents(folder, 0);
    LPSRowSet rows = NULL;
    if (long_of(folder, PR_FOLDER_TYPE) == FOLDER_SEARCH) {
        release(table);
        return;
    }
    assert_int_equal(table->lpVtbl->Restrict(table, restriction, 0), S_OK);
    add_rows(keys, table);
    if (!below)
        return;
    assert_int_equal(folder->lpVtbl->GetHierarchyTable(folder, 0, &table), S_OK);
    set_columns(table, 1, &column);
    assert_int_equal(HrQueryAllRows(table, NULL, NULL, NULL, 0, &rows), S_OK);
    for (ULONG i = 0; i < rows->cRows; i++) {
        IMAPIFolder *inner = NULL;
        assert_int_equal(try_open(the_store, rows->aRow[i].lpProps[0].Value.bin, 0, &inner), S_OK);
        add_folder(keys, inner, restriction, TRUE);
        release(inner);
    }
    FreeProws(rows);
    release(table);
}

static int by_number(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Sorted, each once: of nested folders a recursive search looks at the inner one once. */
static void settle(struct keys *keys)
{
    size_t kept = 0;
    if (keys->count > 0)
        qsort(keys->rows, keys->count, sizeof *keys->rows, by_number);
    for (size_t i = 0; i < keys->count; i++)
        if (kept == 0 || keys->rows[kept - 1] != keys->rows[i])
            keys->rows[kept++] = keys->rows[i];
    keys->count = kept;
}

static void expect_search_right(IMAPIFolder *search)
{
    struct keys found = {NULL, 0, 0}, right = {NULL, 0, 0};
    LPSRestriction restriction = NULL;
    LPENTRYLIST list = NULL;
    ULONG state = 0;
    HRESULT hr = search->lpVtbl->GetSearchCriteria(search, 0, &restriction, &list, &state);
    if (hr == MAPI_E_NOT_INITIALIZED || (hr == S_OK && !(state & SEARCH_RUNNING))) {
        MAPIFreeBuffer(restriction);
        MAPIFreeBuffer(list);
        return;
    }
    assert_int_equal(hr, S_OK);
    for (ULONG i = 0; i < list->cValues; i++) {
        IMAPIFolder *folder = NULL;
        assert_int_equal(try_open(the_store, list->lpbin[i], 0, &folder), S_OK);
        add_folder(&right, folder, restriction, (state & SEARCH_RECURSIVE) != 0);
        release(folder);
    }
    settle(&right);
    add_rows(&found, contents(search, 0));
    settle(&found);
    assert_int_equal(found.count, right.count);
    assert_true(found.count == 0 || memcmp(found.rows, right.rows, found.count * sizeof *found.rows) == 0);
    assert_int_equal(long_of(search, PR_CONTENT_COUNT), found.count);
    assert_int_equal(long_of(search, PR_CONTENT_UNREAD), found.unread);
    free(found.rows);
    free(right.rows);
    MAPIFreeBuffer(restriction);
    MAPIFreeBuffer(list);
}

void expect_searches_right(void)
{
    static const ULONG columns[] = {PR_ENTRYID, PR_FOLDER_TYPE};
    IMAPIFolder *root = NULL;
    IMAPITable *table = NULL;
    LPSRowSet rows = NULL;
    SBinary none = {0, NULL};
    assert_int_equal(try_open(the_store, none, 0, &root), S_OK);
    assert_int_equal(root->lpVtbl->GetHierarchyTable(root, CONVENIENT_DEPTH, &table), S_OK);
    set_columns(table, 2, columns);
    assert_int_equal(HrQueryAllRows(table, NULL, NULL, NULL, 0, &rows), S_OK);
    for (ULONG i = 0; i < rows->cRows; i++) {
        IMAPIFolder *search = NULL;
        if (rows->aRow[i].lpProps[1].Value.l != FOLDER_SEARCH)
            continue;
        assert_int_equal(try_open(the_store, rows->aRow[i].lpProps[0].Value.bin, 0, &search), S_OK);
        expect_search_right(search);
        release(search);
    }
    FreeProws(rows);
    release(table);
    release(root);
}
