/* store/host.h - what the store object, folders, messages and attachments have in common: IMAPIProp.
 *
 * Each of the four begins with a struct host and describes itself by a struct host_class. Messages and attachments
 * are transacted: changes stay in `props` until SaveChanges. The store object and folders are not: their class has
 * load and write, between which every change is a transaction of its own, and `props` is read anew at every call.
 */
#ifndef STORE_HOST_H
#define STORE_HOST_H

#include <mapidefs.h>

#include "base/object.h"
#include "base/propobject.h"
#include "store/holder.h"
#include "store/logon.h"

struct host;

struct host_class {
    struct prop_source source; /* its self is the host */

    /* Whether a property cannot be set through streams, because the store works it out itself. */
    bool (*computed)(ULONG tag);

    HRESULT (*load)(struct host *host);
    HRESULT (*write)(struct host *host);

    /* Transacted objects: something in props has been changed. Cannot fail. */
    void (*touched)(struct host *host);

    /* IMAPIProp::SaveChanges, flags checked. NULL: nothing to do. */
    HRESULT (*save)(struct host *host, ULONG flags);

    /* OpenProperty of PT_OBJECT properties. */
    HRESULT (*open_object)(struct host *host, ULONG tag, REFIID iid, ULONG options, ULONG flags, LPUNKNOWN *out);

    /* For CopyTo and CopyProps; the context is the host. */
    const GUID *const *iids;
    HRESULT (*copy_object)(void *host, ULONG tag, IMAPIProp *destination, ULONG flags);

    /* Optional: whether the object may still be used (a submitted message may not). Asked by every method. */
    HRESULT (*check)(struct host *host);
};

struct host {
    struct object object;
    struct store *store;
    const struct host_class *class;
    bool writable;
    struct holder props;
    struct place place;
};

/* Makes a zeroed host ready: counts it, attaches it to the store. Nothing can fail after it. */
void host_init(struct host *host, const struct object_type *type, const void *vtbl, const struct host_class *class,
               struct store *store, enum chunk_owner kind, int64_t row, bool writable);

/* The end of every destroy function: drops props, detaches from the store, frees the object. */
void host_destroy(struct host *host);

/* For object_type.lifeline. */
struct lifeline *host_lifeline(struct object *object);

/* What every method begins with: store_enter and class->check; the lifeline is left again when that fails. Forgets what
 * was said about earlier failures. */
HRESULT host_enter(struct host *host);
void host_leave(struct host *host);

/* The same for what copies into `other`, anybody's object or NULL: if it is one of ours on another logon, that is entered as
 * well (store_enter_both). *also, which may be NULL, is for host_leave_both. */
HRESULT host_enter_both(struct host *host, void *other, struct store **also);
void host_leave_both(struct host *host, struct store *also);

/* Sets one property from the inside: in props, or for objects that are not transacted in the database, if hr of
 * change is a success. Used by streams. */
HRESULT host_change(struct host *host, HRESULT (*change)(struct host *host, void *context), void *context);

/* Values that are worked out: each fills *out, on head where it needs memory. */
HRESULT value_long(ULONG tag, ULONG value, SPropValue *out);
HRESULT value_boolean(ULONG tag, bool value, SPropValue *out);
HRESULT value_time(ULONG tag, int64_t ticks, SPropValue *out);
HRESULT value_binary(ULONG tag, const void *bytes, size_t size, void *head, SPropValue *out);
HRESULT value_entryid(struct store *store, ULONG tag, ULONG kind, int64_t row, void *head, SPropValue *out);

/* PR_STORE_ENTRYID, PR_STORE_RECORD_KEY, PR_MAPPING_SIGNATURE, PR_OBJECT_TYPE, PR_ACCESS_LEVEL: MAPI_E_NOT_FOUND for
 * others. */
HRESULT value_common(struct host *host, ULONG tag, ULONG object_type, void *head, SPropValue *out);

/* OpenProperty's IID_IStream (stream.c). */
HRESULT stream_open(struct host *host, ULONG tag, ULONG flags, LPUNKNOWN *out);

/* The IMAPIProp methods. */
HRESULT host_get_last_error(struct host *host, HRESULT result, ULONG flags, LPMAPIERROR *error);
HRESULT host_save_changes(struct host *host, ULONG flags);
HRESULT host_get_props(struct host *host, LPSPropTagArray tags, ULONG flags, ULONG *count, LPSPropValue *values);
HRESULT host_get_prop_list(struct host *host, ULONG flags, LPSPropTagArray *tags);
HRESULT host_open_property(struct host *host, ULONG tag, LPCIID iid, ULONG options, ULONG flags, LPUNKNOWN *out);
HRESULT host_set_props(struct host *host, ULONG count, LPSPropValue values, LPSPropProblemArray *problems);
HRESULT host_delete_props(struct host *host, LPSPropTagArray tags, LPSPropProblemArray *problems);
HRESULT host_copy_to(struct host *host, ULONG excluded_count, LPCIID excluded, LPSPropTagArray excluded_tags,
                     LPMAPIPROGRESS progress, LPCIID iid, LPVOID destination, ULONG flags,
                     LPSPropProblemArray *problems);
HRESULT host_copy_props(struct host *host, LPSPropTagArray tags, LPMAPIPROGRESS progress, LPCIID iid,
                        LPVOID destination, ULONG flags, LPSPropProblemArray *problems);
HRESULT host_get_names_from_ids(struct host *host, LPSPropTagArray *tags, LPGUID set, ULONG flags, ULONG *count,
                                LPMAPINAMEID **names);
HRESULT host_get_ids_from_names(struct host *host, ULONG count, LPMAPINAMEID *names, ULONG flags,
                                LPSPropTagArray *tags);

/* The methods of slots 0 to 13 of an interface derived from IMAPIProp, and their names for its vtable. */
#define HOST_OF(This) ((struct host *)(void *)(This))

#define HOST_METHODS(prefix, IFACE)                                                                                    \
    OBJECT_IUNKNOWN(prefix, IFACE)                                                                                     \
    static HRESULT STDMETHODCALLTYPE prefix##_get_last_error(IFACE *This, HRESULT result, ULONG flags,                 \
                                                             LPMAPIERROR *error)                                       \
    {                                                                                                                  \
        return host_get_last_error(HOST_OF(This), result, flags, error);                                               \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_save_changes(IFACE *This, ULONG flags)                                   \
    {                                                                                                                  \
        return host_save_changes(HOST_OF(This), flags);                                                                \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_get_props(IFACE *This, LPSPropTagArray tags, ULONG flags, ULONG *count,  \
                                                        LPSPropValue *values)                                          \
    {                                                                                                                  \
        return host_get_props(HOST_OF(This), tags, flags, count, values);                                              \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_get_prop_list(IFACE *This, ULONG flags, LPSPropTagArray *tags)           \
    {                                                                                                                  \
        return host_get_prop_list(HOST_OF(This), flags, tags);                                                         \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_open_property(IFACE *This, ULONG tag, LPCIID iid, ULONG options,         \
                                                            ULONG flags, LPUNKNOWN *out)                               \
    {                                                                                                                  \
        return host_open_property(HOST_OF(This), tag, iid, options, flags, out);                                       \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_set_props(IFACE *This, ULONG count, LPSPropValue values,                 \
                                                        LPSPropProblemArray *problems)                                 \
    {                                                                                                                  \
        return host_set_props(HOST_OF(This), count, values, problems);                                                 \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_delete_props(IFACE *This, LPSPropTagArray tags,                          \
                                                           LPSPropProblemArray *problems)                              \
    {                                                                                                                  \
        return host_delete_props(HOST_OF(This), tags, problems);                                                       \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_copy_to(                                                                 \
        IFACE *This, ULONG excluded_count, LPCIID excluded, LPSPropTagArray excluded_tags, ULONG_PTR ui,               \
        LPMAPIPROGRESS progress, LPCIID iid, LPVOID destination, ULONG flags, LPSPropProblemArray *problems)           \
    {                                                                                                                  \
        (void)ui;                                                                                                      \
        return host_copy_to(HOST_OF(This), excluded_count, excluded, excluded_tags, progress, iid, destination, flags, \
                            problems);                                                                                 \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_copy_props(IFACE *This, LPSPropTagArray tags, ULONG_PTR ui,              \
                                                         LPMAPIPROGRESS progress, LPCIID iid, LPVOID destination,      \
                                                         ULONG flags, LPSPropProblemArray *problems)                   \
    {                                                                                                                  \
        (void)ui;                                                                                                      \
        return host_copy_props(HOST_OF(This), tags, progress, iid, destination, flags, problems);                      \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_get_names_from_ids(IFACE *This, LPSPropTagArray *tags, LPGUID set,       \
                                                                 ULONG flags, ULONG *count, LPMAPINAMEID **names)      \
    {                                                                                                                  \
        return host_get_names_from_ids(HOST_OF(This), tags, set, flags, count, names);                                 \
    }                                                                                                                  \
    static HRESULT STDMETHODCALLTYPE prefix##_get_ids_from_names(IFACE *This, ULONG count, LPMAPINAMEID *names,        \
                                                                 ULONG flags, LPSPropTagArray *tags)                   \
    {                                                                                                                  \
        return host_get_ids_from_names(HOST_OF(This), count, names, flags, tags);                                      \
    }

#define HOST_SLOTS(prefix)                                                                                             \
    prefix##_query_interface, prefix##_addref, prefix##_release, prefix##_get_last_error, prefix##_save_changes,       \
        prefix##_get_props, prefix##_get_prop_list, prefix##_open_property, prefix##_set_props, prefix##_delete_props, \
        prefix##_copy_to, prefix##_copy_props, prefix##_get_names_from_ids, prefix##_get_ids_from_names

#endif
