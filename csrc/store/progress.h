/* store/progress.h - showing a client's progress object how far an operation has come (mapi-progress-indicators.md).
 *
 * A client's code is called, which may call anything: so nothing of the store is held, no lock and no transaction, and what is
 * shown step by step is done step by step.
 */
#ifndef STORE_PROGRESS_H
#define STORE_PROGRESS_H

#include <stdbool.h>

#include <mapidefs.h>

struct progress {
    LPMAPIPROGRESS object; /* NULL: nobody looks */
    ULONG minimum;
    ULONG maximum;
    bool top; /* items may be counted (MAPI_TOP_LEVEL) */
    ULONG total;
};

/* The operation begins. wanted: whether its flags ask for a progress indicator, without which the object is ignored
 * (imapifolder-copymessages.md). NULL is allowed. */
void progress_begin(struct progress *progress, bool wanted, LPMAPIPROGRESS object, ULONG total);

/* So many of the items are done. */
void progress_at(struct progress *progress, ULONG count);

/* All that could be done has been, if hr is a success, which is passed on. */
HRESULT progress_end(struct progress *progress, HRESULT hr);

#endif
