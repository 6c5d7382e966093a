/*
 * The messages of examples/mail and, where it is there, of ../shared/data/mail: imported, they say what GMime itself
 * and Python's email find in them. Where the two disagree with each other, agreeing with one is right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>
#include <mapicode.h>
#include <mapitags.h>

#include "support/fake_message.h"
#include "support/mime_helper.h"

enum { MOST_FILES = 400, FACTS = 5 };

static const char *const fact_names[FACTS] = {"subject", "sender's name", "sender's address", "text", "html"};

/* What one reader finds in one file; "-" for nothing, else the text. */
struct facts {
    char *values[FACTS];
};

struct corpus {
    char *paths[MOST_FILES];
    size_t count;
};

static int compare_paths(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

static void list_files(struct corpus *corpus, const char *directory)
{
    DIR *dir = opendir(directory);

    corpus->count = 0;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        size_t length = strlen(entry->d_name);

        if (length < 5 || strcmp(entry->d_name + length - 4, ".eml") != 0 || corpus->count == MOST_FILES)
            continue;
        assert_true(asprintf(&corpus->paths[corpus->count++], "%s/%s", directory, entry->d_name) > 0);
    }
    if (dir != NULL)
        closedir(dir);
    qsort(corpus->paths, corpus->count, sizeof corpus->paths[0], compare_paths);
}

static void forget_files(struct corpus *corpus)
{
    while (corpus->count != 0)
        free(corpus->paths[--corpus->count]);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 24);

    assert_non_null(file);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 24, file);
    fclose(file);
    return bytes;
}

/* White space at the ends and CR say nothing in a comparison. */
static char *normal(const char *text)
{
    char *copy, *out;
    size_t size;

    if (text == NULL)
        return strdup("-");
    while (*text != '\0' && strchr(" \t\r\n", *text) != NULL)
        text++;
    out = copy = strdup(text);
    assert_non_null(copy);
    for (const char *at = copy; *at != '\0'; at++)
        if (*at != '\r')
            *out++ = *at;
    *out = '\0';
    size = strlen(copy);
    while (size != 0 && strchr(" \t\r\n", copy[size - 1]) != NULL)
        copy[--size] = '\0';
    return copy;
}

static void forget_facts(struct facts *facts)
{
    for (int i = 0; i < FACTS; i++)
        free(facts->values[i]);
}

static IMessage *find_ours(const char *path, struct facts *facts)
{
    size_t size;
    char *bytes = read_file(path, &size);
    IMessage *message = helper_message(FAKE_COMPLETE);

    assert_int_equal(helper_try_import(bytes, size, IMPORT_ALL, message), S_OK);
    free(bytes);
    facts->values[0] = normal(helper_get(message, PR_SUBJECT_W));
    facts->values[1] = normal(helper_get(message, PR_SENT_REPRESENTING_NAME_W));
    facts->values[2] = normal(helper_get(message, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W));
    facts->values[3] = normal(helper_get(message, PR_BODY_W));
    facts->values[4] = normal(helper_get(message, PR_HTML));
    return message;
}

/* GMime, asked directly ----------------------------------------------------------------------------------------- */

struct search {
    const char *subtype;
    char *text;
};

static void find_text(GMimeObject *parent, GMimeObject *part, gpointer data)
{
    struct search *search = data;

    (void)parent;
    if (search->text == NULL && GMIME_IS_TEXT_PART(part) &&
        g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text", search->subtype))
        search->text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
}

static char *gmime_text(GMimeMessage *message, const char *subtype)
{
    struct search search = {subtype, NULL};
    char *text;

    g_mime_message_foreach(message, find_text, &search);
    if (search.text == NULL)
        return strdup("-");
    text = g_utf8_make_valid(search.text, -1);
    g_free(search.text);
    search.text = normal(text);
    g_free(text);
    return search.text;
}

static void find_gmimes(const char *path, struct facts *facts)
{
    size_t size;
    char *bytes = read_file(path, &size);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, size);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    InternetAddressList *from;
    const char *name = NULL, *address = NULL;

    free(bytes);
    assert_non_null(message);
    from = g_mime_message_get_from(message);
    if (from != NULL && internet_address_list_length(from) > 0) {
        InternetAddress *first = internet_address_list_get_address(from, 0);

        name = internet_address_get_name(first);
        if (INTERNET_ADDRESS_IS_MAILBOX(first))
            address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(first));
    }
    facts->values[0] = normal(g_mime_message_get_subject(message));
    facts->values[1] = normal(name != NULL && *name != '\0' ? name : address);
    facts->values[2] = normal(address);
    facts->values[3] = gmime_text(message, "plain");
    facts->values[4] = gmime_text(message, "html");
    g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
}

/* Python -------------------------------------------------------------------------------------------------------- */

static char *from_hexadecimal(const char *word)
{
    size_t size = strlen(word) / 2;
    char *text = calloc(1, size + 1), *copy;

    assert_non_null(text);
    if (strcmp(word, "-") == 0) {
        free(text);
        return strdup("-");
    }
    for (size_t i = 0; i < size; i++) {
        unsigned value;

        assert_int_equal(sscanf(word + 2 * i, "%2x", &value), 1);
        text[i] = (char)value;
    }
    copy = normal(text);
    free(text);
    return copy;
}

/* False where there is no Python. */
static bool find_pythons(const char *root, const char *path, struct facts *facts)
{
    char *command, *line = NULL, *word, *rest;
    size_t room = 0;
    FILE *pipe;
    bool found;

    assert_true(asprintf(&command, "python3 '%s/spec/support/mail_facts.py' --lines '%s' 2>/dev/null", root, path) > 0);
    pipe = popen(command, "r");
    free(command);
    assert_non_null(pipe);
    found = getline(&line, &room, pipe) > 0;
    pclose(pipe);
    if (found) {
        line[strcspn(line, "\n")] = '\0';
        word = strtok_r(line, " ", &rest);
        for (int i = 0; i < FACTS; i++) {
            word = strtok_r(NULL, " ", &rest);
            assert_non_null(word);
            facts->values[i] = from_hexadecimal(word);
        }
        if (*facts->values[1] == '\0') { /* a mailbox without a name has its address for one */
            free(facts->values[1]);
            facts->values[1] = strdup(facts->values[2]);
        }
    }
    free(line);
    return found;
}

/* Tests --------------------------------------------------------------------------------------------------------- */

/* Python calls a mailbox nobody can read an address, we call it a name; "-" and "" both say that there is nothing. */
static bool is_same(int fact, const struct facts *ours, const struct facts *other)
{
    const char *one = ours->values[fact], *two = other->values[fact];

    if (strcmp(one, two) == 0)
        return true;
    if (fact == 2 && strcmp(one, "-") == 0 && strcmp(ours->values[1], other->values[1]) == 0)
        return true;
    return (*one == '\0' || strcmp(one, "-") == 0) && (*two == '\0' || strcmp(two, "-") == 0);
}

static unsigned check_corpus(const char *root, const char *directory)
{
    struct corpus corpus;
    unsigned different = 0, without_python = 0;

    list_files(&corpus, directory);
    for (size_t i = 0; i < corpus.count; i++) {
        struct facts ours, gmimes, pythons = {{NULL}};
        bool python;

        find_ours(corpus.paths[i], &ours);
        find_gmimes(corpus.paths[i], &gmimes);
        python = find_pythons(root, corpus.paths[i], &pythons);
        without_python += !python;
        for (int fact = 0; fact < FACTS; fact++)
            if (!is_same(fact, &ours, &gmimes) && python && !is_same(fact, &ours, &pythons)) {
                print_error("%s: %s\n  ours   %.200s\n  GMime  %.200s\n  Python %.200s\n", corpus.paths[i],
                            fact_names[fact], ours.values[fact], gmimes.values[fact], pythons.values[fact]);
                different++;
            }
        forget_facts(&ours);
        forget_facts(&gmimes);
        forget_facts(&pythons);
        helper_reset(NULL);
    }
    print_message("%zu messages of %s%s\n", corpus.count, directory,
                  without_python != 0 ? "; python3 is not installed: GMime alone was asked" : "");
    forget_files(&corpus);
    return different;
}

static const char *root_directory(void)
{
    const char *root = getenv("MAPI_SOURCE_DIR");

    return root == NULL ? "." : root;
}

static void examples_say_what_others_find(void **state)
{
    char *directory;

    (void)state;
    assert_true(asprintf(&directory, "%s/examples/mail", root_directory()) > 0);
    assert_int_equal(check_corpus(root_directory(), directory), 0);
    free(directory);
}

static void shared_messages_say_what_others_find(void **state)
{
    char *directory;
    DIR *dir;

    (void)state;
    assert_true(asprintf(&directory, "%s/../shared/data/mail", root_directory()) > 0);
    dir = opendir(directory);
    if (dir == NULL) {
        free(directory);
        print_message("skipped: the shared messages are not here\n");
        skip();
    }
    closedir(dir);
    assert_int_equal(check_corpus(root_directory(), directory), 0);
    free(directory);
}

/* What the fuzzer found once is read again, and exported, and read once more. */
static void finds_are_harmless(void **state)
{
    struct corpus corpus;
    char *directory;

    (void)state;
    assert_true(asprintf(&directory, "%s/spec/fuzz/finds", root_directory()) > 0);
    list_files(&corpus, directory);
    for (size_t i = 0; i < corpus.count; i++) {
        struct facts facts;
        const char *text;
        size_t size;
        IMessage *message = find_ours(corpus.paths[i], &facts);

        forget_facts(&facts);
        assert_int_equal(helper_try_export(message, IMPORT_ALL, &text, &size), S_OK);
        assert_int_equal(helper_try_import(text, size, IMPORT_ALL, helper_message(FAKE_COMPLETE)), S_OK);
        helper_reset(NULL);
    }
    forget_files(&corpus);
    free(directory);
}

static int start(void **state)
{
    (void)state;
    g_mime_init();
    g_log_set_always_fatal((GLogLevelFlags)(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(examples_say_what_others_find, helper_reset),
        cmocka_unit_test_teardown(shared_messages_say_what_others_find, helper_reset),
        cmocka_unit_test_teardown(finds_are_harmless, helper_reset),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
