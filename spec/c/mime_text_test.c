/* mime/: charsets, encoded words, code pages, languages, the scan that precedes the parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mapicode.h>

#include "base/memstream.h"
#include "base/utf.h"
#include "mime/codepage.h"
#include "mime/html.h"
#include "mime/language.h"
#include "mime/scan.h"
#include "mime/source.h"
#include "mime/text.h"
#include "mime/words.h"
#include "support/fault.h"

struct collected {
    char text[512];
    size_t size;
    WCHAR pending;
};

static HRESULT collect(void *context, LPCWSTR wide, size_t units)
{
    struct collected *collected = context;

    assert_true(collected->size + 3 * units + 3 < sizeof collected->text);
    collected->size += mime_text_encode(collected->text + collected->size, wide, units, &collected->pending);
    return S_OK;
}

static const char *decode(const char *declared, const char *bytes, size_t size, struct mime_charset *charset)
{
    static struct collected collected;

    memset(&collected, 0, sizeof collected);
    assert_int_equal(mime_charset_choose(declared, bytes, size, charset), S_OK);
    assert_int_equal(mime_charset_decode(charset, bytes, size, collect, &collected), S_OK);
    collected.text[collected.size] = '\0';
    return collected.text;
}

static void charset_as_declared(void **state)
{
    struct mime_charset charset;

    (void)state;
    assert_string_equal(decode("koi8-r", "\xF0\xD2\xC9", 3, &charset), "При");
    assert_int_equal(charset.codepage, 20866);
    assert_false(charset.lossy);
    assert_string_equal(decode("ISO-2022-JP", "\x1b$B$\"\x1b(B.", 9, &charset), "あ.");
    assert_int_equal(charset.codepage, 50220);
    assert_string_equal(decode("utf-16", "\xFF\xFE\x61\x00", 4, &charset), "a");
}

static void charset_shift_jis_has_backslashes(void **state)
{
    struct mime_charset charset;

    (void)state;
    assert_string_equal(decode("Shift_JIS", "C:\\~\x82\xA0", 6, &charset), "C:\\~あ");
    assert_string_equal(decode("shift_jis", "\x87\x40", 2, &charset), "①"); /* only code page 932 has it */
    assert_int_equal(charset.codepage, 932);
}

static void charset_undeclared_or_unknown_loses_nothing(void **state)
{
    struct mime_charset charset;

    (void)state;
    assert_string_equal(decode(NULL, "plain", 5, &charset), "plain");
    assert_int_equal(charset.codepage, CODEPAGE_ASCII);
    assert_string_equal(decode("us-ascii", "\xC3\xA9", 2, &charset), "é");
    assert_int_equal(charset.codepage, CODEPAGE_UTF8);
    assert_string_equal(decode("no-such-charset", "\xE9\x81", 2, &charset), "é\xC2\x81");
    assert_int_equal(charset.codepage, CODEPAGE_LATIN1);
    assert_false(charset.lossy);
    assert_string_equal(decode("utf-8//IGNORE", "\xE9", 1, &charset), "é");
    assert_string_equal(decode("", "", 0, &charset), "");
}

static void charset_errors_become_replacements(void **state)
{
    struct mime_charset charset;

    (void)state;
    assert_string_equal(decode("utf-8",
                               "a\xFF"
                               "b",
                               3, &charset),
                        "a\xEF\xBF\xBD"
                        "b");
    assert_true(charset.lossy);
    assert_string_equal(decode("utf-8", "a\0b", 3, &charset), "a\xEF\xBF\xBD"
                                                              "b");
    assert_true(charset.lossy);
    assert_string_equal(decode("utf-8", "a\xE3\x81", 3, &charset), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void encode_joins_surrogates_across_pieces(void **state)
{
    const WCHAR wide[] = {0xD83D, 0xDE00, 0xD83D, 'x', 0xDE00};
    struct collected collected;

    (void)state;
    memset(&collected, 0, sizeof collected);
    for (size_t i = 0; i < 5; i++)
        collect(&collected, wide + i, 1);
    collected.text[collected.size] = '\0';
    assert_string_equal(collected.text, "\xF0\x9F\x98\x80\xEF\xBF\xBDx\xEF\xBF\xBD");
}

static void codepages_both_ways(void **state)
{
    (void)state;
    assert_int_equal(mime_codepage_from_charset("UTF-8"), 65001);
    assert_int_equal(mime_codepage_from_charset("Windows-1251"), 1251);
    assert_int_equal(mime_codepage_from_charset("x-nothing"), 0);
    assert_string_equal(mime_codepage_charset(50220), "iso-2022-jp");
    assert_null(mime_codepage_charset(1));
}

static void languages_both_ways(void **state)
{
    (void)state;
    assert_int_equal(mime_language_locale("en-GB"), 0x0809);
    assert_int_equal(mime_language_locale("de, en"), 0x0407);
    assert_int_equal(mime_language_locale("fr-XX"), 0x040C);
    assert_int_equal(mime_language_locale("tlh"), 0);
    assert_string_equal(mime_language_tag(0x0411), "ja-JP");
    assert_null(mime_language_tag(1));
}

/* Encoded words ------------------------------------------------------------------------------------------------- */

static void words_in_a_row_become_one(void **state)
{
    struct mime_arena arena;
    const char *single = "=?utf-8?B?YQ==?= b =?utf-8?Q?c?= d";

    (void)state;
    mime_arena_init(&arena);
    assert_ptr_equal(mime_words_join(&arena, single), single);
    assert_string_equal(mime_words_join(&arena, "x =?utf-8?B?YQ==?=\r\n =?utf-8?B?Yg==?= y"), "x =?utf-8?B?YWI=?= y");
    /* a character in two words of one charset, and a word of another charset */
    assert_string_equal(mime_words_join(&arena, "=?utf-8?Q?=C3?= =?UTF-8?Q?=A9_?= =?iso-8859-1?Q?=E9?="),
                        "=?utf-8?B?w6kgw6k=?=");
    mime_arena_clear(&arena);
}

static void words_that_are_none(void **state)
{
    static const char *const values[] = {"",
                                         "=?",
                                         "=?=?=?",
                                         "=?"
                                         "?B?"
                                         "?=",
                                         "=?a?b",
                                         "=?a?B?c",
                                         "=?a?X?c?=",
                                         "=?utf-8?B?YQ==?",
                                         "=?utf-8?B?YQ==?= =?utf-8?B?"};
    struct mime_arena arena;

    (void)state;
    mime_arena_init(&arena);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_ptr_equal(mime_words_join(&arena, values[i]), values[i]);
    mime_arena_clear(&arena);
}

static HRESULT join_words(void *context)
{
    struct mime_arena arena;
    bool joined;

    (void)context;
    mime_arena_init(&arena);
    joined = mime_words_join(&arena, "a =?utf-8?B?YQ==?= =?koi8-r?Q?=C1?= b") != NULL;
    mime_arena_clear(&arena);
    return joined ? S_OK : MAPI_E_NOT_ENOUGH_MEMORY;
}

static void words_without_memory(void **state)
{
    (void)state;
    fault_sweep(join_words, NULL);
}

static void html_as_text(void **state)
{
    static const char html[] = "<html><head><title>t</title><style>p{}</style></head><body><p>One &amp; two<br>three"
                               "</p>\n<p>f&ouml;ur &#8364; &#x41; &bogus; 1 < 2</p><!-- no --></body>";
    size_t size;
    char *text;

    (void)state;
    text = mime_html_to_text(html, sizeof html - 1, &size);
    assert_string_equal(text, "One & two\r\nthree\r\nfö"
                              "ur € A &bogus; 1 < 2\r\n");
    assert_int_equal(size, strlen(text));
    free(text);
}

/* The scan ------------------------------------------------------------------------------------------------------ */

static HRESULT scan(const char *bytes, size_t size, struct mime_scan *result)
{
    struct mime_source source;
    IStream *stream;
    HRESULT hr;

    assert_int_equal(memstream_create_reader(NULL, bytes, size, &stream), S_OK);
    assert_int_equal(mime_source_open(&source, stream, 1u << 30), S_OK);
    hr = mime_scan_source(&source, result);
    mime_source_close(&source);
    stream->lpVtbl->Release(stream);
    return hr;
}

static void scan_finds_the_header_block(void **state)
{
    struct mime_scan result;

    (void)state;
    assert_int_equal(scan("A: b\r\n c\r\n\r\nbody", 16, &result), S_OK);
    assert_false(result.headless);
    assert_int_equal(result.header_end, 12);
    assert_int_equal(result.cutoff, 16);
    assert_null(result.beyond);
    assert_int_equal(scan("A: b", 4, &result), S_OK);
    assert_int_equal(result.header_end, 4);
    assert_int_equal(scan("\nbody", 5, &result), S_OK);
    assert_int_equal(result.header_end, 1);
    assert_int_equal(scan("From x\nA: b\n\n", 13, &result), S_OK);
    assert_false(result.headless);
}

static void scan_knows_text_without_a_header(void **state)
{
    static const char *const texts[] = {"just text\r\nA: b\r\n", " A: b\r\n", ":\r\n", "A b: c\r\n", "\x01: c\r\n"};
    struct mime_scan result;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(scan(texts[i], strlen(texts[i]), &result), S_OK);
        assert_true(result.headless);
    }
}

/* `head`, then `piece` until the whole has `size` bytes. */
static char *repeated(const char *head, const char *piece, size_t size)
{
    size_t used = strlen(head), length = strlen(piece);
    char *text = malloc(size + length + 1);

    assert_non_null(text);
    strcpy(text, head);
    for (; used < size; used += length)
        memcpy(text + used, piece, length + 1);
    return text;
}

static void scan_refuses_a_header_over_1_MB(void **state)
{
    struct mime_scan result;
    char *text = repeated("A: ", "b", MIME_MAX_HEADER_BLOCK + 10);

    (void)state;
    assert_int_equal(scan(text, strlen(text), &result), MAPI_E_TOO_BIG);
    free(text);
    text = repeated("A: b\r\n", "C: d\r\n", MIME_MAX_HEADER_BLOCK + 10);
    assert_int_equal(scan(text, strlen(text), &result), MAPI_E_TOO_BIG);
    free(text);
}

static void scan_cuts_parts_beyond_the_limit(void **state)
{
    static const char *const heads[] = {
        "Content-Type: multipart/mixed; boundary=x\n\n", "Content-Type: multipart/mixed;\n BOUNDARY = \"x\"\n\n",
        "Content-Type: multipart/mixed; boundary*=utf-8''x\n\n", "Content-Type: multipart/mixed; boundary=\n x\n\n"};
    struct mime_scan result;

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char *text = repeated(heads[i], "--x\n\n", strlen(heads[i]) + 5 * 20100);

        assert_int_equal(scan(text, strlen(text), &result), S_OK);
        assert_string_equal(result.beyond, "20,000 parts");
        assert_int_equal(result.cutoff, strlen(heads[i]) + 5 * 20000);
        free(text);
    }
}

static void scan_takes_no_other_line_for_a_boundary(void **state)
{
    struct mime_scan result;
    char *text = repeated("Content-Type: multipart/mixed; boundary=x\n\n", "--y\n", 500000);

    (void)state;
    assert_int_equal(scan(text, strlen(text), &result), S_OK);
    assert_null(result.beyond);
    free(text);
}

static void scan_cuts_headers_of_parts(void **state)
{
    struct mime_scan result;
    char *text = repeated("Content-Type: multipart/mixed; boundary=x\n\n--x\n", "A: b\n", MIME_MAX_HEADER_BLOCK + 100);

    (void)state;
    assert_int_equal(scan(text, strlen(text), &result), S_OK);
    assert_int_equal(result.cutoff, 43);
    free(text);
    text = repeated("Content-Type: message/rfc822\n\n", "A: b\n", MIME_MAX_HEADER_BLOCK + 100);
    assert_int_equal(scan(text, strlen(text), &result), S_OK);
    assert_int_equal(result.cutoff, 30);
    free(text);
}

static void scan_hides_what_the_parser_must_not_see(void **state)
{
    struct mime_scan result;
    char *text;

    (void)state;
    assert_int_equal(scan("Content-Type: a/b\nX: y\ncontent-type: c/d\n\n", 43, &result), S_OK);
    assert_int_equal(result.hidden_count, 1);
    assert_int_equal(result.hidden[0], 23);
    text = repeated("A: b\nTo: ", "g:", 2000);
    assert_int_equal(scan(text, strlen(text), &result), S_OK);
    assert_int_equal(result.hidden_count, 1);
    assert_int_equal(result.hidden[0], 5);
    free(text);
    text = repeated("A: b\nX-To: ", "g:", 2000);
    assert_int_equal(scan(text, strlen(text), &result), S_OK);
    assert_int_equal(result.hidden_count, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charset_as_declared),
        cmocka_unit_test(charset_shift_jis_has_backslashes),
        cmocka_unit_test(charset_undeclared_or_unknown_loses_nothing),
        cmocka_unit_test(charset_errors_become_replacements),
        cmocka_unit_test(encode_joins_surrogates_across_pieces),
        cmocka_unit_test(codepages_both_ways),
        cmocka_unit_test(languages_both_ways),
        cmocka_unit_test(words_in_a_row_become_one),
        cmocka_unit_test(words_that_are_none),
        cmocka_unit_test(words_without_memory),
        cmocka_unit_test(html_as_text),
        cmocka_unit_test(scan_finds_the_header_block),
        cmocka_unit_test(scan_knows_text_without_a_header),
        cmocka_unit_test(scan_refuses_a_header_over_1_MB),
        cmocka_unit_test(scan_cuts_parts_beyond_the_limit),
        cmocka_unit_test(scan_takes_no_other_line_for_a_boundary),
        cmocka_unit_test(scan_cuts_headers_of_parts),
        cmocka_unit_test(scan_hides_what_the_parser_must_not_see),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
