/* IConverterSession::MIMEToMAPI over a message in memory: what becomes of headers, bodies and parts; bad input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/memstream.h"
#include "mime/converter.h"
#include "support/fake_message.h"
#include "support/fault.h"
#include "support/mime_helper.h"

#define assert_prop(object, tag, expected) assert_string_equal(helper_get(object, tag), expected)
#define assert_no_prop(object, tag)        assert_null(helper_get(object, tag))

/* Arguments ----------------------------------------------------------------------------------------------------- */

static void arguments_are_checked(void **state)
{
    IConverterSession *converter = helper_converter();
    IMessage *message = helper_message(FAKE_COMPLETE);
    IStream *stream = helper_stream("A: b\n\nc", 7);

    (void)state;
    assert_int_equal(converter->lpVtbl->MIMEToMAPI(converter, NULL, message, NULL, 0), E_INVALIDARG);
    assert_int_equal(converter->lpVtbl->MIMEToMAPI(converter, stream, NULL, NULL, 0), E_INVALIDARG);
    assert_int_equal(converter->lpVtbl->MIMEToMAPI(converter, stream, message, "server", 0), E_INVALIDARG);
    for (int bit = 0; bit < 32; bit++) {
        ULONG flag = (ULONG)1 << bit, good = 0x2080A2;
        HRESULT hr = converter->lpVtbl->MIMEToMAPI(converter, stream, message, NULL, flag);

        if ((flag & good) == 0)
            assert_int_equal(hr, E_INVALIDARG);
        else
            assert_int_not_equal(hr, E_INVALIDARG);
    }
    assert_non_null(strstr(helper_sentence(), "flag"));
    assert_int_equal(fake_message_saves(message), 0);
    stream->lpVtbl->Release(stream);
}

static void creation_is_checked(void **state)
{
    struct mime_allocators wrong = helper_allocators;
    IConverterSession *converter = (IConverterSession *)(uintptr_t)1;

    (void)state;
    assert_int_equal(mime_converter_create(NULL, &converter), MAPI_E_INVALID_PARAMETER);
    assert_null(converter);
    assert_int_equal(mime_converter_create(&helper_allocators, NULL), MAPI_E_INVALID_PARAMETER);
    wrong.size = 4;
    assert_int_equal(mime_converter_create(&wrong, &converter), MAPI_E_INVALID_PARAMETER);
    wrong = helper_allocators;
    wrong.free_buffer = NULL;
    assert_int_equal(mime_converter_create(&wrong, &converter), MAPI_E_INVALID_PARAMETER);
}

static void identity_and_placeholders(void **state)
{
    IConverterSession *converter = helper_converter();
    void *other = NULL;

    (void)state;
    assert_int_equal(converter->lpVtbl->QueryInterface(converter, &IID_IConverterSession, &other), S_OK);
    assert_ptr_equal(other, converter);
    assert_int_equal(converter->lpVtbl->Release(converter), 1);
    assert_int_equal(converter->lpVtbl->QueryInterface(converter, &IID_IUnknown, &other), S_OK);
    assert_int_equal(converter->lpVtbl->Release(converter), 1);
    assert_int_equal(converter->lpVtbl->QueryInterface(converter, &IID_IMessage, &other), E_NOINTERFACE);
    assert_null(other);
    assert_int_equal(converter->lpVtbl->QueryInterface(converter, &IID_IMessage, NULL), E_INVALIDARG);
    assert_int_equal(converter->lpVtbl->PlaceHolder1(converter), E_NOTIMPL);
    assert_int_equal(converter->lpVtbl->PlaceHolder2(converter), E_NOTIMPL);
    assert_int_equal(converter->lpVtbl->PlaceHolder3(converter), E_NOTIMPL);
    assert_int_equal(converter->lpVtbl->PlaceHolder4(converter), E_NOTIMPL);
    assert_int_equal(converter->lpVtbl->PlaceHolder5(converter), E_NOTIMPL);
}

/* Headers ------------------------------------------------------------------------------------------------------- */

static void headers_become_properties(void **state)
{
    IMessage *message =
        helper_import("Received: from a by b; Mon, 2 Nov 2026 08:15:09 +0100\r\n"
                      "Received: from c by d; Mon, 2 Nov 2026 07:00:00 +0100\r\n"
                      "Date: Mon, 2 Nov 2026 08:15:02 +0100\r\n"
                      "From: Reading Room <room@example.org>\r\n"
                      "Sender: Secretary <secretary@example.org>\r\n"
                      "To: Front Desk <desk@example.org>, group: a@example.org, b@example.org;\r\n"
                      "Cc: c@example.org\r\nCc: d@example.org\r\nBcc: e@example.org\r\n"
                      "Reply-To: Office <office@example.org>, two@example.org\r\n"
                      "Subject: Re: a\r\n long subject\r\nSubject: another\r\n"
                      "Message-ID: <1@example.org>\r\nIn-Reply-To: <0@example.org>\r\n"
                      "References: <a@example.org>\r\n\t<0@example.org>\r\n"
                      "Importance: high\r\nSensitivity: Private\r\nPrecedence: bulk\r\n"
                      "Disposition-Notification-To: Room <room@example.org>\r\nReturn-Receipt-To: room@example.org\r\n"
                      "Expires: Tue, 3 Nov 2026 00:00:00 +0000\r\nContent-Language: de\r\n"
                      "Thread-Index: AQIDBA==\r\nThread-Topic: a topic\r\nX-Auto-Response-Suppress: DR, OOF\r\n"
                      "\r\nbody\r\n");

    (void)state;
    assert_prop(message, PR_MESSAGE_CLASS_W, "IPM.Note");
    assert_prop(message, PR_MESSAGE_FLAGS, "0");
    assert_prop(message, PR_SUBJECT_W, "Re: a long subject");
    assert_prop(message, PR_CONVERSATION_TOPIC_W, "a topic");
    assert_prop(message, PR_CLIENT_SUBMIT_TIME, "1793603702");
    assert_prop(message, PR_MESSAGE_DELIVERY_TIME, "1793603709");
    assert_prop(message, PR_SENT_REPRESENTING_NAME_W, "Reading Room");
    assert_prop(message, PR_SENT_REPRESENTING_ADDRTYPE_W, "SMTP");
    assert_prop(message, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, "room@example.org");
    assert_prop(message, PR_SENT_REPRESENTING_SEARCH_KEY, "SMTP:ROOM@EXAMPLE.ORG");
    assert_prop(message, PR_SENDER_NAME_W, "Secretary");
    assert_prop(message, PR_SENDER_SMTP_ADDRESS_W, "secretary@example.org");
    assert_string_equal(helper_recipients(message), "1 Front Desk <desk@example.org>\n"
                                                    "1 a@example.org <a@example.org>\n"
                                                    "1 b@example.org <b@example.org>\n"
                                                    "2 c@example.org <c@example.org>\n"
                                                    "2 d@example.org <d@example.org>\n"
                                                    "3 e@example.org <e@example.org>\n");
    assert_prop(message, PR_REPLY_RECIPIENT_NAMES_W, "Office;two@example.org");
    assert_prop(message, PR_INTERNET_MESSAGE_ID_W, "<1@example.org>");
    assert_prop(message, PR_IN_REPLY_TO_ID_W, "<0@example.org>");
    assert_prop(message, PR_INTERNET_REFERENCES_W, "<a@example.org> <0@example.org>");
    assert_prop(message, PR_IMPORTANCE, "2");
    assert_prop(message, PR_SENSITIVITY, "2");
    assert_prop(message, PR_INTERNET_PRECEDENCE_W, "bulk");
    assert_prop(message, PR_READ_RECEIPT_REQUESTED, "1");
    assert_prop(message, PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED, "1");
    assert_prop(message, PR_EXPIRY_TIME, "1793664000");
    assert_prop(message, PR_MESSAGE_LOCALE_ID, "1031");
    assert_prop(message, PR_CONVERSATION_INDEX, "\1\2\3\4");
    assert_prop(message, PR_AUTO_RESPONSE_SUPPRESS, "17");
    assert_prop(message, PR_BODY_W, "body\r\n");
    assert_prop(message, PR_NATIVE_BODY_INFO, "1");
    assert_memory_equal(helper_get(message, PR_TRANSPORT_MESSAGE_HEADERS_W), "Received: from a by b;", 22);
    assert_int_equal(fake_message_saves(message), 0);
}

static void one_off_entry_ids_have_the_documented_layout(void **state)
{
    static const unsigned char expected[] = {0,    0,    0,    0,    0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19,
                                             0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02, 0,    0,    0x01, 0x80,
                                             'R',  0,    0,    0,    'S',  0,    'M',  0,    'T',  0,    'P',  0,
                                             0,    0,    'a',  0,    '@',  0,    'b',  0,    0,    0};
    IMessage *message = helper_import("From: R <a@b>\n\n");
    size_t size;
    const char *id = helper_get_sized(message, PR_SENDER_ENTRYID, &size);

    (void)state;
    assert_int_equal(size, sizeof expected);
    assert_memory_equal(id, expected, size);
}

static void headers_that_are_missing(void **state)
{
    time_t before = time(NULL);
    IMessage *message = helper_import("X-Nothing: here\n\nbody");

    (void)state;
    assert_no_prop(message, PR_SUBJECT_W);
    assert_no_prop(message, PR_SENDER_NAME_W);
    assert_no_prop(message, PR_CLIENT_SUBMIT_TIME);
    assert_no_prop(message, PR_INTERNET_MESSAGE_ID_W);
    assert_true(strtoll(helper_get(message, PR_MESSAGE_DELIVERY_TIME), NULL, 10) >= before);
    assert_string_equal(helper_recipients(message), "");
    message = helper_import("Sender: S <s@b>\nSubject:\nBcc: x@y\n\n");
    assert_prop(message, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, "s@b");
    assert_prop(message, PR_SUBJECT_W, "");
    message = helper_message(FAKE_COMPLETE);
    assert_int_equal(helper_try_import("Bcc: x@y\n\n", 10, CCSF_SMTP, message), S_OK);
    assert_string_equal(helper_recipients(message), "");
}

static void headers_that_are_malformed(void **state)
{
    IMessage *message = helper_import("From: nobody in particular\nDate: yesterday\nSubject: =?utf-8?B?YQ=?= \xE9 =?x\n"
                                      "no colon here\nTo: <<>>,,;:\n\nbody");

    (void)state;
    assert_prop(message, PR_SENDER_NAME_W, "nobody in particular");
    assert_no_prop(message, PR_SENDER_EMAIL_ADDRESS_W);
    assert_no_prop(message, PR_CLIENT_SUBMIT_TIME);
    assert_prop(message, PR_SUBJECT_W, "a é =?x");
    assert_prop(message, PR_BODY_W, "body");
}

static void subject_of_padded_words(void **state)
{
    IMessage *message = helper_import("Subject: =?UTF-8?B?TXlTdXJ2ZXk=?=\r\n =?UTF-8?B?LmNvbTogIFk=?=\r\n\r\n");

    (void)state;
    assert_prop(message, PR_SUBJECT_W, "MySurvey.com:  Y");
    message = helper_import("From: =?UTF-8?B?w6k=?= =?UTF-8?B?w6k=?= <a@b>\r\n\r\n");
    assert_prop(message, PR_SENDER_NAME_W, "éé");
}

static void unsent_only_with_the_flag(void **state)
{
    IMessage *message = helper_message(FAKE_COMPLETE);

    (void)state;
    assert_prop(helper_import("X-Unsent: 1\n\n"), PR_MESSAGE_FLAGS, "0");
    assert_int_equal(helper_try_import("X-Unsent: 1\n\n", 13, CCSF_EMBEDDED_MESSAGE, message), S_OK);
    assert_prop(message, PR_MESSAGE_FLAGS, "8");
}

static ULONG named(IMessage *message, const GUID *set, const WCHAR *name, ULONG type)
{
    MAPINAMEID id = {(GUID *)(uintptr_t)set, MNID_STRING, {0}}, *pointer = &id;
    SPropTagArray *tags = NULL;
    ULONG tag;

    id.Kind.lpwstrName = (WCHAR *)(uintptr_t)name;
    assert_true(SUCCEEDED(message->lpVtbl->GetIDsFromNames(message, 1, &pointer, 0, &tags)));
    tag = tags->aulPropTag[0];
    MAPIFreeBuffer(tags);
    return PROP_TYPE(tag) == PT_ERROR ? 0 : CHANGE_PROP_TYPE(tag, type);
}

/* A header without a name in the store used to be in PR_TRANSPORT_MESSAGE_HEADERS alone. */
static void headers_become_named_properties(void **state)
{
    IMessage *message =
        helper_import("Received: from a by b;\n\tMon, 2 Nov 2026 08:15:09 +0100\nReceived: from c by d\n"
                      "X-Mailer: Pen\nX-Whatever: value\nX-Whatever: =?utf-8?Q?=C3=A9?=\n"
                      "Keywords: one, two\nKeywords: three\nList-Id: a\nContent-Class: voice\n"
                      "Content-Base: http://example.org/\n\n");

    (void)state;
    assert_prop(message, named(message, &PS_INTERNET_HEADERS, u"x-mailer", PT_UNICODE), "Pen");
    assert_prop(message, named(message, &PS_INTERNET_HEADERS, u"x-whatever", PT_UNICODE), "value\né");
    assert_prop(message, named(message, &PS_INTERNET_HEADERS, u"content-class", PT_UNICODE), "voice");
    assert_prop(message, named(message, &PS_INTERNET_HEADERS, u"content-base", PT_UNICODE), "http://example.org/");
    assert_prop(message, named(message, &PS_INTERNET_HEADERS, u"received", PT_UNICODE),
                "from a by b;\tMon, 2 Nov 2026 08:15:09 +0100\nfrom c by d");
    assert_prop(message, PR_MESSAGE_CLASS_W, "IPM.Note.Microsoft.Voicemail.UM");
    assert_int_not_equal(named(message, &PS_PUBLIC_STRINGS, u"Keywords", PT_MV_UNICODE), 0);
    message = helper_message(FAKE_NO_NAMES);
    assert_int_equal(helper_try_import("X-Mailer: Pen\n\n", 15, 0, message), S_OK);
}

/* Bodies -------------------------------------------------------------------------------------------------------- */

static ULONG numbered(IMessage *message, const GUID *set, LONG number, ULONG type)
{
    MAPINAMEID id = {(GUID *)(uintptr_t)set, MNID_ID, {0}}, *pointer = &id;
    SPropTagArray *tags = NULL;
    ULONG tag;

    id.Kind.lID = number;
    assert_true(SUCCEEDED(message->lpVtbl->GetIDsFromNames(message, 1, &pointer, 0, &tags)));
    tag = tags->aulPropTag[0];
    MAPIFreeBuffer(tags);
    return PROP_TYPE(tag) == PT_ERROR ? 0 : CHANGE_PROP_TYPE(tag, type);
}

static void flags_and_receipts_become_properties(void **state)
{
    IMessage *message = helper_import("X-Message-Flag: Follow up\nReturn-Receipt-To: Room <room@example.org>\n"
                                      "X-MS-TNEF-Correlator: <1@example.org>\n"
                                      "Content-Class: urn:content-class:custom.order\n\n");

    (void)state;
    assert_prop(message, PR_FLAG_STATUS, "2");
    assert_prop(message, numbered(message, &PSETID_Common, 0x8530, PT_UNICODE), "Follow up");
    assert_prop(message, numbered(message, &PSETID_Task, 0x811C, PT_BOOLEAN), "0");
    assert_prop(message, PR_REPORT_NAME_W, "Room");
    assert_prop(message, PR_TNEF_CORRELATION_KEY, "<1@example.org>");
    assert_prop(message, PR_MESSAGE_CLASS_W, "IPM.Note.order");
}

/* What could not be represented used to be kept without a word about it. */
static void what_is_lost_is_said(void **state)
{
    static const char text[] = "Content-Type: text/plain; charset=utf-8\nContent-Type: text/html\n\nx\xFFz";
    static const GUID kept = {0x6B1A2C7E, 0x0D4F, 0x4E63, {0x9C, 0x0B, 0x5C, 0x6A, 0x77, 0xE2, 0xB5, 0xD1}};
    static const char line[] = "second text";
    IMessage *message = helper_import_bytes(text, sizeof text - 1);
    ULONG tag = named(message, &kept, u"notes", PT_MV_UNICODE), count = 0;
    SizedSPropTagArray(1, wanted) = {1, {tag}};
    SPropValue *values = NULL;

    (void)state;
    assert_int_not_equal(tag, 0);
    assert_true(SUCCEEDED(message->lpVtbl->GetProps(message, (SPropTagArray *)(void *)&wanted, 0, &count, &values)));
    assert_int_equal(values[0].ulPropTag, tag);
    assert_int_equal(values[0].Value.MVszW.cValues, 2);
    MAPIFreeBuffer(values);
    message = helper_import("Subject: x\n\nx");
    assert_no_prop(message, tag);
    /* a part that lacks its blank line has its body among its fields, which GMime leaves out */
    message =
        helper_import("Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\nsecond text\nand more\n--x--\n");
    wanted.aulPropTag[0] = tag = named(message, &kept, u"notes", PT_MV_UNICODE);
    assert_true(SUCCEEDED(message->lpVtbl->GetProps(message, (SPropTagArray *)(void *)&wanted, 0, &count, &values)));
    assert_int_equal(values[0].ulPropTag, tag);
    assert_true(values[0].Value.MVszW.cValues >= 2);
    for (size_t i = 0; i < sizeof line - 1; i++)
        assert_int_equal(values[0].Value.MVszW.lppszW[0][68 + i], line[i]);
    MAPIFreeBuffer(values);
}

static void bodies_of_an_alternative(void **state)
{
    IMessage *message = helper_import(
        "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain; charset=koi8-r\n\n\xF0\xD2\n"
        "--x\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<p>=E9</p>\n"
        "--x--\n");

    (void)state;
    assert_prop(message, PR_BODY_W, "Пр");
    assert_prop(message, PR_HTML, "<p>é</p>");
    assert_prop(message, PR_INTERNET_CPID, "65001");
    assert_no_prop(message, PR_NATIVE_BODY_INFO);
    assert_int_equal(helper_attachment_count(message), 0);
}

static void body_of_html_alone(void **state)
{
    IMessage *message = helper_import("Content-Type: text/html\n\n<meta charset=koi8-r>\xF0");

    (void)state;
    assert_no_prop(message, PR_BODY_W);
    assert_prop(message, PR_HTML, "<meta charset=koi8-r>П");
    assert_prop(message, PR_NATIVE_BODY_INFO, "3");
}

static void later_texts_are_attachments(void **state)
{
    IMessage *message = helper_import("Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n\ntwo\n"
                                      "--x\nContent-Type: text/html\n\n<p>three\n--x--\n");

    (void)state;
    assert_prop(message, PR_BODY_W, "one");
    assert_no_prop(message, PR_HTML);
    assert_int_equal(helper_attachment_count(message), 2);
    assert_prop(helper_attachment(message, 0), PR_ATTACH_DATA_BIN, "two");
    assert_prop(helper_attachment(message, 1), PR_ATTACH_MIME_TAG_W, "text/html");
}

static void unknown_charset_and_nul_keep_the_bytes(void **state)
{
    static const char text[] = "Subject: a\0b\nContent-Type: text/plain; charset=utf-8\n\nx\0y\xFFz";
    static const GUID kept = {0x6B1A2C7E, 0x0D4F, 0x4E63, {0x9C, 0x0B, 0x5C, 0x6A, 0x77, 0xE2, 0xB5, 0xD1}};
    IMessage *message = helper_import_bytes(text, sizeof text - 1);
    size_t size;
    const char *raw;

    (void)state;
    assert_prop(message, PR_SUBJECT_W,
                "a\xEF\xBF\xBD"
                "b");
    assert_prop(message, PR_BODY_W, "x\xEF\xBF\xBDy\xEF\xBF\xBDz");
    raw = helper_get_sized(message, named(message, &kept, u"raw-text", PT_BINARY), &size);
    assert_int_equal(size, 5);
    assert_memory_equal(raw, "x\0y\xFFz", 5);
    message = helper_import("Content-Type: text/plain; charset=x-none\n\n\xE9");
    assert_prop(message, PR_BODY_W, "é");
    assert_prop(message, PR_INTERNET_CPID, "1252");
}

static void transfer_encodings(void **state)
{
    (void)state;
    assert_prop(helper_import("Content-Transfer-Encoding: base64\n\naGk=\n"), PR_BODY_W, "hi");
    assert_prop(helper_import("Content-Transfer-Encoding: quoted-printable\n\na=\n=3Db\n"), PR_BODY_W, "a=b\n");
    assert_prop(helper_import("Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n\"86(`\n`\nend\n"), PR_BODY_W,
                "ab");
    assert_prop(helper_import("Content-Transfer-Encoding: base99\n\naGk=\n"), PR_BODY_W, "aGk=\n");
    assert_prop(helper_import("A: b\n\nbare\rcr \r\n"), PR_BODY_W, "bare\rcr \r\n");
}

static void multipart_without_boundary_is_text(void **state)
{
    IMessage *message = helper_import("Content-Type: multipart/mixed\n\nall of it\n--x\n");

    (void)state;
    assert_prop(message, PR_BODY_W, "all of it\n--x\n");
    assert_int_equal(helper_attachment_count(message), 0);
}

static void first_content_type_counts(void **state)
{
    IMessage *message = helper_import("Content-Type: text/html\nContent-type: text/plain\n\n<p>");

    (void)state;
    assert_prop(message, PR_HTML, "<p>");
    assert_non_null(strstr(helper_get(message, PR_TRANSPORT_MESSAGE_HEADERS_W), "\nContent-type: text/plain"));
}

/* Attachments --------------------------------------------------------------------------------------------------- */

static void attachments_by_value(void **state)
{
    IMessage *message = helper_import(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nbody\n--x\n"
        "Content-Type: image/PNG; name=\"other.png\"\nContent-Transfer-Encoding: base64\nContent-ID: <id@x>\n"
        "Content-Location: http://example.org/a\nContent-Description: a plan\n"
        "Content-Disposition: attachment; filename=\"long name, plan.png\";\n"
        " creation-date=\"Mon, 2 Nov 2026 08:15:02 +0100\"\n\nAAEC/w==\n--x\n"
        "Content-Type: text/plain; charset=koi8-r\nContent-Disposition: attachment;\n"
        " filename*0*=utf-8''%C3%A9; filename*1=\".txt\"\n\n\xF0\n--x\n"
        "Content-Type: application/x; name=\"=?utf-8?B?YQ==?= =?utf-8?B?Yi5j?=\"\n\n\n--x--\n");
    IAttach *attach = helper_attachment(message, 0);
    size_t size;
    const char *data = helper_get_sized(attach, PR_ATTACH_DATA_BIN, &size);

    (void)state;
    assert_int_equal(helper_attachment_count(message), 3);
    assert_int_equal(size, 4);
    assert_memory_equal(data, "\0\1\2\xFF", 4);
    assert_prop(attach, PR_ATTACH_METHOD, "1");
    assert_prop(attach, PR_RENDERING_POSITION, "-1");
    assert_prop(attach, PR_ATTACH_MIME_TAG_W, "image/png");
    assert_prop(attach, PR_ATTACH_LONG_FILENAME_W, "long name, plan.png");
    assert_prop(attach, PR_ATTACH_FILENAME_W, "LONGNA~1.PNG");
    assert_prop(attach, PR_ATTACH_EXTENSION_W, ".png");
    assert_prop(attach, PR_ATTACH_CONTENT_ID_W, "id@x");
    assert_prop(attach, PR_ATTACH_CONTENT_LOCATION_W, "http://example.org/a");
    assert_prop(attach, PR_COMMENT_W, "a plan");
    assert_prop(attach, PR_CREATION_TIME, "1793603702");
    assert_no_prop(attach, PR_ATTACH_FLAGS);
    attach = helper_attachment(message, 1);
    assert_prop(attach, PR_ATTACH_LONG_FILENAME_W, "é.txt");
    assert_prop(attach, PR_ATTACH_DATA_BIN, "\xF0");
    assert_prop(helper_attachment(message, 2), PR_ATTACH_LONG_FILENAME_W, "ab.c");
    assert_prop(helper_attachment(message, 2), PR_ATTACH_DATA_BIN, "");
}

#define THREE_PARTS                                                                                                    \
    "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nbody\n--x\nContent-Type: application/x; name=\"a "            \
    "b.txt\"\n\na\n"                                                                                                   \
    "--x\nContent-Type: application/x\nContent-Disposition: attachment; filename=b;\n"                                 \
    " modification-date=\"Mon, 2 Nov 2026 08:15:02 +0100\"\n\nb\n--x\nContent-Type: application/x\n\nc\n--x--\n"

static void hints_of_attachments(void **state)
{
    IMessage *message = helper_import("X-MS-Attachment: b 1 01-02-2001 00:00\nX-MS-Attachment: a b.txt 99\n"
                                      " 02-29-1996 23:59\nX-MS-Attachment: =?utf-8?Q?=C3=A9?= c.doc 0 12-31-1999 "
                                      "08:05\n" THREE_PARTS);
    const char *text;

    (void)state;
    assert_prop(helper_attachment(message, 0), PR_ATTACH_LONG_FILENAME_W, "a b.txt");
    assert_prop(helper_attachment(message, 0), PR_LAST_MODIFICATION_TIME, "825638340");
    assert_no_prop(helper_attachment(message, 0), PR_CREATION_TIME);
    assert_prop(helper_attachment(message, 1), PR_ATTACH_LONG_FILENAME_W, "b");
    assert_prop(helper_attachment(message, 1), PR_LAST_MODIFICATION_TIME, "1793603702");
    assert_prop(helper_attachment(message, 2), PR_ATTACH_LONG_FILENAME_W, "é c.doc");
    assert_prop(helper_attachment(message, 2), PR_ATTACH_EXTENSION_W, ".doc");
    assert_prop(helper_attachment(message, 2), PR_LAST_MODIFICATION_TIME, "946627500");
    assert_prop(message, named(message, &PS_INTERNET_HEADERS, u"x-ms-attachment", PT_UNICODE),
                "b 1 01-02-2001 00:00\na b.txt 99 02-29-1996 23:59\né c.doc 0 12-31-1999 08:05");
    /* The fields leave as they came, and the part does not get the name besides; but it does get another one. */
    text = helper_export(message, 0);
    assert_non_null(strstr(text, "X-MS-Attachment: b 1 01-02-2001 00:00\r\n"));
    assert_non_null(strstr(text, "Content-Type: application/x\r\nContent-Transfer-Encoding"));
    assert_null(strstr(text, "name=\"c.doc"));
    helper_set(helper_attachment(message, 2), PR_ATTACH_LONG_FILENAME_W, "d.doc");
    assert_non_null(strstr(helper_export(message, 0), "d.doc"));
}

static void hints_for_some_attachments(void **state)
{
    IMessage *message = helper_import("X-MS-Attachment: a b.txt 1 01-02-2001 00:00\n"
                                      "X-MS-Attachment: a b.txt 1 01-03-2001 00:00\n" THREE_PARTS);

    (void)state;
    assert_prop(helper_attachment(message, 0), PR_LAST_MODIFICATION_TIME, "978393600");
    assert_no_prop(helper_attachment(message, 2), PR_LAST_MODIFICATION_TIME);
    assert_no_prop(helper_attachment(message, 2), PR_ATTACH_LONG_FILENAME_W);
    /* without any attachment */
    message = helper_import("X-MS-Attachment: a 1 01-02-2001 00:00\n\nbody\n");
    assert_int_equal(helper_attachment_count(message), 0);
    /* the same name twice, and a field more than there are attachments */
    message = helper_import("X-MS-Attachment: a 1 01-02-2001 00:00\nX-MS-Attachment: a 1 01-03-2001 00:00\n"
                            "X-MS-Attachment: z 1 01-04-2001 00:00\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
                            "Content-Type: a/b; name=a\n\n1\n--x\nContent-Type: a/b; name=a\n\n2\n--x--\n");
    assert_prop(helper_attachment(message, 0), PR_LAST_MODIFICATION_TIME, "978393600");
    assert_prop(helper_attachment(message, 1), PR_LAST_MODIFICATION_TIME, "978480000");
}

static void hints_that_are_malformed(void **state)
{
    static const char *const hints[] = {
        "",
        " ",
        "a",
        "00:00",
        "01-02-2001 00:00",
        "1 01-02-2001 00:00",
        " \t1 01-02-2001 00:00",
        "a x 01-02-2001 00:00",
        "a -1 01-02-2001 00:00",
        "a 1 01-02-2001",
        "a 1 00:00 01-02-2001",
        "a 1 13-02-2001 00:00",
        "a 1 00-02-2001 00:00",
        "a 1 02-29-2001 00:00",
        "a 1 01-02-1600 00:00",
        "a 1 01-02-0000 00:00",
        "a 1 01-02-20011 00:00",
        "a 1 1-2-2001 00:00",
        "a 1 01/02/2001 00:00",
        "a 1 01-02-2001 24:00",
        "a 1 01-02-2001 00:60",
        "a 1 01-02-2001 00:00:00",
        "a 1 01-02-2001 \xC3\xA9",
        "=?utf-8?Q?",
    };

    (void)state;
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        char text[300];
        IMessage *message;

        snprintf(text, sizeof text,
                 "X-MS-Attachment: %s\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: a/b\n\nc\n"
                 "--x--\n",
                 hints[i]);
        message = helper_import(text);
        assert_no_prop(helper_attachment(message, 0), PR_LAST_MODIFICATION_TIME);
        assert_no_prop(helper_attachment(message, 0), PR_ATTACH_LONG_FILENAME_W);
    }
}

static void images_inside_html(void **state)
{
    IMessage *message = helper_import(
        "Content-Type: multipart/related; boundary=x; start=\"<root>\"\n\n--x\nContent-Type: image/png\n"
        "Content-ID: <a>\n\nimage\n--x\nContent-Type: text/html\nContent-ID: <root>\n\n<img src=cid:a>\n--x--\n");
    IAttach *attach = helper_attachment(message, 0);

    (void)state;
    assert_prop(message, PR_HTML, "<img src=cid:a>");
    assert_int_equal(helper_attachment_count(message), 1);
    assert_prop(attach, PR_ATTACH_FLAGS, "4");
    assert_prop(attach, PR_ATTACHMENT_HIDDEN, "1");
    assert_prop(attach, PR_ATTACH_CONTENT_ID_W, "a");
}

static void embedded_messages(void **state)
{
    static const char text[] = "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nouter\n--x\n"
                               "Content-Type: message/rfc822\n\nSubject: inner\nTo: a@b\n\ninner body\n--x--\n";
    IMessage *message = helper_import(text), *embedded = helper_embedded(message, 0);

    (void)state;
    assert_prop(helper_attachment(message, 0), PR_ATTACH_METHOD, "5");
    assert_prop(helper_attachment(message, 0), PR_DISPLAY_NAME_W, "inner");
    assert_prop(embedded, PR_SUBJECT_W, "inner");
    assert_prop(embedded, PR_BODY_W, "inner body");
    assert_string_equal(helper_recipients(embedded), "1 a@b <a@b>\n");
    assert_int_equal(fake_message_saves(embedded), 1);
    assert_non_null(strstr(helper_get(embedded, PR_TRANSPORT_MESSAGE_HEADERS_W), "To: a@b"));

    message = helper_message(FAKE_NO_EMBEDDED);
    assert_int_equal(helper_try_import(text, sizeof text - 1, 0, message), S_OK);
    assert_prop(helper_attachment(message, 0), PR_ATTACH_METHOD, "1");
    assert_non_null(strstr(helper_get(helper_attachment(message, 0), PR_ATTACH_DATA_BIN), "inner body"));
}

static void reports_have_their_classes(void **state)
{
    static const char head[] = "Content-Type: multipart/report; report-type=%s; boundary=x\n\n--x\n\ntext\n--x\n"
                               "Content-Type: message/%s\n\nA: b\n\n%s\n--x--\n";
    static const struct {
        const char *type, *line, *class;
    } rows[] = {{"delivery-status", "Action: failed", "REPORT.IPM.Note.NDR"},
                {"delivery-status", "Action: delivered", "REPORT.IPM.Note.DR"},
                {"disposition-notification", "Disposition: manual-action; displayed", "REPORT.IPM.Note.IPNRN"},
                {"disposition-notification", "Disposition: manual-action; deleted", "REPORT.IPM.Note.IPNNRN"},
                {"feedback-report", "Action: failed", "IPM.Note"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];

        snprintf(text, sizeof text, head, rows[i].type, rows[i].type, rows[i].line);
        assert_prop(helper_import(text), PR_MESSAGE_CLASS_W, rows[i].class);
        assert_prop(helper_import(text), PR_BODY_W, "text");
    }
}

static void reports_say_what_became_of_each_recipient(void **state)
{
    IMessage *message =
        helper_import("Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\ntext\n--x\n"
                      "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.org\n"
                      "Arrival-Date: Mon, 2 Nov 2026 08:15:02 +0100\n\n"
                      "Final-Recipient: rfc822; one@example.org\nAction: relayed\nStatus: 2.0.0\n\n"
                      "Final-Recipient: rfc822;two@example.org\nAction: failed\nStatus: 5.1.1\n"
                      "Diagnostic-Code: smtp; 550 nobody\n of that name\n--x\nContent-Type: text/rfc822-headers\n\n"
                      "From: Room <room@example.org>\nTo: one@example.org, two@example.org\nSubject: a\n"
                      "Date: Mon, 2 Nov 2026 08:15:00 +0100\n--x--\n");

    (void)state;
    assert_prop(message, PR_MESSAGE_CLASS_W, "REPORT.IPM.Note.NDR");
    assert_prop(message, PR_REPORT_TEXT_W,
                "one@example.org: relayed, 2.0.0\r\n"
                "two@example.org: failed, 5.1.1 (smtp; 550 nobody of that name)\r\n");
    assert_prop(message, PR_REPORT_TIME, "1793603702");
    assert_prop(message, PR_NDR_REASON_CODE, "1");
    assert_prop(message, PR_NDR_DIAG_CODE, "0");
    assert_prop(message, PR_SUPPLEMENTARY_INFO_W, "smtp; 550 nobody of that name");
    assert_prop(message, PR_ORIGINAL_SUBJECT_W, "a");
    assert_prop(message, PR_ORIGINAL_SUBMIT_TIME, "1793603700");
    assert_prop(message, PR_ORIGINAL_SENDER_EMAIL_ADDRESS_W, "room@example.org");
    assert_prop(message, PR_ORIGINAL_DISPLAY_TO_W, "one@example.org, two@example.org");
    message =
        helper_import("Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n--x\n\n"
                      "text\n--x\nContent-Type: message/disposition-notification\n\n"
                      "Final-Recipient: rfc822; one@example.org\n"
                      "Disposition: manual-action/MDN-sent-manually; displayed\n--x--\n");
    assert_prop(message, PR_REPORT_DISPOSITION_W, "displayed");
    assert_prop(message, PR_REPORT_DISPOSITION_MODE_W, "manual-action/MDN-sent-manually");
    assert_prop(message, PR_REPORT_TEXT_W, "one@example.org: displayed\r\n");
}

static void meetings_have_their_classes(void **state)
{
    static const char mail[] = "Content-Type: multipart/alternative; boundary=x\n\n--x\n\ntext\n--x\n"
                               "Content-Type: text/calendar; charset=utf-8\n\nBEGIN:VCALENDAR\nMETHOD:%s\n"
                               "BEGIN:VEVENT\nDTSTART:20261102T081502Z\nDTEND:20261102T091502Z\n"
                               "ATTENDEE;PARTSTAT=DECLINED:mailto:desk@example.org\nLOCATION:Reading\n  Room\\, 2\n"
                               "END:VEVENT\nEND:VCALENDAR\n--x--\n";
    static const char *const rows[][2] = {{"REQUEST", "IPM.Schedule.Meeting.Request"},
                                          {"CANCEL", "IPM.Schedule.Meeting.Canceled"},
                                          {"REPLY", "IPM.Schedule.Meeting.Resp.Neg"},
                                          {"PUBLISH", "IPM.Note"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        IMessage *message;

        snprintf(text, sizeof text, mail, rows[i][0]);
        message = helper_import(text);
        assert_prop(message, PR_MESSAGE_CLASS_W, rows[i][1]);
        assert_int_equal(helper_attachment_count(message), 1);
        if (i == 3)
            continue;
        assert_prop(message, PR_START_DATE, "1793607302");
        assert_prop(message, PR_END_DATE, "1793610902");
        assert_prop(message, numbered(message, &PSETID_Appointment, 0x820D, PT_SYSTIME), "1793607302");
        assert_prop(message, numbered(message, &PSETID_Appointment, 0x8208, PT_UNICODE), "Reading Room, 2");
    }
}

static void signed_messages_keep_their_entity(void **state)
{
    IMessage *message = helper_import(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=x\r\n\r\n--x\r\n"
        "Content-Type: text/plain\r\n\r\nsigned\r\n--x\r\nContent-Type: "
        "application/pkcs7-signature\r\n\r\nsig\r\n--x--\r\n");
    const char *data = helper_get(helper_attachment(message, 0), PR_ATTACH_DATA_BIN);

    (void)state;
    assert_prop(message, PR_MESSAGE_CLASS_W, "IPM.Note.SMIME.MultipartSigned");
    assert_prop(message, PR_BODY_W, "signed");
    assert_int_equal(helper_attachment_count(message), 1);
    assert_prop(helper_attachment(message, 0), PR_ATTACH_LONG_FILENAME_W, "smime.p7m");
    assert_non_null(strstr(data, "--x\r\nContent-Type: text/plain\r\n\r\nsigned\r\n--x"));
}

/* Bad input ----------------------------------------------------------------------------------------------------- */

static void empty_text_is_refused(void **state)
{
    IMessage *message = helper_message(FAKE_COMPLETE);

    (void)state;
    assert_int_equal(helper_try_import("", 0, 0, message), MAPI_E_CORRUPT_DATA);
    assert_non_null(strstr(helper_sentence(), "empty"));
}

static void random_bytes_are_a_body(void **state)
{
    unsigned char bytes[10000];
    unsigned seed = 1;
    IMessage *message;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
    bytes[0] = 0xFF;
    message = helper_import_bytes(bytes, sizeof bytes);
    assert_non_null(helper_get(message, PR_BODY_W));
    for (size_t size = 1; size < 300; size++)
        helper_import_bytes(bytes + size, size);
}

/* n times `piece`, which has one %d or none */
static char *many(const char *head, const char *piece, int count, const char *tail)
{
    size_t room = strlen(head) + (size_t)count * (strlen(piece) + 12) + strlen(tail) + 1;
    char *text = malloc(room), *at = text;

    assert_non_null(text);
    at = stpcpy(at, head);
    for (int i = 0; i < count; i++) {
        const char *mark = strstr(piece, "%d");

        at = mark == NULL ? stpcpy(at, piece) : at + sprintf(at, "%.*s%d%s", (int)(mark - piece), piece, i, mark + 2);
    }
    strcpy(at, tail);
    return text;
}

static void deep_nesting_ends_in_one_attachment(void **state)
{
    char *text = malloc(200000), *at = text;
    IMessage *message;

    (void)state;
    assert_non_null(text);
    for (int i = 0; i < 1500; i++)
        at += sprintf(at, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    strcpy(at, "\ninnermost\n");
    message = helper_import(text);
    assert_int_equal(helper_attachment_count(message), 1);
    assert_non_null(strstr(helper_get(helper_attachment(message, 0), PR_ATTACH_DATA_BIN), "innermost"));
    assert_non_null(strstr(helper_get(helper_attachment(message, 0), PR_COMMENT_W), "1,000 levels"));
    free(text);

    text = malloc(200000);
    at = text;
    for (int i = 0; i < 900; i++)
        at += sprintf(at, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    strcpy(at, "\ninnermost\n");
    assert_prop(helper_import(text), PR_BODY_W, "innermost\n");
    free(text);
}

static void embedded_deep(void **state)
{
    char *text = many("", "Subject: %d\nContent-Type: message/rfc822\n\n", 3000, "Subject: last\n\nx");
    IMessage *message = helper_import(text);

    (void)state;
    free(text);
    for (int i = 0; i < 400; i++)
        message = helper_embedded(message, 0);
    assert_prop(message, PR_SUBJECT_W, "400");
}

static void parts_beyond_the_limit_are_one_attachment(void **state)
{
    char *text = many("Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n%d\n", 20500, "--b--\n");
    IMessage *message = helper_import(text);
    ULONG count = helper_attachment_count(message);
    IAttach *last = helper_attachment(message, count - 1);

    (void)state;
    free(text);
    assert_prop(message, PR_BODY_W, "0");
    assert_int_equal(count, 20000);
    assert_prop(last, PR_COMMENT_W, "Beyond the limit of 20,000 parts");
    assert_memory_equal(helper_get(last, PR_ATTACH_DATA_BIN), "--b\n\n20000\n", 11);
}

static void header_over_1_MB_is_refused(void **state)
{
    char *text = many("", "X-Field: %d\n", 100000, "\nbody");
    IMessage *message = helper_message(FAKE_COMPLETE);

    (void)state;
    assert_int_equal(helper_try_import(text, strlen(text), 0, message), MAPI_E_TOO_BIG);
    assert_non_null(strstr(helper_sentence(), "1 MB"));
    assert_no_prop(message, PR_MESSAGE_CLASS_W);
    free(text);
}

static void groups_within_groups_do_not_exhaust_the_stack(void **state)
{
    char *text = many("Subject: x\nTo: ", "a:", 300000, "\n\nbody");
    IMessage *message = helper_import(text);

    (void)state;
    assert_prop(message, PR_SUBJECT_W, "x");
    free(text);
    text = many("Content-Type: message/rfc822\n\nTo: ", "a:", 300000, "\n\nbody");
    message = helper_import(text);
    assert_int_equal(helper_attachment_count(message), 2); /* the message, and what was cut off */
    free(text);
}

static void large_text_goes_through_a_stream(void **state)
{
    char *text = many("Subject: x\n\n", "The quick brown fox jumps over the lazy dog.\r\n", 300000, "");
    size_t size;
    const char *body = helper_get_sized(helper_import(text), PR_BODY_W, &size);

    (void)state;
    assert_int_equal(size, strlen(text) - 12);
    assert_memory_equal(body, text + 12, size);
    free(text);
}

static void ten_thousand_recipients(void **state)
{
    char *text = many("To: ", "Somebody <s%d@example.org>,\n ", 10000, "x@y\n\n");
    const char *recipients = helper_recipients(helper_import(text));
    size_t lines = 0;

    (void)state;
    free(text);
    for (const char *at = recipients; *at != '\0'; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 10001);
}

/* A stream that cannot seek, and one that fails ----------------------------------------------------------------- */

struct odd_stream {
    const IStreamVtbl *lpVtbl;
    const char *text;
    size_t size, at, fails_at;
    bool seeks;
};

static HRESULT odd_Read(IStream *This, void *bytes, ULONG size, ULONG *read)
{
    struct odd_stream *self = (struct odd_stream *)(void *)This;
    size_t some = self->size - self->at < size ? self->size - self->at : size;

    if (some > 3)
        some = 3;
    *read = 0;
    if (self->fails_at != 0 && self->at + some > self->fails_at)
        return STG_E_READFAULT;
    memcpy(bytes, self->text + self->at, some);
    self->at += some;
    *read = (ULONG)some;
    return S_OK;
}

static HRESULT odd_Seek(IStream *This, LARGE_INTEGER move, DWORD origin, ULARGE_INTEGER *position)
{
    struct odd_stream *self = (struct odd_stream *)(void *)This;

    if (!self->seeks)
        return E_NOTIMPL;
    self->at = (size_t)((origin == STREAM_SEEK_SET   ? 0
                         : origin == STREAM_SEEK_CUR ? (LONGLONG)self->at
                                                     : (LONGLONG)self->size) +
                        move.QuadPart);
    if (position != NULL)
        position->QuadPart = self->at;
    return S_OK;
}

static ULONG odd_count(IStream *This)
{
    (void)This;
    return 1;
}

static const IStreamVtbl odd_vtbl = {.AddRef = odd_count, .Release = odd_count, .Read = odd_Read, .Seek = odd_Seek};

static void streams_of_other_kinds(void **state)
{
    static const char text[] = "xxSubject: odd\n\na body of some length\n";
    struct odd_stream odd = {&odd_vtbl, text, sizeof text - 1, 2, 0, false};
    IConverterSession *converter = helper_converter();
    IMessage *message = helper_message(FAKE_COMPLETE);

    (void)state;
    assert_int_equal(converter->lpVtbl->MIMEToMAPI(converter, (IStream *)(void *)&odd, message, NULL, 0), S_OK);
    assert_prop(message, PR_SUBJECT_W, "odd");
    odd = (struct odd_stream){&odd_vtbl, text, sizeof text - 1, 2, 0, true};
    message = helper_message(FAKE_COMPLETE);
    assert_int_equal(converter->lpVtbl->MIMEToMAPI(converter, (IStream *)(void *)&odd, message, NULL, 0), S_OK);
    assert_prop(message, PR_SUBJECT_W, "odd");
    assert_prop(message, PR_BODY_W, "a body of some length\n");
    for (int seeks = 0; seeks < 2; seeks++) {
        odd = (struct odd_stream){&odd_vtbl, text, sizeof text - 1, 2, 20, seeks != 0};
        message = helper_message(FAKE_COMPLETE);
        assert_int_equal(converter->lpVtbl->MIMEToMAPI(converter, (IStream *)(void *)&odd, message, NULL, 0),
                         STG_E_READFAULT);
    }
}

/* Memory -------------------------------------------------------------------------------------------------------- */

static const char everything[] =
    "Date: Mon, 2 Nov 2026 08:15:02 +0100\nFrom: =?utf-8?B?YQ==?= =?utf-8?B?Yg==?= <a@b>\nTo: c@d, e@f\n"
    "Reply-To: g@h\nSubject: x\nX-Mailer: Pen\nKeywords: a, b\n"
    "X-MS-Attachment: f.txt 4 01-02-2001 00:00\nX-MS-Attachment: g 4 01-02-2001 00:00\n"
    "Content-Type: multipart/mixed; boundary=x\n\n--x\n"
    "Content-Type: multipart/alternative; boundary=y\n\n--y\n\ntext\n--y\nContent-Type: text/html\n\n<p>\n--y--\n--x\n"
    "Content-Disposition: attachment; filename=f.txt\n\ndata\n--x\nContent-Type: message/rfc822\n\n"
    "Subject: inner\n\nbody \xFF\n--x--\n";

static HRESULT import_everything(void *context)
{
    IConverterSession *converter = NULL;
    IMessage *message = NULL;
    IStream *stream = NULL;
    HRESULT hr = memstream_create_reader(NULL, everything, sizeof everything - 1, &stream);

    (void)context;
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

static void import_without_memory(void **state)
{
    (void)state;
    assert_int_equal(import_everything(NULL), S_OK);
    assert_true(fault_sweep(import_everything, NULL) > 50);
}

#define test(name) cmocka_unit_test_teardown(name, helper_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(arguments_are_checked),
        test(creation_is_checked),
        test(identity_and_placeholders),
        test(headers_become_properties),
        test(one_off_entry_ids_have_the_documented_layout),
        test(headers_that_are_missing),
        test(headers_that_are_malformed),
        test(subject_of_padded_words),
        test(unsent_only_with_the_flag),
        test(headers_become_named_properties),
        test(flags_and_receipts_become_properties),
        test(what_is_lost_is_said),
        test(bodies_of_an_alternative),
        test(body_of_html_alone),
        test(later_texts_are_attachments),
        test(unknown_charset_and_nul_keep_the_bytes),
        test(transfer_encodings),
        test(multipart_without_boundary_is_text),
        test(first_content_type_counts),
        test(attachments_by_value),
        test(hints_of_attachments),
        test(hints_for_some_attachments),
        test(hints_that_are_malformed),
        test(images_inside_html),
        test(embedded_messages),
        test(reports_have_their_classes),
        test(reports_say_what_became_of_each_recipient),
        test(meetings_have_their_classes),
        test(signed_messages_keep_their_entity),
        test(empty_text_is_refused),
        test(random_bytes_are_a_body),
        test(deep_nesting_ends_in_one_attachment),
        test(embedded_deep),
        test(parts_beyond_the_limit_are_one_attachment),
        test(header_over_1_MB_is_refused),
        test(groups_within_groups_do_not_exhaust_the_stack),
        test(large_text_goes_through_a_stream),
        test(ten_thousand_recipients),
        test(streams_of_other_kinds),
        test(import_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
