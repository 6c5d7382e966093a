/* mapi.stream: one property, read and written piece by piece (IStream). */
#include "message.h"

#include <string.h>

#include <mapiguid.h>
#include <mapix.h>

#include "access.h"
#include "args.h"
#include "failure.h"
#include "types.h"

static IStream *stream_of(lua_State *L, const struct lm_object *self)
{
    return (IStream *)lm_native(L, self);
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

int lm_open_stream(lua_State *L, struct lm_object *self, ULONG tag, int mode, const char *operation)
{
    static const char *const modes[] = {"r", "r+", "w", NULL};
    static const ULONG flags[] = {0, MAPI_MODIFY, MAPI_MODIFY | MAPI_CREATE};
    static const ULONG access[] = {STGM_READ, STGM_READWRITE, STGM_READWRITE | STGM_CREATE};
    int which = luaL_checkoption(L, mode, "r", modes);
    ULONG type = PROP_TYPE(tag);
    struct lm_object *made;
    IMAPIProp *native;
    IUnknown *stream = NULL;
    HRESULT hr;

    if (type != PT_BINARY && type != PT_UNICODE && type != PT_STRING8) {
        return lm_fail_text(L, operation, MAPI_E_INTERFACE_NOT_SUPPORTED,
                            "only binary and text properties are streams");
    }
    made = lm_new(L, &lm_stream_type, 1, 0);
    native = LM_PROP(L, self);
    hr = native->lpVtbl->OpenProperty(native, tag, &IID_IStream, access[which], flags[which], &stream);
    if (FAILED(hr)) {
        return lm_fail(L, operation, hr);
    }
    lm_open(made, stream);
    return 1;
}

/* --- methods ---------------------------------------------------------------------------------------------------- */

/* read(n): at most n bytes, nil at the end; read("a") or read(): the rest, perhaps "". The bytes of a text property
 * are UTF-16. */
static int stream_read(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    bool all = lua_isnoneornil(L, 2) || (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "a") == 0);
    lua_Integer wanted = all ? 0x10000 : luaL_checkinteger(L, 2);
    size_t total = 0;
    luaL_Buffer bytes;
    HRESULT hr;

    luaL_argcheck(L, wanted >= 0 && wanted <= INT32_MAX, 2, "out of range");
    luaL_buffinit(L, &bytes);
    for (;;) {
        size_t left = all ? (size_t)wanted : (size_t)wanted - total;
        ULONG piece = left < 0x10000 ? (ULONG)left : 0x10000, got = 0;
        char *place = luaL_prepbuffsize(&bytes, piece);
        IStream *stream = stream_of(L, self);
        hr = piece > 0 ? stream->lpVtbl->Read(stream, place, piece, &got) : S_OK;
        if (FAILED(hr) || got == 0) {
            break;
        }
        luaL_addsize(&bytes, got);
        total += got;
    }
    luaL_pushresult(&bytes);
    if (FAILED(hr)) {
        return lm_fail(L, "stream:read", hr);
    }
    if (!all && wanted > 0 && total == 0) {
        lua_pushnil(L);
    }
    return 1;
}

static int stream_write(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    size_t length;
    const char *bytes = lm_check_binary(L, 2, &length);

    return lm_result(L, "stream:write", lm_stream_write(stream_of(L, self), bytes, length));
}

/* seek([whence [, offset]]) as files have it; answers the position. */
static int stream_seek(lua_State *L)
{
    static const char *const origins[] = {"set", "cur", "end", NULL};
    struct lm_object *self = lm_self(L);
    int origin = luaL_checkoption(L, 2, "cur", origins);
    LARGE_INTEGER move;
    ULARGE_INTEGER position;
    IStream *stream;
    HRESULT hr;

    move.QuadPart = luaL_optinteger(L, 3, 0);
    position.QuadPart = 0;
    stream = stream_of(L, self);
    hr = stream->lpVtbl->Seek(stream, move, (DWORD)origin, &position);
    if (FAILED(hr)) {
        return lm_fail(L, "stream:seek", hr);
    }
    lua_pushinteger(L, (lua_Integer)position.QuadPart);
    return 1;
}

static int stream_size(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IStream *stream = stream_of(L, self);
    STATSTG stat;
    HRESULT hr;

    memset(&stat, 0, sizeof stat);
    hr = stream->lpVtbl->Stat(stream, &stat, STATFLAG_NONAME);
    if (FAILED(hr)) {
        return lm_fail(L, "stream:size", hr);
    }
    lua_pushinteger(L, (lua_Integer)stat.cbSize.QuadPart);
    return 1;
}

static int stream_commit(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IStream *stream = stream_of(L, self);

    return lm_result(L, "stream:commit", stream->lpVtbl->Commit(stream, STGC_DEFAULT));
}

static const luaL_Reg stream_methods[] = {
    {"read", stream_read}, {"write", stream_write},   {"seek", stream_seek},
    {"size", stream_size}, {"commit", stream_commit}, {NULL, NULL},
};

const struct lm_type lm_stream_type = {
    .name = "stream",
    .size = sizeof(struct lm_object),
    .weight = 4096,
    .methods = stream_methods,
};
