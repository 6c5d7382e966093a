/* Names that a script has used: what they stand for, by the address of the string.
 *
 * The string at an address is the same for every use of a short string as long as it is kept, so a name that is a constant of
 * the script is looked up once. */
#ifndef LM_NAMES_H
#define LM_NAMES_H

#include "state.h"

/* Whether the string at an index is a known name of that kind; *tag is what it was kept with. Never raises. */
bool lm_name_known(lua_State *L, const struct lm_state *state, enum lm_name_kind kind, int index, ULONG *tag);

/* Keeps the string at an index, in place of another one if need be. May raise on memory, and then forgets no more than that
 * other one. */
void lm_name_keep(lua_State *L, struct lm_state *state, enum lm_name_kind kind, int index, ULONG tag);

#endif
