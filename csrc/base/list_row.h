/* base/list_row.h - one row of a table as its values, in any order; knows nothing of tables. */
#ifndef BASE_LIST_ROW_H
#define BASE_LIST_ROW_H

#include <stdbool.h>

#include <mapidefs.h>

struct list_row {
    ULONG count;
    SPropValue *values;

    /* Optional. A value that is expensive to have may be announced only, as PT_ERROR with MAPI_E_NOT_ENOUGH_MEMORY; when
     * somebody wants it, this puts it in its place, or leaves it where it is too large to be shown. */
    void (*fetch)(void *context, SPropValue *value);
    void *context;
};

/* The row's property with the tag's id, or NULL; PT_ERROR counts as absent. */
const SPropValue *list_row_find(const struct list_row *row, ULONG tag);

bool list_row_matches(const struct list_row *row, const SRestriction *restriction);

/* The row as QueryRows hands it out: a block of MAPIAllocateBuffer with a value for each column. Strings come in the
 * width of their column; a column of PT_UNSPECIFIED takes whatever type there is. */
HRESULT list_row_read(const struct list_row *row, const SPropTagArray *columns, SPropValue **out);

#endif
