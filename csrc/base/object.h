/* base/object.h - the reference-counted object behind every interface pointer.
 *
 * An object starts with a struct object; its first member is the vtable pointer, so that the address of the object
 * is the interface pointer a client holds. Counting is atomic (the documentation's C sample is not, and writes
 * after the free), and never needs the object's lifeline: AddRef and Release work before and after the session has
 * ended (L13, L17).
 */
#ifndef BASE_OBJECT_H
#define BASE_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>

#include <mapidefs.h>

struct lifeline;

/* What an object is counted as; MapiObjectCount and mapi.stats() report the numbers. */
enum object_kind {
    OBJECT_SESSION,
    OBJECT_STORE,
    OBJECT_FOLDER,
    OBJECT_MESSAGE,
    OBJECT_ATTACHMENT,
    OBJECT_TABLE,
    OBJECT_STREAM,
    OBJECT_PROFILE_SECTION,
    OBJECT_ADMIN,
    OBJECT_HELPER,
    OBJECT_PROVIDER,
    OBJECT_SUPPORT,
    OBJECT_ACCOUNT_MANAGER,
    OBJECT_ACCOUNT,
    OBJECT_ACCOUNT_ENUM,
    OBJECT_STATUS,
    OBJECT_KIND_COUNT
};

struct object;

/* One per class, static and constant. */
struct object_type {
    enum object_kind kind;

    /* The interfaces whose methods the object's vtable starts with, NULL-terminated; IID_IUnknown is implied.
     * NULL: IID_IUnknown only. */
    const GUID *const *iids;

    /* Called once, by the last Release, on whichever thread that is. Must call object_retire(self) and free self. */
    void (*destroy)(struct object *self);

    /* The lifeline the object hangs on, borrowed; NULL (the function or what it returns) where it has none. After
     * that lifeline has ended QueryInterface answers IID_IUnknown only (L16). */
    struct lifeline *(*lifeline)(struct object *self);

    /* Optional: asked for an interface that iids does not name (one with a vtable of its own). On S_OK it has
     * stored a pointer that carries its own reference; otherwise it answers MAPI_E_INTERFACE_NOT_SUPPORTED and
     * stores nothing. It runs without the lifeline's lock. */
    HRESULT (*query)(struct object *self, REFIID iid, void **out);
};

/* First member of every object. */
struct object {
    const void *vtbl;
    const struct object_type *type;
    atomic_uint refs;
};

/* Makes *self an object with one reference, which belongs to the caller, and counts it. Call it only when nothing
 * can fail any more, or undo it with object_retire. */
void object_init(struct object *self, const struct object_type *type, const void *vtbl);

/* Takes the object out of the live count. Every destroy function calls it exactly once, before freeing. */
void object_retire(struct object *self);

/* IUnknown::QueryInterface. S_OK with a new reference in *out; MAPI_E_INVALID_PARAMETER when out (or iid) is NULL;
 * MAPI_E_INTERFACE_NOT_SUPPORTED (E_NOINTERFACE) with *out NULL otherwise: only generic COM codes
 * (strategies-for-error-handling.md). */
HRESULT object_query(struct object *self, REFIID iid, void **out);

/* IUnknown::AddRef and Release: the new number of references. */
ULONG object_addref(struct object *self);
ULONG object_release(struct object *self);

/* Objects of the kind alive in this process; 0 for a kind that does not exist. */
ULONG object_live(enum object_kind kind);

/* "session", "store", ...: the kind's name in mapi.stats(); NULL for a kind that does not exist. */
const char *object_kind_name(enum object_kind kind);

/* The three IUnknown functions of an interface, ready for its vtable: prefix_query_interface, prefix_addref and
 * prefix_release, taking IFACE *. The object's first member must be its struct object. */
#define OBJECT_IUNKNOWN(prefix, IFACE)                                                                                 \
    static HRESULT STDMETHODCALLTYPE prefix##_query_interface(IFACE *This, REFIID riid, void **ppv)                    \
    {                                                                                                                  \
        return object_query((struct object *)(void *)This, riid, ppv);                                                 \
    }                                                                                                                  \
    static ULONG STDMETHODCALLTYPE prefix##_addref(IFACE *This)                                                        \
    {                                                                                                                  \
        return object_addref((struct object *)(void *)This);                                                           \
    }                                                                                                                  \
    static ULONG STDMETHODCALLTYPE prefix##_release(IFACE *This)                                                       \
    {                                                                                                                  \
        return object_release((struct object *)(void *)This);                                                          \
    }

#endif
