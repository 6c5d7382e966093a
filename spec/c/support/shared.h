/* support/shared.h - sessions that are shared, in the test and in child processes. */
#ifndef SUPPORT_SHARED_H
#define SUPPORT_SHARED_H

#include <stdbool.h>
#include <stdlib.h>

#include <mapisub.h>

#include "support/recording_sink.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW_TOOL 1
#else
#define SLOW_TOOL (getenv("MAPI_SLOW_TOOL") != NULL)
#endif

/* cmocka fixtures: a home with the profiles "work" (with a fake store) and "other"; afterwards nothing may be alive, and no file
 * of a shared session be left.
 */
int shared_setup(void **state);
int shared_teardown(void **state);

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, shared_setup, shared_teardown)

/* Logs on, or fails the test. */
IMAPISession *share(const char *profile, FLAGS flags);

/* Logoff; and Logoff with MAPI_LOGOFF_SHARED and Release, which must work. */
HRESULT logoff_with(IMAPISession *session, ULONG flags);
void log_off_for_all(IMAPISession *session);

/* What IMapiSessionInfo says of a session, as bits; its profile's name; the other clients. */
enum { IS_SHARED = 1, WAS_JOINED = 2, IS_PENDING = 4 };
int state_of(IMAPISession *session);
bool has_profile(IMAPISession *session, const WCHAR *wanted);
ULONG others(IMAPISession *session);

/* S_OK while the session takes calls. */
HRESULT use_session(IMAPISession *session);

/* Registers with the session; what it is told goes into the record. How many critical errors that were. */
void watch(IMAPISession *session, struct record *record);
unsigned criticals(const struct record *record);

/* Files in the runtime directory; open descriptors of this process. */
int shared_files(void);
int descriptors(void);

HRESULT rename_profile(const char *from, const char *to);

/* For process_start: a process with a session of its own. A logon answers its state_of, or the HRESULT.
 *   c C   on "work", MAPI_ALLOW_OTHERS; with MAPI_NEW_SESSION too
 *   j n N on "other", or on nothing; on "other" with MAPI_NEW_SESSION
 *   l L   Logoff and Release; with MAPI_LOGOFF_SHARED
 *   r u   Release alone; MAPIUninitialize and Release
 *   s o U w   state_of; others; use_session; whether the profile is "work"
 *   a p W   registers; dispatches: 1000 for each critical error and 1 for each logoff; waits for a critical error
 *   d m   deletes "work"; renames it to "renamed"
 *   f     forks a child that lives on: its process id
 */
long shared_serve(char command);

#endif
