/* The template of every userdata type of the binding.
 *
 * One Lua object holds one reference to one native object. It is **born closed**: lm_new() makes the userdata with its
 * metatable, then the native is acquired straight into a variable and handed over with lm_open(), which cannot fail. An
 * error raised in between leaves nothing behind.
 *
 *     static int folder_create(lua_State *L)
 *     {
 *         struct lm_object *self = lm_self(L);                       // argument 1: right type and open, else raises
 *         WCHAR *name = lm_check_wide(L, 2);                         // all arguments first
 *         struct lm_object *made = lm_new(L, &lm_folder_type, 1, 0); // the owner, closed; raises if self was closed
 * meanwhile IMAPIFolder *native = NULL; HRESULT hr = folder_of(self)->lpVtbl->CreateFolder(..., &native); if
 * (lm_exhausted(L, hr)) { hr = ...again...; } if (FAILED(hr)) { return lm_fail(L, "folder:create", hr); } lm_open(made,
 * (IUnknown *)native);                         // takes the reference return 1;
 *     }
 *
 * Endings. `close`, `__close` and `__gc` all come down to lm_end(), which is idempotent:
 *  - an explicit ending (close, <close>, the session's ladder) first ends everything opened through the object, newest
 * first (for a session: through it or anything of it, in strict reverse order of opening), then calls the type's `end`
 * with LM_EXPLICIT (a store calls StoreLogoff there), then releases the native;
 *  - the collector (__gc) only releases the native: no documented ending is called, nothing waits, no Lua runs.
 * Children that are finalized later hold natives that answer MAPI_E_INVALID_OBJECT or still work, and whose Release
 * always works. Order of finalizers: a child reaches its parent's memory only through `parent`, `session` and the links
 * below. Its user value 1 is its parent, so that memory is there as long as the child's is; at lua_close Lua frees
 * memory only after all finalizers.
 *
 * Calls that run Lua (reader functions, progress callbacks) while a native is in use: the script may close the object.
 * Take an own reference on the native before, release it after, keeping it in a box (args.h) as long as Lua can raise.
 */
#ifndef LM_OBJECT_H
#define LM_OBJECT_H

#include "state.h"

#include <time.h>

#define LM_PREFIX "mapi."

enum lm_ending {
    LM_EXPLICIT, /* close, <close>, the ladder: the documented ending */
    LM_COLLECTED /* __gc: Release only */
};

struct lm_object;

struct lm_type {
    const char *name;        /* "store": mapi.type(); errors and tostring say "mapi.store" */
    size_t size;             /* of the userdata; its first member is struct lm_object */
    size_t weight;           /* native bytes an open object costs, roughly; feeds the collector (lm_pressure) */
    int user_values;         /* that every object of the type has, next to LM_PARENT */
    const luaL_Reg *methods; /* what a script can call; a plain `close` is added unless listed */
    /* Further metamethods (__call, __len), or NULL; same upvalues as methods. __index, __gc, __close, __tostring and
     * __name are the template's; a listed __close replaces it. */
    const luaL_Reg *metas;
    /* What comes before the native's Release (which the caller does), or NULL. The object is closed already:
     * self->native is NULL, `native` is what it was. LM_EXPLICIT: the documented ending, such as StoreLogoff;
     * LM_COLLECTED: only memory and further references of the object itself may go. Runs no Lua. The result is reported
     * (close: nil, message, name; __close: a warning); the object is closed all the same. */
    HRESULT (*end)(struct lm_object *self, IUnknown *native, enum lm_ending how);
    /* The collector found it open, or NULL: a chance to warn. Must not raise nor allocate. */
    void (*dropped)(lua_State *L, struct lm_object *self);
    /* Writes what it is called (profile, folder name, subject; UTF-8, NUL-terminated, cut to fit) for tostring and
     * session:objects(); false when it has no name. Calls no Lua: the natives only. NULL: the type has no names. */
    bool (*describe)(struct lm_object *self, char *text, size_t size);
};

/* Room for such a name. */
enum { LM_DESCRIPTION = 200 };

struct lm_object {
    const struct lm_type *type;
    IUnknown *native; /* the type's main interface, one reference owned; NULL while closed */
    struct lm_state *state;
    struct lm_object *parent;        /* user value 1, or NULL */
    struct lm_object *session;       /* the session it was opened through (a session: itself), or NULL */
    struct lm_object *newer, *older; /* among all open objects of the Lua state, newest first */
    struct lm_object *children;      /* newest open child; a child is opened after and closed before its parent */
    struct lm_object *sibling_newer, *sibling_older; /* among the open children of the parent */
    size_t weight;                                   /* what was counted for it */
    time_t opened;                                   /* for session:objects() */
};

enum { LM_PARENT = 1 }; /* user value of every object: its parent, or nil */

/* Pushes a new closed object of a type. `parent`: stack index of the object that ends it when it is closed explicitly
 * and that it keeps alive; 0 for none. The parent must be open, else raises "attempt to use a closed ...".
 * `user_values`: how many beyond LM_PARENT and the type's. The memory beyond struct lm_object is zero. May collect garbage first
 * (lm_pressure). */
struct lm_object *lm_new(lua_State *L, const struct lm_type *type, int parent, int user_values);

/* Gives a new object its native, whose reference it takes over. Cannot fail, calls nothing. */
void lm_open(struct lm_object *self, IUnknown *native);

/* Ends an object; harmless when closed. Result of the type's `end`. */
HRESULT lm_end(struct lm_object *self, enum lm_ending how);

/* Unadvises every registration of a session, then ends everything opened through it, or through anything of it, in reverse
 * order of opening; the session stays open. */
void lm_end_descendants(struct lm_object *session);

/* What __gc does: tells `dropped`, then ends it as LM_COLLECTED. Never raises. */
void lm_drop(lua_State *L, struct lm_object *self);

/* In a method: argument 1, of the method's type and open, else raises. The second: of the type, perhaps closed. */
struct lm_object *lm_self(lua_State *L);
struct lm_object *lm_self_any(lua_State *L);

/* Elsewhere: the object at an index if it is of that type (open or closed), else NULL; and the same raising, and open.
 */
struct lm_object *lm_test(lua_State *L, int index, const struct lm_type *type);
struct lm_object *lm_check(lua_State *L, int arg, const struct lm_type *type);
/* Any type of this module, or NULL. */
struct lm_object *lm_test_any(lua_State *L, int index);

/* Raises "attempt to use a closed <type>". */
int lm_closed_error(lua_State *L, const struct lm_type *type);

/* The generic `close` method and iterator help. lm_iterate: pushes the four values of a generic for over the object on
 * the top of the stack, whose `next` is a C function called with the object as argument 1 (upvalues as for methods):
 * next, object, nil, object; so that break and errors close it. Use: `lm_new(...); ...; return lm_iterate(L, my_next);`
 */
int lm_iterate(lua_State *L, lua_CFunction next);

/* Registers a type with this Lua state and leaves its methods table on the stack. Raises on memory. */
void lm_type_open(lua_State *L, const struct lm_type *type);

/* --- memory that the collector cannot see (object.c) ------------------------------------------------------------- */

/* Below this much native memory nobody needs a collection: a thousand sessions, or what one open store costs. */
#define LM_NATIVE_FLOOR ((size_t)1 << 20)

/* Before something of `bytes` native bytes is acquired: collects garbage when the total would pass the limit. Respects
 * a stopped collector. Runs finalizers: nothing half made may be on the way. lm_new() calls it with the type's weight.
 */
void lm_pressure(lua_State *L, struct lm_state *state, size_t bytes);

/* After a failed native call: was it for want of memory or descriptors? Then collects fully and answers true: try once
 * more. The objects in use must be re-checked (open) when that matters; use lm_still_open. */
bool lm_exhausted(lua_State *L, HRESULT hr);

/* After anything that may have run Lua code: raises when the object has been closed meanwhile. */
void lm_still_open(lua_State *L, const struct lm_object *self);

/* Tells the collector that an object has become heavier or lighter than its type's weight (a message full of
 * attachments). */
void lm_weigh(struct lm_object *self, size_t bytes);

#endif
