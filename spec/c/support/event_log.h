/* support/event_log.h - an advise sink that keeps what a store told it, so that a test can compare it line by line. */
#ifndef SUPPORT_EVENT_LOG_H
#define SUPPORT_EVENT_LOG_H

#include <mapidefs.h>

enum { LOG_KEPT = 64, LOG_ID = 128 };

struct logged_id {
    ULONG size;
    BYTE bytes[LOG_ID];
};

struct logged_event {
    ULONG event;
    ULONG kind;              /* object type, or table event */
    struct logged_id id;     /* PR_INSTANCE_KEY of table events */
    struct logged_id parent; /* the row before, of table events */
    struct logged_id old_id;
    struct logged_id old_parent;
    char class[64]; /* of new mail */
    ULONG flags;    /* of new mail */
    ULONG columns;  /* of table events */
};

struct event_log {
    unsigned count; /* events ever; the last LOG_KEPT are kept */
    struct logged_event events[LOG_KEPT];
    void (*then)(struct event_log *log); /* what the sink is to do with each call */
    void *context;
};

/* A new sink with one reference; the log is emptied and must outlive it. */
IMAPIAdviseSink *log_sink(struct event_log *log);

/* The events as text, each as its name, the type of the object in capitals and a blank: "created:M modified:F "; table events as
 * "added ", "deleted ", "changed ", ...; and the log is emptied. Valid until the next call. */
const char *log_text(struct event_log *log);

/* The same after a dispatch. */
const char *heard(struct event_log *log);

BOOL is_id(const struct logged_id *logged, SBinary id);

#endif
