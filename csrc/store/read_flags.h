/* store/read_flags.h - SetReadFlag and SetReadFlags, as they are for one message (imessage-setreadflag.md), and the reports that
 * reading brings about (providing-read-and-nonread-reports-for-message-store-providers.md). */
#ifndef STORE_READ_FLAGS_H
#define STORE_READ_FLAGS_H

#include "store/logon.h"

struct read_flag_change {
    ULONG set;    /* in PR_MESSAGE_FLAGS */
    ULONG clear;  /* the same */
    bool report;  /* a pending report is sent: */
    bool always;  /* whether the message has been read or not */
    bool refused; /* PR_READ_RECEIPT_REQUESTED becomes FALSE */
};

/* MAPI_E_UNKNOWN_FLAGS; MAPI_E_INVALID_PARAMETER for flags that contradict each other. MESSAGE_DIALOG is allowed. */
HRESULT read_flag_parse(ULONG flags, struct read_flag_change *out);

/* Does it to a message in the database; inside a transaction of its own or the caller's. */
HRESULT read_flag_apply(struct store *store, int64_t row, const struct read_flag_change *change);

#endif
