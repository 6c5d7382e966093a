/* folder:import: RFC 5322 text becomes a saved message. Loading the converter is here too. */
#include "folder.h"
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <iconvertersession.h>
#include <mapisub.h>
#include <mapitags.h>

#include "args.h"
#include "failure.h"
#include "filestream.h"
#include "luastream.h"
#include "types.h"

/* --- the converter ---------------------------------------------------------------------------------------------- */

static const struct mime_allocators allocators = {
    .size = sizeof allocators,
    .allocate_buffer = MAPIAllocateBuffer,
    .allocate_more = MAPIAllocateMore,
    .free_buffer = MAPIFreeBuffer,
    .set_error_detail = MapiSetErrorDetail,
};

static int load_converter(lua_State *L)
{
    lm_require(L, "mapi.mime");
    return 1;
}

const struct mime_module *lm_mime_push(lua_State *L, const char *operation)
{
    const struct mime_module *module;

    lua_pushcfunction(L, load_converter);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) {
        /* A module left out of an installation is the world's failure; memory that ran out, or a hook that ends the
         * program, as at Ctrl-C, is none of the module's. */
        if (lua_type(L, -1) != LUA_TSTRING || strstr(lua_tostring(L, -1), "mapi.mime") == NULL) {
            lua_error(L);
            return NULL;
        }
        lm_fail_text(L, operation, MAPI_E_NO_SUPPORT, lua_tostring(L, -1));
        return NULL;
    }
    module = lua_islightuserdata(L, -1) ? (const struct mime_module *)lua_touserdata(L, -1) : NULL;
    if (module == NULL || module->size < sizeof *module || module->version != MIME_MODULE_VERSION) {
        lm_fail_text(L, operation, MAPI_E_VERSION, "the module mapi.mime does not fit this version of mapi.core");
        return NULL;
    }
    return module;
}

bool lm_converter_push(lua_State *L, const char *operation, IConverterSession **out)
{
    const struct mime_module *module = lm_mime_push(L, operation);
    void **box;
    HRESULT hr;

    if (module == NULL) {
        return false;
    }
    box = lm_box_unknown(L);
    hr = module->create_converter(&allocators, (IConverterSession **)box);
    if (lm_exhausted(L, hr)) {
        hr = module->create_converter(&allocators, (IConverterSession **)box);
    }
    if (FAILED(hr)) {
        lm_fail(L, operation, hr);
        return false;
    }
    *out = (IConverterSession *)*box;
    return true;
}

/* --- the source ------------------------------------------------------------------------------------------------- */

static const char operation[] = "folder:import";

#define DEFAULT_MAX_SIZE (100 * 1024 * 1024)

void *lm_test_file(lua_State *L, int index)
{
    luaL_Stream *file = (luaL_Stream *)luaL_testudata(L, index, LUA_FILEHANDLE);

    if (file != NULL && file->closef == NULL) {
        luaL_error(L, "attempt to use a closed file");
    }
    return file;
}

static int too_big(lua_State *L, uint64_t most)
{
    return lm_fail_text(L, operation, MAPI_E_TOO_BIG,
                        lua_pushfstring(L, "the message is larger than max_size, %I bytes", (LUAI_UACINT)most));
}

/* The rest of an open file that cannot seek, as a string on the top of the stack: 0; or what lm_fail_text returned. */
static int read_file(lua_State *L, int index, size_t most)
{
    luaL_Buffer text;
    size_t total = 0, got;

    luaL_buffinit(L, &text);
    do {
        char *piece = luaL_prepbuffsize(&text, 0x10000);
        luaL_Stream *file = (luaL_Stream *)lm_test_file(L, index); /* a finalizer may have closed it */
        errno = 0;
        got = fread(piece, 1, 0x10000, file->f);
        if (got == 0 && ferror(file->f)) {
            int error = errno;
            luaL_pushresult(&text);
            return lm_fail_text(L, operation, MAPI_E_DISK_ERROR, strerror(error));
        }
        luaL_addsize(&text, got);
        total += got;
    } while (got > 0 && total <= most);
    luaL_pushresult(&text);
    return total > most ? too_big(L, most) : 0;
}

/* What a reader function answers until nil or "". With nil and a message, as io functions answer when they fail, it
 * is cut short and so fails the import. What it raises goes through as it is. */
static int read_function(lua_State *L, int index, size_t most)
{
    luaL_Buffer text;
    size_t total = 0, length;

    luaL_buffinit(L, &text);
    do {
        lua_pushvalue(L, index);
        lua_call(L, 0, 2);
        if (lua_isnil(L, -2)) {
            if (!lua_isnil(L, -1)) {
                return lm_fail_text(L, operation, MAPI_E_CALL_FAILED, luaL_tolstring(L, -1, NULL));
            }
            lua_pop(L, 2);
            break;
        }
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) {
            luaL_error(L, "the reader function must return a string or nil, not a %s", luaL_typename(L, -1));
        }
        length = lua_rawlen(L, -1);
        total = length > most - total ? most + 1 : total + length;
        luaL_addvalue(&text);
    } while (length > 0 && total <= most);
    luaL_pushresult(&text);
    return total > most ? too_big(L, most) : 0;
}

/* An open file that can seek is read while it is converted, never as a whole; what cannot be read has no size. */
static FILE *seekable_file(lua_State *L, int64_t *left)
{
    luaL_Stream *file = (luaL_Stream *)lm_test_file(L, 2);
    int first;

    *left = file == NULL ? -1 : lm_file_left(file->f);
    if (*left <= 0) {
        return NULL;
    }
    first = getc(file->f); /* a directory can seek, and has a size, but cannot be read */
    if (first == EOF || ungetc(first, file->f) == EOF) {
        return NULL;
    }
    return file->f;
}

/* Leaves the text on the top of the stack and returns 0, or fails. */
static int read_source(lua_State *L, size_t most)
{
    if (lua_type(L, 2) == LUA_TSTRING) {
        lua_pushvalue(L, 2);
        return lua_rawlen(L, 2) > most ? too_big(L, most) : 0;
    }
    if (lm_test_file(L, 2) != NULL) {
        return read_file(L, 2, most);
    }
    if (!lua_isfunction(L, 2)) {
        if (luaL_getmetafield(L, 2, "__call") == LUA_TNIL) {
            luaL_typeerror(L, 2, "string, open file or reader function");
        }
        lua_pop(L, 1);
    }
    return read_function(L, 2, most);
}

/* --- import ----------------------------------------------------------------------------------------------------- */

/* Fills and saves the new message. Nothing of Lua is called while the subsystem works. */
static HRESULT convert(IConverterSession *converter, IMessage *message, IStream *stream)
{
    /* A message that is filed away keeps its Bcc; it is export that leaves it out. */
    HRESULT hr = converter->lpVtbl->MIMEToMAPI(converter, stream, message, NULL, CCSF_SMTP | CCSF_INCLUDE_BCC);

    return SUCCEEDED(hr) ? message->lpVtbl->SaveChanges(message, KEEP_OPEN_READWRITE) : hr;
}

/* A stream over the source: the file, or the text that is left on the top of the stack; or what lm_fail returned. */
static int open_source(lua_State *L, struct lm_object *self, uint64_t most, FILE **file, void **stream)
{
    int64_t left;
    size_t length;
    const char *text;
    HRESULT hr;

    *file = seekable_file(L, &left);
    if (*file != NULL) {
        if ((uint64_t)left > most) {
            return too_big(L, most);
        }
        hr = lm_file_reader_create(*file, (IStream **)stream);
    } else {
        int failed = read_source(L, most > UINT32_MAX ? UINT32_MAX : (size_t)most);

        if (failed != 0) {
            return failed;
        }
        lm_still_open(L, self); /* the reader may have closed it */
        text = lua_tolstring(L, -1, &length);
        if (length == 0) {
            return lm_fail_text(L, operation, MAPI_E_INVALID_PARAMETER, "there is no text to import");
        }
        hr = lm_reader_create(text, length, (IStream **)stream);
    }
    return FAILED(hr) ? lm_fail(L, operation, hr) : 0;
}

int lm_folder_import(lua_State *L)
{
    static const struct lm_option options[] = {{"max_size", LM_INTEGER}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L), *message;
    IConverterSession *converter;
    lua_Integer most;
    void **stream;
    FILE *file;
    int failed, error;
    HRESULT hr;

    lua_settop(L, 3);
    most = lm_option_integer(L, lm_options(L, 3, options), DEFAULT_MAX_SIZE);
    luaL_argcheck(L, most >= 0, 3, "option 'max_size' is out of range");
    stream = lm_box_unknown(L);
    failed = open_source(L, self, (uint64_t)most, &file, stream);
    if (failed != 0) {
        return failed;
    }
    if (!lm_converter_push(L, operation, &converter)) {
        return 3;
    }
    hr = lm_folder_create_message(L, self, 0, &message);
    if (FAILED(hr)) {
        return lm_fail(L, operation, hr);
    }
    lm_test_file(L, 2); /* a finalizer may have closed it */
    hr = convert(converter, LM_MESSAGE(L, message), (IStream *)*stream);
    if (FAILED(hr)) {
        error = file == NULL ? 0 : lm_file_error((IStream *)*stream);
        failed = error != 0 ? lm_fail_text(L, operation, hr, strerror(error)) : lm_fail(L, operation, hr);
        lm_end(message, LM_EXPLICIT); /* never saved: nothing is left of it */
        return failed;
    }
    return 1;
}
