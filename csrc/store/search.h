/* store/search.h - search folders (mapi-search-folders.md, imapicontainer-setsearchcriteria.md).
 *
 * What a search has found is kept in the database (found.h), and is brought up to date in the transaction that
 * changes a message, whoever makes it: nobody has to listen, or to have the search folder open, and a process that is
 * killed leaves nothing half done. SQLite's update hook says which messages have been touched; when what touched them has
 * been done, each is held against the searches that look through its folder, and those that had found it. In a store
 * without searches there is no hook.
 *
 * A search that has been stopped keeps what it has found, as it is now: messages that are deleted go, none comes.
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

struct folder;
struct sieve;
struct store;

/* Of the transaction under way. Belongs to struct store. */
struct searches_pending {
    bool any;         /* the store has searches */
    bool lost;        /* there was no memory for a touched message: the transaction must fail */
    int64_t *touched; /* messages, some more than once */
    size_t count;
    size_t capacity;
    struct sieve **sieves; /* of the searches that have been needed so far, by row */
    size_t sieve_count;
};

/* search_update.c, for store_begin and store_end_transaction: a new transaction; what has been found, brought up to
 * date at the end of each, also of an inner one; the end of the outermost, whatever became of it. */
HRESULT searches_begin(struct store *store);
HRESULT searches_update(struct store *store);
void searches_end(struct store *store);

/* The criteria of a search have become others: from now on the store has one, if it had none. */
void searches_changed(struct store *store);

/* A message that may be found, or not any more, without having been changed itself. Nothing where there are no searches. */
HRESULT searches_touch(struct store *store, int64_t message);

/* search_scope.c. Inside a transaction: a folder has been made (below `parent`), moved from one parent to another, or is about to be
 * deleted. */
HRESULT search_folder_added(struct store *store, int64_t row, int64_t parent);
HRESULT search_folder_moved(struct store *store, int64_t row, int64_t from, int64_t to);
HRESULT search_folder_removed(struct store *store, int64_t row);

/* Which folders a search looks through, anew from the list it was given. */
HRESULT search_scope_make(struct store *store, int64_t search, bool recursive);

/* search.c: IMAPIContainer::SetSearchCriteria and GetSearchCriteria, after the folder was entered. */
HRESULT search_set_criteria(struct folder *folder, const SRestriction *restriction, const ENTRYLIST *list, ULONG flags);
HRESULT search_get_criteria(struct folder *folder, ULONG flags, LPSRestriction *restriction, LPENTRYLIST *list,
                            ULONG *state);

/* Whether any search of the store is running. */
HRESULT search_any_running(struct store *store, bool *running);

/* For what cannot be done in a search folder (mapi-folders.md: "in effect read-only"): MAPI_E_NO_ACCESS with the sentence
 * if `folder` is one. */
HRESULT search_refuse(const struct folder *folder, const char *what);

#endif
