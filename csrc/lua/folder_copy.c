/* folder:copy, :move and :empty. */
#include "folder.h"

#include <mapiguid.h>
#include <mapitags.h>

#include "args.h"
#include "types.h"

/* Copying is a matter of the folder that the folder at argument 1 is in, which is opened for it. */
static HRESULT copy_folder(lua_State *L, struct lm_object *self, struct lm_object *target, const WCHAR *name,
                           ULONG flags)
{
    struct lm_object *parent;
    IMAPIFolder *native, *to;
    size_t parent_length, length;
    const char *parent_id, *id;
    HRESULT hr = lm_push_binary_prop(L, self, PR_ENTRYID);

    if (SUCCEEDED(hr)) {
        hr = lm_push_binary_prop(L, self, PR_PARENT_ENTRYID);
    }
    if (FAILED(hr)) {
        return hr;
    }
    id = lua_tolstring(L, -2, &length);
    parent_id = lua_tolstring(L, -1, &parent_length);
    if (lua_rawequal(L, -1, -2)) {
        return MAPI_E_NO_ACCESS; /* the root folder is its own parent */
    }
    hr = lm_open_entry(L, self, 1, parent_id, parent_length, MAPI_FOLDER);
    if (FAILED(hr)) {
        return hr;
    }
    parent = (struct lm_object *)lua_touserdata(L, -1);
    native = LM_FOLDER(L, parent);
    to = LM_FOLDER(L, target);
    hr = native->lpVtbl->CopyFolder(native, (ULONG)length, (ENTRYID *)(uintptr_t)id, &IID_IMAPIFolder, to,
                                    (LPTSTR)(uintptr_t)name, 0, NULL, flags | MAPI_UNICODE);
    lm_end(parent, LM_COLLECTED);
    return hr;
}

/* copy(folder [, { name = text, recursive = bool }]): into the folder, with what is below it unless told otherwise. */
int lm_folder_copy(lua_State *L)
{
    static const struct lm_option options[] = {{"name", LM_TEXT}, {"recursive", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L), *target = lm_check(L, 2, &lm_folder_type);
    WCHAR *name = NULL;
    int first;

    lua_settop(L, 3);
    first = lm_options(L, 3, options);
    if (!lua_isnil(L, first)) {
        name = lm_check_wide_at(L, first, 3, "option 'name'", NULL);
    }
    return lm_result(L, "folder:copy",
                     copy_folder(L, self, target, name, lm_option_flag(L, first + 1, true) ? COPY_SUBFOLDERS : 0));
}

/* move(folder [, { name = text }]): into the folder, with what is below it. */
int lm_folder_move(lua_State *L)
{
    static const struct lm_option options[] = {{"name", LM_TEXT}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L), *target = lm_check(L, 2, &lm_folder_type);
    WCHAR *name = NULL;
    int first;

    lua_settop(L, 3);
    first = lm_options(L, 3, options);
    if (!lua_isnil(L, first)) {
        name = lm_check_wide_at(L, first, 3, "option 'name'", NULL);
    }
    return lm_result(L, "folder:move", copy_folder(L, self, target, name, FOLDER_MOVE));
}

/* empty([{ associated = bool }]): messages and folders in it, and the hidden messages too if told so. For good. */
int lm_folder_empty(lua_State *L)
{
    static const struct lm_option options[] = {{"associated", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L);
    bool associated = lm_option_flag(L, lm_options(L, 2, options), false);
    IMAPIFolder *native = LM_FOLDER(L, self);

    return lm_result(
        L, "folder:empty",
        native->lpVtbl->EmptyFolder(native, 0, NULL, DELETE_HARD_DELETE | (associated ? DEL_ASSOCIATED : 0)));
}
