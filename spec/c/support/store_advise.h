/* support/store_advise.h - short names for registering with the store of store_helper.h. Whatever fails here fails the test. */
#ifndef SUPPORT_STORE_ADVISE_H
#define SUPPORT_STORE_ADVISE_H

#include "support/event_log.h"
#include "support/store_helper.h"

/* What a store can tell of, but for table events; the whole store. */
#define everything                                                                                                     \
    (fnevNewMail | fnevObjectCreated | fnevObjectDeleted | fnevObjectModified | fnevObjectMoved | fnevObjectCopied |   \
     fnevSearchComplete)
static const SBinary whole = {0, NULL};

HRESULT try_advise(IMsgStore *store, SBinary id, ULONG mask, IMAPIAdviseSink *sink, ULONG_PTR *connection);
ULONG_PTR advise(IMsgStore *store, SBinary id, ULONG mask, struct event_log *log);
ULONG_PTR advise_session(SBinary id, ULONG mask, struct event_log *log); /* the session's Advise */
ULONG_PTR advise_table(IMAPITable *table, struct event_log *log);
void unadvise(ULONG_PTR connection); /* the store's */

/* Sockets in the runtime directory: one for each logon that listens. */
unsigned bells(void);

IMAPIFolder *drafts_folder(void);
ENTRYLIST one_of(SBinary *id);

/* The PR_INSTANCE_KEY of a message, in its entry identifier. */
SBinary key_of(SBinary id);

#endif
