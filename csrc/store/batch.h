/* store/batch.h - IMapiStoreBatch (mapisub.h) of a store or folder. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include <mapisub.h>

#include "store/host.h"

/* Part of such an object; counts with it. */
struct store_batch {
    IMapiStoreBatch face;
    struct host *host;
};

void store_batch_init(struct store_batch *batch, struct host *host);

#endif
