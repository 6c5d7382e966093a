/* Properties of accounts: their names, and their values on both sides. */
#ifndef LM_ACCOUNT_VALUE_H
#define LM_ACCOUNT_VALUE_H

#include "object.h"

#include <mapisub.h>

/* The tag that a name ("acct_name", "PROP_ACCT_NAME") or an integer at an index stands for. Raises on unknown names, and
 * on what is no 32-bit number; whether there is a property of that tag is the subsystem's to say. In methods only. */
DWORD lm_account_tag(lua_State *L, int index, int arg);

/* An id: any 32-bit number; 0, which no account has, for every other integer. Raises on anything else. */
DWORD lm_account_id(lua_State *L, int index, int arg);

/* Whether a tag is that of a password. */
static inline bool lm_account_secret(DWORD tag)
{
    return (PROP_TYPE(tag) & SECURE_FLAG) != 0;
}

/* The type of the values of a property. */
static inline DWORD lm_account_value_type(DWORD tag)
{
    return PROP_TYPE(tag) & ~(DWORD)SECURE_FLAG;
}

/* Raises unless the value at an index is what the property takes: a string, or for PT_LONG an integer or a boolean. The
 * value of a tag that can be no property's is as good as any. */
void lm_account_value_check(lua_State *L, int index, int arg, DWORD tag);

/* Bytes of text that the checked value at an index needs in UTF-16. */
size_t lm_account_value_room(lua_State *L, int index, DWORD tag);

/* Makes a variant of the checked value at an index. Text goes to `room`; bytes stay the string's. Raises nothing, calls
 * nothing. */
void lm_account_value_read(lua_State *L, int index, DWORD tag, WCHAR *room, ACCT_VARIANT *out);

/* Pushes the value of a property and answers S_OK, or pushes nothing. */
HRESULT lm_account_value_push(lua_State *L, struct lm_object *account, DWORD tag);

/* Overwrites memory for good. */
void lm_wipe(void *memory, size_t size);

/* Native memory that must go back to the interface it came from: at once when all goes well, by the collector when
 * something raises. Pushes the box. */
struct lm_account_box {
    void *memory;
    IUnknown *owner; /* a reference; NULL once it is empty */
    void (*release)(IUnknown *owner, void *memory);
    char *text; /* malloc'd, wiped at the end */
    size_t size;
};
struct lm_account_box *lm_account_box(lua_State *L, IUnknown *owner, void (*release)(IUnknown *owner, void *memory));
void lm_account_box_empty(struct lm_account_box *box);

#endif
