/* A restriction as an SQL condition (store/filter.h says how far). */
#include "store/filter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/proptext.h"
#include "base/propvalue.h"
#include "store/columns.h"
#include "store/entryid.h"
#include "store/holder.h"

/* Beyond these SQLite's parser gives up, or is slower than looking at the rows. */
enum { DEPTH_MAX = 20, PARTS_MAX = 200 };

/* How good a translation is. */
enum quality {
    NOTHING, /* nothing was written */
    WEAKER,  /* true wherever the restriction is, and perhaps elsewhere */
    EXACT
};

struct translation {
    struct store *store;
    struct filter *filter;
    unsigned depth;
    unsigned parts;
    bool negated; /* below a NOT */
    HRESULT hr;
};

static void write_text(struct translation *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void write_text(struct translation *to, const char *format, ...)
{
    char text[512];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (SUCCEEDED(to->hr))
        to->hr = byte_buffer_append(&to->filter->sql, text, (size_t)size);
}

/* What is true or false whatever the row. SQLite refuses to use the index it is told to where a condition is 0. */
static enum quality write_constant(struct translation *to, bool value)
{
    write_text(to, value ? "+id > 0" : "+id < 0");
    return EXACT;
}

/* Around a comparison that is NULL where a property is absent. */
static void open_part(struct translation *to)
{
    write_text(to, to->negated ? "ifnull(" : "(");
}

static void close_part(struct translation *to)
{
    write_text(to, to->negated ? ", 0)" : ")");
}

static const char *sign_of(ULONG relop)
{
    static const char *const signs[] = {"<", "<=", ">", ">=", "=", "<>"};

    return signs[relop];
}

static bool holds(ULONG relop, int order)
{
    switch (relop) {
    case RELOP_LT:
        return order < 0;
    case RELOP_LE:
        return order <= 0;
    case RELOP_GT:
        return order > 0;
    case RELOP_GE:
        return order >= 0;
    case RELOP_EQ:
        return order == 0;
    default:
        return order != 0;
    }
}

/* ---- texts ---- */

static bool make_needle(const SRestriction *leaf, struct text_needle *needle)
{
    ULONG level = leaf->res.resContent.ulFuzzyLevel;
    unsigned flags = 0;

    if (leaf->rt != RES_CONTENT || (level & 0xFFFF) != FL_SUBSTRING)
        return false;
    if ((level & (FL_IGNORECASE | FL_LOOSE)) != 0)
        flags |= PROP_TEXT_IGNORE_CASE;
    if ((level & (FL_IGNORENONSPACE | FL_LOOSE)) != 0)
        flags |= PROP_TEXT_IGNORE_MARKS;
    return text_needle_make(leaf->res.resContent.lpProp, flags, needle);
}

/* Any leaf about one text: mapi_test is never NULL. */
static enum quality write_test(struct translation *to, const SRestriction *leaf, const struct column *column)
{
    struct filter *filter = to->filter;
    struct text_test *tests = realloc(filter->tests, (filter->test_count + 1) * sizeof *tests);
    struct text_test *test;

    if (tests == NULL) {
        to->hr = MAPI_E_NOT_ENOUGH_MEMORY;
        return NOTHING;
    }
    filter->tests = tests;
    test = &tests[filter->test_count];
    test->store = to->store;
    test->leaf = leaf;
    test->tag = column_is_derived(column) ? 0 : column->tag;
    test->searched = make_needle(leaf, &test->needle);
    write_text(to, "mapi_test(%s, ?%d, id)", column->sql, filter->first + (int)filter->test_count);
    filter->test_count++;
    return EXACT;
}

struct text_row {
    SPropValue value;
};

static const SPropValue *text_property(void *self, ULONG tag)
{
    (void)tag;
    return &((struct text_row *)self)->value;
}

static bool ask(const struct text_test *test, const char *text)
{
    union {
        const char *in;
        char *out;
    } cast = {text};
    struct text_row row;
    struct row_source source = {&row, text_property, NULL, NULL, NULL};

    memset(&row, 0, sizeof row);
    row.value.ulPropTag = PROP_TAG(PT_STRING8, PROP_ID(test->tag));
    row.value.Value.lpszA = cast.out;
    return restriction_matches(test->leaf, &source);
}

static HRESULT run_on(const struct text_test *test, const char *text, size_t size, bool *passes)
{
    enum text_found found = TEXT_UNSURE;

    if (test->searched)
        found = text_needle_search(&test->needle, (const unsigned char *)text, size);
    *passes = found == TEXT_UNSURE ? ask(test, text) : found == TEXT_FOUND;
    return S_OK;
}

HRESULT text_test_run(const struct text_test *test, const char *text, size_t size, int64_t id, bool *passes)
{
    struct byte_buffer whole;
    HRESULT hr;

    if (test->tag == 0 || !column_may_be_cut(size))
        return run_on(test, text, size, passes);
    byte_buffer_init(&whole);
    hr = column_whole_text(test->store, id, test->tag, &whole);
    if (SUCCEEDED(hr) && whole.size > 0)
        hr = run_on(test, (const char *)whole.bytes, whole.size - 1, passes);
    else if (SUCCEEDED(hr))
        hr = run_on(test, text, size, passes);
    byte_buffer_free(&whole);
    return hr;
}

/* ---- numbers, times, binary values ---- */

/* Columns hold 32-bit values as what they are without a sign; values are compared with it. */
static void write_number(struct translation *to, const struct column *column)
{
    write_text(to, column->kind == COLUMN_LONG ? "(%s << 32 >> 32)" : "(%s)", column->sql);
}

/* SQLite has no unsigned integers, and a FILETIME is one. The + keeps the index on dates out of this: the order that
 * the rows are wanted in decides which index is used. */
static enum quality write_time(struct translation *to, const char *sql, ULONG relop, int64_t time)
{
    static const char none[] = "(-9223372036854775807 - 1)";

    if (time < 0)
        return NOTHING;
    open_part(to);
    switch (relop) {
    case RELOP_EQ:
        write_text(to, "+%s = %" PRId64, sql, time);
        break;
    case RELOP_NE:
        write_text(to, "+%s <> %" PRId64 " AND +%s <> %s", sql, time, sql, none);
        break;
    case RELOP_LT:
    case RELOP_LE:
        write_text(to, "+%s >= 0 AND +%s %s %" PRId64, sql, sql, sign_of(relop), time);
        break;
    default:
        write_text(to, "+%s %s %" PRId64 " OR (+%s < 0 AND +%s <> %s)", sql, sign_of(relop), time, sql, sql, none);
        break;
    }
    close_part(to);
    return EXACT;
}

static void write_bytes(struct translation *to, const SBinary *bytes)
{
    ULONG i;

    write_text(to, "X'");
    for (i = 0; i < bytes->cb; i++)
        write_text(to, "%02X", bytes->lpb[i]);
    write_text(to, "'");
}

/* Long literals are left to C: nobody looks for them among many rows. */
static bool is_short(const SBinary *bytes)
{
    return bytes->cb <= 256;
}

static enum quality write_binary(struct translation *to, const struct column *column, ULONG relop, const SBinary *bytes)
{
    if (!is_short(bytes))
        return NOTHING;
    open_part(to);
    write_text(to, "%s %s ", column->sql, sign_of(relop));
    write_bytes(to, bytes);
    close_part(to);
    return EXACT;
}

static int64_t ticks_of(const SPropValue *value)
{
    return (int64_t)((uint64_t)value->Value.ft.dwHighDateTime << 32 | value->Value.ft.dwLowDateTime);
}

static const ULONG natural_types[] = {PT_LONG, PT_BOOLEAN, PT_SYSTIME, PT_UNICODE, PT_BINARY};

static enum quality write_property(struct translation *to, const SRestriction *leaf, const struct column *column)
{
    const SPropertyRestriction *res = &leaf->res.resProperty;
    ULONG type = PROP_TYPE(res->lpProp->ulPropTag);

    if (column->kind == COLUMN_TEXT)
        return write_test(to, leaf, column);
    if (type != natural_types[column->kind])
        return write_constant(to, false);
    if (column->kind == COLUMN_TIME)
        return write_time(to, column->sql, res->relop, ticks_of(res->lpProp));
    if (column->kind == COLUMN_BINARY)
        return write_binary(to, column, res->relop, &res->lpProp->Value.bin);
    open_part(to);
    write_number(to, column);
    write_text(to, " %s %d", sign_of(res->relop),
               column->kind == COLUMN_LONG ? (int)res->lpProp->Value.l : res->lpProp->Value.b != 0);
    close_part(to);
    return EXACT;
}

static enum quality write_content(struct translation *to, const SRestriction *leaf, const struct column *column)
{
    const SContentRestriction *res = &leaf->res.resContent;
    const SBinary *bytes = &res->lpProp->Value.bin;

    if (column->kind == COLUMN_TEXT)
        return write_test(to, leaf, column);
    if (column->kind != COLUMN_BINARY || PROP_TYPE(res->lpProp->ulPropTag) != PT_BINARY)
        return write_constant(to, false);
    if (!is_short(bytes))
        return NOTHING;
    open_part(to);
    switch (res->ulFuzzyLevel & 0xFFFF) {
    case FL_SUBSTRING:
        write_text(to, "instr(%s, ", column->sql);
        write_bytes(to, bytes);
        write_text(to, ") > 0");
        break;
    case FL_PREFIX:
        write_text(to, "substr(%s, 1, %lu) = ", column->sql, (unsigned long)bytes->cb);
        write_bytes(to, bytes);
        break;
    default:
        write_text(to, "%s = ", column->sql);
        write_bytes(to, bytes);
        break;
    }
    close_part(to);
    return EXACT;
}

static void write_exists(struct translation *to, const struct column *column)
{
    if (column->kind == COLUMN_TIME)
        write_text(to, "(%s IS NOT NULL AND +%s <> (-9223372036854775807 - 1))", column->sql, column->sql);
    else
        write_text(to, "(%s IS NOT NULL)", column->sql);
}

static enum quality write_size(struct translation *to, const SRestriction *leaf, const struct column *column)
{
    static const size_t sizes[] = {sizeof(LONG), sizeof(unsigned short), sizeof(FILETIME)};
    const SSizeRestriction *res = &leaf->res.resSize;

    if (column->kind == COLUMN_TEXT)
        return write_test(to, leaf, column);
    if (column->kind == COLUMN_BINARY) {
        open_part(to);
        write_text(to, "length(%s) %s %lu", column->sql, sign_of(res->relop), (unsigned long)res->cb);
        close_part(to);
        return EXACT;
    }
    if (holds(res->relop, (sizes[column->kind] > res->cb) - (sizes[column->kind] < res->cb)))
        write_exists(to, column);
    else
        write_constant(to, false);
    return EXACT;
}

static enum quality write_mask(struct translation *to, const SRestriction *leaf, const struct column *column)
{
    const SBitMaskRestriction *res = &leaf->res.resBitMask;

    if (column->kind != COLUMN_LONG)
        return write_constant(to, false);
    open_part(to);
    write_text(to, "(%s & %lu) %s 0", column->sql, (unsigned long)res->ulMask, res->relBMR == BMR_NEZ ? "<>" : "=");
    close_part(to);
    return EXACT;
}

static enum quality write_compare(struct translation *to, const SRestriction *leaf)
{
    const SComparePropsRestriction *res = &leaf->res.resCompareProps;
    const struct column *left = column_find(res->ulPropTag1);
    const struct column *right = column_find(res->ulPropTag2);

    if (left == NULL || right == NULL || left->kind != right->kind ||
        (left->kind != COLUMN_LONG && left->kind != COLUMN_BOOLEAN))
        return NOTHING;
    open_part(to);
    write_number(to, left);
    write_text(to, " %s ", sign_of(res->relop));
    write_number(to, right);
    close_part(to);
    return EXACT;
}

/* ---- properties that are made of the row id ---- */

/* The row that an entry identifier, record key or instance key names; 0: none of this store's. */
static int64_t row_named(const struct translation *to, ULONG tag, const SBinary *key)
{
    unsigned char made[OBJECT_ENTRYID_SIZE];
    size_t size = INSTANCE_KEY_SIZE;
    int64_t row = 0;

    if (PROP_ID(tag) == PROP_ID(PR_INSTANCE_KEY)) {
        row = key->cb == INSTANCE_KEY_SIZE ? (int64_t)bytes_get_u64(key->lpb) : 0;
        instance_key_make(row, made);
    } else {
        size = OBJECT_ENTRYID_SIZE;
        row = key->cb == OBJECT_ENTRYID_SIZE ? (int64_t)bytes_get_u64(key->lpb + OBJECT_ENTRYID_SIZE - 8) : 0;
        object_entryid_make(&to->store->uid, MAPI_MESSAGE, row, made);
    }
    return row > 0 && memcmp(made, key->lpb, size) == 0 ? row : 0;
}

static bool is_of_row(ULONG tag)
{
    return PROP_ID(tag) == PROP_ID(PR_ENTRYID) || PROP_ID(tag) == PROP_ID(PR_RECORD_KEY) ||
           PROP_ID(tag) == PROP_ID(PR_INSTANCE_KEY);
}

/* What a leaf says about such a property: equality, or nothing that SQL could tell. */
static bool names_row(const struct translation *to, const SRestriction *leaf, int64_t *row)
{
    const SPropertyRestriction *res = &leaf->res.resProperty;

    if (leaf->rt != RES_PROPERTY || !is_of_row(res->ulPropTag) || res->relop != RELOP_EQ ||
        PROP_TYPE(res->lpProp->ulPropTag) != PT_BINARY)
        return false;
    *row = row_named(to, res->ulPropTag, &res->lpProp->Value.bin);
    return true;
}

static enum quality write_of_row(struct translation *to, const SRestriction *leaf)
{
    int64_t row;

    if (leaf->rt == RES_EXIST)
        return write_constant(to, true);
    if (!names_row(to, leaf, &row))
        return NOTHING;
    if (row == 0)
        return write_constant(to, false);
    write_text(to, "id = %" PRId64, row);
    return EXACT;
}

/* ---- the tree ---- */

static ULONG tag_of(const SRestriction *leaf)
{
    switch (leaf->rt) {
    case RES_CONTENT:
        return leaf->res.resContent.ulPropTag;
    case RES_PROPERTY:
        return leaf->res.resProperty.ulPropTag;
    case RES_BITMASK:
        return leaf->res.resBitMask.ulPropTag;
    case RES_SIZE:
        return leaf->res.resSize.ulPropTag;
    case RES_EXIST:
        return leaf->res.resExist.ulPropTag;
    default:
        return PR_NULL;
    }
}

static enum quality write_leaf(struct translation *to, const SRestriction *leaf)
{
    ULONG tag = tag_of(leaf);
    const struct column *column = column_find(tag);

    if (leaf->rt == RES_COMPAREPROPS)
        return write_compare(to, leaf);
    if (is_of_row(tag))
        return write_of_row(to, leaf);
    if (column == NULL)
        return NOTHING;
    switch (leaf->rt) {
    case RES_CONTENT:
        return write_content(to, leaf, column);
    case RES_PROPERTY:
        return write_property(to, leaf, column);
    case RES_BITMASK:
        return write_mask(to, leaf, column);
    case RES_SIZE:
        return write_size(to, leaf, column);
    case RES_EXIST:
        write_exists(to, column);
        return EXACT;
    default:
        return NOTHING;
    }
}

static enum quality write_tree(struct translation *to, const SRestriction *restriction);

/* A place to go back to when a part turns out not to be translatable. */
struct mark {
    size_t size;
    size_t tests;
};

static struct mark mark_here(const struct translation *to)
{
    struct mark mark = {to->filter->sql.size, to->filter->test_count};

    return mark;
}

static enum quality take_back(struct translation *to, struct mark mark)
{
    to->filter->sql.size = mark.size;
    to->filter->test_count = mark.tests;
    return NOTHING;
}

/* AND may leave parts out, OR may not. */
static enum quality write_list(struct translation *to, const SRestriction *list, ULONG count, bool all)
{
    struct mark start = mark_here(to);
    enum quality quality = EXACT;
    bool first = true;
    ULONG i;

    if (count == 0)
        return write_constant(to, all);
    write_text(to, "(");
    for (i = 0; i < count; i++) {
        struct mark before = mark_here(to);
        enum quality part;

        if (!first)
            write_text(to, all ? " AND " : " OR ");
        part = write_tree(to, &list[i]);
        if (part < quality)
            quality = WEAKER;
        if (part == NOTHING && !all)
            return take_back(to, start);
        if (part == NOTHING)
            take_back(to, before);
        else
            first = false;
    }
    if (first)
        return take_back(to, start);
    write_text(to, ")");
    return quality;
}

static enum quality write_not(struct translation *to, const SRestriction *inner)
{
    struct mark start = mark_here(to);
    bool negated = to->negated;
    enum quality quality;

    write_text(to, "(NOT ");
    to->negated = true;
    quality = write_tree(to, inner);
    to->negated = negated;
    if (quality != EXACT)
        return take_back(to, start);
    write_text(to, ")");
    return EXACT;
}

static enum quality write_any(struct translation *to, const SRestriction *restriction)
{
    switch (restriction->rt) {
    case RES_AND:
        return write_list(to, restriction->res.resAnd.lpRes, restriction->res.resAnd.cRes, true);
    case RES_OR:
        return write_list(to, restriction->res.resOr.lpRes, restriction->res.resOr.cRes, false);
    case RES_NOT:
        return write_not(to, restriction->res.resNot.lpRes);
    case RES_COMMENT:
    case RES_ANNOTATION:
        return restriction->res.resComment.lpRes == NULL ? write_constant(to, true)
                                                         : write_tree(to, restriction->res.resComment.lpRes);
    default:
        return write_leaf(to, restriction);
    }
}

static enum quality write_tree(struct translation *to, const SRestriction *restriction)
{
    struct mark start = mark_here(to);
    enum quality quality = NOTHING;

    if (to->depth < DEPTH_MAX && to->parts++ < PARTS_MAX) {
        to->depth++;
        quality = write_any(to, restriction);
        to->depth--;
    }
    return quality == NOTHING ? take_back(to, start) : quality;
}

/* A row that has to be the one: named by the restriction itself or by a part of its outermost AND. */
static int64_t only_row(const struct translation *to, const SRestriction *restriction)
{
    int64_t row = 0;
    ULONG i;

    if (names_row(to, restriction, &row) || restriction->rt != RES_AND)
        return row;
    for (i = 0; i < restriction->res.resAnd.cRes && row == 0; i++)
        names_row(to, &restriction->res.resAnd.lpRes[i], &row);
    return row;
}

HRESULT filter_make(struct store *store, const SRestriction *restriction, int first, struct filter *out)
{
    struct translation to = {store, out, 0, 0, false, S_OK};
    enum quality quality = EXACT;

    memset(out, 0, sizeof *out);
    out->first = first;
    if (restriction != NULL) {
        quality = write_tree(&to, restriction);
        out->row = only_row(&to, restriction);
    }
    out->exact = quality == EXACT;
    if (FAILED(to.hr))
        filter_clear(out);
    return to.hr;
}

void filter_clear(struct filter *filter)
{
    byte_buffer_free(&filter->sql);
    free(filter->tests);
    memset(filter, 0, sizeof *filter);
}

HRESULT filter_append(const struct filter *filter, struct byte_buffer *sql)
{
    HRESULT hr;

    if (filter->sql.size == 0)
        return S_OK;
    hr = byte_buffer_append(sql, " AND ", 5);
    return SUCCEEDED(hr) ? byte_buffer_append(sql, filter->sql.bytes, filter->sql.size) : hr;
}

void filter_bind(const struct filter *filter, sqlite3_stmt *statement)
{
    size_t i;

    for (i = 0; i < filter->test_count; i++)
        sqlite3_bind_pointer(statement, filter->first + (int)i, &filter->tests[i], TEXT_TEST_POINTER, NULL);
}
