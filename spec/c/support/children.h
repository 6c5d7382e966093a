/* support/children.h - children that a test forks from the midst of its sessions. They must not use cmocka: they answer by their exit
 * status, and say which line was not as it should be.
 */
#ifndef SUPPORT_CHILDREN_H
#define SUPPORT_CHILDREN_H

#include <sys/types.h>

#include <mapix.h>

enum { DEADLINE_SECONDS = 120 };

/* In a child: ends it unless the condition holds. */
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            child_gives_up(__FILE__, __LINE__);                                                                        \
    } while (0)

void child_gives_up(const char *file, int line);

/* fork, for a child that cannot hang for ever. */
pid_t child_start(void);
void expect_good_end(pid_t pid);

/* In a child: logs on, or gives up. */
IMAPISession *child_logon(const char *profile, FLAGS flags);

/* Saves a message in the inbox of the session's first store, with nothing but documented calls; also in a child, and by any thread. */
HRESULT save_message(IMAPISession *session, const char *subject);

#endif
