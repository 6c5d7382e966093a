/* Shared by the files that make up IProfSect. */
#ifndef CORE_PROFSECT_PRIVATE_H
#define CORE_PROFSECT_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/object.h"
#include "core/last_error.h"
#include "core/profsect.h"

struct loose_section {
    atomic_uint refs;
    pthread_mutex_t lock;
    struct section section;
    bool settled;
};

/* One open section. It keeps no properties: every call reads and writes the profile, because sections are not
 * transacted (iprofsectimapiprop.md).
 */
struct profsect {
    struct object object;
    struct lifeline *life;
    bool life_is_callers;
    bool writable;
    struct profile *profile;
    struct loose_section *loose;
    MAPIUID uid;
    pthread_mutex_t error_lock;
    struct last_error error;
    struct profsect *next; /* open ones that exclude others; guarded by the claims' lock */
    bool claims;
};

extern const IProfSectVtbl profsect_vtbl;
extern const struct object_type profsect_type;

/* The frame of every method: MAPI_E_INVALID_OBJECT after the end; leave remembers a failure and returns hr. */
HRESULT profsect_enter(struct profsect *self);
HRESULT profsect_leave(struct profsect *self, HRESULT hr);

/* The section as it is now, for section_clear; MAPI_E_OBJECT_DELETED when it has gone. */
HRESULT profsect_load(struct profsect *self, struct section *out);

/* Changes the section in one transaction: `change` edits the properties; unless it answers S_OK nothing is written. */
HRESULT profsect_change(struct profsect *self, HRESULT (*change)(void *context, struct prop_bag *props), void *context);

/* IMAPIProp::OpenProperty (profsect_stream.c), within enter and leave. */
HRESULT profsect_open_property(struct profsect *self, ULONG tag, LPCIID iid, ULONG options, ULONG flags,
                               LPUNKNOWN *out);

/* Properties that are not kept but computed: PR_OBJECT_TYPE, PR_PROFILE_NAME. */
bool profsect_is_computed(ULONG tag);

#endif
