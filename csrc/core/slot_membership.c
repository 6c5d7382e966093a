#include "core/slot_membership.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/doorbell.h"
#include "core/notify_port.h"
#include "core/slot_lock.h"

/* More than there can be changes between two looks of a member. */
static const uint64_t EPOCH_LEAP = UINT64_C(1) << 32;

static void unlink_bell(const struct slot_place *place, uint64_t id)
{
    char name[SLOT_FILE_NAME_SIZE];
    slot_place_bell_name(place, id, name);
    unlinkat(place->dir.fd, name, 0);
}

void membership_bury_dead(struct slot_file *file, const struct slot_place *place, uint64_t self)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < file->header.member_count; i++) {
        const struct slot_member *member = &file->members[i];
        if (member->id == self || slot_lock_held(file->fd, member->lock)) {
            file->members[kept++] = *member;
        } else {
            unlink_bell(place, member->id);
            file->header.logoffs += member->clients;
            file->buried = true;
        }
    }
    file->header.member_count = kept;
}

static struct slot_member *find(const struct slot_file *file, uint64_t id)
{
    for (uint32_t i = 0; i < file->header.member_count; i++) {
        if (file->members[i].id == id) {
            return &file->members[i];
        }
    }
    return NULL;
}

/* A byte that is nobody's, and now ours. */
static HRESULT claim(struct membership *self)
{
    unsigned char taken[SLOT_MEMBERS / 8] = {0};
    for (uint32_t i = 0; i < self->file.header.member_count; i++) {
        uint32_t lock = self->file.members[i].lock;
        taken[lock / 8] |= (unsigned char)(1u << lock % 8);
    }
    for (uint32_t lock = 0; lock < SLOT_MEMBERS; lock++) {
        if (!(taken[lock / 8] & (1u << lock % 8)) && slot_lock_claim(self->file.fd, lock)) {
            self->lock = lock;
            return S_OK;
        }
    }
    return fail(MAPI_E_NOT_ENOUGH_RESOURCES, "%d processes share the session already; no more can join.", SLOT_MEMBERS);
}

static HRESULT add_entry(struct membership *self, uint32_t clients)
{
    HRESULT hr = slot_file_grow(&self->file);
    hr = hr == S_OK ? claim(self) : hr;
    if (hr == S_OK) {
        self->file.members[self->file.header.member_count++] = (struct slot_member){self->id, self->lock, clients};
    }
    return hr;
}

HRESULT membership_read(struct membership *self)
{
    HRESULT hr = slot_file_read(&self->file);
    if (hr == MAPI_E_CORRUPT_DATA ||
        (hr == S_OK && memcmp(self->file.header.generation, self->seen.generation, SLOT_GENERATION_SIZE) != 0)) {
        /* Beginning above the epoch of whatever is there, so that what we write becomes the current record, and far above what we
         * have seen, because the others may have seen more. */
        uint64_t epoch = self->file.header.epoch;
        self->file.header = self->seen;
        self->file.header.member_count = 0;
        self->file.header.epoch = (epoch > self->seen.epoch ? epoch : self->seen.epoch) + EPOCH_LEAP;
        hr = S_OK;
    }
    if (hr != S_OK) {
        return hr;
    }
    membership_bury_dead(&self->file, &self->place, self->id);
    return find(&self->file, self->id) ? S_OK : add_entry(self, self->client_count);
}

void membership_set_clients(struct membership *self, uint32_t clients)
{
    struct slot_member *entry = find(&self->file, self->id);
    if (entry && clients > 0) {
        entry->clients = clients;
    } else if (entry) {
        *entry = self->file.members[--self->file.header.member_count];
    }
}

HRESULT membership_enter(struct membership *self)
{
    char name[SLOT_FILE_NAME_SIZE];
    if (getentropy(&self->id, sizeof self->id) != 0 || self->id == 0) {
        return fail(MAPI_E_NOT_ENOUGH_RESOURCES, "The system has no random numbers for a shared session.");
    }
    slot_place_bell_name(&self->place, self->id, name);
    HRESULT hr = doorbell_open(&self->place.dir, name, &self->bell);
    return hr == S_OK ? add_entry(self, 1) : hr;
}

void membership_withdraw(struct membership *self)
{
    if (self->bell >= 0) {
        close(self->bell);
        self->bell = -1;
        unlink_bell(&self->place, self->id);
    }
}

void membership_ring(struct membership *self)
{
    self->file.buried = false;
    for (uint32_t i = 0; i < self->file.header.member_count; i++) {
        if (self->file.members[i].id != self->id) {
            char name[SLOT_FILE_NAME_SIZE];
            slot_place_bell_name(&self->place, self->file.members[i].id, name);
            doorbell_ring(self->bell, &self->place.dir, name);
        }
    }
}

void membership_dispose(struct membership *self)
{
    notify_unwatch(self->bell);
    membership_withdraw(self);
    slot_file_close(&self->file); /* and our lock goes */
    slot_place_close(&self->place);
    free(self);
}
