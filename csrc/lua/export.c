/* message:export: a message becomes RFC 5322 text. */
#include "message.h"

#include <stdio.h>
#include <string.h>

#include <iconvertersession.h>
#include <mapix.h>

#include "args.h"
#include "failure.h"
#include "filestream.h"
#include "luastream.h"
#include "types.h"

static const char operation[] = "message:export";

enum { OPTION_TO, OPTION_BCC };

int lm_message_export(lua_State *L)
{
    static const struct lm_option options[] = {{"to", LM_ANY}, {"bcc", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct lm_object *self = lm_self(L);
    IConverterSession *converter;
    luaL_Stream *file = NULL;
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
    if (!lua_isnil(L, first + OPTION_TO)) {
        file = (luaL_Stream *)lm_test_file(L, first + OPTION_TO); /* a finalizer may have closed it */
    }
    hr = file != NULL ? lm_file_writer_create(file->f, (IStream **)stream) : lm_writer_create((IStream **)stream);
    if (SUCCEEDED(hr)) {
        hr = converter->lpVtbl->MAPIToMIMEStm(converter, LM_MESSAGE(L, self), (IStream *)*stream, flags);
    }
    /* A disk that is full says so here and not when the script closes the file. */
    if (SUCCEEDED(hr) && file != NULL) {
        hr = ((IStream *)*stream)->lpVtbl->Commit((IStream *)*stream, STGC_DEFAULT);
    }
    if (FAILED(hr)) {
        int error = file != NULL && *stream != NULL ? lm_file_error((IStream *)*stream) : 0;
        return error != 0 ? lm_fail_text(L, operation, hr, strerror(error)) : lm_fail(L, operation, hr);
    }
    if (file != NULL) {
        lua_pushboolean(L, 1);
        return 1;
    }
    bytes = lm_writer_content((IStream *)*stream, &length);
    lua_pushlstring(L, length > 0 ? bytes : "", length);
    return 1;
}
