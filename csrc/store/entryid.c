#include "store/entryid.h"

#include <string.h>

#include <mapicode.h>

#include "base/byte_buffer.h"
#include "base/failure.h"
#include "store/store.h"

enum { STORE_ENTRYID_VERSION = 1 };

const MAPIUID store_provider_uid = {
    {0x6D, 0x2E, 0x91, 0xB4, 0x0C, 0x57, 0x4F, 0x3A, 0x9E, 0x18, 0xD7, 0x60, 0x5B, 0xA1, 0xF2, 0x43}};

void object_entryid_make(const MAPIUID *store, ULONG kind, int64_t row, unsigned char out[OBJECT_ENTRYID_SIZE])
{
    memset(out, 0, 4);
    memcpy(out + 4, store->ab, sizeof store->ab);
    bytes_put_u32(out + 20, kind);
    bytes_put_u64(out + 24, (uint64_t)row);
}

/* The part that both forms share: flags, then the uid of whoever can make sense of the rest. */
static HRESULT check_head(ULONG size, const ENTRYID *id, const MAPIUID *owner, const char *what)
{
    const unsigned char *bytes = (const unsigned char *)id;

    if (id == NULL || size < 4 + sizeof owner->ab)
        return fail(MAPI_E_INVALID_ENTRYID, "The entry identifier of the %s is missing or cut short.", what);
    if (memcmp(bytes + 4, owner->ab, sizeof owner->ab) != 0)
        return fail(MAPI_E_UNKNOWN_ENTRYID, "The entry identifier is not one of a %s of this store.", what);
    if (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 0 || bytes[3] != 0)
        return fail(MAPI_E_INVALID_ENTRYID,
                    "The entry identifier of the %s carries flags; only long-term ones are used here.", what);
    return S_OK;
}

HRESULT object_entryid_parse(const MAPIUID *store, ULONG size, const ENTRYID *id, ULONG *kind, int64_t *row)
{
    const unsigned char *bytes = (const unsigned char *)id;
    uint64_t number;
    HRESULT hr = check_head(size, id, store, "folder or message");

    if (FAILED(hr))
        return hr;
    if (size != OBJECT_ENTRYID_SIZE)
        return fail(MAPI_E_INVALID_ENTRYID, "The entry identifier is %u bytes long instead of %d.", (unsigned)size,
                    (int)OBJECT_ENTRYID_SIZE);
    number = bytes_get_u64(bytes + 24);
    *kind = bytes_get_u32(bytes + 20);
    if ((*kind != MAPI_FOLDER && *kind != MAPI_MESSAGE) || number == 0 || number > INT64_MAX)
        return fail(MAPI_E_INVALID_ENTRYID, "The entry identifier is damaged.");
    *row = (int64_t)number;
    return S_OK;
}

void store_entryid_make(const MAPIUID *store, unsigned char out[STORE_ENTRYID_SIZE])
{
    memset(out, 0, 4);
    memcpy(out + 4, store_provider_uid.ab, sizeof store_provider_uid.ab);
    bytes_put_u32(out + 20, STORE_ENTRYID_VERSION);
    memcpy(out + 24, store->ab, sizeof store->ab);
}

HRESULT store_entryid_parse(ULONG size, const ENTRYID *id, MAPIUID *store)
{
    const unsigned char *bytes = (const unsigned char *)id;
    HRESULT hr = check_head(size, id, &store_provider_uid, "message store");

    if (FAILED(hr))
        return hr;
    if (size != STORE_ENTRYID_SIZE)
        return fail(MAPI_E_INVALID_ENTRYID, "The store's entry identifier is %u bytes long instead of %d.",
                    (unsigned)size, (int)STORE_ENTRYID_SIZE);
    if (bytes_get_u32(bytes + 20) != STORE_ENTRYID_VERSION)
        return fail(MAPI_E_UNKNOWN_ENTRYID, "The store's entry identifier is of a version this program does not know.");
    memcpy(store->ab, bytes + 24, sizeof store->ab);
    return S_OK;
}

void instance_key_make(int64_t row, unsigned char out[INSTANCE_KEY_SIZE])
{
    bytes_put_u64(out, (uint64_t)row);
}
