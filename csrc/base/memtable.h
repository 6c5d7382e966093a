/* base/memtable.h - a table (base/list_table.h) over rows kept in memory: a snapshot (TBLTYPE_SNAPSHOT).
 *
 * Serves every table that is small and made at once: profiles, services, providers, the status table. Advise answers
 * MAPI_E_NO_SUPPORT.
 */
#ifndef BASE_MEMTABLE_H
#define BASE_MEMTABLE_H

#include <mapidefs.h>

#include "base/lifeline.h"

struct memtable;

/* A new empty table with one reference. `columns` is its first column set (copied; may have no columns), in which
 * PR_NULL is a place holder. `life` is taken a reference on; when it has ended every method answers
 * MAPI_E_INVALID_OBJECT, and the rows already handed out stay valid. NULL: the table has a lock of its own and ends
 * with its last Release. S_OK; MAPI_E_INVALID_PARAMETER; MAPI_E_NOT_ENOUGH_MEMORY; *out is NULL on failure. */
HRESULT memtable_create(struct lifeline *life, const SPropTagArray *columns, struct memtable **out);

/* Appends a row, a deep copy of the values (any order; a property that is not among them is absent from the row;
 * PT_ERROR values count as absent). PR_INSTANCE_KEY is made up from the row's number where the row brings none. */
HRESULT memtable_append(struct memtable *table, ULONG count, const SPropValue *row);

/* The table as its interface; no reference is added. */
IMAPITable *memtable_as_table(struct memtable *table);

/* Drops a reference (the same as the interface's Release). NULL is allowed. */
void memtable_release(struct memtable *table);

#endif
