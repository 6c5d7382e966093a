/* store/table_events.h - IMAPITable::Advise (imapitable-advise.md, about-table-notifications.md, table_notification.md): who is
 * registered with which table, and telling them.
 *
 * What a change means to a table is the table's to say: contents_events.c, live_events.c.
 */
#ifndef STORE_TABLE_EVENTS_H
#define STORE_TABLE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

#include "store/events.h"

struct store;
struct table_listening;

/* A change as it is read. */
struct table_change {
    ULONG event; /* fnevObject...; EVENT_FOUND, EVENT_SEARCHED of a message */
    ULONG kind;  /* MAPI_MESSAGE, MAPI_FOLDER, MAPI_STORE */
    int64_t row;
    int64_t parent;     /* the folder it is in, or was in before it was deleted; or the search folder */
    int64_t old_parent; /* fnevObjectMoved */
    bool associated;
};

/* A kind of table, as far as it is told. `table` is the table. */
struct table_listener {
    /* A change. What cannot be read well enough to be told is told as a change that says "look": TABLE_CHANGED on failure. */
    HRESULT (*tell)(void *table, const struct table_change *change);

    /* Optional: there are no more changes for now. */
    HRESULT (*settle)(void *table);

    /* Somebody is registered from now on, or too many changes were missed (TABLE_RELOAD): what is there now is known. */
    void (*begin)(void *table);

    /* Nobody is any more. */
    void (*end)(void *table);
};

/* A table that somebody is registered with. */
struct table_listening {
    struct table_listening *next; /* of the logon's */
    struct table_listening *_Atomic *slot;
    struct store *store;
    const struct table_listener *class;
    void *table;
    struct event_source source;
    ULONG_PTR *numbers;
    size_t count;
};

/* The methods, after the store was entered. `slot` is the table's own; NULL in it: nobody is registered. */
HRESULT table_advise(struct store *store, struct table_listening *_Atomic *slot, const struct table_listener *class,
                     void *table, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection);
HRESULT table_unadvise(struct store *store, struct table_listening *_Atomic *slot, ULONG_PTR connection);

/* The table's last Release; not entered. */
void table_events_forget(struct store *store, struct table_listening *_Atomic *slot);

/* One notification. The keys are values of PR_INSTANCE_KEY; of no bytes: PR_NULL. */
struct table_key {
    ULONG size;
    unsigned char bytes[8];
};
void table_post(const struct table_listening *listening, ULONG what, const struct table_key *row,
                const struct table_key *prior, ULONG count, LPSPropValue values);
void table_post_changed(const struct table_listening *listening);

/* For events.c. */
void table_events_tell(struct store *store, const struct table_change *change);
void table_events_settle(struct store *store);
void table_events_reload(struct store *store);
void table_events_end(struct store *store); /* unregisters all */

#endif
