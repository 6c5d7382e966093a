/* store/named_props.h - the store's map between names and the property ids 0x8000 to 0xFFFE. */
#ifndef STORE_NAMED_PROPS_H
#define STORE_NAMED_PROPS_H

#include <mapidefs.h>

#include "store/logon.h"

/* IMAPIProp::GetIDsFromNames (imapiprop-getidsfromnames.md). MAPI_W_ERRORS_RETURNED: some slots are
 * PROP_TAG(PT_ERROR, 0); MAPI_E_NOT_ENOUGH_RESOURCES: all ids are taken; MAPI_E_NO_ACCESS: MAPI_CREATE in a store
 * opened for reading. Names NULL (and not MAPI_CREATE): all ids there are. */
HRESULT named_ids_from_names(struct store *store, ULONG count, LPMAPINAMEID *names, ULONG flags, LPSPropTagArray *tags);

/* IMAPIProp::GetNamesFromIDs (imapiprop-getnamesfromids.md). *tags NULL: all names, of one property set if `set` is
 * given, and *tags becomes their ids. The flags then leave out kinds of names. */
HRESULT named_names_from_ids(struct store *store, LPSPropTagArray *tags, const GUID *set, ULONG flags, ULONG *count,
                             LPMAPINAMEID **names);

#endif
