/* See account/identity.h. */
#include "account/identity.h"

#include <string.h>

#include <mapisub.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "base/failure.h"
#include "base/utf.h"

static HRESULT copy_name(LPCWSTR from, LPWSTR *name)
{
    size_t bytes = (utf16_length(from) + 1) * sizeof *from;
    void *copy = NULL;
    HRESULT hr = MAPIAllocateBuffer((ULONG)bytes, &copy);
    if (FAILED(hr))
        return hr;
    memcpy(copy, from, bytes);
    *name = copy;
    return S_OK;
}

/* The way that every MAPI has: PR_PROFILE_NAME of the global profile section. */
static HRESULT name_from_section(IMAPISession *session, LPWSTR *name)
{
    MAPIUID uid;
    memcpy(&uid, &muidGlobalProfileSection, sizeof uid);
    IProfSect *section = NULL;
    HRESULT hr = session->lpVtbl->OpenProfileSection(session, &uid, NULL, 0, &section);
    if (FAILED(hr))
        return hr;
    SPropValue *value = NULL;
    hr = HrGetOneProp((IMAPIProp *)section, PR_PROFILE_NAME_W, &value);
    if (SUCCEEDED(hr))
        hr = copy_name(value->Value.lpszW, name);
    MAPIFreeBuffer(value);
    section->lpVtbl->Release(section);
    return hr;
}

HRESULT identity_of_session(IMAPISession *session, LPWSTR *name)
{
    *name = NULL;
    IMapiSessionInfo *info = NULL;
    if (FAILED(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, (void **)&info)))
        return name_from_section(session, name);
    HRESULT hr = info->lpVtbl->GetProfileName(info, name);
    info->lpVtbl->Release(info);
    return hr;
}

static HRESULT find_default(IMAPITable *table, LPWSTR *name)
{
    SizedSPropTagArray(2, columns) = {2, {PR_DISPLAY_NAME_W, PR_DEFAULT_PROFILE}};
    SRowSet *rows = NULL;
    HRESULT hr = HrQueryAllRows(table, (SPropTagArray *)&columns, NULL, NULL, 0, &rows);
    if (FAILED(hr))
        return hr;
    hr = fail(MAPI_E_NOT_FOUND, "There is no default profile; name one, or make one the default.");
    for (ULONG i = 0; i < rows->cRows; i++) {
        const SPropValue *row = rows->aRow[i].lpProps;
        if (row[0].ulPropTag == PR_DISPLAY_NAME_W && row[1].ulPropTag == PR_DEFAULT_PROFILE && row[1].Value.b) {
            hr = copy_name(row[0].Value.lpszW, name);
            break;
        }
    }
    FreeProws(rows);
    return hr;
}

HRESULT identity_of_default_profile(LPWSTR *name)
{
    *name = NULL;
    IProfAdmin *admin = NULL;
    HRESULT hr = MAPIAdminProfiles(0, &admin);
    if (FAILED(hr))
        return hr;
    IMAPITable *table = NULL;
    hr = admin->lpVtbl->GetProfileTable(admin, 0, &table);
    if (SUCCEEDED(hr)) {
        hr = find_default(table, name);
        table->lpVtbl->Release(table);
    }
    admin->lpVtbl->Release(admin);
    return hr;
}
