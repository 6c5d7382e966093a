/* store/row_builder.h - puts together the rows of tables that are kept in memory (base/memtable.h). */
#ifndef STORE_ROW_BUILDER_H
#define STORE_ROW_BUILDER_H

#include "base/memtable.h"
#include "base/propbag.h"
#include "store/logon.h"

/* All zero is ready for row_begin. */
struct row_builder {
    SPropValue *values;
    ULONG count;
    ULONG capacity;
    void *head; /* what the values point to */
    HRESULT hr; /* the first failure; later additions do nothing */
};

void row_begin(struct row_builder *row);
void row_free(struct row_builder *row);

/* Each adds one value; a property that is there already is left as it is. */
void row_long(struct row_builder *row, ULONG tag, ULONG value);
void row_boolean(struct row_builder *row, ULONG tag, bool value);
void row_time(struct row_builder *row, ULONG tag, int64_t ticks);
void row_binary(struct row_builder *row, ULONG tag, const void *bytes, size_t size);
void row_text(struct row_builder *row, ULONG tag, const char *utf8, size_t size);
void row_entryid(struct row_builder *row, struct store *store, ULONG tag, ULONG kind, int64_t id);

/* Adds the small values of a bag. */
void row_bag(struct row_builder *row, const struct prop_bag *bag);

/* Appends the row to the table, answering the first failure. */
HRESULT row_end(struct row_builder *row, struct memtable *table);

/* A column set in the width that flags (MAPI_UNICODE) ask for, copied from tags with PT_UNICODE. Ends in a table of
 * the store's. */
HRESULT table_create(struct store *store, const ULONG *tags, ULONG count, ULONG flags, struct memtable **out);

/* Hands a finished table out, or drops it. */
HRESULT table_finish(struct memtable *table, HRESULT hr, LPMAPITABLE *out);

#endif
