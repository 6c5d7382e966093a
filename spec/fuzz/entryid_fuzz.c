/*
 * fuzz/entryid_fuzz.c - any bytes as what a client once got and now gives back: entry identifiers of stores, folders and
 * messages, instance keys, record keys, the state of a table's categories.
 *
 * A libFuzzer target. The input says what the bytes are given to, and is them, or says how to change real ones. What is
 * looked for, beside crashes and leaks: a pointer that is not NULL after a failure, an identifier that opens something
 * and does not name it, comparisons that depend on the order, wrapping that cannot be undone.
 */
#include <stdbool.h>
#include <stdlib.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "core/entryid.h"
#include "fuzz_store.h"
#include "input.h"
#include "store/entryid.h"

enum { BYTES = 512, REAL = 12 };

/* Real ones: of the store, folders, messages, something deleted; keys and states of a table. */
static struct {
    unsigned char bytes[BYTES];
    size_t size;
} real[REAL];
static unsigned real_count;

static IMAPITable *categories;

struct bytes {
    unsigned char at[BYTES];
    size_t size;
};

#define ID(bytes) ((ULONG)(bytes)->size), ((LPENTRYID)(void *)(bytes)->at)

static void remember(const void *bytes, size_t size)
{
    fuzz_check(size <= BYTES && real_count < REAL, "no room");
    memcpy(real[real_count].bytes, bytes, size);
    real[real_count++].size = size;
}

static void remember_property(void *object, ULONG tag)
{
    LPSPropValue value = NULL;

    fuzz_check(HrGetOneProp(object, tag, &value) == S_OK, "no identifier");
    remember(value->Value.bin.lpb, value->Value.bin.cb);
    MAPIFreeBuffer(value);
}

/* The bytes as they are, or real ones, longer or shorter and with some changed. */
static void take(struct input *input, struct bytes *out)
{
    uint8_t how = take_u8(input);

    memset(out, 0, sizeof *out);
    if (how >= 2 * REAL) {
        out->size = take_bytes(input, out->at, how);
        return;
    }
    memcpy(out->at, real[how / 2 % real_count].bytes, BYTES);
    out->size = real[how / 2 % real_count].size;
    if (how % 2 == 0)
        return;
    out->size += (size_t)take_u8(input);
    out->size = out->size < 20 ? 0 : out->size - 20; /* 20: as long as it was */
    if (out->size > BYTES)
        out->size = BYTES;
    for (unsigned changes = take_u8(input) % 8; changes > 0; changes--) {
        size_t at = take_u8(input);

        out->at[at] = take_u8(input);
    }
}

/* ---- what they are given to ---- */

static void release(void *object)
{
    IUnknown *unknown = object;

    unknown->lpVtbl->Release(unknown);
}

/* Whoever opens it, it is what it says it is. */
static void check_opened(HRESULT hr, IUnknown *object, ULONG type, const struct bytes *id)
{
    LPSPropValue value = NULL;
    ULONG same = 0;

    fuzz_check(SUCCEEDED(hr) == (object != NULL), "a failure with an object, or a success without");
    if (object == NULL)
        return;
    fuzz_check(type == MAPI_STORE || type == MAPI_FOLDER || type == MAPI_MESSAGE, "an object of no type");
    fuzz_check(HrGetOneProp((IMAPIProp *)object, PR_ENTRYID, &value) == S_OK, "an object without identifier");
    if (id->size > 0) {
        hr = fuzz_session->lpVtbl->CompareEntryIDs(fuzz_session, ID(id), value->Value.bin.cb,
                                                   (LPENTRYID)(void *)value->Value.bin.lpb, 0, &same);
        fuzz_check(hr == S_OK && same, "an identifier opens what it does not name");
    }
    MAPIFreeBuffer(value);
    release(object);
}

static void open_entry(struct input *input, const struct bytes *id)
{
    ULONG flags = take_u8(input) % 4 == 0 ? take_u32(input) : take_u8(input) % 2 == 0 ? 0 : MAPI_MODIFY;
    IUnknown *object = NULL;
    ULONG type = 0;
    HRESULT hr = fuzz_session->lpVtbl->OpenEntry(fuzz_session, ID(id), NULL, flags, &type, &object);

    check_opened(hr, object, type, id);
    object = NULL;
    hr = fuzz_store->lpVtbl->OpenEntry(fuzz_store, ID(id), NULL, flags, &type, &object);
    check_opened(hr, object, type, id);
    object = NULL;
    hr = fuzz_inbox->lpVtbl->OpenEntry(fuzz_inbox, ID(id), NULL, flags, &type, &object);
    check_opened(hr, object, type, id);
}

static void open_message_store(struct input *input, const struct bytes *id)
{
    IMsgStore *store = NULL;
    HRESULT hr = fuzz_session->lpVtbl->OpenMsgStore(fuzz_session, 0, ID(id), NULL,
                                                    take_u8(input) % 2 == 0 ? MDB_WRITE : MDB_NO_DIALOG, &store);

    check_opened(hr, (IUnknown *)store, MAPI_STORE, id);
}

static void compare(struct input *input, const struct bytes *left)
{
    struct bytes right;
    ULONG same[2] = {7, 7};
    HRESULT hr[2];

    take(input, &right);
    for (int way = 0; way < 2; way++) {
        const struct bytes *l = way == 0 ? left : &right, *r = way == 0 ? &right : left;

        hr[way] = fuzz_store->lpVtbl->CompareEntryIDs(fuzz_store, ID(l), ID(r), 0, &same[way]);
    }
    fuzz_check(hr[0] == hr[1] && (FAILED(hr[0]) || same[0] == same[1]), "it depends on the order, in the store");
    for (int way = 0; way < 2; way++) {
        const struct bytes *l = way == 0 ? left : &right, *r = way == 0 ? &right : left;

        hr[way] = fuzz_session->lpVtbl->CompareEntryIDs(fuzz_session, ID(l), ID(r), 0, &same[way]);
    }
    fuzz_check(hr[0] == hr[1] && (FAILED(hr[0]) || same[0] == same[1]), "it depends on the order, in the session");
    if (SUCCEEDED(hr[0]) && left->size == right.size && memcmp(left->at, right.at, right.size) == 0)
        fuzz_check(same[0] != 0, "it is not the same as itself");
}

/* A list of one, given to what takes lists, and to what takes one. Nothing may be harmed: flags and status only. */
static void use_messages(struct input *input, const struct bytes *id)
{
    union {
        const unsigned char *in;
        BYTE *out;
    } cast = {id->at};
    SBinary one[2] = {{(ULONG)id->size, cast.out}, {32, real[2].bytes}};
    ENTRYLIST list = {1 + take_u8(input) % 2, one};
    ULONG status;

    fuzz_inbox->lpVtbl->SetReadFlags(fuzz_inbox, &list, 0, NULL, take_u8(input) % 2 == 0 ? CLEAR_READ_FLAG : 0);
    fuzz_inbox->lpVtbl->GetMessageStatus(fuzz_inbox, ID(id), 0, &status);
    fuzz_inbox->lpVtbl->SetMessageStatus(fuzz_inbox, ID(id), 1, take_u8(input), &status);
}

/* Copies go to a folder that is emptied at once. */
static void move_messages(const struct bytes *id)
{
    static char name[] = "copies";
    union {
        const unsigned char *in;
        BYTE *out;
    } cast = {id->at};
    SBinary one[1] = {{(ULONG)id->size, cast.out}};
    ENTRYLIST list = {1, one};
    IMAPIFolder *copies = NULL;
    HRESULT hr =
        fuzz_inbox->lpVtbl->CreateFolder(fuzz_inbox, FOLDER_GENERIC, name, NULL, NULL, OPEN_IF_EXISTS, &copies);

    fuzz_check(hr == S_OK, "no folder");
    fuzz_inbox->lpVtbl->CopyMessages(fuzz_inbox, &list, NULL, copies, 0, NULL, 0);
    copies->lpVtbl->DeleteMessages(copies, &list, 0, NULL, 0); /* none of its own */
    copies->lpVtbl->EmptyFolder(copies, 0, NULL, 0);
    fuzz_inbox->lpVtbl->CopyFolder(fuzz_inbox, ID(id), NULL, copies, NULL, 0, NULL, 0);
    release(copies);
}

static void advise(struct input *input, const struct bytes *id)
{
    LPMAPIADVISESINK sink = NULL;
    ULONG_PTR connection = 0;
    HRESULT hr = HrAllocAdviseSink(NULL, NULL, &sink);

    if (hr != S_OK)
        return;
    if (take_u8(input) % 2 == 0) {
        if (fuzz_store->lpVtbl->Advise(fuzz_store, ID(id), fnevObjectModified, sink, &connection) == S_OK)
            fuzz_store->lpVtbl->Unadvise(fuzz_store, connection);
    } else if (fuzz_session->lpVtbl->Advise(fuzz_session, ID(id), fnevObjectModified, sink, &connection) == S_OK) {
        fuzz_session->lpVtbl->Unadvise(fuzz_session, connection);
    }
    sink->lpVtbl->Release(sink);
}

/* Instance keys of rows and headings, and collapse states. */
static void use_table(struct input *input, struct bytes *key)
{
    ULONG size = (ULONG)key->size, more = 0, state_size = 0;
    BOOKMARK place = 0;
    LPSRowSet rows = NULL;
    LPBYTE state = NULL;

    switch (take_u8(input) % 4) {
    case 0:
        if (categories->lpVtbl->ExpandRow(categories, size, key->at, 0, 5, &rows, &more) == S_OK)
            FreeProws(rows);
        break;
    case 1:
        categories->lpVtbl->CollapseRow(categories, size, key->at, 0, &more);
        break;
    case 2:
        if (categories->lpVtbl->GetCollapseState(categories, 0, size, key->at, &state_size, &state) == S_OK) {
            fuzz_check(categories->lpVtbl->SetCollapseState(categories, 0, state_size, state, &place) == S_OK,
                       "a state is refused by its own table");
            MAPIFreeBuffer(state);
        }
        break;
    default:
        categories->lpVtbl->SetCollapseState(categories, 0, size, key->at, &place);
        break;
    }
    if (place != 0) {
        fuzz_check(categories->lpVtbl->SeekRow(categories, place, 0, NULL) == S_OK, "a bookmark that is none");
        categories->lpVtbl->FreeBookmark(categories, place);
    }
    if (categories->lpVtbl->QueryRows(categories, 3, 0, &rows) == S_OK)
        FreeProws(rows);
}

static void check_decoding(const struct bytes *id)
{
    LPENTRYID wrapped = NULL;
    struct store_entryid inner;
    ULONG size = 0;
    MAPIUID uid;

    fuzz_check(entryid_wrap_store("mapi.so", ID(id), &size, &wrapped) == S_OK, "it cannot be wrapped");
    if (entryid_parse(size, wrapped, &uid, &inner) == ENTRYID_STORE)
        fuzz_check(inner.size == id->size && memcmp(inner.inner, id->at, id->size) == 0, "it comes out changed");
    else
        fuzz_check(id->size < 4, "what was wrapped is none");
    MAPIFreeBuffer(wrapped);
    if (entryid_parse(ID(id), &uid, &inner) == ENTRYID_STORE) {
        const unsigned char *first = (const unsigned char *)inner.inner;

        fuzz_check(first >= id->at && first + inner.size == id->at + id->size, "outside of the bytes");
        store_entryid_parse(inner.size, inner.inner, &uid);
    }
    if (store_entryid_parse(ID(id), &uid) == S_OK) {
        unsigned char again[STORE_ENTRYID_SIZE];

        store_entryid_make(&uid, again);
        fuzz_check(id->size == sizeof again && memcmp(again, id->at, sizeof again) == 0, "it comes out changed");
    }
}

/* ---- the target ---- */

static void add_message(unsigned i, bool remembered)
{
    static char subject[] = "entry", name[] = "Front Desk";
    SPropValue values[] = {{PR_SUBJECT_A, 0, {.lpszA = subject}}, {PR_IMPORTANCE, 0, {.l = (LONG)i % 3}}};
    SPropValue recipient[] = {{PR_DISPLAY_NAME_A, 0, {.lpszA = name}}, {PR_RECIPIENT_TYPE, 0, {.l = MAPI_TO}}};
    ADRLIST list = {1, {{0, 2, recipient}}};
    IMessage *message = fuzz_message(2, values, &list, 1);

    if (remembered)
        remember_property(message, PR_ENTRYID);
    release(message);
}

static void remember_gone(void)
{
    IMessage *message = fuzz_message(0, NULL, NULL, 0);
    SBinary id;
    ENTRYLIST list = {1, &id};

    remember_property(message, PR_ENTRYID);
    release(message);
    id.cb = (ULONG)real[real_count - 1].size;
    id.lpb = real[real_count - 1].bytes;
    fuzz_check(fuzz_inbox->lpVtbl->DeleteMessages(fuzz_inbox, &list, 0, NULL, 0) == S_OK, "not deleted");
}

static void remember_table(void)
{
    static SSortOrderSet order = {1, 1, 0, {{PR_IMPORTANCE, TABLE_SORT_ASCEND}}};
    SizedSPropTagArray(2, columns) = {2, {PR_INSTANCE_KEY, PR_ROW_TYPE}};
    LPSRowSet rows = NULL;
    ULONG size = 0;
    LPBYTE state = NULL;

    fuzz_check(fuzz_inbox->lpVtbl->GetContentsTable(fuzz_inbox, 0, &categories) == S_OK, "no table");
    fuzz_check(categories->lpVtbl->SetColumns(categories, (LPSPropTagArray)&columns, 0) == S_OK &&
                   categories->lpVtbl->SortTable(categories, &order, 0) == S_OK &&
                   categories->lpVtbl->QueryRows(categories, 2, 0, &rows) == S_OK && rows->cRows == 2,
               "no rows");
    remember(rows->aRow[0].lpProps[0].Value.bin.lpb, rows->aRow[0].lpProps[0].Value.bin.cb);
    fuzz_check(categories->lpVtbl->GetCollapseState(categories, 0, rows->aRow[0].lpProps[0].Value.bin.cb,
                                                    rows->aRow[0].lpProps[0].Value.bin.lpb, &size, &state) == S_OK,
               "no state");
    remember(state, size);
    MAPIFreeBuffer(state);
    FreeProws(rows);
}

static void end(void)
{
    release(categories);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_store_open();
    remember_property(fuzz_store, PR_ENTRYID);
    remember_property(fuzz_inbox, PR_ENTRYID);
    for (unsigned i = 0; i < 4; i++)
        add_message(i, i < 2);
    remember_gone();
    remember_property(fuzz_store, PR_IPM_SUBTREE_ENTRYID);
    remember_property(fuzz_store, PR_IPM_OUTBOX_ENTRYID);
    remember_property(fuzz_store, PR_RECORD_KEY);
    remember_table();
    atexit(end);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t user = take_u8(&input);
    struct bytes id;

    take(&input, &id);
    switch (user % 8) {
    case 0:
        open_entry(&input, &id);
        break;
    case 1:
        open_message_store(&input, &id);
        break;
    case 2:
        compare(&input, &id);
        break;
    case 3:
        use_messages(&input, &id);
        break;
    case 4:
        move_messages(&id);
        break;
    case 5:
        advise(&input, &id);
        break;
    case 6:
        use_table(&input, &id);
        break;
    default:
        check_decoding(&id);
        break;
    }
    return 0;
}
