/* message:recipients and message:set_recipients. */
#include "message.h"

#include <string.h>

#include <mapiguid.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "args.h"
#include "failure.h"
#include "value.h"

static const char *const type_names[] = {"orig", "to", "cc", "bcc"}; /* MAPI_ORIG to MAPI_BCC */

/* --- reading ---------------------------------------------------------------------------------------------------- */

enum { COLUMN_TYPE, COLUMN_NAME, COLUMN_SMTP, COLUMN_ADDRESS, COLUMN_KIND, COLUMNS };

/* Sets a text field of the table on the top of the stack; answers whether it did. */
static bool set_text(lua_State *L, const SPropValue *value, const char *field)
{
    if (PROP_TYPE(value->ulPropTag) != PT_UNICODE || value->Value.lpszW[0] == 0) {
        return false;
    }
    lm_value_push_text(L, value->Value.lpszW);
    lua_setfield(L, -2, field);
    return true;
}

static void push_recipient(lua_State *L, const SRow *row)
{
    const SPropValue *values = row->lpProps;
    ULONG type = PROP_TYPE(values[COLUMN_TYPE].ulPropTag) == PT_LONG ? values[COLUMN_TYPE].Value.ul & 0xFF : MAPI_TO;

    lua_createtable(L, 0, 3);
    lua_pushstring(L, type <= MAPI_BCC ? type_names[type] : "to");
    lua_setfield(L, -2, "type");
    set_text(L, &values[COLUMN_NAME], "name");
    if (!set_text(L, &values[COLUMN_SMTP], "address")) {
        set_text(L, &values[COLUMN_ADDRESS], "address");
    }
    /* An address of another kind than SMTP says so. */
    if (set_text(L, &values[COLUMN_KIND], "address_type")) {
        lua_getfield(L, -1, "address_type");
        if (strcmp(lua_tostring(L, -1), "SMTP") == 0) {
            lua_pushnil(L);
            lua_setfield(L, -3, "address_type");
        }
        lua_pop(L, 1);
    }
}

static HRESULT read_rows(IMessage *message, void **table, void **rows)
{
    static const struct {
        ULONG cValues;
        ULONG tags[COLUMNS];
    } columns = {COLUMNS, {PR_RECIPIENT_TYPE, PR_DISPLAY_NAME_W, PR_SMTP_ADDRESS_W, PR_EMAIL_ADDRESS_W, PR_ADDRTYPE_W}};
    HRESULT hr = message->lpVtbl->GetRecipientTable(message, MAPI_UNICODE, (IMAPITable **)table);

    if (SUCCEEDED(hr)) {
        hr =
            HrQueryAllRows((IMAPITable *)*table, (SPropTagArray *)(uintptr_t)&columns, NULL, NULL, 0, (SRowSet **)rows);
    }
    return hr;
}

int lm_message_recipients(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    void **table = lm_box_unknown(L), **rows = lm_box_rows(L);
    HRESULT hr = read_rows(LM_MESSAGE(L, self), table, rows);
    const SRowSet *set = *rows;

    if (FAILED(hr)) {
        return lm_fail(L, "message:recipients", hr);
    }
    lua_createtable(L, set != NULL && set->cRows < 1024 ? (int)set->cRows : 0, 0);
    for (ULONG i = 0; set != NULL && i < set->cRows; i++) {
        if (set->aRow[i].cValues == COLUMNS) {
            push_recipient(L, &set->aRow[i]);
            lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        }
    }
    return 1;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

enum { MOST_RECIPIENTS = 100000 };

struct recipient {
    ULONG type;
    WCHAR *name, *address, *kind; /* NUL-terminated, kept by the anchor; all but the name may be NULL */
    const char *address8, *kind8; /* the same in UTF-8 */
    size_t name_units, address_units, address_bytes, kind_units, kind_bytes;
};

static const WCHAR smtp_type[5] = {'S', 'M', 'T', 'P', 0};

static int bad_recipient(lua_State *L, lua_Integer i, const char *text)
{
    return luaL_argerror(L, 2, lua_pushfstring(L, "recipient %I: %s", (LUAI_UACINT)i, text));
}

/* A text field of the recipient on the top of the stack as UTF-16; NULL when it is absent or empty. */
static WCHAR *read_field(lua_State *L, int anchor, lua_Integer i, const char *field, size_t *units, const char **utf8,
                         size_t *bytes)
{
    int top = lua_gettop(L);
    WCHAR *text = NULL;

    lua_pushstring(L, field);
    if (lua_rawget(L, top) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TSTRING) {
            bad_recipient(L, i, lua_pushfstring(L, "%s must be a string", field));
        }
        text = lm_check_wide_at(L, top + 1, 2, lua_pushfstring(L, "recipient %I: %s", (LUAI_UACINT)i, field), units);
        lua_rawseti(L, anchor, (lua_Integer)lua_rawlen(L, anchor) + 1);
        if (lua_rawlen(L, top + 1) == 0) {
            text = NULL;
        } else if (utf8 != NULL) {
            *utf8 = lua_tolstring(L, top + 1, bytes);
            lua_pushvalue(L, top + 1);
            lua_rawseti(L, anchor, (lua_Integer)lua_rawlen(L, anchor) + 1);
        }
    }
    lua_settop(L, top);
    return text;
}

static void check_fields(lua_State *L, lua_Integer i)
{
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        if (strcmp(key, "type") != 0 && strcmp(key, "name") != 0 && strcmp(key, "address") != 0 &&
            strcmp(key, "address_type") != 0) {
            bad_recipient(L, i, lua_pushfstring(L, "unknown field '%s'", key));
        }
        lua_pop(L, 1);
    }
}

/* The recipient on the top of the stack. */
static void read_recipient(lua_State *L, int anchor, lua_Integer i, struct recipient *out)
{
    if (lua_type(L, -1) != LUA_TTABLE) {
        bad_recipient(L, i, "a table expected");
    }
    memset(out, 0, sizeof *out);
    check_fields(L, i);
    out->type = MAPI_TO;
    lua_pushliteral(L, "type");
    if (lua_rawget(L, -2) != LUA_TNIL) {
        const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        for (out->type = MAPI_ORIG; out->type <= MAPI_BCC && strcmp(name, type_names[out->type]) != 0;) {
            out->type++;
        }
        if (out->type > MAPI_BCC) {
            bad_recipient(L, i, "type must be \"to\", \"cc\", \"bcc\" or \"orig\"");
        }
    }
    lua_pop(L, 1);
    out->address = read_field(L, anchor, i, "address", &out->address_units, &out->address8, &out->address_bytes);
    out->name = read_field(L, anchor, i, "name", &out->name_units, NULL, NULL);
    out->kind = read_field(L, anchor, i, "address_type", &out->kind_units, &out->kind8, &out->kind_bytes);
    if (out->kind == NULL) {
        out->kind = (WCHAR *)(uintptr_t)smtp_type; /* never written to */
        out->kind8 = "SMTP";
        out->kind_units = out->kind_bytes = 4;
    }
    if (out->name == NULL) {
        if (out->address == NULL) {
            bad_recipient(L, i, "a name or an address expected");
        }
        out->name = out->address;
        out->name_units = out->address_units;
    }
}

/* One-off entry identifiers [message-store-entry-identifiers and one-off pages; layout: mapiguid.h's
 * MAPI_ONE_OFF_UID]: flags, UID, version, flags, then name, address type and address, each with its NUL. */
static const BYTE one_off_head[24] = {0,    0,    0,    0,    0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19,
                                      0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02, 0,    0,    0x01, 0x80};

static BYTE *put(BYTE *at, const void *bytes, size_t length)
{
    memcpy(at, bytes, length);
    return at + length;
}

static size_t entryid_size(const struct recipient *from)
{
    return sizeof one_off_head + (from->name_units + from->kind_units + from->address_units + 3) * sizeof(WCHAR);
}

/* "SMTP:USER@HOST", in capitals, with its NUL [pidtagsearchkey-canonical-property.md]. */
static size_t search_key_size(const struct recipient *from)
{
    return from->kind_bytes + 1 + from->address_bytes + 1;
}

static BYTE *put_capitals(BYTE *at, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        *at++ = (BYTE)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    }
    return at;
}

static void put_search_key(BYTE *at, const struct recipient *from)
{
    at = put_capitals(at, from->kind8, from->kind_bytes);
    *at++ = ':';
    at = put_capitals(at, from->address8, from->address_bytes);
    *at = 0;
}

static void set_string(SPropValue *value, ULONG tag, const WCHAR *text)
{
    value->ulPropTag = tag;
    value->Value.lpszW = (WCHAR *)(uintptr_t)text;
}

static void set_binary(SPropValue *value, ULONG tag, BYTE *bytes, size_t size)
{
    value->ulPropTag = tag;
    value->Value.bin.cb = (ULONG)size;
    value->Value.bin.lpb = bytes;
}

enum { MOST_PROPERTIES = 7 };

/* What a recipient with an address has besides: only an SMTP address is PR_SMTP_ADDRESS too. */
static void put_address(const struct recipient *from, BYTE *at, SPropValue *values, ULONG *count)
{
    size_t address_size = (from->address_units + 1) * sizeof(WCHAR), kind_size = (from->kind_units + 1) * sizeof(WCHAR);
    const WCHAR *address = (const WCHAR *)(void *)at;
    BYTE *entryid;

    at = put(at, from->address, address_size);
    set_string(&values[(*count)++], PR_ADDRTYPE_W, (const WCHAR *)(void *)at);
    at = put(at, from->kind, kind_size);
    set_string(&values[(*count)++], PR_EMAIL_ADDRESS_W, address);
    if (strcmp(from->kind8, "SMTP") == 0) {
        set_string(&values[(*count)++], PR_SMTP_ADDRESS_W, address);
    }
    set_binary(&values[(*count)++], PR_ENTRYID, at, entryid_size(from));
    entryid = put(at, one_off_head, sizeof one_off_head);
    entryid = put(entryid, from->name, (from->name_units + 1) * sizeof(WCHAR));
    entryid = put(entryid, from->kind, kind_size);
    at = put(entryid, from->address, address_size);
    set_binary(&values[(*count)++], PR_SEARCH_KEY, at, search_key_size(from));
    put_search_key(at, from);
}

/* One entry, in a single block as ModifyRecipients wants to own it
 * [managing-memory-for-adrlist-and-srowset-structures.md]. */
static HRESULT make_entry(const struct recipient *from, ADRENTRY *out)
{
    size_t name_size = (from->name_units + 1) * sizeof(WCHAR);
    size_t size = MOST_PROPERTIES * sizeof(SPropValue) + name_size;
    SPropValue *values = NULL;
    BYTE *at;

    if (from->address != NULL) {
        size +=
            (from->address_units + from->kind_units + 2) * sizeof(WCHAR) + entryid_size(from) + search_key_size(from);
    }
    if (size > INT32_MAX) {
        return MAPI_E_TOO_BIG;
    }
    if (FAILED(MAPIAllocateBuffer((ULONG)size, (void **)&values))) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    memset(values, 0, MOST_PROPERTIES * sizeof *values);
    at = (BYTE *)(values + MOST_PROPERTIES);
    values[0].ulPropTag = PR_RECIPIENT_TYPE;
    values[0].Value.ul = from->type;
    set_string(&values[1], PR_DISPLAY_NAME_W, (const WCHAR *)(void *)at);
    at = put(at, from->name, name_size);
    out->cValues = 2;
    if (from->address != NULL) {
        put_address(from, at, values, &out->cValues);
    }
    out->rgPropVals = values;
    return S_OK;
}

/* The list in the box grows entry by entry, so that a failure on the way frees what is there. Nothing of Lua is
 * called. */
static HRESULT make_list(const struct recipient *from, ULONG count, ADRLIST **out)
{
    HRESULT hr = MAPIAllocateBuffer((ULONG)CbNewADRLIST(count + 1), (void **)out);

    if (FAILED(hr)) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    memset(*out, 0, CbNewADRLIST(count + 1));
    for (ULONG i = 0; i < count; i++) {
        hr = make_entry(&from[i], &(*out)->aEntries[i]);
        if (FAILED(hr)) {
            return hr;
        }
        (*out)->cEntries = i + 1;
    }
    return S_OK;
}

int lm_message_set_recipients(lua_State *L)
{
    struct lm_object *self = lm_self(L);
    struct recipient *recipients;
    IMessage *native;
    lua_Unsigned count;
    void **list;
    int anchor;
    HRESULT hr;

    luaL_checktype(L, 2, LUA_TTABLE);
    count = lm_check_array(L, 2, 2, "an array of recipients expected: { { address = ... }, ... }");
    luaL_argcheck(L, count <= MOST_RECIPIENTS, 2, "too many recipients: there can be 100,000");
    lua_newtable(L);
    anchor = lua_gettop(L);
    recipients = lm_scratch(L, anchor, (size_t)count * sizeof *recipients);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        read_recipient(L, anchor, (lua_Integer)i + 1, &recipients[i]);
        lua_pop(L, 1);
    }
    list = lm_box_rows(L); /* an ADRLIST is laid out as an SRowSet, and FreeProws frees it as FreePadrlist would */
    native = LM_MESSAGE(L, self);
    hr = make_list(recipients, (ULONG)count, (ADRLIST **)list);
    if (SUCCEEDED(hr)) {
        hr = native->lpVtbl->ModifyRecipients(native, 0, (ADRLIST *)*list);
    }
    return lm_result(L, "message:set_recipients", hr);
}
