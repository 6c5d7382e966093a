/* What a function registered with advise is called with: a notification as a table. */
#ifndef LM_EVENT_H
#define LM_EVENT_H

#include <lua.h>

#include <stdbool.h>
#include <stddef.h>

#include <mapix.h>

/* Pushes the table. Raises on memory. What the notification points to is read now and not kept
 * [imapiadvisesink-onnotify.md]. */
void lm_event_push(lua_State *L, const NOTIFICATION *notification);

/* The bit (fnev...) of an event's name, as `events` of advise lists them; 0: no event has that name. */
ULONG lm_event_from_name(const char *name, size_t length);

#endif
