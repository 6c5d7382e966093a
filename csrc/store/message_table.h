/* store/message_table.h - what the recipient table and the attachment table have in common: they show an open message as it is,
 * with what has not been saved, and keep it open. */
#ifndef STORE_MESSAGE_TABLE_H
#define STORE_MESSAGE_TABLE_H

#include "store/live_table.h"
#include "store/message.h"

struct message *message_of_table(const struct live_table *table);

/* For live_class. Those registered are told when the message is saved. */
HRESULT message_table_version(struct live_table *table, uint64_t *version);
bool message_table_concerns(const struct live_table *table, const struct table_change *change, int64_t *row);
HRESULT message_table_check(struct live_table *table);
void message_table_release(struct live_table *table);

HRESULT message_table_create(struct message *message, const struct live_class *class, const ULONG *tags, ULONG count,
                             ULONG flags, LPMAPITABLE *out);

#endif
