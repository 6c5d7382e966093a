/* Doorbells for stores: how a store hears that another process has changed it. MapiBellOpen and its siblings in mapisub.h are what
 * the store provider sees.
 *
 * A bell is a doorbell (doorbell.h) in the runtime directory, mapi-store-<uid>.<id>, which every port's descriptor watches. What
 * has happened is in the store; ringing only says "look", and so does every dispatch.
 */
#ifndef CORE_BELL_H
#define CORE_BELL_H

#include <mapisub.h>

/* Answers the bells and lets their owners look. For dispatches, with no lock held. Costs a load where there is no bell. */
void bell_pump(void);

#endif
