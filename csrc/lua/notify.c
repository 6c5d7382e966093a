/* session:advise, store:advise and table:advise. */
#include "notify.h"

#include "args.h"
#include "connection.h"
#include "event.h"
#include "failure.h"
#include "session.h"
#include "table.h"
#include "types.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mapiguid.h>
#include <mapisub.h>

/* --- the sink ---------------------------------------------------------------------------------------------------- */

struct lm_registration {
    IMAPIAdviseSink sink; /* first: a pointer to one is a pointer to the other */
    atomic_uint refs;     /* the subsystem's, the session's list's, the connection object's */
    /* What follows is touched by the thread that runs the Lua state only. */
    struct lm_state *state; /* NULL: over */
    struct lm_session *session;
    struct lm_object *source;                /* the session, or a store or table of it */
    struct lm_registration *next, *previous; /* of the session, newest first */
    ULONG_PTR number;
    lua_Integer key; /* of the function in LM_SESSION_CALLBACKS; that of the store or table is -key */
};

/* A dispatch that is under way: one at a time in a Lua state. */
struct lm_delivery {
    lua_State *L;
    int function; /* stack index of the function called last, which is likely the next one too; behind it what it was registered
                     with, or nil for the session */
    struct lm_registration *whose; /* whose function that is, or NULL */
    lua_Integer count;
    bool failed; /* what was raised is on the top of the stack */
};

static struct lm_registration *registration_of(IMAPIAdviseSink *This)
{
    return (struct lm_registration *)(void *)This;
}

static ULONG STDMETHODCALLTYPE sink_AddRef(IMAPIAdviseSink *This)
{
    return (ULONG)(atomic_fetch_add(&registration_of(This)->refs, 1) + 1);
}

static ULONG STDMETHODCALLTYPE sink_Release(IMAPIAdviseSink *This)
{
    unsigned left = atomic_fetch_sub(&registration_of(This)->refs, 1) - 1;

    if (left == 0) {
        free(registration_of(This));
    }
    return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE sink_QueryInterface(IMAPIAdviseSink *This, REFIID iid, void **out)
{
    if (out == NULL) {
        return E_INVALIDARG;
    }
    *out = NULL;
    if (memcmp(iid, &IID_IUnknown, sizeof *iid) != 0 && memcmp(iid, &IID_IMAPIAdviseSink, sizeof *iid) != 0) {
        return E_NOINTERFACE;
    }
    sink_AddRef(This);
    *out = This;
    return S_OK;
}

/* Pushes the function of a registration and what it was made with, nil for the session; false, with nothing pushed, where the
 * session's object is being finalized. */
static bool push_function(lua_State *L, const struct lm_registration *self)
{
    lm_state_push_value(L, LM_STATE_SESSIONS);
    lua_rawgetp(L, -1, self->session->object.native);
    lua_remove(L, -2);
    if (lua_touserdata(L, -1) != self->session) {
        lua_pop(L, 1);
        return false;
    }
    lua_getiuservalue(L, -1, LM_SESSION_CALLBACKS);
    lua_remove(L, -2);
    lua_rawgeti(L, -1, self->key);
    lua_rawgeti(L, -2, -self->key);
    lua_remove(L, -3);
    return true;
}

/* Under protected call: the function, what it was registered with, and the notification as a light userdata. A row comes with
 * the keys of its table. */
static int call_function(lua_State *L)
{
    const NOTIFICATION *notification = (const NOTIFICATION *)lua_touserdata(L, 3);

    lua_settop(L, 2);
    lua_insert(L, 1); /* the source, below the function */
    lm_event_push(L, notification);
    if (notification->ulEventType == fnevTableModified && lm_test(L, 1, &lm_table_type) != NULL) {
        lm_table_name_row(L, 1, &notification->info.tab.row);
    }
    lua_call(L, 1, 0);
    return 0;
}

/* False: the function has raised. */
static bool tell(struct lm_registration *self, NOTIFICATION *notification)
{
    struct lm_delivery *delivery = self->state != NULL ? self->state->delivery : NULL;
    lua_State *L;

    if (delivery == NULL) {
        return true; /* unadvised meanwhile */
    }
    L = delivery->L;
    if (delivery->whose != self) {
        if (!push_function(L, self)) {
            return true;
        }
        lua_replace(L, delivery->function + 1);
        lua_replace(L, delivery->function);
        delivery->whose = self;
    }
    lua_pushcfunction(L, call_function);
    lua_pushvalue(L, delivery->function);
    lua_pushvalue(L, delivery->function + 1);
    lua_pushlightuserdata(L, notification);
    delivery->count++;
    delivery->failed = lua_pcall(L, 3, 0, 0) != LUA_OK;
    return !delivery->failed;
}

static ULONG STDMETHODCALLTYPE sink_OnNotify(IMAPIAdviseSink *This, ULONG count, LPNOTIFICATION notifications)
{
    ULONG i;

    for (i = 0; i < count; i++) {
        if (!tell(registration_of(This), &notifications[i])) {
            return CALLBACK_DISCONTINUE; /* ends the dispatch (mapisub.h) */
        }
    }
    return S_OK;
}

static const IMAPIAdviseSinkVtbl sink_vtbl = {sink_QueryInterface, sink_AddRef, sink_Release, sink_OnNotify};

/* --- endings ----------------------------------------------------------------------------------------------------- */

/* Takes it out of its session's list, after which the function is not called any more; the list's reference is the
 * caller's. */
static void unlink_registration(struct lm_registration *self)
{
    struct lm_state *state = self->state;

    *(self->previous != NULL ? &self->previous->next : &self->session->registrations) = self->next;
    if (self->next != NULL) {
        self->next->previous = self->previous;
    }
    self->next = self->previous = NULL;
    state->registrations--;
    if (state->delivery != NULL && state->delivery->whose == self) {
        state->delivery->whose = NULL;
    }
    self->state = NULL;
}

static HRESULT unadvise_native(const struct lm_object *source, IUnknown *native, ULONG_PTR number)
{
    if (source->type == &lm_store_type) {
        return ((IMsgStore *)native)->lpVtbl->Unadvise((IMsgStore *)native, number);
    }
    if (source->type == &lm_table_type) {
        return ((IMAPITable *)native)->lpVtbl->Unadvise((IMAPITable *)native, number);
    }
    return ((IMAPISession *)native)->lpVtbl->Unadvise((IMAPISession *)native, number);
}

/* `native`: of the source; NULL: its end is the end of the registration, too. */
static HRESULT end_registration(struct lm_registration *self, IUnknown *native)
{
    HRESULT hr;

    unlink_registration(self);
    hr = native != NULL ? unadvise_native(self->source, native, self->number) : S_OK;
    sink_Release(&self->sink);
    /* Ended by the core before, or left behind by the parent of a fork: then there is nothing left to unadvise. */
    return hr == MAPI_E_INVALID_OBJECT || hr == MAPI_E_NOT_FOUND || hr == MAPI_E_NOT_INITIALIZED ? S_OK : hr;
}

void lm_registrations_end_all(struct lm_object *object, IUnknown *native)
{
    struct lm_session *session = lm_session_of(object);

    while (session->registrations != NULL) {
        struct lm_registration *each = session->registrations;

        end_registration(each, each->source == object ? native : each->source->native);
    }
}

void lm_registrations_end(struct lm_object *source, IUnknown *native)
{
    struct lm_registration *each = lm_session_of(source->session)->registrations;

    while (each != NULL) {
        struct lm_registration *next = each->next;

        if (each->source == source) {
            end_registration(each, native);
        }
        each = next;
    }
}

bool lm_registrations_alive(const struct lm_state *state)
{
    const struct lm_object *each = state->registrations > 0 ? state->newest : NULL;

    for (; each != NULL; each = each->older) {
        const struct lm_session *session = (const struct lm_session *)each;
        BOOL shared;

        if (each->type == &lm_session_type && session->registrations != NULL &&
            (session->info == NULL || session->info->lpVtbl->IsShared(session->info, &shared) == S_OK)) {
            return true;
        }
    }
    return false;
}

/* Sets what is kept for a registration to nil: the keys are there, so that nothing is allocated. Callbacks: top. */
static void forget(lua_State *L, lua_Integer key)
{
    lua_pushnil(L);
    lua_rawseti(L, -2, key);
    if (lua_rawgeti(L, -1, -key) != LUA_TNIL) {
        lua_pushnil(L);
        lua_rawseti(L, -3, -key);
    }
    lua_pop(L, 1);
}

/* Replaces the object on the top of the stack by its session. */
static void to_session(lua_State *L)
{
    const struct lm_object *object = (const struct lm_object *)lua_touserdata(L, -1);

    while (object->session != object) {
        lua_getiuservalue(L, -1, LM_PARENT);
        lua_remove(L, -2);
        object = (const struct lm_object *)lua_touserdata(L, -1);
    }
}

void lm_registrations_forget_source(lua_State *L)
{
    const struct lm_object *source = (const struct lm_object *)lua_touserdata(L, 1);
    const struct lm_registration *each;

    if (lm_session_of(source->session)->registrations == NULL) {
        return;
    }
    lua_pushvalue(L, 1);
    to_session(L);
    lua_getiuservalue(L, -1, LM_SESSION_CALLBACKS);
    for (each = lm_session_of(source->session)->registrations; each != NULL; each = each->next) {
        if (each->source == source) {
            forget(L, each->key);
        }
    }
    lua_pop(L, 2);
}

void lm_registrations_forget_session(lua_State *L)
{
    lua_pushnil(L);
    lua_setiuservalue(L, 1, LM_SESSION_CALLBACKS);
}

/* --- the connection ---------------------------------------------------------------------------------------------- */

static HRESULT connection_end(struct lm_connection *self, IUnknown *native, enum lm_ending how)
{
    struct lm_registration *registration = registration_of((IMAPIAdviseSink *)native);

    (void)self;
    if (how == LM_COLLECTED || registration->state == NULL) {
        return S_OK;
    }
    return end_registration(registration, registration->source->native);
}

static void connection_forget(lua_State *L, struct lm_connection *self)
{
    const struct lm_registration *registration = registration_of((IMAPIAdviseSink *)self->object.native);

    if (registration->state == NULL) {
        return;
    }
    lua_getiuservalue(L, 1, LM_PARENT);
    to_session(L);
    lua_getiuservalue(L, -1, LM_SESSION_CALLBACKS);
    forget(L, self->key);
    lua_pop(L, 2);
}

static const struct lm_connection_kind connection_kind = {false, connection_end, connection_forget};

/* --- advise ------------------------------------------------------------------------------------------------------ */

enum { OPT_EVENTS, OPT_ENTRYID };

static const struct lm_option advise_options[] = {{"events", LM_TABLE}, {"entryid", LM_BYTES}, {NULL, LM_ANY}};

/* What a session without an entry id sends, and what an object can (imapisession-advise.md). */
static const ULONG object_events = fnevCriticalError | fnevNewMail | fnevObjectCreated | fnevObjectDeleted |
                                   fnevObjectModified | fnevObjectMoved | fnevObjectCopied | fnevSearchComplete |
                                   fnevExtended;

/* The mask of an array of names. */
static ULONG read_events(lua_State *L, int index, int arg)
{
    ULONG mask = 0;

    luaL_checkstack(L, 4, NULL);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        size_t length;
        const char *name;
        ULONG event;

        if (lua_type(L, -2) != LUA_TNUMBER || lua_type(L, -1) != LUA_TSTRING) {
            luaL_argerror(L, arg, "option 'events': an array of names expected");
        }
        name = lua_tolstring(L, -1, &length);
        event = lm_event_from_name(name, length);
        if (event == 0) {
            luaL_argerror(L, arg, lua_pushfstring(L, "option 'events': unknown event '%s'", name));
        }
        mask |= event;
        lua_pop(L, 1);
    }
    return mask;
}

HRESULT lm_port_need(struct lm_state *state)
{
    if (state->closing) {
        return MAPI_E_NOT_INITIALIZED;
    }
    return state->port != NULL ? S_OK : MapiNotifyPortCreate(&state->port);
}

struct wish {
    ULONG size;
    LPENTRYID entryid;
    ULONG mask;
};

/* Advises the source with a sink whose notifications wait for this state. */
static HRESULT advise_native(const struct lm_object *source, const struct wish *wish, struct lm_registration *self)
{
    LPMAPIADVISESINK wrapped = NULL;
    HRESULT hr = MapiNotifyPortWrap(source->state->port, &self->sink, &wrapped);

    if (FAILED(hr)) {
        return hr;
    }
    if (source->type == &lm_store_type) {
        IMsgStore *store = (IMsgStore *)source->native;

        hr = store->lpVtbl->Advise(store, wish->size, wish->entryid, wish->mask, wrapped, &self->number);
    } else if (source->type == &lm_table_type) {
        IMAPITable *table = (IMAPITable *)source->native;

        hr = table->lpVtbl->Advise(table, wish->mask, wrapped, &self->number);
    } else {
        IMAPISession *session = (IMAPISession *)source->native;

        hr = session->lpVtbl->Advise(session, wish->size, wish->entryid, wish->mask, wrapped, &self->number);
    }
    wrapped->lpVtbl->Release(wrapped);
    return hr;
}

/* No Lua is called. */
static HRESULT enter(struct lm_object *source, const struct wish *wish, struct lm_connection *made)
{
    struct lm_registration *self;
    HRESULT hr = lm_port_need(source->state);

    if (FAILED(hr)) {
        return hr;
    }
    self = (struct lm_registration *)calloc(1, sizeof *self);
    if (self == NULL) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    self->sink.lpVtbl = &sink_vtbl;
    atomic_init(&self->refs, 1);
    hr = advise_native(source, wish, self);
    if (FAILED(hr)) {
        sink_Release(&self->sink);
        return hr;
    }
    self->state = source->state;
    self->session = lm_session_of(source->session);
    self->source = source;
    self->key = made->key;
    self->next = self->session->registrations;
    if (self->next != NULL) {
        self->next->previous = self;
    }
    self->session->registrations = self;
    self->state->registrations++;
    made->number = self->number;
    sink_AddRef(&self->sink);
    lm_open(&made->object, (IUnknown *)&self->sink);
    return hr;
}

/* Replaces the session object on the top of the stack by its table of functions, which is made at the first time. */
static void push_callbacks(lua_State *L)
{
    if (lua_getiuservalue(L, -1, LM_SESSION_CALLBACKS) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, -3, LM_SESSION_CALLBACKS);
    }
    lua_remove(L, -2);
}

/* Stack: 1 the source, 2 the function. On success the connection is pushed. */
static HRESULT advise_as_wished(lua_State *L, struct lm_object *source, const struct wish *wish)
{
    struct lm_connection *made = lm_connection_new(L, 1, &connection_kind);
    HRESULT hr;

    made->key = ++source->state->last_key;
    lua_pushvalue(L, 1);
    to_session(L);
    push_callbacks(L);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, made->key);
    if (source->session != source) {
        lua_pushvalue(L, 1);
        lua_rawseti(L, -2, -made->key);
    }
    lm_still_open(L, source);
    lm_forget();
    hr = enter(source, wish, made);
    if (FAILED(hr) && lm_exhausted(L, hr)) {
        lm_still_open(L, source);
        hr = enter(source, wish, made);
    }
    if (FAILED(hr)) {
        forget(L, made->key);
    }
    lua_pop(L, 1);
    return hr;
}

/* The same with options at 3. */
static HRESULT advise(lua_State *L, struct lm_object *source)
{
    struct wish wish;
    size_t length;
    int base;

    lm_check_callable(L, 2);
    lua_settop(L, 3);
    base = lm_options(L, 3, advise_options);
    wish.entryid = (LPENTRYID)(void *)(uintptr_t)lua_tolstring(L, base + OPT_ENTRYID, &length);
    luaL_argcheck(L, wish.entryid == NULL || (length > 0 && length <= 0xFFFF), 3, "option 'entryid' is no entry id");
    wish.size = wish.entryid != NULL ? (ULONG)length : 0;
    if (!lua_isnil(L, base + OPT_EVENTS)) {
        wish.mask = read_events(L, base + OPT_EVENTS, 3);
    } else if (source->session == source && wish.entryid == NULL) {
        wish.mask = fnevCriticalError | fnevExtended;
    } else {
        wish.mask = object_events;
    }
    return advise_as_wished(L, source, &wish);
}

int lm_session_advise(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    HRESULT hr = advise(L, &self->object);

    return FAILED(hr) ? lm_session_fail(L, self, "session:advise", hr) : lm_value(L, hr);
}

int lm_store_advise(lua_State *L)
{
    HRESULT hr = advise(L, lm_self(L));

    return FAILED(hr) ? lm_fail(L, "store:advise", hr) : lm_value(L, hr);
}

int lm_table_advise(lua_State *L)
{
    static const struct wish wish = {0, NULL, fnevTableModified};
    struct lm_object *self = lm_self(L);
    HRESULT hr;

    lm_check_callable(L, 2);
    lua_settop(L, 2);
    hr = advise_as_wished(L, self, &wish);
    return FAILED(hr) ? lm_fail(L, "table:advise", hr) : lm_value(L, hr);
}

/* --- delivery ---------------------------------------------------------------------------------------------------- */

lua_Integer lm_notify_dispatch(lua_State *L, struct lm_state *state, HRESULT *hr)
{
    struct lm_delivery delivery = {L, 0, NULL, 0, false};
    int top = lua_gettop(L);

    *hr = S_OK;
    if (state->dispatching || state->port == NULL) {
        return 0;
    }
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_settop(L, top + 2);
    delivery.function = top + 1;
    state->delivery = &delivery;
    state->dispatching = true;
    *hr = MapiNotifyPortDispatch(state->port, 0, NULL);
    state->dispatching = false;
    state->delivery = NULL;
    if (delivery.failed) {
        lua_error(L);
    }
    lua_settop(L, top);
    return delivery.count;
}
