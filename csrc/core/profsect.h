/* IProfSect: a profile section as an object, and who may have one open. */
#ifndef CORE_PROFSECT_H
#define CORE_PROFSECT_H

#include <stdbool.h>

#include <mapix.h>

#include "base/lifeline.h"
#include "core/profile.h"
#include "core/section.h"

/* A section that exists in memory only: of a store that was opened without being in the profile, until ModifyProfile
 * (opening-a-message-store.md). Counted; its lock guards the section. */
struct loose_section;
struct loose_section *loose_section_create(
    const struct section *section); /* takes the properties over; NULL: no memory */
struct loose_section *loose_section_ref(struct loose_section *loose);
void loose_section_unref(struct loose_section *loose);
/* Puts it into the profile; from then on the profile's copy is the section. S_OK also when it is there already. */
HRESULT loose_section_settle(struct loose_section *loose, struct profile *profile);

enum profsect_opener {
    /* IMAPISession::OpenProfileSection, IMsgServiceAdmin::OpenProfileSection */
    PROFSECT_SESSION,
    /* IProviderAdmin: no writing to providers' sections */
    PROFSECT_PROVIDER_ADMIN,
    /* A provider or its service, through IMAPISupport or within its entry point: every section, without excluding
     * others or being excluded, because what its client has open must not fail its logon. */
    PROFSECT_PROVIDER
};

struct profsect_request {
    struct profile *profile;
    struct lifeline *life; /* what the object hangs on; may be NULL */

    /* Of a provider: the methods only look at whether the lifeline has ended. The session's lock is taken before a
     * store's, so a store that holds its own must not wait for the session's. */
    bool life_is_callers;

    enum profsect_opener opener;
    const MAPIUID *uid;
    LPCIID iid;                  /* NULL: IProfSect */
    ULONG flags;                 /* MAPI_MODIFY, MAPI_DEFERRED_ERRORS, MAPI_FORCE_ACCESS */
    struct loose_section *loose; /* what uid stands for if it is not in the profile; or NULL */
};

/* Opens a section: many readers or one writer; a missing one is made with MAPI_MODIFY. S_OK;
 * MAPI_E_INVALID_PARAMETER (uid or out NULL), MAPI_E_UNKNOWN_FLAGS, MAPI_E_INTERFACE_NOT_SUPPORTED,
 * MAPI_E_NO_ACCESS, MAPI_E_NOT_FOUND.
 */
HRESULT profsect_open(const struct profsect_request *request, LPPROFSECT *out);

/* A session has ended: what was opened through it keeps nobody from opening it any more, released or not. */
void profsect_end(const struct lifeline *life);

/* For MAPIUninitialize, with profiles.db closed: the file of the locks too. */
void profsect_forget_locks(void);

#endif
