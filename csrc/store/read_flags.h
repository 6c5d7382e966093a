/* store/read_flags.h - SetReadFlag and SetReadFlags: what the flags mean (imessage-setreadflag.md). */
#ifndef STORE_READ_FLAGS_H
#define STORE_READ_FLAGS_H

#include "store/logon.h"

/* Which bits of PR_MESSAGE_FLAGS are to be set and cleared. There is no transport yet, so a report that is pending is
 * never sent; suppressing it clears the bits that say so. MAPI_E_UNKNOWN_FLAGS, MAPI_E_INVALID_PARAMETER for
 * contradictions. */
HRESULT read_flag_masks(ULONG flags, ULONG *set, ULONG *clear);

/* Applies them to one saved message, in a transaction of its own or the caller's. MAPI_E_NOT_FOUND. */
HRESULT read_flag_apply(struct store *store, int64_t row, ULONG set, ULONG clear);

#endif
