/* base/memtable.c - see base/memtable.h. The object, its columns and the slots that have little to say; the cursor
 * and what moves it are in memtable_view.c, rows in memtable_rows.c. */
#include "base/memtable_private.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propvalue.h"

HRESULT memtable_no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the table.");
}

/* ---- methods begin and end ---- */

struct memtable *memtable_enter(IMAPITable *This)
{
    struct memtable *table = (struct memtable *)(void *)This;
    return lifeline_enter(table->life) == S_OK ? table : NULL;
}

HRESULT memtable_refusal(IMAPITable *This)
{
    return lifeline_refusal(((struct memtable *)(void *)This)->life);
}

HRESULT memtable_leave(struct memtable *table, HRESULT hr)
{
    lifeline_leave(table->life);
    return hr;
}

HRESULT memtable_check_flags(ULONG flags, ULONG known)
{
    if ((flags & ~known) != 0)
        return fail(MAPI_E_UNKNOWN_FLAGS, "A table method was given a flag that it does not know (0x%08lX).",
                    (unsigned long)(flags & ~known));
    return S_OK;
}

HRESULT memtable_missing(const char *what)
{
    return fail(MAPI_E_INVALID_PARAMETER, "A table method needs %s.", what);
}

/* ---- columns ---- */

static SPropTagArray *copy_tags(const SPropTagArray *tags, ULONG room)
{
    SPropTagArray *copy = malloc(CbNewSPropTagArray((size_t)tags->cValues + room + 1));
    if (copy == NULL)
        return NULL;
    memcpy(copy, tags, CbNewSPropTagArray((size_t)tags->cValues));
    return copy;
}

static bool has_tag_id(const SPropTagArray *tags, ULONG tag)
{
    for (ULONG i = 0; i < tags->cValues; i++)
        if (PROP_ID(tags->aulPropTag[i]) == PROP_ID(tag))
            return true;
    return false;
}

/* The available columns with those of a row added: a new array, or the old one when there is nothing new; NULL: no
 * memory. */
static SPropTagArray *available_with(SPropTagArray *available, ULONG count, const SPropValue *row)
{
    ULONG added = 0;
    for (ULONG i = 0; i < count; i++)
        added += PROP_TYPE(row[i].ulPropTag) != PT_ERROR && !has_tag_id(available, row[i].ulPropTag);
    if (added == 0)
        return available;
    SPropTagArray *all = copy_tags(available, added);
    for (ULONG i = 0; all != NULL && i < count; i++)
        if (PROP_TYPE(row[i].ulPropTag) != PT_ERROR && !has_tag_id(all, row[i].ulPropTag))
            all->aulPropTag[all->cValues++] = row[i].ulPropTag;
    return all;
}

static HRESULT set_columns(struct memtable *table, const SPropTagArray *tags, ULONG flags)
{
    HRESULT hr = memtable_check_flags(flags, TBL_ASYNC | TBL_BATCH);
    if (hr != S_OK)
        return hr;
    if (tags == NULL || tags->cValues == 0)
        return memtable_missing("at least one column");
    SPropTagArray *columns = copy_tags(tags, 0);
    if (columns == NULL)
        return memtable_no_memory();
    free(table->columns);
    table->columns = columns;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE table_set_columns(IMAPITable *This, LPSPropTagArray tags, ULONG flags)
{
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, set_columns(table, tags, flags));
}

static HRESULT query_columns(struct memtable *table, ULONG flags, SPropTagArray **out)
{
    HRESULT hr = memtable_check_flags(flags, TBL_ALL_COLUMNS);
    if (hr != S_OK)
        return hr;
    if (out == NULL)
        return memtable_missing("a place for its result");
    const SPropTagArray *tags = flags & TBL_ALL_COLUMNS ? table->available : table->columns;
    void *copy;
    hr = MAPIAllocateBuffer((ULONG)CbNewSPropTagArray((size_t)tags->cValues + 1), &copy);
    if (hr != S_OK)
        return hr;
    memcpy(copy, tags, CbSPropTagArray(tags));
    *out = copy;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE table_query_columns(IMAPITable *This, ULONG flags, LPSPropTagArray *out)
{
    if (out != NULL)
        *out = NULL;
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, query_columns(table, flags, out));
}

/* ---- what a table in memory has no use for ---- */

static HRESULT unsupported(IMAPITable *This, HRESULT hr, const char *sentence)
{
    struct memtable *table = memtable_enter(This);
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, fail(hr, "%s", sentence));
}

static HRESULT STDMETHODCALLTYPE table_get_last_error(IMAPITable *This, HRESULT hr, ULONG flags, LPMAPIERROR *out)
{
    if (out != NULL)
        *out = NULL;
    struct memtable *table = memtable_enter(This);
    if (table == NULL)
        return memtable_refusal(This);
    HRESULT answer =
        out == NULL ? memtable_missing("a place for its result") : memtable_check_flags(flags, MAPI_UNICODE);
    if (answer == S_OK)
        answer = failure_describe(hr, flags, "Table", out);
    return memtable_leave(table, answer);
}

static HRESULT STDMETHODCALLTYPE table_advise(IMAPITable *This, ULONG mask, LPMAPIADVISESINK sink,
                                              ULONG_PTR *connection)
{
    (void)mask;
    (void)sink;
    if (connection != NULL)
        *connection = 0;
    return unsupported(This, MAPI_E_NO_SUPPORT, "This table is a snapshot and sends no notifications.");
}

static HRESULT STDMETHODCALLTYPE table_unadvise(IMAPITable *This, ULONG_PTR connection)
{
    (void)connection;
    return unsupported(This, MAPI_E_NO_SUPPORT, "This table is a snapshot and sends no notifications.");
}

static HRESULT STDMETHODCALLTYPE table_get_status(IMAPITable *This, ULONG *status, ULONG *type)
{
    struct memtable *table = memtable_enter(This);
    if (table == NULL)
        return memtable_refusal(This);
    if (status == NULL || type == NULL)
        return memtable_leave(table, memtable_missing("two places for its results"));
    *status = TBLSTAT_COMPLETE;
    *type = TBLTYPE_SNAPSHOT;
    return memtable_leave(table, S_OK);
}

static HRESULT STDMETHODCALLTYPE table_abort(IMAPITable *This)
{
    struct memtable *table = memtable_enter(This); /* nothing ever runs that could be aborted */
    return table == NULL ? memtable_refusal(This) : memtable_leave(table, S_OK);
}

static HRESULT STDMETHODCALLTYPE table_wait(IMAPITable *This, ULONG flags, ULONG timeout, ULONG *status)
{
    (void)timeout;
    struct memtable *table = memtable_enter(This);
    if (table == NULL)
        return memtable_refusal(This);
    HRESULT hr = memtable_check_flags(flags, 0);
    if (hr == S_OK && status != NULL)
        *status = TBLSTAT_COMPLETE;
    return memtable_leave(table, hr);
}

static HRESULT STDMETHODCALLTYPE table_expand_row(IMAPITable *This, ULONG key_size, LPBYTE key, ULONG count,
                                                  ULONG flags, LPSRowSet *rows, ULONG *more)
{
    (void)key_size;
    (void)key;
    (void)count;
    (void)flags;
    if (rows != NULL)
        *rows = NULL;
    if (more != NULL)
        *more = 0;
    return unsupported(This, MAPI_E_NOT_FOUND, "The table has no categories that could be expanded.");
}

static HRESULT STDMETHODCALLTYPE table_collapse_row(IMAPITable *This, ULONG key_size, LPBYTE key, ULONG flags,
                                                    ULONG *count)
{
    (void)key_size;
    (void)key;
    (void)flags;
    if (count != NULL)
        *count = 0;
    return unsupported(This, MAPI_E_NOT_FOUND, "The table has no categories that could be collapsed.");
}

static HRESULT STDMETHODCALLTYPE table_get_collapse_state(IMAPITable *This, ULONG flags, ULONG key_size, LPBYTE key,
                                                          ULONG *size, LPBYTE *state)
{
    (void)flags;
    (void)key_size;
    (void)key;
    if (size != NULL)
        *size = 0;
    if (state != NULL)
        *state = NULL;
    return unsupported(This, MAPI_E_NO_SUPPORT, "The table has no categories.");
}

static HRESULT STDMETHODCALLTYPE table_set_collapse_state(IMAPITable *This, ULONG flags, ULONG size, LPBYTE state,
                                                          BOOKMARK *location)
{
    (void)flags;
    (void)size;
    (void)state;
    if (location != NULL)
        *location = 0;
    return unsupported(This, MAPI_E_NO_SUPPORT, "The table has no categories.");
}

/* ---- the object ---- */

OBJECT_IUNKNOWN(table, IMAPITable)

static const IMAPITableVtbl table_vtbl = {
    .QueryInterface = table_query_interface,
    .AddRef = table_addref,
    .Release = table_release,
    .GetLastError = table_get_last_error,
    .Advise = table_advise,
    .Unadvise = table_unadvise,
    .GetStatus = table_get_status,
    .SetColumns = table_set_columns,
    .QueryColumns = table_query_columns,
    .GetRowCount = memtable_get_row_count,
    .SeekRow = memtable_seek_row,
    .SeekRowApprox = memtable_seek_row_approx,
    .QueryPosition = memtable_query_position,
    .FindRow = memtable_find_row,
    .Restrict = memtable_restrict,
    .CreateBookmark = memtable_create_bookmark,
    .FreeBookmark = memtable_free_bookmark,
    .SortTable = memtable_sort_table,
    .QuerySortOrder = memtable_query_sort_order,
    .QueryRows = memtable_query_rows,
    .Abort = table_abort,
    .ExpandRow = table_expand_row,
    .CollapseRow = table_collapse_row,
    .WaitForCompletion = table_wait,
    .GetCollapseState = table_get_collapse_state,
    .SetCollapseState = table_set_collapse_state,
};

static void free_parts(struct memtable *table)
{
    memrows_free(&table->rows);
    free(table->columns);
    free(table->available);
    free(table->restriction);
    free(table->order);
    free(table->view);
    free(table->bookmarks);
    lifeline_unref(table->life);
    free(table);
}

static void destroy(struct object *self)
{
    object_retire(self);
    free_parts((struct memtable *)(void *)self);
}

static struct lifeline *life_of(struct object *self)
{
    return ((struct memtable *)(void *)self)->life;
}

static const GUID *const table_iids[] = {&IID_IMAPITable, NULL};
static const struct object_type table_type = {
    .kind = OBJECT_TABLE, .iids = table_iids, .destroy = destroy, .lifeline = life_of};

HRESULT memtable_create(struct lifeline *life, const SPropTagArray *columns, struct memtable **out)
{
    if (out == NULL)
        return memtable_missing("a place for the new table");
    *out = NULL;
    if (columns == NULL)
        return memtable_missing("columns");
    struct memtable *table = calloc(1, sizeof *table);
    if (table == NULL)
        return memtable_no_memory();
    table->life = life != NULL ? lifeline_ref(life) : lifeline_create();
    table->columns = copy_tags(columns, 0);
    table->available = copy_tags(columns, 1);
    if (table->available != NULL &&
        !has_tag_id(columns, PR_INSTANCE_KEY)) /* every row has one (imapitable-findrow.md) */
        table->available->aulPropTag[table->available->cValues++] = PR_INSTANCE_KEY;
    table->next_bookmark = FIRST_BOOKMARK;
    HRESULT hr = memrows_view(&table->rows, NULL, NULL, &table->view, &table->view_count);
    if (table->life == NULL || table->columns == NULL || table->available == NULL || hr != S_OK) {
        free_parts(table);
        return memtable_no_memory();
    }
    object_init(&table->object, &table_type, &table_vtbl);
    *out = table;
    return S_OK;
}

static HRESULT append(struct memtable *table, ULONG count, const SPropValue *row)
{
    for (ULONG i = 0; i < count; i++)
        if (prop_value_check(&row[i]) != S_OK)
            return fail(MAPI_E_INVALID_PARAMETER, "Property 0x%08lX of a table row is malformed.",
                        (unsigned long)row[i].ulPropTag);
    if (table->view_count >= table->view_room) {
        size_t room = table->view_room < 8 ? 8 : table->view_room * 2;
        size_t *view = realloc(table->view, room * sizeof *view);
        if (view == NULL)
            return memtable_no_memory();
        table->view = view;
        table->view_room = room;
    }
    SPropTagArray *available = available_with(table->available, count, row);
    if (available == NULL)
        return memtable_no_memory();
    HRESULT hr = memrows_append(&table->rows, count, row);
    if (hr != S_OK) {
        if (available != table->available)
            free(available);
        return hr;
    }
    if (available != table->available)
        free(table->available);
    table->available = available;
    table->view[table->view_count++] = table->rows.count - 1;
    return S_OK;
}

HRESULT memtable_append(struct memtable *table, ULONG count, const SPropValue *row)
{
    if (table == NULL || (count > 0 && row == NULL))
        return memtable_missing("a row");
    HRESULT hr = lifeline_enter(table->life);
    return hr == S_OK ? memtable_leave(table, append(table, count, row)) : hr;
}

void memtable_refuse_bookmarks(struct memtable *table)
{
    table->no_bookmarks = true;
}

IMAPITable *memtable_as_table(struct memtable *table)
{
    return (IMAPITable *)(void *)table;
}

void memtable_release(struct memtable *table)
{
    if (table != NULL)
        object_release(&table->object);
}
