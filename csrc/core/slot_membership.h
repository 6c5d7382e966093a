/* What slot.c and slot_membership.c share: this process's memberships, and the operations on their files. */
#ifndef CORE_SLOT_MEMBERSHIP_H
#define CORE_SLOT_MEMBERSHIP_H

#include "core/slot.h"
#include "core/slot_file.h"

/* This process in one generation. There are several only when some have been closed. */
struct membership {
    struct membership *next;
    struct slot_place place;
    struct slot_file file; /* the descriptor is there until the end; the rest belongs to the operation under way */
    int bell;
    uint64_t id;
    uint32_t lock;               /* index of our byte */
    struct slot_header seen;     /* what the clients have been told of; guarded by the mutex */
    struct slot_client *clients; /* guarded by the mutex, as are the following */
    uint32_t client_count;
    uint64_t unreported; /* clients that left silently, not yet counted in the record */
    bool forked;         /* from before a fork: only to be freed */
};

/* All of these run within an operation (slot.c), with the lock of the file held. */

/* Takes those who are dead out of the record in memory; `self` is our own id, or 0. */
void membership_bury_dead(struct slot_file *file, const struct slot_place *place, uint64_t self);

/* Reads the record of a membership, writing it or our entry anew (in memory) where they are missing. */
HRESULT membership_read(struct membership *self);

/* Sets the number of our clients in the record in memory; 0 takes our entry out. */
void membership_set_clients(struct membership *self, uint32_t clients);

/* Becomes a member: takes a byte, makes the doorbell, and adds the entry in memory. On failure nothing is left behind but what
 * membership_withdraw undoes. */
HRESULT membership_enter(struct membership *self);
void membership_withdraw(struct membership *self);

/* Rings all other members of the record in memory. Wants no lock. */
void membership_ring(struct membership *self);

/* Closes everything; the membership is gone. Not for one from before a fork. */
void membership_dispose(struct membership *self);

#endif
