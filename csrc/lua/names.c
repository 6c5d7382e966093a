/* Names that a script has used, by the address of the string. */
#include "names.h"

static size_t place_of(const void *name)
{
    return ((uintptr_t)name >> 4) % LM_NAMES;
}

bool lm_name_known(lua_State *L, const struct lm_state *state, enum lm_name_kind kind, int index, ULONG *tag)
{
    const void *name = lua_topointer(L, index);
    const struct lm_name *place = &state->names[kind][place_of(name)];

    *tag = place->tag;
    return place->kept == name && name != NULL;
}

void lm_name_keep(lua_State *L, struct lm_state *state, enum lm_name_kind kind, int index, ULONG tag)
{
    const void *name = lua_topointer(L, index);
    size_t at = place_of(name);
    struct lm_name *place = &state->names[kind][at];

    index = lua_absindex(L, index);
    luaL_checkstack(L, 3, NULL);
    lm_state_push_value(L, LM_STATE_NAMES);
    lua_pushvalue(L, index);
    place->kept = NULL;
    lua_rawseti(L, -2, (lua_Integer)((size_t)kind * LM_NAMES + at) + 1);
    lua_pop(L, 1);
    place->kept = name;
    place->tag = tag;
}
