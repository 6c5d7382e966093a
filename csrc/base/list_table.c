/* base/list_table.c - see base/list_table.h. The object, its columns and the slots that have little to say; the cursor
 * and what moves it are in list_table_view.c, the list in list_table_list.c. */
#include "base/list_table_private.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"

HRESULT list_table_no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the table.");
}

/* ---- methods begin and end ---- */

HRESULT list_table_enter(IMAPITable *This, struct list_table **out)
{
    struct list_table *table = (struct list_table *)(void *)This;
    struct list_source *source = table->source;
    *out = table;
    return source->class->enter != NULL ? source->class->enter(source) : lifeline_enter(source->life);
}

HRESULT list_table_leave(struct list_table *table, HRESULT hr)
{
    struct list_source *source = table->source;
    if (source->class->leave != NULL)
        source->class->leave(source);
    else
        lifeline_leave(source->life);
    return hr;
}

HRESULT list_table_check_flags(ULONG flags, ULONG known)
{
    if ((flags & ~known) != 0)
        return fail(MAPI_E_UNKNOWN_FLAGS, "A table method was given a flag that it does not know (0x%08lX).",
                    (unsigned long)(flags & ~known));
    return S_OK;
}

HRESULT list_table_missing(const char *what)
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

/* The tags with those of a row added: a new array, or the old one when there is nothing new; NULL: no memory. */
static SPropTagArray *tags_with(SPropTagArray *tags, const struct list_row *row)
{
    ULONG added = 0;
    for (ULONG i = 0; i < row->count; i++)
        added += PROP_TYPE(row->values[i].ulPropTag) != PT_ERROR && !has_tag_id(tags, row->values[i].ulPropTag);
    if (added == 0)
        return tags;
    SPropTagArray *all = copy_tags(tags, added);
    for (ULONG i = 0; all != NULL && i < row->count; i++)
        if (PROP_TYPE(row->values[i].ulPropTag) != PT_ERROR && !has_tag_id(all, row->values[i].ulPropTag))
            all->aulPropTag[all->cValues++] = row->values[i].ulPropTag;
    return all;
}

/* The columns the table was made with, PR_INSTANCE_KEY, which every row has (imapitable-findrow.md), and whatever occurs in
 * a row; malloc'd. */
static HRESULT available_columns(struct list_table *table, SPropTagArray **out)
{
    struct list_source *source = table->source;
    struct list_items all;
    HRESULT hr = list_table_make(table, NULL, NULL, &all);
    SPropTagArray *tags = hr == S_OK ? copy_tags(table->first, 1) : NULL;
    if (tags != NULL && !has_tag_id(tags, PR_INSTANCE_KEY))
        tags->aulPropTag[tags->cValues++] = PR_INSTANCE_KEY;
    for (size_t i = 0; hr == S_OK && tags != NULL && i < all.count; i++) {
        const struct list_row *row;
        hr = source->class->read(source, &all.items[i], &row);
        SPropTagArray *grown = hr == S_OK ? tags_with(tags, row) : tags;
        if (grown != tags)
            free(tags);
        tags = grown;
        if (hr == MAPI_E_NOT_FOUND)
            hr = S_OK;
    }
    list_items_free(&all);
    if (hr == S_OK && tags == NULL)
        hr = list_table_no_memory();
    if (hr != S_OK) {
        free(tags);
        tags = NULL;
    }
    *out = tags;
    return hr;
}

static HRESULT set_columns(struct list_table *table, const SPropTagArray *tags, ULONG flags)
{
    HRESULT hr = list_table_check_flags(flags, TBL_ASYNC | TBL_BATCH);
    if (hr != S_OK)
        return hr;
    if (tags == NULL || tags->cValues == 0)
        return list_table_missing("at least one column");
    SPropTagArray *columns = copy_tags(tags, 0);
    if (columns == NULL)
        return list_table_no_memory();
    free(table->columns);
    table->columns = columns;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE table_set_columns(IMAPITable *This, LPSPropTagArray tags, ULONG flags)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, set_columns(table, tags, flags));
}

static HRESULT query_columns(struct list_table *table, ULONG flags, SPropTagArray **out)
{
    HRESULT hr = list_table_check_flags(flags, TBL_ALL_COLUMNS);
    if (hr != S_OK)
        return hr;
    if (out == NULL)
        return list_table_missing("a place for its result");
    SPropTagArray *all = NULL;
    if (flags & TBL_ALL_COLUMNS)
        hr = available_columns(table, &all);
    if (hr != S_OK)
        return hr;
    const SPropTagArray *tags = all != NULL ? all : table->columns;
    void *copy;
    hr = MAPIAllocateBuffer((ULONG)CbNewSPropTagArray((size_t)tags->cValues + 1), &copy);
    if (hr == S_OK) {
        memcpy(copy, tags, CbSPropTagArray(tags));
        *out = copy;
    }
    free(all);
    return hr;
}

static HRESULT STDMETHODCALLTYPE table_query_columns(IMAPITable *This, ULONG flags, LPSPropTagArray *out)
{
    if (out != NULL)
        *out = NULL;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, query_columns(table, flags, out));
}

/* ---- what a list has no use for ---- */

static HRESULT unsupported(IMAPITable *This, HRESULT answer, const char *sentence)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, fail(answer, "%s", sentence));
}

static HRESULT STDMETHODCALLTYPE table_get_last_error(IMAPITable *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    if (out != NULL)
        *out = NULL;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    if (hr != S_OK)
        return hr;
    HRESULT answer =
        out == NULL ? list_table_missing("a place for its result") : list_table_check_flags(flags, MAPI_UNICODE);
    if (answer == S_OK)
        answer = failure_describe(result, flags, "Table", out);
    return list_table_leave(table, answer);
}

static const char no_advise[] = "This table sends no notifications.";

static HRESULT STDMETHODCALLTYPE table_advise(IMAPITable *This, ULONG mask, LPMAPIADVISESINK sink,
                                              ULONG_PTR *connection)
{
    if (connection != NULL)
        *connection = 0;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    if (hr != S_OK)
        return hr;
    struct list_source *source = table->source;
    return list_table_leave(table, source->class->advise != NULL ? source->class->advise(source, mask, sink, connection)
                                                                 : fail(MAPI_E_NO_SUPPORT, "%s", no_advise));
}

static HRESULT STDMETHODCALLTYPE table_unadvise(IMAPITable *This, ULONG_PTR connection)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    if (hr != S_OK)
        return hr;
    struct list_source *source = table->source;
    return list_table_leave(table, source->class->unadvise != NULL ? source->class->unadvise(source, connection)
                                                                   : fail(MAPI_E_NO_SUPPORT, "%s", no_advise));
}

static HRESULT STDMETHODCALLTYPE table_get_status(IMAPITable *This, ULONG *status, ULONG *type)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    if (hr != S_OK)
        return hr;
    if (status == NULL || type == NULL)
        return list_table_leave(table, list_table_missing("two places for its results"));
    *status = TBLSTAT_COMPLETE;
    *type = table->source->class->type;
    return list_table_leave(table, S_OK);
}

static HRESULT STDMETHODCALLTYPE table_abort(IMAPITable *This)
{
    struct list_table *table; /* nothing ever runs that could be aborted */
    HRESULT hr = list_table_enter(This, &table);
    return hr != S_OK ? hr : list_table_leave(table, S_OK);
}

static HRESULT STDMETHODCALLTYPE table_wait(IMAPITable *This, ULONG flags, ULONG timeout, ULONG *status)
{
    (void)timeout;
    struct list_table *table;
    HRESULT hr = list_table_enter(This, &table);
    if (hr != S_OK)
        return hr;
    hr = list_table_check_flags(flags, 0);
    if (hr == S_OK && status != NULL)
        *status = TBLSTAT_COMPLETE;
    return list_table_leave(table, hr);
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
    .GetRowCount = list_table_get_row_count,
    .SeekRow = list_table_seek_row,
    .SeekRowApprox = list_table_seek_row_approx,
    .QueryPosition = list_table_query_position,
    .FindRow = list_table_find_row,
    .Restrict = list_table_restrict,
    .CreateBookmark = list_table_create_bookmark,
    .FreeBookmark = list_table_free_bookmark,
    .SortTable = list_table_sort_table,
    .QuerySortOrder = list_table_query_sort_order,
    .QueryRows = list_table_query_rows,
    .Abort = table_abort,
    .ExpandRow = table_expand_row,
    .CollapseRow = table_collapse_row,
    .WaitForCompletion = table_wait,
    .GetCollapseState = table_get_collapse_state,
    .SetCollapseState = table_set_collapse_state,
};

static void free_parts(struct list_table *table)
{
    free(table->columns);
    free(table->first);
    free(table->restriction);
    free(table->order);
    list_items_free(&table->list);
    free(table->bookmarks);
    free(table);
}

/* Ending the source may be the last Release of what the table belonged to. */
static void destroy(struct object *self)
{
    struct list_table *table = (struct list_table *)(void *)self;
    struct list_source *source = table->source;
    object_retire(self);
    source->class->end(source);
    free_parts(table);
}

static struct lifeline *life_of(struct object *self)
{
    return ((struct list_table *)(void *)self)->source->life;
}

/* ---- IMapiTableSpan ---- */

static struct list_table *of_span(IMapiTableSpan *This)
{
    return (struct list_table *)(void *)((char *)This - offsetof(struct list_table, span));
}

static HRESULT STDMETHODCALLTYPE span_query_interface(IMapiTableSpan *This, REFIID iid, void **out)
{
    return object_query(&of_span(This)->object, iid, out);
}

static ULONG STDMETHODCALLTYPE span_addref(IMapiTableSpan *This)
{
    return object_addref(&of_span(This)->object);
}

static ULONG STDMETHODCALLTYPE span_release(IMapiTableSpan *This)
{
    return object_release(&of_span(This)->object);
}

static HRESULT STDMETHODCALLTYPE span_keep_to_present_rows(IMapiTableSpan *This)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(list_table_as_table(of_span(This)), &table);
    if (hr != S_OK)
        return hr;
    hr = list_table_refresh(table);
    table->kept = hr == S_OK;
    return list_table_leave(table, hr);
}

/* Rows are read one by one anyway. */
static HRESULT STDMETHODCALLTYPE span_expect_rows(IMapiTableSpan *This, ULONG count)
{
    struct list_table *table;
    HRESULT hr = list_table_enter(list_table_as_table(of_span(This)), &table);
    (void)count;
    return hr != S_OK ? hr : list_table_leave(table, S_OK);
}

static const IMapiTableSpanVtbl span_vtbl = {
    span_query_interface, span_addref, span_release, span_keep_to_present_rows, span_expect_rows,
};

static HRESULT query(struct object *self, REFIID iid, void **out)
{
    if (!IsEqualGUID(iid, &IID_IMapiTableSpan))
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    object_addref(self);
    *out = &((struct list_table *)(void *)self)->span;
    return S_OK;
}

/* ---- making one ---- */

static const GUID *const table_iids[] = {&IID_IMAPITable, NULL};
static const struct object_type table_type = {
    .kind = OBJECT_TABLE, .iids = table_iids, .destroy = destroy, .lifeline = life_of, .query = query};

HRESULT list_table_create(struct list_source *source, const SPropTagArray *columns, struct list_table **out)
{
    *out = NULL;
    struct list_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return list_table_no_memory();
    table->columns = copy_tags(columns, 0);
    table->first = copy_tags(columns, 0);
    if (table->columns == NULL || table->first == NULL) {
        free_parts(table);
        return list_table_no_memory();
    }
    table->span.lpVtbl = &span_vtbl;
    table->next_bookmark = FIRST_BOOKMARK;
    table->source = source;
    source->table = table;
    object_init(&table->object, &table_type, &table_vtbl);
    *out = table;
    return S_OK;
}

IMAPITable *list_table_as_table(struct list_table *table)
{
    return (IMAPITable *)(void *)table;
}

HRESULT list_table_read(struct list_table *table, const struct list_item *item, LPSPropValue *values)
{
    const struct list_row *row;
    *values = NULL;
    HRESULT hr = table->source->class->read(table->source, item, &row);
    return hr == S_OK ? list_row_read(row, table->columns, values) : hr;
}

ULONG list_table_width(const struct list_table *table)
{
    return table->columns->cValues;
}
