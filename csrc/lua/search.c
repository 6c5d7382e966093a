/* folder:set_search_criteria and folder:get_search_criteria (imapicontainer-setsearchcriteria.md,
 * imapicontainer-getsearchcriteria.md). */
#include "folder.h"

#include "args.h"
#include "failure.h"
#include "table_args.h"
#include "types.h"

enum { OPTION_WHERE, OPTION_FOLDERS, OPTION_RECURSIVE, OPTION_FOREGROUND, OPTION_STOP, OPTION_RESTART };

/* A flag for true, another for false; an absent option leaves things as they are. */
static ULONG either(lua_State *L, int index, ULONG yes, ULONG no)
{
    return lua_isnil(L, index) ? 0 : lua_toboolean(L, index) ? yes : no;
}

int lm_folder_set_search_criteria(lua_State *L)
{
    static const struct lm_option options[] = {{"where", LM_TABLE},
                                               {"folders", LM_ANY},
                                               {"recursive", LM_BOOLEAN},
                                               {"foreground", LM_BOOLEAN},
                                               {"stop", LM_BOOLEAN},
                                               {"restart", LM_BOOLEAN},
                                               {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L);
    int first, anchor;
    SRestriction *where;
    ENTRYLIST list, *folders = NULL;
    IMAPIFolder *native;
    ULONG flags;
    HRESULT hr;

    lua_settop(L, 2);
    first = lm_options(L, 2, options);
    lua_newtable(L);
    anchor = lua_gettop(L);
    hr = lm_where_read(L, self, first + OPTION_WHERE, 0, 2, anchor, &where);
    if (SUCCEEDED(hr) && !lua_isnil(L, first + OPTION_FOLDERS)) {
        hr = lm_check_entry_list(L, first + OPTION_FOLDERS, 2, &lm_folder_type, anchor, &list);
        folders = &list;
    }
    if (SUCCEEDED(hr)) { /* all is well-formed: now for a property that gets its first value some other day */
        hr = lm_where_read(L, self, first + OPTION_WHERE, MAPI_CREATE, 2, anchor, &where);
    }
    if (SUCCEEDED(hr)) {
        flags = either(L, first + OPTION_RECURSIVE, RECURSIVE_SEARCH, SHALLOW_SEARCH) |
                either(L, first + OPTION_FOREGROUND, FOREGROUND_SEARCH, BACKGROUND_SEARCH) |
                either(L, first + OPTION_STOP, STOP_SEARCH, 0) | either(L, first + OPTION_RESTART, RESTART_SEARCH, 0);
        native = LM_FOLDER(L, self);
        hr = native->lpVtbl->SetSearchCriteria(native, where, folders, flags);
    }
    return lm_result(L, "folder:set_search_criteria", hr);
}

static void set_flag(lua_State *L, const char *name, ULONG state, ULONG bit)
{
    lua_pushboolean(L, (state & bit) != 0);
    lua_setfield(L, -2, name);
}

int lm_folder_get_search_criteria(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    void **restriction = lm_box_buffer(L), **list = lm_box_buffer(L);
    IMAPIFolder *native = LM_FOLDER(L, self);
    const ENTRYLIST *folders;
    ULONG state = 0;
    HRESULT hr = native->lpVtbl->GetSearchCriteria(native, MAPI_UNICODE, (SRestriction **)restriction,
                                                   (ENTRYLIST **)list, &state);

    if (FAILED(hr)) {
        return lm_fail(L, "folder:get_search_criteria", hr);
    }
    lua_createtable(L, 0, 5);
    if (lm_where_push(L, (const SRestriction *)*restriction)) {
        lua_setfield(L, -2, "where");
    }
    folders = (const ENTRYLIST *)*list;
    lua_createtable(L, (int)folders->cValues, 0);
    for (ULONG i = 0; i < folders->cValues; i++) {
        lua_pushlstring(L, (const char *)folders->lpbin[i].lpb, folders->lpbin[i].cb);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "folders");
    set_flag(L, "running", state, SEARCH_RUNNING);
    set_flag(L, "recursive", state, SEARCH_RECURSIVE);
    set_flag(L, "foreground", state, SEARCH_FOREGROUND);
    return 1;
}
