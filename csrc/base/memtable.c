/* base/memtable.c - see base/memtable.h. */
#include "base/memtable.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/byte_buffer.h"
#include "base/failure.h"
#include "base/list_table.h"
#include "base/propvalue.h"

/* The rows in the order in which they were appended. Each is one malloc'd block: this, then the values and what they point
 * to. */
struct memtable {
    struct list_source source;
    struct list_row **rows;
    size_t count;
    size_t capacity;
};

static struct memtable *of(struct list_source *source)
{
    return (struct memtable *)(void *)source;
}

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the table.");
}

/* ---- the rows ---- */

static HRESULT make_room(struct memtable *table)
{
    if (table->count < table->capacity)
        return S_OK;
    size_t capacity = table->capacity == 0 ? 8 : table->capacity * 2;
    struct list_row **grown = realloc(table->rows, capacity * sizeof *grown);
    if (grown == NULL)
        return no_memory();
    table->rows = grown;
    table->capacity = capacity;
    return S_OK;
}

/* A row of its own out of the values. */
static struct list_row *copy_row(ULONG count, const SPropValue *values)
{
    size_t size = prop_values_size(count, values);
    if (size == 0 && count > 0)
        return NULL;
    struct list_row *row = malloc(sizeof *row + size);
    if (row == NULL)
        return NULL;
    *row = (struct list_row){.count = count, .values = prop_values_copy(count, values, row + 1)};
    return row;
}

static struct list_row *copy_row_with_key(ULONG count, const SPropValue *values, size_t number)
{
    unsigned char key[LIST_KEY_SIZE];
    list_key_make((int64_t)number + 1, key);
    SPropValue *all = malloc(((size_t)count + 1) * sizeof *all);
    if (all == NULL)
        return NULL;
    if (count > 0)
        memcpy(all, values, (size_t)count * sizeof *all);
    memset(&all[count], 0, sizeof *all);
    all[count].ulPropTag = PR_INSTANCE_KEY;
    all[count].Value.bin.cb = sizeof key;
    all[count].Value.bin.lpb = key;
    struct list_row *row = copy_row(count + 1, all);
    free(all);
    return row;
}

static HRESULT append(struct memtable *table, ULONG count, const SPropValue *values)
{
    for (ULONG i = 0; i < count; i++)
        if (prop_value_check(&values[i]) != S_OK)
            return fail(MAPI_E_INVALID_PARAMETER, "Property 0x%08lX of a table row is malformed.",
                        (unsigned long)values[i].ulPropTag);
    HRESULT hr = make_room(table);
    if (hr != S_OK)
        return hr;
    const struct list_row given = {.count = count, .values = (SPropValue *)(uintptr_t)values};
    struct list_row *row = list_row_find(&given, PR_INSTANCE_KEY) != NULL
                               ? copy_row(count, values)
                               : copy_row_with_key(count, values, table->count);
    if (row == NULL)
        return no_memory();
    table->rows[table->count++] = row;
    return S_OK;
}

static void free_memtable(struct memtable *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->rows[i]);
    free(table->rows);
    lifeline_unref(table->source.life);
    free(table);
}

/* ---- as a source ---- */

static HRESULT version(struct list_source *source, uint64_t *version)
{
    *version = of(source)->count;
    return S_OK;
}

static HRESULT list(struct list_source *source, struct list_items *out)
{
    HRESULT hr = S_OK;
    for (size_t i = 0; hr == S_OK && i < of(source)->count; i++)
        hr = list_items_add(out, (int64_t)i, 0);
    return hr;
}

static HRESULT read_row(struct list_source *source, const struct list_item *item, const struct list_row **out)
{
    *out = of(source)->rows[item->id];
    return S_OK;
}

static void end(struct list_source *source)
{
    free_memtable(of(source));
}

static const struct list_source_class memtable_class = {
    .type = TBLTYPE_SNAPSHOT, .version = version, .list = list, .read = read_row, .end = end};

/* ---- making one ---- */

HRESULT memtable_create(struct lifeline *life, const SPropTagArray *columns, struct memtable **out)
{
    if (out == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "A table method needs a place for the new table.");
    *out = NULL;
    if (columns == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "A table method needs columns.");
    struct memtable *table = calloc(1, sizeof *table);
    if (table == NULL)
        return no_memory();
    table->source.class = &memtable_class;
    table->source.life = life != NULL ? lifeline_ref(life) : lifeline_create();
    struct list_table *made;
    HRESULT hr = table->source.life == NULL ? no_memory() : list_table_create(&table->source, columns, &made);
    if (hr != S_OK) {
        free_memtable(table);
        return hr;
    }
    *out = table;
    return S_OK;
}

HRESULT memtable_append(struct memtable *table, ULONG count, const SPropValue *row)
{
    if (table == NULL || (count > 0 && row == NULL))
        return fail(MAPI_E_INVALID_PARAMETER, "A table method needs a row.");
    HRESULT hr = lifeline_enter(table->source.life);
    if (hr != S_OK)
        return hr;
    hr = append(table, count, row);
    lifeline_leave(table->source.life);
    return hr;
}

IMAPITable *memtable_as_table(struct memtable *table)
{
    return list_table_as_table(table->source.table);
}

void memtable_release(struct memtable *table)
{
    IMAPITable *interface = table != NULL ? memtable_as_table(table) : NULL;
    if (interface != NULL)
        interface->lpVtbl->Release(interface);
}
