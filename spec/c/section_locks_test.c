/* One process's open profile sections and another's (imapisession-openprofilesection.md): many readers, or one writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/accounts.h"
#include "support/processes.h"
#include "support/temp_home.h"

#define WORK u"work"

static const MAPIUID uids[2] = {{{1, 2, 3}}, {{4, 5, 6}}};

struct client {
    IMAPISession *session;
    IProfSect *section;
};

static void log_on(struct client *client)
{
    assert_int_equal(MAPILogonEx(0, (LPTSTR)(void *)(uintptr_t)WORK, NULL,
                                 MAPI_UNICODE | MAPI_EXTENDED | MAPI_NEW_SESSION | MAPI_NO_MAIL, &client->session),
                     S_OK);
}

static HRESULT open_section(struct client *client, const MAPIUID *uid, ULONG flags)
{
    MAPIUID copy = *uid;
    return client->session->lpVtbl->OpenProfileSection(client->session, &copy, NULL, flags, &client->section);
}

static void close_section(struct client *client)
{
    client->section->lpVtbl->Release(client->section);
    client->section = NULL;
}

static void log_off(struct client *client)
{
    assert_int_equal(client->session->lpVtbl->Logoff(client->session, 0, 0, 0), S_OK);
}

static void forget_session(struct client *client)
{
    client->session->lpVtbl->Release(client->session);
    client->session = NULL;
}

/* ---- the other process: r and w open the first section, R and W the second, c closes, l logs off and leaves it open ---- */

static long serve(char command)
{
    static struct client client;
    if (client.session == NULL) {
        MAPIInitialize(NULL);
        log_on(&client);
    }
    switch (command) {
    case 'r':
    case 'R':
        return open_section(&client, &uids[command == 'R'], 0);
    case 'w':
    case 'W':
        return open_section(&client, &uids[command == 'W'], MAPI_MODIFY);
    case 'c':
        close_section(&client);
        return S_OK;
    case 'l':
        log_off(&client);
        return S_OK;
    default:
        return -1;
    }
}

static struct process other;
static struct client own;

static int setup(void **state)
{
    int failed = accounts_setup(state);
    other = process_start(serve);
    log_on(&own);
    for (size_t i = 0; i < 2; i++) { /* makes it */
        assert_int_equal(open_section(&own, &uids[i], MAPI_MODIFY), S_OK);
        close_section(&own);
    }
    return failed;
}

static int teardown(void **state)
{
    if (own.section != NULL)
        close_section(&own);
    if (own.session != NULL) {
        log_off(&own);
        forget_session(&own);
    }
    return accounts_teardown(state);
}

static void readers_of_two_processes_do_not_exclude_each_other(void **state)
{
    (void)state;
    assert_int_equal(open_section(&own, &uids[0], 0), S_OK);
    assert_int_equal(process_do(&other, 'r'), S_OK);
    process_end(&other);
}

static void a_reader_keeps_a_writer_of_another_process_out(void **state)
{
    (void)state;
    assert_int_equal(open_section(&own, &uids[0], 0), S_OK);
    assert_int_equal((HRESULT)process_do(&other, 'w'), MAPI_E_NO_ACCESS);
    assert_int_equal(process_do(&other, 'W'), S_OK); /* another section */
    assert_int_equal(process_do(&other, 'c'), S_OK);
    close_section(&own);
    assert_int_equal(process_do(&other, 'w'), S_OK);
    process_end(&other);
}

static void a_writer_keeps_everybody_else_out_until_it_is_released(void **state)
{
    (void)state;
    assert_int_equal(process_do(&other, 'w'), S_OK);
    assert_int_equal(open_section(&own, &uids[0], 0), MAPI_E_NO_ACCESS);
    assert_int_equal(open_section(&own, &uids[0], MAPI_MODIFY), MAPI_E_NO_ACCESS);
    assert_null(own.section);
    assert_int_equal(process_do(&other, 'c'), S_OK);
    assert_int_equal(open_section(&own, &uids[0], MAPI_MODIFY), S_OK);
    assert_int_equal((HRESULT)process_do(&other, 'r'), MAPI_E_NO_ACCESS);
    process_end(&other);
}

static void the_last_of_a_processs_readers_lets_a_writer_in(void **state)
{
    (void)state;
    struct client second = {own.session, NULL};
    assert_int_equal(open_section(&own, &uids[0], 0), S_OK);
    assert_int_equal(open_section(&second, &uids[0], 0), S_OK);
    close_section(&second);
    assert_int_equal((HRESULT)process_do(&other, 'w'), MAPI_E_NO_ACCESS);
    close_section(&own);
    assert_int_equal(process_do(&other, 'w'), S_OK);
    process_end(&other);
}

static void a_session_that_has_ended_keeps_nobody_out(void **state)
{
    (void)state;
    assert_int_equal(process_do(&other, 'w'), S_OK);
    assert_int_equal(process_do(&other, 'l'), S_OK);
    assert_int_equal(open_section(&own, &uids[0], MAPI_MODIFY), S_OK);
    assert_int_equal(process_do(&other, 'c'), S_OK); /* the Release of a dead section changes nothing */
    process_end(&other);
}

static void a_process_that_was_killed_keeps_nobody_out(void **state)
{
    (void)state;
    assert_int_equal(process_do(&other, 'w'), S_OK);
    process_kill(&other);
    assert_int_equal(open_section(&own, &uids[0], MAPI_MODIFY), S_OK);
}

static void a_lock_file_that_was_deleted_lets_nobody_in_for_longer_than_until_the_next_section(void **state)
{
    static struct client second;
    (void)state;
    log_on(&second);
    assert_int_equal(open_section(&own, &uids[0], MAPI_MODIFY), S_OK);
    assert_int_equal((HRESULT)process_do(&other, 'r'), MAPI_E_NO_ACCESS); /* which has the file open as well */
    assert_int_equal(unlink(temp_home_file("sections.lock")), 0);
    assert_int_equal(open_section(&second, &uids[1], 0), S_OK);
    assert_int_equal((HRESULT)process_do(&other, 'r'), MAPI_E_NO_ACCESS);
    assert_int_equal((HRESULT)process_do(&other, 'W'), MAPI_E_NO_ACCESS);
    close_section(&own);
    assert_int_equal(process_do(&other, 'w'), S_OK);
    assert_int_equal(open_section(&own, &uids[0], 0), MAPI_E_NO_ACCESS);
    close_section(&second);
    log_off(&second);
    forget_session(&second);
    process_end(&other);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(readers_of_two_processes_do_not_exclude_each_other),
        test(a_reader_keeps_a_writer_of_another_process_out),
        test(a_writer_keeps_everybody_else_out_until_it_is_released),
        test(the_last_of_a_processs_readers_lets_a_writer_in),
        test(a_lock_file_that_was_deleted_lets_nobody_in_for_longer_than_until_the_next_section),
        test(a_session_that_has_ended_keeps_nobody_out),
        test(a_process_that_was_killed_keeps_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
