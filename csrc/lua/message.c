/* mapi.message: a message (IMessage). Recipients, attachments, export and streams are in files of their own. */
#include "message.h"

#include <string.h>

#include <mapiguid.h>
#include <mapitags.h>

#include "access.h"
#include "args.h"
#include "failure.h"
#include "types.h"

/* --- saving and place ------------------------------------------------------------------------------------------- */

static int message_save(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IMessage *native = LM_MESSAGE(L, self);
    HRESULT hr = native->lpVtbl->SaveChanges(native, KEEP_OPEN_READWRITE);

    if (hr == MAPI_E_OBJECT_CHANGED) {
        return lm_fail_text(L, "message:save", hr,
                            "somebody else has saved the message since it was opened; open it again to change it");
    }
    return lm_result(L, "message:save", hr);
}

static int message_submit(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    IMessage *native = LM_MESSAGE(L, self);

    return lm_result(L, "message:submit", native->lpVtbl->SubmitMessage(native, 0));
}

static int message_folder(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    size_t length;
    const char *id;
    HRESULT hr;

    if (self->parent != NULL && self->parent->type == &lm_attachment_type) {
        return lm_fail_text(L, "message:folder", MAPI_E_NOT_FOUND, "an embedded message is in no folder");
    }
    hr = lm_push_binary_prop(L, self, PR_PARENT_ENTRYID);
    if (SUCCEEDED(hr)) {
        id = lua_tolstring(L, -1, &length);
        hr = lm_open_entry(L, self, 1, id, length, MAPI_FOLDER);
    }
    return FAILED(hr) ? lm_fail(L, "message:folder", hr) : 1;
}

static int message_stream(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    struct lm_prop prop;
    bool creates;
    HRESULT hr;

    lua_settop(L, 3);
    lua_newtable(L);
    lm_prop_parse(L, 2, 2, 4, &prop);
    /* "w" makes the property; where nobody has used its name yet, it makes that too. */
    creates = lua_type(L, 3) == LUA_TSTRING && strcmp(lua_tostring(L, 3), "w") == 0;
    hr = lm_prop_identify(L, self, &prop, creates ? MAPI_CREATE : 0);
    if (SUCCEEDED(hr) && PROP_TYPE(prop.tag) == PT_UNSPECIFIED) {
        ULONG type;
        hr = lm_stored_type(L, self, prop.tag, &type);
        prop.tag = CHANGE_PROP_TYPE(prop.tag, type);
        if (SUCCEEDED(hr) && type == PT_UNSPECIFIED) {
            hr = MAPI_E_NOT_FOUND;
        }
    }
    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, "message:stream", hr,
                            lua_pushfstring(L, "there is no property '%s'; mode \"w\" makes one whose type is said",
                                            lm_prop_text(L, 2)));
    }
    if (FAILED(hr)) {
        return lm_fail(L, "message:stream", hr);
    }
    return lm_open_stream(L, self, prop.tag, 3, "message:stream");
}

/* --- what people ask for every day ------------------------------------------------------------------------------ */

/* Sets `field` of the table at `table` to the property; an empty or absent one leaves it nil. Answers whether it is
 * there. */
static HRESULT set_field(lua_State *L, struct lm_object *self, ULONG tag, int table, const char *field, bool *there)
{
    HRESULT hr = lm_prop_push(L, self, tag, 0);

    if (FAILED(hr)) {
        return hr == MAPI_E_NOT_FOUND ? S_OK : hr;
    }
    if (lua_rawlen(L, -1) > 0) {
        lua_setfield(L, table, field);
        *there = true;
    } else {
        lua_pop(L, 1);
    }
    return S_OK;
}

static HRESULT push_person(lua_State *L, struct lm_object *self, ULONG name, ULONG address, ULONG smtp)
{
    bool there = false, known = false;
    int table;
    HRESULT hr;

    lua_createtable(L, 0, 2);
    table = lua_gettop(L);
    hr = set_field(L, self, name, table, "name", &there);
    if (SUCCEEDED(hr)) {
        hr = set_field(L, self, smtp, table, "address", &known);
    }
    if (SUCCEEDED(hr) && !known) {
        hr = set_field(L, self, address, table, "address", &there);
    }
    if (SUCCEEDED(hr) && !there && !known) {
        hr = MAPI_E_NOT_FOUND;
    }
    if (FAILED(hr)) {
        lua_settop(L, table - 1);
    }
    return hr;
}

/* SENT_REPRESENTING is the From of a mail; who sent it on somebody's behalf comes second (message-envelope.md). */
static int message_from(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = push_person(L, self, PR_SENT_REPRESENTING_NAME_W, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
                             PR_SENT_REPRESENTING_SMTP_ADDRESS_W);

    if (hr == MAPI_E_NOT_FOUND) {
        hr = push_person(L, self, PR_SENDER_NAME_W, PR_SENDER_EMAIL_ADDRESS_W, PR_SENDER_SMTP_ADDRESS_W);
    }
    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, "message:from", hr, "the message has no sender");
    }
    return FAILED(hr) ? lm_fail(L, "message:from", hr) : 1;
}

static int message_date(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_prop_push(L, self, PR_CLIENT_SUBMIT_TIME, 0);

    if (hr == MAPI_E_NOT_FOUND) {
        hr = lm_prop_push(L, self, PR_MESSAGE_DELIVERY_TIME, 0);
    }
    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, "message:date", hr, "the message has no date");
    }
    return FAILED(hr) ? lm_fail(L, "message:date", hr) : 1;
}

static int message_headers(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_prop_push(L, self, PR_TRANSPORT_MESSAGE_HEADERS_W, 0);

    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, "message:headers", hr, "the message has no header text: it did not come as mail");
    }
    return FAILED(hr) ? lm_fail(L, "message:headers", hr) : 1;
}

/* ---------------------------------------------------------------------------------------------------------------- */

static bool message_describe(struct lm_object *self, char *text, size_t size)
{
    return lm_describe_prop(self, PR_SUBJECT_W, text, size);
}

static const luaL_Reg message_methods[] = {
    {"get", lm_get},
    {"set", lm_set},
    {"props", lm_props},
    {"delete_props", lm_delete_props},
    {"save", message_save},
    {"submit", message_submit},
    {"entryid", lm_entryid},
    {"folder", message_folder},
    {"stream", message_stream},
    {"from", message_from},
    {"date", message_date},
    {"text", lm_message_text},
    {"html", lm_message_html},
    {"headers", message_headers},
    {"recipients", lm_message_recipients},
    {"set_recipients", lm_message_set_recipients},
    {"attachments", lm_message_attachments},
    {"attach", lm_message_attach},
    {"export", lm_message_export},
    {NULL, NULL},
};

const struct lm_type lm_message_type = {
    .name = "message",
    .size = sizeof(struct lm_object),
    .weight = 4096,
    .methods = message_methods,
    .describe = message_describe,
};
