/* The headings of a contents table with categories: as rows, opened and closed (declared in contents.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/contents_groups.h"

/* ---- headings as rows ---- */

static HRESULT payload_of(sqlite3_value *value, ULONG type, struct byte_buffer *out)
{
    float narrow;
    double number;
    uint32_t bits;
    uint64_t wide;

    switch (type) {
    case PT_I2:
        return byte_buffer_append_u16(out, (uint16_t)sqlite3_value_int64(value));
    case PT_LONG:
        return byte_buffer_append_u32(out, (uint32_t)sqlite3_value_int64(value));
    case PT_BOOLEAN:
        return byte_buffer_append_u8(out, sqlite3_value_int64(value) != 0);
    case PT_R4:
        narrow = (float)sqlite3_value_double(value);
        memcpy(&bits, &narrow, sizeof bits);
        return byte_buffer_append_u32(out, bits);
    case PT_DOUBLE:
    case PT_APPTIME:
        number = sqlite3_value_double(value);
        memcpy(&wide, &number, sizeof wide);
        return byte_buffer_append_u64(out, wide);
    case PT_CURRENCY:
    case PT_I8:
    case PT_SYSTIME:
        return byte_buffer_append_u64(out, (uint64_t)sqlite3_value_int64(value));
    default:
        return byte_buffer_append(out, sqlite3_value_blob(value), (size_t)sqlite3_value_bytes(value));
    }
}

/* The type a category column's values have. */
static ULONG type_of(ULONG tag, const struct column *column, sqlite3_value *value)
{
    static const ULONG types[] = {PT_LONG, PT_BOOLEAN, PT_SYSTIME, PT_UNICODE, PT_BINARY, PT_BINARY};

    if (column != NULL)
        return types[column->kind];
    if (PROP_TYPE(tag) == PT_STRING8)
        return PT_UNICODE;
    if (PROP_TYPE(tag) != PT_UNSPECIFIED)
        return PROP_TYPE(tag);
    return sqlite3_value_type(value) == SQLITE_TEXT      ? PT_UNICODE
           : sqlite3_value_type(value) == SQLITE_BLOB    ? PT_BINARY
           : sqlite3_value_type(value) == SQLITE_INTEGER ? PT_LONG
                                                         : PT_DOUBLE;
}

static HRESULT category_value(struct contents *table, ULONG tag, ULONG sorted, sqlite3_value *value, void *head,
                              SPropValue *out)
{
    const struct column *column = contents_column(table, sorted);
    ULONG type = type_of(sorted, column, value);
    ULONG wanted = PROP_TYPE(tag) == PT_UNSPECIFIED ? type : PROP_TYPE(tag);
    struct byte_buffer payload;
    HRESULT hr;

    if (sqlite3_value_type(value) == SQLITE_NULL || (type == PT_SYSTIME && sqlite3_value_int64(value) == NO_TIME) ||
        (wanted != type && !(type == PT_UNICODE && wanted == PT_STRING8)))
        return MAPI_E_NOT_FOUND;
    if (column != NULL && column->kind == COLUMN_FOLDER)
        return value_entryid(table->store, CHANGE_PROP_TYPE(tag, wanted), MAPI_FOLDER, sqlite3_value_int64(value), head,
                             out);
    byte_buffer_init(&payload);
    hr = payload_of(value, type, &payload);
    if (SUCCEEDED(hr))
        hr = prop_value_from_payload(CHANGE_PROP_TYPE(tag, wanted), 0, payload.bytes, payload.size, head, out);
    byte_buffer_free(&payload);
    return hr;
}

/* A column of a heading: what makes its category and those around it, and what a heading has of its own. */
static HRESULT heading_value(struct contents *table, const struct group *group, ULONG tag, void *head, SPropValue *out)
{
    const struct groups *groups = table->groups;
    ULONG k;

    switch (PROP_ID(tag)) {
    case PROP_ID(PR_INSTANCE_KEY):
        return value_binary(PR_INSTANCE_KEY, group->key, GROUP_KEY_SIZE, head, out);
    case PROP_ID(PR_ROW_TYPE):
        return value_long(PR_ROW_TYPE, group->open ? TBL_EXPANDED_CATEGORY : TBL_COLLAPSED_CATEGORY, out);
    case PROP_ID(PR_DEPTH):
        return value_long(PR_DEPTH, group->level, out);
    case PROP_ID(PR_CONTENT_COUNT):
        return value_long(PR_CONTENT_COUNT, contents_clamp((int64_t)group->count), out);
    case PROP_ID(PR_CONTENT_UNREAD):
        return value_long(PR_CONTENT_UNREAD, contents_clamp((int64_t)group->unread), out);
    default:
        break;
    }
    for (;; group = group_at(groups, group->parent)) {
        for (k = 0; k < groups->column_count; k++)
            if (groups->level_of[k] == group->level && PROP_ID(table->sort->aSort[k].ulPropTag) == PROP_ID(tag))
                return category_value(table, tag, table->sort->aSort[k].ulPropTag, group->values[k], head, out);
        if (group->parent == 0)
            return MAPI_E_NOT_FOUND;
    }
}

HRESULT contents_read_heading(struct contents *table, int64_t id, LPSPropValue *out)
{
    const struct group *group = group_at(table->groups, (size_t)-id);
    const SPropTagArray *columns = table->columns;
    LPSPropValue values;
    HRESULT hr = MAPIAllocateBuffer((ULONG)(columns->cValues * sizeof *values), (void **)&values);
    ULONG i;

    for (i = 0; SUCCEEDED(hr) && i < columns->cValues; i++) {
        ULONG tag = columns->aulPropTag[i];
        HRESULT found = PROP_TYPE(tag) == PT_NULL ? S_OK : heading_value(table, group, tag, values, &values[i]);

        values[i].dwAlignPad = 0;
        if (PROP_TYPE(tag) == PT_NULL) {
            values[i].ulPropTag = PR_NULL;
            values[i].Value.x = 0;
        } else if (found == MAPI_E_NOT_ENOUGH_MEMORY) {
            MAPIFreeBuffer(values);
            return found;
        } else if (FAILED(found)) {
            values[i].ulPropTag = CHANGE_PROP_TYPE(tag, PT_ERROR);
            values[i].Value.err = MAPI_E_NOT_FOUND;
        }
    }
    if (SUCCEEDED(hr))
        *out = values;
    return hr;
}

struct heading_row {
    struct contents *table;
    const struct group *group;
    void *head;
    SPropValue values[4]; /* used in turn */
    unsigned next;
    HRESULT hr;
};

static const SPropValue *heading_property(void *self, ULONG tag)
{
    struct heading_row *row = self;
    SPropValue *out = &row->values[row->next++ % 4];
    HRESULT hr = heading_value(row->table, row->group, PROP_TAG(PT_UNSPECIFIED, PROP_ID(tag)), row->head, out);

    if (hr == MAPI_E_NOT_ENOUGH_MEMORY)
        row->hr = hr;
    return SUCCEEDED(hr) ? out : NULL;
}

HRESULT contents_heading_matches(struct contents *table, int64_t id, const SRestriction *restriction, bool *matches)
{
    struct heading_row row;
    struct row_source source = {&row, heading_property, NULL, NULL, NULL};

    *matches = true;
    if (restriction == NULL)
        return S_OK;
    memset(&row, 0, sizeof row);
    row.table = table;
    row.group = group_at(table->groups, (size_t)-id);
    row.hr = MAPIAllocateBuffer(8, &row.head);
    if (FAILED(row.hr))
        return row.hr;
    *matches = restriction_matches(restriction, &source);
    MAPIFreeBuffer(row.head);
    return row.hr;
}

/* ---- opening and closing ---- */

/* The heading with the key and where it stands; groups are built if they have not been. */
static HRESULT find_heading(struct contents *table, ULONG size, const BYTE *key, struct group **group, size_t *index)
{
    HRESULT hr;
    size_t i;

    if (key == NULL || size == 0)
        return MAPI_E_INVALID_PARAMETER;
    if (contents_levels(table) == 0)
        return fail(MAPI_E_NOT_FOUND, "The table has no categories.");
    hr = contents_build_list(table);
    if (FAILED(hr))
        return hr;
    for (i = 0; size == GROUP_KEY_SIZE && i < table->list_count; i++)
        if (table->list[i] < 0 &&
            memcmp(group_at(table->groups, (size_t)-table->list[i])->key, key, GROUP_KEY_SIZE) == 0) {
            *group = group_at(table->groups, (size_t)-table->list[i]);
            *index = i;
            return S_OK;
        }
    return fail(MAPI_E_NOT_FOUND, "The table has no such heading.");
}

/* Places behind the heading move by the rows that have come or gone; one that was among those gone goes to the next row
 * that is left. */
static int64_t moved(int64_t place, size_t heading, int64_t change)
{
    int64_t next = (int64_t)heading + 1;

    if (place < next)
        return place;
    if (change < 0 && place < next - change)
        return next;
    return place + change;
}

static HRESULT set_open(struct contents *table, struct group *group, size_t index, bool open, int64_t *change)
{
    size_t before = table->list_count;
    HRESULT hr;
    size_t i;

    *change = 0;
    if (group->open == open)
        return S_OK;
    group->open = open;
    hr = groups_show(table, table->groups);
    if (FAILED(hr)) {
        group->open = !open;
        return hr;
    }
    *change = (int64_t)table->list_count - (int64_t)before;
    contents_drop_ahead(table);
    table->cursor.id = moved(table->cursor.id, index, *change);
    for (i = 0; i < table->bookmark_count; i++)
        table->bookmarks[i].cursor.id = moved(table->bookmarks[i].cursor.id, index, *change);
    return S_OK;
}

HRESULT contents_expand(struct contents *table, ULONG size, const BYTE *key, ULONG *more)
{
    struct group *group;
    size_t index;
    int64_t change;
    HRESULT hr = find_heading(table, size, key, &group, &index);

    if (SUCCEEDED(hr))
        hr = set_open(table, group, index, true, &change);
    if (FAILED(hr))
        return hr;
    contents_drop_ahead(table);
    table->cursor.kind = PLACE_AT;
    table->cursor.id = (int64_t)index + 1;
    *more = contents_clamp(change);
    return S_OK;
}

HRESULT contents_collapse(struct contents *table, ULONG size, const BYTE *key, ULONG *fewer)
{
    struct group *group;
    size_t index;
    int64_t change;
    HRESULT hr = find_heading(table, size, key, &group, &index);

    if (SUCCEEDED(hr))
        hr = set_open(table, group, index, false, &change);
    if (SUCCEEDED(hr))
        *fewer = contents_clamp(-change);
    return hr;
}

/* ---- the state, to be kept by a client ----
 *
 * 4 bytes "LMC1", u64 hash of the sort order, u32 size of the row's key, the key, then the keys of the groups that are
 * not as the sort order says. */

static const unsigned char magic[4] = {'L', 'M', 'C', '1'};
enum { STATE_HEAD = 16, LONGEST_KEY = 64 };

static uint64_t sort_hash(const SSortOrderSet *sort)
{
    uint64_t hash[2] = {UINT64_C(0xCBF29CE484222325), 0};

    group_hash(hash, sort, CbSSortOrderSet(sort), false);
    return hash[0];
}

HRESULT contents_get_state(struct contents *table, ULONG size, const BYTE *key, ULONG *state_size, LPBYTE *state)
{
    unsigned char *keys = NULL;
    size_t count;
    HRESULT hr;

    if (contents_levels(table) == 0)
        return fail(MAPI_E_NO_SUPPORT, "The table has no categories.");
    if (key == NULL || size == 0 || size > LONGEST_KEY || state_size == NULL || state == NULL)
        return MAPI_E_INVALID_PARAMETER;
    hr = contents_build_list(table);
    if (SUCCEEDED(hr))
        hr = groups_changed(table->groups, &keys, &count);
    if (SUCCEEDED(hr))
        hr = MAPIAllocateBuffer((ULONG)(STATE_HEAD + size + count * GROUP_KEY_SIZE), (void **)state);
    if (SUCCEEDED(hr)) {
        memcpy(*state, magic, sizeof magic);
        bytes_put_u64(*state + 4, sort_hash(table->sort));
        bytes_put_u32(*state + 12, size);
        memcpy(*state + STATE_HEAD, key, size);
        memcpy(*state + STATE_HEAD + size, keys, count * GROUP_KEY_SIZE);
        *state_size = (ULONG)(STATE_HEAD + size + count * GROUP_KEY_SIZE);
    }
    free(keys);
    return hr;
}

/* Where the row with an instance key stands; the beginning when it is not to be seen. */
static int64_t index_of_key(const struct contents *table, const BYTE *key, ULONG size)
{
    int64_t row = size == 8 ? (int64_t)bytes_get_u64(key) : 0;
    size_t i;

    for (i = 0; i < table->list_count; i++) {
        int64_t id = table->list[i];

        if (id > 0
                ? id == row
                : size == GROUP_KEY_SIZE && memcmp(group_at(table->groups, (size_t)-id)->key, key, GROUP_KEY_SIZE) == 0)
            return (int64_t)i;
    }
    return 0;
}

HRESULT contents_set_state(struct contents *table, ULONG size, const BYTE *state, BOOKMARK *location)
{
    struct cursor before;
    ULONG key_size;
    HRESULT hr;

    if (contents_levels(table) == 0)
        return fail(MAPI_E_NO_SUPPORT, "The table has no categories.");
    if (state == NULL || location == NULL)
        return MAPI_E_INVALID_PARAMETER;
    key_size = size < STATE_HEAD ? 0 : bytes_get_u32(state + 12);
    if (size < STATE_HEAD || memcmp(state, magic, sizeof magic) != 0 || key_size > LONGEST_KEY ||
        key_size > size - STATE_HEAD || (size - STATE_HEAD - key_size) % GROUP_KEY_SIZE != 0 ||
        bytes_get_u64(state + 4) != sort_hash(table->sort))
        return fail(MAPI_E_UNABLE_TO_COMPLETE, "The state is none of a table with this sort order.");
    hr = contents_build_list(table);
    if (FAILED(hr))
        return hr;
    groups_apply(table->groups, state + STATE_HEAD + key_size, (size - STATE_HEAD - key_size) / GROUP_KEY_SIZE);
    hr = groups_show(table, table->groups);
    if (FAILED(hr))
        return hr;
    contents_restart(table);
    before = table->cursor;
    table->cursor.id = index_of_key(table, state + STATE_HEAD, key_size);
    hr = contents_mark(table, location);
    contents_go_to(table, &before);
    return hr;
}
