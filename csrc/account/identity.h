/* The profile name that a helper answers GetIdentity with. Documented interfaces only, so that it serves any MAPI. */
#ifndef ACCOUNT_IDENTITY_H
#define ACCOUNT_IDENTITY_H

#include <mapix.h>

/* The name of the profile a session was logged on to. *name is freed with MAPIFreeBuffer.
 * MAPI_E_INVALID_OBJECT after its logoff; MAPI_E_NOT_FOUND where the profile does not say. */
HRESULT identity_of_session(IMAPISession *session, LPWSTR *name);

/* The name of the default profile. *name is freed with MAPIFreeBuffer. MAPI_E_NOT_FOUND when there is none. */
HRESULT identity_of_default_profile(LPWSTR *name);

#endif
