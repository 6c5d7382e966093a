#include "base/propnames.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"

enum { FIRST_NAMED = 0x8000 };

/* The tags that may have names, and where each is in the caller's list. */
struct named {
    SPropTagArray *tags; /* malloc'd */
    ULONG *places;       /* malloc'd */
    LPMAPINAMEID *names; /* MAPI's memory, or NULL */
};

static bool is_named(ULONG tag)
{
    return PROP_ID(tag) >= FIRST_NAMED;
}

static HRESULT list_named(ULONG count, const ULONG *tags, struct named *named)
{
    named->tags = malloc(CbNewSPropTagArray((size_t)count + 1));
    named->places = malloc(((size_t)count + 1) * sizeof *named->places);
    if (named->tags == NULL || named->places == NULL)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to copy the properties.");
    named->tags->cValues = 0;
    for (ULONG i = 0; i < count; i++)
        if (is_named(tags[i])) {
            named->places[named->tags->cValues] = i;
            named->tags->aulPropTag[named->tags->cValues++] = tags[i];
        }
    return S_OK;
}

static SPropValue *mapping_of(IMAPIProp *object)
{
    SPropTagArray tag = {1, {PR_MAPPING_SIGNATURE}};
    SPropValue *value = NULL;
    ULONG count = 0;
    HRESULT hr = object->lpVtbl->GetProps(object, &tag, 0, &count, &value);
    if (hr == S_OK && count == 1 && value->ulPropTag == PR_MAPPING_SIGNATURE)
        return value;
    MAPIFreeBuffer(value);
    return NULL;
}

static bool share_mapping(IMAPIProp *source, IMAPIProp *destination)
{
    SPropValue *left = mapping_of(source);
    SPropValue *right = left != NULL ? mapping_of(destination) : NULL;
    bool same = right != NULL && left->Value.bin.cb == right->Value.bin.cb &&
                (left->Value.bin.cb == 0 || memcmp(left->Value.bin.lpb, right->Value.bin.lpb, left->Value.bin.cb) == 0);
    MAPIFreeBuffer(left);
    MAPIFreeBuffer(right);
    return same;
}

/* Leaves those that have a name in `named`, with the names. */
static HRESULT find_names(IMAPIProp *source, struct named *named)
{
    SPropTagArray *tags = named->tags;
    ULONG count = 0;
    HRESULT hr = source->lpVtbl->GetNamesFromIDs(source, &tags, NULL, 0, &count, &named->names);
    ULONG kept = 0;
    if (hr < 0)
        return hr;
    for (ULONG i = 0; i < count && i < named->tags->cValues; i++)
        if (named->names[i] != NULL) {
            named->names[kept] = named->names[i];
            named->places[kept++] = named->places[i];
        }
    named->tags->cValues = kept;
    return S_OK;
}

static HRESULT find_ids(IMAPIProp *destination, const struct named *named, const ULONG *tags, ULONG *targets)
{
    SPropTagArray *ids = NULL;
    HRESULT hr;
    if (named->tags->cValues == 0)
        return S_OK;
    hr = destination->lpVtbl->GetIDsFromNames(destination, named->tags->cValues, named->names, MAPI_CREATE, &ids);
    if (hr < 0)
        return hr;
    for (ULONG i = 0; i < ids->cValues && i < named->tags->cValues; i++)
        if (is_named(ids->aulPropTag[i]))
            targets[named->places[i]] = CHANGE_PROP_TYPE(ids->aulPropTag[i], PROP_TYPE(tags[named->places[i]]));
    MAPIFreeBuffer(ids);
    return S_OK;
}

static bool has_named(ULONG count, const ULONG *tags)
{
    for (ULONG i = 0; i < count; i++)
        if (is_named(tags[i]))
            return true;
    return false;
}

HRESULT prop_names_translate(IMAPIProp *source, IMAPIProp *destination, ULONG count, const ULONG *tags, ULONG *targets)
{
    struct named named = {NULL, NULL, NULL};
    HRESULT hr;
    memcpy(targets, tags, (size_t)count * sizeof *targets);
    if (!has_named(count, tags) || share_mapping(source, destination))
        return S_OK;
    hr = list_named(count, tags, &named);
    if (hr == S_OK)
        hr = find_names(source, &named);
    if (hr == S_OK)
        hr = find_ids(destination, &named, tags, targets);
    MAPIFreeBuffer(named.names);
    free(named.places);
    free(named.tags);
    return hr == MAPI_E_NO_SUPPORT ? S_OK : hr;
}
