/* MapiImportMail and MapiExportMail over a store: batches, duplicates, refusals, memory that runs out, others who write. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <mapimailbox.h>
#include <mapisub.h>
#include <mapitags.h>

#include "mime/converter.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

static const struct mime_allocators allocators = {sizeof allocators, MAPIAllocateBuffer, MAPIAllocateMore,
                                                  MAPIFreeBuffer, MapiSetErrorDetail};

static IConverterSession *converter(void)
{
    IConverterSession *made = NULL;
    assert_int_equal(mime_converter_create(&allocators, &made), S_OK);
    return made;
}

static const char *mbox_path(void)
{
    static char path[256];
    snprintf(path, sizeof path, "%s", temp_home_file("mbox"));
    return path;
}

/* Writes `count` messages, "0", "1" and so on, with a body of so many bytes. `mode`: "wb", or "ab" to add them. */
static void put_mbox(const char *mode, unsigned count, size_t body)
{
    FILE *file = fopen(mbox_path(), mode);
    assert_non_null(file);
    for (unsigned i = 0; i < count; i++) {
        fprintf(file, "From a@example.org Thu Jan  1 00:00:10 1970\nFrom: a@example.org\nSubject: %u\n\n", i);
        for (size_t at = 0; at < body; at += 64)
            fputs("0123456789012345678901234567890123456789012345678901234567890\n", file);
        fputs("\n", file);
    }
    assert_int_equal(fclose(file), 0);
}

static void write_mbox(unsigned count, size_t body)
{
    put_mbox("wb", count, body);
}

static HRESULT import_to(IMAPIFolder *folder, struct mapi_mail_import what, struct mapi_mail_progress *counts)
{
    struct mapi_mail_report *report = NULL;
    what.size = sizeof what;
    what.path = what.path == NULL ? mbox_path() : what.path;
    what.folder = folder;
    what.converter = converter();
    HRESULT hr = MapiImportMail(&what, &report);
    memset(counts, 0, sizeof *counts);
    if (report != NULL)
        *counts = report->counts;
    MAPIFreeBuffer(report);
    release(what.converter);
    return hr;
}

#define ALL             ((struct mapi_mail_import){.skip_duplicates = FALSE})
#define ONCE            ((struct mapi_mail_import){.skip_duplicates = TRUE})
#define CONTENT(folder) long_of(folder, PR_CONTENT_COUNT)

static void arguments(void **state)
{
    (void)state;
    struct mapi_mail_report *report = (void *)&report;
    struct mapi_mail_import import = {.size = sizeof import, .path = "x"};
    struct mapi_mail_export export = {.size = sizeof export, .path = "x"};
    assert_int_equal(MapiImportMail(&import, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MapiImportMail(NULL, &report), MAPI_E_INVALID_PARAMETER);
    assert_null(report);
    assert_int_equal(MapiImportMail(&import, &report), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MapiExportMail(&export, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MapiExportMail(&export, &report), MAPI_E_INVALID_PARAMETER);
}

static void messages_arrive(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    struct mapi_mail_progress counts;
    write_mbox(2500, 100);
    assert_int_equal(import_to(folder, ALL, &counts), S_OK);
    assert_int_equal(counts.messages, 2500);
    assert_int_equal(counts.done, counts.total);
    assert_int_equal(CONTENT(folder), 2500);
    assert_int_equal(import_to(folder, ONCE, &counts), S_OK);
    assert_int_equal(counts.messages, 0);
    assert_int_equal(counts.skipped, 2500);
    write_mbox(3, 100);
    assert_int_equal(import_to(folder, ALL, &counts), S_OK);
    assert_int_equal(CONTENT(folder), 2503);
    /* "0" to "2" are there twice now: a source that has them three times lacks one of each. */
    write_mbox(3, 100);
    put_mbox("ab", 3, 100);
    put_mbox("ab", 3, 100);
    assert_int_equal(import_to(folder, ONCE, &counts), S_OK);
    assert_int_equal(counts.messages, 3);
    assert_int_equal(counts.skipped, 6);
    assert_int_equal(CONTENT(folder), 2506);
    release(folder);
}

/* Somebody else's folder ------------------------------------------------------------------------------------------ */

/* A folder whose methods are ours for as long as a test wants. */
static IMAPIFolderVtbl folder_methods;
static const IMAPIFolderVtbl *real_folder_methods;
static IMessageVtbl message_methods;
static const IMessageVtbl *real_message_methods;

static HRESULT STDMETHODCALLTYPE refuse_batches(IMAPIFolder *This, REFIID iid, void **out)
{
    if (memcmp(iid, &IID_IMapiStoreBatch, sizeof *iid) != 0)
        return real_folder_methods->QueryInterface(This, iid, out);
    *out = NULL;
    return E_NOINTERFACE;
}

/* The messages "3" and "1500" are larger than the store can take, as it finds when it is to save them. */
static HRESULT STDMETHODCALLTYPE refuse_some(IMessage *This, ULONG flags)
{
    const char *subject = text_of(This, PR_SUBJECT_W);
    if (strcmp(subject, "3") == 0 || strcmp(subject, "1500") == 0)
        return MAPI_E_TOO_BIG;
    return real_message_methods->SaveChanges(This, flags);
}

static HRESULT STDMETHODCALLTYPE create_refused(IMAPIFolder *This, LPCIID iid, ULONG flags, LPMESSAGE *message)
{
    HRESULT hr = real_folder_methods->CreateMessage(This, iid, flags, message);
    if (SUCCEEDED(hr)) {
        real_message_methods = (*message)->lpVtbl;
        message_methods = *real_message_methods;
        message_methods.SaveChanges = refuse_some;
        (*message)->lpVtbl = &message_methods;
    }
    return hr;
}

static void take_over(IMAPIFolder *folder)
{
    real_folder_methods = folder->lpVtbl;
    folder_methods = *real_folder_methods;
    folder->lpVtbl = &folder_methods;
}

static void a_folder_without_batches(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    struct mapi_mail_progress counts;
    take_over(folder);
    folder_methods.QueryInterface = refuse_batches;
    folder_methods.CreateMessage = create_refused;
    write_mbox(20, 100);
    assert_int_equal(import_to(folder, ALL, &counts), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(counts.messages, 19);
    assert_int_equal(counts.failed, 1);
    folder->lpVtbl = real_folder_methods;
    assert_int_equal(CONTENT(folder), 19);
    release(folder);
}

static void messages_that_cannot_be_saved(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    struct mapi_mail_progress counts;
    take_over(folder);
    folder_methods.CreateMessage = create_refused;
    write_mbox(2500, 100);
    assert_int_equal(import_to(folder, ONCE, &counts), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(counts.messages, 2498);
    assert_int_equal(counts.failed, 2);
    assert_int_equal(CONTENT(folder), 2498);
    folder->lpVtbl = real_folder_methods;
    assert_int_equal(import_to(folder, ONCE, &counts), S_OK);
    assert_int_equal(counts.messages, 2);
    assert_int_equal(counts.skipped, 2498);
    release(folder);
}

/* Progress ---------------------------------------------------------------------------------------------------------- */

struct watch {
    IMAPIFolder *folder;
    ULONG calls, most;
    ULONG stop_at; /* cancels when so many are there */
    uint64_t last;
    bool wrong;
};

static HRESULT look(void *context, const struct mapi_mail_progress *progress)
{
    struct watch *watch = context;
    ULONG there = long_of(watch->folder, PR_CONTENT_COUNT);
    watch->calls++;
    if (progress->messages > there || progress->done < watch->last || progress->done > progress->total)
        watch->wrong = true;
    watch->last = progress->done;
    watch->most = progress->messages;
    return watch->stop_at > 0 && progress->messages >= watch->stop_at ? MAPI_E_USER_CANCEL : S_OK;
}

static void progress_tells_what_is_there(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    struct mapi_mail_progress counts;
    struct watch watch = {.folder = folder, .stop_at = 1000};
    struct mapi_mail_import what = {.skip_duplicates = TRUE, .progress = look, .context = &watch};
    write_mbox(2500, 100);
    assert_int_equal(import_to(folder, what, &counts), MAPI_E_USER_CANCEL);
    assert_true(counts.messages >= 1000 && counts.messages < 2500);
    assert_int_equal(CONTENT(folder), counts.messages);
    watch = (struct watch){.folder = folder};
    assert_int_equal(import_to(folder, what, &counts), S_OK);
    assert_int_equal(CONTENT(folder), 2500);
    assert_true(watch.calls > 0);
    assert_false(watch.wrong);
    release(folder);
}

/* A message that does not fit into memory is told of while it is read, and can be given up then. */
static HRESULT give_up(void *context, const struct mapi_mail_progress *progress)
{
    ULONG *calls = context;
    return progress->messages == 0 && ++*calls == 2 ? MAPI_E_USER_CANCEL : S_OK;
}

static void a_large_message_can_be_given_up(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    struct mapi_mail_progress counts;
    ULONG calls = 0;
    struct mapi_mail_import what = {.progress = give_up, .context = &calls};
    write_mbox(1, 300 << 20);
    assert_int_equal(import_to(folder, what, &counts), MAPI_E_USER_CANCEL);
    assert_int_equal(calls, 2);
    assert_int_equal(CONTENT(folder), 0);
    release(folder);
}

/* What goes wrong ------------------------------------------------------------------------------------------------- */

static void what_cannot_be_converted(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    struct mapi_mail_import what = {.size = sizeof what, .folder = folder, .path = mbox_path()};
    struct mapi_mail_report *report;
    write_mbox(2, 100);
    FILE *file = fopen(mbox_path(), "ab");
    long offset = ftell(file);
    fputs("From a@example.org Thu Jan  1 00:00:10 1970\nA: ", file);
    for (int i = 0; i < 20000; i++)
        fputs("0123456789012345678901234567890123456789012345678901234567890\n ", file);
    fputs("b\n\nc\n\nFrom a@example.org Thu Jan  1 00:00:10 1970\nSubject: last\n\nx\n", file);
    fclose(file);
    what.converter = converter();
    assert_int_equal(MapiImportMail(&what, &report), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(report->counts.messages, 3);
    assert_int_equal(report->counts.failed, 1);
    assert_non_null(report->failures);
    assert_null(report->failures->next);
    assert_int_equal(report->failures->hr, MAPI_E_TOO_BIG);
    assert_int_equal(report->failures->offset, offset);
    assert_string_equal(report->failures->path, mbox_path());
    assert_non_null(strstr(report->failures->reason, "1 MB"));
    assert_int_equal(CONTENT(folder), 3);
    MAPIFreeBuffer(report);
    what.strict = TRUE;
    assert_int_equal(MapiImportMail(&what, &report), MAPI_E_TOO_BIG);
    assert_non_null(strstr(MapiErrorDetail(MAPI_E_TOO_BIG), "byte"));
    assert_int_equal(report->counts.messages, 2);
    assert_int_equal(CONTENT(folder), 5);
    MAPIFreeBuffer(report);
    release(what.converter);
    release(folder);
}

static IMAPIFolder *swept;
static bool exporting;

static HRESULT import_once(void *context)
{
    struct mapi_mail_import what = {.size = sizeof what, .path = context, .folder = swept, .skip_duplicates = TRUE};
    struct mapi_mail_export out = {.size = sizeof out, .path = context, .folder = swept, .overwrite = TRUE};
    struct mapi_mail_report *report = NULL;
    IConverterSession *made = NULL;
    HRESULT hr = mime_converter_create(&allocators, &made);
    if (FAILED(hr))
        return hr;
    what.converter = out.converter = made;
    hr = exporting ? MapiExportMail(&out, &report) : MapiImportMail(&what, &report);
    /* What could not be converted for want of memory must not pass for something that never can be. */
    if (SUCCEEDED(hr) && report->counts.failed > 0)
        hr = MAPI_E_CALL_FAILED;
    MAPIFreeBuffer(report);
    release(made);
    return hr;
}

static void memory_runs_out(void **state)
{
    (void)state;
    swept = inbox();
    exporting = false;
    write_mbox(2, 100);
    fault_sweep(import_once, (void *)(uintptr_t)mbox_path());
    assert_int_equal(CONTENT(swept), 2);
    exporting = true;
    fault_sweep(import_once, (void *)(uintptr_t)temp_home_file("out"));
    release(swept);
}

static void the_disk_is_full(void **state)
{
    (void)state;
    write_mbox(300, 20000);
    struct stat status;
    assert_int_equal(stat(store_path(), &status), 0);
    pid_t child_id = fork();
    if (child_id == 0) {
        /* Files may not grow: what SQLite and an export see is what they see of a full disk. */
        struct rlimit limit = {2 << 20, 2 << 20};
        signal(SIGXFSZ, SIG_IGN);
        if (try_log_on("work", MAPI_NEW_SESSION, &the_session) != S_OK)
            _exit(1);
        the_store = open_store(MDB_WRITE);
        IMAPIFolder *folder = inbox();
        struct mapi_mail_progress counts;
        setrlimit(RLIMIT_FSIZE, &limit);
        HRESULT hr = import_to(folder, ALL, &counts);
        _exit(hr == MAPI_E_NOT_ENOUGH_DISK || hr == MAPI_E_DISK_ERROR ? 0 : 2);
    }
    int result = 1;
    assert_int_equal(waitpid(child_id, &result, 0), child_id);
    assert_int_equal(result, 0);
    expect_integrity();
    IMAPIFolder *folder = inbox();
    struct mapi_mail_progress counts;
    assert_int_equal(import_to(folder, ONCE, &counts), S_OK);
    assert_int_equal(CONTENT(folder), 300);
    release(folder);
}

/* Says, in the child, that it is under way. A slow machine tells of its progress before the first batch is saved, and was
 * killed with nothing there. */
static HRESULT say(void *context, const struct mapi_mail_progress *progress)
{
    if (progress->messages + progress->skipped == 0)
        return S_OK;
    return write(*(int *)context, "x", 1) == 1 ? S_OK : MAPI_E_CALL_FAILED;
}

/* Imports in a process of its own, which is killed when it has told of its progress so many times. */
static void import_and_be_killed(int times)
{
    int told[2];
    char byte;
    assert_int_equal(pipe(told), 0);
    pid_t child_id = fork();
    if (child_id == 0) {
        struct mapi_mail_progress counts;
        struct mapi_mail_import what = {.skip_duplicates = TRUE, .progress = say, .context = &told[1]};
        if (try_log_on("work", MAPI_NEW_SESSION, &the_session) != S_OK)
            _exit(1);
        the_store = open_store(MDB_WRITE);
        import_to(inbox(), what, &counts);
        _exit(0);
    }
    close(told[1]);
    for (int i = 0; i < times && read(told[0], &byte, 1) == 1; i++)
        ;
    kill(child_id, SIGKILL);
    assert_int_equal(waitpid(child_id, NULL, 0), child_id);
    close(told[0]);
}

/* Killed while it imports, again and again, and run again: it leaves what one import would have. */
static void killed_and_run_again(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    struct mapi_mail_progress counts;
    write_mbox(4000, 500);
    for (int times = 1; times <= 3; times++)
        import_and_be_killed(times);
    expect_integrity();
    assert_int_equal(import_to(folder, ONCE, &counts), S_OK);
    assert_true(counts.skipped > 0);
    assert_int_equal(CONTENT(folder), 4000);
    assert_int_equal(store_query("SELECT count(DISTINCT search_key) FROM message"), 4000);
    release(folder);
}

/* PR_SEARCH_KEY may be set until the first save, and belongs to the store afterwards. */
static void search_keys(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = NULL;
    BYTE bytes[3] = {1, 2, 3};
    SPropValue key = {.ulPropTag = PR_SEARCH_KEY}, empty = key, number = number_value(PROP_TAG(PT_LONG, 0x300B), 1);
    key.Value.bin.cb = 3;
    key.Value.bin.lpb = bytes;
    empty.Value.bin.lpb = bytes;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    assert_int_equal(put_error(message, &number), MAPI_E_INVALID_TYPE);
    assert_int_equal(put_error(message, &empty), MAPI_E_COMPUTED);
    assert_int_equal(put_error(message, &key), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(binary(message, PR_SEARCH_KEY).cb, 3);
    assert_int_equal(put_error(message, &key), MAPI_E_COMPUTED);
    release(message);
    release(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(arguments),
        IN_STORE(messages_arrive),
        IN_STORE(a_folder_without_batches),
        IN_STORE(messages_that_cannot_be_saved),
        IN_STORE(progress_tells_what_is_there),
        IN_STORE(a_large_message_can_be_given_up),
        IN_STORE(what_cannot_be_converted),
        IN_STORE(memory_runs_out),
        IN_STORE(the_disk_is_full),
        IN_STORE(killed_and_run_again),
        IN_STORE(search_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
