#include "store/host.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/folder.h"
#include "store/named_props.h"
#include "store/objects.h"
#include "store/progress.h"

void host_init(struct host *host, const struct object_type *type, const void *vtbl, const struct host_class *class,
               struct store *store, enum chunk_owner kind, int64_t row, bool writable)
{
    object_init(&host->object, type, vtbl);
    host->class = class;
    host->store = store_attach(store);
    host->writable = writable;
    host->place.kind = kind;
    host->place.row = row;
}

void host_destroy(struct host *host)
{
    struct store *store = host->store;

    holder_clear(&host->props);
    object_retire(&host->object);
    free(host);
    store_detach(store);
}

struct lifeline *host_lifeline(struct object *object)
{
    return ((struct host *)(void *)object)->store->life;
}

HRESULT host_enter(struct host *host)
{
    HRESULT hr;

    failure_clear(); /* not every failure comes with a sentence, and an old one would pass for its reason */
    hr = store_enter(host->store);
    if (SUCCEEDED(hr) && host->class->check != NULL) {
        hr = host->class->check(host);
        if (FAILED(hr))
            store_leave(host->store);
    }
    return hr;
}

void host_leave(struct host *host)
{
    store_leave(host->store);
}

/* The logon behind an interface pointer, NULL if it is not one of ours. */
static struct store *store_behind(void *object)
{
    const void *const ours[] = {&folder_vtbl, &message_vtbl, &attach_vtbl, &msgstore_vtbl};
    size_t i;

    for (i = 0; object != NULL && i < sizeof ours / sizeof ours[0]; i++)
        if (((struct object *)object)->vtbl == ours[i])
            return ((struct host *)object)->store;
    return NULL;
}

/* An `other` whose logon has ended, say, is what the copying itself finds out. */
HRESULT host_enter_both(struct host *host, void *other, struct store **also)
{
    struct store *store = store_behind(other);
    HRESULT hr = MAPI_E_NOT_FOUND;

    *also = NULL;
    if (store != NULL && store != host->store)
        hr = store_enter_both(host->store, store);
    if (hr == MAPI_E_TIMEOUT)
        return hr;
    if (FAILED(hr))
        return host_enter(host);
    hr = host_enter(host);
    store_leave(host->store); /* which is entered once more */
    if (FAILED(hr))
        store_leave(store);
    else
        *also = store;
    return hr;
}

void host_leave_both(struct host *host, struct store *also)
{
    host_leave(host);
    if (also != NULL)
        store_leave(also);
}

HRESULT host_change(struct host *host, HRESULT (*change)(struct host *host, void *context), void *context)
{
    HRESULT hr;

    if (!host->writable)
        return fail(MAPI_E_NO_ACCESS, "The object was opened for reading.");
    if (host->class->write == NULL) {
        hr = change(host, context);
        if (SUCCEEDED(hr))
            host->class->touched(host);
        return hr;
    }
    hr = store_begin(host->store);
    if (FAILED(hr))
        return hr;
    hr = host->class->load(host);
    if (SUCCEEDED(hr))
        hr = change(host, context);
    if (SUCCEEDED(hr))
        hr = host->class->write(host);
    return store_end_transaction(host->store, hr);
}

HRESULT value_long(ULONG tag, ULONG value, SPropValue *out)
{
    out->ulPropTag = CHANGE_PROP_TYPE(tag, PT_LONG);
    out->Value.ul = value;
    return S_OK;
}

HRESULT value_boolean(ULONG tag, bool value, SPropValue *out)
{
    out->ulPropTag = CHANGE_PROP_TYPE(tag, PT_BOOLEAN);
    out->Value.b = value;
    return S_OK;
}

HRESULT value_time(ULONG tag, int64_t ticks, SPropValue *out)
{
    out->ulPropTag = CHANGE_PROP_TYPE(tag, PT_SYSTIME);
    out->Value.ft.dwLowDateTime = (DWORD)((uint64_t)ticks & 0xFFFFFFFFu);
    out->Value.ft.dwHighDateTime = (DWORD)((uint64_t)ticks >> 32);
    return S_OK;
}

HRESULT value_binary(ULONG tag, const void *bytes, size_t size, void *head, SPropValue *out)
{
    void *copy = NULL;
    HRESULT hr = MAPIAllocateMore((ULONG)size, head, &copy);

    if (FAILED(hr))
        return hr;
    memcpy(copy, bytes, size);
    out->ulPropTag = CHANGE_PROP_TYPE(tag, PT_BINARY);
    out->Value.bin.cb = (ULONG)size;
    out->Value.bin.lpb = copy;
    return S_OK;
}

HRESULT value_entryid(struct store *store, ULONG tag, ULONG kind, int64_t row, void *head, SPropValue *out)
{
    unsigned char id[OBJECT_ENTRYID_SIZE];

    object_entryid_make(&store->uid, kind, row, id);
    return value_binary(tag, id, sizeof id, head, out);
}

HRESULT value_common(struct host *host, ULONG tag, ULONG object_type, void *head, SPropValue *out)
{
    struct store *store = host->store;

    switch (PROP_ID(tag)) {
    case PROP_ID(PR_STORE_ENTRYID):
        return value_binary(tag, store->entryid, store->entryid_size, head, out);
    case PROP_ID(PR_STORE_RECORD_KEY):
    case PROP_ID(PR_MAPPING_SIGNATURE):
        return value_binary(tag, store->uid.ab, sizeof store->uid.ab, head, out);
    case PROP_ID(PR_OBJECT_TYPE):
        return value_long(tag, object_type, out);
    case PROP_ID(PR_ACCESS_LEVEL):
        return value_long(tag, host->writable ? MAPI_MODIFY : 0, out);
    default:
        return MAPI_E_NOT_FOUND;
    }
}

HRESULT host_get_last_error(struct host *host, HRESULT result, ULONG flags, LPMAPIERROR *error)
{
    HRESULT hr = store_enter(host->store);

    if (error != NULL)
        *error = NULL;
    if (FAILED(hr))
        return hr;
    if (error == NULL)
        hr = MAPI_E_INVALID_PARAMETER;
    else if ((flags & ~MAPI_UNICODE) != 0)
        hr = MAPI_E_UNKNOWN_FLAGS;
    else
        hr = failure_describe(result, flags, "message store", error);
    store_leave(host->store);
    return hr;
}

HRESULT host_save_changes(struct host *host, ULONG flags)
{
    static const ULONG known = KEEP_OPEN_READONLY | KEEP_OPEN_READWRITE | FORCE_SAVE | MAPI_DEFERRED_ERRORS |
                               SPAMFILTER_ONSAVE | NON_EMS_XP_SAVE;
    HRESULT hr = host_enter(host);

    if (FAILED(hr))
        return hr;
    if ((flags & ~known) != 0)
        hr = MAPI_E_UNKNOWN_FLAGS;
    else if (host->class->save != NULL)
        hr = host->class->save(host, flags);
    host_leave(host);
    return hr;
}

static HRESULT load(struct host *host)
{
    return host->class->load != NULL ? host->class->load(host) : S_OK;
}

HRESULT host_get_props(struct host *host, LPSPropTagArray tags, ULONG flags, ULONG *count, LPSPropValue *values)
{
    HRESULT hr = host_enter(host);

    if (count != NULL)
        *count = 0;
    if (values != NULL)
        *values = NULL;
    if (FAILED(hr))
        return hr;
    hr = load(host);
    if (SUCCEEDED(hr))
        hr = prop_object_get_props(&host->class->source, host, tags, flags, count, values);
    host_leave(host);
    return hr;
}

HRESULT host_get_prop_list(struct host *host, ULONG flags, LPSPropTagArray *tags)
{
    HRESULT hr = host_enter(host);

    if (tags != NULL)
        *tags = NULL;
    if (FAILED(hr))
        return hr;
    hr = load(host);
    if (SUCCEEDED(hr))
        hr = prop_object_get_prop_list(&host->class->source, host, flags, tags);
    host_leave(host);
    return hr;
}

static HRESULT open_property(struct host *host, ULONG tag, LPCIID iid, ULONG options, ULONG flags, LPUNKNOWN *out)
{
    HRESULT hr;

    if (iid == NULL || out == NULL || PROP_TYPE(tag) == PT_UNSPECIFIED || PROP_ID(tag) == 0)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(MAPI_MODIFY | MAPI_CREATE | MAPI_DEFERRED_ERRORS)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if ((flags & (MAPI_MODIFY | MAPI_CREATE)) != 0 && !host->writable)
        return fail(MAPI_E_NO_ACCESS, "The object was opened for reading.");
    hr = load(host);
    if (FAILED(hr))
        return hr;
    if (PROP_TYPE(tag) == PT_OBJECT)
        return host->class->open_object(host, tag, iid, options, flags, out);
    if (memcmp(iid, &IID_IStream, sizeof *iid) != 0)
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    return stream_open(host, tag, flags, out);
}

HRESULT host_open_property(struct host *host, ULONG tag, LPCIID iid, ULONG options, ULONG flags, LPUNKNOWN *out)
{
    HRESULT hr = host_enter(host);

    if (out != NULL)
        *out = NULL;
    if (FAILED(hr))
        return hr;
    hr = open_property(host, tag, iid, options, flags, out);
    host_leave(host);
    return hr;
}

/* SetProps and DeleteProps: what the two have in common is the transaction, and that a read-only object has neither. */
struct modification {
    ULONG count;
    LPSPropValue values;
    LPSPropTagArray tags; /* DeleteProps */
    LPSPropProblemArray *problems;
};

static HRESULT modify(struct host *host, void *context)
{
    struct modification *what = context;

    if (what->tags != NULL)
        return prop_object_delete_props(&host->class->source, host, what->tags, what->problems);
    return prop_object_set_props(&host->class->source, host, what->count, what->values, what->problems);
}

static HRESULT apply(struct host *host, struct modification *what)
{
    HRESULT hr = host_enter(host);

    if (what->problems != NULL)
        *what->problems = NULL;
    if (FAILED(hr))
        return hr;
    hr = host_change(host, modify, what);
    if (FAILED(hr) && what->problems != NULL && *what->problems != NULL) {
        MAPIFreeBuffer(*what->problems);
        *what->problems = NULL;
    }
    host_leave(host);
    return hr;
}

HRESULT host_set_props(struct host *host, ULONG count, LPSPropValue values, LPSPropProblemArray *problems)
{
    struct modification what = {count, values, NULL, problems};

    return apply(host, &what);
}

HRESULT host_delete_props(struct host *host, LPSPropTagArray tags, LPSPropProblemArray *problems)
{
    struct modification what = {0, NULL, tags, problems};

    if (tags == NULL) {
        HRESULT hr = host_enter(host);

        if (SUCCEEDED(hr))
            host_leave(host);
        return FAILED(hr) ? hr : MAPI_E_INVALID_PARAMETER;
    }
    return apply(host, &what);
}

/* What CopyTo and CopyProps have in common. tags: of CopyProps; else what is excluded. */
struct copying {
    LPSPropTagArray tags;
    ULONG excluded_count;
    LPCIID excluded;
    LPSPropTagArray excluded_tags;
    LPCIID iid;
    LPVOID destination;
    ULONG flags;
    LPSPropProblemArray *problems;
};

static HRESULT copy(struct host *host, const struct copying *what)
{
    struct prop_copy_rules rules = {host->class->iids, host->class->copy_object, host};
    IMAPIProp *source = (IMAPIProp *)(void *)host;
    struct store *also;
    HRESULT hr = host_enter_both(host, what->destination, &also);

    if (what->problems != NULL)
        *what->problems = NULL;
    if (FAILED(hr))
        return hr;
    hr = what->tags != NULL
             ? prop_object_copy_props(source, &rules, what->tags, what->iid, what->destination, what->flags,
                                      what->problems)
             : prop_object_copy_to(source, &rules, what->excluded_count, what->excluded, what->excluded_tags, what->iid,
                                   what->destination, what->flags, what->problems);
    host_leave_both(host, also);
    return hr;
}

static HRESULT copy_shown(struct host *host, const struct copying *what, LPMAPIPROGRESS progress)
{
    struct progress shown;

    progress_begin(&shown, (what->flags & MAPI_DIALOG) != 0, progress, 1);
    return progress_end(&shown, copy(host, what));
}

HRESULT host_copy_to(struct host *host, ULONG excluded_count, LPCIID excluded, LPSPropTagArray excluded_tags,
                     LPMAPIPROGRESS progress, LPCIID iid, LPVOID destination, ULONG flags,
                     LPSPropProblemArray *problems)
{
    const struct copying what = {NULL, excluded_count, excluded, excluded_tags, iid, destination, flags, problems};

    return copy_shown(host, &what, progress);
}

HRESULT host_copy_props(struct host *host, LPSPropTagArray tags, LPMAPIPROGRESS progress, LPCIID iid,
                        LPVOID destination, ULONG flags, LPSPropProblemArray *problems)
{
    static SPropTagArray none;
    const struct copying what = {tags != NULL ? tags : &none, 0, NULL, NULL, iid, destination, flags, problems};

    return copy_shown(host, &what, progress);
}

HRESULT host_get_names_from_ids(struct host *host, LPSPropTagArray *tags, LPGUID set, ULONG flags, ULONG *count,
                                LPMAPINAMEID **names)
{
    HRESULT hr = host_enter(host);

    if (count != NULL)
        *count = 0;
    if (names != NULL)
        *names = NULL;
    if (FAILED(hr))
        return hr;
    hr = named_names_from_ids(host->store, tags, set, flags, count, names);
    host_leave(host);
    return hr;
}

HRESULT host_get_ids_from_names(struct host *host, ULONG count, LPMAPINAMEID *names, ULONG flags, LPSPropTagArray *tags)
{
    HRESULT hr = host_enter(host);

    if (tags != NULL)
        *tags = NULL;
    if (FAILED(hr))
        return hr;
    hr = named_ids_from_names(host->store, count, names, flags, tags);
    host_leave(host);
    return hr;
}
