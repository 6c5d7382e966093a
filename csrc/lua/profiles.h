/* mapi.profiles: administration of the profiles of this user. */
#ifndef LM_PROFILES_H
#define LM_PROFILES_H

#include <lauxlib.h>

extern const luaL_Reg lm_profiles_functions[];

#endif
