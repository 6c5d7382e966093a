/* base/propobject.h - IMAPIProp's rules, written once, over four callbacks.
 *
 * Profile sections, stores, folders, messages and attachments differ in where a property comes from, not in how
 * GetProps reports an absent one or what SetProps ignores. Their IMAPIProp methods call these functions with the
 * lifeline entered.
 */
#ifndef BASE_PROPOBJECT_H
#define BASE_PROPOBJECT_H

#include <stddef.h>

#include <mapidefs.h>

/* A growing list of tags. All zero is a valid empty list. */
struct prop_tag_list {
    ULONG *tags; /* malloc'd */
    size_t count;
    size_t capacity;
};

HRESULT prop_tag_list_add(struct prop_tag_list *list, ULONG tag);
void prop_tag_list_free(struct prop_tag_list *list);

/* Where an object's properties are. `self` is passed through. */
struct prop_source {
    /* One property as prop_bag_get hands it out (out->ulPropTag included). MAPI_E_NOT_FOUND for an absent one. Any
     * failure becomes that property's slot, without losing the others. PT_OBJECT and PR_NULL never get here. */
    HRESULT (*get)(void *self, ULONG tag, ULONG flags, void *head, SPropValue *out);

    /* The tags there are, with strings as PT_UNICODE, without secure ones; PT_OBJECT tags are welcome (GetPropList
     * shows them, GetProps(NULL) leaves them out). A failure fails the call. */
    HRESULT (*list)(void *self, struct prop_tag_list *out);

    /* Sets one property; a failure becomes that property's problem: MAPI_E_COMPUTED, MAPI_E_NO_ACCESS, ... The
     * value has been checked. NULL: the object is read-only and MAPI_E_NO_ACCESS is every property's problem, for
     * the page forbids it as SetProps' own answer. */
    HRESULT (*set)(void *self, const SPropValue *value);

    /* Removes one property by its id; MAPI_E_NOT_FOUND becomes its problem. NULL: read-only, and DeleteProps answers
     * MAPI_E_NO_ACCESS. */
    HRESULT (*remove)(void *self, ULONG tag);
};

/* IMAPIProp::GetProps, complete: arguments, NULL list, error slots (the id is kept), one buffer. *count and *values
 * are 0 and NULL on failure. */
HRESULT prop_object_get_props(const struct prop_source *source, void *self, const SPropTagArray *tags, ULONG flags,
                              ULONG *count, SPropValue **values);

/* IMAPIProp::GetPropList. String tags are PT_UNICODE with MAPI_UNICODE, else PT_STRING8. */
HRESULT prop_object_get_prop_list(const struct prop_source *source, void *self, ULONG flags, SPropTagArray **tags);

/* IMAPIProp::SetProps: PR_NULL and PT_ERROR are ignored; PT_OBJECT, NULL pointers and an MV without elements refuse
 * the whole call before anything is set; what cannot be set is a problem. *problems (where wanted) is NULL when
 * there are none. Space for the problems is acquired first. */
HRESULT prop_object_set_props(const struct prop_source *source, void *self, ULONG count, const SPropValue *values,
                              SPropProblemArray **problems);

/* IMAPIProp::DeleteProps. */
HRESULT prop_object_delete_props(const struct prop_source *source, void *self, const SPropTagArray *tags,
                                 SPropProblemArray **problems);

/* What the copying of an object needs to know beyond IMAPIProp. */
struct prop_copy_rules {
    /* The interfaces the source offers, most derived first, NULL-terminated, IID_IUnknown left out: { &IID_IMessage,
     * &IID_IMAPIProp, NULL }. CopyTo's excluded interfaces are compared with them. */
    const GUID *const *iids;

    /* Copies what a PT_OBJECT property stands for (attachments, recipients, a folder's content) into destination,
     * with MAPI_NOREPLACE in flags if the caller gave it. MAPI_E_COLLISION, MAPI_E_FOLDER_CYCLE and
     * MAPI_E_NO_ACCESS (the source itself) fail the call; other failures become the property's problem. NULL:
     * PT_OBJECT properties are left out. */
    HRESULT (*copy_object)(void *context, ULONG tag, IMAPIProp *destination, ULONG flags);
    void *context;
};

/* IMAPIProp::CopyTo and CopyProps for any source and destination: values are read with GetProps (large ones with
 * OpenProperty) and written with the destination's SetProps, never saved. The source's own methods are called, so
 * the lifeline's lock must be one the thread may take again (it is). Progress is not shown. iface is asked of the
 * destination; MAPI_MOVE deletes from the source what arrived.
 *
 * Unknown flags: MAPI_E_UNKNOWN_FLAGS. MAPI_DECLINE_OK: MAPI_E_DECLINE_COPY. iface or destination NULL, exclusions
 * without elements: MAPI_E_INVALID_PARAMETER. Destination is the source: MAPI_E_NO_ACCESS. Every interface
 * excluded, or iface unknown to the destination: MAPI_E_INTERFACE_NOT_SUPPORTED. */
HRESULT prop_object_copy_to(IMAPIProp *source, const struct prop_copy_rules *rules, ULONG excluded_count,
                            const GUID *excluded_iids, const SPropTagArray *excluded_tags, REFIID iface,
                            void *destination, ULONG flags, SPropProblemArray **problems);
HRESULT prop_object_copy_props(IMAPIProp *source, const struct prop_copy_rules *rules, const SPropTagArray *tags,
                               REFIID iface, void *destination, ULONG flags, SPropProblemArray **problems);

#endif
