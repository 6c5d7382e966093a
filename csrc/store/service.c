/* The message service's entry point (msgserviceentry.md; declared in store.h). */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/byte_buffer.h"
#include "base/failure.h"
#include "base/propcodec.h"
#include "core/home.h"
#include "store/entryid.h"
#include "store/schema.h"

/* The uid of the service's first section of a store provider. */
static HRESULT find_section(LPPROVIDERADMIN providers, MAPIUID *uid)
{
    SizedSPropTagArray(2, columns) = {2, {PR_PROVIDER_UID, PR_RESOURCE_TYPE}};
    LPMAPITABLE table = NULL;
    LPSRowSet rows = NULL;
    bool found = false;
    ULONG i;
    HRESULT hr = providers->lpVtbl->GetProviderTable(providers, 0, &table);

    if (FAILED(hr))
        return hr;
    hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)(void *)&columns, 0);
    if (SUCCEEDED(hr))
        hr = table->lpVtbl->QueryRows(table, 100, 0, &rows);
    for (i = 0; SUCCEEDED(hr) && i < rows->cRows; i++) {
        const SPropValue *values = rows->aRow[i].lpProps;

        if (!found && values[0].ulPropTag == PR_PROVIDER_UID && values[0].Value.bin.cb == sizeof *uid &&
            values[1].ulPropTag == PR_RESOURCE_TYPE && values[1].Value.ul == MAPI_STORE_PROVIDER) {
            memcpy(uid, values[0].Value.bin.lpb, sizeof *uid);
            found = true;
        }
    }
    for (i = 0; SUCCEEDED(hr) && i < rows->cRows; i++)
        MAPIFreeBuffer(rows->aRow[i].lpProps);
    MAPIFreeBuffer(rows);
    table->lpVtbl->Release(table);
    if (SUCCEEDED(hr) && !found)
        hr = fail(MAPI_E_UNCONFIGURED, "The message service has no store provider in this profile.");
    return hr;
}

static HRESULT open_section(LPPROVIDERADMIN providers, LPPROFSECT *section)
{
    MAPIUID uid;
    HRESULT hr = find_section(providers, &uid);

    *section = NULL;
    if (FAILED(hr))
        return hr;
    return providers->lpVtbl->OpenProfileSection(providers, &uid, NULL, MAPI_MODIFY, section);
}

/* The name given with the call, else the section's, as UTF-8. */
static HRESULT find_name(LPPROFSECT section, ULONG count, const SPropValue *properties, struct byte_buffer *name)
{
    static const char otherwise[] = "Message Store";
    SizedSPropTagArray(1, tags) = {1, {PR_DISPLAY_NAME_W}};
    LPSPropValue values = NULL;
    ULONG got = 0;
    ULONG i;
    HRESULT hr;

    for (i = 0; i < count; i++)
        if (properties[i].ulPropTag == PR_DISPLAY_NAME_W || properties[i].ulPropTag == PR_DISPLAY_NAME_A)
            return prop_payload_from_value(&properties[i], name);
    hr = section->lpVtbl->GetProps(section, (LPSPropTagArray)(void *)&tags, MAPI_UNICODE, &got, &values);
    if (FAILED(hr))
        return hr;
    if (values[0].ulPropTag == PR_DISPLAY_NAME_W)
        hr = prop_payload_from_value(&values[0], name);
    else
        hr = byte_buffer_append(name, otherwise, sizeof otherwise - 1);
    MAPIFreeBuffer(values);
    return hr;
}

/* What a section says about its store; the first problem is the call's failure. */
static HRESULT fill_section(LPPROFSECT section, LPMAPISUP support, const MAPIUID *uid, const char *name)
{
    union {
        const void *in;
        void *out;
    } cast;
    unsigned char own[STORE_ENTRYID_SIZE];
    LPSPropProblemArray problems = NULL;
    LPENTRYID wrapped = NULL;
    SPropValue values[4];
    ULONG size = 0;
    HRESULT hr;

    store_entryid_make(uid, own);
    hr = support->lpVtbl->WrapStoreEntryID(support, sizeof own, (LPENTRYID)(void *)own, &size, &wrapped);
    if (FAILED(hr))
        return hr;
    memset(values, 0, sizeof values);
    values[0].ulPropTag = PR_DISPLAY_NAME_A;
    cast.in = name;
    values[0].Value.lpszA = cast.out;
    values[1].ulPropTag = PR_ENTRYID;
    values[1].Value.bin.cb = size;
    values[1].Value.bin.lpb = (LPBYTE)wrapped;
    values[2].ulPropTag = PR_RECORD_KEY;
    values[2].Value.bin.cb = sizeof *uid;
    cast.in = uid->ab;
    values[2].Value.bin.lpb = cast.out;
    values[3].ulPropTag = PR_MDB_PROVIDER;
    values[3].Value.bin.cb = sizeof store_provider_uid.ab;
    cast.in = store_provider_uid.ab;
    values[3].Value.bin.lpb = cast.out;
    hr = section->lpVtbl->SetProps(section, 4, values, &problems);
    if (SUCCEEDED(hr) && problems != NULL && problems->cProblem > 0)
        hr = problems->aProblem[0].scode;
    MAPIFreeBuffer(problems);
    MAPIFreeBuffer(wrapped);
    return hr;
}

static HRESULT make_file(const MAPIUID *uid, const char *name)
{
    char *home = NULL;
    char *path;
    HRESULT hr = home_make("stores");

    if (SUCCEEDED(hr))
        hr = home_directory(&home);
    if (FAILED(hr))
        return hr;
    path = store_file_path(home, uid);
    hr = path == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : store_file_create(path, uid, name);
    free(path);
    free(home);
    return hr;
}

static void remove_file(const MAPIUID *uid)
{
    char *home = NULL;

    if (SUCCEEDED(home_directory(&home)))
        store_remove(home, uid);
    free(home);
}

static HRESULT create(LPMAPISUP support, LPPROFSECT section, const char *name)
{
    MAPIUID uid;
    HRESULT hr = support->lpVtbl->NewUID(support, &uid);

    if (FAILED(hr))
        return hr;
    hr = home_note_unfinished(STORE_DLL_NAME, &uid); /* whoever dies from here on leaves word of it */
    if (SUCCEEDED(hr))
        hr = make_file(&uid, name);
    if (SUCCEEDED(hr))
        hr = fill_section(section, support, &uid, name);
    if (FAILED(hr))
        remove_file(&uid); /* the beginning of a file, too: a full disk leaves an empty one */
    return hr;
}

static HRESULT rename_store(LPPROFSECT section, const char *name)
{
    union {
        const char *in;
        char *out;
    } cast = {name};
    SPropValue value;

    memset(&value, 0, sizeof value);
    value.ulPropTag = PR_DISPLAY_NAME_A;
    value.Value.lpszA = cast.out;
    return section->lpVtbl->SetProps(section, 1, &value, NULL);
}

static HRESULT create_or_configure(LPMAPISUP support, ULONG context, ULONG count, const SPropValue *properties,
                                   LPPROVIDERADMIN providers)
{
    struct byte_buffer name;
    LPPROFSECT section = NULL;
    HRESULT hr = open_section(providers, &section);

    if (FAILED(hr))
        return hr;
    byte_buffer_init(&name);
    hr = find_name(section, count, properties, &name);
    if (SUCCEEDED(hr))
        hr = byte_buffer_append_u8(&name, 0);
    if (SUCCEEDED(hr) && context == MSG_SERVICE_CREATE)
        hr = create(support, section, (const char *)name.bytes);
    else if (SUCCEEDED(hr))
        hr = rename_store(section, (const char *)name.bytes);
    byte_buffer_free(&name);
    section->lpVtbl->Release(section);
    return hr;
}

HRESULT STDAPICALLTYPE store_service_entry(HINSTANCE instance, LPMALLOC allocator, LPMAPISUP support, ULONG_PTR ui,
                                           ULONG flags, ULONG context, ULONG count, LPSPropValue properties,
                                           LPPROVIDERADMIN providers, LPMAPIERROR *error)
{
    HRESULT hr;

    (void)instance, (void)allocator, (void)ui;
    if (error != NULL)
        *error = NULL;
    switch (context) {
    case MSG_SERVICE_CREATE:
    case MSG_SERVICE_CONFIGURE:
        break;
    case MSG_SERVICE_INSTALL:
    case MSG_SERVICE_DELETE: /* the file goes when no profile names it any more: store_remove */
    case MSG_SERVICE_UNINSTALL:
        return S_OK;
    default:
        return fail(MAPI_E_NO_SUPPORT,
                    "The message service has exactly one store; add the service again for another one.");
    }
    if (support == NULL || providers == NULL || (count > 0 && properties == NULL))
        return MAPI_E_INVALID_PARAMETER;
    hr = create_or_configure(support, context, count, properties, providers);
    if (FAILED(hr) && error != NULL)
        (void)failure_describe(hr, flags & MAPI_UNICODE, "message store", error);
    return hr;
}
