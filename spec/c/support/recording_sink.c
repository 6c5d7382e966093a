#include "support/recording_sink.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

struct recording_sink {
    IMAPIAdviseSink sink;
    atomic_uint refs;
    struct record *record;
};

static ULONG STDMETHODCALLTYPE add(IMAPIAdviseSink *This)
{
    return atomic_fetch_add(&((struct recording_sink *)This)->refs, 1) + 1;
}

static ULONG STDMETHODCALLTYPE drop(IMAPIAdviseSink *This)
{
    struct recording_sink *self = (struct recording_sink *)This;
    ULONG left = atomic_fetch_sub(&self->refs, 1) - 1;
    if (left == 0) {
        self->record->freed++;
        free(self);
    }
    return left;
}

static HRESULT STDMETHODCALLTYPE ask(IMAPIAdviseSink *This, REFIID iid, void **out)
{
    (void)This, (void)iid;
    *out = NULL;
    return MAPI_E_INTERFACE_NOT_SUPPORTED;
}

static ULONG STDMETHODCALLTYPE hear(IMAPIAdviseSink *This, ULONG count, LPNOTIFICATION notifications)
{
    struct record *record = ((struct recording_sink *)This)->record;
    for (ULONG i = 0; i < count; i++) {
        const NOTIFICATION *one = &notifications[i];
        unsigned at = record->calls++ % RECORD_KEPT;
        record->events[at] = one->ulEventType;
        switch (one->ulEventType) {
        case fnevCriticalError:
            record->numbers[at] = (ULONG)one->info.err.scode;
            break;
        case fnevTableModified:
            record->numbers[at] = one->info.tab.ulTableEvent;
            break;
        case fnevExtended:
            record->numbers[at] = one->info.ext.ulEvent;
            record->logoffs +=
                one->info.ext.cb == sizeof(ULONG) ? *(ULONG *)(void *)one->info.ext.pbEventParameters : 1;
            break;
        default:
            record->numbers[at] = one->info.obj.ulObjType;
            break;
        }
    }
    record->thread = pthread_self();
    if (record->then)
        record->then(record);
    return record->answer;
}

static const IMAPIAdviseSinkVtbl recording_vtbl = {ask, add, drop, hear};

IMAPIAdviseSink *make_sink(struct record *record)
{
    struct recording_sink *self = calloc(1, sizeof *self);
    memset(record, 0, sizeof *record);
    self->sink.lpVtbl = &recording_vtbl;
    atomic_init(&self->refs, 1);
    self->record = record;
    return &self->sink;
}
