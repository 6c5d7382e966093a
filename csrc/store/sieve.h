/* store/sieve.h - the criteria of one search, ready to be held against messages. Inside a transaction. */
#ifndef STORE_SIEVE_H
#define STORE_SIEVE_H

#include "store/contents.h"
#include "store/found.h"

struct sieve {
    struct contents
        table; /* no object of a client's: the messages in the search's folders that its restriction accepts,
                                 or, while it does not run, those it has found */
    struct selection selection;
    LPSRestriction criteria;
    sqlite3_stmt *statement;
    struct row_view view;
};

/* Reads the criteria of a search. sieve_close also after a failure. */
HRESULT sieve_open(struct sieve *sieve, struct store *store, int64_t search);
void sieve_close(struct sieve *sieve);

/* One message; and all there are, of which `each` is called with those found. A message that cannot be looked at, because
 * it is damaged or too large, is not found. */
typedef HRESULT (*sifted_each)(void *context, int64_t message, const struct sifted *sifted);

HRESULT sieve_one(struct sieve *sieve, int64_t message, struct sifted *out);
HRESULT sieve_all(struct sieve *sieve, sifted_each each, void *context);

#endif
