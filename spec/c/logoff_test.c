/* IMAPISession::Logoff and the end of a session: imapisession-logoff.md, ending-a-mapi-session.md,
 * shutting-down-a-service-provider.md, decisions L1 to L5, L12 to L19, L21 to L25, R1, R2. What it does in a shared session, and
 * the question, are logoff_shared_test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include <mapiutil.h>

#include "support/fake_store.h"
#include "support/fault.h"
#include "core/logon.h"
#include "support/mapi.h"
#include "support/store_helper.h"

static int setup(void **state)
{
    int result = mapi_setup(state);
    if (result == 0)
        create_profile_with("a", FAKE_SERVICE);
    return result;
}

static HRESULT logoff(IMAPISession *session, ULONG flags, ULONG reserved)
{
    return session->lpVtbl->Logoff(session, 0, flags, reserved);
}

/* S_OK while the session takes calls. */
static HRESULT use(IMAPISession *session)
{
    LPMAPITABLE table = NULL;
    HRESULT hr = session->lpVtbl->GetMsgStoresTable(session, 0, &table);
    if (hr == S_OK)
        release(table);
    else
        assert_null(table);
    return hr;
}

static LPMDB open_fake(IMAPISession *session)
{
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = NULL;
    first_store(session, &size, &id);
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, size, id, NULL, 0, &store), S_OK);
    MAPIFreeBuffer(id);
    return store;
}

static HRESULT use_store(LPMDB store)
{
    static const SizedSPropTagArray(1, tags) = {1, {PR_STORE_SUPPORT_MASK}};
    LPSPropValue value = NULL;
    ULONG count = 0;
    HRESULT hr = store->lpVtbl->GetProps(store, (LPSPropTagArray)(uintptr_t)&tags, 0, &count, &value);
    if (hr == S_OK)
        MAPIFreeBuffer(value);
    return hr;
}

static void L1_second_logoff(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    assert_int_equal(logoff(session, 0, 0), S_OK);
    assert_int_equal(logoff(session, 0, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(logoff(session, 0, 0), MAPI_E_INVALID_OBJECT);
    release(session);
}

static void L2_reserved_nonzero(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    assert_int_equal(logoff(session, 0, 1), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(use(session), S_OK);
    log_off(session);
}

static void L3_unknown_flags(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    for (int bit = 2; bit < 32; bit++)
        assert_int_equal(logoff(session, (ULONG)1 << bit, 0), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(use(session), S_OK);
    log_off(session);
}

static void L4_order_of_checks(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    assert_int_equal(logoff(session, 0x80, 1), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(logoff(session, 0, 0), S_OK);
    assert_int_equal(logoff(session, 0x80, 1), MAPI_E_INVALID_OBJECT);
    release(session);
}

static void L5_shared_on_a_private_session(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a"), *other = log_on("a");
    assert_int_equal(logoff(session, MAPI_LOGOFF_SHARED, 0), S_OK);
    assert_int_equal(use(other), S_OK);
    release(session);
    log_off(other);
}

static void L12_a_window_nobody_needs(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    assert_int_equal(session->lpVtbl->Logoff(session, (ULONG_PTR)0xDEAD, 0, 0), S_OK);
    release(session);
    session = log_on("a");
    assert_int_equal(session->lpVtbl->Logoff(session, (ULONG_PTR)0xDEAD, MAPI_LOGOFF_UI, 0), S_OK);
    release(session);
}

/* Everything a session can hand out, as it is after the logoff. */
static void L13_children_are_invalid(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    LPMDB store = open_fake(session);
    LPMAPITABLE table = NULL, other = NULL;
    LPPROFSECT section = NULL;
    LPSERVICEADMIN services = NULL;
    LPPROVIDERADMIN providers = NULL;
    MAPIUID uid = {{1}};
    ULONG count = 0;
    LPSPropValue values = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    assert_int_equal(session->lpVtbl->OpenProfileSection(session, &uid, NULL, MAPI_MODIFY, &section), S_OK);
    assert_int_equal(session->lpVtbl->AdminServices(session, 0, &services), S_OK);
    MAPIUID service;
    {
        static const ULONG columns[] = {PR_SERVICE_UID};
        assert_int_equal(services->lpVtbl->GetMsgServiceTable(services, 0, &other), S_OK);
        LPSRowSet rows = all_rows(other, 1, columns);
        memcpy(&service, rows->aRow[0].lpProps[0].Value.bin.lpb, sizeof service);
        FreeProws(rows);
    }
    assert_int_equal(services->lpVtbl->AdminProviders(services, &service, 0, &providers), S_OK);
    assert_int_equal(logoff(session, 0, 0), S_OK);

    assert_int_equal(use_store(store), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), MAPI_E_INVALID_OBJECT);
    values = (LPSPropValue)(void *)&count; /* a dead section clears its results as well */
    assert_int_equal(section->lpVtbl->GetProps(section, NULL, 0, &count, &values), MAPI_E_INVALID_OBJECT);
    assert_null(values);
    assert_int_equal(section->lpVtbl->SaveChanges(section, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(services->lpVtbl->GetMsgServiceTable(services, 0, &other), MAPI_E_INVALID_OBJECT);
    assert_int_equal(services->lpVtbl->DeleteMsgService(services, &service), MAPI_E_INVALID_OBJECT);
    assert_int_equal(providers->lpVtbl->GetProviderTable(providers, 0, &other), MAPI_E_INVALID_OBJECT);
    void *found = NULL;
    assert_int_equal(section->lpVtbl->QueryInterface(section, &IID_IProfSect, &found), E_NOINTERFACE);
    assert_int_equal(section->lpVtbl->QueryInterface(section, &IID_IUnknown, &found), S_OK);
    release(found);
    assert_int_equal(live("profile_section"), 1);
    /* One that nobody released does not keep others from the section. */
    IMAPISession *next = log_on("a");
    LPPROFSECT again = NULL;
    assert_int_equal(next->lpVtbl->OpenProfileSection(next, &uid, NULL, MAPI_MODIFY, &again), S_OK);
    release(again);
    log_off(next);
    release(providers);
    release(services);
    release(section);
    release(table);
    release(store);
    release(session);
    expect_nothing_alive();
}

static void every_method_of_a_dead_session(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    ULONG size = 0, count = 0;
    LPENTRYID id = NULL;
    first_store(session, &size, &id);
    assert_int_equal(logoff(session, 0, 0), S_OK);
    const IMAPISessionVtbl *v = session->lpVtbl;
    MAPIUID uid = muidGlobalProfileSection;
    void *out = (void *)(uintptr_t)1;
    ULONG_PTR connection = 0;
    LPMAPIERROR error = (LPMAPIERROR)(uintptr_t)1;
    assert_int_equal(v->GetLastError(session, MAPI_E_INVALID_OBJECT, 0, &error), MAPI_E_INVALID_OBJECT); /* L18 */
    assert_null(error);
    assert_int_equal(v->GetMsgStoresTable(session, 0, (LPMAPITABLE *)&out), MAPI_E_INVALID_OBJECT);
    assert_null(out);
    assert_int_equal(v->OpenMsgStore(session, 0, size, id, NULL, 0, (LPMDB *)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->OpenAddressBook(session, 0, NULL, 0, (LPADRBOOK *)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->OpenProfileSection(session, &uid, NULL, 0, (LPPROFSECT *)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->GetStatusTable(session, 0, (LPMAPITABLE *)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->OpenEntry(session, size, id, NULL, 0, &count, (LPUNKNOWN *)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->CompareEntryIDs(session, size, id, size, id, 0, &count), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->Advise(session, 0, NULL, 0, NULL, &connection), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->Unadvise(session, 1), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->MessageOptions(session, 0, 0, NULL, NULL), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->QueryDefaultMessageOpt(session, NULL, 0, &count, (LPSPropValue *)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->EnumAdrTypes(session, 0, &count, (LPTSTR **)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->QueryIdentity(session, &count, (LPENTRYID *)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->SetDefaultStore(session, MAPI_DEFAULT_STORE, size, id), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->AdminServices(session, 0, (LPSERVICEADMIN *)&out), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->ShowForm(session, 0, NULL, NULL, NULL, 0, NULL, 0, 0, 0, 0, NULL), MAPI_E_INVALID_OBJECT);
    assert_int_equal(v->PrepareForm(session, NULL, NULL, &connection), MAPI_E_INVALID_OBJECT);
    MAPIFreeBuffer(id);
    release(session);
}

/* Rows, entry identifiers: what was handed out belongs to the client. */
static void L13_memory_outlives_the_session(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_DISPLAY_NAME_A};
    IMAPISession *session = log_on("a");
    LPMAPITABLE table = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, columns);
    log_off(session);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, "Fake");
    FreeProws(rows);
}

static void L14_other_sessions_are_unaffected(void **state)
{
    (void)state;
    IMAPISession *one = log_on("a"), *two = log_on("a");
    LPMDB first = open_fake(one), second = open_fake(two);
    assert_int_equal(logoff(one, 0, 0), S_OK);
    assert_int_equal(use_store(first), MAPI_E_INVALID_OBJECT);
    assert_int_equal(use_store(second), S_OK);
    assert_int_equal(use(two), S_OK);
    release(first);
    release(one);
    release(second);
    log_off(two);
}

static void L15_unsaved_changes_are_dropped(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    SBinary id = add_message(folder, "as it was saved");
    IMessage *message = open_message(id, MAPI_MODIFY), *made = NULL;
    put_text(message, PR_SUBJECT_W, "as it was not");
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &made), S_OK);
    put_text(made, PR_SUBJECT_W, "never saved at all");
    assert_int_equal(logoff(the_session, 0, 0), S_OK);
    assert_int_equal(save(message, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(save(made, 0), MAPI_E_INVALID_OBJECT);
    release(made);
    release(message);
    release(folder);
    release(the_store);
    release(the_session);
    the_session = log_on("work");
    the_store = open_store(MDB_WRITE);
    folder = inbox();
    assert_string_equal(subjects_of(folder), "as it was saved");
    release(folder);
}

static void L21_the_outbox_stays_as_it_is(void **state)
{
    (void)state;
    IMAPIFolder *outbox = open_named(the_store, PR_IPM_OUTBOX_ENTRYID, MAPI_MODIFY);
    IMessage *message = new_message(outbox, "out");
    add_recipient(message, "Desk", "desk@example.org", MAPI_TO);
    assert_int_equal(message->lpVtbl->SubmitMessage(message, 0), S_OK);
    release(message);
    release(outbox);
    assert_int_equal(logoff(the_session, 0, 0), S_OK);
    release(the_store);
    release(the_session);
    the_session = log_on("work");
    the_store = open_store(MDB_WRITE);
    outbox = open_named(the_store, PR_IPM_OUTBOX_ENTRYID, 0);
    assert_string_equal(subjects_of(outbox), "out");
    release(outbox);
}

static void L18_GetLastError_after_logoff(void **state)
{
    (void)state;
    MAPIERROR *error = (MAPIERROR *)(uintptr_t)1;
    IMAPISession *session = log_on("a");
    assert_int_equal(logoff(session, 0, 0), S_OK);
    HRESULT hr = logoff(session, 0, 0);
    assert_int_equal(hr, MAPI_E_INVALID_OBJECT);
    assert_int_equal(session->lpVtbl->GetLastError(session, hr, 0, &error), MAPI_E_INVALID_OBJECT);
    assert_null(error);
    release(session);
}

static void L22_NO_MAIL_changes_nothing(void **state)
{
    (void)state;
    IMAPISession *session = NULL;
    assert_int_equal(try_log_on("a", MAPI_NEW_SESSION | MAPI_NO_MAIL, &session), S_OK);
    assert_int_equal(session->lpVtbl->Logoff(session, 0xDEAD, 0, 1), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(session->lpVtbl->Logoff(session, 0xDEAD, 0x10, 0), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(use(session), S_OK);
    assert_int_equal(session->lpVtbl->Logoff(session, 0xDEAD, MAPI_LOGOFF_SHARED | MAPI_LOGOFF_UI, 0), S_OK);
    assert_int_equal(logoff(session, 0, 0), MAPI_E_INVALID_OBJECT);
    release(session);
}

static void L16_QueryInterface_after_logoff(void **state)
{
    (void)state;
    void *found = NULL;
    IMAPISession *session = log_on("a");
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, &found), S_OK);
    IMapiSessionInfo *info = found;
    assert_int_equal(logoff(session, 0, 0), S_OK);
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IUnknown, &found), S_OK);
    assert_ptr_equal(found, session);
    release(found);
    found = session;
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMAPISession, &found), E_NOINTERFACE);
    assert_null(found);
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, &found), E_NOINTERFACE);
    BOOL answer;
    LPWSTR name = NULL;
    assert_int_equal(info->lpVtbl->IsShared(info, &answer), MAPI_E_INVALID_OBJECT);
    assert_int_equal(info->lpVtbl->GetProfileName(info, &name), MAPI_E_INVALID_OBJECT);
    release(info);
    release(session);
}

static void L17_AddRef_after_logoff(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    assert_int_equal(logoff(session, 0, 0), S_OK);
    assert_int_equal(session->lpVtbl->AddRef(session), 2);
    assert_int_equal(session->lpVtbl->Release(session), 1);
    assert_int_equal(live("session"), 1);
    assert_int_equal(session->lpVtbl->Release(session), 0);
    assert_int_equal(live("session"), 0);
}

/* 02 section 8: Logoff of the logon object, its Release, Shutdown of the provider, its Release; the support
   object is gone by then. Stores are the last in the order of kinds, and the only one there is. */
static void L24_the_providers_end_in_order(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    LPMDB store = open_fake(session);
    assert_int_equal(logoff(session, 0, 0), S_OK);
    assert_string_equal(fake_log.order, "LofSF");
    assert_int_equal(live("support"), 0);
    assert_int_equal(live("provider"), 0);
    release(store);
    release(session);
}

/* L23: the fake's Logoff answers MAPI_E_CALL_FAILED. */
static void L23_a_provider_that_fails_to_log_off(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    LPMDB store = open_fake(session);
    assert_int_equal(logoff(session, 0, 0), S_OK);
    release(store);
    release(session);
    expect_nothing_alive();
}

static void R1_the_last_release_logs_off(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    session->lpVtbl->AddRef(session);
    release(session);
    assert_int_equal(use(session), S_OK);
    release(session);
    assert_int_equal(live("session"), 0);
}

static void R2_the_last_release_invalidates_children(void **state)
{
    (void)state;
    ULONG count = 0;
    IMAPISession *session = log_on("a");
    LPMDB store = open_fake(session);
    LPMAPITABLE table = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    release(session);
    assert_int_equal(live("session"), 0); /* children keep no session alive */
    assert_int_equal(fake_log.logoffs, 1);
    assert_int_equal(use_store(store), MAPI_E_INVALID_OBJECT);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), MAPI_E_INVALID_OBJECT);
    release(table);
    release(store);
}

/* L19: the logoff waits for a call that another thread is in. */
static pthread_barrier_t inside, go_on;
static IMAPISession *busy;
static atomic_int finished;

static void wait_inside(IMAPISupport *support, void *context)
{
    (void)support;
    (void)context;
    pthread_barrier_wait(&inside);
    pthread_barrier_wait(&go_on);
    atomic_store(&finished, 1);
}

static void *open_slowly(void *context)
{
    (void)context;
    LPMDB store = open_fake(busy);
    release(store);
    return NULL;
}

static void *log_off_meanwhile(void *context)
{
    (void)context;
    HRESULT hr = logoff(busy, 0, 0);
    return hr == S_OK && atomic_load(&finished) ? NULL : (void *)"wait";
}

static void L19_logoff_waits_for_calls_in_flight(void **state)
{
    (void)state;
    pthread_t opener, ender;
    void *failed = NULL;
    busy = log_on("a");
    atomic_store(&finished, 0);
    fake_plan.during_logon = wait_inside;
    pthread_barrier_init(&inside, NULL, 2);
    pthread_barrier_init(&go_on, NULL, 2);
    assert_int_equal(pthread_create(&opener, NULL, open_slowly, NULL), 0);
    pthread_barrier_wait(&inside); /* the call is in the provider */
    assert_int_equal(pthread_create(&ender, NULL, log_off_meanwhile, NULL), 0);
    pthread_barrier_wait(&go_on);
    pthread_join(opener, NULL);
    pthread_join(ender, &failed);
    assert_null(failed);
    pthread_barrier_destroy(&inside);
    pthread_barrier_destroy(&go_on);
    release(busy);
}

/* L25: while somebody logs on, a logoff does not come to its end. */
static void *log_off_aside(void *context)
{
    HRESULT hr = logoff(context, 0, 0);
    atomic_store(&finished, 1);
    return hr == S_OK ? NULL : (void *)"log off";
}

static void L25_logons_and_logoffs_take_turns(void **state)
{
    (void)state;
    pthread_t ender;
    void *failed = NULL;
    IMAPISession *session = log_on("a");
    atomic_store(&finished, 0);
    logon_lock();
    assert_int_equal(pthread_create(&ender, NULL, log_off_aside, session), 0);
    while (use(session) == S_OK)
        sched_yield();
    assert_int_equal(atomic_load(&finished), 0);
    logon_unlock();
    pthread_join(ender, &failed);
    assert_null(failed);
    release(session);
}

/* A provider that logs its own session off while it is being logged on to. */
static HRESULT from_inside;

static void log_off_inside(IMAPISupport *support, void *context)
{
    void *found = NULL;
    LPUNKNOWN owner = NULL;
    (void)context;
    assert_int_equal(support->lpVtbl->QueryInterface(support, &IID_IMAPIGetSession, &found), S_OK);
    IMAPIGetSession *get = found;
    assert_int_equal(get->lpVtbl->GetMAPISession(get, &owner), S_OK);
    from_inside = logoff((IMAPISession *)(void *)owner, 0, 0);
    release(owner);
    release(get);
}

static void a_logoff_from_inside_a_call(void **state)
{
    (void)state;
    IMAPISession *session = log_on("a");
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = NULL;
    first_store(session, &size, &id);
    fake_plan.during_logon = log_off_inside;
    HRESULT hr = session->lpVtbl->OpenMsgStore(session, 0, size, id, NULL, 0, &store);
    assert_int_equal(from_inside, S_OK);
    if (hr == S_OK)
        release(store);
    else
        assert_null(store);
    MAPIFreeBuffer(id);
    assert_int_equal(use(session), MAPI_E_INVALID_OBJECT);
    release(session);
    expect_nothing_alive();
}

static HRESULT log_on_open_log_off(void *context)
{
    IMAPISession *session = NULL;
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = NULL;
    (void)context;
    HRESULT hr = try_log_on("a", MAPI_NEW_SESSION, &session);
    if (FAILED(hr))
        return hr;
    LPMAPITABLE table = NULL;
    LPSRowSet rows = NULL;
    static const SizedSPropTagArray(1, columns) = {1, {PR_ENTRYID}};
    hr = session->lpVtbl->GetMsgStoresTable(session, 0, &table);
    if (hr == S_OK) {
        hr = HrQueryAllRows(table, (LPSPropTagArray)(uintptr_t)&columns, NULL, NULL, 0, &rows);
        release(table);
    }
    if (hr == S_OK) {
        size = rows->aRow[0].lpProps[0].Value.bin.cb;
        id = (LPENTRYID)rows->aRow[0].lpProps[0].Value.bin.lpb;
        hr = session->lpVtbl->OpenMsgStore(session, 0, size, id, NULL, 0, &store);
        FreeProws(rows);
    }
    assert_int_equal(session->lpVtbl->Logoff(session, 0, 0, 0), S_OK); /* always works */
    if (store)
        release(store);
    release(session);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    fault_sweep(log_on_open_log_off, NULL);
    expect_nothing_alive();
}

#define IN_PROFILE(test) cmocka_unit_test_setup_teardown(test, setup, mapi_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PROFILE(L1_second_logoff),
        IN_PROFILE(L2_reserved_nonzero),
        IN_PROFILE(L3_unknown_flags),
        IN_PROFILE(L4_order_of_checks),
        IN_PROFILE(L5_shared_on_a_private_session),
        IN_PROFILE(L12_a_window_nobody_needs),
        IN_PROFILE(L13_children_are_invalid),
        IN_PROFILE(every_method_of_a_dead_session),
        IN_PROFILE(L13_memory_outlives_the_session),
        IN_PROFILE(L14_other_sessions_are_unaffected),
        IN_STORE(L15_unsaved_changes_are_dropped),
        IN_PROFILE(L16_QueryInterface_after_logoff),
        IN_PROFILE(L17_AddRef_after_logoff),
        IN_PROFILE(L18_GetLastError_after_logoff),
        IN_STORE(L21_the_outbox_stays_as_it_is),
        IN_PROFILE(L22_NO_MAIL_changes_nothing),
        IN_PROFILE(L24_the_providers_end_in_order),
        IN_PROFILE(L23_a_provider_that_fails_to_log_off),
        IN_PROFILE(R1_the_last_release_logs_off),
        IN_PROFILE(R2_the_last_release_invalidates_children),
        IN_PROFILE(L19_logoff_waits_for_calls_in_flight),
        IN_PROFILE(L25_logons_and_logoffs_take_turns),
        IN_PROFILE(a_logoff_from_inside_a_call),
        IN_PROFILE(failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
