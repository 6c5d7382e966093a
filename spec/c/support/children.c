#include "support/children.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "base/failure.h"
#include "support/mapi.h"
#include "support/store_helper.h"

void child_gives_up(const char *file, int line)
{
    const char *why = failure_detail(MAPI_E_NOT_INITIALIZED);
    dprintf(STDERR_FILENO, "%s:%d: a child found this not to be so (%s)\n", file, line, why ? why : "no sentence");
    _exit(1);
}

pid_t child_start(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        alarm(DEADLINE_SECONDS);
    return pid;
}

void expect_good_end(pid_t pid)
{
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

IMAPISession *child_logon(const char *profile, FLAGS flags)
{
    IMAPISession *session = NULL;
    EXPECT(try_log_on(profile, flags | MAPI_EXTENDED, &session) == S_OK);
    return session;
}

HRESULT save_message(IMAPISession *session, const char *subject)
{
    IMAPITable *table = NULL;
    LPSRowSet rows = NULL;
    IMsgStore *store = NULL;
    IMAPIFolder *folder = NULL;
    IMessage *message = NULL;
    LPENTRYID inbox_id = NULL;
    ULONG size = 0, type = 0;
    SizedSPropTagArray(1, columns) = {1, {PR_ENTRYID}};
    SPropValue value = string_value(PR_SUBJECT_A, subject);
    HRESULT hr = session->lpVtbl->GetMsgStoresTable(session, 0, &table);
    if (hr == S_OK)
        hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)(void *)&columns, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->QueryRows(table, 1, 0, &rows);
    if (hr == S_OK)
        hr = session->lpVtbl->OpenMsgStore(session, 0, rows->aRow[0].lpProps[0].Value.bin.cb,
                                           (LPENTRYID)(void *)rows->aRow[0].lpProps[0].Value.bin.lpb, NULL, MDB_WRITE,
                                           &store);
    if (hr == S_OK)
        hr = store->lpVtbl->GetReceiveFolder(store, NULL, 0, &size, &inbox_id, NULL);
    if (hr == S_OK)
        hr = store->lpVtbl->OpenEntry(store, size, inbox_id, NULL, MAPI_MODIFY, &type, (LPUNKNOWN *)(void *)&folder);
    if (hr == S_OK)
        hr = folder->lpVtbl->CreateMessage(folder, NULL, 0, &message);
    if (hr == S_OK)
        hr = message->lpVtbl->SetProps(message, 1, &value, NULL);
    if (hr == S_OK)
        hr = message->lpVtbl->SaveChanges(message, 0);
    if (message)
        release(message);
    if (folder)
        release(folder);
    if (store)
        release(store);
    if (table)
        release(table);
    FreeProws(rows);
    MAPIFreeBuffer(inbox_id);
    return hr;
}
