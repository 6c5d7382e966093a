/* The store object, its provider and its logon; the file: imsgstoreimapiprop.md, imsprovideriunknown.md,
 * imslogoniunknown.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapispi.h>
#include <mapiutil.h>

#include "store/entryid.h"
#include "store/store.h"
#include "support/mapi.h"
#include "support/store_helper.h"
#include "support/temp_home.h"

#define TEXT(text) ((LPSTR)(uintptr_t)(text))
#define ID(id)     (id).cb, (LPENTRYID)(void *)(id).lpb

static void the_store_names_its_folders(void **state)
{
    static const struct {
        ULONG tag;
        const char *name;
    } folders[] = {{PR_IPM_SUBTREE_ENTRYID, "Top of Personal Folders"},
                   {PR_IPM_OUTBOX_ENTRYID, "Outbox"},
                   {PR_IPM_WASTEBASKET_ENTRYID, "Deleted Items"},
                   {PR_IPM_SENTMAIL_ENTRYID, "Sent Items"},
                   {PR_VIEWS_ENTRYID, "Views"},
                   {PR_COMMON_VIEWS_ENTRYID, "Common Views"},
                   {PR_FINDER_ENTRYID, "Search Root"}};
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        IMAPIFolder *folder = open_named(the_store, folders[i].tag, 0);
        assert_string_equal(text_of(folder, PR_DISPLAY_NAME), folders[i].name);
        release(folder);
    }
    assert_int_equal(long_of(the_store, PR_VALID_FOLDER_MASK), 0xFF);
    assert_int_equal(long_of(the_store, PR_OBJECT_TYPE), MAPI_STORE);
    assert_int_equal(long_of(the_store, PR_ACCESS_LEVEL), MAPI_MODIFY);
    assert_int_equal(binary(the_store, PR_MDB_PROVIDER).cb, 16);
    assert_memory_equal(binary(the_store, PR_RECORD_KEY).lpb, binary(the_store, PR_STORE_RECORD_KEY).lpb, 16);
    IMAPIFolder *box = inbox();
    IMAPIFolder *drafts = open_named(box, PR_IPM_DRAFTS_ENTRYID, 0);
    assert_string_equal(text_of(drafts, PR_DISPLAY_NAME), "Drafts");
    release(drafts);
    release(box);
    IMAPIFolder *root = NULL;
    ULONG type = 0;
    assert_int_equal(the_store->lpVtbl->OpenEntry(the_store, 0, NULL, NULL, 0, &type, (LPUNKNOWN *)&root), S_OK);
    assert_int_equal(type, MAPI_FOLDER);
    assert_int_equal(long_of(root, PR_FOLDER_TYPE), FOLDER_ROOT);
    assert_memory_equal(entryid(root).lpb, binary(root, PR_PARENT_ENTRYID).lpb, 32);
    release(root);
    put_text(the_store, PR_DISPLAY_NAME, "Mine");
    put_text(the_store, PR_COMMENT, "c");
    IMsgStore *second = open_store(0);
    assert_string_equal(text_of(second, PR_DISPLAY_NAME), "Mine");
    assert_string_equal(text_of(second, PR_COMMENT), "c");
    release(second);
    SPropValue value = number_value(PR_STORE_SUPPORT_MASK, 1);
    assert_int_equal(put_error(the_store, &value), MAPI_E_COMPUTED);
    assert_int_equal(save(the_store, 0), S_OK);
}

/* pidtagstoresupportmask-canonical-property.md. Tables have categories, which the mask did not say. The store does not keep bodies
 * in RTF in step with the others, nor has it IStorage, public folders, rules or instances of multi-valued rows. */
static void the_store_says_what_it_can_do(void **state)
{
    (void)state;
    const ULONG always = STORE_ENTRYID_UNIQUE | STORE_ATTACH_OK | STORE_MV_PROPS_OK | STORE_RESTRICTION_OK |
                         STORE_SORT_OK | STORE_CATEGORIZE_OK | STORE_HTML_OK | STORE_ANSI_OK | STORE_UNICODE_OK |
                         STORE_LOCALSTORE | STORE_NOTIFY_OK;
    IMsgStore *reader = open_store(0);
    assert_int_equal(long_of(the_store, PR_STORE_SUPPORT_MASK),
                     always | STORE_MODIFY_OK | STORE_CREATE_OK | STORE_SUBMIT_OK | STORE_SEARCH_OK);
    assert_int_equal(long_of(reader, PR_STORE_SUPPORT_MASK), always | STORE_READONLY);
    release(reader);
}

static void bad_entry_identifiers(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    SBinary good = add_message(folder, "x");
    unsigned char bytes[64];
    ULONG type = 77;
    LPUNKNOWN object = (LPUNKNOWN)(uintptr_t)1;
#define OPEN(size) the_store->lpVtbl->OpenEntry(the_store, size, (LPENTRYID)(void *)bytes, NULL, 0, &type, &object)
    for (ULONG size = 0; size < 64; size++) { /* cut short, or with something behind */
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, good.lpb, 32);
        assert_int_equal(OPEN(size), size == 32 ? S_OK : MAPI_E_INVALID_ENTRYID);
        if (size == 32)
            release(object);
        else
            assert_null(object);
    }
    for (int i = 0; i < 32; i++) { /* one byte changed */
        memcpy(bytes, good.lpb, 32);
        bytes[i] ^= 0x55;
        HRESULT hr = OPEN(32);
        assert_int_equal(hr, i < 4 ? MAPI_E_INVALID_ENTRYID : i < 20 ? MAPI_E_UNKNOWN_ENTRYID : hr);
        assert_true(hr == MAPI_E_INVALID_ENTRYID || hr == MAPI_E_UNKNOWN_ENTRYID || hr == MAPI_E_NOT_FOUND);
        assert_null(object);
    }
    srand(1);
    for (int i = 0; i < 1000; i++) {
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (unsigned char)rand();
        HRESULT hr = OPEN((ULONG)rand() % 64);
        assert_true(hr == MAPI_E_INVALID_ENTRYID || hr == MAPI_E_UNKNOWN_ENTRYID);
    }
    assert_int_equal(the_store->lpVtbl->OpenEntry(the_store, 32, NULL, NULL, 0, &type, &object),
                     MAPI_E_INVALID_PARAMETER);
    memcpy(bytes, good.lpb, 32);
    assert_int_equal(
        the_store->lpVtbl->OpenEntry(the_store, 32, (LPENTRYID)(void *)bytes, &IID_IMAPIFolder, 0, &type, &object),
        MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(
        the_store->lpVtbl->OpenEntry(the_store, 32, (LPENTRYID)(void *)bytes, NULL, 0x10000, &type, &object),
        MAPI_E_UNKNOWN_FLAGS);
    ULONG result = 9;
    assert_int_equal(the_store->lpVtbl->CompareEntryIDs(the_store, ID(good), ID(good), 0, &result), S_OK);
    assert_int_equal(result, TRUE);
    assert_int_equal(the_store->lpVtbl->CompareEntryIDs(the_store, ID(good), ID(entryid(folder)), 0, &result), S_OK);
    assert_int_equal(result, FALSE);
    assert_int_equal(the_store->lpVtbl->CompareEntryIDs(the_store, ID(good), 5, (LPENTRYID)(void *)bytes, 0, &result),
                     MAPI_E_UNKNOWN_ENTRYID);
    assert_int_equal(the_store->lpVtbl->CompareEntryIDs(the_store, ID(good), ID(good), 1, &result),
                     MAPI_E_UNKNOWN_FLAGS);
    release(folder);
}

static void receive_folders(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMAPIFolder *fax = child(folder, "Fax");
    SBinary fax_id = entryid(fax);
    LPENTRYID id = NULL;
    LPSTR class = NULL;
    ULONG size;
#define GET(name) the_store->lpVtbl->GetReceiveFolder(the_store, TEXT(name), 0, &size, &id, &class)
    assert_int_equal(GET(NULL), S_OK);
    assert_string_equal(class, "");
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(class);
    assert_int_equal(GET("IPM.Note.Fax.Color"), S_OK);
    assert_string_equal(class, "IPM");
    assert_memory_equal(id, entryid(folder).lpb, 32);
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(class);
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, TEXT("IPM.Note.Fax"), 0, ID(fax_id)), S_OK);
    assert_int_equal(GET("ipm.note.FAX.Color"), S_OK);
    assert_string_equal(class, "ipm.note.FAX");
    assert_memory_equal(id, fax_id.lpb, 32);
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(class);
    assert_int_equal(GET("IPM.Note.Faxes"), S_OK);
    assert_string_equal(class, "IPM");
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(class);
    assert_int_equal(
        the_store->lpVtbl->GetReceiveFolder(the_store, (LPSTR)u"IPM.Note.Fax", MAPI_UNICODE, &size, &id, &class), S_OK);
    assert_int_equal(((WCHAR *)(void *)class)[0], 'I');
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(class);
    assert_int_equal(the_store->lpVtbl->GetReceiveFolder(the_store, NULL, 1, &size, &id, &class), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(the_store->lpVtbl->GetReceiveFolder(the_store, NULL, 0, NULL, &id, &class),
                     MAPI_E_INVALID_PARAMETER);
    IMAPITable *table = NULL;
    assert_int_equal(the_store->lpVtbl->GetReceiveFolderTable(the_store, 0, &table), S_OK);
    static const ULONG columns[] = {PR_MESSAGE_CLASS_A, PR_ENTRYID, PR_RECORD_KEY};
    LPSRowSet rows = all_rows(table, 3, columns);
    assert_int_equal(rows->cRows, 3);
    assert_string_equal(rows->aRow[2].lpProps[0].Value.lpszA, "IPM.Note.Fax");
    FreeProws(rows);
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, TEXT("IPM.Note.Fax"), 0, 0, NULL), S_OK);
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, TEXT("IPM.Note.Fax"), 0, 0, NULL),
                     S_OK); /* none: fine */
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, NULL, 0, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, TEXT("x"), 0, 3, (LPENTRYID)(void *)fax_id.lpb),
                     MAPI_E_INVALID_ENTRYID);
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, TEXT("x"), 4, ID(fax_id)), MAPI_E_UNKNOWN_FLAGS);
    /* A deleted folder receives nothing any more. */
    assert_int_equal(the_store->lpVtbl->SetReceiveFolder(the_store, TEXT(""), 0, ID(fax_id)), S_OK);
    assert_int_equal(folder->lpVtbl->DeleteFolder(folder, ID(fax_id), 0, NULL, 0), S_OK);
    assert_int_equal(GET("other"), S_OK);
    assert_memory_equal(id, entryid(folder).lpb, 32);
    MAPIFreeBuffer(id);
    MAPIFreeBuffer(class);
    release(fax);
    release(folder);
}

static void named_properties(void **state)
{
    (void)state;
    GUID set = {0x12345678, 1, 2, {3}}, other = {0x87654321, 1, 2, {3}};
    MAPINAMEID number = {&set, MNID_ID, {.lID = 0x8233}},
               text = {&set, MNID_STRING, {.lpwstrName = (LPWSTR)u"K\x00e9y"}},
               foreign = {&other, MNID_STRING, {.lpwstrName = (LPWSTR)u"K\x00e9y"}};
    LPMAPINAMEID names[] = {&number, &text, &foreign};
    LPSPropTagArray tags = NULL, again = NULL;
    IMAPIFolder *folder = inbox();
    assert_int_equal(the_store->lpVtbl->GetIDsFromNames(the_store, 3, names, 0, &tags), MAPI_W_ERRORS_RETURNED);
    assert_int_equal(tags->aulPropTag[1], PROP_TAG(PT_ERROR, 0));
    MAPIFreeBuffer(tags);
    assert_int_equal(the_store->lpVtbl->GetIDsFromNames(the_store, 3, names, MAPI_CREATE, &tags), S_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(PROP_TYPE(tags->aulPropTag[i]), PT_UNSPECIFIED);
        assert_int_equal(PROP_ID(tags->aulPropTag[i]), 0x8000 + i);
    }
    assert_int_equal(folder->lpVtbl->GetIDsFromNames(folder, 3, names, 0, &again), S_OK); /* the same for all objects */
    assert_memory_equal(tags, again, CbNewSPropTagArray(3));
    MAPIFreeBuffer(again);
    assert_int_equal(the_store->lpVtbl->GetIDsFromNames(the_store, 0, NULL, 0, &again), S_OK);
    assert_int_equal(again->cValues, 3);
    MAPIFreeBuffer(again);
    assert_int_equal(the_store->lpVtbl->GetIDsFromNames(the_store, 0, NULL, MAPI_CREATE, &again),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(the_store->lpVtbl->GetIDsFromNames(the_store, 3, names, 1, &again), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(the_store->lpVtbl->GetIDsFromNames(the_store, 100000, names, 0, &again), MAPI_E_TOO_BIG);
    MAPINAMEID bad = {&set, 7, {.lID = 1}};
    LPMAPINAMEID bad_names[] = {&bad};
    assert_int_equal(the_store->lpVtbl->GetIDsFromNames(the_store, 1, bad_names, 0, &again), MAPI_E_INVALID_PARAMETER);

    LPMAPINAMEID *found = NULL;
    ULONG count = 0;
    assert_int_equal(folder->lpVtbl->GetNamesFromIDs(folder, &tags, NULL, 0, &count, &found), S_OK);
    assert_int_equal(count, 3);
    assert_int_equal(found[0]->Kind.lID, 0x8233);
    assert_int_equal(found[1]->Kind.lpwstrName[1], 0xE9);
    assert_memory_equal(found[2]->lpguid, &other, sizeof other);
    MAPIFreeBuffer(found);
    tags->aulPropTag[1] = PROP_TAG(PT_LONG, 0x8FFF);
    assert_int_equal(folder->lpVtbl->GetNamesFromIDs(folder, &tags, NULL, 0, &count, &found), MAPI_W_ERRORS_RETURNED);
    assert_null(found[1]);
    assert_non_null(found[2]);
    MAPIFreeBuffer(found);
    MAPIFreeBuffer(tags);
    for (int flags = 0; flags < 3; flags++) { /* all names of a set, by kind */
        tags = NULL;
        assert_int_equal(folder->lpVtbl->GetNamesFromIDs(folder, &tags, &set, (ULONG)flags, &count, &found), S_OK);
        assert_int_equal(count, flags ? 1 : 2);
        if (flags)
            assert_int_equal(found[0]->ulKind, flags == MAPI_NO_STRINGS ? MNID_ID : MNID_STRING);
        MAPIFreeBuffer(found);
        MAPIFreeBuffer(tags);
    }
    IMsgStore *reader = open_store(0);
    MAPINAMEID fresh = {&set, MNID_ID, {.lID = 1}};
    LPMAPINAMEID fresh_names[] = {&fresh};
    assert_int_equal(reader->lpVtbl->GetIDsFromNames(reader, 1, fresh_names, MAPI_CREATE, &tags), MAPI_E_NO_ACCESS);
    assert_int_equal(reader->lpVtbl->GetIDsFromNames(reader, 1, names, MAPI_CREATE, &tags),
                     S_OK); /* nothing to create */
    MAPIFreeBuffer(tags);
    release(reader);
    IMessage *message = new_message(folder, "x");
    put_text(message, PROP_TAG(PT_STRING8, 0x8001), "value");
    assert_int_equal(save(message, 0), S_OK);
    SBinary id = entryid(message);
    release(message);
    message = open_message(id, 0);
    assert_string_equal(text_of(message, PROP_TAG(PT_STRING8, 0x8001)), "value");
    release(message);
    release(folder);
    /* All ids taken. */
    store_query("INSERT INTO named_property VALUES (65534, x'00112233445566778899aabbccddeeff', 0, 5)");
    assert_int_equal(the_store->lpVtbl->GetIDsFromNames(the_store, 1, fresh_names, MAPI_CREATE, &tags),
                     MAPI_E_NOT_ENOUGH_RESOURCES);
}

static void logging_off_a_store(void **state)
{
    (void)state;
    ULONG flags = LOGOFF_ORDERLY;
    assert_int_equal(the_store->lpVtbl->StoreLogoff(the_store, &flags), S_OK);
    assert_int_equal(flags, 0);
    assert_int_equal(the_store->lpVtbl->StoreLogoff(the_store, &flags), MAPI_E_INVALID_PARAMETER);
    flags = LOGOFF_ORDERLY | LOGOFF_QUIET;
    assert_int_equal(the_store->lpVtbl->StoreLogoff(the_store, &flags), MAPI_E_INVALID_PARAMETER);
    flags = 0x100;
    assert_int_equal(the_store->lpVtbl->StoreLogoff(the_store, &flags), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(the_store->lpVtbl->StoreLogoff(the_store, NULL), MAPI_E_INVALID_PARAMETER);
    IMAPITable *table = NULL;
    assert_int_equal(the_store->lpVtbl->GetOutgoingQueue(the_store, 0, &table), MAPI_E_NO_SUPPORT);
    assert_int_equal(the_store->lpVtbl->SetLockState(the_store, NULL, 0), MAPI_E_NO_SUPPORT);
    assert_int_equal(the_store->lpVtbl->FinishedMsg(the_store, 0, 0, NULL), MAPI_E_NO_SUPPORT);
    assert_int_equal(the_store->lpVtbl->NotifyNewMail(the_store, NULL), MAPI_E_INVALID_PARAMETER);
    /* The last release of everything opened through a logon closes it; the session goes on. */
    IMAPIFolder *folder = inbox();
    release(the_store);
    the_store = NULL;
    assert_string_equal(subjects_of(folder), ""); /* the folder keeps the logon */
    release(folder);
    the_store = open_store(MDB_WRITE);
}

static void after_the_logoff_everything_is_invalid(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "L15");
    IMAPITable *table = contents(folder, 0);
    IStream *stream = NULL;
    IAttach *attach = NULL;
    LPSRowSet rows = NULL;
    ULONG number, count;
    LPSPropValue values = NULL;
    void *other = NULL;
    write_stream(message, PR_BODY_A, "x", 1);
    assert_int_equal(try_stream(message, PR_BODY_A, MAPI_MODIFY, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Write(stream, "y", 1, NULL), S_OK);
    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach), S_OK);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    put_text(message, PR_SUBJECT, "never saved");
    assert_int_equal(the_session->lpVtbl->Logoff(the_session, 0, 0, 0), S_OK);
    assert_int_equal(save(message, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(message->lpVtbl->GetProps(message, NULL, 0, &count, &values), MAPI_E_INVALID_OBJECT);
    assert_int_equal(save(attach, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(save(folder, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(save(the_store, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->Commit(stream, 0), MAPI_E_INVALID_OBJECT);
    LPSRowSet none = NULL;
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &none), MAPI_E_INVALID_OBJECT);
    assert_null(none);
    assert_int_equal(rows->aRow[0].lpProps[0].ulPropTag, PR_ENTRYID); /* what was handed out stays */
    FreeProws(rows);
    assert_int_equal(message->lpVtbl->QueryInterface(message, &IID_IMessage, &other),
                     MAPI_E_INTERFACE_NOT_SUPPORTED); /* L16 */
    assert_null(other);
    assert_int_equal(message->lpVtbl->QueryInterface(message, &IID_IUnknown, &other), S_OK);
    release(other);
    assert_true(message->lpVtbl->AddRef(message) > 1); /* L17 */
    release(message);
    release(stream);
    release(attach);
    release(message);
    release(table);
    release(folder);
    release(the_store);
    release(the_session);
    the_session = log_on("work");
    the_store = open_store(MDB_WRITE);
    folder = inbox();
    assert_string_equal(subjects_of(folder), "L15");
    release(folder);
}

/* IMSProvider by itself. */
static void the_provider(void **state)
{
    (void)state;
    IMSProvider *provider = NULL;
    ULONG version = 0, result = 9, flags = 0;
    MAPIUID uid = {{1, 2, 3}}, other = {{4}};
    unsigned char first[STORE_ENTRYID_SIZE], second[STORE_ENTRYID_SIZE];
    assert_int_equal(store_provider_init(NULL, NULL, MAPIAllocateBuffer, MAPIAllocateMore, MAPIFreeBuffer, 0,
                                         CURRENT_SPI_VERSION, &version, &provider),
                     S_OK);
    assert_int_equal(version, CURRENT_SPI_VERSION);
    store_entryid_make(&uid, first);
    store_entryid_make(&other, second);
#define COMPARE(a, b)                                                                                                  \
    provider->lpVtbl->CompareStoreIDs(provider, sizeof a, (LPENTRYID)(void *)a, sizeof b, (LPENTRYID)(void *)b, 0,     \
                                      &result)
    assert_int_equal(COMPARE(first, first), S_OK);
    assert_int_equal(result, TRUE);
    assert_int_equal(COMPARE(first, second), S_OK);
    assert_int_equal(result, FALSE);
    assert_int_equal(provider->lpVtbl->CompareStoreIDs(provider, 3, (LPENTRYID)(void *)first, sizeof second,
                                                       (LPENTRYID)(void *)second, 0, &result),
                     MAPI_E_INVALID_ENTRYID);
    second[30] = 0;
    second[5] ^= 1;
    assert_int_equal(COMPARE(first, second), MAPI_E_UNKNOWN_ENTRYID);
    IMSLogon *logon = (IMSLogon *)(uintptr_t)1;
    IMsgStore *store = (IMsgStore *)(uintptr_t)1;
    assert_int_equal(provider->lpVtbl->Logon(provider, NULL, 0, NULL, sizeof first, (LPENTRYID)(void *)first, 0, NULL,
                                             NULL, NULL, NULL, &logon, &store),
                     MAPI_E_INVALID_PARAMETER);
    assert_null(logon);
    assert_null(store);
    assert_int_equal(
        provider->lpVtbl->SpoolerLogon(provider, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, NULL, &logon, &store),
        MAPI_E_INVALID_PARAMETER);
    assert_null(logon);
    assert_null(store);
    assert_int_equal(provider->lpVtbl->Shutdown(provider, &flags), S_OK);
    void *unknown = NULL;
    assert_int_equal(provider->lpVtbl->QueryInterface(provider, &IID_IMSLogon, &unknown),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    release(provider);
    assert_int_equal(store_provider_init(NULL, NULL, NULL, NULL, NULL, 1, CURRENT_SPI_VERSION, &version, &provider),
                     MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(store_provider_init(NULL, NULL, NULL, NULL, NULL, 0, 0x00010000, &version, &provider),
                     MAPI_E_VERSION);
    assert_int_equal(store_provider_init(NULL, NULL, NULL, NULL, NULL, 0, CURRENT_SPI_VERSION, &version, NULL),
                     MAPI_E_INVALID_PARAMETER);
}

static void close_store(void)
{
    release(the_store);
    the_store = NULL;
}

static HRESULT reopen(void)
{
    HRESULT hr = try_open_store(MDB_WRITE, &the_store);
    assert_int_equal(hr == S_OK, the_store != NULL);
    if (hr != S_OK)
        assert_non_null(MapiErrorDetail(hr));
    return hr;
}

static void write_file(const char *bytes, size_t size, long offset)
{
    FILE *file = fopen(store_path(), offset < 0 ? "wb" : "r+b");
    assert_non_null(file);
    if (offset > 0)
        fseek(file, offset, SEEK_SET);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void a_file_that_is_missing(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(unlink(store_path()), 0);
    assert_true(FAILED(reopen()));
}

static void a_file_that_is_something_else(void **state)
{
    (void)state;
    close_store();
    write_file("This is not a database at all, just some text that goes on for a while, and on.", 79, -1);
    assert_int_equal(reopen(), MAPI_E_CORRUPT_DATA);
    write_file("", 0, -1);
    assert_true(FAILED(reopen()));
}

static void a_file_that_is_damaged(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    for (int i = 0; i < 50; i++)
        add_message(folder, "x");
    release(folder);
    close_store();
    char noise[4096];
    memset(noise, 0xA5, sizeof noise);
    long size = 0;
    FILE *file = fopen(store_path(), "rb");
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    fclose(file);
    for (long at = 4096; at < size; at += 4096)
        write_file(noise, sizeof noise, at);
    HRESULT hr = try_open_store(MDB_WRITE, &the_store);
    if (hr == S_OK) { /* what was damaged is not what opening reads: reading says so */
        IMAPIFolder *root = NULL;
        ULONG type;
        assert_true(FAILED(the_store->lpVtbl->OpenEntry(the_store, 0, NULL, NULL, 0, &type, (LPUNKNOWN *)&root)));
    } else {
        assert_int_equal(hr, MAPI_E_CORRUPT_DATA);
    }
}

static void a_file_from_a_newer_version(void **state)
{
    (void)state;
    close_store();
    store_query("PRAGMA user_version = 99");
    assert_int_equal(reopen(), MAPI_E_VERSION);
    assert_int_equal(store_query("PRAGMA user_version"), 99);
}

static void a_file_without_its_identity(void **state)
{
    (void)state;
    close_store();
    store_query("DELETE FROM meta WHERE name = 'folder.inbox'");
    assert_int_equal(reopen(), MAPI_E_CORRUPT_DATA);
    store_query("UPDATE meta SET value = x'00112233445566778899aabbccddeeff' WHERE name = 'uid'");
    assert_int_equal(reopen(), MAPI_E_CORRUPT_DATA);
}

static void blobs_that_are_damaged(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = NULL;
    SBinary id = add_message(folder, "x");
    store_query("UPDATE message SET props = x'0102'");
    assert_int_equal(try_open(the_store, id, 0, &message), MAPI_E_CORRUPT_DATA);
    assert_null(message);
    IMAPITable *table = contents(folder, 0);
    static const ULONG columns[] = {PR_SUBJECT_A, PR_SENSITIVITY};
    LPSRowSet rows = NULL;
    set_columns(table, 2, columns);
    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK); /* the list still shows what it can */
    assert_string_equal(rows->aRow[0].lpProps[0].Value.lpszA, "x");
    FreeProws(rows);
    release(table);
    release(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(the_store_names_its_folders),
        IN_STORE(the_store_says_what_it_can_do),
        IN_STORE(bad_entry_identifiers),
        IN_STORE(receive_folders),
        IN_STORE(named_properties),
        IN_STORE(logging_off_a_store),
        cmocka_unit_test_setup_teardown(after_the_logoff_everything_is_invalid, store_setup, store_teardown),
        IN_STORE(the_provider),
        IN_STORE(a_file_that_is_missing),
        IN_STORE(a_file_that_is_something_else),
        IN_STORE(a_file_that_is_damaged),
        IN_STORE(a_file_from_a_newer_version),
        IN_STORE(a_file_without_its_identity),
        IN_STORE(blobs_that_are_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
