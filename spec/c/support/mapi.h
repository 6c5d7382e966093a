/* support/mapi.h - what tests of profiles and sessions begin and end with. */
#ifndef SUPPORT_MAPI_H
#define SUPPORT_MAPI_H

#include <mapisub.h>

/* cmocka fixtures: a temporary home, MAPIInitialize, the fake services registered; afterwards
 * MAPIUninitialize, and nothing may be left alive.
 */
int mapi_setup(void **state);
int mapi_teardown(void **state);

#define IN_MAPI(test) cmocka_unit_test_setup_teardown(test, mapi_setup, mapi_teardown)

/* Live objects of a kind by its name ("session", ..., "buffer"), and the test fails if any object is alive. */
ULONG live(const char *kind);
void expect_nothing_alive(void);

/* An administration object, to be released. */
IProfAdmin *prof_admin(void);
IMsgServiceAdmin2 *service_admin(const char *profile);
void release(void *object);

/* Makes a profile without message services; the HRESULT of CreateProfile. */
HRESULT create_profile(const char *name);
HRESULT delete_profile(const char *name);

/* Makes a profile with a message service in it, whose identifier comes back. */
MAPIUID create_profile_with(const char *profile, const char *service);

/* Logs on to a private session, or fails the test. */
IMAPISession *log_on(const char *profile);
HRESULT try_log_on(const char *profile, FLAGS flags, IMAPISession **session);

/* Logoff(0, 0, 0) and Release; both must do what they should. */
void log_off(IMAPISession *session);

/* The only row, or the row `index`, of a table with the columns given, for FreeProws; the table is released. */
LPSRowSet all_rows(IMAPITable *table, ULONG count, const ULONG *columns);

/* The first store in the session's table: its entry identifier, for MAPIFreeBuffer. */
void first_store(IMAPISession *session, ULONG *size, LPENTRYID *id);

/* 64 and 65 characters, of ASCII and outside. */
extern const char name_64[], name_65[];

#endif
