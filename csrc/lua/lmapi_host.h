/* The module's side of lmapi.h: what the program around Lua can do for the binding, and the table it gets. */
#ifndef LM_LMAPI_HOST_H
#define LM_LMAPI_HOST_H

#include <lua.h>

#include <stdbool.h>

#include "lmapi.h"

/* At luaopen: reads what the host has announced and publishes the table. On the top of the stack is what require "mapi"
 * will answer, whose `dispatch` and `fd` are those that hosts reach. Raises on memory, and on a host of another
 * version. */
void lm_host_open(lua_State *L);

/* Whether the host wants to ask itself. Then lm_host_ask is a dialog handler: a function of the module (with the state
 * as upvalue) that takes the question as a table and answers true or false. */
bool lm_host_asks(lua_State *L);
int lm_host_ask(lua_State *L);

/* Hands the sentence to the host; false where it does not want it. Never raises nor allocates. */
bool lm_host_warns(lua_State *L);
void lm_host_warn(lua_State *L, const char *sentence);

bool lm_host_permits(lua_State *L, enum lmapi_permission permission);

#endif
