/* Sessions and fork (06 R8): what a child has inherited, what it can begin anew, and that its parent notices nothing of either.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <actmgmt.h>
#include <mapiutil.h>

#include "base/failure.h"
#include "support/accounts.h"
#include "support/children.h"
#include "support/mapi.h"
#include "support/recording_sink.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

/* Descriptors of what is ours: files of the profiles, the stores and the shared session, sockets, and what polls. */
static int open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    for (const struct dirent *each = readdir(directory); each; each = readdir(directory)) {
        char target[600] = "";
        if (readlinkat(dirfd(directory), each->d_name, target, sizeof target - 1) > 0)
            count += strstr(target, temp_home_path()) || strstr(target, getenv("MAPI_RUNTIME_DIR")) ||
                     strncmp(target, "socket:", 7) == 0 || strncmp(target, "anon_inode:", 11) == 0;
    }
    closedir(directory);
    return count;
}

/* ---- what is inherited ---- */

static void is_not_initialized(HRESULT hr, int line)
{
    const char *sentence = failure_detail(MAPI_E_NOT_INITIALIZED);
    if (hr != MAPI_E_NOT_INITIALIZED || !sentence || !strstr(sentence, "forked"))
        child_gives_up(__FILE__, line);
    failure_clear();
}
#define REFUSED(call) is_not_initialized(call, __LINE__)

static void R8_what_a_child_has_inherited_answers_NOT_INITIALIZED(void **state)
{
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "before");
    IMAPITable *table = contents(folder, 0);
    IMAPITable *hierarchy = NULL, *stores = NULL;
    IStream *stream = NULL;
    LPPROFSECT section = NULL;
    LPSERVICEADMIN services = NULL;
    (void)state;
    write_stream(message, PR_BODY_W, u"text", 8);
    assert_int_equal(try_stream(message, PR_BODY_W, 0, &stream), S_OK);
    assert_int_equal(folder->lpVtbl->GetHierarchyTable(folder, 0, &hierarchy), S_OK);
    assert_int_equal(the_session->lpVtbl->GetMsgStoresTable(the_session, 0, &stores), S_OK);
    assert_int_equal(the_session->lpVtbl->OpenProfileSection(the_session, (LPMAPIUID)(uintptr_t)&MUID_PROFILE_INSTANCE,
                                                             NULL, 0, &section),
                     S_OK);
    assert_int_equal(the_session->lpVtbl->AdminServices(the_session, 0, &services), S_OK);
    pid_t pid = child_start();
    if (pid == 0) {
        void *other = &other;
        ULONG count, status, type;
        LPSPropValue values;
        IMAPITable *more = NULL;
        LPMDB store = NULL;
        LPSRowSet rows = NULL;
        BOOL answer;
        IMapiSessionInfo *info = NULL;
        char bytes[4];
        REFUSED(the_session->lpVtbl->GetMsgStoresTable(the_session, 0, &more));
        EXPECT(more == NULL);
        REFUSED(the_session->lpVtbl->OpenMsgStore(the_session, 0, 0, NULL, NULL, 0, &store));
        REFUSED(the_session->lpVtbl->Logoff(the_session, 0, 0, 0));
        REFUSED(the_session->lpVtbl->Logoff(the_session, 0, MAPI_LOGOFF_SHARED, 0));
        REFUSED(the_session->lpVtbl->GetStatusTable(the_session, 0, &more));
        REFUSED(the_store->lpVtbl->GetProps(the_store, NULL, 0, &count, &values));
        REFUSED(the_store->lpVtbl->StoreLogoff(the_store, &status));
        REFUSED(folder->lpVtbl->GetContentsTable(folder, 0, &more));
        REFUSED(folder->lpVtbl->CreateMessage(folder, NULL, 0, (LPMESSAGE *)(void *)&more));
        REFUSED(message->lpVtbl->GetProps(message, NULL, 0, &count, &values));
        REFUSED(message->lpVtbl->SaveChanges(message, 0));
        REFUSED(table->lpVtbl->QueryRows(table, 1, 0, &rows));
        REFUSED(hierarchy->lpVtbl->QueryRows(hierarchy, 1, 0, &rows));
        REFUSED(stores->lpVtbl->QueryRows(stores, 1, 0, &rows));
        REFUSED(stores->lpVtbl->GetStatus(stores, &status, &type));
        REFUSED(section->lpVtbl->GetProps(section, NULL, 0, &count, &values));
        REFUSED(services->lpVtbl->GetMsgServiceTable(services, 0, &more));
        EXPECT(stream->lpVtbl->Read(stream, bytes, 1, NULL) != S_OK);
        EXPECT(the_session->lpVtbl->QueryInterface(the_session, &IID_IMAPISession, &other) == E_NOINTERFACE && !other);
        EXPECT(the_session->lpVtbl->QueryInterface(the_session, &IID_IMapiSessionInfo, (void **)&info) ==
               E_NOINTERFACE);
        (void)answer;
        EXPECT(the_session->lpVtbl->QueryInterface(the_session, &IID_IUnknown, &other) == S_OK);
        release(other);
        /* Children after their parents, which is the order that finalizers may choose. */
        release(the_session);
        release(the_store);
        release(folder);
        release(message);
        release(stream);
        release(table);
        release(hierarchy);
        release(stores);
        release(section);
        release(services);
        for (ULONG kind = 0; MapiObjectKindName(kind); kind++)
            EXPECT(MapiObjectCount(kind) == 0);
        MAPIUninitialize();
        _exit(0);
    }
    expect_good_end(pid);
    assert_string_equal(subjects(table), "before");
    assert_int_equal(save(message, 0), S_OK);
    assert_int_equal(the_session->lpVtbl->GetStatusTable(the_session, 0, NULL) == MAPI_E_NOT_INITIALIZED, 0);
    release(stream);
    release(services);
    release(section);
    release(stores);
    release(hierarchy);
    release(table);
    release(message);
    release(folder);
    expect_integrity();
}

static void R8_a_session_that_had_ended_before_the_fork_says_so(void **state)
{
    (void)state;
    assert_int_equal(create_profile("work"), S_OK);
    IMAPISession *session = log_on("work");
    assert_int_equal(session->lpVtbl->Logoff(session, 0, 0, 0), S_OK);
    pid_t pid = child_start();
    if (pid == 0) {
        EXPECT(session->lpVtbl->Logoff(session, 0, 0, 0) == MAPI_E_INVALID_OBJECT);
        release(session);
        _exit(0);
    }
    expect_good_end(pid);
    release(session);
}

static void R8_unsaved_changes_are_the_parents(void **state)
{
    IMAPIFolder *folder = inbox();
    IMessage *message = NULL;
    (void)state;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    put_text(message, PR_SUBJECT_W, "kept");
    pid_t pid = child_start();
    if (pid == 0) {
        release(message);
        release(folder);
        release(the_store);
        release(the_session);
        _exit(0);
    }
    expect_good_end(pid);
    assert_int_equal(save(message, 0), S_OK);
    assert_string_equal(subjects_of(folder), "kept");
    release(message);
    release(folder);
}

static void R8_a_child_has_no_descriptor_of_its_parents(void **state)
{
    (void)state;
    temp_home_make();
    int before = open_descriptors();
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    IProfAdmin *admin = prof_admin();
    assert_int_equal(admin->lpVtbl->CreateProfile(admin, (LPSTR)(uintptr_t) "work", NULL, 0, MAPI_DEFAULT_SERVICES),
                     S_OK);
    release(admin);
    IMAPISession *session = log_on("work");
    assert_int_equal(save_message(session, "one"), S_OK);
    assert_true(open_descriptors() > before);
    pid_t pid = child_start();
    if (pid == 0) {
        EXPECT(open_descriptors() == before);
        release(session);
        _exit(0);
    }
    expect_good_end(pid);
    pid = child_start();
    if (pid == 0) {
        IMAPISession *own = child_logon("work", MAPI_NEW_SESSION);
        EXPECT(save_message(own, "two") == S_OK);
        EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
        release(own);
        release(session);
        MAPIUninitialize();
        EXPECT(open_descriptors() == before);
        _exit(0);
    }
    expect_good_end(pid);
    log_off(session);
    MAPIUninitialize();
    assert_int_equal(open_descriptors(), before);
    temp_home_remove();
}

/* ---- beginning anew ---- */

/* SQLite alone loses what the child saves: its copy of the library counts the parent's locks as its own, and the parent's last
 * connection takes the journal away from under it. */
static void R8_what_a_child_saves_is_there_after_the_parent_has_gone(void **state)
{
    int saved[2], gone[2];
    char c;
    (void)state;
    IProfAdmin *admin = prof_admin();
    assert_int_equal(admin->lpVtbl->CreateProfile(admin, (LPSTR)(uintptr_t) "work", NULL, 0, MAPI_DEFAULT_SERVICES),
                     S_OK);
    release(admin);
    MAPIUninitialize(); /* the test itself has nothing open */
    assert_int_equal(pipe(saved), 0);
    assert_int_equal(pipe(gone), 0);
    pid_t pid = child_start();
    if (pid == 0) {
        close(saved[0]);
        close(gone[0]);
        EXPECT(MAPIInitialize(NULL) == S_OK);
        IMAPISession *session = child_logon("work", MAPI_NEW_SESSION);
        EXPECT(save_message(session, "parent") == S_OK);
        int told[2];
        EXPECT(pipe(told) == 0 && pipe(gone) == 0);
        pid_t child = fork();
        if (child == 0) {
            alarm(DEADLINE_SECONDS);
            close(told[0]);
            close(gone[1]);
            IMAPISession *own = child_logon("work", MAPI_NEW_SESSION);
            EXPECT(save_message(own, "child") == S_OK);
            EXPECT(write(told[1], "x", 1) == 1);
            EXPECT(read(gone[0], &c, 1) == 0); /* the parent has ended */
            EXPECT(save_message(own, "orphan") == S_OK);
            EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
            release(own);
            own = child_logon("work", MAPI_NEW_SESSION);
            EXPECT(save_message(own, "again") == S_OK);
            EXPECT(write(saved[1], "x", 1) == 1);
            _exit(0); /* without a logoff: what was saved is saved */
        }
        EXPECT(child > 0 && read(told[0], &c, 1) == 1);
        EXPECT(save_message(session, "parent again") == S_OK);
        EXPECT(session->lpVtbl->Logoff(session, 0, 0, 0) == S_OK);
        release(session);
        MAPIUninitialize();
        _exit(0);
    }
    close(saved[1]);
    expect_good_end(pid);
    assert_int_equal(read(saved[0], &c, 1), 1);
    assert_int_equal(read(saved[0], &c, 1), 0); /* and it has gone too */
    close(saved[0]);
    close(gone[0]);
    close(gone[1]);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    the_session = log_on("work");
    the_store = open_store(MDB_WRITE);
    assert_int_equal(store_query("SELECT count(*) FROM message"), 5);
    expect_integrity();
    release(the_store);
    log_off(the_session);
    the_store = NULL;
    the_session = NULL;
}

/* Everything a session can do, in a child whose parent's sessions are all still there. */
static void R8_a_child_logs_on_beside_its_parents_session(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        pid_t pid = child_start();
        if (pid == 0) {
            EXPECT(MAPIInitialize(NULL) == S_OK);
            IMAPISession *own = child_logon("work", MAPI_NEW_SESSION);
            EXPECT(save_message(own, "child's") == S_OK);
            pid_t grandchild = fork();
            if (grandchild == 0) {
                alarm(DEADLINE_SECONDS);
                EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == MAPI_E_NOT_INITIALIZED);
                IMAPISession *third = child_logon("work", MAPI_NEW_SESSION);
                EXPECT(save_message(third, "grandchild's") == S_OK);
                release(third);
                release(own);
                _exit(0);
            }
            int status = -1;
            EXPECT(waitpid(grandchild, &status, 0) == grandchild && status == 0);
            EXPECT(save_message(own, "child's") == S_OK);
            release(the_store);
            EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
            release(own);
            release(the_session);
            MAPIUninitialize();
            _exit(0);
        }
        expect_good_end(pid);
        IMAPIFolder *folder = inbox();
        release(new_message(folder, "parent's"));
        release(folder);
    }
    assert_int_equal(store_query("SELECT count(*) FROM message"), 12);
    expect_integrity();
}

static void R8_profiles_are_in_use_by_who_has_a_session(void **state)
{
    int go[2];
    char c;
    (void)state;
    assert_int_equal(create_profile("mine"), S_OK);
    IMAPISession *session = log_on("mine");
    assert_int_equal(pipe(go), 0);
    pid_t idle = child_start();
    if (idle == 0) { /* has inherited, and uses nothing */
        close(go[1]);
        EXPECT(read(go[0], &c, 1) == 0);
        release(session);
        _exit(0);
    }
    log_off(session);
    assert_int_equal(delete_profile("mine"), S_OK);
    IMAPISession *none = NULL;
    assert_int_equal(try_log_on("mine", MAPI_NEW_SESSION, &none), MAPI_E_LOGON_FAILED);
    assert_int_equal(create_profile("mine"), S_OK); /* the name is free, and so is the row */
    session = log_on("mine");
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t user = child_start();
    if (user == 0) {
        close(go[1]);
        close(ready[0]);
        IMAPISession *own = child_logon("mine", MAPI_NEW_SESSION);
        release(session); /* does not end the use that our own session makes of it */
        EXPECT(write(ready[1], "x", 1) == 1);
        EXPECT(read(go[0], &c, 1) == 0);
        LPPROFSECT section = NULL;
        EXPECT(own->lpVtbl->OpenProfileSection(own, (LPMAPIUID)(uintptr_t)&MUID_PROFILE_INSTANCE, NULL, 0, &section) ==
               S_OK);
        release(section);
        EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
        release(own);
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    log_off(session);
    assert_int_equal(delete_profile("mine"), S_OK); /* takes effect when the child's session ends */
    assert_int_equal(close(go[1]), 0);
    expect_good_end(idle);
    expect_good_end(user);
    close(go[0]);
    close(ready[0]);
}

/* ---- shared sessions ---- */

enum { SHARED = MAPI_ALLOW_OTHERS };

/* What IMapiSessionInfo says: 'j' joined, 's' shared, 'p' a shutdown is pending, or 0 to 9: that many other clients. */
static bool session_is(IMAPISession *session, char what)
{
    IMapiSessionInfo *info = NULL;
    BOOL answer = FALSE;
    ULONG unsent, unsaved, clients = 0;
    HRESULT hr = session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, (void **)&info);
    if (hr != S_OK)
        return false;
    hr = what == 'j'   ? info->lpVtbl->WasJoined(info, &answer)
         : what == 's' ? info->lpVtbl->IsShared(info, &answer)
         : what == 'p' ? info->lpVtbl->IsShutdownPending(info, &answer)
                       : info->lpVtbl->GetPending(info, &unsent, &unsaved, &clients);
    info->lpVtbl->Release(info);
    return hr == S_OK && (what <= '9' ? clients == (ULONG)(what - '0') : answer);
}

/* Names in the runtime directory. */
static int runtime_files(void)
{
    DIR *directory = opendir(getenv("MAPI_RUNTIME_DIR"));
    int count = 0;
    for (const struct dirent *each = readdir(directory); each; each = readdir(directory))
        count += each->d_name[0] != '.';
    closedir(directory);
    return count;
}

static IMAPISession *shared_logon(const char *profile)
{
    IMAPISession *session = NULL;
    assert_int_equal(try_log_on(profile, SHARED | MAPI_EXTENDED, &session), S_OK);
    return session;
}

static void R8_the_parents_shared_session_goes_on(void **state)
{
    (void)state;
    assert_int_equal(create_profile("work"), S_OK);
    IMAPISession *session = shared_logon("work");
    assert_true(session_is(session, 's') && !session_is(session, 'j'));
    int files = runtime_files();
    pid_t pid = child_start();
    if (pid == 0) { /* gives back what it has inherited */
        EXPECT(!session_is(session, 's'));
        EXPECT(session->lpVtbl->Logoff(session, 0, MAPI_LOGOFF_SHARED, 0) == MAPI_E_NOT_INITIALIZED);
        release(session);
        MAPIUninitialize();
        _exit(0);
    }
    expect_good_end(pid);
    assert_int_equal(runtime_files(), files);
    assert_true(session_is(session, 's') && session_is(session, '0') && !session_is(session, 'p'));
    pid = child_start();
    if (pid == 0) { /* becomes a member itself */
        IMAPISession *own = child_logon(NULL, 0);
        EXPECT(session_is(own, 'j') && session_is(own, 's') && session_is(own, '1'));
        release(session);
        EXPECT(session_is(own, '1'));
        EXPECT(own->lpVtbl->Logoff(own, 0, MAPI_LOGOFF_SHARED, 0) == S_OK);
        release(own);
        _exit(0);
    }
    expect_good_end(pid);
    assert_true(session_is(session, 'p'));
    log_off(session);
    assert_int_equal(runtime_files(), 0);
}

/* A child keeps nobody alive: not the member that was killed, not its place. */
static void R8_the_child_of_a_killed_member_is_no_member(void **state)
{
    int ready[2], go[2];
    char c;
    (void)state;
    assert_int_equal(create_profile("work"), S_OK);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t member = child_start();
    if (member == 0) {
        IMAPISession *session = child_logon("work", SHARED);
        EXPECT(session_is(session, 's'));
        if (fork() == 0) {
            alarm(DEADLINE_SECONDS);
            close(go[1]);
            EXPECT(write(ready[1], "x", 1) == 1);
            EXPECT(read(go[0], &c, 1) == 1); /* lives on, and the test has a shared session by now */
            IMAPISession *own = child_logon(NULL, 0);
            EXPECT(session_is(own, 'j') && session_is(own, '1'));
            EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
            release(own);
            release(session);
            EXPECT(write(ready[1], "y", 1) == 1);
            _exit(0);
        }
        pause();
        _exit(1);
    }
    close(ready[1]);
    close(go[0]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    kill(member, SIGKILL);
    assert_int_equal(waitpid(member, NULL, 0), member);
    IMAPISession *session = shared_logon("work");
    assert_true(session_is(session, 's') && !session_is(session, 'j') && session_is(session, '0'));
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    assert_int_equal(read(ready[0], &c, 1), 0);
    assert_true(session_is(session, '0'));
    log_off(session);
    assert_int_equal(runtime_files(), 0);
    close(ready[0]);
    close(go[1]);
}

/* The member goes while its child, which has begun anew, goes on with the shared session; the last one out clears it. */
static void R8_a_child_outlives_its_parent_as_a_member(void **state)
{
    int ready[2];
    char c;
    (void)state;
    assert_int_equal(create_profile("work"), S_OK);
    assert_int_equal(pipe(ready), 0);
    pid_t parent = child_start();
    if (parent == 0) {
        IMAPISession *session = child_logon("work", SHARED);
        int joined[2], gone[2];
        EXPECT(pipe(joined) == 0 && pipe(gone) == 0);
        if (fork() == 0) {
            alarm(DEADLINE_SECONDS);
            close(gone[1]);
            IMAPISession *own = child_logon(NULL, 0);
            EXPECT(session_is(own, 'j') && session_is(own, '1'));
            EXPECT(write(joined[1], "x", 1) == 1);
            EXPECT(read(gone[0], &c, 1) == 0);
            EXPECT(session_is(own, '0'));
            IMAPISession *more = child_logon(NULL, 0);
            EXPECT(session_is(more, 'j') && session_is(more, '1'));
            EXPECT(more->lpVtbl->Logoff(more, 0, 0, 0) == S_OK);
            release(more);
            EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
            release(own);
            EXPECT(runtime_files() == 0);
            EXPECT(write(ready[1], "x", 1) == 1);
            _exit(0);
        }
        EXPECT(read(joined[0], &c, 1) == 1);
        EXPECT(session_is(session, '1'));
        EXPECT(session->lpVtbl->Logoff(session, 0, 0, 0) == S_OK);
        release(session);
        MAPIUninitialize();
        _exit(0);
    }
    close(ready[1]);
    expect_good_end(parent);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
}

/* ---- notifications ---- */

static void R8_registrations_are_the_parents(void **state)
{
    static struct record of_session, of_store; /* the sinks live until the teardown */
    IMAPIAdviseSink *first = make_sink(&of_session), *second = make_sink(&of_store);
    ULONG_PTR number = 0;
    (void)state;
    assert_int_equal(the_session->lpVtbl->Advise(the_session, 0, NULL, fnevExtended, first, &number), S_OK);
    assert_int_equal(the_store->lpVtbl->Advise(the_store, 0, NULL, fnevObjectCreated, second, &number), S_OK);
    release(first);
    release(second);
    IMAPIFolder *folder = inbox();
    release(new_message(folder, "waiting")); /* queued, and not delivered yet */
    pid_t pid = child_start();
    if (pid == 0) {
        EXPECT(HrDispatchNotifications(0) == S_OK);
        EXPECT(of_store.calls == 0 && of_session.calls == 0);
        EXPECT(the_store->lpVtbl->Unadvise(the_store, number) == MAPI_E_NOT_INITIALIZED);
        IMAPISession *own = child_logon("work", MAPI_NEW_SESSION);
        EXPECT(save_message(own, "child's") == S_OK);
        EXPECT(HrDispatchNotifications(0) == S_OK);
        EXPECT(of_store.calls == 0);
        release(folder);
        release(the_store);
        release(the_session);
        EXPECT(of_store.freed == 1 && of_session.freed == 1);
        EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
        release(own);
        _exit(0);
    }
    expect_good_end(pid);
    for (double end = MapiNow() + DEADLINE_SECONDS; of_store.calls < 2 && MapiNow() < end;)
        assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_int_equal(of_store.calls, 2); /* its own message, and the child's */
    assert_int_equal(of_store.freed + of_session.freed + of_session.calls, 0);
    release(folder);
}

/* ---- account managers ---- */

static void R8_account_managers_and_helpers(void **state)
{
    (void)state;
    assert_int_equal(create_profile("work"), S_OK);
    IOlkAccountHelper *helper = NULL;
    IOlkAccountManager *manager = NULL, *raw = NULL;
    assert_int_equal(OlkCreateOwningHelper(u"work", MAPI_NEW_SESSION, 0, NULL, &helper), S_OK);
    assert_int_equal(OlkCreateAccountManager(&manager), S_OK);
    assert_int_equal(OlkCreateAccountManager(&raw), S_OK);
    assert_int_equal(manager->lpVtbl->Init(manager, helper, 0), S_OK);
    pid_t pid = child_start();
    if (pid == 0) {
        IOlkEnum *accounts = NULL;
        IOlkAccountManager *own = NULL;
        LPUNKNOWN lent = NULL;
        EXPECT(manager->lpVtbl->EnumerateAccounts(manager, NULL, NULL, 0, &accounts) == E_OLK_NOT_INITIALIZED);
        EXPECT(raw->lpVtbl->Init(raw, helper, 0) == E_OLK_NOT_INITIALIZED);
        release(manager);
        release(raw);
        /* The helper's session is the parent's, so it logs on to one of its own. */
        EXPECT(helper->lpVtbl->GetMapiSession(helper, &lent) == S_OK);
        release(lent);
        EXPECT(OlkCreateAccountManager(&own) == S_OK);
        EXPECT(own->lpVtbl->Init(own, helper, 0) == S_OK);
        EXPECT(own->lpVtbl->EnumerateAccounts(own, NULL, NULL, 0, &accounts) == S_OK);
        release(accounts);
        release(own);
        release(helper);
        for (ULONG kind = 0; MapiObjectKindName(kind); kind++)
            EXPECT(MapiObjectCount(kind) == 0);
        _exit(0);
    }
    expect_good_end(pid);
    IOlkEnum *accounts = NULL;
    assert_int_equal(manager->lpVtbl->EnumerateAccounts(manager, NULL, NULL, 0, &accounts), S_OK);
    release(accounts);
    release(raw);
    release(manager);
    release(helper);
}

/* ---- threads ---- */

static atomic_bool stop;
static atomic_bool quiet; /* SQLite's queue is not fair: a child among busy writers might wait in vain */
static atomic_uint saved_by_threads;

static void rest(void)
{
    while (atomic_load(&quiet) && !atomic_load(&stop))
        sched_yield();
}

static void *save_often(void *context)
{
    IMAPISession *session = NULL;
    (void)context;
    if (try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &session) != S_OK)
        return (void *)1;
    HRESULT hr = S_OK;
    while (!atomic_load(&stop) && hr == S_OK) {
        hr = save_message(session, "thread");
        if (hr == S_OK)
            atomic_fetch_add(&saved_by_threads, 1);
        rest();
    }
    release(session);
    return (void *)(uintptr_t)(ULONG)hr;
}

static void *log_on_often(void *context)
{
    (void)context;
    HRESULT hr = S_OK;
    while (!atomic_load(&stop) && hr == S_OK) {
        IMAPISession *session = NULL;
        hr = try_log_on("work", MAPI_NEW_SESSION | MAPI_EXTENDED, &session);
        if (hr == S_OK)
            hr = session->lpVtbl->Logoff(session, 0, 0, 0);
        if (session)
            release(session);
        rest();
    }
    return (void *)(uintptr_t)(ULONG)hr;
}

/* Creates and joins shared sessions, and leaves them again. */
static void *share_often(void *context)
{
    (void)context;
    HRESULT hr = S_OK;
    while (!atomic_load(&stop) && hr == S_OK) {
        IMAPISession *one = NULL, *two = NULL;
        hr = try_log_on("work", SHARED | MAPI_EXTENDED, &one);
        if (hr == S_OK)
            hr = try_log_on(NULL, SHARED | MAPI_EXTENDED, &two);
        if (hr == S_OK)
            hr = one->lpVtbl->Logoff(one, 0, 0, 0);
        if (one)
            release(one);
        if (two)
            release(two);
        rest();
    }
    return (void *)(uintptr_t)(ULONG)hr;
}

static void *list_often(void *context)
{
    IMAPITable *table = context;
    SizedSPropTagArray(2, columns) = {2, {PR_ENTRYID, PR_SUBJECT_W}};
    HRESULT hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)(void *)&columns, 0);
    while (!atomic_load(&stop) && hr == S_OK) {
        LPSRowSet rows = NULL;
        hr = table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 0, NULL);
        if (hr == S_OK)
            hr = table->lpVtbl->QueryRows(table, 50, 0, &rows);
        FreeProws(rows);
        rest();
    }
    return (void *)(uintptr_t)(ULONG)hr;
}

enum { THREADS = 5 };

static void R8_threads_use_sessions_while_others_fork(void **state)
{
    void *(*const jobs[THREADS])(void *) = {save_often, save_often, log_on_often, list_often, share_often};
    pthread_t threads[THREADS];
    unsigned by_children = 0;
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    /* GCC 12's AddressSanitizer does not look after its allocator in a fork: the child can wait for ever for one of its locks,
     * which a thread that it has not inherited held. ThreadSanitizer does, and runs this. */
    skip();
#endif
    IMAPIFolder *folder = inbox();
    IMAPITable *table = contents(folder, 0);
    atomic_store(&stop, false);
    atomic_store(&saved_by_threads, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, jobs[i], table), 0);
    for (int i = 0; i < 20; i++) {
        unsigned before = atomic_load(&saved_by_threads);
        pid_t pid = child_start();
        atomic_store(&quiet, true);
        if (pid == 0) {
            IMAPISession *own = child_logon("work", MAPI_NEW_SESSION);
            EXPECT(save_message(own, "child") == S_OK);
            EXPECT(the_session->lpVtbl->Logoff(the_session, 0, 0, 0) == MAPI_E_NOT_INITIALIZED);
            release(table);
            release(folder);
            release(the_store);
            release(the_session);
            EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
            release(own);
            _exit(0);
        }
        expect_good_end(pid);
        by_children++;
        atomic_store(&quiet, false);
        while (atomic_load(&saved_by_threads) == before)
            sched_yield();
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_int_equal(store_query("SELECT count(*) FROM message"), atomic_load(&saved_by_threads) + by_children);
    expect_integrity();
    release(table);
    release(folder);
}

#define IN_NOTHING(test) cmocka_unit_test(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(R8_what_a_child_has_inherited_answers_NOT_INITIALIZED),
        IN_MAPI(R8_a_session_that_had_ended_before_the_fork_says_so),
        IN_STORE(R8_unsaved_changes_are_the_parents),
        IN_NOTHING(R8_a_child_has_no_descriptor_of_its_parents),
        IN_MAPI(R8_what_a_child_saves_is_there_after_the_parent_has_gone),
        IN_STORE(R8_a_child_logs_on_beside_its_parents_session),
        IN_MAPI(R8_profiles_are_in_use_by_who_has_a_session),
        IN_MAPI(R8_the_parents_shared_session_goes_on),
        IN_MAPI(R8_the_child_of_a_killed_member_is_no_member),
        IN_MAPI(R8_a_child_outlives_its_parent_as_a_member),
        IN_STORE(R8_registrations_are_the_parents),
        IN_MAPI(R8_account_managers_and_helpers),
        IN_STORE(R8_threads_use_sessions_while_others_fork),
    };
    alarm(10 * DEADLINE_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
