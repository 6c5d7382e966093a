/* support/guest.h - a session that listens to what becomes of the shared session it may be part of. */
#ifndef SUPPORT_GUEST_H
#define SUPPORT_GUEST_H

#include <stdint.h>

#include <mapisub.h>
#include <mapix.h>

struct guest {
    IMAPISession *session;
    LPMAPINOTIFYPORT port; /* NULL: it does not listen */
    unsigned criticals;    /* told that the session is to end */
    uint64_t logoffs;      /* told of others */
};

/* Logs on to the profile "work"; registers; logs off and releases, or changes nothing. None of them fails the test. */
HRESULT guest_come(struct guest *self, FLAGS flags);
HRESULT guest_listen(struct guest *self);
HRESULT guest_go(struct guest *self, ULONG flags);

/* Waits for the bell to ring, until the guest has been told: how often. Negative where nobody rang. */
long guest_wait(struct guest *self);

/* 1: shared, 2: joined, 4: a shutdown is pending; added up. */
long session_state(IMAPISession *session);

/* How many others share the session. */
ULONG session_others(IMAPISession *session);

#endif
