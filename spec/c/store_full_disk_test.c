/* A disk that is really full: a small file system in memory, which a child mounts for itself alone, in name spaces of its
 * own. Where that is not allowed the tests are skipped; store_endurance_test.c has what can be had without.
 *
 * Each operation is tried with no room, then with a little more, and so on until it succeeds. Until then it fails as
 * MAPI_E_NOT_ENOUGH_DISK, whatever it was doing when the room ran out; nothing has changed; the store is consistent,
 * readable, and works as soon as there is room. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "base/memstream.h"
#include "mime/converter.h"
#include "support/mapi.h"
#include "support/store_check.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

enum { DISK = 16 << 20, STEP = 96 << 10, LARGE = 1300000, CANNOT_MOUNT = 77 };

static IMAPIFolder *folder, *other;
static char *large;
static char filler[1200];

/* ---- the disk ---- */

static void write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY);
    if (file >= 0) {
        ssize_t written = write(file, text, strlen(text));
        (void)written;
        close(file);
    }
}

/* Root of a name space of one's own may mount, where the machine lets anybody have one. */
static bool mount_small(const char *where)
{
    char map[64], options[32];
    unsigned user = (unsigned)getuid(), group = (unsigned)getgid();
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return false;
        write_text("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1", user);
        write_text("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "0 %u 1", group);
        write_text("/proc/self/gid_map", map);
    }
    snprintf(options, sizeof options, "size=%d,mode=700", (int)DISK);
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("tmpfs", where, "tmpfs", 0, options) == 0;
}

static size_t room(void)
{
    struct statvfs disk;
    assert_int_equal(statvfs(temp_home_path(), &disk), 0);
    return (size_t)disk.f_bavail * disk.f_frsize;
}

static void free_disk(void)
{
    unlink(filler);
}

/* Leaves so many bytes of room. */
static void fill_disk(size_t left)
{
    static char bytes[65536];
    free_disk();
    int file = open(filler, O_WRONLY | O_CREAT, 0600);
    assert_true(file >= 0);
    while (room() > left) {
        size_t more = room() - left;
        if (write(file, bytes, more < sizeof bytes ? more : sizeof bytes) < 0)
            break;
    }
    close(file);
}

/* ---- operations: each answers how it went, and undoes what it can ---- */

static HRESULT save_message(void)
{
    IMessage *message = NULL;
    SPropValue body = {PROP_TAG(PT_BINARY, 0x6600), 0, {.bin = {600000, (LPBYTE)large}}};
    HRESULT hr = folder->lpVtbl->CreateMessage(folder, NULL, 0, &message);
    if (hr == S_OK)
        hr = put_error(message, &body);
    if (hr == S_OK)
        hr = save(message, 0);
    if (message != NULL)
        release(message);
    return hr;
}

static HRESULT write_pieces(IStream *stream)
{
    HRESULT hr = S_OK;
    for (size_t at = 0; at < LARGE && hr == S_OK; at += 100000) {
        ULONG written = 0;
        hr = stream->lpVtbl->Write(stream, large + at, 100000, &written);
        if (hr == S_OK && written != 100000)
            hr = E_FAIL; /* a failure that looks like a success */
    }
    return hr == S_OK ? stream->lpVtbl->Commit(stream, 0) : hr;
}

/* More than fits into memory: the stream has a file of its own, on the same disk. */
static HRESULT stream_attachment(void)
{
    IMessage *message = NULL;
    IAttach *attach = NULL;
    IStream *stream = NULL;
    ULONG number;
    HRESULT hr = folder->lpVtbl->CreateMessage(folder, NULL, 0, &message);
    if (hr == S_OK)
        hr = message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach);
    if (hr == S_OK)
        hr = try_stream(attach, PR_ATTACH_DATA_BIN, MAPI_CREATE | MAPI_MODIFY, &stream);
    if (hr == S_OK)
        hr = write_pieces(stream);
    if (hr == S_OK)
        hr = save(attach, 0);
    if (hr == S_OK)
        hr = save(message, 0);
    if (stream != NULL)
        release(stream);
    if (attach != NULL)
        release(attach);
    if (message != NULL)
        release(message);
    return hr;
}

static HRESULT import_message(void)
{
    static const struct mime_allocators allocators = {sizeof allocators, MAPIAllocateBuffer, MAPIAllocateMore,
                                                      MAPIFreeBuffer, NULL};
    static char mail[400000];
    int head = snprintf(mail, sizeof mail,
                        "From: Front Desk <desk@example.org>\r\nSubject: imported\r\nMIME-Version: 1.0\r\n"
                        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
                        "Content-Type: application/octet-stream\r\n\r\n");
    IConverterSession *converter = NULL;
    IMessage *message = NULL;
    IStream *stream = NULL;
    memset(mail + head, 'x', sizeof mail - (size_t)head);
    for (size_t at = (size_t)head + 76; at < sizeof mail; at += 78)
        mail[at - 1] = '\n';
    memcpy(mail + sizeof mail - 9, "\r\n--b--\r\n", 9);
    assert_int_equal(mime_converter_create(&allocators, &converter), S_OK);
    assert_int_equal(memstream_create_reader(NULL, mail, sizeof mail, &stream), S_OK);
    HRESULT hr = folder->lpVtbl->CreateMessage(folder, NULL, 0, &message);
    if (hr == S_OK)
        hr = converter->lpVtbl->MIMEToMAPI(converter, stream, message, NULL, CCSF_SMTP);
    if (hr == S_OK)
        hr = save(message, 0);
    if (message != NULL)
        release(message);
    release(stream);
    converter->lpVtbl->Release(converter);
    return hr;
}

static HRESULT with_all_messages(IMAPIFolder *from, IMAPIFolder *to, ULONG flags)
{
    static const ULONG column = PR_ENTRYID;
    LPSRowSet rows = all_rows(contents(from, 0), 1, &column);
    SBinary ids[32];
    ENTRYLIST list = {rows->cRows, ids};
    assert_true(rows->cRows <= 32);
    for (ULONG i = 0; i < rows->cRows; i++)
        ids[i] = rows->aRow[i].lpProps[0].Value.bin;
    HRESULT hr = to != NULL ? from->lpVtbl->CopyMessages(from, &list, NULL, to, 0, NULL, flags)
                            : from->lpVtbl->DeleteMessages(from, &list, 0, NULL, 0);
    FreeProws(rows);
    return hr;
}

static HRESULT copy_messages(void)
{
    return with_all_messages(folder, other, 0);
}

static HRESULT move_messages(void)
{
    return with_all_messages(folder, other, MESSAGE_MOVE);
}

static HRESULT delete_messages(void)
{
    return with_all_messages(folder, NULL, 0);
}

static HRESULT copy_folder(void)
{
    IMAPIFolder *parent = user_root();
    SBinary id = entryid(folder);
    HRESULT hr = parent->lpVtbl->CopyFolder(parent, id.cb, (LPENTRYID)(void *)id.lpb, NULL, other,
                                            (LPSTR)(uintptr_t) "copy", 0, NULL, COPY_SUBFOLDERS);
    release(parent);
    return hr;
}

static HRESULT open_again(void)
{
    IMsgStore *store = NULL;
    HRESULT hr = try_open_store(MDB_WRITE, &store);
    if (store != NULL)
        release(store);
    return hr;
}

/* ---- trying ---- */

static char state_then[4096];

/* What the messages and folders are, in short. */
static const char *state_now(void)
{
    static char text[4096];
    IMAPITable *table = NULL;
    IMAPIFolder *all = user_root();
    assert_int_equal(all->lpVtbl->GetHierarchyTable(all, CONVENIENT_DEPTH, &table), S_OK);
    snprintf(text, sizeof text, "%u folders; %s; %s", (unsigned)count_rows(table), subjects_of(folder),
             subjects_of(other));
    release(all);
    return text;
}

/* Five messages, one with a large attachment, in a folder; another folder is empty. */
static void make_content(void)
{
    IMAPIFolder *parent = user_root();
    IMessage *message;
    folder = child(parent, "folder");
    other = child(parent, "other");
    release(parent);
    for (int i = 0; i < 4; i++)
        add_message(folder, "small");
    message = new_message(folder, "large");
    attach_bytes(message, "data", large, 400000);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
}

/* How often it failed before there was room enough. */
static int until_it_succeeds(const char *name, HRESULT (*operation)(void))
{
    snprintf(state_then, sizeof state_then, "%s", state_now());
    for (int failures = 0; failures < 100; failures++) {
        fill_disk((size_t)failures * STEP);
        HRESULT hr = operation();
        const char *now = hr == S_OK ? state_then : state_now();
        if (hr == S_OK) {
            free_disk();
            expect_integrity();
            return failures;
        }
        if (hr != MAPI_E_NOT_ENOUGH_DISK || strcmp(now, state_then) != 0)
            fail_msg("%s with %d KB: 0x%08x, %s instead of %s", name, failures * STEP / 1024, (unsigned)hr, now,
                     state_then);
        free_disk();
        expect_integrity();
    }
    fail_msg("%s never succeeds", name);
    return 0;
}

static void every_operation(void)
{
    static const struct {
        const char *name;
        HRESULT (*operation)(void);
        bool takes_room; /* so that it has to fail at first */
    } all[] = {
        {"save", save_message, true},       {"stream", stream_attachment, true}, {"import", import_message, true},
        {"copy", copy_messages, true},      {"copy folder", copy_folder, true},  {"move", move_messages, false},
        {"delete", delete_messages, false}, {"open", open_again, false},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int failures = until_it_succeeds(all[i].name, all[i].operation);
        if (all[i].takes_room && failures == 0)
            fail_msg("%s needed no room", all[i].name);
    }
}

/* The log is full of changes and the file cannot grow to take them: they stay in the log, and are read from there. */
static void changes_wait_in_the_log(void)
{
    int saved = 0;
    IMAPITable *table;
    fill_disk(3 << 20);
    while (save_message() == S_OK)
        saved++;
    assert_true(saved > 0);
    table = contents(folder, 0);
    assert_int_equal(count_rows(table), 5 + saved);
    release(folder);
    release(other);
    release(the_store); /* which is when the log is written into the file, if that can be done */
    log_off(the_session);
    the_session = log_on("work");
    free_disk();
    the_store = open_store(MDB_WRITE);
    IMAPIFolder *parent = user_root();
    folder = child(parent, "folder");
    other = child(parent, "other");
    release(parent);
    table = contents(folder, 0);
    assert_int_equal(count_rows(table), 5 + saved);
    assert_int_equal(save_message(), S_OK);
    expect_integrity();
}

/* In a process of its own, whose mounts are nobody else's. A failed assertion ends it. */
static void on_a_small_disk(void (*body)(void))
{
    int status;
    temp_home_make();
    fflush(NULL);
    pid_t worker = fork();
    if (worker == 0) {
        const char *inside = temp_home_path();
        if (!mount_small(inside))
            _exit(CANNOT_MOUNT);
        setenv("TMPDIR", inside, 1);
        snprintf(filler, sizeof filler, "%s", temp_home_file("filler"));
        large = calloc(1, LARGE + 100000);
        if (MAPIInitialize(NULL) != S_OK)
            _exit(1);
        assert_int_equal(store_make_profile(), S_OK);
        the_session = log_on("work");
        the_store = open_store(MDB_WRITE);
        make_content();
        body();
        release(folder);
        release(other);
        release(the_store);
        log_off(the_session);
        MAPIUninitialize();
        free(large);
        _exit(0);
    }
    waitpid(worker, &status, 0);
    temp_home_remove();
    if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_MOUNT)
        skip();
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_full_disk_fails_what_needs_room(void **state)
{
    (void)state;
    on_a_small_disk(every_operation);
}

static void a_full_disk_keeps_changes_in_the_log(void **state)
{
    (void)state;
    on_a_small_disk(changes_wait_in_the_log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_fails_what_needs_room),
        cmocka_unit_test(a_full_disk_keeps_changes_in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
