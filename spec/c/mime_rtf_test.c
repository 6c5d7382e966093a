/* Compressed RTF and the HTML within it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mapicode.h>
#include <mapitags.h>

#include "mime/rtf.h"
#include "support/fake_message.h"
#include "support/fault.h"
#include "support/mime_helper.h"

/* What the documentation of the format compresses for an example. */
static const char example[] = "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";
static const unsigned char example_compressed[] = {
    0x2D, 0x00, 0x00, 0x00, 0x2B, 0x00, 0x00, 0x00, 0x4C, 0x5A, 0x46, 0x75, 0xF1, 0xC5, 0xC7, 0xA7, 0x03,
    0x00, 0x0A, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0A, 0xF3, 0x20, 0x68, 0x65,
    0x6C, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xB0, 0x6C, 0x64, 0x7D, 0x0A, 0x80, 0x0F, 0xA0};

static void documented_example(void **state)
{
    unsigned char *bytes;
    char *text;
    size_t size, packed;

    (void)state;
    assert_int_equal(mime_rtf_decompress(example_compressed, sizeof example_compressed, &text, &size), S_OK);
    assert_int_equal(size, sizeof example - 1);
    assert_string_equal(text, example);
    free(text);
    assert_int_equal(mime_rtf_compress(example, sizeof example - 1, &bytes, &packed), S_OK);
    assert_int_equal(packed, sizeof example_compressed);
    assert_memory_equal(bytes, example_compressed, 12); /* other references may say the same */
    free(bytes);
}

static void all_texts_come_back(void **state)
{
    uint32_t seed = 12345;

    (void)state;
    for (size_t size = 0; size < 30000; size = size * 2 + 7) {
        unsigned char *bytes;
        char *text = malloc(size + 1), *again;
        size_t packed, length;

        assert_non_null(text);
        for (size_t i = 0; i < size; i++) {
            seed = seed * 1103515245u + 12345u;
            text[i] = (char)((seed >> 16 & 7) < 5 && i > 20 ? text[i - (seed >> 20 & 15) - 1] : (int)(seed >> 24));
        }
        assert_int_equal(mime_rtf_compress(text, size, &bytes, &packed), S_OK);
        assert_int_equal(mime_rtf_decompress(bytes, packed, &again, &length), S_OK);
        assert_int_equal(length, size);
        assert_memory_equal(again, text, size);
        for (size_t cut = 0; cut < packed && size < 300; cut++) { /* and damaged ones do no harm */
            free(again);
            if (FAILED(mime_rtf_decompress(bytes, cut, &again, &length)))
                again = NULL;
        }
        free(again);
        free(bytes);
        free(text);
    }
}

static void html_within_rtf(void **state)
{
    static const char *const texts[] = {"", "<p>one</p>\r\n<p>{two}\\ \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80</p>\n",
                                        "\r\n\r\n", "a\tb\rc\n", "&amp; <b>bold</b>"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *rtf, *html;
        size_t size, length;
        bool is_html;

        assert_int_equal(mime_rtf_from_html(texts[i], strlen(texts[i]), &rtf, &size), S_OK);
        assert_memory_equal(rtf, "{\\rtf1\\ansi", 11);
        assert_int_equal(mime_rtf_read(rtf, size, &html, &length, &is_html), S_OK);
        assert_true(is_html);
        assert_string_equal(html, texts[i]);
        free(html);
        free(rtf);
    }
}

static void text_within_rtf(void **state)
{
    static const char rtf[] = "{\\rtf1\\ansi\\ansicpg1251\\deff0{\\fonttbl{\\f0 Arial;}}{\\*\\unknown gone}\\uc1 "
                              "\\'cf\\'f0\\par\r\n a\\tab {\\b bold}\\~\\u8364?x\\u-10179?\\u-8704?\\line\\{\\}}";
    char *text;
    size_t size;
    bool html;

    (void)state;
    assert_int_equal(mime_rtf_read(rtf, sizeof rtf - 1, &text, &size, &html), S_OK);
    assert_false(html);
    assert_string_equal(text, "Пр\r\n a\tbold\xC2\xA0€x😀\r\n{}");
    free(text);
}

static void import_keeps_html_in_rtf(void **state)
{
    static const char mail[] = "Content-Type: text/html; charset=koi8-r\n\n<p>\xF0</p>\n";
    IMessage *message = helper_message(FAKE_COMPLETE);
    const char *text;

    (void)state;
    assert_int_equal(helper_try_import(mail, sizeof mail - 1, CCSF_SMTP | CCSF_USE_RTF, message), S_OK);
    assert_null(helper_get(message, PR_HTML));
    assert_non_null(helper_get(message, PR_RTF_COMPRESSED));
    assert_string_equal(helper_get(message, PR_NATIVE_BODY_INFO), "2");
    text = helper_export(message, 0);
    assert_non_null(strstr(text, "Content-Type: text/html; charset=koi8-r"));
    text = helper_export(message, CCSF_USE_RTF);
    assert_non_null(strstr(text, "Content-Type: text/rtf"));
    assert_non_null(strstr(text, "fromhtml1"));
    text = helper_export(message, CCSF_PLAIN_TEXT_ONLY);
    assert_non_null(strstr(text, "Content-Type: text/plain"));
}

static HRESULT convert_once(void *context)
{
    char *rtf = NULL, *html = NULL, *again = NULL;
    unsigned char *bytes = NULL;
    size_t size, packed, length;
    bool is_html;
    HRESULT hr = mime_rtf_from_html("<p>\xC3\xA9</p>", 9, &rtf, &size);

    (void)context;
    if (SUCCEEDED(hr))
        hr = mime_rtf_compress(rtf, size, &bytes, &packed);
    if (SUCCEEDED(hr))
        hr = mime_rtf_decompress(bytes, packed, &again, &length);
    if (SUCCEEDED(hr))
        hr = mime_rtf_read(again, length, &html, &length, &is_html);
    free(html);
    free(again);
    free(bytes);
    free(rtf);
    return hr;
}

static void without_memory(void **state)
{
    (void)state;
    fault_sweep(convert_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_example),
        cmocka_unit_test(all_texts_come_back),
        cmocka_unit_test(html_within_rtf),
        cmocka_unit_test(text_within_rtf),
        cmocka_unit_test_teardown(import_keeps_html_in_rtf, helper_reset),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
