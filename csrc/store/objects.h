/* store/objects.h - opening and comparing by entry identifier, for the store object, the logon object and containers
 * alike. */
#ifndef STORE_OBJECTS_H
#define STORE_OBJECTS_H

#include "store/logon.h"

/* OpenEntry (imsgstore-openentry.md): NULL opens the root folder. MAPI_E_INVALID_ENTRYID, MAPI_E_UNKNOWN_ENTRYID,
 * MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_SUBMITTED, MAPI_E_INTERFACE_NOT_SUPPORTED. *out is NULL and *type
 * unchanged on failure. */
HRESULT store_open_entry(struct store *store, ULONG size, const ENTRYID *id, LPCIID iid, ULONG flags, ULONG *type,
                         LPUNKNOWN *out);

/* CompareEntryIDs (N17): malformed ones and those of others are MAPI_E_UNKNOWN_ENTRYID. */
HRESULT store_compare_entryids(struct store *store, ULONG size1, const ENTRYID *id1, ULONG size2, const ENTRYID *id2,
                               ULONG flags, ULONG *result);

/* The IMsgStore of a logon; one reference. */
HRESULT msgstore_create(struct store *store, LPMDB *out);

/* Which interfaces that object has. */
extern const GUID *const msgstore_iids[];
extern const IMsgStoreVtbl msgstore_vtbl;

/* The IMSLogon; one reference. */
HRESULT mslogon_create(struct store *store, LPMSLOGON *out);

#endif
