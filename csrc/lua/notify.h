/* session:advise, store:advise and table:advise: the functions of scripts that are told of events.
 *
 * The subsystem is given a sink for each registration. It calls the sink only where this Lua state dispatches
 * (MapiNotifyPort... in mapisub.h), and the sink calls the function, under protected call, with the notification made into
 * a table. A function that raises ends the dispatch; what waits behind it goes on waiting.
 *
 * A registration belongs to the session, not to the connection object: the session's list and LM_SESSION_CALLBACKS hold
 * it and its function, and the store or table it was made with. It ends with unadvise, with its store or table, or first thing
 * of all when the session ends [ending-a-mapi-session.md].
 */
#ifndef LM_NOTIFY_H
#define LM_NOTIFY_H

#include "object.h"

struct lm_registration;

/* session:advise, store:advise and table:advise */
int lm_session_advise(lua_State *L);
int lm_store_advise(lua_State *L);
int lm_table_advise(lua_State *L);

/* The state's port, made when it is first needed. */
HRESULT lm_port_need(struct lm_state *state);

/* Whether a registration is there whose session can still tell something. */
bool lm_registrations_alive(const struct lm_state *state);

/* Calls the functions for what waits now; answers how often. Raises what a function raises. */
lua_Integer lm_notify_dispatch(lua_State *L, struct lm_state *state, HRESULT *hr);

/* Unadvises everything that was registered with the session and its stores. `native`: the session's, or NULL where the
 * end of the session is the end of its own registrations. No Lua is called. */
void lm_registrations_end_all(struct lm_object *session, IUnknown *native);
/* The same for a store or a table, whose `native` is still usable. */
void lm_registrations_end(struct lm_object *source, IUnknown *native);

/* Lets go of the functions: of those registered with the open store or table at stack index 1, and of all of the closed session
 * there. Raises nothing. */
void lm_registrations_forget_source(lua_State *L);
void lm_registrations_forget_session(lua_State *L);

#endif
