/* Iterators over small tables. Rows are fetched one at a time, so that nothing native is held between two steps. */
#include "listing.h"

#include "args.h"
#include "failure.h"
#include "mail.h"
#include "table_args.h"
#include "types.h"
#include "value.h"

#include <mapiutil.h>

static struct lm_listing *listing_of(struct lm_object *object)
{
    return (struct lm_listing *)object;
}

struct lm_listing *lm_listing_new(lua_State *L, int parent, const char *operation, const struct lm_column *columns,
                                  ULONG count)
{
    struct lm_listing *self = listing_of(lm_new(L, &lm_listing_type, parent, 0));

    self->operation = operation;
    self->columns = columns;
    self->count = count;
    return self;
}

static void push_row(lua_State *L, const struct lm_listing *self, const SRow *row)
{
    ULONG i;

    lua_createtable(L, 0, (int)self->count);
    for (i = 0; i < self->count && i < row->cValues; i++) {
        lm_value_push(L, &row->lpProps[i], 0);
        lua_setfield(L, -2, self->columns[i].name);
    }
}

static int listing_next(lua_State *L)
{
    struct lm_listing *self = listing_of(lm_self(L));
    void **box;
    IMAPITable *table;
    const SRowSet *rows;
    HRESULT hr;

    lua_settop(L, 1);
    box = lm_box_rows(L);
    table = (IMAPITable *)lm_native(L, &self->object);
    hr = table->lpVtbl->QueryRows(table, 1, 0, (LPSRowSet *)box);
    if (FAILED(hr)) {
        return lm_raise(L, self->operation, hr);
    }
    rows = (const SRowSet *)*box;
    if (rows->cRows == 0) {
        lm_end(&self->object, LM_EXPLICIT);
        lua_pushnil(L);
        return 1;
    }
    push_row(L, self, &rows->aRow[0]);
    return 1;
}

int lm_listing_start(lua_State *L, struct lm_listing *self, IMAPITable *table)
{
    SizedSPropTagArray(LM_LISTING_COLUMNS, tags);
    HRESULT hr;
    ULONG i;

    lm_open(&self->object, (IUnknown *)table);
    tags.cValues = self->count;
    for (i = 0; i < self->count; i++) {
        tags.aulPropTag[i] = self->columns[i].tag;
    }
    hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)&tags, 0);
    if (SUCCEEDED(hr)) {
        hr = lm_announce_loop(table, -1);
    }
    if (FAILED(hr)) {
        lm_end(&self->object, LM_EXPLICIT);
        return lm_raise(L, self->operation, hr);
    }
    return lm_iterate(L, listing_next);
}

static const luaL_Reg listing_methods[] = {{NULL, NULL}};

const struct lm_type lm_listing_type = {
    .name = "listing",
    .size = sizeof(struct lm_listing),
    .weight = 4096,
    .methods = listing_methods,
};
