/* base/list_table_private.h - what the files of the list table share. */
#ifndef BASE_LIST_TABLE_PRIVATE_H
#define BASE_LIST_TABLE_PRIVATE_H

#include <stddef.h>

#include <mapisub.h>

#include "base/list_table.h"
#include "base/object.h"

/* The first bookmark that is not predefined. */
enum { FIRST_BOOKMARK = 3 };

struct bookmark {
    BOOKMARK id;
    size_t position; /* in the list */
    bool moved;      /* the row it was set before is gone */
};

struct list_table {
    struct object object;
    IMapiTableSpan span; /* the second interface; counts with the object */
    struct list_source *source;
    SPropTagArray *columns;    /* malloc'd */
    SPropTagArray *first;      /* malloc'd: the columns it was made with */
    SRestriction *restriction; /* malloc'd, or NULL */
    SSortOrderSet *order;      /* malloc'd, or NULL */
    struct list_items list;    /* the rows as seen through restriction and order */
    bool listed;               /* else the list is still to be made */
    bool kept;                 /* no new rows any more (IMapiTableSpan) */
    uint64_t version;          /* of the source, when the list was made */
    size_t position;           /* the next row to be read: 0 .. list.count */
    struct bookmark *bookmarks;
    size_t bookmark_count;
    BOOKMARK next_bookmark; /* ids are not used twice, so that a discarded one stays invalid */
};

/* Every method begins with list_table_enter and, where that has succeeded, ends with list_table_leave, which passes its
 * result on. */
HRESULT list_table_enter(IMAPITable *This, struct list_table **out);
HRESULT list_table_leave(struct list_table *table, HRESULT hr);

/* The failures that many methods have in common. */
HRESULT list_table_no_memory(void);
HRESULT list_table_check_flags(ULONG flags, ULONG known);
HRESULT list_table_missing(const char *what);

/* list_table_list.c: the rows that are to be seen, under a restriction and an order (either may be NULL). */
HRESULT list_table_make(struct list_table *table, const SRestriction *restriction, const SSortOrderSet *order,
                        struct list_items *out);

/* The same under those that the table has; list_items_free. */
HRESULT list_table_list(struct list_table *table, struct list_items *out);

/* One row with the table's columns; MAPI_E_NOT_FOUND. */
HRESULT list_table_read(struct list_table *table, const struct list_item *item, LPSPropValue *values);
ULONG list_table_width(const struct list_table *table); /* how many columns that are */

/* Where each row of a list is, sorted by id; malloc'd, NULL: no memory. And one of them, or NULL. */
struct list_place {
    int64_t id;
    size_t at;
};
struct list_place *list_places(const struct list_items *list);
const struct list_place *list_place_find(const struct list_place *places, size_t count, int64_t id);

/* Brings the list up to date: what a method begins with that looks at rows or positions. */
HRESULT list_table_refresh(struct list_table *table);

/* The methods of list_table_view.c. */
HRESULT STDMETHODCALLTYPE list_table_get_row_count(IMAPITable *This, ULONG flags, ULONG *count);
HRESULT STDMETHODCALLTYPE list_table_seek_row(IMAPITable *This, BOOKMARK origin, LONG by, LONG *sought);
HRESULT STDMETHODCALLTYPE list_table_seek_row_approx(IMAPITable *This, ULONG numerator, ULONG denominator);
HRESULT STDMETHODCALLTYPE list_table_query_position(IMAPITable *This, ULONG *row, ULONG *numerator, ULONG *denominator);
HRESULT STDMETHODCALLTYPE list_table_find_row(IMAPITable *This, LPSRestriction restriction, BOOKMARK origin,
                                              ULONG flags);
HRESULT STDMETHODCALLTYPE list_table_restrict(IMAPITable *This, LPSRestriction restriction, ULONG flags);
HRESULT STDMETHODCALLTYPE list_table_create_bookmark(IMAPITable *This, BOOKMARK *out);
HRESULT STDMETHODCALLTYPE list_table_free_bookmark(IMAPITable *This, BOOKMARK id);
HRESULT STDMETHODCALLTYPE list_table_sort_table(IMAPITable *This, LPSSortOrderSet order, ULONG flags);
HRESULT STDMETHODCALLTYPE list_table_query_sort_order(IMAPITable *This, LPSSortOrderSet *out);
HRESULT STDMETHODCALLTYPE list_table_query_rows(IMAPITable *This, LONG count, ULONG flags, LPSRowSet *out);

#endif
