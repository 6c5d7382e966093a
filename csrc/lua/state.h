/* The binding's context: one per Lua state, a userdata in the registry.
 *
 * The binding has no mutable statics. What it must remember between two calls lives in struct lm_state, kept under the
 * address of a constant in the registry, and handed to every C function of the module as an upvalue. It is created by
 * luaopen_mapi_core and outlives every object of the module: Lua runs finalizers at lua_close newest first, and frees
 * memory only after the last of them. Its own finalizer releases what is still open, drops what is still queued and
 * balances MAPIInitialize.
 */
#ifndef LM_STATE_H
#define LM_STATE_H

#include <lauxlib.h>
#include <lua.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapisub.h>

struct lm_object;
struct lm_type;
struct lm_script_helper;
struct lm_account_manager;
struct lm_delivery;

/* A name that was used, and the property it stands for (names.h). */
struct lm_name {
    const void *kept; /* the Lua string, which is in LM_STATE_NAMES; NULL: none */
    uint32_t tag;
};

enum lm_name_kind { LM_NAME_OF_ACCOUNT, LM_NAME_OF_PROPERTY, LM_NAME_KINDS };

/* Where the registry has the metatable of a type, next to its place under the type's address (object.c). */
struct lm_metatable {
    const struct lm_type *type;
    int number;
};

enum { LM_NAMES = 128, LM_ACCOUNTS = 64, LM_METATABLES = 64 };

struct lm_state {
    lua_State *current;       /* thread of the call that may call back synchronously; NULL outside such calls */
    struct lm_object *newest; /* all open objects of this Lua state, newest first (object.h) */
    char *callback_message; /* what a function called back by the subsystem raised; malloc'd; failure.c hands it out */
    struct lm_script_helper *scripts;    /* natives of helpers written in Lua (script_helper.c) */
    struct lm_account_manager *managers; /* open account managers, newest first (account_notify.c) */
    LPMAPINOTIFYPORT port;               /* where notifications wait (notify.c); NULL before the first need */
    bool accounts_wake;                  /* it is woken when accounts change (account_notify.c) */
    struct lm_delivery *delivery;        /* the dispatch that is calling functions, or NULL */
    size_t registrations;                /* made with session:advise and store:advise */
    lua_Integer last_key;                /* of one of their functions */
    size_t native_bytes;                 /* estimate of the native memory behind the open objects */
    size_t native_limit;                 /* collect when native_bytes would pass this */
    struct lm_metatable metatables[LM_METATABLES];
    struct lm_name names[LM_NAME_KINDS][LM_NAMES];
    struct lm_object *accounts[LM_ACCOUNTS]; /* some of those that Lua has not finalized, by address (account.c) */
    bool initialized;                        /* MAPIInitialize succeeded and must be balanced */
    bool closing;                            /* the finalizer has run: nothing may be created any more */
    bool dispatching;                        /* inside mapi.dispatch: a nested one delivers nothing */
};

/* Upvalues of every C function that the module registers. Functions of the module have LM_UPVALUE_STATE only; methods
 * of a type have the type's metatable too, which makes the type check one pointer comparison (object.h). */
enum { LM_UPVALUE_STATE = 1, LM_UPVALUE_METATABLE = 2 };

/* User values of the state's userdata. */
enum {
    LM_STATE_SESSIONS = 1, /* native session -> its session object; weak values */
    LM_STATE_DIALOG,       /* dialog handler: function, false (never ask) or nil (the default) */
    LM_STATE_HELPERS,      /* native of a helper written in Lua -> its helper object; weak values */
    LM_STATE_DEFERRED,     /* the same native -> the hands_off that waits for mapi.dispatch, or false: room for one */
    LM_STATE_MANAGERS,     /* memory of an account manager -> that object; weak values */
    LM_STATE_NAMES,        /* place in lm_state.names, counted through from 1 -> the string kept there */
    LM_STATE_USER_VALUES = LM_STATE_NAMES
};

/* The state of a function registered by the module. Valid in the function itself and in its continuations. */
static inline struct lm_state *lm_state(lua_State *L)
{
    return (struct lm_state *)lua_touserdata(L, lua_upvalueindex(LM_UPVALUE_STATE));
}

/* Creates the context if this Lua state has none, and pushes its userdata. Raises on memory. */
struct lm_state *lm_state_push(lua_State *L);

/* Pushes one of the tables above; never raises. */
void lm_state_push_value(lua_State *L, int which);

/* MAPIInitialize, once per Lua state and only when first needed. Call before the first native call of an operation that
 * starts something (logon, profiles, helper). MAPI_E_NOT_INITIALIZED while the state is closing: nothing may be created
 * then. */
HRESULT lm_state_need(lua_State *L);

/* Registers the functions of `list` into the table on the top of the stack, with the state as upvalue. */
void lm_register(lua_State *L, const luaL_Reg *list);

#endif
