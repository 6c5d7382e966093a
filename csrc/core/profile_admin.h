/* Profiles as a whole: made, copied, renamed, deleted, chosen as the default. The work behind IProfAdmin;
   names have been checked. */
#ifndef CORE_PROFILE_ADMIN_H
#define CORE_PROFILE_ADMIN_H

#include <mapix.h>

#include "base/database.h"
#include "core/last_error.h"
#include "core/profile_services.h"

enum profile_flag {
    PROFILE_APP = 1 /* not shown, copied, renamed or deleted without MAPI_APP_PROFILE; never the default */
};

/* MAPI_E_NO_ACCESS when the name is taken (also by a rename that waits for the end of a session). With
 * default_services, those of the table are added and told; all or nothing.
 */
HRESULT profile_admin_create(const char *name, unsigned flags, bool default_services, const struct service_ui *ui,
                             struct last_error *error);

/* MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS. In use: marked, and deleted when its last session ends; the name is
   free at once. */
HRESULT profile_admin_delete(const char *name, bool app_profile);

/* MAPI_E_NOT_FOUND (no such profile), MAPI_E_NO_ACCESS (app profile, or the new name is taken). */
HRESULT profile_admin_copy(const char *name, const char *new_name, bool app_profile);

/* The same; in use: marked, and renamed when its last session ends. */
HRESULT profile_admin_rename(const char *name, const char *new_name, bool app_profile);

/* NULL: no default profile. MAPI_E_NOT_FOUND; MAPI_E_CALL_FAILED (E_FAIL) for an app profile. */
HRESULT profile_admin_set_default(const char *name);

/* Carries out what was marked and whose profile is no longer used. True when something is left. Database entered. */
bool profile_admin_finish(struct database *db);

/* Implemented by csrc/account, which stands above: all accounts of a profile go into its copy, under the same ids; what
 * identifies an account beyond its profile is new. Database entered, within the transaction that makes the copy. */
HRESULT account_store_copy(struct database *db, int64_t from, int64_t to);

#endif
