/* IProfAdmin and the profile database: iprofadmin-*.md, contract 04 section 10. */
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mapiutil.h>
#include <sqlite3.h>

#include "support/fake_store.h"
#include "support/fault.h"
#include "support/mapi.h"
#include "support/temp_home.h"

/* The profiles as one string: "name", or "name*" for the default one, separated by commas. */
static const char *profiles(ULONG flags)
{
    static char text[512];
    static const ULONG columns[] = {PR_DISPLAY_NAME_A, PR_DEFAULT_PROFILE};
    IProfAdmin *admin = prof_admin();
    LPMAPITABLE table = NULL;
    HRESULT hr = admin->lpVtbl->GetProfileTable(admin, flags, &table);
    if (hr != S_OK)
        fail_msg("the profiles cannot be listed: %s", MapiErrorDetail(hr) ? MapiErrorDetail(hr) : "nobody says why");
    LPSRowSet rows = all_rows(table, 2, columns);
    text[0] = '\0';
    for (ULONG i = 0; i < rows->cRows; i++) {
        const SPropValue *row = rows->aRow[i].lpProps;
        if (i > 0)
            strcat(text, ",");
        strcat(text, row[0].Value.lpszA);
        if (row[1].Value.b)
            strcat(text, "*");
    }
    FreeProws(rows);
    release(admin);
    return text;
}

#define CALL(method, ...)                                                                                              \
    do {                                                                                                               \
        IProfAdmin *admin_ = prof_admin();                                                                             \
        hr = admin_->lpVtbl->method(admin_, __VA_ARGS__);                                                              \
        release(admin_);                                                                                               \
    } while (0)

static LPSTR text(const char *string)
{
    return (LPSTR)(uintptr_t)string;
}

static HRESULT create_app(const char *name)
{
    HRESULT hr;
    CALL(CreateProfile, text(name), NULL, 0, MAPI_APP_PROFILE);
    return hr;
}

static HRESULT copy(const char *from, const char *to, ULONG flags)
{
    HRESULT hr;
    CALL(CopyProfile, text(from), NULL, text(to), 0, flags);
    return hr;
}

static HRESULT rename_profile(const char *from, const char *to, ULONG flags)
{
    HRESULT hr;
    CALL(RenameProfile, text(from), NULL, text(to), 0, flags);
    return hr;
}

static HRESULT set_default(const char *name)
{
    HRESULT hr;
    CALL(SetDefaultProfile, text(name), 0);
    return hr;
}

/* What there is ------------------------------------------------------------------------------------------ */

static void the_table_is_empty_where_nothing_is(void **state)
{
    (void)state;
    assert_string_equal(profiles(0), "");
    assert_int_equal(access(temp_home_file("profiles.db"), F_OK), -1); /* reading makes nothing */
}

static void create_and_list(void **state)
{
    (void)state;
    assert_int_equal(create_profile("b"), S_OK);
    assert_int_equal(create_profile("a"), S_OK);
    assert_string_equal(profiles(0), "a,b");
    assert_int_equal(create_profile("a"), MAPI_E_NO_ACCESS);
    assert_int_equal(create_profile("A"), S_OK); /* names compare exactly */
    assert_string_equal(profiles(0), "A,a,b");
}

static void profiles_persist(void **state)
{
    (void)state;
    assert_int_equal(create_profile("work"), S_OK);
    MAPIUninitialize();
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_string_equal(profiles(0), "work");
}

static void the_table_is_static(void **state)
{
    (void)state;
    ULONG count = 0;
    LPMAPITABLE table = NULL;
    IProfAdmin *admin = prof_admin();
    assert_int_equal(create_profile("work"), S_OK);
    assert_int_equal(admin->lpVtbl->GetProfileTable(admin, 0, &table), S_OK);
    assert_int_equal(create_profile("other"), S_OK);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    assert_int_equal(count, 1);
    LPSPropTagArray columns = NULL;
    assert_int_equal(table->lpVtbl->QueryColumns(table, 0, &columns), S_OK);
    assert_int_equal(columns->cValues, 2);
    MAPIFreeBuffer(columns);
    release(table);
    release(admin);
}

static void names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a b",  "Th\xC3\xA9", "\xE4\xBB\x95\xE4\xBA\x8B", "a_b-c.d@e+f'(g)&,#",
                                       "1", name_64};
    static const char *const bad[] = {"",
                                      " a",
                                      "a ",
                                      "a/b",
                                      "a\\b",
                                      "a:b",
                                      "a*b",
                                      "a?b",
                                      "a\"b",
                                      "a<b",
                                      "a>b",
                                      "a|b",
                                      "a\nb",
                                      "a\x7F",
                                      "\xFF",
                                      "\xC2\x85",
                                      "\xC2\xA0"
                                      "a",
                                      "a!b",
                                      name_65,
                                      "a\xE2\x80\x8B"
                                      "b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(create_profile(good[i]), S_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(create_profile(bad[i]), MAPI_E_INVALID_PARAMETER);
        assert_non_null(MapiErrorDetail(MAPI_E_INVALID_PARAMETER));
        assert_int_equal(copy("a", bad[i], 0), MAPI_E_INVALID_PARAMETER);
        assert_int_equal(rename_profile("a", bad[i], 0), MAPI_E_INVALID_PARAMETER);
    }
    assert_int_equal(create_profile(NULL), MAPI_E_INVALID_PARAMETER);
}

static void wide_names(void **state)
{
    (void)state;
    static const WCHAR lone[] = {u'a', 0xDC00, 0};
    HRESULT hr;
    CALL(CreateProfile, (LPSTR)(uintptr_t)u"Thé", NULL, 0, MAPI_UNICODE);
    assert_int_equal(hr, S_OK);
    assert_string_equal(profiles(0), "Th\xC3\xA9");
    CALL(CreateProfile, (LPSTR)(uintptr_t)lone, NULL, 0, MAPI_UNICODE);
    assert_int_equal(hr, MAPI_E_INVALID_PARAMETER);
    CALL(DeleteProfile, (LPSTR)(uintptr_t)u"Thé", MAPI_UNICODE);
    assert_int_equal(hr, S_OK);
}

static void bad_arguments(void **state)
{
    (void)state;
    HRESULT hr;
    LPMAPITABLE table = NULL;
    LPSERVICEADMIN services = NULL;
    IProfAdmin *admin = NULL;
    assert_int_equal(MAPIAdminProfiles(0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MAPIAdminProfiles(1, &admin), MAPI_E_UNKNOWN_FLAGS);
    assert_null(admin);
    assert_int_equal(create_profile("a"), S_OK);
    CALL(GetProfileTable, 0, NULL);
    assert_int_equal(hr, MAPI_E_INVALID_PARAMETER);
    CALL(GetProfileTable, 0x100, &table);
    assert_int_equal(hr, MAPI_E_UNKNOWN_FLAGS);
    CALL(CreateProfile, text("b"), NULL, 0, 0x100);
    assert_int_equal(hr, MAPI_E_UNKNOWN_FLAGS);
    CALL(CreateProfile, text("b"), text("secret"), 0, 0);
    assert_int_equal(hr, MAPI_E_LOGON_FAILED);
    CALL(CreateProfile, text("b"), text(""), 0, 0);
    assert_int_equal(hr, S_OK);
    CALL(DeleteProfile, text("a"), 0x100);
    assert_int_equal(hr, MAPI_E_UNKNOWN_FLAGS);
    CALL(CopyProfile, text("a"), text("x"), text("c"), 0, 0);
    assert_int_equal(hr, MAPI_E_LOGON_FAILED);
    CALL(CopyProfile, text("a"), NULL, text("c"), 0, 0x100);
    assert_int_equal(hr, MAPI_E_UNKNOWN_FLAGS);
    CALL(RenameProfile, text("a"), text("x"), text("c"), 0, 0);
    assert_int_equal(hr, MAPI_E_LOGON_FAILED);
    CALL(SetDefaultProfile, text("a"), 0x100);
    assert_int_equal(hr, MAPI_E_UNKNOWN_FLAGS);
    CALL(AdminServices, text("a"), NULL, 0, 0, NULL);
    assert_int_equal(hr, MAPI_E_INVALID_PARAMETER);
    CALL(AdminServices, NULL, NULL, 0, 0, &services);
    assert_int_equal(hr, MAPI_E_INVALID_PARAMETER);
    CALL(AdminServices, text("a"), text("x"), 0, 0, &services);
    assert_int_equal(hr, MAPI_E_LOGON_FAILED);
    CALL(AdminServices, text("nobody"), NULL, 0, 0, &services);
    assert_int_equal(hr, MAPI_E_LOGON_FAILED);
    assert_null(services);
}

static void ChangeProfilePassword_does_nothing(void **state)
{
    (void)state;
    HRESULT hr;
    CALL(ChangeProfilePassword, text("nobody"), text("a"), text("b"), 0xFFFF);
    assert_int_equal(hr, S_OK);
}

static void get_last_error(void **state)
{
    (void)state;
    LPMAPIERROR error = NULL;
    IProfAdmin *admin = prof_admin();
    assert_int_equal(admin->lpVtbl->GetLastError(admin, MAPI_E_NOT_FOUND, 0, &error), S_OK);
    assert_null(error);
    assert_int_equal(create_profile("a"), S_OK);
    assert_int_equal(admin->lpVtbl->DeleteProfile(admin, text("nobody"), 0), MAPI_E_NOT_FOUND);
    assert_int_equal(admin->lpVtbl->GetLastError(admin, MAPI_E_NO_ACCESS, 0, &error), S_OK);
    assert_null(error);
    assert_int_equal(admin->lpVtbl->GetLastError(admin, MAPI_E_NOT_FOUND, 0, &error), S_OK);
    assert_int_equal(error->ulVersion, 0);
    assert_non_null(strstr(error->lpszError, "nobody"));
    MAPIFreeBuffer(error);
    assert_int_equal(admin->lpVtbl->GetLastError(admin, MAPI_E_NOT_FOUND, MAPI_UNICODE, &error), S_OK);
    assert_memory_equal(error->lpszComponent, u"lua-mapi", sizeof u"lua-mapi");
    MAPIFreeBuffer(error);
    assert_int_equal(admin->lpVtbl->GetLastError(admin, MAPI_E_NOT_FOUND, 2, &error), MAPI_E_UNKNOWN_FLAGS);
    assert_null(error);
    release(admin);
}

/* Default, copy, rename, delete -------------------------------------------------------------------------- */

static void the_default_profile(void **state)
{
    (void)state;
    assert_int_equal(set_default(NULL), S_OK); /* nothing is there to be cleared */
    assert_int_equal(set_default("a"), MAPI_E_NOT_FOUND);
    assert_int_equal(create_profile("a"), S_OK);
    assert_int_equal(create_profile("b"), S_OK);
    assert_int_equal(create_app("c"), S_OK);
    assert_int_equal(set_default("a"), S_OK);
    assert_string_equal(profiles(0), "a*,b");
    assert_int_equal(set_default("b"), S_OK);
    assert_string_equal(profiles(0), "a,b*");
    assert_int_equal(set_default("nobody"), MAPI_E_NOT_FOUND);
    assert_int_equal(set_default("c"), E_FAIL);
    assert_string_equal(profiles(0), "a,b*");
    assert_int_equal(delete_profile("b"), S_OK);
    assert_string_equal(profiles(0), "a");
    assert_int_equal(set_default("a"), S_OK);
    assert_int_equal(rename_profile("a", "z", 0), S_OK);
    assert_string_equal(profiles(0), "z*");
    assert_int_equal(set_default(NULL), S_OK);
    assert_string_equal(profiles(0), "z");
}

static void app_profiles(void **state)
{
    (void)state;
    HRESULT hr;
    assert_int_equal(create_app("app"), S_OK);
    assert_string_equal(profiles(0), "");
    assert_string_equal(profiles(MAPI_APP_PROFILE), "app");
    assert_int_equal(copy("app", "two", 0), MAPI_E_NO_ACCESS);
    assert_int_equal(copy("app", "two", MAPI_APP_PROFILE), S_OK);
    assert_string_equal(profiles(0), ""); /* the copy is one too */
    assert_int_equal(rename_profile("app", "x", 0), MAPI_E_NO_ACCESS);
    assert_int_equal(rename_profile("app", "x", MAPI_APP_PROFILE), S_OK);
    assert_string_equal(profiles(MAPI_APP_PROFILE), "two,x");
    assert_int_equal(delete_profile("x"), MAPI_E_NO_ACCESS);
    CALL(DeleteProfile, text("x"), MAPI_APP_PROFILE);
    assert_int_equal(hr, S_OK);
    assert_int_equal(create_profile("plain"), S_OK);
    assert_int_equal(copy("plain", "plain2", MAPI_APP_PROFILE), S_OK);
    assert_string_equal(profiles(0), "plain,plain2");
}

/* PR_SEARCH_KEY of the section that identifies a profile. */
static MAPIUID search_key(const char *profile)
{
    MAPIUID uid = MUID_PROFILE_INSTANCE, key;
    LPPROFSECT section = NULL;
    LPSPropValue value = NULL;
    IMsgServiceAdmin2 *services = service_admin(profile);
    assert_int_equal(services->lpVtbl->OpenProfileSection(services, &uid, NULL, 0, &section), S_OK);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)section, PR_SEARCH_KEY, &value), S_OK);
    assert_int_equal(value->Value.bin.cb, sizeof key);
    memcpy(&key, value->Value.bin.lpb, sizeof key);
    MAPIFreeBuffer(value);
    release(section);
    release(services);
    return key;
}

static void copies_have_the_settings_and_a_key_of_their_own(void **state)
{
    (void)state;
    create_profile_with("a", FAKE_SERVICE);
    assert_int_equal(copy("a", "b", 0), S_OK);
    assert_int_equal(fake_log.entries[MSG_SERVICE_CREATE], 1); /* the service is not asked */
    IMAPISession *first = log_on("a"), *second = log_on("b");
    ULONG size1, size2;
    LPENTRYID id1, id2;
    first_store(first, &size1, &id1);
    first_store(second, &size2, &id2);
    assert_int_equal(size1, size2);
    assert_memory_equal(id1, id2, size1); /* one store */
    MAPIFreeBuffer(id1);
    MAPIFreeBuffer(id2);
    log_off(first);
    log_off(second);
    MAPIUID key1 = search_key("a"), key2 = search_key("b");
    assert_memory_not_equal(&key1, &key2, sizeof key1);
    assert_int_equal(copy("a", "b", 0), MAPI_E_NO_ACCESS);
    assert_int_equal(copy("nobody", "c", 0), MAPI_E_NOT_FOUND);
    assert_int_equal(copy("a", "a", 0), MAPI_E_NO_ACCESS);
    assert_int_equal(delete_profile("a"), S_OK);
    assert_int_equal(fake_log.removed, 0); /* b still has the store */
    assert_int_equal(delete_profile("b"), S_OK);
    assert_int_equal(fake_log.removed, 1);
}

static void a_name_that_comes_back_is_another_profile(void **state)
{
    (void)state;
    assert_int_equal(create_profile("a"), S_OK);
    MAPIUID key1 = search_key("a");
    assert_int_equal(delete_profile("a"), S_OK);
    assert_int_equal(create_profile("a"), S_OK);
    MAPIUID key2 = search_key("a");
    assert_memory_not_equal(&key1, &key2, sizeof key1);
}

static void renaming(void **state)
{
    (void)state;
    assert_int_equal(create_profile("a"), S_OK);
    assert_int_equal(create_profile("b"), S_OK);
    MAPIUID key1 = search_key("a");
    assert_int_equal(rename_profile("nobody", "c", 0), MAPI_E_NOT_FOUND);
    assert_int_equal(rename_profile("a", "b", 0), MAPI_E_NO_ACCESS);
    assert_int_equal(rename_profile("a", "a", 0), S_OK);
    assert_int_equal(rename_profile("a", "c", 0), S_OK);
    assert_string_equal(profiles(0), "b,c");
    MAPIUID key2 = search_key("c");
    assert_memory_equal(&key1, &key2, sizeof key1);
}

static void deleting(void **state)
{
    (void)state;
    assert_int_equal(delete_profile("a"), MAPI_E_NOT_FOUND); /* no database at all */
    create_profile_with("a", FAKE_SERVICE);
    assert_int_equal(delete_profile("b"), MAPI_E_NOT_FOUND);
    assert_int_equal(delete_profile("a"), S_OK);
    assert_int_equal(fake_log.entries[MSG_SERVICE_DELETE], 1);
    assert_int_equal(fake_log.removed, 1);
    assert_string_equal(profiles(0), "");
    assert_int_equal(delete_profile("a"), MAPI_E_NOT_FOUND);
}

/* In use ------------------------------------------------------------------------------------------------- */

/* The first number that a statement gives on another connection to profiles.db. */
static int number_from(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(temp_home_file("profiles.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

static int rows_in(const char *table)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return number_from(sql);
}

static void deleted_in_use_goes_with_its_last_session(void **state)
{
    (void)state;
    create_profile_with("a", FAKE_SERVICE);
    IMAPISession *first = log_on("a"), *second = log_on("a");
    assert_int_equal(delete_profile("a"), S_OK);
    assert_string_equal(profiles(0), "");
    assert_int_equal(fake_log.removed, 0);
    IMAPISession *third = NULL;
    assert_int_equal(try_log_on("a", 0, &third), MAPI_E_LOGON_FAILED);
    assert_int_equal(create_profile("a"), S_OK); /* the name is free */
    LPMAPITABLE table = NULL;
    assert_int_equal(first->lpVtbl->GetMsgStoresTable(first, 0, &table), S_OK); /* its sessions go on */
    release(table);
    log_off(first);
    assert_int_equal(fake_log.removed, 0);
    assert_int_equal(rows_in("profile"), 2);
    log_off(second);
    assert_int_equal(fake_log.removed, 1);
    assert_int_equal(rows_in("profile"), 1);
    assert_int_equal(rows_in("leftover"), 0);
}

/* R9: a last Release does not carry out the deletion; the next logon does. */
static void R9_an_abandoned_session_leaves_the_deletion_to_the_next_logon(void **state)
{
    (void)state;
    assert_int_equal(create_profile("a"), S_OK);
    assert_int_equal(create_profile("b"), S_OK);
    IMAPISession *session = log_on("a");
    assert_int_equal(delete_profile("a"), S_OK);
    release(session);
    assert_int_equal(rows_in("profile"), 2);
    log_off(log_on("b"));
    assert_int_equal(rows_in("profile"), 1);
}

static void renamed_in_use_takes_its_name_with_the_last_session(void **state)
{
    (void)state;
    assert_int_equal(create_profile("a"), S_OK);
    IMAPISession *session = log_on("a");
    assert_int_equal(rename_profile("a", "b", 0), S_OK);
    assert_string_equal(profiles(0), "a");
    assert_int_equal(create_profile("b"), MAPI_E_NO_ACCESS); /* the name is spoken for */
    log_off(log_on("a"));
    assert_string_equal(profiles(0), "a");
    log_off(session);
    assert_string_equal(profiles(0), "b");
}

/* Another process ---------------------------------------------------------------------------------------- */

/* This program once more, as `argument`; it talks over two pipes. */
struct other {
    pid_t pid;
    int to, from;
};

static struct other start_other(const char *argument)
{
    int to[2], from[2];
    char in[16], out[16];
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    snprintf(in, sizeof in, "%d", to[0]);
    snprintf(out, sizeof out, "%d", from[1]);
    char program[512] = ""; /* by its name, because valgrind runs programs without becoming them */
    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    pid_t pid = fork();
    if (pid == 0) {
        execl(program, program, argument, in, out, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    return (struct other){pid, to[1], from[0]};
}

static void await(const struct other *other)
{
    char byte = 0;
    assert_int_equal(read(other->from, &byte, 1), 1);
    assert_int_equal(byte, '.');
}

static void tell(const struct other *other)
{
    assert_int_equal(write(other->to, ".", 1), 1);
}

static void finish(const struct other *other)
{
    int status = 0;
    assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(other->to);
    close(other->from);
}

/* The other process logs on to "a", says so, waits, and logs off. */
static int other_main(int in, int out)
{
    IMAPISession *session = NULL;
    char byte;
    if (MAPIInitialize(NULL) != S_OK || try_log_on("a", 0, &session) != S_OK)
        return 1;
    if (write(out, ".", 1) != 1 || read(in, &byte, 1) != 1)
        return 2;
    if (session->lpVtbl->Logoff(session, 0, 0, 0) != S_OK)
        return 3;
    session->lpVtbl->Release(session);
    if (write(out, ".", 1) != 1 || read(in, &byte, 1) != 1)
        return 4;
    MAPIUninitialize();
    return 0;
}

static void deleted_while_another_process_uses_it(void **state)
{
    (void)state;
    assert_int_equal(create_profile("a"), S_OK);
    struct other other = start_other("other");
    await(&other);
    assert_int_equal(delete_profile("a"), S_OK);
    assert_string_equal(profiles(0), "");
    assert_int_equal(rows_in("profile"), 1);
    tell(&other);
    await(&other); /* it has logged off, and as the last one it has deleted the profile */
    assert_int_equal(rows_in("profile"), 0);
    tell(&other);
    finish(&other);
}

static void a_process_that_dies_uses_nothing_any_more(void **state)
{
    (void)state;
    assert_int_equal(create_profile("a"), S_OK);
    struct other other = start_other("other");
    await(&other);
    assert_int_equal(delete_profile("a"), S_OK);
    assert_int_equal(rows_in("profile"), 1);
    kill(other.pid, SIGKILL);
    waitpid(other.pid, NULL, 0);
    close(other.to);
    close(other.from);
    assert_int_equal(create_profile("b"), S_OK); /* the next administration call finds it */
    assert_int_equal(rows_in("profile"), 1);
    assert_string_equal(profiles(0), "b");
}

static void two_processes_use_it_and_we_end_last(void **state)
{
    (void)state;
    assert_int_equal(create_profile("a"), S_OK);
    IMAPISession *session = log_on("a");
    struct other other = start_other("other");
    await(&other);
    assert_int_equal(delete_profile("a"), S_OK);
    tell(&other);
    await(&other);
    assert_int_equal(rows_in("profile"), 1); /* ours goes on */
    tell(&other);
    finish(&other);
    log_off(session);
    assert_int_equal(rows_in("profile"), 0);
}

/* Broken databases --------------------------------------------------------------------------------------- */

static void expect_everything_fails(HRESULT expected)
{
    HRESULT hr;
    LPMAPITABLE table = NULL;
    IMAPISession *session = NULL;
    assert_int_equal(try_log_on("a", 0, &session), expected);
    assert_null(session);
    assert_non_null(MapiErrorDetail(expected));
    assert_non_null(strstr(MapiErrorDetail(expected), "profiles.db")); /* the file is named */
    CALL(GetProfileTable, 0, &table);
    assert_int_equal(hr, expected);
    assert_null(table);
    assert_int_equal(create_profile("b"), expected);
    assert_int_equal(delete_profile("a"), expected);
}

static void put_file(const char *content, size_t size)
{
    FILE *file = fopen(temp_home_file("profiles.db"), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void expect_file(const char *content, size_t size)
{
    char found[8192];
    FILE *file = fopen(temp_home_file("profiles.db"), "rb");
    assert_non_null(file);
    assert_int_equal(fread(found, 1, sizeof found, file), size);
    assert_memory_equal(found, content, size);
    fclose(file);
}

static void a_file_that_is_no_database(void **state)
{
    (void)state;
    char junk[5000];
    memset(junk, 'x', sizeof junk);
    put_file(junk, sizeof junk);
    expect_everything_fails(MAPI_E_CORRUPT_DATA);
    expect_file(junk, sizeof junk); /* it is left as it was */
}

static void execute(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(temp_home_file("profiles.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void somebody_elses_database(void **state)
{
    (void)state;
    execute("CREATE TABLE mine(x); INSERT INTO mine VALUES(1)");
    expect_everything_fails(MAPI_E_CORRUPT_DATA);
    assert_int_equal(rows_in("mine"), 1);
}

static void a_database_from_a_newer_version(void **state)
{
    (void)state;
    char restore[64];
    assert_int_equal(create_profile("a"), S_OK);
    MAPIUninitialize();
    snprintf(restore, sizeof restore, "PRAGMA user_version = %d", number_from("PRAGMA user_version"));
    execute("PRAGMA user_version = 1000");
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    expect_everything_fails(MAPI_E_VERSION);
    execute(restore);
    assert_string_equal(profiles(0), "a"); /* nothing was lost */
}

static void a_home_that_cannot_be_made(void **state)
{
    (void)state;
    MAPIUninitialize();
    FILE *file = fopen(temp_home_file("file"), "w");
    assert_non_null(file);
    fclose(file);
    char home[512];
    snprintf(home, sizeof home, "%s/inside", temp_home_file("file"));
    setenv("MAPI_HOME", home, 1);
    assert_int_equal(MAPIInitialize(NULL), S_OK);
    assert_int_equal(create_profile("a"), MAPI_E_NO_ACCESS);
    assert_non_null(strstr(MapiErrorDetail(MAPI_E_NO_ACCESS), temp_home_file("file")));
    setenv("MAPI_HOME", temp_home_path(), 1);
}

static void a_database_that_was_replaced_is_opened_anew(void **state)
{
    (void)state;
    assert_int_equal(create_profile("a"), S_OK);
    IMAPISession *session = log_on("a");
    assert_int_equal(rename(temp_home_file("profiles.db"), temp_home_file("old.db")), 0);
    unlink(temp_home_file("profiles.db-wal"));
    unlink(temp_home_file("profiles.db-shm"));
    assert_string_equal(profiles(0), "");
    assert_int_equal(create_profile("b"), S_OK);
    assert_string_equal(profiles(0), "b");
    LPMAPITABLE table = NULL;
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), MAPI_E_NOT_FOUND);
    assert_int_equal(create_profile("a"), S_OK);
    assert_int_equal(session->lpVtbl->GetMsgStoresTable(session, 0, &table), S_OK);
    release(table);
    log_off(session);
}

/* Memory ------------------------------------------------------------------------------------------------- */

static HRESULT create_then_delete(void)
{
    IProfAdmin *admin = NULL;
    HRESULT hr = MAPIAdminProfiles(0, &admin);
    if (FAILED(hr))
        return hr;
    hr = admin->lpVtbl->CreateProfile(admin, text("a"), NULL, 0, 0);
    if (SUCCEEDED(hr)) {
        LPSERVICEADMIN services = NULL;
        hr = admin->lpVtbl->AdminServices(admin, text("a"), NULL, 0, 0, &services);
        if (SUCCEEDED(hr)) {
            hr = services->lpVtbl->CreateMsgService(services, text(FAKE_SERVICE), NULL, 0, 0);
            release(services);
        }
        if (SUCCEEDED(hr))
            hr = admin->lpVtbl->CopyProfile(admin, text("a"), NULL, text("b"), 0, 0);
        if (SUCCEEDED(hr)) {
            hr = admin->lpVtbl->RenameProfile(admin, text("b"), NULL, text("c"), 0, 0);
            HRESULT deleted = admin->lpVtbl->DeleteProfile(admin, text(FAILED(hr) ? "b" : "c"), 0);
            hr = FAILED(hr) ? hr : deleted;
        }
        HRESULT deleted = admin->lpVtbl->DeleteProfile(admin, text("a"), 0);
        hr = FAILED(hr) ? hr : deleted;
    }
    release(admin);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    assert_int_equal(create_profile("keep"), S_OK);
    for (unsigned long n = 1;; n++) {
        fault_start(n);
        HRESULT hr = create_then_delete();
        bool failed = fault_stop();
        if (!failed) {
            assert_int_equal(hr, S_OK);
            break;
        }
        delete_profile("a");
        delete_profile("b");
        delete_profile("c");
        assert_string_equal(profiles(0), "keep");
    }
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return other_main(atoi(argv[2]), atoi(argv[3]));
    const struct CMUnitTest tests[] = {
        IN_MAPI(the_table_is_empty_where_nothing_is),
        IN_MAPI(create_and_list),
        IN_MAPI(profiles_persist),
        IN_MAPI(the_table_is_static),
        IN_MAPI(names),
        IN_MAPI(wide_names),
        IN_MAPI(bad_arguments),
        IN_MAPI(ChangeProfilePassword_does_nothing),
        IN_MAPI(get_last_error),
        IN_MAPI(the_default_profile),
        IN_MAPI(app_profiles),
        IN_MAPI(copies_have_the_settings_and_a_key_of_their_own),
        IN_MAPI(a_name_that_comes_back_is_another_profile),
        IN_MAPI(renaming),
        IN_MAPI(deleting),
        IN_MAPI(deleted_in_use_goes_with_its_last_session),
        IN_MAPI(R9_an_abandoned_session_leaves_the_deletion_to_the_next_logon),
        IN_MAPI(renamed_in_use_takes_its_name_with_the_last_session),
        IN_MAPI(deleted_while_another_process_uses_it),
        IN_MAPI(a_process_that_dies_uses_nothing_any_more),
        IN_MAPI(two_processes_use_it_and_we_end_last),
        IN_MAPI(a_file_that_is_no_database),
        IN_MAPI(somebody_elses_database),
        IN_MAPI(a_database_from_a_newer_version),
        IN_MAPI(a_home_that_cannot_be_made),
        IN_MAPI(a_database_that_was_replaced_is_opened_anew),
        IN_MAPI(failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
