/*
 * support/fake_message.h - IMessage, IAttach and their tables in memory, for tests of what works on any MAPI.
 *
 * Saving means nothing here but that an attachment is listed only after its SaveChanges. Values over 64 KB are handed
 * out by OpenProperty alone, as stores do. Named properties are shared by a message and all within it.
 */
#ifndef SUPPORT_FAKE_MESSAGE_H
#define SUPPORT_FAKE_MESSAGE_H

#include <mapix.h>

/* What the store of the message cannot do. */
enum fake_limits {
    FAKE_COMPLETE = 0,
    FAKE_NO_EMBEDDED = 1, /* PR_ATTACH_DATA_OBJ answers MAPI_E_NO_SUPPORT */
    FAKE_NO_NAMES = 2,    /* GetIDsFromNames answers MAPI_E_NO_SUPPORT */
};

HRESULT fake_message_create(unsigned limits, IMessage **message);

/* How often SaveChanges of the message was called. */
unsigned fake_message_saves(IMessage *message);

#endif
