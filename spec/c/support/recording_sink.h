/* support/recording_sink.h - an advise sink that writes down what it gets. */
#ifndef SUPPORT_RECORDING_SINK_H
#define SUPPORT_RECORDING_SINK_H

#include <pthread.h>
#include <stdint.h>

#include <mapidefs.h>

enum { RECORD_KEPT = 32 };

struct record {
    unsigned calls;
    ULONG events[RECORD_KEPT];
    ULONG numbers[RECORD_KEPT];        /* ulEvent, object type, table event or scode */
    uint64_t logoffs;                  /* sum of what extended events say */
    pthread_t thread;                  /* of the last call */
    unsigned freed;                    /* last Releases */
    ULONG answer;                      /* what OnNotify is to return */
    void (*then)(struct record *self); /* what it is to do */
};

/* A new sink with one reference, whose record begins anew. The record must outlive the sink. */
IMAPIAdviseSink *make_sink(struct record *record);

#endif
