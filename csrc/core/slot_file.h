/* The shared slot's file: finding, making, reading, changing and removing it. Everything but slot_file_read_header and
 * slot_file_read wants the slot's lock (slot_lock.h) to be held.
 *
 * Names in the runtime directory, where <home> is MAPI_HOME's device and inode in hexadecimal, so that each home has its own slot:
 *   mapi-<home>.slot          the slot's file; present only while the slot can be joined
 *   mapi-<home>.<id>          the doorbell of the member with that id (16 hexadecimal digits)
 */
#ifndef CORE_SLOT_FILE_H
#define CORE_SLOT_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include <mapidefs.h>

#include "core/runtime_dir.h"
#include "core/slot_record.h"

enum { SLOT_PREFIX_SIZE = 48, SLOT_FILE_NAME_SIZE = SLOT_PREFIX_SIZE + 20 };

/* Which slot. */
struct slot_place {
    struct runtime_dir dir;
    char prefix[SLOT_PREFIX_SIZE]; /* "mapi-<home>." */
};

/* An open file of a slot, and what was last read from or written to it. */
struct slot_file {
    int fd; /* -1: not open */
    dev_t device;
    ino_t inode;
    struct slot_header header;
    struct slot_member *members; /* header.member_count of them, with room for `capacity`; malloc'ed */
    uint32_t capacity;
    int current; /* which of the two pairs header came from */
    bool buried; /* dead members were taken out; the others have not been rung since */
};

/* Opens the runtime directory; `home` is MAPI_HOME's path. The codes of runtime_dir_open; MAPI_E_NOT_FOUND also where MAPI_HOME is
 * missing. */
HRESULT slot_place_open(const char *home, bool create, struct slot_place *out);
void slot_place_close(struct slot_place *place);
void slot_place_file_name(const struct slot_place *place, char *name);
void slot_place_bell_name(const struct slot_place *place, uint64_t id, char *name);

/* Whether the slot's name in the directory leads to this file. */
bool slot_file_is_linked(const struct slot_file *file, const struct slot_place *place);

/* Opens the file, `create`: making it if it is missing. MAPI_E_NOT_FOUND; MAPI_E_NO_ACCESS also for one that is not a plain file of
 * ours that nobody else may touch; the other codes of runtime_dir_failure. Wants no lock; once it has been opened, only
 * slot_file_close may close its descriptor. */
HRESULT slot_file_open(const struct slot_place *place, bool create, struct slot_file *file);
void slot_file_close(struct slot_file *file);

/* Reads the current header; false when there is no good one. Takes no lock and can be called by any thread: it changes nothing
 * in *file. */
bool slot_file_read_header(const struct slot_file *file, struct slot_header *header);

/* Reads the record into header and members: S_OK; MAPI_E_CORRUPT_DATA when there is none, or it makes no sense;
 * MAPI_E_NOT_ENOUGH_MEMORY. A reader without the lock does this with a struct slot_file of his own around the same descriptor. */
HRESULT slot_file_read(struct slot_file *file);

/* Makes room for one member more. MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT slot_file_grow(struct slot_file *file);

/* Writes header and members with the next epoch: all or nothing, also when the process is killed meanwhile. What runtime_dir_failure
 * answers; MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT slot_file_write(struct slot_file *file, const struct slot_place *place);

/* Reserves what the records of a good number of members take, so that a disk that fills up later does not matter. */
HRESULT slot_file_reserve(const struct slot_file *file, const struct slot_place *place);

/* Removes the name, if it leads to this file. */
void slot_file_unlink(const struct slot_file *file, const struct slot_place *place);

/* Removes the doorbells of this home whose processes have ended. The file must be linked: nobody can be making one then. */
void slot_place_sweep(const struct slot_place *place);

#endif
