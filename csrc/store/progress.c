#include "store/progress.h"

#include <string.h>

#include <mapicode.h>

static void show(const struct progress *progress, ULONG value, ULONG count)
{
    LPMAPIPROGRESS object = progress->object;

    if (object != NULL)
        (void)object->lpVtbl->Progress(object, value, progress->top ? count : 0, progress->top ? progress->total : 0);
}

void progress_begin(struct progress *progress, bool wanted, LPMAPIPROGRESS object, ULONG total)
{
    ULONG flags = 0;

    memset(progress, 0, sizeof *progress);
    if (!wanted || object == NULL || FAILED(object->lpVtbl->GetFlags(object, &flags)) ||
        FAILED(object->lpVtbl->GetMin(object, &progress->minimum)) ||
        FAILED(object->lpVtbl->GetMax(object, &progress->maximum)) || progress->maximum < progress->minimum)
        return;
    progress->object = object;
    progress->top = (flags & MAPI_TOP_LEVEL) != 0;
    progress->total = total;
    show(progress, progress->minimum, 0);
}

/* The limits themselves mean the beginning and the end (imapiprogress-progress.md). */
void progress_at(struct progress *progress, ULONG count)
{
    uint64_t range = progress->maximum - progress->minimum;
    uint64_t value;

    if (progress->total == 0 || count >= progress->total || range < 2)
        return;
    value = range * count / progress->total;
    show(progress, progress->minimum + (ULONG)(value == 0 ? 1 : value), count);
}

HRESULT progress_end(struct progress *progress, HRESULT hr)
{
    if (SUCCEEDED(hr))
        show(progress, progress->maximum, progress->total);
    return hr;
}
