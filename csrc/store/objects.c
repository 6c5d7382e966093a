#include "store/objects.h"

#include <mapicode.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/folder.h"
#include "store/message.h"

static HRESULT open_folder(struct store *store, int64_t row, LPCIID iid, struct access access, LPUNKNOWN *out)
{
    struct folder *folder;
    HRESULT hr = check_interface(iid, folder_iids);

    if (SUCCEEDED(hr))
        hr = folder_open(store, row, access.writable, &folder);
    if (SUCCEEDED(hr))
        *out = (LPUNKNOWN)(void *)folder;
    return hr;
}

static HRESULT open_message(struct store *store, int64_t row, LPCIID iid, struct access access, LPUNKNOWN *out)
{
    struct message *message;
    HRESULT hr = check_interface(iid, message_iids);

    if (SUCCEEDED(hr))
        hr = message_open(store, row, NULL, access, &message);
    if (SUCCEEDED(hr))
        *out = (LPUNKNOWN)(void *)message;
    return hr;
}

HRESULT store_open_entry(struct store *store, ULONG size, const ENTRYID *id, LPCIID iid, ULONG flags, ULONG *type,
                         LPUNKNOWN *out)
{
    static const ULONG known =
        MAPI_MODIFY | MAPI_BEST_ACCESS | MAPI_DEFERRED_ERRORS | MAPI_NO_CACHE | MAPI_CACHE_ONLY | SHOW_SOFT_DELETES;
    struct access access;
    int64_t row = store->folders[FOLDER_OF_ROOT];
    ULONG kind = MAPI_FOLDER;
    HRESULT hr = S_OK;

    if (out == NULL || (id == NULL && size != 0))
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~known) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (id != NULL)
        hr = object_entryid_parse(&store->uid, size, id, &kind, &row);
    if (SUCCEEDED(hr))
        hr = access_from_flags(store, flags, &access);
    if (SUCCEEDED(hr))
        hr = kind == MAPI_FOLDER ? open_folder(store, row, iid, access, out)
                                 : open_message(store, row, iid, access, out);
    if (SUCCEEDED(hr) && type != NULL)
        *type = kind;
    return hr;
}

HRESULT store_compare_entryids(struct store *store, ULONG size1, const ENTRYID *id1, ULONG size2, const ENTRYID *id2,
                               ULONG flags, ULONG *result)
{
    ULONG kind1;
    ULONG kind2;
    int64_t row1;
    int64_t row2;

    if (result == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *result = FALSE;
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (FAILED(object_entryid_parse(&store->uid, size1, id1, &kind1, &row1)) ||
        FAILED(object_entryid_parse(&store->uid, size2, id2, &kind2, &row2)))
        return fail(MAPI_E_UNKNOWN_ENTRYID, "An entry identifier to be compared is not one of this store.");
    *result = kind1 == kind2 && row1 == row2;
    return S_OK;
}
