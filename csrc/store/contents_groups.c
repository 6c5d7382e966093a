/* Categories of a contents table: which there are and which are open (declared in contents.h).
 *
 * Groups are found while the sorted rows go by: where a category column changes, a group of its level and one of each
 * level below begin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/contents_groups.h"

static bool is_aggregate(const SSortOrder *order)
{
    return (order->ulOrder & (TABLE_SORT_CATEG_MAX | TABLE_SORT_CATEG_MIN)) != 0;
}

static bool combines(const SSortOrder *order)
{
    return (order->ulOrder & TABLE_SORT_COMBINE) != 0;
}

ULONG contents_levels(const struct contents *table)
{
    ULONG levels = 0;
    ULONG i;

    for (i = 0; table->sort != NULL && i < table->sort->cCategories; i++)
        levels += !combines(&table->sort->aSort[i]);
    return levels;
}

/* ssortorder.md: COMBINE belongs to a category column that is not the first; the largest or smallest value of a column
 * can be asked for right behind the categories. */
HRESULT contents_check_categories(const SSortOrderSet *order)
{
    ULONG i;

    for (i = 0; i < order->cSorts; i++) {
        const SSortOrder *sort = &order->aSort[i];
        bool category = i < order->cCategories;

        if (combines(sort) && (!category || i == 0))
            return fail(MAPI_E_TOO_COMPLEX, "Only a category can be combined, with the one before it.");
        if (is_aggregate(sort) && (order->cCategories == 0 || i != order->cCategories))
            return fail(MAPI_E_TOO_COMPLEX,
                        "The largest or smallest value orders categories when it comes right behind them.");
    }
    return S_OK;
}

/* ---- the query ---- */

static HRESULT append(struct byte_buffer *sql, const char *text)
{
    return byte_buffer_append(sql, text, strlen(text));
}

/* What all messages share makes one group. */
static void expression_of(const struct contents *table, ULONG tag, char out[128])
{
    if (!contents_sort_expression(table, tag, out, 128))
        snprintf(out, 128, "NULL");
}

HRESULT groups_append_columns(const struct contents *table, struct byte_buffer *sql)
{
    HRESULT hr = append(sql, ", flags & 1");
    char expression[128];
    ULONG i;

    for (i = 0; i < table->sort->cCategories && SUCCEEDED(hr); i++) {
        expression_of(table, table->sort->aSort[i].ulPropTag, expression);
        hr = append(sql, ", ");
        if (SUCCEEDED(hr))
            hr = append(sql, expression);
    }
    return hr;
}

static const char *direction(const SSortOrder *order)
{
    return (order->ulOrder & TABLE_SORT_DESCEND) != 0 ? " DESC, " : ", ";
}

/* "max(date) OVER (PARTITION BY subject) DESC, ": of the innermost category. The direction is the category's. */
static HRESULT append_aggregate(const struct contents *table, struct byte_buffer *sql)
{
    const SSortOrderSet *sort = table->sort;
    const SSortOrder *order = &sort->aSort[sort->cCategories];
    char expression[128];
    HRESULT hr;
    ULONG i;

    expression_of(table, order->ulPropTag, expression);
    hr = append(sql, (order->ulOrder & TABLE_SORT_CATEG_MAX) != 0 ? "max(" : "min(");
    if (SUCCEEDED(hr))
        hr = append(sql, expression);
    if (SUCCEEDED(hr))
        hr = append(sql, ") OVER (PARTITION BY ");
    for (i = 0; i < sort->cCategories && SUCCEEDED(hr); i++) {
        expression_of(table, sort->aSort[i].ulPropTag, expression);
        hr = append(sql, i == 0 ? "" : ", ");
        if (SUCCEEDED(hr))
            hr = append(sql, expression);
    }
    if (SUCCEEDED(hr))
        hr = append(sql, ")");
    return SUCCEEDED(hr) ? append(sql, direction(&sort->aSort[sort->cCategories - 1])) : hr;
}

HRESULT groups_append_order(const struct contents *table, struct byte_buffer *sql)
{
    const SSortOrderSet *sort = table->sort;
    ULONG innermost = sort->cCategories - 1; /* the first column of the innermost category */
    HRESULT hr = S_OK;
    ULONG i;

    while (innermost > 0 && combines(&sort->aSort[innermost]))
        innermost--;
    for (i = 0; i < sort->cSorts && SUCCEEDED(hr); i++) {
        const SSortOrder *order = &sort->aSort[i];
        char expression[128];

        if (i == innermost && sort->cSorts > sort->cCategories && is_aggregate(&sort->aSort[sort->cCategories]))
            hr = append_aggregate(table, sql);
        expression_of(table, order->ulPropTag, expression);
        if (SUCCEEDED(hr))
            hr = append(sql, expression);
        if (SUCCEEDED(hr))
            hr = append(sql, direction(is_aggregate(order) ? &sort->aSort[sort->cCategories - 1] : order));
    }
    return hr;
}

/* ---- finding the groups ---- */

void groups_free(struct groups *groups)
{
    size_t i;
    ULONG k;

    if (groups == NULL)
        return;
    for (i = 0; i < groups->count; i++) {
        for (k = 0; k < groups->column_count; k++)
            sqlite3_value_free(groups->items[i]->values[k]);
        free(groups->items[i]);
    }
    free(groups->items);
    free(groups->ids);
    free(groups);
}

HRESULT groups_begin(struct contents *table, struct groups **out)
{
    struct groups *groups = calloc(1, sizeof *groups);
    ULONG level = 0;
    ULONG i;

    *out = NULL;
    if (groups == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    groups->levels = contents_levels(table);
    groups->expanded = table->sort->cExpanded;
    groups->column_count = table->sort->cCategories;
    for (i = 0; i < groups->column_count; i++) {
        if (i > 0 && !combines(&table->sort->aSort[i]))
            level++;
        groups->level_of[i] = level;
    }
    *out = groups;
    return S_OK;
}

static unsigned char fold_byte(unsigned char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : byte;
}

/* Whether two values are the same to the order by which the rows come. */
static bool same_value(sqlite3_value *left, sqlite3_value *right)
{
    int type = sqlite3_value_type(left);
    int size;

    if (type != sqlite3_value_type(right))
        return false;
    switch (type) {
    case SQLITE_INTEGER:
        return sqlite3_value_int64(left) == sqlite3_value_int64(right);
    case SQLITE_FLOAT:
        return !(sqlite3_value_double(left) < sqlite3_value_double(right)) &&
               !(sqlite3_value_double(left) > sqlite3_value_double(right));
    case SQLITE_TEXT:
        size = sqlite3_value_bytes(left);
        return size == sqlite3_value_bytes(right) &&
               sqlite3_strnicmp((const char *)sqlite3_value_text(left), (const char *)sqlite3_value_text(right),
                                size) == 0;
    case SQLITE_BLOB:
        size = sqlite3_value_bytes(left);
        return size == sqlite3_value_bytes(right) &&
               (size == 0 || memcmp(sqlite3_value_blob(left), sqlite3_value_blob(right), (size_t)size) == 0);
    default:
        return true;
    }
}

void group_hash(uint64_t hash[2], const void *bytes, size_t size, bool fold)
{
    const unsigned char *at = bytes;
    size_t i;

    for (i = 0; i < size; i++) {
        unsigned char byte = fold ? fold_byte(at[i]) : at[i];

        hash[0] = (hash[0] ^ byte) * UINT64_C(0x100000001B3);
        hash[1] = (hash[1] ^ byte ^ (uint64_t)i) * UINT64_C(0x100000001B3);
    }
}

static void hash_value(uint64_t hash[2], sqlite3_value *value)
{
    int type = sqlite3_value_type(value);
    int64_t integer = sqlite3_value_int64(value);
    double real = sqlite3_value_double(value);

    group_hash(hash, &type, sizeof type, false);
    if (type == SQLITE_INTEGER || type == SQLITE_FLOAT)
        group_hash(hash, type == SQLITE_INTEGER ? (const void *)&integer : (const void *)&real, 8, false);
    else if (type != SQLITE_NULL)
        group_hash(hash, sqlite3_value_blob(value), (size_t)sqlite3_value_bytes(value), type == SQLITE_TEXT);
}

struct group *group_at(const struct groups *groups, size_t number)
{
    return groups->items[number - 1];
}

static void make_key(const struct groups *groups, struct group *group)
{
    uint64_t hash[2] = {UINT64_C(0xCBF29CE484222325), UINT64_C(0x84222325CBF29CE4)};
    ULONG k;

    group_hash(hash, &group->level, sizeof group->level, false);
    if (group->parent != 0)
        group_hash(hash, group_at(groups, group->parent)->key, GROUP_KEY_SIZE, false);
    for (k = 0; k < groups->column_count; k++)
        if (group->values[k] != NULL)
            hash_value(hash, group->values[k]);
    bytes_put_u64(group->key, hash[0]);
    bytes_put_u64(group->key + 8, hash[1]);
}

static HRESULT reserve_group(struct groups *groups)
{
    size_t capacity = groups->capacity == 0 ? 64 : groups->capacity * 2;
    struct group **items;

    if (groups->count < groups->capacity)
        return S_OK;
    items = realloc(groups->items, capacity * sizeof(struct group *));
    if (items == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    groups->items = items;
    groups->capacity = capacity;
    return S_OK;
}

/* Begins a group of a level at the row under the statement. */
static HRESULT begin_group(struct groups *groups, ULONG level, sqlite3_stmt *statement, int first)
{
    size_t size = sizeof(struct group) + groups->column_count * sizeof(sqlite3_value *);
    struct group *group;
    HRESULT hr = reserve_group(groups);
    ULONG k;

    if (FAILED(hr))
        return hr;
    group = calloc(1, size);
    if (group == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    groups->items[groups->count++] = group;
    group->first = groups->rows;
    group->level = level;
    group->parent = level == 0 ? 0 : groups->last[level - 1];
    group->open = level < groups->expanded;
    for (k = 0; k < groups->column_count; k++)
        if (groups->level_of[k] == level) {
            group->values[k] = sqlite3_value_dup(sqlite3_column_value(statement, first + 1 + (int)k));
            if (group->values[k] == NULL)
                return MAPI_E_NOT_ENOUGH_MEMORY;
        }
    make_key(groups, group);
    groups->last[level] = groups->count;
    return S_OK;
}

/* The outermost level on which the row belongs to another group than the last one; levels: none. */
static ULONG changed_level(const struct groups *groups, sqlite3_stmt *statement, int first)
{
    ULONG k;

    for (k = 0; k < groups->column_count && groups->rows > 0; k++) {
        ULONG level = groups->level_of[k];

        if (!same_value(group_at(groups, groups->last[level])->values[k],
                        sqlite3_column_value(statement, first + 1 + (int)k)))
            return level;
    }
    return groups->rows == 0 ? 0 : groups->levels;
}

HRESULT groups_add(struct groups *groups, sqlite3_stmt *statement, int first)
{
    bool unread = sqlite3_column_int(statement, first) == 0;
    HRESULT hr = S_OK;
    ULONG level;

    for (level = changed_level(groups, statement, first); level < groups->levels && SUCCEEDED(hr); level++)
        hr = begin_group(groups, level, statement, first);
    if (FAILED(hr))
        return hr;
    groups->rows++;
    for (level = 0; level < groups->levels; level++) {
        struct group *group = group_at(groups, groups->last[level]);

        group->count++;
        group->unread += unread;
    }
    return S_OK;
}

/* ---- what is to be seen ---- */

/* Whether all groups around it are open. */
static bool is_visible(const struct groups *groups, const struct group *group)
{
    while (group->parent != 0) {
        group = group_at(groups, group->parent);
        if (!group->open)
            return false;
    }
    return true;
}

HRESULT groups_show(struct contents *table, const struct groups *groups)
{
    int64_t *list = malloc((groups->count + groups->id_count + 1) * sizeof *list);
    size_t count = 0;
    size_t i;

    if (list == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (i = 0; i < groups->count; i++) {
        const struct group *group = groups->items[i];

        if (!is_visible(groups, group))
            continue;
        list[count++] = -(int64_t)i - 1;
        if (group->open && group->level + 1 == groups->levels) {
            memcpy(list + count, groups->ids + group->first, group->count * sizeof *list);
            count += group->count;
        }
    }
    free(table->list);
    table->list = list;
    table->list_count = count;
    return S_OK;
}

static int compare_keys(const void *left, const void *right)
{
    return memcmp(left, right, GROUP_KEY_SIZE);
}

static bool begins_open(const struct groups *groups, const struct group *group)
{
    return group->level < groups->expanded;
}

HRESULT groups_changed(const struct groups *groups, unsigned char **keys, size_t *count)
{
    size_t i;

    *count = 0;
    *keys = malloc((groups->count + 1) * GROUP_KEY_SIZE);
    if (*keys == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (i = 0; i < groups->count; i++)
        if (groups->items[i]->open != begins_open(groups, groups->items[i]))
            memcpy(*keys + GROUP_KEY_SIZE * (*count)++, groups->items[i]->key, GROUP_KEY_SIZE);
    qsort(*keys, *count, GROUP_KEY_SIZE, compare_keys);
    return S_OK;
}

void groups_apply(struct groups *groups, const unsigned char *keys, size_t count)
{
    size_t i;

    for (i = 0; i < groups->count; i++) {
        struct group *group = groups->items[i];
        bool changed = count > 0 && bsearch(group->key, keys, count, GROUP_KEY_SIZE, compare_keys) != NULL;

        group->open = begins_open(groups, group) != changed;
    }
}

/* Where the list is sorted anew, what was open stays so. */
HRESULT groups_finish(struct contents *table, struct groups *groups, int64_t *ids, size_t count)
{
    unsigned char *keys = NULL;
    size_t key_count = 0;
    HRESULT hr = S_OK;

    if (table->groups != NULL)
        hr = groups_changed(table->groups, &keys, &key_count);
    if (FAILED(hr))
        return hr;
    groups_apply(groups, keys, key_count);
    free(keys);
    groups->ids = ids;
    groups->id_count = count;
    hr = groups_show(table, groups);
    if (FAILED(hr)) {
        groups->ids = NULL; /* the caller's still */
        return hr;
    }
    groups_free(table->groups);
    table->groups = groups;
    return S_OK;
}
