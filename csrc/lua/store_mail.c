#include "store_mail.h"

#include <mapiguid.h>
#include <mapitags.h>

#include "args.h"
#include "listing.h"
#include "table.h"
#include "types.h"

/* --- receive folders -------------------------------------------------------------------------------------------- */

/* receive_folder([class]): the folder that messages of the class arrive in, and the class that says so. */
int lm_store_receive_folder(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    WCHAR *class = lua_isnoneornil(L, 2) ? NULL : lm_check_wide(L, 2, NULL);
    void **id = lm_box_buffer(L), **explicit_class = lm_box_buffer(L);
    IMsgStore *native = LM_STORE(L, self);
    ULONG length = 0;
    HRESULT hr = native->lpVtbl->GetReceiveFolder(native, (LPTSTR) class, MAPI_UNICODE, &length, (ENTRYID **)id,
                                                  (LPTSTR *)explicit_class);

    if (SUCCEEDED(hr)) {
        hr = lm_open_entry(L, self, 1, *id, length, MAPI_FOLDER);
    }
    if (FAILED(hr)) {
        return lm_fail(L, "store:receive_folder", hr);
    }
    lm_push_wide(L, (const WCHAR *)*explicit_class);
    return 2;
}

/* set_receive_folder(class, folder or nil): nil takes the class out again. */
int lm_store_set_receive_folder(lua_State *L)
{
    struct lm_object *self = lm_self(L), *folder;
    WCHAR *class = lm_check_wide(L, 2, NULL);
    IMsgStore *native;
    const char *id = NULL;
    size_t length = 0;
    HRESULT hr = S_OK;

    luaL_checkany(L, 3);
    if (!lua_isnil(L, 3)) {
        folder = lm_check(L, 3, &lm_folder_type);
        hr = lm_push_binary_prop(L, folder, PR_ENTRYID);
        id = SUCCEEDED(hr) ? lua_tolstring(L, -1, &length) : NULL;
    }
    if (SUCCEEDED(hr)) {
        native = LM_STORE(L, self);
        hr = native->lpVtbl->SetReceiveFolder(native, (LPTSTR) class, MAPI_UNICODE, (ULONG)length,
                                              (ENTRYID *)(uintptr_t)id);
    }
    return lm_result(L, "store:set_receive_folder", hr);
}

static const struct lm_column receive_columns[] = {{PR_MESSAGE_CLASS_W, "message_class"}, {PR_ENTRYID, "entryid"}};

int lm_store_receive_folders(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    struct lm_listing *listing = lm_listing_new(L, 1, "store:receive_folders", receive_columns, 2);
    IMsgStore *native = LM_STORE(L, self);
    IMAPITable *table = NULL;
    HRESULT hr = native->lpVtbl->GetReceiveFolderTable(native, MAPI_UNICODE, &table);

    if (FAILED(hr)) {
        return lm_raise(L, "store:receive_folders", hr);
    }
    return lm_listing_start(L, listing, table);
}

/* --- what has been submitted ------------------------------------------------------------------------------------ */

static ENTRYID *check_entryid(lua_State *L, int arg, ULONG *size)
{
    size_t length;
    const char *id = lm_check_binary(L, arg, &length);

    luaL_argcheck(L, length > 0 && length <= 0xFFFF, arg, "an entry id expected");
    *size = (ULONG)length;
    return (ENTRYID *)(uintptr_t)id;
}

int lm_store_abort_submit(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    ULONG size;
    ENTRYID *id = check_entryid(L, 2, &size);
    IMsgStore *native = LM_STORE(L, self);

    return lm_result(L, "store:abort_submit", native->lpVtbl->AbortSubmit(native, size, id, 0));
}

static HRESULT open_queue(IUnknown *native, ULONG flags, IMAPITable **out)
{
    IMsgStore *store = (IMsgStore *)native;

    return store->lpVtbl->GetOutgoingQueue(store, flags, out);
}

int lm_store_outgoing_queue(lua_State *L)
{
    static const struct lm_option options[] = {
        {"columns", LM_TABLE}, {"where", LM_TABLE}, {"sort", LM_ANY}, {NULL, LM_ANY}};
    static const char *const columns[] = {"subject",      "client_submit_time", "sender_name", "display_to",
                                          "display_cc",   "display_bcc",        "priority",    "message_flags",
                                          "message_size", "submit_flags",       NULL};
    struct lm_object *self = lm_self(L);
    struct lm_table_request request;
    int first;
    HRESULT hr;

    lua_settop(L, 2);
    first = lm_options(L, 2, options);
    hr = lm_table_request(L, self, first, columns, &request);
    if (FAILED(hr)) {
        return lm_fail(L, "store:outgoing_queue", hr);
    }
    return lm_table_open(L, "store:outgoing_queue", 1, &request, open_queue, 0);
}

/* set_lock_state(message, locked): what the message holds that has not been saved is saved. */
int lm_store_set_lock_state(lua_State *L)
{
    struct lm_object *self = lm_self(L), *message = lm_check(L, 2, &lm_message_type);
    IMsgStore *native;

    luaL_checktype(L, 3, LUA_TBOOLEAN);
    native = LM_STORE(L, self);
    return lm_result(
        L, "store:set_lock_state",
        native->lpVtbl->SetLockState(native, LM_MESSAGE(L, message), lua_toboolean(L, 3) ? MSG_LOCKED : MSG_UNLOCKED));
}

int lm_store_finished_msg(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    ULONG size;
    ENTRYID *id = check_entryid(L, 2, &size);
    IMsgStore *native = LM_STORE(L, self);

    return lm_result(L, "store:finished_msg", native->lpVtbl->FinishedMsg(native, 0, size, id));
}
