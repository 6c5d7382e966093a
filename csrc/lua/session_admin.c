/* What a session opens and administers: stores, entries, profile sections, message services. */
#include "access.h"
#include "args.h"
#include "failure.h"
#include "listing.h"
#include "session.h"
#include "types.h"
#include "value.h"

#include <string.h>

#include <mapiutil.h>

/* --- entry ids --------------------------------------------------------------------------------------------------- */

struct entry {
    ULONG size;
    LPENTRYID id; /* NULL for an empty string; belongs to the Lua string */
};

static struct entry check_entry_at(lua_State *L, int index, int arg)
{
    struct entry entry;
    size_t length;
    const char *bytes = lua_tolstring(L, index, &length);

    luaL_argcheck(L, length <= 0x7FFFFFFF, arg, "entry identifier too long");
    entry.size = (ULONG)length;
    entry.id = length != 0 ? (LPENTRYID)(void *)(uintptr_t)bytes : NULL;
    return entry;
}

static struct entry check_entry(lua_State *L, int arg)
{
    size_t length;

    lm_check_binary(L, arg, &length);
    return check_entry_at(L, arg, arg);
}

int lm_session_compare_entry_ids(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    struct entry a = check_entry(L, 2);
    struct entry b = check_entry(L, 3);
    IMAPISession *session = lm_session_native(L, self);
    ULONG same = FALSE;
    HRESULT hr;

    lm_forget();
    hr = session->lpVtbl->CompareEntryIDs(session, a.size, a.id, b.size, b.id, 0, &same);
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:compare_entry_ids", hr);
    }
    lua_pushboolean(L, same != FALSE);
    return 1;
}

int lm_session_query_identity(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    void **box = lm_box_buffer(L);
    IMAPISession *session = lm_session_native(L, self);
    ULONG size = 0;
    HRESULT hr;

    lm_forget();
    hr = session->lpVtbl->QueryIdentity(session, &size, (LPENTRYID *)box);
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:query_identity", hr);
    }
    lua_pushlstring(L, (const char *)*box, size);
    return lm_value(L, hr);
}

/* --- stores ------------------------------------------------------------------------------------------------------ */

static const struct lm_column store_columns[] = {
    {PR_ENTRYID, "entryid"},
    {PR_DISPLAY_NAME_W, "display_name"},
    {PR_DEFAULT_STORE, "default"},
    {PR_PROVIDER_DISPLAY_W, "provider"},
    {PR_MDB_PROVIDER, "mdb_provider"},
    {PR_RECORD_KEY, "record_key"},
    {PR_RESOURCE_FLAGS, "resource_flags"},
};

int lm_session_stores(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    struct lm_listing *listing =
        lm_listing_new(L, 1, "session:stores", store_columns, sizeof store_columns / sizeof *store_columns);
    IMAPISession *session = lm_session_native(L, self);
    IMAPITable *table = NULL;
    HRESULT hr;

    lm_forget();
    hr = session->lpVtbl->GetMsgStoresTable(session, MAPI_UNICODE, &table);
    if (FAILED(hr)) {
        self->last_error = hr;
        return lm_raise(L, "session:stores", hr);
    }
    return lm_listing_start(L, listing, table);
}

enum { FIND_ENTRYID, FIND_NAME, FIND_DEFAULT, FIND_COLUMNS };

static bool same_text(const WCHAR *a, const WCHAR *b)
{
    while (*a != 0 && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Which row of the store table: the one of that name, or the default one for NULL. NULL: none. */
static const SRow *choose_store(const SRowSet *rows, const WCHAR *name)
{
    ULONG i;

    for (i = 0; i < rows->cRows; i++) {
        const SPropValue *props = rows->aRow[i].lpProps;

        if (props[FIND_ENTRYID].ulPropTag != PR_ENTRYID) {
            continue;
        }
        if (name != NULL
                ? props[FIND_NAME].ulPropTag == PR_DISPLAY_NAME_W && same_text(props[FIND_NAME].Value.lpszW, name)
                : props[FIND_DEFAULT].ulPropTag == PR_DEFAULT_STORE && props[FIND_DEFAULT].Value.b) {
            return &rows->aRow[i];
        }
    }
    return NULL;
}

/* Reads the session's store table. No Lua is called. */
static HRESULT read_stores(IMAPISession *session, SRowSet **rows)
{
    static const SizedSPropTagArray(FIND_COLUMNS, columns) = {FIND_COLUMNS,
                                                              {PR_ENTRYID, PR_DISPLAY_NAME_W, PR_DEFAULT_STORE}};
    IMAPITable *table = NULL;
    HRESULT hr = session->lpVtbl->GetMsgStoresTable(session, MAPI_UNICODE, &table);

    if (SUCCEEDED(hr)) {
        hr = HrQueryAllRows(table, (LPSPropTagArray)(void *)(uintptr_t)&columns, NULL, NULL, 0, rows);
        table->lpVtbl->Release(table);
    }
    return hr;
}

enum { OPT_NAME, OPT_ENTRYID, OPT_WRITE, OPT_SPOOLER };

static const struct lm_option open_store_options[] = {
    {"name", LM_TEXT}, {"entryid", LM_BYTES}, {"write", LM_BOOLEAN}, {"spooler", LM_BOOLEAN}, {NULL, LM_ANY}};

/* Pushes the entry id of the store that is wanted; or answers why not. */
static HRESULT push_store_entryid(lua_State *L, struct lm_session *self, int base)
{
    WCHAR *name = lua_isnil(L, base + OPT_NAME) ? NULL : lm_check_wide_at(L, base + OPT_NAME, 2, "option 'name'", NULL);
    void **box;
    const SRow *row;
    HRESULT hr;

    if (!lua_isnil(L, base + OPT_ENTRYID)) {
        lua_pushvalue(L, base + OPT_ENTRYID);
        return S_OK;
    }
    box = lm_box_rows(L);
    hr = read_stores(lm_session_native(L, self), (SRowSet **)box);
    if (FAILED(hr)) {
        return hr;
    }
    row = choose_store((const SRowSet *)*box, name);
    if (row == NULL) {
        return MAPI_E_NOT_FOUND;
    }
    lua_pushlstring(L, (const char *)row->lpProps[FIND_ENTRYID].Value.bin.lpb, row->lpProps[FIND_ENTRYID].Value.bin.cb);
    return S_OK;
}

/* spooler: the store as who sends what is submitted sees it. Outlook's MAPI has a spooler of its own. */
static HRESULT open_store(lua_State *L, struct lm_session *self, struct entry entry, ULONG flags, bool spooler,
                          IMsgStore **store)
{
    IMAPISession *session = lm_session_native(L, self);

    if (!spooler) {
        return session->lpVtbl->OpenMsgStore(session, 0, entry.size, entry.id, NULL, flags, store);
    }
    return self->info == NULL ? MAPI_E_NO_SUPPORT
                              : self->info->lpVtbl->OpenSpoolerStore(self->info, entry.size, entry.id, flags, store);
}

int lm_session_open_store(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    struct lm_object *made;
    IMsgStore *store = NULL;
    struct entry entry;
    ULONG flags = MDB_NO_DIALOG;
    bool spooler;
    int base;
    HRESULT hr;

    lua_settop(L, 2);
    base = lm_options(L, 2, open_store_options);
    spooler = lm_option_flag(L, base + OPT_SPOOLER, false);
    luaL_argcheck(L, lua_isnil(L, base + OPT_NAME) || lua_isnil(L, base + OPT_ENTRYID), 2,
                  "options 'name' and 'entryid' exclude each other");
    if (lua_isnil(L, base + OPT_WRITE)) {
        flags |= MAPI_BEST_ACCESS;
    } else if (lua_toboolean(L, base + OPT_WRITE)) {
        flags |= MDB_WRITE;
    }
    lm_forget();
    hr = push_store_entryid(L, self, base);
    if (hr == MAPI_E_NOT_FOUND) {
        self->last_error = hr;
        return lm_fail_text(L, "session:open_store", hr,
                            lua_isnil(L, base + OPT_NAME) ? "the profile has no default message store"
                                                          : "the profile has no message store of that name");
    }
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:open_store", hr);
    }
    entry = check_entry_at(L, -1, 2);
    made = lm_new(L, &lm_store_type, 1, 0);
    hr = open_store(L, self, entry, flags, spooler, &store);
    if (FAILED(hr) && lm_exhausted(L, hr)) {
        hr = open_store(L, self, entry, flags, spooler, &store);
    }
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:open_store", hr);
    }
    lm_open(made, (IUnknown *)store);
    return lm_value(L, hr);
}

int lm_session_set_default_store(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    struct entry entry = {0, NULL};
    IMAPISession *session;
    HRESULT hr;

    if (!lua_isnoneornil(L, 2)) {
        entry = check_entry(L, 2);
    }
    session = lm_session_native(L, self);
    lm_forget();
    hr = session->lpVtbl->SetDefaultStore(session, MAPI_DEFAULT_STORE, entry.size, entry.id);
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:set_default_store", hr);
    }
    return lm_result(L, "session:set_default_store", hr);
}

/* --- entries ----------------------------------------------------------------------------------------------------- */

static const struct lm_option open_entry_options[] = {{"write", LM_BOOLEAN}, {NULL, LM_ANY}};

int lm_session_open_entry(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    struct entry entry = check_entry(L, 2);
    struct lm_object *made;
    IMAPISession *session;
    void **box;
    ULONG flags = MAPI_BEST_ACCESS;
    ULONG kind = 0;
    int base;
    HRESULT hr;

    lua_settop(L, 3);
    base = lm_options(L, 3, open_entry_options);
    if (!lua_isnil(L, base)) {
        flags = lua_toboolean(L, base) ? MAPI_MODIFY : 0;
    }
    box = lm_box_unknown(L);
    lm_forget();
    session = lm_session_native(L, self);
    hr = session->lpVtbl->OpenEntry(session, entry.size, entry.id, NULL, flags, &kind, (LPUNKNOWN *)box);
    if (FAILED(hr) && lm_exhausted(L, hr)) {
        session = lm_session_native(L, self);
        hr = session->lpVtbl->OpenEntry(session, entry.size, entry.id, NULL, flags, &kind, (LPUNKNOWN *)box);
    }
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:open_entry", hr);
    }
    made = lm_new_entry(L, kind, 1);
    if (made == NULL) {
        return lm_fail_text(L, "session:open_entry", MAPI_E_NO_SUPPORT,
                            "there is no Lua object for what this entry is");
    }
    lm_open(made, (IUnknown *)*box);
    *box = NULL;
    return lm_value(L, hr);
}

/* --- services and profile sections ------------------------------------------------------------------------------- */

static const struct lm_column service_columns[] = {
    {PR_SERVICE_NAME_W, "name"},
    {PR_DISPLAY_NAME_W, "display_name"},
    {PR_SERVICE_UID, "uid"},
    {PR_RESOURCE_FLAGS, "resource_flags"},
};

/* imapisession-adminservices.md: the services of the session's profile. */
int lm_session_services(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    struct lm_listing *listing;
    IMsgServiceAdmin *admin = NULL;
    IMAPITable *table = NULL;
    IMAPISession *session;
    HRESULT hr;

    listing =
        lm_listing_new(L, 1, "session:services", service_columns, sizeof service_columns / sizeof *service_columns);
    session = lm_session_native(L, self);
    lm_forget();
    hr = session->lpVtbl->AdminServices(session, 0, &admin);
    if (SUCCEEDED(hr)) {
        hr = admin->lpVtbl->GetMsgServiceTable(admin, 0, &table);
        admin->lpVtbl->Release(admin);
    }
    if (FAILED(hr)) {
        self->last_error = hr;
        return lm_raise(L, "session:services", hr);
    }
    return lm_listing_start(L, listing, table);
}

/* imapisession-getstatustable.md, status-tables.md: how MAPI and each provider are doing. */
static const struct lm_column status_columns[] = {
    {PR_DISPLAY_NAME_W, "display_name"},
    {PR_RESOURCE_TYPE, "resource_type"},
    {PR_STATUS_CODE, "status_code"},
    {PR_STATUS_STRING_W, "status_string"},
    {PR_RESOURCE_FLAGS, "resource_flags"},
    {PR_RESOURCE_METHODS, "resource_methods"},
    {PR_PROVIDER_DISPLAY_W, "provider"},
    {PR_PROVIDER_DLL_NAME_W, "provider_dll_name"},
    {PR_ENTRYID, "entryid"},
    {PR_INSTANCE_KEY, "instance_key"},
    {PR_OBJECT_TYPE, "object_type"},
    {PR_ROWID, "rowid"},
    {PR_IDENTITY_DISPLAY_W, "identity_display"},
    {PR_IDENTITY_ENTRYID, "identity_entryid"},
    {PR_IDENTITY_SEARCH_KEY, "identity_search_key"},
};

int lm_session_status(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    struct lm_listing *listing =
        lm_listing_new(L, 1, "session:status", status_columns, sizeof status_columns / sizeof *status_columns);
    IMAPISession *session = lm_session_native(L, self);
    IMAPITable *table = NULL;
    HRESULT hr;

    lm_forget();
    hr = session->lpVtbl->GetStatusTable(session, MAPI_UNICODE, &table);
    if (FAILED(hr)) {
        self->last_error = hr;
        return lm_raise(L, "session:status", hr);
    }
    return lm_listing_start(L, listing, table);
}

/* A MAPIUID: 16 bytes, or written as a GUID. */
static MAPIUID check_uid(lua_State *L, int arg)
{
    size_t length;
    const char *text = lm_check_binary(L, arg, &length);
    MAPIUID uid = {{0}};
    GUID guid;

    if (length == sizeof uid) {
        memcpy(&uid, text, sizeof uid);
    } else if (lm_guid_parse(text, length, &guid)) {
        memcpy(&uid, &guid, sizeof uid);
    } else {
        luaL_argerror(L, arg, "16 bytes or a GUID in braces expected");
    }
    return uid;
}

enum { OPT_SECTION_WRITE, OPT_SECTION_FORCE };

static const struct lm_option section_options[] = {{"write", LM_BOOLEAN}, {"force", LM_BOOLEAN}, {NULL, LM_ANY}};

/* imapisession-openprofilesection.md. Read-only unless `write`, because one writer keeps every reader out; `force`
 * opens a provider's own section. */
int lm_session_profile_section(lua_State *L)
{
    struct lm_session *self = lm_session_self(L);
    MAPIUID uid = check_uid(L, 2);
    struct lm_object *made;
    IProfSect *section = NULL;
    IMAPISession *session;
    ULONG flags;
    int base;
    HRESULT hr;

    lua_settop(L, 3);
    base = lm_options(L, 3, section_options);
    flags = (lm_option_flag(L, base + OPT_SECTION_WRITE, false) ? MAPI_MODIFY : 0) |
            (lm_option_flag(L, base + OPT_SECTION_FORCE, false) ? MAPI_FORCE_ACCESS : 0);
    made = lm_new(L, &lm_profile_section_type, 1, 0);
    session = lm_session_native(L, self);
    lm_forget();
    hr = session->lpVtbl->OpenProfileSection(session, &uid, NULL, flags, &section);
    if (FAILED(hr)) {
        return lm_session_fail(L, self, "session:profile_section", hr);
    }
    lm_open(made, (IUnknown *)section);
    return lm_value(L, hr);
}

static const luaL_Reg section_methods[] = {
    {"get", lm_get}, {"set", lm_set}, {"props", lm_props}, {"delete_props", lm_delete_props}, {NULL, NULL}};

const struct lm_type lm_profile_section_type = {
    .name = "profile_section",
    .size = sizeof(struct lm_object),
    .weight = 512,
    .methods = section_methods,
};
