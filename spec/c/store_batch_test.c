/* IMapiStoreBatch: many changes as one (mapisub.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include <cmocka.h>

#include <mapisub.h>

#include "support/mapi.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

static IMapiStoreBatch *batch_of(IMsgStore *store)
{
    IMapiStoreBatch *batch = NULL;
    assert_int_equal(store->lpVtbl->QueryInterface(store, &IID_IMapiStoreBatch, (void **)&batch), S_OK);
    return batch;
}

struct task {
    IMAPIFolder *folder;
    HRESULT answer;
    ULONG seen; /* messages in the folder, as the batch itself sees it */
    bool die;
};

static HRESULT add_three(void *context)
{
    struct task *task = context;
    for (int i = 0; i < 3; i++)
        add_message(task->folder, "in a batch");
    task->seen = long_of(task->folder, PR_CONTENT_COUNT);
    if (task->die)
        _exit(0);
    return task->answer;
}

static void all_or_nothing(void **state)
{
    (void)state;
    IMapiStoreBatch *batch = batch_of(the_store);
    struct task task = {inbox(), S_OK, 0, false};
    assert_int_equal(batch->lpVtbl->Together(batch, add_three, &task), S_OK);
    assert_int_equal(task.seen, 3);
    assert_int_equal(long_of(task.folder, PR_CONTENT_COUNT), 3);
    task.answer = MAPI_E_USER_CANCEL;
    assert_int_equal(batch->lpVtbl->Together(batch, add_three, &task), MAPI_E_USER_CANCEL);
    assert_int_equal(task.seen, 6);
    assert_int_equal(long_of(task.folder, PR_CONTENT_COUNT), 3);
    assert_int_equal(batch->lpVtbl->Together(batch, NULL, NULL), MAPI_E_INVALID_PARAMETER);
    release(task.folder);
    release(batch);
}

struct seen {
    IMAPIFolder *folder;
    IMAPITable *table; /* its hierarchy */
    HRESULT answer;
    ULONG before;
    ULONG within;
};

static ULONG rows_of(IMAPITable *table)
{
    ULONG count = 0;
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    return count;
}

static HRESULT add_a_folder(void *context)
{
    struct seen *seen = context;
    IMAPIFolder *made = NULL;
    seen->before = rows_of(seen->table);
    assert_int_equal(seen->folder->lpVtbl->CreateFolder(seen->folder, FOLDER_GENERIC, (LPTSTR)(uintptr_t) "x", NULL,
                                                        NULL, OPEN_IF_EXISTS, &made),
                     S_OK);
    release(made);
    seen->within = rows_of(seen->table);
    return seen->answer;
}

/* A table that was open did not see what its own batch had done, and one that had seen it went on showing it when it had been
 * undone. */
static void tables_follow_a_batch_and_its_failure(void **state)
{
    (void)state;
    IMapiStoreBatch *batch = batch_of(the_store);
    struct seen seen = {inbox(), NULL, MAPI_E_USER_CANCEL, 9, 9};
    assert_int_equal(seen.folder->lpVtbl->GetHierarchyTable(seen.folder, 0, &seen.table), S_OK);
    assert_int_equal(batch->lpVtbl->Together(batch, add_a_folder, &seen), MAPI_E_USER_CANCEL);
    assert_int_equal(seen.before, 0);
    assert_int_equal(seen.within, 1);
    assert_int_equal(rows_of(seen.table), 0);
    seen.answer = S_OK;
    assert_int_equal(batch->lpVtbl->Together(batch, add_a_folder, &seen), S_OK);
    assert_int_equal(seen.within, 1);
    assert_int_equal(rows_of(seen.table), 1);
    release(seen.table);
    release(seen.folder);
    release(batch);
}

/* The child dies in its batch; it is another logon, and what it did before is nowhere. */
static void a_process_that_dies_in_a_batch(void **state)
{
    (void)state;
    pid_t child_id = fork();
    if (child_id == 0) {
        if (try_log_on("work", MAPI_NEW_SESSION, &the_session) != S_OK)
            _exit(1);
        the_store = open_store(MDB_WRITE);
        IMapiStoreBatch *batch = batch_of(the_store);
        struct task task = {inbox(), S_OK, 0, true};
        batch->lpVtbl->Together(batch, add_three, &task);
        _exit(2);
    }
    int status = 1;
    assert_int_equal(waitpid(child_id, &status, 0), child_id);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    IMAPIFolder *folder = inbox();
    assert_int_equal(long_of(folder, PR_CONTENT_COUNT), 0);
    release(folder);
}

static void not_for_who_only_reads(void **state)
{
    (void)state;
    IMsgStore *reader = open_store(0);
    IMapiStoreBatch *batch = batch_of(reader);
    struct task task = {inbox(), S_OK, 0, false};
    assert_int_equal(batch->lpVtbl->Together(batch, add_three, &task), MAPI_E_NO_ACCESS);
    assert_int_equal(task.seen, 0);
    release(task.folder);
    release(batch);
    release(reader);
}

static void L13_not_after_the_end(void **state)
{
    (void)state;
    IMapiStoreBatch *batch = batch_of(the_store);
    struct task task = {inbox(), S_OK, 0, false};
    assert_int_equal(the_session->lpVtbl->Logoff(the_session, 0, 0, 0), S_OK);
    assert_int_equal(batch->lpVtbl->Together(batch, add_three, &task), MAPI_E_INVALID_OBJECT);
    assert_int_equal(task.seen, 0);
    release(task.folder);
    release(batch);
    release(the_store);
    release(the_session);
    the_store = NULL;
    the_session = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(all_or_nothing),
        IN_STORE(tables_follow_a_batch_and_its_failure),
        IN_STORE(a_process_that_dies_in_a_batch),
        IN_STORE(not_for_who_only_reads),
        IN_STORE(L13_not_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
