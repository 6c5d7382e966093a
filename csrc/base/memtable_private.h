/* base/memtable_private.h - what memtable.c and memtable_view.c share. */
#ifndef BASE_MEMTABLE_PRIVATE_H
#define BASE_MEMTABLE_PRIVATE_H

#include <stddef.h>

#include "base/memtable.h"
#include "base/memtable_rows.h"
#include "base/object.h"

/* The first bookmark that is not predefined. */
enum { FIRST_BOOKMARK = 3 };

struct bookmark {
    BOOKMARK id;
    size_t position; /* in the view */
};

struct memtable {
    struct object object;
    struct lifeline *life;
    struct memrows rows;
    SPropTagArray *columns;    /* malloc'd */
    SPropTagArray *available;  /* malloc'd: the first columns, and every other tag that occurs in a row */
    SRestriction *restriction; /* malloc'd, or NULL */
    SSortOrderSet *order;      /* malloc'd, or NULL */
    size_t *view;              /* row indices as seen through restriction and order */
    size_t view_count;
    size_t view_room; /* elements allocated */
    size_t position;  /* the next row to be read: 0 .. view_count */
    struct bookmark *bookmarks;
    size_t bookmark_count;
    bool no_bookmarks;
    BOOKMARK next_bookmark; /* ids are not used twice, so that a discarded one stays invalid */
};

/* Every method begins with memtable_enter, which answers NULL when the table has ended, and ends with
 * memtable_leave, which passes its result on. */
struct memtable *memtable_enter(IMAPITable *This);
HRESULT memtable_refusal(IMAPITable *This); /* what a method answers then */
HRESULT memtable_leave(struct memtable *table, HRESULT hr);

/* The failures that many methods have in common. */
HRESULT memtable_no_memory(void);
HRESULT memtable_check_flags(ULONG flags, ULONG known);
HRESULT memtable_missing(const char *what);

/* The methods of memtable_view.c. */
HRESULT STDMETHODCALLTYPE memtable_get_row_count(IMAPITable *This, ULONG flags, ULONG *count);
HRESULT STDMETHODCALLTYPE memtable_seek_row(IMAPITable *This, BOOKMARK origin, LONG by, LONG *sought);
HRESULT STDMETHODCALLTYPE memtable_seek_row_approx(IMAPITable *This, ULONG numerator, ULONG denominator);
HRESULT STDMETHODCALLTYPE memtable_query_position(IMAPITable *This, ULONG *row, ULONG *numerator, ULONG *denominator);
HRESULT STDMETHODCALLTYPE memtable_find_row(IMAPITable *This, LPSRestriction restriction, BOOKMARK origin, ULONG flags);
HRESULT STDMETHODCALLTYPE memtable_restrict(IMAPITable *This, LPSRestriction restriction, ULONG flags);
HRESULT STDMETHODCALLTYPE memtable_create_bookmark(IMAPITable *This, BOOKMARK *out);
HRESULT STDMETHODCALLTYPE memtable_free_bookmark(IMAPITable *This, BOOKMARK id);
HRESULT STDMETHODCALLTYPE memtable_sort_table(IMAPITable *This, LPSSortOrderSet order, ULONG flags);
HRESULT STDMETHODCALLTYPE memtable_query_sort_order(IMAPITable *This, LPSSortOrderSet *out);
HRESULT STDMETHODCALLTYPE memtable_query_rows(IMAPITable *This, LONG count, ULONG flags, LPSRowSet *out);

#endif
