/* base/propcodec.h, base/propvalue.h, base/propbag.h: values as payloads, bags as blobs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapix.h>

#include "base/propbag.h"
#include "base/propcodec.h"
#include "base/propvalue.h"
#include "support/fault.h"

#define TAG(type, number) PROP_TAG(type, 0x6800 + (number))

/* One value of every type that has a stored form. */
struct samples {
    SPropValue values[32];
    ULONG count;
};

static GUID some_guid = {0x01020304, 0x0506, 0x0708, {9, 10, 11, 12, 13, 14, 15, 16}};
static short shorts[] = {-1, 0, 32767};
static LONG longs[] = {-1, 0x7FFFFFFF};
static float floats[] = {1.5f, -0.25f};
static double doubles[] = {1e300, -2.5};
static CURRENCY currencies[] = {{.int64 = -10000}};
static FILETIME times[] = {{1, 2}, {0xFFFFFFFF, 0x7FFFFFFF}};
static LARGE_INTEGER larges[] = {{.QuadPart = INT64_MIN}, {.QuadPart = 42}};
static GUID guids[2];
static unsigned char bytes_a[] = {0, 1, 2, 0xFF};
static SBinary binaries[] = {{4, bytes_a}, {0, bytes_a}, {1, bytes_a + 3}};
static char text_a[] = "\xC3\xA9t\xC3\xA9";
static char text_b[] = "";
static LPSTR narrow[] = {text_a, text_b, text_a};
static WCHAR wide_a[] = {'a', 0xD83D, 0xDCEC, 0};
static WCHAR wide_lone[] = {'x', 0xD800, 'y', 0xDC01, 0};
static WCHAR wide_empty[] = {0};
static LPWSTR wides[] = {wide_a, wide_empty, wide_lone};

static SPropValue *add(struct samples *samples, ULONG type)
{
    SPropValue *value = &samples->values[samples->count++];
    memset(value, 0, sizeof *value);
    value->ulPropTag = TAG(type, samples->count);
    return value;
}

static void make_samples(struct samples *s)
{
    s->count = 0;
    guids[0] = guids[1] = some_guid;
    add(s, PT_I2)->Value.i = -2;
    add(s, PT_LONG)->Value.l = -3;
    add(s, PT_R4)->Value.flt = 1.25f;
    add(s, PT_DOUBLE)->Value.dbl = -1e-9;
    add(s, PT_CURRENCY)->Value.cur.int64 = -12345;
    add(s, PT_APPTIME)->Value.at = 45000.5;
    add(s, PT_BOOLEAN)->Value.b = 1;
    add(s, PT_I8)->Value.li.QuadPart = INT64_MIN;
    add(s, PT_STRING8)->Value.lpszA = text_a;
    add(s, PT_UNICODE)->Value.lpszW = wide_lone;
    add(s, PT_UNICODE)->Value.lpszW = wide_empty;
    add(s, PT_SYSTIME)->Value.ft = (FILETIME){0xD53E8000, 0x019DB1DE};
    add(s, PT_CLSID)->Value.lpguid = &some_guid;
    add(s, PT_BINARY)->Value.bin = (SBinary){4, bytes_a};
    add(s, PT_BINARY)->Value.bin = (SBinary){0, NULL};
    add(s, PT_MV_I2)->Value.MVi = (SShortArray){3, shorts};
    add(s, PT_MV_LONG)->Value.MVl = (SLongArray){2, longs};
    add(s, PT_MV_R4)->Value.MVflt = (SRealArray){2, floats};
    add(s, PT_MV_DOUBLE)->Value.MVdbl = (SDoubleArray){2, doubles};
    add(s, PT_MV_CURRENCY)->Value.MVcur = (SCurrencyArray){1, currencies};
    add(s, PT_MV_APPTIME)->Value.MVat = (SAppTimeArray){2, doubles};
    add(s, PT_MV_SYSTIME)->Value.MVft = (SDateTimeArray){2, times};
    add(s, PT_MV_I8)->Value.MVli = (SLargeIntegerArray){2, larges};
    add(s, PT_MV_CLSID)->Value.MVguid = (SGuidArray){2, guids};
    add(s, PT_MV_BINARY)->Value.MVbin = (SBinaryArray){3, binaries};
    add(s, PT_MV_STRING8)->Value.MVszA = (SLPSTRArray){3, narrow};
    add(s, PT_MV_UNICODE)->Value.MVszW = (SWStringArray){3, wides};
}

static void *new_head(void)
{
    void *head;
    assert_int_equal(MAPIAllocateBuffer(1, &head), S_OK);
    return head;
}

static void assert_same(const SPropValue *left, const SPropValue *right)
{
    int order = 1;
    assert_true(prop_value_compare(left, right, 0, &order));
    assert_int_equal(order, 0);
}

static void payloads_come_back_as_they_went(void **state)
{
    (void)state;
    struct samples samples;
    make_samples(&samples);
    for (ULONG i = 0; i < samples.count; i++) {
        struct byte_buffer payload = {NULL, 0, 0};
        SPropValue back;
        void *head = new_head();
        const SPropValue *value = &samples.values[i];
        assert_int_equal(prop_value_check(value), S_OK);
        assert_int_equal(prop_payload_from_value(value, &payload), S_OK);
        assert_int_equal(prop_value_from_payload(value->ulPropTag, 0, payload.bytes, payload.size, head, &back), S_OK);
        assert_int_equal(back.ulPropTag, value->ulPropTag);
        assert_same(value, &back);
        byte_buffer_free(&payload);
        MAPIFreeBuffer(head);
    }
}

static void payloads_look_as_documented(void **state)
{
    (void)state;
    SPropValue value = {.ulPropTag = TAG(PT_LONG, 1), .Value.l = 0x01020304};
    struct byte_buffer payload = {NULL, 0, 0};
    assert_int_equal(prop_payload_from_value(&value, &payload), S_OK);
    assert_int_equal(payload.size, 4);
    assert_memory_equal(payload.bytes, "\4\3\2\1", 4);
    byte_buffer_clear(&payload);
    value = (SPropValue){.ulPropTag = TAG(PT_BOOLEAN, 1), .Value.b = 0x100};
    assert_int_equal(prop_payload_from_value(&value, &payload), S_OK);
    assert_int_equal(payload.size, 1);
    assert_int_equal(payload.bytes[0], 1);
    byte_buffer_clear(&payload);
    value = (SPropValue){.ulPropTag = TAG(PT_UNICODE, 1), .Value.lpszW = wide_lone};
    assert_int_equal(prop_payload_from_value(&value, &payload), S_OK);
    assert_int_equal(payload.size, 8);
    assert_memory_equal(payload.bytes, "x\xED\xA0\x80y\xED\xB0\x81", 8);
    byte_buffer_clear(&payload);
    value = (SPropValue){.ulPropTag = TAG(PT_CLSID, 1), .Value.lpguid = &some_guid};
    assert_int_equal(prop_payload_from_value(&value, &payload), S_OK);
    assert_memory_equal(payload.bytes, "\4\3\2\1\6\5\10\7\11\12\13\14\15\16\17\20", 16);
    byte_buffer_clear(&payload);
    value = (SPropValue){.ulPropTag = TAG(PT_MV_STRING8, 1), .Value.MVszA = {2, narrow}};
    assert_int_equal(prop_payload_from_value(&value, &payload), S_OK);
    assert_int_equal(payload.size, 4 + 4 + 5 + 4);
    assert_memory_equal(payload.bytes, "\2\0\0\0\5\0\0\0\xC3\xA9t\xC3\xA9\0\0\0\0", 17);
    byte_buffer_free(&payload);
}

static void values_without_payload_are_refused(void **state)
{
    (void)state;
    static const ULONG types[] = {
        PT_UNSPECIFIED,       PT_NULL,         PT_ERROR, PT_OBJECT, PT_PTR, PT_MV_UNICODE | MV_INSTANCE,
        MV_FLAG | PT_BOOLEAN, PT_SRESTRICTION, 0x0FFF};
    struct byte_buffer payload = {NULL, 0, 0};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        SPropValue value = {.ulPropTag = TAG(types[i], 1)};
        assert_int_equal(prop_payload_from_value(&value, &payload), MAPI_E_INVALID_TYPE);
    }
    static const ULONG pointing[] = {PT_STRING8, PT_UNICODE, PT_CLSID, PT_MV_LONG, PT_MV_UNICODE, PT_MV_BINARY};
    for (size_t i = 0; i < sizeof pointing / sizeof pointing[0]; i++) {
        SPropValue value = {.ulPropTag = TAG(pointing[i], 1)};
        assert_int_equal(prop_payload_from_value(&value, &payload), MAPI_E_INVALID_PARAMETER);
    }
    LPWSTR holes[] = {wide_a, NULL};
    SPropValue value = {.ulPropTag = TAG(PT_MV_UNICODE, 1), .Value.MVszW = {2, holes}};
    assert_int_equal(prop_payload_from_value(&value, &payload), MAPI_E_INVALID_PARAMETER);
    value = (SPropValue){.ulPropTag = TAG(PT_BINARY, 1), .Value.bin = {1, NULL}};
    assert_int_equal(prop_payload_from_value(&value, &payload), MAPI_E_INVALID_PARAMETER);
    char latin[] = "caf\xE9";
    value = (SPropValue){.ulPropTag = TAG(PT_STRING8, 1), .Value.lpszA = latin};
    assert_int_equal(prop_payload_from_value(&value, &payload), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(payload.size, 0);
    byte_buffer_free(&payload);
}

static void flat_copies_are_whole(void **state)
{
    (void)state;
    struct samples samples;
    make_samples(&samples);
    SPropValue *copy;
    assert_int_equal(prop_values_duplicate(samples.count, samples.values, &copy), S_OK);
    for (ULONG i = 0; i < samples.count; i++)
        assert_same(&samples.values[i], &copy[i]);
    assert_ptr_not_equal(copy[8].Value.lpszA, samples.values[8].Value.lpszA);
    MAPIFreeBuffer(copy);
    assert_int_equal(prop_values_duplicate(0, NULL, &copy), S_OK);
    MAPIFreeBuffer(copy);
}

static void sizes_are_those_of_the_data(void **state)
{
    (void)state;
    struct samples samples;
    make_samples(&samples);
    assert_int_equal(prop_value_data_size(&samples.values[0]), 2);
    assert_int_equal(prop_value_data_size(&samples.values[6]), 2);
    assert_int_equal(prop_value_data_size(&samples.values[8]), 5);
    assert_int_equal(prop_value_data_size(&samples.values[9]), 8);
    assert_int_equal(prop_value_data_size(&samples.values[13]), 4);
    assert_int_equal(prop_value_data_size(&samples.values[15]), 6);
    assert_int_equal(prop_value_data_size(&samples.values[24]), 5);
}

/* ---- bags ---- */

static void fill(struct prop_bag *bag)
{
    struct samples samples;
    make_samples(&samples);
    for (ULONG i = samples.count; i-- > 0;)
        assert_int_equal(prop_bag_set(bag, &samples.values[i]), S_OK);
}

static void bags_are_sorted_and_replace(void **state)
{
    (void)state;
    struct prop_bag bag;
    prop_bag_init(&bag);
    fill(&bag);
    for (size_t i = 1; i < bag.count; i++)
        assert_true(PROP_ID(bag.items[i - 1].tag) < PROP_ID(bag.items[i].tag));
    size_t count = bag.count;
    SPropValue value = {.ulPropTag = TAG(PT_BOOLEAN, 10), .Value.b = 1}; /* there it was PT_UNICODE */
    assert_int_equal(prop_bag_set(&bag, &value), S_OK);
    assert_int_equal(bag.count, count);
    assert_int_equal(prop_bag_find(&bag, TAG(PT_UNSPECIFIED, 10))->tag, TAG(PT_BOOLEAN, 10));
    assert_true(prop_bag_remove(&bag, TAG(PT_NULL, 10)));
    assert_false(prop_bag_remove(&bag, TAG(PT_NULL, 10)));
    assert_int_equal(bag.count, count - 1);
    assert_null(prop_bag_find(&bag, TAG(PT_BOOLEAN, 10)));
    prop_bag_clear(&bag);
    assert_int_equal(bag.count, 0);
}

static void types_are_asked_for(void **state)
{
    (void)state;
    struct prop_bag bag = {NULL, 0, 0, NULL, 0};
    fill(&bag);
    void *head = new_head();
    SPropValue value;
    /* number 9 was set as PT_STRING8; both widths are there, and PT_UNSPECIFIED follows the flag */
    assert_int_equal(prop_bag_find(&bag, TAG(PT_NULL, 9))->tag, TAG(PT_UNICODE, 9));
    assert_int_equal(prop_bag_get(&bag, TAG(PT_STRING8, 9), MAPI_UNICODE, head, &value), S_OK);
    assert_string_equal(value.Value.lpszA, text_a);
    assert_int_equal(prop_bag_get(&bag, TAG(PT_UNICODE, 9), 0, head, &value), S_OK);
    assert_memory_equal(value.Value.lpszW, u"\u00E9t\u00E9", 8);
    assert_int_equal(prop_bag_get(&bag, TAG(PT_UNSPECIFIED, 9), 0, head, &value), S_OK);
    assert_int_equal(value.ulPropTag, TAG(PT_STRING8, 9));
    assert_int_equal(prop_bag_get(&bag, TAG(PT_UNSPECIFIED, 9), MAPI_UNICODE, head, &value), S_OK);
    assert_int_equal(value.ulPropTag, TAG(PT_UNICODE, 9));
    assert_int_equal(prop_bag_get(&bag, TAG(PT_UNSPECIFIED, 26), 0, head, &value), S_OK);
    assert_int_equal(value.ulPropTag, TAG(PT_MV_STRING8, 26));
    assert_int_equal(prop_bag_get(&bag, TAG(PT_UNSPECIFIED, 2), 0, head, &value), S_OK);
    assert_int_equal(value.ulPropTag, TAG(PT_LONG, 2));
    SPropValue before = value;
    assert_int_equal(prop_bag_get(&bag, TAG(PT_I8, 2), 0, head, &value), MAPI_E_NOT_FOUND);
    assert_int_equal(prop_bag_get(&bag, TAG(PT_MV_UNICODE, 9), 0, head, &value), MAPI_E_NOT_FOUND);
    assert_int_equal(prop_bag_get(&bag, TAG(PT_LONG, 99), 0, head, &value), MAPI_E_NOT_FOUND);
    assert_memory_equal(&before, &value, sizeof value);
    MAPIFreeBuffer(head);
    prop_bag_clear(&bag);
}

static void large_values_are_left_to_streams(void **state)
{
    (void)state;
    struct prop_bag bag = {NULL, 0, 0, NULL, 0};
    void *head = new_head();
    SPropValue value;
    unsigned char *large = calloc(1, PROP_INLINE_LIMIT + 1);
    assert_int_equal(prop_bag_set_payload(&bag, TAG(PT_BINARY, 1), large, PROP_INLINE_LIMIT), S_OK);
    assert_int_equal(prop_bag_get(&bag, TAG(PT_BINARY, 1), 0, head, &value), S_OK);
    assert_int_equal(prop_bag_set_payload(&bag, TAG(PT_BINARY, 1), large, PROP_INLINE_LIMIT + 1), S_OK);
    assert_int_equal(prop_bag_get(&bag, TAG(PT_BINARY, 1), 0, head, &value), MAPI_E_NOT_ENOUGH_MEMORY);
    assert_int_equal(prop_bag_set_external(&bag, TAG(PT_BINARY, 1), UINT64_C(1) << 40), S_OK);
    assert_int_equal(prop_bag_get(&bag, TAG(PT_BINARY, 1), 0, head, &value), MAPI_E_NOT_ENOUGH_MEMORY);
    assert_int_equal(prop_bag_set_payload(&bag, TAG(PT_STRING8, 1), large, 1), MAPI_E_INVALID_TYPE);
    assert_int_equal(prop_bag_set_external(&bag, TAG(PT_OBJECT, 1), 1), MAPI_E_INVALID_TYPE);
    free(large);
    MAPIFreeBuffer(head);
    prop_bag_clear(&bag);
}

static void assert_same_bags(const struct prop_bag *left, const struct prop_bag *right)
{
    assert_int_equal(left->count, right->count);
    for (size_t i = 0; i < left->count; i++) {
        assert_int_equal(left->items[i].tag, right->items[i].tag);
        assert_int_equal(left->items[i].size, right->items[i].size);
        assert_int_equal(left->items[i].external_size, right->items[i].external_size);
        if (left->items[i].bytes != NULL)
            assert_memory_equal(left->items[i].bytes, right->items[i].bytes, left->items[i].size);
    }
}

static void blobs_come_back_as_they_went(void **state)
{
    (void)state;
    struct prop_bag bag = {NULL, 0, 0, NULL, 0};
    struct prop_bag back = {NULL, 0, 0, NULL, 0};
    struct prop_bag copy = {NULL, 0, 0, NULL, 0};
    struct byte_buffer blob = {NULL, 0, 0};
    assert_int_equal(prop_bag_encode(&bag, &blob), S_OK);
    assert_int_equal(blob.size, 1);
    assert_int_equal(prop_bag_decode(&back, blob.bytes, blob.size), S_OK);
    assert_int_equal(back.count, 0);
    fill(&bag);
    assert_int_equal(prop_bag_set_external(&bag, TAG(PT_BINARY, 99), UINT64_C(0x123456789A)), S_OK);
    byte_buffer_clear(&blob);
    assert_int_equal(prop_bag_encode(&bag, &blob), S_OK);
    assert_int_equal(prop_bag_decode(&back, blob.bytes, blob.size), S_OK);
    assert_same_bags(&bag, &back);
    assert_int_equal(prop_bag_copy(&copy, &bag), S_OK);
    assert_same_bags(&bag, &copy);
    assert_int_equal(prop_bag_decode(&back, NULL, 0), S_OK);
    assert_int_equal(back.count, 0);
    prop_bag_clear(&bag);
    prop_bag_clear(&back);
    prop_bag_clear(&copy);
    byte_buffer_free(&blob);
}

/* Decodes a copy of exactly that size, so that the sanitizer sees every byte read beyond it, and reads what there
 * is. */
static HRESULT decode_exactly(const unsigned char *bytes, size_t size)
{
    unsigned char *exact = malloc(size > 0 ? size : 1);
    if (size > 0)
        memcpy(exact, bytes, size);
    struct prop_bag bag = {NULL, 0, 0, NULL, 0};
    HRESULT hr = prop_bag_decode(&bag, exact, size);
    free(exact);
    void *head = new_head();
    for (size_t i = 0; i < bag.count; i++) {
        SPropValue value;
        HRESULT got = prop_bag_get(&bag, bag.items[i].tag, 0, head, &value);
        assert_true(got == S_OK || got == MAPI_E_CORRUPT_DATA || got == MAPI_E_NOT_ENOUGH_MEMORY);
        got = prop_bag_get(&bag, CHANGE_PROP_TYPE(bag.items[i].tag, PT_UNSPECIFIED), 0, head, &value);
        assert_true(got == S_OK || got == MAPI_E_CORRUPT_DATA || got == MAPI_E_NOT_ENOUGH_MEMORY);
    }
    MAPIFreeBuffer(head);
    prop_bag_clear(&bag);
    return hr;
}

/* What a row's columns bring is put among what its blob brings, which wins. */
static void entries_are_loaded_with_a_blob(void **state)
{
    (void)state;
    unsigned char one[] = "1", three[] = "three", nine[] = "9";
    const struct prop_entry further[] = {{TAG(PT_BINARY, 1), 1, 0, one},
                                         {TAG(PT_BINARY, 3), 5, 0, three},
                                         {TAG(PT_BINARY, 4), 0, 0, NULL},
                                         {TAG(PT_BINARY, 9), 1, 0, nine}};
    struct prop_bag bag = {NULL, 0, 0, NULL, 0};
    struct byte_buffer blob = {NULL, 0, 0};
    assert_int_equal(prop_bag_set_payload(&bag, TAG(PT_BINARY, 2), "two", 3), S_OK);
    assert_int_equal(prop_bag_set_payload(&bag, TAG(PT_UNICODE, 3), "other", 5), S_OK);
    assert_int_equal(prop_bag_set_external(&bag, TAG(PT_BINARY, 5), 1000000), S_OK);
    assert_int_equal(prop_bag_encode(&bag, &blob), S_OK);
    assert_int_equal(prop_bag_load(&bag, blob.bytes, blob.size, further, 4), S_OK);
    assert_int_equal(bag.count, 6);
    assert_memory_equal(bag.items[0].bytes, "1", 1);
    assert_memory_equal(bag.items[1].bytes, "two", 3);
    assert_int_equal(bag.items[2].tag, TAG(PT_UNICODE, 3));
    assert_memory_equal(bag.items[2].bytes, "other", 5);
    assert_int_equal(bag.items[3].size, 0);
    assert_int_equal(bag.items[4].external_size, 1000000);
    assert_int_equal(bag.items[5].tag, further[3].tag);
    /* what was loaded together is replaced and removed one by one */
    assert_int_equal(prop_bag_set_payload(&bag, TAG(PT_BINARY, 2), "II", 2), S_OK);
    assert_true(prop_bag_remove(&bag, TAG(PT_BINARY, 9)));
    assert_int_equal(prop_bag_set_external(&bag, TAG(PT_BINARY, 1), 7), S_OK);
    assert_memory_equal(prop_bag_find(&bag, TAG(PT_BINARY, 2))->bytes, "II", 2);
    assert_int_equal(prop_bag_load(&bag, NULL, 0, further, 1), S_OK);
    assert_int_equal(bag.count, 1);
    prop_bag_clear(&bag);
    byte_buffer_free(&blob);
}

static void damaged_blobs_are_told(void **state)
{
    (void)state;
    struct prop_bag bag = {NULL, 0, 0, NULL, 0};
    struct byte_buffer blob = {NULL, 0, 0};
    fill(&bag);
    assert_int_equal(prop_bag_encode(&bag, &blob), S_OK);
    for (size_t size = 0; size < blob.size; size++) { /* cut anywhere: whole records are fine */
        HRESULT hr = decode_exactly(blob.bytes, size);
        assert_true(hr == S_OK || hr == MAPI_E_CORRUPT_DATA);
    }
    srand(1);
    for (int round = 0; round < 20000; round++) {
        size_t at = (size_t)rand() % blob.size;
        unsigned char kept = blob.bytes[at];
        blob.bytes[at] = (unsigned char)rand();
        HRESULT hr = decode_exactly(blob.bytes, blob.size);
        assert_true(hr == S_OK || hr == MAPI_E_CORRUPT_DATA);
        blob.bytes[at] = kept;
    }
    unsigned char noise[64];
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (unsigned char)rand();
        noise[0] = 1;
        HRESULT hr = decode_exactly(noise, (size_t)rand() % sizeof noise);
        assert_true(hr == S_OK || hr == MAPI_E_CORRUPT_DATA);
    }
    assert_int_equal(decode_exactly((const unsigned char *)"\2", 1), MAPI_E_CORRUPT_DATA);
    /* the same property twice; an 8-bit string, which is never stored */
    assert_int_equal(decode_exactly((const unsigned char *)"\1\13\0\1\150\1\0\0\0\1\13\0\1\150\1\0\0\0\1", 19),
                     MAPI_E_CORRUPT_DATA);
    assert_int_equal(decode_exactly((const unsigned char *)"\1\36\0\1\150\1\0\0\0x", 10), MAPI_E_CORRUPT_DATA);
    /* ids that do not increase */
    assert_int_equal(decode_exactly((const unsigned char *)"\1\13\0\2\150\1\0\0\0\1\13\0\1\150\1\0\0\0\1", 19),
                     MAPI_E_CORRUPT_DATA);
    prop_bag_clear(&bag);
    byte_buffer_free(&blob);
}

static void damaged_payloads_are_told(void **state)
{
    (void)state;
    static const struct {
        ULONG type;
        const char *bytes;
        size_t size;
    } damaged[] = {
        {PT_LONG, "\1\2\3", 3},
        {PT_LONG, "\1\2\3\4\5", 5},
        {PT_BOOLEAN, "", 0},
        {PT_CLSID, "0123456789", 10},
        {PT_UNICODE, "\xFF", 1},
        {PT_UNICODE, "\xC3", 1},
        {PT_STRING8, "\xC0\x80", 2},
        {PT_MV_LONG, "", 0},
        {PT_MV_LONG, "\1\2\3\4\5", 5},
        {PT_MV_UNICODE, "\0\0\0\0", 4},
        {PT_MV_UNICODE, "\1\0\0", 3},
        {PT_MV_UNICODE, "\377\377\377\377\1\0\0\0x", 9},
        {PT_MV_UNICODE, "\1\0\0\0\2\0\0\0x", 9},
        {PT_MV_BINARY, "\1\0\0\0\1\0\0\0xy", 10},
        {PT_MV_BINARY, "\2\0\0\0\1\0\0\0x", 9},
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        void *head = new_head();
        SPropValue value = {.ulPropTag = 0x12345678};
        unsigned char *exact = malloc(damaged[i].size + 1);
        memcpy(exact + 1, damaged[i].bytes, damaged[i].size);
        assert_int_equal(prop_value_from_payload(TAG(damaged[i].type, 1), 0, exact + 1, damaged[i].size, head, &value),
                         MAPI_E_CORRUPT_DATA);
        assert_int_equal(value.ulPropTag, 0x12345678);
        free(exact);
        MAPIFreeBuffer(head);
    }
}

static HRESULT use_bags(void *context)
{
    (void)context;
    struct samples samples;
    make_samples(&samples);
    struct prop_bag bag = {NULL, 0, 0, NULL, 0};
    struct prop_bag other = {NULL, 0, 0, NULL, 0};
    struct byte_buffer blob = {NULL, 0, 0};
    void *head = NULL;
    SPropValue *values = NULL;
    HRESULT hr = MAPIAllocateBuffer(8, &head);
    for (ULONG i = 0; hr == S_OK && i < samples.count; i++) {
        size_t count = bag.count;
        hr = prop_bag_set(&bag, &samples.values[i]);
        assert_int_equal(bag.count, hr == S_OK ? count + 1 : count);
    }
    if (hr == S_OK)
        hr = prop_bag_copy(&other, &bag);
    if (hr == S_OK)
        hr = prop_bag_encode(&bag, &blob);
    if (hr == S_OK)
        hr = prop_bag_decode(&other, blob.bytes, blob.size);
    for (ULONG i = 0; hr == S_OK && i < samples.count; i++) {
        SPropValue value;
        hr = prop_bag_get(&other, samples.values[i].ulPropTag, 0, head, &value);
    }
    if (hr == S_OK)
        hr = prop_values_duplicate(samples.count, samples.values, &values);
    MAPIFreeBuffer(values);
    MAPIFreeBuffer(head);
    byte_buffer_free(&blob);
    prop_bag_clear(&bag);
    prop_bag_clear(&other);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    assert_true(fault_sweep(use_bags, NULL) > 50);
}

/* ---- order ---- */

static int order_of(const SPropValue *left, const SPropValue *right, unsigned flags)
{
    int order = 99;
    assert_true(prop_value_compare(left, right, flags, &order));
    return (order > 0) - (order < 0);
}

static int text_order(const WCHAR *left, const char *right, unsigned flags)
{
    SPropValue l = {.ulPropTag = TAG(PT_UNICODE, 1), .Value.lpszW = (WCHAR *)(uintptr_t)left};
    SPropValue r = {.ulPropTag = TAG(PT_STRING8, 1), .Value.lpszA = (char *)(uintptr_t)right};
    assert_int_equal(order_of(&l, &r, flags), -order_of(&r, &l, flags));
    return order_of(&l, &r, flags);
}

static void values_are_ordered(void **state)
{
    (void)state;
    assert_int_equal(text_order(u"abc", "abd", 0), -1);
    assert_int_equal(text_order(u"abc", "ab", 0), 1);
    assert_int_equal(text_order(u"\u00E9", "\xC3\xA9", 0), 0);
    assert_int_equal(text_order(u"\u00C9", "\xC3\xA9", 0), -1);
    assert_int_equal(text_order(u"\u00C9\u0416\u03A3X", "\xC3\xA9\xD0\xB6\xCF\x82x", PROP_COMPARE_IGNORE_CASE), 0);
    assert_int_equal(text_order(u"\U0001F4EC", "\xEF\xBF\xBD", 0), 1); /* by code point, not by unit */
    SPropValue left = {.ulPropTag = TAG(PT_DOUBLE, 1), .Value.dbl = (double)NAN};
    SPropValue right = {.ulPropTag = TAG(PT_DOUBLE, 1), .Value.dbl = 1};
    int order;
    assert_false(prop_value_compare(&left, &right, 0, &order));
    left = (SPropValue){.ulPropTag = TAG(PT_LONG, 1), .Value.l = 1};
    assert_false(prop_value_compare(&left, &right, 0, &order));
    left = (SPropValue){.ulPropTag = TAG(PT_MV_LONG, 1), .Value.MVl = {2, longs}};
    right = (SPropValue){.ulPropTag = TAG(PT_MV_LONG, 1), .Value.MVl = {1, longs}};
    assert_int_equal(order_of(&left, &right, 0), 1);
    assert_int_equal(order_of(&right, &left, 0), -1);
    left = (SPropValue){.ulPropTag = TAG(PT_BOOLEAN, 1), .Value.b = 2};
    right = (SPropValue){.ulPropTag = TAG(PT_BOOLEAN, 1), .Value.b = 1};
    assert_int_equal(order_of(&left, &right, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_come_back_as_they_went),
        cmocka_unit_test(payloads_look_as_documented),
        cmocka_unit_test(values_without_payload_are_refused),
        cmocka_unit_test(flat_copies_are_whole),
        cmocka_unit_test(sizes_are_those_of_the_data),
        cmocka_unit_test(bags_are_sorted_and_replace),
        cmocka_unit_test(types_are_asked_for),
        cmocka_unit_test(large_values_are_left_to_streams),
        cmocka_unit_test(blobs_come_back_as_they_went),
        cmocka_unit_test(entries_are_loaded_with_a_blob),
        cmocka_unit_test(damaged_blobs_are_told),
        cmocka_unit_test(damaged_payloads_are_told),
        cmocka_unit_test(failing_memory),
        cmocka_unit_test(values_are_ordered),
    };
    return cmocka_run_group_tests_name("propbag", tests, NULL, NULL);
}
