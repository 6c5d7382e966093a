/* proptag_test.c - property tags by name, names by tag. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the headers above. */
#include <cmocka.h>
#include <mapitags.h>
#include <stdio.h>
#include <string.h>

#include "base/proptag.h"

#define NO_TAG 0xDEADBEEFu

static ULONG tag_of(const char *name)
{
    ULONG tag = NO_TAG;
    bool found = proptag_from_name(name, strlen(name), &tag);
    assert_int_equal(found, tag != NO_TAG);
    return tag;
}

/* The lists again, to walk through them. */
struct entry {
    const char *name;
    ULONG tag;
    bool alias;
};
#define TAG(name, tag)   {#name, tag, false},
#define ALIAS(name, tag) {#name, tag, true},
static const struct entry short_names[] = {
#include "base/proptag_names.h"
};
static const struct entry canonical_names[] = {
#include "base/proptag_canonical.h"
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void lists_are_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < COUNT(short_names); i++)
        assert_true(strcmp(short_names[i - 1].name, short_names[i].name) < 0);
    for (size_t i = 1; i < COUNT(canonical_names); i++)
        assert_true(strcmp(canonical_names[i - 1].name, canonical_names[i].name) < 0);
}

static void every_name_is_found_in_all_its_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(short_names); i++) {
        const struct entry *entry = &short_names[i];
        char constant[80] = "PR_";
        for (size_t k = 0; k <= strlen(entry->name); k++) {
            char c = entry->name[k];
            constant[3 + k] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        assert_int_equal(tag_of(entry->name), entry->tag);
        assert_int_equal(tag_of(constant), entry->tag);

        ULONG type = PROP_TYPE(entry->tag);
        size_t end = strlen(constant);
        strcpy(constant + end, "_W");
        if ((type & ~(ULONG)MV_FLAG) == PT_UNICODE) {
            assert_int_equal(tag_of(constant), entry->tag);
            strcpy(constant + end, "_A");
            assert_int_equal(tag_of(constant), CHANGE_PROP_TYPE(entry->tag, PT_STRING8 | (type & MV_FLAG)));
        } else {
            assert_int_equal(tag_of(constant), NO_TAG);
        }

        const char *back = proptag_name(entry->tag);
        assert_non_null(back);
        assert_int_equal(tag_of(back), entry->tag);
        if (!entry->alias)
            assert_int_equal(PROP_ID(tag_of(back)), PROP_ID(entry->tag));
    }
    for (size_t i = 0; i < COUNT(canonical_names); i++) {
        char name[96];
        snprintf(name, sizeof name, "PidTag%s", canonical_names[i].name);
        assert_int_equal(tag_of(name), canonical_names[i].tag);
        assert_non_null(proptag_name(canonical_names[i].tag));
    }
}

static void tags_are_the_documented_ones(void **state)
{
    (void)state;
    assert_int_equal(tag_of("subject"), 0x0037001F);
    assert_int_equal(tag_of("PR_SUBJECT"), 0x0037001F);
    assert_int_equal(tag_of("PR_SUBJECT_W"), 0x0037001F);
    assert_int_equal(tag_of("PR_SUBJECT_A"), 0x0037001E);
    assert_int_equal(tag_of("PidTagSubject"), 0x0037001F);
    assert_int_equal(tag_of("entryid"), 0x0FFF0102);
    assert_int_equal(tag_of("PidTagAddressType"), 0x3002001F);
    assert_int_equal(tag_of("message_delivery_time"), 0x0E060040);
    assert_int_equal(tag_of("PidTagContentUnreadCount"), 0x36030003);
    assert_int_equal(tag_of("subfolders"), 0x360A000B);
    assert_int_equal(tag_of("mailbox_owner_name"), 0x661C001F); /* not what its page prints */
    assert_int_equal(tag_of("service_entry_name"), 0x3D0B001E);
    assert_int_equal(tag_of("PR_SERVICE_ENTRY_NAME_A"), 0x3D0B001E);
    assert_int_equal(tag_of("7bit_display_name"), 0x39FF001E);
    assert_int_equal(tag_of("service_support_files"), 0x3D0F101F);
    assert_int_equal(tag_of("PR_SERVICE_SUPPORT_FILES_A"), 0x3D0F101E);
    assert_int_equal(tag_of("html"), 0x10130102);
    assert_int_equal(tag_of("body_html"), 0x1013001F);
    assert_int_equal(tag_of("attach_data_bin"), 0x37010102);
    assert_int_equal(tag_of("attach_data_obj"), 0x3701000D);
    assert_int_equal(tag_of("primary_send_acct"), 0x0E28001F);
    assert_int_equal(tag_of("primary_send_account"), 0x0E28001F);
    assert_int_equal(tag_of("null"), 0x00000001);
}

static void other_names_are_unknown(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "Subject",
        "SUBJECT",
        "PR_subject",
        "pr_subject",
        "PR_",
        "PidTag",
        "subject_w",
        "subject_a",
        "PR_ENTRYID_W",
        "PR_ENTRYID_A",
        "PidTagsubject",
        "subjec",
        "subjects",
        "PR__W",
        "PR_SUBJECT_B",
        "PR_SUBJECT_W_W",
        "PR_7BIT_DISPLAY_NAME_W",
        "PidTagSubject_W",
        "PR_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(tag_of(names[i]), NO_TAG);
    /* The length decides, not a NUL. */
    ULONG tag = 0;
    assert_true(proptag_from_name("subject_prefix", 7, &tag));
    assert_int_equal(tag, PR_SUBJECT_W);
    assert_false(proptag_from_name("subject\0x", 9, &tag));
}

static void names_of_tags(void **state)
{
    (void)state;
    assert_string_equal(proptag_name(PR_SUBJECT_W), "subject");
    assert_string_equal(proptag_name(PR_SUBJECT_A), "subject");
    assert_string_equal(proptag_name(PROP_TAG(PT_ERROR, 0x0037)), "subject");
    assert_string_equal(proptag_name(PROP_TAG(PT_UNSPECIFIED, 0x0037)), "subject");
    assert_string_equal(proptag_name(PR_HTML), "html");
    assert_string_equal(proptag_name(PR_BODY_HTML_A), "body_html");
    assert_string_equal(proptag_name(PR_ATTACH_DATA_BIN), "attach_data_bin");
    assert_string_equal(proptag_name(PR_ATTACH_DATA_OBJ), "attach_data_obj");
    assert_string_equal(proptag_name(PR_BUSINESS_TELEPHONE_NUMBER_W), "business_telephone_number");
    assert_string_equal(proptag_name(PR_PRIMARY_SEND_ACCT_W), "primary_send_acct");
    assert_string_equal(proptag_name(PR_SERVICE_SUPPORT_FILES_W | MV_INSTANCE), "service_support_files");
    assert_null(proptag_name(PROP_TAG(PT_LONG, 0x0037)));
    assert_null(proptag_name(PROP_TAG(PT_UNICODE, 0x8001)));
    assert_null(proptag_name(PROP_TAG(PT_UNICODE, 0x6FFF)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_sorted),
        cmocka_unit_test(every_name_is_found_in_all_its_forms),
        cmocka_unit_test(tags_are_the_documented_ones),
        cmocka_unit_test(other_names_are_unknown),
        cmocka_unit_test(names_of_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
