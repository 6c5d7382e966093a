/* PrepareSubmit, for messages that are sent once more (imapisupport-preparesubmit.md): who received the message the first time does not
 * get it again.
 */
#include <stdbool.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>
#include <mapix.h>

#include "base/failure.h"
#include "core/support.h"

static SPropValue *find(const SRow *row, ULONG tag)
{
    for (ULONG i = 0; i < row->cValues; i++) {
        if (row->lpProps[i].ulPropTag == tag) {
            return &row->lpProps[i];
        }
    }
    return NULL;
}

/* MAPI_SUBMITTED says that it was not delivered to the recipient. The others are kept for the record (MAPI_P1), as done with. */
static HRESULT treat(SRow *row)
{
    SPropValue *type = find(row, PR_RECIPIENT_TYPE);
    SPropValue *responsibility = find(row, PR_RESPONSIBILITY);
    if (!type || !responsibility) {
        return fail(MAPI_E_CORRUPT_DATA,
                    "A recipient of the message to be sent again lacks what the provider must keep of it.");
    }
    bool again = type->Value.ul & MAPI_SUBMITTED;
    type->Value.ul = again ? type->Value.ul & ~MAPI_SUBMITTED : type->Value.ul | MAPI_P1;
    responsibility->Value.b = !again;
    return S_OK;
}

/* All there is of each recipient, because a row is changed as a whole (imessage-modifyrecipients.md). */
static HRESULT read_recipients(LPMESSAGE message, LPSRowSet *rows)
{
    LPMAPITABLE table = NULL;
    LPSPropTagArray columns = NULL;
    HRESULT hr = message->lpVtbl->GetRecipientTable(message, MAPI_UNICODE, &table);
    if (FAILED(hr)) {
        return hr;
    }
    hr = table->lpVtbl->QueryColumns(table, TBL_ALL_COLUMNS, &columns);
    if (SUCCEEDED(hr)) {
        hr = HrQueryAllRows(table, columns, NULL, NULL, 0, rows);
    }
    MAPIFreeBuffer(columns);
    table->lpVtbl->Release(table);
    return hr;
}

/* What a table shows and ModifyRecipients does not take: PR_NULL for what a row does not have. */
static void drop_absent(SRow *row)
{
    ULONG kept = 0;
    for (ULONG i = 0; i < row->cValues; i++) {
        if (row->lpProps[i].ulPropTag != PR_NULL && PROP_TYPE(row->lpProps[i].ulPropTag) != PT_ERROR) {
            row->lpProps[kept++] = row->lpProps[i];
        }
    }
    row->cValues = kept;
}

HRESULT support_prepare_submit(LPMESSAGE message, ULONG *flags)
{
    LPSRowSet rows = NULL;
    if (*flags != 0) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "PrepareSubmit does not know the flags 0x%08x.", (unsigned)*flags);
    }
    HRESULT hr = read_recipients(message, &rows);
    for (ULONG i = 0; SUCCEEDED(hr) && i < rows->cRows; i++) {
        drop_absent(&rows->aRow[i]);
        hr = treat(&rows->aRow[i]);
    }
    if (SUCCEEDED(hr)) {
        hr = message->lpVtbl->ModifyRecipients(message, MODRECIP_MODIFY, (LPADRLIST)(void *)rows);
    }
    FreeProws(rows);
    return hr;
}
