/* Passwords: in the memory of this process, and nowhere else. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/accounts.h"
#include "support/temp_home.h"

#define WORK          u"work"
#define PASSWORD      "correct horse battery staple"
#define WIDE_PASSWORD u"correct horse battery staple"

static IOlkAccountManager *manager;
static IOlkAccountManagerEmbedded *embedded;

static int setup(void **state)
{
    accounts_setup(state);
    manager = open_manager(WORK);
    embedded = embedded_of(manager);
    return 0;
}

static int teardown(void **state)
{
    if (manager != NULL)
        close_manager(manager);
    return accounts_teardown(state);
}

static DWORD make_with(DWORD tag, LPCWSTR text)
{
    DWORD id = 0;
    ACCT_VARIANT value = acct_text(text);
    assert_int_equal(embedded->lpVtbl->CreateAccount(embedded, &CLSID_OlkIMAP4Account, 1, &tag, &value, &id), S_OK);
    return id;
}

static HRESULT read_secret(DWORD id, DWORD tag)
{
    IOlkAccount *account = find_account(manager, id);
    HRESULT hr = acct_get_result(account, tag);
    release_account(account);
    return hr;
}

static bool secret_is(DWORD id, DWORD tag, LPCWSTR text)
{
    IOlkAccount *account = find_account(manager, id);
    bool same = acct_has_text(account, tag, text);
    release_account(account);
    return same;
}

static void a_password_given_at_creation_is_held(void **state)
{
    (void)state;
    DWORD id = make_with(PROP_INET_PASSWORD, WIDE_PASSWORD);
    assert_true(secret_is(id, PROP_INET_PASSWORD, WIDE_PASSWORD));
    assert_int_equal(read_secret(id, PROP_SMTP_PASSWORD), E_ACCT_NOT_FOUND);
    assert_int_equal(read_secret(id, PROP_TAG(PT_UNICODE, PROP_ID(PROP_INET_PASSWORD))), E_ACCT_NOT_FOUND);
    IOlkAccountManager *other = open_manager(WORK); /* by the process, not by the manager */
    IOlkAccount *account = find_account(other, id);
    assert_true(acct_has_text(account, PROP_INET_PASSWORD, WIDE_PASSWORD));
    ACCT_VARIANT value = acct_text(u"another");
    assert_int_equal(account->lpVtbl->SetProp(account, PROP_INET_PASSWORD, &value), E_OLK_PROP_READ_ONLY);
    release_account(account);
    close_manager(other);
}

static void HoldSecret_gives_and_takes_away(void **state)
{
    (void)state;
    DWORD id = make_account(manager, &CLSID_OlkPOP3Account, u"account");
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, id, PROP_SMTP_PASSWORD, u"one"), S_OK);
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, id, PROP_SMTP_PASSWORD, u"two"), S_OK);
    assert_true(secret_is(id, PROP_SMTP_PASSWORD, u"two"));
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, id, PROP_INET_PASSWORD, NULL), S_OK);
    assert_true(secret_is(id, PROP_SMTP_PASSWORD, u"two"));
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, id, PROP_SMTP_PASSWORD, NULL), S_OK);
    assert_int_equal(read_secret(id, PROP_SMTP_PASSWORD), E_ACCT_NOT_FOUND);
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, id + 1, PROP_SMTP_PASSWORD, u"x"), E_ACCT_NOT_FOUND);
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, id, PROP_ACCT_NAME, u"x"), E_INVALIDARG);
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, id, PROP_INET_PASSWORD, (const WCHAR[]){0xDC00, 0}),
                     E_INVALIDARG);
}

static void a_deleted_account_leaves_no_password(void **state)
{
    (void)state;
    DWORD id = make_with(PROP_INET_PASSWORD, WIDE_PASSWORD);
    IOlkAccount *account = find_account(manager, id);
    assert_int_equal(manager->lpVtbl->DeleteAccount(manager, id), S_OK);
    assert_int_equal(acct_get_result(account, PROP_INET_PASSWORD), E_ACCT_NOT_FOUND);
    release_account(account);
}

static bool file_contains(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *content = malloc((size_t)length + 1);
    assert_non_null(content);
    size_t read = fread(content, 1, (size_t)length, file);
    fclose(file);
    bool found = memmem(content, read, bytes, size) != NULL;
    free(content);
    return found;
}

static void a_password_is_in_no_file(void **state)
{
    (void)state;
    static const char *const names[] = {"profiles.db", "profiles.db-wal", "profiles.lock"};
    DWORD id = make_with(PROP_INET_PASSWORD, WIDE_PASSWORD);
    assert_int_equal(embedded->lpVtbl->HoldSecret(embedded, id, PROP_SMTP_PASSWORD, WIDE_PASSWORD), S_OK);
    IOlkAccount *account = find_account(manager, id);
    acct_set_text(account, PROP_INET_PASSWORD_COMMAND, u"echo a command is stored");
    save_account(account);
    release_account(account);
    bool stored = false;
    for (size_t i = 0; i < 3; i++) {
        assert_false(file_contains(temp_home_file(names[i]), PASSWORD, sizeof PASSWORD - 1));
        assert_false(file_contains(temp_home_file(names[i]), (const char *)WIDE_PASSWORD, sizeof WIDE_PASSWORD - 2));
        stored = stored || file_contains(temp_home_file(names[i]), "echo a command", 14);
    }
    assert_true(stored);
}

/* Tools that look for errors take this for one. */
static bool may_look_at_old_memory(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return getenv("MAPI_VALGRIND") == NULL;
#endif
}

/* What the allocator hands out next may be what the password was in. */
static void FreeMemory_wipes(void **state)
{
    (void)state;
    DWORD id = make_with(PROP_INET_PASSWORD, WIDE_PASSWORD);
    IOlkAccount *account = find_account(manager, id);
    ACCT_VARIANT value;
    assert_int_equal(account->lpVtbl->GetProp(account, PROP_INET_PASSWORD, &value), S_OK);
    assert_int_equal(account->lpVtbl->FreeMemory(account, (BYTE *)value.Val.pwsz), S_OK);
    char *again[32];
    for (size_t i = 0; i < 32; i++) {
        again[i] = malloc(sizeof WIDE_PASSWORD + 16);
        assert_non_null(again[i]);
        if (may_look_at_old_memory())
            assert_null(memmem(again[i], sizeof WIDE_PASSWORD, WIDE_PASSWORD + 8, 16));
    }
    for (size_t i = 0; i < 32; i++)
        free(again[i]);
    release_account(account);
}

/* ---- password commands ---- */

static HRESULT fetch(LPCWSTR command)
{
    DWORD id = make_with(PROP_INET_PASSWORD_COMMAND, command);
    HRESULT hr = embedded->lpVtbl->FetchSecret(embedded, id, PROP_INET_PASSWORD);
    if (hr == S_OK)
        assert_true(secret_is(id, PROP_INET_PASSWORD, u"first l\u00EFne"));
    else
        assert_int_equal(read_secret(id, PROP_INET_PASSWORD), E_ACCT_NOT_FOUND);
    return hr;
}

static void FetchSecret_takes_the_first_line_of_the_commands_output(void **state)
{
    (void)state;
    assert_int_equal(fetch(u"echo 'first l\u00EFne'; echo second"), S_OK);
    assert_int_equal(fetch(u"printf 'first l\u00EFne'"), S_OK);
    assert_int_equal(fetch(u"printf 'first l\u00EFne\\r\\n'"), S_OK);
    assert_int_equal(fetch(u"read x; test -z \"$x\" && echo 'first l\u00EFne'"), S_OK); /* its input is empty */
    assert_int_equal(fetch(u"printf 'first l\u00EFne\\n'; head -c 100000 /dev/zero"), S_OK);
}

static void FetchSecret_says_what_went_wrong_and_nothing_of_the_output(void **state)
{
    (void)state;
    static const WCHAR *const commands[] = {u"echo hunter2; exit 1",
                                            u"true",
                                            u"echo",
                                            u"printf 'hunter2\\377'",
                                            u"printf 'hunter2\\000x'",
                                            u"echo hunter2; kill -9 $$",
                                            u"head -c 5000 /dev/zero | tr '\\000' h",
                                            u"no-such-command-anywhere 2>/dev/null",
                                            u""};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        MapiClearErrorDetail();
        DWORD id = make_with(PROP_INET_PASSWORD_COMMAND, commands[i]);
        assert_int_equal(embedded->lpVtbl->FetchSecret(embedded, id, PROP_INET_PASSWORD), E_ACCT_NOT_FOUND);
        const char *why = MapiErrorDetail(E_ACCT_NOT_FOUND);
        assert_non_null(why);
        assert_null(strstr(why, "hunter2"));
        assert_int_equal(read_secret(id, PROP_INET_PASSWORD), E_ACCT_NOT_FOUND);
    }
    DWORD id = make_account(manager, &CLSID_OlkIMAP4Account, u"without a command");
    assert_int_equal(embedded->lpVtbl->FetchSecret(embedded, id, PROP_INET_PASSWORD), E_ACCT_NOT_FOUND);
    assert_int_equal(embedded->lpVtbl->FetchSecret(embedded, id + 1, PROP_INET_PASSWORD), E_ACCT_NOT_FOUND);
    assert_int_equal(embedded->lpVtbl->FetchSecret(embedded, id, PROP_INET_USER), E_INVALIDARG);
}

static void the_command_is_run_when_asked_for_and_not_before(void **state)
{
    (void)state;
    DWORD id = make_with(PROP_SMTP_PASSWORD_COMMAND, u"touch \"$MAPI_HOME/ran\"; echo secret");
    struct stat file;
    assert_int_equal(read_secret(id, PROP_SMTP_PASSWORD), E_ACCT_NOT_FOUND);
    assert_int_not_equal(stat(temp_home_file("ran"), &file), 0);
    assert_int_equal(embedded->lpVtbl->FetchSecret(embedded, id, PROP_SMTP_PASSWORD), S_OK);
    assert_int_equal(stat(temp_home_file("ran"), &file), 0);
    assert_true(secret_is(id, PROP_SMTP_PASSWORD, u"secret"));
}

static void a_host_that_ignores_its_children_gets_its_password(void **state)
{
    (void)state;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    assert_int_equal(sigaction(SIGCHLD, &ignore, &before), 0);
    HRESULT hr = fetch(u"echo 'first l\u00EFne'");
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    assert_int_equal(hr, S_OK);
}

/* Looks at what finished calls have left below this one, as a debugger would. */
static bool is_left_on_the_stack(const void *wanted, size_t size)
{
    static unsigned char left[32768];
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    off_t here = (off_t)(uintptr_t)__builtin_frame_address(0);
    ssize_t got = pread(memory, left, sizeof left, here - (off_t)sizeof left);
    close(memory);
    return got > 0 && memmem(left, (size_t)got, wanted, size) != NULL;
}

static void a_password_that_is_not_UTF8_after_all_stays_nowhere(void **state)
{
    static const WCHAR begins[] = u"half of a secret";
    (void)state;
    DWORD id = make_with(PROP_INET_PASSWORD_COMMAND, u"printf 'half %s a secret\\377\\n' of");
    assert_int_equal(embedded->lpVtbl->FetchSecret(embedded, id, PROP_INET_PASSWORD), E_ACCT_NOT_FOUND);
    assert_false(is_left_on_the_stack(begins, sizeof begins - sizeof *begins));
    assert_false(is_left_on_the_stack("half of a secret", 16));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_password_given_at_creation_is_held),
        test(HoldSecret_gives_and_takes_away),
        test(a_deleted_account_leaves_no_password),
        test(a_password_is_in_no_file),
        test(FreeMemory_wipes),
        test(FetchSecret_takes_the_first_line_of_the_commands_output),
        test(a_password_that_is_not_UTF8_after_all_stays_nowhere),
        test(FetchSecret_says_what_went_wrong_and_nothing_of_the_output),
        test(the_command_is_run_when_asked_for_and_not_before),
        test(a_host_that_ignores_its_children_gets_its_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
