/* mapi.folder: a folder of a store (IMAPIFolder). What iterates over it is in rows.c, import in import.c, files of mail in mailbox.c. */
#include "folder.h"

#include <string.h>

#include <mapiguid.h>
#include <mapitags.h>

#include "access.h"
#include "args.h"
#include "failure.h"
#include "types.h"

/* Pushes the store that the folder at argument 1 was opened through; raises when it has been closed. Where there is
 * none (a folder opened by session:open_entry), pushes the session. */
static struct lm_object *push_parent(lua_State *L)
{
    lua_getiuservalue(L, 1, LM_PARENT);
    return (struct lm_object *)lua_touserdata(L, -1);
}

/* --- where it is ------------------------------------------------------------------------------------------------ */

static int folder_name(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_prop_push(L, self, PR_DISPLAY_NAME_W, 0);

    return FAILED(hr) ? lm_fail(L, "folder:name", hr) : 1;
}

static bool same_bytes(lua_State *L, int one, int other)
{
    return lua_rawequal(L, one, other) != 0;
}

static int folder_parent(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    size_t length;
    const char *id;
    HRESULT hr = lm_push_binary_prop(L, self, PR_ENTRYID);

    if (SUCCEEDED(hr)) {
        hr = lm_push_binary_prop(L, self, PR_PARENT_ENTRYID);
    }
    if (FAILED(hr)) {
        return lm_fail(L, "folder:parent", hr);
    }
    if (same_bytes(L, -1, -2)) {
        /* The root folder is its own parent [pidtagparententryid-canonical-property.md]. */
        return lm_fail_text(L, "folder:parent", MAPI_E_NOT_FOUND, "the root folder has no parent");
    }
    id = lua_tolstring(L, -1, &length);
    hr = lm_open_entry(L, self, 1, id, length, MAPI_FOLDER);
    return FAILED(hr) ? lm_fail(L, "folder:parent", hr) : 1;
}

/* Pushes a folder's name as a part of a path. */
static void push_escaped(lua_State *L, const char *name)
{
    luaL_Buffer part;

    luaL_buffinit(L, &part);
    for (; *name != '\0'; name++) {
        if (*name == '/' || *name == '\\') {
            luaL_addchar(&part, '\\');
        }
        luaL_addchar(&part, *name);
    }
    luaL_pushresult(&part);
}

enum { PATH_DEPTH = 1000 };

/* One step up from the folder at stack index `at`, prefixing its name to the path at `path`: its parent replaces it.
 * S_FALSE: it is the subtree itself, whose entry id is at `subtree`. MAPI_E_NOT_FOUND: it is the root, and the
 * subtree was not met. */
static HRESULT climb_one(lua_State *L, int subtree, int path, int at)
{
    struct lm_object *folder = (struct lm_object *)lua_touserdata(L, at);
    size_t length;
    const char *id;
    HRESULT hr = lm_push_binary_prop(L, folder, PR_ENTRYID);

    if (FAILED(hr)) {
        return hr;
    }
    if (same_bytes(L, at + 1, subtree)) {
        return S_FALSE;
    }
    hr = lm_push_binary_prop(L, folder, PR_PARENT_ENTRYID);
    if (SUCCEEDED(hr) && same_bytes(L, at + 1, at + 2)) {
        hr = MAPI_E_NOT_FOUND;
    }
    if (SUCCEEDED(hr)) {
        hr = lm_prop_push(L, folder, PR_DISPLAY_NAME_W, 0);
    }
    if (FAILED(hr)) {
        return hr;
    }
    push_escaped(L, lua_tostring(L, -1));
    if (lua_rawlen(L, path) > 0) {
        lua_pushfstring(L, "%s/%s", lua_tostring(L, -1), lua_tostring(L, path));
    }
    lua_replace(L, path);
    id = lua_tolstring(L, at + 2, &length);
    return lm_open_entry(L, folder, at, id, length, MAPI_FOLDER);
}

/* Goes up from the folder at argument 1, whose copy is on the top of the stack, until the subtree. */
static HRESULT climb(lua_State *L, int subtree, int path)
{
    int at = lua_gettop(L);
    HRESULT hr = S_OK;

    for (int depth = 0; hr == S_OK && depth < PATH_DEPTH; depth++) {
        hr = climb_one(L, subtree, path, at);
        if (depth > 0) {
            lm_end((struct lm_object *)lua_touserdata(L, at), LM_COLLECTED); /* one that was opened on the way */
        }
        if (hr == S_OK) {
            lua_replace(L, at);
            lua_settop(L, at);
        }
    }
    return hr == S_OK ? MAPI_E_TOO_COMPLEX : hr == S_FALSE ? S_OK : hr;
}

static int folder_path(lua_State *L)
{
    struct lm_object *self = lm_self(L), *store;
    HRESULT hr;

    lua_settop(L, 1);
    store = push_parent(L);
    if (store == NULL || store->type != &lm_store_type) {
        return lm_fail_text(L, "folder:path", MAPI_E_NO_SUPPORT, "this folder was not opened through a store");
    }
    hr = lm_push_binary_prop(L, store, PR_IPM_SUBTREE_ENTRYID);
    if (SUCCEEDED(hr)) {
        lua_pushliteral(L, "");
        lua_pushvalue(L, 1);
        lm_still_open(L, self);
        hr = climb(L, 3, 4);
    }
    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, "folder:path", hr, "the folder is not below the folders that users see");
    }
    if (FAILED(hr)) {
        return lm_fail(L, "folder:path", hr);
    }
    lua_pushvalue(L, 4);
    return 1;
}

static int push_long(lua_State *L, ULONG tag, const char *operation)
{
    LONG value;
    HRESULT hr = lm_long_prop(L, lm_self(L), tag, &value);

    if (FAILED(hr)) {
        return lm_fail(L, operation, hr);
    }
    lua_pushinteger(L, value);
    return 1;
}

static int folder_count(lua_State *L)
{
    return push_long(L, PR_CONTENT_COUNT, "folder:count");
}

static int folder_unread(lua_State *L)
{
    return push_long(L, PR_CONTENT_UNREAD, "folder:unread");
}

/* --- folders ---------------------------------------------------------------------------------------------------- */

/* The option `type` at a stack index. */
static ULONG check_folder_type(lua_State *L, int index)
{
    const char *text = lua_isnil(L, index) ? "generic" : lm_check_text_at(L, index, 3, "option 'type'", NULL);

    if (strcmp(text, "generic") != 0 && strcmp(text, "search") != 0) {
        luaL_argerror(L, 3, lua_pushfstring(L, "option 'type': 'generic' or 'search' expected, got '%s'", text));
    }
    return text[0] == 's' ? FOLDER_SEARCH : FOLDER_GENERIC;
}

static int folder_create(lua_State *L)
{
    static const struct lm_option options[] = {
        {"open_if_exists", LM_BOOLEAN}, {"comment", LM_TEXT}, {"type", LM_TEXT}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L), *made;
    WCHAR *name, *comment = NULL;
    int first;
    ULONG flags, type;
    IMAPIFolder *native, *folder = NULL;
    HRESULT hr;

    lua_settop(L, 3);
    name = lm_check_wide(L, 2, NULL);
    first = lm_options(L, 3, options);
    flags = MAPI_UNICODE | (lm_option_flag(L, first, false) ? OPEN_IF_EXISTS : 0);
    if (!lua_isnil(L, first + 1)) {
        comment = lm_check_wide_at(L, first + 1, 3, "option 'comment'", NULL);
    }
    type = check_folder_type(L, first + 2);
    push_parent(L);
    made = lm_new(L, &lm_folder_type, lua_gettop(L), 0);
    native = LM_FOLDER(L, self);
    hr = native->lpVtbl->CreateFolder(native, type, (LPTSTR)name, (LPTSTR)comment, NULL, flags, &folder);
    if (FAILED(hr)) {
        return lm_fail(L, "folder:create", hr);
    }
    lm_open(made, (IUnknown *)folder);
    return 1;
}

static int folder_delete(lua_State *L)
{
    static const struct lm_option options[] = {{"recursive", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L), *parent;
    bool recursive = lm_option_flag(L, lm_options(L, 2, options), false);
    IMAPIFolder *native;
    size_t parent_length, length;
    const char *parent_id, *id;
    HRESULT hr = lm_push_binary_prop(L, self, PR_ENTRYID);

    if (SUCCEEDED(hr)) {
        hr = lm_push_binary_prop(L, self, PR_PARENT_ENTRYID);
    }
    if (SUCCEEDED(hr)) {
        id = lua_tolstring(L, -2, &length);
        parent_id = lua_tolstring(L, -1, &parent_length);
        if (same_bytes(L, -1, -2)) {
            return lm_fail_text(L, "folder:delete", MAPI_E_NO_ACCESS, "the root folder cannot be deleted");
        }
        hr = lm_open_entry(L, self, 1, parent_id, parent_length, MAPI_FOLDER);
        if (SUCCEEDED(hr)) {
            parent = (struct lm_object *)lua_touserdata(L, -1);
            native = LM_FOLDER(L, parent);
            hr = native->lpVtbl->DeleteFolder(native, (ULONG)length, (ENTRYID *)(uintptr_t)id, 0, NULL,
                                              recursive ? DEL_MESSAGES | DEL_FOLDERS : 0);
            lm_end(parent, LM_COLLECTED);
        }
    }
    if (hr == MAPI_E_HAS_FOLDERS || hr == MAPI_E_HAS_MESSAGES) {
        return lm_fail_text(L, "folder:delete", hr,
                            hr == MAPI_E_HAS_FOLDERS ? "the folder has folders; recursive = true deletes all below it"
                                                     : "the folder has messages; recursive = true deletes all in it");
    }
    return lm_result(L, "folder:delete", hr);
}

static int folder_rename(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    WCHAR *name = lm_check_wide(L, 2, NULL);
    SPropValue value = {.ulPropTag = PR_DISPLAY_NAME_W};
    SPropProblemArray *problems = NULL;
    IMAPIFolder *native = LM_FOLDER(L, self);
    HRESULT hr;

    value.Value.lpszW = name;
    hr = native->lpVtbl->SetProps(native, 1, &value, &problems);
    if (SUCCEEDED(hr) && problems != NULL && problems->cProblem > 0) {
        hr = problems->aProblem[0].scode;
    }
    MAPIFreeBuffer(problems);
    return lm_result(L, "folder:rename", hr);
}

/* --- messages --------------------------------------------------------------------------------------------------- */

/* Reads the entry ids at argument 2 and leaves what keeps them on the stack. */
static HRESULT read_ids(lua_State *L, ENTRYLIST *list)
{
    lua_settop(L, 3);
    lua_newtable(L);
    return lm_check_entry_list(L, 2, 2, &lm_message_type, lua_gettop(L), list);
}

static int copy_or_move(lua_State *L, ULONG flags, const char *operation)
{
    struct lm_object *self = lm_self(L), *target = lm_check(L, 3, &lm_folder_type);
    IMAPIFolder *native, *to;
    ENTRYLIST list;
    HRESULT hr = read_ids(L, &list);

    if (SUCCEEDED(hr) && list.cValues > 0) {
        native = LM_FOLDER(L, self);
        to = LM_FOLDER(L, target);
        hr = native->lpVtbl->CopyMessages(native, &list, &IID_IMAPIFolder, to, 0, NULL, flags);
    }
    return lm_result(L, operation, hr);
}

static int folder_copy_messages(lua_State *L)
{
    return copy_or_move(L, 0, "folder:copy_messages");
}

static int folder_move_messages(lua_State *L)
{
    return copy_or_move(L, MESSAGE_MOVE, "folder:move_messages");
}

static int folder_delete_messages(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IMAPIFolder *native;
    ENTRYLIST list;
    HRESULT hr = read_ids(L, &list);

    if (SUCCEEDED(hr) && list.cValues > 0) {
        native = LM_FOLDER(L, self);
        hr = native->lpVtbl->DeleteMessages(native, &list, 0, NULL, DELETE_HARD_DELETE);
    }
    return lm_result(L, "folder:delete_messages", hr);
}

static int folder_set_read(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IMAPIFolder *native;
    ENTRYLIST list;
    HRESULT hr;

    luaL_checktype(L, 3, LUA_TBOOLEAN);
    hr = read_ids(L, &list);
    /* imapifolder-setreadflags.md: no list would mean every message of the folder. */
    if (SUCCEEDED(hr) && list.cValues > 0) {
        native = LM_FOLDER(L, self);
        hr = native->lpVtbl->SetReadFlags(native, &list, 0, NULL, lua_toboolean(L, 3) ? 0 : CLEAR_READ_FLAG);
    }
    return lm_result(L, "folder:set_read", hr);
}

HRESULT lm_folder_create_message(lua_State *L, struct lm_object *self, ULONG flags, struct lm_object **message)
{
    int base = lua_gettop(L);
    IMAPIFolder *native;
    IMessage *made = NULL;
    HRESULT hr;

    push_parent(L);
    *message = lm_new(L, &lm_message_type, base + 1, 0);
    native = LM_FOLDER(L, self);
    hr = native->lpVtbl->CreateMessage(native, NULL, flags, &made);
    if (FAILED(hr)) {
        lua_settop(L, base);
        return hr;
    }
    lm_open(*message, (IUnknown *)made);
    lua_replace(L, base + 1);
    return hr;
}

static int folder_new_message(lua_State *L)
{
    static const struct lm_option options[] = {{"associated", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L), *message;
    bool associated;
    int failed;
    HRESULT hr;

    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
    }
    lua_settop(L, 3);
    associated = lm_option_flag(L, lm_options(L, 3, options), false);
    lua_settop(L, 2);
    hr = lm_folder_create_message(L, self, associated ? MAPI_ASSOCIATED : 0, &message);
    if (FAILED(hr)) {
        return lm_fail(L, "folder:new_message", hr);
    }
    if (lua_istable(L, 2)) {
        failed = lm_set_table(L, message, 2, 2, "folder:new_message");
        if (failed != 0) {
            lm_end(message, LM_EXPLICIT); /* it was never saved: nothing is left of it */
            return failed;
        }
    }
    lua_settop(L, 3);
    return 1;
}

/* ---------------------------------------------------------------------------------------------------------------- */

static bool folder_describe(struct lm_object *self, char *text, size_t size)
{
    return lm_describe_prop(self, PR_DISPLAY_NAME_W, text, size);
}

static const luaL_Reg folder_methods[] = {
    {"folders", lm_folder_folders},
    {"rows", lm_folder_rows},
    {"messages", lm_folder_messages},
    {"table", lm_folder_table},
    {"hierarchy_table", lm_folder_hierarchy_table},
    {"name", folder_name},
    {"path", folder_path},
    {"entryid", lm_entryid},
    {"parent", folder_parent},
    {"count", folder_count},
    {"unread", folder_unread},
    {"get", lm_get},
    {"set", lm_set},
    {"props", lm_props},
    {"delete_props", lm_delete_props},
    {"create", folder_create},
    {"set_search_criteria", lm_folder_set_search_criteria},
    {"get_search_criteria", lm_folder_get_search_criteria},
    {"delete", folder_delete},
    {"rename", folder_rename},
    {"copy", lm_folder_copy},
    {"move", lm_folder_move},
    {"empty", lm_folder_empty},
    {"copy_messages", folder_copy_messages},
    {"move_messages", folder_move_messages},
    {"delete_messages", folder_delete_messages},
    {"set_read", folder_set_read},
    {"new_message", folder_new_message},
    {"import", lm_folder_import},
    {"import_mbox", lm_folder_import_mbox},
    {"import_maildir", lm_folder_import_maildir},
    {"export_mbox", lm_folder_export_mbox},
    {"export_maildir", lm_folder_export_maildir},
    {NULL, NULL},
};

const struct lm_type lm_folder_type = {
    .name = "folder",
    .size = sizeof(struct lm_object),
    .weight = 512,
    .methods = folder_methods,
    .describe = folder_describe,
};
