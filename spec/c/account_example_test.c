/* examples/accounts.c does what it says, and leaves nothing behind. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define main example_main
#include "../../examples/accounts.c"
#undef main

#include "support/accounts.h"
#include "support/temp_home.h"

/* Runs the example, with what it prints in a file of the home directory. */
static int run_example(const char *profile, char *output, size_t room)
{
    char name[] = "accounts";
    char argument[32];
    char *arguments[] = {name, argument, NULL};
    snprintf(argument, sizeof argument, "%s", profile);
    fflush(stdout);
    fflush(stderr);
    int out = dup(STDOUT_FILENO);
    int err = dup(STDERR_FILENO);
    int file = open(temp_home_file("output"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(out >= 0 && err >= 0 && file >= 0);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    int result = example_main(2, arguments);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    ssize_t size = pread(file, output, room - 1, 0);
    assert_true(size >= 0);
    output[size] = '\0';
    close(file);
    return result;
}

static void the_example_runs(void **state)
{
    (void)state;
    char output[4096];
    assert_int_equal(run_example("work", output, sizeof output), EXIT_SUCCESS);
    static const char *const expected[] = {"0 mail accounts:",
                                           "(told: created, account 1)",
                                           "1 mail accounts:",
                                           "The mill's office  <office@mill.example>",
                                           "(helper: logged on)",
                                           "it delivers into a store",
                                           "(told: changed, account 1)",
                                           "(told: predeleted, account 1)",
                                           "(told: deleted, account 1)",
                                           "the manager ends",
                                           "(helper: the session has been handed off)"};
    const char *at = output;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *found = strstr(at, expected[i]);
        if (found == NULL)
            fail_msg("not in its place: %s\n%s", expected[i], output);
        at = found;
    }
}

static void the_example_says_what_is_wrong(void **state)
{
    (void)state;
    char output[4096];
    assert_int_equal(run_example("nobody", output, sizeof output), EXIT_FAILURE);
    assert_non_null(strstr(output, "0x800C8001"));
    assert_non_null(strstr(output, "nobody"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_example_runs, accounts_setup_with_mail, accounts_teardown),
        cmocka_unit_test_setup_teardown(the_example_says_what_is_wrong, accounts_setup_with_mail, accounts_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
