/* Where the processes of one user meet: the directory of the shared slot's file and of its members' sockets.
 *
 * MAPI_RUNTIME_DIR if it is set, and then nothing else; else /run/user/<effective uid> where it is a directory of ours, whatever
 * the environment says; else the directory `run` in MAPI_HOME. Whoever can write in that directory can join, so it is accepted
 * only if it belongs to the effective user, has the mode 0700, is no symbolic link and is not on a network file system (whose
 * locks other machines would not respect). It is opened once and checked through its descriptor.
 */
#ifndef CORE_RUNTIME_DIR_H
#define CORE_RUNTIME_DIR_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <mapidefs.h>

struct runtime_dir {
    int fd;     /* the directory, close-on-exec; -1: not open */
    char *path; /* absolute, for messages and for the addresses of sockets */
};

/* The places to look at. */
struct runtime_place {
    const char *variable; /* the value of MAPI_RUNTIME_DIR; NULL: not set */
    const char *user_run; /* /run/user/<uid>; NULL: there is none */
    const char *home;     /* MAPI_HOME, absolute; it exists */
};

/* Opens the directory of this user. `create`: makes MAPI_HOME/run where it is needed and missing (no other directory is ever made).
 * S_OK; MAPI_E_NOT_FOUND: it does not exist, so that nobody can be there; MAPI_E_NO_ACCESS: refused; MAPI_E_NO_SUPPORT: on a
 * network file system, which is named; MAPI_E_NOT_ENOUGH_DISK, MAPI_E_NOT_ENOUGH_RESOURCES, MAPI_E_NOT_ENOUGH_MEMORY,
 * MAPI_E_DISK_ERROR. Each with a sentence that names the directory and says what to do. */
HRESULT runtime_dir_open(const char *home, bool create, struct runtime_dir *out);

/* The same with the places given. */
HRESULT runtime_dir_open_at(const struct runtime_place *place, bool create, struct runtime_dir *out);

/* Closes it; one that is not open is left alone. */
void runtime_dir_close(struct runtime_dir *dir);

/* The address of the socket `name` in the directory. Where the path is longer than an address can be, the address goes through
 * /proc/self/fd, and is good for this process only, while the directory is open. MAPI_E_NO_SUPPORT where that is missing. */
HRESULT runtime_dir_address(const struct runtime_dir *dir, const char *name, struct sockaddr_un *address,
                            socklen_t *size);

/* The code for an errno of a file operation in the directory, with the sentence "<what> <path>/<name>: <reason>". */
HRESULT runtime_dir_failure(const struct runtime_dir *dir, const char *what, const char *name, int error);

#endif
