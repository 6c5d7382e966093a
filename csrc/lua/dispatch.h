/* mapi.dispatch and mapi.fd: one of each for everything that waits for a Lua state. */
#ifndef LM_DISPATCH_H
#define LM_DISPATCH_H

#include <lua.h>

int lm_dispatch(lua_State *L); /* mapi.dispatch([timeout]) */
int lm_fd(lua_State *L);       /* mapi.fd() */

#endif
