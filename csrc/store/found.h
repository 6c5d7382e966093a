/* store/found.h - what searches have found: the tables `found` and `found_date`, and the counts of the search folders.
 * Inside a transaction.
 *
 * The order by date is a table of its own and no index of the other, so that a search that finds very many messages can sort
 * them first and write them down in that order, which takes a fraction of the time.
 */
#ifndef STORE_FOUND_H
#define STORE_FOUND_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

struct store;

/* What one message is to a search. */
struct sifted {
    bool found;
    int64_t received; /* its delivery_time */
    bool unread;
};

/* What a search has of a message. */
HRESULT found_read(struct store *store, int64_t search, int64_t message, struct sifted *out);

/* Makes it another; `before` is what found_read said. */
HRESULT found_change(struct store *store, int64_t search, int64_t message, const struct sifted *before,
                     const struct sifted *now);

/* Very many: everything goes; then messages are added, each once, in any order; then all is put right. */
HRESULT found_clear(struct store *store, int64_t search);
HRESULT found_add(struct store *store, int64_t search, int64_t message, const struct sifted *sifted);
HRESULT found_settle(struct store *store, int64_t search);

#endif
