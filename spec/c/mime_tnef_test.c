/* winmail.dat: what a sender's MAPI has put into it comes out, and goes back into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/memstream.h"
#include "mime/converter.h"
#include "support/fake_message.h"
#include "support/fault.h"
#include "support/mime_helper.h"

struct bytes {
    unsigned char at[8192];
    size_t size;
};

static void put(struct bytes *bytes, const void *content, size_t size)
{
    assert_true(bytes->size + size <= sizeof bytes->at);
    memcpy(bytes->at + bytes->size, content, size);
    bytes->size += size;
}

static void put_u32(struct bytes *bytes, uint32_t value)
{
    unsigned char four[4] = {(unsigned char)value, (unsigned char)(value >> 8), (unsigned char)(value >> 16),
                             (unsigned char)(value >> 24)};

    put(bytes, four, 4);
}

static void put_sized(struct bytes *bytes, const void *content, size_t size)
{
    put_u32(bytes, 1);
    put_u32(bytes, (uint32_t)size);
    put(bytes, content, size);
    put(bytes, "\0\0\0", (4 - size % 4) % 4);
}

static void put_attribute(struct bytes *bytes, char level, uint32_t attribute, const void *content, size_t size)
{
    put(bytes, &level, 1);
    put_u32(bytes, attribute);
    put_u32(bytes, (uint32_t)size);
    put(bytes, content, size);
    put(bytes, "\0", 2);
}

static void begin(struct bytes *bytes)
{
    memset(bytes, 0, sizeof *bytes);
    put_u32(bytes, 0x223E9F78);
    put(bytes, "\1", 2);
}

/* A task with a named number, an attachment of three bytes and one that is a message. */
static void make(struct bytes *tnef)
{
    static const IID message_iid = {0x00020307, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
    struct bytes props = {{0}, 0}, inner, object = {{0}, 0};

    begin(tnef);
    put_u32(&props, 4);
    put_u32(&props, PROP_TAG(PT_STRING8, 0x001A));
    put_sized(&props, "IPM.Task", 9);
    put_u32(&props, PR_SENDER_NAME_W);
    put_sized(&props, "e\0v\0i\0l\0\0", 10);
    put_u32(&props, PROP_TAG(PT_LONG, 0x8001));
    put(&props, &PSETID_Task, sizeof(GUID));
    put_u32(&props, MNID_ID);
    put_u32(&props, 0x8101);
    put_u32(&props, 2);
    put_u32(&props, PR_OWNER_APPT_ID);
    put_u32(&props, 7);
    put_attribute(tnef, 1, 0x00069007, "\xE3\4\0\0\0\0\0", 8); /* windows-1251 */
    put_attribute(tnef, 1, 0x00069003, props.at, props.size);
    put_attribute(tnef, 2, 0x00069002, "\1\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    put_attribute(tnef, 2, 0x00018010, "SHORT.BIN", 10);
    put_attribute(tnef, 2, 0x0006800F, "\0\1\2", 3);
    props.size = 0;
    put_u32(&props, 1);
    put_u32(&props, PROP_TAG(PT_STRING8, 0x3707));
    put_sized(&props, "\xCF.bin", 6);
    put_attribute(tnef, 2, 0x00069005, props.at, props.size);
    begin(&inner);
    props.size = 0;
    put_u32(&props, 1);
    put_u32(&props, PR_SUBJECT_W);
    put_sized(&props, "i\0n\0\0", 6);
    put_attribute(&inner, 1, 0x00069003, props.at, props.size);
    put(&object, &message_iid, sizeof message_iid);
    put(&object, inner.at, inner.size);
    props.size = 0;
    put_u32(&props, 2);
    put_u32(&props, PR_ATTACH_METHOD);
    put_u32(&props, ATTACH_EMBEDDED_MSG);
    put_u32(&props, PR_ATTACH_DATA_OBJ);
    put_sized(&props, object.at, object.size);
    put_attribute(tnef, 2, 0x00069002, "\1\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    put_attribute(tnef, 2, 0x00069005, props.at, props.size);
}

static char *mail_of(const struct bytes *tnef)
{
    gchar *encoded = g_base64_encode(tnef->at, tnef->size);
    char *text;

    assert_true(
        asprintf(&text,
                 "From: Room <room@example.org>\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhello\n--x\n"
                 "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
                 "%s\n--x--\n",
                 encoded) > 0);
    g_free(encoded);
    return text;
}

static void winmail_is_expanded(void **state)
{
    struct bytes tnef;
    MAPINAMEID id = {(GUID *)(uintptr_t)&PSETID_Task, MNID_ID, {.lID = 0x8101}}, *pointer = &id;
    SPropTagArray *tags = NULL;
    IMessage *message;
    const char *text;
    char *mail;

    (void)state;
    make(&tnef);
    mail = mail_of(&tnef);
    message = helper_import(mail);
    free(mail);
    assert_string_equal(helper_get(message, PR_MESSAGE_CLASS_W), "IPM.Task");
    assert_string_equal(helper_get(message, PR_SENDER_NAME_W), "Room");
    assert_string_equal(helper_get(message, PR_BODY_W), "hello");
    assert_string_equal(helper_get(message, PR_OWNER_APPT_ID), "7");
    assert_int_equal(message->lpVtbl->GetIDsFromNames(message, 1, &pointer, 0, &tags), S_OK);
    assert_string_equal(helper_get(message, CHANGE_PROP_TYPE(tags->aulPropTag[0], PT_LONG)), "2");
    MAPIFreeBuffer(tags);
    assert_int_equal(helper_attachment_count(message), 3);
    assert_string_equal(helper_get(helper_attachment(message, 1), PR_ATTACH_LONG_FILENAME_W), "П.bin");
    assert_memory_equal(helper_get(helper_attachment(message, 1), PR_ATTACH_DATA_BIN), "\0\1\2", 3);
    assert_string_equal(helper_get(helper_embedded(message, 2), PR_SUBJECT_W), "in");
    /* what leaves is the winmail.dat, and nothing twice */
    text = helper_export(message, 0);
    assert_non_null(strstr(text, "winmail.dat"));
    assert_null(strstr(text, "bin"));
    assert_null(strstr(text, "rfc822"));
}

/* What is written into a winmail.dat is what another import takes out of it. */
static void winmail_is_written(void **state)
{
    IMessage *message = helper_import(
                 "From: Room <room@example.org>\nSubject: outer\n"
                 "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n"
                 "<p>hello</p>\n--x\nContent-Type: image/png; name=a.png\n\nxyz\n--x\n"
                 "Content-Type: message/rfc822\n\nSubject: inner\nTo: one@example.org\n\ninside\n--x--\n"),
             *again;
    const char *text;

    (void)state;
    helper_set(message, PR_CONVERSATION_TOPIC_W, "a topic");
    helper_set_long(message, PR_OWNER_APPT_ID, 7);
    text = helper_export(message, CCSF_USE_TNEF);
    assert_non_null(strstr(text, "hello\r\n"));
    assert_null(strstr(text, "<p>"));
    assert_null(strstr(text, "a.png"));
    again = helper_import(text);
    assert_string_equal(helper_get(again, PR_HTML), "<p>hello</p>");
    assert_string_equal(helper_get(again, PR_OWNER_APPT_ID), "7");
    assert_int_equal(helper_attachment_count(again), 3);
    assert_string_equal(helper_get(helper_attachment(again, 1), PR_ATTACH_LONG_FILENAME_W), "a.png");
    assert_string_equal(helper_get(helper_attachment(again, 1), PR_ATTACH_DATA_BIN), "xyz");
    assert_string_equal(helper_get(helper_embedded(again, 2), PR_SUBJECT_W), "inner");
    assert_string_equal(helper_get(helper_embedded(again, 2), PR_BODY_W), "inside");
    assert_string_equal(helper_recipients(helper_embedded(again, 2)), "1 one@example.org <one@example.org>\n");
}

static void damaged_winmail_does_no_harm(void **state)
{
    struct bytes tnef;

    (void)state;
    make(&tnef);
    for (size_t size = 0; size < tnef.size; size += 3) {
        struct bytes cut = tnef;
        char *mail;

        cut.size = size;
        if (size % 2 == 0) {
            cut.size = tnef.size;
            cut.at[size] ^= 0xFF;
        }
        mail = mail_of(&cut);
        assert_string_equal(helper_get(helper_import(mail), PR_BODY_W), "hello");
        free(mail);
        helper_reset(NULL);
    }
}

static HRESULT import_once(void *context)
{
    IConverterSession *converter = NULL;
    IMessage *message = NULL;
    IStream *stream = NULL;
    HRESULT hr = memstream_create_reader(NULL, context, strlen(context), &stream);

    if (SUCCEEDED(hr))
        hr = fake_message_create(FAKE_COMPLETE, &message);
    if (SUCCEEDED(hr))
        hr = mime_converter_create(&helper_allocators, &converter);
    if (SUCCEEDED(hr))
        hr = converter->lpVtbl->MIMEToMAPI(converter, stream, message, NULL, IMPORT_ALL);
    if (converter != NULL)
        converter->lpVtbl->Release(converter);
    if (message != NULL)
        message->lpVtbl->Release(message);
    if (stream != NULL)
        stream->lpVtbl->Release(stream);
    return hr;
}

static void expanded_without_memory(void **state)
{
    struct bytes tnef;
    char *mail;

    (void)state;
    make(&tnef);
    mail = mail_of(&tnef);
    fault_sweep(import_once, mail);
    free(mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(winmail_is_expanded, helper_reset),
        cmocka_unit_test_teardown(winmail_is_written, helper_reset),
        cmocka_unit_test_teardown(damaged_winmail_does_no_harm, helper_reset),
        cmocka_unit_test_teardown(expanded_without_memory, helper_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
