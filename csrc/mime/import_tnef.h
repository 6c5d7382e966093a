/*
 * mime/import_tnef.h - winmail.dat: the properties and attachments that a sender's MAPI has put into it.
 */
#ifndef MIME_IMPORT_TNEF_H
#define MIME_IMPORT_TNEF_H

#include "mime/import.h"

bool mime_is_tnef(GMimeObject *part);

/*
 * Adds what the part holds to the message: properties that its header and body have not said already, and attachments.
 * The part itself stays an attachment; those that came out of it are marked by the named property "from-tnef", so that an
 * export, which writes the part, does not write them twice. A part that cannot be read is said in a note.
 */
HRESULT mime_import_tnef(struct mime_import *import, GMimeObject *part, IMessage *message, struct mime_draft *draft);

#endif
