/* The mutex that serialises logons (mapilogonex.md); explicit logoffs take it too (06 L25). */
#ifndef CORE_LOGON_H
#define CORE_LOGON_H

/* Recursive, because a dialog of a logon may log off. Taken after a session's lifeline, never before one. */
void logon_lock(void);
void logon_unlock(void);

/* For process_fork.c: nobody is logging on in a child that was just forked. */
void logon_after_fork_in_child(void);

#endif
