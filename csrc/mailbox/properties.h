/* mailbox/properties.h - the properties that the state of a message in a mailbox becomes, and their values. */
#ifndef MAILBOX_PROPERTIES_H
#define MAILBOX_PROPERTIES_H

#include <stdint.h>

#include <mapidefs.h>

/* PR_LAST_VERB_EXECUTED, and the PR_ICON_INDEX that goes with it [pidtaglastverbexecuted, pidtagiconindex]. */
enum { VERB_REPLY = 102, VERB_REPLY_ALL = 103, VERB_FORWARD = 104, ICON_REPLIED = 0x105, ICON_FORWARDED = 0x106 };

/* PR_FLAG_STATUS, PR_FOLLOWUP_ICON [pidtagflagstatus, pidtagfollowupicon]. */
enum { FLAG_STATUS_FLAGGED = 2, FOLLOWUP_ICON_RED = 6 };

/* A FILETIME counts tenths of microseconds since 1601. */
static inline FILETIME filetime_of(int64_t unix_seconds)
{
    uint64_t ticks = (uint64_t)(unix_seconds + 11644473600) * 10000000u;
    FILETIME time = {(DWORD)ticks, (DWORD)(ticks >> 32)};

    return time;
}

static inline int64_t seconds_of(const FILETIME *time)
{
    return (int64_t)(((uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime) / 10000000u) - 11644473600;
}

#endif
