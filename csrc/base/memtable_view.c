/* base/memtable_view.c - a table in memory as its user moves through it: cursor, bookmarks, restriction, order,
 * rows. */
#include "base/memtable_private.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/restriction.h"

/* How many bookmarks there may be at once. */
enum { MOST_BOOKMARKS = 1024 };

/* ---- position ---- */

static struct bookmark *find_bookmark(struct memtable *table, BOOKMARK id)
{
    for (size_t i = 0; i < table->bookmark_count; i++)
        if (table->bookmarks[i].id == id)
            return &table->bookmarks[i];
    return NULL;
}

static HRESULT locate(struct memtable *table, BOOKMARK origin, size_t *position)
{
    switch (origin) {
    case BOOKMARK_BEGINNING:
        *position = 0;
        return S_OK;
    case BOOKMARK_CURRENT:
        *position = table->position;
        return S_OK;
    case BOOKMARK_END:
        *position = table->view_count;
        return S_OK;
    default:
        break;
    }
    const struct bookmark *bookmark = find_bookmark(table, origin);
    if (bookmark == NULL)
        return fail(MAPI_E_INVALID_BOOKMARK, "The bookmark is not one of this table's, or was discarded.");
    *position = bookmark->position;
    return S_OK;
}

/* From a position by so many rows, as far as there are rows; returns how far it went. */
static LONG moved(const struct memtable *table, size_t from, LONG by)
{
    if (by >= 0) {
        size_t left = table->view_count - from;
        return left < (size_t)by ? (LONG)left : by;
    }
    size_t wanted = (size_t)(-(int64_t)by);
    return from < wanted ? -(LONG)from : by;
}

static HRESULT seek_row(struct memtable *table, BOOKMARK origin, LONG by, LONG *sought)
{
    size_t from;
    HRESULT hr = locate(table, origin, &from);
    if (hr != S_OK)
        return hr;
    LONG distance = moved(table, from, by);
    table->position = (size_t)((int64_t)from + distance);
    if (sought != NULL)
        *sought = distance;
    return S_OK;
}

HRESULT STDMETHODCALLTYPE memtable_seek_row(IMAPITable *This, BOOKMARK origin, LONG by, LONG *sought)
{
    if (sought != NULL)
        *sought = 0;
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, seek_row(table, origin, by, sought));
}

static HRESULT seek_approximately(struct memtable *table, ULONG numerator, ULONG denominator)
{
    if (denominator == 0)
        return fail(MAPI_E_INVALID_PARAMETER, "SeekRowApprox needs a denominator that is not 0.");
    table->position =
        numerator >= denominator ? table->view_count : (size_t)((uint64_t)table->view_count * numerator / denominator);
    return S_OK;
}

HRESULT STDMETHODCALLTYPE memtable_seek_row_approx(IMAPITable *This, ULONG numerator, ULONG denominator)
{
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This)
                         : memtable_leave(table, seek_approximately(table, numerator, denominator));
}

static HRESULT query_position(struct memtable *table, ULONG *row, ULONG *numerator, ULONG *denominator)
{
    if (row == NULL || numerator == NULL || denominator == NULL)
        return memtable_missing("three places for its results");
    *row = (ULONG)table->position;
    *numerator = (ULONG)table->position;
    *denominator = table->view_count > 0 ? (ULONG)table->view_count : 1; /* never 0 (imapitable-queryposition.md) */
    return S_OK;
}

HRESULT STDMETHODCALLTYPE memtable_query_position(IMAPITable *This, ULONG *row, ULONG *numerator, ULONG *denominator)
{
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This)
                         : memtable_leave(table, query_position(table, row, numerator, denominator));
}

HRESULT STDMETHODCALLTYPE memtable_get_row_count(IMAPITable *This, ULONG flags, ULONG *count)
{
    if (count != NULL)
        *count = 0;
    struct memtable *table = memtable_enter(This);
    if (table == NULL)
        return memtable_refusal(This);
    HRESULT hr = memtable_check_flags(flags, 0);
    if (hr == S_OK && count == NULL)
        hr = memtable_missing("a place for its result");
    if (hr == S_OK)
        *count = (ULONG)table->view_count;
    return memtable_leave(table, hr);
}

static HRESULT create_bookmark(struct memtable *table, BOOKMARK *out)
{
    if (out == NULL)
        return memtable_missing("a place for its result");
    if (table->no_bookmarks)
        return fail(MAPI_E_NO_SUPPORT, "This table has no bookmarks.");
    if (table->bookmark_count == MOST_BOOKMARKS)
        return fail(MAPI_E_UNABLE_TO_COMPLETE, "The table has %d bookmarks already; free some with FreeBookmark.",
                    MOST_BOOKMARKS);
    struct bookmark *grown = realloc(table->bookmarks, (table->bookmark_count + 1) * sizeof *grown);
    if (grown == NULL)
        return memtable_no_memory();
    table->bookmarks = grown;
    grown[table->bookmark_count++] = (struct bookmark){table->next_bookmark, table->position};
    *out = table->next_bookmark++;
    return S_OK;
}

HRESULT STDMETHODCALLTYPE memtable_create_bookmark(IMAPITable *This, BOOKMARK *out)
{
    if (out != NULL)
        *out = 0;
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, create_bookmark(table, out));
}

static HRESULT free_bookmark(struct memtable *table, BOOKMARK id)
{
    if (id <
        FIRST_BOOKMARK) /* the predefined ones cannot be freed, and that is no error (imapitable-freebookmark.md) */
        return S_OK;
    struct bookmark *bookmark = find_bookmark(table, id);
    if (bookmark == NULL)
        return fail(MAPI_E_INVALID_BOOKMARK, "The bookmark is not one of this table's, or was discarded.");
    *bookmark = table->bookmarks[--table->bookmark_count];
    return S_OK;
}

HRESULT STDMETHODCALLTYPE memtable_free_bookmark(IMAPITable *This, BOOKMARK id)
{
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, free_bookmark(table, id));
}

/* ---- finding, restricting, sorting ---- */

static HRESULT find_row(struct memtable *table, const SRestriction *restriction, BOOKMARK origin, ULONG flags)
{
    HRESULT hr = memtable_check_flags(flags, DIR_BACKWARD);
    if (hr != S_OK)
        return hr;
    if (restriction == NULL)
        return memtable_missing("a restriction to find a row with");
    hr = restriction_check(restriction);
    if (hr != S_OK)
        return hr;
    size_t from;
    hr = locate(table, origin, &from);
    if (hr != S_OK)
        return hr;
    bool backward = (flags & DIR_BACKWARD) != 0;
    for (size_t i = from; backward ? i > 0 : i < table->view_count; backward ? i-- : i++) {
        size_t at = backward ? i - 1 : i; /* backward begins with the row in front of the bookmark */
        if (memrow_matches(table->rows.rows[table->view[at]], restriction)) {
            table->position = at;
            return S_OK;
        }
    }
    return fail(MAPI_E_NOT_FOUND, "No row of the table matches.");
}

HRESULT STDMETHODCALLTYPE memtable_find_row(IMAPITable *This, LPSRestriction restriction, BOOKMARK origin, ULONG flags)
{
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, find_row(table, restriction, origin, flags));
}

/* Takes over a new view: the cursor goes to its beginning, bookmarks are discarded. */
static void adopt_view(struct memtable *table, size_t *view, size_t count)
{
    free(table->view);
    table->view = view;
    table->view_count = count;
    table->view_room = count;
    table->position = 0;
    table->bookmark_count = 0;
}

static HRESULT restrict_rows(struct memtable *table, const SRestriction *restriction, ULONG flags)
{
    HRESULT hr = memtable_check_flags(flags, TBL_ASYNC | TBL_BATCH);
    SRestriction *kept = NULL;
    if (hr == S_OK)
        hr = restriction_keep(restriction, &kept);
    size_t *view;
    size_t count;
    if (hr == S_OK)
        hr = memrows_view(&table->rows, kept, table->order, &view, &count);
    if (hr != S_OK) {
        free(kept);
        return hr;
    }
    free(table->restriction);
    table->restriction = kept;
    adopt_view(table, view, count);
    return S_OK;
}

HRESULT STDMETHODCALLTYPE memtable_restrict(IMAPITable *This, LPSRestriction restriction, ULONG flags)
{
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, restrict_rows(table, restriction, flags));
}

static bool can_sort_by(ULONG tag)
{
    switch (PROP_TYPE(tag) & ~(ULONG)MV_FLAG) {
    case PT_I2:
    case PT_LONG:
    case PT_R4:
    case PT_DOUBLE:
    case PT_CURRENCY:
    case PT_APPTIME:
    case PT_BOOLEAN:
    case PT_I8:
    case PT_STRING8:
    case PT_UNICODE:
    case PT_SYSTIME:
    case PT_CLSID:
    case PT_BINARY:
        return true;
    default:
        return false; /* MV_INSTANCE too */
    }
}

static HRESULT check_order(const SSortOrderSet *order)
{
    if (order == NULL)
        return memtable_missing("a sort order");
    if (order->cCategories > order->cSorts || order->cExpanded > order->cCategories)
        return fail(MAPI_E_INVALID_PARAMETER, "A sort order cannot have more categories than keys.");
    if (order->cCategories > 0)
        return fail(MAPI_E_TOO_COMPLEX, "This table cannot be sorted into categories.");
    for (ULONG i = 0; i < order->cSorts; i++)
        if (!can_sort_by(order->aSort[i].ulPropTag) || order->aSort[i].ulOrder > TABLE_SORT_DESCEND)
            return fail(MAPI_E_TOO_COMPLEX, "This table cannot be sorted by property 0x%08lX in that way.",
                        (unsigned long)order->aSort[i].ulPropTag);
    return S_OK;
}

static HRESULT sort_table(struct memtable *table, const SSortOrderSet *order, ULONG flags)
{
    HRESULT hr = memtable_check_flags(flags, TBL_ASYNC | TBL_BATCH);
    if (hr == S_OK)
        hr = check_order(order);
    if (hr != S_OK)
        return hr;
    size_t size = CbNewSSortOrderSet((size_t)order->cSorts + 1);
    SSortOrderSet *kept = calloc(1, size);
    if (kept == NULL)
        return memtable_no_memory();
    memcpy(kept, order, CbSSortOrderSet(order));
    size_t *view;
    size_t count;
    hr = memrows_view(&table->rows, table->restriction, kept, &view, &count);
    if (hr != S_OK) {
        free(kept);
        return hr;
    }
    free(table->order);
    table->order = kept;
    adopt_view(table, view, count);
    return S_OK;
}

HRESULT STDMETHODCALLTYPE memtable_sort_table(IMAPITable *This, LPSSortOrderSet order, ULONG flags)
{
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, sort_table(table, order, flags));
}

static HRESULT query_sort_order(struct memtable *table, SSortOrderSet **out)
{
    if (out == NULL)
        return memtable_missing("a place for its result");
    static const SSortOrderSet unsorted;
    const SSortOrderSet *order = table->order != NULL ? table->order : &unsorted;
    void *copy;
    HRESULT hr = MAPIAllocateBuffer((ULONG)CbNewSSortOrderSet((size_t)order->cSorts + 1), &copy);
    if (hr != S_OK)
        return hr;
    memcpy(copy, order, CbSSortOrderSet(order));
    *out = copy;
    return S_OK;
}

HRESULT STDMETHODCALLTYPE memtable_query_sort_order(IMAPITable *This, LPSSortOrderSet *out)
{
    if (out != NULL)
        *out = NULL;
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, query_sort_order(table, out));
}

/* ---- rows ---- */

/* A row set with the rows [first, first + count) of the view. */
static HRESULT read_rows(struct memtable *table, size_t first, size_t count, SRowSet **out)
{
    void *memory;
    if (CbNewSRowSet(count + 1) > 0xFFFFFFFFu)
        return memtable_no_memory();
    HRESULT hr = MAPIAllocateBuffer((ULONG)CbNewSRowSet(count + 1), &memory);
    if (hr != S_OK)
        return hr;
    SRowSet *rows = memory;
    rows->cRows = 0;
    for (size_t i = 0; i < count; i++) {
        SRow *row = &rows->aRow[i];
        *row = (SRow){0, table->columns->cValues, NULL};
        hr = memrow_read(table->rows.rows[table->view[first + i]], table->columns, &row->lpProps);
        if (hr != S_OK) {
            for (size_t done = 0; done < i; done++)
                MAPIFreeBuffer(rows->aRow[done].lpProps);
            MAPIFreeBuffer(rows);
            return hr;
        }
    }
    rows->cRows = (ULONG)count;
    *out = rows;
    return S_OK;
}

static HRESULT query_rows(struct memtable *table, LONG count, ULONG flags, SRowSet **out)
{
    HRESULT hr = memtable_check_flags(flags, TBL_NOADVANCE);
    if (hr != S_OK)
        return hr;
    if (out == NULL || count == 0)
        return memtable_missing(out == NULL ? "a place for its result" : "a number of rows that is not 0");
    LONG distance = moved(table, table->position, count);
    size_t first = distance < 0 ? (size_t)((int64_t)table->position + distance) : table->position;
    size_t wanted = (size_t)(distance < 0 ? -(int64_t)distance : distance);
    hr = read_rows(table, first, wanted, out);
    if (hr == S_OK)
        table->position = flags & TBL_NOADVANCE ? first : first + wanted;
    return hr;
}

HRESULT STDMETHODCALLTYPE memtable_query_rows(IMAPITable *This, LONG count, ULONG flags, LPSRowSet *out)
{
    if (out != NULL)
        *out = NULL;
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, query_rows(table, count, flags, out));
}
