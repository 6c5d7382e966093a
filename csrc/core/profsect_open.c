/* Opening profile sections: which there are, who may, and how long they exclude others. */
#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"
#include "core/profile_database.h"
#include "core/profsect_private.h"
#include "core/section_locks.h"

static pthread_mutex_t claims_lock = PTHREAD_MUTEX_INITIALIZER;
static struct profsect *open_sections; /* those that claim */

static bool is_same(const struct profsect *a, const struct profsect *b)
{
    return uid_equal(&a->uid, &b->uid) && a->profile->id == b->profile->id &&
           a->profile->generation == b->profile->generation;
}

/* What is open of the same profiles.db is locked again in the file that took the place of the other. Where another
 * process has been quicker, this one keeps its section as well: it had it first. Claims' lock held. */
static void follow_lock_file(unsigned generation)
{
    if (!section_locks_close_if_replaced()) {
        return;
    }
    for (const struct profsect *each = open_sections; each; each = each->next) {
        if (!each->loose && each->profile->generation == generation) {
            section_lock(each->profile->id, &each->uid, each->writable);
        }
    }
}

/* Readers exclude a writer, a writer everybody, in this process and in others. An object whose session has ended claims
 * nothing any more, even where its client has not released it.
 */
static bool claim(struct profsect *self)
{
    bool free_to_open = true;
    pthread_mutex_lock(&claims_lock);
    follow_lock_file(self->profile->generation);
    for (const struct profsect *other = open_sections; other && free_to_open; other = other->next) {
        free_to_open = !is_same(self, other) || (other->life && lifeline_ended(other->life)) ||
                       (!self->writable && !other->writable);
    }
    if (free_to_open) {
        free_to_open = self->loose || section_lock(self->profile->id, &self->uid, self->writable);
    }
    if (free_to_open) {
        self->next = open_sections;
        open_sections = self;
        self->claims = true;
    }
    pthread_mutex_unlock(&claims_lock);
    return free_to_open;
}

/* Claims' lock held. */
static void give_up(struct profsect **link)
{
    struct profsect *self = *link;
    *link = self->next;
    self->claims = false;
    const struct profsect *other = open_sections;
    while (other && !is_same(self, other)) {
        other = other->next;
    }
    if (!other && !self->loose) {
        section_unlock(self->profile->id, &self->uid);
    }
}

static void give_up_claim(struct profsect *self)
{
    pthread_mutex_lock(&claims_lock);
    struct profsect **link = &open_sections;
    while (*link && *link != self) {
        link = &(*link)->next;
    }
    if (*link) {
        give_up(link);
    }
    pthread_mutex_unlock(&claims_lock);
}

void profsect_end(const struct lifeline *life)
{
    pthread_mutex_lock(&claims_lock);
    for (struct profsect **link = &open_sections; *link;) {
        if ((*link)->life == life) {
            give_up(link);
        } else {
            link = &(*link)->next;
        }
    }
    pthread_mutex_unlock(&claims_lock);
}

void profsect_forget_locks(void)
{
    pthread_mutex_lock(&claims_lock);
    section_locks_close();
    pthread_mutex_unlock(&claims_lock);
}

static void before_fork(void)
{
    pthread_mutex_lock(&claims_lock); /* no leaf: home.h is asked with it held */
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&claims_lock);
}

/* What the parent has open is no concern of the child's objects; its locks are. */
static void after_fork_in_child(void)
{
    section_locks_close();
    while (open_sections) {
        open_sections->claims = false;
        open_sections = open_sections->next;
    }
    pthread_mutex_unlock(&claims_lock);
}

static HRESULT prepare_fork(void)
{
    static const struct fork_hooks hooks = {FORK_RANK_SESSIONS + 1, before_fork, after_fork_in_parent,
                                            after_fork_in_child};
    return fork_hooks_add(&hooks);
}

static void destroy(struct object *object)
{
    struct profsect *self = (struct profsect *)object;
    give_up_claim(self);
    object_retire(object);
    profile_unref(self->profile);
    loose_section_unref(self->loose);
    lifeline_unref(self->life);
    last_error_clear(&self->error);
    pthread_mutex_destroy(&self->error_lock);
    free(self);
}

static struct lifeline *lifeline_of(struct object *object)
{
    return ((struct profsect *)object)->life;
}

static const GUID *const iids[] = {&IID_IProfSect, &IID_IMAPIProp, NULL};

const struct object_type profsect_type = {
    .kind = OBJECT_PROFILE_SECTION,
    .iids = iids,
    .destroy = destroy,
    .lifeline = lifeline_of,
};

static struct profsect *make(const struct profsect_request *request)
{
    struct profsect *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    pthread_mutex_init(&self->error_lock, NULL);
    self->life = lifeline_ref(request->life);
    self->life_is_callers = request->life_is_callers;
    self->writable = (request->flags & MAPI_MODIFY) != 0;
    self->profile = profile_ref(request->profile);
    self->loose = loose_section_ref(request->loose);
    self->uid = *request->uid;
    object_init(&self->object, &profsect_type, &profsect_vtbl);
    return self;
}

static HRESULT check_arguments(const struct profsect_request *request)
{
    const ULONG known =
        MAPI_MODIFY | MAPI_DEFERRED_ERRORS | (request->opener == PROFSECT_PROVIDER ? 0 : MAPI_FORCE_ACCESS);
    if (!request->uid) {
        return fail(MAPI_E_INVALID_PARAMETER, "OpenProfileSection needs the identifier of a section.");
    }
    if (request->flags & ~known) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "OpenProfileSection does not know the flags 0x%08x.",
                    (unsigned)(request->flags & ~known));
    }
    if (request->iid && !IsEqualIID(request->iid, &IID_IProfSect) && !IsEqualIID(request->iid, &IID_IMAPIProp) &&
        !IsEqualIID(request->iid, &IID_IUnknown)) {
        return fail(MAPI_E_INTERFACE_NOT_SUPPORTED, "A profile section offers IProfSect and IMAPIProp only.");
    }
    return S_OK;
}

/* Whether this opener may have this section this way. */
static HRESULT check_access(const struct profsect_request *request, enum section_kind kind)
{
    bool write = request->flags & MAPI_MODIFY;
    if (write && uid_equal(request->uid, &MUID_PROFILE_INSTANCE)) {
        return fail(MAPI_E_NO_ACCESS, "The section that identifies the profile cannot be changed.");
    }
    if (request->opener == PROFSECT_PROVIDER || kind != SECTION_PROVIDER) {
        return S_OK;
    }
    if (!(request->flags & MAPI_FORCE_ACCESS)) {
        return fail(MAPI_E_NO_ACCESS,
                    "The section belongs to a service provider; MAPI_FORCE_ACCESS opens it all the same.");
    }
    if (write && request->opener == PROFSECT_PROVIDER_ADMIN) {
        return fail(MAPI_E_NO_ACCESS, "Clients cannot change a provider's section here; IMsgServiceAdmin can.");
    }
    return S_OK;
}

/* Sections that every profile has although nothing is kept in them. */
static bool is_virtual(const MAPIUID *uid)
{
    return uid_equal(uid, &muidGlobalProfileSection);
}

/* Makes sure that the section is there, making it where that is asked for. Database entered. */
static HRESULT find_or_add(struct database *db, const struct profsect_request *request)
{
    struct section section = {0};
    int64_t id = 0;
    HRESULT hr = profile_row(db, request->profile, &id);
    if (hr != S_OK) {
        return hr;
    }
    hr = section_load(db, id, request->uid, &section);
    if (hr == S_OK) {
        hr = check_access(request, section.kind);
        section_clear(&section);
        return hr;
    }
    if (hr != MAPI_E_NOT_FOUND || request->loose) {
        return request->loose && hr == MAPI_E_NOT_FOUND ? S_OK : hr;
    }
    if (!(request->flags & MAPI_MODIFY)) {
        return is_virtual(request->uid) ? S_OK
                                        : fail(hr, "The profile '%s' has no such section.", request->profile->name);
    }
    hr = check_access(request, SECTION_PLAIN);
    if (hr == S_OK) {
        section = (struct section){.uid = *request->uid, .kind = SECTION_PLAIN};
        hr = section_add(db, id, &section);
    }
    return hr;
}

HRESULT profsect_open(const struct profsect_request *request, LPPROFSECT *out)
{
    if (!out) {
        return fail(MAPI_E_INVALID_PARAMETER, "OpenProfileSection needs a place for its result.");
    }
    *out = NULL;
    HRESULT hr = check_arguments(request);
    hr = hr == S_OK ? prepare_fork() : hr;
    struct profsect *self = NULL;
    if (hr == S_OK) {
        self = make(request);
        hr = self ? S_OK : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a profile section.");
    }
    if (hr != S_OK) {
        return hr;
    }
    struct database *db;
    hr = profile_database_enter(&db);
    if (hr == S_OK) {
        /* Before a missing section is made: it may be that somebody has it open who has just deleted it. */
        if (request->opener != PROFSECT_PROVIDER && !claim(self)) {
            hr = fail(MAPI_E_NO_ACCESS, self->writable
                                            ? "The profile section is open elsewhere and cannot be opened for writing."
                                            : "The profile section is open for writing elsewhere.");
        }
        if (hr == S_OK) {
            hr = find_or_add(db, request);
        }
        profile_database_leave();
    }
    if (hr != S_OK) {
        object_release(&self->object);
        return hr;
    }
    *out = (LPPROFSECT)(void *)self;
    return S_OK;
}
