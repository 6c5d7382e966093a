/* store/outgoing.h - the queue of submitted messages (sending-messages-message-store-provider-tasks.md, imsgstore-abortsubmit.md and
 * its siblings).
 *
 * A message is in the queue from its SubmitMessage on, and has MSGFLAG_SUBMIT for as long, until the submission is taken back or
 * the spooler has finished with it. The spooler is whoever has logged on through IMSProvider::SpoolerLogon. What it locks stays
 * locked if it is killed, for it may have sent it: the next one decides.
 */
#ifndef STORE_OUTGOING_H
#define STORE_OUTGOING_H

#include "store/message.h"

/* Inside a transaction: a message that has been saved goes to the end of the queue, with these PR_SUBMIT_FLAGS. */
HRESULT outgoing_add(struct store *store, int64_t row, ULONG flags);

/* PR_SUBMIT_FLAGS; MAPI_E_NOT_FOUND: the message is not in the queue. */
HRESULT outgoing_flags(struct store *store, int64_t row, ULONG *flags);

/* IMessage::SubmitMessage (outgoing_submit.c). */
HRESULT outgoing_submit(struct message *message, ULONG flags);

/* The methods of IMsgStore. */
HRESULT outgoing_abort(struct store *store, ULONG size, const ENTRYID *id, ULONG flags);
HRESULT outgoing_lock(struct store *store, LPMESSAGE message, ULONG state);
HRESULT outgoing_finish(struct store *store, ULONG flags, ULONG size, const ENTRYID *id);
HRESULT outgoing_table(struct store *store, ULONG flags, LPMAPITABLE *out);

#endif
