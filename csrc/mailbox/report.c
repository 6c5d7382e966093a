#include "mailbox/report.h"

#include <string.h>
#include <time.h>

#include <mapicode.h>

#include "base/failure.h"

enum { INTERVAL_MS = 100 };

int64_t reporter_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

HRESULT reporter_begin(struct reporter *reporter, MAPIMAILPROGRESS progress, void *context, uint64_t total,
                       struct mapi_mail_report **report)
{
    HRESULT hr = MAPIAllocateBuffer(sizeof **report, (LPVOID *)report);

    if (FAILED(hr))
        return hr;
    memset(*report, 0, sizeof **report);
    (*report)->counts.total = total;
    reporter->report = *report;
    reporter->last = &(*report)->failures;
    reporter->progress = progress;
    reporter->context = context;
    reporter->told = reporter_now();
    return hr;
}

HRESULT reporter_tell(struct reporter *reporter, uint64_t done, bool at_once)
{
    struct mapi_mail_progress *counts = &reporter->report->counts;
    int64_t now = at_once ? 0 : reporter_now();
    HRESULT hr = S_OK;

    if (!at_once && now - reporter->told < INTERVAL_MS)
        return hr;
    if (done > counts->done)
        counts->done = done < counts->total ? done : counts->total;
    if (reporter->progress != NULL)
        hr = reporter->progress(reporter->context, counts);
    reporter->told = reporter_now();
    return hr;
}

static bool copy_bytes(struct reporter *reporter, const void *bytes, size_t size, void **copy)
{
    if (FAILED(MAPIAllocateMore((ULONG)size, reporter->report, copy)))
        return false;
    memcpy(*copy, bytes, size);
    return true;
}

static bool copy_text(struct reporter *reporter, const char *text, const char **copy)
{
    void *bytes = NULL;
    bool copied = text == NULL || copy_bytes(reporter, text, strlen(text) + 1, &bytes);

    *copy = bytes;
    return copied;
}

struct mapi_mail_failure *reporter_failure(struct reporter *reporter, HRESULT hr, const char *path, uint64_t offset,
                                           const SBinary *entryid)
{
    struct mapi_mail_failure *failure;
    void *id = NULL;

    if (FAILED(MAPIAllocateMore(sizeof *failure, reporter->report, (LPVOID *)&failure)))
        return NULL;
    memset(failure, 0, sizeof *failure);
    failure->hr = hr;
    failure->offset = offset;
    if (!copy_text(reporter, failure_detail(hr), &failure->reason) || !copy_text(reporter, path, &failure->path))
        return NULL;
    if (entryid != NULL) {
        if (!copy_bytes(reporter, entryid->lpb, entryid->cb, &id))
            return NULL;
        failure->entryid.cb = entryid->cb;
        failure->entryid.lpb = id;
    }
    return failure;
}

void reporter_add(struct reporter *reporter, struct mapi_mail_failure *failure)
{
    *reporter->last = failure;
    reporter->last = &failure->next;
}
