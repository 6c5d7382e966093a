/* Copying for providers that leave it to MAPI (imapisupport-docopyto.md, imapisupport-docopyprops.md,
 * imapisupport-copymessages.md): everything goes through the objects' own interfaces.
 */
#include <mapicode.h>

#include "base/failure.h"
#include "base/propobject.h"
#include "core/support.h"

static HRESULT check_source(LPCIID iid, const void *source)
{
    return iid && source ? S_OK : fail(MAPI_E_INVALID_PARAMETER, "Copying needs a source and its interface.");
}

HRESULT support_copy_to(LPCIID source_iid, LPVOID source, ULONG excluded_count, LPCIID excluded_iids,
                        LPSPropTagArray excluded_tags, LPCIID iid, LPVOID destination, ULONG flags,
                        LPSPropProblemArray *problems)
{
    const GUID *const iids[] = {source_iid, &IID_IMAPIProp, NULL};
    const struct prop_copy_rules rules = {.iids = iids};
    HRESULT hr = check_source(source_iid, source);
    return hr == S_OK ? prop_object_copy_to(source, &rules, excluded_count, excluded_iids, excluded_tags, iid,
                                            destination, flags, problems)
                      : hr;
}

HRESULT support_copy_props(LPCIID source_iid, LPVOID source, LPSPropTagArray tags, LPCIID iid, LPVOID destination,
                           ULONG flags, LPSPropProblemArray *problems)
{
    const GUID *const iids[] = {source_iid, &IID_IMAPIProp, NULL};
    const struct prop_copy_rules rules = {.iids = iids};
    HRESULT hr = check_source(source_iid, source);
    return hr == S_OK ? prop_object_copy_props(source, &rules, tags, iid, destination, flags, problems) : hr;
}

static HRESULT copy_message(IMAPIFolder *source, const SBinary *id, IMAPIFolder *destination, ULONG message_flags)
{
    LPUNKNOWN opened = NULL;
    LPMESSAGE copy = NULL;
    ULONG type = 0;
    HRESULT hr = source->lpVtbl->OpenEntry(source, id->cb, (LPENTRYID)id->lpb, &IID_IMessage, 0, &type, &opened);
    if (FAILED(hr)) {
        return hr;
    }
    LPMESSAGE message = (LPMESSAGE)(void *)opened;
    hr = destination->lpVtbl->CreateMessage(destination, NULL, message_flags, &copy);
    if (SUCCEEDED(hr)) {
        hr = message->lpVtbl->CopyTo(message, 0, NULL, NULL, 0, NULL, &IID_IMessage, copy, 0, NULL);
        if (SUCCEEDED(hr)) {
            hr = copy->lpVtbl->SaveChanges(copy, 0);
        }
        copy->lpVtbl->Release(copy);
    }
    message->lpVtbl->Release(message);
    return hr;
}

/* What was copied stays, also when others could not be: MAPI_W_PARTIAL_COMPLETION. A message is deleted only
 * once its copy has been saved.
 */
HRESULT support_copy_messages(LPVOID source_object, LPENTRYLIST messages, LPVOID destination_object, ULONG flags)
{
    IMAPIFolder *source = source_object;
    IMAPIFolder *destination = destination_object;
    ULONG copied = 0;
    HRESULT failed = S_OK;
    if (!source || !destination || !messages || (messages->cValues > 0 && !messages->lpbin)) {
        return fail(MAPI_E_INVALID_PARAMETER, "Copying messages needs two folders and a list of messages.");
    }
    if (flags & ~(MESSAGE_MOVE | MESSAGE_DIALOG)) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "CopyMessages does not know the flags 0x%08x.", (unsigned)flags);
    }
    for (ULONG i = 0; i < messages->cValues; i++) {
        HRESULT hr = copy_message(source, &messages->lpbin[i], destination, 0);
        if (SUCCEEDED(hr) && (flags & MESSAGE_MOVE)) {
            ENTRYLIST one = {1, &messages->lpbin[i]};
            hr = source->lpVtbl->DeleteMessages(source, &one, 0, NULL, 0);
        }
        if (FAILED(hr)) {
            failed = hr;
        } else {
            copied++;
        }
    }
    return failed == S_OK ? S_OK : copied > 0 ? MAPI_W_PARTIAL_COMPLETION : failed;
}
