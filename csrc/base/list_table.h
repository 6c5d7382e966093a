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

/* ---- for those who tell of changes; the source is entered ---- */

/* What Advise of any table wants: MAPI_E_INVALID_PARAMETER. */
HRESULT list_table_check_advise(ULONG mask, const IMAPIAdviseSink *sink, const ULONG_PTR *connection);

/* What they have been told. All zero is valid; list_items_free of the rows. */
struct list_told {
    struct list_items rows; /* as they were to be seen then */
    bool lost;              /* there was no memory for them, or they could not be read */
};

struct list_teller {
    void *context;

    /* TABLE_ROW_ADDED and TABLE_ROW_MODIFIED with the row in front (NULL: it is the first) and a value for each of the table's
     * columns, TABLE_ROW_DELETED without. */
    void (*post)(void *context, ULONG event, const struct list_item *item, const struct list_item *prior, ULONG count,
                 LPSPropValue values);

    /* Optional: whether the row's content has changed although its note is the same. */
    bool (*touched)(void *context, int64_t id);
};

/* From now on the rows as the table would show them if it looked now have been told. */
void list_table_begin_telling(struct list_table *table, struct list_told *told);

/* Tells how those rows differ from what was told last: rows that are gone, then those that came, changed or moved, in their
 * order. On failure not all of it could be told row by row. */
HRESULT list_table_tell(struct list_table *table, struct list_told *told, const struct list_teller *teller);

/* PR_INSTANCE_KEY of a row that may be gone. */
enum { LIST_KEY_SIZE = 8 };
void list_key_make(int64_t id, unsigned char out[LIST_KEY_SIZE]);

#endif
