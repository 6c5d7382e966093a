/* The message store table of a session (imapisession-getmsgstorestable.md, message-store-tables.md): what the profile says whenever it
 * is read, and telling those registered with it.
 *
 * What is told is how the rows differ from those told last. A dispatch looks for that when the profile database has changed, in
 * whatever process (profile_watch.h), and queues it in the session's set. It may not wait for the session's lifeline, which a
 * thread that shows a dialog can hold: so the tables are guarded by the lock of the profile database as well, and a look takes that
 * one only, unless another thread is in the middle of a change, which may be one that asks the user: then it looks after it.
 */
#ifndef CORE_STORES_TABLE_H
#define CORE_STORES_TABLE_H

#include <stdbool.h>

#include "core/session.h"

/* Queues for those registered what has become of their tables. `changed`: there may be something; otherwise it looks only if it could
 * not be sure the last time. Costs a load where nobody is registered. */
void stores_table_look(bool changed);

/* The end of a session, lifeline entered: nobody is registered any more. */
void stores_table_end_session(struct session_core *core);

/* For process_fork.c: the tables are the parent's. */
void stores_table_after_fork_in_child(void);

#endif
