/*
 * layout_test.c - identifiers, and what of the layout shows only at run time. Sizes and slot numbers are asserted
 * when base/layout.c is compiled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the headers above. */
#include <actmgmt.h>
#include <cmocka.h>
#include <iconvertersession.h>
#include <mapispi.h>
#include <mapisub.h>
#include <mapix.h>
#include <stdio.h>
#include <string.h>

static void check_guid(const GUID *guid, const char *expected)
{
    char text[40];
    const unsigned char *tail = guid->Data4;
    snprintf(text, sizeof text, "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", (unsigned)guid->Data1,
             guid->Data2, guid->Data3, tail[0], tail[1], tail[2], tail[3], tail[4], tail[5], tail[6], tail[7]);
    assert_string_equal(text, expected);
}

static void identifiers_are_the_documented_ones(void **state)
{
    (void)state;
    check_guid(&IID_IUnknown, "{00000000-0000-0000-C000-000000000046}");
    check_guid(&IID_IStream, "{0000000C-0000-0000-C000-000000000046}");
    check_guid(&IID_ISequentialStream, "{0C733A30-2A1C-11CE-ADE5-00AA0044773D}");
    check_guid(&IID_IMAPISession, "{00020300-0000-0000-C000-000000000046}");
    check_guid(&IID_IMessage, "{00020307-0000-0000-C000-000000000046}");
    check_guid(&IID_IAttachment, "{00020308-0000-0000-C000-000000000046}");
    check_guid(&IID_IMAPISup, "{0002030F-0000-0000-C000-000000000046}");
    check_guid(&IID_IProviderAdmin, "{00020325-0000-0000-C000-000000000046}");
    check_guid(&IID_IMsgServiceAdmin2, "{00020387-0000-0000-C000-000000000046}");
    check_guid(&IID_IMAPIClientShutdown, "{00020397-0000-0000-C000-000000000046}");
    check_guid(&IID_IMAPIGetSession, "{614AB435-491D-4F5B-A8B4-60EB031030C6}");
    check_guid(&PS_PUBLIC_STRINGS, "{00020329-0000-0000-C000-000000000046}");
    check_guid(&PS_INTERNET_HEADERS, "{00020386-0000-0000-C000-000000000046}");
    check_guid(&IID_IOlkErrorUnknown, "{9240A6C0-AF41-11D2-8C3B-00104B2A6676}");
    check_guid(&IID_IOlkEnum, "{9240A6C1-AF41-11D2-8C3B-00104B2A6676}");
    check_guid(&IID_IOlkAccountNotify, "{9240A6C3-AF41-11D2-8C3B-00104B2A6676}");
    check_guid(&IID_IOlkAccountHelper, "{9240A6CB-AF41-11D2-8C3B-00104B2A6676}");
    check_guid(&IID_IOlkAccountManager, "{9240A6CD-AF41-11D2-8C3B-00104B2A6676}");
    check_guid(&IID_IOlkAccount, "{9240A6D2-AF41-11D2-8C3B-00104B2A6676}");
    check_guid(&CLSID_OlkAccountManager, "{ED475410-B0D6-11D2-8C3B-00104B2A6676}");
    check_guid(&CLSID_OlkMAPIAccount, "{ED475414-B0D6-11D2-8C3B-00104B2A6676}");
    check_guid(&CLSID_OlkStore, "{ED475420-B0D6-11D2-8C3B-00104B2A6676}");
    check_guid(&CLSID_OlkHotmailAccount, "{4DB5CBF0-3B77-4852-BC8E-BB81908861F3}");
    check_guid(&CLSID_OlkLDAPAccount, "{4DB5CBF2-3B77-4852-BC8E-BB81908861F3}");
    check_guid(&CLSID_IConverterSession, "{4E3A7680-B77A-11D0-9DA5-00C04FD65685}");
    check_guid(&IID_IConverterSession, "{4B401570-B77B-11D0-9DA5-00C04FD65685}");
}

static void muids_are_bytes_in_stored_order(void **state)
{
    (void)state;
    /* A GUID in memory on a little-endian machine is the MAPIUID of the same number. */
    static const GUID store_wrap = {0x10BBA138, 0xE505, 0x1A10, {0xA1, 0xBB, 0x08, 0x00, 0x2B, 0x2A, 0x56, 0xC2}};
    static const GUID instance = {0x00020385, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
    assert_memory_equal(&muidStoreWrap, &store_wrap, sizeof(MAPIUID));
    assert_memory_equal(&MUID_PROFILE_INSTANCE, &instance, sizeof(MAPIUID));
    assert_memory_equal(muidOneOff.ab, "\x81\x2B\x1F\xA4\xBE\xA3\x10\x19\x9D\x6E\x00\xDD\x01\x0F\x54\x02", 16);
    assert_true(IsEqualMAPIUID(&muidStoreWrap, &store_wrap));
    assert_false(IsEqualMAPIUID(&muidStoreWrap, &instance));
}

#define LIST_OLE(name, data1)                       {#name, &name},
#define LIST(name, a, b, c, d, e, f, g, h, i, j, k) {#name, &name},

static void no_two_identifiers_are_equal(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const GUID *guid;
    } all[] = {MAPI_COM_GUIDS(LIST_OLE) MAPI_OLE_GUIDS(LIST_OLE) MAPI_OTHER_GUIDS(LIST) OLK_GUIDS(LIST)
                   CONVERTER_GUIDS(LIST) SUBSYSTEM_GUIDS(LIST)};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (size_t k = 0; k < i; k++)
            if (IsEqualGUID(all[i].guid, all[k].guid))
                fail_msg("%s and %s are the same", all[i].name, all[k].name);
}

static void rows_and_recipients_are_interchangeable(void **state)
{
    (void)state;
    SPropValue value = {.ulPropTag = PR_SUBJECT_W};
    SRow row = {.cValues = 1, .lpProps = &value};
    ADRENTRY entry;
    memcpy(&entry, &row, sizeof row);
    assert_int_equal(entry.cValues, 1);
    assert_ptr_equal(entry.rgPropVals, &value);
    assert_int_equal(CbNewSRowSet(3), CbNewADRLIST(3));
}

static void sized_arrays_are_arrays(void **state)
{
    (void)state;
    static const SizedSPropTagArray(2, columns) = {2, {PR_ENTRYID, PR_SUBJECT_W}};
    static const SizedSSortOrderSet(1, order) = {1, 0, 0, {{PR_SUBJECT_W, TABLE_SORT_DESCEND}}};
    const SPropTagArray *tags = (const SPropTagArray *)&columns;
    const SSortOrderSet *set = (const SSortOrderSet *)&order;
    assert_int_equal(tags->cValues, 2);
    assert_int_equal(tags->aulPropTag[0], PR_ENTRYID);
    assert_int_equal(columns.aulPropTag[1], PR_SUBJECT_W);
    assert_int_equal(sizeof columns, CbNewSPropTagArray(2));
    assert_int_equal(set->aSort[0].ulOrder, TABLE_SORT_DESCEND);
    assert_int_equal(sizeof order, CbNewSSortOrderSet(1));
}

/* One object seen through its own interface and through a base: the same slots. */
static HRESULT STDMETHODCALLTYPE sample_save_changes(IMessage *This, ULONG ulFlags)
{
    return This != NULL && ulFlags == KEEP_OPEN_READWRITE ? S_OK : MAPI_E_CALL_FAILED;
}

static void an_interface_starts_with_its_base(void **state)
{
    (void)state;
    static const IMessageVtbl vtable = {.SaveChanges = sample_save_changes};
    IMessage message = {&vtable};
    IMAPIProp *prop = (IMAPIProp *)&message;
    assert_int_equal(prop->lpVtbl->SaveChanges(prop, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(message.lpVtbl->SaveChanges(&message, 0), MAPI_E_CALL_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_are_the_documented_ones),
        cmocka_unit_test(muids_are_bytes_in_stored_order),
        cmocka_unit_test(no_two_identifiers_are_equal),
        cmocka_unit_test(rows_and_recipients_are_interchangeable),
        cmocka_unit_test(sized_arrays_are_arrays),
        cmocka_unit_test(an_interface_starts_with_its_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
