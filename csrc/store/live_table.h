/* store/live_table.h - the store's tables but for the contents tables: list tables (base/list_table.h) whose rows are read from
 * the store, or from an open message, when they are wanted.
 *
 * Each kind of table begins with a struct live_table and describes itself by a struct live_class. A change by whatever process
 * makes the list be made anew at the next call. Somebody registered with the table is told, when the changes of the store are
 * read (events.h), how what is to be seen then differs from what he was told last.
 */
#ifndef STORE_LIVE_TABLE_H
#define STORE_LIVE_TABLE_H

#include "base/list_table.h"
#include "store/holder.h"
#include "store/row_builder.h"
#include "store/table_events.h"
#include "store/tree.h"

struct live_table;

struct live_class {
    bool no_bookmarks;
    ULONG key_size; /* of PR_INSTANCE_KEY, which is the row's id, little endian: at most LIST_KEY_SIZE */

    /* As in list_source_class. version NULL: every change of the store counts. */
    HRESULT (*version)(struct live_table *table, uint64_t *version);
    HRESULT (*list)(struct live_table *table, struct list_items *out);

    /* Puts the row's values into table->row, which has been begun; MAPI_E_NOT_FOUND. For what it has announced only it sets
     * table->props and table->place. */
    HRESULT (*fill)(struct live_table *table, const struct list_item *item);

    /* Whether the table may look different after the change, and which row has another content then; 0: none. NULL: nobody can
     * be registered. */
    bool (*concerns)(const struct live_table *table, const struct table_change *change, int64_t *row);

    /* Optional: whether the table may still be used; what the kind holds is given back. */
    HRESULT (*check)(struct live_table *table);
    void (*release)(struct live_table *table);
};

struct live_table {
    struct list_source source;
    const struct live_class *class;
    struct store *store; /* attached to */
    struct row_builder row;
    struct list_row shown; /* what is in `row` */
    const struct holder *props;
    struct place place;
    struct holder read; /* for props that were read from the database */

    struct table_listening *_Atomic listening; /* NULL: nobody is registered */
    struct list_told told;
    bool dirty;              /* a change that has been read concerns the table */
    struct row_list touched; /* rows whose content it changed */
};

/* Makes a table of `table`, which is malloc'd, zeroed but for the kind's own members, and taken over: freed on failure, after
 * class->release. `tags` is the column set with PT_UNICODE, of which flags (MAPI_UNICODE) say how wide it is to be. */
HRESULT live_table_create(struct live_table *table, const struct live_class *class, struct store *store,
                          const ULONG *tags, ULONG count, ULONG flags, LPMAPITABLE *out);

/* Lists the rows of a statement, which is done with: ids in the first column, notes in the second. */
HRESULT live_table_query(struct live_table *table, sqlite3_stmt *statement, const char *what, struct list_items *out);

/* Reads an item's row with a statement whose parameter is its id: MAPI_E_NOT_FOUND when it is not there any more. */
HRESULT live_table_read(struct live_table *table, const char *sql, const char *what, const struct list_item *item,
                        HRESULT (*read)(struct live_table *table, sqlite3_stmt *statement,
                                        const struct list_item *item));

/* live_events.c */
HRESULT live_table_advise(struct live_table *table, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection);
HRESULT live_table_unadvise(struct live_table *table, ULONG_PTR connection);
void live_table_rearranged(struct live_table *table);
void live_table_forget(struct live_table *table); /* the last Release; not entered */

#endif
