/* The session object: mapi.session. */
#ifndef LM_SESSION_H
#define LM_SESSION_H

#include "mail.h"

#include <mapisub.h>

/* 64 UTF-16 units are at most 192 bytes of UTF-8. */
enum { LM_PROFILE_SIZE = 200 };

struct lm_session {
    struct lm_object object; /* native: IMAPISession */
    IMapiSessionInfo *info;  /* what only our own subsystem can tell, one reference; NULL with a foreign MAPI */
    struct lm_registration *registrations; /* with it and its stores, newest first (notify.c) */
    HRESULT last_error;                    /* of the last failing call, for last_error() */
    bool shared;                           /* logged on with MAPI_ALLOW_OTHERS: the answer where `info` is absent */
    bool lent;                     /* a helper's or the host's session: closing it ends the loan, not the session */
    bool established;              /* a script has it: warn when it is dropped without logoff */
    bool asking;                   /* the dialog handler is running: ending it answers MAPI_E_BUSY */
    char profile[LM_PROFILE_SIZE]; /* UTF-8; for tostring and warnings */
};

/* User value beyond LM_PARENT: what advise was given, by key (notify.c); nil before the first. */
enum { LM_SESSION_CALLBACKS = LM_PARENT + 1 };

static inline struct lm_session *lm_session_of(struct lm_object *object)
{
    return (struct lm_session *)object;
}

/* Raises when it has been closed meanwhile; take it after the last call that allocates Lua memory. */
static inline IMAPISession *lm_session_native(lua_State *L, struct lm_session *self)
{
    return (IMAPISession *)lm_native(L, &self->object);
}

/* A method's own session: argument 1, open. */
static inline struct lm_session *lm_session_self(lua_State *L)
{
    return lm_session_of(lm_self(L));
}

/* Gives a new session object its native, whose reference it takes over, and learns what it can about it. No Lua is
 * called. */
void lm_session_open(struct lm_session *self, IMAPISession *native);

/* Enters an open session on the top of the stack into the state's map, so that the native is found again. Raises on
 * memory; until it returns, the session is not `established`. */
void lm_session_enter(lua_State *L, struct lm_session *self);

/* Pushes the open session object that this Lua state has for a native, or nothing. */
bool lm_session_push_known(lua_State *L, const void *native);

/* Pushes the session object of a native session: the one this Lua state has already, else a new lent one whose parent
 * is the object at stack index `lender`. */
void lm_session_push_native(lua_State *L, IUnknown *native, int lender);

/* Like lm_fail, remembering the result for last_error(). */
int lm_session_fail(lua_State *L, struct lm_session *self, const char *operation, HRESULT hr);

/* session_ladder.c */
int lm_session_logoff(lua_State *L);     /* session:logoff */
int lm_session_close(lua_State *L);      /* session:close */
int lm_session_close_meta(lua_State *L); /* __close */
HRESULT lm_session_end(struct lm_object *object, IUnknown *native, enum lm_ending how);
void lm_session_dropped(lua_State *L, struct lm_object *object);
void lm_session_ladder_open(lua_State *L); /* makes the metatable that guards a running question */

/* session_admin.c: stores, profile sections, services */
int lm_session_stores(lua_State *L);
int lm_session_services(lua_State *L);
int lm_session_status(lua_State *L);
int lm_session_profile_section(lua_State *L);
int lm_session_open_store(lua_State *L);
int lm_session_set_default_store(lua_State *L);
int lm_session_open_entry(lua_State *L);
int lm_session_compare_entry_ids(lua_State *L);
int lm_session_query_identity(lua_State *L);

#endif
