/* IMapiTableSpan of a contents table: what a loop over it says in advance (declared in contents.h). */
#include <stddef.h>

#include "store/contents.h"

static struct contents *table_of(IMapiTableSpan *This)
{
    return (struct contents *)(void *)((char *)This - offsetof(struct contents, span));
}

static HRESULT STDMETHODCALLTYPE span_query_interface(IMapiTableSpan *This, REFIID iid, void **out)
{
    return object_query(&table_of(This)->object, iid, out);
}

static ULONG STDMETHODCALLTYPE span_addref(IMapiTableSpan *This)
{
    return object_addref(&table_of(This)->object);
}

static ULONG STDMETHODCALLTYPE span_release(IMapiTableSpan *This)
{
    return object_release(&table_of(This)->object);
}

/* Ids only grow and are never given out twice, so the highest so far tells old rows from new ones. */
static HRESULT newest_id(struct store *store, int64_t *id)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT coalesce(max(id), 0) FROM message", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *id = sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, "The messages of the folder could not be read.");
    database_done(statement);
    return hr;
}

static HRESULT STDMETHODCALLTYPE span_keep_to_present_rows(IMapiTableSpan *This)
{
    struct contents *table = table_of(This);
    HRESULT hr = store_enter(table->store);

    if (FAILED(hr))
        return hr;
    hr = newest_id(table->store, &table->newest);
    contents_drop_ahead(table);
    store_leave(table->store);
    return hr;
}

static HRESULT STDMETHODCALLTYPE span_expect_rows(IMapiTableSpan *This, ULONG count)
{
    struct contents *table = table_of(This);
    HRESULT hr = store_enter(table->store);

    if (FAILED(hr))
        return hr;
    table->expected = count;
    store_leave(table->store);
    return S_OK;
}

const IMapiTableSpanVtbl contents_span_vtbl = {
    span_query_interface, span_addref, span_release, span_keep_to_present_rows, span_expect_rows,
};

HRESULT contents_query(struct object *object, REFIID iid, void **out)
{
    struct contents *table = (struct contents *)(void *)object;

    if (!IsEqualGUID(iid, &IID_IMapiTableSpan))
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    object_addref(object);
    *out = &table->span;
    return S_OK;
}
