/* support/searches.h - search folders of the store of store_helper.h. Whatever fails here fails the test. */
#ifndef SUPPORT_SEARCHES_H
#define SUPPORT_SEARCHES_H

#include "support/store_helper.h"

/* A new search folder below the Search Root, writable. */
IMAPIFolder *new_search(const char *name);

/* SetSearchCriteria with up to three folders; restriction NULL, and no folder at all, mean the former ones. */
HRESULT try_search(IMAPIFolder *search, SRestriction *restriction, IMAPIFolder *one, IMAPIFolder *two, ULONG flags);
void look_for(IMAPIFolder *search, SRestriction *restriction, IMAPIFolder *where, ULONG flags);

ULONG search_state(IMAPIFolder *search);

/* "subject contains text", whatever its case; in memory that the next eight calls leave alone. */
SRestriction *subject_has(const char *text);

/* Every search of the store that runs has found what its restriction lets through when it is applied to its folders one by
 * one; its counts say so. */
void expect_searches_right(void);

#endif
