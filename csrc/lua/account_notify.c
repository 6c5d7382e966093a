/* manager:advise: somebody registered with IOlkAccountManager::Advise; and what mapi.dispatch delivers of it.
 *
 * Delivery is manual (IOlkAccountManagerEmbedded): the subsystem calls Notify when it is told to, once, and Notify only
 * notes what it was told. The script's function is called afterwards, with nothing native on the stack: it may unadvise,
 * close, edit, raise. What has not been told stays in the profile's log of changes, which is bounded; so a function that
 * raises loses nothing but its own event, and one that nobody dispatches to costs nothing.
 */
#include "account.h"

#include "connection.h"
#include "failure.h"
#include "notify.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mapiguid.h>

/* --- the client -------------------------------------------------------------------------------------------------- */

struct client {
    IOlkAccountNotify notify; /* first: a pointer to one is a pointer to the other */
    atomic_uint refs;
    struct lm_notice *notice; /* the manager's; the native manager forgets its clients before that memory goes */
    lua_Integer key;
};

static struct client *client_of(IOlkAccountNotify *This)
{
    return (struct client *)(void *)This;
}

static ULONG STDMETHODCALLTYPE client_AddRef(IOlkAccountNotify *This)
{
    return (ULONG)(atomic_fetch_add(&client_of(This)->refs, 1) + 1);
}

static ULONG STDMETHODCALLTYPE client_Release(IOlkAccountNotify *This)
{
    unsigned left = atomic_fetch_sub(&client_of(This)->refs, 1) - 1;

    if (left == 0) {
        free(client_of(This));
    }
    return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE client_QueryInterface(IOlkAccountNotify *This, REFIID iid, void **out)
{
    static const GUID *const known[] = {&IID_IUnknown, &IID_IOlkErrorUnknown, &IID_IOlkAccountNotify};
    size_t i;

    if (out == NULL) {
        return E_INVALIDARG;
    }
    *out = NULL;
    for (i = 0; i < sizeof known / sizeof *known; i++) {
        if (memcmp(iid, known[i], sizeof *iid) == 0) {
            client_AddRef(This);
            *out = This;
            return S_OK;
        }
    }
    return E_NOINTERFACE;
}

static HRESULT STDMETHODCALLTYPE client_GetLastError(IOlkAccountNotify *This, HRESULT hr, LPWSTR *text)
{
    (void)This;
    (void)hr;
    if (text != NULL) {
        *text = NULL;
    }
    return E_INVALIDARG; /* never asked for: Notify never fails */
}

static HRESULT STDMETHODCALLTYPE client_Notify(IOlkAccountNotify *This, DWORD event, DWORD account, DWORD flags)
{
    struct client *self = client_of(This);

    (void)flags;
    self->notice->waiting = true;
    self->notice->event = event;
    self->notice->account = event == NOTIFY_ACCT_ORDER_CHANGED ? 0 : account;
    self->notice->key = self->key;
    return S_OK;
}

static const IOlkAccountNotifyVtbl client_vtbl = {
    client_QueryInterface, client_AddRef, client_Release, client_GetLastError, client_Notify,
};

/* --- the connection ---------------------------------------------------------------------------------------------- */

/* Has the port woken for changes of accounts. Where that cannot be had, mapi.dispatch looks by itself. */
static void watch(struct lm_state *state)
{
    state->accounts_wake = SUCCEEDED(lm_port_need(state)) && SUCCEEDED(MapiNotifyPortWatchAccounts(state->port, TRUE));
}

/* When nobody is to be told of them any more. */
static void unwatch(struct lm_state *state)
{
    if (state->accounts_wake && !lm_accounts_watched(state)) {
        state->accounts_wake = false;
        MapiNotifyPortWatchAccounts(state->port, FALSE);
    }
}

/* The registration is the manager's: a connection that is collected leaves it alone. */
static HRESULT connection_end(struct lm_connection *self, IUnknown *native, enum lm_ending how)
{
    struct lm_account_manager *manager = lm_manager_of(self->object.parent);
    IOlkAccountManager *from = lm_manager_native(manager);

    (void)native;
    if (how == LM_COLLECTED || from == NULL) {
        return S_OK;
    }
    manager->connections--;
    unwatch(self->object.state);
    return from->lpVtbl->Unadvise(from, (DWORD)self->number);
}

/* An existing key is set to nil, which raises nothing. */
static void connection_forget(lua_State *L, struct lm_connection *self)
{
    lua_getiuservalue(L, 1, LM_PARENT);
    lua_getiuservalue(L, -1, LM_MANAGER_CALLBACKS);
    lua_pushnil(L);
    lua_rawseti(L, -2, self->key);
    lua_pop(L, 2);
}

static const struct lm_connection_kind connection_kind = {true, connection_end, connection_forget};

/* --- manager:advise ---------------------------------------------------------------------------------------------- */

static HRESULT advise(struct lm_account_manager *self, struct lm_connection *made)
{
    struct client *client = (struct client *)calloc(1, sizeof *client);
    IOlkAccountManager *native = lm_manager_native(self);
    DWORD cookie = 0;
    HRESULT hr;

    if (client == NULL) {
        return E_OUTOFMEMORY;
    }
    client->notify.lpVtbl = &client_vtbl;
    atomic_init(&client->refs, 1);
    client->notice = &self->notice;
    client->key = made->key;
    hr = native->lpVtbl->Advise(native, &client->notify, &cookie);
    if (FAILED(hr)) {
        client_Release(&client->notify);
        return hr;
    }
    made->number = cookie;
    self->connections++;
    lm_open(&made->object, (IUnknown *)&client->notify);
    return S_OK;
}

/* Pushes the manager's table of functions. The first time it is made, and mapi.dispatch is told where the manager's
 * object (stack index 1) is to be found. */
static void push_callbacks(lua_State *L)
{
    luaL_checkstack(L, 4, NULL);
    if (lua_getiuservalue(L, 1, LM_MANAGER_CALLBACKS) != LUA_TNIL) {
        return;
    }
    lm_state_push_value(L, LM_STATE_MANAGERS);
    lua_pushvalue(L, 1);
    lua_rawsetp(L, -2, lua_touserdata(L, 1));
    lua_pop(L, 2);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, LM_MANAGER_CALLBACKS);
}

int lm_manager_advise(lua_State *L)
{
    struct lm_account_manager *self = lm_manager_of(lm_self(L));
    struct lm_connection *made;
    HRESULT hr;

    lm_check_callable(L, 2);
    lua_settop(L, 2);
    if (self->embedded == NULL) {
        return lm_fail_text(L, "manager:advise", MAPI_E_NO_SUPPORT,
                            "this MAPI subsystem's notifications do not wait for mapi.dispatch");
    }
    made = lm_connection_new(L, 1, &connection_kind);
    made->key = ++self->last_key;
    push_callbacks(L);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, made->key);
    lm_still_open(L, &self->object);
    watch(self->object.state);
    lm_forget();
    hr = advise(self, made);
    if (FAILED(hr)) {
        unwatch(self->object.state);
        lua_pushnil(L);
        lua_rawseti(L, -2, made->key);
        return lm_fail_olk(L, "manager:advise", hr);
    }
    lua_settop(L, 3);
    return 1;
}

/* --- the open managers of a Lua state ---------------------------------------------------------------------------- */

void lm_manager_link(struct lm_account_manager *self)
{
    struct lm_state *state = self->object.state;

    self->next = state->managers;
    self->previous = NULL;
    if (self->next != NULL) {
        self->next->previous = self;
    }
    state->managers = self;
}

void lm_manager_unlink(struct lm_account_manager *self)
{
    struct lm_state *state = self->object.state;

    if (self->next != NULL) {
        self->next->previous = self->previous;
    }
    *(self->previous != NULL ? &self->previous->next : &state->managers) = self->next;
    self->next = self->previous = NULL;
    unwatch(state);
}

bool lm_accounts_watched(const struct lm_state *state)
{
    const struct lm_account_manager *each = state->managers;

    while (each != NULL && each->connections == 0) {
        each = each->next;
    }
    return each != NULL;
}

/* --- delivery ---------------------------------------------------------------------------------------------------- */

/* What waits now is the measure: a function that changes an account whenever it is called comes to an end. */
static void set_budgets(struct lm_state *state, HRESULT *failure)
{
    struct lm_account_manager *each;

    for (each = state->managers; each != NULL; each = each->next) {
        ULONG waiting = 0;

        each->budget = each->notice.waiting;
        if (each->connections > 0) {
            HRESULT hr = each->embedded->lpVtbl->GetPending(each->embedded, &waiting);

            each->budget += waiting * each->connections;
            *failure = FAILED(hr) ? hr : *failure;
        }
    }
}

/* The manager that has waited longest in the list, and has something left to deliver. */
static struct lm_account_manager *next_manager(const struct lm_state *state)
{
    struct lm_account_manager *each, *found = NULL;

    for (each = state->managers; each != NULL; each = each->next) {
        found = each->budget > 0 ? each : found;
    }
    return found;
}

/* Pushes the manager's object and fills its notice; false, with nothing pushed, when nothing more is there. */
static bool fetch(lua_State *L, struct lm_account_manager *self, HRESULT *failure)
{
    IOlkAccountManagerEmbedded *embedded = self->embedded;
    ULONG delivered = 0;

    lm_state_push_value(L, LM_STATE_MANAGERS);
    lua_rawgetp(L, -1, self);
    lua_remove(L, -2);
    self->budget--;
    if (lua_touserdata(L, -1) == self && !self->notice.waiting) {
        HRESULT hr = embedded->lpVtbl->Dispatch(embedded, 1, &delivered);

        *failure = FAILED(hr) ? hr : *failure;
    }
    if (lua_touserdata(L, -1) == self && self->notice.waiting) {
        return true;
    }
    self->budget = 0;
    lua_pop(L, 1);
    return false;
}

/* Calls the function; 0 where it was unadvised while its event waited. Stack: the manager's object on the top. */
static lua_Integer deliver(lua_State *L, struct lm_account_manager *self)
{
    const char *name = OlkNotifyName(self->notice.event);

    lua_getiuservalue(L, -1, LM_MANAGER_CALLBACKS);
    if (lua_rawgeti(L, -1, self->notice.key) == LUA_TNIL) {
        self->notice.waiting = false;
        return 0;
    }
    lua_pushstring(L, name != NULL ? name : "unknown");
    lua_pushinteger(L, (lua_Integer)self->notice.account);
    self->notice.waiting = false;
    lua_call(L, 2, 0);
    return 1;
}

struct delivery {
    struct lm_state *state;
    lua_Integer count;
    HRESULT failure;
};

static int deliver_all(lua_State *L)
{
    struct delivery *delivery = (struct delivery *)lua_touserdata(L, 1);
    struct lm_account_manager *manager;

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    set_budgets(delivery->state, &delivery->failure);
    while ((manager = next_manager(delivery->state)) != NULL) {
        if (fetch(L, manager, &delivery->failure)) {
            delivery->count += deliver(L, manager);
        }
        lua_settop(L, 1);
    }
    return 0;
}

lua_Integer lm_accounts_dispatch(lua_State *L, struct lm_state *state, HRESULT *hr)
{
    struct delivery delivery = {state, 0, S_OK};
    int status;

    *hr = S_OK;
    if (state->dispatching || state->managers == NULL) {
        return 0;
    }
    lua_pushcfunction(L, deliver_all);
    lua_pushlightuserdata(L, &delivery);
    state->dispatching = true;
    status = lua_pcall(L, 1, 0, 0);
    state->dispatching = false;
    if (status != LUA_OK) {
        MapiNotifyPortWake(state->port, TRUE); /* what waits behind the one that raised */
        lua_error(L);
    }
    *hr = delivery.failure;
    return delivery.count;
}
