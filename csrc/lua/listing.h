/* Iterators over small tables: profiles, stores, services. */
#ifndef LM_LISTING_H
#define LM_LISTING_H

#include "object.h"

#include <mapix.h>

struct lm_column {
    ULONG tag;
    const char *name; /* the key a script sees */
};

struct lm_listing {
    struct lm_object object; /* native: IMAPITable */
    const char *operation;   /* what made it; for errors */
    const struct lm_column *columns;
    ULONG count;
};

/* The most columns a listing has. */
enum { LM_LISTING_COLUMNS = 16 };

/* Pushes a new closed listing. `columns` and `operation` are static. */
struct lm_listing *lm_listing_new(lua_State *L, int parent, const char *operation, const struct lm_column *columns,
                                  ULONG count);

/* Gives it its table, whose reference it takes over, chooses the columns and pushes the values of a generic for; raises
 * as iterators do. The listing is on the top of the stack. */
int lm_listing_start(lua_State *L, struct lm_listing *self, IMAPITable *table);

#endif
