#include "store/read_flags.h"

#include <mapicode.h>

#include "base/failure.h"

HRESULT read_flag_masks(ULONG flags, ULONG *set, ULONG *clear)
{
    static const ULONG known = SUPPRESS_RECEIPT | CLEAR_READ_FLAG | MAPI_DEFERRED_ERRORS | GENERATE_RECEIPT_ONLY |
                               CLEAR_RN_PENDING | CLEAR_NRN_PENDING | MESSAGE_DIALOG;

    *set = *clear = 0;
    if ((flags & ~known) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if ((flags & CLEAR_READ_FLAG) != 0 && (flags & (SUPPRESS_RECEIPT | GENERATE_RECEIPT_ONLY)) != 0)
        return fail(MAPI_E_INVALID_PARAMETER,
                    "A message cannot be marked unread and have its receipt sent or suppressed at once.");
    if ((flags & CLEAR_RN_PENDING) != 0)
        *clear |= MSGFLAG_RN_PENDING;
    if ((flags & CLEAR_NRN_PENDING) != 0)
        *clear |= MSGFLAG_NRN_PENDING;
    if ((flags & SUPPRESS_RECEIPT) != 0)
        *clear |= MSGFLAG_RN_PENDING | MSGFLAG_NRN_PENDING;
    if ((flags & CLEAR_READ_FLAG) != 0)
        *clear |= MSGFLAG_READ;
    else if ((flags & (GENERATE_RECEIPT_ONLY | CLEAR_RN_PENDING | CLEAR_NRN_PENDING)) == 0)
        *set = MSGFLAG_READ;
    return S_OK;
}

HRESULT read_flag_apply(struct store *store, int64_t row, ULONG set, ULONG clear)
{
    static const char sql[] = "UPDATE message SET flags = (flags & ~?3) | ?2 WHERE id = ?1";
    sqlite3_stmt *statement;
    HRESULT hr = store_begin(store);

    if (FAILED(hr))
        return hr;
    hr = database_prepare(store->db, sql, &statement);
    if (SUCCEEDED(hr)) {
        sqlite3_bind_int64(statement, 1, row);
        sqlite3_bind_int64(statement, 2, (int64_t)set);
        sqlite3_bind_int64(statement, 3, (int64_t)clear);
        hr = database_run(store->db, statement, "The message could not be marked");
        if (SUCCEEDED(hr) && sqlite3_changes(database_handle(store->db)) == 0)
            hr = fail(MAPI_E_NOT_FOUND, "The message does not exist any more.");
        if (SUCCEEDED(hr))
            hr = event_message_marked(store, row, ((set | clear) & MSGFLAG_READ) != 0);
    }
    return store_end_transaction(store, hr);
}
