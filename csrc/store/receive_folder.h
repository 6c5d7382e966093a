/* store/receive_folder.h - which folder messages of a class arrive in (imsgstore-setreceivefolder.md and its
 * siblings). */
#ifndef STORE_RECEIVE_FOLDER_H
#define STORE_RECEIVE_FOLDER_H

#include "store/host.h"

/* Class NULL or "": the default. id NULL: removes the mapping, which is S_OK even if there is none; both NULL
 * contradict each other (MAPI_E_INVALID_PARAMETER). MAPI_E_NOT_FOUND: no such folder. */
HRESULT receive_folder_set(struct host *host, const void *class, ULONG flags, ULONG size, const ENTRYID *id);

/* The folder of the longest dotted prefix of the class that has one, without regard to case; *explicit_class (wanted
 * unless NULL) is that prefix. Two blocks for MAPIFreeBuffer. */
HRESULT receive_folder_get(struct host *host, const void *class, ULONG flags, ULONG *size, LPENTRYID *id,
                           void **explicit_class);

/* Whether messages of the class (UTF-8, not terminated) arrive in the folder. */
HRESULT receive_folder_is(struct store *store, int64_t folder, const void *class, size_t size, bool *receives);

HRESULT receive_folder_table(struct host *host, ULONG flags, LPMAPITABLE *out);

#endif
