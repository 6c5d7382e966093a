/* mapi.dispatch and mapi.fd. */
#include "dispatch.h"

#include "account.h"
#include "failure.h"
#include "notify.h"
#include "script_helper.h"

#include <mapisub.h>

/* What waits for this state now: notifications, changes of accounts, the hands_off of collected helpers. Each raises what
 * a function of the script raises, and the rest goes on waiting: whoever leaves something behind wakes the port. The
 * notifications come first, because asking for them is also asking what has happened elsewhere. */
static lua_Integer deliver(lua_State *L, struct lm_state *state, HRESULT *hr)
{
    lua_Integer count = lm_notify_dispatch(L, state, hr);
    HRESULT asked;

    if (!state->dispatching) {
        MapiNotifyPortWake(state->port, FALSE);
    }
    count += lm_accounts_dispatch(L, state, &asked);
    if (SUCCEEDED(*hr)) {
        *hr = asked;
    }
    return count + lm_deferred_run(L, state);
}

/* Whether anything can ever come. */
static bool expecting(const struct lm_state *state)
{
    return lm_accounts_watched(state) || lm_registrations_alive(state);
}

/* How often a waiting dispatch looks for what other processes have done to accounts where the system does not tell, and
 * how long it waits at a time, in milliseconds. */
enum { DISPATCH_PAUSE = 20, DISPATCH_LONGEST = 1000 * 3600 };

/* Waits for at most so many seconds; false: a signal has come. */
static bool wait_for(struct lm_state *state, double seconds)
{
    double most = lm_accounts_watched(state) && !state->accounts_wake ? DISPATCH_PAUSE : DISPATCH_LONGEST;
    LONG milliseconds = (LONG)(seconds * 1000 < most ? seconds * 1000 + 1 : most);
    BOOL signalled = FALSE;

    if (state->port != NULL && SUCCEEDED(MapiNotifyPortWait(state->port, milliseconds, &signalled))) {
        return !signalled;
    }
    return MapiPause(milliseconds < DISPATCH_PAUSE ? (ULONG)milliseconds : DISPATCH_PAUSE);
}

/* Waits only while there is something that can come: a connection is open. */
int lm_dispatch(lua_State *L)
{
    struct lm_state *state = lm_state(L);
    lua_Number timeout = luaL_optnumber(L, 1, 0);
    double end = MapiNow() + timeout;
    bool nested = state->dispatching;
    lua_Integer count;
    HRESULT hr;

    luaL_argcheck(L, timeout >= 0, 1, "a number of seconds expected");
    count = deliver(L, state, &hr);
    while (count == 0 && SUCCEEDED(hr) && !nested && expecting(state)) {
        double left = end - MapiNow();

        if (left <= 0 || !wait_for(state, left)) {
            break;
        }
        count = deliver(L, state, &hr);
    }
    if (count == 0 && FAILED(hr)) {
        return lm_fail_olk(L, "mapi.dispatch", hr);
    }
    lua_pushinteger(L, count);
    return 1;
}

int lm_fd(lua_State *L)
{
    struct lm_state *state = lm_state(L);
    int descriptor = -1;
    HRESULT hr;

    lm_forget();
    hr = lm_port_need(state);
    if (SUCCEEDED(hr)) {
        hr = MapiNotifyPortDescriptor(state->port, &descriptor);
    }
    if (SUCCEEDED(hr) && lm_deferred_waits(state)) {
        MapiNotifyPortWake(state->port, TRUE);
    }
    if (FAILED(hr)) {
        return lm_fail(L, "mapi.fd", hr);
    }
    lua_pushinteger(L, descriptor);
    return 1;
}
