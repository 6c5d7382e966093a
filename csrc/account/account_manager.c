/* The life of an account manager: created, ready, over (iolkaccountmanager.md; decisions H14, H15, H18). */
#include "account/account_manager.h"

#include <stdio.h>
#include <stdlib.h>

#include "account/account_object.h"
#include "base/failure.h"
#include "base/lifeline.h"
#include "core/text.h"

/* ---- the link ---- */

static struct manager_link *link_new(struct manager *manager)
{
    struct manager_link *link = malloc(sizeof *link);
    if (link == NULL)
        return NULL;
    if (fork_mutex_init(&link->lock) != 0) {
        free(link);
        return NULL;
    }
    atomic_init(&link->refs, 1);
    link->generation = fork_generation();
    link->manager = manager;
    return link;
}

struct manager_link *manager_link_ref(struct manager_link *link)
{
    atomic_fetch_add_explicit(&link->refs, 1, memory_order_relaxed);
    return link;
}

void manager_link_unref(struct manager_link *link)
{
    if (atomic_fetch_sub_explicit(&link->refs, 1, memory_order_acq_rel) != 1)
        return;
    fork_mutex_destroy(&link->lock);
    free(link);
}

bool manager_link_inherited(const struct manager_link *link)
{
    return link->generation != fork_generation();
}

struct manager *manager_link_acquire(struct manager_link *link)
{
    fork_mutex_lock(&link->lock);
    struct manager *manager = link->manager;
    if (manager != NULL) {
        /* Its last reference may be going on another thread: whoever would take the count from 0 comes too late. */
        unsigned refs = atomic_load(&manager->object.refs);
        while (refs > 0 && !atomic_compare_exchange_weak(&manager->object.refs, &refs, refs + 1))
            continue;
        if (refs == 0)
            manager = NULL;
    }
    fork_mutex_unlock(&link->lock);
    return manager;
}

void manager_release(struct manager *manager)
{
    object_release(&manager->object);
}

/* ---- what every method needs ---- */

struct manager *manager_of(IOlkAccountManager *This)
{
    return (struct manager *)(void *)This;
}

static HRESULT of_parent(void)
{
    return fail(E_OLK_NOT_INITIALIZED,
                "The account manager is the one of the process that this one was forked from; make another one.");
}

HRESULT manager_check(struct manager *self)
{
    if (lifeline_all_ended())
        return lifeline_over();
    if (manager_link_inherited(self->link))
        return of_parent();
    if (atomic_load_explicit(&self->state, memory_order_acquire) == MANAGER_READY)
        return S_OK;
    return fail(E_OLK_NOT_INITIALIZED, "The account manager is not ready: call Init first.");
}

HRESULT manager_leave(struct manager *self, HRESULT hr)
{
    if (FAILED(hr))
        return hr; /* nothing has changed, and the sentence is to stay */
    fork_mutex_lock(&self->link->lock);
    bool tell = !self->manual && !self->delivering && self->sink_count > 0;
    fork_mutex_unlock(&self->link->lock);
    if (tell) {
        HRESULT told = manager_dispatch(self, 0, NULL);
        (void)told; /* what could not be read now is told next time */
    }
    return hr;
}

void manager_warn(struct manager *self, HRESULT hr, const char *sentence)
{
    fork_mutex_lock(&self->link->lock);
    struct olk_host host = self->host;
    fork_mutex_unlock(&self->link->lock);
    fail(hr, "%s", sentence);
    if (host.warn != NULL)
        host.warn(host.context, sentence);
}

HRESULT manager_session(struct manager *self, IMAPISession **out)
{
    LPUNKNOWN unknown = NULL;
    *out = NULL;
    HRESULT hr = self->helper->lpVtbl->GetMapiSession(self->helper, &unknown);
    if (FAILED(hr) && failure_detail(hr) == NULL)
        return fail(hr, "The account helper has no session to lend (0x%08lX).", (unsigned long)(ULONG)hr);
    if (FAILED(hr))
        return hr;
    if (unknown == NULL)
        return fail(MAPI_E_NOT_FOUND, "The account helper has no session to lend.");
    atomic_store(&self->used_session, true);
    hr = unknown->lpVtbl->QueryInterface(unknown, &IID_IMAPISession, (void **)out);
    unknown->lpVtbl->Release(unknown);
    if (SUCCEEDED(hr) && *out != NULL)
        return S_OK;
    *out = NULL;
    return fail(FAILED(hr) ? hr : E_NOINTERFACE, "What the account helper lends is no session, or one that has ended.");
}

/* ---- Init ---- */

/* Room for every name that a profile can have, its NUL, and one more for helpers that do not count the NUL. */
enum { USUAL_CHARACTERS = PROFILE_NAME_UNITS + 2, MOST_CHARACTERS = 0x10000, MOST_QUESTIONS = 4 };

/* GetIdentity says how long the name is where it does not fit, and is then asked again. Helpers are known that leave
 * the NUL out of the count on both ways (H10): the buffer is one larger than we say, and full of NULs. */
static HRESULT ask_identity(IOlkAccountHelper *helper, WCHAR **name)
{
    DWORD capacity = USUAL_CHARACTERS;
    for (int question = 1;; question++) {
        DWORD count = capacity;
        WCHAR *buffer = calloc((size_t)capacity + 2, sizeof *buffer);
        if (buffer == NULL)
            return fail(E_OUTOFMEMORY, "There is not enough memory for the profile's name.");
        HRESULT hr = helper->lpVtbl->GetIdentity(helper, buffer, &count);
        if (SUCCEEDED(hr) && *buffer != 0) {
            buffer[capacity] = 0;
            *name = buffer;
            return S_OK;
        }
        free(buffer);
        if (SUCCEEDED(hr))
            return fail(E_OLK_REGISTRY, "The account helper names a profile without a name.");
        if (hr != E_OUTOFMEMORY || count < capacity || count > MOST_CHARACTERS || question == MOST_QUESTIONS)
            return fail(E_OLK_REGISTRY, "The account helper does not say which profile it is about (0x%08lX).",
                        (unsigned long)(ULONG)hr);
        capacity = count + 1;
    }
}

static HRESULT open_profile(IOlkAccountHelper *helper, struct profile **profile)
{
    WCHAR *wide = NULL;
    struct profile_name name;
    HRESULT hr = ask_identity(helper, &wide);
    if (hr != S_OK)
        return hr;
    bool given = profile_name_read(wide, true, &name) == PROFILE_NAME_GIVEN;
    free(wide);
    if (!given)
        return fail(E_OLK_REGISTRY, "What the account helper names cannot be the name of a profile.");
    return profile_acquire(name.text, profile);
}

/* Undoes what a manager has, in the order of H14. Its clients and accounts have been dropped. */
static void let_go(struct manager *self)
{
    bool inherited =
        manager_link_inherited(self->link); /* then the session, and the profile's user, are the parent's */
    if (atomic_load(&self->used_session) && !inherited) {
        HRESULT hr = self->helper->lpVtbl->HandsOffSession(self->helper);
        if (hr != S_OK && hr != E_NOTIMPL) /* H15 */
            manager_warn(self, hr,
                         "An account helper answered HandsOffSession with another code than S_OK and E_NOTIMPL.");
        atomic_store(&self->used_session, false);
    }
    if (self->helper != NULL)
        self->helper->lpVtbl->Release(self->helper);
    self->helper = NULL;
    if (self->profile != NULL && inherited)
        profile_unref(self->profile);
    else if (self->profile != NULL)
        profile_let_go(self->profile, false);
    self->profile = NULL;
}

/* Whatever keeps the accounts from being used is E_OLK_REGISTRY to the client (iolkaccountmanager-init.md), with the
 * sentence that tells what it was. */
static HRESULT begin_failure(HRESULT hr)
{
    if (hr == S_OK || hr == E_OUTOFMEMORY || hr == E_OLK_REGISTRY)
        return hr;
    const char *why = failure_detail(hr);
    if (why != NULL)
        return fail(E_OLK_REGISTRY, "%s", why);
    return fail(E_OLK_REGISTRY, "The accounts of the profile cannot be used (0x%08lX).", (unsigned long)(ULONG)hr);
}

static HRESULT begin(struct manager *self, IOlkAccountHelper *helper, DWORD flags)
{
    self->helper = helper;
    self->flags = flags;
    helper->lpVtbl->AddRef(helper);
    HRESULT hr = open_profile(helper, &self->profile);
    if (hr == S_OK && !(flags & ACCT_INIT_NOSYNCH_MAPI_ACCTS))
        hr = manager_sync(self);
    return begin_failure(hr);
}

HRESULT manager_init(struct manager *self, IOlkAccountHelper *helper, DWORD flags)
{
    const DWORD known = ACCT_INIT_NOSYNCH_MAPI_ACCTS | ACCT_INIT_NO_STORES_CHECK | ACCT_INIT_NO_NOTIFICATIONS;
    int state = atomic_load(&self->state);
    if (manager_link_inherited(self->link))
        return of_parent();
    if (state != MANAGER_CREATED)
        return fail(E_OLK_ALREADY_INITIALIZED, "The account manager has been initialised already.");
    if (helper == NULL)
        return fail(E_INVALIDARG, "Init needs an account helper."); /* H18 */
    if (flags & ~known)
        return fail(E_INVALIDARG, "Init does not know the flags 0x%08lX.", (unsigned long)(flags & ~known));
    if (!atomic_compare_exchange_strong(&self->state, &state, MANAGER_BEGINNING))
        return fail(E_OLK_ALREADY_INITIALIZED, "The account manager is being initialised by another thread.");
    object_addref(&self->object); /* the helper is called: it may do anything */
    HRESULT hr = begin(self, helper, flags);
    if (hr != S_OK) {
        char sentence[FAILURE_LENGTH];
        const char *why = failure_detail(hr);
        snprintf(sentence, sizeof sentence, "%s", why != NULL ? why : "The account manager could not be initialised.");
        let_go(self); /* H18: it stays created, and may be initialised another time */
        fail(hr, "%s", sentence);
    }
    atomic_store_explicit(&self->state, hr == S_OK ? MANAGER_READY : MANAGER_CREATED, memory_order_release);
    object_release(&self->object);
    return hr;
}

/* ---- the object ---- */

/* H14: registrations, accounts, what came from the session (nothing is ever kept), the session, the helper. */
static void destroy(struct object *object)
{
    struct manager *self = (struct manager *)object;
    fork_mutex_lock(&self->link->lock);
    self->link->manager = NULL;
    for (struct account *each = self->edited; each != NULL; each = each->next)
        each->listed = false;
    self->edited = NULL;
    fork_mutex_unlock(&self->link->lock);
    manager_unadvise_all(self);
    let_go(self);
    manager_link_unref(self->link);
    object_retire(object);
    free(self);
}

static HRESULT query(struct object *object, REFIID iid, void **out)
{
    if (!IsEqualIID(iid, &IID_IOlkAccountManagerEmbedded))
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    object_addref(object);
    *out = &((struct manager *)object)->embedded;
    return S_OK;
}

static const GUID *const iids[] = {&IID_IOlkAccountManager, &IID_IOlkErrorUnknown, NULL};

static const struct object_type type = {
    .kind = OBJECT_ACCOUNT_MANAGER,
    .iids = iids,
    .destroy = destroy,
    .query = query,
};

HRESULT OlkCreateAccountManager(IOlkAccountManager **manager)
{
    if (manager == NULL)
        return fail(E_INVALIDARG, "An account manager needs a place to go.");
    *manager = NULL;
    struct manager *self = calloc(1, sizeof *self);
    struct manager_link *link = self != NULL ? link_new(self) : NULL;
    if (link == NULL) {
        free(self);
        return fail(E_OUTOFMEMORY, "There is not enough memory for an account manager.");
    }
    self->link = link;
    self->embedded.lpVtbl = &manager_embedded_vtbl;
    atomic_init(&self->state, MANAGER_CREATED);
    atomic_init(&self->used_session, false);
    object_init(&self->object, &type, &manager_vtbl);
    *manager = (IOlkAccountManager *)(void *)self;
    return S_OK;
}
