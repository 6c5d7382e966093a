/* mapi.table: a table with a cursor (IMAPITable). */
#ifndef LM_TABLE_H
#define LM_TABLE_H

#include "table_args.h"

/* What a table is opened with; its memory is kept by the table at the stack index `anchor`. */
struct lm_table_request {
    SPropTagArray *columns;
    SRestriction *where;
    SSortOrderSet *sort;
    int keys; /* stack index */
    int anchor;
};

/* Reads columns, where and sort, the first three options of the object at argument 1 that lm_options has read. */
HRESULT lm_table_request(lua_State *L, struct lm_object *self, int first, const char *const *defaults,
                         struct lm_table_request *out);

/* Pushes the table that `open` opens for the object at argument 1, whose named properties the table will know; or nil, message and
 * name. `parent`: stack index of what the table is opened through. Returns how many values. */
int lm_table_open(lua_State *L, const char *operation, int parent, const struct lm_table_request *request,
                  HRESULT (*open)(IUnknown *native, ULONG flags, IMAPITable **out), ULONG flags);

/* Sets the field `row` of the event on the top of the stack to the row with the keys of the table at a stack index. */
void lm_table_name_row(lua_State *L, int table, const SRow *row);

#endif
