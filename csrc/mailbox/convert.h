/* mailbox/convert.h - one message of a source becomes a message of a folder, not saved yet. */
#ifndef MAILBOX_CONVERT_H
#define MAILBOX_CONVERT_H

#include <mapimailbox.h>

#include "mailbox/content.h"

/*
 * S_OK; S_FALSE when the store did not take PR_SEARCH_KEY. Fails as the folder, the converter or the content. The message
 * is the caller's to save and release.
 */
HRESULT convert_message(const struct mapi_mail_import *import, struct content *content, IMessage **message);

/* Whether a failure of the converter is about the message, so that others may do better. */
bool convert_is_refusal(HRESULT hr);

/* Saves it; and marks it for deletion, where its flags say so. */
HRESULT convert_save(IMAPIFolder *folder, IMessage *message, unsigned flags);

#endif
