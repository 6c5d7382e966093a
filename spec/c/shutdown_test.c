/* Fast shutdown: fast-shutdown-overview.md, fast-shutdown-user-options.md, best-practices-for-fast-shutdown.md and the pages of
 * IMAPIClientShutdown and IMAPIProviderShutdown. What shuts MAPI down for good does so in a child process.
 */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/accounts.h"
#include "support/fake_store.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/processes.h"
#include "support/temp_home.h"

enum { DEADLINE = 300 }; /* seconds, for a child that hangs */

/* In a child, where cmocka's way of failing would run the rest of the tests. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

/* Runs it with MAPI initialised and a home of its own; what it has acquired it must have released. */
static int run(void (*scenario)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("CMOCKA_TEST_ABORT", "1", 1);
        alarm(DEADLINE);
        temp_home_make();
        fake_store_reset();
        CHECK(MAPIInitialize(NULL) == S_OK);
        scenario();
        MAPIUninitialize();
        for (ULONG i = 0; MapiObjectKindName(i); i++)
            if (MapiObjectCount(i) != 0) {
                fprintf(stderr, "%u of the kind %s are alive\n", (unsigned)MapiObjectCount(i), MapiObjectKindName(i));
                _exit(1);
            }
        temp_home_remove();
        exit(0); /* with the sanitizer's look at what is left */
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void in_child(void (*scenario)(void))
{
    assert_int_equal(run(scenario), 0);
}

static LPMDB open_first_store(IMAPISession *session)
{
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = NULL;
    first_store(session, &size, &id);
    CHECK(session->lpVtbl->OpenMsgStore(session, 0, size, id, NULL, MDB_WRITE, &store) == S_OK);
    MAPIFreeBuffer(id);
    return store;
}

static IMAPIClientShutdown *shutdown_of(IMAPISession *session)
{
    void *found = NULL;
    CHECK(session->lpVtbl->QueryInterface(session, &IID_IMAPIClientShutdown, &found) == S_OK);
    return found;
}

static HRESULT query(IMAPISession *session)
{
    IMAPIClientShutdown *shutdown = shutdown_of(session);
    HRESULT hr = shutdown->lpVtbl->QueryFastShutdown(shutdown);
    release(shutdown);
    return hr;
}

static HRESULT notify(IMAPISession *session)
{
    IMAPIClientShutdown *shutdown = shutdown_of(session);
    HRESULT hr = shutdown->lpVtbl->NotifyProcessShutdown(shutdown);
    release(shutdown);
    return hr;
}

static HRESULT do_it(IMAPISession *session)
{
    IMAPIClientShutdown *shutdown = shutdown_of(session);
    HRESULT hr = shutdown->lpVtbl->DoFastShutdown(shutdown);
    release(shutdown);
    return hr;
}

static void forget_order(void)
{
    memset(fake_log.order, 0, sizeof fake_log.order);
}

static void set_policy(const char *value)
{
    if (value)
        setenv("MAPI_FAST_SHUTDOWN", value, 1);
    else
        unsetenv("MAPI_FAST_SHUTDOWN");
}

/* The interface ------------------------------------------------------------------------------------------- */

static void the_interface_is_the_sessions(void **state)
{
    (void)state;
    void *found = NULL;
    create_profile("a");
    IMAPISession *session = log_on("a");
    IMAPIClientShutdown *shutdown = shutdown_of(session);
    assert_ptr_not_equal(shutdown, session);
    assert_int_equal(shutdown->lpVtbl->QueryInterface(shutdown, &IID_IUnknown, &found), S_OK);
    assert_ptr_equal(found, session);
    release(found);
    assert_int_equal(shutdown->lpVtbl->QueryInterface(shutdown, &IID_IMAPISession, &found), S_OK);
    assert_ptr_equal(found, session);
    release(found);
    assert_int_equal(shutdown->lpVtbl->QueryInterface(shutdown, &IID_IMAPIProviderShutdown, &found), E_NOINTERFACE);
    assert_int_equal(session->lpVtbl->Logoff(session, 0, 0, 0), S_OK);
    assert_int_equal(shutdown->lpVtbl->QueryFastShutdown(shutdown), MAPI_E_INVALID_OBJECT);
    assert_int_equal(shutdown->lpVtbl->NotifyProcessShutdown(shutdown), MAPI_E_INVALID_OBJECT);
    assert_int_equal(shutdown->lpVtbl->DoFastShutdown(shutdown), MAPI_E_INVALID_OBJECT);
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMAPIClientShutdown, &found), E_NOINTERFACE);
    release(session);
    assert_int_equal(live("session"), 1); /* the interface counts as the object does */
    release(shutdown);
}

/* Asking -------------------------------------------------------------------------------------------------- */

static void the_three_policies(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        HRESULT yes, no, lacking; /* where the provider supports it, refuses, does not implement the interface */
        bool asked;
    } cases[] = {
        {NULL, S_OK, MAPI_E_NO_SUPPORT, S_OK, true},
        {"0", S_OK, MAPI_E_NO_SUPPORT, S_OK, true},
        {"1", S_OK, MAPI_E_NO_SUPPORT, MAPI_E_NO_SUPPORT, true},
        {"2", MAPI_E_NO_SUPPORT, MAPI_E_NO_SUPPORT, MAPI_E_NO_SUPPORT, false},
        {"3", MAPI_E_NO_SUPPORT, MAPI_E_NO_SUPPORT, MAPI_E_NO_SUPPORT, false}, /* a typing error allows nothing */
        {"", MAPI_E_NO_SUPPORT, MAPI_E_NO_SUPPORT, MAPI_E_NO_SUPPORT, false},
    };
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *session = log_on("a");
    LPMDB store = open_first_store(session);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_policy(cases[i].policy);
        forget_order();
        fake_plan.query[0] = S_OK;
        fake_plan.no_shutdown = 0;
        assert_int_equal(query(session), cases[i].yes);
        assert_string_equal(fake_log.order, cases[i].asked ? "q1" : "");
        fake_plan.query[0] = MAPI_E_NO_SUPPORT;
        assert_int_equal(query(session), cases[i].no);
        assert_non_null(MapiErrorDetail(MAPI_E_NO_SUPPORT));
        assert_string_equal(fake_log.order, cases[i].asked ? "q1q1" : "");
        fake_plan.no_shutdown = 2;
        assert_int_equal(query(session), cases[i].lacking);
        assert_string_equal(fake_log.order, cases[i].asked ? "q1q1" : "");
        /* DoFastShutdown is refused for the same reasons (N10), and nobody is told. */
        if (FAILED(cases[i].lacking))
            assert_int_equal(do_it(session), MAPI_E_NO_SUPPORT);
        fake_plan.no_shutdown = 0;
        assert_int_equal(do_it(session), MAPI_E_NO_SUPPORT);
        assert_null(strchr(fake_log.order, 'd'));
        assert_null(strchr(fake_log.order, 'n'));
    }
    set_policy(NULL);
    release(store);
    log_off(session);
}

static void write_config(const char *text)
{
    FILE *file = fopen(temp_home_file("config"), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void N13_the_policy_is_in_the_config_file_or_in_the_environment(void **state)
{
    (void)state;
    char longest[700];
    create_profile("a");
    IMAPISession *session = log_on("a");
    assert_int_equal(query(session), S_OK); /* nobody is loaded, and no policy is set */
    write_config("# how sessions end\nother = 2\n\n  fast_shutdown =\t2  # off\r\n");
    assert_int_equal(query(session), MAPI_E_NO_SUPPORT);
    assert_non_null(strstr(MapiErrorDetail(MAPI_E_NO_SUPPORT), "turned off"));
    write_config("fast_shutdown=2\nfast_shutdown=1"); /* the last one counts */
    assert_int_equal(query(session), S_OK);
    set_policy("2"); /* the environment goes first */
    assert_int_equal(query(session), MAPI_E_NO_SUPPORT);
    set_policy("0");
    write_config("fast_shutdown=2\n");
    assert_int_equal(query(session), S_OK);
    set_policy(NULL);
    write_config("fast_shutdown=soon\n");
    assert_int_equal(query(session), MAPI_E_NO_SUPPORT);
    assert_non_null(strstr(MapiErrorDetail(MAPI_E_NO_SUPPORT), "soon"));
    write_config("fast_shutdown=yes, if it is not too much trouble\n");
    assert_int_equal(query(session), MAPI_E_NO_SUPPORT);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    write_config(longest);
    assert_int_equal(query(session), MAPI_E_NO_SUPPORT);
    write_config("fast_shutdown # nothing said\n= 2\nfast_shutdown_too = 2\n");
    assert_int_equal(query(session), S_OK);
    assert_int_equal(unlink(temp_home_file("config")), 0);
    assert_int_equal(mkdir(temp_home_file("config"), 0700), 0);
    assert_int_equal(query(session), MAPI_E_NO_SUPPORT); /* what cannot be read allows nothing */
    log_off(session);
}

/* Two sessions, the older one with two stores of different providers. */
static void set_up_three(IMAPISession *sessions[2], LPMDB stores[3])
{
    IMsgServiceAdmin2 *services;
    MAPIUID uid;
    static const ULONG column = PR_ENTRYID;
    create_profile_with("a", FAKE_SERVICE);
    services = service_admin("a");
    CHECK(services->lpVtbl->CreateMsgServiceEx(services, (LPSTR)(uintptr_t)FAKE_SECOND_SERVICE, NULL, 0, 0, &uid) ==
          S_OK);
    release(services);
    sessions[0] = log_on("a");
    sessions[1] = log_on("a");
    stores[2] = open_first_store(sessions[1]); /* the younger session loads the first provider object */
    LPMAPITABLE table = NULL;
    CHECK(sessions[0]->lpVtbl->GetMsgStoresTable(sessions[0], 0, &table) == S_OK);
    LPSRowSet rows = all_rows(table, 1, &column);
    CHECK(rows->cRows == 2);
    for (ULONG i = 0; i < 2; i++) {
        const SBinary *id = &rows->aRow[i].lpProps[0].Value.bin;
        CHECK(sessions[0]->lpVtbl->OpenMsgStore(sessions[0], 0, id->cb, (LPENTRYID)id->lpb, NULL, MDB_WRITE,
                                                &stores[i]) == S_OK);
    }
    FreeProws(rows);
    forget_order();
}

static void give_back_three(IMAPISession *sessions[2], LPMDB stores[3])
{
    for (int i = 0; i < 3; i++)
        release(stores[i]);
    for (int i = 0; i < 2; i++)
        release(sessions[i]);
}

static void all_providers_in_order(void)
{
    IMAPISession *sessions[2];
    LPMDB stores[3];
    set_up_three(sessions, stores);
    /* Session by session in the order of the logons, within a session in the order of loading (N12). */
    CHECK(query(sessions[1]) == S_OK);
    CHECK(strcmp(fake_log.order, "q2q3q1") == 0);
    CHECK(notify(sessions[0]) == S_OK);
    CHECK(strcmp(fake_log.order, "q2q3q1n2n3n1") == 0);
    CHECK(do_it(sessions[1]) == S_OK);
    CHECK(strcmp(fake_log.order, "q2q3q1n2n3n1d2d3d1") == 0); /* each step once, and no logging off */
    forget_order();
    give_back_three(sessions, stores);
    CHECK(strchr(fake_log.order, 'o') == NULL && strchr(fake_log.order, 'S') == NULL);
    CHECK(strchr(fake_log.order, 'f') != NULL && strchr(fake_log.order, 'F') != NULL);
}

static void N12_all_providers_of_all_sessions_in_order(void **state)
{
    (void)state;
    in_child(all_providers_in_order);
}

static void everybody_is_asked(void)
{
    IMAPISession *sessions[2];
    LPMDB stores[3];
    set_up_three(sessions, stores);
    fake_plan.query[1] = MAPI_E_NO_SUPPORT; /* the first that is asked */
    CHECK(query(sessions[0]) == MAPI_E_NO_SUPPORT);
    CHECK(strcmp(fake_log.order, "q2q3q1") == 0);
    fake_plan.query[1] = S_OK;
    fake_plan.no_shutdown = 1 << 3;
    forget_order();
    CHECK(query(sessions[0]) == S_OK);
    CHECK(strcmp(fake_log.order, "q2q1") == 0);
    forget_order();
    CHECK(do_it(sessions[0]) == S_OK);
    CHECK(strcmp(fake_log.order, "n2n1d2d1") == 0); /* who has not got the interface cannot be asked, and is again */
    give_back_three(sessions, stores);
}

static void everybody_is_asked_even_after_a_refusal(void **state)
{
    (void)state;
    in_child(everybody_is_asked);
}

/* Doing ---------------------------------------------------------------------------------------------------- */

static void do_without_query(void)
{
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *session = log_on("a");
    LPMDB store = open_first_store(session);
    forget_order();
    CHECK(do_it(session) == S_OK);
    CHECK(strcmp(fake_log.order, "q1n1d1") == 0);
    release(store);
    release(session);
}

static void N10_DoFastShutdown_asks_and_notifies_by_itself(void **state)
{
    (void)state;
    in_child(do_without_query);
}

static void only_new_ones_are_asked(void)
{
    IMAPISession *sessions[2];
    LPMDB stores[3];
    set_up_three(sessions, stores);
    CHECK(query(sessions[0]) == S_OK);
    CHECK(notify(sessions[0]) == S_OK);
    IMAPISession *late = log_on("a");
    LPMDB more = open_first_store(late);
    forget_order();
    CHECK(do_it(sessions[0]) == S_OK);
    CHECK(strcmp(fake_log.order, "q4n4d2d3d1d4") == 0);
    release(more);
    release(late);
    give_back_three(sessions, stores);
}

static void N10_a_provider_loaded_after_the_question_is_asked_as_well(void **state)
{
    (void)state;
    in_child(only_new_ones_are_asked);
}

/* Scenario 17 of the lifecycle: a refusal, and everything works as before. */
static void a_refused_shutdown_changes_nothing(void **state)
{
    (void)state;
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *session = log_on("a");
    LPMDB store = open_first_store(session);
    LPMAPITABLE table = NULL;
    LPMAPIERROR error = NULL;
    fake_plan.query[0] = MAPI_E_NO_SUPPORT;
    forget_order();
    assert_int_equal(query(session), MAPI_E_NO_SUPPORT);
    assert_int_equal(do_it(session), MAPI_E_NO_SUPPORT);
    assert_string_equal(fake_log.order, "q1q1");
    assert_int_equal(session->lpVtbl->GetLastError(session, MAPI_E_NO_SUPPORT, 0, &error), S_OK);
    assert_non_null(strstr(error->lpszError, "FAKE"));
    MAPIFreeBuffer(error);
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    release(table);
    release(store);
    log_off(session);
    assert_non_null(strchr(fake_log.order, 'o')); /* as ever */
    assert_non_null(strchr(fake_log.order, 'S'));
}

static void N11_after_the_notification_everything_works(void **state)
{
    (void)state;
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *session = log_on("a");
    LPMDB store = open_first_store(session);
    LPMAPITABLE table = NULL;
    fake_plan.notify = MAPI_E_CALL_FAILED; /* changes nothing: "has attempted" */
    forget_order();
    assert_int_equal(notify(session), S_OK);
    assert_string_equal(fake_log.order, "n1");
    assert_int_equal(notify(session), S_OK);
    assert_string_equal(fake_log.order, "n1"); /* once is enough */
    assert_int_equal(session->lpVtbl->GetStatusTable(session, 0, &table), S_OK);
    release(table);
    set_policy("2"); /* where it is turned off nobody hears of it */
    IMAPISession *other = log_on("a");
    LPMDB second = open_first_store(other);
    forget_order();
    assert_int_equal(notify(other), S_OK);
    assert_string_equal(fake_log.order, "");
    set_policy(NULL);
    release(second);
    log_off(other);
    release(store);
    log_off(session);
}

static void a_failing_provider(void)
{
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *session = log_on("a");
    LPMDB store = open_first_store(session);
    fake_plan.notify = MAPI_E_DISK_ERROR;
    fake_plan.shut_down = MAPI_E_DISK_ERROR;
    CHECK(do_it(session) == S_OK);
    CHECK(session->lpVtbl->SetDefaultStore(session, 1, 0, NULL) == MAPI_E_END_OF_SESSION);
    release(store);
    release(session);
}

static void a_provider_that_fails_while_it_is_told_holds_nobody_up(void **state)
{
    (void)state;
    in_child(a_failing_provider);
}

/* After it ------------------------------------------------------------------------------------------------- */

#define DEAD(call) CHECK((call) == MAPI_E_END_OF_SESSION)

static void check_session_is_dead(IMAPISession *session)
{
    const IMAPISessionVtbl *v = session->lpVtbl;
    ULONG size = 1, type = 1;
    LPENTRYID id = (LPENTRYID)(uintptr_t)1;
    void *out = (void *)(uintptr_t)1;
    ULONG_PTR number = 1;
    DEAD(v->GetLastError(session, MAPI_E_NO_SUPPORT, 0, (LPMAPIERROR *)&out));
    DEAD(v->GetMsgStoresTable(session, 0, (LPMAPITABLE *)&out));
    CHECK(out == NULL);
    DEAD(v->OpenMsgStore(session, 0, 20, (LPENTRYID)(void *)session, NULL, 0, (LPMDB *)&out));
    DEAD(v->OpenAddressBook(session, 0, NULL, 0, (LPADRBOOK *)&out));
    DEAD(v->OpenProfileSection(session, NULL, NULL, 0, (LPPROFSECT *)&out));
    DEAD(v->GetStatusTable(session, 0, (LPMAPITABLE *)&out));
    DEAD(v->OpenEntry(session, 20, (LPENTRYID)(void *)session, NULL, 0, &type, (LPUNKNOWN *)&out));
    DEAD(v->CompareEntryIDs(session, 0, NULL, 0, NULL, 0, &type));
    DEAD(v->Advise(session, 0, NULL, 0, NULL, &number));
    DEAD(v->Unadvise(session, 1));
    DEAD(v->MessageOptions(session, 0, 0, NULL, NULL));
    DEAD(v->QueryDefaultMessageOpt(session, NULL, 0, &size, (LPSPropValue *)&out));
    DEAD(v->EnumAdrTypes(session, 0, &size, (LPTSTR **)&out));
    DEAD(v->QueryIdentity(session, &size, &id));
    DEAD(v->Logoff(session, 0, 0, 0));
    DEAD(v->Logoff(session, 0, MAPI_LOGOFF_SHARED, 1));
    DEAD(v->SetDefaultStore(session, 1, 0, NULL));
    DEAD(v->AdminServices(session, 0, (LPSERVICEADMIN *)&out));
    DEAD(v->ShowForm(session, 0, NULL, NULL, NULL, 0, NULL, 0, 0, 0, 0, NULL));
    DEAD(v->PrepareForm(session, NULL, NULL, &number));
    CHECK(v->QueryInterface(session, &IID_IMAPISession, &out) == E_NOINTERFACE && out == NULL);
    CHECK(v->QueryInterface(session, &IID_IUnknown, &out) == S_OK && out == session);
    release(out);
}

static void check_process_is_dead(void)
{
    IMAPISession *session = (IMAPISession *)(uintptr_t)1;
    IProfAdmin *admin = NULL;
    MAPIINIT_0 init = {0, 0};
    DEAD(MAPIInitialize(NULL));
    DEAD(MAPIInitialize(&init));
    DEAD(MAPILogonEx(0, (LPTSTR)(uintptr_t) "a", NULL, MAPI_NEW_SESSION, &session));
    CHECK(session == NULL);
    DEAD(MAPIAdminProfiles(0, &admin));
    DEAD(HrDispatchNotifications(0));
    MAPIUninitialize();
    MAPIUninitialize();
}

struct opened {
    IProfAdmin *admin;
    IMAPISession *session, *other;
    IMAPIClientShutdown *shutdown;
    LPMDB store;
    LPMAPIFOLDER root;
    LPMESSAGE message;
    LPMAPITABLE stores, contents, status_table;
    LPPROFSECT section;
    IMAPIStatus *status;
    LPSERVICEADMIN services;
    IMapiSessionInfo *info;
};

static void open_everything(struct opened *all)
{
    static MAPIUID uid = {{1, 2, 3}};
    ULONG type = 0;
    static const ULONG column = PR_ENTRYID;
    all->admin = prof_admin();
    all->session = log_on("real");
    all->other = log_on("real");
    IMAPISession *session = all->session;
    all->shutdown = shutdown_of(session);
    all->store = open_first_store(session);
    CHECK(all->store->lpVtbl->OpenEntry(all->store, 0, NULL, NULL, MAPI_MODIFY, &type, (LPUNKNOWN *)&all->root) ==
          S_OK);
    CHECK(all->root->lpVtbl->CreateMessage(all->root, NULL, 0, &all->message) == S_OK);
    CHECK(all->root->lpVtbl->GetContentsTable(all->root, 0, &all->contents) == S_OK);
    CHECK(session->lpVtbl->GetMsgStoresTable(session, 0, &all->stores) == S_OK);
    CHECK(session->lpVtbl->OpenProfileSection(session, &uid, NULL, MAPI_MODIFY, &all->section) == S_OK);
    CHECK(session->lpVtbl->AdminServices(session, 0, &all->services) == S_OK);
    CHECK(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, (void **)&all->info) == S_OK);
    CHECK(session->lpVtbl->GetStatusTable(session, 0, &all->status_table) == S_OK);
    LPMAPITABLE again = NULL;
    CHECK(session->lpVtbl->GetStatusTable(session, 0, &again) == S_OK);
    LPSRowSet rows = all_rows(again, 1, &column);
    const SBinary *id = &rows->aRow[0].lpProps[0].Value.bin;
    CHECK(session->lpVtbl->OpenEntry(session, id->cb, (LPENTRYID)id->lpb, NULL, 0, &type, (LPUNKNOWN *)&all->status) ==
          S_OK);
    FreeProws(rows);
}

static void check_everything_is_dead(const struct opened *all)
{
    ULONG count = 0;
    LPSPropValue values = NULL;
    LPSRowSet rows = NULL;
    LPMAPITABLE table = NULL;
    BOOL answer = FALSE;
    check_session_is_dead(all->session);
    check_session_is_dead(all->other);
    check_process_is_dead();
    DEAD(all->shutdown->lpVtbl->QueryFastShutdown(all->shutdown));
    DEAD(all->shutdown->lpVtbl->NotifyProcessShutdown(all->shutdown));
    DEAD(all->shutdown->lpVtbl->DoFastShutdown(all->shutdown));
    DEAD(all->store->lpVtbl->GetProps(all->store, NULL, 0, &count, &values));
    DEAD(all->store->lpVtbl->StoreLogoff(all->store, &count));
    DEAD(all->root->lpVtbl->GetProps(all->root, NULL, 0, &count, &values));
    DEAD(all->root->lpVtbl->GetContentsTable(all->root, 0, &table));
    DEAD(all->message->lpVtbl->SaveChanges(all->message, 0));
    DEAD(all->contents->lpVtbl->QueryRows(all->contents, 1, 0, &rows));
    DEAD(all->stores->lpVtbl->QueryRows(all->stores, 1, 0, &rows));
    DEAD(all->status_table->lpVtbl->GetRowCount(all->status_table, 0, &count));
    DEAD(all->section->lpVtbl->GetProps(all->section, NULL, 0, &count, &values));
    DEAD(all->services->lpVtbl->GetMsgServiceTable(all->services, 0, &table));
    DEAD(all->admin->lpVtbl->GetProfileTable(all->admin, 0, &table));
    DEAD(all->info->lpVtbl->IsShared(all->info, &answer));
    DEAD(all->status->lpVtbl->ValidateState(all->status, 0, 0));
}

static void nothing_callable(void)
{
    struct opened all = {0};
    void *kept = NULL;
    create_profile_with("real", "LUAMAPI");
    open_everything(&all);
    CHECK(MAPIAllocateBuffer(100, &kept) == S_OK);
    CHECK(query(all.session) == S_OK);
    CHECK(notify(all.session) == S_OK);
    CHECK(all.shutdown->lpVtbl->DoFastShutdown(all.shutdown) == S_OK);
    check_everything_is_dead(&all);
    CHECK(MapiErrorDetail(MAPI_E_END_OF_SESSION) != NULL);
    MAPIFreeBuffer(kept);
    /* A forked child is another process, which can begin anew (R8). */
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        IMAPISession *own = NULL;
        CHECK(all.session->lpVtbl->SetDefaultStore(all.session, 1, 0, NULL) == MAPI_E_INVALID_OBJECT);
        release(all.session);
        release(all.store);
        CHECK(try_log_on("real", MAPI_NEW_SESSION, &own) == S_OK);
        LPMDB store = open_first_store(own);
        release(store);
        CHECK(query(own) == S_OK);
        CHECK(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
        release(own);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    /* The session first, then what was opened through it: any order will do. */
    release(all.session);
    release(all.other);
    release(all.shutdown);
    DEAD(all.store->lpVtbl->StoreLogoff(all.store, NULL));
    void *rest[] = {all.store,  all.contents, all.root,  all.message,  all.stores, all.status_table,
                    all.status, all.section,  all.admin, all.services, all.info};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        release(rest[i]);
    check_process_is_dead();
}

static void after_DoFastShutdown_nothing_is_callable_and_releases_are_harmless(void **state)
{
    (void)state;
    in_child(nothing_callable);
}

/* The account manager is not opened through a session, but it is MAPI's too. */
static void accounts_too(void)
{
    create_profile("a");
    IMAPISession *session = log_on("a");
    IOlkAccountHelper *helper = NULL;
    LPUNKNOWN lent = (LPUNKNOWN)(uintptr_t)1;
    WCHAR name[80];
    DWORD count = 80;
    CHECK(OlkCreateBorrowingHelper(session, &helper) == S_OK);
    IOlkAccountManager *manager = open_manager(u"a");
    IOlkAccount *account = find_account(manager, make_account(manager, &CLSID_OlkIMAP4Account, u"one"));
    IOlkEnum *list = acct_enumerate(manager, &CLSID_OlkMail, NULL);
    CHECK(do_it(session) == S_OK);
    ACCT_VARIANT value = {0};
    DEAD(account->lpVtbl->GetProp(account, PROP_ACCT_NAME, &value));
    DEAD(account->lpVtbl->SetProp(account, PROP_ACCT_NAME, &value));
    DEAD(account->lpVtbl->SaveChanges(account, 0));
    DEAD(list->lpVtbl->GetCount(list, &count));
    DEAD(list->lpVtbl->GetNext(list, &lent));
    CHECK(lent == NULL);
    DEAD(manager->lpVtbl->SaveChanges(manager, 1, 0));
    DEAD(helper->lpVtbl->GetIdentity(helper, name, &count));
    DEAD(helper->lpVtbl->GetMapiSession(helper, &lent));
    CHECK(helper->lpVtbl->HandsOffSession(helper) == E_NOTIMPL);
    void *all[] = {list, account, manager, helper, session};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        release(all[i]);
}

static void the_account_manager_is_not_callable_either(void **state)
{
    (void)state;
    in_child(accounts_too);
}

static void children_first(void)
{
    struct opened all = {0};
    create_profile_with("real", "LUAMAPI");
    open_everything(&all);
    CHECK(all.shutdown->lpVtbl->DoFastShutdown(all.shutdown) == S_OK);
    void *rest[] = {all.status, all.section, all.admin,  all.services,     all.info,     all.message, all.contents,
                    all.root,   all.store,   all.stores, all.status_table, all.shutdown, all.other,   all.session};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        release(rest[i]);
}

static void releases_are_harmless_in_the_other_order(void **state)
{
    (void)state;
    in_child(children_first);
}

/* The store ------------------------------------------------------------------------------------------------ */

static LPMESSAGE add_message(LPMAPIFOLDER folder, const char *subject, bool save)
{
    LPMESSAGE message = NULL;
    SPropValue value = {.ulPropTag = PR_SUBJECT_A};
    value.Value.lpszA = (LPSTR)(uintptr_t)subject;
    CHECK(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message) == S_OK);
    CHECK(message->lpVtbl->SetProps(message, 1, &value, NULL) == S_OK);
    if (save)
        CHECK(message->lpVtbl->SaveChanges(message, KEEP_OPEN_READWRITE) == S_OK);
    return message;
}

static LPMAPIFOLDER root_of(LPMDB store)
{
    LPUNKNOWN root = NULL;
    ULONG type = 0;
    CHECK(store->lpVtbl->OpenEntry(store, 0, NULL, NULL, MAPI_MODIFY, &type, &root) == S_OK);
    return (LPMAPIFOLDER)(void *)root;
}

static ULONG messages_in(LPMAPIFOLDER folder)
{
    LPMAPITABLE table = NULL;
    ULONG count = 0;
    CHECK(folder->lpVtbl->GetContentsTable(folder, 0, &table) == S_OK);
    CHECK(table->lpVtbl->GetRowCount(table, 0, &count) == S_OK);
    release(table);
    return count;
}

static const char *program; /* this one */

static void save_and_shut_down(void)
{
    create_profile_with("real", "LUAMAPI");
    IMAPISession *session = log_on("real");
    LPMDB store = open_first_store(session);
    LPMAPIFOLDER root = root_of(store);
    LPMESSAGE kept = add_message(root, "kept", true), lost = add_message(root, "lost", false);
    CHECK(do_it(session) == S_OK);
    /* Nobody has the files open any more, so a second process finds them whole, and nothing to recover. */
    char command[2000];
    snprintf(command, sizeof command,
             "ls %s | grep -e -wal -e -shm -e -journal && exit 1; ls /proc/%d/fd -l | grep -F %s && exit 1; exit 0",
             temp_home_file("stores"), (int)getpid(), temp_home_path());
    CHECK(system(command) == 0);
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        /* A process of its own: what it inherits is dead. */
        execl(program, program, "--look", (char *)NULL);
        _exit(99);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(status == 0);
    release(kept);
    release(lost);
    release(root);
    release(store);
    release(session);
}

/* What that process does. */
static int look(void)
{
    CHECK(MAPIInitialize(NULL) == S_OK);
    IMAPISession *session = NULL;
    CHECK(MAPILogonEx(0, (LPTSTR)(uintptr_t) "real", NULL, MAPI_NEW_SESSION, &session) == S_OK);
    LPMDB store = open_first_store(session);
    LPMAPIFOLDER root = root_of(store);
    CHECK(messages_in(root) == 1);
    release(root);
    release(store);
    CHECK(session->lpVtbl->Logoff(session, 0, 0, 0) == S_OK);
    release(session);
    MAPIUninitialize();
    return 0;
}

static void L15_the_store_has_what_was_saved_and_nothing_else(void **state)
{
    (void)state;
    in_child(save_and_shut_down);
}

/* Other threads -------------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 10 };

struct worker {
    pthread_t thread;
    LPMAPIFOLDER folder;
    IMAPISession *session;
    unsigned saved;
    HRESULT end;
};

static sem_t progress; /* posted by threads that have got somewhere */

static void *keep_saving(void *argument)
{
    struct worker *worker = argument;
    HRESULT hr = S_OK;
    while (hr == S_OK) {
        LPMESSAGE message = NULL;
        LPMAPITABLE table = NULL;
        hr = worker->folder->lpVtbl->CreateMessage(worker->folder, NULL, 0, &message);
        if (hr == S_OK) {
            hr = message->lpVtbl->SaveChanges(message, 0);
            worker->saved += hr == S_OK;
            release(message);
        }
        if (hr == S_OK)
            hr = worker->session->lpVtbl->GetStatusTable(worker->session, 0, &table);
        if (table)
            release(table);
        if (hr == S_OK && worker->saved == 3)
            sem_post(&progress);
    }
    worker->end = hr;
    return NULL;
}

static void shut_down_among_threads(void)
{
    struct worker workers[THREADS] = {0};
    create_profile_with("real", "LUAMAPI");
    IMAPISession *session = log_on("real");
    LPMDB store = open_first_store(session);
    for (int i = 0; i < THREADS; i++) {
        workers[i].session = i % 2 ? session : log_on("real");
        LPMDB own = i % 2 ? store : open_first_store(workers[i].session);
        workers[i].folder = root_of(own);
        if (i % 2 == 0)
            release(own);
    }
    CHECK(sem_init(&progress, 0, 0) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&workers[i].thread, NULL, keep_saving, &workers[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(sem_wait(&progress) == 0);
    CHECK(do_it(session) == S_OK);
    unsigned saved = 0;
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
        CHECK(workers[i].end == MAPI_E_END_OF_SESSION);
        saved += workers[i].saved;
        release(workers[i].folder);
        if (i % 2 == 0)
            release(workers[i].session);
    }
    CHECK(saved >= 3 * THREADS);
    release(store);
    release(session);
}

static void L19_calls_of_other_threads_come_to_an_end_first(void **state)
{
    (void)state;
    in_child(shut_down_among_threads);
}

static atomic_bool done;

static void *log_on_and_off(void *argument)
{
    (void)argument;
    HRESULT hr = S_OK;
    while (hr == S_OK) {
        IMAPISession *session = NULL;
        hr = try_log_on("a", MAPI_NEW_SESSION, &session);
        if (hr == S_OK) {
            LPMAPITABLE table = NULL;
            if (session->lpVtbl->GetMsgStoresTable(session, 0, &table) == S_OK)
                release(table);
            HRESULT ended = atomic_load(&done) ? MAPI_E_END_OF_SESSION : session->lpVtbl->Logoff(session, 0, 0, 0);
            CHECK(ended == S_OK || ended == MAPI_E_END_OF_SESSION || ended == MAPI_E_INVALID_OBJECT);
            release(session);
        }
        sem_post(&progress);
    }
    CHECK(hr == MAPI_E_END_OF_SESSION);
    for (int i = 0; i < 2 * ROUNDS; i++)
        sem_post(&progress); /* nobody is to wait for what does not come any more */
    return NULL;
}

static void *shut_down_too(void *argument)
{
    IMAPIClientShutdown *shutdown = argument;
    for (int i = 0; i < ROUNDS; i++)
        CHECK(sem_wait(&progress) == 0);
    HRESULT hr = shutdown->lpVtbl->DoFastShutdown(shutdown);
    CHECK(hr == S_OK || hr == MAPI_E_END_OF_SESSION);
    atomic_store(&done, true);
    return hr == S_OK ? argument : NULL;
}

static void shut_down_twice_at_once(void)
{
    pthread_t threads[THREADS];
    int winners = 0;
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *sessions[2] = {log_on("a"), log_on("a")};
    IMAPIClientShutdown *shutdowns[2] = {shutdown_of(sessions[0]), shutdown_of(sessions[1])};
    LPMDB store = open_first_store(sessions[0]);
    CHECK(sem_init(&progress, 0, 0) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, i < 2 ? log_on_and_off : shut_down_too, shutdowns[i % 2]) == 0);
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        CHECK(pthread_join(threads[i], &result) == 0);
        winners += result != NULL;
    }
    CHECK(winners == 1);
    release(store);
    for (int i = 0; i < 2; i++) {
        release(shutdowns[i]);
        release(sessions[i]);
    }
}

static void two_shut_down_at_once_while_others_log_on_and_off(void **state)
{
    (void)state;
    in_child(shut_down_twice_at_once);
}

/* From within ---------------------------------------------------------------------------------------------- */

static HRESULT inner_query, inner_notify, inner_do;

static void shut_down_from_within(void *context)
{
    IMAPIClientShutdown *shutdown = context;
    inner_query = shutdown->lpVtbl->QueryFastShutdown(shutdown);
    inner_notify = shutdown->lpVtbl->NotifyProcessShutdown(shutdown);
    inner_do = shutdown->lpVtbl->DoFastShutdown(shutdown);
}

static void a_provider_that_shuts_down(void)
{
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *session = log_on("a");
    LPMDB store = open_first_store(session);
    IMAPIClientShutdown *shutdown = shutdown_of(session);
    fake_plan.during_query = shut_down_from_within;
    fake_plan.context = shutdown;
    CHECK(shutdown->lpVtbl->QueryFastShutdown(shutdown) == S_OK);
    CHECK(inner_query == MAPI_E_NO_SUPPORT && inner_notify == S_OK && inner_do == MAPI_E_NO_SUPPORT);
    fake_plan.during_query = NULL;
    fake_plan.during_shutdown = shut_down_from_within;
    CHECK(shutdown->lpVtbl->DoFastShutdown(shutdown) == S_OK);
    CHECK(inner_query == MAPI_E_END_OF_SESSION && inner_do == MAPI_E_END_OF_SESSION);
    release(shutdown);
    release(store);
    release(session);
}

static void a_provider_cannot_shut_down_while_it_is_asked(void **state)
{
    (void)state;
    in_child(a_provider_that_shuts_down);
}

static void shut_down_during_logon(IMAPISupport *support, void *context)
{
    (void)support;
    CHECK(do_it(context) == S_OK);
}

static void in_the_middle_of_a_call(void)
{
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = (LPMDB)(uintptr_t)1;
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *session = log_on("a");
    first_store(session, &size, &id);
    fake_plan.during_logon = shut_down_during_logon;
    fake_plan.context = session;
    CHECK(session->lpVtbl->OpenMsgStore(session, 0, size, id, NULL, 0, &store) == MAPI_E_END_OF_SESSION);
    CHECK(store == NULL);
    MAPIFreeBuffer(id);
    release(session);
}

static void a_shutdown_in_the_middle_of_a_call_of_the_same_thread(void **state)
{
    (void)state;
    in_child(in_the_middle_of_a_call);
}

/* The shared session --------------------------------------------------------------------------------------- */

static IMAPISession *shared;
static IMAPIClientShutdown *its_shutdown;

static long serve(char command)
{
    ULONG clients = 99;
    void *info = NULL;
    switch (command) {
    case 'j': /* joins, or creates */
        CHECK(MAPIInitialize(NULL) == S_OK);
        return try_log_on("a", MAPI_ALLOW_OTHERS, &shared);
    case 'c': /* how many others there are */
        CHECK(shared->lpVtbl->QueryInterface(shared, &IID_IMapiSessionInfo, &info) == S_OK);
        CHECK(((IMapiSessionInfo *)info)->lpVtbl->GetPending(info, NULL, NULL, &clients) == S_OK);
        release(info);
        return (long)clients;
    case 'd':
        its_shutdown = shutdown_of(shared);
        return its_shutdown->lpVtbl->DoFastShutdown(its_shutdown);
    case 'r':
        release(its_shutdown);
        release(shared);
        return 0;
    default:
        CHECK(shared->lpVtbl->Logoff(shared, 0, 0, 0) == S_OK);
        release(shared);
        return 0;
    }
}

static void the_shared_session_is_left_at_once(void **state)
{
    (void)state;
    create_profile("a");
    struct process stays = process_start(serve), goes = process_start(serve);
    assert_int_equal(process_do(&stays, 'j'), S_OK);
    assert_int_equal(process_do(&goes, 'j'), S_OK);
    assert_int_equal(process_do(&stays, 'c'), 1);
    assert_int_equal(process_do(&goes, 'd'), S_OK);
    assert_int_equal(process_do(&stays, 'c'), 0); /* while the other process and its references are still there */
    assert_int_equal(process_do(&goes, 'r'), 0);
    assert_int_equal(process_do(&stays, 'l'), 0);
    process_end(&goes);
    process_end(&stays);
}

/* Memory --------------------------------------------------------------------------------------------------- */

static HRESULT ask(void *context)
{
    return query(context);
}

static void failing_memory_while_asking(void **state)
{
    (void)state;
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *session = log_on("a");
    LPMDB store = open_first_store(session);
    write_config("fast_shutdown = 1\n");
    fault_sweep(ask, session);
    release(store);
    log_off(session);
}

static unsigned long fault_at;
static bool fault_lasts;

/* Exits with 2 when no allocation was left to fail. */
static void shut_down_without_memory(void)
{
    create_profile_with("real", "LUAMAPI");
    IMAPISession *session = log_on("real");
    LPMDB store = open_first_store(session);
    IMAPIClientShutdown *shutdown = shutdown_of(session);
    write_config("fast_shutdown = 0\n");
    if (fault_lasts)
        fault_start_lasting(fault_at);
    else
        fault_start(fault_at);
    HRESULT hr = shutdown->lpVtbl->DoFastShutdown(shutdown);
    bool failed = fault_stop();
    CHECK(hr == S_OK || hr == MAPI_E_NO_SUPPORT);
    if (hr == MAPI_E_NO_SUPPORT) {
        CHECK(failed);
        CHECK(query(session) == S_OK); /* nothing has changed */
        CHECK(shutdown->lpVtbl->DoFastShutdown(shutdown) == S_OK);
    }
    CHECK(session->lpVtbl->SetDefaultStore(session, 1, 0, NULL) == MAPI_E_END_OF_SESSION);
    release(store);
    release(shutdown);
    release(session);
    if (!failed) {
        temp_home_remove();
        _exit(2);
    }
}

static void failing_memory_while_shutting_down(void **state)
{
    (void)state;
    for (int lasting = 0; lasting < 2; lasting++) {
        int status = 0;
        fault_lasts = lasting;
        for (fault_at = 1; status == 0; fault_at++) {
            assert_true(fault_at < 1000);
            status = run(shut_down_without_memory);
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 2);
    }
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--look") == 0)
        return look();
    program = arguments[0];
    unsetenv("MAPI_FAST_SHUTDOWN");
    const struct CMUnitTest tests[] = {
        IN_MAPI(the_interface_is_the_sessions),
        IN_MAPI(the_three_policies),
        IN_MAPI(N13_the_policy_is_in_the_config_file_or_in_the_environment),
        cmocka_unit_test(N12_all_providers_of_all_sessions_in_order),
        cmocka_unit_test(everybody_is_asked_even_after_a_refusal),
        cmocka_unit_test(N10_DoFastShutdown_asks_and_notifies_by_itself),
        cmocka_unit_test(N10_a_provider_loaded_after_the_question_is_asked_as_well),
        IN_MAPI(a_refused_shutdown_changes_nothing),
        IN_MAPI(N11_after_the_notification_everything_works),
        cmocka_unit_test(a_provider_that_fails_while_it_is_told_holds_nobody_up),
        cmocka_unit_test(after_DoFastShutdown_nothing_is_callable_and_releases_are_harmless),
        cmocka_unit_test(releases_are_harmless_in_the_other_order),
        cmocka_unit_test(the_account_manager_is_not_callable_either),
        cmocka_unit_test(L15_the_store_has_what_was_saved_and_nothing_else),
        cmocka_unit_test(L19_calls_of_other_threads_come_to_an_end_first),
        cmocka_unit_test(two_shut_down_at_once_while_others_log_on_and_off),
        cmocka_unit_test(a_provider_cannot_shut_down_while_it_is_asked),
        cmocka_unit_test(a_shutdown_in_the_middle_of_a_call_of_the_same_thread),
        IN_MAPI(the_shared_session_is_left_at_once),
        IN_MAPI(failing_memory_while_asking),
        cmocka_unit_test(failing_memory_while_shutting_down),
    };
    return cmocka_run_group_tests_name("shutdown", tests, NULL, NULL);
}
