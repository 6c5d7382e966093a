/* What folder:rows, :messages, :folders and :table take: columns, where, sort (restriction.c, table_args.c).
 *
 * Everything is read and checked before a native table is opened. Memory is kept by the table at stack index `anchor`
 * (absolute). The HRESULT is what looking up a named property answered; misuse raises.
 */
#ifndef LM_TABLE_ARGS_H
#define LM_TABLE_ARGS_H

#include "prop.h"

/* `where` at a stack index becomes a restriction; nil becomes NULL. flags: 0, and a named property that the store does not
 * know matches nothing; or MAPI_CREATE, and it knows it from then on. */
HRESULT lm_where_read(lua_State *L, struct lm_object *self, int index, ULONG flags, int arg, int anchor,
                      SRestriction **out);

/* The opposite: pushes a table from which lm_where_read makes the same. false, and nothing pushed: the restriction has
 * something in it that `where` cannot say. */
bool lm_where_push(lua_State *L, const SRestriction *restriction);

/* `sort`: "subject", "-message_delivery_time", or an array of them; nil becomes NULL. */
HRESULT lm_sort_read(lua_State *L, struct lm_object *self, int index, int arg, int anchor, SSortOrderSet **out);

/* `columns` at a stack index, an array of property names; nil: `defaults`, an array of names that NULL ends. Pushes
 * an array of the keys, as written, and fills in the tags: the first is PR_ENTRYID with the key "entryid", whatever
 * was asked for. A named property that the store does not know becomes PR_NULL. */
HRESULT lm_columns_read(lua_State *L, struct lm_object *self, int index, int arg, int anchor,
                        const char *const *defaults, SPropTagArray **out);

/* The columns a contents table and a hierarchy table have where the script names none. */
extern const char *const lm_message_columns[];
extern const char *const lm_folder_columns[];

/* Says to a table that a loop is going to read its rows, at most `limit` (negative: all): the body of the loop may make rows. */
HRESULT lm_announce_loop(IMAPITable *table, lua_Integer limit);

#endif
