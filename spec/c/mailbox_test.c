/* csrc/mailbox below the folders: digests, From_ lines, finding and decoding messages, encoding them, names of Maildirs. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapimailbox.h>

#include "base/utf.h"
#include "mailbox/content.h"
#include "mailbox/encoder.h"
#include "mailbox/from_line.h"
#include "mailbox/keys.h"
#include "mailbox/maildir.h"
#include "mailbox/mbox.h"
#include "mailbox/mutf7.h"
#include "mailbox/target.h"
#include "support/fault.h"
#include "support/temp_home.h"

#define DATED "From a@example.org Thu Jan  1 00:00:10 1970\n"

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A small file as a string, valid until the next call. */
static const char *read_file(const char *path)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    return text;
}

/* Digests --------------------------------------------------------------------------------------------------------- */

static const char *hex(const unsigned char digest[DIGEST_SIZE])
{
    static char text[DIGEST_SIZE * 2 + 1];
    for (int i = 0; i < DIGEST_SIZE; i++)
        snprintf(text + i * 2, 3, "%02x", digest[i]);
    return text;
}

static const char *digest_of(const void *bytes, size_t size, size_t piece)
{
    unsigned char result[DIGEST_SIZE];
    struct digest digest;
    digest_begin(&digest);
    for (size_t at = 0; at < size; at += piece)
        digest_add(&digest, (const char *)bytes + at, size - at < piece ? size - at : piece);
    digest_end(&digest, result);
    return hex(result);
}

/* The expected values are those of Python's hashlib. */
static void digests_are_blake2b(void **state)
{
    (void)state;
    unsigned char bytes[1280];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    assert_string_equal(digest_of("", 0, 1), "cae66941d9efbd404e4d88758ea67670");
    assert_string_equal(digest_of("abc", 3, 3), "cf4ab791c62b8d2b2109c90275287816");
    for (size_t piece = 1; piece < 300; piece += 42)
        assert_string_equal(digest_of(bytes, sizeof bytes, piece), "825c7cfa8fc12c18f57b6046a548db9f");
    memset(bytes, 'a', sizeof bytes);
    assert_string_equal(digest_of(bytes, 128, 128), "1271d28e731afb57bdfba6bdaf3501be");
    assert_string_equal(digest_of(bytes, 129, 128), "68b7bafbad5055c4ebe6eb170a0f8524");
}

static const char *message_digest_of(const char *text, size_t piece)
{
    unsigned char result[DIGEST_SIZE];
    struct message_digest digest;
    size_t size = strlen(text);
    message_digest_begin(&digest);
    for (size_t at = 0; at < size; at += piece)
        message_digest_add(&digest, (const unsigned char *)text + at, size - at < piece ? size - at : piece);
    message_digest_end(&digest, result);
    return hex(result);
}

static void line_ends_do_not_count(void **state)
{
    (void)state;
    char expected[40];
    for (size_t piece = 1; piece < 12; piece++) {
        strcpy(expected, digest_of("a\n\nb\rc", 6, 6));
        assert_string_equal(message_digest_of("a\n\nb\rc\n", piece), expected);
        assert_string_equal(message_digest_of("a\r\n\r\nb\rc", piece), expected);
        assert_string_equal(message_digest_of("a\r\n\nb\rc\r\n\r\n\n", piece), expected);
        assert_string_not_equal(message_digest_of("a\n\nb\r\rc", piece), expected);
        assert_string_not_equal(message_digest_of("a\n\n\nb\rc", piece), expected);
    }
    char many[512] = "a", same[512] = "a";
    memset(many + 1, '\n', 300);
    strcpy(many + 301, "b");
    memset(same + 1, '\n', 300);
    strcpy(same + 301, "b\n");
    strcpy(expected, digest_of(many, 302, 302));
    assert_string_equal(message_digest_of(same, 7), expected);
}

static void keys_count(void **state)
{
    (void)state;
    struct keys keys = {NULL, 0, 0};
    unsigned char digest[DIGEST_SIZE] = "one";
    assert_false(keys_meet(&keys, digest));
    for (unsigned i = 0; i < 5000; i++) {
        memcpy(digest, &i, sizeof i);
        assert_int_equal(keys_add(&keys, digest), S_OK);
    }
    memset(digest, 0, sizeof digest);
    assert_int_equal(keys_add(&keys, digest), S_OK);
    assert_true(keys_meet(&keys, digest));
    assert_true(keys_meet(&keys, digest));
    assert_false(keys_meet(&keys, digest));
    keys_unmeet(&keys, digest);
    keys_unmeet(&keys, digest);
    assert_true(keys_meet(&keys, digest));
    assert_false(keys_meet(&keys, digest));
    keys_clear(&keys);
}

/* From_ lines ----------------------------------------------------------------------------------------------------- */

static int64_t date_in(const char *line)
{
    int64_t date;
    return from_line_dated((const unsigned char *)line, strlen(line), &date) ? date : -1;
}

static void from_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t date;
    } lines[] = {
        {"From a@example.org Thu Jan  1 00:00:10 1970", 10},
        {"From a@example.org Thu Jan 1 00:00:10 1970", 10},
        {"From a@example.org  Thu Jan 01 00:01 1970", 60},
        {"From - Tue Nov 14 22:13:20 2023", 1700000000},
        {"From \"front desk\"@example.org Tue Nov 14 22:13:20 2023", 1700000000},
        {"From a@example.org Tue Nov 14 23:13:20 +0100 2023", 1700000000},
        {"From a@example.org Tue Nov 14 21:13:20 2023 -0100", 1700000000},
        {"From a@example.org Tue Nov 14 22:13:20 CET 2023", 1700000000},
        {"From a@example.org Tue Nov 14 22:13:20 MET DST 2023", 1700000000},
        {"From a@example.org Tue, 14 Nov 2023 22:13:20 +0000", 1700000000},
        {"From Mon Tue Nov 14 22:13:20 2023", 1700000000},
        {"From Tue Nov 14 22:13:20 2023", 1700000000},
        {"From a@example.org tue nov 14 22:13:20 23 remote from x", 1700000000},
        {"From ", -1},
        {"From", -1},
        {"From the beginning, on Tue Nov 14 it was", -1},
        {"From a@example.org Tue Nov 14 25:13:20 2023", -1},
        {"From a@example.org Tue Nov 32 22:13:20 2023", -1},
        {"From a@example.org Tue Nov 14 22:13:20", -1},
        {"From a@example.org Tue Nov 14 22:13:20 1 2023", -1},
        {"From a@example.org 2023-11-14 22:13:20", -1},
        {"from a@example.org Tue Nov 14 22:13:20 2023", -1},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (date_in(lines[i].line) != lines[i].date)
            fail_msg("%s: %lld", lines[i].line, (long long)date_in(lines[i].line));
}

static void from_lines_are_written(void **state)
{
    (void)state;
    char line[512];
    size_t size = from_line_write(line, sizeof line, "a b\n@example.org", 10);
    assert_string_equal(line, "From a-b-@example.org Thu Jan  1 00:00:10 1970\n");
    assert_int_equal(size, strlen(line));
    from_line_write(line, sizeof line, NULL, 1700000000);
    assert_string_equal(line, "From MAILER-DAEMON Tue Nov 14 22:13:20 2023\n");
    /* Python's mailbox fails over anything but ASCII. */
    from_line_write(line, sizeof line, "\xC3\xA4@example.org", INT64_MAX / 10000000);
    assert_string_equal(line, "From --@example.org Thu Jan  1 00:00:00 1970\n");
    char longest[2000];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    size = from_line_write(line, sizeof line, longest, 0);
    assert_int_equal(date_in(line), -1); /* its line end belongs to it here */
    line[size - 1] = '\0';
    assert_int_equal(date_in(line), 0);
}

/* mbox files ------------------------------------------------------------------------------------------------------ */

/* The messages of a file, each in brackets; or the failure. */
static const char *messages_of(const void *bytes, size_t size, ULONG format)
{
    static char text[1 << 14];
    char path[256];
    struct input input = {.file = -1};
    struct content content;
    struct mail_item item;
    struct mbox mbox;
    size_t used = 0;
    memset(&content, 0, sizeof content);
    snprintf(path, sizeof path, "%s", temp_home_file("mbox"));
    write_file(path, bytes, size);
    text[0] = '\0';
    HRESULT hr = input_open(&input, path, true);
    if (SUCCEEDED(hr))
        hr = mbox_begin(&mbox, &input, format);
    while (SUCCEEDED(hr) && (hr = mbox_next(&mbox, &item, NULL, NULL)) == S_OK) {
        hr = content_load(&content, &input, &item, NULL, NULL);
        assert_true(used + content.size + 3 < sizeof text);
        text[used++] = '[';
        memcpy(text + used, content.memory, (size_t)content.size);
        used += (size_t)content.size;
        text[used++] = ']';
        text[used] = '\0';
    }
    content_clear(&content);
    input_free(&input);
    if (FAILED(hr))
        snprintf(text, sizeof text, "%08X", (unsigned)hr);
    return text;
}

static void check_messages(const char *file, ULONG format, const char *expected)
{
    const char *found = messages_of(file, strlen(file), format);
    if (strcmp(found, expected) != 0)
        fail_msg("of \"%s\"\nfound \"%s\"\ninstead of \"%s\"", file, found, expected);
}

static void messages_are_found(void **state)
{
    (void)state;
    check_messages("", MAPI_MBOX_AUTO, "");
    check_messages("x\n", MAPI_MBOX_AUTO, "8004011B");
    check_messages("\n" DATED "A: b\n\nc\n\n", MAPI_MBOX_AUTO, "8004011B");
    check_messages(DATED "A: b\n\nc\n\n", MAPI_MBOX_AUTO, "[A: b\n\nc\n]");
    check_messages(DATED "A: b\n\nc\n", MAPI_MBOX_AUTO, "[A: b\n\nc\n]");
    check_messages(DATED "A: b\n\nc", MAPI_MBOX_AUTO, "[A: b\n\nc]");
    check_messages(DATED "A: b\n\nc\n\n\n\n", MAPI_MBOX_AUTO, "[A: b\n\nc\n\n\n]");
    check_messages(DATED "A: b\n\nc\n\n" DATED "D: e\n\nf\n", MAPI_MBOX_AUTO, "[A: b\n\nc\n][D: e\n\nf\n]");
    /* No body; no header; nothing. */
    check_messages(DATED "A: b\n\n" DATED "D: e\n\n\n" DATED "\n" DATED, MAPI_MBOX_AUTO, "[A: b\n][D: e\n\n][][]");
    /* Lines that end in CRLF. */
    check_messages(
        "From a Thu Jan  1 00:00:10 1970\r\nA: b\r\n\r\nc\r\n\r\nFrom a Thu Jan  1 00:00:10 1970\r\n\r\nd\r\n",
        MAPI_MBOX_AUTO, "[A: b\r\n\r\nc\r\n][\r\nd\r\n]");
}

static void text_that_begins_with_from(void **state)
{
    (void)state;
    check_messages(DATED "A: b\n\nc\n" DATED "d\n", MAPI_MBOX_AUTO, "[A: b\n\nc\n" DATED "d\n]");
    check_messages(DATED "A: b\n\nc\n\nFrom the beginning\nB: c\n", MAPI_MBOX_AUTO,
                   "[A: b\n\nc\n\nFrom the beginning\nB: c\n]");
    /* A file whose From_ lines say no date: a header has to follow. */
    check_messages("From a\nA: b\n\nc\n\nFrom b\nD: e\n\nf\n\nFrom the beginning\nit was so\n", MAPI_MBOX_AUTO,
                   "[A: b\n\nc\n][D: e\n\nf\n\nFrom the beginning\nit was so\n]");
}

static void quotes_are_taken_off(void **state)
{
    (void)state;
    static const char file[] = DATED "A: b\n\n>From x\n>>From y\n>>>From z\n> From\n>Fro\n>\n>>From\n>From ";
    check_messages(file, MAPI_MBOX_AUTO, "[A: b\n\nFrom x\n>From y\n>>From z\n> From\n>Fro\n>\n>>From\nFrom ]");
    check_messages(file, MAPI_MBOX_RD, "[A: b\n\nFrom x\n>From y\n>>From z\n> From\n>Fro\n>\n>>From\nFrom ]");
    check_messages(file, MAPI_MBOX_O, "[A: b\n\nFrom x\n>>From y\n>>>From z\n> From\n>Fro\n>\n>>From\nFrom ]");
    check_messages(file, MAPI_MBOX_CL2, "[A: b\n\n>From x\n>>From y\n>>>From z\n> From\n>Fro\n>\n>>From\n>From ]");
    /* An envelope among the fields is no field; an address field in an old syntax is one. */
    check_messages(DATED ">From c@example.org " DATED "From : x\nA: b\n\nc\n", MAPI_MBOX_AUTO,
                   "[From : x\nA: b\n\nc\n]");
    /* One at the end of the file, without a line end, was taken for a field: the fuzzer found it. */
    check_messages(DATED "A: b\nFrom ", MAPI_MBOX_AUTO, "[A: b\n]");
}

static void fields_of_the_mailbox_are_left_out(void **state)
{
    (void)state;
    check_messages(DATED "Status: RO\nA: b\nX-STATUS: F\n folded\n\tagain\nstatus : x\nContent-Length: 9999\n"
                         "Lines: 1\nX-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nStatusx: y\n\nStatus: z\n",
                   MAPI_MBOX_AUTO, "[A: b\nstatus : x\nLines: 1\nStatusx: y\n\nStatus: z\n]");
}

#define INSIDE "x\n\n" DATED "B: c\n\ny\n"

static void content_length(void **state)
{
    (void)state;
    char file[1024], expected[1024];
    /* Every message has a right one: what looks like another message is text, and nothing was quoted. */
    snprintf(file, sizeof file,
             DATED "Content-Length: %zu\n\n" INSIDE "\n" DATED "A: b\nContent-Length: 8\n\n>From d\n\n",
             sizeof INSIDE - 1);
    check_messages(file, MAPI_MBOX_AUTO, "[\n" INSIDE "][A: b\n\n>From d\n]");
    check_messages(file, MAPI_MBOX_CL, "[\n" INSIDE "][A: b\n\nFrom d\n]");
    check_messages(file, MAPI_MBOX_RD, "[\nx\n][B: c\n\ny\n][A: b\n\nFrom d\n]");
    /* One message has none: the others are not believed, or those that are right. */
    snprintf(file, sizeof file, DATED "Content-Length: %zu\n\n" INSIDE "\n" DATED "A: b\n\n>From d\n",
             sizeof INSIDE - 1);
    check_messages(file, MAPI_MBOX_AUTO, "[\nx\n][B: c\n\ny\n][A: b\n\nFrom d\n]");
    check_messages(file, MAPI_MBOX_CL2, "[\n" INSIDE "][A: b\n\n>From d\n]");
    /* Wrong ones: too long, too short, beyond the file, no number. */
    static const char *const wrong[] = {"6", "1", "999999999999", "99999999999999999999999", "-3", "0x3", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(file, sizeof file, DATED "Content-Length: %s\n\nabc\n\n" DATED "A: b\n\nc\n", wrong[i]);
        snprintf(expected, sizeof expected, "[\nabc\n][A: b\n\nc\n]");
        check_messages(file, MAPI_MBOX_AUTO, expected);
        check_messages(file, MAPI_MBOX_CL, expected);
    }
}

static unsigned flags_in(const char *fields)
{
    char path[256];
    struct input input = {.file = -1};
    struct header header;
    snprintf(path, sizeof path, "%s", temp_home_file("header"));
    write_file(path, fields, strlen(fields));
    assert_int_equal(input_open(&input, path, false), S_OK);
    assert_int_equal(header_read(&input, 0, input.size, &header), S_OK);
    input_free(&input);
    return header.flags;
}

static void flags_are_read(void **state)
{
    (void)state;
    assert_int_equal(flags_in("Status: RO\nX-Status: AFTD\n\nStatus: x\n"),
                     MAIL_READ | MAIL_REPLIED | MAIL_FLAGGED | MAIL_DRAFT | MAIL_DELETED);
    assert_int_equal(flags_in("status:O\n\nStatus: R\n"), 0);
    assert_int_equal(flags_in("X-Mozilla-Status: 1007\r\n\r\n"),
                     MAIL_READ | MAIL_REPLIED | MAIL_FLAGGED | MAIL_FORWARDED);
    assert_int_equal(flags_in("X-Mozilla-Status: 0008\n"), MAIL_DELETED);
    assert_int_equal(flags_in("A: b\n Status: R\n\n"), 0);
}

/* A message that does not fit into memory, with something to take off all over it, read from everywhere. */
static void large_messages(void **state)
{
    (void)state;
    enum { LINES = 60000 };
    char *file = malloc(LINES * 80), *plain = malloc(LINES * 80), path[256];
    size_t size = (size_t)sprintf(file, DATED "Status: R\nA: b\n\n"), plain_size = (size_t)sprintf(plain, "A: b\n\n");
    for (unsigned i = 0; i < LINES; i++) {
        const char *quotes = ">>>>" + i % 5, *word = i % 3 == 0 ? "From " : "some";
        plain_size += (size_t)sprintf(plain + plain_size, "%s%s %u text text text\n", quotes, word, i);
        size += (size_t)sprintf(file + size, "%s%s%s %u text text text\n", i % 3 == 0 ? ">" : "", quotes, word, i);
    }
    struct input input = {.file = -1};
    struct content content;
    struct mail_item item;
    struct mbox mbox;
    memset(&content, 0, sizeof content);
    snprintf(path, sizeof path, "%s", temp_home_file("mbox"));
    write_file(path, file, size);
    assert_int_equal(input_open(&input, path, true), S_OK);
    assert_int_equal(mbox_begin(&mbox, &input, MAPI_MBOX_AUTO), S_OK);
    assert_int_equal(mbox_next(&mbox, &item, NULL, NULL), S_OK);
    assert_true(content_is_large(&item));
    assert_int_equal(content_load(&content, &input, &item, NULL, NULL), S_OK);
    assert_int_equal(content.size, plain_size);
    char digest[40];
    strcpy(digest, hex(content.digest));
    assert_string_equal(digest, digest_of(plain, plain_size - 1, 1000));
    unsigned random = 1;
    for (int i = 0; i < 200; i++) {
        unsigned char piece[5000];
        size_t got;
        random = random * 1103515245 + 12345;
        uint64_t at = random % plain_size;
        assert_int_equal(content_read(&content, at, piece, sizeof piece, &got), S_OK);
        assert_true(got > 0);
        assert_memory_equal(piece, plain + at, got);
    }
    content_clear(&content);
    input_free(&input);
    free(file);
    free(plain);
}

static void files_that_are_none(void **state)
{
    (void)state;
    struct input input = {.file = -1};
    char path[256];
    assert_int_equal(input_open(&input, temp_home_file("missing"), true), MAPI_E_NOT_FOUND);
    assert_int_equal(input_open(&input, temp_home_path(), true), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(input_open(&input, "/dev/null", true), MAPI_E_INVALID_PARAMETER);
    snprintf(path, sizeof path, "%s", temp_home_file("fifo"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(input_open(&input, path, true), MAPI_E_INVALID_PARAMETER);
    snprintf(path, sizeof path, "%s", temp_home_file("loop"));
    assert_int_equal(symlink(path, path), 0);
    assert_int_equal(input_open(&input, path, true), MAPI_E_DISK_ERROR);
    input_free(&input);
}

static void a_file_that_becomes_shorter(void **state)
{
    (void)state;
    char path[256];
    struct input input = {.file = -1};
    const unsigned char *bytes;
    size_t available;
    snprintf(path, sizeof path, "%s", temp_home_file("mbox"));
    write_file(path, DATED DATED, 2 * (sizeof DATED - 1));
    assert_int_equal(input_open(&input, path, true), S_OK);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(input_peek(&input, 0, 20, input.size, &bytes, &available), MAPI_E_OBJECT_CHANGED);
    assert_null(bytes);
    input_free(&input);
}

/* Encoding -------------------------------------------------------------------------------------------------------- */

/* What becomes of a message that is written in pieces. */
static const char *encoded(const char *message, size_t size, bool mbox, size_t piece)
{
    static struct output output;
    struct encoder encoder;
    char path[256];
    snprintf(path, sizeof path, "%s", temp_home_file("encoded"));
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    output_begin(&output, file, path);
    encoder_begin(&encoder, &output, mbox);
    for (size_t at = 0; at < size; at += piece)
        encoder_write(&encoder, message + at, size - at < piece ? size - at : piece);
    encoder_end(&encoder);
    assert_int_equal(output_sync(&output), S_OK);
    close(file);
    return read_file(path);
}

static void check_encoded(const char *message, bool mbox, const char *expected)
{
    for (size_t piece = 1; piece <= strlen(message) && piece < 30; piece++)
        assert_string_equal(encoded(message, strlen(message), mbox, piece), expected);
}

static void messages_are_encoded(void **state)
{
    (void)state;
    check_encoded("A: b\r\n\r\nFrom x\r\n>From y\r\n>>>From z\r\nFro\r\n>\r\n>From\r\nFrom ", true,
                  "A: b\n\n>From x\n>>From y\n>>>>From z\nFro\n>\n>From\n>From \n\n");
    check_encoded("A: b\r\n\r\nFrom x\rFrom y\r\r\n\rFrom z\r", true, "A: b\n\n>From x\rFrom y\r\n\rFrom z\r\n\n");
    check_encoded(
        "Status: x\r\nA: b\r\nX-Status: y\r\n folded\r\nStat\r\n: z\r\nContent-Length: 5\r\n\r\nStatus: c\r\n", true,
        "A: b\nStat\n: z\n\nStatus: c\n\n");
    check_encoded("Status: x\r\n\r\nFrom x\r\n", false, "Status: x\n\nFrom x\n");
    check_encoded("A: b\r\n\r\nc", false, "A: b\n\nc");
    check_encoded("A: b", true, "A: b\n\n");
}

/* Any text written to an mbox file and read from it is what it was. */
static void what_is_encoded_is_decoded(void **state)
{
    (void)state;
    static const char *const tokens[] = {"From ", "From", ">",  "\n", "\n\n",   DATED,
                                         "x",     ": ",   "\r", " ",  "A: b\n", ">>"};
    unsigned random = 7;
    for (int round = 0; round < 3000; round++) {
        char message[2048] = "A: b\n\n", file[4096], expected[4096];
        for (int i = 0; i < 40; i++) {
            random = random * 1103515245 + 12345;
            const char *token = tokens[(random >> 16) % (sizeof tokens / sizeof tokens[0])];
            if (strlen(message) + strlen(token) < 1000)
                strcat(message, token);
        }
        if (message[strlen(message) - 1] != '\n')
            strcat(message, "\n");
        for (char *cr; (cr = strstr(message, "\r\n")) != NULL;) /* would become LF, as it should */
            *cr = 'r';
        int used = snprintf(file, sizeof file, DATED);
        used += snprintf(file + used, sizeof file - (size_t)used, "%s",
                         encoded(message, strlen(message), true, 1 + (random >> 8) % 50));
        snprintf(file + used, sizeof file - (size_t)used, DATED "\nz\n");
        snprintf(expected, sizeof expected, "[%s][\nz\n]", message);
        check_messages(file, MAPI_MBOX_AUTO, expected);
    }
}

/* Targets --------------------------------------------------------------------------------------------------------- */

static HRESULT write_target(const char *path, bool append, bool overwrite, const char *text, bool commit)
{
    static struct output output;
    struct target target;
    HRESULT hr = target_open(&target, path, append, overwrite);
    if (FAILED(hr))
        return hr;
    output_begin(&output, target.file, target.path);
    output_put(&output, text, strlen(text));
    if (commit)
        return target_commit(&target, &output);
    output_flush(&output);
    target_abandon(&target);
    return S_OK;
}

static void new_files(void **state)
{
    (void)state;
    char path[256], link[256], lock[300];
    struct stat status;
    snprintf(path, sizeof path, "%s", temp_home_file("out"));
    snprintf(link, sizeof link, "%s", temp_home_file("link"));
    snprintf(lock, sizeof lock, "%s.lock", path);
    assert_int_equal(write_target(path, false, false, "gone", false), S_OK);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(write_target(path, false, false, DATED, true), S_OK);
    assert_string_equal(read_file(path), DATED);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(write_target(path, false, false, "x", true), MAPI_E_COLLISION);
    assert_string_equal(read_file(path), DATED);
    /* Replacing keeps what a file may be read by, and a link a link. */
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(write_target(link, false, true, "gone", false), S_OK);
    assert_string_equal(read_file(path), DATED);
    assert_int_equal(write_target(link, false, true, DATED "a", true), S_OK);
    assert_string_equal(read_file(path), DATED "a");
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    /* Adding ends what is there with an empty line. */
    assert_int_equal(write_target(path, true, false, "gone", false), S_OK);
    assert_string_equal(read_file(path), DATED "a");
    assert_int_equal(write_target(path, true, false, DATED "b\n\n", true), S_OK);
    assert_string_equal(read_file(path), DATED "a\n\n" DATED "b\n\n");
    assert_int_equal(access(lock, F_OK), -1);
    assert_int_equal(write_target(temp_home_file("added"), true, false, "gone", false), S_OK);
    assert_int_equal(access(temp_home_file("added"), F_OK), -1);
    assert_int_equal(write_target(temp_home_file("no/out"), false, false, "x", true), MAPI_E_NOT_FOUND);
    assert_int_equal(write_target(temp_home_file("no/out"), true, false, "x", true), MAPI_E_NOT_FOUND);
    assert_int_equal(write_target(temp_home_path(), false, true, "x", true), MAPI_E_INVALID_PARAMETER);
    write_file(path, "not mail", 8);
    assert_int_equal(write_target(path, true, false, "x", true), MAPI_E_CORRUPT_DATA);
    assert_string_equal(read_file(path), "not mail");
}

/* A file that may not grow is as good as a disk that is full. */
static void a_full_disk(void **state)
{
    (void)state;
    char path[256], *text = malloc(1 << 20);
    struct rlimit before, limit;
    assert_non_null(text);
    memset(text, 'x', (1 << 20) - 1);
    text[(1 << 20) - 1] = '\0';
    snprintf(path, sizeof path, "%s", temp_home_file("out"));
    assert_int_equal(write_target(path, false, false, DATED, true), S_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    HRESULT overwritten = write_target(path, false, true, text, true);
    HRESULT appended = write_target(path, true, false, text, true);
    HRESULT created = write_target(temp_home_file("new"), false, false, text, true);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(overwritten, MAPI_E_NOT_ENOUGH_DISK);
    assert_int_equal(appended, MAPI_E_NOT_ENOUGH_DISK);
    assert_int_equal(created, MAPI_E_NOT_ENOUGH_DISK);
    assert_string_equal(read_file(path), DATED);
    assert_int_equal(access(temp_home_file("new"), F_OK), -1);
    free(text);
}

/* Maildirs -------------------------------------------------------------------------------------------------------- */

static void maildir_names(void **state)
{
    (void)state;
    char letters[8];
    assert_int_equal(maildir_flags("1.2.host:2,FS"), MAIL_FLAGGED | MAIL_READ);
    assert_int_equal(maildir_flags("1.2.host:2,DFPRSTabc"), 0x3F);
    assert_int_equal(maildir_flags("1.2.host:1,S"), 0);
    assert_int_equal(maildir_flags("1.2.host"), 0);
    maildir_letters(0x3F, letters, sizeof letters);
    assert_string_equal(letters, "DFPRST");
}

static void a_maildir_that_changes(void **state)
{
    (void)state;
    char root[200], name[300], other[300];
    struct maildir maildir;
    struct mail_item item;
    struct input input = {.file = -1};
    snprintf(root, sizeof root, "%s", temp_home_file("md"));
    assert_int_equal(maildir_begin(&maildir, root), MAPI_E_NOT_FOUND);
    maildir_clear(&maildir);
    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(maildir_begin(&maildir, root), MAPI_E_CORRUPT_DATA);
    maildir_clear(&maildir);
    for (const char *sub = "new\0cur\0"; *sub != '\0'; sub += 4) {
        snprintf(name, sizeof name, "%s/%s", root, sub);
        assert_int_equal(mkdir(name, 0700), 0);
        for (int i = 1; i <= 4; i++) {
            snprintf(name, sizeof name, "%s/%s/%d.%s%s", root, sub, i, sub, *sub == 'c' ? ":2,S" : "");
            write_file(name, "A: b\n\nc\n", 8);
        }
    }
    /* Listed in both, as when it was moved in between; hidden; a directory. */
    snprintf(name, sizeof name, "%s/cur/4.new:2,", root);
    write_file(name, "A: b\n\nc\n", 8);
    snprintf(name, sizeof name, "%s/cur/.hidden", root);
    write_file(name, "A: b\n\nc\n", 8);
    snprintf(name, sizeof name, "%s/cur/directory", root);
    assert_int_equal(mkdir(name, 0700), 0);
    assert_int_equal(maildir_begin(&maildir, root), S_OK);
    assert_int_equal(maildir.count, 8);
    assert_int_equal(maildir.total, 64);
    /* One is read by somebody, one is deleted. */
    snprintf(name, sizeof name, "%s/new/1.new", root);
    snprintf(other, sizeof other, "%s/cur/1.new:2,RS", root);
    assert_int_equal(rename(name, other), 0);
    snprintf(name, sizeof name, "%s/cur/2.cur:2,S", root);
    assert_int_equal(unlink(name), 0);
    unsigned expected[] = {MAIL_READ, MAIL_READ | MAIL_REPLIED, 0, MAIL_READ, 0, MAIL_READ, 0};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(maildir_next(&maildir, &input, &item), S_OK);
        assert_int_equal(item.failure, S_OK);
        assert_int_equal(item.flags, expected[i]);
        assert_int_equal(item.end, 8);
    }
    assert_int_equal(maildir_next(&maildir, &input, &item), S_FALSE);
    maildir_clear(&maildir);
    input_free(&input);
}

static void folder_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *encoded;
    } names[] = {
        {"Inbox", "Inbox"}, {"Grüße", "Gr&APwA3w-e"}, {"a.b/c", "a&AC4-b&AC8-c"}, {"R&D", "R&-D"}, {"&", "&-"},
        {"&ü", "&ACYA,A-"}, {"日本語", "&ZeVnLIqe-"}, {"😀 x", "&2D3eAA- x"},      {"", ""},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        WCHAR *wide, *decoded;
        char *text, *narrow;
        assert_int_equal(utf8_to_utf16_new(names[i].name, strlen(names[i].name), UTF_STRICT, &wide, NULL), S_OK);
        assert_int_equal(mutf7_encode(wide, &text), S_OK);
        assert_string_equal(text, names[i].encoded);
        assert_int_equal(mutf7_decode(text, strlen(text), &decoded), S_OK);
        assert_int_equal(utf16_to_utf8_new(decoded, utf16_length(decoded), UTF_STRICT, &narrow, NULL), S_OK);
        assert_string_equal(narrow, names[i].name);
        free(wide);
        free(decoded);
        free(text);
        free(narrow);
    }
    static const char *const wrong[][2] = {
        {"Gr\xC3\xBC\xC3\x9F", "Grüß"}, {"a&", "a&"}, {"&A-", "&A-"}, {"&2D0-", "&2D0-"}, {"x\xFF", "x\xEF\xBF\xBD"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        WCHAR *decoded;
        char *narrow;
        assert_int_equal(mutf7_decode(wrong[i][0], strlen(wrong[i][0]), &decoded), S_OK);
        assert_int_equal(utf16_to_utf8_new(decoded, utf16_length(decoded), UTF_STRICT, &narrow, NULL), S_OK);
        assert_string_equal(narrow, wrong[i][1]);
        free(decoded);
        free(narrow);
    }
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, temp_home_setup, temp_home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_blake2b),
        cmocka_unit_test(line_ends_do_not_count),
        cmocka_unit_test(keys_count),
        cmocka_unit_test(from_lines),
        cmocka_unit_test(from_lines_are_written),
        IN_HOME(messages_are_found),
        IN_HOME(text_that_begins_with_from),
        IN_HOME(quotes_are_taken_off),
        IN_HOME(fields_of_the_mailbox_are_left_out),
        IN_HOME(content_length),
        IN_HOME(flags_are_read),
        IN_HOME(large_messages),
        IN_HOME(files_that_are_none),
        IN_HOME(a_file_that_becomes_shorter),
        IN_HOME(messages_are_encoded),
        IN_HOME(what_is_encoded_is_decoded),
        IN_HOME(new_files),
        IN_HOME(a_full_disk),
        cmocka_unit_test(maildir_names),
        IN_HOME(a_maildir_that_changes),
        cmocka_unit_test(folder_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
