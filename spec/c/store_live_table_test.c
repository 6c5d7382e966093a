/* Hierarchy, recipient, attachment and receive folder tables: they show what is there now, and tell of it (hierarchy-tables.md,
 * recipient-tables.md, attachment-tables.md, imapitable-advise.md, table_notification.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapisub.h>
#include <mapiutil.h>

#include "support/fault.h"
#include "support/mapi.h"
#include "support/store_advise.h"

static IMAPIFolder *make(IMAPIFolder *parent, const char *name)
{
    IMAPIFolder *made = NULL;
    assert_int_equal(
        parent->lpVtbl->CreateFolder(parent, FOLDER_GENERIC, (LPTSTR)(uintptr_t)name, NULL, NULL, 0, &made), S_OK);
    return made;
}

static SBinary add(IMAPIFolder *parent, const char *name)
{
    IMAPIFolder *made = make(parent, name);
    SBinary id = entryid(made);
    release(made);
    return id;
}

static IMAPIFolder *open_folder(SBinary id)
{
    IMAPIFolder *folder = NULL;
    assert_int_equal(try_open(the_store, id, MAPI_MODIFY, &folder), S_OK);
    return folder;
}

static void rename_to(SBinary id, const char *name)
{
    IMAPIFolder *folder = open_folder(id);
    put_text(folder, PR_DISPLAY_NAME_W, name);
    release(folder);
}

static HRESULT delete_from(IMAPIFolder *parent, SBinary id)
{
    return parent->lpVtbl->DeleteFolder(parent, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL, DEL_FOLDERS | DEL_MESSAGES);
}

static HRESULT move_to(IMAPIFolder *from, SBinary id, IMAPIFolder *to)
{
    return from->lpVtbl->CopyFolder(from, id.cb, (LPENTRYID)(void *)id.lpb, NULL, to, NULL, 0, NULL, FOLDER_MOVE);
}

static IMAPITable *hierarchy(IMAPIFolder *folder, ULONG flags)
{
    IMAPITable *table = NULL;
    assert_int_equal(folder->lpVtbl->GetHierarchyTable(folder, flags, &table), S_OK);
    return table;
}

/* The names from the cursor on, joined with "|"; with CONVENIENT_DEPTH a dot for each level. */
static const char *names(IMAPITable *table, LONG count)
{
    static char text[4096];
    static const ULONG columns[] = {PR_DISPLAY_NAME_A, PR_DEPTH};
    SRowSet *rows;
    size_t length = 0;
    set_columns(table, 2, columns);
    assert_int_equal(table->lpVtbl->QueryRows(table, count, 0, &rows), S_OK);
    text[0] = '\0';
    for (ULONG i = 0; i < rows->cRows; i++) {
        const SPropValue *values = rows->aRow[i].lpProps;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%.*s%s", i > 0 ? "|" : "",
                                   (int)values[1].Value.l, "..........", values[0].Value.lpszA);
        assert_true(length < sizeof text);
    }
    FreeProws(rows);
    return text;
}

static const char *all_names(IMAPITable *table)
{
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 0, NULL), S_OK);
    return names(table, 1000);
}

static SRestriction name_is(SPropValue *value, const char *name)
{
    SRestriction restriction = {.rt = RES_PROPERTY};
    *value = string_value(PR_DISPLAY_NAME_W, name);
    restriction.res.resProperty.relop = RELOP_EQ;
    restriction.res.resProperty.ulPropTag = PR_DISPLAY_NAME_W;
    restriction.res.resProperty.lpProp = value;
    return restriction;
}

/* ---- hierarchy tables: what they show ---- */

static void a_hierarchy_has_the_columns_it_must_have(void **state)
{
    (void)state;
    static const ULONG wanted[] = {PR_COMMENT_W,   PR_DEPTH,        PR_DISPLAY_NAME_W, PR_DISPLAY_TYPE,
                                   PR_ENTRYID,     PR_INSTANCE_KEY, PR_OBJECT_TYPE,    PR_STATUS,
                                   PR_FOLDER_TYPE, PR_SUBFOLDERS,   PR_CONTENT_COUNT,  PR_CONTENT_UNREAD};
    IMAPIFolder *root = user_root(), *box = make(root, "box");
    IMAPITable *table = hierarchy(box, MAPI_UNICODE);
    IMAPIFolder *folder = NULL;
    assert_int_equal(box->lpVtbl->CreateFolder(box, FOLDER_GENERIC, (LPTSTR)(uintptr_t) "a",
                                               (LPTSTR)(uintptr_t) "remark", NULL, 0, &folder),
                     S_OK);
    release(make(folder, "below"));
    add_message(folder, "unread");
    SPropTagArray *columns;
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &columns), S_OK);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        ULONG at = 0;
        while (at < columns->cValues && columns->aulPropTag[at] != wanted[i])
            at++;
        assert_true(at < columns->cValues);
    }
    MAPIFreeBuffer(columns);
    set_columns(table, sizeof wanted / sizeof wanted[0], wanted);
    SRowSet *rows;
    assert_int_equal(table->lpVtbl->QueryRows(table, 10, 0, &rows), S_OK);
    assert_int_equal(rows->cRows, 1);
    const SPropValue *row = rows->aRow[0].lpProps;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_int_equal(row[i].ulPropTag, wanted[i]);
    assert_int_equal(row[1].Value.l, 0);
    assert_int_equal(row[3].Value.l, DT_FOLDER);
    assert_int_equal(row[6].Value.l, MAPI_FOLDER);
    assert_int_equal(row[8].Value.l, FOLDER_GENERIC);
    assert_int_equal(row[9].Value.b, TRUE);
    assert_int_equal(row[10].Value.l, 1);
    assert_int_equal(row[11].Value.l, 1);
    FreeProws(rows);
    ULONG status, type;
    assert_int_equal(table->lpVtbl->GetStatus(table, &status, &type), S_OK);
    assert_int_equal(type, TBLTYPE_DYNAMIC);
    release(folder);
    release(table);
    release(box);
    release(root);
}

/* Also what is stored, has a name, or is so long that it is kept apart. */
static void any_property_can_be_a_column_and_be_restricted_by(void **state)
{
    (void)state;
    IMAPIFolder *root = user_root(), *box = make(root, "box"), *folder = make(box, "a");
    GUID set = PS_PUBLIC_STRINGS;
    WCHAR name[] = {'C', 'o', 'l', 'o', 'u', 'r', 0};
    MAPINAMEID named = {.lpguid = &set, .ulKind = MNID_STRING, .Kind.lpwstrName = name}, *names_list = &named;
    SPropTagArray *ids = NULL;
    assert_int_equal(folder->lpVtbl->GetIDsFromNames(folder, 1, &names_list, MAPI_CREATE, &ids), S_OK);
    ULONG colour = CHANGE_PROP_TYPE(ids->aulPropTag[0], PT_LONG);
    MAPIFreeBuffer(ids);
    static char text[3001];
    memset(text, 'x', sizeof text - 1);
    memcpy(text + 2990, "needle", 6);
    put_long(folder, colour, 7);
    put_text(folder, PR_CONTAINER_CLASS_W, "IPF.Note");
    put_text(folder, PR_COMMENT_W, text);
    release(make(box, "b"));
    IMAPITable *table = hierarchy(box, MAPI_UNICODE);
    const ULONG columns[] = {colour, PR_CONTAINER_CLASS_A, PR_COMMENT_A, PR_NULL, PR_SUBJECT_W};
    set_columns(table, 5, columns);
    SRowSet *rows;
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    assert_int_equal(rows->aRow[0].lpProps[0].Value.l, 7);
    assert_string_equal(rows->aRow[0].lpProps[1].Value.lpszA, "IPF.Note");
    assert_string_equal(rows->aRow[0].lpProps[2].Value.lpszA, text);
    assert_int_equal(rows->aRow[0].lpProps[3].ulPropTag, PR_NULL);
    assert_int_equal(rows->aRow[0].lpProps[4].ulPropTag, CHANGE_PROP_TYPE(PR_SUBJECT_W, PT_ERROR));
    assert_int_equal(rows->aRow[0].lpProps[4].Value.err, MAPI_E_NOT_FOUND);
    FreeProws(rows);
    SPropValue value = string_value(PR_COMMENT_W, "NEEDLE");
    SRestriction restriction = {.rt = RES_CONTENT};
    restriction.res.resContent.ulFuzzyLevel = FL_SUBSTRING | FL_IGNORECASE;
    restriction.res.resContent.ulPropTag = PR_COMMENT_W;
    restriction.res.resContent.lpProp = &value;
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_string_equal(names(table, 10), "a");
    restriction.rt = RES_EXIST;
    memset(&restriction.res, 0, sizeof restriction.res);
    restriction.res.resExist.ulPropTag = colour;
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_string_equal(names(table, 10), "a");
    release(table);
    release(folder);
    release(box);
    release(root);
}

static void a_hierarchy_shows_what_is_there_now(void **state)
{
    (void)state;
    IMAPIFolder *root = user_root(), *box = make(root, "box");
    IMAPITable *flat = hierarchy(box, 0), *deep = hierarchy(box, CONVENIENT_DEPTH);
    ULONG count;
    assert_string_equal(all_names(flat), "");
    SBinary b = add(box, "b"), d = add(box, "d");
    assert_string_equal(all_names(flat), "b|d");
    IMAPIFolder *in_b = open_folder(b);
    SBinary below = add(in_b, "z");
    assert_string_equal(all_names(flat), "b|d");
    assert_string_equal(all_names(deep), "b|.z|d");
    rename_to(b, "e");
    assert_string_equal(all_names(flat), "d|e");
    assert_string_equal(all_names(deep), "d|e|.z");
    assert_int_equal(move_to(in_b, below, box), S_OK);
    assert_string_equal(all_names(flat), "d|e|z");
    assert_string_equal(all_names(deep), "d|e|z");
    assert_int_equal(delete_from(box, d), S_OK);
    assert_int_equal(flat->lpVtbl->GetRowCount(flat, 0, &count), S_OK);
    assert_int_equal(count, 2);
    /* What somebody else has written, on a connection of his own. */
    store_query("UPDATE folder SET name = 'a' WHERE name = 'z'");
    assert_string_equal(all_names(flat), "a|e");
    release(in_b);
    assert_int_equal(delete_from(root, entryid(box)), S_OK);
    assert_string_equal(all_names(flat), "");
    release(flat);
    release(deep);
    release(box);
    release(root);
}

static void places_stay_before_their_rows(void **state)
{
    (void)state;
    IMAPIFolder *root = user_root(), *box = make(root, "box");
    SBinary b = add(box, "b"), d = add(box, "d"), f = add(box, "f");
    IMAPITable *table = hierarchy(box, 0);
    BOOKMARK at_d, at_end;
    LONG sought;
    assert_string_equal(names(table, 1), "b");
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &at_d), S_OK);
    add(box, "a");
    add(box, "c");
    assert_string_equal(names(table, 1), "d");
    assert_int_equal(table->lpVtbl->SeekRow(table, at_d, 0, NULL), S_OK);
    assert_string_equal(names(table, 1), "d");
    assert_int_equal(delete_from(box, d), S_OK);
    assert_int_equal(table->lpVtbl->SeekRow(table, at_d, -1, &sought), MAPI_W_POSITION_CHANGED);
    assert_int_equal(sought, -1);
    assert_string_equal(names(table, 9), "c|f");
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &at_end), S_OK);
    SBinary g = add(box, "g"); /* behind the end where the cursor is */
    assert_string_equal(names(table, 9), "g");
    assert_int_equal(table->lpVtbl->SeekRow(table, at_end, 0, NULL), S_OK);
    assert_string_equal(names(table, 9), "g");
    SPropValue value;
    SRestriction restriction = name_is(&value, "c");
    assert_int_equal(table->lpVtbl->FindRow(table, &restriction, at_d, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->FindRow(table, &restriction, at_d, DIR_BACKWARD), MAPI_W_POSITION_CHANGED);
    assert_string_equal(names(table, 1), "c");
    assert_int_equal(table->lpVtbl->SeekRowApprox(table, 1, 2), S_OK);
    ULONG row, numerator, denominator;
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, 2);
    assert_int_equal(denominator, 5);
    assert_int_equal(delete_from(box, b), S_OK);
    assert_int_equal(delete_from(box, f), S_OK);
    assert_int_equal(delete_from(box, g), S_OK);
    assert_string_equal(all_names(table), "a|c");
    assert_string_equal(names(table, -1), "c");
    SizedSSortOrderSet(2, order) = {
        2, 0, 0, {{PR_CONTENT_COUNT, TABLE_SORT_DESCEND}, {PR_DISPLAY_NAME_W, TABLE_SORT_DESCEND}}};
    IMAPIFolder *in_a = child(box, "a");
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&order, 0), S_OK);
    assert_string_equal(all_names(table), "c|a");
    add_message(in_a, "m");
    assert_string_equal(all_names(table), "a|c");
    release(in_a);
    release(table);
    release(box);
    release(root);
}

/* A loop that makes or renames folders comes to its end. */
static void a_loop_can_keep_to_the_rows_there_are(void **state)
{
    (void)state;
    IMAPIFolder *root = user_root(), *box = make(root, "box");
    SBinary a = add(box, "a"), b = add(box, "b");
    IMAPITable *table = hierarchy(box, 0);
    IMapiTableSpan *span;
    assert_int_equal(table->lpVtbl->QueryInterface(table, &IID_IMapiTableSpan, (void **)&span), S_OK);
    assert_int_equal(span->lpVtbl->KeepToPresentRows(span), S_OK);
    assert_int_equal(span->lpVtbl->ExpectRows(span, 3), S_OK);
    release(span);
    add(box, "c");
    assert_string_equal(names(table, 1), "a");
    rename_to(a, "z");
    assert_int_equal(delete_from(box, b), S_OK);
    assert_string_equal(names(table, 1), "");
    release(table);
    release(box);
    release(root);
}

static void a_tree_of_five_hundred_levels_and_thousands_of_folders(void **state)
{
    (void)state;
    enum { DEPTH = 500, WIDTH = 2000 };
    IMAPIFolder *root = user_root(), *box = make(root, "box"), *at = make(box, "deep");
    IMAPITable *table = hierarchy(box, CONVENIENT_DEPTH);
    char sql[512];
    ULONG count;
    release(at);
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n (i, parent) AS (SELECT 1, (SELECT id FROM folder WHERE name = 'deep') UNION ALL SELECT i + 1,"
        " 100000 + i FROM n WHERE i < %d) INSERT INTO folder (id, parent, name, kind, created, modified)"
        " SELECT 100000 + i, parent, 'level', 1, 0, 0 FROM n",
        DEPTH - 1);
    store_query(sql);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO folder (parent,"
             " name, kind, created, modified) SELECT (SELECT id FROM folder WHERE name = 'box'), 'wide ' || i, 1, 0, 0"
             " FROM n",
             WIDTH);
    store_query(sql);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    assert_int_equal(count, DEPTH + WIDTH);
    SPropValue value = number_value(PR_DEPTH, DEPTH - 1);
    SRestriction restriction = {.rt = RES_PROPERTY};
    restriction.res.resProperty.relop = RELOP_EQ;
    restriction.res.resProperty.ulPropTag = PR_DEPTH;
    restriction.res.resProperty.lpProp = &value;
    assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_BEGINNING, 0), S_OK);
    ULONG row, numerator, denominator;
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, DEPTH - 1);
    SPropValue name;
    restriction = name_is(&name, "wide 1999");
    assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_CURRENT, 0), S_OK);
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_string_equal(all_names(table), "wide 1999");
    release(table);
    release(box);
    release(root);
}

/* ---- hierarchy tables: what they tell ---- */

static void a_hierarchy_tells_of_folders(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *root = user_root(), *box = make(root, "box"), *elsewhere = make(root, "elsewhere");
    IMAPITable *table = hierarchy(box, MAPI_UNICODE);
    static const ULONG columns[] = {PR_DISPLAY_NAME_W, PR_CONTENT_COUNT, PR_SUBFOLDERS};
    set_columns(table, 3, columns);
    advise_table(table, &log);
    SBinary b = add(box, "b");
    assert_string_equal(heard(&log), "added ");
    assert_true(is_id(&log.events[0].id, key_of(b)));
    assert_int_equal(log.events[0].parent.size, 0); /* PR_NULL: it is the first */
    assert_int_equal(log.events[0].columns, 3);
    SBinary d = add(box, "d");
    assert_string_equal(heard(&log), "added ");
    assert_true(is_id(&log.events[0].parent, key_of(b)));
    add(elsewhere, "x");
    assert_string_equal(heard(&log), "");
    IMAPIFolder *in_d = open_folder(d);
    add_message(in_d, "count");
    assert_string_equal(heard(&log), "rowmodified ");
    assert_true(is_id(&log.events[0].id, key_of(d)));
    assert_true(is_id(&log.events[0].parent, key_of(b)));
    SBinary below = add(in_d, "below"); /* PR_SUBFOLDERS */
    assert_string_equal(heard(&log), "rowmodified ");
    put_text(in_d, PR_COMMENT_W, "remark");
    assert_string_equal(heard(&log), "rowmodified ");
    rename_to(d, "a"); /* and to another place */
    assert_string_equal(heard(&log), "rowmodified ");
    assert_true(is_id(&log.events[0].id, key_of(d)));
    assert_int_equal(log.events[0].parent.size, 0);
    assert_int_equal(move_to(in_d, below, box), S_OK);
    assert_string_equal(heard(&log), "rowmodified added ");
    assert_int_equal(move_to(box, below, elsewhere), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_true(is_id(&log.events[0].id, key_of(below)));
    assert_int_equal(log.events[0].columns, 0);
    assert_int_equal(delete_from(box, b), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    store_query("INSERT INTO event VALUES (10000, 4, 3, 1, 1, 0, 0, 0)");
    assert_string_equal(heard(&log), "reload ");
    release(in_d);
    release(table);
    release(elsewhere);
    release(box);
    release(root);
}

static void folders_outside_the_restriction_produce_nothing(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *root = user_root(), *box = make(root, "box");
    IMAPITable *table = hierarchy(box, CONVENIENT_DEPTH);
    SPropValue value;
    SRestriction restriction = name_is(&value, "yes");
    advise_table(table, &log);
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    SBinary a = add(box, "no");
    assert_string_equal(heard(&log), "");
    IMAPIFolder *in_a = open_folder(a);
    SBinary below = add(in_a, "yes");
    assert_string_equal(heard(&log), "added ");
    rename_to(a, "yes");
    assert_string_equal(heard(&log), "added ");
    rename_to(below, "neither");
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_true(is_id(&log.events[0].id, key_of(below)));
    release(in_a);
    release(table);
    release(box);
    release(root);
}

/* ---- whoever follows the notifications has the table ---- */

enum { MIRROR_ROWS = 64 };

struct mirror {
    struct logged_id keys[MIRROR_ROWS];
    unsigned count;
};

static unsigned place_of(const struct mirror *mirror, const struct logged_id *key)
{
    unsigned at = 0;
    while (at < mirror->count &&
           (mirror->keys[at].size != key->size || memcmp(mirror->keys[at].bytes, key->bytes, key->size) != 0))
        at++;
    return at;
}

static void take_out(struct mirror *mirror, const struct logged_id *key)
{
    unsigned at = place_of(mirror, key);
    assert_true(at < mirror->count);
    memmove(&mirror->keys[at], &mirror->keys[at + 1], (mirror->count - at - 1) * sizeof mirror->keys[0]);
    mirror->count--;
}

static void put_in(struct mirror *mirror, const struct logged_id *key, const struct logged_id *prior)
{
    unsigned at = prior->size == 0 ? 0 : place_of(mirror, prior) + 1;
    assert_true(at <= mirror->count && mirror->count < MIRROR_ROWS);
    assert_int_equal(place_of(mirror, key), mirror->count);
    memmove(&mirror->keys[at + 1], &mirror->keys[at], (mirror->count - at) * sizeof mirror->keys[0]);
    mirror->keys[at] = *key;
    mirror->count++;
}

static void follow(struct mirror *mirror, struct event_log *log)
{
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_true(log->count <= LOG_KEPT);
    for (unsigned i = 0; i < log->count; i++) {
        const struct logged_event *event = &log->events[i];
        assert_true(event->kind == TABLE_ROW_ADDED || event->kind == TABLE_ROW_DELETED ||
                    event->kind == TABLE_ROW_MODIFIED);
        if (event->kind != TABLE_ROW_ADDED)
            take_out(mirror, &event->id);
        if (event->kind != TABLE_ROW_DELETED)
            put_in(mirror, &event->id, &event->parent);
    }
    log->count = 0;
}

static void expect_same(const struct mirror *mirror, IMAPITable *table)
{
    SRowSet *rows;
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 0, NULL), S_OK);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1000, 0, &rows), S_OK);
    assert_int_equal(rows->cRows, mirror->count);
    for (ULONG i = 0; i < rows->cRows; i++)
        assert_true(is_id(&mirror->keys[i], rows->aRow[i].lpProps[0].Value.bin));
    FreeProws(rows);
}

static unsigned seed;

static unsigned draw(unsigned below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % below;
}

/* A random change below the folder, which is the first of them. */
static void change_something(SBinary *folders, unsigned *count)
{
    char name[16];
    unsigned one = 1 + draw(*count), other = draw(*count);
    IMAPIFolder *folder = open_folder(folders[other]), *from;
    snprintf(name, sizeof name, "%c%u", 'a' + (char)draw(6), seed % 1000);
    if (*count < 12 || draw(3) == 0) {
        IMAPIFolder *made = NULL;
        if (*count < 30 &&
            SUCCEEDED(folder->lpVtbl->CreateFolder(folder, FOLDER_GENERIC, (LPTSTR)name, NULL, NULL, 0, &made))) {
            SBinary id = entryid(made);
            folders[*count].cb = id.cb;
            folders[*count].lpb = memcpy(malloc(id.cb), id.lpb, id.cb);
            ++*count;
        }
        if (made != NULL)
            release(made);
    } else if (one < *count && draw(3) > 0) {
        SBinary parent;
        IMAPIFolder *moved = open_folder(folders[one]);
        parent = binary(moved, PR_PARENT_ENTRYID);
        release(moved);
        from = open_folder(parent);
        HRESULT hr = from->lpVtbl->CopyFolder(from, folders[one].cb, (LPENTRYID)(void *)folders[one].lpb, NULL, folder,
                                              (LPTSTR)name, 0, NULL, FOLDER_MOVE);
        assert_true(hr == S_OK || hr == MAPI_E_FOLDER_CYCLE || hr == MAPI_E_COLLISION);
        release(from);
    } else {
        add_message(folder, "m");
    }
    release(folder);
}

static void notifications_make_the_table(ULONG flags, const SSortOrderSet *order)
{
    static const ULONG columns[] = {PR_INSTANCE_KEY};
    struct event_log log;
    struct mirror mirror = {.count = 0};
    SBinary folders[40];
    unsigned count = 1;
    IMAPIFolder *root = user_root(), *box = make(root, "box");
    IMAPITable *table = hierarchy(box, flags);
    SBinary id = entryid(box);
    folders[0].cb = id.cb;
    folders[0].lpb = memcpy(malloc(id.cb), id.lpb, id.cb);
    set_columns(table, 1, columns);
    if (order != NULL)
        assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(uintptr_t)order, 0), S_OK);
    advise_table(table, &log);
    for (int i = 0; i < 150; i++) {
        for (unsigned n = 1 + draw(3); n > 0; n--)
            change_something(folders, &count);
        follow(&mirror, &log);
        expect_same(&mirror, table);
    }
    while (count > 0)
        free(folders[--count].lpb);
    release(table);
    release(box);
    release(root);
}

static void the_notifications_of_a_flat_hierarchy_make_the_table(void **state)
{
    (void)state;
    seed = 1;
    notifications_make_the_table(0, NULL);
}

static void the_notifications_of_a_deep_hierarchy_make_the_table(void **state)
{
    (void)state;
    seed = 2;
    notifications_make_the_table(CONVENIENT_DEPTH, NULL);
}

static void the_notifications_of_a_sorted_hierarchy_make_the_table(void **state)
{
    (void)state;
    SizedSSortOrderSet(2, order) = {
        2, 0, 0, {{PR_CONTENT_COUNT, TABLE_SORT_DESCEND}, {PR_DISPLAY_NAME_W, TABLE_SORT_ASCEND}}};
    seed = 3;
    notifications_make_the_table(CONVENIENT_DEPTH, (const SSortOrderSet *)(void *)&order);
}

/* ---- the tables of a message ---- */

static ULONG rows_of(IMAPITable *table)
{
    ULONG count;
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    return count;
}

static void an_attachment_table_is_dynamic(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    IMessage *message = new_message(box, "with attachments");
    IMAPITable *table = NULL;
    IAttach *attach = NULL;
    ULONG number;
    BOOKMARK bookmark;
    assert_int_equal(message->lpVtbl->GetAttachmentTable(message, 0, &table), S_OK);
    advise_table(table, &log);
    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach), S_OK);
    assert_int_equal(rows_of(table), 0); /* not saved yet */
    put_text(attach, PR_ATTACH_LONG_FILENAME_W, "b.txt");
    assert_int_equal(save(attach, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(rows_of(table), 1);
    assert_string_equal(heard(&log), "added ");
    put_text(attach, PR_ATTACH_LONG_FILENAME_W, "a.txt");
    assert_int_equal(save(attach, 0), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    release(attach);
    assert_string_equal(heard(&log), "rowmodified ");
    static const ULONG columns[] = {PR_ATTACH_NUM, PR_ATTACH_LONG_FILENAME_A, PR_RENDERING_POSITION, PR_RECORD_KEY,
                                    PR_INSTANCE_KEY};
    set_columns(table, 5, columns);
    SRowSet *rows;
    assert_int_equal(table->lpVtbl->QueryRows(table, 9, 0, &rows), S_OK);
    assert_int_equal(rows->cRows, 1);
    assert_int_equal(rows->aRow[0].lpProps[0].Value.l, number);
    assert_string_equal(rows->aRow[0].lpProps[1].Value.lpszA, "a.txt");
    assert_int_equal(rows->aRow[0].lpProps[2].Value.l, -1);
    FreeProws(rows);
    attach_bytes(message, "c.bin", "123", 3);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(heard(&log), "added ");
    assert_int_equal(message->lpVtbl->DeleteAttach(message, number, 0, NULL, 0), S_OK);
    assert_int_equal(rows_of(table), 1);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(heard(&log), "rowdeleted ");
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &bookmark), MAPI_E_NO_SUPPORT);
    release(message); /* the table keeps it */
    assert_int_equal(rows_of(table), 1);
    release(table);
    release(box);
}

static void a_recipient_table_follows_ModifyRecipients(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *box = inbox();
    IMessage *message = new_message(box, "with recipients");
    IMAPITable *table = NULL;
    assert_int_equal(message->lpVtbl->GetRecipientTable(message, 0, &table), S_OK);
    advise_table(table, &log);
    add_recipient(message, "Front Desk", "desk@example.org", MAPI_TO);
    add_recipient(message, "Archive", "archive@example.org", MAPI_CC);
    assert_int_equal(rows_of(table), 2);
    assert_string_equal(heard(&log), "");
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(heard(&log), "added added ");
    SPropValue values[3] = {number_value(PR_ROWID, 1), string_value(PR_DISPLAY_NAME_W, "Records"),
                            number_value(PR_RECIPIENT_TYPE, MAPI_TO)};
    struct {
        ULONG count;
        ADRENTRY entry;
    } list = {1, {0, 3, values}};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_MODIFY, (LPADRLIST)(void *)&list), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_string_equal(heard(&log), "rowmodified ");
    SizedSSortOrderSet(1, order) = {1, 0, 0, {{PR_DISPLAY_NAME_W, TABLE_SORT_DESCEND}}};
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&order, 0), S_OK);
    SPropValue value;
    SRestriction restriction = name_is(&value, "Front Desk");
    assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_BEGINNING, 0), S_OK);
    ULONG row, numerator, denominator;
    assert_int_equal(table->lpVtbl->QueryPosition(table, &row, &numerator, &denominator), S_OK);
    assert_int_equal(row, 1);
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, MODRECIP_REMOVE, (LPADRLIST)(void *)&list), S_OK);
    assert_int_equal(rows_of(table), 1);
    release(table);
    release(message);
    release(box);
}

/* ---- the receive folder table ---- */

static void a_receive_folder_table_follows_SetReceiveFolder(void **state)
{
    (void)state;
    struct event_log log;
    IMAPITable *table = NULL;
    IMAPIFolder *drafts = drafts_folder();
    SBinary id = entryid(drafts);
    SPropValue value = string_value(PR_MESSAGE_CLASS_W, "ipm.report");
    SRestriction restriction = {.rt = RES_PROPERTY};
    restriction.res.resProperty.relop = RELOP_EQ;
    restriction.res.resProperty.ulPropTag = PR_MESSAGE_CLASS_W;
    restriction.res.resProperty.lpProp = &value;
    assert_int_equal(the_store->lpVtbl->GetReceiveFolderTable(the_store, 0, &table), S_OK);
    ULONG before = rows_of(table);
    advise_table(table, &log);
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, (LPTSTR)(uintptr_t) "IPM.Report", 0, id.cb,
                                                         (LPENTRYID)(void *)id.lpb),
                     S_OK);
    assert_int_equal(rows_of(table), before + 1);
    assert_string_equal(heard(&log), "added ");
    static const ULONG columns[] = {PR_ENTRYID, PR_MESSAGE_CLASS_A, PR_RECORD_KEY, PR_INSTANCE_KEY};
    set_columns(table, 4, columns);
    assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_BEGINNING, 0), MAPI_E_NOT_FOUND);
    value = string_value(PR_MESSAGE_CLASS_W, "IPM.Report");
    assert_int_equal(table->lpVtbl->FindRow(table, &restriction, BOOKMARK_BEGINNING, 0), S_OK);
    SRowSet *rows;
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    assert_int_equal(rows->aRow[0].lpProps[0].Value.bin.cb, id.cb);
    assert_memory_equal(rows->aRow[0].lpProps[0].Value.bin.lpb, id.lpb, id.cb);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rows->aRow[0].lpProps[i].ulPropTag, columns[i]);
    FreeProws(rows);
    release(drafts);
    IMAPIFolder *box = inbox(); /* the same class, another folder */
    id = entryid(box);
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, (LPTSTR)(uintptr_t) "IPM.Report", 0, id.cb,
                                                         (LPENTRYID)(void *)id.lpb),
                     S_OK);
    assert_string_equal(heard(&log), "rowmodified ");
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, (LPTSTR)(uintptr_t) "IPM.Report", 0, 0, NULL),
                     S_OK);
    assert_int_equal(rows_of(table), before);
    assert_string_equal(heard(&log), "rowdeleted ");
    release(box);
    release(table);
}

/* ---- faults ---- */

static IMAPIFolder *swept;

static HRESULT use_table(void *context)
{
    (void)context;
    IMAPITable *table = NULL;
    SRowSet *rows = NULL;
    SPropTagArray *all = NULL;
    BOOKMARK bookmark;
    SRestriction restriction = {.rt = RES_EXIST};
    restriction.res.resExist.ulPropTag = PR_COMMENT_W;
    SizedSSortOrderSet(1, order) = {1, 0, 0, {{PR_DISPLAY_NAME_W, TABLE_SORT_DESCEND}}};
    HRESULT hr = swept->lpVtbl->GetHierarchyTable(swept, CONVENIENT_DEPTH | MAPI_UNICODE, &table);
    if (FAILED(hr)) {
        assert_null(table);
        return hr;
    }
    hr = table->lpVtbl->Restrict(table, &restriction, 0);
    if (SUCCEEDED(hr))
        hr = table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)&order, 0);
    if (SUCCEEDED(hr))
        hr = table->lpVtbl->CreateBookmark(table, &bookmark);
    if (SUCCEEDED(hr))
        hr = table->lpVtbl->QueryRows(table, 5, 0, &rows);
    FreeProws(rows);
    if (SUCCEEDED(hr))
        hr = table->lpVtbl->QueryColumns(table, TBL_ALL_COLUMNS, &all);
    MAPIFreeBuffer(all);
    release(table);
    return hr;
}

static HRESULT change_and_dispatch(void *context)
{
    struct event_log *log = context;
    IMAPIFolder *made = NULL;
    char name[16];
    snprintf(name, sizeof name, "f%u", draw(30000));
    HRESULT hr = swept->lpVtbl->CreateFolder(swept, FOLDER_GENERIC, (LPTSTR)name, NULL, NULL, OPEN_IF_EXISTS, &made);
    if (FAILED(hr))
        return hr;
    release(made);
    log->count = 0;
    (void)HrDispatchNotifications(0);
    return S_OK;
}

static void tables_when_memory_runs_out(void **state)
{
    (void)state;
    struct event_log log;
    IMAPIFolder *root = user_root(), *made = NULL;
    swept = make(root, "swept");
    assert_int_equal(swept->lpVtbl->CreateFolder(swept, FOLDER_GENERIC, (LPTSTR)(uintptr_t) "b",
                                                 (LPTSTR)(uintptr_t) "remark", NULL, 0, &made),
                     S_OK);
    release(made);
    fault_sweep(use_table, NULL);
    IMAPITable *table = hierarchy(swept, 0);
    advise_table(table, &log);
    seed = 4;
    fault_sweep(change_and_dispatch, &log);
    (void)heard(&log);
    add(swept, "zz");
    const char *text = heard(&log);
    assert_true(strcmp(text, "added ") == 0 || strcmp(text, "changed ") == 0);
    release(table);
    release(swept);
    release(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_hierarchy_has_the_columns_it_must_have),
        IN_STORE(any_property_can_be_a_column_and_be_restricted_by),
        IN_STORE(a_hierarchy_shows_what_is_there_now),
        IN_STORE(places_stay_before_their_rows),
        IN_STORE(a_loop_can_keep_to_the_rows_there_are),
        IN_STORE(a_tree_of_five_hundred_levels_and_thousands_of_folders),
        IN_STORE(a_hierarchy_tells_of_folders),
        IN_STORE(folders_outside_the_restriction_produce_nothing),
        IN_STORE(the_notifications_of_a_flat_hierarchy_make_the_table),
        IN_STORE(the_notifications_of_a_deep_hierarchy_make_the_table),
        IN_STORE(the_notifications_of_a_sorted_hierarchy_make_the_table),
        IN_STORE(an_attachment_table_is_dynamic),
        IN_STORE(a_recipient_table_follows_ModifyRecipients),
        IN_STORE(a_receive_folder_table_follows_SetReceiveFolder),
        IN_STORE(tables_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
