/* mapi.hresult: names to numbers and numbers to names. */
#ifndef LM_HRESULT_H
#define LM_HRESULT_H

#include <lua.h>

/* Pushes the table. It is empty: every look-up asks the C table. */
void lm_hresult_push(lua_State *L);

#endif
