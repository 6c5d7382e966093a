/* store/entryid.h - entry identifiers: of the objects in a store, and the store's own before MAPI wraps it.
 *
 * An object's: 4 zero bytes, the store's 16-byte uid, u32 object type (MAPI_FOLDER, MAPI_MESSAGE), u64 row id, little
 * endian. The store's: 4 zero bytes, store_provider_uid, u32 version (1), the store's 16-byte uid.
 */
#ifndef STORE_ENTRYID_H
#define STORE_ENTRYID_H

#include <stdint.h>

#include <mapidefs.h>

enum { OBJECT_ENTRYID_SIZE = 32, STORE_ENTRYID_SIZE = 40, INSTANCE_KEY_SIZE = 8 };

void object_entryid_make(const MAPIUID *store, ULONG kind, int64_t row, unsigned char out[OBJECT_ENTRYID_SIZE]);

/* S_OK; MAPI_E_INVALID_ENTRYID: NULL, too short to name a provider, short-term, or of our store and malformed;
 * MAPI_E_UNKNOWN_ENTRYID: another provider's or another store's. */
HRESULT object_entryid_parse(const MAPIUID *store, ULONG size, const ENTRYID *id, ULONG *kind, int64_t *row);

void store_entryid_make(const MAPIUID *store, unsigned char out[STORE_ENTRYID_SIZE]);

/* The same codes; MAPI_E_UNKNOWN_ENTRYID also for a version of the identifier that we do not know. */
HRESULT store_entryid_parse(ULONG size, const ENTRYID *id, MAPIUID *store);

/* PR_INSTANCE_KEY of a row: its row id, little endian. */
void instance_key_make(int64_t row, unsigned char out[INSTANCE_KEY_SIZE]);

#endif
