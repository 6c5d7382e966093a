/* What providers have begun to make outside the profiles - the file of a store - for a profile that is not committed yet.
 *
 * It is noted in MAPI_HOME/unfinished before it is made (home_note_unfinished of home.h), and settled when the change of
 * the profiles ends: it stays if a section names it then, and goes if none does. Where the process dies in between, the note is what is left. Everything
 * happens within a change of the profiles, of which there can only be one at a time in all processes: whoever has begun
 * one and finds a note of somebody else's knows that he is done or dead.
 *
 * Functions want the database entered.
 */
#ifndef CORE_UNFINISHED_H
#define CORE_UNFINISHED_H

#include <mapidefs.h>

#include "base/database.h"

/* After the end of a change, however it ended. */
void unfinished_settle(struct database *db);

/* What those who died have left; costs next to nothing where there is nothing. No change under way. */
void unfinished_recover(struct database *db);

#endif
