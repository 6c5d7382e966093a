/* How a session gets its place in the shared slot (slot.h), and what it hears from there. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/home.h"
#include "core/notify_queue.h"
#include "core/session.h"
#include "core/slot.h"

/* The client's listener: a queue's business, so it can be called with the slot's lock held. */
static void pass_on(void *context, const struct slot_news *news)
{
    notify_set_post_session(context, news->closed, news->logoffs);
}

HRESULT session_join(struct session_core *core, unsigned patience, struct profile **profile)
{
    const struct slot_listener listener = {pass_on, core->notify};
    struct slot_profile shared;
    char *home = NULL;
    *profile = NULL;
    HRESULT hr = home_directory(&home);
    hr = hr == S_OK ? slot_join(home, patience, &listener, &core->slot, &shared) : hr;
    free(home);
    if (hr != S_OK) {
        return hr;
    }
    hr = profile_acquire_row((int64_t)shared.row, shared.name, profile);
    if (hr == S_OK) {
        core->joined = true;
        return S_OK;
    }
    /* Somebody has replaced the profiles under the members' feet; there is nothing to join for who comes now. */
    if (hr == MAPI_E_NOT_FOUND) {
        hr = fail(MAPI_E_LOGON_FAILED,
                  "The session that is shared has the profile '%s', which has been removed from the disk; log off its "
                  "other members, or ask for a new session.",
                  shared.name);
    }
    slot_leave(core->slot, SLOT_LEAVE);
    core->slot = NULL;
    return hr;
}

HRESULT session_share(struct session_core *core, unsigned patience, const struct profile *profile)
{
    const struct slot_listener listener = {pass_on, core->notify};
    struct slot_profile shared = {.row = (uint64_t)profile->id};
    char *home = NULL;
    memcpy(shared.name, profile->name, strlen(profile->name) + 1); /* at most PROFILE_NAME_BYTES */
    HRESULT hr = home_directory(&home);
    hr = hr == S_OK ? slot_create(home, &shared, patience, &listener, &core->slot) : hr;
    free(home);
    return hr;
}
