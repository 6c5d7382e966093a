/* IMAPITable over a folder's messages (contents-tables.md). How it works is in contents.h. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/contents.h"
#include "store/entryid.h"
#include "store/folder.h"

/* The most columns and rows of one call: both far beyond what clients ask for, and QueryRows may always return fewer.
 */
enum { COLUMNS_MAX = 4096, ROWS_MAX = 65536 };

static struct contents *of(IMAPITable *This)
{
    return (struct contents *)(void *)This;
}

OBJECT_IUNKNOWN(contents, IMAPITable)

/* Most methods have one shape: enter, do, leave. */
#define TABLE_CALL(expression)                                                                                         \
    struct contents *table = of(This);                                                                                 \
    HRESULT hr = store_enter(table->store);                                                                            \
                                                                                                                       \
    if (FAILED(hr))                                                                                                    \
        return hr;                                                                                                     \
    hr = (expression);                                                                                                 \
    store_leave(table->store);                                                                                         \
    return hr

static HRESULT last_error(HRESULT result, ULONG flags, LPMAPIERROR *error)
{
    if (error == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~MAPI_UNICODE) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    return failure_describe(result, flags, "message store", error);
}

static HRESULT STDMETHODCALLTYPE contents_get_last_error(IMAPITable *This, HRESULT result, ULONG flags,
                                                         LPMAPIERROR *error)
{
    if (error != NULL)
        *error = NULL;
    TABLE_CALL(last_error(result, flags, error));
}

static HRESULT STDMETHODCALLTYPE contents_advise_method(IMAPITable *This, ULONG mask, LPMAPIADVISESINK sink,
                                                        ULONG_PTR *connection)
{
    if (connection != NULL)
        *connection = 0;
    TABLE_CALL(contents_advise(table, mask, sink, connection));
}

static HRESULT STDMETHODCALLTYPE contents_unadvise(IMAPITable *This, ULONG_PTR connection)
{
    TABLE_CALL(table_unadvise(table->store, &table->listening, connection));
}

/* Nothing is ever asynchronous here: each call has done its work when it returns. */
static HRESULT get_status(const struct contents *table, ULONG *status, ULONG *type)
{
    if (status == NULL || type == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *status = TBLSTAT_COMPLETE;
    *type = table->order == ORDER_BY_LIST ? TBLTYPE_KEYSET : TBLTYPE_DYNAMIC;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE contents_get_status(IMAPITable *This, ULONG *status, ULONG *type)
{
    TABLE_CALL(get_status(table, status, type));
}

static HRESULT check_batch_flags(ULONG flags)
{
    return (flags & ~(TBL_ASYNC | TBL_BATCH)) != 0 ? MAPI_E_UNKNOWN_FLAGS : S_OK;
}

static HRESULT set_columns(struct contents *table, const SPropTagArray *tags, ULONG flags)
{
    HRESULT hr = check_batch_flags(flags);

    if (FAILED(hr))
        return hr;
    if (tags == NULL || tags->cValues == 0 || tags->cValues > COLUMNS_MAX)
        return MAPI_E_INVALID_PARAMETER;
    return contents_set_columns(table, tags);
}

static HRESULT STDMETHODCALLTYPE contents_set_columns_method(IMAPITable *This, LPSPropTagArray tags, ULONG flags)
{
    TABLE_CALL(set_columns(table, tags, flags));
}

/* The columns every contents table has (contents-tables.md), and those that lists of mail show. The last one is of the
 * tables of search folders (pidtagparentdisplay-canonical-property.md). */
static const ULONG standard_columns[] = {
    PR_ENTRYID,
    PR_INSTANCE_KEY,
    PR_RECORD_KEY,
    PR_OBJECT_TYPE,
    PR_PARENT_ENTRYID,
    PR_STORE_ENTRYID,
    PR_STORE_RECORD_KEY,
    PR_MAPPING_SIGNATURE,
    PR_MESSAGE_CLASS_W,
    PR_MESSAGE_FLAGS,
    PR_MSG_STATUS,
    PR_MESSAGE_SIZE,
    PR_HASATTACH,
    PR_SUBJECT_W,
    PR_NORMALIZED_SUBJECT_W,
    PR_SENDER_NAME_W,
    PR_SENT_REPRESENTING_NAME_W,
    PR_DISPLAY_TO_W,
    PR_DISPLAY_CC_W,
    PR_DISPLAY_BCC_W,
    PR_MESSAGE_DELIVERY_TIME,
    PR_CLIENT_SUBMIT_TIME,
    PR_CREATION_TIME,
    PR_LAST_MODIFICATION_TIME,
    PR_IMPORTANCE,
    PR_SEARCH_KEY,
    PR_INTERNET_MESSAGE_ID_W,
    PR_PARENT_DISPLAY_W,
};

enum { STANDARD_COUNT = sizeof standard_columns / sizeof standard_columns[0] };

static ULONG standard_count(const struct contents *table)
{
    return table->source == OF_SEARCH ? STANDARD_COUNT : STANDARD_COUNT - 1;
}

static ULONG in_width(ULONG tag, bool wide)
{
    return PROP_TYPE(tag) == PT_UNICODE && !wide ? CHANGE_PROP_TYPE(tag, PT_STRING8) : tag;
}

/* The current columns, or with TBL_ALL_COLUMNS these and the standard ones, each once. */
static HRESULT query_columns(const struct contents *table, ULONG flags, LPSPropTagArray *out)
{
    bool all = (flags & TBL_ALL_COLUMNS) != 0;
    const SPropTagArray *columns = table->columns;
    LPSPropTagArray tags = NULL;
    HRESULT hr;
    ULONG i;
    ULONG j;

    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~TBL_ALL_COLUMNS) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = MAPIAllocateBuffer((ULONG)CbNewSPropTagArray(columns->cValues + STANDARD_COUNT), (void **)&tags);
    if (FAILED(hr))
        return hr;
    memcpy(tags, columns, CbSPropTagArray(columns));
    for (i = 0; all && i < standard_count(table); i++) {
        for (j = 0; j < columns->cValues; j++)
            if (PROP_ID(columns->aulPropTag[j]) == PROP_ID(standard_columns[i]))
                break;
        if (j == columns->cValues)
            tags->aulPropTag[tags->cValues++] = in_width(standard_columns[i], table->wide);
    }
    *out = tags;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE contents_query_columns(IMAPITable *This, ULONG flags, LPSPropTagArray *out)
{
    if (out != NULL)
        *out = NULL;
    TABLE_CALL(query_columns(table, flags, out));
}

static HRESULT get_row_count(struct contents *table, ULONG flags, ULONG *count)
{
    int64_t rows;
    HRESULT hr;

    if (count == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *count = 0;
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = contents_count(table, &rows);
    if (SUCCEEDED(hr))
        *count = contents_clamp(rows);
    return hr;
}

static HRESULT STDMETHODCALLTYPE contents_get_row_count(IMAPITable *This, ULONG flags, ULONG *count)
{
    TABLE_CALL(get_row_count(table, flags, count));
}

static HRESULT STDMETHODCALLTYPE contents_seek_row(IMAPITable *This, BOOKMARK origin, LONG rows, LONG *sought)
{
    if (sought != NULL)
        *sought = 0;
    TABLE_CALL(contents_move_row(table, origin, rows, sought));
}

static HRESULT STDMETHODCALLTYPE contents_seek_row_approx(IMAPITable *This, ULONG numerator, ULONG denominator)
{
    TABLE_CALL(contents_move_approx(table, numerator, denominator));
}

static HRESULT STDMETHODCALLTYPE contents_query_position(IMAPITable *This, ULONG *row, ULONG *numerator,
                                                         ULONG *denominator)
{
    TABLE_CALL(contents_query_place(table, row, numerator, denominator));
}

static HRESULT STDMETHODCALLTYPE contents_find_row(IMAPITable *This, LPSRestriction restriction, BOOKMARK origin,
                                                   ULONG flags)
{
    TABLE_CALL(contents_find(table, restriction, origin, flags));
}

/* After a new restriction or order: bookmarks mean nothing any more, and the table starts again. */
static void start_again(struct contents *table)
{
    free(table->bookmarks);
    table->bookmarks = NULL;
    table->bookmark_count = 0;
    free(table->list);
    table->list = NULL;
    table->list_count = 0;
    table->list_built = false;
    groups_free(table->groups);
    table->groups = NULL;
    contents_select(table);
    contents_restart(table);
}

static HRESULT restrict_rows(struct contents *table, const SRestriction *restriction, ULONG flags)
{
    struct filter filter;
    LPSRestriction copy;
    HRESULT hr = check_batch_flags(flags);

    if (SUCCEEDED(hr))
        hr = restriction_keep(restriction, &copy);
    if (FAILED(hr))
        return hr;
    hr = contents_filter(table->store, copy, &filter);
    if (FAILED(hr)) {
        free(copy);
        return hr;
    }
    filter_clear(&table->filter);
    free(table->restriction);
    table->filter = filter;
    table->restriction = copy;
    start_again(table);
    contents_events_restricted(table);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE contents_restrict(IMAPITable *This, LPSRestriction restriction, ULONG flags)
{
    TABLE_CALL(restrict_rows(table, restriction, flags));
}

static HRESULT STDMETHODCALLTYPE contents_create_bookmark(IMAPITable *This, BOOKMARK *out)
{
    TABLE_CALL(contents_mark(table, out));
}

static HRESULT STDMETHODCALLTYPE contents_free_bookmark(IMAPITable *This, BOOKMARK bookmark)
{
    TABLE_CALL(contents_unmark(table, bookmark));
}

#define KNOWN_ORDERS (TABLE_SORT_DESCEND | TABLE_SORT_COMBINE | TABLE_SORT_CATEG_MAX | TABLE_SORT_CATEG_MIN)

static HRESULT check_sort(const SSortOrderSet *order)
{
    ULONG i;

    if (order == NULL || order->cCategories > order->cSorts || order->cExpanded > order->cCategories)
        return MAPI_E_INVALID_PARAMETER;
    if (order->cSorts > 16)
        return fail(MAPI_E_TOO_COMPLEX, "A table can be sorted by at most 16 columns.");
    for (i = 0; i < order->cSorts; i++) {
        ULONG tag = order->aSort[i].ulPropTag;

        if ((PROP_TYPE(tag) & MVI_FLAG) != 0 || (PROP_TYPE(tag) != PT_UNSPECIFIED && !prop_type_is_storable(tag)))
            return fail(MAPI_E_TOO_COMPLEX, "A table cannot be sorted by a property of that type.");
        if ((order->aSort[i].ulOrder & ~KNOWN_ORDERS) != 0)
            return fail(MAPI_E_TOO_COMPLEX, "A table can be sorted up or down, and by categories, only.");
    }
    return contents_check_categories(order);
}

static HRESULT sort_table(struct contents *table, const SSortOrderSet *order, ULONG flags)
{
    LPSSortOrderSet copy = NULL;
    HRESULT hr = check_batch_flags(flags);

    if (SUCCEEDED(hr))
        hr = check_sort(order);
    if (FAILED(hr))
        return hr;
    if (order->cSorts > 0) {
        copy = malloc(CbSSortOrderSet(order));
        if (copy == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        memcpy(copy, order, CbSSortOrderSet(order));
    }
    free(table->sort);
    table->sort = copy;
    table->order = copy == NULL ? ORDER_BY_ID : ORDER_BY_LIST;
    table->descending = false;
    if (copy != NULL && copy->cSorts == 1 && copy->cCategories == 0 &&
        PROP_ID(copy->aSort[0].ulPropTag) == PROP_ID(PR_MESSAGE_DELIVERY_TIME)) {
        table->order = ORDER_BY_DATE;
        table->descending = copy->aSort[0].ulOrder == TABLE_SORT_DESCEND;
    }
    start_again(table);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE contents_sort_table(IMAPITable *This, LPSSortOrderSet order, ULONG flags)
{
    TABLE_CALL(sort_table(table, order, flags));
}

static HRESULT query_sort_order(const struct contents *table, LPSSortOrderSet *out)
{
    size_t size = table->sort == NULL ? CbNewSSortOrderSet(1) : CbSSortOrderSet(table->sort);
    HRESULT hr;

    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    hr = MAPIAllocateBuffer((ULONG)size, (void **)out);
    if (FAILED(hr))
        return hr;
    if (table->sort == NULL)
        memset(*out, 0, size);
    else
        memcpy(*out, table->sort, size);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE contents_query_sort_order(IMAPITable *This, LPSSortOrderSet *out)
{
    if (out != NULL)
        *out = NULL;
    TABLE_CALL(query_sort_order(table, out));
}

static void free_rows(LPSRowSet rows)
{
    ULONG i;

    for (i = 0; i < rows->cRows; i++)
        MAPIFreeBuffer(rows->aRow[i].lpProps);
    MAPIFreeBuffer(rows);
}

/* Takes up to `wanted` rows into a row set that grows as rows come. */
static HRESULT take_rows(struct contents *table, size_t wanted, LPSRowSet *out)
{
    LPSRowSet rows = NULL;
    size_t capacity = 0;
    HRESULT hr;

    do {
        struct ahead row;
        size_t part;

        hr = contents_fill(table, wanted);
        part = table->ahead_count < wanted ? table->ahead_count : wanted;
        if (SUCCEEDED(hr) && (rows == NULL || rows->cRows + part > capacity)) {
            LPSRowSet larger = NULL;

            capacity = rows == NULL ? part : 2 * capacity + part;
            hr = MAPIAllocateBuffer((ULONG)CbNewSRowSet(capacity == 0 ? 1 : capacity), (void **)&larger);
            if (SUCCEEDED(hr)) {
                larger->cRows = rows == NULL ? 0 : rows->cRows;
                if (rows != NULL)
                    memcpy(larger->aRow, rows->aRow, rows->cRows * sizeof rows->aRow[0]);
                MAPIFreeBuffer(rows);
                rows = larger;
            }
        }
        if (FAILED(hr) || part == 0)
            break;
        for (; part > 0 && contents_take(table, &row); part--, wanted--) {
            SRow *to = &rows->aRow[rows->cRows++];

            to->ulAdrEntryPad = 0;
            to->cValues = table->columns->cValues;
            to->lpProps = row.values;
        }
    } while (wanted > 0 && (table->ahead_count > 0 || !table->ahead_last));
    if (FAILED(hr)) {
        if (rows != NULL)
            free_rows(rows);
        return hr;
    }
    *out = rows;
    return S_OK;
}

/* imapitable-queryrows.md: a negative count steps back first. Where reading fails, or the caller wants to stay, the
 * place is what it was. */
static HRESULT query_rows(struct contents *table, LONG count, ULONG flags, LPSRowSet *out)
{
    struct cursor before = table->cursor;
    int64_t position = table->position;
    size_t wanted = count < 0 ? (size_t)(-(int64_t)count) : (size_t)count;
    HRESULT hr = S_OK;

    if (out == NULL || count == 0)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~TBL_NOADVANCE) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (count < 0) {
        int64_t here;

        hr = contents_position(table, &here);
        if (SUCCEEDED(hr) && (int64_t)wanted > here)
            wanted = (size_t)here;
        if (SUCCEEDED(hr))
            hr = contents_seek(table, here - (int64_t)wanted);
    }
    if (SUCCEEDED(hr))
        hr = take_rows(table, wanted > ROWS_MAX ? ROWS_MAX : wanted, out);
    if (FAILED(hr) || (flags & TBL_NOADVANCE) != 0) {
        contents_go_to(table, &before);
        table->position = position;
    }
    return hr;
}

static HRESULT STDMETHODCALLTYPE contents_query_rows(IMAPITable *This, LONG count, ULONG flags, LPSRowSet *out)
{
    if (out != NULL)
        *out = NULL;
    TABLE_CALL(query_rows(table, count, flags, out));
}

static HRESULT STDMETHODCALLTYPE contents_abort(IMAPITable *This)
{
    TABLE_CALL(S_OK);
}

/* imapitable-expandrow.md: the rows handed out are the first of those that have come; the cursor is behind them. */
static HRESULT expand_row(struct contents *table, ULONG size, const BYTE *key, ULONG count, ULONG flags, LPSRowSet *out,
                          ULONG *more)
{
    struct cursor behind;
    ULONG come = 0;
    HRESULT hr;

    if (more == NULL || (count > 0 && out == NULL))
        return MAPI_E_INVALID_PARAMETER;
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = contents_expand(table, size, key, &come);
    if (FAILED(hr))
        return hr;
    *more = come;
    if (out == NULL)
        return S_OK;
    behind = table->cursor;
    count = count < come ? count : come;
    count = count < ROWS_MAX ? count : ROWS_MAX;
    hr = count > 0 ? take_rows(table, count, out) : MAPIAllocateBuffer((ULONG)CbNewSRowSet(1), (void **)out);
    if (SUCCEEDED(hr) && count == 0)
        (*out)->cRows = 0;
    if (FAILED(hr))
        contents_go_to(table, &behind);
    return hr;
}

static HRESULT STDMETHODCALLTYPE contents_expand_row(IMAPITable *This, ULONG key_size, LPBYTE key, ULONG rows,
                                                     ULONG flags, LPSRowSet *out, ULONG *more)
{
    if (out != NULL)
        *out = NULL;
    if (more != NULL)
        *more = 0;
    TABLE_CALL(expand_row(table, key_size, key, rows, flags, out, more));
}

static HRESULT collapse_row(struct contents *table, ULONG size, const BYTE *key, ULONG flags, ULONG *rows)
{
    if (rows == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *rows = 0;
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    return contents_collapse(table, size, key, rows);
}

static HRESULT STDMETHODCALLTYPE contents_collapse_row(IMAPITable *This, ULONG key_size, LPBYTE key, ULONG flags,
                                                       ULONG *rows)
{
    TABLE_CALL(collapse_row(table, key_size, key, flags, rows));
}

static HRESULT wait_for_completion(ULONG flags, ULONG *status)
{
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (status != NULL)
        *status = TBLSTAT_COMPLETE;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE contents_wait_for_completion(IMAPITable *This, ULONG flags, ULONG milliseconds,
                                                              ULONG *status)
{
    (void)milliseconds;
    TABLE_CALL(wait_for_completion(flags, status));
}

static HRESULT STDMETHODCALLTYPE contents_get_collapse_state(IMAPITable *This, ULONG flags, ULONG key_size, LPBYTE key,
                                                             ULONG *size, LPBYTE *state)
{
    if (state != NULL)
        *state = NULL;
    TABLE_CALL(flags != 0 ? MAPI_E_UNKNOWN_FLAGS : contents_get_state(table, key_size, key, size, state));
}

static HRESULT STDMETHODCALLTYPE contents_set_collapse_state(IMAPITable *This, ULONG flags, ULONG size, LPBYTE state,
                                                             BOOKMARK *location)
{
    TABLE_CALL(flags != 0 ? MAPI_E_UNKNOWN_FLAGS : contents_set_state(table, size, state, location));
}

static const IMAPITableVtbl contents_vtbl = {
    contents_query_interface,
    contents_addref,
    contents_release,
    contents_get_last_error,
    contents_advise_method,
    contents_unadvise,
    contents_get_status,
    contents_set_columns_method,
    contents_query_columns,
    contents_get_row_count,
    contents_seek_row,
    contents_seek_row_approx,
    contents_query_position,
    contents_find_row,
    contents_restrict,
    contents_create_bookmark,
    contents_free_bookmark,
    contents_sort_table,
    contents_query_sort_order,
    contents_query_rows,
    contents_abort,
    contents_expand_row,
    contents_collapse_row,
    contents_wait_for_completion,
    contents_get_collapse_state,
    contents_set_collapse_state,
};

static void free_memory(struct contents *table)
{
    contents_drop_ahead(table);
    free(table->ahead);
    free(table->columns);
    free(table->outputs);
    free(table->sort);
    filter_clear(&table->filter);
    free(table->restriction);
    free(table->list);
    groups_free(table->groups);
    free(table->bookmarks);
    free(table->skipped);
    free(table);
}

static void contents_destroy(struct object *object)
{
    struct contents *table = (struct contents *)(void *)object;
    struct store *store = table->store;

    table_events_forget(store, &table->listening);
    object_retire(object);
    free_memory(table);
    store_detach(store);
}

static struct lifeline *contents_lifeline(struct object *object)
{
    return ((struct contents *)(void *)object)->store->life;
}

static const GUID *const contents_iids[] = {&IID_IMAPITable, NULL};
static const struct object_type contents_type = {OBJECT_TABLE, contents_iids, contents_destroy, contents_lifeline,
                                                 contents_query};

/* A search folder has no associated messages, whoever looks for them. */
static enum contents_source source_of(const struct folder *folder, bool associated)
{
    return folder->kind == FOLDER_SEARCH && !associated ? OF_SEARCH : OF_FOLDER;
}

HRESULT contents_table_create(struct folder *folder, bool associated, ULONG flags, LPMAPITABLE *out)
{
    union {
        SPropTagArray tags;
        ULONG room[1 + STANDARD_COUNT];
    } columns;
    struct contents *table = calloc(1, sizeof *table);
    struct store *store = folder->host.store;
    HRESULT hr;
    ULONG i;

    if (table == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    table->store = store;
    table->source = source_of(folder, associated);
    table->folder = folder->host.place.row;
    table->associated = associated;
    table->newest = NEWEST_ANY;
    table->filter.exact = true;
    table->span.lpVtbl = &contents_span_vtbl;
    table->wide = (flags & MAPI_UNICODE) != 0;
    object_entryid_make(&store->uid, MAPI_FOLDER, table->folder, table->folder_id);
    columns.room[0] = standard_count(table);
    for (i = 0; i < standard_count(table); i++)
        columns.room[1 + i] = in_width(standard_columns[i], table->wide);
    hr = contents_set_columns(table, &columns.tags);
    if (FAILED(hr)) {
        free_memory(table);
        return hr;
    }
    contents_restart(table);
    object_init(&table->object, &contents_type, &contents_vtbl);
    store_attach(store);
    *out = (LPMAPITABLE)(void *)table;
    return S_OK;
}
