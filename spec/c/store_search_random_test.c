/* Whatever is done to a store, in whatever order and by whomever, and wherever it is interrupted: every search has found
 * what its restriction lets through. The numbers come from a seed, which is printed where something differs. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapiutil.h>

#include "support/fault.h"
#include "support/mapi.h"
#include "support/searches.h"
#include "support/temp_home.h"

#define TEXT(literal) ((LPTSTR)(uintptr_t)(literal))

static uint64_t seed;

static unsigned below(unsigned limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % limit;
}

/* ---- the folders and messages there are ---- */

struct place {
    unsigned char id[32];
};

struct places {
    struct place *items;
    ULONG count;
};

static struct places list_of(IMAPITable *table, BOOL search)
{
    static const ULONG columns[] = {PR_ENTRYID, PR_FOLDER_TYPE};
    LPSRowSet rows = NULL;
    struct places list = {NULL, 0};
    set_columns(table, 2, columns);
    assert_int_equal(HrQueryAllRows(table, NULL, NULL, NULL, 0, &rows), S_OK);
    list.items = calloc(rows->cRows + 1, sizeof *list.items);
    for (ULONG i = 0; i < rows->cRows; i++)
        if (PROP_TYPE(rows->aRow[i].lpProps[1].ulPropTag) == PT_ERROR ||
            (rows->aRow[i].lpProps[1].Value.l == FOLDER_SEARCH) == search)
            memcpy(list.items[list.count++].id, rows->aRow[i].lpProps[0].Value.bin.lpb, 32);
    FreeProws(rows);
    release(table);
    return list;
}

static void *open_place(struct place *place)
{
    void *object = NULL;
    SBinary id = {32, place->id};
    assert_int_equal(try_open(the_store, id, MAPI_MODIFY, &object), S_OK);
    return object;
}

/* A folder below the user's, or the topmost of them itself. */
static IMAPIFolder *any_folder(void)
{
    IMAPIFolder *top = user_root(), *folder;
    IMAPITable *table = NULL;
    assert_int_equal(top->lpVtbl->GetHierarchyTable(top, CONVENIENT_DEPTH, &table), S_OK);
    struct places list = list_of(table, FALSE);
    unsigned which = below(list.count + 1);
    folder = which == list.count ? top : open_place(&list.items[which]);
    if (folder != top)
        release(top);
    free(list.items);
    return folder;
}

static IMAPIFolder *any_search(void)
{
    IMAPIFolder *root = open_named(the_store, PR_FINDER_ENTRYID, MAPI_MODIFY), *search = NULL;
    IMAPITable *table = NULL;
    assert_int_equal(root->lpVtbl->GetHierarchyTable(root, 0, &table), S_OK);
    struct places list = list_of(table, TRUE);
    release(root);
    if (list.count > 0)
        search = open_place(&list.items[below(list.count)]);
    free(list.items);
    return search;
}

/* Some messages of the folder, search folder or not. */
static ENTRYLIST some_messages(IMAPIFolder *folder, struct places *kept, SBinary ids[8])
{
    ENTRYLIST list = {0, ids};
    *kept = list_of(contents(folder, 0), FALSE);
    for (ULONG i = 0; kept->count > 0 && i < 1 + below(8); i++)
        ids[list.cValues++] = (SBinary){32, kept->items[below(kept->count)].id};
    return list;
}

/* ---- what is done to them ---- */

static const char *const words[] = {"plan", "lunch", "Plan B", "invoice", "re: plan", "", "Lunch plan"};

static void change(IMessage *message)
{
    char text[5000];
    switch (below(6)) {
    case 0:
        put_long(message, PR_IMPORTANCE, below(3));
        break;
    case 1:
        put_time(message, PR_MESSAGE_DELIVERY_TIME, INT64_C(132000000000000000) + below(1000));
        break;
    case 2:
        add_recipient(message, words[below(7)], "desk@example.org", MAPI_TO);
        break;
    case 3:
        memset(text, 'x', sizeof text);
        snprintf(text + below(4000), 900, "%s", words[below(7)]);
        put_text(message, PR_BODY, text);
        break;
    default:
        put_text(message, PR_SUBJECT, words[below(7)]);
        break;
    }
}

static void make_message(void)
{
    IMAPIFolder *folder = any_folder();
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, below(10) ? 0 : MAPI_ASSOCIATED, &message), S_OK);
    for (unsigned i = below(4); i > 0; i--)
        change(message);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    if (below(3) == 0) {
        change(message);
        assert_int_equal(save(message, 0), S_OK);
    }
    release(message);
    release(folder);
}

static void change_message(IMAPIFolder *folder)
{
    struct places kept;
    SBinary ids[8];
    ENTRYLIST list = some_messages(folder, &kept, ids);
    if (list.cValues > 0) {
        IMessage *message = open_message(list.lpbin[0], MAPI_MODIFY);
        change(message);
        assert_int_equal(save(message, 0), S_OK);
        release(message);
    }
    free(kept.items);
}

static void treat_messages(IMAPIFolder *folder)
{
    struct places kept;
    SBinary ids[8];
    ENTRYLIST list = some_messages(folder, &kept, ids);
    IMAPIFolder *to = any_folder();
    ULONG old;
    HRESULT hr = S_OK;
    switch (list.cValues == 0 ? 9 : below(5)) {
    case 0:
        hr = folder->lpVtbl->CopyMessages(folder, &list, NULL, to, 0, NULL, 0);
        break;
    case 1:
        hr = folder->lpVtbl->CopyMessages(folder, &list, NULL, to, 0, NULL, MESSAGE_MOVE);
        break;
    case 2:
        hr = folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0);
        break;
    case 3:
        hr = folder->lpVtbl->SetReadFlags(folder, below(4) ? &list : NULL, 0, NULL, below(2) ? CLEAR_READ_FLAG : 0);
        break;
    case 4:
        hr = folder->lpVtbl->SetMessageStatus(folder, 32, (LPENTRYID)(void *)list.lpbin[0].lpb, below(4), 3, &old);
        break;
    default:
        break;
    }
    assert_true(SUCCEEDED(hr)); /* a message twice in the list makes it partial */
    release(to);
    free(kept.items);
}

static void make_folder(void)
{
    IMAPIFolder *folder = any_folder(), *made = NULL;
    char name[8];
    snprintf(name, sizeof name, "%u", below(30));
    HRESULT hr = folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, TEXT(name), NULL, NULL, 0, &made);
    assert_true(hr == S_OK || hr == MAPI_E_COLLISION);
    if (made)
        release(made);
    release(folder);
}

/* Moves, copies or deletes a folder; what cannot be is refused. */
static void treat_folder(void)
{
    IMAPIFolder *folder = any_folder(), *to = any_folder(), *parent = NULL;
    unsigned char bytes[32];
    SBinary id = {32, bytes};
    char name[8];
    HRESULT hr;
    memcpy(bytes, entryid(folder).lpb, 32);
    snprintf(name, sizeof name, "%u", below(30));
    assert_int_equal(try_open(the_store, binary(folder, PR_PARENT_ENTRYID), MAPI_MODIFY, &parent), S_OK);
    release(folder);
    switch (below(4)) {
    case 0:
        hr = parent->lpVtbl->DeleteFolder(parent, id.cb, (LPENTRYID)(void *)bytes, 0, NULL, DEL_FOLDERS | DEL_MESSAGES);
        break;
    case 1:
        hr = parent->lpVtbl->CopyFolder(parent, id.cb, (LPENTRYID)(void *)bytes, NULL, to, TEXT(name), 0, NULL,
                                        below(2) ? COPY_SUBFOLDERS : 0);
        break;
    default:
        hr = parent->lpVtbl->CopyFolder(parent, id.cb, (LPENTRYID)(void *)bytes, NULL, to, TEXT(name), 0, NULL,
                                        FOLDER_MOVE);
        break;
    }
    assert_true(SUCCEEDED(hr) || hr == MAPI_E_NO_ACCESS || hr == MAPI_E_COLLISION || hr == MAPI_E_FOLDER_CYCLE);
    release(parent);
    release(to);
}

static SRestriction *any_restriction(void)
{
    static SPropValue number, name;
    static SRestriction leaf[2], whole;
    leaf[0] = *subject_has(words[below(7)]);
    name = string_value(PR_DISPLAY_NAME, words[below(7)]);
    number = number_value(PR_IMPORTANCE, below(3));
    switch (below(8)) {
    case 0:
        leaf[1] = (SRestriction){.rt = RES_PROPERTY, .res.resProperty = {RELOP_NE, PR_IMPORTANCE, &number}};
        break;
    case 1:
        leaf[1] = (SRestriction){.rt = RES_BITMASK, .res.resBitMask = {BMR_NEZ, PR_MESSAGE_FLAGS, MSGFLAG_READ}};
        break;
    case 2:
        leaf[1] = (SRestriction){.rt = RES_BITMASK, .res.resBitMask = {BMR_EQZ, PR_MSG_STATUS, 1}};
        break;
    case 3:
        leaf[1] = *subject_has(words[below(7)]);
        leaf[1].res.resContent.ulPropTag = PR_BODY;
        leaf[1].res.resContent.lpProp->ulPropTag = PR_BODY;
        break;
    case 4:
        leaf[0] =
            (SRestriction){.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING | FL_IGNORECASE, PR_DISPLAY_NAME, &name}};
        leaf[1] = (SRestriction){.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_RECIPIENTS, leaf}};
        return &leaf[1];
    default:
        return &leaf[0];
    }
    whole = (SRestriction){.rt = below(2) ? RES_AND : RES_OR, .res.resAnd = {2, leaf}};
    return &whole;
}

/* A new search, or another turn of one that is there. */
static void treat_search(void)
{
    static unsigned made;
    IMAPIFolder *search = below(4) ? any_search() : NULL, *one = any_folder(), *two = any_folder();
    char name[32];
    snprintf(name, sizeof name, "s%u of %d", made++, (int)getpid());
    if (search == NULL) {
        search = new_search(name);
        assert_int_equal(try_search(search, any_restriction(), one, two, below(2) ? RECURSIVE_SEARCH : 0), S_OK);
    } else if (below(4) == 0) {
        assert_int_equal(try_search(search, NULL, NULL, NULL, below(2) ? STOP_SEARCH : RECURSIVE_SEARCH), S_OK);
    } else {
        assert_int_equal(try_search(search, any_restriction(), one, NULL, RESTART_SEARCH), S_OK);
    }
    release(two);
    release(one);
    release(search);
}

static void delete_search(void)
{
    IMAPIFolder *root = open_named(the_store, PR_FINDER_ENTRYID, MAPI_MODIFY), *search = any_search();
    if (search != NULL) {
        SBinary id = entryid(search);
        assert_int_equal(root->lpVtbl->DeleteFolder(root, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL, 0), S_OK);
        release(search);
    }
    release(root);
}

static void act(void)
{
    IMAPIFolder *folder = below(3) ? any_folder() : any_search();
    switch (folder == NULL ? 0 : below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
        make_message();
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        change_message(folder);
        break;
    case 14:
        make_folder();
        break;
    case 15:
    case 16:
        treat_folder();
        break;
    case 17:
        treat_search();
        break;
    case 18:
        if (below(4) == 0)
            delete_search();
        break;
    default:
        treat_messages(folder);
        break;
    }
    if (folder)
        release(folder);
}

static void random_changes(void **state)
{
    enum { ROUNDS = 6, ACTS = 250 };
    (void)state;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        seed = round;
        for (int i = 0; i < 4; i++)
            treat_search();
        for (int i = 0; i < ACTS; i++) {
            act();
            if (i % 10 == 0)
                expect_searches_right();
        }
        expect_searches_right();
        expect_integrity();
    }
}

/* ---- kill -9 ---- */

/* Forked before this process has used MAPI. */
static void act_for_ever(unsigned number)
{
    IMAPISession *session = NULL;
    if (MAPIInitialize(NULL) != S_OK || try_log_on("work", MAPI_NEW_SESSION, &session) != S_OK)
        _exit(1);
    the_session = session;
    the_store = open_store(MDB_WRITE);
    seed = number;
    for (int i = 0; i < 4; i++)
        treat_search();
    for (;;)
        act();
}

/* In a child too: what is left is good. */
static void expect_right_after_kill(void)
{
    int status = -1;
    pid_t checker = fork();
    if (checker == 0) {
        IMAPISession *session = NULL;
        if (MAPIInitialize(NULL) != S_OK || try_log_on("work", MAPI_NEW_SESSION, &session) != S_OK)
            _exit(1);
        the_session = session;
        the_store = open_store(MDB_WRITE);
        expect_searches_right();
        expect_integrity();
        _exit(0);
    }
    waitpid(checker, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void killed_in_the_middle(void **state)
{
    enum { RUNS = 12 };
    (void)state;
    temp_home_make();
    store_make_profile_elsewhere();
    for (unsigned run = 1; run <= RUNS; run++) {
        int status = -1;
        long long before = store_query("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'message'");
        pid_t actor = fork();
        if (actor == 0)
            act_for_ever(run);
        /* Killed when it has made some messages, at a moment that differs from run to run. */
        while (store_query("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'message'") <
               before + 10 + run) {
            assert_int_equal(waitpid(actor, &status, WNOHANG), 0);
            usleep(run * 37);
        }
        kill(actor, SIGKILL);
        waitpid(actor, &status, 0);
        assert_true(WIFSIGNALED(status));
        expect_right_after_kill();
    }
    temp_home_remove();
}

/* ---- two processes at once ---- */

static void two_at_once(void **state)
{
    enum { ACTS = 120 };
    pid_t children[2];
    int status = -1;
    (void)state;
    temp_home_make();
    store_make_profile_elsewhere();
    for (unsigned i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            IMAPISession *session = NULL;
            if (MAPIInitialize(NULL) != S_OK || try_log_on("work", MAPI_NEW_SESSION, &session) != S_OK)
                _exit(1);
            the_session = session;
            the_store = open_store(MDB_WRITE);
            seed = i + 100;
            IMAPIFolder *box = inbox(), *own = child(box, i ? "one" : "two");
            IMAPIFolder *search = new_search(i ? "one" : "two");
            look_for(search, subject_has("plan"), box, RECURSIVE_SEARCH);
            for (int k = 0; k < ACTS; k++) {
                SBinary id = add_message(own, words[below(7)]);
                ENTRYLIST list = {1, &id};
                if (below(3) == 0)
                    own->lpVtbl->CopyMessages(own, &list, NULL, box, 0, NULL, below(2) ? MESSAGE_MOVE : 0);
                if (below(4) == 0)
                    own->lpVtbl->DeleteMessages(own, &list, 0, NULL, 0);
                if (below(4) == 0)
                    search->lpVtbl->SetReadFlags(search, NULL, 0, NULL, below(2) ? CLEAR_READ_FLAG : 0);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++) {
        waitpid(children[i], &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    expect_right_after_kill();
    temp_home_remove();
}

/* ---- failing memory ---- */

/* What the tasks work with, found before memory runs out. */
static struct {
    IMAPIFolder *box, *other, *search;
    ENTRYLIST where;
    ENTRYLIST messages;
    SRestriction *restriction;
} swept;

static HRESULT criteria_task(void *context)
{
    LPSRestriction restriction = NULL;
    LPENTRYLIST list = NULL;
    ULONG state = 0;
    (void)context;
    HRESULT hr = swept.search->lpVtbl->SetSearchCriteria(swept.search, swept.restriction, &swept.where, RESTART_SEARCH);
    if (hr == S_OK)
        hr = swept.search->lpVtbl->GetSearchCriteria(swept.search, MAPI_UNICODE, &restriction, &list, &state);
    if (FAILED(hr) && (restriction != NULL || list != NULL))
        return S_FALSE;
    MAPIFreeBuffer(restriction);
    MAPIFreeBuffer(list);
    return hr;
}

static HRESULT message_task(void *context)
{
    IMessage *message = NULL;
    SPropValue subject = string_value(PR_SUBJECT, "plan");
    (void)context;
    HRESULT hr = swept.box->lpVtbl->CreateMessage(swept.box, NULL, 0, &message);
    if (hr == S_OK)
        hr = put_error(message, &subject);
    if (hr == S_OK)
        hr = save(message, 0);
    if (message)
        release(message);
    return hr;
}

static HRESULT treat_task(void *context)
{
    (void)context;
    IMAPIFolder *search = swept.search;
    HRESULT hr = search->lpVtbl->SetReadFlags(search, NULL, 0, NULL, 0);
    if (hr == S_OK)
        hr = search->lpVtbl->SetReadFlags(search, NULL, 0, NULL, CLEAR_READ_FLAG);
    if (hr == S_OK)
        hr = search->lpVtbl->CopyMessages(search, &swept.messages, NULL, swept.other, 0, NULL, MESSAGE_MOVE);
    if (hr == S_OK)
        hr = swept.other->lpVtbl->CopyMessages(swept.other, &swept.messages, NULL, swept.box, 0, NULL, MESSAGE_MOVE);
    /* Of an earlier round that failed in between, the message is elsewhere. */
    return hr == MAPI_W_PARTIAL_COMPLETION ? S_OK : hr;
}

static HRESULT folder_task(void *context)
{
    IMAPIFolder *made = NULL;
    LPSPropValue id = NULL;
    (void)context;
    HRESULT hr =
        swept.box->lpVtbl->CreateFolder(swept.box, FOLDER_GENERIC, TEXT("swept"), NULL, NULL, OPEN_IF_EXISTS, &made);
    if (hr == S_OK)
        hr = HrGetOneProp((IMAPIProp *)made, PR_ENTRYID, &id);
    if (hr == S_OK)
        hr = swept.box->lpVtbl->CopyFolder(swept.box, id->Value.bin.cb, (LPENTRYID)(void *)id->Value.bin.lpb, NULL,
                                           swept.other, NULL, 0, NULL, FOLDER_MOVE);
    if (hr == S_OK)
        hr = swept.other->lpVtbl->DeleteFolder(swept.other, id->Value.bin.cb, (LPENTRYID)(void *)id->Value.bin.lpb, 0,
                                               NULL, 0);
    MAPIFreeBuffer(id);
    if (made)
        release(made);
    return hr == MAPI_E_COLLISION ? S_OK : hr;
}

static HRESULT table_task(void *context)
{
    IMAPITable *table = NULL;
    LPSRowSet rows = NULL;
    (void)context;
    SizedSPropTagArray(3, tags) = {3, {PR_SUBJECT_W, PR_PARENT_ENTRYID, PR_PARENT_DISPLAY_W}};
    SizedSSortOrderSet(1, order) = {1, 1, 1, {{PR_PARENT_ENTRYID, 0}}};
    HRESULT hr = swept.search->lpVtbl->GetContentsTable(swept.search, 0, &table);
    if (hr == S_OK)
        hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)&tags, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->SortTable(table, (LPSSortOrderSet)&order, 0);
    if (hr == S_OK)
        hr = table->lpVtbl->QueryRows(table, 10, 0, &rows);
    if (rows)
        FreeProws(rows);
    if (table)
        release(table);
    return hr;
}

static void memory_that_runs_out(void **state)
{
    (void)state;
    HRESULT (*const tasks[])(void *context) = {criteria_task, message_task, treat_task, folder_task, table_task};
    unsigned char where[32], message[32];
    SBinary where_id = {32, where}, message_id = {32, message};
    SPropValue name = string_value(PR_DISPLAY_NAME, "desk");
    SRestriction named = {.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING, PR_DISPLAY_NAME, &name}};
    SRestriction parts[] = {*subject_has("plan"),
                            {.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_RECIPIENTS, &named}}};
    SRestriction either = {.rt = RES_OR, .res.resOr = {2, parts}};
    swept.box = inbox();
    swept.other = child(swept.box, "other");
    swept.search = new_search("s");
    swept.restriction = &either;
    swept.where = (ENTRYLIST){1, &where_id};
    swept.messages = (ENTRYLIST){1, &message_id};
    memcpy(where, entryid(swept.box).lpb, 32);
    memcpy(message, add_message(swept.box, "plan").lpb, 32);
    add_message(swept.box, "lunch");
    look_for(swept.search, &either, swept.box, RECURSIVE_SEARCH);
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        fault_sweep(tasks[i], NULL);
        expect_searches_right();
        expect_integrity();
    }
    release(swept.search);
    release(swept.other);
    release(swept.box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_in_the_middle), /* before this process has used MAPI */
        cmocka_unit_test(two_at_once),
        IN_STORE(random_changes),
        IN_STORE(memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
