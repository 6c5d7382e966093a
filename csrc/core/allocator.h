/* The IMalloc that provider and service entry points are handed (msproviderinit.md, msgserviceentry.md):
   malloc and free. */
#ifndef CORE_ALLOCATOR_H
#define CORE_ALLOCATOR_H

#include <mapix.h>

/* One for the process, never freed; counting its references does nothing. */
LPMALLOC allocator(void);

#endif
