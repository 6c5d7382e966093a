/* store/columns.h - the one table that says which message properties have a column of their own, and how it is read. */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "store/holder.h"

enum column_kind {
    COLUMN_LONG,
    COLUMN_BOOLEAN,
    COLUMN_TIME, /* FILETIME ticks; NO_TIME is absent */
    COLUMN_TEXT,
    COLUMN_BINARY,
    COLUMN_FOLDER /* a folder's row; clients see its entry identifier. Of some tables only (contents.h) */
};

/* What delivery_time holds for a message without one: the column takes part in an index that tables continue by. */
#define NO_TIME INT64_MIN

/* Characters of PR_SUBJECT that are PR_SUBJECT_PREFIX: the column `prefix`. Ours, and never shown. */
#define PR_SUBJECT_PREFIX_LENGTH PROP_TAG(PT_LONG, 0x67F2)

/* Longest value that a restriction looks at outside the message's row. */
enum { LONGEST_SEARCHED = 64 << 20 };

struct column {
    ULONG tag;
    enum column_kind kind;
    const char *sql; /* an expression over the message table */
};

/* The column for a property id (the tag's type is not looked at), or NULL. */
const struct column *column_find(ULONG tag);

/* Whether it is worked out from other columns, or other tables. */
bool column_is_derived(const struct column *column);

/* A text longer than INLINE_LIMIT has only its beginning in its column. Whether a column's text may be such a beginning,
 * by its size; and the whole of it with a terminating NUL, or nothing where the column has it all. */
bool column_may_be_cut(size_t size);
HRESULT column_whole_text(struct store *store, int64_t message, ULONG tag, struct byte_buffer *out);

/* The columns a message row is loaded and saved by, in the order of MESSAGE_COLUMNS. */
#define MESSAGE_COLUMNS                                                                                                \
    "importance, message_class, subject, submit_time, representing_name, representing_address, sender_name, "          \
    "sender_address, display_bcc, display_cc, display_to, delivery_time, flags, size, status, internet_message_id, "   \
    "created, modified, search_key, prefix, props"

enum {
    MESSAGE_COLUMN_COUNT = 21,
    MESSAGE_PROPS_COLUMN = 20 /* counted from 0 */
};

/* Fills an empty holder from a row of MESSAGE_COLUMNS whose first column is `first`. MAPI_E_CORRUPT_DATA. */
HRESULT message_props_read(sqlite3_stmt *statement, int first, struct holder *props);

/* Binds MESSAGE_COLUMNS to the parameters from `first` (counted from 1) on. The holder and `blob`, which receives the
 * encoded rest, must stay as they are until the statement has run. store and place: where large values are. */
HRESULT message_props_bind(sqlite3_stmt *statement, int first, const struct holder *props, struct store *store,
                           struct place place, struct byte_buffer *blob);

#endif
