/* The status table and status objects: status-tables.md, imapisession-getstatustable.md, imapisupport-modifystatusrow.md,
   imapistatusimapiprop.md and the pages of its methods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/fake_store.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/temp_home.h"

static IMAPISession *session; /* on the profile "a" with one fake store, for one test */
static ULONG store_size;
static LPENTRYID store_id;

static int setup(void **state)
{
    int result = mapi_setup(state);
    if (result == 0) {
        create_profile_with("a", FAKE_SERVICE);
        session = log_on("a");
        first_store(session, &store_size, &store_id);
    }
    return result;
}

static int teardown(void **state)
{
    log_off(session);
    MAPIFreeBuffer(store_id);
    return mapi_teardown(state);
}

static LPMDB open_store(void)
{
    LPMDB store = NULL;
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, store_size, store_id, NULL, MDB_WRITE, &store), S_OK);
    return store;
}

static IMAPITable *status_table(IMAPISession *of)
{
    LPMAPITABLE table = NULL;
    assert_int_equal(of->lpVtbl->GetStatusTable(of, 0, &table), S_OK);
    return table;
}

enum { NAME, CODE, METHODS, DLL, FLAGS_COLUMN, TYPE, ID, KEY, OBJECT, ROW, DISPLAY, TEXT, COLUMNS };
static const ULONG columns[COLUMNS] = {
    PR_DISPLAY_NAME_A,     PR_STATUS_CODE,    PR_RESOURCE_METHODS, PR_PROVIDER_DLL_NAME_A, PR_RESOURCE_FLAGS,
    PR_RESOURCE_TYPE,      PR_ENTRYID,        PR_INSTANCE_KEY,     PR_OBJECT_TYPE,         PR_ROWID,
    PR_PROVIDER_DISPLAY_A, PR_STATUS_STRING_A};

static LPSRowSet rows_of(IMAPISession *of)
{
    return all_rows(status_table(of), COLUMNS, columns);
}

static const SPropValue *row_of(LPSRowSet rows, ULONG type)
{
    for (ULONG i = 0; i < rows->cRows; i++)
        if (rows->aRow[i].lpProps[TYPE].Value.ul == type)
            return rows->aRow[i].lpProps;
    fail_msg("there is no row of the type %u", (unsigned)type);
    return NULL;
}

/* A copy of a row's entry identifier, for MAPIFreeBuffer. */
static LPENTRYID id_of(IMAPISession *of, ULONG type, ULONG *size)
{
    LPSRowSet rows = rows_of(of);
    const SBinary *bin = &row_of(rows, type)[ID].Value.bin;
    LPENTRYID id = NULL;
    assert_int_equal(MAPIAllocateBuffer(bin->cb, (LPVOID *)&id), S_OK);
    memcpy(id, bin->lpb, bin->cb);
    *size = bin->cb;
    FreeProws(rows);
    return id;
}

static HRESULT open_as(IMAPISession *of, ULONG type, LPCIID iid, ULONG flags, IMAPIStatus **out)
{
    ULONG size = 0, opened = 99;
    LPENTRYID id = id_of(of, type, &size);
    LPUNKNOWN object = (LPUNKNOWN)(uintptr_t)1;
    HRESULT hr = of->lpVtbl->OpenEntry(of, size, id, iid, flags, &opened, &object);
    if (SUCCEEDED(hr))
        assert_int_equal(opened, MAPI_STATUS);
    else
        assert_null(object);
    MAPIFreeBuffer(id);
    *out = (IMAPIStatus *)(void *)object;
    return hr;
}

static IMAPIStatus *open_status(IMAPISession *of, ULONG type)
{
    IMAPIStatus *status = NULL;
    assert_int_equal(open_as(of, type, NULL, 0, &status), S_OK);
    assert_non_null(status);
    return status;
}

/* Rows ---------------------------------------------------------------------------------------------------- */

static void every_row_has_the_documented_columns(void **state)
{
    (void)state;
    static const ULONG types[] = {MAPI_SUBSYSTEM, MAPI_SPOOLER, MAPI_AB, MAPI_STORE_PROVIDER};
    LPSRowSet rows = rows_of(session);
    assert_int_equal(rows->cRows, 4);
    for (ULONG i = 0; i < rows->cRows; i++) {
        const SPropValue *row = rows->aRow[i].lpProps;
        for (int column = 0; column < TEXT; column++)
            assert_int_equal(row[column].ulPropTag, columns[column]);
        assert_int_equal(row[TYPE].Value.ul, types[i]);
        assert_int_equal(row[OBJECT].Value.ul, MAPI_STATUS);
        assert_int_equal(row[ROW].Value.ul, i);
        assert_true(row[METHODS].Value.ul & STATUS_VALIDATE_STATE);
        for (ULONG k = 0; k < i; k++) {
            const SPropValue *other = rows->aRow[k].lpProps;
            assert_true(row[KEY].Value.bin.cb != other[KEY].Value.bin.cb ||
                        memcmp(row[KEY].Value.bin.lpb, other[KEY].Value.bin.lpb, row[KEY].Value.bin.cb) != 0);
        }
    }
    const SPropValue *subsystem = row_of(rows, MAPI_SUBSYSTEM);
    assert_string_equal(subsystem[NAME].Value.lpszA, "a"); /* finding-a-profile-name.md */
    assert_int_equal(subsystem[CODE].Value.ul, STATUS_AVAILABLE);
    assert_int_equal(subsystem[METHODS].Value.ul, STATUS_VALIDATE_STATE);
    const SPropValue *spooler = row_of(rows, MAPI_SPOOLER);
    assert_int_equal(spooler[CODE].Value.ul, STATUS_AVAILABLE);
    assert_int_equal(spooler[METHODS].Value.ul, STATUS_VALIDATE_STATE | STATUS_FLUSH_QUEUES);
    const SPropValue *book = row_of(rows, MAPI_AB);
    assert_int_equal(book[CODE].Value.ul, STATUS_FAILURE); /* OpenAddressBook: MAPI_E_NO_SUPPORT */
    assert_int_equal(book[METHODS].Value.ul, STATUS_VALIDATE_STATE);
    assert_int_equal(book[TEXT].ulPropTag, PR_STATUS_STRING_A);
    const SPropValue *store = row_of(rows, MAPI_STORE_PROVIDER);
    assert_string_equal(store[DLL].Value.lpszA, "fake");
    assert_string_equal(store[DISPLAY].Value.lpszA, "Fake provider");
    assert_true(store[FLAGS_COLUMN].Value.ul & STATUS_DEFAULT_STORE);
    FreeProws(rows);
}

static void initial_columns_are_as_wide_as_asked_for(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        LPMAPITABLE table = NULL;
        LPSPropTagArray tags = NULL;
        LPSRowSet rows = NULL;
        ULONG text = wide ? PT_UNICODE : PT_STRING8;
        assert_int_equal(session->lpVtbl->GetStatusTable(session, wide ? MAPI_UNICODE : 0, &table), S_OK);
        assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &tags), S_OK);
        bool named = false;
        for (ULONG i = 0; i < tags->cValues; i++) {
            ULONG type = PROP_TYPE(tags->aulPropTag[i]);
            assert_true(type == text || (type != PT_UNICODE && type != PT_STRING8));
            named = named || tags->aulPropTag[i] == CHANGE_PROP_TYPE(PR_DISPLAY_NAME, text);
        }
        assert_true(named);
        assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
        assert_int_equal(rows->aRow[0].lpProps[0].ulPropTag, CHANGE_PROP_TYPE(PR_DISPLAY_NAME, text));
        FreeProws(rows);
        MAPIFreeBuffer(tags);
        release(table);
    }
}

static void GetStatusTable_checks_its_arguments(void **state)
{
    (void)state;
    LPMAPITABLE table = (LPMAPITABLE)(uintptr_t)1;
    assert_int_equal(session->lpVtbl->GetStatusTable(session, 4, &table), MAPI_E_UNKNOWN_FLAGS);
    assert_null(table);
    assert_non_null(MapiErrorDetail(MAPI_E_UNKNOWN_FLAGS));
    assert_int_equal(session->lpVtbl->GetStatusTable(session, 0, NULL), MAPI_E_INVALID_PARAMETER);
}

static void a_session_without_mail_has_no_use_of_the_spooler(void **state)
{
    (void)state;
    IMAPISession *other = NULL;
    create_profile_with("b", FAKE_BARE_SERVICE); /* two transports */
    for (int no_mail = 0; no_mail < 2; no_mail++) {
        assert_int_equal(try_log_on("b", MAPI_NEW_SESSION | (no_mail ? MAPI_NO_MAIL : 0), &other), S_OK);
        LPSRowSet rows = rows_of(other);
        const SPropValue *spooler = row_of(rows, MAPI_SPOOLER);
        assert_int_equal(rows->cRows, no_mail ? 3 : 5);
        assert_int_equal((spooler[CODE].Value.ul & STATUS_FAILURE) != 0, no_mail);
        assert_int_equal((spooler[METHODS].Value.ul & STATUS_FLUSH_QUEUES) != 0, !no_mail);
        if (!no_mail)
            assert_int_equal(row_of(rows, MAPI_TRANSPORT_PROVIDER)[CODE].Value.ul, STATUS_FAILURE);
        FreeProws(rows);
        IMAPIStatus *status = open_status(other, MAPI_SPOOLER);
        assert_int_equal(status->lpVtbl->FlushQueues(status, 0, 0, NULL, FLUSH_UPLOAD),
                         no_mail ? MAPI_E_NO_SUPPORT : S_OK);
        release(status);
        log_off(other);
    }
}

/* ModifyStatusRow ----------------------------------------------------------------------------------------- */

static void say(SPropValue *value, ULONG tag, ULONG number)
{
    *value = (SPropValue){.ulPropTag = tag};
    value->Value.ul = number;
}

static void O13_a_provider_has_its_row_before_its_logon_and_after_its_logoff(void **state)
{
    (void)state;
    LPSRowSet rows = rows_of(session);
    assert_int_equal(fake_log.logons, 0); /* nobody was logged on for it */
    assert_string_equal(row_of(rows, MAPI_STORE_PROVIDER)[NAME].Value.lpszA, "Fake");
    assert_int_equal(row_of(rows, MAPI_STORE_PROVIDER)[CODE].Value.ul, STATUS_AVAILABLE);
    FreeProws(rows);
    say(&fake_plan.status[0], PR_STATUS_CODE, STATUS_OFFLINE);
    say(&fake_plan.status[1], PR_RESOURCE_METHODS, STATUS_VALIDATE_STATE | STATUS_SETTINGS_DIALOG);
    fake_plan.status_count = 2;
    LPMDB store = open_store();
    rows = rows_of(session);
    assert_int_equal(rows->cRows, 4);
    assert_string_equal(row_of(rows, MAPI_STORE_PROVIDER)[NAME].Value.lpszA, "a fake store");
    assert_int_equal(row_of(rows, MAPI_STORE_PROVIDER)[CODE].Value.ul, STATUS_OFFLINE);
    assert_int_equal(row_of(rows, MAPI_STORE_PROVIDER)[METHODS].Value.ul,
                     STATUS_VALIDATE_STATE | STATUS_SETTINGS_DIALOG);
    FreeProws(rows);
    release(store);
    rows = rows_of(session);
    assert_string_equal(row_of(rows, MAPI_STORE_PROVIDER)[NAME].Value.lpszA, "Fake");
    FreeProws(rows);
}

static void STATUSROW_UPDATE_merges_and_its_absence_replaces(void **state)
{
    (void)state;
    SPropValue values[2];
    LPMDB store = open_store();
    IMAPISupport *support = fake_support();
    say(&values[0], PR_STATUS_CODE, STATUS_FAILURE);
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, values, STATUSROW_UPDATE), S_OK);
    LPSRowSet rows = rows_of(session);
    assert_string_equal(row_of(rows, MAPI_STORE_PROVIDER)[NAME].Value.lpszA, "a fake store");
    assert_int_equal(row_of(rows, MAPI_STORE_PROVIDER)[CODE].Value.ul, STATUS_FAILURE);
    FreeProws(rows);
    say(&values[0], PR_RESOURCE_METHODS, 0);
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, values, 0), S_OK);
    rows = rows_of(session);
    assert_string_equal(row_of(rows, MAPI_STORE_PROVIDER)[NAME].Value.lpszA, "Fake"); /* the section's again */
    assert_int_equal(row_of(rows, MAPI_STORE_PROVIDER)[METHODS].Value.ul, 0);
    FreeProws(rows);
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, values, 4), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, NULL, 0), MAPI_E_INVALID_PARAMETER);
    release(store);
}

static void what_MAPI_computes_wins_and_what_a_provider_adds_can_be_had(void **state)
{
    (void)state;
    static const ULONG wanted[] = {PR_STORE_RECORD_KEY, PR_ENTRYID, PR_RESOURCE_TYPE, PR_RESOURCE_FLAGS,
                                   PR_PROVIDER_DLL_NAME_A};
    SPropValue values[4] = {{.ulPropTag = PR_STORE_RECORD_KEY}, {.ulPropTag = PR_ENTRYID}};
    values[0].Value.bin = (SBinary){4, (LPBYTE)(uintptr_t) "key"};
    values[1].Value.bin = (SBinary){4, (LPBYTE)(uintptr_t) "bad"};
    say(&values[2], PR_RESOURCE_TYPE, 4711);
    say(&values[3], PR_RESOURCE_FLAGS, STATUS_PRIMARY_IDENTITY | STATUS_SIMPLE_STORE);
    memcpy(fake_plan.status, values, sizeof values);
    fake_plan.status_count = 4;
    LPMDB store = open_store();
    LPSRowSet rows = all_rows(status_table(session), 5, wanted);
    assert_int_equal(rows->aRow[0].lpProps[0].ulPropTag, PR_NULL);
    const SPropValue *row = rows->aRow[3].lpProps;
    assert_int_equal(row[0].Value.bin.cb, 4);
    assert_memory_equal(row[0].Value.bin.lpb, "key", 4);
    assert_int_not_equal(row[1].Value.bin.cb, 4);
    assert_int_equal(row[2].Value.ul, MAPI_STORE_PROVIDER);
    /* The identity is the provider's affair (retrieving-primary-and-provider-identity.md), the store's role is not. */
    assert_int_equal(row[3].Value.ul, STATUS_DEFAULT_STORE | STATUS_PRIMARY_IDENTITY);
    assert_string_equal(row[4].Value.lpszA, "fake");
    FreeProws(rows);
    release(store);
}

static void a_store_that_is_not_in_the_profile_has_a_row_while_it_is_open(void **state)
{
    (void)state;
    MAPIUID uid = {{9, 8, 7}};
    ULONG size = 0;
    LPENTRYID id = NULL;
    LPMDB store = NULL;
    fake_store_entryid(&uid, &size, &id);
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, size, id, NULL, MDB_TEMPORARY, &store), S_OK);
    LPSRowSet rows = rows_of(session);
    assert_int_equal(rows->cRows, 5);
    const SPropValue *row = rows->aRow[4].lpProps;
    assert_string_equal(row[NAME].Value.lpszA, "a fake store");
    assert_string_equal(row[DLL].Value.lpszA, "fake");
    assert_int_equal(row[FLAGS_COLUMN].Value.ul, STATUS_NO_DEFAULT_STORE);
    LPUNKNOWN object = NULL;
    ULONG type = 0;
    assert_int_equal(session->lpVtbl->OpenEntry(session, row[ID].Value.bin.cb, (LPENTRYID)row[ID].Value.bin.lpb, NULL,
                                                0, &type, &object),
                     S_OK);
    IMAPIStatus *status = (IMAPIStatus *)(void *)object;
    assert_int_equal(status->lpVtbl->ValidateState(status, 0, 0), S_OK);
    release(store); /* and the row is gone */
    assert_int_equal(status->lpVtbl->ValidateState(status, 0, 0), MAPI_E_OBJECT_DELETED);
    assert_int_equal(session->lpVtbl->OpenEntry(session, row[ID].Value.bin.cb, (LPENTRYID)row[ID].Value.bin.lpb, NULL,
                                                0, &type, &object),
                     MAPI_E_NOT_FOUND);
    release(status);
    FreeProws(rows);
    MAPIFreeBuffer(id);
}

static void O16_a_service_that_failed_says_so(void **state)
{
    (void)state;
    LPMDB store = NULL;
    fake_plan.logon[0] = MAPI_E_CORRUPT_STORE;
    assert_int_equal(session->lpVtbl->OpenMsgStore(session, 0, store_size, store_id, NULL, 0, &store),
                     MAPI_E_CORRUPT_STORE);
    LPSRowSet rows = rows_of(session);
    assert_int_equal(row_of(rows, MAPI_STORE_PROVIDER)[CODE].Value.ul, STATUS_FAILURE);
    assert_int_equal(row_of(rows, MAPI_STORE_PROVIDER)[TEXT].ulPropTag, PR_STATUS_STRING_A);
    FreeProws(rows);
}

/* imapisession-setdefaultstore.md: the temporary choice is for the tables of this session only. */
static void a_temporary_simple_store_is_shown_by_both_tables_of_this_session(void **state)
{
    (void)state;
    static const ULONG column = PR_RESOURCE_FLAGS;
    for (int step = 0; step < 3; step++) {
        ULONG how = step < 2 ? MAPI_SIMPLE_STORE_TEMPORARY : MAPI_SIMPLE_STORE_PERMANENT;
        assert_int_equal(session->lpVtbl->SetDefaultStore(session, how, store_size, step == 1 ? NULL : store_id), S_OK);
        ULONG expected = step == 1 ? 0 : STATUS_SIMPLE_STORE;
        IMAPISession *other = log_on("a");
        for (int who = 0; who < 2; who++) {
            IMAPISession *of = who == 0 ? session : other;
            ULONG seen = who == 0 || step == 2 ? expected : 0;
            LPMAPITABLE table = NULL;
            LPSRowSet rows = rows_of(of);
            assert_int_equal(row_of(rows, MAPI_STORE_PROVIDER)[FLAGS_COLUMN].Value.ul & STATUS_SIMPLE_STORE, seen);
            FreeProws(rows);
            assert_int_equal(of->lpVtbl->GetMsgStoresTable(of, 0, &table), S_OK);
            rows = all_rows(table, 1, &column);
            assert_int_equal(rows->aRow[0].lpProps[0].Value.ul & STATUS_SIMPLE_STORE, seen);
            FreeProws(rows);
        }
        log_off(other);
    }
}

/* OpenEntry ----------------------------------------------------------------------------------------------- */

static void a_provider_answers_with_its_own_object(void **state)
{
    (void)state;
    LPMDB store = open_store();
    IMAPIStatus *status = NULL;
    fake_plan.status_object = S_FALSE;
    assert_int_equal(open_as(session, MAPI_STORE_PROVIDER, NULL, MAPI_MODIFY | MAPI_BEST_ACCESS, &status), S_OK);
    assert_ptr_equal(status, store);
    assert_int_equal(fake_log.status_flags, MAPI_MODIFY);
    release(status);
    fake_plan.status_object = MAPI_E_NO_ACCESS;
    assert_int_equal(open_as(session, MAPI_STORE_PROVIDER, NULL, 0, &status), MAPI_E_NO_ACCESS);
    fake_plan.status_object = MAPI_E_NO_SUPPORT; /* stores may choose: MAPI stands in */
    status = open_status(session, MAPI_STORE_PROVIDER);
    assert_int_equal(status->lpVtbl->ValidateState(status, 0, 0), S_OK);
    release(status);
    release(store);
}

static void OpenEntry_of_a_status_row(void **state)
{
    (void)state;
    IMAPIStatus *status = NULL;
    LPUNKNOWN object = (LPUNKNOWN)(uintptr_t)1;
    ULONG size = 0, type = 0;
    assert_int_equal(open_as(session, MAPI_SUBSYSTEM, &IID_IMAPIProp, 0, &status), S_OK);
    release(status);
    assert_int_equal(open_as(session, MAPI_SUBSYSTEM, &IID_IUnknown, MAPI_MODIFY, &status),
                     S_OK); /* read-only all the same */
    release(status);
    assert_int_equal(open_as(session, MAPI_SUBSYSTEM, &IID_IMessage, 0, &status), MAPI_E_INTERFACE_NOT_SUPPORTED);
    LPENTRYID id = id_of(session, MAPI_SUBSYSTEM, &size);
    assert_int_equal(session->lpVtbl->OpenEntry(session, size - 1, id, NULL, 0, &type, &object),
                     MAPI_E_UNKNOWN_ENTRYID);
    assert_null(object);
    ((unsigned char *)id)[20] ^= 1; /* another type: no such row */
    assert_int_equal(session->lpVtbl->OpenEntry(session, size, id, NULL, 0, &type, &object), MAPI_E_NOT_FOUND);
    ((unsigned char *)id)[20] ^= 1;
    assert_int_equal(session->lpVtbl->OpenEntry(session, size, id, NULL, 0, NULL, &object), S_OK);
    release(object);
    MAPIFreeBuffer(id);
}

static void CompareEntryIDs_knows_status_rows(void **state)
{
    (void)state;
    ULONG one_size = 0, two_size = 0, same = 9;
    LPENTRYID one = id_of(session, MAPI_SUBSYSTEM, &one_size);
    LPENTRYID two = id_of(session, MAPI_STORE_PROVIDER, &two_size);
    IMAPISession *of = session;
    assert_int_equal(of->lpVtbl->CompareEntryIDs(of, one_size, one, one_size, one, 0, &same), S_OK);
    assert_true(same);
    assert_int_equal(of->lpVtbl->CompareEntryIDs(of, one_size, one, two_size, two, 0, &same), S_OK);
    assert_false(same);
    same = 9;
    assert_int_equal(of->lpVtbl->CompareEntryIDs(of, store_size, store_id, two_size, two, 0, &same), S_OK);
    assert_false(same);
    assert_int_equal(of->lpVtbl->CompareEntryIDs(of, one_size - 1, one, two_size, two, 0, &same),
                     MAPI_E_UNKNOWN_ENTRYID);
    MAPIFreeBuffer(one);
    MAPIFreeBuffer(two);
}

/* The objects --------------------------------------------------------------------------------------------- */

static void a_status_object_has_its_rows_properties_and_is_read_only(void **state)
{
    (void)state;
    static const SizedSPropTagArray(4, tags) = {4, {PR_DISPLAY_NAME_A, PR_OBJECT_TYPE, PR_ROWID, PR_RESOURCE_TYPE}};
    IMAPIStatus *status = open_status(session, MAPI_SUBSYSTEM);
    LPSPropValue values = NULL;
    LPSPropTagArray list = NULL;
    LPSPropProblemArray problems = NULL;
    LPUNKNOWN object = (LPUNKNOWN)(uintptr_t)1;
    LPMAPIERROR error = NULL;
    LPMAPINAMEID *names = (LPMAPINAMEID *)(uintptr_t)1;
    ULONG count = 0;
    assert_int_equal(status->lpVtbl->GetProps(status, (LPSPropTagArray)(uintptr_t)&tags, 0, &count, &values),
                     MAPI_W_ERRORS_RETURNED); /* PR_ROWID is a column only */
    assert_string_equal(values[0].Value.lpszA, "a");
    assert_int_equal(values[1].Value.ul, MAPI_STATUS);
    assert_int_equal(values[2].ulPropTag, CHANGE_PROP_TYPE(PR_ROWID, PT_ERROR));
    assert_int_equal(values[3].Value.ul, MAPI_SUBSYSTEM);
    MAPIFreeBuffer(values);
    assert_int_equal(status->lpVtbl->GetPropList(status, MAPI_UNICODE, &list), S_OK);
    for (ULONG i = 0; i < list->cValues; i++)
        assert_int_not_equal(list->aulPropTag[i], PR_ROWID);
    MAPIFreeBuffer(list);
    SPropValue value;
    say(&value, PR_STATUS_CODE, 0);
    assert_int_equal(status->lpVtbl->SetProps(status, 1, &value, &problems), S_OK);
    assert_int_equal(problems->aProblem[0].scode, MAPI_E_NO_ACCESS);
    MAPIFreeBuffer(problems);
    assert_int_equal(status->lpVtbl->DeleteProps(status, (LPSPropTagArray)(uintptr_t)&tags, &problems),
                     MAPI_E_NO_ACCESS);
    assert_int_equal(status->lpVtbl->SaveChanges(status, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(status->lpVtbl->SaveChanges(status, 0x40), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(status->lpVtbl->GetLastError(status, MAPI_E_UNKNOWN_FLAGS, 0, &error), S_OK);
    assert_non_null(strstr(error->lpszError, "SaveChanges"));
    MAPIFreeBuffer(error);
    assert_int_equal(status->lpVtbl->OpenProperty(status, PR_DISPLAY_NAME_A, &IID_IStream, 0, 0, &object),
                     MAPI_E_NO_SUPPORT);
    assert_null(object);
    assert_int_equal(status->lpVtbl->GetNamesFromIDs(status, &list, NULL, 0, &count, &names), MAPI_E_NO_SUPPORT);
    assert_null(names);
    assert_int_equal(status->lpVtbl->GetIDsFromNames(status, 0, NULL, 0, &list), MAPI_E_NO_SUPPORT);
    assert_int_equal(status->lpVtbl->CopyTo(status, 0, NULL, NULL, 0, NULL, &IID_IMAPIProp, status, 0, NULL),
                     MAPI_E_NO_ACCESS); /* onto itself */
    assert_int_equal(live("status"), 1);
    release(status);
    assert_int_equal(live("status"), 0);
}

static void which_methods_MAPIs_objects_support(void **state)
{
    (void)state;
    static const ULONG types[] = {MAPI_SUBSYSTEM, MAPI_SPOOLER, MAPI_AB, MAPI_STORE_PROVIDER};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        IMAPIStatus *status = open_status(session, types[i]);
        const IMAPIStatusVtbl *methods = status->lpVtbl;
        assert_int_equal(methods->ValidateState(status, 0, 0), S_OK);
        assert_int_equal(methods->ValidateState(status, 0, SUPPRESS_UI | CONFIG_CHANGED), S_OK);
        assert_int_equal(methods->ValidateState(status, 0, FORCE_XP_CONNECT), MAPI_E_NO_SUPPORT);
        assert_int_equal(methods->ValidateState(status, 0, SHOW_XP_SESSION_UI), MAPI_E_NO_SUPPORT);
        assert_int_equal(methods->ValidateState(status, 0, 0x10), MAPI_E_UNKNOWN_FLAGS);
        assert_int_equal(methods->SettingsDialog(status, 0, UI_READONLY), MAPI_E_NO_SUPPORT);
        assert_int_equal(methods->ChangePassword(status, NULL, NULL, 0), MAPI_E_NO_SUPPORT);
        HRESULT hr = methods->FlushQueues(status, 0, 0, NULL, FLUSH_UPLOAD | FLUSH_DOWNLOAD | FLUSH_NO_UI);
        assert_int_equal(hr, types[i] == MAPI_SPOOLER ? S_OK : MAPI_E_NO_SUPPORT);
        if (types[i] == MAPI_SPOOLER) {
            assert_int_equal(methods->FlushQueues(status, 0, 0, NULL, 1), MAPI_E_UNKNOWN_FLAGS);
            assert_int_equal(methods->FlushQueues(status, 0, 0, store_id, FLUSH_UPLOAD), MAPI_E_INVALID_PARAMETER);
            assert_int_equal(methods->FlushQueues(status, 0, store_size, store_id, FLUSH_UPLOAD),
                             MAPI_E_UNKNOWN_ENTRYID);
        }
        release(status);
    }
}

/* The subsystem's object looks at all stores, a store's at its own. */
static void ValidateState_finds_a_store_that_cannot_be_used(void **state)
{
    (void)state;
    create_profile_with("real", "LUAMAPI");
    IMAPISession *real = log_on("real");
    IMAPIStatus *subsystem = open_status(real, MAPI_SUBSYSTEM);
    IMAPIStatus *store = open_status(real, MAPI_STORE_PROVIDER);
    assert_int_equal(subsystem->lpVtbl->ValidateState(subsystem, 0, 0), S_OK);
    assert_int_equal(store->lpVtbl->ValidateState(store, 0, 0), S_OK);
    assert_int_equal(rename(temp_home_file("stores"), temp_home_file("elsewhere")), 0);
    assert_int_equal(store->lpVtbl->ValidateState(store, 0, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(subsystem->lpVtbl->ValidateState(subsystem, 0, 0), MAPI_E_NOT_FOUND);
    assert_int_equal(rename(temp_home_file("elsewhere"), temp_home_file("stores")), 0);
    assert_int_equal(subsystem->lpVtbl->ValidateState(subsystem, 0, 0), S_OK);
    release(subsystem);
    release(store);
    log_off(real);
}

static void L13_after_the_logoff_status_objects_and_tables_are_invalid(void **state)
{
    (void)state;
    IMAPISession *other = log_on("a");
    IMAPIStatus *status = open_status(other, MAPI_SUBSYSTEM);
    IMAPITable *table = status_table(other);
    LPSPropValue values = (LPSPropValue)(uintptr_t)1;
    void *found = NULL;
    ULONG count = 0;
    log_off(other);
    assert_int_equal(status->lpVtbl->ValidateState(status, 0, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(status->lpVtbl->FlushQueues(status, 0, 0, NULL, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(status->lpVtbl->GetProps(status, NULL, 0, &count, &values), MAPI_E_INVALID_OBJECT);
    assert_null(values);
    assert_int_equal(status->lpVtbl->QueryInterface(status, &IID_IMAPIStatus, &found), E_NOINTERFACE);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), MAPI_E_INVALID_OBJECT);
    release(status);
    release(table);
}

/* Memory -------------------------------------------------------------------------------------------------- */

static HRESULT read_it_all(void *context)
{
    LPMAPITABLE table = NULL;
    LPSRowSet rows = NULL;
    (void)context;
    HRESULT hr = session->lpVtbl->GetStatusTable(session, MAPI_UNICODE, &table);
    if (FAILED(hr))
        return hr;
    hr = table->lpVtbl->QueryRows(table, 100, 0, &rows);
    release(table);
    if (SUCCEEDED(hr)) {
        assert_int_equal(rows->cRows, 4);
        FreeProws(rows);
    }
    return hr;
}

static void failing_memory_in_the_table(void **state)
{
    (void)state;
    LPMDB store = open_store();
    assert_true(fault_sweep(read_it_all, NULL) > 10);
    release(store);
}

static HRESULT open_and_read(void *context)
{
    ULONG *size = context;
    LPUNKNOWN object = NULL;
    LPSPropValue values = NULL;
    ULONG type = 0, count = 0;
    LPENTRYID id = (LPENTRYID)(void *)(size + 1);
    HRESULT hr = session->lpVtbl->OpenEntry(session, *size, id, NULL, 0, &type, &object);
    if (FAILED(hr))
        return hr;
    IMAPIStatus *status = (IMAPIStatus *)(void *)object;
    hr = status->lpVtbl->GetProps(status, NULL, 0, &count, &values);
    MAPIFreeBuffer(values);
    if (hr == S_OK)
        hr = status->lpVtbl->ValidateState(status, 0, 0);
    release(status);
    return hr;
}

static void failing_memory_in_an_object(void **state)
{
    (void)state;
    ULONG room[64];
    LPENTRYID id = id_of(session, MAPI_STORE_PROVIDER, room);
    memcpy(room + 1, id, room[0]);
    MAPIFreeBuffer(id);
    assert_true(fault_sweep(open_and_read, room) > 10);
}

#define IN_SESSION(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(every_row_has_the_documented_columns),
        IN_SESSION(initial_columns_are_as_wide_as_asked_for),
        IN_SESSION(GetStatusTable_checks_its_arguments),
        IN_SESSION(a_session_without_mail_has_no_use_of_the_spooler),
        IN_SESSION(O13_a_provider_has_its_row_before_its_logon_and_after_its_logoff),
        IN_SESSION(STATUSROW_UPDATE_merges_and_its_absence_replaces),
        IN_SESSION(what_MAPI_computes_wins_and_what_a_provider_adds_can_be_had),
        IN_SESSION(a_store_that_is_not_in_the_profile_has_a_row_while_it_is_open),
        IN_SESSION(O16_a_service_that_failed_says_so),
        IN_SESSION(a_temporary_simple_store_is_shown_by_both_tables_of_this_session),
        IN_SESSION(a_provider_answers_with_its_own_object),
        IN_SESSION(OpenEntry_of_a_status_row),
        IN_SESSION(CompareEntryIDs_knows_status_rows),
        IN_SESSION(a_status_object_has_its_rows_properties_and_is_read_only),
        IN_SESSION(which_methods_MAPIs_objects_support),
        IN_SESSION(ValidateState_finds_a_store_that_cannot_be_used),
        IN_SESSION(L13_after_the_logoff_status_objects_and_tables_are_invalid),
        IN_SESSION(failing_memory_in_the_table),
        IN_SESSION(failing_memory_in_an_object),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
