/* IMsgServiceAdmin, IMsgServiceAdmin2, IProviderAdmin and IProfSect: imsgserviceadmin-*.md, iprovideradmin-*.md,
 * iprofsectimapiprop.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/fake_store.h"
#include "support/fault.h"
#include "support/mapi.h"

static const MAPIUID some_uid = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static LPSTR text(const char *string)
{
    return (LPSTR)(uintptr_t)string;
}

static LPMAPIUID uid_of(const MAPIUID *uid)
{
    return (LPMAPIUID)(uintptr_t)uid;
}

static IMsgServiceAdmin2 *admin; /* of the profile "a", for one test */

static int setup(void **state)
{
    int result = mapi_setup(state);
    if (result == 0 && create_profile("a") == S_OK)
        admin = service_admin("a");
    return result;
}

static int teardown(void **state)
{
    release(admin);
    return mapi_teardown(state);
}

static MAPIUID add_service(const char *name)
{
    MAPIUID uid;
    assert_int_equal(admin->lpVtbl->CreateMsgServiceEx(admin, text(name), NULL, 0, 0, &uid), S_OK);
    return uid;
}

static LPSRowSet services(ULONG count, const ULONG *columns)
{
    LPMAPITABLE table = NULL;
    assert_int_equal(admin->lpVtbl->GetMsgServiceTable(admin, 0, &table), S_OK);
    return all_rows(table, count, columns);
}

static LPSRowSet providers(ULONG count, const ULONG *columns)
{
    LPMAPITABLE table = NULL;
    assert_int_equal(admin->lpVtbl->GetProviderTable(admin, 0, &table), S_OK);
    return all_rows(table, count, columns);
}

static ULONG service_count(void)
{
    static const ULONG columns[] = {PR_SERVICE_UID};
    LPSRowSet rows = services(1, columns);
    ULONG count = rows->cRows;
    FreeProws(rows);
    return count;
}

static MAPIUID provider_at(ULONG index)
{
    static const ULONG columns[] = {PR_PROVIDER_UID};
    MAPIUID uid;
    LPSRowSet rows = providers(1, columns);
    assert_true(index < rows->cRows);
    memcpy(&uid, rows->aRow[index].lpProps[0].Value.bin.lpb, sizeof uid);
    FreeProws(rows);
    return uid;
}

static LPPROFSECT section(const MAPIUID *uid, ULONG flags)
{
    LPPROFSECT opened = NULL;
    assert_int_equal(admin->lpVtbl->OpenProfileSection(admin, uid_of(uid), NULL, flags, &opened), S_OK);
    return opened;
}

static HRESULT try_section(const MAPIUID *uid, ULONG flags)
{
    LPPROFSECT opened = (LPPROFSECT)(uintptr_t)1;
    HRESULT hr = admin->lpVtbl->OpenProfileSection(admin, uid_of(uid), NULL, flags, &opened);
    if (hr == S_OK)
        release(opened);
    else
        assert_null(opened);
    return hr;
}

static ULONG long_in(const MAPIUID *uid, ULONG tag)
{
    LPSPropValue value = NULL;
    LPPROFSECT opened = section(uid, MAPI_FORCE_ACCESS);
    ULONG result = 0xFFFFFFFF;
    if (HrGetOneProp((LPMAPIPROP)opened, tag, &value) == S_OK)
        result = value->Value.ul;
    MAPIFreeBuffer(value);
    release(opened);
    return result;
}

/* Identity of the object --------------------------------------------------------------------------------- */

static void one_object_two_interfaces(void **state)
{
    (void)state;
    void *found = NULL;
    assert_int_equal(admin->lpVtbl->QueryInterface(admin, &IID_IMsgServiceAdmin, &found), S_OK);
    assert_ptr_equal(found, admin);
    release(found);
    assert_int_equal(admin->lpVtbl->QueryInterface(admin, &IID_IUnknown, &found), S_OK);
    assert_ptr_equal(found, admin);
    release(found);
    assert_int_equal(admin->lpVtbl->QueryInterface(admin, &IID_IProfAdmin, &found), E_NOINTERFACE);
    assert_null(found);
}

/* Services ----------------------------------------------------------------------------------------------- */

static void a_profile_without_services(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_PROVIDER_UID};
    assert_int_equal(service_count(), 0);
    LPSRowSet rows = providers(1, columns);
    assert_int_equal(rows->cRows, 0);
    FreeProws(rows);
}

static void the_tables_have_the_documented_columns(void **state)
{
    (void)state;
    static const ULONG service_columns[] = {PR_DISPLAY_NAME_A,          PR_INSTANCE_KEY,       PR_RESOURCE_FLAGS,
                                            PR_SERVICE_DLL_NAME_A,      PR_SERVICE_ENTRY_NAME, PR_SERVICE_NAME_A,
                                            PR_SERVICE_SUPPORT_FILES_A, PR_SERVICE_UID};
    static const ULONG provider_columns[] = {
        PR_INSTANCE_KEY, PR_DISPLAY_NAME_A, PR_PROVIDER_DISPLAY_A, PR_PROVIDER_DLL_NAME_A, PR_PROVIDER_ORDINAL,
        PR_PROVIDER_UID, PR_RESOURCE_FLAGS, PR_RESOURCE_TYPE,      PR_SERVICE_NAME_A,      PR_SERVICE_UID};
    MAPIUID uid = add_service(FAKE_SERVICE);
    LPSRowSet rows = services(8, service_columns);
    assert_int_equal(rows->cRows, 1);
    for (ULONG i = 0; i < 8; i++)
        assert_int_equal(rows->aRow[0].lpProps[i].ulPropTag, service_columns[i]);
    assert_string_equal(rows->aRow[0].lpProps[5].Value.lpszA, FAKE_SERVICE);
    assert_memory_equal(rows->aRow[0].lpProps[7].Value.bin.lpb, &uid, sizeof uid);
    FreeProws(rows);
    rows = providers(10, provider_columns);
    assert_int_equal(rows->cRows, 1);
    for (ULONG i = 0; i < 10; i++)
        assert_int_equal(rows->aRow[0].lpProps[i].ulPropTag, provider_columns[i]);
    assert_int_equal(rows->aRow[0].lpProps[7].Value.ul, MAPI_STORE_PROVIDER);
    assert_memory_equal(rows->aRow[0].lpProps[9].Value.bin.lpb, &uid, sizeof uid);
    FreeProws(rows);
}

static void CreateMsgService_calls_the_entry_point(void **state)
{
    (void)state;
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, text("nothing"), NULL, 0, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, NULL, NULL, 0, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, text(FAKE_SERVICE), NULL, 0, 0x1000), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, text(FAKE_SERVICE), NULL, 0, SERVICE_UI_ALLOWED), S_OK);
    assert_int_equal(fake_log.entries[MSG_SERVICE_CREATE], 1);
    assert_int_equal(fake_log.entry_flags, SERVICE_UI_ALLOWED);
    assert_int_equal(fake_log.entry_values, 0); /* properties come with CONFIGURE only */
    LPSTR wide = (LPSTR)(uintptr_t)u"FAKE";
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, wide, NULL, 0, MAPI_UNICODE), S_OK);
    assert_int_equal(service_count(), 2);
}

static void a_service_that_refuses_leaves_nothing(void **state)
{
    (void)state;
    LPMAPIERROR error = NULL;
    fake_plan.entry[MSG_SERVICE_CREATE] = MAPI_E_USER_CANCEL;
    fake_plan.said = "The user would rather not.";
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, text(FAKE_SERVICE), NULL, 0, 0), MAPI_E_USER_CANCEL);
    assert_int_equal(service_count(), 0);
    assert_int_equal(fake_log.removed, 1); /* the store it had made */
    assert_int_equal(admin->lpVtbl->GetLastError(admin, MAPI_E_USER_CANCEL, 0, &error), S_OK);
    assert_string_equal(error->lpszError, fake_plan.said);
    assert_int_equal(error->ulLowLevelError, 42);
    assert_int_equal(error->ulContext, 7);
    MAPIFreeBuffer(error);
}

static void the_display_name_is_the_services_own_if_it_has_one(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_DISPLAY_NAME_A};
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, text(FAKE_SERVICE), text("Mine"), 0, 0), S_OK);
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, text(FAKE_SINGLE_SERVICE), text("Mine"), 0, 0), S_OK);
    LPSRowSet rows = services(1, columns);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, "Mine");
    assert_string_equal(rows->aRow[1].lpProps[0].Value.lpszA, "Single");
    FreeProws(rows);
}

static void a_single_copy_service(void **state)
{
    (void)state;
    MAPIUID uid = add_service(FAKE_SINGLE_SERVICE);
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, text(FAKE_SINGLE_SERVICE), NULL, 0, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(admin->lpVtbl->CopyMsgService(admin, &uid, NULL, NULL, &IID_IMsgServiceAdmin, admin, 0, 0),
                     MAPI_E_NO_ACCESS);
    assert_int_equal(service_count(), 1);
}

static void DeleteMsgService(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_PROVIDER_UID};
    MAPIUID uid = add_service(FAKE_SERVICE), provider = provider_at(0);
    assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, uid_of(&some_uid)), MAPI_E_NOT_FOUND);
    assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, &provider), MAPI_E_NOT_FOUND); /* that is no service */
    assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, &uid), S_OK);
    assert_int_equal(fake_log.entries[MSG_SERVICE_DELETE], 1);
    assert_int_equal(fake_log.removed, 1);
    LPSRowSet rows = providers(1, columns);
    assert_int_equal(rows->cRows, 0);
    FreeProws(rows);
    assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, &uid), MAPI_E_NOT_FOUND);
    assert_int_equal(fake_log.entries[MSG_SERVICE_DELETE], 1); /* never called again */
}

static void CopyMsgService(void **state)
{
    (void)state;
    MAPIUID uid = add_service(FAKE_SERVICE);
    assert_int_equal(create_profile("b"), S_OK);
    IMAPISession *session = log_on("b");
    assert_int_equal(admin->lpVtbl->CopyMsgService(admin, &uid, NULL, NULL, NULL, session, 0, 0), S_OK);
    ULONG size = 0;
    LPENTRYID id = NULL;
    first_store(session, &size, &id); /* there, with its settings */
    MAPIFreeBuffer(id);
    assert_int_equal(
        admin->lpVtbl->CopyMsgService(admin, &uid, NULL, &IID_IProfSect, &IID_IMsgServiceAdmin, admin, 0, 0), S_OK);
    assert_int_equal(service_count(), 2);
    assert_int_equal(fake_log.entries[MSG_SERVICE_CREATE], 1); /* not called for a copy */
    assert_int_equal(admin->lpVtbl->CopyMsgService(admin, uid_of(&some_uid), NULL, NULL, NULL, session, 0, 0),
                     MAPI_E_NOT_FOUND);
    assert_int_equal(admin->lpVtbl->CopyMsgService(admin, &uid, NULL, NULL, NULL, NULL, 0, 0),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->CopyMsgService(admin, &uid, NULL, NULL, NULL, admin, 0, 0),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->CopyMsgService(admin, &uid, NULL, NULL, &IID_IMessage, session, 0, 0),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(admin->lpVtbl->CopyMsgService(admin, &uid, NULL, &IID_IMessage, NULL, session, 0, 0),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(admin->lpVtbl->CopyMsgService(admin, &uid, NULL, NULL, NULL, session, 0, 0x8000),
                     MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, &uid), S_OK);
    assert_int_equal(fake_log.removed, 0); /* the copies share the store */
    log_off(session);
}

static void RenameMsgService_is_not_supported(void **state)
{
    (void)state;
    MAPIUID uid = add_service(FAKE_SERVICE);
    assert_int_equal(admin->lpVtbl->RenameMsgService(admin, &uid, 0, text("x")), MAPI_E_NO_SUPPORT);
}

static void ConfigureMsgService(void **state)
{
    (void)state;
    MAPIUID uid = add_service(FAKE_SERVICE), bare = add_service(FAKE_BARE_SERVICE);
    SPropValue value = {.ulPropTag = PR_DISPLAY_NAME_A};
    value.Value.lpszA = text("x");
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, &uid, 0, 0, 1, &value), S_OK);
    assert_int_equal(fake_log.entries[MSG_SERVICE_CONFIGURE], 1);
    assert_int_equal(fake_log.entry_values, 1);
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, uid_of(&some_uid), 0, 0, 0, NULL), MAPI_E_NOT_FOUND);
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, &bare, 0, 0, 0, NULL), MAPI_E_NOT_INITIALIZED);
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, NULL, 0, 0, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, &uid, 0, 0, 1, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, &uid, 0, 0x1000, 0, NULL), MAPI_E_UNKNOWN_FLAGS);
    fake_plan.entry[MSG_SERVICE_CONFIGURE] = MAPI_E_EXTENDED_ERROR;
    fake_plan.said = "no such server";
    LPMAPIERROR error = NULL;
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, &uid, 0, SERVICE_UI_ALLOWED, 0, NULL),
                     MAPI_E_EXTENDED_ERROR);
    assert_int_equal(admin->lpVtbl->GetLastError(admin, MAPI_E_EXTENDED_ERROR, MAPI_UNICODE, &error), S_OK);
    assert_memory_equal(error->lpszError, u"no such server", sizeof u"no such server");
    MAPIFreeBuffer(error);
    fake_plan.entry[MSG_SERVICE_CONFIGURE] = MAPI_E_USER_CANCEL;
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, &uid, 0, SERVICE_UI_ALWAYS, 0, NULL),
                     MAPI_E_USER_CANCEL);
}

static void SetPrimaryIdentity(void **state)
{
    (void)state;
    MAPIUID first = add_service(FAKE_SERVICE), second = add_service(FAKE_SERVICE),
            none = add_service(FAKE_SINGLE_SERVICE);
    MAPIUID provider1 = provider_at(0), provider2 = provider_at(1);
    assert_int_equal(admin->lpVtbl->SetPrimaryIdentity(admin, &none, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(admin->lpVtbl->SetPrimaryIdentity(admin, uid_of(&some_uid), 0), MAPI_E_NOT_FOUND);
    assert_int_equal(admin->lpVtbl->SetPrimaryIdentity(admin, &first, 1), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(admin->lpVtbl->SetPrimaryIdentity(admin, &first, 0), S_OK);
    assert_true(long_in(&first, PR_RESOURCE_FLAGS) & SERVICE_PRIMARY_IDENTITY);
    assert_true(long_in(&second, PR_RESOURCE_FLAGS) & SERVICE_NO_PRIMARY_IDENTITY);
    assert_true(long_in(&provider1, PR_RESOURCE_FLAGS) & STATUS_PRIMARY_IDENTITY);
    assert_false(long_in(&provider2, PR_RESOURCE_FLAGS) & STATUS_PRIMARY_IDENTITY);
    assert_int_equal(admin->lpVtbl->SetPrimaryIdentity(admin, NULL, 0), S_OK);
    assert_false(long_in(&first, PR_RESOURCE_FLAGS) & SERVICE_PRIMARY_IDENTITY);
    assert_false(long_in(&provider1, PR_RESOURCE_FLAGS) & STATUS_PRIMARY_IDENTITY);
}

static void MsgServiceTransportOrder(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_PROVIDER_UID, PR_PROVIDER_ORDINAL};
    add_service(FAKE_SERVICE);
    add_service(FAKE_BARE_SERVICE);
    MAPIUID order[3] = {provider_at(2), provider_at(1), provider_at(0)}; /* second and first transport, and a store */
    assert_int_equal(admin->lpVtbl->MsgServiceTransportOrder(admin, 1, order, 0), MAPI_E_BUSY);
    assert_int_equal(admin->lpVtbl->MsgServiceTransportOrder(admin, 3, order, 0), MAPI_E_BUSY);
    MAPIUID wrong[2] = {order[0], order[2]};
    assert_int_equal(admin->lpVtbl->MsgServiceTransportOrder(admin, 2, wrong, 0), MAPI_E_NOT_FOUND);
    MAPIUID twice[2] = {order[0], order[0]};
    assert_int_equal(admin->lpVtbl->MsgServiceTransportOrder(admin, 2, twice, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(admin->lpVtbl->MsgServiceTransportOrder(admin, 2, NULL, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->MsgServiceTransportOrder(admin, 2, order, 1), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(admin->lpVtbl->MsgServiceTransportOrder(admin, 2, order, 0), S_OK);
    LPSRowSet rows = providers(2, columns);
    assert_int_equal(rows->cRows, 3);
    assert_memory_equal(rows->aRow[1].lpProps[0].Value.bin.lpb, &order[0], sizeof order[0]);
    assert_int_equal(rows->aRow[1].lpProps[1].Value.ul, 0);
    assert_memory_equal(rows->aRow[2].lpProps[0].Value.bin.lpb, &order[1], sizeof order[1]);
    assert_int_equal(rows->aRow[2].lpProps[1].Value.ul, 1);
    FreeProws(rows);
}

/* Providers ---------------------------------------------------------------------------------------------- */

static LPPROVIDERADMIN provider_admin(const MAPIUID *service)
{
    LPPROVIDERADMIN made = NULL;
    assert_int_equal(admin->lpVtbl->AdminProviders(admin, uid_of(service), 0, &made), S_OK);
    return made;
}

static void AdminProviders_wants_a_service(void **state)
{
    (void)state;
    LPPROVIDERADMIN made = (LPPROVIDERADMIN)(uintptr_t)1;
    assert_int_equal(admin->lpVtbl->AdminProviders(admin, uid_of(&some_uid), 0, &made), MAPI_E_NOT_FOUND);
    assert_null(made);
    assert_int_equal(admin->lpVtbl->AdminProviders(admin, uid_of(&some_uid), 1, &made), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(admin->lpVtbl->AdminProviders(admin, NULL, 0, &made), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->AdminProviders(admin, uid_of(&some_uid), 0, NULL), MAPI_E_INVALID_PARAMETER);
}

static void CreateProvider_and_DeleteProvider(void **state)
{
    (void)state;
    MAPIUID service = add_service(FAKE_SERVICE), made, first = provider_at(0);
    SPropValue value = {.ulPropTag = PR_DISPLAY_NAME_A};
    value.Value.lpszA = text("Second");
    LPPROVIDERADMIN providers_of = provider_admin(&service);
    assert_int_equal(providers_of->lpVtbl->CreateProvider(providers_of, text("FAKE_MDB"), 1, &value, 0, 0, &made),
                     S_OK);
    assert_int_equal(fake_log.entries[MSG_SERVICE_PROVIDER_CREATE], 1);
    assert_memory_not_equal(&made, &first, sizeof made);
    assert_false(long_in(&made, PR_RESOURCE_FLAGS) & STATUS_DEFAULT_STORE); /* there is one already */
    assert_int_equal(providers_of->lpVtbl->CreateProvider(providers_of, NULL, 0, NULL, 0, 0, NULL),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(providers_of->lpVtbl->CreateProvider(providers_of, text("FAKE_MDB"), 0, NULL, 0, 0x10, NULL),
                     MAPI_E_UNKNOWN_FLAGS);
    fake_plan.entry[MSG_SERVICE_PROVIDER_CREATE] = MAPI_E_USER_CANCEL;
    assert_int_equal(
        providers_of->lpVtbl->CreateProvider(providers_of, text("FAKE_MDB"), 0, NULL, 0, MAPI_DIALOG, NULL),
        MAPI_E_USER_CANCEL);
    static const ULONG columns[] = {PR_PROVIDER_UID};
    LPSRowSet rows = providers(1, columns);
    assert_int_equal(rows->cRows, 2);
    FreeProws(rows);
    assert_int_equal(providers_of->lpVtbl->DeleteProvider(providers_of, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(providers_of->lpVtbl->DeleteProvider(providers_of, uid_of(&some_uid)), MAPI_E_NOT_FOUND);
    assert_int_equal(providers_of->lpVtbl->DeleteProvider(providers_of, &made), S_OK);
    assert_int_equal(fake_log.entries[MSG_SERVICE_PROVIDER_DELETE], 1);
    assert_int_equal(providers_of->lpVtbl->DeleteProvider(providers_of, &made), MAPI_E_NOT_FOUND);
    assert_int_equal(fake_log.entries[MSG_SERVICE_PROVIDER_DELETE], 1);
    release(providers_of);
}

static void a_provider_deleted_in_use_goes_with_the_last_session(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_PROVIDER_UID};
    MAPIUID service = add_service(FAKE_SERVICE), provider = provider_at(0);
    LPPROVIDERADMIN providers_of = provider_admin(&service);
    IMAPISession *session = log_on("a");
    assert_int_equal(providers_of->lpVtbl->DeleteProvider(providers_of, &provider), S_OK);
    LPSRowSet rows = providers(1, columns);
    assert_int_equal(rows->cRows, 0); /* marked ones are left out */
    FreeProws(rows);
    assert_int_equal(fake_log.removed, 0);
    assert_int_equal(try_section(&provider, MAPI_FORCE_ACCESS), S_OK);
    log_off(session);
    assert_int_equal(fake_log.removed, 1);
    assert_int_equal(try_section(&provider, MAPI_FORCE_ACCESS), MAPI_E_NOT_FOUND);
    release(providers_of);
}

static void IProviderAdmin_sections(void **state)
{
    (void)state;
    MAPIUID service = add_service(FAKE_SERVICE), provider = provider_at(0), uid = some_uid;
    LPPROVIDERADMIN providers_of = provider_admin(&service);
    LPPROFSECT opened = NULL;
    assert_int_equal(providers_of->lpVtbl->OpenProfileSection(providers_of, NULL, NULL, 0, &opened),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(providers_of->lpVtbl->OpenProfileSection(providers_of, &provider, NULL, 0, &opened),
                     MAPI_E_NO_ACCESS);
    assert_int_equal(providers_of->lpVtbl->OpenProfileSection(providers_of, &provider, NULL,
                                                              MAPI_FORCE_ACCESS | MAPI_MODIFY, &opened),
                     MAPI_E_NO_ACCESS);
    assert_int_equal(
        providers_of->lpVtbl->OpenProfileSection(providers_of, &provider, NULL, MAPI_FORCE_ACCESS, &opened), S_OK);
    release(opened);
    assert_int_equal(providers_of->lpVtbl->OpenProfileSection(providers_of, &uid, NULL, 0, &opened), MAPI_E_NOT_FOUND);
    assert_int_equal(providers_of->lpVtbl->OpenProfileSection(providers_of, &uid, NULL, MAPI_MODIFY, &opened), S_OK);
    release(opened);
    release(providers_of);
}

/* Inside its entry point a service may do all that, and NULL is its own section. */
static HRESULT within[3];

static void look_around(IMAPISupport *support, IProviderAdmin *given, ULONG context_of_call, void *context)
{
    LPPROFSECT opened = NULL;
    LPSPropValue value = NULL;
    (void)context;
    if (context_of_call != MSG_SERVICE_CONFIGURE)
        return;
    within[0] = given->lpVtbl->OpenProfileSection(given, NULL, NULL, MAPI_MODIFY, &opened);
    if (within[0] == S_OK) {
        within[1] = HrGetOneProp((LPMAPIPROP)opened, PR_SERVICE_NAME_A, &value);
        MAPIFreeBuffer(value);
        release(opened);
    }
    within[2] = support->lpVtbl->OpenProfileSection(support, NULL, 0, &opened);
    if (within[2] == S_OK)
        release(opened);
}

static void an_entry_point_may_do_more(void **state)
{
    (void)state;
    MAPIUID service = add_service(FAKE_SERVICE);
    fake_plan.during_entry = look_around;
    assert_int_equal(admin->lpVtbl->ConfigureMsgService(admin, &service, 0, 0, 0, NULL), S_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(within[i], S_OK);
}

/* Sections ----------------------------------------------------------------------------------------------- */

static void opening_sections(void **state)
{
    (void)state;
    LPPROFSECT opened = NULL;
    assert_int_equal(try_section(&some_uid, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(try_section(NULL, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_section(&some_uid, 0x4000), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(admin->lpVtbl->OpenProfileSection(admin, uid_of(&some_uid), NULL, 0, NULL),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(admin->lpVtbl->OpenProfileSection(admin, uid_of(&some_uid), &IID_IMessage, MAPI_MODIFY, &opened),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_null(opened);
    assert_int_equal(try_section(&some_uid, MAPI_MODIFY), S_OK); /* made */
    assert_int_equal(try_section(&some_uid, MAPI_DEFERRED_ERRORS), S_OK);
    void *found = NULL;
    opened = section(&some_uid, 0);
    assert_int_equal(opened->lpVtbl->QueryInterface(opened, &IID_IMAPIProp, &found), S_OK);
    assert_ptr_equal(found, opened);
    release(found);
    assert_int_equal(opened->lpVtbl->QueryInterface(opened, &IID_IMessage, &found), E_NOINTERFACE);
    release(opened);
}

static void readers_or_one_writer(void **state)
{
    (void)state;
    LPPROFSECT writer = section(&some_uid, MAPI_MODIFY);
    assert_int_equal(try_section(&some_uid, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(try_section(&some_uid, MAPI_MODIFY), MAPI_E_NO_ACCESS);
    release(writer);
    LPPROFSECT reader1 = section(&some_uid, 0), reader2 = section(&some_uid, 0);
    assert_int_equal(try_section(&some_uid, MAPI_MODIFY), MAPI_E_NO_ACCESS);
    release(reader1);
    assert_int_equal(try_section(&some_uid, MAPI_MODIFY), MAPI_E_NO_ACCESS);
    release(reader2);
    assert_int_equal(try_section(&some_uid, MAPI_MODIFY), S_OK);
}

static void sections_of_providers_want_MAPI_FORCE_ACCESS(void **state)
{
    (void)state;
    MAPIUID service = add_service(FAKE_SERVICE), provider = provider_at(0);
    assert_int_equal(try_section(&provider, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(try_section(&provider, MAPI_MODIFY), MAPI_E_NO_ACCESS);
    assert_int_equal(try_section(&provider, MAPI_FORCE_ACCESS), S_OK);
    assert_int_equal(try_section(&provider, MAPI_FORCE_ACCESS | MAPI_MODIFY), S_OK);
    assert_int_equal(try_section(&service, 0), S_OK);
}

static void well_known_sections(void **state)
{
    (void)state;
    LPSPropValue value = NULL;
    LPPROFSECT opened = section(&muidGlobalProfileSection, 0);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)opened, PR_PROFILE_NAME_A, &value), S_OK);
    assert_string_equal(value->Value.lpszA, "a");
    MAPIFreeBuffer(value);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)opened, PR_PROFILE_NAME_W, &value), S_OK);
    assert_memory_equal(value->Value.lpszW, u"a", sizeof u"a");
    MAPIFreeBuffer(value);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)opened, PR_OBJECT_TYPE, &value), S_OK);
    assert_int_equal(value->Value.l, MAPI_PROFSECT);
    MAPIFreeBuffer(value);
    release(opened);
    assert_int_equal(try_section(&MUID_PROFILE_INSTANCE, 0), S_OK);
    assert_int_equal(try_section(&MUID_PROFILE_INSTANCE, MAPI_MODIFY), MAPI_E_NO_ACCESS);
}

#define PR_SECRET PROP_TAG(PT_STRING8, 0x67F5)

static bool listed(LPPROFSECT opened, ULONG id)
{
    LPSPropTagArray tags = NULL;
    bool found = false;
    assert_int_equal(opened->lpVtbl->GetPropList(opened, 0, &tags), S_OK);
    for (ULONG i = 0; i < tags->cValues; i++)
        found = found || PROP_ID(tags->aulPropTag[i]) == id;
    MAPIFreeBuffer(tags);
    return found;
}

static void secure_properties_are_given_by_tag_only(void **state)
{
    (void)state;
    SPropValue value = {.ulPropTag = PR_SECRET};
    LPSPropValue values = NULL;
    ULONG count = 0;
    value.Value.lpszA = text("secret");
    LPPROFSECT opened = section(&some_uid, MAPI_MODIFY);
    assert_int_equal(opened->lpVtbl->SetProps(opened, 1, &value, NULL), S_OK);
    assert_false(listed(opened, 0x67F5));
    assert_int_equal(opened->lpVtbl->GetProps(opened, NULL, 0, &count, &values), S_OK);
    for (ULONG i = 0; i < count; i++)
        assert_int_not_equal(PROP_ID(values[i].ulPropTag), 0x67F5);
    MAPIFreeBuffer(values);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)opened, PR_SECRET, &values), S_OK);
    assert_string_equal(values->Value.lpszA, "secret");
    MAPIFreeBuffer(values);
    release(opened);
}

static void changes_take_effect_at_once(void **state)
{
    (void)state;
    SPropValue values[4] = {{.ulPropTag = PR_COMMENT_A},
                            {.ulPropTag = PR_OBJECT_TYPE},
                            {.ulPropTag = PROP_TAG(PT_LONG, 0x8001)},
                            {.ulPropTag = PR_RESOURCE_FLAGS}};
    LPSPropProblemArray problems = NULL;
    values[0].Value.lpszA = text("kept");
    values[3].Value.l = 77;
    LPPROFSECT opened = section(&some_uid, MAPI_MODIFY);
    assert_int_equal(opened->lpVtbl->SetProps(opened, 4, values, &problems), S_OK);
    assert_int_equal(problems->cProblem, 2);
    assert_int_equal(problems->aProblem[0].ulIndex, 1);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_COMPUTED);
    assert_int_equal(problems->aProblem[1].ulIndex, 2);
    MAPIFreeBuffer(problems);
    release(opened); /* without SaveChanges */
    MAPIUninitialize();
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(long_in(&some_uid, PR_RESOURCE_FLAGS), 77);
    static const SizedSPropTagArray(2, tags) = {2, {PR_COMMENT_A, PR_SUBJECT_A}};
    opened = section(&some_uid, MAPI_MODIFY);
    assert_int_equal(opened->lpVtbl->DeleteProps(opened, (LPSPropTagArray)(uintptr_t)&tags, &problems), S_OK);
    assert_int_equal(problems->cProblem, 1);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_NOT_FOUND);
    MAPIFreeBuffer(problems);
    assert_false(listed(opened, PROP_ID(PR_COMMENT)));
    assert_true(listed(opened, PROP_ID(PR_RESOURCE_FLAGS)));
    assert_int_equal(opened->lpVtbl->SaveChanges(opened, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(opened->lpVtbl->SaveChanges(opened, 0x40000), MAPI_E_UNKNOWN_FLAGS);
    release(opened);
}

static void a_section_open_for_reading_cannot_be_changed(void **state)
{
    (void)state;
    static const SizedSPropTagArray(1, tags) = {1, {PR_COMMENT_A}};
    SPropValue value = {.ulPropTag = PR_COMMENT_A};
    LPUNKNOWN stream = NULL;
    value.Value.lpszA = text("x");
    release(section(&some_uid, MAPI_MODIFY));
    LPPROFSECT opened = section(&some_uid, 0);
    assert_int_equal(opened->lpVtbl->SetProps(opened, 1, &value, NULL), MAPI_E_NO_ACCESS);
    assert_int_equal(opened->lpVtbl->DeleteProps(opened, (LPSPropTagArray)(uintptr_t)&tags, NULL), MAPI_E_NO_ACCESS);
    assert_int_equal(
        opened->lpVtbl->OpenProperty(opened, PR_COMMENT_A, &IID_IStream, 0, MAPI_CREATE | MAPI_MODIFY, &stream),
        MAPI_E_NO_ACCESS);
    LPMAPIERROR error = NULL;
    assert_int_equal(opened->lpVtbl->GetLastError(opened, MAPI_E_NO_ACCESS, 0, &error), S_OK);
    assert_non_null(error->lpszError);
    MAPIFreeBuffer(error);
    release(opened);
}

static void there_are_no_named_properties(void **state)
{
    (void)state;
    LPSPropTagArray tags = NULL;
    ULONG count = 1;
    LPMAPINAMEID *names = NULL;
    release(section(&some_uid, MAPI_MODIFY));
    LPPROFSECT opened = section(&some_uid, 0);
    assert_int_equal(opened->lpVtbl->GetIDsFromNames(opened, 0, NULL, 0, &tags), MAPI_E_NO_SUPPORT);
    assert_int_equal(opened->lpVtbl->GetNamesFromIDs(opened, &tags, NULL, 0, &count, &names), MAPI_E_NO_SUPPORT);
    assert_int_equal(count, 0);
    release(opened);
}

static void large_values_go_through_streams(void **state)
{
    (void)state;
    enum { SIZE = 200000 };
    static char large[SIZE], back[SIZE];
    LPUNKNOWN unknown = NULL;
    ULONG done = 0;
    memset(large, 'x', sizeof large);
    LPPROFSECT opened = section(&some_uid, MAPI_MODIFY);
    assert_int_equal(opened->lpVtbl->OpenProperty(opened, PR_ATTACH_DATA_BIN, NULL, 0, 0, &unknown),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(opened->lpVtbl->OpenProperty(opened, PR_ATTACH_DATA_BIN, &IID_IMessage, 0, 0, &unknown),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(opened->lpVtbl->OpenProperty(opened, PR_ATTACH_DATA_BIN, &IID_IStream, 0, 0, &unknown),
                     MAPI_E_NOT_FOUND);
    assert_int_equal(
        opened->lpVtbl->OpenProperty(opened, PR_ATTACH_DATA_BIN, &IID_IStream, 0, MAPI_CREATE | MAPI_MODIFY, &unknown),
        S_OK);
    IStream *stream = (IStream *)unknown;
    assert_int_equal(stream->lpVtbl->Write(stream, large, SIZE, &done), S_OK);
    assert_int_equal(stream->lpVtbl->Commit(stream, 0), S_OK);
    release(stream);
    LPSPropValue value = NULL;
    assert_int_equal(HrGetOneProp((LPMAPIPROP)opened, PR_ATTACH_DATA_BIN, &value), MAPI_E_NOT_ENOUGH_MEMORY);
    assert_int_equal(opened->lpVtbl->OpenProperty(opened, PR_ATTACH_DATA_BIN, &IID_IStream, 0, 0, &unknown), S_OK);
    stream = (IStream *)unknown;
    assert_int_equal(stream->lpVtbl->Read(stream, back, SIZE, &done), S_OK);
    assert_int_equal(done, SIZE);
    assert_memory_equal(back, large, SIZE);
    release(stream);
    release(opened);
}

static void strings_as_streams(void **state)
{
    (void)state;
    LPUNKNOWN unknown = NULL;
    LPSPropValue value = NULL;
    WCHAR back[16];
    ULONG done = 0;
    LPPROFSECT opened = section(&some_uid, MAPI_MODIFY);
    assert_int_equal(
        opened->lpVtbl->OpenProperty(opened, PR_COMMENT_A, &IID_IStream, 0, MAPI_CREATE | MAPI_MODIFY, &unknown), S_OK);
    IStream *stream = (IStream *)unknown;
    assert_int_equal(stream->lpVtbl->Write(stream, "Th\xC3\xA9", 4, &done), S_OK);
    release(stream); /* the last Release commits */
    assert_int_equal(HrGetOneProp((LPMAPIPROP)opened, PR_COMMENT_W, &value), S_OK);
    assert_memory_equal(value->Value.lpszW, u"Thé", sizeof u"Thé");
    MAPIFreeBuffer(value);
    assert_int_equal(opened->lpVtbl->OpenProperty(opened, PR_COMMENT_W, &IID_IStream, 0, 0, &unknown), S_OK);
    stream = (IStream *)unknown;
    assert_int_equal(stream->lpVtbl->Read(stream, back, sizeof back, &done), S_OK);
    assert_int_equal(done, 6);
    assert_memory_equal(back, u"Thé", 6);
    release(stream);
    release(opened);
}

static void CopyTo_another_section(void **state)
{
    (void)state;
    MAPIUID other = some_uid;
    SPropValue value = {.ulPropTag = PR_COMMENT_A};
    LPSPropValue found = NULL;
    other.ab[0] = 99;
    value.Value.lpszA = text("copied");
    LPPROFSECT from = section(&some_uid, MAPI_MODIFY), to = section(&other, MAPI_MODIFY);
    assert_int_equal(from->lpVtbl->SetProps(from, 1, &value, NULL), S_OK);
    assert_int_equal(from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, &IID_IProfSect, to, 0, NULL), S_OK);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)to, PR_COMMENT_A, &found), S_OK);
    assert_string_equal(found->Value.lpszA, "copied");
    MAPIFreeBuffer(found);
    assert_int_equal(from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, &IID_IProfSect, from, 0, NULL),
                     MAPI_E_NO_ACCESS);
    release(from);
    release(to);
}

static void a_section_that_goes_away(void **state)
{
    (void)state;
    MAPIUID service = add_service(FAKE_SERVICE);
    ULONG count = 0;
    LPSPropValue values = NULL;
    LPPROFSECT opened = section(&service, 0);
    assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, &service), S_OK);
    assert_int_equal(opened->lpVtbl->GetProps(opened, NULL, 0, &count, &values), MAPI_E_OBJECT_DELETED);
    assert_null(values);
    release(opened);
}

static void a_profile_that_goes_away(void **state)
{
    (void)state;
    LPMAPITABLE table = NULL;
    assert_int_equal(delete_profile("a"), S_OK);
    assert_int_equal(admin->lpVtbl->CreateMsgService(admin, text(FAKE_SERVICE), NULL, 0, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(admin->lpVtbl->GetMsgServiceTable(admin, 0, &table), S_OK);
    release(table);
}

/* Memory ------------------------------------------------------------------------------------------------- */

static HRESULT use_sections(void *context)
{
    static const SizedSPropTagArray(1, tags) = {1, {PR_COMMENT_A}};
    SPropValue value = {.ulPropTag = PR_COMMENT_A};
    LPPROFSECT opened = NULL;
    LPSPropValue values = NULL;
    LPSPropTagArray list = NULL;
    LPSPropProblemArray problems = NULL;
    ULONG count = 0;
    MAPIUID uid = some_uid;
    (void)context;
    value.Value.lpszA = text("x");
    HRESULT hr = admin->lpVtbl->OpenProfileSection(admin, &uid, NULL, MAPI_MODIFY, &opened);
    if (FAILED(hr)) {
        assert_null(opened);
        return hr;
    }
    hr = opened->lpVtbl->SetProps(opened, 1, &value, &problems);
    if (hr == S_OK && problems) {
        hr = problems->aProblem[0].scode;
        MAPIFreeBuffer(problems);
    }
    if (hr == S_OK)
        hr = opened->lpVtbl->GetPropList(opened, 0, &list);
    if (hr == S_OK)
        hr = opened->lpVtbl->GetProps(opened, (LPSPropTagArray)(uintptr_t)&tags, 0, &count, &values);
    if (hr == MAPI_W_ERRORS_RETURNED)
        hr = values[0].Value.err;
    MAPIFreeBuffer(values);
    MAPIFreeBuffer(list);
    release(opened);
    return hr;
}

static HRESULT use_services(void)
{
    LPMAPITABLE table = NULL;
    MAPIUID uid;
    HRESULT hr = admin->lpVtbl->CreateMsgServiceEx(admin, text(FAKE_SERVICE), NULL, 0, 0, &uid);
    if (FAILED(hr))
        return hr;
    hr = admin->lpVtbl->GetProviderTable(admin, 0, &table);
    if (hr == S_OK)
        release(table);
    HRESULT deleted = admin->lpVtbl->DeleteMsgService(admin, &uid);
    return hr == S_OK ? deleted : hr;
}

static void delete_all_services(void)
{
    static const ULONG columns[] = {PR_SERVICE_UID};
    LPSRowSet rows = services(1, columns);
    for (ULONG i = 0; i < rows->cRows; i++) {
        MAPIUID uid;
        memcpy(&uid, rows->aRow[i].lpProps[0].Value.bin.lpb, sizeof uid);
        assert_int_equal(admin->lpVtbl->DeleteMsgService(admin, &uid), S_OK);
    }
    FreeProws(rows);
}

static void failing_memory(void **state)
{
    bool failed = true;
    (void)state;
    fault_sweep(use_sections, NULL);
    /* A deletion that failed leaves its service, so each run starts with none. */
    for (unsigned long n = 1; failed; n++) {
        fault_start(n);
        HRESULT hr = use_services();
        failed = fault_stop();
        assert_true(failed || hr == S_OK);
        delete_all_services();
    }
}

#define IN_PROFILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PROFILE(one_object_two_interfaces),
        IN_PROFILE(a_profile_without_services),
        IN_PROFILE(the_tables_have_the_documented_columns),
        IN_PROFILE(CreateMsgService_calls_the_entry_point),
        IN_PROFILE(a_service_that_refuses_leaves_nothing),
        IN_PROFILE(the_display_name_is_the_services_own_if_it_has_one),
        IN_PROFILE(a_single_copy_service),
        IN_PROFILE(DeleteMsgService),
        IN_PROFILE(CopyMsgService),
        IN_PROFILE(RenameMsgService_is_not_supported),
        IN_PROFILE(ConfigureMsgService),
        IN_PROFILE(SetPrimaryIdentity),
        IN_PROFILE(MsgServiceTransportOrder),
        IN_PROFILE(AdminProviders_wants_a_service),
        IN_PROFILE(CreateProvider_and_DeleteProvider),
        IN_PROFILE(a_provider_deleted_in_use_goes_with_the_last_session),
        IN_PROFILE(IProviderAdmin_sections),
        IN_PROFILE(an_entry_point_may_do_more),
        IN_PROFILE(opening_sections),
        IN_PROFILE(readers_or_one_writer),
        IN_PROFILE(sections_of_providers_want_MAPI_FORCE_ACCESS),
        IN_PROFILE(well_known_sections),
        IN_PROFILE(secure_properties_are_given_by_tag_only),
        IN_PROFILE(changes_take_effect_at_once),
        IN_PROFILE(a_section_open_for_reading_cannot_be_changed),
        IN_PROFILE(there_are_no_named_properties),
        IN_PROFILE(large_values_go_through_streams),
        IN_PROFILE(strings_as_streams),
        IN_PROFILE(CopyTo_another_section),
        IN_PROFILE(a_section_that_goes_away),
        IN_PROFILE(a_profile_that_goes_away),
        IN_PROFILE(failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
