/* message:export: a message becomes RFC 5322 text. */
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <iconvertersession.h>
#include <mapix.h>

#include "args.h"
#include "failure.h"
#include "luastream.h"
#include "types.h"

static const char operation[] = "message:export";

/* Writes the content to the open Lua file at a stack index, through its buffer: a disk that is full says so here and
 * not when the script closes the file. */
static int write_file(lua_State *L, int index, const void *bytes, size_t length)
{
    luaL_Stream *file = (luaL_Stream *)lm_test_file(L, index); /* a finalizer may have closed it */

    errno = 0;
    if (fwrite(bytes, 1, length, file->f) != length || fflush(file->f) != 0) {
        int error = errno;
        return lm_fail_text(L, operation, error == ENOSPC ? MAPI_E_NOT_ENOUGH_DISK : MAPI_E_DISK_ERROR,
                            strerror(error));
    }
    lua_pushboolean(L, 1);
    return 1;
}

enum { OPTION_TO, OPTION_BCC };

int lm_message_export(lua_State *L)
{
    static const struct lm_option options[] = {{"to", LM_ANY}, {"bcc", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L);
    IConverterSession *converter;
    IMessage *native;
    void **stream;
    const void *bytes;
    size_t length;
    ULONG flags = CCSF_SMTP;
    int first;
    HRESULT hr;

    lua_settop(L, 2);
    first = lm_options(L, 2, options);
    if (!lua_isnil(L, first + OPTION_TO) && lm_test_file(L, first + OPTION_TO) == NULL) {
        luaL_argerror(L, 2, "option 'to': an open file expected");
    }
    /* Bcc is nobody's business but the sender's: exported only when asked for. */
    flags |= lm_option_flag(L, first + OPTION_BCC, false) ? CCSF_INCLUDE_BCC : 0;
    if (!lm_converter_push(L, operation, &converter)) {
        return 3;
    }
    stream = lm_box_unknown(L);
    native = LM_MESSAGE(L, self);
    hr = lm_writer_create((IStream **)stream);
    if (SUCCEEDED(hr)) {
        hr = converter->lpVtbl->MAPIToMIMEStm(converter, native, (IStream *)*stream, flags);
    }
    if (FAILED(hr)) {
        return lm_fail(L, operation, hr);
    }
    bytes = lm_writer_content((IStream *)*stream, &length);
    if (!lua_isnil(L, first + OPTION_TO)) {
        return write_file(L, first + OPTION_TO, bytes, length);
    }
    lua_pushlstring(L, length > 0 ? bytes : "", length);
    return 1;
}
