/* Failures as a script sees them. */
#include "failure.h"

#include "base/hresult.h"
#include "lmapi_host.h"
#include "state.h"

#include <lauxlib.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <mapisub.h>

/* The symbolic name of a result, or its digits, in `buffer` when it has none. */
static const char *name_of(HRESULT hr, bool account, char buffer[LM_NAME_SIZE])
{
    const char *name = account ? hresult_account_name(hr) : hresult_name(hr);

    if (name == NULL) {
        snprintf(buffer, LM_NAME_SIZE, "0x%08lX", (unsigned long)(ULONG)hr);
        name = buffer;
    }
    return name;
}

/* Never NULL. Memory of the subsystem, good until the next native call of this thread. */
static const char *text_of(HRESULT hr)
{
    const char *text = MapiErrorDetail(hr);

    if (text == NULL || *text == '\0') {
        text = hresult_text(hr);
    }
    return text != NULL ? text : "the subsystem gave no further information";
}

void lm_forget(void)
{
    MapiClearErrorDetail();
}

/* The texts are copied before anything of Lua can run finalizers, whose native calls would replace them. */
void lm_push_message(lua_State *L, const char *operation, HRESULT hr, bool account)
{
    struct lm_state *state = lm_state(L);
    char buffer[LM_NAME_SIZE];
    const char *name = name_of(hr, account, buffer);

    if (state->callback_message != NULL) {
        lua_pushfstring(L, "%s: %s: %s", operation, name, state->callback_message);
        free(state->callback_message);
        state->callback_message = NULL;
    } else {
        lua_pushfstring(L, "%s: %s: %s", operation, name, text_of(hr));
    }
    MapiClearErrorDetail();
}

void lm_push_name(lua_State *L, HRESULT hr, bool account)
{
    char buffer[LM_NAME_SIZE];

    lua_pushstring(L, name_of(hr, account, buffer));
}

void lm_push_text(lua_State *L, HRESULT hr)
{
    lua_pushstring(L, text_of(hr));
}

static int fail_as(lua_State *L, const char *operation, HRESULT hr, bool account)
{
    luaL_checkstack(L, 4, NULL);
    lua_pushnil(L);
    lm_push_message(L, operation, hr, account);
    lm_push_name(L, hr, account);
    return 3;
}

int lm_fail(lua_State *L, const char *operation, HRESULT hr)
{
    return fail_as(L, operation, hr, false);
}

int lm_fail_olk(lua_State *L, const char *operation, HRESULT hr)
{
    return fail_as(L, operation, hr, true);
}

int lm_fail_text(lua_State *L, const char *operation, HRESULT hr, const char *text)
{
    char buffer[LM_NAME_SIZE];
    const char *name = name_of(hr, false, buffer);

    luaL_checkstack(L, 4, NULL);
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s: %s", operation, name, text);
    lua_pushstring(L, name);
    return 3;
}

int lm_value(lua_State *L, HRESULT hr)
{
    if (hr == S_OK) {
        return 1;
    }
    lm_push_name(L, hr, false);
    return 2;
}

int lm_result(lua_State *L, const char *operation, HRESULT hr)
{
    if (FAILED(hr)) {
        return lm_fail(L, operation, hr);
    }
    lua_pushboolean(L, 1);
    return lm_value(L, hr);
}

int lm_raise(lua_State *L, const char *operation, HRESULT hr)
{
    luaL_checkstack(L, 2, NULL);
    lm_push_message(L, operation, hr, false);
    return lua_error(L);
}

/* The pieces in one, cut where they are too long. */
static void warn_host(lua_State *L, const char *piece, va_list more)
{
    char sentence[1024];
    size_t used = 0;

    sentence[0] = '\0';
    for (; piece != NULL && used < sizeof sentence - 1; piece = va_arg(more, const char *)) {
        used += (size_t)snprintf(sentence + used, sizeof sentence - used, "%s", piece);
    }
    lm_host_warn(L, sentence);
}

void lm_warn_text(lua_State *L, const char *piece, ...)
{
    va_list more;

    va_start(more, piece);
    if (lm_host_warns(L)) {
        warn_host(L, piece, more);
        piece = NULL;
    }
    while (piece != NULL) {
        const char *next = va_arg(more, const char *);

        lua_warning(L, piece, next != NULL);
        piece = next;
    }
    va_end(more);
}

void lm_warn(lua_State *L, const char *type, const char *method, HRESULT hr)
{
    char buffer[LM_NAME_SIZE];

    lm_warn_text(L, type, ":", method, ": ", name_of(hr, false, buffer), ": ", text_of(hr), (const char *)NULL);
}
