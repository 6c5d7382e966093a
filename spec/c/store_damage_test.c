/* A store whose rows hold what they should not: a disk has damaged them, or another program has written them. What is
 * damaged is answered as that, and does not hide what is not. The fuzz targets restriction and damage found the first
 * of these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/mapi.h"
#include "support/store_helper.h"

#define TAG_RANK PROP_TAG(PT_LONG, 0x6103)

/* The two messages of a folder, with a comment; the comment of the first is then one that cannot be read. */
static IMAPIFolder *folder_with_damage(void)
{
    IMAPIFolder *folder = inbox();
    for (int i = 0; i < 2; i++) {
        IMessage *message = new_message(folder, i == 0 ? "first" : "second");
        put_text(message, PR_COMMENT, "a comment");
        put_long(message, TAG_RANK, 7);
        assert_int_equal(save(message, 0), S_OK);
        release(message);
    }
    /* 1, then PR_COMMENT_W, two bytes that are not UTF-8, then the rank. */
    store_query("UPDATE message SET props = x'011F0004300200000FFFE03000361040000000700000' WHERE subject = 'first'");
    store_query("UPDATE message SET props = x'011F00043002000000FFFE030003610400000007000000' WHERE subject = 'first'");
    return folder;
}

/* One value that could not be read made QueryRows fail, and with it the whole folder unreadable. */
static void a_damaged_value_does_not_hide_its_folder(void **state)
{
    static const ULONG columns[] = {PR_SUBJECT_A, PR_COMMENT_A, TAG_RANK};
    IMAPIFolder *folder = folder_with_damage();
    LPSRowSet rows = all_rows(contents(folder, 0), 3, columns);
    (void)state;
    assert_int_equal(rows->cRows, 2);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, "first");
    assert_int_equal(rows->aRow[0].lpProps[1].ulPropTag, CHANGE_PROP_TYPE(PR_COMMENT, PT_ERROR));
    assert_int_equal(rows->aRow[0].lpProps[1].Value.err, MAPI_E_CORRUPT_DATA);
    assert_int_equal(rows->aRow[0].lpProps[2].Value.l, 7);
    assert_string_equal(rows->aRow[1].lpProps[1].Value.lpszA, "a comment");
    FreeProws(rows);
    release(folder);
}

/* The same of a restriction: what is damaged counts as absent. */
static void a_damaged_value_matches_nothing(void **state)
{
    SPropValue wanted = string_value(PR_COMMENT, "comment");
    SRestriction restriction = {.rt = RES_CONTENT, .res.resContent = {FL_SUBSTRING, PR_COMMENT_A, &wanted}};
    IMAPIFolder *folder = folder_with_damage();
    IMAPITable *table = contents(folder, 0);
    (void)state;
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_string_equal(subjects(table), "second");
    release(table);
    release(folder);
}

static void a_damaged_message_is_answered_as_one(void **state)
{
    IMAPIFolder *folder = inbox();
    SBinary id = add_message(folder, "damaged");
    IMessage *message = NULL;
    (void)state;
    store_query("UPDATE message SET props = x'02'");
    assert_int_equal(try_open(the_store, id, 0, &message), MAPI_E_CORRUPT_DATA);
    assert_null(message);
    assert_string_equal(subjects_of(folder), "damaged");
    release(folder);
}

/* Whoever has the type of a recipient relied on its four bytes. */
static void a_number_of_another_width_is_damage(void **state)
{
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    IMAPITable *table = NULL;
    SBinary id = entryid(message);
    (void)state;
    add_recipient(message, "Front Desk", "desk@example.org", MAPI_TO);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    store_query("UPDATE recipient SET props = x'010300FF0F0100000007'");
    message = open_message(id, MAPI_MODIFY);
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0, &table), MAPI_E_CORRUPT_DATA);
    assert_null(table);
    release(message);
    release(folder);
}

/* A folder's or an attachment's properties, of which the list of all of them wants but a few. */
static void lists_show_what_is_damaged(void **state)
{
    static const ULONG name = PR_DISPLAY_NAME_A, number = PR_ATTACH_NUM;
    IMAPIFolder *folder = inbox();
    IMAPIFolder *one = child(folder, "one"), *two = child(folder, "two");
    IMessage *message = new_message(folder, "x");
    IMAPITable *table = NULL;
    LPSRowSet rows;
    (void)state;
    attach_bytes(message, "a", "b", 1);
    attach_bytes(message, "b", "c", 1);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    store_query("UPDATE folder SET props = x'02' WHERE name = 'one'");
    store_query("UPDATE attachment SET props = x'02' WHERE number = 0");
    assert_int_equal(folder->lpVtbl->GetHierarchyTable(folder, 0, &table), S_OK);
    rows = all_rows(table, 1, &name);
    assert_int_equal(rows->cRows, 2);
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, "one");
    FreeProws(rows);
    assert_int_equal(message->lpVtbl->GetAttachmentTable(message, 0, &table), S_OK);
    rows = all_rows(table, 1, &number);
    assert_int_equal(rows->cRows, 2);
    FreeProws(rows);
    release(one);
    release(two);
    release(message);
    release(folder);
}

/* A message that is in an attachment of its own was copied until the disk was full. */
static void a_message_inside_itself_has_an_end(void **state)
{
    IMAPIFolder *folder = inbox(), *copies = child(folder, "copies");
    IMessage *message = new_message(folder, "x");
    IAttach *attach = NULL;
    IMessage *inner = NULL;
    SBinary id = entryid(message);
    ENTRYLIST list = {1, &id};
    (void)state;
    attach_bytes(message, "a", "b", 1);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    store_query("UPDATE message SET attachment = (SELECT id FROM attachment)");
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, copies, 0, NULL, 0), S_OK);
    assert_string_equal(subjects_of(copies), "x");
    message = open_message(id, 0);
    assert_int_equal(message->lpVtbl->OpenAttach(message, 0, NULL, 0, &attach), S_OK);
    assert_int_equal(
        attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, (LPUNKNOWN *)(void *)&inner),
        MAPI_E_NOT_FOUND);
    release(attach);
    release(message);
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
    release(copies);
    release(folder);
}

/* A tag of type PT_NULL names its property by the id, in C as in SQL, whose column it has. */
static void a_tag_without_type_is_the_same_to_sql_and_c(void **state)
{
    SRestriction leaf = {.rt = RES_SIZE, .res.resSize = {RELOP_GE, CHANGE_PROP_TYPE(PR_SUBJECT, PT_NULL), 3}};
    SRestriction deep[30];
    IMAPIFolder *folder = inbox();
    IMAPITable *table = contents(folder, 0);
    (void)state;
    add_message(folder, "found");
    add_message(folder, "no");
    assert_int_equal(table->lpVtbl->Restrict(table, &leaf, 0), S_OK);
    assert_string_equal(subjects(table), "found");
    for (int i = 0; i < 30; i++) /* deeper than what becomes SQL */
        deep[i] = (SRestriction){.rt = RES_COMMENT, .res.resComment = {0, i == 0 ? &leaf : &deep[i - 1], NULL}};
    assert_int_equal(table->lpVtbl->Restrict(table, &deep[29], 0), S_OK);
    assert_string_equal(subjects(table), "found");
    release(table);
    release(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_damaged_value_does_not_hide_its_folder),    IN_STORE(a_damaged_value_matches_nothing),
        IN_STORE(a_damaged_message_is_answered_as_one),        IN_STORE(a_number_of_another_width_is_damage),
        IN_STORE(a_message_inside_itself_has_an_end),          IN_STORE(lists_show_what_is_damaged),
        IN_STORE(a_tag_without_type_is_the_same_to_sql_and_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
