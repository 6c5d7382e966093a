/* mapi.stream: one property, read and written piece by piece (IStream). */
#include "message.h"

#include <string.h>

#include <mapiguid.h>
#include <mapix.h>

#include "access.h"
#include "args.h"
#include "failure.h"
#include "types.h"

struct stream {
    struct lm_object object; /* native: IStream */
    bool writable, text;
};

static IStream *stream_of(lua_State *L, const struct lm_object *self)
{
    return (IStream *)lm_native(L, self);
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

/* The tag to open a property with. Text is UTF-8 to a script, which is what 8-bit text is to our stores. To Windows' MAPI
 * that is its code page: there text has no stream. */
static bool stream_tag(ULONG *tag)
{
    switch (PROP_TYPE(*tag)) {
    case PT_BINARY:
        return true;
    case PT_UNICODE:
    case PT_STRING8:
#ifdef _WIN32
        return false;
#else
        *tag = CHANGE_PROP_TYPE(*tag, PT_STRING8);
        return true;
#endif
    default:
        return false;
    }
}

int lm_open_stream(lua_State *L, struct lm_object *self, ULONG tag, int mode, const char *operation)
{
    static const char *const modes[] = {"r", "r+", "w", NULL};
    static const ULONG flags[] = {0, MAPI_MODIFY, MAPI_MODIFY | MAPI_CREATE};
    static const ULONG access[] = {STGM_READ, STGM_READWRITE, STGM_READWRITE | STGM_CREATE};
    int which = luaL_checkoption(L, mode, "r", modes);
    struct stream *made;
    IMAPIProp *native;
    IUnknown *stream = NULL;
    HRESULT hr;

    if (!stream_tag(&tag)) {
        return lm_fail_text(L, operation, MAPI_E_INTERFACE_NOT_SUPPORTED,
                            "only binary and text properties are streams");
    }
    made = (struct stream *)lm_new(L, &lm_stream_type, 1, 0);
    native = LM_PROP(L, self);
    hr = native->lpVtbl->OpenProperty(native, tag, &IID_IStream, access[which], flags[which], &stream);
    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, operation, hr, "there is no such property to be read as a stream; mode \"w\" makes one");
    }
    if (FAILED(hr)) {
        return lm_fail(L, operation, hr);
    }
    made->writable = which != 0;
    made->text = PROP_TYPE(tag) != PT_BINARY;
    lm_open(&made->object, stream);
    return 1;
}

/* A stream that is ended by the script hands over what was written, as it does with its last reference
 * [istream interface: direct mode], but here it can be said when that fails. */
static HRESULT stream_end(struct lm_object *self, IUnknown *native, enum lm_ending how)
{
    IStream *stream = (IStream *)native;
    HRESULT hr;

    if (how != LM_EXPLICIT || !((struct stream *)self)->writable) {
        return S_OK;
    }
    hr = stream->lpVtbl->Commit(stream, STGC_DEFAULT);
    /* The object has ended before, submitted or logged off: nothing is there to be written to. */
    return hr == MAPI_E_INVALID_OBJECT ? S_OK : hr;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

enum { PIECE = 0x10000, LINE_PIECE = 1024 };

/* Pushes at most `wanted` bytes; answers whether there were any. */
static bool read_bytes(lua_State *L, const struct lm_object *self, size_t wanted, HRESULT *hr)
{
    size_t total = 0;
    luaL_Buffer bytes;
    ULONG got;

    luaL_buffinit(L, &bytes);
    do {
        ULONG piece = wanted - total < PIECE ? (ULONG)(wanted - total) : PIECE;
        char *place = luaL_prepbuffsize(&bytes, piece);
        IStream *stream = stream_of(L, self);
        got = 0;
        *hr = stream->lpVtbl->Read(stream, place, piece, &got);
        if (FAILED(*hr)) {
            break;
        }
        luaL_addsize(&bytes, got);
        total += got;
    } while (got > 0 && total < wanted);
    luaL_pushresult(&bytes);
    return total > 0;
}

static HRESULT step_back(IStream *stream, ULONG bytes)
{
    LARGE_INTEGER move;

    move.QuadPart = -(LONGLONG)bytes;
    return stream->lpVtbl->Seek(stream, move, STREAM_SEEK_CUR, NULL);
}

/* Pushes the next line, with its end if `keep` says so; answers whether there was one. */
static bool read_line(lua_State *L, const struct lm_object *self, bool keep, HRESULT *hr)
{
    bool any = false, ended = false;
    luaL_Buffer line;

    luaL_buffinit(L, &line);
    while (!ended) {
        char *place = luaL_prepbuffsize(&line, LINE_PIECE);
        IStream *stream = stream_of(L, self);
        ULONG got = 0;
        const char *end;
        *hr = stream->lpVtbl->Read(stream, place, LINE_PIECE, &got);
        if (FAILED(*hr) || got == 0) {
            break;
        }
        any = true;
        end = memchr(place, '\n', got);
        ended = end != NULL;
        if (ended) {
            ULONG length = (ULONG)(end - place) + 1;
            *hr = step_back(stream, got - length);
            got = keep ? length : length - 1;
        }
        luaL_addsize(&line, got);
    }
    luaL_pushresult(&line);
    return any;
}

/* Pushes ""; answers whether there is more to read. */
static bool test_more(lua_State *L, const struct lm_object *self, HRESULT *hr)
{
    IStream *stream = stream_of(L, self);
    char byte;
    ULONG got = 0;

    *hr = stream->lpVtbl->Read(stream, &byte, 1, &got);
    if (SUCCEEDED(*hr) && got > 0) {
        *hr = step_back(stream, got);
    }
    lua_pushliteral(L, "");
    return got > 0;
}

/* Pushes what one argument of read asks for; answers whether it was there. */
static bool read_format(lua_State *L, const struct lm_object *self, int arg, HRESULT *hr)
{
    const char *format;

    if (lua_type(L, arg) == LUA_TNUMBER) {
        lua_Integer wanted = luaL_checkinteger(L, arg);
        luaL_argcheck(L, wanted >= 0 && wanted <= INT32_MAX, arg, "out of range");
        return wanted == 0 ? test_more(L, self, hr) : read_bytes(L, self, (size_t)wanted, hr);
    }
    format = luaL_checkstring(L, arg);
    format += *format == '*' ? 1 : 0; /* as Lua takes it */
    switch (*format) {
    case 'a':
        read_bytes(L, self, SIZE_MAX, hr);
        return true;
    case 'l':
        return read_line(L, self, false, hr);
    case 'L':
        return read_line(L, self, true, hr);
    default:
        return luaL_argerror(L, arg, "invalid format") != 0;
    }
}

/* read(...): as a Lua file's, with the formats of io.read but "n"; without any, the rest. */
static int stream_read(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    int arguments, arg;
    bool there = true;
    HRESULT hr = S_OK;

    if (lua_gettop(L) == 1) {
        lua_pushliteral(L, "a");
    }
    arguments = lua_gettop(L);
    luaL_checkstack(L, arguments + LUA_MINSTACK, "too many arguments");
    for (arg = 2; arg <= arguments && there; arg++) {
        there = read_format(L, self, arg, &hr);
        if (FAILED(hr)) {
            return lm_fail(L, "stream:read", hr);
        }
    }
    if (!there) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    return arg - 2;
}

/* --- the other methods ------------------------------------------------------------------------------------------ */

static int stream_write(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    int arguments = lua_gettop(L);
    HRESULT hr = S_OK;

    luaL_checkany(L, 2);
    for (int arg = 2; arg <= arguments; arg++) {
        size_t length;
        const char *bytes = luaL_checklstring(L, arg, &length);
        /* Whether it is UTF-8 is seen at the end: a character may be written in pieces. */
        luaL_argcheck(L, !((const struct stream *)self)->text || memchr(bytes, 0, length) == NULL, arg,
                      "string contains a NUL character");
    }
    for (int arg = 2; arg <= arguments && SUCCEEDED(hr); arg++) {
        size_t length;
        const char *bytes = lua_tolstring(L, arg, &length);
        hr = lm_stream_write(stream_of(L, self), bytes, length);
    }
    return lm_result(L, "stream:write", hr);
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
    .size = sizeof(struct stream),
    .weight = 4096,
    .methods = stream_methods,
    .end = stream_end,
};
