/* Folders: imapifolderimapicontainer.md and the pages of its methods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/mapi.h"
#include "support/store_helper.h"

#define TEXT(text) ((LPSTR)(uintptr_t)(text))
#define ID(id)     (id).cb, (LPENTRYID)(void *)(id).lpb

static HRESULT make(IMAPIFolder *folder, const char *name, ULONG flags, IMAPIFolder **out)
{
    *out = (IMAPIFolder *)(uintptr_t)1;
    return folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, TEXT(name), NULL, NULL, flags, out);
}

static HRESULT delete_child(IMAPIFolder *folder, SBinary id, ULONG flags)
{
    return folder->lpVtbl->DeleteFolder(folder, ID(id), 0, NULL, flags);
}

static void creating(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root();
    IMAPIFolder *folder = NULL, *again = NULL;
    assert_int_equal(top->lpVtbl->CreateFolder(top, FOLDER_GENERIC, (LPSTR)u"W\x00f6rk", (LPSTR)u"remark", NULL,
                                               MAPI_UNICODE, &folder),
                     S_OK);
    assert_string_equal(text_of(folder, PR_DISPLAY_NAME), "W\xC3\xB6rk");
    assert_string_equal(text_of(folder, PR_COMMENT), "remark");
    assert_int_equal(long_of(folder, PR_FOLDER_TYPE), FOLDER_GENERIC);
    assert_int_equal(long_of(folder, PR_SUBFOLDERS), 0);
    assert_memory_equal(binary(folder, PR_PARENT_ENTRYID).lpb, entryid(top).lpb, 32);
    assert_int_equal(make(top, "W\xC3\xB6rk", 0, &again), MAPI_E_COLLISION);
    assert_null(again);
    assert_int_equal(make(top, "INBOX", 0, &again), MAPI_E_COLLISION); /* names differ by more than case */
    assert_int_equal(make(top, "W\xC3\xB6rk", OPEN_IF_EXISTS, &again), S_OK);
    assert_memory_equal(entryid(again).lpb, entryid(folder).lpb, 32);
    release(again);
    assert_int_equal(make(top, "", 0, &again), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(make(top, NULL, 0, &again), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(make(top, "bad \xFF utf-8", 0, &again), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(make(top, "x", 0x100, &again), MAPI_E_UNKNOWN_FLAGS);
    char *name = malloc(2000);
    memset(name, 'n', 1999);
    name[1999] = 0;
    assert_int_equal(make(top, name, 0, &again), MAPI_E_STRING_TOO_LONG);
    free(name);
    assert_int_equal(top->lpVtbl->CreateFolder(top, 7, TEXT("s"), NULL, NULL, 0, &again), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(top->lpVtbl->CreateFolder(top, 1, TEXT("s"), NULL, &IID_IMessage, 0, &again),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(top->lpVtbl->CreateFolder(top, 1, TEXT("s"), NULL, NULL, 0, NULL), MAPI_E_INVALID_PARAMETER);
    IMAPIFolder *reader = open_named(the_store, PR_IPM_SUBTREE_ENTRYID, 0);
    assert_int_equal(make(reader, "x", 0, &again), MAPI_E_NO_ACCESS);
    release(reader);
    release(folder);
    release(top);
    expect_integrity();
}

static void renaming(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root();
    IMAPIFolder *one = child(top, "One");
    IMAPIFolder *two = child(top, "Two");
    SPropValue value = string_value(PR_DISPLAY_NAME, "two");
    assert_int_equal(put_error(one, &value), MAPI_E_COLLISION);
    assert_string_equal(text_of(one, PR_DISPLAY_NAME), "One");
    put_text(one, PR_DISPLAY_NAME, "ONE"); /* its own name in another case */
    put_text(one, PR_DISPLAY_NAME, "Three");
    assert_string_equal(text_of(one, PR_DISPLAY_NAME), "Three"); /* at once: folders are not transacted */
    assert_int_equal(save(one, 0), S_OK);
    value = string_value(PR_DISPLAY_NAME, "");
    assert_int_equal(put_error(one, &value), MAPI_E_INVALID_PARAMETER);
    value = number_value(PR_CONTENT_COUNT, 3);
    assert_int_equal(put_error(one, &value), MAPI_E_COMPUTED);
    put_text(one, PR_CONTAINER_CLASS, "IPF.Note");
    put_text(one, PR_COMMENT, "c");
    IMAPIFolder *other = NULL;
    assert_int_equal(try_open(the_store, entryid(one), 0, &other), S_OK);
    assert_string_equal(text_of(other, PR_CONTAINER_CLASS), "IPF.Note");
    value = string_value(PR_COMMENT, "d");
    assert_int_equal(put_error(other, &value), MAPI_E_NO_ACCESS);
    SizedSPropTagArray(2, tags) = {2, {PR_COMMENT, PR_SUBJECT}};
    LPSPropProblemArray problems = NULL;
    assert_int_equal(one->lpVtbl->DeleteProps(one, (LPSPropTagArray)&tags, &problems), S_OK);
    assert_int_equal(problems->cProblem, 1);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_NOT_FOUND);
    MAPIFreeBuffer(problems);
    assert_int_equal(error_of(other, PR_COMMENT), MAPI_E_NOT_FOUND);
    /* A large value, in and out. */
    char *big = malloc(100000);
    memset(big, 'b', 100000);
    write_stream(one, PROP_TAG(PT_BINARY, 0x6700), big, 100000);
    memset(big, 0, 100000);
    assert_int_equal(read_stream(other, PROP_TAG(PT_BINARY, 0x6700), big, 100000), 100000);
    assert_int_equal(big[99999], 'b');
    free(big);
    assert_int_equal(error_of(other, PROP_TAG(PT_BINARY, 0x6700)), MAPI_E_NOT_ENOUGH_MEMORY);
    release(other);
    release(two);
    release(one);
    release(top);
    expect_integrity();
}

static void deleting(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root();
    IMAPIFolder *one = child(top, "One");
    IMAPIFolder *two = child(one, "Two");
    SBinary one_id = entryid(one);
    SBinary message = add_message(two, "x");
    assert_int_equal(delete_child(top, one_id, 0), MAPI_E_HAS_FOLDERS);
    assert_int_equal(delete_child(top, one_id, DEL_FOLDERS), MAPI_E_HAS_MESSAGES);
    assert_int_equal(delete_child(one, entryid(two), 0), MAPI_E_HAS_MESSAGES);
    assert_int_equal(delete_child(two, one_id, DEL_FOLDERS | DEL_MESSAGES),
                     MAPI_E_NOT_FOUND); /* not a child of that one */
    assert_int_equal(delete_child(top, message, DEL_MESSAGES), MAPI_E_INVALID_ENTRYID);
    assert_int_equal(delete_child(top, one_id, 0x100), MAPI_E_UNKNOWN_FLAGS);
    IMessage *held = open_message(message, MAPI_MODIFY);
    assert_int_equal(delete_child(top, one_id, DEL_FOLDERS | DEL_MESSAGES), MAPI_W_PARTIAL_COMPLETION);
    release(held);
    assert_int_equal(delete_child(top, one_id, DEL_FOLDERS | DEL_MESSAGES), S_OK);
    assert_int_equal(error_of(top, PR_SUBFOLDERS), S_OK);
    IMessage *gone = NULL;
    assert_int_equal(try_open(the_store, message, 0, &gone), MAPI_E_NOT_FOUND);
    assert_null(gone);
    /* The open object of a deleted folder says so. */
    ULONG count;
    LPSPropValue values = NULL;
    assert_int_equal(one->lpVtbl->GetProps(one, NULL, 0, &count, &values), MAPI_E_OBJECT_DELETED);
    IMessage *late = NULL;
    assert_int_equal(one->lpVtbl->CreateMessage(one, NULL, 0, &late), S_OK);
    put_text(late, PR_SUBJECT, "late");
    assert_int_equal(save(late, 0), MAPI_E_OBJECT_DELETED);
    release(late);
    IMAPIFolder *box = inbox();
    assert_int_equal(delete_child(top, entryid(box), DEL_MESSAGES | DEL_FOLDERS), MAPI_E_NO_ACCESS);
    release(box);
    release(two);
    release(one);
    release(top);
    expect_integrity();
}

static void deleting_messages(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMAPIFolder *other = child(folder, "other");
    SBinary here = add_message(folder, "here");
    SBinary there = add_message(other, "there");
    SBinary held = add_message(folder, "held");
    IMessage *message = open_message(held, MAPI_MODIFY);
    SBinary list_ids[] = {here, there, held, {3, here.lpb}, here};
    ENTRYLIST list = {5, list_ids};
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), MAPI_W_PARTIAL_COMPLETION);
    assert_string_equal(subjects_of(folder), "held");
    assert_string_equal(subjects_of(other), "there");
    release(message);
    ENTRYLIST one = {1, &list_ids[2]};
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &one, 0, NULL, 0x100), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, NULL, 0, NULL, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &one, 0, NULL, DELETE_HARD_DELETE), S_OK);
    /* What somebody has open with the best access there was can be deleted all the same. */
    SBinary lenient = add_message(folder, "lenient");
    message = open_message(lenient, MAPI_BEST_ACCESS);
    list_ids[2] = lenient;
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &one, 0, NULL, 0), S_OK);
    release(message);
    release(other);
    release(folder);
    expect_integrity();
}

static void copying_and_moving_messages(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMAPIFolder *other = child(folder, "other");
    char big[5000];
    memset(big, 'z', sizeof big);
    IMessage *message = new_message(folder, "one");
    add_recipient(message, "Desk", "desk@example.org", MAPI_TO);
    attach_bytes(message, "a", big, sizeof big);
    write_stream(message, PR_BODY_A, big, sizeof big);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    SBinary id = entryid(message);
    ENTRYLIST list = {1, &id};
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, other, 0, NULL, 0), S_OK);
    assert_string_equal(subjects_of(folder), "one");
    assert_string_equal(subjects_of(other), "one");
    assert_int_equal(store_query("SELECT count(*) FROM attachment"), 2);
    assert_int_equal(store_query("SELECT count(*) FROM recipient"), 2);
    /* Moving keeps the entry identifier, also of an open message, which can still be saved. */
    put_text(message, PR_SUBJECT, "moved");
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, other, 0, NULL, MESSAGE_MOVE), S_OK);
    /* The open object knows where it is now, before and after it is saved there. */
    SBinary place = entryid(other);
    assert_memory_equal(binary(message, PR_PARENT_ENTRYID).lpb, place.lpb, 32);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_memory_equal(binary(message, PR_PARENT_ENTRYID).lpb, place.lpb, 32);
    id = entryid(message);
    release(message);
    assert_string_equal(subjects_of(folder), "");
    assert_string_equal(subjects_of(other), "moved|one"); /* by row, which moving keeps */
    message = open_message(id, 0);
    assert_memory_equal(binary(message, PR_PARENT_ENTRYID).lpb, entryid(other).lpb, 32);
    release(message);
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, other, 0, NULL, MESSAGE_MOVE),
                     MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, NULL, 0, NULL, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, other, 0, NULL, 0x100), MAPI_E_UNKNOWN_FLAGS);
    IMAPIFolder *reader = open_named(the_store, PR_IPM_OUTBOX_ENTRYID, 0);
    assert_int_equal(other->lpVtbl->CopyMessages(other, &list, NULL, reader, 0, NULL, 0), MAPI_E_NO_ACCESS);
    release(reader);
    /* Through another logon on the same store. */
    IMsgStore *second = open_store(MDB_WRITE);
    IMAPIFolder *target = NULL;
    assert_int_equal(try_open(second, entryid(folder), MAPI_MODIFY, &target), S_OK);
    assert_int_equal(other->lpVtbl->CopyMessages(other, &list, NULL, target, 0, NULL, MESSAGE_MOVE), S_OK);
    assert_string_equal(subjects_of(target), "moved");
    release(target);
    release(second);
    release(other);
    release(folder);
    expect_integrity();
}

static void read_flags_and_status(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    SBinary first = add_message(folder, "1");
    SBinary second = add_message(folder, "2");
    ENTRYLIST list = {1, &first};
    ULONG status = 9, old = 9;
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 2);
    assert_int_equal(folder->lpVtbl->SetReadFlags(folder, &list, 0, NULL, 0), S_OK);
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 1);
    assert_int_equal(folder->lpVtbl->SetReadFlags(folder, NULL, 0, NULL, 0), S_OK);
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 0);
    assert_int_equal(folder->lpVtbl->SetReadFlags(folder, NULL, 0, NULL, CLEAR_READ_FLAG | MESSAGE_DIALOG), S_OK);
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 2);
    assert_int_equal(folder->lpVtbl->SetReadFlags(folder, NULL, 0, NULL, CLEAR_READ_FLAG | SUPPRESS_RECEIPT),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(folder->lpVtbl->SetReadFlags(folder, NULL, 0, NULL, GENERATE_RECEIPT_ONLY), S_OK);
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 2);
    IMessage *held = open_message(second, MAPI_MODIFY);
    assert_int_equal(folder->lpVtbl->SetReadFlags(folder, NULL, 0, NULL, SUPPRESS_RECEIPT), MAPI_W_PARTIAL_COMPLETION);
    assert_int_equal(long_of(folder, PR_CONTENT_UNREAD), 1);
    release(held);

    assert_int_equal(folder->lpVtbl->GetMessageStatus(folder, ID(first), 0, &status), S_OK);
    assert_int_equal(status, 0);
    assert_int_equal(folder->lpVtbl->SetMessageStatus(folder, ID(first), MSGSTATUS_TAGGED | MSGSTATUS_HIDDEN,
                                                      MSGSTATUS_TAGGED, &old),
                     S_OK);
    assert_int_equal(old, 0);
    assert_int_equal(
        folder->lpVtbl->SetMessageStatus(folder, ID(first), MSGSTATUS_DELMARKED, MSGSTATUS_DELMARKED, &old), S_OK);
    assert_int_equal(old, MSGSTATUS_TAGGED);
    assert_int_equal(folder->lpVtbl->GetMessageStatus(folder, ID(first), 0, &status), S_OK);
    assert_int_equal(status, MSGSTATUS_TAGGED | MSGSTATUS_DELMARKED);
    assert_int_equal(folder->lpVtbl->GetMessageStatus(folder, ID(first), 1, &status), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(folder->lpVtbl->GetMessageStatus(folder, 4, (LPENTRYID)(void *)first.lpb, 0, &status),
                     MAPI_E_INVALID_ENTRYID);
    assert_int_equal(folder->lpVtbl->GetMessageStatus(folder, ID(entryid(folder)), 0, &status), MAPI_E_NOT_FOUND);
    assert_int_equal(folder->lpVtbl->GetMessageStatus(folder, ID(first), 0, NULL), MAPI_E_INVALID_PARAMETER);
    release(folder);
    expect_integrity();
}

static void copying_and_moving_folders(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root();
    IMAPIFolder *one = child(top, "One");
    IMAPIFolder *two = child(one, "Two");
    IMAPIFolder *target = child(top, "Target");
    IMAPITable *table = NULL;
    add_message(one, "in one");
    add_message(two, "in two");
    SBinary one_id = entryid(one);
    put_text(one, PR_COMMENT, "kept");
#define COPY(folder, id, to, name, flags)                                                                              \
    (folder)->lpVtbl->CopyFolder(folder, ID(id), NULL, to, TEXT(name), 0, NULL, flags)
    assert_int_equal(COPY(top, one_id, target, NULL, 0), S_OK);
    assert_int_equal(COPY(top, one_id, target, NULL, 0), MAPI_E_COLLISION);
    assert_int_equal(COPY(top, one_id, target, "Copy", COPY_SUBFOLDERS), S_OK);
    IMAPIFolder *copy = child(target, "Copy");
    assert_string_equal(text_of(copy, PR_COMMENT), "kept");
    assert_string_equal(subjects_of(copy), "in one");
    IMAPIFolder *inner = child(copy, "Two");
    assert_string_equal(subjects_of(inner), "in two");
    assert_int_equal(target->lpVtbl->GetHierarchyTable(target, CONVENIENT_DEPTH, &table), S_OK);
    assert_int_equal(count_rows(table), 3);
    assert_int_equal(COPY(top, one_id, two, NULL, COPY_SUBFOLDERS), MAPI_E_FOLDER_CYCLE);
    assert_int_equal(COPY(top, one_id, two, NULL, FOLDER_MOVE), MAPI_E_FOLDER_CYCLE);
    assert_int_equal(COPY(top, one_id, one, NULL, FOLDER_MOVE), MAPI_E_FOLDER_CYCLE);
    assert_int_equal(COPY(top, one_id, target, "copy", FOLDER_MOVE), MAPI_E_COLLISION);
    assert_int_equal(COPY(top, one_id, target, "Moved", FOLDER_MOVE), S_OK);
    assert_string_equal(text_of(one, PR_DISPLAY_NAME), "Moved");
    assert_memory_equal(entryid(one).lpb, one_id.lpb, 32);
    assert_int_equal(COPY(top, one_id, target, "Moved", FOLDER_MOVE), MAPI_E_NOT_FOUND); /* no child of top any more */
    assert_int_equal(COPY(target, one_id, target, "Renamed", FOLDER_MOVE), S_OK);
    assert_int_equal(COPY(target, one_id, NULL, NULL, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(COPY(target, one_id, top, NULL, 0x1000), MAPI_E_UNKNOWN_FLAGS);
    IMAPIFolder *box = inbox();
    assert_int_equal(COPY(top, entryid(box), target, NULL, FOLDER_MOVE), MAPI_E_NO_ACCESS);
    release(box);
    release(inner);
    release(copy);
    release(target);
    release(two);
    release(one);
    release(top);
    expect_integrity();
}

/* Nothing may end up in a folder that is not there any more, where nobody finds it. */
static void into_a_folder_that_is_gone(void **state)
{
    (void)state;
    IMAPIFolder *top = user_root();
    IMAPIFolder *folder = inbox();
    IMAPIFolder *one = child(top, "One");
    IMAPIFolder *gone = child(top, "Gone");
    SBinary one_id = entryid(one);
    SBinary id = add_message(folder, "stays");
    ENTRYLIST list = {1, &id};
    assert_int_equal(delete_child(top, entryid(gone), 0), S_OK);
    long long folders = store_query("SELECT count(*) FROM folder");
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, gone, 0, NULL, 0), MAPI_E_OBJECT_DELETED);
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, gone, 0, NULL, MESSAGE_MOVE),
                     MAPI_E_OBJECT_DELETED);
    assert_int_equal(COPY(top, one_id, gone, NULL, 0), MAPI_E_OBJECT_DELETED);
    assert_int_equal(COPY(top, one_id, gone, NULL, COPY_SUBFOLDERS), MAPI_E_OBJECT_DELETED);
    assert_int_equal(COPY(top, one_id, gone, NULL, FOLDER_MOVE), MAPI_E_OBJECT_DELETED);
    assert_string_equal(subjects_of(folder), "stays");
    assert_int_equal(store_query("SELECT count(*) FROM message"), 1);
    assert_int_equal(store_query("SELECT count(*) FROM folder"), folders);
    release(gone);
    release(one);
    release(folder);
    release(top);
    expect_integrity();
}

static void emptying(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMAPIFolder *sub = child(folder, "sub");
    IMessage *hidden = NULL;
    add_message(folder, "1");
    add_message(sub, "2");
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, MAPI_ASSOCIATED, &hidden), S_OK);
    assert_int_equal(save(hidden, 0), S_OK);
    release(hidden);
    assert_int_equal(folder->lpVtbl->EmptyFolder(folder, 0, NULL, 0x1000), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(folder->lpVtbl->EmptyFolder(folder, 0, NULL, 0), S_OK);
    assert_int_equal(long_of(folder, PR_CONTENT_COUNT), 0);
    assert_int_equal(long_of(folder, PR_SUBFOLDERS), 0);
    assert_int_equal(long_of(folder, PR_ASSOC_CONTENT_COUNT), 1);
    assert_int_equal(folder->lpVtbl->EmptyFolder(folder, 0, NULL, DEL_ASSOCIATED | DELETE_HARD_DELETE), S_OK);
    assert_int_equal(long_of(folder, PR_ASSOC_CONTENT_COUNT), 0);
    IMAPIFolder *top = user_root();
    assert_int_equal(top->lpVtbl->EmptyFolder(top, 0, NULL, 0),
                     MAPI_W_PARTIAL_COMPLETION); /* the standard folders stay */
    release(top);
    release(sub);
    release(folder);
    expect_integrity();
}

static void what_is_not_supported_says_so(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    assert_int_equal(folder->lpVtbl->SaveContentsSort(folder, NULL, 0), MAPI_E_NO_SUPPORT);
    IMessage *message = NULL;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, &IID_IMAPIFolder, 0, &message),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(
        folder->lpVtbl->CreateMessage(folder, &IID_IMAPIProp, ITEMPROC_FORCE | MAPI_DEFERRED_ERRORS, &message), S_OK);
    release(message);
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0x100, &message), MAPI_E_UNKNOWN_FLAGS);
    assert_null(message);
    release(folder);
}

static void a_tree_five_hundred_deep(void **state)
{
    enum { DEPTH = 500 };
    (void)state;
    IMAPIFolder *top = user_root();
    IMAPIFolder *folder = child(top, "0");
    SBinary first = entryid(folder);
    unsigned char bytes[32];
    memcpy(bytes, first.lpb, 32);
    first.lpb = bytes;
    for (int i = 1; i < DEPTH; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        IMAPIFolder *next = child(folder, name);
        release(folder);
        folder = next;
    }
    add_message(folder, "deep");
    release(folder);
    IMAPITable *table = NULL;
    assert_int_equal(top->lpVtbl->GetHierarchyTable(top, CONVENIENT_DEPTH, &table), S_OK);
    assert_int_equal(count_rows(table), DEPTH + 5);
    IMAPIFolder *target = child(top, "target");
    assert_int_equal(COPY(top, first, target, NULL, COPY_SUBFOLDERS), S_OK);
    assert_int_equal(store_query("SELECT count(*) FROM message"), 2);
    assert_int_equal(delete_child(top, first, DEL_FOLDERS | DEL_MESSAGES), S_OK);
    assert_int_equal(store_query("SELECT count(*) FROM message"), 1);
    release(target);
    release(top);
    expect_integrity();
}

/* Only a damaged file has one; every walk through the tree used to go round in it for ever. */
static void a_ring_of_folders_is_told(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox(), *outer = NULL, *inner = NULL;
    IMAPITable *table = NULL;
    assert_int_equal(
        folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, (LPTSTR)(void *)"outer", NULL, NULL, 0, &outer), S_OK);
    assert_int_equal(outer->lpVtbl->CreateFolder(outer, FOLDER_GENERIC, (LPTSTR)(void *)"inner", NULL, NULL, 0, &inner),
                     S_OK);
    SBinary id = entryid(inner);
    store_query("UPDATE folder SET parent = (SELECT id FROM folder WHERE name = 'inner') WHERE name = 'outer'");
    assert_int_equal(
        outer->lpVtbl->DeleteFolder(outer, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL, DEL_FOLDERS | DEL_MESSAGES),
        MAPI_E_CORRUPT_DATA);
    assert_int_equal(outer->lpVtbl->EmptyFolder(outer, 0, NULL, 0), MAPI_E_CORRUPT_DATA);
    assert_int_equal(
        outer->lpVtbl->CopyFolder(outer, id.cb, (LPENTRYID)(void *)id.lpb, NULL, folder, NULL, 0, NULL, FOLDER_MOVE),
        S_OK); /* which mends it */
    assert_int_equal(folder->lpVtbl->GetHierarchyTable(folder, CONVENIENT_DEPTH, &table), S_OK);
    assert_true(count_rows(table) >= 2);
    release(inner);
    release(outer);
    release(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(creating),
        IN_STORE(renaming),
        IN_STORE(deleting),
        IN_STORE(deleting_messages),
        IN_STORE(copying_and_moving_messages),
        IN_STORE(read_flags_and_status),
        IN_STORE(copying_and_moving_folders),
        IN_STORE(into_a_folder_that_is_gone),
        IN_STORE(emptying),
        IN_STORE(a_ring_of_folders_is_told),
        IN_STORE(what_is_not_supported_says_so),
        IN_STORE(a_tree_five_hundred_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
