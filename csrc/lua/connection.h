/* mapi.connection: what every advise returns. Who registered what where is the business of its kind.
 *
 * The registration belongs to what it was made with, a session or an account manager: collecting the connection object
 * changes nothing. */
#ifndef LM_CONNECTION_H
#define LM_CONNECTION_H

#include "object.h"

struct lm_connection;

struct lm_connection_kind {
    bool account; /* failures have the names of the account management interfaces */
    /* As lm_type.end; the native is the sink. Runs no Lua. */
    HRESULT (*end)(struct lm_connection *self, IUnknown *native, enum lm_ending how);
    /* Lets go of the function: called before `end` where a script unadvises, with the connection at stack index 1 and
     * still open. Raises nothing. */
    void (*forget)(lua_State *L, struct lm_connection *self);
};

struct lm_connection {
    struct lm_object object; /* native: the sink */
    const struct lm_connection_kind *kind;
    lua_Integer key;  /* of the function, where the kind keeps it */
    ULONG_PTR number; /* what the native Advise answered */
};

static inline struct lm_connection *lm_connection_of(struct lm_object *object)
{
    return (struct lm_connection *)object;
}

/* Pushes a new closed connection with the parent at a stack index. */
struct lm_connection *lm_connection_new(lua_State *L, int parent, const struct lm_connection_kind *kind);

/* Raises unless the argument can be called. */
void lm_check_callable(lua_State *L, int arg);

#endif
