/* base/propobject.h: IMAPIProp's rules over a property object made of nothing but a bag. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "base/buffer.h"
#include "base/memstream.h"
#include "base/object.h"
#include "base/propbag.h"
#include "base/propobject.h"
#include "support/fault.h"

/* ---- the object ---- */

struct bag_object {
    struct object object;
    struct prop_bag bag;
    bool readonly;
    int objects_copied;
    HRESULT object_answer;
};

static HRESULT bag_get(void *self, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    return prop_bag_get(&((struct bag_object *)self)->bag, tag, flags, head, out);
}

static HRESULT bag_list(void *self, struct prop_tag_list *out)
{
    const struct prop_bag *bag = &((struct bag_object *)self)->bag;
    HRESULT hr = prop_tag_list_add(out, PR_MESSAGE_ATTACHMENTS);
    for (size_t i = 0; hr == S_OK && i < bag->count; i++)
        hr = prop_tag_list_add(out, bag->items[i].tag);
    return hr;
}

static HRESULT bag_set(void *self, const SPropValue *value)
{
    if (PROP_ID(value->ulPropTag) == PROP_ID(PR_ENTRYID))
        return MAPI_E_COMPUTED;
    return prop_bag_set(&((struct bag_object *)self)->bag, value);
}

static HRESULT bag_remove(void *self, ULONG tag)
{
    return prop_bag_remove(&((struct bag_object *)self)->bag, tag) ? S_OK : MAPI_E_NOT_FOUND;
}

static const struct prop_source writable_source = {bag_get, bag_list, bag_set, bag_remove};
static const struct prop_source readonly_source = {bag_get, bag_list, NULL, NULL};

static const struct prop_source *source_of(const struct bag_object *self)
{
    return self->readonly ? &readonly_source : &writable_source;
}

static struct bag_object *self_of(IMAPIProp *This)
{
    return (struct bag_object *)(void *)This;
}

static HRESULT get_last_error(IMAPIProp *This, HRESULT hr, ULONG flags, LPMAPIERROR *out)
{
    (void)This, (void)hr, (void)flags;
    *out = NULL;
    return S_OK;
}

static HRESULT save_changes(IMAPIProp *This, ULONG flags)
{
    (void)This, (void)flags;
    return S_OK;
}

static HRESULT get_props(IMAPIProp *This, LPSPropTagArray tags, ULONG flags, ULONG *count, LPSPropValue *values)
{
    return prop_object_get_props(source_of(self_of(This)), This, tags, flags, count, values);
}

static HRESULT get_prop_list(IMAPIProp *This, ULONG flags, LPSPropTagArray *tags)
{
    return prop_object_get_prop_list(source_of(self_of(This)), This, flags, tags);
}

struct stream_target {
    struct bag_object *owner;
    ULONG tag;
};

static HRESULT commit_stream(void *context, const void *bytes, size_t size)
{
    const struct stream_target *target = context;
    return prop_bag_set_payload(&target->owner->bag, target->tag, bytes, size);
}

static HRESULT open_property(IMAPIProp *This, ULONG tag, LPCIID iid, ULONG options, ULONG flags, LPUNKNOWN *out)
{
    (void)iid, (void)options;
    const struct prop_entry *entry = prop_bag_find(&self_of(This)->bag, tag);
    if (!(flags & MAPI_CREATE))
        return entry == NULL ? MAPI_E_NOT_FOUND
                             : memstream_create_reader(NULL, entry->bytes, entry->size, (IStream **)(void *)out);
    struct stream_target *target = malloc(sizeof *target);
    if (target == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    *target = (struct stream_target){self_of(This), tag};
    HRESULT hr = memstream_create_writer(NULL, commit_stream, free, target, NULL, 0, (IStream **)(void *)out);
    if (hr != S_OK)
        free(target);
    return hr;
}

static HRESULT set_props(IMAPIProp *This, ULONG count, LPSPropValue values, LPSPropProblemArray *problems)
{
    return prop_object_set_props(source_of(self_of(This)), This, count, values, problems);
}

static HRESULT delete_props(IMAPIProp *This, LPSPropTagArray tags, LPSPropProblemArray *problems)
{
    return prop_object_delete_props(source_of(self_of(This)), This, tags, problems);
}

static HRESULT copy_object(void *context, ULONG tag, IMAPIProp *destination, ULONG flags)
{
    (void)tag, (void)flags;
    struct bag_object *self = context;
    self_of(destination)->objects_copied++;
    return self->object_answer;
}

static const GUID *const bag_iids[] = {&IID_IMessage, &IID_IMAPIProp, NULL};

static HRESULT copy_to(IMAPIProp *This, ULONG count, LPCIID excluded, LPSPropTagArray tags, ULONG_PTR ui,
                       LPMAPIPROGRESS progress, LPCIID iface, LPVOID destination, ULONG flags,
                       LPSPropProblemArray *problems)
{
    (void)ui, (void)progress;
    const struct prop_copy_rules rules = {bag_iids, copy_object, This};
    return prop_object_copy_to(This, &rules, count, excluded, tags, iface, destination, flags, problems);
}

static HRESULT copy_props(IMAPIProp *This, LPSPropTagArray tags, ULONG_PTR ui, LPMAPIPROGRESS progress, LPCIID iface,
                          LPVOID destination, ULONG flags, LPSPropProblemArray *problems)
{
    (void)ui, (void)progress;
    const struct prop_copy_rules rules = {bag_iids, copy_object, This};
    return prop_object_copy_props(This, &rules, tags, iface, destination, flags, problems);
}

OBJECT_IUNKNOWN(bag, IMAPIProp)

static const IMAPIPropVtbl bag_vtbl = {
    .QueryInterface = bag_query_interface,
    .AddRef = bag_addref,
    .Release = bag_release,
    .GetLastError = get_last_error,
    .SaveChanges = save_changes,
    .GetProps = get_props,
    .GetPropList = get_prop_list,
    .OpenProperty = open_property,
    .SetProps = set_props,
    .DeleteProps = delete_props,
    .CopyTo = copy_to,
    .CopyProps = copy_props,
};

static void bag_destroy(struct object *object)
{
    struct bag_object *self = (struct bag_object *)(void *)object;
    object_retire(object);
    prop_bag_clear(&self->bag);
    free(self);
}

static const struct object_type bag_type = {.kind = OBJECT_MESSAGE, .iids = bag_iids, .destroy = bag_destroy};

static IMAPIProp *make_object(void)
{
    struct bag_object *self = calloc(1, sizeof *self);
    assert_non_null(self);
    object_init(&self->object, &bag_type, &bag_vtbl);
    return (IMAPIProp *)(void *)self;
}

static void drop(IMAPIProp *object)
{
    object->lpVtbl->Release(object);
}

/* ---- values ---- */

#define TEXT   PROP_TAG(PT_UNICODE, 0x6801)
#define NUMBER PROP_TAG(PT_LONG, 0x6802)
#define LARGE  PROP_TAG(PT_BINARY, 0x6803)
#define OTHER  PROP_TAG(PT_LONG, 0x6804)

static WCHAR hello[] = {'h', 0xE9, 0};

static void set_text(IMAPIProp *object)
{
    SPropValue value = {.ulPropTag = TEXT, .Value.lpszW = hello};
    assert_int_equal(HrSetOneProp(object, &value), S_OK);
}

static void set_number(IMAPIProp *object, ULONG tag, LONG number)
{
    SPropValue value = {.ulPropTag = tag, .Value.l = number};
    assert_int_equal(HrSetOneProp(object, &value), S_OK);
}

static LONG get_number(IMAPIProp *object, ULONG tag)
{
    SPropValue *value;
    if (HrGetOneProp(object, tag, &value) != S_OK)
        return -1;
    LONG number = value->Value.l;
    MAPIFreeBuffer(value);
    return number;
}

enum { LARGE_SIZE = 0x12345 };

static void set_large(IMAPIProp *object)
{
    unsigned char *bytes = calloc(1, LARGE_SIZE);
    assert_non_null(bytes);
    bytes[LARGE_SIZE - 1] = 7;
    SPropValue value = {.ulPropTag = LARGE, .Value.bin = {LARGE_SIZE, bytes}};
    assert_int_equal(HrSetOneProp(object, &value), S_OK);
    free(bytes);
}

/* ---- GetProps and its like ---- */

static void GetProps_keeps_order_and_ids(void **state)
{
    (void)state;
    IMAPIProp *object = make_object();
    set_text(object);
    set_number(object, NUMBER, 5);
    SizedSPropTagArray(6, tags) = {6,
                                   {NUMBER, CHANGE_PROP_TYPE(TEXT, PT_UNSPECIFIED), OTHER, PR_NULL,
                                    CHANGE_PROP_TYPE(NUMBER, PT_I8), PR_MESSAGE_ATTACHMENTS}};
    ULONG count;
    SPropValue *values;
    assert_int_equal(object->lpVtbl->GetProps(object, (LPSPropTagArray)&tags, 0, &count, &values),
                     MAPI_W_ERRORS_RETURNED);
    assert_int_equal(count, 6);
    assert_int_equal(values[0].Value.l, 5);
    assert_int_equal(values[1].ulPropTag, CHANGE_PROP_TYPE(TEXT, PT_STRING8));
    assert_string_equal(values[1].Value.lpszA, "h\xC3\xA9");
    assert_int_equal(values[2].ulPropTag, CHANGE_PROP_TYPE(OTHER, PT_ERROR));
    assert_int_equal(values[2].Value.err, MAPI_E_NOT_FOUND);
    assert_int_equal(values[3].ulPropTag, PR_NULL);
    assert_int_equal(values[4].ulPropTag, CHANGE_PROP_TYPE(NUMBER, PT_ERROR));
    assert_int_equal(values[5].Value.err, MAPI_E_NOT_FOUND);
    MAPIFreeBuffer(values);
    drop(object);
}

static void GetProps_without_tags_gives_everything(void **state)
{
    (void)state;
    IMAPIProp *object = make_object();
    ULONG count = 9;
    SPropValue *values = (SPropValue *)&count;
    assert_int_equal(object->lpVtbl->GetProps(object, NULL, 0, &count, &values), S_OK);
    assert_int_equal(count, 0);
    assert_null(values);
    set_text(object);
    set_number(object, NUMBER, 5);
    assert_int_equal(object->lpVtbl->GetProps(object, NULL, MAPI_UNICODE, &count, &values), S_OK);
    assert_int_equal(count, 2);
    assert_int_equal(values[0].ulPropTag, TEXT);
    MAPIFreeBuffer(values);
    assert_int_equal(object->lpVtbl->GetProps(object, NULL, 0, &count, &values), S_OK);
    assert_int_equal(values[0].ulPropTag, CHANGE_PROP_TYPE(TEXT, PT_STRING8));
    MAPIFreeBuffer(values);
    set_large(object);
    assert_int_equal(object->lpVtbl->GetProps(object, NULL, 0, &count, &values), MAPI_W_ERRORS_RETURNED);
    assert_int_equal(values[2].ulPropTag, CHANGE_PROP_TYPE(LARGE, PT_ERROR));
    assert_int_equal(values[2].Value.err, MAPI_E_NOT_ENOUGH_MEMORY);
    MAPIFreeBuffer(values);
    drop(object);
}

static void GetProps_refuses_bad_arguments(void **state)
{
    (void)state;
    IMAPIProp *object = make_object();
    SPropTagArray none = {0, {0}};
    ULONG count = 1;
    SPropValue *values = (SPropValue *)&count;
    assert_int_equal(object->lpVtbl->GetProps(object, &none, 0, &count, &values), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(count, 0);
    assert_null(values);
    assert_int_equal(object->lpVtbl->GetProps(object, NULL, 4, &count, &values), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(object->lpVtbl->GetProps(object, NULL, 0, NULL, &values), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(object->lpVtbl->GetProps(object, NULL, 0, &count, NULL), MAPI_E_INVALID_PARAMETER);
    SPropTagArray *tags;
    assert_int_equal(object->lpVtbl->GetPropList(object, 2, &tags), MAPI_E_UNKNOWN_FLAGS);
    assert_null(tags);
    assert_int_equal(object->lpVtbl->GetPropList(object, 0, NULL), MAPI_E_INVALID_PARAMETER);
    drop(object);
}

static void GetPropList_tells_widths_and_objects(void **state)
{
    (void)state;
    IMAPIProp *object = make_object();
    set_text(object);
    SPropTagArray *tags;
    assert_int_equal(object->lpVtbl->GetPropList(object, MAPI_UNICODE, &tags), S_OK);
    assert_int_equal(tags->cValues, 2);
    assert_int_equal(tags->aulPropTag[0], PR_MESSAGE_ATTACHMENTS);
    assert_int_equal(tags->aulPropTag[1], TEXT);
    MAPIFreeBuffer(tags);
    assert_int_equal(object->lpVtbl->GetPropList(object, 0, &tags), S_OK);
    assert_int_equal(tags->aulPropTag[1], CHANGE_PROP_TYPE(TEXT, PT_STRING8));
    MAPIFreeBuffer(tags);
    drop(object);
}

/* ---- SetProps, DeleteProps ---- */

static void SetProps_reports_problems(void **state)
{
    (void)state;
    IMAPIProp *object = make_object();
    SPropValue values[6] = {
        {.ulPropTag = PR_NULL},
        {.ulPropTag = CHANGE_PROP_TYPE(OTHER, PT_ERROR), .Value.err = MAPI_E_NOT_FOUND},
        {.ulPropTag = NUMBER, .Value.l = 1},
        {.ulPropTag = PR_ENTRYID, .Value.bin = {0, NULL}},
        {.ulPropTag = CHANGE_PROP_TYPE(OTHER, 0x0FFF)},
        {.ulPropTag = PROP_TAG(PT_LONG, 0)},
    };
    SPropProblemArray *problems;
    assert_int_equal(object->lpVtbl->SetProps(object, 6, values, &problems), S_OK);
    assert_int_equal(problems->cProblem, 3);
    assert_int_equal(problems->aProblem[0].ulIndex, 3);
    assert_int_equal(problems->aProblem[0].ulPropTag, PR_ENTRYID);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_COMPUTED);
    assert_int_equal(problems->aProblem[1].ulIndex, 4);
    assert_int_equal(problems->aProblem[1].scode, MAPI_E_INVALID_TYPE);
    assert_int_equal(problems->aProblem[2].ulIndex, 5);
    MAPIFreeBuffer(problems);
    assert_int_equal(object->lpVtbl->SetProps(object, 6, values, NULL), S_OK);
    problems = (SPropProblemArray *)values;
    assert_int_equal(object->lpVtbl->SetProps(object, 3, values, &problems), S_OK);
    assert_null(problems);
    assert_int_equal(get_number(object, NUMBER), 1);
    assert_int_equal(self_of(object)->bag.count, 1);
    drop(object);
}

static void SetProps_refuses_the_whole_call(void **state)
{
    (void)state;
    IMAPIProp *object = make_object();
    SPropProblemArray *problems;
    SPropValue values[2] = {{.ulPropTag = NUMBER, .Value.l = 1}, {.ulPropTag = PROP_TAG(PT_OBJECT, 0x6805)}};
    assert_int_equal(object->lpVtbl->SetProps(object, 2, values, &problems), MAPI_E_INVALID_PARAMETER);
    assert_null(problems);
    values[1] = (SPropValue){.ulPropTag = PROP_TAG(PT_MV_LONG, 0x6805)};
    assert_int_equal(object->lpVtbl->SetProps(object, 2, values, &problems), MAPI_E_INVALID_PARAMETER);
    values[1] = (SPropValue){.ulPropTag = PROP_TAG(PT_UNICODE, 0x6805)};
    assert_int_equal(object->lpVtbl->SetProps(object, 2, values, &problems), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(object->lpVtbl->SetProps(object, 0, values, &problems), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(object->lpVtbl->SetProps(object, 1, NULL, &problems), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(self_of(object)->bag.count, 0);
    drop(object);
}

static void DeleteProps_goes_by_id(void **state)
{
    (void)state;
    IMAPIProp *object = make_object();
    set_number(object, NUMBER, 1);
    SizedSPropTagArray(2, tags) = {2, {OTHER, CHANGE_PROP_TYPE(NUMBER, PT_UNSPECIFIED)}};
    SPropProblemArray *problems;
    assert_int_equal(object->lpVtbl->DeleteProps(object, (LPSPropTagArray)&tags, &problems), S_OK);
    assert_int_equal(problems->cProblem, 1);
    assert_int_equal(problems->aProblem[0].ulIndex, 0);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_NOT_FOUND);
    MAPIFreeBuffer(problems);
    assert_int_equal(self_of(object)->bag.count, 0);
    tags.cValues = 0;
    assert_int_equal(object->lpVtbl->DeleteProps(object, (LPSPropTagArray)&tags, &problems), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(object->lpVtbl->DeleteProps(object, NULL, NULL), MAPI_E_INVALID_PARAMETER);
    drop(object);
}

static void objects_for_reading_refuse_changes(void **state)
{
    (void)state;
    IMAPIProp *object = make_object();
    set_number(object, NUMBER, 1);
    self_of(object)->readonly = true;
    SPropValue value = {.ulPropTag = NUMBER, .Value.l = 2};
    SPropTagArray tag = {1, {NUMBER}};
    assert_int_equal(HrSetOneProp(object, &value), MAPI_E_NO_ACCESS);
    assert_int_equal(object->lpVtbl->DeleteProps(object, &tag, NULL), MAPI_E_NO_ACCESS);
    assert_int_equal(get_number(object, NUMBER), 1);
    drop(object);
}

/* ---- copying ---- */

static HRESULT copy_everything(IMAPIProp *from, IMAPIProp *to, ULONG flags, SPropProblemArray **problems)
{
    return from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, &IID_IMessage, to, flags, problems);
}

static void CopyTo_takes_values_streams_and_objects(void **state)
{
    (void)state;
    IMAPIProp *from = make_object();
    IMAPIProp *to = make_object();
    set_text(from);
    set_number(from, NUMBER, 1);
    set_large(from);
    set_number(to, NUMBER, 9);
    set_number(to, OTHER, 8);
    SPropProblemArray *problems;
    assert_int_equal(copy_everything(from, to, 0, &problems), S_OK);
    assert_null(problems);
    assert_int_equal(get_number(to, NUMBER), 1);
    assert_int_equal(get_number(to, OTHER), 8);
    assert_int_equal(self_of(to)->objects_copied, 1);
    const struct prop_entry *large = prop_bag_find(&self_of(to)->bag, LARGE);
    assert_int_equal(large->size, LARGE_SIZE);
    assert_int_equal(large->bytes[LARGE_SIZE - 1], 7);
    assert_int_equal(self_of(from)->bag.count, 3);
    drop(from);
    drop(to);
}

static void CopyTo_honours_exclusions_and_flags(void **state)
{
    (void)state;
    IMAPIProp *from = make_object();
    IMAPIProp *to = make_object();
    set_text(from);
    set_number(from, NUMBER, 1);
    set_number(from, OTHER, 2);
    set_number(to, NUMBER, 9);
    SPropTagArray excluded = {1, {CHANGE_PROP_TYPE(TEXT, PT_UNSPECIFIED)}};
    assert_int_equal(from->lpVtbl->CopyTo(from, 1, &IID_IMessage, &excluded, 0, NULL, &IID_IMAPIProp, to,
                                          MAPI_MOVE | MAPI_NOREPLACE, NULL),
                     S_OK);
    assert_int_equal(get_number(to, NUMBER), 9); /* not replaced, and so not moved */
    assert_int_equal(get_number(from, NUMBER), 1);
    assert_int_equal(get_number(to, OTHER), 2);
    assert_int_equal(get_number(from, OTHER), -1);
    assert_null(prop_bag_find(&self_of(to)->bag, TEXT));
    assert_int_equal(self_of(to)->objects_copied, 0);
    drop(from);
    drop(to);
}

static void CopyTo_refuses_bad_arguments(void **state)
{
    (void)state;
    IMAPIProp *from = make_object();
    IMAPIProp *to = make_object();
    SPropTagArray none = {0, {0}};
    assert_int_equal(copy_everything(from, to, 0x10, NULL), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(copy_everything(from, to, MAPI_DECLINE_OK, NULL), MAPI_E_DECLINE_COPY);
    assert_int_equal(copy_everything(from, from, 0, NULL), MAPI_E_NO_ACCESS);
    assert_int_equal(copy_everything(from, NULL, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, NULL, to, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(from->lpVtbl->CopyTo(from, 1, NULL, NULL, 0, NULL, &IID_IMessage, to, 0, NULL),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(from->lpVtbl->CopyTo(from, 0, NULL, &none, 0, NULL, &IID_IMessage, to, 0, NULL),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(from->lpVtbl->CopyTo(from, 1, &IID_IMAPIProp, NULL, 0, NULL, &IID_IMessage, to, 0, NULL),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(from->lpVtbl->CopyTo(from, 1, &IID_IUnknown, NULL, 0, NULL, &IID_IMessage, to, 0, NULL),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, &IID_IMsgStore, to, 0, NULL),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    self_of(from)->object_answer = MAPI_E_COLLISION;
    assert_int_equal(copy_everything(from, to, 0, NULL), MAPI_E_COLLISION);
    self_of(from)->object_answer = MAPI_E_DISK_ERROR;
    SPropProblemArray *problems;
    assert_int_equal(copy_everything(from, to, 0, &problems), S_OK);
    assert_int_equal(problems->aProblem[0].ulPropTag, PR_MESSAGE_ATTACHMENTS);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_DISK_ERROR);
    MAPIFreeBuffer(problems);
    drop(from);
    drop(to);
}

static void CopyProps_copies_what_is_named(void **state)
{
    (void)state;
    IMAPIProp *from = make_object();
    IMAPIProp *to = make_object();
    set_text(from);
    set_number(from, NUMBER, 1);
    set_large(from);
    SizedSPropTagArray(4, tags) = {4, {CHANGE_PROP_TYPE(LARGE, PT_UNSPECIFIED), OTHER, NUMBER, PR_ENTRYID}};
    SPropProblemArray *problems;
    assert_int_equal(from->lpVtbl->CopyProps(from, (LPSPropTagArray)&tags, 0, NULL, &IID_IMAPIProp, to, 0, &problems),
                     S_OK);
    assert_int_equal(problems->cProblem, 2);
    assert_int_equal(problems->aProblem[0].ulIndex, 1);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_NOT_FOUND);
    MAPIFreeBuffer(problems);
    assert_int_equal(self_of(to)->bag.count, 2);
    assert_int_equal(prop_bag_find(&self_of(to)->bag, LARGE)->size, LARGE_SIZE);
    tags.aulPropTag[0] = PR_NULL;
    assert_int_equal(from->lpVtbl->CopyProps(from, (LPSPropTagArray)&tags, 0, NULL, &IID_IMAPIProp, to, 0, NULL),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(from->lpVtbl->CopyProps(from, NULL, 0, NULL, &IID_IMAPIProp, to, 0, NULL),
                     MAPI_E_INVALID_PARAMETER);
    drop(from);
    drop(to);
}

static void copies_report_what_the_destination_refuses(void **state)
{
    (void)state;
    IMAPIProp *from = make_object();
    IMAPIProp *to = make_object();
    set_number(from, NUMBER, 1);
    SPropValue computed = {.ulPropTag = PR_ENTRYID, .Value.bin = {0, NULL}};
    assert_int_equal(prop_bag_set(&self_of(from)->bag, &computed), S_OK);
    SPropProblemArray *problems;
    assert_int_equal(copy_everything(from, to, MAPI_MOVE, &problems), S_OK);
    assert_int_equal(problems->cProblem, 1);
    assert_int_equal(problems->aProblem[0].ulPropTag, PR_ENTRYID);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_COMPUTED);
    MAPIFreeBuffer(problems);
    assert_int_equal(get_number(from, NUMBER), -1);
    assert_non_null(prop_bag_find(&self_of(from)->bag, PR_ENTRYID));
    drop(from);
    drop(to);
}

/* ---- failing memory ---- */

static HRESULT read_and_copy(void *context)
{
    IMAPIProp *from = context;
    struct bag_object *to = calloc(1, sizeof *to);
    if (to == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    object_init(&to->object, &bag_type, &bag_vtbl);
    IMAPIProp *copy = (IMAPIProp *)(void *)to;
    ULONG count;
    SPropValue *values;
    SPropTagArray *tags = NULL;
    SPropProblemArray *problems = NULL;
    HRESULT hr = from->lpVtbl->GetProps(from, NULL, 0, &count, &values);
    if (hr >= 0) {
        MAPIFreeBuffer(values);
        hr = from->lpVtbl->GetPropList(from, 0, &tags);
        MAPIFreeBuffer(tags);
    } else {
        assert_null(values);
    }
    if (hr >= 0)
        hr = copy_everything(from, copy, MAPI_NOREPLACE, &problems);
    MAPIFreeBuffer(problems);
    copy->lpVtbl->Release(copy);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    IMAPIProp *from = make_object();
    set_text(from);
    set_number(from, NUMBER, 1);
    set_large(from);
    ULONG before = buffer_live();
    assert_true(fault_sweep(read_and_copy, from) > 10);
    assert_int_equal(buffer_live(), before);
    assert_int_equal(object_live(OBJECT_STREAM), 0);
    drop(from);
    assert_int_equal(object_live(OBJECT_MESSAGE), 0);
}

static void PpropFindProp_matches_tag_or_id(void **state)
{
    (void)state;
    SPropValue values[2] = {{.ulPropTag = NUMBER}, {.ulPropTag = TEXT}};
    assert_ptr_equal(PpropFindProp(values, 2, TEXT), &values[1]);
    assert_null(PpropFindProp(values, 2, CHANGE_PROP_TYPE(TEXT, PT_STRING8)));
    assert_ptr_equal(PpropFindProp(values, 2, CHANGE_PROP_TYPE(TEXT, PT_UNSPECIFIED)), &values[1]);
    assert_null(PpropFindProp(NULL, 2, TEXT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(GetProps_keeps_order_and_ids),
        cmocka_unit_test(GetProps_without_tags_gives_everything),
        cmocka_unit_test(GetProps_refuses_bad_arguments),
        cmocka_unit_test(GetPropList_tells_widths_and_objects),
        cmocka_unit_test(SetProps_reports_problems),
        cmocka_unit_test(SetProps_refuses_the_whole_call),
        cmocka_unit_test(DeleteProps_goes_by_id),
        cmocka_unit_test(objects_for_reading_refuse_changes),
        cmocka_unit_test(CopyTo_takes_values_streams_and_objects),
        cmocka_unit_test(CopyTo_honours_exclusions_and_flags),
        cmocka_unit_test(CopyTo_refuses_bad_arguments),
        cmocka_unit_test(CopyProps_copies_what_is_named),
        cmocka_unit_test(copies_report_what_the_destination_refuses),
        cmocka_unit_test(failing_memory),
        cmocka_unit_test(PpropFindProp_matches_tag_or_id),
    };
    return cmocka_run_group_tests_name("propobject", tests, NULL, NULL);
}
