/* Building one row of a table out of a section's properties and a few computed ones. A failure is kept
   until table_row_append, or is the row's, for a list table that reads it. */
#ifndef CORE_TABLE_ROW_H
#define CORE_TABLE_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include <mapix.h>

#include "base/memtable.h"
#include "base/propbag.h"

struct table_row {
    HRESULT hr;
    SPropValue *values; /* one block for MAPIFreeBuffer, with what they point to */
    ULONG count;
    ULONG capacity;
};

HRESULT table_row_begin(struct table_row *row, ULONG capacity);

/* Those of the tags that the bag has. A property that is in the row already is left alone. */
void table_row_add_bag(struct table_row *row, const SPropTagArray *tags, const struct prop_bag *bag);
/* Computed ones; they replace. The bytes must live as long as the row. */
void table_row_add_long(struct table_row *row, ULONG tag, ULONG value);
void table_row_add_boolean(struct table_row *row, ULONG tag, bool value);
void table_row_add_binary(struct table_row *row, ULONG tag, const void *bytes, size_t size);

/* Appends the row (unless something has failed) and frees it. */
HRESULT table_row_append(struct table_row *row, struct memtable *table);

/* Frees one that was not appended; all zero is valid. */
void table_row_free(struct table_row *row);

#endif
