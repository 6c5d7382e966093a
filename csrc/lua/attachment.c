/* mapi.attachment, and what a message does with its attachments. */
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mapiguid.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "access.h"
#include "args.h"
#include "failure.h"
#include "types.h"

/* --- message:attachments ---------------------------------------------------------------------------------------- */

enum { ATTACHMENTS_NUMBERS = LM_UPVALUE_METATABLE + 1, ATTACHMENTS_PLACE };

/* Pushes the attachment with that number; nothing on failure. */
static HRESULT push_attachment(lua_State *L, struct lm_object *message, ULONG number)
{
    struct lm_object *made = lm_new(L, &lm_attachment_type, 1, 0);
    IMessage *native = LM_MESSAGE(L, message);
    IAttach *attachment = NULL;
    HRESULT hr = native->lpVtbl->OpenAttach(native, number, NULL, MAPI_BEST_ACCESS, &attachment);

    if (FAILED(hr)) {
        lua_pop(L, 1);
        return hr;
    }
    lm_open(made, (IUnknown *)attachment);
    return hr;
}

/* next: upvalues are the attachments' numbers and the place of the last one. */
static int attachments_next(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(ATTACHMENTS_PLACE));
    HRESULT hr;

    do {
        if (lua_rawgeti(L, lua_upvalueindex(ATTACHMENTS_NUMBERS), ++place) == LUA_TNIL) {
            return 0;
        }
        lua_pushinteger(L, place);
        lua_replace(L, lua_upvalueindex(ATTACHMENTS_PLACE));
        hr = push_attachment(L, self, (ULONG)lua_tointeger(L, -1));
    } while (hr == MAPI_E_NOT_FOUND); /* deleted since */
    return FAILED(hr) ? lm_raise(L, "message:attachments", hr) : 1;
}

/* An attachment table is small, dynamic and knows no bookmarks [imessage-getattachmenttable.md]: the numbers are read
 * at once. */
static HRESULT read_numbers(IMessage *message, void **table, void **rows)
{
    SPropTagArray columns = {1, {PR_ATTACH_NUM}};
    HRESULT hr = message->lpVtbl->GetAttachmentTable(message, MAPI_UNICODE, (IMAPITable **)table);

    if (SUCCEEDED(hr)) {
        hr = HrQueryAllRows((IMAPITable *)*table, &columns, NULL, NULL, 0, (SRowSet **)rows);
    }
    return hr;
}

int lm_message_attachments(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    void **table, **rows;
    const SRowSet *set;
    int numbers;
    lua_Integer count = 0;
    HRESULT hr;

    lua_pushvalue(L, lua_upvalueindex(LM_UPVALUE_STATE));
    lua_pushvalue(L, lua_upvalueindex(LM_UPVALUE_METATABLE));
    lua_newtable(L);
    numbers = lua_gettop(L);
    table = lm_box_unknown(L);
    rows = lm_box_rows(L);
    hr = read_numbers(LM_MESSAGE(L, self), table, rows);
    if (FAILED(hr)) {
        return lm_raise(L, "message:attachments", hr);
    }
    set = *rows;
    for (ULONG i = 0; set != NULL && i < set->cRows; i++) {
        const SRow *row = &set->aRow[i];
        if (row->cValues == 1 && row->lpProps[0].ulPropTag == PR_ATTACH_NUM) {
            lua_pushinteger(L, row->lpProps[0].Value.l);
            lua_rawseti(L, numbers, ++count);
        }
    }
    lua_settop(L, numbers); /* frees table and rows */
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, attachments_next, ATTACHMENTS_PLACE);
    lua_pushvalue(L, 1);
    return 2;
}

/* --- message:attach --------------------------------------------------------------------------------------------- */

struct attaching {
    WCHAR *name, *type, *extension; /* NULL: not given */
    const char *data, *path;        /* one of the two */
    size_t length;
};

static void set_text(SPropValue *values, ULONG *count, ULONG tag, WCHAR *text)
{
    if (text != NULL) {
        values[*count].ulPropTag = tag;
        values[(*count)++].Value.lpszW = text;
    }
}

/* What every attachment by value has (05 of the documentation: ATTACH_BY_VALUE and where it is drawn). Nothing of Lua
 * is called. */
static HRESULT describe(IAttach *attachment, const struct attaching *from)
{
    SPropValue values[8];
    ULONG count = 0;

    memset(values, 0, sizeof values);
    values[count].ulPropTag = PR_ATTACH_METHOD;
    values[count++].Value.l = ATTACH_BY_VALUE;
    values[count].ulPropTag = PR_RENDERING_POSITION;
    values[count++].Value.l = -1; /* nowhere in the text */
    set_text(values, &count, PR_ATTACH_LONG_FILENAME_W, from->name);
    set_text(values, &count, PR_ATTACH_FILENAME_W, from->name);
    set_text(values, &count, PR_DISPLAY_NAME_W, from->name);
    set_text(values, &count, PR_ATTACH_EXTENSION_W, from->extension);
    set_text(values, &count, PR_ATTACH_MIME_TAG_W, from->type);
    return attachment->lpVtbl->SetProps(attachment, count, values, NULL);
}

/* Sets errno to 0 where the failure is not the file's. */
static HRESULT copy_file(const char *path, IStream *to)
{
    char piece[16384];
    size_t got;
    HRESULT hr = S_OK;
    FILE *file;

    errno = 0;
    file = fopen(path, "rb");
    if (file == NULL) {
        return MAPI_E_DISK_ERROR;
    }
    while (SUCCEEDED(hr) && (got = fread(piece, 1, sizeof piece, file)) > 0) {
        hr = lm_stream_write(to, piece, got);
        errno = SUCCEEDED(hr) ? errno : 0;
    }
    if (SUCCEEDED(hr) && ferror(file)) {
        hr = MAPI_E_DISK_ERROR;
    }
    got = (size_t)errno;
    fclose(file);
    errno = (int)got;
    return hr;
}

/* Fills and saves the attachment. `broken`: the errno of the file, if it was the file. */
static HRESULT fill(IAttach *attachment, const struct attaching *from, int *broken)
{
    IUnknown *unknown = NULL;
    IStream *stream;
    HRESULT hr = describe(attachment, from);

    *broken = 0;
    if (SUCCEEDED(hr)) {
        hr = attachment->lpVtbl->OpenProperty(attachment, PR_ATTACH_DATA_BIN, &IID_IStream,
                                              STGM_READWRITE | STGM_CREATE, MAPI_CREATE | MAPI_MODIFY, &unknown);
    }
    if (FAILED(hr)) {
        return hr;
    }
    stream = (IStream *)unknown;
    if (from->path != NULL) {
        hr = copy_file(from->path, stream);
        *broken = hr == MAPI_E_DISK_ERROR ? errno : 0;
    } else {
        hr = lm_stream_write(stream, from->data, from->length);
    }
    if (SUCCEEDED(hr)) {
        hr = stream->lpVtbl->Commit(stream, STGC_DEFAULT);
    }
    stream->lpVtbl->Release(stream);
    return SUCCEEDED(hr) ? attachment->lpVtbl->SaveChanges(attachment, KEEP_OPEN_READWRITE) : hr;
}

enum { OPTION_NAME, OPTION_DATA, OPTION_PATH, OPTION_TYPE };

/* Reads the options into `from`; what they point to stays on the stack. */
static void read_attaching(lua_State *L, struct attaching *from)
{
    static const struct lm_option options[] = {
        {"name", LM_TEXT}, {"data", LM_BYTES}, {"path", LM_TEXT}, {"type", LM_TEXT}, {NULL, LM_ANY}};
    int first;

    memset(from, 0, sizeof *from);
    luaL_checktype(L, 2, LUA_TTABLE);
    first = lm_options(L, 2, options);
    luaL_argcheck(L, lua_isnil(L, first + OPTION_DATA) != lua_isnil(L, first + OPTION_PATH), 2,
                  "one of data and path expected");
    luaL_checkstack(L, 8, NULL);
    from->data = lua_tolstring(L, first + OPTION_DATA, &from->length);
    if (!lua_isnil(L, first + OPTION_PATH)) {
        from->path = lm_check_text_at(L, first + OPTION_PATH, 2, "option 'path'", NULL);
        if (lua_isnil(L, first + OPTION_NAME)) {
            const char *base = from->path;
            for (const char *at = from->path; *at != '\0'; at++) {
                base = *at == '/' || *at == '\\' ? at + 1 : base;
            }
            lua_pushstring(L, base);
            lua_replace(L, first + OPTION_NAME);
        }
    }
    if (!lua_isnil(L, first + OPTION_NAME)) {
        const char *dot = strrchr(lm_check_text_at(L, first + OPTION_NAME, 2, "option 'name'", NULL), '.');
        from->name = lm_check_wide_at(L, first + OPTION_NAME, 2, "option 'name'", NULL);
        if (dot != NULL) {
            lua_pushstring(L, dot);
            from->extension = lm_check_wide_at(L, lua_gettop(L), 2, "option 'name'", NULL);
        }
    }
    if (!lua_isnil(L, first + OPTION_TYPE)) {
        from->type = lm_check_wide_at(L, first + OPTION_TYPE, 2, "option 'type'", NULL);
    }
}

int lm_message_attach(lua_State *L)
{
    struct lm_object *self = lm_self(L), *made;
    struct attaching from;
    IMessage *message;
    IAttach *attachment = NULL;
    ULONG number = 0;
    int broken = 0, failed;
    HRESULT hr;

    read_attaching(L, &from);
    made = lm_new(L, &lm_attachment_type, 1, 0);
    message = LM_MESSAGE(L, self);
    hr = message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attachment);
    if (FAILED(hr)) {
        return lm_fail(L, "message:attach", hr);
    }
    lm_open(made, (IUnknown *)attachment);
    hr = fill(attachment, &from, &broken);
    if (SUCCEEDED(hr)) {
        return 1;
    }
    if (broken != 0) {
        failed = lm_fail_text(L, "message:attach", hr, lua_pushfstring(L, "%s: %s", from.path, strerror(broken)));
    } else {
        failed = lm_fail(L, "message:attach", hr);
    }
    /* Half an attachment is none: it was never saved, and the message must not keep it. */
    lm_end(made, LM_EXPLICIT);
    if (self->native != NULL) {
        message->lpVtbl->DeleteAttach(message, number, 0, NULL, 0);
    }
    return failed;
}

/* --- mapi.attachment -------------------------------------------------------------------------------------------- */

static int attachment_name(lua_State *L)
{
    static const ULONG tags[] = {PR_ATTACH_LONG_FILENAME_W, PR_ATTACH_FILENAME_W, PR_DISPLAY_NAME_W};
    struct lm_object *self = lm_self(L);
    HRESULT hr = MAPI_E_NOT_FOUND;

    for (size_t i = 0; i < sizeof tags / sizeof tags[0] && hr == MAPI_E_NOT_FOUND; i++) {
        hr = lm_prop_push(L, self, tags[i], 0);
        if (SUCCEEDED(hr) && lua_rawlen(L, -1) == 0) {
            lua_pop(L, 1);
            hr = MAPI_E_NOT_FOUND;
        }
    }
    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, "attachment:name", hr, "the attachment has no name");
    }
    return FAILED(hr) ? lm_fail(L, "attachment:name", hr) : 1;
}

static int attachment_data(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_prop_push(L, self, PR_ATTACH_DATA_BIN, 0);

    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, "attachment:data", hr,
                            "the attachment has no data; an embedded message is read with message()");
    }
    return FAILED(hr) ? lm_fail(L, "attachment:data", hr) : 1;
}

static int attachment_stream(lua_State *L)
{
    struct lm_object *self = lm_self(L);

    lua_settop(L, 2);
    return lm_open_stream(L, self, PR_ATTACH_DATA_BIN, 2, "attachment:stream");
}

/* An embedded message is the object property of its attachment [opening-an-attachment.md]. */
static int attachment_message(lua_State *L)
{
    struct lm_object *self = lm_self(L), *made = lm_new(L, &lm_message_type, 1, 0);
    IAttach *native;
    IUnknown *message = NULL;
    LONG method = 0;
    HRESULT hr = lm_long_prop(L, self, PR_ATTACH_METHOD, &method);

    if (SUCCEEDED(hr) && method != ATTACH_EMBEDDED_MSG) {
        return lm_fail_text(L, "attachment:message", MAPI_E_NOT_FOUND, "the attachment is no message; data() reads it");
    }
    native = LM_ATTACH(L, self);
    hr = native->lpVtbl->OpenProperty(native, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, MAPI_MODIFY, &message);
    if (hr == MAPI_E_NO_ACCESS) {
        hr = native->lpVtbl->OpenProperty(native, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, &message);
    }
    if (FAILED(hr)) {
        return lm_fail(L, "attachment:message", hr);
    }
    lm_open(made, message);
    return 1;
}

/* What was changed becomes part of the message, and lasts once that is saved [imapiprop-savechanges.md]. */
static int attachment_save(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IAttach *native = LM_ATTACH(L, self);

    return lm_result(L, "attachment:save", native->lpVtbl->SaveChanges(native, KEEP_OPEN_READWRITE));
}

static bool attachment_describe(struct lm_object *self, char *text, size_t size)
{
    return lm_describe_prop(self, PR_ATTACH_LONG_FILENAME_W, text, size);
}

static const luaL_Reg attachment_methods[] = {
    {"name", attachment_name},
    {"get", lm_get},
    {"set", lm_set},
    {"props", lm_props},
    {"delete_props", lm_delete_props},
    {"data", attachment_data},
    {"stream", attachment_stream},
    {"message", attachment_message},
    {"save", attachment_save},
    {NULL, NULL},
};

const struct lm_type lm_attachment_type = {
    .name = "attachment",
    .size = sizeof(struct lm_object),
    .weight = 1024,
    .methods = attachment_methods,
    .describe = attachment_describe,
};
