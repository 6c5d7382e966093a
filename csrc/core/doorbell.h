/* A member's doorbell: a datagram socket in the runtime directory. What arrives only says "look at the record"; nothing it contains
 * is ever used, and nothing is lost when it gets lost, because the record is looked at anyway.
 */
#ifndef CORE_DOORBELL_H
#define CORE_DOORBELL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <mapidefs.h>

#include "core/runtime_dir.h"

/* Makes the socket `name`, which must not exist, and listens on it. Polls readable after a ring. *out is -1 on failure, and nothing
 * has been made: the codes of runtime_dir_failure; MAPI_E_NO_SUPPORT: the path is too long. */
HRESULT doorbell_open(const struct runtime_dir *dir, const char *name, int *out);

/* Rings the bell `name`, from the socket `bell` (any doorbell of ours). Never waits: a full bell is as good as a rung one, a
 * missing one is nobody's. False: nobody is there, be it that the name is missing or that its process has ended. */
bool doorbell_ring(int bell, const struct runtime_dir *dir, const char *name);

/* A socket to ring from, for those who have no doorbell; -1: none can be made. To be closed. */
int doorbell_caller(void);

/* Takes what has arrived, at most DOORBELL_DRAINED datagrams; if more are there, the socket stays readable. Whether one of them was
 * a ring by a process of this user. */
bool doorbell_drain(int bell);

/* Whether the socket `name` belongs to nobody: its process has ended. */
bool doorbell_is_dead(const struct runtime_dir *dir, const char *name);

/* Whether a received message is a ring: its text is the only one there is, and its sender, as the kernel names him, is `user`.
 * Descriptors that came with it are closed. Pure but for that. */
bool doorbell_is_ring(struct msghdr *message, const void *text, size_t size, uid_t user);

enum { DOORBELL_DRAINED = 64, DOORBELL_TEXT = 8 };

#endif
