/* kill -9 at any moment of anything that changes a store: saves, imports, changes, attachments, read flags, moves, copies
 * and deletions of messages and folders.
 *
 * A child does one after the other at random, says what it begins and what it has done, and is killed. Of what it said,
 * this process keeps the account: everything done is there, what was begun last is there or is not, as a whole, and
 * nothing else has changed. The child finds out what to do from the same account, so that one seed is one run.
 *
 * MAPI_STRESS says for how many seconds; otherwise it is a fixed number of kills. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "base/memstream.h"
#include "mime/converter.h"
#include "support/mapi.h"
#include "support/store_check.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

enum { KILLS = 60, MAILS = 48, FOLDERS = 7, BODIES = 3, FILES = 3 };

/* ---- the account ---- */

/* What a message holds follows from its number and its version: see fill(). */
struct mail {
    int number;
    int version;
    int folder;
    bool read;
};

/* Folder 0 is the Inbox; the others are named by their numbers. */
struct account {
    struct mail mails[MAILS];
    int count;
    int parents[FOLDERS]; /* -1: there is no such folder */
    int next;             /* number of the next new message */
};

enum kind {
    SAVE_NEW,
    IMPORT_NEW,
    CHANGE,
    SET_READ,
    MOVE,
    COPY,
    DELETE,
    MAKE_FOLDER,
    MOVE_FOLDER,
    COPY_FOLDER,
    DELETE_FOLDER,
    EMPTY_FOLDER,
    KINDS
};

/* `from` and `to` are folders; of the messages in `from` it concerns those whose number is even, or odd. */
struct step {
    enum kind kind;
    int from;
    int to;
    int parity;
    int number; /* a new or changed message */
};

static struct account account;
static struct step begun;
static bool pending;

static bool concerned(const struct mail *mail, const struct step *step)
{
    return mail->folder == step->from && mail->number % 2 == step->parity;
}

static bool is_within(const struct account *of, int folder, int tree)
{
    for (; folder > 0; folder = of->parents[folder])
        if (folder == tree)
            return true;
    return folder == tree;
}

static int mails_in(const struct account *of, int folder)
{
    int count = 0;
    for (int i = 0; i < of->count; i++)
        count += of->mails[i].folder == folder;
    return count;
}

static void add_mail(struct account *of, int number, int version, int folder, bool read)
{
    of->mails[of->count++] = (struct mail){number, version, folder, read};
}

static void drop_mails_in(struct account *of, int tree)
{
    int kept = 0;
    for (int i = 0; i < of->count; i++)
        if (!is_within(of, of->mails[i].folder, tree))
            of->mails[kept++] = of->mails[i];
    of->count = kept;
}

static void drop_folders_below(struct account *of, int tree, bool itself)
{
    int parents[FOLDERS];
    memcpy(parents, of->parents, sizeof parents);
    for (int i = 1; i < FOLDERS; i++)
        if (parents[i] >= 0 && is_within(of, i, tree) && (itself || i != tree))
            parents[i] = -1;
    memcpy(of->parents, parents, sizeof parents);
}

/* Read flags: all are set, or cleared where all are set. */
static bool all_read(const struct account *of, const struct step *step)
{
    for (int i = 0; i < of->count; i++)
        if (concerned(&of->mails[i], step) && !of->mails[i].read)
            return false;
    return true;
}

static void apply_to_mails(struct account *of, const struct step *step)
{
    int count = of->count, kept = 0;
    bool read = !all_read(of, step);
    for (int i = 0; i < count; i++) {
        struct mail *mail = &of->mails[i];
        if (step->kind == CHANGE && mail->number == step->number && mail->folder == step->from) {
            mail->version++;
        } else if (concerned(mail, step)) {
            if (step->kind == SET_READ)
                mail->read = read;
            if (step->kind == MOVE)
                mail->folder = step->to;
            if (step->kind == COPY)
                add_mail(of, mail->number, mail->version, step->to, mail->read);
        }
    }
    for (int i = 0; i < of->count; i++)
        if (step->kind != DELETE || !concerned(&of->mails[i], step))
            of->mails[kept++] = of->mails[i];
    of->count = kept;
}

static void apply(struct account *of, const struct step *step)
{
    switch (step->kind) {
    case SAVE_NEW:
    case IMPORT_NEW:
        add_mail(of, step->number, 0, step->from, step->kind == IMPORT_NEW);
        of->next = step->number + 1;
        break;
    case MAKE_FOLDER:
        of->parents[step->to] = step->from;
        break;
    case MOVE_FOLDER:
        of->parents[step->from] = step->to;
        break;
    case COPY_FOLDER: /* `from` becomes `number` below `to`; subfolders stay behind */
        for (int i = 0, count = of->count; i < count; i++)
            if (of->mails[i].folder == step->from)
                add_mail(of, of->mails[i].number, of->mails[i].version, step->number, of->mails[i].read);
        of->parents[step->number] = step->to;
        break;
    case DELETE_FOLDER:
    case EMPTY_FOLDER:
        drop_mails_in(of, step->from);
        drop_folders_below(of, step->from, step->kind == DELETE_FOLDER);
        break;
    default:
        apply_to_mails(of, step);
        break;
    }
}

/* ---- choosing ---- */

static uint64_t seed;

static int below(int limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((seed >> 33) % (unsigned)limit);
}

static int free_folder(void)
{
    for (int i = 1; i < FOLDERS; i++)
        if (account.parents[i] < 0)
            return i;
    return 0;
}

static int any_folder(void)
{
    int folder;
    do
        folder = below(FOLDERS);
    while (account.parents[folder] < 0 && folder != 0);
    return folder;
}

/* Whether a message would be twice in a folder, which the account cannot tell apart; or there would be too many. */
static bool collides(const struct step *step)
{
    for (int i = 0; i < account.count; i++)
        for (int j = 0; j < account.count; j++)
            if (concerned(&account.mails[i], step) && account.mails[j].folder == step->to &&
                account.mails[j].number == account.mails[i].number)
                return true;
    return account.count * 2 > MAILS;
}

static bool makes_sense(struct step *step)
{
    switch (step->kind) {
    case SAVE_NEW:
    case IMPORT_NEW:
        step->number = account.next;
        return account.count < MAILS / 2;
    case CHANGE:
        if (mails_in(&account, step->from) == 0)
            return false;
        do
            step->number = below(account.count);
        while (account.mails[step->number].folder != step->from);
        step->number = account.mails[step->number].number;
        return true;
    case MOVE:
    case COPY:
        return step->from != step->to && mails_in(&account, step->from) > 0 && !collides(step);
    case MAKE_FOLDER:
        step->to = free_folder();
        return step->to != 0;
    case MOVE_FOLDER:
        return step->from != 0 && !is_within(&account, step->to, step->from);
    case COPY_FOLDER:
        step->number = free_folder();
        return step->number != 0 && step->from != 0 && account.count + mails_in(&account, step->from) <= MAILS / 2;
    case DELETE_FOLDER:
        return step->from != 0 && below(4) == 0;
    case EMPTY_FOLDER:
        return below(6) == 0;
    default:
        return true;
    }
}

static struct step choose(void)
{
    struct step step;
    do {
        step.kind = (enum kind)below(KINDS);
        step.from = any_folder();
        step.to = any_folder();
        step.parity = below(2);
        step.number = 0;
    } while (!makes_sense(&step));
    return step;
}

/* ---- doing ---- */

static char content[200000];
static const size_t body_sizes[BODIES] = {30, 3000, 90000};
static const size_t file_sizes[FILES] = {10, 5000, 150000};

static void fill_content(void)
{
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (char)('a' + i % 23);
}

/* Each body and file begins elsewhere in the content. */
static const char *content_of(int number, int version, int which)
{
    return content + (number * 7 + version * 3 + which) % 1000;
}

static int files_of(int number, int version)
{
    return (number + version) % 3;
}

static size_t body_size(int number, int version)
{
    return body_sizes[(number + 2 * version) % BODIES];
}

static size_t file_size(int number, int version, int which)
{
    return file_sizes[(number + version + which) % FILES];
}

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        HRESULT hr_ = (call);                                                                                          \
        if (hr_ != S_OK) {                                                                                             \
            fprintf(stderr, "%s: 0x%08x\n", #call, (unsigned)hr_);                                                     \
            _exit(2);                                                                                                  \
        }                                                                                                              \
    } while (0)

static IMAPIFolder *open_folder(int number)
{
    if (number == 0)
        return inbox();
    int chain[FOLDERS], depth = 0;
    for (int i = number; i > 0; i = account.parents[i])
        chain[depth++] = i;
    IMAPIFolder *folder = inbox();
    while (depth > 0) {
        char name[16];
        snprintf(name, sizeof name, "%d", chain[--depth]);
        IMAPIFolder *next = child(folder, name);
        release(folder);
        folder = next;
    }
    return folder;
}

static void remove_attachments(IMessage *message)
{
    static const ULONG column = PR_ATTACH_NUM;
    IMAPITable *table = NULL;
    TRY(message->lpVtbl->GetAttachmentTable(message, 0, &table));
    LPSRowSet rows = all_rows(table, 1, &column);
    for (ULONG i = 0; i < rows->cRows; i++)
        TRY(message->lpVtbl->DeleteAttach(message, rows->aRow[i].lpProps[0].Value.ul, 0, NULL, 0));
    FreeProws(rows);
}

static void set_recipients(IMessage *message, int number, int version)
{
    SPropValue values[4][3];
    struct {
        ULONG cEntries;
        ADRENTRY aEntries[4];
    } list = {(ULONG)(1 + (number + version) % 4), {{0, 0, NULL}}};
    for (ULONG i = 0; i < list.cEntries; i++) {
        values[i][0] = string_value(PR_DISPLAY_NAME, "Front Desk");
        values[i][1] = string_value(PR_EMAIL_ADDRESS, "desk@example.org");
        values[i][2] = number_value(PR_RECIPIENT_TYPE, MAPI_TO);
        list.aEntries[i] = (ADRENTRY){0, 3, values[i]};
    }
    TRY(message->lpVtbl->ModifyRecipients(message, 0, (LPADRLIST)(void *)&list));
}

/* Subject, version, body, recipients and attachments of a message, in one save. */
static void fill(IMessage *message, int number, int version)
{
    char subject[16];
    snprintf(subject, sizeof subject, "%d", number);
    put_text(message, PR_SUBJECT, subject);
    put_long(message, PR_IMPORTANCE, (ULONG)version);
    write_stream(message, PR_BODY_A, content_of(number, version, 0), body_size(number, version));
    set_recipients(message, number, version);
    remove_attachments(message);
    for (int i = 0; i < files_of(number, version); i++)
        attach_bytes(message, "file", content_of(number, version, 1 + i), file_size(number, version, i));
    TRY(save(message, 0));
}

static void save_new(const struct step *step)
{
    IMAPIFolder *folder = open_folder(step->from);
    IMessage *message = NULL;
    TRY(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message));
    fill(message, step->number, 0);
    release(message);
    release(folder);
}

/* The same message as it comes from elsewhere: MIME, of which what import makes is replaced where it differs. */
static void import_new(const struct step *step)
{
    static const struct mime_allocators allocators = {sizeof allocators, MAPIAllocateBuffer, MAPIAllocateMore,
                                                      MAPIFreeBuffer, NULL};
    char mail[400];
    IConverterSession *converter = NULL;
    IMAPIFolder *folder = open_folder(step->from);
    IMessage *message = NULL;
    IStream *stream = NULL;
    int size = snprintf(mail, sizeof mail,
                        "From: Front Desk <desk@example.org>\r\nTo: Night Shift <night@example.com>\r\n"
                        "Subject: %d\r\nMessage-ID: <%d@example.org>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0100\r\n\r\nx",
                        step->number, step->number);
    TRY(mime_converter_create(&allocators, &converter));
    TRY(memstream_create_reader(NULL, mail, (size_t)size, &stream));
    TRY(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message));
    TRY(converter->lpVtbl->MIMEToMAPI(converter, stream, message, NULL, CCSF_SMTP));
    put_long(message, PR_MESSAGE_FLAGS, MSGFLAG_READ);
    fill(message, step->number, 0);
    release(message);
    release(stream);
    converter->lpVtbl->Release(converter);
    release(folder);
}

/* The rows of a folder: entry identifier, subject as a number, version, flags. */
static LPSRowSet folder_rows(IMAPIFolder *folder)
{
    static const ULONG columns[] = {PR_ENTRYID, PR_SUBJECT_A, PR_IMPORTANCE, PR_MESSAGE_FLAGS};
    return all_rows(contents(folder, 0), 4, columns);
}

static int number_of(const SRow *row)
{
    return row->lpProps[1].ulPropTag == PR_SUBJECT_A ? atoi(row->lpProps[1].Value.lpszA) : -1;
}

static void change(const struct step *step)
{
    IMAPIFolder *folder = open_folder(step->from);
    LPSRowSet rows = folder_rows(folder);
    for (ULONG i = 0; i < rows->cRows; i++)
        if (number_of(&rows->aRow[i]) == step->number) {
            IMessage *message = open_message(rows->aRow[i].lpProps[0].Value.bin, MAPI_MODIFY);
            fill(message, step->number, (int)rows->aRow[i].lpProps[2].Value.l + 1);
            release(message);
        }
    FreeProws(rows);
    release(folder);
}

static void with_messages(const struct step *step)
{
    IMAPIFolder *folder = open_folder(step->from), *to = open_folder(step->to);
    LPSRowSet rows = folder_rows(folder);
    SBinary ids[MAILS];
    ENTRYLIST list = {0, ids};
    for (ULONG i = 0; i < rows->cRows; i++)
        if (number_of(&rows->aRow[i]) % 2 == step->parity)
            ids[list.cValues++] = rows->aRow[i].lpProps[0].Value.bin;
    if (step->kind == SET_READ && list.cValues > 0)
        TRY(folder->lpVtbl->SetReadFlags(folder, &list, 0, NULL, all_read(&account, step) ? CLEAR_READ_FLAG : 0));
    else if (step->kind == MOVE || step->kind == COPY)
        TRY(folder->lpVtbl->CopyMessages(folder, &list, NULL, to, 0, NULL, step->kind == MOVE ? MESSAGE_MOVE : 0));
    else if (list.cValues > 0)
        TRY(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0));
    FreeProws(rows);
    release(to);
    release(folder);
}

static void with_folder(const struct step *step)
{
    char name[16];
    IMAPIFolder *parent = open_folder(account.parents[step->from]);
    IMAPIFolder *folder = open_folder(step->from), *to = open_folder(step->to);
    SBinary id = entryid(folder);
    release(folder);
    snprintf(name, sizeof name, "%d", step->kind == COPY_FOLDER ? step->number : step->from);
    if (step->kind == DELETE_FOLDER)
        TRY(parent->lpVtbl->DeleteFolder(parent, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL,
                                         DEL_FOLDERS | DEL_MESSAGES));
    else
        TRY(parent->lpVtbl->CopyFolder(parent, id.cb, (LPENTRYID)(void *)id.lpb, NULL, to, name, 0, NULL,
                                       step->kind == MOVE_FOLDER ? FOLDER_MOVE : 0));
    release(to);
    release(parent);
}

static void perform(const struct step *step)
{
    char name[16];
    IMAPIFolder *folder = NULL, *made = NULL;
    switch (step->kind) {
    case SAVE_NEW:
        save_new(step);
        break;
    case IMPORT_NEW:
        import_new(step);
        break;
    case CHANGE:
        change(step);
        break;
    case MAKE_FOLDER:
        snprintf(name, sizeof name, "%d", step->to);
        folder = open_folder(step->from);
        TRY(folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, name, NULL, NULL, 0, &made));
        release(made);
        release(folder);
        break;
    case EMPTY_FOLDER:
        folder = open_folder(step->from);
        TRY(folder->lpVtbl->EmptyFolder(folder, 0, NULL, 0));
        release(folder);
        break;
    case MOVE_FOLDER:
    case COPY_FOLDER:
    case DELETE_FOLDER:
        with_folder(step);
        break;
    default:
        with_messages(step);
        break;
    }
}

/* ---- the child ---- */

struct report {
    struct step step;
    bool done;
};

static void say(int pipe_end, const struct step *step, bool done)
{
    struct report report;
    memset(&report, 0, sizeof report);
    report.step = *step;
    report.done = done;
    if (write(pipe_end, &report, sizeof report) != sizeof report)
        _exit(3);
}

static void log_on_and_open(void)
{
    if (MAPIInitialize(NULL) != S_OK || try_log_on("work", MAPI_NEW_SESSION, &the_session) != S_OK)
        _exit(4);
    the_store = open_store(MDB_WRITE);
}

static void work_for_ever(int pipe_end)
{
    log_on_and_open();
    for (;;) {
        struct step step = choose();
        say(pipe_end, &step, false);
        perform(&step);
        apply(&account, &step);
        say(pipe_end, &step, true);
    }
}

/* Lets a child work until it has done so many steps, and so many microseconds more. */
static void work_and_kill(int steps, unsigned microseconds)
{
    int ends[2], status, done = 0;
    struct report report;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t worker = fork();
    if (worker == 0) {
        close(ends[0]);
        work_for_ever(ends[1]);
    }
    close(ends[1]);
    pending = false;
    while (read(ends[0], &report, sizeof report) == sizeof report) {
        pending = !report.done;
        begun = report.step;
        if (report.done)
            apply(&account, &report.step);
        if (report.done && ++done == steps) {
            usleep(microseconds);
            kill(worker, SIGKILL);
        }
    }
    close(ends[0]);
    waitpid(worker, &status, 0);
    assert_true(WIFSIGNALED(status));
}

/* ---- checking, in a child as well ---- */

static const char *problem; /* what was seen last that is not as in the account */

static bool differs(const char *what)
{
    problem = what;
    return false;
}

static bool same_bytes(void *object, ULONG tag, const char *expected, size_t size)
{
    static char bytes[sizeof content];
    return read_stream(object, tag, bytes, sizeof bytes) == size && memcmp(bytes, expected, size) == 0;
}

static bool message_is(IMessage *message, const struct mail *mail)
{
    IMAPITable *table = NULL;
    int files = files_of(mail->number, mail->version);
    if (!same_bytes(message, PR_BODY_A, content_of(mail->number, mail->version, 0),
                    body_size(mail->number, mail->version)))
        return differs("a body");
    TRY(message->lpVtbl->GetRecipientTable(message, 0, &table));
    if (count_rows(table) != (ULONG)(1 + (mail->number + mail->version) % 4))
        return differs("recipients");
    TRY(message->lpVtbl->GetAttachmentTable(message, 0, &table));
    static const ULONG column = PR_ATTACH_NUM;
    LPSRowSet rows = all_rows(table, 1, &column);
    bool same = rows->cRows == (ULONG)files;
    for (int i = 0; same && i < files; i++) {
        IAttach *attach = NULL;
        TRY(message->lpVtbl->OpenAttach(message, rows->aRow[i].lpProps[0].Value.ul, NULL, 0, &attach));
        same = same_bytes(attach, PR_ATTACH_DATA_BIN, content_of(mail->number, mail->version, 1 + i),
                          file_size(mail->number, mail->version, i));
        release(attach);
    }
    FreeProws(rows);
    return same || differs("attachments");
}

static const struct mail *find_mail(const struct account *of, int number, int folder)
{
    for (int i = 0; i < of->count; i++)
        if (of->mails[i].number == number && of->mails[i].folder == folder)
            return &of->mails[i];
    return NULL;
}

static bool row_is(const struct account *of, const SRow *row, int number)
{
    const struct mail *mail = find_mail(of, number_of(row), number);
    if (mail == NULL)
        return differs("a message too many");
    if (row->lpProps[2].Value.l != mail->version)
        return differs("a version");
    if (((row->lpProps[3].Value.ul & MSGFLAG_READ) != 0) != mail->read)
        return differs("a read flag");
    IMessage *message = open_message(row->lpProps[0].Value.bin, 0);
    bool same = message_is(message, mail);
    release(message);
    return same;
}

/* The folder with a number, and all that is in it. */
static bool folder_is(const struct account *of, IMAPIFolder *folder, int number)
{
    static const ULONG columns[] = {PR_DISPLAY_NAME_A, PR_ENTRYID};
    LPSRowSet rows = folder_rows(folder);
    bool same = (int)rows->cRows == mails_in(of, number) || differs("the number of messages");
    for (ULONG i = 0; same && i < rows->cRows; i++)
        same = row_is(of, &rows->aRow[i], number);
    FreeProws(rows);
    int children = 0;
    for (int i = 1; i < FOLDERS; i++)
        children += of->parents[i] == number;
    IMAPITable *table = NULL;
    TRY(folder->lpVtbl->GetHierarchyTable(folder, 0, &table));
    rows = all_rows(table, 2, columns);
    same = same && ((int)rows->cRows == children || differs("the number of folders"));
    for (ULONG i = 0; same && i < rows->cRows; i++) {
        int name = atoi(rows->aRow[i].lpProps[0].Value.lpszA);
        IMAPIFolder *below_it = NULL;
        same = (name > 0 && name < FOLDERS && of->parents[name] == number) || differs("a folder's place");
        if (same) {
            TRY(try_open(the_store, rows->aRow[i].lpProps[1].Value.bin, 0, &below_it));
            same = folder_is(of, below_it, name);
            release(below_it);
        }
    }
    FreeProws(rows);
    return same;
}

static bool store_is(const struct account *of)
{
    IMAPIFolder *folder = inbox();
    bool same = folder_is(of, folder, 0);
    release(folder);
    return same;
}

/* 0: as in the account; 1: and with what was begun as well; else what is wrong has been printed. */
static int compare(void)
{
    struct account after = account;
    log_on_and_open();
    if (store_is(&account))
        return 0;
    const char *first = problem;
    if (pending)
        apply(&after, &begun);
    if (pending && store_is(&after))
        return 1;
    fprintf(stderr, "%s is not as it was; %s is not as step %d should have it\n", first, problem,
            pending ? (int)begun.kind : -1);
    return 2;
}

static void expect_account(void)
{
    int status;
    expect_integrity();
    fflush(NULL);
    pid_t checker = fork();
    if (checker == 0)
        _exit(compare());
    waitpid(checker, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    if (WEXITSTATUS(status) == 1)
        apply(&account, &begun);
}

/* ---- the test ---- */

static void killed_at_any_moment(void **state)
{
    const char *stress = getenv("MAPI_STRESS");
    time_t end = time(NULL) + (stress != NULL ? atoi(stress) : 0);
    (void)state;
    temp_home_make();
    store_make_profile_elsewhere();
    fill_content();
    memset(&account, 0, sizeof account);
    for (int i = 1; i < FOLDERS; i++)
        account.parents[i] = -1;
    seed = stress != NULL ? (uint64_t)end : 20261128;
    for (int kill_number = 0; stress != NULL ? time(NULL) < end : kill_number < KILLS; kill_number++) {
        work_and_kill(1 + below(12), (unsigned)below(4000));
        expect_account();
        seed += (uint64_t)kill_number;
    }
    temp_home_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed_at_any_moment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
