/* mapi.account_manager: IOlkAccountManager (iolkaccountmanager.md and the pages of its methods). */
#include "account.h"

#include "account_value.h"
#include "args.h"
#include "failure.h"
#include "helper.h"
#include "script_helper.h"
#include "types.h"

#include "base/hresult.h"

#include <stdint.h>
#include <string.h>

#include <mapiguid.h>

/* --- calling the native ------------------------------------------------------------------------------------------ */

/* Around a method in which the native may call its helper, which may be a script's and close the manager: the native is
 * held, and errors of earlier calls are forgotten. */
static IOlkAccountManager *begin(lua_State *L, struct lm_account_manager *self, lua_State **before)
{
    IOlkAccountManager *native;

    lm_callback_flush(L, self->object.state);
    lm_still_open(L, &self->object);
    lm_forget();
    native = lm_manager_native(self);
    native->lpVtbl->AddRef(native);
    *before = lm_enter(L, self->object.state);
    return native;
}

/* The Release is the last one where a helper's function has closed the manager: then it hands the session off, still on
 * this thread. */
static void finish(struct lm_account_manager *self, IOlkAccountManager *native, lua_State *before)
{
    native->lpVtbl->Release(native);
    lm_leave(self->object.state, before);
}

static int fail(lua_State *L, struct lm_account_manager *self, const char *operation, HRESULT hr)
{
    int count = lm_fail_olk(L, operation, hr);

    lm_callback_flush(L, self->object.state);
    return count;
}

static int result(lua_State *L, struct lm_account_manager *self, const char *operation, HRESULT hr)
{
    if (FAILED(hr)) {
        return fail(L, self, operation, hr);
    }
    lm_callback_flush(L, self->object.state);
    lua_pushboolean(L, 1);
    return 1;
}

/* Where an account is named by its id: the native was asked for 0 in place of what is no 32-bit number
 * (lm_account_id), and would say so. */
static int fail_id(lua_State *L, struct lm_account_manager *self, const char *operation, HRESULT hr, int index)
{
    lua_Integer id = lua_tointeger(L, index);

    if (hr != E_ACCT_NOT_FOUND || (id >= 0 && id <= UINT32_MAX) || self->object.state->callback_message != NULL) {
        return fail(L, self, operation, hr);
    }
    lm_callback_flush(L, self->object.state);
    luaL_checkstack(L, 4, NULL);
    lua_pushnil(L);
    lua_pushfstring(L, "%s: E_ACCT_NOT_FOUND: The profile has no account with the id %I.", operation, (LUAI_UACINT)id);
    lm_push_name(L, hr, true);
    return 3;
}

static struct lm_account_manager *self_of(lua_State *L)
{
    return lm_manager_of(lm_self(L));
}

/* --- finding, deleting, saving ----------------------------------------------------------------------------------- */

enum { OPT_ID, OPT_IS_EXCHANGE };

static const struct lm_option find_options[] = {{"id", LM_INTEGER}, {"is_exchange", LM_BOOLEAN}, {NULL, LM_ANY}};

static int manager_find(lua_State *L)
{
    struct lm_account_manager *self = self_of(L);
    struct lm_object *made;
    ACCT_VARIANT value = {PT_LONG, {0}};
    IOlkAccountManager *native;
    IOlkAccount *account = NULL;
    DWORD tag = PROP_ACCT_ID;
    HRESULT hr;
    int base;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    base = lm_options(L, 2, find_options);
    if (lua_isnil(L, base + OPT_ID) == lua_isnil(L, base + OPT_IS_EXCHANGE)) {
        return luaL_argerror(L, 2, "accounts are found by 'id' or by 'is_exchange'");
    }
    if (lua_isnil(L, base + OPT_ID)) {
        tag = PROP_ACCT_IS_EXCH;
        value.Val.dw = lm_option_flag(L, base + OPT_IS_EXCHANGE, false);
    } else {
        value.Val.dw = lm_account_id(L, base + OPT_ID, 2);
    }
    made = lm_account_new(L, 1);
    lm_forget();
    native = lm_manager_native(self);
    hr = native->lpVtbl->FindAccount(native, tag, &value, &account);
    if (FAILED(hr)) {
        return fail_id(L, self, "manager:find", hr, base + OPT_ID);
    }
    lm_open(made, (IUnknown *)account);
    return 1;
}

static int manager_delete(lua_State *L)
{
    struct lm_account_manager *self = self_of(L);
    DWORD id = lm_account_id(L, 2, 2);
    lua_State *before;
    IOlkAccountManager *native = begin(L, self, &before);
    HRESULT hr = native->lpVtbl->DeleteAccount(native, id);

    finish(self, native, before);
    return FAILED(hr) ? fail_id(L, self, "manager:delete", hr, 2) : result(L, self, "manager:delete", hr);
}

static int manager_save(lua_State *L)
{
    struct lm_account_manager *self = self_of(L);
    DWORD id = lm_account_id(L, 2, 2);
    lua_State *before;
    IOlkAccountManager *native = begin(L, self, &before);
    HRESULT hr = native->lpVtbl->SaveChanges(native, id, OLK_ACCOUNT_NO_FLAGS);

    finish(self, native, before);
    return FAILED(hr) ? fail_id(L, self, "manager:save", hr, 2) : result(L, self, "manager:save", hr);
}

/* --- order ------------------------------------------------------------------------------------------------------- */

static const CLSID *check_category(lua_State *L, int arg)
{
    const CLSID *category = OlkCategoryFromName(lm_check_text(L, arg, NULL));

    if (category == NULL) {
        luaL_argerror(L, arg, lua_pushfstring(L, "unknown category '%s'", lua_tostring(L, arg)));
    }
    return category;
}

static void free_memory(IUnknown *owner, void *memory)
{
    IOlkAccountManager *manager = (IOlkAccountManager *)owner;

    manager->lpVtbl->FreeMemory(manager, (BYTE *)memory);
}

static int manager_order(lua_State *L)
{
    struct lm_account_manager *self = self_of(L);
    const CLSID *category = check_category(L, 2);
    struct lm_account_box *box = lm_account_box(L, self->object.native, free_memory);
    IOlkAccountManager *native = lm_manager_native(self);
    DWORD *ids = NULL;
    DWORD count = 0, i;
    HRESULT hr;

    lm_still_open(L, &self->object);
    lm_forget();
    hr = native->lpVtbl->GetOrder(native, category, &count, &ids);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "manager:order", hr);
    }
    box->memory = ids;
    lua_createtable(L, count < 10000 ? (int)count : 10000, 0);
    for (i = 0; i < count; i++) {
        lua_pushinteger(L, (lua_Integer)ids[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lm_account_box_empty(box);
    return 1;
}

static int manager_set_order(lua_State *L)
{
    struct lm_account_manager *self = self_of(L);
    const CLSID *category = check_category(L, 2);
    IOlkAccountManager *native;
    size_t count, i;
    DWORD *ids;
    HRESULT hr;

    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    count = (size_t)lua_rawlen(L, 3);
    ids = (DWORD *)lua_newuserdatauv(L, (count + 1) * sizeof *ids, 0);
    for (i = 0; i < count; i++) {
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        ids[i] = lm_account_id(L, -1, 3);
        lua_pop(L, 1);
    }
    lm_still_open(L, &self->object);
    lm_forget();
    native = lm_manager_native(self);
    hr = native->lpVtbl->SetOrder(native, category, count <= UINT32_MAX ? (DWORD)count : UINT32_MAX, ids);
    return result(L, self, "manager:set_order", hr);
}

/* --- the profile's name ------------------------------------------------------------------------------------------ */

/* Room for every name that a profile can have. */
enum { NAME = 100 };

static bool manager_describe(struct lm_object *object, char *text, size_t size)
{
    IOlkAccountHelper *helper = lm_manager_of(object)->named;
    DWORD count = NAME - 1;
    WCHAR name[NAME];

    memset(name, 0, sizeof name);
    if (helper == NULL || FAILED(helper->lpVtbl->GetIdentity(helper, name, &count))) {
        return false;
    }
    lm_narrow(name, text, size);
    return *text != '\0';
}

/* --- the dialog -------------------------------------------------------------------------------------------------- */

enum { OPT_WIZARD, OPT_DATA_TAB, OPT_NO_WARNING, OPT_WINDOW };

static const struct lm_option display_options[] = {{"wizard", LM_BOOLEAN},
                                                   {"data_tab", LM_BOOLEAN},
                                                   {"no_warning", LM_BOOLEAN},
                                                   {"window", LM_INTEGER},
                                                   {NULL, LM_ANY}};

/* Stack of display_account_list and its continuation: 1 manager, 2 option table, 3 to 6 the options. */
enum { SLOT_OPTIONS = 3 };

/* IOlkAccountManager::DisplayAccountList, whose dialog answers at once: the script's handler is asked outside of it, so
 * that it may yield and raise. */
static HRESULT display(lua_State *L, struct lm_account_manager *self, HRESULT answer)
{
    DWORD flags = (lm_option_flag(L, SLOT_OPTIONS + OPT_WIZARD, false) ? ACCTUI_SHOW_ACCTWIZARD : 0) |
                  (lm_option_flag(L, SLOT_OPTIONS + OPT_DATA_TAB, false) ? ACCTUI_SHOW_DATA_TAB : 0) |
                  (lm_option_flag(L, SLOT_OPTIONS + OPT_NO_WARNING, false) ? ACCTUI_NO_WARNING : 0);
    HWND window = (HWND)(uintptr_t)lm_option_integer(L, SLOT_OPTIONS + OPT_WINDOW, 0);
    IOlkAccountManager *native;

    lm_still_open(L, &self->object);
    lm_forget();
    native = lm_manager_native(self);
    self->answer = answer;
    self->asked = false;
    return native->lpVtbl->DisplayAccountList(native, window, flags, NULL, 0, NULL, NULL);
}

static int display_answered(lua_State *L, int status, lua_KContext context)
{
    struct lm_account_manager *self = lm_manager_of((struct lm_object *)lua_touserdata(L, 1));
    bool shown;

    (void)context;
    if (status != LUA_OK && status != LUA_YIELD) {
        return lua_error(L); /* the handler's own error, unchanged */
    }
    shown = lua_isboolean(L, -1) && lua_toboolean(L, -1);
    return result(L, self, "manager:display_account_list", display(L, self, shown ? S_OK : MAPI_E_USER_CANCEL));
}

static void copy_option(lua_State *L, int index, const char *name)
{
    lua_pushvalue(L, index);
    lua_setfield(L, -2, name);
}

static void push_question(lua_State *L, struct lm_account_manager *self)
{
    char profile[LM_DESCRIPTION];
    int i;

    lua_createtable(L, 0, 7);
    lua_pushliteral(L, "accounts");
    lua_setfield(L, -2, "kind");
    if (manager_describe(&self->object, profile, sizeof profile)) {
        lua_pushstring(L, profile);
        lua_setfield(L, -2, "profile");
    }
    copy_option(L, 1, "manager");
    for (i = OPT_WIZARD; i <= OPT_NO_WARNING; i++) {
        lua_pushboolean(L, lm_option_flag(L, SLOT_OPTIONS + i, false));
        lua_setfield(L, -2, display_options[i].name);
    }
    copy_option(L, SLOT_OPTIONS + OPT_WINDOW, "window");
}

static int manager_display_account_list(lua_State *L)
{
    struct lm_account_manager *self = self_of(L);
    HRESULT hr;

    lua_settop(L, 2);
    lm_options(L, 2, display_options);
    hr = display(L, self, E_ACCT_UI_BUSY);
    if (!self->asked) {
        return result(L, self, "manager:display_account_list", hr); /* it did not come to a dialog */
    }
    lm_state_push_value(L, LM_STATE_DIALOG);
    if (!lua_toboolean(L, -1)) {
        return fail(L, self, "manager:display_account_list", hr);
    }
    push_question(L, self);
    return display_answered(L, lua_pcallk(L, 1, 1, 0, 0, display_answered), 0);
}

static HRESULT show_accounts(void *context, HWND window, DWORD flags)
{
    struct lm_account_manager *self = (struct lm_account_manager *)context;

    (void)window;
    (void)flags;
    self->asked = true;
    return self->answer;
}

/* --- texts ------------------------------------------------------------------------------------------------------- */

/* A name or a number; E_INVALIDARG, which has a text of its own but is none's error, for what is neither. */
static bool check_hresult(lua_State *L, int arg, HRESULT *hr)
{
    int exact = 0;
    lua_Integer number;

    if (lua_type(L, arg) == LUA_TSTRING) {
        return hresult_from_name(lm_check_text(L, arg, NULL), hr);
    }
    number = lua_type(L, arg) == LUA_TNUMBER ? lua_tointegerx(L, arg, &exact) : 0;
    if (!exact) {
        luaL_typeerror(L, arg, "name or integer");
    }
    *hr = (HRESULT)(ULONG)number;
    return number >= INT32_MIN && number <= UINT32_MAX;
}

static int manager_error_text(lua_State *L)
{
    struct lm_account_manager *self = self_of(L);
    IOlkAccountManager *native = lm_manager_native(self);
    WCHAR *wide = NULL;
    char text[1024];
    HRESULT hr;

    if (!check_hresult(L, 2, &hr)) {
        return lm_fail_olk(L, "manager:error_text", E_INVALIDARG);
    }
    lm_forget();
    hr = native->lpVtbl->GetLastError(native, hr, &wide);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "manager:error_text", hr);
    }
    lm_narrow(wide, text, sizeof text);
    native->lpVtbl->FreeMemory(native, (BYTE *)wide);
    lua_pushstring(L, text);
    return 1;
}

/* --- endings ----------------------------------------------------------------------------------------------------- */

/* Its accounts, enumerators and connections are closed already. What is left is the native's Release, which hands the
 * session off if it ever asked for it, and releases the helper (H14). */
static HRESULT manager_end(struct lm_object *object, IUnknown *native, enum lm_ending how)
{
    struct lm_account_manager *self = lm_manager_of(object);

    (void)native;
    (void)how;
    lm_manager_unlink(self);
    self->notice.waiting = false;
    self->budget = 0;
    if (self->embedded != NULL) {
        self->embedded->lpVtbl->Release(self->embedded);
        self->embedded = NULL;
    }
    if (self->named != NULL) {
        self->named->lpVtbl->Release(self->named);
        self->named = NULL;
    }
    return S_OK;
}

static void manager_dropped(lua_State *L, struct lm_object *object)
{
    lm_manager_of(object)->finalizer = L;
}

/* In the log: the script's warnings. */
static void warn(void *context, const char *sentence)
{
    const struct lm_account_manager *self = (const struct lm_account_manager *)context;
    lua_State *L = self->object.state->current != NULL ? self->object.state->current : self->finalizer;

    if (L != NULL) {
        lm_warn_text(L, "mapi.account_manager: ", sentence, (const char *)NULL);
    }
}

/* Pushes the helper object. Stack index 1: the manager. */
static struct lm_object *push_helper(lua_State *L)
{
    luaL_checkstack(L, 2, NULL);
    lua_getiuservalue(L, 1, LM_MANAGER_HELPER);
    return (struct lm_object *)lua_touserdata(L, -1);
}

/* A helper written in Lua is called on this thread, and not in a finalizer. */
static HRESULT close_manager(lua_State *L, struct lm_account_manager *self)
{
    struct lm_state *state = self->object.state;
    struct lm_object *helper;
    lua_State *before;
    HRESULT hr;

    if (self->object.native == NULL) {
        return S_OK;
    }
    helper = push_helper(L);
    if (lm_helper_asking(helper)) {
        return MAPI_E_BUSY;
    }
    lm_callback_flush(L, state);
    before = lm_enter(L, state);
    hr = lm_end(&self->object, LM_EXPLICIT);
    lm_leave(state, before);
    lm_callback_flush(L, state);
    lm_helper_handed_off(helper);
    return hr;
}

static int manager_close(lua_State *L)
{
    struct lm_account_manager *self = lm_manager_of(lm_self_any(L));
    HRESULT hr;

    lm_forget();
    hr = close_manager(L, self);
    if (hr == MAPI_E_BUSY) {
        return lm_fail_text(L, "manager:close", hr,
                            "the dialog handler is being asked whether its session may be logged off");
    }
    return result(L, self, "manager:close", hr);
}

static int manager_close_meta(lua_State *L)
{
    struct lm_account_manager *self = lm_manager_of(lm_self_any(L));
    HRESULT hr = close_manager(L, self);

    if (FAILED(hr)) {
        lm_warn(L, "account_manager", "close", hr);
    }
    return 0;
}

/* --- the type ---------------------------------------------------------------------------------------------------- */

static const luaL_Reg manager_methods[] = {
    {"accounts", lm_manager_accounts},
    {"enumerate", lm_manager_enumerate},
    {"find", manager_find},
    {"create", lm_manager_create},
    {"delete", manager_delete},
    {"save", manager_save},
    {"order", manager_order},
    {"set_order", manager_set_order},
    {"advise", lm_manager_advise},
    {"display_account_list", manager_display_account_list},
    {"error_text", manager_error_text},
    {"close", manager_close},
    {NULL, NULL},
};

static const luaL_Reg manager_metas[] = {{"__close", manager_close_meta}, {NULL, NULL}};

const struct lm_type lm_account_manager_type = {
    .name = "account_manager",
    .size = sizeof(struct lm_account_manager),
    .weight = 4096,
    .methods = manager_methods,
    .metas = manager_metas,
    .end = manager_end,
    .dropped = manager_dropped,
    .describe = manager_describe,
};

/* --- mapi.account_manager ---------------------------------------------------------------------------------------- */

enum { OPT_SYNC, OPT_STORES_CHECK, OPT_NOTIFICATIONS };

static const struct lm_option create_options[] = {
    {"sync", LM_BOOLEAN}, {"stores_check", LM_BOOLEAN}, {"notifications", LM_BOOLEAN}, {NULL, LM_ANY}};

static DWORD flags_of(lua_State *L, int base)
{
    return (lm_option_flag(L, base + OPT_SYNC, false) ? 0 : ACCT_INIT_NOSYNCH_MAPI_ACCTS) |
           (lm_option_flag(L, base + OPT_STORES_CHECK, true) ? 0 : ACCT_INIT_NO_STORES_CHECK) |
           (lm_option_flag(L, base + OPT_NOTIFICATIONS, true) ? 0 : ACCT_INIT_NO_NOTIFICATIONS);
}

/* What only our subsystem has: notifications that wait for mapi.dispatch, a dialog of the script's, a log. */
static void adopt(struct lm_account_manager *self, IOlkAccountManager *native)
{
    struct olk_host host = {sizeof host, self, show_accounts, warn};
    void *embedded = NULL;

    if (FAILED(native->lpVtbl->QueryInterface(native, &IID_IOlkAccountManagerEmbedded, &embedded))) {
        return;
    }
    self->embedded = (IOlkAccountManagerEmbedded *)embedded;
    self->embedded->lpVtbl->SetHost(self->embedded, &host);
    self->embedded->lpVtbl->SetManualDispatch(self->embedded, TRUE);
}

static HRESULT init(lua_State *L, struct lm_account_manager *self, struct lm_helper *helper, DWORD flags)
{
    IOlkAccountManager *native = lm_manager_native(self);
    lua_State *before;
    HRESULT hr;

    lm_callback_flush(L, self->object.state);
    lm_forget();
    native->lpVtbl->AddRef(native);
    before = lm_enter(L, self->object.state);
    hr = native->lpVtbl->Init(native, (IOlkAccountHelper *)helper->object.native, flags);
    finish(self, native, before);
    return hr;
}

int lm_account_manager_create(lua_State *L)
{
    struct lm_helper *helper;
    struct lm_account_manager *self;
    IOlkAccountManager *native = NULL;
    DWORD flags;
    HRESULT hr;

    lua_settop(L, 2);
    helper = (struct lm_helper *)lm_check(L, 1, &lm_helper_type);
    flags = flags_of(L, lm_options(L, 2, create_options));
    hr = lm_state_need(L);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "mapi.account_manager", hr);
    }
    self = lm_manager_of(lm_new(L, &lm_account_manager_type, 0, LM_MANAGER_USER_VALUES));
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, LM_MANAGER_HELPER);
    lm_still_open(L, &helper->object);
    lm_forget();
    hr = OlkCreateAccountManager(&native);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "mapi.account_manager", hr);
    }
    lm_open(&self->object, (IUnknown *)native);
    lm_manager_link(self);
    adopt(self, native);
    hr = init(L, self, helper, flags);
    if (FAILED(hr)) {
        int count = fail(L, self, "mapi.account_manager", hr);

        lm_end(&self->object, LM_EXPLICIT);
        return count;
    }
    lm_callback_flush(L, self->object.state);
    if (helper->kind != LM_HELPER_SCRIPTED && helper->object.native != NULL) {
        self->named = (IOlkAccountHelper *)helper->object.native;
        self->named->lpVtbl->AddRef(self->named);
    }
    return 1;
}
