/* hresult.c - one table of status codes: value, names, and a sentence for people. See hresult.h. */
#include "base/hresult.h"

#include <actmgmt.h>
#include <mapicode.h>
#include <string.h>

struct code {
    HRESULT value;
    const char *mapi_name;
    const char *e_name;
    const char *text;
};

/*
 * Names come from the symbols themselves, so that a name cannot have another value than its symbol. By increasing
 * unsigned value, because look-up by value is a binary search; a test checks the order.
 */
#define MAPI(symbol, text)                                                                                             \
    {                                                                                                                  \
        (HRESULT)(symbol), #symbol, NULL, text                                                                         \
    }
#define PLAIN(symbol, text)                                                                                            \
    {                                                                                                                  \
        (HRESULT)(symbol), NULL, #symbol, text                                                                         \
    }
#define BOTH(mapi_symbol, e_symbol, text)                                                                              \
    {                                                                                                                  \
        (HRESULT)(mapi_symbol), #mapi_symbol, #e_symbol, text                                                          \
    }

static const struct code codes[] = {
    PLAIN(S_OK, "The call succeeded."),
    PLAIN(S_FALSE, "The call succeeded, and the answer is no or there is nothing more."),
    MAPI(MAPI_W_NO_SERVICE,
         "No provider of this profile has an identity; the entry identifier returned is a general one."),
    MAPI(MAPI_W_ERRORS_RETURNED, "The call succeeded, but some of the values could not be had; look at each of them."),
    MAPI(MAPI_W_POSITION_CHANGED, "The bookmarked row has moved or is gone; the position is that of the nearest row."),
    MAPI(MAPI_W_APPROX_COUNT, "The number of rows is an estimate."),
    MAPI(MAPI_W_CANCEL_MESSAGE, "Processing of this message is to stop."),
    MAPI(MAPI_W_PARTIAL_COMPLETION, "Only part of the operation could be done; check which items it left out."),

    PLAIN(E_NOTIMPL, "This implementation does not have that method."),
    BOTH(MAPI_E_INTERFACE_NOT_SUPPORTED, E_NOINTERFACE, "The object does not have the interface asked for."),
    PLAIN(E_POINTER, "A pointer that must point somewhere is NULL."),
    PLAIN(E_ABORT, "The operation was stopped before it was done."),
    BOTH(MAPI_E_CALL_FAILED, E_FAIL, "The call failed for a reason that has no code of its own."),
    PLAIN(E_UNEXPECTED, "The object is not in a state in which this can be done."),
    PLAIN(RPC_E_WRONG_THREAD, "The object belongs to another thread; use it on the thread that logged on."),

    PLAIN(STG_E_INVALIDFUNCTION, "The stream cannot do that."),
    PLAIN(STG_E_FILENOTFOUND, "The storage holds nothing of that name."),
    PLAIN(STG_E_ACCESSDENIED, "The stream was not opened for this; open it for writing to change it."),
    PLAIN(STG_E_INSUFFICIENTMEMORY, "There is not enough memory for the stream."),
    PLAIN(STG_E_INVALIDPOINTER, "A pointer given to the stream is NULL."),
    PLAIN(STG_E_SEEKERROR, "The stream has no such position."),
    PLAIN(STG_E_WRITEFAULT, "Writing to the stream failed."),
    PLAIN(STG_E_READFAULT, "Reading from the stream failed."),
    PLAIN(STG_E_INVALIDPARAMETER, "An argument given to the stream is not valid."),
    PLAIN(STG_E_MEDIUMFULL, "The stream cannot grow: there is no room left, or it would be too long."),
    PLAIN(STG_E_INVALIDFLAG, "A flag given to the stream is unknown."),
    PLAIN(STG_E_REVERTED, "The object that the stream belongs to is gone; open the stream again."),

    MAPI(MAPI_E_NO_SUPPORT, "This is not supported here; do without it."),
    MAPI(MAPI_E_BAD_CHARWIDTH,
         "The object supports 8-bit strings only, or wide strings only, and was asked for the other."),
    MAPI(MAPI_E_STRING_TOO_LONG, "A string is too long; shorten it."),
    MAPI(MAPI_E_UNKNOWN_FLAGS, "A flag is unknown or reserved; clear it."),
    MAPI(MAPI_E_INVALID_ENTRYID, "The entry identifier is damaged, or does not identify an object of the kind wanted."),
    MAPI(MAPI_E_INVALID_OBJECT,
         "The object is no longer valid, because its session or store has ended; log on and open it again."),
    MAPI(MAPI_E_OBJECT_CHANGED,
         "Somebody else has changed the object since it was opened; open it again, or force the save."),
    MAPI(MAPI_E_OBJECT_DELETED, "The object has been deleted since it was opened."),
    MAPI(MAPI_E_BUSY, "Another operation on this object is still running; try again when it is done."),
    MAPI(MAPI_E_NOT_ENOUGH_DISK, "The disk is full; make room and try again."),
    MAPI(MAPI_E_NOT_ENOUGH_RESOURCES,
         "The system has run out of something other than memory, such as open files; close some and try again."),
    MAPI(MAPI_E_NOT_FOUND, "There is no such object, property or row."),
    MAPI(MAPI_E_VERSION, "The versions do not fit; the data or the component needs a newer version of this software."),
    MAPI(MAPI_E_LOGON_FAILED,
         "The logon failed; check that the profile exists, that its name is spelt as when it was created, and that no "
         "password is given."),
    MAPI(MAPI_E_SESSION_LIMIT, "Too many sessions are open; log off one of them."),
    MAPI(MAPI_E_USER_CANCEL, "The user cancelled the operation."),
    MAPI(MAPI_E_UNABLE_TO_ABORT, "The operation can no longer be stopped."),
    MAPI(MAPI_E_NETWORK_ERROR, "The network failed; check the connection and try again."),
    MAPI(MAPI_E_DISK_ERROR, "Reading or writing the disk failed; check the disk and the permissions of the files."),
    MAPI(MAPI_E_TOO_COMPLEX, "The restriction, sort order or request is too complex; simplify it."),
    MAPI(MAPI_E_BAD_COLUMN, "The table does not have that column."),
    MAPI(MAPI_E_EXTENDED_ERROR, "The call failed; GetLastError of the same object says why."),
    MAPI(MAPI_E_COMPUTED, "The property is computed and cannot be set or deleted."),
    MAPI(MAPI_E_CORRUPT_DATA, "The data is damaged; restore it from a backup."),
    MAPI(MAPI_E_UNCONFIGURED, "The service is not configured; configure it in the profile."),
    MAPI(MAPI_E_FAILONEPROVIDER, "This provider cannot be used at present; the others of its service can."),
    MAPI(MAPI_E_UNKNOWN_CPID, "The code page is not supported."),
    MAPI(MAPI_E_UNKNOWN_LCID, "The locale is not supported."),
    MAPI(MAPI_E_PASSWORD_CHANGE_REQUIRED, "The password must be changed before anything else."),
    MAPI(MAPI_E_PASSWORD_EXPIRED, "The password has expired; change it."),
    MAPI(MAPI_E_INVALID_WORKSTATION_ACCOUNT, "The account may not be used on this computer."),
    MAPI(MAPI_E_INVALID_ACCESS_TIME, "The account may not be used at this time."),
    MAPI(MAPI_E_ACCOUNT_DISABLED, "The account is disabled; ask its administrator."),
    MAPI(MAPI_E_RECONNECTED, "The connection was lost and made anew; log on again and repeat the call."),
    MAPI(MAPI_E_OFFLINE, "The server cannot be reached while offline; go online and try again."),
    MAPI(MAPI_E_END_OF_SESSION, "The session has ended or is ending; log off, and log on again to go on."),
    MAPI(MAPI_E_UNKNOWN_ENTRYID, "No provider of this session knows the entry identifier; its store may not be open."),
    MAPI(MAPI_E_MISSING_REQUIRED_COLUMN, "A column that must be there is missing."),
    MAPI(MAPI_E_PROFILE_DELETED, "The profile has been deleted."),
    MAPI(MAPI_E_BAD_VALUE, "The value is not one that the property can have."),
    MAPI(MAPI_E_INVALID_TYPE, "The type of the property is not valid."),
    MAPI(MAPI_E_TYPE_NO_SUPPORT, "Properties of this type are not supported."),
    MAPI(MAPI_E_UNEXPECTED_TYPE, "The property has another type than the one asked for; use the type it has."),
    MAPI(MAPI_E_TOO_BIG, "This is too much for one call; ask for less."),
    MAPI(MAPI_E_DECLINE_COPY, "The provider leaves this copy to the caller."),
    MAPI(MAPI_E_UNEXPECTED_ID, "The identifier does not belong to a named property of this store."),
    MAPI(MAPI_E_UNABLE_TO_COMPLETE, "The operation could not be completed."),
    MAPI(MAPI_E_TIMEOUT, "The time ran out before the operation was done; try again."),
    MAPI(MAPI_E_TABLE_EMPTY, "The table has no rows."),
    MAPI(MAPI_E_TABLE_TOO_BIG, "The table has more rows than the limit given; raise the limit or restrict the table."),
    MAPI(MAPI_E_INVALID_BOOKMARK, "The bookmark is not valid; sorting and restricting discard bookmarks."),
    MAPI(MAPI_E_WAIT, "The transport cannot take the message yet; offer it again later."),
    MAPI(MAPI_E_CANCEL, "The transport wants the message dropped."),
    MAPI(MAPI_E_NOT_ME, "The transport does not handle any recipient of this message."),
    MAPI(MAPI_E_CORRUPT_STORE, "The message store is damaged; restore it from a backup."),
    MAPI(MAPI_E_NOT_IN_QUEUE, "The message is not in the queue of outgoing messages."),
    MAPI(MAPI_E_NO_SUPPRESS, "The store cannot suppress read receipts."),
    MAPI(MAPI_E_COLLISION, "There is one of that name already; choose another name."),
    MAPI(MAPI_E_NOT_INITIALIZED, "MAPI is not initialised; call MAPIInitialize first."),
    MAPI(MAPI_E_NON_STANDARD, "This differs from the standard in a way that is not supported."),
    MAPI(MAPI_E_NO_RECIPIENTS, "The message has no recipients; add one before submitting it."),
    MAPI(MAPI_E_SUBMITTED, "The message has been submitted and cannot be changed; take it out of the queue first."),
    MAPI(MAPI_E_HAS_FOLDERS, "The folder has folders in it; delete them first, or delete recursively."),
    MAPI(MAPI_E_HAS_MESSAGES, "The folder has messages in it; delete them first, or delete recursively."),
    MAPI(MAPI_E_FOLDER_CYCLE, "A folder cannot be copied or moved into itself or a folder below it."),
    MAPI(MAPI_E_STORE_FULL, "The message store is full; delete something and try again."),
    MAPI(MAPI_E_LOCKID_LIMIT, "The message store has run out of locks; try again later."),
    MAPI(MAPI_E_AMBIGUOUS_RECIP, "The name fits more than one recipient; give more of it, or an address."),
    MAPI(MAPI_E_NAMED_PROP_QUOTA_EXCEEDED, "The store cannot take more named properties."),

    BOTH(MAPI_E_NO_ACCESS, E_ACCESSDENIED,
         "Access is denied: no permission, opened read-only, in use, or there already."),
    PLAIN(E_HANDLE, "The handle is not valid."),
    BOTH(MAPI_E_NOT_ENOUGH_MEMORY, E_OUTOFMEMORY,
         "There is not enough memory for this, or the buffer given is too small."),
    BOTH(MAPI_E_INVALID_PARAMETER, E_INVALIDARG, "An argument is not valid."),
    PLAIN(HRESULT_FROM_WIN32(ERROR_TIMEOUT), "The time ran out while waiting."),

    PLAIN(E_OLK_REGISTRY, "The accounts of this profile cannot be read; check the profile."),
    PLAIN(E_OLK_ALREADY_INITIALIZED, "The account manager is initialised already."),
    PLAIN(E_OLK_PARAM_NOT_SUPPORTED,
          "Accounts can be found by PROP_ACCT_ID and PROP_ACCT_IS_EXCH only, with a value of the property's type."),
    PLAIN(E_OLK_NOT_INITIALIZED, "The account manager is not initialised; call Init first."),
    PLAIN(E_OLK_PROP_READ_ONLY, "This property of an account cannot be set."),
    PLAIN(E_ACCT_NOT_FOUND, "There is no such account, or the account does not have that property."),
    PLAIN(E_ACCT_UI_BUSY, "The dialog cannot be shown; there is no user interface, or it is busy."),
    PLAIN(E_ACCT_WRONG_SORT_ORDER, "The order must name every account of the category, and each once."),
};

enum { CODE_COUNT = sizeof codes / sizeof codes[0] };

static const struct code *find_value(HRESULT hr)
{
    size_t low = 0;
    size_t high = CODE_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uint32_t)codes[middle].value < (uint32_t)hr)
            low = middle + 1;
        else
            high = middle;
    }
    return low < CODE_COUNT && codes[low].value == hr ? &codes[low] : NULL;
}

const char *hresult_name(HRESULT hr)
{
    const struct code *code = find_value(hr);
    if (code == NULL)
        return NULL;
    return code->mapi_name != NULL ? code->mapi_name : code->e_name;
}

const char *hresult_account_name(HRESULT hr)
{
    const struct code *code = find_value(hr);
    if (code == NULL)
        return NULL;
    return code->e_name != NULL ? code->e_name : code->mapi_name;
}

bool hresult_from_name(const char *name, HRESULT *hr)
{
    /* A third name of one value. */
    if (strcmp(name, "SUCCESS_SUCCESS") == 0) {
        *hr = S_OK;
        return true;
    }
    for (size_t i = 0; i < CODE_COUNT; i++) {
        const struct code *code = &codes[i];
        if ((code->mapi_name != NULL && strcmp(code->mapi_name, name) == 0) ||
            (code->e_name != NULL && strcmp(code->e_name, name) == 0)) {
            *hr = code->value;
            return true;
        }
    }
    return false;
}

const char *hresult_text(HRESULT hr)
{
    const struct code *code = find_value(hr);
    return code != NULL ? code->text : NULL;
}

bool hresult_at(size_t index, HRESULT *hr, const char **mapi_name, const char **e_name)
{
    if (index >= CODE_COUNT)
        return false;
    *hr = codes[index].value;
    *mapi_name = codes[index].mapi_name;
    *e_name = codes[index].e_name;
    return true;
}
