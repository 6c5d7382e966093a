/* mapi.logon and its options, which an owning helper takes too. */
#ifndef LM_LOGON_H
#define LM_LOGON_H

#include "args.h"
#include "state.h"

/* What the options come to. The strings live in userdata on the Lua stack. */
struct lm_logon {
    WCHAR *profile;  /* NULL: none given */
    WCHAR *password; /* NULL: none given */
    FLAGS flags;
    ULONG_PTR window;
    bool shared;
    bool any_profile;
};

/* The logon options; they end the list of whoever takes them. LM_LOGON_OPTIONS counts them. */
extern const struct lm_option lm_logon_options[];
enum { LM_LOGON_OPTIONS = 16 };

/* Reads the options whose values start at `base` (as lm_options left them); `arg` is blamed. Pushes the strings. Raises
 * on misuse. */
void lm_logon_read(lua_State *L, int base, int arg, struct lm_logon *out);

/* mapi.logon */
int lm_logon(lua_State *L);

#endif
