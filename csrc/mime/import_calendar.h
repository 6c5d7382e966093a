/*
 * mime/import_calendar.h - a text/calendar among the forms of a body: the message is about a meeting.
 */
#ifndef MIME_IMPORT_CALENDAR_H
#define MIME_IMPORT_CALENDAR_H

#include "mime/import.h"

/*
 * The message class of a meeting, by the calendar's METHOD (and the answer of its attendee), or NULL where it is about none.
 * When it begins and ends, where that is, and its UID have properties [pidlidappointmentstartwhole, pidlidlocation]; the
 * calendar itself stays an attachment, whose words say the rest. Times without a zone that is known here are left out.
 */
const char *mime_import_calendar(struct mime_import *import, GMimeObject *part, struct mime_draft *draft,
                                 struct mime_names *names);

#endif
