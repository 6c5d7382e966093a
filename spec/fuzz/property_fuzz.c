/*
 * fuzz/property_fuzz.c - any bytes as what a store has kept of properties, and any names for named ones.
 *
 * A libFuzzer target. What is looked for, beside crashes and leaks: a value that is not what was stored once it is stored
 * again; a set of properties of which one way of reading sees another value than the other; a name that is answered with
 * another one's id, or an id with another name.
 */
#include <stdbool.h>
#include <stdlib.h>

#include <sqlite3.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "base/propbag.h"
#include "base/propcodec.h"
#include "base/propvalue.h"
#include "fuzz_store.h"
#include "input.h"
#include "store/props_blob.h"

/* ---- one value ---- */

static bool same_payload(ULONG tag, const SPropValue *value, const void *bytes, size_t size)
{
    struct byte_buffer again;
    bool same;

    byte_buffer_init(&again);
    fuzz_check(prop_payload_from_value(value, &again) == S_OK, "what was read cannot be stored");
    same = again.size == size && (size == 0 || memcmp(again.bytes, bytes, size) == 0);
    /* Any byte but 0 is true; a text ends at its first NUL, and two halves of a pair become one character. */
    if (PROP_TYPE(tag) == PT_BOOLEAN)
        same = again.size == size && (again.bytes[0] != 0) == (*(const unsigned char *)bytes != 0);
    byte_buffer_free(&again);
    return same;
}

static bool is_text(ULONG tag)
{
    ULONG type = PROP_TYPE(tag) & ~(ULONG)MV_FLAG;

    return type == PT_UNICODE || type == PT_STRING8;
}

static void read_value(ULONG tag, const uint8_t *bytes, size_t size)
{
    SPropValue value;
    void *head = NULL;

    fuzz_check(MAPIAllocateBuffer(8, &head) == S_OK, "no memory");
    if (prop_value_from_payload(tag, 0, bytes, size, head, &value) == S_OK) {
        fuzz_check(value.ulPropTag == tag && prop_value_check(&value) == S_OK, "what was read is no value");
        fuzz_check(is_text(tag) || same_payload(tag, &value, bytes, size), "it comes out changed");
        if (is_text(tag))
            same_payload(tag, &value, bytes, size);
    }
    MAPIFreeBuffer(head);
}

/* ---- a set of them ---- */

static void compare_ways(const struct prop_bag *bag, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < bag->count; i++) {
        const struct prop_entry *entry = &bag->items[i];
        struct blob_entry found;

        if (!props_blob_find(bytes, size, entry->tag, &found)) /* that way is told what a damaged one is */
            continue;
        fuzz_check(found.external == (entry->size == PROP_EXTERNAL), "two ways of reading do not agree");
        if (!found.external && found.tag == entry->tag)
            fuzz_check(found.size == entry->size &&
                           (entry->size == 0 || memcmp(found.bytes, entry->bytes, found.size) == 0),
                       "two ways of reading see two values");
    }
}

static void read_all(const struct prop_bag *bag)
{
    for (size_t i = 0; i < bag->count; i++)
        for (unsigned how = 0; how < 3; how++) {
            ULONG tag = bag->items[i].tag;
            SPropValue value;
            void *head = NULL;

            fuzz_check(MAPIAllocateBuffer(8, &head) == S_OK, "no memory");
            if (prop_bag_get(bag, how == 0 ? tag : CHANGE_PROP_TYPE(tag, PT_UNSPECIFIED), how == 1 ? MAPI_UNICODE : 0,
                             head, &value) == S_OK)
                fuzz_check(prop_value_check(&value) == S_OK, "what was read is no value");
            MAPIFreeBuffer(head);
        }
}

static void read_set(const uint8_t *bytes, size_t size)
{
    struct prop_bag bag, again, copy;
    struct byte_buffer out;

    prop_bag_init(&bag);
    prop_bag_init(&again);
    prop_bag_init(&copy);
    byte_buffer_init(&out);
    if (prop_bag_decode(&bag, bytes, size) == S_OK) {
        read_all(&bag);
        compare_ways(&bag, bytes, size);
        fuzz_check(prop_bag_encode(&bag, &out) == S_OK && prop_bag_decode(&again, out.bytes, out.size) == S_OK,
                   "what was read cannot be stored");
        fuzz_check(prop_bag_copy(&copy, &bag) == S_OK && copy.count == bag.count, "it cannot be copied");
        fuzz_check(again.count == bag.count, "it comes out changed");
        for (size_t i = 0; i < bag.count; i++)
            fuzz_check(again.items[i].tag == bag.items[i].tag && again.items[i].size == bag.items[i].size &&
                           again.items[i].external_size == bag.items[i].external_size,
                       "a property comes out changed");
    }
    byte_buffer_free(&out);
    prop_bag_clear(&copy);
    prop_bag_clear(&again);
    prop_bag_clear(&bag);
}

/* ---- names ---- */

enum { NAMES = 4, LONGEST = 40, KEPT = 400 };

static void take_name(struct input *input, MAPINAMEID *name, GUID *guid, WCHAR *text)
{
    uint8_t how = take_u8(input);

    memset(guid, how / 16, sizeof *guid);
    name->lpguid = how == 255 ? NULL : guid;
    name->ulKind = how % 16 == 15 ? take_u32(input) : how % 2;
    if (name->ulKind == MNID_ID) {
        name->Kind.lID = (LONG)take_u32(input);
        return;
    }
    memset(text, 0, LONGEST * sizeof *text);
    take_bytes(input, text, take_u8(input) % ((LONGEST - 1) * sizeof *text));
    name->Kind.lpwstrName = how % 16 == 14 ? NULL : text;
}

static bool same_name(const MAPINAMEID *left, const MAPINAMEID *right)
{
    if (left->ulKind != right->ulKind || memcmp(left->lpguid, right->lpguid, sizeof(GUID)) != 0)
        return false;
    if (left->ulKind == MNID_ID)
        return left->Kind.lID == right->Kind.lID;
    for (size_t i = 0;; i++)
        if (left->Kind.lpwstrName[i] != right->Kind.lpwstrName[i] || left->Kind.lpwstrName[i] == 0)
            return left->Kind.lpwstrName[i] == right->Kind.lpwstrName[i];
}

/* The names that there are by now go, so that the store stays small. A store does not forget names, and remembers them. */
static void forget_names(void)
{
    sqlite3 *db = NULL;

    fuzz_check(sqlite3_open(fuzz_store_path(), &db) == SQLITE_OK, "no database");
    sqlite3_exec(db, "DELETE FROM named_property", NULL, NULL, NULL);
    sqlite3_close(db);
    fuzz_store_reopen();
}

static void ask_back(LPMAPINAMEID *names, LPSPropTagArray ids, bool created)
{
    LPMAPINAMEID *back = NULL;
    ULONG count = 0;
    HRESULT hr = fuzz_inbox->lpVtbl->GetNamesFromIDs(fuzz_inbox, &ids, NULL, 0, &count, &back);

    fuzz_check(SUCCEEDED(hr) && count == ids->cValues, "no names");
    for (ULONG i = 0; i < count; i++) {
        if (PROP_ID(ids->aulPropTag[i]) == 0) {
            fuzz_check(!created, "a name without id");
            continue;
        }
        fuzz_check(PROP_ID(ids->aulPropTag[i]) >= PROP_ID_NAMED_MIN && back[i] != NULL && same_name(names[i], back[i]),
                   "another name comes back");
    }
    MAPIFreeBuffer(back);
}

static void use_names(struct input *input)
{
    static MAPINAMEID all[NAMES];
    static GUID guids[NAMES];
    static WCHAR texts[NAMES][LONGEST];
    static unsigned made;
    LPMAPINAMEID names[NAMES];
    LPSPropTagArray ids = NULL;
    bool create = take_u8(input) % 2 == 0;
    ULONG count = 1 + take_u8(input) % NAMES;
    HRESULT hr;

    for (ULONG i = 0; i < count; i++) {
        take_name(input, &all[i], &guids[i], texts[i]);
        names[i] = &all[i];
    }
    hr = fuzz_inbox->lpVtbl->GetIDsFromNames(fuzz_inbox, count, names, create ? MAPI_CREATE : 0, &ids);
    fuzz_check(SUCCEEDED(hr) == (ids != NULL), "a failure with ids, or a success without");
    if (FAILED(hr))
        return;
    ask_back(names, ids, create);
    MAPIFreeBuffer(ids);
    made += create ? count : 0;
    if (made > KEPT)
        forget_names();
    if (made > KEPT)
        made = 0;
}

static void use_ids(struct input *input)
{
    SizedSPropTagArray(8, tags) = {0, {0}};
    LPSPropTagArray asked = take_u8(input) % 4 == 0 ? NULL : (LPSPropTagArray)&tags;
    LPMAPINAMEID *names = NULL;
    ULONG count = 0;
    GUID set;
    HRESULT hr;

    tags.cValues = take_u8(input) % 9;
    for (ULONG i = 0; i < tags.cValues; i++)
        tags.aulPropTag[i] = take_u32(input);
    memset(&set, take_u8(input), sizeof set);
    hr = fuzz_inbox->lpVtbl->GetNamesFromIDs(fuzz_inbox, &asked, take_u8(input) % 2 == 0 ? &set : NULL,
                                             take_u8(input) % 4, &count, &names);
    fuzz_check(SUCCEEDED(hr) == (names != NULL), "a failure with names, or a success without");
    if (SUCCEEDED(hr) && asked != (LPSPropTagArray)&tags)
        MAPIFreeBuffer(asked);
    MAPIFreeBuffer(names);
}

/* ---- the target ---- */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_store_open();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    ULONG tag;

    switch (take_u8(&input) % 4) {
    case 0:
        tag = take_u32(&input);
        read_value(tag, input.at, input.left);
        break;
    case 1:
        read_set(input.at, input.left);
        break;
    case 2:
        use_names(&input);
        break;
    default:
        use_ids(&input);
        break;
    }
    return 0;
}
