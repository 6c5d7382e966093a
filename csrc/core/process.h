/* The process level: MAPIInitialize's count, and what must be undone when it reaches 0. */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include <mapidefs.h>

/* S_OK, or MAPI_E_NOT_INITIALIZED with a sentence. Every entry point but MAPIAllocateBuffer's family starts with it. */
HRESULT process_check(void);

/* A copy of the home directory's path, freed with free(). MAPI_E_NOT_INITIALIZED, MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT process_home(char **out);

/* process_fork.c: has MAPI look after itself when the process forks. Any number of times. MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT process_prepare_fork(void);

/* initialize.c, for process_fork.c. */
void process_after_fork_in_child(void);

#endif
