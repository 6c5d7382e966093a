/* Who is to be told of changes, and the telling (iolkaccountmanager-advise.md, iolkaccountnotify.md).
 *
 * The queue is the log of changes in the profile database: it is bounded, all processes have the same one, and it
 * holds what was committed. A manager remembers how far into it its clients have been told, and nothing else; one
 * whose clients are never told anything costs no memory. PREDELETED comes before DELETED, and both after the deletion
 * has been committed: until then nobody can know that it will be. / */
#include <stdlib.h>

#include "account/account_manager.h"
#include "base/failure.h"

enum { BATCH = 64 };

/* ---- clients ---- */

static HRESULT make_room(struct manager *self)
{
    if (self->sink_count < self->sink_capacity)
        return S_OK;
    size_t capacity = self->sink_capacity == 0 ? 4 : self->sink_capacity * 2;
    struct sink *sinks = realloc(self->sinks, capacity * sizeof *sinks);
    if (sinks == NULL)
        return fail(E_OUTOFMEMORY, "There is not enough memory for one more client of the account manager.");
    self->sinks = sinks;
    self->sink_capacity = capacity;
    return S_OK;
}

HRESULT manager_advise(struct manager *self, IOlkAccountNotify *notify, DWORD *cookie)
{
    uint64_t since = 0;
    HRESULT hr = account_store_last_change(self->profile, &since);
    if (hr != S_OK)
        return hr;
    notify->lpVtbl->AddRef(notify);
    fork_mutex_lock(&self->link->lock);
    hr = make_room(self);
    if (hr == S_OK && self->last_cookie == UINT32_MAX)
        hr = fail(MAPI_E_NOT_ENOUGH_RESOURCES, "The account manager has given out all its cookies; make another one.");
    if (hr == S_OK) {
        if (self->sink_count == 0)
            self->delivered = since;
        *cookie = ++self->last_cookie;
        self->sinks[self->sink_count++] = (struct sink){*cookie, since, notify};
    }
    fork_mutex_unlock(&self->link->lock);
    if (hr != S_OK)
        notify->lpVtbl->Release(notify);
    return hr;
}

HRESULT manager_unadvise(struct manager *self, DWORD cookie)
{
    IOlkAccountNotify *notify = NULL;
    fork_mutex_lock(&self->link->lock);
    size_t at = 0;
    while (at < self->sink_count && self->sinks[at].cookie != cookie)
        at++;
    if (at < self->sink_count) {
        notify = self->sinks[at].notify;
        self->sink_count--;
        for (; at < self->sink_count; at++)
            self->sinks[at] = self->sinks[at + 1];
    }
    fork_mutex_unlock(&self->link->lock);
    if (notify == NULL)
        return fail(E_INVALIDARG, "Nobody is registered under the cookie %lu.", (unsigned long)cookie);
    notify->lpVtbl->Release(notify);
    return S_OK;
}

void manager_unadvise_all(struct manager *self)
{
    for (size_t i = 0; i < self->sink_count; i++)
        self->sinks[i].notify->lpVtbl->Release(self->sinks[i].notify);
    free(self->sinks);
    self->sinks = NULL;
    self->sink_count = self->sink_capacity = 0;
}

/* ---- telling ---- */

/* The first client that has not been told of a change; where there is none, the change is done with. The lock is held. */
static size_t find_untold(struct manager *self, const struct account_change *change)
{
    if (self->telling != change->number)
        self->told = 0;
    self->telling = change->number;
    size_t at = 0;
    while (at < self->sink_count && (self->sinks[at].cookie <= self->told || self->sinks[at].since >= change->number))
        at++;
    if (at == self->sink_count)
        self->delivered = change->number;
    return at;
}

/* The next client to be told of a change, with a reference, or NULL when all have been. */
static IOlkAccountNotify *next_client(struct manager *self, const struct account_change *change)
{
    IOlkAccountNotify *notify = NULL;
    fork_mutex_lock(&self->link->lock);
    size_t at = find_untold(self, change);
    if (at < self->sink_count) {
        notify = self->sinks[at].notify;
        notify->lpVtbl->AddRef(notify);
        self->told = self->sinks[at].cookie;
    }
    fork_mutex_unlock(&self->link->lock);
    return notify;
}

static bool all_told(struct manager *self, const struct account_change *change)
{
    fork_mutex_lock(&self->link->lock);
    bool all = find_untold(self, change) == self->sink_count;
    fork_mutex_unlock(&self->link->lock);
    return all;
}

/* Tells all who have not been told yet, as far as `max` allows (0: no limit). False when somebody is left. */
static bool tell(struct manager *self, const struct account_change *change, ULONG max, ULONG *delivered)
{
    for (;;) {
        if (max != 0 && *delivered == max)
            return all_told(self, change);
        IOlkAccountNotify *notify = next_client(self, change);
        if (notify == NULL)
            return true;
        ++*delivered;
        notify->lpVtbl->Notify(notify, change->kind, change->id, OLK_ACCOUNT_NO_FLAGS);
        notify->lpVtbl->Release(notify);
    }
}

/* Where delivery stands; false when it is not wanted, or is under way further up the stack or on another thread. */
static bool begin_delivery(struct manager *self, uint64_t *delivered)
{
    fork_mutex_lock(&self->link->lock);
    bool begun = !self->delivering && self->sink_count > 0 && !(self->flags & ACCT_INIT_NO_NOTIFICATIONS);
    if (begun)
        self->delivering = true;
    *delivered = self->delivered;
    fork_mutex_unlock(&self->link->lock);
    return begun;
}

static void end_delivery(struct manager *self)
{
    fork_mutex_lock(&self->link->lock);
    self->delivering = false;
    fork_mutex_unlock(&self->link->lock);
}

/* The log has begun anew (the profile database was replaced): what was before it counts for nothing. */
static void begin_anew(struct manager *self)
{
    fork_mutex_lock(&self->link->lock);
    for (size_t i = 0; i < self->sink_count; i++)
        self->sinks[i].since = 0;
    fork_mutex_unlock(&self->link->lock);
}

/* In place of changes that are no longer known. While some clients have been told to read anew and others not yet, more
 * changes may come: it stays the same occasion then, or those who come last would never have their turn. */
static void tell_to_reload(struct manager *self, uint64_t last, ULONG max, ULONG *delivered)
{
    struct account_change reload = {last, NOTIFY_ACCT_ORDER_CHANGED, 0};
    fork_mutex_lock(&self->link->lock);
    if (self->told != 0 && self->telling == self->reload && self->delivered != self->reload)
        reload.number = self->reload;
    self->reload = reload.number;
    fork_mutex_unlock(&self->link->lock);
    tell(self, &reload, max, delivered);
}

/* Goes as far as the log did when delivery began: clients that change accounts whenever they are told of a change
 * come to an end. */
static HRESULT deliver(struct manager *self, uint64_t done, ULONG max, ULONG *delivered)
{
    struct account_change changes[BATCH];
    size_t room = max != 0 && max < BATCH ? max : BATCH;
    uint64_t goal = 0;
    for (bool first = true; first || done < goal; first = false) {
        size_t count = 0;
        uint64_t last = 0;
        bool missed = false;
        HRESULT hr = account_store_changes(self->profile, done, room, changes, &count, &last, &missed);
        if (hr != S_OK)
            return hr;
        if (missed) {
            if (last < done)
                begin_anew(self);
            tell_to_reload(self, last, max, delivered);
            return S_OK;
        }
        goal = first ? last : goal;
        for (size_t i = 0; i < count && changes[i].number <= goal; i++) {
            if (!tell(self, &changes[i], max, delivered))
                return S_OK;
            done = changes[i].number;
        }
    }
    return S_OK;
}

HRESULT manager_dispatch(struct manager *self, ULONG max, ULONG *delivered)
{
    ULONG count = 0;
    uint64_t done = 0;
    HRESULT hr = S_OK;
    object_addref(&self->object); /* a client may drop the last one while it is told something */
    if (begin_delivery(self, &done)) {
        hr = deliver(self, done, max, &count);
        end_delivery(self);
    }
    if (delivered != NULL)
        *delivered = count;
    object_release(&self->object);
    return hr;
}

HRESULT manager_pending(struct manager *self, ULONG *waiting)
{
    uint64_t last = 0;
    *waiting = 0;
    fork_mutex_lock(&self->link->lock);
    uint64_t done = self->delivered;
    bool wanted = self->sink_count > 0 && !(self->flags & ACCT_INIT_NO_NOTIFICATIONS);
    fork_mutex_unlock(&self->link->lock);
    if (!wanted)
        return S_OK;
    HRESULT hr = account_store_last_change(self->profile, &last);
    if (hr != S_OK || last == done)
        return hr;
    *waiting = last > done && last - done <= OLK_CHANGES_KEPT ? (ULONG)(last - done) : 1;
    return S_OK;
}
