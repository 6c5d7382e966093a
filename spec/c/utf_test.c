/* utf_test.c - UTF-8 and UTF-16 conversions: every code point, every policy, block boundaries, random input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the headers above. */
#include <cmocka.h>
#include <mapicode.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf.h"

static const enum utf_policy policies[] = {UTF_STRICT, UTF_REPLACE, UTF_WTF8};

static bool is_surrogate(uint32_t c)
{
    return c >= 0xD800 && c <= 0xDFFF;
}

/* An encoder written from the definition, to compare with. */
static size_t reference_utf8(uint32_t c, unsigned char *out)
{
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (unsigned char)(0xC0 | (c >> 6));
        out[1] = (unsigned char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (unsigned char)(0xE0 | (c >> 12));
        out[1] = (unsigned char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (unsigned char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (unsigned char)(0xF0 | (c >> 18));
    out[1] = (unsigned char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (unsigned char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (unsigned char)(0x80 | (c & 0x3F));
    return 4;
}

static size_t reference_utf16(uint32_t c, WCHAR *out)
{
    if (c < 0x10000) {
        out[0] = (WCHAR)c;
        return 1;
    }
    out[0] = (WCHAR)(0xD800 + ((c - 0x10000) >> 10));
    out[1] = (WCHAR)(0xDC00 + ((c - 0x10000) & 0x3FF));
    return 2;
}

static void every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        unsigned char utf8[4];
        WCHAR utf16[2];
        size_t bytes = reference_utf8(c, utf8);
        size_t units = reference_utf16(c, utf16);
        for (size_t k = 0; k < 3; k++) {
            char out8[4];
            WCHAR out16[4];
            enum utf_policy policy = policies[k];
            if (is_surrogate(c) && policy != UTF_WTF8)
                continue;
            assert_true(utf16_to_utf8_length(utf16, units, policy) == bytes);
            assert_true(utf16_to_utf8(utf16, units, out8, policy) == bytes);
            assert_memory_equal(out8, utf8, bytes);
            assert_true(utf8_to_utf16_length((const char *)utf8, bytes, policy) == units);
            assert_true(utf8_to_utf16((const char *)utf8, bytes, out16, policy) == units);
            assert_memory_equal(out16, utf16, units * sizeof(WCHAR));
        }
        assert_int_equal(utf8_valid((const char *)utf8, bytes), !is_surrogate(c));
        assert_int_equal(utf16_valid(utf16, units), !is_surrogate(c));
        assert_true(utf8_valid_wtf8((const char *)utf8, bytes));
    }
}

/* Every first two bytes, with boundary values after them, against the table of the Unicode standard. */
static bool well_formed(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t more;
        unsigned char low = 0x80;
        unsigned char high = 0xBF;
        if (p[i] < 0x80)
            more = 0;
        else if (p[i] >= 0xC2 && p[i] <= 0xDF)
            more = 1;
        else if (p[i] >= 0xE0 && p[i] <= 0xEF) {
            more = 2;
            low = p[i] == 0xE0 ? 0xA0 : 0x80;
            high = p[i] == 0xED ? 0x9F : 0xBF;
        } else if (p[i] >= 0xF0 && p[i] <= 0xF4) {
            more = 3;
            low = p[i] == 0xF0 ? 0x90 : 0x80;
            high = p[i] == 0xF4 ? 0x8F : 0xBF;
        } else
            return false;
        if (n - i - 1 < more)
            return false;
        for (size_t k = 1; k <= more; k++, low = 0x80, high = 0xBF)
            if (p[i + k] < low || p[i + k] > high)
                return false;
        i += more + 1;
    }
    return true;
}

static void strict_validation_agrees_with_the_standard(void **state)
{
    (void)state;
    static const unsigned char edge[] = {0x41, 0x7F, 0x80, 0x8F, 0x90, 0xBF, 0xC2, 0xFF};
    enum { N = sizeof edge };
    unsigned char text[4];
    char out[UTF8_MAX(4)];
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            for (size_t c = 0; c < N; c++) {
                for (size_t d = 0; d < N; d++) {
                    text[0] = (unsigned char)a;
                    text[1] = (unsigned char)b;
                    text[2] = edge[c];
                    text[3] = edge[d];
                    for (size_t n = d == 0 ? 1 : 4; n <= 4; n++) {
                        assert_int_equal(utf8_valid((const char *)text, n), well_formed(text, n));
                        size_t length = utf8_repair((const char *)text, n, out);
                        assert_true(length == utf8_repair_length((const char *)text, n));
                        assert_true(length <= UTF8_MAX(n) && utf8_valid(out, length));
                        if (well_formed(text, n))
                            assert_memory_equal(out, text, n);
                    }
                }
            }
        }
    }
}

static void check_repair(const char *bad, const char *good)
{
    char out[64];
    WCHAR wide[64];
    size_t length = utf8_repair(bad, strlen(bad), out);
    assert_int_equal(length, strlen(good));
    assert_memory_equal(out, good, length);

    size_t units = utf8_to_utf16(bad, strlen(bad), wide, UTF_REPLACE);
    assert_true(units == utf8_to_utf16_length(bad, strlen(bad), UTF_REPLACE));
    assert_int_equal(utf16_to_utf8(wide, units, out, UTF_STRICT), strlen(good));
    assert_memory_equal(out, good, strlen(good));
}

#define FFFD "\xEF\xBF\xBD"

static void replacement_takes_maximal_subparts(void **state)
{
    (void)state;
    check_repair("a\x80z", "a" FFFD "z");
    check_repair("\xC0\xAF", FFFD FFFD);
    check_repair("\xE0\x9F\x80", FFFD FFFD FFFD);
    check_repair("\xF0\x8F\xBF\xBF", FFFD FFFD FFFD FFFD);
    check_repair("\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD);
    check_repair("\xE2\x82", FFFD);
    check_repair("\xE2\x82z", FFFD "z");
    check_repair("\xF0\x9F\x98z", FFFD "z");
    check_repair("\xF1\x80\x80\xE1\x80\xC2"
                 "b",
                 FFFD FFFD FFFD "b"); /* example of the standard, section 3.9 */
    check_repair("\xFE\xFF", FFFD FFFD);
    check_repair("x\xED\xA0\x80y", "x" FFFD "y"); /* ours: one for the surrogate that WTF-8 kept */
    check_repair("\xED\xA0", FFFD);
}

static void lone_surrogates_follow_the_policy(void **state)
{
    (void)state;
    static const WCHAR lone[][3] = {
        {0xD800, 'x'}, {0xDC00, 'x'}, {'x', 0xDBFF}, {0xDC00, 0xD800}, {0xD800, 0xD800, 0xDC00}};
    static const size_t units[] = {2, 2, 2, 2, 3};
    char out[16];
    WCHAR back[16];
    for (size_t i = 0; i < 5; i++) {
        assert_false(utf16_valid(lone[i], units[i]));
        assert_true(utf16_to_utf8_length(lone[i], units[i], UTF_STRICT) == UTF_INVALID);
        assert_true(utf16_to_utf8(lone[i], units[i], out, UTF_STRICT) == UTF_INVALID);

        size_t length = utf16_to_utf8(lone[i], units[i], out, UTF_WTF8);
        assert_false(utf8_valid(out, length));
        assert_true(utf8_valid_wtf8(out, length));
        assert_true(utf8_to_utf16_length(out, length, UTF_STRICT) == UTF_INVALID);
        assert_true(utf8_to_utf16(out, length, back, UTF_WTF8) == units[i]);
        assert_memory_equal(back, lone[i], units[i] * sizeof(WCHAR));

        length = utf16_to_utf8(lone[i], units[i], out, UTF_REPLACE);
        assert_true(length == utf16_to_utf8_length(lone[i], units[i], UTF_REPLACE));
        assert_true(utf8_valid(out, length));
    }
    assert_int_equal(utf16_to_utf8(lone[0], 2, out, UTF_REPLACE), 4);
    assert_memory_equal(out, FFFD "x", 4);
    /* WTF-8 forgives surrogates and nothing else. */
    assert_false(utf8_valid_wtf8("\xC0\x80", 2));
    assert_false(utf8_valid_wtf8("\xED\xA0", 2));
    assert_false(utf8_valid_wtf8("\xF5\x80\x80\x80", 4));
}

/* One character of each size at every place of texts of every length around the block size. */
static void blocks_have_no_seams(void **state)
{
    (void)state;
    static const uint32_t characters[] = {0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF};
    for (size_t length = 0; length <= 70; length++) {
        for (size_t place = 0; place <= length; place++) {
            for (size_t k = 0; k < 8; k++) {
                unsigned char utf8[80];
                WCHAR utf16[80];
                char out8[80];
                WCHAR out16[80];
                size_t bytes = 0;
                size_t units = 0;
                for (size_t i = 0; i < length; i++) {
                    uint32_t c = i == place ? characters[k] : (uint32_t)('a' + i % 26);
                    bytes += reference_utf8(c, utf8 + bytes);
                    units += reference_utf16(c, utf16 + units);
                }
                assert_true(utf8_to_utf16_length((char *)utf8, bytes, UTF_STRICT) == units);
                assert_true(utf8_to_utf16((char *)utf8, bytes, out16, UTF_STRICT) == units);
                assert_memory_equal(out16, utf16, units * sizeof(WCHAR));
                assert_true(utf16_to_utf8_length(utf16, units, UTF_STRICT) == bytes);
                assert_true(utf16_to_utf8(utf16, units, out8, UTF_STRICT) == bytes);
                assert_memory_equal(out8, utf8, bytes);
            }
        }
    }
}

/* Any 16-bit string survives WTF-8, and blocks of exact size are never overrun (the sanitizer watches). */
static void random_units_survive_wtf8(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    for (int round = 0; round < 20000; round++) {
        WCHAR text[48];
        size_t units = (seed >> 16) % 48;
        for (size_t i = 0; i < units; i++) {
            seed = seed * 1664525u + 1013904223u;
            uint32_t r = seed >> 8;
            text[i] = (WCHAR)(r % 4 == 0 ? 0xD800 + r % 0x800 : r % 4 == 1 ? r % 0x80 : r);
        }
        seed = seed * 1664525u + 1013904223u;

        char *utf8;
        WCHAR *back;
        size_t bytes;
        size_t length;
        assert_int_equal(utf16_to_utf8_new(text, units, UTF_WTF8, &utf8, &bytes), S_OK);
        assert_int_equal(utf8[bytes], 0);
        assert_int_equal(utf8_to_utf16_new(utf8, bytes, UTF_WTF8, &back, &length), S_OK);
        assert_int_equal(back[length], 0);
        assert_true(length == units);
        assert_memory_equal(back, text, units * sizeof(WCHAR));

        /* Replacing on the way out and replacing in WTF-8 give the same text. */
        char *direct;
        size_t direct_bytes;
        assert_int_equal(utf16_to_utf8_new(text, units, UTF_REPLACE, &direct, &direct_bytes), S_OK);
        assert_true(utf8_repair_length(utf8, bytes) == direct_bytes);
        char *repaired = malloc(direct_bytes + 1);
        assert_non_null(repaired);
        utf8_repair(utf8, bytes, repaired);
        assert_memory_equal(repaired, direct, direct_bytes);
        free(repaired);
        free(direct);
        free(back);
        free(utf8);
    }
}

static void random_bytes_are_refused_or_converted(void **state)
{
    (void)state;
    uint32_t seed = 777;
    for (int round = 0; round < 20000; round++) {
        size_t bytes = seed % 64;
        char *text = malloc(bytes + 1); /* exact, so that reading past the end is seen */
        assert_non_null(text);
        for (size_t i = 0; i < bytes; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = (char)(seed >> 24);
        }
        seed = seed * 1664525u + 1013904223u;
        for (size_t k = 0; k < 3; k++) {
            WCHAR *wide;
            size_t units;
            HRESULT hr = utf8_to_utf16_new(text, bytes, policies[k], &wide, &units);
            if (hr == S_OK) {
                assert_true(units <= UTF16_MAX(bytes));
            } else {
                assert_int_equal(hr, MAPI_E_INVALID_PARAMETER);
                assert_null(wide);
                assert_int_not_equal(policies[k], UTF_REPLACE);
            }
            free(wide);
        }
        free(text);
    }
}

static void empty_and_null_text(void **state)
{
    (void)state;
    char *utf8;
    WCHAR *wide;
    size_t length = 9;
    assert_int_equal(utf16_length(NULL), 0);
    assert_int_equal(utf16_length(u""), 0);
    assert_int_equal(utf16_length(u"Gr\u00FC\u00DFe"), 5);
    assert_true(utf8_valid(NULL, 0) && utf16_valid(NULL, 0));
    assert_int_equal(utf16_to_utf8_new(NULL, 0, UTF_STRICT, &utf8, &length), S_OK);
    assert_int_equal(length, 0);
    assert_string_equal(utf8, "");
    assert_int_equal(utf8_to_utf16_new(NULL, 0, UTF_STRICT, &wide, NULL), S_OK);
    assert_int_equal(wide[0], 0);
    free(utf8);
    free(wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_round_trips),
        cmocka_unit_test(strict_validation_agrees_with_the_standard),
        cmocka_unit_test(replacement_takes_maximal_subparts),
        cmocka_unit_test(lone_surrogates_follow_the_policy),
        cmocka_unit_test(blocks_have_no_seams),
        cmocka_unit_test(random_units_survive_wtf8),
        cmocka_unit_test(random_bytes_are_refused_or_converted),
        cmocka_unit_test(empty_and_null_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
