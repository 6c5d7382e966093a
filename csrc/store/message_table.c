#include "store/message_table.h"

#include <stdlib.h>

#include <mapicode.h>

struct message_table {
    struct live_table live;
    struct message *message; /* counted */
};

struct message *message_of_table(const struct live_table *table)
{
    return ((const struct message_table *)(const void *)table)->message;
}

HRESULT message_table_version(struct live_table *table, uint64_t *version)
{
    *version = message_of_table(table)->edits;
    return S_OK;
}

bool message_table_concerns(const struct live_table *table, const struct table_change *change, int64_t *row)
{
    (void)row; /* the rows' notes say which */
    return change->kind == MAPI_MESSAGE && change->row == message_of_table(table)->host.place.row;
}

HRESULT message_table_check(struct live_table *table)
{
    struct host *host = &message_of_table(table)->host;

    return host->class->check(host);
}

void message_table_release(struct live_table *table)
{
    object_release(&message_of_table(table)->host.object);
}

HRESULT message_table_create(struct message *message, const struct live_class *class, const ULONG *tags, ULONG count,
                             ULONG flags, LPMAPITABLE *out)
{
    struct message_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    table->message = message;
    object_addref(&message->host.object);
    return live_table_create(&table->live, class, message->host.store, tags, count, flags, out);
}
