/* store/changes.h - what the logons of this process on one store tell each other: that something changed.
 *
 * One block per store file open in this process, shared by all logons on it. Tables compare its counter to know
 * whether rows read ahead are still good. Other processes' changes do not come this way.
 */
#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

struct changes;

/* The block of the file at `path`, made if there is none yet; NULL when there is no memory. Any thread. */
struct changes *changes_attach(const char *path);

/* Gives the block back. NULL is allowed. */
void changes_detach(struct changes *changes);

/* Counts a transaction that was committed, or that what has been read of is no more; and each one within another, which the logon
 * itself sees at once. */
void changes_bump(struct changes *changes);
uint64_t changes_count(const struct changes *changes);

/* A message's delivery time, the one sort key that a table continues by and that a save can change, has become
 * another. */
struct rekeyed {
    int64_t row;
    int64_t old_key;
    int64_t new_key;
};

/* Records one; the oldest are forgotten. */
void changes_rekeyed(struct changes *changes, int64_t row, int64_t old_key, int64_t new_key);

/* How many were recorded so far; a table remembers it when it starts and after each look. */
uint64_t changes_rekeyed_count(const struct changes *changes);

/* Record number `index` (counted from 0); false when it has been forgotten or is yet to come. */
bool changes_rekeyed_at(struct changes *changes, uint64_t index, struct rekeyed *out);

#endif
