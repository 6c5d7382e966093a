#include "support/fake_message.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/memstream.h"
#include "base/memtable.h"
#include "base/object.h"
#include "base/propbag.h"
#include "base/propobject.h"
#include "base/utf.h"

/* Names, shared by reference count. */
struct names {
    unsigned refs, limits;
    size_t count;
    struct {
        GUID set;
        ULONG kind;
        LONG id;
        WCHAR *text;
    } items[512];
};

/* A message and an attachment are the same here: properties, and for a message rows and attachments. */
struct fake {
    struct object object;
    struct names *names;
    struct prop_bag bag;
    struct prop_bag *recipients;
    size_t recipient_count;
    struct fake **attached; /* each with a reference */
    size_t attached_count;
    struct fake *embedded; /* of an attachment */
    unsigned saves;
};

static const IMessageVtbl message_vtbl;
static const IAttachVtbl attach_vtbl;

static void destroy(struct object *object)
{
    struct fake *self = (struct fake *)(void *)object;

    prop_bag_clear(&self->bag);
    for (size_t i = 0; i < self->recipient_count; i++)
        prop_bag_clear(&self->recipients[i]);
    free(self->recipients);
    for (size_t i = 0; i < self->attached_count; i++)
        object_release(&self->attached[i]->object);
    free(self->attached);
    if (self->embedded != NULL)
        object_release(&self->embedded->object);
    if (--self->names->refs == 0) {
        for (size_t i = 0; i < self->names->count; i++)
            free(self->names->items[i].text);
        free(self->names);
    }
    object_retire(object);
    free(self);
}

static const GUID *const message_iids[] = {&IID_IMessage, &IID_IMAPIProp, NULL};
static const GUID *const attach_iids[] = {&IID_IAttachment, &IID_IMAPIProp, NULL};
static const struct object_type message_type = {OBJECT_MESSAGE, message_iids, destroy, NULL, NULL};
static const struct object_type attach_type = {OBJECT_ATTACHMENT, attach_iids, destroy, NULL, NULL};

static HRESULT create(struct names *names, const struct object_type *type, const void *vtbl, struct fake **out)
{
    struct fake *self = calloc(1, sizeof *self);

    *out = self;
    if (self == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    self->names = names;
    names->refs++;
    object_init(&self->object, type, vtbl);
    return S_OK;
}

/* Properties ---------------------------------------------------------------------------------------------------- */

static HRESULT get(void *self, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    return prop_bag_get(&((struct fake *)self)->bag, tag, flags, head, out);
}

static HRESULT list(void *self, struct prop_tag_list *out)
{
    struct fake *fake = self;
    HRESULT hr = S_OK;

    for (size_t i = 0; i < fake->bag.count && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, fake->bag.items[i].tag);
    return hr;
}

static HRESULT set(void *self, const SPropValue *value)
{
    return prop_bag_set(&((struct fake *)self)->bag, value);
}

static HRESULT take_away(void *self, ULONG tag)
{
    return prop_bag_remove(&((struct fake *)self)->bag, tag) ? S_OK : MAPI_E_NOT_FOUND;
}

static const struct prop_source source = {get, list, set, take_away};

/* A stream that writes a property. */
struct stream_target {
    struct fake *fake;
    ULONG tag;
};

static HRESULT commit(void *context, const void *bytes, size_t size)
{
    struct stream_target *target = context;
    char *text;
    size_t length;
    HRESULT hr;

    if (PROP_TYPE(target->tag) != PT_UNICODE)
        return prop_bag_set_payload(&target->fake->bag, target->tag, bytes, size);
    hr = utf16_to_utf8_new(bytes, size / 2, UTF_WTF8, &text, &length);
    if (SUCCEEDED(hr))
        hr = prop_bag_set_payload(&target->fake->bag, target->tag, text, length);
    free(text);
    return hr;
}

static void dispose(void *context)
{
    struct stream_target *target = context;

    object_release(&target->fake->object);
    free(target);
}

static HRESULT open_writer(struct fake *self, ULONG tag, IStream **out)
{
    struct stream_target *target = malloc(sizeof *target);
    HRESULT hr;

    if (target == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    target->fake = self;
    target->tag = tag;
    object_addref(&self->object);
    hr = memstream_create_writer(NULL, commit, dispose, target, NULL, 0, out);
    if (FAILED(hr))
        dispose(target);
    return hr;
}

static HRESULT open_reader(struct fake *self, ULONG tag, IStream **out)
{
    const struct prop_entry *entry = prop_bag_find(&self->bag, tag);
    WCHAR *wide;
    size_t units;
    HRESULT hr;

    if (entry == NULL)
        return MAPI_E_NOT_FOUND;
    if (PROP_TYPE(tag) != PT_UNICODE)
        return memstream_create_reader(NULL, entry->bytes, entry->size, out);
    hr = utf8_to_utf16_new((const char *)entry->bytes, entry->size, UTF_WTF8, &wide, &units);
    if (SUCCEEDED(hr))
        hr = memstream_create_reader(NULL, wide, units * 2, out);
    free(wide);
    return hr;
}

static HRESULT open_embedded(struct fake *self, ULONG flags, IUnknown **out)
{
    HRESULT hr = S_OK;

    if ((self->names->limits & FAKE_NO_EMBEDDED) != 0)
        return MAPI_E_NO_SUPPORT;
    if (self->embedded == NULL)
        hr = (flags & MAPI_CREATE) == 0 ? MAPI_E_NOT_FOUND
                                        : create(self->names, &message_type, &message_vtbl, &self->embedded);
    if (FAILED(hr))
        return hr;
    object_addref(&self->embedded->object);
    *out = (IUnknown *)(void *)self->embedded;
    return S_OK;
}

static HRESULT open_property(struct fake *self, ULONG tag, LPCIID iid, ULONG flags, IUnknown **out)
{
    *out = NULL;
    if (tag == PR_ATTACH_DATA_OBJ && memcmp(iid, &IID_IMessage, sizeof *iid) == 0)
        return open_embedded(self, flags, out);
    if (memcmp(iid, &IID_IStream, sizeof *iid) != 0)
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    return (flags & MAPI_CREATE) != 0 ? open_writer(self, tag, (IStream **)(void *)out)
                                      : open_reader(self, tag, (IStream **)(void *)out);
}

static bool same_text(const WCHAR *one, const WCHAR *other)
{
    size_t length = utf16_length(one);

    return length == utf16_length(other) && memcmp(one, other, length * sizeof *one) == 0;
}

static ULONG find_name(struct names *names, const MAPINAMEID *id, bool make)
{
    size_t size = id->ulKind == MNID_STRING ? (utf16_length(id->Kind.lpwstrName) + 1) * sizeof(WCHAR) : 0;
    size_t at = 0;

    for (; at < names->count; at++)
        if (memcmp(&names->items[at].set, id->lpguid, sizeof(GUID)) == 0 && names->items[at].kind == id->ulKind &&
            (id->ulKind == MNID_ID ? names->items[at].id == id->Kind.lID
                                   : same_text(names->items[at].text, id->Kind.lpwstrName)))
            return PROP_TAG(PT_UNSPECIFIED, 0x8000 + at);
    if (!make || at == 512)
        return PROP_TAG(PT_ERROR, 0);
    names->items[at].set = *id->lpguid;
    names->items[at].kind = id->ulKind;
    names->items[at].id = id->ulKind == MNID_ID ? id->Kind.lID : 0;
    if (size != 0 && (names->items[at].text = malloc(size)) == NULL)
        return PROP_TAG(PT_ERROR, 0);
    if (size != 0)
        memcpy(names->items[at].text, id->Kind.lpwstrName, size);
    names->count++;
    return PROP_TAG(PT_UNSPECIFIED, 0x8000 + at);
}

static HRESULT ids_from_names(struct fake *self, ULONG count, LPMAPINAMEID *ids, ULONG flags, LPSPropTagArray *tags)
{
    HRESULT hr = S_OK;
    SCODE sc;

    *tags = NULL;
    if ((self->names->limits & FAKE_NO_NAMES) != 0)
        return MAPI_E_NO_SUPPORT;
    sc = MAPIAllocateBuffer((ULONG)CbNewSPropTagArray(count), (void **)tags);
    if (FAILED(sc))
        return sc;
    (*tags)->cValues = count;
    for (ULONG i = 0; i < count; i++) {
        (*tags)->aulPropTag[i] = find_name(self->names, ids[i], (flags & MAPI_CREATE) != 0);
        if (PROP_TYPE((*tags)->aulPropTag[i]) == PT_ERROR)
            hr = MAPI_W_ERRORS_RETURNED;
    }
    return hr;
}

static HRESULT names_from_ids(struct fake *self, LPSPropTagArray *tags, ULONG *count, LPMAPINAMEID **out)
{
    MAPINAMEID **ids = NULL, *values;
    SCODE sc;

    *count = 0;
    *out = NULL;
    sc = MAPIAllocateBuffer((*tags)->cValues * (ULONG)(sizeof *ids + sizeof *values), (void **)&ids);
    if (FAILED(sc))
        return sc;
    values = (MAPINAMEID *)(ids + (*tags)->cValues);
    for (ULONG i = 0; i < (*tags)->cValues; i++) {
        size_t at = PROP_ID((*tags)->aulPropTag[i]) - 0x8000;

        ids[i] = NULL;
        if (at >= self->names->count)
            continue;
        ids[i] = &values[i];
        ids[i]->lpguid = &self->names->items[at].set;
        ids[i]->ulKind = self->names->items[at].kind;
        ids[i]->Kind.lpwstrName = self->names->items[at].text;
    }
    *count = (*tags)->cValues;
    *out = ids;
    return S_OK;
}

#define SELF ((struct fake *)(void *)This)

#define DEFINE_PROP_METHODS(prefix, IFACE)                                                                             \
    OBJECT_IUNKNOWN(prefix, IFACE)                                                                                     \
    static HRESULT prefix##_GetLastError(IFACE *This, HRESULT hr, ULONG flags, LPMAPIERROR *error)                     \
    {                                                                                                                  \
        (void)This, (void)hr, (void)flags;                                                                             \
        *error = NULL;                                                                                                 \
        return S_OK;                                                                                                   \
    }                                                                                                                  \
    static HRESULT prefix##_SaveChanges(IFACE *This, ULONG flags)                                                      \
    {                                                                                                                  \
        (void)flags;                                                                                                   \
        SELF->saves++;                                                                                                 \
        return S_OK;                                                                                                   \
    }                                                                                                                  \
    static HRESULT prefix##_GetProps(IFACE *This, LPSPropTagArray tags, ULONG flags, ULONG *count, LPSPropValue *out)  \
    {                                                                                                                  \
        return prop_object_get_props(&source, SELF, tags, flags, count, out);                                          \
    }                                                                                                                  \
    static HRESULT prefix##_GetPropList(IFACE *This, ULONG flags, LPSPropTagArray *out)                                \
    {                                                                                                                  \
        return prop_object_get_prop_list(&source, SELF, flags, out);                                                   \
    }                                                                                                                  \
    static HRESULT prefix##_OpenProperty(IFACE *This, ULONG tag, LPCIID iid, ULONG options, ULONG flags,               \
                                         LPUNKNOWN *out)                                                               \
    {                                                                                                                  \
        (void)options;                                                                                                 \
        return open_property(SELF, tag, iid, flags, out);                                                              \
    }                                                                                                                  \
    static HRESULT prefix##_SetProps(IFACE *This, ULONG count, LPSPropValue values, LPSPropProblemArray *problems)     \
    {                                                                                                                  \
        return prop_object_set_props(&source, SELF, count, values, problems);                                          \
    }                                                                                                                  \
    static HRESULT prefix##_DeleteProps(IFACE *This, LPSPropTagArray tags, LPSPropProblemArray *problems)              \
    {                                                                                                                  \
        return prop_object_delete_props(&source, SELF, tags, problems);                                                \
    }                                                                                                                  \
    static HRESULT prefix##_GetIDsFromNames(IFACE *This, ULONG count, LPMAPINAMEID *ids, ULONG flags,                  \
                                            LPSPropTagArray *tags)                                                     \
    {                                                                                                                  \
        return ids_from_names(SELF, count, ids, flags, tags);                                                          \
    }                                                                                                                  \
    static HRESULT prefix##_GetNamesFromIDs(IFACE *This, LPSPropTagArray *tags, LPGUID only, ULONG flags,              \
                                            ULONG *count, LPMAPINAMEID **out)                                          \
    {                                                                                                                  \
        (void)only, (void)flags;                                                                                       \
        return names_from_ids(SELF, tags, count, out);                                                                 \
    }

DEFINE_PROP_METHODS(message, IMessage)
DEFINE_PROP_METHODS(attach, IAttach)

#define PROP_METHODS(prefix)                                                                                           \
    .QueryInterface = prefix##_query_interface, .AddRef = prefix##_addref, .Release = prefix##_release,                \
    .GetLastError = prefix##_GetLastError, .SaveChanges = prefix##_SaveChanges, .GetProps = prefix##_GetProps,         \
    .GetPropList = prefix##_GetPropList, .OpenProperty = prefix##_OpenProperty, .SetProps = prefix##_SetProps,         \
    .DeleteProps = prefix##_DeleteProps, .GetIDsFromNames = prefix##_GetIDsFromNames,                                  \
    .GetNamesFromIDs = prefix##_GetNamesFromIDs

/* The message's own methods ------------------------------------------------------------------------------------- */

static HRESULT message_CreateAttach(IMessage *This, LPCIID iid, ULONG flags, ULONG *number, LPATTACH *out)
{
    struct fake *self = SELF, *attach, **grown;
    SPropValue value = {PR_ATTACH_NUM, 0, {0}};
    HRESULT hr;

    (void)iid, (void)flags;
    *out = NULL;
    grown = realloc(self->attached, (self->attached_count + 1) * sizeof(struct fake *));
    if (grown == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    self->attached = grown;
    hr = create(self->names, &attach_type, &attach_vtbl, &attach);
    if (FAILED(hr))
        return hr;
    value.Value.ul = *number = (ULONG)self->attached_count;
    hr = prop_bag_set(&attach->bag, &value);
    if (FAILED(hr)) {
        object_release(&attach->object);
        return hr;
    }
    self->attached[self->attached_count++] = attach;
    object_addref(&attach->object);
    *out = (LPATTACH)(void *)attach;
    return S_OK;
}

static HRESULT message_OpenAttach(IMessage *This, ULONG number, LPCIID iid, ULONG flags, LPATTACH *out)
{
    (void)iid, (void)flags;
    *out = NULL;
    if (number >= SELF->attached_count)
        return MAPI_E_NOT_FOUND;
    object_addref(&SELF->attached[number]->object);
    *out = (LPATTACH)(void *)SELF->attached[number];
    return S_OK;
}

/* A bag as a row; all its values on one head, which is freed once the row is in the table. */
static HRESULT append_bag(struct memtable *table, const struct prop_bag *bag)
{
    SPropValue *values = NULL;
    HRESULT hr = S_OK;
    SCODE sc = MAPIAllocateBuffer((ULONG)((bag->count + 1) * sizeof *values), (void **)&values);
    ULONG count = 0;

    if (FAILED(sc))
        return sc;
    for (size_t i = 0; i < bag->count && SUCCEEDED(hr); i++) {
        hr = prop_bag_get(bag, bag->items[i].tag, MAPI_UNICODE, values, &values[count]);
        if (hr == MAPI_E_NOT_ENOUGH_MEMORY && bag->items[i].size > PROP_INLINE_LIMIT)
            hr = S_OK;
        else
            count++;
    }
    if (SUCCEEDED(hr))
        hr = memtable_append(table, count, values);
    MAPIFreeBuffer(values);
    return hr;
}

static HRESULT make_table(const struct prop_bag *const *bags, size_t count, LPMAPITABLE *out)
{
    SizedSPropTagArray(1, columns) = {1, {PR_ROWID}};
    struct memtable *table;
    HRESULT hr = memtable_create(NULL, (SPropTagArray *)&columns, &table);

    *out = NULL;
    for (size_t i = 0; i < count && SUCCEEDED(hr); i++)
        hr = append_bag(table, bags[i]);
    if (SUCCEEDED(hr))
        *out = memtable_as_table(table);
    else
        memtable_release(table);
    return hr;
}

static HRESULT message_GetAttachmentTable(IMessage *This, ULONG flags, LPMAPITABLE *out)
{
    const struct prop_bag **bags = malloc((SELF->attached_count + 1) * sizeof *bags);
    size_t count = 0;
    HRESULT hr;

    (void)flags;
    if (bags == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (size_t i = 0; i < SELF->attached_count; i++)
        if (SELF->attached[i]->saves != 0)
            bags[count++] = &SELF->attached[i]->bag;
    hr = make_table(bags, count, out);
    free(bags);
    return hr;
}

static HRESULT message_GetRecipientTable(IMessage *This, ULONG flags, LPMAPITABLE *out)
{
    const struct prop_bag **bags = malloc((SELF->recipient_count + 1) * sizeof *bags);
    HRESULT hr;

    (void)flags;
    if (bags == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (size_t i = 0; i < SELF->recipient_count; i++)
        bags[i] = &SELF->recipients[i];
    hr = make_table(bags, SELF->recipient_count, out);
    free(bags);
    return hr;
}

static HRESULT message_ModifyRecipients(IMessage *This, ULONG flags, LPADRLIST rows)
{
    struct prop_bag *bags = calloc(rows->cEntries + 1, sizeof *bags);
    HRESULT hr = flags == 0 ? S_OK : MAPI_E_NO_SUPPORT;

    if (bags == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (ULONG i = 0; i < rows->cEntries && SUCCEEDED(hr); i++)
        for (ULONG j = 0; j < rows->aEntries[i].cValues && SUCCEEDED(hr); j++)
            hr = prop_bag_set(&bags[i], &rows->aEntries[i].rgPropVals[j]);
    if (FAILED(hr)) {
        for (ULONG i = 0; i < rows->cEntries; i++)
            prop_bag_clear(&bags[i]);
        free(bags);
        return hr;
    }
    for (size_t i = 0; i < SELF->recipient_count; i++)
        prop_bag_clear(&SELF->recipients[i]);
    free(SELF->recipients);
    SELF->recipients = bags;
    SELF->recipient_count = rows->cEntries;
    return S_OK;
}

static const IMessageVtbl message_vtbl = {
    PROP_METHODS(message),
    .GetAttachmentTable = message_GetAttachmentTable,
    .OpenAttach = message_OpenAttach,
    .CreateAttach = message_CreateAttach,
    .GetRecipientTable = message_GetRecipientTable,
    .ModifyRecipients = message_ModifyRecipients,
};

static const IAttachVtbl attach_vtbl = {PROP_METHODS(attach)};

HRESULT
fake_message_create(unsigned limits, IMessage **message)
{
    struct names *names = calloc(1, sizeof *names);
    struct fake *self;
    HRESULT hr;

    *message = NULL;
    if (names == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    names->limits = limits;
    hr = create(names, &message_type, &message_vtbl, &self);
    if (FAILED(hr)) {
        free(names);
        return hr;
    }
    *message = (IMessage *)(void *)self;
    return S_OK;
}

unsigned fake_message_saves(IMessage *message)
{
    return ((struct fake *)(void *)message)->saves;
}
