/* base/list_table_view.c - a table in memory as its user moves through it: cursor, bookmarks, restriction, order,
 * rows. */
#include "base/list_table_private.h"

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

static struct bookmark *find_bookmark(struct list_table *table, BOOKMARK id)
{
    for (size_t i = 0; i < table->bookmark_count; i++)
        if (table->bookmarks[i].id == id)
            return &table->bookmarks[i];
    return NULL;
}

/* The list is brought up to date first. MAPI_W_POSITION_CHANGED: the row the bookmark was set before is gone
 * (imapitable-seekrow.md). */
static HRESULT locate(struct list_table *table, BOOKMARK origin, size_t *position)
{
    HRESULT hr = list_table_refresh(table);
    if (hr != S_OK)
        return hr;
    switch (origin) {
    case BOOKMARK_BEGINNING:
        *position = 0;
        return S_OK;
    case BOOKMARK_CURRENT:
        *position = table->position;
        return S_OK;
    case BOOKMARK_END:
        *position = table->list.count;
        return S_OK;
    default:
        break;
    }
    const struct bookmark *bookmark = find_bookmark(table, origin);
    if (bookmark == NULL)
        return fail(MAPI_E_INVALID_BOOKMARK, "The bookmark is not one of this table's, or was discarded.");
    *position = bookmark->position;
    return bookmark->moved ? MAPI_W_POSITION_CHANGED : S_OK;
}

/* From a position by so many rows, as far as there are rows; returns how far it went. */
static LONG moved(const struct list_table *table, size_t from, LONG by)
{
    if (by >= 0) {
        size_t left = table->list.count - from;
        return left < (size_t)by ? (LONG)left : by;
    }
    size_t wanted = (size_t)(-(int64_t)by);
    return from < wanted ? -(LONG)from : by;
}

static HRESULT seek_row(struct list_table *table, BOOKMARK origin, LONG by, LONG *sought)
{
    size_t from;
    HRESULT hr = locate(table, origin, &from);
    if (FAILED(hr))
        return hr;
    LONG distance = moved(table, from, by);
    table->position = (size_t)((int64_t)from + distance);
    if (sought != NULL)
        *sought = distance;
    return hr;
}

HRESULT STDMETHODCALLTYPE list_table_seek_row(IMAPITable *This, BOOKMARK origin, LONG by, LONG *sought)
{
    if (sought != NULL)
        *sought = 0;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, seek_row(table, origin, by, sought));
}

static HRESULT seek_approximately(struct list_table *table, ULONG numerator, ULONG denominator)
{
    if (denominator == 0)
        return fail(MAPI_E_INVALID_PARAMETER, "SeekRowApprox needs a denominator that is not 0.");
    HRESULT hr = list_table_refresh(table);
    if (hr != S_OK)
        return hr;
    table->position =
        numerator >= denominator ? table->list.count : (size_t)((uint64_t)table->list.count * numerator / denominator);
    return S_OK;
}

HRESULT STDMETHODCALLTYPE list_table_seek_row_approx(IMAPITable *This, ULONG numerator, ULONG denominator)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, seek_approximately(table, numerator, denominator));
}

static HRESULT query_position(struct list_table *table, ULONG *row, ULONG *numerator, ULONG *denominator)
{
    if (row == NULL || numerator == NULL || denominator == NULL)
        return list_table_missing("three places for its results");
    HRESULT hr = list_table_refresh(table);
    if (hr != S_OK)
        return hr;
    *row = (ULONG)table->position;
    *numerator = (ULONG)table->position;
    *denominator = table->list.count > 0 ? (ULONG)table->list.count : 1; /* never 0 (imapitable-queryposition.md) */
    return S_OK;
}

HRESULT STDMETHODCALLTYPE list_table_query_position(IMAPITable *This, ULONG *row, ULONG *numerator, ULONG *denominator)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, query_position(table, row, numerator, denominator));
}

HRESULT STDMETHODCALLTYPE list_table_get_row_count(IMAPITable *This, ULONG flags, ULONG *count)
{
    if (count != NULL)
        *count = 0;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    if (hr != S_OK)
        return hr;
    hr = list_table_check_flags(flags, 0);
    if (hr == S_OK && count == NULL)
        hr = list_table_missing("a place for its result");
    if (hr == S_OK)
        hr = list_table_refresh(table);
    if (hr == S_OK)
        *count = (ULONG)table->list.count;
    return list_table_leave(table, hr);
}

static HRESULT create_bookmark(struct list_table *table, BOOKMARK *out)
{
    if (out == NULL)
        return list_table_missing("a place for its result");
    if (table->source->no_bookmarks)
        return fail(MAPI_E_NO_SUPPORT, "This table has no bookmarks.");
    HRESULT hr = list_table_refresh(table);
    if (hr != S_OK)
        return hr;
    if (table->bookmark_count == MOST_BOOKMARKS)
        return fail(MAPI_E_UNABLE_TO_COMPLETE, "The table has %d bookmarks already; free some with FreeBookmark.",
                    MOST_BOOKMARKS);
    struct bookmark *grown = realloc(table->bookmarks, (table->bookmark_count + 1) * sizeof *grown);
    if (grown == NULL)
        return list_table_no_memory();
    table->bookmarks = grown;
    grown[table->bookmark_count++] = (struct bookmark){table->next_bookmark, table->position, false};
    *out = table->next_bookmark++;
    return S_OK;
}

HRESULT STDMETHODCALLTYPE list_table_create_bookmark(IMAPITable *This, BOOKMARK *out)
{
    if (out != NULL)
        *out = 0;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, create_bookmark(table, out));
}

static HRESULT free_bookmark(struct list_table *table, BOOKMARK id)
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

HRESULT STDMETHODCALLTYPE list_table_free_bookmark(IMAPITable *This, BOOKMARK id)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, free_bookmark(table, id));
}

/* ---- finding, restricting, sorting ---- */

static HRESULT find_row(struct list_table *table, const SRestriction *restriction, BOOKMARK origin, ULONG flags)
{
    HRESULT hr = list_table_check_flags(flags, DIR_BACKWARD);
    if (hr != S_OK)
        return hr;
    if (restriction == NULL)
        return list_table_missing("a restriction to find a row with");
    hr = restriction_check(restriction);
    if (hr != S_OK)
        return hr;
    size_t from;
    hr = locate(table, origin, &from);
    if (FAILED(hr))
        return hr;
    bool backward = (flags & DIR_BACKWARD) != 0;
    for (size_t i = from; backward ? i > 0 : i < table->list.count; backward ? i-- : i++) {
        size_t at = backward ? i - 1 : i; /* backward begins with the row in front of the bookmark */
        const struct list_row *row;
        HRESULT found = table->source->class->read(table->source, &table->list.items[at], &row);
        if (found != S_OK && found != MAPI_E_NOT_FOUND)
            return found;
        if (found == S_OK && list_row_matches(row, restriction)) {
            table->position = at;
            return hr;
        }
    }
    return fail(MAPI_E_NOT_FOUND, "No row of the table matches.");
}

HRESULT STDMETHODCALLTYPE list_table_find_row(IMAPITable *This, LPSRestriction restriction, BOOKMARK origin,
                                              ULONG flags)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, find_row(table, restriction, origin, flags));
}

/* Takes over a new list: the cursor goes to its beginning, bookmarks are discarded. The list may be newer than the version
 * says, which makes it be looked at once more. */
static void adopt(struct list_table *table, const struct list_items *list)
{
    list_items_free(&table->list);
    table->list = *list;
    table->position = 0;
    table->bookmark_count = 0;
    if (table->source->class->rearranged != NULL)
        table->source->class->rearranged(table->source);
}

static HRESULT restrict_rows(struct list_table *table, const SRestriction *restriction, ULONG flags)
{
    HRESULT hr = list_table_check_flags(flags, TBL_ASYNC | TBL_BATCH);
    SRestriction *kept = NULL;
    if (hr == S_OK)
        hr = restriction_keep(restriction, &kept);
    if (hr == S_OK)
        hr = list_table_refresh(table);
    struct list_items list;
    if (hr == S_OK)
        hr = list_table_make(table, kept, table->order, &list);
    if (hr != S_OK) {
        free(kept);
        return hr;
    }
    free(table->restriction);
    table->restriction = kept;
    adopt(table, &list);
    return S_OK;
}

HRESULT STDMETHODCALLTYPE list_table_restrict(IMAPITable *This, LPSRestriction restriction, ULONG flags)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, restrict_rows(table, restriction, flags));
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
        return list_table_missing("a sort order");
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

static HRESULT sort_table(struct list_table *table, const SSortOrderSet *order, ULONG flags)
{
    HRESULT hr = list_table_check_flags(flags, TBL_ASYNC | TBL_BATCH);
    if (hr == S_OK)
        hr = check_order(order);
    if (hr != S_OK)
        return hr;
    size_t size = CbNewSSortOrderSet((size_t)order->cSorts + 1);
    SSortOrderSet *kept = calloc(1, size);
    if (kept == NULL)
        return list_table_no_memory();
    memcpy(kept, order, CbSSortOrderSet(order));
    struct list_items list;
    hr = list_table_refresh(table);
    if (hr == S_OK)
        hr = list_table_make(table, table->restriction, kept, &list);
    if (hr != S_OK) {
        free(kept);
        return hr;
    }
    free(table->order);
    table->order = kept;
    adopt(table, &list);
    return S_OK;
}

HRESULT STDMETHODCALLTYPE list_table_sort_table(IMAPITable *This, LPSSortOrderSet order, ULONG flags)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, sort_table(table, order, flags));
}

static HRESULT query_sort_order(struct list_table *table, SSortOrderSet **out)
{
    if (out == NULL)
        return list_table_missing("a place for its result");
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

HRESULT STDMETHODCALLTYPE list_table_query_sort_order(IMAPITable *This, LPSSortOrderSet *out)
{
    if (out != NULL)
        *out = NULL;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, query_sort_order(table, out));
}

/* ---- rows ---- */

/* Rows from *next on, at most `count`; those that are gone are left out, and *next is behind the last one looked at. */
static HRESULT fill(struct list_table *table, size_t *next, size_t count, SRowSet *rows)
{
    HRESULT hr = S_OK;
    for (; hr == S_OK && rows->cRows < count && *next < table->list.count; ++*next) {
        SRow *row = &rows->aRow[rows->cRows];
        *row = (SRow){0, table->columns->cValues, NULL};
        hr = list_table_read(table, &table->list.items[*next], &row->lpProps);
        if (hr == S_OK)
            rows->cRows++;
        else if (hr == MAPI_E_NOT_FOUND)
            hr = S_OK;
    }
    return hr;
}

static HRESULT read_rows(struct list_table *table, size_t *next, size_t count, SRowSet **out)
{
    void *memory;
    if (CbNewSRowSet(count + 1) > 0xFFFFFFFFu)
        return list_table_no_memory();
    HRESULT hr = MAPIAllocateBuffer((ULONG)CbNewSRowSet(count + 1), &memory);
    if (hr != S_OK)
        return hr;
    SRowSet *rows = memory;
    rows->cRows = 0;
    hr = fill(table, next, count, rows);
    if (hr == S_OK) {
        *out = rows;
        return S_OK;
    }
    for (ULONG done = 0; done < rows->cRows; done++)
        MAPIFreeBuffer(rows->aRow[done].lpProps);
    MAPIFreeBuffer(rows);
    return hr;
}

static HRESULT query_rows(struct list_table *table, LONG count, ULONG flags, SRowSet **out)
{
    HRESULT hr = list_table_check_flags(flags, TBL_NOADVANCE);
    if (hr != S_OK)
        return hr;
    if (out == NULL || count == 0)
        return list_table_missing(out == NULL ? "a place for its result" : "a number of rows that is not 0");
    hr = list_table_refresh(table);
    if (hr != S_OK)
        return hr;
    LONG distance = moved(table, table->position, count);
    size_t first = distance < 0 ? (size_t)((int64_t)table->position + distance) : table->position;
    size_t next = first;
    hr = read_rows(table, &next, (size_t)(distance < 0 ? -(int64_t)distance : distance), out);
    if (hr == S_OK)
        table->position = flags & TBL_NOADVANCE ? first : next;
    return hr;
}

HRESULT STDMETHODCALLTYPE list_table_query_rows(IMAPITable *This, LONG count, ULONG flags, LPSRowSet *out)
{
    if (out != NULL)
        *out = NULL;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, query_rows(table, count, flags, out));
}
