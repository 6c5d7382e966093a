/* base/propobject.c - see base/propobject.h. CopyTo and CopyProps are in propcopy.c. */
#include "base/propobject.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/buffer.h"
#include "base/failure.h"
#include "base/propcodec.h"
#include "base/propvalue.h"

/* Room for what a property's value points to, beside its SPropValue; a guess that spares most objects a second
 * block. */
enum { ROOM_PER_PROPERTY = 40 };

static HRESULT invalid(const char *sentence)
{
    return fail(MAPI_E_INVALID_PARAMETER, "%s", sentence);
}

static HRESULT check_flags(ULONG flags)
{
    if ((flags & ~MAPI_UNICODE) != 0)
        return fail(MAPI_E_UNKNOWN_FLAGS, "Properties were asked for with an unknown flag (0x%08lX).",
                    (unsigned long)(flags & ~MAPI_UNICODE));
    return S_OK;
}

/* ---- lists of tags ---- */

HRESULT prop_tag_list_add(struct prop_tag_list *list, ULONG tag)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 32 : list->capacity * 2;
        ULONG *tags = realloc(list->tags, capacity * sizeof *tags);
        if (tags == NULL)
            return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the list of properties.");
        list->tags = tags;
        list->capacity = capacity;
    }
    list->tags[list->count++] = tag;
    return S_OK;
}

void prop_tag_list_free(struct prop_tag_list *list)
{
    free(list->tags);
    *list = (struct prop_tag_list){NULL, 0, 0};
}

/* A string tag in the width that a call without types gets. */
static ULONG with_width(ULONG tag, ULONG flags)
{
    if (flags & MAPI_UNICODE)
        return tag;
    switch (PROP_TYPE(tag)) {
    case PT_UNICODE:
        return CHANGE_PROP_TYPE(tag, PT_STRING8);
    case PT_MV_UNICODE:
        return CHANGE_PROP_TYPE(tag, PT_MV_STRING8);
    default:
        return tag;
    }
}

/* ---- GetProps ---- */

static HRESULT get_slot(const struct prop_source *source, void *self, ULONG tag, ULONG flags, void *head,
                        SPropValue *slot)
{
    memset(slot, 0, sizeof *slot);
    if (tag == PR_NULL) {
        slot->ulPropTag = PR_NULL;
        return S_OK;
    }
    HRESULT hr = PROP_TYPE(tag) == PT_OBJECT ? MAPI_E_NOT_FOUND : source->get(self, tag, flags, head, slot);
    if (hr < 0) {
        memset(slot, 0, sizeof *slot);
        slot->ulPropTag = PROP_TAG(PT_ERROR, PROP_ID(tag)); /* the id is kept, as the page's remarks say */
        slot->Value.err = hr;
        return MAPI_W_ERRORS_RETURNED;
    }
    return S_OK;
}

static HRESULT get_listed(const struct prop_source *source, void *self, size_t count, const ULONG *tags, ULONG flags,
                          ULONG *out_count, SPropValue **out)
{
    const uint64_t size = (uint64_t)count * sizeof(SPropValue);
    const uint64_t room = (uint64_t)count * ROOM_PER_PROPERTY;
    void *memory;
    if (size + room > 0xFFFFFFFFu)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "Too many properties were asked for at once.");
    HRESULT hr = buffer_allocate_with_room((ULONG)size, (ULONG)room, &memory);
    if (hr != S_OK)
        return hr;
    SPropValue *values = memory;
    for (size_t i = 0; i < count; i++) {
        HRESULT slot = get_slot(source, self, tags[i], flags, values, &values[i]);
        if (slot != S_OK)
            hr = slot;
    }
    *out_count = (ULONG)count;
    *out = values;
    return hr;
}

static HRESULT get_all(const struct prop_source *source, void *self, ULONG flags, ULONG *count, SPropValue **values)
{
    struct prop_tag_list list = {NULL, 0, 0};
    HRESULT hr = source->list(self, &list);
    size_t kept = 0;
    for (size_t i = 0; hr == S_OK && i < list.count; i++)
        if (PROP_TYPE(list.tags[i]) != PT_OBJECT)
            list.tags[kept++] = with_width(list.tags[i], flags);
    if (hr == S_OK && kept > 0)
        hr = get_listed(source, self, kept, list.tags, flags, count, values);
    prop_tag_list_free(&list);
    return hr;
}

HRESULT prop_object_get_props(const struct prop_source *source, void *self, const SPropTagArray *tags, ULONG flags,
                              ULONG *count, SPropValue **values)
{
    if (count != NULL)
        *count = 0;
    if (values != NULL)
        *values = NULL;
    if (count == NULL || values == NULL)
        return invalid("GetProps needs places for its results.");
    if (tags != NULL && tags->cValues == 0)
        return invalid("GetProps needs at least one property tag, or none at all for every property.");
    HRESULT hr = check_flags(flags);
    if (hr != S_OK)
        return hr;
    if (tags == NULL)
        return get_all(source, self, flags, count, values);
    return get_listed(source, self, tags->cValues, tags->aulPropTag, flags, count, values);
}

/* ---- GetPropList ---- */

HRESULT prop_object_get_prop_list(const struct prop_source *source, void *self, ULONG flags, SPropTagArray **tags)
{
    if (tags == NULL)
        return invalid("GetPropList needs a place for its result.");
    *tags = NULL;
    HRESULT hr = check_flags(flags);
    struct prop_tag_list list = {NULL, 0, 0};
    if (hr == S_OK)
        hr = source->list(self, &list);
    void *memory = NULL;
    if (hr == S_OK)
        hr = MAPIAllocateBuffer((ULONG)CbNewSPropTagArray(list.count + 1), &memory);
    if (hr == S_OK) {
        SPropTagArray *array = memory;
        array->cValues = (ULONG)list.count;
        for (size_t i = 0; i < list.count; i++)
            array->aulPropTag[i] = with_width(list.tags[i], flags);
        *tags = array;
    }
    prop_tag_list_free(&list);
    return hr;
}

/* ---- problems ---- */

/* Space for as many problems as there can be, if they are wanted; *array is NULL if they are not. */
static HRESULT reserve_problems(SPropProblemArray **wanted, ULONG count, SPropProblemArray **array)
{
    *array = NULL;
    if (wanted == NULL)
        return S_OK;
    *wanted = NULL;
    uint64_t size = CbNewSPropProblemArray((uint64_t)count + 1);
    if (size > 0xFFFFFFFFu)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "Too many properties were given at once.");
    void *memory;
    HRESULT hr = MAPIAllocateBuffer((ULONG)size, &memory);
    if (hr == S_OK) {
        *array = memory;
        (*array)->cProblem = 0;
    }
    return hr;
}

static void add_problem(SPropProblemArray *array, ULONG index, ULONG tag, HRESULT hr)
{
    if (array != NULL)
        array->aProblem[array->cProblem++] = (SPropProblem){index, tag, hr};
}

/* Hands the problems over, or frees the space if there were none. */
static void give_problems(SPropProblemArray *array, SPropProblemArray **wanted)
{
    if (array == NULL)
        return;
    if (array->cProblem > 0)
        *wanted = array;
    else
        MAPIFreeBuffer(array);
}

/* ---- SetProps ---- */

static bool is_ignored(ULONG tag)
{
    return tag == PR_NULL || PROP_TYPE(tag) == PT_ERROR;
}

/* What refuses the whole call (imapiprop-setprops.md). */
static HRESULT check_values(ULONG count, const SPropValue *values)
{
    if (count == 0 || values == NULL)
        return invalid("SetProps needs at least one property.");
    for (ULONG i = 0; i < count; i++) {
        ULONG tag = values[i].ulPropTag;
        if (is_ignored(tag))
            continue;
        if (PROP_TYPE(tag) == PT_OBJECT)
            return fail(MAPI_E_INVALID_PARAMETER, "Property 0x%08lX is an object and cannot be set; open it instead.",
                        (unsigned long)tag);
        if (prop_value_check(&values[i]) == MAPI_E_INVALID_PARAMETER)
            return fail(MAPI_E_INVALID_PARAMETER,
                        "Property 0x%08lX has no value, or is multi-valued without any value.", (unsigned long)tag);
    }
    return S_OK;
}

static HRESULT set_one(const struct prop_source *source, void *self, const SPropValue *value)
{
    ULONG id = PROP_ID(value->ulPropTag);
    if (!prop_type_is_storable(value->ulPropTag))
        return fail(MAPI_E_INVALID_TYPE, "Property 0x%08lX is of a type that cannot be set.",
                    (unsigned long)value->ulPropTag);
    if (id == PROP_ID_NULL || id == PROP_ID_INVALID)
        return fail(MAPI_E_INVALID_PARAMETER, "0x%08lX is not the tag of a property.", (unsigned long)value->ulPropTag);
    if (source->set == NULL)
        return fail(MAPI_E_NO_ACCESS, "The object was opened for reading only.");
    return source->set(self, value);
}

HRESULT prop_object_set_props(const struct prop_source *source, void *self, ULONG count, const SPropValue *values,
                              SPropProblemArray **problems)
{
    if (problems != NULL)
        *problems = NULL;
    SPropProblemArray *found;
    HRESULT hr = check_values(count, values);
    if (hr == S_OK)
        hr = reserve_problems(problems, count, &found);
    if (hr != S_OK)
        return hr;
    for (ULONG i = 0; i < count; i++) {
        if (is_ignored(values[i].ulPropTag))
            continue;
        HRESULT problem = set_one(source, self, &values[i]);
        if (problem < 0)
            add_problem(found, i, values[i].ulPropTag, problem);
    }
    give_problems(found, problems);
    return S_OK;
}

/* ---- DeleteProps ---- */

HRESULT prop_object_delete_props(const struct prop_source *source, void *self, const SPropTagArray *tags,
                                 SPropProblemArray **problems)
{
    if (problems != NULL)
        *problems = NULL;
    if (tags == NULL || tags->cValues == 0)
        return invalid("DeleteProps needs at least one property tag.");
    if (source->remove == NULL)
        return fail(MAPI_E_NO_ACCESS, "The object was opened for reading only.");
    SPropProblemArray *found;
    HRESULT hr = reserve_problems(problems, tags->cValues, &found);
    if (hr != S_OK)
        return hr;
    for (ULONG i = 0; i < tags->cValues; i++) {
        HRESULT problem = source->remove(self, tags->aulPropTag[i]);
        if (problem < 0)
            add_problem(found, i, tags->aulPropTag[i], problem);
    }
    give_problems(found, problems);
    return S_OK;
}
