/* IConverterSession::MAPIToMIMEStm over a message in memory: structure, fields, encodings, what must not get out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/memstream.h"
#include "mime/converter.h"
#include "support/fake_message.h"
#include "support/fault.h"
#include "support/mime_helper.h"

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("not found: %s\nin: %s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("found: %s\nin: %s", part, text);
}

/* A message as it is composed here. */
static IMessage *composed(void)
{
    IMessage *message = helper_message(FAKE_COMPLETE);

    helper_set_long(message, PR_MESSAGE_FLAGS, (LONG)MSGFLAG_UNSENT);
    helper_set(message, PR_SUBJECT_W, "A subject");
    helper_set(message, PR_SENDER_NAME_W, "Reading Room");
    helper_set(message, PR_SENDER_EMAIL_ADDRESS_W, "room@example.org");
    helper_set(message, PR_BODY_W, "Hello.\r\n");
    helper_set_recipient(message, "Front Desk", "desk@example.org", MAPI_TO);
    return message;
}

/* Arguments and settings ---------------------------------------------------------------------------------------- */

static void arguments_are_checked(void **state)
{
    IConverterSession *converter = helper_converter();
    IMessage *message = composed();
    const char *text;
    size_t size;

    (void)state;
    assert_int_equal(converter->lpVtbl->MAPIToMIMEStm(converter, message, NULL, CCSF_SMTP), E_INVALIDARG);
    assert_int_equal(helper_try_export(NULL, CCSF_SMTP, &text, &size), E_INVALIDARG);
    assert_int_equal(helper_try_export(message, 0, &text, &size), E_INVALIDARG);
    assert_non_null(strstr(helper_sentence(), "CCSF_SMTP"));
    for (int bit = 0; bit < 32; bit++) {
        ULONG flag = (ULONG)1 << bit, good = 0x20D0F6;
        HRESULT hr = helper_try_export(message, flag | CCSF_SMTP, &text, &size);

        if ((flag & good) == 0)
            assert_int_equal(hr, E_INVALIDARG);
        else
            assert_int_equal(hr, S_OK);
    }
}

static void settings_are_checked(void **state)
{
    IConverterSession *converter = helper_converter();

    (void)state;
    for (int encoding = -1; encoding < 8; encoding++)
        assert_int_equal(converter->lpVtbl->SetEncoding(converter, (ENCODINGTYPE)encoding),
                         encoding >= 1 && encoding <= 5 ? S_OK : E_INVALIDARG);
    assert_int_equal(converter->lpVtbl->SetSaveFormat(converter, SAVE_RFC822), S_OK);
    assert_int_equal(converter->lpVtbl->SetSaveFormat(converter, SAVE_RFC1521), S_OK);
    assert_int_equal(converter->lpVtbl->SetSaveFormat(converter, (MIMESAVETYPE)2), E_INVALIDARG);
    assert_int_equal(converter->lpVtbl->SetTextWrapping(converter, TRUE, 40), S_OK);
    assert_int_equal(converter->lpVtbl->SetCharset(converter, TRUE, (HCHARSET)(uintptr_t)20866, CSET_APPLY_ALL), S_OK);
    assert_int_equal(converter->lpVtbl->SetCharset(converter, TRUE, NULL, CSET_APPLY_UNTAGGED), S_OK);
    assert_int_equal(converter->lpVtbl->SetCharset(converter, FALSE, (HCHARSET)(uintptr_t)7, CSET_APPLY_ALL), S_OK);
    assert_int_equal(converter->lpVtbl->SetCharset(converter, TRUE, (HCHARSET)(uintptr_t)7, CSET_APPLY_ALL),
                     E_INVALIDARG);
    assert_int_equal(converter->lpVtbl->SetCharset(converter, TRUE, NULL, (CSETAPPLYTYPE)3), E_INVALIDARG);
    assert_int_equal(converter->lpVtbl->SetAdrBook(converter, NULL), S_OK);
}

/* Fields -------------------------------------------------------------------------------------------------------- */

static void plain_message(void **state)
{
    const char *text = helper_export(composed(), 0);

    (void)state;
    assert_has(text, "Date: ");
    assert_has(text, "From: Reading Room <room@example.org>\r\n");
    assert_has(text, "To: Front Desk <desk@example.org>\r\n");
    assert_has(text, "Subject: A subject\r\n");
    assert_has(text, "Message-ID: <");
    assert_has(text, ".mapi@example.org>\r\n");
    assert_has(text, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\n"
                     "Content-Transfer-Encoding: 7bit\r\n\r\nHello.\r\n");
    assert_has_not(text, "Sender:");
}

static void received_messages_keep_what_they_lacked(void **state)
{
    const char *text = helper_export(helper_import("From: a@b\nDate: some day\n\nx"), 0);

    (void)state;
    assert_has(text, "Date: some day\r\n");
    assert_has_not(text, "Message-ID");
    assert_has_not(text, "Subject");
    text = helper_export(helper_import("From: a@b\nSubject:\n\nx"), 0);
    assert_has_not(text, "Date");
    assert_has(text, "Subject: \r\n");
}

static void flags_choose_fields(void **state)
{
    IMessage *message = helper_import("From: \xC3\xA9 <a@b>\nTo: c@d\nBcc: e@f\nMessage-ID: <1@b>\n\nx");
    const char *text = helper_export(message, 0);

    (void)state;
    assert_has_not(text, "Bcc");
    assert_has(text, "Message-ID: <1@b>\r\n");
    assert_has(text, "From: =?utf-8?B?w6k=?= <a@b>\r\n");
    assert_has(helper_export(message, CCSF_INCLUDE_BCC), "Bcc: e@f\r\n");
    assert_has_not(helper_export(message, CCSF_NO_MSGID), "Message-ID");
    assert_has(helper_export(message, CCSF_8BITHEADERS), "From: \xC3\xA9 <a@b>\r\n");
    assert_memory_equal(helper_export(message, CCSF_NOHEADERS), "Content-Type: text/plain", 24);
    helper_set_long(message, PR_MESSAGE_FLAGS, (LONG)MSGFLAG_UNSENT);
    assert_has(helper_export(message, CCSF_EMBEDDED_MESSAGE), "X-Unsent: 1\r\n");
    assert_has_not(helper_export(message, 0), "X-Unsent");
}

static void fields_from_properties(void **state)
{
    static const char original[] = "Date: Mon, 2 Nov 2026 07:15:02 +0000\r\n"
                                   "From: Reading Room <room@example.org>\r\n"
                                   "Sender: Secretary <secretary@example.org>\r\n"
                                   "Reply-To: Office <office@example.org>, two@example.org\r\n"
                                   "To: \"Desk, Front\" <desk@example.org>\r\n"
                                   "Cc: c@example.org, d@example.org\r\n"
                                   "Subject: Re: a subject\r\n"
                                   "Message-ID: <1@example.org>\r\n"
                                   "In-Reply-To: <0@example.org>\r\n"
                                   "References: <a@example.org> <0@example.org>\r\n"
                                   "Thread-Topic: a topic\r\n"
                                   "Thread-Index: AQIDBA==\r\n"
                                   "Importance: High\r\n"
                                   "Sensitivity: Private\r\n"
                                   "Return-Receipt-To: Reading Room <room@example.org>\r\n"
                                   "Disposition-Notification-To: Room <room@example.org>\r\n"
                                   "Expires: Tue, 3 Nov 2026 00:00:00 +0000\r\n"
                                   "X-Auto-Response-Suppress: DR, OOF\r\n"
                                   "Content-Language: de-DE\r\n"
                                   "Precedence: bulk\r\n"
                                   "List-Help: <mailto:help@example.org>\r\n"
                                   "X-Mailer: Pen\r\n"
                                   "Keywords: one, two\r\n"
                                   "MIME-Version: 1.0\r\n"
                                   "Content-Type: text/plain; charset=\"us-ascii\"\r\n"
                                   "Content-Transfer-Encoding: 7bit\r\n"
                                   "\r\n"
                                   "body\r\n";

    (void)state;
    assert_string_equal(helper_export(helper_import(original), 0), original);
}

static void injection_is_impossible(void **state)
{
    static const char evil[] = "x\r\nBcc: evil@example.org\r\n\r\nevil body";
    IMessage *message = composed();
    const char *text;
    size_t head;

    (void)state;
    helper_set(message, PR_SUBJECT_W, evil);
    helper_set(message, PR_SENDER_NAME_W, evil);
    helper_set(message, PR_SENDER_EMAIL_ADDRESS_W, "a@b\r\nBcc: evil@example.org");
    helper_set(message, PR_INTERNET_MESSAGE_ID_W, evil);
    helper_set(message, PR_INTERNET_REFERENCES_W, "<a>\r\nBcc: evil@example.org");
    helper_set(message, PR_IN_REPLY_TO_ID_W, "\xC3\xA9\r\nBcc: evil@example.org");
    helper_set(message, PR_LIST_HELP_W, evil);
    helper_set_recipient(message, evil, evil, MAPI_TO);
    helper_attach(message, evil, evil, "data", 4);
    helper_set(helper_attachment(message, 0), PR_ATTACH_CONTENT_ID_W, evil);
    helper_set(helper_attachment(message, 0), PR_ATTACH_CONTENT_LOCATION_W, evil);
    for (int flags = 0; flags < 2; flags++) {
        text = helper_export(message, flags == 0 ? 0 : CCSF_8BITHEADERS);
        assert_has_not(text, "\nBcc");
        assert_has_not(text, "\nevil");
        head = (size_t)(strstr(text, "\r\n\r\n") - text);
        assert_true(head < (size_t)(strstr(text, "Hello.") - text));
    }
}

static void names_and_addresses_are_quoted_as_needed(void **state)
{
    static const char *const rows[][3] = {
        {"Plain Name", "a@b.example", "To: Plain Name <a@b.example>\r\n"},
        {"a@b.example", "a@b.example", "To: a@b.example\r\n"},
        {"", "a@b.example", "To: a@b.example\r\n"},
        {"With, comma", "a@b.example", "To: \"With, comma\" <a@b.example>\r\n"},
        {"With \"quotes\" \\", "a@b.example", "To: \"With \\\"quotes\\\" \\\\\" <a@b.example>\r\n"},
        {"Ünïcode", "a@b.example", "To: =?utf-8?B?w5xuw69jb2Rl?= <a@b.example>\r\n"},
        {"=?fake?", "a@b.example", "To: =?utf-8?B?PT9mYWtlPw==?= <a@b.example>\r\n"},
        {"Somebody", "odd part@b.example", "To: Somebody <\"odd part\"@b.example>\r\n"},
        {"Somebody", "a@exämple.org", "To: Somebody <a@xn--exmple-cua.org>\r\n"},
        {"Nobody", "", "To: Nobody:;\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        IMessage *message = composed();

        helper_set_recipient(message, rows[i][0], rows[i][1], MAPI_TO);
        assert_has(helper_export(message, 0), rows[i][2]);
    }
}

static void lines_are_folded_and_come_back(void **state)
{
    char subject[3000] = "";
    IMessage *message = composed();
    const char *text;

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(subject, i % 7 == 3 ? "word  " : "wörd ");
    strcat(subject, "end");
    helper_set(message, PR_SUBJECT_W, subject);
    text = helper_export(message, 0);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_true(strchr(line, '\n') - line < 80);
    assert_string_equal(helper_get(helper_import(text), PR_SUBJECT_W), subject);
    for (char *at = subject; (at = strstr(at, "ö")) != NULL; at++)
        memcpy(at, "oo", 2);
    helper_set(message, PR_SUBJECT_W, subject);
    text = helper_export(message, 0);
    assert_has_not(text, "=?");
    assert_string_equal(helper_get(helper_import(text), PR_SUBJECT_W), subject);
    memset(subject, 'x', 2000);
    subject[2000] = '\0';
    helper_set(message, PR_SUBJECT_W, subject);
    assert_string_equal(helper_get(helper_import(helper_export(message, 0)), PR_SUBJECT_W), subject);
}

/* Bodies -------------------------------------------------------------------------------------------------------- */

static void texts_come_back_as_they_were(void **state)
{
    static const char *const texts[] = {"",
                                        "x",
                                        "a\r\nb\r\n",
                                        "trailing \r\n\tblanks\t\r\n",
                                        "Grüße\r\n",
                                        "日本語のテキスト\r\n",
                                        "bare\rcr\r\n",
                                        "a bare\nlf\r\n",
                                        "--=_looks like a boundary\r\n",
                                        ".\r\n..\r\n",
                                        "From here\r\n",
                                        "=3D\r\n",
                                        "\r\n\r\n",
                                        "\xF0\x9F\x98\x80"};

    (void)state;
    for (ENCODINGTYPE encoding = IET_UNKNOWN; encoding <= IET_8BIT; encoding++) {
        IConverterSession *converter = helper_converter();

        if (encoding != IET_UNKNOWN)
            converter->lpVtbl->SetEncoding(converter, encoding);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            IMessage *message = composed();
            const char *text, *body;

            helper_set(message, PR_BODY_W, texts[i]);
            text = helper_export(message, 0);
            body = helper_get(helper_import(text), PR_BODY_W);
            assert_string_equal(body, texts[i]);
        }
    }
    helper_reset(NULL);
}

static void long_lines_survive(void **state)
{
    char line[5001];
    IMessage *message = composed();
    const char *text;

    (void)state;
    memset(line, 'x', 5000);
    line[5000] = '\0';
    helper_set(message, PR_BODY_W, line);
    text = helper_export(message, 0);
    assert_has(text, "Content-Transfer-Encoding: quoted-printable");
    for (const char *at = text; *at != '\0' && strchr(at, '\n') != NULL; at = strchr(at, '\n') + 1)
        assert_true(strchr(at, '\n') - at <= 78);
    assert_string_equal(helper_get(helper_import(text), PR_BODY_W), line);
}

static void encodings_as_set(void **state)
{
    IConverterSession *converter = helper_converter();
    IMessage *message = composed();

    (void)state;
    converter->lpVtbl->SetEncoding(converter, IET_BASE64);
    assert_has(helper_export(message, 0), "base64\r\n\r\nSGVsbG8uDQo=\r\n");
    converter->lpVtbl->SetEncoding(converter, IET_QP);
    assert_has(helper_export(message, 0), "quoted-printable\r\n\r\nHello.\r\n");
    converter->lpVtbl->SetEncoding(converter, IET_8BIT);
    helper_set(message, PR_BODY_W, "é");
    assert_has(helper_export(message, 0), "8bit\r\n\r\né");
    converter->lpVtbl->SetEncoding(converter, IET_7BIT);
    assert_has(helper_export(message, 0), "base64\r\n\r\nw6k=\r\n");
}

static void charset_as_set(void **state)
{
    IConverterSession *converter = helper_converter();
    IMessage *message = composed();

    (void)state;
    helper_set(message, PR_BODY_W, "При");
    converter->lpVtbl->SetCharset(converter, TRUE, (HCHARSET)(uintptr_t)20866, CSET_APPLY_ALL);
    converter->lpVtbl->SetEncoding(converter, IET_8BIT);
    assert_has(helper_export(message, 0), "charset=\"koi8-r\"");
    assert_has(helper_export(message, 0), "\r\n\r\n\xF0\xD2\xC9");
    helper_set(message, PR_BODY_W, "日");
    assert_has(helper_export(message, 0), "charset=\"utf-8\"");
    converter->lpVtbl->SetCharset(converter, FALSE, NULL, CSET_APPLY_ALL);
    helper_set(message, PR_BODY_W, "При");
    assert_has(helper_export(message, 0), "charset=\"utf-8\"");
}

static void text_is_wrapped_as_set(void **state)
{
    IConverterSession *converter = helper_converter();
    IMessage *message = composed();

    (void)state;
    converter->lpVtbl->SetTextWrapping(converter, TRUE, 10);
    helper_set(message, PR_BODY_W, "one two three four\r\nabcdefghijklmno\r\n");
    assert_has(helper_export(message, CCSF_NOHEADERS), "\r\n\r\none two \r\nthree four\r\nabcdefghij  \r\nklmno\r\n");
    converter->lpVtbl->SetTextWrapping(converter, FALSE, 10);
    assert_has(helper_export(message, 0), "one two three four\r\n");
}

static void native_body_alone(void **state)
{
    IMessage *message = composed();
    const char *text;

    (void)state;
    helper_set_binary(message, PR_HTML, "<p>Hello.", 9);
    text = helper_export(message, 0);
    assert_has(text, "Content-Type: multipart/alternative");
    assert_true(strstr(text, "text/plain") < strstr(text, "text/html"));
    helper_set_long(message, PR_NATIVE_BODY_INFO, 3);
    assert_has_not(helper_export(message, 0), "text/plain");
    helper_set_long(message, PR_NATIVE_BODY_INFO, 1);
    assert_has_not(helper_export(message, 0), "text/html");
    helper_set_long(message, PR_NATIVE_BODY_INFO, 0);
    assert_has_not(helper_export(message, CCSF_PLAIN_TEXT_ONLY), "text/html");
    message = helper_import("Content-Type: text/html\n\n<p>Only <b>HTML</b></p>");
    assert_has(helper_export(message, CCSF_PLAIN_TEXT_ONLY), "\r\n\r\nOnly HTML\r\n");
}

static void html_of_another_codepage(void **state)
{
    IMessage *message = helper_message(FAKE_COMPLETE);

    (void)state;
    helper_set_binary(message, PR_HTML, "<p>\xE9", 4);
    helper_set_long(message, PR_INTERNET_CPID, 1252);
    assert_string_equal(helper_get(helper_import(helper_export(message, 0)), PR_HTML), "<p>é");
}

/* Attachments --------------------------------------------------------------------------------------------------- */

static void attachments_come_back_as_they_were(void **state)
{
    static const char *const names[] = {
        "plain.txt",
        "with \"quotes\" and ; = .txt",
        "ciële — файл.txt",
        "a?b*c.txt",
        "日本.txt",
        "a name that is so long that it has to be written in several pieces, each of them on "
        "a line of its own.bin"};
    unsigned char bytes[1000];
    IMessage *message = composed(), *back;
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        helper_attach(message, names[i], "application/octet-stream", bytes, sizeof bytes - i);
    back = helper_import(helper_export(message, 0));
    assert_string_equal(helper_get(back, PR_BODY_W), "Hello.\r\n");
    assert_int_equal(helper_attachment_count(back), sizeof names / sizeof names[0]);
    for (ULONG i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *data = helper_get_sized(helper_attachment(back, i), PR_ATTACH_DATA_BIN, &size);

        assert_string_equal(helper_get(helper_attachment(back, i), PR_ATTACH_LONG_FILENAME_W), names[i]);
        assert_int_equal(size, sizeof bytes - i);
        assert_memory_equal(data, bytes, size);
    }
}

static void structure_of_images_and_attachments(void **state)
{
    IMessage *message = composed(), *back;
    const char *text;

    (void)state;
    helper_set_binary(message, PR_HTML, "<img src=cid:i>", 15);
    helper_attach(message, "i.png", "image/png", "image", 5);
    helper_set(helper_attachment(message, 0), PR_ATTACH_CONTENT_ID_W, "i");
    helper_set_long(helper_attachment(message, 0), PR_ATTACH_FLAGS, (LONG)ATT_MHTML_REF);
    helper_attach(message, "f.bin", NULL, "file", 4);
    text = helper_export(message, 0);
    assert_true(strstr(text, "multipart/mixed") < strstr(text, "multipart/alternative"));
    assert_true(strstr(text, "multipart/alternative") < strstr(text, "multipart/related"));
    assert_has(text, "Content-ID: <i>\r\n");
    assert_has(text, "Content-Disposition: inline; filename=\"i.png\"");
    back = helper_import(text);
    assert_string_equal(helper_get(back, PR_BODY_W), "Hello.\r\n");
    assert_string_equal(helper_get(back, PR_HTML), "<img src=cid:i>");
    assert_int_equal(helper_attachment_count(back), 2);
    assert_string_equal(helper_get(helper_attachment(back, 0), PR_ATTACH_FLAGS), "4");
    assert_string_equal(helper_get(helper_attachment(back, 1), PR_ATTACH_MIME_TAG_W), "application/octet-stream");
}

static void lone_attachment_is_the_message(void **state)
{
    static const char text[] = "Content-Type: application/x-gzip; name=\"a.gz\"\r\nContent-Disposition: attachment; "
                               "filename=\"a.gz\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n";

    (void)state;
    assert_has(helper_export(helper_import(text), 0), text);
}

static void embedded_messages_come_back(void **state)
{
    IMessage *message = helper_import("Subject: outer\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nouter\n--x\n"
                                      "Content-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/mixed;\n"
                                      " boundary=y\n\n--y\n\ninner\n--y\nContent-Type: message/rfc822\n\n"
                                      "Subject: innermost\n\ndeep\n--y--\n--x--\n");
    const char *text = helper_export(message, 0);
    IMessage *back = helper_import(text);

    (void)state;
    assert_string_equal(helper_get(helper_embedded(back, 0), PR_SUBJECT_W), "inner");
    assert_string_equal(helper_get(helper_embedded(helper_embedded(back, 0), 0), PR_BODY_W), "deep");
    assert_string_equal(helper_export(back, 0), text); /* the same message, the same bytes */
}

static void signed_entities_are_not_changed(void **state)
{
    static const char entity[] =
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n micalg=sha1; boundary=x\r\n\r\n"
        "--x\r\nContent-Type: text/plain\r\n\r\nsigned  \r\n--x\r\n"
        "Content-Type: application/pkcs7-signature\r\n\r\nsig\r\n--x--\r\n";
    char original[600];
    IMessage *message;

    (void)state;
    snprintf(original, sizeof original, "From: a@b\r\nMIME-Version: 1.0\r\n%s", entity);
    assert_string_equal(helper_export(helper_import(original), 0), original);
    /* what does not begin with Content- fields would add to the header of the message */
    message = helper_message(FAKE_COMPLETE);
    helper_set(message, PR_MESSAGE_CLASS_W, "IPM.Note.SMIME.MultipartSigned");
    helper_attach(message, "smime.p7m", "multipart/signed", "Bcc: evil@example.org\r\n\r\nx", 27);
    assert_has_not(helper_export(message, 0), "Bcc");
}

/* Whoever signed them: PGP/MIME was taken apart and put together anew. Boundaries with blanks behind them, a preamble and a
 * second blank in a field are things that signatures cover and GMime would write otherwise. */
static void whatever_is_signed_is_not_changed(void **state)
{
    static const char signed_text[] =
        "From: a@b\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/signed; micalg=pgp-sha256;\r\n protocol=\"application/pgp-signature\"; "
        "boundary=x\r\n\r\n"
        "A preamble.\r\n--x\r\nContent-Type:  multipart/mixed; boundary=\"y z\"\r\nX-Odd:1\r\n\r\nAnother.\r\n--y z  "
        "\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nsigned=20\r\n"
        "--y z\r\nContent-Type: application/octet-stream; name=a\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\nAA\r\nEC\r\n"
        "--y z--  \r\nAn epilogue.\r\n\r\n--x\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\n"
        "-----BEGIN PGP SIGNATURE-----\r\n--x--\r\n";
    IMessage *message = helper_import(signed_text);
    char around[sizeof signed_text + 200];

    (void)state;
    assert_string_equal(helper_get(message, PR_MESSAGE_CLASS_W), "IPM.Note.SMIME.MultipartSigned");
    assert_string_equal(helper_get(message, PR_BODY_W), "signed ");
    assert_string_equal(helper_export(message, 0), signed_text);
    snprintf(
        around, sizeof around,
        "From: c@d\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nSee below.\r\n"
        "--o\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--o--\r\n",
        "From: a@b\r\nContent-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\none "
        "\r\n--x\r\n\r\ntwo\r\n--x--\r\n");
    assert_has(helper_export(helper_import(around), 0),
               "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\none \r\n--x\r\n\r\ntwo\r\n--x--\r\n");
}

/* ASCII bytes under the name of a charset that is not known here were said to be us-ascii: those of HZ are Chinese. */
static void unknown_charsets_keep_their_names(void **state)
{
    const char *text =
        helper_export(helper_import("From: a@b\nContent-Type: text/plain; charset=x-not-known\n\n~{Dc:C~}\n"), 0);

    (void)state;
    assert_has(text, "Content-Type: text/plain; charset=x-not-known\r\n");
    assert_has(text, "\r\n\r\n~{Dc:C~}\r\n");
    assert_has(helper_export(helper_import("From: a@b\nContent-Type: text/plain; charset=US-ASCII\n\nx\n"), 0),
               "charset=\"us-ascii\"");
}

/* What is only read from Auto-Submitted was written as a field that the message never had, and won over the one it had. */
static void automatic_replies_are_said_once(void **state)
{
    const char *text = helper_export(helper_import("From: a@b\nAuto-Submitted: auto-replied\n\nx"), 0);
    IMessage *message = helper_import("From: a@b\nAuto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\n\nx");

    (void)state;
    assert_has(text, "Auto-Submitted: auto-replied\r\n");
    assert_has_not(text, "X-Auto-Response-Suppress");
    assert_has(helper_export(message, 0), "X-Auto-Response-Suppress: All\r\n");
    message = helper_import("From: a@b\nAuto-Submitted: no\nX-Auto-Response-Suppress: OOF, AutoReply\n\nx");
    assert_has(helper_export(message, 0), "X-Auto-Response-Suppress: OOF, AutoReply\r\n");
}

/* tspecials may not stand in an extended value [RFC 2231 7]; Python found no name at all. */
static void extended_values_have_no_specials(void **state)
{
    IMessage *message = composed();

    (void)state;
    helper_attach(message, "=?utf-8?q?a?=/[b].txt", "application/pdf", "x", 1);
    assert_has(helper_export(message, 0), "=utf-8''%3D%3Futf-8%3Fq%3Fa%3F%3D%2F%5Bb%5D.txt\r\n");
}

/* Reports about addresses beyond ASCII [RFC 6533] became bytes of no type, and the report none. */
static void global_reports_keep_their_types(void **state)
{
    const char *text = helper_export(
        helper_import(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\ntext\n--x\n"
            "Content-Type: message/global-delivery-status\n\nA: b\n\nFinal-Recipient: utf-8; \xC3\xA9@b\n--x\n"
            "Content-Type: message/global-headers\n\nSubject: \xC3\xA9\n--x--\n"),
        0);

    (void)state;
    assert_has(text, "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                     "A: b\r\n\r\nFinal-Recipient: utf-8; \xC3\xA9@b");
    assert_has(text,
               "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: \xC3\xA9");
}

static void reports_stay_reports(void **state)
{
    IMessage *message =
        helper_import("Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\n"
                      "text\n--x\nContent-Type: message/delivery-status\n\nA: b\n\nAction: failed\n--x--\n");
    const char *text = helper_export(message, 0);

    (void)state;
    assert_has(text, "multipart/report; report-type=\"delivery-status\"");
    assert_has(text, "Content-Type: message/delivery-status\r\n\r\nA: b\r\n\r\nAction: failed");
    message = composed();
    helper_attach(message, NULL, "message/delivery-status", "A: b\n--=_x\n", 11);
    assert_has_not(helper_export(message, 0), "\n--=_x");
}

static void reports_are_made_of_properties(void **state)
{
    IMessage *message = composed();
    const char *text;

    (void)state;
    helper_set(message, PR_MESSAGE_CLASS_W, "REPORT.IPM.Note.NDR");
    helper_set(message, PR_SUPPLEMENTARY_INFO_W, "smtp; 550 no\r\n\r\nevil");
    text = helper_export(message, 0);
    assert_has(text, "multipart/report; report-type=\"delivery-status\"");
    assert_has(text, "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; localhost\r\n\r\n"
                     "Final-Recipient: rfc822; desk@example.org\r\nAction: failed\r\nStatus: 5.0.0\r\n");
    assert_has_not(text, "\nevil");
    helper_set(message, PR_MESSAGE_CLASS_W, "REPORT.IPM.Note.IPNNRN");
    assert_has(helper_export(message, 0), "MDN-sent-automatically; deleted\r\n");
}

/* A field says in its own words what the properties say, and no longer than they say it. */
static void fields_keep_their_words(void **state)
{
    static const char header[] =
        "Date: Mon, 2 Nov 2026 08:15:02 +0100 (at noon)\r\nFrom: a@b (Room), c@d\r\n"
        "To: Staff: one@example.org, Two\r\n <two@example.org>;\r\nSubject: =?utf-8?Q?a?= b\r\n";
    char original[400];
    IMessage *message;
    const char *text;

    (void)state;
    snprintf(original, sizeof original, "%s\r\nx", header);
    message = helper_import(original);
    assert_has(helper_export(message, 0), header);
    helper_set(message, PR_SUBJECT_W, "c");
    helper_set_long(message, PR_MESSAGE_FLAGS, 0);
    helper_set_recipient(message, "Three", "three@example.org", MAPI_TO);
    helper_set(message, PR_TRANSPORT_MESSAGE_HEADERS_W, "X-Secret: 1\r\nSubject: x\r\nDate: x\r\n");
    text = helper_export(message, 0);
    assert_has(text, "Subject: c\r\n");
    assert_has(text, "Date: Mon, 2 Nov 2026 07:15:02 +0000\r\n");
    assert_has(text, "To: Three <three@example.org>\r\n");
    assert_has_not(text, "Secret");
    assert_has_not(text, "Staff");
}

/* The structure is written as it came; a message that has changed has the one that is made for what it is. */
static void structures_come_back(void **state)
{
    IMessage *message = helper_import("Content-Type: multipart/parallel; x=y; boundary=b\n\nbefore\n--b\n"
                                      "Content-Type: image/png\n\nxx\n--b\nContent-Type: text/plain; charset=koi8-r;\n"
                                      " format=flowed\nX-Part: 1\n\n\xF0\n--b--\nbehind\n");
    const char *text = helper_export(message, 0);

    (void)state;
    assert_has(text, "Content-Type: multipart/parallel; x=\"y\"; boundary=");
    assert_has(text, "\r\n\r\nbefore\r\n");
    assert_has(text, "Content-Type: text/plain; charset=koi8-r; format=flowed\r\nX-Part: 1\r\n");
    assert_has(text, "\r\n\r\n8A==");
    assert_has(text, "--\r\nbehind");
    assert_true(strstr(text, "image/png") < strstr(text, "text/plain"));
    helper_set(message, PR_BODY_W, "\xE4\xB8\xAD"); /* not of KOI8-R */
    text = helper_export(message, 0);
    assert_has(text, "format=\"flowed\"; charset=\"utf-8\"");
    helper_attach(message, "a.txt", "text/csv", "1", 1);
    text = helper_export(message, 0);
    assert_has_not(text, "parallel");
    assert_has(text, "multipart/mixed");
    assert_has(text, "a.txt");
}

/* An outline can be written by whoever can write to the store, and says nothing but how parts go together. */
static void outlines_cannot_smuggle_fields(void **state)
{
    static const char *const outlines[] = {
        "t\nFBcc: evil@example.org\n",
        "t\nFContent-X\\r\\nBcc: evil@example.org\n",
        "t\nFContent-X: a\\r\\nBcc: evil@example.org\n",
        "(\nFBcc: evil@example.org\nt\n)\n",
        "(\nFContent-Type: multipart/mixed\\r\\nBcc: evil@example.org\nt\n)\n",
        "t\nFContent-Type: text/plain\\r\\nBcc: evil@example.org\nCutf-8\n",
        "a0\nt\n",
        "(\n",
        "((((\nt",
        "t\nC//IGNORE\n",
    };
    static const GUID kept = {0x6B1A2C7E, 0x0D4F, 0x4E63, {0x9C, 0x0B, 0x5C, 0x6A, 0x77, 0xE2, 0xB5, 0xD1}};
    MAPINAMEID id = {(GUID *)(uintptr_t)&kept, MNID_STRING, {.lpwstrName = (WCHAR *)(uintptr_t)u"outline"}};
    MAPINAMEID *pointer = &id;

    (void)state;
    for (size_t i = 0; i < sizeof outlines / sizeof outlines[0]; i++) {
        IMessage *message = composed();
        SPropTagArray *tags = NULL;
        const char *text;

        assert_int_equal(message->lpVtbl->GetIDsFromNames(message, 1, &pointer, MAPI_CREATE, &tags), S_OK);
        helper_set_binary(message, CHANGE_PROP_TYPE(tags->aulPropTag[0], PT_BINARY), outlines[i], strlen(outlines[i]));
        MAPIFreeBuffer(tags);
        text = helper_export(message, 0);
        assert_has_not(text, "\nBcc:");
        assert_has(text, "Hello.");
    }
}

static void bodies_have_their_identifiers(void **state)
{
    IMessage *message = composed();

    (void)state;
    helper_set_binary(message, PR_HTML, "<p>Hello</p>", 12);
    helper_set(message, PR_BODY_CONTENT_ID_W, "body@example.org");
    helper_set(message, PR_BODY_CONTENT_LOCATION_W, "http://example.org/");
    assert_has(helper_export(message, 0), "Content-Type: text/html; charset=\"us-ascii\"\r\n"
                                          "Content-ID: <body@example.org>\r\n"
                                          "Content-Location: http://example.org/\r\n");
}

static void charset_applied_as_said(void **state)
{
    IConverterSession *converter = helper_converter();
    IMessage *message = helper_import("Content-Type: text/plain; charset=windows-1251\n\n\xCF");
    HCHARSET koi8 = (HCHARSET)(uintptr_t)20866;

    (void)state;
    assert_has(helper_export(message, 0), "charset=windows-1251\r\n");
    assert_int_equal(converter->lpVtbl->SetCharset(converter, TRUE, koi8, CSET_APPLY_UNTAGGED), S_OK);
    assert_has(helper_export(message, 0), "charset=windows-1251\r\n");
    assert_int_equal(converter->lpVtbl->SetCharset(converter, TRUE, koi8, CSET_APPLY_ALL), S_OK);
    assert_has(helper_export(message, 0), "8A==");
    assert_has(helper_export(message, 0), "charset=\"koi8-r\"");
    assert_int_equal(converter->lpVtbl->SetCharset(converter, TRUE, koi8, CSET_APPLY_TAG_ALL), S_OK);
    assert_has(helper_export(message, 0), "charset=\"koi8-r\"");
    assert_has(helper_export(message, 0), "0J8=");
}

static void uuencode_as_set(void **state)
{
    IConverterSession *converter = helper_converter();
    IMessage *message = composed();
    const char *text;

    (void)state;
    converter->lpVtbl->SetSaveFormat(converter, SAVE_RFC822);
    helper_attach(message, "f.bin", NULL, "abc", 3);
    helper_set(helper_attachment(message, 0), PR_ATTACH_FILENAME_W, "F.BIN");
    text = helper_export(message, 0);
    assert_has_not(text, "MIME-Version");
    assert_has(text, "\r\n\r\nHello.\r\n\r\nbegin 644 F.BIN\r\n#86)C\r\n`\r\nend\r\n");
}

/* Addresses of other types -------------------------------------------------------------------------------------- */

static void foreign_addresses_are_encapsulated(void **state)
{
    IMessage *message = composed();

    (void)state;
    helper_set(message, PR_SENDER_ADDRTYPE_W, "EX");
    helper_set(message, PR_SENDER_EMAIL_ADDRESS_W, "/o=x/cn=room");
    assert_has(helper_export(message, 0), "<IMCEAEX-_o=x_cn=room@localhost.invalid>");
    helper_set(message, PR_SENDER_SMTP_ADDRESS_W, "room@example.org");
    assert_has(helper_export(message, 0), "<room@example.org>");
}

/* Failure ------------------------------------------------------------------------------------------------------- */

static HRESULT failing_Write(IStream *This, const void *bytes, ULONG size, ULONG *written)
{
    (void)This;
    (void)bytes;
    (void)size;
    *written = 0;
    return STG_E_MEDIUMFULL;
}

static void a_failing_stream_is_reported(void **state)
{
    static const IStreamVtbl vtbl = {.Write = failing_Write};
    IStream stream = {&vtbl};
    IConverterSession *converter = helper_converter();

    (void)state;
    assert_int_equal(converter->lpVtbl->MAPIToMIMEStm(converter, composed(), &stream, CCSF_SMTP), STG_E_MEDIUMFULL);
}

struct sweep {
    IConverterSession *converter;
    IMessage *message;
};

static HRESULT nothing(void *context, const void *bytes, size_t size)
{
    (void)context;
    (void)bytes;
    (void)size;
    return S_OK;
}

static HRESULT export_once(void *context)
{
    struct sweep *sweep = context;
    IStream *stream;
    HRESULT hr = memstream_create_writer(NULL, nothing, NULL, NULL, NULL, 0, &stream);

    if (FAILED(hr))
        return hr;
    hr = sweep->converter->lpVtbl->MAPIToMIMEStm(sweep->converter, sweep->message, stream, CCSF_SMTP);
    stream->lpVtbl->Release(stream);
    return hr;
}

static void export_without_memory(void **state)
{
    static const char text[] =
        "From: a <b@c>\nTo: d@e\nReply-To: f@g\nSubject: \xC3\xA9\nX-Mailer: Pen\nKeywords: a, b\n"
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; "
        "boundary=y\n\n--y\n\ntext\n--y\nContent-Type: text/html\n\n<p>\n--y--\n--x\n"
        "Content-Disposition: attachment; filename=f\n\ndata\n--x\nContent-Type: message/rfc822\n\n"
        "Subject: inner\n\nbody\n--x--\n";
    struct sweep sweep = {helper_converter(), helper_import(text)};

    (void)state;
    assert_true(fault_sweep(export_once, &sweep) > 50);
}

#define test(name) cmocka_unit_test_teardown(name, helper_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(arguments_are_checked),
        test(settings_are_checked),
        test(plain_message),
        test(received_messages_keep_what_they_lacked),
        test(flags_choose_fields),
        test(fields_from_properties),
        test(injection_is_impossible),
        test(names_and_addresses_are_quoted_as_needed),
        test(lines_are_folded_and_come_back),
        test(texts_come_back_as_they_were),
        test(long_lines_survive),
        test(encodings_as_set),
        test(charset_as_set),
        test(text_is_wrapped_as_set),
        test(native_body_alone),
        test(html_of_another_codepage),
        test(attachments_come_back_as_they_were),
        test(structure_of_images_and_attachments),
        test(lone_attachment_is_the_message),
        test(embedded_messages_come_back),
        test(signed_entities_are_not_changed),
        test(whatever_is_signed_is_not_changed),
        test(unknown_charsets_keep_their_names),
        test(automatic_replies_are_said_once),
        test(extended_values_have_no_specials),
        test(global_reports_keep_their_types),
        test(reports_stay_reports),
        test(reports_are_made_of_properties),
        test(fields_keep_their_words),
        test(structures_come_back),
        test(outlines_cannot_smuggle_fields),
        test(bodies_have_their_identifiers),
        test(charset_applied_as_said),
        test(uuencode_as_set),
        test(foreign_addresses_are_encapsulated),
        test(a_failing_stream_is_reported),
        test(export_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
