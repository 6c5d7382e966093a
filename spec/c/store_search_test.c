/* Search folders: mapi-search-folders.md, imapicontainer-setsearchcriteria.md, imapicontainer-getsearchcriteria.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/mapi.h"
#include "support/searches.h"
#include "support/store_advise.h"

#define TEXT(literal) ((LPTSTR)(uintptr_t)(literal))

static void set_subject(SBinary id, const char *subject)
{
    IMessage *message = open_message(id, MAPI_MODIFY);
    put_text(message, PR_SUBJECT, subject);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
}

static void delete_one(IMAPIFolder *folder, SBinary id)
{
    ENTRYLIST list = one_of(&id);
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
}

static void transfer(IMAPIFolder *from, SBinary id, IMAPIFolder *to, ULONG flags)
{
    ENTRYLIST list = one_of(&id);
    assert_int_equal(from->lpVtbl->CopyMessages(from, &list, NULL, to, 0, NULL, flags), S_OK);
}

static void mark(IMAPIFolder *folder, SBinary id, ULONG flags)
{
    ENTRYLIST list = one_of(&id);
    assert_int_equal(folder->lpVtbl->SetReadFlags(folder, &list, 0, NULL, flags), S_OK);
}

/* ---- the folder ---- */

static void what_the_store_says(void **state)
{
    (void)state;
    assert_true(long_of(the_store, PR_STORE_SUPPORT_MASK) & STORE_SEARCH_OK);
    assert_int_equal(long_of(the_store, PR_STORE_STATE), 0);
    IMAPIFolder *box = inbox(), *search = new_search("s");
    assert_int_equal(long_of(the_store, PR_STORE_STATE), 0); /* it looks for nothing yet */
    look_for(search, subject_has("a"), box, 0);
    assert_int_equal(long_of(the_store, PR_STORE_STATE), STORE_HAS_SEARCHES);
    look_for(search, NULL, NULL, STOP_SEARCH);
    assert_int_equal(long_of(the_store, PR_STORE_STATE), 0);
    release(search);
    release(box);
    IMsgStore *reader = open_store(0);
    assert_false(long_of(reader, PR_STORE_SUPPORT_MASK) & STORE_SEARCH_OK);
    release(reader);
}

static void the_folders_own_properties(void **state)
{
    (void)state;
    IMAPIFolder *search = new_search("s");
    assert_int_equal(long_of(search, PR_FOLDER_TYPE), FOLDER_SEARCH);
    assert_int_equal(long_of(search, PR_DISPLAY_TYPE), DT_FOLDER_LINK);
    assert_int_equal(long_of(search, PR_ACCESS), MAPI_ACCESS_READ | MAPI_ACCESS_MODIFY | MAPI_ACCESS_DELETE);
    assert_int_equal(long_of(search, PR_CONTENT_COUNT), 0);
    put_text(search, PR_COMMENT, "what is new"); /* they can be changed, but for the name (mapi-folders.md) */
    SPropValue name = string_value(PR_DISPLAY_NAME, "t");
    assert_int_equal(put_error(search, &name), MAPI_E_NO_ACCESS);
    IMAPIFolder *root = open_named(the_store, PR_FINDER_ENTRYID, 0);
    IMAPITable *table = NULL;
    static const ULONG columns[] = {PR_FOLDER_TYPE, PR_DISPLAY_TYPE, PR_COMMENT_A};
    assert_int_equal(root->lpVtbl->GetHierarchyTable(root, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 3, columns);
    assert_int_equal(rows->cRows, 1);
    assert_int_equal(rows->aRow[0].lpProps[0].Value.l, FOLDER_SEARCH);
    assert_int_equal(rows->aRow[0].lpProps[1].Value.l, DT_FOLDER_LINK);
    assert_string_equal(rows->aRow[0].lpProps[2].Value.lpszA, "what is new");
    FreeProws(rows);
    release(root);
    release(search);
}

static void what_it_refuses(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *top = user_root(), *search = new_search("s"), *made = NULL, *other = NULL;
    IMAPIFolder *root = open_named(the_store, PR_FINDER_ENTRYID, MAPI_MODIFY);
    IMessage *message = NULL;
    SBinary id = add_message(box, "a"), own = entryid(search), inner;
    ENTRYLIST list = one_of(&id);
    look_for(search, subject_has("a"), box, 0);
    assert_int_equal(search->lpVtbl->CreateMessage(search, NULL, 0, &message), MAPI_E_NO_ACCESS);
    assert_int_equal(search->lpVtbl->CreateMessage(search, NULL, MAPI_ASSOCIATED, &message), MAPI_E_NO_ACCESS);
    assert_null(message);
    assert_int_equal(search->lpVtbl->CreateFolder(search, FOLDER_GENERIC, TEXT("x"), NULL, NULL, 0, &made),
                     MAPI_E_NO_ACCESS);
    assert_null(made);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, search, 0, NULL, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(box->lpVtbl->CopyMessages(box, &list, NULL, search, 0, NULL, MESSAGE_MOVE), MAPI_E_NO_ACCESS);
    assert_int_equal(search->lpVtbl->EmptyFolder(search, 0, NULL, 0), MAPI_E_NO_ACCESS);
    assert_int_equal(
        root->lpVtbl->CopyFolder(root, own.cb, (LPENTRYID)(void *)own.lpb, NULL, top, TEXT("x"), 0, NULL, 0),
        MAPI_E_NO_ACCESS);
    assert_int_equal(
        root->lpVtbl->CopyFolder(root, own.cb, (LPENTRYID)(void *)own.lpb, NULL, top, TEXT("x"), 0, NULL, FOLDER_MOVE),
        MAPI_E_NO_ACCESS);
    other = child(top, "other");
    inner = entryid(other);
    assert_int_equal(
        top->lpVtbl->CopyFolder(top, inner.cb, (LPENTRYID)(void *)inner.lpb, NULL, search, TEXT("x"), 0, NULL, 0),
        MAPI_E_NO_ACCESS);
    assert_int_equal(
        the_store->lpVtbl->SetReceiveFolder(the_store, TEXT("IPM.Task"), 0, own.cb, (LPENTRYID)(void *)own.lpb),
        MAPI_E_NO_ACCESS);
    assert_int_equal(root->lpVtbl->CreateFolder(root, FOLDER_SEARCH, TEXT("S"), NULL, NULL, 0, &made),
                     MAPI_E_COLLISION);
    assert_int_equal(root->lpVtbl->CreateFolder(root, FOLDER_GENERIC, TEXT("s"), NULL, NULL, OPEN_IF_EXISTS, &made),
                     MAPI_E_COLLISION);
    assert_int_equal(top->lpVtbl->CreateFolder(top, FOLDER_SEARCH, TEXT("other"), NULL, NULL, OPEN_IF_EXISTS, &made),
                     MAPI_E_COLLISION);
    assert_null(made);
    assert_int_equal(root->lpVtbl->CreateFolder(root, FOLDER_SEARCH, TEXT("s"), NULL, NULL, OPEN_IF_EXISTS, &made),
                     S_OK);
    assert_int_equal(long_of(made, PR_CONTENT_COUNT), 1);
    release(made);
    release(other);
    release(root);
    release(search);
    release(top);
    release(box);
    expect_integrity();
}

/* ---- criteria ---- */

static void the_arguments_of_SetSearchCriteria(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *search = new_search("s"), *other = new_search("t"), *reader = NULL;
    SRestriction *a = subject_has("a");
    SRestriction regular = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_RE, PR_SUBJECT, a->res.resContent.lpProp}};
    SPropValue nothing = {PR_NULL, 0, {0}};
    SRestriction null = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_NULL, &nothing}};
    unsigned char gone_bytes[32], message_bytes[32];
    SBinary gone = {32, gone_bytes}, message = {32, message_bytes};
    ENTRYLIST empty = {0, &gone}, missing = {1, NULL}, bad = {1, &message};
    memcpy(message_bytes, add_message(box, "a").lpb, 32);
    memcpy(gone_bytes, entryid(box).lpb, 32);
    gone_bytes[30] = 7;
    ENTRYLIST away = {1, &gone};

    assert_int_equal(try_search(box, a, box, NULL, 0), MAPI_E_NO_SUPPORT);
    assert_int_equal(try_search(search, a, box, NULL, 0x40), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(try_search(search, a, box, NULL, STOP_SEARCH | RESTART_SEARCH), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_search(search, a, box, NULL, RECURSIVE_SEARCH | SHALLOW_SEARCH), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_search(search, a, box, NULL, FOREGROUND_SEARCH | BACKGROUND_SEARCH), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(try_search(search, NULL, box, NULL, 0), MAPI_E_NOT_INITIALIZED);
    assert_int_equal(try_search(search, a, NULL, NULL, 0), MAPI_E_NOT_INITIALIZED);
    assert_int_equal(try_search(search, NULL, NULL, NULL, STOP_SEARCH), MAPI_E_NOT_INITIALIZED);
    assert_int_equal(try_search(search, &regular, box, NULL, 0), MAPI_E_TOO_COMPLEX);
    assert_int_equal(try_search(search, &null, box, NULL, 0), MAPI_E_TOO_COMPLEX);
    assert_int_equal(search->lpVtbl->SetSearchCriteria(search, a, &empty, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(search->lpVtbl->SetSearchCriteria(search, a, &missing, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(search->lpVtbl->SetSearchCriteria(search, a, &bad, 0), MAPI_E_INVALID_ENTRYID);
    assert_int_equal(search->lpVtbl->SetSearchCriteria(search, a, &away, 0), MAPI_E_NOT_FOUND);
    /* Neither itself nor another search folder can be searched. */
    assert_int_equal(try_search(search, a, search, NULL, 0), MAPI_E_TOO_COMPLEX);
    assert_int_equal(try_search(search, a, box, other, 0), MAPI_E_TOO_COMPLEX);
    assert_int_equal(try_open(the_store, entryid(search), 0, &reader), S_OK);
    assert_int_equal(try_search(reader, a, box, NULL, 0), MAPI_E_NO_ACCESS);
    release(reader);
    assert_int_equal(long_of(search, PR_CONTENT_COUNT), 0);
    assert_int_equal(store_query("SELECT count(*) FROM search"), 0);
    assert_int_equal(store_query("SELECT count(*) FROM search_root"), 0);
    release(other);
    release(search);
    release(box);
    expect_integrity();
}

static void GetSearchCriteria_gives_back_what_was_set(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder(), *search = new_search("s");
    LPSRestriction restriction = (LPSRestriction)8;
    LPENTRYLIST list = (LPENTRYLIST)8;
    ULONG flags = 8;
    assert_int_equal(search->lpVtbl->GetSearchCriteria(search, 0, &restriction, &list, &flags), MAPI_E_NOT_INITIALIZED);
    assert_null(restriction);
    assert_null(list);
    assert_int_equal(flags, 0);
    assert_int_equal(box->lpVtbl->GetSearchCriteria(box, 0, &restriction, &list, &flags), MAPI_E_NOT_INITIALIZED);
    assert_int_equal(search->lpVtbl->GetSearchCriteria(search, 1, &restriction, &list, &flags), MAPI_E_UNKNOWN_FLAGS);

    assert_int_equal(try_search(search, subject_has("\xC3\xA9t\xC3\xA9"), drafts, box, RECURSIVE_SEARCH), S_OK);
    assert_int_equal(search->lpVtbl->GetSearchCriteria(search, 0, &restriction, &list, &flags), S_OK);
    assert_int_equal(flags, SEARCH_RUNNING | SEARCH_RECURSIVE);
    assert_int_equal(restriction->rt, RES_CONTENT);
    assert_int_equal(restriction->res.resContent.ulFuzzyLevel, FL_SUBSTRING | FL_IGNORECASE);
    assert_int_equal(restriction->res.resContent.ulPropTag, PR_SUBJECT_A);
    assert_int_equal(restriction->res.resContent.lpProp->ulPropTag, PR_SUBJECT_A);
    assert_string_equal(restriction->res.resContent.lpProp->Value.lpszA, "\xC3\xA9t\xC3\xA9");
    assert_int_equal(list->cValues, 2);
    SBinary first = entryid(drafts), second = entryid(box);
    assert_memory_equal(list->lpbin[0].lpb, first.lpb, first.cb);
    assert_memory_equal(list->lpbin[1].lpb, second.lpb, second.cb);
    MAPIFreeBuffer(restriction);
    MAPIFreeBuffer(list);
    assert_int_equal(search->lpVtbl->GetSearchCriteria(search, MAPI_UNICODE, &restriction, NULL, NULL), S_OK);
    assert_int_equal(restriction->res.resContent.ulPropTag, PR_SUBJECT_W);
    assert_int_equal(restriction->res.resContent.lpProp->ulPropTag, PR_SUBJECT_W);
    assert_int_equal(restriction->res.resContent.lpProp->Value.lpszW[0], 0xE9);
    MAPIFreeBuffer(restriction);
    release(search);
    release(drafts);
    release(box);
}

static void the_flags_and_the_state(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *search = new_search("s");
    look_for(search, subject_has("a"), box, 0);
    assert_int_equal(search_state(search), SEARCH_RUNNING);
    look_for(search, NULL, NULL, FOREGROUND_SEARCH);
    assert_int_equal(search_state(search), SEARCH_RUNNING | SEARCH_FOREGROUND);
    look_for(search, NULL, NULL, RECURSIVE_SEARCH);
    assert_int_equal(search_state(search), SEARCH_RUNNING | SEARCH_FOREGROUND | SEARCH_RECURSIVE);
    look_for(search, NULL, NULL, STOP_SEARCH | BACKGROUND_SEARCH);
    assert_int_equal(search_state(search), SEARCH_RECURSIVE);
    look_for(search, subject_has("b"), NULL, SHALLOW_SEARCH); /* stays stopped */
    assert_int_equal(search_state(search), 0);
    look_for(search, NULL, NULL, RESTART_SEARCH);
    assert_int_equal(search_state(search), SEARCH_RUNNING);
    release(search);
    search = new_search("t");
    look_for(search, subject_has("a"), box, STOP_SEARCH);
    assert_int_equal(search_state(search), 0);
    release(search);
    release(box);
}

/* ---- what it finds ---- */

static void it_finds_what_is_there(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder(), *inner = child(box, "inner"), *search = new_search("s");
    IMessage *message = NULL;
    add_message(box, "Plan A");
    add_message(box, "lunch");
    add_message(drafts, "plan b");
    add_message(inner, "plan c");
    assert_int_equal(box->lpVtbl->CreateMessage(box, NULL, MAPI_ASSOCIATED, &message), S_OK);
    put_text(message, PR_SUBJECT, "plan hidden");
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    look_for(search, subject_has("plan"), box, 0);
    assert_string_equal(subjects_of(search), "Plan A");
    assert_int_equal(long_of(search, PR_CONTENT_COUNT), 1);
    assert_int_equal(long_of(search, PR_CONTENT_UNREAD), 1);
    look_for(search, NULL, NULL, RECURSIVE_SEARCH);
    assert_string_equal(subjects_of(search), "Plan A|plan c");
    assert_int_equal(try_search(search, NULL, drafts, box, 0), S_OK);
    assert_string_equal(subjects_of(search), "Plan A|plan b|plan c");
    assert_int_equal(try_search(search, NULL, box, inner, 0), S_OK); /* found once, though it is there twice */
    assert_string_equal(subjects_of(search), "Plan A|plan c");
    look_for(search, subject_has("lunch"), NULL, SHALLOW_SEARCH);
    assert_string_equal(subjects_of(search), "lunch");
    assert_int_equal(count_rows(contents(search, MAPI_ASSOCIATED)), 0);
    release(search);
    release(inner);
    release(drafts);
    release(box);
    expect_searches_right();
    expect_integrity();
}

static void it_keeps_itself_up_to_date(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder(), *search = new_search("s");
    look_for(search, subject_has("plan"), box, 0);
    SBinary id = add_message(box, "plan");
    add_message(box, "lunch");
    add_message(drafts, "plan elsewhere");
    assert_string_equal(subjects_of(search), "plan");
    set_subject(id, "dinner");
    assert_string_equal(subjects_of(search), "");
    set_subject(id, "plan again");
    assert_string_equal(subjects_of(search), "plan again");
    transfer(box, id, drafts, MESSAGE_MOVE);
    assert_string_equal(subjects_of(search), "");
    transfer(drafts, id, box, 0);
    assert_string_equal(subjects_of(search), "plan again");
    transfer(drafts, id, box, MESSAGE_MOVE);
    assert_string_equal(subjects_of(search), "plan again|plan again");
    delete_one(box, id);
    assert_string_equal(subjects_of(search), "plan again");
    assert_int_equal(box->lpVtbl->EmptyFolder(box, 0, NULL, 0), S_OK);
    assert_string_equal(subjects_of(search), "");
    release(search);
    release(drafts);
    release(box);
    expect_integrity();
}

static void read_flags_status_and_counts(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *all = new_search("all"), *unread = new_search("unread"),
                *tagged = new_search("tagged");
    SRestriction everything_there = {.rt = RES_AND};
    SRestriction is_unread = {.rt = RES_BITMASK, .res.resBitMask = {BMR_EQZ, PR_MESSAGE_FLAGS, MSGFLAG_READ}};
    SRestriction is_tagged = {.rt = RES_BITMASK, .res.resBitMask = {BMR_NEZ, PR_MSG_STATUS, MSGSTATUS_TAGGED}};
    ULONG old = 9;
    look_for(all, &everything_there, box, 0);
    look_for(unread, &is_unread, box, 0);
    look_for(tagged, &is_tagged, box, 0);
    SBinary first = add_message(box, "first");
    add_message(box, "second");
    assert_int_equal(long_of(all, PR_CONTENT_UNREAD), 2);
    mark(box, first, 0);
    assert_string_equal(subjects_of(unread), "second");
    assert_int_equal(long_of(all, PR_CONTENT_COUNT), 2);
    assert_int_equal(long_of(all, PR_CONTENT_UNREAD), 1);
    mark(all, first, CLEAR_READ_FLAG); /* through the search folder */
    assert_string_equal(subjects_of(unread), "first|second");
    assert_int_equal(unread->lpVtbl->SetReadFlags(unread, NULL, 0, NULL, 0), S_OK);
    assert_string_equal(subjects_of(unread), "");
    assert_int_equal(long_of(box, PR_CONTENT_UNREAD), 0);
    assert_int_equal(all->lpVtbl->SetMessageStatus(all, first.cb, (LPENTRYID)(void *)first.lpb, MSGSTATUS_TAGGED,
                                                   MSGSTATUS_TAGGED, &old),
                     S_OK);
    assert_int_equal(old, 0);
    assert_string_equal(subjects_of(tagged), "first");
    assert_int_equal(tagged->lpVtbl->GetMessageStatus(tagged, first.cb, (LPENTRYID)(void *)first.lpb, 0, &old), S_OK);
    assert_int_equal(old, MSGSTATUS_TAGGED);
    assert_int_equal(unread->lpVtbl->GetMessageStatus(unread, first.cb, (LPENTRYID)(void *)first.lpb, 0, &old),
                     MAPI_E_NOT_FOUND);
    release(tagged);
    release(unread);
    release(all);
    release(box);
    expect_searches_right();
    expect_integrity();
}

static void recipients_and_attachments(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *to_desk = new_search("desk"), *with_plan = new_search("plan");
    SPropValue name = string_value(PR_DISPLAY_NAME, "desk"), file = string_value(PR_ATTACH_LONG_FILENAME, "plan.pdf");
    SRestriction named = {.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING | FL_IGNORECASE, PR_DISPLAY_NAME, &name}};
    SRestriction filed = {.rt = RES_PROPERTY, .res.resProperty = {RELOP_EQ, PR_ATTACH_LONG_FILENAME, &file}};
    SRestriction any_to = {.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_RECIPIENTS, &named}};
    SRestriction any_file = {.rt = RES_SUBRESTRICTION, .res.resSub = {PR_MESSAGE_ATTACHMENTS, &filed}};
    look_for(to_desk, &any_to, box, 0);
    look_for(with_plan, &any_file, box, 0);
    IMessage *message = new_message(box, "m");
    assert_string_equal(subjects_of(to_desk), "");
    add_recipient(message, "Front Desk", "desk@example.org", MAPI_TO);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(subjects_of(to_desk), "m");
    ULONG number = attach_bytes(message, "plan.pdf", "x", 1);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(subjects_of(with_plan), "m");
    assert_int_equal(message->lpVtbl->DeleteAttach(message, number, 0, NULL, 0), S_OK);
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, 0, &(ADRLIST){0, {{0, 0, NULL}}}), S_OK);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_string_equal(subjects_of(to_desk), "");
    assert_string_equal(subjects_of(with_plan), "");
    release(with_plan);
    release(to_desk);
    release(box);
    expect_integrity();
}

static void folders_come_move_and_go(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root(), *one = child(top, "one"), *two = child(top, "two"), *search = new_search("s");
    look_for(search, subject_has("plan"), one, RECURSIVE_SEARCH);
    IMAPIFolder *inner = child(one, "inner"), *deep = child(inner, "deep");
    add_message(deep, "plan deep");
    add_message(inner, "plan inner");
    assert_string_equal(subjects_of(search), "plan deep|plan inner");
    SBinary id = entryid(inner);
    LPENTRYID inner_id = (LPENTRYID)(void *)id.lpb;
    assert_int_equal(one->lpVtbl->CopyFolder(one, id.cb, inner_id, NULL, two, NULL, 0, NULL, FOLDER_MOVE), S_OK);
    assert_string_equal(subjects_of(search), "");
    assert_int_equal(two->lpVtbl->CopyFolder(two, id.cb, inner_id, NULL, one, TEXT("copy"), 0, NULL, COPY_SUBFOLDERS),
                     S_OK);
    assert_string_equal(subjects_of(search), "plan inner|plan deep");
    assert_int_equal(two->lpVtbl->CopyFolder(two, id.cb, inner_id, NULL, one, NULL, 0, NULL, FOLDER_MOVE), S_OK);
    assert_string_equal(subjects_of(search), "plan deep|plan inner|plan inner|plan deep");
    assert_int_equal(one->lpVtbl->DeleteFolder(one, id.cb, inner_id, 0, NULL, DEL_FOLDERS | DEL_MESSAGES), S_OK);
    assert_string_equal(subjects_of(search), "plan inner|plan deep");
    expect_searches_right();
    expect_integrity();

    /* The folder that is searched is deleted: nothing is left to be found, and to be told. */
    SBinary one_id = entryid(one);
    assert_int_equal(
        top->lpVtbl->DeleteFolder(top, one_id.cb, (LPENTRYID)(void *)one_id.lpb, 0, NULL, DEL_FOLDERS | DEL_MESSAGES),
        S_OK);
    LPENTRYLIST list = NULL;
    assert_int_equal(search->lpVtbl->GetSearchCriteria(search, 0, NULL, &list, NULL), S_OK);
    assert_int_equal(list->cValues, 0);
    MAPIFreeBuffer(list);
    assert_string_equal(subjects_of(search), "");
    look_for(search, NULL, two, 0);
    add_message(two, "plan two");
    assert_string_equal(subjects_of(search), "plan two");
    release(deep);
    release(inner);
    release(search);
    release(two);
    release(one);
    release(top);
    expect_searches_right();
    expect_integrity();
}

static void search_folders_among_the_folders(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root(), *box = inbox(), *one = child(top, "one"), *search = NULL, *whole_tree = NULL;
    assert_int_equal(one->lpVtbl->CreateFolder(one, FOLDER_SEARCH, TEXT("s"), NULL, NULL, 0, &search), S_OK);
    assert_int_equal(one->lpVtbl->CreateFolder(one, FOLDER_SEARCH, TEXT("t"), NULL, NULL, 0, &whole_tree), S_OK);
    look_for(search, subject_has("plan"), box, 0);
    look_for(whole_tree, subject_has("plan"), top, RECURSIVE_SEARCH); /* itself and the other below it */
    add_message(box, "plan");
    assert_string_equal(subjects_of(search), "plan");
    assert_string_equal(subjects_of(whole_tree), "plan");
    SBinary id = entryid(one);
    LPENTRYID one_id = (LPENTRYID)(void *)id.lpb;
    /* A copy of the folder around it is without it; a move takes it along; a deletion deletes no message. */
    assert_int_equal(top->lpVtbl->CopyFolder(top, id.cb, one_id, NULL, box, NULL, 0, NULL, COPY_SUBFOLDERS),
                     MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(store_query("SELECT count(*) FROM folder WHERE kind = 2"), 2);
    assert_int_equal(top->lpVtbl->CopyFolder(top, id.cb, one_id, NULL, box, TEXT("there"), 0, NULL, FOLDER_MOVE), S_OK);
    assert_string_equal(subjects_of(search), "plan");
    assert_int_equal(box->lpVtbl->DeleteFolder(box, id.cb, one_id, 0, NULL, 0), MAPI_E_HAS_FOLDERS);
    assert_int_equal(box->lpVtbl->DeleteFolder(box, id.cb, one_id, 0, NULL, DEL_FOLDERS), S_OK);
    assert_int_equal(store_query("SELECT count(*) FROM search"), 0);
    assert_string_equal(subjects_of(box), "plan");
    assert_int_equal(try_search(search, NULL, NULL, NULL, 0), MAPI_E_OBJECT_DELETED);
    assert_int_equal(search->lpVtbl->GetSearchCriteria(search, 0, NULL, NULL, NULL), MAPI_E_OBJECT_DELETED);
    release(whole_tree);
    release(search);
    release(one);
    release(box);
    release(top);
    expect_integrity();
}

static void a_stopped_search_keeps_what_it_has(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *search = new_search("s");
    SBinary first = add_message(box, "plan 1"), second = add_message(box, "plan 2");
    look_for(search, subject_has("plan"), box, 0);
    look_for(search, NULL, NULL, STOP_SEARCH);
    add_message(box, "plan 3");
    set_subject(first, "dinner");
    mark(box, first, 0);
    assert_string_equal(subjects_of(search), "dinner|plan 2");
    assert_int_equal(long_of(search, PR_CONTENT_UNREAD), 1);
    delete_one(box, second); /* what is not there cannot be shown */
    assert_string_equal(subjects_of(search), "dinner");
    assert_int_equal(long_of(search, PR_CONTENT_COUNT), 1);
    assert_int_equal(long_of(search, PR_CONTENT_UNREAD), 0);
    expect_integrity();
    look_for(search, subject_has("3"), NULL, 0); /* for the next start */
    assert_string_equal(subjects_of(search), "dinner");
    look_for(search, NULL, NULL, RESTART_SEARCH);
    assert_string_equal(subjects_of(search), "plan 3");
    release(search);
    release(box);
    expect_integrity();
}

/* ---- what is done to the messages found ---- */

static void operations_reach_the_messages_where_they_are(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *drafts = drafts_folder(), *search = new_search("s"), *kept = child(drafts, "kept");
    SBinary first = add_message(box, "plan 1"), second = add_message(drafts, "plan 2"), other = add_message(box, "no");
    assert_int_equal(try_search(search, subject_has("plan"), box, drafts, 0), S_OK);
    ENTRYLIST strange = one_of(&other);
    assert_int_equal(search->lpVtbl->DeleteMessages(search, &strange, 0, NULL, 0), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(search->lpVtbl->CopyMessages(search, &strange, NULL, kept, 0, NULL, 0), MAPI_W_PARTIAL_COMPLETION);
    transfer(search, first, kept, 0);
    assert_string_equal(subjects_of(kept), "plan 1");
    transfer(search, second, kept, MESSAGE_MOVE); /* out of what is searched */
    assert_string_equal(subjects_of(kept), "plan 2|plan 1");
    assert_string_equal(subjects_of(search), "plan 1");
    assert_string_equal(subjects_of(drafts), "");
    delete_one(search, first);
    assert_string_equal(subjects_of(search), "");
    assert_string_equal(subjects_of(box), "no");
    release(kept);
    release(search);
    release(drafts);
    release(box);
    expect_integrity();
}

static void deleting_the_search_folder_deletes_no_message(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *search = new_search("s"),
                *root = open_named(the_store, PR_FINDER_ENTRYID, MAPI_MODIFY);
    add_message(box, "plan");
    look_for(search, subject_has("plan"), box, 0);
    SBinary id = entryid(search);
    release(search);
    assert_int_equal(root->lpVtbl->DeleteFolder(root, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL, 0), S_OK);
    assert_string_equal(subjects_of(box), "plan");
    static const char *const tables[] = {"search", "search_root", "search_scope", "found", "found_date"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        assert_int_equal(store_query(sql), 0);
    }
    release(root);
    release(box);
    expect_integrity();
}

/* ---- many changes as one (mapisub.h) ---- */

struct batch_folders {
    IMAPIFolder *box, *search;
};

/* The store has no search when this begins: it has to be watched from the first one on. */
static HRESULT search_and_change(void *context)
{
    const struct batch_folders *folders = context;
    SBinary id = add_message(folders->box, "plan 1");
    look_for(folders->search, subject_has("plan"), folders->box, 0);
    assert_string_equal(subjects_of(folders->search), "plan 1");
    add_message(folders->box, "plan 2");
    assert_string_equal(subjects_of(folders->search), "plan 1|plan 2");
    assert_int_equal(long_of(folders->search, PR_CONTENT_COUNT), 2);
    delete_one(folders->search, id);
    assert_string_equal(subjects_of(folders->search), "plan 2");
    look_for(folders->search, NULL, NULL, STOP_SEARCH);
    add_message(folders->box, "plan 3");
    assert_string_equal(subjects_of(folders->search), "plan 2");
    look_for(folders->search, NULL, NULL, RESTART_SEARCH);
    add_message(folders->box, "plan 4");
    return S_OK;
}

static HRESULT change_and_fail(void *context)
{
    const struct batch_folders *folders = context;
    add_message(folders->box, "plan 5");
    assert_int_equal(long_of(folders->search, PR_CONTENT_COUNT), 4);
    return MAPI_E_USER_CANCEL;
}

static void searches_in_a_batch(void **state)
{
    (void)state;
    struct batch_folders folders = {inbox(), new_search("s")};
    IMapiStoreBatch *batch = NULL;
    assert_int_equal(the_store->lpVtbl->QueryInterface(the_store, &IID_IMapiStoreBatch, (void **)&batch), S_OK);
    assert_int_equal(batch->lpVtbl->Together(batch, search_and_change, &folders), S_OK);
    assert_string_equal(subjects_of(folders.search), "plan 2|plan 3|plan 4");
    assert_int_equal(batch->lpVtbl->Together(batch, change_and_fail, &folders), MAPI_E_USER_CANCEL);
    assert_string_equal(subjects_of(folders.search), "plan 2|plan 3|plan 4");
    release(batch);
    release(folders.search);
    release(folders.box);
    expect_searches_right();
    expect_integrity();
}

/* ---- large values and damage ---- */

static void a_body_too_large_to_look_at_is_saved_all_the_same(void **state)
{
    (void)state;
    enum { PIECE = 1 << 20, PIECES = 66 };
    IMAPIFolder *box = inbox(), *search = new_search("s");
    SPropValue text = string_value(PR_BODY, "needle");
    SRestriction body = {.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING, PR_BODY, &text}};
    char *piece = malloc(PIECE);
    IMessage *message = new_message(box, "large");
    IStream *stream = NULL;
    memset(piece, 'x', PIECE);
    look_for(search, &body, box, 0);
    assert_int_equal(try_stream(message, PR_BODY_A, MAPI_CREATE | MAPI_MODIFY, &stream), S_OK);
    for (int i = 0; i < PIECES; i++)
        assert_int_equal(stream->lpVtbl->Write(stream, piece, PIECE, NULL), S_OK);
    assert_int_equal(stream->lpVtbl->Commit(stream, 0), S_OK);
    release(stream);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    free(piece);
    look_for(search, NULL, NULL, RESTART_SEARCH);
    assert_string_equal(subjects_of(search), "");
    release(search);
    release(box);
}

static void damaged_criteria_stop_the_search_and_nothing_else(void **state)
{
    (void)state;
    IMAPIFolder *box = inbox(), *search = new_search("s");
    LPSRestriction restriction = NULL;
    LPENTRYLIST list = NULL;
    SBinary id = add_message(box, "plan");
    look_for(search, subject_has("plan"), box, 0);
    store_query("UPDATE search SET restriction = x'01FF'");
    add_message(box, "plan 2");
    set_subject(id, "plan 1");
    assert_string_equal(subjects_of(search), "plan 1");
    assert_int_equal(search->lpVtbl->GetSearchCriteria(search, 0, &restriction, &list, NULL), MAPI_E_CORRUPT_DATA);
    assert_null(restriction);
    assert_null(list);
    look_for(search, subject_has("plan"), NULL, 0);
    assert_string_equal(subjects_of(search), "plan 1|plan 2");
    release(search);
    release(box);
    expect_integrity();
}

static void a_store_without_search_tables_is_upgraded(void **state)
{
    (void)state;
    release(the_store);
    store_make_older(2);
    the_store = open_store(MDB_WRITE);
    assert_int_equal(store_query("PRAGMA user_version"), 3);
    IMAPIFolder *box = inbox(), *search = new_search("s");
    add_message(box, "plan");
    look_for(search, subject_has("plan"), box, 0);
    assert_string_equal(subjects_of(search), "plan");
    release(search);
    release(box);
    expect_integrity();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(what_the_store_says),
        IN_STORE(the_folders_own_properties),
        IN_STORE(what_it_refuses),
        IN_STORE(the_arguments_of_SetSearchCriteria),
        IN_STORE(GetSearchCriteria_gives_back_what_was_set),
        IN_STORE(the_flags_and_the_state),
        IN_STORE(it_finds_what_is_there),
        IN_STORE(it_keeps_itself_up_to_date),
        IN_STORE(read_flags_status_and_counts),
        IN_STORE(recipients_and_attachments),
        IN_STORE(folders_come_move_and_go),
        IN_STORE(search_folders_among_the_folders),
        IN_STORE(a_stopped_search_keeps_what_it_has),
        IN_STORE(operations_reach_the_messages_where_they_are),
        IN_STORE(deleting_the_search_folder_deletes_no_message),
        IN_STORE(searches_in_a_batch),
        IN_STORE(a_body_too_large_to_look_at_is_saved_all_the_same),
        IN_STORE(damaged_criteria_stop_the_search_and_nothing_else),
        IN_STORE(a_store_without_search_tables_is_upgraded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
