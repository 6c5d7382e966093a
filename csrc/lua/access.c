/* get, set, props and delete_props of every object that has properties. */
#include "access.h"

#include <string.h>

#include <mapiguid.h>
#include <mapitags.h>

#include "args.h"
#include "base/hresult.h"
#include "failure.h"

/* Above this a value is written through a stream: what SetProps takes at once is the provider's to limit, a stream is
 * not. */
enum { LARGE_VALUE = 64 * 1024 };

const char *lm_operation(lua_State *L, const struct lm_object *self, const char *method)
{
    return lua_pushfstring(L, "%s:%s", self->type->name, method);
}

static int fail_method(lua_State *L, const struct lm_object *self, const char *method, HRESULT hr)
{
    return lm_fail(L, lm_operation(L, self, method), hr);
}

/* --- streams ---------------------------------------------------------------------------------------------------- */

HRESULT lm_stream_write(IStream *stream, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length > 0) {
        ULONG piece = length > 0x10000000u ? 0x10000000u : (ULONG)length, written = 0;
        HRESULT hr = stream->lpVtbl->Write(stream, at, piece, &written);
        if (FAILED(hr)) {
            return hr;
        }
        if (written == 0 || written > piece) {
            return MAPI_E_CALL_FAILED;
        }
        at += written;
        length -= written;
    }
    return S_OK;
}

/* Reads at most `size` bytes. Nothing of Lua is called. */
static HRESULT read_all(IStream *stream, char *bytes, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ULONG piece = size - *got > 0x10000000u ? 0x10000000u : (ULONG)(size - *got), read = 0;
        HRESULT hr = stream->lpVtbl->Read(stream, bytes + *got, piece, &read);
        if (FAILED(hr)) {
            return hr;
        }
        if (read == 0) {
            break;
        }
        *got += read;
    }
    return S_OK;
}

HRESULT lm_stream_push(lua_State *L, IStream *stream, unsigned unit)
{
    STATSTG stat;
    size_t got = 0;
    char *bytes;
    HRESULT hr;

    memset(&stat, 0, sizeof stat);
    hr = stream->lpVtbl->Stat(stream, &stat, STATFLAG_NONAME);
    if (FAILED(hr)) {
        return hr;
    }
    if (stat.cbSize.QuadPart > UINT32_MAX) {
        return MAPI_E_TOO_BIG;
    }
    bytes = lua_newuserdatauv(L, (size_t)stat.cbSize.QuadPart + sizeof(WCHAR), 0);
    hr = read_all(stream, bytes, (size_t)stat.cbSize.QuadPart, &got);
    if (FAILED(hr)) {
        lua_pop(L, 1);
        return hr;
    }
    if (unit == sizeof(WCHAR)) {
        const WCHAR *text = (const WCHAR *)(void *)bytes;
        size_t units = got / sizeof(WCHAR);
        /* Some providers end the stream of a string with its NUL. */
        if (units > 0 && text[units - 1] == 0) {
            units--;
        }
        lm_push_wide_n(L, text, units);
    } else {
        lua_pushlstring(L, bytes, got);
    }
    lua_remove(L, -2);
    return S_OK;
}

HRESULT lm_stored_type(lua_State *L, struct lm_object *self, ULONG tag, ULONG *type)
{
    IMAPIProp *native = LM_PROP(L, self);
    SPropTagArray *list = NULL;
    HRESULT hr = native->lpVtbl->GetPropList(native, MAPI_UNICODE, &list);

    *type = PT_UNSPECIFIED;
    if (FAILED(hr)) {
        return hr;
    }
    for (ULONG i = 0; list != NULL && i < list->cValues; i++) {
        if (PROP_ID(list->aulPropTag[i]) == PROP_ID(tag)) {
            *type = PROP_TYPE(list->aulPropTag[i]);
        }
    }
    MAPIFreeBuffer(list);
    return S_OK;
}

/* A value that GetProps finds too big [imapiprop-getprops.md]. */
static HRESULT push_big(lua_State *L, struct lm_object *self, ULONG tag)
{
    void **box;
    int at;
    IMAPIProp *native;
    HRESULT hr = S_OK;

    if (PROP_TYPE(tag) == PT_UNSPECIFIED) {
        ULONG type;
        hr = lm_stored_type(L, self, tag, &type);
        tag = CHANGE_PROP_TYPE(tag, type);
        if (FAILED(hr)) {
            return hr;
        }
    }
    if (PROP_TYPE(tag) != PT_UNICODE && PROP_TYPE(tag) != PT_BINARY) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    box = lm_box_unknown(L);
    at = lua_gettop(L);
    native = LM_PROP(L, self);
    hr = native->lpVtbl->OpenProperty(native, tag, &IID_IStream, STGM_READ, 0, (IUnknown **)box);
    if (SUCCEEDED(hr)) {
        hr = lm_stream_push(L, *box, PROP_TYPE(tag) == PT_UNICODE ? sizeof(WCHAR) : 1);
    }
    if (FAILED(hr)) {
        lua_settop(L, at - 1);
        return hr;
    }
    lua_closeslot(L, at);
    lua_remove(L, at);
    return S_OK;
}

/* --- get -------------------------------------------------------------------------------------------------------- */

HRESULT lm_prop_push(lua_State *L, struct lm_object *self, ULONG tag, unsigned flags)
{
    SPropTagArray tags = {1, {tag}};
    void **box;
    ULONG count = 0;
    IMAPIProp *native;
    const SPropValue *value;
    int at;
    HRESULT hr;

    luaL_checkstack(L, 8, NULL);
    box = lm_box_buffer(L);
    at = lua_gettop(L);
    native = LM_PROP(L, self);
    hr = native->lpVtbl->GetProps(native, &tags, MAPI_UNICODE, &count, (SPropValue **)box);
    value = *box;
    if (SUCCEEDED(hr)) {
        if (value == NULL || count != 1) {
            hr = MAPI_E_NOT_FOUND;
        } else if (PROP_TYPE(value->ulPropTag) == PT_ERROR) {
            hr = FAILED(value->Value.err) ? value->Value.err : MAPI_E_NOT_FOUND;
        } else if (PROP_TYPE(value->ulPropTag) == PT_NULL || PROP_TYPE(value->ulPropTag) == PT_OBJECT) {
            hr = MAPI_E_NOT_FOUND;
        }
    }
    if (FAILED(hr)) {
        lua_settop(L, at - 1);
        return hr == MAPI_E_NOT_ENOUGH_MEMORY ? push_big(L, self, tag) : hr;
    }
    lm_value_push(L, value, flags);
    lua_closeslot(L, at);
    lua_remove(L, at);
    return S_OK;
}

static unsigned value_flags(lua_State *L, int arg)
{
    static const struct lm_option options[] = {{"exact", LM_BOOLEAN}, {NULL, LM_ANY}};
    int first;

    if (lua_isnoneornil(L, arg)) {
        return 0;
    }
    first = lm_options(L, arg, options);
    return lm_option_flag(L, first, false) ? LM_VALUE_EXACT : 0;
}

static int get_one(lua_State *L, struct lm_object *self, unsigned flags)
{
    struct lm_prop prop;
    HRESULT hr;

    lua_newtable(L);
    lm_prop_parse(L, 2, 2, lua_gettop(L), &prop);
    hr = lm_prop_identify(L, self, &prop, 0);
    if (SUCCEEDED(hr)) {
        hr = lm_prop_push(L, self, prop.tag, flags);
    }
    if (hr == MAPI_E_NOT_FOUND) {
        const char *operation = lm_operation(L, self, "get");
        return lm_fail_text(L, operation, hr, lua_pushfstring(L, "there is no property '%s'", lm_prop_text(L, 2)));
    }
    return FAILED(hr) ? fail_method(L, self, "get", hr) : 1;
}

/* The properties that a list names. Most lists are short and need no memory of Lua's. */
enum { FEW = 32 };

struct wanted {
    SizedSPropTagArray(FEW, few);
    ULONG few_places[FEW];
    SPropTagArray *tags;
    ULONG *places; /* of tags[i] in the array at argument 2 */
};

/* The tags of the names in the array at argument 2, those of unknown named properties left out. */
static HRESULT get_tags(lua_State *L, struct lm_object *self, int anchor, struct wanted *wanted)
{
    lua_Unsigned count = lm_check_array(L, 2, 2, "an array of properties expected");
    SPropTagArray *tags = (SPropTagArray *)(void *)&wanted->few;
    ULONG *places = wanted->few_places;

    luaL_argcheck(L, count <= 0xFFFF, 2, "too many properties");
    if (count > FEW) {
        tags = lm_scratch(L, anchor, CbNewSPropTagArray(count));
        places = lm_scratch(L, anchor, (size_t)count * sizeof *places);
    }
    wanted->tags = tags;
    wanted->places = places;
    tags->cValues = 0;
    for (ULONG i = 1; i <= count; i++) {
        struct lm_prop prop;
        HRESULT hr;
        lua_rawgeti(L, 2, i);
        lm_prop_parse(L, lua_gettop(L), 2, anchor, &prop);
        lua_pop(L, 1);
        hr = lm_prop_identify(L, self, &prop, 0);
        if (FAILED(hr) && hr != MAPI_E_NOT_FOUND) {
            return hr;
        }
        if (SUCCEEDED(hr)) {
            places[tags->cValues] = i;
            tags->aulPropTag[tags->cValues++] = prop.tag;
        }
    }
    return S_OK;
}

static int get_many(lua_State *L, struct lm_object *self, unsigned flags)
{
    struct wanted wanted;
    SPropTagArray *tags;
    ULONG count = 0;
    IMAPIProp *native;
    const SPropValue *values;
    void **box;
    int result;
    HRESULT hr;

    lua_newtable(L);
    hr = get_tags(L, self, lua_gettop(L), &wanted);
    if (FAILED(hr)) {
        return fail_method(L, self, "get", hr);
    }
    tags = wanted.tags;
    lua_createtable(L, 0, (int)tags->cValues);
    result = lua_gettop(L);
    if (tags->cValues == 0) {
        lm_still_open(L, self);
        return 1;
    }
    box = lm_box_buffer(L);
    native = LM_PROP(L, self);
    hr = native->lpVtbl->GetProps(native, tags, MAPI_UNICODE, &count, (SPropValue **)box);
    if (FAILED(hr)) {
        return fail_method(L, self, "get", hr);
    }
    values = *box;
    for (ULONG i = 0; values != NULL && i < count && i < tags->cValues; i++) {
        if (PROP_TYPE(values[i].ulPropTag) != PT_ERROR) {
            lua_rawgeti(L, 2, wanted.places[i]);
            lm_value_push(L, &values[i], flags);
        } else if (values[i].Value.err == MAPI_E_NOT_ENOUGH_MEMORY) {
            lua_rawgeti(L, 2, wanted.places[i]);
            hr = push_big(L, self, tags->aulPropTag[i]);
            if (FAILED(hr)) {
                return fail_method(L, self, "get", hr);
            }
        } else {
            continue;
        }
        lua_rawset(L, result);
    }
    lua_pushvalue(L, result);
    return 1;
}

int lm_get(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    unsigned flags;

    luaL_checkany(L, 2);
    flags = value_flags(L, 3);
    return lua_istable(L, 2) ? get_many(L, self, flags) : get_one(L, self, flags);
}

/* --- set -------------------------------------------------------------------------------------------------------- */

HRESULT lm_prop_write(lua_State *L, struct lm_object *self, ULONG tag, const void *bytes, size_t length)
{
    IMAPIProp *native = LM_PROP(L, self);
    IUnknown *unknown = NULL;
    IStream *stream;
    HRESULT hr = native->lpVtbl->OpenProperty(native, tag, &IID_IStream, STGM_READWRITE | STGM_CREATE,
                                              MAPI_CREATE | MAPI_MODIFY, &unknown);

    if (FAILED(hr)) {
        return hr;
    }
    stream = (IStream *)unknown;
    hr = lm_stream_write(stream, bytes, length);
    if (SUCCEEDED(hr)) {
        hr = stream->lpVtbl->Commit(stream, STGC_DEFAULT);
    }
    stream->lpVtbl->Release(stream);
    return hr;
}

/* One property to be set; its name as written is in the table of names, at the same place. */
struct assignment {
    struct lm_prop prop;
    SPropValue value;
};

struct assignments {
    struct assignment *list;
    SPropValue *values; /* room for a copy of all values, as SetProps wants them */
    ULONG *places;      /* of values[i] in the list */
    ULONG count;
    int names, anchor; /* stack indexes */
};

static void prepare(lua_State *L, struct assignments *all, lua_Unsigned count)
{
    lua_createtable(L, (int)count, 0);
    all->names = lua_gettop(L);
    lua_newtable(L);
    all->anchor = lua_gettop(L);
    all->list = lm_scratch(L, all->anchor, (size_t)count * sizeof *all->list);
    all->values = lm_scratch(L, all->anchor, (size_t)count * sizeof *all->values);
    all->places = lm_scratch(L, all->anchor, (size_t)count * sizeof *all->places);
    all->count = 0;
}

/* Checks and reads the name and the value at two stack indexes. Changes nothing in the object. */
static HRESULT assign(lua_State *L, struct lm_object *self, struct assignments *all, int name, int value, int name_arg,
                      int value_arg, unsigned flags)
{
    struct assignment *one = &all->list[all->count];
    ULONG tag;
    HRESULT hr;

    lua_pushvalue(L, name);
    lua_rawseti(L, all->names, (lua_Integer)all->count + 1);
    lm_prop_parse(L, name, name_arg, all->anchor, &one->prop);
    hr = lm_prop_identify(L, self, &one->prop, 0);
    if (FAILED(hr) && hr != MAPI_E_NOT_FOUND) {
        return hr;
    }
    tag = one->prop.tag;
    if (PROP_TYPE(tag) == PT_UNSPECIFIED && PROP_ID(tag) != 0) {
        ULONG type;
        hr = lm_stored_type(L, self, tag, &type);
        if (FAILED(hr)) {
            return hr;
        }
        tag = CHANGE_PROP_TYPE(tag, type);
    }
    lm_value_read(L, value, tag, flags, value_arg, lm_prop_text(L, name), all->anchor, &one->value);
    lua_pop(L, 1);
    all->count++;
    return S_OK;
}

/* nil, message, name for the property that is written at place `place` of the array at stack index `names`. */
static int fail_property(lua_State *L, int names, ULONG place, const char *operation, HRESULT hr)
{
    const char *text = hresult_text(hr), *name;

    lua_rawgeti(L, names, (lua_Integer)place);
    name = lm_prop_text(L, lua_gettop(L));
    if (text == NULL) {
        text = "it cannot be set";
    }
    return lm_fail_text(L, operation, hr, lua_pushfstring(L, "property '%s': %s", name, text));
}

static HRESULT set_now(lua_State *L, struct lm_object *self, SPropValue *values, ULONG count, ULONG *failed)
{
    IMAPIProp *native = LM_PROP(L, self);
    SPropProblemArray *problems = NULL;
    HRESULT hr = native->lpVtbl->SetProps(native, count, values, &problems);

    *failed = count;
    if (SUCCEEDED(hr) && problems != NULL && problems->cProblem > 0) {
        *failed = problems->aProblem[0].ulIndex < count ? problems->aProblem[0].ulIndex : 0;
        hr = FAILED(problems->aProblem[0].scode) ? problems->aProblem[0].scode : MAPI_E_CALL_FAILED;
    }
    MAPIFreeBuffer(problems);
    return hr;
}

static HRESULT set_large(lua_State *L, struct lm_object *self, SPropValue *value)
{
    const void *bytes =
        PROP_TYPE(value->ulPropTag) == PT_BINARY ? (const void *)value->Value.bin.lpb : value->Value.lpszW;
    HRESULT hr = lm_prop_write(L, self, value->ulPropTag, bytes, lm_value_bytes(value));
    ULONG failed;

    /* A folder or store may have no streams; then SetProps must do. */
    if (hr == MAPI_E_NO_SUPPORT || hr == MAPI_E_INTERFACE_NOT_SUPPORTED) {
        hr = set_now(L, self, value, 1, &failed);
    }
    return hr;
}

/* 0, or 3 with nil, message, name pushed. */
static int apply(lua_State *L, struct lm_object *self, struct assignments *all, const char *operation)
{
    ULONG small = 0, failed;
    HRESULT hr;

    for (ULONG i = 0; i < all->count; i++) {
        struct assignment *one = &all->list[i];
        hr = lm_prop_identify(L, self, &one->prop, MAPI_CREATE);
        if (FAILED(hr)) {
            return fail_property(L, all->names, i + 1, operation, hr);
        }
        one->value.ulPropTag = CHANGE_PROP_TYPE(one->prop.tag, PROP_TYPE(one->value.ulPropTag));
        if (lm_value_bytes(&one->value) < LARGE_VALUE) {
            all->places[small] = i;
            all->values[small++] = one->value;
        }
    }
    if (small > 0) {
        hr = set_now(L, self, all->values, small, &failed);
        if (FAILED(hr)) {
            return failed < small ? fail_property(L, all->names, all->places[failed] + 1, operation, hr)
                                  : lm_fail(L, operation, hr);
        }
    }
    for (ULONG i = 0; i < all->count; i++) {
        if (lm_value_bytes(&all->list[i].value) >= LARGE_VALUE) {
            hr = set_large(L, self, &all->list[i].value);
            if (FAILED(hr)) {
                return fail_property(L, all->names, i + 1, operation, hr);
            }
        }
    }
    return 0;
}

int lm_set_table(lua_State *L, struct lm_object *self, int index, int arg, const char *operation)
{
    struct assignments all;
    lua_Unsigned count = 0;
    int failed;

    luaL_checkstack(L, 16, NULL);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        count++;
    }
    luaL_argcheck(L, count <= 0xFFFF, arg, "too many properties");
    if (count == 0) {
        return 0;
    }
    prepare(L, &all, count);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        int top = lua_gettop(L);
        HRESULT hr;
        if (all.count == count) {
            luaL_argerror(L, arg, "the table was changed meanwhile");
        }
        hr = assign(L, self, &all, top - 1, top, arg, arg, 0);
        if (FAILED(hr)) {
            return lm_fail(L, operation, hr);
        }
        lua_settop(L, top - 1);
    }
    failed = apply(L, self, &all, operation);
    if (failed == 0) {
        lua_settop(L, all.names - 1);
    }
    return failed;
}

int lm_set(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    const char *operation;
    int failed;

    if (lua_istable(L, 2)) {
        luaL_argcheck(L, lua_isnoneornil(L, 3), 3, "no value expected after a table");
        operation = lm_operation(L, self, "set");
        failed = lm_set_table(L, self, 2, 2, operation);
    } else {
        struct assignments all;
        unsigned flags;
        HRESULT hr;
        luaL_argcheck(L, !lua_isnoneornil(L, 3), 3, "value expected (delete_props removes a property)");
        flags = value_flags(L, 4);
        operation = lm_operation(L, self, "set");
        prepare(L, &all, 1);
        hr = assign(L, self, &all, 2, 3, 2, 3, flags);
        failed = FAILED(hr) ? lm_fail(L, operation, hr) : apply(L, self, &all, operation);
    }
    if (failed == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    return failed;
}

/* --- delete_props ----------------------------------------------------------------------------------------------- */

int lm_delete_props(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    struct wanted wanted;
    SPropProblemArray *problems = NULL;
    IMAPIProp *native;
    ULONG failed = 0; /* the place of what could not be deleted, as written */
    HRESULT hr;

    if (!lua_istable(L, 2)) {
        luaL_checkany(L, 2);
        lua_createtable(L, 1, 0);
        lua_pushvalue(L, 2);
        lua_rawseti(L, -2, 1);
        lua_replace(L, 2);
    }
    lua_newtable(L);
    hr = get_tags(L, self, lua_gettop(L), &wanted);
    if (SUCCEEDED(hr) && wanted.tags->cValues > 0) {
        native = LM_PROP(L, self);
        hr = native->lpVtbl->DeleteProps(native, wanted.tags, &problems);
        /* That a property is not there is no failure: it is what was asked for. */
        for (ULONG i = 0; SUCCEEDED(hr) && problems != NULL && i < problems->cProblem; i++) {
            if (problems->aProblem[i].scode != MAPI_E_NOT_FOUND) {
                hr = problems->aProblem[i].scode;
                failed = problems->aProblem[i].ulIndex < wanted.tags->cValues
                             ? wanted.places[problems->aProblem[i].ulIndex]
                             : 0;
            }
        }
        MAPIFreeBuffer(problems);
    }
    lm_still_open(L, self);
    if (FAILED(hr) && failed != 0) {
        return fail_property(L, 2, failed, lm_operation(L, self, "delete_props"), hr);
    }
    return lm_result(L, lm_operation(L, self, "delete_props"), hr);
}

/* --- props ------------------------------------------------------------------------------------------------------ */

/* A property that cannot be read is left out; anything else that goes wrong ends the iteration. */
static bool is_one_property(HRESULT hr)
{
    return hr == MAPI_E_NOT_FOUND || hr == MAPI_E_NO_ACCESS || hr == MAPI_E_NO_SUPPORT ||
           hr == MAPI_E_INTERFACE_NOT_SUPPORTED;
}

enum { PROPS_TAGS = LM_UPVALUE_METATABLE + 1, PROPS_PLACE };

/* next: upvalues are the tags and the place of the last one. */
static int props_next(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(PROPS_PLACE));

    while (lua_rawgeti(L, lua_upvalueindex(PROPS_TAGS), ++place) != LUA_TNIL) {
        ULONG tag = (ULONG)lua_tointeger(L, -1);
        HRESULT hr = lm_prop_push(L, self, tag, 0);
        if (SUCCEEDED(hr)) {
            lua_pushinteger(L, place);
            lua_replace(L, lua_upvalueindex(PROPS_PLACE));
            return 2;
        }
        if (!is_one_property(hr)) {
            return lm_raise(L, lm_operation(L, self, "props"), hr);
        }
        lua_pop(L, 1);
    }
    lua_pushinteger(L, place - 1);
    lua_replace(L, lua_upvalueindex(PROPS_PLACE));
    return 0;
}

int lm_props(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    void **box;
    const SPropTagArray *tags;
    IMAPIProp *native;
    lua_Integer count = 0;
    int at;
    HRESULT hr;

    lua_pushvalue(L, lua_upvalueindex(LM_UPVALUE_STATE));
    lua_pushvalue(L, lua_upvalueindex(LM_UPVALUE_METATABLE));
    lua_newtable(L);
    box = lm_box_buffer(L);
    at = lua_gettop(L);
    native = LM_PROP(L, self);
    hr = native->lpVtbl->GetPropList(native, MAPI_UNICODE, (SPropTagArray **)box);
    if (FAILED(hr)) {
        return lm_raise(L, lm_operation(L, self, "props"), hr);
    }
    tags = *box;
    for (ULONG i = 0; tags != NULL && i < tags->cValues; i++) {
        if (PROP_TYPE(tags->aulPropTag[i]) != PT_OBJECT) {
            lua_pushinteger(L, tags->aulPropTag[i]);
            lua_rawseti(L, at - 1, ++count);
        }
    }
    lua_settop(L, at - 1); /* frees the list */
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, props_next, PROPS_PLACE);
    lua_pushvalue(L, 1);
    return 2;
}

int lm_entryid(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    HRESULT hr = lm_push_binary_prop(L, self, PR_ENTRYID);

    if (hr == MAPI_E_NOT_FOUND) {
        return lm_fail_text(L, lm_operation(L, self, "entryid"), hr,
                            "it has none: a message gets one when it is saved, an embedded message never");
    }
    return FAILED(hr) ? fail_method(L, self, "entryid", hr) : 1;
}
