/* The decoder of base64 against GMime's, which it stands for: on good input, on bad input, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/base64.h"
#include "mime/runtime.h"

enum { LONGEST = 3000, ROUNDS = 6000 };

/* Runs the filter over the text in pieces. */
static size_t run(GMimeFilter *filter, const char *text, size_t size, size_t piece, char *result)
{
    char copy[LONGEST + 64];
    size_t total = 0;
    for (size_t at = 0; at <= size; at += piece) {
        size_t some = size - at < piece ? size - at : piece, out_size, prespace;
        bool last = size - at <= piece;
        char *out;
        memcpy(copy + 64, text + at, some);
        if (last)
            g_mime_filter_complete(filter, copy + 64, some, 64, &out, &out_size, &prespace);
        else
            g_mime_filter_filter(filter, copy + 64, some, 64, &out, &out_size, &prespace);
        memcpy(result + total, out, out_size);
        total += out_size;
        if (last)
            break;
    }
    g_object_unref(filter);
    return total;
}

static void expect_same(const char *text, size_t size, size_t piece)
{
    static char mine[2 * LONGEST], theirs[2 * LONGEST];
    size_t got = run(mime_base64_decoder(), text, size, piece, mine);
    size_t wanted = run(g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_BASE64, FALSE), text, size, piece, theirs);
    assert_int_equal(got, wanted);
    assert_memory_equal(mine, theirs, wanted);
}

/* Text with so many characters in a thousand that are no digits. */
static size_t make_text(char *text, int bad)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char others[] = "=\r\n =-\t\x80\xFF%=";
    size_t size = (size_t)rand() % LONGEST, line = 1 + (size_t)rand() % 80;
    for (size_t i = 0; i < size; i++) {
        text[i] = digits[rand() % 64];
        if (i % (line + 1) == line)
            text[i] = '\n';
        if (rand() % 1000 < bad)
            text[i] = others[(size_t)rand() % (sizeof others - 1)];
    }
    for (int i = rand() % 3; i > 0 && size > 0; i--)
        text[size - (size_t)i < size ? size - (size_t)i : 0] = '=';
    return size;
}

static void anything_decodes_as_gmime_does(void **state)
{
    static const int bad[] = {0, 0, 2, 20, 300, 900};
    char text[LONGEST + 1];
    (void)state;
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        size_t size = make_text(text, bad[(size_t)round % (sizeof bad / sizeof bad[0])]);
        expect_same(text, size, 1 + (size_t)rand() % (round % 2 == 0 ? LONGEST : 200));
    }
}

static void a_message_is_what_it_was(void **state)
{
    static const char text[] = "VGhlIGZpcnN0IGxpbmUgb2YgYSB0ZXh0IHRoYXQgaXMgbG9uZyBlbm91Z2ggdG8gdGFrZSB0aGUg\r\n"
                               "ZmFzdCB3YXksIGFuZCB0aGVuIHNvbWUgbW9yZSBvZiBpdCBmb3IgZ29vZCBtZWFzdXJlLg==\r\n";
    char result[sizeof text];
    (void)state;
    size_t size = run(mime_base64_decoder(), text, sizeof text - 1, sizeof text, result);
    assert_int_equal(size, 109);
    assert_memory_equal(result, "The first line of a text that is long enough to take the fast way, and then", 75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anything_decodes_as_gmime_does),
        cmocka_unit_test(a_message_is_what_it_was),
    };
    mime_runtime_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
