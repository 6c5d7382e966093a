/* store/filter.h - a restriction as an SQL condition over the message table.
 *
 * What base/restriction.c decides is what counts; SQL is a faster way to the same answer. Comparisons, bit masks,
 * sizes and existence of properties with a column of their own become SQL; text is compared by mapi_test
 * (sql_functions.c), which asks the very same code or a search that is proven against it. A property that is absent
 * makes every comparison false, and false becomes true again under NOT: so below a NOT no part may be NULL.
 *
 * What SQL cannot decide (properties in the blob, sub-restrictions, comparisons of two texts) is left out where that
 * lets more rows through, never fewer: out of an AND. The filter is then not exact, and rows that pass have to be
 * looked at by row_view_matches.
 */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include "base/byte_buffer.h"
#include "base/restriction.h"
#include "base/text_needle.h"
#include "store/logon.h"

/* One comparison of a text: what mapi_test gets. */
struct text_test {
    struct store *store;
    const SRestriction *leaf;
    ULONG tag; /* of the column; 0 when what it holds is all there is */
    bool searched;
    struct text_needle needle; /* where searched */
};

/* All zero: no restriction. */
struct filter {
    struct byte_buffer sql; /* a condition; empty: everything passes */
    bool exact;             /* whatever passes matches */
    int64_t row;            /* the only one that can match; 0: not known */
    struct text_test *tests;
    size_t test_count;
    int first; /* number of the first test's parameter */
};

/* Translates a checked restriction (NULL: none), which must stay as long as the filter. first: the first free parameter
 * number of the statements it will be part of. */
HRESULT filter_make(struct store *store, const SRestriction *restriction, int first, struct filter *out);
void filter_clear(struct filter *filter);

/* Appends " AND condition", or nothing; binds the condition's parameters. */
HRESULT filter_append(const struct filter *filter, struct byte_buffer *sql);
void filter_bind(const struct filter *filter, sqlite3_stmt *statement);

/* For mapi_test: whether a text passes. `id` is its message. */
HRESULT text_test_run(const struct text_test *test, const char *text, size_t size, int64_t id, bool *passes);

/* The kind of pointer that mapi_test takes. */
#define TEXT_TEST_POINTER "mapi_test"

#endif
