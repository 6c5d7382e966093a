/* Which sections of profiles other processes have open, as imapisession-openprofilesection.md wants to know it: POSIX record
 * locks on MAPI_HOME/sections.lock, one byte for each section, at a place made of its identifier and the profile's row. They
 * go with their process. Where the file cannot be had, sections exclude each other within the process only.
 *
 * Called with the lock of profsect_open.c's list held.
 */
#ifndef CORE_SECTION_LOCKS_H
#define CORE_SECTION_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

/* Takes a section for this process, to read or to write; or changes from one to the other. False where another process is in
 * the way; then it stays as it was. Never waits. */
bool section_lock(int64_t profile, const MAPIUID *uid, bool write);
void section_unlock(int64_t profile, const MAPIUID *uid);

/* True, with all locks dropped, where somebody has deleted or replaced the file: then nobody else has seen them any
 * more. */
bool section_locks_close_if_replaced(void);

/* Drops all locks; they are the parent's after a fork. */
void section_locks_close(void);

#endif
