/* The helper object: mapi.helper. */
#ifndef LM_HELPER_H
#define LM_HELPER_H

#include "object.h"

#include <mapisub.h>

struct lm_script_helper;

enum lm_helper_kind { LM_HELPER_OWNING, LM_HELPER_BORROWING, LM_HELPER_SCRIPTED };

struct lm_helper {
    struct lm_object object; /* native: IOlkAccountHelper */
    enum lm_helper_kind kind;
    struct lm_script_helper *script; /* of a scripted one: what `native` points to */
};

/* User values beyond LM_PARENT. */
enum {
    LM_HELPER_SOURCE = 2, /* borrowing: the session object; scripted: the table of functions */
    LM_HELPER_SESSION,    /* scripted: the session that get_session returned last, kept until it is handed off */
    LM_HELPER_USER_VALUES = 2
};

/* The functions of a scripted helper, in its table. */
enum { LM_HELPER_GET_IDENTITY = 1, LM_HELPER_GET_SESSION, LM_HELPER_HANDS_OFF };

/* mapi.helper */
int lm_helper_create(lua_State *L);

/* Pushes a helper that borrows the session at a stack index; or fails. */
int lm_helper_borrow(lua_State *L, int session, const char *operation);

/* A session that `lender` had lent was really logged off: an owning helper forgets it. NULL and other objects are fine.
 */
void lm_helper_session_gone(lua_State *L, struct lm_object *lender);

/* Whether the session it has lent cannot be ended now, because its dialog handler is running. */
bool lm_helper_asking(const struct lm_object *helper);

/* An account manager has let go of its helper. Where that has ended the session that the helper had lent to the script,
 * too, the session's object is closed with all that was opened through it. */
void lm_helper_handed_off(struct lm_object *helper);

#endif
