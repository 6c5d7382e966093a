/* What a fork means to the subsystem above its connections (base/database.h), the slot and the queues, which have hooks of their own
 * (06 R8).
 *
 * The child has inherited our memory, and with it objects that stand for the parent's sessions. They answer MAPI_E_NOT_INITIALIZED
 * (base/lifeline.h); releasing them frees memory and touches nothing that is the parent's. What is the process's own, above all the
 * list of sessions and the users of profiles, begins anew, so that the child can log on as the process it is.
 *
 * Locks: those that guard something for a few instructions are taken for the fork, so that the child finds it whole (base/fork.h,
 * FORK_KEEPS_WHOLE, and profile.c's, which is taken before them). Those that are held while others are waited for are made anew.
 */
#include "base/fork.h"
#include "core/logon.h"
#include "core/process.h"
#include "core/profile.h"
#include "core/profile_database.h"
#include "core/session.h"
#include "core/stores_table.h"

static void before_fork(void)
{
    profile_database_before_fork();
    profile_before_fork();
}

static void after_fork_in_parent(void)
{
    profile_after_fork_in_parent();
    profile_database_after_fork_in_parent();
}

static void after_fork_in_child(void)
{
    profile_after_fork_in_child();
    profile_database_after_fork_in_child();
    session_after_fork_in_child();
    stores_table_after_fork_in_child();
    logon_after_fork_in_child();
    process_after_fork_in_child();
}

HRESULT process_prepare_fork(void)
{
    static const struct fork_hooks hooks = {FORK_RANK_SESSIONS, before_fork, after_fork_in_parent, after_fork_in_child};
    return fork_hooks_add(&hooks);
}
