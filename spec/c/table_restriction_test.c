/* Restrictions of a contents table, of which SQL decides what it can: whatever the restriction and whatever the rows,
 * the table has exactly those that base/restriction.c lets through. Random restrictions, nested, over random messages;
 * the numbers come from a seed that is printed where something differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "base/proptext.h"
#include "base/restriction.h"
#include "base/text_needle.h"
#include "support/mapi.h"
#include "support/store_helper.h"

enum { MESSAGES = 48, ROUNDS = 1500, DEPTH = 4, CHILDREN = 3 };

#define EPOCH     INT64_C(132000000000000000)
#define TAG_TEXTS PROP_TAG(PT_MV_STRING8, 0x6101)
#define TAG_NOTE  PROP_TAG(PT_STRING8, 0x6102)
#define TAG_RANK  PROP_TAG(PT_LONG, 0x6103)

static uint64_t seed;

static unsigned below(unsigned limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % limit;
}

/* ---- messages ---- */

static char long_text[3001]; /* "needle" at its end */
static char cut_text[1101];  /* two-byte characters across the place where its column ends */
static const char *const texts[] = {
    "",
    "Alpha",
    "alphabet",
    "Re: Alpha",
    "RE: alpha",
    "STRASSE",
    "Stra\xC3\x9F"
    "e",
    "\xC5\xBFtrand",
    "\xC3\x89lan",
    "elan",
    "Be\xCC\x81ta",
    "o'clock \"%_",
    "x",
    "needle",
    long_text,
    cut_text,
    "\xE2\x84\xAA"
    "elvin",
    "\xF0\x9F\x98\x80 grin",
};
static const char *const needles[] = {
    "",       "a",      "alpha", "ALPHA", "s", "ss", "\xC3\x9F",         "stra",     "\xC3\xA9",     "e", "elan", "be",
    "needle", "NEEDLE", "%_",    "re: ",  "x", "k",  "\xF0\x9F\x98\x80", "\xC3\xA4", "alphabetical",
};
static const int64_t times[] = {0, 1, -5, EPOCH, EPOCH + 1, EPOCH + 600000000, INT64_MAX};
static const ULONG numbers[] = {0, 1, 2, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 16};

#define ONE_OF(list) (list)[below(sizeof(list) / sizeof(list)[0])]

struct mail {
    unsigned char id[32];
    const char *recipient; /* NULL: none */
    LPSPropValue props;
    ULONG count;
};

static struct mail mails[MESSAGES];
static SBinary folder_id;

static void fill_texts(void)
{
    memset(long_text, 'n', sizeof long_text - 1);
    memcpy(long_text + sizeof long_text - 7, "needle", 6);
    memset(cut_text, 'c', sizeof cut_text - 1);
    for (size_t i = 1001; i + 1 < 1101; i += 2) {
        cut_text[i] = '\xC3';
        cut_text[i + 1] = '\xA4';
    }
    cut_text[1099] = 'x';
    cut_text[1100] = 0;
}

static void make_mail(IMAPIFolder *folder, struct mail *mail)
{
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    if (below(5))
        put_text(message, PR_SUBJECT, ONE_OF(texts));
    if (below(3))
        put_text(message, PR_SENDER_NAME, ONE_OF(texts));
    if (below(3))
        put_text(message, PR_INTERNET_MESSAGE_ID, ONE_OF(texts));
    if (below(3))
        put_text(message, TAG_NOTE, ONE_OF(texts));
    if (below(3))
        put_long(message, PR_IMPORTANCE, ONE_OF(numbers));
    if (below(3))
        put_long(message, TAG_RANK, ONE_OF(numbers));
    if (below(3))
        put_time(message, PR_MESSAGE_DELIVERY_TIME, ONE_OF(times));
    if (below(3))
        put_time(message, PR_CLIENT_SUBMIT_TIME, ONE_OF(times));
    if (below(2)) {
        union {
            const char *in;
            char *out;
        } first = {ONE_OF(texts)}, second = {ONE_OF(texts)};
        LPSTR list[] = {first.out, second.out};
        SPropValue many = {TAG_TEXTS, 0, {.MVszA = {1 + below(2), list}}};
        assert_int_equal(put_error(message, &many), S_OK);
    }
    mail->recipient = below(2) ? ONE_OF(needles) : NULL;
    if (mail->recipient != NULL && *mail->recipient == 0)
        mail->recipient = NULL;
    if (mail->recipient != NULL)
        add_recipient(message, mail->recipient, "someone@example.org", MAPI_TO);
    if (below(4) == 0)
        attach_bytes(message, "a", "b", 1);
    assert_int_equal(save(message, 0), S_OK);
    memcpy(mail->id, entryid(message).lpb, 32);
    release(message);
}

static void make_mails(IMAPIFolder *folder)
{
    for (int i = 0; i < MESSAGES; i++) {
        SBinary id = {32, mails[i].id};
        IMessage *message;
        make_mail(folder, &mails[i]);
        message = open_message(id, 0);
        assert_true(SUCCEEDED(message->lpVtbl->GetProps(message, NULL, 0, &mails[i].count, &mails[i].props)));
        release(message);
    }
    folder_id = entryid(folder);
}

static void free_mails(void)
{
    for (int i = 0; i < MESSAGES; i++)
        MAPIFreeBuffer(mails[i].props);
}

/* ---- what ought to be ---- */

static SPropValue answers[8]; /* used in turn */
static unsigned answer;

static const SPropValue *mail_property(void *self, ULONG tag)
{
    struct mail *mail = self;
    SPropValue *out = &answers[answer++ % 8];
    if (PROP_ID(tag) == PROP_ID(PR_INSTANCE_KEY)) {
        *out = (SPropValue){PR_INSTANCE_KEY, 0, {.bin = {8, mail->id + 24}}};
        return out;
    }
    if (PROP_ID(tag) == PROP_ID(PR_PARENT_ENTRYID)) {
        *out = (SPropValue){PR_PARENT_ENTRYID, 0, {.bin = folder_id}};
        return out;
    }
    for (ULONG i = 0; i < mail->count; i++)
        if (PROP_ID(mail->props[i].ulPropTag) == PROP_ID(tag)) {
            assert_int_not_equal(PROP_TYPE(mail->props[i].ulPropTag), PT_ERROR);
            return &mail->props[i];
        }
    return NULL;
}

static const SPropValue *recipient_property(void *self, ULONG tag)
{
    static SPropValue name;
    if (PROP_ID(tag) != PROP_ID(PR_DISPLAY_NAME))
        return NULL;
    name = string_value(PR_DISPLAY_NAME_A, self);
    return &name;
}

static bool mail_recipients(void *self, ULONG sub_object, bool (*test)(void *context, const struct row_source *row),
                            void *context)
{
    union {
        const char *in;
        void *out;
    } name = {((struct mail *)self)->recipient};
    struct row_source row = {name.out, recipient_property, NULL, NULL, NULL};
    return sub_object == PR_MESSAGE_RECIPIENTS && name.in != NULL && test(context, &row);
}

static bool ought_to_match(struct mail *mail, const SRestriction *restriction)
{
    struct row_source row = {mail, mail_property, NULL, NULL, mail_recipients};
    return restriction_matches(restriction, &row);
}

/* ---- random restrictions, in memory that each round uses again ---- */

static SRestriction parts[4096];
static SPropValue values[4096];
static unsigned part_count, value_count;

static SRestriction *new_parts(unsigned count)
{
    SRestriction *list = &parts[part_count];
    part_count += count;
    assert_true(part_count <= 4096);
    memset(list, 0, count * sizeof *list);
    return list;
}

static const ULONG text_tags[] = {
    PR_SUBJECT_A,        PR_SENDER_NAME_A, PR_INTERNET_MESSAGE_ID_A, TAG_NOTE, PR_MESSAGE_CLASS_A, PR_DISPLAY_TO_A,
    PR_SUBJECT_PREFIX_A, PR_DISPLAY_CC_A,  PR_SENDER_EMAIL_ADDRESS_A};
static const ULONG long_tags[] = {PR_IMPORTANCE,   TAG_RANK,      PR_MESSAGE_FLAGS,
                                  PR_MESSAGE_SIZE, PR_MSG_STATUS, PR_OBJECT_TYPE};
static const ULONG time_tags[] = {PR_MESSAGE_DELIVERY_TIME, PR_CLIENT_SUBMIT_TIME, PR_CREATION_TIME};
static const ULONG key_tags[] = {PR_ENTRYID, PR_RECORD_KEY, PR_INSTANCE_KEY, PR_SEARCH_KEY, PR_PARENT_ENTRYID};

static ULONG any_tag(void)
{
    switch (below(6)) {
    case 0:
        return ONE_OF(text_tags);
    case 1:
        return ONE_OF(long_tags);
    case 2:
        return ONE_OF(time_tags);
    case 3:
        return PR_HASATTACH;
    case 4:
        return TAG_TEXTS;
    default:
        return ONE_OF(key_tags);
    }
}

static SPropValue *text_operand(ULONG tag)
{
    SPropValue *value = &values[value_count++];
    *value = string_value(CHANGE_PROP_TYPE(tag, PT_STRING8), below(4) ? ONE_OF(needles) : ONE_OF(texts));
    return value;
}

static SPropValue *key_operand(ULONG tag)
{
    SPropValue *value = &values[value_count++];
    struct mail *mail = &ONE_OF(mails);
    const SPropValue *of_mail = mail_property(mail, below(4) ? tag : PR_SEARCH_KEY);
    *value = *of_mail;
    value->ulPropTag = tag;
    if (below(5) == 0 && value->Value.bin.cb > 0)
        value->Value.bin.cb = below((unsigned)value->Value.bin.cb) + 1;
    return value;
}

static void random_property(SRestriction *out)
{
    ULONG tag = any_tag();
    SPropValue *value = &values[value_count];
    out->rt = RES_PROPERTY;
    out->res.resProperty.relop = below(RELOP_RE);
    switch (PROP_TYPE(tag)) {
    case PT_LONG:
        *value = number_value(tag, ONE_OF(numbers));
        value_count++;
        break;
    case PT_BOOLEAN:
        *value = (SPropValue){tag, 0, {.b = (unsigned short)below(3)}};
        value_count++;
        break;
    case PT_SYSTIME: {
        int64_t time = below(20) ? ONE_OF(times) : -5;
        *value = (SPropValue){tag, 0, {.ft = {(DWORD)(uint64_t)time, (DWORD)((uint64_t)time >> 32)}}};
        value_count++;
        break;
    }
    case PT_BINARY:
        value = key_operand(tag);
        break;
    default:
        value = text_operand(tag);
        break;
    }
    /* Now and then of another type than the property has. */
    if (below(25) == 0) {
        *value = number_value(CHANGE_PROP_TYPE(tag, PT_LONG), 1);
        tag = value->ulPropTag;
    }
    out->res.resProperty.ulPropTag = tag;
    out->res.resProperty.lpProp = value;
}

static void random_content(SRestriction *out)
{
    static const ULONG ways[] = {
        0, FL_IGNORECASE, FL_IGNORECASE, FL_IGNORENONSPACE, FL_LOOSE, FL_IGNORECASE | FL_IGNORENONSPACE};
    ULONG tag = below(4) ? ONE_OF(text_tags) : below(2) ? TAG_TEXTS : ONE_OF(key_tags);
    out->rt = RES_CONTENT;
    out->res.resContent.ulFuzzyLevel = below(3) | ONE_OF(ways);
    out->res.resContent.ulPropTag = tag;
    out->res.resContent.lpProp = PROP_TYPE(tag) == PT_BINARY ? key_operand(tag) : text_operand(tag);
}

static void random_leaf(SRestriction *out)
{
    switch (below(9)) {
    case 0:
    case 1:
    case 2:
        random_property(out);
        break;
    case 3:
    case 4:
        random_content(out);
        break;
    case 5:
        out->rt = RES_EXIST;
        out->res.resExist.ulPropTag = any_tag();
        break;
    case 6:
        out->rt = RES_BITMASK;
        out->res.resBitMask.relBMR = below(2);
        out->res.resBitMask.ulPropTag = below(4) ? ONE_OF(long_tags) : CHANGE_PROP_TYPE(any_tag(), PT_LONG);
        out->res.resBitMask.ulMask = ONE_OF(numbers);
        break;
    case 7:
        out->rt = RES_SIZE;
        out->res.resSize.relop = below(RELOP_RE);
        do
            out->res.resSize.ulPropTag = any_tag();
        while (out->res.resSize.ulPropTag == TAG_TEXTS);
        out->res.resSize.cb = below(2) ? below(40) : below(4000);
        break;
    default:
        out->rt = RES_COMPAREPROPS;
        out->res.resCompareProps.relop = below(RELOP_RE);
        out->res.resCompareProps.ulPropTag1 = any_tag();
        out->res.resCompareProps.ulPropTag2 = any_tag();
        break;
    }
}

static void random_restriction(SRestriction *out, unsigned depth)
{
    unsigned kind = depth == 0 ? 6 : below(9);
    switch (kind) {
    case 0:
    case 1:
    case 2:
        out->rt = kind == 2 ? RES_OR : RES_AND;
        out->res.resAnd.cRes = below(CHILDREN + 1);
        out->res.resAnd.lpRes = new_parts(CHILDREN);
        for (ULONG i = 0; i < out->res.resAnd.cRes; i++)
            random_restriction(&out->res.resAnd.lpRes[i], depth - 1);
        break;
    case 3:
    case 4:
        out->rt = RES_NOT;
        out->res.resNot.lpRes = new_parts(1);
        random_restriction(out->res.resNot.lpRes, depth - 1);
        break;
    case 5:
        if (below(2)) {
            out->rt = RES_COMMENT;
            out->res.resComment.lpRes = below(3) ? new_parts(1) : NULL;
            if (out->res.resComment.lpRes != NULL)
                random_restriction(out->res.resComment.lpRes, depth - 1);
            break;
        }
        out->rt = RES_SUBRESTRICTION;
        out->res.resSub.ulSubObject = PR_MESSAGE_RECIPIENTS;
        out->res.resSub.lpRes = new_parts(1);
        out->res.resSub.lpRes->rt = RES_CONTENT;
        out->res.resSub.lpRes->res.resContent.ulFuzzyLevel = below(3) | FL_IGNORECASE;
        out->res.resSub.lpRes->res.resContent.ulPropTag = PR_DISPLAY_NAME_A;
        out->res.resSub.lpRes->res.resContent.lpProp = text_operand(PR_DISPLAY_NAME_A);
        break;
    default:
        random_leaf(out);
        break;
    }
}

/* ---- comparing ---- */

static int mail_of(const SRow *row)
{
    for (int i = 0; i < MESSAGES; i++)
        if (memcmp(row->lpProps[0].Value.bin.lpb, mails[i].id, 32) == 0)
            return i;
    fail_msg("a row that is no message");
    return -1;
}

static void compare_all(IMAPITable *table, const SRestriction *restriction, bool by_id, unsigned long long from)
{
    bool seen[MESSAGES] = {false};
    ULONG count, expected = 0;
    int last = -1;
    for (int i = 0; i < MESSAGES; i++)
        expected += ought_to_match(&mails[i], restriction);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    if (count != expected)
        fail_msg("seed %llu: %u rows counted, %u expected", from, count, expected);
    for (;;) {
        LPSRowSet rows = NULL;
        assert_int_equal(table->lpVtbl->QueryRows(table, 7, 0, &rows), S_OK);
        ULONG got = rows->cRows;
        for (ULONG i = 0; i < got; i++) {
            int mail = mail_of(&rows->aRow[i]);
            if (seen[mail] || !ought_to_match(&mails[mail], restriction) || (by_id && mail <= last))
                fail_msg("seed %llu: message %d should not be here", from, mail);
            seen[mail] = true;
            last = mail;
            expected--;
        }
        FreeProws(rows);
        if (got == 0)
            break;
    }
    if (expected != 0)
        fail_msg("seed %llu: %u rows are missing", from, expected);
}

static void compare_find(IMAPITable *table, SRestriction *restriction, unsigned long long from)
{
    HRESULT hr = table->lpVtbl->FindRow(table, restriction, BOOKMARK_BEGINNING, 0);
    LPSRowSet rows = NULL;
    int first = 0;
    while (first < MESSAGES && !ought_to_match(&mails[first], restriction))
        first++;
    if (first == MESSAGES) {
        if (hr != MAPI_E_NOT_FOUND)
            fail_msg("seed %llu: something was found", from);
        return;
    }
    if (hr != S_OK)
        fail_msg("seed %llu: message %d was not found", from, first);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    if (mail_of(&rows->aRow[0]) != first)
        fail_msg("seed %llu: message %d was found, not %d", from, mail_of(&rows->aRow[0]), first);
    FreeProws(rows);
}

static void sql_and_c_agree(void **state)
{
    static const ULONG column = PR_ENTRYID;
    static SSortOrderSet orders[] = {{0, 0, 0, {{0, 0}}},
                                     {1, 0, 0, {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND}}},
                                     {1, 0, 0, {{PR_SUBJECT_A, TABLE_SORT_ASCEND}}}};
    (void)state;
    fill_texts();
    seed = 20261120;
    IMAPIFolder *folder = inbox();
    IMAPITable *table = contents(folder, 0);
    make_mails(folder);
    set_columns(table, 1, &column);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned long long from = seed;
        SRestriction *restriction;
        int order = round % 3;
        part_count = value_count = 0;
        restriction = new_parts(1);
        random_restriction(restriction, DEPTH);
        if (restriction_check(restriction) != S_OK)
            continue;
        assert_int_equal(table->lpVtbl->SortTable(table, &orders[order], 0), S_OK);
        assert_int_equal(table->lpVtbl->Restrict(table, restriction, 0), S_OK);
        compare_all(table, restriction, order == 0, from);
        if (order == 0) {
            assert_int_equal(table->lpVtbl->Restrict(table, NULL, 0), S_OK);
            compare_find(table, restriction, from);
        }
    }
    free_mails();
    release(table);
    release(folder);
}

/* The search that text goes through first, against the one that decodes every character. */
static void a_needle_is_found_where_it_is(void **state)
{
    static const unsigned flags[] = {0, PROP_TEXT_IGNORE_CASE, PROP_TEXT_IGNORE_MARKS,
                                     PROP_TEXT_IGNORE_CASE | PROP_TEXT_IGNORE_MARKS};
    static const char *const letters[] = {"a", "A", "s", "S", "z", "\xC5\xBF", "\xC3\xA9", "e", "\xCC\x81", "%"};
    unsigned sure = 0;
    (void)state;
    seed = 7;
    for (int round = 0; round < 20000; round++) {
        char hay[64] = "", wanted[32] = "";
        for (unsigned i = below(12); i > 0; i--)
            strcat(hay, ONE_OF(letters));
        for (unsigned i = below(4); i > 0; i--)
            strcat(wanted, ONE_OF(letters));
        unsigned how = ONE_OF(flags);
        SPropValue value = string_value(PR_SUBJECT_A, wanted);
        SPropValue text = string_value(PR_SUBJECT_A, hay);
        struct text_needle needle;
        if (!text_needle_make(&value, how, &needle))
            continue;
        enum text_found found = text_needle_search(&needle, (const unsigned char *)hay, strlen(hay));
        struct prop_text in, what;
        assert_true(prop_text_of(&text, how, &in) && prop_text_of(&value, how, &what));
        bool there = prop_text_contains(in, what);
        if (found == TEXT_UNSURE)
            continue;
        if ((found == TEXT_FOUND) != there)
            fail_msg("\"%s\" in \"%s\", flags %u", wanted, hay, how);
        sure++;
    }
    assert_true(sure > 5000);
}

/* What is kept outside of its row is there all the same: a sub-restriction took a large value for absent. */
static void large_values_of_an_attachment_exist(void **state)
{
    static const char large[3000] = "x";
    SRestriction data = {.rt = RES_EXIST, .res.resExist = {0, PR_ATTACH_DATA_BIN, 0}};
    SRestriction restriction = {.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_ATTACHMENTS, &data}};
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "large");
    IMAPITable *table = contents(folder, 0);
    (void)state;
    attach_bytes(message, "a", large, sizeof large);
    assert_int_equal(save(message, 0), S_OK);
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_string_equal(subjects(table), "large");
    release(table);
    release(message);
    release(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(sql_and_c_agree),
        IN_STORE(large_values_of_an_attachment_exist),
        cmocka_unit_test(a_needle_is_found_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
