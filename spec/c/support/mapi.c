#include "support/mapi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/fake_store.h"
#include "support/temp_home.h"

const char name_64[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const char name_65[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefX";

ULONG live(const char *kind)
{
    for (ULONG i = 0; MapiObjectKindName(i); i++)
        if (strcmp(MapiObjectKindName(i), kind) == 0)
            return MapiObjectCount(i);
    fail_msg("no kind of object is called %s", kind);
    return 0;
}

void expect_nothing_alive(void)
{
    for (ULONG i = 0; MapiObjectKindName(i); i++)
        if (MapiObjectCount(i) != 0)
            fail_msg("%u objects of the kind %s are alive", (unsigned)MapiObjectCount(i), MapiObjectKindName(i));
}

int mapi_setup(void **state)
{
    (void)state;
    temp_home_make();
    fake_store_reset();
    return MAPIInitialize(NULL) == S_OK ? 0 : -1;
}

int mapi_teardown(void **state)
{
    (void)state;
    MAPIUninitialize();
    expect_nothing_alive();
    temp_home_remove();
    return 0;
}

void release(void *object)
{
    IUnknown *unknown = object;
    unknown->lpVtbl->Release(unknown);
}

IProfAdmin *prof_admin(void)
{
    IProfAdmin *admin = NULL;
    assert_int_equal(MAPIAdminProfiles(0, &admin), S_OK);
    return admin;
}

HRESULT create_profile(const char *name)
{
    IProfAdmin *admin = prof_admin();
    HRESULT hr = admin->lpVtbl->CreateProfile(admin, (LPSTR)(uintptr_t)name, NULL, 0, 0);
    release(admin);
    return hr;
}

HRESULT delete_profile(const char *name)
{
    IProfAdmin *admin = prof_admin();
    HRESULT hr = admin->lpVtbl->DeleteProfile(admin, (LPSTR)(uintptr_t)name, 0);
    release(admin);
    return hr;
}

IMsgServiceAdmin2 *service_admin(const char *profile)
{
    IProfAdmin *admin = prof_admin();
    LPSERVICEADMIN services = NULL;
    void *wanted = NULL;
    assert_int_equal(admin->lpVtbl->AdminServices(admin, (LPSTR)(uintptr_t)profile, NULL, 0, 0, &services), S_OK);
    assert_int_equal(services->lpVtbl->QueryInterface(services, &IID_IMsgServiceAdmin2, &wanted), S_OK);
    release(services);
    release(admin);
    return wanted;
}

MAPIUID create_profile_with(const char *profile, const char *service)
{
    MAPIUID uid;
    assert_int_equal(create_profile(profile), S_OK);
    IMsgServiceAdmin2 *services = service_admin(profile);
    assert_int_equal(services->lpVtbl->CreateMsgServiceEx(services, (LPSTR)(uintptr_t)service, NULL, 0, 0, &uid), S_OK);
    release(services);
    return uid;
}

HRESULT try_log_on(const char *profile, FLAGS flags, IMAPISession **session)
{
    return MAPILogonEx(0, (LPSTR)(uintptr_t)profile, NULL, flags, session);
}

IMAPISession *log_on(const char *profile)
{
    IMAPISession *session = NULL;
    assert_int_equal(try_log_on(profile, MAPI_NEW_SESSION | MAPI_EXTENDED, &session), S_OK);
    return session;
}

void log_off(IMAPISession *session)
{
    assert_int_equal(session->lpVtbl->Logoff(session, 0, 0, 0), S_OK);
    release(session);
}

LPSRowSet all_rows(IMAPITable *table, ULONG count, const ULONG *columns)
{
    LPSRowSet rows = NULL;
    SizedSPropTagArray(16, tags) = {count, {0}};
    assert_true(count <= 16);
    memcpy(tags.aulPropTag, columns, count * sizeof *columns);
    assert_int_equal(HrQueryAllRows(table, (LPSPropTagArray)&tags, NULL, NULL, 0, &rows), S_OK);
    release(table);
    return rows;
}

void first_store(IMAPISession *session, ULONG *size, LPENTRYID *id)
{
    static const ULONG column = PR_ENTRYID;
    LPMAPITABLE table = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, &column);
    assert_true(rows->cRows > 0);
    const SBinary *value = &rows->aRow[0].lpProps[0].Value.bin;
    assert_int_equal(rows->aRow[0].lpProps[0].ulPropTag, PR_ENTRYID);
    assert_int_equal(MAPIAllocateBuffer(value->cb, (LPVOID *)id), S_OK);
    memcpy(*id, value->lpb, value->cb);
    *size = value->cb;
    FreeProws(rows);
}
