/* IMAPISession's methods but Logoff: imapisession-*.md; provider logon: imsprovider-logon.md,
   loading-message-store-providers.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include <mapiutil.h>

#include "support/fake_store.h"
#include "support/fault.h"
#include "support/mapi.h"

static IMAPISession *session; /* on the profile "a" with one fake store, for one test */
static MAPIUID service;
static ULONG store_size;
static LPENTRYID store_id;

static int setup(void **state)
{
    int result = mapi_setup(state);
    if (result == 0) {
        service = create_profile_with("a", FAKE_SERVICE);
        session = log_on("a");
        first_store(session, &store_size, &store_id);
    }
    return result;
}

static int teardown(void **state)
{
    log_off(session);
    MAPIFreeBuffer(store_id);
    return mapi_teardown(state);
}

static HRESULT open_with(ULONG size, LPENTRYID id, LPCIID iid, ULONG flags, LPMDB *store)
{
    *store = (LPMDB)(uintptr_t)1;
    HRESULT hr = session->lpVtbl->OpenMsgStore(session, 0, size, id, iid, flags, store);
    if (FAILED(hr)) {
        assert_null(*store);
        assert_non_null(MapiErrorDetail(hr));
    } else {
        assert_non_null(*store);
    }
    return hr;
}

static HRESULT open_store(ULONG flags, LPMDB *store)
{
    return open_with(store_size, store_id, NULL, flags, store);
}

/* Opens and releases. */
static HRESULT try_store(ULONG flags)
{
    LPMDB store;
    HRESULT hr = open_store(flags, &store);
    if (SUCCEEDED(hr))
        release(store);
    return hr;
}

static ULONG support_mask(LPMDB store)
{
    LPSPropValue value = NULL;
    static const SizedSPropTagArray(1, tags) = {1, {PR_STORE_SUPPORT_MASK}};
    ULONG count = 0;
    assert_int_equal(store->lpVtbl->GetProps(store, (LPSPropTagArray)(uintptr_t)&tags, 0, &count, &value), S_OK);
    ULONG mask = value->Value.ul;
    MAPIFreeBuffer(value);
    return mask;
}

/* The object --------------------------------------------------------------------------------------------- */

static void identity_and_interfaces(void **state)
{
    (void)state;
    void *found = NULL, *unknown = NULL;
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMAPISession, &found), S_OK);
    assert_ptr_equal(found, session);
    release(found);
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMsgStore, &found), E_NOINTERFACE);
    assert_null(found);
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, &found), S_OK);
    IMapiSessionInfo *info = found;
    assert_int_equal(info->lpVtbl->QueryInterface(info, &IID_IUnknown, &unknown), S_OK);
    assert_ptr_equal(unknown, session);
    release(unknown);
    BOOL answer = TRUE;
    assert_int_equal(info->lpVtbl->IsShared(info, &answer), S_OK);
    assert_false(answer);
    answer = TRUE;
    assert_int_equal(info->lpVtbl->WasJoined(info, &answer), S_OK);
    assert_false(answer);
    answer = TRUE;
    assert_int_equal(info->lpVtbl->IsShutdownPending(info, &answer), S_OK);
    assert_false(answer);
    assert_int_equal(info->lpVtbl->IsShared(info, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(info->lpVtbl->GetProfileName(info, NULL), MAPI_E_INVALID_PARAMETER);
    ULONG unsent = 9, unsaved = 9, clients = 9;
    assert_int_equal(info->lpVtbl->GetPending(info, &unsent, &unsaved, &clients), S_OK);
    assert_int_equal(unsent + unsaved + clients, 0);
    assert_int_equal(info->lpVtbl->GetPending(info, NULL, NULL, NULL), S_OK);
    release(info);
}

static void GetLastError(void **state)
{
    (void)state;
    LPMAPIERROR error = (LPMAPIERROR)(uintptr_t)1;
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_E_NOT_FOUND, 0, &error), S_OK);
    assert_null(error); /* nothing has failed */
    assert_int_equal(session->lpVtbl->SetDefaultStore(session, 99, 0, NULL), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_E_NOT_FOUND, 0, &error), S_OK);
    assert_null(error); /* not with that code */
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_E_UNKNOWN_FLAGS, 0, &error), S_OK);
    assert_int_equal(error->ulVersion, 0);
    assert_non_null(strstr(error->lpszError, "SetDefaultStore"));
    assert_string_equal(error->lpszComponent, "lua-mapi");
    MAPIFreeBuffer(error); /* all of it */
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_E_UNKNOWN_FLAGS, MAPI_UNICODE, &error), S_OK);
    assert_memory_equal(error->lpszError, u"SetDefaultStore", 15 * sizeof(WCHAR));
    MAPIFreeBuffer(error);
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_E_UNKNOWN_FLAGS, 4, &error), MAPI_E_UNKNOWN_FLAGS);
    assert_null(error);
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_E_UNKNOWN_FLAGS, 0, NULL), MAPI_E_INVALID_PARAMETER);
    /* Another object's failure is not this one's. */
    IMAPISession *other = log_on("a");
    assert_int_equal(other->lpVtbl->GetLastError(other, MAPI_E_UNKNOWN_FLAGS, 0, &error), S_OK);
    assert_null(error);
    log_off(other);
}

static void what_is_not_supported(void **state)
{
    (void)state;
    LPADRBOOK book = (LPADRBOOK)(uintptr_t)1;
    ULONG_PTR connection = 1;
    ULONG count = 1;
    LPTSTR *types = (LPTSTR *)(uintptr_t)1;
    LPSPropValue options = (LPSPropValue)(uintptr_t)1;
    assert_int_equal(session->lpVtbl->OpenAddressBook(session, 0, NULL, 0, &book), MAPI_E_NO_SUPPORT);
    assert_null(book);
    assert_int_equal(session->lpVtbl->MessageOptions(session, 0, 0, NULL, NULL), MAPI_E_NO_SUPPORT); /* N19 */
    assert_int_equal(session->lpVtbl->QueryDefaultMessageOpt(session, NULL, 0, &count, &options), MAPI_E_NO_SUPPORT);
    assert_null(options);
    assert_int_equal(session->lpVtbl->EnumAdrTypes(session, 0, &count, &types), MAPI_E_NO_SUPPORT);
    assert_null(types);
    assert_int_equal(session->lpVtbl->ShowForm(session, 0, NULL, NULL, NULL, 0, NULL, 0, 0, 0, 0, NULL),
                     MAPI_E_NO_SUPPORT);
    assert_int_equal(session->lpVtbl->PrepareForm(session, NULL, NULL, &connection), MAPI_E_NO_SUPPORT);
}

/* The table of stores ------------------------------------------------------------------------------------ */

static void GetMsgStoresTable(void **state)
{
    (void)state;
    static const ULONG columns[] = {
        PR_DEFAULT_STORE, PR_DISPLAY_NAME_A,     PR_ENTRYID,    PR_INSTANCE_KEY,   PR_MDB_PROVIDER,
        PR_OBJECT_TYPE,   PR_PROVIDER_DISPLAY_A, PR_RECORD_KEY, PR_RESOURCE_FLAGS, PR_RESOURCE_TYPE};
    LPMAPITABLE table = NULL;
    LPSPropTagArray offered = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 1, &table), MAPI_E_UNKNOWN_FLAGS);
    assert_null(table);
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, MAPI_UNICODE, &table), S_OK);
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &offered), S_OK);
    assert_int_equal(offered->cValues, 10);
    MAPIFreeBuffer(offered);
    LPSRowSet rows = all_rows(table, 10, columns);
    assert_int_equal(rows->cRows, 1);
    const SPropValue *row = rows->aRow[0].lpProps;
    for (ULONG i = 0; i < 10; i++)
        assert_int_equal(row[i].ulPropTag, columns[i]);
    assert_true(row[0].Value.b);
    assert_string_equal(row[1].Value.lpszA, "Fake");
    assert_int_equal(row[5].Value.l, MAPI_STORE);
    assert_int_equal(row[9].Value.l, MAPI_STORE_PROVIDER);
    FreeProws(rows);
    assert_int_equal(fake_log.inits, 0); /* no provider was needed for that */
}

static bool is_default(ULONG index)
{
    static const ULONG columns[] = {PR_DEFAULT_STORE};
    LPMAPITABLE table = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, columns);
    bool result = rows->aRow[index].lpProps[0].Value.b;
    FreeProws(rows);
    return result;
}

static void entry_of(ULONG index, ULONG *size, LPENTRYID *id)
{
    static const ULONG columns[] = {PR_ENTRYID};
    LPMAPITABLE table = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, columns);
    const SBinary *value = &rows->aRow[index].lpProps[0].Value.bin;
    assert_int_equal(MAPIAllocateBuffer(value->cb, (LPVOID *)id), S_OK);
    memcpy(*id, value->lpb, value->cb);
    *size = value->cb;
    FreeProws(rows);
}

static void add_second_store(void)
{
    IMsgServiceAdmin2 *services = service_admin("a");
    assert_int_equal(services->lpVtbl->CreateMsgService(services, (LPSTR)FAKE_SERVICE, NULL, 0, 0), S_OK);
    release(services);
}

static void SetDefaultStore(void **state)
{
    (void)state;
    ULONG size = 0;
    LPENTRYID id = NULL;
    add_second_store();
    entry_of(1, &size, &id);
    assert_true(is_default(0));
    assert_false(is_default(1));
    assert_int_equal(session->lpVtbl->SetDefaultStore(session, MAPI_DEFAULT_STORE, size, id), S_OK);
    assert_false(is_default(0));
    assert_true(is_default(1));
    IMAPISession *other = log_on("a"); /* it is in the profile */
    log_off(other);
    assert_int_equal(session->lpVtbl->SetDefaultStore(session, MAPI_DEFAULT_STORE, 0, NULL), S_OK);
    assert_false(is_default(0));
    assert_false(is_default(1));
    for (ULONG flag = MAPI_SIMPLE_STORE_TEMPORARY; flag <= MAPI_SECONDARY_STORE; flag++)
        assert_int_equal(session->lpVtbl->SetDefaultStore(session, flag, size, id), S_OK);
    assert_int_equal(session->lpVtbl->SetDefaultStore(session, 0, size, id), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(session->lpVtbl->SetDefaultStore(session, 6, size, id), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(session->lpVtbl->SetDefaultStore(session, MAPI_DEFAULT_STORE, 3, id), MAPI_E_INVALID_ENTRYID);
    MAPIUID unknown = {{9}};
    LPENTRYID unknown_id = NULL;
    ULONG unknown_size = 0;
    fake_store_entryid(&unknown, &unknown_size, &unknown_id);
    assert_int_equal(session->lpVtbl->SetDefaultStore(session, MAPI_DEFAULT_STORE, unknown_size, unknown_id),
                     MAPI_E_NOT_FOUND);
    fake_plan.cannot_submit = TRUE;
    assert_int_equal(session->lpVtbl->SetDefaultStore(session, MAPI_DEFAULT_STORE, size, id), MAPI_E_NO_ACCESS);
    MAPIFreeBuffer(unknown_id);
    MAPIFreeBuffer(id);
}

/* OpenMsgStore ------------------------------------------------------------------------------------------- */

static void OpenMsgStore(void **state)
{
    (void)state;
    LPMDB store;
    assert_int_equal(open_store(0, &store), S_OK);
    assert_int_equal(support_mask(store) & STORE_MODIFY_OK, 0);
    assert_string_equal(fake_log.profile, "a");
    assert_int_equal(fake_log.logon_flags, 0);
    release(store);
    assert_int_equal(open_store(MDB_WRITE, &store), S_OK);
    assert_int_equal(support_mask(store) & STORE_MODIFY_OK, STORE_MODIFY_OK);
    release(store);
}

static void OpenMsgStore_arguments(void **state)
{
    (void)state;
    LPMDB store;
    assert_int_equal(open_with(0, NULL, NULL, 0, &store), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(open_with(0, store_id, NULL, 0, &store), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(open_with(store_size, NULL, NULL, 0, &store), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, store_size, store_id, NULL, 0, NULL),
                     MAPI_E_INVALID_PARAMETER);
    const ULONG known = 0x1 | 0x4 | 0x8 | 0x10 | 0x20 | 0x80 | 0x100;
    for (int bit = 0; bit < 32; bit++) {
        ULONG flag = (ULONG)1 << bit;
        assert_int_equal(try_store(flag), known & flag ? S_OK : MAPI_E_UNKNOWN_FLAGS);
    }
}

/* Whatever is cut off anywhere, or turned into something else, is refused and breaks nothing. */
static void entry_ids_that_are_none(void **state)
{
    (void)state;
    LPMDB store;
    LPUNKNOWN unknown = NULL;
    ULONG type = 0;
    unsigned char random[64];
    for (ULONG size = 1; size < store_size; size++) {
        HRESULT hr = open_with(size, store_id, NULL, 0, &store);
        assert_true(hr == MAPI_E_INVALID_ENTRYID);
        hr = session->lpVtbl->OpenEntry(session, size, store_id, NULL, 0, &type, &unknown);
        assert_true(hr == MAPI_E_UNKNOWN_ENTRYID || hr == MAPI_E_INVALID_ENTRYID);
        assert_null(unknown);
    }
    srand(1);
    for (int i = 0; i < 200; i++) {
        for (size_t k = 0; k < sizeof random; k++)
            random[k] = (unsigned char)rand();
        if (i % 2)
            memcpy(random + 4, &muidStoreWrap, 16);
        assert_true(FAILED(open_with((ULONG)(i % 64) + 1, (LPENTRYID)(void *)random, NULL, 0, &store)));
        assert_true(FAILED(session->lpVtbl->OpenEntry(session, (ULONG)(i % 64) + 1, (LPENTRYID)(void *)random, NULL, 0,
                                                      &type, &unknown)));
    }
    /* A whole one of a provider that is not here. */
    char *other = malloc(store_size);
    memcpy(other, store_id, store_size);
    memcpy(other + 22, "gone", 4);
    assert_int_equal(open_with(store_size, (LPENTRYID)(void *)other, NULL, 0, &store), MAPI_E_NOT_FOUND);
    free(other);
}

static void best_access(void **state)
{
    (void)state;
    LPMDB store;
    assert_int_equal(open_store(MAPI_BEST_ACCESS, &store), S_OK);
    assert_int_equal(support_mask(store) & STORE_MODIFY_OK, STORE_MODIFY_OK);
    release(store);
    fake_plan.read_only = TRUE;
    assert_int_equal(open_store(MAPI_BEST_ACCESS, &store), S_OK);
    assert_int_equal(support_mask(store) & STORE_MODIFY_OK, 0);
    release(store);
    assert_int_equal(open_store(MDB_WRITE, &store), MAPI_E_NO_ACCESS);
    assert_int_equal(try_store(0), S_OK); /* which did not disable anything */
}

static void NO_MAIL_sessions_open_stores_so(void **state)
{
    (void)state;
    IMAPISession *other = NULL;
    LPMDB store = NULL;
    assert_int_equal(try_log_on("a", MAPI_NO_MAIL, &other), S_OK);
    assert_int_equal(other->lpVtbl->OpenMsgStore(other, 0, store_size, store_id, NULL, MDB_NO_DIALOG, &store), S_OK);
    assert_int_equal(fake_log.logon_flags, MDB_NO_DIALOG | MDB_NO_MAIL);
    release(store);
    log_off(other);
}

/* 02 section 2.3, row 8. */
static void a_store_opened_twice_shares_its_logon(void **state)
{
    (void)state;
    LPMDB first, second;
    assert_int_equal(open_store(0, &first), S_OK);
    assert_int_equal(live("support"), 1);
    assert_int_equal(open_store(0, &second), S_OK);
    assert_ptr_equal(first, second);
    assert_int_equal(fake_log.inits, 1);
    assert_int_equal(fake_log.logons, 2);
    assert_int_equal(live("support"), 1);
    release(first);
    assert_int_equal(support_mask(second) & STORE_SUBMIT_OK, STORE_SUBMIT_OK);
    assert_int_equal(fake_log.logoffs, 0);
    release(second);
    assert_int_equal(fake_log.logoffs, 1);
}

/* A store that closes on its own: Logoff during the Release of its support object; the provider goes with its
   last logon. */
static void the_last_release_closes_the_store(void **state)
{
    (void)state;
    assert_int_equal(try_store(0), S_OK);
    assert_string_equal(fake_log.order, "LofSF");
    assert_int_equal(live("support"), 0);
    assert_int_equal(live("provider"), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(try_store(0), S_OK);
    assert_int_equal(live("support"), 0);
}

static void UNCONFIGURED_is_configured_and_tried_once_more(void **state)
{
    (void)state;
    fake_plan.logon[0] = MAPI_E_UNCONFIGURED;
    assert_int_equal(try_store(0), S_OK);
    assert_int_equal(fake_log.entries[MSG_SERVICE_CONFIGURE], 1);
    assert_true(fake_log.entry_flags & SERVICE_UI_ALLOWED);
    assert_int_equal(fake_log.logons, 2);
}

static void UNCONFIGURED_twice_disables_the_service(void **state)
{
    (void)state;
    fake_plan.logon[0] = fake_plan.logon[1] = MAPI_E_UNCONFIGURED;
    assert_int_equal(try_store(MDB_NO_DIALOG), MAPI_E_UNCONFIGURED);
    assert_false(fake_log.entry_flags & SERVICE_UI_ALLOWED);
    assert_int_equal(try_store(0), MAPI_E_UNCONFIGURED);
    assert_int_equal(fake_log.logons, 2); /* the provider was not asked again */
    IMAPISession *other = log_on("a");    /* for the life of this session only */
    LPMDB store = NULL;
    assert_int_equal(other->lpVtbl->OpenMsgStore(other, 0, store_size, store_id, NULL, 0, &store), S_OK);
    release(store);
    log_off(other);
}

static void a_service_that_cannot_be_configured(void **state)
{
    (void)state;
    fake_plan.logon[0] = MAPI_E_UNCONFIGURED;
    fake_plan.entry[MSG_SERVICE_CONFIGURE] = MAPI_E_USER_CANCEL;
    assert_int_equal(try_store(0), MAPI_E_USER_CANCEL);
    assert_int_equal(fake_log.logons, 1);
}

static void O16_a_failing_provider_leaves_the_session_alive(void **state)
{
    (void)state;
    LPMAPITABLE table = NULL;
    fake_plan.logon[0] = MAPI_E_LOGON_FAILED;
    assert_int_equal(try_store(0), MAPI_E_LOGON_FAILED);
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    release(table);
    assert_int_equal(try_store(0), MAPI_E_LOGON_FAILED);
    assert_int_equal(fake_log.logons, 1);
}

static void FAILONEPROVIDER_spares_the_service(void **state)
{
    (void)state;
    fake_plan.logon[0] = MAPI_E_FAILONEPROVIDER;
    assert_int_equal(try_store(MDB_NO_DIALOG), MAPI_E_FAILONEPROVIDER);
    assert_int_equal(try_store(0), S_OK); /* the client has asked for the password */
}

static void the_codes_of_a_logon_come_through(void **state)
{
    (void)state;
    static const HRESULT codes[] = {MAPI_E_NO_ACCESS,         MAPI_E_NOT_FOUND,     MAPI_E_USER_CANCEL,
                                    MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_SESSION_LIMIT, MAPI_E_UNKNOWN_CPID};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        IMAPISession *other = log_on("a");
        LPMDB store = NULL;
        fake_log.logons = 0;
        fake_plan.logon[0] = codes[i];
        assert_int_equal(other->lpVtbl->OpenMsgStore(other, 0, store_size, store_id, NULL, 0, &store), codes[i]);
        assert_null(store);
        log_off(other);
    }
}

static void W_ERRORS_RETURNED_is_a_success_with_details(void **state)
{
    (void)state;
    LPMDB store;
    LPMAPIERROR error = NULL;
    fake_plan.logon[0] = MAPI_W_ERRORS_RETURNED;
    fake_plan.said = "half the server is away";
    assert_int_equal(open_store(0, &store), MAPI_W_ERRORS_RETURNED);
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_W_ERRORS_RETURNED, 0, &error), S_OK);
    assert_string_equal(error->lpszError, fake_plan.said);
    assert_string_equal(error->lpszComponent, fake_plan.said);
    assert_int_equal(error->ulLowLevelError, 42);
    MAPIFreeBuffer(error);
    release(store);
}

static void a_failed_logon_explains_itself(void **state)
{
    (void)state;
    LPMAPIERROR error = NULL;
    fake_plan.logon[0] = MAPI_E_NO_ACCESS;
    fake_plan.said = "you are not welcome";
    assert_int_equal(try_store(0), MAPI_E_NO_ACCESS);
    assert_string_equal(MapiErrorDetail(MAPI_E_NO_ACCESS), fake_plan.said);
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_E_NO_ACCESS, 0, &error), S_OK);
    assert_string_equal(error->lpszError, fake_plan.said);
    MAPIFreeBuffer(error);
}

static void a_provider_that_does_not_start(void **state)
{
    (void)state;
    fake_plan.init = MAPI_E_VERSION;
    LPMDB store = NULL;
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, store_size, store_id, NULL, 0, &store), MAPI_E_VERSION);
    assert_null(store);
}

/* A store that is not in the profile (opening-a-message-store.md). */
static ULONG store_count(void)
{
    static const ULONG columns[] = {PR_ENTRYID};
    LPMAPITABLE table = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, columns);
    ULONG count = rows->cRows;
    FreeProws(rows);
    return count;
}

static HRESULT own_section[2];

static void use_own_section(IMAPISupport *support, void *context)
{
    LPPROFSECT section = NULL;
    LPSPropValue value = NULL;
    SPropValue name = {.ulPropTag = PR_DISPLAY_NAME_A};
    (void)context;
    name.Value.lpszA = (LPSTR) "Found";
    own_section[0] = support->lpVtbl->OpenProfileSection(support, NULL, MAPI_MODIFY, &section);
    if (own_section[0] == S_OK) {
        own_section[1] = section->lpVtbl->SetProps(section, 1, &name, NULL);
        if (own_section[1] == S_OK)
            own_section[1] = HrGetOneProp((LPMAPIPROP)section, PR_ENTRYID, &value);
        MAPIFreeBuffer(value);
        release(section);
    }
}

static void a_store_outside_the_profile(void **state)
{
    (void)state;
    MAPIUID uid = {{7, 7, 7}};
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store;
    fake_store_entryid(&uid, &size, &id);
    fake_plan.during_logon = use_own_section;
    assert_int_equal(open_with(size, id, NULL, 0, &store), S_OK);
    assert_int_equal(own_section[0], S_OK); /* it has a section */
    assert_int_equal(own_section[1], S_OK);
    assert_int_equal(store_count(), 1); /* which nobody sees */
    release(store);
    fake_plan.modify_profile = TRUE;
    fake_plan.during_logon = NULL;
    assert_int_equal(open_with(size, id, NULL, 0, &store), S_OK);
    assert_int_equal(store_count(), 2); /* until ModifyProfile */
    release(store);
    assert_int_equal(open_with(size, id, NULL, 0, &store), S_OK); /* and then it is the profile's */
    assert_int_equal(store_count(), 2);
    release(store);
    MAPIFreeBuffer(id);
}

/* OpenEntry, CompareEntryIDs ----------------------------------------------------------------------------- */

static MAPIUID record_key(void)
{
    static const ULONG columns[] = {PR_RECORD_KEY};
    LPMAPITABLE table = NULL;
    MAPIUID uid;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, columns);
    memcpy(&uid, rows->aRow[0].lpProps[0].Value.bin.lpb, sizeof uid);
    FreeProws(rows);
    return uid;
}

static void OpenEntry_routes_by_uid(void **state)
{
    (void)state;
    MAPIUID uid = record_key();
    unsigned char id[24];
    LPUNKNOWN object = NULL;
    ULONG type = 0;
    LPMDB store;
    fake_object_entryid(&uid, id);
    assert_int_equal(open_store(0, &store), S_OK);
    assert_int_equal(session->lpVtbl->OpenEntry(session, sizeof id, (LPENTRYID)(void *)id, NULL, 0, &type, &object),
                     S_OK);
    assert_int_equal(type, MAPI_FOLDER);
    release(object);
    assert_int_equal(session->lpVtbl->OpenEntry(session, sizeof id, (LPENTRYID)(void *)id, NULL, 0, NULL, &object),
                     S_OK);
    release(object);
    release(store);
    id[10] ^= 1;
    assert_int_equal(session->lpVtbl->OpenEntry(session, sizeof id, (LPENTRYID)(void *)id, NULL, 0, &type, &object),
                     MAPI_E_UNKNOWN_ENTRYID);
    assert_null(object);
    assert_int_equal(session->lpVtbl->OpenEntry(session, 0, NULL, NULL, 0, &type, &object), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(session->lpVtbl->OpenEntry(session, sizeof id, (LPENTRYID)(void *)id, NULL, 0, &type, NULL),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(session->lpVtbl->OpenEntry(session, sizeof id, (LPENTRYID)(void *)id, NULL, 0x40, &type, &object),
                     MAPI_E_UNKNOWN_FLAGS);
}

/* O13: a client cannot tell that the store was not logged on to at the start. */
static void O13_OpenEntry_opens_the_store_it_needs(void **state)
{
    (void)state;
    MAPIUID uid = record_key();
    unsigned char id[24];
    LPUNKNOWN object = NULL;
    ULONG type = 0;
    fake_object_entryid(&uid, id);
    assert_int_equal(session->lpVtbl->OpenEntry(session, sizeof id, (LPENTRYID)(void *)id, NULL, 0, &type, &object),
                     S_OK);
    release(object);
    assert_int_equal(live("support"), 0);
}

static void OpenEntry_of_a_store(void **state)
{
    (void)state;
    LPUNKNOWN object = NULL;
    ULONG type = 0;
    assert_int_equal(session->lpVtbl->OpenEntry(session, store_size, store_id, NULL, MAPI_MODIFY, &type, &object),
                     S_OK);
    assert_int_equal(type, MAPI_STORE);
    assert_int_equal(fake_log.logon_flags, MDB_NO_DIALOG | MDB_WRITE);
    release(object);
}

static HRESULT compare(ULONG size1, const void *id1, ULONG size2, const void *id2, ULONG *result)
{
    return session->lpVtbl->CompareEntryIDs(session, size1, (LPENTRYID)(uintptr_t)id1, size2, (LPENTRYID)(uintptr_t)id2,
                                            0, result);
}

static void N17_CompareEntryIDs(void **state)
{
    (void)state;
    MAPIUID uid = record_key(), other_uid = {{5}};
    unsigned char a[24], b[24], c[24];
    ULONG result = 9, size = 0;
    LPENTRYID other = NULL;
    LPMDB store;
    fake_object_entryid(&uid, a);
    fake_object_entryid(&uid, b);
    b[23] = 1;
    fake_object_entryid(&other_uid, c);
    fake_store_entryid(&other_uid, &size, &other);
    assert_int_equal(compare(24, a, 24, a, &result), MAPI_E_UNKNOWN_ENTRYID); /* its store is not open */
    assert_int_equal(open_store(0, &store), S_OK);
    assert_int_equal(compare(24, a, 24, a, &result), S_OK);
    assert_true(result);
    assert_int_equal(compare(24, a, 24, b, &result), S_OK);
    assert_false(result);
    assert_int_equal(compare(24, a, 24, c, &result), MAPI_E_UNKNOWN_ENTRYID);
    assert_int_equal(compare(0, NULL, 24, a, &result), MAPI_E_UNKNOWN_ENTRYID);
    assert_int_equal(compare(10, a, 24, a, &result), MAPI_E_UNKNOWN_ENTRYID);
    result = 9;
    assert_int_equal(compare(24, a, store_size, store_id, &result), S_OK);
    assert_false(result);
    release(store);
    /* Stores are compared by their provider, also when they are closed: here the flag bytes make no difference. */
    unsigned char *flagged = malloc(store_size);
    memcpy(flagged, store_id, store_size);
    flagged[store_size - 36] = 0x80;
    assert_int_equal(compare(store_size, store_id, store_size, flagged, &result), S_OK);
    assert_true(result);
    assert_int_equal(compare(store_size, store_id, size, other, &result), S_OK);
    assert_false(result);
    free(flagged);
    MAPIFreeBuffer(other);
    assert_int_equal(
        session->lpVtbl->CompareEntryIDs(session, 24, (LPENTRYID)(void *)a, 24, (LPENTRYID)(void *)a, 1, &result),
        MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(compare(24, a, 24, a, NULL), MAPI_E_INVALID_PARAMETER);
}

static void different_providers_are_different_objects(void **state)
{
    (void)state;
    MAPIUID uid = record_key();
    MAPIUID other_uid = {{5}};
    unsigned char a[24], b[24];
    ULONG result = 9, size = 0;
    LPENTRYID other = NULL;
    LPMDB store, second;
    fake_store_entryid(&other_uid, &size, &other);
    fake_object_entryid(&uid, a);
    fake_object_entryid(&other_uid, b);
    assert_int_equal(open_store(0, &store), S_OK);
    assert_int_equal(open_with(size, other, NULL, 0, &second), S_OK);
    assert_int_equal(compare(24, a, 24, b, &result), S_OK);
    assert_false(result);
    release(store);
    release(second);
    MAPIFreeBuffer(other);
}

/* The rest ----------------------------------------------------------------------------------------------- */

static void N18_QueryIdentity_without_one(void **state)
{
    (void)state;
    ULONG size = 0, size2 = 0;
    LPENTRYID id = NULL, id2 = NULL;
    assert_int_equal(session->lpVtbl->QueryIdentity(session, &size, &id), MAPI_W_NO_SERVICE);
    assert_non_null(id);
    assert_memory_equal(id->ab, &muidOneOff, 16);
    assert_int_equal(session->lpVtbl->QueryIdentity(session, &size2, &id2), MAPI_W_NO_SERVICE);
    assert_int_equal(size, size2);
    assert_memory_equal(id, id2, size); /* always the same */
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(id2);
    assert_int_equal(session->lpVtbl->QueryIdentity(session, NULL, &id), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(session->lpVtbl->QueryIdentity(session, &size, NULL), MAPI_E_INVALID_PARAMETER);
}

static void set_in_provider(ULONG tag, const char *bytes)
{
    static const ULONG columns[] = {PR_PROVIDER_UID};
    IMsgServiceAdmin2 *services = service_admin("a");
    LPMAPITABLE table = NULL;
    LPPROFSECT section = NULL;
    MAPIUID uid;
    SPropValue value = {.ulPropTag = tag};
    assert_int_equal(services->lpVtbl->GetProviderTable(services, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, columns);
    memcpy(&uid, rows->aRow[0].lpProps[0].Value.bin.lpb, sizeof uid);
    FreeProws(rows);
    assert_int_equal(
        services->lpVtbl->OpenProfileSection(services, &uid, NULL, MAPI_MODIFY | MAPI_FORCE_ACCESS, &section), S_OK);
    if (PROP_TYPE(tag) == PT_BINARY)
        value.Value.bin = (SBinary){(ULONG)strlen(bytes), (LPBYTE)(uintptr_t)bytes};
    else
        value.Value.lpszA = (LPSTR)(uintptr_t)bytes;
    assert_int_equal(section->lpVtbl->SetProps(section, 1, &value, NULL), S_OK);
    release(section);
    release(services);
}

static void QueryIdentity_of_a_provider(void **state)
{
    (void)state;
    ULONG size = 0;
    LPENTRYID id = NULL;
    set_in_provider(PR_IDENTITY_ENTRYID, "it is me");
    assert_int_equal(session->lpVtbl->QueryIdentity(session, &size, &id), S_OK);
    assert_int_equal(size, 8);
    assert_memory_equal(id, "it is me", 8);
    MAPIFreeBuffer(id);
}

static void QueryIdentity_by_name_only(void **state)
{
    (void)state;
    ULONG size = 0;
    LPENTRYID id = NULL;
    set_in_provider(PR_IDENTITY_DISPLAY_A, "Desk");
    assert_int_equal(session->lpVtbl->QueryIdentity(session, &size, &id), MAPI_W_NO_SERVICE);
    MAPIFreeBuffer(id);
    IMsgServiceAdmin2 *services = service_admin("a");
    assert_int_equal(services->lpVtbl->SetPrimaryIdentity(services, &service, 0), S_OK);
    release(services);
    assert_int_equal(session->lpVtbl->QueryIdentity(session, &size, &id), S_OK);
    assert_memory_equal(id->ab, &muidOneOff, 16);
    assert_memory_equal(id->ab + 20, u"Desk", sizeof u"Desk");
    MAPIFreeBuffer(id);
}

static void OpenProfileSection_and_AdminServices(void **state)
{
    (void)state;
    MAPIUID uid = {{3}}, global = muidGlobalProfileSection;
    LPPROFSECT section = NULL, second = NULL;
    LPSERVICEADMIN services = NULL;
    LPMAPITABLE table = NULL;
    assert_int_equal(session->lpVtbl->OpenProfileSection(session, &uid, NULL, 0, &section), MAPI_E_NOT_FOUND);
    assert_null(section);
    assert_int_equal(session->lpVtbl->OpenProfileSection(session, &uid, &IID_IProfSect, MAPI_MODIFY, &section), S_OK);
    assert_int_equal(session->lpVtbl->OpenProfileSection(session, &uid, NULL, 0, &second), MAPI_E_NO_ACCESS);
    release(section);
    assert_int_equal(session->lpVtbl->OpenProfileSection(session, &global, NULL, 0, &section), S_OK);
    release(section);
    assert_int_equal(session->lpVtbl->OpenProfileSection(session, NULL, NULL, 0, &section), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(session->lpVtbl->AdminServices(session, 0, &services), S_OK);
    assert_int_equal(services->lpVtbl->GetMsgServiceTable(services, 0, &table), S_OK);
    release(table);
    release(services);
    assert_int_equal(session->lpVtbl->AdminServices(session, 1, &services), MAPI_E_UNKNOWN_FLAGS);
    assert_null(services);
    assert_int_equal(session->lpVtbl->AdminServices(session, 0, NULL), MAPI_E_INVALID_PARAMETER);
}

static HRESULT open_and_use(void *context)
{
    LPMDB store = NULL;
    LPMAPITABLE table = NULL;
    LPENTRYID id = NULL;
    ULONG size = 0;
    (void)context;
    HRESULT hr = session->lpVtbl->OpenMsgStore(session, 0, store_size, store_id, NULL, MDB_WRITE, &store);
    if (FAILED(hr)) {
        assert_null(store);
        return hr;
    }
    hr = session->lpVtbl->GetMsgStoresTable(session, 0, &table);
    if (hr == S_OK)
        release(table);
    if (hr == S_OK) {
        hr = session->lpVtbl->QueryIdentity(session, &size, &id);
        hr = hr == MAPI_W_NO_SERVICE ? S_OK : hr;
        MAPIFreeBuffer(id);
    }
    if (hr == S_OK)
        hr = session->lpVtbl->SetDefaultStore(session, MAPI_DEFAULT_STORE, store_size, store_id);
    release(store);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    fault_sweep(open_and_use, NULL);
    assert_int_equal(live("support"), 0);
}

static void *use_it(void *context)
{
    (void)context;
    for (int i = 0; i < 100; i++) {
        LPMAPITABLE table = NULL;
        if (session->lpVtbl->GetMsgStoresTable(session, 0, &table) != S_OK)
            return (void *)"list the stores";
        release(table);
    }
    return NULL;
}

static void one_session_in_two_threads(void **state)
{
    (void)state;
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_it, NULL), 0);
    for (int i = 0; i < 2; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

#define IN_SESSION(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(identity_and_interfaces),
        IN_SESSION(GetLastError),
        IN_SESSION(what_is_not_supported),
        IN_SESSION(GetMsgStoresTable),
        IN_SESSION(SetDefaultStore),
        IN_SESSION(OpenMsgStore),
        IN_SESSION(OpenMsgStore_arguments),
        IN_SESSION(entry_ids_that_are_none),
        IN_SESSION(best_access),
        IN_SESSION(NO_MAIL_sessions_open_stores_so),
        IN_SESSION(a_store_opened_twice_shares_its_logon),
        IN_SESSION(the_last_release_closes_the_store),
        IN_SESSION(UNCONFIGURED_is_configured_and_tried_once_more),
        IN_SESSION(UNCONFIGURED_twice_disables_the_service),
        IN_SESSION(a_service_that_cannot_be_configured),
        IN_SESSION(O16_a_failing_provider_leaves_the_session_alive),
        IN_SESSION(FAILONEPROVIDER_spares_the_service),
        IN_SESSION(the_codes_of_a_logon_come_through),
        IN_SESSION(W_ERRORS_RETURNED_is_a_success_with_details),
        IN_SESSION(a_failed_logon_explains_itself),
        IN_SESSION(a_provider_that_does_not_start),
        IN_SESSION(a_store_outside_the_profile),
        IN_SESSION(OpenEntry_routes_by_uid),
        IN_SESSION(O13_OpenEntry_opens_the_store_it_needs),
        IN_SESSION(OpenEntry_of_a_store),
        IN_SESSION(N17_CompareEntryIDs),
        IN_SESSION(different_providers_are_different_objects),
        IN_SESSION(N18_QueryIdentity_without_one),
        IN_SESSION(QueryIdentity_of_a_provider),
        IN_SESSION(QueryIdentity_by_name_only),
        IN_SESSION(OpenProfileSection_and_AdminServices),
        IN_SESSION(failing_memory),
        IN_SESSION(one_session_in_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
