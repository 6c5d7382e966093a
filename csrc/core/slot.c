#include "core/slot.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"
#include "core/doorbell.h"
#include "core/notify_port.h"
#include "core/slot_lock.h"
#include "core/slot_membership.h"

struct slot_client {
    struct slot_client *next;
    struct membership *in;
    struct slot_listener listener;
    bool told_closed;
    uint64_t told_logoffs;
};

enum { FORK_PATIENCE_MS = 200 };

static atomic_uint patience_ms = SLOT_PATIENCE_MS;

/* Guards what follows and the memberships; never held while waiting for anybody. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle; /* an operation has ended */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static HRESULT prepared = MAPI_E_NOT_ENOUGH_MEMORY;
static bool busy; /* an operation is under way; it owns the files of the memberships */
static struct membership *memberships;
static atomic_uint membership_count; /* lets slot_pump return without the mutex */

unsigned slot_set_patience(unsigned patience)
{
    return atomic_exchange(&patience_ms, patience);
}

/* ---- fork ---- */

static void make_condition(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&idle, &attributes);
    pthread_condattr_destroy(&attributes);
}

static struct timespec moment(int64_t deadline)
{
    return (struct timespec){(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
}

/* An operation takes microseconds, unless it waits for a process that is stopped. Then the child inherits a descriptor or two that
 * it does not know of; they hold no lock of anybody, and go when it executes a program. */
static void before_fork(void)
{
    const struct timespec end = moment(slot_lock_deadline(FORK_PATIENCE_MS));
    pthread_mutex_lock(&mutex);
    while (busy && pthread_cond_timedwait(&idle, &mutex, &end) == 0) {
    }
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&mutex);
}

static void after_fork_in_child(void)
{
    make_condition(); /* whoever waited for it is gone */
    busy = false;
    for (struct membership *each = memberships; each; each = each->next) {
        /* The socket's name and the record are the parent's. */
        close(each->bell);
        each->bell = -1;
        slot_file_close(&each->file);
        slot_place_close(&each->place);
        each->forked = true;
    }
    memberships = NULL;
    atomic_store(&membership_count, 0);
    pthread_mutex_unlock(&mutex);
}

static const struct fork_hooks hooks = {FORK_RANK_SLOT, before_fork, after_fork_in_parent, after_fork_in_child};

static void prepare(void)
{
    make_condition();
    prepared = fork_hooks_add(&hooks);
}

/* ---- operations ---- */

static HRESULT begin(int64_t deadline)
{
    pthread_once(&once, prepare);
    if (prepared != S_OK) {
        return fail(prepared, "No memory left to share a session.");
    }
    const struct timespec end = moment(deadline);
    int result = 0;
    pthread_mutex_lock(&mutex);
    while (busy && result == 0) {
        result = pthread_cond_timedwait(&idle, &mutex, &end);
    }
    bool ours = !busy;
    busy = true;
    pthread_mutex_unlock(&mutex);
    return ours ? S_OK
                : fail(MAPI_E_TIMEOUT,
                       "Another thread has been joining or leaving the shared session for too long; try again.");
}

static void unlink_membership(struct membership *self)
{
    for (struct membership **each = &memberships; *each; each = &(*each)->next) {
        if (*each == self) {
            *each = self->next;
            atomic_fetch_sub(&membership_count, 1);
            return;
        }
    }
}

/* Ends an operation, and with it the memberships whose last client has left silently during it. */
static void end(void)
{
    struct membership *gone = NULL;
    pthread_mutex_lock(&mutex);
    for (struct membership **each = &memberships; *each;) {
        struct membership *self = *each;
        if (self->client_count > 0) {
            each = &self->next;
            continue;
        }
        *each = self->next;
        atomic_fetch_sub(&membership_count, 1);
        self->next = gone;
        gone = self;
    }
    busy = false;
    pthread_cond_broadcast(&idle);
    while (gone) {
        struct membership *next = gone->next;
        membership_dispose(gone);
        gone = next;
    }
    pthread_mutex_unlock(&mutex);
}

/* ---- telling; the mutex is held ---- */

static void tell(struct slot_client *client, const struct slot_header *header)
{
    struct slot_news news = {header->closed && !client->told_closed, 0};
    if (header->logoffs > client->told_logoffs) {
        news.logoffs = header->logoffs - client->told_logoffs;
    }
    client->told_closed |= news.closed;
    client->told_logoffs = header->logoffs;
    if ((news.closed || news.logoffs > 0) && client->listener.news) {
        client->listener.news(client->listener.context, &news);
    }
}

static void tell_all(struct membership *self, const struct slot_header *header)
{
    if (header->epoch <= self->seen.epoch ||
        memcmp(header->generation, self->seen.generation, SLOT_GENERATION_SIZE) != 0) {
        return;
    }
    self->seen = *header;
    for (struct slot_client *each = self->clients; each; each = each->next) {
        tell(each, header);
    }
}

void slot_pump(void)
{
    if (atomic_load(&membership_count) == 0) {
        return;
    }
    pthread_mutex_lock(&mutex);
    for (struct membership *each = memberships; each; each = each->next) {
        struct slot_header header;
        doorbell_drain(each->bell);
        if (slot_file_read_header(&each->file, &header)) {
            tell_all(each, &header);
        }
    }
    pthread_mutex_unlock(&mutex);
}

/* ---- finding the slot ---- */

/* The membership whose file the slot's name leads to. */
static struct membership *linked_membership(const struct slot_place *place)
{
    struct membership *found = NULL;
    pthread_mutex_lock(&mutex);
    for (struct membership *each = memberships; each && !found; each = each->next) {
        found = slot_file_is_linked(&each->file, place) ? each : NULL;
    }
    pthread_mutex_unlock(&mutex);
    return found;
}

/* What was found, with the lock of the file held. */
struct finding {
    struct membership *mine; /* we are a member of it */
    struct slot_file file;   /* otherwise */
    bool joinable;           /* somebody is there; else the file is nobody's, and ours to use */
};

static int descriptor_of(const struct finding *found)
{
    return found->mine ? found->mine->file.fd : found->file.fd;
}

static void let_go(struct finding *found)
{
    slot_lock_drop(descriptor_of(found));
    if (!found->mine) {
        slot_file_close(&found->file);
    }
}

/* Looks at a file that is ours alone to look at now. *usable: it need not be removed. */
static HRESULT examine(const struct slot_place *place, struct finding *found, bool *usable)
{
    if (found->mine) {
        HRESULT hr = membership_read(found->mine);
        *usable = found->joinable = hr == S_OK && !found->mine->file.header.closed;
        return hr;
    }
    HRESULT hr = slot_file_read(&found->file);
    if (hr == MAPI_E_CORRUPT_DATA) {
        /* New, or left by nobody; or destroyed under its members, who will do without its name. */
        *usable = !slot_lock_any_held(found->file.fd);
        found->joinable = false;
        return S_OK;
    }
    if (hr == S_OK) {
        membership_bury_dead(&found->file, place, 0);
        bool alive = found->file.header.member_count > 0;
        found->joinable = alive && !found->file.header.closed;
        *usable = found->joinable || !alive;
    }
    return hr;
}

static HRESULT find_slot(const struct slot_place *place, bool create, int64_t deadline, struct finding *found)
{
    /* A file can lose its name between being opened and being locked, as often as others come and go in that moment. */
    for (int i = 0; i < 1000; i++) {
        bool usable = false;
        memset(found, 0, sizeof *found);
        found->mine = linked_membership(place);
        HRESULT hr = found->mine ? S_OK : slot_file_open(place, create, &found->file);
        if (hr != S_OK) {
            return hr;
        }
        hr = slot_lock_take(descriptor_of(found), deadline);
        if (hr != S_OK) {
            if (!found->mine) {
                slot_file_close(&found->file);
            }
            return hr;
        }
        struct slot_file *file = found->mine ? &found->mine->file : &found->file;
        bool linked = slot_file_is_linked(file, place);
        hr = linked ? examine(place, found, &usable) : S_OK;
        if (linked && hr == S_OK && usable && (found->joinable || create)) {
            return S_OK;
        }
        if (linked && hr == S_OK) {
            if (usable) {
                slot_place_sweep(place);
            }
            slot_file_unlink(file, place);
        }
        let_go(found);
        if (hr != S_OK) {
            return hr;
        }
        if (linked && usable) {
            return fail(MAPI_E_NOT_FOUND, "No session is shared.");
        }
    }
    return fail(MAPI_E_TIMEOUT, "The shared session comes and goes all the time; try again.");
}

/* ---- joining and creating ---- */

static void attach(struct membership *self, struct slot_client *client)
{
    client->in = self;
    client->told_closed = self->file.header.closed;
    client->told_logoffs = self->file.header.logoffs;
    client->next = self->clients;
    self->clients = client;
    self->client_count++;
}

/* One client more in this process. */
static HRESULT join_own(struct membership *self, struct slot_client *client)
{
    pthread_mutex_lock(&mutex);
    uint32_t clients = self->client_count;
    uint64_t unreported = self->unreported;
    pthread_mutex_unlock(&mutex);
    self->file.header.logoffs += unreported;
    membership_set_clients(self, clients + 1);
    HRESULT hr = slot_file_write(&self->file, &self->place);
    if (hr != S_OK) {
        return hr;
    }
    pthread_mutex_lock(&mutex);
    self->unreported -= unreported;
    tell_all(self, &self->file.header);
    attach(self, client);
    pthread_mutex_unlock(&mutex);
    return S_OK;
}

/* This process becomes a member. Takes over the file and the place, whatever comes of it. A file without members is removed where
 * it fails. */
static HRESULT become_member(struct slot_place *place, struct slot_file *file, struct slot_client *client)
{
    bool first = file->header.member_count == 0;
    struct membership *self = calloc(1, sizeof *self);
    if (!self) {
        if (first) {
            slot_file_unlink(file, place);
        }
        slot_file_close(file);
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to share a session.");
    }
    self->place = *place;
    self->file = *file;
    self->bell = -1;
    place->dir.fd = -1;
    place->dir.path = NULL;
    HRESULT hr = membership_enter(self);
    hr = hr == S_OK ? notify_watch(self->bell) : hr;
    hr = hr == S_OK ? slot_file_write(&self->file, &self->place) : hr;
    if (hr != S_OK) {
        /* Nobody has seen us: writing the entry comes last, since the others would be told that it is gone. */
        notify_unwatch(self->bell);
        membership_withdraw(self);
        if (first) {
            slot_file_unlink(&self->file, &self->place);
        }
        slot_file_close(&self->file);
        slot_place_close(&self->place);
        free(self);
        return hr;
    }
    pthread_mutex_lock(&mutex);
    self->seen = self->file.header;
    attach(self, client);
    self->next = memberships;
    memberships = self;
    atomic_fetch_add(&membership_count, 1);
    pthread_mutex_unlock(&mutex);
    slot_lock_drop(self->file.fd);
    if (self->file.buried) {
        membership_ring(self);
    }
    return S_OK;
}

/* The file, which is nobody's, gets the record of a new generation without members. Not written yet. */
static HRESULT start_generation(const struct slot_place *place, const struct slot_profile *profile,
                                struct slot_file *file)
{
    uint64_t epoch = file->header.epoch; /* goes on where it was, so that the record before is the older one */
    memset(&file->header, 0, sizeof file->header);
    file->header.epoch = epoch;
    file->header.profile = profile->row;
    memcpy(file->header.name, profile->name, sizeof file->header.name);
    if (getentropy(file->header.generation, SLOT_GENERATION_SIZE) != 0) {
        return fail(MAPI_E_NOT_ENOUGH_RESOURCES, "The system has no random numbers for a shared session.");
    }
    slot_place_sweep(place);
    return slot_file_reserve(file, place);
}

/* Where nothing can be shared, nothing is. The sentence still says why. */
static HRESULT nowhere(HRESULT hr)
{
    const char *why = failure_detail(hr);
    return hr == MAPI_E_NO_SUPPORT || hr == MAPI_E_NO_ACCESS
               ? fail(MAPI_E_NOT_FOUND, "%s", why ? why : "No session is shared.")
               : hr;
}

/* What a joiner and a creator have in common; `profile` is where it comes from, or goes to. */
static HRESULT enter(const char *home, bool create, struct slot_profile *profile, unsigned patience,
                     struct slot_client *client)
{
    struct slot_place place;
    struct finding found;
    const int64_t deadline = slot_lock_deadline(patience);
    HRESULT hr = slot_place_open(home, create, &place);
    if (hr != S_OK) {
        return create ? hr : nowhere(hr);
    }
    hr = begin(deadline);
    if (hr != S_OK) {
        slot_place_close(&place);
        return hr;
    }
    hr = find_slot(&place, create, deadline, &found);
    if (hr == S_OK && create && found.joinable) {
        let_go(&found);
        hr = fail(MAPI_E_COLLISION, "A session is shared already; join it, or ask for a new session.");
    } else if (hr == S_OK && found.joinable) {
        const struct slot_header *header = found.mine ? &found.mine->file.header : &found.file.header;
        profile->row = header->profile;
        memcpy(profile->name, header->name, sizeof profile->name);
        hr = found.mine ? join_own(found.mine, client) : become_member(&place, &found.file, client);
        if (found.mine) {
            slot_lock_drop(found.mine->file.fd);
            if (found.mine->file.buried) {
                membership_ring(found.mine);
            }
        }
    } else if (hr == S_OK) {
        hr = start_generation(&place, profile, &found.file);
        if (hr == S_OK) {
            hr = become_member(&place, &found.file, client);
        } else {
            slot_file_unlink(&found.file, &place);
            let_go(&found);
        }
    }
    end();
    slot_place_close(&place);
    return hr;
}

static HRESULT make_client(const struct slot_listener *listener, struct slot_client **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to share a session.");
    }
    if (listener) {
        (*out)->listener = *listener;
    }
    return S_OK;
}

static HRESULT finish(HRESULT hr, struct slot_client *client, struct slot_client **out)
{
    *out = hr == S_OK ? client : NULL;
    if (hr != S_OK) {
        free(client);
    }
    return hr;
}

HRESULT slot_join(const char *home, unsigned patience, const struct slot_listener *listener, struct slot_client **out,
                  struct slot_profile *profile)
{
    struct slot_client *client;
    HRESULT hr = make_client(listener, &client);
    if (hr == S_OK) {
        hr = enter(home, false, profile, patience, client);
    }
    return finish(hr, client, out);
}

HRESULT slot_create(const char *home, const struct slot_profile *profile, unsigned patience,
                    const struct slot_listener *listener, struct slot_client **out)
{
    struct slot_client *client;
    struct slot_profile copy = *profile;
    HRESULT hr = make_client(listener, &client);
    hr = hr == S_OK ? enter(home, true, &copy, patience, client) : hr;
    return finish(hr, client, out);
}

/* ---- leaving ---- */

static void detach(struct slot_client *client)
{
    struct membership *in = client->in;
    for (struct slot_client **each = &in->clients; *each; each = &(*each)->next) {
        if (*each == client) {
            *each = client->next;
            in->client_count--;
            break;
        }
    }
    free(client);
}

static void leave_silently(struct slot_client *client)
{
    pthread_mutex_lock(&mutex);
    struct membership *in = client->in;
    detach(client);
    in->unreported++;
    if (in->client_count == 0 && in->forked) {
        free(in);
    } else if (in->client_count == 0 && !busy) {
        unlink_membership(in);
        membership_dispose(in);
    }
    pthread_mutex_unlock(&mutex);
}

/* The record without the client, and closed if it is to be. The lock is held; on failure the record is as it was. */
static HRESULT write_departure(struct membership *self, bool shared, bool *closing)
{
    HRESULT hr = membership_read(self);
    if (hr != S_OK) {
        return hr;
    }
    pthread_mutex_lock(&mutex);
    uint32_t clients = self->client_count;
    uint64_t unreported = self->unreported;
    pthread_mutex_unlock(&mutex);
    struct slot_header *header = &self->file.header;
    *closing = shared && !header->closed;
    header->closed |= shared;
    header->logoffs += unreported + 1;
    membership_set_clients(self, clients - 1);
    /* Where the record was destroyed, those who are not in it any more still look at it. */
    if (header->member_count > 0 || slot_lock_any_held(self->file.fd)) {
        hr = slot_file_write(&self->file, &self->place);
        if (hr != S_OK) {
            return hr;
        }
    }
    if (*closing || header->member_count == 0) {
        if (header->member_count == 0 && slot_file_is_linked(&self->file, &self->place)) {
            slot_place_sweep(&self->place);
        }
        slot_file_unlink(&self->file, &self->place);
    }
    pthread_mutex_lock(&mutex);
    self->unreported -= unreported;
    pthread_mutex_unlock(&mutex);
    return S_OK;
}

/* Within an operation. */
static HRESULT leave(struct slot_client *client, bool shared, int64_t deadline)
{
    struct membership *self = client->in;
    bool closing = false;
    HRESULT hr = slot_lock_take(self->file.fd, deadline);
    if (hr != S_OK) {
        return hr;
    }
    hr = write_departure(self, shared, &closing);
    slot_lock_drop(self->file.fd);
    if (hr != S_OK) {
        return hr;
    }
    pthread_mutex_lock(&mutex);
    detach(client);
    tell_all(self, &self->file.header);
    pthread_mutex_unlock(&mutex);
    membership_ring(self);
    return S_OK;
}

HRESULT slot_leave(struct slot_client *client, enum slot_leave how)
{
    bool shared = how == SLOT_LEAVE_SHARED;
    HRESULT hr = MAPI_E_TIMEOUT;
    pthread_mutex_lock(&mutex);
    bool forked = client->in->forked;
    pthread_mutex_unlock(&mutex);
    if (how != SLOT_LEAVE_SILENT && !forked) {
        const int64_t deadline = slot_lock_deadline(atomic_load(&patience_ms));
        hr = begin(deadline);
        if (hr == S_OK) {
            hr = leave(client, shared, deadline);
            end();
        }
    }
    if (hr == S_OK || (shared && !forked)) {
        return hr;
    }
    leave_silently(client);
    return S_OK;
}

/* ---- asking ---- */

bool slot_client_is_closed(struct slot_client *client)
{
    struct slot_header header;
    pthread_mutex_lock(&mutex);
    const struct membership *in = client->in;
    bool closed = in->seen.closed;
    if (!closed && !in->forked && slot_file_read_header(&in->file, &header)) {
        closed = header.closed && memcmp(header.generation, in->seen.generation, SLOT_GENERATION_SIZE) == 0;
    }
    pthread_mutex_unlock(&mutex);
    return closed;
}

HRESULT slot_client_others(struct slot_client *client, ULONG *count)
{
    *count = 0;
    pthread_mutex_lock(&mutex);
    const struct membership *in = client->in;
    struct slot_file view = {.fd = in->file.fd}; /* a reader without the lock has a view of his own */
    uint64_t sum = in->client_count - 1;
    HRESULT hr = in->forked ? MAPI_E_CORRUPT_DATA : slot_file_read(&view);
    for (uint32_t i = 0; hr == S_OK && i < view.header.member_count; i++) {
        const struct slot_member *member = &view.members[i];
        if (member->id != in->id && slot_lock_held(view.fd, member->lock)) {
            sum += member->clients;
        }
    }
    pthread_mutex_unlock(&mutex);
    free(view.members);
    *count = sum > UINT32_MAX ? UINT32_MAX : (ULONG)sum;
    return hr == MAPI_E_CORRUPT_DATA ? S_OK : hr;
}
