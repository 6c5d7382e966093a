/*
 * fuzz/restriction_fuzz.c - any restriction, on a contents table.
 *
 * A libFuzzer target: the input describes a tree of restrictions, with any tags, relations and values, many of them
 * nonsense. What is looked for, beside crashes and leaks: a table that shows other rows with a restriction that SQL
 * decides than with the same one wrapped so deep that base/restriction.c decides; a row that neither a restriction nor
 * its opposite shows, or both; a count that is not the number of rows; a row found that is not the first shown; a copy
 * of a restriction that means something else.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "base/restriction.h"
#include "fuzz_store.h"
#include "input.h"

enum {
    MESSAGES = 12,
    DEPTH = 12,    /* of what the input describes */
    WRAPPING = 24, /* deeper than what filter.c translates */
    PARTS = 256,
    TEXT = 64
};

/* One of the restrictions, and all that it points to. */
static SRestriction parts[PARTS];
static SPropValue operands[PARTS];
static union {
    char narrow[TEXT];
    WCHAR wide[TEXT / 2];
    BYTE bytes[TEXT];
    GUID guid;
    uint64_t numbers[TEXT / 8];
    LPSTR narrows[2];
    LPWSTR wides[2];
    SBinary binaries[2];
} payloads[PARTS];
static size_t part_count, operand_count, payload_count;

static IMAPITable *table;

/* ---- the messages ---- */

#define TAG_TEXTS PROP_TAG(PT_MV_UNICODE, 0x6101)
#define TAG_NOTE  PROP_TAG(PT_UNICODE, 0x6102)
#define TAG_RANK  PROP_TAG(PT_LONG, 0x6103)
#define TAG_RATIO PROP_TAG(PT_DOUBLE, 0x6104)
#define TAG_LONGS PROP_TAG(PT_MV_LONG, 0x6105)
#define TAG_BYTES PROP_TAG(PT_BINARY, 0x6106)
#define TAG_GUID  PROP_TAG(PT_CLSID, 0x6107)

static const ULONG tags[] = {PR_SUBJECT_W,
                             PR_SENDER_NAME_A,
                             PR_INTERNET_MESSAGE_ID_W,
                             PR_MESSAGE_CLASS_A,
                             PR_DISPLAY_TO_W,
                             PR_SUBJECT_PREFIX_A,
                             PR_BODY_W,
                             PR_NORMALIZED_SUBJECT_W,
                             PR_IMPORTANCE,
                             PR_MESSAGE_FLAGS,
                             PR_MESSAGE_SIZE,
                             PR_MSG_STATUS,
                             PR_OBJECT_TYPE,
                             PR_HASATTACH,
                             PR_MESSAGE_DELIVERY_TIME,
                             PR_CREATION_TIME,
                             PR_ENTRYID,
                             PR_CLIENT_SUBMIT_TIME,
                             PR_RECORD_KEY,
                             PR_INSTANCE_KEY,
                             PR_SEARCH_KEY,
                             PR_PARENT_ENTRYID,
                             PR_STORE_ENTRYID,
                             PR_MESSAGE_RECIPIENTS,
                             PR_MESSAGE_ATTACHMENTS,
                             PR_NULL,
                             PR_DISPLAY_NAME_A,
                             PR_RECIPIENT_TYPE,
                             PR_ATTACH_NUM,
                             PR_ATTACH_LONG_FILENAME_A,
                             TAG_TEXTS,
                             TAG_NOTE,
                             TAG_RANK,
                             TAG_RATIO,
                             TAG_LONGS,
                             TAG_BYTES,
                             TAG_GUID,
                             PR_SENDER_EMAIL_ADDRESS_A};

static const char *const words[] = {"",     "Alpha",       "Re: alpha",    "STRASSE", "Stra\xC3\x9F",
                                    "elan", "\xC3\x89lan", "o'clock \"%_", "x",       "\xF0\x9F\x98\x80 grin"};

#define WORD(i) ((LPSTR)(uintptr_t)words[(i) % (sizeof words / sizeof words[0])])

static void add_message(unsigned i)
{
    static char long_text[3000];
    LONG longs[] = {(LONG)i, -1};
    WCHAR first[] = {'o', 'n', 'e', 0}, second[] = {0xD800, 0};
    LPWSTR texts[] = {first, second};
    GUID guid = {i, 0, 0, {0}};
    SPropValue values[] = {
        {PR_SUBJECT_A, 0, {.lpszA = WORD(i)}},
        {PR_MESSAGE_CLASS_A, 0, {.lpszA = WORD(1)}},
        {TAG_RANK, 0, {.l = (LONG)i - 4}},
        {PR_MESSAGE_DELIVERY_TIME, 0, {.ft = {i, i % 3 == 0 ? 0x80000000u : 30000000u}}},
        {TAG_TEXTS, 0, {.MVszW = {1 + i % 2, texts}}},
        {TAG_LONGS, 0, {.MVl = {2, longs}}},
        {TAG_RATIO, 0, {.dbl = i / 4.0}},
        {TAG_GUID, 0, {.lpguid = &guid}},
        {TAG_BYTES, 0, {.bin = {i, (LPBYTE)long_text}}},
        {PR_BODY_A, 0, {.lpszA = i % 4 == 0 ? long_text : WORD(i + 3)}},
        {PR_SENDER_NAME_A, 0, {.lpszA = WORD(i + 1)}},
        {PR_IMPORTANCE, 0, {.l = (LONG)(i % 3)}},
    };
    SPropValue recipient[] = {{PR_DISPLAY_NAME_A, 0, {.lpszA = WORD(i + 2)}},
                              {PR_RECIPIENT_TYPE, 0, {.l = (LONG)(1 + i % 3)}}};
    ADRLIST list = {1, {{0, 2, recipient}}};
    IMessage *message;

    memset(long_text, 'n', sizeof long_text - 1);
    message = fuzz_message(i == 0 ? 1 : i == 1 ? 4 : 12, values, i % 2 != 0 ? &list : NULL, i % 3);
    message->lpVtbl->Release(message);
}

/* ---- what the input describes ---- */

static SRestriction *new_parts(size_t count)
{
    if (part_count + count > PARTS)
        return NULL;
    part_count += count;
    memset(&parts[part_count - count], 0, count * sizeof *parts);
    return &parts[part_count - count];
}

static void take_payload(struct input *input, void *out, size_t size)
{
    memset(out, 0, size);
    take_bytes(input, out, take_u8(input) % size);
}

static ULONG take_tag(struct input *input)
{
    uint8_t which = take_u8(input);

    if (which < 2 * sizeof tags / sizeof tags[0])
        return tags[which / 2];
    return which < 250 ? CHANGE_PROP_TYPE(tags[which % (sizeof tags / sizeof tags[0])], take_u16(input))
                       : take_u32(input);
}

static void take_text(struct input *input, size_t at, ULONG type, SPropValue *out)
{
    uint8_t how = take_u8(input);

    if (type == PT_STRING8 && how < 64) {
        out->Value.lpszA = WORD(how);
        return;
    }
    input->left += how != 0;
    input->at -= how != 0;
    take_payload(input, &payloads[at], type == PT_STRING8 ? TEXT - 1 : TEXT - 2);
    if (type == PT_STRING8)
        out->Value.lpszA = payloads[at].narrow;
    else
        out->Value.lpszW = payloads[at].wide;
}

/* A value of the type; one that is MV has up to two elements. */
static void take_value(struct input *input, ULONG type, SPropValue *out)
{
    size_t at = payload_count;

    if (payload_count + 3 > PARTS)
        return;
    payload_count += 3;
    switch (type) {
    case PT_STRING8:
    case PT_UNICODE:
        take_text(input, at, type, out);
        break;
    case PT_BINARY:
        out->Value.bin.cb = take_u8(input) % TEXT;
        out->Value.bin.lpb = payloads[at].bytes;
        memset(&payloads[at], 0, sizeof payloads[at]);
        take_bytes(input, payloads[at].bytes, out->Value.bin.cb);
        break;
    case PT_CLSID:
        take_payload(input, &payloads[at], TEXT);
        out->Value.lpguid = &payloads[at].guid;
        break;
    case PT_MV_STRING8:
    case PT_MV_UNICODE:
    case PT_MV_BINARY:
        out->Value.MVbin.cValues = take_u8(input) % 3;
        out->Value.MVbin.lpbin = payloads[at].binaries;
        take_payload(input, &payloads[at + 1], TEXT - 2);
        take_payload(input, &payloads[at + 2], TEXT - 2);
        for (size_t i = 0; i < 2; i++)
            if (type == PT_MV_STRING8)
                payloads[at].narrows[i] = payloads[at + 1 + i].narrow;
            else if (type == PT_MV_UNICODE)
                payloads[at].wides[i] = payloads[at + 1 + i].wide;
            else
                payloads[at].binaries[i] = (SBinary){take_u8(input) % TEXT, payloads[at + 1 + i].bytes};
        break;
    default:
        if ((type & MV_FLAG) != 0) {
            take_payload(input, &payloads[at], TEXT);
            out->Value.MVl.cValues = take_u8(input) % 3;
            out->Value.MVl.lpl = (LONG *)(void *)payloads[at].numbers;
        } else {
            out->Value.li.QuadPart = (LONGLONG)take_u64(input);
        }
        break;
    }
}

/* A value to compare with: mostly of the property's type, sometimes of another, now and then none. */
static SPropValue *take_operand(struct input *input, ULONG tag)
{
    uint8_t how = take_u8(input);
    SPropValue *value = &operands[operand_count];

    if (operand_count == PARTS || how == 255)
        return NULL;
    operand_count++;
    memset(value, 0, sizeof *value);
    value->ulPropTag = how < 200 ? tag & ~(ULONG)MVI_FLAG : how < 230 ? tag : CHANGE_PROP_TYPE(tag, take_u16(input));
    if (how >= 100 && how < 130 && PROP_TYPE(tag) == PT_UNICODE)
        value->ulPropTag = CHANGE_PROP_TYPE(tag, PT_STRING8);
    take_value(input, PROP_TYPE(value->ulPropTag) & ~(ULONG)MV_INSTANCE, value);
    return value;
}

static void take_restriction(struct input *input, SRestriction *out, unsigned depth);

static LPSRestriction take_list(struct input *input, ULONG count, unsigned depth)
{
    LPSRestriction list = new_parts(count);

    for (ULONG i = 0; list != NULL && i < count; i++)
        take_restriction(input, &list[i], depth - 1);
    return list;
}

static void take_restriction(struct input *input, SRestriction *out, unsigned depth)
{
    static const ULONG subjects[] = {PR_MESSAGE_RECIPIENTS, PR_MESSAGE_ATTACHMENTS};
    uint8_t kind = take_u8(input);

    out->rt = depth == 0 ? RES_EXIST : kind % 12;
    switch (out->rt) {
    case RES_AND:
    case RES_OR:
        out->res.resAnd.cRes = take_u8(input) % 5;
        out->res.resAnd.lpRes = take_list(input, out->res.resAnd.cRes, depth);
        break;
    case RES_NOT:
        out->res.resNot.lpRes = take_list(input, 1, depth);
        break;
    case RES_SUBRESTRICTION:
        out->res.resSub.ulSubObject = kind < 192 ? subjects[kind / 12 % 2] : take_tag(input);
        out->res.resSub.lpRes = take_list(input, 1, depth);
        break;
    case RES_COMMENT:
        out->res.resComment.lpRes = kind < 192 ? take_list(input, 1, depth) : NULL;
        break;
    case RES_CONTENT:
        out->res.resContent.ulFuzzyLevel = take_u8(input) % 4 | (ULONG)(take_u8(input) % 8) << 16;
        out->res.resContent.ulPropTag = take_tag(input);
        out->res.resContent.lpProp = take_operand(input, out->res.resContent.ulPropTag);
        break;
    case RES_PROPERTY:
        out->res.resProperty.relop = take_u8(input) % 8;
        out->res.resProperty.ulPropTag = take_tag(input);
        out->res.resProperty.lpProp = take_operand(input, out->res.resProperty.ulPropTag);
        break;
    case RES_COMPAREPROPS:
        out->res.resCompareProps.relop = take_u8(input) % 8;
        out->res.resCompareProps.ulPropTag1 = take_tag(input);
        out->res.resCompareProps.ulPropTag2 = take_tag(input);
        break;
    case RES_BITMASK:
        out->res.resBitMask.relBMR = take_u8(input) % 3;
        out->res.resBitMask.ulPropTag = take_tag(input);
        out->res.resBitMask.ulMask = take_u32(input);
        break;
    case RES_SIZE:
        out->res.resSize.relop = take_u8(input) % 8;
        out->res.resSize.ulPropTag = take_tag(input);
        out->res.resSize.cb = take_u16(input);
        break;
    case RES_EXIST:
        out->res.resExist.ulPropTag = take_tag(input);
        break;
    default:
        break;
    }
}

/* ---- what is looked at ---- */

/* Which messages the table shows, as bits; their order is that of their ids. *first: the first of them. */
static unsigned shown(LPSRestriction restriction, HRESULT *failure, int64_t *first)
{
    unsigned bits = 0, count = 0;
    LPSRowSet rows = NULL;
    ULONG counted = 0;

    *first = 0;
    *failure = table->lpVtbl->Restrict(table, restriction, 0);
    if (SUCCEEDED(*failure))
        *failure = table->lpVtbl->GetRowCount(table, 0, &counted);
    if (SUCCEEDED(*failure))
        *failure = table->lpVtbl->QueryRows(table, MESSAGES + 1, 0, &rows);
    if (FAILED(*failure))
        return 0;
    for (; count < rows->cRows; count++) {
        int64_t id;

        memcpy(&id, rows->aRow[count].lpProps[0].Value.bin.lpb, sizeof id);
        fuzz_check(id > 0 && id < 32 && (bits & 1u << id) == 0, "a row that is no message, or comes twice");
        bits |= 1u << id;
        if (*first == 0)
            *first = id;
    }
    FreeProws(rows);
    fuzz_check(count == counted, "the count is not the number of rows");
    return bits;
}

/* The same restriction, for C to decide. */
static LPSRestriction wrapped(LPSRestriction inner)
{
    static SRestriction wrapping[WRAPPING];

    for (int i = 0; i < WRAPPING; i++) {
        wrapping[i].rt = RES_COMMENT;
        wrapping[i].res.resComment.cValues = 0;
        wrapping[i].res.resComment.lpProp = NULL;
        wrapping[i].res.resComment.lpRes = i == 0 ? inner : &wrapping[i - 1];
    }
    return &wrapping[WRAPPING - 1];
}

static void compare(LPSRestriction restriction)
{
    static unsigned all;
    SRestriction opposite = {.rt = RES_NOT, .res.resNot = {0, restriction}};
    LPSRestriction copy = NULL;
    HRESULT hr, other;
    int64_t first, second;
    unsigned by_sql = shown(restriction, &hr, &first);
    unsigned by_c = shown(wrapped(restriction), &other, &second);

    if (FAILED(hr) || FAILED(other)) {
        fprintf(stderr, "0x%08x, 0x%08x\n", (unsigned)hr, (unsigned)other);
        fuzz_check(0, "a checked restriction is refused");
    }
    if (by_sql != by_c)
        fprintf(stderr, "by SQL %x, by C %x\n", by_sql, by_c);
    fuzz_check(by_sql == by_c, "SQL and C do not agree");
    if (all == 0)
        all = shown(NULL, &hr, &second);
    fuzz_check((shown(&opposite, &hr, &second) ^ by_sql) == all && SUCCEEDED(hr), "NOT is not the opposite");
    fuzz_check(SUCCEEDED(restriction_copy(restriction, &copy)), "a checked restriction cannot be copied");
    fuzz_check(shown(copy, &hr, &second) == by_sql && second == first, "a copy means something else");
    MAPIFreeBuffer(copy);
    shown(NULL, &hr, &second);
    hr = table->lpVtbl->FindRow(table, restriction, BOOKMARK_BEGINNING, 0);
    if (hr == S_OK) {
        LPSRowSet rows = NULL;

        fuzz_check(table->lpVtbl->QueryRows(table, 1, 0, &rows) == S_OK && rows->cRows == 1, "nothing there");
        memcpy(&second, rows->aRow[0].lpProps[0].Value.bin.lpb, sizeof second);
        FreeProws(rows);
    }
    fuzz_check(hr == S_OK ? second == first : hr == MAPI_E_NOT_FOUND && first == 0, "another row is found than shown");
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void end(void)
{
    table->lpVtbl->Release(table);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    SizedSPropTagArray(1, column) = {1, {PR_INSTANCE_KEY}};

    (void)argc, (void)argv;
    fuzz_store_open();
    for (unsigned i = 0; i < MESSAGES; i++)
        add_message(i);
    fuzz_check(fuzz_inbox->lpVtbl->GetContentsTable(fuzz_inbox, 0, &table) == S_OK, "no table");
    fuzz_check(table->lpVtbl->SetColumns(table, (LPSPropTagArray)&column, 0) == S_OK, "no columns");
    atexit(end);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    LPSRestriction restriction;

    part_count = operand_count = payload_count = 0;
    restriction = new_parts(1);
    take_restriction(&input, restriction, DEPTH);
    if (SUCCEEDED(restriction_check(restriction)))
        compare(restriction);
    else
        fuzz_check(FAILED(table->lpVtbl->Restrict(table, restriction, 0)), "a malformed restriction is taken");
    return 0;
}
