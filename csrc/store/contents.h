/* store/contents.h - the contents table of a folder, from the inside. The interface is contents_table.c.
 *
 * The table never holds its rows. It holds a place between two rows, and reads on from there by key: WHERE (key, id)
 * > (last key, last id). Rows are read ahead in batches that grow while nothing changes; they are thrown away, and
 * read again from the place, as soon as this process has changed anything in the store. No statement and no read
 * transaction outlives a call.
 *
 * Three orders:
 *   by id      the default; the key can never change
 *   by date    PR_MESSAGE_DELIVERY_TIME, ascending or descending, continued through an index
 *   by list    anything else: the ids (8 bytes a row, no row data) are sorted once by SQLite, in whatever moment the
 *              table is first read from its beginning, and the rows are then fetched as they are wanted. A keyset
 *              (TBLTYPE_KEYSET).
 *
 * "A row comes at most once": by id and by list that follows. By date, a row whose date is changed by a save in this
 * process after it was delivered is remembered and left out when it is met again (changes_rekeyed); a change of date
 * in another process is the one case that is not caught.
 *
 * The rows are a folder's messages, or what a search has found, or, for the search itself (search.h), whatever is in the
 * folders it looks through.
 */
#ifndef STORE_CONTENTS_H
#define STORE_CONTENTS_H

#include <mapisub.h>

#include "base/restriction.h"
#include "store/columns.h"
#include "store/filter.h"
#include "store/host.h"
#include "store/table_events.h"
#include "store/tree.h"

/* Which messages there are to be rows; struct contents says `folder` for the folder or the search. */
enum contents_source {
    OF_FOLDER,
    OF_SEARCH, /* the messages found (found.h) */
    OF_SCOPE   /* those in the folders looked through (table search_scope); in no order */
};

enum contents_order { ORDER_BY_ID, ORDER_BY_DATE, ORDER_BY_LIST };

/* A place between two rows. */
enum place_kind {
    PLACE_START, /* before all rows */
    PLACE_AT,    /* before the row with the key, whether it still exists or not */
    PLACE_AFTER, /* after it */
    PLACE_END    /* after all rows */
};

struct cursor {
    enum place_kind kind; /* of a list: PLACE_AT always */
    int64_t key;          /* by date: the delivery time */
    int64_t id;           /* by list: the index */
};

/* A column of the message table that a query selects. */
struct field {
    ULONG id; /* property id */
    const struct column *column;
    enum column_kind kind;
    int index; /* in the statement */
};

enum { FIELDS_MAX = 32 };

/* What a query selects: id and delivery_time always, then fields, then perhaps props. */
struct selection {
    struct field fields[FIELDS_MAX];
    int field_count;
    int own_count; /* of them, those that are not selected anyway */
    bool with_props;
    int props_index;
};

/* Where a column's value comes from. */
enum source {
    SOURCE_ABSENT,
    SOURCE_NULL, /* PR_NULL, a place holder */
    SOURCE_LONG, /* the same for all rows */
    SOURCE_BYTES,
    SOURCE_ENTRYID,
    SOURCE_INSTANCE_KEY,
    SOURCE_FIELD,
    SOURCE_PROPS
};

struct output {
    ULONG tag; /* as asked for, the type filled in where that is known */
    enum source source;
    const struct field *field;
    ULONG number;
    const void *bytes; /* in the table or the store */
    size_t size;
};

/* A row read ahead; the values are the client's once they are handed out. */
struct ahead {
    int64_t id;
    int64_t key; /* by list: the index */
    LPSPropValue values;
};

struct bookmark {
    bool used;
    struct cursor cursor;
    int64_t row; /* the row it stands before, 0 at the end, negative: a heading */
};

#define NEWEST_ANY INT64_MAX

struct contents {
    struct object object;
    IMapiTableSpan span; /* the second interface; counts with the object */
    struct store *store;
    enum contents_source source;
    int64_t folder;
    bool associated;
    int64_t newest;              /* rows with a higher id are left out; NEWEST_ANY: none */
    bool wide;                   /* MAPI_UNICODE: strings of the standard columns are UTF-16 */
    unsigned char folder_id[32]; /* entry identifier, which is PR_PARENT_ENTRYID of all rows of a folder */

    LPSPropTagArray columns; /* malloc'd, like outputs */
    struct output *outputs;
    struct selection selection; /* of columns and restriction */

    LPSSortOrderSet sort;       /* malloc'd; NULL: by id */
    LPSRestriction restriction; /* malloc'd; NULL: all rows */
    struct filter filter;       /* the same in SQL */
    enum contents_order order;
    bool descending;

    struct cursor cursor;
    int64_t position; /* rows before the cursor; -1: not known */

    int64_t *list; /* by list: the ids, those of headings negative (contents_groups.c) */
    size_t list_count;
    bool list_built;
    uint64_t list_seen;    /* store_version when it was built */
    struct groups *groups; /* of a list with categories; NULL: not built */

    struct ahead *ahead; /* from ahead_first on */
    size_t ahead_first;
    size_t ahead_count;
    size_t ahead_capacity;
    uint64_t ahead_seen;    /* changes_count when they were read */
    uint64_t ahead_version; /* store_version when they were read */
    uint64_t ahead_looked;  /* when that was last compared, in milliseconds */
    size_t expected;        /* rows that the client has said it will read; 0: not said, or read */
    bool ahead_last;        /* the walk that read them came to the table's end */
    size_t batch;

    struct bookmark *bookmarks;
    size_t bookmark_count;

    struct table_listening *_Atomic listening; /* NULL: nobody is registered */
    struct row_list members;                   /* while somebody is: the rows of a restricted table, by id */
    struct row_list missed; /* of another: those that had gone before it was told that they have come */
    bool members_lost;      /* there was no memory for them: then the table has changed, whatever happens */

    uint64_t rekeyed_seen;
    int64_t *skipped; /* rows delivered whose key has moved since */
    size_t skipped_count;
};

/* contents_events.c: Advise; the restriction has become another. */
HRESULT contents_advise(struct contents *table, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection);
void contents_events_restricted(struct contents *table);

/* contents_span.c: IMapiTableSpan. */
extern const IMapiTableSpanVtbl contents_span_vtbl;
HRESULT contents_query(struct object *object, REFIID iid, void **out);

/* contents_columns.c: SetColumns' work, and the selection a restriction needs. */
HRESULT contents_set_columns(struct contents *table, const SPropTagArray *tags);
void selection_add(struct selection *selection, const struct contents *table, ULONG tag);
void selection_add_restriction(struct selection *selection, const struct contents *table,
                               const SRestriction *restriction);

/* column_find, and what only rows from several folders have: which one each is in. */
const struct column *contents_column(const struct contents *table, ULONG tag);

/* The same for the table's restriction, as far as its filter leaves anything to be looked at. */
void selection_add_own(struct selection *selection, const struct contents *table);
ULONG constant_number(const struct contents *table, ULONG tag);
void contents_select(struct contents *table);
const struct field *selection_find(const struct selection *selection, ULONG tag);

/* Appends "SELECT id, delivery_time, ..." up to the table's name. */
HRESULT selection_sql(const struct selection *selection, struct byte_buffer *sql);

/* contents_row.c: a row as QueryRows hands it out, and as a restriction sees it. */
HRESULT contents_read_row(struct contents *table, sqlite3_stmt *statement, int64_t id, LPSPropValue *out);

struct row_view {
    struct contents *table;
    const struct selection *selection;
    sqlite3_stmt *statement;
    SPropValue values[4]; /* used in turn */
    void *heads[4];
    unsigned next;
    HRESULT hr; /* a failure that made a property look absent */
};

void row_view_begin(struct row_view *view, struct contents *table, const struct selection *selection);
void row_view_end(struct row_view *view);
HRESULT row_view_matches(struct row_view *view, sqlite3_stmt *statement, const SRestriction *restriction,
                         bool *matches);

/* contents_rows.c: walking. Rows that the table's restriction refuses, and skipped ones, are left out. */

/* Makes the filter of a table with this restriction, which must stay as long as it. */
HRESULT contents_filter(struct store *store, const SRestriction *restriction, struct filter *out);

/* Called for each row; *stop ends the walk. */
typedef HRESULT (*visit)(struct contents *table, sqlite3_stmt *statement, const struct cursor *row, void *context,
                         bool *stop);

/* Visits the rows after the place, or with backward those before it, nearest first; those which `also` (may be NULL)
 * refuses are left out. limit 0: all. selection must cover `also`, and have what selection_add_own adds. */
HRESULT contents_walk(struct contents *table, const struct cursor *from, bool backward,
                      const struct selection *selection, const SRestriction *also, int64_t limit, visit function,
                      void *context);

/* Whether the rows behind a place, or with backward before it, can be counted by SQL alone; then counts them. */
bool contents_can_count(const struct contents *table);
HRESULT contents_count_range(struct contents *table, const struct cursor *from, bool backward, int64_t *count);

/* Whether a change of the store, by whichever process, has come after the version; where that cannot be told, it has. */
bool contents_is_past(const struct contents *table, uint64_t version);

/* Makes sure that `ahead` has a row, unless the table ends here. wanted: how many rows the caller is going to take. */
HRESULT contents_fill(struct contents *table, size_t wanted);
void contents_drop_ahead(struct contents *table);

/* Takes the next row over; false when there is none ahead. */
bool contents_take(struct contents *table, struct ahead *row);

/* Back to the first row, with a list to be sorted anew. */
void contents_restart(struct contents *table);

HRESULT contents_count(struct contents *table, int64_t *count);

/* The number of rows before a place. */
HRESULT contents_rank(struct contents *table, const struct cursor *cursor, int64_t *rank);
HRESULT contents_position(struct contents *table, int64_t *position);
HRESULT contents_seek(struct contents *table, int64_t position);

/* Sorts the ids of a table by list where that has not been done, or is to be done again at its beginning. */
HRESULT contents_build_list(struct contents *table);

HRESULT contents_prepare(struct contents *table, struct byte_buffer *sql, sqlite3_stmt **out);

/* Appends " FROM ... WHERE ..." for the messages that may be rows (?1 folder or search, ?2 associated), in the order of
 * their ids or dates. */
HRESULT contents_append_source(const struct contents *table, bool by_date, struct byte_buffer *sql);

/* Prepares what reads one row by its id, which is to be bound to ?3; `also` (may be NULL) is a filter that must stay as
 * long as the statement. To be finalized. */
HRESULT contents_prepare_one(struct contents *table, const struct selection *selection, const struct filter *also,
                             sqlite3_stmt **out);

/* contents_list.c: what a sort key is in SQL; false when all rows have the same. */
bool contents_sort_expression(const struct contents *table, ULONG tag, char *out, size_t size);

/* contents_groups.c: categories (sorting-and-categorization.md). The rows of such a table are headings and messages.
 * The ids are kept twice: all of them in order, and in `list` what is to be seen, with a heading as minus its number
 * (counted from 1). */
ULONG contents_levels(const struct contents *table); /* of headings; 0: no categories */
HRESULT contents_check_categories(const SSortOrderSet *order);

/* While the ids are sorted: the statement's columns from `first` on are whether it is read, then one for each category
 * column. Takes the ids over when it is through; finish makes `list`. */
HRESULT groups_begin(struct contents *table, struct groups **out);
HRESULT groups_append_columns(const struct contents *table, struct byte_buffer *sql);
HRESULT groups_append_order(const struct contents *table, struct byte_buffer *sql);
HRESULT groups_add(struct groups *groups, sqlite3_stmt *statement, int first);
HRESULT groups_finish(struct contents *table, struct groups *groups, int64_t *ids, size_t count);
void groups_free(struct groups *groups);

HRESULT contents_read_heading(struct contents *table, int64_t id, LPSPropValue *out);
HRESULT contents_heading_matches(struct contents *table, int64_t id, const SRestriction *restriction, bool *matches);

/* The methods. Rows are to be read by the caller: expand leaves the cursor behind the heading. */
HRESULT contents_expand(struct contents *table, ULONG size, const BYTE *key, ULONG *more);
HRESULT contents_collapse(struct contents *table, ULONG size, const BYTE *key, ULONG *fewer);
HRESULT contents_get_state(struct contents *table, ULONG size, const BYTE *key, ULONG *state_size, LPBYTE *state);
HRESULT contents_set_state(struct contents *table, ULONG size, const BYTE *state, BOOKMARK *location);

/* contents_move.c: the methods that move the cursor, after their lifeline has been entered. */
HRESULT contents_move_row(struct contents *table, BOOKMARK origin, LONG rows, LONG *sought);
HRESULT contents_move_approx(struct contents *table, ULONG numerator, ULONG denominator);
HRESULT contents_query_place(struct contents *table, ULONG *row, ULONG *numerator, ULONG *denominator);
HRESULT contents_find(struct contents *table, const SRestriction *restriction, BOOKMARK origin, ULONG flags);
HRESULT contents_mark(struct contents *table, BOOKMARK *out);
HRESULT contents_unmark(struct contents *table, BOOKMARK bookmark);

/* A number of rows as the interface has it. */
ULONG contents_clamp(int64_t number);

/* Moves to a place without counting: the position is worked out when somebody asks. */
void contents_go_to(struct contents *table, const struct cursor *cursor);

/* Whether the row is still one of the table's. */
HRESULT contents_has_row(struct contents *table, int64_t id, bool *has);

#endif
