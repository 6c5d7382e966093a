/* store/table_events.h - IMAPITable::Advise on contents tables (imapitable-advise.md, about-table-notifications.md,
 * table_notification.md).
 *
 * A table that somebody is registered with is told of each change of a message in its folder, as the table is when the change is
 * read: TABLE_ROW_ADDED, _MODIFIED and _DELETED, with the columns, the restriction and the order it has then. Rows outside the
 * restriction produce nothing; for that the rows inside it are remembered, as those of a search folder are. A table sorted by anything but the date, whose order is
 * made once, gets TABLE_CHANGED where rows come or change; TABLE_RELOAD where too many changes were missed.
 */
#ifndef STORE_TABLE_EVENTS_H
#define STORE_TABLE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

struct contents;
struct store;

/* The methods, after the store was entered. */
HRESULT table_advise(struct contents *table, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection);
HRESULT table_unadvise(struct contents *table, ULONG_PTR connection);

/* The restriction has become another. */
void table_events_restricted(struct contents *table);

/* The table's last Release; not entered. */
void table_events_forget(struct contents *table);

/* For events.c. */
struct table_change {
    ULONG event; /* fnevObject... of a message; EVENT_FOUND, EVENT_SEARCHED */
    int64_t row;
    int64_t folder;     /* where it is, or was before it was deleted; or the search folder */
    int64_t old_folder; /* fnevObjectMoved */
    bool associated;
};
void table_events_tell(struct store *store, const struct table_change *change);
void table_events_reload(struct store *store);
void table_events_end(struct store *store); /* unregisters all */

#endif
