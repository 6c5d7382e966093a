/* base/memtable_rows.h - the rows of a table in memory and the views of them; knows nothing of interfaces or locks.
 *
 * Internal to the memtable files.
 */
#ifndef BASE_MEMTABLE_ROWS_H
#define BASE_MEMTABLE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

/* A row is one malloc'd block: this, then the values and what they point to. */
struct memrow {
    ULONG count;
    SPropValue *values;
};

/* The rows in the order in which they were appended, and the tags that occur in them. All zero is valid and empty. */
struct memrows {
    struct memrow **rows;
    size_t count;
    size_t capacity;
};

/* Appends a copy of a row, with a PR_INSTANCE_KEY if it has none. The values must have been checked. */
HRESULT memrows_append(struct memrows *rows, ULONG count, const SPropValue *values);
void memrows_free(struct memrows *rows);

/* The row's property with the tag's id, or NULL; PT_ERROR counts as absent. */
const SPropValue *memrow_find(const struct memrow *row, ULONG tag);

bool memrow_matches(const struct memrow *row, const SRestriction *restriction);

/* One row as QueryRows hands it out: a block of MAPIAllocateBuffer with a value for each column. */
HRESULT memrow_read(const struct memrow *row, const SPropTagArray *columns, SPropValue **out);

/* The indices of the rows that match, in the order asked for (both may be NULL). *view is malloc'd, never NULL on
 * S_OK. */
HRESULT memrows_view(const struct memrows *rows, const SRestriction *restriction, const SSortOrderSet *order,
                     size_t **view, size_t *count);

#endif
