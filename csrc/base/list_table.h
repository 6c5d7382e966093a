/* base/list_table.h - an IMAPITable over a list of rows that somebody names and reads.
 *
 * The table holds what the rows are called (16 bytes a row) in the order in which they are to be seen; a row itself is read
 * when it is wanted, and not kept. Where the source says that something has changed, the list is made anew before the next
 * method does its work: the cursor and the bookmarks stay before the rows they were before, or, where those are gone, before
 * the next ones that are still there.
 *
 * Serves every table but the contents table of a folder, whose rows can be too many to be listed. Complete but for categories
 * (SortTable: MAPI_E_TOO_COMPLEX).
 */
#ifndef BASE_LIST_TABLE_H
#define BASE_LIST_TABLE_H

#include <stdint.h>

#include <mapidefs.h>

#include "base/lifeline.h"
#include "base/list_row.h"

struct list_table;
struct list_source;

/* What a row is called. `note` is the source's own; a row whose note has become another has changed. */
struct list_item {
    int64_t id;
    int64_t note;
};

/* All zero is a valid empty list. */
struct list_items {
    struct list_item *items;
    size_t count;
    size_t capacity;
};

HRESULT list_items_add(struct list_items *list, int64_t id, int64_t note);
void list_items_free(struct list_items *list);

/* Where each row of a list is, sorted by id; malloc'd, NULL: no memory. And one of them, or NULL. */
struct list_place {
    int64_t id;
    size_t at;
};
struct list_place *list_places(const struct list_items *list);
const struct list_place *list_place_find(const struct list_place *places, size_t count, int64_t id);

/* Where the rows come from. All functions but `end` are called with the source entered. */
struct list_source_class {
    ULONG type; /* TBLTYPE_... */

    /* Around every method. NULL: the lifeline is entered and left. */
    HRESULT (*enter)(struct list_source *source);
    void (*leave)(struct list_source *source);

    /* A number that is another one when `list` may have another answer, or a row another value. NULL: that never happens. */
    HRESULT (*version)(struct list_source *source, uint64_t *version);

    /* Appends all rows, in their own order, each id once. */
    HRESULT (*list)(struct list_source *source, struct list_items *out);

    /* One row, valid until the next call. MAPI_E_NOT_FOUND: it is gone. */
    HRESULT (*read)(struct list_source *source, const struct list_item *item, const struct list_row **out);

    /* IMAPITable::Advise and Unadvise. NULL: MAPI_E_NO_SUPPORT. */
    HRESULT (*advise)(struct list_source *source, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection);
    HRESULT (*unadvise)(struct list_source *source, ULONG_PTR connection);

    /* Optional: the restriction or the order has become another. */
    void (*rearranged)(struct list_source *source);

    /* The table's last Release; frees the source. Not entered. */
    void (*end)(struct list_source *source);
};

struct list_source {
    const struct list_source_class *class;
    struct lifeline *life;    /* kept alive by the source */
    bool no_bookmarks;        /* as on attachment tables: MAPI_E_NO_SUPPORT (imapitable-createbookmark.md) */
    struct list_table *table; /* set by list_table_create */
};

/* A table with one reference that takes the source over. `columns` is its first column set (copied; may have no columns), in
 * which PR_NULL is a place holder. MAPI_E_NOT_ENOUGH_MEMORY, with the source still the caller's. */
HRESULT list_table_create(struct list_source *source, const SPropTagArray *columns, struct list_table **out);

/* The table as its interface; no reference is added. */
IMAPITable *list_table_as_table(struct list_table *table);

/* For those who tell of changes. The rows as the table would show them if it looked now; list_items_free. */
HRESULT list_table_list(struct list_table *table, struct list_items *out);

/* One row with the table's columns; MAPI_E_NOT_FOUND. */
HRESULT list_table_read(struct list_table *table, const struct list_item *item, LPSPropValue *values);
ULONG list_table_width(const struct list_table *table); /* how many columns that are */

/* PR_INSTANCE_KEY of a row that may be gone. */
enum { LIST_KEY_SIZE = 8 };
void list_key_make(int64_t id, unsigned char out[LIST_KEY_SIZE]);

#endif
