/* manager:create: an account from a table. The documented interface cannot make one; our subsystem's can. */
#include "account.h"

#include "account_value.h"
#include "args.h"
#include "failure.h"

#include <string.h>

/* What people call the properties that every account is made with. Everything else has its documented name. */
static const struct {
    const char *name;
    DWORD tag;
} short_names[] = {
    {"name", PROP_ACCT_NAME},
    {"address", PROP_ACCT_USER_EMAIL_ADDR},
    {"display_name", PROP_ACCT_USER_DISPLAY_NAME},
    {"server", PROP_INET_SERVER},
    {"user", PROP_INET_USER},
    {"port", PROP_INET_PORT},
    {"ssl", PROP_INET_SSL},
    {"password", PROP_INET_PASSWORD},
    {"password_command", PROP_INET_PASSWORD_COMMAND},
};

/* Stack of create: the manager, its table, what keeps the list below alive; then the values, so that they live whatever
 * happens to the table. */
enum { SLOT_MANAGER = 1, SLOT_TABLE, SLOT_DRAFT, SLOT_VALUES };

struct draft {
    const CLSID *type;
    ULONG count;
    DWORD *tags;            /* of the values on the stack, in their order */
    ACCT_VARIANT *variants; /* the same */
};

static bool find_short(const char *name, DWORD *tag)
{
    size_t i;

    for (i = 0; i < sizeof short_names / sizeof *short_names; i++) {
        if (strcmp(short_names[i].name, name) == 0) {
            *tag = short_names[i].tag;
            return true;
        }
    }
    return false;
}

static DWORD tag_of(lua_State *L, int key)
{
    DWORD tag;

    if (lua_type(L, key) == LUA_TSTRING && find_short(lua_tostring(L, key), &tag)) {
        return tag;
    }
    return lm_account_tag(L, key, SLOT_TABLE);
}

static bool is_type(lua_State *L, int key)
{
    return lua_type(L, key) == LUA_TSTRING && strcmp(lua_tostring(L, key), "type") == 0;
}

static const CLSID *check_type(lua_State *L, int index)
{
    const CLSID *type = lua_type(L, index) == LUA_TSTRING ? OlkTypeFromName(lua_tostring(L, index)) : NULL;

    if (type == NULL) {
        luaL_tolstring(L, index, NULL);
        luaL_argerror(L, SLOT_TABLE,
                      lua_isnil(L, index) ? "an account needs a type"
                                          : lua_pushfstring(L, "unknown type of account '%s'", lua_tostring(L, -1)));
    }
    return type;
}

/* Twice the same under two names would leave it to chance which of them counts. */
static void check_once(lua_State *L, const struct draft *draft, DWORD tag)
{
    ULONG i;

    for (i = 0; i < draft->count; i++) {
        if (draft->tags[i] == tag) {
            const char *name = OlkPropName(tag);

            luaL_argerror(L, SLOT_TABLE, lua_pushfstring(L, "%s is given twice", name != NULL ? name : "a property"));
        }
    }
}

/* Reads the table: checks everything, and leaves the values on the stack. */
static void read_table(lua_State *L, struct draft *draft)
{
    size_t count = 0;

    for (lua_pushnil(L); lua_next(L, SLOT_TABLE) != 0; lua_pop(L, 1)) {
        count++;
    }
    draft->tags = (DWORD *)lua_newuserdatauv(L, (count + 1) * (sizeof *draft->tags + sizeof *draft->variants), 0);
    draft->variants = (ACCT_VARIANT *)(void *)draft->tags; /* the stricter alignment first */
    draft->tags = (DWORD *)(void *)(draft->variants + count + 1);
    luaL_checkstack(L, count < 10000 ? (int)count + 8 : 10000, "too many properties");
    lua_pushnil(L);
    while (lua_next(L, SLOT_TABLE) != 0) {
        int value = lua_gettop(L), key = value - 1;
        DWORD tag;

        if (is_type(L, key)) {
            draft->type = check_type(L, value);
            lua_settop(L, key);
            continue;
        }
        tag = tag_of(L, key);
        lm_account_value_check(L, value, SLOT_TABLE, tag);
        lua_settop(L, value);
        check_once(L, draft, tag);
        if (draft->count == count) {
            luaL_argerror(L, SLOT_TABLE, "the table has changed while it was read");
        }
        draft->tags[draft->count++] = tag;
        lua_insert(L, key); /* the value stays below, the key goes on */
    }
}

/* Makes variants of the values, in memory that holds them all. From here to the wiping nothing may raise. Answers the
 * memory's size. */
static size_t fill(lua_State *L, struct draft *draft, WCHAR **memory)
{
    size_t size = 0;
    WCHAR *at;
    ULONG i;

    for (i = 0; i < draft->count; i++) {
        size += lm_account_value_room(L, SLOT_VALUES + (int)i, draft->tags[i]);
    }
    *memory = at = (WCHAR *)lua_newuserdatauv(L, size, 0);
    for (i = 0; i < draft->count; i++) {
        int index = SLOT_VALUES + (int)i;

        lm_account_value_read(L, index, draft->tags[i], at, &draft->variants[i]);
        at += lm_account_value_room(L, index, draft->tags[i]) / sizeof *at;
    }
    return size;
}

int lm_manager_create(lua_State *L)
{
    struct lm_account_manager *self = lm_manager_of(lm_self(L));
    struct draft draft = {0};
    WCHAR *memory;
    DWORD id = 0;
    HRESULT hr = MAPI_E_NO_SUPPORT;
    size_t size;

    luaL_checktype(L, SLOT_TABLE, LUA_TTABLE);
    lua_settop(L, SLOT_TABLE);
    read_table(L, &draft);
    if (draft.type == NULL) {
        return luaL_argerror(L, SLOT_TABLE, "an account needs a type");
    }
    size = fill(L, &draft, &memory);
    if (self->object.native != NULL && self->embedded != NULL) {
        lm_forget();
        hr = self->embedded->lpVtbl->CreateAccount(self->embedded, draft.type, draft.count, draft.tags, draft.variants,
                                                   &id);
    }
    lm_wipe(memory, size);
    lm_still_open(L, &self->object);
    if (FAILED(hr)) {
        return lm_fail_olk(L, "manager:create", hr);
    }
    return lm_account_push_id(L, id, "manager:create");
}
