/*
 * proptag.h - property tags by name and names by tag.
 *
 * A property with the tag PR_CLIENT_SUBMIT_TIME is known as "client_submit_time", "PR_CLIENT_SUBMIT_TIME" and, by
 * its page in the documentation, "PidTagClientSubmitTime". Case matters. All tags of mapitags.h are known.
 */
#ifndef LUAMAPI_BASE_PROPTAG_H
#define LUAMAPI_BASE_PROPTAG_H

#include <mapidefs.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The tag of a name of `length` bytes, which need not be terminated. A string property has the type PT_UNICODE
 * (PT_MV_UNICODE), unless it exists as 8-bit string only; with PR_..._A it has PT_STRING8 (PT_MV_STRING8), with
 * PR_..._W the wide type. False if there is no such name; *tag is then unchanged.
 */
bool proptag_from_name(const char *name, size_t length, ULONG *tag);

/*
 * The short name ("subject") of a tag, or NULL. Wide and 8-bit forms of a string, PT_UNSPECIFIED and PT_ERROR find
 * the same name; otherwise the type must be that of the property, so that PR_ATTACH_DATA_BIN and PR_ATTACH_DATA_OBJ
 * can be told apart.
 */
const char *proptag_name(ULONG tag);

#endif
