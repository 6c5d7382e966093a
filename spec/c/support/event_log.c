#include "support/event_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>

static void keep(struct logged_id *to, ULONG size, const void *bytes)
{
    to->size = 0;
    if (bytes && size <= LOG_ID) {
        to->size = size;
        memcpy(to->bytes, bytes, size);
    }
}

static void keep_key(struct logged_id *to, const SPropValue *key)
{
    keep(to, key->ulPropTag == PR_INSTANCE_KEY ? key->Value.bin.cb : 0, key->Value.bin.lpb);
}

static void take(struct event_log *log, const NOTIFICATION *one)
{
    struct logged_event *to = &log->events[log->count++ % LOG_KEPT];
    memset(to, 0, sizeof *to);
    to->event = one->ulEventType;
    if (one->ulEventType == fnevNewMail) {
        const NEWMAIL_NOTIFICATION *mail = &one->info.newmail;
        keep(&to->id, mail->cbEntryID, mail->lpEntryID);
        keep(&to->parent, mail->cbParentID, mail->lpParentID);
        snprintf(to->class, sizeof to->class, "%s", (const char *)mail->lpszMessageClass);
        to->flags = mail->ulMessageFlags;
    } else if (one->ulEventType == fnevTableModified) {
        to->kind = one->info.tab.ulTableEvent;
        keep_key(&to->id, &one->info.tab.propIndex);
        keep_key(&to->parent, &one->info.tab.propPrior);
        to->columns = one->info.tab.row.cValues;
    } else {
        const OBJECT_NOTIFICATION *object = &one->info.obj;
        to->kind = object->ulObjType;
        keep(&to->id, object->cbEntryID, object->lpEntryID);
        keep(&to->parent, object->cbParentID, object->lpParentID);
        keep(&to->old_id, object->cbOldID, object->lpOldID);
        keep(&to->old_parent, object->cbOldParentID, object->lpOldParentID);
    }
}

static ULONG STDAPICALLTYPE hear(LPVOID context, ULONG count, LPNOTIFICATION notifications)
{
    struct event_log *log = context;
    for (ULONG i = 0; i < count; i++)
        take(log, &notifications[i]);
    if (log->then)
        log->then(log);
    return S_OK;
}

IMAPIAdviseSink *log_sink(struct event_log *log)
{
    IMAPIAdviseSink *sink = NULL;
    memset(log, 0, sizeof *log);
    assert_int_equal(HrAllocAdviseSink(hear, log, &sink), S_OK);
    return sink;
}

static const char *event_name(const struct logged_event *event)
{
    static const char *const table[] = {"none",        "changed",  "error",        "added",      "rowdeleted",
                                        "rowmodified", "sortdone", "restrictdone", "setcoldone", "reload"};
    switch (event->event) {
    case fnevNewMail:
        return "mail";
    case fnevObjectCreated:
        return "created";
    case fnevObjectDeleted:
        return "deleted";
    case fnevObjectModified:
        return "modified";
    case fnevObjectMoved:
        return "moved";
    case fnevObjectCopied:
        return "copied";
    case fnevSearchComplete:
        return "searched";
    case fnevTableModified:
        return table[event->kind];
    default:
        return "other";
    }
}

const char *log_text(struct event_log *log)
{
    static char text[LOG_KEPT * 16];
    size_t at = 0;
    text[0] = '\0';
    for (unsigned i = log->count > LOG_KEPT ? log->count - LOG_KEPT : 0; i < log->count; i++) {
        const struct logged_event *event = &log->events[i % LOG_KEPT];
        bool object = event->event != fnevNewMail && event->event != fnevTableModified;
        const char *kind = event->kind == MAPI_STORE ? ":S" : event->kind == MAPI_FOLDER ? ":F" : ":M";
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s ", event_name(event), object ? kind : "");
    }
    log->count = 0;
    return text;
}

const char *heard(struct event_log *log)
{
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    return log_text(log);
}

BOOL is_id(const struct logged_id *logged, SBinary id)
{
    return logged->size == id.cb && memcmp(logged->bytes, id.lpb, id.cb) == 0;
}
