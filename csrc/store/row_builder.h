/* store/row_builder.h - puts together one row of a table (base/list_row.h). */
#ifndef STORE_ROW_BUILDER_H
#define STORE_ROW_BUILDER_H

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

/* Adds the values of a bag that it has in memory. */
void row_bag(struct row_builder *row, const struct prop_bag *bag);

/* The same, but large values are announced only (list_row's fetch). */
void row_announce(struct row_builder *row, const struct prop_bag *bag);

#endif
