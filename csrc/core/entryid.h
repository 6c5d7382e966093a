/* Entry identifiers as the subsystem sees them: whose they are, and the wrapping of store entry identifiers
 * (imapisupport-wrapstoreentryid.md). */
#ifndef CORE_ENTRYID_H
#define CORE_ENTRYID_H

#include <stdbool.h>

#include <mapix.h>

/* A wrapped store entry identifier taken apart: pointers into it. */
struct store_entryid {
    const char *dll_name; /* NUL-terminated */
    ULONG size;           /* of the provider's own entry identifier */
    LPENTRYID inner;
};

enum entryid_kind {
    ENTRYID_MALFORMED, /* NULL, or too short to name a provider, or a wrapped one that is cut off */
    ENTRYID_STORE,     /* a wrapped store entry identifier; *store is filled */
    ENTRYID_OBJECT     /* anything else: *uid says whose */
};

enum entryid_kind entryid_parse(ULONG size, const ENTRYID *id, MAPIUID *uid, struct store_entryid *store);

/* Wraps a provider's own store entry identifier. One block for MAPIFreeBuffer. */
HRESULT entryid_wrap_store(const char *dll_name, ULONG size, const ENTRYID *inner, ULONG *size_out, LPENTRYID *out);

/* A one-off entry identifier, wide (MAPI_ONE_OFF_UNICODE), from UTF-8. One block for MAPIFreeBuffer. */
HRESULT entryid_one_off(const char *name, const char *address_type, const char *address, ULONG flags, ULONG *size_out,
                        LPENTRYID *out);

#endif
