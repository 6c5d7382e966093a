#include "store/named_props.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/byte_buffer.h"
#include "base/failure.h"
#include "base/propcodec.h"
#include "store/text.h"

/* The most names one call may bring: far beyond the 32,767 there can be. */
enum { NAMES_LIMIT = 65536 };

static HRESULT check_name(const MAPINAMEID *name)
{
    if (name == NULL || name->lpguid == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if (name->ulKind == MNID_ID)
        return S_OK;
    if (name->ulKind != MNID_STRING || name->Kind.lpwstrName == NULL || name->Kind.lpwstrName[0] == 0)
        return MAPI_E_INVALID_PARAMETER;
    return S_OK;
}

/* Binds guid, kind and name as parameters 1 to 3; `text` keeps the name's bytes alive. */
static HRESULT bind_name(sqlite3_stmt *statement, const MAPINAMEID *name, struct byte_buffer *text)
{
    HRESULT hr = S_OK;

    sqlite3_bind_blob(statement, 1, name->lpguid, sizeof *name->lpguid, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, (int)name->ulKind);
    if (name->ulKind == MNID_ID) {
        sqlite3_bind_int64(statement, 3, name->Kind.lID);
    } else {
        byte_buffer_clear(text);
        hr = text_from_client(name->Kind.lpwstrName, MAPI_UNICODE, text);
        if (SUCCEEDED(hr))
            sqlite3_bind_text(statement, 3, (const char *)text->bytes, (int)text->size, SQLITE_STATIC);
    }
    return hr;
}

/* The id of a name, or 0. */
static HRESULT find_name(struct store *store, const MAPINAMEID *name, struct byte_buffer *text, ULONG *id)
{
    static const char sql[] = "SELECT id FROM named_property WHERE guid = ?1 AND kind = ?2 AND name = ?3";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    *id = 0;
    if (FAILED(hr))
        return hr;
    hr = bind_name(statement, name, text);
    if (SUCCEEDED(hr)) {
        int rc = sqlite3_step(statement);

        if (rc == SQLITE_ROW)
            *id = (ULONG)sqlite3_column_int64(statement, 0);
        hr = database_error(store->db, rc, "The named properties could not be read");
    }
    database_done(statement);
    return hr;
}

static HRESULT add_name(struct store *store, const MAPINAMEID *name, struct byte_buffer *text, ULONG *id)
{
    static const char sql[] = "INSERT INTO named_property (id, guid, kind, name)"
                              " SELECT coalesce(max(id) + 1, ?4), ?1, ?2, ?3 FROM named_property"
                              " HAVING coalesce(max(id), 0) < ?5";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    hr = bind_name(statement, name, text);
    if (FAILED(hr)) {
        database_done(statement);
        return hr;
    }
    sqlite3_bind_int(statement, 4, PROP_ID_NAMED_MIN);
    sqlite3_bind_int(statement, 5, PROP_ID_NAMED_MAX);
    hr = database_run(store->db, statement, "The named property could not be added");
    if (FAILED(hr))
        return hr;
    if (sqlite3_changes(database_handle(store->db)) == 0)
        return fail(MAPI_E_NOT_ENOUGH_RESOURCES, "The store has no property ids left for new names.");
    *id = (ULONG)sqlite3_last_insert_rowid(database_handle(store->db));
    return S_OK;
}

/* What a name is known by: its set, its kind, and its number or its text. */
static HRESULT make_key(const void *guid, ULONG kind, struct byte_buffer *key)
{
    HRESULT hr;

    byte_buffer_clear(key);
    hr = byte_buffer_append(key, guid, sizeof(GUID));
    return FAILED(hr) ? hr : byte_buffer_append_u32(key, kind);
}

static HRESULT key_of(const MAPINAMEID *name, struct byte_buffer *key)
{
    HRESULT hr = make_key(name->lpguid, name->ulKind, key);

    if (FAILED(hr))
        return hr;
    return name->ulKind == MNID_ID ? byte_buffer_append_u32(key, (uint32_t)name->Kind.lID)
                                   : text_from_client(name->Kind.lpwstrName, MAPI_UNICODE, key);
}

/* One row of names into the table. A damaged one is left out, as a query would not find it either. */
static HRESULT learn_row(struct store *store, sqlite3_stmt *statement, struct byte_buffer *key)
{
    int64_t id = sqlite3_column_int64(statement, 0);
    const void *guid = sqlite3_column_blob(statement, 1);
    ULONG kind = (ULONG)sqlite3_column_int64(statement, 2);
    int type = sqlite3_column_type(statement, 3);
    HRESULT hr = S_OK;

    if (guid != NULL && sqlite3_column_bytes(statement, 1) == (int)sizeof(GUID) && id > 0 && id <= PROP_ID_NAMED_MAX &&
        type == (kind == MNID_ID ? SQLITE_INTEGER : SQLITE_TEXT)) {
        hr = make_key(guid, kind, key);
        if (SUCCEEDED(hr) && kind == MNID_ID)
            hr = byte_buffer_append_u32(key, (uint32_t)sqlite3_column_int64(statement, 3));
        else if (SUCCEEDED(hr))
            hr = byte_buffer_append(key, sqlite3_column_text(statement, 3), (size_t)sqlite3_column_bytes(statement, 3));
        if (SUCCEEDED(hr))
            hr = name_table_add(&store->names, key->bytes, key->size, (ULONG)id);
    }
    if (SUCCEEDED(hr))
        store->names.newest = id;
    return hr;
}

/* Reads what has been added since. Not within a change, which may be undone. */
static HRESULT learn_names(struct store *store, struct byte_buffer *key)
{
    static const char sql[] = "SELECT id, guid, kind, name FROM named_property WHERE id > ?1 ORDER BY id";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc = SQLITE_OK;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, store->names.newest);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        hr = learn_row(store, statement, key);
    if (SUCCEEDED(hr))
        hr = database_error(store->db, rc, "The named properties could not be read");
    database_done(statement);
    return hr;
}

/* The id of one name, 0 where there is none. *learned: the table is up to date. */
static HRESULT identify(struct store *store, const MAPINAMEID *name, bool *learned, struct byte_buffer *key, ULONG *id)
{
    HRESULT hr = key_of(name, key);

    *id = 0;
    if (FAILED(hr))
        return hr;
    *id = name_table_find(&store->names, key->bytes, key->size);
    if (*id != 0 || *learned)
        return S_OK;
    if (store->depth > 0)
        return find_name(store, name, key, id);
    hr = learn_names(store, key);
    *learned = SUCCEEDED(hr);
    return FAILED(hr) ? hr : identify(store, name, learned, key, id);
}

/* Fills tags->aulPropTag, adding names where `create`; answers whether one is missing. */
static HRESULT look_up(struct store *store, ULONG count, LPMAPINAMEID *names, bool create, SPropTagArray *tags)
{
    struct byte_buffer text;
    bool learned = false;
    HRESULT result = S_OK;
    HRESULT hr = S_OK;
    ULONG i;

    byte_buffer_init(&text);
    for (i = 0; i < count && SUCCEEDED(hr); i++) {
        ULONG id;

        hr = identify(store, names[i], &learned, &text, &id);
        if (SUCCEEDED(hr) && id == 0 && create)
            hr = add_name(store, names[i], &text, &id);
        tags->aulPropTag[i] = id == 0 ? PROP_TAG(PT_ERROR, 0) : PROP_TAG(PT_UNSPECIFIED, id);
        if (id == 0)
            result = MAPI_W_ERRORS_RETURNED;
    }
    byte_buffer_free(&text);
    return FAILED(hr) ? hr : result;
}

/* The ids of all names of a set and of the kinds wanted. */
static HRESULT ids_of_set(struct store *store, const GUID *set, ULONG flags, LPSPropTagArray *tags)
{
    static const char sql[] =
        "SELECT id FROM named_property WHERE (?1 IS NULL OR guid = ?1) AND kind IN (?2, ?3) ORDER BY id";
    struct byte_buffer ids;
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc = SQLITE_OK;
    size_t i;

    if (FAILED(hr))
        return hr;
    byte_buffer_init(&ids);
    if (set != NULL)
        sqlite3_bind_blob(statement, 1, set, sizeof *set, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, 1);
    sqlite3_bind_int(statement, 2, (flags & MAPI_NO_IDS) != 0 ? -1 : MNID_ID);
    sqlite3_bind_int(statement, 3, (flags & MAPI_NO_STRINGS) != 0 ? -1 : MNID_STRING);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        hr = byte_buffer_append_u32(&ids, (uint32_t)sqlite3_column_int64(statement, 0));
    if (SUCCEEDED(hr))
        hr = database_error(store->db, rc, "The named properties could not be read");
    database_done(statement);
    if (SUCCEEDED(hr))
        hr = MAPIAllocateBuffer((ULONG)CbNewSPropTagArray(ids.size / 4 + 1), (void **)tags);
    if (SUCCEEDED(hr)) {
        (*tags)->cValues = (ULONG)(ids.size / 4);
        for (i = 0; i < ids.size / 4; i++)
            (*tags)->aulPropTag[i] = PROP_TAG(PT_UNSPECIFIED, bytes_get_u32(ids.bytes + 4 * i));
    }
    byte_buffer_free(&ids);
    return hr;
}

HRESULT named_ids_from_names(struct store *store, ULONG count, LPMAPINAMEID *names, ULONG flags, LPSPropTagArray *tags)
{
    LPSPropTagArray block = NULL;
    bool create = (flags & MAPI_CREATE) != 0;
    HRESULT hr = S_OK;
    ULONG i;

    if (tags == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~MAPI_CREATE) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (names == NULL || count == 0)
        return create || count != 0 ? MAPI_E_INVALID_PARAMETER : ids_of_set(store, NULL, 0, tags);
    if (count > NAMES_LIMIT)
        return MAPI_E_TOO_BIG;
    for (i = 0; i < count && SUCCEEDED(hr); i++)
        hr = check_name(names[i]);
    if (SUCCEEDED(hr))
        hr = MAPIAllocateBuffer((ULONG)CbNewSPropTagArray(count), (void **)&block);
    if (FAILED(hr))
        return hr;
    block->cValues = count;
    hr = look_up(store, count, names, false, block);
    if (hr == MAPI_W_ERRORS_RETURNED && create) {
        hr = store_begin(store);
        if (SUCCEEDED(hr))
            hr = store_end_transaction(store, look_up(store, count, names, true, block));
    }
    if (FAILED(hr)) {
        MAPIFreeBuffer(block);
        return hr;
    }
    *tags = block;
    return hr;
}

/* A name out of columns guid, kind, name (from column `first` on), allocated on head. */
static HRESULT read_name(sqlite3_stmt *statement, int first, void *head, LPMAPINAMEID *out)
{
    LPMAPINAMEID name = NULL;
    const void *guid = sqlite3_column_blob(statement, first);
    SPropValue value;
    HRESULT hr;

    if (guid == NULL || sqlite3_column_bytes(statement, first) != (int)sizeof(GUID))
        return fail(MAPI_E_CORRUPT_DATA, "The store's named properties are damaged.");
    hr = MAPIAllocateMore(sizeof *name, head, (void **)&name);
    if (SUCCEEDED(hr))
        hr = MAPIAllocateMore(sizeof *name->lpguid, head, (void **)&name->lpguid);
    if (FAILED(hr))
        return hr;
    memcpy(name->lpguid, guid, sizeof(GUID));
    name->ulKind = (ULONG)sqlite3_column_int(statement, first + 1);
    if (name->ulKind == MNID_ID) {
        name->Kind.lID = (LONG)sqlite3_column_int64(statement, first + 2);
    } else {
        const char *text = (const char *)sqlite3_column_text(statement, first + 2);

        if (text == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        hr = prop_value_from_payload(PROP_TAG(PT_UNICODE, 1), 0, text,
                                     (size_t)sqlite3_column_bytes(statement, first + 2), head, &value);
        if (FAILED(hr))
            return hr;
        name->Kind.lpwstrName = value.Value.lpszW;
    }
    *out = name;
    return S_OK;
}

/* The names of the tags given; a slot without name stays NULL. */
static HRESULT names_of(struct store *store, const SPropTagArray *tags, LPMAPINAMEID **names)
{
    LPMAPINAMEID *block = NULL;
    HRESULT result = S_OK;
    HRESULT hr = MAPIAllocateBuffer((ULONG)((tags->cValues + 1) * sizeof *block), (void **)&block);
    ULONG i;

    if (FAILED(hr))
        return hr;
    memset(block, 0, (tags->cValues + 1) * sizeof *block);
    for (i = 0; i < tags->cValues && SUCCEEDED(hr); i++) {
        sqlite3_stmt *statement;
        int rc;

        hr = database_prepare(store->db, "SELECT guid, kind, name FROM named_property WHERE id = ?1", &statement);
        if (FAILED(hr))
            break;
        sqlite3_bind_int64(statement, 1, (int64_t)PROP_ID(tags->aulPropTag[i]));
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW)
            hr = read_name(statement, 0, block, &block[i]);
        else
            hr = database_error(store->db, rc, "The named properties could not be read");
        database_done(statement);
        if (block[i] == NULL)
            result = MAPI_W_ERRORS_RETURNED;
    }
    if (FAILED(hr)) {
        MAPIFreeBuffer(block);
        return hr;
    }
    *names = block;
    return result;
}

HRESULT named_names_from_ids(struct store *store, LPSPropTagArray *tags, const GUID *set, ULONG flags, ULONG *count,
                             LPMAPINAMEID **names)
{
    LPSPropTagArray own = NULL;
    HRESULT hr;

    if (tags == NULL || count == NULL || names == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(MAPI_NO_STRINGS | MAPI_NO_IDS)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (*tags != NULL) {
        hr = names_of(store, *tags, names);
        *count = FAILED(hr) ? 0 : (*tags)->cValues;
        return hr;
    }
    hr = ids_of_set(store, set, flags, &own);
    if (FAILED(hr))
        return hr;
    hr = names_of(store, own, names);
    if (FAILED(hr)) {
        MAPIFreeBuffer(own);
        return hr;
    }
    *tags = own;
    *count = own->cValues;
    return hr;
}
