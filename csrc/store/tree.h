/* store/tree.h - messages with everything in them, in the database: writing, deleting, copying.
 *
 * All functions run inside a transaction of the caller's. Messages embedded in one another are worked off from a
 * list, so that depth costs memory and no stack.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store/body.h"

/* One message to write. */
struct tree_message {
    const struct holder *props;
    const struct body *body;
    int64_t row;        /* 0: insert */
    int64_t folder;     /* 0: embedded */
    int64_t attachment; /* the one it is embedded in, or 0 */
    bool associated;
    ULONG flags; /* PR_MESSAGE_FLAGS; of a message that exists, MSGFLAG_HASATTACH and MSGFLAG_UNMODIFIED are changed */
    int64_t modified; /* PR_LAST_MODIFICATION_TIME */
    uint64_t size;    /* PR_MESSAGE_SIZE; out */
};

/* Writes a message and all nodes below it; message->row becomes its row. slot_rows (may be NULL) receives the
 * attachment row of each of its slots, 0 for removed ones. The version of a message that exists is counted up. */
HRESULT tree_write(struct store *store, struct tree_message *message, int64_t *slot_rows);

/* Deletes a message with everything in it; an attachment likewise. What does not exist is no error. */
HRESULT tree_delete_message(struct store *store, int64_t row);
HRESULT tree_delete_attachment(struct store *store, int64_t row);

/* Copies a message with everything in it to a folder. MAPI_E_NOT_FOUND. */
HRESULT tree_copy_message(struct store *store, int64_t row, int64_t folder, int64_t *copy);

/* The row of the message embedded in an attachment, or 0. */
HRESULT tree_embedded(struct store *store, int64_t attachment, int64_t *row);

/* Runs a query with one parameter for some flags: MAPI_E_NOT_FOUND when there is no row. */
HRESULT tree_flags(struct store *store, const char *sql, int64_t parameter, const char *what, ULONG *flags);

/* PR_MESSAGE_FLAGS as they are in the file: MAPI_E_NOT_FOUND when the message does not exist any more. */
HRESULT tree_message_flags(struct store *store, int64_t row, ULONG *flags);

/* Runs a statement with one parameter. */
HRESULT tree_run(struct store *store, const char *sql, int64_t parameter, const char *what);

/* A growing list of rows. */
struct row_list {
    int64_t *rows;
    size_t count;
    size_t capacity;
};

HRESULT row_list_add(struct row_list *list, int64_t row);
void row_list_free(struct row_list *list);

/* Appends the first column of the statement's rows; sql takes one parameter. */
HRESULT row_list_query(struct row_list *list, struct store *store, const char *sql, int64_t parameter);

#endif
