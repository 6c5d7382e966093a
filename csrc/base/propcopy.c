/* base/propcopy.c - CopyTo and CopyProps of base/propobject.h, between any two property objects. */
#include "base/propobject.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propnames.h"

/* One copy under way. The arrays have an element for each tag to be copied. */
struct copy {
    IMAPIProp *source;
    IMAPIProp *destination;
    const struct prop_copy_rules *rules;
    ULONG flags;
    bool with_objects;
    ULONG count;
    ULONG *tags;                 /* malloc'd */
    ULONG *targets;              /* malloc'd: what the destination calls them (base/propnames.h) */
    HRESULT *results;            /* malloc'd: S_OK arrived, S_FALSE left out, else the problem */
    SPropProblemArray *problems; /* room for all of them, or NULL when they are not wanted */
};

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to copy the properties.");
}

static bool same_guid(const GUID *left, const GUID *right)
{
    return memcmp(left, right, sizeof *left) == 0;
}

/* ---- arguments ---- */

static HRESULT check_arguments(REFIID iface, const void *destination, ULONG flags)
{
    const ULONG known = MAPI_MOVE | MAPI_NOREPLACE | MAPI_DECLINE_OK | MAPI_DIALOG;
    if ((flags & ~known) != 0)
        return fail(MAPI_E_UNKNOWN_FLAGS, "Properties cannot be copied with an unknown flag (0x%08lX).",
                    (unsigned long)(flags & ~known));
    if (iface == NULL || destination == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "Properties cannot be copied without a destination and its interface.");
    if (flags & MAPI_DECLINE_OK)
        return fail(MAPI_E_DECLINE_COPY, "The object leaves the copying to its caller, as it was allowed to.");
    return S_OK;
}

static bool is_same_object(IUnknown *left, IUnknown *right)
{
    void *left_identity = NULL;
    void *right_identity = NULL;
    bool same = false;
    if (left->lpVtbl->QueryInterface(left, &IID_IUnknown, &left_identity) >= 0 &&
        right->lpVtbl->QueryInterface(right, &IID_IUnknown, &right_identity) >= 0)
        same = left_identity == right_identity;
    if (left_identity != NULL)
        ((IUnknown *)left_identity)->lpVtbl->Release(left_identity);
    if (right_identity != NULL)
        ((IUnknown *)right_identity)->lpVtbl->Release(right_identity);
    return same;
}

/* The destination as a property object, with a reference of our own. */
static HRESULT open_destination(IMAPIProp *source, REFIID iface, void *destination, IMAPIProp **out)
{
    *out = NULL;
    IUnknown *given = destination;
    if (is_same_object((IUnknown *)(void *)source, given))
        return fail(MAPI_E_NO_ACCESS, "An object's properties cannot be copied to itself.");
    void *asked = NULL;
    void *props = NULL;
    HRESULT hr = given->lpVtbl->QueryInterface(given, iface, &asked);
    if (hr >= 0) {
        hr = ((IUnknown *)asked)->lpVtbl->QueryInterface(asked, &IID_IMAPIProp, &props);
        ((IUnknown *)asked)->lpVtbl->Release(asked);
    }
    if (hr < 0)
        return fail(MAPI_E_INTERFACE_NOT_SUPPORTED,
                    "The destination does not have the interface it is to be used with.");
    *out = props;
    return S_OK;
}

/* How many of the source's interfaces, most derived first, the exclusions take away: excluding one excludes all
 * that are derived from it (imapiprop-copyto.md). */
static size_t excluded_interfaces(const GUID *const *iids, ULONG count, const GUID *excluded)
{
    size_t taken = 0;
    for (size_t i = 0; iids[i] != NULL; i++)
        for (ULONG n = 0; n < count; n++)
            if (same_guid(iids[i], &excluded[n]) || same_guid(&IID_IUnknown, &excluded[n]))
                taken = i + 1;
    return taken;
}

static HRESULT check_exclusions(const struct prop_copy_rules *rules, ULONG count, const GUID *excluded,
                                const SPropTagArray *tags, bool *with_objects)
{
    if ((count > 0 && excluded == NULL) || (tags != NULL && tags->cValues == 0))
        return fail(MAPI_E_INVALID_PARAMETER, "CopyTo was given a list of exclusions that is missing or empty.");
    size_t taken = excluded_interfaces(rules->iids, count, excluded);
    if (taken > 0 && rules->iids[taken] == NULL)
        return fail(MAPI_E_INTERFACE_NOT_SUPPORTED,
                    "Every interface of the object is excluded; nothing is left to copy.");
    *with_objects = taken == 0;
    return S_OK;
}

/* ---- which properties ---- */

static bool names(const SPropTagArray *tags, ULONG tag)
{
    for (ULONG i = 0; tags != NULL && i < tags->cValues; i++)
        if (PROP_ID(tags->aulPropTag[i]) == PROP_ID(tag))
            return true;
    return false;
}

static HRESULT allocate(struct copy *copy, ULONG count, SPropProblemArray **wanted)
{
    copy->tags = malloc(((size_t)count + 1) * sizeof *copy->tags);
    copy->targets = malloc(((size_t)count + 1) * sizeof *copy->targets);
    copy->results = calloc((size_t)count + 1, sizeof *copy->results);
    if (copy->tags == NULL || copy->targets == NULL || copy->results == NULL)
        return no_memory();
    if (wanted == NULL)
        return S_OK;
    void *memory;
    uint64_t size = CbNewSPropProblemArray((uint64_t)count + 1);
    HRESULT hr = size > 0xFFFFFFFFu ? no_memory() : MAPIAllocateBuffer((ULONG)size, &memory);
    if (hr == S_OK) {
        copy->problems = memory;
        copy->problems->cProblem = 0;
    }
    return hr;
}

static HRESULT list_all(struct copy *copy, const SPropTagArray *excluded, SPropProblemArray **problems)
{
    SPropTagArray *all;
    HRESULT hr = copy->source->lpVtbl->GetPropList(copy->source, MAPI_UNICODE, &all);
    if (hr < 0)
        return hr;
    hr = allocate(copy, all->cValues, problems);
    for (ULONG i = 0; hr == S_OK && i < all->cValues; i++)
        if (!names(excluded, all->aulPropTag[i]))
            copy->tags[copy->count++] = all->aulPropTag[i];
    MAPIFreeBuffer(all);
    return hr;
}

static HRESULT list_given(struct copy *copy, const SPropTagArray *tags, SPropProblemArray **problems)
{
    if (tags == NULL || tags->cValues == 0)
        return fail(MAPI_E_INVALID_PARAMETER, "CopyProps needs at least one property tag.");
    for (ULONG i = 0; i < tags->cValues; i++)
        if (PROP_ID(tags->aulPropTag[i]) == PROP_ID_NULL)
            return fail(MAPI_E_INVALID_PARAMETER, "PR_NULL cannot be copied.");
    HRESULT hr = allocate(copy, tags->cValues, problems);
    if (hr == S_OK) {
        memcpy(copy->tags, tags->aulPropTag, (size_t)tags->cValues * sizeof *copy->tags);
        copy->count = tags->cValues;
    }
    return hr;
}

/* With MAPI_NOREPLACE, leaves out what the destination has. */
static HRESULT leave_out_existing(struct copy *copy)
{
    if (!(copy->flags & MAPI_NOREPLACE))
        return S_OK;
    SPropTagArray *existing;
    HRESULT hr = copy->destination->lpVtbl->GetPropList(copy->destination, MAPI_UNICODE, &existing);
    if (hr < 0)
        return hr;
    for (ULONG i = 0; i < copy->count; i++)
        if (PROP_TYPE(copy->tags[i]) != PT_OBJECT && names(existing, copy->targets[i]))
            copy->results[i] = S_FALSE;
    MAPIFreeBuffer(existing);
    return S_OK;
}

/* ---- copying ---- */

static HRESULT copy_stream(IStream *from, IStream *to)
{
    ULARGE_INTEGER everything = {.QuadPart = UINT64_MAX};
    HRESULT hr = from->lpVtbl->CopyTo(from, to, everything, NULL, NULL);
    return hr >= 0 ? to->lpVtbl->Commit(to, STGC_DEFAULT) : hr;
}

/* A value too large for GetProps, that is called `target` in the destination. */
static HRESULT copy_large(struct copy *copy, ULONG tag, ULONG target)
{
    IUnknown *from = NULL;
    IUnknown *to = NULL;
    HRESULT hr = copy->source->lpVtbl->OpenProperty(copy->source, tag, &IID_IStream, 0, 0, &from);
    if (hr >= 0)
        hr = copy->destination->lpVtbl->OpenProperty(copy->destination, CHANGE_PROP_TYPE(target, PROP_TYPE(tag)),
                                                     &IID_IStream, 0, MAPI_CREATE | MAPI_MODIFY, &to);
    if (hr >= 0)
        hr = copy_stream((IStream *)(void *)from, (IStream *)(void *)to);
    if (to != NULL)
        to->lpVtbl->Release(to);
    if (from != NULL)
        from->lpVtbl->Release(from);
    return hr;
}

/* The type a value too large for GetProps has: streams cannot be opened with PT_UNSPECIFIED. */
static HRESULT find_type(struct copy *copy, ULONG *tag)
{
    if (PROP_TYPE(*tag) != PT_UNSPECIFIED)
        return S_OK;
    SPropTagArray *all;
    HRESULT hr = copy->source->lpVtbl->GetPropList(copy->source, MAPI_UNICODE, &all);
    if (hr < 0)
        return hr;
    for (ULONG i = 0; i < all->cValues; i++)
        if (PROP_ID(all->aulPropTag[i]) == PROP_ID(*tag))
            *tag = all->aulPropTag[i];
    MAPIFreeBuffer(all);
    return PROP_TYPE(*tag) != PT_UNSPECIFIED ? S_OK : MAPI_E_NOT_FOUND;
}

/* Hands the values that GetProps gave to SetProps. `values` is reordered; `where` remembers each one's place. */
static HRESULT set_values(struct copy *copy, ULONG count, SPropValue *values, const ULONG *where)
{
    SPropProblemArray *problems = NULL;
    HRESULT hr = copy->destination->lpVtbl->SetProps(copy->destination, count, values, &problems);
    if (hr < 0)
        return hr;
    for (ULONG i = 0; problems != NULL && i < problems->cProblem; i++)
        if (problems->aProblem[i].ulIndex < count)
            copy->results[where[problems->aProblem[i].ulIndex]] = problems->aProblem[i].scode;
    MAPIFreeBuffer(problems);
    return S_OK;
}

static HRESULT copy_large_values(struct copy *copy, const SPropValue *values, const ULONG *asked, ULONG count)
{
    for (ULONG i = 0; i < count; i++) {
        if (PROP_TYPE(values[i].ulPropTag) != PT_ERROR)
            continue;
        HRESULT hr = values[i].Value.err;
        ULONG tag = copy->tags[asked[i]];
        if (hr == MAPI_E_NOT_ENOUGH_MEMORY)
            hr = find_type(copy, &tag);
        if (hr == S_OK)
            hr = copy_large(copy, tag, copy->targets[asked[i]]);
        copy->results[asked[i]] = hr;
    }
    return S_OK;
}

/* Everything that is a value: what GetProps gives in one call, then what it finds too large one at a time. */
static HRESULT copy_values(struct copy *copy, SPropTagArray *wanted, ULONG *asked)
{
    wanted->cValues = 0;
    for (ULONG i = 0; i < copy->count; i++)
        if (copy->results[i] == S_OK && PROP_TYPE(copy->tags[i]) != PT_OBJECT) {
            asked[wanted->cValues] = i;
            wanted->aulPropTag[wanted->cValues++] = copy->tags[i];
        }
    if (wanted->cValues == 0)
        return S_OK;
    ULONG count;
    SPropValue *values;
    HRESULT hr = copy->source->lpVtbl->GetProps(copy->source, wanted, MAPI_UNICODE, &count, &values);
    if (hr < 0)
        return hr;
    hr = copy_large_values(copy, values, asked, count);
    ULONG good = 0;
    for (ULONG i = 0; i < count; i++)
        if (PROP_TYPE(values[i].ulPropTag) != PT_ERROR) {
            asked[good] = asked[i];
            values[good] = values[i];
            values[good].ulPropTag = CHANGE_PROP_TYPE(copy->targets[asked[i]], PROP_TYPE(values[i].ulPropTag));
            good++;
        }
    if (hr == S_OK && good > 0)
        hr = set_values(copy, good, values, asked);
    MAPIFreeBuffer(values);
    return hr;
}

/* What ends the whole copy when a sub-object answers it (imapiprop-copyto.md). */
static bool is_fatal(HRESULT hr)
{
    return hr == MAPI_E_COLLISION || hr == MAPI_E_FOLDER_CYCLE || hr == MAPI_E_NO_ACCESS || hr == MAPI_E_INVALID_OBJECT;
}

static HRESULT copy_objects(struct copy *copy)
{
    for (ULONG i = 0; i < copy->count; i++) {
        if (PROP_TYPE(copy->tags[i]) != PT_OBJECT)
            continue;
        if (!copy->with_objects || copy->rules->copy_object == NULL) {
            copy->results[i] = S_FALSE;
            continue;
        }
        HRESULT hr = copy->rules->copy_object(copy->rules->context, copy->tags[i], copy->destination,
                                              copy->flags & MAPI_NOREPLACE);
        if (is_fatal(hr))
            return hr;
        copy->results[i] = hr < 0 ? hr : S_OK;
    }
    return S_OK;
}

/* With MAPI_MOVE, what arrived leaves the source. Computed properties stay there, which is no failure. */
static HRESULT delete_moved(struct copy *copy, SPropTagArray *moved)
{
    moved->cValues = 0;
    for (ULONG i = 0; i < copy->count; i++)
        if (copy->results[i] == S_OK)
            moved->aulPropTag[moved->cValues++] = copy->tags[i];
    if (!(copy->flags & MAPI_MOVE) || moved->cValues == 0)
        return S_OK;
    HRESULT hr = copy->source->lpVtbl->DeleteProps(copy->source, moved, NULL);
    return hr < 0 ? hr : S_OK;
}

static void give_problems(struct copy *copy, SPropProblemArray **wanted)
{
    if (copy->problems == NULL)
        return;
    for (ULONG i = 0; i < copy->count; i++)
        if (copy->results[i] < 0)
            copy->problems->aProblem[copy->problems->cProblem++] = (SPropProblem){i, copy->tags[i], copy->results[i]};
    if (copy->problems->cProblem > 0) {
        *wanted = copy->problems;
        copy->problems = NULL;
    }
}

static HRESULT run(struct copy *copy, SPropProblemArray **problems)
{
    SPropTagArray *wanted = malloc(CbNewSPropTagArray((size_t)copy->count + 1));
    ULONG *asked = malloc(((size_t)copy->count + 1) * sizeof *asked);
    HRESULT hr = wanted == NULL || asked == NULL ? no_memory() : S_OK;
    if (hr == S_OK)
        hr = prop_names_translate(copy->source, copy->destination, copy->count, copy->tags, copy->targets);
    if (hr == S_OK)
        hr = leave_out_existing(copy);
    if (hr == S_OK)
        hr = copy_values(copy, wanted, asked);
    if (hr == S_OK)
        hr = copy_objects(copy);
    if (hr == S_OK)
        hr = delete_moved(copy, wanted);
    if (hr == S_OK)
        give_problems(copy, problems);
    free(wanted);
    free(asked);
    return hr;
}

static void finish(struct copy *copy)
{
    if (copy->destination != NULL)
        copy->destination->lpVtbl->Release(copy->destination);
    MAPIFreeBuffer(copy->problems);
    free(copy->tags);
    free(copy->targets);
    free(copy->results);
}

HRESULT prop_object_copy_to(IMAPIProp *source, const struct prop_copy_rules *rules, ULONG excluded_count,
                            const GUID *excluded_iids, const SPropTagArray *excluded_tags, REFIID iface,
                            void *destination, ULONG flags, SPropProblemArray **problems)
{
    if (problems != NULL)
        *problems = NULL;
    struct copy copy = {.source = source, .rules = rules, .flags = flags};
    HRESULT hr = check_arguments(iface, destination, flags);
    if (hr == S_OK)
        hr = check_exclusions(rules, excluded_count, excluded_iids, excluded_tags, &copy.with_objects);
    if (hr == S_OK)
        hr = open_destination(source, iface, destination, &copy.destination);
    if (hr == S_OK)
        hr = list_all(&copy, excluded_tags, problems);
    if (hr == S_OK)
        hr = run(&copy, problems);
    finish(&copy);
    return hr;
}

HRESULT prop_object_copy_props(IMAPIProp *source, const struct prop_copy_rules *rules, const SPropTagArray *tags,
                               REFIID iface, void *destination, ULONG flags, SPropProblemArray **problems)
{
    if (problems != NULL)
        *problems = NULL;
    struct copy copy = {.source = source, .rules = rules, .flags = flags, .with_objects = true};
    HRESULT hr = check_arguments(iface, destination, flags);
    if (hr == S_OK)
        hr = open_destination(source, iface, destination, &copy.destination);
    if (hr == S_OK)
        hr = list_given(&copy, tags, problems);
    if (hr == S_OK)
        hr = run(&copy, problems);
    finish(&copy);
    return hr;
}
