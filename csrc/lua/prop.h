/* Property names: "subject", "PR_SUBJECT", "PidTagSubject", a tag, or "<set>:<name>[;<type>]" for a named property.
 *
 * Parsing a name needs no object and raises on misuse; a named property then gets its id from an object
 * (GetIDsFromNames). */
#ifndef LM_PROP_H
#define LM_PROP_H

#include "mail.h"

struct lm_prop {
    ULONG tag;  /* type and id; id 0 as long as a named property has none; PT_UNSPECIFIED where no type was named */
    bool named; /* written as <set>:<name> */
    ULONG kind; /* of a named one: MNID_ID or MNID_STRING */
    LONG id;
    WCHAR *name; /* kept by the anchor */
    GUID set;
};

/* Reads the name at a stack index. `arg` is blamed for unknown names and wrong types; `anchor`: see lm_scratch. 8-bit
 * string types become PT_UNICODE: what a script sees is UTF-8 whatever the property's width. */
void lm_prop_parse(lua_State *L, int index, int arg, int anchor, struct lm_prop *prop);

/* Gives a named property its id; nothing to do for others. flags: 0 or MAPI_CREATE. MAPI_E_NOT_FOUND: the store knows
 * no such name (never with MAPI_CREATE). */
HRESULT lm_prop_identify(lua_State *L, struct lm_object *self, struct lm_prop *prop, ULONG flags);

/* The text a script wrote for the property at a stack index, for error messages; pushed. */
const char *lm_prop_text(lua_State *L, int index);

#endif
