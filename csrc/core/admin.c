#include "core/admin.h"

#include <stdlib.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/process.h"

HRESULT admin_create(const struct object_type *type, const void *vtbl, struct profile *profile, struct lifeline *life,
                     struct admin **out)
{
    struct admin *self = calloc(1, sizeof *self);
    struct lifeline *own = life ? lifeline_ref(life) : lifeline_create();
    *out = NULL;
    if (!self || !own) {
        free(self);
        lifeline_unref(own);
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for an administration object.");
    }
    self->life = own;
    self->profile = profile ? profile_ref(profile) : NULL;
    object_init(&self->object, type, vtbl);
    *out = self;
    return S_OK;
}

void admin_destroy(struct object *object)
{
    struct admin *self = (struct admin *)object;
    object_retire(object);
    last_error_clear(&self->error);
    profile_unref(self->profile);
    lifeline_unref(self->life);
    free(self);
}

struct lifeline *admin_lifeline(struct object *object)
{
    return ((struct admin *)object)->life;
}

HRESULT admin_enter(void *This)
{
    HRESULT hr = process_check();
    return hr == S_OK ? lifeline_enter(((struct admin *)This)->life) : hr;
}

HRESULT admin_leave(void *This, HRESULT hr)
{
    struct admin *self = This;
    if (hr != S_OK && !self->error_is_new) {
        last_error_set(&self->error, hr);
    }
    self->error_is_new = false;
    lifeline_leave(self->life);
    return hr;
}

HRESULT admin_get_last_error(void *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    struct admin *self = This;
    if (out) {
        *out = NULL;
    }
    HRESULT hr = admin_enter(self);
    if (hr == S_OK) {
        hr = last_error_get(&self->error, result, flags, out);
        lifeline_leave(self->life);
    }
    return hr;
}

HRESULT admin_check_flags(const char *method, ULONG flags, ULONG known)
{
    return flags & ~known
               ? fail(MAPI_E_UNKNOWN_FLAGS, "%s does not know the flags 0x%08x.", method, (unsigned)(flags & ~known))
               : S_OK;
}
