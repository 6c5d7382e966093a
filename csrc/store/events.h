/* store/events.h - what has happened in a store, for those who are registered with it.
 *
 * Changes are rows of the event table, written in the transaction that makes them, and read back after its commit: so nobody is told
 * of what was rolled back, and everybody, in this process or another, hears the same in the same order. They are written only
 * while somebody is registered, which the listener table says: it has a row for each logon with registrations, with the bell
 * (mapisub.h) to be rung. A listener that was killed leaves a row whose bell nobody answers; who rings it removes the row.
 *
 * The last EVENTS_KEPT changes are kept. Who has missed more, or a change so large that it was not written down one by one, gets one
 * table event, TABLE_RELOAD, instead.
 *
 * Reading wants the store's lifeline, and a dispatch does not wait for it: whoever has it reads when he leaves (store_leave).
 */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapispi.h>
#include <mapisub.h>

struct store;

enum { EVENTS_KEPT = 4096 };

/* Of the transaction under way. Belongs to struct store. */
struct events_pending {
    enum { LISTENED_UNKNOWN, LISTENED_NO, LISTENED_YES } listened;
    size_t count;     /* rows written */
    bool summed_up;   /* too many: the last one says so */
    int64_t *folders; /* whose counts have changed */
    size_t folder_count;
    size_t folder_capacity;
};

/* What somebody is registered for: MAPI_STORE and 0, MAPI_FOLDER or MAPI_MESSAGE and the row, EVENT_SOURCE_TABLE and a number. */
enum { EVENT_SOURCE_TABLE = 0x10000 };

/* What only the tables of a search folder are told: that a message has been found, or has ceased to be; that it has been
 * searched anew. */
#define EVENT_FOUND    ((ULONG)0x00100000)
#define EVENT_SEARCHED ((ULONG)0x00200000)

struct event_source {
    ULONG kind;
    int64_t row;
};

struct registration {
    struct registration *next;
    ULONG_PTR number;
    struct event_source source;
    ULONG mask;
    bool routed; /* through IMSLogon: keeps the store open as a client's object does */
};

struct table_listening;

/* The registrations of a logon. */
struct events {
    struct registration *registrations;
    struct table_listening *tables; /* that somebody is registered with; table_events.c */
    int64_t last_table;             /* numbers them */
    struct mapi_bell *bell;
    int64_t id;   /* of its row in the listener table */
    int64_t name; /* the first id it had, which its keys go on carrying */
    int64_t seen; /* the last change read */
};

/* ---- recording: events_record.c. Inside a transaction; next to nothing where nobody listens. ---- */

/* A message: fnevObjectCreated, fnevObjectDeleted (before it is gone), fnevObjectModified. */
HRESULT event_message(struct store *store, ULONG event, int64_t row);
/* A message whose flags have changed; `counts`: whether it has been read among them. */
HRESULT event_message_marked(struct store *store, int64_t row, bool counts);
/* A message that has been delivered: after event_message of fnevObjectCreated. */
HRESULT event_new_mail(struct store *store, int64_t row);
/* A message that is in another folder now, or a copy there; `from` is the folder of `source`. */
HRESULT event_message_moved(struct store *store, int64_t row, int64_t from);
HRESULT event_message_copied(struct store *store, int64_t copy, int64_t source);
/* A folder. The old ones are 0 where there are none. */
HRESULT event_folder(struct store *store, ULONG event, int64_t row, int64_t parent, int64_t old_row,
                     int64_t old_parent);
/* The counts of a folder, or whether it has subfolders, have changed: one fnevObjectModified at the commit. */
HRESULT event_counts(struct store *store, int64_t folder);
/* What a search folder holds: whether a message is in it; everything, with fnevSearchComplete. */
HRESULT event_found(struct store *store, int64_t search, int64_t row);
HRESULT event_searched(struct store *store, int64_t search);
/* The store's own properties. */
HRESULT event_store(struct store *store);

/* For store_begin and store_end_transaction: a new transaction; what is left to be written; after the commit. */
void events_begin(struct store *store);
HRESULT events_before_commit(struct store *store);
void events_after_commit(struct store *store);

/* ---- listening: events.c. Lifeline entered. ---- */

/* Makes the logon a listener, if it is none yet. MAPI_E_NO_SUPPORT: the file cannot be written to; what MapiBellOpen answers. */
HRESULT events_start(struct store *store);
/* The opposite, if nothing is registered any more. */
void events_stop_idle(struct store *store);
/* For the end of the logon: everything; `held`: the connection can be used. Never waits for another process. Answers how many of the
 * registrations were routed. */
size_t events_end(struct store *store, bool held);

/* Reads what is new, if nobody else is in the store, and tells those registered; else who is there will do it. */
void events_look(struct store *store);

/* ---- registering: advise.c. Lifeline entered. ---- */
HRESULT store_advise(struct store *store, bool routed, ULONG size, const ENTRYID *id, ULONG mask, LPMAPIADVISESINK sink,
                     ULONG_PTR *connection);
/* Of a routed one the caller drops the client that it was, after leaving the store. MAPI_E_NOT_FOUND. */
HRESULT store_unadvise(struct store *store, bool routed, ULONG_PTR connection);
/* Subscribe, Unsubscribe and Notify for a source. */
HRESULT events_subscribe(struct store *store, const struct event_source *source, ULONG mask, LPMAPIADVISESINK sink,
                         ULONG_PTR *number);
void events_unsubscribe(struct store *store, ULONG_PTR number);
void events_notify(struct store *store, const struct event_source *source, NOTIFICATION *notification);
/* Posts one notification to whoever is registered for the source and the event. */
void events_post(struct store *store, const struct event_source *source, NOTIFICATION *notification);

#endif
