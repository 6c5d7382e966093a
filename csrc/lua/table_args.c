/* Columns and sort orders. */
#include "table_args.h"

#include <string.h>

#include <mapisub.h>
#include <mapitags.h>

#include "args.h"

const char *const lm_message_columns[] = {
    "subject",   "sender_name",   "display_to", "message_delivery_time", "message_size", "message_flags",
    "hasattach", "message_class", NULL};

const char *const lm_folder_columns[] = {"display_name",   "depth",       "subfolders",      "content_count",
                                         "content_unread", "folder_type", "container_class", NULL};

/* Another MAPI's tables may show rows that the loop makes: there is no documented way to ask. Nor is there one to say how many
 * rows will be read. */
HRESULT lm_announce_loop(IMAPITable *table, lua_Integer limit)
{
    IMapiTableSpan *span = NULL;
    HRESULT hr;

    if (FAILED(table->lpVtbl->QueryInterface(table, &IID_IMapiTableSpan, (void **)&span))) {
        return S_OK;
    }
    hr = span->lpVtbl->KeepToPresentRows(span);
    if (SUCCEEDED(hr) && limit > 0) {
        hr = span->lpVtbl->ExpectRows(span, limit > INT32_MAX ? INT32_MAX : (ULONG)limit);
    }
    span->lpVtbl->Release(span);
    return hr;
}

enum {
    MOST_COLUMNS = 240, /* the keys are upvalues of folder:rows' next function, 255 at most */
    MOST_SORTS = 16     /* what a store takes */
};

/* --- sort ------------------------------------------------------------------------------------------------------- */

static HRESULT read_sort(lua_State *L, struct lm_object *self, int index, int arg, int anchor, SSortOrder *out,
                         bool *known)
{
    struct lm_prop prop;
    size_t length;
    const char *text;
    HRESULT hr;

    out->ulOrder = TABLE_SORT_ASCEND;
    if (lua_type(L, index) == LUA_TSTRING && (text = lua_tolstring(L, index, &length))[0] == '-') {
        out->ulOrder = TABLE_SORT_DESCEND;
        lua_pushlstring(L, text + 1, length - 1);
    } else {
        lua_pushvalue(L, index);
    }
    lm_prop_parse(L, lua_gettop(L), arg, anchor, &prop);
    lua_pop(L, 1);
    hr = lm_prop_identify(L, self, &prop, 0);
    *known = SUCCEEDED(hr);
    out->ulPropTag = prop.tag;
    return hr == MAPI_E_NOT_FOUND ? S_OK : hr;
}

HRESULT lm_sort_read(lua_State *L, struct lm_object *self, int index, int arg, int anchor, SSortOrderSet **out)
{
    bool array = lua_type(L, index) == LUA_TTABLE, known;
    lua_Unsigned count = array ? lua_rawlen(L, index) : 1;
    SSortOrderSet *set;

    *out = NULL;
    if (lua_isnoneornil(L, index)) {
        return S_OK;
    }
    luaL_argcheck(L, count >= 1 && count <= MOST_SORTS, arg, "sort: a property or an array of at most 16 expected");
    set = lm_scratch(L, anchor, CbNewSSortOrderSet(count));
    memset(set, 0, CbNewSSortOrderSet(count));
    for (lua_Unsigned i = 1; i <= count; i++) {
        HRESULT hr;
        if (array) {
            lua_rawgeti(L, index, (lua_Integer)i);
        } else {
            lua_pushvalue(L, index);
        }
        hr = read_sort(L, self, lua_gettop(L), arg, anchor, &set->aSort[set->cSorts], &known);
        lua_pop(L, 1);
        if (FAILED(hr)) {
            return hr;
        }
        set->cSorts += known ? 1 : 0; /* rows do not differ in what no message has */
    }
    if (set->cSorts > 0) {
        *out = set;
    }
    return S_OK;
}

/* --- columns ---------------------------------------------------------------------------------------------------- */

static HRESULT add_column(lua_State *L, struct lm_object *self, int keys, int arg, int anchor, SPropTagArray *tags)
{
    struct lm_prop prop;
    HRESULT hr;

    lm_prop_parse(L, lua_gettop(L), arg, anchor, &prop);
    hr = lm_prop_identify(L, self, &prop, 0);
    if (FAILED(hr) && hr != MAPI_E_NOT_FOUND) {
        return hr;
    }
    tags->aulPropTag[tags->cValues++] = SUCCEEDED(hr) ? prop.tag : PR_NULL;
    lua_rawseti(L, keys, (lua_Integer)tags->cValues);
    return S_OK;
}

HRESULT lm_columns_read(lua_State *L, struct lm_object *self, int index, int arg, int anchor,
                        const char *const *defaults, SPropTagArray **out)
{
    lua_Unsigned count = 0;
    SPropTagArray *tags;
    int keys;
    HRESULT hr = S_OK;

    if (!lua_isnoneornil(L, index)) {
        luaL_argcheck(L, lua_type(L, index) == LUA_TTABLE, arg, "columns: an array of property names expected");
        count = lm_check_array(L, index, arg, "columns: an array of property names expected");
        luaL_argcheck(L, count <= MOST_COLUMNS, arg, "columns: too many, there can be 240");
        defaults = NULL;
    } else {
        while (defaults[count] != NULL) {
            count++;
        }
    }
    luaL_checkstack(L, 8, NULL);
    tags = lm_scratch(L, anchor, CbNewSPropTagArray(count + 1));
    lua_createtable(L, (int)count + 1, 0);
    keys = lua_gettop(L);
    tags->cValues = 1;
    tags->aulPropTag[0] = PR_ENTRYID;
    lua_pushstring(L, "entryid");
    lua_rawseti(L, keys, 1);
    for (lua_Unsigned i = 1; i <= count && SUCCEEDED(hr); i++) {
        if (defaults != NULL) {
            lua_pushstring(L, defaults[i - 1]);
        } else {
            lua_rawgeti(L, index, (lua_Integer)i);
        }
        hr = add_column(L, self, keys, arg, anchor, tags);
    }
    lua_settop(L, keys);
    *out = tags;
    return hr;
}
