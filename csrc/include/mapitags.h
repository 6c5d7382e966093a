/*
 * mapitags.h - property tags by name, in files by range of identifiers [property-identifier-ranges.md].
 *
 * A string property has three names: PR_SUBJECT_W is the UTF-16 form, PR_SUBJECT_A the 8-bit form, and PR_SUBJECT
 * whichever of them TCHAR is: the 8-bit form unless UNICODE is defined. Say which one you mean. A property without
 * the suffixed names exists in one form only.
 *
 * Names, identifiers and types are those of the properties' pages (pidtag...-canonical-property.md), except that
 * PR_MAILBOX_OWNER_NAME has the identifier it has in practice, not the one its page prints. Look-up at run time:
 * base/proptag.h.
 */
#ifndef LUAMAPI_MAPITAGS_H
#define LUAMAPI_MAPITAGS_H

#include "mapidefs.h"

#define PR_NULL PROP_TAG(PT_NULL, 0x0000)

#include "mapitags_content.h"
#include "mapitags_envelope.h"
#include "mapitags_object.h"
#include "mapitags_other.h"
#include "mapitags_profile.h"
#include "mapitags_user.h"

#endif
