/* base/propnames.h: ids of named properties from one object to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/propnames.h"
#include "support/fault.h"

/* An object with a mapping of its own: id 0x8000 + n is the name `first` + n, of which there are `count`. */
struct named_object {
    IMAPIProp object;
    BYTE signature; /* 0: none */
    LONG first;
    ULONG count;
    HRESULT names_answer, ids_answer; /* failures, or S_OK */
    unsigned asked;
};

static struct named_object *of(IMAPIProp *This)
{
    return (struct named_object *)This;
}

static HRESULT STDMETHODCALLTYPE get_props(IMAPIProp *This, LPSPropTagArray tags, ULONG flags, ULONG *count,
                                           LPSPropValue *out)
{
    SPropValue *value = NULL;

    (void)flags;
    assert_int_equal(tags->cValues, 1);
    assert_int_equal(tags->aulPropTag[0], PR_MAPPING_SIGNATURE);
    if (FAILED(MAPIAllocateBuffer(sizeof *value, (void **)&value)))
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memset(value, 0, sizeof *value);
    value->ulPropTag = PR_MAPPING_SIGNATURE;
    value->Value.bin.cb = 1;
    value->Value.bin.lpb = &of(This)->signature;
    *count = 1;
    *out = value;
    if (of(This)->signature != 0)
        return S_OK;
    value->ulPropTag = CHANGE_PROP_TYPE(PR_MAPPING_SIGNATURE, PT_ERROR);
    value->Value.err = MAPI_E_NOT_FOUND;
    return MAPI_W_ERRORS_RETURNED;
}

static HRESULT STDMETHODCALLTYPE get_names(IMAPIProp *This, LPSPropTagArray *tags, LPGUID set, ULONG flags,
                                           ULONG *count, LPMAPINAMEID **out)
{
    struct named_object *self = of(This);
    LPMAPINAMEID *list = NULL;

    (void)set, (void)flags;
    self->asked++;
    if (FAILED(self->names_answer))
        return self->names_answer;
    if (FAILED(MAPIAllocateBuffer((ULONG)((*tags)->cValues * sizeof *list), (void **)&list)))
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (ULONG i = 0; i < (*tags)->cValues; i++) {
        ULONG place = PROP_ID((*tags)->aulPropTag[i]) - 0x8000;

        list[i] = NULL;
        if (place >= self->count)
            continue;
        if (FAILED(MAPIAllocateMore(sizeof **list, list, (void **)&list[i]))) {
            MAPIFreeBuffer(list);
            return MAPI_E_NOT_ENOUGH_MEMORY;
        }
        memset(list[i], 0, sizeof **list);
        list[i]->ulKind = MNID_ID;
        list[i]->Kind.lID = self->first + (LONG)place;
    }
    *count = (*tags)->cValues;
    *out = list;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_ids(IMAPIProp *This, ULONG count, LPMAPINAMEID *names, ULONG flags,
                                         LPSPropTagArray *out)
{
    struct named_object *self = of(This);

    self->asked++;
    assert_int_equal(flags, MAPI_CREATE);
    if (FAILED(self->ids_answer))
        return self->ids_answer;
    if (FAILED(MAPIAllocateBuffer((ULONG)CbNewSPropTagArray(count), (void **)out)))
        return MAPI_E_NOT_ENOUGH_MEMORY;
    (*out)->cValues = count;
    for (ULONG i = 0; i < count; i++)
        (*out)->aulPropTag[i] = PROP_TAG(PT_UNSPECIFIED, 0x8000 + (ULONG)(names[i]->Kind.lID - self->first));
    return S_OK;
}

static const IMAPIPropVtbl vtbl = {.GetProps = get_props, .GetNamesFromIDs = get_names, .GetIDsFromNames = get_ids};

static struct named_object make(BYTE signature, LONG first, ULONG count)
{
    struct named_object made = {.signature = signature, .first = first, .count = count};

    made.object.lpVtbl = (IMAPIPropVtbl *)(uintptr_t)&vtbl;
    return made;
}

enum { COUNT = 4 };
static const ULONG tags[COUNT] = {PR_SUBJECT_W, PROP_TAG(PT_LONG, 0x8001), PROP_TAG(PT_MV_UNICODE, 0x8000),
                                  PROP_TAG(PT_BINARY, 0x9000)}; /* the last has no name */

static HRESULT translate(struct named_object *from, struct named_object *to, ULONG targets[COUNT])
{
    memset(targets, 0xFF, COUNT * sizeof *targets);
    return prop_names_translate(&from->object, &to->object, COUNT, tags, targets);
}

static void names_become_the_destination_s_ids(void **state)
{
    static const BYTE signatures[][2] = {{1, 2}, {0, 2}, {1, 0}, {0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        struct named_object from = make(signatures[i][0], 100, 2), to = make(signatures[i][1], 90, 0);
        ULONG targets[COUNT];

        assert_int_equal(translate(&from, &to, targets), S_OK);
        assert_int_equal(targets[0], PR_SUBJECT_W);
        assert_int_equal(targets[1], PROP_TAG(PT_LONG, 0x800B));
        assert_int_equal(targets[2], PROP_TAG(PT_MV_UNICODE, 0x800A));
        assert_int_equal(targets[3], tags[3]);
    }
}

static void one_mapping_needs_no_translation(void **state)
{
    struct named_object from = make(7, 100, 2), to = make(7, 90, 0);
    ULONG targets[COUNT];

    (void)state;
    assert_int_equal(translate(&from, &to, targets), S_OK);
    assert_memory_equal(targets, tags, sizeof tags);
    assert_int_equal(from.asked + to.asked, 0);
}

static void objects_without_names_keep_the_ids(void **state)
{
    struct named_object from = make(1, 100, 2), to = make(2, 90, 0);
    ULONG targets[COUNT];

    (void)state;
    from.names_answer = MAPI_E_NO_SUPPORT;
    assert_int_equal(translate(&from, &to, targets), S_OK);
    assert_memory_equal(targets, tags, sizeof tags);
    from.names_answer = S_OK;
    to.ids_answer = MAPI_E_NO_SUPPORT;
    assert_int_equal(translate(&from, &to, targets), S_OK);
    assert_memory_equal(targets, tags, sizeof tags);
    to.ids_answer = MAPI_E_NO_ACCESS;
    assert_int_equal(translate(&from, &to, targets), MAPI_E_NO_ACCESS);
}

static HRESULT translate_once(void *context)
{
    struct named_object from = make(1, 100, 2), to = make(2, 90, 0);
    ULONG targets[COUNT];

    (void)context;
    return translate(&from, &to, targets);
}

static void failing_memory(void **state)
{
    (void)state;
    assert_true(fault_sweep(translate_once, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests_of_names[] = {
        cmocka_unit_test(names_become_the_destination_s_ids),
        cmocka_unit_test(one_mapping_needs_no_translation),
        cmocka_unit_test(objects_without_names_keep_the_ids),
        cmocka_unit_test(failing_memory),
    };

    return cmocka_run_group_tests_name("propnames", tests_of_names, NULL, NULL);
}
