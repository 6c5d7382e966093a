/* The account manager and what it opens: mapi.account_manager, mapi.account, mapi.account_enum, mapi.connection.
 *
 * The manager is the parent of its accounts, enumerators and connections. Its helper is no parent of it: the native
 * manager has a reference of its own (iolkaccountmanager-init.md), so closing the helper's object ends what the script
 * may do with it and not the manager. Natives are called with lm_enter around them wherever a helper may be called
 * back, and on an own reference, since a helper written in Lua may close anything.
 */
#ifndef LM_ACCOUNT_H
#define LM_ACCOUNT_H

#include "object.h"

#include <mapisub.h>

/* What a client was told and the script was not yet. */
struct lm_notice {
    bool waiting;
    DWORD event;   /* NOTIFY_ACCT_* */
    DWORD account; /* 0 for NOTIFY_ACCT_ORDER_CHANGED */
    lua_Integer key;
};

struct lm_account_manager {
    struct lm_object object;                    /* native: IOlkAccountManager */
    IOlkAccountManagerEmbedded *embedded;       /* what only our own subsystem can do; NULL with a foreign MAPI */
    struct lm_account_manager *next, *previous; /* the open managers of the Lua state, newest first */
    struct lm_notice notice;
    lua_Integer last_key;     /* of a connection's function in LM_MANAGER_CALLBACKS */
    IOlkAccountHelper *named; /* one reference, for the profile's name; NULL where a script would have to be asked */
    ULONG connections;        /* registrations */
    ULONG budget;             /* of the mapi.dispatch that is under way: how many calls are left */
    HRESULT answer;           /* what DisplayAccountList is to hear from its dialog */
    bool asked;               /* it has asked */
    lua_State *finalizer;     /* the thread that collects it, for warnings */
};

/* User values beyond LM_PARENT. */
enum {
    LM_MANAGER_HELPER = 2, /* the helper object: a helper written in Lua has its functions there */
    LM_MANAGER_CALLBACKS,  /* key -> function; nil before the first manager:advise */
    LM_MANAGER_USER_VALUES = 2
};

static inline struct lm_account_manager *lm_manager_of(struct lm_object *object)
{
    return (struct lm_account_manager *)object;
}

static inline IOlkAccountManager *lm_manager_native(const struct lm_account_manager *self)
{
    return (IOlkAccountManager *)self->object.native;
}

/* mapi.account_manager */
int lm_account_manager_create(lua_State *L);

/* account_enum.c: manager:enumerate and manager:accounts */
int lm_manager_enumerate(lua_State *L);
int lm_manager_accounts(lua_State *L);

/* account_create.c: manager:create */
int lm_manager_create(lua_State *L);

/* Where an account is in the state's list of those that need no look at their metatable. object.c takes what is finalized
 * out of it, so that no other object can be taken for it. */
static inline struct lm_object **lm_account_place(struct lm_state *state, const void *object)
{
    return &state->accounts[((uintptr_t)object >> 4) % LM_ACCOUNTS];
}

/* account.c: pushes a closed account of the manager at a stack index; lm_open gives it its native. */
struct lm_object *lm_account_new(lua_State *L, int manager);
/* Pushes the account with an id, or the failure; answers how many values. Stack index 1: the manager. */
int lm_account_push_id(lua_State *L, DWORD id, const char *operation);

/* account_notify.c */
int lm_manager_advise(lua_State *L);
void lm_manager_link(struct lm_account_manager *self);   /* opened */
void lm_manager_unlink(struct lm_account_manager *self); /* closed */
/* Whether anything can ever come. */
bool lm_accounts_watched(const struct lm_state *state);
/* Calls the functions that were registered with manager:advise, as often as something waits now; answers how often.
 * Raises what a function raises; the rest stays queued. *hr: why a manager could not be asked, or S_OK. */
lua_Integer lm_accounts_dispatch(lua_State *L, struct lm_state *state, HRESULT *hr);

#endif
