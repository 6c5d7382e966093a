/* What the types behind a store share: stores, folders, messages, attachments, and what iterates over them.
 *
 * Their natives are used through lm_native() directly before each native call. Whatever allocates Lua memory can run
 * a finalizer written in Lua, and that may close any object; a pointer taken before is a pointer to nothing after. */
#ifndef LM_MAIL_H
#define LM_MAIL_H

#include "failure.h"
#include "object.h"

/* The open object's native, for one call: raises when a finalizer or callback has closed the object since the method
 * checked it, and forgets what an earlier failure had to say. */
static inline void *lm_native(lua_State *L, const struct lm_object *self)
{
    if (self->native == NULL) {
        lm_still_open(L, self);
    }
    lm_forget();
    return self->native;
}

#define LM_FOLDER(L, self)  ((IMAPIFolder *)lm_native(L, self))
#define LM_STORE(L, self)   ((IMsgStore *)lm_native(L, self))
#define LM_MESSAGE(L, self) ((IMessage *)lm_native(L, self))
#define LM_ATTACH(L, self)  ((IAttach *)lm_native(L, self))
#define LM_PROP(L, self)    ((IMAPIProp *)lm_native(L, self)) /* every one of the four is an IMAPIProp */

/* Memory for what is handed to a native call: lives in a userdata kept in the table at stack index `anchor`
 * (absolute), for as long as that table is on the stack. Never NULL; raises on memory. Aligned for anything. */
void *lm_scratch(lua_State *L, int anchor, size_t bytes);

/* Opens an entry for `self`, through the store it belongs to or else the session, with the best access there is, and
 * pushes the object; `kind` is MAPI_FOLDER, MAPI_MESSAGE, or 0 for either. The bytes must stay valid (on the Lua
 * stack). On failure pushes nothing. The new object's parent is the store (else the session). */
HRESULT lm_open_entry(lua_State *L, struct lm_object *self, int self_index, const void *entryid, size_t length,
                      ULONG kind);

/* Wraps an entry that session:open_entry or a store has opened: pushes a closed object of the type that fits
 * PR_OBJECT_TYPE `kind`, for lm_open; NULL and nothing pushed where no type fits. */
struct lm_object *lm_new_entry(lua_State *L, ULONG kind, int parent);

/* Pushes the binary property of an object (PR_ENTRYID and the like); nothing on failure. */
HRESULT lm_push_binary_prop(lua_State *L, struct lm_object *self, ULONG tag);

/* The integer property of an object. No Lua memory is allocated. */
HRESULT lm_long_prop(lua_State *L, struct lm_object *self, ULONG tag, LONG *out);

/* Writes a text property for tostring: a type's `describe`. */
bool lm_describe_prop(struct lm_object *self, ULONG tag, char *text, size_t size);

/* Pushes what `require(module)` answers, or a field of it. Raises as require does. */
void lm_require(lua_State *L, const char *module);
void lm_require_field(lua_State *L, const char *module, const char *name);

/* ENTRYLIST from the value at a stack index: one entry id or an array of them; an object of the type (messages, folders), and
 * a row of folder:rows and the like, count as their entry id. Raises on anything else, blaming `arg`; the HRESULT is what
 * asking an object for its id answered. Its memory is kept by the table at `anchor`. */
HRESULT lm_check_entry_list(lua_State *L, int index, int arg, const struct lm_type *type, int anchor, ENTRYLIST *list);

#endif
