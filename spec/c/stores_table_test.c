/* The message store table of a session: imapisession-getmsgstorestable.md, message-store-tables.md, imapitable-advise.md. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapiutil.h>

#include "support/children.h"
#include "support/fake_store.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/processes.h"

static IMAPISession *session; /* on the profile "a" with the store "Fake", which is the default one */
static IMAPITable *table;     /* its own, with the columns below */

enum { NAME, KEY, DEFAULT, FLAGS_OF, COLUMNS };
static const SizedSPropTagArray(COLUMNS, columns) = {
    COLUMNS, {PR_DISPLAY_NAME_A, PR_INSTANCE_KEY, PR_DEFAULT_STORE, PR_RESOURCE_FLAGS}};

static IMAPITable *table_of(IMAPISession *of)
{
    IMAPITable *made = NULL;
    assert_int_equal(of->lpVtbl->GetMsgStoresTable(of, 0, &made), S_OK);
    assert_int_equal(made->lpVtbl->SetColumns(made, (LPSPropTagArray)(void *)(uintptr_t)&columns, 0), S_OK);
    return made;
}

static int setup(void **state)
{
    int result = mapi_setup(state);
    if (result == 0) {
        create_profile_with("a", FAKE_SERVICE);
        session = log_on("a");
        table = table_of(session);
    }
    return result;
}

static int teardown(void **state)
{
    if (table)
        release(table);
    if (session)
        log_off(session);
    table = NULL;
    session = NULL;
    return mapi_teardown(state);
}

/* ---- a follower: takes what it is told in turn, and has the table as it is by that ---- */

enum { MOST = 16 };

struct row {
    MAPIUID key;
    char name[32];
    bool is_default;
    ULONG flags;
};

struct follower {
    struct row rows[MOST];
    ULONG count;
    char text[400]; /* what it was told: + added, - deleted, * modified, C changed, R reload */
    unsigned wrong; /* what it could not follow */
    IMAPITable *table;
};

static void take_row(struct row *to, const SPropValue *values)
{
    memset(to, 0, sizeof *to);
    snprintf(to->name, sizeof to->name, "%s", values[NAME].Value.lpszA);
    memcpy(&to->key, values[KEY].Value.bin.lpb, sizeof to->key);
    to->is_default = values[DEFAULT].Value.b != 0;
    to->flags = values[FLAGS_OF].Value.ul;
}

/* All rows, wherever the cursor is, which stays there. */
static ULONG read_rows(IMAPITable *from, struct row *rows)
{
    LPSRowSet set = NULL;
    assert_int_equal(HrQueryAllRows(from, (LPSPropTagArray)(void *)(uintptr_t)&columns, NULL, NULL, 0, &set), S_OK);
    ULONG count = set->cRows;
    assert_true(count <= MOST);
    for (ULONG i = 0; i < count; i++)
        take_row(&rows[i], set->aRow[i].lpProps);
    FreeProws(set);
    return count;
}

static ULONG find(const struct follower *self, const SPropValue *key)
{
    ULONG at = 0;
    while (at < self->count && memcmp(&self->rows[at].key, key->Value.bin.lpb, sizeof(MAPIUID)) != 0)
        at++;
    return at;
}

static void take_out(struct follower *self, ULONG at)
{
    if (at < self->count)
        memmove(&self->rows[at], &self->rows[at + 1], (--self->count - at) * sizeof *self->rows);
}

static void put_in(struct follower *self, const TABLE_NOTIFICATION *told)
{
    ULONG at = 0;
    if (told->propPrior.ulPropTag == PR_INSTANCE_KEY)
        at = find(self, &told->propPrior) + 1;
    if (at > self->count || told->row.cValues != COLUMNS || self->count == MOST) {
        self->wrong++;
        return;
    }
    memmove(&self->rows[at + 1], &self->rows[at], (self->count++ - at) * sizeof *self->rows);
    take_row(&self->rows[at], told->row.lpProps);
}

static void follow(struct follower *self, const TABLE_NOTIFICATION *told)
{
    static const char signs[] = "?C?+-*???R";
    size_t end = strlen(self->text); /* what does not fit is left out */
    bool of_row = told->ulTableEvent >= TABLE_ROW_ADDED && told->ulTableEvent <= TABLE_ROW_MODIFIED;
    ULONG at = of_row ? find(self, &told->propIndex) : self->count;
    self->wrong += of_row && told->propIndex.ulPropTag != PR_INSTANCE_KEY;
    self->wrong += of_row && (told->ulTableEvent == TABLE_ROW_ADDED) != (at == self->count);
    char name[32] = "";
    if (at < self->count)
        snprintf(name, sizeof name, "%s", self->rows[at].name);
    take_out(self, at);
    if (of_row && told->ulTableEvent != TABLE_ROW_DELETED) {
        put_in(self, told);
        snprintf(name, sizeof name, "%s", told->row.lpProps[NAME].Value.lpszA);
    }
    snprintf(self->text + end, sizeof self->text - end, "%c%s ", signs[told->ulTableEvent], name);
}

static ULONG STDAPICALLTYPE hear(LPVOID context, ULONG count, LPNOTIFICATION notifications)
{
    struct follower *self = context;
    for (ULONG i = 0; i < count; i++) {
        self->wrong += notifications[i].ulEventType != fnevTableModified;
        follow(self, &notifications[i].info.tab);
    }
    return S_OK;
}

static IMAPIAdviseSink *sink_of(struct follower *self)
{
    IMAPIAdviseSink *sink = NULL;
    assert_int_equal(HrAllocAdviseSink(hear, self, &sink), S_OK);
    return sink;
}

static ULONG_PTR advise(IMAPITable *to, struct follower *self)
{
    ULONG_PTR connection = 0;
    IMAPIAdviseSink *sink = sink_of(self);
    memset(self, 0, sizeof *self);
    self->table = to;
    self->count = read_rows(to, self->rows);
    assert_int_equal(to->lpVtbl->Advise(to, fnevTableModified, sink, &connection), S_OK);
    assert_int_not_equal(connection, 0);
    release(sink);
    return connection;
}

static void dispatch(void)
{
    assert_int_equal(HrDispatchNotifications(0), S_OK);
}

/* What it is told by a dispatch, after which it must have the table. */
static const char *told(struct follower *self)
{
    static char text[sizeof self->text];
    struct row rows[MOST];
    dispatch();
    memcpy(text, self->text, sizeof text);
    self->text[0] = '\0';
    assert_int_equal(self->wrong, 0);
    assert_int_equal(read_rows(self->table, rows), self->count);
    for (ULONG i = 0; i < self->count; i++) {
        assert_string_equal(rows[i].name, self->rows[i].name);
        assert_memory_equal(&rows[i].key, &self->rows[i].key, sizeof(MAPIUID));
        assert_int_equal(rows[i].is_default, self->rows[i].is_default);
        assert_int_equal(rows[i].flags, self->rows[i].flags);
    }
    return text;
}

/* ---- changes ---- */

static HRESULT with_services(LPSERVICEADMIN base, const char *add, const MAPIUID *remove, MAPIUID *made)
{
    IMsgServiceAdmin2 *services = NULL;
    HRESULT hr = base->lpVtbl->QueryInterface(base, &IID_IMsgServiceAdmin2, (LPVOID *)&services);
    if (hr == S_OK) {
        hr = add ? services->lpVtbl->CreateMsgServiceEx(services, (LPTSTR)(void *)(uintptr_t)add, NULL, 0, 0, made)
                 : services->lpVtbl->DeleteMsgService(services, (LPMAPIUID)(uintptr_t)remove);
        services->lpVtbl->Release(services);
    }
    return hr;
}

static HRESULT try_change(IMAPISession *of, const char *add, const MAPIUID *remove, MAPIUID *made)
{
    LPSERVICEADMIN services = NULL;
    HRESULT hr = of->lpVtbl->AdminServices(of, 0, &services);
    if (hr == S_OK) {
        hr = with_services(services, add, remove, made);
        services->lpVtbl->Release(services);
    }
    return hr;
}

static MAPIUID add_store(IMAPISession *through)
{
    MAPIUID made;
    assert_int_equal(try_change(through, FAKE_SERVICE, NULL, &made), S_OK);
    return made;
}

static void remove_store(IMAPISession *through, MAPIUID service)
{
    assert_int_equal(try_change(through, NULL, &service, NULL), S_OK);
}

static void rename_store(IMAPISession *through, const MAPIUID *section, const char *name)
{
    LPSERVICEADMIN services = NULL;
    LPPROFSECT opened = NULL;
    SPropValue value = {.ulPropTag = PR_DISPLAY_NAME_A};
    value.Value.lpszA = (LPSTR)(uintptr_t)name;
    assert_int_equal(through->lpVtbl->AdminServices(through, 0, &services), S_OK);
    assert_int_equal(services->lpVtbl->OpenProfileSection(services, (LPMAPIUID)(uintptr_t)section, NULL,
                                                          MAPI_FORCE_ACCESS | MAPI_MODIFY, &opened),
                     S_OK);
    assert_int_equal(opened->lpVtbl->SetProps(opened, 1, &value, NULL), S_OK);
    release(opened);
    release(services);
}

static void choose(IMAPISession *through, ULONG flag, ULONG index)
{
    static const SizedSPropTagArray(1, id) = {1, {PR_ENTRYID}};
    IMAPITable *stores = NULL;
    LPSRowSet rows = NULL;
    assert_int_equal(through->lpVtbl->GetMsgStoresTable(through, 0, &stores), S_OK);
    assert_int_equal(HrQueryAllRows(stores, (LPSPropTagArray)(void *)(uintptr_t)&id, NULL, NULL, 0, &rows), S_OK);
    const SBinary *entry = &rows->aRow[index].lpProps[0].Value.bin;
    assert_int_equal(through->lpVtbl->SetDefaultStore(through, flag, entry->cb, (LPENTRYID)(void *)entry->lpb), S_OK);
    FreeProws(rows);
    release(stores);
}

static long descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    long count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* ---- reading ---- */

static void the_table_shows_what_the_profile_says(void **state)
{
    (void)state;
    struct row rows[MOST];
    ULONG status, type;
    assert_int_equal(table->lpVtbl->GetStatus(table, &status, &type), S_OK);
    assert_int_equal(type, TBLTYPE_DYNAMIC);
    assert_int_equal(read_rows(table, rows), 1);
    MAPIUID service = add_store(session);
    assert_int_equal(read_rows(table, rows), 2);
    assert_true(rows[0].is_default);
    assert_false(rows[1].is_default);
    choose(session, MAPI_DEFAULT_STORE, 1);
    read_rows(table, rows);
    assert_false(rows[0].is_default);
    assert_true(rows[1].is_default);
    rename_store(session, &rows[0].key, "Renamed");
    read_rows(table, rows);
    assert_string_equal(rows[0].name, "Renamed");
    remove_store(session, service);
    assert_int_equal(read_rows(table, rows), 1);
    assert_string_equal(rows[0].name, "Renamed");
}

static void cursor_and_bookmarks_stay(void **state)
{
    (void)state;
    BOOKMARK second;
    LPSRowSet rows = NULL;
    struct row all[MOST];
    ULONG position, numerator, denominator;
    MAPIUID first = add_store(session);
    add_store(session);
    read_rows(table, all);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 2, NULL), S_OK);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &second), S_OK);
    remove_store(session, first); /* the row in front of it */
    assert_int_equal(table->lpVtbl->QueryPosition(table, &position, &numerator, &denominator), S_OK);
    assert_int_equal(position, 1);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    assert_memory_equal(rows->aRow[0].lpProps[KEY].Value.bin.lpb, &all[2].key, sizeof(MAPIUID));
    FreeProws(rows);
    add_store(session);
    assert_int_equal(table->lpVtbl->QueryRows(table, 5, 0, &rows), S_OK);
    assert_int_equal(rows->cRows, 1);
    FreeProws(rows);
    assert_int_equal(table->lpVtbl->SeekRow(table, second, 0, NULL), S_OK);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    assert_memory_equal(rows->aRow[0].lpProps[KEY].Value.bin.lpb, &all[2].key, sizeof(MAPIUID));
    FreeProws(rows);
}

/* Regression: without MAPI_UNICODE the first columns were wide all the same. */
static void the_flag_says_how_wide_strings_are(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        ULONG flags = i ? MAPI_UNICODE : 0;
        IMAPITable *made = NULL;
        LPSRowSet rows = NULL;
        assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, flags, &made), S_OK);
        assert_int_equal(made->lpVtbl->QueryRows(made, 1, 0, &rows), S_OK);
        assert_int_equal(rows->aRow[0].lpProps[1].ulPropTag, flags ? PR_DISPLAY_NAME_W : PR_DISPLAY_NAME_A);
        assert_int_equal(rows->aRow[0].lpProps[6].ulPropTag, flags ? PR_PROVIDER_DISPLAY_W : PR_PROVIDER_DISPLAY_A);
        FreeProws(rows);
        release(made);
    }
}

/* ---- being told ---- */

static void arguments_of_Advise(void **state)
{
    (void)state;
    static struct follower f;
    ULONG_PTR connection = 9;
    IMAPIAdviseSink *sink = sink_of(&f);
    assert_int_equal(table->lpVtbl->Advise(table, fnevTableModified, NULL, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(connection, 0);
    assert_int_equal(table->lpVtbl->Advise(table, fnevTableModified, sink, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->Advise(table, fnevNewMail, sink, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->Advise(table, 0, sink, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(table->lpVtbl->Unadvise(table, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(table->lpVtbl->Advise(table, fnevTableModified, sink, &connection), S_OK);
    assert_int_equal(session->lpVtbl->Unadvise(session, connection), MAPI_E_NOT_FOUND); /* it is the table's */
    IMAPITable *other = table_of(session);
    assert_int_equal(other->lpVtbl->Unadvise(other, connection), MAPI_E_NOT_FOUND);
    release(other);
    assert_int_equal(table->lpVtbl->Unadvise(table, connection), S_OK);
    assert_int_equal(table->lpVtbl->Unadvise(table, connection), MAPI_E_NOT_FOUND);
    assert_int_equal(sink->lpVtbl->Release(sink), 0); /* nobody kept it */
}

static void the_own_session_changes_the_profile(void **state)
{
    (void)state;
    static struct follower f;
    advise(table, &f);
    assert_string_equal(told(&f), "");
    MAPIUID service = add_store(session);
    assert_string_equal(f.text, ""); /* N1 */
    assert_string_equal(told(&f), "+Fake ");
    choose(session, MAPI_DEFAULT_STORE, 1);
    assert_string_equal(told(&f), "*Fake *Fake ");
    choose(session, MAPI_DEFAULT_STORE, 1); /* it is already */
    assert_string_equal(told(&f), "");
    rename_store(session, &f.rows[1].key, "Renamed");
    assert_string_equal(told(&f), "*Renamed ");
    remove_store(session, service);
    assert_string_equal(told(&f), "-Renamed ");
    assert_int_equal(create_profile("b"), S_OK); /* nothing that concerns the table */
    assert_string_equal(told(&f), "");
}

static void a_temporary_choice_is_told_to_its_session_only(void **state)
{
    (void)state;
    static struct follower mine, others;
    IMAPISession *other = log_on("a");
    IMAPITable *its = table_of(other);
    advise(table, &mine);
    advise(its, &others);
    choose(session, MAPI_SIMPLE_STORE_TEMPORARY, 0);
    assert_string_equal(told(&mine), "*Fake ");
    assert_string_equal(told(&others), "");
    release(its);
    log_off(other);
}

static void another_session_of_the_process_changes_it(void **state)
{
    (void)state;
    static struct follower f;
    IMAPISession *other = log_on("a");
    advise(table, &f);
    MAPIUID service = add_store(other);
    add_store(other);
    choose(other, MAPI_DEFAULT_STORE, 2);
    assert_string_equal(told(&f), "*Fake +Fake +Fake ");
    remove_store(other, service);
    assert_string_equal(told(&f), "-Fake ");
    log_off(other);
}

static void restriction_order_and_columns_hold(void **state)
{
    (void)state;
    static struct follower f;
    static const SizedSSortOrderSet(1, by_name) = {
        1, 0, 0, {{.ulPropTag = PR_DISPLAY_NAME_A, .ulOrder = TABLE_SORT_DESCEND}}};
    struct row rows[MOST];
    add_store(session);
    add_store(session);
    read_rows(table, rows);
    rename_store(session, &rows[0].key, "Xa");
    rename_store(session, &rows[1].key, "Xb");
    rename_store(session, &rows[2].key, "c");
    SPropValue from = {.ulPropTag = PR_DISPLAY_NAME_A, .Value.lpszA = (LPSTR) "X"};
    SRestriction restriction = {.rt = RES_CONTENT, .res.resContent = {FL_PREFIX, PR_DISPLAY_NAME_A, &from}};
    advise(table, &f);
    assert_int_equal(table->lpVtbl->Restrict(table, &restriction, 0), S_OK);
    assert_int_equal(table->lpVtbl->SortTable(table, (LPSSortOrderSet)(void *)(uintptr_t)&by_name, 0), S_OK);
    f.count = read_rows(table, f.rows);
    assert_int_equal(f.count, 2);
    assert_string_equal(told(&f), "");
    rename_store(session, &rows[2].key, "Xbb"); /* comes into view, at the top */
    assert_string_equal(told(&f), "+Xbb ");
    rename_store(session, &rows[0].key, "Xz"); /* goes there */
    assert_string_equal(told(&f), "*Xz ");
    rename_store(session, &rows[1].key, "gone");
    assert_string_equal(told(&f), "-Xb ");
}

/* Regression: IMAPITable::Advise was refused. Several on one table, and what Unadvise leaves. */
static void Unadvise_ends_it_and_gives_back_what_was_taken(void **state)
{
    (void)state;
    static struct follower a, b;
    dispatch();
    long before = descriptors();
    ULONG_PTR first = advise(table, &a), second = advise(table, &b);
    add_store(session);
    dispatch();
    assert_string_equal(a.text, "+Fake ");
    assert_string_equal(b.text, "+Fake ");
    add_store(session);
    assert_int_equal(table->lpVtbl->Unadvise(table, first), S_OK);
    dispatch();
    assert_string_equal(a.text, "+Fake ");
    assert_string_equal(b.text, "+Fake +Fake ");
    assert_int_equal(table->lpVtbl->Unadvise(table, second), S_OK);
    add_store(session);
    dispatch();
    assert_string_equal(b.text, "+Fake +Fake ");
    assert_int_equal(descriptors(), before);
    a.text[0] = '\0';
    advise(table, &a);
    add_store(session);
    assert_string_equal(told(&a), "+Fake ");
}

static void a_released_table_tells_nothing(void **state)
{
    (void)state;
    static struct follower f;
    long before = descriptors();
    IMAPITable *other = table_of(session);
    IMAPIAdviseSink *sink = sink_of(&f);
    ULONG_PTR connection;
    assert_int_equal(other->lpVtbl->Advise(other, fnevTableModified, sink, &connection), S_OK);
    add_store(session);
    release(other);
    dispatch();
    assert_string_equal(f.text, "");
    assert_int_equal(sink->lpVtbl->Release(sink), 0);
    assert_int_equal(descriptors(), before);
}

static void N5_nothing_comes_after_the_logoff(void **state)
{
    (void)state;
    static struct follower f, still;
    IMAPISession *other = log_on("a");
    IMAPITable *its = table_of(other);
    IMAPIAdviseSink *sink = sink_of(&f);
    ULONG_PTR connection;
    long before = descriptors();
    memset(&f, 0, sizeof f);
    assert_int_equal(its->lpVtbl->Advise(its, fnevTableModified, sink, &connection), S_OK);
    add_store(session);
    log_off(other);
    assert_int_equal(sink->lpVtbl->Release(sink), 0);
    assert_true(descriptors() <= before); /* the watch has gone with the session */
    add_store(session);
    dispatch();
    assert_string_equal(f.text, "");
    assert_int_equal(its->lpVtbl->Unadvise(its, connection), MAPI_E_INVALID_OBJECT);
    advise(table, &still); /* an ended one in the list does no harm */
    add_store(session);
    assert_string_equal(told(&still), "+Fake ");
    release(its);
}

static bool readable(LPMAPINOTIFYPORT port)
{
    struct pollfd descriptor = {.events = POLLIN};
    assert_int_equal(MapiNotifyPortDescriptor(port, &descriptor.fd), S_OK);
    return poll(&descriptor, 1, 0) == 1;
}

/* In the other process; answers the HRESULT. */
static MAPIUID child_service;

static long in_child(char command)
{
    static IMAPISession *its;
    HRESULT hr = S_OK;
    if (command == 'l') {
        hr = MAPIInitialize(NULL);
        hr = hr == S_OK ? (HRESULT)try_log_on("a", MAPI_NEW_SESSION | MAPI_NO_MAIL, &its) : hr;
    } else if (command == '+') {
        hr = try_change(its, FAKE_SERVICE, NULL, &child_service);
    } else if (command == '-') {
        hr = try_change(its, NULL, &child_service, NULL);
    } else {
        its->lpVtbl->Logoff(its, 0, 0, 0);
        its->lpVtbl->Release(its);
        MAPIUninitialize();
    }
    return hr;
}

static void another_process_changes_it(void **state)
{
    (void)state;
    static struct follower f;
    LPMAPINOTIFYPORT port = NULL;
    struct process child = process_start(in_child);
    struct row rows[MOST];
    assert_int_equal(process_do(&child, 'l'), S_OK);
    assert_int_equal(MapiNotifyPortCreate(&port), S_OK);
    advise(table, &f);
    dispatch();
    assert_false(readable(port));
    assert_int_equal(process_do(&child, '+'), S_OK);
    assert_true(readable(port)); /* whoever waits is woken */
    assert_int_equal(read_rows(table, rows), 2);
    assert_string_equal(told(&f), "+Fake ");
    assert_false(readable(port));
    assert_int_equal(process_do(&child, '-'), S_OK);
    assert_int_equal(MapiNotifyPortDispatch(port, 0, NULL), S_OK); /* any port's dispatch looks for all */
    assert_string_equal(told(&f), "-Fake ");
    assert_int_equal(process_do(&child, 'q'), S_OK);
    process_end(&child);
    MapiNotifyPortRelease(port);
}

/* ---- the wrong moment ---- */

static void *change_and_dispatch(void *context)
{
    HRESULT *hr = context;
    MAPIUID made;
    IMsgServiceAdmin2 *services = service_admin("a");
    *hr = services->lpVtbl->CreateMsgServiceEx(services, (LPTSTR)(void *)(uintptr_t)FAKE_SERVICE, NULL, 0, 0, &made);
    release(services);
    *hr = *hr == S_OK ? HrDispatchNotifications(0) : *hr;
    return NULL;
}

static HRESULT meanwhile;

static void another_thread_dispatches(IMAPISupport *support, void *context)
{
    pthread_t thread;
    (void)support, (void)context;
    assert_int_equal(pthread_create(&thread, NULL, change_and_dispatch, &meanwhile), 0);
    pthread_join(thread, NULL);
}

/* It hung for as long as the logon (with its dialog) took, had it waited for the session. */
static void a_dispatch_does_not_wait_for_the_session(void **state)
{
    (void)state;
    static struct follower f;
    ULONG size;
    LPENTRYID id;
    LPMDB store = NULL;
    first_store(session, &size, &id);
    advise(table, &f);
    meanwhile = MAPI_E_CALL_FAILED;
    fake_plan.during_logon = another_thread_dispatches;
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, size, id, NULL, MDB_NO_DIALOG, &store), S_OK);
    fake_plan.during_logon = NULL;
    assert_int_equal(meanwhile, S_OK);
    assert_string_equal(told(&f), "+Fake ");
    release(store);
    MAPIFreeBuffer(id);
}

static void *only_dispatch(void *context)
{
    HRESULT *hr = context;
    *hr = HrDispatchNotifications(0);
    return NULL;
}

static void another_thread_dispatches_within(IMAPISupport *support, IProviderAdmin *admin, ULONG context_of_call,
                                             void *context)
{
    pthread_t thread;
    (void)support, (void)admin, (void)context_of_call, (void)context;
    assert_int_equal(pthread_create(&thread, NULL, only_dispatch, &meanwhile), 0);
    pthread_join(thread, NULL);
}

/* It hung for as long as a service's entry point (with its dialog) took. */
static void a_dispatch_does_not_wait_for_a_change(void **state)
{
    (void)state;
    static struct follower f;
    LPMAPINOTIFYPORT port = NULL;
    assert_int_equal(MapiNotifyPortCreate(&port), S_OK);
    advise(table, &f);
    meanwhile = MAPI_E_CALL_FAILED;
    fake_plan.during_entry = another_thread_dispatches_within;
    add_store(session);
    fake_plan.during_entry = NULL;
    assert_int_equal(meanwhile, S_OK);
    assert_true(readable(port)); /* the other thread's look has not taken that away */
    assert_string_equal(told(&f), "+Fake ");
    MapiNotifyPortRelease(port);
}

static void dispatch_within(IMAPISupport *support, IProviderAdmin *admin, ULONG context_of_call, void *context)
{
    (void)support, (void)admin, (void)context_of_call, (void)context;
    dispatch();
}

static void what_is_rolled_back_is_not_told(void **state)
{
    (void)state;
    static struct follower f;
    MAPIUID made;
    advise(table, &f);
    fake_plan.during_entry = dispatch_within;
    fake_plan.entry[MSG_SERVICE_CREATE] = MAPI_E_USER_CANCEL;
    assert_int_equal(try_change(session, FAKE_SERVICE, NULL, &made), MAPI_E_USER_CANCEL);
    assert_string_equal(told(&f), "");
    fake_plan.entry[MSG_SERVICE_CREATE] = S_OK;
    assert_int_equal(try_change(session, FAKE_SERVICE, NULL, &made), S_OK);
    assert_string_equal(told(&f), "+Fake ");
}

static void R8_a_child_has_no_part_in_it(void **state)
{
    (void)state;
    static struct follower f, of_child;
    advise(table, &f);
    pid_t pid = child_start();
    if (pid == 0) {
        ULONG_PTR connection = 0;
        IMAPITable *its = NULL;
        MAPIUID made;
        EXPECT(table->lpVtbl->Unadvise(table, 1) == MAPI_E_NOT_INITIALIZED);
        EXPECT(MAPIInitialize(NULL) == S_OK);
        IMAPISession *own = child_logon("a", MAPI_NEW_SESSION | MAPI_NO_MAIL);
        EXPECT(own->lpVtbl->GetMsgStoresTable(own, 0, &its) == S_OK);
        EXPECT(its->lpVtbl->SetColumns(its, (LPSPropTagArray)(void *)(uintptr_t)&columns, 0) == S_OK);
        IMAPIAdviseSink *sink = NULL;
        EXPECT(HrAllocAdviseSink(hear, &of_child, &sink) == S_OK);
        EXPECT(its->lpVtbl->Advise(its, fnevTableModified, sink, &connection) == S_OK);
        sink->lpVtbl->Release(sink);
        release(table);
        release(session);
        EXPECT(try_change(own, FAKE_SERVICE, NULL, &made) == S_OK);
        EXPECT(HrDispatchNotifications(0) == S_OK);
        EXPECT(strcmp(of_child.text, "+Fake ") == 0);
        EXPECT(strcmp(f.text, "") == 0);
        release(its);
        EXPECT(own->lpVtbl->Logoff(own, 0, 0, 0) == S_OK);
        release(own);
        MAPIUninitialize();
        _exit(0);
    }
    expect_good_end(pid);
    assert_string_equal(told(&f), "+Fake ");
    add_store(session);
    assert_string_equal(told(&f), "+Fake ");
}

/* ---- failing memory ---- */

static struct follower swept;

static HRESULT advise_and_unadvise(void *sink)
{
    IMAPITable *made = NULL;
    ULONG_PTR connection = 0;
    HRESULT hr = session->lpVtbl->GetMsgStoresTable(session, 0, &made);
    if (hr != S_OK)
        return hr;
    hr = made->lpVtbl->Advise(made, fnevTableModified, sink, &connection);
    assert_true(hr == S_OK || connection == 0);
    hr = hr == S_OK ? made->lpVtbl->Unadvise(made, connection) : hr;
    release(made);
    return hr;
}

static HRESULT change_and_be_told(void *context)
{
    (void)context;
    static unsigned number;
    char name[20];
    SPropValue value = {.ulPropTag = PR_DISPLAY_NAME_A, .Value.lpszA = name};
    LPPROFSECT opened = NULL;
    LPSERVICEADMIN services = NULL;
    snprintf(name, sizeof name, "%u", number++);
    HRESULT hr = session->lpVtbl->AdminServices(session, 0, &services);
    if (hr != S_OK)
        return hr;
    hr = services->lpVtbl->OpenProfileSection(services, &swept.rows[0].key, NULL, MAPI_FORCE_ACCESS | MAPI_MODIFY,
                                              &opened);
    if (hr == S_OK) {
        hr = opened->lpVtbl->SetProps(opened, 1, &value, NULL);
        release(opened);
    }
    release(services);
    (void)HrDispatchNotifications(0);
    return hr;
}

static void when_memory_runs_out(void **state)
{
    (void)state;
    IMAPIAdviseSink *sink = sink_of(&swept);
    fault_sweep(advise_and_unadvise, sink);
    assert_int_equal(sink->lpVtbl->Release(sink), 0);
    advise(table, &swept);
    fault_sweep(change_and_be_told, NULL);
    swept.text[0] = '\0';
    bool failed = true;
    for (unsigned long n = 1; failed; n++) { /* what could not be read is not forgotten */
        assert_int_equal(change_and_be_told(NULL), S_OK);
        rename_store(session, &swept.rows[0].key, n % 2 ? "One" : "Two");
        swept.text[0] = '\0';
        fault_start_lasting(n);
        (void)HrDispatchNotifications(0);
        failed = fault_stop();
        dispatch();
        assert_string_not_equal(swept.text, "");
    }
    swept.text[0] = '\0';
    swept.wrong = 0;
    swept.count = read_rows(table, swept.rows);
    add_store(session);
    assert_string_equal(told(&swept), "+Fake ");
}

/* ---- threads ---- */

enum { ROUNDS = 40 };

static void *read_and_register(void *context)
{
    (void)context;
    for (int i = 0; i < ROUNDS; i++) {
        static struct follower ignored[2 * ROUNDS];
        static atomic_uint next;
        IMAPIAdviseSink *sink = NULL;
        LPSRowSet rows = NULL;
        ULONG_PTR connection;
        ULONG count;
        if (HrAllocAdviseSink(hear, &ignored[atomic_fetch_add(&next, 1) % (2 * ROUNDS)], &sink) != S_OK ||
            table->lpVtbl->Advise(table, fnevTableModified, sink, &connection) != S_OK ||
            table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 0, NULL) != S_OK ||
            table->lpVtbl->QueryRows(table, 9, 0, &rows) != S_OK ||
            table->lpVtbl->GetRowCount(table, 0, &count) != S_OK || table->lpVtbl->Unadvise(table, connection) != S_OK)
            return (void *)"use the table";
        FreeProws(rows);
        release(sink);
    }
    return NULL;
}

static void *change_it(void *context)
{
    IMAPISession *other = context;
    for (int i = 0; i < ROUNDS; i++) {
        MAPIUID made;
        if (try_change(other, FAKE_SERVICE, NULL, &made) != S_OK || HrDispatchNotifications(0) != S_OK ||
            try_change(other, NULL, &made, NULL) != S_OK)
            return (void *)"change the profile";
    }
    return NULL;
}

static void several_threads(void **state)
{
    (void)state;
    static struct follower f;
    pthread_t threads[3];
    IMAPISession *other = log_on("a");
    IMAPITable *its = table_of(session);
    advise(its, &f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i == 0 ? change_it : read_and_register, other), 0);
    for (int i = 0; i < 3; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    dispatch();
    f.text[0] = '\0';
    add_store(other);
    assert_string_equal(told(&f), "+Fake ");
    log_off(other);
    release(its);
}

#define IN_SESSION(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(the_table_shows_what_the_profile_says),
        IN_SESSION(cursor_and_bookmarks_stay),
        IN_SESSION(the_flag_says_how_wide_strings_are),
        IN_SESSION(arguments_of_Advise),
        IN_SESSION(the_own_session_changes_the_profile),
        IN_SESSION(a_temporary_choice_is_told_to_its_session_only),
        IN_SESSION(another_session_of_the_process_changes_it),
        IN_SESSION(restriction_order_and_columns_hold),
        IN_SESSION(Unadvise_ends_it_and_gives_back_what_was_taken),
        IN_SESSION(a_released_table_tells_nothing),
        IN_SESSION(N5_nothing_comes_after_the_logoff),
        IN_SESSION(another_process_changes_it),
        IN_SESSION(a_dispatch_does_not_wait_for_the_session),
        IN_SESSION(a_dispatch_does_not_wait_for_a_change),
        IN_SESSION(what_is_rolled_back_is_not_told),
        IN_SESSION(R8_a_child_has_no_part_in_it),
        IN_SESSION(when_memory_runs_out),
        IN_SESSION(several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
