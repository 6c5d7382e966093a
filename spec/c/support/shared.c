#include "support/shared.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "core/slot.h"
#include "support/fake_store.h"
#include "support/mapi.h"
#include "support/temp_home.h"

/* ---- what a session says about itself ---- */

static LPMAPISESSIONINFO info_of(IMAPISession *session)
{
    void *info = NULL;
    assert_int_equal(session->lpVtbl->QueryInterface(session, &IID_IMapiSessionInfo, &info), S_OK);
    return info;
}

int state_of(IMAPISession *session)
{
    LPMAPISESSIONINFO info = info_of(session);
    BOOL shared = FALSE, joined = FALSE, pending = FALSE;
    assert_int_equal(info->lpVtbl->IsShared(info, &shared), S_OK);
    assert_int_equal(info->lpVtbl->WasJoined(info, &joined), S_OK);
    assert_int_equal(info->lpVtbl->IsShutdownPending(info, &pending), S_OK);
    release(info);
    return (shared ? IS_SHARED : 0) | (joined ? WAS_JOINED : 0) | (pending ? IS_PENDING : 0);
}

bool has_profile(IMAPISession *session, const WCHAR *wanted)
{
    LPMAPISESSIONINFO info = info_of(session);
    LPWSTR name = NULL;
    size_t i = 0;
    assert_int_equal(info->lpVtbl->GetProfileName(info, &name), S_OK);
    while (wanted[i] && wanted[i] == name[i])
        i++;
    bool same = wanted[i] == name[i];
    MAPIFreeBuffer(name);
    release(info);
    return same;
}

ULONG others(IMAPISession *session)
{
    LPMAPISESSIONINFO info = info_of(session);
    ULONG clients = 99;
    assert_int_equal(info->lpVtbl->GetPending(info, NULL, NULL, &clients), S_OK);
    release(info);
    return clients;
}

HRESULT use_session(IMAPISession *session)
{
    LPMAPITABLE table = NULL;
    HRESULT hr = session->lpVtbl->GetMsgStoresTable(session, 0, &table);
    if (hr == S_OK)
        release(table);
    return hr;
}

IMAPISession *share(const char *profile, FLAGS flags)
{
    IMAPISession *session = NULL;
    assert_int_equal(try_log_on(profile, flags, &session), S_OK);
    return session;
}

HRESULT logoff_with(IMAPISession *session, ULONG flags)
{
    return session->lpVtbl->Logoff(session, 0, flags, 0);
}

void log_off_for_all(IMAPISession *session)
{
    assert_int_equal(logoff_with(session, MAPI_LOGOFF_SHARED), S_OK);
    release(session);
}

/* Registers with the session; what it is told goes into the record. */
void watch(IMAPISession *session, struct record *record)
{
    ULONG_PTR connection = 0;
    IMAPIAdviseSink *sink = make_sink(record);
    assert_int_equal(session->lpVtbl->Advise(session, 0, NULL, fnevExtended, sink, &connection), S_OK);
    assert_int_not_equal(connection, 0);
    release(sink);
}

unsigned criticals(const struct record *record)
{
    unsigned count = 0;
    for (unsigned i = 0; i < record->calls && i < RECORD_KEPT; i++)
        count += record->events[i] == fnevCriticalError && record->numbers[i] == (ULONG)MAPI_E_END_OF_SESSION;
    return count;
}

/* ---- what is left in the file system ---- */

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = 0;
    if (!dir)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

int shared_files(void)
{
    return count_entries(getenv("MAPI_RUNTIME_DIR"));
}

int descriptors(void)
{
    return count_entries("/proc/self/fd");
}

int shared_setup(void **state)
{
    int result = mapi_setup(state);
    if (result == 0) {
        create_profile_with("work", FAKE_SERVICE);
        create_profile("other");
    }
    return result;
}

int shared_teardown(void **state)
{
    (void)state;
    slot_set_patience(SLOT_PATIENCE_MS);
    MapiSetDialog(NULL, NULL);
    MAPIUninitialize();
    expect_nothing_alive();
    int left = shared_files();
    temp_home_remove();
    return left;
}

HRESULT rename_profile(const char *from, const char *to)
{
    IProfAdmin *admin = prof_admin();
    HRESULT hr = admin->lpVtbl->RenameProfile(admin, (LPSTR)(uintptr_t)from, NULL, (LPSTR)(uintptr_t)to, 0, 0);
    release(admin);
    return hr;
}

/* ---- another process: one session of its own, and what that was told ---- */

static IMAPISession *mine;
static struct record heard;

static long child_logs_on(const char *profile, FLAGS flags)
{
    HRESULT hr = try_log_on(profile, flags, &mine);
    return hr == S_OK ? state_of(mine) : hr;
}

static long child_waits(void)
{
    for (int i = 0; i < 60000 && criticals(&heard) == 0; i++) { /* a minute */
        MapiPause(1);
        HrDispatchNotifications(0);
    }
    return criticals(&heard);
}

static long child_logs_off(ULONG flags)
{
    HRESULT hr = logoff_with(mine, flags);
    if (hr == S_OK) {
        release(mine);
        mine = NULL;
    }
    return hr;
}

long shared_serve(char command)
{
    switch (command) {
    case 'c': /* create, or join */
        return child_logs_on("work", MAPI_ALLOW_OTHERS);
    case 'C':
        return child_logs_on("work", MAPI_ALLOW_OTHERS | MAPI_NEW_SESSION);
    case 'j': /* join, or be private */
        return child_logs_on("other", 0);
    case 'n':
        return child_logs_on(NULL, 0);
    case 'N':
        return child_logs_on("other", MAPI_NEW_SESSION);
    case 'l':
        return child_logs_off(0);
    case 'L':
        return child_logs_off(MAPI_LOGOFF_SHARED);
    case 'r':
        release(mine);
        mine = NULL;
        return S_OK;
    case 'u': /* log off by ending everything */
        MAPIUninitialize();
        release(mine);
        return S_OK;
    case 's':
        return state_of(mine);
    case 'o':
        return (long)others(mine);
    case 'U':
        return use_session(mine);
    case 'w':
        return has_profile(mine, u"work");
    case 'a':
        watch(mine, &heard);
        return S_OK;
    case 'p':
        HrDispatchNotifications(0);
        return (long)(1000 * criticals(&heard) + heard.logoffs);
    case 'W':
        return child_waits();
    case 'd':
        return delete_profile("work");
    case 'm':
        return rename_profile("work", "renamed");
    case 'f': { /* forks a child that lives on */
        pid_t pid = fork();
        if (pid == 0) {
            alarm(300);
            for (;;)
                pause();
        }
        return pid;
    }
    default:
        return -1;
    }
}
