/* mapi.store: a message store (IMsgStore). */
#include <mapiguid.h>
#include <mapitags.h>

#include "access.h"
#include "args.h"
#include "failure.h"
#include "notify.h"
#include "store_mail.h"
#include "types.h"

/* Opens the entry whose id is the string on the top of the stack; the result replaces it. */
static HRESULT open_top(lua_State *L, struct lm_object *self, ULONG kind)
{
    size_t length;
    const char *id = lua_tolstring(L, -1, &length);
    HRESULT hr = lm_open_entry(L, self, 1, id, length, kind);

    if (SUCCEEDED(hr)) {
        lua_replace(L, -2);
    }
    return hr;
}

static int open_special(lua_State *L, ULONG tag, const char *operation)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_push_binary_prop(L, self, tag);

    if (SUCCEEDED(hr)) {
        hr = open_top(L, self, MAPI_FOLDER);
    }
    return FAILED(hr) ? lm_fail(L, operation, hr) : 1;
}

/* imsgstore-openentry.md: no entry id means the root folder. */
static int store_root(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_open_entry(L, self, 1, NULL, 0, MAPI_FOLDER);

    return FAILED(hr) ? lm_fail(L, "store:root", hr) : 1;
}

/* The Inbox is no property of the store but where messages of no particular class go [imsgstore-getreceivefolder.md].
 */
static int store_inbox(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    void **id = lm_box_buffer(L), **class = lm_box_buffer(L);
    IMsgStore *native = LM_STORE(L, self);
    ULONG length = 0;
    HRESULT hr = native->lpVtbl->GetReceiveFolder(native, NULL, MAPI_UNICODE, &length, (ENTRYID **)id, (LPTSTR *)class);

    if (SUCCEEDED(hr)) {
        hr = lm_open_entry(L, self, 1, *id, length, MAPI_FOLDER);
    }
    return FAILED(hr) ? lm_fail(L, "store:inbox", hr) : 1;
}

static int store_outbox(lua_State *L)
{
    return open_special(L, PR_IPM_OUTBOX_ENTRYID, "store:outbox");
}

static int store_sent_items(lua_State *L)
{
    return open_special(L, PR_IPM_SENTMAIL_ENTRYID, "store:sent_items");
}

static int store_deleted_items(lua_State *L)
{
    return open_special(L, PR_IPM_WASTEBASKET_ENTRYID, "store:deleted_items");
}

static int store_search_root(lua_State *L)
{
    return open_special(L, PR_FINDER_ENTRYID, "store:search_root");
}

static int store_open(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    size_t length;
    const char *id = lm_check_binary(L, 2, &length);
    HRESULT hr;

    if (length == 0) {
        /* To MAPI that would be the root folder; to a script it is a mistake. */
        return lm_fail_text(L, "store:open", MAPI_E_INVALID_ENTRYID, "the entry id is empty");
    }
    hr = lm_open_entry(L, self, 1, id, length, 0);
    return FAILED(hr) ? lm_fail(L, "store:open", hr) : 1;
}

/* --- folder("Inbox/Work") --------------------------------------------------------------------------------------- */

/* Pushes the next part of a path, with \/ for a slash and \\ for a backslash undone, and answers where the rest
 * begins; NULL after the last. */
static const char *push_part(lua_State *L, const char *at, const char *end)
{
    luaL_Buffer part;

    luaL_buffinit(L, &part);
    for (; at < end && *at != '/'; at++) {
        if (*at == '\\' && at + 1 < end && (at[1] == '/' || at[1] == '\\')) {
            at++;
        }
        luaL_addchar(&part, *at);
    }
    luaL_pushresult(&part);
    return at < end ? at + 1 : NULL;
}

/* Finds the row of the child of that name in the hierarchy table. A folder's name may not differ from another's in case
 * only [imapifolder-createfolder.md: MAPI_E_COLLISION], so a name in another case is taken where there is no such.
 * Nothing of Lua is called. */
static HRESULT find_row(IMAPITable *table, WCHAR *name, SRowSet **rows)
{
    SPropTagArray columns = {1, {PR_ENTRYID}};
    SPropValue wanted = {.ulPropTag = PR_DISPLAY_NAME_W};
    SRestriction same = {.rt = RES_CONTENT};
    HRESULT hr;

    wanted.Value.lpszW = name;
    same.res.resContent.ulFuzzyLevel = FL_FULLSTRING;
    same.res.resContent.ulPropTag = PR_DISPLAY_NAME_W;
    same.res.resContent.lpProp = &wanted;
    hr = table->lpVtbl->SetColumns(table, &columns, 0);
    if (SUCCEEDED(hr)) {
        hr = table->lpVtbl->FindRow(table, &same, BOOKMARK_BEGINNING, 0);
    }
    if (hr == MAPI_E_NOT_FOUND) {
        same.res.resContent.ulFuzzyLevel = FL_FULLSTRING | FL_IGNORECASE;
        hr = table->lpVtbl->FindRow(table, &same, BOOKMARK_BEGINNING, 0);
    }
    if (SUCCEEDED(hr)) {
        hr = table->lpVtbl->QueryRows(table, 1, 0, rows);
    }
    if (FAILED(hr)) {
        return hr;
    }
    return *rows != NULL && (*rows)->cRows == 1 && PROP_TYPE((*rows)->aRow[0].lpProps[0].ulPropTag) == PT_BINARY
               ? S_OK
               : MAPI_E_NOT_FOUND;
}

/* Replaces the folder's entry id at stack index `id` by that of its child whose name is the string on the top of the
 * stack. */
static HRESULT descend(lua_State *L, struct lm_object *self, int id)
{
    int top = lua_gettop(L);
    WCHAR *name = lm_check_wide(L, top, NULL);
    void **folder = lm_box_unknown(L), **table = lm_box_unknown(L), **rows = lm_box_rows(L);
    IMsgStore *store = LM_STORE(L, self);
    IMAPIFolder *native;
    size_t length;
    const char *bytes = lua_tolstring(L, id, &length);
    ULONG kind = 0;
    HRESULT hr = store->lpVtbl->OpenEntry(store, (ULONG)length, (ENTRYID *)(uintptr_t)bytes, &IID_IMAPIFolder, 0, &kind,
                                          (IUnknown **)folder);

    if (SUCCEEDED(hr)) {
        native = (IMAPIFolder *)*folder;
        hr = native->lpVtbl->GetHierarchyTable(native, MAPI_UNICODE, (IMAPITable **)table);
    }
    if (SUCCEEDED(hr)) {
        hr = find_row((IMAPITable *)*table, name, (SRowSet **)rows);
    }
    if (SUCCEEDED(hr)) {
        const SBinary *found = &((const SRowSet *)*rows)->aRow[0].lpProps[0].Value.bin;
        lua_pushlstring(L, (const char *)found->lpb, found->cb);
        lua_replace(L, id);
    }
    lua_settop(L, top);
    return hr;
}

static int no_folder(lua_State *L, const char *path, const char *rest, int name)
{
    size_t before = (size_t)(rest - path);

    if (lua_rawlen(L, name) == 0) {
        lua_pushfstring(L, "a part of the path \"%s\" is empty; a slash in a name is written \\/", path);
    } else if (before > 0) {
        lua_pushlstring(L, path, before - 1);
        lua_pushfstring(L, "there is no folder \"%s\" in \"%s\"", lua_tostring(L, name), lua_tostring(L, -1));
    } else {
        lua_pushfstring(L, "there is no folder \"%s\"", lua_tostring(L, name));
    }
    return lm_fail_text(L, "store:folder", MAPI_E_NOT_FOUND, lua_tostring(L, -1));
}

static int store_folder(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    size_t length;
    const char *path = lm_check_text(L, 2, &length), *end = path + length, *at = length > 0 ? path : NULL;
    int id;
    HRESULT hr;

    lua_settop(L, 2);
    hr = lm_push_binary_prop(L, self, PR_IPM_SUBTREE_ENTRYID);
    id = lua_gettop(L);
    while (SUCCEEDED(hr) && at != NULL) {
        const char *next = push_part(L, at, end);
        hr = descend(L, self, id);
        if (hr == MAPI_E_NOT_FOUND) {
            return no_folder(L, path, at, lua_gettop(L));
        }
        lua_settop(L, id);
        at = next;
    }
    if (SUCCEEDED(hr)) {
        hr = open_top(L, self, MAPI_FOLDER);
    }
    return FAILED(hr) ? lm_fail(L, "store:folder", hr) : 1;
}

/* ---------------------------------------------------------------------------------------------------------------- */

static int store_name(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_prop_push(L, self, PR_DISPLAY_NAME_W, 0);

    return FAILED(hr) ? lm_fail(L, "store:name", hr) : 1;
}

/* The documented ending of a store: what is on its way is left for the next session [imsgstore-storelogoff.md]. */
static HRESULT store_end(struct lm_object *self, IUnknown *native, enum lm_ending how)
{
    IMsgStore *store = (IMsgStore *)native;
    ULONG flags = LOGOFF_NO_WAIT;
    HRESULT hr;

    lm_registrations_end(self, native);
    if (how != LM_EXPLICIT) {
        return S_OK;
    }
    hr = store->lpVtbl->StoreLogoff(store, &flags);
    /* The session may have ended first, in the core; then there is nothing left to log off from. */
    return hr == MAPI_E_INVALID_OBJECT || hr == MAPI_E_NO_SUPPORT ? S_OK : hr;
}

static HRESULT close_store(lua_State *L, struct lm_object *self)
{
    if (self->native != NULL) {
        lm_registrations_forget_source(L);
    }
    return lm_end(self, LM_EXPLICIT);
}

static int store_close(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);

    lm_forget();
    return lm_result(L, "store:close", close_store(L, self));
}

static int store_close_meta(lua_State *L)
{
    struct lm_object *self = lm_self_any(L);
    HRESULT hr = close_store(L, self);

    if (FAILED(hr)) {
        lm_warn(L, "store", "close", hr);
    }
    return 0;
}

static bool store_describe(struct lm_object *self, char *text, size_t size)
{
    return lm_describe_prop(self, PR_DISPLAY_NAME_W, text, size);
}

static const luaL_Reg store_methods[] = {
    {"root", store_root},
    {"inbox", store_inbox},
    {"outbox", store_outbox},
    {"sent_items", store_sent_items},
    {"deleted_items", store_deleted_items},
    {"search_root", store_search_root},
    {"folder", store_folder},
    {"open", store_open},
    {"advise", lm_store_advise},
    {"receive_folder", lm_store_receive_folder},
    {"set_receive_folder", lm_store_set_receive_folder},
    {"receive_folders", lm_store_receive_folders},
    {"abort_submit", lm_store_abort_submit},
    {"outgoing_queue", lm_store_outgoing_queue},
    {"set_lock_state", lm_store_set_lock_state},
    {"finished_msg", lm_store_finished_msg},
    {"get", lm_get},
    {"set", lm_set},
    {"props", lm_props},
    {"delete_props", lm_delete_props},
    {"entryid", lm_entryid},
    {"name", store_name},
    {"close", store_close},
    {NULL, NULL},
};

static const luaL_Reg store_metas[] = {{"__close", store_close_meta}, {NULL, NULL}};

const struct lm_type lm_store_type = {
    .name = "store",
    .size = sizeof(struct lm_object),
    .weight = 16384,
    .methods = store_methods,
    .metas = store_metas,
    .end = store_end,
    .describe = store_describe,
};
