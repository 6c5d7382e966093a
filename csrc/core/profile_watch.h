/* Wakes ports when the profile database has changed, in whatever process: the accounts and the stores of profiles are in it, and their
 * changes are read from it (account/account_store.h, core/stores_table.h). Every commit is followed by a write to MAPI_HOME/profiles.lock (profile_locks.h), which the system tells
 * about. That only says "look". */
#ifndef CORE_PROFILE_WATCH_H
#define CORE_PROFILE_WATCH_H

#include <stdbool.h>

#include "core/notify_port.h"

/* Any number of times for a port, which is counted. MAPI_E_NO_SUPPORT where the system cannot tell, MAPI_E_NOT_ENOUGH_RESOURCES,
 * MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_NOT_FOUND: there is no profile yet. */
HRESULT profile_watch_add(struct notify_port *port);
void profile_watch_remove(struct notify_port *port); /* harmless if it was not added */

/* For those who are told by a dispatch, as often as begun; they cannot be told without one, so this wakes whoever waits for any
 * port. Where the system cannot tell, every dispatch looks. The other failures as above. */
HRESULT profile_watch_begin(void);
void profile_watch_end(void);

/* Wakes the ports if there was a change, and answers whether there may have been one. For dispatches. Costs a load where nobody
 * watches. */
bool profile_watch_pump(void);

#endif
