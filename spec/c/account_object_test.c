/* IOlkAccount: every row of the contract of its methods (iolkaccount.md), and the catalogue of properties with types
 * and access. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf.h"
#include "support/accounts.h"

#define WORK u"work"

static IOlkAccountManager *manager;

static int setup(void **state)
{
    accounts_setup(state);
    manager = open_manager(WORK);
    return 0;
}

static int teardown(void **state)
{
    close_manager(manager);
    return accounts_teardown(state);
}

/* Makes an account with properties given, and finds it. */
static HRESULT create(const CLSID *type, ULONG count, const DWORD *tags, const ACCT_VARIANT *values, DWORD *id)
{
    IOlkAccountManagerEmbedded *embedded = embedded_of(manager);
    return embedded->lpVtbl->CreateAccount(embedded, type, count, tags, values, id);
}

static HRESULT create_with(const CLSID *type, DWORD tag, ACCT_VARIANT value)
{
    DWORD id = 7;
    HRESULT hr = create(type, 1, &tag, &value, &id);
    assert_true(SUCCEEDED(hr) || id == 0);
    return hr;
}

static IOlkAccount *made(const CLSID *type)
{
    return find_account(manager, make_account(manager, type, u"account"));
}

static HRESULT set(IOlkAccount *account, DWORD tag, ACCT_VARIANT value)
{
    return account->lpVtbl->SetProp(account, tag, &value);
}

static void assert_bytes(IOlkAccount *account, DWORD tag, const void *bytes, DWORD size)
{
    ACCT_VARIANT value;
    assert_int_equal(account->lpVtbl->GetProp(account, tag, &value), S_OK);
    assert_int_equal(value.dwType, PT_BINARY);
    assert_int_equal(value.Val.bin.cb, size);
    assert_memory_equal(value.Val.bin.pb, bytes, size);
    assert_int_equal(account->lpVtbl->FreeMemory(account, value.Val.bin.pb), S_OK);
}

/* ---- identity, placeholders ---- */

static void query_interface_knows_the_documented_ones(void **state)
{
    (void)state;
    static const GUID *const known[] = {&IID_IUnknown, &IID_IOlkErrorUnknown, &IID_IOlkAccount};
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    for (size_t i = 0; i < 3; i++) {
        void *same = NULL;
        assert_int_equal(account->lpVtbl->QueryInterface(account, known[i], &same), S_OK);
        assert_ptr_equal(same, account);
        account->lpVtbl->Release(account);
    }
    void *none = account;
    assert_int_equal(account->lpVtbl->QueryInterface(account, &IID_IOlkEnum, &none), E_NOINTERFACE);
    assert_null(none);
    release_account(account);
}

static void placeholders_answer_E_NOTIMPL(void **state)
{
    (void)state;
    IOlkAccount *a = made(&CLSID_OlkIMAP4Account);
    HRESULT(*const slots[])
    (IOlkAccount *) = {a->lpVtbl->PlaceHolder1, a->lpVtbl->PlaceHolder2, a->lpVtbl->PlaceHolder3,
                       a->lpVtbl->PlaceHolder4, a->lpVtbl->PlaceHolder5, a->lpVtbl->PlaceHolder6,
                       a->lpVtbl->PlaceHolder7, a->lpVtbl->PlaceHolder8, a->lpVtbl->PlaceHolder9,
                       a->lpVtbl->PlaceHolder10};
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        assert_int_equal(slots[i](a), E_NOTIMPL);
    release_account(a);
}

/* ---- GetAccountInfo ---- */

static void GetAccountInfo_gives_type_and_categories(void **state)
{
    (void)state;
    static const struct {
        const CLSID *type;
        DWORD count;
        const CLSID *categories[2];
    } rows[] = {
        {&CLSID_OlkPOP3Account, 1, {&CLSID_OlkMail}},
        {&CLSID_OlkIMAP4Account, 2, {&CLSID_OlkMail, &CLSID_OlkStore}},
        {&CLSID_OlkMAPIAccount, 2, {&CLSID_OlkMail, &CLSID_OlkStore}}, /* never the address book */
        {&CLSID_OlkHotmailAccount, 2, {&CLSID_OlkMail, &CLSID_OlkStore}},
        {&CLSID_OlkLDAPAccount, 1, {&CLSID_OlkAddressBook}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        IOlkAccount *account = made(rows[i].type);
        CLSID type;
        DWORD count = 0;
        CLSID *categories = NULL;
        assert_int_equal(account->lpVtbl->GetAccountInfo(account, &type, &count, &categories), S_OK);
        assert_memory_equal(&type, rows[i].type, sizeof type);
        assert_int_equal(count, rows[i].count);
        for (DWORD k = 0; k < count; k++)
            assert_memory_equal(&categories[k], rows[i].categories[k], sizeof *categories);
        assert_int_equal(account->lpVtbl->FreeMemory(account, (BYTE *)categories), S_OK);
        release_account(account);
    }
}

static void GetAccountInfo_needs_its_places(void **state)
{
    (void)state;
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    CLSID type;
    DWORD count = 1;
    CLSID *categories = &type;
    assert_int_equal(account->lpVtbl->GetAccountInfo(account, NULL, &count, &categories), E_INVALIDARG);
    assert_null(categories);
    assert_int_equal(count, 0);
    assert_int_equal(account->lpVtbl->GetAccountInfo(account, &type, NULL, &categories), E_INVALIDARG);
    assert_int_equal(account->lpVtbl->GetAccountInfo(account, &type, &count, NULL), E_INVALIDARG);
    release_account(account);
}

/* ---- the catalogue ---- */

struct row {
    DWORD tag;
    uint32_t value; /* of the tag, as the pages have it */
    const char *name;
    HRESULT set; /* what SetProp answers for a well-formed value on an Exchange account */
};

#define RO E_OLK_PROP_READ_ONLY

static const struct row catalogue[] = {
    {PROP_ACCT_ID, 0x00010003, "acct_id", RO},
    {PROP_ACCT_NAME, 0x0002001F, "acct_name", S_OK},
    {PROP_ACCT_MINI_UID, 0x00030003, "acct_mini_uid", RO},
    {PROP_ACCT_USER_DISPLAY_NAME, 0x000B001F, "acct_user_display_name", S_OK},
    {PROP_ACCT_USER_EMAIL_ADDR, 0x000C001F, "acct_user_email_addr", S_OK},
    {PROP_ACCT_STAMP, 0x000D001F, "acct_stamp", RO},
    {PROP_ACCT_SEND_STAMP, 0x000E001F, "acct_send_stamp", RO},
    {PROP_ACCT_IS_EXCH, 0x00140003, "acct_is_exch", RO},
    {PROP_ACCT_DELIVERY_STORE, 0x00180102, "acct_delivery_store", S_OK},
    {PROP_ACCT_DELIVERY_FOLDER, 0x00190102, "acct_delivery_folder", S_OK},
    {PROP_ACCT_SENTITEMS_EID, 0x00200102, "acct_sentitems_eid", RO},
    {PROP_ACCT_PREFERENCES_UID, 0x00220102, "acct_preferences_uid", RO},
    {PROP_INET_SERVER, 0x0100001F, "inet_server", RO},
    {PROP_INET_USER, 0x0101001F, "inet_user", RO},
    {PROP_INET_PASSWORD, 0x0102801F, "inet_password", RO},
    {PROP_INET_PORT, 0x01040003, "inet_port", RO},
    {PROP_INET_SSL, 0x01050003, "inet_ssl", RO},
    {PROP_INET_USE_SPA, 0x01080003, "inet_use_spa", RO},
    {PROP_INET_PASSWORD_COMMAND, 0x01F0001F, "inet_password_command", S_OK},
    {PROP_SMTP_SERVER, 0x0200001F, "smtp_server", RO},
    {PROP_SMTP_PORT, 0x02010003, "smtp_port", RO},
    {PROP_SMTP_SSL, 0x02020003, "smtp_ssl", RO},
    {PROP_SMTP_USE_AUTH, 0x02030003, "smtp_use_auth", RO},
    {PROP_SMTP_USER, 0x0204001F, "smtp_user", RO},
    {PROP_SMTP_PASSWORD, 0x0205801F, "smtp_password", RO},
    {PROP_SMTP_USE_SPA, 0x02070003, "smtp_use_spa", RO},
    {PROP_SMTP_AUTH_METHOD, 0x02080003, "smtp_auth_method", RO},
    {PROP_SMTP_SECURE_CONNECTION, 0x020A0003, "smtp_secure_connection", RO},
    {PROP_SMTP_PASSWORD_COMMAND, 0x02F0001F, "smtp_password_command", S_OK},
    {PROP_POP_LEAVE_ON_SERVER, 0x10000003, "pop_leave_on_server", RO},
    {PROP_MAPI_IDENTITY_ENTRYID, 0x20020102, "mapi_identity_entryid", S_OK},
    {PROP_MAPI_EMSMDB_UID, 0x20090102, "mapi_emsmdb_uid", RO},
    {PROP_MAPI_TRANSPORT_FLAGS, 0x20100102, "mapi_transport_flags", S_OK},
};

enum { ROWS = sizeof catalogue / sizeof catalogue[0] };

static ACCT_VARIANT well_formed(DWORD tag)
{
    static const BYTE flags[4] = {MAPIACCT_SEND_ONLY};
    switch (PROP_TYPE(tag) & ~(DWORD)SECURE_FLAG) {
    case PT_LONG:
        return acct_long(1);
    case PT_UNICODE:
        return acct_text(u"value");
    default:
        return acct_binary(flags, sizeof flags);
    }
}

static void the_catalogue_has_the_documented_tags_and_names(void **state)
{
    (void)state;
    struct olk_property property;
    for (ULONG i = 0; i < ROWS; i++) {
        char documented[64] = "PROP_";
        DWORD tag = 0;
        assert_int_equal(catalogue[i].tag, catalogue[i].value);
        assert_true(OlkPropAt(i, &property));
        assert_int_equal(property.tag, catalogue[i].tag);
        assert_string_equal(property.name, catalogue[i].name);
        assert_string_equal(OlkPropName(property.tag), catalogue[i].name);
        assert_int_equal((property.access & OLK_PROP_SETTABLE) != 0, catalogue[i].set == S_OK);
        assert_int_equal((property.access & OLK_PROP_SECRET) != 0, (property.tag & SECURE_FLAG) != 0);
        assert_true(OlkPropFromName(catalogue[i].name, &tag));
        assert_int_equal(tag, catalogue[i].tag);
        for (size_t k = 0; catalogue[i].name[k] != '\0'; k++) {
            char c = catalogue[i].name[k];
            documented[5 + k] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        assert_true(OlkPropFromName(documented, &tag));
        assert_int_equal(tag, catalogue[i].tag);
    }
    assert_false(OlkPropAt(ROWS, &property));
    DWORD tag = 5;
    static const char *const unknown[] = {"",          "acct",           "acct_nam", "acct_namex",
                                          "ACCT_NAME", "PROP_acct_name", "PROP_",    "prop_acct_name"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_false(OlkPropFromName(unknown[i], &tag));
    assert_false(OlkPropFromName(NULL, &tag));
    assert_int_equal(tag, 5);
    assert_null(OlkPropName(PROP_TAG(PT_UNICODE, 0x0102))); /* the public header's tag of the password */
}

static void types_categories_and_notifications_have_names(void **state)
{
    (void)state;
    static const char *const types[] = {"pop3", "imap", "exchange", "http", "ldap"};
    static const char *const categories[] = {"mail", "address_book", "store"};
    static const char *const events[] = {"changed", "created", "deleted", "order_changed", "predeleted"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(OlkTypeName(OlkTypeFromName(types[i])), types[i]);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(OlkCategoryName(OlkCategoryFromName(categories[i])), categories[i]);
    for (DWORD i = 0; i < 5; i++)
        assert_string_equal(OlkNotifyName(i + 1), events[i]);
    assert_null(OlkNotifyName(0));
    assert_null(OlkNotifyName(6));
    assert_null(OlkTypeFromName("mail"));
    assert_null(OlkTypeName(&CLSID_OlkMail));
    assert_null(OlkTypeName(NULL));
    assert_null(OlkCategoryFromName("imap"));
    assert_null(OlkCategoryName(&CLSID_OlkLDAPAccount));
    assert_null(OlkTypeFromName(NULL));
    assert_null(OlkCategoryFromName(NULL));
}

static void H23_SetProp_keeps_to_the_access_of_each_property(void **state)
{
    (void)state;
    IOlkAccount *account = made(&CLSID_OlkMAPIAccount);
    for (size_t i = 0; i < ROWS; i++)
        assert_int_equal(set(account, catalogue[i].tag, well_formed(catalogue[i].tag)), catalogue[i].set);
    release_account(account);
}

static void H23_sent_items_of_pop3_and_imap_accounts(void **state)
{
    (void)state;
    static const CLSID *const without[] = {&CLSID_OlkPOP3Account, &CLSID_OlkIMAP4Account};
    for (size_t i = 0; i < 2; i++) {
        IOlkAccount *account = made(without[i]);
        assert_int_equal(set(account, PROP_ACCT_SENTITEMS_EID, acct_binary("id", 2)), E_ACCT_NOT_FOUND);
        release_account(account);
    }
    IOlkAccount *account = made(&CLSID_OlkHotmailAccount);
    assert_int_equal(set(account, PROP_ACCT_SENTITEMS_EID, acct_binary("id", 2)), E_OLK_PROP_READ_ONLY);
    release_account(account);
}

static void SetProp_wants_exactly_the_type_of_the_property(void **state)
{
    (void)state;
    static const DWORD types[] = {PT_LONG, PT_UNICODE, PT_BINARY, PT_STRING8, PT_BOOLEAN, 0, PT_UNICODE | SECURE_FLAG};
    IOlkAccount *account = made(&CLSID_OlkMAPIAccount);
    for (size_t i = 0; i < ROWS; i++) {
        if (catalogue[i].set != S_OK)
            continue;
        for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
            ACCT_VARIANT value = well_formed(catalogue[i].tag);
            if (types[k] != PROP_TYPE(catalogue[i].tag)) {
                value.dwType = types[k];
                assert_int_equal(set(account, catalogue[i].tag, value), E_INVALIDARG);
                assert_int_equal(set(account, PROP_TAG(types[k], PROP_ID(catalogue[i].tag)), value), E_INVALIDARG);
            }
        }
    }
    assert_int_equal(set(account, PROP_TAG(PT_UNICODE, 0x7FFF), acct_text(u"x")), E_INVALIDARG);
    assert_int_equal(set(account, 0, acct_text(u"x")), E_INVALIDARG);
    assert_int_equal(set(account, UINT32_MAX, acct_text(u"x")), E_INVALIDARG);
    assert_int_equal(account->lpVtbl->SetProp(account, PROP_ACCT_NAME, NULL), E_INVALIDARG);
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"account"));
    release_account(account);
}

static void every_property_given_at_creation_is_read_back(void **state)
{
    (void)state;
    static const BYTE uid[16] = {1, 2, 3};
    static const BYTE flags[4] = {MAPIACCT_SEND_ONLY};
    const DWORD tags[] = {PROP_ACCT_NAME,
                          PROP_ACCT_USER_DISPLAY_NAME,
                          PROP_ACCT_USER_EMAIL_ADDR,
                          PROP_INET_SERVER,
                          PROP_INET_USER,
                          PROP_INET_PASSWORD_COMMAND,
                          PROP_SMTP_SERVER,
                          PROP_SMTP_USER,
                          PROP_SMTP_PASSWORD_COMMAND,
                          PROP_INET_PORT,
                          PROP_INET_SSL,
                          PROP_INET_USE_SPA,
                          PROP_SMTP_PORT,
                          PROP_SMTP_SSL,
                          PROP_SMTP_USE_AUTH,
                          PROP_SMTP_USE_SPA,
                          PROP_SMTP_AUTH_METHOD,
                          PROP_SMTP_SECURE_CONNECTION,
                          PROP_ACCT_DELIVERY_STORE,
                          PROP_ACCT_DELIVERY_FOLDER,
                          PROP_ACCT_SENTITEMS_EID,
                          PROP_MAPI_IDENTITY_ENTRYID,
                          PROP_MAPI_EMSMDB_UID,
                          PROP_MAPI_TRANSPORT_FLAGS};
    enum { STRINGS = 9, NUMBERS = 9, COUNT = sizeof tags / sizeof tags[0] };
    ACCT_VARIANT values[COUNT];
    for (DWORD i = 0; i < COUNT; i++)
        values[i] = i < STRINGS ? acct_text(u"gr\u00FC\u00DF \U0001F4EC") : acct_long(i % 3 + 1);
    for (size_t i = STRINGS + NUMBERS; i < COUNT; i++)
        values[i] = acct_binary(uid, sizeof uid);
    values[STRINGS + 7] = acct_long(SMTP_AUTH_RECEIVE_BEFORE_SEND);
    values[COUNT - 1] = acct_binary(flags, sizeof flags);
    DWORD id = 0;
    assert_int_equal(create(&CLSID_OlkMAPIAccount, COUNT, tags, values, &id), S_OK);
    IOlkAccount *account = find_account(manager, id);
    for (size_t i = 0; i < COUNT; i++) {
        if (values[i].dwType == PT_UNICODE)
            assert_true(acct_has_text(account, tags[i], values[i].Val.pwsz));
        else if (values[i].dwType == PT_LONG)
            assert_int_equal(acct_get_long(account, tags[i]), values[i].Val.dw);
        else
            assert_bytes(account, tags[i], values[i].Val.bin.pb, values[i].Val.bin.cb);
    }
    release_account(account);
    const DWORD pop = PROP_POP_LEAVE_ON_SERVER;
    const ACCT_VARIANT days = acct_long(LEAVE_ON_SERVER | REMOVE_AFTER | SET_REMOVE_AFTER_DAYS(14u));
    assert_int_equal(create(&CLSID_OlkPOP3Account, 1, &pop, &days, &id), S_OK);
    account = find_account(manager, id);
    assert_int_equal(GET_REMOVE_AFTER_DAYS(acct_get_long(account, pop)), 14);
    release_account(account);
}

static void creation_refuses(void **state)
{
    (void)state;
    const CLSID *imap = &CLSID_OlkIMAP4Account;
    static const BYTE bytes[16] = {0};
    static const DWORD nobody_chooses[] = {PROP_ACCT_ID,         PROP_ACCT_MINI_UID, PROP_ACCT_STAMP,
                                           PROP_ACCT_SEND_STAMP, PROP_ACCT_IS_EXCH,  PROP_ACCT_PREFERENCES_UID};
    for (size_t i = 0; i < sizeof nobody_chooses / sizeof nobody_chooses[0]; i++)
        assert_int_equal(create_with(imap, nobody_chooses[i], well_formed(nobody_chooses[i])), E_OLK_PROP_READ_ONLY);
    assert_int_equal(create_with(NULL, PROP_ACCT_NAME, acct_text(u"x")), E_INVALIDARG);
    assert_int_equal(create_with(&CLSID_OlkMail, PROP_ACCT_NAME, acct_text(u"x")), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_TAG(PT_UNICODE, 0x0999), acct_text(u"x")), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_ACCT_NAME, acct_long(1)), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_INET_PASSWORD, acct_long(1)), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_INET_PASSWORD, acct_text(NULL)), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_INET_PORT, acct_long(0)), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_INET_PORT, acct_long(65536)), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_SMTP_AUTH_METHOD, acct_long(3)), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_SMTP_SECURE_CONNECTION, acct_long(4)), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_MAPI_EMSMDB_UID, acct_binary(bytes, 16)), E_INVALIDARG);
    assert_int_equal(create_with(&CLSID_OlkMAPIAccount, PROP_MAPI_EMSMDB_UID, acct_binary(bytes, 15)), E_INVALIDARG);
    assert_int_equal(create_with(imap, PROP_POP_LEAVE_ON_SERVER, acct_long(1)), E_INVALIDARG);
    assert_int_equal(create_with(&CLSID_OlkPOP3Account, PROP_POP_LEAVE_ON_SERVER, acct_long(8)), E_INVALIDARG);
    DWORD tag = PROP_ACCT_NAME;
    ACCT_VARIANT value = acct_text(u"x");
    assert_int_equal(create(imap, 1, NULL, &value, NULL), E_INVALIDARG);
    assert_int_equal(create(imap, 1, &tag, NULL, NULL), E_INVALIDARG);
    IOlkEnum *list = acct_enumerate(manager, NULL, NULL);
    assert_int_equal(acct_enum_count(list), 0);
    list->lpVtbl->Release(list);
}

static void an_account_without_a_name_gets_one(void **state)
{
    (void)state;
    DWORD id = 0;
    const DWORD tags[] = {PROP_INET_SERVER, PROP_ACCT_USER_EMAIL_ADDR};
    const ACCT_VARIANT values[] = {acct_text(u"mail.example.org"), acct_text(u"room@example.org")};
    assert_int_equal(create(&CLSID_OlkIMAP4Account, 2, tags, values, &id), S_OK);
    assert_true(stored_name_is(manager, id, u"room@example.org"));
    assert_int_equal(create(&CLSID_OlkIMAP4Account, 1, tags, values, &id), S_OK);
    assert_true(stored_name_is(manager, id, u"mail.example.org"));
    assert_int_equal(create(&CLSID_OlkIMAP4Account, 0, NULL, NULL, &id), S_OK);
    assert_true(stored_name_is(manager, id, u"IMAP"));
    assert_int_equal(create(&CLSID_OlkIMAP4Account, 0, NULL, NULL, NULL), S_OK); /* nobody wants to know the id */
}

/* ---- GetProp ---- */

static void GetProp_of_absent_properties_is_not_found(void **state)
{
    (void)state;
    IOlkAccount *account = made(&CLSID_OlkLDAPAccount);
    static const DWORD absent[] = {PROP_ACCT_USER_EMAIL_ADDR,  PROP_INET_SERVER,         PROP_INET_PORT,
                                   PROP_INET_PASSWORD,         PROP_SMTP_PASSWORD,       PROP_MAPI_EMSMDB_UID,
                                   PROP_MAPI_IDENTITY_ENTRYID, PROP_ACCT_DELIVERY_STORE, PROP_ACCT_SENTITEMS_EID};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        assert_int_equal(acct_get_result(account, absent[i]), E_ACCT_NOT_FOUND);
    release_account(account);
}

static void GetProp_wants_the_whole_tag(void **state)
{
    (void)state;
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    /* As tools do that look for everything there is: each id with each type. */
    unsigned found = 0;
    static const DWORD types[] = {PT_LONG, PT_UNICODE, PT_BINARY};
    for (DWORD id = 0; id < 0x8000; id++) {
        for (size_t k = 0; k < 3; k++) {
            HRESULT hr = acct_get_result(account, PROP_TAG(types[k], id));
            assert_true(hr == S_OK || hr == E_ACCT_NOT_FOUND);
            found += hr == S_OK;
        }
    }
    assert_int_equal(found, 7); /* id, name, mini_uid, two stamps, is_exch, preferences_uid */
    assert_int_equal(acct_get_result(account, PROP_TAG(PT_STRING8, 2)), E_INVALIDARG);
    assert_int_equal(acct_get_result(account, PROP_TAG(PT_BOOLEAN, 1)), E_INVALIDARG);
    assert_int_equal(acct_get_result(account, 0), E_INVALIDARG);
    assert_int_equal(acct_get_result(account, UINT32_MAX), E_INVALIDARG);
    assert_int_equal(account->lpVtbl->GetProp(account, PROP_ACCT_ID, NULL), E_INVALIDARG);
    release_account(account);
}

static void what_identifies_an_account(void **state)
{
    (void)state;
    IOlkAccount *a = made(&CLSID_OlkIMAP4Account);
    IOlkAccount *b = made(&CLSID_OlkIMAP4Account);
    ACCT_VARIANT stamp, other, uid;
    assert_int_not_equal(acct_get_long(a, PROP_ACCT_ID), acct_get_long(b, PROP_ACCT_ID));
    assert_int_not_equal(acct_get_long(a, PROP_ACCT_MINI_UID), acct_get_long(b, PROP_ACCT_MINI_UID));
    assert_int_equal(a->lpVtbl->GetProp(a, PROP_ACCT_STAMP, &stamp), S_OK);
    assert_int_equal(b->lpVtbl->GetProp(b, PROP_ACCT_SEND_STAMP, &other), S_OK);
    assert_int_equal(a->lpVtbl->GetProp(a, PROP_ACCT_PREFERENCES_UID, &uid), S_OK);
    assert_int_equal(utf16_length(stamp.Val.pwsz), 8);
    assert_memory_not_equal(stamp.Val.pwsz, other.Val.pwsz, 8 * sizeof(WCHAR));
    assert_int_equal(uid.Val.bin.cb, sizeof(MAPIUID));
    acct_set_text(a, PROP_ACCT_NAME, u"another name");
    acct_set_text(a, PROP_ACCT_USER_EMAIL_ADDR, u"another@example.org");
    save_account(a);
    assert_true(acct_has_text(a, PROP_ACCT_STAMP, stamp.Val.pwsz)); /* what mail is stamped with never changes */
    assert_bytes(a, PROP_ACCT_PREFERENCES_UID, uid.Val.bin.pb, uid.Val.bin.cb);
    assert_int_equal(a->lpVtbl->FreeMemory(a, (BYTE *)stamp.Val.pwsz), S_OK);
    assert_int_equal(a->lpVtbl->FreeMemory(a, uid.Val.bin.pb), S_OK);
    assert_int_equal(b->lpVtbl->FreeMemory(b, (BYTE *)other.Val.pwsz), S_OK);
    release_account(a);
    release_account(b);
}

static void only_exchange_accounts_have_an_emsmdb_uid(void **state)
{
    (void)state;
    IOlkAccount *exchange = made(&CLSID_OlkMAPIAccount);
    IOlkAccount *imap = made(&CLSID_OlkIMAP4Account);
    assert_int_equal(acct_get_result(exchange, PROP_MAPI_EMSMDB_UID), S_OK);
    assert_int_equal(acct_get_result(imap, PROP_MAPI_EMSMDB_UID), E_ACCT_NOT_FOUND);
    assert_int_equal(acct_get_long(exchange, PROP_ACCT_IS_EXCH), 1);
    assert_int_equal(acct_get_long(imap, PROP_ACCT_IS_EXCH), 0);
    release_account(exchange);
    release_account(imap);
}

/* ---- SetProp and SaveChanges ---- */

static void SetProp_copies_and_keeps_until_saved(void **state)
{
    (void)state;
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    DWORD id = acct_get_long(account, PROP_ACCT_ID);
    WCHAR name[] = u"first";
    acct_set_text(account, PROP_ACCT_NAME, name);
    name[0] = u'X';
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"first"));
    assert_true(stored_name_is(manager, id, u"account"));
    acct_set_text(account, PROP_ACCT_NAME, u"second");
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"second"));
    save_account(account);
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"second"));
    assert_true(stored_name_is(manager, id, u"second"));
    acct_set_text(account, PROP_ACCT_NAME, u"never saved");
    release_account(account);
    assert_true(stored_name_is(manager, id, u"second"));
}

static void empty_values(void **state)
{
    (void)state;
    IOlkAccount *account = made(&CLSID_OlkLDAPAccount);
    acct_set_text(account, PROP_ACCT_USER_DISPLAY_NAME, u"");
    assert_int_equal(set(account, PROP_MAPI_IDENTITY_ENTRYID, acct_binary("id", 2)), S_OK);
    save_account(account);
    assert_true(acct_has_text(account, PROP_ACCT_USER_DISPLAY_NAME, u"")); /* a string may be empty */
    assert_bytes(account, PROP_MAPI_IDENTITY_ENTRYID, "id", 2);
    assert_int_equal(set(account, PROP_MAPI_IDENTITY_ENTRYID, acct_binary(NULL, 0)), S_OK); /* bytes are taken away */
    assert_int_equal(acct_get_result(account, PROP_MAPI_IDENTITY_ENTRYID), E_ACCT_NOT_FOUND);
    save_account(account);
    assert_int_equal(acct_get_result(account, PROP_MAPI_IDENTITY_ENTRYID), E_ACCT_NOT_FOUND);
    release_account(account);
}

static void two_objects_that_change_different_properties_lose_nothing(void **state)
{
    (void)state;
    IOlkAccount *a = made(&CLSID_OlkIMAP4Account);
    DWORD id = acct_get_long(a, PROP_ACCT_ID);
    IOlkAccountManager *other = open_manager(WORK);
    IOlkAccount *b = find_account(other, id);
    acct_set_text(a, PROP_ACCT_NAME, u"by a");
    acct_set_text(b, PROP_ACCT_USER_DISPLAY_NAME, u"by b");
    save_account(a);
    save_account(b);
    assert_true(acct_has_text(b, PROP_ACCT_NAME, u"by a")); /* a save also shows what others have saved */
    IOlkAccount *c = find_account(manager, id);
    assert_true(acct_has_text(c, PROP_ACCT_NAME, u"by a"));
    assert_true(acct_has_text(c, PROP_ACCT_USER_DISPLAY_NAME, u"by b"));
    release_account(a);
    release_account(b);
    release_account(c);
    close_manager(other);
}

static void SaveChanges_of_an_account_that_was_deleted(void **state)
{
    (void)state;
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    DWORD id = acct_get_long(account, PROP_ACCT_ID);
    acct_set_text(account, PROP_ACCT_NAME, u"too late");
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, id), S_OK);
    assert_int_equal(account->lpVtbl->SaveChanges(account, 0), E_ACCT_NOT_FOUND);
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"too late")); /* the object still shows what it was */
    assert_int_equal(find_account_result(manager, id), E_ACCT_NOT_FOUND);
    release_account(account);
}

static void SaveChanges_takes_no_flags(void **state)
{
    (void)state;
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    assert_int_equal(account->lpVtbl->SaveChanges(account, 1), E_INVALIDARG);
    release_account(account);
}

static void an_account_outlives_its_manager(void **state)
{
    (void)state;
    IOlkAccountManager *other = open_manager(WORK);
    IOlkAccount *account = find_account(other, make_account(other, &CLSID_OlkIMAP4Account, u"account"));
    IOlkAccount *edited = find_account(other, acct_get_long(account, PROP_ACCT_ID));
    acct_set_text(edited, PROP_ACCT_NAME, u"edited");
    close_manager(other);
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"account"));
    assert_true(acct_has_text(edited, PROP_ACCT_NAME, u"edited"));
    acct_set_text(account, PROP_ACCT_NAME, u"set after the end");
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"set after the end"));
    assert_int_equal(account->lpVtbl->SaveChanges(account, 0), E_OLK_NOT_INITIALIZED);
    assert_int_equal(acct_get_result(account, PROP_ACCT_DELIVERY_STORE), E_ACCT_NOT_FOUND);
    CLSID type;
    DWORD count;
    CLSID *categories;
    assert_int_equal(account->lpVtbl->GetAccountInfo(account, &type, &count, &categories), S_OK);
    assert_int_equal(account->lpVtbl->FreeMemory(account, (BYTE *)categories), S_OK);
    release_account(account);
    release_account(edited);
}

/* ---- bad input ---- */

static void strings_must_be_UTF16(void **state)
{
    (void)state;
    static const WCHAR bad[][4] = {{0xD800, 0}, {u'a', 0xDC00, 0}, {0xDC00, 0xD800, 0}, {0xD800, u'a', 0}};
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(set(account, PROP_ACCT_NAME, acct_text(bad[i])), E_INVALIDARG);
        assert_int_equal(create_with(&CLSID_OlkIMAP4Account, PROP_INET_SERVER, acct_text(bad[i])), E_INVALIDARG);
        assert_int_equal(create_with(&CLSID_OlkIMAP4Account, PROP_INET_PASSWORD, acct_text(bad[i])), E_INVALIDARG);
    }
    assert_int_equal(set(account, PROP_ACCT_NAME, acct_text(NULL)), E_INVALIDARG);
    assert_int_equal(set(account, PROP_ACCT_DELIVERY_STORE, acct_binary(NULL, 4)), E_INVALIDARG);
    assert_int_equal(set(account, PROP_MAPI_TRANSPORT_FLAGS, acct_binary("abc", 3)), E_INVALIDARG);
    assert_int_equal(set(account, PROP_MAPI_TRANSPORT_FLAGS, acct_binary(NULL, 0)), E_INVALIDARG);
    assert_true(acct_has_text(account, PROP_ACCT_NAME, u"account"));
    release_account(account);
}

static void values_of_a_megabyte(void **state)
{
    (void)state;
    enum { UNITS = 1 << 20 };
    WCHAR *text = malloc((UNITS + 1) * sizeof *text);
    BYTE *bytes = malloc(UNITS);
    assert_non_null(text);
    assert_non_null(bytes);
    for (size_t i = 0; i < UNITS; i++) {
        text[i] = (WCHAR)(u'a' + i % 26);
        bytes[i] = (BYTE)(i * 7);
    }
    text[UNITS] = 0;
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    acct_set_text(account, PROP_ACCT_NAME, text);
    assert_int_equal(set(account, PROP_ACCT_DELIVERY_STORE, acct_binary(bytes, UNITS)), S_OK);
    save_account(account);
    IOlkAccount *again = find_account(manager, acct_get_long(account, PROP_ACCT_ID));
    assert_true(acct_has_text(again, PROP_ACCT_NAME, text));
    assert_bytes(again, PROP_ACCT_DELIVERY_STORE, bytes, UNITS);
    release_account(again);
    assert_int_equal(set(account, PROP_ACCT_DELIVERY_STORE, acct_binary(bytes, (16u << 20) + 1)), E_INVALIDARG);
    release_account(account);
    free(text);
    free(bytes);
}

/* ---- reading without the lock ---- */

static atomic_bool stop;

/* One of the two names, whole, or what sends to GetProp. */
static void *read_names(void *account)
{
    uintptr_t wrong = 0;
    while (!atomic_load(&stop)) {
        DWORD number = 0;
        char text[64];
        ULONG size = sizeof text;
        HRESULT hr = OlkReadProp(account, PROP_ACCT_NAME, &number, text, &size);
        wrong += hr == S_OK
                     ? !(size == 3 && memcmp(text, "one", 3) == 0) && !(size == 6 && memcmp(text, "number", 6) == 0)
                     : hr != E_NOTIMPL;
    }
    return (void *)wrong;
}

static void a_value_can_be_read_while_another_one_is_saved(void **state)
{
    (void)state;
    enum { READERS = 2 };
    pthread_t threads[READERS];
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    acct_set_text(account, PROP_ACCT_NAME, u"one");
    save_account(account);
    atomic_store(&stop, false);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_names, account), 0);
    for (int i = 0; i < 200; i++) {
        acct_set_text(account, PROP_ACCT_NAME, i % 2 ? u"one" : u"number");
        assert_true(acct_has_text(account, PROP_ACCT_NAME, i % 2 ? u"one" : u"number"));
        save_account(account);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < READERS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    release_account(account);
}

/* What is set shows at once, and no longer when it was given up. */
static void what_is_set_is_not_read_past(void **state)
{
    (void)state;
    DWORD number = 0;
    char text[64];
    ULONG size = sizeof text;
    IOlkAccount *account = made(&CLSID_OlkIMAP4Account);
    acct_set_text(account, PROP_ACCT_NAME, u"one");
    assert_int_equal(OlkReadProp(account, PROP_ACCT_NAME, &number, text, &size), E_NOTIMPL);
    save_account(account);
    assert_int_equal(OlkReadProp(account, PROP_ACCT_NAME, &number, text, &size), S_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(text, "one", 3);
    size = 2;
    assert_int_equal(OlkReadProp(account, PROP_ACCT_NAME, &number, text, &size), E_NOTIMPL);
    assert_int_equal(OlkReadProp(account, PROP_ACCT_ID, &number, text, &size), S_OK);
    assert_int_equal(number, acct_get_long(account, PROP_ACCT_ID));
    assert_int_equal(OlkReadProp(account, PROP_INET_PASSWORD, &number, text, &size), E_NOTIMPL);
    assert_int_equal(OlkReadProp(account, PROP_ACCT_STAMP, &number, text, &size), E_NOTIMPL);
    release_account(account);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_value_can_be_read_while_another_one_is_saved),
        test(what_is_set_is_not_read_past),
        test(query_interface_knows_the_documented_ones),
        test(placeholders_answer_E_NOTIMPL),
        test(GetAccountInfo_gives_type_and_categories),
        test(GetAccountInfo_needs_its_places),
        test(the_catalogue_has_the_documented_tags_and_names),
        test(types_categories_and_notifications_have_names),
        test(H23_SetProp_keeps_to_the_access_of_each_property),
        test(H23_sent_items_of_pop3_and_imap_accounts),
        test(SetProp_wants_exactly_the_type_of_the_property),
        test(every_property_given_at_creation_is_read_back),
        test(creation_refuses),
        test(an_account_without_a_name_gets_one),
        test(GetProp_of_absent_properties_is_not_found),
        test(GetProp_wants_the_whole_tag),
        test(what_identifies_an_account),
        test(only_exchange_accounts_have_an_emsmdb_uid),
        test(SetProp_copies_and_keeps_until_saved),
        test(empty_values),
        test(two_objects_that_change_different_properties_lose_nothing),
        test(SaveChanges_of_an_account_that_was_deleted),
        test(SaveChanges_takes_no_flags),
        test(an_account_outlives_its_manager),
        test(strings_must_be_UTF16),
        test(values_of_a_megabyte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
