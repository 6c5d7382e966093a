/* store/sql_functions.h - our functions in SQL. None is used in the schema, so that every program can read and check
 * the file. */
#ifndef STORE_SQL_FUNCTIONS_H
#define STORE_SQL_FUNCTIONS_H

#include "base/database.h"

/* mapi_prop(props, tag): a property out of a blob of properties as a number, text or blob, for sorting; NULL when it
 * is absent, of another type, multi-valued or kept in chunks.
 * mapi_test(text, test, id): whether the text of a message passes a struct text_test (store/filter.h); never NULL. */
HRESULT sql_functions_register(struct database *db);

#endif
