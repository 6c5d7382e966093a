/* Deep copies of notifications. */
#ifndef CORE_NOTIFY_COPY_H
#define CORE_NOTIFY_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

/* Whether everything a notification points to is there and its event is one event: S_OK or MAPI_E_INVALID_PARAMETER. The event of
 * status objects is MAPI's own, and is refused. */
HRESULT notify_check(const NOTIFICATION *notification);

/* Bytes that *notification points to, beside itself. It must have passed notify_check. 0 also for what is larger than a ULONG;
 * *fits is false then. */
size_t notify_extra_size(const NOTIFICATION *notification, bool *fits);

/* Copies *notification to *out, and what it points to into `extra`, which is aligned for a pointer and notify_extra_size long. */
void notify_copy(const NOTIFICATION *notification, NOTIFICATION *out, void *extra);

#endif
