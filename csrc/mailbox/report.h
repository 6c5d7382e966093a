/* mailbox/report.h - what an import or export has done so far, and telling it. */
#ifndef MAILBOX_REPORT_H
#define MAILBOX_REPORT_H

#include <stdbool.h>

#include <mapimailbox.h>

struct reporter {
    struct mapi_mail_report *report; /* the caller gets it */
    struct mapi_mail_failure **last; /* where the next failure goes */
    MAPIMAILPROGRESS progress;
    void *context;
    int64_t told; /* when, in milliseconds */
};

HRESULT reporter_begin(struct reporter *reporter, MAPIMAILPROGRESS progress, void *context, uint64_t total,
                       struct mapi_mail_report **report);

/* Tells how far it is: at once, or if nothing was told for a tenth of a second. */
HRESULT reporter_tell(struct reporter *reporter, uint64_t done, bool at_once);

/* A failure of the last call, for reporter_add; NULL without memory. `path` and `entryid` are copied and may be NULL. */
struct mapi_mail_failure *reporter_failure(struct reporter *reporter, HRESULT hr, const char *path, uint64_t offset,
                                           const SBinary *entryid);
/* Lists it; counting is the caller's, who lists no more than MAPI_MAIL_FAILURES. */
void reporter_add(struct reporter *reporter, struct mapi_mail_failure *failure);

int64_t reporter_now(void); /* milliseconds by a clock that nobody sets */

#endif
