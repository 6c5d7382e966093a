/* mapisub.c - the counting and error functions of mapisub.h, which the binding uses instead of our private headers. */
#include <mapisub.h>

#include <time.h>

#include "base/buffer.h"
#include "base/failure.h"
#include "base/object.h"

const char *MapiObjectKindName(ULONG kind)
{
    if (kind < OBJECT_KIND_COUNT)
        return object_kind_name((enum object_kind)kind);
    return kind == OBJECT_KIND_COUNT ? "buffer" : NULL; /* memory blocks are counted after the objects */
}

ULONG MapiObjectCount(ULONG kind)
{
    if (kind < OBJECT_KIND_COUNT)
        return object_live((enum object_kind)kind);
    return kind == OBJECT_KIND_COUNT ? buffer_live() : 0;
}

const char *MapiErrorDetail(HRESULT hr)
{
    return failure_detail(hr);
}

void MapiClearErrorDetail(void)
{
    failure_clear();
}

void MapiSetErrorDetail(HRESULT hr, const char *sentence)
{
    fail(hr, "%s", sentence);
}

double MapiNow(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

BOOL MapiPause(ULONG milliseconds)
{
    const struct timespec wanted = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    return nanosleep(&wanted, NULL) == 0;
}
