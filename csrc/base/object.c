/* base/object.c - see base/object.h. */
#include "base/object.h"

#include <stddef.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>

#include "base/lifeline.h"

static atomic_uint live[OBJECT_KIND_COUNT];

static const char *const kind_names[OBJECT_KIND_COUNT] = {
    [OBJECT_SESSION] = "session",
    [OBJECT_STORE] = "store",
    [OBJECT_FOLDER] = "folder",
    [OBJECT_MESSAGE] = "message",
    [OBJECT_ATTACHMENT] = "attachment",
    [OBJECT_TABLE] = "table",
    [OBJECT_STREAM] = "stream",
    [OBJECT_PROFILE_SECTION] = "profile_section",
    [OBJECT_ADMIN] = "admin",
    [OBJECT_HELPER] = "helper",
    [OBJECT_PROVIDER] = "provider",
    [OBJECT_SUPPORT] = "support",
    [OBJECT_ACCOUNT_MANAGER] = "account_manager",
    [OBJECT_ACCOUNT] = "account",
    [OBJECT_ACCOUNT_ENUM] = "account_enum",
    [OBJECT_STATUS] = "status",
};

void object_init(struct object *self, const struct object_type *type, const void *vtbl)
{
    self->vtbl = vtbl;
    self->type = type;
    atomic_init(&self->refs, 1);
    atomic_fetch_add_explicit(&live[type->kind], 1, memory_order_relaxed);
}

void object_retire(struct object *self)
{
    atomic_fetch_sub_explicit(&live[self->type->kind], 1, memory_order_relaxed);
}

static bool same_guid(const GUID *left, const GUID *right)
{
    return left == right || memcmp(left, right, sizeof *left) == 0;
}

static bool names_interface(const struct object_type *type, REFIID iid)
{
    for (const GUID *const *each = type->iids; each != NULL && *each != NULL; each++)
        if (same_guid(*each, iid))
            return true;
    return false;
}

static bool has_ended(struct object *self)
{
    const struct lifeline *life = self->type->lifeline != NULL ? self->type->lifeline(self) : NULL;
    return life != NULL && lifeline_ended(life);
}

HRESULT object_query(struct object *self, REFIID iid, void **out)
{
    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *out = NULL;
    if (iid == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if (same_guid(iid, &IID_IUnknown) || (names_interface(self->type, iid) && !has_ended(self))) {
        object_addref(self);
        *out = self;
        return S_OK;
    }
    if (self->type->query != NULL && !has_ended(self)) {
        void *found = NULL;
        HRESULT hr = self->type->query(self, iid, &found);
        if (hr >= 0 && found != NULL) {
            *out = found;
            return hr;
        }
    }
    return MAPI_E_INTERFACE_NOT_SUPPORTED;
}

ULONG object_addref(struct object *self)
{
    /* Whoever adds a reference already has one, so nothing needs to be ordered. */
    return atomic_fetch_add_explicit(&self->refs, 1, memory_order_relaxed) + 1;
}

ULONG object_release(struct object *self)
{
    /* Release: what this thread did to the object is done before the count falls. Acquire: the thread that destroys
     * the object sees what all the others did to it. */
    ULONG left = atomic_fetch_sub_explicit(&self->refs, 1, memory_order_acq_rel) - 1;
    if (left == 0)
        self->type->destroy(self);
    return left;
}

ULONG object_live(enum object_kind kind)
{
    if ((unsigned)kind >= OBJECT_KIND_COUNT)
        return 0;
    return atomic_load_explicit(&live[kind], memory_order_relaxed);
}

const char *object_kind_name(enum object_kind kind)
{
    return (unsigned)kind < OBJECT_KIND_COUNT ? kind_names[kind] : NULL;
}
